"""The kinds of jobs of all parts: how they are called, what they are about, what may be done to them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

import sqlalchemy as sa

from headrace.platform.access.audit import Entry, Piece, record
from headrace.platform.automation.engine import AUTOMATION, Automations
from headrace.platform.automation.timing import RECORD_TIMER, SCHEDULE, timed
from headrace.platform.automation.webhooks import WEBHOOK, Webhooks
from headrace.platform.core.clock import Clock
from headrace.platform.core.problems import Text
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.exchange.bulk_jobs import BULK_CHANGE
from headrace.platform.exchange.import_jobs import IMPORT
from headrace.platform.jobs.notifications import NOTIFY
from headrace.platform.jobs.queue import Cause, JobKind, Queue, Told
from headrace.platform.jobs.tables import NOTIFICATION
from headrace.platform.mailing.sending import DIGEST, MAIL
from headrace.platform.metadata.catalog import Catalog
from headrace.platform.metadata.wording import sentence
from headrace.platform.publishing.publish_jobs import PUBLISH
from headrace.platform.workflow.clocks import RUN_KEY
from headrace.platform.workflow.runs import run_by_id
from headrace.platform.workflow.timing import TIMER

RETRIED: Final = Text(
    "{count} jobs of the kind “{kind}” are tried again.", "重试 {count} 个“{kind}”类作业。"
)
CANCELLED: Final = Text("A job of the kind “{kind}” was cancelled.", "取消了一个“{kind}”类作业。")


def make_queue(
    automations: Automations, webhooks: Webhooks, clock: Clock, real_clock: Clock
) -> Queue:
    """Return the queue with the kinds of jobs that there are; interfering is written to the audit trail."""
    kinds = {
        NOTIFY: JobKind(Text("Notifications", "通知"), _record_of_notification),
        MAIL: JobKind(Text("Mail", "邮件"), _record_of_mail),
        DIGEST: JobKind(Text("Daily mail", "每日汇总邮件")),
        AUTOMATION: JobKind(
            Text("Automations", "自动化"),
            lambda payload, *_: Cause("automation_run", str(payload["run"])),
            revive=automations.revive,
            bury=automations.bury,
        ),
        SCHEDULE: JobKind(
            Text("Schedules", "定时计划"),
            needed=Text("Turn the automation off instead.", "请改为停用该自动化。"),
        ),
        RECORD_TIMER: JobKind(Text("Timers of records", "记录定时器"), _record_of_timer),
        TIMER: JobKind(
            Text("Time limits of approvals", "审批时限"),
            _record_of_approval,
            needed=Text("Repair the running approval instead.", "请改为修复进行中的审批。"),
        ),
        WEBHOOK: JobKind(
            Text("Webhooks", "Webhook"),
            lambda *_: Cause("webhooks"),
            bury=webhooks.bury,
            needed=Text("Turn the receiver off instead.", "请改为停用该接收方。"),
        ),
        IMPORT: JobKind(
            Text("Imports", "导入"), lambda payload, *_: Cause("import", str(payload["import"]))
        ),
        BULK_CHANGE: JobKind(Text("Bulk changes", "批量修改")),
        PUBLISH: JobKind(Text("Publishes", "发布")),
    }
    queue = Queue(MappingProxyType(kinds), clock, real_clock)
    queue.told.plug(lambda work, told: _note(queue, work, told))
    return queue


def _note(queue: Queue, work: UnitOfWork, told: Told) -> None:
    kind = queue.kinds.get(told.kind)
    label = kind.label if kind else Text(told.kind, told.kind)
    words = RETRIED if told.act == "retry" else CANCELLED
    said = sentence(words, kind=label, count=told.count)
    before = {"error": told.error} if told.error else None
    piece = Piece("/state", before, {"jobs": told.count, "act": told.act}, said)
    record(work, [Entry(told.act, "job", told.kind, told.job_id, pieces=[piece])])


def _record_of_notification(
    payload: Mapping[str, Any], _: sa.Connection, catalog: Catalog
) -> Cause | None:
    return _record(catalog, payload.get("object_id"), payload.get("record_id"))


def _record_of_mail(
    payload: Mapping[str, Any], connection: sa.Connection, catalog: Catalog
) -> Cause | None:
    told = sa.select(NOTIFICATION).where(NOTIFICATION.c.id == str(payload["notification"]))
    row = connection.execute(told).first()
    return None if row is None else _record(catalog, row.object_id, row.record_id)


def _record_of_approval(
    payload: Mapping[str, Any], connection: sa.Connection, catalog: Catalog
) -> Cause | None:
    run = run_by_id(connection, str(payload[RUN_KEY]))
    return None if run is None else _record(catalog, run.object_id, run.record_id)


def _record_of_timer(
    payload: Mapping[str, Any], _: sa.Connection, catalog: Catalog
) -> Cause | None:
    one = timed(catalog).get(str(payload["mark"]))
    return None if one is None else Cause("record", str(payload["record"]), one.automation.object)


def _record(catalog: Catalog, object_id: Any, record_id: Any) -> Cause | None:
    name = next((one.name for one in catalog.objects.values() if one.id == object_id), None)
    return None if name is None or record_id is None else Cause("record", str(record_id), name)

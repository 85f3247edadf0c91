"""Home, search over everything, notifications."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any

import orjson
from flask import Response, redirect, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from headrace.blueprints.shared.pages import render
from headrace.blueprints.shared.session import platform, read, write
from headrace.blueprints.workspace.blueprint import blueprint
from headrace.blueprints.workspace.rows import Found as Row
from headrace.blueprints.workspace.rows import found_row, found_rows
from headrace.platform.access.policy import can
from headrace.platform.core.errors import NOT_FOUND, NotFoundError
from headrace.platform.core.ids import is_record_id
from headrace.platform.core.problems import Text
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.forms.menu import menu_for
from headrace.platform.forms.search import Found
from headrace.platform.forms.search import search as find_everywhere
from headrace.platform.jobs.notifications import Notification
from headrace.platform.mailing.choices import choose
from headrace.platform.mailing.topics import TOPICS, WAYS
from headrace.platform.metadata.catalog import ObjectModel
from headrace.platform.records import reader
from headrace.platform.records.context import Context

FOUND_EACH = 5
SUGGESTED_EACH = 4


@dataclass(frozen=True, slots=True)
class SearchGroup:
    """What was found in one object."""

    label: Text
    address: str
    rows: list[Row]
    more: bool = False


@dataclass(frozen=True, slots=True)
class News:
    """A notification with where it leads."""

    text: Text
    at: datetime
    read: bool
    address: str | None


@blueprint.get("/")
def home() -> str:
    """What waits, and the menu by module."""

    def action(context: Context) -> str:
        first = _first_object(context)
        creatable = None
        if first is not None and can(context.catalog, context.principal, first.name, "create"):
            creatable = first
        recent = _recent(context, first) if first is not None else None
        return render(context, "workspace/home.html", "home", first=creatable, recent=recent)

    return read(action)


@blueprint.get("/search")
def search() -> str:
    """Records whose search fields contain the text, as far as the viewer may see them."""
    text = request.args.get("q", "").strip()

    def action(context: Context) -> str:
        groups = [_group(context, text, one) for one in find_everywhere(context, text, FOUND_EACH)]
        return render(context, "workspace/search.html", "search", groups=groups, search_text=text)

    return read(action)


@blueprint.get("/search/suggestions")
def suggestions() -> Response:
    """The same as data, while somebody types."""
    text = request.args.get("q", "").strip()

    def action(context: Context) -> Response:
        found = find_everywhere(context, text, SUGGESTED_EACH)
        groups = [
            {
                "label": group.label.within(context.language),
                "address": group.address,
                "more": group.more,
                "items": [
                    {
                        "title": row.title,
                        "detail": row.state.text if row.state else "",
                        "address": row.address,
                    }
                    for row in group.rows
                ],
            }
            for group in (_group(context, text, one) for one in found)
        ]
        return Response(orjson.dumps({"groups": groups}), mimetype="application/json")

    return read(action)


@blueprint.get("/notifications")
def notifications() -> str:
    """What the user was told, newest first."""

    def action(context: Context) -> str:
        items = [
            _news(context, one)
            for one in platform().notifications.latest(context.principal.user_id)
        ]
        return render(context, "workspace/notifications.html", "notifications", items=items)

    return read(action)


@blueprint.post("/notifications")
def read_notifications() -> BaseResponse:
    """Mark all as read."""

    def action(context: Context, work: UnitOfWork) -> None:
        platform().notifications.mark_read(work, context.principal.user_id)

    write(action)
    return redirect(url_for("workspace.notifications"), HTTPStatus.SEE_OTHER)


@blueprint.get("/notifications/<notification_id>")
def open_notification(notification_id: str) -> BaseResponse:
    """Lead from a mail to what a notification is about; reading it changes nothing."""

    def action(context: Context) -> str:
        reader.check_current(context)
        found = None
        if is_record_id(notification_id):
            found = platform().notifications.one(context.principal.user_id, notification_id)
        if found is None:
            raise NotFoundError(NOT_FOUND.at())
        return _news(context, found).address or url_for("workspace.notifications")

    return redirect(read(action), HTTPStatus.SEE_OTHER)


@blueprint.get("/notifications/settings")
def notification_settings() -> str:
    """How the user wants to be told, by topic."""

    def action(context: Context) -> str:
        mailing = platform().mailing
        user_id = context.principal.user_id
        return render(
            context,
            "workspace/notification_settings.html",
            "notifications",
            topics=TOPICS,
            ways=WAYS,
            chosen=mailing.choices(user_id),
            address=mailing.address_of(user_id),
            sends=mailing.server is not None,
        )

    return read(action)


@blueprint.post("/notifications/settings")
def choose_notifications() -> BaseResponse:
    """Keep how the user wants to be told."""
    sent = {one.name: request.form[one.name] for one in TOPICS if one.name in request.form}

    def action(context: Context, work: UnitOfWork) -> None:
        choose(work, context.principal.user_id, sent)

    write(action)
    address = url_for("workspace.notification_settings", done="saved")
    return redirect(address, HTTPStatus.SEE_OTHER)


def _first_object(context: Context) -> ObjectModel | None:
    """Return the object that the viewer works with most: the first of the menu that has states."""
    for group in menu_for(context.catalog, context.principal):
        for entry in group.entries:
            model = context.catalog.objects.get(entry.object or "")
            if model is not None and model.workflow is not None:
                return model
    return None


def _recent(context: Context, model: ObjectModel) -> SearchGroup | None:
    rows, _ = found_rows(context, model.name, {"sort": "-updated_at"}, FOUND_EACH)
    address = url_for("workspace.records", object_name=model.name)
    label = Text(f"Latest: {model.plural.en}", f"最近的{model.plural.zh}")
    return SearchGroup(label, address, rows) if rows else None


def _group(context: Context, text: str, found: Found) -> SearchGroup:
    rows = [found_row(context, found.object, record) for record in found.records]
    address = url_for("workspace.records", object_name=found.object, q=text, view="all")
    return SearchGroup(found.plural, address, rows, found.more)


def _news(context: Context, item: Notification) -> News:
    address: Any = None
    if item.task_id:
        address = url_for("approvals.task", task_id=item.task_id)
        if item.kind == "task.copied":
            address = url_for("approvals.copied", copy_id=item.task_id)
    elif item.object_id and item.record_id:
        name = next(
            (one.name for one in context.catalog.objects.values() if one.id == item.object_id), None
        )
        if name is not None and can(context.catalog, context.principal, name, "read"):
            address = url_for("workspace.record", object_name=name, record_id=item.record_id)
    return News(item.text, item.at, item.read, address)

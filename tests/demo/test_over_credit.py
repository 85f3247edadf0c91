"""Story S03: an order over credit, signed by finance and sales side by side, late, escalated, confirmed.

Each time the clock is set, the platform is assembled anew over the same database, as after a restart.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime
from decimal import Decimal
from threading import Barrier
from typing import Any

import pytest
import sqlalchemy as sa

from headrace.platform.access.principals import RoleHolding
from headrace.platform.access.tables import USER
from headrace.platform.core.errors import RefusedError
from headrace.platform.core.ids import RandomIds
from headrace.platform.jobs.tables import NOTIFICATION
from headrace.platform.metadata.field_types import built_in
from headrace.platform.publishing.workspace import stop_clock
from headrace.platform.records.reader import get
from headrace.platform.runtime import assemble
from headrace.platform.workflow.views import RunView
from tests.demo.conftest import _worlds
from tests.demo.test_behaviour import create, line
from tests.demo.test_flow import asked, decide, fire, state
from tests.demo.world import ZONE, World

FRIDAY = "2025-06-13 14:00"
LENT = {"temp_credit": "50000.00", "temp_credit_until": "2025-06-28"}


@pytest.fixture(scope="module")
def world(
    backend: str, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    """A workspace of this story's own: its clock goes back and forth."""
    yield from _worlds(backend, request, tmp_path_factory)


def at(world: World, text: str) -> None:
    """Let it be an instant: a new process does all that is due."""
    instant = datetime.fromisoformat(text).replace(tzinfo=ZONE)
    database = world.platform.database
    with database.writing(None) as work:
        stop_clock(work, instant)
    world.platform = assemble(world.platform.settings, database, built_in(), RandomIds())
    world.platform.worker().drain()


def order(world: World, login: str, quantity: int, **more: Any) -> str:
    return create(world, login, {"lines": [line(quantity)], **more}).id


def submit(world: World, login: str, order_id: str) -> str | None:
    return fire(world, login, "sales_order", order_id, "submit").run_id


def run_of(world: World, login: str, order_id: str) -> RunView:
    return world.platform.workflow.approvals(world.acting(login), "sales_order", order_id)[0]


def told(world: World, order_id: str, kind: str) -> set[tuple[str, str]]:
    """Return who was told something of a kind about an order, and when."""
    query = sa.select(USER.c.login, NOTIFICATION.c.at).join_from(
        NOTIFICATION, USER, USER.c.id == NOTIFICATION.c.user
    )
    rows = world.rows(
        query.where(NOTIFICATION.c.kind == kind, NOTIFICATION.c.record_id == order_id)
    )
    return {(row.login, row.at.astimezone(ZONE).strftime("%m-%d %H:%M")) for row in rows}


def credit(world: World, partner: str) -> dict[str, Any]:
    """Return a partner's credit as finance reads it."""
    company = world.id_of("partner", partner)
    [row] = world.stored("credit_profile", "partner", company)
    return get(world.acting("sunmin"), "credit_profile", row["id"])


def lent(world: World, order_id: str) -> list[tuple[str, str, str]]:
    """Return what was lent with an order: how much, until when, and what became of it."""
    rows = world.stored("credit_adjustment", "order", order_id)
    return [(str(row["amount"]), str(row["valid_to"]), row["status"]) for row in rows]


def test_an_order_over_credit_is_signed_late_and_escalated(world: World) -> None:
    at(world, FRIDAY)
    reserved = order(world, "wuxiaoman", 2, partner={"key": "PTN-00004"}, freight="5902.00")
    assert submit(world, "wuxiaoman", reserved) is None
    before = credit(world, "PTN-00004")
    assert (before["credit_limit"], before["available"]) == ("150000.00", "20000.00")

    big = order(world, "gurun", 32)
    run_id = submit(world, "gurun", big)
    assert run_id is not None
    assert str(state(world, "sales_order", big)["payable_amount"]) == "65568.00"
    run = run_of(world, "gurun", big)
    assert (run.approval, run.label.zh) == ("order_over_credit", "超信用")
    assert [tag.zh for tag in run.tags] == ["超免审额度"]

    at(world, "2025-06-13 15:00")
    decide(world, "wangsiyuan", run_id)
    assert set(asked(world, run_id)) == {"sunmin", "chenyu"}
    steps = run_of(world, "zhoumuzhi", big).steps[1:3]
    assert [one.label.zh for one in steps] == ["财务经理", "大区经理"]
    due = {one.render("zh")["due_at"] for one in steps}
    assert due == {"2025-06-16T06:00:00.000000Z"}  # 14:00 in Shanghai

    at(world, "2025-06-13 16:30")
    decide(world, "sunmin", run_id, values=LENT)
    assert state(world, "sales_order", big)["status"] == "in_approval"
    assert lent(world, big) == [("50000.00", "2025-06-28", "approved")]

    at(world, "2025-06-16 12:23")
    assert told(world, big, "task.reminder") == set()
    at(world, "2025-06-16 12:24")
    assert told(world, big, "task.reminder") == {("chenyu", "06-16 12:24")}
    at(world, "2025-06-16 14:00")
    assert told(world, big, "task.escalated") == {("zhoumuzhi", "06-16 14:00")}
    assert told(world, big, "task.overdue") == {("chenyu", "06-16 14:00")}
    assert set(asked(world, run_id)) == {"chenyu", "zhoumuzhi"}

    at(world, "2025-06-16 14:20")
    assert credit(world, "PTN-00004")["available"] == "70000.00"
    decide(world, "zhoumuzhi", run_id)
    assert state(world, "sales_order", big)["status"] == "confirmed"
    assert credit(world, "PTN-00004")["available"] == "4432.00"
    said = [
        [(one.action, str(one.worked_hours)) for one in step.decisions]
        for step in run_of(world, "zhoumuzhi", big).steps[1:3]
    ]
    late = [("remind", "None"), ("remind", "None"), ("escalate", "None"), ("approve", "0.33")]
    assert said == [[("approve", "1.50")], late]

    at(world, "2025-06-29 10:00")
    now = credit(world, "PTN-00004")
    assert (now["temp_limit"], now["available"]) == ("0.00", "-45568.00")
    small = order(world, "gurun", 2)
    submit(world, "gurun", small)
    assert run_of(world, "gurun", small).approval == "order_over_credit"


def test_finance_rejects_and_an_unchanged_order_goes_on_where_it_was(world: World) -> None:
    at(world, FRIDAY)
    big = order(world, "wuxiaoman", 96, partner={"key": "PTN-00006"})
    run_id = submit(world, "wuxiaoman", big)
    assert run_id is not None
    decide(world, "wangsiyuan", run_id)
    decide(world, "sunmin", run_id, "reject", comment="逾期账款未清")
    assert state(world, "sales_order", big)["status"] == "rejected"
    assert asked(world, run_id) == {}
    told_why = run_of(world, "wuxiaoman", big).steps[1].decisions[-1]
    assert (told_why.action, told_why.comment) == ("reject", "逾期账款未清")

    fire(world, "wuxiaoman", "sales_order", big, "revise")
    again = submit(world, "wuxiaoman", big)
    assert again is not None
    states = [step.state for step in run_of(world, "wuxiaoman", big).steps]
    assert states[:3] == ["kept", "open", "open"]
    assert set(asked(world, again)) == {"sunmin", "chenyu"}

    decide(world, "sunmin", again, "reject", comment="逾期账款未清")
    fire(world, "wuxiaoman", "sales_order", big, "revise")
    [row] = world.stored("sales_order_line", "order", big)
    changed = {"lines": {"update": [{"id": row["id"], "qty": "98"}]}}
    version = state(world, "sales_order", big)["version"]
    store = world.platform.store
    world.does(
        "wuxiaoman",
        lambda context, work: store.update(context, work, "sales_order", big, changed, version),
    )
    third = submit(world, "wuxiaoman", big)
    assert third is not None
    assert set(asked(world, third)) == {"wangsiyuan"}


def test_of_several_finance_managers_one_signs_and_the_region_still_does(world: World) -> None:
    at(world, FRIDAY)
    identity = world.platform.identity
    second = world.user_id("lixiaoqu")
    held = [RoleHolding("channel_manager"), RoleHolding("finance_manager")]
    world.platform.write_as_system(lambda _, work: identity.set_roles(work, second, held))
    big = order(world, "wuxiaoman", 96, partner={"key": "PTN-00005"})
    run_id = submit(world, "wuxiaoman", big)
    assert run_id is not None
    decide(world, "wangsiyuan", run_id)
    assert set(asked(world, run_id)) == {"lixiaoqu", "sunmin", "chenyu"}
    decide(world, "lixiaoqu", run_id)
    assert set(asked(world, run_id)) == {"chenyu"}
    world.platform.write_as_system(lambda _, work: identity.set_roles(work, second, held[:1]))
    decide(world, "chenyu", run_id)
    assert state(world, "sales_order", big)["status"] == "confirmed"


def test_only_finance_lends_with_an_order_and_takes_it_back_when_it_is_refused(
    world: World,
) -> None:
    at(world, FRIDAY)
    big = order(world, "wuxiaoman", 96, partner={"key": "PTN-00002"}, freight="300000")
    run_id = submit(world, "wuxiaoman", big)
    assert run_id is not None
    decide(world, "lixiaoqu", run_id)
    before = credit(world, "PTN-00002")["temp_limit"]
    for login, values in (
        ("chenyu", LENT),
        ("sunmin", {**LENT, "temp_credit_until": "2025-08-13"}),
    ):
        with pytest.raises(RefusedError):
            decide(world, login, run_id, values=values)
    decide(world, "sunmin", run_id, values=LENT)
    assert Decimal(credit(world, "PTN-00002")["temp_limit"]) - Decimal(before) == 50_000
    decide(world, "chenyu", run_id, "reject", comment="请先收回逾期货款")
    assert lent(world, big) == [("50000.00", "2025-06-28", "cancelled")]
    assert credit(world, "PTN-00002")["temp_limit"] == before
    assert state(world, "sales_order", big)["temp_credit"] is None


def test_a_partner_with_old_debts_is_asked_about_within_its_credit(world: World) -> None:
    at(world, FRIDAY)
    found = credit(world, "PTN-00011")
    assert (found["oldest_due"], found["overdue_days"]) == ("2025-05-23", 21)
    assert Decimal(found["available"]) > 20_000
    small = order(world, "wuxiaoman", 2, partner={"key": "PTN-00011"})
    submit(world, "wuxiaoman", small)
    assert run_of(world, "wuxiaoman", small).approval == "order_over_credit"
    assert credit(world, "PTN-00004")["overdue_days"] == 14, "whose order passed"


def test_of_two_orders_at_once_within_the_credit_of_one_one_is_asked_about(world: World) -> None:
    at(world, FRIDAY)
    profile = credit(world, "PTN-00018")
    limit = Decimal(profile["credit_limit"]) - Decimal(profile["available"]) + 20_000
    store = world.platform.store
    world.does(
        "sunmin",
        lambda context, work: store.update(
            context,
            work,
            "credit_profile",
            profile["id"],
            {"credit_limit": str(limit)},
            profile["version"],
        ),
    )
    orders = [
        order(world, "wuxiaoman", 2, partner={"key": "PTN-00018"}, freight="10902.00")
        for _ in range(2)
    ]
    assert [str(state(world, "sales_order", one)["payable_amount"]) for one in orders] == [
        "15000.00"
    ] * 2
    ready = Barrier(2)

    def at_once(order_id: str) -> str | None:
        ready.wait()
        return submit(world, "wuxiaoman", order_id)

    with ThreadPoolExecutor(2) as pool:
        runs = dict(zip(orders, pool.map(at_once, orders), strict=True))
    [confirmed] = [order_id for order_id, run_id in runs.items() if run_id is None]
    [waiting] = [order_id for order_id, run_id in runs.items() if run_id is not None]
    assert state(world, "sales_order", confirmed)["status"] == "confirmed"
    assert state(world, "sales_order", waiting)["status"] == "in_approval"
    assert run_of(world, "wuxiaoman", waiting).approval == "order_over_credit"


def test_a_delegate_signs_in_the_place_of_who_is_on_leave(world: World) -> None:
    at(world, FRIDAY)
    delegations = world.platform.delegations
    deputy = world.user_id("xuwan")
    world.does(
        "chenyu",
        lambda context, work: delegations.create(
            context, work, deputy, date(2025, 6, 13), date(2025, 6, 13), "年假"
        ),
    )
    big = order(world, "wuxiaoman", 96, partner={"key": "PTN-00005"})
    run_id = submit(world, "wuxiaoman", big)
    assert run_id is not None
    decide(world, "wangsiyuan", run_id)
    task = asked(world, run_id)["chenyu"]
    world.does(
        "xuwan",
        lambda context, work: world.platform.tasks.decide(
            context, work, task.id, "approve", version=task.version
        ),
    )
    said = run_of(world, "wuxiaoman", big).steps[2].decisions[-1]
    assert (said.person.name, said.acted_for.name if said.acted_for else "") == ("徐皖", "陈屿")


def test_what_nobody_decides_in_three_working_days_is_rejected(world: World) -> None:
    at(world, FRIDAY)
    big = order(world, "wuxiaoman", 96, partner={"key": "PTN-00019"})
    run_id = submit(world, "wuxiaoman", big)
    assert run_id is not None
    at(world, "2025-06-18 13:59")
    assert state(world, "sales_order", big)["status"] == "in_approval"
    at(world, "2025-06-18 14:00")
    assert state(world, "sales_order", big)["status"] == "rejected"
    said = run_of(world, "wuxiaoman", big).decisions[-1].render("zh")
    assert (said["action"], said["reason"]) == (
        "timeout_reject",
        "3 工作日内未审批（截止 2025-06-18 14:00）。",
    )

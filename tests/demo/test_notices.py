"""Notices: approved, delivered to whom they are for, read and confirmed by each, reminded of."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import datetime
from typing import Any

import pytest
import sqlalchemy as sa

from headrace.app import create_app
from headrace.platform.access.tables import USER
from headrace.platform.core.errors import ForbiddenError, NotFoundError, RefusedError
from headrace.platform.core.ids import RandomIds
from headrace.platform.jobs.tables import NOTIFICATION
from headrace.platform.metadata.field_types import built_in
from headrace.platform.publishing.workspace import stop_clock
from headrace.platform.records.query import parse_query
from headrace.platform.records.reader import find, get
from headrace.platform.runtime import assemble
from tests.demo.generate import TARGET
from tests.demo.test_flow import decide, fire, state
from tests.demo.world import ZONE, World, make_world
from tests.support.live import PASSWORD, Live
from tests.support.surfing import Surfer

MODULES = ("foundation", "partner_master", "notices")
EXPECTED = ("fangchen", "gurun", "shaohui")


@pytest.fixture(scope="module")
def world(
    backend: str, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    """Only what notices need; the clock of this workspace moves."""
    root = tmp_path_factory.mktemp("notices")
    for module in MODULES:
        shutil.copytree(TARGET / module, root / module)
    # Those that the demo has got would stand beside what is made here.
    shutil.rmtree(root / "notices" / "records")
    with ExitStack() as databases:
        if backend == "sqlite":
            url = f"sqlite:///{root / 'demo.sqlite'}"
        else:
            server = request.getfixturevalue("postgres_server")
            url = databases.enter_context(server.database())
        made = make_world(url, root, MODULES)
        at(made, "2025-06-11 10:00")
        let_sign_in(made, "fangchen", "tangke")
        yield made
        made.platform.close()


def let_sign_in(world: World, *logins: str) -> None:
    """Give people a password, before anybody acts for them: it ends what they have open."""
    query = sa.select(USER.c.id).where(USER.c.login.in_(logins))
    for row in world.rows(query):
        with world.platform.database.writing(None) as work:
            world.platform.identity.set_password(work, str(row.id), PASSWORD)


def at(world: World, text: str) -> None:
    """Let it be an instant: a new process does all that is due."""
    instant = datetime.fromisoformat(text).replace(tzinfo=ZONE)
    database = world.platform.database
    with database.writing(None) as work:
        stop_clock(work, instant)
    world.platform = assemble(world.platform.settings, database, built_in(), RandomIds())
    drain(world)


def drain(world: World) -> None:
    world.platform.worker().drain()


def notice(world: World, **more: Any) -> str:
    data = {
        "title": "T9 调价通知",
        "notice_type": "price",
        "body": "<p>自 <b>7 月 1 日</b>起执行新价格。</p>",
        "receiver_roles": ["partner_admin", "partner_finance"],
        "ack_mode": "confirm",
        "territory": {"key": "EAST"},
        "channel_types": [{"key": "distributor"}],
        "tiers": [{"key": "gold"}, {"key": "silver"}],
        **more,
    }
    store = world.platform.store
    made = world.does("tangke", lambda context, work: store.create(context, work, "notice", data))
    return made.id


def publish(world: World, **more: Any) -> str:
    """Make a notice and let it be approved; it is published by the clock."""
    notice_id = notice(world, **more)
    run = fire(world, "tangke", "notice", notice_id, "submit").run_id
    assert run is not None
    decide(world, "zhoumuzhi", run)
    drain(world)
    return notice_id


def receipts(world: World, notice_id: str) -> dict[str, dict[str, Any]]:
    """Return the receipts of a notice by login, past every right."""
    logins = {str(row.id): row.login for row in world.rows(sa.select(USER.c.id, USER.c.login))}
    found = world.stored("notice_receipt", "notice", notice_id)
    return {logins[str(row["person"])]: row for row in found}


def seen_by(world: World, login: str, object_name: str = "notice_receipt") -> list[dict[str, Any]]:
    context = world.acting(login)
    return list(find(context, object_name, parse_query(context, object_name, {})).items)


def told(world: World, record_id: str) -> int:
    query = sa.select(sa.func.count()).where(NOTIFICATION.c.record_id == record_id)
    return int(world.rows(sa.select(query.scalar_subquery()))[0][0])


def people_of(tiers: set[str], roles: set[str]) -> set[str]:
    """Return who should get it, from the files."""
    folder = TARGET / "partner_master" / "records" / "sample"
    with (folder / "partner.csv").open(encoding="utf-8", newline="") as file:
        partners = {
            row["code"]
            for row in csv.DictReader(file)
            if row["tier"] in tiers
            and row["channel_type"] == "distributor"
            and row["cooperation_status"] == "active"
            and row["territory"][:2] in {"31", "32", "33", "34"}
        }
    with (folder / "user.csv").open(encoding="utf-8", newline="") as file:
        return {
            row["login"]
            for row in csv.DictReader(file)
            if row["organisation"] in partners
            and row["active"] == "true"
            and roles & {one.partition("@")[0] for one in row["roles"].split(";")}
        }


def test_a_notice_reaches_each_of_whom_it_is_for_once(world: World) -> None:
    notice_id = publish(world)
    assert state(world, "notice", notice_id)["status"] == "published"
    found = receipts(world, notice_id)
    expected = people_of({"gold", "silver"}, {"partner_admin", "partner_finance"})
    assert set(found) == expected == set(EXPECTED)
    assert state(world, "notice", notice_id)["target_count"] == len(found)
    for login, row in found.items():
        assert told(world, row["id"]) == 1, login
        [own] = [one for one in seen_by(world, login) if one["id"] == row["id"]]
        assert "7 月 1 日" in own["body"]
        others = {one["id"] for one in found.values()} - {row["id"]}
        assert not others & {one["id"] for one in seen_by(world, login)}
    for outsider in ("liangyue", "xumiao"):
        assert seen_by(world, outsider) == []
        with pytest.raises(NotFoundError):
            get(world.acting(outsider), "notice_receipt", found["gurun"]["id"])
        with pytest.raises((NotFoundError, ForbiddenError)):
            get(world.acting(outsider), "notice", notice_id)


def test_reading_and_confirming_are_each_readers_own_and_the_publisher_sees_who(
    world: World,
) -> None:
    notice_id = publish(world, title="返利政策", notice_type="policy")
    found = receipts(world, notice_id)
    mine, other = found["fangchen"]["id"], found["shaohui"]["id"]
    with pytest.raises(NotFoundError):
        fire(world, "fangchen", "notice_receipt", other, "confirm")
    with pytest.raises((ForbiddenError, RefusedError)):
        fire(world, "lixiaoqu", "notice_receipt", mine, "confirm")
    fire(world, "fangchen", "notice_receipt", mine, "mark_read")
    fire(world, "fangchen", "notice_receipt", mine, "confirm")
    fire(world, "shaohui", "notice_receipt", other, "mark_read")
    seen = get(world.acting("tangke"), "notice", notice_id)
    assert (seen["target_count"], seen["read_count"], seen["confirm_count"]) == (3, 2, 1)
    assert seen["read_pct"] == "66.7000"
    rows = [one for one in seen_by(world, "tangke") if one["notice"]["id"] == notice_id]
    assert sorted(one["status"] for one in rows) == ["confirmed", "read", "unread"]
    assert {one["person"]["title"] for one in rows if one["status"] == "unread"} == {"顾润"}


def test_the_page_of_a_receipt_has_no_line_for_what_its_reader_may_not_read(world: World) -> None:
    notice_id = publish(world, title="新品培训")
    receipt = receipts(world, notice_id)["fangchen"]
    live = Live(world.platform, create_app(world.platform))
    for login, lines in (("fangchen", ()), ("tangke", ("接收人", "催办次数"))):
        page = Surfer(live, login, "zh").get(f"/o/notice_receipt/{receipt['id']}").text
        assert "新品培训" in page
        assert "阅读时间" in page, "an empty line of what may be read"
        assert tuple(one for one in ("接收人", "催办次数") if one in page) == lines, login


def test_who_has_not_confirmed_is_reminded_three_times_a_day_apart(world: World) -> None:
    at(world, "2025-06-12 09:00")
    notice_id = publish(world, title="活动", notice_type="price")
    found = receipts(world, notice_id)
    gone, late = found["fangchen"]["id"], found["gurun"]["id"]
    fire(world, "fangchen", "notice_receipt", gone, "confirm")
    for moment, count in (
        ("2025-06-13 08:59", 0),
        ("2025-06-13 09:00", 1),
        ("2025-06-14 08:59", 1),
        ("2025-06-14 09:00", 2),
        ("2025-06-15 09:00", 3),
        ("2025-06-20 09:00", 3),
    ):
        at(world, moment)
        assert state(world, "notice_receipt", late)["reminded"] == count, moment
        assert told(world, late) == 1 + count, moment
    assert told(world, gone) == 1, "who has confirmed is left in peace"


def test_a_notice_waits_for_its_time_and_is_gone_when_it_is_recalled(world: World) -> None:
    at(world, "2025-06-21 09:00")
    notice_id = publish(
        world,
        title="七月活动",
        publish_at="2025-06-22T08:00:00+08:00",
        expire_at="2025-06-30T00:00:00+08:00",
        receiver_roles=["partner_clerk"],
        tiers=[],
        partners=[{"key": "PTN-00001"}],
    )
    assert state(world, "notice", notice_id)["status"] == "scheduled"
    assert receipts(world, notice_id) == {}
    at(world, "2025-06-22 08:00")
    [login] = receipts(world, notice_id)
    assert login == "xumiao"
    assert [one["title"] for one in seen_by(world, "xumiao")] == ["七月活动"]
    with pytest.raises(RefusedError):
        fire(world, "tangke", "notice", notice_id, "recall")
    fire(world, "tangke", "notice", notice_id, "recall", comment="日期有误")
    assert seen_by(world, "xumiao") == [], "hidden, not deleted"
    assert len(receipts(world, notice_id)) == 1


def test_who_may_only_see_their_partners_sees_their_receipts(world: World) -> None:
    publish(world, title="新品上市", notice_type="price")
    mine = {one["partner"]["id"] for one in seen_by(world, "lixiaoqu")}
    query = sa.select(USER.c.id).where(USER.c.login == "lixiaoqu")
    manager = str(world.rows(query)[0][0])
    managed = {row["id"] for row in world.stored("partner", "channel_manager", manager)}
    assert mine
    assert mine <= managed

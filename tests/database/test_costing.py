"""The cost of an object on real rows: counts, indexes of the database, roles, limits of time."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
import sqlalchemy as sa

from headrace.platform.core.errors import ConflictError, NotFoundError, RefusedError
from headrace.platform.core.ids import RandomIds
from headrace.platform.database.dialects import end_after, end_never
from headrace.platform.database.engine import Database, OutOfTimeError
from headrace.platform.database.prepared import Prepared
from headrace.platform.publishing.costing import Cost, Costs, Limits, told
from headrace.platform.publishing.costing.counting import rows_of
from headrace.platform.publishing.costing.indexes import Index
from headrace.platform.publishing.costing.timing import RoleTime
from headrace.platform.publishing.draft_rows import Draft
from headrace.platform.records import reader
from headrace.platform.records.query import parse_query
from tests.support.database_state import state_of
from tests.support.documents import field as new_field
from tests.support.documents import label
from tests.support.live import Live, open_live

ITEM = {"what": "Pump", "qty": "1", "price": "3"}


@dataclass
class Desk:
    """The claims with real rows, and drafts to ask about."""

    live: Live
    url: str
    database: Database = field(init=False)

    def __post_init__(self) -> None:
        self.database = self.live.platform.database

    def write(self, login: str | None, action: Any) -> Any:
        here = self.live.platform
        return here.write_as(self.live.ids[login] if login else None, action)

    def claim(self, login: str, subject: str, items: int, **more: Any) -> str:
        data = {"subject": subject, "items": [ITEM] * items, **more}
        store = self.live.platform.store
        made: str = self.write(login, lambda c, w: store.create(c, w, "claim", data).id)
        return made

    def draft(self, name: str) -> Draft:
        drafts = self.live.platform.drafts
        made: Draft = self.write("admin", lambda _, w: drafts.create(w, name, None))
        return made

    def id_of(self, draft: Draft, kind: str, name: str) -> str:
        found = self.live.platform.drafts.content(draft)
        return next(
            str(one.content["id"])
            for one in found
            if one.content["kind"] == kind and one.content["name"] == name
        )

    def add(self, draft: Draft, content: Mapping[str, Any]) -> str:
        drafts, made = self.live.platform.drafts, {"id": RandomIds().definition_id(), **content}
        self.write("admin", lambda _, w: drafts.add(w, self.now(draft), "claims", made, None))
        return str(made["id"])

    def change(self, draft: Draft, kind: str, name: str, change: Any) -> None:
        drafts, one = self.live.platform.drafts, self.id_of(draft, kind, name)
        held = drafts.document(self.now(draft), one)
        assert held.document is not None
        content = change(dict(held.document.content))

        def put(_: Any, work: Any) -> None:
            drafts.put(work, self.now(draft), one, "claims", content, held.version, None)

        self.write("admin", put)

    def now(self, draft: Draft) -> Draft:
        return self.live.platform.drafts.get(draft.id)

    def cost(
        self,
        draft: Draft,
        kind: str,
        name: str,
        *,
        login: str = "admin",
        timed: bool = False,
        limits: Limits | None = None,
    ) -> Cost:
        here = self.live.platform
        costs = (
            here.costs
            if limits is None
            else Costs(here.database, here.drafts, here.draft_publisher, here.identity, limits)
        )
        one = self.id_of(draft, kind, name)
        return here.read_as(
            self.live.ids[login], lambda c: costs.of(c, self.now(draft), one, timed=timed)
        )

    def rows_as(self, login: str, name: str = "claim") -> int:
        def count(context: Any) -> int:
            query = parse_query(context, name, {"count": "exact", "limit": 1})
            found = reader.find(context, name, query).count
            assert isinstance(found, int)
            return found

        return self.live.platform.read_as(self.live.ids[login], count)


def add_drawer(contents: dict[Any, Any]) -> None:
    """Add a role that designs and reads nothing."""
    role = {"kind": "role", "name": "drawer", "label": label("Drawer", "设计员"), "design": True}
    contents["role", "drawer"] = role


@pytest.fixture(scope="module")
def desk(shared_database_url: str) -> Iterator[Desk]:
    found = Desk(open_live(shared_database_url, add_drawer), shared_database_url)
    found.live.add_user("clerk", "finance", "boss")
    found.live.add_user("drawer", "drawer")
    for number in range(3):
        found.claim("ann", f"Pump {number}", 2, fee=str(number))
    found.claim("bob", "Valve", 1)
    gone = found.claim("bob", "Gone", 1)
    store = found.live.platform.store
    found.write("admin", lambda c, w: store.delete(c, w, "claim", gone, 1))
    yield found
    found.live.platform.close()


def by_role(cost: Cost) -> dict[str, RoleTime]:
    assert cost.times is not None
    return {one.role: one for one in cost.times.roles}


def by_fields(cost: Cost) -> dict[tuple[str, ...], Index]:
    return {one.fields: one for one in cost.indexes}


def test_rows_are_those_that_are_there(desk: Desk) -> None:
    cost = desk.cost(desk.draft("rows"), "object", "claim")
    assert cost.rows is not None
    assert (cost.rows.live, cost.rows.deleted, cost.rows.exact) == (4, 1, True)
    assert cost.others["claim_item"].live == 7
    shown = told(cost, "en")
    assert [one["average"] for one in shown["children"]] == ["1.8"]
    assert shown["children"][0]["text"] == "Items: 7 rows, 1.8 for each record on average"
    assert shown["summary"].startswith("4 rows · ")
    assert told(cost, "zh")["summary"].startswith("4 行 · ")
    assert cost.times is None


def test_indexes_are_those_of_the_database(desk: Desk) -> None:
    for name in ("claim", "claim_item", "company"):
        cost = desk.cost(desk.draft(f"indexes of {name}"), "object", name)
        with desk.database.reading() as reading:
            table = desk.live.platform.catalogs.refresh().tables.of(name).table.name
            there = {one["name"] for one in sa.inspect(reading.connection).get_indexes(table)}
        assert {one.name for one in cost.indexes} == there
        assert {one.state for one in cost.indexes} == {"there"}


def test_a_draft_says_what_it_adds_and_drops_and_a_new_name_is_no_new_index(desk: Desk) -> None:
    draft = desk.draft("changes")
    view = {
        "kind": "view",
        "name": "dear",
        "object": "claim",
        "label": label("Dear", "高额"),
        "type": "table",
        "columns": ["claim_no"],
        "sort": ["-fee"],
    }
    desk.add(draft, view)

    def renamed(content: dict[str, Any]) -> dict[str, Any]:
        text = json.dumps(content).replace("claimed_on", "claimed_at")
        changed: dict[str, Any] = json.loads(text)
        return changed

    def change(content: dict[str, Any]) -> dict[str, Any]:
        advisor = {**new_field("advisor", "lookup", to="company")}
        fields = [*content["fields"], {**advisor, "id": RandomIds().definition_id()}]
        return renamed({**content, "fields": fields, "unique": []})

    desk.change(draft, "object", "claim", change)
    for kind, name in (
        ("view", "open_claims"),
        ("report", "claims_by_month"),
        ("permission", "claim"),
        ("form", "claim_entry"),
    ):
        desk.change(draft, kind, name, renamed)
    cost = desk.cost(draft, "object", "claim")
    assert cost.unread is None
    states = {fields: one.state for fields, one in by_fields(cost).items()}
    assert {one for one, state in states.items() if state == "added"} == {
        ("-fee", "id"),
        ("advisor",),
    }
    assert {one for one, state in states.items() if state == "dropped"} == {("company", "subject")}
    assert states["-claimed_at", "id"] == "there"
    assert ", 2 more with this draft, 1 fewer with this draft" in told(cost, "en")["summary"]


def test_what_somebody_made_in_the_database_is_told_too(desk: Desk) -> None:
    table = desk.live.platform.catalogs.refresh().tables.of("region").table
    index = sa.Index("made_by_hand", table.c.updated_at)
    with desk.database.defining() as connection:
        connection.execute(sa.schema.CreateIndex(index))
    table.indexes.discard(index)
    cost = desk.cost(desk.draft("by hand"), "object", "region")
    assert [one.name for one in cost.indexes if one.state == "other"] == ["made_by_hand"]


def test_each_role_sees_what_its_people_see(desk: Desk) -> None:
    cost = desk.cost(desk.draft("roles"), "object", "claim", timed=True, limits=Limits(one=20))
    found = by_role(cost)
    assert {one.state for one in found.values()} == {"measured"}
    assert found["admin"].rows == found["finance"].rows == 4
    assert found["boss"].rows == desk.rows_as("boss") == 4
    assert found["dealer"].rows in {desk.rows_as("ann"), desk.rows_as("bob")} == {3, 1}
    assert {name: one.people for name, one in found.items()} == {
        "admin": 1,
        "boss": 3,
        "dealer": 2,
        "finance": 2,
    }
    assert cost.times is not None
    slowest = cost.times.measured[0]
    assert slowest.milliseconds == max(one.milliseconds or 0 for one in found.values())
    shown = told(cost, "en")
    assert shown["time"]["slowest"] == slowest.role
    assert shown["summary"].endswith("the slowest of 4 roles")


def test_who_stands_for_a_role_has_its_rights_alone(desk: Desk) -> None:
    """The clerk holds two roles; of those who hold one of them alone there is one each."""
    live = desk.live
    fin = live.ids["fin"]
    identity = live.platform.identity
    desk.write(None, lambda _, work: identity.update_user(work, fin, active=False))
    try:
        found = by_role(desk.cost(desk.draft("alone"), "object", "company", timed=True))
        assert found["finance"].people == 1
        assert found["finance"].rows == 3
        assert found["boss"].rows == desk.rows_as("boss", "company") == 3
    finally:
        desk.write(None, lambda _, work: identity.update_user(work, fin, active=True))


def test_a_list_of_a_draft_is_run_as_far_as_live_rows_can_be_asked(desk: Desk) -> None:
    draft = desk.draft("lists")
    view = {
        "kind": "view",
        "name": "small",
        "object": "claim",
        "label": label("Small", "小额"),
        "type": "table",
        "columns": ["claim_no", "fee"],
        "where": "fee >= 1",
        "sort": ["company.name"],
    }
    desk.add(draft, view)
    cost = desk.cost(draft, "view", "small", timed=True)
    found = by_role(cost)
    assert found["finance"].rows == 2
    assert found["finance"].whole
    assert ("sort", "company.name") in found["finance"].reasons
    assert {(one.view, one.sort, one.filtered) for one in cost.lists} == {
        ("open_claims", None, True),
        ("small", "company.name", True),
    }


def test_a_condition_on_what_the_designer_may_not_read_tells_nothing(desk: Desk) -> None:
    """How many rows it lets through would tell of their values; so it takes no part."""
    draft = desk.draft("secrets")
    view = {
        "kind": "view",
        "name": "rich",
        "object": "claim",
        "label": label("Rich", "有准备金"),
        "type": "table",
        "columns": ["claim_no"],
        "where": "reserve > 100",
    }
    desk.add(draft, view)
    reading = by_role(desk.cost(draft, "view", "rich", timed=True))
    assert (reading["finance"].rows, reading["finance"].whole) == (0, True)
    drawing = by_role(desk.cost(draft, "view", "rich", login="drawer", timed=True))
    assert (drawing["finance"].rows, drawing["finance"].whole) == (4, False)
    assert (
        "without its condition"
        in told(desk.cost(draft, "view", "rich", login="drawer", timed=True), "en")["time"][
            "roles"
        ][0]["text"]
    )


def test_reports_are_run_for_those_who_may_open_them(desk: Desk) -> None:
    draft = desk.draft("reports")
    desk.change(
        draft, "report", "claims_by_month", lambda one: {**one, "roles": ["finance", "boss"]}
    )
    cost = desk.cost(draft, "report", "claims_by_month", timed=True)
    found = by_role(cost)
    assert set(found) == {"finance", "boss"}
    assert {one.state for one in found.values()} == {"measured"}
    assert {one.rows for one in found.values()} == {None}
    refused = desk.cost(draft, "report", "claims_by_month", login="drawer", timed=True)
    assert refused.times is not None
    assert refused.times.roles == ()
    assert "report not run" not in told(refused, "en")["summary"]
    assert "not run for others" in told(refused, "en")["summary"]


def test_nobody_and_no_right_yet_are_said(desk: Desk) -> None:
    draft = desk.draft("nobody")
    desk.add(draft, {"kind": "role", "name": "guest", "label": label("Guest", "访客")})

    def grant(content: dict[str, Any]) -> dict[str, Any]:
        more = [{"role": one, "actions": ["read"], "scope": "own"} for one in ("guest", "drawer")]
        return {**content, "grants": [*content["grants"], *more]}

    desk.change(draft, "permission", "claim", grant)
    found = by_role(desk.cost(draft, "permission", "claim", timed=True))
    assert found["guest"].state == "nobody"
    assert found["drawer"].state == "closed"
    assert found["drawer"].rows is None


def test_what_is_not_there_yet_is_not_invented(desk: Desk) -> None:
    draft = desk.draft("new")
    thing = {
        "kind": "object",
        "name": "visit",
        "label": label("Visit", "拜访"),
        "title": "place",
        "fields": [
            {**new_field("place", "text", length=40), "id": RandomIds().definition_id()},
            {**new_field("company", "lookup", to="company"), "id": RandomIds().definition_id()},
        ],
    }
    desk.add(draft, thing)
    cost = desk.cost(draft, "object", "visit", timed=True)
    assert (cost.rows, cost.times, dict(cost.others)) == (None, None, {})
    assert {one.state for one in cost.indexes} == {"added"}
    shown = told(cost, "en")
    said = f"a save takes about {cost.saving.statements} statements"
    assert shown["summary"] == f"no table yet · {len(cost.indexes)} indexes to come · {said}"
    assert shown["notes"]
    assert shown["time"] is None


def test_a_draft_that_cannot_be_read_tells_of_what_is_live(desk: Desk) -> None:
    draft = desk.draft("broken")
    desk.change(draft, "view", "open_claims", lambda one: {**one, "where": "nothing > 1"})
    cost = desk.cost(draft, "object", "claim", timed=True)
    assert cost.unread is not None
    assert cost.rows is not None
    assert cost.rows.live == 4
    assert cost.times is None
    assert {one.state for one in cost.indexes} == {"there"}
    new = {
        "kind": "object",
        "name": "other",
        "label": label("Other", "其他"),
        "title": "place",
        "fields": [{**new_field("place", "text", length=9), "id": RandomIds().definition_id()}],
    }
    desk.add(draft, new)
    with pytest.raises(RefusedError):
        desk.cost(draft, "object", "other")


def test_what_has_no_rows_of_its_own_and_what_is_closed_has_no_cost(desk: Desk) -> None:
    draft = desk.draft("closed")
    with pytest.raises(NotFoundError):
        desk.cost(draft, "workflow", "claim_flow")
    drafts = desk.live.platform.drafts
    desk.write("admin", lambda _, w: drafts.discard(w, draft, draft.version, None))
    with pytest.raises(ConflictError):
        desk.cost(draft, "object", "claim")


class _TakenBackError(Exception):
    """Ends a write so that nothing of it stays."""


def test_a_save_takes_the_statements_that_are_told(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    statements: list[str] = []
    for name in ("run", "run_many"):
        run = getattr(Prepared, name)

        def counting(self: Prepared, *args: Any, _run: Any = run) -> Any:
            statements.append(self.sql)
            return _run(self, *args)

        monkeypatch.setattr(Prepared, name, counting)
    data = {"subject": "Counted", "company": desk.live.ids["acme"]}
    store = desk.live.platform.store

    def make(context: Any, work: Any) -> None:
        store.create(context, work, "claim", data)
        raise _TakenBackError

    for _ in range(2):
        statements.clear()
        with pytest.raises(_TakenBackError):
            desk.write("admin", make)
    taken = [one for one in statements if "sys_user_role" not in one]
    monkeypatch.undo()
    said = desk.cost(desk.draft("statements"), "object", "claim").saving.statements
    assert len(taken) == said, taken


# -- limits ------------------------------------------------------------------------------------------


def endless() -> sa.Select[Any]:
    """A statement that never ends by itself."""
    numbers = sa.select(sa.literal(1).label("n")).cte("numbers", recursive=True)
    numbers = numbers.union_all(sa.select(numbers.c.n + 0).select_from(numbers))
    return sa.select(sa.func.count()).select_from(numbers)


def test_a_statement_that_takes_too_long_is_ended_and_the_connection_goes_on(desk: Desk) -> None:
    with pytest.raises(OutOfTimeError), desk.database.bounded(0.2) as reading:
        reading.connection.execute(endless())
    begun = time.monotonic()
    with desk.database.snapshot() as reading:
        while time.monotonic() < begun + 0.3:
            assert reading.connection.execute(sa.select(sa.literal(7))).scalar() == 7
    with desk.database.bounded(20) as reading:
        raw = reading.connection.connection.driver_connection
        end_after(desk.database.dialect, raw, 10)
        end_never(desk.database.dialect, raw)
        assert reading.connection.execute(sa.select(sa.literal(7))).scalar() == 7


@pytest.fixture(scope="module")
def crowd(desk: Desk) -> int:
    """So many regions that reading them takes a while; nobody is within them."""
    table = desk.live.platform.catalogs.refresh().tables.of("region")
    many = 20_000
    ids = RandomIds()
    with desk.database.writing(None) as work:
        found = work.connection.execute(sa.select(table.table).limit(1)).mappings().one()
        key, code = table.columns["id"].name, table.columns["code"].name
        rows = [{**found, key: ids.record_id(), code: f"x{one}"} for one in range(many)]
        work.connection.execute(sa.insert(table.table), rows)
    return many


def test_a_role_that_takes_too_long_is_given_up_and_said_to_be_the_slowest(
    desk: Desk, crowd: int
) -> None:
    draft = desk.draft("crowd")
    view = {
        "kind": "view",
        "name": "unordered",
        "object": "region",
        "label": label("Unordered", "无序"),
        "type": "table",
        "columns": ["code"],
        "sort": ["-updated_at"],
    }
    desk.add(draft, view)
    cost = desk.cost(draft, "view", "unordered", timed=True, limits=Limits(one=0.002))
    found = by_role(cost)
    assert {found[one].state for one in ("admin", "boss", "dealer")} == {"too_long"}
    assert ("sort", "-updated_at") in found["admin"].reasons
    summary = told(cost, "en")["summary"]
    assert "list over 0.002 s for" in summary
    assert f"{crowd + 3:,} rows" in summary
    whole = desk.cost(draft, "view", "unordered", timed=True, limits=Limits(one=20))
    assert by_role(whole)["admin"].rows == "10000+"


def test_no_more_roles_are_run_than_may_be(desk: Desk) -> None:
    draft = desk.draft("few")
    found = by_role(desk.cost(draft, "object", "claim", timed=True, limits=Limits(one=20, roles=2)))
    states = sorted(one.state for one in found.values())
    assert states == ["left_out", "left_out", "measured", "measured"]
    none = by_role(desk.cost(draft, "object", "claim", timed=True, limits=Limits(together=0)))
    assert {one.state for one in none.values()} == {"left_out"}


def test_too_many_rows_to_count_are_estimated_or_not_told(
    desk: Desk, crowd: int, backend: str
) -> None:
    table = desk.live.platform.catalogs.refresh().tables.of("region")
    if backend == "postgresql":
        with desk.database.standing_alone() as connection:
            connection.exec_driver_sql("ANALYZE")
    count = rows_of(desk.database, table, 0)
    assert (count.live, count.exact) == (crowd + 3 if backend == "postgresql" else None, False)


def test_asking_changes_nothing(shared_databases: Callable[[], str]) -> None:
    """In a database of its own: all that is in it is compared."""
    url = shared_databases()
    quiet = Desk(open_live(url, add_drawer), url)
    quiet.claim("ann", "Pump", 2)
    draft = quiet.draft("nothing")
    quiet.database.dispose()
    before = state_of(url)
    for kind, name in (("object", "claim"), ("report", "claims_by_month")):
        quiet.cost(draft, kind, name, timed=True)
    quiet.database.dispose()
    assert state_of(url) == before

"""Two databases that differ only in what a caller may not see answer that caller with the same bytes.

Requests are made at random; many of them ask for hidden fields and hidden rows by every door. Then
leaks are planted, one at a time, and each must be found.
"""

from __future__ import annotations

import copy
import random
from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import orjson
import pytest
import sqlalchemy as sa

from headrace.platform.access import policy
from headrace.platform.core.errors import PlatformError
from headrace.platform.database.engine import Database
from headrace.platform.records import filters, history_reader, reader
from headrace.platform.records import source as source_module
from headrace.platform.records.context import CompiledParts
from headrace.platform.records.query import parse_query
from headrace.platform.records.source import Source
from headrace.platform.records.tables import HISTORY
from tests.support.access_cases import OBJECTS, TEXTS, known_paths, principals, request
from tests.support.access_oracle import Oracle
from tests.support.access_world import NOW, World, base_row, make_rows, make_world, uuid_of

CALLERS = ("clerk", "chief in the middle", "chief of a leaf", "watcher", "keeper", "idle")
STRUCTURE = frozenset({"id", "path", "parent", "deal", "deleted_at"})
"""Not changed in the second world: what other visible things hang on."""


class Pair:
    """The two worlds of one caller."""

    def __init__(self, first: World, second: World, name: str) -> None:
        self.worlds = (first, second)
        self.name = name

    def answers(self, ask: Callable[[Any], Any]) -> list[bytes]:
        """What each world answers: JSON, or the refusal."""
        found = []
        for world in self.worlds:
            context = world.context(principals(world)[self.name])
            try:
                found.append(orjson.dumps(ask(context)))
            except PlatformError as error:
                problems = [problem.render("en") for problem in error.problems]
                found.append(orjson.dumps([type(error).__name__, problems]))
        return found


def other_rows(world: World, name: str) -> dict[str, dict[str, dict[str, Any]]]:
    """The rows of a world that differs in all that the caller may not see, and in nothing else."""
    principal = principals(world)[name]
    oracle = Oracle(world, principal)
    rows = copy.deepcopy(world.rows)
    spare, _ = make_rows(99, 150)
    chance = random.Random(name)
    users = list(world.users.values())
    for object_name in ("firm", "contact", "deal", "deal_line", "vault"):
        visible = oracle.visible(object_name) if object_name != "vault" else {}
        for record_id, row in rows[object_name].items():
            names = visible.get(record_id, frozenset())
            for field, value in spare[object_name].get(record_id, {}).items():
                if field not in names and field not in STRUCTURE:
                    row[field] = value
    _keep_the_structure(world, rows, oracle)
    for index in range(10):
        record_id = uuid_of(8, index + 1)
        hidden = next(one for one in world.rows["firm"] if not _is_mine(world, one, principal))
        rows["deal"][record_id] = base_row(record_id, users[0], 10 + index) | {
            "number": f"D-9{index:03d}",
            "firm": None if principal.organisation is None else hidden,
            "contact": None,
            "owner": users[0],
            "amount": Decimal(700),
            "margin": Decimal(1),
            "remark": chance.choice(TEXTS),
            "stage": "open",
            "due": NOW.date() + timedelta(days=index),
            "hot": True,
        }
    return rows


def _is_mine(world: World, firm: str, principal: Any) -> bool:
    path = world.rows["firm"][firm]["path"].split("/")
    return principal.organisation is not None and principal.organisation in path


def _keep_the_structure(world: World, rows: Any, oracle: Oracle) -> None:
    """Hidden rows stay hidden: what decides on visibility is as it was."""
    firms = list(world.rows["firm"])
    mine = {one for one in firms if _is_mine(world, one, oracle.principal)}
    for object_name in ("deal", "contact"):
        visible = oracle.visible(object_name)
        for record_id, row in rows[object_name].items():
            if record_id in visible:
                continue
            if row["firm"] in mine:
                row["firm"] = None
            row["created_by"] = world.rows[object_name][record_id]["created_by"]
            if "owner" in row:
                row["owner"] = world.rows[object_name][record_id]["owner"]
    for record_id, row in rows["firm"].items():
        row["area"] = world.rows["firm"][record_id]["area"]
        row["manager"] = world.rows["firm"][record_id]["manager"]
    for record_id in oracle.visible("deal"):
        grade = "grade"
        firm = rows["deal"][record_id]["firm"]
        if firm is not None:
            # A formula that the caller may read is shown over whatever it reads (T03).
            rows["firm"][firm][grade] = world.rows["firm"][firm][grade]


def history_of(world: World) -> None:
    """Give each deal lines about fields of all kinds."""
    model = world.catalog.object("deal")
    names = ("remark", "amount", "margin", "contact", "stage")
    with world.database.writing(None) as work:
        for index, (record_id, row) in enumerate(world.rows["deal"].items()):
            for position, name in enumerate(names):
                field = model.fields[name]
                value = row[name]
                work.connection.execute(
                    sa.insert(HISTORY).values(
                        id=uuid_of(10 + position, int(record_id[-6:], 16) + 1),
                        object_id=model.id,
                        record_id=record_id,
                        version=position + 1,
                        at=NOW + timedelta(minutes=position),
                        user=world.users["ann"],
                        acted_for=None,
                        action="updated",
                        changes={field.id: [None, None if value is None else str(value)]},
                        comment=f"{name} {value}",
                        metadata_version=1,
                    )
                )
            if index > 60:
                break


@pytest.fixture(scope="module")
def pairs(shared_databases: Callable[[], str]) -> Iterator[dict[str, Pair]]:
    databases: list[Database] = []
    first = make_world(shared_databases())
    history_of(first)
    databases.append(first.database)
    made = {}
    for name in CALLERS:
        second = make_world(shared_databases(), rows=other_rows(first, name))
        history_of(second)
        second.compiled = first.compiled  # the same catalog and physical names
        databases.append(second.database)
        made[name] = Pair(first, second, name)
    yield made
    for database in databases:
        database.dispose()


# -- questions -------------------------------------------------------------------------------------


def ask_list(chance: random.Random, pair: Pair) -> Callable[[Any], Any]:
    object_name = chance.choice([*OBJECTS, "deal", "deal", "deal", "deal"])
    world = pair.worlds[0]
    caller = principals(world)[pair.name]
    known = known_paths(world, caller, object_name) if chance.random() < 0.8 else None
    data = request(chance, world, object_name, known)

    def ask(context: Any) -> Any:
        pages = []
        more = dict(data)
        for _ in range(3):
            page = reader.find(context, object_name, parse_query(context, object_name, more))
            pages.append(page.as_json())
            if page.next is None:
                break
            more["cursor"] = page.next
        return pages

    return ask


def ask_one(chance: random.Random, pair: Pair) -> Callable[[Any], Any]:
    object_name = chance.choice(OBJECTS)
    record_id = chance.choice([*pair.worlds[0].rows[object_name], uuid_of(8, 1)])
    expand = ["lines", "contact"] if object_name == "deal" and chance.random() < 0.5 else []
    return lambda context: reader.get(context, object_name, record_id, expand=expand)


def ask_title(chance: random.Random, pair: Pair) -> Callable[[Any], Any]:
    object_name = chance.choice(OBJECTS)
    record_id = chance.choice(list(pair.worlds[0].rows[object_name]))
    return lambda context: reader.title(context, object_name, record_id)


def ask_choices(chance: random.Random, pair: Pair) -> Callable[[Any], Any]:
    field = chance.choice(["contact", "firm", "owner", "margin", "amount"])
    text = chance.choice([None, *TEXTS])
    values = {"firm": chance.choice([None, *pair.worlds[0].rows["firm"]])}
    return lambda context: reader.choices(context, "deal", field, text, values)


def ask_history(chance: random.Random, pair: Pair) -> Callable[[Any], Any]:
    record_id = chance.choice(list(pair.worlds[0].rows["deal"])[:60])
    return lambda context: history_reader.history(context, "deal", record_id)


QUESTIONS = {
    "list": (ask_list, 12),
    "one": (ask_one, 3),
    "title": (ask_title, 1),
    "choices": (ask_choices, 2),
    "history": (ask_history, 2),
}


def differences(
    pairs: dict[str, Pair],
    number: int,
    kinds: tuple[str, ...] = tuple(QUESTIONS),
    callers: tuple[str, ...] = CALLERS,
    *,
    one_is_enough: bool = False,
) -> tuple[list[Any], dict[str, int]]:
    """Ask `number` questions; return those answered differently, and how many said something."""
    chance = random.Random(1)
    makers = [QUESTIONS[kind][0] for kind in kinds for _ in range(QUESTIONS[kind][1])]
    found = []
    told = {"answers": 0, "refusals": 0}
    for position in range(number):
        pair = pairs[callers[position % len(callers)]]
        maker = chance.choice(makers)
        ask = maker(chance, pair)
        first, second = pair.answers(ask)
        told["refusals" if first.startswith(b'["') and b"Error" in first[:40] else "answers"] += 1
        if first != second:
            found.append((pair.name, maker.__name__, first, second))
            if one_is_enough:
                break
    return found, told


def test_worlds_differ_for_those_who_may_see(pairs):
    for name, pair in pairs.items():
        answers = []
        for world in pair.worlds:
            context = world.context(principals(world)["admin"])
            query = parse_query(context, "deal", {"limit": 200, "count": "exact"})
            answers.append(reader.find_json(context, "deal", query))
        assert answers[0] != answers[1], name


def test_nothing_hidden_changes_an_answer(pairs, deep):
    number = 20_000 if deep else 600
    found, told = differences(pairs, number)
    print(f"two worlds: {number} requests, {told}, {len(found)} differences")
    assert found == []
    assert told["answers"] > number * 2 // 5
    assert told["refusals"] > number // 10


# -- planted leaks ---------------------------------------------------------------------------------


@pytest.fixture
def forget_compiled(pairs) -> Iterator[None]:
    """Compile everything anew with the leak in, and again without it."""

    def forget() -> None:
        fresh = CompiledParts()
        for pair in pairs.values():
            for world in pair.worlds:
                world.compiled = fresh

    forget()
    yield
    forget()


def leak_rows_of_lists(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled = reader._list_plan

    def without(*given: Any) -> Any:
        with pytest.MonkeyPatch.context() as inner:
            inner.setattr(Source, "is_visible", lambda self: self.rows.is_live)
            return compiled(*given)

    monkeypatch.setattr(reader, "_list_plan", without)


def leak_rows_of_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    counted = reader._count

    def without(*given: Any) -> Any:
        with pytest.MonkeyPatch.context() as inner:
            inner.setattr(Source, "is_visible", lambda self: self.rows.is_live)
            return counted(*given)

    monkeypatch.setattr(reader, "_count", without)


def leak_rows_of_choices(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled = reader._choice_plan

    def without(*given: Any, **keys: Any) -> Any:
        with pytest.MonkeyPatch.context() as inner:
            inner.setattr(Source, "is_visible", lambda self: self.rows.is_live)
            return compiled(*given, **keys)

    monkeypatch.setattr(reader, "_choice_plan", without)


def leak_titles(monkeypatch: pytest.MonkeyPatch) -> None:
    def title(self: Source, path: Any, place: str = "") -> Any:
        rows, field, _ = self._walk(self.resolve(path, place))
        target = self.surroundings.object(str(field.target))
        return rows.follow(field).column(target.fields[target.title]), target.fields[target.title]

    monkeypatch.setattr(Source, "title", title)


def leak_fields_of_filters(monkeypatch: pytest.MonkeyPatch) -> None:
    compare = filters.FilterSql._compare

    def unguarded(self: Any, node: Any) -> Any:
        with pytest.MonkeyPatch.context() as inner:
            inner.setattr(source_module, "guarded", lambda column, allowed: column)
            return compare(self, node)

    monkeypatch.setattr(filters.FilterSql, "_compare", unguarded)


def leak_fields_of_sorting(monkeypatch: pytest.MonkeyPatch) -> None:
    made = filters.Order.__init__

    def unguarded(self: Any, *given: Any) -> None:
        with pytest.MonkeyPatch.context() as inner:
            inner.setattr(source_module, "guarded", lambda column, allowed: column)
            made(self, *given)

    monkeypatch.setattr(filters.Order, "__init__", unguarded)


def leak_paths(monkeypatch: pytest.MonkeyPatch) -> None:
    name = policy.RowAccess.name
    monkeypatch.setattr(
        policy.RowAccess, "name", lambda self, field: name(self, field) is not False
    )


def leak_masters(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(policy, "_on_master", lambda reference, holds: policy._everywhere)


def leak_history(monkeypatch: pytest.MonkeyPatch) -> None:
    everything = frozenset({"remark", "amount", "margin", "contact", "stage"})
    monkeypatch.setattr(history_reader, "row_rights", lambda *given, **keys: everything)


def leak_below(monkeypatch: pytest.MonkeyPatch) -> None:
    """The subtree ends too late: everything behind the firm counts as below it."""
    monkeypatch.setattr(policy, "_is_within", lambda path, root: path >= root)


LEAKS = {
    "predicate dropped on lists": (leak_rows_of_lists, ("list",), CALLERS),
    "predicate dropped on counts": (leak_rows_of_counts, ("list",), CALLERS),
    "predicate dropped on choices": (leak_rows_of_choices, ("choices",), CALLERS),
    "predicate dropped on titles": (leak_titles, ("list", "one"), CALLERS),
    "field set ignored in filters": (leak_fields_of_filters, ("list",), ("clerk",)),
    "field set ignored in sorting": (leak_fields_of_sorting, ("list",), ("clerk",)),
    "steps of paths unguarded": (leak_paths, ("list",), CALLERS),
    "details without their master": (leak_masters, ("list", "one"), CALLERS),
    "field set ignored in histories": (leak_history, ("history",), CALLERS),
    "subtree without an end": (leak_below, ("list", "one"), CALLERS),
}


@pytest.mark.parametrize("leak", LEAKS)
def test_a_planted_leak_is_found(pairs, leak, monkeypatch, forget_compiled):
    plant, kinds, callers = LEAKS[leak]
    plant(monkeypatch)
    found, _ = differences(pairs, 600, kinds, callers, one_is_enough=True)
    assert found, leak

"""Values that records hold get another name: the records follow, there and back, and nothing is lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from headrace.platform.metadata.comparing import compare
from headrace.platform.metadata.documents import Document
from headrace.platform.metadata.field_types import built_in
from headrace.platform.metadata.references.declaring import declared
from headrace.platform.publishing.catalogs import Content
from headrace.platform.publishing.plan import Plan
from headrace.platform.publishing.renaming import rename
from headrace.platform.records.restoring import earlier_state
from headrace.platform.records.tables import HISTORY
from tests.support.documents import field, label
from tests.support.publishing import MODULE, Publishing, platform_at, published_at
from tests.support.retypes import back_to, listed, values, version

SIDES = {"north": ["ice"], "south": ["sand"]}


def choices(*names: str) -> list[dict[str, Any]]:
    return [{"value": one, "label": label(one.title(), one.title())} for one in names]


def contents() -> dict[tuple[str, str], dict[str, Any]]:
    return {
        ("module", MODULE): {
            "kind": "module",
            "name": MODULE,
            "version": "1.0.0",
            "label": label("Things", "物品"),
        },
        ("choice_set", "levels"): {
            "kind": "choice_set",
            "name": "levels",
            "label": label("Levels", "级别"),
            "choices": choices("low", "high"),
        },
        ("object", "thing"): {
            "kind": "object",
            "name": "thing",
            "label": label("Thing", "物品"),
            "history": True,
            "record_types": [
                {"name": "usual", "label": label("Usual", "普通")},
                {"name": "rare", "label": label("Rare", "稀有")},
            ],
            "fields": [
                field("code", "text", length=20, external_id=True),
                field("risk", "choice", choice_set="levels", default="'low'"),
                field("worth", "choice", choice_set="levels"),
                field("heavy", "formula", returns="boolean", formula="worth = 'high'"),
                field("side", "choice", choices=choices("north", "south")),
                field(
                    "city",
                    "choice",
                    choices=choices("ice", "sand"),
                    depends_on="side",
                    allowed=SIDES,
                ),
                field("marks", "multi_choice", choices=choices("new", "old", "odd")),
                field("step", "state", workflow="thing_flow"),
            ],
        },
        ("workflow", "thing_flow"): {
            "kind": "workflow",
            "name": "thing_flow",
            "label": label("Flow", "流程"),
            "object": "thing",
            "field": "step",
            "states": [
                {"name": "open", "initial": True, "label": label("Open", "开放")},
                {"name": "done", "final": True, "label": label("Done", "完成")},
            ],
            "transitions": [
                {"name": "end", "label": label("End", "结束"), "from": ["open"], "to": "done"}
            ],
        },
    }


@pytest.fixture
def work(database_url: str, tmp_path: Path) -> Iterator[Publishing]:
    rows = {"reference/thing.csv": "code,side,record_type\nfirst,north,rare\n"}
    with published_at(database_url, tmp_path / "modules", contents(), rows) as made:
        yield made


def new(work: Publishing, **given: Any) -> str:
    store = work.platform.store
    return work.platform.write_as_system(
        lambda context, unit: store.create(context, unit, "thing", given)
    ).id


def renaming(work: Publishing, *wanted: tuple[str, str, str]) -> Plan:
    """Plan what is live with other names: kind, name now, name then."""
    live = work.platform.catalogs.refresh()
    content = was = work.platform.catalogs.content_of(live.version)
    for kind, old, called in wanted:
        catalog = work.platform.publisher.plan_content(content).catalog or live.catalog
        document, path = next(
            (document, one.path)
            for document in catalog.documents
            for one in declared(catalog, document)
            if (one.kind, one.name) == (kind, old)
        )
        made = rename(catalog, document, path, called, built_in(), live.catalog)
        after = {id(before): one for before, one in made.documents}
        content = was.with_documents(tuple(after.get(id(one), one) for one in catalog.documents))
    return work.platform.publisher.plan_content(content)


def publish(work: Publishing, plan: Plan) -> None:
    assert plan.refused == (), [str(one) for one in plan.refused]
    assert [one.key for one in plan.lines if one.needs_answer] == []
    work.platform.publisher.publish(plan, "renamed", None)


ALL = (
    ("choice", "high", "top"),
    ("choice", "north", "up-north"),
    ("choice", "odd", "strange"),
    ("choice", "rare", "seldom"),
    ("state", "open", "begun"),
)


def marks(work: Publishing, record_id: str) -> list[str]:
    found = values(work, [record_id], "marks")[0]
    return sorted(found.strip(";").split(";") if isinstance(found, str) else found)


def held(work: Publishing, ids: list[str]) -> dict[str, list[Any]]:
    names = ("risk", "worth", "heavy", "side", "city", "marks", "record_type", "step")
    return {name: values(work, ids, name) for name in names}


def test_records_follow_what_they_hold_there_and_back(work: Publishing) -> None:
    ids = [
        new(work, worth="high", side="north", city="ice", marks=["odd", "new"], record_type="rare"),
        new(work, worth="low", side="south", city="sand", marks=["old"], record_type="usual"),
        new(work),
    ]
    before, first = held(work, ids), version(work)
    plan = renaming(work, *ALL)
    lines = {one.key: one.rows for one in plan.lines}
    assert lines["choice.rename:thing.worth"] == 1
    assert lines["choice.rename:thing.risk"] == 0
    assert lines["choice.rename:thing.side"] == 2
    assert [row[0] for row in listed(work, plan, "choice.rename:thing.worth")[1:]] == ids[:1]
    publish(work, plan)
    after = held(work, ids)
    assert after["worth"] == ["top", "low", None]
    assert after["side"] == ["up-north", "south", None]
    assert marks(work, ids[0]) == ["new", "strange"]
    assert after["record_type"] == ["seldom", "usual", "usual"]
    assert after["step"] == ["begun"] * 3
    assert after["heavy"] == before["heavy"]
    # What depends on a value that is called otherwise can be chosen as before.
    added = new(work, side="up-north", city="ice", worth="top")
    back_to(work, first)
    assert held(work, ids) == before
    assert held(work, [added])["side"] == ["north"]
    assert held(work, [added])["heavy"] == [True]


def test_names_that_change_twice_and_go_back_lose_nothing(work: Publishing) -> None:
    ids = [new(work, worth="high"), new(work, worth="low")]
    first = version(work)
    # Before anything is published nobody holds the name in between.
    twice = renaming(work, ("choice", "high", "top"), ("choice", "top", "peak"))
    (levels,) = [one for one in twice.content.documents if one.kind == "choice_set"]
    assert levels.content["choices"][1]["was"] == ["high"]
    publish(work, twice)
    publish(work, renaming(work, ("choice", "peak", "summit")))
    assert values(work, ids, "worth") == ["summit", "low"]
    back_to(work, first)
    assert values(work, ids, "worth") == ["high", "low"]
    publish(work, renaming(work, ("choice", "high", "top")))
    forth_and_back = renaming(work, ("choice", "top", "high"))
    (levels,) = [one for one in forth_and_back.content.documents if one.kind == "choice_set"]
    assert "was" not in levels.content["choices"][1]
    publish(work, forth_and_back)
    assert values(work, ids, "worth") == ["high", "low"]


def with_levels(work: Publishing, *levels: str) -> Content:
    """What is live with other levels: each a value with what it was called before; high is another one."""
    live = work.platform.catalogs.refresh()
    content = work.platform.catalogs.content_of(live.version)
    made = []
    for one in levels:
        value, *was = one.split("<")
        said = {"top": "High", "high": "Higher"}.get(value, value.title())
        part = {"value": value, "label": label(said, said)}
        made.append({**part, "was": was} if was else part)
    return content.with_documents(
        tuple(
            Document(one.module, {**one.content, "choices": made})
            if one.kind == "choice_set"
            else one
            for one in live.catalog.documents
        )
    )


def test_a_name_that_another_value_gets_in_the_same_publish_takes_no_rows_along(
    work: Publishing,
) -> None:
    ids = [new(work, worth="high"), new(work, worth="low"), new(work)]
    first = version(work)
    # High is called top, and low gets its name.
    publish(work, renaming(work, ("choice", "high", "top"), ("choice", "low", "high")))
    assert values(work, ids, "worth") == ["top", "high", None]
    assert values(work, ids, "risk") == ["high"] * 3
    assert values(work, ids, "heavy") == [True, False, None]
    back_to(work, first)
    assert values(work, ids, "worth") == ["high", "low", None]
    # Each gets the name of the other.
    swap = (
        ("choice", "high", "between"),
        ("choice", "low", "high"),
        ("choice", "between", "low"),
    )
    plan = renaming(work, *swap)
    assert [row[0] for row in listed(work, plan, "choice.rename:thing.worth")[1:]] == ids[:2]
    publish(work, plan)
    assert values(work, ids, "worth") == ["low", "high", None]
    assert values(work, ids, "heavy") == [True, False, None]
    assert values(work, [new(work)], "risk") == ["high"]
    publish(work, renaming(work, *swap))
    assert values(work, ids, "worth") == ["high", "low", None]
    assert values(work, ids, "heavy") == [True, False, None]


def test_a_new_value_with_a_name_that_was_given_up_gets_no_rows(work: Publishing) -> None:
    ids = [new(work, worth="high"), new(work, worth="low")]
    content = with_levels(work, "low", "top<high", "high")
    publish(work, work.platform.publisher.plan_content(content))
    assert values(work, ids, "worth") == ["top", "low"]
    added = new(work, worth="high")
    # What it says of its past is done with: nothing moves again.
    again = with_levels(work, "low", "top<high", "high", "more")
    publish(work, work.platform.publisher.plan_content(again))
    assert values(work, [*ids, added], "worth") == ["top", "low", "high"]
    # Nor does it where the past is no longer said.
    publish(work, work.platform.publisher.plan_content(with_levels(work, "low", "top", "high")))
    assert values(work, [*ids, added], "worth") == ["top", "low", "high"]


def test_going_back_asks_for_a_value_whose_name_another_one_had(work: Publishing) -> None:
    ids = [new(work, worth="high")]
    first = version(work)
    publish(
        work, work.platform.publisher.plan_content(with_levels(work, "low", "top<high", "high"))
    )
    ids.append(new(work, worth="high"))
    plan = work.platform.publisher.plan_rollback(first)
    (asked,) = [one for one in plan.lines if one.needs_answer]
    assert asked.key == "field.narrow:thing.worth"
    answers = {asked.key: {"answer": "map", "map": {"high": "low"}}}
    plan = work.platform.publisher.plan_rollback(first, decisions=answers)
    assert plan.refused == ()
    work.platform.publisher.publish(plan, "back", None)
    assert values(work, ids, "worth") == ["high", "low"]


def test_a_value_that_goes_beside_one_that_is_renamed_is_asked_for_alone(work: Publishing) -> None:
    ids = [new(work, marks=["odd", "old"])]
    plan = renaming(work, ("choice", "odd", "strange"))
    thing = next(one for one in plan.content.documents if one.name == "thing")
    several = next(one for one in thing.content["fields"] if one["name"] == "marks")
    several["choices"] = [one for one in several["choices"] if one["value"] != "old"]
    asked = work.platform.publisher.plan_content(plan.content)
    assert [one.key for one in asked.lines if one.needs_answer] == ["field.narrow:thing.marks"]
    answer = {"field.narrow:thing.marks": {"answer": "map", "map": {"old": "new"}}}
    done = work.platform.publisher.plan_content(plan.content, answer)
    assert done.refused == ()
    work.platform.publisher.publish(done, "mapped", None)
    assert marks(work, ids[0]) == ["new", "strange"]


def test_a_module_with_another_name_keeps_its_rows_and_what_it_was_like(work: Publishing) -> None:
    first = version(work)
    plan = renaming(work, ("module", MODULE, "goods"))
    assert {one.module for one in plan.content.documents} == {"goods"}
    assert [one.module for one in plan.content.rows] == ["goods"]
    live = work.platform.catalogs.content_of(first).documents
    assert len(compare(live, plan.content.documents)) == 1
    publish(work, plan)
    catalog = work.platform.catalogs.refresh().catalog
    assert list(catalog.modules) == ["goods"]
    assert work.value("thing", new(work), "risk") == "low"
    back_to(work, first)
    assert list(work.platform.catalogs.refresh().catalog.modules) == [MODULE]


def test_what_a_record_was_is_restored_by_the_names_of_now(work: Publishing) -> None:
    store, platform = work.platform.store, work.platform
    ids = [new(work, worth="high", marks=["odd"], record_type="rare", code="a")]

    def change(**given: Any) -> None:
        platform.write_as_system(lambda c, w: store.update(c, w, "thing", ids[0], given, 1))

    change(worth="low", marks=["old"], record_type="usual", code="b")
    publish(work, renaming(work, *ALL))
    with platform.database.reading() as reading:
        lines = reading.connection.execute(
            sa.select(HISTORY.c.id).where(HISTORY.c.record_id == ids[0], HISTORY.c.version == 2)
        ).scalars()
        (line,) = map(str, lines)
    found = platform.write_as_system(
        lambda c, w: earlier_state(c, w, "thing", ids[0], line, "before")
    )
    platform.write_as_system(lambda c, w: store.update(c, w, "thing", ids[0], found.data(), 2))
    assert held(work, ids)["worth"] == ["top"]
    assert marks(work, ids[0]) == ["strange"]
    assert held(work, ids)["record_type"] == ["seldom"]


def test_rows_of_a_module_follow_the_names_of_what_they_speak_of(
    work: Publishing, backend: str, fresh_database: Callable[[str], str]
) -> None:
    swap = (
        ("choice", "north", "between"),
        ("choice", "south", "north"),
        ("choice", "between", "south"),
    )
    others = (("field", "side", "flank"), ("field", "code", "key"), ("object", "thing", "item"))
    plan = renaming(work, *swap, *ALL[3:], *others)
    (rows,) = plan.content.rows
    assert (rows.object, rows.text) == ("item", "key,flank,record_type\nfirst,south,seldom\n")
    publish(work, plan)
    with platform_at(fresh_database(backend)) as fresh:
        publisher = fresh.publisher
        publisher.publish(publisher.plan_content(plan.content), "fresh", None)
        for platform in (work.platform, fresh):
            context = platform.context_of(platform.catalogs.refresh())
            table = context.tables.of("item")
            asked = sa.select(*(table.columns[one] for one in ("key", "flank", "record_type")))
            with platform.database.reading() as reading:
                assert reading.connection.execute(asked).all() == [("first", "south", "seldom")]

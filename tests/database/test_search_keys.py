"""Keys of texts in the database: filled by a publish, kept by the store, found wrong and mended, made later."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from headrace.platform.database.system_tables import NAME
from headrace.platform.records import reader
from headrace.platform.records.query import parse_query
from headrace.platform.records.recounting import Recount, computed_objects
from tests.support.busy_publishing import People, publish_prepared
from tests.support.documents import field
from tests.support.publishing import Publishing, platform_at

NAMES = {"a": "晨屿", "b": "重庆", "c": "Plain", "d": "北京"}


@pytest.fixture
def work(database_url: str, tmp_path: Path) -> Iterator[Publishing]:
    with platform_at(database_url) as platform:
        publishing = Publishing(platform, tmp_path / "modules")
        company = publishing.contents["object", "company"]
        company["fields"].append(field("nick", "text", length=60))
        yield publishing


def _filled(work: Publishing) -> People:
    work.publish()
    people = People(work)
    for code, nick in NAMES.items():
        people.create(code, "company", code=code, name=f"名称{code}", nick=nick)
    return people


def _found(work: Publishing, text: str, **more: Any) -> list[str]:
    def ask(context: Any) -> list[str]:
        query = parse_query(context, "company", {"q": text, "fields": "code", **more})
        return sorted(one["code"] for one in reader.find(context, "company", query).items)

    found: list[str] = work.platform.perform_as_system(ask)
    return found


def _recount(work: Publishing, *, mends: bool = False) -> list[tuple[str, str]]:
    platform = work.platform

    def run(context: Any) -> list[tuple[str, str]]:
        recount = Recount(context, platform.store, platform.write_as_system, mends=mends)
        names = computed_objects(context.catalog)
        return [(one.field, one.stored) for name in names for one in recount.of(name).drifts]

    found: list[tuple[str, str]] = platform.perform_as_system(run)
    return found


def _searching(work: Publishing) -> None:
    company = work.contents["object", "company"]
    company["search"] = [*company.get("search", []), "nick"]


@pytest.mark.parametrize("prepared", [False, True])
def test_a_publish_that_searches_a_field_fills_its_keys(work: Publishing, prepared: bool):
    people = _filled(work)
    assert _found(work, "cy") == []
    _searching(work)
    work.platform.publisher.prepared_from = 1 if prepared else None
    plan = work.plan()
    assert not plan.refused
    assert [line.key for line in plan.lines if "Search" in line.key] == []
    if prepared:
        edits = [
            lambda: people.update("c", "company", nick="晨星"),
            lambda: people.create("e", "company", code="e", name="x", nick="重阳"),
        ]
        publish_prepared(work, plan, lambda _: edits.pop(0)() if edits else None)
        assert not edits
        assert _found(work, "cx") == ["c"]
        assert _found(work, "chongyang") == ["e"]
    else:
        work.platform.publisher.publish(plan, "test", None)
    assert _found(work, "cy") == (["a", "e"] if prepared else ["a"])
    assert _found(work, "chongqing") == ["b"]
    assert _recount(work) == []
    assert work.plan().is_empty


def test_what_is_no_longer_searched_loses_its_keys_without_a_question(work: Publishing):
    _searching(work)
    people = _filled(work)
    assert _found(work, "cy") == ["a"]
    work.contents["object", "company"]["search"].remove("nick")
    plan = work.plan()
    assert not [line.key for line in plan.lines if line.needs_answer]
    work.publish(accept=False)
    assert _found(work, "cy") == []
    people.update("d", "company", nick="晨星")
    _searching(work)
    work.publish(accept=False)
    assert _found(work, "cx") == ["d"]
    assert _found(work, "beijing") == []
    assert _recount(work) == []


def test_a_renamed_field_keeps_its_keys_and_a_retyped_one_gets_others(work: Publishing):
    _searching(work)
    _filled(work)
    work.field("company", "nick").update(name="alias", was="nick")
    search = work.contents["object", "company"]["search"]
    search[search.index("nick")] = "alias"
    work.publish()
    assert _found(work, "cy") == ["a"]
    assert _recount(work) == []
    work.field("company", "alias").update(type="long_text")
    work.field("company", "alias").pop("length")
    work.publish()
    assert _found(work, "cy") == ["a"]
    assert _recount(work) == []


def test_a_mask_takes_the_keys_away(work: Publishing):
    _searching(work)
    _filled(work)
    work.field("company", "nick")["masked"] = {"start": 1, "end": 0}
    work.publish()
    assert _found(work, "cy") == []


def test_a_recount_finds_and_mends_what_was_changed_past_the_platform(work: Publishing):
    _searching(work)
    people = _filled(work)

    def spoil(context: Any, unit: Any) -> None:
        table = context.tables.of("company")
        change = sa.update(table.table).where(table.id == people.ids["a"])
        unit.connection.execute(change.values({table.columns["nickSearch"].name: "XX"}))

    work.platform.write_as_system(spoil)
    assert _found(work, "cy") == []
    assert _recount(work) == [("nickSearch", "XX")]
    assert _recount(work, mends=True) == [("nickSearch", "XX")]
    assert _recount(work) == []
    assert _found(work, "cy") == ["a"]


def test_a_database_of_an_earlier_program_goes_on_and_gets_keys_with_the_next_publish(
    work: Publishing, database_url: str, tmp_path: Path
):
    _searching(work)
    people = _filled(work)

    def forget(_context: Any, unit: Any) -> None:
        keys = sa.or_(*(NAME.c.definition_id.like(f"%.{one}") for one in ("search", "sort")))
        names = unit.connection.execute(sa.select(NAME).where(keys)).all()
        assert len(names) > 2
        unit.connection.execute(sa.delete(NAME).where(keys))

    work.platform.write_as_system(forget)
    with platform_at(database_url) as platform:
        old = Publishing(platform, tmp_path / "modules")
        old.contents = work.contents
        assert _found(old, "晨") == ["a"]
        assert _found(old, "cy") == []
        people = People(old, people.ids)
        people.update("b", "company", nick="晨星")
        old.contents["module", "claims"]["version"] = "1.0.1"
        old.publish()
        assert _found(old, "cy") == ["a"]
        assert _found(old, "cx") == ["b"]
        assert _recount(old) == []


def test_rows_stand_by_pinyin_alike_on_both_databases(work: Publishing):
    work.publish()
    people = People(work)
    names = ["重庆", "北京", "晨b", "辰a", "Z", "a晨", "1", "安徽", "ab", "长沙", "b", "é"]
    for place, name in enumerate(names):
        people.create(name, "company", code=f"C{place}", name=name)

    def ask(context: Any) -> list[str]:
        query = parse_query(context, "company", {"sort": "name", "fields": "name"})
        return [one["name"] for one in reader.find(context, "company", query).items]

    expected = ["1", "ab", "a晨", "b", "é", "Z", "安徽", "北京", "长沙", "晨b", "辰a", "重庆"]
    assert work.platform.perform_as_system(ask) == expected


def test_rows_stand_by_the_pinyin_of_any_text_that_is_searched(work: Publishing):
    _searching(work)
    people = _filled(work)
    people.create("z", "company", code="z", name="x", nick="zebra")

    def ask(context: Any) -> list[str]:
        query = parse_query(context, "company", {"sort": "nick", "fields": "nick"})
        return [one["nick"] for one in reader.find(context, "company", query).items]

    expected = ["Plain", "zebra", "北京", "晨屿", "重庆"]
    assert work.platform.perform_as_system(ask) == expected


RICH = {
    "a": "<p>退货<b>条款</b></p><ul><li>七日 <i>strong</i></li></ul>",
    "b": "<p>条</p><p>款 &amp; more</p>",
    "c": "<p>strongly</p>",
    "d": None,
}


def test_rich_text_is_found_by_its_words(work: Publishing):
    company = work.contents["object", "company"]
    company["fields"].append(field("story", "rich_text"))
    work.publish()
    people = People(work)
    for code, story in RICH.items():
        people.create(code, "company", code=code, name=f"n{code}", story=story)

    def holding(text: str) -> list[str]:
        condition = {"field": "story", "op": "contains", "value": text}
        return _found(work, "", filter=condition)

    assert holding("条款") == ["a"]
    assert holding("条 款") == ["b"]
    assert holding("款  &\nmore") == ["b"]
    assert holding("STRONG") == ["a", "c"]
    for markup in ("<", "li", "amp;", "a<b"):
        assert holding(markup) == []
    assert _found(work, "条款") == [], "it is not searched yet"
    company["search"] = [*company.get("search", []), "story"]
    work.publish()
    assert _found(work, "退货条款 七日") == ["a"]
    assert _found(work, "<p>") == []
    people.update("c", "company", story="<p>换<b>货</b></p>")
    assert _found(work, "换货") == ["c"]
    assert _recount(work) == []


def test_rich_text_that_is_there_already_gets_its_words_with_a_publish(work: Publishing):
    company = work.contents["object", "company"]
    company["fields"].append(field("story", "long_text"))
    work.publish()
    people = People(work)
    people.create("a", "company", code="a", name="a", story="一 <二>")
    work.field("company", "story")["type"] = "rich_text"
    work.publish()
    condition = {"field": "story", "op": "contains", "value": "一 <二>"}
    assert _found(work, "", filter=condition) == ["a"]

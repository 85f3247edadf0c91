"""References that become the parents of a tree, and trees that become plain references."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.support.documents import field, label
from tests.support.publishing import MODULE, Publishing, published_at
from tests.support.retypes import back_to, planned, published, values, version


@pytest.fixture
def work(database_url: str, tmp_path: Path) -> Iterator[Publishing]:
    contents = {
        ("module", MODULE): {
            "kind": "module",
            "name": MODULE,
            "version": "1.0.0",
            "label": label("Places", "地点"),
        },
        ("object", "place"): {
            "kind": "object",
            "name": "place",
            "label": label("Place", "地点"),
            "fields": [
                field("code", "text", length=20, external_id=True),
                field("above", "lookup", to="place"),
                field("beside", "lookup", to="place"),
            ],
        },
    }
    with published_at(database_url, tmp_path / "modules", contents) as made:
        yield made


def chain(work: Publishing, *codes: str) -> list[str]:
    """Make places of which each stands below the one before."""
    made: list[str] = []
    for code in codes:
        above = {"above": made[-1]} if made else {}
        made.append(work.create("place", code=code, **above))
    return made


def become(work: Publishing, name: str, kind: str) -> None:
    chosen = work.field("place", name)
    chosen.pop("to", None)
    chosen.pop("depth", None)
    chosen |= {"type": "tree", "depth": 3} if kind == "tree" else {"type": kind, "to": "place"}


def paths(work: Publishing) -> dict[str, str]:
    table = work.platform.catalogs.refresh().tables.of("place")
    with work.platform.database.reading() as reading:
        found = reading.connection.execute(sa.select(table.id, table.path))
        return {str(row_id): path for row_id, path in found}


def move(work: Publishing, row_id: str, name: str, to: str) -> None:
    count = int(values(work, [row_id], "version", "place")[0])
    store = work.platform.store
    work.platform.write_as_system(
        lambda context, unit: store.update(context, unit, "place", row_id, {name: to}, count)
    )


def test_a_reference_becomes_the_parent_of_a_tree_and_back(work):
    top, middle, low = chain(work, "a", "b", "c")
    become(work, "above", "tree")
    plan = published(work)
    assert plan.refused == ()
    assert paths(work)[low] == f"/{top}/{middle}/{low}/"
    tree = version(work)
    become(work, "above", "lookup")
    plan = published(work)
    assert not [one for one in plan.lines if one.destructive or one.needs_answer]
    move(work, low, "above", top)
    back_to(work, tree)
    assert paths(work)[low] == f"/{top}/{low}/"
    assert values(work, [middle, low], "above", "place") == [top, top]


def test_circles_and_rows_too_deep_are_counted_by_the_plan(work):
    made = chain(work, "a", "b", "c", "d", "e")
    become(work, "above", "tree")
    plan = planned(work)
    assert [one.code for one in plan.refused] == ["tree.existing_depth"]
    assert "2 rows" in plan.refused[0].message.en
    move(work, made[0], "above", made[1])
    plan = planned(work)
    assert [one.code for one in plan.refused] == ["tree.existing_circle"]
    assert "5 rows" in plan.refused[0].message.en
    assert plan.base == version(work)


def test_a_tree_may_not_become_too_shallow(work):
    work.field("place", "above").pop("to")
    work.field("place", "above").update(type="tree", depth=5)
    published(work)
    chain(work, "a", "b", "c", "d")
    work.field("place", "above")["depth"] = 3
    assert [one.code for one in planned(work).refused] == ["tree.existing_depth"]
    work.field("place", "above")["depth"] = 4
    published(work)


def test_another_reference_becomes_the_parent(work):
    top, middle, low = chain(work, "a", "b", "c")
    move(work, low, "beside", top)
    become(work, "above", "tree")
    published(work)
    before = version(work)
    become(work, "above", "lookup")
    become(work, "beside", "tree")
    published(work)
    assert paths(work) == {
        top: f"/{top}/",
        middle: f"/{middle}/",
        low: f"/{top}/{low}/",
    }
    back_to(work, before)
    assert paths(work)[low] == f"/{top}/{middle}/{low}/"


def test_a_text_becomes_no_parent(work):
    top, low = chain(work, "a", "b")
    become(work, "above", "tree")
    published(work)
    before = version(work)
    chosen = work.field("place", "above")
    chosen.pop("depth")
    chosen |= {"type": "text", "length": 20}
    published(work)
    assert values(work, [top, low], "above", "place") == [None, "a"]
    texts = version(work)
    chosen = work.field("place", "above")
    chosen.pop("length")
    chosen |= {"type": "tree", "depth": 3}
    plan = planned(work)
    assert [one.code for one in plan.refused] == ["type.rows_not_convertible"]
    published(work)
    assert paths(work) == {top: f"/{top}/", low: f"/{low}/"}
    back_to(work, texts)
    assert values(work, [top, low], "above", "place") == [None, "a"]
    back_to(work, before)
    assert values(work, [top, low], "above", "place") == [None, top]
    assert paths(work)[low] == f"/{top}/{low}/"

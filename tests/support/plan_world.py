"""Rows that a publish would meet: finders over a workspace on disk and its database."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from hypothesis import strategies as st

from headrace.platform.metadata.catalog import Catalog
from headrace.platform.publishing.catalogs import Published
from headrace.platform.publishing.failing import PlannedRows, RowFinder
from headrace.platform.publishing.row_work import RowWork
from tests.support.documents import field, label
from tests.support.publishing import Publishing


@contextmanager
def finder_of(
    work: Publishing, rows: Sequence[RowWork] = (), *, limit: int | None = None
) -> Iterator[RowFinder]:
    """Give a finder over the documents as they are on disk now, and the rows that are live."""
    plan = work.plan()
    assert plan.catalog is not None, plan.problems
    with finder_for(work, plan.catalog, rows, limit=limit) as found:
        yield found


@contextmanager
def finder_for(
    work: Publishing, catalog: Catalog, rows: Sequence[RowWork] = (), *, limit: int | None = None
) -> Iterator[RowFinder]:
    """Give a finder for a catalog that is not live yet."""
    platform = work.platform
    live = platform.catalogs.refresh()
    context = platform.context_of(Published(catalog, live.tables, ()))
    with platform.database.snapshot() as reading:
        planned = PlannedRows(reading.connection, context, live, rows)
        yield RowFinder(planned) if limit is None else RowFinder(planned, limit)


# -- random objects with rows and changes ------------------------------------------------------------

KINDS = ("text", "integer", "money", "boolean", "date", "choice")
NAMES = ("one", "two", "three")
VALUES: dict[str, tuple[Any, ...]] = {
    "text": ("a", "bb", "a long text", "12"),
    "integer": (0, 7, 250, -3),
    "money": ("0.00", "12.30", "7.00", "999.99"),
    "boolean": (True, False),
    "date": ("2025-06-10", "2024-02-29"),
    "choice": ("a", "b", "c"),
}
DEFAULTS = {
    "text": "'zz'",
    "integer": "5",
    "money": "1.50",
    "boolean": "TRUE",
    "date": "DATE('2025-01-01')",
    "choice": "'a'",
}
FILLED: dict[str, Any] = {
    "text": "zz",
    "integer": 5,
    "money": Decimal("1.50"),
    "boolean": True,
    "date": date(2025, 1, 1),
    "choice": "a",
}
CHANGES = (
    "drop",
    "add",
    "add_required",
    "add_filled",
    "require",
    "require_filled",
    "unique",
    "unique_pair",
    "narrow",
    "rule",
    "rename",
    "double",
    "retype",
)
Row = dict[str, Any]


@st.composite
def kinds(draw: st.DrawFn) -> tuple[str, ...]:
    """The types of the fields of an object."""
    return tuple(draw(st.sampled_from(KINDS)) for _ in NAMES)


@st.composite
def worlds(
    draw: st.DrawFn,
) -> tuple[tuple[str, ...], list[Row], list[tuple[str, str, str]]]:
    """Draw types of fields, rows (with `deleted`), and changes (what, which field, another)."""
    types = draw(kinds())
    row = st.fixed_dictionaries(
        {
            **{
                name: st.one_of(st.none(), st.sampled_from(VALUES[kind]))
                for name, kind in zip(NAMES, types, strict=True)
            },
            "deleted": st.integers(0, 5).map(lambda number: number == 0),
        }
    )
    rows = draw(st.lists(row, max_size=7))
    change = st.tuples(st.sampled_from(CHANGES), st.sampled_from(NAMES), st.sampled_from(NAMES))
    return types, rows, draw(st.lists(change, min_size=1, max_size=3))


def random_object(name: str, types: Sequence[str]) -> dict[str, Any]:
    """Return an object with fields of these types and a stored formula."""
    fields = [field("code", "text", length=20, external_id=True)]
    for one, kind in zip(NAMES, types, strict=True):
        options = {"choices": [{"value": value} for value in "abc"]} if kind == "choice" else {}
        fields.append(field(one, kind, **options))
    fields.append(field("twice", "formula", returns="text", formula="CONCAT(code, code)"))
    return {"kind": "object", "name": name, "label": label(name, name), "fields": fields}


def change_object(content: dict[str, Any], change: tuple[str, str, str]) -> None:
    """Apply one change to an object, where it still has the field."""
    what, name, other = change
    by_name = {one["name"]: one for one in content["fields"]}
    one = by_name.get(name)
    if what == "add":
        content["fields"].append(field("extra", "text"))
    elif what == "add_required":
        content["fields"].append(field("needed", "integer", required=True))
    elif what == "add_filled":
        content["fields"].append(field("filled", "integer", required=True, default="5"))
    elif one is not None:
        _change_field(content, one, what, by_name.get(other))
    named: dict[str, Any] = {}
    for each in content["fields"]:
        named.setdefault(each["name"], each)
    content["fields"] = list(named.values())


def _change_field(
    content: dict[str, Any], one: dict[str, Any], what: str, other: dict[str, Any] | None
) -> None:
    kind = one["type"]
    match what:
        case "drop":
            content["fields"].remove(one)
            content["rules"] = []
            content["unique"] = []
        case "require":
            one["required"] = True
        case "require_filled":
            one |= {"required": True, "default": DEFAULTS[kind]}
        case "unique":
            one["unique"] = True
        case "unique_pair" if other is not None and other is not one:
            content["unique"] = [{"fields": [one["name"], other["name"]]}]
        case "narrow":
            narrower: dict[str, Any] = {
                "text": {"length": 2},
                "integer": {"least": 0, "most": 100},
                "money": {"most": "100"},
                "choice": {"choices": [{"value": "a"}, {"value": "b"}]},
            }
            one |= narrower.get(kind, {})
        case "rule" if kind in {"integer", "money"}:
            rule = {"name": "cap", "unless": f"{one['name']} <= 10", "message": label("a", "b")}
            content["rules"] = [rule]
        case "rename" if "was" not in one and not content.get("rules"):
            if not content.get("unique"):
                one["was"], one["name"] = one["name"], "new_" + one["name"]
        case "double":
            content["fields"].append(
                field("length", "formula", returns="integer", formula="LEN(code) + 1")
            )
        case "retype" if kind == "text":
            one["type"] = "integer"
            one.pop("length", None)
            one.pop("default", None)


def dump(work: Publishing, object_name: str) -> dict[str, Row]:
    """Return all rows of an object by id, deleted ones too: Python values by field id."""
    live = work.platform.catalogs.refresh()
    model = live.catalog.objects[object_name]
    table = live.tables.of(object_name)
    dialect = work.platform.database.dialect
    known = [one for one in model.fields.values() if one.stored]
    reads = [(one, one.storage.from_driver(dialect)) for one in known]
    select = sa.select(*(table.columns[one.name] for one in known), table.deleted_at)
    with work.platform.database.reading() as reading:
        found = list(reading.connection.execute(select))
    rows = {}
    for values in found:
        row = {one.id: read(value) for (one, read), value in zip(reads, values, strict=False)}
        row["deleted"] = values[-1] is not None
        rows[str(row["system.id"])] = row
    return rows

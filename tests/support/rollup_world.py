"""Depots and what moves in and out of them: every way to roll up, with an oracle that reckons by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from headrace.platform.core.errors import PlatformError
from headrace.platform.records import reader
from headrace.platform.records.drafts import Row
from headrace.platform.records.recounting import Drift, Recount, computed_objects
from tests.support.documents import field, label
from tests.support.publishing import MODULE, Contents, Publishing, published_at

CENT = Decimal("0.01")


def rollup(name: str, op: str, of: str, **keys: Any) -> dict[str, Any]:
    return field(name, "rollup", op=op, of=of, **keys)


def depot_contents() -> Contents:
    """Return fresh documents of the world."""
    return {
        ("module", MODULE): {
            "kind": "module",
            "name": MODULE,
            "version": "1.0.0",
            "label": label("Depots", "仓库"),
            "constants": [{"name": "recent_days", "type": "integer", "value": "7"}],
        },
        ("object", "city"): {
            "kind": "object",
            "name": "city",
            "label": label("City", "城市"),
            "fields": [
                field("code", "text", length=20, external_id=True),
                rollup("best", "max", "depot.dearest", by="city"),
                rollup("mean", "avg", "depot.total", by="city", scale=4),
            ],
        },
        ("object", "depot"): {
            "kind": "object",
            "name": "depot",
            "label": label("Depot", "仓库"),
            "fields": [
                field("code", "text", length=20, external_id=True),
                field("city", "lookup", to="city"),
                rollup("total", "sum", "move.cost", by="depot"),
                rollup("moves", "count", "move", by="depot"),
                rollup("dearest", "max", "move.cost", by="depot"),
                rollup("least_qty", "min", "move.qty", by="depot", where="kind = 'in'"),
                rollup("mean_cost", "avg", "move.cost", by="depot"),
                rollup("mean_rank", "avg", "move.rank", by="depot", scale=3),
                rollup("first_day", "min", "move.day", by="depot"),
                rollup("last_note", "last", "move.note", by="depot", last_by="day"),
                rollup("last_kind", "last", "move.kind", by="depot", last_by="day"),
                rollup(
                    "recent",
                    "count",
                    "move",
                    by="depot",
                    where="day >= DATEADD(TODAY(), 0 - recent_days, 'day')",
                ),
                rollup("urgent", "sum", "move.qty", by="depot", where="goods.urgent = TRUE"),
                rollup("parcels", "count", "parcel", via="move.depot"),
                rollup("heaviest", "max", "parcel.weight", via="move.depot", where="weight > 1"),
                field("double", "formula", returns="money", formula="mean_cost * 2"),
                field("busy", "formula", returns="boolean", formula="recent > 1"),
            ],
        },
        ("object", "goods"): {
            "kind": "object",
            "name": "goods",
            "label": label("Goods", "货物"),
            "fields": [
                field("code", "text", length=20, external_id=True),
                field("urgent", "boolean", default="FALSE"),
            ],
        },
        ("object", "shelf"): {
            "kind": "object",
            "name": "shelf",
            "label": label("Shelf", "货架"),
            "fields": [
                field("depot", "lookup", to="depot"),
                field("goods", "lookup", to="goods"),
                rollup("stock", "sum", "move.qty", on=["depot", "goods"]),
                rollup("moves", "count", "move", on=["depot", "goods"]),
                rollup("last_day", "max", "move.day", on=["depot", "goods"]),
                rollup("mean_cost", "avg", "move.cost", on=["depot", "goods"]),
                rollup("last_note", "last", "move.note", on=["depot", "goods"], last_by="day"),
                field("doubled", "formula", returns="quantity", formula="stock * 2"),
            ],
        },
        ("object", "move"): {
            "kind": "object",
            "name": "move",
            "label": label("Move", "出入库"),
            "fields": [
                field("depot", "lookup", to="depot"),
                field("goods", "lookup", to="goods"),
                field("qty", "quantity"),
                field("cost", "money"),
                field("rank", "integer"),
                field("day", "date"),
                field("note", "text", length=40),
                field(
                    "kind",
                    "choice",
                    choices=[
                        {"value": "in", "label": label("In", "入")},
                        {"value": "out", "label": label("Out", "出")},
                    ],
                ),
            ],
        },
        ("object", "parcel"): {
            "kind": "object",
            "name": "parcel",
            "label": label("Parcel", "包裹"),
            "fields": [
                field("move", "master_detail", to="move", required=True),
                field("weight", "decimal", scale=2),
            ],
        },
    }


class Depots:
    """The world in one database, and what its rows give when reckoned by hand."""

    def __init__(self, work: Publishing) -> None:
        self.work = work
        self.platform = work.platform
        self.ids: dict[str, str] = {}

    def create(self, object_name: str, **values: Any) -> str:
        """Make a record as the platform."""
        saved = self.platform.write_as_system(
            lambda context, unit: self.platform.store.create(context, unit, object_name, values)
        )
        return saved.id

    def create_many(self, object_name: str, items: list[dict[str, Any]]) -> list[str]:
        """Make records together."""
        saved = self.platform.write_as_system(
            lambda context, unit: self.platform.store.create_many(context, unit, object_name, items)
        )
        return [one.id for one in saved]

    def update(self, object_name: str, record_id: str, **values: Any) -> None:
        """Change a record, whatever its version is."""
        store = self.platform.store

        def change(context: Any, unit: Any) -> None:
            version = store.lock(context, unit, object_name, record_id)["version"]
            store.update(context, unit, object_name, record_id, values, version)

        self.platform.write_as_system(change)

    def delete(self, object_name: str, record_id: str) -> None:
        """Delete a record, whatever its version is."""
        store = self.platform.store

        def change(context: Any, unit: Any) -> None:
            version = store.lock(context, unit, object_name, record_id)["version"]
            store.delete(context, unit, object_name, record_id, version)

        self.platform.write_as_system(change)

    def read(self, object_name: str, record_id: str) -> dict[str, Any]:
        """Return a record as the API shows it."""
        return self.platform.perform_as_system(
            lambda context: reader.get(context, object_name, record_id)
        )

    def rows(self, object_name: str) -> dict[str, Row]:
        """Return all live rows of an object, read without the store."""

        def read(context: Any) -> dict[str, Row]:
            table, model = context.tables.of(object_name), context.catalog.objects[object_name]
            fields = [one for one in model.fields.values() if one.stored]
            convert = [one.storage.from_driver(context.database.dialect) for one in fields]
            select = sa.select(*(table.columns[one.name] for one in fields))
            found = {}
            with context.database.reading() as reading:
                rows = reading.connection.execute(select.where(table.deleted_at.is_(None)))
                for values in rows:
                    row = {
                        one.name: change(value)
                        for one, change, value in zip(fields, convert, values, strict=True)
                    }
                    found[str(row["id"])] = row
                reading.connection.rollback()
            return found

        return self.platform.perform_as_system(read)

    def recount(self, *, mends: bool = False) -> list[Drift]:
        """Return what the platform's own recount finds."""

        def run(context: Any) -> list[Drift]:
            work = Recount(context, self.platform.store, self.platform.write_as_system, mends=mends)
            return [
                one for name in computed_objects(context.catalog) for one in work.of(name).drifts
            ]

        return self.platform.perform_as_system(run)

    def differences(self) -> list[str]:
        """Return every stored figure that is not what the rows give."""
        moves = list(self.rows("move").values())
        wrong: list[str] = []
        depots = self.rows("depot")
        for depot in depots.values():
            own = [one for one in moves if one["depot"] == depot["id"]]
            expected = {
                "total": total(own, "cost") or Decimal("0.00"),
                "moves": len(own),
                "dearest": extreme(max, own, "cost"),
                "least_qty": extreme(min, [one for one in own if one["kind"] == "in"], "qty"),
                "mean_cost": mean(own, "cost", CENT),
                "mean_rank": mean(own, "rank", Decimal("0.001")),
                "first_day": extreme(min, own, "day"),
                "last_note": last(own, "note"),
                "last_kind": last(own, "kind"),
            }
            doubled = expected["mean_cost"]
            expected["double"] = None if doubled is None else doubled * 2
            wrong += compared(depot, expected)
        for shelf in self.rows("shelf").values():
            own = [
                one
                for one in moves
                if shelf["depot"] is not None
                and shelf["goods"] is not None
                and (one["depot"], one["goods"]) == (shelf["depot"], shelf["goods"])
            ]
            expected = {
                "stock": total(own, "qty") or Decimal("0.000"),
                "moves": len(own),
                "last_day": extreme(max, own, "day"),
                "mean_cost": mean(own, "cost", CENT),
                "last_note": last(own, "note"),
                "doubled": (total(own, "qty") or Decimal(0)) * 2,
            }
            wrong += compared(shelf, expected)
        for city in self.rows("city").values():
            own = [one for one in depots.values() if one["city"] == city["id"]]
            expected = {
                "best": extreme(max, own, "dearest"),
                "mean": mean(own, "total", Decimal("0.0001")),
            }
            wrong += compared(city, expected)
        return wrong


def compared(row: Row, expected: dict[str, Any]) -> list[str]:
    return [
        f"{name} of {row['id']}: {row[name]} for {value}"
        for name, value in expected.items()
        if row[name] != value
    ]


def values_of(rows: Iterable[Row], name: str) -> list[Any]:
    return [one[name] for one in rows if one[name] is not None]


def total(rows: Iterable[Row], name: str) -> Any:
    return sum(values_of(rows, name))


def extreme(choose: Callable[..., Any], rows: Iterable[Row], name: str) -> Any:
    return choose(values_of(rows, name), default=None)


def mean(rows: Iterable[Row], name: str, unit: Decimal) -> Decimal | None:
    values = values_of(rows, name)
    if not values:
        return None
    return (Decimal(sum(values)) / len(values)).quantize(unit, ROUND_HALF_UP)


def last(rows: Iterable[Row], name: str) -> Any:
    dated = [one for one in rows if one["day"] is not None]
    if not dated:
        return None
    return max(dated, key=lambda one: (one["day"], one["id"]))[name]


@contextmanager
def depots_at(url: str, folder: Path) -> Iterator[Depots]:
    """Publish the world and fill it with a few records."""
    with published_at(url, folder, depot_contents()) as work:
        world = Depots(work)
        for code in ("north", "south"):
            world.ids[code] = world.create("city", code=code)
        for code, city in (("d1", "north"), ("d2", "north"), ("d3", "south")):
            world.ids[code] = world.create("depot", code=code, city=world.ids[city])
        for code, urgent in (("g1", True), ("g2", False)):
            world.ids[code] = world.create("goods", code=code, urgent=urgent)
        yield world


def refused(act: Callable[[], Any]) -> str | None:
    """Return the code of a refusal, None where there was none."""
    try:
        act()
    except PlatformError as error:
        return error.problems[0].code
    return None

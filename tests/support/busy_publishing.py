"""A publish that prepares everything in small chunks, and people who go on working meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from headrace.platform.core.errors import PlatformError
from headrace.platform.publishing.plan import Plan
from headrace.platform.publishing.preparing import preparer
from headrace.platform.publishing.result import Following, Progress, Result
from headrace.platform.records.context import Context
from tests.support.documents import field as field_of
from tests.support.documents import label
from tests.support.publishing import Publishing

Edit = Callable[["People"], object]


@contextmanager
def small_chunks(rows: int = 2) -> Iterator[None]:
    """Let a preparation go through tables in steps of few rows."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(preparer, "LONGEST_CHUNK", rows)
        yield


@dataclass
class People:
    """Those who use the live version; records are known by names of the test's own."""

    work: Publishing
    ids: dict[str, str] = field(default_factory=dict)

    def create(self, name: str, object_name: str, /, **values: Any) -> None:
        for key, value in values.items():
            if isinstance(value, str) and value.startswith("@"):
                values[key] = self.ids[value[1:]]
        self.ids[name] = self.work.create(object_name, **values)

    def update(self, name: str, object_name: str, /, **values: Any) -> None:
        values = {
            key: self.ids[one[1:]] if isinstance(one, str) and one.startswith("@") else one
            for key, one in values.items()
        }
        store, record_id = self.work.platform.store, self.ids[name]

        def change(context: Context, unit: Any) -> None:
            version = store.lock(context, unit, object_name, record_id)["version"]
            store.update(context, unit, object_name, record_id, values, version)

        self.work.platform.write_as_system(change)

    def delete(self, name: str, object_name: str) -> None:
        store, record_id = self.work.platform.store, self.ids[name]

        def remove(context: Context, unit: Any) -> None:
            version = store.lock(context, unit, object_name, record_id)["version"]
            store.delete(context, unit, object_name, record_id, version)

        self.work.platform.write_as_system(remove)


def settle_in(people: People) -> None:
    """The rows that are there when a publish begins."""
    people.create("north", "region", code="N", name="North")
    people.create("south", "region", code="S", name="South")
    for number in range(5):
        name = f"company{number}"
        region = "@north" if number % 2 else "@south"
        people.create(
            name, "company", code=f"C{number}", name="x", region=region, note=str(number * 10)
        )
    for number in range(7):
        items = [
            {"what": "Pump", "qty": "2", "price": f"{number + 1}.00"},
            {"what": "Pipe", "qty": "0.5", "price": "3.00"},
        ]
        owner = f"@company{number % 3}"
        people.create(
            f"claim{number}", "claim", company=owner, subject=f"Broken {number}", items=items
        )


EDITS: tuple[Edit, ...] = (
    lambda people: people.update("company0", "company", note="777"),
    lambda people: people.create("late", "company", code="L", name="late", note="5"),
    lambda people: people.update("claim1", "claim", company="@company4", fee="12.00"),
    lambda people: people.delete("claim2", "claim"),
    lambda people: people.create(
        "claim7",
        "claim",
        company="@late",
        subject="Lost",
        items=[{"what": "Hose", "qty": "3", "price": "7.00"}],
    ),
    lambda people: people.update("company1", "company", note=None),
    lambda people: people.update("company2", "company", region="@north", name="y"),
    lambda people: people.update("claim7", "claim", subject="Broken 9", fee="1.50"),
    lambda people: people.delete("company3", "company"),
    lambda people: people.update("late", "company", note="66", code="LATE"),
    lambda people: people.update("claim0", "claim", company="@late"),
)
"""What people do, one after the other: rows come, change, move to another owner and go."""


def grow(work: Publishing) -> None:
    """Change about everything that has to be prepared."""
    company = work.contents["object", "company"]["fields"]
    work.field("company", "note").update(type="integer")
    company += [
        field_of("motto", "text", required=True, default="CONCAT('we are ', code)"),
        field_of("claimed", "rollup", op="sum", of="claim.payable", by="company"),
        field_of("twice", "formula", returns="money", formula="claimed * 2"),
    ]
    if work.platform.database.dialect != "sqlite":
        company.append(field_of("branch", "lookup", to="branch"))
    work.field("company", "name").update(required=True)
    work.field("claim", "payable")["formula"] = "total + fee * 3"
    work.field("claim", "reserve").update(required=True, default="7")
    work.field("claim_item", "amount")["formula"] = "ROUND(qty * price, 2) + 1"
    work.contents["object", "company"]["unique"] = [{"fields": ["code", "name"]}]
    work.contents["object", "branch"] = {
        "kind": "object",
        "name": "branch",
        "label": label("Branch", "网点"),
        "fields": [field_of("code", "text", length=9, external_id=True)],
    }
    work.contents["view", "by_motto"] = {
        "kind": "view",
        "name": "by_motto",
        "object": "company",
        "type": "table",
        "label": label("By code", "按编码"),
        "columns": ["code", "motto"],
        "sort": ["code"],
    }


def publish_prepared(
    work: Publishing,
    plan: Plan,
    between: Callable[[Progress], None] | None = None,
    **following: Any,
) -> Result:
    """Publish in small chunks; `between` is called whenever the publish tells how far it is."""
    told = between or (lambda _: None)
    with small_chunks():
        return work.platform.publisher.publish(
            plan, "prepared", None, following=Following(report=told, **following)
        )


def busily(people: People, edits: list[Edit]) -> Callable[[Progress], None]:
    """Let people do one thing at each moment, while there is something to do."""

    def act(_: Progress) -> None:
        if edits:
            try:
                edits.pop(0)(people)
            except PlatformError as error:
                raise AssertionError(f"somebody was refused: {error}") from error

    return act


def values_of(work: Publishing, object_names: tuple[str, ...], people: People) -> Any:
    """What all rows of objects hold, under the test's own names for them."""
    named = {record_id: name for name, record_id in people.ids.items()}
    live = work.platform.catalogs.refresh()
    shown: dict[str, list[Any]] = {}
    with work.platform.database.reading() as reading:
        for object_name in object_names:
            table, model = live.tables.of(object_name), live.catalog.objects[object_name]
            columns = {
                name: column
                for name, column in table.columns.items()
                if not model.fields[name].system or name == "version"
            }
            select = table.table.select().with_only_columns(*columns.values(), table.deleted_at)
            shown[object_name] = sorted(
                str(
                    [
                        (name, named.get(str(value), str(value)))
                        for name, value in zip(columns, row, strict=False)
                        if name not in {"claim_no", "claim"}
                    ]
                    + [row[-1] is None]
                )
                for row in reading.connection.execute(select)
            )
    return shown

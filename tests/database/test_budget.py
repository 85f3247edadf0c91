"""A table that has no room for another column: the plan says so, and nothing changes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.operations import Operations

from headrace.platform.database.budget import SQLITE_LIMIT_COLUMN, most_columns
from headrace.platform.database.names import load_names
from headrace.platform.runtime import Platform
from tests.support.documents import field, label
from tests.support.publishing import MODULE, Publishing, platform_at
from tests.support.retypes import planned, published, version


@pytest.fixture
def work(database_url: str, tmp_path: Path) -> Iterator[Publishing]:
    with platform_at(database_url) as platform:
        narrow(platform)
        made = Publishing(platform, tmp_path / "modules")
        made.contents = {
            ("module", MODULE): {
                "kind": "module",
                "name": MODULE,
                "version": "1.0.0",
                "label": label("Things", "物品"),
            },
            ("object", "thing"): {
                "kind": "object",
                "name": "thing",
                "label": label("Thing", "物品"),
                "fields": [
                    field("code", "text", length=20, external_id=True),
                    field("size", "text", length=20),
                    field("near", "lookup", to="thing"),
                ],
            },
        }
        made.publish()
        yield made


def narrow(platform: Platform) -> None:
    """Let SQLite take tables of 60 columns only: filling one of 2,000 takes it long."""
    if platform.database.dialect == "sqlite":

        @sa.event.listens_for(platform.database.engine, "connect")
        def limit(connection: Any, _: Any) -> None:
            connection.setlimit(SQLITE_LIMIT_COLUMN, 60)

        platform.database.dispose()


def crowd(work: Publishing, *, free: int) -> int:
    """Fill the table with columns until `free` places are left; return how many it may have."""
    database = work.platform.database
    with database.defining() as connection:
        table = load_names(connection).physical(model_id(work))
        most = most_columns(connection, database.dialect)
        there = len(sa.inspect(connection).get_columns(table))
        operations = Operations(MigrationContext.configure(connection))
        for number in range(most - there - free):
            operations.add_column(table, sa.Column(f"x_{number}", sa.Integer()))
        if database.dialect == "postgresql":
            # What is dropped keeps its place.
            operations.drop_column(table, "x_0")
    return most


def model_id(work: Publishing) -> str:
    return work.platform.catalogs.refresh().catalog.objects["thing"].id


def test_a_table_without_room_refuses_new_and_other_columns(work):
    work.create("thing", code="a", size="7")
    most = crowd(work, free=1)
    before = version(work)
    fields = work.contents["object", "thing"]["fields"]
    fields += [field("one", "text"), field("two", "text")]
    [problem] = planned(work).refused
    assert (problem.code, problem.path) == (
        "object.column_budget",
        f"/{MODULE}/objects/thing.json/fields",
    )
    assert str(most + 1) in problem.message.en
    assert str(most) in problem.message.zh
    assert problem.hint.en
    del fields[-2:]
    work.field("thing", "size").pop("length")
    work.field("thing", "size")["type"] = "integer"
    assert planned(work).refused == ()
    fields.append(field("one", "text"))
    assert [one.code for one in planned(work).refused] == ["object.column_budget"]
    assert version(work) == before
    fields.pop()
    published(work)


def test_a_reference_that_goes_needs_a_place_where_its_values_are_kept(work):
    crowd(work, free=0)
    work.contents["object", "thing"]["fields"].pop()
    codes = [one.code for one in planned(work).refused]
    alters = work.platform.database.capabilities.alters_constraints
    assert codes == ([] if alters else ["object.column_budget"])

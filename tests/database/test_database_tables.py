"""The tables of a catalog on both databases: types, keys, indexes, reuse between versions."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pytest
import sqlalchemy as sa

import headrace.platform.access.tables  # noqa: F401 - declares sys_user
from headrace.platform.database.engine import Database, connect_database
from headrace.platform.database.installing import install_catalog
from headrace.platform.database.names import load_names
from headrace.platform.database.prepared import prepare
from headrace.platform.database.tables import Tables, build_tables
from headrace.platform.metadata.building import build_catalog
from headrace.platform.metadata.catalog import Catalog
from headrace.platform.metadata.field_types import built_in
from tests.support.documents import documents, workspace


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    made = connect_database(database_url)
    yield made
    made.dispose()


def catalog_of(contents: dict, version: int = 1) -> Catalog:
    built = build_catalog(documents(contents), built_in(), version)
    assert built.catalog, built.problems
    return built.catalog


@pytest.fixture
def installed(database: Database) -> Tables:
    return install_catalog(database, catalog_of({}, 0), catalog_of(workspace()))


def insert_region(database: Database, tables: Tables, record_id: str, code: str) -> None:
    region = tables.of("region")
    statement = sa.insert(region.table).values(
        {name: sa.bindparam(name) for name in ("id", "version", "created_at", "updated_at")}
        | {region.columns["code"].name: sa.bindparam("code")}
    )
    instant = "2025-06-30T10:00:00.000000Z"
    with database.writing(1) as work:
        work.execute(
            prepare(statement, database.dialect),
            {
                "id": record_id,
                "version": 1,
                "created_at": instant,
                "updated_at": instant,
                "code": code,
            },
        )


A = "01890000-0000-7000-8000-00000000000a"
B = "01890000-0000-7000-8000-00000000000b"


def test_every_object_has_its_table_with_frozen_readable_names(installed, database):
    inspector = sa.inspect(database.engine)
    claim = installed.of("claim")
    assert claim.table.name.startswith("claim_")
    assert {column["name"] for column in inspector.get_columns(claim.table.name)} == {
        column.name for column in claim.table.columns
    }
    assert claim.columns["created_at"].name == "created_at"
    assert "region_name" not in claim.columns


def test_references_are_real_foreign_keys(installed, database):
    inspector = sa.inspect(database.engine)
    claim = installed.of("claim").table.name
    targets = {one["referred_table"] for one in inspector.get_foreign_keys(claim)}
    assert targets == {installed.of("company").table.name}
    company = installed.of("company").table.name
    targets = {one["referred_table"] for one in inspector.get_foreign_keys(company)}
    assert targets == {company, installed.of("region").table.name, "sys_user"}


def test_unique_values_are_unique_among_live_rows_only(installed, database):
    insert_region(database, installed, A, "N")
    with pytest.raises(Exception, match=r"(?i)unique"):
        insert_region(database, installed, B, "N")
    region = installed.of("region")
    with database.writing(1) as work:
        work.connection.execute(sa.update(region.table).values(deleted_at="2025-06-30T10:00:00Z"))
    insert_region(database, installed, B, "N")


def test_decimals_are_exact(installed, database):
    item = installed.of("claim_item").columns
    storage = catalog_of(workspace()).objects["claim_item"].fields["price"].storage
    given = Decimal("9999999999999999.99")
    instant = "2025-06-30T10:00:00.000000Z"
    with database.writing(1) as work:
        work.connection.execute(
            sa.insert(item["id"].table).values(
                {
                    "id": A,
                    "version": 1,
                    "created_at": instant,
                    "updated_at": instant,
                    item["price"].name: storage.to_driver(database.dialect)(given),
                }
            )
        )
    with database.reading() as reading:
        [(stored,)] = reading.rows(prepare(sa.select(item["price"]), database.dialect))
    assert storage.from_driver(database.dialect)(stored) == given


def test_unchanged_tables_are_the_same_values_in_the_next_version(installed, database):
    contents = workspace()
    contents["object", "region"]["fields"].append({"name": "note", "type": "text"})
    catalog = catalog_of(contents, 2)
    with database.reading() as reading:
        names = load_names(reading.connection).with_catalog(catalog)
    again = build_tables(catalog, names, database.dialect, installed)
    assert again.of("claim") is installed.of("claim")
    assert again.of("region") is not installed.of("region")

"""Changes of the schema as values: told in both languages, undone by their reverse."""

from __future__ import annotations

import pytest

from headrace.platform.database.diff import diff
from headrace.platform.database.names import SYSTEM_COLUMNS, Names, PhysicalName, suffix
from headrace.platform.database.operations import (
    AddColumn,
    CreateIndex,
    CreateTable,
    DropIndex,
    KeepColumn,
    KeepTable,
    RenameDefinition,
)
from headrace.platform.database.physical import ColumnSpec, IndexSpec, TableSpec, table_specs
from headrace.platform.metadata.building import build_catalog
from headrace.platform.metadata.field_types import built_in
from headrace.platform.metadata.storage_types import TEXT
from tests.support.documents import documents, field, workspace

COLUMN = ColumnSpec("note_1", TEXT)
TABLE = TableSpec("id", "thing_1", (COLUMN,), ())
KEY = IndexSpec("ux", "thing_1", ("note_1",), unique=True)
OPERATIONS = (
    CreateTable("thing", TABLE),
    KeepTable("thing", TABLE),
    AddColumn("thing", "note", "thing_1", COLUMN),
    KeepColumn("thing", "note", "thing_1", COLUMN),
    RenameDefinition("thing", "note", "remark", "note"),
    RenameDefinition("thing", None, "stuff", "thing"),
    CreateIndex("thing", KEY),
    DropIndex("thing", KEY),
)


def catalog(contents=None, version=1):
    built = build_catalog(documents(contents), built_in(), version)
    assert built.catalog is not None
    return built.catalog


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: one.code)
def test_an_operation_is_told_and_undone(operation):
    text = operation.describe()
    assert "thing" in text.en
    assert "thing" in text.zh
    assert text.en != text.zh
    assert operation.reverse().reverse() == operation
    assert operation.code.count(".") == 1


def test_only_what_disappears_is_destructive():
    assert {type(one) for one in OPERATIONS if one.is_destructive} == {KeepTable, KeepColumn}


def test_the_way_back_is_the_reverse():
    names = Names().with_catalog(catalog())
    contents = workspace()
    contents["object", "company"]["fields"].append(field("rank", "integer"))
    there = diff(catalog(), catalog(contents), names)
    back = diff(catalog(contents), catalog(), there.names)
    assert [one.code for one in there.operations] == ["field.add"]
    assert back.operations == tuple(one.reverse() for one in there.operations)
    assert len(back.dropped) == 1


def test_nothing_changes_between_equal_catalogs():
    names = Names().with_catalog(catalog())
    same = diff(catalog(), catalog(version=2), names)
    assert (same.operations, same.names, same.dropped) == ((), names, frozenset())


def test_names_are_unique_short_and_frozen():
    contents = workspace()
    contents["object", "company"]["fields"].append(field("x" * 40, "text"))
    names = Names().with_catalog(catalog(contents))
    physical = [one.physical for one in names.all]
    assert len(set(physical)) == len(physical)
    for spec in table_specs(catalog(contents), names).specs.values():
        for one in (spec, *spec.columns, *spec.indexes):
            assert len(one.name) <= 63
    assert names.with_catalog(catalog(contents)) == names


def test_a_name_never_meets_a_column_of_the_platform():
    """`created_by` would be the name of a field `created` with the suffix `by`."""
    number = int("by", 36) - 1
    before = Names.of([PhysicalName(number, "other", "object", "other")])
    contents = workspace()
    fields = contents["object", "region"]["fields"]
    contents["object", "region"]["fields"] = [field("created", "text"), *fields]
    minted = {one.physical for one in before.with_catalog(catalog(contents)).all}
    assert minted & SYSTEM_COLUMNS == set()
    assert [suffix(number) for number in (0, 35, 36, 1295, 1296)] == ["0", "z", "10", "zz", "100"]

"""Grants mean the same in SQL, where rows are read, and in Python, where they are written.

The workspace has a permission document on a detail too, which can only narrow what the master gives.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from headrace.platform.core.errors import NotFoundError
from headrace.platform.records import reader
from headrace.platform.records.batch import Batch
from headrace.platform.records.permits import names_in_row
from headrace.platform.records.query import parse_query
from headrace.platform.records.source import row_rights
from tests.support.access_cases import principals
from tests.support.access_world import World, make_world

NARROWING = {
    "kind": "permission",
    "name": "deal_line",
    "object": "deal_line",
    "grants": [
        {"role": "chief", "actions": ["read", "update"], "fields": {"read": ["item"]}},
        {"role": "admin", "actions": ["read"], "scope": {"criteria": "qty > 4"}},
        {"role": "idle", "actions": ["read"]},
    ],
}


@pytest.fixture(scope="module")
def world(shared_database_url: str) -> Iterator[World]:
    made = make_world(shared_database_url, deals=60, more=(NARROWING,))
    yield made
    made.database.dispose()


@pytest.mark.parametrize("object_name", ["deal", "deal_line", "firm", "contact", "area", "vault"])
def test_sql_and_python_agree_on_every_row_for_everybody(world, object_name):
    told = {True: 0, False: 0}
    for name, principal in principals(world).items():
        context = world.context(principal)
        with world.database.writing(None) as work:
            batch = Batch(context, work)
            for record_id, row in world.rows[object_name].items():
                if row.get("deleted_at"):
                    continue
                environment = batch.environment_of(object_name, record_id)
                assert environment is not None
                for action in ("read", "create", "update", "delete", "migrate"):
                    in_sql = row_rights(context, work, object_name, record_id, action)
                    in_python = names_in_row(environment, principal, action)
                    told[in_sql is not None] += 1
                    if action == "delete":
                        assert (in_sql is None) == (in_python is None), (name, record_id)
                    else:
                        assert in_sql == in_python, (name, action, record_id)
    assert told[False]
    assert told[True] or object_name == "vault"


def lines_of(world: World, name: str) -> list[dict]:
    context = world.context(principals(world)[name])
    query = parse_query(context, "deal_line", {"limit": 200})
    return reader.find(context, "deal_line", query).items


def test_a_permission_on_a_detail_only_narrows(world):
    live = {k: row for k, row in world.rows["deal_line"].items() if not row.get("deleted_at")}
    assert {one["id"] for one in lines_of(world, "admin")} == {
        key for key, row in live.items() if row["qty"] > 4
    }
    chief = lines_of(world, "chief")
    assert chief
    assert all(not {"qty", "deal", "cost"} & set(one) for one in chief)
    for name in ("idle", "keeper", "clerk"):
        with pytest.raises(NotFoundError):
            lines_of(world, name)

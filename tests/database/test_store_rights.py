"""The writer's judgement of a row in hand equals the reader's judgement in SQL, right for right."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from headrace.platform.access.policy import grants_for, names_of
from headrace.platform.records import permits
from headrace.platform.records.batch import Batch
from headrace.platform.records.permits import names_in_row, static_names
from headrace.platform.records.source import row_rights
from tests.support.access_cases import OBJECTS, principals
from tests.support.access_world import World, make_world

ACTIONS: tuple[Any, ...] = ("create", "read", "update", "delete")


@pytest.fixture(scope="module")
def world(shared_database_url: str) -> Iterator[World]:
    made = make_world(shared_database_url)
    yield made
    made.database.dispose()


def differences(world: World, step: int) -> list[str]:
    """Return every row on which the two disagree; `step` takes one row of so many."""
    found = []
    judged = 0
    for who, principal in principals(world).items():
        context = world.context(principal)
        with world.database.reading() as reading:
            batch = Batch(context, reading)
            for name in OBJECTS:
                rows = list(world.rows[name].values())[::step]
                for row in rows:
                    if row.get("deleted_at") is not None:
                        continue
                    environment = batch.environment_of(name, row["id"])
                    assert environment is not None
                    for action in ACTIONS:
                        expected = row_rights(context, reading, name, row["id"], action)
                        actual = names_in_row(environment, principal, action)
                        judged += expected is not None
                        if actual != expected:
                            found.append(f"{who} {action} {name} {row['id']}: {actual} {expected}")
    assert judged > 100
    return found


def test_rows_are_judged_alike(world: World, deep: bool) -> None:
    assert differences(world, 1 if deep else 5) == []


def test_static_names_are_alike(world: World) -> None:
    for who, principal in principals(world).items():
        context = world.context(principal)
        with world.database.reading() as reading:
            shapes = Batch(context, reading).shapes
        for name in OBJECTS:
            for action in ACTIONS:
                pairs = grants_for(context.catalog, principal, name, action)
                assert static_names(shapes.of(name), principal, action) == names_of(pairs), who


@pytest.mark.parametrize("planted", ["scope", "condition", "audience"])
def test_a_planted_difference_is_found(
    world: World, monkeypatch: pytest.MonkeyPatch, planted: str
) -> None:
    if planted == "scope":
        monkeypatch.setattr(permits.Permit, "_reaches", lambda *_: True)
    elif planted == "condition":
        monkeypatch.setattr(permits, "holds", lambda _: True)
    else:
        monkeypatch.setattr(
            permits.Permit,
            "names",
            lambda self, action, _: (
                getattr(self, "read" if action == "read" else "edit") | self.internal
            ),
        )
    world.compiled = type(world.compiled)()
    assert differences(world, 10)
    world.compiled = type(world.compiled)()

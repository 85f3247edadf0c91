"""The demo moves to the other database: its records arrive equal, or none of them does."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from headrace.platform.core.errors import ConflictError, RefusedError
from headrace.platform.publishing.transfer import LoadedRecords
from headrace.platform.runtime import Platform
from headrace.platform.workflow.tables import TASK
from tests.demo.world import World
from tests.support.live import open_platform
from tests.support.moving import exported, load, values, write
from tests.support.templates import filled

RECORDS = 6073
USERS = 34
ORDERS = "ordering/records/data/sales_order.jsonl"


@pytest.fixture
def folder(demo: World, tmp_path: Path) -> Path:
    return write(tmp_path / "moved", exported(demo.platform))


@pytest.fixture
def target(backend: str, fresh_database: Callable[[str], str], folder: Path) -> Iterator[Platform]:
    """The demo's modules on the other database, with their reference rows only."""
    url = fresh_database("sqlite" if backend == "postgresql" else "postgresql")
    filled(url, "the demo's modules", lambda place: publish(place, folder))
    platform = open_platform(url)
    yield platform
    platform.close()


def publish(url: str, folder: Path) -> None:
    platform = open_platform(url)
    platform.publisher.publish(platform.publisher.plan(folder), "Moved", None)
    platform.close()


def test_all_records_arrive_equal(demo: World, target: Platform, folder: Path) -> None:
    assert load(target, folder) == LoadedRecords(RECORDS, USERS)

    assert values(target) == values(demo.platform)
    assert exported(target) == exported(demo.platform)
    open_tasks = sa.select(sa.func.count()).select_from(TASK).where(TASK.c.state == "open")
    with target.database.reading() as reading:
        assert reading.connection.execute(open_tasks).scalar_one() == demo.rows(open_tasks)[0][0]
    assert target.publisher.plan(folder).lines == ()


def test_records_are_not_loaded_beside_others(target: Platform, folder: Path) -> None:
    load(target, folder)
    before = values(target)
    with pytest.raises(ConflictError) as refused:
        load(target, folder)
    assert [one.code for one in refused.value.problems] == ["moved.not_empty"]
    assert values(target) == before


def changed(folder: Path, number: int, **changes: Any) -> None:
    lines = (folder / ORDERS).read_text(encoding="utf-8").splitlines()
    lines[number - 1] = json.dumps({**json.loads(lines[number - 1]), **changes})
    (folder / ORDERS).write_text("\n".join(lines) + "\n", encoding="utf-8")


@pytest.mark.parametrize(
    ("changes", "code", "name"),
    [
        ({"partner": "01946a76-7c2e-7d7e-8000-00000000beef"}, "package.foreign_id", "partner"),
        ({"created_by": {"key": "nobody_here"}}, "moved.unknown_user", "created_by"),
        ({"status": "nowhere"}, "value.not_a_choice", "status"),
        ({"colour": "red"}, "field.unknown", "colour"),
    ],
)
def test_a_wrong_line_is_named_and_nothing_is_loaded(
    target: Platform, folder: Path, changes: dict[str, Any], code: str, name: str
) -> None:
    before = values(target)
    changed(folder, 7, **changes)
    with pytest.raises(RefusedError) as refused:
        load(target, folder)
    found = {(one.code, one.path) for one in refused.value.problems}
    assert (code, f"/{ORDERS}/7/{name}") in found
    assert values(target) == before
    assert [user.login for user in target.identity.users()] == []

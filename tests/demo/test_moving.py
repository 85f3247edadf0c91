"""The demo moves to the other database: its records arrive equal, or none of them does."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from headrace.platform.core.errors import ConflictError, RefusedError
from headrace.platform.metadata.field_types.references import USER_OBJECT
from headrace.platform.publishing.export import export_files
from headrace.platform.publishing.moved_records import export_records, read_moved
from headrace.platform.publishing.sources import open_source
from headrace.platform.publishing.transfer import LoadedRecords
from headrace.platform.runtime import Platform
from headrace.platform.workflow.tables import TASK
from tests.demo.world import World
from tests.support.live import open_platform

RECORDS = 5364
USERS = 34
ORDERS = "ordering/records/data/sales_order.jsonl"


def exported(platform: Platform) -> dict[str, bytes]:
    content = platform.catalogs.content_of()
    modules = sorted({one.module for one in content.documents})
    users = platform.identity.users()

    def action(context: Any) -> list[tuple[str, bytes]]:
        with platform.database.snapshot() as reading:
            return list(export_records(context, reading.connection, modules, users, whole=True))

    return dict(export_files(content, records=platform.perform_as_system(action)))


def load(platform: Platform, folder: Path) -> LoadedRecords:
    moved, problems = read_moved(open_source(folder))
    assert problems == ()
    files = platform.catalogs.refresh().rows
    return platform.write_as_system(
        lambda context, work: platform.transfer.load(context, work, moved, files)
    )


def values(platform: Platform) -> dict[str, list[tuple[Any, ...]]]:
    """All live rows with all their stored values, computed ones too; users by login."""
    published = platform.catalogs.refresh()
    dialect = platform.database.dialect
    found: dict[str, list[tuple[Any, ...]]] = {}
    with platform.database.reading() as reading:
        user = published.tables.of(USER_OBJECT)
        query = sa.select(user.id, user.columns["login"])
        logins = {str(row_id): login for row_id, login in reading.connection.execute(query)}
        for name, model in published.catalog.objects.items():
            table = published.tables.of(name)
            fields = [one for one in model.fields.values() if one.stored]
            convert = [one.storage.to_json(dialect) or (lambda value: value) for one in fields]
            query = sa.select(*(table.columns[one.name] for one in fields))
            rows = reading.connection.execute(query.where(table.deleted_at.is_(None)))
            found[name] = sorted(
                tuple(
                    logins[str(value)]
                    if one.target == USER_OBJECT and value is not None
                    else to_json(value)
                    for one, to_json, value in zip(fields, convert, row, strict=True)
                )
                for row in rows
            )
    return found


def write(folder: Path, files: dict[str, bytes]) -> Path:
    for path, data in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    return folder


@pytest.fixture
def folder(demo: World, tmp_path: Path) -> Path:
    return write(tmp_path / "moved", exported(demo.platform))


@pytest.fixture
def target(backend: str, fresh_database: Callable[[str], str], folder: Path) -> Iterator[Platform]:
    """The demo's modules on the other database, with their reference rows only."""
    platform = open_platform(fresh_database("sqlite" if backend == "postgresql" else "postgresql"))
    platform.publisher.publish(platform.publisher.plan(folder), "Moved", None)
    yield platform
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

"""A workspace on its way to another database: what it exports, how it is loaded, what its rows hold."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import sqlalchemy as sa

from headrace.platform.metadata.field_types.references import USER_OBJECT
from headrace.platform.metadata.storage_types import values_in
from headrace.platform.publishing.export import export_files
from headrace.platform.publishing.moved_records import export_records, read_moved
from headrace.platform.publishing.sources import open_source
from headrace.platform.publishing.transfer import LoadedRecords
from headrace.platform.runtime import Platform


def exported(platform: Platform, *, files: bool = True) -> dict[str, bytes]:
    content = platform.catalogs.content_of()
    modules = sorted({one.module for one in content.documents})
    users = platform.identity.users()

    def action(context: Any) -> list[tuple[str, bytes]]:
        with platform.database.snapshot() as reading:
            found = export_records(
                context, reading.connection, modules, users, whole=True, files=files
            )
            return list(found)

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
                    [logins[one_id] for one_id in values_in(str(value)) or ()]
                    if one.pointed == USER_OBJECT and value is not None
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

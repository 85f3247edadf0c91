"""Reference rows: brought up to date at publish, left alone where somebody changed them since."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from headrace.platform.core.canonical import content_hash
from headrace.platform.core.errors import RefusedError
from headrace.platform.core.problems import Message
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.metadata.catalog import ObjectModel
from headrace.platform.publishing.row_order import ObjectRows, check_rows, in_loading_order
from headrace.platform.publishing.rows import RowsFile
from headrace.platform.publishing.tables import REFERENCE
from headrace.platform.records.context import Context
from headrace.platform.records.drafts import Saved
from headrace.platform.records.store import RecordStore

NO_KEY = Message(
    "rows.no_external_id",
    "“{object}” has reference rows and no external id to know them by.",
    "“{object}”有参考数据，但没有外部标识字段用于识别。",
    'Mark one of its fields with "external_id": true, or move the rows to records/sample.',
    '请为其某个字段设置 "external_id": true，或将数据移到 records/sample。',
)


def take_reference_rows(
    store: RecordStore, context: Context, work: UnitOfWork, files: Sequence[RowsFile]
) -> None:
    """Create and update the rows of reference `files` in the transaction of the publish."""
    reference = [file for file in files if file.set == "reference"]
    check_rows(context.catalog, reference)
    for one in in_loading_order(context.catalog, reference):
        _ObjectReference(store, context, work, one.model).take(one)


class _ObjectReference:
    def __init__(
        self, store: RecordStore, context: Context, work: UnitOfWork, model: ObjectModel
    ) -> None:
        if not model.external_ids:
            raise RefusedError(NO_KEY.at(object=model.name))
        self.store = store
        self.context = context
        self.work = work
        self.model = model
        self.key = model.external_ids[0]
        query = sa.select(REFERENCE).where(REFERENCE.c.object_id == model.id)
        self.known = {row.key: row for row in work.connection.execute(query)}
        self.present = self._present()

    def take(self, given: ObjectRows) -> None:
        """Bring the stored rows to what the file says."""
        new: list[dict[str, Any]] = []
        for row in given.rows:
            key = str(row.get(self.key))
            known = self.known.get(key)
            if known is None and key not in self.present:
                new.append(row)
            elif known is not None and known.row_hash != content_hash(row):
                self._update(row, known)
        saved = self.store.create_many(
            self.context, self.work, self.model.name, new, mode="migration"
        )
        for row, one in zip(new, saved, strict=True):
            self._remember(row, one)

    def _update(self, row: dict[str, Any], known: Any) -> None:
        """Change a row that is as publishing left it; a changed or deleted one is its owner's now."""
        present = self.present.get(known.key)
        if present != (known.record_id, known.record_version):
            return
        values = {name: value for name, value in row.items() if self._is_written(name)}
        missing = {
            field.name: None
            for field in self.model.fields.values()
            if self._is_written(field.name)
            and field.name not in row
            and not field.definition.required
        }
        saved = self.store.update(
            self.context,
            self.work,
            self.model.name,
            known.record_id,
            {**missing, **values},
            known.record_version,
        )
        self._remember(row, saved)

    def _is_written(self, name: str) -> bool:
        field = self.model.fields.get(name)
        return (
            field is not None
            and not field.system
            and field.computed is None
            and field.definition.written_by == "user"
        )

    def _remember(self, row: dict[str, Any], saved: Saved) -> None:
        key = str(row.get(self.key))
        values = {
            "record_id": saved.id,
            "record_version": saved.version,
            "row_hash": content_hash(row),
        }
        table = REFERENCE
        if key in self.known:
            here = sa.and_(table.c.object_id == self.model.id, table.c.key == key)
            self.work.connection.execute(sa.update(table).where(here).values(values))
        else:
            identity = {"object_id": self.model.id, "key": key}
            self.work.connection.execute(sa.insert(table).values({**identity, **values}))

    def _present(self) -> dict[str, tuple[str, int]]:
        """Return id and version of the live rows by their key."""
        table = self.context.tables.of(self.model.name)
        query = sa.select(
            table.columns[self.key], table.columns["id"], table.columns["version"]
        ).where(table.table.c["deleted_at"].is_(None))
        return {
            str(key): (row_id, version)
            for key, row_id, version in self.work.connection.execute(query)
        }

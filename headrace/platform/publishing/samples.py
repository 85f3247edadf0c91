"""Sample rows of a module: loaded through the record store, remembered, taken away exactly."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

import sqlalchemy as sa

from headrace.platform.access.audit import Entry, EntryAction, Piece, record
from headrace.platform.access.identity import Identity
from headrace.platform.core.errors import ConflictError, NotFoundError
from headrace.platform.core.problems import Message, Text
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.metadata.catalog import Catalog, ObjectModel
from headrace.platform.metadata.wording import sentence
from headrace.platform.publishing.row_order import (
    check_rows,
    in_loading_order,
    waiting_states,
)
from headrace.platform.publishing.rows import USER_FILE, RowsFile
from headrace.platform.publishing.sample_users import SampleUsers
from headrace.platform.publishing.tables import SAMPLE
from headrace.platform.records.context import Context
from headrace.platform.records.store import RecordStore
from headrace.platform.workflow.engine import WorkflowEngine

UNKNOWN_MODULE = Message(
    "module.unknown",
    "There is no module “{name}” here.",
    "没有模块“{name}”。",
    "Publish it first.",
    "请先发布该模块。",
)
ALREADY_LOADED = Message(
    "sample.loaded",
    "The sample rows of “{name}” are loaded already.",
    "“{name}”的示例数据已加载。",
    "Unload them first.",
    "请先卸载。",
)
NOT_LOADED = Message(
    "sample.not_loaded",
    "No sample rows of “{name}” are loaded.",
    "“{name}”没有已加载的示例数据。",
    "Load them first.",
    "请先加载。",
)
LOADED = Text(
    "sample rows of module “{name}” loaded: {count}", "已加载模块“{name}”的示例数据：{count} 行"
)
UNLOADED = Text(
    "sample rows of module “{name}” taken away: {count}", "已移除模块“{name}”的示例数据：{count} 行"
)
USER_OBJECT_ID: Final = "system.user"
CHUNK: Final = 200


class Samples:
    """Loads and unloads the sample rows of modules, each in one unit of work."""

    def __init__(self, store: RecordStore, identity: Identity, workflow: WorkflowEngine) -> None:
        self._store = store
        self._identity = identity
        self._workflow = workflow

    def load(
        self, context: Context, work: UnitOfWork, files: Sequence[RowsFile], module: str
    ) -> int:
        """Load the sample rows of `module`; return how many records were made."""
        own = _sample_files(context.catalog, files, module)
        if _loaded(work, module):
            raise ConflictError(ALREADY_LOADED.at(name=module))
        check_rows(context.catalog, own)
        memory = _Memory(work, module)
        users = SampleUsers(self._identity, context, work)
        for file in own:
            if file.object == USER_FILE:
                memory.add(USER_OBJECT_ID, users.create(file))
        waiting: list[tuple[str, str]] = []
        for one in in_loading_order(context.catalog, own):
            states = waiting_states(context.catalog, one.model)
            for start in range(0, len(one.rows), CHUNK):
                chunk = one.rows[start : start + CHUNK]
                saved = self._store.create_many(
                    context, work, one.model.name, chunk, mode="migration"
                )
                memory.add(one.model.id, [record.id for record in saved])
                waiting += [
                    (one.model.name, record.id)
                    for record, row in zip(saved, chunk, strict=True)
                    if row.get(str(one.model.state_field)) in states
                ]
        users.place()
        for object_name, record_id in waiting:
            self._workflow.adopt(context, work, object_name, record_id)
        record(work, [_entry("load", module, 0, memory.count)])
        return memory.count

    def load_once(
        self, context: Context, work: UnitOfWork, files: Sequence[RowsFile], module: str
    ) -> int:
        """Load the sample rows of `module` unless they are there."""
        return 0 if _loaded(work, module) else self.load(context, work, files, module)

    def unload(self, context: Context, work: UnitOfWork, module: str) -> int:
        """Take away exactly the rows that `load` made and that are still there."""
        rows = _loaded(work, module)
        if not rows:
            raise NotFoundError(NOT_LOADED.at(name=module))
        models = {model.id: model for model in context.catalog.objects.values()}
        for row in rows:
            # People go first: nothing is taken away that active users belong to.
            if row.object_id == USER_OBJECT_ID:
                self._identity.update_user(work, row.record_id, active=False)
        for row in reversed(rows):
            if row.object_id in models:
                self._delete(context, work, models[row.object_id], row.record_id)
        work.connection.execute(sa.delete(SAMPLE).where(SAMPLE.c.module == module))
        record(work, [_entry("unload", module, len(rows), 0)])
        return len(rows)

    def _delete(
        self, context: Context, work: UnitOfWork, model: ObjectModel, record_id: str
    ) -> None:
        table = context.tables.of(model.name)
        query = sa.select(table.columns["version"]).where(
            table.id == record_id, table.table.c["deleted_at"].is_(None)
        )
        version = work.connection.execute(query).scalar_one_or_none()
        if version is not None:
            self._workflow.abandon(context, work, model.name, record_id)
            self._store.delete(context, work, model.name, record_id, version, retracting=True)


def _entry(action: EntryAction, module: str, before: int, after: int) -> Entry:
    template = LOADED if action == "load" else UNLOADED
    said = sentence(template, name=module, count=before or after)
    piece = Piece("", {"rows": before}, {"rows": after}, said)
    return Entry(action, "sample", module, module=module, pieces=[piece])


def _sample_files(catalog: Catalog, files: Sequence[RowsFile], module: str) -> tuple[RowsFile, ...]:
    if module not in catalog.modules:
        raise NotFoundError(UNKNOWN_MODULE.at(name=module))
    return tuple(file for file in files if file.module == module and file.set == "sample")


def _loaded(work: UnitOfWork, module: str) -> list[Any]:
    query = sa.select(SAMPLE).where(SAMPLE.c.module == module).order_by(SAMPLE.c.number)
    return list(work.connection.execute(query))


class _Memory:
    """Remembers what was made, so that exactly this can be taken away."""

    def __init__(self, work: UnitOfWork, module: str) -> None:
        self._work = work
        self._module = module
        highest = work.connection.execute(sa.select(sa.func.max(SAMPLE.c.number))).scalar_one()
        self._number = highest or 0
        self.count = 0

    def add(self, object_id: str, record_ids: Iterable[str]) -> None:
        rows = []
        for record_id in record_ids:
            self._number += 1
            rows.append(
                {
                    "number": self._number,
                    "module": self._module,
                    "object_id": object_id,
                    "record_id": record_id,
                }
            )
        if rows:
            self._work.connection.execute(sa.insert(SAMPLE), rows)
            self.count += len(rows)

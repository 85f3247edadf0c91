"""Records of another database, loaded whole: with their ids, numbers, versions and times, or not at all.

They go through the record store like any others, so every rule holds for them. Objects must be empty;
rows that publishing itself made there, and that nobody touched, give way.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

import sqlalchemy as sa

from headrace.platform.access.identity import Identity
from headrace.platform.access.tables import USER, USER_ROLE
from headrace.platform.core.canonical import content_hash
from headrace.platform.core.errors import ConflictError, RefusedError
from headrace.platform.core.problems import Message, Problem
from headrace.platform.database.links import RECORD
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.database.violations import INTEGRITY_ERRORS
from headrace.platform.files.store import FileStore, Upload, find_files, name_uploader
from headrace.platform.metadata.catalog import Catalog, ObjectModel
from headrace.platform.metadata.field_types.references import USER_OBJECT
from headrace.platform.metadata.storage_types import (
    INSTANT,
    Capture,
    StoredFile,
    instant_of,
    listed,
    typed_id,
)
from headrace.platform.publishing.keys import ids_by_key
from headrace.platform.publishing.moved_records import (
    AS_PUBLISHED,
    NO_CONTENT,
    MovedRecords,
    MovedRow,
    moved_fields,
    user_roles,
)
from headrace.platform.publishing.packages import FOREIGN_ID
from headrace.platform.publishing.row_order import (
    UNKNOWN_OBJECT,
    in_loading_order,
    referred_first,
    waiting_states,
)
from headrace.platform.publishing.rows import RowsFile
from headrace.platform.publishing.tables import REFERENCE
from headrace.platform.records.context import Context
from headrace.platform.records.store import RecordStore
from headrace.platform.records.tables import HISTORY
from headrace.platform.workflow.engine import WorkflowEngine

CHUNK: Final = 200
NOT_SENT: Final = frozenset({"version", AS_PUBLISHED})

NOT_EMPTY = Message(
    "moved.not_empty",
    "“{object}” has records here; those of the package cannot be loaded beside them.",
    "“{object}”中已有记录，无法同时加载包中的记录。",
    "Load them into a database in which this object is empty.",
    "请加载到该对象为空的数据库中。",
)
FILE_THERE = Message(
    "moved.file_there",
    "The file “{name}” is here already, held by a record that was deleted or is about to be.",
    "文件“{name}”已存在于此，由已删除的记录持有。",
    "Load the package into a database that has never held its records.",
    "请加载到从未包含这些记录的数据库中。",
)
UNKNOWN_USER = Message(
    "moved.unknown_user",
    "There is no user “{login}” here, and the package does not bring one.",
    "没有用户“{login}”，包中也没有该用户。",
    "Create the user first, or export the records again.",
    "请先创建该用户，或重新导出记录。",
)


@dataclass(frozen=True, slots=True)
class LoadedRecords:
    """What `Transfer.load` did."""

    records: int
    users: int


@dataclass(slots=True)
class _Load:
    """One load: what is there already, what waits for it, where which row stands."""

    catalog: Catalog
    moved: MovedRecords
    coming: frozenset[str]
    there: set[str] = field(default_factory=set)
    waiting: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)
    places: dict[str, MovedRow] = field(default_factory=dict)

    def models(self) -> dict[str, ObjectModel]:
        return {name: self.catalog.objects[name] for name in self.moved.rows}


class Transfer:
    """Loads moved records and users, all in the caller's unit of work."""

    def __init__(
        self,
        store: RecordStore,
        identity: Identity,
        workflow: WorkflowEngine,
        files: FileStore,
    ) -> None:
        self._files = files
        self._store = store
        self._identity = identity
        self._workflow = workflow

    def load(
        self, context: Context, work: UnitOfWork, moved: MovedRecords, files: Iterable[RowsFile]
    ) -> LoadedRecords:
        """Load `moved`; `files` are the rows that the live version brings.

        Raise RefusedError with the lines that are wrong, ConflictError where an object is not empty.
        """
        problems = _unknown_objects(context.catalog, moved)
        if problems:
            raise RefusedError.of(problems)
        coming = (str(row.values["id"]) for rows in moved.rows.values() for row in rows)
        load = _Load(context.catalog, moved, frozenset(coming))
        order = [
            load.models()[name] for name in referred_first(context.catalog, load.models(), set())
        ]
        _make_room(context, work, order)
        users = _UserLoad(self._identity, context, work, moved)
        users.create()
        self._bring_files(context, work, moved)
        inside = {one.name for one in order if _relation(load, one) is not None}
        for name in referred_first(context.catalog, load.models(), inside):
            self._load_object(context, work, load, load.models()[name])
        self._connect(context, work, load)
        for model in order:
            _set_versions(context, work, model, moved.rows[model.name], users.ids)
        users.place()
        for row in moved.files:
            name_uploader(work, str(row.values["id"]), _user_of(row, users.ids))
        _remember_reference(context, work, load, files)
        for model in order:
            states = waiting_states(context.catalog, model)
            for row in moved.rows[model.name]:
                if row.values.get(str(model.state_field)) in states:
                    self._workflow.adopt(context, work, model.name, str(row.values["id"]))
        return LoadedRecords(moved.count, users.made)

    def _bring_files(self, context: Context, work: UnitOfWork, moved: MovedRecords) -> None:
        """Keep the files that travel along, so that the records can take them."""
        there = find_files(work, work.dialect, [str(row.values["id"]) for row in moved.files])
        if there:
            name = next(iter(there.values())).stored.name
            raise ConflictError(FILE_THERE.at(name=name))
        for row in moved.files:
            values = row.values
            read = moved.contents.get(str(values["id"]))
            upload = Upload(str(values["name"]), io.BytesIO(read() if read is not None else b""))
            if upload.sha256 != values.get("sha256"):
                raise RefusedError(NO_CONTENT.at(row.place, name=upload.name))
            file = StoredFile(
                str(values["id"]),
                upload.name,
                upload.kind.media_type,
                upload.size,
                Capture.of(values.get("captured") or {}),
            )
            at = instant_of(values["uploaded_at"]) or work.now
            try:
                self._files.bring(work, file, upload, context.principal.user_id, at)
            except RefusedError as refusal:
                raise RefusedError.of(
                    replace(one, path=row.place) for one in refusal.problems
                ) from refusal

    def _load_object(
        self, context: Context, work: UnitOfWork, load: _Load, model: ObjectModel
    ) -> None:
        """Make the records of an object with the details inside them."""
        inner = _details_by_master(load, model)
        rows = list(_targets_first(model, load.moved.rows[model.name]))
        for start in range(0, len(rows), CHUNK):
            chunk = rows[start : start + CHUNK]
            for row in chunk:
                load.there.update(_ids(row, inner))
            items = [_item(load, model, row, row.place, inner) for row in chunk]
            try:
                self._store.create_many(
                    context,
                    work,
                    model.name,
                    items,
                    places=[row.place for row in chunk],
                    mode="moved",
                )
            except RefusedError as refusal:
                raise RefusedError.of(
                    _at_line(problem, load.places) for problem in refusal.problems
                ) from refusal

    def _connect(self, context: Context, work: UnitOfWork, load: _Load) -> None:
        """Set the references to records that were not there yet."""
        for object_name, record_id, values in load.waiting:
            self._store.apply_system(
                context, work, object_name, record_id, values, action="migrated"
            )


def _user_of(row: MovedRow, ids: Mapping[str, str]) -> str | None:
    """Return the user here who uploaded a file; None where nobody here did."""
    given = row.values.get("uploaded_by")
    return ids.get(str(given.get("key"))) if isinstance(given, dict) else None


# -- rows ----------------------------------------------------------------------------------------

Inner = Mapping[str, Sequence[tuple[str, ObjectModel, MovedRow]]]
"""Details by the id of their master: relation, object, row."""


def _relation(load: _Load, model: ObjectModel) -> str | None:
    """Return the relation under which rows of a detail travel inside their masters."""
    if model.master is None:
        return None
    master = load.catalog.objects[str(model.fields[model.master].target)]
    if master.name not in load.moved.rows:
        return None
    return next((one.name for one in master.children if one.object == model.name), None)


def _details_by_master(load: _Load, model: ObjectModel) -> Inner:
    """Return the details of an object, and the details of these."""
    found: dict[str, list[tuple[str, ObjectModel, MovedRow]]] = {}
    for child in model.children:
        detail = load.catalog.objects[child.object]
        if detail.name in load.moved.rows and _relation(load, detail) == child.name:
            for row in load.moved.rows[detail.name]:
                master_id = str(row.values.get(str(detail.master)))
                found.setdefault(master_id, []).append((str(child.name), detail, row))
            found |= {key: list(many) for key, many in _details_by_master(load, detail).items()}
    return found


def _ids(row: MovedRow, inner: Inner) -> Iterator[str]:
    record_id = str(row.values["id"])
    yield record_id
    for _, _, detail in inner.get(record_id, ()):
        yield from _ids(detail, inner)


def _item(
    load: _Load, model: ObjectModel, row: MovedRow, place: str, inner: Inner
) -> dict[str, Any]:
    """Return a row as the store takes it; references to what is not there yet wait."""
    load.places[place] = row
    item: dict[str, Any] = {
        one.name: None for one in moved_fields(model) if one.default is not None
    }
    item |= {name: value for name, value in row.values.items() if name not in NOT_SENT}
    later = {}
    for name, value in row.values.items():
        one = model.fields.get(name)
        if one is None or one.system or name == model.master:
            continue
        if load.moved.rows.keys().isdisjoint(one.refers_to):
            continue
        ids = value if isinstance(value, list) else [value]
        if one.targets and isinstance(value, dict):
            ids = [value.get("id")]
        if any(isinstance(each, str) and _is_to_come(load, each) for each in ids):
            later[name] = _as_kept(load.catalog, item.pop(name))
    if later:
        load.waiting.append((model.name, str(row.values["id"]), later))
    for relation, detail, below in inner.get(str(row.values["id"]), ()):
        rows = item.setdefault(relation, [])
        rows.append(_item(load, detail, below, f"{place}/{relation}/{len(rows)}", inner))
    return item


def _as_kept(catalog: Catalog, value: Any) -> Any:
    """Return a value of a row as the store keeps it: a list, or a polymorphic reference, as one text."""
    if isinstance(value, list):
        return listed(value)
    if isinstance(value, dict) and "object" in value:
        return typed_id(catalog.objects[value["object"]].id, value["id"])
    return value


def _is_to_come(load: _Load, record_id: str) -> bool:
    return record_id in load.coming and record_id not in load.there


def _targets_first(model: ObjectModel, rows: Sequence[MovedRow]) -> Iterator[MovedRow]:
    """Order rows so that those which others of the object refer to come first."""
    own = [one.name for one in model.fields.values() if one.target == model.name and not one.system]
    if not own:
        yield from rows
        return
    by_id = {row.values["id"]: row for row in rows}
    seen: set[Any] = set()
    for start in rows:
        trail = [start]
        while trail:
            row = trail[-1]
            waits = [
                by_id[target]
                for name in own
                if (target := row.values.get(name)) in by_id and target not in seen
            ]
            waits = [one for one in waits if one not in trail]
            if waits and row.values["id"] not in seen:
                trail.append(waits[0])
                continue
            trail.pop()
            if row.values["id"] not in seen:
                seen.add(row.values["id"])
                yield row


def _at_line(problem: Problem, places: Mapping[str, MovedRow]) -> Problem:
    """Return a problem at the line of its row; an id that nothing has here is a foreign one."""
    prefix, rest = problem.path, ""
    while prefix and prefix not in places:
        prefix, _, part = prefix.rpartition("/")
        rest = f"/{part}{rest}"
    if not prefix:
        return problem
    row = places[prefix]
    value = row.values.get(rest[1:])
    if problem.code == "reference.not_found" and isinstance(value, str):
        return FOREIGN_ID.at(row.place + rest, id=value)
    if problem.code == "reference.not_found" and rest.endswith("_by") and isinstance(value, dict):
        return UNKNOWN_USER.at(row.place + rest, login=value.get("key"))
    return replace(problem, path=row.place + rest)


def _set_versions(
    context: Context,
    work: UnitOfWork,
    model: ObjectModel,
    rows: Sequence[MovedRow],
    user_ids: Mapping[str, str],
) -> None:
    """Give the rows back what loading them changed: version, time and user of the last change."""
    table = context.tables.of(model.name)
    to_driver = INSTANT.to_driver(context.database.dialect)
    changes = []
    for row in rows:
        values = row.values
        login = values.get("updated_by", {})
        changes.append(
            {
                "row": values["id"],
                "number": values["version"],
                "at": to_driver(instant_of(values.get("updated_at"))),
                "who": user_ids.get(str(login.get("key"))) if isinstance(login, dict) else login,
            }
        )
    if changes:
        statement = (
            sa.update(table.table)
            .where(table.id == sa.bindparam("row"))
            .values(
                {
                    table.columns["version"].name: sa.bindparam("number"),
                    table.columns["updated_at"].name: sa.bindparam("at"),
                    table.columns["updated_by"].name: sa.bindparam("who"),
                }
            )
        )
        work.connection.execute(statement, changes)


# -- room ----------------------------------------------------------------------------------------


def _unknown_objects(catalog: Catalog, moved: MovedRecords) -> list[Problem]:
    return [
        UNKNOWN_OBJECT.at(rows[0].place.rpartition("/")[0] if rows else "", object=name)
        for name, rows in moved.rows.items()
        if name not in catalog.objects
    ]


def _make_room(context: Context, work: UnitOfWork, order: Sequence[ObjectModel]) -> None:
    """Take away what publishing made; refuse where anything else is there."""
    connection = work.connection
    for model in reversed(order):
        table = context.tables.of(model.name)
        live = table.table.c["deleted_at"].is_(None)
        query = sa.select(table.id, table.columns["version"]).where(live)
        present = {(str(row_id), version) for row_id, version in connection.execute(query)}
        known = REFERENCE.c.object_id == model.id
        query = sa.select(REFERENCE.c.record_id, REFERENCE.c.record_version).where(known)
        made = {(str(row_id), version) for row_id, version in connection.execute(query)}
        if not present <= made or _people_belong(work, model, present):
            raise ConflictError(NOT_EMPTY.at(object=model.label))
        ours = sa.select(REFERENCE.c.record_id).where(known)
        own = [one.name for one in model.fields.values() if one.stored and one.target == model.name]
        loose = {table.columns[name].name: None for name in own if name != "id"}
        for links in table.links.values():
            connection.execute(sa.delete(links).where(links.c[RECORD].in_(ours)))
        try:
            if loose:  # rows that refer to each other cannot go one by one
                connection.execute(sa.update(table.table).where(live).values(loose))
            connection.execute(sa.delete(table.table).where(live, table.id.in_(ours)))
        except INTEGRITY_ERRORS as error:
            raise ConflictError(NOT_EMPTY.at(object=model.label)) from error
        connection.execute(sa.delete(HISTORY).where(HISTORY.c.record_id.in_(ours)))
        connection.execute(sa.delete(REFERENCE).where(known))


def _people_belong(
    work: UnitOfWork, model: ObjectModel, present: Iterable[tuple[str, int]]
) -> bool:
    """Say whether users belong to one of the rows, or hold a role within one."""
    column = {"organisation": USER.c.organisation, "territory": USER_ROLE.c.territory}.get(
        str(model.definition.acts_as)
    )
    ids = [row_id for row_id, _ in present]
    if column is None or not ids:
        return False
    held = work.connection.execute(sa.select(column).where(column.is_not(None)).distinct())
    return not {str(one) for one in held.scalars()}.isdisjoint(ids)


def _remember_reference(
    context: Context, work: UnitOfWork, load: _Load, files: Iterable[RowsFile]
) -> None:
    """Note which moved rows are reference rows, so that upgrades of the module know them."""
    reference = [one for one in files if one.set == "reference" and one.object in load.moved.rows]
    for one in in_loading_order(context.catalog, reference):
        model = one.model
        if not model.external_ids:
            continue
        moved = load.moved.rows[model.name]
        untouched = {
            row.values["id"]: row.values["version"] for row in moved if AS_PUBLISHED in row.values
        }
        ids = ids_by_key(work.connection, context.tables, model)
        rows = []
        for row in one.rows:
            key = str(row.get(model.external_ids[0]))
            record_id = ids.get(key)
            rows.append(
                {
                    "object_id": model.id,
                    "key": key,
                    "record_id": record_id or context.ids.record_id(),
                    # No row has version 0: what its owner changed or deleted stays as it is.
                    "record_version": untouched.get(record_id, 0),
                    "row_hash": content_hash(row),
                }
            )
        if rows:
            work.connection.execute(sa.insert(REFERENCE), rows)


# -- users ---------------------------------------------------------------------------------------


class _UserLoad:
    """Makes the users that are missing; their places follow when the records are there."""

    def __init__(
        self, identity: Identity, context: Context, work: UnitOfWork, moved: MovedRecords
    ) -> None:
        self._identity = identity
        self._context = context
        self._work = work
        self._moved = moved
        table = context.tables.of(USER_OBJECT)
        query = sa.select(table.columns["login"], table.id)
        self.ids = {str(login): str(one) for login, one in work.connection.execute(query)}
        self._new: list[tuple[MovedRow, str]] = []
        self._keys: dict[str, dict[str, str]] = {}

    @property
    def made(self) -> int:
        """How many users were made."""
        return len(self._new)

    def create(self) -> None:
        """Make the users that are not there, without passwords."""
        for row in self._moved.users:
            values = row.values
            if values["login"] in self.ids:
                continue
            try:
                user_id = self._identity.create_user(
                    self._work,
                    login=values["login"],
                    name=values["name"],
                    email=values.get("email"),
                    language=values["language"],
                    time_zone=values["time_zone"],
                    active=values.get("active") is not False,
                )
            except RefusedError as refusal:
                raise RefusedError.of(one.below(row.place) for one in refusal.problems) from refusal
            self.ids[values["login"]] = user_id
            self._new.append((row, user_id))

    def place(self) -> None:
        """Give the new users their organisations, managers and roles."""
        catalog = self._context.catalog
        for row, user_id in self._new:
            organisation = self._id_of(
                catalog.acting_as("organisation"),
                row.values.get("organisation"),
                f"{row.place}/organisation",
            )
            manager = self.ids.get(str(row.values.get("manager")))
            changes = {"organisation": organisation, "manager": manager}
            known = {name: value for name, value in changes.items() if value is not None}
            if known:
                self._identity.update_user(self._work, user_id, **known)
            roles = user_roles(
                catalog,
                row,
                lambda value, place: self._id_of(catalog.acting_as("territory"), value, place),
            )
            if roles:
                self._identity.set_roles(self._work, user_id, roles)

    def _id_of(self, model: ObjectModel | None, value: Any, place: str) -> str | None:
        """Return the id of a live record given by id or key."""
        if value is None or model is None:
            return None
        if isinstance(value, dict):
            if model.name not in self._keys:
                keys = ids_by_key(self._work.connection, self._context.tables, model)
                self._keys[model.name] = keys
            found = self._keys[model.name].get(str(value.get("key")))
        else:
            table = self._context.tables.of(model.name)
            query = sa.select(table.id).where(
                table.id == str(value), table.table.c["deleted_at"].is_(None)
            )
            found = self._work.connection.execute(query).scalar_one_or_none()
        if found is None:
            shown = value.get("key") if isinstance(value, dict) else value
            raise RefusedError(FOREIGN_ID.at(place, id=shown))
        return str(found)

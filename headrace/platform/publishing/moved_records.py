"""Records on their way to another database: one JSON line a record, one file an object.

A line holds the record's id, version, times and the values that people or workflows gave it, as the
API writes them; what is computed is computed anew. A record that travels along is referred to by its id,
any other by its external id, a user by the login. `users.jsonl` stands beside the modules. Files are
named by their ids: `records/files.jsonl` says what is known of those of a module, their contents lie beside it.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

import sqlalchemy as sa

from headrace.platform.access.identity import UserRow
from headrace.platform.access.principals import RoleHolding
from headrace.platform.core.canonical import ordered
from headrace.platform.core.errors import RefusedError
from headrace.platform.core.ids import is_record_id
from headrace.platform.core.problems import Message, Problem
from headrace.platform.files.store import FileContent, find_files
from headrace.platform.metadata.catalog import Catalog, FieldModel, ObjectModel
from headrace.platform.metadata.field_types.files import MEGABYTE, megabytes
from headrace.platform.metadata.field_types.references import USER_OBJECT
from headrace.platform.metadata.storage_types import (
    HOLDS_FILES,
    Capture,
    files_in,
    instant_of,
    instant_text,
    values_in,
)
from headrace.platform.publishing.archives import MAX_BYTES
from headrace.platform.publishing.sources import USERS, ModuleFiles, Reader, Source
from headrace.platform.publishing.tables import REFERENCE
from headrace.platform.records.context import Context

DATA: Final = "records/data/"
LINES: Final = ".jsonl"
FILE_LINES: Final = "records/files.jsonl"
CONTENTS: Final = "records/files/"
MOST_MEGABYTES: Final = MAX_BYTES // MEGABYTE // 2
"""The files of a package, of which twice as much may be read."""
AS_PUBLISHED: Final = "as_published"
TIMES: Final = ("created_at", "created_by", "updated_at", "updated_by")
USER_KEYS: Final = frozenset(
    {
        "login",
        "name",
        "email",
        "language",
        "time_zone",
        "active",
        "organisation",
        "manager",
        "roles",
    }
)

BAD_LINE = Message(
    "moved.line",
    "Line {line} is not a record: {what}.",
    "第 {line} 行不是有效的记录：{what}。",
    "Export the records again.",
    "请重新导出记录。",
)
TOO_MUCH = Message(
    "moved.files_too_large",
    "The files of these records have {size} MB together; a package takes {most} MB.",
    "这些记录的文件合计 {size} MB，一个包最多 {most} MB。",
    "Export fewer modules at a time, or leave the files behind with --no-files.",
    "请减少每次导出的模块，或使用 --no-files 不导出文件。",
)
NO_CONTENT = Message(
    "moved.file_content",
    "The content of the file “{name}” is not in the package, or is not what it was.",
    "包中没有文件“{name}”的内容，或其内容已改变。",
    "Export the records again.",
    "请重新导出记录。",
)
TWICE = Message(
    "moved.twice",
    "The record of line {line} is there twice.",
    "第 {line} 行的记录重复。",
    "Export the records again.",
    "请重新导出记录。",
)


@dataclass(frozen=True, slots=True)
class MovedRow:
    """A record with the place of its line."""

    place: str
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class MovedRecords:
    """What a source brings: records by the name of their object, users, files and their contents by id."""

    rows: Mapping[str, Sequence[MovedRow]] = field(default_factory=dict)
    users: Sequence[MovedRow] = ()
    files: Sequence[MovedRow] = ()
    contents: Mapping[str, Reader] = field(default_factory=dict)

    @property
    def count(self) -> int:
        """How many records there are."""
        return sum(len(rows) for rows in self.rows.values())


# -- out -----------------------------------------------------------------------------------------


def moved_fields(model: ObjectModel) -> list[FieldModel]:
    """Return the fields whose values travel: all that are stored and not computed."""
    return [
        one
        for one in model.fields.values()
        if one.stored and not one.system and one.computed not in {"formula", "rollup"}
    ]


def export_records(
    context: Context,
    connection: sa.Connection,
    modules: Sequence[str],
    users: Iterable[UserRow],
    *,
    whole: bool,
    files: bool = True,
) -> Iterator[tuple[str, bytes]]:
    """Yield path and bytes of the file of each object of `modules` that has live records.

    The users whom the records name follow, all of them where the workspace moves as a `whole`:
    accounts without passwords, with roles and organisation. With `files`, what the records hold of
    those follows too; raise RefusedError where that is more than a package takes.
    """
    writer = _Writer(context, connection, modules, files=files)
    for model in context.catalog.objects.values():
        if model.module in modules:
            lines = list(writer.lines(model))
            if lines:
                yield f"{model.module}/{DATA}{model.name}{LINES}", "".join(lines).encode()
    yield from writer.files()
    moved = [user for user in users if whole or user.id in writer.users]
    writer.logins = {user.id: user.login for user in moved}
    named = [writer.user_line(user) for user in moved]
    if named:
        yield USERS, "".join(named).encode()


class _Writer:
    def __init__(
        self, context: Context, connection: sa.Connection, modules: Sequence[str], *, files: bool
    ) -> None:
        self._held: dict[str, set[str]] | None = {} if files else None
        self.context = context
        self.connection = connection
        objects = context.catalog.objects.values()
        self.inside = {model.name for model in objects if model.module in modules}
        self._keys: dict[str, dict[str, str]] = {}
        self.users: set[str] = set()
        self.logins: dict[str, str] = {}

    def lines(self, model: ObjectModel) -> Iterator[str]:
        """Yield the lines of an object by id."""
        table = self.context.tables.of(model.name)
        dialect = self.context.database.dialect
        fields = [model.fields[name] for name in ("id", "version", *TIMES)]
        fields += [
            one
            for one in moved_fields(model)
            if self._held is not None or one.storage.kind not in HOLDS_FILES
        ]
        columns = [table.columns[one.name] for one in fields]
        convert: list[Callable[[Any], Any]] = [
            self._writing(one) or one.storage.to_json(dialect) or _same for one in fields[1:]
        ]
        untouched = self._as_published(model)
        query = sa.select(*columns).where(table.table.c["deleted_at"].is_(None)).order_by(table.id)
        for row in self.connection.execute(query):
            record_id = str(row[0])
            values: dict[str, Any] = {"id": record_id}
            for one, to_json, value in zip(fields[1:], convert, row[1:], strict=True):
                if value is not None:
                    values[one.name] = to_json(value)
            if (record_id, row[1]) in untouched:
                values[AS_PUBLISHED] = True
            yield _line(values)

    def user_line(self, user: UserRow) -> str:
        catalog = self.context.catalog
        roles = []
        for held in user.roles:
            role: dict[str, Any] = {"role": held.role}
            if held.territory_id is not None:
                role["territory"] = self._to(catalog.acting_as("territory"), held.territory_id)
            roles.append(role)
        values = {
            "login": user.login,
            "name": user.name,
            "email": user.email,
            "language": user.language,
            "time_zone": user.time_zone,
            "active": user.active,
            "organisation": self._to(catalog.acting_as("organisation"), user.organisation),
            "manager": self.logins.get(user.manager or ""),
            "roles": sorted(roles, key=lambda one: json.dumps(one, sort_keys=True)),
        }
        return _line({name: value for name, value in values.items() if value is not None})

    def files(self) -> Iterator[tuple[str, bytes]]:
        """Yield what is known of the files of each module that the lines name, and their contents."""
        database = self.context.database
        with database.reading() as reading:
            found = {
                module: find_files(reading, database.dialect, ids)
                for module, ids in (self._held or {}).items()
            }
        size = sum(file.stored.size for files in found.values() for file in files.values())
        if size > MOST_MEGABYTES * MEGABYTE:
            raise RefusedError(TOO_MUCH.at(size=megabytes(size), most=MOST_MEGABYTES))
        refer = self._reference_to(USER_OBJECT)
        for module, files in found.items():
            lines = []
            for file in sorted(files.values(), key=lambda one: one.id):
                known = {**file.stored.render(), "sha256": file.sha256}
                known["uploaded_by"] = refer(file.uploaded_by)
                known["uploaded_at"] = instant_text(file.uploaded_at)
                lines.append(_line({key: one for key, one in known.items() if key != "url"}))
                with io.BufferedReader(FileContent(database, file)) as content:
                    yield f"{module}/{CONTENTS}{file.id}", content.read()
            yield f"{module}/{FILE_LINES}", "".join(lines).encode()

    def _writing(self, one: FieldModel) -> Callable[[Any], Any] | None:
        """Return what writes a value that leads elsewhere; None for others."""
        if one.storage.kind in HOLDS_FILES:
            module = self.context.catalog.objects[one.object].module
            held = {} if self._held is None else self._held
            return partial(_named, held.setdefault(module, set()))
        return self._reference(one) if one.refers_to else None

    def _reference(self, one: FieldModel) -> Callable[[Any], Any]:
        if one.targets:
            return self._polymorphic(one)
        if one.links is not None:
            refer_each = self._reference_to(one.links)
            return lambda value: [refer_each(each) for each in values_in(value) or ()]
        return self._reference_to(str(one.target))

    def _polymorphic(self, one: FieldModel) -> Callable[[Any], Any]:
        """Write the name of the object in the place of its id, which may be another one elsewhere."""
        refer = {name: self._reference_to(name) for name in one.targets}

        def write(value: str) -> Any:
            known = self.context.catalog.typed(one, value)
            if known is None:
                return None
            named = refer[known[0]](known[1])
            record = {"id": named} if isinstance(named, str) else named
            return {"object": known[0], **record}

        return write

    def _reference_to(self, target: str) -> Callable[[Any], Any]:
        if target in self.inside:
            return str
        keys = self._keys_of(target)
        seen = self.users if target == USER_OBJECT else set()

        def refer(value: Any) -> Any:
            record_id = str(value)
            seen.add(record_id)
            return {"key": keys[record_id]} if record_id in keys else record_id

        return refer

    def _to(self, model: ObjectModel | None, record_id: str | None) -> Any:
        if model is None or record_id is None or model.name in self.inside:
            return record_id
        keys = self._keys_of(model.name)
        return {"key": keys[record_id]} if record_id in keys else record_id

    def _keys_of(self, name: str) -> dict[str, str]:
        """Return the external ids of an object's records, the logins of users, by id."""
        if name not in self._keys:
            catalog = self.context.catalog
            model = catalog.objects.get(name) or catalog.system_objects[name]
            table = self.context.tables.of(name)
            found: dict[str, str] = {}
            if model.external_ids:
                query = sa.select(table.id, table.columns[model.external_ids[0]])
                rows = self.connection.execute(query)
                found = {str(row_id): str(key) for row_id, key in rows if key is not None}
            self._keys[name] = found
        return self._keys[name]

    def _as_published(self, model: ObjectModel) -> set[tuple[str, int]]:
        query = sa.select(REFERENCE.c.record_id, REFERENCE.c.record_version).where(
            REFERENCE.c.object_id == model.id
        )
        return {(str(row_id), version) for row_id, version in self.connection.execute(query)}


def _same(value: Any) -> Any:
    return value


def _named(seen: set[str], value: Any) -> list[str]:
    """Return the ids of the files of a value, and note them."""
    ids = [one.id for one in files_in(value)]
    seen.update(ids)
    return ids


def _line(values: Mapping[str, Any]) -> str:
    return json.dumps(ordered(dict(values)), ensure_ascii=False, separators=(",", ":")) + "\n"


# -- in ------------------------------------------------------------------------------------------


def read_moved(source: Source) -> tuple[MovedRecords, tuple[Problem, ...]]:
    """Read records and users of a source, and what is no record in it; needs no database."""
    problems: list[Problem] = []
    rows: dict[str, Sequence[MovedRow]] = {}
    for module in source.modules:
        for name, place, data in _data_files(module):
            read = list(_rows(place, data, problems))
            rows[name] = read
            _check_ids(read, problems)
    users = list(_rows("/" + USERS, source.users or b"", problems))
    _check_users(users, problems)
    files: list[MovedRow] = []
    contents: dict[str, Reader] = {}
    for module in source.modules:
        if FILE_LINES in module.files:
            place, read_lines = f"/{module.name}/{FILE_LINES}", module.files[FILE_LINES]
            files += _rows(place, read_lines(), problems)
        for path, reader in module.files.items():
            if path.startswith(CONTENTS):
                contents[path.removeprefix(CONTENTS)] = reader
    _check_files(files, problems)
    return MovedRecords(rows, users, files, contents), tuple(problems)


def _data_files(module: ModuleFiles) -> Iterator[tuple[str, str, bytes]]:
    for path, read in module.files.items():
        if path.startswith(DATA) and path.endswith(LINES):
            name = path.removeprefix(DATA).removesuffix(LINES)
            yield name, f"/{module.name}/{path}", read()


def _rows(place: str, data: bytes, problems: list[Problem]) -> Iterator[MovedRow]:
    for number, line in enumerate(data.splitlines(), start=1):
        here = f"{place}/{number}"
        try:
            values = json.loads(line)
        except ValueError:
            problems.append(BAD_LINE.at(here, line=number, what="no JSON"))
            continue
        if isinstance(values, dict):
            yield MovedRow(here, values)
        else:
            problems.append(BAD_LINE.at(here, line=number, what="no object"))


def _check_ids(rows: Iterable[MovedRow], problems: list[Problem]) -> None:
    seen: set[str] = set()
    for row in rows:
        record_id, version = row.values.get("id"), row.values.get("version")
        line = row.place.rpartition("/")[2]
        if not isinstance(record_id, str) or not is_record_id(record_id):
            problems.append(BAD_LINE.at(f"{row.place}/id", line=line, what="id"))
        elif record_id in seen:
            problems.append(TWICE.at(f"{row.place}/id", line=line))
        elif not isinstance(version, int) or isinstance(version, bool) or version < 1:
            problems.append(BAD_LINE.at(f"{row.place}/version", line=line, what="version"))
        else:
            seen.add(record_id)


def _check_files(rows: Iterable[MovedRow], problems: list[Problem]) -> None:
    for row in rows:
        line, values = row.place.rpartition("/")[2], row.values
        try:
            sound = is_record_id(values["id"]) and isinstance(values["name"], str)
            _ = Capture.of(values.get("captured") or {}), instant_of(values["uploaded_at"])
        except (ArithmeticError, AttributeError, KeyError, TypeError, ValueError):
            sound = False
        if not sound:
            what = "id, name, uploaded_at, captured"
            problems.append(BAD_LINE.at(row.place, line=line, what=what))


def _check_users(rows: Iterable[MovedRow], problems: list[Problem]) -> None:
    for row in rows:
        values = row.values
        line = row.place.rpartition("/")[2]
        texts = ("login", "name", "language", "time_zone")
        if not set(values) <= USER_KEYS or not all(isinstance(values.get(t), str) for t in texts):
            problems.append(BAD_LINE.at(row.place, line=line, what=", ".join(texts)))


def user_roles(
    catalog: Catalog, row: MovedRow, territory_of: Callable[[Any, str], str | None]
) -> list[RoleHolding]:
    """Return the roles of a user's line; those that the catalog does not know give no right."""
    held = []
    for position, one in enumerate(row.values.get("roles", ())):
        if isinstance(one, dict) and one.get("role") in catalog.roles:
            place = f"{row.place}/roles/{position}/territory"
            held.append(RoleHolding(one["role"], territory_of(one.get("territory"), place)))
    return held

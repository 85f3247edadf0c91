"""Records on their way to another database: one JSON line a record, one file an object.

A line holds the record's id, version, times and the values that people or workflows gave it, as the
API writes them; what is computed is computed anew. A record that travels along is referred to by its id,
any other by its external id, a user by the login. `users.jsonl` stands beside the modules.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import sqlalchemy as sa

from headrace.platform.access.identity import UserRow
from headrace.platform.access.principals import RoleHolding
from headrace.platform.core.canonical import ordered
from headrace.platform.core.ids import is_record_id
from headrace.platform.core.problems import Message, Problem
from headrace.platform.metadata.catalog import Catalog, FieldModel, ObjectModel
from headrace.platform.metadata.field_types.references import USER_OBJECT
from headrace.platform.metadata.storage_types import HOLDS_FILES, values_in
from headrace.platform.publishing.sources import USERS, ModuleFiles, Source
from headrace.platform.publishing.tables import REFERENCE
from headrace.platform.records.context import Context

DATA: Final = "records/data/"
LINES: Final = ".jsonl"
AS_PUBLISHED: Final = "as_published"
TIMES: Final = ("created_at", "created_by", "updated_at", "updated_by")
USER_KEYS: Final = frozenset(
    {"login", "name", "email", "language", "time_zone", "active", "organisation", "roles"}
)

BAD_LINE = Message(
    "moved.line",
    "Line {line} is not a record: {what}.",
    "第 {line} 行不是有效的记录:{what}。",
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
    """What a source brings: records by the name of their object, and users."""

    rows: Mapping[str, Sequence[MovedRow]] = field(default_factory=dict)
    users: Sequence[MovedRow] = ()

    @property
    def count(self) -> int:
        """How many records there are."""
        return sum(len(rows) for rows in self.rows.values())


# -- out -----------------------------------------------------------------------------------------


def moved_fields(model: ObjectModel) -> list[FieldModel]:
    """Return the fields whose values travel: all that are stored and not computed, but files."""
    return [
        one
        for one in model.fields.values()
        if one.stored
        and not one.system
        and one.computed not in {"formula", "rollup"}
        and one.storage.kind not in HOLDS_FILES
    ]


def export_records(
    context: Context,
    connection: sa.Connection,
    modules: Sequence[str],
    users: Iterable[UserRow],
    *,
    whole: bool,
) -> Iterator[tuple[str, bytes]]:
    """Yield path and bytes of the file of each object of `modules` that has live records.

    The users whom the records name follow, all of them where the workspace moves as a `whole`:
    accounts without passwords, with roles and organisation.
    """
    writer = _Writer(context, connection, modules)
    for model in context.catalog.objects.values():
        if model.module in modules:
            lines = list(writer.lines(model))
            if lines:
                yield f"{model.module}/{DATA}{model.name}{LINES}", "".join(lines).encode()
    named = [writer.user_line(user) for user in users if whole or user.id in writer.users]
    if named:
        yield USERS, "".join(named).encode()


class _Writer:
    def __init__(self, context: Context, connection: sa.Connection, modules: Sequence[str]) -> None:
        self.context = context
        self.connection = connection
        objects = context.catalog.objects.values()
        self.inside = {model.name for model in objects if model.module in modules}
        self._keys: dict[str, dict[str, str]] = {}
        self.users: set[str] = set()

    def lines(self, model: ObjectModel) -> Iterator[str]:
        """Yield the lines of an object by id."""
        table = self.context.tables.of(model.name)
        dialect = self.context.database.dialect
        fields = [model.fields[name] for name in ("id", "version", *TIMES)] + moved_fields(model)
        columns = [table.columns[one.name] for one in fields]
        convert: list[Callable[[Any], Any]] = [
            self._reference(one) if one.refers_to else one.storage.to_json(dialect) or _same
            for one in fields[1:]
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
            "roles": sorted(roles, key=lambda one: json.dumps(one, sort_keys=True)),
        }
        return _line({name: value for name, value in values.items() if value is not None})

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
    return MovedRecords(rows, users), tuple(problems)


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

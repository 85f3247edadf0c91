"""A block of gathered records on its way into the store: matched, looked up, written, told apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from marshmallow import ValidationError

from headrace.platform.core.errors import NOT_FOUND
from headrace.platform.core.ids import is_record_id
from headrace.platform.core.problems import Message, Problem
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.exchange.groups import ChildRow, Group, RowError
from headrace.platform.exchange.lookups import Lookups
from headrace.platform.exchange.mapping import Column
from headrace.platform.exchange.requests import ImportRequest
from headrace.platform.metadata.catalog import ObjectModel
from headrace.platform.records import reader
from headrace.platform.records.bulk import Item, write_many
from headrace.platform.records.context import Context
from headrace.platform.records.query import parse_query
from headrace.platform.records.store import RecordStore

Action = Literal["created", "updated"]
PAGE: Final = 200

KEY_TWICE: Final = Message(
    "import.key_twice",
    "The key “{key}” stands in row {first} already.",
    "键“{key}”已在第 {first} 行出现。",
    "Keep one of the rows; rows with children of one record stand below each other.",
    "请只保留其中一行；同一记录的明细行应连续排列。",
)
KEY_MISSING: Final = Message(
    "import.key_missing",
    "The row has no value in “{name}”, by which records are matched.",
    "该行缺少用于匹配记录的“{name}”。",
    "Fill it in.",
    "请填写。",
)
NOTHING_TO_UPDATE: Final = Message(
    "import.nothing_to_update",
    "There is no record with the key “{key}” that you can change.",
    "没有键为“{key}”且您可以修改的记录。",
    "Correct the key, or choose the mode that also makes new records.",
    "请更正键值，或选择可新建记录的模式。",
)


@dataclass(frozen=True, slots=True)
class Written:
    """What became of a group."""

    group: Group
    action: Action | None
    id: str | None = None

    @property
    def errors(self) -> list[RowError]:
        """What was wrong with it."""
        return self.group.errors


@dataclass(slots=True)
class Plan:
    """All that stays the same from block to block, for one catalog and one caller."""

    request: ImportRequest
    model: ObjectModel
    key: Column | None
    headers: Mapping[tuple[str | None, str], str]
    """The column's name in the file, by relation and field."""
    keys_seen: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Existing:
    id: str
    children: Mapping[str, Sequence[str]]


class BlockWriter:
    """Writes blocks of groups in one unit of work."""

    def __init__(self, store: RecordStore, context: Context, work: UnitOfWork, plan: Plan) -> None:
        self._store = store
        self._context = context
        self._work = work
        self._plan = plan
        self._request = plan.request

    def write(self, groups: Sequence[Group]) -> list[Written]:
        """Write what is sound; every group comes back with what became of it, in order."""
        self._check_keys(groups)
        key = None if self._plan.key is None else self._plan.key.field.name
        Lookups(self._context, self._work, self._plan.headers).resolve(
            groups, self._plan.model, key
        )
        existing = {} if self._request.mode == "create" else self._existing(groups)
        creating: list[Group] = []
        updating: list[tuple[Group, _Existing]] = []
        for group in groups:
            if group.errors:
                continue
            found = existing.get(group.key)
            if found is not None:
                updating.append((group, found))
            elif self._request.mode == "update":
                problem = NOTHING_TO_UPDATE.at(key=group.key)
                self._refuse(group, problem, self._plan.key)
            else:
                creating.append(group)
        done = {**self._create(creating), **self._update(updating)}
        return [done.get(id(group), Written(group, None)) for group in groups]

    # -- keys --------------------------------------------------------------------------------

    def _check_keys(self, groups: Sequence[Group]) -> None:
        key, seen = self._plan.key, self._plan.keys_seen
        if key is None:
            return
        for group in groups:
            if group.key == "":
                if self._request.mode != "create":
                    self._refuse(group, KEY_MISSING.at(name=key.header), key)
                continue
            first = seen.setdefault(group.key, group.number)
            if first != group.number:
                self._refuse(group, KEY_TWICE.at(key=group.key, first=first), key)

    def _existing(self, groups: Sequence[Group]) -> dict[str, _Existing]:
        """Return the records that can be read, by the key as the file writes it."""
        key = self._plan.key
        assert key is not None  # noqa: S101 - these modes need one
        values = {
            group.key: value
            for group in groups
            if group.key and (value := self._key_value(key, group)) is not None
        }
        relations = sorted({name for group in groups for name in group.children})
        by_value: dict[Any, _Existing] = {}
        wanted = list(dict.fromkeys(values.values()))
        for start in range(0, len(wanted), PAGE):
            data = {
                "fields": ["id", key.field.name, *relations],
                "expand": relations,
                "filter": {
                    "field": key.field.name,
                    "op": "in",
                    "value": wanted[start : start + PAGE],
                },
                "limit": PAGE,
            }
            query = parse_query(self._context, self._plan.model.name, data)
            page = reader.find_in(self._context, self._work, self._plan.model.name, query)
            for item in page.items:
                children = {name: [row["id"] for row in item[name]] for name in relations}
                by_value[item[key.field.name]] = _Existing(str(item["id"]), children)
        return {text: by_value[value] for text, value in values.items() if value in by_value}

    def _key_value(self, key: Column, group: Group) -> Any:
        """Return a key as lists give it; None where the text is none."""
        field_ = key.field
        if field_.name == "id":
            return group.key if is_record_id(group.key) else None
        try:
            cell = group.rows[0].cell(key.index)
            value = field_.type.from_cell(cell, field_.options, self._context.principal.zone)
            if field_.computed is None:
                checked = field_.type.value_field(field_.options).deserialize(value)
                value = checked if isinstance(checked, str) else value
        except ValidationError:
            return None
        return value

    # -- the store ----------------------------------------------------------------------------

    def _create(self, groups: Sequence[Group]) -> dict[int, Written]:
        records = []
        for group in groups:
            record = {name: one for name, one in group.values.items() if name != "id"}
            for relation, rows in group.children.items():
                record[relation] = [row.values for row in rows]
            records.append(record)
        if not records:
            return {}
        items = write_many(
            self._store,
            self._context,
            self._work,
            self._plan.model.name,
            "create",
            records,
            partial=True,
            migrate=self._request.migrate,
        )
        return {
            id(group): self._written(group, item) for group, item in zip(groups, items, strict=True)
        }

    def _update(self, pairs: Sequence[tuple[Group, _Existing]]) -> dict[int, Written]:
        key = self._plan.key
        left_out = {"id"} if key is None else {"id", key.field.name}
        records = []
        for group, found in pairs:
            record = {name: one for name, one in group.values.items() if name not in left_out}
            for relation, rows in group.children.items():
                record[relation] = {
                    "delete": list(found.children[relation]),
                    "create": [row.values for row in rows],
                }
            records.append({**record, "id": found.id})
        if not records:
            return {}
        items = write_many(
            self._store,
            self._context,
            self._work,
            self._plan.model.name,
            "upsert",
            records,
            partial=True,
        )
        return {
            id(group): self._written(group, item)
            for (group, _), item in zip(pairs, items, strict=True)
        }

    def _written(self, group: Group, item: Item) -> Written:
        if item.status in {"created", "updated"}:
            group.warnings.extend(self._row_error(group, one) for one in item.warnings)
            action: Action = "created" if item.status == "created" else "updated"
            return Written(group, action, item.id)
        problems = item.problems or (NOT_FOUND.at(),)
        group.errors.extend(self._row_error(group, problem) for problem in problems)
        return Written(group, None)

    def _row_error(self, group: Group, problem: Problem) -> RowError:
        """Say which row and column of the file a problem of the store is about."""
        parts = [part.replace("~1", "/").replace("~0", "~") for part in problem.path.split("/")[1:]]
        if not parts:
            return RowError(group.number, None, problem)
        child = _child(group, parts)
        if child is None:
            return RowError(group.number, self._plan.headers.get((None, parts[0])), problem)
        header = self._plan.headers.get((parts[0], parts[-1]))
        return RowError(child.row.number, header, problem, child.sheet)

    @staticmethod
    def _refuse(group: Group, problem: Problem, column: Column | None) -> None:
        header = None if column is None else column.header
        group.errors.append(RowError(group.number, header, problem))


def _child(group: Group, parts: Sequence[str]) -> ChildRow | None:
    rows = group.children.get(parts[0], [])
    place = next((part for part in parts[1:] if part.isdigit()), None)
    if place is None or int(place) >= len(rows):
        return None
    return rows[int(place)]

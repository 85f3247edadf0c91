"""References that a file names by a code or a title, found for many rows in few statements.

Only what the caller may read is found, through the same source as every list. What means several
records is refused with the keys of those, never guessed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from marshmallow import ValidationError

from headrace.platform.access.policy import readable_fields
from headrace.platform.core.ids import is_record_id
from headrace.platform.core.problems import Message, Problem, Text
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.exchange.groups import Group, Reference, RowError
from headrace.platform.metadata.catalog import FieldModel, ObjectModel
from headrace.platform.metadata.field_types.cells import Cell, narrow
from headrace.platform.metadata.field_types.references import USER_OBJECT
from headrace.platform.metadata.record_names import named_record
from headrace.platform.records import reader
from headrace.platform.records.context import Context
from headrace.platform.records.query import operators_of, parse_query

PAGE: Final = 200
MOST_PAGES: Final = 5
SHOWN_CANDIDATES: Final = 5

NOT_FOUND: Final = Message(
    "reference.not_found",
    "“{value}” is no “{object}” that you can choose here.",
    "“{value}”不是此处可选择的“{object}”。",
    "Look for a spelling mistake, or import that record first.",
    "请检查拼写，或先导入该记录。",
)
AMBIGUOUS: Final = Message(
    "reference.ambiguous",
    "“{value}” is the name of several “{object}”: {candidates}.",
    "有多个“{object}”名为“{value}”：{candidates}。",
    "Write the key of the one that is meant.",
    "请改填目标记录的键值。",
)


UNNAMED: Final = Message(
    "import.object_unnamed",
    "“{value}” does not say of which object the record is.",
    "“{value}”没有说明是哪个对象的记录。",
    "Write the object, a colon and the record: “{example}”.",
    "请写成“对象:记录”的形式（半角冒号），例如“{example}”。",
)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a reference stands, alone or `among` others, so that it can be replaced."""

    group: Group
    values: dict[str, Any]
    field: FieldModel
    row: int
    sheet: str
    among: list[Any] | None = None
    index: int = 0

    def put(self, value: Any) -> None:
        """Put what the store understands in place of what the file says."""
        if self.among is None:
            self.values[self.field.name] = value
        else:
            self.among[self.index] = value


Wanted = dict[tuple[str, str | None], dict[str, list[_Place]]]


class Lookups:
    """Finds the references of a block of rows."""

    def __init__(
        self, context: Context, work: UnitOfWork, headers: Mapping[tuple[str | None, str], str]
    ) -> None:
        self._context = context
        self._work = work
        self._headers = headers

    def resolve(self, groups: Sequence[Group], own: ObjectModel, key: str | None) -> None:
        """Replace references by ids; what cannot be found becomes an error of its row.

        A record of the same block is named by its `key`, for the store to find it.
        """
        wanted: Wanted = {}
        for place, reference in tuple(self._places(groups, own)):
            found_name = self._named(place, reference)
            if found_name is not None:
                name, text = found_name
                wanted.setdefault((name, reference.by), {}).setdefault(text, []).append(place)
        coming = {group.key for group in groups if group.key and not group.errors}
        for (name, by), texts in wanted.items():
            found = self._found(name, by, list(texts))
            for text, places in texts.items():
                ids = found.get(text, ())
                for place in places:
                    if len(ids) == 1:
                        place.put(_of(place.field, name, ids[0]))
                    elif (
                        not ids and name == own.name and key not in {None, "id"} and text in coming
                    ):
                        keyed = {"key": text, "by": key}
                        place.put({"object": name, **keyed} if place.field.targets else keyed)
                    else:
                        self._refuse(place, text, name, ids)

    def _named(self, place: _Place, reference: Reference) -> tuple[str, str] | None:
        """Return the object and what names its record; what names no object becomes an error."""
        if not place.field.targets:
            return str(place.field.pointed), reference.text
        found = named_record(self._context.catalog, place.field, reference.text)
        if found is None:
            first = self._context.catalog.objects[place.field.targets[0]]
            label = Text(f"{first.label.en}: …", f"{first.label.within('zh')}:…")
            self._put_error(place, UNNAMED.at(value=reference.text, example=label))
        return found

    def _places(
        self, groups: Sequence[Group], own: ObjectModel
    ) -> Iterator[tuple[_Place, Reference]]:
        for group in groups:
            yield from self._within(group, own, group.values, group.number, "")
            for relation, rows in group.children.items():
                child = own.child(relation)
                detail = self._context.catalog.objects[child.object] if child else own
                for one in rows:
                    yield from self._within(group, detail, one.values, one.row.number, one.sheet)

    @staticmethod
    def _within(
        group: Group, model: ObjectModel, values: dict[str, Any], row: int, sheet: str
    ) -> Iterator[tuple[_Place, Reference]]:
        for name, value in values.items():
            if isinstance(value, Reference):
                yield _Place(group, values, model.fields[name], row, sheet), value
            elif isinstance(value, list) and name in model.fields and model.fields[name].links:
                for index, one in enumerate(value):
                    if isinstance(one, Reference):
                        yield (
                            _Place(group, values, model.fields[name], row, sheet, value, index),
                            one,
                        )

    def _refuse(self, place: _Place, text: str, name: str, ids: Sequence[str]) -> None:
        target = self._context.catalog.object(name)
        label = target.label if target is not None else place.field.label
        problem: Problem = NOT_FOUND.at(value=text, object=label)
        if len(ids) > 1 and target is not None:
            candidates = ", ".join(self._keys(target, ids[:SHOWN_CANDIDATES]))
            more = ", …" if len(ids) > SHOWN_CANDIDATES else ""
            problem = AMBIGUOUS.at(value=text, object=label, candidates=candidates + more)
        self._put_error(place, problem)

    def _put_error(self, place: _Place, problem: Problem) -> None:
        place.values.pop(place.field.name, None)
        relation = next(
            (
                name
                for name, rows in place.group.children.items()
                if any(one.values is place.values for one in rows)
            ),
            None,
        )
        header = self._headers.get((relation, place.field.name))
        place.group.errors.append(RowError(place.row, header, problem, place.sheet))

    # -- asking ------------------------------------------------------------------------------

    def _found(self, name: str, by: str | None, texts: list[str]) -> dict[str, list[str]]:
        """Return the ids that each text means, by the first field by which there are any."""
        target = self._context.catalog.object(name)
        if target is None:
            return {}
        found: dict[str, list[str]] = {}
        for field in self._fields(target, by):
            left = [text for text in texts if text not in found]
            if left:
                found.update(self._by_field(target, field, left))
        left = [text for text in texts if text not in found and by is None and is_record_id(text)]
        if left:
            found.update(self._by_field(target, target.fields["id"], left))
        return found

    def _fields(self, target: ObjectModel, by: str | None) -> list[FieldModel]:
        readable = readable_fields(self._context.catalog, self._context.principal, target.name)
        logins = ("login",) if target.name == USER_OBJECT else ()
        names = (by,) if by is not None else (*target.external_ids, *logins, target.title)
        fields = [target.fields[name] for name in dict.fromkeys(names) if name in readable]
        return [one for one in fields if "in" in operators_of(one)]

    def _by_field(
        self, target: ObjectModel, field: FieldModel, texts: Sequence[str]
    ) -> dict[str, list[str]]:
        """Return the ids by text; exact spelling goes before one with plain digits and width."""
        values: dict[Any, list[str]] = {}
        for text in texts:
            for spelling in dict.fromkeys((text, narrow(text))):
                value = self._value(field, spelling)
                if value is not None:
                    values.setdefault(value, []).append(text)
        ids = self._ids(target, field, list(values))
        found: dict[str, list[str]] = {}
        for value, members in values.items():
            for text in members:
                exact = self._value(field, text) == value
                if value in ids and (exact or text not in found):
                    found[text] = ids[value]
        return found

    def _value(self, field: FieldModel, text: str) -> Any:
        try:
            value = field.type.from_cell(Cell(text), field.options, self._context.principal.zone)
            if field.computed is None:
                checked = field.type.value_field(field.options).deserialize(value)
                value = checked if isinstance(checked, str) else value
        except ValidationError:
            return None
        return value if isinstance(value, (str, int)) and value != "" else None

    def _ids(
        self, target: ObjectModel, field: FieldModel, values: list[Any]
    ) -> dict[Any, list[str]]:
        found: dict[Any, list[str]] = {}
        for start in range(0, len(values), PAGE):
            part = values[start : start + PAGE]
            if not self._collect(target, field, part, found):
                # Few names are borne by very many records: each is asked for by itself.
                for value in part:
                    found.pop(value, None)
                    self._collect(target, field, [value], found, most_pages=1)
        return found

    def _collect(
        self,
        target: ObjectModel,
        field: FieldModel,
        values: Sequence[Any],
        found: dict[Any, list[str]],
        most_pages: int = MOST_PAGES,
    ) -> bool:
        """Add the ids of the rows with one of `values`; say whether these were all."""
        cursor: str | None = None
        for _ in range(most_pages):
            data: dict[str, Any] = {
                "fields": ["id", field.name],
                "filter": {"field": field.name, "op": "in", "value": list(values)},
                "sort": ["id"],
                "limit": PAGE,
            }
            if cursor is not None:
                data["cursor"] = cursor
            query = parse_query(self._context, target.name, data)
            page = reader.find_in(self._context, self._work, target.name, query)
            for item in page.items:
                found.setdefault(item[field.name], []).append(str(item["id"]))
            cursor = page.next
            if cursor is None:
                return True
        return False

    def _keys(self, target: ObjectModel, ids: Sequence[str]) -> list[str]:
        """Return what distinguishes records of the same name, as far as the caller may read it."""
        readable = readable_fields(self._context.catalog, self._context.principal, target.name)
        logins = ("login",) if target.name == USER_OBJECT else ()
        names = [name for name in (*target.external_ids, *logins) if name in readable]
        name = names[0] if names else "id"
        data = {
            "fields": ["id", name],
            "filter": {"field": "id", "op": "in", "value": list(ids)},
            "sort": ["id"],
        }
        query = parse_query(self._context, target.name, data)
        page = reader.find_in(self._context, self._work, target.name, query)
        return [str(item[name] or item["id"]) for item in page.items]


def _of(field: FieldModel, name: str, record_id: str) -> Any:
    return {"object": name, "id": record_id} if field.targets else record_id

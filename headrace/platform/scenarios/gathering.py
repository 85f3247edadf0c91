"""Who and what a recorded scenario is given: people by their roles, records by local names.

Everything is read with the rights of who records; what they may not read is left out and told so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import orjson

from headrace.platform.access.identity import UserRow
from headrace.platform.access.policy import readable_fields
from headrace.platform.core.errors import ForbiddenError, NotFoundError, RefusedError
from headrace.platform.core.json_text import JsonText
from headrace.platform.core.problems import Text
from headrace.platform.metadata.catalog import FieldModel, ObjectModel
from headrace.platform.metadata.checks.scenarios import NAMED
from headrace.platform.metadata.field_types.references import USER_OBJECT
from headrace.platform.metadata.references import uses
from headrace.platform.metadata.wording import sentence
from headrace.platform.publishing.rows import RowsFile
from headrace.platform.records import reader
from headrace.platform.records.context import Context
from headrace.platform.records.query import parse_query
from headrace.platform.scenarios import messages

Json = dict[str, Any]

MOST_RECORDS: Final = 80
"""Records that a recorded scenario is given, at most."""
MOST_RELATED: Final = 20
"""Rows of an object that formulas ask for, by one field, at most."""
LONGEST: Final = 34
"""Characters of a local name before a number."""
FREE_TEXTS: Final = frozenset({"text", "long_text", "rich_text", "url"})
"""Types of fields in which people write what they like."""
CONTACTS: Final[Mapping[str, str]] = {"phone": "13800138000", "email": "somebody@example.invalid"}
"""What stands in the place of how somebody is reached."""


class Gathering:
    """Collects what is given."""

    def __init__(
        self, context: Context, people: Iterable[UserRow], rows: Iterable[RowsFile]
    ) -> None:
        self._context = context
        self._known = {one.id: one for one in people}
        self._keys = _reference_keys(context, rows)
        self._names: set[str] = set()
        self._found: set[str] = set()
        self._people: dict[str, str] = {}
        self._records: dict[tuple[str, str], str | None] = {}
        self.users: list[Json] = []
        self.records: list[Json] = []
        self.left_out: dict[Text, None] = {}

    def is_person(self, user_id: str) -> bool:
        """Say whether an id is that of somebody, not of the platform itself."""
        return user_id in self._known

    def person(self, user_id: str) -> str:
        """Return the local name of somebody, who is given from now on: the first of their roles."""
        if user_id in self._people:
            return self._people[user_id]
        row = self._known[user_id]
        held = [one for one in row.roles if one.role in self._context.catalog.roles]
        roles = list(dict.fromkeys(one.role for one in held))
        name = self._people[user_id] = self.name(roles[0] if roles else "person")
        shown: Json = {"name": name}
        self.users.append(shown)
        if roles:
            shown["roles"] = roles
        territories = list(dict.fromkeys(one.territory_id for one in held if one.territory_id))
        self._place(shown, "territory", territories[0] if territories else None)
        self._place(shown, "organisation", row.organisation)
        if row.manager is not None and row.manager in self._known:
            shown["manager"] = self.person(row.manager)
        return name

    def _place(self, shown: Json, part: Any, record_id: str | None) -> None:
        model = self._context.catalog.acting_as(part)
        found = self.record(model.name, record_id) if model and record_id else None
        if found is not None:
            shown[part] = found

    def record(self, object_name: str, record_id: str) -> str | None:
        """Return the local name of a record, which is given from now on; None where it is left out."""
        key = (object_name, record_id)
        if key in self._records:
            return self._records[key]
        model = self._context.catalog.objects.get(object_name)
        self._records[key] = None
        if model is None or len(self.records) >= MOST_RECORDS:
            return None
        try:
            data = reader.get(self._context, object_name, record_id)
        except (NotFoundError, ForbiddenError):
            self.left_out[sentence(messages.UNREAD, object=model.label)] = None
            return None
        name = self.name(object_name)
        shown: Json = {"name": name, "object": object_name}
        external = data.get(model.external_ids[0]) if model.external_ids else None
        if external in self._keys.get(object_name, ()):
            shown["key"] = external
            self._found.add(name)
        else:
            values = dict(self._given_values(model, data, name))
            if values:
                shown["values"] = values
        self.records.append(shown)
        self._records[key] = name
        return name

    def stands_for(self, object_name: str, record_id: str, name: str) -> None:
        """Let a record be known by a name without being given: a step makes it."""
        self._records[object_name, record_id] = name

    def name(self, base: str) -> str:
        """Return a local name that nothing has yet."""
        base = base[:LONGEST]
        found, number = base, 1
        while found in self._names:
            number += 1
            found = f"{base}_{number}"
        self._names.add(found)
        return found

    def value(self, field: FieldModel, value: Any) -> Any:
        """Return a value with local names in place of ids; None where what it refers to is left out."""
        if field.links is not None and isinstance(value, list):
            found = [self._referred(field.links, one) for one in value]
            return [one for one in found if one is not None] or None
        if field.targets and isinstance(value, Mapping):
            one = self._referred(str(value["object"]), value)
            return None if one is None else {"object": value["object"], "id": one}
        if field.target is not None:
            return self._referred(field.target, value)
        return orjson.loads(str(value)) if isinstance(value, JsonText) else value

    def _referred(self, target: str, value: Any) -> Json | None:
        record_id = str(value["id"] if isinstance(value, Mapping) else value)
        if target == USER_OBJECT:
            name = self.person(record_id) if self.is_person(record_id) else None
        else:
            name = self.record(target, record_id)
        return None if name is None else {NAMED: name}

    def _given_values(
        self, model: ObjectModel, data: Mapping[str, Any], name: str
    ) -> Iterator[tuple[str, Any]]:
        """Yield the values of a given record; what people write freely is not taken along."""
        for field in model.fields.values():
            value = data.get(field.name)
            if value is None or not is_given(field):
                continue
            kept = field.name in model.external_ids or has_form(field)
            if field.type.key in CONTACTS or field.definition.masked is not None:
                value = CONTACTS.get(field.type.key, name) if field.definition.required else None
            elif field.type.key in FREE_TEXTS and not kept:
                value = name if field.definition.required else None
            else:
                value = self.value(field, value)
            if value is not None:
                yield field.name, value

    def take_related(self, model: ObjectModel) -> None:
        """Give the rows that formulas ask for and that refer to what is given already."""
        for object_name in sorted(_queried(self._context, model)):
            asked = self._context.catalog.objects.get(object_name)
            if asked is None:
                continue
            for field in asked.fields.values():
                known = [
                    one
                    for (target, one), name in self._records.items()
                    if target == field.target and name is not None and name not in self._found
                ]
                if known and not field.system and field.target != model.name:
                    self._take_rows(asked, field, known)

    def _take_rows(self, model: ObjectModel, field: FieldModel, ids: list[str]) -> None:
        where = {"field": field.name, "op": "in", "value": ids}
        try:
            query = parse_query(
                self._context,
                model.name,
                {"fields": ["id"], "filter": where, "limit": MOST_RELATED},
            )
            page = reader.find(self._context, model.name, query)
        except (RefusedError, ForbiddenError, NotFoundError):
            return
        for one in page.items:
            self.record(model.name, str(one["id"]))


def is_given(field: FieldModel) -> bool:
    """Say whether a value of a field can be given: it is stored, and no file."""
    if field.system or field.key_of is not None:
        return False
    if field.computed not in {None, "workflow"}:
        return False
    return field.storage.kind not in {"file", "files"}


def has_form(field: FieldModel) -> bool:
    """Say whether a text must have a certain form, so that no other text can stand for it."""
    return bool(getattr(field.options, "pattern", None) or getattr(field.options, "format", None))


def _reference_keys(context: Context, rows: Iterable[RowsFile]) -> dict[str, set[str]]:
    """Return the external ids of the records that come with the modules, by object."""
    found: dict[str, set[str]] = {}
    for file in rows:
        model = context.catalog.objects.get(file.object)
        if file.set == "reference" and model is not None and model.external_ids:
            key = model.external_ids[0]
            found.setdefault(file.object, set()).update(
                row[key] for row in file.rows() if key in row
            )
    return found


def _queried(context: Context, model: ObjectModel) -> set[str]:
    """Return the objects that formulas of an object, its rows and its approvals ask for."""
    catalog = context.catalog
    rows = [str(one.object) for one in model.children]
    asking = [("object", one) for one in (model.name, *rows)]
    workflow = catalog.workflows.get(model.workflow or "")
    if workflow is not None:
        asking.append(("workflow", workflow.name))
        asking += [
            ("approval", one.name) for several in workflow.approvals.values() for one in several
        ]
    references = uses(catalog)
    found = {
        one.used.name
        for kind, name in asking
        for one in references.by(kind, name)
        if one.how == "query"
    }
    readable = {one for one in found if readable_fields(catalog, context.principal, one)}
    return readable - {model.name, *rows}

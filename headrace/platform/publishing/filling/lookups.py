"""A conversion with the keys of the records that its values stand for, read as they are needed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from marshmallow import ValidationError

from headrace.platform.database.tables import Tables
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.metadata.catalog import Catalog, FieldModel, ObjectModel
from headrace.platform.metadata.conversions import Conversion, Converted, NotConvertibleError
from headrace.platform.metadata.field_types.converting import writer
from headrace.platform.metadata.storage_types import Dialect
from headrace.platform.publishing.filling.rows import CHUNK
from headrace.platform.records.context import Context


class Lookups:
    """Converts values; `read` those that will be asked for first.

    `context` is that of the live version: keys are what they are before the publish.
    """

    def __init__(self, context: Context, work: UnitOfWork, found: Conversion) -> None:
        self._catalog: Catalog = context.catalog
        self._tables: Tables = context.tables
        self._work = work
        self._conversion = found
        self._keys: dict[Any, str] = {}
        self._ids: dict[Any, str] = {}

    @classmethod
    def of(cls, context: Context, work: UnitOfWork, found: Conversion | None) -> Lookups | None:
        """Return the conversion with its keys; None where there is none."""
        return None if found is None else cls(context, work, found)

    def convert(self, value: Any) -> Converted:
        """Return what `value` becomes; raise NotConvertibleError where it becomes nothing."""
        return self._conversion.convert(value, self._keys, self._ids)

    def read(self, values: Iterable[Any]) -> None:
        """Read what these values stand for."""
        keys = self._conversion.keys
        if keys is None:
            return
        wanted = {value for value in values if value is not None}
        if keys.source is not None:
            found = self._found(*keys.source, wanted, by_id=True)
            self._keys.update(found)
            wanted = {self._keys[one] for one in wanted if one in self._keys}
        if keys.target is not None:
            wanted = {key for key in map(self._key_of, wanted) if key is not None}
            found = self._found(*keys.target, wanted, by_id=False)
            self._ids.update((key, record_id) for record_id, key in found)

    def _key_of(self, value: Any) -> Any:
        """Return the text that a value is as a key."""
        try:
            return self._conversion.step(value).value
        except NotConvertibleError:
            return None

    def _found(
        self, object_id: str, field_id: str, wanted: set[Any], *, by_id: bool
    ) -> Iterator[tuple[str, str]]:
        """Yield id and key of the live records that are meant; an object yet to come has none."""
        model = key_holder(self._catalog, object_id)
        if model is None:
            return
        field = next(one for one in model.fields.values() if one.id == field_id)
        table = self._tables.of(model.name)
        column = table.columns[field.name]
        form = KeyForm.of(field, self._work.dialect)
        given = wanted if by_id else {form.stored(one) for one in wanted} - {None}
        ordered = sorted(given, key=str)
        for start in range(0, len(ordered), CHUNK):
            part = ordered[start : start + CHUNK]
            query = sa.select(table.id, column).where((table.id if by_id else column).in_(part))
            if table.deleted_at is not None and not by_id:
                query = query.where(table.deleted_at.is_(None))
            for record_id, key in self._work.connection.execute(query):
                if key is not None:
                    yield str(record_id), form.text(key)


def key_holder(catalog: Catalog, object_id: str) -> ObjectModel | None:
    """Return the object with an id, the platform's own ones included."""
    models = (*catalog.objects.values(), *catalog.system_objects.values())
    return next((one for one in models if one.id == object_id), None)


@dataclass(frozen=True, slots=True)
class KeyForm:
    """How the keys of records are written as text, and found by it."""

    text: Callable[[Any], str]
    stored: Callable[[str], Any]

    @classmethod
    def of(cls, field: FieldModel, dialect: Dialect) -> KeyForm:
        """Return the form of a field's values."""
        read = field.storage.from_driver(dialect)
        if field.storage.kind == "text":
            return cls(lambda value: str(read(value)), lambda text: text)
        write = writer(field.storage.kind) or str
        parser = field.type.value_field(field.options)
        to_driver = field.storage.to_driver(dialect)

        def stored(text: str) -> Any:
            try:
                return to_driver(parser.deserialize(text))
            except ValidationError:
                return None

        return cls(lambda value: write(read(value)), stored)

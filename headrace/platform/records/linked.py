"""Lists of references in statements: what a field with several of them holds for one who reads.

Of the links of a row only those count whose target is live and may be read: the others are not told,
not counted, and cannot be asked for. Users are an exception: whoever reads a field reads the names in it.
The lists of a page are subqueries of its one statement; the table of links is asked by the row.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import orjson
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, aggregate_order_by

from headrace.platform.access.parameters import Column, Condition, is_one_of
from headrace.platform.access.policy import Pair, RowAccess, as_condition, guarded, names_of
from headrace.platform.access.rows import Rows
from headrace.platform.database.links import LINKED, PLACE, RECORD
from headrace.platform.metadata.catalog import FieldModel
from headrace.platform.metadata.field_types.references import USER_OBJECT
from headrace.platform.metadata.storage_types import ID, SEPARATOR, Dialect, Storage

Listed = list[dict[str, Any]]
TEXT: Final = sa.Text()


class Linked:
    """The links of the rows of one field, as far as `pairs` let their targets be read."""

    def __init__(self, rows: Rows, field: FieldModel, pairs: tuple[Pair, ...]) -> None:
        self._rows = rows
        self._dialect = rows.surroundings.dialect
        self._statement = rows.statement.nested()
        self.targets = self._statement.start(str(field.links))
        self._access = RowAccess(self.targets, pairs)
        self._names = names_of(pairs)
        links = rows.table.links[field.name]
        self._links = links.alias(f"{self.targets.alias.name}l")
        self._conditions: list[Condition] = [self._links.c[RECORD] == rows.id]
        if self.targets.is_live is not None:
            self._conditions.append(self.targets.is_live)
        if field.links != USER_OBJECT:
            self._conditions.append(as_condition(self._access.row()))

    def ids(self) -> Column:
        """Return the ids in their order as one text; null for none."""
        rows = self._ordered(self.targets.id)
        if self._dialect == "postgresql":
            ordered: Any = aggregate_order_by(sa.literal(SEPARATOR, TEXT), rows.c.place)
            found: Column = sa.func.string_agg(sa.cast(rows.c.c0, TEXT), ordered, type_=TEXT)
        else:
            found = sa.func.group_concat(rows.c.c0, sa.literal(SEPARATOR, TEXT), type_=TEXT)
        return sa.select(found).select_from(rows).correlate(self._rows.alias).scalar_subquery()

    def titled(self) -> tuple[Column, Callable[[Any], Listed | None]]:
        """Return ids with titles as one text, and what reads it; null for none.

        A title is null where the rights contain none of the target.
        """
        title, convert = title_of(self.targets, self._access, self._names, self._dialect)
        rows = self._ordered(self.targets.id, title)
        if self._dialect == "postgresql":
            pair = sa.func.json_build_array(sa.cast(rows.c.c0, TEXT), rows.c.c1)
            found: Column = sa.cast(sa.func.json_agg(aggregate_order_by(pair, rows.c.place)), TEXT)
        else:
            pair = sa.func.json_array(rows.c.c0, rows.c.c1)
            found = sa.func.nullif(sa.func.json_group_array(pair), "[]", type_=TEXT)
        select = sa.select(found).select_from(rows).correlate(self._rows.alias)
        return select.scalar_subquery(), _reader(convert)

    def exists(self) -> Condition:
        """Return whether there is any."""
        return sa.exists(self._select(sa.literal(1)))

    def holds(self, name: str, *, every: bool) -> Condition:
        """Return whether any, or `every`, id of the late parameter `name` is among them."""
        chosen = is_one_of(self._links.c[LINKED], name, ID, self._dialect)
        return self._holds(chosen, name, ID, every=every)

    def holds_found(
        self, ids: sa.Select[Any], name: str, storage: Storage, *, every: bool
    ) -> Condition:
        """Return the same for ids that a select finds for the values of the late parameter `name`."""
        return self._holds(self._links.c[LINKED].in_(ids), name, storage, every=every)

    def _holds(self, chosen: Condition, name: str, storage: Storage, *, every: bool) -> Condition:
        if not every:
            return sa.exists(self._select(sa.literal(1), chosen))
        counted = self._select(sa.func.count(), chosen).scalar_subquery()
        if self._dialect == "postgresql":
            items = ARRAY(storage.column_type(self._dialect))
            asked = sa.func.cardinality(sa.bindparam(name, type_=items, required=True))
        else:
            asked = sa.func.json_array_length(sa.bindparam(name, type_=sa.String(), required=True))
        return counted == asked

    def _select(self, column: Column, *more: Condition) -> sa.Select[Any]:
        joined = self._statement.from_clause().join(
            self._links, self._links.c[LINKED] == self.targets.id
        )
        select = sa.select(column).select_from(joined).where(*self._conditions, *more)
        return select.correlate(self._rows.alias)

    def _ordered(self, *columns: Column) -> sa.Subquery:
        named = [column.label(f"c{index}") for index, column in enumerate(columns)]
        place = self._links.c[PLACE].label("place")
        # Columns may join more tables, so they are made before the FROM clause is taken.
        select = self._select(named[0]).add_columns(*named[1:], place)
        return select.order_by(place).subquery(f"{self.targets.alias.name}o")


def title_of(
    target: Rows, access: RowAccess, names: frozenset[str], dialect: Dialect
) -> tuple[Column, Callable[[Any], Any] | None]:
    """Return what a record is called as part of a JSON text, and what makes the API's form of it."""
    field = target.model.fields[target.model.title]
    if target.model.name == USER_OBJECT:
        return target.column(field), None
    if field.name not in names:
        return sa.null(), None
    title = guarded(target.column(field), access.name_where_row(field.name))
    if dialect == "postgresql":
        # As JSON a decimal would become a float; the rest is written as the API writes it.
        return (sa.cast(title, TEXT) if field.storage.kind == "decimal" else title), None
    return title, field.storage.to_json(dialect)


def _reader(convert: Callable[[Any], Any] | None) -> Callable[[Any], Listed | None]:
    def read(text: str | None) -> Listed | None:
        if text is None:
            return None
        pairs = orjson.loads(text)
        if convert is None:
            return [{"id": one, "title": title} for one, title in pairs]
        return [{"id": one, "title": convert(title)} for one, title in pairs]

    return read

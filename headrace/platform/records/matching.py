"""The best of several records: an empty key fits all, and what fits more closely goes first.

Order: priority, number of keys filled, depth of those that lie in trees, later beginning, lower id.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from headrace.platform.database.tables import ObjectTable
from headrace.platform.metadata.catalog import Catalog, FieldModel, ObjectModel
from headrace.platform.metadata.definitions.objects import BestMatchDef

Column = sa.ColumnElement[Any]
Condition = sa.ColumnElement[bool]
ColumnOf = Callable[[str], Column]
"""From the name of a field of the rows to its column."""
TableOf = Callable[[str], ObjectTable]

PRIORITY: Final = "priority"
FILLED: Final = "filled"
DEPTH: Final = "depth"
BEGINNING: Final = "beginning"
ID: Final = "id"


@dataclass(frozen=True, slots=True)
class Rank:
    """A criterion by which the rows are put in order, the first one that differs decides."""

    name: str
    column: Column
    descending: bool = True

    @property
    def clause(self) -> Column:
        """What stands behind ORDER BY."""
        return (self.column.desc() if self.descending else self.column.asc()).nulls_last()


class Matching:
    """The SQL of one best match, over columns that the caller gives."""

    def __init__(
        self, catalog: Catalog, model: ObjectModel, column: ColumnOf, table_of: TableOf
    ) -> None:
        assert model.definition.best_match is not None  # noqa: S101 - the checks see to it
        self._definition: BestMatchDef = model.definition.best_match
        self._catalog = catalog
        self._model = model
        self._column = column
        self._table_of = table_of

    def fits(
        self, given: Mapping[str, tuple[Column, Condition]], at: Column | None
    ) -> list[Condition]:
        """Return the conditions of rows that fit; `given` holds the value and the comparison of keys.

        Of keys that are not given, only an empty one fits.
        """
        found: list[Condition] = []
        for name in self._definition.keys:
            column = self._column(name)
            if name not in given:
                found.append(column.is_(None))
                continue
            value, equal = given[name]
            tree = self._tree(self._model.fields[name])
            same = equal if tree is None else _is_below(tree, value, column)
            found.append(sa.or_(column.is_(None), same))
        if at is not None:
            found += self._counts_at(at)
        return found

    def ranks(self) -> list[Rank]:
        """Return the criteria in the order in which they count."""
        definition = self._definition
        ranks: list[Rank] = []
        if definition.priority is not None:
            ranks.append(Rank(PRIORITY, self._column(definition.priority)))
        filled = [
            sa.case((self._column(name).is_not(None), 1), else_=0) for name in definition.keys
        ]
        ranks.append(Rank(FILLED, _total(filled)))
        depths = [
            _depth(tree, self._column(name))
            for name in definition.keys
            if (tree := self._tree(self._model.fields[name])) is not None
        ]
        if depths:
            ranks.append(Rank(DEPTH, _total(depths)))
        if definition.from_ is not None:
            ranks.append(Rank(BEGINNING, self._column(definition.from_)))
        return [*ranks, Rank(ID, self._column("id"), descending=False)]

    def _counts_at(self, at: Column) -> Iterable[Condition]:
        definition = self._definition
        if definition.from_ is not None:
            start = self._column(definition.from_)
            yield sa.or_(start.is_(None), start <= at)
        if definition.to is not None:
            end = self._column(definition.to)
            yield sa.or_(end.is_(None), end >= at)

    def _tree(self, field: FieldModel) -> ObjectTable | None:
        """Return the table of the tree that a key lies in."""
        target = self._catalog.objects.get(field.target or "")
        return None if target is None or target.tree_field is None else self._table_of(target.name)


def _total(columns: Sequence[Column]) -> Column:
    total = columns[0]
    for one in columns[1:]:
        total += one
    return total


def _is_below(tree: ObjectTable, node: Column, root: Column) -> Condition:
    """Return whether `node` is `root` or stands below it."""
    below, above = tree.table.alias(), tree.table.alias()
    assert tree.path is not None  # noqa: S101 - trees only
    path = tree.path.name
    found = sa.select(sa.literal(1)).select_from(
        below.join(above, below.c[path].startswith(above.c[path]))
    )
    inside = found.where(below.c[tree.id.name] == node, above.c[tree.id.name] == root)
    return sa.or_(node == root, sa.exists(inside))


def _depth(tree: ObjectTable, node: Column) -> Column:
    """Return how deep a node stands: the length of its path, in which every step is equally long."""
    alias = tree.table.alias()
    assert tree.path is not None  # noqa: S101 - trees only
    length = sa.select(sa.func.length(alias.c[tree.path.name]))
    found = length.where(alias.c[tree.id.name] == node).scalar_subquery()
    return sa.func.coalesce(found, 0)

"""Which rows of an object are found, or put in order, by an index: told from the catalog alone.

`database.physical` makes these indexes; here is only whether there is one that helps.
"""

from __future__ import annotations

from typing import Final

from headrace.platform.formulas.tree import Binary, FieldRef, In, Node, Query, walk
from headrace.platform.metadata.catalog import Catalog, ObjectModel

_RANGES: Final = frozenset(("=", "<", "<=", ">", ">="))
_INDEXED: Final = frozenset(("id", "created_at"))
_STOPS_EARLY: Final = frozenset(("EXISTS", "FIRST", "LIST"))
"""Questions that read a few rows only where they have neither condition nor order."""


def asks_by_index(catalog: Catalog, model: ObjectModel, query: Query) -> bool:
    """Say whether a question to an object reads only rows that an index leads to."""
    if query.function == "BEST" and any(narrows(catalog, model, one) for one in query.matches):
        return True
    if query.where is None:
        return query.function in _STOPS_EARLY and not query.order_by
    return narrows(catalog, model, query.where)


def narrows(catalog: Catalog, model: ObjectModel, condition: Node) -> bool:
    """Say whether a condition leads to its rows by an index."""
    match condition:
        case Binary(operator="AND"):
            sides = (condition.left, condition.right)
            return any(narrows(catalog, model, side) for side in sides)
        case Binary(operator="OR"):
            sides = (condition.left, condition.right)
            return all(narrows(catalog, model, side) for side in sides)
        case Binary() if condition.operator in _RANGES:
            pairs = ((condition.left, condition.right), (condition.right, condition.left))
            return any(
                _is_indexed(catalog, model, one) and _is_known(other) for one, other in pairs
            )
        case In(negated=False):
            known = all(_is_known(item) for item in condition.items)
            return known and _is_indexed(catalog, model, condition.operand)
        case _:
            return False


def has_order(catalog: Catalog, model: ObjectModel, key: str) -> bool:
    """Say whether an index holds the rows in the order of a field, `-` in front for falling order."""
    field = model.fields.get(key.removeprefix("-"))
    if field is None or not field.stored:
        return False
    rises = not key.startswith("-")
    if field.name in _INDEXED or (field.unique and rises):
        return True
    by_title = rises and field.name == model.title and field.sort_key is not None
    return by_title or (not field.system and _is_sorted_by(catalog, model.name, key))


def _is_known(node: Node) -> bool:
    """Say whether a value is known before any row is read."""
    return all(not isinstance(one, FieldRef) or one.outer for one in walk(node))


def _is_indexed(catalog: Catalog, model: ObjectModel, node: Node) -> bool:
    if not isinstance(node, FieldRef) or node.outer or len(node.path) > 1:
        return False
    field = next((one for one in model.fields.values() if one.id == node.path[0]), None)
    if field is None or not field.stored:
        return False
    return (
        field.name in _INDEXED
        or field.unique
        or field.target is not None
        or field.name == model.state_field
        or any(unique[:1] == (field.name,) for unique in model.uniques)
        or any(_is_sorted_by(catalog, model.name, mark + field.name) for mark in ("", "-"))
    )


def _is_sorted_by(catalog: Catalog, object_name: str, key: str) -> bool:
    return any(
        view.definition.object == object_name and view.definition.sort[:1] == (key,)
        for view in catalog.views.values()
    )

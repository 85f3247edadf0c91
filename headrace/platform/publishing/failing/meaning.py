"""What a condition says, by ids and with the constants and computed fields that it speaks of.

Two conditions with the same meaning hold for the same rows; a rename changes no meaning.
"""

from __future__ import annotations

from typing import Any

from headrace.platform.formulas.expression import Expression
from headrace.platform.formulas.tree import to_json
from headrace.platform.metadata.catalog import Catalog, FieldModel, ObjectModel

Meaning = tuple[Any, ...]
_NAMES = frozenset({"names", "span", "name"})


def meaning_of(
    catalog: Catalog, object_name: str, *expressions: Expression | None
) -> tuple[Any, ...]:
    """Return what conditions over an object mean in a catalog, for comparison only."""
    seen: set[str] = set()
    return tuple(_meaning(catalog, object_name, one, seen) for one in expressions)


def _meaning(
    catalog: Catalog, object_name: str, expression: Expression | None, seen: set[str]
) -> Meaning | None:
    if expression is None:
        return None
    constants = tuple(
        (name, catalog.constants[name].type, catalog.constants[name].value)
        for name in sorted(expression.constants())
    )
    computed = tuple(
        _computed(catalog, model, field, seen)
        for path in sorted(expression.references())
        for model, field in _steps(catalog, object_name, path)
        if field.id not in seen
    )
    return _bare(to_json(expression.tree)), constants, computed


def _steps(
    catalog: Catalog, object_name: str, path: tuple[str, ...]
) -> list[tuple[ObjectModel, FieldModel]]:
    found: list[tuple[ObjectModel, FieldModel]] = []
    model = catalog.object(object_name)
    for field_id in path:
        field = (
            next((f for f in model.fields.values() if f.id == field_id), None) if model else None
        )
        if model is None or field is None:
            break
        found.append((model, field))
        model = catalog.object(field.target) if field.target else None
    return found


def _computed(catalog: Catalog, model: ObjectModel, field: FieldModel, seen: set[str]) -> Meaning:
    """Return how a field is made; a field that people write means itself."""
    seen.add(field.id)
    if field.expression is not None:
        return field.id, _meaning(catalog, model.name, field.expression, seen)
    for rollup in model.rollups:
        if rollup.field == field.name:
            source = catalog.objects[rollup.source]
            of = source.fields[rollup.of] if rollup.of else None
            return (
                field.id,
                source.id,
                *(one.id for one in rollup.via),
                *(source.fields[one].id for one in rollup.reads),
                bool(rollup.on),
                rollup.op,
                rollup.scale,
                None if of is None else _computed(catalog, source, of, seen),
                _meaning(catalog, source.name, rollup.where, seen),
            )
    return (field.id,)


def _bare(node: Any) -> Any:
    """Return a tree without what a rename or a blank changes."""
    if isinstance(node, dict):
        constant = node.get("node") == "constant"
        return tuple(
            (key, _bare(value))
            for key, value in sorted(node.items())
            if key not in _NAMES or (constant and key == "name")
        )
    if isinstance(node, list):
        return tuple(_bare(one) for one in node)
    return node

"""Keys that hold for some records only: each has a stored formula that is true for those and empty for others.

The formula is part of the key, and rows in which part of a key is empty are kept apart from nobody, on every
database alike. Another condition is another field, and so another key.
"""

from __future__ import annotations

import dataclasses

from headrace.platform.core.canonical import content_hash
from headrace.platform.formulas.expression import Expression
from headrace.platform.formulas.rendering import to_text
from headrace.platform.formulas.types import BOOLEAN
from headrace.platform.metadata.building.formulas import is_same_row
from headrace.platform.metadata.building.key_fields import key_field
from headrace.platform.metadata.building.messages import KEY_CONDITION
from headrace.platform.metadata.building.workbench import PYTHON, Workbench
from headrace.platform.metadata.catalog import FieldModel, ObjectModel
from headrace.platform.metadata.definitions.objects import UniqueDef
from headrace.platform.metadata.field_types.computed import FormulaOptions


def with_conditions(work: Workbench, model: ObjectModel) -> ObjectModel:
    """Give an object with formulas the fields that say for which records its keys hold."""
    made = dict(model.fields)
    keys: list[tuple[str, ...]] = []
    for position, key in enumerate(model.definition.unique):
        held = _condition(work, model, key, position)
        if held is not None:
            made.setdefault(held.name, held)
        keys.append(key.fields if held is None else (*key.fields, held.name))
    return dataclasses.replace(model, fields=made, uniques=tuple(keys))


def _condition(
    work: Workbench, model: ObjectModel, key: UniqueDef, position: int
) -> FieldModel | None:
    if key.where is None or not all(name in model.fields for name in key.fields):
        return None
    place = work.place(model.definition, "unique", position, "where")
    where = work.expression(key.where, model.name, place, expected=BOOLEAN, engines=PYTHON)
    if where is None:
        return None
    if not is_same_row(where) or not _reads_stored(model, where):
        work.problems.append(KEY_CONDITION.at(place))
        return None
    options = FormulaOptions(returns="boolean", formula=f"IF(({key.where}), TRUE, NULL)")
    expected = work.types["formula"].value_type(options)
    expression = work.expression(
        options.formula, model.name, place, expected=expected, engines=PYTHON
    )
    if expression is None:
        return None
    over = [model.fields[name].id for name in key.fields]
    # By ids: another name of a field that it reads makes no other condition.
    said = to_text(where.tree, lambda field: field.path)
    mark = content_hash([over, said])[:12]
    name = f"{key.fields[0]}Where{mark}"
    source, field_id = model.fields[key.fields[0]], f"{model.id}.{mark}"
    return key_field(work, source, options, expression, name=name, field_id=field_id)


def _reads_stored(model: ObjectModel, where: Expression) -> bool:
    by_id = {field.id: field for field in model.fields.values()}
    return all(by_id[path[0]].stored for path in where.references() if path[0] in by_id)

"""Keys that hold for some records only: each has a stored formula that is true for those and empty for others.

The formula is part of the key, and rows in which part of a key is empty are kept apart from nobody, on every
database alike. Another condition is another field, and so another key. The same goes for bans on overlaps.
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
from headrace.platform.metadata.catalog import FieldModel, ObjectModel, OverlapBan
from headrace.platform.metadata.field_types.computed import FormulaOptions


def with_conditions(work: Workbench, model: ObjectModel) -> ObjectModel:
    """Give an object with formulas the fields that say for which records its keys hold."""
    made = dict(model.fields)

    def held(key: str, position: int, names: tuple[str, ...], where: str | None) -> str | None:
        place = work.place(model.definition, key, position, "where")
        found = _condition(work, model, names, where, place)
        if found is None:
            return None
        made.setdefault(found.name, found)
        return found.name

    uniques: list[tuple[str, ...]] = []
    for position, one in enumerate(model.definition.unique):
        condition = held("unique", position, one.fields, one.where)
        uniques.append(one.fields if condition is None else (*one.fields, condition))
    bans = [
        OverlapBan(one, held("no_overlap", position, (one.from_, *one.keys), one.where))
        for position, one in enumerate(model.definition.no_overlap)
    ]
    return dataclasses.replace(model, fields=made, uniques=tuple(uniques), bans=tuple(bans))


def _condition(
    work: Workbench, model: ObjectModel, names: tuple[str, ...], formula: str | None, place: str
) -> FieldModel | None:
    if formula is None or not all(name in model.fields for name in names):
        return None
    where = work.expression(formula, model.name, place, expected=BOOLEAN, engines=PYTHON)
    if where is None:
        return None
    if not is_same_row(where) or not _reads_stored(model, where):
        work.problems.append(KEY_CONDITION.at(place))
        return None
    options = FormulaOptions(returns="boolean", formula=f"IF(({formula}), TRUE, NULL)")
    expected = work.types["formula"].value_type(options)
    expression = work.expression(
        options.formula, model.name, place, expected=expected, engines=PYTHON
    )
    if expression is None:
        return None
    over = [model.fields[name].id for name in names]
    # By ids: another name of a field that it reads makes no other condition.
    said = to_text(where.tree, lambda field: field.path)
    mark = content_hash([over, said])[:12]
    name = f"{names[0]}Where{mark}"
    source, field_id = model.fields[names[0]], f"{model.id}.{mark}"
    return key_field(work, source, options, expression, name=name, field_id=field_id)


def _reads_stored(model: ObjectModel, where: Expression) -> bool:
    by_id = {field.id: field for field in model.fields.values()}
    return all(by_id[path[0]].stored for path in where.references() if path[0] in by_id)

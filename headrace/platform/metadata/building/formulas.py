"""The formulas of fields and rules: defaults, computed fields, filters, conditions."""

from __future__ import annotations

import dataclasses

from headrace.platform.formulas.expression import Expression
from headrace.platform.metadata.building.messages import DEFAULT_TYPE
from headrace.platform.metadata.building.workbench import PYTHON, Workbench
from headrace.platform.metadata.catalog import FieldModel, FieldRuleModel, ObjectModel, RuleModel


def with_formulas(work: Workbench, model: ObjectModel) -> ObjectModel:
    """Analyse the formulas of an object's fields, then those of its rules."""
    fields = {name: _field_formulas(work, model, field) for name, field in model.fields.items()}
    _unstore(work, fields)
    changed = dataclasses.replace(model, fields=fields)
    return dataclasses.replace(
        changed, rules=_rules(work, changed), field_rules=_field_rules(work, changed)
    )


def _unstore(work: Workbench, fields: dict[str, FieldModel]) -> None:
    """Compute on read what reads a formula that is: a stored copy of it would grow old."""
    by_id = {field.id: field for field in fields.values()}
    grown = True
    while grown:
        grown = False
        for name, field in fields.items():
            if field.expression is None or not field.stored:
                continue
            reads = (by_id.get(path[0]) for path in field.expression.references())
            if all(one is None or one.stored for one in reads):
                continue
            place = work.field_place(field.object, name) + "/formula"
            found = work.expression(
                field.options.formula, field.object, place, expected=field.value_type
            )
            changed = dataclasses.replace(field, expression=found, stored=False)
            fields[name] = by_id[field.id] = changed
            grown = True


def _filtered_target(work: Workbench, model: ObjectModel, field: FieldModel) -> FieldModel:
    """Give the field of a target the condition that its reference has for that object."""
    source = model.fields[str(field.key_of)]
    for position, one in enumerate(getattr(source.options, "filters", ())):
        if field.target is not None and one.object == field.target:
            place = work.field_place(model.name, source.name) + f"/filters/{position}/filter"
            found = work.expression(one.filter, field.target, place, outer=model.name)
            return dataclasses.replace(field, lookup_filter=found)
    return field


def _field_formulas(work: Workbench, model: ObjectModel, field: FieldModel) -> FieldModel:
    if field.key_of is not None:
        return _filtered_target(work, model, field)
    place = work.field_place(field.object, field.name)
    definition = field.definition
    default = work.expression(
        definition.default,
        field.object,
        place + "/default",
        expected=field.value_type,
        queries=True,
        recode={"formula.type": DEFAULT_TYPE},
    )
    changed = dataclasses.replace(field, default=default) if default else field
    if field.computed == "formula":
        formula = _formula(work, field, place + "/formula")
        stored = formula is not None and is_same_row(formula)
        return dataclasses.replace(changed, expression=formula, stored=stored)
    condition = getattr(field.options, "filter", None)
    if condition is not None and field.pointed is not None:
        lookup_filter = work.expression(
            condition, field.pointed, place + "/filter", outer=field.object
        )
        return dataclasses.replace(changed, lookup_filter=lookup_filter)
    return changed


def _formula(work: Workbench, field: FieldModel, place: str) -> Expression | None:
    """Analyse a formula field; one that is computed on read must be known to SQL."""
    text, wanted = field.options.formula, field.value_type
    found = work.expression(text, field.object, place, expected=wanted, engines=PYTHON)
    if found is None or is_same_row(found):
        return found
    return work.expression(text, field.object, place, expected=wanted)


def _rules(work: Workbench, model: ObjectModel) -> tuple[RuleModel, ...]:
    result = []
    definition = model.definition
    for position, rule in enumerate(definition.rules):
        place = work.place(definition, "rules", position)
        unless = work.expression(rule.unless, model.name, place + "/unless", engines=PYTHON)
        when = work.expression(rule.when, model.name, place + "/when", engines=PYTHON)
        if rule.field is not None and rule.field not in model.fields:
            work.report_unknown_field(definition, model, rule.field, "rules", position, "field")
        if unless is not None:
            result.append(RuleModel(rule, unless, when))
    return tuple(result)


def _field_rules(work: Workbench, model: ObjectModel) -> tuple[FieldRuleModel, ...]:
    result = []
    definition = model.definition
    for position, rule in enumerate(definition.field_rules):
        place = work.place(definition, *rule.place(position))
        when = work.expression(rule.when, model.name, place + "/when", engines=PYTHON)
        for index, name in enumerate(rule.about):
            if name not in model.fields:
                at = ("field_rules", position, "about", index)
                work.report_unknown_field(definition, model, name, *at)
        if when is not None and all(name in model.fields for name in rule.about):
            result.append(FieldRuleModel(rule, when))
    return tuple(result)


def is_same_row(expression: Expression) -> bool:
    """Whether a formula reads its own row only and never today: then it is stored."""
    own = all(len(path) == 1 for path in expression.references())
    return own and not expression.uses_clock and not expression.constants()

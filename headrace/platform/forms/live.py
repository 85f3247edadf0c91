"""What the browser computes while a form is filled in: typed formulas over what the viewer sees.

Only formulas whose every field the viewer may read are sent, and of those only the ones that the
browser can evaluate over the form itself; the others come from the server's preview. The server
computes and checks everything again on save.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from headrace.platform.access.policy import readable_fields
from headrace.platform.access.principals import Principal
from headrace.platform.forms.form_page import ChildGrid, FormPage
from headrace.platform.formulas.expression import Expression
from headrace.platform.formulas.tree import FieldRef, to_json
from headrace.platform.metadata.catalog import (
    Catalog,
    FieldModel,
    FieldRuleModel,
    ObjectModel,
    RollupModel,
    RuleModel,
)


@dataclass(frozen=True, slots=True)
class LiveForm:
    """A form's computing part, ready to be sent as JSON.

    `constants` names the workspace constants that the formulas read.
    """

    model: dict[str, Any]
    constants: frozenset[str]


def live_form(catalog: Catalog, principal: Principal, page: FormPage) -> LiveForm:
    """Return what the browser needs to compute `page` while it is filled in."""
    model = catalog.objects[page.object]
    main = _Live(catalog, principal, model, None)
    used: set[str] = set()
    data = main.to_json(used)
    data["children"] = {
        grid.name: _child(catalog, principal, model, grid, used) for grid in page.grids
    }
    data["rollups"] = _rollups(catalog, principal, model, page, used)
    return LiveForm(data, frozenset(used))


def _child(
    catalog: Catalog, principal: Principal, master: ObjectModel, grid: ChildGrid, used: set[str]
) -> dict[str, Any]:
    live = _Live(catalog, principal, catalog.objects[grid.object], (master, grid.by))
    data = live.to_json(used)
    data["by"] = live.model.fields[grid.by].id
    return data


def _rollups(
    catalog: Catalog, principal: Principal, model: ObjectModel, page: FormPage, used: set[str]
) -> list[dict[str, Any]]:
    """The roll-ups over rows that stand on the form."""
    found = []
    readable = readable_fields(catalog, principal, model.name)
    for rollup in model.rollups:
        if not rollup.stored or rollup.on:
            continue
        grid = next(
            (one for one in page.grids if (one.object, one.by) == (rollup.source, rollup.by)), None
        )
        if grid is None or rollup.field not in readable:
            continue
        live = _Live(catalog, principal, catalog.objects[grid.object], (model, grid.by))
        if rollup.where is not None and not live.computable(rollup.where):
            continue
        if any(name not in live.readable for name in (rollup.of, rollup.last_by) if name):
            continue
        where = live.tree(rollup.where, used) if rollup.where else None
        found.append(
            {
                "field": rollup.field,
                "child": grid.name,
                "op": rollup.op,
                "of": _field_tree(catalog, rollup, rollup.of),
                "order": _field_tree(catalog, rollup, rollup.last_by),
                "scale": rollup.scale,
                "where": where,
            }
        )
    return found


def _field_tree(catalog: Catalog, rollup: RollupModel, name: str | None) -> dict[str, Any] | None:
    """Return the tree of a field of the rows that a roll-up is made of."""
    if name is None:
        return None
    field = catalog.objects[rollup.source].fields[name]
    return to_json(FieldRef((field.id,), (field.name,), field.value_type))


class _Live:
    """One object on the form: the record itself, or the rows of a child relation."""

    def __init__(
        self,
        catalog: Catalog,
        principal: Principal,
        model: ObjectModel,
        master: tuple[ObjectModel, str] | None,
    ) -> None:
        self.model = model
        self.readable = readable_fields(catalog, principal, model.name)
        self._paths: dict[tuple[str, ...], str] = {
            (one.id,): one.name
            for one in model.fields.values()
            if one.name in self.readable and one.definition.masked is None
        }
        if master is not None:
            above, by = master
            shown = readable_fields(catalog, principal, above.name)
            reference = model.fields[by].id
            self._paths |= {
                (reference, one.id): one.name
                for one in above.fields.values()
                if one.name in shown and one.definition.masked is None
            }

    def to_json(self, used: set[str]) -> dict[str, Any]:
        fields = [one for one in self.model.fields.values() if one.name in self.readable]
        return {
            "fields": {one.name: self._field(one) for one in fields},
            "formulas": [
                {"field": name, "tree": self.tree(expression, used)}
                for name, expression in self._formulas()
            ],
            "rules": [self._rule(rule, used) for rule in self.model.rules if self._speaks(rule)],
            "field_rules": [
                self._field_rule(position, rule, used)
                for position, rule in enumerate(self.model.field_rules)
                if self.readable.intersection(rule.definition.about)
            ],
            "asks": sorted(self._asks()),
        }

    def computable(self, expression: Expression) -> bool:
        """Whether the browser can evaluate it over what stands on the form."""
        if expression.queries or expression.uses_old or "typescript" not in expression.engines():
            return False
        return all(path in self._paths for path in expression.references())

    def tree(self, expression: Expression, used: set[str]) -> dict[str, Any]:
        used |= expression.constants()
        return to_json(expression.tree)

    def _formulas(self) -> Iterable[tuple[str, Expression]]:
        order = [*self.model.computed_order]
        order += [name for name in self.model.fields if name not in order]
        for name in order:
            field = self.model.fields[name]
            if name in self.readable and field.expression and self.computable(field.expression):
                yield name, field.expression

    def _speaks(self, rule: RuleModel) -> bool:
        return self.computable(rule.unless) and (rule.when is None or self.computable(rule.when))

    def _rule(self, rule: RuleModel, used: set[str]) -> dict[str, Any]:
        return {
            "unless": self.tree(rule.unless, used),
            "when": self.tree(rule.when, used) if rule.when else None,
            "field": rule.definition.field,
            "message": rule.definition.message.as_dict(),
            "severity": rule.definition.severity,
        }

    def _field_rule(self, position: int, rule: FieldRuleModel, used: set[str]) -> dict[str, Any]:
        """A condition over what the viewer may not read stays here: the preview says if it holds."""
        definition = rule.definition
        return {
            "at": position,
            "effect": definition.effect,
            "fields": [name for name in definition.about if name in self.readable],
            "when": self.tree(rule.when, used) if self.computable(rule.when) else None,
            "allowed": list(definition.allowed),
            "message": definition.message.as_dict(),
        }

    def _field(self, field: FieldModel) -> dict[str, Any]:
        return {"id": field.id, "type": field.value_type.to_json()}

    def _asks(self) -> set[str]:
        """Fields on which a default, formula or rule hangs that only the server can compute."""
        names: set[str] = set()
        for rule in self.model.field_rules:
            if not self.computable(rule.when):
                names |= self._named(rule.when)
        for field in self.model.fields.values():
            if field.name not in self.readable:
                continue
            for expression in (field.default, field.expression):
                if expression is not None and not self.computable(expression):
                    names |= self._named(expression)
            if field.default is not None and self.computable(field.default):
                names |= self._named(field.default)
        return names

    def _named(self, expression: Expression) -> set[str]:
        """The fields of this object, or of the master with a dot in front, that it starts from."""
        found = set()
        for path in expression.references():
            if path in self._paths and len(path) > 1:
                found.add("." + self._paths[path])
            elif path[:1] in self._paths:
                found.add(self._paths[path[:1]])
        return found


def constant_values(catalog: Catalog, names: Iterable[str]) -> Mapping[str, Any]:
    """Return the values of constants in the JSON form that the evaluator reads."""
    shown: dict[str, Any] = {}
    for name in names:
        constant = catalog.constants.get(name)
        if constant is not None:
            value = constant.value
            shown[name] = value if isinstance(value, (bool, str)) else str(value)
    return shown

"""Rule trace: which rule decided what of a record, over which values, for what the asker may read.

A condition is shown with its values only where every field that it reads may be read; of another one
only the result is told, as a form shows it. A rule that speaks of no readable field is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from headrace.platform.core.problems import Problem, Text
from headrace.platform.formulas.expression import Expression
from headrace.platform.formulas.messages import FormulaOverflowError
from headrace.platform.formulas.python import compile_python, holds, is_broken
from headrace.platform.metadata.catalog import FieldModel, FieldRuleModel, RuleModel
from headrace.platform.metadata.definitions.objects import FieldRuleDef
from headrace.platform.metadata.masking import masked_value
from headrace.platform.metadata.storage_types import (
    HOLDS_FILES,
    SEPARATOR,
    files_in,
    listed,
    typed_id,
    values_in,
)
from headrace.platform.records.batch import Batch, Rows
from headrace.platform.records.context import Context
from headrace.platform.records.drafts import Draft
from headrace.platform.records.environment import RowEnvironment
from headrace.platform.records.field_rules import (
    FREE,
    Behaviour,
    behaviours_of,
    check_field_rules,
    is_met,
)
from headrace.platform.records.history import json_value
from headrace.platform.records.match_tracing import TracedMatch, traced_matches
from headrace.platform.records.permits import names_in_row
from headrace.platform.records.preview import Unsaved, computed
from headrace.platform.records.references import seen_of, seen_reference
from headrace.platform.records.rights import editable_names
from headrace.platform.records.rules import check_required, check_rules

Outcome = Literal["kept", "broken", "not_asked"]
Lock = Literal["hidden", "locked", "computed", "system", "rights"]


@dataclass(frozen=True, slots=True)
class Condition:
    """A formula with the values that it was judged over, by path; `source` None: not to be read."""

    source: str | None
    values: Mapping[str, Any]

    def render(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {"formula": self.source, "values": dict(self.values)}


@dataclass(frozen=True, slots=True)
class TracedFieldRule:
    """A field rule that speaks of a field, and whether it holds; `name` None: not to be read."""

    name: str | None
    effect: str
    holds: bool
    when: Condition
    allowed: tuple[str, ...]
    message: Text

    def render(self, language: str) -> dict[str, Any]:
        """Return the JSON form in one language."""
        return {
            "rule": self.name,
            "effect": self.effect,
            "holds": self.holds,
            "when": self.when.render(),
            "allowed": list(self.allowed) or None,
            "message": self.message.within(language) or None,
        }


@dataclass(frozen=True, slots=True)
class TracedField:
    """How a field stands and why; `lock` is what keeps the asker from changing it.

    `matches` are the best matches that its default or formula asks for, with what each finds now.
    """

    field: str
    behaviour: Behaviour
    required: bool
    lock: Lock | None
    because: tuple[TracedFieldRule, ...]
    matches: tuple[TracedMatch, ...] = ()

    def render(self, language: str) -> dict[str, Any]:
        """Return the JSON form in one language."""
        allowed = self.behaviour.allowed
        return {
            "field": self.field,
            "hidden": self.behaviour.hidden,
            "required": self.required,
            "read_only": self.lock is not None,
            "read_only_by": self.lock,
            "allowed": None if allowed is None else sorted(allowed),
            "because": [one.render(language) for one in self.because],
            "matches": [one.render(language) for one in self.matches],
        }


@dataclass(frozen=True, slots=True)
class TracedRule:
    """A rule and whether the record keeps it; `not_asked` where its `when` is not true."""

    name: str | None
    severity: str
    outcome: Outcome
    field: str | None
    message: Text
    unless: Condition
    when: Condition | None

    def render(self, language: str) -> dict[str, Any]:
        """Return the JSON form in one language."""
        return {
            "rule": self.name,
            "severity": self.severity,
            "outcome": self.outcome,
            "field": self.field,
            "message": self.message.within(language),
            "unless": self.unless.render(),
            "when": self.when.render() if self.when else None,
        }


@dataclass(frozen=True, slots=True)
class Trace:
    """What rules say of one row, and of the rows below it by relation.

    `problems` is what saving it now would refuse or warn of, for who may save it.
    """

    fields: tuple[TracedField, ...]
    rules: tuple[TracedRule, ...]
    rows: Mapping[str, tuple[Trace, ...]]
    problems: tuple[Problem, ...] = ()

    def render(self, language: str) -> dict[str, Any]:
        """Return the JSON form in one language."""
        return {
            "fields": [one.render(language) for one in self.fields],
            "rules": [one.render(language) for one in self.rules],
            "rows": {
                name: [one.render(language) for one in rows] for name, rows in self.rows.items()
            },
            "problems": [one.render(language) for one in self.problems],
        }


def trace(
    context: Context,
    rows: Rows,
    object_name: str,
    data: Mapping[str, Any],
    *,
    record_id: str | None = None,
) -> Trace:
    """Return what rules say of a record as `data` would leave it; nothing is saved.

    `data` is that of `preview`: the fields that change and, under each relation's name, all rows.
    Raise NotFoundError where the asker sees no such record.
    """
    unsaved = computed(context, rows, object_name, data, record_id)
    below = {
        name: tuple(_trace(unsaved, row, {}) for row in unsaved.rows(name))
        for name in unsaved.relations
    }
    return replace(_trace(unsaved, unsaved.draft, below), problems=_problems(unsaved))


def _problems(unsaved: Unsaved) -> tuple[Problem, ...]:
    batch = unsaved.batch
    if not _editable(batch, unsaved.draft):
        return ()
    check_required(batch)
    check_field_rules(batch)
    check_rules(batch)
    return (*batch.problems, *batch.warnings_of(unsaved.draft))


def _editable(batch: Batch, draft: Draft) -> frozenset[str]:
    """Return the fields of a row that the asker may change."""
    if draft.old is None or draft.environment is None:
        return editable_names(batch, draft)
    return names_in_row(draft.environment, batch.context.principal, "update") or frozenset()


def _trace(unsaved: Unsaved, draft: Draft, rows: Mapping[str, tuple[Trace, ...]]) -> Trace:
    reading = _Reading(unsaved, draft)
    return Trace(tuple(reading.fields()), tuple(reading.rules()), rows)


class _Reading:
    """One row through the eyes of the asker."""

    def __init__(self, unsaved: Unsaved, draft: Draft) -> None:
        assert draft.environment is not None  # noqa: S101 - set when the batch took the draft in
        self.draft = draft
        self.row: RowEnvironment = draft.environment
        self.batch = unsaved.batch
        self.seen = unsaved.seen(draft)
        self.model = draft.shape.model

    def fields(self) -> Iterator[TracedField]:
        behaviours = behaviours_of(self.draft)
        editable = _editable(self.batch, self.draft)
        for field in self.model.fields.values():
            if field.system or field.name not in self.seen:
                continue
            one = behaviours.get(field.name, FREE)
            yield TracedField(
                field.name,
                one,
                (field.definition.required or one.required) and not one.hidden,
                _lock(field, one, editable),
                tuple(self._because(field.name)),
                tuple(traced_matches(self.batch, self.row, self.seen, field, self._value)),
            )

    def _because(self, name: str) -> Iterator[TracedFieldRule]:
        for rule in self.model.field_rules:
            if name not in rule.definition.about:
                continue
            definition: FieldRuleDef = rule.definition
            when = self._condition(rule.when)
            yield TracedFieldRule(
                rule.name if when.source is not None else None,
                definition.effect,
                self._is_met(rule),
                when,
                definition.allowed,
                definition.message,
            )

    def _is_met(self, rule: FieldRuleModel) -> bool:
        return is_met(compile_python(rule.when.tree), self.row)

    def rules(self) -> Iterator[TracedRule]:
        for rule in self.model.rules:
            field = rule.definition.field
            unless = self._condition(rule.unless)
            when = self._condition(rule.when) if rule.when else None
            outcome = self._outcome(rule)
            hides = unless.source is None or (when is not None and when.source is None)
            # What breaks is told to who saves; of what is kept the unreadable stays unknown.
            if hides and outcome != "broken":
                continue
            yield TracedRule(
                None if hides else rule.name,
                rule.definition.severity,
                outcome,
                field if field in self.seen else None,
                rule.definition.message,
                unless,
                when,
            )

    def _outcome(self, rule: RuleModel) -> Outcome:
        try:
            if rule.when is not None and not holds(compile_python(rule.when.tree)(self.row)):
                return "not_asked"
            return "broken" if is_broken(compile_python(rule.unless.tree)(self.row)) else "kept"
        except FormulaOverflowError:
            return "broken"

    # -- values ---------------------------------------------------------------------------

    def _condition(self, expression: Expression) -> Condition:
        """Return a condition as the asker may read it."""
        values: dict[str, Any] = {}
        for path in sorted(expression.references()):
            found = self._value(self.row, self.seen, path)
            if found is None:
                return Condition(None, {})
            values[found[0]] = json_value(found[1])
        return Condition(expression.source, dict(sorted(values.items())))

    def _value(
        self, row: RowEnvironment, seen: Iterable[str], path: tuple[str, ...]
    ) -> tuple[str, Any] | None:
        """Return the name and the value at the end of a path; None where it may not be read."""
        field = row.shape.by_id[path[0]]
        if (field.key_of or field.name) not in seen:
            return None
        value = row.value(path[:1])
        if len(path) == 1:
            if field.links is not None:
                return field.name, _seen(self.batch, field, value)
            if field.targets:
                told = seen_reference(self.batch, field, None if value is None else str(value))
                return field.name, told and typed_id(told["object"], told["id"])
            whole = self.batch.context.principal.is_system
            if field.storage.kind in HOLDS_FILES:
                files = files_in(None if value is None else str(value))
                value = SEPARATOR.join(one.name for one in files) or None
            return field.name, value if whole else masked_value(field, value)
        if value is None or field.target is None:
            return ".".join(self._names(field, path)), None
        other = self.batch.environment_of(field.target, str(value))
        if other is None:
            return ".".join(self._names(field, path)), None
        readable = names_in_row(other, self.batch.context.principal, "read")
        found = None if readable is None else self._value(other, readable, path[1:])
        return None if found is None else (f"{field.name}.{found[0]}", found[1])

    def _names(self, field: FieldModel, path: tuple[str, ...]) -> list[str]:
        names = [field.name]
        for field_id in path[1:]:
            shape = self.batch.shapes.of(str(field.target))
            field = shape.by_id[field_id]
            names.append(field.name)
        return names


def _seen(batch: Batch, field: FieldModel, value: Any) -> str | None:
    """Return what of a list of references the asker may read, as formulas see lists."""
    return listed(seen_of(batch, field, values_in(value) or ()))


def _lock(field: FieldModel, one: Behaviour, editable: frozenset[str]) -> Lock | None:
    """Return what keeps the asker from changing a field."""
    if field.computed is not None:
        return "computed"
    if field.definition.written_by == "system":
        return "system"
    if field.name not in editable:
        return "rights"
    if one.hidden:
        return "hidden"
    return "locked" if one.locked else None

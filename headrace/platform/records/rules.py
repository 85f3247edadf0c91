"""What a row must keep before it is written: required values, numbers of children, rules."""

from __future__ import annotations

from typing import Final

from headrace.platform.core.problems import Message, Problem, Text, pointer
from headrace.platform.formulas.environment import Environment
from headrace.platform.formulas.messages import FormulaValueError
from headrace.platform.formulas.python import holds, is_broken
from headrace.platform.metadata.storage_types import HOLDS_FILES
from headrace.platform.records.batch import Batch
from headrace.platform.records.drafts import Draft
from headrace.platform.records.environment import RowEnvironment
from headrace.platform.records.field_rules import FREE, REQUIRED, behaviours_of
from headrace.platform.records.shapes import CompiledRule

TOO_FEW: Final = Message(
    "children.too_few",
    "“{name}” needs at least {least} rows.",
    "“{name}”至少需要 {least} 行。",
    "Add rows.",
    "请添加明细行。",
)
TOO_MANY: Final = Message(
    "children.too_many",
    "“{name}” holds at most {most} rows.",
    "“{name}”最多 {most} 行。",
    "Use several records.",
    "请拆分为多条记录。",
)
RULE_HINT: Final = Text("Change the values that the rule speaks of.", "请修改规则所涉及的值。")

WARNING_HINT: Final = Text("Save anyway if it is meant so.", "如确认无误，仍可保存。")


def check_required(batch: Batch) -> None:
    """Find required fields that are empty in new rows, or emptied in changed ones."""
    for draft in batch.drafts():
        if draft.kind not in {"create", "update"}:
            continue
        found = behaviours_of(draft) if draft.shape.hideable else {}
        for name in draft.shape.required:
            if found.get(name, FREE).hidden:
                continue
            if batch.moving and draft.shape.fields[name].storage.kind in HOLDS_FILES:
                continue  # files stay behind in the database that a record comes from
            emptied = draft.old is None or draft.old[name] is not None or name in draft.given
            if draft.new[name] is None and emptied:
                place = draft.place + pointer(name)
                if not any(problem.path == place for problem in batch.problems):
                    batch.problems.append(REQUIRED.at(place, name=draft.shape.fields[name].label))


def check_missing(batch: Batch) -> None:
    """Find required fields that were not sent, to be told together with what is malformed."""
    for draft in batch.drafts():
        if draft.kind != "create":
            continue
        for name in draft.shape.required:
            field = draft.shape.fields[name]
            place = draft.place + pointer(name)
            filled = draft.given.get(name) is not None or name == draft.shape.model.master
            filled = filled or name in draft.shape.hideable
            if filled or (field.default is not None and name not in draft.given):
                continue
            if not any(problem.path == place for problem in batch.problems):
                batch.problems.append(REQUIRED.at(place, name=field.label))


def check_children(batch: Batch) -> None:
    """Find masters with fewer or more rows than a relation allows."""
    for draft in batch.drafts():
        if draft.kind not in {"create", "update"}:
            continue
        for name, relation in draft.shape.relations.items():
            rows = draft.children.get(name)
            if rows is None and draft.kind != "create":
                continue
            count = sum(1 for row in rows or () if row.kind != "delete")
            place = draft.place + pointer(name)
            label = relation.label or Text(name, name)
            if count < relation.min:
                batch.problems.append(TOO_FEW.at(place, name=label, least=relation.min))
            elif count > relation.max:
                batch.problems.append(TOO_MANY.at(place, name=label, most=relation.max))


def check_rules(batch: Batch) -> None:
    """Find broken rules: errors refuse, warnings are kept for the answer.

    A row that was sent keeps all its rules. One whose computed values follow from a change elsewhere
    must not break a rule that it kept before.
    """
    for draft in batch.drafts():
        if draft.kind == "delete" or draft.environment is None:
            continue
        changed = draft.changed() if draft.kind == "computed" else None
        for rule in draft.shape.rules:
            if changed is not None and not rule.reads & changed:
                continue
            if not _is_broken(rule, draft.environment) or _was_broken(batch, draft, rule):
                continue
            if rule.severity == "error":
                batch.problems.append(_problem(draft, rule))
            elif draft.root().kind != "computed":
                # Of a record that only follows from this one the caller may know nothing.
                batch.warnings.append((draft.root(), _problem(draft, rule)))


def _is_broken(rule: CompiledRule, row: Environment) -> bool:
    try:
        if rule.when is not None and not holds(rule.when(row)):
            return False
        return is_broken(rule.unless(row))
    except FormulaValueError:
        return True


def _was_broken(batch: Batch, draft: Draft, rule: CompiledRule) -> bool:
    if draft.kind != "computed" or draft.old is None:
        return False
    return _is_broken(rule, RowEnvironment(batch, draft.shape, draft.old, draft.old))


def _problem(draft: Draft, rule: CompiledRule) -> Problem:
    if draft.cause is not None:
        # The row was not sent; what was sent and changed it is where people can do something.
        return Problem("rule.broken", draft.cause, rule.message, RULE_HINT)
    place = draft.place + (pointer(rule.field) if rule.field else "")
    hint = WARNING_HINT if rule.severity == "warning" else RULE_HINT
    return Problem("rule.broken", place, rule.message, hint, rule.severity)

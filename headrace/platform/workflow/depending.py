"""What the steps of an approval depend on, and what an edit changed of it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from headrace.platform.formulas.expression import Expression
from headrace.platform.metadata.catalog import Catalog, ObjectModel
from headrace.platform.records.batch import Batch
from headrace.platform.records.drafts import Draft
from headrace.platform.records.history import field_json
from headrace.platform.workflow.access import may_be_in_approval
from headrace.platform.workflow.pinned import PinnedApproval, Step

Key = tuple[str, ...]
"""The id of a field; or the name of a relation of detail rows, alone or with the id of a field of theirs."""


@dataclass(frozen=True, slots=True)
class Changed:
    """What an edit changed: a field of the record, or of one of its detail rows.

    A row that was made or taken away has the relation alone as its key; so has one below which
    something was changed, without values. Values are as the API sends them.
    """

    key: Key
    row: str | None
    before: Any
    after: Any

    def to_json(self) -> dict[str, Any]:
        """Return the stored form."""
        kept = {"key": list(self.key), "before": self.before, "after": self.after}
        return kept if self.row is None else {**kept, "row": self.row}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Changed:
        """Read what `to_json` wrote."""
        return cls(tuple(data["key"]), data.get("row"), data["before"], data["after"])

    def concerns(self, dependencies: Collection[Key]) -> bool:
        """Say whether one of some dependencies is about it."""
        whole = self.key[:1]
        if self.key in dependencies or whole in dependencies:
            return True
        is_row = self.row is not None and len(self.key) == 1
        return is_row and any(one[:1] == whole for one in dependencies)


def dependencies(
    catalog: Catalog, model: ObjectModel, pinned: PinnedApproval, step: Step
) -> frozenset[Key]:
    """Return what a step depends on.

    What its condition and its approvers read, what it says itself, and the key fields of the approval.
    """
    formulas = [one.formula for one in step.approvers]
    expressions = [one for one in (step.when, *formulas) if one is not None]
    found = set(_read(catalog, model, expressions)) | approver_dependencies(catalog, model, step)
    return frozenset(found | {*step.depends_on} | {(one,) for one in pinned.key_fields})


def approver_dependencies(catalog: Catalog, model: ObjectModel, step: Step) -> frozenset[Key]:
    """Return what the approvers of a step are found by."""
    paths = [path for one in step.approvers for path in (one.field, one.within, one.of) if path]
    fields = [path[0] for path in paths]
    formulas = [one.formula for one in step.approvers if one.formula is not None]
    return frozenset((*_own(model, fields), *_read(catalog, model, formulas)))


def _read(catalog: Catalog, model: ObjectModel, expressions: Iterable[Expression]) -> Iterator[Key]:
    for expression in expressions:
        yield from _own(model, [path[0] for path in expression.references()])
        asked = {query.object for query in expression.queries}
        for child in model.children:
            rows = catalog.object(str(child.object))
            if rows is not None and rows.id in asked:
                yield (str(child.name),)


def _own(model: ObjectModel, ids: Iterable[str]) -> Iterator[Key]:
    """Yield fields by id; one without a column by those that it is computed of."""
    fields = {field.id: field for field in model.fields.values()}
    todo, seen = list(ids), set[str]()
    while todo:
        one = todo.pop()
        if one in seen:
            continue
        seen.add(one)
        field = fields.get(one)
        if field is None:
            continue
        yield (one,)
        if not field.stored and field.expression is not None:
            todo += [path[0] for path in field.expression.references()]


# -- what a batch changed --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Edited:
    """A record that a batch changed, with `actions`: how the history calls what was done."""

    model: ObjectModel
    id: str
    actions: frozenset[str]
    changed: tuple[Changed, ...]


def edited_records(batch: Batch) -> Iterator[Edited]:
    """Yield what a batch changed of records that may be in approval, their detail rows included."""
    found: dict[tuple[str, str], tuple[Draft, set[str], list[Changed]]] = {}
    for draft in batch.drafts():
        way = [draft]
        while way[-1].parent is not None:
            way.append(way[-1].parent)
        top = way[-1]
        if not may_be_in_approval(batch.context, top.shape.model, top.old):
            continue
        changed = list(_of_record(draft))
        for row in way[:-1]:
            changed = list(_of_rows(row, changed))
        if changed:
            key = (top.shape.model.name, top.id)
            _, actions, several = found.setdefault(key, (top, set(), []))
            several += changed
            actions.add(draft.action)
    for top, actions, changed in found.values():
        yield Edited(top.shape.model, top.id, frozenset(actions), tuple(changed))


def _of_record(draft: Draft) -> Iterator[Changed]:
    fields = draft.shape.model.fields
    change = draft.change()
    old, new = change.old or {}, change.new or {}
    for name in sorted(change.fields if change.new is not None else old):
        field = fields.get(name)
        if field is not None and field.holds_value:
            before, after = field_json(field, old.get(name)), field_json(field, new.get(name))
            yield Changed((field.id,), None, before, after)


def _of_rows(draft: Draft, changed: Sequence[Changed]) -> Iterator[Changed]:
    """Yield changes of a detail row as those of its master; those of rows below it by the relation."""
    relation = draft.shape.relation_name
    if draft.old is None or draft.kind == "delete" or draft.undeleted:
        title = str(draft.new.get(draft.shape.model.title) or "")
        gone = draft.kind == "delete"
        yield Changed((relation,), draft.id, title if gone else None, None if gone else title)
        return
    for one in changed:
        if one.row is None:
            yield Changed((relation, *one.key), draft.id, one.before, one.after)
    if any(one.row is not None for one in changed):
        # Values of rows below it have rights of their own: only that there was a change is kept.
        yield Changed((relation,), draft.id, None, None)

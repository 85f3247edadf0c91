"""Values that nobody sends: defaults and stored formulas, in the order of what they read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

from headrace.platform.core.errors import RefusedError
from headrace.platform.core.problems import pointer
from headrace.platform.database.totals import nothing
from headrace.platform.formulas.messages import FormulaValueError
from headrace.platform.metadata.storage_types import SEPARATOR, joined, listed
from headrace.platform.records.batch import Batch
from headrace.platform.records.drafts import Draft
from headrace.platform.records.parsing import load_details
from headrace.platform.records.shapes import ObjectShape


def fill(batch: Batch) -> None:
    """Bring what was given into the drafts, then defaults and formulas, masters before details."""
    for draft in batch.drafts():
        if draft.kind == "create":
            fill_new(batch, draft)
        elif draft.kind == "update":
            _fill_changed(batch, draft)


def _fill_changed(batch: Batch, draft: Draft) -> None:
    """Fill a changed row, and details of it that nobody touched but whose defaults read the change."""
    draft.new.update(draft.given)
    if draft.undeleted:
        # The rows below it add to it anew.
        for rollup in draft.shape.stored_rollups:
            draft.new[rollup.field] = nothing(rollup, draft.shape.fields[rollup.field])
    if not batch.migrating:
        refill(draft)
    compute_formulas(draft)
    if batch.migrating or draft.old is None:
        return
    changed = {name for name, value in draft.new.items() if draft.old.get(name) != value}
    for name, relation in draft.shape.relations.items():
        detail = batch.shapes.of(relation.object)
        if not any(changed & one.master_reads for one in detail.refills):
            continue
        if batch.locking:
            load_details(batch, draft, relation)
        for child in draft.children.get(name, ()):
            if child.kind == "computed":
                child.kind, child.place = "update", draft.place
                _fill_changed(batch, child)


def refill(draft: Draft) -> None:
    """Make defaults of system-written fields anew where what they read in the row has changed.

    So a price follows the quantity: nobody keeps the price of a large lot for a small one.
    """
    old, master, environment = draft.old, draft.parent, draft.environment
    if old is None or environment is None:
        return
    for one in draft.shape.refills:
        if one.name in draft.given:
            continue
        reads_change = any(draft.new.get(name) != old.get(name) for name in one.reads)
        if not reads_change and master is not None and master.old is not None:
            before, after = master.old, master.new
            reads_change = any(after.get(name) != before.get(name) for name in one.master_reads)
        if reads_change:
            with overflow_at(draft, one.name):
                value = one.evaluate(environment)
                draft.new[one.name] = stored_value(draft.shape, one.name, value)


def fill_new(batch: Batch, draft: Draft) -> None:
    """Fill a new row: what was given, who and when, its master, its state, defaults, formulas."""
    new, shape = draft.new, draft.shape
    new["id"] = draft.id
    new.update(draft.given)
    new["version"] = draft.version
    new["created_at"] = new["created_at"] or batch.now
    new["created_by"] = new["created_by"] or batch.context.principal.user_id
    new["updated_at"] = new["updated_at"] or new["created_at"]
    new["updated_by"] = new["updated_by"] or new["created_by"]
    if draft.parent is not None and shape.model.master is not None:
        new[shape.model.master] = draft.parent.id
    if shape.initial_state is not None:
        name, state = shape.initial_state
        if new.get(name) is None:
            new[name] = state
    for rollup in shape.stored_rollups:
        new[rollup.field] = nothing(rollup, shape.fields[rollup.field])
    environment = draft.environment
    assert environment is not None  # noqa: S101 - set when the batch took the draft in
    for kind, name, evaluate in shape.steps:
        if kind == "default" and (name in draft.given or new.get(name) is not None):
            continue
        with overflow_at(draft, name):
            new[name] = stored_value(shape, name, evaluate(environment))


def compute_formulas(draft: Draft) -> None:
    """Compute the stored formulas of a row anew."""
    environment = draft.environment
    assert environment is not None  # noqa: S101 - set when the batch took the draft in
    for name, evaluate in draft.shape.formulas:
        with overflow_at(draft, name):
            draft.new[name] = stored_value(draft.shape, name, evaluate(environment))


def stored_value(shape: ObjectShape, name: str, value: Any) -> Any:
    """Return the result of a formula as the Python value of the field."""
    if isinstance(value, Decimal) and shape.fields[name].storage.kind == "integer":
        return int(value)
    if shape.fields[name].storage.many and isinstance(value, str):
        together = joined if shape.fields[name].links is None else listed
        return together(one.strip() for one in value.split(SEPARATOR) if one.strip())
    return value


@contextmanager
def overflow_at(draft: Draft, name: str) -> Iterator[None]:
    """Say in which field a number outgrew its digits."""
    try:
        yield
    except FormulaValueError as error:
        place = draft.place + pointer(name)
        raise RefusedError.of(problem.below(place) for problem in error.problems) from error

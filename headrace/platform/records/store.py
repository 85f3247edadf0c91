"""The one writer of business rows: a use case hands it JSON, it leaves rows that keep every rule.

Everything happens in the caller's unit of work: parsing, references, defaults, formulas, roll-ups,
access before and after, rules, numbers, optimistic lock, history, hooks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from marshmallow import ValidationError

from headrace.platform.core.errors import NOT_FOUND as NOTHING_HERE
from headrace.platform.core.errors import ForbiddenError, NotFoundError, RefusedError
from headrace.platform.core.hooks import Hook
from headrace.platform.core.ids import is_record_id
from headrace.platform.core.problems import Problem, pointer
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.formulas.environment import Environment
from headrace.platform.formulas.expression import Expression
from headrace.platform.formulas.python import compile_python
from headrace.platform.formulas.tree import Value
from headrace.platform.metadata.definitions.access import Action
from headrace.platform.metadata.field_types.values import KeyReference
from headrace.platform.records.attaching import resolve_files, take_files
from headrace.platform.records.batch import Batch
from headrace.platform.records.choosing import check_chosen
from headrace.platform.records.computing import fill, stored_value
from headrace.platform.records.conflicts import check_version
from headrace.platform.records.context import Context
from headrace.platform.records.deleting import check_unused
from headrace.platform.records.drafts import Change, Draft, Row, Saved
from headrace.platform.records.field_rules import REQUIRED, check_field_rules
from headrace.platform.records.flushing import flush
from headrace.platform.records.ledgers import check_fixed, check_kept, post_entries
from headrace.platform.records.migration import require_migrator
from headrace.platform.records.numbering import assign_numbers
from headrace.platform.records.overlaps import check_overlaps
from headrace.platform.records.parsing import (
    given_id,
    load_details,
    mark_deleted,
    new_draft,
    parse,
)
from headrace.platform.records.periods import check_periods
from headrace.platform.records.references import (
    NOT_FOUND,
    check_filters,
    check_people,
    id_by_key,
    resolve_references,
)
from headrace.platform.records.reversing import (
    NOT_REVERSIBLE,
    Reversing,
    assign,
    ledger_of,
    mirrored,
)
from headrace.platform.records.rights import (
    FORBIDDEN,
    check_access,
    is_visible,
    may_create,
    note_rights,
)
from headrace.platform.records.rollups import settle, settle_from
from headrace.platform.records.rules import (
    check_children,
    check_missing,
    check_required,
    check_rules,
)
from headrace.platform.records.shapes import ObjectShape
from headrace.platform.records.trees import place_in_trees
from headrace.platform.records.undeleting import check_references, open_deleted


@dataclass(frozen=True, slots=True)
class Revision:
    """What a stored record is changed to; without a `version`, whatever it is at by now.

    `place` is where problems are told.
    """

    id: str
    data: Any
    version: int | None = None
    place: str = ""


Hooked = Hook[[Context, UnitOfWork, Change]]
Written = Hook[[Batch, UnitOfWork]]


class RecordStore:
    """Creates, changes and deletes records. Holds nothing but its hooks; safe to share."""

    def __init__(self) -> None:
        self.before_save: Hooked = Hook("records.before_save")
        self.after_save: Hooked = Hook("records.after_save")
        self.before_write: Hook[[Batch]] = Hook("records.before_write")
        self.after_write: Written = Hook("records.after_write")

    # -- people ---------------------------------------------------------------------------

    def create(
        self,
        context: Context,
        work: UnitOfWork,
        object_name: str,
        data: Any,
        *,
        mode: str = "normal",
    ) -> Saved:
        """Make a record with its children; raise RefusedError with all problems found.

        With `mode="migration"` state, numbers, times and system fields may be given.
        """
        return self.create_many(context, work, object_name, [data], places=[""], mode=mode)[0]

    def create_many(
        self,
        context: Context,
        work: UnitOfWork,
        object_name: str,
        items: Sequence[Any],
        *,
        places: Sequence[str] | None = None,
        mode: str = "normal",
    ) -> list[Saved]:
        """Make records of one object together; `places` are where they stand in the request.

        All or none is written. References may point to other records of `items`. With
        `mode="moved"`, for records of another database, the items say their ids too.
        """
        batch = Batch(context, work)
        batch.moving = mode == "moved"
        batch.migrating = mode == "migration" or batch.moving
        shape = self._shape(batch, object_name)
        if batch.migrating:
            require_migrator(context)
        if not may_create(batch, shape):
            raise ForbiddenError(FORBIDDEN.at(object=shape.model.label))
        drafts = []
        for position, item in enumerate(items):
            place = places[position] if places else pointer(position)
            draft = self._new(batch, shape, item, place)
            if draft is not None:
                drafts.append(draft)
                parse(batch, draft, item)
        self._finish(batch, work)
        return [_saved(batch, draft) for draft in drafts]

    def update(
        self,
        context: Context,
        work: UnitOfWork,
        object_name: str,
        record_id: str,
        data: Any,
        version: int,
        *,
        action: str = "updated",
    ) -> Saved:
        """Change a record and its children; raise StaleError where it is no longer at `version`.

        `action` is that of the history line.
        """
        batch = Batch(context, work)
        draft = self._open(batch, object_name, record_id, "update")
        draft.action = action
        _revise(batch, work, draft, Revision(record_id, data, version))
        self._finish(batch, work)
        return _saved(batch, draft)

    def update_many(
        self, context: Context, work: UnitOfWork, object_name: str, revisions: Sequence[Revision]
    ) -> list[Saved]:
        """Change records of one object together, each once; all or none is written.

        What is refused may stand for all: whoever wants to know which record it was tries them
        one by one.
        """
        batch = Batch(context, work)
        shape = self._shape(batch, object_name)
        if shape.model.master is None:
            ids = sorted({one.id for one in revisions if is_record_id(one.id)})
            for values in batch.rows_by_ids(ids, shape.select_locked, shape.select_many_locked):
                batch.loaded(shape, values, "computed")
        drafts = []
        for revision in revisions:
            draft = self._open(batch, object_name, revision.id, "update")
            draft.place = revision.place
            _revise(batch, work, draft, revision)
            drafts.append(draft)
        self._finish(batch, work)
        return [_saved(batch, draft) for draft in drafts]

    def update_granted(
        self,
        context: Context,
        work: UnitOfWork,
        object_name: str,
        record_id: str,
        data: Mapping[str, Any],
        fields: frozenset[str],
        *,
        action: str = "updated",
        comment: str | None = None,
    ) -> Saved:
        """Change fields that a task grants to the caller, whatever their own rights are.

        The caller of this method has checked the task and the version. Other fields are refused
        with `field.not_editable`; references must still be readable for the person who acts.
        """
        batch = Batch(context, work)
        draft = self._locked(batch, object_name, record_id)
        if draft is None:
            raise NotFoundError(NOTHING_HERE.at())
        batch.granted = {draft.id: fields}
        draft.kind, draft.action, draft.comment = "update", action, comment
        _change_masters(draft)
        parse(batch, draft, data)
        self._finish(batch, work)
        return _saved(batch, draft)

    def delete(
        self,
        context: Context,
        work: UnitOfWork,
        object_name: str,
        record_id: str,
        version: int,
        *,
        retracting: bool = False,
    ) -> Saved:
        """Mark a record with its children as deleted; refuse while live records refer to it.

        `retracting` takes back what was loaded last: also an entry of a ledger, if none came after it.
        """
        batch = Batch(context, work)
        batch.retracting = retracting
        draft = self._open(batch, object_name, record_id, "delete")
        _change_masters(draft)
        check_version(batch, work, draft, version)
        if draft.parent is not None and draft.shape.model.ledger is None:
            # The master may need a number of rows.
            relation = draft.parent.shape.relations[draft.shape.relation_name]
            load_details(batch, draft.parent, relation)
        draft.rights_needed = True
        mark_deleted(batch, draft)
        check_unused(batch)
        self._finish(batch, work)
        return _saved(batch, draft)

    def undelete(
        self,
        context: Context,
        work: UnitOfWork,
        object_name: str,
        record_id: str,
        version: int,
        data: Mapping[str, Any] | None = None,
    ) -> Saved:
        """Bring a deleted record back with the children that were deleted with it.

        Who may delete it may undo that. `data` gives other values for fields that stand in the way,
        such as a number that somebody else has taken since; rules and keys count as in any write.
        """
        batch = Batch(context, work)
        shape = self._shape(batch, object_name)
        draft = open_deleted(batch, shape, record_id)
        if draft is None:
            raise NotFoundError(NOTHING_HERE.at())
        if shape.model.master is not None:
            self._join_master(batch, draft)
        if not is_visible(batch, draft):
            raise NotFoundError(NOTHING_HERE.at())
        if note_rights(batch, draft, "delete") is None:
            raise ForbiddenError(FORBIDDEN.at(object=shape.model.label))
        if data:
            note_rights(batch, draft, "update")
            parse(batch, draft, data)
        check_version(batch, work, draft, version, data)
        _change_masters(draft)
        draft.new.update(draft.given)
        self._finish(batch, work)
        return _saved(batch, draft)

    def reverse(
        self,
        context: Context,
        work: UnitOfWork,
        object_name: str,
        record_id: str,
        asked: Reversing,
    ) -> Saved:
        """Post the opposite of an entry of a ledger, once; return the new entry.

        The right to reverse does: what the entry holds is taken from the one that it takes back.
        """
        batch = Batch(context, work)
        shape = self._shape(batch, object_name)
        original = self._locked(batch, object_name, record_id)
        if original is None or not is_visible(batch, original):
            raise NotFoundError(NOTHING_HERE.at())
        ledger = ledger_of(shape)
        if ledger is None:
            raise RefusedError(NOT_REVERSIBLE.at(object=shape.model.label))
        if note_rights(batch, original, "reverse") is None:
            raise ForbiddenError(FORBIDDEN.at(object=shape.model.label))
        draft = mirrored(batch, original, asked)
        batch.refuse()
        batch.unchecked = True
        assign(draft, ledger)
        _change_masters(draft)
        self._finish(batch, work)
        return _saved(batch, draft)

    # -- the platform ---------------------------------------------------------------------

    def apply_system(
        self,
        context: Context,
        work: UnitOfWork,
        object_name: str,
        record_id: str,
        assignments: Mapping[str, Any],
        *,
        action: str,
        comment: str | None = None,
        acted_for: str | None = None,
        outcome: str | None = None,
        checked: bool = True,
    ) -> Saved:
        """Set fields to Python values in the name of the caller, without asking their rights.

        For workflows and actions: state and system fields too. Formulas, roll-ups and rules follow;
        `action` is that of the history line, `outcome` how the approval ended that leads to it. Not `checked`: the row may break rules afterwards, for
        changes that must not fail because of what else stands in it.
        """
        batch = Batch(context, work)
        draft = self._locked(batch, object_name, record_id)
        if draft is None:
            raise NotFoundError(NOTHING_HERE.at())
        batch.unchecked = True
        draft.kind, draft.action = "update", action
        draft.comment, draft.acted_for, draft.outcome = comment, acted_for, outcome
        _change_masters(draft)
        for name, value in assignments.items():
            draft.given[name] = stored_value(draft.shape, name, value)
        self._finish(batch, work, checked=checked)
        return _saved(batch, draft)

    def mend(self, batch: Batch, work: UnitOfWork, drafts: Sequence[Draft]) -> None:
        """Write rows of which computed values were set right, with all that follows from them.

        Rules are not asked: what is right must not be kept out by what else stands in a row.
        """
        settle_from(batch, drafts)
        self._tell(self.before_save, batch, work)
        flush(batch, work)
        self._tell(self.after_save, batch, work)

    def lock(self, context: Context, work: UnitOfWork, object_name: str, record_id: str) -> Row:
        """Lock a live record until the end of the work; return its Python values by field name.

        Raise NotFoundError where there is none; rights are the caller's business.
        """
        draft = self._locked(Batch(context, work), object_name, record_id)
        if draft is None or draft.old is None:
            raise NotFoundError(NOTHING_HERE.at())
        return draft.old

    def environment(
        self, context: Context, work: UnitOfWork, object_name: str, row: Row
    ) -> Environment:
        """Return what formulas over a record see; rows along lookups are read when asked for."""
        batch = Batch(context, work)
        shape = batch.shapes.of(object_name)
        draft = Draft(shape, row["id"], "computed", dict(row), dict(row))
        batch.add(draft)
        assert draft.environment is not None  # noqa: S101 - set by `add`
        return draft.environment

    def evaluate(self, expression: Expression, environment: Environment) -> Value:
        """Return the value of a formula."""
        return compile_python(expression.tree)(environment)

    # -- steps ----------------------------------------------------------------------------

    def _shape(self, batch: Batch, object_name: str) -> ObjectShape:
        if object_name not in batch.context.catalog.objects:
            raise NotFoundError(NOTHING_HERE.at())
        return batch.shapes.of(object_name)

    def _new(self, batch: Batch, shape: ObjectShape, item: Any, place: str) -> Draft | None:
        """Take in a new record; one of a detail belongs to a stored master."""
        record_id = given_id(batch, item)
        if shape.model.master is None:
            return new_draft(batch, shape, place, record_id=record_id)
        field = shape.fields[shape.model.master]
        sent = item.get(field.name) if isinstance(item, Mapping) else None
        if sent is None:
            batch.problems.append(REQUIRED.at(place + pointer(field.name), name=field.label))
            return None
        try:
            master_id = field.type.value_field(field.options).deserialize(sent)
        except ValidationError as refusal:
            for problem in cast("list[Problem]", refusal.messages):
                batch.problems.append(problem.below(place + pointer(field.name)))
            return None
        if isinstance(master_id, KeyReference):
            master_id = id_by_key(batch, shape.master_name, sent)
        master = None
        if is_record_id(master_id):
            master = self._locked(batch, shape.master_name, str(master_id))
        if master is None or not is_visible(batch, master):
            problem = NOT_FOUND.at(place + pointer(field.name), name=field.label)
            batch.problems.append(problem)
            return None
        draft = new_draft(batch, shape, place, master, record_id=record_id)
        _change_masters(draft)
        if shape.model.ledger is None:
            # Of entries there may be more than anybody counts.
            load_details(batch, master, master.shape.relations[shape.relation_name])
            master.children[shape.relation_name].append(draft)
        if shape.relation_name not in master.touched:
            master.touched.add(shape.relation_name)
            note_rights(batch, master, "update")
        return draft

    def _open(self, batch: Batch, object_name: str, record_id: str, action: Action) -> Draft:
        """Lock a record that the caller may see and change."""
        shape = self._shape(batch, object_name)
        draft = self._locked(batch, object_name, record_id, deleting=action == "delete")
        if draft is None or draft.environment is None:
            raise NotFoundError(NOTHING_HERE.at())
        if note_rights(batch, draft, action) is None:
            if not is_visible(batch, draft):
                raise NotFoundError(NOTHING_HERE.at())
            raise ForbiddenError(FORBIDDEN.at(object=shape.model.label))
        draft.kind = "update"
        return draft

    def _locked(
        self, batch: Batch, object_name: str, record_id: str, *, deleting: bool = False
    ) -> Draft | None:
        """Lock a live record and its masters."""
        known = batch.draft(object_name, record_id)
        if known is not None:
            return known
        shape = self._shape(batch, object_name)
        if not is_record_id(record_id):
            return None
        select = shape.select_deleting if deleting else shape.select_locked
        found = batch.work.rows(select, {"id": record_id})
        if not found:
            return None
        draft = batch.loaded(shape, found[0], "computed")
        if shape.model.master is not None:
            draft.parent = self._locked(batch, shape.master_name, draft.new[shape.model.master])
        return draft

    def _join_master(self, batch: Batch, draft: Draft) -> None:
        """Put a detail that comes back among the rows of its master, which must be there."""
        shape = draft.shape
        master = self._locked(batch, shape.master_name, draft.new[str(shape.model.master)])
        if master is None:
            raise NotFoundError(NOTHING_HERE.at())
        load_details(batch, master, master.shape.relations[shape.relation_name])
        master.children[shape.relation_name].append(draft)
        draft.parent = master

    def _finish(self, batch: Batch, work: UnitOfWork, *, checked: bool = True) -> None:
        """Compute, check and write everything that a batch holds."""
        resolve_references(batch)
        resolve_files(batch)
        check_references(batch)
        check_kept(batch)
        if batch.problems:
            check_missing(batch)
        batch.refuse()
        assign_numbers(batch)
        fill(batch)
        check_fixed(batch)
        if checked:
            check_periods(batch)
        batch.refuse()
        place_in_trees(batch)
        post_entries(batch, work)
        settle(batch)
        self.before_write(batch)
        if checked:
            self._check(batch)
        check_overlaps(batch)
        batch.refuse()
        self._tell(self.before_save, batch, work)
        take_files(batch, work)
        flush(batch, work)
        self._tell(self.after_save, batch, work)
        self.after_write(batch, work)

    @staticmethod
    def _check(batch: Batch) -> None:
        """Refuse what a batch holds where it breaks rules or goes beyond the caller's rights."""
        check_required(batch)
        check_children(batch)
        check_chosen(batch)
        if not batch.problems:
            # Whose record it is can be said only when what says so is there.
            check_access(batch)
        check_filters(batch)
        check_people(batch)
        check_field_rules(batch)
        check_rules(batch)
        batch.refuse()

    @staticmethod
    def _tell(hook: Hooked, batch: Batch, work: UnitOfWork) -> None:
        if not hook:
            return
        for draft in batch.drafts():
            change = draft.change()
            if draft.kind != "computed" or change.fields:
                hook(batch.context, work, change)


def _saved(batch: Batch, draft: Draft) -> Saved:
    return Saved(draft.id, draft.version, batch.warnings_of(draft))


def _revise(batch: Batch, work: UnitOfWork, draft: Draft, revision: Revision) -> None:
    """Read what a locked record becomes into the batch."""
    _change_masters(draft)
    parse(batch, draft, revision.data)
    version = revision.version
    if version is None:
        version = draft.old["version"] if draft.old else 0
    check_version(batch, work, draft, version, revision.data)


def _change_masters(draft: Draft) -> None:
    """A detail is locked and versioned with its master: the masters change too."""
    master = draft.parent
    while master is not None:
        if master.kind == "computed":
            master.kind = "update"
        master = master.parent

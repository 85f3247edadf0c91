"""Undoing a run: what it set gets the values of before, what it made is deleted, the last first.

Each record counts by itself: one that somebody changed since stays as it is, and so does what went out
or led on (messages, events, transitions, approvals, entries of ledgers, documents that took rows of others).
What became of each is kept as what this run did.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from headrace.platform.automation import chain, runs
from headrace.platform.automation.messages import (
    GONE_SINCE,
    NOTHING_TO_UNDO,
    SET_SINCE,
    STAYS,
    UNDER_WAY,
    UNDONE,
)
from headrace.platform.automation.runs import Run
from headrace.platform.core.errors import (
    NOT_FOUND,
    ConflictError,
    ForbiddenError,
    NotFoundError,
    RefusedError,
    StaleError,
)
from headrace.platform.core.ids import is_record_id
from headrace.platform.core.problems import Problem
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.metadata.catalog import FieldModel, ObjectModel
from headrace.platform.records.context import Context
from headrace.platform.records.history import field_json
from headrace.platform.records.references import as_stored
from headrace.platform.records.restoring import Seen
from headrace.platform.records.store import RecordStore

CHUNK: Final = 100
"""What a run did that is taken back in one transaction."""


def can_be_undone(deeds: list[dict[str, Any]]) -> bool:
    """Say whether something of what a run did can be taken back."""
    return any(map(_is_led_back, deeds))


def ask_to_undo(context: Context, work: UnitOfWork, run_id: str) -> str:
    """Begin the run that undoes another; return its id. Its job is the caller's business.

    Raise NotFoundError where there is no such run, ConflictError where it is under way, was undone
    before, or did nothing that could be.
    """
    run, _ = _undoable(work, run_id)
    return runs.begin_undoing(context, work, run)


def undo_now(
    store: RecordStore, context: Context, work: UnitOfWork, run_id: str
) -> tuple[bool, list[Problem]]:
    """Take back all that a run did, in the transaction of the caller, who may; kept as a run of its own.

    Say whether anything was taken back, and why what is left stays. Raise as `ask_to_undo` does.
    """
    run, deeds = _undoable(work, run_id)
    undoing_id = runs.begin_undoing(context, work, run)
    undoing = Undoing(store, context, work)
    with chain.at_work((chain.Link(run.automation, run.record_id or "", run.name),)):
        for deed in reversed(deeds):
            undoing.take_back(deed)
    runs.add_action(context, work, undoing_id, 0, runs.UNDO, "done", did=undoing.did)
    runs.change(work, undoing_id, state="done", ended_at=context.now())
    return len(undoing.left) < len(deeds), undoing.left


def _undoable(work: UnitOfWork, run_id: str) -> tuple[Run, list[dict[str, Any]]]:
    """Return a run that can be undone, locked, with what it did."""
    run = runs.read(work.connection, run_id, locking=True) if is_record_id(run_id) else None
    if run is None:
        raise NotFoundError(NOT_FOUND.at())
    if run.state == "waiting":
        raise ConflictError(UNDER_WAY.at())
    if runs.undone_by(work.connection, run.id) is not None:
        raise ConflictError(UNDONE.at())
    deeds = runs.deeds_of(work.connection, run.id)
    if not can_be_undone(deeds):
        raise ConflictError(NOTHING_TO_UNDO.at())
    return run, deeds


def undo_next(store: RecordStore, context: Context, work: UnitOfWork, run: Run) -> bool:
    """Take back the next part of what the other run did; say whether there is more."""
    deeds = runs.deeds_of(work.connection, str(run.undoes))[::-1]
    done: int = (run.progress or {}).get("done", 0)
    undoing = Undoing(store, context, work)
    for deed in deeds[done : done + CHUNK]:
        undoing.take_back(deed)
    done += CHUNK
    runs.add_action(context, work, run.id, 0, runs.UNDO, "done", did=undoing.did)
    runs.change(work, run.id, progress={"done": done})
    return done < len(deeds)


@dataclass(frozen=True, slots=True)
class Undoing:
    """Takes back one thing after another; `did` collects what became of each, `left` why some stay."""

    store: RecordStore
    context: Context
    work: UnitOfWork
    did: list[dict[str, Any]] = field(default_factory=list)
    left: list[Problem] = field(default_factory=list)

    def take_back(self, deed: Mapping[str, Any]) -> None:
        """Take back something that a run did, or keep why it stays."""
        model = self._model(str(deed["object_id"]))
        try:
            with self.work.connection.begin_nested():
                done = self._done(model, deed)
        except StaleError:
            problem = SET_SINCE.at()
        except (RefusedError, ForbiddenError, ConflictError) as error:
            problem = error.problems[0]
        except NotFoundError:
            problem = GONE_SINCE.at()
        else:
            if done is not None:
                self._keep(done, deed)
                return
            problem = STAYS.at()
        self._keep("left", deed, problem)

    def _done(self, model: ObjectModel | None, deed: Mapping[str, Any]) -> str | None:
        """Take something back; return what was done, None where it is of the kind that stays."""
        if not _is_led_back(deed):
            return None
        if model is None:
            raise NotFoundError(GONE_SINCE.at())
        record_id = str(deed["record_id"])
        if deed["did"] == "create":
            self.store.delete(self.context, self.work, model.name, record_id, deed["version"])
            return "removed"
        self._lead_back(model, record_id, deed["changes"])
        return "led_back"

    def _lead_back(
        self, model: ObjectModel, record_id: str, changes: Mapping[str, tuple[Any, Any]]
    ) -> None:
        row = self.store.lock(self.context, self.work, model.name, record_id)
        fields = {one.id: one for one in model.fields.values() if one.stored}
        known = [(fields[key], *pair) for key, pair in changes.items() if key in fields]
        if any(field_json(one, row[one.name]) != after for one, _, after in known):
            raise ConflictError(SET_SINCE.at())
        seen = Seen(self.context, self.work)
        sent = {one.name: seen.of(one, before) for one, before, _ in known}
        store, asked = self.store, (self.context, self.work, model.name, record_id)
        if self.context.principal.is_system:
            values = {name: self._parsed(model.fields[name], one) for name, one in sent.items()}
            store.apply_system(*asked, values, action="updated")
        else:
            store.update(*asked, sent, int(row["version"]))

    def _parsed(self, of: FieldModel, sent: Any) -> Any:
        """Return the Python value of a field from one as the API takes it."""
        if sent is None:
            return None
        value = of.type.value_field(of.options).deserialize(sent, of.name, None)
        return as_stored(self.context.catalog, value)

    def _model(self, object_id: str) -> ObjectModel | None:
        return next((o for o in self.context.catalog.objects.values() if o.id == object_id), None)

    def _keep(self, did: str, deed: Mapping[str, Any], problem: Problem | None = None) -> None:
        kept = {"did": did, "object_id": deed["object_id"], "record_id": deed["record_id"]}
        if did == "led_back":
            kept["fields"] = list(deed["changes"])
        if problem is not None:
            self.left.append(problem)
            [kept["problem"]] = runs.stored_problems([problem])
        self.did.append(kept)


def _is_led_back(deed: Mapping[str, Any]) -> bool:
    return (deed["did"] == "set" and "changes" in deed) or (
        deed["did"] == "create" and "version" in deed
    )

"""The history of runs as those who may design read it: which ran, what they did, what failed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, Literal, get_args

import sqlalchemy as sa

from headrace.platform.access.tables import USER
from headrace.platform.automation.runs import undone_by
from headrace.platform.automation.tables import AUTOMATION_ACTION, AUTOMATION_RUN
from headrace.platform.automation.undoing import can_be_undone
from headrace.platform.core.errors import NOT_FOUND, NotFoundError
from headrace.platform.core.ids import is_record_id
from headrace.platform.core.problems import Problem, Text
from headrace.platform.metadata.catalog import Catalog, ObjectModel
from headrace.platform.metadata.storage_types import instant_text
from headrace.platform.records.context import Context

PAGE: Final = 50
RunState = Literal["waiting", "done", "failed", "skipped"]
STATES: Final[tuple[RunState, ...]] = get_args(RunState)
_RUN: Final = AUTOMATION_RUN


@dataclass(frozen=True, slots=True)
class Deed:
    """Something that an action did, with the object that it did it to where that is there."""

    did: str
    object: str | None
    label: Text
    record_id: str
    more: Mapping[str, Any]
    problem: Problem | None = None

    def render(self, language: str) -> dict[str, Any]:
        """Return the JSON form in one language; `problem` says why something stays."""
        shown = {"did": self.did, "object": self.object, "record": self.record_id, **self.more}
        if self.problem is not None:
            shown["problem"] = self.problem.render(language)
        return shown


@dataclass(frozen=True, slots=True)
class ActionView:
    """A part of a run that was done in one transaction."""

    position: int
    kind: str
    state: str
    did: tuple[Deed, ...]
    problems: tuple[Problem, ...]
    ended_at: datetime

    def render(self, language: str) -> dict[str, Any]:
        """Return the JSON form in one language."""
        return {
            "position": self.position,
            "kind": self.kind,
            "state": self.state,
            "did": [one.render(language) for one in self.did],
            "problems": [one.render(language) for one in self.problems],
            "ended_at": instant_text(self.ended_at),
        }


@dataclass(frozen=True, slots=True)
class RunOfAutomation:
    """A run; `object` is None where the live version has no such object any more."""

    id: str
    automation: str
    label: Text
    object: str | None
    object_label: Text
    record_id: str | None
    event: str
    mode: str
    state: RunState
    runs_as: str | None
    started_by: str | None
    at: datetime
    ended_at: datetime | None
    problems: tuple[Problem, ...]
    actions: tuple[ActionView, ...] = ()
    undoes: str | None = None
    undone_by: str | None = None
    can_be_undone: bool = False

    def render(self, language: str) -> dict[str, Any]:
        """Return the JSON form in one language; who it runs as is null for the system."""
        return {
            "id": self.id,
            "automation": self.automation,
            "label": self.label.within(language),
            "object": self.object,
            "record": self.record_id,
            "event": self.event,
            "mode": self.mode,
            "state": self.state,
            "runs_as": self.runs_as,
            "started_by": self.started_by,
            "at": instant_text(self.at),
            "ended_at": instant_text(self.ended_at),
            "problems": [one.render(language) for one in self.problems],
            "undoes": self.undoes,
        }

    def render_whole(self, language: str) -> dict[str, Any]:
        """Return the JSON form of one run, with what its actions did and whether it can be undone."""
        return {
            **self.render(language),
            "actions": [one.render(language) for one in self.actions],
            "undone_by": self.undone_by,
            "can_be_undone": self.can_be_undone,
        }


def runs(
    context: Context,
    *,
    state: str | None = None,
    automation: str | None = None,
    before: str | None = None,
    limit: int = PAGE,
) -> list[RunOfAutomation]:
    """Return runs, the newest first; the caller of this function has asked for the right to design.

    `before` is the id of the last run of the page before.
    """
    query = _selected().order_by(_RUN.c.id.desc()).limit(limit)
    if state is not None:
        query = query.where(_RUN.c.state == state)
    if automation is not None:
        query = query.where(_RUN.c.name == automation)
    if before is not None:
        query = query.where(_RUN.c.id < before)
    with context.database.reading() as reading:
        rows = reading.connection.execute(query).all()
    return [_run(context.catalog, row) for row in rows]


def run(context: Context, run_id: str) -> RunOfAutomation:
    """Return a run with what its actions did; raise NotFoundError where there is none."""
    if not is_record_id(run_id):
        raise NotFoundError(NOT_FOUND.at())
    actions = (
        sa.select(AUTOMATION_ACTION)
        .where(AUTOMATION_ACTION.c.run == run_id)
        .order_by(AUTOMATION_ACTION.c.id)
    )
    with context.database.reading() as reading:
        row = reading.connection.execute(_selected().where(_RUN.c.id == run_id)).first()
        if row is None:
            raise NotFoundError(NOT_FOUND.at())
        found = reading.connection.execute(actions).all()
        undone = undone_by(reading.connection, run_id)
    deeds = [dict(one) for action in found for one in action.did]
    shown = _run(context.catalog, row, [_action(context.catalog, one) for one in found])
    may_be = row.state != "waiting" and undone is None and can_be_undone(deeds)
    return replace(shown, undone_by=undone, can_be_undone=may_be)


def deeds(catalog: Catalog, stored: Iterable[Mapping[str, Any]]) -> tuple[Deed, ...]:
    """Return what actions did, from what they keep of it."""
    return tuple(_deed(catalog, dict(one)) for one in stored)


def failed_count(context: Context) -> int:
    """Return how many runs have failed and wait for somebody."""
    query = sa.select(sa.func.count()).select_from(_RUN).where(_RUN.c.state == "failed")
    with context.database.reading() as reading:
        return reading.connection.execute(query).scalar_one()


def _selected() -> sa.Select[Any]:
    actor, starter = USER.alias(), USER.alias()
    joined = _RUN.outerjoin(actor, actor.c.id == _RUN.c.user).outerjoin(
        starter, starter.c.id == _RUN.c.started_by
    )
    names = (actor.c.name.label("actor_name"), starter.c.name.label("starter_name"))
    return sa.select(_RUN, *names).select_from(joined)


def _run(catalog: Catalog, row: Any, actions: Sequence[ActionView] = ()) -> RunOfAutomation:
    found = next((one for one in catalog.automations.values() if one.id == row.automation), None)
    model = _object(catalog, row.object_id)
    return RunOfAutomation(
        id=str(row.id),
        automation=row.name,
        label=found.label if found else Text(row.name, row.name),
        object=model.name if model else None,
        object_label=model.label if model else Text(),
        record_id=None if row.record_id is None else str(row.record_id),
        event=row.event,
        mode=row.mode,
        state=row.state,
        runs_as=row.actor_name,
        started_by=row.starter_name,
        at=row.at,
        ended_at=row.ended_at,
        problems=_problems(row.problems),
        actions=tuple(actions),
        undoes=None if row.undoes is None else str(row.undoes),
    )


def _action(catalog: Catalog, row: Any) -> ActionView:
    return ActionView(
        position=row.position,
        kind=row.kind,
        state=row.state,
        did=deeds(catalog, row.did),
        problems=_problems(row.problems),
        ended_at=row.ended_at,
    )


def _deed(catalog: Catalog, stored: dict[str, Any]) -> Deed:
    model = _object(catalog, stored.pop("object_id"))
    fields = stored.pop("changes", None) or stored.pop("fields", None)
    if fields is not None and model is not None:
        stored["fields"] = [one.name for one in model.fields.values() if one.id in fields]
    problem = stored.pop("problem", None)
    return Deed(
        did=stored.pop("did"),
        object=model.name if model else None,
        label=model.label if model else Text(),
        record_id=stored.pop("record_id"),
        more=stored,
        problem=None if problem is None else _problems([problem])[0],
    )


def _object(catalog: Catalog, object_id: str) -> ObjectModel | None:
    known: Mapping[str, ObjectModel] = catalog.once(
        "automations.objects", lambda: {one.id: one for one in catalog.objects.values()}
    )
    return known.get(object_id)


def _problems(stored: Any) -> tuple[Problem, ...]:
    return tuple(
        Problem(one["code"], one["path"], Text(**one["message"]), Text(**one["hint"]))
        for one in stored or ()
    )

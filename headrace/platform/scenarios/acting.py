"""The steps of a scenario, each by the use case that people themselves call."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from functools import partial
from typing import Any

import sqlalchemy as sa

from headrace.platform.core.errors import ConflictError, PlatformError
from headrace.platform.core.problems import Text
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.metadata.catalog import AutomationModel, ObjectModel, TransitionModel
from headrace.platform.metadata.definitions.scenarios import (
    ActDef,
    DecisionDef,
    EditDef,
    MoveDef,
    NewRecordDef,
    PressDef,
)
from headrace.platform.metadata.scenario_words import act_words
from headrace.platform.metadata.wording import sentence
from headrace.platform.records.context import Context
from headrace.platform.scenarios import messages
from headrace.platform.scenarios.stage import DifferenceError, Stage
from headrace.platform.workflow.tables import TASK

Deed = Callable[[Context, UnitOfWork], Any]


def act_out(stage: Stage, act: ActDef, number: int) -> None:
    """Let a person do one step, the `number`-th; raise DifferenceError where it comes out otherwise."""
    place = f"/when/{number - 1}"
    stage.progress.at(place, number)
    words = act_words({**_plain(act), "refused": None}, partial(_called, stage))
    try:
        _do(stage, act, number, place)
    except PlatformError as error:
        codes = [one.code for one in error.problems] or [error.code]
        if act.refused in codes:
            return
        said = messages.said_by(error)
        template = messages.OTHERWISE_REFUSED if act.refused else messages.REFUSED
        shown = {"step": number, "act": words, "message": said, "codes": ", ".join(codes)}
        raise DifferenceError(sentence(template, **shown), place, number) from error
    if act.refused is not None:
        difference = sentence(messages.WENT_THROUGH, step=number, act=words)
        raise DifferenceError(difference, place + "/refused", number)


def _called(stage: Stage, kind: str, name: str, record: str) -> Text:
    """Return the label of what a step names."""
    catalog = stage.platform.catalogs.current().catalog
    found: TransitionModel | AutomationModel | ObjectModel | None
    match kind:
        case "transition":
            model, _ = stage.records.get(record, (None, ""))
            flow = catalog.workflows.get((model.workflow or "") if model else "")
            found = flow.transitions.get(name) if flow else None
        case "button":
            found = catalog.automations.get(name)
        case _:
            found = catalog.object(name)
    label = found.definition.label if found else Text()
    return label or Text(name, name)


def _plain(act: ActDef) -> dict[str, Any]:
    return {key: one for key, one in dataclasses.asdict(act).items() if one is not None}


def _do(stage: Stage, act: ActDef, number: int, place: str) -> None:
    user_id = stage.people[act.by]
    if act.create is not None:
        _create(stage, user_id, act.create)
        return
    part = act.update or act.move or act.decide or act.press
    if part is None:
        return
    if part.record not in stage.records:
        difference = sentence(messages.NOT_MADE, step=number, name=part.record)
        raise DifferenceError(difference, place, number)
    model, record_id = stage.records[part.record]
    stage.platform.write_as(user_id, _deed(stage, part, model, record_id, act.by))


def _create(stage: Stage, user_id: str, new: NewRecordDef) -> None:
    values = stage.resolved(new.values)
    store = stage.platform.store
    saved = stage.platform.write_as(user_id, lambda c, w: store.create(c, w, new.object, values))
    model = stage.platform.catalogs.current().catalog.objects[new.object]
    stage.records[new.name] = (model, saved.id)


def _deed(
    stage: Stage,
    part: EditDef | MoveDef | DecisionDef | PressDef,
    model: ObjectModel,
    record_id: str,
    by: str,
) -> Deed:
    """Return what is done in the unit of work of who acts; they see the record as it is then."""
    platform, name = stage.platform, model.name

    def version(context: Context, work: UnitOfWork) -> int:
        return int(platform.store.lock(context, work, name, record_id)["version"])

    def update(context: Context, work: UnitOfWork, edit: EditDef) -> None:
        values, now = stage.resolved(edit.values), version(context, work)
        platform.store.update(context, work, name, record_id, values, now)

    def move(context: Context, work: UnitOfWork, taken: MoveDef) -> None:
        now = version(context, work)
        platform.workflow.fire(
            context, work, name, record_id, taken.transition, comment=taken.comment, version=now
        )

    def press(context: Context, work: UnitOfWork, pressed: PressDef) -> None:
        inputs, now = stage.resolved(pressed.inputs), version(context, work)
        platform.buttons.press(
            context, work, name, record_id, pressed.button, inputs=inputs or None, version=now
        )

    def decide(context: Context, work: UnitOfWork, decision: DecisionDef) -> None:
        query = sa.select(TASK.c.id, TASK.c.version).where(
            TASK.c.record_id == record_id,
            TASK.c.user == context.principal.user_id,
            TASK.c.state == "open",
        )
        task = work.connection.execute(query).first()
        if task is None:
            raise ConflictError(messages.NO_TASK.at(name=decision.record, by=by))
        platform.tasks.decide(
            context,
            work,
            task.id,
            decision.action,
            version=task.version,
            comment=decision.comment,
        )

    match part:
        case EditDef():
            return lambda context, work: update(context, work, part)
        case MoveDef():
            return lambda context, work: move(context, work, part)
        case DecisionDef():
            return lambda context, work: decide(context, work, part)
        case PressDef():
            return lambda context, work: press(context, work, part)

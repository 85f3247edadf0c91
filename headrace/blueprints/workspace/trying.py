"""Trying the approvals of a record, for those who may design: whom they would ask, and past runs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from flask import request, url_for

from headrace.blueprints.shared.designing import may_design
from headrace.blueprints.shared.pages import render
from headrace.blueprints.shared.session import platform, read
from headrace.blueprints.workspace.blueprint import blueprint, known_object
from headrace.blueprints.workspace.rows import title_of
from headrace.platform.core.errors import NOT_FOUND, ConflictError, NotFoundError, RefusedError
from headrace.platform.core.problems import Problem, Text
from headrace.platform.metadata.catalog import Catalog, FieldModel, ObjectModel, WorkflowModel
from headrace.platform.records import reader
from headrace.platform.records.context import Context
from headrace.platform.workflow.access import checked_snapshot
from headrace.platform.workflow.replaying import replay
from headrace.platform.workflow.replays import Replay
from headrace.platform.workflow.simulating import Simulation, Trial

VALUE: Final = "v."
"""What the names of the values that are tried begin with in the address."""


@dataclass(frozen=True, slots=True)
class Input:
    """A field whose value can be tried; `choices` where it has some."""

    name: str
    label: Text
    value: str
    choices: tuple[tuple[str, Text], ...] = ()


@dataclass(frozen=True, slots=True)
class _Tried:
    simulation: Simulation | None = None
    replayed: Replay | None = None
    problems: tuple[Problem, ...] = ()


def may_try(context: Context, model: ObjectModel) -> bool:
    """Say whether the caller may try the approvals of an object."""
    workflow = context.catalog.workflows.get(model.workflow or "")
    return workflow is not None and any(workflow.approvals.values()) and may_design(context)


@blueprint.get("/o/<object_name>/<record_id>/try")
def try_approvals(object_name: str, record_id: str) -> str:
    """What the approvals of a record would ask; nothing is written."""
    return read(lambda context: _page(context, object_name, record_id))


def _page(context: Context, object_name: str, record_id: str) -> str:
    model = known_object(context, object_name)
    if not may_try(context, model):
        raise NotFoundError(NOT_FOUND.at())
    found = reader.get(context, object_name, record_id, by_task=True)
    workflow = context.catalog.workflows[str(model.workflow)]
    asked = tuple(name for name, several in workflow.approvals.items() if several)
    taken = request.args.get("transition") or asked[0]
    tried = _tried(context, workflow, record_id, taken)
    return render(
        context,
        "workspace/try.html",
        f"object:{object_name}",
        model=model,
        record_id=record_id,
        title=title_of(context, object_name, found),
        transitions=[workflow.transitions[name] for name in asked if name in workflow.transitions],
        transition=taken,
        submitter=request.args.get("submitter", ""),
        draft=request.args.get("draft", ""),
        drafts=[one.name for one in platform().drafts.all()],
        inputs=list(_inputs(model, workflow)),
        tried=tried,
        back=url_for("workspace.record", object_name=object_name, record_id=record_id),
    )


def _tried(context: Context, workflow: WorkflowModel, record_id: str, taken: str) -> _Tried:
    trials = platform().trials
    login = request.args.get("submitter", "").strip()
    values: dict[str, Any] = {
        name.removeprefix(VALUE): value
        for name, value in request.args.items()
        if name.startswith(VALUE) and value
    }
    try:
        definitions = trials.definitions(request.args.get("draft") or None, None)
        trial = Trial(
            workflow.object,
            record_id,
            taken,
            values,
            definitions,
            trials.submitter(context, login) if login else None,
        )
        simulation = platform().workflow.try_out(context, trial)
        replayed = _replayed(context, workflow, definitions) if "replay" in request.args else None
    except (RefusedError, NotFoundError, ConflictError) as error:
        return _Tried(problems=tuple(error.problems))
    return _Tried(simulation, replayed)


def _replayed(context: Context, workflow: WorkflowModel, definitions: Catalog | None) -> Replay:
    with checked_snapshot(context) as reading:
        return replay(
            context, reading, workflow.name, definitions, earlier=platform().trials.earlier
        )


def _inputs(model: ObjectModel, workflow: WorkflowModel) -> Iterator[Input]:
    """Yield the fields that people write and conditions of approvals read, directly or through formulas."""
    fields = {one.id: one for one in model.fields.values()}
    wanted = dict.fromkeys(
        read
        for several in workflow.approvals.values()
        for approval in several
        for condition in (approval.when, *(step.when for step in approval.steps))
        if condition is not None
        for path in condition.references()
        for read in _written(fields, path[0])
    )
    for name in wanted:
        field = model.fields[name]
        choices = getattr(field.options, "choices", None) or ()
        yield Input(
            name,
            field.label,
            request.args.get(VALUE + name, ""),
            tuple((one.value, one.label) for one in choices),
        )


def _written(fields: dict[str, FieldModel], field_id: str) -> Iterator[str]:
    field = fields.get(field_id)
    if field is None:
        return
    if field.expression is not None:
        for path in field.expression.references():
            yield from _written(fields, path[0])
    elif not field.computed and not field.system and field.target is None:
        yield field.name

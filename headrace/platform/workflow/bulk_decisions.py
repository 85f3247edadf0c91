"""Several tasks decided at once: each in a transaction of its own, with a result of its own.

Nothing is decided blindly: a record that changed since it was submitted, or whose step opens a field
that needs a value, is left for its own page.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

import orjson

from headrace.platform.core.errors import (
    ConflictError,
    ForbiddenError,
    NotFoundError,
    PlatformError,
    PreconditionRequiredError,
    RefusedError,
    StaleError,
    UnauthenticatedError,
    UnavailableError,
)
from headrace.platform.core.problems import Language, Message, Text, pointer
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.metadata.catalog import FieldModel
from headrace.platform.metadata.field_types.values import (
    INTEGER,
    OBJECT,
    WRONG_TYPE,
    type_name,
)
from headrace.platform.records.context import Context
from headrace.platform.records.idempotency import Answer, KeyedRequest, keep, replay
from headrace.platform.workflow import messages
from headrace.platform.workflow.approvals import Decision
from headrace.platform.workflow.cases import REASON_LENGTH, checked_comment
from headrace.platform.workflow.changes import changed_fields
from headrace.platform.workflow.runs import Row, definition_of, known_run, node_of, step_by_id
from headrace.platform.workflow.subjects import object_by_id, subject
from headrace.platform.workflow.tasks import Tasks

Status = Literal[
    "decided",
    "already_decided",
    "stale",
    "needs_look",
    "forbidden",
    "not_found",
    "refused",
    "unavailable",
]
Writer = Callable[[Callable[[Context, UnitOfWork], dict[str, Any]]], dict[str, Any]]
"""Runs a use case of the caller in a unit of work of its own."""

MOST_TASKS: Final = 200
OVER: Final = frozenset({"task.already_decided", "task.transferred", "approval.ended"})
"""Codes of what somebody else did first."""

ID: Final = Text("the id of a task", "任务的标识")
TOO_MANY: Final = Message(
    "task.too_many",
    "At most {limit} tasks are decided at once, these are {count}.",
    "一次最多处理 {limit} 个任务，现有 {count} 个。",
    "Send them in several requests.",
    "请分多次提交。",
)
NONE_GIVEN: Final = Message(
    "task.none_given",
    "No task was chosen.",
    "未选择任务。",
    "Choose at least one task.",
    "请至少选择一个任务。",
)
VERSION_NEEDED: Final = Message(
    "precondition.required",
    "Say which version of the task you decide.",
    "请说明所处理的任务版本。",
    'Send "version" as you last read it.',
    "请附上最近一次读取到的“version”。",
)
CHANGED: Final = Message(
    "task.changed",
    "The record was changed since it was submitted: {fields}.",
    "记录提交后已被修改：{fields}。",
    "Open the task, look at the changes and decide it by itself.",
    "请打开该任务，查看修改内容后单独处理。",
)
VALUE_NEEDED: Final = Message(
    "task.value_needed",
    "This step asks for a value: {fields}.",
    "此步骤需要填写：{fields}。",
    "Open the task, fill it in and decide it by itself.",
    "请打开该任务，填写后单独处理。",
)


class NeedsLookError(ConflictError):
    """The task has something that must be looked at before it is decided."""

    code = "task.needs_look"


@dataclass(frozen=True, slots=True)
class ChosenTask:
    """A task as it was seen."""

    id: str
    version: int


@dataclass(frozen=True, slots=True)
class Asked:
    """One decision about several tasks, with one comment."""

    decision: Decision
    tasks: tuple[ChosenTask, ...]
    comment: str | None


def asked_of(decision: Decision, items: Sequence[Any], comment: str | None) -> Asked:
    """Read what is asked; items are given as `{"id", "version"}`.

    Raise RefusedError that names the wrong item, or says that a rejection needs a reason.
    """
    if not items:
        raise RefusedError(NONE_GIVEN.at("/items"))
    if len(items) > MOST_TASKS:
        raise RefusedError(TOO_MANY.at("/items", limit=MOST_TASKS, count=len(items)))
    comment = checked_comment(comment)
    if decision == "reject" and len(comment or "") < REASON_LENGTH:
        raise RefusedError(messages.REASON_NEEDED.at("/comment", count=REASON_LENGTH))
    return Asked(decision, tuple(_chosen(one, index) for index, one in enumerate(items)), comment)


def _chosen(item: Any, index: int) -> ChosenTask:
    place = pointer("items", index)
    if not isinstance(item, Mapping) or set(item) - {"id", "version"}:
        raise RefusedError(WRONG_TYPE.at(place, expected=OBJECT, given=type_name(item)))
    task_id, version = item.get("id"), item.get("version")
    if not isinstance(task_id, str):
        raise RefusedError(WRONG_TYPE.at(place + "/id", expected=ID, given=type_name(task_id)))
    if version is None:
        raise PreconditionRequiredError(VERSION_NEEDED.at(place + "/version"))
    if isinstance(version, bool) or not isinstance(version, int) or abs(version) >= 2**63:
        given = type_name(version)
        raise RefusedError(WRONG_TYPE.at(place + "/version", expected=INTEGER, given=given))
    return ChosenTask(task_id, version)


def decide_many(
    tasks: Tasks,
    write: Writer,
    asked: Asked,
    language: Language,
    keyed: KeyedRequest | None = None,
) -> list[dict[str, Any]]:
    """Decide each of the tasks by itself; return what became of each, in their order.

    With `keyed` each item's answer is kept in its own transaction, so that a request which was
    broken off is simply sent again. Raise what concerns the request as a whole.
    """
    return [
        _decide_one(tasks, write, asked, language, keyed, index)
        for index in range(len(asked.tasks))
    ]


def _decide_one(
    tasks: Tasks,
    write: Writer,
    asked: Asked,
    language: Language,
    keyed: KeyedRequest | None,
    index: int,
) -> dict[str, Any]:
    own = _own_key(keyed, index)
    task = asked.tasks[index]

    def act(context: Context, work: UnitOfWork) -> dict[str, Any]:
        if own is not None and (kept := replay(context, work, own)) is not None:
            return dict(orjson.loads(kept.body))
        if asked.decision == "approve":
            check_looked_at(tasks, context, work, task)
        done = tasks.decide(
            context, work, task.id, asked.decision, version=task.version, comment=asked.comment
        )
        return _kept(
            context,
            work,
            own,
            {
                "index": index,
                "id": task.id,
                "status": "decided",
                "task_state": done.task_state if done else None,
                "run_state": done.run_state if done else None,
                "record_state": done.record_state if done else None,
                "problems": [],
            },
        )

    try:
        return write(act)
    except UnauthenticatedError:
        raise
    except PlatformError as error:
        if any(problem.code.startswith("idempotency.") for problem in error.problems):
            raise
        result = _refusal(error, index, task, language)
    if result["status"] != "unavailable":
        write(lambda context, work: _kept(context, work, own, result))
    return result


def _own_key(keyed: KeyedRequest | None, index: int) -> KeyedRequest | None:
    """Return the request of one item: its key is made of the whole one's, its content is the same."""
    if keyed is None:
        return None
    digest = hashlib.sha256(keyed.key.encode()).hexdigest()
    return replace(keyed, key=f"{digest}/{index}")


def _kept(
    context: Context, work: UnitOfWork, own: KeyedRequest | None, result: dict[str, Any]
) -> dict[str, Any]:
    if own is not None:
        keep(context, work, own, Answer(200, orjson.dumps(result).decode()))
    return result


def _refusal(
    error: PlatformError, index: int, task: ChosenTask, language: Language
) -> dict[str, Any]:
    result: dict[str, Any] = {
        "index": index,
        "id": task.id,
        "status": _status(error),
        "problems": [one.render(language) for one in error.problems],
    }
    if isinstance(error, StaleError) and error.differences:
        result["differences"] = dict(error.differences)
    return result


def _status(error: PlatformError) -> Status:
    if isinstance(error, NeedsLookError):
        return "needs_look"
    if isinstance(error, StaleError):
        return "stale"
    if isinstance(error, ConflictError) and {one.code for one in error.problems} & OVER:
        return "already_decided"
    kinds: tuple[tuple[type[PlatformError], Status], ...] = (
        (ForbiddenError, "forbidden"),
        (NotFoundError, "not_found"),
        (UnavailableError, "unavailable"),
    )
    return next((status for kind, status in kinds if isinstance(error, kind)), "refused")


# -- what must be looked at ------------------------------------------------------------------------


def check_looked_at(tasks: Tasks, context: Context, work: UnitOfWork, chosen: ChosenTask) -> None:
    """Raise NeedsLookError for a task of the caller's that is not to be approved among others.

    One that is not open as it was seen is left to the decision, which tells why.
    """
    task = tasks.own(context, work, chosen.id)
    if task.state != "open" or task.version != chosen.version:
        return
    run = known_run(work.connection, task.run)
    model = object_by_id(context, run.object_id)
    if model is None:
        return
    row = subject(context, work, model.name, run.record_id).row
    changed = changed_fields(context, work, model, run, row)
    if changed:
        raise NeedsLookError(CHANGED.at(fields=_labels(model.fields[name] for name in changed)))
    missing = [
        field for field in _opened(work, run, task, model.fields) if row.get(field.name) is None
    ]
    if missing:
        raise NeedsLookError(VALUE_NEEDED.at(fields=_labels(missing)))


def _opened(
    work: UnitOfWork, run: Row, task: Row, fields: Mapping[str, FieldModel]
) -> list[FieldModel]:
    """Return the fields that the step opens and that need a value, now or in a state to come."""
    step = step_by_id(work.connection, task.step)
    pinned = definition_of(work.connection, run, step).steps[node_of(step)]
    return [
        field
        for field in fields.values()
        if field.id in pinned.required
        or (
            field.id in pinned.editable
            and (field.definition.required or field.definition.required_in)
        )
    ]


def _labels(fields: Any) -> Text:
    labels = [field.label or Text(field.name, field.name) for field in fields]
    return Text(", ".join(one.en for one in labels), "、".join(one.zh for one in labels))

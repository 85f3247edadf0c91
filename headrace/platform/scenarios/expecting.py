"""Compares what came out with what a scenario expects; the first difference counts."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

import sqlalchemy as sa

from headrace.platform.core.canonical import canonical_bytes
from headrace.platform.core.errors import ForbiddenError, NotFoundError
from headrace.platform.core.problems import Text, pointer
from headrace.platform.metadata.catalog import FieldModel, ObjectModel
from headrace.platform.metadata.definitions.scenarios import ExpectedDef
from headrace.platform.metadata.wording import sentence
from headrace.platform.records import reader
from headrace.platform.records.context import Context
from headrace.platform.scenarios import messages
from headrace.platform.scenarios.stage import DifferenceError, Stage
from headrace.platform.workflow.tables import TASK


def compare(stage: Stage, expected: ExpectedDef, place: str) -> None:
    """Raise DifferenceError at the first thing of a record that is not as expected."""
    stage.progress.at(place)
    model, record_id = stage.records.get(expected.record, (None, ""))
    if model is None:
        raise DifferenceError(sentence(messages.GONE, name=expected.record), place)
    record = _read(stage, expected, model, record_id, place)
    _state(stage, expected, model, record, place)
    for name, value in expected.values.items():
        _value(stage, expected.record, model.fields[name], (value, record[name]), place)
    if expected.tasks is not None:
        _tasks(stage, expected, record_id, place)
    _readers(stage, expected, model, record_id, place)


def _read(
    stage: Stage, expected: ExpectedDef, model: ObjectModel, record_id: str, place: str
) -> Mapping[str, Any]:
    names = tuple(
        one
        for one in dict.fromkeys(("id", *expected.values, str(model.state_field)))
        if one in model.fields
    )
    try:
        return stage.platform.read_as(
            None, lambda context: reader.get(context, model.name, record_id, fields=names)
        )
    except NotFoundError as error:
        raise DifferenceError(sentence(messages.GONE, name=expected.record), place) from error


def _state(
    stage: Stage,
    expected: ExpectedDef,
    model: ObjectModel,
    record: Mapping[str, Any],
    place: str,
) -> None:
    if expected.state is None or model.state_field is None:
        return
    actual = str(record[model.state_field])
    if actual == expected.state:
        return
    workflow = stage.platform.catalogs.current().catalog.workflows[str(model.workflow)]
    labels = [
        workflow.states[one].label or Text(one, one) if one in workflow.states else Text(one, one)
        for one in (expected.state, actual)
    ]
    difference = sentence(
        messages.STATE,
        name=expected.record,
        field=model.fields[model.state_field].label,
        expected=labels[0],
        actual=labels[1],
    )
    raise DifferenceError(difference, place + "/state")


def _value(stage: Stage, name: str, field: FieldModel, values: tuple[Any, Any], place: str) -> None:
    wanted, actual = stage.resolved(values[0]), values[1]
    if same_value(wanted, actual):
        return
    difference = sentence(
        messages.STATE,
        name=name,
        field=field.label,
        expected=_shown(stage, field, wanted),
        actual=_shown(stage, field, actual),
    )
    raise DifferenceError(difference, place + pointer("values", field.name))


def same_value(wanted: Any, actual: Any) -> bool:
    """Say whether two values of the API mean the same; 15000 is 15000.00."""
    if isinstance(wanted, bool) or isinstance(actual, bool):
        return wanted is actual
    if isinstance(actual, Mapping) and "id" in actual and isinstance(wanted, str):
        return bool(actual["id"] == wanted)
    one, other = _number(wanted), _number(actual)
    if one is not None and other is not None:
        return one == other
    return canonical_bytes(wanted) == canonical_bytes(actual)


def _number(value: Any) -> Decimal | None:
    if not isinstance(value, (str, int, float)):
        return None
    try:
        found = Decimal(str(value))
    except InvalidOperation:
        return None
    return found if found.is_finite() else None


def _shown(stage: Stage, field: FieldModel, value: Any) -> Text:
    """Return a value in words: choices by their labels, people and records by local names."""
    if value is None or value == "":
        return messages.EMPTY
    if isinstance(value, bool):
        return Text("yes", "是") if value else Text("no", "否")
    referred = value.get("id") if isinstance(value, Mapping) else value
    for name, record_id in stage.people.items():
        if record_id == referred:
            return Text(name, name)
    for name, (_, record_id) in stage.records.items():
        if record_id == referred:
            return Text(name, name)
    if isinstance(value, Mapping) and isinstance(value.get("title"), str):
        return Text(value["title"], value["title"])
    en, zh = (_told(field.type.shown(value, field.options, one)) for one in ("en", "zh"))
    return Text(en, zh)


def _told(value: Any) -> str:
    return value if isinstance(value, str) else canonical_bytes(value).decode()


def _tasks(stage: Stage, expected: ExpectedDef, record_id: str, place: str) -> None:
    query = sa.select(TASK.c.user).where(TASK.c.record_id == record_id, TASK.c.state == "open")
    with stage.platform.database.reading() as reading:
        open_for = {str(one) for one in reading.connection.execute(query).scalars()}
    wanted = {stage.people[one] for one in expected.tasks or ()}
    if open_for == wanted:
        return
    difference = sentence(
        messages.TASKS,
        name=expected.record,
        expected=stage.names_of(list(wanted)),
        actual=stage.names_of(list(open_for)),
    )
    raise DifferenceError(difference, place + "/tasks")


def _readers(
    stage: Stage, expected: ExpectedDef, model: ObjectModel, record_id: str, place: str
) -> None:
    for key, wanted in (("seen_by", True), ("hidden_from", False)):
        for position, by in enumerate(getattr(expected, key)):
            if _may_read(stage, stage.people[by], model, record_id) is not wanted:
                template = messages.UNSEEN if wanted else messages.SEEN
                difference = sentence(template, name=expected.record, by=by)
                raise DifferenceError(difference, place + pointer(key, position))


def _may_read(stage: Stage, user_id: str, model: ObjectModel, record_id: str) -> bool:
    def read(context: Context) -> Any:
        return reader.get(context, model.name, record_id, fields=("id",))

    try:
        stage.platform.read_as(user_id, read)
    except (NotFoundError, ForbiddenError):
        return False
    return True

"""Buttons at records: which of them somebody may press now, why not, and pressing them.

A button is a trigger of an automation. Who may read a record, and holds one of the button's roles, may press it
in the states in which it is there, while its condition holds; what is done then asks the rights of
who pressed it, or those that the document names where it runs as the system.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Final, Literal, Protocol

from headrace.platform.access.policy import can
from headrace.platform.actions.converting import rows_left
from headrace.platform.automation import messages
from headrace.platform.automation.entered import NOTHING, Entered, converting, entered
from headrace.platform.automation.undoing import undo_now
from headrace.platform.core.errors import (
    NOT_FOUND,
    ConflictError,
    ForbiddenError,
    NotFoundError,
    RefusedError,
    StaleError,
)
from headrace.platform.core.problems import Problem, Text
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.formulas.python import compile_python
from headrace.platform.metadata.catalog import ActionModel, AutomationModel, Catalog, ObjectModel
from headrace.platform.metadata.definitions.automations import TriggerDef
from headrace.platform.records import reader
from headrace.platform.records.batch import Batch
from headrace.platform.records.bulk import Item, check_count, each_apart, version_of
from headrace.platform.records.context import Context
from headrace.platform.records.environment import RowEnvironment
from headrace.platform.records.flushing import STALE
from headrace.platform.records.store import RecordStore

_BY_OBJECT: Final = "automations.buttons"
MAKING: Final = frozenset({"create", "post", "convert"})
"""What actions do that makes a record."""


@dataclass(frozen=True, slots=True)
class Button:
    """A button at a record; `reason` says why it cannot be pressed now."""

    automation: AutomationModel
    trigger: TriggerDef
    reason: Problem | None = None

    @property
    def name(self) -> str:
        """The API name, that of the automation."""
        return self.automation.name

    @property
    def label(self) -> Text:
        """What stands on it."""
        return self.automation.label

    @property
    def asks(self) -> bool:
        """Whether something is entered or confirmed first."""
        return bool(self.automation.inputs or self.trigger.confirm or self.converts)

    @property
    def converts(self) -> ActionModel | None:
        """The action that makes a document of what is left of rows, where it has one."""
        return converting(self.automation)

    def render(self, language: str) -> dict[str, Any]:
        """Return the JSON form in one language."""
        return {
            "button": self.name,
            "label": self.label.within(language),
            "allowed": self.reason is None,
            "reason": self.reason.render(language) if self.reason else None,
            "confirm": self.trigger.confirm.within(language) or None,
            "inputs": [
                {
                    "name": one.name,
                    "label": one.label.within(language),
                    "type": one.type.key,
                    "required": one.definition.required,
                }
                for one in self.automation.inputs.values()
            ],
        }


@dataclass(frozen=True, slots=True)
class Done:
    """What actions did, and what rules tell of the records that they wrote for who pressed."""

    did: tuple[Mapping[str, Any], ...] = ()
    warnings: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Pressed:
    """What became of pressing a button: its run, and what was done in it so far."""

    run: str
    state: str
    told: Text
    did: tuple[Mapping[str, Any], ...]
    warnings: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Made:
    """A record that pressing a button made, as who pressed it may see it."""

    object: str
    label: Text
    record_id: str
    title: str

    def render(self, language: str) -> dict[str, Any]:
        """Return the JSON form in one language."""
        label = self.label.within(language)
        return {"object": self.object, "label": label, "id": self.record_id, "title": self.title}


class Running(Protocol):
    """What runs automations: the engine."""

    def press(
        self,
        context: Context,
        work: UnitOfWork,
        automation: AutomationModel,
        record_id: str,
        given: Entered,
    ) -> tuple[str, str, Done]:
        """Run an automation for a record; return the id and state of the run, and what it did."""
        ...


class ChangedSince(Protocol):
    """What reads the history of a record for who may: plugged in by the runtime."""

    def __call__(
        self,
        context: Context,
        work: UnitOfWork,
        model: ObjectModel,
        record_id: str,
        version: int,
    ) -> Mapping[str, Any]:
        """Return what has changed since `version`, by the names of fields that the caller may read."""
        ...


def buttons(catalog: Catalog) -> Mapping[str, Mapping[str, Button]]:
    """Return all buttons by object and name, in the order of their automations."""
    return catalog.once(_BY_OBJECT, lambda: _buttons(catalog))


def _buttons(catalog: Catalog) -> dict[str, dict[str, Button]]:
    found: dict[str, dict[str, Button]] = {}
    ordered = sorted(catalog.automations.values(), key=lambda one: (one.definition.order, one.name))
    for automation in ordered:
        if automation.button is not None:
            button = Button(automation, automation.button)
            found.setdefault(automation.object, {})[automation.name] = button
    return found


def of_several(context: Context, object_name: str) -> tuple[Button, ...]:
    """Return the buttons that the caller may press for several records of a list."""
    known = buttons(context.catalog).get(object_name, {}).values()
    return tuple(one for one in known if one.trigger.several and may_press(context, one))


class Buttons:
    """Tells which buttons are there, and presses them. Holds no state; safe to share."""

    def __init__(self, store: RecordStore, running: Running, changed_since: ChangedSince) -> None:
        self._store = store
        self._running = running
        self._changed_since = changed_since

    def available(self, context: Context, object_name: str, record_id: str) -> list[Button]:
        """Return the buttons at a record in its present state, each with why it cannot be pressed.

        Raise NotFoundError where the caller does not see the record.
        """
        known = buttons(context.catalog).get(object_name, {}).values()
        mine = [one for one in known if may_press(context, one)]
        with context.database.snapshot() as reading:
            reader.get_in(context, reading, object_name, record_id, fields=("id",))
            if not mine:
                return []
            row = Batch(context, reading).environment_of(object_name, record_id)
            if row is None:
                raise NotFoundError(NOT_FOUND.at())
            return [
                Button(one.automation, one.trigger, _reason(context, one, row))
                for one in mine
                if _is_here(one, row)
            ]

    def left(self, context: Context, button: Button, record_id: str) -> list[tuple[str, Decimal]]:
        """Return what is left of the rows of a record that a button converts, by their ids.

        Whoever calls this has seen that the caller may press the button.
        """
        action = button.converts
        if action is None:
            return []
        with context.database.snapshot() as reading:
            batch = Batch(context, reading)
            batch.locking = False
            record = batch.environment_of(button.automation.object, record_id)
            if record is None:
                return []
            return [(one.row_id, one.left) for one in rows_left(batch, action, record)]

    def press(
        self,
        context: Context,
        work: UnitOfWork,
        object_name: str,
        record_id: str,
        name: str,
        *,
        inputs: Any = None,
        quantities: Any = None,
        version: int,
    ) -> Pressed:
        """Press a button of a record that is at `version`, with what was entered.

        `quantities` say how much of which rows is converted, by their ids; without it all that is left.

        Raise NotFoundError for a record or button that the caller does not know, ForbiddenError for
        one that is not theirs, ConflictError in the wrong state, RefusedError where its condition
        does not hold or an input is wrong, StaleError where the record has changed.
        """
        reader.get_in(context, work, object_name, record_id, fields=("id",))
        button = buttons(context.catalog).get(object_name, {}).get(name)
        if button is None:
            raise NotFoundError(messages.NO_BUTTON.at(name=name))
        if not may_press(context, button):
            raise ForbiddenError(messages.NO_BUTTON.at(name=name))
        row = self._store.lock(context, work, object_name, record_id)
        if row["version"] != version:
            model = context.catalog.objects[object_name]
            differences = self._changed_since(context, work, model, record_id, version)
            raise StaleError(STALE.at(), differences=differences)
        environment = Batch(context, work).environment_of(object_name, record_id)
        if environment is None:
            raise NotFoundError(NOT_FOUND.at())
        if not _is_here(button, environment):
            state = _state_label(context, environment)
            raise ConflictError(messages.WRONG_STATE.at(button=button.label, state=state))
        reason = _reason(context, button, environment)
        if reason is not None:
            raise RefusedError(reason)
        given = entered(button.automation, inputs, quantities)
        run, state_of_run, done = self._running.press(
            context, work, button.automation, record_id, given
        )
        return Pressed(run, state_of_run, button.trigger.told, done.did, done.warnings)

    def press_many(
        self,
        context: Context,
        work: UnitOfWork,
        object_name: str,
        name: str,
        records: Sequence[Any],
        *,
        inputs: Any = None,
        partial: bool = False,
    ) -> list[Item]:
        """Press a button at records given as `{"id", "version"}`, each by itself.

        Without `partial` the first refusal is raised, its paths below `/records/<index>`. Raise
        NotFoundError for a button that the caller does not know, RefusedError for one that is not
        for several, or where an input is wrong: that is the same for all.
        """
        check_count(records)
        check_for_several(context, object_name, name, inputs)

        def press(index: int, record: Mapping[str, Any]) -> Item:
            return self._one_of_many(context, work, object_name, name, index, record, inputs)

        return each_apart(work, enumerate(records), press, partial=partial)

    def _one_of_many(
        self,
        context: Context,
        work: UnitOfWork,
        object_name: str,
        name: str,
        index: int,
        record: Mapping[str, Any],
        inputs: Any,
    ) -> Item:
        version, record_id = version_of(record), str(record.get("id"))
        pressed = self.press(
            context, work, object_name, record_id, name, inputs=inputs, version=version
        )
        left = int(self._store.lock(context, work, object_name, record_id)["version"])
        made = Counter(str(one["object_id"]) for one in pressed.did if one["did"] in MAKING)
        if self.sets(context, object_name, name):
            # What it set is one change, whatever that started; without it there is nothing to undo.
            status: Literal["updated", "unchanged"] = "updated" if left > version else "unchanged"
            found = Item(index, status, record_id, min(left, version + 1))
        else:
            run = pressed.run if self.leaves_runs(context, object_name, name) else None
            found = Item(index, "updated", record_id, left, made=made, run=run)
        return replace(found, warnings=pressed.warnings)

    def sets(self, context: Context, object_name: str, name: str) -> tuple[str, ...]:
        """Return the fields that a button sets, where that is all it does, so that it can be undone.

        That is so for one `set`, at once and in the name of who presses it.
        """
        actions = _own_actions(context, object_name, name)
        if [one.kind for one in actions] != ["set"]:
            return ()
        return tuple(one.field for one in actions[0].assignments)

    def leaves_runs(self, context: Context, object_name: str, name: str) -> bool:
        """Say whether who pressed a button may take back by its runs what it did.

        That is so for what is set at once, in the name of who presses it, and for what is made so of what
        they may delete.
        """
        actions = _own_actions(context, object_name, name)
        inner = (one for action in actions for one in action.actions)
        return any(
            one.kind == "set" or (one.kind == "create" and _may_delete(context, str(one.object)))
            for one in (*actions, *inner)
        )

    def take_back(
        self, context: Context, work: UnitOfWork, run_id: str
    ) -> tuple[bool, Sequence[Problem]]:
        """Take back at once what a press did that the caller knows to be theirs.

        Say whether anything was taken back, and why what is left has to stay. Raise NotFoundError where
        the run is forgotten, ConflictError where it was undone before, or nothing of it can be.
        """
        return undo_now(self._store, context, work, run_id)

    def check(self, context: Context, object_name: str, name: str, inputs: Any) -> None:
        """Raise where the caller cannot press a button for several records, or an input is wrong."""
        check_for_several(context, object_name, name, inputs)


def _may_delete(context: Context, object_name: str) -> bool:
    return can(context.catalog, context.principal, object_name, "delete")


def _own_actions(context: Context, object_name: str, name: str) -> Sequence[ActionModel]:
    """Return the actions of a button that does them at once, in the name of who presses it."""
    button = buttons(context.catalog).get(object_name, {}).get(name)
    if button is None:
        return ()
    definition = button.automation.definition
    if definition.run != "after" or definition.runs_as != "actor":
        return ()
    return button.automation.actions


def check_for_several(
    context: Context, object_name: str, name: str, inputs: Any
) -> tuple[Button, Entered]:
    """Return a button that the caller may press for several records, with what was entered."""
    reader.readable_object(context, object_name)
    button = buttons(context.catalog).get(object_name, {}).get(name)
    if button is None:
        raise NotFoundError(messages.NO_BUTTON.at(name=name))
    if not may_press(context, button):
        raise ForbiddenError(messages.NO_BUTTON.at(name=name))
    if not button.trigger.several:
        raise RefusedError(messages.NOT_FOR_SEVERAL.at("/button", button=button.label))
    return button, entered(button.automation, inputs) if button.automation.inputs else NOTHING


def made_by(context: Context, work: UnitOfWork, pressed: Pressed) -> list[Made]:
    """Return the records that pressing a button made, those that the caller may read."""
    by_id = {one.id: one for one in context.catalog.objects.values()}
    found = []
    for deed in pressed.did:
        model = by_id.get(str(deed["object_id"])) if deed["did"] in MAKING else None
        if model is None:
            continue
        record_id = str(deed["record_id"])
        fields = tuple(dict.fromkeys(("id", model.title)))
        try:
            record = reader.get_in(context, work, model.name, record_id, fields=fields)
        except (NotFoundError, RefusedError):
            continue
        title = str(record.get(model.title) or record_id)
        found.append(Made(model.name, model.label, record_id, title))
    return found


# -- parts -----------------------------------------------------------------------------------------


def may_press(context: Context, button: Button) -> bool:
    """Say whether the caller holds one of the roles of a button, where it has some."""
    roles: Iterable[str] = button.trigger.roles
    return not roles or any(context.principal.holds(one) for one in roles)


def _is_here(button: Button, row: RowEnvironment) -> bool:
    states = button.trigger.states
    return not states or row.values.get(str(row.shape.model.state_field)) in states


def _reason(context: Context, button: Button, row: RowEnvironment) -> Problem | None:
    """Return why a button cannot be pressed; the condition itself is shown to internal people only."""
    condition = button.automation.when
    if condition is None or compile_python(condition.tree)(row) is True:
        return None
    if context.principal.audience != "internal":
        return messages.NOT_NOW.at(button=button.label)
    return messages.NOT_NOW_SHOWN.at(button=button.label, condition=condition.source)


def _state_label(context: Context, row: RowEnvironment) -> Text:
    model = row.shape.model
    state = str(row.values.get(str(model.state_field)))
    workflow = context.catalog.workflows.get(model.workflow or "")
    definition = workflow.states.get(state) if workflow else None
    return (definition.label if definition else Text()) or Text(state, state)

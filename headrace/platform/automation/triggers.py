"""Which automations a write starts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from headrace.platform.metadata.building import SYSTEM_FIELD_NAMES
from headrace.platform.metadata.catalog import AutomationModel, Catalog
from headrace.platform.metadata.definitions.automations import Event, TriggerDef
from headrace.platform.records.batch import Batch
from headrace.platform.records.drafts import Draft

_KEY: Final = "automations.by_object"


@dataclass(slots=True)
class Listening:
    """The automations of one object: those on its own records, and those on rows of its child grids."""

    own: list[tuple[AutomationModel, TriggerDef]] = field(default_factory=list)
    children: dict[str, list[tuple[AutomationModel, TriggerDef]]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Started:
    """An automation that a write starts, for one record."""

    automation: AutomationModel
    event: Event
    draft: Draft


def listening(catalog: Catalog) -> Mapping[str, Listening]:
    """Return the automations by object, in the order in which they run; made once for a catalog."""
    return catalog.once(_KEY, lambda: _listening(catalog))


def _listening(catalog: Catalog) -> dict[str, Listening]:
    found: dict[str, Listening] = {}
    ordered = sorted(catalog.automations.values(), key=lambda one: (one.definition.order, one.name))
    for automation in ordered:
        one = found.setdefault(automation.object, Listening())
        for trigger in automation.triggers:
            if trigger.event == "child":
                one.children.setdefault(str(trigger.child), []).append((automation, trigger))
            else:
                one.own.append((automation, trigger))
    return found


def started(batch: Batch, automations: Mapping[str, Listening], *, before: bool) -> list[Started]:
    """Return what the drafts of a batch start, each automation once for a record, in order."""
    found: dict[tuple[str, str], Started] = {}
    for draft in batch.drafts():
        for one in _of_draft(batch, automations, draft):
            if (one.automation.definition.run == "before") is before:
                found.setdefault((one.automation.id, one.draft.id), one)
    order = {
        automation.id: (automation.definition.order, automation.name)
        for automation in (one.automation for one in found.values())
    }
    return sorted(found.values(), key=lambda one: order[one.automation.id])


def _of_draft(
    batch: Batch, automations: Mapping[str, Listening], draft: Draft
) -> Iterator[Started]:
    own = automations.get(draft.shape.name)
    for automation, trigger in own.own if own else ():
        if _fires(batch, trigger, draft):
            yield Started(automation, trigger.event, draft)
    master = draft.parent
    if master is None or master.kind == "delete":
        return
    of_master = automations.get(master.shape.name)
    listed = of_master.children.get(draft.shape.relation_name, ()) if of_master else ()
    if listed and _has_changed(draft):
        for automation, trigger in listed:
            yield Started(automation, trigger.event, master)


def _has_changed(draft: Draft) -> bool:
    """Say whether a row comes, goes or gets other values than the platform's own."""
    if draft.kind in {"create", "delete"} or draft.undeleted:
        return True
    return bool(draft.changed() - SYSTEM_FIELD_NAMES)


def _fires(batch: Batch, trigger: TriggerDef, draft: Draft) -> bool:
    match trigger.event:
        case "create" | "delete":
            return draft.kind == trigger.event
        case "update":
            return _is_updated(trigger, draft)
        case "transition":
            return _is_taken(batch, trigger, draft)
        case "approval":
            ended = draft.outcome is not None
            return ended and (not trigger.results or draft.outcome in trigger.results)
        case _:
            return False


def _is_updated(trigger: TriggerDef, draft: Draft) -> bool:
    if draft.kind not in {"update", "computed"} or draft.old is None or draft.undeleted:
        return False
    changed = draft.changed() - SYSTEM_FIELD_NAMES
    if trigger.changed:
        return not changed.isdisjoint(trigger.changed)
    # That only a figure over other rows follows is told where it is asked for.
    return draft.kind == "update" and bool(changed)


def _is_taken(batch: Batch, trigger: TriggerDef, draft: Draft) -> bool:
    model = draft.shape.model
    if draft.kind != "update" or model.state_field not in draft.given or draft.outcome:
        return False
    workflow = batch.context.catalog.workflows.get(model.workflow or "")
    if workflow is None or draft.action not in workflow.transitions:
        return False
    return not trigger.transitions or draft.action in trigger.transitions

"""Where definitions are used: every place that names an object, field, role, state, … of a catalog.

`uses(catalog)` goes once through all documents; what a document uses is kept for the next catalog
where neither it nor anything it names changed.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from headrace.platform.metadata.catalog import Catalog
from headrace.platform.metadata.documents import Document
from headrace.platform.metadata.references.values import HOW, Crumb, Use, Used, UseJson
from headrace.platform.metadata.references.walking import (
    DocumentWalk,
    choices_of,
    id_of,
    look_up,
    part_of,
)

KINDS: Final = (
    *("module", "role", "object", "field", "child", "choice", "choice_set", "constant"),
    *("expression", "calendar"),
    *("workflow", "state", "transition", "approval", "automation"),
    *("permission", "form", "view", "report", "dashboard", "scenario"),
)
"""Kinds that where-used can be asked about."""

KEPT: Final = 2
"""Catalogs whose references are kept in a process: the live one and the one before or in a plan."""

__all__ = ["HOW", "KINDS", "Crumb", "References", "Use", "UseJson", "Used", "find", "uses"]


@dataclass(frozen=True, slots=True)
class _Part:
    """The uses of one document, and the models that names were resolved with."""

    document: Document
    uses: tuple[Use, ...]
    visited: Mapping[tuple[str, str], Any]
    by_id: Mapping[tuple[str, str], tuple[Use, ...]]

    def holds_in(self, catalog: Catalog) -> bool:
        """Whether the document would use the very same things in `catalog`."""
        return all(look_up(catalog, *key) is value for key, value in self.visited.items())


@dataclass(frozen=True, slots=True)
class References:
    """Where every definition of a catalog is used."""

    catalog: Catalog
    _parts: Mapping[tuple[str, str, str], _Part] = field(repr=False)

    def of(self, kind: str, name: str) -> tuple[Use, ...]:
        """Return the uses of a definition, by API name (`partner.tax_no` for a field) or by id."""
        used = find(self.catalog, kind, name)
        key = (kind, used.id if used else name)
        return tuple(use for part in self._parts.values() for use in part.by_id.get(key, ()))

    def of_parts(self, kind: str, name: str) -> tuple[Use, ...]:
        """Return the uses of a definition and of everything in it, by others than itself."""
        used = find(self.catalog, kind, name)
        if used is None:
            return ()
        inside = {(one.kind, one.id) for one in parts(self.catalog, used)}
        return tuple(
            use
            for use in self
            if (use.used.kind, use.used.id) in inside and (use.kind, use.name) != (kind, used.name)
        )

    def by(self, kind: str, name: str) -> tuple[Use, ...]:
        """Return what a document itself uses."""
        return tuple(
            use
            for part in self._parts.values()
            if (part.document.kind, part.document.name) == (kind, name)
            for use in part.uses
        )

    def __iter__(self) -> Iterator[Use]:
        for part in self._parts.values():
            yield from part.uses


def find(catalog: Catalog, kind: str, name: str) -> Used | None:
    """Return what is called `name`, or has it as its id; None where there is no such thing."""
    match kind:
        case "field" | "child":
            return _find_member(catalog, kind, name)
        case "choice":
            return _find_choice(catalog, name)
        case "state" | "transition":
            return _find_workflow_part(catalog, kind, name)
        case "approval" | "permission":
            documents = (one for one in catalog.documents if one.kind == kind)
            for one in documents:
                given = str(one.content.get("id") or one.name)
                if name in {one.name, given}:
                    return Used(kind, given, one.name)
            return None
    model = look_up(catalog, kind, name)
    if model is None:
        everything = _all_of(catalog, kind)
        model = next((one for one in everything if id_of(one) == name), None)
    return Used(kind, id_of(model), model.name) if model is not None else None


def parts(catalog: Catalog, used: Used) -> Iterator[Used]:
    """Yield `used` and what is in it: an object's fields and children or a workflow's states."""
    yield used
    if used.kind == "object":
        model = catalog.object(used.name)
        if model is not None:
            for one in model.fields.values():
                if not one.system:
                    yield from parts(catalog, Used("field", one.id, f"{model.name}.{one.name}"))
            for child in model.children:
                yield Used("child", f"{model.id}.{child.name}", f"{model.name}.{child.name}")
    elif used.kind == "field":
        owner, _, name = used.name.partition(".")
        model = catalog.object(owner)
        if model is not None and name in model.fields:
            for choice in choices_of(model.fields[name].options):
                yield Used("choice", f"{used.id}.{choice.value}", f"{used.name}.{choice.value}")
    elif used.kind == "choice_set" and used.name in catalog.choice_sets:
        for choice in catalog.choice_sets[used.name].choices:
            yield Used("choice", f"{used.id}.{choice.value}", f"{used.name}.{choice.value}")
    elif used.kind == "workflow" and used.name in catalog.workflows:
        workflow = catalog.workflows[used.name]
        yield from (part_of(workflow, "state", name) for name in workflow.states)
        yield from (part_of(workflow, "transition", name) for name in workflow.transitions)


def _all_of(catalog: Catalog, kind: str) -> Iterable[Any]:
    models: Mapping[str, Mapping[str, Any]] = {
        "object": catalog.objects,
        "workflow": catalog.workflows,
        "automation": catalog.automations,
        "role": catalog.roles,
        "view": catalog.views,
        "report": catalog.reports,
        "dashboard": catalog.dashboards,
        "scenario": catalog.scenarios,
        "form": catalog.forms,
        "module": catalog.modules,
        "choice_set": catalog.choice_sets,
    }
    return models.get(kind, {}).values()


def _find_member(catalog: Catalog, kind: str, name: str) -> Used | None:
    owner, _, member = name.partition(".")
    model = catalog.object(owner)
    if model is not None:
        if kind == "field" and member in model.fields:
            return Used(kind, model.fields[member].id, f"{model.name}.{member}")
        if kind == "child" and model.child(member) is not None:
            return Used(kind, f"{model.id}.{member}", f"{model.name}.{member}")
    for one in catalog.objects.values():
        if kind == "field":
            for own in one.fields.values():
                if own.id == name:
                    return Used(kind, own.id, f"{one.name}.{own.name}")
    return None


def _find_choice(catalog: Catalog, name: str) -> Used | None:
    field_name, _, value = name.rpartition(".")
    owner = _find_member(catalog, "field", field_name) or find(catalog, "choice_set", field_name)
    if owner is None:
        return None
    return next((one for one in parts(catalog, owner) if one.name == f"{owner.name}.{value}"), None)


def _find_workflow_part(catalog: Catalog, kind: str, name: str) -> Used | None:
    for workflow in catalog.workflows.values():
        for part in workflow.states if kind == "state" else workflow.transitions:
            used = part_of(workflow, kind, part)
            if name in {used.name, used.id}:
                return used
    return None


# -- building and keeping --------------------------------------------------------------------------

_kept: OrderedDict[str, References] = OrderedDict()
_lock = threading.Lock()


def uses(catalog: Catalog) -> References:
    """Return where everything in `catalog` is used; kept for the newest catalogs of the process."""
    key = f"{catalog.version}:{catalog.fingerprint}"
    with _lock:
        known = _kept.get(key)
        previous: Sequence[References] = tuple(_kept.values())
    if known is not None:
        return known
    made = _build(catalog, previous[-1] if previous else None)
    with _lock:
        _kept[key] = made
        while len(_kept) > KEPT:
            _kept.popitem(last=False)
    return made


def _build(catalog: Catalog, previous: References | None) -> References:
    found: dict[tuple[str, str, str], _Part] = {}
    known = previous._parts if previous else {}  # noqa: SLF001 - of the same class
    for document in catalog.documents:
        key = (document.module, document.space, document.name)
        part = known.get(key)
        if part is None or part.document != document or not part.holds_in(catalog):
            part = _part(catalog, document)
        found[key] = part
    return References(catalog, found)


def _part(catalog: Catalog, document: Document) -> _Part:
    walk = DocumentWalk(catalog, document)
    found = walk.uses()
    by_id: dict[tuple[str, str], list[Use]] = {}
    for use in found:
        by_id.setdefault((use.used.kind, use.used.id), []).append(use)
    return _Part(document, found, walk.visited, {key: tuple(many) for key, many in by_id.items()})

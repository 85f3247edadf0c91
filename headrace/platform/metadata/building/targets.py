"""Which definition an extension adds to: it must be there, and another module's that it may count on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from headrace.platform.core.problems import Problem
from headrace.platform.metadata.building.messages import (
    EXTENDS_OWN,
    LEFT_OUT,
    NOT_REQUIRED,
    RENAMED,
    UNKNOWN_OBJECT,
    UNKNOWN_REFERENCE,
)
from headrace.platform.metadata.building.workbench import Workbench
from headrace.platform.metadata.definitions.extensions import ExtendsDef
from headrace.platform.metadata.wording import kind_word


@dataclass(frozen=True, slots=True)
class Target:
    """A definition with the extensions that add to it, in the order of their modules."""

    of: str
    name: str
    definition: Any
    extensions: tuple[ExtendsDef, ...]


def extended_definitions(work: Workbench) -> Iterator[Target]:
    """Yield what is extended; an extension that cannot be put in is told and left out."""
    found: dict[tuple[str, str], list[ExtendsDef]] = {}
    known: dict[str, set[str]] = {}
    for slot, extension in work.definitions.get("extends", {}).items():
        work.know("extends", slot)
        module = work.module_of("extends", slot)
        if module not in known:
            known[module] = _counted_on(work, module)
        problem = _hindrance(work, module, extension, known[module])
        if problem is None:
            found.setdefault((extension.of, extension.name), []).append(extension)
        else:
            work.report(problem, extension)
    for (of, name), extensions in found.items():
        yield Target(of, name, work.know(of, name), tuple(extensions))


def _hindrance(
    work: Workbench, module: str, extension: ExtendsDef, counted_on: set[str]
) -> Problem | None:
    """Return why an extension adds nothing to anything; None where it does."""
    of, name = extension.of, extension.name
    if name not in work.definitions.get(of, {}):
        return _missing(work, module, of, name)
    owner = work.module_of(of, name)
    if owner == module:
        return EXTENDS_OWN.at("/name", kind=kind_word(of), name=name)
    if owner not in counted_on:
        return NOT_REQUIRED.at("/name", kind=kind_word(of), name=name, owner=owner, module=module)
    return None


def _missing(work: Workbench, module: str, of: str, name: str) -> Problem:
    now = work.name_now(of, name)
    if now is not None:
        return RENAMED.at("/name", kind=kind_word(of), name=name, now=now)
    manifest = work.definitions.get("module", {}).get(module)
    absent = [one for one in manifest.optional if not _is_there(work, one)] if manifest else []
    if absent:
        others = ", ".join(absent)
        return LEFT_OUT.at("/name", kind=kind_word(of), name=name, others=others)
    if of == "object":
        return UNKNOWN_OBJECT.at("/name", name=name)
    return UNKNOWN_REFERENCE.at("/name", kind=of, name=name)


def _is_there(work: Workbench, module: str) -> bool:
    return module in work.definitions.get("module", {})


def _counted_on(work: Workbench, module: str) -> set[str]:
    """Return the modules that `module` names, and those that these require in turn."""
    manifests = work.definitions.get("module", {})
    own = manifests.get(module)
    waiting = [*own.requires, *own.optional] if own else []
    found: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting.extend(manifests[name].requires if name in manifests else ())
    return found

"""Permissions: grants with their scopes and conditions."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from operator import attrgetter

from headrace.platform.core.problems import Problem
from headrace.platform.metadata.building.messages import UNKNOWN_RIGHT
from headrace.platform.metadata.building.workbench import Workbench, closest
from headrace.platform.metadata.catalog import GrantModel, ObjectModel, ScopeModel
from headrace.platform.metadata.definitions.access import GrantDef, PermissionDef


def build_permissions(work: Workbench) -> dict[str, tuple[GrantModel, ...]]:
    """Return the grants of each object, those of all its permission documents."""
    result: dict[str, tuple[GrantModel, ...]] = {}
    found = work.each("permission", "permission", partial(_grants, work), attrgetter("object"))
    for name, grants in found.items():
        object_name = work.definitions["permission"][name].object
        if object_name in work.objects:
            result[object_name] = (*result.get(object_name, ()), *grants)
    return result


def _grants(work: Workbench, definition: PermissionDef) -> tuple[GrantModel, ...]:
    model = work.objects.get(definition.object)
    if model is None:
        work.report_unknown_object(definition, definition.object)
        return ()
    return tuple(
        _grant(work, grant, model, work.place(definition, "grants", position))
        for position, grant in enumerate(definition.grants)
    )


def _grant(work: Workbench, definition: GrantDef, model: ObjectModel, place: str) -> GrantModel:
    roles = work.definitions.get("role", {})
    if definition.role not in roles:
        work.problems.append(_unknown("role", definition.role, roles, place + "/role"))
    rights = definition.fields
    known = {*model.fields, *(child.name for child in model.children)}
    for part in ("read", "edit"):
        names = getattr(rights, part) if rights else None
        for index, name in enumerate(names or ()):
            if name not in known:
                where = f"{place}/fields/{part}/{index}"
                work.problems.append(_unknown("field", name, known, where))
    masked = [one.name for one in model.fields.values() if one.definition.masked is not None]
    for index, name in enumerate(rights.unmask if rights else ()):
        if name not in masked:
            where = f"{place}/fields/unmask/{index}"
            work.problems.append(_unknown("masked field", name, masked, where))
    scope = ScopeModel(
        definition.scope.name,
        work.path_at(place + "/scope/assigned", model.name, definition.scope.path) or (),
        work.expression(definition.scope.formula, model.name, place + "/scope/criteria"),
    )
    return GrantModel(
        role=definition.role,
        actions=frozenset(definition.actions),
        scope=scope,
        when=work.expression(definition.when, model.name, place + "/when"),
        read=frozenset(rights.read) if rights and rights.read is not None else None,
        edit=frozenset(rights.edit) if rights and rights.edit is not None else None,
        transitions=frozenset(definition.transitions),
        unmask=frozenset(rights.unmask) if rights else frozenset(),
    )


def _unknown(kind: str, name: str, known: Iterable[str], place: str) -> Problem:
    return UNKNOWN_RIGHT.at(place, kind=kind, name=name, suggestion=closest(name, known))

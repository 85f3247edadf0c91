"""Forms, views and reports: their objects, columns and conditions."""

from __future__ import annotations

from typing import Any

from headrace.platform.metadata.building.workbench import Workbench
from headrace.platform.metadata.catalog import ReportModel, ViewModel


def definitions_of(work: Workbench, kind: str) -> dict[str, Any]:
    """Return the definitions of a kind that speak of objects; an unknown one is a problem."""
    named = work.definitions.get(kind, {})
    for definition in named.values():
        if definition.object not in work.objects:
            work.report_unknown_object(definition, definition.object)
    return named


def build_views(work: Workbench) -> dict[str, ViewModel]:
    """Resolve columns and conditions of all views."""
    result = {}
    for name, definition in definitions_of(work, "view").items():
        place = work.files[id(definition)]
        paths = [
            work.path_at(f"{place}/columns/{index}", definition.object, path)
            for index, path in enumerate(definition.columns)
        ]
        result[name] = ViewModel(
            definition,
            work.expression(definition.where, definition.object, place + "/where"),
            tuple(path for path in paths if path),
        )
    return result


def build_reports(work: Workbench) -> dict[str, ReportModel]:
    """Resolve roles and conditions of all reports."""
    result = {}
    for name, definition in definitions_of(work, "report").items():
        place = work.files[id(definition)]
        for index, role in enumerate(definition.roles):
            work.role(role, f"{place}/roles/{index}")
        result[name] = ReportModel(
            definition, work.expression(definition.where, definition.object, place + "/where")
        )
    return result

"""Forms, views and reports: their objects, columns and conditions."""

from __future__ import annotations

from functools import partial
from operator import attrgetter
from typing import Any

from headrace.platform.metadata.building.workbench import Workbench
from headrace.platform.metadata.catalog import ReportModel, ViewModel
from headrace.platform.metadata.definitions.screens import ReportDef, ViewDef


def definitions_of(work: Workbench, kind: str) -> dict[str, Any]:
    """Return the definitions of a kind that speak of objects; an unknown one is a problem."""
    named = work.definitions.get(kind, {})
    for name, definition in named.items():
        if definition.object not in work.objects:
            work.report_unknown_object(work.know(kind, name), definition.object)
    return named


def build_views(work: Workbench) -> dict[str, ViewModel]:
    """Resolve columns and conditions of all views."""
    definitions_of(work, "view")
    return work.each("view", "view", partial(_view, work), attrgetter("object"))


def _view(work: Workbench, definition: ViewDef) -> ViewModel:
    paths = [
        work.path(definition, definition.object, path, "columns", index)
        for index, path in enumerate(definition.columns)
    ]
    place = work.place(definition, "where")
    where = work.expression(definition.where, definition.object, place)
    return ViewModel(definition, where, tuple(path for path in paths if path))


def build_reports(work: Workbench) -> dict[str, ReportModel]:
    """Resolve roles and conditions of all reports."""
    definitions_of(work, "report")
    return work.each("report", "report", partial(_report, work), attrgetter("object"))


def _report(work: Workbench, definition: ReportDef) -> ReportModel:
    for index, role in enumerate(definition.roles):
        work.role(role, work.place(definition, "roles", index))
    place = work.place(definition, "where")
    where = work.expression(definition.where, definition.object, place)
    return ReportModel(definition, where)

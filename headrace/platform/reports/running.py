"""Run a report for a principal; find the records behind a cell."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from headrace.platform.access.policy import can
from headrace.platform.core.errors import NOT_FOUND, NotFoundError, RefusedError
from headrace.platform.metadata.catalog import ReportModel
from headrace.platform.metadata.definitions.screens import measure_name
from headrace.platform.records.aggregating import CheckedSelect, compile_checked, run_checked
from headrace.platform.records.context import Context
from headrace.platform.records.query import Query, parse_query
from headrace.platform.records.reader import Page, find
from headrace.platform.reports.arranging import arrange
from headrace.platform.reports.cells import cell_filter
from headrace.platform.reports.charts import chart_spec
from headrace.platform.reports.compiler import CompiledReport, compile_report, shown_kind
from headrace.platform.reports.results import Header, ReportResult

PAGE_PARAMETERS: Final = ("fields", "sort", "limit", "cursor", "count", "expand")


@dataclass(frozen=True, slots=True)
class _Plan:
    compiled: CompiledReport
    select: CheckedSelect


def available(context: Context) -> tuple[ReportModel, ...]:
    """Return the reports that the principal may open, in the order of their names."""
    return tuple(
        report for _, report in sorted(context.catalog.reports.items()) if _open_to(context, report)
    )


def run(context: Context, name: str) -> ReportResult:
    """Run a report over the records that the principal may see.

    Raise NotFoundError for a report that is not there or not open to the principal, and
    `field.unknown` where it needs a field that the principal may not read.
    """
    report = _report(context, name)
    return _result(context, report, _plan(context, report))


def run_drafted(context: Context, report: ReportModel) -> ReportResult:
    """Run a report that is no part of the live version, over what the principal may see.

    Roles that the report names are not asked: who draws it looks at their own records only. Raise
    `field.unknown` where it needs a field that the live version has not, or the principal may not read.
    """
    return _result(context, report, _compiled(context, report))


def statement_of(context: Context, report: ReportModel) -> CheckedSelect:
    """Return the select that `run_drafted` runs, compiled for the rights of the principal."""
    return _compiled(context, report).select


def _result(context: Context, report: ReportModel, plan: _Plan) -> ReportResult:
    found = run_checked(context, plan.select)
    arranged = arrange(plan.compiled, found, context.catalog, context.database.dialect)
    chart = report.definition.chart
    return ReportResult(
        name=report.name,
        label=report.label,
        row_groups=tuple(_group_header(one) for one in plan.compiled.rows),
        column_groups=tuple(_group_header(one) for one in plan.compiled.columns),
        measures=tuple(
            Header(
                measure_name(one.definition),
                one.label,
                one.kind,
                one.currency,
                by_currency=one.split is not None,
            )
            for one in plan.compiled.measures
        ),
        columns=arranged.columns,
        lines=arranged.lines,
        column_totals=arranged.column_totals,
        total=arranged.total,
        record_count=arranged.record_count,
        cut=arranged.cut,
        as_of=context.now(),
        metadata_version=context.catalog.version,
        chart=chart_spec(chart, plan.compiled, arranged, context.language) if chart else None,
    )


def may_run(context: Context, name: str) -> bool:
    """Say whether `run` would give the principal a result: the report is open, each field readable."""
    report = context.catalog.reports.get(name)
    if report is None or not _open_to(context, report):
        return False
    key = ("report runs", *_key(context, name))
    return context.compiled.get(context.catalog, key, lambda: _compiles(context, report))


def cell_query(
    context: Context, name: str, cell: Mapping[str, Any], page: Mapping[str, Any]
) -> Query:
    """Return the query of the records behind a cell.

    `cell` is `{"rows": [...], "columns": [...]}` (see `cells.cell_filter`); `page` may carry the
    list's own parameters.
    """
    report = _report(context, name)
    conditions = () if report.where is None else (report.where,)
    data: dict[str, Any] = {key: page[key] for key in PAGE_PARAMETERS if key in page}
    wanted = cell_filter(context.catalog, report, cell, context.zone)
    if wanted["and"]:
        data["filter"] = wanted
    return parse_query(context, report.definition.object, data, conditions)


def rows(context: Context, name: str, cell: Mapping[str, Any], page: Mapping[str, Any]) -> Page:
    """Return the records behind a cell, exactly those that add up to it."""
    query = cell_query(context, name, cell, page)
    return find(context, _report(context, name).definition.object, query)


def _plan(context: Context, report: ReportModel) -> _Plan:
    key = ("report", *_key(context, report.name))
    return context.compiled.get(context.catalog, key, lambda: _compiled(context, report))


def _compiled(context: Context, report: ReportModel) -> _Plan:
    compiled = compile_report(context, report)
    return _Plan(compiled, compile_checked(context, compiled.statement))


def _key(context: Context, name: str) -> tuple[Hashable, ...]:
    return name, context.principal.rights, context.principal.credential.kind


def _compiles(context: Context, report: ReportModel) -> bool:
    try:
        _plan(context, report)
    except RefusedError:
        return False
    return True


def _report(context: Context, name: str) -> ReportModel:
    report = context.catalog.reports.get(name)
    if report is None or not _open_to(context, report):
        raise NotFoundError(NOT_FOUND.at())
    return report


def _open_to(context: Context, report: ReportModel) -> bool:
    wanted = report.definition.roles
    principal = context.principal
    named = not wanted or principal.is_system or bool(principal.role_names & set(wanted))
    return named and can(context.catalog, principal, report.definition.object, "read")


def _group_header(group: Any) -> Header:
    kind = "period" if group.definition.bucket else shown_kind(group.field)
    return Header(group.definition.field, group.label, kind)

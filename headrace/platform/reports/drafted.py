"""A report as a draft holds it, made ready to run over the records that are live."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Final

from headrace.platform.access.policy import can
from headrace.platform.core.errors import RefusedError
from headrace.platform.core.problems import Message, Problem, errors
from headrace.platform.formulas.analysis import analyse
from headrace.platform.formulas.expression import Expression
from headrace.platform.formulas.functions.base import SQL_ENGINES
from headrace.platform.formulas.types import BOOLEAN
from headrace.platform.metadata.building import object_scope
from headrace.platform.metadata.catalog import ReportModel
from headrace.platform.metadata.checks.base import Subject
from headrace.platform.metadata.checks.screens import check_report
from headrace.platform.metadata.definitions.keys import load_object
from headrace.platform.metadata.definitions.screens import ReportDef
from headrace.platform.records.context import Context
from headrace.platform.reports import running
from headrace.platform.reports.results import ReportResult

NOT_LIVE: Final = Message(
    "report.not_live",
    "“{name}” cannot be counted yet: it needs something that is not live or that you may not read.",
    "“{name}”暂时无法统计：所需的内容尚未生效，或您无权读取。",
    "The numbers appear once the draft is published; the report can be drawn without them.",
    "草稿发布后即可看到数值；现在可以继续设计报表。",
)

_LACKING: Final = frozenset(
    {"ref.unknown_field", "field.unknown", "formula.unknown_field", "formula.unknown_object"}
)
"""Codes of problems that publishing the draft may take away."""


def run_draft(context: Context, content: Mapping[str, Any]) -> ReportResult:
    """Run the report that `content` defines, a document that fits its schema, over live records.

    Raise RefusedError, `report.not_live` first of all its problems, where the live version lacks what
    the report asks or the principal may not read it.
    """
    report = live_report(context, content)
    try:
        return running.run_drafted(context, report)
    except RefusedError as refusal:
        raise _refusal(report.definition, refusal.problems) from refusal


def live_report(context: Context, content: Mapping[str, Any]) -> ReportModel:
    """Return the report that `content` defines, over the live version; raise RefusedError like `run_draft`."""
    definition: ReportDef = replace(load_object(ReportDef, content), roles=())
    catalog = context.catalog
    if definition.object not in catalog.objects or not can(
        catalog, context.principal, definition.object, "read"
    ):
        raise RefusedError(_not_live(definition))
    wrong = errors(check_report(Subject(catalog), definition))
    if wrong:
        raise _refusal(definition, wrong)
    try:
        return ReportModel(definition, _where(context, definition))
    except RefusedError as refusal:
        raise _refusal(definition, refusal.problems) from refusal


def _refusal(definition: ReportDef, problems: Iterable[Problem]) -> RefusedError:
    """Return the problems, behind the one that says that something is not live where that is so."""
    found = tuple(problems)
    lacking = any(one.code in _LACKING for one in found)
    return RefusedError(*((_not_live(definition),) if lacking else ()), *found)


def _where(context: Context, definition: ReportDef) -> Expression | None:
    if definition.where is None:
        return None
    scope = object_scope(context.catalog, definition.object)
    return analyse(definition.where, scope, expected=BOOLEAN, engines=SQL_ENGINES)


def _not_live(definition: ReportDef) -> Problem:
    return NOT_LIVE.at(name=definition.name)

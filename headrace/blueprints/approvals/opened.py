"""The fields that a step opens for who decides it: what may be entered, and what was."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from flask import request

from headrace.platform.core.errors import NOT_FOUND, NotFoundError
from headrace.platform.core.problems import Problem
from headrace.platform.forms.entries import Entry, record_entries, sent_entries
from headrace.platform.forms.field_view import FieldView, field_view
from headrace.platform.forms.form_page import with_editable
from headrace.platform.forms.posted import Posted, place_of, posted
from headrace.platform.metadata.catalog import ObjectModel
from headrace.platform.records.context import Context
from headrace.platform.workflow.tasks import Task

NEEDS_SCRIPT: Final = frozenset({"rich_text", "geo_point"})
"""Widgets that are little use, or none, on a page without script."""


def opened_fields(context: Context, found: Task) -> list[FieldView]:
    """Return the fields that the step of a task opens, as they are entered."""
    model, names = _model(context, found), frozenset(found.editable)
    return [
        replace(view, required=view.required or name in found.required)
        for name in found.editable
        if name in model.fields
        and (view := field_view(context.catalog, model.fields[name], editable=names)).editable
    ]


def is_plain(view: FieldView) -> bool:
    """Say whether a field can be entered without script, and without asking for anything else."""
    leads = view.target is not None or view.links is not None or view.polymorphic
    return not leads and view.files is None and view.widget not in NEEDS_SCRIPT


def entries_of(
    views: Sequence[FieldView], record: Mapping[str, Any], sent: Posted | None
) -> dict[str, Entry]:
    """Return what stands in the controls: what was sent before, else what the record holds."""
    if sent is None:
        return record_entries(views, dict(record))
    return sent_entries(views, request.form, "f", dict(record))


def entered(context: Context, found: Task, views: Sequence[FieldView]) -> Posted:
    """Read the fields that the step opens, as far as they were changed."""
    page = with_editable(_model(context, found), views)
    return posted(page, request.form, context.principal.zone)


def errors_of(context: Context, problems: Iterable[Problem], sent: Posted | None) -> dict[str, str]:
    """Return what is wrong with what was entered, by the name of the input."""
    found: dict[str, str] = {}
    if sent is None:
        return found
    for problem in problems:
        inner = replace(problem, path=problem.path.removeprefix("/values"))
        found.setdefault(place_of(inner, sent), problem.message.within(context.language))
    return found


def _model(context: Context, found: Task) -> ObjectModel:
    model = context.catalog.objects.get(found.item.object)
    if model is None:
        raise NotFoundError(NOT_FOUND.at())
    return model

"""Formulas of drafts, computed for a record while somebody writes them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from flask import Blueprint, Response

from headrace.blueprints.api.calls import (
    answer,
    language_of,
    optional_body,
    platform,
    read,
    text_of,
    value_of,
)
from headrace.blueprints.api.designing import require_design
from headrace.platform.core.errors import RefusedError
from headrace.platform.forms.ahead import Ahead, seen_as
from headrace.platform.forms.trying import Outcome, Tried, try_formula
from headrace.platform.metadata.catalog import Catalog
from headrace.platform.metadata.definitions.keys import MAX_FORMULA
from headrace.platform.metadata.documents import Document
from headrace.platform.records.context import Context

blueprint = Blueprint("api_formulas", __name__, url_prefix="/api/v1/metadata/drafts")

NO_VALUE: Final = "NULL"
"""Fits every place of a formula."""


@blueprint.post("/<draft>/formula")
def try_out(draft: str) -> Response:
    """What a formula gives for a record under the definitions of a draft, and what it was computed from.

    `document` and `path` say where the formula stands: what is written there already is not looked at.
    """

    def action(context: Context) -> Response:
        require_design(context)
        data = optional_body("object", "formula", "record", "this", "condition", "document", "path")
        tried = Tried(
            object_name=text_of(data, "object"),
            formula=text_of(data, "formula")[:MAX_FORMULA],
            record_id=value_of(data, "record", str),
            outer_name=value_of(data, "this", str),
            is_condition=data.get("condition") is True,
        )
        document, path = (
            value_of(data, "document", str),
            value_of(data, "path", list) or [],
        )
        try:
            catalog = _catalog(draft, document, path)
        except RefusedError as error:
            # What is wrong elsewhere in the draft is told there; here there is no value for now.
            none = Outcome("unknown", reason=error.problems[0].message)
            return answer(context, none.render(language_of(context)))
        tried = replace(tried, automation=_automation(catalog, document))
        names = sorted(context.principal.role_names & catalog.roles.keys())
        ahead = Ahead(context, catalog, seen_as(context.principal, catalog, names))
        return answer(context, try_formula(ahead, tried).render(language_of(context)))

    return read(action)


def _automation(catalog: Catalog, document: str | None) -> str | None:
    """Return the name of the automation that a formula stands in."""
    found = (one for one in catalog.automations.values() if one.definition.id == document)
    return next((one.name for one in found), None) if document else None


def _catalog(draft: str, document: str | None, path: list[Any]) -> Catalog:
    """Return the definitions of a draft without the formula that is being written, which may be wrong."""
    here = platform()
    held = here.drafts.find(draft)
    try:
        return here.draft_publisher.catalog_around(held, _without(document, path))
    except RefusedError:
        # Where nothing but a certain result will do, the formula that is kept may do.
        return here.draft_publisher.catalog_around(held, lambda one: one)


def _without(document: str | None, path: list[Any]) -> Callable[[Document], Document]:
    def change(one: Document) -> Document:
        if document is None or one.content.get("id") != document:
            return one
        return Document(one.module, _put(one.content, path))

    return change


def _put(value: Any, path: list[Any]) -> Any:
    """Return JSON with no value in place of the formula at `path`, where there is one."""
    if not path:
        return NO_VALUE if isinstance(value, str) else value
    step, *rest = path
    if isinstance(value, dict) and isinstance(step, str) and step in value:
        return {**value, step: _put(value[step], rest)}
    if isinstance(value, list) and type(step) is int and 0 <= step < len(value):
        return [*value[:step], _put(value[step], rest), *value[step + 1 :]]
    return value

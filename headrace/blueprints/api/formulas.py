"""Formulas of drafts, computed for a record while somebody writes them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from flask import Blueprint, Response

from headrace.blueprints.api.calls import (
    BAD_VALUE,
    answer,
    language_of,
    optional_body,
    platform,
    read,
    text_of,
    value_of,
)
from headrace.blueprints.api.designing import require_design
from headrace.blueprints.api.shapes.drawing import FormulaAsked
from headrace.platform.core.errors import RefusedError
from headrace.platform.core.problems import pointer
from headrace.platform.core.shapes import keys_of
from headrace.platform.forms.ahead import Ahead, seen_as
from headrace.platform.forms.trying import Outcome, Tried, try_formula
from headrace.platform.metadata.catalog import Catalog
from headrace.platform.metadata.definitions.keys import MAX_FORMULA
from headrace.platform.metadata.documents import Document
from headrace.platform.records.context import Context

blueprint = Blueprint("api_formulas", __name__, url_prefix="/api/v1/metadata/drafts")

NO_VALUE: Final = "NULL"
"""Fits every place of a formula."""
_NAMED: Final = ("expressions", 0, "formula")
"""Where the formula of the first named expression stands in a module."""


@blueprint.post("/<draft>/formula")
def try_out(draft: str) -> Response:
    """What a formula gives for a record under the definitions of a draft, and what it was computed from.

    `document` and `path` say where the formula stands: what is written there already is not looked at.
    Without `object` it is that of a named expression. `given` are samples, as they were written, of its
    parameters or of what a button asks for.
    """

    def action(context: Context) -> Response:
        require_design(context)
        data = optional_body(*keys_of(FormulaAsked))
        tried = Tried(
            object_name=value_of(data, "object", str),
            formula=text_of(data, "formula")[:MAX_FORMULA],
            record_id=value_of(data, "record", str),
            outer_name=value_of(data, "this", str),
            is_condition=data.get("condition") is True,
            given=_given(data),
        )
        document, path = (
            value_of(data, "document", str),
            value_of(data, "path", list) or [],
        )
        try:
            catalog = _catalog(context, draft, document, path)
        except RefusedError as error:
            # What is wrong elsewhere in the draft is told there; here there is no value for now.
            none = Outcome("unknown", reason=error.problems[0].message)
            return answer(context, none.render(language_of(context)))
        tried = replace(
            tried,
            automation=_automation(catalog, document),
            expression=_expression(catalog, document, path),
        )
        names = sorted(context.principal.role_names & catalog.roles.keys())
        ahead = Ahead(context, catalog, seen_as(context.principal, catalog, names))
        return answer(context, try_formula(ahead, tried).render(language_of(context)))

    return read(action)


def _automation(catalog: Catalog, document: str | None) -> str | None:
    """Return the name of the automation that a formula stands in."""
    found = (one for one in catalog.automations.values() if one.definition.id == document)
    return next((one.name for one in found), None) if document else None


def _expression(catalog: Catalog, document: str | None, path: list[Any]) -> str | None:
    """Return the name of the named expression that a formula is that of."""
    module = next((one for one in catalog.modules.values() if one.id == document), None)
    position = _position(path)
    if module is None or document is None or position is None:
        return None
    return next((one.name for one in module.expressions[position : position + 1]), None)


def _position(path: list[Any]) -> int | None:
    """Return which named expression of a module has its formula at `path`; None at other places."""
    if len(path) != len(_NAMED) or [path[0], path[2]] != [*_NAMED[::2]]:
        return None
    return path[1] if type(path[1]) is int and path[1] >= 0 else None


def _given(data: Mapping[str, Any]) -> dict[str, str]:
    """Return the samples that were sent, each a text."""
    given = value_of(data, "given", dict) or {}
    for name, text in given.items():
        if not isinstance(text, str):
            raise RefusedError(BAD_VALUE.at(pointer("given", name), name=name))
    return {name: text[:MAX_FORMULA] for name, text in given.items()}


def _catalog(context: Context, draft: str, document: str | None, path: list[Any]) -> Catalog:
    """Return the definitions of a draft without the formula that is being written, which may be wrong.

    Raise RefusedError with what is wrong elsewhere.
    """
    here = platform()
    held = here.drafts.find(draft)
    refused = RefusedError()
    for change in (
        _changed(document, path, lambda _: NO_VALUE),
        # Where nothing but a certain result will do, the formula that is kept may do, or the live one.
        lambda one: one,
        _changed(document, path, lambda one: _live_source(context, one, path)),
    ):
        try:
            return here.draft_publisher.catalog_around(held, change)
        except RefusedError as error:
            refused = error
    raise refused


def _live_source(context: Context, content: Any, path: list[Any]) -> str | None:
    """Return the live formula of a named expression that is being written; None of anything else."""
    position = _position(path)
    items = content.get(_NAMED[0])
    if position is None or not isinstance(items, list) or position >= len(items):
        return None
    named = items[position].get("name") if isinstance(items[position], dict) else None
    live = context.catalog.expressions.get(named) if isinstance(named, str) else None
    return live.source if live else None


def _changed(
    document: str | None, path: list[Any], text: Callable[[Any], str | None]
) -> Callable[[Document], Document]:
    """Return what puts another text in place of the formula at `path`, where there is one."""

    def change(one: Document) -> Document:
        if document is None or one.content.get("id") != document:
            return one
        wanted = text(one.content)
        return one if wanted is None else Document(one.module, _put(one.content, path, wanted))

    return change


def _put(value: Any, path: list[Any], text: str) -> Any:
    """Return JSON with a text in place of the formula at `path`, where there is one."""
    if not path:
        return text if isinstance(value, str) else value
    step, *rest = path
    if isinstance(value, dict) and isinstance(step, str) and step in value:
        return {**value, step: _put(value[step], rest, text)}
    if isinstance(value, list) and type(step) is int and 0 <= step < len(value):
        return [*value[:step], _put(value[step], rest, text), *value[step + 1 :]]
    return value

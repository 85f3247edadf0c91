"""What designers draw with: the described schemas of all kinds, field types and formula functions."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable
from typing import Final

from flask import Blueprint, Response, request

from headrace.blueprints.api.calls import answer_bytes, known_arguments, platform, read
from headrace.blueprints.api.designing import require_design
from headrace.blueprints.api.shapes.drawing import PaletteAnswer, SchemasAnswer
from headrace.platform.core.errors import RefusedError
from headrace.platform.core.json_text import json_bytes
from headrace.platform.core.problems import LANGUAGES, Language, Message
from headrace.platform.metadata.described import described_schemas, palette
from headrace.platform.metadata.field_types import FieldTypes
from headrace.platform.records.context import Context

blueprint = Blueprint("api_schemas", __name__, url_prefix="/api/v1/metadata")

BAD_LANGUAGE: Final = Message(
    "request.language",
    "“language” must be one of {languages}, not “{language}”.",
    "“language”必须是 {languages} 之一，不能是“{language}”。",
    "Leave it out for your own language.",
    "不填则使用您自己的语言。",
)


@blueprint.get("/schemas")
def schemas() -> Response:
    """The JSON Schema of every kind, with labels and help in one language."""
    return _kept(_schemas)


@blueprint.get("/palette")
def tiles() -> Response:
    """Field types in groups and formula functions, with labels and help in one language."""
    return _kept(_palette)


def _kept(made: Callable[[FieldTypes, Language], tuple[str, bytes]]) -> Response:
    """Answer what depends on the program and a language only, so that callers keep it by its tag."""
    known_arguments("language")

    def action(context: Context) -> Response:
        require_design(context)
        tag, body = made(platform().publisher.types, _language(context))
        known = request.if_none_match.contains_weak(tag)
        response = answer_bytes(context, b"" if known else body)
        response.status_code = 304 if known else 200
        response.set_etag(tag, weak=True)
        return response

    return read(action)


def _language(context: Context) -> Language:
    asked = request.args.get("language")
    if asked is None:
        return context.language
    found = next((one for one in LANGUAGES if one == asked), None)
    if found is None:
        said = {"languages": ", ".join(LANGUAGES), "language": asked}
        raise RefusedError(BAD_LANGUAGE.at("/language", **said))
    return found


@functools.cache
def _schemas(types: FieldTypes, language: Language) -> tuple[str, bytes]:
    shown: SchemasAnswer = {"language": language, "kinds": described_schemas(types, language)}
    return _tagged(shown)


@functools.cache
def _palette(types: FieldTypes, language: Language) -> tuple[str, bytes]:
    shown: PaletteAnswer = {"language": language, **palette(types, language)}
    return _tagged(shown)


def _tagged(content: SchemasAnswer | PaletteAnswer) -> tuple[str, bytes]:
    body = json_bytes(content)
    return hashlib.sha256(body).hexdigest()[:32], body

"""What a draft begins with and how it is reworked: templates, copies of modules, other names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from flask import Blueprint, Response, request

from headrace.blueprints.api.calls import (
    BAD_VALUE,
    answer,
    body_object,
    known_arguments,
    language_of,
    platform,
    read,
    write_once,
)
from headrace.blueprints.api.designing import require_design
from headrace.blueprints.api.shapes.drawing import (
    ModuleAnswer,
    ModuleAsked,
    NameAnswer,
    RenameAnswer,
    RenameAsked,
    TemplatesAnswer,
)
from headrace.platform.core.errors import NotFoundError, RefusedError
from headrace.platform.core.problems import pointer
from headrace.platform.core.shapes import keys_of
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.exchange.spreadsheets.spelling import api_name
from headrace.platform.metadata.naming import is_name
from headrace.platform.publishing.draft_rows import document_json
from headrace.platform.publishing.drafts import UNKNOWN_DOCUMENT
from headrace.platform.publishing.renaming import rename
from headrace.platform.publishing.starting import Beginning
from headrace.platform.records.context import Context

blueprint = Blueprint("api_starting", __name__, url_prefix="/api/v1/metadata")

SHOWN: Final = 200
"""Places that an answer lists; how many there are it says besides."""


@blueprint.before_request
def refuse_others() -> None:
    """Refuse who may not design before anything of the request is looked at."""
    read(require_design)


@blueprint.get("/templates")
def templates() -> Response:
    """The templates that a module can be begun with, and what each holds."""
    known_arguments()

    def action(context: Context) -> Response:
        require_design(context)
        language = language_of(context)
        found: TemplatesAnswer = {
            "items": [
                {
                    "name": one.name,
                    "label": one.label.within(language),
                    "contents": dict(one.contents),
                    "objects": {key: text.within(language) for key, text in one.objects.items()},
                    "roles": {key: text.within(language) for key, text in one.roles.items()},
                }
                for one in platform().beginnings.templates()
            ]
        }
        return answer(context, found)

    return read(action)


@blueprint.get("/names")
def names() -> Response:
    """A technical name for what people call something: its English words, or its pinyin."""
    known_arguments("label", "otherwise")
    label, otherwise = request.args.get("label", ""), request.args.get("otherwise", "")
    if not is_name(otherwise):
        raise RefusedError(BAD_VALUE.at("/otherwise", name="otherwise"))

    def action(context: Context) -> Response:
        require_design(context)
        shown: NameAnswer = {"name": api_name(label[:SHOWN], otherwise, lambda _: True)}
        return answer(context, shown)

    return read(action)


@blueprint.post("/drafts/<draft>/modules")
def begin(draft: str) -> Response:
    """Put a copy of a module of the draft, or what a template holds, into the draft."""
    data = body_object()
    asked = asked_beginning(data)

    def look(context: Context) -> Any:
        require_design(context)
        here = platform().beginnings
        return here.made(here.ground(platform().drafts.get(draft)), asked)

    made = read(look)

    def action(context: Context, work: UnitOfWork) -> tuple[int, Any]:
        require_design(context)
        held = platform().drafts.get(draft)
        module = platform().beginnings.put(work, held, made, context.principal.user_id)
        shown: ModuleAnswer = {
            "id": module,
            "documents": len(made.documents),
            "told": [one.render(language_of(context)) for one in made.told],
        }
        return 201, shown

    return write_once(action, data)


@blueprint.post("/drafts/<draft>/rename")
def other_name(draft: str) -> Response:
    """What it takes to call a definition of the draft otherwise; nothing is changed.

    `document` is its id, `path` the place of the field, state, … in it. The answer has every document
    that changes as it would be, and the places that name what is renamed; `problems` where the draft
    cannot be read as it stands, so that nobody knows the places.
    """
    data = body_object()
    _only(data, RenameAsked)
    document, path, name = (_text(data, key) for key in ("document", "path", "name"))

    def action(context: Context) -> Response:
        require_design(context)
        held = platform().drafts.get(draft)
        language = language_of(context)
        try:
            catalog = platform().draft_publisher.catalog(held)
        except RefusedError as error:
            unknown: RenameAnswer = {
                "problems": [one.render(language) for one in error.problems],
                "count": 0,
                "places": [],
                "along": [],
                "documents": [],
            }
            return answer(context, unknown)
        found = platform().drafts.document(held, document).document
        if found is None:
            raise NotFoundError(UNKNOWN_DOCUMENT.at("/document", id=document))
        types, live = platform().publisher.types, platform().catalogs.current().catalog
        made = rename(catalog, found, path, name, types, live)
        shown: RenameAnswer = {
            "problems": [],
            "count": len(made.places),
            "places": [one.sentence.within(language) for one in made.places[:SHOWN]],
            "along": list(made.along),
            "documents": [
                {"id": after.content["id"], "document": document_json(after)}
                for _, after in made.documents
            ],
        }
        return answer(context, shown)

    return read(action)


def asked_beginning(data: Mapping[str, Any]) -> Beginning:
    """Return what a body asks for; raise RefusedError where it cannot be read."""
    _only(data, ModuleAsked)
    kinds = [one for one in ("module", "template") if one in data]
    if len(kinds) != 1:
        raise RefusedError(BAD_VALUE.at("/template", name="template"))
    return Beginning(
        kinds[0],
        _text(data, kinds[0]),
        _text(data, "name"),
        _texts(data, "label"),
        _texts(data, "objects"),
        _texts(data, "roles"),
    )


def _only(data: Mapping[str, Any], asked: Any) -> None:
    """Refuse keys that the TypedDict `asked` does not have."""
    for key in data:
        if key not in keys_of(asked):
            raise RefusedError(BAD_VALUE.at(pointer(key), name=key))


def _text(data: Mapping[str, Any], key: str) -> str:
    value = data.get(key)
    if not isinstance(value, str):
        raise RefusedError(BAD_VALUE.at(pointer(key), name=key))
    return value


def _texts(data: Mapping[str, Any], key: str) -> dict[str, str]:
    found = data.get(key, {})
    if not isinstance(found, dict) or not all(isinstance(one, str) for one in found.values()):
        raise RefusedError(BAD_VALUE.at(pointer(key), name=key))
    return found

"""Beginning a module on the screen: from a template or a copy, in a new draft or in one that is open."""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

from flask import Blueprint, make_response, redirect, request, url_for
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from headrace.blueprints.shared.designing import only_designers
from headrace.blueprints.shared.pages import render
from headrace.blueprints.shared.session import platform, read, write
from headrace.blueprints.statuses import status_of
from headrace.platform.core.errors import (
    NOT_FOUND,
    ConflictError,
    NotFoundError,
    PlatformError,
    RefusedError,
)
from headrace.platform.core.problems import LANGUAGES, Problem, Text
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.metadata.catalog import Catalog
from headrace.platform.metadata.naming import numbered
from headrace.platform.metadata.references.copying import Copied
from headrace.platform.metadata.wording import kind_word
from headrace.platform.publishing.draft_rows import Draft
from headrace.platform.publishing.drafts import LONGEST_NAME
from headrace.platform.publishing.starting import Beginning, Template
from headrace.platform.records.context import Context

blueprint = Blueprint("starting", __name__, url_prefix="/design/start")

PLACE: Final = "design"
KINDS: Final = ("template", "module")


@blueprint.get("")
def listed() -> str:
    """The templates, and the modules of which there can be a copy."""

    def action(context: Context) -> str:
        only_designers(context)
        held = _draft()
        ground, problems = _ground(held)
        modules = sorted(ground.modules.values(), key=lambda one: one.name)
        return render(
            context,
            "design/start.html",
            PLACE,
            held=held,
            templates=[(one, _contents(one)) for one in platform().beginnings.templates()],
            modules=modules,
            problems=problems,
        )

    return read(action)


@blueprint.get("/<kind>/<source>")
def form(kind: str, source: str) -> Response:
    """What the new module is to be called, and what of it cannot be copied."""
    return read(lambda context: _form(context, kind, source, None))


@blueprint.post("/<kind>/<source>")
def begin(kind: str, source: str) -> Response:
    """Put the module into the draft, or into a new one, and open it there."""
    asked = _asked(kind, source, request.form)
    try:
        made = read(lambda context: _made(context, asked))

        def action(context: Context, work: UnitOfWork) -> tuple[str, str]:
            only_designers(context)
            user = context.principal.user_id
            held = _draft() or platform().drafts.create(work, _draft_name(context, asked), user)
            return held.id, platform().beginnings.put(work, held, made, user)

        draft, module = write(action)
    except (RefusedError, ConflictError) as error:
        refused = error
        return read(lambda context: _form(context, kind, source, refused))
    address = url_for("design.studio", draft=draft, _anchor=module)
    return redirect(address, HTTPStatus.SEE_OTHER)


def _made(context: Context, asked: Beginning) -> Copied:
    only_designers(context)
    here = platform().beginnings
    return here.made(here.ground(_draft()), asked)


def _draft() -> Draft | None:
    """Return the draft that the page is about; None where a new one is made."""
    draft = request.values.get("draft", "")
    return platform().drafts.get(draft) if draft else None


def _draft_name(context: Context, asked: Beginning) -> str:
    """Return what a new draft is called: as somebody says, or like its module."""
    given = request.form.get("draft_name", "").strip()
    return (given or Text(**asked.label).within(context.language) or asked.name)[:LONGEST_NAME]


def _ground(held: Draft | None) -> tuple[Catalog, tuple[Problem, ...]]:
    """Return what the module would stand beside: what is live, where the draft cannot be read."""
    here = platform().beginnings
    try:
        return here.ground(held), ()
    except RefusedError as error:
        return here.ground(None), error.problems


def _asked(kind: str, source: str, sent: MultiDict[str, str]) -> Beginning:
    label = {one: sent.get(f"label_{one}", "").strip() for one in LANGUAGES}
    return Beginning(
        kind,
        source,
        sent.get("name", "").strip(),
        {one: text for one, text in label.items() if text},
        _under(sent, "object."),
        _under(sent, "role."),
    )


def _under(sent: MultiDict[str, str], prefix: str) -> dict[str, str]:
    return {
        key.removeprefix(prefix): value.strip()
        for key, value in sent.items()
        if key.startswith(prefix) and value.strip()
    }


def _contents(template: Template) -> list[tuple[Text, int]]:
    return [(kind_word(kind), count) for kind, count in sorted(template.contents.items())]


def _form(context: Context, kind: str, source: str, refused: PlatformError | None) -> Response:
    only_designers(context)
    if kind not in KINDS:
        raise NotFoundError(NOT_FOUND.at())
    here, held = platform().beginnings, _draft()
    ground, problems = _ground(held)
    if refused is not None:
        problems = refused.problems
    name = numbered(source, lambda one: one not in ground.modules)
    template = here.template(source) if kind == "template" else None
    within = template.catalog if template else ground
    names = here.names(ground, kind, source, name)
    told: tuple[Problem, ...] = ()
    if template is None:
        trial = Beginning(kind, source, name, {"en": source}, {}, {})
        told = here.made(ground, trial).told
    body = render(
        context,
        "design/start_form.html",
        PLACE,
        held=held,
        kind=kind,
        source=source,
        label=within.modules[source].label,
        name=name,
        objects=[(one, within.objects[one].label, new) for one, new in names.items()],
        template=template,
        contents=_contents(template) if template else [],
        roles=sorted(ground.roles.values(), key=lambda one: one.name),
        told=told,
        problems=problems,
        sent=request.form,
    )
    return make_response(body, status_of(refused) if refused else HTTPStatus.OK)

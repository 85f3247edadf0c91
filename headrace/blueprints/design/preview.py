"""A draft's forms, records and lists as somebody would see them, with real records, to look at only.

The definitions are those that would be live were the draft published now. Records are read live, with the
rights of the designer who looks: what the designer may not see is not shown, whatever the role that is tried
may see; what that role may not see is not shown either.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from flask import Blueprint, Response, make_response, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from headrace.blueprints.design.plans import found_in
from headrace.blueprints.shared.designing import only_designers
from headrace.blueprints.shared.errors import sign_in_again
from headrace.blueprints.shared.pages import NOWHERE, render_still, word
from headrace.blueprints.shared.session import platform, read, session_cookie
from headrace.blueprints.statuses import status_of
from headrace.blueprints.workspace.lists import Addresses, Rows
from headrace.blueprints.workspace.rows import Row, cells_of, display_of, state_of, title_of
from headrace.platform.access.policy import can, readable_fields
from headrace.platform.core.errors import (
    NOT_FOUND,
    ConflictError,
    NotFoundError,
    PlatformError,
    RefusedError,
)
from headrace.platform.core.problems import LANGUAGES, Language
from headrace.platform.forms.ahead import Ahead, AheadRow, seen_as, takes
from headrace.platform.forms.entries import (
    blank_row,
    column_totals,
    record_entries,
    stored_rows,
    total_field,
    with_behaviours,
)
from headrace.platform.forms.form_page import FormPage, Mode, form_for
from headrace.platform.forms.lists import list_for
from headrace.platform.metadata.catalog import ObjectModel
from headrace.platform.metadata.record_types import RECORD_TYPE
from headrace.platform.metadata.wording import called, text_of
from headrace.platform.publishing.draft_rows import Draft
from headrace.platform.publishing.drafts import refuse_closed
from headrace.platform.publishing.soundness import LeftOut, Sound
from headrace.platform.records.context import Context
from headrace.platform.workflow.engine import Available

blueprint = Blueprint("design_preview", __name__, url_prefix="/design")

FRAME: Final = "design/preview.html"
MOST_ROWS: Final = 20
MOST_PROBLEMS: Final = 50
MOST_TOLD: Final = 5
POLICY: Final = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "form-action 'none'; frame-ancestors 'self'; base-uri 'none'"
)
"""No script and no form; the designer shows these pages in a frame of its own."""


@dataclass(frozen=True, slots=True)
class Look:
    """A draft as somebody would see it: `shown` has its definitions, their roles and language."""

    ahead: Ahead
    shown: Context
    model: ObjectModel
    draft: str
    left_out: tuple[LeftOut, ...] = ()

    def page(self, template: str, notes: Sequence[str] = (), /, **values: Any) -> str:
        """Render a page of the workspace within the preview."""
        roles = self.shown.catalog.roles
        names = request.args.getlist("role")
        return render_still(
            self.shown,
            template,
            FRAME,
            draft_name=self.draft,
            role_labels=[roles[one].label.within(self.shown.language) or one for one in names],
            notes=[*notes, *_without(self.shown.language, self.left_out)],
            **values,
        )


@blueprint.before_request
def need_session() -> BaseResponse | None:
    """Send whoever has no session to the sign-in page."""
    return None if session_cookie() else sign_in_again()


@blueprint.after_request
def allow_frame(response: Response) -> Response:
    """Let pages of our own show these ones in a frame, and nothing else of theirs be done."""
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["X-Frame-Options"] = "SAMEORIGIN"
    return response


@blueprint.get("/<draft>/preview/<object_name>/form")
def form(draft: str, object_name: str) -> Response:
    """A form: empty with its defaults, or of a record; `form` names one whomever it is for."""
    return _look(draft, object_name, _form)


@blueprint.get("/<draft>/preview/<object_name>/record")
def record(draft: str, object_name: str) -> Response:
    """The page of a record; without one that of the newest."""
    return _look(draft, object_name, _record)


@blueprint.get("/<draft>/preview/<object_name>/list")
def rows(draft: str, object_name: str) -> Response:
    """A list with its first rows; `view` says which."""
    return _look(draft, object_name, _list)


def _look(draft: str, object_name: str, page: Callable[[Look], str]) -> Response:
    def action(context: Context) -> Response:
        only_designers(context)
        held = platform().drafts.get(draft)
        context = replace(context, language=_language(context))
        try:
            refuse_closed(held)
            sound = platform().draft_publisher.sound_ahead(held, object_name)
            _refuse_left_out(sound)
        except (ConflictError, RefusedError) as error:
            return _broken(context, held, error)
        catalog = sound.catalog
        model = catalog.objects.get(object_name)
        if model is None:
            raise NotFoundError(NOT_FOUND.at())
        names = request.args.getlist("role") or sorted(
            context.principal.role_names & catalog.roles.keys()
        )
        seen = seen_as(context.principal, catalog, names)
        shown = replace(context, catalog=catalog, principal=seen)
        ahead = Ahead(context, catalog, seen)
        return make_response(page(Look(ahead, shown, model, held.name, sound.left_out)))

    return read(action)


def _refuse_left_out(sound: Sound) -> None:
    """Raise RefusedError where the form or list that is asked for by name has to be left out itself."""
    named = {("form", request.args.get("form")), ("view", request.args.get("view"))}
    for one in sound.left_out:
        if (one.document.kind, one.document.name) in named:
            raise RefusedError.of(one.problems)


def _without(language: Language, left_out: Sequence[LeftOut]) -> Iterator[str]:
    """Yield what to tell of definitions that are not as the draft has them."""
    for key, is_live in (("preview.as_live", True), ("preview.left_out", False)):
        found = [one.document for one in left_out if one.is_live == is_live]
        said = [
            called(one.kind, text_of(one.content.get("label")), one.name).within(language)
            for one in found[:MOST_TOLD]
        ]
        if said:
            names = word(language, "shell.comma").join(said)
            yield word(language, key, names=names, count=len(found))


def _language(context: Context) -> Any:
    asked = request.args.get("language")
    return next((one for one in LANGUAGES if one == asked), context.language)


def _broken(context: Context, draft: Draft, error: PlatformError) -> Response:
    """Return the page that says what is wrong, each problem with the definition that it is in."""
    documents = platform().drafts.content(draft)
    found = found_in(error.problems, documents, marked=True)
    body = render_still(
        context,
        "design/preview_problems.html",
        FRAME,
        draft_name=draft.name,
        role_labels=[],
        notes=[],
        problems=[
            (one, url_for("design.studio", draft=draft.id, _anchor=one.document))
            for one in found[:MOST_PROBLEMS]
        ],
        problem_count=len(found),
    )
    return make_response(body, status_of(error))


# -- forms -----------------------------------------------------------------------------------------


def _row(look: Look) -> AheadRow | None:
    """Return the record that is asked for, the newest without one; None where there is none."""
    asked = request.args.get("record") or look.ahead.newest(look.model)
    return look.ahead.record(look.model, asked) if asked else None


def _form_page(look: Look, mode: Mode, values: Mapping[str, Any]) -> FormPage:
    named = request.args.get("form")
    forms = look.shown.catalog.forms
    if named and (named not in forms or forms[named].object != look.model.name):
        raise NotFoundError(NOT_FOUND.at())
    kind = request.args.get("record_type") or values.get(RECORD_TYPE)
    return form_for(
        look.shown.catalog,
        look.shown.principal,
        look.model.name,
        mode,
        record_type=str(kind) if kind else None,
        form=named,
    )


def _form(look: Look) -> str:
    stored = bool(request.args.get("record"))
    row = _row(look) if stored else look.ahead.blank(look.model)
    if row is None:
        raise NotFoundError(NOT_FOUND.at())
    values = row.as_json()
    if request.args.get("record_type"):
        values[RECORD_TYPE] = request.args["record_type"]
    page = _form_page(look, "edit" if stored else "create", values)
    total = total_field(look.shown.catalog, page)
    entries = with_behaviours(record_entries(page.fields, values), row.behaviours(), values)
    title = title_of(look.shown, page.object, values) if stored else None
    language = look.shown.language
    heading = (
        word(language, "form.edit", title=title)
        if stored
        else word(language, "form.new", object=page.label.within(language))
    )
    grids = {grid.name: values.get(grid.name) or ([] if stored else [{}]) for grid in page.grids}
    return look.page(
        "workspace/form.html",
        _notes(look),
        page=page,
        heading=heading,
        record_title=title,
        record_id=row.id,
        stored=False,
        action=NOWHERE,
        back=NOWHERE,
        key="",
        version=None,
        defaults=None,
        was="",
        record=values,
        entries=entries,
        rows={one.name: stored_rows(one, grids[one.name], stored=stored) for one in page.grids},
        blanks={one.name: blank_row(one) for one in page.grids},
        stored_rows=grids,
        errors={},
        problems=[],
        token=None,
        total=total,
        totals={one.name: column_totals(look.shown.catalog, page, one) for one in page.grids},
        total_value=values.get(total.name) if total else None,
        live={},
    )


def _notes(look: Look) -> list[str]:
    """Return what to tell beside the page: that the roles have no right to what it shows."""
    if can(look.shown.catalog, look.shown.principal, look.model.name, "read"):
        return []
    language = look.shown.language
    plural = look.model.plural.within(language)
    return [word(language, "preview.no_right", object=plural)]


# -- records and lists -----------------------------------------------------------------------------


def _record(look: Look) -> str:
    notes = _notes(look)
    row = _row(look)
    if row is None:
        row = look.ahead.blank(look.model)
        notes.append(word(look.shown.language, "preview.no_record"))
    values = row.as_json()
    page = _form_page(look, "read", values)
    page = page.without({name for name, one in row.behaviours().items() if one.hidden})
    transitions = _transitions(look, row, values)
    main = next((one for one in transitions if one.allowed), None)
    readable = readable_fields(look.shown.catalog, look.shown.principal, look.model.name)
    seen = {name: value for name, value in values.items() if name in readable}
    return look.page(
        "workspace/record.html",
        notes,
        page=page,
        record=values,
        unmaskable=frozenset(),
        title=title_of(look.shown, page.object, seen),
        state=state_of(look.shown, page.object, seen),
        waiting_for=[],
        may_edit=can(look.shown.catalog, look.shown.principal, page.object, "update"),
        may_delete=can(look.shown.catalog, look.shown.principal, page.object, "delete"),
        may_copy=False,
        record_type=None,
        reversal=None,
        main_transition=main,
        more_transitions=[one for one in transitions if one is not main],
        buttons=[],
        pressed=None,
        withdraw=None,
        urge=None,
        ahead=None,
        runs=[],
        has_rules=False,
        may_try=False,
        related=[],
        history=[],
        more_history=False,
        key="",
    )


def _transitions(look: Look, row: AheadRow, values: Mapping[str, Any]) -> list[Available]:
    """Return what the roles could do now; what its condition forbids is left out."""
    state = values.get(look.model.state_field or "")
    found = takes(look.shown.catalog, look.shown.principal, look.model, str(state))
    return [
        Available(
            one.name,
            one.definition.label,
            allowed=True,
            reason=None,
            needs_comment="comment" in one.definition.needs,
            asks_approval=False,
        )
        for one in found
        if row.is_met(one.when)
    ]


def _list(look: Look) -> str:
    shown = look.shown
    page = list_for(shown.catalog, shown.principal, look.model.name, request.args.get("view"))
    open_tab = page.open
    may_read = can(shown.catalog, shown.principal, look.model.name, "read")
    names = page.asked_fields if may_read else ()
    found = look.ahead.rows(look.model, names, open_tab.where, open_tab.sort, MOST_ROWS)
    display = display_of(shown)
    cards = {page.state: "card-state"} if page.state else {}
    cards |= dict(zip(page.card_fields, ("card-first", "card-second"), strict=False))
    items = found.rows if may_read else []
    lines = [Row(NOWHERE, cells_of(display, page.columns, one, cards)) for one in items]
    notes = _notes(look)
    if not found.filtered:
        notes.append(word(shown.language, "preview.unfiltered"))
    return look.page(
        "workspace/list.html",
        notes,
        page=page,
        acts=None,
        buttons=[],
        list_query="",
        result=Rows(lines, found.count if may_read else 0),
        sort={
            key.removeprefix("-"): "falling" if key.startswith("-") else "rising"
            for key in open_tab.sort[:1]
        },
        addresses=Addresses(),
        q="",
        given={},
        whole={},
        kept=[],
        filter_fields=page.offered_filters,
        deleted_address=None,
        changes_address=None,
        undelete_address=None,
        balances_address=None,
        periods_address=None,
        chips=[],
    )

"""Drafts of definitions: several designers change documents, check, plan, rebase and publish."""

from __future__ import annotations

from typing import Any, Final

from flask import Blueprint, Response, request

from headrace.blueprints.api.calls import (
    BAD_VALUE,
    answer,
    body_object,
    expected_version,
    known_arguments,
    optional_body,
    platform,
    read,
    write,
    write_once,
)
from headrace.blueprints.api.designing import require_design
from headrace.blueprints.api.publishing import Asked, Body, Keep, publish_once
from headrace.blueprints.api.shapes.drafts import (
    ChangesAnswer,
    DocumentAnswer,
    DocumentAsked,
    DocumentsAnswer,
    DraftAnswer,
    DraftAsked,
    DraftChangeJson,
    DraftDocumentJson,
    DraftJson,
    DraftLineJson,
    DraftPlanAnswer,
    DraftPlanAsked,
    DraftPublishAsked,
    DraftPublishedAnswer,
    DraftsAnswer,
    LinesAnswer,
    NothingJson,
    PresenceAsked,
    ProblemsAnswer,
    RebaseAsked,
    ReplacementAsked,
    UndoAsked,
)
from headrace.blueprints.api.trying import plan_with_replays
from headrace.platform.core.errors import RefusedError
from headrace.platform.core.problems import pointer
from headrace.platform.core.shapes import keys_of
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.metadata.storage_types import instant_text
from headrace.platform.publishing.draft_rows import (
    Draft,
    DraftChange,
    DraftDocument,
    document_json,
)
from headrace.platform.publishing.drafts import refuse_stale
from headrace.platform.publishing.resolutions import read_resolutions
from headrace.platform.records.context import Context

blueprint = Blueprint("api_drafts", __name__, url_prefix="/api/v1/metadata/drafts")

MOST_CHANGES: Final = 200
LONGEST_ID: Final = 100


@blueprint.before_request
def refuse_others() -> None:
    """Refuse who may not design before anything of the request is looked at."""
    read(require_design)


@blueprint.get("")
def find() -> Response:
    """The open drafts; with `closed=true` the others too."""
    known_arguments("closed")
    closed = request.args.get("closed") == "true"

    def action(context: Context) -> Response:
        require_design(context)
        found = platform().drafts.all(closed=closed)
        shown: DraftsAnswer = {"items": [render_draft(one) for one in found]}
        return answer(context, shown)

    return read(action)


@blueprint.post("")
def create() -> Response:
    """Make a draft on top of the live version."""
    data = body_object()

    def action(context: Context, work: UnitOfWork) -> tuple[int, Any]:
        require_design(context)
        name = _given(data, "name", str, DraftAsked)
        return 201, render_draft(platform().drafts.create(work, name, context.principal.user_id))

    return write_once(action, data)


@blueprint.get("/<draft>")
def get(draft: str) -> Response:
    """A draft with what it changes."""

    def action(context: Context) -> Response:
        require_design(context)
        held = platform().drafts.get(draft)
        changed = [one for one in platform().drafts.documents(held) if one.is_changed]
        shown: DraftAnswer = {
            **render_draft(held),
            "documents": [_line(one) for one in changed],
        }
        return answer(context, shown, version=held.version)

    return read(action)


@blueprint.delete("/<draft>")
def discard(draft: str) -> Response:
    """Give a draft up."""

    def action(context: Context, work: UnitOfWork) -> Response:
        require_design(context)
        drafts, user = platform().drafts, context.principal.user_id
        held = drafts.discard(work, drafts.get(draft), expected_version(), user)
        return answer(context, render_draft(held), version=held.version)

    return write(action)


@blueprint.get("/<draft>/documents")
def documents(draft: str) -> Response:
    """Everything as it would be; with `content=true` the documents themselves."""
    known_arguments("content")
    whole = request.args.get("content") == "true"

    def action(context: Context) -> Response:
        require_design(context)
        found = platform().drafts.documents(platform().drafts.get(draft))
        shown: DocumentsAnswer | LinesAnswer = (
            {"items": [_document(one) for one in found]}
            if whole
            else {"items": [_line(one) for one in found]}
        )
        return answer(context, shown)

    return read(action)


@blueprint.post("/<draft>/documents")
def add(draft: str) -> Response:
    """Take in a new definition; the answer has its ids."""
    data = body_object()

    def action(context: Context, work: UnitOfWork) -> tuple[int, Any]:
        require_design(context)
        module = _given(data, "module", str, DocumentAsked)
        drafts, user = platform().drafts, context.principal.user_id
        made = drafts.add(work, drafts.get(draft), module, data.get("content"), user)
        return 201, _document(made)

    return write_once(action, data)


@blueprint.get("/<draft>/documents/<document>")
def get_document(draft: str, document: str) -> Response:
    """One definition with its version."""

    def action(context: Context) -> Response:
        require_design(context)
        held = platform().drafts.document(platform().drafts.get(draft), document)
        shown: DocumentAnswer = {**_document(held), "before": document_json(held.before)}
        return answer(context, shown, version=held.version)

    return read(action)


@blueprint.put("/<draft>/documents/<document>")
def put_document(draft: str, document: str) -> Response:
    """Replace a definition; 409 with what is there where somebody else changed it."""
    data = body_object()

    def action(context: Context, work: UnitOfWork) -> Response:
        require_design(context)
        module = data.get("module")
        if module is not None:
            _given(data, "module", str, ReplacementAsked)
        drafts, user = platform().drafts, context.principal.user_id
        made = drafts.put(
            work,
            drafts.get(draft),
            document,
            module,
            data.get("content"),
            expected_version(),
            user,
        )
        return answer(context, _document(made), version=made.version)

    return write(action)


@blueprint.delete("/<draft>/documents/<document>")
def delete_document(draft: str, document: str) -> Response:
    """Delete a definition in the draft."""

    def action(context: Context, work: UnitOfWork) -> Response:
        require_design(context)
        drafts, user = platform().drafts, context.principal.user_id
        gone = drafts.delete(work, drafts.get(draft), document, expected_version(), user)
        return answer(context, _document(gone), version=gone.version)

    return write(action)


@blueprint.get("/<draft>/changes")
def changes(draft: str) -> Response:
    """The changes with a number above `after`, the oldest first, and who else is in the draft."""
    known_arguments("after")
    after = request.args.get("after", "0")
    if not after.isascii() or not after.isdigit() or len(after) > 15:  # noqa: PLR2004 - 64 bits
        raise RefusedError(BAD_VALUE.at("/after", name="after"))

    def action(context: Context) -> Response:
        require_design(context)
        held = platform().drafts.get(draft)
        found = platform().drafts.changes(held, int(after), MOST_CHANGES)
        others = platform().attendance.others(held.id, context.principal.user_id)
        shown: ChangesAnswer = {
            "items": [_change(one) for one in found],
            "version": held.version,
            "present": [
                {"id": one.user_id, "title": one.name, "document": one.document} for one in others
            ],
        }
        return answer(context, shown)

    return read(action)


@blueprint.post("/<draft>/presence")
def presence(draft: str) -> Response:
    """Say that the caller works in a draft, and on which document (its id, or null)."""
    data = optional_body(*keys_of(PresenceAsked))
    document = data.get("document")
    if document is not None and not _is_id(document):
        raise RefusedError(BAD_VALUE.at("/document", name="document"))

    def action(context: Context, work: UnitOfWork) -> Response:
        require_design(context)
        held = platform().drafts.locked(work, draft)
        platform().attendance.note(work, held.id, context.principal.user_id, document)
        nothing: NothingJson = {}
        return answer(context, nothing)

    return write(action)


@blueprint.post("/<draft>/undo")
def undo(draft: str) -> Response:
    """Take back one change, the last one of its document."""
    data = body_object()

    def action(context: Context, work: UnitOfWork) -> tuple[int, Any]:
        require_design(context)
        number = _given(data, "number", int, UndoAsked)
        drafts, user = platform().drafts, context.principal.user_id
        return 200, _document(drafts.undo(work, drafts.get(draft), number, user))

    return write_once(action, data)


@blueprint.post("/<draft>/check")
def check(draft: str) -> Response:
    """What is wrong with the draft as it stands."""
    optional_body()

    def action(context: Context) -> Response:
        require_design(context)
        found = platform().draft_publisher.check(platform().drafts.get(draft))
        shown: ProblemsAnswer = {"problems": [one.render(context.language) for one in found]}
        return answer(context, shown)

    return read(action)


@blueprint.post("/<draft>/plan")
def plan(draft: str) -> Response:
    """What publishing the draft, merged with what is live, would do; nothing is changed."""
    data = optional_body(*keys_of(DraftPlanAsked))

    def action(context: Context) -> Response:
        require_design(context)
        held = platform().drafts.get(draft)
        resolutions = read_resolutions(data.get("resolutions"))
        made = platform().draft_publisher.plan(held, data.get("decisions"), resolutions)
        shown: DraftPlanAnswer = {
            **plan_with_replays(context, made),
            "draft": render_draft(held),
        }
        return answer(context, shown)

    return read(action)


@blueprint.post("/<draft>/rebase")
def rebase(draft: str) -> Response:
    """Put the draft on top of the live version; 409 with the conflicts that are open."""
    data = optional_body(*keys_of(RebaseAsked))

    def action(context: Context, work: UnitOfWork) -> tuple[int, Any]:
        require_design(context)
        held = platform().drafts.get(draft)
        made = platform().draft_publisher.rebase(
            work,
            held,
            expected_version(),
            read_resolutions(data.get("resolutions")),
            context.principal.user_id,
        )
        return 200, render_draft(made)

    return write_once(action, data)


@blueprint.post("/<draft>/publish")
def publish(draft: str) -> Response:
    """Publish the draft; 409 where another version went live, unless `merge` is true and it merges."""
    data = optional_body(*keys_of(DraftPublishAsked))
    message = str(data.get("message") or "")

    def planned(context: Context) -> Asked:
        here, user = platform(), context.principal.user_id
        held, expected = here.drafts.get(draft), expected_version()
        resolutions = read_resolutions(data.get("resolutions"))
        refuse_stale(held, expected)
        plan = here.draft_publisher.plan(held, data.get("decisions"), resolutions)

        def carry_out(keep: Keep) -> Body:
            shown: list[DraftPublishedAnswer] = []

            def within(work: UnitOfWork, number: int, closed: Draft) -> None:
                shown.append({"version": number, "draft": render_draft(closed)})
                keep(work, shown[-1])

            here.draft_publisher.publish(
                held,
                expected,
                message,
                user,
                decisions=data.get("decisions"),
                resolutions=resolutions,
                merging=data.get("merge") is True,
                within=within,
                planned=plan,
            )
            return shown[-1]

        jobs = here.publish_jobs
        return Asked(
            plan, lambda work: jobs.ask_for_draft(work, held, message, user, data), carry_out
        )

    return publish_once(planned)


def render_draft(draft: Draft) -> DraftJson:
    """Return the JSON form of a draft."""
    return {
        "id": draft.id,
        "name": draft.name,
        "state": draft.state,
        "base": draft.base,
        "version": draft.version,
        "by": draft.by_user,
        "created_at": instant_text(draft.created_at),
        "changed_at": instant_text(draft.changed_at),
        "published": draft.published,
    }


def _line(one: DraftDocument) -> DraftLineJson:
    known = one.document or one.before
    shown: DraftLineJson = {
        "id": one.id,
        "version": one.version,
        "kind": known.kind if known else None,
        "name": known.name if known else None,
        "module": known.module if known else None,
        "change": None,
    }
    if known and known.of:
        shown["of"] = known.of
    if one.is_changed:
        both = one.document and one.before
        shown["change"] = "change" if both else "add" if one.document else "delete"
    return shown


def _document(one: DraftDocument) -> DraftDocumentJson:
    return {**_line(one), "document": document_json(one.document)}


def _change(one: DraftChange) -> DraftChangeJson:
    return {
        "number": one.number,
        "at": instant_text(one.at),
        "by": None if one.by_user is None else {"id": one.by_user, "title": one.by_name},
        "action": one.action,
        "id": one.definition_id,
        "before": document_json(one.before),
        "after": document_json(one.after),
    }


def _is_id(value: Any) -> bool:
    """Say whether a value can be the id of a definition, and can be stored."""
    is_text = isinstance(value, str) and 0 < len(value) <= LONGEST_ID
    return is_text and value.isascii() and value.isprintable()


def _given(data: dict[str, Any], name: str, kind: type, asked: Any) -> Any:
    """Return a value of a body that has no other keys than the TypedDict `asked`."""
    for key in data:
        if key not in keys_of(asked):
            raise RefusedError(BAD_VALUE.at(pointer(key), name=key))
    value = data.get(name)
    if not isinstance(value, kind) or isinstance(value, bool) or value == "":
        raise RefusedError(BAD_VALUE.at(pointer(name), name=name))
    return value

"""Several records of a list at once: what is set, what would become of each, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import parse_qsl

import orjson
from flask import redirect, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from headrace.blueprints.shared.pages import render
from headrace.blueprints.shared.session import new_key, platform, read, write, write_once
from headrace.blueprints.workspace.blueprint import blueprint, known_object, need_right
from headrace.blueprints.workspace.bulk_changes import first_line
from headrace.blueprints.workspace.buttons import PLACE, given_inputs, input_views
from headrace.blueprints.workspace.conflicts import sent_inputs
from headrace.blueprints.workspace.lists import query_of
from headrace.blueprints.workspace.rows import record_address
from headrace.platform.automation.buttons import Button, buttons, check_for_several, of_several
from headrace.platform.core.errors import NOT_FOUND, NotFoundError, RefusedError
from headrace.platform.core.problems import Problem
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.exchange.bulk_previews import FIRST, Effect, effects, seen_now
from headrace.platform.exchange.bulk_requests import BulkRequest
from headrace.platform.exchange.bulk_undoing import values_before
from headrace.platform.forms.bulk import (
    Chosen,
    all_of,
    bulk_acts,
    common_fields,
    given_values,
    marked,
    settable_fields,
    titled,
)
from headrace.platform.forms.entries import record_entries, sent_entries
from headrace.platform.forms.field_view import FieldView
from headrace.platform.forms.lists import list_for
from headrace.platform.forms.posted import picked_records
from headrace.platform.forms.shown import Display
from headrace.platform.metadata.catalog import TransitionModel
from headrace.platform.records.bulk import Item, write_many
from headrace.platform.records.context import Context
from headrace.platform.workflow.bulk import fire_many

NOT_KEPT: Final = frozenset(
    {"csrf", "key", "step", "row", "rows", "all", "again", "act", "list"},
)
LONGEST_COMMENT: Final = 2_000
MOST_SHOWN: Final = 100


@dataclass(frozen=True, slots=True)
class Line:
    """What becomes of one record: nothing to tell, warnings, or why it is refused."""

    title: str
    address: str | None
    refused: bool
    problems: tuple[str, ...]


@dataclass(frozen=True)
class Asked:
    """What a page asks for: the act, the chosen records, and where the list was."""

    object: str
    act: str
    chosen: tuple[Chosen, ...]
    list_query: str
    many: int | str | None = None
    """How many they are, where they are too many for one request and a job changes them."""

    @property
    def transition(self) -> str | None:
        """The name of the transition that is to be taken."""
        kind, _, name = self.act.partition(":")
        return name if kind == "transition" else None

    @property
    def button(self) -> str | None:
        """The name of the button that is to be pressed."""
        kind, _, name = self.act.partition(":")
        return name if kind == "button" else None

    @property
    def back(self) -> str:
        """The list as it was."""
        arguments: dict[str, Any] = {**_arguments(self.list_query)}
        return url_for("workspace.records", object_name=self.object, **arguments)


@blueprint.post("/o/<object_name>/bulk", endpoint="bulk")
def change_several(object_name: str) -> BaseResponse | str:
    """Ask what to set, show what would become of each record, or do it; `step` says which."""
    step = request.form.get("step", "")
    asked = read(lambda context: _asked(context, object_name))
    if asked.many is not None:
        return _change_many(asked, step)
    if step == "apply":
        titles = read(lambda context: _titles(context, asked))
        done = orjson.loads(write_once(lambda context, work: _done(context, work, asked)))
        return read(
            lambda context: _page(
                context, asked, "result", done["told"], titles, change=done.get("change")
            )
        )
    if asked.act == "edit" and step == "preview" and not _is_set():
        return read(lambda context: _choosing(context, asked, nothing_set=True))
    if step == "preview" or not read(lambda context: _asks(context, asked)):
        wrong = read(lambda context: _wrong(context, asked))
        if wrong:
            return read(lambda context: _choosing(context, asked, problems=wrong))
        told, seen = write(lambda context, work: _rehearsed(context, work, asked))
        return read(lambda context: _preview(context, asked, told, seen))
    return read(lambda context: _choosing(context, asked))


def _change_many(asked: Asked, step: str) -> BaseResponse | str:
    """Ask what to set, then let a job look what would become of each record."""
    asks = read(lambda context: _asks(context, asked))
    if asks and step != "preview":
        return read(lambda context: _choosing(context, asked))
    if asked.act == "edit" and not _is_set():
        return read(lambda context: _choosing(context, asked, nothing_set=True))
    wrong = read(lambda context: _wrong(context, asked))
    if wrong:
        return read(lambda context: _choosing(context, asked, problems=wrong))
    change = write(
        lambda context, work: platform().bulk_changes.ask(context, work, _request(context, asked))[
            0
        ]
    )
    return redirect(url_for("workspace.bulk_change", change_id=change), HTTPStatus.SEE_OTHER)


def _request(context: Context, asked: Asked) -> BulkRequest:
    """Return what a job is asked to look at."""
    arguments = _arguments(asked.list_query)
    page = list_for(context.catalog, context.principal, asked.object, arguments.get("view"))
    query = query_of(context, page, arguments)
    query = {name: query[name] for name in ("filter", "q", "sort") if name in query}
    view = page.open.name if page.open.where is not None else None
    request_ = BulkRequest(asked.object, "delete", query, view=view, dry_run=True)
    if asked.transition is not None:
        comment = _comment()
        transition = asked.transition
        return replace(request_, act="transition", transition=transition, comment=comment)
    if asked.act == "delete":
        return request_
    if asked.button is not None:
        inputs = _inputs(context, asked)
        return replace(request_, act="button", button=asked.button, values=inputs)
    values = given_values(context, asked.object, _settable(context, asked), sent_inputs())
    return replace(request_, act="update", values=values)


def _pressed(context: Context, asked: Asked) -> Button:
    return buttons(context.catalog)[asked.object][str(asked.button)]


def _inputs(context: Context, asked: Asked) -> dict[str, Any]:
    """Return what was entered for the button, what was left empty left out."""
    given = given_inputs(context, _pressed(context, asked).automation, sent_inputs())
    return {name: value for name, value in given.items() if value is not None}


def _settable(context: Context, asked: Asked) -> tuple[FieldView, ...]:
    if asked.many is not None:
        return settable_fields(context, asked.object)
    return common_fields(context, asked.object, asked.chosen)


def _comment() -> str | None:
    return request.form.get("comment", "")[:LONGEST_COMMENT].strip() or None


def _asked(context: Context, object_name: str) -> Asked:
    known_object(context, object_name)
    need_right(context, object_name, "read")
    act, list_query = request.form.get("act", ""), request.form.get("list", "")
    acts = bulk_acts(context, object_name)
    allowed = {f"transition:{one.name}" for one in acts.transitions}
    allowed |= {name for name, may in (("edit", acts.edit), ("delete", acts.delete)) if may}
    allowed |= {f"button:{one.name}" for one in of_several(context, object_name)}
    if act not in allowed:
        raise NotFoundError(NOT_FOUND.at())
    if request.form.get("all"):
        arguments = _arguments(list_query)
        page = list_for(context.catalog, context.principal, object_name, arguments.get("view"))
        chosen, count = all_of(context, page, query_of(context, page, arguments))
        if count and not chosen:
            return Asked(object_name, act, (), list_query, count)
    else:
        marks = [request.form.get("rows", ""), *request.form.getlist("row")]
        chosen = marked(" ".join(marks))
    return Asked(object_name, act, chosen, list_query)


def _arguments(list_query: str) -> dict[str, str]:
    """Return the arguments of the list; what is no list's argument cannot come in by it."""
    pairs = parse_qsl(list_query[:2_000])
    known = {"view", "q", "sort"}
    return {name: value for name, value in pairs if name in known or name.startswith("f.")}


def _asks(context: Context, asked: Asked) -> bool:
    """Whether something must be entered before anything can be tried."""
    if asked.button is not None:
        return _pressed(context, asked).asks
    if asked.transition is None:
        return asked.act == "edit"
    return "comment" in _transition(context, asked).definition.needs


def _wrong(context: Context, asked: Asked) -> tuple[Problem, ...]:
    """Return what is wrong with what was entered for a button: the same for all records."""
    if asked.button is None:
        return ()
    try:
        check_for_several(context, asked.object, asked.button, _inputs(context, asked))
    except RefusedError as error:
        return error.problems
    return ()


def _is_set() -> bool:
    return any(name.startswith("set.") for name in request.form)


def _transition(context: Context, asked: Asked) -> TransitionModel:
    model = context.catalog.objects[asked.object]
    return context.catalog.workflows[str(model.workflow)].transitions[str(asked.transition)]


def _rehearsed(
    context: Context, work: UnitOfWork, asked: Asked
) -> tuple[list[Any], dict[str, Effect]]:
    """Return what is told of each record, and what would become of the first ones."""
    name, first = asked.object, [one.id for one in asked.chosen[:FIRST]]
    looked = [] if asked.act == "delete" else first
    with work.rehearsal():
        before = seen_now(context, work, name, looked)
        items = _run(context, work, asked)
        after = seen_now(context, work, name, looked)
        return _told(context, items), effects(context, name, before, after, items)


def _run(context: Context, work: UnitOfWork, asked: Asked) -> list[Item]:
    """Write each record by itself, as the API does; a refusal undoes that record only."""
    records: list[dict[str, Any]] = [{"id": one.id, "version": one.version} for one in asked.chosen]
    if asked.transition is not None:
        comment = _comment()
        items = [{**one, "comment": comment} for one in records]
        engine, name = platform().workflow, asked.transition
        return fire_many(engine, context, work, asked.object, name, items, partial=True)
    if asked.button is not None:
        inputs = _inputs(context, asked)
        press = platform().buttons.press_many
        return press(
            context, work, asked.object, asked.button, records, inputs=inputs, partial=True
        )
    store = platform().store
    if asked.act == "delete":
        return write_many(store, context, work, asked.object, "delete", records, partial=True)
    views = _settable(context, asked)
    values = given_values(context, asked.object, views, sent_inputs())
    items = [{**values, **one} for one in records]
    return write_many(store, context, work, asked.object, "update", items, partial=True)


def _here_and_now(context: Context, asked: Asked) -> BulkRequest:
    """Return what is asked of the chosen records, as it is kept among past bulk changes."""
    if asked.act == "edit":
        values = given_values(context, asked.object, _settable(context, asked), sent_inputs())
        return BulkRequest(asked.object, "update", values=values)
    if asked.transition is not None:
        comment = _comment()
        return BulkRequest(asked.object, "transition", transition=asked.transition, comment=comment)
    if asked.button is None:
        return BulkRequest(asked.object, "delete")
    inputs = _inputs(context, asked)
    press = BulkRequest(asked.object, "button", values=inputs, button=asked.button)
    return platform().bulk_changes.checked(context, press)


def _done(context: Context, work: UnitOfWork, asked: Asked) -> str:
    """Do it; keep what was done, so that it is found again and, where that is possible, undone."""
    changes, now = platform().bulk_changes, _here_and_now(context, asked)
    before = values_before(context, work, now, [one.id for one in asked.chosen])
    items = _run(context, work, asked)
    change = undoable = None
    if any(one.status != "refused" for one in items):
        records = [(one.id, one.version) for one in asked.chosen]
        change = changes.keep_done(context, work, now, records, items, before)
        undoable = changes.mine(context, work.connection, change).can_be_undone
    done = {"told": _told(context, items), "change": change if undoable else None}
    return orjson.dumps(done).decode()


def _told(context: Context, items: Sequence[Item]) -> list[Any]:
    def line(problem: Problem) -> str:
        hint = problem.hint.within(context.language)
        return " ".join(filter(None, (problem.message.within(context.language), hint)))

    return [[item.status == "refused", [line(one) for one in item.problems]] for item in items]


def _titles(context: Context, asked: Asked) -> dict[str, str]:
    return titled(context, context.catalog.objects[asked.object], asked.chosen)


def _lines(asked: Asked, told: Sequence[Any], titles: Mapping[str, str]) -> list[Line]:
    """Return what is told of the records, those that are refused first."""
    lines = [
        Line(
            titles.get(one.id, "–"),
            record_address(asked.object, one.id) if one.id in titles else None,
            refused,
            tuple(problems),
        )
        for one, (refused, problems) in zip(asked.chosen, told, strict=True)
    ]
    return sorted(lines, key=lambda one: (not one.refused, not one.problems))


def _choosing(
    context: Context,
    asked: Asked,
    *,
    nothing_set: bool = False,
    problems: Sequence[Problem] = (),
) -> str:
    views = _settable(context, asked) if asked.act == "edit" else ()
    if asked.button is not None:
        views = input_views(context, _pressed(context, asked).automation)
    form = sent_inputs()
    again = bool(request.form.get("step") or request.form.get("again"))
    return _page(
        context,
        asked,
        "choose",
        views=views,
        entries=sent_entries(views, form, "f", {}) if again else record_entries(views, {}),
        ticked={view.name for view in views if form.get(f"set.{view.name}")},
        nothing_set=nothing_set,
        errors={
            "f." + one.path.removeprefix(PLACE): one.message.within(context.language)
            for one in problems
        },
        comment=request.form.get("comment", ""),
    )


def _preview(
    context: Context, asked: Asked, told: Sequence[Any], seen: Mapping[str, Effect]
) -> str:
    kept = [pair for pair in request.form.items(multi=True) if pair[0] not in NOT_KEPT]
    set_now = []
    if asked.act == "edit":
        views = _settable(context, asked)
        display = Display(context.language, context.principal.zone)
        form = sent_inputs()
        values = given_values(context, asked.object, views, form)
        for view in views:
            if view.name in values:
                typed = request.form.get(f"f.{view.name}:text")
                picked = picked_records(f"f.{view.name}", form) if view.links else []
                if picked:
                    typed = display.of(view, picked).text + (f", {typed}" if typed else "")
                set_now.append((view.label, typed or display.of(view, values[view.name]).text))
    if asked.button is not None:
        views = input_views(context, _pressed(context, asked).automation)
        display = Display(context.language, context.principal.zone)
        given = _inputs(context, asked)
        set_now = [
            (view.label, display.of(view, given[view.name]).text)
            for view in views
            if view.name in given
        ]
    titles = _titles(context, asked)
    first = [
        first_line(context, asked.object, titles.get(one.id), seen[one.id].as_json())
        for one in asked.chosen
        if one.id in seen
    ]
    return _page(context, asked, "preview", told, titles, kept=kept, set_now=set_now, first=first)


def _page(
    context: Context,
    asked: Asked,
    stage: str,
    told: Sequence[Any] = (),
    titles: Mapping[str, str] | None = None,
    **values: Any,
) -> str:
    lines = [] if titles is None else _lines(asked, told, titles)
    return render(
        context,
        "workspace/bulk.html",
        f"object:{asked.object}",
        model=context.catalog.objects[asked.object],
        asked=asked,
        stage=stage,
        key=new_key(),
        transition=_transition(context, asked) if asked.transition is not None else None,
        button=_pressed(context, asked) if asked.button is not None else None,
        marks=" ".join(one.mark for one in asked.chosen),
        count=len(asked.chosen) if asked.many is None else asked.many,
        refused=sum(one.refused for one in lines),
        fine=sum(not one.refused for one in lines),
        warned=sum(bool(one.problems) and not one.refused for one in lines),
        told=[one for one in lines if one.problems][:MOST_SHOWN],
        **{"set_now": (), "first": (), "change": None, "token": None, **values},
    )

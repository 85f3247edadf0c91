"""Several records of a list at once: what is set, what would become of each, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qsl

import orjson
from flask import request, url_for

from headrace.blueprints.shared.pages import render
from headrace.blueprints.shared.session import new_key, platform, read, write, write_once
from headrace.blueprints.workspace.blueprint import blueprint, known_object, need_right
from headrace.blueprints.workspace.conflicts import sent_inputs
from headrace.blueprints.workspace.lists import query_of
from headrace.blueprints.workspace.rows import record_address
from headrace.platform.core.errors import NOT_FOUND, NotFoundError
from headrace.platform.core.problems import Problem
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.forms.bulk import (
    MOST_AT_ONCE,
    Chosen,
    all_of,
    bulk_acts,
    common_fields,
    given_values,
    marked,
    titled,
)
from headrace.platform.forms.entries import record_entries, sent_entries
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

    @property
    def transition(self) -> str | None:
        """The name of the transition that is to be taken."""
        kind, _, name = self.act.partition(":")
        return name if kind == "transition" else None

    @property
    def back(self) -> str:
        """The list as it was."""
        arguments: dict[str, Any] = {**_arguments(self.list_query)}
        return url_for("workspace.records", object_name=self.object, **arguments)


@blueprint.post("/o/<object_name>/bulk", endpoint="bulk")
def change_several(object_name: str) -> str:
    """Ask what to set, show what would become of each record, or do it; `step` says which."""
    step = request.form.get("step", "")
    asked = read(lambda context: _asked(context, object_name))
    if step == "apply":
        titles = read(lambda context: _titles(context, asked))
        done = write_once(lambda context, work: _told(context, _run(context, work, asked)))
        return read(lambda context: _page(context, asked, "result", orjson.loads(done), titles))
    if asked.act == "edit" and step == "preview" and not _is_set():
        return read(lambda context: _choosing(context, asked, nothing_set=True))
    if step == "preview" or not read(lambda context: _asks(context, asked)):
        told = orjson.loads(write(lambda context, work: _rehearsed(context, work, asked)))
        return read(lambda context: _preview(context, asked, told))
    return read(lambda context: _choosing(context, asked))


def _asked(context: Context, object_name: str) -> Asked:
    known_object(context, object_name)
    need_right(context, object_name, "read")
    act, list_query = request.form.get("act", ""), request.form.get("list", "")
    acts = bulk_acts(context, object_name)
    allowed = {f"transition:{one.name}" for one in acts.transitions}
    allowed |= {name for name, may in (("edit", acts.edit), ("delete", acts.delete)) if may}
    if act not in allowed:
        raise NotFoundError(NOT_FOUND.at())
    if request.form.get("all"):
        arguments = _arguments(list_query)
        page = list_for(context.catalog, context.principal, object_name, arguments.get("view"))
        chosen = all_of(context, page, query_of(context, page, arguments))
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
    if asked.transition is None:
        return asked.act == "edit"
    return "comment" in _transition(context, asked).definition.needs


def _is_set() -> bool:
    return any(name.startswith("set.") for name in request.form)


def _transition(context: Context, asked: Asked) -> TransitionModel:
    model = context.catalog.objects[asked.object]
    return context.catalog.workflows[str(model.workflow)].transitions[str(asked.transition)]


def _rehearsed(context: Context, work: UnitOfWork, asked: Asked) -> str:
    with work.rehearsal():
        return _told(context, _run(context, work, asked))


def _run(context: Context, work: UnitOfWork, asked: Asked) -> list[Item]:
    """Write each record by itself, as the API does; a refusal undoes that record only."""
    records: list[dict[str, Any]] = [{"id": one.id, "version": one.version} for one in asked.chosen]
    if asked.transition is not None:
        comment = request.form.get("comment", "")[:LONGEST_COMMENT].strip() or None
        items = [{**one, "comment": comment} for one in records]
        engine, name = platform().workflow, asked.transition
        return fire_many(engine, context, work, asked.object, name, items, partial=True)
    store = platform().store
    if asked.act == "delete":
        return write_many(store, context, work, asked.object, "delete", records, partial=True)
    views = common_fields(context, asked.object, asked.chosen)
    values = given_values(context, asked.object, views, sent_inputs())
    items = [{**values, **one} for one in records]
    return write_many(store, context, work, asked.object, "update", items, partial=True)


def _told(context: Context, items: Sequence[Item]) -> str:
    def line(problem: Problem) -> str:
        hint = problem.hint.within(context.language)
        return " ".join(filter(None, (problem.message.within(context.language), hint)))

    told = [[item.status == "refused", [line(one) for one in item.problems]] for item in items]
    return orjson.dumps(told).decode()


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


def _choosing(context: Context, asked: Asked, *, nothing_set: bool = False) -> str:
    views = common_fields(context, asked.object, asked.chosen) if asked.act == "edit" else ()
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
        comment=request.form.get("comment", ""),
    )


def _preview(context: Context, asked: Asked, told: Sequence[Any]) -> str:
    kept = [pair for pair in request.form.items(multi=True) if pair[0] not in NOT_KEPT]
    set_now = []
    if asked.act == "edit":
        views = common_fields(context, asked.object, asked.chosen)
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
    titles = _titles(context, asked)
    return _page(context, asked, "preview", told, titles, kept=kept, set_now=set_now)


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
        marks=" ".join(one.mark for one in asked.chosen),
        count=len(asked.chosen),
        most=MOST_AT_ONCE,
        cut=bool(request.form.get("all")) and len(asked.chosen) == MOST_AT_ONCE,
        refused=sum(one.refused for one in lines),
        fine=sum(not one.refused for one in lines),
        warned=sum(bool(one.problems) and not one.refused for one in lines),
        told=[one for one in lines if one.problems][:MOST_SHOWN],
        **{"set_now": (), **values},
    )

"""Somebody saved first: the page that brings both together, and the one for a record that is gone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final

from flask import g, request, url_for
from werkzeug.datastructures import MultiDict

from headrace.blueprints.shared.pages import render, word
from headrace.blueprints.shared.session import new_key
from headrace.blueprints.workspace.blueprint import known_object, need_right
from headrace.blueprints.workspace.rows import display_of, title_of
from headrace.platform.forms.entries import Entry, sent_entries
from headrace.platform.forms.form_page import FormPage, form_for
from headrace.platform.forms.merging import Line, merge, settled
from headrace.platform.forms.posted import MISSING, posted
from headrace.platform.forms.shown import NOTHING
from headrace.platform.records import reader
from headrace.platform.records.context import Context

NOT_KEPT = frozenset({"csrf", "version", "key", "then", "add", "remove", "again", "confirmed"})
"""Inputs that the page of a conflict writes itself, or that are buttons."""


@dataclass(frozen=True, slots=True)
class Option:
    """A value that can be chosen at a clash."""

    choice: str
    text: str


@dataclass(frozen=True, slots=True)
class Told:
    """A difference as its reader sees it: both sides to choose from, or what was taken over."""

    place: str
    side: str
    label: str
    was: str
    options: tuple[Option, ...]
    text: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """The differences of the record (without heading), or of one of its rows."""

    heading: str
    lines: list[Told]


KEPT_UPLOADS: Final = "kept_uploads"
"""Inputs that say which files of this request were kept: they were sent with the form itself."""


def sent_inputs() -> MultiDict[str, str]:
    """Return the inputs of the request, with what was chosen on the page of a conflict."""
    sent = [*settled(request.form.items(multi=True)), *g.get(KEPT_UPLOADS, ())]
    return MultiDict(sent)


def conflict_page(
    context: Context, page: FormPage, record: Mapping[str, Any], action: str, back: str
) -> str:
    """Show what both changed to choose from, and say what is taken over by itself."""
    inputs = sent_inputs()
    sent = posted(page, inputs, context.principal.zone)
    merged = merge(
        page,
        sent,
        inputs.items(multi=True),
        record,
        lambda target, record_id: reader.title(context, target, record_id),
    )
    by = record.get("updated_by")
    return render(
        context,
        "workspace/conflict.html",
        f"object:{page.object}",
        title=title_of(context, page.object, record),
        who=(by.get("title") if isinstance(by, Mapping) else None)
        or word(context.language, "conflict.somebody"),
        at=record.get("updated_at"),
        clashes=_parts(context, [one for one in merged.lines if one.side == "clash"]),
        taken=_parts(context, [one for one in merged.lines if one.side != "clash"]),
        sent=[pair for pair in merged.inputs if pair[0] not in NOT_KEPT],
        version=record["version"],
        key=new_key(),
        action=action,
        back=back,
    )


def gone_page(context: Context, object_name: str, inputs: MultiDict[str, str]) -> str:
    """Give back what was typed into a form whose record can no longer be changed."""
    model = known_object(context, object_name)
    need_right(context, object_name, "read")
    page = form_for(context.catalog, context.principal, object_name, "edit")
    sent = posted(page, inputs, context.principal.zone)
    parts = [Part("", _typed_lines(context, page.fields, inputs, "f", sent.values))]
    for grid in page.grids:
        for number, row in enumerate(sent.rows.get(grid.name, ()), 1):
            prefix = f"c.{grid.name}.{row.position}"
            heading = word(
                context.language,
                "conflict.row",
                rows=grid.label.within(context.language),
                number=number,
            )
            parts.append(
                Part(heading, _typed_lines(context, grid.columns, inputs, prefix, row.values))
            )
    return render(
        context,
        "workspace/gone.html",
        f"object:{object_name}",
        label=model.label,
        parts=[one for one in parts if one.lines],
        back=url_for("workspace.records", object_name=object_name),
    )


def _typed_lines(
    context: Context,
    views: Any,
    inputs: Mapping[str, str],
    prefix: str,
    values: Mapping[str, Any],
) -> list[Told]:
    entries = sent_entries(views, inputs, prefix, {})
    return [
        Told(
            f"{prefix}.{view.name}",
            "mine",
            view.label.within(context.language),
            "",
            (),
            _typed(context, view, entries[view.name]),
        )
        for view in views
        if values.get(view.name) not in (None, False)
    ]


def _parts(context: Context, lines: list[Line]) -> list[Part]:
    """Group lines by the row that they speak of."""
    return [
        Part(_heading(context, told[0]), [_told(context, line) for line in told])
        for _, group in groupby(lines, key=_row_of)
        for told in [list(group)]
    ]


def _row_of(line: Line) -> str:
    return ".".join(line.place.split(".")[:3]) if line.grid else ""


def _heading(context: Context, line: Line) -> str:
    if line.grid is None:
        return ""
    label = line.grid.label.within(context.language)
    if not line.row:
        return label
    return word(context.language, "conflict.row", rows=label, number=line.row)


def _told(context: Context, line: Line) -> Told:
    language = context.language
    if line.view is None:
        options = tuple(
            Option(choice, word(language, f"conflict.{choice}_{event}"))
            for choice, event in (("mine", line.mine), ("theirs", line.theirs))
            if event is not None
        )
        label = word(language, "conflict.whole_row")
        return Told(line.place, line.side, label, "", options, options[0].text)
    texts = {
        "mine": _typed(context, line.view, line.mine),
        "theirs": display_of(context).of(line.view, line.theirs).text,
        "was": _was(context, line),
    }
    return Told(
        line.place,
        line.side,
        line.view.label.within(language),
        texts["was"],
        tuple(Option(choice, texts[choice]) for choice in line.choices),
        texts["theirs" if line.side == "theirs" else "mine"],
    )


def _was(context: Context, line: Line) -> str:
    if line.was is MISSING or line.view is None:
        return NOTHING
    return display_of(context).of(line.view, line.was).text


def _typed(context: Context, view: Any, entry: Entry | Any) -> str:
    if view.target is not None or view.polymorphic:
        return entry.text or NOTHING
    return display_of(context).of(view, entry.value).text

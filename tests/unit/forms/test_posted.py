"""What a browser sends, as data for the record store."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from headrace.platform.core.problems import Problem, Text
from headrace.platform.forms.field_view import FieldView
from headrace.platform.forms.form_page import ChildGrid, FormPage, FormSection, Mode
from headrace.platform.forms.posted import Posted, place_of, posted

ZONE = ZoneInfo("Asia/Shanghai")


def view(
    name: str, widget: str = "text", *, target: str | None = None, locked: str | None = None
) -> FieldView:
    return FieldView(
        name=name,
        id=name,
        object="thing",
        label=Text(name, name),
        help=Text(),
        widget=widget,
        required=False,
        locked=locked,
        scale=0,
        target=target,
    )


def page(mode: Mode) -> FormPage:
    fields = (
        view("name"),
        view("price", "money"),
        view("done", "boolean"),
        view("at", "datetime"),
        view("owner", "lookup", target="person"),
        view("sum", "money", locked="locked.computed"),
    )
    grid = ChildGrid(
        "rows", "row", "thing", Text(), (view("qty", "quantity"), view("note")), 0, 9, True
    )
    return FormPage("thing", Text(), Text(), mode, (FormSection(Text(), 1, fields, (grid,)),))


def test_new_record_takes_what_was_filled_in() -> None:
    form = {
        "f.name": " A ",
        "f.price": "1.50",
        "f.done:sent": "1",
        "f.at": "2025-06-30T18:00",
        "f.owner": "",
        "f.owner:text": "P-1",
        "f.sum": "99",
        "f.unknown": "1",
        "grid.rows": "1",
        "c.rows.0.qty": "2",
        "c.rows.1.qty": "",
        "c.rows.1.note": "",
        "c.rows.7.note": "last",
    }
    sent = posted(page("create"), form, ZONE)
    assert sent.data == {
        "name": "A",
        "price": "1.50",
        "done": False,
        "at": "2025-06-30T18:00:00+08:00",
        "owner": {"key": "P-1"},
        "rows": [{"qty": "2"}, {"note": "last"}],
    }


def test_changed_record_sends_only_what_was_changed() -> None:
    form = {
        "was": '{"name": "A", "price": "1.50", "done": true, "owner": "p1", "at": "2025-06-30T10:00:00Z"}',
        "f.name": "A",
        "f.price": "1.5",
        "f.done:sent": "1",
        "f.done": "true",
        "f.at": "2025-06-30T18:00",
        "f.owner": "",
        "f.owner:text": "",
        "grid.rows": "1",
        "c.rows.0.id": "r1",
        "c.rows.0.was": '{"qty": "2.000", "note": "a"}',
        "c.rows.0.qty": "2",
        "c.rows.0.note": "b",
        "c.rows.1.id": "r2",
        "c.rows.1.removed": "1",
        "c.rows.2.qty": "5",
    }
    sent = posted(page("edit"), form, ZONE)
    assert sent.data == {
        "owner": None,
        "rows": {
            "create": [{"qty": "5"}],
            "update": [{"id": "r1", "note": "b"}],
            "delete": [{"id": "r2"}],
        },
    }


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("/name", "f.name"),
        ("/rows", "c.rows"),
        ("/rows/1/note", "c.rows.1.note"),
        ("", ""),
        ("/elsewhere", "f.elsewhere"),
    ],
)
def test_problems_find_their_input(path: str, place: str) -> None:
    form = {"grid.rows": "1", "c.rows.0.qty": "1", "c.rows.4.qty": "2"}
    sent = posted(page("create"), form, ZONE)
    assert place_of(Problem("x", path, Text()), sent) == place


def test_problems_of_changed_rows_find_their_row() -> None:
    form = {
        "grid.rows": "1",
        "c.rows.0.id": "r1",
        "c.rows.0.was": '{"qty": "1", "note": null}',
        "c.rows.0.qty": "1",
        "c.rows.0.note": "",
        "c.rows.1.id": "r2",
        "c.rows.1.was": "{}",
        "c.rows.1.qty": "8",
    }
    sent: Posted = posted(page("edit"), form, ZONE)
    assert place_of(Problem("x", "/rows/update/0/qty", Text()), sent) == "c.rows.1.qty"


@pytest.mark.parametrize("was", ["", "[]", "{", "null"])
def test_broken_memory_counts_as_nothing(was: str) -> None:
    sent = posted(page("edit"), {"was": was, "f.name": "A"}, ZONE)
    assert sent.data["name"] == "A"

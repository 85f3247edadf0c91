"""Cells copied from a spreadsheet become values of rows: read like imported ones, told at their cell."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.live import Live
from tests.support.surfing import Surfer


@pytest.fixture
def ann(live: Live) -> Surfer:
    return Surfer(live, "ann")


def _paste(who: Surfer, columns: Any, rows: Any, **more: Any) -> Any:
    body = {"relation": "items", "columns": columns, "rows": rows, **more}
    return who.ask("/o/claim/paste", body)


def test_cells_are_read_as_in_a_file(ann: Surfer) -> None:
    rows = [["门", "1,200", "12.5"], [" Glass ", "１２", "¥3"], ["", "", ""], ["Wood"]]
    answer = _paste(ann, ["what", "qty", "price"], rows)
    assert answer.status_code == 200, answer.data
    first, second, third, fourth = answer.json["rows"]
    assert first == {"values": {"what": "门", "qty": "1200", "price": "12.5"}, "errors": {}}
    assert second["values"]["what"] == "Glass"
    assert second["values"]["qty"] == "12"
    assert third == {"values": {}, "errors": {}}
    assert fourth["values"] == {"what": "Wood"}


def test_what_cannot_be_read_is_told_at_its_cell(live: Live) -> None:
    rows = [["x" * 61, "many", "1"]]
    zh = Surfer(live, "ann", "zh")
    (row,) = _paste(zh, ["what", "qty", "price"], rows).json["rows"]
    assert row["values"] == {"price": "1"}
    assert set(row["errors"]) == {"what", "qty"}
    assert "many" in row["errors"]["qty"]


def test_columns_that_cannot_be_written_are_left_out(ann: Surfer) -> None:
    (row,) = _paste(ann, ["amount", "nothing", "what"], [["1", "2", "Door"]]).json["rows"]
    assert row == {"values": {"what": "Door"}, "errors": {}}


@pytest.mark.parametrize(
    "body",
    [
        {"relation": "items", "columns": ["what"], "rows": [["a"], "b"]},
        {"relation": "items", "columns": "what", "rows": [["a"]]},
        {"relation": 1, "columns": ["what"], "rows": [["a"]]},
        {"relation": "items", "columns": ["what"] * 200, "rows": [["a"]] * 200},
    ],
)
def test_blocks_that_are_none_are_refused(ann: Surfer, body: Any) -> None:
    assert ann.ask("/o/claim/paste", body).status_code == 422


def test_a_relation_that_is_not_there_is_not_found(ann: Surfer, live: Live) -> None:
    body = {"relation": "nothing", "columns": ["what"], "rows": [["a"]]}
    assert ann.ask("/o/claim/paste", body).status_code == 404
    assert Surfer(live, "fin").ask("/o/claim/paste", {**body, "relation": "items"}).status_code in {
        403,
        404,
    }


def test_the_form_has_a_row_of_totals(live: Live) -> None:
    admin = Surfer(live, "admin")
    page = admin.get("/o/claim/new").response.text
    assert "<tfoot>" in page
    assert page.count('data-output="total"') == 2

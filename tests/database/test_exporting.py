"""Exports on both databases: what the caller may see, harmless, and equal after they are imported again."""

from __future__ import annotations

import io
from datetime import date
from decimal import Decimal
from typing import Any

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headrace.platform.core.errors import NotFoundError, RefusedError
from headrace.platform.exchange import exporting
from tests.support.exchange_world import Exchange, as_csv, read_csv


@pytest.fixture
def world(exchange: Exchange) -> Exchange:
    exchange.sweep()
    return exchange


EXTREMES: list[dict[str, Any]] = [
    {
        "code": "x1",
        "name": '=HYPERLINK("x")',
        "price": "9999999999999999.99",
        "stock": 10**15,
        "weight": "-999999999999.999999",
        "tax": "99999.9999",
        "made_on": "0001-01-01",
        "seen_at": "2025-06-10T02:04:00.123456Z",
        "remark": '一\n"二",三;\t四',
        "active": False,
        "kind": "raw",
        "phone": "+86 138 0013 8000",
        "cost": "-0.01",
    },
    {
        "code": "'@x2",
        "name": "שלום 🙂 مرحبا",
        "price": "-9999999999999999.99",
        "stock": -(10**15),
        "made_on": "9999-12-31",
        "active": True,
        "remark": "＝1+1",
    },
    {"code": "_x0041_", "name": "-5", "made_on": "2024-02-29", "remark": "0012", "tax": "0.0001"},
    {
        "code": "45809",
        "name": "true",
        "made_on": "1900-02-28",
        "remark": "'",
        "seen_at": "0001-01-02T00:00:00Z",
    },
]


def values_of(world: Exchange) -> dict[str, dict[str, Any]]:
    left_out = {"id", "version", "created_at", "updated_at", "created_by", "updated_by"}
    return {
        one["code"]: {name: value for name, value in one.items() if name not in left_out}
        for one in world.rows("good")
    }


def goes_round(world: Exchange, kind: str, *, shown: bool) -> None:
    before = values_of(world)
    data = world.export("good", kind, shown=shown)
    world.sweep()
    batch = world.load("good", data, f"goods.{kind}")
    assert batch.state == "done", (batch.problems, world.codes(batch))
    assert values_of(world) == before


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
@pytest.mark.parametrize("shown", [True, False])
def test_what_is_exported_is_imported_again_as_it_was(world, kind, shown):
    for row in EXTREMES:
        world.create("good", {**row, "firm": world.ids["acme"], "keeper": world.ids["kim"]})
    goes_round(world, kind, shown=shown)


TEXTS = st.text(
    st.characters(exclude_categories=["Cs", "Cc", "Cf", "Co", "Cn", "Zl", "Zp", "Zs"]), max_size=20
)
ROWS = st.fixed_dictionaries(
    {
        "name": TEXTS,
        "remark": TEXTS,
        "price": st.decimals(
            Decimal("-9999999999999999.99"), Decimal("9999999999999999.99"), places=2
        ).map(str),
        "weight": st.decimals(-(10**11), 10**11, places=6).map(str),
        "tax": st.decimals(-99999, 99999, places=4).map(str),
        "stock": st.integers(-(10**15), 10**15),
        "made_on": st.dates(date(1, 1, 1), date(9999, 12, 31)).map(date.isoformat),
        "active": st.booleans(),
        "kind": st.sampled_from(["raw", "made", None]),
    }
)


@settings(
    max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(
    rows=st.lists(ROWS, min_size=1, max_size=6),
    kind=st.sampled_from(["csv", "xlsx"]),
    shown=st.booleans(),
)
def test_any_values_go_round(exchange, rows, kind, shown):
    exchange.sweep()
    for number, row in enumerate(rows):
        exchange.create("good", {"code": f"c{number}", **row})
    goes_round(exchange, kind, shown=shown)


def test_no_text_runs_as_a_formula(world):
    for number, text in enumerate(["=1+1", "+1+1", "-1+1", "@SUM(1)", "＝1", "-5", "+86 10"]):
        world.create("good", {"code": f"c{number}", "name": text})
    for shown in (True, False):
        cells = [cell for row in read_csv(world.export("good", shown=shown)) for cell in row]
        running = [one for one in cells if one[:1] in {"=", "+", "-", "@", "＝"}]
        assert running == ["-5"]
        book = openpyxl.load_workbook(io.BytesIO(world.export("good", "xlsx", shown=shown)))
        kinds = {cell.data_type for row in book.worksheets[0].iter_rows() for cell in row}
        assert "f" not in kinds


def test_only_what_the_caller_may_see_is_exported(world):
    world.create(
        "good", {"code": "a", "firm": world.ids["acme"], "cost": "5", "keeper": world.ids["kim"]}
    )
    world.create("good", {"code": "r", "firm": world.ids["rival"], "cost": "6"})
    table = read_csv(world.export("good", who="ann"))
    assert "cost" not in table[0]
    assert [row[table[0].index("code")] for row in table[1:]] == ["a"]
    assert "kim" not in table[1]
    with pytest.raises(RefusedError) as caught:
        world.export("good", who="ann", fields="code,cost")
    assert caught.value.problems[0].code == "field.unknown"
    with pytest.raises(RefusedError):
        world.export("good", who="ann", filter='{"field":"cost","op":"=","value":"5"}')
    with pytest.raises(NotFoundError):
        world.export("nothing", who="ann")


def test_all_rows_come_in_the_order_of_the_list(world, monkeypatch):
    monkeypatch.setattr(exporting, "PAGE", 7)
    data = as_csv(["code", "stock"], *([f"n{n:03}", str(n % 5)] for n in range(50)))
    assert world.load("good", data).state == "done"
    table = read_csv(world.export("good", fields="code,stock", sort="-stock,code"))
    expected = sorted(
        ((f"n{n:03}", str(n % 5)) for n in range(50)), key=lambda one: (-int(one[1]), one[0])
    )
    assert table[1:] == [list(one) for one in expected]
    some = read_csv(
        world.export("good", fields="code", filter='{"field":"stock","op":"=","value":4}')
    )
    assert len(some) == 11


def test_people_read_labels_and_titles(world):
    world.create("good", {"code": "a", "firm": world.ids["acme"], "kind": "raw", "active": True})
    world.create("slip", {"code": "s", "lines": [{"good": {"key": "a"}, "qty": "1"}]})
    table = read_csv(world.export("good", shown=True, fields="code,firm,kind,active,firm.code"))
    assert table == [
        ["Code", "Firm", "Kind", "Active", "Firm / Code"],
        ["a", "Firm acme", "Raw material", "yes", "acme"],
    ]
    assert read_csv(world.export("slip", shown=True, fields="code,status"))[1] == ["s", "Draft"]

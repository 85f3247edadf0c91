"""Reports: groups, totals and charts as the database sees them, and the way back to the rows."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from decimal import Decimal

import pytest

from headrace.platform.core.errors import NotFoundError, RefusedError
from headrace.platform.metadata.building import build_catalog
from headrace.platform.metadata.field_types import built_in
from headrace.platform.records.context import CompiledParts
from headrace.platform.reports import running
from tests.support.documents import documents, workspace
from tests.support.world import World, add_user, open_world, principal

CLAIMS = (
    ("A", "2025-01-15", "100.10", "draft"),
    ("A", "2025-01-31", "0.20", "paid"),
    ("A", "2025-02-01", "50.00", "paid"),
    ("B", "2025-01-01", "7.77", "paid"),
    ("B", "2025-03-31", "1000.00", "rejected"),
    ("B", "2025-03-31", "5.00", "cancelled"),
)


def claims_world(url: str, contents=None) -> World:
    world = open_world(url, documents(contents))
    user = add_user(world, "manager")
    region = world.create("region", {"code": "R", "name": "Region"})
    for code in "AB":
        world.create(
            "company", {"code": code, "name": f"Company {code}", "region": region, "manager": user}
        )
    world.load(
        "claim",
        [
            {
                "company": {"key": code},
                "subject": f"{code}{index}",
                "claimed_on": day,
                "status": state,
                "fee": "0",
                "items": [{"what": "x", "qty": "1", "price": price}],
            }
            for index, (code, day, price, state) in enumerate(CLAIMS)
        ],
    )
    return world


@pytest.fixture
def world(database_url: str) -> World:
    return claims_world(database_url)


def expected() -> dict[tuple[str, str], Decimal]:
    sums: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for code, day, price, state in CLAIMS:
        if state != "cancelled":
            sums[day[:7] + "-01", f"Company {code}"] += Decimal(price)
    return sums


def cells(result) -> dict[tuple[str, str], tuple]:
    found = {}
    for line in result.lines:
        for keys, cell in zip(result.columns, line.cells, strict=True):
            if cell is not None:
                found[line.keys[0].value, keys[0].value] = cell.values
    return found


def test_the_cells_are_the_sums_of_their_rows(world: World):
    result = running.run(world.context, "claims_by_month")

    found = {key: Decimal(values[0]) for key, values in cells(result).items()}
    assert found == expected()


def test_totals_of_rows_columns_and_all_agree_with_the_cells(world: World):
    result = running.run(world.context, "claims_by_month")

    for line in result.lines:
        parts = [Decimal(cell.values[0]) for cell in line.cells if cell]
        assert Decimal(line.total.values[0]) == sum(parts)
    across = [Decimal(one.values[0]) for one in result.column_totals if one]
    assert Decimal(result.total.values[0]) == sum(across) == sum(expected().values())
    assert result.total.values[1] == result.record_count == 5


def test_the_rows_behind_each_cell_add_up_to_it(world: World):
    result = running.run(world.context, "claims_by_month")

    for (month, company), (amount, count) in cells(result).items():
        cell = {"rows": [month], "columns": [company]}
        page = running.rows(world.context, "claims_by_month", cell, {"limit": 200})
        assert len(page.items) == count
        assert sum(Decimal(one["payable"]) for one in page.items) == Decimal(amount)


def test_the_rows_behind_the_total_are_all_that_the_report_counts(world: World):
    page = running.rows(world.context, "claims_by_month", {}, {"limit": 200})

    assert len(page.items) == 5


def test_a_cell_that_does_not_fit_the_groups_is_refused(world: World):
    with pytest.raises(RefusedError) as refusal:
        running.rows(world.context, "claims_by_month", {"rows": ["2025-01-01", "x"]}, {})

    assert refusal.value.problems[0].code == "report.cell"


def test_a_report_counts_only_what_its_reader_may_see(world: World):
    company = running.rows(world.context, "claims_by_month", {}, {}).items[0]["company"]["id"]
    dealer = world.as_(principal("d", "partner", "dealer", organisation=company))

    result = running.run(dealer, "claims_by_month")
    everything = running.run(world.context, "claims_by_month")

    assert 0 < result.record_count < everything.record_count
    assert len(result.columns) == 1


def test_nobody_without_the_right_to_read_gets_the_report(world: World):
    stranger = world.as_(principal("s", "internal", "nobody"))

    with pytest.raises(NotFoundError):
        running.run(stranger, "claims_by_month")
    assert running.available(stranger) == ()


def test_a_report_over_a_field_that_one_may_not_read_is_refused(database_url: str):
    contents = workspace()
    contents["report", "claims_by_month"]["measures"] = [{"op": "sum", "field": "reserve"}]
    world = claims_world(database_url, contents)
    dealer = world.as_(principal("d", "partner", "dealer"))

    with pytest.raises(RefusedError) as refusal:
        running.run(dealer, "claims_by_month")

    assert refusal.value.problems[0].code == "field.unknown"


@pytest.mark.parametrize(
    ("bucket", "first"), [("day", "2025-01-01"), ("quarter", "2025-01-01"), ("year", "2025-01-01")]
)
def test_dates_fall_into_buckets_of_the_workspace_calendar(
    database_url: str, bucket: str, first: str
):
    contents = workspace()
    contents["report", "claims_by_month"]["group_rows"] = [
        {"field": "claimed_on", "bucket": bucket}
    ]

    result = running.run(claims_world(database_url, contents).context, "claims_by_month")

    assert result.lines[0].keys[0].value == first


def test_an_average_is_exact_and_of_the_records(database_url: str):
    contents = workspace()
    contents["report", "claims_by_month"]["measures"] = [
        {"op": "avg", "field": "payable"},
        {"op": "min", "field": "payable"},
        {"op": "max", "field": "claimed_on"},
    ]

    result = running.run(claims_world(database_url, contents).context, "claims_by_month")

    amounts = [Decimal(price) for _, _, price, state in CLAIMS if state != "cancelled"]
    mean = (sum(amounts) / len(amounts)).quantize(Decimal("0.0001"))
    assert result.total.values == (str(mean), "0.20", "2025-03-31")


def test_states_and_choices_are_shown_by_their_labels(database_url: str):
    contents = workspace()
    contents["report", "claims_by_month"]["group_columns"] = ["status"]

    result = running.run(claims_world(database_url, contents).context, "claims_by_month")

    texts = {keys[0].value: keys[0].text.zh for keys in result.columns}
    assert texts == {"draft": "草稿", "paid": "已赔付", "rejected": "已驳回"}


def test_the_chart_draws_the_cells_and_nothing_else(world: World):
    result = running.run(world.context, "claims_by_month")

    assert result.chart is not None
    assert "url" not in str(result.chart["data"])
    points = {
        (p["along"], p["series"]): Decimal(p["amount"]) for p in result.chart["data"]["values"]
    }
    assert {
        (month[:7], company): amount for (month, company), amount in expected().items()
    } == points


def test_the_axis_of_amounts_counts_as_its_reader_does(world: World):
    def axis(language: str) -> str:
        result = running.run(replace(world.context, language=language), "claims_by_month")
        assert result.chart is not None
        return str(result.chart["encoding"]["y"]["axis"])

    assert "万" in axis("zh")
    assert "万" not in axis("en")


def test_a_report_of_no_records_counts_and_adds_up_to_nothing(database_url: str):
    contents = workspace()
    contents["report", "claims_by_month"]["where"] = "subject = 'none has this one'"
    contents["report", "claims_by_month"]["measures"] = [
        {"op": "count"},
        {"op": "sum", "field": "payable"},
        {"op": "avg", "field": "payable"},
        {"op": "max", "field": "claimed_on"},
    ]

    result = running.run(claims_world(database_url, contents).context, "claims_by_month")

    assert result.lines == ()
    assert result.record_count == 0
    count, total, average, last = result.total.values
    assert (count, Decimal(total), average, last) == (0, 0, None, None)


def test_a_report_is_one_statement_that_reads_the_records_once(world: World, monkeypatch):
    running.run(world.context, "claims_by_month")
    statements = []
    reading = type(world.database.reading().__enter__())
    rows = reading.rows
    monkeypatch.setattr(
        reading, "rows", lambda self, p, v=None: (statements.append(p.sql), rows(self, p, v))[1]
    )

    running.run(world.context, "claims_by_month")

    assert len(statements) == 1
    table = world.context.tables.of("claim").table.name
    assert statements[0].count(f"{table} AS") == 1


def test_a_sum_that_no_database_holds_exactly_is_refused_and_not_rounded(database_url: str):
    world = open_world(database_url, documents())
    region = world.create("region", {"code": "R", "name": "Region"})
    world.create("company", {"code": "A", "name": "A", "region": region})
    largest = "9999999999999999.99"
    world.load(
        "claim",
        [
            {"company": {"key": "A"}, "subject": str(number), "reserve": largest, "fee": "0"}
            for number in range(12)
        ],
    )
    contents = workspace()
    contents["report", "claims_by_month"]["measures"] = [{"op": "sum", "field": "reserve"}]
    world.context = open_world_context(world, contents)

    if world.database.dialect == "postgresql":
        total = running.run(world.context, "claims_by_month").total.values[0]
        assert Decimal(total) == 12 * Decimal(largest)
    else:
        with pytest.raises(RefusedError) as refusal:
            running.run(world.context, "claims_by_month")
        assert refusal.value.problems[0].code == "formula.overflow"


def open_world_context(world: World, contents):
    """Return the world's context with a catalog whose report differs; the tables stay."""
    built = build_catalog(documents(contents), built_in(), 1)
    assert built.catalog is not None
    return replace(world.context, catalog=built.catalog, compiled=CompiledParts())


@pytest.mark.parametrize("group", ["company", "company.name", "subject"])
def test_groups_of_texts_stand_by_pinyin(database_url: str, group: str):
    contents = workspace()
    contents["report", "claims_by_month"]["group_rows"] = [group]
    contents["report", "claims_by_month"]["group_columns"] = []
    world = open_world(database_url, documents(contents))
    region = world.create("region", {"code": "R", "name": "Region"})
    names = ["重庆", "Zebra", "晨屿", "9", "安徽", "apple"]
    for code, name in enumerate(names):
        world.create("company", {"code": f"C{code}", "name": name, "region": region})
    world.load(
        "claim",
        [
            {"company": {"key": f"C{code}"}, "subject": name, "items": [{"what": "x"}]}
            for code, name in enumerate(names)
        ],
    )

    result = running.run(world.context, "claims_by_month")

    shown = [line.keys[0].text.zh for line in result.lines]
    assert shown == ["9", "apple", "Zebra", "安徽", "晨屿", "重庆"]


# -- currencies --------------------------------------------------------------------------------------

SALES = (
    ("A", "cny", "10.00", "1.00", "5.00"),
    ("A", "usd", "3.00", "2.00", "6.00"),
    ("B", "cny", "7.50", "3.00", None),
    ("B", None, "1.00", None, None),
)
MONEY = [
    {"op": "sum", "field": "price"},
    {"op": "count"},
    {"op": "avg", "field": "price"},
    {"op": "max", "field": "price"},
    {"op": "sum", "field": "cost"},
    {"op": "sum", "field": "fee"},
]


def money_world(url: str, **report) -> World:
    contents = workspace()
    currencies = [{"value": one, "label": {"en": one, "zh": one}} for one in ("cny", "usd")]
    contents["object", "company"]["fields"] += [
        {"name": "money", "type": "choice", "choices": currencies},
        {"name": "price", "type": "money", "currency_field": "money"},
        {"name": "cost", "type": "money", "currency": "EUR"},
        {"name": "fee", "type": "money"},
        {"name": "grade", "type": "text"},
    ]
    contents["report", "prices"] = {
        "kind": "report",
        "name": "prices",
        "label": {"en": "Prices", "zh": "价格"},
        "object": "company",
        "type": "grouped",
        "group_rows": ["grade"],
        "measures": MONEY,
        **report,
    }
    world = open_world(url, documents(contents))
    region = world.create("region", {"code": "R", "name": "Region"})
    for place, (grade, money, price, cost, fee) in enumerate(SALES):
        data = {"grade": grade, "money": money, "price": price, "cost": cost, "fee": fee}
        world.create("company", {"code": f"C{place}", "name": "x", "region": region, **data})
    return world


def amounts(**by_currency: str) -> list[dict[str, str | None]]:
    named = {None if name == "none" else name: one for name, one in by_currency.items()}
    return [{"currency": name, "amount": one} for name, one in named.items()]


def test_amounts_in_several_currencies_stand_beside_each_other(database_url: str):
    world = money_world(database_url)

    result = running.run(world.context, "prices")

    first, second = (line.total.values for line in result.lines)
    assert first[0] == amounts(CNY="10.00", USD="3.00")
    assert second[0] == amounts(CNY="7.50", none="1.00")
    assert result.total.values[0] == amounts(CNY="17.50", USD="3.00", none="1.00")
    assert result.total.values[2] == amounts(CNY="8.7500", USD="3.0000", none="1.0000")
    assert result.total.values[3] == amounts(CNY="10.00", USD="3.00", none="1.00")
    assert [line.total.values[1] for line in result.lines] == [2, 2]
    assert (result.total.values[1], result.record_count) == (4, 4)
    assert result.total.values[4:] == ("6.00", "11.00")
    shown = result.as_json("en")["measures"]
    assert [one.get("by_currency", one.get("currency")) for one in shown] == [
        True,
        None,
        True,
        True,
        "EUR",
        None,
    ]


@pytest.mark.parametrize("groups", [["grade"], ["money"]])
def test_totals_of_both_sides_keep_currencies_apart(database_url: str, groups: list[str]):
    rows = [one for one in ("grade", "money") if one not in groups]
    world = money_world(database_url, group_rows=rows, group_columns=groups)

    result = running.run(world.context, "prices")

    whole = amounts(CNY="17.50", USD="3.00", none="1.00")
    assert result.total.values[0] == whole
    by_money = result.lines if rows == ["money"] else ()
    for line in by_money:
        assert len(line.total.values[0]) == 1, "grouped by it, each has one"
    sides = [[one.total for one in result.lines], [one for one in result.column_totals if one]]
    for side in sides:
        added: dict[str | None, Decimal] = defaultdict(Decimal)
        for cell in side:
            for one in cell.values[0]:
                added[one["currency"]] += Decimal(one["amount"])
        assert {one["currency"]: Decimal(one["amount"]) for one in whole} == added


def test_a_total_alone_and_one_of_nothing_keep_the_form(database_url: str):
    world = money_world(database_url, group_rows=[])
    total = running.run(world.context, "prices").total
    assert total.values[0] == amounts(CNY="17.50", USD="3.00", none="1.00")
    assert total.values[1] == 4
    nobody = replace(world.context, principal=principal("d", "partner", "dealer"))
    assert running.run(nobody, "prices").total.values[:4] == ([], 0, [], [])


def test_charts_draw_a_series_for_each_currency(database_url: str):
    world = money_world(database_url, chart={"mark": "bar"})

    spec = running.run(world.context, "prices").chart

    assert spec is not None
    assert [(one["along"], one["series"], one["amount"]) for one in spec["data"]["values"]] == [
        ("A", "CNY", "10.00"),
        ("A", "USD", "3.00"),
        ("B", "CNY", "7.50"),
        ("B", "", "1.00"),
    ]
    assert spec["encoding"]["color"]["field"] == "series"

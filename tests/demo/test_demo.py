"""The committed demo rows: made by the generator, with the volumes and exact values of the plan."""

from __future__ import annotations

import csv
import random
from collections import Counter, defaultdict
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from tests.demo import orders, people
from tests.demo.generate import SEED, TARGET, main, tables
from tests.demo.goods import SKUS as MADE_SKUS
from tests.demo.goods import ean13, price_of
from tests.demo.promotions import given

Rows = list[dict[str, str]]


def read(file: str) -> Rows:
    with (TARGET / file).open(encoding="utf-8", newline="") as source:
        return list(csv.DictReader(source))


TERRITORIES = read("foundation/records/reference/territory.csv")
USERS = read("partner_master/records/sample/user.csv")
PARTNERS = {row["code"]: row for row in read("partner_master/records/sample/partner.csv")}
ADDRESSES = {row["code"]: row for row in read("partner_master/records/sample/partner_address.csv")}
SKUS = {row["code"]: row for row in read("product_catalog/records/sample/sku.csv")}
BOOKS = {row["code"]: row for row in read("price_policy/records/sample/price_book.csv")}
ENTRIES = read("price_policy/records/sample/price_book_entry.csv")
ORDERS = read("ordering/records/sample/sales_order.csv")
LINES = read("ordering/records/sample/sales_order_line.csv")


def lines_by_order() -> dict[str, Rows]:
    found: dict[str, Rows] = defaultdict(list)
    for line in LINES:
        found[line["order"]].append(line)
    return found


# -- the generator ------------------------------------------------------------------------


def test_generating_again_gives_the_committed_bytes(tmp_path: Path) -> None:
    main(tmp_path)
    made = {path.relative_to(tmp_path): path.read_bytes() for path in tmp_path.rglob("*.csv")}
    kept = {path.relative_to(TARGET): path.read_bytes() for path in TARGET.rglob("*.csv")}
    assert made == kept


def test_another_seed_gives_other_orders() -> None:
    chance = random.Random(SEED + 1)
    _, places = people.addresses(chance)
    heads, _ = orders.orders(chance, places)
    assert heads.rows != ORDERS
    assert len(heads.rows) == len(ORDERS)


def test_every_table_has_rows_of_one_shape() -> None:
    for table in tables():
        assert {tuple(row) for row in table.rows} == {tuple(table.rows[0])}, table.file


# -- volumes ------------------------------------------------------------------------------


def test_volumes() -> None:
    levels = Counter(row["level"] for row in TERRITORIES)
    assert levels == {"nation": 1, "region": 4, "province": 14, "city": 27, "county": 50}
    inside = [row for row in USERS if not row["organisation"]]
    assert (len(inside), len(USERS) - len(inside)) == (24, 10)
    channels = Counter(row["channel_type"] for row in PARTNERS.values())
    assert channels == {
        "distributor": 23,
        "sub_distributor": 6,
        "ecommerce": 2,
        "ka": 2,
        "engineering": 2,
        "service": 1,
    }
    assert len(SKUS) == 60
    assert len(BOOKS) == 8
    assert 380 <= len(ENTRIES) <= 420
    assert len(ORDERS) == 480
    assert 1850 <= len(LINES) <= 1950


def test_order_states() -> None:
    states = Counter(row["status"] for row in ORDERS)
    in_flight = sum(states.values()) - states["closed"] - states["cancelled"] - states["rejected"]
    shares = [states["closed"], in_flight, states["cancelled"], states["rejected"]]
    assert [round(one / 4.8) for one in shares] == [78, 12, 6, 4]
    assert states["in_approval"] == 8


@pytest.mark.parametrize(("month", "share"), [("2025-01", 26), ("2025-06", 9)])
def test_orders_move_online(month: str, share: int) -> None:
    sources = [row["source"] for row in ORDERS if row["order_date"].startswith(month)]
    old = sum(one in {"phone", "fax", "email"} for one in sources)
    assert round(old * 100 / len(sources)) == share


# -- exact values -------------------------------------------------------------------------


def uscc_check(body: str) -> str:
    """The check character of GB 32100."""
    alphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"
    weights = [pow(3, place, 31) for place in range(17)]
    total = sum(alphabet.index(one) * weight for one, weight in zip(body, weights, strict=True))
    return alphabet[-total % 31]


def test_partners_match_the_plan() -> None:
    first = PARTNERS["PTN-00001"]
    assert (first["name"], first["uscc"]) == ("杭州晨屿商贸有限公司", "91330100TEXT000017")
    assert {one for one, row in PARTNERS.items() if row["is_pilot"] == "true"} == {
        f"PTN-{number:05d}" for number in (1, 2, 8, 11, 16, 26)
    }
    assert PARTNERS["PTN-00003"]["cooperation_status"] == "prospect"
    parents = {one: row["parent_partner"] for one, row in PARTNERS.items() if row["parent_partner"]}
    assert set(parents) == {
        one for one, row in PARTNERS.items() if row["channel_type"] == "sub_distributor"
    }
    for one, parent in parents.items():
        assert PARTNERS[one]["territory"].startswith(PARTNERS[parent]["territory"][:4])
    codes = {row["uscc"] for row in PARTNERS.values()}
    assert len(codes) == 36
    assert all(uscc_check(one[:17]) == one[17] for one in codes)


def test_golden_skus() -> None:
    sku = SKUS["CL-WP-RO800-WH"]
    assert (sku["list_price"], sku["floor_price"], sku["unit_cost"]) == (
        "2999.00",
        "1750.00",
        "1390.00",
    )
    assert (sku["order_multiple"], sku["barcode"]) == ("2", "6900000000014")
    assert SKUS["CL-FC-RO-01"]["barcode"] == "6900000000120"
    for row in SKUS.values():
        assert ean13(row["barcode"][:12]) == row["barcode"]
        assert Decimal(row["unit_cost"]) < Decimal(row["floor_price"]) < Decimal(row["list_price"])


@pytest.mark.parametrize(
    ("partner", "quantity", "price"),
    [(1, 20, 1949), (1, 50, 1899), (4, 20, 2049), (10, 20, 2099), (17, 20, 1899), (12, 2, 2099)],
)
def test_golden_prices(partner: int, quantity: int, price: int) -> None:
    buyer = people.PARTNERS[partner - 1]
    found, _ = price_of(buyer, MADE_SKUS[0], quantity, date(2025, 6, 10))
    assert found == price


# -- orders keep the rules ----------------------------------------------------------------


def test_numbers_count_within_their_day() -> None:
    assert len({row["order_no"] for row in ORDERS}) == 480
    for day, count in Counter(row["order_date"] for row in ORDERS).items():
        numbers = {row["order_no"] for row in ORDERS if row["order_date"] == day}
        assert numbers == {
            f"SO-{day.replace('-', '')}-{place:04d}" for place in range(1, count + 1)
        }


def test_orders_keep_the_rules() -> None:
    own = lines_by_order()
    caps = {"diamond": 30, "gold": 30, "silver": 30, "bronze": 20}
    for order in ORDERS:
        partner = PARTNERS[order["partner"]]
        lines = own[order["order_no"]]
        assert any(line["line_type"] == "normal" for line in lines)
        gross = sum(Decimal(line["qty"]) * Decimal(line["price"]) for line in lines)
        net = gross - given(order, lines).together
        assert Decimal(order["rebate_requested"]) <= net * caps[partner["tier"]] / 100
        assert partner["cooperation_status"] == "active"
        assert ADDRESSES[order["ship_to"]]["partner"] == order["partner"]
        assert ADDRESSES[order["ship_to"]]["address_type"] == "shipping"
        assert order["requested_date"] > order["order_date"]


def test_lines_keep_the_rules() -> None:
    for line in LINES:
        sku = SKUS[line["sku"]]
        quantity = Decimal(line["qty"])
        if line["line_type"] == "normal":
            assert quantity >= Decimal(sku["moq"])
            assert quantity % Decimal(sku["order_multiple"]) == 0
        else:
            assert (line["line_type"], line["price"]) == ("gift", "0.00")
        assert sku["status"] == "active"
        assert line["list_price"] == sku["list_price"]


def matching(order: dict[str, str], line: dict[str, str]) -> Rows:
    """The entries that may price a line, read from the files and not from the generator."""
    partner = PARTNERS[order["partner"]]
    day = order["price_date"]
    found = []
    for entry in ENTRIES:
        book = BOOKS[entry["price_book"]]
        fits = (
            entry["sku"] == line["sku"]
            and Decimal(entry["min_qty"]) <= Decimal(line["qty"])
            and book["start_date"] <= day
            and (not book["end_date"] or day <= book["end_date"])
            and book["channel_type"] in {"", partner["channel_type"]}
            and book["tier"] in {"", partner["tier"]}
            and book["partner"] in {"", order["partner"]}
        )
        if fits:
            found.append({**entry, "priority": book["priority"]})
    return sorted(found, key=lambda one: (-int(one["priority"]), -Decimal(one["min_qty"])))


def test_line_prices_are_those_of_their_day() -> None:
    heads = {row["order_no"]: row for row in ORDERS}
    for line in LINES:
        if line["line_type"] == "normal":
            best = matching(heads[line["order"]], line)[0]
            assert (line["price"], line["price_source"]) == (best["price"], best["price_book"])


def test_times_stand_in_order_and_before_the_clock() -> None:
    for order in ORDERS:
        times = [order[name] for name in ("created_at", "submitted_at", "confirmed_at")]
        given = [datetime.fromisoformat(one) for one in times if one]
        assert given == sorted(given)
        assert given[-1] < orders.AS_OF
        assert bool(order["submitted_at"]) == (order["status"] != "draft")
        assert bool(order["confirmed_at"]) == (order["status"] not in orders.NOT_CONFIRMED)


def test_telephone_numbers_and_addresses_are_nobodys() -> None:
    for partner in PARTNERS.values():
        assert partner["phone"] == "" or partner["phone"].split("-")[1].startswith("0")
        assert partner["email"] == "" or partner["email"].endswith(".example")
    assert all(row["mobile"].startswith("100") for row in ADDRESSES.values())
    assert all(row["email"].endswith(".example") for row in USERS)

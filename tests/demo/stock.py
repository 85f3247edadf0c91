"""What warehouses of the brand hold, what of it is kept for orders, and how much partners may owe."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal

from tests.demo.goods import SKUS
from tests.demo.people import PARTNERS
from tests.demo.tables import Row, Table, money

WAREHOUSES = (
    # code, name, city, areas that goods go to
    ("WH-HZ", "杭州仓", "330100", "EAST"),
    ("WH-GZ", "广州仓", "440100", "SOUTH;SOUTHWEST"),
    ("WH-BJ", "北京仓", "110100", "NORTH"),
)
HOME = "WH-HZ"
GIVEN = {
    # on hand in the home warehouse, and how much of it is kept for orders
    "CL-WP-RO800-WH": (120, 95),
    "CL-RH-T9-GY": (6, 0),
    "CL-GS-D5-BK": (60, 0),
    "CL-FC-RO-01": (900, 0),
}
RESERVING = {"confirmed", "allocated"}
LIMITS = {"diamond": 1_000_000, "gold": 300_000, "silver": 150_000, "bronze": 50_000}
LARGE = {"ecommerce": 2, "ka": 2, "engineering": 1}
GRADES = {"diamond": "a", "gold": "b", "silver": "c", "bronze": "c"}


def stock(chance: random.Random, heads: Sequence[Row], lines: Sequence[Row]) -> tuple[Table, ...]:
    """Return the warehouses, their stock and the reservations of orders on their way."""
    numbers = {
        (code, sku.code): f"KC-{position:06d}"
        for position, (code, sku) in enumerate(
            ((one[0], sku) for one in WAREHOUSES for sku in SKUS), 1
        )
    }
    reserved = list(_reservations(heads, lines, numbers))
    kept: dict[str, int] = defaultdict(int)
    for row in reserved:
        kept[row["stock"]] += int(row["qty"])
    held = []
    for (warehouse, sku), number in numbers.items():
        on_hand = kept[number] + chance.randint(15, 240)
        if warehouse == HOME and sku in GIVEN:
            on_hand = GIVEN[sku][0]
        held.append(
            {
                "stock_no": number,
                "warehouse": warehouse,
                "sku": sku,
                "on_hand": str(on_hand),
                "safety": "0",
            }
        )
    return (
        Table(
            "ordering/records/sample/warehouse.csv",
            [
                {"code": one[0], "name": one[1], "territory": one[2], "serves": one[3]}
                for one in WAREHOUSES
            ],
        ),
        Table("ordering/records/sample/hq_stock.csv", held),
        Table("ordering/records/sample/stock_reservation.csv", reserved),
    )


def _reservations(
    heads: Sequence[Row], lines: Sequence[Row], numbers: dict[tuple[str, str], str]
) -> list[Row]:
    """Keep goods of the home warehouse for orders that were confirmed and not shipped."""
    waiting = {one["order_no"]: one for one in heads if one["status"] in RESERVING}
    left = {sku: kept for sku, (_, kept) in GIVEN.items()}
    found: list[Row] = []

    def keep(order: str, sku: str, quantity: int) -> None:
        day = waiting[order]["order_date"].replace("-", "")[:6]
        found.append(
            {
                "reservation_no": f"YZ-{day}-{len(found) + 1:04d}",
                "order": order,
                "stock": numbers[HOME, sku],
                "qty": str(quantity),
            }
        )

    for line in lines:
        order, sku, quantity = line["order"], line["sku"], int(line["qty"])
        if order not in waiting:
            continue
        if sku in left:
            quantity = min(quantity, left[sku])
            left[sku] -= quantity
        if quantity:
            keep(order, sku, quantity)
    for sku, missing in left.items():
        if missing:
            keep(max(waiting), sku, missing)
    return found


def credit() -> Table:
    """Return how much each partner may owe."""
    return Table(
        "ordering/records/sample/credit_profile.csv",
        [
            {
                "profile_no": f"XY-{one.number:05d}",
                "partner": one.code,
                "grade": GRADES[one.tier],
                "credit_limit": money(Decimal(LIMITS[one.tier] * LARGE.get(one.channel, 1))),
                "frozen": "false",
            }
            for one in PARTNERS
        ],
    )

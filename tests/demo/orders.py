"""480 orders of January to June 2025 with their lines, priced by the rule of their day."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

from tests.demo.goods import LATE_LAUNCHES, SKUS, Sku, price_of
from tests.demo.people import APPLICANT, PARTNERS, TIERS, Address, Partner
from tests.demo.promotions import of_head, of_line
from tests.demo.tables import BEIJING, Row, Table, instant, money

MONTHS = (
    # month, orders, share by telephone, fax and e-mail in per cent
    (1, 70, 26),
    (2, 62, 23),
    (3, 80, 19),
    (4, 84, 16),
    (5, 90, 12),
    (6, 94, 9),
)
IN_FLIGHT = (
    # from the youngest order back
    ("draft", 6),
    ("in_approval", 8),
    ("confirmed", 12),
    ("allocated", 8),
    ("shipping", 8),
    ("shipped", 8),
    ("received", 8),
)
CANCELLED, REJECTED = 29, 19
AS_OF = datetime(2025, 6, 30, 18, tzinfo=BEIJING)
WEIGHTS = {"diamond": 5, "gold": 4, "silver": 2.5, "bronze": 1}
SIZES = {"diamond": 30, "gold": 16, "silver": 9, "bronze": 3}
OLD_WAYS = ("phone", "fax", "email")
NEW_WAYS = (("portal", 45), ("mobile", 32), ("wechat", 9), ("assist", 10), ("api", 4))
NOTES = ("请尽快安排", "送货前请电话联系", "周末不收货", "与上一单合并发货", "请随货附出库单")
REJECT_NOTES = ("超出本季度计划，请下调数量", "收货地址待核实", "请先结清上月货款")
RO800 = "CL-WP-RO800-WH"
_SKU_BY_CODE = {one.code: one for one in SKUS}
SATURDAY = 5
HOLIDAYS = (
    (date(2025, 1, 1), date(2025, 1, 1)),
    (date(2025, 1, 28), date(2025, 2, 4)),
    (date(2025, 4, 4), date(2025, 4, 4)),
    (date(2025, 5, 1), date(2025, 5, 5)),
    (date(2025, 6, 2), date(2025, 6, 2)),
)
NOT_CONFIRMED = {"draft", "in_approval", "rejected"}
NO_SHIPMENT = NOT_CONFIRMED | {"cancelled"}
ASKED_TYPES = {"urgent", "project", "sample"}


@dataclass(frozen=True, slots=True)
class Order:
    """What is decided of an order before its lines are drawn."""

    partner: Partner
    created: datetime
    source: str
    status: str = "closed"

    @property
    def day(self) -> date:
        """Return the order date."""
        return self.created.date()


def orders(chance: random.Random, places: tuple[Address, ...]) -> tuple[Table, Table]:
    """Return the orders and their lines."""
    heads: list[Row] = []
    lines: list[Row] = []
    numbers: Counter[date] = Counter()
    for position, order in enumerate(_with_states(_planned(chance), chance), 1):
        numbers[order.day] += 1
        number = f"SO-{order.day:%Y%m%d}-{numbers[order.day]:04d}"
        own = _lines(number, order, chance)
        heads.append(_head(number, position, order, own, places, chance))
        lines.extend(own)
    return (
        Table("ordering/records/sample/sales_order.csv", heads),
        Table("ordering/records/sample/sales_order_line.csv", lines),
    )


def _planned(chance: random.Random) -> list[Order]:
    buyers = [one for one in PARTNERS if one.number != APPLICANT]
    weights = [WEIGHTS[one.tier] for one in buyers]
    found = []
    for month, count, share in MONTHS:
        old = round(count * share / 100)
        ways = [chance.choice(OLD_WAYS) for _ in range(old)]
        ways += chance.choices(*zip(*NEW_WAYS, strict=True), k=count - old)
        chance.shuffle(ways)
        days = _working_days(month)
        for way in ways:
            partner = chance.choices(buyers, weights)[0]
            day = chance.choice(days)
            minute = chance.randint(8 * 60 + 30, 17 * 60 + 20)
            created = datetime(day.year, day.month, day.day, tzinfo=BEIJING)
            found.append(
                Order(
                    partner, created + timedelta(minutes=minute, seconds=chance.randint(0, 59)), way
                )
            )
    return sorted(found, key=lambda one: (one.created, one.partner.number))


def _working_days(month: int) -> list[date]:
    """Return the days of a month on which offices are open."""
    days = [date(2025, month, 1) + timedelta(days=step) for step in range(31)]
    return [
        day
        for day in days
        if day.month == month
        and day.weekday() < SATURDAY
        and not any(first <= day <= last for first, last in HOLIDAYS)
    ]


def _with_states(planned: list[Order], chance: random.Random) -> list[Order]:
    """Give the youngest orders the states on the way, some older ones a bad end."""
    states = ["closed"] * len(planned)
    position = len(planned)
    for state, count in IN_FLIGHT:
        for _ in range(count):
            position -= 1
            states[position] = state
    ended = chance.sample(range(position), CANCELLED + REJECTED)
    for index in ended:
        states[index] = "cancelled"
    for index in ended[:REJECTED]:
        states[index] = "rejected"
    return [replace(one, status=state) for one, state in zip(planned, states, strict=True)]


def _lines(number: str, order: Order, chance: random.Random) -> list[Row]:
    count = chance.choices((1, 2, 3, 4, 5, 6, 7, 8), (5, 13, 22, 24, 17, 10, 6, 3))[0]
    usable = [one for one in SKUS if LATE_LAUNCHES.get(one.product, "") <= order.day.isoformat()]
    weights = [4 if one.is_golden else 1 for one in usable]
    chosen: dict[str, Sku] = {}
    while len(chosen) < count:
        one = chance.choices(usable, weights)[0]
        chosen[one.code] = one
    rows = [_line(number, order, one, _quantity(order, one, chance)) for one in chosen.values()]
    return rows + _gifts(number, order, rows)


def _quantity(order: Order, sku: Sku, chance: random.Random) -> int:
    size = SIZES[order.partner.tier] * (3 if sku.is_filter else 1)
    if order.status == "in_approval":
        size *= 3
    packs = max(1, round(chance.triangular(1, size, size / 3) / sku.multiple))
    if sku.code == RO800 and order.partner.tier in {"gold", "diamond"} and chance.random() < 0.2:
        packs = 25
    return packs * sku.multiple


def _line(number: str, order: Order, sku: Sku, quantity: int) -> Row:
    price, book = price_of(order.partner, sku, quantity, order.day)
    return {
        "order": number,
        "sku": sku.code,
        "line_type": "normal",
        "qty": str(quantity),
        "list_price": money(sku.listed),
        "price": money(price),
        "price_source": book,
        **of_line(sku.code, quantity, order.partner, order.day, order.source),
    }


def _gifts(number: str, order: Order, rows: list[Row]) -> list[Row]:
    """Return the lines that promotions give for others."""
    return [
        {
            **_line(number, order, _SKU_BY_CODE[row["gift_sku"]], int(row["gift_qty"])),
            "line_type": "gift",
            "price": "0.00",
            "price_source": "gift",
            "in_reduction": "false",
            "gift_policy": row["gift_policy"],
            "gift_sku": "",
            "gift_qty": "",
        }
        for row in rows
        if row["gift_sku"]
    ]


def _head(
    number: str,
    position: int,
    order: Order,
    lines: list[Row],
    places: tuple[Address, ...],
    chance: random.Random,
) -> Row:
    gross = sum(Decimal(line["qty"]) * Decimal(line["price"]) for line in lines)
    open_to = [one for one in places if one.partner == order.partner.number and one.shipping]
    submitted = order.created + timedelta(minutes=chance.randint(2, 15))
    confirmed = min(
        submitted + timedelta(minutes=chance.randint(1, 600)), AS_OF - timedelta(minutes=5)
    )
    is_confirmed = order.status not in NOT_CONFIRMED
    kind = _order_type(order.partner, chance)
    limit = next(tier[4] for tier in TIERS if tier[0] == order.partner.tier)
    if order.status == "in_approval" and gross * 100 < 115 * limit and kind not in ASKED_TYPES:
        kind = "urgent"  # what nobody is asked about is confirmed at once
    entered = order.source in {"portal", "mobile", "api"}
    return {
        "order_no": number,
        "partner": order.partner.code,
        "order_type": kind,
        "source": order.source,
        "order_date": order.day.isoformat(),
        "price_date": order.day.isoformat(),
        "ship_to": chance.choices(open_to, [3] + [1] * (len(open_to) - 1))[0].code,
        "requested_date": (order.day + timedelta(days=chance.randint(3, 12))).isoformat(),
        **of_head(order.partner, order.day, order.source),
        "rebate_requested": money(_rebate(order.partner, gross, chance)),
        "freight": money(chance.choices((0, 200, 350, 500), (8, 1, 1, 1))[0]),
        "status": order.status,
        "submitted_at": "" if order.status == "draft" else instant(submitted),
        "confirmed_at": instant(confirmed) if is_confirmed else "",
        "promised_date": ""
        if order.status in NO_SHIPMENT
        else (order.day + timedelta(days=chance.randint(3, 9))).isoformat(),
        "erp_order_no": "" if order.status in NO_SHIPMENT else f"E25{position:05d}",
        "buyer_note": chance.choice(NOTES) if chance.random() < 0.15 else "",
        "internal_note": chance.choice(REJECT_NOTES) if order.status == "rejected" else "",
        "created_at": instant(order.created),
        "created_by": (order.partner.user or "") if entered else "wuxiaoman",
    }


def _order_type(partner: Partner, chance: random.Random) -> str:
    if partner.channel == "engineering" and chance.random() < 0.6:
        return "project"
    return chance.choices(("standard", "urgent", "sample"), (92, 6, 2))[0]


def _rebate(partner: Partner, gross: Decimal, chance: random.Random) -> Decimal:
    """Return a rebate in whole hundreds, within what the tier may use of an order."""
    cap = gross * Decimal(next(tier[5] for tier in TIERS if tier[0] == partner.tier)) / 100
    if chance.random() > 0.25:
        return Decimal(0)
    wanted = gross * chance.randint(2, 12) / 100
    return min(wanted, cap.quantize(Decimal("0.01"), ROUND_HALF_UP)) // 100 * 100

"""Promotions of 2025, and what they give to an order on its day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from tests.demo.goods import CATEGORIES, PRODUCTS, SKUS
from tests.demo.people import Partner
from tests.demo.tables import Row, Table, money

COUNTING = {"active", "ended"}
"""States in which a promotion holds on the days that it is for."""
ONLINE = ("portal", "mobile")
_CATEGORY_OF_PRODUCT = {one[0]: one[2] for one in PRODUCTS}
_PRODUCT_OF_SKU = {one.code: one.product for one in SKUS}
_PARENTS = {code: parent for code, _, _, parent, _ in CATEGORIES}


@dataclass(frozen=True, slots=True)
class Promotion:
    """A promotion; empty conditions match everything."""

    code: str
    name: str
    kind: str
    status: str
    start: date
    end: date
    from_amount: int = 0
    reduce_by: int = 0
    from_qty: int = 0
    gift: str = ""
    gift_qty: int = 0
    percent: str = ""
    channels: tuple[str, ...] = ()
    tiers: tuple[str, ...] = ()
    pilot_only: bool = False
    sources: tuple[str, ...] = ()
    category: str = ""
    skus: tuple[str, ...] = ()
    budget: int = 0
    terms: str = ""

    def fits(self, partner: Partner, day: date, source: str) -> bool:
        """Say whether it holds for an order of this partner, placed so on this day."""
        return (
            self.status in COUNTING
            and self.start <= day <= self.end
            and (not self.channels or partner.channel in self.channels)
            and (not self.tiers or partner.tier in self.tiers)
            and (partner.pilot or not self.pilot_only)
            and (not self.sources or source in self.sources)
        )

    def takes(self, sku: str) -> bool:
        """Say whether it is for this product."""
        if self.skus and sku not in self.skus:
            return False
        category = _CATEGORY_OF_PRODUCT.get(_PRODUCT_OF_SKU[sku], "FC-RP")
        while category and category != self.category:
            category = _PARENTS[category]
        return not self.category or bool(category)


def _day(month: int, day: int) -> date:
    return date(2025, month, day)


UPPER = ("gold", "diamond")
# fmt: off
PROMOTIONS = (
    Promotion("CX-2025-001", "开门红热水器满20000减1000", "full_reduction", "ended", _day(1, 6), _day(3, 31),
              20000, 1000, channels=("distributor",), tiers=UPPER, category="WH", budget=60000),
    Promotion("CX-2025-002", "电商线上下单优惠0.5%", "online_incentive", "ended", _day(3, 1), _day(5, 31),
              percent="0.5", channels=("ecommerce",), sources=ONLINE, budget=20000),
    Promotion("CX-2025-004", "七月厨电满50000减3000", "full_reduction", "draft", _day(7, 1), _day(7, 31),
              50000, 3000, channels=("distributor",), category="RH", budget=200000),
    Promotion("CX-2025-005", "七月T9每满20台赠滤芯", "gift", "approved", _day(7, 1), _day(9, 30),
              from_qty=20, gift="CL-FC-RO-01", gift_qty=4, skus=("CL-RH-T9-GY",), budget=30000),
    Promotion("CX-2025-006", "六月净水器满30000减1500", "full_reduction", "active", _day(6, 1), _day(6, 30),
              30000, 1500, channels=("distributor",), tiers=UPPER, category="WP", budget=90000,
              terms="<p>六月净水器满30000元减1500元，每单一次。</p>"),
    Promotion("CX-2025-007", "RO800每满10台赠滤芯2支", "gift", "active", _day(6, 1), _day(6, 30),
              from_qty=10, gift="CL-FC-RO-01", gift_qty=2, tiers=UPPER, skus=("CL-WP-RO800-WH",), budget=80000,
              terms="<p>单行RO800每满10台赠RO复合滤芯2支。</p>"),
    Promotion("CX-2025-008", "洗碗机满20000减600", "full_reduction", "paused", _day(5, 15), _day(7, 31),
              20000, 600, category="DW", budget=40000),
    Promotion("CX-2025-009", "试点伙伴线上下单优惠1%", "online_incentive", "active", _day(6, 1), _day(9, 30),
              percent="1", pilot_only=True, sources=ONLINE, budget=300000,
              terms="<p>试点伙伴在门户或手机端下单，按满减后金额优惠1%。</p>"),
)
# fmt: on


@dataclass(frozen=True, slots=True)
class Given:
    """What promotions take off an order."""

    reduction: Decimal
    incentive: Decimal

    @property
    def together(self) -> Decimal:
        """What the goods cost less."""
        return self.reduction + self.incentive


def promotion_for(kind: str, partner: Partner, day: date, source: str) -> Promotion | None:
    """Return the promotion of a kind that an order fits; the rows have one at most on a day."""
    found = [one for one in PROMOTIONS if one.kind == kind and one.fits(partner, day, source)]
    return max(found, key=lambda one: one.start, default=None)


def gift_for(sku: str, partner: Partner, day: date, source: str) -> Promotion | None:
    """Return the promotion that gives something to this product."""
    found = [
        one
        for one in PROMOTIONS
        if one.kind == "gift" and one.fits(partner, day, source) and one.takes(sku)
    ]
    return max(found, key=lambda one: one.start, default=None)


def of_head(partner: Partner, day: date, source: str) -> Row:
    """Return the columns of an order that say which promotions it has."""
    reduction = promotion_for("full_reduction", partner, day, source)
    incentive = promotion_for("online_incentive", partner, day, source)
    return {
        "reduction": reduction.code if reduction else "",
        "reduction_from": money(reduction.from_amount) if reduction else "",
        "reduction_by": money(reduction.reduce_by) if reduction else "",
        "reduction_repeats": "false" if reduction else "",
        "incentive": incentive.code if incentive else "",
        "incentive_pct": incentive.percent if incentive else "",
    }


def of_line(sku: str, quantity: int, partner: Partner, day: date, source: str) -> Row:
    """Return the columns of a line that say what promotions do with it."""
    reduction = promotion_for("full_reduction", partner, day, source)
    policy = gift_for(sku, partner, day, source)
    times = quantity // policy.from_qty if policy else 0
    return {
        "stock": "",  # of old orders it is not known where they were shipped from
        "in_reduction": "true" if reduction and reduction.takes(sku) else "false",
        "gift_policy": policy.code if policy else "",
        "gift_sku": policy.gift if policy and times else "",
        "gift_qty": str(times * policy.gift_qty) if policy and times else "",
    }


def given(head: Row, lines: Sequence[Row]) -> Given:
    """Return what the promotions of an order take off, from its columns and those of its lines."""
    gross = sum((_amount(one) for one in lines), Decimal(0))
    basis = sum((_amount(one) for one in lines if one["in_reduction"] == "true"), Decimal(0))
    least = Decimal(head["reduction_from"] or 0)
    reduction = Decimal(head["reduction_by"]) if least and basis >= least else Decimal(0)
    share = (gross - reduction) * Decimal(head["incentive_pct"] or 0) / 100
    return Given(reduction, share.quantize(Decimal("0.01"), ROUND_HALF_UP))


def payable_of(head: Row, lines: Sequence[Row]) -> Decimal:
    """Return what an order comes to: goods without what promotions and rebates take, with freight."""
    gross = sum((_amount(one) for one in lines), Decimal(0))
    paid = gross - given(head, lines).together
    return paid - Decimal(head["rebate_requested"]) + Decimal(head["freight"])


def _amount(line: Row) -> Decimal:
    return Decimal(line["qty"]) * Decimal(line["price"])


def promotions() -> Table:
    """Return the promotions."""
    return Table("price_policy/records/sample/promotion.csv", [_row(one) for one in PROMOTIONS])


def _row(one: Promotion) -> Row:
    return {
        "code": one.code,
        "name": one.name,
        "promo_type": one.kind,
        "priority": "10",
        "start_date": one.start.isoformat(),
        "end_date": one.end.isoformat(),
        "from_amount": money(one.from_amount) if one.from_amount else "",
        "reduce_by": money(one.reduce_by) if one.reduce_by else "",
        "repeats": "false",
        "from_qty": str(one.from_qty or ""),
        "gift_sku": one.gift,
        "gift_qty": str(one.gift_qty or ""),
        "percent_off": one.percent,
        "channel_types": ";".join(one.channels),
        "tiers": ";".join(one.tiers),
        "pilot_only": "true" if one.pilot_only else "false",
        "order_sources": ";".join(one.sources),
        "category": one.category,
        "skus": ";".join(one.skus),
        "budget": money(one.budget),
        "status": one.status,
        "terms": one.terms,
    }

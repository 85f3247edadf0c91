"""Categories, 24 products with 60 SKUs, and the 8 price books."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from tests.demo.people import Partner
from tests.demo.tables import Row, Table, money

CATEGORIES = (
    # code, name, English name, parent, focus
    ("WP", "净水器", "Water purifiers", "", True),
    ("RH", "油烟机", "Range hoods", "", True),
    ("GS", "燃气灶", "Gas hobs", "", False),
    ("WH", "热水器", "Water heaters", "", False),
    ("DW", "洗碗机", "Dishwashers", "", True),
    ("FC", "滤芯配件", "Filters and parts", "", False),
    ("FC-RP", "滤芯", "Replacement filters", "FC", False),
)
COLOURS = {
    "WH": ("white", "白"),
    "GY": ("gray", "灰"),
    "BK": ("black", "黑"),
    "SL": ("silver", "银"),
}
PRODUCTS = (
    # code, name, category, series, energy level, variants beside the golden one, list price
    ("CL-WP-RO800", "RO800反渗透净水器", "WP", "RO", "2", "BK SL GY", 2999),
    ("CL-WP-RO600", "RO600反渗透净水器", "WP", "RO", "2", "BK SL", 2299),
    ("CL-WP-RO1000", "RO1000厨下净水器", "WP", "RO", "1", "WH BK", 3999),
    ("CL-WP-PF40", "PF40前置过滤器", "WP", "PF", "na", "WH GY", 699),
    ("CL-RH-T9", "T9侧吸油烟机", "RH", "T", "1", "BK WH", 3599),
    ("CL-RH-T7", "T7顶吸油烟机", "RH", "T", "2", "GY SL", 2799),
    ("CL-GS-D5", "D5燃气灶", "GS", "D", "1", "GY SL", 1699),
    ("CL-GS-D3", "D3燃气灶", "GS", "D", "2", "GY WH", 1299),
    ("CL-WH-E60", "E60电热水器", "WH", "E", "1", "GY SL", 1599),
    ("CL-WH-G16", "G16燃气热水器", "WH", "G", "1", "WH SL", 2499),
    ("CL-DW-13S", "13套洗碗机", "DW", "S", "1", "WH SL", 4999),
    ("CL-FC-RO", "RO复合滤芯", "FC", "RO", "na", "", 399),
    ("CL-WP-RO400", "RO400反渗透净水器", "WP", "RO", "2", "WH BK", 1799),
    ("CL-WP-UF20", "UF20超滤净水器", "WP", "UF", "na", "WH GY", 999),
    ("CL-RH-T5", "T5欧式油烟机", "RH", "T", "2", "BK SL", 1999),
    ("CL-RH-T8", "T8变频油烟机", "RH", "T", "1", "GY BK", 3199),
    ("CL-GS-D7", "D7集成燃气灶", "GS", "D", "1", "BK GY", 2199),
    ("CL-GS-D9", "D9大火力燃气灶", "GS", "D", "1", "BK SL", 2599),
    ("CL-WH-E80", "E80电热水器", "WH", "E", "1", "WH GY", 1999),
    ("CL-WH-G13", "G13燃气热水器", "WH", "G", "2", "WH GY", 1999),
    ("CL-DW-08S", "8套台式洗碗机", "DW", "S", "2", "WH BK", 2999),
    ("CL-DW-15S", "15套嵌入洗碗机", "DW", "S", "1", "BK SL", 5999),
    ("CL-FC-PP", "PP棉滤芯", "FC-RP", "PP", "na", "", 89),
    ("CL-FC-CB", "活性炭滤芯", "FC-RP", "CB", "na", "", 129),
)
FILTERS = (
    # code, product, name, list price
    ("CL-FC-RO-02", "CL-FC-RO", "RO复合滤芯 长效", 499),
    ("CL-FC-PP-01", "CL-FC-PP", "PP棉滤芯 10寸", 89),
    ("CL-FC-PP-02", "CL-FC-PP", "PP棉滤芯 20寸", 129),
    ("CL-FC-CB-01", "CL-FC-CB", "活性炭滤芯 10寸", 129),
    ("CL-FC-CB-02", "CL-FC-CB", "活性炭滤芯 20寸", 169),
)
SMALL_PRICE = 600
LATE_LAUNCHES = {"CL-WP-RO1000": "2025-03-18", "CL-DW-15S": "2025-05-06"}


@dataclass(frozen=True, slots=True)
class Sku:
    """One article with its prices."""

    code: str
    product: str
    name: str
    listed: int
    standard: int
    dealer: int
    gold: int
    diamond: int
    floor: int
    cost: int
    multiple: int
    barcode: str = ""

    @property
    def is_filter(self) -> bool:
        """Whether it is a filter: small, without serial number."""
        return self.code.startswith("CL-FC")

    @property
    def is_golden(self) -> bool:
        """Whether tests rely on its exact values."""
        return self.code in {one.code for one in GOLDEN}


# fmt: off
GOLDEN = (
    Sku("CL-WP-RO800-WH", "CL-WP-RO800", "RO800反渗透净水器 白", 2999, 2099, 2049, 1949, 1899, 1750, 1390, 2),
    Sku("CL-WP-RO600-WH", "CL-WP-RO600", "RO600反渗透净水器 白", 2299, 1609, 1579, 1499, 1459, 1349, 1069, 2),
    Sku("CL-WP-RO1000-SL", "CL-WP-RO1000", "RO1000厨下净水器 银", 3999, 2799, 2739, 2599, 2539, 2339, 1859, 1),
    Sku("CL-WP-PF40-SL", "CL-WP-PF40", "PF40前置过滤器 银", 699, 489, 479, 459, 449, 409, 329, 1),
    Sku("CL-RH-T9-GY", "CL-RH-T9", "T9侧吸油烟机 灰", 3599, 2519, 2459, 2339, 2279, 2100, 1680, 1),
    Sku("CL-RH-T7-BK", "CL-RH-T7", "T7顶吸油烟机 黑", 2799, 1959, 1919, 1819, 1779, 1639, 1299, 1),
    Sku("CL-GS-D5-BK", "CL-GS-D5", "D5燃气灶 黑", 1699, 1189, 1149, 1089, 1059, 980, 760, 1),
    Sku("CL-GS-D3-BK", "CL-GS-D3", "D3燃气灶 黑", 1299, 909, 889, 849, 829, 759, 609, 1),
    Sku("CL-WH-E60-WH", "CL-WH-E60", "E60电热水器 白", 1599, 1119, 1099, 1039, 1019, 939, 749, 1),
    Sku("CL-WH-G16-GY", "CL-WH-G16", "G16燃气热水器 灰", 2499, 1749, 1709, 1629, 1589, 1459, 1159, 1),
    Sku("CL-DW-13S-BK", "CL-DW-13S", "13套洗碗机 黑", 4999, 3499, 3419, 3249, 3169, 2919, 2319, 1),
    Sku("CL-FC-RO-01", "CL-FC-RO", "RO复合滤芯", 399, 259, 239, 219, 209, 180, 120, 4),
)
# fmt: on


def ean13(body: str) -> str:
    """Return the 12 digits with their check digit."""
    total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(body))
    return body + str(-total % 10)


def _share(amount: int, share: Decimal) -> int:
    """Return the share of a price in whole yuan; larger prices end in 9."""
    if amount < SMALL_PRICE:
        return int(amount * share)
    return int((amount * share / 10).quantize(Decimal(1))) * 10 - 1


def _priced(code: str, product: str, name: str, listed: int) -> Sku:
    """Return a SKU with the usual shares of the list price."""
    shares = ("0.70", "0.685", "0.65", "0.635", "0.585", "0.465")
    prices = [_share(listed, Decimal(share)) for share in shares]
    multiple = 4 if code.startswith("CL-FC") else 2 if code.startswith("CL-WP-RO") else 1
    return Sku(code, product, name, listed, *prices, multiple)


def _all_skus() -> tuple[Sku, ...]:
    found = list(GOLDEN)
    for code, name, _, _, _, colours, listed in PRODUCTS:
        for position, colour in enumerate(colours.split()):
            price = listed + (100 if position else 0)
            found.append(_priced(f"{code}-{colour}", code, f"{name} {COLOURS[colour][1]}", price))
    found += [_priced(*one) for one in FILTERS]
    return tuple(
        Sku(
            one.code, one.product, one.name, one.listed, one.standard, one.dealer, one.gold,
            one.diamond, one.floor, one.cost, one.multiple, ean13(f"69000000{number:04d}"),
        )
        for number, one in enumerate(found, 1)
    )  # fmt: skip


SKUS = _all_skus()


@dataclass(frozen=True, slots=True)
class Entry:
    """A price of a SKU from a quantity on."""

    sku: str
    least: int
    price: int


@dataclass(frozen=True, slots=True)
class Book:
    """A price book: empty keys match everything."""

    code: str
    name: str
    priority: int
    entries: tuple[Entry, ...]
    channel: str = ""
    tier: str = ""
    partner: str = ""
    start: date = date(2025, 1, 1)
    end: date | None = None

    def fits(self, partner: Partner, day: date) -> bool:
        """Say whether the book is for this partner on this day."""
        return (
            self.channel in {"", partner.channel}
            and self.tier in {"", partner.tier}
            and self.partner in {"", partner.code}
            and self.start <= day
            and (self.end is None or day <= self.end)
        )


def _entries(skus: tuple[Sku, ...], share: Decimal) -> tuple[Entry, ...]:
    """Return prices as a share of the dealers' price."""
    return tuple(Entry(one.code, 1, _share(one.dealer, share)) for one in skus)


def _books() -> tuple[Book, ...]:
    others = tuple(one for one in SKUS if not one.is_golden)
    gold = [Entry(one.code, 1, one.gold) for one in SKUS]
    gold.append(Entry("CL-WP-RO800-WH", 50, 1899))
    return (
        Book("PB-STD", "标准价格表", 10, tuple(Entry(one.code, 1, one.standard) for one in SKUS)),
        Book("PB-DIST", "经销商价格表", 20, tuple(Entry(one.code, 1, one.dealer) for one in SKUS), channel="distributor"),
        Book("PB-DIST-GOLD", "经销商金牌价格表", 30, tuple(gold), channel="distributor", tier="gold"),
        Book("PB-DIST-DIA", "经销商钻石价格表", 30, tuple(Entry(one.code, 1, one.diamond) for one in SKUS), channel="distributor", tier="diamond"),
        Book("PB-ECOM", "电商价格表", 20, _entries(SKUS[:50], Decimal("0.99")), channel="ecommerce"),
        # Chains have no book of their own for the golden SKUs: they buy those at the standard price.
        Book("PB-KA", "KA价格表", 20, _entries(others, Decimal("0.98")), channel="ka"),
        Book("PB-ENG", "工程价格表", 20, _entries(SKUS[:50], Decimal("0.97")), channel="engineering"),
        Book(
            "PB-PTN-00008", "上海浦屿专属价格表", 50, _entries(SKUS[20:30], Decimal("0.92")),
            partner="PTN-00008", start=date(2025, 3, 1), end=date(2025, 12, 31),
        ),
    )  # fmt: skip


BOOKS = _books()


def price_of(partner: Partner, sku: Sku, quantity: int, day: date) -> tuple[int, str]:
    """Return price and book: the highest priority first, then the largest quantity reached."""
    found = [
        (book.priority, entry.least, entry.price, book.code)
        for book in BOOKS
        if book.fits(partner, day)
        for entry in book.entries
        if entry.sku == sku.code and entry.least <= quantity
    ]
    _, _, price, code = max(found)
    return price, code


def categories() -> Table:
    """Return the categories."""
    rows: list[Row] = [
        {
            "code": code,
            "name": name,
            "name_en": english,
            "parent_category": parent,
            "is_focus": "true" if focus else "false",
            "sort": str(position * 10),
        }
        for position, (code, name, english, parent, focus) in enumerate(CATEGORIES, 1)
    ]
    return Table("product_catalog/records/sample/product_category.csv", rows)


def _description(name: str, category: str) -> str:
    """Return what a product's page says, as the editor writes it."""
    points = (
        ("滤芯易更换，不需工具", "到期前有提示灯")
        if category.startswith("FC")
        else ("安静耐用，安装便捷", "整机质保三年")
    )
    listed = "".join(f"<li><p>{one}</p></li>" for one in points)
    return f"<h3>{name}</h3><p>适用于家庭与小型商用场所。</p><ul>{listed}</ul>"


def _attributes(series: str, category: str) -> str:
    """Return the attributes of a product as JSON, keys in order."""
    found = {"series": series, "use": "spare" if category.startswith("FC") else "home"}
    return json.dumps(found, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def products() -> Table:
    """Return the products."""
    rows: list[Row] = [
        {
            "code": code,
            "name": name,
            "category": category,
            "series": series,
            "summary": f"澄澜{name},{'滤芯易更换' if category.startswith('FC') else '安静耐用，安装便捷'}",
            "description": _description(name, category),
            "attributes": _attributes(series, category),
            "energy_level": energy,
            "warranty_months": "12" if category.startswith("FC") else "36",
            "launch_date": LATE_LAUNCHES.get(code, "2024-01-08"),
            "status": "active",
        }
        for code, name, category, series, energy, _, _ in PRODUCTS
    ]
    return Table("product_catalog/records/sample/product.csv", rows)


def skus() -> Table:
    """Return the SKUs, the golden ones first."""
    rows: list[Row] = []
    for one in SKUS:
        launched = LATE_LAUNCHES.get(one.product)
        colour = COLOURS.get(one.code.rsplit("-", 1)[1])
        rows.append(
            {
                "code": one.code,
                "product": one.product,
                "name": one.name,
                "color": colour[0] if colour else "none",
                "barcode": one.barcode,
                "uom": "zhi" if one.is_filter else "tai",
                "pack_qty": "12" if one.is_filter else "1",
                "moq": str(one.multiple),
                "order_multiple": str(one.multiple),
                "list_price": money(one.listed),
                "floor_price": money(one.floor),
                "unit_cost": money(one.cost),
                "tax_rate": "13",
                "serial_managed": "false" if one.is_filter else "true",
                "weight_kg": f"{Decimal(one.listed) / 130:.2f}",
                "status": "active",
                "erp_code": f"M{one.barcode[-5:-1]}",
                "is_new_until": "2025-12-31" if launched else "",
            }
        )
    return Table("product_catalog/records/sample/sku.csv", rows)


def price_books() -> tuple[Table, Table]:
    """Return the books and their entries."""
    books: list[Row] = [
        {
            "code": book.code,
            "name": book.name,
            "priority": str(book.priority),
            "channel_type": book.channel,
            "tier": book.tier,
            "partner": book.partner,
            "includes_tax": "true",
            "start_date": book.start.isoformat(),
            "end_date": book.end.isoformat() if book.end else "",
            "status": "active",
        }
        for book in BOOKS
    ]
    entries: list[Row] = [
        {
            "price_book": book.code,
            "sku": entry.sku,
            "min_qty": str(entry.least),
            "price": money(entry.price),
        }
        for book in BOOKS
        for entry in book.entries
    ]
    return (
        Table("price_policy/records/sample/price_book.csv", books),
        Table("price_policy/records/sample/price_book_entry.csv", entries),
    )

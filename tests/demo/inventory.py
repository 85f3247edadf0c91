"""What distributors have on their shelves: a count at the end of May, posted as the opening of their stock."""

from __future__ import annotations

import random
from datetime import date

from tests.demo.goods import GOLDEN
from tests.demo.people import APPLICANT, PARTNERS
from tests.demo.tables import Row, Table

COUNTED = date(2025, 5, 31)
CHANNELS = {"distributor", "sub_distributor"}
MOST = {"diamond": 160, "gold": 90, "silver": 45, "bronze": 18}
OUT = 0.05
"""The share of articles that a distributor has run out of."""


def inventory(chance: random.Random) -> tuple[Table, ...]:
    """Return the stock of distributors and the movements that open it."""
    stock: list[Row] = []
    movements: list[Row] = []
    for partner in PARTNERS:
        if partner.channel not in CHANNELS or partner is APPLICANT:
            continue
        for sku in GOLDEN:
            stock.append(
                {
                    "stock_no": f"HK-{len(stock) + 1:06d}",
                    "partner": partner.code,
                    "sku": sku.code,
                }
            )
            if chance.random() < OUT:
                continue
            movements.append(
                {
                    "movement_no": f"KL-{COUNTED:%Y%m}-{len(movements) + 1:06d}",
                    "partner": partner.code,
                    "sku": sku.code,
                    "moved_on": COUNTED.isoformat(),
                    "move_type": "opening",
                    "qty": str(chance.randint(2, MOST[partner.tier])),
                }
            )
    folder = "channel_inventory/records/sample"
    return (
        Table(f"{folder}/partner_stock.csv", stock),
        Table(f"{folder}/stock_movement.csv", movements),
    )

"""Write the demo's rows: `python -m tests.demo.generate` from the root of the repository.

The same seed gives the same bytes, so the committed files can be made again at any time.
"""

from __future__ import annotations

import random
import sys
from pathlib import Path

from tests.demo import (
    accounts,
    goods,
    inventory,
    notices,
    orders,
    people,
    promotions,
    regions,
    stock,
)
from tests.demo.tables import Table

SEED = 20250601
TARGET = Path(__file__).resolve().parents[2] / "headrace" / "seed_schemas"


def tables() -> tuple[Table, ...]:
    """Return every table of the demo."""
    chance = random.Random(SEED)
    partners = people.partners(chance)
    addresses, places = people.addresses(chance)
    heads, lines = orders.orders(chance, places)
    return (
        regions.territories(),
        people.channel_types(),
        people.partner_tiers(),
        people.users(),
        partners,
        addresses,
        goods.categories(),
        goods.products(),
        goods.skus(),
        *goods.price_books(),
        promotions.promotions(),
        heads,
        lines,
        *accounts.accounts(chance, heads.rows, lines.rows),
        *stock.stock(chance, heads.rows, lines.rows),
        stock.credit(),
        # Its own chance: what came before stays as it was.
        *inventory.inventory(random.Random(SEED + 1)),
        *notices.notices(),
    )


def main(target: Path = TARGET) -> None:
    """Write all tables below `target`."""
    for table in tables():
        table.write(target)
        print(f"{len(table.rows):5d} {table.file}")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))

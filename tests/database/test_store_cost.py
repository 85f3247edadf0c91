"""What a write costs: statements are counted, so that nobody adds one unseen."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from headrace.platform.database.prepared import Prepared
from tests.support.shop_world import Shop, open_shop


@pytest.fixture
def shop(backend: str, fresh_database: Callable[[str], str]) -> Iterator[Shop]:
    world = open_shop(fresh_database(backend))
    yield world
    world.database.dispose()


@contextmanager
def counted(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Collect the statements that run; BEGIN with its lock and COMMIT are apart."""
    statements: list[str] = []
    run, run_many = Prepared.run, Prepared.run_many

    def counting(self: Prepared, cursor: Any, *args: Any) -> Any:
        statements.append(self.sql)
        return run(self, cursor, *args)

    def counting_many(self: Prepared, cursor: Any, many: Any) -> Any:
        statements.append(self.sql)
        return run_many(self, cursor, many)

    with monkeypatch.context() as patch:
        patch.setattr(Prepared, "run", counting)
        patch.setattr(Prepared, "run_many", counting_many)
        yield statements


def test_a_record_is_made_in_five_statements(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """The live version, the reference, the number, the row, its line of history."""
    data = {"subject": "Leak", "product": shop.ids["pump"]}
    shop.create("boss", "ticket", data)
    with counted(monkeypatch) as statements:
        saved = shop.create("boss", "ticket", data)
    assert len(statements) == 5, statements
    assert shop.row("ticket", saved.id)["number"] == "T-0002"
    with counted(monkeypatch) as statements:
        shop.create("boss", "ticket", {"subject": "No product"})
    assert len(statements) == 4, statements


def test_a_record_is_changed_in_four_statements(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The live version, the lock, the row, its line of history."""
    saved = shop.create("boss", "ticket", {"subject": "Leak"})
    with counted(monkeypatch) as statements:
        shop.update("boss", "ticket", saved.id, {"subject": "Drip"}, 1)
    assert len(statements) == 4, statements


def test_more_children_need_no_more_statements(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    line = {"product": shop.ids["valve"], "qty": "1", "price": "2"}
    counts = []
    for number in (1, 5):
        with counted(monkeypatch) as statements:
            shop.create(
                "boss", "purchase", {"company": shop.ids["north"], "lines": [line] * number}
            )
        counts.append(len(statements))
    assert counts[0] == counts[1]


def test_a_load_of_many_rows_needs_few_statements(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = {"product": {"key": "valve"}, "qty": "1", "price": "2"}
    records = [
        {"company": {"key": "north"}, "lines": [line] * 3, "number": f"M-{n}"} for n in range(200)
    ]
    with counted(monkeypatch) as statements, shop.work() as work:
        shop.store.create_many(shop.as_("loader"), work, "purchase", records, mode="migration")
    assert len(statements) < 20, statements

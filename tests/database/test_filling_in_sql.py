"""Fills that read the row itself are one statement of the database, and give what Python gives."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from tests.support.documents import field
from tests.support.publishing import Publishing, published_at

CASES: tuple[tuple[dict[str, Any], Any], ...] = (
    (field("made", "text", default="CONCAT(UPPER(note), '-', code)"), "Xé二-C1"),
    (field("made", "decimal", scale=4, default="ROUND(LEN(code) / 3, 4)"), Decimal("0.6667")),
    (field("made", "integer", default="LEN(note) * 2"), 6),
    (field("made", "money", default="12.5"), Decimal("12.50")),
    (field("made", "boolean", default="code = 'C1'"), True),
    (field("made", "text", default="IF(ISBLANK(note), 'none', note)"), "xé二"),
)


@pytest.fixture
def work(database_url: str, tmp_path: Path) -> Iterator[Publishing]:
    with published_at(database_url, tmp_path / "modules") as publishing:
        publishing.first = publishing.create("company", code="C1", name="C1", note="xé二")
        for number in range(2, 30):
            publishing.create("company", code=f"C{number}", name="n", note="n")
        yield publishing


@pytest.mark.parametrize(("added", "expected"), CASES, ids=lambda one: str(one)[-40:])
def test_a_fill_is_one_statement_and_gives_what_is_expected(
    work: Publishing, added: dict[str, Any], expected: Any
):
    work.contents["object", "company"]["fields"].append({**added, "required": True})
    statements: list[str] = []

    def note(*given: Any) -> None:
        statements.append(given[2])

    engine = work.platform.database.engine
    sa.event.listen(engine, "before_cursor_execute", note)
    work.publish()
    sa.event.remove(engine, "before_cursor_execute", note)

    table = work.platform.catalogs.refresh().tables.of("company").table.name
    changes = [one for one in statements if one.startswith(f"UPDATE {table} SET made_")]
    assert len(changes) == 1, changes
    assert work.value("company", work.first, "made") == expected

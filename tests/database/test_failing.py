"""Which rows a publish would meet: the same rows that saving them afterwards would refuse."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from headrace.platform.core.errors import RefusedError
from headrace.platform.publishing.failing import (
    AllRows,
    Breaking,
    Duplicates,
    Emptied,
    Having,
    NotAllowed,
    OutsideFilter,
    WrongNumber,
    find_all,
)
from headrace.platform.publishing.row_work import FillEmpty, MapValues
from tests.support.documents import field, label
from tests.support.plan_world import finder_of
from tests.support.publishing import Publishing, platform_at


@pytest.fixture
def work(database_url: str, tmp_path: Path) -> Iterator[Publishing]:
    with platform_at(database_url) as platform:
        publishing = Publishing(platform, tmp_path / "modules")
        publishing.publish()
        yield publishing


def company(work: Publishing, code: str, **values: object) -> str:
    return work.create("company", code=code, name=values.pop("name", code), **values)


def claim(work: Publishing, owner: str, subject: str, **values: Any) -> str:
    items = values.pop("items", [{"what": "Pump", "qty": "2", "price": "10.00"}])
    return work.create("claim", company=owner, subject=subject, items=items, **values)


def rule(work: Publishing, object_name: str, unless: str, **keys: Any) -> None:
    rules = work.contents["object", object_name].setdefault("rules", [])
    rules.append(
        {"name": "fresh", "unless": unless, "message": label("No", "不行"), **keys},
    )


def ids_of(work: Publishing, object_name: str) -> dict[str, str]:
    model = work.platform.catalogs.current().catalog.objects[object_name]
    return {field.name: field.id for field in model.fields.values()} | {"": model.id}


def test_rows_that_break_a_new_rule_are_counted_and_listed(work):
    owner = company(work, "C1")
    kept = claim(work, owner, "Small", fee="10")
    broken = [claim(work, owner, f"Large {number}", fee="300") for number in range(25)]
    rule(work, "claim", "fee <= 100", when="subject != 'Large 3'")
    del broken[3]
    with finder_of(work) as finder:
        row_set = Breaking(ids_of(work, "claim")[""], "fresh")
        found = finder.find(row_set)
        assert found.count == 24
        assert found.first == tuple(sorted(broken)[:20])
        assert list(finder.ids(row_set)) == sorted(broken)
        assert kept not in broken


def refused(work: Publishing, object_name: str) -> set[str]:
    """Publish, save each row as it is, and return the ids of those that are refused."""
    work.publish()
    platform = work.platform
    table = platform.catalogs.refresh().tables.of(object_name)
    with platform.database.reading() as reading:
        query = sa.select(table.id).where(table.deleted_at.is_(None))
        ids = [str(one) for one in reading.connection.execute(query).scalars()]
    found = set()
    for row_id in ids:
        try:
            platform.write_as_system(
                lambda context, unit, row_id=row_id: platform.store.apply_system(
                    context, unit, object_name, row_id, {}, action="saved"
                )
            )
        except RefusedError as error:
            assert {problem.code for problem in error.problems} == {"rule.broken"}
            found.add(row_id)
    return found


@pytest.mark.parametrize(
    ("object_name", "unless", "count"),
    [
        ("claim", "company.name != 'C2'", 1),
        ("claim", "total < 100", 1),
        ("claim", "payable < 400", 2),
        ("claim", "fee <= $C.claim_limit - 600", 2),
        ("claim", "region_name IS NOT NULL", 3),
        ("company", "claim_count < 2", 1),
        ("claim_item", "claim.company.code = 'C1'", 2),
        ("claim", "OLD(fee) = fee + 1", 3),
        ("claim", "fee * 1000000000000000 = 0", 2),
        ("claim", "claimed_on > TODAY()", 3),
    ],
)
def test_what_breaks_a_rule_is_what_saving_refuses(work, object_name, unless, count):
    first, second = company(work, "C1"), company(work, "C2")
    claim(work, first, "One", fee="450")
    claim(work, first, "Two", fee="450", items=[{"what": "Pump", "qty": "1", "price": "1"}])
    claim(work, second, "Three", items=[{"what": "Pump", "qty": "10", "price": "9.50"}] * 2)
    rule(work, object_name, unless)
    with finder_of(work) as finder:
        found = list(finder.ids(Breaking(ids_of(work, object_name)[""], "fresh")))
        assert len(found) == count
        assert finder.find(Breaking(ids_of(work, object_name)[""], "fresh")).count == count
    assert set(found) == refused(work, object_name)

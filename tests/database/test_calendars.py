"""Working calendars of a published workspace: stored hours follow the calendar, bad ones are told."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from headrace.platform.metadata.building import build_catalog
from headrace.platform.metadata.checks import run_checks
from headrace.platform.metadata.field_types import built_in
from headrace.platform.metadata.references import uses
from tests.support.documents import documents, field, label, workspace
from tests.support.publishing import Publishing, published_at

STANDARD: dict[str, Any] = {
    "name": "standard",
    "label": label("Office hours", "办公时间"),
    "shifts": [
        {
            "days": ["monday", "tuesday", "wednesday", "thursday", "friday"],
            "opens": "09:00",
            "closes": "18:00",
        }
    ],
    "holidays": ["2025-10-01"],
    "workdays": ["2025-09-28"],
}


def with_calendar(contents: dict[Any, Any]) -> dict[Any, Any]:
    contents["module", "claims"]["calendars"] = [copy.deepcopy(STANDARD)]
    contents["object", "claim"]["fields"] += [
        field("came_at", "datetime"),
        field("done_at", "datetime"),
        field("took", "formula", returns="decimal", formula="WORKHOURS(came_at, done_at)"),
    ]
    return contents


@pytest.fixture
def work(database_url: str, tmp_path: Path) -> Iterator[Publishing]:
    contents = workspace()
    with_calendar(contents)
    with published_at(database_url, tmp_path / "modules", contents) as publishing:
        yield publishing


def test_stored_hours_follow_the_calendar(work: Publishing) -> None:
    company = work.create("company", code="acme", name="Acme")
    claim = work.create(
        "claim",
        company=company,
        subject="Leak",
        claimed_on="2025-06-10",
        came_at="2025-09-30T16:00:00+08:00",
        done_at="2025-10-03T15:00:00+08:00",
        items=[{"what": "Pump", "qty": "1", "price": "10.00"}],
    )
    assert work.value("claim", claim, "took") == Decimal("17.000000")
    work.contents["module", "claims"]["calendars"][0]["holidays"] += ["2025-10-02", "2025-10-03"]
    work.publish()
    assert work.value("claim", claim, "took") == Decimal("2.000000")


def test_formulas_that_no_database_computes_are_filled_into_full_tables(work: Publishing) -> None:
    company = work.create("company", code="acme", name="Acme")
    items = [{"what": "Pump", "qty": "1", "price": "10.00"}]
    claims = [
        work.create("claim", company=company, subject=one, claimed_on="2025-06-10", items=items)
        for one in ("Leak", "Noise")
    ]
    capitals = field("capitals", "formula", returns="text", formula="CN_CAPITAL(payable)")
    again = field("again", "formula", returns="text", formula="CONCAT(capitals, '!')")
    work.contents["object", "claim"]["fields"] += [again, capitals]
    work.publish()
    seen = [[work.value("claim", one, name) for name in ("capitals", "again")] for one in claims]
    assert seen == [["壹拾元整", "壹拾元整!"]] * 2


def problems(change: dict[str, Any]) -> set[tuple[str, str]]:
    contents = with_calendar(workspace())
    contents["module", "claims"]["calendars"][0].update(change)
    found = build_catalog(documents(contents), built_in()).problems
    return {(one.code, one.path.removeprefix("/claims/module.json/calendars/0")) for one in found}


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (
            {"shifts": [{"days": ["monday"], "opens": "18:00", "closes": "09:00"}]},
            ("calendar.shift", "/shifts/0/closes"),
        ),
        (
            {
                "shifts": [
                    {"days": ["monday"], "opens": "09:00", "closes": "12:00"},
                    {"days": ["monday", "friday"], "opens": "11:00", "closes": "13:00"},
                ]
            },
            ("calendar.overlap", "/shifts/1"),
        ),
        ({"holidays": ["2025-02-30"]}, ("calendar.day", "/holidays/0")),
        ({"workdays": ["2025-10-01"]}, ("calendar.both", "/workdays/0")),
    ],
)
def test_what_cannot_be_is_told_where_it_is_written(
    change: dict[str, Any], problem: tuple[str, str]
) -> None:
    assert problems(change) == {problem}


def test_formulas_without_their_calendar_are_told() -> None:
    assert ("formula.unknown_calendar", "/claims/objects/claim.json/fields/14/formula") in {
        (code, path) for code, path in problems({"name": "other"})
    }


def test_a_calendar_is_looked_up_and_an_idle_one_told() -> None:
    contents = with_calendar(workspace())
    night = {**copy.deepcopy(STANDARD), "name": "night", "holidays": []}
    contents["module", "claims"]["calendars"].append(night)
    built = build_catalog(documents(contents), built_in(), 1)
    assert built.catalog is not None
    [use] = uses(built.catalog).of("calendar", "standard")
    assert (use.how, use.path.endswith("/formula")) == ("formula", True)
    found = {(one.code, one.path) for one in run_checks(built.catalog)}
    assert ("calendar.unused", "/claims/module.json/calendars/1") in found
    assert ("calendar.unused", "/claims/module.json/calendars/0") not in found

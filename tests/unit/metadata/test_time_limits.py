"""Time limits that cannot work are refused at their place."""

from __future__ import annotations

from typing import Any

import pytest

from headrace.platform.metadata.building import build_catalog
from headrace.platform.metadata.checks import run_checks
from headrace.platform.metadata.field_types import built_in
from headrace.platform.metadata.references import find, uses
from tests.support.documents import documents
from tests.support.timed import ADMIN, BOSS, EIGHT_HOURS, FINANCE, MANAGER, step, timed

PLACE = "/claims/approvals/claim_by_amount.json"
STEP = f"{PLACE}/steps/0/time"


def found(time: dict[str, Any], **keys: Any) -> set[tuple[str, str]]:
    """Return code and place of what is wrong with a time limit."""
    options = {"total": None, **keys}
    total = options.pop("total")
    contents = timed(step("one", MANAGER, **({"time": time} if time else {}), **options))
    if total:
        contents["approval", "claim_by_amount"]["time"] = total
    built = build_catalog(documents(contents), built_in())
    problems = built.problems if built.catalog is None else run_checks(built.catalog)
    return {(one.code, one.path) for one in problems if one.code.startswith("timer.")}


@pytest.mark.parametrize(
    ("time", "code", "place"),
    [
        ({"limit": "0"}, "timer.range", "/limit"),
        ({"limit": "2341"}, "timer.range", "/limit"),
        ({"limit": "367", "unit": "days"}, "timer.range", "/limit"),
        ({"limit": "9000", "unit": "hours"}, "timer.range", "/limit"),
        ({"limit": "261", "unit": "working_days"}, "timer.range", "/limit"),
        ({"limit": "1.5", "unit": "working_days"}, "timer.whole_days", "/limit"),
        ({"limit": "8", "remind": [80, 50]}, "timer.remind_order", "/remind/1"),
        ({"limit": "8", "remind": [50, 50]}, "timer.remind_order", "/remind/1"),
        ({"limit": "8", "calendar": "night"}, "timer.unknown_calendar", "/calendar"),
        (
            {"limit": "8", "unit": "hours", "calendar": "standard"},
            "timer.idle_calendar",
            "/calendar",
        ),
        ({"limit": "8", "then": "escalate"}, "timer.no_receivers", "/then"),
        ({"limit": "8", "escalate_to": [ADMIN]}, "timer.idle_receivers", "/escalate_to"),
        (
            {"limit": "8", "then": "escalate", "escalate_to": [FINANCE, MANAGER]},
            "timer.same_receiver",
            "/escalate_to/1",
        ),
    ],
)
def test_a_limit_that_cannot_work_is_refused(time: dict[str, Any], code: str, place: str):
    assert found(time) == {(code, STEP + place)}


def test_a_step_does_not_approve_itself_over_a_field_that_must_be_filled():
    time = {"limit": "8", "then": "approve"}
    assert found(time, editable=["reserve"]) == set()
    assert found(time, editable=["subject"]) == {("timer.required_fields", f"{STEP}/then")}


def test_a_whole_approval_does_not_approve_itself_nor_ends_before_its_step():
    total = {"limit": "4", "then": "approve"}
    assert found({"limit": "8"}, total=total) == {
        ("timer.total_approves", f"{PLACE}/time/then"),
        ("timer.total_too_short", f"{PLACE}/time/limit"),
    }


def test_sound_limits_pass():
    assert found({**EIGHT_HOURS, "remind": [50, 80]}, total={"limit": "3", "unit": "days"}) == set()


def test_without_the_workspace_calendar_only_plain_time_is_counted():
    contents = timed(step("one", MANAGER, time={"limit": "8"}))
    contents["module", "claims"]["calendars"] = []
    built = build_catalog(documents(contents), built_in())
    assert {(one.code, one.path) for one in built.problems} == {
        ("timer.unknown_calendar", f"{STEP}/calendar")
    }


def test_a_calendar_and_a_role_know_the_limits_that_name_them():
    time = {**EIGHT_HOURS, "calendar": "standard", "escalate_to": [BOSS]}
    contents = timed(step("one", MANAGER, time=time))
    catalog = build_catalog(documents(contents), built_in()).catalog
    assert catalog is not None
    for kind, name, place in (
        ("calendar", "standard", "/steps/0/time/calendar"),
        ("role", "boss", "/steps/0/time/escalate_to/0/role"),
    ):
        used = find(catalog, kind, name)
        assert used is not None
        assert place in {use.path for use in uses(catalog).of(used.kind, used.id)}

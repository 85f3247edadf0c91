from __future__ import annotations

import json

from headrace.platform.workflow.machine import move
from headrace.platform.workflow.pinned import PinnedApproval, pin, read_stored, stored_form
from tests.support.approval_world import catalog_of


def pinned() -> PinnedApproval:
    catalog = catalog_of()
    workflow = catalog.workflows["claim_flow"]
    return pin(
        catalog.objects["claim"],
        workflow,
        workflow.transitions["submit"],
        workflow.approvals["submit"][0],
    )


def test_what_a_run_is_pinned_to_survives_its_stored_form():
    approval = pinned()
    content_hash, content = stored_form(approval)
    assert read_stored(json.loads(json.dumps(content))) == approval
    assert stored_form(read_stored(content)) == (content_hash, content)


def test_fields_are_kept_by_id():
    approval = pinned()
    catalog = catalog_of()
    fields = catalog.objects["claim"].fields
    company = catalog.objects["company"].fields
    assert approval.steps[0].approvers[0].field == (fields["company"].id, company["manager"].id)
    assert approval.steps[1].editable == {fields["reserve"].id}
    assert approval.outcomes["approved"].assignments[0][0] == fields["decided_at"].id


def test_the_outcomes_leave_the_state_of_waiting():
    approval = pinned()
    for branch, target in (("approved", "paid"), ("rejected", "rejected"), ("withdrawn", "draft")):
        assert move(approval.plan, "in_approval", "submit", branch, lambda: True) == target


def test_a_withdrawal_without_outcome_leads_back_where_it_came_from():
    approval = pinned()
    outcomes = {key: one for key, one in approval.outcomes.items() if key != "withdrawn"}
    without = PinnedApproval.from_json({**approval.to_json(), "outcomes": {}})
    assert "withdrawn" not in without.outcomes
    assert without.with_way_back("draft").outcomes["withdrawn"].to == "draft"
    assert set(outcomes) == {"approved", "rejected"}

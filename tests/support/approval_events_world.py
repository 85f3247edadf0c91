"""Automations that approvals start, and automations that begin approvals, over the claims."""

from __future__ import annotations

from typing import Any

from tests.support.automation_world import GRANTS, MEMO, made
from tests.support.button_world import button
from tests.support.documents import label
from tests.support.live import Live, open_live

RESULTS = ("approved", "rejected", "returned", "withdrawn")
RIGHTS = {"runs_as": "system", "rights": [{"object": "memo", "actions": ["create"]}]}


def _on(name: str, when: str | None = None, run: str = "after", **trigger: Any) -> dict[str, Any]:
    condition = {} if when is None else {"when": when}
    return {
        "kind": "automation",
        "name": name,
        "object": "claim",
        "label": label(name, name),
        "on": [{"event": "approval", **trigger}],
        "run": run,
        "actions": [made("subject", f"'{name}'")],
        **RIGHTS,
        **condition,
    }


AUTOMATIONS = (
    *(_on(f"when_{result}", results=[result]) for result in RESULTS),
    _on("when_over"),
    _on("as_a_job", run="job", results=["approved", "rejected"]),
    _on("when_paid", "status = 'paid' AND OLD(status) = 'in_approval'"),
    button("ask", {"begin": {"transition": "submit", "comment": "please"}}),
    button(
        "more",
        {
            "create": {
                "object": "claim",
                "set": {"subject": "CONCAT(subject, ' again')", "fee": "200"},
                "begin": {"transition": "submit"},
            }
        },
    ),
    button(
        "less",
        {
            "create": {
                "object": "claim",
                "set": {"subject": "CONCAT(subject, ' less')", "fee": "50"},
                "begin": {"transition": "submit"},
            }
        },
    ),
)


def with_events(contents: dict[tuple[str, str], dict[str, Any]]) -> None:
    for one in (MEMO, GRANTS, *AUTOMATIONS):
        contents[one["kind"], one["name"]] = one
    contents["workflow", "claim_flow"]["transitions"][0]["on"]["returned"] = "draft"


def open_events(url: str) -> Live:
    return open_live(url, with_events)

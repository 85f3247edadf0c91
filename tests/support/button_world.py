"""A workspace with buttons over the claims, on a whole platform."""

from __future__ import annotations

from typing import Any

from tests.support.automation_world import GRANTS, MEMO, made
from tests.support.documents import field, label
from tests.support.live import PASSWORD, Live, open_live

AS_SYSTEM = {"runs_as": "system"}


def button(name: str, *actions: dict[str, Any], **keys: Any) -> Any:
    """Return an automation that a button starts; keys of the trigger are in `on`."""
    trigger = {"event": "button", **keys.pop("on", {})}
    return {
        "kind": "automation",
        "name": name,
        "object": "claim",
        "label": label(name.title(), f"按钮{name}"),
        "on": [trigger],
        "actions": list(actions),
        "run": "after",
        **keys,
    }


BUTTONS: tuple[dict[str, Any], ...] = (
    button(
        "charge",
        {"set": {"fee": "input.fee"}},
        {"when": "input.note IS NOT NULL", **made("input.note", "'charged'")},
        on={
            "several": True,
            "confirm": label("Really?", "确定吗？"),
            "told": label("It was charged.", "已收费。"),
            "inputs": [
                field("fee", "money", required=True, least="1", most="400"),
                field("note", "text", length=20, help=label("For the memo", "写入便签")),
                field(
                    "why",
                    "choice",
                    choices=[{"value": "late", "label": label("Late", "逾期")}],
                    default=None,
                ),
            ],
        },
    ),
    button(
        "settle",
        {"set": {"decided_at": "NOW()"}},
        on={"roles": ["finance"], "states": ["draft"]},
        when="payable > 100",
        runs_as="system",
        rights=[{"object": "claim", "actions": ["update"]}],
    ),
    button("recall", {"take": {"transition": "cancel", "comment": "by button"}}),
    button(
        "later",
        {"set": {"fee": "input.fee"}},
        made("subject", "'later'"),
        on={"inputs": [field("fee", "money")]},
        run="job",
    ),
)


DEAR: dict[str, Any] = {
    "name": "dear",
    "severity": "warning",
    "unless": "fee <= 300",
    "field": "fee",
    "message": label("Unusually dear", "费用偏高"),
}


def with_buttons(contents: dict[tuple[str, str], dict[str, Any]]) -> None:
    for one in (MEMO, GRANTS, *BUTTONS):
        contents[one["kind"], one["name"]] = one
    claim = contents["object", "claim"]
    claim["rules"] = [*claim.get("rules", ()), DEAR]
    inputs = contents["automation", "charge"]["on"][0]["inputs"]
    inputs[2].pop("default", None)
    actions = contents["automation", "charge"]["actions"]
    actions[0]["when"] = "input.why IS NULL OR input.why = 'late'"


def open_buttons(url: str, *more: dict[str, Any]) -> Live:
    """Publish the buttons, and `more` of them."""

    def change(contents: dict[tuple[str, str], dict[str, Any]]) -> None:
        with_buttons(contents)
        contents.update({(one["kind"], one["name"]): one for one in more})

    live = open_live(url, change)
    with live.platform.database.writing(None) as work:
        for login in ("ann", "fin"):
            live.platform.identity.set_password(work, live.ids[login], PASSWORD)
    for login in ("ann", "fin"):
        live.renewed_client(login)
    return live

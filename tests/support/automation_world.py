"""A workspace with automations of every kind over a small object, on a whole platform."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from headrace.platform.automation.tables import AUTOMATION_ACTION, AUTOMATION_RUN
from headrace.platform.jobs.tables import NOTIFICATION
from tests.support.documents import field, label
from tests.support.live import Live, open_live

MEMO: dict[str, Any] = {
    "kind": "object",
    "name": "memo",
    "label": label("Memo", "便签"),
    "title": "title",
    "history": True,
    "fields": [
        field("title", "text", length=80, required=True),
        field("marker", "text", length=20),
        field("n", "quantity", default="0"),
        field("double", "formula", returns="quantity", formula="n * 2"),
        field("claim", "lookup", to="claim"),
        field("note", "text", length=80, written_by="system"),
        field("secret", "text", length=80, audience="internal"),
        field("person", "user"),
    ],
}
GRANTS: dict[str, Any] = {
    "kind": "permission",
    "name": "memo",
    "object": "memo",
    "grants": [
        {"role": "admin", "actions": ["create", "read", "update", "delete"], "scope": "all"},
        {"role": "dealer", "actions": ["create", "read", "update"], "scope": "own"},
    ],
}


def automation(name: str, event: str, **keys: Any) -> dict[str, Any]:
    """Return an automation of memos that is started by those with its name as their marker."""
    trigger = keys.pop("on", {"event": event})
    about = {"object": "memo", "when": f"marker = '{name}'", **keys}
    return {
        "kind": "automation",
        "name": name,
        "label": label(name, name),
        "on": [trigger],
        **about,
    }


def made(title: str, marker: str = "'made'") -> dict[str, Any]:
    return {"create": {"object": "memo", "set": {"title": title, "marker": marker}}}


AS_SYSTEM = {"runs_as": "system", "rights": [{"object": "memo", "actions": ["create", "update"]}]}
AUTOMATIONS: tuple[dict[str, Any], ...] = (
    automation(
        "early", "create", run="before", actions=[{"set": {"n": "n + 1", "note": "'early'"}}]
    ),
    automation(
        "refused",
        "update",
        run="before",
        when="n > 100 AND OLD(n) <= 100",
        actions=[{"refuse": {"message": label("Too many", "太多"), "field": "n"}}],
    ),
    automation("after", "create", run="after", actions=[made("title")]),
    automation(
        "job",
        "create",
        **AS_SYSTEM,
        actions=[
            {"set": {"note": "'worked'"}},
            made("title"),
            {"when": "n > 5", "set": {"n": "0"}},
            {
                "for_each": {
                    "object": "memo",
                    "rows": "LIST(memo.id WHERE marker = 'row')",
                    "actions": [{"set": {"n": "n + 1", "note": "this.title"}}],
                }
            },
        ],
    ),
    automation(
        "loop",
        "update",
        on={"event": "update", "changed": ["n"]},
        run="after",
        actions=[{"set": {"n": "n + 1"}}],
    ),
    automation("as_actor", "create", actions=[{"set": {"n": "7"}}]),
    automation(
        "fails",
        "create",
        actions=[made("'before it failed'", "'kept'"), made("IF(n > 0, NULL, title)")],
    ),
    automation(
        "tells",
        "create",
        actions=[
            {
                "notify": {
                    "to": [{"role": "dealer"}, {"field": "person"}],
                    "text": label("See {{ title }}, {{secret}}: {{ n }}", "见{{ title }}"),
                }
            }
        ],
    ),
    automation(
        "delivers",
        "create",
        **AS_SYSTEM,
        actions=[
            {
                "create": {
                    "object": "memo",
                    "each": {
                        "person": "person",
                        "roles": ["dealer", "finance", "boss"],
                        "within": "LIST(company.id WHERE code != 'sub')",
                    },
                    "set": {"title": "title", "marker": "'delivered'"},
                }
            }
        ],
    ),
    automation(
        "tells_group",
        "create",
        actions=[
            {
                "notify": {
                    "to": [{"endpoint": "group"}, {"field": "person"}],
                    "text": label(
                        "New: {{ title }} ({{ secret }})", "新建：{{ title }}（{{ secret }}）"
                    ),
                }
            }
        ],
    ),
    automation(
        "sends",
        "create",
        actions=[
            {"webhook": {"endpoint": "erp", "fields": ["title", "n", "double", "claim.subject"]}}
        ],
    ),
    automation(
        "cancelled",
        "transition",
        object="claim",
        on={"event": "transition", "transitions": ["cancel"]},
        when="OLD(status) = 'rejected' OR OLD(status) = 'draft'",
        run="after",
        **AS_SYSTEM | {"rights": [{"object": "memo", "actions": ["create"]}]},
        actions=[made("subject", "'cancelled'")],
    ),
    automation(
        "decided",
        "approval",
        object="claim",
        on={"event": "approval", "results": ["approved"]},
        when="payable > 0",
        run="after",
        **AS_SYSTEM | {"rights": [{"object": "memo", "actions": ["create"]}]},
        actions=[made("subject", "'decided'")],
    ),
    automation(
        "itemised",
        "child",
        object="claim",
        on={"event": "child", "child": "items"},
        when="total > 1000",
        run="after",
        actions=[{"set": {"kind": "'loss'"}}],
    ),
)


def with_automations(contents: dict[tuple[str, str], dict[str, Any]]) -> None:
    """Add memos and their automations to the claims workspace."""
    for one in (MEMO, GRANTS, *AUTOMATIONS):
        contents[one["kind"], one["name"]] = one


def open_automated(url: str, **settings: str) -> Live:
    return open_live(url, with_automations, **settings)


def run_rows(live: Live, name: str | None = None) -> list[Any]:
    query = sa.select(AUTOMATION_RUN).order_by(AUTOMATION_RUN.c.id)
    if name is not None:
        query = query.where(AUTOMATION_RUN.c.name == name)
    with live.platform.database.reading() as reading:
        return list(reading.connection.execute(query))


def action_rows(live: Live, run_id: str) -> list[Any]:
    query = sa.select(AUTOMATION_ACTION).where(AUTOMATION_ACTION.c.run == run_id)
    with live.platform.database.reading() as reading:
        return list(reading.connection.execute(query.order_by(AUTOMATION_ACTION.c.id)))


def told(live: Live) -> list[Any]:
    query = sa.select(NOTIFICATION).where(NOTIFICATION.c.kind == "automation.told")
    with live.platform.database.reading() as reading:
        return list(reading.connection.execute(query))

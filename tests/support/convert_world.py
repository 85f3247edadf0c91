"""Orders that are shipped in parts and invoiced from what was shipped, on a whole platform."""

from __future__ import annotations

from typing import Any

from tests.support.documents import field, label
from tests.support.live import PASSWORD, Live, open_live

Contents = dict[tuple[str, str], dict[str, Any]]


def _object(name: str, *fields: dict[str, Any], **keys: Any) -> dict[str, Any]:
    return {
        "kind": "object",
        "name": name,
        "label": label(name.title(), name),
        "fields": list(fields),
        **keys,
    }


def _lines(name: str) -> list[dict[str, Any]]:
    return [{"name": "lines", "object": name, "by": "of", "label": label("Lines", "明细")}]


COUNTED = field(
    "counted", "quantity", default="IF(of.status = 'cancelled', 0, qty)", written_by="system"
)
"""How much of its source a row holds: nothing once its document is cancelled."""
ENOUGH = {
    "name": "enough",
    "when": "taken > OLD(taken)",
    "unless": "open >= 0",
    "message": label("More than there is", "超出数量"),
}


def _taken(by: str) -> list[dict[str, Any]]:
    return [
        field("taken", "rollup", op="sum", of=f"{by}.counted", by="source"),
        field("open", "formula", returns="quantity", formula="qty - taken"),
    ]


OBJECTS = (
    _object(
        "purchase",
        field("title", "text", length=40, required=True),
        field("company", "lookup", to="company", default="MY_ORGANISATION()"),
        title="title",
        scope_paths={"organisation": "company"},
        children=_lines("purchase_line"),
    ),
    _object(
        "purchase_line",
        field("of", "master_detail", to="purchase", required=True),
        field("sku", "text", length=20, required=True),
        field("qty", "quantity", required=True, least="0.001"),
        *_taken("shipment_line"),
        rules=[ENOUGH],
        title="sku",
    ),
    _object(
        "shipment",
        field("purchase", "lookup", to="purchase", required=True),
        field("note", "text", length=40),
        field("company", "lookup", to="company", default="MY_ORGANISATION()"),
        field("status", "state", workflow="shipment_flow"),
        title="note",
        scope_paths={"organisation": "company"},
        children=_lines("shipment_line"),
    ),
    _object(
        "shipment_line",
        field("of", "master_detail", to="shipment", required=True),
        field("source", "lookup", to="purchase_line", required=True),
        field("sku", "text", length=20),
        field("qty", "quantity", required=True, least="0.001"),
        COUNTED,
        *_taken("bill_line"),
        rules=[ENOUGH],
        title="sku",
    ),
    _object(
        "bill",
        field("shipment", "lookup", to="shipment", required=True),
        field("status", "state", workflow="bill_flow"),
        children=_lines("bill_line"),
    ),
    _object(
        "bill_line",
        field("of", "master_detail", to="bill", required=True),
        field("source", "lookup", to="shipment_line", required=True),
        field("qty", "quantity", required=True, least="0.001"),
        COUNTED,
    ),
)


def _flow(of: str) -> dict[str, Any]:
    return {
        "kind": "workflow",
        "name": f"{of}_flow",
        "object": of,
        "field": "status",
        "label": label(of, of),
        "states": [
            {"name": "draft", "label": label("Draft", "草稿"), "initial": True},
            {"name": "cancelled", "label": label("Cancelled", "已取消"), "final": True},
        ],
        "transitions": [
            {
                "name": "cancel",
                "label": label("Cancel", "取消"),
                "from": ["draft"],
                "to": "cancelled",
            }
        ],
    }


def _grants(of: str, **keys: Any) -> dict[str, Any]:
    actions = ["create", "read", "update", "delete"]
    taken = ["cancel"] if keys.get("flow", True) else []
    everything = {"role": "admin", "actions": actions, "scope": "all", "transitions": taken}
    grants = [everything]
    if of != "bill":
        grants.append({**everything, "role": "dealer", "scope": "organisation"})
    return {"kind": "permission", "name": of, "object": of, "grants": grants}


def _converting(name: str, of: str, to: str, **keys: Any) -> dict[str, Any]:
    action = {
        "object": to,
        "lines": "lines",
        "remaining": "open",
        "into": "lines",
        "quantity": "qty",
        "source": "source",
        **keys,
    }
    return {
        "kind": "automation",
        "name": name,
        "object": of,
        "label": label(name.title(), f"生成{to}"),
        "on": [{"event": "button", "several": True, "roles": ["dealer", "admin"]}],
        "run": "after",
        "actions": [{"convert": action}],
    }


SHIP = _converting(
    "ship",
    "purchase",
    "shipment",
    set={"purchase": "id", "note": "input.note", "company": "company"},
    each={"sku": "sku"},
)
SHIP["on"][0]["inputs"] = [field("note", "text", length=40)]
BILL = _converting("invoice", "shipment", "bill", set={"shipment": "id"})
BILL |= {"runs_as": "system", "rights": [{"object": "bill", "actions": ["create"]}]}


def with_conversions(contents: Contents) -> None:
    flows = (_flow("shipment"), _flow("bill"))
    grants = (_grants("purchase", flow=False), _grants("shipment"), _grants("bill"))
    for one in (*OBJECTS, *flows, *grants, SHIP, BILL):
        contents[one["kind"], one["name"]] = one


def open_conversions(url: str) -> Live:
    live = open_live(url, with_conversions)
    with live.platform.database.writing(None) as work:
        live.platform.identity.set_password(work, live.ids["ann"], PASSWORD)
    live.renewed_client("ann")
    return live


def purchase(live: Live, title: str, *quantities: str) -> tuple[str, list[str]]:
    """Make an order of ann's; return its id and those of its lines."""
    lines = [{"sku": f"S{number}", "qty": one} for number, one in enumerate(quantities)]
    sent = {"title": title, "lines": lines}
    answer = live.client("ann").post("/api/v1/records/purchase", json=sent)
    assert answer.status_code == 201, answer.json
    return answer.json["id"], [one["id"] for one in answer.json["lines"]]


def fill(live: Live) -> None:
    """Make something to look at."""
    live.ids["purchase"], rows = purchase(live, "Autumn order", "10", "2.5", "4")
    address = f"/api/v1/records/purchase/{live.ids['purchase']}/buttons/ship"
    sent = {"quantities": {rows[0]: "4", rows[2]: "4"}}
    live.client("ann").post(address, json=sent, headers={"If-Match": '"1"'})

"""A module that adds to every kind of definition of the small workspace."""

from __future__ import annotations

import copy
from typing import Any

from headrace.platform.metadata.documents import Document
from tests.support.documents import documents, field, label

MANIFEST: dict[str, Any] = {
    "kind": "module",
    "name": "transport",
    "version": "1.0.0",
    "label": label("Transport", "运输"),
    "requires": ["claims"],
}
ROLE: dict[str, Any] = {
    "kind": "role",
    "name": "inspector",
    "label": label("Inspector", "检查员"),
}
CARRIER: dict[str, Any] = {
    "kind": "object",
    "name": "carrier",
    "label": label("Carrier", "承运商"),
    "title": "name",
    "fields": [
        field("name", "text", length=60, required=True),
        field("ground", "choice", choice_set="grounds"),
    ],
}
CARRIERS: dict[str, Any] = {
    "kind": "permission",
    "name": "carrier",
    "object": "carrier",
    "grants": [
        {"role": "admin", "actions": ["create", "read", "update", "delete"], "scope": "all"},
        {"role": "dealer", "actions": ["read"], "scope": "all"},
        {"role": "inspector", "actions": ["read"], "scope": "all"},
    ],
}
CARRIER_VIEW: dict[str, Any] = {
    "kind": "view",
    "name": "claims_of_carriers",
    "object": "claim",
    "label": label("By carrier", "按承运商"),
    "type": "table",
    "columns": ["claim_no", "subject"],
}


def extension(of: str, name: str, **keys: Any) -> dict[str, Any]:
    """Return an extension document."""
    return {"kind": "extends", "of": of, "name": name, **keys}


EXTENSIONS: tuple[dict[str, Any], ...] = (
    extension(
        "object",
        "claim",
        fields=[
            field("carrier", "lookup", to="carrier"),
            field("inspected_on", "date"),
            field("waybill", "text", length=40),
        ],
        rules=[
            {
                "name": "inspected_later",
                "unless": "inspected_on >= claimed_on",
                "field": "inspected_on",
                "message": label("Inspected after the claim", "检查日期须晚于理赔日期"),
            }
        ],
        unique=[{"fields": ["carrier", "waybill"]}],
        search=["waybill"],
        choices={"kind": [{"value": "delay", "label": label("Delay", "延误")}]},
        after={"carrier": "company", "delay": "", "waybill": "claim_no"},
    ),
    extension(
        "workflow",
        "claim_flow",
        states=[{"name": "inspecting", "label": label("Inspecting", "检查中")}],
        transitions=[
            {
                "name": "inspect",
                "label": label("Inspect", "检查"),
                "from": ["draft"],
                "to": "inspecting",
                "by": ["inspector"],
            }
        ],
        **{"from": {"submit": ["inspecting"]}},
        by={"submit": ["inspector"]},
        after={"inspecting": "draft"},
    ),
    extension(
        "approval",
        "claim_by_amount",
        steps=[
            {
                "name": "inspection",
                "label": label("Inspection", "检查"),
                # Inspectors submit too; where there is one only, a boss is asked.
                "approvers": [{"role": "inspector"}, {"role": "boss"}],
            }
        ],
        editable={"sign_off": ["inspected_on"]},
        after={"inspection": "manager"},
    ),
    extension(
        "permission",
        "claim",
        grants=[
            {
                "role": "inspector",
                "actions": ["read", "update"],
                "scope": "all",
                "fields": {"edit": ["inspected_on"]},
                "transitions": ["inspect", "submit"],
            },
            {
                "role": "dealer",
                "actions": ["update"],
                "scope": "organisation",
                "fields": {"edit": ["carrier", "waybill"]},
            },
        ],
    ),
    extension(
        "form",
        "claim_entry",
        sections=[{"name": "transport", "label": label("Transport", "运输"), "items": ["waybill"]}],
        items={"claim": ["carrier", "inspected_on"]},
        after={"carrier": "company", "transport": "claim"},
    ),
    extension(
        "view",
        "open_claims",
        columns=["carrier.name", "inspected_on"],
        after={"carrier.name": "claim_no"},
    ),
    extension(
        "report",
        "claims_by_month",
        measures=[{"op": "max", "field": "inspected_on", "label": label("Last", "最近")}],
        group_rows=["carrier.name"],
    ),
    extension(
        "dashboard",
        "claims_overview",
        tiles=[
            {
                "name": "last_inspection",
                "report": "claims_by_month",
                "kind": "number",
                "measure": "max_inspected_on",
            }
        ],
        after={"last_inspection": "cost"},
    ),
    extension(
        "module",
        "claims",
        menu=[{"label": label("Carriers", "承运商"), "object": "carrier"}],
        views={"claim": ["claims_of_carriers"]},
    ),
    extension(
        "choice_set",
        "grounds",
        choices=[{"value": "wet", "label": label("Wet", "受潮")}],
        after={"wet": "broken"},
    ),
)
"""One extension for each kind."""


GROUNDS: dict[str, Any] = {
    "kind": "choice_set",
    "name": "grounds",
    "label": label("Grounds", "理由"),
    "choices": [
        {"value": "broken", "label": label("Broken", "破损")},
        {"value": "late", "label": label("Late", "迟到")},
    ],
}


def base(name_sections: bool = True) -> list[Document]:
    """Return the small workspace; with sections that extensions can name."""
    result = [*documents(), Document("claims", copy.deepcopy(GROUNDS))]
    for one in result:
        if one.kind == "form" and name_sections:
            for section, name in zip(one.content["sections"], ("claim", "items"), strict=True):
                section["name"] = name
    return result


def extending(*extensions: dict[str, Any], module: str = "transport") -> list[Document]:
    """Return the documents of the module that extends, with these extensions."""
    own = (MANIFEST, ROLE, CARRIER, CARRIERS, CARRIER_VIEW)
    return [Document(module, copy.deepcopy(one)) for one in (*own, *extensions)]


def extended() -> list[Document]:
    """Return the small workspace with one extension for each kind."""
    return [*base(), *extending(*EXTENSIONS)]

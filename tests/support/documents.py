"""A small workspace as JSON documents, for tests to change and publish.

`workspace()` gives fresh copies each time: mutate them freely.
"""

from __future__ import annotations

import copy
from typing import Any

from headrace.platform.metadata.documents import Document


def label(en: str, zh: str) -> dict[str, str]:
    return {"en": en, "zh": zh}


def field(name: str, type_: str, **keys: Any) -> dict[str, Any]:
    return {"name": name, "type": type_, "label": label(name, name), **keys}


MODULE: dict[str, Any] = {
    "kind": "module",
    "name": "claims",
    "version": "1.0.0",
    "label": label("Claims", "理赔"),
    "constants": [{"name": "claim_limit", "type": "money", "value": "1000.00"}],
    "menu": [
        {"label": label("Claims", "理赔"), "object": "claim", "views": ["open_claims"]},
        {"label": label("By month", "按月"), "report": "claims_by_month"},
    ],
}
ROLES: list[dict[str, Any]] = [
    {
        "kind": "role",
        "name": "admin",
        "label": label("Admin", "管理员"),
        "design": True,
        "migrate": True,
    },
    {"kind": "role", "name": "dealer", "label": label("Dealer", "经销商"), "audience": "partner"},
    {"kind": "role", "name": "boss", "label": label("Boss", "主管")},
    {"kind": "role", "name": "finance", "label": label("Finance", "财务")},
]
REGION: dict[str, Any] = {
    "kind": "object",
    "name": "region",
    "label": label("Region", "大区"),
    "acts_as": "territory",
    "title": "name",
    "scope_paths": {"territory": "id"},
    "fields": [
        field("code", "text", length=20, required=True, external_id=True),
        field("name", "text", length=60, required=True),
        field("parent", "tree"),
    ],
}
COMPANY: dict[str, Any] = {
    "kind": "object",
    "name": "company",
    "label": label("Company", "公司"),
    "acts_as": "organisation",
    "title": "name",
    "search": ["name", "code"],
    "scope_paths": {"organisation": "id", "territory": "region"},
    "fields": [
        field("code", "text", length=20, required=True, external_id=True),
        field("name", "text", length=120, required=True),
        field("parent", "tree"),
        field("region", "lookup", to="region"),
        field("manager", "user"),
        field("note", "text", audience="internal"),
        field("claim_count", "rollup", op="count", of="claim", by="company"),
    ],
}
CLAIM: dict[str, Any] = {
    "kind": "object",
    "name": "claim",
    "label": label("Claim", "理赔单"),
    "plural": label("Claims", "理赔单"),
    "title": "claim_no",
    "search": ["claim_no", "subject"],
    "history": True,
    "scope_paths": {
        "organisation": "company",
        "territory": "company.region",
        "owner": "created_by",
    },
    "fields": [
        field("claim_no", "auto_number", pattern="CL-{YYYY}{MM}-{0000}", external_id=True),
        field("company", "lookup", to="company", required=True, default="MY_ORGANISATION()"),
        field("subject", "text", length=100, required=True),
        field("claimed_on", "date", required=True, default="TODAY()"),
        field(
            "kind",
            "choice",
            default="'damage'",
            choices=[
                {"value": "damage", "label": label("Damage", "破损")},
                {"value": "loss", "label": label("Loss", "丢失")},
            ],
        ),
        field("fee", "money", default="0"),
        field("reserve", "money", audience="internal"),
        field("total", "rollup", op="sum", of="claim_item.amount", by="claim"),
        field("payable", "formula", returns="money", formula="total + fee"),
        field("region_name", "formula", returns="text", formula="company.region.name"),
        field("decided_at", "datetime", written_by="system"),
        field("status", "state", workflow="claim_flow"),
    ],
    "children": [
        {
            "name": "items",
            "object": "claim_item",
            "by": "claim",
            "label": label("Items", "明细"),
            "max": 50,
        }
    ],
    "rules": [
        {
            "name": "fee_cap",
            "unless": "fee <= 500",
            "field": "fee",
            "message": label("The fee is at most 500", "费用不超过 500"),
        }
    ],
    "unique": [{"fields": ["company", "subject"]}],
}
ITEM: dict[str, Any] = {
    "kind": "object",
    "name": "claim_item",
    "label": label("Item", "明细"),
    "fields": [
        field("claim", "master_detail", to="claim", required=True),
        field("what", "text", length=60, required=True),
        field("qty", "quantity", required=True, default="1", least="0.001"),
        field("price", "money", required=True, default="10"),
        field("amount", "formula", returns="money", formula="ROUND(qty * price, 2)"),
    ],
}
FLOW: dict[str, Any] = {
    "kind": "workflow",
    "name": "claim_flow",
    "object": "claim",
    "field": "status",
    "label": label("Claim flow", "理赔流程"),
    "states": [
        {"name": "draft", "label": label("Draft", "草稿"), "initial": True},
        {"name": "in_approval", "label": label("In approval", "审批中"), "colour": "amber"},
        {"name": "paid", "label": label("Paid", "已赔付"), "final": True, "colour": "green"},
        {"name": "rejected", "label": label("Rejected", "已驳回"), "colour": "red"},
        {"name": "cancelled", "label": label("Cancelled", "已取消"), "final": True},
    ],
    "transitions": [
        {
            "name": "submit",
            "label": label("Submit", "提交"),
            "from": ["draft"],
            "to": "in_approval",
            "without_approval": "paid",
            "by": ["dealer"],
            "when": "payable > 0",
            "on": {
                "approved": {"to": "paid", "set": {"decided_at": "NOW()"}},
                "rejected": "rejected",
                "withdrawn": "draft",
            },
        },
        {
            "name": "revise",
            "label": label("Revise", "修改"),
            "from": ["rejected"],
            "to": "draft",
            "by": ["dealer"],
        },
        {
            "name": "cancel",
            "label": label("Cancel", "取消"),
            "from": ["draft", "rejected"],
            "to": "cancelled",
            "by": ["dealer"],
            "needs": ["comment"],
        },
    ],
}
APPROVAL: dict[str, Any] = {
    "kind": "approval",
    "name": "claim_by_amount",
    "workflow": "claim_flow",
    "transition": "submit",
    "label": label("By amount", "按金额"),
    "priority": 10,
    "when": "payable > 100",
    "steps": [
        {
            "name": "manager",
            "label": label("Manager", "经理"),
            "approvers": [{"field": "company.manager"}],
        },
        {
            "name": "sign_off",
            "label": label("Sign-off", "会签"),
            "when": "payable > $C.claim_limit",
            "mode": "all",
            "editable": ["reserve"],
            "approvers": [
                {"role": "finance"},
                {"role": "boss", "within": "company.region"},
            ],
        },
    ],
}
PERMISSIONS: list[dict[str, Any]] = [
    {
        "kind": "permission",
        "name": "claim",
        "object": "claim",
        "grants": [
            {"role": "admin", "actions": ["create", "read", "update", "delete"], "scope": "all"},
            {
                "role": "dealer",
                "actions": ["create", "read"],
                "scope": "organisation",
                "transitions": ["submit", "revise", "cancel"],
            },
            {
                "role": "dealer",
                "actions": ["update"],
                "scope": "organisation",
                "when": "status = 'draft'",
                "fields": {"edit": ["subject", "kind", "fee", "claimed_on", "items"]},
            },
            {"role": "boss", "actions": ["read"], "scope": "territory_tree"},
            {"role": "finance", "actions": ["read"], "scope": "all"},
        ],
    },
    {
        "kind": "permission",
        "name": "company",
        "object": "company",
        "grants": [
            {"role": "admin", "actions": ["create", "read", "update", "delete"], "scope": "all"},
            {"role": "dealer", "actions": ["read"], "scope": "organisation_tree"},
            {"role": "boss", "actions": ["read"], "scope": "territory_tree"},
            {"role": "finance", "actions": ["read"], "scope": "all"},
        ],
    },
    {
        "kind": "permission",
        "name": "region",
        "object": "region",
        "grants": [
            {"role": "admin", "actions": ["create", "read", "update", "delete"], "scope": "all"},
            {"role": "dealer", "actions": ["read"], "scope": "all"},
            {"role": "boss", "actions": ["read"], "scope": "all"},
        ],
    },
]
FORM: dict[str, Any] = {
    "kind": "form",
    "name": "claim_entry",
    "object": "claim",
    "label": label("Claim", "理赔单"),
    "for": {"roles": ["dealer"]},
    "sections": [
        {
            "label": label("Claim", "理赔"),
            "columns": 2,
            "items": ["company", "subject", "claimed_on", "kind", "fee", "payable"],
        },
        {
            "label": label("Items", "明细"),
            "items": [{"children": "items", "columns": ["what", "qty", "price", "amount"]}],
        },
    ],
}
VIEW: dict[str, Any] = {
    "kind": "view",
    "name": "open_claims",
    "object": "claim",
    "label": label("Open", "未结"),
    "type": "table",
    "columns": ["claim_no", "company", "payable", "status"],
    "where": "status != 'paid'",
    "sort": ["-claimed_on"],
}
REPORT: dict[str, Any] = {
    "kind": "report",
    "name": "claims_by_month",
    "label": label("Claims by month", "按月理赔"),
    "type": "grouped",
    "object": "claim",
    "where": "status != 'cancelled'",
    "group_rows": [{"field": "claimed_on", "bucket": "month"}],
    "group_columns": ["company.name"],
    "measures": [
        {"op": "sum", "field": "payable", "label": label("Amount", "金额")},
        {"op": "count", "label": label("Count", "单数")},
    ],
    "chart": {"mark": "bar"},
}
DASHBOARD: dict[str, Any] = {
    "kind": "dashboard",
    "name": "claims_overview",
    "label": label("Claims overview", "理赔看板"),
    "help": label("What claims cost", "理赔费用"),
    "tiles": [
        {"name": "cost", "report": "claims_by_month", "kind": "number"},
        {
            "name": "claims",
            "report": "claims_by_month",
            "kind": "number",
            "label": label("Claims", "理赔单"),
            "measure": "count_all",
        },
        {"name": "course", "report": "claims_by_month", "kind": "chart", "width": 2},
        {"name": "months", "report": "claims_by_month", "kind": "table", "width": 4},
    ],
}


def workspace() -> dict[tuple[str, str], dict[str, Any]]:
    """Return fresh copies of all documents by (kind, name)."""
    documents = [
        MODULE,
        *ROLES,
        REGION,
        COMPANY,
        CLAIM,
        ITEM,
        FLOW,
        APPROVAL,
        *PERMISSIONS,
        FORM,
        VIEW,
        REPORT,
        DASHBOARD,
    ]
    return {(one["kind"], one["name"]): copy.deepcopy(one) for one in documents}


def documents(contents: dict[tuple[str, str], dict[str, Any]] | None = None) -> list[Document]:
    """Return the workspace as `Document`s of the module `claims`."""
    chosen = workspace() if contents is None else contents
    return [Document("claims", content) for content in chosen.values()]

"""The workspace of the comparison: areas in a tree, customers in areas, purchases of customers."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]


def _field(name: str, kind: str, **keys: Any) -> Json:
    return {"name": name, "type": kind, "label": {"en": name, "zh": name}, **keys}


def _choices(*values: str) -> list[Json]:
    return [{"value": one, "label": {"en": one, "zh": one}} for one in values]


DOCUMENTS: tuple[Json, ...] = (
    {"kind": "module", "name": "bench", "version": "1.0.0", "label": {"en": "Bench", "zh": "基准"}},
    {
        "kind": "role",
        "name": "designer",
        "label": {"en": "d", "zh": "d"},
        "design": True,
        "migrate": True,
    },
    {"kind": "role", "name": "seller", "label": {"en": "Seller", "zh": "销售"}},
    {
        "kind": "object",
        "name": "area",
        "label": {"en": "Area", "zh": "区域"},
        "title": "name",
        "acts_as": "territory",
        "scope_paths": {"territory": "id"},
        "fields": [
            _field("code", "text", length=20, required=True, external_id=True),
            _field("name", "text", length=60, required=True),
            _field("parent", "tree"),
        ],
    },
    {
        "kind": "object",
        "name": "customer",
        "label": {"en": "Customer", "zh": "客户"},
        "title": "name",
        "scope_paths": {"territory": "area"},
        "fields": [
            _field("code", "text", length=20, required=True, external_id=True),
            _field("name", "text", length=120, required=True),
            _field("tier", "choice", choices=_choices("gold", "silver", "bronze")),
            _field("area", "lookup", to="area", required=True),
        ],
    },
    {
        "kind": "object",
        "name": "purchase",
        "label": {"en": "Purchase", "zh": "采购单"},
        "title": "order_no",
        "history": True,
        "scope_paths": {"territory": "customer.area"},
        "fields": [
            _field("order_no", "auto_number", pattern="P-{YYYY}-{000000}"),
            _field("customer", "lookup", to="customer", required=True),
            _field("order_date", "date", required=True),
            _field("order_type", "choice", choices=_choices("standard", "urgent", "sample")),
            _field("source", "choice", choices=_choices("portal", "phone", "api")),
            _field("amount", "money", required=True),
            _field("discount", "money", required=True),
            _field("payable", "formula", returns="money", formula="amount - discount"),
            _field("priority", "integer"),
            _field("note", "text", length=200),
            _field("status", "choice", choices=_choices("open", "shipped", "closed")),
        ],
        "rules": [
            {
                "name": "discount_cap",
                "unless": "discount <= amount",
                "field": "discount",
                "message": {"en": "The discount is above the amount", "zh": "折扣超过金额"},
            }
        ],
    },
    {
        "kind": "permission",
        "name": "area",
        "object": "area",
        "grants": [{"role": "seller", "actions": ["read"], "scope": "all"}],
    },
    {
        "kind": "permission",
        "name": "customer",
        "object": "customer",
        "grants": [{"role": "seller", "actions": ["read"], "scope": "territory_tree"}],
    },
    {
        "kind": "permission",
        "name": "purchase",
        "object": "purchase",
        "grants": [
            {"role": "seller", "actions": ["read", "create", "update"], "scope": "territory_tree"}
        ],
    },
    {
        "kind": "view",
        "name": "open_purchases",
        "object": "purchase",
        "type": "table",
        "label": {"en": "Open", "zh": "未结"},
        "columns": ["order_no", "customer", "payable", "status"],
        "where": "status = 'open'",
        "sort": ["-order_date"],
    },
    {
        "kind": "report",
        "name": "by_tier_and_month",
        "object": "purchase",
        "type": "grouped",
        "label": {"en": "By tier and month", "zh": "按等级与月份"},
        "group_rows": ["customer.tier", {"field": "order_date", "bucket": "month"}],
        "measures": [{"op": "sum", "field": "payable"}, {"op": "count"}],
    },
)

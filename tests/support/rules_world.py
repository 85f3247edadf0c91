"""A small workspace whose object has rules and field rules of every kind."""

from __future__ import annotations

from typing import Any

from headrace.platform.metadata.documents import Document
from headrace.platform.publishing.folders import Modules
from tests.support.live import PASSWORD, Live, open_filled
from tests.support.world import World, open_world


def choice(name: str, *values: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "type": "choice", "choices": [{"value": one} for one in values], **more}


ITEM_RULES: list[dict[str, Any]] = [
    {"name": "gift_is_free", "about": ["price"], "effect": "show", "when": "sort != 'gift'"},
    {"name": "priced", "about": ["price"], "effect": "require", "when": "parcel.amount > 500"},
]
FIELD_RULES: list[dict[str, Any]] = [
    {"name": "abroad", "about": ["port"], "effect": "show", "when": "market = 'export'"},
    {"name": "port_named", "about": ["port"], "effect": "require", "when": "amount > 100"},
    {
        "name": "explained",
        "about": ["reason"],
        "effect": "require",
        "when": "discount > 10",
        "message": {"en": "Large discounts need a reason", "zh": "折扣较大时须说明原因"},
    },
    {
        "name": "fixed",
        "about": ["amount"],
        "effect": "lock",
        "when": "frozen AND NOT USER_HAS('boss')",
    },
    {
        "name": "by_land",
        "about": ["way"],
        "effect": "limit",
        "allowed": ["road", "rail"],
        "when": "market = 'home'",
    },
    {"name": "secretly", "about": ["note"], "effect": "show", "when": "margin > 5"},
]
RULES: list[dict[str, Any]] = [
    {
        "name": "unusual",
        "severity": "warning",
        "unless": "amount <= 1000",
        "field": "amount",
        "message": {"en": "Unusually much", "zh": "金额偏大"},
    },
    {
        "name": "most",
        "unless": "amount <= 5000",
        "field": "amount",
        "message": {"en": "Too much", "zh": "金额过大"},
    },
]


def contents() -> list[dict[str, Any]]:
    """Return the documents as JSON."""
    return [
        {"kind": "module", "name": "post", "version": "1.0.0"},
        {"kind": "role", "name": "clerk", "audience": "partner"},
        {"kind": "role", "name": "boss", "design": True},
        {
            "kind": "object",
            "name": "parcel",
            "title": "name",
            "fields": [
                {"name": "name", "type": "text", "required": True},
                choice("market", "home", "export", default="'home'"),
                choice("way", "road", "rail", "sea", "air"),
                {"name": "port", "type": "text"},
                {"name": "amount", "type": "money", "default": "50"},
                {"name": "discount", "type": "percent"},
                {"name": "reason", "type": "text"},
                {"name": "frozen", "type": "boolean", "default": "FALSE"},
                {"name": "margin", "type": "money", "audience": "internal"},
                {"name": "note", "type": "text"},
                {"name": "receipt", "type": "text", "required_in": ["paid"]},
                {"name": "status", "type": "state", "workflow": "parcel_flow"},
            ],
            "children": [{"name": "items", "object": "item", "by": "parcel", "max": 5}],
            "rules": RULES,
            "field_rules": FIELD_RULES,
        },
        {
            "kind": "object",
            "name": "item",
            "fields": [
                {"name": "parcel", "type": "master_detail", "to": "parcel"},
                choice("sort", "normal", "gift", default="'normal'"),
                {"name": "price", "type": "money"},
            ],
            "field_rules": ITEM_RULES,
        },
        {
            "kind": "workflow",
            "name": "parcel_flow",
            "object": "parcel",
            "field": "status",
            "states": [
                {"name": "open", "initial": True},
                {"name": "paid"},
                {"name": "gone", "final": True},
            ],
            "transitions": [
                {"name": "pay", "from": ["open"], "to": "paid"},
                {"name": "send", "from": ["paid"], "to": "gone"},
            ],
        },
        {
            "kind": "permission",
            "name": "parcel",
            "object": "parcel",
            "grants": [
                {
                    "role": role,
                    "actions": ["create", "read", "update"],
                    "scope": "all",
                    "transitions": ["pay", "send"],
                }
                for role in ("clerk", "boss")
            ],
        },
    ]


TYPES: list[dict[str, Any]] = [
    {"name": "plain", "label": {"en": "Plain", "zh": "普通"}},
    {"name": "fragile", "label": {"en": "Fragile", "zh": "易碎"}, "when": "amount > 40"},
    {"name": "secret", "label": {"en": "Secret", "zh": "机密"}, "roles": ["boss"]},
]


def typed(types: list[dict[str, Any]] = TYPES) -> list[dict[str, Any]]:
    changed = contents()
    parcel = next(one for one in changed if one["name"] == "parcel" and one["kind"] == "object")
    parcel["record_types"] = types
    parcel["field_rules"] = [
        *parcel["field_rules"],
        {
            "name": "careful",
            "about": ["reason"],
            "effect": "require",
            "when": "record_type = 'fragile'",
        },
    ]
    changed.append(
        {
            "kind": "form",
            "name": "fragile_parcel",
            "object": "parcel",
            "for": {"record_types": ["fragile"]},
            "sections": [{"items": ["record_type", "name", "amount", "reason"]}],
        }
    )
    return changed


def documents(changed: list[dict[str, Any]] | None = None) -> list[Document]:
    return [Document("post", one) for one in changed or contents()]


def open_rules(url: str) -> World:
    return open_world(url, documents())


def open_live_rules(
    url: str, password: str = PASSWORD, changed: list[dict[str, Any]] | None = None
) -> Live:
    """Publish the workspace in a whole platform; a clerk of a partner and a boss."""

    def fill(live: Live) -> None:
        modules = Modules(("post",), tuple(documents(changed)), (), ())
        publisher = live.platform.publisher
        publisher.publish(publisher.plan_modules(modules), "test", None)
        live.add_user("clerk", "clerk", password=password)
        live.add_user("boss", "boss", password=password)

    return open_filled(Live, url, [changed or contents(), password], fill)

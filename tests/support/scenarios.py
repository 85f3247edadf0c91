"""A scenario of the small workspace: a claim above the limit is decided by manager, finance and boss."""

from __future__ import annotations

import copy
from typing import Any

from tests.support.documents import label

SIGNED_OFF: dict[str, Any] = {
    "kind": "scenario",
    "name": "signed_off",
    "label": label("Signed off", "会签"),
    "at": "2025-06-30T10:00",
    "given": {
        "users": [
            {"name": "dora", "roles": ["dealer"], "organisation": "shop"},
            {"name": "olaf", "roles": ["dealer"], "organisation": "other"},
            {"name": "mia"},
            {"name": "fred", "roles": ["finance"]},
            {"name": "bob", "roles": ["boss"], "territory": "city"},
        ],
        "records": [
            {"name": "city", "object": "region", "values": {"code": "C", "name": "City"}},
            {
                "name": "shop",
                "object": "company",
                "values": {
                    "code": "S",
                    "name": "Shop",
                    "region": {"named": "city"},
                    "manager": {"named": "mia"},
                },
            },
            {"name": "other", "object": "company", "values": {"code": "O", "name": "Other"}},
        ],
    },
    "when": [
        {
            "by": "dora",
            "create": {
                "name": "claim",
                "object": "claim",
                "values": {
                    "subject": "Broken pumps",
                    "kind": "loss",
                    "items": [{"what": "Pump", "qty": "2", "price": "600"}],
                },
            },
        },
        {
            "by": "dora",
            "update": {"record": "claim", "values": {"fee": "600"}},
            "refused": "rule.broken",
        },
        {"by": "dora", "move": {"record": "claim", "transition": "submit"}},
        {"by": "mia", "decide": {"record": "claim", "action": "approve"}},
        {"by": "fred", "decide": {"record": "claim", "action": "approve"}},
    ],
    "then": [
        {
            "record": "claim",
            "state": "in_approval",
            "values": {"payable": "1200", "kind": "loss", "company": {"named": "shop"}},
            "tasks": ["bob"],
            "seen_by": ["dora", "bob"],
            "hidden_from": ["olaf"],
        }
    ],
}


def signed_off() -> dict[str, Any]:
    """Return a fresh copy of it."""
    return copy.deepcopy(SIGNED_OFF)

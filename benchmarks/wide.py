"""A workspace as wide as one likes: objects with lookups, formulas, rules, rights and screens.

One hub that everything refers to stands in the module `core`, one object by itself in `changing`, the
others ten to a module. Everything is a pure function of the numbers given.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from headrace.platform.metadata.documents import Document

Content = dict[str, Any]

HUB = "customer"
CHANGING = "subject"
PER_MODULE = 10
CHOICES = ("new", "usual", "special", "other")


def label(text: str) -> dict[str, str]:
    return {"en": text.replace("_", " ").capitalize(), "zh": f"名称 {text}"}


def field(name: str, kind: str, **keys: Any) -> Content:
    return {"name": name, "type": kind, "label": label(name), **keys}


def wide_documents(objects: int, fields: int = 30) -> tuple[Document, ...]:
    """Return the documents of a workspace with so many objects, each with so many fields."""
    result = [Document("core", one) for one in _core(fields)]
    result += [Document("changing", one) for one in _module("changing", [(CHANGING, 0)], fields)]
    others = [(f"thing_{number}", number) for number in range(1, objects - 1)]
    for start in range(0, len(others), PER_MODULE):
        name = f"part_{start // PER_MODULE}"
        chosen = others[start : start + PER_MODULE]
        result += [Document(name, one) for one in _module(name, chosen, fields)]
    return tuple(result)


def write_documents(documents: tuple[Document, ...], folder: Path) -> None:
    """Write the documents as module folders below `folder`."""
    for document in documents:
        path = folder / document.file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(document.content, ensure_ascii=False, indent=2), "utf-8")


def with_fields(documents: tuple[Document, ...], added: int) -> tuple[Document, ...]:
    """Return the documents with so many more fields on the object that changes."""
    return tuple(
        Document(one.module, {**one.content, "fields": [*one.content["fields"], *_added(added)]})
        if one.kind == "object" and one.name == CHANGING
        else one
        for one in documents
    )


def _added(count: int) -> Iterator[Content]:
    for number in range(count):
        yield field(f"added_{number}", "text", length=40)


def _core(fields: int) -> Iterator[Content]:
    yield _manifest("core", [HUB])
    yield {"kind": "role", "name": "designer", "label": label("designer"), "design": True}
    yield {"kind": "role", "name": "seller", "label": label("seller")}
    yield {"kind": "role", "name": "guest", "label": label("guest"), "audience": "partner"}
    yield {
        "kind": "object",
        "name": HUB,
        "label": label(HUB),
        "title": "name",
        "search": ["code", "name"],
        "acts_as": "organisation",
        "scope_paths": {"organisation": "id"},
        "fields": [
            field("code", "text", length=20, required=True, external_id=True),
            field("name", "text", length=80, required=True),
            field("parent", "tree"),
            *_filler(fields - 3),
        ],
    }
    yield from _around(HUB)


def _module(name: str, objects: list[tuple[str, int]], fields: int) -> Iterator[Content]:
    yield _manifest(name, [one for one, _ in objects], requires=["core"])
    for position, (one, number) in enumerate(objects):
        before = objects[position - 1][0] if position else None
        has_workflow = number % 5 == 1
        yield _object(one, before, fields, has_workflow=has_workflow)
        yield from _around(one, has_workflow=has_workflow)
        if has_workflow:
            yield _workflow(one)
        if number % PER_MODULE == 1:
            yield _report(one)


def _manifest(name: str, objects: list[str], **keys: Any) -> Content:
    menu = [
        {"label": label(one), "object": one, "views": [f"{one}_recent"]} for one in objects[:10]
    ]
    return {
        "kind": "module",
        "name": name,
        "version": "1.0.0",
        "label": label(name),
        "menu": menu,
        **keys,
    }


def _object(name: str, before: str | None, fields: int, *, has_workflow: bool) -> Content:
    own = [
        field("number", "auto_number", pattern=name[:1].upper() + "-{YYYY}-{000000}"),
        field("customer", "lookup", to=HUB, required=True),
        field("title", "text", length=80, required=True),
        field("happened_on", "date", required=True, default="TODAY()"),
        field("quantity", "integer", default="1"),
        field("price", "money", default="0"),
        field("amount", "formula", returns="money", formula="quantity * price"),
        field("due", "formula", returns="money", formula="IF(quantity > 10, amount * 2, amount)"),
        field("customer_name", "formula", returns="text", formula="customer.name"),
        field("level", "choice", default="'usual'", choices=_choices()),
    ]
    if before is not None:
        own.append(field("previous", "lookup", to=before))
        own.append(field("previous_title", "formula", returns="text", formula="previous.title"))
    if has_workflow:
        own.append(field("status", "state", workflow=f"{name}_flow"))
    return {
        "kind": "object",
        "name": name,
        "label": label(name),
        "title": "title",
        "search": ["title"],
        "scope_paths": {"organisation": "customer", "owner": "created_by"},
        "fields": [*own, *_filler(fields - len(own))],
        "rules": [
            {
                "name": "quantity_positive",
                "unless": "quantity > 0",
                "message": label("at least one"),
                "field": "quantity",
            }
        ],
    }


def _filler(count: int) -> Iterator[Content]:
    kinds: tuple[tuple[str, Content], ...] = (
        ("text", {"length": 60}),
        ("integer", {}),
        ("date", {}),
        ("boolean", {}),
        ("choice", {"choices": _choices()}),
        ("decimal", {"scale": 2}),
    )
    for number in range(count):
        kind, keys = kinds[number % len(kinds)]
        yield field(f"detail_{number}", kind, **keys)


def _choices() -> list[Content]:
    return [{"value": one, "label": label(one)} for one in CHOICES]


def _around(name: str, *, has_workflow: bool = False) -> Iterator[Content]:
    """Rights and screens of an object."""
    sends, finishes = (["send"], ["finish"]) if has_workflow else ([], [])
    shown = ["name", "code"] if name == HUB else ["title", "customer", "amount", "happened_on"]
    yield {
        "kind": "permission",
        "name": f"{name}_rights",
        "object": name,
        "grants": [
            {
                "role": "designer",
                "actions": ["create", "read", "update", "delete"],
                "scope": "all",
                "transitions": finishes,
            },
            {
                "role": "seller",
                "actions": ["create", "read", "update"],
                "scope": "organisation_tree",
                "fields": {"read": shown},
                "transitions": sends,
            },
            {"role": "guest", "actions": ["read"], "scope": "organisation"},
        ],
    }
    yield {
        "kind": "view",
        "name": f"{name}_recent",
        "object": name,
        "type": "table",
        "label": label("recent"),
        "columns": shown,
        "sort": [f"-{shown[-1]}"],
        "where": f"{shown[0]} IS NOT NULL",
    }
    required = ["code", "name"] if name == HUB else ["customer", "title", "happened_on"]
    yield {
        "kind": "form",
        "name": f"{name}_form",
        "object": name,
        "label": label(name),
        "sections": [{"label": label("all"), "items": required}],
    }


def _workflow(name: str) -> Content:
    return {
        "kind": "workflow",
        "name": f"{name}_flow",
        "label": label(f"{name}_flow"),
        "object": name,
        "field": "status",
        "states": [
            {"name": "draft", "label": label("draft"), "initial": True},
            {"name": "sent", "label": label("sent")},
            {"name": "done", "label": label("done"), "final": True},
        ],
        "transitions": [
            {
                "name": "send",
                "from": ["draft"],
                "to": "sent",
                "by": ["seller"],
                "label": label("send"),
                "when": "amount > 0",
            },
            {
                "name": "finish",
                "from": ["sent"],
                "to": "done",
                "by": ["designer"],
                "label": label("finish"),
                "set": {"level": "'special'"},
            },
        ],
    }


def _report(name: str) -> Content:
    return {
        "kind": "report",
        "name": f"{name}_by_customer",
        "object": name,
        "type": "grouped",
        "label": label("by customer"),
        "group_rows": ["customer"],
        "measures": [{"op": "sum", "field": "amount", "label": label("amount")}],
        "where": "quantity > 0",
        "roles": ["designer"],
    }

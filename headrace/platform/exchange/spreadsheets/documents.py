"""The documents of a new module: object, form, list, permission and menu of a reviewed proposal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from headrace.platform.core.problems import Text
from headrace.platform.exchange.spreadsheets.proposals import (
    FieldProposal,
    Proposal,
    form_name,
    view_name,
)
from headrace.platform.metadata.catalog import Catalog

LIST_COLUMNS: Final = 8
BASICS: Final = Text("Basics", "基本信息")
NOTES: Final = Text("Notes", "补充信息")
ALL: Final = Text("All", "全部")
FIRST_VERSION: Final = "1.0.0"
SEARCHED: Final = 5
NOT_SORTED: Final = frozenset({"long_text", "lookup"})


def documents_of(
    proposal: Proposal, roles: Sequence[str], catalog: Catalog
) -> list[dict[str, Any]]:
    """Return the documents of a reviewed proposal; `roles` may do everything with the records."""
    kept = proposal.kept
    return [
        _module(proposal, roles, catalog),
        _object(proposal),
        {
            "kind": "permission",
            "name": proposal.object,
            "object": proposal.object,
            "grants": [
                {
                    "role": role,
                    "actions": ["create", "read", "update", "delete"],
                    "scope": "all",
                }
                for role in roles
            ],
        },
        {
            "kind": "form",
            "name": form_name(proposal.object),
            "label": proposal.object_label.as_dict(),
            "object": proposal.object,
            "sections": _sections(kept),
        },
        {
            "kind": "view",
            "name": view_name(proposal.object),
            "label": ALL.as_dict(),
            "object": proposal.object,
            "type": "table",
            "columns": [one.name for one in kept if one.type != "long_text"][:LIST_COLUMNS]
            or [kept[0].name],
            **_sort(proposal),
        },
    ]


def _module(proposal: Proposal, roles: Sequence[str], catalog: Catalog) -> dict[str, Any]:
    targets = {str(one.options["to"]) for one in proposal.kept if one.type == "lookup"}
    requires = {
        one.module
        for one in catalog.documents
        if (one.kind == "role" and one.name in roles)
        or (one.kind == "object" and one.name in targets)
    }
    return {
        "kind": "module",
        "name": proposal.module,
        "version": FIRST_VERSION,
        "label": proposal.module_label.as_dict(),
        "requires": sorted(requires),
        "menu": [
            {
                "icon": "list",
                "label": proposal.object_label.as_dict(),
                "object": proposal.object,
                "views": [view_name(proposal.object)],
            }
        ],
    }


def _object(proposal: Proposal) -> dict[str, Any]:
    kept = proposal.kept
    texts = [one for one in kept if one.type == "text"]
    searched = [one.name for one in texts if one.key or one.name == proposal.title]
    searched += [one.name for one in texts if one.name not in searched]
    found: dict[str, Any] = {
        "kind": "object",
        "name": proposal.object,
        "label": proposal.object_label.as_dict(),
        "fields": [_field(one) for one in kept],
    }
    if proposal.title is not None:
        found["title"] = proposal.title
    if searched:
        found["search"] = searched[:SEARCHED]
    return found


def _field(one: FieldProposal) -> dict[str, Any]:
    found: dict[str, Any] = {
        "name": one.name,
        "type": one.type,
        "label": one.label.as_dict(),
        **one.options,
    }
    if one.required:
        found["required"] = True
    if one.key:
        # Other systems and further files address records by a required key.
        found["external_id" if one.required else "unique"] = True
    return found


def _sections(kept: Sequence[FieldProposal]) -> list[dict[str, Any]]:
    short = [one.name for one in kept if one.type != "long_text"]
    long = [one.name for one in kept if one.type == "long_text"]
    sections = []
    if short:
        sections.append({"label": BASICS.as_dict(), "columns": 2, "items": short})
    if long:
        sections.append({"label": NOTES.as_dict(), "columns": 1, "items": long})
    return sections


def _sort(proposal: Proposal) -> dict[str, Any]:
    able = [one for one in proposal.kept if one.type not in NOT_SORTED]
    first = [one.name for one in able if one.key] or [
        one.name for one in able if one.name == proposal.title
    ]
    return {"sort": first[:1]} if first else {}

"""Every field type with the options of its examples, as one published workspace: an object for each."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from headrace.platform.metadata.field_types import built_in
from headrace.platform.metadata.field_types.base import Example, FieldType
from headrace.platform.records import reader
from headrace.platform.records.query import parse_query
from tests.support.documents import field, label
from tests.support.live import PASSWORD, Live, open_filled


@dataclass(frozen=True)
class Case:
    """A type with one set of options, the object that has such a field, and its examples."""

    number: int
    type: FieldType
    options: dict[str, Any]
    examples: tuple[Example, ...]

    @property
    def object(self) -> str:
        return f"case_{self.number}"

    @property
    def report(self) -> str:
        return f"by_case_{self.number}"

    @cached_property
    def accepted(self) -> tuple[Example, ...]:
        return tuple(one for one in self.examples if one.refused is None)

    @property
    def stored(self) -> list[Any]:
        """What is stored of the accepted examples, each value once."""
        found: dict[str, Any] = {}
        for one in self.accepted:
            if one.stored is not None:
                found.setdefault(json.dumps(one.stored), one.stored)
        return list(found.values())

    @property
    def id(self) -> str:
        shown = ",".join(f"{name}={value}" for name, value in self.options.items())
        return f"{self.type.key}({shown[:40]})"


def _cases() -> tuple[Case, ...]:
    grouped: dict[tuple[str, str], list[Example]] = {}
    for type_ in built_in():
        for one in type_.examples():
            options = json.dumps(dict(one.options), ensure_ascii=False)
            grouped.setdefault((type_.key, options), []).append(one)
    return tuple(
        Case(number, built_in()[key], json.loads(options), tuple(examples))
        for number, ((key, options), examples) in enumerate(grouped.items())
        if any(one.refused is None for one in examples)
    )


CASES = _cases()


def contents() -> dict[tuple[str, str], dict[str, Any]]:
    """Return the documents: for each case an object, its rights, and a report by its values."""
    found: dict[tuple[str, str], dict[str, Any]] = {
        ("module", "claims"): {
            "kind": "module",
            "name": "claims",
            "version": "1.0.0",
            "label": label("Types", "类型"),
        },
        ("role", "admin"): {
            "kind": "role",
            "name": "admin",
            "label": label("Admin", "管理员"),
            "design": True,
        },
    }
    for case in CASES:
        found["object", case.object] = {
            "kind": "object",
            "name": case.object,
            "label": label(case.type.label.en, case.type.label.zh),
            "title": "name",
            "fields": [
                field("name", "text"),
                field("value", case.type.key, **case.options),
            ],
        }
        found["permission", case.object] = {
            "kind": "permission",
            "name": case.object,
            "object": case.object,
            "grants": [{"role": "admin", "actions": ["create", "read", "update", "delete"]}],
        }
        if "=" in case.type.operators:
            found["report", case.report] = _report(case)
    return found


def _report(case: Case) -> dict[str, Any]:
    measures: list[dict[str, Any]] = [{"op": "count"}]
    measures += [
        {"op": op, "field": "value"} for op in sorted(case.type.aggregates) if op != "count"
    ]
    return {
        "kind": "report",
        "name": case.report,
        "label": label("By value", "按值"),
        "type": "grouped",
        "object": case.object,
        "group_rows": ["value"],
        "measures": measures,
    }


def open_types(url: str) -> Live:
    """Publish the workspace on an empty database; `admin` can sign in."""

    def fill(live: Live) -> None:
        live.publish(contents())
        live.add_user("admin", "admin", password=PASSWORD)

    return open_filled(Live, url, "types", fill)


def found(live: Live, object_name: str, **query: Any) -> list[dict[str, Any]]:
    """Return what a list query finds, page by page where it has a limit."""
    items: list[dict[str, Any]] = []
    cursor: str | None = None
    while True:
        data = {**query, **({"cursor": cursor} if cursor else {})}
        page = live.platform.perform_as_system(
            lambda context, data=data: reader.find(
                context, object_name, parse_query(context, object_name, data)
            )
        )
        items += page.items
        cursor = page.next
        if cursor is None:
            return items

"""The body of a bulk request, and the use case that it asks for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, cast

from headrace.platform.core.errors import RefusedError
from headrace.platform.core.problems import Message, Problem, pointer
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.records.bulk import MODES, Item, Mode, write_many
from headrace.platform.records.context import Context
from headrace.platform.runtime import Platform
from headrace.platform.workflow.bulk import fire_many

BAD_PART: Final = Message(
    "bulk.invalid",
    "“{name}” must be {expected}.",
    "“{name}”必须是{expected}。",
    'Send {"mode": "create", "records": […]}.',
    '请发送 {"mode": "create", "records": […]}。',
)
PARTS: Final[Mapping[str, tuple[type, str]]] = {
    "mode": (str, ", ".join((*MODES, "transition"))),
    "key": (str, "text"),
    "transition": (str, "text"),
    "partial": (bool, "true, false"),
    "dry_run": (bool, "true, false"),
    "records": (list, "[…]"),
}


@dataclass(frozen=True, slots=True)
class BulkRequest:
    """What a bulk request asks for."""

    mode: str
    records: list[Any]
    key: str | None
    transition: str
    partial: bool
    dry_run: bool


def bulk_request(data: Mapping[str, Any]) -> BulkRequest:
    """Read the body; raise RefusedError with all that is wrong with it."""
    problems: list[Problem] = [
        BAD_PART.at(pointer(name), name=name, expected=", ".join(PARTS))
        for name in data
        if name not in PARTS
    ]
    for name, (kind, expected) in PARTS.items():
        if name in data and not isinstance(data[name], kind):
            problems.append(BAD_PART.at(pointer(name), name=name, expected=expected))
    mode = data.get("mode")
    if mode not in (*MODES, "transition"):
        problems.append(BAD_PART.at("/mode", name="mode", expected=PARTS["mode"][1]))
    if "records" not in data:
        problems.append(BAD_PART.at("/records", name="records", expected="[…]"))
    if mode == "transition" and "transition" not in data:
        problems.append(BAD_PART.at("/transition", name="transition", expected="text"))
    if problems:
        raise RefusedError.of(dict.fromkeys(problems))
    return BulkRequest(
        str(mode),
        data["records"],
        data.get("key"),
        str(data.get("transition", "")),
        bool(data.get("partial", False)),
        bool(data.get("dry_run", False)),
    )


def run_bulk(
    platform: Platform, context: Context, work: UnitOfWork, object_name: str, asked: BulkRequest
) -> list[Item]:
    """Carry out the request; a dry run is undone, and says of each record what would become of it."""
    if asked.dry_run:
        with work.rehearsal():
            return run_bulk(platform, context, work, object_name, replace(asked, dry_run=False))
    if asked.mode == "transition":
        return fire_many(
            platform.workflow,
            context,
            work,
            object_name,
            asked.transition,
            asked.records,
            partial=asked.partial,
        )
    return write_many(
        platform.store,
        context,
        work,
        object_name,
        cast(Mode, asked.mode),
        asked.records,
        key=asked.key,
        partial=asked.partial,
    )


def shown_item(item: Item, language: str) -> dict[str, Any]:
    """Return the JSON form of a result."""
    return {
        "index": item.index,
        "status": item.status,
        "id": item.id,
        "version": item.version,
        "problems": [problem.render(language) for problem in item.problems],
    }

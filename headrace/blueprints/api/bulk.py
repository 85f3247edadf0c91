"""The body of a bulk request, and the use case that it asks for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, cast

from headrace.platform.core.errors import RefusedError
from headrace.platform.core.ids import is_record_id
from headrace.platform.core.problems import Message, Problem, pointer
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.exchange.bulk_requests import Act, BulkRequest
from headrace.platform.exchange.bulk_undoing import values_before
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
ACTS: Final = ("transition", "button")
"""Modes that do to records what their object has a name for."""
PARTS: Final[Mapping[str, tuple[type, str]]] = {
    "mode": (str, ", ".join((*MODES, *ACTS))),
    "key": (str, "text"),
    "transition": (str, "text"),
    "button": (str, "text"),
    "inputs": (dict, "{…}"),
    "partial": (bool, "true, false"),
    "dry_run": (bool, "true, false"),
    "undoable": (bool, "true, false"),
    "records": (list, "[…]"),
    "query": (dict, '{"filter": {…}, "q": "…"}'),
    "values": (dict, "{…}"),
    "comment": (str, "text"),
}
OF_QUERIES: Final[Mapping[str, str]] = {
    "update": "values",
    "delete": "",
    "transition": "transition",
    "button": "button",
}
"""The modes that take a query in place of records, with the part that each needs."""
OF_QUERY: Final = ("values", "comment")
OF_RECORDS: Final = ("key", "undoable")
UNDOABLE: Final = ("update", "delete")
ASKED: Final = ("filter", "q", "sort")


@dataclass(frozen=True, slots=True)
class RecordsRequest:
    """What a bulk request asks for of records that it holds; `undoable` keeps what was done."""

    mode: str
    records: list[Any]
    key: str | None
    transition: str
    partial: bool
    dry_run: bool
    undoable: bool = False
    button: str = ""
    inputs: Mapping[str, Any] | None = None


def records_request(data: Mapping[str, Any]) -> RecordsRequest:
    """Read a body with records; raise RefusedError with all that is wrong with it."""
    problems = _wrong_parts(data, OF_QUERY)
    mode = data.get("mode")
    if mode not in (*MODES, *ACTS):
        problems.append(BAD_PART.at("/mode", name="mode", expected=PARTS["mode"][1]))
    if "records" not in data:
        problems.append(BAD_PART.at("/records", name="records", expected="[…]"))
    problems += [
        BAD_PART.at(pointer(name), name=name, expected="text")
        for name in ACTS
        if mode == name and name not in data
    ]
    if mode != "button" and "inputs" in data:
        problems.append(BAD_PART.at("/inputs", name="inputs", expected="-"))
    if data.get("undoable") is True:  # records are found by their ids before they are changed
        if mode not in UNDOABLE:
            expected = ", ".join(UNDOABLE)
            problems.append(BAD_PART.at("/mode", name="mode", expected=expected))
        if "key" in data:
            problems.append(BAD_PART.at("/key", name="key", expected="-"))
    if problems:
        raise RefusedError.of(dict.fromkeys(problems))
    return RecordsRequest(
        str(mode),
        data["records"],
        data.get("key"),
        str(data.get("transition", "")),
        bool(data.get("partial", False)),
        bool(data.get("dry_run", False)),
        bool(data.get("undoable", False)),
        str(data.get("button", "")),
        data.get("inputs"),
    )


def query_request(object_name: str, data: Mapping[str, Any]) -> BulkRequest:
    """Read a body with a query; raise RefusedError with all that is wrong with it."""
    problems = _wrong_parts(data, (*OF_RECORDS, "records"))
    mode = str(data.get("mode"))
    if mode not in OF_QUERIES:
        problems.append(BAD_PART.at("/mode", name="mode", expected=", ".join(OF_QUERIES)))
    needed = OF_QUERIES.get(mode)
    if needed and needed not in data:
        problems.append(BAD_PART.at(pointer(needed), name=needed, expected=PARTS[needed][1]))
    query = data["query"]
    for name in query if isinstance(query, Mapping) else ():
        if name not in ASKED:
            expected = PARTS["query"][1]
            problems.append(BAD_PART.at(pointer("query", name), name=name, expected=expected))
    if problems:
        raise RefusedError.of(dict.fromkeys(problems))
    return BulkRequest(
        object_name,
        cast(Act, mode),
        query,
        values=data.get("inputs" if mode == "button" else "values", {}),
        button=data.get("button"),
        transition=data.get("transition"),
        comment=data.get("comment"),
        partial=bool(data.get("partial", False)),
        dry_run=bool(data.get("dry_run", False)),
    )


def _wrong_parts(data: Mapping[str, Any], others: Iterable[str]) -> list[Problem]:
    """Return what is wrong with the parts of a body one by one; `others` do not belong in it."""
    known = [name for name in PARTS if name not in others]
    problems = [
        BAD_PART.at(pointer(name), name=name, expected=", ".join(known))
        for name in data
        if name not in known
    ]
    problems += [
        BAD_PART.at(pointer(name), name=name, expected=PARTS[name][1])
        for name in known
        if name in data and not isinstance(data[name], PARTS[name][0])
    ]
    return problems


def run_bulk(
    platform: Platform, context: Context, work: UnitOfWork, object_name: str, asked: RecordsRequest
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
    if asked.mode == "button":
        return platform.buttons.press_many(
            context,
            work,
            object_name,
            asked.button,
            asked.records,
            inputs=asked.inputs,
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


def run_undoable(
    platform: Platform, context: Context, work: UnitOfWork, object_name: str, asked: RecordsRequest
) -> tuple[list[Item], str]:
    """Carry out a request and keep what it did, so that it can be undone; return the bulk change too."""
    records = [one for one in asked.records if isinstance(one, Mapping)]
    names = {name for one in records for name in one} - {"id", "version"}
    act = cast(Act, asked.mode)
    values = dict.fromkeys(sorted(names)) if act == "update" else {}
    request = BulkRequest(object_name, act, values=values, partial=asked.partial)
    ids = {str(one["id"]) for one in records if "id" in one}
    before = values_before(context, work, request, [one for one in ids if is_record_id(one)])
    items = run_bulk(platform, context, work, object_name, asked)
    changed = {str(one.id): one for one in items if one.status in {"updated", "deleted"}}
    left = [(record_id, int(one.version or 1) - 1) for record_id, one in changed.items()]
    kept = list(changed.values())
    change = platform.bulk_changes.keep_done(context, work, request, left, kept, before)
    return items, change

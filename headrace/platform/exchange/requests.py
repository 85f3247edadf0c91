"""What an import is asked to do: options that come from the command line, the API and the screen."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from headrace.platform.core.errors import RefusedError
from headrace.platform.core.problems import Message, Problem, pointer

Mode = Literal["create", "update", "upsert"]
MODES: Final = ("create", "update", "upsert")
EMPTY_CELLS: Final = ("keep", "clear")

BAD_OPTION: Final = Message(
    "import.invalid_option",
    "“{name}” must be {expected}.",
    "“{name}”必须是{expected}。",
    "Look up the options of an import in the reference.",
    "请查阅导入选项说明。",
)
_EXPECTED: Final[Mapping[str, str]] = {
    "mode": ", ".join(MODES),
    "empty": ", ".join(EMPTY_CELLS),
    "key": "text",
    "sheet": "text",
    "map": '{"column": "field", "column": null}',
}
LONGEST_NAME: Final = 400
_SURROGATE: Final = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class ImportRequest:
    """The options of an import.

    `map` gives a column of the file its field (None leaves the column out), `key` the field by which
    records are matched. Not `partial`: all rows or none. `empty` says whether an empty cell leaves
    a value as it is or clears it. `migrate` loads state, numbers and times, with a right of its own.
    """

    object: str
    file_name: str
    mode: Mode = "create"
    key: str | None = None
    map: Mapping[str, str | None] = field(default_factory=dict)
    sheet: str | None = None
    partial: bool = False
    dry_run: bool = False
    migrate: bool = False
    empty: Literal["keep", "clear"] = "keep"

    def render(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {**dataclasses.asdict(self), "map": dict(self.map)}


def read_request(object_name: str, file_name: str, given: Mapping[str, Any]) -> ImportRequest:
    """Read options of JSON types; raise RefusedError with all that is wrong with them."""
    known = {one.name for one in dataclasses.fields(ImportRequest)} - {"object", "file_name"}
    problems: list[Problem] = [
        BAD_OPTION.at(pointer(name), name=name, expected=", ".join(sorted(known)))
        for name in given
        if name not in known
    ]
    values = {name: value for name, value in given.items() if name in known and value is not None}
    problems += [
        BAD_OPTION.at(pointer(name), name=name, expected=_EXPECTED.get(name, "true, false"))
        for name, value in values.items()
        if not _fits(name, value)
    ]
    if values.get("migrate") is True and values.get("mode", "create") != "create":
        problems.append(BAD_OPTION.at("/mode", name="mode", expected="create"))
    if problems:
        raise RefusedError.of(problems)
    return ImportRequest(object_name, file_name, **values)


def _fits(name: str, value: Any) -> bool:
    match name:
        case "mode":
            return value in MODES
        case "empty":
            return value in EMPTY_CELLS
        case "key" | "sheet":
            return _is_text(value) and len(value) <= LONGEST_NAME
        case "map":
            return isinstance(value, Mapping) and all(
                _is_text(name) and (one is None or _is_text(one)) for name, one in value.items()
            )
        case _:
            return isinstance(value, bool)


def _is_text(value: Any) -> bool:
    """Say whether a value is text that every database can keep."""
    return isinstance(value, str) and "\0" not in value and not _SURROGATE.search(value)

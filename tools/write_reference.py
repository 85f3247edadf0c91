"""Write the reference pages of docs/reference from the code; a test finds pages that are stale.

Usage: python -m tools.write_reference
"""

from __future__ import annotations

import dataclasses
import importlib
import pkgutil
import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Literal, Union, get_args, get_origin

import click

import headrace
from headrace.platform.core.errors import PlatformError
from headrace.platform.core.problems import Message, Text
from headrace.platform.formulas.functions import FUNCTIONS
from headrace.platform.metadata.definitions.access import ScopeDef
from headrace.platform.metadata.definitions.keys import (
    After,
    Formula,
    Name,
    hints,
    json_name,
    schema_key,
)
from headrace.platform.metadata.definitions.keys import Path as FieldPath
from headrace.platform.metadata.field_types import built_in
from headrace.platform.metadata.field_types.base import FieldType
from headrace.platform.metadata.key_texts import key_text
from headrace.platform.metadata.schemas import DEFINITIONS, EXTENSIONS
from headrace.settings import SETTINGS

REFERENCE: Final = Path(__file__).parents[1] / "docs" / "reference"
NOTE: Final = "<!-- Written by tools/write_reference.py: change the code, then run it. -->"


NOTICES: Final = frozenset(
    {
        "approval.told",
        "copy.sent",
        "copy.sent_by",
        "task.asked",
        "task.opinion",
        "task.opinion_asked",
        "task.told_to_urge",
        "task.escalated",
        "task.overdue",
        "task.reminder",
        "task.timed_out",
        "task.timeout_reason",
    }
)
"""Codes of what is told to people without anything being wrong; they have no remedy."""


def page(title: str, about: str, *sections: str) -> str:
    """Join a page from its parts."""
    return "\n\n".join((f"# {title}", NOTE, about, *sections)) + "\n"


def table(heads: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """Return a Markdown table."""
    lines = [heads, tuple("---" for _ in heads), *rows]
    return "\n".join("| " + " | ".join(map(_cell, line)) + " |" for line in lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def both(text: Text) -> str:
    """Return a text in both languages, each in its line of a cell."""
    return "<br>".join(part for part in (text.en, text.zh) if part)


def settings_page() -> str:
    """Describe every setting."""
    rows = [
        (f"`{one.variable}`", f"`{one.default}`" if one.default else "", both(one.about))
        for one in SETTINGS
    ]
    about = (
        "Settings are environment variables, or `NAME=value` lines of a `.env` file in the folder"
        " that the command is started in; the environment wins. All are checked at start, and a"
        " `HEADRACE_` name that is not listed here is refused."
    )
    return page("Settings", about, table(("variable", "default", "meaning"), rows))


def modules() -> Iterator[types.ModuleType]:
    """Import and yield every module of the package."""
    for found in pkgutil.walk_packages(headrace.__path__, "headrace."):
        if not found.name.endswith("__main__"):
            yield importlib.import_module(found.name)


def messages() -> dict[str, list[Message]]:
    """Return the messages by code; a code may have several texts."""
    found: dict[str, list[Message]] = {}
    for module in modules():
        for value in vars(module).values():
            if isinstance(value, Message) and value not in found.setdefault(value.code, []):
                found[value.code].append(value)
    return dict(sorted(found.items()))


def error_families() -> list[type[PlatformError]]:
    """Return the families of errors, whose codes head the answers of the API."""
    tuple(modules())
    families: list[type[PlatformError]] = [PlatformError]
    for family in families:
        families.extend(family.__subclasses__())
    return sorted({one.code: one for one in families}.values(), key=lambda one: one.code)


def problems_page() -> str:
    """Describe every problem code, and the codes that head an answer."""
    families = [(f"`{one.code}`", _first_line(one)) for one in error_families()]
    rows = [
        (
            f"`{message.code}`",
            message.severity,
            both(Text(message.en, message.zh)),
            both(Text(message.hint_en, message.hint_zh)),
        )
        for group in messages().values()
        for message in group
        if message.code not in NOTICES
    ]
    about = (
        "Everything that is refused says why in one shape: `{severity, code, path, message, hint}`,"
        " on the command line, in the API and on screens. `path` is a JSON Pointer into the document"
        " or request. Codes are stable; texts in braces are filled in."
    )
    return page(
        "Problems",
        about,
        "## What heads an answer",
        table(("code", "when"), families),
        "## Problems",
        table(("code", "severity", "message", "remedy"), rows),
    )


def _first_line(documented: object) -> str:
    return (documented.__doc__ or "").strip().splitlines()[0]


def formulas_page() -> str:
    """Describe every function of the formula language."""
    rows = [
        (
            f"`{one.signature}`",
            both(one.summary),
            "<br>".join(f"`{example.formula}`" for example in one.examples[:2]),
            ", ".join(sorted(one.engines)),
        )
        for one in sorted(FUNCTIONS, key=lambda one: one.key)
    ]
    about = (
        "Functions of the formula language. The last column says where a function can be computed:"
        " a stored or filtered value needs both databases, a live value in a form `typescript`."
    )
    return page("Formula functions", about, table(("call", "result", "examples", "engines"), rows))


def documents_page() -> str:
    """Describe the keys of every kind of document."""
    sections = [
        part
        for definition in _definitions()
        for part in (f"## {_title(definition)}", _first_line(definition), _keys_table(definition))
    ]
    about = (
        "Metadata is strict JSON, one document a file; a key that is not listed is refused. A field"
        " has the keys of its type beside its own (`headrace check` names the one that is missing)."
    )
    return page("Metadata documents", about, *sections)


def _title(definition: type) -> str:
    kinds = [kind for kind, one in DEFINITIONS.items() if one is definition]
    extended = [of for of, one in EXTENSIONS.items() if one is definition]
    if extended:
        return f'`"kind": "extends", "of": "{extended[0]}"`'
    return f'`"kind": "{kinds[0]}"`' if kinds else definition.__name__.removesuffix("Def")


def _definitions() -> list[type]:
    """Return the kinds, each followed by the parts that were not met before."""
    found: list[type] = []
    for kind, definition in DEFINITIONS.items():
        if kind != "extends":
            _collect(definition, found)
    for definition in EXTENSIONS.values():
        _collect(definition, found)
    return found


def _collect(definition: type, found: list[type]) -> None:
    if definition in found:
        return
    found.append(definition)
    for field in dataclasses.fields(definition):
        if not field.metadata.get("internal"):
            for part in _parts(hints(definition)[field.name]):
                _collect(part, found)


def _parts(annotation: Any) -> Iterator[type]:
    if dataclasses.is_dataclass(annotation) and isinstance(annotation, type):
        if annotation not in {Text, ScopeDef}:
            yield annotation
    else:
        for part in get_args(annotation):
            yield from _parts(part)


def _keys_table(definition: type) -> str:
    rows = [
        (
            f"`{json_name(field.name)}`",
            _shown(hints(definition)[field.name]),
            "yes" if _is_required(field) else "",
            _meaning(definition, field),
        )
        for field in dataclasses.fields(definition)
        if not field.metadata.get("internal")
    ]
    return table(("key", "value", "needed", "meaning"), rows)


def _meaning(definition: type, field: dataclasses.Field[Any]) -> str:
    """Return what a key means, in both languages where it has words for designers."""
    text = key_text(schema_key(definition, field.name))
    return both(Text(field.metadata.get("help", ""), text.help_zh if text else ""))


def _is_required(field: dataclasses.Field[Any]) -> bool:
    missing = dataclasses.MISSING
    return field.default is missing and field.default_factory is missing


_SHOWN: Final[Mapping[Any, str]] = {
    Formula: "formula",
    Name: "name",
    FieldPath: "path",
    After: "name or path",
    Text: "label",
    str: "text",
    int: "number",
    bool: "true or false",
}


def _shown(annotation: Any) -> str:
    if annotation in _SHOWN:
        return _SHOWN[annotation]
    origin, args = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return ", ".join(f"`{arg}`" for arg in args)
    if origin is tuple:
        return f"list of {_shown(args[0])}"
    if origin is dict:
        return f"{_shown(args[1])} by name"
    if origin in (Union, types.UnionType):
        return " or ".join(_shown(arg) for arg in args if arg is not type(None))
    return _title(annotation)


def field_types_page() -> str:
    """Describe every field type."""
    about = "What a field can hold. The keys of a type stand beside the field's own."
    return page("Field types", about, *map(field_type_section, built_in()))


def field_type_section(one: FieldType[Any]) -> str:
    """Describe one field type."""
    parts = [
        f"## `{one.key}`: {one.label.en} ({one.label.zh})",
        _first_line(one),
        f"Operators: {_listed(one.operators)}. Aggregates: {_listed(one.aggregates)}.",
    ]
    if dataclasses.fields(one.options_type):
        parts.append(_keys_table(one.options_type))
    return "\n\n".join(parts)


def _listed(names: frozenset[Any]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(names))


def commands_page() -> str:
    """Describe every command."""
    root: click.Group = importlib.import_module("headrace.cli").main
    about = (
        "Run as `headrace …`, in a checkout as `.venv/bin/headrace …`. Exit codes: 0 done,"
        " 1 refused or problems found, 2 wrong usage."
    )
    return page("Commands", about, *(_command_section(*one) for one in commands(root, "headrace")))


def commands(command: click.Command, name: str) -> Iterator[tuple[str, click.Command]]:
    """Yield each command with its full name, groups' members in order."""
    if isinstance(command, click.Group):
        context = click.Context(command)
        for part in command.list_commands(context):
            found = command.get_command(context, part)
            if found is not None:
                yield from commands(found, f"{name} {part}")
    elif not command.hidden:
        yield name, command


def _command_section(name: str, command: click.Command) -> str:
    context = click.Context(command, info_name=name)
    usage = " ".join((name, *command.collect_usage_pieces(context)))
    rows = [
        (", ".join(f"`{opt}`" for opt in (*one.opts, *one.secondary_opts)), one.help or "")
        for one in command.params
        if isinstance(one, click.Option) and not one.hidden
    ]
    parts = [f"## `{usage}`", (command.help or "").strip()]
    if rows:
        parts.append(table(("option", "meaning"), rows))
    return "\n\n".join(parts)


PAGES: Final[Mapping[str, Callable[[], str]]] = {
    "settings.md": settings_page,
    "problems.md": problems_page,
    "formula-functions.md": formulas_page,
    "metadata.md": documents_page,
    "field-types.md": field_types_page,
    "cli.md": commands_page,
}
"""Each page with what writes it."""


def main() -> None:
    """Write every page."""
    for name, write in PAGES.items():
        (REFERENCE / name).write_text(write(), encoding="utf-8")


if __name__ == "__main__":
    main()

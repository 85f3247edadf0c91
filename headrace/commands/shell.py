"""What all commands share: settings, languages, printing, refusals with exit code 1."""

from __future__ import annotations

import atexit
import gc
import json
import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from headrace.platform.core.errors import PlatformError
from headrace.platform.core.problems import Problem, Text
from headrace.settings import Settings, load_settings

if TYPE_CHECKING:
    from headrace.platform.runtime import Platform


@dataclass(frozen=True, slots=True)
class Shell:
    """What a command needs to know about where it runs."""

    settings: Settings
    as_json: bool = False

    @property
    def language(self) -> str:
        """The language to print in."""
        return self.settings.language

    def say(self, text: Text) -> None:
        """Print a line for people; nothing where data are asked for."""
        if not self.as_json:
            click.echo(text.within(self.language))

    def data(self, value: Any, lines: Iterable[str]) -> None:
        """Print `value` as JSON where that is asked for, else `lines`."""
        if self.as_json:
            click.echo(json.dumps(value, ensure_ascii=False, indent=2))
            return
        for line in lines:
            click.echo(line)

    @contextmanager
    def platform(self) -> Iterator[Platform]:
        """Open the platform for one command."""
        from headrace.platform import runtime  # noqa: PLC0415 - serving does without

        platform = runtime.build(self.settings)
        try:
            yield platform
        finally:
            platform.close()


class Commands(click.Group):
    """Turns refusals into problems on the error stream and exit code 1.

    `areas` are the modules of commands; each is imported when one of its commands is asked for.
    """

    def __init__(self, *args: Any, areas: Mapping[str, Sequence[str]], **options: Any) -> None:
        super().__init__(*args, **options)
        self._area_of = {name: area for area, names in areas.items() for name in names}

    def main(self, *args: Any, **options: Any) -> Any:
        # Looking for garbage in all that was imported is a fifth of what a short command takes.
        atexit.register(gc.freeze)
        return super().main(*args, **options)

    def list_commands(self, context: click.Context) -> list[str]:
        return sorted({*super().list_commands(context), *self._area_of})

    def get_command(self, context: click.Context, cmd_name: str) -> click.Command | None:
        area = self._area_of.get(cmd_name)
        if area is not None and cmd_name not in self.commands:
            import_module(f"headrace.commands.{area}").add_to(self)
        return super().get_command(context, cmd_name)

    def invoke(self, context: click.Context) -> Any:
        try:
            return super().invoke(context)
        except PlatformError as error:
            language = language_of_settings()
            for problem in error.problems:
                click.echo(problem_line(problem, language), err=True)
            context.exit(1)


def language_of_settings() -> str:
    """Return the language to print in; that of the terminal where settings cannot be read."""
    try:
        return load_settings(os.environ, Path.cwd()).language
    except PlatformError:
        return "zh" if os.environ.get("LANG", "").startswith("zh") else "en"


def open_shell(*, as_json: bool = False, defaults: dict[str, str] | None = None) -> Shell:
    """Read the settings of this folder and environment."""
    return Shell(load_settings(os.environ, Path.cwd(), defaults=defaults), as_json)


def problem_line(problem: Problem, language: str) -> str:
    """Write a problem for a terminal: code, place, message, hint."""
    shown = problem.render(language)
    place = f"{shown['path']}: " if shown["path"] else ""
    hint = f"\n    {shown['hint']}" if shown["hint"] else ""
    return f"{shown['severity']} {shown['code']}\n    {place}{shown['message']}{hint}"


json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
path_argument = click.argument("path", type=click.Path(path_type=Path))
with_option = click.option(
    "--with",
    "others",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Folder in which required modules are looked up too (repeatable).",
)


def given_password() -> str:
    """Read a password from standard input."""
    return sys.stdin.readline().rstrip("\n")

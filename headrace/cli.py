"""The command line: `headrace …`. Exit codes: 0 done, 1 refused or problems found, 2 wrong usage."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import click

from headrace.commands.shell import Commands, language_of_settings
from headrace.platform.core.problems import Text

NOT_YET: Final = Text("This command is not there yet in this version.", "此版本尚不提供该命令。")
AREAS: Final = {
    "accounts": ("user", "token"),
    "definitions": ("check", "plan", "publish"),
    "drafts": ("draft", "local-changes"),
    "installation": ("init", "doctor", "sweep"),
    "recounting": ("recount",),
    "moving": ("export", "sample"),
    "servers": ("worker", "demo"),
    "serving": ("serve",),
    "uninstalling": ("uninstall",),
    "versions": ("versions", "diff", "rollback", "where-used", "audit"),
}
"""The commands by the modules of `headrace.commands` that have them."""


@click.group(cls=Commands, areas=AREAS, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Headrace: channel management from JSON definitions."""


def _missing(name: str, arguments: str) -> None:
    """Add a command of the contract that is still to come: it says so, with exit code 2."""

    @main.command(name, hidden=True, context_settings={"ignore_unknown_options": True})
    @click.argument("arguments", nargs=-1, metavar=arguments)
    def command(arguments: Sequence[str]) -> None:  # noqa: ARG001 - taken and not looked at
        click.echo(NOT_YET.within(language_of_settings()), err=True)
        raise SystemExit(2)


for _name, _arguments in (("import", "OBJECT FILE"),):
    _missing(_name, _arguments)

"""The command line: `headrace …`. Exit codes: 0 done, 1 refused or problems found, 2 wrong usage."""

from __future__ import annotations

from typing import Final

import click

from headrace.commands.shell import Commands

AREAS: Final = {
    "accounts": ("user", "token"),
    "definitions": ("check", "plan", "publish"),
    "drafts": ("draft", "local-changes"),
    "exchange": ("import", "export-records"),
    "installation": ("init", "doctor", "sweep"),
    "recounting": ("recount",),
    "moving": ("export", "sample"),
    "scenarios": ("scenario",),
    "servers": ("worker", "demo"),
    "serving": ("serve",),
    "trying": ("simulate", "replay"),
    "uninstalling": ("uninstall",),
    "versions": ("versions", "diff", "rollback", "where-used", "audit"),
}
"""The commands by the modules of `headrace.commands` that have them."""


@click.group(cls=Commands, areas=AREAS, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Headrace: channel management from JSON definitions."""

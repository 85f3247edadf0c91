"""Take modules away."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import click

from headrace.commands.plans import decisions_option, plan_lines, read_answers, telling
from headrace.commands.shell import json_option, open_shell
from headrace.platform.core.problems import Text
from headrace.platform.publishing.uninstalling import DATA, Data


def add_to(main: click.Group) -> None:
    """Add the commands of this area."""
    main.add_command(uninstall)


@click.command()
@click.argument("module")
@click.option(
    "--data",
    type=click.Choice(DATA),
    required=True,
    help="Keep its tables and values for 30 days, or drop them at once.",
)
@click.option("--plan", "only_plan", is_flag=True, help="Show what would happen; change nothing.")
@decisions_option
@click.option("-m", "--message", default="", help="What the change is for.")
@json_option
def uninstall(
    module: str,
    data: str,
    only_plan: bool,  # noqa: FBT001 - click
    decisions: Path | None,
    message: str,
    as_json: bool,  # noqa: FBT001 - click
) -> None:
    """Take MODULE away: its definitions, and with --data drop its records too."""
    shell = open_shell(as_json=as_json)
    with shell.platform() as platform:
        made = platform.uninstaller.plan(module, read_answers(decisions))
        if only_plan or made.refused:
            shell.data(made.render(shell.language), plan_lines(made, shell.language))
            raise SystemExit(1 if made.refused else 0)
        done = platform.uninstaller.uninstall(
            made, module, cast(Data, data), message, None, following=telling(shell)
        )
    number = done.version
    said = Text(f"Version {number} is live.", f"版本 {number} 已生效。")
    shown = {**made.render(shell.language), "version": number}
    shell.data(shown, [*plan_lines(made, shell.language), said.within(shell.language)])

"""Moving modules and their rows in and out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from headrace.commands.shell import open_shell, path_argument
from headrace.platform.core.problems import Text
from headrace.platform.publishing.export import export_files, write_export


def add_to(main: click.Group) -> None:
    """Add the commands of this area."""
    main.add_command(export)
    main.add_command(sample)


@click.command()
@path_argument
@click.option("--version", "number", type=int, help="Version to export; the live one without it.")
@click.option("--module", "modules", multiple=True, help="Module to export (repeatable).")
def export(path: Path, number: int | None, modules: Sequence[str]) -> None:
    """Write the published definitions as module folders."""
    shell = open_shell()
    with shell.platform() as platform:
        content = platform.catalogs.content_of(number)
    count = write_export(path, export_files(content, modules))
    shell.say(Text(f"{count} files written.", f"已写入 {count} 个文件。"))


@click.group()
def sample() -> None:
    """Load or take away the sample rows of a module."""


@sample.command("load")
@click.argument("module")
def sample_load(module: str) -> None:
    """Load the sample rows of MODULE."""
    shell = open_shell()
    with shell.platform() as platform:
        rows = platform.catalogs.refresh().rows
        count = platform.write_as_system(
            lambda context, work: platform.samples.load(context, work, rows, module)
        )
    shell.say(Text(f"{count} records loaded.", f"已加载 {count} 条记录。"))


@sample.command("unload")
@click.argument("module")
def sample_unload(module: str) -> None:
    """Take away the sample rows of MODULE that are still there."""
    shell = open_shell()
    with shell.platform() as platform:
        count = platform.write_as_system(
            lambda context, work: platform.samples.unload(context, work, module)
        )
    shell.say(Text(f"{count} records taken away.", f"已移除 {count} 条记录。"))

"""Moving modules and their rows in and out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from headrace.commands.shell import open_shell
from headrace.platform.core.problems import Text
from headrace.platform.publishing.archives import write_archive
from headrace.platform.publishing.export import export_files, write_export


def add_to(main: click.Group) -> None:
    """Add the commands of this area."""
    main.add_command(export)
    main.add_command(sample)


@click.command()
@click.argument("path", type=click.Path(path_type=Path), required=False)
@click.option("--zip", "archive", type=click.Path(path_type=Path), help="Zip package to write.")
@click.option("--version", "number", type=int, help="Version to export; the live one without it.")
@click.option("--module", "modules", multiple=True, help="Module to export (repeatable).")
@click.option("--closure", is_flag=True, help="Also the modules that those require.")
def export(
    path: Path | None,
    archive: Path | None,
    number: int | None,
    modules: Sequence[str],
    closure: bool,  # noqa: FBT001 - click
) -> None:
    """Write the published definitions as module folders to PATH, or as a package with --zip."""
    if (path is None) == (archive is None):
        raise click.UsageError("Give either a PATH or --zip FILE.")
    shell = open_shell()
    with shell.platform() as platform:
        content = platform.catalogs.content_of(number)
    files = list(export_files(content, modules, closure=closure))
    if path is not None:
        write_export(path, files)
    if archive is not None:
        archive.write_bytes(write_archive(files))
    shell.say(Text(f"{len(files)} files written.", f"已写入 {len(files)} 个文件。"))


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

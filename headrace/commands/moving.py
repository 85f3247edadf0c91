"""Moving modules and their rows in and out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from headrace.commands.shell import open_shell
from headrace.platform.core.errors import RefusedError
from headrace.platform.core.problems import Text
from headrace.platform.database.unit_of_work import COMMAND_LINE
from headrace.platform.publishing.archives import write_archive
from headrace.platform.publishing.export import chosen_modules, export_files, write_export
from headrace.platform.publishing.moved_records import (
    MovedRecords,
    export_records,
    read_moved,
)
from headrace.platform.publishing.sources import open_source
from headrace.platform.records.context import Context
from headrace.platform.runtime import Platform


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
@click.option(
    "--records", is_flag=True, help="Also the records, the users that they name, and their files."
)
@click.option("--no-files", is_flag=True, help="With --records: leave the files behind.")
def export(
    path: Path | None,
    archive: Path | None,
    number: int | None,
    modules: Sequence[str],
    closure: bool,  # noqa: FBT001 - click
    records: bool,  # noqa: FBT001 - click
    no_files: bool,  # noqa: FBT001 - click
) -> None:
    """Write the published definitions as module folders to PATH, or as a package with --zip."""
    if (path is None) == (archive is None):
        raise click.UsageError("Give either a PATH or --zip FILE.")
    if records and number is not None:
        raise click.UsageError("Records are those of now: leave --version out.")
    shell = open_shell()
    with shell.platform() as platform:
        content = platform.catalogs.content_of(number)
        chosen = chosen_modules(content, modules, closure=closure)
        moved: list[tuple[str, bytes]] = []
        if records:
            moved = _records(platform, chosen, whole=not modules, files=not no_files)
    files = list(export_files(content, chosen, records=moved))
    if path is not None:
        write_export(path, files)
    if archive is not None:
        archive.write_bytes(write_archive(files))
    shell.say(Text(f"{len(files)} files written.", f"已写入 {len(files)} 个文件。"))


def _records(
    platform: Platform, modules: Sequence[str], *, whole: bool, files: bool
) -> list[tuple[str, bytes]]:
    """Return the files of the records of `modules`; of a whole workspace all users are among them."""

    def action(context: Context) -> list[tuple[str, bytes]]:
        users = platform.identity.users()
        with platform.database.snapshot() as reading:
            found = export_records(
                context, reading.connection, modules, users, whole=whole, files=files
            )
            return list(found)

    return platform.perform_as_system(action)


def moved_records(path: Path) -> MovedRecords:
    """Read the records that travel with the modules at `path`; raise RefusedError for others."""
    moved, problems = read_moved(open_source(path))
    if problems:
        raise RefusedError.of(problems)
    return moved


def load_records(platform: Platform, moved: MovedRecords) -> list[Text]:
    """Load moved records in one transaction and say what was done."""
    files = platform.catalogs.refresh().rows
    loaded = platform.write_as_system(
        lambda context, work: platform.transfer.load(context, work, moved, files), COMMAND_LINE
    )
    records, users = loaded.records, loaded.users
    return [
        Text(
            f"{records} records loaded, {users} users made.",
            f"已加载 {records} 条记录，新建 {users} 个用户。",
        )
    ]


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
            lambda context, work: platform.samples.load(context, work, rows, module), COMMAND_LINE
        )
    shell.say(Text(f"{count} records loaded.", f"已加载 {count} 条记录。"))


@sample.command("unload")
@click.argument("module")
def sample_unload(module: str) -> None:
    """Take away the sample rows of MODULE that are still there."""
    shell = open_shell()
    with shell.platform() as platform:
        count = platform.write_as_system(
            lambda context, work: platform.samples.unload(context, work, module), COMMAND_LINE
        )
    shell.say(Text(f"{count} records taken away.", f"已移除 {count} 条记录。"))

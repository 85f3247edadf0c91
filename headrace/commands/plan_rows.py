"""Lists of the rows behind a line of a plan, for the command line."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Final

import click

from headrace.commands.shell import Shell
from headrace.platform.core.problems import Text
from headrace.platform.publishing.failing.listing import finder_of, write_rows
from headrace.platform.publishing.plan import Plan
from headrace.platform.runtime import Platform

MARK: Final = "\ufeff"
"""Says that a file is UTF-8, so that spreadsheets read Chinese right."""

rows_option = click.option("--rows", "key", help="List the rows of this line of the plan as CSV.")
out_option = click.option(
    "--out", type=click.Path(path_type=Path), help="File for the list; else it is printed."
)


def list_rows(platform: Platform, plan: Plan, key: str, out: Path | None, shell: Shell) -> None:
    """Write the rows of the line `key`: to a file, or to standard output."""
    text = io.StringIO(newline="")
    published = platform.catalogs.current()
    reader = platform.context_of(published)
    finding = finder_of(platform.database, platform.catalogs, platform.context_of, plan)
    with finding as finder:
        written = write_rows(finder, plan, key, reader, text)
    if out is None:
        click.echo(text.getvalue(), nl=False)
        return
    out.write_text(MARK + text.getvalue(), encoding="utf-8", newline="")
    count = written.rows
    shell.data(
        {"rows": count, "file": str(out)},
        [Text(f"{count} rows in {out}", f"{count} 行已写入 {out}").within(shell.language)],
    )

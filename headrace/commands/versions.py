"""The versions that were published."""

from __future__ import annotations

import click

from headrace.commands.shell import json_option, open_shell
from headrace.platform.metadata.storage_types import instant_text


def add_to(main: click.Group) -> None:
    """Add the commands of this area."""
    main.add_command(versions)


@click.command()
@json_option
def versions(as_json: bool) -> None:  # noqa: FBT001 - click
    """List the published versions, the newest first."""
    shell = open_shell(as_json=as_json)
    with shell.platform() as platform:
        found = platform.catalogs.versions()
        live = platform.catalogs.refresh().version
    shown = [
        {
            "version": one.number,
            "live": one.number == live,
            "at": instant_text(one.at),
            "message": one.message,
            "fingerprint": one.fingerprint,
        }
        for one in found
    ]
    shell.data(
        shown,
        [
            f"{'*' if one['live'] else ' '} {one['version']:>4}  {one['at']}  {one['message']}"
            for one in shown
        ],
    )

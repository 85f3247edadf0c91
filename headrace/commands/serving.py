"""Serving; imports little, so that a server is soon there."""

from __future__ import annotations

import os

import click

from headrace.commands.shell import Shell, open_shell
from headrace.platform.core.problems import Text
from headrace.platform.database.opening import open_initialised
from headrace.platform.jobs.broker_opening import open_broker
from headrace.serving import serve as serve_forever


def add_to(main: click.Group) -> None:
    """Add the commands of this area."""
    main.add_command(serve)


@click.command()
@click.option(
    "--workers", type=click.IntRange(1, 64), default=1, show_default=True, help="Server processes."
)
@click.option("--host", help="Host name or address; HEADRACE_HOST without it.")
@click.option("--port", type=click.IntRange(1, 65535), help="Port; HEADRACE_PORT without it.")
def serve(workers: int, host: str | None, port: int | None) -> None:
    """Serve the screens and the API, with a worker for jobs in each process."""
    if host:
        os.environ["HEADRACE_HOST"] = host
    if port:
        os.environ["HEADRACE_PORT"] = str(port)
    shell = open_shell()
    shell.settings.required_secret_key()
    serve_workspace(shell, workers)


def serve_workspace(shell: Shell, workers: int) -> None:
    """Serve the screens and the API until told to end; the secret key is in the environment."""
    # Each process builds a platform for itself; here it is only asked whether one can be built.
    open_initialised(shell.settings.database_url).dispose()
    if shell.settings.broker_url:
        open_broker(shell.settings.broker_url)
    shell.say(Text(f"Serving at {shell.settings.base_url}", f"服务地址：{shell.settings.base_url}"))
    serve_forever(shell.settings, workers)

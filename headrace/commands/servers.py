"""Working, and the demo workspace."""

from __future__ import annotations

import os
import signal
import threading
from datetime import date, datetime
from pathlib import Path

import click

from headrace import demo as demo_workspace
from headrace.commands.serving import serve_workspace
from headrace.commands.shell import Shell, open_shell
from headrace.platform.core.problems import Text
from headrace.platform.runtime import Platform


def add_to(main: click.Group) -> None:
    """Add the commands of this area."""
    for command in (worker, demo):
        main.add_command(command)


@click.command()
@click.option(
    "--threads", type=click.IntRange(1, 64), default=2, show_default=True, help="Jobs done at once."
)
def worker(threads: int) -> None:
    """Do jobs until told to end."""
    shell = open_shell()
    with shell.platform() as platform:
        stop = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stop.set())
        finish = platform.worker().start(threads)
        shell.say(Text("Working.", "开始处理作业。"))
        stop.wait()
        finish()


@click.command()
@click.option(
    "--as-of", type=click.DateTime(["%Y-%m-%d"]), help="Day on which the clock stops (18:00)."
)
@click.option("--serve", "and_serve", is_flag=True, help="Serve it afterwards.")
@click.option(
    "--workers", type=click.IntRange(1, 64), default=1, show_default=True, help="Server processes."
)
def demo(as_of: datetime | None, and_serve: bool, workers: int) -> None:  # noqa: FBT001 - click
    """Make the demo workspace, or open the one that is there."""
    key = demo_workspace.secret_key(Path.cwd())
    shell = open_shell(defaults={"HEADRACE_SECRET_KEY": key})
    day: date | None = as_of.date() if as_of else None
    platform = demo_workspace.prepare(shell.settings, day)
    try:
        _print_demo(shell, platform)
    finally:
        platform.close()
    if and_serve:
        os.environ["HEADRACE_SECRET_KEY"] = shell.settings.required_secret_key()
        serve_workspace(shell, workers)


def _print_demo(shell: Shell, platform: Platform) -> None:
    now = platform.clock.now().astimezone(platform.zone)
    stamp = now.strftime("%Y-%m-%d %H:%M")
    shell.say(Text(f"The demo's clock stands at {stamp}.", f"演示时钟停在 {stamp}。"))
    shell.say(Text("Sign-ins (login, password, roles):", "登录账号(登录名、密码、角色):"))
    roles = platform.catalogs.current().catalog.roles
    for one in demo_workspace.sign_ins(platform):
        labels = ", ".join(
            roles[role].label.within(shell.language) or role for role in one.roles if role in roles
        )
        click.echo(f"  {one.login:<16} {one.password}  {one.name}  {labels}")
    shell.say(Text(f"Address: {shell.settings.base_url}", f"地址:{shell.settings.base_url}"))

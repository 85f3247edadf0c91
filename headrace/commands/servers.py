"""Working, and the demo workspace."""

from __future__ import annotations

import os
from datetime import date, datetime
from pathlib import Path

import click

from headrace import demo as demo_workspace
from headrace.commands.serving import serve_workspace
from headrace.commands.shell import Shell, open_shell
from headrace.platform.core.problems import Text
from headrace.platform.database.opening import open_initialised
from headrace.platform.jobs.broker_opening import checked_broker
from headrace.platform.jobs.worker import LANES, Lane
from headrace.platform.runtime import Platform
from headrace.working import consume_led, lead, work_in_threads


def add_to(main: click.Group) -> None:
    """Add the commands of this area."""
    for command in (worker, demo):
        main.add_command(command)


@click.command()
@click.option(
    "--threads", type=click.IntRange(1, 64), default=2, show_default=True, help="Jobs done at once."
)
@click.option(
    "--only",
    "lanes",
    type=click.Choice(LANES),
    multiple=True,
    help="Only short jobs, long ones, or those of other systems (repeatable).",
)
@click.option("--led", is_flag=True, hidden=True, help="Started by another worker.")
def worker(threads: int, lanes: tuple[Lane, ...], led: bool) -> None:  # noqa: FBT001 - click
    """Do jobs until told to end."""
    shell = open_shell()
    wanted = [one for one in LANES if one in (lanes or LANES)]
    if not shell.settings.broker_url:
        with shell.platform() as platform:
            shell.say(Text("Working.", "开始处理作业。"))
            work_in_threads(platform, wanted, threads)
    elif led:
        with shell.platform() as platform:
            consume_led(platform, wanted[0], threads)
    else:
        open_initialised(shell.settings.database_url).dispose()
        checked_broker(shell.settings.broker_url)
        shell.say(Text("Working for the broker.", "开始处理消息代理分发的作业。"))
        lead(wanted, threads)


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
    shell.say(Text("Sign-ins (login, password, roles):", "登录账号（登录名、密码、角色）："))
    roles = platform.catalogs.current().catalog.roles
    for one in demo_workspace.sign_ins(platform):
        labels = ", ".join(
            roles[role].label.within(shell.language) or role for role in one.roles if role in roles
        )
        click.echo(f"  {one.login:<16} {one.password}  {one.name}  {labels}")
    shell.say(Text(f"Address: {shell.settings.base_url}", f"地址：{shell.settings.base_url}"))

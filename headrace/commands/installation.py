"""Making a workspace, and looking whether it is sound."""

from __future__ import annotations

import secrets
from collections.abc import Sequence

import click

from headrace.commands.shell import given_password, json_option, open_shell
from headrace.doctor import examine
from headrace.platform import runtime
from headrace.platform.access.principals import RoleHolding
from headrace.platform.core.problems import Text
from headrace.platform.database.opening import open_database
from headrace.platform.database.unit_of_work import COMMAND_LINE
from headrace.platform.metadata.wording import sentence
from headrace.platform.publishing.sweeping import Kept, shown

REMOVED = Text("Removed: {what}", "已删除：{what}")
STAYS = Text("Kept until {until}: {what}", "保留至 {until}:{what}")
NOTHING_KEPT = Text("Nothing is kept of dropped definitions.", "没有保留任何已移除定义的数据。")


def add_to(main: click.Group) -> None:
    """Add the commands of this area."""
    main.add_command(init)
    main.add_command(doctor)
    main.add_command(sweep)


@click.command()
@click.option("--login", default="admin", show_default=True, help="Login of the administrator.")
@click.option("--name", default="Administrator", show_default=True, help="Their name.")
@click.option("--role", "roles", multiple=True, help="Role to hold (repeatable).")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@json_option
def init(login: str, name: str, roles: Sequence[str], password_stdin: bool, as_json: bool) -> None:  # noqa: FBT001 - click
    """Make the system tables and the first administrator."""
    shell = open_shell(as_json=as_json)
    database = open_database(shell.settings.database_url)
    runtime.initialise(database, shell.settings.time_zone, COMMAND_LINE)
    database.dispose()
    with shell.platform() as platform:
        if platform.identity.users():
            shell.data(
                {"login": None},
                [
                    Text(
                        "The system tables are there; there are users already.",
                        "系统表已就绪；已有用户。",
                    ).within(shell.language)
                ],
            )
            return
        password = given_password() if password_stdin else secrets.token_urlsafe(12)
        with platform.database.writing(None, actor=COMMAND_LINE) as work:
            platform.identity.create_user(
                work,
                login=login,
                name=name,
                language=shell.language,
                time_zone=platform.zone.key,
                password=password,
                roles=[RoleHolding(role) for role in roles],
            )
    shown = {"login": login} if password_stdin else {"login": login, "password": password}
    shell.data(shown, [f"{key}: {value}" for key, value in shown.items()])


@click.command()
@json_option
def doctor(as_json: bool) -> None:  # noqa: FBT001 - click
    """Check installation, database, queue and metadata."""
    shell = open_shell(as_json=as_json)
    findings = list(examine(shell.settings))
    shown = [finding.render(shell.language) for finding in findings]
    shell.data(
        shown,
        [
            f"{'ok  ' if one['ok'] else 'FAIL'} {one['what']}"
            + (f"\n     {one['remedy']}" if not one["ok"] else "")
            for one in shown
        ],
    )
    if not all(finding.ok for finding in findings):
        raise SystemExit(1)


@click.command()
@click.option("--list", "only_list", is_flag=True, help="Only say what is kept and until when.")
@json_option
def sweep(only_list: bool, as_json: bool) -> None:  # noqa: FBT001 - click
    """Remove what was kept of dropped definitions for 30 days; the worker does it every hour."""
    shell = open_shell(as_json=as_json)
    with shell.platform() as platform:
        removed = () if only_list else platform.sweeper.sweep(COMMAND_LINE)
        kept = platform.sweeper.kept()
    language = shell.language
    shell.data(
        {"removed": shown(removed, language), "kept": shown(kept, language)},
        [
            *(_line(REMOVED, one).within(language) for one in removed),
            *(_line(STAYS, one).within(language) for one in kept),
        ]
        or [NOTHING_KEPT.within(language)],
    )


def _line(template: Text, one: Kept) -> Text:
    return sentence(template, what=one.what, until=one.until.date().isoformat())

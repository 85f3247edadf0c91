"""Accounts of people and their API tokens."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

import click

from headrace.commands.shell import given_password, json_option, open_shell
from headrace.platform.access.identity import UserRow
from headrace.platform.access.principals import RoleHolding
from headrace.platform.core.errors import NotFoundError, RefusedError
from headrace.platform.core.problems import Message, Text, pointer
from headrace.platform.database.unit_of_work import COMMAND_LINE, UnitOfWork
from headrace.platform.metadata.storage_types import instant_text
from headrace.platform.publishing.keys import ids_by_key
from headrace.platform.records.context import Context
from headrace.platform.runtime import Platform
from headrace.platform.workflow.leaving import hand_over
from headrace.platform.workflow.runs import undecided_tasks_of_user

NO_USER = Message(
    "user.unknown",
    "There is no user “{login}”.",
    "没有登录名为“{login}”的用户。",
    "`headrace user list` shows them.",
    "可用 `headrace user list` 查看。",
)
NO_KEY = Message(
    "reference.not_found",
    "There is no {what} “{key}”.",
    "没有{what}“{key}”。",
    "Check the key.",
    "请检查编号。",
)
WORDS: Final = {
    "organisation": Text("organisation", "组织"),
    "territory": Text("territory", "区域"),
}


instead_option = click.option(
    "--instead", metavar="LOGIN", help="Who takes over roles that approvals need, and the tasks."
)


def add_to(main: click.Group) -> None:
    """Add the commands of this area."""
    main.add_command(user)
    main.add_command(token)


@click.group()
def user() -> None:
    """Accounts of people."""


@user.command("list")
@json_option
def user_list(as_json: bool) -> None:  # noqa: FBT001 - click
    """List all users with their roles."""
    shell = open_shell(as_json=as_json)
    with shell.platform() as platform:
        found = platform.identity.users()
    shown = [_user_data(one) for one in found]
    shell.data(
        shown,
        [
            f"{one['login']:<20} {one['name']:<16} {'' if one['active'] else '(inactive) '}"
            f"{', '.join(role['role'] for role in one['roles'])}"
            for one in shown
        ],
    )


def _user_data(one: UserRow) -> dict[str, Any]:
    return {
        "id": one.id,
        "login": one.login,
        "name": one.name,
        "email": one.email,
        "language": one.language,
        "time_zone": one.time_zone,
        "active": one.active,
        "organisation": one.organisation,
        "manager": one.manager,
        "roles": [{"role": held.role, "territory": held.territory_id} for held in one.roles],
    }


@user.command("create")
@click.argument("login")
@click.option("--name", required=True, help="Name shown to others.")
@click.option("--email", help="E-mail address.")
@click.option(
    "--language",
    type=click.Choice(["en", "zh"]),
    default="zh",
    show_default=True,
    help="Language of the screens.",
)
@click.option("--time-zone", help="IANA time zone; the workspace's without it.")
@click.option("--organisation", help="External id of the organisation that the user belongs to.")
@click.option("--role", "roles", multiple=True, help="ROLE or ROLE@TERRITORY (repeatable).")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@json_option
def user_create(
    login: str,
    name: str,
    email: str | None,
    language: str,
    time_zone: str | None,
    organisation: str | None,
    roles: Sequence[str],
    password_stdin: bool,  # noqa: FBT001 - click
    as_json: bool,  # noqa: FBT001 - click
) -> None:
    """Make a user; without --password-stdin a password is made and printed once."""
    shell = open_shell(as_json=as_json)
    with shell.platform() as platform:
        password = given_password() if password_stdin else secrets.token_urlsafe(12)
        holdings = [_holding(platform, role) for role in roles]
        belongs_to = _record_id(platform, "organisation", organisation) if organisation else None
        with platform.database.writing(None, actor=COMMAND_LINE) as work:
            made = platform.identity.create_user(
                work,
                login=login,
                name=name,
                email=email,
                language=language,
                time_zone=time_zone or platform.zone.key,
                organisation=belongs_to,
                password=password,
                roles=holdings,
            )
    shown = {"id": made, "login": login}
    if not password_stdin:
        shown["password"] = password
    shell.data(shown, [f"{key}: {value}" for key, value in shown.items()])


@user.command("password")
@click.argument("login")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@json_option
def user_password(login: str, password_stdin: bool, as_json: bool) -> None:  # noqa: FBT001 - click
    """Set a new password; sessions and tokens of the user end."""
    shell = open_shell(as_json=as_json)
    with shell.platform() as platform:
        user_id = _user_id(platform, login)
        password = given_password() if password_stdin else secrets.token_urlsafe(12)
        with platform.database.writing(None, actor=COMMAND_LINE) as work:
            platform.identity.set_password(work, user_id, password)
    shown = {"login": login} if password_stdin else {"login": login, "password": password}
    shell.data(shown, [f"{key}: {value}" for key, value in shown.items()])


@user.command("roles")
@click.argument("login")
@click.argument("roles", nargs=-1)
@instead_option
def user_roles(login: str, roles: Sequence[str], instead: str | None) -> None:
    """Let a user hold exactly ROLES, each ROLE or ROLE@TERRITORY.

    A role that approvals need is not taken from the last who holds it without somebody --instead.
    """
    shell = open_shell()
    with shell.platform() as platform:
        user_id = _user_id(platform, login)
        heir = _user_id(platform, instead) if instead else None
        holdings = [_holding(platform, role) for role in roles]

        def change(context: Context, work: UnitOfWork) -> None:
            kept = {one.role for one in holdings}
            hand_over(platform.identity, context, work, user_id, kept, _for_all(platform, heir))
            platform.identity.set_roles(work, user_id, holdings)

        platform.write_as_system(change, COMMAND_LINE)
    shell.say(Text(f"{login} holds {len(roles)} roles.", f"{login} 现有 {len(roles)} 个角色。"))


@user.command("manager")
@click.argument("login")
@click.argument("manager", required=False)
def user_manager(login: str, manager: str | None) -> None:
    """Let the user LOGIN report to the user MANAGER; without MANAGER to nobody."""
    shell = open_shell()
    with shell.platform() as platform:
        user_id = _user_id(platform, login)
        above = _user_id(platform, manager) if manager else None
        with platform.database.writing(None, actor=COMMAND_LINE) as work:
            platform.identity.update_user(work, user_id, manager=above)
    if manager:
        shell.say(Text(f"{login} reports to {manager}.", f"{login} 的上级为 {manager}。"))
    else:
        shell.say(Text(f"{login} reports to nobody.", f"{login} 没有上级。"))


@user.command("deactivate")
@click.argument("login")
@instead_option
def user_deactivate(login: str, instead: str | None) -> None:
    """End an account: sessions end, open tasks go to others.

    A role that approvals need is not taken from the last who holds it without somebody --instead.
    """
    _switch_user(login, active=False, instead=instead)


@user.command("activate")
@click.argument("login")
def user_activate(login: str) -> None:
    """Let an account that was ended be used again."""
    _switch_user(login, active=True)


def _switch_user(login: str, *, active: bool, instead: str | None = None) -> None:
    shell = open_shell()
    with shell.platform() as platform:
        user_id = _user_id(platform, login)
        heir = _user_id(platform, instead) if instead else None

        def switch(context: Context, work: UnitOfWork) -> int:
            if active:
                platform.identity.update_user(work, user_id, active=True)
                return 0
            heirs = _for_all(platform, heir)
            hand_over(platform.identity, context, work, user_id, (), heirs)
            waiting = len(undecided_tasks_of_user(work.connection, user_id))
            platform.identity.update_user(work, user_id, active=False)
            platform.approvals.release(context, work, user_id)
            return waiting

        released = platform.write_as_system(switch, COMMAND_LINE)
    if active:
        shell.say(Text(f"{login} is active.", f"{login} 已启用。"))
    else:
        shell.say(
            Text(
                f"{login} is inactive; {released} tasks went to others.",
                f"{login} 已停用；{released} 个任务已转给他人。",
            )
        )


def _for_all(platform: Platform, heir: str | None) -> dict[str, str]:
    """Return one heir for every role."""
    roles = platform.catalogs.refresh().catalog.roles
    return {} if heir is None else {str(name): heir for name in roles}


def _user_id(platform: Platform, login: str) -> str:
    found = platform.identity.user_by_login(login)
    if found is None:
        raise NotFoundError(NO_USER.at(login=login))
    return found.id


def _holding(platform: Platform, text: str) -> RoleHolding:
    role, _, territory = text.partition("@")
    return RoleHolding(role, _record_id(platform, "territory", territory) if territory else None)


def _record_id(platform: Platform, part: Any, key: str) -> str:
    """Return the id of an organisation or territory by its first external id."""
    live = platform.catalogs.refresh()
    model = live.catalog.acting_as(part)
    with platform.database.reading() as reading:
        known = ids_by_key(reading.connection, live.tables, model)
    if key in known:
        return known[key]
    raise RefusedError(NO_KEY.at(pointer(part), what=WORDS[part], key=key))


@click.group()
def token() -> None:
    """API tokens."""


@token.command("create")
@click.argument("login")
@click.argument("name")
@click.option(
    "--days", type=click.IntRange(1, 3650), help="Days until it expires; never without it."
)
@json_option
def token_create(login: str, name: str, days: int | None, as_json: bool) -> None:  # noqa: FBT001 - click
    """Make a token for the user LOGIN; it is printed once."""
    shell = open_shell(as_json=as_json)
    with shell.platform() as platform:
        user_id = _user_id(platform, login)
        expires = platform.real_clock.now() + timedelta(days=days) if days else None
        with platform.database.writing(None, actor=COMMAND_LINE) as work:
            made = platform.identity.create_token(work, user_id, name, expires)
    shell.data({"token": made}, [made])


@token.command("list")
@click.argument("login")
@json_option
def token_list(login: str, as_json: bool) -> None:  # noqa: FBT001 - click
    """List the tokens of the user LOGIN."""
    shell = open_shell(as_json=as_json)
    with shell.platform() as platform:
        found = platform.identity.tokens(_user_id(platform, login))
    shown = [
        {
            "id": one.id,
            "name": one.name,
            "created": instant_text(one.created),
            "expires": instant_text(one.expires),
            "revoked": instant_text(one.revoked),
        }
        for one in found
    ]
    shell.data(shown, [f"{one['id']}  {one['name']}  {one['revoked'] or ''}" for one in shown])


@token.command("revoke")
@click.argument("token_id")
def token_revoke(token_id: str) -> None:
    """Make a token worthless at once."""
    shell = open_shell()
    with shell.platform() as platform, platform.database.writing(None, actor=COMMAND_LINE) as work:
        platform.identity.revoke_token(work, token_id)
    shell.say(Text("Revoked.", "已撤销。"))

"""The commands. Each parses, calls a use case, prints; exit codes: 0 done, 1 refused, 2 wrong usage."""

from __future__ import annotations

import json
import os
import secrets
import signal
import sys
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import click

from headrace import demo as demo_workspace
from headrace.doctor import examine
from headrace.platform import runtime
from headrace.platform.access.identity import UserRow
from headrace.platform.access.principals import RoleHolding
from headrace.platform.core.errors import NotFoundError, PlatformError, RefusedError
from headrace.platform.core.problems import Message, Problem, Text, errors, pointer
from headrace.platform.metadata.storage_types import instant_text
from headrace.platform.publishing.export import export_files, write_export
from headrace.platform.publishing.keys import ids_by_key
from headrace.platform.publishing.plan import Plan
from headrace.platform.publishing.planning import check_folders
from headrace.platform.runtime import Platform
from headrace.serving import serve as serve_forever
from headrace.settings import Settings, load_settings

ALL_FINE: Final = Text("No problems found.", "未发现问题。")
NOT_YET: Final = Text("This command is not there yet in this version.", "此版本尚不提供该命令。")
NOTHING_TO_DO: Final = Text("Nothing would change.", "没有变化。")
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


@dataclass(frozen=True, slots=True)
class Shell:
    """What a command needs to know about where it runs."""

    settings: Settings
    as_json: bool = False

    @property
    def language(self) -> str:
        """The language to print in."""
        return self.settings.language

    def say(self, text: Text) -> None:
        """Print a line for people; nothing where data are asked for."""
        if not self.as_json:
            click.echo(text.within(self.language))

    def data(self, value: Any, lines: Iterable[str]) -> None:
        """Print `value` as JSON where that is asked for, else `lines`."""
        if self.as_json:
            click.echo(json.dumps(value, ensure_ascii=False, indent=2))
            return
        for line in lines:
            click.echo(line)

    @contextmanager
    def platform(self) -> Iterator[Platform]:
        """Open the platform for one command."""
        platform = runtime.build(self.settings)
        try:
            yield platform
        finally:
            platform.close()


class Commands(click.Group):
    """Turns refusals into problems on the error stream and exit code 1."""

    def invoke(self, context: click.Context) -> Any:
        try:
            return super().invoke(context)
        except PlatformError as error:
            language = _language()
            for problem in error.problems:
                click.echo(_problem_line(problem, language), err=True)
            context.exit(1)


def _language() -> str:
    try:
        return load_settings(os.environ, Path.cwd()).language
    except PlatformError:
        return "zh" if os.environ.get("LANG", "").startswith("zh") else "en"


def _shell(*, as_json: bool = False, defaults: dict[str, str] | None = None) -> Shell:
    return Shell(load_settings(os.environ, Path.cwd(), defaults=defaults), as_json)


def _problem_line(problem: Problem, language: str) -> str:
    shown = problem.render(language)
    place = f"{shown['path']}: " if shown["path"] else ""
    hint = f"\n    {shown['hint']}" if shown["hint"] else ""
    return f"{shown['severity']} {shown['code']}\n    {place}{shown['message']}{hint}"


json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
path_argument = click.argument("path", type=click.Path(path_type=Path))
with_option = click.option(
    "--with",
    "others",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Folder in which required modules are looked up too (repeatable).",
)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Headrace: channel management from JSON definitions."""


# -- installation ----------------------------------------------------------------------------------


@main.command()
@click.option("--login", default="admin", show_default=True, help="Login of the administrator.")
@click.option("--name", default="Administrator", show_default=True, help="Their name.")
@click.option("--role", "roles", multiple=True, help="Role to hold (repeatable).")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@json_option
def init(login: str, name: str, roles: Sequence[str], password_stdin: bool, as_json: bool) -> None:  # noqa: FBT001 - click
    """Make the system tables and the first administrator."""
    shell = _shell(as_json=as_json)
    database = runtime.open_database(shell.settings)
    runtime.initialise(database, shell.settings.time_zone)
    database.dispose()
    with shell.platform() as platform:
        if platform.identity.users():
            shell.data(
                {"login": None},
                [
                    Text(
                        "The system tables are there; there are users already.",
                        "系统表已就绪;已有用户。",
                    ).within(shell.language)
                ],
            )
            return
        password = _given_password() if password_stdin else secrets.token_urlsafe(12)
        with platform.database.writing(None) as work:
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


def _given_password() -> str:
    return sys.stdin.readline().rstrip("\n")


@main.command()
@json_option
def doctor(as_json: bool) -> None:  # noqa: FBT001 - click
    """Check installation, database, queue and metadata."""
    shell = _shell(as_json=as_json)
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


# -- definitions -----------------------------------------------------------------------------------


@main.command()
@path_argument
@with_option
@json_option
def check(path: Path, others: Sequence[Path], as_json: bool) -> None:  # noqa: FBT001 - click
    """Check a module folder, or a folder of modules, without a database."""
    shell = _shell(as_json=as_json)
    problems = check_folders(path, others, runtime.field_types())
    shown = [problem.render(shell.language) for problem in problems]
    fine = [] if problems else [ALL_FINE.within(shell.language)]
    shell.data(shown, [*(_problem_line(one, shell.language) for one in problems), *fine])
    if errors(problems):
        raise SystemExit(1)


@main.command()
@path_argument
@with_option
@json_option
def plan(path: Path, others: Sequence[Path], as_json: bool) -> None:  # noqa: FBT001 - click
    """Show what publishing PATH would do to this database; changes nothing."""
    shell = _shell(as_json=as_json)
    with shell.platform() as platform:
        made = platform.publisher.plan(path, others)
    shell.data(made.render(shell.language), _plan_lines(made, shell.language))
    if made.refused:
        raise SystemExit(1)


@main.command()
@path_argument
@with_option
@click.option("-m", "--message", default="", help="What the change is for.")
@json_option
def publish(path: Path, others: Sequence[Path], message: str, as_json: bool) -> None:  # noqa: FBT001 - click
    """Check, plan and publish the modules in PATH; the others stay as they are."""
    shell = _shell(as_json=as_json)
    with shell.platform() as platform:
        made = platform.publisher.plan(path, others)
        if made.refused:
            shell.data(made.render(shell.language), _plan_lines(made, shell.language))
            raise SystemExit(1)
        number = platform.publisher.publish(made, message, None)
    done = Text(f"Version {number} is live.", f"版本 {number} 已生效。")
    shown = {**made.render(shell.language), "version": number}
    shell.data(shown, [*_plan_lines(made, shell.language), done.within(shell.language)])


def _plan_lines(made: Plan, language: str) -> Iterator[str]:
    for problem in made.problems:
        yield _problem_line(problem, language)
    if made.is_empty and not made.refused:
        yield NOTHING_TO_DO.within(language)
    for line in made.lines:
        rows = (
            ""
            if line.rows is None
            else Text(f" ({line.rows} rows)", f"({line.rows} 行)").within(language)
        )
        mark = "!" if line.destructive else "+"
        yield f"{mark} {line.text.within(language)}{rows}"


@main.command()
@json_option
def versions(as_json: bool) -> None:  # noqa: FBT001 - click
    """List the published versions, the newest first."""
    shell = _shell(as_json=as_json)
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


@main.command()
@path_argument
@click.option("--version", "number", type=int, help="Version to export; the live one without it.")
@click.option("--module", "modules", multiple=True, help="Module to export (repeatable).")
def export(path: Path, number: int | None, modules: Sequence[str]) -> None:
    """Write the published definitions as module folders."""
    shell = _shell()
    with shell.platform() as platform:
        content = platform.catalogs.content_of(number)
    count = write_export(path, export_files(content, modules))
    shell.say(Text(f"{count} files written.", f"已写入 {count} 个文件。"))


def _missing(name: str, arguments: str) -> None:
    """Add a command of the contract that is still to come: it says so, with exit code 2."""

    @main.command(name, hidden=True, context_settings={"ignore_unknown_options": True})
    @click.argument("arguments", nargs=-1, metavar=arguments)
    def command(arguments: Sequence[str]) -> None:  # noqa: ARG001 - taken and not looked at
        click.echo(NOT_YET.within(_language()), err=True)
        raise SystemExit(2)


for _name, _arguments in (
    ("rollback", "VERSION"),
    ("diff", "A B"),
    ("where-used", "KIND NAME"),
    ("uninstall", "MODULE"),
    ("import", "OBJECT FILE"),
):
    _missing(_name, _arguments)


# -- sample rows -----------------------------------------------------------------------------------


@main.group()
def sample() -> None:
    """Load or take away the sample rows of a module."""


@sample.command("load")
@click.argument("module")
def sample_load(module: str) -> None:
    """Load the sample rows of MODULE."""
    shell = _shell()
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
    shell = _shell()
    with shell.platform() as platform:
        count = platform.write_as_system(
            lambda context, work: platform.samples.unload(context, work, module)
        )
    shell.say(Text(f"{count} records taken away.", f"已移除 {count} 条记录。"))


# -- accounts --------------------------------------------------------------------------------------


@main.group()
def user() -> None:
    """Accounts of people."""


@user.command("list")
@json_option
def user_list(as_json: bool) -> None:  # noqa: FBT001 - click
    """List all users with their roles."""
    shell = _shell(as_json=as_json)
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
    shell = _shell(as_json=as_json)
    with shell.platform() as platform:
        password = _given_password() if password_stdin else secrets.token_urlsafe(12)
        holdings = [_holding(platform, role) for role in roles]
        belongs_to = _record_id(platform, "organisation", organisation) if organisation else None
        with platform.database.writing(None) as work:
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
    shell = _shell(as_json=as_json)
    with shell.platform() as platform:
        user_id = _user_id(platform, login)
        password = _given_password() if password_stdin else secrets.token_urlsafe(12)
        with platform.database.writing(None) as work:
            platform.identity.set_password(work, user_id, password)
    shown = {"login": login} if password_stdin else {"login": login, "password": password}
    shell.data(shown, [f"{key}: {value}" for key, value in shown.items()])


@user.command("roles")
@click.argument("login")
@click.argument("roles", nargs=-1)
def user_roles(login: str, roles: Sequence[str]) -> None:
    """Let a user hold exactly ROLES, each ROLE or ROLE@TERRITORY."""
    shell = _shell()
    with shell.platform() as platform:
        user_id = _user_id(platform, login)
        holdings = [_holding(platform, role) for role in roles]
        with platform.database.writing(None) as work:
            platform.identity.set_roles(work, user_id, holdings)
    shell.say(Text(f"{login} holds {len(roles)} roles.", f"{login} 现有 {len(roles)} 个角色。"))


@user.command("deactivate")
@click.argument("login")
def user_deactivate(login: str) -> None:
    """End an account: sessions end, open tasks go to others."""
    _switch_user(login, active=False)


@user.command("activate")
@click.argument("login")
def user_activate(login: str) -> None:
    """Let an account that was ended be used again."""
    _switch_user(login, active=True)


def _switch_user(login: str, *, active: bool) -> None:
    shell = _shell()
    with shell.platform() as platform:
        user_id = _user_id(platform, login)

        def switch(context: Any, work: Any) -> int:
            platform.identity.update_user(work, user_id, active=active)
            return 0 if active else platform.approvals.release(context, work, user_id)

        released = platform.write_as_system(switch)
    if active:
        shell.say(Text(f"{login} is active.", f"{login} 已启用。"))
    else:
        shell.say(
            Text(
                f"{login} is inactive; {released} tasks went to others.",
                f"{login} 已停用;{released} 个任务已转给他人。",
            )
        )


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


@main.group()
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
    shell = _shell(as_json=as_json)
    with shell.platform() as platform:
        user_id = _user_id(platform, login)
        expires = platform.real_clock.now() + timedelta(days=days) if days else None
        with platform.database.writing(None) as work:
            made = platform.identity.create_token(work, user_id, name, expires)
    shell.data({"token": made}, [made])


@token.command("list")
@click.argument("login")
@json_option
def token_list(login: str, as_json: bool) -> None:  # noqa: FBT001 - click
    """List the tokens of the user LOGIN."""
    shell = _shell(as_json=as_json)
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
    shell = _shell()
    with shell.platform() as platform, platform.database.writing(None) as work:
        platform.identity.revoke_token(work, token_id)
    shell.say(Text("Revoked.", "已撤销。"))


# -- servers ---------------------------------------------------------------------------------------


@main.command()
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
    shell = _shell()
    shell.settings.required_secret_key()
    _serve(shell, workers)


def _serve(shell: Shell, workers: int) -> None:
    with shell.platform() as platform:
        platform.catalogs.current()
    shell.say(Text(f"Serving at {shell.settings.base_url}", f"服务地址:{shell.settings.base_url}"))
    serve_forever(shell.settings, workers)


@main.command()
@click.option(
    "--threads", type=click.IntRange(1, 64), default=2, show_default=True, help="Jobs done at once."
)
def worker(threads: int) -> None:
    """Do jobs until told to end."""
    shell = _shell()
    with shell.platform() as platform:
        stop = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stop.set())
        finish = platform.worker().start(threads)
        shell.say(Text("Working.", "开始处理作业。"))
        stop.wait()
        finish()


@main.command()
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
    shell = _shell(defaults={"HEADRACE_SECRET_KEY": key})
    day: date | None = as_of.date() if as_of else None
    platform = demo_workspace.prepare(shell.settings, day)
    try:
        _print_demo(shell, platform)
    finally:
        platform.close()
    if and_serve:
        os.environ["HEADRACE_SECRET_KEY"] = shell.settings.required_secret_key()
        _serve(shell, workers)


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

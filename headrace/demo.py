"""The demo workspace: the shipped modules, their sample rows, known passwords, a stopped clock."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import headrace
from headrace.platform import runtime
from headrace.platform.database.opening import open_database
from headrace.platform.database.unit_of_work import COMMAND_LINE
from headrace.platform.publishing.folders import in_order
from headrace.platform.publishing.rows import USER_FILE, sample_passwords
from headrace.platform.publishing.sources import module_folders
from headrace.platform.publishing.workspace import read_setting, stop_clock, write_setting
from headrace.platform.runtime import Platform
from headrace.settings import Settings

SEED_FOLDER: Final = Path(headrace.__file__).parent / "seed_schemas"
DEFAULT_DAY: Final = date(2025, 6, 30)
END_OF_DAY: Final = time(18)
DEMO_SETTING: Final = "demo"
KEY_FILE: Final = "secret_key"


@dataclass(frozen=True, slots=True)
class SignIn:
    """A user of the demo that may be tried."""

    login: str
    name: str
    password: str
    roles: tuple[str, ...]


def secret_key(folder: Path) -> str:
    """Return the key of the demo in `folder`; made the first time, readable by its owner only."""
    path = folder / "var" / KEY_FILE
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(48), encoding="ascii")
    return path.read_text(encoding="ascii").strip()


def prepare(settings: Settings, as_of: date | None) -> Platform:
    """Bring the demo workspace up to its full state and return its platform.

    What is there already is kept; a run that was cut short is completed.
    """
    database = open_database(settings.database_url)
    runtime.initialise(database, settings.time_zone, COMMAND_LINE)
    with database.writing(None, actor=COMMAND_LINE) as work:
        if as_of is not None or read_setting(work.connection, DEMO_SETTING) is None:
            stop_clock(work, end_of_day(as_of or DEFAULT_DAY, settings.time_zone))
        done = read_setting(work.connection, DEMO_SETTING) == "complete"
    database.dispose()
    platform = runtime.build(settings)
    if not done:
        _fill(platform)
    return platform


def end_of_day(day: date, zone: ZoneInfo) -> datetime:
    """Return the instant at which the workspace's clock stops on a day."""
    return datetime.combine(day, END_OF_DAY, zone)


def _fill(platform: Platform) -> None:
    plan = platform.publisher.plan(SEED_FOLDER)
    platform.publisher.publish(plan, "Demo", None)
    published = platform.catalogs.refresh()
    for name in in_order(published.catalog.modules.values()):
        if any(file.module == name and file.set == "sample" for file in published.rows):
            platform.write_as_system(
                lambda context, work, module=name: platform.samples.load_once(  # type: ignore[misc]  # bound at once
                    context, work, published.rows, module
                ),
                COMMAND_LINE,
            )
    logins = {user.login: user.id for user in platform.identity.users()}
    with platform.database.writing(None, actor=COMMAND_LINE) as work:
        known = passwords()
        platform.identity.set_public_passwords(
            work, {logins[login]: known[login] for login in known.keys() & logins.keys()}
        )
        write_setting(work, DEMO_SETTING, "complete")


def passwords() -> Mapping[str, str]:
    """Return the demo's passwords by login, from the modules' sample users."""
    found: dict[str, str] = {}
    for folder in module_folders(SEED_FOLDER):
        path = folder / "records" / "sample" / f"{USER_FILE}.csv"
        if path.is_file():
            found.update(sample_passwords(path.read_bytes()))
    return found


def sign_ins(platform: Platform) -> tuple[SignIn, ...]:
    """Return a user for each role, the first that holds it."""
    known = passwords()
    seen: set[str] = set()
    found = []
    for user in platform.identity.users():
        roles = tuple(dict.fromkeys(holding.role for holding in user.roles))
        fresh = [role for role in roles if role not in seen]
        if user.login in known and user.active and fresh:
            seen.update(roles)
            found.append(SignIn(user.login, user.name, known[user.login], roles))
    return tuple(found)

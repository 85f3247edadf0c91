"""Users, sign-in, sessions and tokens; where principals come from.

Changes of users run in the unit of work of the caller and raise the user's stamp in it, so that
principals that are kept elsewhere no longer fit from the commit on. Instants are the real clock's.
"""

from __future__ import annotations

import hashlib
import secrets
import threading
import unicodedata
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from headrace.platform.access.account_entries import (
    password_set,
    roles_changed,
    token_made,
    token_revoked,
    user_changed,
    user_made,
)
from headrace.platform.access.audit import Entry, record
from headrace.platform.access.passwords import Passwords
from headrace.platform.access.principals import (
    SYSTEM_USER_ID,
    Audience,
    Credential,
    CredentialKind,
    Principal,
    RoleHolding,
)
from headrace.platform.access.stamps import STAMPS, stamp_query
from headrace.platform.access.tables import SESSION, SIGN_IN_ATTEMPT, TOKEN, USER, USER_ROLE
from headrace.platform.core.clock import Clock, RealClock
from headrace.platform.core.errors import (
    NOT_FOUND,
    NotFoundError,
    RefusedError,
    StalePrincipalError,
    TooManyRequestsError,
    UnauthenticatedError,
)
from headrace.platform.core.hooks import Hook
from headrace.platform.core.ids import IdSource
from headrace.platform.core.problems import LANGUAGES, Language, Message, pointer
from headrace.platform.database.engine import Database, Reading
from headrace.platform.database.prepared import prepare
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.formulas.pinyin import search_key, sort_key
from headrace.platform.metadata.catalog import Catalog

SESSION_LIFETIME: Final = timedelta(hours=12)
ATTEMPT_WINDOW: Final = timedelta(minutes=15)
ATTEMPTS_PER_LOGIN_AND_ADDRESS: Final = 10
ATTEMPTS_PER_ADDRESS: Final = 100
ATTEMPTS_PER_LOGIN: Final = 100
TOKEN_PREFIX: Final = "hr_"  # noqa: S105 - what tokens begin with, so that scanners find them
SECRET_BYTES: Final = 32
PRINCIPALS_KEPT: Final = 10_000
LONGEST_LOGIN: Final = 100
LONGEST_NAME: Final = 100
MOST_LEVELS: Final = 50
"""Levels of managers that are looked through for a circle."""

WRONG_PASSWORD = Message(
    "auth.wrong_password",
    "Login or password is wrong.",
    "登录名或密码错误。",
    "Check both; an administrator can set a new password.",
    "请检查后重试；管理员可以重置密码。",
)
TOO_MANY_ATTEMPTS = Message(
    "auth.too_many_attempts",
    "Too many tries to sign in.",
    "登录尝试次数过多。",
    "Wait a while before the next try.",
    "请稍候再试。",
)
SIGN_IN_NEEDED = Message(
    "auth.required",
    "You are not signed in, or no longer.",
    "您尚未登录，或登录已失效。",
    "Sign in again.",
    "请重新登录。",
)
LOGIN_TAKEN = Message(
    "user.login_taken",
    "There is a user “{login}” already.",
    "登录名“{login}”已存在。",
    "Choose another login.",
    "请换一个登录名。",
)
BAD_USER_VALUE = Message(
    "user.invalid",
    "“{value}” cannot be the {part} of a user.",
    "“{value}”不能作为用户的 {part}。",
    "Correct it.",
    "请修正。",
)


MANAGER_CIRCLE = Message(
    "user.manager_circle",
    "This manager reports to the user, directly or through others.",
    "该上级直接或间接向此用户汇报。",
    "Choose somebody above.",
    "请选择更高层级的人员。",
)


@dataclass(frozen=True, slots=True)
class UserRow:
    """A user as administrators see it; never the hash of the password."""

    id: str
    login: str
    name: str
    email: str | None
    language: Language
    time_zone: str
    active: bool
    organisation: str | None
    manager: str | None
    roles: tuple[RoleHolding, ...] = ()


@dataclass(frozen=True, slots=True)
class TokenRow:
    """An API token without its secret."""

    id: str
    user_id: str
    name: str
    created: datetime
    expires: datetime | None
    revoked: datetime | None


class Identity:
    """Who is who: the only reader and writer of users, sessions and tokens."""

    def __init__(
        self,
        database: Database,
        ids: IdSource,
        clock: Clock | None = None,
        passwords: Passwords | None = None,
    ) -> None:
        self._database = database
        self._ids = ids
        self._clock = clock or RealClock()
        self._passwords = passwords or Passwords()
        self.rights_changed: Hook[[UnitOfWork, str]] = Hook("access.rights_changed")
        self._kept = _KeptPrincipals()
        self._found = {
            kind: prepare(select, database.dialect) for kind, select in _PRINCIPALS.items()
        }
        self._stamps = {kind: prepare(select, database.dialect) for kind, select in STAMPS.items()}

    # -- sign-in --------------------------------------------------------------------------------

    def sign_in(
        self, login: str, password: str, address: str, *, previous: str | None = None
    ) -> str:
        """Check a password and return the value of a new session cookie.

        `address` is where the request comes from. The session of the cookie `previous` ends. Raise
        UnauthenticatedError, the same for unknown, inactive and wrong, or TooManyRequestsError.
        """
        login = normalised_login(login)
        self._count_attempt(login, address)
        with self._database.reading() as reading:
            found = reading.connection.execute(
                sa.select(USER.c.id, USER.c.password_hash, USER.c.active).where(
                    USER.c.login == login
                )
            ).one_or_none()
            reading.connection.rollback()
        kept = found.password_hash if found is not None and found.active else None
        fits = self._passwords.fits(kept, password)
        if found is None or kept is None or not fits:
            raise UnauthenticatedError(WRONG_PASSWORD.at())
        rehashed = self._passwords.hash(password) if self._passwords.is_outdated(kept) else None
        with self._database.writing(None) as work:
            self._clear_attempts(work, login, address)
            self._end_session(work, previous)
            if rehashed is not None:
                work.connection.execute(
                    sa.update(USER).where(USER.c.id == found.id).values(password_hash=rehashed)
                )
            return self._open_session(work, found.id)

    def sign_out(self, cookie: str) -> None:
        """End the session of a cookie; nothing happens where there is none."""
        with self._database.writing(None) as work:
            self._end_session(work, cookie)
        self._kept.forget("session", hashed(cookie))

    def csrf_token(self, cookie: str) -> str:
        """Return the token that forms of this session carry; raise UnauthenticatedError."""
        with self._database.reading() as reading:
            found = reading.connection.execute(
                sa.select(SESSION.c.csrf).where(
                    SESSION.c.secret_hash == hashed(cookie), SESSION.c.expires > self._clock.now()
                )
            ).scalar_one_or_none()
            reading.connection.rollback()
        if found is None:
            raise UnauthenticatedError(SIGN_IN_NEEDED.at())
        return str(found)

    def _open_session(self, work: UnitOfWork, user_id: str) -> str:
        secret = secrets.token_urlsafe(SECRET_BYTES)
        now = self._clock.now()
        work.connection.execute(sa.delete(SESSION).where(SESSION.c.expires <= now))
        work.connection.execute(
            sa.insert(SESSION).values(
                id=self._ids.record_id(),
                user=user_id,
                secret_hash=hashed(secret),
                csrf=secrets.token_urlsafe(SECRET_BYTES),
                created=now,
                seen=now,
                expires=now + SESSION_LIFETIME,
            )
        )
        return secret

    def _end_session(self, work: UnitOfWork, cookie: str | None) -> None:
        if cookie:
            work.connection.execute(
                sa.delete(SESSION).where(SESSION.c.secret_hash == hashed(cookie))
            )

    def _count_attempt(self, login: str, address: str) -> None:
        """Count before checking, in a transaction of its own, so that parallel tries all count."""
        now = self._clock.now()
        limits = dict(zip(_subjects(login, address), _ATTEMPT_LIMITS, strict=True))
        with self._database.writing(None) as work:
            oldest = now - ATTEMPT_WINDOW
            work.connection.execute(
                sa.delete(SIGN_IN_ATTEMPT).where(SIGN_IN_ATTEMPT.c.first_at <= oldest)
            )
            counted = {subject: self._counted(work, subject, now) for subject in sorted(limits)}
        waits = [
            int((first_at + ATTEMPT_WINDOW - now).total_seconds()) + 1
            for subject, (attempts, first_at) in counted.items()
            if attempts > limits[subject]
        ]
        if waits:
            raise TooManyRequestsError(TOO_MANY_ATTEMPTS.at(), retry_after=max(waits))

    def _counted(self, work: UnitOfWork, subject: str, now: datetime) -> tuple[int, datetime]:
        insert = postgresql.insert if work.dialect == "postgresql" else sqlite.insert
        statement = (
            insert(SIGN_IN_ATTEMPT)
            .values(subject=subject, attempts=1, first_at=now)
            .on_conflict_do_update(
                index_elements=[SIGN_IN_ATTEMPT.c.subject],
                set_={"attempts": SIGN_IN_ATTEMPT.c.attempts + 1},
            )
            .returning(SIGN_IN_ATTEMPT.c.attempts, SIGN_IN_ATTEMPT.c.first_at)
        )
        row = work.connection.execute(statement).one()
        return row.attempts, row.first_at

    def _clear_attempts(self, work: UnitOfWork, login: str, address: str) -> None:
        """Forget the tries of this login from this address; those of the address go on counting."""
        subject = _subjects(login, address)[0]
        work.connection.execute(
            sa.delete(SIGN_IN_ATTEMPT).where(SIGN_IN_ATTEMPT.c.subject == subject)
        )

    # -- principals -----------------------------------------------------------------------------

    def principal_of_session(
        self, cookie: str, catalog: Catalog, *, fresh: bool = False
    ) -> Principal:
        """Return who holds a session; raise UnauthenticatedError.

        A kept principal is returned without asking the database: statements compare its stamp and
        raise StalePrincipalError, after which `fresh` asks again.
        """
        return self._principal("session", cookie, catalog, fresh=fresh)

    def principal_of_token(self, token: str, catalog: Catalog, *, fresh: bool = False) -> Principal:
        """Return who holds an API token; raise UnauthenticatedError. Kept like sessions."""
        return self._principal("token", token, catalog, fresh=fresh)

    def principal_of_user(self, user_id: str, catalog: Catalog) -> Principal:
        """Return a user as a job acts for them; raise UnauthenticatedError where not active."""
        with self._database.reading() as reading:
            rows = reading.rows(self._found["user"], {"user": user_id})
        if not rows:
            raise UnauthenticatedError(SIGN_IN_NEEDED.at())
        return _principal_of_rows("user", rows, catalog)

    def confirm(self, principal: Principal) -> None:
        """Raise StalePrincipalError where the stamp of a kept principal no longer fits.

        For requests that are answered without any statement that compares it.
        """
        query = stamp_query(principal, self._clock.now())
        if query is None:
            return
        with self._database.reading() as reading:
            rows = reading.rows(self._stamps[principal.credential.kind], query.parameters)
        if not rows or rows[0][0] != principal.stamp:
            raise StalePrincipalError

    def _principal(
        self, kind: CredentialKind, secret: str, catalog: Catalog, *, fresh: bool
    ) -> Principal:
        key = hashed(secret)
        kept = None if fresh else self._kept.get(kind, key, catalog)
        if kept is not None:
            return kept
        with self._database.reading() as reading:
            rows = reading.rows(self._found[kind], {"secret": key, "now": self._clock.now()})
        if not rows:
            self._kept.forget(kind, key)
            raise UnauthenticatedError(SIGN_IN_NEEDED.at())
        principal = _principal_of_rows(kind, rows, catalog)
        self._kept.put(kind, key, catalog, principal)
        return principal

    # -- users ----------------------------------------------------------------------------------

    def ensure_system_user(self, work: UnitOfWork) -> None:
        """Make the user that stands in stamps of what nobody typed; it can never sign in."""
        found = work.connection.execute(
            sa.select(USER.c.id).where(USER.c.id == SYSTEM_USER_ID)
        ).one_or_none()
        if found is None:
            self._insert_user(work, SYSTEM_USER_ID, "system", "Headrace", active=False)

    def create_user(
        self,
        work: UnitOfWork,
        *,
        login: str,
        name: str,
        email: str | None = None,
        language: str = "en",
        time_zone: str = "Asia/Shanghai",
        organisation: str | None = None,
        active: bool = True,
        password: str | None = None,
        roles: Iterable[RoleHolding] = (),
        user_id: str | None = None,
    ) -> str:
        """Make a user and return its id; without a password it cannot sign in yet."""
        _check_values({"login": login, "name": name, "language": language, "time_zone": time_zone})
        login = normalised_login(login)
        if self._user_with(work, login) is not None:
            raise RefusedError(LOGIN_TAKEN.at("/login", login=login))
        made, held = user_id or self._ids.record_id(), list(roles)
        values = {
            "language": language,
            "time_zone": time_zone,
            "organisation": organisation,
            "active": active,
        }
        self._insert_user(
            work,
            made,
            login,
            name.strip(),
            email=email,
            password_hash=None if password is None else self._passwords.hash(password),
            **values,
        )
        self._insert_roles(work, made, held)
        told = [user_made(made, login, values, held)]
        record(work, told if password is None else [*told, password_set(made, login)])
        return made

    def update_user(self, work: UnitOfWork, user_id: str, **changes: Any) -> None:
        """Change login, name, email, language, time_zone, active, organisation or manager of a user.

        Raise RefusedError `user.manager_circle` where a manager would report to the user.
        """
        unknown = set(changes) - _CHANGEABLE
        if unknown:
            name = min(unknown)
            raise RefusedError(BAD_USER_VALUE.at(pointer(name), value=changes[name], part=name))
        _check_values(changes)
        if "login" in changes:
            changes["login"] = normalised_login(changes["login"])
            if self._user_with(work, changes["login"]) not in {None, user_id}:
                raise RefusedError(LOGIN_TAKEN.at("/login", login=changes["login"]))
        if changes.get("manager") is not None:
            _check_manager(work, user_id, str(changes["manager"]))
        if changes.get("active") is False:
            self._end_sessions(work, user_id)
        before = self._values_of(work, user_id)
        self._change(work, user_id, changes)
        _record_some(work, user_changed(user_id, before, changes))
        if changes.get("active") is False:
            self.rights_changed(work, user_id)

    def set_password(self, work: UnitOfWork, user_id: str, password: str) -> None:
        """Set a new password; all sessions of the user end and all its tokens are revoked."""
        self._end_sessions(work, user_id)
        work.connection.execute(
            sa.update(TOKEN)
            .where(TOKEN.c.user == user_id, TOKEN.c.revoked.is_(None))
            .values(revoked=self._clock.now())
        )
        self._change(work, user_id, {"password_hash": self._passwords.hash(password)})
        record(work, [password_set(user_id, self._values_of(work, user_id)["login"])])

    def set_public_passwords(self, work: UnitOfWork, passwords: Mapping[str, str]) -> None:
        """Set passwords that everybody may know, by user id; equal ones share one hash.

        Hashing is made slow to protect secrets; those of a demo are printed on its first page.
        """
        hashes = {one: self._passwords.hash(one) for one in set(passwords.values())}
        for user_id, password in passwords.items():
            self._change(work, user_id, {"password_hash": hashes[password]})
            record(work, [password_set(user_id, self._values_of(work, user_id)["login"])])

    def set_roles(self, work: UnitOfWork, user_id: str, roles: Iterable[RoleHolding]) -> None:
        """Let a user hold exactly `roles`."""
        wanted, held = list(roles), self._roles_of(work, user_id)
        work.connection.execute(sa.delete(USER_ROLE).where(USER_ROLE.c.user == user_id))
        self._insert_roles(work, user_id, wanted)
        self._change(work, user_id, {})
        login = self._values_of(work, user_id)["login"]
        _record_some(work, roles_changed(user_id, login, held, wanted))
        self.rights_changed(work, user_id)

    def create_token(
        self, work: UnitOfWork, user_id: str, name: str, expires: datetime | None = None
    ) -> str:
        """Make an API token and return it; it is not kept and cannot be shown again."""
        secret, token_id = TOKEN_PREFIX + secrets.token_urlsafe(SECRET_BYTES), self._ids.record_id()
        login = self._values_of(work, user_id)["login"]
        work.connection.execute(
            sa.insert(TOKEN).values(
                id=token_id,
                user=user_id,
                name=name,
                hash=hashed(secret),
                created=self._clock.now(),
                expires=expires,
                revoked=None,
            )
        )
        self._change(work, user_id, {})
        record(work, [token_made(token_id, name, login, expires)])
        return secret

    def revoke_token(self, work: UnitOfWork, token_id: str) -> None:
        """Make a token worthless from the commit on."""
        found = work.connection.execute(
            sa.update(TOKEN)
            .where(TOKEN.c.id == token_id, TOKEN.c.revoked.is_(None))
            .values(revoked=self._clock.now())
            .returning(TOKEN.c.user, TOKEN.c.name)
        ).one_or_none()
        if found is None:
            raise NotFoundError(NOT_FOUND.at())
        self._change(work, found.user, {})
        login = self._values_of(work, found.user)["login"]
        record(work, [token_revoked(token_id, found.name, login)])

    def users(self) -> list[UserRow]:
        """Return all users by login, the platform's own left out."""
        with self._database.reading() as reading:
            rows = reading.connection.execute(
                sa.select(*_SHOWN).where(USER.c.id != SYSTEM_USER_ID).order_by(USER.c.login)
            ).all()
            roles = reading.connection.execute(sa.select(USER_ROLE).order_by(USER_ROLE.c.id)).all()
            reading.connection.rollback()
        held: dict[str, list[RoleHolding]] = {}
        for one in roles:
            held.setdefault(one.user, []).append(RoleHolding(one.role, one.territory))
        return [UserRow(*row, roles=tuple(held.get(row.id, ()))) for row in rows]

    def names(self, logins: Iterable[str]) -> dict[str, str]:
        """Return what users are called, by login; of those that are there."""
        wanted = sa.select(USER.c.login, USER.c.name).where(USER.c.login.in_(set(logins)))
        with self._database.reading() as reading:
            return {row.login: row.name for row in reading.connection.execute(wanted)}

    def user_by_login(self, login: str) -> UserRow | None:
        """Return a user by login."""
        wanted = normalised_login(login)
        return next((one for one in self.users() if one.login == wanted), None)

    def tokens(self, user_id: str) -> list[TokenRow]:
        """Return the tokens of a user, oldest first."""
        columns = (
            TOKEN.c.id,
            TOKEN.c.user,
            TOKEN.c.name,
            TOKEN.c.created,
            TOKEN.c.expires,
            TOKEN.c.revoked,
        )
        with self._database.reading() as reading:
            rows = reading.connection.execute(
                sa.select(*columns).where(TOKEN.c.user == user_id).order_by(TOKEN.c.id)
            ).all()
            reading.connection.rollback()
        return [TokenRow(*row) for row in rows]

    def _user_with(self, work: UnitOfWork, login: str) -> str | None:
        found = work.connection.execute(sa.select(USER.c.id).where(USER.c.login == login))
        return cast("str | None", found.scalar_one_or_none())

    def _insert_user(
        self, work: UnitOfWork, user_id: str, login: str, name: str, **values: Any
    ) -> None:
        defaults: dict[str, Any] = {
            "email": None,
            "language": "en",
            "time_zone": "UTC",
            "organisation": None,
            "password_hash": None,
        }
        work.connection.execute(
            sa.insert(USER).values(
                id=user_id,
                login=login,
                name=name,
                stamp=1,
                created_at=self._clock.now(),
                **_keys_of(name),
                **{**defaults, **values},
            )
        )

    def _insert_roles(self, work: UnitOfWork, user_id: str, roles: Iterable[RoleHolding]) -> None:
        rows = [
            {
                "id": self._ids.record_id(),
                "user": user_id,
                "role": holding.role,
                "territory": holding.territory_id,
            }
            for holding in dict.fromkeys(roles)
        ]
        if rows:
            work.connection.execute(sa.insert(USER_ROLE), rows)

    def _values_of(self, work: UnitOfWork, user_id: str) -> Mapping[str, Any]:
        """Return what may be changed of a user, as it is now; raise NotFoundError."""
        query = sa.select(*(USER.c[name] for name in sorted(_CHANGEABLE))).where(
            USER.c.id == user_id
        )
        found = work.connection.execute(query).mappings().first()
        if found is None:
            raise NotFoundError(NOT_FOUND.at())
        return {str(name): value for name, value in found.items()}

    def roles_in(self, work: Reading | UnitOfWork, user_id: str) -> list[RoleHolding]:
        """Return the roles that a user holds, as a reading or a unit of work sees them."""
        return self._roles_of(work, user_id)

    def _roles_of(self, work: Reading | UnitOfWork, user_id: str) -> list[RoleHolding]:
        query = sa.select(USER_ROLE.c.role, USER_ROLE.c.territory).where(
            USER_ROLE.c.user == user_id
        )
        return [RoleHolding(*row) for row in work.connection.execute(query)]

    def _end_sessions(self, work: UnitOfWork, user_id: str) -> None:
        work.connection.execute(sa.delete(SESSION).where(SESSION.c.user == user_id))

    def _change(self, work: UnitOfWork, user_id: str, values: dict[str, Any]) -> None:
        """Write values and raise the stamp, so that kept principals no longer fit."""
        if "name" in values:
            values = {**values, **_keys_of(values["name"])}
        found = work.connection.execute(
            sa.update(USER).where(USER.c.id == user_id).values(stamp=USER.c.stamp + 1, **values)
        )
        if found.rowcount != 1:
            raise NotFoundError(NOT_FOUND.at())


def _keys_of(name: str) -> dict[str, str]:
    """Return what a user is found and ordered by beside the name."""
    return {"nameSearch": search_key(name), "nameSort": sort_key(name)}


def fill_keys_of_names(database: Database) -> int:
    """Give the users of an earlier program the keys of their names; return how many had none.

    One read where all have them, so that each process can ask at its start: one that was ended
    while it brought the tables up to date leaves nobody without.
    """
    lacking = sa.select(USER.c.id, USER.c.name).where(USER.c.nameSort.is_(None))
    with database.reading() as reading:
        if reading.connection.execute(lacking.limit(1)).first() is None:
            return 0
    with database.writing(None) as work:
        found = work.connection.execute(lacking).all()
        for row in found:
            change = sa.update(USER).where(USER.c.id == row.id).values(**_keys_of(row.name))
            work.connection.execute(change)
        return len(found)


_CHANGEABLE: Final = frozenset(
    {"login", "name", "email", "language", "time_zone", "active", "organisation", "manager"}
)
_SHOWN: Final = (
    USER.c.id,
    USER.c.login,
    USER.c.name,
    USER.c.email,
    USER.c.language,
    USER.c.time_zone,
    USER.c.active,
    USER.c.organisation,
    USER.c.manager,
)
_ATTEMPT_LIMITS: Final = (ATTEMPTS_PER_LOGIN_AND_ADDRESS, ATTEMPTS_PER_ADDRESS, ATTEMPTS_PER_LOGIN)


def _record_some(work: UnitOfWork, entry: Entry | None) -> None:
    """Record what changed, where anything did."""
    if entry is not None:
        record(work, [entry])


def normalised_login(login: str) -> str:
    """Return the one form of a login: compatibility forms, case and spaces make no difference."""
    return unicodedata.normalize("NFKC", login).strip().casefold()


def hashed(secret: str) -> str:
    """Return what is kept of a secret of 256 random bits."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def _subjects(login: str, address: str) -> tuple[str, str, str]:
    """Return what attempts are counted by; hashed, so that the table names nobody."""
    return (
        hashed(f"both:{login}\n{address}"),
        hashed(f"address:{address}"),
        hashed(f"login:{login}"),
    )


def _check_values(values: dict[str, Any]) -> None:
    checks = {
        "login": lambda text: (
            0 < len(normalised_login(text)) <= LONGEST_LOGIN and text.isprintable()
        ),
        "name": lambda text: 0 < len(text.strip()) <= LONGEST_NAME and text.isprintable(),
        "language": lambda text: text in LANGUAGES,
        "time_zone": _is_zone,
    }
    for name, fits in checks.items():
        if name in values and not (isinstance(values[name], str) and fits(values[name])):
            raise RefusedError(BAD_USER_VALUE.at(pointer(name), value=values[name], part=name))


def managers_above(connection: sa.Connection, user_id: str, levels: int) -> list[str]:
    """Return who a user reports to, directly first, up to so many levels; each is asked for once."""
    found: list[str] = []
    present = user_id
    while len(found) < levels:
        query = sa.select(USER.c.manager).where(USER.c.id == present)
        above = connection.execute(query).scalar()
        if above is None or above in found or above == user_id:
            break
        found.append(str(above))
        present = above
    return found


def _check_manager(work: UnitOfWork, user_id: str, manager: str) -> None:
    above = [manager, *managers_above(work.connection, manager, MOST_LEVELS)]
    if user_id in above:
        raise RefusedError(MANAGER_CIRCLE.at("/manager"))


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


# -- principals ------------------------------------------------------------------------------------

_HOLDER: Final = (
    USER.c.id,
    USER.c.login,
    USER.c.name,
    USER.c.language,
    USER.c.time_zone,
    USER.c.organisation,
    USER.c.stamp,
    USER_ROLE.c.role,
    USER_ROLE.c.territory,
)
_SECRET: Final = sa.bindparam("secret", type_=sa.String(), required=True)
_NOW: Final = sa.bindparam("now", type_=SESSION.c.expires.type, required=True)
_PRINCIPALS: Final[dict[CredentialKind, sa.Select[Any]]] = {
    "session": sa.select(SESSION.c.id, *_HOLDER)
    .join_from(SESSION, USER, USER.c.id == SESSION.c.user)
    .outerjoin(USER_ROLE, USER_ROLE.c.user == USER.c.id)
    .where(SESSION.c.secret_hash == _SECRET, SESSION.c.expires > _NOW, USER.c.active),
    "token": sa.select(TOKEN.c.id, *_HOLDER)
    .join_from(TOKEN, USER, USER.c.id == TOKEN.c.user)
    .outerjoin(USER_ROLE, USER_ROLE.c.user == USER.c.id)
    .where(
        TOKEN.c.hash == _SECRET,
        TOKEN.c.revoked.is_(None),
        sa.or_(TOKEN.c.expires.is_(None), TOKEN.c.expires > _NOW),
        USER.c.active,
    ),
    "user": sa.select(USER.c.id, *_HOLDER)
    .outerjoin_from(USER, USER_ROLE, USER_ROLE.c.user == USER.c.id)
    .where(USER.c.id == sa.bindparam("user", type_=USER.c.id.type), USER.c.active),
}


def _principal_of_rows(
    kind: CredentialKind, rows: Sequence[tuple[Any, ...]], catalog: Catalog
) -> Principal:
    credential, user_id, login, name, language, zone, organisation, stamp, _, _ = rows[0]
    holdings = frozenset(RoleHolding(row[-2], row[-1]) for row in rows if row[-2] in catalog.roles)
    return Principal(
        user_id=user_id,
        login=login,
        name=name,
        language=language,
        zone=ZoneInfo(zone),
        audience=_audience(holdings, organisation, catalog),
        organisation=organisation,
        roles=holdings,
        stamp=stamp,
        credential=Credential(kind, credential),
    )


def _audience(
    holdings: frozenset[RoleHolding], organisation: str | None, catalog: Catalog
) -> Audience:
    """Whoever holds a partner role is a partner; without roles, whoever is of a partner company."""
    audiences = {catalog.roles[holding.role].audience for holding in holdings}
    if not audiences:
        return "internal" if organisation is None else "partner"
    return "partner" if "partner" in audiences else "internal"


class _KeptPrincipals:
    """The principals that were asked for last, by the hash of the secret; shared by threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[str, str], tuple[str, Principal]] = OrderedDict()

    def get(self, kind: str, key: str, catalog: Catalog) -> Principal | None:
        """Return a principal that was made from the roles of the same content."""
        found = self._kept.get((kind, key))
        return found[1] if found is not None and found[0] == catalog.fingerprint else None

    def put(self, kind: str, key: str, catalog: Catalog, principal: Principal) -> None:
        """Keep a principal."""
        with self._lock:
            self._kept[kind, key] = (catalog.fingerprint, principal)
            while len(self._kept) > PRINCIPALS_KEPT:
                self._kept.popitem(last=False)

    def forget(self, kind: str, key: str) -> None:
        """Drop a principal."""
        with self._lock:
            self._kept.pop((kind, key), None)

"""Users, sign-in, sessions and tokens on both databases."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from argon2 import PasswordHasher

from headrace.platform.access import identity as identity_module
from headrace.platform.access.identity import Identity, normalised_login
from headrace.platform.access.passwords import Passwords
from headrace.platform.access.principals import RoleHolding
from headrace.platform.access.stamps import stamp_query
from headrace.platform.access.tables import SESSION, TOKEN, USER
from headrace.platform.core.errors import (
    NotFoundError,
    RefusedError,
    StalePrincipalError,
    TooManyRequestsError,
    UnauthenticatedError,
)
from headrace.platform.core.ids import RandomIds
from headrace.platform.database.engine import Database, connect_database
from headrace.platform.database.installing import install_catalog
from headrace.platform.records import reader
from headrace.platform.records.query import parse_query
from tests.support.access_world import DOCUMENTS, World, catalog_of

PASSWORD = "correct horse"
ADDRESS = "192.0.2.7"


@dataclass
class HandClock:
    instant: datetime = datetime(2025, 6, 30, 8, 0, tzinfo=UTC)

    def now(self) -> datetime:
        return self.instant

    def pass_by(self, **parts: float) -> None:
        self.instant += timedelta(**parts)


@dataclass
class House:
    database: Database
    identity: Identity
    clock: HandClock
    world: World
    user: str


@pytest.fixture
def house(database_url: str) -> Iterator[House]:
    database = connect_database(database_url)
    catalog = catalog_of(DOCUMENTS)
    tables = install_catalog(database, catalog_of([], 0), catalog)
    clock = HandClock()
    cheap = Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    identity = Identity(database, RandomIds(), clock, cheap)
    with database.writing(None) as work:
        user = identity.create_user(
            work,
            login="Ann",
            name="Ann",
            password=PASSWORD,
            time_zone="Europe/Paris",
            language="zh",
            roles=[RoleHolding("admin"), RoleHolding("role_of_no_module")],
        )
    yield House(
        database, identity, clock, World(database, catalog, tables, {}, {}, real_clock=clock), user
    )
    database.dispose()


def sign_in(house: House, **keys) -> str:
    return house.identity.sign_in("ann", PASSWORD, ADDRESS, **keys)


def principal(house: House, cookie: str, **keys):
    return house.identity.principal_of_session(cookie, house.world.catalog, **keys)


def stored_text(database: Database) -> str:
    with database.reading() as reading:
        rows = [
            reading.connection.execute(sa.select(table)).all() for table in (USER, SESSION, TOKEN)
        ]
        reading.connection.rollback()
    return repr(rows)


def test_a_session_gives_the_principal_with_the_roles_that_the_version_knows(house):
    who = principal(house, sign_in(house))
    assert (who.user_id, who.login, who.name) == (house.user, "ann", "Ann")
    assert who.language == "zh"
    assert who.zone.key == "Europe/Paris"
    assert who.role_names == {"admin"}
    assert who.audience == "internal"
    assert not who.is_system


def test_no_secret_is_stored(house):
    cookie = sign_in(house)
    with house.database.writing(None) as work:
        token = house.identity.create_token(work, house.user, "erp")
    kept = stored_text(house.database)
    assert PASSWORD not in kept
    assert cookie not in kept
    assert token not in kept
    assert "$argon2id$" in kept


@pytest.mark.parametrize("login", ["ANN", " ann ", "Ａｎｎ"])
def test_a_login_has_one_form(house, login):
    assert house.identity.sign_in(login, PASSWORD, ADDRESS)
    with house.database.writing(None) as work, pytest.raises(RefusedError) as refused:
        house.identity.create_user(work, login=login, name="Twin")
    assert refused.value.problems[0].code == "user.login_taken"


def test_wrong_unknown_inactive_and_without_password_are_refused_alike(house):
    with house.database.writing(None) as work:
        house.identity.create_user(work, login="bob", name="Bob")
        house.identity.create_user(work, login="cat", name="Cat", password=PASSWORD, active=False)
    seen = set()
    for login, password in (("ann", "wrong"), ("nobody", "x"), ("bob", ""), ("cat", PASSWORD)):
        with pytest.raises(UnauthenticatedError) as refused:
            house.identity.sign_in(login, password, ADDRESS)
        seen.add(refused.value.problems)
    assert len(seen) == 1


def test_unknown_logins_cost_a_password_check(house, monkeypatch):
    checked = []
    fits = Passwords.fits
    monkeypatch.setattr(
        Passwords, "fits", lambda self, kept, given: checked.append(kept) or fits(self, kept, given)
    )
    hasher = house.identity._passwords._hasher
    verified = []
    verify = type(hasher).verify
    monkeypatch.setattr(
        type(hasher), "verify", lambda self, *given: verified.append(1) or verify(self, *given)
    )
    for login in ("ann", "nobody"):
        with pytest.raises(UnauthenticatedError):
            house.identity.sign_in(login, "wrong", ADDRESS)
    assert [kept is None for kept in checked] == [False, True]
    assert len(verified) == 2


def test_ten_tries_in_a_window_reach_the_password_check(house, monkeypatch):
    reached = []
    fits = Passwords.fits
    monkeypatch.setattr(
        Passwords, "fits", lambda self, kept, given: reached.append(1) or fits(self, kept, given)
    )
    refusals = 0
    waits = []
    for number in range(60):
        login = ("ann", "ANN", " Ann", "ａnn")[number % 4]
        try:
            house.identity.sign_in(login, f"wrong {number}", ADDRESS)
        except UnauthenticatedError:
            pass
        except TooManyRequestsError as error:
            refusals += 1
            waits.append(error.retry_after)
    assert len(reached) == 10
    assert refusals == 50
    assert all(0 < wait <= 15 * 60 + 1 for wait in waits)
    with pytest.raises(TooManyRequestsError):
        sign_in(house)
    assert house.identity.sign_in("ann", PASSWORD, "198.51.100.9"), "another address is free"
    house.clock.pass_by(minutes=16)
    assert sign_in(house)


def test_one_address_cannot_try_many_logins(house):
    def attempt(number: int) -> bool:
        try:
            house.identity.sign_in(f"user{number}", "x", ADDRESS)
        except UnauthenticatedError:
            return True
        except TooManyRequestsError:
            return False
        raise AssertionError

    assert sum(attempt(number) for number in range(130)) == 100


def test_parallel_tries_are_all_counted(house, monkeypatch):
    reached = []
    monkeypatch.setattr(Passwords, "fits", lambda *given: reached.append(1) and False)
    errors = []

    def attempt() -> None:
        for _ in range(5):
            try:
                house.identity.sign_in("ann", "wrong", ADDRESS)
            except (UnauthenticatedError, TooManyRequestsError) as error:
                errors.append(type(error))

    threads = [threading.Thread(target=attempt) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(errors) == 30
    assert len(reached) == 10


def test_a_success_clears_the_tries(house):
    for _ in range(3):
        for _ in range(9):
            with pytest.raises(UnauthenticatedError):
                house.identity.sign_in("ann", "wrong", ADDRESS)
        assert sign_in(house)


def test_signing_in_again_ends_the_session_before(house):
    first = sign_in(house)
    second = sign_in(house, previous=first)
    assert first != second
    assert house.identity.csrf_token(second)
    with pytest.raises(UnauthenticatedError):
        principal(house, first, fresh=True)
    with pytest.raises(UnauthenticatedError):
        house.identity.csrf_token(first)


def test_sessions_expire(house):
    cookie = sign_in(house)
    who = principal(house, cookie)
    house.clock.pass_by(hours=13)
    with pytest.raises(StalePrincipalError):
        house.identity.confirm(who)
    with pytest.raises(UnauthenticatedError):
        principal(house, cookie, fresh=True)


def endings(house: House, token_id: str):
    """Everything after which an old credential must be worth nothing, or less."""
    identity = house.identity
    return {
        "roles": lambda work: identity.set_roles(work, house.user, [RoleHolding("keeper")]),
        "password": lambda work: identity.set_password(work, house.user, "another password"),
        "suspended": lambda work: identity.update_user(work, house.user, active=False),
        "moved": lambda work: identity.update_user(
            work, house.user, organisation="01900003-0000-7000-8000-000000000002"
        ),
        "revoked": lambda work: identity.revoke_token(work, token_id),
    }


@pytest.mark.parametrize("what", ["roles", "password", "suspended", "moved", "revoked"])
def test_a_kept_principal_is_stale_from_the_commit_on(house, what):
    cookie = sign_in(house)
    with house.database.writing(None) as work:
        token = house.identity.create_token(work, house.user, "erp")
    token_id = house.identity.tokens(house.user)[0].id
    kept = [
        principal(house, cookie),
        house.identity.principal_of_token(token, house.world.catalog),
    ]
    for who in kept:
        context = house.world.context(who)
        query = parse_query(context, "deal", {})
        assert reader.find(context, "deal", query).items == []
        house.identity.confirm(who)
    with house.database.writing(None) as work:
        endings(house, token_id)[what](work)
    for who in kept:
        context = house.world.context(who)
        with pytest.raises(StalePrincipalError):
            reader.find(context, "deal", query)
        with pytest.raises(StalePrincipalError):
            reader.get(context, "deal", house.user)
        with pytest.raises(StalePrincipalError):
            house.identity.confirm(who)
        with (
            pytest.raises(StalePrincipalError),
            house.database.writing(1, stamp_query(who, house.clock.now())),
        ):
            pass


def test_after_a_change_the_fresh_principal_has_the_new_rights(house):
    cookie = sign_in(house)
    before = principal(house, cookie)
    assert principal(house, cookie) is before
    with house.database.writing(None) as work:
        house.identity.set_roles(work, house.user, [RoleHolding("clerk")])
    after = principal(house, cookie, fresh=True)
    assert after.role_names == {"clerk"}
    assert after.audience == "partner"
    assert principal(house, cookie) is after


def test_tokens_work_until_they_expire_or_are_revoked(house):
    later = house.clock.now() + timedelta(days=1)
    with house.database.writing(None) as work:
        token = house.identity.create_token(work, house.user, "erp", later)
    who = house.identity.principal_of_token(token, house.world.catalog)
    assert who.credential.kind == "token"
    house.clock.pass_by(days=2)
    with pytest.raises(UnauthenticatedError):
        house.identity.principal_of_token(token, house.world.catalog, fresh=True)
    with house.database.writing(None) as work, pytest.raises(NotFoundError):
        house.identity.revoke_token(work, house.user)


@pytest.mark.parametrize("secret", ["", "hr_", "x" * 5000, "\ud800", "a\x00b"])
def test_nonsense_is_nobody(house, secret):
    with pytest.raises(UnauthenticatedError):
        principal(house, secret)
    with pytest.raises(UnauthenticatedError):
        house.identity.principal_of_token(secret, house.world.catalog)


def test_whoever_holds_a_partner_role_is_a_partner(house):
    with house.database.writing(None) as work:
        house.identity.set_roles(work, house.user, [RoleHolding("admin"), RoleHolding("clerk")])
    assert principal(house, sign_in(house)).audience == "partner"


def test_people_of_a_company_without_roles_are_partners(house):
    with house.database.writing(None) as work:
        house.identity.set_roles(work, house.user, [])
        house.identity.update_user(
            work, house.user, organisation="01900003-0000-7000-8000-000000000002"
        )
    assert principal(house, sign_in(house)).audience == "partner"


def test_the_system_user_is_made_once_and_cannot_sign_in(house):
    for _ in range(2):
        with house.database.writing(None) as work:
            house.identity.ensure_system_user(work)
    assert [one.login for one in house.identity.users()] == ["ann"]
    with pytest.raises(UnauthenticatedError):
        house.identity.sign_in("system", "", ADDRESS)


@pytest.mark.parametrize(
    ("part", "value", "code"),
    [
        ("login", "", "user.invalid"),
        ("login", "a\x00", "user.invalid"),
        ("login", "x" * 101, "user.invalid"),
        ("name", " ", "user.invalid"),
        ("language", "fr", "user.invalid"),
        ("time_zone", "../../etc/passwd", "user.invalid"),
        ("stamp", 1, "user.invalid"),
        ("password_hash", "x", "user.invalid"),
    ],
)
def test_bad_values_of_users_are_refused(house, part, value, code):
    with house.database.writing(None) as work, pytest.raises(RefusedError) as refused:
        house.identity.update_user(work, house.user, **{part: value})
    assert [(one.code, one.path) for one in refused.value.problems] == [(code, "/" + part)]


@pytest.mark.parametrize(
    ("password", "code"), [("short", "password.too_short"), ("x" * 257, "password.too_long")]
)
def test_bad_passwords_are_refused(house, password, code):
    with house.database.writing(None) as work, pytest.raises(RefusedError) as refused:
        house.identity.set_password(work, house.user, password)
    assert refused.value.problems[0].code == code


def test_a_hash_of_other_cost_is_renewed_at_sign_in(house):
    dearer = Passwords(PasswordHasher(time_cost=2, memory_cost=8, parallelism=1))
    renewing = Identity(house.database, RandomIds(), house.clock, dearer)
    assert "t=1" in stored_text(house.database)
    assert renewing.sign_in("ann", PASSWORD, ADDRESS)
    assert "t=2" in stored_text(house.database)


def test_users_are_listed_with_their_roles(house):
    (ann,) = house.identity.users()
    assert ann.login == "ann"
    assert {one.role for one in ann.roles} == {"admin", "role_of_no_module"}
    assert house.identity.user_by_login(" ANN ") == ann
    assert house.identity.user_by_login("nobody") is None


def test_logins_fold():
    assert normalised_login("  Ａnn@Example.com ") == "ann@example.com"
    assert identity_module.hashed("a") != identity_module.hashed("b")

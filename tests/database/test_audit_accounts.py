"""The audit trail of accounts and tokens: who was given and lost what; no secret, nothing personal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from headrace.platform.access.audit import AUDIT
from headrace.platform.access.audit_trail import Wanted, read_audit, shown_entry
from headrace.platform.access.identity import Identity
from headrace.platform.access.principals import RoleHolding
from headrace.platform.access.tables import USER
from headrace.platform.core.errors import RefusedError
from headrace.platform.database.unit_of_work import COMMAND_LINE, Actor, UnitOfWork
from headrace.platform.runtime import Platform
from tests.support.publishing import platform_at

TERRITORY = "0197a1b2-0000-7000-8000-00000000000a"
SECRET = "correct horse battery"


@pytest.fixture
def platform(database_url: str) -> Iterator[Platform]:
    with platform_at(database_url) as platform:
        yield platform


def act(
    platform: Platform, action: Callable[[Identity, UnitOfWork], Any], actor: Actor = COMMAND_LINE
) -> Any:
    with platform.database.writing(None, actor=actor) as work:
        return action(platform.identity, work)


def made(platform: Platform, login: str = "ann", **values: Any) -> str:
    return act(
        platform,
        lambda identity, work: identity.create_user(work, login=login, name="Ann Lee", **values),
    )


def sentences(platform: Platform, **wanted: Any) -> list[str]:
    found = read_audit(platform.database, Wanted(**wanted))
    return [text for one in reversed(found) for text in shown_entry(one, "en")["changes"]]


def test_the_life_of_an_account_is_told_in_order(platform):
    user = made(platform, roles=[RoleHolding("clerk")])
    act(
        platform,
        lambda identity, work: identity.update_user(work, user, language="zh", active=False),
    )
    roles = [RoleHolding("boss", TERRITORY)]
    act(platform, lambda identity, work: identity.set_roles(work, user, roles))
    act(platform, lambda identity, work: identity.set_password(work, user, SECRET))

    assert sentences(platform, kind="user", name="ann") == [
        "New account “ann”",
        "Account “ann” was ended",
        "Language of account “ann”: en → zh",
        "The role clerk was taken from account “ann”",
        f"Account “ann” was given the role boss in territory {TERRITORY}",
        "A password was set for account “ann”",
    ]
    entries = read_audit(platform.database, Wanted(kind="user"))
    assert {one["through"] for one in entries} == {"cli"}
    roles_entry = entries[1]
    assert roles_entry["before"][0] == {
        "path": "/roles",
        "value": {"role": "clerk", "territory": None},
    }
    assert roles_entry["after"][1]["value"] == {"role": "boss", "territory": TERRITORY}


def test_what_stays_as_it_is_makes_no_entry(platform):
    user = made(platform, roles=[RoleHolding("clerk")])
    before = read_audit(platform.database)
    act(platform, lambda identity, work: identity.update_user(work, user, language="en"))
    act(platform, lambda identity, work: identity.set_roles(work, user, [RoleHolding("clerk")]))
    assert read_audit(platform.database) == before


def test_tokens_are_told_when_issued_and_when_revoked(platform):
    user = made(platform)
    act(platform, lambda identity, work: identity.create_token(work, user, "erp"))
    (token,) = platform.identity.tokens(user)
    act(platform, lambda identity, work: identity.revoke_token(work, token.id))
    assert sentences(platform, kind="token", name="erp") == [
        "New token “erp” of account “ann”",
        "Token “erp” of account “ann” was revoked",
    ]


def test_no_secret_and_nothing_personal_is_in_the_trail(platform):
    user = made(platform, email="ann.lee@example.org", password=SECRET)
    token = act(platform, lambda identity, work: identity.create_token(work, user, "erp"))
    changes = {"name": "Ann Miller", "email": "miller@example.org"}
    act(platform, lambda identity, work: identity.update_user(work, user, **changes))
    act(platform, lambda identity, work: identity.set_public_passwords(work, {user: SECRET}))
    with platform.database.reading() as reading:
        written = repr(reading.connection.execute(sa.select(AUDIT)).all())
        kept = reading.connection.execute(sa.select(USER.c.password_hash)).scalars()
        secrets = [SECRET, token, token[3:], *filter(None, kept)]
    assert not [one for one in (*secrets, "Lee", "Miller", "example.org") if one in written]
    assert "E-mail address of account “ann” changed" in sentences(platform)


def test_a_refused_change_leaves_no_entry(platform):
    made(platform)
    before = read_audit(platform.database)
    with pytest.raises(RefusedError):
        made(platform, "ann")
    assert read_audit(platform.database) == before


def test_pages_and_filters_find_what_somebody_did(platform):
    boss = made(platform, "boss")
    for number in range(5):
        act(
            platform,
            lambda identity, work, login=f"user{number}": identity.create_user(
                work, login=login, name="X"
            ),
            Actor(boss, "screen"),
        )
    first = read_audit(platform.database, Wanted(by=" BOSS ", limit=3))
    rest = read_audit(platform.database, Wanted(by="boss", limit=3, below=first[-1]["number"]))
    assert [one["name"] for one in (*first, *rest)] == [f"user{n}" for n in (4, 3, 2, 1, 0)]
    assert {one["login"] for one in first} == {"boss"}
    assert read_audit(platform.database, Wanted(by="nobody")) == []
    assert (
        read_audit(platform.database, Wanted(by="boss", until=first[0]["at"], since=first[0]["at"]))
        == []
    )
    assert len(read_audit(platform.database, Wanted(by="boss", since=rest[-1]["at"]))) == 5

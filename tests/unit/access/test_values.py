"""Principals, truths and passwords as plain values."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from zoneinfo import ZoneInfo

import argon2
import pytest
import sqlalchemy as sa
from argon2 import PasswordHasher
from argon2.profiles import RFC_9106_LOW_MEMORY

from headrace.platform.access.parameters import is_one_of, list_value
from headrace.platform.access.passwords import Passwords
from headrace.platform.access.policy import all_of, any_of, as_condition, guarded
from headrace.platform.access.principals import (
    SYSTEM_PRINCIPAL,
    Credential,
    Principal,
    RoleHolding,
)
from headrace.platform.access.rows import subtree_end
from headrace.platform.core.errors import RefusedError
from headrace.platform.database.prepared import prepare
from headrace.platform.metadata.storage_types import ID

CLERK = Principal(
    user_id="u1",
    login="eve",
    name="Eve",
    language="en",
    zone=ZoneInfo("UTC"),
    audience="partner",
    organisation="f1",
    roles=frozenset({RoleHolding("clerk"), RoleHolding("chief", "a2"), RoleHolding("chief", "a1")}),
    stamp=1,
    credential=Credential("session", "s1"),
)
YES, NO = sa.literal(1) == 1, sa.literal(1) == 2


def test_rights_hold_roles_and_audience_and_nobody_in_particular():
    twin = replace(CLERK, user_id="u2", organisation="f2", credential=Credential("token", "t"))
    assert twin.rights == CLERK.rights
    assert hash(twin.rights) == hash(CLERK.rights)
    moved = replace(CLERK, roles=frozenset({RoleHolding("clerk", "a9"), RoleHolding("chief")}))
    assert moved.rights == CLERK.rights
    for other in (
        replace(CLERK, audience="internal"),
        replace(CLERK, roles=frozenset({RoleHolding("clerk")})),
        replace(CLERK, is_system=True),
        SYSTEM_PRINCIPAL,
    ):
        assert other.rights != CLERK.rights
    text = repr(CLERK.rights)
    assert not any(one in text for one in ("u1", "f1", "a1", "a2", "s1"))


def test_territories_belong_to_a_role():
    assert CLERK.territories_of("chief") == ("a1", "a2")
    assert CLERK.territories_of("clerk") == ()
    assert CLERK.territories_of("nobody") == ()
    assert CLERK.holds("clerk")
    assert not CLERK.holds("admin")


@pytest.mark.parametrize(
    ("truths", "any_", "all_"),
    [
        ([], False, True),
        ([True], True, True),
        ([False], False, False),
        ([True, False], True, False),
        ([True, YES], True, None),
        ([False, YES], None, False),
    ],
)
def test_truths_are_folded(truths, any_, all_):
    for folded, expected in ((any_of(truths), any_), (all_of(truths), all_)):
        if expected is None:
            assert not isinstance(folded, bool)
        else:
            assert folded is expected


def test_two_conditions_stay_two():
    assert " OR " in str(any_of([YES, NO]))
    assert " AND " in str(all_of([YES, NO]))
    assert str(as_condition(True)) == "true"
    assert str(as_condition(False)) == "false"


def test_a_guarded_column_is_plain_only_where_it_is_always_allowed():
    column = sa.column("secret", sa.String())
    assert guarded(column, True) is column
    assert "secret" not in str(guarded(column, False))
    text = str(guarded(column, YES))
    assert text.startswith("CASE WHEN")
    assert "ELSE" not in text


@pytest.mark.parametrize("length", [0, 1, 500])
@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"])
def test_lists_do_not_change_the_text_of_a_statement(dialect, length):
    table = sa.table("t", sa.column("id", ID.column_type(dialect)))
    condition = is_one_of(table.c.id, "ids", ID, dialect)
    prepared = prepare(sa.select(table.c.id).where(condition), dialect)
    assert prepared.names == ("ids",)
    (given,) = prepared.arguments({"ids": list_value(["x"] * length, dialect)})
    assert given == (
        ["x"] * length
        if dialect == "postgresql"
        else str(["x"] * length).replace("'", '"').replace(" ", "")
    )


def test_the_end_of_a_subtree_is_behind_all_of_it_and_before_the_rest():
    connection = sa.create_engine("sqlite://").connect()

    def end(path: str) -> str:
        return connection.execute(sa.select(subtree_end(sa.literal(path)))).scalar_one()

    with connection:
        assert all(below < end("/a/") for below in ("/a/", "/a/b/", "/a/\U0010ffff/"))
        assert end("/a/") <= "/a0/"
        assert not end("/a/") > "/ab/"
        assert not end("/a/") > "/b/"


def test_passwords_fit_only_themselves():
    passwords = Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    kept = passwords.hash("correct horse")
    assert passwords.fits(kept, "correct horse")
    assert not passwords.fits(kept, "correct horse ")
    assert not passwords.fits(None, "nobody has this password")
    assert not passwords.fits("no hash at all", "x")
    assert not passwords.is_outdated(kept)
    assert kept != passwords.hash("correct horse")
    for bad in ("", "1234567", "x" * 257):
        with pytest.raises(RefusedError):
            passwords.hash(bad)


def test_the_product_hashes_at_the_cost_that_is_recommended():
    """Asked in a process of its own: the one of the tests hashes cheaply."""
    program = (
        "from headrace.platform.access.passwords import Passwords; print(Passwords().hash('x' * 8))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, check=True, text=True
    )
    assert argon2.extract_parameters(done.stdout.strip()) == RFC_9106_LOW_MEMORY

"""Physical names that are read again only as far as they were written since."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from headrace.platform.database.engine import Database, connect_database
from headrace.platform.database.installing import create_system_tables
from headrace.platform.database.names import (
    Names,
    PhysicalName,
    forget_names,
    load_names,
    save_names,
)
from headrace.platform.database.system_tables import NAME


@pytest.fixture
def empty(database_url: str) -> Iterator[Database]:
    made = connect_database(database_url)
    create_system_tables(made)
    yield made
    made.dispose()


def read(database, known: Names | None = None) -> Names:
    with database.reading() as reading:
        return load_names(reading.connection, known)


def save(database, old: Names, new: Names) -> None:
    with database.publishing() as work:
        save_names(work.connection, old, new)


def name(number: int, **keys: object) -> PhysicalName:
    return PhysicalName(number, f"d{number}", "field", f"name_{number}", "object", **keys)


def test_names_that_nobody_wrote_are_the_very_same(empty):
    save(empty, Names(), Names.of([name(1), name(2)]))
    known = read(empty)

    assert read(empty, known) is known


def test_only_what_was_written_is_read(empty):
    save(empty, Names(), Names.of([name(number) for number in range(1, 50)]))
    known = read(empty)
    save(empty, known, known.without(["d7"], 3))

    again = read(empty, known)

    assert again == read(empty)
    assert again.get("d7") is None
    assert again.get("d8") is known.get("d8")


def test_a_number_that_is_used_again_is_not_taken_for_the_one_that_was_removed(empty):
    save(empty, Names(), Names.of([name(1), name(2, dropped_at_version=1)]))
    known = read(empty)
    with empty.publishing() as work:
        forget_names(work.connection, [name(2)])
    other = PhysicalName(2, "another", "object", "another_2")
    save(empty, read(empty), read(empty).with_written([other]))

    again = read(empty, known)

    assert again == read(empty)
    assert again.physical("another") == "another_2"


def test_names_of_an_older_program_have_no_revision(empty):
    save(empty, Names(), Names.of([name(1)]))
    with empty.publishing() as work:
        work.connection.execute(sa.update(NAME).values(revision=None))
    known = read(empty)
    save(empty, known, known.with_written([name(2)]))

    assert read(empty, known) == read(empty)


@pytest.mark.parametrize("seed", range(5))
def test_whatever_is_written_is_seen(empty, seed):
    chosen = random.Random(seed)
    known = read(empty)
    number = 0
    for version in range(1, 30):
        now = read(empty)
        wanted = now
        for _ in range(chosen.randrange(3)):
            number += 1
            wanted = wanted.with_written([name(number, preparing=chosen.random() < 0.3)])
        live = [one.definition_id for one in wanted.all if one.live]
        wanted = wanted.without(chosen.sample(live, min(len(live), chosen.randrange(2))), version)
        save(empty, now, wanted)
        dropped = [one for one in wanted.all if not one.live]
        if dropped and chosen.random() < 0.2:
            with empty.publishing() as work:
                forget_names(work.connection, chosen.sample(dropped, 1))
        if chosen.random() < 0.6:
            known = read(empty, known)
            assert known == read(empty)
            assert {one.definition_id for one in known.all if one.live} == {
                one.definition_id for one in known.all if one.definition_id in known
            }

"""Connections and transactions: rollback, locks, lost servers, prepared statements under DDL."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import psycopg
import pytest
import sqlalchemy as sa

from headrace.platform.core.errors import (
    NewerCatalogError,
    StalePrincipalError,
    UnavailableError,
)
from headrace.platform.database import dialects
from headrace.platform.database.engine import Database, StampQuery, connect_database
from headrace.platform.database.installing import create_system_tables
from headrace.platform.database.prepared import prepare
from headrace.platform.database.system_tables import LIVE, SETTING
from tests.support.scratch import make_system_tables

COUNT = sa.select(sa.func.count()).select_from(SETTING)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    made = connect_database(database_url)
    make_system_tables(made)
    yield made
    made.dispose()


def put(work, key: str) -> None:
    work.connection.execute(sa.insert(SETTING).values(key=key, value={"a": [1, "二"]}))


def count(database: Database) -> int:
    with database.reading() as reading:
        return reading.rows(prepare(COUNT, database.dialect))[0][0]


def test_system_tables_can_be_made_again(database):
    create_system_tables(database)
    assert database.live_version() == 0


def test_work_is_committed_as_a_whole_or_not_at_all(database):
    told = []
    with database.writing(0) as work:
        put(work, "a")
        work.after_commit(lambda: told.append("a"))
        assert count(database) == 0

    def fail() -> None:
        with database.writing(0) as work:
            put(work, "b")
            work.after_commit(lambda: told.append("b"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert count(database) == 1
    assert told == ["a"]


def test_tables_made_in_a_failed_transaction_are_gone(database):
    metadata = sa.MetaData()
    table = sa.Table("made", metadata, sa.Column("id", sa.Integer()))

    def fail() -> None:
        with database.publishing() as work:
            table.create(work.connection)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert not sa.inspect(database.engine).has_table("made")


def test_json_and_instants_come_back_as_they_were(database):
    with database.writing(None) as work:
        put(work, "a")
        found = work.connection.execute(sa.select(SETTING.c.value)).scalar_one()
    assert found == {"a": [1, "二"]}
    assert work.now.utcoffset().total_seconds() == 0


def test_the_version_and_the_stamp_are_checked_under_the_lock(database):
    stamp = sa.select(LIVE.c.version + 41).where(LIVE.c.id == sa.bindparam("row"))
    with database.writing(0, StampQuery(stamp, {"row": 1}, 41)):
        pass
    with pytest.raises(StalePrincipalError), database.writing(0, StampQuery(stamp, {"row": 1}, 7)):
        pytest.fail("wrote with an old stamp")
    with pytest.raises(StalePrincipalError), database.writing(0, StampQuery(stamp, {"row": 2}, 41)):
        pytest.fail("wrote without a credential")
    with pytest.raises(NewerCatalogError), database.writing(3, StampQuery(stamp, {"row": 1}, 7)):
        pytest.fail("wrote under another version")


def test_a_snapshot_sees_one_moment_and_cannot_write(database):
    with database.snapshot() as reading:
        assert reading.rows(prepare(COUNT, database.dialect)) == [(0,)]
        with database.writing(0) as work:
            put(work, "a")
        assert reading.rows(prepare(COUNT, database.dialect)) == [(0,)]
    assert count(database) == 1


def test_lists_and_late_values_are_bound(database):
    with database.writing(0) as work:
        for key in ("a", "b", "c"):
            put(work, key)
    chosen = sa.bindparam("keys", expanding=True)
    query = sa.select(SETTING.c.key).where(SETTING.c.key.in_(chosen)).order_by(SETTING.c.key)
    prepared = prepare(query.limit(sa.bindparam("most")), database.dialect)
    with database.reading() as reading:
        assert reading.rows(prepared, {"keys": ["a", "c", "%s"], "most": 5}) == [("a",), ("c",)]
        assert reading.rows(prepared, {"keys": ["a", "c"], "most": 1}) == [("a",)]
        assert reading.rows(prepared, {"keys": [], "most": 1}) == []
        one = prepare(sa.select(SETTING.c.key == sa.bindparam("key")), database.dialect)
        with pytest.raises(KeyError):
            reading.rows(one)


def test_prepared_statements_survive_changes_of_their_table(database):
    """psycopg prepares on the server after five uses; DDL comes from another connection."""
    prepared = prepare(sa.select(SETTING.c.key), database.dialect)
    with database.reading() as reading:
        for _ in range(10):
            reading.rows(prepared)
        with database.publishing() as work:
            work.connection.execute(
                sa.schema.DDL("ALTER TABLE sys_setting ADD COLUMN extra VARCHAR")
            )
        for _ in range(10):
            assert reading.rows(prepared) == []


def test_writers_of_one_process_take_turns(database):
    def write(number: int) -> None:
        for step in range(10):
            with database.writing(0) as work:
                put(work, f"{number}-{step}")

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert count(database) == 80


def test_a_database_that_is_busy_says_so(database, database_url, monkeypatch, backend):
    other = connect_database(database_url)
    if backend == "postgresql":
        with other.publishing(), pytest.raises(UnavailableError) as refused, database.publishing():
            pytest.fail("two publishes at once")
    else:
        monkeypatch.setitem(
            dialects.CONNECT_ARGUMENTS["sqlite"],
            "timeout",
            0.1,  # type: ignore[index]
        )
        impatient = connect_database(database_url)
        with other.writing(0), pytest.raises(UnavailableError) as refused, impatient.writing(0):
            pytest.fail("two writers at once")
        impatient.dispose()
    assert refused.value.problems[0].code == "database.busy"
    other.dispose()


def test_a_server_that_ended_the_connections_is_found_again(fresh_database):
    url = fresh_database("postgresql")
    database = connect_database(url)
    make_system_tables(database)
    end_connections(url)
    assert count(database) == 0
    end_connections(url)
    with database.writing(0) as work:
        put(work, "a")

    def lose() -> None:
        with database.writing(0) as work:
            put(work, "b")
            end_connections(url)
            work.connection.execute(sa.select(1))

    with pytest.raises(UnavailableError) as refused:
        lose()
    assert refused.value.problems[0].code == "database.unreachable"
    assert count(database) == 1
    database.dispose()


def test_a_statement_that_was_cancelled_is_not_sent_again(fresh_database):
    database = connect_database(fresh_database("postgresql"))
    limit = sa.select(sa.func.set_config("statement_timeout", "100", False))
    sent = sa.Sequence("sent")
    slow = sa.select(sent.next_value(), sa.func.pg_sleep(0.3))
    with database.engine.begin() as connection:
        connection.execute(sa.schema.CreateSequence(sent))

    def read() -> None:
        with database.reading() as reading:
            reading.rows(prepare(limit, database.dialect))
            reading.rows(prepare(slow, database.dialect))

    with pytest.raises(UnavailableError) as refused:
        read()
    assert refused.value.problems[0].code == "database.busy"
    with database.engine.begin() as connection:
        # What a sequence has given away is not taken back: this is the second that anybody asked for.
        assert connection.execute(sa.select(sent.next_value())).scalar_one() == 2
    database.dispose()


def end_connections(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid, 1000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


def test_a_database_that_is_not_there_is_named_without_its_password():
    database = connect_database("postgresql://me:very-secret@127.0.0.1:1/nothing")
    with pytest.raises(UnavailableError) as refused, database.reading():
        pytest.fail("read from nowhere")
    assert refused.value.problems[0].code == "database.unreachable"
    assert "very-secret" not in str(refused.value)


def test_who_writes_alone_waits_for_others_and_others_wait_for_them(database, backend):
    if backend == "sqlite":
        pytest.skip("SQLite has one writer anyway.")
    began, over = threading.Event(), threading.Event()
    order: list[str] = []

    def write_beside() -> None:
        began.set()
        with database.writing(0):
            order.append("beside")

    with (
        database.writing(0),
        pytest.raises(UnavailableError) as refused,
        database.writing(0, alone=True),
    ):
        pass
    assert refused.value.problems[0].code == "database.busy"
    other = threading.Thread(target=write_beside)
    with database.writing(0, alone=True):
        other.start()
        assert began.wait(5)
        assert not over.wait(0.3)
        order.append("alone")
    other.join()
    assert order == ["alone", "beside"]

"""System tables of an older program are brought up to date, whatever they hold."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from headrace.doctor import examine
from headrace.platform import runtime
from headrace.platform.database.engine import connect_database
from headrace.platform.database.installing import (
    create_system_tables,
    missing_system_columns,
    renew_system_tables,
)
from headrace.platform.database.system_tables import SETTING, VERSION
from tests.support.publishing import published_at

LATER = (("sys_job", "error"), ("sys_decision", "files"), ("sys_version", "by_user"))
"""Columns that may be empty; here they are taken for ones that an older program had not."""


@pytest.fixture
def older(database_url, tmp_path):
    """A published workspace whose system tables lack some columns."""
    with published_at(database_url, tmp_path / "modules") as made:
        platform = made.platform
        settings = platform.settings
    database = connect_database(database_url)
    with database.defining() as connection:
        inspector = sa.inspect(connection)
        for table, column in LATER:
            if column in {one["name"] for one in inspector.get_columns(table)}:
                connection.exec_driver_sql(f"ALTER TABLE {table} DROP COLUMN {column}")
        connection.exec_driver_sql("DROP INDEX ix_sys_audit_at")
        connection.execute(sa.delete(SETTING).where(SETTING.c.key == "system_tables"))
    yield settings, database
    database.dispose()


def missing(database):
    with database.reading() as reading:
        return [str(one) for one in missing_system_columns(reading.connection)]


def test_a_start_adds_what_is_missing_and_looks_once(older):
    settings, database = older
    assert "sys_job.error" in missing(database)
    runtime.build(settings).close()
    assert missing(database) == []
    with database.reading() as reading:
        indexes = sa.inspect(reading.connection).get_indexes("sys_audit")
    assert "ix_sys_audit_at" in {one["name"] for one in indexes}
    assert not renew_system_tables(database)


def test_an_index_that_would_refuse_what_is_allowed_now_is_dropped(older):
    settings, database = older
    old = "CREATE UNIQUE INDEX uq_sys_decision_task ON sys_decision (task)"
    with database.defining() as connection:
        connection.exec_driver_sql(old)
    runtime.build(settings).close()
    with database.reading() as reading:
        found = sa.inspect(reading.connection).get_indexes("sys_decision")
    names = {one["name"] for one in found}
    assert "uq_sys_decision_round" in names
    assert "uq_sys_decision_task" not in names


def test_init_adds_what_is_missing_and_keeps_rows(older):
    _, database = older
    create_system_tables(database)
    create_system_tables(database)
    assert missing(database) == []
    with database.reading() as reading:
        query = sa.select(VERSION.c.number, VERSION.c.by_user)
        versions = reading.connection.execute(query)
        assert [tuple(row) for row in versions] == [(1, None)]


def test_the_doctor_looks_at_them(older):
    settings, _ = older
    told = [finding.what.en for finding in examine(settings)]
    assert "System tables of this version: 0 columns missing" in told

"""After a publish returned, nobody reads or writes under the version before it."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from headrace.platform.core.errors import NewerCatalogError
from headrace.platform.publishing.result import Result
from headrace.platform.records import reader
from headrace.platform.records.tables import HISTORY
from headrace.platform.runtime import Platform
from tests.support.documents import field, workspace
from tests.support.publishing import Publishing, platform_at, published_at

ROOT = Path(__file__).parents[2]
PATIENCE = 20


@pytest.fixture
def publishing(database_url: str, tmp_path: Path) -> Iterator[Publishing]:
    contents = workspace()
    contents["object", "company"]["history"] = True
    with published_at(database_url, tmp_path / "modules", contents) as work:
        yield work


@pytest.fixture
def other(database_url: str, publishing: Publishing) -> Iterator[Platform]:
    """Another process's platform: its own connections, its own cached catalog."""
    with platform_at(database_url) as platform:
        platform.catalogs.current()
        yield platform


def add_field(work: Publishing) -> str:
    name = f"extra_{len(work.contents['object', 'company']['fields'])}"
    work.contents["object", "company"]["fields"].append(field(name, "text", length=20))
    return name


class Background:
    """An action in a thread of its own."""

    def __init__(self, action: Callable[[], object]) -> None:
        self.error: Exception | None = None
        self.result: object = None

        def run() -> None:
            try:
                self.result = action()
            except Exception as error:  # noqa: BLE001 - handed to the test by `finish`
                self.error = error

        self.thread = threading.Thread(target=run, daemon=True)
        self.thread.start()

    def is_waiting(self, seconds: float = 0.4) -> bool:
        self.thread.join(seconds)
        return self.thread.is_alive()

    def finish(self) -> Exception | None:
        self.thread.join(PATIENCE)
        assert not self.thread.is_alive()
        return self.error


def test_a_writer_held_before_its_transaction_does_not_get_through(publishing, other):
    stale = other.catalogs.current()
    add_field(publishing)
    publishing.publish()
    with pytest.raises(NewerCatalogError), other.database.writing(stale.version):
        pytest.fail("wrote under the old version")


def test_a_writer_that_waits_for_the_publish_does_not_get_through(publishing, other):
    """The version must be read after the lock was got, not in a snapshot from before."""
    stale = other.catalogs.current().version
    wrote = []

    def write() -> None:
        with other.database.writing(stale):
            wrote.append(stale)

    with publishing.platform.database.publishing() as work:
        writer = Background(write)
        assert writer.is_waiting()
        table = sa.table("sys_live", sa.column("version"))
        work.connection.execute(sa.update(table).values(version=stale + 1))
    assert isinstance(writer.finish(), NewerCatalogError)
    assert wrote == []


def test_a_publish_waits_for_writers_and_holds_back_new_ones(publishing, other):
    stale = other.catalogs.current().version
    add_field(publishing)
    plan = publishing.plan()
    with other.database.writing(stale):
        publish = Background(lambda: publishing.platform.publisher.publish(plan, "m", None))
        assert publish.is_waiting()
    assert publish.finish() is None
    assert isinstance(publish.result, Result)
    assert publish.result.version == stale + 1


def test_without_the_shared_lock_a_publish_would_not_wait(publishing, other, monkeypatch, backend):
    begin = {"sqlite": "BEGIN DEFERRED", "postgresql": "BEGIN"}[backend]
    broken = dataclasses.replace(other.database.capabilities, begin_write=begin)
    monkeypatch.setattr(other.database, "capabilities", broken)
    add_field(publishing)
    plan = publishing.plan()
    with other.database.writing(other.catalogs.current().version):
        publish = Background(lambda: publishing.platform.publisher.publish(plan, "m", None))
        assert publish.finish() is None


def test_a_read_with_the_old_catalog_starts_again_with_the_new_one(publishing, other):
    row = publishing.create("company", code="C", name="x")
    before = other.catalogs.current().version
    name = add_field(publishing)
    publishing.publish()
    seen = []

    def read(context):
        seen.append(context.catalog.version)
        return reader.get(context, "company", row)

    assert name in other.perform_as_system(read)
    assert seen == [before, before + 1]


def test_a_new_field_is_there_in_the_next_request_of_every_process(publishing, other, deep):
    row = publishing.create("company", code="C", name="x")
    for _ in range(50 if deep else 5):
        name = add_field(publishing)
        publishing.publish()
        found = other.perform_as_system(lambda context: reader.get(context, "company", row))
        assert name in found


def test_what_no_statement_over_rows_answers_can_be_confirmed(publishing, other):
    context = other.context_of(other.catalogs.current())
    other.confirm(context)
    add_field(publishing)
    publishing.publish()
    with pytest.raises(NewerCatalogError):
        other.confirm(context)


WRITER = """
import sys, itertools
from tests.support.publishing import platform_at
number, url = sys.argv[1:]
with platform_at(url) as platform:
    print("ready", flush=True)
    for count in itertools.count():
        values = {"code": f"W{number}-{count}", "name": "x"}
        platform.write_as_system(
            lambda context, work: platform.store.create(context, work, "company", values)
        )
"""


def test_writers_in_other_processes_never_write_under_an_old_version(
    publishing, database_url, deep
):
    """Rows that appear after a publish returned carry its version, in history too."""
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(number), database_url],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        for number in range(4)
    ]
    try:
        for writer in writers:
            assert writer.stdout is not None
            assert writer.stdout.readline() == b"ready\n"
        marks = []
        for _ in range(50 if deep else 6):
            add_field(publishing)
            publishing.publish()
            marks.append((publishing.platform.catalogs.current().version, written(publishing)))
            time.sleep(0.05)
    finally:
        for writer in writers:
            writer.kill()
            writer.communicate()
    final = written(publishing)
    assert len({version for version, _ in marks}) == len(marks)
    assert len(final) > len(marks)
    for version, before in marks:
        late = {row: at for row, at in final.items() if row not in before}
        assert all(at >= version for at in late.values()), json.dumps([version, late])


def written(work: Publishing) -> dict[str, int]:
    """The metadata version of each record's first history line."""
    with work.platform.database.reading() as reading:
        query = sa.select(HISTORY.c.record_id, HISTORY.c.metadata_version)
        return dict(tuple(row) for row in reading.connection.execute(query))


def test_a_long_read_delays_a_publish_and_nobody_else(publishing, other, backend):
    """On PostgreSQL the publish gives up its locks and tries again; on SQLite it need not wait."""
    row = publishing.create("company", code="C", name="x")
    table = other.catalogs.current().tables.of("company").table
    name = add_field(publishing)
    plan = publishing.plan()
    with other.database.snapshot() as reading:
        reading.connection.execute(sa.select(table)).all()
        publish = Background(lambda: publishing.platform.publisher.publish(plan, "m", None))
        assert publish.is_waiting(3) == (backend == "postgresql")
        started = time.monotonic()
        found = other.perform_as_system(lambda context: reader.get(context, "company", row))
        assert time.monotonic() - started < PATIENCE / 4
        assert (name in found) == (backend == "sqlite")
    assert publish.finish() is None
    found = other.perform_as_system(lambda context: reader.get(context, "company", row))
    assert name in found

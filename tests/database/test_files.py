"""Files and records in the database: one holder each, through races, kills, sweeps and new versions."""

from __future__ import annotations

import io
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from headrace.doctor import examine
from headrace.platform.access.principals import SYSTEM_USER_ID
from headrace.platform.core.errors import RefusedError
from headrace.platform.files.store import Upload, find_files, forget_waiting
from headrace.platform.files.tables import FILE, PART
from headrace.platform.metadata.storage_types import files_in
from headrace.platform.publishing.sweeping import Sweeper
from headrace.platform.records.file_sweeping import FileSweeper
from headrace.platform.runtime import Platform
from tests.support.documents import field, label
from tests.support.files import PDF, png
from tests.support.kill_points import Points, in_child
from tests.support.publishing import Publishing, platform_at

STEP = 3
"""Moments between two kills."""
VISIT = {
    "kind": "object",
    "name": "visit",
    "label": label("Visit", "拜访"),
    "title": "name",
    "history": True,
    "fields": [
        field("name", "text", length=40),
        field("papers", "files", kinds=["pdf", "png", "txt"], largest=2),
        field("photo", "image"),
        field("amount", "money"),
    ],
    "rules": [
        {
            "name": "proof",
            "unless": "COALESCE(amount, 0) <= 100 OR NOT ISBLANK(photo)",
            "field": "photo",
            "message": label("Above 100 a photo is needed", "超过 100 需要照片"),
        }
    ],
}


class Visits:
    """A workspace with visits that hold files; the platform itself uploads and writes."""

    def __init__(self, work: Publishing) -> None:
        self.work = work
        self.platform: Platform = work.platform
        self.database = work.platform.database
        work.contents["object", "visit"] = {
            **VISIT,
            "fields": [dict(one) for one in VISIT["fields"]],
        }
        work.publish()

    def upload(self, content: bytes = PDF, name: str = "a.pdf") -> str:
        keep = self.platform.files.keep
        upload = Upload(name, io.BytesIO(content))
        return self.platform.write_as_system(lambda _, work: keep(work, SYSTEM_USER_ID, upload)).id

    def create(self, **values: Any) -> str:
        store = self.platform.store
        return self.platform.write_as_system(
            lambda context, work: store.create(context, work, "visit", values).id
        )

    def update(self, record_id: str, **values: Any) -> None:
        store = self.platform.store

        def act(context: Any, work: Any) -> None:
            version = int(store.lock(context, work, "visit", record_id)["version"])
            store.update(context, work, "visit", record_id, values, version)

        self.platform.write_as_system(act)

    def names(self, record_id: str, name: str = "papers") -> list[str]:
        return [one.name for one in files_in(self.work.value("visit", record_id, name))]

    def files(self) -> dict[str, str | None]:
        """Which files there are, with the record that holds each."""
        with self.database.reading() as reading:
            rows = reading.connection.execute(sa.select(FILE.c.id, FILE.c.record_id)).all()
        return {str(row.id): None if row.record_id is None else str(row.record_id) for row in rows}

    def parts(self) -> set[str]:
        with self.database.reading() as reading:
            found = reading.connection.execute(sa.select(PART.c.file_id).distinct()).scalars()
            return {str(one) for one in found}

    def age(self, **ago: float) -> None:
        """Let everything that happened to files have happened earlier."""
        with self.database.writing(None) as work:
            for column in (FILE.c.uploaded_at, FILE.c.claimed_at, FILE.c.released_at):
                rows = work.connection.execute(sa.select(FILE.c.id, column)).all()
                for file_id, at in rows:
                    earlier = None if at is None else at - timedelta(**ago)
                    change = sa.update(FILE).where(FILE.c.id == file_id)
                    work.connection.execute(change.values({column.name: earlier}))

    def sweep(self) -> None:
        with self.database.writing(None) as work:
            forget_waiting(work)
        FileSweeper(self.database).sweep()


@pytest.fixture
def visits(database_url: str, tmp_path: Path) -> Iterator[Visits]:
    with platform_at(database_url) as platform:
        yield Visits(Publishing(platform, tmp_path / "modules"))


def codes(refused: Any) -> list[str]:
    return [one.code for one in refused.value.problems]


def test_of_two_records_one_gets_a_file(visits):
    for round_ in range(10):
        file_id, told = visits.upload(), list[str]()

        def take(number: int) -> str | None:
            try:
                return visits.create(name=f"{round_}-{number}", papers=[file_id])  # noqa: B023 - run at once
            except RefusedError as refused:
                told.append(refused.problems[0].code)  # noqa: B023 - run at once
                return None

        with ThreadPoolExecutor(4) as pool:
            made = [one for one in pool.map(take, range(4)) if one is not None]
        assert len(made) == 1
        assert told == ["file.unknown"] * 3
        assert visits.files()[file_id] == made[0]
        assert visits.names(made[0]) == ["a.pdf"]


def test_a_kill_leaves_a_file_that_waits_or_a_record_that_holds_it(visits):
    """kill -9 at moments of an upload, and of the write that takes it: never anything between."""
    content = PDF + b"x" * 600_000

    def both() -> None:
        visits.create(name="killed", papers=[visits.upload(content)])

    kills = 0
    for deadly in count(1, STEP):
        visits.platform.close()
        if in_child(lambda: Points(deadly).during(both)) == 0:  # noqa: B023 - run at once
            break
        kills += 1
        files = visits.files()
        assert visits.parts() == set(files)
        with visits.database.reading() as reading:
            table = visits.platform.catalogs.current().tables.of("visit")
            rows = reading.connection.execute(sa.select(table.id, table.columns["papers"])).all()
        held = {one.id: str(row[0]) for row in rows for one in files_in(row[1])}
        assert {name: holder for name, holder in files.items() if holder is not None} == held
    assert kills > 5
    visits.age(days=2)
    visits.sweep()
    assert all(holder is not None for holder in visits.files().values())
    assert visits.parts() == set(visits.files())


def test_what_waits_goes_after_a_day_and_what_is_held_stays(visits):
    waiting, taken = visits.upload(), visits.upload()
    record = visits.create(name="x", papers=[taken])
    visits.age(hours=23)
    visits.sweep()
    assert set(visits.files()) == {waiting, taken}
    visits.age(hours=2)
    visits.sweep()
    assert visits.files() == {taken: record}
    assert visits.parts() == {taken}
    with pytest.raises(RefusedError) as refused:
        visits.create(name="y", papers=[waiting])
    assert codes(refused) == ["file.unknown"]


def test_what_the_history_holds_stays(visits):
    first, second = visits.upload(), visits.upload()
    record = visits.create(name="x", papers=[first])
    visits.update(record, papers=[second])
    visits.age(days=40)
    visits.sweep()
    assert set(visits.files()) == {first, second}
    visits.update(record, papers=[first])
    assert visits.names(record) == ["a.pdf"]


def test_without_history_a_removed_file_goes_after_a_day(visits):
    visits.work.contents["object", "visit"]["history"] = False
    visits.work.publish()
    first, second, again = (visits.upload() for _ in range(3))
    record = visits.create(name="x", papers=[first, again])
    visits.update(record, papers=[second])
    visits.update(record, papers=[second, again])
    visits.age(hours=23)
    visits.sweep()
    assert set(visits.files()) == {first, second, again}
    visits.age(hours=2)
    visits.sweep()
    assert visits.files() == {second: record, again: record}


def test_a_file_let_go_of_without_history_stays_where_an_older_line_holds_it(visits):
    file_id = visits.upload()
    record = visits.create(name="x", papers=[file_id])
    visits.work.contents["object", "visit"]["history"] = False
    visits.work.publish()
    visits.update(record, papers=None)
    visits.age(days=2)
    visits.sweep()
    assert set(visits.files()) == {file_id}


def test_files_of_a_dropped_field_go_with_its_column(visits):
    papers, photo = visits.upload(), visits.upload(png(), "a.png")
    record = visits.create(name="x", papers=[papers], photo=photo)
    fields = visits.work.contents["object", "visit"]["fields"]
    fields[:] = [one for one in fields if one["name"] != "papers"]
    visits.work.publish()
    visits.age(days=29)
    visits.sweep()
    assert set(visits.files()) == {papers, photo}

    class Later:
        def now(self) -> Any:
            return visits.platform.real_clock.now() + timedelta(days=31)

    Sweeper(visits.database, Later()).sweep()
    visits.sweep()
    assert visits.files() == {photo: record}
    assert visits.parts() == {photo}


def test_files_of_a_dropped_object_come_back_with_it(visits):
    file_id = visits.upload()
    record = visits.create(name="x", papers=[file_id])
    live = visits.platform.catalogs.refresh().version
    del visits.work.contents["object", "visit"]
    visits.work.publish()
    visits.age(days=2)
    visits.sweep()
    assert visits.files() == {file_id: record}
    publisher = visits.platform.publisher
    publisher.publish(publisher.plan_rollback(live), "back", None)
    assert visits.names(record) == ["a.pdf"]


def test_files_of_rows_that_are_gone_go(visits):
    file_id = visits.upload()
    record = visits.create(name="x", papers=[file_id])
    table = visits.platform.catalogs.current().tables.of("visit")
    with visits.database.writing(None) as work:
        work.connection.execute(sa.delete(table.table).where(table.id == record))
    visits.sweep()
    assert (visits.files(), visits.parts()) == ({}, set())


def test_one_file_becomes_several_and_back_where_there_is_one(visits):
    photo = visits.upload(png(), "a.png")
    record = visits.create(name="x", photo=photo)
    visits.work.field("visit", "photo").update(type="images")
    plan = visits.work.publish()
    assert [one.destructive for one in plan.lines if one.code == "field.retype"] == [False]
    assert visits.names(record, "photo") == ["a.png"]
    visits.update(record, photo=[photo, visits.upload(png(), "b.png")])
    other = visits.create(name="y", photo=[visits.upload(png(), "c.png")])

    visits.work.field("visit", "photo").update(type="image")
    plan = visits.work.plan()
    (line,) = [one for one in plan.lines if one.code == "field.retype"]
    assert line.failing is not None
    assert line.failing.count == 1
    visits.work.publish({line.key: {"answer": "clear"}})
    assert (visits.names(record, "photo"), visits.names(other, "photo")) == ([], ["c.png"])


@pytest.mark.parametrize(
    ("options", "count_"),
    [({"kinds": ["pdf"]}, 1), ({"largest": 1}, 1), ({"max": 1}, 1), ({"min": 2}, 2)],
)
def test_allowing_less_says_how_many_rows_hold_more(visits, options, count_):
    visits.create(name="x", papers=[visits.upload(), visits.upload(png(), "a.png")])
    visits.create(name="y", papers=[visits.upload(PDF + b"x" * 1024 * 1024)])
    visits.create(name="z", papers=[visits.upload()])
    visits.create(name="none")
    visits.work.field("visit", "papers").update(options)
    plan = visits.work.plan()
    (line,) = [one for one in plan.lines if one.code == "field.narrow"]
    assert line.failing is not None
    assert line.failing.count == count_
    more = visits.work.field("visit", "papers")
    more.update(kinds=["pdf", "png", "txt", "zip"], largest=5, max=20, min=1)
    assert [one.code for one in visits.work.plan().lines if one.failing] == []


@pytest.mark.parametrize("type_", ["text", "integer", "multi_choice"])
def test_files_become_nothing_else(visits, type_):
    visits.create(name="x", papers=[visits.upload()])
    changed = {"name": "papers", "type": type_, "label": label("Papers", "资料")}
    if type_ == "multi_choice":
        changed["choices"] = [{"value": "a"}]
    fields = visits.work.contents["object", "visit"]["fields"]
    fields[1] = changed
    (line,) = [one for one in visits.work.plan().lines if one.code.startswith("field.retype")]
    assert (line.destructive, line.needs_answer) == (True, True)


def test_required_and_rules_ask_for_files(visits):
    with pytest.raises(RefusedError) as refused:
        visits.create(name="x", amount="200")
    assert codes(refused) == ["rule.broken"]
    photo = visits.upload(png(), "a.png")
    visits.create(name="x", amount="200", photo=photo, papers=[visits.upload()])
    visits.work.field("visit", "papers").update(required=True)
    visits.work.publish()
    with pytest.raises(RefusedError) as refused:
        visits.create(name="y")
    assert codes(refused) == ["value.required"]
    visits.create(name="y", papers=[visits.upload()])


def test_a_claimed_file_says_who_holds_it(visits):
    file_id = visits.upload()
    record = visits.create(name="x", papers=[file_id])
    with visits.database.reading() as reading:
        found = find_files(reading, visits.database.dialect, [file_id])[file_id]
    catalog = visits.platform.catalogs.current().catalog
    model = catalog.objects["visit"]
    assert found.holder == (model.id, record, model.fields["papers"].id)
    with visits.platform.files.content(found) as stream:
        assert stream.read() == PDF


def test_the_doctor_counts_files_and_misses_content(visits):
    def told() -> tuple[bool, str]:
        found = [
            one for one in examine(visits.platform.settings) if one.what.en.startswith("Files")
        ]
        return found[0].ok, found[0].what.en

    visits.upload(PDF + b"x" * 600_000)
    lost = visits.upload()
    assert told() == (True, "Files: 2, 0.6 MB, 0 without their content")
    with visits.database.writing(None) as work:
        work.connection.execute(sa.delete(PART).where(PART.c.file_id == lost))
    assert told() == (False, "Files: 2, 0.6 MB, 1 without their content")


def test_who_waits_for_too_much_is_stopped(visits, monkeypatch):
    monkeypatch.setattr("headrace.platform.files.store.MOST_WAITING", 3)
    for _ in range(3):
        visits.upload()
    with pytest.raises(RefusedError) as refused:
        visits.upload()
    assert codes(refused) == ["file.too_many_waiting"]
    visits.create(name="x", papers=[next(iter(visits.files()))])
    visits.upload()

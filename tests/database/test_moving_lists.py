"""Lists of references, users and files move to the other database: in their order, with their contents."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from PIL import Image

from headrace.platform.core.errors import ConflictError, RefusedError
from headrace.platform.database.links import LINKED, PLACE, RECORD
from headrace.platform.files.store import PART_BYTES, Upload, find_files
from headrace.platform.files.tables import FILE
from headrace.platform.publishing import moved_records
from headrace.platform.publishing.archives import write_archive
from headrace.platform.publishing.sources import archive_source
from headrace.platform.runtime import Platform
from tests.support.documents import field, label
from tests.support.files import HEIC, PDF
from tests.support.live import open_platform
from tests.support.moving import exported, load, values, write
from tests.support.publishing import MODULE, Publishing
from tests.support.rollup_world import Depots

LARGE = PDF + b"x" * (2 * PART_BYTES)
LINES = f"{MODULE}/records/files.jsonl"


def contents() -> dict[tuple[str, str], dict[str, Any]]:
    return {
        ("module", MODULE): {
            "kind": "module",
            "name": MODULE,
            "version": "1.0.0",
            "label": label("Lists", "列表"),
        },
        ("object", "tag"): {
            "kind": "object",
            "name": "tag",
            "label": label("Tag", "标签"),
            "fields": [
                field("code", "text", length=20),
                # Each may come before what it refers to.
                field("near", "multi_lookup", to="tag"),
                field("things", "multi_lookup", to="thing"),
            ],
        },
        ("object", "thing"): {
            "kind": "object",
            "name": "thing",
            "label": label("Thing", "事物"),
            "history": True,
            "fields": [
                field("code", "text", length=20),
                field("tags", "multi_lookup", to="tag"),
                field("watchers", "users"),
                field("photo", "image", captured={}),
                field("papers", "files", kinds=["pdf"], max=3),
            ],
            "children": [{"name": "parts", "object": "part", "by": "thing"}],
        },
        ("object", "part"): {
            "kind": "object",
            "name": "part",
            "label": label("Part", "部分"),
            "fields": [
                field("thing", "master_detail", to="thing", required=True),
                field("slip", "file"),
                field("checked_by", "users"),
            ],
        },
    }


def user(platform: Platform, login: str) -> str:
    return platform.write_as_system(
        lambda _context, work: platform.identity.create_user(work, login=login, name=login)
    )


def sent(platform: Platform, content: bytes, name: str) -> str:
    """Upload a file as the platform."""
    return platform.write_as_system(
        lambda context, work: (
            platform.files.keep(
                work, context.principal.user_id, Upload(name, io.BytesIO(content))
            ).id
        )
    )


@pytest.fixture
def source(database_url: str, tmp_path: Path) -> Iterator[Depots]:
    platform = open_platform(database_url)
    work = Publishing(platform, tmp_path / "modules")
    work.contents = contents()
    work.publish()
    world = Depots(work)
    ids = world.ids
    for login in ("ann", "bob", "cho"):
        ids[login] = user(platform, login)
    for code in "abc":
        ids[code] = world.create("tag", code=code)
    parts = [{"slip": sent(platform, LARGE, "说明.pdf"), "checked_by": [ids["cho"], ids["ann"]]}]
    ids["one"] = world.create(
        "thing",
        code="one",
        tags=[ids["c"], ids["a"], ids["b"]],
        watchers=[ids["bob"], ids["ann"]],
        photo=sent(platform, HEIC, "shop.heic"),
        papers=[sent(platform, PDF + bytes([one]), f"{one}.pdf") for one in (3, 1, 2)],
        parts=parts,
    )
    world.create("thing", code="two", tags=[ids["b"], ids["c"]])
    near = [ids["c"], ids["b"], ids["a"]]
    world.update("tag", ids["a"], near=near, things=[ids["one"]])
    gone = sent(platform, PDF, "gone.pdf")
    former = world.create("thing", code="gone", papers=[gone])
    world.delete("thing", former)
    sent(platform, PDF, "waiting.pdf")
    yield world
    platform.close()


@pytest.fixture
def target(backend: str, fresh_database: Callable[[str], str]) -> Iterator[Platform]:
    """An empty workspace on the other database."""
    platform = open_platform(fresh_database("sqlite" if backend == "postgresql" else "postgresql"))
    yield platform
    platform.close()


def publish(platform: Platform, folder: Path) -> None:
    platform.publisher.publish(platform.publisher.plan(folder), "Moved", None)


def links(platform: Platform) -> list[tuple[Any, ...]]:
    """All rows of the tables of links, by field."""
    published = platform.catalogs.refresh()
    found: list[tuple[Any, ...]] = []
    with platform.database.reading() as reading:
        for name in published.catalog.objects:
            for field_name, table in published.tables.of(name).links.items():
                query = sa.select(table.c[RECORD], table.c[PLACE], table.c[LINKED])
                rows = reading.connection.execute(query).all()
                if not field_name.endswith(("watchers", "checked_by")):
                    found += [(name, field_name, *map(str, row)) for row in rows]
                else:
                    found += [(name, field_name, str(row[0]), row[1]) for row in rows]
    return sorted(found, key=str)


def contents_of(platform: Platform) -> dict[str, tuple[str, bytes, str | None]]:
    """The files of live records by id: their names, contents and small images' sizes."""
    found = {}
    with platform.database.reading() as reading:
        ids = list(reading.connection.execute(sa.select(FILE.c.id)).scalars())
        known = find_files(reading, platform.database.dialect, [str(one) for one in ids])
    for file in known.values():
        small = platform.files.small(file)
        size = None if small is None else str(Image.open(io.BytesIO(small)).size)
        with platform.files.content(file) as content:
            found[file.id] = (file.stored.name, content.read(), size)
    return found


def test_lists_and_files_arrive_in_their_order(
    source: Depots, target: Platform, tmp_path: Path
) -> None:
    first = exported(source.platform)
    publish(target, write(tmp_path / "moved", first))
    loaded = load(target, tmp_path / "moved")

    assert (loaded.records, loaded.users) == (6, 3)
    assert values(target) == values(source.platform)
    assert links(target) == links(source.platform)
    assert exported(target) == first
    there, here = contents_of(target), contents_of(source.platform)
    names = sorted(name for name, _, _ in there.values())
    assert names == ["1.pdf", "2.pdf", "3.pdf", "shop.heic", "说明.pdf"]
    assert {one: there[one] for one in there} == {one: here[one] for one in there}
    held = sa.select(sa.func.count()).where(FILE.c.object_id.is_(None))
    with target.database.reading() as reading:
        assert reading.connection.execute(held).scalar_one() == 0
    # A zip brings the same.
    package = archive_source(write_archive(list(first.items())))
    moved, problems = moved_records.read_moved(package)
    assert (problems, len(moved.files), len(moved.contents)) == ((), 5, 5)


def test_files_may_stay_behind(source: Depots, target: Platform, tmp_path: Path) -> None:
    files = exported(source.platform, files=False)
    assert not any("files" in path for path in files)
    publish(target, write(tmp_path / "moved", files))
    assert load(target, tmp_path / "moved").records == 6
    assert contents_of(target) == {}


def test_more_than_a_package_takes_is_refused_before(
    source: Depots, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(moved_records, "MOST_MEGABYTES", 0)
    with pytest.raises(RefusedError) as refused:
        exported(source.platform)
    assert [one.code for one in refused.value.problems] == ["moved.files_too_large"]


@pytest.mark.parametrize(
    ("name", "change", "code"),
    [
        ("content", lambda line: {**line, "sha256": "0" * 64}, "moved.file_content"),
        ("id", lambda line: {**line, "id": "x"}, "moved.line"),
        ("capture", lambda line: {**line, "captured": {"at": "x"}}, "moved.line"),
        ("time", lambda line: {**line, "uploaded_at": 7}, "moved.line"),
    ],
)
def test_a_wrong_file_is_named_and_nothing_is_loaded(
    source: Depots, target: Platform, tmp_path: Path, name: str, change: Any, code: str
) -> None:
    folder = write(tmp_path / "moved", exported(source.platform))
    publish(target, folder)
    lines = [json.loads(one) for one in (folder / LINES).read_text("utf-8").splitlines()]
    lines[1] = change(lines[1])
    (folder / LINES).write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    moved, problems = moved_records.read_moved(archive_source(_zipped(folder)))
    if not problems:
        with pytest.raises(RefusedError) as refused:
            target.write_as_system(
                lambda context, work: target.transfer.load(context, work, moved, ())
            )
        problems = refused.value.problems
    assert [(one.code, one.path) for one in problems] == [(code, f"/{LINES}/2")], name
    assert contents_of(target) == {}


def _zipped(folder: Path) -> bytes:
    paths = [one for one in folder.rglob("*") if one.is_file()]
    return write_archive((one.relative_to(folder).as_posix(), one.read_bytes()) for one in paths)


def test_a_file_without_content_and_one_that_is_there_are_refused(
    source: Depots, target: Platform, tmp_path: Path
) -> None:
    folder = write(tmp_path / "moved", exported(source.platform))
    publish(target, folder)
    path = next(iter(sorted((folder / MODULE / "records" / "files").iterdir())))
    content = path.read_bytes()
    path.unlink()
    with pytest.raises(RefusedError) as refused:
        load(target, folder)
    assert [one.code for one in refused.value.problems] == ["moved.file_content"]
    path.write_bytes(content)
    load(target, folder)
    for name in ("part", "thing", "tag"):
        table = target.catalogs.refresh().tables.of(name)
        with target.database.writing(None) as work:
            for one in table.links.values():
                work.connection.execute(sa.delete(one))
    with target.database.writing(None) as work:
        for name in ("part", "thing", "tag"):
            work.connection.execute(sa.delete(target.catalogs.refresh().tables.of(name).table))
    with pytest.raises(ConflictError) as conflict:
        load(target, folder)
    assert [one.code for one in conflict.value.problems] == ["moved.file_there"]

"""Packages through the API: taken from one database, checked, planned and published in another."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from headrace.app import create_app
from headrace.platform.metadata.documents import Document
from headrace.platform.publishing.archives import write_archive
from headrace.platform.publishing.export import export_files
from headrace.platform.publishing.folders import Modules
from tests.support.live import Live, open_live, open_platform

ZIP = "application/zip"
METADATA = "/api/v1/metadata"


@pytest.fixture
def live(database_url: str) -> Iterator[Live]:
    live = open_live(database_url)
    yield live
    live.platform.close()


@pytest.fixture
def other(backend: str, fresh_database: Callable[[str], str]) -> Iterator[Live]:
    """A workspace on the other database with a designer and nothing else."""
    platform = open_platform(fresh_database("sqlite" if backend == "postgresql" else "postgresql"))
    other = Live(platform, create_app(platform))
    documents = (
        Document("ground", {"kind": "module", "name": "ground", "version": "0.1.0"}),
        Document("ground", {"kind": "role", "name": "designer", "design": True}),
    )
    plan = platform.publisher.plan_modules(Modules(("ground",), documents, (), ()))
    platform.publisher.publish(plan, "Ground", None)
    other.add_user("admin", "designer")
    yield other
    platform.close()


def send(live: Live, action: str, data: bytes, login: str = "admin", query: str = "") -> Any:
    path = f"{METADATA}/{action}{query}"
    return live.client(login).post(path, data=data, content_type=ZIP)


def test_a_package_goes_from_one_database_to_the_other(live: Live, other: Live) -> None:
    answer = live.client("admin").get(f"{METADATA}/export")
    assert answer.status_code == 200
    assert answer.content_type == ZIP
    package = answer.data
    assert package == write_archive(export_files(live.platform.catalogs.content_of()))
    assert "package.json" in zipfile.ZipFile(io.BytesIO(package)).namelist()

    checked = send(other, "check", package)
    assert checked.status_code == 200, checked.json
    assert [one for one in checked.json["problems"] if one["severity"] == "error"] == []
    planned = send(other, "plan", package)
    assert "object.create" in {line["code"] for line in planned.json["lines"]}
    assert other.platform.catalogs.refresh().version == 1
    published = send(other, "publish", package, query="?message=Moved")
    assert published.status_code == 200, published.json
    assert other.platform.catalogs.versions()[0].message == "Moved"
    again = other.client("admin").get(f"{METADATA}/export?module=claims").data
    assert again == package


def test_parts_and_older_versions_can_be_asked_for(live: Live) -> None:
    client = live.client("admin")
    whole = client.get(f"{METADATA}/export").data
    assert client.get(f"{METADATA}/export?module=claims&closure=true&version=1").data == whole
    for query, status, code in (
        ("module=nothing", 422, "module.unknown"),
        ("version=7", 404, "version.unknown"),
        ("version=x", 404, "version.unknown"),
        ("closure=perhaps", 422, "request.yes_or_no"),
        ("modul=claims", 422, "query.unknown_parameter"),
    ):
        answer = client.get(f"{METADATA}/export?{query}")
        assert (answer.status_code, answer.json["code"]) == (status, code)


def test_only_designers_take_and_send_packages(live: Live) -> None:
    package = live.client("admin").get(f"{METADATA}/export").data
    assert live.client("ann").get(f"{METADATA}/export").status_code == 403
    for action in ("check", "plan", "publish"):
        assert send(live, action, package, "ann").status_code == 403
        assert send(live, action, b"nonsense", "ann").status_code == 403
        anonymous = live.client().post(f"{METADATA}/{action}", data=package, content_type=ZIP)
        assert anonymous.status_code == 401


@pytest.mark.parametrize("action", ["check", "plan", "publish"])
def test_what_is_no_package_changes_nothing(live: Live, action: str) -> None:
    package = live.client("admin").get(f"{METADATA}/export").data
    for data in (b"", b"nonsense", package[: len(package) // 2]):
        answer = send(live, action, data)
        found = answer.json["problems"]
        assert {one["code"] for one in found} == {"package.unreadable"}
        assert answer.status_code == (422 if action == "publish" else 200)
    assert live.platform.catalogs.refresh().version == 1

"""BAD-01 to BAD-60 through every door: folders, the command, the API. Nothing changes, nothing breaks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from headrace.cli import main
from headrace.platform.metadata.field_types import built_in
from headrace.platform.publishing.planning import check_folders
from tests.contract.bad_table import TABLE, Row
from tests.support.described import REQUESTS
from tests.support.documents import field, label, workspace
from tests.support.live import Live, open_live
from tests.support.publishing import published_at, write_module

IDS = [f"{row.id} {row.name}"[:60] for row in TABLE]


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    found = open_live(f"sqlite:///{tmp_path_factory.mktemp('bad') / 'bad.sqlite'}")
    found.app.config[REQUESTS] = False
    yield found
    found.platform.close()


def module_of(row: Row, folder: Path) -> Path:
    contents = workspace()
    if row.change is not None:
        row.change(contents)
    path = write_module(folder, contents)
    if row.raw is not None:
        (path / "roles" / "extra.json").write_bytes(row.raw)
    return path


def is_there(row: Row, problems: list[dict[str, Any]], code: str, severity: str) -> bool:
    return any(
        (one["code"], one["severity"]) == (code, severity)
        and (one["path"].endswith(row.place) or code != row.code)
        and one["message"]
        and one["hint"]
        for one in problems
    )


@pytest.mark.parametrize("row", TABLE, ids=IDS)
def test_folders_and_the_command_say_so(row: Row, tmp_path: Path):
    path = module_of(row, tmp_path)
    severity = row.alone or row.severity

    for language in ("en", "zh"):
        found = [one.render(language) for one in check_folders(path, (), built_in())]
        assert is_there(row, found, row.code, severity), [
            (one["code"], one["path"]) for one in found
        ]
        assert len(found) <= 100
    done = CliRunner(env={"HEADRACE_DATABASE_URL": "sqlite:///none.sqlite"}).invoke(
        main, ["check", str(path), "--json"]
    )
    assert done.exit_code == (1 if severity == "error" else 0)
    assert is_there(row, json.loads(done.stdout), row.code, severity)


@pytest.mark.parametrize("row", TABLE, ids=IDS)
def test_the_api_says_so_and_nothing_changes(row: Row, live: Live):
    before = live.platform.catalogs.refresh()
    if row.raw is not None:
        text = b'{"modules": {"claims": [' + row.raw + b"]}}"
    else:
        contents = workspace()
        row.change(contents)
        text = json.dumps({"modules": {"claims": list(contents.values())}}).encode()

    answer = live.client("admin").post(
        "/api/v1/metadata/check", data=text, content_type="application/json"
    )

    assert answer.status_code < 500
    after = live.platform.catalogs.refresh()
    assert (after.version, after.catalog.fingerprint) == (
        before.version,
        before.catalog.fingerprint,
    )
    found = answer.get_json()
    problems = found.get("problems") or found.get("errors") or []
    if row.raw is None or answer.status_code == 200:
        code = row.live_code or row.code
        assert is_there(row, problems, code, row.severity), [
            (one["code"], one["path"]) for one in problems
        ]
    else:
        assert row.code in answer.get_data(as_text=True)


def test_words_of_databases_are_names_like_others(database_url: str, tmp_path: Path):
    """BAD-13: physical names are made by the platform, so no name is taken."""
    contents = workspace()
    for name in ("select", "order", "table", "pg_class", "sqlite_master"):
        contents["object", name] = {
            "kind": "object",
            "name": name,
            "label": label(name, name),
            "fields": [field(one, "text") for one in ("user", "group", "where", "from")],
        }
    with published_at(database_url, tmp_path, contents) as publishing:
        for name in ("select", "order", "table", "pg_class", "sqlite_master"):
            record = publishing.create(name, user="a", group="b", where="c")
            assert publishing.value(name, record, "where") == "c"


def test_the_table_has_the_cases_that_need_no_records():
    counted = {13, 21, *range(32, 42), 55, 59, 60}
    assert {int(row.id[4:]) for row in TABLE} == set(range(1, 61)) - counted

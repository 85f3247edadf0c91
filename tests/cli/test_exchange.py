"""`headrace import` and `export-records` as people run them."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from headrace.cli import main
from tests.support.exchange_world import Exchange, as_csv, open_exchange, read_csv


@pytest.fixture
def world(database_url: str) -> Iterator[Exchange]:
    found = open_exchange(database_url)
    yield found
    found.platform.close()


@pytest.fixture
def run(world: Exchange, tmp_path: Path, database_url: str) -> Any:
    def call(*arguments: str, code: int = 0, language: str = "en") -> Result:
        environment = {"HEADRACE_DATABASE_URL": database_url, "HEADRACE_LANGUAGE": language}
        with contextlib.chdir(tmp_path):
            done = CliRunner(env=environment).invoke(main, arguments)
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        assert done.exit_code == code, done.output
        return done

    return call


def test_a_file_is_imported_with_its_errors_written_aside(world, run, tmp_path):
    (tmp_path / "goods.csv").write_bytes(
        as_csv(["No", "价格", "公司"], ["a", "1", "acme"], ["b", "x", "acme"], encoding="gbk")
    )
    (tmp_path / "map.json").write_text('{"No": "code"}')
    checked = run("import", "good", "goods.csv", "--map", "map.json", "--dry-run", code=1)
    assert "Checked, nothing was changed: 2 rows; 1 created" in checked.stdout
    assert 'row 3 "价格" value.invalid' in checked.stdout
    shown = run(
        "import",
        "good",
        "goods.csv",
        "--map",
        '{"No": "code"}',
        "--partial",
        "--errors",
        "bad.csv",
        "--json",
        code=1,
    )
    told = json.loads(shown.stdout)
    assert (told["created"], told["refused"], told["errors"][0]["row"]) == (1, 1, 3)
    table = read_csv((tmp_path / "bad.csv").read_bytes())
    assert table[1][:3] == ["b", "x", "acme"]
    table[1][1] = "2"
    (tmp_path / "bad.csv").write_bytes(as_csv(*table))
    assert "已导入" in run("import", "good", "bad.csv", "--map", "map.json", language="zh").stdout
    assert {one["code"] for one in world.rows("good")} == {"a", "b"}


def test_the_rights_of_a_user_can_be_taken(world, run, tmp_path):
    (tmp_path / "f.csv").write_bytes(as_csv(["code", "firm"], ["a", "rival"]))
    refused = run("import", "good", "f.csv", "--as", "ann", code=1)
    assert "reference.not_found" in refused.stdout
    assert "user.unknown" in run("import", "good", "f.csv", "--as", "nobody", code=1).stderr
    run("import", "good", "f.csv", "--mode", "upsert", "--key", "code")
    run("export-records", "good", "all.csv", "--fields", "code,firm")
    assert read_csv((tmp_path / "all.csv").read_bytes()) == [["code", "firm"], ["a", "rival"]]
    run("export-records", "good", "none.xlsx", "--as", "ann", "--labels")
    assert (tmp_path / "none.xlsx").read_bytes().startswith(b"PK")


def test_what_cannot_be_is_refused_with_one_and_wrong_usage_with_two(run, tmp_path):
    (tmp_path / "f.csv").write_bytes(as_csv(["code"], ["a"]))
    (tmp_path / "list.json").write_text("[]")
    assert "import.no_file" in run("import", "good", "missing.csv", code=1).stderr
    wrong = run("import", "good", "f.csv", "--map", "list.json", code=1)
    assert "import.invalid_map" in wrong.stderr
    assert "not_found" in run("import", "nothing", "f.csv", code=1).stderr
    run("import", "good", "f.csv", "--mode", "delete", code=2)
    run("import", "good", code=2)

"""Versions on the command line: list, differences, where-used, going back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from headrace.cli import main
from tests.support.documents import field, workspace
from tests.support.publishing import write_module


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HEADRACE_LANGUAGE", "en")

    def call(*arguments: str) -> Result:
        return CliRunner().invoke(main, arguments)

    assert call("init").exit_code == 0
    contents = workspace()
    assert call("publish", str(write_module(tmp_path / "m", contents))).exit_code == 0
    contents["object", "claim"]["fields"].append(field("colour", "text"))
    path = str(write_module(tmp_path / "m", contents))
    assert call("publish", path, "-m", "a colour").exit_code == 0
    return call


def test_versions_and_their_differences(run):
    listed = json.loads(run("versions", "--json").output)
    told = run("diff", "1", "2")
    assert [one["message"] for one in listed] == ["a colour", ""]
    assert "colour" in told.output
    assert run("diff", "1", "1").exit_code == 0
    assert run("diff", "1", "7").exit_code == 1


def test_going_back_publishes_the_old_content_as_a_new_version(run):
    planned = run("rollback", "1", "--plan")
    done = run("rollback", "1", "--json")
    assert planned.exit_code == 0
    assert json.loads(done.output)["version"] == 3
    assert json.loads(run("diff", "1", "3", "--json").output) == []


def test_where_used_tells_places_in_words(run):
    found = run("where-used", "role", "dealer")
    assert found.exit_code == 0
    assert "permission" in found.output
    assert run("where-used", "role", "ghost").exit_code == 1


def test_the_audit_trail_tells_changes_in_words(run):
    found = run("audit", "--kind", "object", "--name", "claim")
    assert found.exit_code == 0
    assert "new field “colour”" in found.output
    assert json.loads(run("audit", "--since", "2999-01-01", "--json").output) == []


def test_one_entry_is_shown_before_and_after(run):
    (entry,) = json.loads(run("audit", "--kind", "user", "--name", "admin", "--json").output)[-1:]
    shown = run("audit", str(entry["number"]))
    assert "New account “admin”" in shown.output
    assert entry["through"] == "cli"
    assert json.loads(run("audit", str(entry["number"]), "--json").output)["name"] == "admin"
    assert run("audit", "999999").exit_code == 1
    assert "“admin”" in run("audit", "--kind", "user", "--before", "99").output
    assert json.loads(run("audit", "--by", "nobody", "--json").output) == []


def test_going_back_is_on_record(run):
    assert run("rollback", "1").exit_code == 0
    found = run("audit", "--kind", "version", "--name", "3")
    assert "went back to the content of version 1" in found.output


def test_what_is_kept_is_listed_and_stays_until_its_day(run, tmp_path: Path):
    assert "Nothing is kept" in run("sweep", "--list").output
    assert run("rollback", "1", "--json").exit_code == 0
    listed = json.loads(run("sweep", "--json").output)
    assert listed["removed"] == []
    (kept,) = listed["kept"]
    assert (kept["kind"], kept["name"][:7], kept["version"]) == ("column", "colour_", 3)
    assert "Kept until" in run("sweep").output

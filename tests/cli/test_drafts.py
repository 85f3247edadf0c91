"""Drafts and upgrades from the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from headrace.cli import main
from tests.support.documents import label, workspace
from tests.support.publishing import write_module


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("HEADRACE_DATABASE_URL", f"sqlite:///{tmp_path / 'h.sqlite'}")
    monkeypatch.setenv("HEADRACE_SECRET_KEY", "x" * 40)
    monkeypatch.setenv("HEADRACE_LANGUAGE", "en")
    monkeypatch.chdir(tmp_path)

    def call(*arguments: Any, code: int = 0) -> str:
        result = CliRunner().invoke(main, [str(one) for one in arguments])
        assert result.exit_code == code, result.output
        return result.output

    call("init")
    call("publish", write_module(tmp_path / "first", workspace()))
    return call


def changed(name: str, text: str, version: str = "1.0.0") -> Any:
    contents = workspace()
    contents["role", name]["label"] = label(text, text)
    contents["module", "claims"]["version"] = version
    return contents


def test_a_draft_from_a_folder(run, tmp_path):
    run("draft", "create", "Spring")
    run("draft", "put", "Spring", write_module(tmp_path / "next", changed("boss", "Chief")))
    assert run("draft", "show", "Spring").strip() == "* claims/roles/boss.json"
    assert "No problems" in run("draft", "check", "Spring")
    assert "boss" in run("draft", "plan", "Spring")
    assert [one["name"] for one in json.loads(run("draft", "list", "--json"))] == ["Spring"]
    assert "Version 2 is live" in run("draft", "publish", "Spring", "-m", "test")
    assert json.loads(run("draft", "list", "--json")) == []


def test_two_drafts_contradict_each_other(run, tmp_path):
    for name, text in (("one", "Chief"), ("other", "Head")):
        run("draft", "create", name)
        run("draft", "put", name, write_module(tmp_path / name, changed("boss", text)))
    run("draft", "publish", "one")
    assert "publish.conflict" in run("draft", "publish", "other", code=1)
    answers = tmp_path / "answers.json"
    keys = ("role/boss/label/en", "role/boss/label/zh")
    answers.write_text(json.dumps({key: {"answer": "ours"} for key in keys}))
    assert "merge.conflict" in run("draft", "plan", "other", code=1)
    run("draft", "rebase", "other", "--decisions", answers)
    assert "Version 3 is live" in run("draft", "publish", "other")
    run("draft", "create", "none")
    run("draft", "discard", "none")


def test_an_upgrade_keeps_local_changes(run, tmp_path):
    run("publish", write_module(tmp_path / "local", changed("boss", "Chief")))
    assert "Chief" in run("local-changes", "claims")
    newer = write_module(tmp_path / "newer", changed("dealer", "Partner", "2.0.0"))
    assert "module.local_changes" in run("plan", newer)
    assert "module.local_changes" not in run("plan", newer, "--upgrade")
    assert "is live" in run("publish", newer, "--upgrade")
    told = run("local-changes")
    assert "Chief" in told
    assert "Partner" not in told

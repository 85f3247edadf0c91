"""The commands as people run them: a process, its output, its exit code."""

from __future__ import annotations

import contextlib
import importlib
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from headrace.cli import AREAS, main
from tests.support.documents import field, workspace
from tests.support.publishing import Contents, Publishing, platform_at, write_module
from tools.write_reference import commands

ROOT = Path(__file__).parents[2]


class Terminal:
    """A folder of its own with the settings of one workspace; commands run in this process."""

    def __init__(self, folder: Path, url: str, language: str = "en") -> None:
        self.folder = folder
        self.environment = {
            "HEADRACE_DATABASE_URL": url,
            "HEADRACE_LANGUAGE": language,
        }

    def run(self, *arguments: str, given: str = "", code: int = 0) -> Result:
        with contextlib.chdir(self.folder):
            done = CliRunner(env=self.environment).invoke(main, arguments, input=given)
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        assert done.exit_code == code, done.output
        return done

    def json(self, *arguments: str, given: str = "", code: int = 0) -> Any:
        return json.loads(self.run(*arguments, "--json", given=given, code=code).stdout)


@pytest.fixture
def terminal(database_url: str, tmp_path: Path) -> Terminal:
    return Terminal(tmp_path, database_url)


@pytest.fixture
def module(tmp_path: Path) -> Callable[[Contents], str]:
    return lambda contents: str(write_module(tmp_path / "modules", contents))


def test_from_an_empty_database_to_a_second_version(terminal, module):
    assert terminal.run("init", "--password-stdin", given="a good password\n")
    contents = workspace()
    path = module(contents)
    assert terminal.json("check", path) == []
    planned = terminal.json("plan", path)
    assert "object.create" in {line["code"] for line in planned["lines"]}
    assert terminal.json("publish", path, "-m", "first")["version"] == 1
    contents["object", "company"]["fields"].append(field("rank", "integer"))
    shown = terminal.run("publish", module(contents)).stdout
    assert "Add the field company.rank (0 rows)" in shown
    assert "Version 2 is live." in shown
    found = terminal.json("versions")
    assert [(one["version"], one["live"], one["message"]) for one in found] == [
        (2, True, ""),
        (1, False, "first"),
    ]
    assert "Nothing would change." in terminal.run("plan", path).stdout
    terminal.run("export", "out")
    assert terminal.json("check", "out") == []
    terminal.run("export", "old", "--version", "1", "--module", "claims")
    assert "rank" not in (terminal.folder / "old/claims/objects/company.json").read_text()


def test_the_rows_behind_a_line_of_a_plan_are_printed_or_written(terminal, module):
    terminal.run("init", "--password-stdin", given="a good password\n")
    contents = workspace()
    terminal.run("publish", module(contents))
    with platform_at(terminal.environment["HEADRACE_DATABASE_URL"]) as platform:
        platform.write_as_system(
            lambda context, work: platform.store.create(
                context, work, "region", {"code": "R1", "name": "=1+1"}, mode="migration"
            )
        )
    message = {"en": "Short", "zh": "过短"}
    rule = {"name": "long", "unless": "LEN(name) > 9", "message": message}
    contents["object", "region"]["rules"] = [rule]
    path = module(contents)
    printed = terminal.run("plan", path, "--rows", "rule.add:region.long").stdout.splitlines()
    assert printed[0] == "id,title,name"
    assert printed[1].endswith(",'=1+1,'=1+1")
    done = terminal.run("plan", path, "--rows", "rule.add:region.long", "--out", "rows.csv")
    assert "1 rows in rows.csv" in done.stdout
    assert (terminal.folder / "rows.csv").read_text("utf-8-sig").splitlines() == printed
    unknown = terminal.run("plan", path, "--rows", "rule.add:region.none", code=1)
    assert "plan.no_rows" in unknown.stderr


def test_a_file_of_decisions_says_what_rows_get(terminal, module, tmp_path):
    terminal.run("init", "--password-stdin", given="a good password\n")
    contents = workspace()
    terminal.run("publish", module(contents))
    with platform_at(terminal.environment["HEADRACE_DATABASE_URL"]) as platform:
        work = Publishing(platform, tmp_path / "modules")
        row = work.create("company", code="A1", name="Alpha", note="a long remark")
    contents["object", "company"]["fields"].append(field("motto", "text", required=True))
    note = next(one for one in contents["object", "company"]["fields"] if one["name"] == "note")
    note["length"] = 6
    path = module(contents)
    asked = terminal.run("plan", path, code=1).output
    assert "decide “field.require:company.motto”: fill, leave" in asked
    answers = tmp_path / "answers.json"
    given = {
        "field.require:company.motto": {"answer": "fill", "value": "CONCAT(name, '!')"},
        "field.narrow:company.note": {"answer": "accept", "rows": 1},
    }
    answers.write_text(json.dumps(given))
    assert "decided: fill" in terminal.run("plan", path, "--decisions", str(answers)).output
    terminal.run("publish", path, "--decisions", str(answers))
    with platform_at(terminal.environment["HEADRACE_DATABASE_URL"]) as platform:
        work = Publishing(platform, tmp_path / "modules")
        assert work.value("company", row, "motto") == "Alpha!"
        assert work.value("company", row, "note") == "a long"


def test_problems_are_told_in_the_callers_language_with_exit_code_one(terminal, module):
    contents = workspace()
    contents["object", "company"]["fields"].append({"name": "x", "type": "moneyy"})
    path = module(contents)
    done = terminal.run("check", path, code=1)
    assert "field.unknown_type" in done.stdout
    assert "/claims/objects/company.json/fields/7/type" in done.stdout
    assert "There is no field type “moneyy”." in done.stdout
    terminal.environment["HEADRACE_LANGUAGE"] = "zh"
    assert "没有字段类型“moneyy”。" in terminal.run("check", path, code=1).stdout
    [problem] = terminal.json("check", path, code=1)
    assert problem["severity"] == "error"
    terminal.run("init", "--password-stdin", given="a good password\n")
    terminal.run("plan", path, code=1)
    terminal.run("publish", path, code=1)
    assert terminal.json("versions") == []


def test_a_database_without_tables_says_what_to_do(terminal):
    done = terminal.run("versions", code=1)
    assert "headrace init" in done.stderr


def test_accounts_and_tokens(terminal, module):
    first = terminal.json("init")
    assert len(first["password"]) > 11
    again = terminal.json("init")
    assert "password" not in again
    terminal.run("publish", module(workspace()))
    made = terminal.json(
        "user",
        "create",
        "ann",
        "--name",
        "Ann",
        "--role",
        "dealer",
        "--password-stdin",
        given="a good password\n",
    )
    assert "password" not in made
    terminal.run(
        "user", "create", "ann", "--name", "Ann", "--password-stdin", given="x" * 12, code=1
    )
    terminal.run("user", "roles", "ann", "finance", "admin")
    terminal.run("user", "password", "ann", "--password-stdin", given="another password\n")
    token = terminal.json("token", "create", "ann", "erp", "--days", "30")["token"]
    [listed] = terminal.json("token", "list", "ann")
    assert token not in json.dumps(listed)
    terminal.run("token", "revoke", listed["id"])
    assert terminal.json("token", "list", "ann")[0]["revoked"]
    # Nobody else is left whom the approval could ask.
    assert "--instead" in terminal.run("user", "deactivate", "ann", code=1).output
    assert "--instead" in terminal.run("user", "roles", "ann", "admin", code=1).output
    terminal.run("user", "create", "eve", "--name", "Eve", "--password-stdin", given="x" * 12)
    terminal.run("user", "deactivate", "ann", "--instead", "eve")
    users = {one["login"]: one for one in terminal.json("user", "list")}
    assert [held["role"] for held in users["ann"]["roles"]] == ["finance", "admin"]
    assert not users["ann"]["active"]
    assert [held["role"] for held in users["eve"]["roles"]] == ["finance"]
    terminal.run("user", "roles", "nobody", "finance", code=1)
    terminal.run("user", "create", "bob", "--name", "B", "--organisation", "none", code=1)


def test_the_doctor_names_what_is_wrong(terminal, module):
    terminal.environment["HEADRACE_SECRET_KEY"] = "k" * 40
    findings = terminal.json("doctor", code=1)
    assert "headrace init" in findings[-1]["remedy"]
    terminal.run("init", "--password-stdin", given="a good password\n")
    terminal.run("publish", module(workspace()))
    told = {one["what"]: one["ok"] for one in terminal.json("doctor", code=_doctor_code())}
    assert told["Tables match the metadata: 0 columns missing"]
    assert told["Metadata checked: 0 problems"]


def _doctor_code() -> int:
    """The front end may not be built where tests run alone."""
    built = ROOT / "headrace/static/build"
    return 0 if any(built.glob("**/manifest.json")) else 1


@pytest.mark.parametrize(
    "arguments",
    [
        ("nonsense",),
        ("publish",),
        ("user", "create"),
        ("check", "x", "--what"),
        ("worker", "--threads", "0"),
    ],
)
def test_wrong_usage_exits_with_two(arguments, tmp_path):
    Terminal(tmp_path, f"sqlite:///{tmp_path}/x.sqlite").run(*arguments, code=2)


def test_a_wrong_setting_is_named(terminal):
    terminal.environment["HEADRACE_DATABASE_URL"] = "mysql://x/y"
    assert "settings.invalid" in terminal.run("versions", code=1).stderr


def test_python_runs_the_commands_too(tmp_path):
    arguments = [sys.executable, "-m", "headrace", "versions"]
    variables = {"HEADRACE_DATABASE_URL": f"sqlite:///{tmp_path}/x.sqlite", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        arguments, cwd=tmp_path, env=variables, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "database.not_initialised" in done.stderr
    assert "Traceback" not in done.stderr


def test_every_command_says_what_it_does():
    shown = list(commands(main, "headrace"))
    assert len(shown) > 25
    assert [name for name, command in shown if not command.help] == []


@pytest.mark.parametrize(("area", "names"), AREAS.items())
def test_an_area_has_the_commands_it_is_said_to_have(area, names):
    group = click.Group()
    importlib.import_module(f"headrace.commands.{area}").add_to(group)
    assert set(group.commands) == set(names)


def test_a_server_starts_without_the_platform_in_its_first_process():
    code = (
        "import sys; from headrace.cli import main; main(['serve', '--help'], standalone_mode=False);"
        "sys.exit('headrace.platform.runtime' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True)


def test_a_recount_finds_nothing_in_what_the_platform_wrote(terminal, module):
    terminal.run("init", "--password-stdin", given="a good password\n")
    terminal.run("publish", module(workspace()))

    found = terminal.json("recount", "--check")

    assert found
    assert all(one["wrong"] == [] for one in found)
    name = found[0]["object"]
    assert [one["object"] for one in terminal.json("recount", name)] == [name]
    problems = terminal.run("recount", "nothing_of_the_kind", code=1)
    assert "nothing_of_the_kind" in problems.output + problems.stderr

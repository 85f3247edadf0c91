"""The tutorial is run as it stands, beside a server that is never restarted."""

from __future__ import annotations

import http.cookiejar
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, OpenerDirector, build_opener

import pytest

from tests.support.servers import ROOT, Client, environment, headrace, server

PAGE = (ROOT / "docs" / "tutorial" / "first-module.md").read_text(encoding="utf-8")
COMMAND = re.compile(r"^ +\.venv/bin/headrace (.+)$", re.MULTILINE)
STEP = re.compile(r"^\d+\. \*\*(.+?)\*\*", re.MULTILINE)


@pytest.fixture(scope="module")
def module(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The copy that the first step takes."""
    assert "cp -r tests/modules/tiny var/try/" in PAGE
    folder = tmp_path_factory.mktemp("try") / "tiny"
    shutil.copytree(ROOT / "tests" / "modules" / "tiny", folder)
    return folder


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, int]]:
    """A running workspace: its database and the port of its one server."""
    url = f"sqlite:///{tmp_path_factory.mktemp('tutorial') / 'tutorial.sqlite'}"
    headrace(url, "init", "--password-stdin", input="a long first password\n")
    headrace(url, "publish", "headrace/seed_schemas/foundation", "-m", "Roles")
    with server(url) as port:
        yield url, port


def commands_of(step: str) -> list[list[str]]:
    """Return the arguments of each command in a step of the page."""
    names = STEP.findall(PAGE)
    text = PAGE.split(f"**{step}**")[1]
    following = names[names.index(step) + 1 :]
    if following:
        text = text.split(f"**{following[0]}**")[0]
    found = [re.findall(r'"[^"]*"|\S+', line) for line in COMMAND.findall(text)]
    assert found, step
    return [[one.strip('"') for one in arguments] for arguments in found]


def run(url: str, module: Path, arguments: list[str]) -> subprocess.CompletedProcess[str]:
    placed = [str(module) if one == "var/try/tiny" else one for one in arguments]
    return subprocess.run(
        [sys.executable, "-m", "headrace", *placed],
        env=environment(url),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def run_step(url: str, module: Path, step: str) -> list[str]:
    printed = []
    for arguments in commands_of(step):
        done = run(url, module, arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        printed.append(done.stdout)
    return printed


def signed_in(port: int, login: str, password: str) -> OpenerDirector:
    opener = build_opener(HTTPCookieProcessor(http.cookiejar.CookieJar()))
    page = opener.open(f"http://127.0.0.1:{port}/sign-in").read().decode()
    found = re.search(r'name="csrf" value="([^"]+)"', page)
    assert found is not None
    form = {"csrf": found[1], "login": login, "password": password}
    opener.open(f"http://127.0.0.1:{port}/sign-in", urlencode(form).encode())
    return opener


def test_the_tutorial_from_the_first_look_to_the_mistake(
    workspace: tuple[str, int], module: Path
) -> None:
    url, port = workspace

    looked = run_step(url, module, "Look at what will happen.")
    assert "suggestion" in looked[1]
    assert "Version" in run_step(url, module, "Publish.")[0]

    ada, _, token = run_step(url, module, "Let somebody use it.")
    password = re.search(r"password: (\S+)", ada)
    assert password is not None
    home = signed_in(port, "ada", password[1]).open(f"http://127.0.0.1:{port}/").read().decode()
    assert "Suggestions" in home
    secret = re.search(r"\S{20,}", token)
    assert secret is not None
    with Client(port, secret[0]) as client:
        paths = client.get("/api/v1/openapi.json").json["paths"]
        assert "/records/suggestion" in paths
        sent = {"title": "A ramp", "cost": "600", "saving": "900"}
        made = client.post("/api/v1/records/suggestion", sent).json
        assert made["gain"] == "300.00"
        path = f"/api/v1/records/suggestion/{made['id']}"
        submitted = client.post(f"{path}/transitions/submit", {}, If_Match='"1"')
        assert submitted.json["status"] == "in_review"

        _add_the_field(module)
        planned, _ = run_step(url, module, "Change it.")
        assert "next_step" in planned
        schema = client.get("/api/v1/openapi.json").json["components"]["schemas"]["suggestion"]
        assert "next_step" in schema["properties"]
        sent = {"title": "A door", "next_step": "Ask the owner"}
        assert client.post("/api/v1/records/suggestion", sent).json["next_step"] == "Ask the owner"
        assert client.get(path).json["title"] == "A ramp"

        _make_the_mistake(module)
        (arguments,) = commands_of("Make a mistake.")
        checked = run(url, module, arguments)
        refused = run(url, module, ["publish", "var/try/tiny"])
        assert checked.returncode == refused.returncode == 1
        for done in (checked, refused):
            said = done.stdout + done.stderr
            assert "objects/suggestion.json" in said
            assert "typ" in said
            assert "Traceback" not in said
        live = client.get("/api/v1/me")
        assert live.headers["headrace-metadata-version"] == "3"


def _add_the_field(module: Path) -> None:
    """Do what the step “Change it” says with the page's own JSON."""
    found = re.search(r"```json\n(.*?)```", PAGE, re.DOTALL)
    assert found is not None
    path = module / "objects" / "suggestion.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    content["fields"].append(json.loads(found[1]))
    path.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")


def _make_the_mistake(module: Path) -> None:
    path = module / "objects" / "suggestion.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    content["fields"][-1]["typ"] = content["fields"][-1].pop("type")
    path.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")

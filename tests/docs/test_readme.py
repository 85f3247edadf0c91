"""The first module of the README is what it says: it is checked and published as written."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SEED_SCHEMAS = str(ROOT / "headrace" / "seed_schemas")
FILE = re.compile(r"`(loans/[\w/.]+\.json)`:\n\n```json\n(.*?)```", re.DOTALL)


@pytest.fixture
def module(tmp_path: Path) -> Path:
    for name, text in FILE.findall((ROOT / "README.md").read_text(encoding="utf-8")):
        target = tmp_path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    return tmp_path / "loans"


def headrace(folder: Path, *arguments: str) -> str:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HEADRACE_")}
    done = subprocess.run(
        [sys.executable, "-m", "headrace", *arguments],
        cwd=folder,
        env={**kept, "PYTHONPATH": str(ROOT), "HEADRACE_LANGUAGE": "en"},
        input="a long first password\n",
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_first_module_is_checked_without_a_database(module: Path) -> None:
    assert len(list(module.rglob("*.json"))) == 3

    headrace(module.parent, "check", "loans", "--with", SEED_SCHEMAS)

    assert not (module.parent / "var").exists()


def test_the_first_module_is_planned_and_published(module: Path) -> None:
    headrace(module.parent, "init")
    headrace(module.parent, "publish", f"{SEED_SCHEMAS}/foundation", "-m", "Roles")
    headrace(module.parent, "plan", "loans")
    headrace(module.parent, "publish", "loans", "-m", "Lend demo devices")

    assert "Lend demo devices" in headrace(module.parent, "versions")

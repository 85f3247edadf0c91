"""Imports point down only, and the contracts that say so find what they are for."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PLANTED = {
    "an upward import": (
        "platform/core/clock.py",
        "import headrace.platform.metadata",
        "The platform is layered; imports point down only",
    ),
    "a package without a layer": (
        "platform/extra/__init__.py",
        '"""Nowhere."""',
        "The platform is layered; imports point down only",
    ),
    "flask inside a function": (
        "platform/core/ids.py",
        "def f():\n    import flask",
        "The platform never imports the web framework",
    ),
    "sql in a view": ("blueprints/__init__.py", "import sqlalchemy", "Views never build SQL"),
    "the machine library elsewhere": (
        "platform/metadata/catalog.py",
        "import transitions",
        "Only the workflow engine knows the state-machine library",
    ),
}


def lint(root: Path) -> subprocess.CompletedProcess[str]:
    program = (
        "import sys; sys.path.insert(0, '.');"
        "from importlinter.cli import lint_imports_command as run; run(['--no-cache'])"
    )
    return subprocess.run(
        [sys.executable, "-c", program], cwd=root, capture_output=True, text=True, check=False
    )


def test_imports_point_down_only() -> None:
    done = lint(ROOT)

    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("planted", PLANTED.values(), ids=PLANTED.keys())
def test_a_planted_import_is_found(planted: tuple[str, str, str], tmp_path: Path) -> None:
    name, text, contract = planted
    shutil.copytree(
        ROOT / "headrace",
        tmp_path / "headrace",
        ignore=shutil.ignore_patterns("static", "seed_schemas", "templates", "__pycache__"),
    )
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    target = tmp_path / "headrace" / name
    target.parent.mkdir(exist_ok=True)
    with target.open("a") as source:
        source.write(f"\n{text}\n")

    done = lint(tmp_path)

    assert f"{contract} BROKEN" in done.stdout


def test_the_standard_library_keeps_its_platform() -> None:
    program = "import headrace, platform; print(platform.system())"

    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == "Linux"

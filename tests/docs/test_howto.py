"""“Add a field type” is what it says: its blocks, applied to a copy, are one file, one line, one note."""

from __future__ import annotations

import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "howto" / "add-a-field-type.md").read_text(encoding="utf-8")
TYPE = "headrace/platform/metadata/field_types/rating.py"
REGISTRY = "headrace/platform/metadata/field_types/__init__.py"
FRAGMENT = "changes/rating-field.md"
CACHES = {"__pycache__", ".hypothesis", ".mypy_cache", ".ruff_cache", ".pytest_cache"}


def block_after(words: str, language: str) -> str:
    """Return the block in `language` that follows `words`, without its indentation."""
    rest = PAGE[PAGE.index(words) :]
    found = re.search(rf"^( *)```{language}\n(.*?)^\1```", rest, re.DOTALL | re.MULTILINE)
    assert found is not None, words
    return textwrap.dedent(found[2])


def files_of(tree: Path) -> dict[str, bytes]:
    return {
        path.relative_to(tree).as_posix(): path.read_bytes()
        for path in tree.rglob("*")
        if path.is_file() and CACHES.isdisjoint(path.parts)
    }


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the files of this checkout, what is ignored aside."""
    copy = tmp_path_factory.mktemp("tree")
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in listed.stdout.split("\0"):
        source = ROOT / name
        if name and source.is_file():
            target = copy / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(source.read_bytes())
    return copy


@pytest.fixture(scope="module")
def before(tree: Path) -> dict[str, bytes]:
    return files_of(tree)


@pytest.fixture(scope="module")
def applied(tree: Path, before: dict[str, bytes]) -> Path:
    """The copy with the page's blocks applied."""
    (tree / TYPE).write_text(block_after(f"File `{TYPE}`", "python"), encoding="utf-8")
    patch = block_after("2. Register the file", "diff").splitlines()
    old = "\n".join(line[1:] for line in patch if not line.startswith("+"))
    new = "\n".join(line[1:] for line in patch)
    text = (tree / REGISTRY).read_text(encoding="utf-8")
    assert text.count(old) == 1, "the page's context is that of the registry"
    (tree / REGISTRY).write_text(text.replace(old, new), encoding="utf-8")
    (tree / FRAGMENT).write_text(block_after(f"file `{FRAGMENT}`", "text"), encoding="utf-8")
    return tree


def run(tree: Path, *command: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=tree,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_change_is_a_file_a_line_and_a_fragment(
    before: dict[str, bytes], applied: Path
) -> None:
    now = files_of(applied)
    was, line = before[REGISTRY].splitlines(), now[REGISTRY].splitlines()

    assert {name for name in now if now[name] != before.get(name)} == {TYPE, REGISTRY, FRAGMENT}
    assert before.keys() - now.keys() == set()
    assert len(line) == len(was) + 1
    assert [one for one in line if one not in was] == [b'    "rating",']


def test_the_conformance_tests_of_the_type_appear_and_pass(applied: Path) -> None:
    command = ("pytest", "-q", "-k", "rating", "--backend", "sqlite")
    output = run(applied, *command, "tests/contract/test_field_types.py")

    passed = re.search(r"(\d+) passed", output)
    assert passed is not None
    assert int(passed[1]) >= 8, output
    assert "failed" not in output


def test_the_house_keeps_its_rules_with_the_type(applied: Path) -> None:
    run(applied, "ruff", "check", TYPE)
    run(applied, "ruff", "format", "--check", TYPE)
    run(applied, "mypy", TYPE)
    run(applied, "pytest", "-q", "tests/docs/test_reference.py", "tests/docs/test_pages.py")

"""The locks cover what is declared, with hashes; addresses are looked for by a house rule."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PIN = re.compile(
    r"^([a-z0-9-]+)==(\S+)((?: ;.*)?) \\\n((?: +--hash=sha256:[0-9a-f]{64}(?: \\)?\n)+)",
    re.MULTILINE,
)


def pins(name: str) -> dict[str, str]:
    text = (ROOT / name).read_text()
    found = {match[1]: match[2] for match in PIN.finditer(text)}
    assert "".join(match[0] for match in PIN.finditer(text)) == text
    return found


def names(requirements: list[str]) -> set[str]:
    return {re.split(r"[\[<>=!~;, ]", one, maxsplit=1)[0].lower() for one in requirements}


def test_every_dependency_is_locked_with_a_hash() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    setup = names(project["dependency-groups"]["setup"])
    dev = names(project["project"]["optional-dependencies"]["dev"])

    assert names(project["project"]["dependencies"]) | setup <= pins("requirements.lock").keys()
    assert dev <= pins("requirements-dev.lock").keys()


def test_what_serves_is_what_is_tested() -> None:
    assert pins("requirements.lock").items() <= pins("requirements-dev.lock").items()


@pytest.mark.parametrize("key", ["dependencies", "devDependencies"])
def test_the_front_end_is_locked_with_hashes(key: str) -> None:
    declared = json.loads((ROOT / "designer/package.json").read_text())
    packages = json.loads((ROOT / "designer/package-lock.json").read_text())["packages"]

    assert packages[""].get(key) == declared[key]
    assert all(f"node_modules/{name}" in packages for name in declared[key])
    assert all(
        "integrity" in one for path, one in packages.items() if path and "inBundle" not in one
    )
    assert not any("resolved" in one for one in packages.values())

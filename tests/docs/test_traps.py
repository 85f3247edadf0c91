"""The tests that the page of traps names exist, and every trap has one or says what it waits for."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LINES = [
    line
    for line in (ROOT / "docs" / "explanation" / "traps.md")
    .read_text(encoding="utf-8")
    .splitlines()
    if re.match(r"\| T\d\d ", line)
]
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")


def test_all_traps_are_there() -> None:
    assert [line[2:5] for line in LINES] == [f"T{number:02d}" for number in range(1, 25)]


@pytest.mark.parametrize("line", LINES, ids=lambda line: line[2:5])
def test_a_trap_is_held_or_waits(line: str) -> None:
    named = NAMED.findall(line)
    assert named or "waits for" in line or "wait for" in line
    for file, name in named:
        path = ROOT / file
        assert path.is_file(), file
        assert f"def {name}(" in path.read_text(encoding="utf-8"), f"{file}::{name}"

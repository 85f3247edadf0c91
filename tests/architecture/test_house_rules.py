"""The house rules hold in every tracked file, and each rule finds what it is for."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.house_rules import RULES, Rule

ROOT = Path(__file__).parents[2]
SAMPLES = [
    pytest.param(rule, sample, bad, id=f"{rule.name}: {sample.splitlines()[-1].strip()}")
    for rule in RULES
    for samples, bad in ((rule.good, False), (rule.bad, True))
    for sample in samples
]


def tracked_files() -> Iterator[tuple[Path, str]]:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True
    )
    for name in filter(None, listed.stdout.split("\0")):
        try:
            yield Path(name), (ROOT / name).read_text(encoding="utf-8")
        except (UnicodeDecodeError, FileNotFoundError):
            continue  # a picture, or a file that is just being removed


@pytest.fixture(scope="module")
def files() -> list[tuple[Path, str]]:
    return list(tracked_files())


@pytest.mark.parametrize(("rule", "sample", "bad"), SAMPLES)
def test_a_rule_finds_its_bad_samples_only(rule: Rule, sample: str, bad: bool) -> None:
    assert bool(list(rule.find(sample))) is bad


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_a_rule_holds_in_every_file(rule: Rule, files: list[tuple[Path, str]]) -> None:
    found = [
        f"{path}:{line}"
        for path, source in files
        if rule.covers(path)
        for line in rule.find(source)
    ]

    assert found == [], f"{rule.name}: {rule.why}"

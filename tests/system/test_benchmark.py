"""The benchmarks run; what they measure here means nothing."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
READS = ("get one", "list 50", "sum by tier and month")
WRITES = ("create one", "patch one")
LINE = re.compile(
    r"^(?P<workload>\w.*?) +headrace +(?P<rate>\d+)(?: +[\d.]+){3}"
    r" +(?P<statements>\d+) +(?P<ratio>[\d.]+) +[\d.]+",
    re.MULTILINE,
)


def run_quickly(benchmark: str, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a benchmark small, on SQLite; what it makes is below `folder`."""
    return subprocess.run(
        [sys.executable, "-m", benchmark, "--quick", "--database", "sqlite", *arguments],
        env={**os.environ, "TMPDIR": str(folder)},
        cwd=ROOT,
        text=True,
        capture_output=True,
        timeout=300,
        check=False,
    )


@pytest.mark.slow
def test_the_comparison_completes_and_prints_ratios(tmp_path: Path):
    done = run_quickly("benchmarks.compare", tmp_path)

    assert done.returncode == 0, done.stderr
    lines = {line["workload"]: line for line in LINE.finditer(done.stdout)}
    assert sorted(lines) == sorted((*READS, *WRITES)), done.stdout
    assert all(float(line["ratio"]) > 0 for line in lines.values())
    # Counted, not measured: one statement for each read.
    assert {name: lines[name]["statements"] for name in READS} == dict.fromkeys(READS, "1")
    assert list(tmp_path.iterdir()) == [], "something was left behind"


@pytest.mark.slow
def test_the_figures_of_a_wide_workspace_are_printed(tmp_path: Path):
    done = run_quickly("benchmarks.scale", tmp_path)

    assert done.stderr == ""
    for title in (
        "all objects at once",
        "one field from a folder: together",
        "one field from a draft: together",
        "get one",
        "start of a worker",
        "MiB, each",
    ):
        assert re.search(rf"^{title}.* \d", done.stdout, re.MULTILINE), done.stdout
    assert list(tmp_path.iterdir()) == [], "something was left behind"


@pytest.mark.slow
def test_what_publishing_costs_others_is_printed_and_nobody_is_refused(tmp_path: Path):
    changes = ("required field with a fill", "retype")
    chosen = [word for one in changes for word in ("--change", one)]
    done = run_quickly("benchmarks.publishing", tmp_path, *chosen)

    assert done.returncode == 0, done.stdout + done.stderr
    rows = [line for line in done.stdout.splitlines() if line.startswith(changes)]
    assert len(rows) == len(changes), done.stdout
    # seconds, requests, refused: one of these is counted, not measured
    assert {row[34:].split()[2] for row in rows} == {"0"}
    assert list(tmp_path.iterdir()) == [], "something was left behind"


@pytest.mark.slow
def test_orders_of_many_lines_end_with_the_figures_of_those_made_by_hand(tmp_path: Path):
    done = run_quickly("benchmarks.chains", tmp_path, "--lines", "20")

    assert done.stderr == ""
    assert len(re.findall(r"ratio +\d", done.stdout)) == 3, done.stdout
    assert list(tmp_path.iterdir()) == [], "something was left behind"


@pytest.mark.slow
def test_what_is_read_of_many_records_is_measured_to_the_last_page(tmp_path: Path):
    done = run_quickly("benchmarks.reading", tmp_path, "--records", "50000", "--rounds", "1")

    assert done.stderr == ""
    # 500 records are three pages for who sees all, a sixth of them one.
    found = re.findall(r"^ +(\d+) pages of 200 by (\S+), (\w+):", done.stdout, re.MULTILINE)
    assert {(pages, who) for pages, _, who in found} == {("3", "director"), ("1", "seller")}
    assert "a formula in Python" in done.stdout
    assert list(tmp_path.iterdir()) == [], "something was left behind"

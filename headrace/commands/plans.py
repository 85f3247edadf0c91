"""How commands show plans and take the decisions on their lines."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import click

from headrace.commands.shell import Shell, problem_line
from headrace.platform.core.errors import RefusedError
from headrace.platform.core.problems import Message, Text, errors
from headrace.platform.metadata.strict_json import parse_json
from headrace.platform.publishing.plan import Plan, PlanLine
from headrace.platform.publishing.result import Following, Progress
from headrace.platform.publishing.scenario_results import ScenarioResult

NO_FILE = Message(
    "file.missing",
    "There is no file {path}.",
    "没有文件 {path}。",
    "Give the path of a JSON file with decisions.",
    "请给出包含决定的 JSON 文件路径。",
)
TOLD_EVERY = 2.0
"""Seconds between two lines about the same step."""
NOTHING_TO_DO = Text("Nothing would change.", "没有变化。")

decisions_option = click.option(
    "--decisions",
    "decisions",
    type=click.Path(path_type=Path),
    help="JSON file that answers lines of the plan by their keys.",
)


def telling(shell: Shell) -> Following:
    """Return what tells on the error stream how far a publish is that takes long."""
    told: list[tuple[int, float]] = []

    def report(progress: Progress) -> None:
        now = time.monotonic()
        if told and told[-1][0] == progress.step and now - told[-1][1] < TOLD_EVERY:
            return
        told.append((progress.step, now))
        rows = f" {progress.rows}/{progress.total}" if progress.total else ""
        text = progress.text.within(shell.language)
        click.echo(f"[{progress.step}/{progress.steps}] {text}{rows}", err=True)

    return Following(report)


def read_answers(path: Path | None) -> dict[str, Any] | None:
    """Read a file of decisions; refuse one that is no strict JSON."""
    if path is None:
        return None
    if not path.is_file():
        raise RefusedError(NO_FILE.at(path=path.name))
    parsed = parse_json(path.read_bytes())
    wrong = errors(parsed.problems)
    if wrong:
        raise RefusedError.of(problem.below("/decisions") for problem in wrong)
    answers: dict[str, Any] = parsed.value
    return answers


def plan_lines(made: Plan, language: str) -> Iterator[str]:
    """Write a plan for a terminal: problems, then a line for each change, with its question."""
    for problem in made.problems:
        yield problem_line(problem, language)
    if made.is_empty and not made.refused:
        yield NOTHING_TO_DO.within(language)
    for line in made.lines:
        yield from _shown(line, language)
    for name, rows in made.prepared.items():
        prepared = Text(
            f"= {name} ({rows} rows) is prepared beside those who use it",
            f"= {name}（{rows} 行）将在不影响使用者的情况下预先准备",
        )
        yield prepared.within(language)
    yield from scenario_lines(made.scenarios, language)


def scenario_lines(results: Sequence[ScenarioResult], language: str) -> Iterator[str]:
    """Write what came out of scenarios for a terminal, a line for each."""
    for one in results:
        name = (one.label or Text(one.name, one.name)).within(language)
        came = Text("green", "通过") if one.green else Text("red", "未通过")
        shown = f"{name} ({one.module}): {came.within(language)}, {one.seconds * 1000:.0f} ms"
        yield f"{'=' if one.green else '!'} {shown}"


def _shown(line: PlanLine, language: str) -> Iterator[str]:
    count = Text(f" ({line.rows} rows)", f"（{line.rows} 行）").within(language)
    mark = "!" if line.destructive else "+"
    yield f"{mark} {line.text.within(language)}{'' if line.rows is None else count}"
    if line.failing is not None and line.failing.count:
        first = ", ".join(line.failing.first[:3])
        failing = Text(
            f"    rows in the way: {line.failing.count}, first {first}",
            f"    受阻行数：{line.failing.count}，前几行 {first}",
        )
        yield failing.within(language)
    for use in line.uses[:20]:
        yield f"    {use.sentence.within(language)}"
    if line.decision is not None:
        chosen = line.decision.answer
        yield Text(f"    decided: {chosen}", f"    决定：{chosen}").within(language)
    elif line.answers and line.needs_answer:
        answers = ", ".join(line.answers)
        asked = Text(f"    decide “{line.key}”: {answers}", f"    需决定“{line.key}”：{answers}")
        yield asked.within(language)

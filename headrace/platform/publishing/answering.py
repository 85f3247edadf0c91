"""Puts decisions and lines of a plan together: what is settled, what is still asked, what is refused."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from headrace.platform.core.problems import Problem, pointer
from headrace.platform.publishing.decisions import (
    COUNT_GROWN,
    NEEDED,
    NOT_POSSIBLE,
    UNKNOWN_LINE,
    VALUE_NEEDED,
    Decisions,
)
from headrace.platform.publishing.plan import PlanLine


@dataclass(frozen=True, slots=True)
class Question:
    """A line, and the problem that it is as long as nobody answers it (None: a general one)."""

    line: PlanLine
    problem: Problem | None = None


@dataclass(frozen=True, slots=True)
class Answered:
    """The lines with their decisions, and what is wrong or missing."""

    lines: tuple[PlanLine, ...]
    problems: tuple[Problem, ...]


def answer(questions: Sequence[Question], decisions: Decisions) -> Answered:
    """Give each line its decision; a decision that fits no line is a problem too."""
    lines: list[PlanLine] = []
    problems: list[Problem] = list(decisions.problems)
    for position, question in enumerate(questions):
        line = with_decision(question.line, decisions)
        lines.append(line)
        problems.extend(_wrong(question.line, decisions))
        if line.open:
            problems.append(question.problem or _needed(line, position))
    known = {line.key for line in lines if line.answers}
    problems.extend(
        UNKNOWN_LINE.at("/decisions" + pointer(key), key=key)
        for key in decisions.by_key
        if key not in known
    )
    return Answered(tuple(lines), tuple(problems))


def with_decision(line: PlanLine, decisions: Decisions) -> PlanLine:
    """Return the line with its decision, where one was made that it takes."""
    decision = decisions.get(line.key)
    if decision is None or decision.answer not in line.answers:
        return line
    return replace(line, decision=decision)


def _wrong(line: PlanLine, decisions: Decisions) -> Iterator[Problem]:
    """Yield what is wrong with the decision on a line."""
    decision = decisions.get(line.key)
    if decision is None or not line.answers:
        return
    place = "/decisions" + pointer(line.key)
    if decision.answer not in line.answers:
        answers = ", ".join(line.answers)
        yield NOT_POSSIBLE.at(
            place + "/answer", answer=decision.answer, key=line.key, answers=answers
        )
        return
    if decision.answer == "fill" and not decision.value:
        yield VALUE_NEEDED.at(place + "/value", key=line.key)
    if decision.rows is not None and line.count > decision.rows:
        yield COUNT_GROWN.at(place + "/rows", now=line.count, then=decision.rows, line=line.text)


def _needed(line: PlanLine, position: int) -> Problem:
    answers = ", ".join(line.answers)
    return NEEDED.at(f"/lines/{position}", line=line.text, key=line.key, answers=answers)


def grown(lines: Iterable[PlanLine], counts: Mapping[str, int]) -> tuple[Problem, ...]:
    """Return a problem for each line that touches more rows now (`counts` by key) than it says."""
    return tuple(
        COUNT_GROWN.at(now=counts[line.key], then=line.count, line=line.text)
        for line in lines
        if counts.get(line.key, 0) > line.count
    )

"""What a replay answers with: for each run the recorded path, the one it would take now, and the verdict."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypedDict

from headrace.platform.core.problems import Text
from headrace.platform.core.shapes import Moment
from headrace.platform.metadata.storage_types import instant_text

StepState = Literal["asked", "skipped", "passed", "kept", "unknown"]
Verdict = Literal["same", "different", "unknown"]


class TasksJson(TypedDict):
    """How many tasks a person had, and how many they would have."""

    id: str
    name: str
    recorded: int
    now: int


class ReplaySummaryJson(TypedDict):
    """What follows for all runs."""

    same: int
    different: int
    unknown: int
    runs: int
    days: float | None
    tasks: list[TasksJson]
    never: list[str]


class PathStepJson(TypedDict):
    """A step of a path, with the names of its people."""

    name: str
    label: str
    state: StepState
    people: list[str]
    today: bool
    people_unknown: bool


class WayJson(TypedDict):
    """A path: its approval and its steps."""

    approval: str | None
    unknown: bool
    steps: list[PathStepJson]


class RunRecordJson(TypedDict):
    """The record of a run."""

    id: str
    title: str


class ReplayedJson(TypedDict):
    """A run with its recorded path and the one that it would take."""

    run: str
    record: RunRecordJson | None
    state: str
    transition: str
    started_at: Moment
    ended_at: Moment | None
    verdict: Verdict
    recorded: WayJson
    now: WayJson


class ReplayJson(TypedDict):
    """The runs of a workflow, and what follows for all of them."""

    workflow: str
    summary: ReplaySummaryJson
    runs: list[ReplayedJson]


@dataclass(frozen=True, slots=True)
class PathStep:
    """A step of a path. `people` are user ids; `today`: they are who would be asked today."""

    name: str
    label: Text
    state: StepState
    people: frozenset[str] = frozenset()
    today: bool = False
    people_unknown: bool = False


@dataclass(frozen=True, slots=True)
class Way:
    """A path: the approval (None where none applied, "?" where it cannot be told) and its steps."""

    approval: str | None
    steps: tuple[PathStep, ...]
    unknown: bool = False


@dataclass(frozen=True, slots=True)
class Replayed:
    """A run with its recorded path and the one that it would take."""

    run_id: str
    record_id: str
    title: str | None
    state: str
    transition: str
    started_at: datetime
    ended_at: datetime | None
    recorded: Way
    now: Way
    verdict: Verdict

    @property
    def days(self) -> float | None:
        """How many days it took."""
        if self.ended_at is None:
            return None
        return (self.ended_at - self.started_at).total_seconds() / 86_400


@dataclass(frozen=True, slots=True)
class Replay:
    """The runs with their verdicts, and what follows for all of them.

    `never` are approvals, and steps as `approval/step`, that no replayed run takes.
    """

    workflow: str
    runs: tuple[Replayed, ...]
    names: Mapping[str, str]
    never: tuple[str, ...]

    def count(self, verdict: Verdict) -> int:
        """How many runs have a verdict."""
        return sum(one.verdict == verdict for one in self.runs)

    @property
    def days(self) -> float | None:
        """How many days the runs took on average."""
        taken = [one.days for one in self.runs if one.days is not None]
        return sum(taken) / len(taken) if taken else None

    def tasks(self) -> dict[str, tuple[int, int]]:
        """Return by user how many tasks they had, and how many they would have."""
        then, now = Counter[str](), Counter[str]()
        for one in self.runs:
            for counted, way in ((then, one.recorded), (now, one.now)):
                counted.update(
                    user for step in way.steps if step.state == "asked" for user in step.people
                )
        return {user: (then[user], now[user]) for user in {*then, *now}}

    def render(self, language: str) -> ReplayJson:
        """Return the JSON form in one language."""
        tasks = sorted(self.tasks().items(), key=lambda item: (-item[1][1], item[0]))
        return {
            "workflow": self.workflow,
            "summary": {
                "same": self.count("same"),
                "different": self.count("different"),
                "unknown": self.count("unknown"),
                "runs": len(self.runs),
                "days": None if self.days is None else round(self.days, 2),
                "tasks": [
                    {"id": user, "name": self.names.get(user, ""), "recorded": then, "now": now}
                    for user, (then, now) in tasks
                ],
                "never": list(self.never),
            },
            "runs": [self._run(one, language) for one in self.runs],
        }

    def _run(self, one: Replayed, language: str) -> ReplayedJson:
        return {
            "run": one.run_id,
            "record": {"id": one.record_id, "title": one.title} if one.title is not None else None,
            "state": one.state,
            "transition": one.transition,
            "started_at": instant_text(one.started_at),
            "ended_at": instant_text(one.ended_at),
            "verdict": one.verdict,
            "recorded": self._way(one.recorded, language),
            "now": self._way(one.now, language),
        }

    def _way(self, way: Way, language: str) -> WayJson:
        return {
            "approval": way.approval,
            "unknown": way.unknown,
            "steps": [
                {
                    "name": step.name,
                    "label": step.label.within(language),
                    "state": step.state,
                    "people": sorted(self.names.get(one, "") for one in step.people),
                    "today": step.today,
                    "people_unknown": step.people_unknown,
                }
                for step in way.steps
            ],
        }


def verdict_of(then: Way, now: Way) -> Verdict:
    """Say whether two paths are the same; `unknown` where what cannot be told decides it."""
    if now.unknown:
        return "unknown"
    if then.approval != now.approval:
        return "different"
    unsure = False
    for first, second in zip(then.steps, now.steps, strict=False):
        if first.name != second.name:
            return "different"
        if second.state == "unknown" or second.people_unknown:
            unsure = True
        elif first.state != second.state or first.people != second.people:
            return "different"
    if len(then.steps) != len(now.steps):
        return "different" if not unsure else "unknown"
    return "unknown" if unsure else "same"

"""Lines of a plan about rows, running approvals and roles, with what stands in the way of each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from headrace.platform.access.principals import SYSTEM_USER_ID
from headrace.platform.access.tables import USER_ROLE
from headrace.platform.core.problems import Message, Text, named, said
from headrace.platform.metadata.catalog import Catalog
from headrace.platform.publishing.answering import Question
from headrace.platform.publishing.decisions import Decisions
from headrace.platform.publishing.failing.finding import RowFinder
from headrace.platform.publishing.failing.findings import Finding, find_all
from headrace.platform.publishing.plan import Failing, PlanLine
from headrace.platform.workflow.moving import RUNS_LEFT, RunChanges, run_changes
from headrace.platform.workflow.reached import NO_STATES, OpenRuns, States, Values, reached_runs
from headrace.platform.workflow.tables import TASK

ROLE_HELD = Message(
    "role.in_use",
    "{users} users hold the role “{role}”, and {tasks} open tasks came from it.",
    "有 {users} 个用户拥有角色“{role}”，{tasks} 个未处理待办由其产生。",
    "Answer accept: they lose its rights, and the tasks are given to somebody else.",
    "请答复 accept：这些用户失去该角色的权限，待办转交他人。",
)
RUNNING = "approval.running"


def row_questions(finder: RowFinder) -> Iterator[Question]:
    """Yield the lines about rules, lookup filters and child relations."""
    for one in find_all(finder):
        yield Question(_line(one), one.problem)


def _line(one: Finding) -> PlanLine:
    found = one.found
    failing = None
    if found is not None and found.count:
        failing = Failing(found.count, found.first, one.failing_code)
    return PlanLine(
        one.key,
        one.code,
        one.text,
        failing=failing,
        answers=one.answers if failing is not None else (),
        needs_answer=one.problem is not None,
    )


# -- running approvals -----------------------------------------------------------------------------


def run_key(runs: OpenRuns) -> str:
    """Return the key of the line about the runs of an approval."""
    return f"{RUNNING}:{runs.object}.{runs.key[1]}"


def run_questions(
    connection: sa.Connection, old: Catalog, new: Catalog, states: States = NO_STATES
) -> Iterator[Question]:
    """Yield a line for each approval with open runs that the publish reaches."""
    for runs in reached_runs(connection, old, new, states):
        steps = ", ".join(f"{step} {count}" for step, count in runs.steps)
        label, count = runs.label, runs.count
        if runs.must_end:
            en = "; ".join(one.en for one in runs.reasons)
            zh = ";".join(one.zh for one in runs.reasons)
            text = Text(
                f"{count} running approvals of “{label.within('en')}” cannot go on: {en} ({steps})",
                f"“{label.within('zh')}” 有 {count} 个进行中的审批无法继续：{zh}（{steps}）",
            )
            problem = RUNS_LEFT.at(count=count, approval=label, reason=runs.reasons[0])
            line = _run_line(runs, text, ("cancel",))
            yield Question(line, problem)
        else:
            text = Text(
                f"{count} running approvals of “{label.within('en')}” "
                f"go on as they began ({steps})",
                f"“{label.within('zh')}” 有 {count} 个进行中的审批按原定义继续（{steps}）",
            )
            yield Question(_run_line(runs, text, ("keep", "cancel")))


def _run_line(runs: OpenRuns, text: Text, answers: tuple[str, ...]) -> PlanLine:
    return PlanLine(
        run_key(runs),
        RUNNING,
        text,
        destructive=runs.must_end,
        rows=runs.count,
        answers=answers,
        needs_answer=runs.must_end,
    )


def decided_states(old: Catalog, decisions: Decisions) -> States:
    """Return the states that decisions move rows to (`state.drop:<workflow>.<state>`: map)."""
    found: dict[str, dict[str, str]] = {}
    for key, decision in decisions.by_key.items():
        code, _, name = key.partition(":")
        workflow = old.workflows.get(name.partition(".")[0])
        if code == "state.drop" and decision.answer == "map" and workflow is not None:
            moved = {state: to for state, to in decision.map.items() if to is not None}
            found.setdefault(workflow.id, {}).update(moved)
    return found


def decided_values(new: Catalog, decisions: Decisions) -> Values:
    """Return the values that rows get in the place of others (`field.narrow:<object>.<field>`: map).

    What rows lose altogether has nothing that conditions could speak of instead.
    """
    found: dict[str, Mapping[str, str]] = {}
    for key, decision in decisions.by_key.items():
        code, _, name = key.partition(":")
        object_name, _, field_name = name.partition(".")
        model = new.objects.get(object_name)
        one = None if model is None else model.fields.get(field_name)
        if code == "field.narrow" and decision.answer == "map" and one is not None:
            found[one.id] = {value: to for value, to in decision.map.items() if to is not None}
    return found


def decided_runs(
    connection: sa.Connection, old: Catalog, new: Catalog, decisions: Decisions
) -> RunChanges:
    """Return what becomes of runs and roles by a publish with these decisions."""
    states = decided_states(old, decisions)
    cancelled = [
        runs.key
        for runs in reached_runs(connection, old, new, states)
        if (decision := decisions.get(run_key(runs))) is not None and decision.answer == "cancel"
    ]
    return run_changes(old, new, states, decided_values(new, decisions), cancelled)


# -- roles -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Held:
    users: int
    tasks: int


def role_questions(connection: sa.Connection, old: Catalog, new: Catalog) -> Iterator[Question]:
    """Yield a line for each role that goes, with those who hold it and the tasks that came from it.

    Its id is `spoken` in the line's key: no other line tells that the role goes.
    """
    for name in dropped_roles(old, new):
        held = _held(connection, name)
        users, tasks = held.users, held.tasks
        asks = bool(users or tasks)
        yield Question(
            PlanLine(
                f"role.drop:{name}",
                "role.drop",
                said(
                    "Remove the role {name}; {tasks} open tasks are given to others",
                    "移除角色 {name}；{tasks} 个未处理待办转交他人",
                    name=named("role", name),
                    tasks=tasks,
                )
                if tasks
                else said("Remove the role {name}", "移除角色 {name}", name=named("role", name)),
                destructive=asks,
                rows=users,
                answers=("accept",) if asks else (),
                needs_answer=asks,
            ),
            ROLE_HELD.at(f"/roles/{name}", users=users, tasks=tasks, role=name) if asks else None,
        )


def dropped_roles(old: Catalog, new: Catalog) -> Mapping[str, str]:
    """Return the roles that go: API name -> id."""
    kept = {role.id or name for name, role in new.roles.items()}
    return {
        name: role.id or name for name, role in old.roles.items() if (role.id or name) not in kept
    }


def _held(connection: sa.Connection, role: str) -> _Held:
    users = sa.select(sa.func.count(sa.distinct(USER_ROLE.c.user))).where(
        USER_ROLE.c.role == role, USER_ROLE.c.user != SYSTEM_USER_ID
    )
    tasks = (
        sa.select(sa.func.count())
        .select_from(TASK)
        .where(TASK.c.role == role, TASK.c.state == "open")
    )
    return _Held(connection.execute(users).scalar_one(), connection.execute(tasks).scalar_one())

"""Where the branches of a run stand: which steps come before one, and where a branch that was left goes on.

Read from the rows of steps alone, by the names of steps: the run may be pinned to another definition by now.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from headrace.platform.workflow.cases import Case
from headrace.platform.workflow.pinned import Block, PinnedApproval
from headrace.platform.workflow.runs import Row, approvers_of_steps, named_steps

TAKEN: Final = frozenset({"approved", "passed", "kept"})
ENDED: Final = TAKEN | {"skipped"}
"""States of a step after which its branch has gone on."""

Named = Sequence[tuple[Row, str]]
"""Steps in the order in which they were reached, with their names."""


@dataclass(frozen=True, slots=True)
class Point:
    """Where a branch goes on; `asks` says that people are asked again who had not decided."""

    node: int
    branch: range
    asks: bool = False
    then_node: int | None = None


def points_beside(case: Case, node: int, before: str | None = None) -> list[Point]:
    """Return where the other branches of a step's block go on; those that have ended stay so.

    A branch that was never begun begins, one that was left is asked again where it was. `before` leaves
    out what was reached after a decision, by its id.
    """
    block = case.pinned.block_of(node)
    if block is None:
        return []
    rows = named_steps(case.work.connection, case.run, case.pinned)
    known = [(row, name) for row, name in rows if before is None or row.id < before]
    own = block.branch_of(node)
    found = (_point(case.pinned, branch, known) for branch in block.branches if branch != own)
    return [one for one in found if one is not None]


def beginnings_beside(pinned: PinnedApproval, node: int) -> list[Point]:
    """Return where the other branches of a step's block begin, their people asked in any case."""
    block = pinned.block_of(node)
    branches = () if block is None else block.branches
    return [Point(one.start, one, asks=True) for one in branches if node not in one]


def _point(pinned: PinnedApproval, branch: range, rows: Named) -> Point | None:
    newest = {name: row for row, name in rows}
    reached = {
        node: newest[pinned.steps[node].name]
        for node in branch
        if pinned.steps[node].name in newest
    }
    if not reached:
        return Point(branch.start, branch)
    last = max(reached, key=lambda node: int(reached[node].position))
    row = reached[last]
    if row.state == "open":
        return None
    if row.state not in ENDED:
        stays = row.definition is None and row.then_node is not None and row.then_node in branch
        return Point(last, branch, asks=True, then_node=row.then_node if stays else None)
    if row.definition is None:
        # What is behind it was taken before a way back, or is left out by one that goes straight on.
        then = last + 1 if row.then_node is None else row.then_node
        return Point(then, branch) if then in branch else None
    following = range(last + 1, branch.stop)
    left = (one for one in following if one not in reached or reached[one].state not in ENDED)
    node = next(left, None)
    return None if node is None else Point(node, branch)


def newest_beside(case: Case, node: int, before: str | None = None) -> list[tuple[Row, str]]:
    """Return the step that each of the other branches of a step's block has reached last, with names.

    `before` leaves out what was reached after a decision, by its id.
    """
    block = case.pinned.block_of(node)
    if block is None:
        return []
    rows = named_steps(case.work.connection, case.run, case.pinned)
    found: list[tuple[Row, str]] = []
    for branch in block.branches:
        names = {case.pinned.steps[one].name for one in branch}
        reached = [
            (row, name)
            for row, name in rows
            if name in names and (before is None or row.id < before)
        ]
        if node not in branch and reached:
            found.append(reached[-1])
    return found


def reached_after(case: Case, row: Row, node: int) -> list[Row]:
    """Return the steps that were reached after one, but for those of branches beside its own."""
    block = case.pinned.block_of(node)
    beside: set[str] = set()
    if block is not None:
        own = block.branch_of(node)
        beside = {case.pinned.steps[one].name for one in block.nodes if one not in own}
    rows = named_steps(case.work.connection, case.run, case.pinned)
    return [one for one, name in rows if one.position > row.position and name not in beside]


def in_force(case: Case) -> dict[str, Row]:
    """Return the step rows that count, by name: the newest of each that no way back has overtaken.

    Not those of which none counts any more: the run has left them, or a decision before was taken back.
    """
    names = {step.name: node for node, step in enumerate(case.pinned.steps)}
    found: dict[str, Row] = {}
    for row, name in named_steps(case.work.connection, case.run, case.pinned):
        node = names.get(name)
        if node is None:
            continue
        until = row.then_node
        for other in [one for one in found if node in case.pinned.before(names[one])]:
            if until is None or names[other] >= until:
                del found[other]
        found[name] = row
    return {name: row for name, row in found.items() if row.state != "closed"}


def approvers_before(case: Case, node: int) -> frozenset[str]:
    """Return who approved what was taken last before a step, themselves or in passing.

    Behind a block that is what was taken last in each of its branches; in a branch, nothing beside it.
    """
    if node == 0:
        return frozenset()
    rows = named_steps(case.work.connection, case.run, case.pinned)
    ids = list(_taken_before(case.pinned, rows, node))
    found = approvers_of_steps(case.work.connection, ids)
    return frozenset(user for users in found.values() for user in users)


def _taken_before(pinned: PinnedApproval, rows: Named, node: int) -> Iterator[str]:
    nodes = {step.name: place for place, step in enumerate(pinned.steps)}
    own = pinned.block_of(node)
    passed: Block | None = None
    seen: set[int] = set()
    for row, name in reversed(rows):
        if row.state not in TAKEN:
            continue
        place = nodes.get(name)
        block = None if place is None else pinned.block_of(place)
        if passed is not None and block != passed:
            return
        if own is not None and block == own and place not in own.branch_of(node):
            continue
        if place is None or block is None or block == own:
            yield row.id
            return
        passed = block
        branch = block.branch_of(place)
        if branch.start not in seen:
            seen.add(branch.start)
            yield row.id

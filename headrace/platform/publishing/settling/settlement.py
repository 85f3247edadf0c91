"""Everything about rows that a plan settles, in the order in which the parts build on each other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from headrace.platform.core.problems import Problem
from headrace.platform.database.names import PhysicalName
from headrace.platform.database.operations import Operation
from headrace.platform.publishing.answering import Question
from headrace.platform.publishing.decisions import Decisions
from headrace.platform.publishing.failing import Found, RowFinder
from headrace.platform.publishing.row_work import FillEmpty, RowWork
from headrace.platform.publishing.settling.fills import fill_problems
from headrace.platform.publishing.settling.keys import affected_keys, new_keys
from headrace.platform.publishing.settling.narrowing import Narrowing, narrowing, value_changes
from headrace.platform.publishing.settling.required import required_fields
from headrace.platform.publishing.settling.states import state_changes, state_narrowing

Finders = Callable[[Sequence[RowWork]], RowFinder]
"""Gives what finds the rows as they will be once some work will have been done."""


@dataclass(slots=True)
class Settlement:
    """The lines about rows, what is wrong with their answers, and the fills that were answered."""

    questions: list[Question] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    fills: list[FillEmpty] = field(default_factory=list)
    keys: Mapping[str, Found] = field(default_factory=dict)
    """Rows that do not keep a key that is made, by the key of its operation."""


def narrowings(
    finder: RowFinder,
    decisions: Decisions,
    moved: AbstractSet[str],
    held: Mapping[str, PhysicalName],
) -> Iterator[Narrowing]:
    """Yield the fields that hold other values than before; `moved` fields are told elsewhere.

    `held` are columns that held fields in the version that comes back, by field id.
    """
    for one in value_changes(finder, moved):
        yield narrowing(finder, decisions, one, held.get(one.field.id))
    for one in state_changes(finder, held):
        yield state_narrowing(finder, decisions, one, held.get(one.field.id))


def settle(
    finder_of: Finders,
    decisions: Decisions,
    narrowed: Sequence[Narrowing],
    work: Sequence[RowWork],
    operations: Sequence[Operation],
) -> Settlement:
    """Return the lines about rows; `work` is what else is done to them, those of `narrowed` too."""
    result = Settlement()
    for one in narrowed:
        result.questions.extend(one.questions)
        result.problems.extend(one.problems)
    for asked in required_fields(finder_of(work), decisions):
        result.questions.append(asked.question)
        result.problems.extend(asked.problems)
        if asked.fill is not None:
            without = finder_of(work)
            wrong = tuple(fill_problems(without, finder_of((*work, asked.fill)), asked.fill))
            result.problems.extend(wrong)
            if not wrong:
                result.fills.append(asked.fill)
    finder = finder_of((*work, *result.fills))
    result.keys = new_keys(finder, operations)
    result.questions.extend(affected_keys(finder, operations))
    return result

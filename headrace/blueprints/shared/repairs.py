"""Acts of an administrator on several runs, each by itself and with its own result."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

from headrace.platform.core.errors import PlatformError
from headrace.platform.core.problems import Problem
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.records.context import Context

Write = Callable[[Callable[[Context, UnitOfWork], Any]], Any]
Act = Callable[[Context, UnitOfWork, str], Any]


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one run: nothing wrong, or why it stayed as it was."""

    run_id: str
    problems: tuple[Problem, ...] = ()


def _act(act: Act, run_id: str, context: Context, work: UnitOfWork) -> Any:
    return act(context, work, run_id)


def each(write: Write, ids: Iterable[str], act: Act) -> list[Result]:
    """Do the same with each run, in a transaction of its own."""
    results = []
    for run_id in ids:
        try:
            write(partial(_act, act, run_id))
            results.append(Result(run_id))
        except PlatformError as error:
            results.append(Result(run_id, tuple(error.problems)))
    return results

"""The checks that need the whole catalog. A new one is a function and a line in `BUILT_IN`."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import Final

from headrace.platform.core.problems import Problem
from headrace.platform.metadata.catalog import Catalog
from headrace.platform.metadata.checks.access import check_access
from headrace.platform.metadata.checks.automations import check_automations
from headrace.platform.metadata.checks.base import Check, Subject
from headrace.platform.metadata.checks.choices import check_choices
from headrace.platform.metadata.checks.computed import check_computed
from headrace.platform.metadata.checks.conditions import check_conditions
from headrace.platform.metadata.checks.contradictions import check_contradictions
from headrace.platform.metadata.checks.currencies import check_currencies
from headrace.platform.metadata.checks.dashboards import check_dashboards
from headrace.platform.metadata.checks.field_rules import check_field_rules
from headrace.platform.metadata.checks.fields import check_fields
from headrace.platform.metadata.checks.inert import check_inert
from headrace.platform.metadata.checks.keys import check_keys
from headrace.platform.metadata.checks.labels import check_labels
from headrace.platform.metadata.checks.ledgers import check_ledgers
from headrace.platform.metadata.checks.lists import check_lists
from headrace.platform.metadata.checks.masks import check_masks
from headrace.platform.metadata.checks.matching import check_matching
from headrace.platform.metadata.checks.memory import Memory
from headrace.platform.metadata.checks.objects import check_objects
from headrace.platform.metadata.checks.queries import check_queries
from headrace.platform.metadata.checks.scenarios import check_scenarios
from headrace.platform.metadata.checks.screens import check_screens
from headrace.platform.metadata.checks.sizes import check_sizes
from headrace.platform.metadata.checks.soundness import check_soundness
from headrace.platform.metadata.checks.timing import check_timing
from headrace.platform.metadata.checks.workflows import check_workflows

MAX_PROBLEMS: Final = 100
"""How many findings are told at once."""

BUILT_IN: tuple[Check, ...] = (
    check_objects,
    check_fields,
    check_choices,
    check_masks,
    check_currencies,
    check_keys,
    check_ledgers,
    check_computed,
    check_sizes,
    check_conditions,
    check_queries,
    check_matching,
    check_contradictions,
    check_field_rules,
    check_workflows,
    check_soundness,
    check_automations,
    check_timing,
    check_access,
    check_screens,
    check_dashboards,
    check_scenarios,
    check_lists,
    check_inert,
    check_labels,
)


def run_checks(catalog: Catalog) -> tuple[Problem, ...]:
    """Return every finding of every check."""
    return Checker().run(catalog)


class Checker:
    """Runs the checks again and again, each time over what has changed; threads may share it.

    What it returns is what `run_checks` returns.
    """

    def __init__(self) -> None:
        self._memory = Memory()
        self._lock = threading.Lock()

    def run(self, catalog: Catalog) -> tuple[Problem, ...]:
        """Return every finding of every check."""
        with self._lock:
            subject = Subject(catalog, self._memory)
            return tuple(problem for check in BUILT_IN for problem in check(subject))


def most_telling(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Return each finding once, what refuses first, and no more than people read."""
    once = dict.fromkeys(problems)
    return tuple(sorted(once, key=lambda one: one.severity != "error"))[:MAX_PROBLEMS]

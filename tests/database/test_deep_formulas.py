"""Plans over formulas that read each other are made, however deep: where no statement holds them, row by row."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from headrace.platform.publishing.failing import Breaking, find_all
from tests.support.documents import field, label, workspace
from tests.support.plan_world import finder_of
from tests.support.publishing import Contents, Publishing, platform_at

LEVELS = 30
FAR = 320
STEP = "IF({before} > 1000, {before} - 1, IF({before} > 500, {before} + 2, {before} + 1))"


def chain(name: str, *, moved: int = 0) -> list[dict[str, Any]]:
    """Formulas of which each reads the one before it five times."""
    fields = [field(f"{name}_0", "formula", returns="integer", formula=f"size + {moved}")]
    for level in range(1, LEVELS):
        formula = STEP.format(before=f"{name}_{level - 1}")
        fields.append(field(f"{name}_{level}", "formula", returns="integer", formula=formula))
    return fields


@pytest.fixture(scope="module")
def shared(
    shared_database_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Publishing]:
    with platform_at(shared_database_url) as platform:
        work = Publishing(platform, tmp_path_factory.mktemp("modules"))
        work.contents = contents()
        work.publish()
        owner = work.create("company", code="C1", name="One")
        for size in (1, 5, 900, 5000):
            work.create("claim", company=owner, subject=str(size), size=size)
        yield work


def long_chain() -> list[dict[str, Any]]:
    """Formulas that each add one, the last of them first."""
    fields = [field("far_0", "formula", returns="integer", formula="size + 1")]
    fields += [
        field(f"far_{level}", "formula", returns="integer", formula=f"far_{level - 1} + 1")
        for level in range(1, FAR)
    ]
    return fields[::-1]


def contents() -> Contents:
    """Claims with chains of formulas that are live, and without rules."""
    found = workspace()
    claim = found["object", "claim"]
    claim["fields"] += [field("size", "integer"), *long_chain(), *chain("live")]
    claim["rules"] = []
    return found


@pytest.fixture
def work(shared: Publishing) -> Publishing:
    shared.contents = contents()
    return shared


def breaking(work: Publishing, unless: str) -> int:
    """How many rows a new rule is said to be broken by; the list of them has as many."""
    rule = {"name": "deep", "unless": unless, "message": label("No", "不行")}
    work.contents["object", "claim"]["rules"] = [rule]
    with finder_of(work) as finder:
        model = work.platform.catalogs.current().catalog.objects["claim"]
        (found,) = [one for one in find_all(finder) if one.key.endswith("claim.deep")]
        ids = list(finder.ids(Breaking(model.id, "deep")))
    assert found.found is not None
    assert len(ids) == found.found.count
    return found.found.count


def test_a_rule_over_new_formulas_that_read_each_other_is_counted(work):
    work.contents["object", "claim"]["fields"] += chain("new")

    assert breaking(work, f"new_{LEVELS - 1} < 100") == 2


def test_a_rule_over_live_formulas_that_change_all_at_once_is_counted(work):
    fields = work.contents["object", "claim"]["fields"]
    fields[-LEVELS:] = chain("live", moved=80)

    assert breaking(work, f"live_{LEVELS - 1} < 100") == 4


def test_a_rule_as_deep_as_a_rule_may_be_is_counted(work):
    nested = "size"
    for number in range(22):
        nested = f"IF(size > {5000 - number}, 0, {nested} + 1)"

    assert breaking(work, f"{nested} < 25") == 2


def test_a_chain_longer_than_python_nests_calls_is_planned(work):
    first = work.field("claim", "far_0")
    first["formula"] = "size + 2"

    assert breaking(work, f"far_{FAR - 1} < {FAR + 3}") == 3

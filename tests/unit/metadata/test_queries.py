"""Questions that formulas ask must find their rows by an index: which conditions do, and where it is told."""

from __future__ import annotations

from typing import Any

import pytest

from headrace.platform.metadata.building import build_catalog
from headrace.platform.metadata.checks import run_checks
from headrace.platform.metadata.field_types import built_in
from tests.support.documents import documents, field, workspace


def found(contents: dict[Any, Any]) -> list[tuple[str, str]]:
    built = build_catalog(documents(contents), built_in())
    assert built.problems == ()
    assert built.catalog is not None
    return [
        (one.code, one.path) for one in run_checks(built.catalog) if one.code.startswith("query.")
    ]


def asking(question: str, type_: str = "boolean") -> list[tuple[str, str]]:
    contents = workspace()
    contents["object", "claim"]["fields"].append(field("asked", type_, default=question))
    return found(contents)


@pytest.mark.parametrize(
    "question",
    [
        "EXISTS(claim WHERE company = this.company)",
        "EXISTS(claim WHERE fee > 5 AND this.company = company)",
        "EXISTS(claim WHERE status = 'paid' AND fee > this.fee)",
        "EXISTS(claim WHERE created_at > NOW() OR id = this.id)",
        "EXISTS(company WHERE code IN ('a', this.subject))",
        "EXISTS(claim)",
        "FIRST(claim.fee) > 1",
        "COUNT(claim WHERE claim_no = 'CL-1') > 0",
    ],
)
def test_questions_that_find_their_rows(question: str) -> None:
    assert asking(question) == []


@pytest.mark.parametrize(
    "question",
    [
        "EXISTS(claim WHERE fee > 5)",
        "EXISTS(claim WHERE company = this.company OR fee > 5)",
        "EXISTS(claim WHERE NOT company = this.company)",
        "EXISTS(claim WHERE company != this.company)",
        "EXISTS(claim WHERE company.region = this.company.region)",
        "EXISTS(claim WHERE company.parent = company)",
        "EXISTS(claim WHERE subject = this.subject)",
        "EXISTS(claim WHERE company NOT IN (this.company))",
        "COUNT(claim) > 7",
        "SUM(claim.fee) > 7",
        "FIRST(claim.fee ORDER BY fee) > 1",
    ],
)
def test_questions_that_read_every_row(question: str) -> None:
    assert asking(question) == [
        (
            "query.unindexed",
            f"/claims/objects/claim.json/fields/{len(workspace()['object', 'claim']['fields'])}/default",
        )
    ]


def test_guards_and_assignments_are_looked_at_too() -> None:
    contents = workspace()
    submit = contents["workflow", "claim_flow"]["transitions"][0]
    submit["when"] = "COUNT(claim WHERE fee > this.fee) = 0"
    submit["set"] = {"decided_at": "FIRST(claim.decided_at WHERE fee = 1)"}
    place = "/claims/workflows/claim_flow.json/transitions/0"
    assert set(found(contents)) == {
        ("query.unindexed", place + "/when"),
        ("query.unindexed", place + "/set/decided_at"),
    }


def test_a_field_that_a_view_sorts_by_is_indexed() -> None:
    contents = workspace()
    question = field("asked", "boolean", default="EXISTS(claim WHERE fee > this.fee)")
    contents["object", "claim"]["fields"].append(question)
    contents["view", "open_claims"]["sort"] = ["-fee"]
    assert found(contents) == []

"""Right but nasty: documents at their limits, which have to work from first field to last report."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from random import Random
from typing import Any

import pytest

from tests.support.documents import documents, field, label
from tests.support.judging import judge
from tests.support.trying import Trial

Fields = list[dict[str, Any]]
CHOICES = [{"value": f"v{n}", "label": label("<b>&'\"", "{{ 1 }}")} for n in range(500)]


def read_formula(number: int) -> dict[str, Any]:
    text = "m + $C.claim_limit" if number == 0 else f"f{number - 1} + $C.claim_limit"
    return field(f"f{number}", "formula", returns="money", formula=text)


NASTY: dict[str, Fields] = {
    "as many references as can be read": [field(f"r{n}", "lookup", to="region") for n in range(38)],
    "480 fields of all kinds": [
        field(f"x{n}", ("money", "date", "boolean", "integer", "datetime", "email")[n % 6])
        for n in range(240)
    ]
    + [field(f"y{n}", ("integer", "boolean", "percent", "quantity")[n % 4]) for n in range(240)],
    "300 long texts": [field(f"t{n}", "text", length=400) for n in range(300)],
    "80 formulas along the same references": [
        field("company", "lookup", to="company"),
        *(
            field(f"f{n}", "formula", returns="text", formula="company.region.parent.name")
            for n in range(80)
        ),
    ],
    "60 formulas, each on the one before": [
        field("m", "money"),
        *(
            field(
                f"s{n}",
                "formula",
                returns="money",
                formula="m + 1" if n == 0 else f"s{n - 1} + 1",
            )
            for n in range(60)
        ),
    ],
    "read formulas as deep as they may be": [
        field("m", "money"),
        *(read_formula(n) for n in range(5)),
    ],
    "500 choices with marks in their labels": [field("c", "choice", choices=CHOICES)],
    "names of the language and of databases": [
        field(name, "text")
        for name in ("select", "from", "user", "group", "where_", "class", "self", "none", "if_", "sum")
    ],
    "one field": [field("a", "boolean")],
}  # fmt: skip
TOO_NASTY: dict[str, tuple[Fields, str]] = {
    "more references than a join takes": (
        [field(f"r{n}", "lookup", to="region") for n in range(70)],
        "object.too_many_references",
    ),
    "formulas along too many references": (
        [field(f"l{n}", "lookup", to="company") for n in range(25)]
        + [
            field(f"f{n}", "formula", returns="text", formula=f"l{n}.region.name")
            for n in range(25)
        ],
        "object.too_many_references",
    ),
    "read formulas that double": (
        [field("m", "money"), read_formula(0)]
        + [
            field(f"f{n}", "formula", returns="money", formula=f"f{n - 1} + f{n - 1}")
            for n in range(1, 14)
        ],
        "formula.too_complex",
    ),
}


def with_object(fields: Fields) -> list[Any]:
    made = {"kind": "object", "name": "wide", "label": label("W", "W"), "history": True}
    grant = {"role": "admin", "actions": ["create", "read", "update", "delete"], "scope": "all"}
    permission = {"kind": "permission", "name": "wide", "object": "wide", "grants": [grant]}
    module = documents()[0].module
    document = type(documents()[0])
    return [
        *documents(),
        document(module, {**made, "fields": fields}),
        document(module, permission),
    ]


@pytest.mark.parametrize("name", NASTY)
def test_it_works_to_the_end(name: str, backend: str, fresh_database: Callable[[str], str]):
    changed = with_object(NASTY[name])
    assert judge(changed).problems == ()

    with closing(Trial(fresh_database(backend), changed, Random(1))) as trial:
        trial.run()

        assert trial.made["wide"]


@pytest.mark.parametrize("name", TOO_NASTY)
def test_what_no_statement_could_hold_is_refused(name: str):
    fields, code = TOO_NASTY[name]

    assert code in {one.code for one in judge(with_object(fields)).problems}

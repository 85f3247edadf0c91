"""Named expressions and constants in a published workspace: stored, asked, changed, refused, looked up."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from headrace.platform.metadata.building import build_catalog
from headrace.platform.metadata.field_types import built_in
from headrace.platform.metadata.references import uses
from tests.support.documents import documents, field, label, workspace
from tests.support.publishing import Publishing, published_at

CLAIM = {"name": "c", "type": "reference", "to": "company"}
EXPRESSIONS: list[dict[str, Any]] = [
    {
        "name": "with_vat",
        "label": label("With tax", "含税"),
        "parameters": [{"name": "net", "type": "money"}],
        "formula": "PORTION(net, 113, 100)",
    },
    {
        "name": "claims_of",
        "label": label("Claims of a company", "公司理赔数"),
        "parameters": [CLAIM],
        "formula": "COUNT(claim WHERE company = c AND status != 'cancelled')",
    },
    {
        "name": "is_usual",
        "label": label("Usual company", "老客户"),
        "parameters": [CLAIM],
        "formula": "claims_of(c) >= 1 AND c.region.code = 'east'",
    },
]


def with_expressions(contents: dict[Any, Any]) -> dict[Any, Any]:
    contents["module", "claims"]["expressions"] = copy.deepcopy(EXPRESSIONS)
    contents["object", "claim"]["fields"] += [
        field("gross", "formula", returns="money", formula="with_vat(payable)"),
        field("usual", "boolean", default="is_usual(company)"),
        field("earlier", "integer", default="claims_of(company)"),
    ]
    return contents


@pytest.fixture
def work(database_url: str, tmp_path: Path) -> Iterator[Publishing]:
    contents = workspace()
    with_expressions(contents)
    with published_at(database_url, tmp_path / "modules", contents) as publishing:
        yield publishing


def claim(work: Publishing, company: str, subject: str = "Leak") -> str:
    items = [{"what": "Pump", "qty": "2", "price": "10.00"}]
    return work.create(
        "claim", company=company, subject=subject, claimed_on="2025-06-10", items=items
    )


def test_defaults_ask_and_formulas_are_stored(work: Publishing) -> None:
    region = work.create("region", code="east", name="East")
    company = work.create("company", code="acme", name="Acme", region=region)
    first, second = claim(work, company), claim(work, company, "Noise")
    seen = [
        [work.value("claim", one, name) for name in ("gross", "usual", "earlier")]
        for one in (first, second)
    ]
    assert seen == [[Decimal("22.60"), False, 0], [Decimal("22.60"), True, 1]]


def test_stored_values_follow_when_the_expression_changes(work: Publishing) -> None:
    company = work.create("company", code="acme", name="Acme")
    one = claim(work, company)
    work.contents["module", "claims"]["expressions"][0]["formula"] = "PORTION(net, 109, 100)"
    work.publish()
    assert work.value("claim", one, "gross") == Decimal("21.80")


# --- without a database ------------------------------------------------------------------------------


def catalog_of(contents: dict[Any, Any], previous: Any = None) -> Any:
    built = build_catalog(documents(contents), built_in(), 1, previous)
    assert built.problems == ()
    return built.catalog


def test_where_used_tells_of_calls_and_of_what_bodies_read() -> None:
    found = uses(catalog_of(with_expressions(workspace())))
    calls = {(use.path, use.how) for use in found.of("expression", "claims_of")}
    assert ("/expressions/2/formula", "called") in calls
    assert any(path.endswith("/default") for path, _ in calls)
    asked = {use.how for use in found.of("object", "claim") if use.kind == "module"}
    assert {"query", "menu"} <= asked
    assert "disclosed formula" in {use.how for use in found.of("field", "claim.company")}
    region = {(use.path, use.how) for use in found.of("field", "company.region")}
    assert ("/expressions/2/formula", "path") in region
    code = {(use.path, use.how) for use in found.of("field", "region.code")}
    assert ("/expressions/2/formula", "formula") in code
    given = {use.how for use in found.of("object", "company") if use.kind == "module"}
    assert "parameter" in given


def test_a_build_after_a_changed_expression_is_that_from_nothing() -> None:
    contents = with_expressions(workspace())
    before = catalog_of(contents)
    contents["module", "claims"]["expressions"][0]["formula"] = "PORTION(net, 106, 100)"
    again, fresh = catalog_of(contents, before), catalog_of(contents)
    assert again == fresh
    gross = again.objects["claim"].fields["gross"].expression
    assert gross.tree != before.objects["claim"].fields["gross"].expression.tree
    contents["module", "claims"]["expressions"].append(
        {"name": "idle", "formula": "1", "label": label("Idle", "闲置")}
    )
    assert catalog_of(contents, again) == catalog_of(contents)


@pytest.mark.parametrize(
    ("change", "code", "place"),
    [
        ({"formula": "claims_off(c)"}, "formula.unknown_function", "/2/formula"),
        ({"formula": "is_usual(c)"}, "formula.cycle", "/2/formula"),
        ({"formula": "c.regoin.code = 'x'"}, "formula.unknown_field", "/2/formula"),
        ({"formula": "COUNT(clam WHERE company = c)"}, "formula.unknown_object", "/2/formula"),
        ({"name": "coalesce"}, "expression.name_taken", "/2/name"),
        ({"name": "first"}, "expression.name_taken", "/2/name"),
        ({"name": "with_vat"}, "name.duplicate", "/2/name"),
        (
            {"parameters": [{"name": "c", "type": "reference"}]},
            "parameter.without_target",
            "/2/parameters/0",
        ),
        (
            {"parameters": [{"name": "c", "type": "text", "to": "company"}]},
            "parameter.target_unused",
            "/2/parameters/0/to",
        ),
        (
            {"parameters": [{"name": "c", "type": "reference", "to": "compny"}]},
            "ref.unknown_object",
            "/2/parameters/0/to",
        ),
    ],
)
def test_what_cannot_be_is_told_where_it_is_written(
    change: dict[str, Any], code: str, place: str
) -> None:
    contents = with_expressions(workspace())
    contents["module", "claims"]["expressions"][2].update(change)
    found = build_catalog(documents(contents), built_in()).problems
    wanted = (code, f"/claims/module.json/expressions{place}")
    assert wanted in {(one.code, one.path) for one in found}
    assert all(one.message.zh and one.message.en for one in found)


@pytest.mark.parametrize(
    ("type_", "right", "wrong"),
    [
        ("integer", ["0", "-7", "007"], ["1.5", "1e3", " 1", "", "NaN", "1" * 19, "１"]),
        ("money", ["1000", "0.10", "-3.50", "1.500"], ["1.005", "Infinity", "1,000"]),
        ("percent", ["13", "3.5", "0.0001"], ["0.00001", "13%"]),
        ("decimal", ["0.000001"], ["0.0000001"]),
        ("boolean", ["true", "false"], ["True", "1"]),
        ("date", ["2025-06-10"], ["2025-6-10", "20250610", "2025-02-30"]),
        ("datetime", ["2025-06-10T08:00:00+08:00"], ["2025-06-10T08:00:00", "2025-06-10"]),
        ("text", ["", "草稿"], []),
    ],
)
def test_constants_of_every_type(type_: str, right: list[str], wrong: list[str]) -> None:
    for value in (*right, *wrong):
        contents = workspace()
        contents["module", "claims"]["constants"].append(
            {"name": "given", "type": type_, "value": value, "label": label("Given", "给定")}
        )
        codes = {one.code for one in build_catalog(documents(contents), built_in()).problems}
        assert codes == (set() if value in right else {"constant.invalid"}), value

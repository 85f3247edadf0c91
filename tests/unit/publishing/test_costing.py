"""What a save sets off and which lists lack an index: worked out from the catalog alone."""

from __future__ import annotations

from typing import Any

import pytest

from headrace.platform.database.names import Names
from headrace.platform.database.physical import table_spec
from headrace.platform.metadata.building import build_catalog
from headrace.platform.metadata.catalog import Catalog
from headrace.platform.metadata.field_types import built_in
from headrace.platform.publishing.costing.indexes import with_draft
from headrace.platform.publishing.costing.lists import slow_lists
from headrace.platform.publishing.costing.saving import Asked, Step, saving_of
from headrace.platform.publishing.costing.scopes import Scope, readers, scopes
from tests.support.documents import documents, field, label, workspace
from tests.support.rollup_world import depot_contents


def built(contents: dict[Any, Any]) -> Catalog:
    found = build_catalog(documents(contents), built_in())
    assert found.catalog is not None, found.problems
    return found.catalog


@pytest.fixture(scope="module")
def claims() -> Catalog:
    return built(workspace())


@pytest.fixture(scope="module")
def depots() -> Catalog:
    return built(depot_contents())


def test_a_save_changes_what_follows_from_it_up_the_chain(claims: Catalog) -> None:
    assert saving_of(claims, claims.objects["claim_item"]).steps == (
        Step("formulas", "claim_item", ("amount",)),
        Step("rollup", "claim", ("total",)),
        Step("formulas", "claim", ("payable",)),
    )
    assert saving_of(claims, claims.objects["claim"]).steps == (
        Step("formulas", "claim", ("payable",)),
        Step("rollup", "company", ("claim_count",)),
    )
    assert saving_of(claims, claims.objects["region"]).steps == ()


def test_figures_that_cannot_be_changed_by_a_difference_are_read_anew(depots: Catalog) -> None:
    steps = saving_of(depots, depots.objects["move"]).steps
    rollups = {(one.object, *one.names): one.anew for one in steps if one.kind == "rollup"}
    assert {"mean_cost", "mean_rank", "last_note", "last_kind"} <= {
        name for (owner, name), anew in rollups.items() if anew and owner == "depot"
    }
    assert not any(
        rollups["depot", one] for one in ("total", "moves", "dearest", "least_qty", "first_day")
    )
    assert ("depot", "urgent") not in rollups, "it is computed whenever it is read"
    assert rollups["city", "best"] is False
    assert rollups["city", "mean"] is True
    assert ("formulas", "depot", ("double",)) in [(s.kind, s.object, s.names) for s in steps]
    assert len(rollups) == sum(one.kind == "rollup" for one in steps)


def test_only_what_reads_a_change_follows_from_it() -> None:
    contents = depot_contents()
    for one in contents["object", "city"]["fields"]:
        if one["name"] == "best":
            one["of"] = "depot.least_qty"
    catalog = built(contents)
    line = {"name": "kg", "type": "rollup", "op": "max", "of": "parcel.weight", "by": "move"}
    assert saving_of(catalog, catalog.objects["parcel"]).steps == ()
    contents["object", "move"]["fields"].append({**line, "label": label("Kg", "重")})
    catalog = built(contents)
    told = saving_of(catalog, catalog.objects["parcel"]).steps
    assert told == (Step("rollup", "move", ("kg",)),), "no figure of a depot reads it"


def test_questions_say_whether_an_index_answers_them() -> None:
    contents = workspace()
    claim = contents["object", "claim"]
    claim["fields"].append(
        field("again", "boolean", default="EXISTS(claim WHERE company = this.company)")
    )
    submit = contents["workflow", "claim_flow"]["transitions"][0]
    submit["when"] = "payable > 0 AND COUNT(claim WHERE fee > 5) < 9"
    catalog = built(contents)
    saving = saving_of(catalog, catalog.objects["claim"])
    asking = [one for one in saving.steps if one.asks]
    assert asking == [
        Step("default", "claim", ("again",), asks=(Asked("claim", by_index=True),)),
        Step("transition", "claim", ("submit",), asks=(Asked("claim", by_index=False),)),
    ]
    plain = built(workspace())
    assert saving.statements == saving_of(plain, plain.objects["claim"]).statements + 1


@pytest.mark.parametrize(
    ("view", "sort", "filtered"),
    [
        ({"sort": ["-claimed_on"]}, None, False),
        ({"sort": ["fee", "company.name"]}, None, False),
        ({"sort": ["-created_at"], "where": "company.code = 'a'"}, None, True),
        ({"sort": ["company.name"]}, "company.name", False),
        ({"sort": ["-updated_at"]}, "-updated_at", False),
        ({"sort": ["region_name"], "where": "fee > 5"}, "region_name", True),
        ({"where": "fee > 5 AND status = 'paid'"}, None, False),
        ({"where": "fee > 5 OR status = 'paid'"}, None, True),
        ({"where": "claimed_on > TODAY()", "sort": ["-claimed_on"]}, None, False),
    ],
)
def test_lists_without_an_index(view: dict[str, Any], sort: str | None, filtered: bool) -> None:
    contents = workspace()
    known = contents["view", "open_claims"]
    contents["view", "open_claims"] = {**known, "where": None, "sort": [], **view}
    if contents["view", "open_claims"]["where"] is None:
        del contents["view", "open_claims"]["where"]
    catalog = built(contents)
    found = {one.view: one for one in slow_lists(catalog, catalog.objects["claim"])}
    told = found.get("open_claims")
    assert ((told.sort, told.filtered) if told else (None, False)) == (sort, filtered)


def test_the_order_by_names_has_an_index_where_they_are_texts(claims: Catalog) -> None:
    assert [one.view for one in slow_lists(claims, claims.objects["company"])] == []
    contents = workspace()
    contents["object", "company"]["title"] = "note"
    del contents["object", "company"]["fields"][5]["audience"]
    catalog = built(contents)
    found = [(one.view, one.sort) for one in slow_lists(catalog, catalog.objects["company"])]
    assert found in ([], [("all", "note")])
    assert (not found) == (catalog.objects["company"].fields["note"].sort_key is not None)


def test_what_decides_which_rows_a_role_sees(claims: Catalog) -> None:
    claim = claims.objects["claim"]
    assert set(readers(claims, claim)) == {"admin", "dealer", "boss", "finance"}
    assert list(scopes(claims, claim, ["dealer", "boss", "finance"])) == [
        Scope("dealer", "company", indexed=True),
        Scope("boss", "company", indexed=True),
    ]
    contents = workspace()
    grants = contents["permission", "claim"]["grants"]
    grants += [
        {"role": "finance", "actions": ["read"], "scope": "own"},
        {"role": "boss", "actions": ["read"], "scope": {"criteria": "fee > 5"}},
    ]
    catalog = built(contents)
    assert list(scopes(catalog, catalog.objects["claim"], ["finance", "boss"]))[1:] == [
        Scope("finance", "created_by", indexed=False),
        Scope("boss", None, indexed=False),
    ]
    item = catalog.objects["claim_item"]
    assert list(scopes(catalog, item, ["dealer"])) == [Scope("dealer", "claim", indexed=True)]


def test_each_index_says_what_it_is_for(claims: Catalog) -> None:
    claim = claims.objects["claim"]
    found = {one.fields: one for one in with_draft((), claims, claim, Names.of(()))}
    assert {one.state for one in found.values()} == {"added"}
    purposes = {fields: set(one.purposes) for fields, one in found.items()}
    assert purposes == {
        ("-created_at", "id"): {"recent"},
        ("claim_no",): {"unique"},
        ("company",): {"reference"},
        ("company", "subject"): {"key"},
        ("status", "created_at"): {"state"},
        ("-claimed_on", "id"): {"sort"},
    } | ({("claim_no", "id"): {"title"}} if claim.fields["claim_no"].sort_key else {})
    assert [one.en for one in found["-claimed_on", "id"].views] == ["Open"]
    assert found["company",].roles == ("dealer", "boss")
    assert found["company",].unique is False


def test_an_index_that_serves_twice_is_made_once_and_says_both() -> None:
    contents = workspace()
    contents["view", "by_name"] = {
        **contents["view", "open_claims"],
        "name": "by_name",
        "object": "company",
        "columns": ["name"],
        "where": "code != 'x'",
        "sort": ["name"],
    }
    catalog = built(contents)
    company = catalog.objects["company"]
    names = Names.of(()).with_catalog(catalog)
    spec = table_spec(catalog, company, names)
    both = [one for one in spec.indexes if {"sort", "title"} <= set(one.purposes)]
    assert len(both) == 1
    assert len({one.name for one in spec.indexes}) == len(spec.indexes)

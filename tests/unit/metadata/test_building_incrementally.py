"""A build that takes over what has not changed gives what a build from nothing gives."""

from __future__ import annotations

import copy
import random
from typing import Any

import pytest

from benchmarks.wide import CHANGING, HUB, wide_documents, with_fields
from headrace.platform.metadata.building import Built, build_catalog
from headrace.platform.metadata.building.parts import delta_between
from headrace.platform.metadata.catalog import Catalog
from headrace.platform.metadata.documents import Document
from headrace.platform.metadata.field_types import built_in
from tests.support.documents import field, label, workspace
from tests.support.metadata_edits import EXTRA, random_edit

Contents = dict[tuple[str, str], dict[str, Any]]


def as_documents(contents: Contents) -> list[Document]:
    return [
        Document(
            EXTRA if kind == "extends" or (kind, name) == ("module", EXTRA) else "claims",
            copy.deepcopy(one),
        )
        for (kind, name), one in contents.items()
    ]


def build(documents, previous: Catalog | None = None) -> Built:
    return build_catalog(documents, built_in(), 1, previous)


def made(built: Built) -> set[str]:
    """The parts that a build made itself, as words."""
    assert built.catalog is not None
    return {f"{step} {name}" for step, name in built.catalog.memory.made}


@pytest.fixture(scope="module")
def wide() -> tuple[tuple[Document, ...], Catalog]:
    documents = wide_documents(12, 14)
    built = build(documents)
    assert built.problems == ()
    assert built.catalog is not None
    return documents, built.catalog


def test_a_build_after_which_nothing_changed_makes_nothing(wide):
    documents, catalog = wide

    again = build(documents, catalog)

    assert made(again) == set()
    assert again.catalog == catalog
    assert all(again.catalog.objects[name] is one for name, one in catalog.objects.items())


def test_a_field_more_makes_its_object_and_what_speaks_of_that_object_only(wide):
    documents, catalog = wide

    built = build(with_fields(documents, 1), catalog)

    assert made(built) == {
        f"bare {CHANGING}",
        f"object {CHANGING}",
        f"permission {CHANGING}_rights",
        f"view {CHANGING}_recent",
    }
    assert built.catalog == build(with_fields(documents, 1)).catalog


def test_a_field_more_on_the_object_that_all_refer_to_makes_nothing_of_the_others(wide):
    documents, catalog = wide
    more = field("remark", "text", length=20)
    changed = [
        Document(one.module, {**one.content, "fields": [*one.content["fields"], more]})
        if (one.kind, one.name) == ("object", HUB)
        else one
        for one in documents
    ]

    built = build(changed, catalog)

    assert made(built) == {
        f"bare {HUB}",
        f"object {HUB}",
        f"permission {HUB}_rights",
        f"view {HUB}_recent",
    }
    assert built.catalog == build(changed).catalog


def test_a_changed_field_makes_again_what_reads_it_along_a_lookup():
    contents = workspace()
    before = build(as_documents(contents)).catalog
    contents["object", "region"]["fields"][1]["length"] = 90

    built = build(as_documents(contents), before)

    # The formula `company.region.name` of claims reads it; no rule, view or workflow of them does.
    assert {"bare region", "object region"} <= made(built)
    assert "object claim" in made(built)
    assert "object company" not in made(built)
    assert "workflow claim_flow" not in made(built)


def test_a_sum_follows_the_type_of_what_it_sums_in_another_object():
    contents = workspace()
    contents["object", "company"]["fields"].append(
        field("claimed", "rollup", op="sum", of="claim.total", by="company")
    )
    before = build(as_documents(contents)).catalog
    amount = contents["object", "claim_item"]["fields"][-1]
    amount.update(returns="integer", formula="qty * 2")

    built = build(as_documents(contents), before)

    assert built.catalog is not None
    assert before.objects["company"].fields["claimed"].value_type.scale == 2
    assert built.catalog.objects["claim"].fields["total"].value_type.scale == 0
    assert built.catalog.objects["company"].fields["claimed"].value_type.scale == 0
    assert built.catalog == build(as_documents(contents)).catalog


def test_a_role_more_makes_again_what_may_name_roles():
    contents = workspace()
    before = build(as_documents(contents)).catalog
    contents["role", "guest"] = {"kind": "role", "name": "guest", "label": label("Guest", "访客")}

    built = build(as_documents(contents), before)

    assert {"permission claim", "workflow claim_flow", "report claims_by_month"} <= made(built)
    assert built.catalog == build(as_documents(contents)).catalog


def test_what_a_change_breaks_elsewhere_is_found():
    contents = workspace()
    before = build(as_documents(contents)).catalog
    contents["object", "region"]["fields"][1]["name"] = "title"
    contents["object", "region"]["title"] = "title"

    built = build(as_documents(contents), before)

    assert built.catalog is None
    assert built.problems == build(as_documents(contents)).problems
    assert {problem.path for problem in built.problems} >= {
        "/claims/objects/claim.json/fields/9/formula"
    }


@pytest.mark.parametrize("seed", range(25))
def test_random_edits_give_what_a_build_from_nothing_gives(seed: int):
    chosen = random.Random(seed)
    contents = workspace()
    known: dict[str, Document] = {}
    previous = build(same_documents(contents, known)).catalog
    accepted = few = 0
    for _ in range(40):
        edited = copy.deepcopy(contents)
        for _ in range(chosen.choice((1, 1, 1, 2, 3))):
            random_edit(edited, chosen)
        documents = same_documents(edited, known)
        few += delta_between(previous.memory, documents) is not None

        incremental, full = build(documents, previous), build(documents)

        assert incremental.problems == full.problems
        assert incremental.catalog == full.catalog
        if full.catalog is not None:
            assert [list(one) for one in parts_in_order(incremental.catalog)] == [
                list(one) for one in parts_in_order(full.catalog)
            ]
            accepted += 1
            previous, contents = incremental.catalog, edited
    assert accepted > 5
    assert few > 5


def same_documents(contents: Contents, known: dict[str, Document]) -> list[Document]:
    """The documents, those that were there before the very same, as a process has them."""
    return [known.setdefault(one.hash, one) for one in as_documents(contents)]


def parts_in_order(catalog: Catalog) -> list[dict[str, Any]]:
    """What has an order that people see or that decides."""
    return [catalog.objects, catalog.forms, catalog.views, catalog.reports, catalog.workflows]


def test_a_path_through_a_polymorphic_lookup_leads_to_an_object_that_is_made_anew():
    contents = workspace()
    about = field("about", "polymorphic_lookup", targets=["company", "region"])
    named = field("named", "formula", returns="text", formula="about.region.name")
    contents["object", "claim"]["fields"] += [about, named]
    documents = as_documents(contents)
    before = build(documents).catalog
    assert before is not None
    place = next(
        at for at, one in enumerate(documents) if (one.kind, one.name) == ("object", "region")
    )
    documents[place] = Document("claims", {**documents[place].content, "id": "another"})

    built = build(documents, before)

    assert delta_between(before.memory, documents) is not None
    assert built.catalog == build(documents).catalog
    documents[place] = Document("claims", {**documents[place].content, "label": label("R", "区")})
    assert "bare claim" not in made(build(documents, built.catalog))

"""What the copy of a module adds to definitions of others: its own, under other names, beside the original's."""

from __future__ import annotations

import functools

from headrace.platform.core.ids import RandomIds
from headrace.platform.metadata.building import build_catalog
from headrace.platform.metadata.catalog import Catalog
from headrace.platform.metadata.checks import run_checks
from headrace.platform.metadata.documents import Document
from headrace.platform.metadata.field_types import built_in
from headrace.platform.metadata.references.copying import Copied, Wanted, copied
from headrace.platform.publishing.identities import assign_ids
from tests.support.extensions import extended

LABEL = {"en": "By rail", "zh": "铁路"}


@functools.cache
def made() -> tuple[Catalog, Copied, Catalog]:
    """The catalog, the copy of the module that extends it, and the catalog with both."""
    documents, _ = assign_ids(extended(), (), RandomIds())
    before = build_catalog(documents, built_in(), 1).catalog
    assert before is not None
    copy = copied(before, "transport", Wanted("rail", LABEL), before.documents)
    both, _ = assign_ids([*documents, *copy.documents], documents, RandomIds())
    built = build_catalog(both, built_in(), 2, before)
    assert built.catalog is not None, built.problems
    assert built.problems == ()
    return before, copy, built.catalog


def _added(kind: str) -> Document:
    return next(one for one in made()[1].documents if one.of == kind)


def test_both_stand_side_by_side_and_the_original_is_untouched():
    before, _, after = made()
    assert [one for one in after.documents if one.module == "transport"] == [
        one for one in before.documents if one.module == "transport"
    ]
    known = {(one.code, one.path) for one in run_checks(before)}
    assert {(one.code, one.path) for one in run_checks(after)} - known == set()
    claim = after.objects["claim"]
    assert claim.fields["carrier"].target == "carrier"
    assert claim.fields["rail_carrier"].target == "rail_carrier"
    assert claim.fields["rail_carrier"].id != claim.fields["carrier"].id


def test_whatever_an_extension_adds_has_a_name_of_its_own():
    content = {kind: _added(kind).content for kind in ("object", "workflow", "approval", "form")}
    assert [one["name"] for one in content["object"]["fields"]] == [
        *("rail_carrier", "rail_inspected_on", "rail_waybill")
    ]
    assert content["object"]["choices"]["kind"][0]["value"] == "rail_delay"
    assert content["object"]["unique"] == [{"fields": ["rail_carrier", "rail_waybill"]}]
    assert content["object"]["rules"][0]["name"] == "rail_inspected_later"
    assert content["object"]["rules"][0]["unless"] == "rail_inspected_on >= claimed_on"
    assert content["object"]["after"] == {
        "rail_carrier": "company",
        "rail_delay": "",
        "rail_waybill": "claim_no",
    }
    assert content["workflow"]["from"] == {"submit": ["rail_inspecting"]}
    assert content["workflow"]["after"] == {"rail_inspecting": "draft"}
    assert content["workflow"]["transitions"][0]["to"] == "rail_inspecting"
    assert content["approval"]["steps"][0]["name"] == "rail_inspection"
    assert content["approval"]["editable"] == {"sign_off": ["rail_inspected_on"]}
    assert content["approval"]["after"] == {"rail_inspection": "manager"}
    assert content["form"]["items"] == {"claim": ["rail_carrier", "rail_inspected_on"]}
    assert content["form"]["sections"][0]["name"] == "rail"
    assert content["form"]["after"] == {"rail_carrier": "company", "rail": "claim"}


def test_lists_without_names_and_shared_values_follow():
    assert _added("view").content["columns"] == ["rail_carrier.name", "rail_inspected_on"]
    assert _added("report").content["measures"][0]["field"] == "rail_inspected_on"
    tile = _added("dashboard").content["tiles"][0]
    assert (tile["name"], tile["measure"]) == ("rail_last_inspection", "max_rail_inspected_on")
    assert _added("choice_set").content["choices"][0]["value"] == "rail_wet"
    grants = _added("permission").content["grants"]
    assert grants[0]["role"] == "rail_inspector"
    assert grants[0]["transitions"] == ["rail_inspect", "submit"]
    assert _added("module").content["views"] == {"claim": ["rail_claims_of_carriers"]}


def test_labels_say_of_which_copy_a_part_is_and_the_copy_says_what_it_adds():
    field = _added("object").content["fields"][0]
    assert field["label"]["en"].endswith(" (By rail)")
    assert field["label"]["zh"].endswith("（铁路）")
    told = [one for one in made()[1].told if one.code == "copy.extension"]
    assert len(told) == 10
    said = next(one for one in told if "approval" in one.message.en)
    assert "Inspection" in said.message.en
    assert "检查" in said.message.zh


def test_what_speaks_of_nothing_that_is_copied_stays_with_the_original():
    documents = extended()
    for one in documents:
        if (one.kind, one.of) == ("extends", "permission"):
            one.content["grants"].append(
                {"role": "dealer", "actions": ["read"], "scope": "organisation"}
            )
        if (one.kind, one.of) == ("extends", "workflow"):
            one.content["by"] = {"submit": ["dealer"]}
    documents = list(assign_ids(documents, (), RandomIds())[0])
    catalog = build_catalog(documents, built_in(), 1).catalog
    assert catalog is not None
    copy = copied(catalog, "transport", Wanted("rail", LABEL), catalog.documents)
    content = {one.of: one.content for one in copy.documents if one.kind == "extends"}
    assert len(content["permission"]["grants"]) == 2
    assert "by" not in content["workflow"]

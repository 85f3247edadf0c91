"""Extensions: what they add works as if it stood in the definition, and is told in their own files."""

from __future__ import annotations

from typing import Any

import pytest

from headrace.platform.core.problems import Problem
from headrace.platform.metadata.building import build_catalog
from headrace.platform.metadata.catalog import Catalog
from headrace.platform.metadata.checks import run_checks
from headrace.platform.metadata.documents import EXTENDABLE, Document
from headrace.platform.metadata.field_types import built_in
from tests.support.extensions import EXTENSIONS, MANIFEST, base, extended, extending, extension

FILE = "/transport/extends"


def built(documents: list[Document]) -> Catalog:
    result = build_catalog(documents, built_in(), 1)
    assert result.catalog is not None, result.problems
    assert [*result.problems, *run_checks(result.catalog)] == []
    return result.catalog


def found(*extensions: dict[str, Any], before: Catalog | None = None) -> list[Problem]:
    result = build_catalog([*base(), *extending(*extensions)], built_in(), 1, before)
    checked = run_checks(result.catalog) if result.catalog else ()
    return [one for one in (*result.problems, *checked) if one.code != "role.unused"]


def places(problems: list[Problem]) -> list[tuple[str, str]]:
    return [(one.code, one.path) for one in problems]


def names(parts: Any) -> list[str]:
    return [one.name for one in parts]


# -- what is added ---------------------------------------------------------------------------------


def test_every_kind_that_can_be_extended_is():
    assert {one["of"] for one in EXTENSIONS} == set(EXTENDABLE)
    assert set(built(extended()).extended) == {(one["of"], one["name"]) for one in EXTENSIONS}


def test_an_object_gets_fields_rules_keys_searched_fields_and_choices():
    model = built(extended()).objects["claim"]

    own = [one for one in model.fields.values() if not one.system]
    assert names(own)[:4] == ["claim_no", "waybill", "company", "carrier"]
    assert names(own)[-2:] == ["status", "inspected_on"]
    assert names(model.rules) == ["fee_cap", "inspected_later"]
    assert model.uniques == (("company", "subject"), ("carrier", "waybill"))
    assert model.definition.search == ("claim_no", "subject", "waybill")
    assert [one.value for one in model.fields["kind"].options.choices] == [
        "delay",
        "damage",
        "loss",
    ]


def test_a_workflow_gets_states_and_transitions_and_more_ways_into_those_it_has():
    workflow = built(extended()).workflows["claim_flow"]

    assert list(workflow.states)[:2] == ["draft", "inspecting"]
    assert list(workflow.transitions)[-1] == "inspect"
    assert workflow.transitions["submit"].definition.from_ == ("draft", "inspecting")
    assert workflow.transitions["submit"].definition.by == ("dealer", "inspector")


def test_an_approval_gets_steps_where_they_belong():
    (approval,) = built(extended()).workflows["claim_flow"].approvals["submit"]

    assert names(approval.steps) == ["manager", "inspection", "sign_off"]
    assert approval.steps[2].definition.editable == ("reserve", "inspected_on")


def test_grants_are_added_to_a_permission():
    grants = built(extended()).permissions["claim"]

    assert [one.role for one in grants][-2:] == ["inspector", "dealer"]


def test_a_form_gets_sections_and_items_in_sections_with_a_name():
    form = built(extended()).forms["claim_entry"]

    assert names(form.sections) == ["claim", "transport", "items"]
    items = [one.field for one in form.sections[0].items]
    assert items[:2] == ["company", "carrier"]
    assert items[-1] == "inspected_on"


def test_views_reports_and_menus_get_more():
    catalog = built(extended())

    columns = catalog.views["open_claims"].definition.columns
    assert columns == ("claim_no", "carrier.name", "company", "payable", "status", "inspected_on")
    report = catalog.reports["claims_by_month"].definition
    assert [one.op for one in report.measures] == ["sum", "count", "max"]
    assert [one.field for one in report.group_rows] == ["claimed_on", "carrier.name"]
    menu = catalog.modules["claims"].menu
    assert [one.object for one in menu] == ["claim", None, "carrier"]
    assert menu[0].views == ("open_claims", "claims_of_carriers")


def test_several_files_add_to_one_definition_in_the_order_of_their_modules():
    other = {**MANIFEST, "name": "audits"}
    note = extension("view", "open_claims", columns=["subject"], after={"subject": "claim_no"})
    documents = [*extended(), Document("audits", other), Document("audits", note)]

    columns = built(documents).views["open_claims"].definition.columns

    assert columns[:3] == ("claim_no", "subject", "carrier.name")


def test_what_is_added_may_stand_behind_what_another_file_adds():
    other = {**MANIFEST, "name": "audits"}
    note = extension("view", "open_claims", columns=["subject"], after={"subject": "carrier.name"})
    documents = [*extended(), Document("audits", other), Document("audits", note)]

    columns = built(documents).views["open_claims"].definition.columns

    assert columns[:3] == ("claim_no", "carrier.name", "subject")


def test_the_order_of_the_documents_does_not_matter():
    first, again = built(extended()), built(extended()[::-1])

    assert first.fingerprint == again.fingerprint
    assert first.views["open_claims"].definition == again.views["open_claims"].definition


# -- what cannot be added --------------------------------------------------------------------------

TAKEN = (
    extension("object", "claim", fields=[{"name": "fee", "type": "money"}]),
    extension(
        "object",
        "claim",
        rules=[{"name": "fee_cap", "unless": "fee > 0", "message": {"en": "No", "zh": "否"}}],
    ),
    extension("workflow", "claim_flow", states=[{"name": "draft"}]),
    extension(
        "workflow", "claim_flow", transitions=[{"name": "cancel", "from": ["draft"], "to": "paid"}]
    ),
    extension(
        "approval", "claim_by_amount", steps=[{"name": "manager", "approvers": [{"role": "boss"}]}]
    ),
    extension("form", "claim_entry", sections=[{"name": "items", "items": ["fee"]}]),
)


@pytest.mark.parametrize("taken", TAKEN, ids=lambda one: f"{one['of']}-{list(one)[3]}")
def test_a_name_that_is_taken_is_told_in_the_file_that_comes_later(taken: dict[str, Any]):
    key = next(one for one in taken if one not in {"kind", "of", "name"})

    assert places(found(taken)) == [
        ("name.collision", f"{FILE}/{taken['of']}/{taken['name']}.json/{key}/0/name")
    ]


def test_two_modules_that_add_the_same_name_collide_in_the_second():
    other = {**MANIFEST, "name": "audits"}
    mine = extension("object", "claim", fields=[{"name": "note", "type": "date"}])
    documents = [*base(), Document("audits", other), Document("audits", mine), *extending(mine)]

    problems = list(build_catalog(documents, built_in(), 1).problems)

    assert places(problems) == [("name.collision", f"{FILE}/object/claim.json/fields/0/name")]
    assert "audits" in problems[0].message.en


def test_a_value_of_a_choice_differs_in_more_than_case():
    more = extension("object", "claim", choices={"kind": [{"value": "LOSS"}]})

    assert ("name.collision", f"{FILE}/object/claim.json/choices/kind/0/value") in places(
        found(more)
    )


def test_what_is_wrong_with_choices_stands_where_they_do_whatever_is_put_before_them():
    more = extension("object", "claim", choices={"kind": [{"value": "delay"}]}, after={"delay": ""})
    documents = [*base(), *extending(more)]
    claim = next(one for one in documents if (one.kind, one.name) == ("object", "claim"))
    fields = [dict(one) for one in claim.content["fields"]]
    kind = next(one for one in fields if one["name"] == "kind")
    kind["choices"] = [*kind["choices"], kind["choices"][0]]
    documents[documents.index(claim)] = Document(claim.module, {**claim.content, "fields": fields})

    problems = build_catalog(documents, built_in(), 1).problems

    where = f"/{claim.file}/fields/{fields.index(kind)}/choices"
    found_at = [path for code, path in places(list(problems)) if code == "option.duplicate"]
    assert found_at == [f"{where}/0/value", f"{where}/2/value"]


def test_what_stands_there_already_is_left_out_with_a_warning():
    more = extension("view", "open_claims", columns=["payable", "subject"])

    (problem,) = found(more)

    assert (problem.code, problem.severity) == ("list.duplicate", "warning")
    assert problem.path == f"{FILE}/view/open_claims.json/columns/0"


NOWHERE = (
    (extension("view", "nonsense", columns=["fee"]), "ref.unknown", "/name"),
    (
        extension("object", "nonsense", fields=[{"name": "a", "type": "date"}]),
        "ref.unknown_object",
        "/name",
    ),
    (extension("object", "carrier", search=["name"]), "extends.own", "/name"),
    (
        extension("form", "claim_entry", items={"nonsense": ["fee"]}),
        "ref.unknown",
        "/items/nonsense",
    ),
    (extension("workflow", "claim_flow", by={"nonsense": ["boss"]}), "ref.unknown", "/by/nonsense"),
    (
        extension("object", "claim", choices={"fee": [{"value": "a"}]}),
        "extends.closed_list",
        "/choices/fee",
    ),
    (
        extension("view", "open_claims", columns=["subject"], after={"subject": "nonsense"}),
        "extends.after",
        "/after/subject",
    ),
    (
        extension("view", "open_claims", columns=["subject"], after={"fee": "payable"}),
        "extends.after",
        "/after/fee",
    ),
    (extension("view", "open_claims"), "extends.empty", ""),
    (
        extension("view", "open_claims", columns=[f"f{n}" for n in range(50)]),
        "schema.range",
        "/columns",
    ),
)


@pytest.mark.parametrize(("document", "code", "place"), NOWHERE, ids=lambda one: str(one)[:60])
def test_what_has_no_place_is_told_there(document: dict[str, Any], code: str, place: str):
    where = f"{FILE}/{document['of']}/{document['name']}.json{place}"

    assert (code, where) in places(found(document))


def test_things_that_stand_behind_each_other_in_a_circle_are_told():
    circle = extension(
        "view",
        "open_claims",
        columns=["subject", "fee"],
        after={"subject": "fee", "fee": "subject"},
    )

    assert [one.code for one in found(circle)] == ["extends.after", "extends.after"]


def test_a_list_that_means_all_where_it_is_missing_cannot_be_added_to():
    documents = base()
    flow = next(one for one in documents if one.kind == "workflow")
    del flow.content["transitions"][2]["by"]
    menu = next(one for one in documents if one.kind == "module")
    del menu.content["menu"][0]["views"]
    claim = next(one for one in documents if (one.kind, one.name) == ("object", "claim"))
    del claim.content["search"]
    searched = extension("object", "claim", search=["fee"])
    roles = extension("workflow", "claim_flow", by={"cancel": ["boss"]})
    tabs = extension("module", "claims", views={"claim": ["claims_of_carriers"]})

    problems = build_catalog(
        [*documents, *extending(searched, roles, tabs)], built_in(), 1
    ).problems

    assert sorted(places(list(problems))) == [
        ("extends.closed_list", f"{FILE}/module/claims.json/views/claim"),
        ("extends.closed_list", f"{FILE}/object/claim.json/search"),
        ("extends.closed_list", f"{FILE}/workflow/claim_flow.json/by/cancel"),
    ]


WRONG = (
    (
        "object",
        {"rules": [{"name": "a", "unless": "nonsense > 0", "message": {"en": "No", "zh": "否"}}]},
        "/rules/0/unless",
    ),
    ("object", {"unique": [{"fields": ["nonsense"]}]}, "/unique/0/fields"),
    ("object", {"search": ["nonsense"]}, "/search/0"),
    (
        "object",
        {"children": [{"name": "a", "object": "nonsense", "by": "b"}]},
        "/children/0/object",
    ),
    ("workflow", {"states": [{"name": "submit", "initial": True, "final": True}]}, "/states"),
    ("workflow", {"from": {"submit": ["nonsense"]}}, "/from/submit/0"),
    ("workflow", {"by": {"submit": ["nonsense"]}}, "/by/submit/0"),
    (
        "workflow",
        {"transitions": [{"name": "a", "from": ["draft"], "to": "paid", "when": "nonsense"}]},
        "/transitions/0/when",
    ),
    (
        "approval",
        {"steps": [{"name": "a", "approvers": [{"role": "nonsense"}]}]},
        "/steps/0/approvers/0/role",
    ),
    ("approval", {"editable": {"manager": ["nonsense"]}}, "/editable/manager/0"),
    ("permission", {"grants": [{"role": "nonsense", "actions": ["read"]}]}, "/grants/0/role"),
    ("form", {"sections": [{"items": ["nonsense"]}]}, "/sections/0/items/0"),
    ("form", {"items": {"claim": ["nonsense"]}}, "/items/claim/0"),
    ("view", {"columns": ["nonsense"]}, "/columns/0"),
    ("report", {"measures": [{"op": "sum", "field": "nonsense"}]}, "/measures/0/field"),
    ("report", {"group_rows": ["nonsense"]}, "/group_rows/0"),
    (
        "module",
        {"menu": [{"label": {"en": "x", "zh": "x"}, "object": "nonsense"}]},
        "/menu/0/object",
    ),
    ("module", {"views": {"claim": ["nonsense"]}}, "/views/claim/0"),
)
TARGETS = {one["of"]: one["name"] for one in EXTENSIONS}


@pytest.mark.parametrize(("of", "keys", "place"), WRONG, ids=lambda one: str(one)[:60])
def test_what_is_wrong_with_what_is_added_stands_in_the_extension(
    of: str, keys: dict[str, Any], place: str
):
    paths = {
        one.path for one in found(extension(of, TARGETS[of], **keys)) if one.severity == "error"
    }

    assert f"{FILE}/{of}/{TARGETS[of]}.json{place}" in paths
    assert all(one.startswith(f"{FILE}/{of}/{TARGETS[of]}.json/") for one in paths)


# -- whom a module may count on ----------------------------------------------------------------------


def test_the_module_that_is_extended_must_be_named():
    documents = [*base(), *extending(EXTENSIONS[0])]
    manifest = next(one for one in documents if one.name == "transport" and one.kind == "module")
    del manifest.content["requires"]

    problems = list(build_catalog(documents, built_in(), 1).problems)

    assert places(problems)[0] == ("extends.not_required", f"{FILE}/object/claim.json/name")


def test_a_module_may_count_on_what_those_it_requires_require():
    further = {**MANIFEST, "name": "further", "requires": ["transport"]}
    more = extension("view", "open_claims", columns=["subject"])
    documents = [*extended(), Document("further", further), Document("further", more)]

    assert built(documents).views["open_claims"].definition.columns[-2] == "subject"


def test_an_extension_of_an_optional_module_waits_until_it_is_there():
    manifest = {**MANIFEST, "requires": [], "optional": ["claims"]}
    own = [Document("transport", manifest), Document("transport", EXTENSIONS[5])]

    alone = build_catalog(own, built_in(), 1)
    together = build_catalog([*extended()[:-14], *own], built_in(), 2, alone.catalog)

    assert places(list(alone.problems)) == [
        ("extends.left_out", f"{FILE}/view/open_claims.json/name")
    ]
    assert alone.catalog is not None
    assert [one.severity for one in alone.problems] == ["warning"]
    assert together.catalog is None  # the object's extension, which has the fields, is not there


def test_the_new_name_of_what_is_extended_is_told():
    documents = extended()
    for one in documents:
        one.content["id"] = f"{one.kind}_{one.module}_{one.name}_{one.of}"
    before = built(documents)
    view = next(one for one in documents if (one.kind, one.name) == ("view", "open_claims"))
    renamed = Document("claims", {**view.content, "name": "all_open_claims"})
    changed = [renamed if one is view else one for one in documents]

    problems = list(build_catalog(changed, built_in(), 2, before).problems)

    assert places(problems) == [("ref.renamed", f"{FILE}/view/open_claims.json/name")]
    assert "all_open_claims" in problems[0].hint.en


# -- building again ----------------------------------------------------------------------------------


def test_a_build_takes_over_what_is_extended_when_nothing_changed():
    first = built(extended())
    again = build_catalog(extended(), built_in(), 2, first)

    assert again.catalog is not None
    assert again.catalog.memory.made == ()
    assert again.catalog.views == first.views


def test_a_changed_extension_makes_new_what_depends_on_it():
    first = built(extended())
    documents = [*base(), *extending(*EXTENSIONS[:5], *EXTENSIONS[6:])]
    again = build_catalog(documents, built_in(), 2, first)

    assert again.catalog is not None
    assert again.catalog.views["open_claims"].definition.columns[-1] == "status"
    assert {step for step, _ in again.catalog.memory.made} == {"view"}

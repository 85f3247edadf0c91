"""Extensions of every kind, published: they work, move, stay when the vendor upgrades, and go with their module."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from headrace.platform.core.canonical import document_text
from headrace.platform.core.errors import RefusedError
from headrace.platform.metadata.building import SYSTEM_FIELD_NAMES
from headrace.platform.metadata.comparing import compare
from headrace.platform.metadata.documents import Document
from headrace.platform.metadata.field_types import built_in
from headrace.platform.metadata.references import uses
from headrace.platform.publishing.catalogs import Content
from headrace.platform.publishing.export import export_files, write_export
from headrace.platform.publishing.folders import read_modules
from headrace.platform.publishing.identities import NESTED
from headrace.platform.publishing.plan import Plan
from headrace.platform.runtime import Platform
from tests.support.extensions import EXTENSIONS, MANIFEST, base, extended, extending, extension
from tests.support.publishing import accepted, platform_at


@pytest.fixture
def platform(database_url: str) -> Iterator[Platform]:
    with platform_at(database_url) as platform:
        publish(platform, extended())
        yield platform


def plan(platform: Platform, documents: list[Document]) -> Plan:
    content = Content(tuple(documents), ())
    found = platform.publisher.plan_content(content)
    return platform.publisher.plan_content(content, accepted(found))


def publish(platform: Platform, documents: list[Document]) -> None:
    platform.publisher.publish(plan(platform, documents), "test", None)


def live(platform: Platform) -> list[Document]:
    """Copies of the live documents, with their ids."""
    documents = platform.catalogs.content_of().documents
    return [Document(one.module, copy.deepcopy(dict(one.content))) for one in documents]


def one_of(documents: list[Document], kind: str, name: str, of: str = "") -> Any:
    return next(one for one in documents if (one.kind, one.name, one.of) == (kind, name, of))


def create(platform: Platform, object_name: str, **values: Any) -> str:
    return platform.write_as_system(
        lambda context, work: (
            platform.store.create(context, work, object_name, values, mode="migration").id
        )
    )


def claim(platform: Platform, **values: Any) -> str:
    region = create(platform, "region", code=f"r{values['subject']}", name="East")
    company = create(platform, "company", code=f"c{values['subject']}", name="One", region=region)
    return create(platform, "claim", company=company, claimed_on="2025-06-10", **values)


def value(platform: Platform, record_id: str, name: str) -> Any:
    return platform.write_as_system(
        lambda context, work: platform.store.lock(context, work, "claim", record_id)
    )[name]


def exported(platform: Platform) -> dict[str, bytes]:
    return dict(export_files(platform.catalogs.content_of()))


def codes(found: Plan) -> list[str]:
    return [one.code for one in found.refused]


# -- they work -------------------------------------------------------------------------------------


def test_values_of_added_fields_and_choices_are_kept_under_added_rules_and_keys(platform) -> None:
    carrier = create(platform, "carrier", name="Fast")
    record = claim(platform, subject="a", kind="delay", carrier=carrier, waybill="W1")

    assert value(platform, record, "kind") == "delay"
    assert value(platform, record, "waybill") == "W1"
    with pytest.raises(RefusedError) as late:
        claim(platform, subject="b", inspected_on="2025-06-01")
    assert [one.code for one in late.value.problems] == ["rule.broken"]
    with pytest.raises(RefusedError) as twice:
        claim(platform, subject="c", carrier=carrier, waybill="W1")
    assert twice.value.problems[0].code.startswith("value.")


def test_everything_that_is_added_has_an_id_that_stays(platform) -> None:
    before = [one for one in live(platform) if one.kind == "extends"]
    publish(platform, extended())
    after = [one for one in live(platform) if one.kind == "extends"]

    assert len({one.content["id"] for one in before}) == len(EXTENSIONS)
    parts = [part for one in before for key in NESTED for part in one.content.get(key, ())]
    assert len({part["id"] for part in parts}) == len(parts) == 7
    assert [one.content for one in before] == [one.content for one in after]


def test_the_plan_names_extensions_and_whom_they_give_rights(platform) -> None:
    without = [one for one in live(platform) if one.of not in {"permission", "workflow"}]
    permission = [one for one in live(platform) if one.kind != "extends" or one.of == "permission"]
    lines = {line.key: line for line in plan(platform, without).lines}
    line = lines["extends.drop:transport/permission/claim"]

    assert line.text.en == (
        "Remove what transport adds to the permission claim; rights for dealer, inspector"
    )
    assert "extends.drop:transport/workflow/claim_flow" in lines
    assert "extends.drop:transport/permission/claim" not in {
        one.key for one in plan(platform, permission).lines
    }


def test_where_used_finds_what_extensions_name(platform) -> None:
    references = uses(platform.catalogs.refresh().catalog)
    by = {
        (one.kind, one.name, one.path, one.how) for one in references.of("field", "claim.carrier")
    }

    assert {
        ("extends", "claim", "/unique/0/fields/0", "unique"),
        ("extends", "claim", "/grants/1/fields/edit/0", "grant edit"),
        ("extends", "claim_entry", "/items/claim/0", "form item"),
        ("extends", "open_claims", "/columns/0", "path"),
    } <= by
    told = {one.sentence.en for one in references.of("field", "claim.waybill")}
    assert "Extension of form “Claim” (claim_entry) by “transport” shows it" in told
    company = references.of("field", "claim.company")
    assert ("extends", "/after/carrier", "after") in {(o.kind, o.path, o.how) for o in company}
    submit = references.of("transition", "claim_flow.submit")
    assert ("extends", "/from/submit", "added to") in {(o.kind, o.path, o.how) for o in submit}
    assert [o.name for o in references.of("approval", "claim_by_amount")] == ["claim_by_amount"]


# -- they move -------------------------------------------------------------------------------------


def test_export_read_and_published_again_is_byte_for_byte_the_same(
    platform, backend: str, fresh_database: Callable[[str], str], tmp_path: Path
) -> None:
    files = exported(platform)
    folder = tmp_path / "exported"
    write_export(folder, files.items())
    read = read_modules(folder, built_in())
    other = "postgresql" if backend == "sqlite" else "sqlite"

    assert [one.code for one in read.problems] == []
    assert {f"transport/extends/{one['of']}/{one['name']}.json" for one in EXTENSIONS} <= set(files)
    assert plan(platform, list(read.documents)).lines == ()
    with platform_at(fresh_database(other)) as there:
        there.publisher.publish(there.publisher.plan(folder), "moved", None)
        assert exported(there) == files


def test_a_rollback_takes_back_and_brings_back_what_is_added(platform) -> None:
    record = claim(platform, subject="a", waybill="W1")
    publish(platform, [one for one in live(platform) if one.module != "transport"])
    assert "waybill" not in platform.catalogs.refresh().catalog.objects["claim"].fields

    back = platform.publisher.plan_rollback(1)
    platform.publisher.publish(back, "back", None)

    assert value(platform, record, "waybill") == "W1"


def test_differences_of_extensions_are_told_in_sentences(platform) -> None:
    before, after = live(platform), live(platform)
    workflow = one_of(after, "extends", "claim_flow", "workflow").content
    workflow["from"] = {"submit": ["inspecting", "rejected"]}
    workflow["after"] = {"inspecting": ""}
    one_of(after, "extends", "claim", "object").content["choices"]["kind"][0]["label"]["en"] = (
        "Late"
    )
    one_of(after, "extends", "claim_entry", "form").content["items"]["claim"].pop()

    told = {one.sentence.en for one in compare(before, after)}

    about = "of extension of {} by “transport”"
    workflow_words = about.format("workflow “Claim flow”")
    form_words = about.format("form “Claim” (claim_entry)")
    assert told == {
        (
            f"Choice “Late” (delay) of field “kind” {about.format('object “Claim”')}: the label in English"
            " is now “Late” (was “Delay”)"
        ),
        f"Transition “Submit” {workflow_words} can now be taken from “Rejected”",
        f"“inspecting” {workflow_words} now stands first",
        f"Section “Claim” {form_words} no longer shows “inspected_on”",
    }


# -- they stay, and go -------------------------------------------------------------------------------


def test_extensions_stay_when_the_extended_module_is_upgraded(platform, tmp_path: Path) -> None:
    record = claim(platform, subject="a", waybill="W1")
    newer = [one for one in live(platform) if one.module == "claims"]
    one_of(newer, "module", "claims").content["version"] = "2.0.0"
    one_of(newer, "view", "open_claims").content["columns"].remove("company")
    steps = one_of(newer, "approval", "claim_by_amount").content["steps"]
    steps.insert(1, {"name": "check", "approvers": [{"role": "finance"}]})
    for one in newer:
        path = tmp_path / one.file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(document_text(dict(one.content)), encoding="utf-8")

    upgrade = platform.upgrader.plan(tmp_path / "claims", (), None)
    platform.upgrader.publish(upgrade, "upgrade", None)

    catalog = platform.catalogs.refresh().catalog
    columns = catalog.views["open_claims"].definition.columns
    assert columns == ("claim_no", "carrier.name", "payable", "status", "inspected_on")
    (approval,) = catalog.workflows["claim_flow"].approvals["submit"]
    assert [one.name for one in approval.steps] == ["manager", "inspection", "check", "sign_off"]
    assert value(platform, record, "waybill") == "W1"


def test_an_upgrade_that_brings_a_name_of_an_extension_is_refused_in_its_file(platform) -> None:
    newer = live(platform)
    own = one_of(newer, "object", "claim").content["fields"]
    own.append({"name": "waybill", "type": "text", "length": 10})

    found = plan(platform, newer)

    assert [(one.code, one.path) for one in found.refused] == [
        ("name.collision", "/transport/extends/object/claim.json/fields/2/name")
    ]


def test_what_is_extended_cannot_go_or_be_renamed_alone(platform) -> None:
    without = [one for one in live(platform) if (one.kind, one.name) != ("view", "open_claims")]
    one_of(without, "module", "claims").content["menu"][0]["views"] = []
    one_of(without, "extends", "claims", "module").content["views"] = {}
    renamed = live(platform)
    one_of(renamed, "view", "open_claims").content["name"] = "open_ones"
    one_of(renamed, "module", "claims").content["menu"][0]["views"] = ["open_ones"]

    assert codes(plan(platform, without)) == ["ref.in_use", "ref.unknown"]
    assert codes(plan(platform, renamed)) == ["ref.renamed"]
    one_of(renamed, "extends", "open_claims", "view").content["name"] = "open_ones"
    assert codes(plan(platform, renamed)) == []


@pytest.mark.parametrize("data", ["keep", "drop"])
def test_uninstalling_takes_away_all_that_was_added(platform, data: str) -> None:
    record = claim(platform, subject="a", waybill="W1")
    whole = live(platform)
    gone = platform.uninstaller.plan("transport")
    assert codes(gone) == []
    platform.uninstaller.uninstall(gone, "transport", data, "gone", None)

    catalog = platform.catalogs.refresh().catalog
    assert catalog.extended == {}
    assert "inspecting" not in catalog.workflows["claim_flow"].states
    assert {*catalog.objects["claim"].fields} & {"carrier", "waybill", "inspected_on"} == set()
    own = [one for one in catalog.objects["claim"].fields.values() if one.key_of is None]
    assert len(own) == len(SYSTEM_FIELD_NAMES) + 12
    publish(platform, whole)
    assert value(platform, record, "waybill") == ("W1" if data == "keep" else None)


def test_what_others_name_of_an_extension_stands_in_the_way(platform) -> None:
    other = {**MANIFEST, "name": "audits", "requires": ["claims"]}
    view = {
        "kind": "view",
        "name": "by_waybill",
        "object": "claim",
        "type": "table",
        "columns": ["claim_no", "waybill"],
    }
    more = [Document("audits", one) for one in (other, view)]
    publish(platform, [*live(platform), *more])

    found = platform.uninstaller.plan("transport")

    assert codes(found)[0] == "ref.in_use"
    assert found.refused[0].path == "/audits/views/by_waybill.json/columns/1"


def test_records_in_an_added_state_stand_in_the_way(platform) -> None:
    claim(platform, subject="a", status="inspecting")

    found = platform.uninstaller.plan("transport")

    assert codes(found) == ["workflow.state_in_use"]
    assert "1" in found.refused[0].message.en


def test_an_extension_of_an_optional_module_comes_and_goes_with_it(database_url: str) -> None:
    added = extension("object", "claim", fields=[{"name": "waybill", "type": "text", "length": 40}])
    own = [one for one in extending(added) if one.name not in {"carrier", "claims_of_carriers"}]
    manifest = own[0].content
    manifest.update({"requires": [], "optional": ["claims"]})
    own[1].content["design"] = True
    with platform_at(database_url) as platform:
        publish(platform, own)
        alone = plan(platform, own)
        assert [one.code for one in alone.problems if one.code.startswith("extends")] == [
            "extends.left_out"
        ]
        assert "transport/extends/object/claim.json" in exported(platform)

        publish(platform, [*base(), *live(platform)])
        record = claim(platform, subject="a", waybill="W1")
        assert value(platform, record, "waybill") == "W1"

        gone = platform.uninstaller.plan("claims")
        assert codes(gone) == []
        platform.uninstaller.uninstall(gone, "claims", "keep", "gone", None)
        assert set(platform.catalogs.refresh().catalog.modules) == {"transport"}
        assert "transport/extends/object/claim.json" in exported(platform)

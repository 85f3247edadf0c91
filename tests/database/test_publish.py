"""Plan and publish on both databases: what is possible, what is refused, what happens to rows."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
import sqlalchemy as sa

from headrace.platform.core.errors import ConflictError, RefusedError
from headrace.platform.database.names import load_names
from tests.support.documents import field, label
from tests.support.publishing import Publishing, published_at


@pytest.fixture
def work(database_url: str, tmp_path: Path) -> Iterator[Publishing]:
    with published_at(database_url, tmp_path / "modules") as publishing:
        yield publishing


def columns(work: Publishing, object_name: str) -> set[str]:
    table = work.platform.catalogs.current().tables.of(object_name).table.name
    return {one["name"] for one in sa.inspect(work.platform.database.engine).get_columns(table)}


def company(work: Publishing, code: str = "C1", **values: object) -> str:
    return work.create("company", code=code, name=code, **values)


def claim(work: Publishing, owner: str, subject: str = "Broken", **values: object) -> str:
    items = [{"what": "Pump", "qty": "2", "price": "10.00"}]
    return work.create("claim", company=owner, subject=subject, items=items, **values)


def test_the_first_publish_makes_version_one_and_a_second_changes_nothing(work):
    assert work.platform.catalogs.refresh().version == 1
    again = work.publish()
    assert again.is_empty
    assert again.refused == ()
    assert [one.number for one in work.platform.catalogs.versions()] == [1]


def test_planning_changes_nothing(work):
    before = work.platform.catalogs.refresh().version
    work.contents["object", "company"]["fields"].append(field("rank", "integer"))
    lines = work.plan().lines
    assert [(line.code, line.rows) for line in lines if line.code == "field.add"] == [
        ("field.add", 0)
    ]
    assert work.platform.catalogs.refresh().version == before
    assert not any(name.startswith("rank_") for name in columns(work, "company"))


def test_an_added_field_is_there_with_the_rows_kept(work):
    row = company(work)
    work.contents["object", "company"]["fields"].append(field("rank", "integer"))
    work.publish()
    assert work.value("company", row, "rank") is None
    assert work.value("company", row, "code") == "C1"


@pytest.mark.parametrize("by", ["id", "was"])
def test_a_rename_touches_no_column_and_keeps_the_values(work, by):
    row = company(work, note="hello")
    before = columns(work, "company")
    renamed = work.field("company", "note")
    if by == "id":
        live = work.platform.catalogs.current().catalog
        renamed["id"] = live.objects["company"].fields["note"].id
    else:
        renamed["was"] = "note"
    renamed["name"] = "remark"
    plan = work.publish()
    assert [line.code for line in plan.lines if line.code.startswith("field")] == ["field.rename"]
    assert columns(work, "company") == before
    assert work.value("company", row, "remark") == "hello"


def test_an_object_is_renamed_with_its_rows(work):
    row = work.create("region", code="N", name="North")
    region = work.contents.pop(("object", "region"))
    work.contents["object", "area"] = {**region, "name": "area", "was": "region"}
    grants = work.contents.pop(("permission", "region"))
    work.contents["permission", "area"] = {**grants, "object": "area"}
    work.field("company", "region")["to"] = "area"
    plan = work.publish()
    assert "object.rename" in [line.code for line in plan.lines]
    assert not any(line.destructive for line in plan.lines)
    assert work.value("area", row, "name") == "North"


def test_a_dropped_field_keeps_its_column_and_comes_back_empty_under_its_name(work):
    row = company(work, note="secret")
    work.contents["object", "company"]["fields"].remove(work.field("company", "note"))
    plan = work.publish()
    [line] = [line for line in plan.lines if line.code == "field.drop"]
    assert (line.destructive, line.rows) == (True, 1)
    kept = [name for name in columns(work, "company") if name.startswith("note_")]
    assert len(kept) == 1
    work.contents["object", "company"]["fields"].append(field("note", "text"))
    work.publish()
    assert len([name for name in columns(work, "company") if name.startswith("note_")]) == 2
    assert work.value("company", row, "note") is None


def test_a_dropped_lookup_no_longer_holds_the_row_it_pointed_to(work):
    region = work.create("region", code="N", name="North")
    row = company(work, region=region)
    work.contents["object", "company"]["fields"].remove(work.field("company", "region"))
    work.contents["object", "company"]["scope_paths"] = {"organisation": "id"}
    work.contents["object", "claim"]["scope_paths"].pop("territory")
    claim_fields = work.contents["object", "claim"]["fields"]
    claim_fields.remove(work.field("claim", "region_name"))
    work.contents["approval", "claim_by_amount"]["steps"][1]["approvers"].pop()
    for grants in ("claim", "company"):
        document = work.contents["permission", grants]
        document["grants"] = [one for one in document["grants"] if one["role"] != "boss"]
    work.publish()
    tables = work.platform.catalogs.current().tables
    with work.platform.database.writing(None) as unit:
        unit.connection.execute(sa.delete(tables.of("region").table))
    assert work.value("company", row, "code") == "C1"


def test_a_dropped_object_keeps_its_rows(work):
    note = {"kind": "object", "name": "note", "label": label("Note", "备注")}
    work.contents["object", "note"] = {**note, "fields": [field("text", "text", length=20)]}
    work.publish()
    work.create("note", text="x")
    table = work.platform.catalogs.current().tables.of("note").table
    del work.contents["object", "note"]
    plan = work.publish()
    assert [(one.code, one.rows) for one in plan.lines if one.destructive] == [("object.drop", 1)]
    with work.platform.database.reading() as reading:
        assert (
            reading.connection.execute(sa.select(sa.func.count()).select_from(table)).scalar() == 1
        )
        names = load_names(reading.connection)
    assert {one.dropped_at_version for one in names.all if one.physical == table.name} == {3}


def test_a_required_field_with_a_default_is_filled(work):
    first, second = company(work), company(work, "C2")
    work.contents["object", "company"]["fields"].append(
        field("motto", "text", required=True, default="CONCAT('we are ', code)")
    )
    work.publish()
    assert work.value("company", first, "motto") == "we are C1"
    assert work.value("company", second, "motto") == "we are C2"


@pytest.mark.parametrize("prepared_from", [None, 1])
def test_defaults_that_read_each_other_are_filled_as_new_records_get_them(work, prepared_from):
    first = company(work)
    work.platform.publisher.prepared_from = prepared_from
    work.contents["object", "company"]["fields"] += [
        field("greeting", "text", required=True, default="CONCAT(motto, '!')"),
        field("motto", "text", required=True, default="CONCAT('we are ', place, code)"),
        field("place", "text", required=True, default="'in '"),
    ]
    work.contents["object", "company"]["rules"] = [
        {"name": "calm", "unless": "greeting != 'we are in C1!'", "message": label("no", "否")}
    ]
    plan = work.plan({"rule.add:company.calm": {"answer": "accept", "rows": 1}})
    [line] = [one for one in plan.lines if one.code == "rule.add"]
    assert (line.count, plan.refused) == (1, ())
    work.platform.publisher.publish(plan, "m", None)
    second = company(work, "C2")
    assert work.value("company", first, "greeting") == "we are in C1!"
    assert work.value("company", second, "greeting") == "we are in C2!"


def test_a_required_field_without_a_default_is_refused_where_rows_exist(work):
    work.contents["object", "company"]["fields"].append(field("motto", "text", required=True))
    assert work.codes() == []
    company(work)
    assert work.codes() == ["constraint.existing_nulls"]
    with pytest.raises(RefusedError):
        work.publish()


def test_making_a_field_required_counts_the_rows_without_a_value(work):
    company(work, note="x")
    work.field("company", "note")["required"] = True
    assert work.codes() == []
    company(work, "C2")
    [problem] = work.plan().refused
    assert problem.code == "constraint.existing_nulls"
    assert "1" in problem.message.en
    assert "note" in problem.message.zh


def test_a_new_key_is_refused_over_duplicates_and_made_without(work):
    one = company(work, note="same")
    company(work, "C2", note="same")
    work.field("company", "note")["unique"] = True
    assert work.codes() == ["constraint.existing_duplicates"]
    work.platform.write_as_system(
        lambda context, unit: work.platform.store.update(
            context, unit, "company", one, {"note": "other"}, 1
        )
    )
    work.publish()
    with pytest.raises(RefusedError):
        company(work, "C3", note="same")


def test_a_narrower_field_is_refused_only_where_values_break(work):
    company(work, note="a long remark")
    work.field("company", "note")["length"] = 20
    work.publish()
    work.field("company", "note")["length"] = 5
    assert work.codes() == ["type.data_loss"]


def test_a_choice_in_use_cannot_go(work):
    owner = company(work)
    claim(work, owner, kind="loss")
    kind = work.field("claim", "kind")
    kind["choices"] = [one for one in kind["choices"] if one["value"] != "loss"]
    assert work.codes() == ["option.in_use"]


def test_a_state_in_use_cannot_go(work):
    claim(work, company(work), status="cancelled")
    flow = work.contents["workflow", "claim_flow"]
    flow["states"] = [one for one in flow["states"] if one["name"] != "cancelled"]
    flow["transitions"] = [one for one in flow["transitions"] if one["name"] != "cancel"]
    grants = work.contents["permission", "claim"]["grants"]
    for grant in grants:
        grant["transitions"] = [one for one in grant.get("transitions", []) if one != "cancel"]
    work.contents["report", "claims_by_month"].pop("where")
    assert work.codes() == ["workflow.state_in_use"]


def test_stored_formulas_and_roll_ups_follow_their_definitions(work):
    owner = company(work)
    row = claim(work, owner, fee="5.00")
    assert work.value("claim", row, "payable") == Decimal("25.00")
    work.field("claim", "payable")["formula"] = "total + fee * 2"
    work.contents["object", "company"]["fields"].append(
        field("claimed", "rollup", op="sum", of="claim.payable", by="company")
    )
    work.publish()
    assert work.value("claim", row, "payable") == Decimal("30.00")
    assert work.value("company", owner, "claimed") == Decimal("30.00")


def test_a_tree_made_of_an_object_with_rows_has_roots(work):
    work.contents["object", "note"] = {
        "kind": "object",
        "name": "note",
        "label": label("Note", "备注"),
        "fields": [field("text", "text", length=20)],
    }
    work.publish()
    row = work.create("note", text="x")
    work.contents["object", "note"]["fields"].append(field("above", "tree"))
    work.publish()
    below = work.create("note", text="y", above=row)
    table = work.platform.catalogs.current().tables.of("note")
    with work.platform.database.reading() as reading:
        paths = reading.connection.execute(sa.select(table.id, table.path))
        assert dict(tuple(one) for one in paths) == {row: f"/{row}/", below: f"/{row}/{below}/"}


def test_a_plan_that_another_publish_overtook_is_a_conflict(work):
    work.contents["object", "company"]["fields"].append(field("rank", "integer"))
    late = work.plan()
    work.publish()
    with pytest.raises(ConflictError) as refused:
        work.platform.publisher.publish(late, "late", None)
    assert refused.value.problems[0].code == "publish.conflict"


def test_a_destructive_line_whose_count_grew_is_refused(work):
    company(work, note="x")
    work.contents["object", "company"]["fields"].remove(work.field("company", "note"))
    plan = work.plan({"field.drop:company.note": {"answer": "accept", "rows": 1}})
    company(work, "C2", note="y")
    with pytest.raises(ConflictError) as refused:
        work.platform.publisher.publish(plan, "late", None)
    assert refused.value.problems[0].code == "plan.count_grown"


def test_a_document_with_another_id_under_a_live_name_is_refused(work):
    work.contents["object", "company"]["id"] = "0" * 26
    assert work.codes() == ["id.name_taken"]


def test_a_missing_module_is_named(work):
    work.contents["module", "claims"]["requires"] = ["elsewhere"]
    assert work.codes() == ["module.missing"]


def test_modules_not_published_stay(work, tmp_path):
    other = tmp_path / "other" / "extra"
    other.mkdir(parents=True)
    text = '{"kind": "module", "name": "extra", "version": "1.0.0", "requires": ["claims"]}'
    (other / "module.json").write_text(text)
    plan = work.platform.publisher.plan(other)
    assert [line.code for line in plan.lines] == ["module.add"]
    work.platform.publisher.publish(plan, "extra", None)
    assert set(work.platform.catalogs.current().catalog.modules) == {"claims", "extra"}

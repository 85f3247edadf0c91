"""Polymorphic lookups as definitions change: targets added, dropped and renamed, lookups converted and back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from headrace.platform.core.errors import RefusedError
from headrace.platform.metadata.field_types import built_in
from headrace.platform.publishing.export import export_files
from headrace.platform.publishing.moved_records import export_records, read_moved
from headrace.platform.publishing.renaming import rename
from headrace.platform.publishing.sources import open_source
from headrace.platform.records import reader
from headrace.platform.records.query import parse_query
from headrace.platform.runtime import Platform
from tests.support.documents import field, label
from tests.support.publishing import MODULE, Publishing, platform_at, published_at
from tests.support.retypes import back_to, line_of, planned, published, version


def named(name: str, **more: Any) -> dict[str, Any]:
    return {
        "kind": "object",
        "name": name,
        "title": "code",
        "label": label(name.title(), name.title()),
        "fields": [field("code", "text", length=20, external_id=True)],
        **more,
    }


def contents() -> dict[tuple[str, str], dict[str, Any]]:
    found: list[dict[str, Any]] = [
        {"kind": "module", "name": MODULE, "version": "1.0.0", "label": label("Cases", "工单")},
        *(named(name) for name in ("order", "shipment", "plan")),
        {
            "kind": "object",
            "name": "case",
            "title": "name",
            "label": label("Case", "工单"),
            "history": True,
            "fields": [
                field("name", "text", length=40),
                field("about", "polymorphic_lookup", targets=["order", "shipment"]),
                field("main", "lookup", to="order"),
            ],
        },
    ]
    return {(one["kind"], one["name"]): one for one in found}


class Desk:
    def __init__(self, work: Publishing) -> None:
        self.work = work
        self.ids = {
            name: work.create(name, code=name[0].upper()) for name in ("order", "shipment", "plan")
        }

    def case(self, about: str | None, main: str | None = None) -> str:
        value = {"object": about, "id": self.ids[about]} if about else None
        return self.work.create(
            "case", name=f"{about}-{main}", about=value, main=self.ids[main] if main else None
        )

    def field(self, name: str = "about") -> dict[str, Any]:
        return self.work.field("case", name)

    def retype(self, name: str, kind: str, **options: Any) -> None:
        chosen = self.field(name)
        kept = {key: chosen[key] for key in ("name", "label", "id") if key in chosen}
        chosen.clear()
        chosen.update({**kept, "type": kind, **options})

    def shown(self, name: str = "about") -> dict[str, str]:
        """Return what the field of each case leads to, by the name of the case."""

        def ask(context: Any) -> dict[str, str]:
            query = parse_query(context, "case", {"limit": 200})
            return {
                one["name"]: " ".join(
                    str(one[name][key]) for key in ("object", "title") if key in one[name]
                )
                if one[name]
                else ""
                for one in reader.find(context, "case", query).items
            }

        return self.work.platform.perform_as_system(ask)

    def values(self, name: str) -> dict[str, Any]:
        """Return a field of each case, by the name of the case."""

        def ask(context: Any) -> dict[str, Any]:
            query = parse_query(context, "case", {"limit": 200})
            return {one["name"]: one[name] for one in reader.find(context, "case", query).items}

        return self.work.platform.perform_as_system(ask)

    def delete(self, name: str) -> None:
        self.work.platform.write_as_system(
            lambda context, work: self.work.platform.store.delete(
                context, work, name, self.ids[name], 1
            )
        )


@pytest.fixture
def desk(database_url: str, tmp_path: Path) -> Iterator[Desk]:
    with published_at(database_url, tmp_path / "modules", contents()) as work:
        yield Desk(work)


def codes(plan: Any) -> list[str]:
    return [one.code for one in plan.lines if one.code != "object.change"]


def test_a_target_is_added_without_any_work(desk: Desk) -> None:
    desk.case("order")
    desk.field()["targets"].append("plan")
    assert not any(one.needs_answer for one in planned(desk.work).lines)
    published(desk.work)
    desk.case("plan")
    assert desk.shown() == {"order-None": "order O", "plan-None": "plan P"}


def test_a_target_in_use_goes_only_with_a_decision(desk: Desk) -> None:
    desk.case("order"), desk.case("shipment"), desk.case(None)
    before = version(desk.work)
    desk.field()["targets"] = ["order", "plan"]
    line = line_of(planned(desk.work), "field.narrow")
    assert line.failing_count == 1
    assert line.needs_answer
    published(desk.work)
    assert desk.shown() == {"order-None": "order O", "shipment-None": "", "None-None": ""}
    desk.delete("shipment")
    back_to(desk.work, before)
    assert desk.shown()["order-None"] == "order O"


def test_a_filter_counts_the_rows_that_it_would_refuse(desk: Desk) -> None:
    desk.case("order"), desk.case("shipment"), desk.case(None)
    desk.field()["filters"] = [{"object": "order", "filter": "code = 'X' OR this.name = 'X'"}]
    line = line_of(planned(desk.work), "filter.change")
    assert line.failing_count == 1


def test_a_rule_that_walks_through_it_counts_the_rows_that_break_it(desk: Desk) -> None:
    desk.case("order"), desk.case("shipment"), desk.case(None)
    rule = {"name": "no_o", "unless": "about.order.code != 'O'", "message": label("No", "否")}
    desk.work.contents["object", "case"]["rules"] = [rule]
    line = line_of(planned(desk.work), "rule.add")
    assert line.failing_count == 1


def test_formulas_follow_an_object_to_its_other_name(desk: Desk) -> None:
    desk.field()
    fields = desk.work.contents["object", "case"]["fields"]
    fields.append(field("of", "formula", returns="text", formula="about.order.code"))
    published(desk.work)
    desk.case("order", "order"), desk.case("shipment")
    assert desk.values("of") == {"order-order": "O", "shipment-None": None}
    catalog = desk.work.platform.catalogs.current().catalog
    document = next(one for one in catalog.documents if one.name == "order")
    made = rename(catalog, document, "", "sale", built_in())
    changed = {(one.kind, one.name): one.content for _, one in made.documents}
    formulas = {one["name"]: one.get("formula") for one in changed["object", "case"]["fields"]}
    assert formulas["of"] == "about.sale.code"


def test_what_stands_in_rows_may_be_left_and_comes_back(desk: Desk) -> None:
    desk.case("shipment")
    before = version(desk.work)
    desk.field()["targets"] = ["order", "plan"]
    key = line_of(planned(desk.work), "field.narrow").key
    published(desk.work, **{key: {"answer": "leave"}})
    assert desk.shown() == {"shipment-None": ""}
    back_to(desk.work, before)
    assert desk.shown() == {"shipment-None": "shipment S"}


def test_a_target_that_nothing_refers_to_goes_quietly(desk: Desk) -> None:
    desk.case("order")
    desk.field()["targets"] = ["order", "plan"]
    assert not any(one.needs_answer for one in planned(desk.work).lines)
    published(desk.work)
    assert desk.shown() == {"order-None": "order O"}


def test_a_rename_of_an_object_touches_nothing(desk: Desk) -> None:
    desk.case("shipment")
    shipment = desk.work.contents.pop(("object", "shipment"))
    shipment.update(name="delivery", was="shipment")
    desk.work.contents["object", "delivery"] = shipment
    desk.field()["targets"] = ["order", "delivery"]
    assert not any(one.needs_answer for one in planned(desk.work).lines)
    published(desk.work)
    assert desk.shown() == {"shipment-None": "delivery S"}


def test_a_rename_of_the_field_touches_nothing(desk: Desk) -> None:
    desk.case("shipment")
    desk.field().update(name="regards", was="about")
    assert codes(planned(desk.work)) == ["field.rename"]
    published(desk.work)
    assert desk.shown("regards") == {"shipment-None": "shipment S"}


def test_a_field_that_was_dropped_comes_back_as_it_was(desk: Desk) -> None:
    desk.case("shipment")
    before = version(desk.work)
    model = desk.work.contents["object", "case"]
    model["fields"] = [one for one in model["fields"] if one["name"] != "about"]
    published(desk.work)
    back_to(desk.work, before)
    assert desk.shown() == {"shipment-None": "shipment S"}


def test_a_lookup_becomes_polymorphic_and_comes_back(desk: Desk) -> None:
    desk.case(None, "order"), desk.case("shipment")
    before = version(desk.work)
    desk.retype("main", "polymorphic_lookup", targets=["order", "plan"])
    line = line_of(planned(desk.work))
    assert (line.rows, line.failing_count, line.needs_answer) == (1, 0, False)
    published(desk.work)
    assert desk.shown("main") == {"None-order": "order O", "shipment-None": ""}
    with pytest.raises(RefusedError) as refusal:
        desk.delete("order")
    assert [one.code for one in refusal.value.problems] == ["record.in_use"]
    back_to(desk.work, before)
    assert desk.shown("main") == {"None-order": "O", "shipment-None": ""}


def test_a_polymorphic_lookup_becomes_a_lookup_where_it_leads_to_that_object(desk: Desk) -> None:
    desk.case("order"), desk.case("shipment"), desk.case(None)
    before = version(desk.work)
    desk.retype("about", "lookup", to="order")
    line = line_of(planned(desk.work))
    assert (line.rows, line.failing_count) == (2, 1)
    published(desk.work)
    assert desk.shown() == {"order-None": "O", "shipment-None": "", "None-None": ""}
    back_to(desk.work, before)
    assert desk.shown() == {
        "order-None": "order O",
        "shipment-None": "shipment S",
        "None-None": "",
    }


def test_other_types_begin_anew(desk: Desk) -> None:
    desk.case("order")
    desk.retype("about", "text", length=80)
    assert line_of(planned(desk.work)).failing_count == 1
    published(desk.work)
    assert desk.shown() == {"order-None": ""}


def formula(text: str, returns: str = "boolean") -> dict[str, Any]:
    return field("f", "formula", returns=returns, formula=text)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda one: one.update(targets=["order", "nobody"]), "ref.unknown_object"),
        (lambda one: one.update(targets=["order"]), "target.only_one"),
        (lambda one: one.update(targets=[]), "target.only_one"),
        (lambda one: one.update(targets=["order", "order"]), "list.duplicate"),
        (lambda one: one.update(targets=["order", "user"]), "target.user"),
        (lambda one: one.update(targets=["order", "bare"]), "target.untitled"),
        (lambda one: one.update(targets=["order"] * 9), "field.range"),
        (lambda one: one.update(to="order"), "schema.unknown_field"),
        (lambda one: one.update(external_id=True), "field.inert_key"),
        (lambda one: one.update(default="'x'"), "default.invalid"),
        (lambda one: one.update(default="main"), "default.invalid"),
    ],
)
def test_a_bad_definition_is_refused_by_its_code(desk: Desk, change: Any, code: str) -> None:
    bare = named("bare")
    del bare["title"]
    bare["fields"] = [field("size", "integer")]
    desk.work.contents["object", "bare"] = bare
    change(desk.field())
    found = desk.work.plan().refused
    assert code in [one.code for one in found], [(one.code, one.path) for one in found]
    assert all(one.hint.en and one.hint.zh for one in found)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("about.code = 'x'", "formula.type"),
        ("about = main", "formula.type"),
        ("about = about", "formula.type"),
        ("ISBLANK(about.code)", "formula.type"),
        ("INCLUDES(about, main)", "formula.type"),
    ],
)
def test_a_formula_that_walks_through_it_is_refused(desk: Desk, text: str, code: str) -> None:
    desk.work.contents["object", "case"]["fields"].append(formula(text))
    (found,) = [one for one in desk.work.plan().refused if one.code.startswith("formula")]
    assert found.code == code
    if text.startswith("about."):
        assert "ISBLANK" in found.hint.en


def test_it_may_not_be_the_title(desk: Desk) -> None:
    desk.work.contents["object", "case"]["title"] = "about"
    assert "object.title" in [one.code for one in desk.work.plan().refused]


def test_live_records_differ_in_it_where_it_is_unique(desk: Desk) -> None:
    desk.field()["unique"] = True
    published(desk.work)
    desk.case("order")
    with pytest.raises(RefusedError) as refusal:
        desk.case("order")
    assert [one.code for one in refusal.value.problems] == ["value.not_unique"]


def test_rows_of_a_module_name_the_object_and_the_key(desk: Desk) -> None:
    name = desk.field("name")
    name["external_id"] = True
    desk.work.rows = {
        "reference/order.csv": "code\nR1\n",
        "reference/case.csv": "name,about\nfirst,order:R1\nsecond,\n",
    }
    published(desk.work)
    assert desk.shown() == {"first": "order R1", "second": ""}


def test_records_move_to_a_database_that_knows_the_objects_by_other_ids(
    desk: Desk, tmp_path: Path
) -> None:
    desk.field()["targets"].append("case")
    published(desk.work)
    first = desk.case("order")
    made = desk.work.create("case", name="made", about={"object": "case", "id": first})
    desk.work.platform.write_as_system(
        lambda context, work: desk.work.platform.store.update(
            context, work, "case", first, {"about": {"object": "case", "id": made}}, 1
        )
    )
    wanted = desk.shown()
    assert wanted == {"order-None": "case made", "made": "case order-None"}
    folder = tmp_path / "moved"
    for path, data in moved_files(desk.work.platform).items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        document = json.loads(data) if "/objects/" in path else {}
        document.pop("id", None)
        (folder / path).write_bytes(json.dumps(document).encode() if document else data)
    with platform_at(f"sqlite:///{tmp_path / 'other.sqlite'}") as other:
        plan = other.publisher.plan(folder)
        other.publisher.publish(plan, "moved", None)
        moved, problems = read_moved(open_source(folder))
        assert problems == ()
        files = other.catalogs.refresh().rows
        other.write_as_system(
            lambda context, work: other.transfer.load(context, work, moved, files)
        )
        there = Desk.__new__(Desk)
        there.work = Publishing(other, folder)
        assert there.shown() == wanted
        ids = [platform.catalogs.refresh().catalog.objects["order"].id
               for platform in (other, desk.work.platform)]  # fmt: skip
        assert ids[0] != ids[1]


def moved_files(platform: Platform) -> dict[str, bytes]:
    content = platform.catalogs.content_of()
    modules = sorted({one.module for one in content.documents})

    def action(context: Any) -> list[tuple[str, bytes]]:
        with platform.database.snapshot() as reading:
            return list(export_records(context, reading.connection, modules, (), whole=False))

    return dict(export_files(content, records=platform.perform_as_system(action)))


def test_where_used_names_the_field_that_may_refer_to_an_object(desk: Desk) -> None:
    found = desk.work.platform.versions.where_used("object", "shipment")
    assert [(one.name, one.path.rpartition("/targets")[1:]) for one in found] == [
        ("case", ("/targets", "/1"))
    ]
    assert "lookup" in found[0].how


def test_an_object_that_is_a_target_is_not_dropped_unseen(desk: Desk) -> None:
    del desk.work.contents["object", "shipment"]
    found = [
        one.path.rpartition("/fields")[2]
        for one in desk.work.plan().refused
        if one.code == "ref.unknown_object"
    ]
    assert found == ["/1/targets/1"]

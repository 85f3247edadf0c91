"""Polymorphic lookups through files, forms without script, lists, reports and the API."""

from __future__ import annotations

import copy
from collections.abc import Iterator

import pytest

from headrace.platform.metadata.documents import Document
from headrace.platform.publishing.folders import Modules
from tests.support.documents import label
from tests.support.exchange_world import (
    DOCUMENTS,
    Exchange,
    as_csv,
    as_workbook,
    open_exchange,
    read_csv,
)
from tests.support.live import PASSWORD
from tests.support.surfing import Surfer


@pytest.fixture(scope="module")
def shared(shared_database_url: str) -> Iterator[Exchange]:
    world = open_exchange(shared_database_url)
    contents = copy.deepcopy(DOCUMENTS)
    about = {
        "name": "about",
        "type": "polymorphic_lookup",
        "targets": ["firm", "slip"],
        "label": label("About", "关于"),
    }
    good, line, slip = (
        next(one for one in contents if one["name"] == name and one["kind"] == "object")
        for name in ("good", "slip_line", "slip")
    )
    slip["fields"].append(dict(about))
    good["history"] = True
    good["rules"] = [
        {
            "name": "told",
            "unless": "NOT (ISBLANK(about) AND name = 'told')",
            "field": "about",
            "message": label("Say what it is about", "请说明关于什么"),
        }
    ]
    good["fields"].insert(2, about)
    line["fields"].append(dict(about))
    contents.append(
        {
            "kind": "report",
            "name": "by_about",
            "label": label("By about", "按关于"),
            "type": "grouped",
            "object": "good",
            "group_rows": [{"field": "about"}],
            "measures": [{"op": "count"}],
        }
    )
    documents = tuple(Document("exchange_world", one) for one in contents)
    plan = world.platform.publisher.plan_modules(Modules(("exchange_world",), documents, (), ()))
    assert plan.refused == (), [one.text.en for one in plan.refused]
    world.platform.publisher.publish(plan, "about", None)
    world.add_user("kat", "keeper", password=PASSWORD)
    world.add_user("pat", "partner", organisation=world.ids["acme"], password=PASSWORD)
    yield world
    world.platform.close()


@pytest.fixture
def world(shared: Exchange) -> Exchange:
    shared.sweep()
    return shared


def of(world: Exchange, code: str, who: str = "kim") -> str:
    row = next(one for one in world.rows("good", who) if one["code"] == code)
    return f"{row['about']['object']} {row['about']['title']}" if row["about"] else ""


def good(world: Exchange, about: str, *, code: str = "g", firm: str = "acme") -> str:
    named = {"object": "firm", "id": world.ids[about]}
    return world.create(
        "good", {"code": code, "name": code, "firm": world.ids[firm], "about": named}
    )


# -- files -----------------------------------------------------------------------------------------


def test_a_cell_names_the_object_and_the_record(world: Exchange) -> None:
    data = as_csv(
        ["编码", "关于"],
        ["a", "Firm: acme"],
        ["b", "公司：Firm rival"],
        ["c", "FIRM:rival"],
        ["d", ""],
        ["e", "acme"],
        ["f", "Good: a"],
        ["g", "Slip: acme"],
        ["h", "Firm:"],
    )
    batch = world.load("good", data, partial=True)
    assert world.codes(batch) == [
        (6, "关于", "import.object_unnamed"),
        (7, "关于", "import.object_unnamed"),
        (8, "关于", "reference.not_found"),
        (9, "关于", "import.object_unnamed"),
    ]
    found = {one["code"]: of(world, one["code"]) for one in world.rows("good")}
    assert found == {"a": "firm Firm acme", "b": "firm Firm rival", "c": "firm Firm rival", "d": ""}


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_what_is_exported_can_be_imported_again(world: Exchange, kind: str) -> None:
    good(world, "rival", code="a")
    data = world.export("good", "csv", fields="code,about")
    assert read_csv(data) == [["code", "about"], ["a", "firm: rival"]]
    shown = read_csv(world.export("good", "csv", shown=True, fields="code,about"))
    assert shown == [["Code", "About"], ["a", "Firm: Firm rival"]]
    for code, cell in (("b", "firm: rival"), ("c", "Firm: Firm rival")):
        rows = [["code", "about"], [code, cell]]
        file = as_workbook(*rows) if kind == "xlsx" else as_csv(*rows)
        assert world.load("good", file, f"f.{kind}").state == "done"
        assert of(world, code) == of(world, "a")


def test_a_file_neither_tells_nor_takes_what_its_reader_may_not_see(world: Exchange) -> None:
    good(world, "rival", code="a")
    assert read_csv(world.export("good", "csv", "ann", fields="code,about"))[1] == ["a", ""]
    shown = world.export("good", "csv", "ann", shown=True, fields="code,about")
    assert read_csv(shown)[1] == ["a", ""]
    sent = as_csv(["code", "about"], ["a", "Firm: rival"])
    batch = world.load("good", sent, who="ann", key="code", mode="update")
    assert [code for _, _, code in world.codes(batch)] == ["reference.not_found"]
    assert of(world, "a") == "firm Firm rival"


# -- screens ---------------------------------------------------------------------------------------


def test_a_form_without_script_takes_an_object_and_a_code(world: Exchange) -> None:
    kim = Surfer(world, "kat")
    form = kim.get("/o/good/new").form("/new")
    changes = {"f.code": "a", "f.about:object": "firm", "f.about:text": "nobody"}
    refused = kim.send_values(form, changes)
    assert refused.status == 422
    assert "About" in refused.text
    again = refused.form("/new")
    assert (again.values["f.about:object"], again.values["f.about:text"]) == ("firm", "nobody")
    made = kim.send_values(again, {"f.about:text": "rival"})
    assert made.status == 303, made.text
    address = made.address.split("?")[0]
    assert of(world, "a") == "firm Firm rival"
    assert f"/o/firm/{world.ids['rival']}" in kim.get(address).links
    assert f"/o/firm/{world.ids['rival']}" in kim.get("/o/good").links
    edit = kim.get(f"{address}/edit").form("/edit")
    assert edit.values["f.about"] == f"firm:{world.ids['rival']}"
    assert edit.values["f.about:object"] == "firm"
    unchanged = kim.send_values(edit, {"f.name": "n"})
    assert unchanged.status == 303
    assert of(world, "a") == "firm Firm rival"
    edit = kim.get(f"{address}/edit").form("/edit")
    assert kim.send_values(edit, {"f.about": "", "f.about:text": ""}).status == 303
    assert of(world, "a") == ""


def test_a_form_of_one_who_sees_less_tells_nothing_and_keeps_it(world: Exchange) -> None:
    one = good(world, "rival", code="a")
    pat = Surfer(world, "pat")
    edit = pat.get(f"/o/good/{one}/edit").form("/edit")
    assert edit.values["f.about"] == ""
    assert pat.send_values(edit, {"f.name": "Other"}).status == 303
    assert of(world, "a") == "firm Firm rival"
    for address in (
        f"/o/good/{one}",
        f"/o/good/{one}/edit",
        f"/o/good/{one}/history",
        "/o/good",
        f"/o/good/{one}/rules",
    ):
        html = pat.get(address).response.get_data(as_text=True)
        assert "rival" not in html, address
        assert world.ids["rival"] not in html, address


def test_what_points_here_stands_on_the_page_and_leads_to_a_list(world: Exchange) -> None:
    good(world, "rival", code="one"), good(world, "acme", code="two")
    kim = Surfer(world, "kat")
    assert "Goods (About)" in kim.get(f"/o/firm/{world.ids['rival']}").text
    listed = kim.get(f"/o/good?view=all&f.about=firm:{world.ids['rival']}")
    assert "About: Firm rival" in listed.text
    assert "one" in listed.text
    assert "two" not in listed.text
    by_object = kim.get("/o/good?view=all&f.about=firm")
    assert "About: Firm" in by_object.text
    assert "two" in by_object.text
    assert "two" not in kim.get("/o/good?view=all&f.about=slip").text


def test_its_lookup_offers_records_of_the_object_that_was_chosen(world: Exchange) -> None:
    kim = Surfer(world, "kat")
    good(world, "acme", code="a")
    form = kim.get("/o/good/new").form("/new")
    sent = {"f.code": "b", "f.about:object": "firm", "f.about:text": "rival"}
    assert kim.send_values(form, sent).status == 303
    body = {"text": "", "values": {}}
    found = kim.ask("/o/good/choices/about?of=firm", body)
    assert found.status_code == 200, found.text
    first = found.json["items"][0]
    rival = {"id": f"firm:{world.ids['rival']}", "title": "Firm rival", "recent": True}
    assert {key: first[key] for key in rival} == rival
    assert found.json["new"]["address"].endswith("of=firm")
    assert kim.ask("/o/good/choices/about?of=slip", body).json["items"] == []
    for address in ("/o/good/choices/about?of=good", "/o/good/choices/about"):
        assert kim.ask(address, body).status_code == 404
    pat = Surfer(world, "pat").ask("/o/good/choices/about?of=firm", body)
    assert [one["title"] for one in pat.json["items"]] == ["Firm acme"]


def test_a_clash_is_told_with_names(world: Exchange) -> None:
    one = good(world, "rival")
    kim = Surfer(world, "kat")
    edit = kim.get(f"/o/good/{one}/edit").form("/edit")
    changed = world.client("kim").patch(
        f"/api/v1/records/good/{one}",
        json={"about": {"object": "firm", "key": "acme"}},
        headers={"If-Match": '"1"'},
    )
    assert changed.status_code == 200, changed.json
    sent = kim.send_values(edit, {"f.about": "", "f.about:text": "", "f.name": "x"})
    assert sent.status == 409
    assert "Firm acme" in sent.text
    assert "Firm rival" in sent.text


def test_several_records_are_given_one_at_once(world: Exchange) -> None:
    ids = [good(world, "rival", code="a"), good(world, "acme", code="b")]
    kim = Surfer(world, "kat")
    form = kim.get("/").form("/language")
    form.values = {"csrf": form.values["csrf"]}
    form.action = "/o/good/bulk"
    sent = {
        "rows": " ".join(f"{one}.1" for one in ids),
        "act": "edit",
        "step": "preview",
        "set.about": "1",
        "f.about": f"firm:{world.ids['acme']}",
        "f.about:text": "Firm acme",
    }
    preview = kim.send_values(form, sent)
    assert preview.status == 200, preview.text
    assert "Firm acme" in preview.text
    kim.send_values(preview.form("/bulk"), {"step": "apply"})
    assert [of(world, one) for one in "ab"] == ["firm Firm acme"] * 2


def test_cells_of_a_spreadsheet_are_pasted(world: Exchange) -> None:
    kim = Surfer(world, "kat")
    body = {
        "relation": "lines",
        "columns": ["about"],
        "rows": [["Firm: acme"], ["公司:nobody"], ["x"]],
    }
    found = kim.ask("/o/slip/paste", body).json["rows"]
    acme = {"object": "firm", "id": world.ids["acme"], "title": "Firm acme"}
    assert found[0]["values"] == {"about": acme}
    assert [list(one["errors"]) for one in found] == [[], ["about"], ["about"]]


def test_why_tells_what_a_condition_read_as_far_as_it_may_be_seen(world: Exchange) -> None:
    one = good(world, "rival")
    kim = Surfer(world, "kat").get(f"/o/good/{one}/rules")
    assert "Firm rival" in kim.text


# -- the API ---------------------------------------------------------------------------------------


def test_the_api_describes_what_it_takes_and_gives(world: Exchange) -> None:
    schemas = world.client("kim").get("/api/v1/openapi.json").json["components"]["schemas"]
    given = schemas["good"]["properties"]["about"]["anyOf"][0]
    assert given["required"] == ["object", "id", "title"]
    assert given["properties"]["object"]["enum"] == ["firm", "slip"]
    (taken,) = schemas["good.create"]["properties"]["about"]["allOf"]
    assert taken["anyOf"][0]["required"] == ["object"]


def test_bulk_writes_take_it_too(world: Exchange) -> None:
    body = {
        "mode": "create",
        "partial": True,
        "records": [
            {"code": "a", "about": {"object": "firm", "key": "rival"}},
            {"code": "b", "about": {"object": "slip", "key": "none"}},
        ],
    }
    answer = world.client("kim").post("/api/v1/records/good/bulk", json=body)
    statuses = [one["status"] for one in answer.json["items"]]
    assert statuses[0] != statuses[1], answer.json
    assert of(world, "a") == "firm Firm rival"


@pytest.mark.parametrize("kind", ["good", "slip"])
def test_an_edit_of_many_is_undone_with_history_and_without(world: Exchange, kind: str) -> None:
    made = good(world, "rival", code="a")
    if kind == "slip":
        lines = [{"good": made, "qty": "1"}]
        about = {"object": "firm", "id": world.ids["rival"]}
        made = world.create("slip", {"code": "s", "about": about, "lines": lines,
                                     "firm": world.ids["acme"]})  # fmt: skip
    kim = world.client("kat")
    values = {"about": f"firm:{world.ids['acme']}"}
    body = {"mode": "update", "query": {}, "values": values}
    answer = kim.post(f"/api/v1/records/{kind}/bulk", json=body)
    assert answer.status_code == 202, answer.text
    world.platform.worker().drain()
    assert world.rows(kind)[0]["about"]["title"] == "Firm acme"
    page = Surfer(world, "kat").get(f"/bulk/{answer.json['bulk']}")
    assert page.status == 200
    assert "Firm acme" in page.text
    asked = kim.post(f"/api/v1/bulk/{answer.json['bulk']}/undo", json={})
    world.platform.worker().drain()
    undone = kim.get(f"/api/v1/bulk/{asked.json['bulk']}").json
    assert (undone["state"], undone["updated"]) == ("done", 1), undone
    assert world.rows(kind)[0]["about"]["title"] == "Firm rival"


def test_a_report_groups_by_what_its_reader_sees(world: Exchange) -> None:
    good(world, "rival", code="a"), good(world, "rival", code="b"), good(world, "acme", code="c")
    rows = world.client("kim").get("/api/v1/reports/by_about").json["rows"]
    found = {one["keys"][0]["text"]: one["total"] for one in rows}
    assert found == {"Firm: Firm rival": [2], "Firm: Firm acme": [1]}
    key = next(one["keys"][0]["value"] for one in rows if one["total"] == [2])
    behind = world.client("kim").get(
        "/api/v1/reports/by_about/rows", query_string={"cell": f'{{"rows": ["{key}"]}}'}
    )
    assert behind.status_code == 200, behind.json
    assert {one["code"] for one in behind.json["items"]} == {"a", "b"}
    rows = world.client("ann").get("/api/v1/reports/by_about").json["rows"]
    assert sorted(one["total"][0] for one in rows) == [1, 2]
    assert all("rival" not in one["keys"][0]["text"] for one in rows)

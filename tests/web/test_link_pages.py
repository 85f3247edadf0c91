"""Fields with several references through files, forms without script, lists and the API."""

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
    good = next(one for one in contents if one["name"] == "good" and one["kind"] == "object")
    good["history"] = True
    good["rules"] = [
        {
            "name": "few",
            "unless": "SIZE(makers) < 5",
            "field": "makers",
            "message": label("At most four", "最多四个"),
        }
    ]
    good["fields"].insert(
        2,
        {
            "name": "makers",
            "type": "multi_lookup",
            "to": "firm",
            "label": label("Makers", "厂商"),
        },
    )
    documents = tuple(Document("exchange_world", one) for one in contents)
    plan = world.platform.publisher.plan_modules(Modules(("exchange_world",), documents, (), ()))
    world.platform.publisher.publish(plan, "links", None)
    world.add_user("kat", "keeper", password=PASSWORD)
    world.add_user("pat", "partner", organisation=world.ids["acme"], password=PASSWORD)
    yield world
    world.platform.close()


@pytest.fixture
def world(shared: Exchange) -> Exchange:
    shared.sweep()
    return shared


def makers(world: Exchange, code: str, who: str = "kim") -> list[str]:
    row = next(one for one in world.rows("good", who) if one["code"] == code)
    return [one["title"] for one in row["makers"] or ()]


def good(world: Exchange, *codes: str, code: str = "g", firm: str = "acme") -> str:
    ids = [world.ids[one] for one in codes]
    data = {"code": code, "name": code, "firm": world.ids[firm], "makers": ids}
    return world.create("good", data)


# -- files -----------------------------------------------------------------------------------------


def test_a_cell_names_several_by_code_or_name(world: Exchange) -> None:
    data = as_csv(
        ["编码", "厂商"],
        ["a", "rival; acme;rival"],
        ["b", "Firm acme；rival"],
        ["c", ""],
        ["d", "acme;nobody"],
        ["e", ";"],
    )
    batch = world.load("good", data, partial=True)
    assert world.codes(batch) == [(5, "厂商", "reference.not_found")]
    assert makers(world, "a") == ["Firm rival", "Firm acme"]
    assert makers(world, "b") == ["Firm acme", "Firm rival"]


def test_a_column_may_say_by_which_field_it_names_them(world: Exchange) -> None:
    batch = world.load("good", as_csv(["code", "makers.name"], ["a", "Firm rival;Firm acme"]))
    assert batch.state == "done", batch.problems
    assert makers(world, "a") == ["Firm rival", "Firm acme"]


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_what_is_exported_can_be_imported_again(world: Exchange, kind: str) -> None:
    good(world, "rival", "acme", code="a")
    data = world.export("good", "csv", fields="code,makers")
    assert read_csv(data) == [["code", "makers"], ["a", "rival;acme"]]
    shown = read_csv(world.export("good", "csv", shown=True, fields="code,makers"))
    assert shown[1] == ["a", "Firm rival;Firm acme"]
    rows = [["code", "makers"], ["b", "rival;acme"]]
    file = as_workbook(*rows) if kind == "xlsx" else as_csv(*rows)
    assert world.load("good", file, f"f.{kind}").state == "done"
    assert makers(world, "b") == makers(world, "a")


def test_a_file_neither_tells_nor_takes_what_its_reader_may_not_see(world: Exchange) -> None:
    good(world, "rival", "acme", code="a")
    assert read_csv(world.export("good", "csv", "ann", fields="code,makers"))[1] == ["a", "acme"]
    batch = world.load("good", as_csv(["code", "makers"], ["a", "rival"]), who="ann", key="code",
                       mode="update")  # fmt: skip
    assert [code for _, _, code in world.codes(batch)] == ["reference.not_found"]
    world.load(
        "good", as_csv(["code", "makers"], ["a", "acme"]), who="ann", key="code", mode="update"
    )
    assert makers(world, "a") == ["Firm rival", "Firm acme"]


# -- screens ---------------------------------------------------------------------------------------


def test_a_form_without_script_takes_codes_and_boxes(world: Exchange) -> None:
    kim = Surfer(world, "kat")
    form = kim.get("/o/good/new").form("/new")
    changes = {"f.code": "a", "f.makers:text": "rival; nobody"}
    refused = kim.send_values(form, changes)
    assert refused.status == 422
    assert "Makers" in refused.text
    made = kim.send_values(refused.form("/new"), {"f.makers:text": "rival;acme"})
    assert made.status == 303, made.text
    address = made.address.split("?")[0]
    assert makers(world, "a") == ["Firm rival", "Firm acme"]
    assert all(one in kim.get(address).text for one in ("Firm rival", "Firm acme"))
    edit = kim.get(f"{address}/edit").form("/edit")
    ticked = [name for name in edit.values if name.startswith("f.makers:=")]
    assert ticked == [f"f.makers:={world.ids[one]}" for one in ("rival", "acme")]
    changed = kim.send_values(edit, {ticked[0]: None})
    assert changed.status == 303, changed.text
    assert makers(world, "a") == ["Firm acme"]


def test_a_form_of_one_who_sees_less_keeps_the_rest(world: Exchange) -> None:
    one = good(world, "rival", "acme")
    ann = Surfer(world, "pat")
    page = ann.get(f"/o/good/{one}/edit")
    assert world.ids["rival"] not in page.response.get_data(as_text=True)
    edit = page.form("/edit")
    assert ann.send_values(edit, {"f.name": "Other"}).status == 303
    edit = ann.get(f"/o/good/{one}/edit").form("/edit")
    unticked = {f"f.makers:={world.ids['acme']}": None}
    assert ann.send_values(edit, unticked).status == 303
    assert makers(world, "g") == ["Firm rival"]
    for address in (f"/o/good/{one}", f"/o/good/{one}/history", "/o/good"):
        html = ann.get(address).response.get_data(as_text=True)
        assert "rival" not in html, address
        assert world.ids["rival"] not in html, address


def test_what_points_here_stands_on_the_page_and_leads_to_a_list(world: Exchange) -> None:
    good(world, "rival", code="one"), good(world, "acme", code="two")
    kim = Surfer(world, "kat")
    page = kim.get(f"/o/firm/{world.ids['rival']}")
    assert "Goods (Makers)" in page.text
    listed = kim.get(f"/o/good?view=all&f.makers={world.ids['rival']}")
    assert "Makers: Firm rival" in listed.text
    assert "one" in listed.text
    assert "two" not in listed.text


def test_the_lookup_of_chips_offers_what_was_picked_lately_first(world: Exchange) -> None:
    kim = Surfer(world, "kat")
    form = kim.get("/o/good/new").form("/new")
    made = kim.send_values(form, {"f.code": "a", "f.makers:text": "rival;acme"})
    assert made.status == 303, made.text
    found = kim.ask("/o/good/choices/makers", {"text": "", "values": {}})
    assert found.status_code == 200, found.text
    assert [one["title"] for one in found.json["items"]] == ["Firm rival", "Firm acme"]
    pat = Surfer(world, "pat").ask("/o/good/choices/makers", {"text": "", "values": {}})
    assert [one["title"] for one in pat.json["items"]] == ["Firm acme"]


def test_a_clash_is_told_with_names(world: Exchange) -> None:
    one = good(world, "rival")
    kim = Surfer(world, "kat")
    edit = kim.get(f"/o/good/{one}/edit").form("/edit")
    client = world.client("kim")
    changed = client.patch(
        f"/api/v1/records/good/{one}",
        json={"makers": [world.ids["acme"]]},
        headers={"If-Match": '"1"'},
    )
    assert changed.status_code == 200, changed.json
    sent = kim.send_values(edit, {f"f.makers:={world.ids['rival']}": None})
    assert sent.status == 409
    assert "Firm acme" in sent.text
    assert "Firm rival" in sent.text


# -- the API ---------------------------------------------------------------------------------------


def test_the_api_describes_what_it_takes_and_gives(world: Exchange) -> None:
    client = world.client("kim")
    schemas = client.get("/api/v1/openapi.json").json["components"]["schemas"]
    given = schemas["good"]["properties"]["makers"]
    assert given["anyOf"][0]["items"]["required"] == ["id", "title"]
    (taken,) = schemas["good.create"]["properties"]["makers"]["allOf"]
    assert taken == {"type": ["array", "null"], "items": {"$ref": "#/components/schemas/reference"}}


def test_more_of_each_is_given_where_it_is_asked_for(world: Exchange) -> None:
    good(world, "rival", "acme")
    (row,) = world.rows("good", fields="code,makers.code")
    assert [(one["title"], one["code"]) for one in row["makers"]] == [
        ("Firm rival", "rival"),
        ("Firm acme", "acme"),
    ]
    (row,) = world.rows("good", "ann", expand="makers")
    assert [one["code"] for one in row["makers"]] == ["acme"]


def test_several_records_are_given_a_list_at_once_and_each_keeps_what_is_hidden(
    world: Exchange,
) -> None:
    ids = [good(world, "rival", code="a"), good(world, "acme", code="b")]
    pat = Surfer(world, "pat")
    form = pat.get("/").form("/language")
    form.values = {"csrf": form.values["csrf"]}
    form.action = "/o/good/bulk"
    rows = " ".join(f"{one}.1" for one in ids)
    acme = world.ids["acme"]
    sent = {
        "rows": rows,
        "act": "edit",
        "step": "preview",
        "set.makers": "1",
        "f.makers:sent": "1",
        f"f.makers:={acme}": "Firm acme",
    }
    preview = pat.send_values(form, sent)
    assert preview.status == 200, preview.text
    assert "Firm acme" in preview.text
    done = pat.send_values(preview.form("/bulk"), {"step": "apply"})
    assert "2 done" in done.response.get_data(as_text=True)
    assert makers(world, "a") == ["Firm acme", "Firm rival"]
    assert makers(world, "b") == ["Firm acme"]


def test_why_tells_what_a_condition_read_by_titles_as_far_as_they_may_be_seen(
    world: Exchange,
) -> None:
    one = good(world, "rival", "acme")
    kim = Surfer(world, "kat").get(f"/o/good/{one}/rules")
    assert kim.status == 200
    assert "Firm rival, Firm acme" in " ".join(kim.text.split())
    pat = Surfer(world, "pat").get(f"/o/good/{one}/rules").response.get_data(as_text=True)
    assert "rival" not in pat

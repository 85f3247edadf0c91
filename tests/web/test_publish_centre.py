"""The publish centre: a draft read as sentences and numbers, answered, published, gone back from."""

from __future__ import annotations

import html
import io
import re
import zipfile
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.support.documents import field
from tests.support.live import PASSWORD, Live, open_live
from tests.support.surfing import Form, Seen, Surfer

ABSENT = "01900000-0000-7000-8000-00000000dead"
DRAFTS = "/api/v1/metadata/drafts"
LINE = "a.0"
"""The answer to the line that stands first: the worst one."""


@pytest.fixture(scope="module")
def live(shared_database_url: str) -> Iterator[Live]:
    found = open_live(shared_database_url)
    with found.platform.database.writing(None) as work:
        for login in ("ann", "admin"):
            found.platform.identity.set_password(work, found.ids[login], PASSWORD)
    found.renewed_client("admin")
    yield found
    found.platform.close()


@pytest.fixture
def admin(live: Live) -> Surfer:
    return Surfer(live, "admin")


class Drawing:
    """A draft as the designer's script changes it, through the API."""

    def __init__(self, live: Live, name: str) -> None:
        self.client = live.client("admin")
        made = self.client.post(DRAFTS, json={"name": name}).json
        assert "id" in made, made
        self.id = made["id"]
        self.address = f"/design/{self.id}"

    def change(self, kind: str, name: str, edit: Callable[[dict[str, Any]], None]) -> None:
        known = self.client.get(f"/api/v1/metadata/{kind}/{name}").json["id"]
        address = f"{DRAFTS}/{self.id}/documents/{known}"
        held = self.client.get(address).json
        content = held["document"]["content"]
        edit(content)
        sent = self.client.put(
            address, json={"content": content}, headers={"If-Match": f'"{held["version"]}"'}
        )
        assert sent.status_code == 200, sent.json

    def add_field(self, name: str, **more: Any) -> None:
        self.change(
            "object", "company", lambda one: one["fields"].append(field(name, "text", **more))
        )

    def drop_field(self, name: str) -> None:
        def edit(content: dict[str, Any]) -> None:
            content["fields"] = [one for one in content["fields"] if one["name"] != name]

        self.change("object", "company", edit)


def publish_form(page: Seen, ending: str = "/publish") -> Form:
    return page.form(ending)


def publish(admin: Surfer, drawing: Drawing, **answers: str) -> Seen:
    return admin.send_values(publish_form(admin.get(f"{drawing.address}/publish")), dict(answers))


def planned(admin: Surfer, drawing: Drawing, form: Form, **answers: str) -> Seen:
    again = Form(f"{drawing.address}/plan", "post", form.values, form.labels)
    return admin.send_values(again, dict(answers))


def with_codes(live: Live, admin: Surfer, name: str) -> str:
    """Publish a text field, and make a company that has a value in it; return its id."""
    drawing = Drawing(live, f"Field {name}")
    drawing.add_field(name)
    assert publish(admin, drawing).status == 303
    return live.create("company", {"code": name.upper(), "name": f"Company {name}", name: "kept"})


def test_a_draft_is_read_published_and_leads_to_its_version(live: Live, admin: Surfer):
    drawing = Drawing(live, "Colours")
    drawing.add_field("colour")

    page = admin.get(f"{drawing.address}/publish")
    assert page.status == 200
    assert "colour" in page.text.lower()
    assert "What changes" in page.text
    form = publish_form(page)
    done = admin.send_values(form, {"message": "Colours for all"})

    assert done.status == 303
    number = live.platform.catalogs.refresh().version
    assert done.address == f"/design/history/{number}?done=published"
    shown = admin.get(done.address)
    assert "Published. It is live now." in shown.text
    assert "Colours for all" in shown.text
    assert "/o/company" in shown.links
    again = admin.send_values(form, {"message": "Colours for all"})
    assert (again.status, again.address) == (303, done.address)
    assert live.platform.catalogs.refresh().version == number
    assert admin.get(f"{drawing.address}/publish").address.startswith(f"/design/history/{number}")


def test_rows_that_go_are_counted_listed_and_accepted(live: Live, admin: Surfer):
    company = with_codes(live, admin, "shade")
    drawing = Drawing(live, "Without shades")
    drawing.drop_field("shade")

    page = admin.get(f"{drawing.address}/publish")
    assert "need your answer before this can be published: 1" in page.text
    assert "1 row" in page.text
    form = publish_form(page)
    assert form.values["k.0"] == "field.drop:company.shade"
    refused = admin.send_values(form, {})
    assert refused.status == 422
    assert "need your answer before this can be published: 1" in refused.text
    listed = Form(f"{drawing.address}/rows", "post", form.values, set())
    file = admin.send(listed, list="field.drop:company.shade").response
    assert file.mimetype == "text/csv"
    assert company in file.text
    assert "kept" in file.text
    nothing = Form(f"{drawing.address}/rows", "post", form.values, set())
    assert admin.send(nothing, list="field.drop:company.nothing").status == 404

    answered = planned(admin, drawing, form, **{LINE: "accept", "message": "no shades"})
    assert "need your answer before" not in answered.text
    kept = publish_form(answered)
    assert kept.values[LINE] == "accept"
    assert kept.values["message"] == "no shades"
    assert admin.send(kept).status == 303


def test_rows_without_a_value_get_the_one_that_is_answered(live: Live, admin: Surfer):
    with_codes(live, admin, "tone")
    empty = live.create("company", {"code": "NONE", "name": "Toneless"})
    drawing = Drawing(live, "Tones for all")

    def require(content: dict[str, Any], required: bool = True) -> None:
        next(one for one in content["fields"] if one["name"] == "tone")["required"] = required

    drawing.change("object", "company", require)
    page = admin.get(f"{drawing.address}/publish")
    assert any(one.startswith("/o/company/") for one in page.links)
    form = publish_form(page)
    number = next(
        name[2:] for name, value in form.values.items() if value == "field.require:company.tone"
    )
    wrong = planned(admin, drawing, form, **{f"a.{number}": "fill", f"v.{number}": "no_field + 1"})
    assert "no_field" in wrong.text
    assert publish_form(wrong).values[f"v.{number}"] == "no_field + 1"
    right = {f"a.{number}": "fill", f"v.{number}": "'plain'"}
    assert admin.send_values(form, right).status == 303
    shown = live.client("admin").get(f"/api/v1/records/company/{empty}").json
    assert shown["tone"] == "plain"
    after = Drawing(live, "Tones for some")
    after.change("object", "company", lambda one: require(one, required=False))
    assert publish(admin, after).status == 303


@pytest.mark.parametrize(
    ("name", "more", "label", "expected"),
    [
        ("patron", {"type": "lookup", "to": "region"}, "O''Neill", "it's"),
        (
            "bulk",
            {"type": "choice", "choices": [{"value": "s", "label": {"en": "Small", "zh": "小"}}]},
            "Small",
            "s",
        ),
        ("known", {"type": "boolean"}, "Yes", True),
    ],
)
def test_what_rows_get_is_chosen_by_what_people_call_it(
    live: Live, admin: Surfer, name: str, more: dict[str, Any], label: str, expected: Any
):
    if name == "patron":
        live.create("region", {"code": "it's", "name": "O''Neill"})
    empty = live.create("company", {"code": f"E-{name}", "name": f"Without {name}"})
    made = Drawing(live, f"Optional {name}")
    options = dict(more)
    kind = options.pop("type")
    made.change("object", "company", lambda one: one["fields"].append(field(name, kind, **options)))
    assert publish(admin, made).status == 303
    drawing = Drawing(live, f"Needed {name}")

    def require(content: dict[str, Any], required: bool = True) -> None:
        next(one for one in content["fields"] if one["name"] == name)["required"] = required

    drawing.change("object", "company", require)
    page = admin.get(f"{drawing.address}/publish")
    form = publish_form(page)
    number = next(
        at[2:] for at, value in form.values.items() if value == f"field.require:company.{name}"
    )
    select = re.search(
        rf'<select[^>]*name="c\.{number}".*?</select>', page.response.text, re.DOTALL
    )
    assert select is not None
    options = re.findall(r'<option value="([^"]*)"[^>]*>([^<]*)</option>', select[0])
    offered = {html.unescape(text): html.unescape(value) for value, text in options}
    answer = {f"a.{number}": "fill", f"c.{number}": offered[label], f"v.{number}": ""}
    looked = planned(admin, drawing, form, **answer)
    assert publish_form(looked).values[f"c.{number}"] == offered[label]
    assert publish_form(looked).values[f"v.{number}"] == ""
    assert admin.send_values(form, answer).status == 303  # type: ignore[arg-type]
    after = Drawing(live, f"Optional {name} again")
    after.change("object", "company", lambda one: require(one, required=False))
    assert publish(admin, after).status == 303
    expand = f"?expand={name}" if kind == "lookup" else ""
    found = live.client("admin").get(f"/api/v1/records/company/{empty}{expand}").json[name]
    assert (found["code"] if isinstance(found, dict) else found) == expected


def test_what_changed_since_it_was_looked_at_is_shown_and_not_published(live: Live, admin: Surfer):
    drawing, other = Drawing(live, "Stale"), Drawing(live, "Overtaking")
    drawing.add_field("stale_one")
    other.add_field("overtaking_one")
    form = publish_form(admin.get(f"{drawing.address}/publish"))
    drawing.add_field("stale_two")

    before = live.platform.catalogs.refresh().version
    stale = admin.send(form)
    assert stale.status in {409, 412}
    assert "was changed since you read it" in stale.text
    assert "stale_two" in stale.text

    looked = publish_form(stale)
    assert publish(admin, other).status == 303
    overtaken = admin.send(looked)
    assert overtaken.status in {409, 412}
    assert f"version {before + 1} is live now" in overtaken.text
    assert live.platform.catalogs.refresh().version == before + 1
    assert admin.send(publish_form(overtaken)).status == 303
    names = [
        one["name"]
        for one in live.client("admin").get("/api/v1/metadata/object/company").json["fields"]
    ]
    assert {"stale_one", "stale_two", "overtaking_one"} <= set(names)


def test_conflicts_with_what_is_live_are_settled_on_the_page(live: Live, admin: Surfer):
    drawings = [Drawing(live, f"Names {one}") for one in ("first", "second")]
    for drawing, label in zip(drawings, ("Firma", "Betrieb"), strict=True):
        drawing.change("object", "company", lambda one, label=label: one["label"].update(en=label))
    assert publish(admin, drawings[0]).status == 303
    page = admin.get(f"{drawings[1].address}/publish")

    assert "Choose what shall be there" in page.text
    assert {"Firma", "Betrieb"} <= set(page.text.split())
    form = publish_form(page)
    assert admin.send(form).status in {409, 422}
    settled = planned(admin, drawings[1], form, **{"s.0": "value", "w.0": "Konzern"})
    assert "All conflicts are settled." in settled.text
    assert publish_form(settled).values["w.0"] == "Konzern"
    assert admin.send(publish_form(settled)).status == 303
    shown = live.client("admin").get("/api/v1/metadata/object/company").json
    assert shown["label"]["en"] == "Konzern"


def test_what_is_wrong_comes_first_with_a_way_into_the_designer(live: Live, admin: Surfer):
    drawing = Drawing(live, "Wrong")
    drawing.add_field("broken", default="UNKNOWN_THING(")
    drawing.change(
        "object", "company", lambda one: one["fields"].append({"name": "half", "type": "nothing"})
    )

    page = admin.get(f"{drawing.address}/publish")

    assert page.status == 200
    known = live.client("admin").get("/api/v1/metadata/object/company").json["id"]
    assert f"{drawing.address}#{known}" in page.links
    assert admin.send(publish_form(page)).status == 422


def test_versions_are_listed_compared_and_gone_back_to(live: Live, admin: Surfer):
    with_codes(live, admin, "size")
    number = live.platform.catalogs.refresh().version
    listed = admin.get("/design/history")
    assert f"/design/history/{number}" in listed.links
    assert f"/design/history/{number - 1}/back" in listed.links
    compared = admin.get(f"/design/history/compare?from={number - 1}&to={number}")
    assert "size" in compared.text.lower()

    page = admin.get(f"/design/history/{number - 1}/back")
    assert "need your answer before this can be published: 1" in page.text
    form = page.form("/back")
    assert admin.send(form).status == 422
    planned_again = Form(f"{form.action}/plan", "post", form.values, set())
    assert "need your answer before" not in admin.send_values(planned_again, {LINE: "accept"}).text
    listing = Form(f"{form.action}/rows", "post", form.values, set())
    assert "kept" in admin.send(listing, list=form.values["k.0"]).response.text
    done = admin.send_values(form, {LINE: "accept"})
    assert (done.status, done.address) == (303, f"/design/history/{number + 1}?done=gone_back")
    twice = admin.send_values(form, {LINE: "accept"})
    assert twice.address == done.address
    assert live.platform.catalogs.refresh().version == number + 1
    assert "Back to version" in admin.get("/design/history").text


def test_modules_leave_as_a_package_and_come_in_as_a_draft(live: Live, admin: Surfer):
    file = admin.get("/design/modules/export?module=claims").response
    assert file.mimetype == "application/zip"
    page = admin.get("/design")
    form = next(one for one in page.forms if one.action == "/design/modules/import")

    def send(data: bytes, name: str) -> Seen:
        values = {**form.values, "name": name, "package": (io.BytesIO(data), "claims.zip")}
        answer = admin.client.post(form.action, data=values)
        return Seen(answer, [], [], answer.text)

    with zipfile.ZipFile(io.BytesIO(file.data)) as archive:
        assert "claims/module.json" in archive.namelist()
    taken = send(file.data, "Unchanged")
    assert taken.status == 303
    idle = admin.get(taken.address).text
    assert "Nothing has changed in this draft yet" in idle
    assert "Go on drawing" in idle
    assert ">Publish</button>" not in idle
    again = send(file.data, "Unchanged")
    assert (again.status, "There is an open draft" in again.text) == (422, True)
    assert send(b"no zip at all", "Broken").status == 422
    assert send(b"", "Nothing").status == 422
    assert admin.get("/design/modules/export?module=nothing").status == 404


def test_a_draft_is_discarded_as_it_was_looked_at(live: Live, admin: Surfer):
    drawing = Drawing(live, "Not needed")
    drawing.add_field("not_needed")
    form = admin.get(f"{drawing.address}/publish").form("/discard")
    drawing.add_field("wanted_after_all")
    assert admin.send(form).status in {409, 412}
    now = admin.get(f"{drawing.address}/publish").form("/discard")
    assert admin.send(now).status == 303
    assert admin.get(f"{drawing.address}/publish").address == "/design"
    assert "Admin" in admin.get("/design").text


def test_the_pages_are_not_there_for_others_or_for_what_is_not(live: Live, admin: Surfer):
    drawing = Drawing(live, "Mine alone")
    drawing.add_field("mine_alone")
    form = publish_form(admin.get(f"{drawing.address}/publish"))
    ann = Surfer(live, "ann")
    pages = (
        f"{drawing.address}/publish",
        "/design/history",
        "/design/history/1",
        "/design/history/1/back",
        "/design/history/compare?from=1&to=1",
        "/design/modules/export",
        f"/design/jobs/{ABSENT}",
    )
    assert {one: ann.get(one).status for one in pages} == dict.fromkeys(pages, 404)
    token = ann.get("/").form("/language").values["csrf"]
    acts = (
        *(f"{drawing.address}/{one}" for one in ("publish", "plan", "rows", "discard")),
        *(f"/design/history/1/{one}" for one in ("back", "back/plan", "back/rows")),
        "/design/modules/import",
        f"/design/jobs/{ABSENT}/cancel",
    )
    for act in acts:
        sent = ann.send_values(Form(act, "post", {**form.values, "csrf": token}, set()), {})
        assert sent.status == 404, act
    unknown = (
        f"/design/{ABSENT}/publish",
        "/design/nothing/publish",
        "/design/history/999999",
        "/design/history/999999/back",
        "/design/history/compare?from=1&to=x",
        "/design/history?before=x",
        f"/design/jobs/{ABSENT}",
        "/design/jobs/nothing",
    )
    assert {one: admin.get(one).status for one in unknown} == dict.fromkeys(unknown, 404)
    assert drawing.client.get(f"{DRAFTS}/{drawing.id}").json["state"] == "open"


def test_the_pages_speak_chinese(live: Live):
    drawing = Drawing(live, "颜色")
    drawing.add_field("hue")
    page = Surfer(live, "admin", "zh").get(f"{drawing.address}/publish")
    assert "变更内容" in page.text
    assert "将会执行" in page.text


def test_where_used_is_asked_of_a_draft(live: Live, admin: Surfer):
    drawing = Drawing(live, "Used here")
    drawing.add_field("used_here")
    drawing.change(
        "object",
        "company",
        lambda one: one["fields"].append(
            field("uses_it", "formula", returns="text", formula="used_here")
        ),
    )
    address = "/api/v1/metadata/where-used?kind=field&name=company.used_here"

    found = drawing.client.get(f"{address}&draft={drawing.id}").json["items"]

    assert ["/fields/" in one["path"] for one in found] == [True]
    assert drawing.client.get(address).status_code == 404
    assert drawing.client.get(f"{address}&draft={ABSENT}").status_code == 404
    drawing.change("object", "company", lambda one: one["fields"].append({"name": "half"}))
    assert drawing.client.get(f"{address}&draft={drawing.id}").status_code == 422

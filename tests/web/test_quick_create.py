"""A record made from within a lookup: offered to whom may, prefilled, chosen where it fits, else not made."""

from __future__ import annotations

import json
from typing import Any

import pytest

from headrace.platform.records import reader
from headrace.platform.records.query import parse_query
from tests.support.documents import field
from tests.support.live import PASSWORD, Live, open_live
from tests.support.surfing import Surfer, seen

FORM = "/o/claim/choices/supplier/new"
CREATE = "/o/claim/choices/supplier/create"


def _with_suppliers(contents: dict[Any, Any]) -> None:
    contents["object", "claim"]["fields"] += [
        field("area", "lookup", to="region"),
        field(
            "supplier", "lookup", to="company", filter="region = this.area AND note = 'supplier'"
        ),
        field("twin", "lookup", to="claim", filter="status = 'paid'"),
        field("part", "lookup", to="claim_item", filter="claim = this.twin_of"),
        field("twin_of", "lookup", to="claim"),
        field("sequel", "lookup", to="claim", filter="status = 'draft' AND subject = 'Sequel'"),
    ]


@pytest.fixture(scope="module")
def live(shared_database_url: str):
    found = open_live(shared_database_url, _with_suppliers)
    with found.platform.database.writing(None) as work:
        for login in ("admin", "ann", "bob"):
            found.platform.identity.set_password(work, found.ids[login], PASSWORD)
    yield found
    found.platform.close()


def _around(live: Live, **more: Any) -> dict[str, Any]:
    return {"area": live.ids["east"], **more}


def _form(surfer: Surfer, text: str, around: dict[str, Any], address: str = FORM) -> Any:
    answer = surfer.ask(address, {"text": text, "values": around})
    assert answer.status_code == 200, answer.text
    return seen(answer).form("/create")


def _count(live: Live, code: str) -> int:
    def action(context: Any) -> int:
        data = {"filter": {"field": "code", "op": "=", "value": code}}
        return len(reader.find(context, "company", parse_query(context, "company", data)).items)

    return live.platform.perform_as_system(action)


def test_it_is_offered_to_whom_may_make_one(live: Live):
    def offered(login: str, name: str) -> Any:
        question = {"text": "", "values": _around(live)}
        return Surfer(live, login).ask(f"/o/claim/choices/{name}", question).json["new"]

    assert offered("admin", "supplier") == {"label": "New Company", "address": FORM}
    assert offered("ann", "supplier") is None, "a dealer makes no companies"
    assert offered("ann", "sequel")["address"] == "/o/claim/choices/sequel/new"
    assert offered("ann", "twin") is None, "a new claim is no paid one"
    assert offered("admin", "created_by") is None


def test_the_form_holds_what_was_typed_and_what_the_lookup_demands(live: Live):
    form = _form(Surfer(live, "admin"), "Fresh", _around(live))
    assert form.values["f.name"] == "Fresh"
    assert form.values["f.region"] == live.ids["east"]
    assert form.values["f.note"] == "supplier"
    assert json.loads(form.values["around"]) == _around(live)


def test_a_new_record_is_made_once_and_chosen(live: Live):
    admin = Surfer(live, "admin")
    form = _form(admin, "晨屿供应", _around(live))
    for _ in range(2):
        sent = admin.send(form, **{"f.code": "Q1"})
        assert sent.status == 201, sent.text
        chosen = sent.response.json["chosen"]
        assert (chosen["title"], chosen["detail"].split(" · ")[0]) == ("晨屿供应", "Q1")
    assert _count(live, "Q1") == 1
    found = admin.ask("/o/claim/choices/supplier", {"text": "cy", "values": _around(live)}).json
    assert [one["id"] for one in found["items"]] == [chosen["id"]]


def test_a_detail_is_made_where_the_lookup_says_of_which_master_it_is(live: Live):
    data = {"company": live.ids["acme"], "subject": "Master", "items": [{"what": "first"}]}
    own = live.create("claim", data)
    theirs = live.create("claim", {**data, "company": live.ids["rival"], "subject": "Other"})
    ann = Surfer(live, "ann")
    address = "/o/claim/choices/part/new"

    def offered(around: dict[str, Any]) -> Any:
        return ann.ask("/o/claim/choices/part", {"text": "", "values": around}).json["new"]

    assert offered({}) is None
    assert offered({"twin_of": own})["address"] == address
    assert offered({"twin_of": {"id": own, "title": "x"}})["address"] == address
    assert offered({"twin_of": "nonsense"}) is None
    form = _form(ann, "second", {"twin_of": own}, address)
    assert "f.claim" not in form.values
    sent = ann.send(form, **{"f.what": "second", "f.qty": "2"})
    assert sent.status == 201, sent.text
    found = live.platform.perform_as_system(
        lambda context: reader.get(context, "claim", own, expand=("items",))
    )
    assert [one["what"] for one in found["items"]] == ["first", "second"]
    form = _form(ann, "smuggled", {"twin_of": theirs}, address)
    sent = ann.send(form, **{"f.what": "smuggled", "f.qty": "2"})
    assert sent.status in {404, 422}
    found = live.platform.perform_as_system(
        lambda context: reader.get(context, "claim", theirs, expand=("items",))
    )
    assert [one["what"] for one in found["items"]] == ["first"]


def test_what_the_lookup_could_not_choose_is_not_made(live: Live):
    admin = Surfer(live, "admin")
    form = _form(admin, "Elsewhere", _around(live))
    sent = admin.send(form, **{"f.code": "Q2", "f.region": live.ids["west"]})
    assert sent.status == 422
    assert "was not saved" in sent.response.text
    assert sent.form("/create").values["f.code"] == "Q2"
    assert _count(live, "Q2") == 0


def test_what_is_wrong_stands_at_its_field(live: Live):
    admin = Surfer(live, "admin")
    sent = admin.send(_form(admin, "No code", _around(live)), **{"f.code": ""})
    assert sent.status == 422
    assert 'href="#f-code"' in sent.response.text
    assert sent.form("/create").values["f.name"] == "No code"


def test_partners_make_only_what_they_may(live: Live):
    ann = Surfer(live, "ann")
    answer = ann.ask(FORM, {"text": "", "values": _around(live)})
    assert answer.status_code == 404
    form = _form(Surfer(live, "admin"), "Stolen", _around(live))
    form.values["csrf"] = ann.get("/o/claim/new").form("/new").values["csrf"]
    assert ann.send(form, **{"f.code": "Q3"}).status == 404
    assert _count(live, "Q3") == 0
    sequel = _form(ann, "", {}, "/o/claim/choices/sequel/new")
    assert sequel.values["f.subject"] == "Sequel"
    sent = ann.send(sequel, **{"c.items.0.what": "Glass", "c.items.0.qty": "1"})
    assert sent.status == 201, sent.text
    bob = Surfer(live, "bob").ask("/o/claim/choices/sequel", {"text": "", "values": {}}).json
    assert bob["items"] == []


@pytest.mark.parametrize(
    "address",
    [
        "/o/claim/choices/nothing/new",
        "/o/claim/choices/subject/new",
        "/o/claim/choices/created_by/new",
        "/o/claim/choices/twin/new",
        "/o/nothing/choices/company/new",
    ],
)
def test_other_fields_have_no_form(live: Live, address: str):
    answer = Surfer(live, "ann").ask(address, {"text": "", "values": {}})
    assert answer.status_code in {404, 422}


@pytest.mark.parametrize("body", [[], {}, {"text": 1, "values": {}}, {"text": "", "values": []}])
def test_a_question_that_means_nothing_is_refused(live: Live, body: Any):
    assert Surfer(live, "admin").ask(FORM, body).status_code == 422


@pytest.mark.parametrize("around", ["", "[]", "{", "null", '{"a": 1, "a": 2}'])
def test_a_form_that_forgot_where_it_is_from_is_refused(live: Live, around: str):
    admin = Surfer(live, "admin")
    form = _form(admin, "Lost", _around(live))
    sent = admin.send(form, **{"f.code": "Q4", "around": around})
    assert sent.status == 422
    assert _count(live, "Q4") == 0


def test_what_the_viewer_chose_lately_comes_first(live: Live):
    admin, ann = Surfer(live, "admin"), Surfer(live, "ann")
    question = {"text": "", "values": {}}
    before = [one["title"] for one in admin.ask("/o/claim/choices/company", question).json["items"]]
    form = admin.get("/o/claim/new").form("/new")
    values = {
        "f.company": live.ids["sub"],
        "f.subject": "Lately",
        "c.items.0.what": "x",
        "c.items.0.qty": "1",
    }
    assert admin.send(form, **values).status == 303
    items = admin.ask("/o/claim/choices/company", question).json["items"]
    assert next((one["title"], one["recent"]) for one in items) == ("Company sub", True)
    rest = [one["title"] for one in items[1:]]
    assert rest == [one for one in before if one != "Company sub"]
    assert not any(one["recent"] for one in items[1:])
    others = ann.ask("/o/claim/choices/company", question).json["items"]
    assert not [one for one in others if one["recent"] and one["title"] == "Company sub"]

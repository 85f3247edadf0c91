"""Masked fields: what every door shows of them, and that nothing can be asked of what is hidden."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.app import create_app
from headrace.platform.metadata.definitions.objects import MaskDef
from headrace.platform.metadata.masking import STARS, masked_text
from headrace.platform.records import reader
from headrace.platform.records.preview import preview
from tests.support.documents import field, label
from tests.support.live import PASSWORD, Live, open_platform
from tests.support.surfing import Surfer

PHONE, OTHER = "13800137000", "13912345678"
SHOWN = "138****7000"


def contents() -> dict[tuple[str, str], dict[str, Any]]:
    mask = {"start": 3, "end": 4}
    roles = {
        name: {"kind": "role", "name": name, "label": label(name.title(), name)}
        for name in ("admin", "clerk", "care")
    }
    roles["admin"]["design"] = True
    everything = ["create", "read", "update", "delete"]
    return {
        ("module", "claims"): {
            "kind": "module",
            "name": "claims",
            "version": "1.0.0",
            "label": label("Contacts", "联系人"),
        },
        **{("role", name): one for name, one in roles.items()},
        ("object", "contact"): {
            "kind": "object",
            "name": "contact",
            "label": label("Contact", "联系人"),
            "title": "name",
            "search": ["name", "mobile"],
            "history": True,
            "fields": [
                field("name", "text"),
                field("mobile", "text", format="cn_mobile", masked=mask, unique=True),
                field("phone", "phone", masked=mask),
                field("note", "long_text", masked={}),
                field(
                    "call", "formula", returns="text", formula="CONCAT('T ', mobile)", masked=mask
                ),
            ],
        },
        ("object", "visit"): {
            "kind": "object",
            "name": "visit",
            "label": label("Visit", "拜访"),
            "title": "what",
            "fields": [field("what", "text"), field("contact", "lookup", to="contact")],
        },
        ("permission", "contact"): {
            "kind": "permission",
            "name": "contact",
            "object": "contact",
            "grants": [
                {"role": "clerk", "actions": everything},
                {"role": "care", "actions": everything, "fields": {"unmask": ["mobile"]}},
                {"role": "admin", "actions": everything},
            ],
        },
        ("permission", "visit"): {
            "kind": "permission",
            "name": "visit",
            "object": "visit",
            "grants": [{"role": "clerk", "actions": everything}],
        },
        ("report", "by_mobile"): {
            "kind": "report",
            "name": "by_mobile",
            "label": label("By mobile", "按手机"),
            "type": "grouped",
            "object": "contact",
            "group_rows": ["mobile"],
            "measures": [{"op": "count"}, {"op": "max", "field": "mobile"}],
        },
        ("view", "called"): {
            "kind": "view",
            "name": "called",
            "object": "contact",
            "type": "table",
            "label": label("Called", "已致电"),
            "columns": ["name", "mobile", "phone"],
            "where": f"mobile = '{PHONE}'",
        },
    }


@pytest.fixture(scope="module")
def live(shared_database_url: str) -> Iterator[Live]:
    platform = open_platform(shared_database_url)
    app = create_app(platform)
    app.testing = True
    found = Live(platform, app)
    found.publish(contents())
    for login in ("admin", "clerk", "care"):
        found.add_user(login, login, password=PASSWORD)
    found.ids["fang"] = found.create(
        "contact",
        {"name": "Fang", "mobile": PHONE, "phone": "0571-88001234", "note": "Owes us"},
    )
    found.ids["li"] = found.create("contact", {"name": "Li", "mobile": OTHER})
    yield found
    platform.close()


def ids(live: Live, login: str = "clerk", **query: Any) -> set[str]:
    answer = live.client(login).post("/api/v1/records/contact/query", json=query)
    assert answer.status_code == 200, answer.json
    return {one["id"] for one in answer.json["items"]}


def get(live: Live, login: str = "clerk", name: str = "fang") -> dict[str, Any]:
    return live.client(login).get(f"/api/v1/records/contact/{live.ids[name]}").json


def change(live: Live, data: dict[str, Any], login: str = "clerk", name: str = "fang") -> Any:
    version = get(live, login, name)["version"]
    return live.client(login).patch(
        f"/api/v1/records/contact/{live.ids[name]}",
        json=data,
        headers={"If-Match": f'"{version}"'},
    )


def whole(live: Live, name: str = "fang") -> dict[str, Any]:
    return live.platform.perform_as_system(
        lambda context: reader.get(context, "contact", live.ids[name])
    )


@pytest.mark.parametrize("login", ["clerk", "care", "admin"])
def test_everybody_gets_the_masked_texts(live: Live, login: str):
    record = get(live, login)

    assert record["mobile"] == SHOWN
    assert record["phone"] == "057****1234"
    assert record["note"] == STARS
    assert record["call"] == "T 1****7000"
    assert whole(live)["mobile"] == PHONE


def test_a_path_along_a_lookup_and_an_expanded_record_are_masked(live: Live):
    live.create("visit", {"what": "Tea", "contact": live.ids["fang"]})
    client = live.client("clerk")

    path = client.get("/api/v1/records/visit?fields=what,contact.mobile").json["items"][0]
    expanded = client.get("/api/v1/records/visit?expand=contact").json["items"][0]

    assert path["contact"]["mobile"] == SHOWN
    assert expanded["contact"]["mobile"] == SHOWN


@pytest.mark.parametrize(
    ("op", "value"),
    [
        ("=", PHONE), ("contains", "0013"), ("contains", PHONE), ("starts_with", "1380"),
        ("in", [PHONE, OTHER]), (">", "13800"),
    ],
)  # fmt: skip
def test_a_filter_says_nothing_of_what_is_hidden(live: Live, op: str, value: Any):
    """It compares with what is shown: a guess that is right finds no more than one that is wrong."""
    wrong = {"=": "13800138001", "contains": "9999", "starts_with": "1389", "in": ["13700000000"]}
    asked = {"field": "mobile", "op": op, "value": value}
    other = {"field": "mobile", "op": op, "value": wrong.get(op, "13801")}

    assert ids(live, filter=asked) == ids(live, filter=other)


def test_what_is_shown_can_be_filtered_searched_and_sorted_by(live: Live):
    fang, li = live.ids["fang"], live.ids["li"]

    assert ids(live, filter={"field": "mobile", "op": "=", "value": SHOWN}) == {fang}
    assert ids(live, filter={"field": "mobile", "op": "starts_with", "value": "139"}) == {li}
    assert ids(live, q="7000") == {fang}
    assert ids(live, q="0013") == set()
    page = live.client("clerk").get("/api/v1/records/contact?sort=-mobile&limit=1").json
    assert page["items"][0]["id"] == li
    assert "1234567" not in str(page)


def test_a_report_groups_by_what_is_shown_and_its_cells_lead_to_the_rows(live: Live):
    client = live.client("clerk")
    report = client.get("/api/v1/reports/by_mobile")

    assert report.status_code == 200
    assert SHOWN in report.text
    assert PHONE not in report.text
    cell = json.dumps({"rows": [SHOWN]})
    rows = client.get("/api/v1/reports/by_mobile/rows", query_string={"cell": cell})
    assert [one["id"] for one in rows.json["items"]] == [live.ids["fang"]]


def test_sending_back_what_was_shown_changes_nothing(live: Live):
    before = whole(live)

    answer = change(live, {"name": "Fang F.", "mobile": SHOWN, "note": STARS})

    assert answer.status_code == 200, answer.json
    after = whole(live)
    assert (after["mobile"], after["note"]) == (before["mobile"], before["note"])
    assert after["name"] == "Fang F."


def test_another_masked_text_is_refused(live: Live):
    made = live.client("clerk").post("/api/v1/records/contact", json={"phone": "138****0000"})

    assert [one["code"] for one in made.json["problems"]] == ["value.masked"]
    assert change(live, {"phone": "139****0000"}).json["problems"][0]["code"] == "value.masked"


def test_the_history_and_a_conflict_show_no_more(live: Live):
    record = live.client("clerk").post("/api/v1/records/contact", json={"phone": "0571-11112222"})
    address = f"/api/v1/records/contact/{record.json['id']}"
    client = live.client("clerk")
    client.patch(address, json={"phone": "0571-33334444"}, headers={"If-Match": '"1"'})

    history = client.get(f"{address}/history")
    stale = client.patch(address, json={"phone": "0571-55556666"}, headers={"If-Match": '"1"'})

    assert "057****4444" in history.text
    assert "33334444" not in history.text
    assert "11112222" not in history.text
    assert stale.status_code == 409
    assert "33334444" not in stale.text


def test_unmasking_needs_the_right_and_is_noted(live: Live):
    address = f"/api/v1/records/contact/{live.ids['fang']}"
    asked = {"fields": ["mobile"]}

    assert live.client("clerk").post(f"{address}/unmask", json=asked).status_code == 403
    seen = live.client("care").post(f"{address}/unmask", json=asked)

    assert seen.json == {"values": {"mobile": PHONE}}
    lines = live.client("clerk").get(f"{address}/history").json["items"]
    assert (lines[0]["action"], lines[0]["comment"]) == ("unmasked", "mobile")
    assert lines[0]["user"]["title"] == "Care"
    assert PHONE not in str(lines)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"fields": ["phone"]}, 403), ({"fields": ["nothing"]}, 422), ({"fields": ["name"]}, 422),
        ({"fields": []}, 422), ({"fields": "mobile"}, 422), ({}, 422), ({"fields": [{}]}, 422),
        ({"fields": ["mobile"], "more": 1}, 422),
    ],
)  # fmt: skip
def test_bad_requests_to_unmask_are_refused(live: Live, body: Any, status: int):
    address = f"/api/v1/records/contact/{live.ids['fang']}/unmask"

    assert live.client("care").post(address, json=body).status_code == status


def test_a_record_that_is_not_there_cannot_be_unmasked(live: Live):
    client = live.client("care")

    for address in ("contact/0197a1b2-0000-7000-8000-000000000000", "contact/x", "nothing/x"):
        answer = client.post(f"/api/v1/records/{address}/unmask", json={"fields": ["mobile"]})
        assert answer.status_code == 404


def test_openapi_tells_of_unmasking_to_whoever_may(live: Live):
    path = "/records/contact/{id}/unmask"

    assert path in live.client("care").get("/api/v1/openapi.json").json["paths"]
    assert path not in live.client("clerk").get("/api/v1/openapi.json").json["paths"]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_pages_show_masked_texts_and_an_edit_keeps_them(live: Live, language: str):
    surfer = Surfer(live, "clerk", language)
    address = f"/o/contact/{live.ids['fang']}"
    pages = [surfer.get(one) for one in ("/o/contact?view=all", address, f"{address}/edit")]

    assert all(SHOWN in one.response.text for one in pages)
    assert all(PHONE not in one.response.text for one in pages)
    assert surfer.send(pages[2].form("/edit"), **{"f.name": f"Fang {language}"}).status == 303
    assert whole(live)["mobile"] == PHONE
    assert whole(live)["name"] == f"Fang {language}"


def test_the_record_page_shows_a_field_whole_once(live: Live):
    surfer = Surfer(live, "care")
    page = surfer.get(f"/o/contact/{live.ids['fang']}")
    form = page.form("/unmask")

    shown = surfer.send(form)

    assert form.values["field"] == "mobile"
    assert shown.status == 200
    assert PHONE in shown.text
    assert PHONE not in surfer.get(f"/o/contact/{live.ids['fang']}").response.text
    assert (
        "/unmask" not in Surfer(live, "clerk").get(f"/o/contact/{live.ids['fang']}").response.text
    )


def test_a_preview_shows_what_was_typed_and_nothing_hidden(live: Live):
    def action(context: Any) -> dict[str, Any]:
        with context.database.reading() as reading:
            return preview(context, reading, "contact", {"name": "x"}, record_id=live.ids["fang"])

    shown = live.platform.perform_for_token(live.tokens["clerk"], action)

    assert shown["mobile"] == SHOWN
    assert PHONE not in str(shown)


@given(st.text(max_size=30), st.integers(0, 5), st.integers(0, 5))
def test_a_masked_text_shows_its_ends_at_most(text: str, start: int, end: int):
    shown = masked_text(text, MaskDef(start, end))

    assert len(shown) <= start + end + len(STARS)
    if len(text) <= start + end:
        assert shown == STARS


def test_leading_a_record_back_shows_no_more_and_restores_the_whole_value(live: Live):
    client = live.client("clerk")
    made = client.post("/api/v1/records/contact", json={"name": "Wu", "phone": "0571-77778888"})
    address = f"/api/v1/records/contact/{made.json['id']}"
    client.patch(address, json={"phone": "0571-99990000"}, headers={"If-Match": '"1"'})
    line = client.get(f"{address}/history").json["items"][0]["id"]

    surfer = Surfer(live, "clerk")
    page = surfer.get(f"/o/contact/{made.json['id']}/restore?line={line}&side=before")

    assert page.status == 200
    assert "057****8888" in page.response.text
    assert "77778888" not in page.response.text
    assert "99990000" not in page.response.text
    back = client.post(f"{address}/restore", json={"before": line}, headers={"If-Match": '"2"'})
    assert back.status_code == 200, back.json
    assert "77778888" not in back.text
    stored = live.platform.perform_as_system(
        lambda context: reader.get(context, "contact", made.json["id"])
    )
    assert stored["phone"] == "0571-77778888"


def test_a_search_everywhere_looks_at_what_is_shown(live: Live):
    client = live.client("clerk")

    assert client.get("/api/v1/search?q=0013700").json["items"] == []
    assert [one["id"] for one in client.get("/api/v1/search?q=7000").json["items"]] == [
        live.ids["fang"]
    ]

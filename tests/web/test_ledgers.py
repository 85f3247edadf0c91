"""Ledgers by API and on the screen: who may post, read and reverse; nothing of one partner reaches another."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from headrace.app import create_app
from tests.support.documents import field, label
from tests.support.ledger_world import LEDGER, ledger_contents
from tests.support.live import PASSWORD, Live, open_platform
from tests.support.surfing import Surfer

DAY = "2025-03-01"
OF_LEDGERS = {"reverse", "close", "reopen"}


def contents() -> dict[tuple[str, str], dict[str, Any]]:
    made = ledger_contents()
    for name in ("turn", "visit", "topic", "note"):
        del made["object", name]
    account = made["object", "account"]
    account["fields"] = [one for one in account["fields"] if one["name"] != "turned"]
    account["fields"].append(field("parent", "tree"))
    account |= {"acts_as": "organisation", "scope_paths": {"organisation": "id"}, "title": "code"}
    entry = made["object", "entry"]
    entry |= {"scope_paths": {"organisation": "account"}, "title": "no", "ledger": dict(LEDGER)}
    roles = {
        name: {"kind": "role", "name": name, "label": label(name.title(), name)}
        for name in ("admin", "clerk", "head", "dealer")
    }
    roles["admin"]["design"] = True
    roles["dealer"]["audience"] = "partner"
    actions = ["create", "read", "update", "delete"]
    grants = [
        {"role": "admin", "actions": [*actions, "reverse", "close"], "scope": "all"},
        {"role": "clerk", "actions": actions, "scope": "all"},
        {"role": "head", "actions": ["read", "reverse", "close", "reopen"], "scope": "all"},
        {"role": "dealer", "actions": ["read"], "scope": "organisation"},
    ]
    made |= {("role", name): one for name, one in roles.items()}
    made |= {
        ("permission", name): {
            "kind": "permission",
            "name": name,
            "object": name,
            "grants": grants
            if name == "entry"
            else [
                {**one, "actions": [a for a in one["actions"] if a not in OF_LEDGERS]}
                for one in grants
            ],
        }
        for name in ("account", "entry")
    }
    return made


@pytest.fixture
def live(database_url: str) -> Iterator[Live]:
    platform = open_platform(database_url)
    app = create_app(platform)
    app.testing = True
    found = Live(platform, app)
    found.publish(contents())
    for code in ("acme", "rival"):
        found.ids[code] = found.create("account", {"code": code})
    for login in ("admin", "clerk", "head"):
        found.add_user(login, login, password=PASSWORD)
    for login, code in (("ann", "acme"), ("bob", "rival")):
        found.add_user(login, "dealer", organisation=found.ids[code], password=PASSWORD)
    yield found
    platform.close()


def post(live: Live, amount: str, code: str = "acme", **values: Any) -> str:
    data = {"account": live.ids[code], "amount": amount, "day": DAY, **values}
    answer = live.client("clerk").post("/api/v1/records/entry", json=data)
    assert answer.status_code == 201, answer.get_json()
    return str(answer.get_json()["id"])


def reverse(live: Live, login: str, entry: str, **data: Any) -> Any:
    return live.client(login).post(f"/api/v1/records/entry/{entry}/reverse", json=data)


def code_of(answer: Any) -> str:
    return str(answer.get_json()["code"])


def test_a_reversal_needs_its_right_a_reason_and_its_first_time(live: Live) -> None:
    entry = post(live, "12.50")
    assert code_of(reverse(live, "clerk", entry, reason="typed wrongly")) == "access.forbidden"
    assert code_of(reverse(live, "ann", entry, reason="mine")) == "access.forbidden"
    assert reverse(live, "bob", entry, reason="not mine").status_code == 404
    assert code_of(reverse(live, "head", entry)) == "value.required"
    assert reverse(live, "head", entry, reason="r", why="x").status_code == 422
    made = reverse(live, "head", entry, reason="typed wrongly")
    assert made.status_code == 201
    row = made.get_json()
    assert (row["amount"], row["reverses"]["id"], row["memo"]) == ("-12.50", entry, "typed wrongly")
    assert code_of(reverse(live, "head", entry, reason="again")) == "ledger.already_reversed"
    account = live.ids["acme"]
    assert reverse(live, "head", account, reason="x").status_code == 404
    again = live.client("head").post(f"/api/v1/records/account/{account}/reverse", json={})
    assert code_of(again) == "ledger.not_reversible"


def test_a_request_that_is_sent_twice_reverses_once(live: Live) -> None:
    entry = post(live, "3")
    client = live.client("head")
    path = f"/api/v1/records/entry/{entry}/reverse"
    headers = {"Idempotency-Key": "once"}
    first, second = (client.post(path, json={"reason": "r"}, headers=headers) for _ in range(2))
    assert (first.status_code, first.get_json()) == (second.status_code, second.get_json())


def test_no_door_changes_or_deletes_an_entry(live: Live) -> None:
    entry = post(live, "8", document="B1")
    client = live.client("clerk")
    path = f"/api/v1/records/entry/{entry}"
    match = {"If-Match": '"1"'}
    assert code_of(client.patch(path, json={"amount": "9"}, headers=match)) == "ledger.fixed"
    assert code_of(client.delete(path, headers=match)) == "ledger.append_only"
    bulk = {"mode": "delete", "partial": True, "records": [{"id": entry, "version": 1}]}
    answer = client.post("/api/v1/records/entry/bulk", json=bulk).get_json()
    assert answer["items"][0]["problems"][0]["code"] == "ledger.append_only"
    assert client.patch(path, json={"memo": "m"}, headers=match).status_code == 200


def test_balances_as_of_a_day_are_those_of_what_one_may_read(live: Live) -> None:
    assert of(live, "ann", "2024-12-31")["items"] == []
    post(live, "100", day="2024-12-30")
    post(live, "7", "rival", day="2024-12-30")
    post(live, "50", day="2025-01-01")
    assert [
        (one["account"]["title"], one["balance"], one["entries"])
        for one in of(live, "clerk", "2024-12-31")["items"]
    ] == [("acme", "100.00", 1), ("rival", "7.00", 1)]
    assert [one["balance"] for one in of(live, "ann", "2024-12-31")["items"]] == ["100.00"]
    assert [one["balance"] for one in of(live, "bob", "2025-01-01")["items"]] == ["7.00"]
    assert [one["balance"] for one in of(live, "ann", "2025-01-01")["items"]] == ["150.00"]
    only = '{"field": "account.code", "op": "=", "value": "rival"}'
    assert [one["balance"] for one in of(live, "clerk", "2025-01-01", filter=only)["items"]] == [
        "7.00"
    ]
    for query in ({"on": "2025-13-01"}, {"on": "x"}, {"filter": "{"}, {"nothing": "x"}):
        answer = live.client("ann").get("/api/v1/records/entry/balances", query_string=query)
        assert answer.status_code == 422, query
    assert live.client("ann").get("/api/v1/records/account/balances").status_code == 404


def of(live: Live, login: str, on: str, **query: str) -> Any:
    answer = live.client(login).get(
        "/api/v1/records/entry/balances", query_string={"on": on, **query}
    )
    assert answer.status_code == 200, answer.get_json()
    return answer.get_json()


def test_the_description_says_who_may_reverse(live: Live) -> None:
    for login, allowed in (("head", True), ("clerk", False), ("ann", False)):
        paths = live.client(login).get("/api/v1/openapi.json").get_json()["paths"]
        assert ("/records/entry/{id}/reverse" in paths) == allowed
        assert "/records/entry/balances" in paths


def test_the_screens_reverse_and_show_balances(live: Live) -> None:
    entry = post(live, "1234.50")
    post(live, "7", "rival")
    for language, word in (("en", "Reverse"), ("zh", "冲销")):
        head = Surfer(live, "head", language)
        page = head.get(f"/o/entry/{entry}")
        assert f"/o/entry/{entry}/reverse" in page.links
        assert f"/o/entry/{entry}/delete" not in page.links
        assert word in page.text
    clerk = Surfer(live, "clerk")
    page = clerk.get(f"/o/entry/{entry}")
    assert f"/o/entry/{entry}/reverse" not in page.links
    assert f"/o/entry/{entry}/delete" not in page.links
    assert clerk.get(f"/o/entry/{entry}/reverse").status == 404
    values = clerk.get(f"/o/entry/{entry}/edit").form("/edit").values
    assert set(json.loads(values["was"])) == {"kind", "document", "memo"}
    head = Surfer(live, "head")
    asked = head.get(f"/o/entry/{entry}/reverse")
    assert "1,234.50" in asked.text
    refused = head.send(asked.form("/reverse"), reason=" ")
    assert refused.status == 422
    sent = head.send(refused.form("/reverse"), reason="typed wrongly")
    assert sent.status == 303
    assert "typed wrongly" in head.get(sent.address).text
    assert f"/o/entry/{entry}/reverse" not in head.get(f"/o/entry/{entry}").links
    assert "reversed already" in head.get(f"/o/entry/{entry}").text
    assert "/o/entry/balances" in head.get("/o/entry").links
    shown = head.get("/o/entry/balances?on=2025-03-02")
    assert "rival" in shown.text
    assert "rival" not in Surfer(live, "ann").get("/o/entry/balances?on=2025-03-02").text
    assert head.get("/o/entry/balances?on=x").status == 422
    assert head.get("/o/account/balances").status == 404


def change(live: Live, login: str, month: str, act: str, **data: Any) -> Any:
    path = f"/api/v1/records/entry/periods/{month}/{act}"
    return live.client(login).post(path, json=data)


def test_months_are_closed_and_reopened_by_who_may(live: Live) -> None:
    for login, status in (("ann", 404), ("clerk", 404), ("admin", 200), ("head", 200)):
        path = "/api/v1/records/entry/periods"
        assert live.client(login).get(path).status_code == status
        if status == 404:
            assert change(live, login, "2020-01", "close").status_code == 404
            assert change(live, login, "2020-01", "reopen", reason="r").status_code == 404
    assert live.client("head").get("/api/v1/records/account/periods").status_code == 404
    assert change(live, "admin", "2020-01", "close").status_code == 200
    assert code_of(change(live, "admin", "2020-01", "reopen", reason="r")) == "access.forbidden"
    data = {"account": live.ids["acme"], "amount": "1", "day": "2020-01-31"}
    refused = live.client("clerk").post("/api/v1/records/entry", json=data)
    assert (refused.status_code, code_of(refused)) == (422, "period.closed")
    assert change(live, "head", "2020-01", "close").status_code == 409
    assert code_of(change(live, "head", "2020-01", "reopen")) == "value.required"
    assert change(live, "head", "2020-01", "reopen", reason="late bills").status_code == 200
    assert live.client("clerk").post("/api/v1/records/entry", json=data).status_code == 201
    items = live.client("head").get("/api/v1/records/entry/periods").get_json()["items"]
    (said,) = [one for one in items if one["month"] == "2020-01"]
    assert (said["closed"], said["by"], said["reason"]) == (False, "Head", "late bills")
    kept = live.client("admin").get("/api/v1/metadata/audit?kind=period").get_json()["items"]
    assert [(one["action"], one["by"]) for one in kept[:2]] == [
        ("reopen", "head"),
        ("close", "admin"),
    ]
    assert "late bills" in kept[0]["changes"][0]
    paths = live.client("admin").get("/api/v1/openapi.json").get_json()["paths"]
    assert "/records/entry/periods/{month}/close" in paths
    assert "/records/entry/periods/{month}/reopen" not in paths
    assert (
        "/records/entry/periods"
        not in (live.client("clerk").get("/api/v1/openapi.json").get_json()["paths"])
    )


def test_the_screen_closes_and_reopens_months(live: Live) -> None:
    for language, word in (("en", "Closed months"), ("zh", "月份关账")):
        head = Surfer(live, "head", language)
        assert "/o/entry/periods" in head.get("/o/entry").links
        assert word in head.get("/o/entry/periods").text
    clerk = Surfer(live, "clerk")
    assert "/o/entry/periods" not in clerk.get("/o/entry").links
    assert clerk.get("/o/entry/periods").status == 404
    head = Surfer(live, "head")
    page = head.get("/o/entry/periods")
    month = next(one.action[-7:] for one in reversed(page.forms) if "/periods/" in one.action)
    sent = head.send(page.form(f"/periods/{month}"))
    assert sent.status == 303
    page = head.get(sent.address)
    form = page.form(f"/periods/{month}")
    assert form.values["act"] == "reopen"
    assert head.send(form).status == 422
    assert head.send(form, reason="late bills").status == 303
    assert "late bills" in head.get("/o/entry/periods").text

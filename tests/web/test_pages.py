"""Pages: who may see them, what they never show, what their answers carry."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from headrace.app import POLICY
from tests.support.live import Live
from tests.support.surfing import Surfer

SECRETS = ("secret note", "reserve", "Reserve", "metadata", "Traceback")


@pytest.fixture(scope="module")
def claims(live: Live) -> dict[str, str]:
    return {
        who: live.create(
            "claim",
            {
                "company": live.ids[who],
                "subject": f"Claim of {who}",
                "reserve": "77.77",
                "items": [{"what": f"goods of {who}", "qty": "2", "price": "30"}],
            },
        )
        for who in ("acme", "rival")
    }


@pytest.mark.parametrize("login", ["ann", "boss", "admin", "fin"])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_link_leads_to_a_page(
    live: Live, claims: dict[str, str], surfer: Callable[..., Surfer], login: str, language: str
) -> None:
    pages = surfer(login, language).crawl()
    assert len(pages) > 8
    for address, page in pages.items():
        assert page.status == 200, address
        assert f'<html lang="{"zh-CN" if language == "zh" else "en"}"' in page.response.text
        assert page.response.headers["Content-Security-Policy"] == POLICY
        assert page.response.headers["X-Content-Type-Options"] == "nosniff"
        assert page.response.headers["Cache-Control"] == "private, no-store"
        assert " style=" not in page.response.text, "the policy forbids inline style"
        assert "<script>" not in page.response.text


def test_partner_sees_no_internal_field_and_no_other_company(
    live: Live, claims: dict[str, str], surfer: Callable[..., Surfer]
) -> None:
    for address, page in surfer("ann").crawl().items():
        for secret in (*SECRETS, "rival", "Rival", "77.77"):
            assert secret not in page.response.text, (secret, address)


def test_internal_people_do_see_internal_fields(
    live: Live, claims: dict[str, str], surfer: Callable[..., Surfer]
) -> None:
    assert "77.77" in surfer("fin").get(f"/o/claim/{claims['acme']}").text


@pytest.mark.parametrize("language", ["en", "zh"])
def test_what_may_not_be_seen_is_a_page_that_is_not_there(
    claims: dict[str, str], surfer: Callable[..., Surfer], language: str
) -> None:
    ann = surfer("ann", language)
    addresses = [
        f"/o/claim/{claims['rival']}",
        f"/o/claim/{claims['rival']}/edit",
        "/o/claim/00000000-0000-7000-8000-00000000abcd",
        "/o/nothing",
        "/o/claim/x",
        "/inbox/00000000-0000-7000-8000-00000000abcd",
        "/reports/nothing",
        "/elsewhere",
    ]
    pages = [ann.get(address) for address in addresses]
    assert {page.status for page in pages} == {404}
    assert all(("这里没有" if language == "zh" else "Nothing here") in page.text for page in pages)


def test_without_session_one_is_sent_to_sign_in_and_back(live: Live) -> None:
    client = live.app.test_client()
    for address in ("/", "/o/claim", "/inbox", "/reports/", "/notifications", "/search?q=x"):
        answer = client.get(address)
        assert answer.status_code == 303
        assert answer.headers["Location"].startswith("/sign-in"), address
    assert "next=/o/claim" in client.get("/o/claim").headers["Location"].replace("%2F", "/")
    partial = client.get("/o/claim", headers={"HX-Request": "true"})
    assert partial.headers["HX-Redirect"].startswith("/sign-in")


@pytest.mark.parametrize("going", ["//evil.example", "https://evil.example", "/\\evil", "x"])
def test_sign_in_goes_to_our_own_pages_only(live: Live, going: str) -> None:
    surfer = Surfer(live, "ann")
    answer = surfer.client.get("/sign-in", query_string={"next": going})
    assert answer.headers["Location"] == "/"


def test_wrong_password_says_no_more_than_that(live: Live) -> None:
    client = live.app.test_client()
    texts = []
    for login in ("ann", "nobody"):
        page = client.get("/sign-in?language=en").text
        token = page.split('name="csrf" value="')[1].split('"')[0]
        answer = client.post("/sign-in", data={"csrf": token, "login": login, "password": "wrong"})
        assert answer.status_code == 401
        texts.append(answer.text.replace(login, "").replace(token, ""))
    assert texts[0] == texts[1]


def test_change_needs_the_token_of_its_own_session(
    live: Live, surfer: Callable[..., Surfer]
) -> None:
    ann, bob = surfer("ann"), surfer("bob")
    form = ann.get("/o/claim/new").form("/new")
    stolen = bob.get("/o/claim/new").form("/new").values["csrf"]
    for token in ("", "x", stolen):
        assert ann.send(form, csrf=token).status == 403
    assert (
        ann.client.post("/o/claim/preview", json={"values": {}, "children": {}}).status_code == 403
    )


def test_sign_out_ends_the_session(live: Live, surfer: Callable[..., Surfer]) -> None:
    ann = surfer("ann")
    assert ann.send(ann.get("/").form("/sign-out")).status == 303
    assert ann.get("/").status == 303


def test_language_is_kept_for_the_user(live: Live, surfer: Callable[..., Surfer]) -> None:
    bob = surfer("bob", "zh")
    assert "首页" in bob.get("/").text
    again = surfer("bob", "zh")
    assert "首页" in again.get("/").text
    again.send(again.get("/").form("/language"), language="en")
    assert "Home" in bob.get("/").text


def test_search_finds_only_what_one_may_see(
    claims: dict[str, str], surfer: Callable[..., Surfer]
) -> None:
    assert "CL-" in surfer("ann").get("/search?q=Claim of acme").text
    assert "Nothing found" in surfer("ann").get("/search?q=Claim of rival").text


def test_policy_reports_are_taken(live: Live) -> None:
    answer = live.app.test_client().post("/csp-report", data=b"{}")
    assert answer.status_code == 204


def test_files_of_the_front_end_may_be_kept_for_ever(live: Live) -> None:
    page = live.app.test_client().get("/sign-in").text
    address = page.split('rel="stylesheet" href="')[1].split('"')[0]
    answer = live.app.test_client().get(address)
    assert answer.status_code == 200
    assert "immutable" in answer.headers["Cache-Control"]
    answer.close()


def test_first_page_is_light(live: Live) -> None:
    import gzip
    import re

    client = live.app.test_client()
    surfer = Surfer(live, "ann")
    page = surfer.get("/").response.text
    parts = [page.encode()]
    for address in re.findall(r'(?:src|href)="(/static/[^"]+)"', page):
        answer = client.get(address)
        parts.append(answer.data)
        answer.close()
    assert len(parts) >= 3
    assert sum(len(gzip.compress(part)) for part in parts) < 150 * 1024

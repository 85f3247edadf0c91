"""The list of drafts and the page of the designer; the API for who is signed in on a page."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest

from tests.support.live import PASSWORD, Live, open_live
from tests.support.surfing import Surfer

DRAFTS = "/api/v1/metadata/drafts"


@pytest.fixture(scope="module")
def live(shared_database_url: str) -> Iterator[Live]:
    live = open_live(shared_database_url)
    live.add_user("drawer", "admin", password=PASSWORD)
    live.add_user("clerk", "boss", password=PASSWORD)
    yield live
    live.platform.close()


def begun(surfer: Surfer, name: str) -> str:
    """Begin a draft through the page; return its address."""
    sent = surfer.send(surfer.get("/design").form("/design"), name=name)
    assert sent.status == 303, sent.text
    return sent.response.headers["Location"]


def token_of(text: str) -> str:
    found = re.search(r'name="csrf-token" content="([^"]+)"', text)
    assert found is not None
    return found[1]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_draft_is_begun_and_opened(live: Live, language: str) -> None:
    drawer = Surfer(live, "drawer", language)
    address = begun(drawer, f"Spring {language}")
    page = drawer.get(address).response.text
    island = json.loads(re.search(r'id="design">([^<]+)<', page)[1])  # type: ignore[index]
    assert island["language"] == language
    assert island["name"] == f"Spring {language}"
    assert island["draft"] in address
    assert island["words"]["design.undo"] == ("Undo" if language == "en" else "撤销")
    assert f"Spring {language}" in drawer.get("/design").text


def test_a_name_that_is_none_is_refused_with_what_was_typed(live: Live) -> None:
    drawer = Surfer(live, "drawer")
    begun(drawer, "Twice")
    for name in ("Twice", "", "x" * 101):
        sent = drawer.send(drawer.get("/design").form("/design"), name=name)
        assert sent.status == 422
        assert "draft" in sent.text
    drafts = live.platform.drafts.all()
    assert [one.name for one in drafts].count("Twice") == 1


def test_what_is_closed_leads_back_to_the_list(live: Live) -> None:
    drawer = Surfer(live, "drawer")
    address = begun(drawer, "Given up")
    draft = live.platform.drafts.get(address.rpartition("/")[2])
    live.platform.write_as_system(
        lambda _, work: live.platform.drafts.discard(work, draft, None, None)
    )
    assert drawer.get(address).response.headers["Location"] == "/design"


def test_the_designer_is_not_there_for_others(live: Live) -> None:
    drawer, clerk = Surfer(live, "drawer"), Surfer(live, "clerk")
    address = begun(drawer, "Hidden")
    assert clerk.get("/design").status == 404
    assert clerk.get(address).status == 404
    assert drawer.get("/design/01900000-0000-7000-8000-00000000dead").status == 404
    assert drawer.get("/design/x").status == 404


def test_the_api_serves_who_is_signed_in_on_a_page(live: Live) -> None:
    drawer = Surfer(live, "drawer")
    address = begun(drawer, "By page")
    token = token_of(drawer.get(address).response.text)
    headers = {"X-CSRF-Token": token}
    found = drawer.client.get(DRAFTS, headers=headers)
    assert found.status_code == 200
    made = drawer.client.post(DRAFTS, json={"name": "Another"}, headers=headers)
    assert made.status_code == 201
    assert made.json["by"] is not None


@pytest.mark.parametrize("token", [None, "", "wrong"])
def test_a_cookie_alone_means_nothing_to_the_api(live: Live, token: str | None) -> None:
    drawer = Surfer(live, "drawer")
    headers = {} if token is None else {"X-CSRF-Token": token}
    before = len(live.platform.drafts.all())
    answers = [
        drawer.client.get(DRAFTS, headers=headers),
        drawer.client.post(DRAFTS, json={"name": "Forged"}, headers=headers),
    ]
    status = 401 if token is None else 403
    assert [one.status_code for one in answers] == [status, status]
    assert len(live.platform.drafts.all()) == before


def test_a_token_of_the_api_goes_before_the_cookie(live: Live) -> None:
    drawer = Surfer(live, "drawer")
    csrf = token_of(drawer.get("/").response.text)
    answer = drawer.client.get(
        DRAFTS, headers={"X-CSRF-Token": csrf, "Authorization": "Bearer none"}
    )
    assert answer.status_code == 401
    signed_out = live.app.test_client().get(DRAFTS, headers={"X-CSRF-Token": csrf})
    assert signed_out.status_code == 403

"""Files on pages without script: conflicts, restoring, what a page may not show."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from headrace.platform.records import reader
from tests.support.files import EDGE, PDF, as_form, open_live_with_files, png, uploaded
from tests.support.live import PASSWORD, Live
from tests.support.surfing import Surfer


@pytest.fixture(scope="module")
def live(shared_database_url: str) -> Iterator[Live]:
    found = open_live_with_files(shared_database_url)
    with found.platform.database.writing(None) as work:
        for login in ("ann", "bob", "admin"):
            identity = found.platform.identity
            identity.set_password(work, found.ids[login], PASSWORD)
            # Tokens end with the password that there was before.
            found.tokens[login] = identity.create_token(work, found.ids[login], "test")
    yield found
    found.platform.close()


@pytest.fixture
def ann(live: Live) -> Surfer:
    return Surfer(live, "ann")


def kept(file_id: str, name: str, size: int = 5, kind: str = "image/png") -> tuple[str, str]:
    return f"={file_id}", json.dumps({"name": name, "size": size, "type": kind})


def picked(field: str, file_id: str, name: str) -> dict[str, str]:
    ending, told = kept(file_id, name)
    return {f"f.{field}:{ending}": told}


def made(ann: Surfer, values: dict[str, Any]) -> str:
    form = ann.get("/o/claim/new").form("/new")
    sent = ann.send_values(form, {"f.subject": f"s {uuid4().hex[:6]}", **values})
    assert sent.status == 303, sent.text
    return sent.address.split("/")[3].split("?")[0]


def photo(live: Live, record_id: str) -> Any:
    found = live.platform.perform_as_system(lambda context: reader.get(context, "claim", record_id))
    return found["photo"]


def test_two_who_choose_another_photo_see_both_and_pick_one(live: Live, ann: Surfer) -> None:
    first, second, third = (uploaded(live, "ann", png(), f"{one}.png") for one in "abc")
    record_id = made(ann, picked("photo", first, "a.png"))
    address = f"/o/claim/{record_id}/edit"
    mine, theirs = (ann.get(address).form("/edit") for _ in range(2))
    assert ann.send_values(theirs, picked("photo", second, "b.png")).status == 303
    assert photo(live, record_id)["name"] == "b.png"

    page = ann.send_values(mine, picked("photo", third, "c.png"))

    assert page.status == 409
    assert "b.png" in page.text
    assert "c.png" in page.text
    form = page.form("/edit")
    done = ann.send_values(form, {"keep.f.photo": "mine"})
    assert done.status == 303, done.text
    assert photo(live, record_id)["name"] == "c.png"


def test_a_page_shows_what_a_form_says_of_a_file_as_text_only(live: Live, ann: Surfer) -> None:
    name = "<script>alert(49)</script>"
    for told in (json.dumps({"name": name, "size": 1, "type": "image/png"}), "not json", "[1]"):
        page = ann.send_values(
            ann.get("/o/claim/new").form("/new"),
            {"f.subject": "", "f.photo:=5f0c2b1e-9d64-4c1b-a1d7-3e8f0b6a2c94": told},
        )
        assert page.status == 422
        assert "<script>alert(49)" not in page.response.text


def test_ids_of_others_are_refused_on_the_form(live: Live, ann: Surfer) -> None:
    theirs = uploaded(live, "bob", png(), "bob.png")
    form = ann.get("/o/claim/new").form("/new")
    page = ann.send_values(form, {"f.subject": "x y z", **picked("photo", theirs, "bob.png")})
    assert page.status == 422
    assert "names a file that you cannot use here" in page.text


def test_files_are_opened_by_who_may_read_the_record(live: Live, ann: Surfer) -> None:
    file_id = uploaded(live, "ann", png(), "a.png")
    record_id = made(ann, picked("photo", file_id, "a.png"))
    assert f"/files/{file_id}" in ann.get(f"/o/claim/{record_id}").response.text
    assert ann.get(f"/files/{file_id}").response.data == png()
    bob = Surfer(live, "bob")
    assert bob.get(f"/files/{file_id}").status == 404
    nobody = live.app.test_client().get(f"/files/{file_id}")
    assert (nobody.status_code, "/sign-in" in nobody.headers["Location"]) == (303, True)


def test_a_file_is_sent_with_the_token_of_the_page_only(live: Live, ann: Surfer) -> None:
    form = {"data": as_form(PDF, "a.pdf"), "content_type": f"multipart/form-data; boundary={EDGE}"}
    assert ann.client.post("/files", **form).status_code == 403
    assert live.app.test_client().post("/files", **form).status_code in {303, 403}


def test_the_history_page_brings_a_file_back(live: Live) -> None:
    admin = Surfer(live, "admin")
    first, second = (uploaded(live, "admin", png(), f"{one}.png") for one in "xy")
    new = admin.get("/o/claim/new").form("/new")
    sent = admin.send_values(
        new,
        {
            "f.subject": uuid4().hex,
            "f.company": live.ids["acme"],
            **picked("photo", first, "x.png"),
        },
    )
    record_id = sent.address.split("/")[3].split("?")[0]
    edit = admin.get(f"/o/claim/{record_id}/edit").form("/edit")
    changes: dict[str, str | None] = {f"f.photo:={first}": None, **picked("photo", second, "y.png")}
    assert admin.send_values(edit, changes).status == 303
    history = admin.get(f"/o/claim/{record_id}/history")
    assert "x.png" in history.text
    assert "y.png" in history.text

"""Files that go with a comment on a task: by the API, and on the page with and without script."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.support.files import HTML, PDF, png, uploaded
from tests.support.live import Live
from tests.support.surfing import Surfer

API = "/api/v1"
ABSENT = "5f0c2b1e-9d64-4c1b-a1d7-3e8f0b6a2c94"
REASON = "The glass was whole"
Surfers = Callable[..., Surfer]


@pytest.fixture(scope="module", autouse=True)
def renewed(live: Live) -> None:
    """Tokens end with the password that there was before."""
    with live.platform.database.writing(None) as work:
        for login in ("ann", "bob", "manager", "boss", "fin", "admin"):
            live.tokens[login] = live.platform.identity.create_token(work, live.ids[login], "test")


def task_of(surfer: Surfers, record_id: str) -> str:
    return surfer("manager").task_about(record_id).rpartition("/")[2]


def act(live: Live, task: str, name: str, body: Any, who: str = "manager", **headers: str) -> Any:
    sent = {"If-Match": '"1"', **{key.replace("_", "-"): one for key, one in headers.items()}}
    return live.client(who).post(f"{API}/tasks/{task}/{name}", json=body, headers=sent)


def codes(answer: Any) -> list[tuple[str, str]]:
    return [(one["code"], one["path"]) for one in answer.json["problems"]]


def said(live: Live, who: str, record_id: str) -> list[dict[str, Any]]:
    answer = live.client(who).get(f"{API}/records/claim/{record_id}/approvals")
    (run,) = answer.json["items"]
    return [one for step in run["steps"] for one in step["decisions"]]


# -- API -------------------------------------------------------------------------------------------


def test_files_go_with_a_decision_and_are_served_to_who_reads_it(
    live: Live, submitted: tuple[Surfer, str], surfer: Surfers
) -> None:
    _, record_id = submitted
    task = task_of(surfer, record_id)
    files = [uploaded(live, "manager", *one) for one in ((png(), "p.png"), (HTML, "a.html"))]
    body = {"comment": REASON, "files": files}
    first = act(live, task, "reject", body, Idempotency_Key="once")
    assert first.status_code == 200, first.text
    assert act(live, task, "reject", body, Idempotency_Key="once").data == first.data
    other = act(live, task, "reject", {**body, "files": files[:1]}, Idempotency_Key="once")
    assert other.status_code == 422
    (decision,) = said(live, "ann", record_id)
    assert [one["name"] for one in decision["files"]] == ["p.png", "a.html"]
    assert decision["files"][0].keys() == {"id", "name", "size", "type", "url"}
    for one, inline in zip(decision["files"], (True, False), strict=True):
        answer = live.client("ann").get(one["url"])
        assert answer.status_code == 200
        assert answer.headers["Content-Disposition"].startswith("inline" if inline else "attach")
        assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
    small = live.client("ann").get(f"{decision['files'][0]['url']}?size=small")
    assert small.content_type == "image/webp"
    told = live.client("bob").get(f"{API}/files/{files[0]}")
    absent = live.client("bob").get(f"{API}/files/{ABSENT}")
    assert told.status_code == absent.status_code == 404
    assert {**told.json, "instance": ""} == {**absent.json, "instance": ""}


MALFORMED = [
    ("x", ("value.wrong_type", "/files")),
    (None, ("value.wrong_type", "/files")),
    ({}, ("value.wrong_type", "/files")),
    ([1], ("value.wrong_type", "/files/0")),
    ([ABSENT, {"id": ABSENT}], ("value.wrong_type", "/files/1")),
    ([ABSENT, ABSENT], ("files.twice", "/files/1")),
    ([ABSENT] * 11, ("files.too_many", "/files")),
    ([ABSENT], ("file.unknown", "/files/0")),
    (["' OR 1=1"], ("file.unknown", "/files/0")),
]


def test_what_is_no_list_of_own_files_is_refused_and_nothing_changes(
    live: Live, submitted: tuple[Surfer, str], surfer: Surfers
) -> None:
    _, record_id = submitted
    task = task_of(surfer, record_id)
    for files, problem in MALFORMED:
        for name in ("approve", "comment"):
            answer = act(live, task, name, {"comment": REASON, "files": files})
            assert answer.status_code == 422
            assert codes(answer) == [problem]
            assert answer.json["problems"][0]["hint"]
    assert said(live, "admin", record_id) == []


def test_several_at_once_take_no_files(live: Live) -> None:
    answer = live.client("manager").post(
        f"{API}/tasks/bulk",
        json={"action": "approve", "items": [{"id": ABSENT, "version": 1}], "files": [ABSENT]},
    )
    assert answer.status_code == 422


# -- pages -----------------------------------------------------------------------------------------


def kept(file_id: str, name: str, kind: str = "image/png") -> dict[str, Any]:
    """What the script puts into a form for a file that it sent."""
    return {f"files:={file_id}": json.dumps({"name": name, "size": 5, "type": kind})}


def test_what_was_attached_stays_until_the_decision_counts(
    live: Live, submitted: tuple[Surfer, str], surfer: Surfers
) -> None:
    ann, record_id = submitted
    manager = surfer("manager")
    file_id = uploaded(live, "manager", png(), "glass.png")
    page = manager.get(manager.task_about(record_id))
    form = page.form("/approve")
    form.action = form.action.replace("/approve", "/reject")
    refused = manager.send_values(form, {"comment": "no", **kept(file_id, "glass.png")})
    assert refused.status == 422
    assert "glass.png" in refused.text
    again = refused.form("/approve")
    assert f"files:={file_id}" in again.values
    again.action = again.action.replace("/approve", "/reject")
    assert manager.send_values(again, {"comment": REASON}).status == 303
    shown = ann.get(f"/o/claim/{record_id}").response.text
    assert f'/files/{file_id}?size=small"' in shown
    assert ann.get(f"/files/{file_id}").response.data == png()


def test_without_script_files_come_with_the_form(
    live: Live, submitted: tuple[Surfer, str], surfer: Surfers
) -> None:
    ann, record_id = submitted
    manager = surfer("manager")
    form = manager.get(manager.task_about(record_id)).form("/return")
    sent = [(io.BytesIO(PDF), "one.pdf"), (io.BytesIO(png()), "two.png")]
    short = manager.send_values(form, {"comment": "no", "files:file": sent})
    assert short.status == 422
    assert "one.pdf" in short.text
    again = short.form("/return")
    assert len([name for name in again.values if name.startswith("files:=")]) == 2
    done = manager.send(again, comment=REASON)
    assert done.status == 303, done.text
    shown = ann.get(f"/o/claim/{record_id}").text
    assert "one.pdf" in shown
    assert "two.png" in shown


def test_a_file_that_may_not_be_kept_stops_the_decision(
    live: Live, submitted: tuple[Surfer, str], surfer: Surfers
) -> None:
    manager = surfer("manager")
    task = manager.task_about(submitted[1])
    form = manager.get(task).form("/approve")
    refused = manager.send_values(form, {"files:file": (io.BytesIO(b""), "empty.txt")})
    assert refused.status == 422
    assert "“empty.txt” is empty" in refused.text
    theirs = uploaded(live, "boss")
    refused = manager.send_values(form, {**kept(theirs, "<script>alert(4)</script>")})
    assert refused.status == 422
    assert "File 1 of the comment cannot be used here" in refused.text
    assert "<script>alert(4)" not in refused.response.text
    assert said(live, "admin", submitted[1]) == []


def test_an_opinion_has_files_which_partners_do_not_see(
    live: Live, submitted: tuple[Surfer, str], surfer: Surfers
) -> None:
    ann, record_id = submitted
    manager, admin = surfer("manager"), surfer("admin")
    form = manager.get(manager.task_about(record_id)).form("/ask_opinion")
    assert manager.send(form, to=live.ids["admin"], comment="Usual?").status == 303
    file_id = uploaded(live, "admin", PDF, "usual.pdf")
    opened = admin.get(admin.task_about(record_id)).form("/comment")
    values = {"comment": "Quite", **kept(file_id, "usual.pdf", "application/pdf")}
    assert admin.send_values(opened, values).status == 303
    assert "usual.pdf" in manager.get(manager.task_about(record_id)).text
    assert "usual.pdf" not in ann.get(f"/o/claim/{record_id}").text
    assert ann.get(f"/files/{file_id}").status == 404


def test_who_has_a_part_in_the_record_may_say_something_with_a_file(
    live: Live, surfer: Surfers
) -> None:
    ann, admin, manager = (live.client(login) for login in ("ann", "admin", "manager"))
    items = [{"what": "Glass", "qty": "30", "price": "10"}]
    made = ann.post(f"{API}/records/claim", json={"subject": "Mended", "items": items}).json
    path = f"{API}/records/claim/{made['id']}"
    changed = admin.patch(path, json={"subject": "Mended again"}, headers={"If-Match": '"1"'})
    assert changed.status_code == 200, changed.text
    version = {"If-Match": f'"{changed.json["version"]}"'}
    assert ann.post(f"{path}/transitions/submit", json={}, headers=version).status_code == 200
    day = live.platform.perform_as_system(lambda context: context.today().isoformat())
    given = {"delegate": live.ids["admin"], "first_day": day, "last_day": day}
    delegation = manager.post(f"{API}/delegations", json=given)
    assert delegation.status_code == 201, delegation.text
    person = surfer("admin")
    page = person.get(person.task_about(made["id"]))
    assert "others decide" in page.text
    file_id = uploaded(live, "admin", PDF, "mended.pdf")
    said_so = {"comment": "I mended it", **kept(file_id, "mended.pdf", "application/pdf")}
    assert person.send_values(page.form("/comment"), said_so).status == 303
    manager.post(f"{API}/delegations/{delegation.json['id']}/end", json={})
    assert [one["files"][0]["id"] for one in said(live, "manager", made["id"])] == [file_id]

"""Links in mail: they show and ask, decide once for the one who was asked, and open nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from html import unescape
from typing import Any
from urllib.parse import urlsplit

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from headrace.blueprints.approvals.opened import is_plain
from headrace.platform.core.clock import FixedClock, RealClock
from headrace.platform.forms.field_view import field_view
from headrace.platform.records import reader as records
from headrace.platform.workflow.tables import DECISION, TASK
from tests.support.files import uploaded
from tests.support.live import PASSWORD, Live, open_live
from tests.support.mail_server import MailBox, taking_mail
from tests.support.surfing import Surfer

BASE = "https://orders.example.com"


@pytest.fixture(scope="module")
def box() -> Iterator[MailBox]:
    with taking_mail() as found:
        yield found


@pytest.fixture(scope="module")
def live(shared_database_url: str, box: MailBox) -> Iterator[Live]:
    found = open_live(
        shared_database_url,
        HEADRACE_SMTP_URL=f"smtp+plain://127.0.0.1:{box.port}",
        HEADRACE_MAIL_FROM="headrace@example.com",
        HEADRACE_BASE_URL=BASE,
    )
    with found.platform.database.writing(None) as work:
        for login in ("ann", "bob", "manager", "fin"):
            found.platform.identity.set_password(work, found.ids[login], PASSWORD)
            email = f"{login}@example.com"
            found.platform.identity.update_user(work, found.ids[login], email=email)
    yield found
    found.platform.close()


@pytest.fixture
def link(live: Live, box: MailBox, submitted: tuple[Surfer, str]) -> str:
    """The path of the link in the letter that asked the manager about a new claim."""
    box.taken.clear()
    live.platform.worker().drain()
    [letter] = [one for one in box.taken if one.to == ["manager@example.com"]]
    [address] = {word for word in letter.text.split() if "/task-link/" in word}
    assert address in letter.html
    assert address.startswith(f"{BASE}/task-link/"), "whatever a request says of its host"
    assert "do not forward" in letter.text
    return urlsplit(address).path


class Reader:
    """A browser without a session."""

    def __init__(self, live: Live) -> None:
        # The address that people use is an https one.
        self.client: FlaskClient = live.app.test_client()
        self.page, self.csrf = "", ""

    def get(self, path: str, **more: Any) -> TestResponse:
        headers = {"Accept-Language": "en"}
        answer = self.client.get(path, base_url=BASE, headers=headers, **more)
        self.page = answer.get_data(as_text=True)
        self.csrf = self.value("csrf") or self.csrf
        return answer

    def post(self, path: str, **data: str) -> TestResponse:
        sent = {"csrf": self.csrf, "version": self.value("version") or "1", **data}
        headers = {"Accept-Language": "en"}
        answer = self.client.post(path, base_url=BASE, headers=headers, data=sent)
        self.page = answer.get_data(as_text=True)
        return answer

    def value(self, name: str) -> str:
        _, found, rest = self.page.partition(f'name="{name}" value="')
        return rest.partition('"')[0] if found else ""


@pytest.fixture
def reader(live: Live) -> Reader:
    return Reader(live)


def task_of(live: Live, record_id: str, login: str = "manager") -> Any:
    query = sa.select(TASK).where(TASK.c.record_id == record_id, TASK.c.user == live.ids[login])
    with live.platform.database.reading() as reading:
        return reading.connection.execute(query.order_by(TASK.c.id.desc())).first()


def decisions(live: Live, record_id: str) -> list[Any]:
    query = sa.select(DECISION).join(TASK, TASK.c.id == DECISION.c.task)
    query = query.where(TASK.c.record_id == record_id)
    with live.platform.database.reading() as reading:
        return list(reading.connection.execute(query.order_by(DECISION.c.id)))


def link_for(live: Live, record_id: str, login: str = "manager") -> str:
    with live.platform.database.reading() as reading:
        task = task_of(live, record_id, login)
        token = live.platform.task_links.token(reading.connection, live.ids[login], task)
    return f"/task-link/{token}"


def test_it_shows_and_asks_and_decides_once(
    live: Live, link: str, reader: Reader, submitted: tuple[Surfer, str]
) -> None:
    ann, record_id = submitted
    for method in ("get", "head", "options", "get"):
        assert getattr(reader.client, method)(link, base_url=BASE).status_code == 200
    assert task_of(live, record_id).state == "open", "scanners of mail open links"
    answer = reader.get(link)
    assert "300.00" in reader.page
    assert "Glass" in reader.page
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cache-Control"] == "no-store"
    assert "noindex" in answer.headers["X-Robots-Tag"]
    decided = reader.post(link, action="approve", comment="Fine by mail")
    assert (decided.status_code, urlsplit(decided.location).path) == (303, link)
    assert "You approved it." in reader.get(f"{link}?done=approve").get_data(as_text=True)
    [made] = [one for one in decisions(live, record_id) if one.action == "approve"]
    assert (made.user, made.through, made.comment) == (
        live.ids["manager"],
        "mail",
        "Fine by mail",
    )
    assert "by a link in mail" in ann.get(f"/o/claim/{record_id}").text
    history = live.client("admin").get(f"/api/v1/records/claim/{record_id}/history").json
    assert "mail" in {one["through"] for one in history["items"]}
    again = reader.post(link, action="reject", comment="I changed my mind", version="1")
    assert "has been decided" in again.get_data(as_text=True)
    assert len([one for one in decisions(live, record_id) if one.user == made.user]) == 1
    assert reader.client.get("/inbox", base_url=BASE).status_code == 303, "it is no session"
    cookies = [one.key for one in reader.client._cookies.values()]
    assert [one for one in cookies if "session" in one] == []


def test_a_rejection_needs_its_reason_there_too(
    live: Live, link: str, reader: Reader, submitted: tuple[Surfer, str]
) -> None:
    _, record_id = submitted
    reader.get(link)
    assert reader.post(link, action="reject").status_code == 422
    assert "at least 5" in reader.page
    assert reader.post(link, action="reject", comment="Too expensive").status_code == 303
    assert task_of(live, record_id).state == "rejected"


def test_nothing_is_decided_without_the_form_of_this_page(
    live: Live, link: str, reader: Reader, submitted: tuple[Surfer, str]
) -> None:
    _, record_id = submitted
    reader.get(link)
    assert reader.post(link, action="approve", csrf="").status_code == 403
    reader.get(link)
    foreign = Reader(live)
    foreign.get(link)
    assert reader.post(link, action="approve", csrf=foreign.value("csrf")).status_code == 403
    for data in (
        {"action": "transfer", "to": live.ids["fin"]},
        {"action": "add_approver", "to": live.ids["fin"]},
        {"action": "return"},
        {"action": "take_back"},
        {"action": "approve", "version": "x"},
        {"action": "approve", "version": "99"},
        {},
    ):
        reader.get(link)
        assert reader.post(link, **data).status_code in (200, 409), data
    assert task_of(live, record_id).state == "open"
    assert decisions(live, record_id) == []


def test_what_is_not_ours_opens_nothing(
    live: Live, link: str, reader: Reader, submitted: tuple[Surfer, str]
) -> None:
    _, record_id = submitted
    token = link.removeprefix("/task-link/")
    content, mark, sign = token.rpartition(".")
    other = "A" if sign[-1] != "A" else "B"
    forged = live.platform.task_links._signer.dumps(["x"] * 6)
    wrong = [
        token[:-1] + other,
        token[:-1],
        token + "A",
        token + "=",
        content,
        content[1:] + mark + sign,
        content.swapcase() + mark + sign,
        "x" * 5_000,
        forged.replace(".", "..", 1),
    ]
    # Each other last character of the signature: some decode to the same bytes.
    wrong += [token[:-1] + one for one in "ABCDwxyz0123_-" if one != token[-1]]
    answers = {reader.get(f"/task-link/{one}").status_code for one in wrong}
    assert answers == {404}
    assert "300.00" not in reader.page
    reader.get(link)
    for one in wrong[:3]:
        assert reader.post(f"/task-link/{one}", action="approve").status_code == 404
    assert task_of(live, record_id).state == "open"


def test_somebody_else_who_is_signed_in_here_cannot_use_it(
    live: Live, link: str, surfer: Callable[..., Surfer], submitted: tuple[Surfer, str]
) -> None:
    ann, record_id = submitted
    bob = surfer("bob")
    for person in (bob, ann):
        page = person.get(link)
        assert page.status == 403
        assert "300.00" not in page.text
        assert "somebody else" in page.text
    assert surfer("manager").get(link).status == 200, "its own reader may be signed in"
    assert task_of(live, record_id).state == "open"


def test_it_ends_by_the_clock(
    live: Live, link: str, reader: Reader, submitted: tuple[Surfer, str]
) -> None:
    _, record_id = submitted
    links = live.platform.task_links
    ends = links.read(link.removeprefix("/task-link/")).ends
    reader.get(link)
    try:
        links.clock = FixedClock(ends - timedelta(seconds=1))
        assert reader.get(link).status_code == 200
        links.clock = FixedClock(ends)
        assert reader.post(link, action="approve").status_code == 410
        assert reader.get(link).status_code == 410
        assert "too old" in reader.page
    finally:
        links.clock = RealClock()
    assert task_of(live, record_id).state == "open"


def test_it_shows_what_others_have_said(
    live: Live,
    link: str,
    reader: Reader,
    surfer: Callable[..., Surfer],
    submitted: tuple[Surfer, str],
) -> None:
    _, record_id = submitted
    manager = surfer("manager")
    assert "please look" not in reader.get(link).get_data(as_text=True)
    page = manager.get(manager.task_about(record_id))
    said = {"to": live.ids["fin"], "comment": "I am away, please look"}
    assert manager.send(page.form("/transfer"), **said).status == 303
    reader.get(link_for(live, record_id, "fin"))
    track = reader.page.partition('<ol class="chain">')[2].partition("</ol>")[0]
    assert "I am away, please look" in track


def test_a_transfer_and_a_take_back_end_it(
    live: Live,
    link: str,
    reader: Reader,
    surfer: Callable[..., Surfer],
    submitted: tuple[Surfer, str],
) -> None:
    _, record_id = submitted
    manager = surfer("manager")
    page = manager.get(manager.task_about(record_id))
    reader.get(link)
    moved = manager.send(page.form("/transfer"), to=live.ids["fin"], comment="Please look")
    assert moved.status == 303
    assert reader.post(link, action="approve").status_code == 409
    assert "given to Fin" in reader.page
    assert reader.get(link).status_code == 200
    assert "300.00" not in reader.page
    own = link_for(live, record_id, "fin")
    assert Reader(live).get(own).status_code == 200
    assert [one.action for one in decisions(live, record_id)] == ["transfer"]


def test_a_decision_that_was_taken_back_ends_the_links_of_before(
    live: Live,
    link: str,
    reader: Reader,
    surfer: Callable[..., Surfer],
    submitted: tuple[Surfer, str],
) -> None:
    _, record_id = submitted
    links = live.platform.task_links
    task = task_of(live, record_id)
    with live.platform.database.writing(None) as work:
        change = sa.update(TASK).where(TASK.c.id == task.id)
        work.connection.execute(change.values(round=(task.round or 1) + 1))
    reader.get(link)
    assert "taken back" in reader.page
    assert links.standing(links.read(link.removeprefix("/task-link/")))[0] == "again"
    assert Reader(live).get(link_for(live, record_id)).status_code == 200


def test_a_record_that_changed_is_shown_as_it_is_and_asked_for_again(
    live: Live, link: str, reader: Reader, submitted: tuple[Surfer, str]
) -> None:
    _, record_id = submitted
    reader.get(link)
    with live.platform.database.writing(None) as work:
        change = sa.update(TASK).where(TASK.c.record_id == record_id)
        work.connection.execute(change.values(version=TASK.c.version + 1))
    assert reader.post(link, action="approve").status_code == 409
    assert "changed since the mail" in reader.page
    assert reader.post(link, action="approve").status_code == 303, "as it was seen now"
    assert task_of(live, record_id).state == "approved"


def test_it_dies_with_the_password_and_with_the_account(
    live: Live, link: str, reader: Reader, submitted: tuple[Surfer, str]
) -> None:
    _, record_id = submitted
    identity, user_id = live.platform.identity, live.ids["manager"]
    reader.get(link)
    with live.platform.database.writing(None) as work:
        identity.set_password(work, user_id, PASSWORD + "!")
    assert reader.post(link, action="approve").status_code == 404
    assert reader.get(link).status_code == 404
    second = link_for(live, record_id)
    assert reader.get(second).status_code == 200
    with live.platform.database.writing(None) as work:
        identity.update_user(work, user_id, active=False)
    try:
        assert reader.get(second).status_code == 404
        assert reader.post(second, action="approve").status_code == 404
    finally:
        with live.platform.database.writing(None) as work:
            identity.update_user(work, user_id, active=True)
            identity.set_password(work, user_id, PASSWORD)


def test_a_link_of_one_task_says_nothing_of_another(
    live: Live, link: str, reader: Reader, submitted: tuple[Surfer, str]
) -> None:
    _, record_id = submitted
    links = live.platform.task_links
    content = links._signer.loads(link.removeprefix("/task-link/"))
    of_another = links._signer.dumps([live.platform.ids.record_id(), *content[1:]])
    assert "no longer needed" in reader.get(f"/task-link/{of_another}").get_data(as_text=True)
    for_another = links._signer.dumps([content[0], live.ids["bob"], *content[2:]])
    assert reader.get(f"/task-link/{for_another}").status_code == 404
    for path in (f"/o/claim/{record_id}", f"/api/v1/records/claim/{record_id}", "/inbox"):
        assert reader.client.get(path, base_url=BASE).status_code in (303, 401)


def test_no_log_holds_a_link(
    live: Live, link: str, reader: Reader, monkeypatch: pytest.MonkeyPatch, caplog: Any
) -> None:
    """An error on the way is logged with its place, by which nobody can decide."""

    def breaks(*_: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(type(live.platform.task_links), "standing", breaks)
    monkeypatch.setitem(live.app.config, "PROPAGATE_EXCEPTIONS", False)
    assert reader.get(link).status_code == 500
    assert "unexpected error" in caplog.text
    assert "/task-link/<token>" in caplog.text
    assert link.removeprefix("/task-link/") not in caplog.text


def test_no_links_where_the_setting_says_so(
    live: Live, link: str, submitted: tuple[Surfer, str]
) -> None:
    links = live.platform.task_links
    hours, links._hours = links._hours, 0
    try:
        assert Reader(live).get(link).status_code == 410
        news = live.platform.notifications.latest(live.ids["manager"])[0]
        row = type("Row", (), {"task": news.task_id, "kind": news.kind, "user": "x"})
        with live.platform.database.reading() as reading:
            assert links.address_for(reading.connection, row) is None
    finally:
        links._hours = hours


def test_fields_that_the_step_opens_are_filled_in_there(
    live: Live, surfer: Callable[..., Surfer], reader: Reader
) -> None:
    ann, manager = live.renewed_client("ann"), surfer("manager")
    items = [{"what": "Pump", "qty": "1", "price": "90000"}]
    made = ann.post("/api/v1/records/claim", json={"subject": "Pumps", "items": items}).json
    record_id, headers = made["id"], {"If-Match": f'"{made["version"]}"'}
    submit = f"/api/v1/records/claim/{record_id}/transitions/submit"
    assert ann.post(submit, json={}, headers=headers).status_code == 200
    live.platform.worker().drain()
    form = manager.get(manager.task_about(record_id)).form("/approve")
    live.renewed_client("manager")
    photo = uploaded(live, "manager", name="seen.pdf")
    assert manager.send_values(form, {f"files:={photo}": "{}"}).status == 303
    path = link_for(live, record_id, "fin")
    assert 'name="f.reserve"' in reader.get(path).get_data(as_text=True)
    # Files of others are named: to open one, people sign in.
    assert "seen.pdf" in reader.page
    assert f"/files/{photo}" not in reader.page
    was = unescape(reader.value("was"))
    wrong = reader.post(path, action="approve", **{"f.reserve": "much"})
    assert wrong.status_code == 422
    assert 'value="much"' in reader.page
    assert 'aria-invalid="true"' in reader.page
    own = surfer("fin")
    opened = own.get(own.task_about(record_id)).form("/approve")
    refused = own.send_values(opened, {"f.reserve": "much"})
    assert refused.status == 422
    assert 'aria-invalid="true"' in refused.response.text
    # What the step does not open is not taken.
    sent = {"f.reserve": "12.50", "f.subject": "Taken over", "was": was}
    assert reader.post(path, action="approve", **sent).status_code == 303
    found = live.platform.perform_as_system(lambda c: records.get(c, "claim", record_id))
    assert found["reserve"] == "12.50"
    assert found["subject"] != "Taken over"


def test_what_needs_script_or_a_session_is_not_offered_there(live: Live) -> None:
    catalog = live.platform.catalogs.current().catalog
    fields = catalog.objects["claim"].fields
    assert is_plain(field_view(catalog, fields["reserve"]))
    assert not is_plain(field_view(catalog, fields["company"]))

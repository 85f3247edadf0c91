"""Mail to a real server: one letter a person, again where the server is away, never with a foreign header."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from headrace.platform.access.tables import USER
from headrace.platform.core.problems import Text
from headrace.platform.jobs.tables import JOB, NOTIFICATION
from headrace.platform.mailing.sending import GIVEN_UP_AFTER, next_digest
from headrace.platform.mailing.server import MailServer, ServerAwayError
from headrace.platform.mailing.tables import NOTIFICATION_CHOICE
from tests.support.live import Live, open_live
from tests.support.mail_server import MailBox, certificate, taking_mail

BASE = "https://orders.example.com"
SENDER = "headrace@example.com"


@pytest.fixture(scope="module")
def box() -> Iterator[MailBox]:
    with taking_mail() as found:
        yield found


@pytest.fixture(scope="module")
def world(shared_database_url: str, box: MailBox) -> Iterator[Live]:
    made = open_live(
        shared_database_url,
        HEADRACE_SMTP_URL=f"smtp+plain://127.0.0.1:{box.port}",
        HEADRACE_MAIL_FROM=SENDER,
        HEADRACE_BASE_URL=BASE,
    )
    yield made
    made.platform.close()


@pytest.fixture
def live(world: Live, box: MailBox) -> Live:
    """The platform with nothing on its way, its people reachable, and a server that takes all."""
    box.taken.clear()
    box.to_letters, box.to_recipients, box.cut = ["250 OK"], ["250 OK"], False
    server = world.platform.mailing
    server._away_until, server._failures = None, 0
    with world.platform.database.writing(None) as work:
        for table in (JOB, NOTIFICATION, NOTIFICATION_CHOICE):
            work.connection.execute(sa.delete(table))
    for login in ("ann", "bob", "fin"):
        change(world, login, email=f"{login}@example.com", active=True, language="en")
    change(world, "fin", language="zh", name="财务")
    return world


def change(live: Live, login: str, **values: Any) -> None:
    with live.platform.database.writing(None) as work:
        here = sa.update(USER).where(USER.c.id == live.ids[login])
        work.connection.execute(here.values(**values))


def tell(live: Live, *logins: str, kind: str = "task.asked", text: Text | None = None) -> None:
    said = text or Text("Ann asks you", "Ann 请您审批")
    users = [live.ids[one] for one in logins]
    send = live.platform.notifications.send
    live.platform.write_as_system(lambda _, work: send(work, users, kind, said))


def drain(live: Live) -> None:
    live.platform.worker().drain()


def time_passes(live: Live) -> None:
    """Let every job that waits by the machine's clock be due now."""
    live.platform.mailing._away_until = None
    with live.platform.database.writing(None) as work:
        here = sa.update(JOB).where(JOB.c.state == "started")
        work.connection.execute(here.values(leased_until=work.now))


def mail_jobs(live: Live) -> list[Any]:
    query = sa.select(JOB).where(JOB.c.kind.in_(("mail", "mail_digest"))).order_by(JOB.c.id)
    with live.platform.database.reading() as reading:
        return list(reading.connection.execute(query))


def choose(live: Live, login: str, **ways: str) -> None:
    answer = live.client(login).put("/api/v1/me/notification-choices", json=ways)
    assert answer.status_code == 200, answer.json


def test_each_person_gets_a_letter_of_their_own_in_their_language(live: Live, box: MailBox):
    tell(live, "ann", "fin", "bob", "ann")
    assert box.taken == [], "nothing leaves before the commit"
    drain(live)
    found = {one.to[0]: one for one in box.taken}
    assert sorted(found) == ["ann@example.com", "bob@example.com", "fin@example.com"]
    assert all(len(one.to) == 1 and one.sender == SENDER for one in box.taken)
    ann, fin = found["ann@example.com"], found["fin@example.com"]
    assert ann.letter["Subject"] == "Ann asks you"
    assert fin.letter["Subject"] == "Ann 请您审批"
    assert str(fin.letter["To"]) == "财务 <fin@example.com>"
    assert "财务，您好：" in fin.text
    assert 'lang="zh-CN"' in fin.html
    assert ann.letter["Auto-Submitted"] == "auto-generated"
    assert f"{BASE}/notifications/settings" in ann.text
    [address] = [word for word in ann.text.split() if f"{BASE}/notifications/0" in word]
    assert address in ann.html
    path = address.removeprefix(BASE)
    assert live.client().get(path).status_code == 303, "to the sign-in page"


def test_people_choose_by_topic(live: Live, box: MailBox):
    choose(live, "ann", tasks="inside")
    tell(live, "ann", "bob")
    tell(live, "ann", kind="automation.told")
    choose(live, "bob", automations="mail")
    tell(live, "bob", kind="automation.told", text=Text("Else", "其他"))
    drain(live)
    assert [(one.to[0], one.letter["Subject"]) for one in box.taken] == [
        ("bob@example.com", "Ann asks you"),
        ("bob@example.com", "Else"),
    ]
    told = live.client("ann").get("/api/v1/me/notification-choices").json
    assert told["mail"] is True
    assert told["choices"]["tasks"] == "inside"
    assert told["choices"]["reminders"] == "mail", "the others stay"
    for wrong, code in (
        ({"tasks": "fax"}, "notification.unknown_way"),
        ({"tasks": None}, "notification.unknown_way"),
        ({"cheese": "mail"}, "request.unknown_key"),
    ):
        answer = live.client("ann").put("/api/v1/me/notification-choices", json=wrong)
        assert (answer.status_code, answer.json["problems"][0]["code"]) == (422, code)


def test_a_digest_is_one_letter_at_eight_on_the_readers_wall(live: Live, box: MailBox):
    choose(live, "ann", tasks="digest")
    for number in range(3):
        tell(live, "ann", text=Text(f"Number {number}", f"第 {number} 条"))
    drain(live)
    assert box.taken == []
    with live.platform.database.reading() as reading:
        query = sa.select(NOTIFICATION.c.id).order_by(NOTIFICATION.c.id)
        first = reading.connection.execute(query).scalars().first()
    with live.platform.database.writing(None) as work:
        live.platform.notifications.mark_read(work, live.ids["ann"], [str(first)])
    [job] = mail_jobs(live)
    assert job.due.astimezone(ZoneInfo("Asia/Shanghai")).time().isoformat() == "08:00:00"
    with live.platform.database.writing(None) as work:
        due = sa.update(JOB).where(JOB.c.id == job.id).values(due=work.now)
        work.connection.execute(due)
    drain(live)
    [digest] = box.taken
    assert digest.letter["Subject"] == "2 new notifications", "what was read by then is not news"
    assert "Number 0" not in digest.text
    assert "Number 1" in digest.text
    assert "Number 2" in digest.html
    tell(live, "ann", text=Text("Tomorrow", "明天"))
    drain(live)
    again = next(one for one in mail_jobs(live) if one.state == "waiting")
    with live.platform.database.writing(None) as work:
        work.connection.execute(sa.update(JOB).where(JOB.c.id == again.id).values(due=work.now))
    drain(live)
    assert box.taken[-1].letter["Subject"] == "Tomorrow", "each is named once"


@pytest.mark.parametrize(
    ("zone", "now", "due"),
    [
        ("Asia/Shanghai", "2025-06-30T00:00", "2025-07-01T00:00"),
        ("Asia/Shanghai", "2025-06-29T23:59", "2025-06-30T00:00"),
        ("America/New_York", "2025-03-08T20:00", "2025-03-09T12:00"),
        ("America/New_York", "2025-11-01T20:00", "2025-11-02T13:00"),
    ],
)
def test_the_digest_goes_at_eight_also_where_clocks_change(zone: str, now: str, due: str):
    instant = datetime.fromisoformat(now).replace(tzinfo=UTC)
    assert next_digest(instant, ZoneInfo(zone)) == datetime.fromisoformat(due).replace(tzinfo=UTC)


def test_a_server_that_is_away_costs_no_letter_and_is_left_alone(live: Live, box: MailBox):
    box.to_letters = ["421 later", "250 OK"]
    tell(live, "ann", "bob")
    drain(live)
    [waiting] = [one for one in mail_jobs(live) if one.state != "done"]
    assert (waiting.state, waiting.attempts, waiting.error) == ("started", 0, "letter: 421")
    for _ in range(2):
        time_passes(live)
        drain(live)
    assert sorted(one.to[0] for one in box.taken) == ["ann@example.com", "bob@example.com"]
    with taking_mail() as gone:
        pass
    away = MailServer("smtp+plain", "127.0.0.1", gone.port, "", "", SENDER)
    kept, live.platform.mailing.server = live.platform.mailing.server, away
    try:
        tell(live, "ann", "bob", "fin")
        drain(live)
    finally:
        live.platform.mailing.server = kept
    assert live.platform.mailing._failures == 1, "asked once, for all three letters"
    assert {one.attempts for one in mail_jobs(live) if one.state == "started"} == {0}
    time_passes(live)
    drain(live)
    assert len(box.taken) == 5


def test_a_letter_that_was_taken_before_the_answer_got_lost_comes_again_with_its_id(
    live: Live, box: MailBox
):
    box.cut = True
    tell(live, "ann")
    drain(live)
    box.cut = False
    time_passes(live)
    drain(live)
    first, second = box.taken
    assert first.letter["Message-ID"] == second.letter["Message-ID"]
    [job] = mail_jobs(live)
    assert first.letter["Message-ID"] == f"<{job.id}@orders.example.com>"


def test_what_the_server_never_takes_is_given_up_and_can_be_tried_again(live: Live, box: MailBox):
    box.to_recipients = ["550 nobody", "250 OK"]
    tell(live, "ann")
    drain(live)
    [dead] = mail_jobs(live)
    assert (dead.state, dead.error) == ("dead", "recipient: 550")
    with live.platform.database.writing(None) as work:
        live.platform.queue.retry(work, str(dead.id))
    drain(live)
    assert [one.to for one in box.taken] == [["ann@example.com"]]


def test_a_letter_is_given_up_after_days(live: Live, box: MailBox):
    box.to_letters = ["451 later"]
    tell(live, "ann")
    drain(live)
    with live.platform.database.writing(None) as work:
        old = work.now - GIVEN_UP_AFTER - timedelta(minutes=1)
        here = sa.update(JOB).where(JOB.c.kind == "mail")
        work.connection.execute(here.values(created=old))
    time_passes(live)
    drain(live)
    [job] = mail_jobs(live)
    assert (job.state, job.error) == ("dead", "letter: 451")


NASTY = "Hi\r\nBcc: eve@example.com\r\n\r\nbody\u2028x\u202e"


def test_no_text_can_add_a_header_or_mark_up(live: Live, box: MailBox):
    change(live, "ann", name='Ann\r\nBcc: eve@example.com "x" <y@z>')
    tell(live, "ann", text=Text(NASTY + "<script>alert(1)</script>", "x"))
    drain(live)
    [taken] = box.taken
    assert taken.to == ["ann@example.com"]
    assert taken.letter["Bcc"] is None
    assert set(taken.letter) == {
        *("Subject", "From", "To", "Message-ID", "Date", "Auto-Submitted"),
        *("X-Auto-Response-Suppress", "MIME-Version", "Content-Type"),
    }
    assert "\n" not in taken.letter["Subject"]
    assert [one.addr_spec for one in taken.letter["To"].addresses] == ["ann@example.com"]
    assert "<script" not in taken.html
    assert "&lt;script&gt;" in taken.html


@pytest.mark.parametrize(
    "address",
    [
        None,
        "",
        "x",
        "a@b\r\nBcc: eve@example.com",
        "a@b, eve@example.com",
        "a@b> <eve@example.com",
        "é@example.com",
        '"a b"@example.com',
        "a@example.com ",
        "a@[127.0.0.1]",
        ".a@example.com",
        "a..b@example.com",
        "a@example..com",
        "a@-example.com",
    ],
)
def test_who_has_no_plain_address_gets_no_mail(live: Live, box: MailBox, address: str | None):
    change(live, "ann", email=address)
    tell(live, "ann")
    drain(live)
    assert (box.taken, mail_jobs(live)) == ([], [])


def test_an_account_that_ended_meanwhile_gets_none(live: Live, box: MailBox):
    tell(live, "ann")
    notify = live.platform.worker()
    assert notify.run_once(), "the notification is written, the letter asked for"
    change(live, "ann", active=False)
    drain(live)
    [job] = mail_jobs(live)
    assert (box.taken, job.state, job.result) == ([], "done", {"mail": "no_reader"})


def test_the_password_goes_through_tls_only_and_only_to_whom_the_certificate_names(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
):
    letter = EmailMessage()
    letter["From"], letter["To"], letter["Subject"] = SENDER, "ann@example.com", "x"
    letter.set_content("x")
    files = certificate(tmp_path)
    with taking_mail(files) as secure:
        url = f"smtp://me:p%40ss@localhost:{secure.port}"
        server = MailServer.of(url, SENDER)
        assert server is not None
        assert "p@ss" not in repr(server)
        with pytest.raises(ServerAwayError, match="SSLCertVerificationError"):
            server.send(letter, "ann@example.com")
        monkeypatch.setenv("SSL_CERT_FILE", str(files[0]))
        server.send(letter, "ann@example.com")
        assert secure.sign_ins == [("me", "p@ss")]
        assert len(secure.taken) == 1
        other = MailServer.of(url.replace("localhost", "127.0.0.1"), SENDER)
        assert other is not None
        with pytest.raises(ServerAwayError):
            other.send(letter, "ann@example.com")
    with taking_mail() as plain:
        open_ = MailServer.of(f"smtp://me:secret@localhost:{plain.port}", SENDER)
        assert open_ is not None
        with pytest.raises(ServerAwayError):
            open_.send(letter, "ann@example.com")
        assert plain.sign_ins == [], "no password without TLS"

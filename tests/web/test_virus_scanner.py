"""A virus scanner looks into files before they are kept; what it does not call clean goes nowhere."""

from __future__ import annotations

import io
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from headrace.platform.core.errors import RefusedError
from headrace.platform.files import scanning
from headrace.platform.files.scanning import Clamd
from headrace.platform.files.store import PART_BYTES, Upload
from headrace.platform.files.tables import FILE
from tests.support.clamd import BAD, Daemon, running_daemon
from tests.support.files import PDF, open_live_with_files, send_file
from tests.support.live import PASSWORD, Live
from tests.support.surfing import Surfer


@pytest.fixture
def daemon() -> Iterator[Daemon]:
    with running_daemon() as found:
        yield found


@pytest.fixture
def live(database_url: str, daemon: Daemon) -> Iterator[Live]:
    found = open_live_with_files(database_url, HEADRACE_SCANNER=daemon.address)
    found.add_user("cho", "dealer", organisation=found.ids["acme"], password=PASSWORD)
    yield found
    found.platform.close()


def kept(live: Live) -> int:
    with live.platform.database.reading() as reading:
        return int(
            reading.connection.execute(sa.select(sa.func.count()).select_from(FILE)).scalar_one()
        )


def test_a_clean_file_is_kept_and_an_infected_one_is_not(live: Live, daemon: Daemon) -> None:
    large = PDF + b"x" * (2 * PART_BYTES)
    assert send_file(live, "ann", large, "a.pdf").status_code == 201
    assert daemon.seen == [large]
    for language, said in (
        ("en", "the scan found Trial.Pattern-1"),
        ("zh", "扫描发现 Trial.Pattern-1"),
    ):
        refused = send_file(live, "ann", PDF + BAD, "b.pdf", language=language)
        assert refused.status_code == 422
        (problem,) = refused.json["problems"]
        assert (problem["code"], problem["path"]) == ("file.infected", "/file")
        assert said in problem["message"]
    assert kept(live) == 1


def test_while_the_scanner_does_not_say_that_it_is_clean_nothing_is_kept(
    live: Live, daemon: Daemon, caplog: pytest.LogCaptureFixture
) -> None:
    def refused() -> str:
        answer = send_file(live, "ann", PDF, "a.pdf")
        assert answer.status_code == 422
        return str(answer.json["problems"][0]["code"])

    daemon.silent = True
    assert refused() == "file.not_scanned"
    daemon.silent, daemon.garbled = False, True
    assert refused() == "file.not_scanned"
    daemon.garbled, daemon.most = False, 10
    assert refused() == "file.not_scanned"
    assert "size limit exceeded" in caplog.text
    assert kept(live) == 0


def test_a_form_says_at_its_field_that_a_file_was_infected(live: Live) -> None:
    surfer = Surfer(live, "cho")
    form = surfer.get("/o/claim/new").form("/new")
    file: Any = (io.BytesIO(PDF + BAD), "b.pdf")
    sent = surfer.send_values(form, {"f.subject": "x", "f.papers:file": file})
    assert sent.status == 422
    assert "the scan found Trial.Pattern-1" in sent.text
    assert kept(live) == 0


def test_strangers_keep_no_scanner_busy(live: Live, daemon: Daemon) -> None:
    assert send_file(live, None, PDF, "a.pdf").status_code == 401
    assert daemon.seen == []


def test_one_that_is_not_there_or_never_answers_is_told_within_its_time(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(scanning, "ANSWER_SECONDS", 0.5)
    (tmp_path / "a.pdf").write_bytes(PDF)

    def code(address: str) -> str:
        with (tmp_path / "a.pdf").open("rb") as stream, pytest.raises(RefusedError) as error:
            Clamd(address)(Upload("a.pdf", stream))
        return error.value.problems[0].code

    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert code(f"tcp://127.0.0.1:{port}") == "file.not_scanned"
    assert code(f"tcp://127.0.0.1:{port}") == "file.not_scanned"
    assert code(f"unix://{tmp_path}/nothing.socket") == "file.not_scanned"

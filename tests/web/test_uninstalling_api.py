"""Taking a module away through the API and the command line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from headrace.cli import main
from headrace.platform.metadata.documents import Document
from headrace.platform.publishing.folders import Modules
from tests.support.documents import field
from tests.support.live import Live, open_live

PATH = "/api/v1/metadata/uninstall"
NOTES: tuple[dict[str, Any], ...] = (
    {"kind": "module", "name": "notes", "version": "0.1.0", "requires": ["claims"]},
    {
        "kind": "object",
        "name": "note",
        "label": {"en": "Note", "zh": "便签"},
        "fields": [field("code", "text", length=20, external_id=True)],
    },
)


@pytest.fixture
def live(database_url: str) -> Iterator[Live]:
    live = open_live(database_url)
    documents = tuple(Document("notes", one) for one in NOTES)
    publisher = live.platform.publisher
    publisher.publish(publisher.plan_modules(Modules(("notes",), documents, (), ())), "", None)
    live.create("note", {"code": "n1"})
    yield live
    live.platform.close()


def test_a_designer_plans_and_takes_a_module_away(live: Live) -> None:
    client = live.client("admin")
    sent = {"module": "notes", "data": "keep", "plan": True}
    planned: Any = client.post(PATH, json=sent)
    assert planned.status_code == 200, planned.json
    [dropped] = [one for one in planned.json["lines"] if one["code"] == "object.drop"]
    assert (dropped["rows"], dropped["decision"]["answer"]) == (1, "accept")
    assert live.platform.catalogs.refresh().version == 2
    done: Any = client.post(PATH, json={"module": "notes", "data": "drop", "message": "Enough"})
    assert (done.status_code, done.json["version"]) == (200, 3)
    assert client.get("/api/v1/note").status_code == 404
    assert live.platform.catalogs.versions()[0].message == "Enough"


@pytest.mark.parametrize(
    ("login", "sent", "status", "code"),
    [
        ("ann", {"module": "notes", "data": "drop"}, 403, "access.design"),
        ("admin", {"module": "notes"}, 422, "uninstall.data"),
        ("admin", {"module": "notes", "data": "burn"}, 422, "uninstall.data"),
        ("admin", {"data": "keep"}, 422, "request.uninstall"),
        ("admin", {"module": "notes", "data": "keep", "dry": True}, 422, "request.uninstall"),
        ("admin", {"module": "claims", "data": "keep"}, 422, "module.required_by"),
        ("admin", {"module": "none", "data": "keep"}, 404, "module.unknown"),
    ],
)
def test_refused_nothing_changes(
    live: Live, login: str, sent: dict[str, Any], status: int, code: str
) -> None:
    answer: Any = live.client(login).post(PATH, json=sent)
    assert (answer.status_code, answer.json["code"]) == (status, code)
    assert live.platform.catalogs.refresh().version == 2


def test_the_command_shows_the_plan_and_then_does_it(
    live: Live, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    runner = CliRunner(env={"HEADRACE_DATABASE_URL": database_url, "HEADRACE_LANGUAGE": "en"})
    planned = runner.invoke(main, ["uninstall", "notes", "--data", "keep", "--plan"])
    assert planned.exit_code == 0, planned.output
    assert "Remove the object note" in planned.output
    assert live.platform.catalogs.refresh().version == 2
    done = runner.invoke(main, ["uninstall", "notes", "--data", "keep", "-m", "Enough"])
    assert (done.exit_code, "Version 3 is live." in done.output) == (0, True), done.output
    assert runner.invoke(main, ["uninstall", "claims", "--data", "shred"]).exit_code == 2

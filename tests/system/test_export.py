"""What was changed through the API leaves and comes back, on the other database too, byte for byte."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from headrace.app import create_app
from tests.support.live import Live, open_platform
from tests.support.servers import ROOT, headrace

SEED_SCHEMAS = ROOT / "headrace" / "seed_schemas"
TINY = ROOT / "tests" / "modules" / "tiny"
PASSWORD = "a good long password\n"


def files_below(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture
def live(backend: str, fresh_database: Callable[[str], str]) -> Any:
    """The seed modules and a small one, published; an administrator and an author with tokens."""
    url = fresh_database(backend)
    platform = open_platform(url)
    app = create_app(platform)
    live = Live(platform, app)
    for path in (SEED_SCHEMAS, TINY):
        platform.publisher.publish(platform.publisher.plan(path), path.name, None)
    live.add_user("admin", "brand_admin", "suggestion_admin")
    live.add_user("author", "suggestion_author")
    live.ids["url"] = url
    yield live
    platform.close()


def ask(live: Live, login: str, method: str, path: str, body: Any, version: int = 0) -> Any:
    headers = {"If-Match": f'"{version}"'} if version else {}
    answer = live.client(login).open(f"/api/v1{path}", method=method, json=body, headers=headers)
    assert answer.status_code < 300, answer.json
    return answer.json


def change_through_the_api(live: Live) -> None:
    """Write records, take a transition, change a reference row, publish three changes."""
    path = "/records/suggestion"
    made = ask(live, "author", "POST", path, {"title": "Fewer forms", "saving": "10.00"})
    path = f"{path}/{made['id']}"
    patched = ask(live, "author", "PATCH", path, {"topic": "service"}, made["version"])
    ask(live, "author", "POST", f"{path}/transitions/submit", {}, patched["version"])
    tier = ask(live, "admin", "GET", "/records/partner_tier?limit=1", None)["items"][0]
    new_name = {"name": "A tier of our own"}
    ask(live, "admin", "PATCH", f"/records/partner_tier/{tier['id']}", new_name, tier["version"])

    documents = [json.loads(path.read_bytes()) for path in sorted(TINY.rglob("*.json"))]
    live_ones = {
        (one.kind, one.name): copy.deepcopy(dict(one.content))
        for one in live.platform.catalogs.content_of(None).documents
        if one.module == "tiny"
    }
    assert len(live_ones) == len(documents)
    field = {"name": "next_step", "type": "text", "length": 60}
    label = {"label": {"en": "Next step", "zh": "下一步"}}
    suggestion = live_ones["object", "suggestion"]
    suggestion["fields"].append({**field, **label})
    renamed = next(one for one in suggestion["fields"] if one["name"] == "body")
    renamed.update(name="details", was="body")
    live_ones["form", "suggestion_form"]["sections"][2]["items"] = ["details", "next_step"]
    view = copy.deepcopy(live_ones["view", "open_suggestions"])
    view.pop("id", None)
    view.update(name="all_suggestions", label={"en": "All", "zh": "全部"})
    view.pop("where")
    live_ones["view", "all_suggestions"] = view
    body = {"modules": {"tiny": list(live_ones.values())}, "message": "Changed through the API"}
    published = ask(live, "admin", "POST", "/metadata/publish", body)
    assert published["lines"]


def test_an_export_published_elsewhere_gives_the_same_bytes(
    live: Live, backend: str, fresh_database: Callable[[str], str], tmp_path: Path
) -> None:
    change_through_the_api(live)
    first, second, third = (tmp_path / name for name in ("first", "second", "third"))
    other = "postgresql" if backend == "sqlite" else "sqlite"

    headrace(live.ids["url"], "export", str(first))
    elsewhere = fresh_database(other)
    for url, source, target in (
        (elsewhere, first, second),
        (fresh_database(backend), second, third),
    ):
        headrace(url, "init", "--password-stdin", input=PASSWORD)
        headrace(url, "publish", str(source), "-m", "Moved")
        headrace(url, "export", str(target))

    files = files_below(first)
    assert len(files) > 80
    assert b'"next_step"' in files["tiny/objects/suggestion.json"]
    assert b'"details"' in files["tiny/objects/suggestion.json"]
    assert "tiny/views/all_suggestions.json" in files
    assert "foundation/records/reference/partner_tier.csv" in files
    assert files_below(second) == files
    assert files_below(third) == files


def test_publishing_an_export_back_changes_nothing(live: Live, tmp_path: Path) -> None:
    change_through_the_api(live)
    headrace(live.ids["url"], "export", str(tmp_path / "out"))

    planned = headrace(live.ids["url"], "plan", str(tmp_path / "out"), "--json")

    assert json.loads(planned.stdout)["lines"] == []

"""Workspaces as module folders on disk, published into real databases."""

from __future__ import annotations

import copy
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from headrace.platform import runtime
from headrace.platform.core.ids import RandomIds
from headrace.platform.database.opening import open_database
from headrace.platform.metadata.documents import Document
from headrace.platform.metadata.field_types import built_in
from headrace.platform.publishing.plan import Plan
from headrace.platform.runtime import Platform
from headrace.settings import Settings, load_settings
from tests.support.documents import workspace
from tests.support.templates import filled, initialised

Contents = dict[tuple[str, str], dict[str, Any]]
MODULE = "claims"


def write_module(folder: Path, contents: Contents, rows: dict[str, str] | None = None) -> Path:
    """Write `contents` as a module folder below `folder`; replace what is there."""
    for old in sorted(folder.rglob("*.json")):
        old.unlink()
    for content in contents.values():
        _write(folder / Document(MODULE, content).file, json.dumps(content, ensure_ascii=False))
    for name, text in (rows or {}).items():
        _write(folder / MODULE / "records" / name, text)
    return folder / MODULE


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


@contextmanager
def platform_at(url: str) -> Iterator[Platform]:
    """Open a platform on a database, made ready if it is empty."""
    initialised(url, _settings(url).time_zone)
    with _opened(url) as platform:
        yield platform


@contextmanager
def _opened(url: str) -> Iterator[Platform]:
    settings = _settings(url)
    database = open_database(settings.database_url)
    platform = runtime.assemble(settings, database, built_in(), RandomIds())
    try:
        yield platform
    finally:
        platform.close()


def _settings(url: str) -> Settings:
    return load_settings({"HEADRACE_DATABASE_URL": url}, Path(os.devnull).parent)


@contextmanager
def published_at(
    url: str, folder: Path, contents: Contents | None = None, rows: dict[str, str] | None = None
) -> Iterator[Publishing]:
    """Open a platform on a database where `contents` are live: copied, or published if not empty."""
    contents, rows = contents or workspace(), rows or {}

    def fill(place: str) -> None:
        with platform_at(place) as platform:
            Publishing(platform, folder, copy.deepcopy(contents), rows).publish()

    filled(url, ("published", json.dumps([list(contents.values()), rows])), fill)
    with _opened(url) as platform:
        work = Publishing(platform, folder, contents, rows)
        work.write()
        yield work


def accepted(plan: Plan) -> dict[str, Any]:
    """Decisions that accept every line of a plan that takes it."""
    return {line.key: {"answer": "accept"} for line in plan.lines if "accept" in line.answers}


class Publishing:
    """A workspace that a test changes and publishes again."""

    def __init__(
        self,
        platform: Platform,
        folder: Path,
        contents: Contents | None = None,
        rows: dict[str, str] | None = None,
    ) -> None:
        self.platform = platform
        self.folder = folder
        self.contents: Contents = contents or workspace()
        self.rows: dict[str, str] = dict(rows or {})

    def plan(self, decisions: dict[str, Any] | None = None) -> Plan:
        return self.platform.publisher.plan(self.write(), decisions=decisions)

    def write(self) -> Path:
        """Write the contents as a module; return its folder."""
        return write_module(self.folder, self.contents, self.rows)

    def publish(self, decisions: dict[str, Any] | None = None, *, accept: bool = True) -> Plan:
        """Publish the contents; with `accept` every line that takes it is accepted."""
        plan = self.plan(decisions)
        if accept and any("accept" in line.answers for line in plan.lines):
            plan = self.plan({**accepted(plan), **(decisions or {})})
        self.platform.publisher.publish(plan, "test", None)
        return plan

    def codes(self, decisions: dict[str, Any] | None = None) -> list[str]:
        """The codes of what stands in the way of publishing, drops with values apart."""
        plan = self.plan(decisions)
        given = decisions or {}
        return [
            problem.code
            for problem in plan.refused
            if given or problem.code != "plan.decision_needed"
        ]

    def field(self, object_name: str, name: str) -> dict[str, Any]:
        fields = self.contents["object", object_name]["fields"]
        return next(field for field in fields if field["name"] == name)

    def create(self, object_name: str, **values: Any) -> str:
        saved = self.platform.write_as_system(
            lambda context, work: self.platform.store.create(
                context, work, object_name, values, mode="migration"
            )
        )
        return saved.id

    def value(self, object_name: str, record_id: str, field: str) -> Any:
        """The Python value of a field of a live record."""
        return self.platform.write_as_system(
            lambda context, work: self.platform.store.lock(context, work, object_name, record_id)
        )[field]


def rename_state(work: Publishing, old: str, new: str) -> None:
    """Give a state of the claims' workflow another name, everywhere in it."""
    flow = work.contents["workflow", "claim_flow"]
    for state in flow["states"]:
        if state["name"] == old:
            state.update(name=new, was=old)
    for one in flow["transitions"]:
        one["from"] = [new if each == old else each for each in one["from"]]
        for outcome, to in one.get("on", {}).items():
            one["on"][outcome] = new if to == old else to

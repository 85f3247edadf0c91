"""Runs the scenarios of a content in scratch databases; nothing live is touched, nothing goes out."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from headrace.platform.core.canonical import combined_hash
from headrace.platform.core.problems import Problem
from headrace.platform.metadata.building import build_catalog
from headrace.platform.metadata.catalog import Catalog
from headrace.platform.metadata.checks.base import Subject
from headrace.platform.metadata.checks.scenarios import check_scenario
from headrace.platform.metadata.definitions.scenarios import ScenarioDef
from headrace.platform.metadata.documents import Document
from headrace.platform.metadata.field_types import FieldTypes
from headrace.platform.metadata.loading import check_document
from headrace.platform.publishing.catalogs import Content
from headrace.platform.publishing.scenario_results import ScenarioResult
from headrace.platform.scenarios.acting import act_out
from headrace.platform.scenarios.expecting import compare
from headrace.platform.scenarios.scratch import Assemble, Workshop, workshop
from headrace.platform.scenarios.stage import DifferenceError, Stage

KEPT: Final = 4
"""Contents whose results are kept in a process: a plan and the publish after it run them once."""


class Scenarios:
    """Runs scenarios."""

    def __init__(self, assemble: Assemble, types: FieldTypes, zone: ZoneInfo) -> None:
        self._assemble = assemble
        self._types = types
        self._zone = zone
        self._kept: OrderedDict[str, tuple[ScenarioResult, ...]] = OrderedDict()
        self._lock = threading.Lock()

    def run(
        self, catalog: Catalog, content: Content, only: Iterable[str] | None = None
    ) -> tuple[ScenarioResult, ...]:
        """Return what comes out of each scenario, or of those named, by module and name.

        `catalog` is that of `content`. All of them share one database that begins with the content
        and its reference rows; each works on a copy of it.
        """
        wanted = set(catalog.scenarios if only is None else only) & catalog.scenarios.keys()
        chosen = [one for one in content.documents if one.kind == "scenario" and one.name in wanted]
        if not chosen:
            return ()
        key = combined_hash([*content.hashes, *sorted(wanted), self._zone.key])
        found = self._kept.get(key)
        if found is None:
            ordered = sorted(chosen, key=lambda one: (one.module, one.name))
            with workshop(self._assemble, self._types, catalog, content, self._zone) as bench:
                found = tuple(_result(bench, one) for one in ordered)
            with self._lock:
                self._kept[key] = found
                while len(self._kept) > KEPT:
                    self._kept.popitem(last=False)
        return found

    def try_out(
        self, catalog: Catalog, content: Content, module: str, document: Mapping[str, Any]
    ) -> tuple[tuple[Problem, ...], ScenarioResult | None]:
        """Return what is wrong with the document of a scenario, and what comes out of it where nothing is."""
        problems = tuple(check_document(document, self._types))
        if problems:
            return problems, None
        new = Document(module, document)
        documents = tuple(
            one for one in content.documents if (one.kind, one.name) != (new.kind, new.name)
        )
        built = build_catalog((*documents, new), self._types, catalog.version, catalog)
        if built.catalog is None:
            return built.problems, None
        mine = Subject(built.catalog)
        problems = tuple(check_scenario(mine, built.catalog.scenarios[new.name]))
        if problems:
            return problems, None
        (result,) = self.run(built.catalog, Content((*documents, new), content.rows), [new.name])
        return (), result


def _result(bench: Workshop, document: Document) -> ScenarioResult:
    scenario = bench.catalog.scenarios[document.name]
    started = time.perf_counter()
    found: DifferenceError | None = None
    try:
        _run(bench, scenario)
    except DifferenceError as error:
        found = error
    return ScenarioResult(
        document.name,
        document.module,
        scenario.label,
        document.file,
        time.perf_counter() - started,
        found.difference if found else None,
        found.place if found else "",
        found.step if found else None,
    )


def _run(bench: Workshop, scenario: ScenarioDef) -> None:
    instant = datetime.fromisoformat(scenario.at).replace(tzinfo=bench.zone)
    with bench.platform(instant) as platform:
        stage = Stage(platform, scenario)
        stage.prepare()
        for position, act in enumerate(scenario.when, start=1):
            act_out(stage, act, position)
        for position, expected in enumerate(scenario.then):
            compare(stage, expected, f"/then/{position}")

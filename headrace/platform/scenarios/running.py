"""Runs the scenarios of a content in scratch databases; nothing live is touched, nothing goes out."""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final
from zoneinfo import ZoneInfo

from headrace.platform.core.canonical import combined_hash
from headrace.platform.core.errors import PlatformError
from headrace.platform.core.problems import Problem, Text
from headrace.platform.metadata.building import build_catalog
from headrace.platform.metadata.catalog import Catalog
from headrace.platform.metadata.checks.base import Subject
from headrace.platform.metadata.checks.scenarios import check_scenario
from headrace.platform.metadata.definitions.scenarios import ScenarioDef
from headrace.platform.metadata.documents import Document
from headrace.platform.metadata.field_types import FieldTypes
from headrace.platform.metadata.loading import check_document
from headrace.platform.metadata.wording import sentence
from headrace.platform.publishing.catalogs import Content
from headrace.platform.publishing.scenario_results import ScenarioResult
from headrace.platform.scenarios import messages
from headrace.platform.scenarios.acting import act_out
from headrace.platform.scenarios.expecting import compare
from headrace.platform.scenarios.limits import Deadline, Limits, OutOfTimeError
from headrace.platform.scenarios.scratch import Assemble, Workshop
from headrace.platform.scenarios.stage import DifferenceError, Progress, Stage

LOG: Final = logging.getLogger("headrace.scenarios")

KEPT: Final = 4
"""Contents whose results are kept in a process: a plan and the publish after it run them once."""


USUAL: Final = Limits()


@dataclass(frozen=True, slots=True)
class _End:
    """How a scenario ended: the first difference, if any; not `certain` where it might end otherwise."""

    difference: Text | None = None
    place: str = ""
    step: int | None = None
    certain: bool = True


class Scenarios:
    """Runs scenarios."""

    def __init__(
        self, assemble: Assemble, types: FieldTypes, zone: ZoneInfo, limits: Limits = USUAL
    ) -> None:
        self.limits = limits
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
        and its reference rows; each works on a copy of it. Whatever goes wrong makes scenarios red
        and says why; none takes longer than the limits say.
        """
        wanted = set(catalog.scenarios if only is None else only) & catalog.scenarios.keys()
        chosen = [one for one in content.documents if one.kind == "scenario" and one.name in wanted]
        if not chosen:
            return ()
        key = combined_hash([*content.hashes, *sorted(wanted), self._zone.key])
        found = self._kept.get(key)
        if found is None:
            ordered = sorted(chosen, key=lambda one: (one.module, one.name))
            found, certain = self._run(catalog, content, ordered)
            if certain:
                self._keep(key, found)
        return found

    def forget(self) -> None:
        """Forget what came out, so that the next to ask runs all again."""
        with self._lock:
            self._kept.clear()

    def _keep(self, key: str, found: tuple[ScenarioResult, ...]) -> None:
        with self._lock:
            self._kept[key] = found
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)

    def _run(
        self, catalog: Catalog, content: Content, documents: Iterable[Document]
    ) -> tuple[tuple[ScenarioResult, ...], bool]:
        """Return the results, and whether they would be the same another time."""
        together = Deadline(self.limits.together)
        results: list[ScenarioResult] = []
        certain = True
        with TemporaryDirectory(prefix="headrace-scenarios-") as folder:
            bench = self._workshop(Path(folder), catalog, content, together)
            for document in documents:
                started = time.perf_counter()
                scenario = catalog.scenarios[document.name]
                end = bench if isinstance(bench, _End) else self._end(bench, scenario, together)
                certain = certain and end.certain
                results.append(_result(document, scenario, end, time.perf_counter() - started))
        return tuple(results), certain

    def _workshop(
        self, folder: Path, catalog: Catalog, content: Content, together: Deadline
    ) -> Workshop | _End:
        """Return what scenarios begin with, or why none can."""
        try:
            return Workshop(
                folder, self._assemble, self._types, catalog, content, self._zone, together
            )
        except PlatformError as error:
            if not together.passed:
                return _End(sentence(messages.NOT_BUILT, message=messages.said_by(error)))
        except Exception as error:  # the edge of a scenario: whatever fails makes it red
            if not together.passed:
                LOG.exception("scenarios could not begin")
                return _End(sentence(messages.NOT_BUILT, message=_unexpected(error)), certain=False)
        return self._no_time_left()

    def _end(self, bench: Workshop, scenario: ScenarioDef, together: Deadline) -> _End:
        """Run a scenario; return how it ended."""
        if together.passed:
            return self._no_time_left()
        progress = Progress(Deadline(self.limits.one))
        try:
            _play(bench, scenario, progress)
        except DifferenceError as error:
            return _End(error.difference, error.place, error.step)
        except OutOfTimeError:
            return self._too_long(progress)
        except PlatformError as error:
            if progress.deadline.passed:
                return self._too_long(progress)
            said = sentence(messages.CANNOT_GO_ON, message=messages.said_by(error))
            return _End(said, progress.place, progress.step)
        except Exception as error:  # the edge of a scenario: whatever fails makes it red
            if progress.deadline.passed:
                return self._too_long(progress)
            LOG.exception("scenario %s failed at %s", scenario.name, progress.place)
            said = sentence(messages.CANNOT_GO_ON, message=_unexpected(error))
            return _End(said, progress.place, progress.step, certain=False)
        return _End()

    def _too_long(self, progress: Progress) -> _End:
        said = sentence(messages.TOO_LONG, seconds=f"{self.limits.one:g}")
        return _End(said, progress.place, progress.step, certain=False)

    def _no_time_left(self) -> _End:
        seconds = f"{self.limits.together:g}"
        return _End(sentence(messages.NO_TIME_LEFT, seconds=seconds), certain=False)

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


def _unexpected(error: Exception) -> Text:
    return sentence(messages.UNEXPECTED, error=type(error).__name__)


def _result(document: Document, scenario: ScenarioDef, end: _End, seconds: float) -> ScenarioResult:
    return ScenarioResult(
        document.name,
        document.module,
        scenario.label,
        document.file,
        seconds,
        end.difference,
        end.place,
        end.step,
    )


def _play(bench: Workshop, scenario: ScenarioDef, progress: Progress) -> None:
    instant = datetime.fromisoformat(scenario.at).replace(tzinfo=bench.zone)
    with bench.platform(instant, progress.deadline) as platform:
        stage = Stage(platform, scenario, progress)
        stage.prepare()
        for position, act in enumerate(scenario.when, start=1):
            act_out(stage, act, position)
        for position, expected in enumerate(scenario.then):
            compare(stage, expected, f"/then/{position}")

"""Metrics as Prometheus reads them: what waits in the database, and the requests of the server processes.

Names of definitions, records, people and companies never appear: labels are kinds, states and addresses of
the program. The processes of one `serve` count together, in the folder that `serve` made.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from typing import Any, Final, Protocol

import sqlalchemy as sa
from flask import Flask, Response, request
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from headrace.platform.automation.tables import (
    AUTOMATION_RUN,
    WEBHOOK_DELIVERY,
    WEBHOOK_ENDPOINT,
)
from headrace.platform.jobs.queue import STATES
from headrace.platform.runtime import Platform
from headrace.platform.workflow.tables import RUN, TASK

FOLDER: Final = "PROMETHEUS_MULTIPROC_DIR"
"""The variable that names the folder in which the processes of a server count together."""
STARTED: Final = "headrace.started"
NOWHERE: Final = "none"
METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"})
OTHER: Final = "other"
"""Stands for methods that nothing here answers: anybody may make up any number of them."""
BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class _Labelled(Protocol):
    def labels(self, *values: str) -> Any:
        """Return the child with these values."""
        ...


class Metrics:
    """Counts requests of an application, and writes all metrics as text."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._own = CollectorRegistry()
        self._requests: _Labelled = Counter(
            "headrace_requests",
            "Requests that were answered.",
            ("endpoint", "method", "status"),
            registry=self._own,
        )
        self._seconds: _Labelled = Histogram(
            "headrace_request_seconds",
            "How long requests took.",
            ("endpoint",),
            buckets=BUCKETS,
            registry=self._own,
        )

    def watch(self, app: Flask) -> None:
        """Count the requests of `app`; called before it has other functions of its own."""
        app.before_request(self._begin)
        app.after_request(self._end)

    def _begin(self) -> None:
        request.environ[STARTED] = time.perf_counter()

    def _end(self, response: Response) -> Response:
        endpoint = request.endpoint or NOWHERE
        method = request.method if request.method in METHODS else OTHER
        self._requests.labels(endpoint, method, str(response.status_code)).inc()
        began = request.environ.get(STARTED)
        if began is not None:
            self._seconds.labels(endpoint).observe(time.perf_counter() - began)
        return response

    def text(self) -> bytes:
        """Return all metrics in the format of Prometheus."""
        registry = CollectorRegistry()
        if FOLDER in os.environ:
            MultiProcessCollector(registry)  # type: ignore[no-untyped-call]  # the library's
            counted = registry
        else:
            counted = self._own
        rows = CollectorRegistry()
        rows.register(_Rows(self._platform))
        return generate_latest(rows) + generate_latest(counted)


class _Rows(Collector):
    """What the database says, asked once for each reading."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yield the gauges."""
        with self._platform.database.reading() as reading:
            yield from self._jobs(reading.connection)
            yield from _work(reading.connection)
        version = self._platform.database.live_version()
        yield GaugeMetricFamily(
            "headrace_metadata_version", "The live version of the metadata.", version
        )

    def _jobs(self, connection: sa.Connection) -> Iterator[GaugeMetricFamily]:
        jobs = GaugeMetricFamily(
            "headrace_jobs", "Jobs that are not done.", labels=("kind", "state")
        )
        oldest = GaugeMetricFamily(
            "headrace_jobs_oldest_due_seconds",
            "Since when the oldest job waits that could be done.",
            labels=("kind",),
        )
        known = {one.kind: one for one in self._platform.queue.counts(connection)}
        for kind in sorted({*self._platform.queue.kinds, *known}):
            found = known.get(kind)
            for state in STATES:
                jobs.add_metric((kind, state), found.counts.get(state, 0) if found else 0)
            waits = found.oldest.total_seconds() if found and found.oldest else 0
            oldest.add_metric((kind,), waits)
        yield jobs
        yield oldest


def _work(connection: sa.Connection) -> Iterator[GaugeMetricFamily]:
    yield _counted(connection, "headrace_approval_runs", "Running approvals.", RUN, ("open",))
    yield _counted(connection, "headrace_tasks", "Tasks of approvers.", TASK, ("open",))
    yield _counted(
        connection,
        "headrace_automation_runs",
        "Automation runs that wait or have failed.",
        AUTOMATION_RUN,
        ("waiting", "failed"),
    )
    yield _counted(
        connection,
        "headrace_webhook_events",
        "Events of webhooks that wait or were given up.",
        WEBHOOK_DELIVERY,
        ("waiting", "dead"),
    )
    left_alone = sa.select(sa.func.count()).where(WEBHOOK_ENDPOINT.c.paused_until.is_not(None))
    yield GaugeMetricFamily(
        "headrace_webhook_endpoints_paused",
        "Receivers of webhooks that are left alone because they do not answer.",
        connection.execute(left_alone).scalar_one(),
    )


def _counted(
    connection: sa.Connection, name: str, about: str, table: sa.Table, states: tuple[str, ...]
) -> GaugeMetricFamily:
    gauge = GaugeMetricFamily(name, about, labels=("state",))
    for state in states:
        count = sa.select(sa.func.count()).select_from(table).where(table.c.state == state)
        gauge.add_metric((state,), connection.execute(count).scalar_one())
    return gauge

"""Brokers by way of Celery: Redis and RabbitMQ. The only module that knows it.

A message holds the id of a job and nothing else. It counts as taken as soon as a worker has it: the lease
of the row, not the broker, brings a job back whose worker died.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import uuid4

from celery import Celery
from kombu import Connection, Queue
from kombu.exceptions import KombuError

from headrace.platform.jobs.brokers import BrokerAwayError
from headrace.platform.jobs.worker import LANES, Lane

PREFIX: Final = "headrace"
TASK: Final = "headrace.job"
CONNECT_SECONDS: Final = 4
SILENT_SECONDS: Final = 10
"""How long the broker may keep silent when it is asked something."""
HEARTBEAT_SECONDS: Final = 10
REASON_LENGTH: Final = 200
LOG: Final = logging.getLogger(__name__)


class CeleryBroker:
    """A Celery application over the broker at `url`; queues are named `PREFIX.LANE`."""

    def __init__(self, url: str, prefix: str = PREFIX) -> None:
        self._url = url
        self._queues = {lane: Queue(f"{prefix}.{lane}", durable=True) for lane in LANES}
        self._app = Celery("headrace", broker=url, set_as_current=False)
        self._app.conf.update(_settings(self._queues))
        self._connection: Connection | None = None
        self._channel: Any = None
        self._take: Callable[[str], object] | None = None

        def job(job_id: str) -> None:
            self._do(job_id)

        self._task = self._app.task(name=TASK, shared=False)(job)

    def queued(self, lane: Lane) -> int:
        """Return how many messages wait for workers of `lane`; raise BrokerAwayError."""
        # Declaring, not only looking: a broker that lost its data gets its queue back.
        queue = self._queues[lane]
        return int(self._talk(lambda channel: queue(channel).queue_declare()[1]))

    def send(self, lane: Lane, job_ids: Sequence[str]) -> None:
        """Tell the workers of `lane` of these jobs; raise BrokerAwayError."""

        def tell(channel: Any) -> None:
            with self._app.amqp.Producer(channel, auto_declare=False) as out:
                for job_id in job_ids:
                    self._task.apply_async(
                        (job_id,), producer=out, queue=self._queues[lane], retry=False
                    )

        self._talk(tell)

    def close(self) -> None:
        """Close the connection; using the broker again opens another."""
        connection, self._connection, self._channel = self._connection, None, None
        if connection is not None:
            broken = (*connection.connection_errors, *connection.channel_errors)
            with contextlib.suppress(*broken):
                connection.release()

    def consume(self, lane: Lane, take: Callable[[str], object], threads: int) -> None:
        """Call `take` with each id of a job that workers of `lane` are told of, until told to end."""
        self._take = take
        self._app.Worker(
            hostname=f"{lane}-{uuid4().hex[:12]}@headrace",
            pool="threads",
            concurrency=threads,
            queues=[self._queues[lane].name],
            loglevel="WARNING",
            quiet=True,
            without_gossip=True,
            without_mingle=True,
            without_heartbeat=True,
        ).start()

    def _do(self, job_id: str) -> None:
        try:
            if self._take is not None:
                self._take(job_id)
        except Exception:  # the database may be away: the job is handed over again
            LOG.exception("job %s could not be looked at", job_id)

    def _talk(self, action: Callable[[Any], Any]) -> Any:
        """Do something with a channel that is open; raise BrokerAwayError where there is none."""
        connection = self._connection or Connection(
            self._url, connect_timeout=CONNECT_SECONDS, transport_options=_patience(self._url)
        )
        self._connection = connection
        try:
            if self._channel is None:
                # Not the connection's own one: that would be tried for again and again.
                self._channel = connection.channel()
            return action(self._channel)
        except (*connection.connection_errors, *connection.channel_errors, KombuError) as error:
            self.close()
            raise BrokerAwayError(_reason(error, self._url)) from error


def _settings(queues: Mapping[Lane, Queue]) -> dict[str, Any]:
    return {
        "accept_content": ["json"],
        "broker_connection_max_retries": None,
        "broker_connection_retry_on_startup": True,
        "broker_connection_timeout": CONNECT_SECONDS,
        "broker_heartbeat": HEARTBEAT_SECONDS,
        "task_acks_late": False,
        "task_ignore_result": True,
        "task_queues": list(queues.values()),
        "task_serializer": "json",
        "worker_cancel_long_running_tasks_on_connection_loss": False,
        "worker_enable_prefetch_count_reduction": False,
        "worker_enable_remote_control": False,
        "worker_hijack_root_logger": False,
        "worker_prefetch_multiplier": 1,
        "worker_redirect_stdouts": False,
    }


def _patience(url: str) -> dict[str, Any]:
    """Return the options that keep a broker which is silent from holding a thread for ever."""
    if urlsplit(url).scheme.startswith("redis"):
        return {"socket_timeout": SILENT_SECONDS, "socket_connect_timeout": CONNECT_SECONDS}
    return {"read_timeout": SILENT_SECONDS, "write_timeout": SILENT_SECONDS}


def _reason(error: Exception, url: str) -> str:
    """Return what the broker or the way to it said, without the password."""
    text = " ".join(str(error).split()) or type(error).__name__
    password = urlsplit(url).password
    return (text.replace(password, "…") if password else text)[:REASON_LENGTH].rstrip(".")

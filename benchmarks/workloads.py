"""What is asked of both applications: three reads and two writes, the same for both."""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from benchmarks.clients import Request, Requests
from benchmarks.workspace import Workspace

RECORDS = "/api/v1/records/purchase"
PAGE = urlencode(
    {
        "filter": json.dumps({"field": "status", "op": "=", "value": "open"}),
        "sort": "-order_date",
        "limit": 50,
    }
)
LIST = Request("GET", f"{RECORDS}?{PAGE}")
REPORT = Request("GET", "/api/v1/reports/by_tier_and_month")


def get_request(record_id: str) -> Request:
    return Request("GET", f"{RECORDS}/{record_id}")


def create_request(customer: str, number: int = 1) -> Request:
    body = {
        "customer": customer,
        "order_date": "2026-03-14",
        "order_type": "standard",
        "source": "api",
        "amount": f"{1000 + number % 9000}.25",
        "discount": "12.50",
        "priority": number % 5,
        "note": "Made by the benchmark",
        "status": "open",
    }
    return Request("POST", RECORDS, body, ok=201)


def patch_request(record_id: str, version: int) -> Request:
    body = {"discount": f"{version % 10}.{version % 100:02d}", "note": f"Change {version}"}
    return Request("PATCH", f"{RECORDS}/{record_id}", body, (("If-Match", f'"{version}"'),))


@dataclass(frozen=True)
class Workload:
    """A kind of request; `share` is the part of the time that it is given."""

    name: str
    writes: bool
    share: float = 1.0


GET_ONE = Workload("get one", writes=False)
LIST_50 = Workload("list 50", writes=False)
CREATE = Workload("create one", writes=True)
PATCH = Workload("patch one", writes=True)
SUM = Workload("sum by tier and month", writes=False, share=2.0)
WORKLOADS = (GET_ONE, LIST_50, CREATE, PATCH, SUM)


def connections_of(
    workload: Workload, workspace: Workspace, count: int, versions: Mapping[str, int]
) -> Sequence[Requests]:
    """Return the requests of `count` connections; those that patch have rows of their own."""

    def maker(number: int) -> Requests:
        def requests() -> Iterator[Request]:
            chosen = random.Random(number)
            if workload is GET_ONE:
                while True:
                    yield get_request(chosen.choice(workspace.purchases))
            if workload is LIST_50:
                yield from itertools.repeat(LIST)
            if workload is SUM:
                yield from itertools.repeat(REPORT)
            if workload is CREATE:
                for made in itertools.count():
                    yield create_request(chosen.choice(workspace.customers), made)
            mine = dict(itertools.islice(versions.items(), number, None, count))
            for record_id in itertools.cycle(mine):
                yield patch_request(record_id, mine[record_id])
                mine[record_id] += 1

        return requests

    return [maker(number) for number in range(count)]

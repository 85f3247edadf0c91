"""Metrics of a real server: its processes count together."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from tests.support.live import open_platform
from tests.support.servers import Client, server

TOKEN = "a token of the metrics that is long enough"
COUNTED = re.compile(
    r'headrace_requests_total\{endpoint="health",method="GET",status="200"\} (\d+)'
)


def test_processes_count_together(fresh_database: Callable[[str], str], tmp_path: Path) -> None:
    url = fresh_database("sqlite")
    open_platform(url).close()
    variables = {"HEADRACE_METRICS_TOKEN": TOKEN, "TMPDIR": str(tmp_path)}

    def asked(port: int, path: str, token: str | None = None) -> str:
        with Client(port, token) as client:  # another connection each time, so any process
            return client.get(path).body.decode()

    with server(url, "--workers", "2", variables=variables) as port:
        before = COUNTED.search(asked(port, "/metrics", TOKEN))
        for _ in range(20):
            asked(port, "/healthz")
        after = [COUNTED.search(asked(port, "/metrics", TOKEN)) for _ in range(6)]

    assert before is not None
    assert {int(one[1]) - int(before[1]) for one in after if one} == {20}

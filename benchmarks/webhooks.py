"""How late events arrive at a healthy receiver while others are dead, slow, redirecting or flaky.

Run: .venv/bin/python -m benchmarks.webhooks [events for each of the five receivers]

Whatever answers in the end must get every event, and nobody an event that was never sent; what was sent to
the others must still wait. Prints `kept` or `BROKEN`; ends with 1 for the latter.
"""

from __future__ import annotations

import contextlib
import socket
import statistics
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from headrace.platform.automation.tables import WEBHOOK_DELIVERY, WEBHOOK_ENDPOINT
from tests.support.live import Live, open_live
from tests.support.receiver import Receiver, receiving

EVENTS = 200
PATIENCE, PATIENCE_PER_EVENT = 120.0, 0.2
PROMISE = 5.0
ANSWERING = ("healthy", "slow", "flaky")
REFUSED_EVERY = 100
"""The flaky receiver answers 503 to one event of so many; after each it is left alone for five seconds."""


def rows(live: Live) -> list[Any]:
    query = sa.select(WEBHOOK_DELIVERY, WEBHOOK_ENDPOINT.c.name).join(WEBHOOK_ENDPOINT)
    with live.platform.database.reading() as reading:
        return list(reading.connection.execute(query))


def main() -> int:
    events = int(sys.argv[1]) if len(sys.argv) > 1 else EVENTS
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        live = open_live(
            f"sqlite:///{Path(folder) / 'x.sqlite'}", HEADRACE_WEBHOOK_HOSTS="localhost,127.0.0.1"
        )
        receivers: dict[str, Receiver] = {
            name: stack.enter_context(receiving())
            for name in ("healthy", "slow", "flaky", "redirecting")
        }
        receivers["slow"].seconds = 0.05
        refused = [503, *([200] * REFUSED_EVERY)]
        receivers["flaky"].answers = refused * (events // REFUSED_EVERY + 1)
        receivers["redirecting"].answers = [302]
        receivers["redirecting"].location = receivers["healthy"].address
        hole = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=50))
        addresses = {name: one.address for name, one in receivers.items()}
        addresses["dead"] = f"http://127.0.0.1:{hole.getsockname()[1]}/"

        def begin(context: Any, work: Any) -> None:
            for name, address in addresses.items():
                live.platform.webhooks.put_endpoint(context, work, name, address)

        live.platform.write_as_system(begin)
        stop = live.platform.worker().start(threads=1)

        def send(context: Any, work: Any) -> None:
            for name in addresses:
                about = ("x", "x", context.ids.record_id())
                live.platform.webhooks.send(context, work, name, "x", about, {})

        for _ in range(events):
            live.platform.write_as_system(send)
            time.sleep(0.02)
        ends = time.monotonic() + PATIENCE + PATIENCE_PER_EVENT * events
        while time.monotonic() < ends:
            if all(one.state == "done" for one in rows(live) if one.name in ANSWERING):
                break
            time.sleep(5)
        found = rows(live)
        stop()
        late = sorted(
            (one.ended - one.created).total_seconds()
            for one in found
            if one.name == "healthy" and one.state == "done"
        )
        p95 = statistics.quantiles(late, n=20)[-1]
        print(f"healthy: {len(late)} of {events} arrived, p95 {p95:.2f} s, worst {late[-1]:.2f} s")
        missing, phantom, twice = 0, 0, 0
        for name, receiver in receivers.items():
            sent = {str(one.id) for one in found if one.name == name}
            came = Counter(str(one["id"]) for one in receiver.bodies())
            missing += len(sent - came.keys()) if name in ANSWERING else 0
            phantom += len(came.keys() - sent)
            twice += sum(count - 1 for count in came.values()) if name == "healthy" else 0
        lost = events * len(addresses) - len(found)
        print(f"missing {missing}, phantom {phantom}, twice at the healthy {twice}, lost {lost}")
        states = Counter((one.name, one.state) for one in found)
        print(
            ", ".join(f"{name} {state}: {count}" for (name, state), count in sorted(states.items()))
        )
        kept = p95 < PROMISE and not (missing or phantom or twice or lost)
        print("kept" if kept else "BROKEN")
        live.platform.close()
    return int(not kept)


if __name__ == "__main__":
    sys.exit(main())

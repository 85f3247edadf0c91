"""What a write pays for automations: none in the workspace, some on another object, one that does not fire.

Run: .venv/bin/python -m benchmarks.automations [writes]
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.support.documents import field, label
from tests.support.live import Live, open_live

WRITES = 300
ROUNDS = 5
PLAIN: dict[str, Any] = {
    "kind": "object",
    "name": "plain",
    "label": label("Plain", "普通"),
    "fields": [field("title", "text", length=40, required=True), field("n", "quantity")],
}


def world(folder: Path, name: str, *automations: dict[str, Any]) -> Live:
    def change(contents: dict[tuple[str, str], dict[str, Any]]) -> None:
        contents["object", "plain"] = PLAIN
        for one in automations:
            contents["automation", one["name"]] = one

    return open_live(f"sqlite:///{folder / name}.sqlite", change)


def seconds(live: Live, writes: int) -> float:
    """Return the seconds of one create, inside one transaction."""

    def many(context: Any, work: Any) -> float:
        began = time.perf_counter()
        for number in range(writes):
            data = {"title": f"{number}", "n": "1"}
            live.platform.store.create(context, work, "plain", data)
        return (time.perf_counter() - began) / writes

    return live.platform.write_as_system(many)


def main() -> None:
    writes = int(sys.argv[1]) if len(sys.argv) > 1 else WRITES
    with tempfile.TemporaryDirectory() as folder:
        other = {
            "kind": "automation",
            "name": "elsewhere",
            "label": label("x", "x"),
            "object": "claim",
            "on": [{"event": "create"}],
            "when": "fee > 400",
            "run": "after",
            "actions": [{"set": {"fee": "400"}}],
        }
        own = other | {
            "name": "own",
            "object": "plain",
            "when": "n > 100",
            "actions": [{"set": {"n": "100"}}],
        }
        worlds = {
            "no automations": world(Path(folder), "none"),
            "on another object": world(Path(folder), "other", other),
            "on this one, does not fire": world(Path(folder), "own", other, own),
        }
        for live in worlds.values():
            seconds(live, writes // 3)  # warm
        taken: dict[str, list[float]] = {name: [] for name in worlds}
        for _ in range(ROUNDS):
            for name, live in worlds.items():
                taken[name].append(seconds(live, writes))
        base = statistics.median(taken["no automations"])
        for name, found in taken.items():
            median = statistics.median(found)
            print(f"{name:28} {median * 1e6:8.0f} µs a write  ({median / base - 1:+.1%})")


if __name__ == "__main__":
    main()

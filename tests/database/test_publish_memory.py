"""What a process holds does not grow with what it publishes."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest

from headrace.platform.database.names import Names
from headrace.platform.metadata.catalog import Catalog
from headrace.platform.publishing.catalogs import Published
from headrace.platform.records.context import Context
from headrace.platform.records.query import parse_query
from headrace.platform.records.reader import find_json
from tests.support.publishing import Publishing, platform_at

HELD = (Catalog, Published, Names)


@pytest.fixture
def publishing(database_url: str, tmp_path: Path) -> Iterator[Publishing]:
    with platform_at(database_url) as platform:
        yield Publishing(platform, tmp_path)


def held() -> list[int]:
    """How many values of each kind are alive."""
    gc.collect()
    alive = gc.get_objects()
    return [sum(type(one) is kind for one in alive) for kind in HELD]


def use(publishing: Publishing) -> None:
    """Read and write, so that statements are compiled for the version."""

    def read(context: Context) -> None:
        find_json(context, "company", parse_query(context, "company", {}))

    publishing.platform.perform_as_system(read)
    publishing.create("region", code=f"R{publishing.platform.catalogs.current().version}", name="R")


def test_old_catalogs_are_freed(publishing):
    counts = []
    for number in range(12):
        publishing.field("region", "name")["length"] = 100 + number
        publishing.publish()
        use(publishing)
        counts.append(held())

    # What was compiled for the versions before is kept for a few of them, whatever comes after.
    assert counts[-1] == counts[5]

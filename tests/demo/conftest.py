"""Two demo workspaces for each backend: one that is only read, one that tests add to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.demo.world import World, make_world


def _worlds(
    backend: str, request: pytest.FixtureRequest, paths: pytest.TempPathFactory
) -> Iterator[World]:
    with ExitStack() as databases:
        if backend == "sqlite":
            url = f"sqlite:///{paths.mktemp('demo') / 'demo.sqlite'}"
        else:
            server = request.getfixturevalue("postgres_server")
            url = databases.enter_context(server.database())
        made = make_world(url)
        yield made
        made.platform.close()


@pytest.fixture(scope="package")
def demo(
    backend: str, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    """The demo as it was loaded; tests only read."""
    yield from _worlds(backend, request, tmp_path_factory)


@pytest.fixture(scope="package")
def busy_demo(
    backend: str, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    """A demo that tests add records to, each its own; they leave the demo's rows alone."""
    yield from _worlds(backend, request, tmp_path_factory)

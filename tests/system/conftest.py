"""Databases that the tests of a module share."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import sqlalchemy as sa


@pytest.fixture(scope="module")
def make_database(
    backend: str, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[..., str]]:
    """Make databases: `make_database()` an empty one, `make_database(url)` a copy of one at rest."""
    folder = tmp_path_factory.mktemp("databases")
    with ExitStack() as databases:

        def create(original: str | None = None) -> str:
            if backend == "postgresql":
                server = request.getfixturevalue("postgres_server")
                template = sa.make_url(original).database if original else "template0"
                return databases.enter_context(server.database(template))
            path = folder / f"database{len(list(folder.iterdir()))}.sqlite"
            if original is None:
                path.touch()
            else:
                shutil.copyfile(Path(str(sa.make_url(original).database)), path)
            return f"sqlite:///{path}"

        yield create

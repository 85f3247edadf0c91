"""Options and root fixtures: deep runs, backends, fresh databases, no network."""

from __future__ import annotations

import ipaddress
import socket
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.support import postgres
from tests.support.exchange_world import Exchange, open_exchange
from tests.support.longest import longest_first, slowest_files
from tests.support.places import work_in_memory
from tests.support.thrift import collect_rarely, compile_templates_once, hash_cheaply

BACKENDS = ("sqlite", "postgresql")
DIRECTORY = pytest.StashKey[Path]()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("headrace")
    group.addoption("--deep", action="store_true", help="run the properties with all repetitions")
    group.addoption(
        "--write-pictures", action="store_true", help="write the pictures of the docs anew"
    )
    group.addoption(
        "--backend",
        action="append",
        choices=BACKENDS,
        help="run database tests on this backend only (repeatable; default: both)",
    )


def pytest_configure(config: pytest.Config) -> None:
    work_in_memory()
    hash_cheaply()
    compile_templates_once()
    inherited = getattr(config, "workerinput", {}).get("postgres_directory")
    config.stash[DIRECTORY] = (
        Path(inherited) if inherited else postgres.make_directory(tempfile.gettempdir())
    )


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    longest_first(items)


def pytest_collection_finish() -> None:
    collect_rarely()


def pytest_terminal_summary(terminalreporter: Any) -> None:
    found = slowest_files(one for many in terminalreporter.stats.values() for one in many)
    if found:
        terminalreporter.section("slowest files")
        terminalreporter.write_line("\n".join(found))


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput") and DIRECTORY in config.stash:
        postgres.remove_directory(config.stash[DIRECTORY])


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell each xdist worker where the run's server lives."""
    node.workerinput["postgres_directory"] = str(node.config.stash[DIRECTORY])


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "backend" in metafunc.fixturenames:
        chosen = metafunc.config.getoption("backend") or BACKENDS
        metafunc.parametrize("backend", chosen, indirect=True, scope="session")


@pytest.fixture(scope="session")
def backend(request: pytest.FixtureRequest) -> str:
    """The name of the database that the test runs on, each in turn."""
    return request.param


@pytest.fixture(scope="session")
def postgres_server(request: pytest.FixtureRequest) -> postgres.PostgresServer:
    """The PostgreSQL server of this run."""
    return postgres.running_server(request.config.stash[DIRECTORY])


@pytest.fixture(scope="session")
def postgresql_url(postgres_server: postgres.PostgresServer) -> Iterator[str]:
    """A PostgreSQL database that this worker's tests share; whoever writes to it cleans up."""
    with postgres_server.database() as url:
        yield url


@pytest.fixture
def fresh_database(
    request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[Callable[[str], str]]:
    """Make empty databases: `fresh_database("sqlite" | "postgresql") -> url`; gone afterwards."""
    with ExitStack() as databases:

        def create(backend: str) -> str:
            if backend == "sqlite":
                made = len(list(tmp_path.glob("database*.sqlite")))
                path = tmp_path / f"database{made}.sqlite"
                path.touch()
                return f"sqlite:///{path}"
            server = request.getfixturevalue("postgres_server")
            return databases.enter_context(server.database())

        yield create


@pytest.fixture
def database_url(backend: str, fresh_database: Callable[[str], str]) -> str:
    """The address of an empty database on each backend in turn."""
    return fresh_database(backend)


@pytest.fixture(scope="module")
def shared_databases(
    request: pytest.FixtureRequest, backend: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[], str]]:
    """Make empty databases for all tests of a file, on each backend in turn."""
    with ExitStack() as databases:

        def create() -> str:
            if backend == "sqlite":
                return f"sqlite:///{tmp_path_factory.mktemp('shared') / 'database.sqlite'}"
            server = request.getfixturevalue("postgres_server")
            return databases.enter_context(server.database())

        yield create


@pytest.fixture(scope="module")
def shared_database_url(shared_databases: Callable[[], str]) -> str:
    """The address of one of them."""
    return shared_databases()


@pytest.fixture(scope="module")
def exchange(shared_database_url: str) -> Iterator[Exchange]:
    """The workspace for imports and exports, for all tests of a file; each sweeps what it left."""
    found = open_exchange(shared_database_url)
    yield found
    found.platform.close()


@pytest.fixture(scope="session")
def deep(request: pytest.FixtureRequest) -> bool:
    """Whether the numbers of the issues are wanted (`--deep`) or a small share of them."""
    return request.config.getoption("deep")


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse connections that leave this machine."""
    connect = socket.socket.connect

    def connect_locally(self: socket.socket, address: Any) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6) and not _is_local(address[0]):
            raise OSError(f"tests may not connect to {address[0]}")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", connect_locally)


def _is_local(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False

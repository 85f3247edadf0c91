"""A private PostgreSQL server for one test run: unix socket only, nothing durable, nothing left.

The first test that asks starts it; all workers of the run share it. A guard process stops the
server and removes its files when the run ends, also when the run is killed.
"""

from __future__ import annotations

import fcntl
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

SUPERUSER = "headrace"
STARTUP_SECONDS = 60
SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "200",
    "max_locks_per_transaction": "256",
    "shared_buffers": "128MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
}


def make_directory(parent: str = "/var/tmp") -> Path:  # noqa: S108 -- mkdtemp makes its own
    """Make the run's folder; the server's own user must be able to pass through it.

    `parent` is short, as the path of a socket must be.
    """
    directory = Path(tempfile.mkdtemp(prefix="headrace-test-", dir=parent))
    directory.chmod(0o711)
    (directory / "owner").write_text(str(os.getpid()))
    return directory


def remove_directory(directory: Path) -> None:
    """End the guard of this run, and with it the server, and wait until all is gone."""
    guard = directory / "guard"
    if guard.exists():
        os.kill(int(guard.read_text()), signal.SIGTERM)
        deadline = time.monotonic() + STARTUP_SECONDS
        while directory.exists() and time.monotonic() < deadline:
            time.sleep(0.01)
    shutil.rmtree(directory, ignore_errors=True)


def running_server(directory: Path) -> PostgresServer:
    """Return the run's server, started by the first who asks."""
    server = PostgresServer(directory)
    with (directory / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (directory / "guard").exists():
            _initialise(directory)
            _start(directory)
            server.wait()
    return server


_spare: dict[Path, list[str]] = defaultdict(list)
"""Empty databases that this process has set aside, by the folder of their server."""


class PostgresServer:
    """The server of this run, seen from one test process."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._made = 0

    def url(self, database: str) -> str:
        """Return the address of `database` as SQLAlchemy and Headrace take it."""
        return f"postgresql://{SUPERUSER}@/{database}?host={quote(str(self.directory), safe='')}"

    def connect(self, database: str = "postgres") -> psycopg.Connection:
        """Open an autocommit connection of the superuser."""
        return psycopg.connect(
            host=str(self.directory), user=SUPERUSER, dbname=database, autocommit=True
        )

    def create_database(self, template: str = "template0") -> str:
        """Make an empty database, or a copy of one that nobody is connected to; return its name."""
        self._made += 1
        name = f"test_{os.getpid()}_{self._made}"
        spare = _spare[self.directory]
        if template == "template0" and spare:
            self._rename(spare.pop(), name)
            return name
        with self.connect() as connection:
            connection.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
                    sql.Identifier(name), sql.Identifier(template)
                )
            )
        return name

    def drop_database(self, name: str) -> None:
        """Drop `name`, ending whatever is still connected to it."""
        with self.connect() as connection:
            connection.execute(
                sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
            )

    def set_aside(self, name: str) -> None:
        """Take the name from an empty database, which the next who wants one will get.

        To make one and to drop it takes longer than most of what tests do in it.
        """
        kept = f"spare_{name}"
        self._rename(name, kept)
        _spare[self.directory].append(kept)

    def _rename(self, old: str, new: str) -> None:
        with self.connect() as connection:
            connection.execute(
                sql.SQL("ALTER DATABASE {} RENAME TO {}").format(
                    sql.Identifier(old), sql.Identifier(new)
                )
            )

    def wait(self) -> None:
        """Wait until the server answers."""
        deadline = time.monotonic() + STARTUP_SECONDS
        while True:
            try:
                self.connect().close()
            except psycopg.OperationalError as error:
                if time.monotonic() > deadline or not _is_alive(self.directory):
                    log = (self.directory / "log").read_text()
                    raise RuntimeError(f"PostgreSQL did not start:\n{log}") from error
                time.sleep(0.02)
            else:
                return

    @contextmanager
    def database(self, template: str = "template0") -> Iterator[str]:
        """Give the address of an empty database, or of a copy, that is dropped afterwards."""
        name = self.create_database(template)
        try:
            yield self.url(name)
        finally:
            self.drop_database(name)


def find_binaries() -> Path:
    """Return the folder of the server's programs: PG_BIN, else Debian's newest, else PATH."""
    if chosen := os.environ.get("PG_BIN"):
        return Path(chosen)
    packaged = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/postgres"),
        key=lambda program: int(program.parent.parent.name),
    )
    if packaged:
        return packaged[-1].parent
    if found := shutil.which("postgres"):
        return Path(found).parent
    raise RuntimeError(
        "No PostgreSQL server programs: install Debian's package postgresql, or set PG_BIN."
    )


def server_account() -> pwd.struct_passwd | None:
    """Return the account the server runs as, or None for the caller's own (never root)."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise RuntimeError("PostgreSQL refuses to run as root and there is no account to give it to.")


def _initialise(directory: Path) -> None:
    account = server_account()
    if account is not None:
        os.chown(directory, account.pw_uid, account.pw_gid)
    command = [
        find_binaries() / "initdb",
        *("--pgdata", directory / "data", "--username", SUPERUSER, "--auth", "trust"),
        *("--encoding", "UTF8", "--locale", "C.UTF-8", "--no-sync", "--no-instructions"),
    ]
    done = run_as(account, command, capture_output=True)
    if done.returncode:
        raise RuntimeError(f"initdb failed:\n{done.stderr.decode()}")
    with (directory / "data" / "postgresql.conf").open("a") as config:
        for name, value in {**SETTINGS, "unix_socket_directories": str(directory)}.items():
            config.write(f"{name} = '{value}'\n")


def _start(directory: Path) -> None:
    guard = Path(__file__).with_name("postgres_guard.py")
    owner = (directory / "owner").read_text()
    account = server_account()
    subprocess.run(
        [
            *(sys.executable, str(guard), str(directory), owner),
            *(str(find_binaries() / "postgres"), account.pw_name if account else ""),
        ],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=True,
    )


def _is_alive(directory: Path) -> bool:
    return Path("/proc", (directory / "guard").read_text(), "exe").exists()


def run_as(
    account: pwd.struct_passwd | None, command: list[object], *, capture_output: bool
) -> subprocess.CompletedProcess[bytes]:
    """Run `command` as `account`; an ordinary user can only be itself."""
    identity = (
        {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []} if account else {}
    )
    return subprocess.run(
        [str(part) for part in command],
        capture_output=capture_output,
        check=False,
        cwd="/",
        env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"},
        **identity,
    )

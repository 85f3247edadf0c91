"""A real server over a fresh demo, and a real browser."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

ROOT = Path(__file__).parents[2]
CHROMIUM = os.environ.get("HEADRACE_CHROMIUM", "/usr/bin/chromium")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
SECRET = "a-key-of-the-browser-tests-only-0123456789"


def environment(port: int = 0) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HEADRACE_")}
    return {
        **kept,
        "PYTHONPATH": str(ROOT),
        "HEADRACE_SECRET_KEY": SECRET,
        **({"HEADRACE_PORT": str(port)} if port else {}),
    }


@pytest.fixture(scope="session")
def front_end() -> None:
    """The built front end; made here where nobody has yet."""
    if not (ROOT / "headrace" / "static" / "build" / ".vite" / "manifest.json").is_file():
        subprocess.run(["npm", "run", "build"], cwd=ROOT / "designer", check=True)


@pytest.fixture(scope="session")
def demo_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a filled demo, to be copied."""
    folder = tmp_path_factory.mktemp("demo")
    subprocess.run(
        [sys.executable, "-m", "headrace", "demo"],
        cwd=folder,
        env=environment(),
        check=True,
        stdout=subprocess.DEVNULL,
        timeout=300,
    )
    return folder


@pytest.fixture(scope="module")
def server(
    front_end: None, demo_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The address of a server over a copy of the demo; one for each file of tests."""
    folder = tmp_path_factory.mktemp("server") / "demo"
    shutil.copytree(demo_folder, folder)
    with serving(folder) as address:
        yield address


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    with socket.socket() as chosen:
        chosen.bind(("127.0.0.1", 0))
        port = chosen.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    log = (folder / "server.log").open("wb")
    process = subprocess.Popen(
        [sys.executable, "-m", "headrace", "serve"],
        cwd=folder,
        env=environment(port),
        stdout=log,
        stderr=subprocess.STDOUT,
    )
    try:
        _wait(address, process, folder)
        yield address
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        log.close()


def _wait(address: str, process: subprocess.Popen[bytes], folder: Path) -> None:
    for _ in range(300):
        if process.poll() is not None:
            raise RuntimeError((folder / "server.log").read_text(errors="replace"))
        if _answers(address):
            return
        time.sleep(0.1)
    raise TimeoutError("the server does not answer")


def _answers(address: str) -> bool:
    connection = HTTPConnection(address.removeprefix("http://"), timeout=5)
    try:
        connection.request("GET", "/sign-in")
        connection.getresponse().read()
    except OSError:
        return False
    finally:
        connection.close()
    return True


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium of the system."""
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield started
        started.close()


@pytest.fixture(scope="session")
def shots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where screenshots are kept; HEADRACE_SHOTS names another folder."""
    chosen = os.environ.get("HEADRACE_SHOTS")
    folder = Path(chosen) if chosen else tmp_path_factory.mktemp("screenshots")
    folder.mkdir(parents=True, exist_ok=True)
    return folder

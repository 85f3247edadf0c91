"""Looking into what is uploaded, before it is kept: the place for a virus scanner.

A scanner is a function that is plugged into `FileStore.before_keep`; it reads the upload and raises
`infected(...)` where it finds something. `Clamd` asks the daemon of ClamAV. The one that is always there
finds the text that the makers of scanners agreed on for trying them out, and nothing else.
"""

from __future__ import annotations

import contextlib
import logging
import socket
import struct
import time
from typing import Final
from urllib.parse import urlsplit

from headrace.platform.core.errors import RefusedError
from headrace.platform.core.problems import Message
from headrace.platform.files.store import Upload

INFECTED: Final = Message(
    "file.infected",
    "“{name}” was not taken: the scan found {found}.",
    "“{name}”未被接收：扫描发现 {found}。",
    "Check the computer that it comes from, and send a clean file.",
    "请检查文件来源的电脑，并上传安全的文件。",
)
NOT_SCANNED: Final = Message(
    "file.not_scanned",
    "“{name}” was not taken: the virus scanner gave no answer.",
    "“{name}”未被接收：病毒扫描程序没有响应。",
    "Try again later; if it lasts, tell an administrator.",
    "请稍后重试；若持续出现，请联系管理员。",
)
CONNECT_SECONDS: Final = 5
ANSWER_SECONDS: Final = 60
"""How long the scanner may take for a file, from the connection to its answer."""
LONGEST_ANSWER: Final = 4096
_LOG: Final = logging.getLogger(__name__)
_PIECES: Final = (b"EICAR", b"STANDARD", b"ANTIVIRUS", b"TEST", b"FILE!")
TRIAL_TEXT: Final = b"$" + b"-".join(_PIECES) + b"$"
"""The part of the agreed text that no other file has; put together here so that no scanner of
somebody's disk takes this file for it."""


def infected(upload: Upload, found: str) -> RefusedError:
    """Return the error of a file in which a scanner found something."""
    return RefusedError(INFECTED.at("/file", name=upload.name, found=found))


def refuse_trial_text(upload: Upload) -> None:
    """Refuse a file that holds the text for trying out scanners."""
    before = b""
    for part in upload.parts():
        if TRIAL_TEXT in before + part:
            raise infected(upload, "EICAR")
        before = part[-len(TRIAL_TEXT) :]


class Clamd:
    """Lets ClamAV's daemon look into uploads, at `tcp://host:port` or `unix:///path/of/its.socket`.

    The content goes over the connection (INSTREAM), so the daemon may run elsewhere. A file of which it
    does not say that it is clean is refused: also where it cannot be reached, or does not take so large a file.
    """

    def __init__(self, address: str) -> None:
        self._address = urlsplit(address)

    def __call__(self, upload: Upload) -> None:
        """Raise RefusedError with what was found, or that nothing was said."""
        try:
            answer = self._ask(upload)
        except OSError as error:
            answer = str(error)
        _, _, verdict = answer.partition("stream: ")
        if verdict.endswith(" FOUND"):
            raise infected(upload, verdict.removesuffix(" FOUND"))
        if verdict != "OK":
            _LOG.error("the virus scanner at %s: %s", self._address.geturl(), answer or "no answer")
            raise RefusedError(NOT_SCANNED.at("/file", name=upload.name))

    def _ask(self, upload: Upload) -> str:
        end = time.monotonic() + ANSWER_SECONDS
        with self._connected() as connection:
            # A daemon that has seen enough answers and hangs up before everything is sent.
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                _send(connection, b"zINSTREAM\0", end)
                for part in upload.parts():
                    _send(connection, struct.pack(">I", len(part)) + part, end)
                _send(connection, struct.pack(">I", 0), end)
            answer = b""
            while not answer.endswith(b"\0") and len(answer) < LONGEST_ANSWER:
                connection.settimeout(_left(end))
                part = connection.recv(LONGEST_ANSWER)
                if not part:
                    break
                answer += part
        return answer.rstrip(b"\0\n").decode("utf-8", "replace")

    def _connected(self) -> socket.socket:
        if self._address.scheme == "unix":
            connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            try:
                connection.settimeout(CONNECT_SECONDS)
                connection.connect(self._address.path)
            except OSError:
                connection.close()
                raise
            return connection
        where = (str(self._address.hostname), int(self._address.port or 0))
        return socket.create_connection(where, CONNECT_SECONDS)


def _send(connection: socket.socket, data: bytes, end: float) -> None:
    connection.settimeout(_left(end))
    connection.sendall(data)


def _left(end: float) -> float:
    """Return the seconds until a moment; raise TimeoutError where it has passed."""
    left = end - time.monotonic()
    if left <= 0:
        raise TimeoutError("no answer in time")
    return left

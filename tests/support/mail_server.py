"""A real SMTP server on a free port, which takes letters as it is told, with TLS where asked."""

from __future__ import annotations

import base64
import contextlib
import email.policy
import socketserver
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from pathlib import Path
from typing import Any, cast


@dataclass
class Taken:
    """A letter as it came: from whom, to whom, its bytes."""

    sender: str
    to: list[str]
    raw: bytes

    @property
    def letter(self) -> EmailMessage:
        return cast(EmailMessage, message_from_bytes(self.raw, policy=email.policy.default))

    @property
    def text(self) -> str:
        body = self.letter.get_body(("plain",))
        assert body is not None
        return str(body.get_content())

    @property
    def html(self) -> str:
        body = self.letter.get_body(("html",))
        assert body is not None
        return str(body.get_content())


@dataclass
class MailBox:
    """What arrived, and what is answered: to recipients and to letters, in turn, the last for ever."""

    port: int
    taken: list[Taken] = field(default_factory=list)
    to_recipients: list[str] = field(default_factory=lambda: ["250 OK"])
    to_letters: list[str] = field(default_factory=lambda: ["250 OK"])
    sign_ins: list[tuple[str, str]] = field(default_factory=list)
    cut: bool = False
    """Whether the connection ends after a letter was taken, before the answer."""

    @staticmethod
    def next_of(answers: list[str]) -> str:
        return answers.pop(0) if len(answers) > 1 else answers[0]


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True
    box: MailBox
    tls: ssl.SSLContext | None


class _Session(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        try:
            with contextlib.suppress(OSError):
                self._talk()
        finally:
            self.connection.close()

    def _talk(self) -> None:
        box, tls = cast(_Server, self.server).box, cast(_Server, self.server).tls
        sender, to, secure = "", [], False
        self._say("220 test")
        while line := self.rfile.readline():
            text = line.decode().strip()
            verb, _, rest = text.partition(" ")
            match verb.upper():
                case "EHLO" | "HELO":
                    more = "STARTTLS" if tls and not secure else "AUTH PLAIN"
                    self._say(f"250-test\r\n250 {more}")
                case "STARTTLS":
                    assert tls is not None
                    self._say("220 go on")
                    self.connection = tls.wrap_socket(
                        self.connection, server_side=True, do_handshake_on_connect=False
                    )
                    self.connection.do_handshake()
                    self.rfile = self.connection.makefile("rb")
                    self.wfile = cast(Any, self.connection.makefile("wb", buffering=0))
                    secure = True
                case "AUTH":
                    _, user, password = base64.b64decode(rest.split()[1]).decode().split("\0")
                    box.sign_ins.append((user, password))
                    self._say("235 OK")
                case "MAIL":
                    sender, to = _address(rest), []
                    self._say("250 OK")
                case "RCPT":
                    answer = box.next_of(box.to_recipients)
                    to += [_address(rest)] if answer.startswith("250") else []
                    self._say(answer)
                case "DATA":
                    self._say("354 go on")
                    raw = self._letter()
                    answer = box.next_of(box.to_letters)
                    if answer.startswith("250"):
                        box.taken.append(Taken(sender, to, raw))
                    if box.cut:
                        return
                    self._say(answer)
                case "QUIT":
                    self._say("221 bye")
                    return
                case _:
                    self._say("250 OK")

    def _letter(self) -> bytes:
        lines = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
        return b"".join(lines)

    def _say(self, text: str) -> None:
        self.wfile.write(text.encode() + b"\r\n")


def _address(text: str) -> str:
    return text.partition("<")[2].partition(">")[0]


def certificate(folder: Path) -> tuple[Path, Path]:
    """Make a certificate of `localhost` and its key; return their files."""
    key, cert = folder / "key.pem", folder / "cert.pem"
    command = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost"
    subprocess.run(
        [*command.split(), "-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", cert],
        check=True,
        capture_output=True,
    )
    return cert, key


@contextmanager
def taking_mail(tls: tuple[Path, Path] | None = None) -> Iterator[MailBox]:
    """Listen on a free port of this machine."""
    server = _Server(("127.0.0.1", 0), _Session)
    box = MailBox(server.server_address[1])
    server.box, server.tls = box, None
    if tls is not None:
        server.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        server.tls.load_cert_chain(*tls)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield box
    finally:
        server.shutdown()
        server.server_close()
        thread.join()

"""The server that takes mail: one connection a letter, TLS with a certificate that holds."""

from __future__ import annotations

import smtplib
import ssl
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Final
from urllib.parse import unquote, urlsplit

SECONDS: Final = 10.0
"""Seconds that the server may take for each of its answers."""
PORTS: Final = {"smtp": 587, "smtps": 465, "smtp+plain": 25}
NEVER: Final = 500
"""Answers from here on say “never”, those below “not now”."""


class ServerAwayError(Exception):
    """The server cannot be used just now, whoever the letter is for; the text says why."""


class LetterRefusedError(Exception):
    """The server did not take this letter; `for_good` where it never will."""

    def __init__(self, reason: str, *, for_good: bool) -> None:
        super().__init__(reason)
        self.for_good = for_good


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where mail is left, and from whom it comes."""

    scheme: str
    host: str
    port: int
    user: str
    password: str = field(repr=False)
    sender: str

    @classmethod
    def of(cls, url: str, sender: str) -> MailServer | None:
        """Take the address of a server apart, which the settings have checked; None for no address."""
        if not url:
            return None
        parts = urlsplit(url)
        return cls(
            parts.scheme,
            parts.hostname or "",
            parts.port or PORTS[parts.scheme],
            unquote(parts.username or ""),
            unquote(parts.password or ""),
            sender,
        )

    def send(self, letter: EmailMessage, to: str) -> None:
        """Leave a letter for one person; raise ServerAwayError or LetterRefusedError."""
        try:
            with self._connected() as session:
                session.send_message(letter, self.sender, [to])
        except smtplib.SMTPRecipientsRefused as error:
            code, _ = error.recipients[to]
            raise LetterRefusedError(f"recipient: {code}", for_good=code >= NEVER) from error
        except smtplib.SMTPDataError as error:
            raise LetterRefusedError(
                f"letter: {error.smtp_code}", for_good=error.smtp_code >= NEVER
            ) from error
        except smtplib.SMTPResponseException as error:
            # Who signs in, or sends, is the same for all letters. The server's words are not kept:
            # they may repeat what was sent.
            raise ServerAwayError(f"{type(error).__name__}: {error.smtp_code}") from error
        except (OSError, ValueError) as error:
            raise ServerAwayError(type(error).__name__) from error

    def _connected(self) -> smtplib.SMTP:
        name = self.sender.rpartition("@")[2]
        trust = ssl.create_default_context()
        if self.scheme == "smtps":
            session: smtplib.SMTP = smtplib.SMTP_SSL(
                self.host, self.port, name, timeout=SECONDS, context=trust
            )
        else:
            session = smtplib.SMTP(self.host, self.port, name, timeout=SECONDS)
        try:
            if self.scheme == "smtp":
                session.starttls(context=trust)
            if self.user:
                session.login(self.user, self.password)
        except BaseException:
            session.close()
            raise
        return session

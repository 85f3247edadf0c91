"""Passwords: argon2id, and the same work whether or not there is somebody to check."""

from __future__ import annotations

from functools import cached_property
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError

from headrace.platform.core.errors import RefusedError
from headrace.platform.core.problems import Message

LEAST_CHARACTERS: Final = 8
MOST_CHARACTERS: Final = 256

TOO_SHORT = Message(
    "password.too_short",
    "A password has at least {least} characters.",
    "密码至少 {least} 个字符。",
    "Choose a longer one; a few words are fine.",
    "请设置更长的密码，例如几个词的组合。",
)
TOO_LONG = Message(
    "password.too_long",
    "A password has at most {most} characters.",
    "密码最多 {most} 个字符。",
    "Choose a shorter one.",
    "请设置更短的密码。",
)


class Passwords:
    """Hashes and checks passwords; `hasher` sets the cost."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()

    @cached_property
    def _nobody(self) -> str:
        """A hash to check against where there is none; costs as much to make as to check."""
        return self._hasher.hash("nobody has this password")

    def hash(self, password: str) -> str:
        """Return the hash to keep; refuse what is too short or too long."""
        if len(password) < LEAST_CHARACTERS:
            raise RefusedError(TOO_SHORT.at("/password", least=LEAST_CHARACTERS))
        if len(password) > MOST_CHARACTERS:
            raise RefusedError(TOO_LONG.at("/password", most=MOST_CHARACTERS))
        return self._hasher.hash(password)

    def fits(self, kept: str | None, password: str) -> bool:
        """Say whether `password` is the one kept; costs the same where none is kept."""
        nobody = self._nobody  # made at the first check, whoever is checked
        try:
            self._hasher.verify(kept or nobody, password[: MOST_CHARACTERS + 1])
        except (VerifyMismatchError, VerificationError, InvalidHashError):
            return False
        return kept is not None

    def is_outdated(self, kept: str) -> bool:
        """Say whether a hash was made at another cost than today's."""
        return self._hasher.check_needs_rehash(kept)

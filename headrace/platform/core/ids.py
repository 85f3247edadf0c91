"""Identifiers: UUIDv7 for rows (they sort by time of making), random ones for definitions."""

from __future__ import annotations

import os
import secrets
import threading
import time
from typing import Protocol


class IdSource(Protocol):
    """Where new ids come from."""

    def record_id(self) -> str:
        """Return a new UUIDv7 as 36 characters."""
        ...

    def definition_id(self) -> str:
        """Return a new random id of 26 lower-case hexadecimal characters."""
        ...


class RandomIds:
    """Ids from the clock and the system's random source (RFC 9562, version 7).

    Ids of one process never go backwards: within a millisecond the random part counts up.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last = 0

    def record_id(self) -> str:
        """Return a new UUIDv7 as 36 characters."""
        random = int.from_bytes(os.urandom(10)) >> 6
        value = (time.time_ns() // 1_000_000 << 74) | random
        with self._lock:
            if value <= self._last:
                value = self._last + 1 + (random & 0xFFFFFFFF)
            self._last = value
        milliseconds = value >> 74
        high = (value >> 62) & 0xFFF
        low = value & ((1 << 62) - 1)
        number = milliseconds << 80 | 0x7 << 76 | high << 64 | 0b10 << 62 | low
        text = f"{number:032x}"
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"

    def definition_id(self) -> str:
        """Return a new random id of 26 lower-case hexadecimal characters."""
        return secrets.token_hex(13)


def is_record_id(text: object) -> bool:
    """Say whether `text` has the form of a record id (canonical lower-case UUID)."""
    if not isinstance(text, str) or len(text) != 36:  # noqa: PLR2004 - length of a UUID's text
        return False
    groups = text.split("-")
    digits = set("0123456789abcdef")
    return [len(group) for group in groups] == [8, 4, 4, 4, 12] and all(
        set(group) <= digits for group in groups
    )

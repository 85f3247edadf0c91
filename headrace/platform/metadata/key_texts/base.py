"""What is said of a key where people design: a short label, a sentence of help, how often it is needed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from headrace.platform.core.problems import Text

Group = Literal["daily", "more"]


@dataclass(frozen=True, slots=True)
class KeyText:
    """The label of a key and its help in Chinese; the help in English stands at the key itself.

    `group`: `daily` keys are shown at once, the others are folded.
    """

    title: Text
    help_zh: str
    group: Group


def daily(en: str, zh: str, help_zh: str) -> KeyText:
    """Return the words for a key that people need every day."""
    return KeyText(Text(en, zh), help_zh, "daily")


def more(en: str, zh: str, help_zh: str) -> KeyText:
    """Return the words for a key that is needed now and then."""
    return KeyText(Text(en, zh), help_zh, "more")

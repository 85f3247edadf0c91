"""Templates of texts for people: plain text with `{{ field.path }}`, and nothing else.

There is no logic in them, and what is filled in is text: it can never run or mark up anything.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

_HOLE: Final = re.compile(r"\{\{\s*(?P<path>[^{}]*?)\s*\}\}")


@dataclass(frozen=True, slots=True)
class Template:
    """A text in one language, in pieces: every second one is the path of a field."""

    pieces: tuple[str, ...]

    @classmethod
    def of(cls, text: str) -> Template:
        """Read a template; whatever stands between double braces is taken for a path."""
        return cls(tuple(_HOLE.split(text)))

    @property
    def paths(self) -> tuple[str, ...]:
        """The paths of the fields that it shows."""
        return self.pieces[1::2]

    def filled(self, value: Callable[[str], str]) -> str:
        """Return the text with what `value` gives for each path."""
        return "".join(
            value(piece) if position % 2 else piece for position, piece in enumerate(self.pieces)
        )


def holes(text: str) -> tuple[tuple[str, int], ...]:
    """Return the paths that a template shows, each with where it begins in the text."""
    return tuple((one["path"], one.start("path")) for one in _HOLE.finditer(text))

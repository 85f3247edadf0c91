"""API names out of what people call things: English words, pinyin of Chinese ones."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection
from typing import Final

from headrace.platform.core.problems import Text
from headrace.platform.formulas.pinyin import is_han, spelled
from headrace.platform.metadata.naming import MAX_BYTES, numbered

_BRACKETS: Final = re.compile(r"[（(\[【].*?[)）\]】]")
_WORD: Final = re.compile(r"[A-Za-z0-9]+")
_HUMP: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")

LONGEST_LABEL: Final = 200


def label_of(text: str) -> Text:
    """Return a text as a label: as it is in both languages, until somebody translates it."""
    return Text(text, text)


def heading_of(text: str, otherwise: str, ending: str = "") -> Text:
    """Return a heading with `ending` as a label that a review takes: `otherwise` where none is left.

    Characters that nobody sees, such as joiners and marks of direction, come along when headings are
    copied from pages; a heading that is too long is cut.
    """
    seen = "".join(one for one in text if one.isprintable() or one.isspace())
    label = " ".join(seen.split()) or otherwise
    room = LONGEST_LABEL - len(ending)
    if len(label) > room:
        label = f"{label[: room - 1].rstrip()}…"
    return label_of(label + ending)


def api_name(text: str, otherwise: str, is_free: Callable[[str], bool]) -> str:
    """Return a name for `text` that is free: `otherwise` where nothing of it can be spelled.

    Words of English are joined by underscores, as syllables of pinyin are where there is room.
    """
    bare = _BRACKETS.sub(" ", text)
    words = _words(bare) or _words(text)
    name = "_".join(words)
    if len(name) > MAX_BYTES and any(map(is_han, text)):
        name = "".join(words)
    name = name[:MAX_BYTES].strip("_") or otherwise
    if not name[0].isalpha():
        name = f"{otherwise}_{name}"[:MAX_BYTES].strip("_")
    return numbered(name, is_free)


def value_name(text: str, taken: Collection[str], number: int) -> str:
    """Return the stored value of a choice that is labelled `text`."""
    return api_name(text, f"value_{number}", lambda name: name not in taken)


def _words(text: str) -> list[str]:
    folded = unicodedata.normalize("NFKD", text)
    plain = "".join(one for one in folded if not unicodedata.combining(one))
    found: list[str] = []
    for one in spelled(plain):
        for word in _WORD.findall(_HUMP.sub(" ", one)):
            found.append(word.lower())  # noqa: PERF401 - two loops read better than one line
    return found

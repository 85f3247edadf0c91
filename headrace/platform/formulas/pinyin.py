"""Keys that let Chinese texts be found and ordered by how they are read, the same wherever they are made.

A search key holds a text once by the initials and once by the whole pinyin of its characters, with a capital
where a syllable begins (`CY ChenYu`); Latin letters are capitals, digits stand for themselves, all else
is left out. Readings that belong to a phrase come first; other common readings of single characters stand
behind them. A sort key puts before each Chinese character its pinyin with the tone.
"""

from __future__ import annotations

import itertools
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache, lru_cache
from typing import Final

LONGEST_SEARCHED: Final = 120
"""Characters of a text that are found by pinyin."""
LONGEST_SORTED: Final = 60
"""Characters of a text that decide its place."""
MOST_VARIANTS: Final = 16
"""Ways to read a text that are kept whole; of more, only the surroundings of what differs."""
AROUND: Final = 5
"""Characters on both sides of one that is read otherwise."""
LONGEST_KEY: Final = 2_000
LONGEST_SORT_KEY: Final = 600
HAN: Final = "{"
"""Comes before a Chinese character in a sort key: after digits and letters, before other scripts."""

Reading = tuple[str, ...]
"""How one character may be written in a search key, the likeliest first."""


def search_key(text: str) -> str:
    """Return what the pinyin of `text` is found in; empty where it holds no Chinese.

    What holds none is found by itself. Costs about 30 µs for a name, less where it was asked for lately.
    """
    return _search_key(text[:LONGEST_SEARCHED])


def sort_key(text: str) -> str:
    """Return what stands for `text` where rows are ordered: digits, letters, then Chinese by pinyin and tone.

    Letters fold; accents are left out. Characters that are read alike stand by their code points.
    """
    return _sort_key(text[:LONGEST_SORTED])


def searched_pinyin(text: str) -> str | None:
    """Return the letters and digits of what is searched for; None where there is something else in it."""
    plain = "".join(one for one in _folded(text) if not one.isspace() and one not in "'’-·.,")
    return plain if plain and plain.isascii() and plain.isalnum() else None


def spelled(text: str) -> list[str]:
    """Return a text in pieces: the pinyin of each Chinese character, and what stands between them."""
    pieces: list[str] = []
    for chinese, run in itertools.groupby(text, is_han):
        found = "".join(run)
        if chinese:
            from pypinyin import Style, lazy_pinyin  # noqa: PLC0415 - as below

            pieces += lazy_pinyin(found, style=Style.NORMAL, errors="ignore")
        else:
            pieces.append(found)
    return pieces


def is_han(character: str) -> bool:
    """Say whether a character is a Chinese one."""
    return (
        "\u4e00" <= character <= "\u9fff"
        or "\u3400" <= character <= "\u4dbf"
        or "\U00020000" <= character <= "\U000323af"
        or character == "〇"
    )


@lru_cache(maxsize=10_000)
def _search_key(text: str) -> str:
    folded = _folded(text)
    if not any(map(is_han, folded)):
        return ""
    characters = [one for one in _readings(folded) if one]
    whole = [_capitals(one) for one in _variants(characters)]
    initials = ["".join(c for c in one if c.isupper() or c.isdigit()) for one in whole]
    return " ".join(dict.fromkeys((*initials, *whole)))[:LONGEST_KEY]


@lru_cache(maxsize=10_000)
def _sort_key(text: str) -> str:
    folded = _folded(text)
    if folded.isascii():
        return folded[:LONGEST_SORT_KEY]
    from pypinyin import Style, lazy_pinyin  # noqa: PLC0415 - takes 0.1 s, for Chinese texts only

    parts = []
    for chinese, run in itertools.groupby(folded, is_han):
        found = "".join(run)
        if chinese:
            read = lazy_pinyin(found, style=Style.TONE3, neutral_tone_with_five=True)
            parts += [f"{HAN}{way}{one}" for way, one in zip(read, found, strict=True)]
        else:
            parts.append(found)
    return "".join(parts)[:LONGEST_SORT_KEY]


def _folded(text: str) -> str:
    """Return `text` in half width and lower case, without accents."""
    plain = unicodedata.normalize("NFKD", text).casefold()
    return "".join(one for one in plain if not unicodedata.combining(one))


def _readings(text: str) -> Iterator[Reading]:
    """Yield for each character how it is written; nothing for what is left out."""
    from pypinyin import Style, lazy_pinyin  # noqa: PLC0415 - as above

    for chinese, run in itertools.groupby(text, is_han):
        found = "".join(run)
        if not chinese:
            yield from ((one,) if one.isascii() and one.isalnum() else () for one in found)
            continue
        read = lazy_pinyin(found, style=Style.NORMAL, errors="ignore")
        read = read if len(read) == len(found) else [""] * len(found)
        for way, one in zip(read, found, strict=True):
            yield tuple(dict.fromkeys(each for each in (way, *_common(one)) if each))


def _variants(characters: Sequence[Reading]) -> Iterable[tuple[str, ...]]:
    """Return the ways to read a text, the likeliest first."""
    count = 1
    for one in characters:
        count *= len(one)
        if count > MOST_VARIANTS:
            return _parts_read_otherwise(characters)
    return itertools.product(*characters)


def _parts_read_otherwise(characters: Sequence[Reading]) -> Iterator[tuple[str, ...]]:
    likeliest = tuple(one[0] for one in characters)
    yield likeliest
    for place, ways in enumerate(characters):
        start = max(0, place - AROUND)
        for way in ways[1:]:
            yield (*likeliest[start:place], way, *likeliest[place + 1 : place + 1 + AROUND])


def _capitals(syllables: Iterable[str]) -> str:
    return "".join(one.capitalize() for one in syllables)


def _common(character: str) -> Reading:
    """Return the readings of a character that stand in some phrase, and the first of all."""
    return _common_readings().get(character) or _first(character)


def _first(character: str) -> Reading:
    from pypinyin import Style, pinyin  # noqa: PLC0415 - as above

    found = pinyin(character, style=Style.NORMAL, heteronym=True, errors="ignore")
    return tuple(found[0][:1]) if found else ()


@cache
def _common_readings() -> Mapping[str, Reading]:
    """Return the readings of characters that phrases have; made once, in about 0.2 s."""
    from pypinyin import Style  # noqa: PLC0415 - as above
    from pypinyin.constants import PHRASES_DICT  # noqa: PLC0415 - as above
    from pypinyin.style import convert  # noqa: PLC0415 - as above

    counted: dict[str, dict[str, int]] = {}
    for phrase, read in PHRASES_DICT.items():
        if len(phrase) != len(read):
            continue
        for one, ways in zip(phrase, read, strict=True):
            known = counted.setdefault(one, {})
            known[ways[0]] = known.get(ways[0], 0) + 1
    found: dict[str, Reading] = {}
    for one, ways_of in counted.items():
        ordered = sorted(ways_of, key=lambda way: (-ways_of[way], way))
        plain = (convert(way, Style.NORMAL, strict=True) for way in ordered)
        found[one] = tuple(dict.fromkeys(way for way in plain if way))
    return found

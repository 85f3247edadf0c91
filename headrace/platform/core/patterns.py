r"""Patterns of texts: a small regular-expression language that is matched in linear time.

What it has: literals, `.`, classes (`[A-Z0-9]`, `[^,]`), `\d \w \s` (ASCII) and `\p{Han}`, brackets,
`|`, and the repeats `? * + {n} {n,} {n,m}`. A pattern always describes the whole text. What it does
not have is what makes other engines run for ever, or say different things in different places:
references back, looking around, lazy repeats, flags.

A pattern becomes an automaton (Glushkov's: one place for each character of the pattern), whose set of
places is one integer. A text costs its length times the places of the pattern at most, whatever
either holds; nothing is ever tried twice.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Final

from headrace.platform.core.problems import Text

MOST_PLACES: Final = 500
MOST_NESTED: Final = 20
MOST_KEPT: Final = 2_000
"""How many characters keep their places; texts with more kinds of characters are matched too."""

_REPEATS: Final = "?*+{"
_SPECIAL: Final = "\\.[]()|?*+{}^$"
_DIGIT: Final = ((0x30, 0x39),)
_WORD: Final = ((0x30, 0x39), (0x41, 0x5A), (0x5F, 0x5F), (0x61, 0x7A))
_SPACE: Final = ((0x09, 0x0A), (0x20, 0x20))
_HAN: Final = (
    (0x3007, 0x3007),
    (0x3400, 0x4DBF),
    (0x4E00, 0x9FFF),
    (0xF900, 0xFAFF),
    (0x20000, 0x2FA1F),
    (0x30000, 0x323AF),
)
_NAMED: Final = {"d": _DIGIT, "w": _WORD, "s": _SPACE}
_TOO_MANY: Final = Text(
    f"it stands for more than {MOST_PLACES} characters once its repeats are written out",
    f"重复展开后超过 {MOST_PLACES} 个字符",
)
_TOO_DEEP: Final = Text("the brackets are nested too deeply", "括号嵌套过深")
_UNCLOSED: Final = Text("the bracket is never closed", "括号没有闭合")
_UNOPENED: Final = Text("nothing was opened that this could close", "没有与之对应的左括号")
_NOTHING: Final = Text("there is nothing to repeat", "前面没有可重复的内容")
_REPEATED: Final = Text(
    "lazy, possessive and doubled repeats are not known", "不支持惰性、占有或连续的重复符号"
)
_COUNT: Final = Text(
    "braces hold a number, a number with a comma, or two numbers in rising order",
    "花括号内应为一个数、一个数加逗号，或由小到大的两个数",
)
_GROUP: Final = Text(
    "only plain brackets are known: no looking around, names or flags",
    "只支持普通括号，不支持环视、命名分组或标志",
)
_ESCAPE: Final = Text(
    "only the classes d, w, s and Han, and signs, can follow a backslash",
    "反斜杠后只能跟 d、w、s、汉字类或符号",
)
_ANCHOR: Final = Text(
    "the pattern always describes the whole text; ^ and $ stand at its ends only, around brackets "
    "where it has alternatives",
    "规则总是匹配整段文字；^ 与 $ 只能写在首尾，有多个可选项时须加括号",
)
_RANGE: Final = Text("a range goes from the lower to the higher character", "范围应由小到大")
_EMPTY_CLASS: Final = Text("the class holds no character", "字符集为空")

_Ranges = tuple[tuple[int, int], ...]


class PatternError(ValueError):
    """A pattern that is not in the language; `position` counts its characters from 0."""

    def __init__(self, position: int, reason: Text) -> None:
        super().__init__(f"{reason.en} (at {position})")
        self.position = position
        self.reason = reason


@dataclass(frozen=True, slots=True)
class CharacterSet:
    """One character out of ranges of code points, or out of all others."""

    ranges: _Ranges
    negated: bool = False

    def holds(self, code: int) -> bool:
        return any(low <= code <= high for low, high in self.ranges) != self.negated


@dataclass(frozen=True, slots=True)
class _Part:
    """A piece of the automaton: its first and last places, and whether it takes an empty text."""

    first: int
    last: int
    empty: bool


@dataclass(frozen=True, slots=True)
class Atom:
    """A character set and where it stands in the source; what is between atoms are brackets, `|` and repeats."""

    start: int
    end: int
    set: CharacterSet


class Pattern:
    """A pattern ready to be matched; make one by `compiled`.

    `atoms` are its character sets in the order of the source, `span` the source without anchors.
    """

    __slots__ = (
        *("_first", "_follow", "_kept", "_last", "_places", "_takes_empty"),
        *("atoms", "most_repeated", "span"),
    )

    def __init__(self, places: list[CharacterSet], follow: list[int], whole: _Part) -> None:
        self.atoms: tuple[Atom, ...] = ()
        self.span = (0, 0)
        self.most_repeated = 0
        self._places = places
        self._follow = follow
        self._first = whole.first
        self._last = whole.last
        self._takes_empty = whole.empty
        self._kept: dict[str, int] = {}

    def matches(self, text: str) -> bool:
        """Say whether the pattern describes the whole of `text`."""
        if not text:
            return self._takes_empty
        reachable = self._first
        standing = 0
        for character in text:
            standing = reachable & self._fitting(character)
            if not standing:
                return False
            reachable = self._after(standing)
        return bool(standing & self._last)

    def _after(self, standing: int) -> int:
        reachable = 0
        while standing:
            lowest = standing & -standing
            reachable |= self._follow[lowest.bit_length() - 1]
            standing ^= lowest
        return reachable

    def _fitting(self, character: str) -> int:
        found = self._kept.get(character)
        if found is None:
            code = ord(character)
            found = sum(1 << at for at, one in enumerate(self._places) if one.holds(code))
            if len(self._kept) < MOST_KEPT:
                self._kept[character] = found
        return found


@functools.lru_cache(maxsize=500)
def compiled(source: str) -> Pattern:
    """Return the pattern that `source` writes; raise PatternError with the place that is wrong."""
    return _Reader(source).pattern()


class _Reader:
    """Reads a pattern from left to right and builds its automaton on the way."""

    def __init__(self, source: str) -> None:
        self._start = 1 if source.startswith("^") else 0
        anchored = source.endswith("$") and _is_plain(source, len(source) - 1)
        self._end = len(source) - 1 if anchored else len(source)
        self._source = source
        self._at = self._start
        self._depth = 0
        self._places: list[CharacterSet] = []
        self._atoms: list[Atom] = []
        self._most_repeated = 0
        self._follow: list[int] = []
        self._has_anchor = bool(self._start) or anchored

    def pattern(self) -> Pattern:
        whole = self._alternatives()
        if self._at < self._end:
            raise PatternError(self._at, _UNOPENED)
        found = Pattern(self._places, self._follow, whole)
        found.atoms = tuple(self._atoms)
        found.span = (self._start, self._end)
        found.most_repeated = self._most_repeated
        return found

    def _peek(self) -> str:
        return self._source[self._at] if self._at < self._end else ""

    def _alternatives(self) -> _Part:
        found = self._sequence()
        while self._peek() == "|":
            if self._has_anchor and not self._depth:
                raise PatternError(self._at, _ANCHOR)
            self._at += 1
            other = self._sequence()
            found = _Part(
                found.first | other.first, found.last | other.last, found.empty or other.empty
            )
        return found

    def _sequence(self) -> _Part:
        found = _Part(0, 0, empty=True)
        while self._peek() not in {"", "|", ")"}:
            found = self._joined(found, self._repeated())
        return found

    def _joined(self, left: _Part, right: _Part) -> _Part:
        self._link(left.last, right.first)
        return _Part(
            left.first | (right.first if left.empty else 0),
            right.last | (left.last if right.empty else 0),
            left.empty and right.empty,
        )

    def _link(self, from_: int, to: int) -> None:
        while from_:
            lowest = from_ & -from_
            self._follow[lowest.bit_length() - 1] |= to
            from_ ^= lowest

    def _repeated(self) -> _Part:
        began, before = self._at, len(self._places)
        found = self._atom()
        sign = self._peek()
        if not sign or sign not in _REPEATS:
            return found
        least, most = self._bounds()
        following = self._peek()
        if following and following in _REPEATS:
            raise PatternError(self._at, _REPEATED)
        self._most_repeated = max(self._most_repeated, least, most or 0)
        self._check_size(began, before, least if most is None else most)
        return self._copies(found, range(before, len(self._places)), least, most)

    def _bounds(self) -> tuple[int, int | None]:
        """Read how often something comes; None for any number of times."""
        sign = self._peek()
        self._at += 1
        if sign != "{":
            return {"?": (0, 1), "*": (0, None), "+": (1, None)}[sign]
        began, end = self._at - 1, self._source.find("}", self._at, self._end)
        least, comma, most = self._source[self._at : max(end, self._at)].partition(",")
        if end < 0 or not _is_count(least) or (most and not _is_count(most)):
            raise PatternError(began, _COUNT)
        self._at = end + 1
        if not comma:
            return int(least), int(least)
        if not most:
            return int(least), None
        if int(most) < int(least):
            raise PatternError(began, _COUNT)
        return int(least), int(most)

    def _check_size(self, began: int, before: int, copies: int) -> None:
        size = len(self._places) - before
        if before + size * max(copies, 1) > MOST_PLACES:
            raise PatternError(began, _TOO_MANY)

    def _copies(self, one: _Part, span: range, least: int, most: int | None) -> _Part:
        """Return `one` written out as often as it must come, and as it may."""
        # What follows what within one copy; joining copies adds more to the first.
        inner = [self._follow[place] for place in span]
        copies = [one]
        for number in range(1, max(least if most is None else most, 1)):
            shift = len(span) * number
            self._places.extend(self._places[place] for place in span)
            self._follow.extend(follow << shift for follow in inner)
            copies.append(_Part(one.first << shift, one.last << shift, one.empty))
        if most is None:
            self._link(copies[-1].last, copies[-1].first)
        found = _Part(0, 0, empty=True)
        for number, copy in enumerate(copies if most != 0 else []):
            optional = copy.empty or number >= least
            found = self._joined(found, _Part(copy.first, copy.last, optional))
        return found

    def _atom(self) -> _Part:
        began = self._at
        sign = self._peek()
        if sign == "(":
            return self._group()
        if sign == "[":
            return self._place(began, self._class())
        if sign == "\\":
            return self._place(began, CharacterSet(self._escape()))
        if sign in "*?+{":
            raise PatternError(self._at, _NOTHING)
        if sign in "]}":
            raise PatternError(self._at, _UNOPENED)
        if sign in "^$":
            raise PatternError(self._at, _ANCHOR)
        self._at += 1
        if sign == ".":
            return self._place(began, CharacterSet(((0x0A, 0x0A),), negated=True))
        return self._place(began, CharacterSet(((ord(sign), ord(sign)),)))

    def _place(self, began: int, one: CharacterSet) -> _Part:
        self._atoms.append(Atom(began, self._at, one))
        if len(self._places) >= MOST_PLACES:
            raise PatternError(self._at - 1, _TOO_MANY)
        bit = 1 << len(self._places)
        self._places.append(one)
        self._follow.append(0)
        return _Part(bit, bit, empty=False)

    def _group(self) -> _Part:
        began = self._at
        self._depth += 1
        if self._depth > MOST_NESTED:
            raise PatternError(began, _TOO_DEEP)
        self._at += 3 if self._source.startswith("(?:", self._at) else 1
        if self._peek() == "?":
            raise PatternError(self._at, _GROUP)
        found = self._alternatives()
        if self._peek() != ")":
            raise PatternError(began, _UNCLOSED)
        self._at += 1
        self._depth -= 1
        return found

    def _class(self) -> CharacterSet:
        began = self._at
        self._at += 1
        negated = self._peek() == "^"
        self._at += negated
        ranges: list[tuple[int, int]] = []
        while self._peek() != "]":
            if not self._peek():
                raise PatternError(began, _UNCLOSED)
            ranges.extend(self._member())
        if not ranges:
            raise PatternError(began, _EMPTY_CLASS)
        self._at += 1
        return CharacterSet(tuple(ranges), negated)

    def _member(self) -> _Ranges:
        """Read a character, a range or a named class within brackets."""
        began = self._at
        low = self._character()
        follows = self._source[self._at + 1 : self._end]
        if self._peek() != "-" or follows[:1] in {"", "]"}:
            return low
        self._at += 1
        high = self._character()
        single = len(low) == len(high) == 1 and low[0][0] == low[0][1] and high[0][0] == high[0][1]
        if not single or high[0][0] < low[0][0]:
            raise PatternError(began, _RANGE)
        return ((low[0][0], high[0][0]),)

    def _character(self) -> _Ranges:
        if self._peek() == "\\":
            return self._escape()
        code = ord(self._source[self._at])
        self._at += 1
        return ((code, code),)

    def _escape(self) -> _Ranges:
        began = self._at
        self._at += 1
        sign = self._peek()
        if sign == "p" and self._source.startswith("{Han}", self._at + 1):
            self._at += len("p{Han}")
            return _HAN
        if not sign or (sign.isalnum() and sign not in _NAMED):
            raise PatternError(began, _ESCAPE)
        self._at += 1
        return _NAMED.get(sign, ((ord(sign), ord(sign)),))


def _is_plain(source: str, at: int) -> bool:
    """Say whether the sign stands for itself there: an even number of backslashes comes before it."""
    before = source[:at]
    return (len(before) - len(before.rstrip("\\"))) % 2 == 0


def _is_count(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= len(str(MOST_PLACES))

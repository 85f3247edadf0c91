r"""Patterns of texts: a closed set of regular expressions that is matched in one pass, the same on every engine.

A pattern is parsed into a tree, turned into an automaton by Glushkov's construction and followed character by
character, so no pattern can take longer than its size times the length of the text. PostgreSQL, whose own
engine works like that too, gets the tree written in its syntax; the browser builds the same automaton.

    characters      themselves; \ before a sign (\.); \t \n \r
    sets            .  \d = [0-9]  \w = [A-Za-z0-9_]  \s = space, tab, line ends  [a-z_]  [^0-9]
    groups          (…)  a|b
    how often       ?  *  +  {3}  {2,}  {2,5}

References back, looking around and reluctant repeats are not part of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NamedTuple, TypeAlias

from headrace.platform.core.problems import Text

MAX_PATTERN: Final = 200
MAX_REPEAT: Final = 255
"""PostgreSQL knows no larger bound."""
MAX_POSITIONS: Final = 400
"""Characters of a pattern after its repeats are written out."""
MAX_DEPTH: Final = 10
MAX_STEPS_KEPT: Final = 2_000

Ranges: TypeAlias = tuple[tuple[int, int], ...]

_LAST: Final = 0x10FFFF
_DIGITS: Final[Ranges] = ((0x30, 0x39),)
_WORDS: Final[Ranges] = ((0x30, 0x39), (0x41, 0x5A), (0x5F, 0x5F), (0x61, 0x7A))
_SPACES: Final[Ranges] = ((0x09, 0x0D), (0x20, 0x20))
_CLASSES: Final = {"d": _DIGITS, "w": _WORDS, "s": _SPACES}
_CONTROLS: Final = {"t": "\t", "n": "\n", "r": "\r"}
_REPEATS: Final[dict[str, tuple[int, int | None]]] = {"?": (0, 1), "*": (0, None), "+": (1, None)}
_SIGNS: Final = frozenset("()[]{}?*+|\\^$")

_END: Final = Text("it ends too early", "提前结束")
_REFUSED: Final = Text(
    "only sets, groups, “|” and the repeats ? * + {m,n} are known",
    "只支持字符集、分组、“|”以及重复 ? * + {m,n}",
)
_REPEAT: Final = Text("nothing stands before the repeat", "重复符号前没有内容")
_BOUNDS: Final = Text(
    f"a repeat is {{m}}, {{m,}} or {{m,n}} with at most {MAX_REPEAT}",
    f"重复次数写作 {{m}}、{{m,}} 或 {{m,n}},最多 {MAX_REPEAT}",
)
_RANGE: Final = Text("a range goes from the lesser to the greater", "范围应从小到大")
_EMPTY_SET: Final = Text("the set is empty", "字符集为空")
_ESCAPE: Final = Text(
    r"after \ stands a sign or one of d w s t n r", r"\ 之后应为符号或 d w s t n r 之一"
)
_LONG: Final = Text(
    f"it is too large: at most {MAX_PATTERN} characters, {MAX_POSITIONS} with repeats written out",
    f"过长:最多 {MAX_PATTERN} 个字符,展开重复后最多 {MAX_POSITIONS} 个",
)
_DEPTH: Final = Text(f"at most {MAX_DEPTH} groups in one another", f"分组最多嵌套 {MAX_DEPTH} 层")


class Characters(NamedTuple):
    """One character out of a set."""

    ranges: Ranges


class Sequence(NamedTuple):
    """One after the other; none is the empty text."""

    parts: tuple[Pattern, ...]


class Either(NamedTuple):
    """One of several."""

    options: tuple[Pattern, ...]


class Repeat(NamedTuple):
    """Something `low` to `high` times; without `high` any number of times."""

    part: Pattern
    low: int
    high: int | None


Pattern: TypeAlias = Characters | Sequence | Either | Repeat


class PatternError(Exception):
    """A pattern that is refused, with the place (from 0) and the reason."""

    def __init__(self, position: int, reason: Text) -> None:
        super().__init__(position)
        self.position = position
        self.reason = reason


def pattern_fault(source: str) -> Text | None:
    """Return why `source` is no pattern, with the place in it; None where it is one."""
    try:
        automaton(source)
    except PatternError as error:
        place, reason = error.position + 1, error.reason
        return Text(
            f"character {place} of the pattern: {reason.en}",
            f"模式的第 {place} 个字符:{reason.zh}",
        )
    return None


def parse(source: str) -> Pattern:
    """Return the tree of a pattern; `^` in front and `$` behind say what holds anyway.

    Raises PatternError.
    """
    if len(source) > MAX_PATTERN:
        raise PatternError(MAX_PATTERN, _LONG)
    return _Parser(source).pattern()


class _Parser:
    def __init__(self, source: str) -> None:
        self.source = source
        self.position = 1 if source.startswith("^") else 0
        self.end = len(source)
        if source.endswith("$") and not _is_escaped(source, len(source) - 1):
            self.end -= 1

    def pattern(self) -> Pattern:
        found = self.either(0)
        if self.position < self.end:
            raise PatternError(self.position, _REFUSED)
        return found

    @property
    def next(self) -> str:
        return self.source[self.position] if self.position < self.end else ""

    def taken(self) -> str:
        if self.position >= self.end:
            raise PatternError(self.position, _END)
        self.position += 1
        return self.source[self.position - 1]

    def either(self, level: int) -> Pattern:
        if level > MAX_DEPTH:
            raise PatternError(self.position, _DEPTH)
        options = [self.sequence(level)]
        while self.next == "|":
            self.position += 1
            options.append(self.sequence(level))
        return options[0] if len(options) == 1 else Either(tuple(options))

    def sequence(self, level: int) -> Pattern:
        parts: list[Pattern] = []
        while self.next not in ("", "|", ")"):
            parts.append(self.repeated(self.atom(level)))
        return parts[0] if len(parts) == 1 else Sequence(tuple(parts))

    def repeated(self, part: Pattern) -> Pattern:
        sign = self.next
        if sign in _REPEATS:
            self.position += 1
            part = Repeat(part, *_REPEATS[sign])
        elif sign == "{":
            part = Repeat(part, *self.bounds())
        else:
            return part
        if self.next in (*_REPEATS, "{") and self.next:
            raise PatternError(self.position, _REFUSED)
        return part

    def bounds(self) -> tuple[int, int | None]:
        start = self.position
        close = self.source.find("}", start, self.end)
        low, comma, high = self.source[start + 1 : close].partition(",")
        if close < 0 or not _is_count(low) or (high and not _is_count(high)):
            raise PatternError(start, _BOUNDS)
        self.position = close + 1
        if not comma:
            return int(low), int(low)
        if high and int(high) < int(low):
            raise PatternError(start, _BOUNDS)
        return int(low), int(high) if high else None

    def atom(self, level: int) -> Pattern:
        start = self.position
        sign = self.taken()
        if sign == "(":
            return self.group(level)
        if sign == "[":
            return Characters(self.set())
        if sign == ".":
            return Characters(((0, _LAST),))
        if sign == "\\":
            return Characters(self.escaped())
        if sign in _REPEATS or sign == "{":
            raise PatternError(start, _REPEAT)
        if sign in _SIGNS:
            raise PatternError(start, _REFUSED)
        return Characters(_one(sign))

    def group(self, level: int) -> Pattern:
        if self.next == "?":
            raise PatternError(self.position, _REFUSED)
        inner = self.either(level + 1)
        if self.taken() != ")":
            raise PatternError(self.position - 1, _REFUSED)
        return inner

    def escaped(self) -> Ranges:
        start = self.position - 1
        sign = self.taken()
        if sign.lower() in _CLASSES:
            found = _CLASSES[sign.lower()]
            return found if sign.islower() else _without(found)
        if sign in _CONTROLS:
            return _one(_CONTROLS[sign])
        if sign.isalnum():
            raise PatternError(start, _ESCAPE)
        return _one(sign)

    def set(self) -> Ranges:
        start = self.position - 1
        negated = self.next == "^"
        self.position += negated
        found: list[tuple[int, int]] = []
        while self.next != "]":
            found.extend(self.member())
        self.position += 1
        if not found:
            raise PatternError(start, _EMPTY_SET)
        ranges = _joined(found)
        if negated:
            ranges = _without(ranges)
        if not ranges:
            raise PatternError(start, _EMPTY_SET)
        return ranges

    def member(self) -> Ranges:
        start = self.position
        first = self.single()
        is_range = self.next == "-" and self.source[self.position + 1 : self.position + 2] != "]"
        if not is_range:
            return first
        self.position += 1
        last = self.single()
        single = len(first) == len(last) == 1 and first[0][0] == first[0][1]
        if not single or last[0][0] != last[0][1] or last[0][0] < first[0][0]:
            raise PatternError(start, _RANGE)
        return ((first[0][0], last[0][0]),)

    def single(self) -> Ranges:
        sign = self.taken()
        if sign == "[":
            raise PatternError(self.position - 1, _REFUSED)
        return self.escaped() if sign == "\\" else _one(sign)


def _is_escaped(source: str, position: int) -> bool:
    before = source[:position]
    return (len(before) - len(before.rstrip("\\"))) % 2 == 1


def _is_count(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 3 and int(text) <= MAX_REPEAT  # noqa: PLR2004 - digits of the greatest


def _one(character: str) -> Ranges:
    return ((ord(character), ord(character)),)


def _joined(ranges: list[tuple[int, int]]) -> Ranges:
    found: list[tuple[int, int]] = []
    for low, high in sorted(ranges):
        if found and low <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(found[-1][1], high))
        else:
            found.append((low, high))
    return tuple(found)


def _without(ranges: Ranges) -> Ranges:
    found, start = [], 0
    for low, high in ranges:
        if start < low:
            found.append((start, low - 1))
        start = high + 1
    if start <= _LAST:
        found.append((start, _LAST))
    return tuple(found)


# --- the automaton -----------------------------------------------------------------------------------


class _Part(NamedTuple):
    """Positions (as bits) where a part may begin and end, and whether it may be empty."""

    first: int
    last: int
    empty: bool


class _Builder:
    """Numbers the characters of a pattern and finds which may follow which."""

    def __init__(self) -> None:
        self.characters: list[Ranges] = []
        self.follow: list[int] = []

    def part(self, pattern: Pattern) -> _Part:
        match pattern:
            case Characters():
                return self.character(pattern.ranges)
            case Sequence():
                found = _NOTHING
                for part in pattern.parts:
                    found = self.joined(found, self.part(part))
                return found
            case Either():
                found = self.part(pattern.options[0])
                for option in pattern.options[1:]:
                    other = self.part(option)
                    found = _Part(
                        found.first | other.first,
                        found.last | other.last,
                        found.empty or other.empty,
                    )
                return found
            case Repeat():
                return self.repeated(pattern)

    def character(self, ranges: Ranges) -> _Part:
        if len(self.characters) == MAX_POSITIONS:
            raise PatternError(0, _LONG)
        bit = 1 << len(self.characters)
        self.characters.append(ranges)
        self.follow.append(0)
        return _Part(bit, bit, empty=False)

    def repeated(self, pattern: Repeat) -> _Part:
        """Write the repeat out: x{2,4} as x x (x (x)?)?, x{2,} as x x x*."""
        found = _NOTHING
        for _ in range(pattern.low):
            found = self.joined(found, self.part(pattern.part))
        if pattern.high is None:
            more = self.part(pattern.part)
            self.link(more.last, more.first)
            return self.joined(found, more._replace(empty=True))
        for _ in range(pattern.high - pattern.low):
            found = self.joined(found, self.part(pattern.part)._replace(empty=True))
        return found

    def joined(self, left: _Part, right: _Part) -> _Part:
        self.link(left.last, right.first)
        return _Part(
            left.first | (right.first if left.empty else 0),
            right.last | (left.last if right.empty else 0),
            left.empty and right.empty,
        )

    def link(self, ends: int, starts: int) -> None:
        for position in _bits(ends):
            self.follow[position] |= starts


_NOTHING: Final = _Part(0, 0, empty=True)


def _bits(mask: int) -> list[int]:
    found = []
    while mask:
        lowest = mask & -mask
        found.append(lowest.bit_length() - 1)
        mask ^= lowest
    return found


@dataclass(slots=True)
class Automaton:
    """A pattern ready to be followed; the steps met are kept, up to a limit."""

    characters: tuple[Ranges, ...]
    follow: tuple[int, ...]
    whole: _Part
    steps: dict[tuple[int, str], int]

    def fits(self, text: str) -> bool:
        """Say whether the whole text fits the pattern."""
        if not text:
            return self.whole.empty
        state = self.admitted(self.whole.first, text[0])
        for character in text[1:]:
            if not state:
                return False
            step = self.steps.get((state, character))
            state = self.step(state, character) if step is None else step
        return bool(state & self.whole.last)

    def step(self, state: int, character: str) -> int:
        """Return the positions reached from `state` by a character."""
        reached = 0
        for position in _bits(state):
            reached |= self.follow[position]
        found = self.admitted(reached, character)
        if len(self.steps) >= MAX_STEPS_KEPT:
            self.steps.clear()
        self.steps[state, character] = found
        return found

    def admitted(self, mask: int, character: str) -> int:
        """Return those of the positions that stand for `character`."""
        code, found = ord(character), 0
        for position in _bits(mask):
            if any(low <= code <= high for low, high in self.characters[position]):
                found |= 1 << position
        return found


@lru_cache(maxsize=256)
def automaton(source: str) -> Automaton:
    """Return the automaton of a pattern. Raises PatternError."""
    builder = _Builder()
    whole = builder.part(parse(source))
    return Automaton(tuple(builder.characters), tuple(builder.follow), whole, {})


def fits(text: str, pattern: str) -> bool:
    """Say whether the whole of `text` fits `pattern`, which is known to be one."""
    return automaton(pattern).fits(text)


# --- PostgreSQL's syntax -----------------------------------------------------------------------------


def postgresql_pattern(source: str) -> str:
    """Return a pattern as one of PostgreSQL's advanced regular expressions, for the whole text."""
    return f"^(?:{_written(parse(source))})$"


def _written(pattern: Pattern) -> str:
    match pattern:
        case Characters():
            return _written_set(pattern.ranges)
        case Sequence():
            return "".join(_written(part) for part in pattern.parts)
        case Either():
            return "(?:" + "|".join(_written(option) for option in pattern.options) + ")"
        case Repeat():
            high = "" if pattern.high is None else pattern.high
            return f"(?:{_written(pattern.part)}){{{pattern.low},{high}}}"


def _written_set(ranges: Ranges) -> str:
    if ranges == ((0, _LAST),):
        return "."
    if ranges[-1][1] == _LAST:
        return "[^" + "".join(_written_range(*one) for one in _without(ranges)) + "]"
    return "[" + "".join(_written_range(*one) for one in ranges) + "]"


def _written_range(low: int, high: int) -> str:
    return _escaped(low) if low == high else f"{_escaped(low)}-{_escaped(high)}"


def _escaped(code: int) -> str:
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"  # noqa: PLR2004 - four hexadecimal digits

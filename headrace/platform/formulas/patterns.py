"""Patterns of texts in formulas: the language of `core.patterns`, also in PostgreSQL's syntax."""

from __future__ import annotations

from typing import Final

from headrace.platform.core.patterns import CharacterSet, Pattern, PatternError, compiled
from headrace.platform.core.problems import Text

MAX_PATTERN: Final = 200
MAX_REPEAT: Final = 255
"""PostgreSQL counts repeats no further."""

_LONG: Final = Text(
    f"the pattern has at most {MAX_PATTERN} characters", f"模式最多 {MAX_PATTERN} 个字符"
)
_REPEATED: Final = Text(
    f"nothing is repeated more than {MAX_REPEAT} times", f"重复次数最多 {MAX_REPEAT}"
)


def pattern_fault(source: str) -> Text | None:
    """Return why `source` is no pattern, with the place in it; None where it is one."""
    if len(source) > MAX_PATTERN:
        return _LONG
    try:
        pattern = compiled(source)
    except PatternError as error:
        place, reason = error.position + 1, error.reason
        return Text(
            f"character {place} of the pattern: {reason.en}",
            f"模式的第 {place} 个字符：{reason.zh}",
        )
    return _REPEATED if pattern.most_repeated > MAX_REPEAT else None


def fits(text: str, source: str) -> bool:
    """Say whether a pattern describes the whole of `text`."""
    return compiled(source).matches(text)


def postgresql_pattern(source: str) -> str:
    """Return a pattern as one of PostgreSQL's advanced regular expressions.

    Brackets, alternatives and repeats are written alike; every character set is written by code points, so
    neither locale nor PostgreSQL's own classes have a say.
    """
    pattern = compiled(source)
    return f"^(?:{''.join(_pieces(source, pattern))})$"


def _pieces(source: str, pattern: Pattern) -> list[str]:
    position, end = pattern.span
    found: list[str] = []
    for atom in pattern.atoms:
        found += source[position : atom.start], _written(atom.set)
        position = atom.end
    return [*found, source[position:end]]


def _written(one: CharacterSet) -> str:
    ranges = "".join(
        _escaped(low) if low == high else f"{_escaped(low)}-{_escaped(high)}"
        for low, high in one.ranges
    )
    return f"[{'^' if one.negated else ''}{ranges}]"


def _escaped(code: int) -> str:
    return f"\\U{code:08x}"

"""What the form of a plan says: decisions on its lines, and how conflicts are settled."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from werkzeug.datastructures import MultiDict

from headrace.blueprints.shared.session import VERSION_DIGITS
from headrace.platform.metadata.strict_json import parse_json

MOST: Final = 2_000
"""Lines and conflicts of one form that are looked at."""
LONGEST_MESSAGE: Final = 2_000
GIVEN: Final = "="
"""What a value begins with that is mapped to; `EMPTY` leaves rows without one."""
EMPTY: Final = "-"
SIDES: Final = frozenset({"ours", "theirs", "delete", "value"})


@dataclass(frozen=True, slots=True)
class Answers:
    """Decisions and resolutions as the API takes them, with what the page was made of.

    `version` is that of the draft, `live` the version that was live; None where the form says none.
    `texts` are own values of conflicts as they were typed, by the key of the conflict.
    """

    decisions: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    resolutions: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)
    message: str = ""
    version: int | None = None
    live: int | None = None


NO_ANSWERS: Final = Answers()


def answers_of(form: MultiDict[str, str]) -> Answers:
    """Read a form: line N is `k.N` (key), `a.N` (answer), `v.N`, `r.N` and `o.N.M` -> `n.N.M`.

    A conflict is `c.N` (key) with `s.N` (side) and `w.N` (a value of its own, JSON or a text).
    """
    resolutions, texts = {}, {}
    for number in _numbers(form, "c."):
        key, side = form[f"c.{number}"], form.get(f"s.{number}", "")
        texts[key] = form.get(f"w.{number}", "")
        if side in SIDES:
            value = {"value": _value(texts[key])} if side == "value" else {}
            resolutions[key] = {"answer": side, **value}
    decisions = {
        form[f"k.{number}"]: decision
        for number in _numbers(form, "k.")
        if (decision := _decision(form, number)) is not None
    }
    return Answers(
        decisions,
        resolutions,
        texts,
        form.get("message", "").strip()[:LONGEST_MESSAGE],
        _number(form.get("version", "")),
        _number(form.get("live", "")),
    )


def _numbers(form: Mapping[str, str], prefix: str) -> Iterator[str]:
    for name in list(form)[: MOST * 10]:
        number = name.removeprefix(prefix)
        if number != name and number.isascii() and number.isdigit():
            yield number


def _decision(form: Mapping[str, str], number: str) -> dict[str, Any] | None:
    """Return the decision on a line; None where nothing was chosen."""
    mapped = dict(_mapped(form, number))
    answer = form.get(f"a.{number}", "")
    if not answer or (answer == "map" and not mapped):
        return None
    decision: dict[str, Any] = {"answer": answer}
    rows = _number(form.get(f"r.{number}", ""))
    if rows is not None:
        decision["rows"] = rows
    if answer == "fill":
        written = form.get(f"v.{number}", "").strip()
        decision["value"] = form.get(f"c.{number}", "").strip() or written
    if answer == "map":
        decision["map"] = mapped
    return decision


def _mapped(form: Mapping[str, str], number: str) -> Iterator[tuple[str, str | None]]:
    prefix = f"o.{number}."
    for name in form:
        if name.startswith(prefix):
            chosen = form.get("n" + name[1:], "")
            if chosen == EMPTY:
                yield form[name], None
            elif chosen.startswith(GIVEN):
                yield form[name], chosen.removeprefix(GIVEN)


def _value(text: str) -> Any:
    parsed = parse_json(text.encode("utf-8", "surrogatepass"))
    return text if parsed.problems else parsed.value


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= VERSION_DIGITS else None

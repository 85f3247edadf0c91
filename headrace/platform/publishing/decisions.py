"""What an admin answers to the lines of a plan: accept, fill, map, clear, leave, same, new, keep, cancel."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final, NotRequired, TypedDict

from headrace.platform.core.problems import Message, Problem, pointer

UNKNOWN_LINE = Message(
    "decision.unknown_line",
    "The plan has no line “{key}” that asks for a decision.",
    "计划中没有需要决定的行“{key}”。",
    "Plan again and answer by the keys of its lines.",
    "请重新生成计划，并使用其各行的键作答。",
)
NOT_POSSIBLE = Message(
    "decision.not_possible",
    "“{answer}” is no answer to “{key}”.",
    "“{answer}”不能作为对“{key}”的答复。",
    "It takes: {answers}.",
    "可用的答复：{answers}。",
)
BAD_FORM = Message(
    "decision.invalid",
    "A decision must be an object with an answer, and with value, map or rows where it needs them.",
    "决定必须是带有 answer 的对象，并按需带有 value、map 或 rows。",
    'Write {"answer": "accept", "rows": 12}, {"answer": "fill", "value": "\'x\'"} or '
    '{"answer": "map", "map": {"old": "new"}}.',
    '请写成 {"answer": "accept", "rows": 12}、{"answer": "fill", "value": "\'x\'"} 或 '
    '{"answer": "map", "map": {"旧": "新"}}。',
)
VALUE_NEEDED = Message(
    "decision.value_needed",
    "To fill, “{key}” needs a formula for the value.",
    "填充“{key}”需要给出值的公式。",
    'Write {"answer": "fill", "value": "…"}; a text stands in quotes: "\'unknown\'".',
    '请写成 {"answer": "fill", "value": "…"}；文本需加引号："\'未知\'"。',
)
MAP_INCOMPLETE = Message(
    "decision.map_incomplete",
    "The map of “{key}” says nothing about “{value}”, which {count} rows have.",
    "“{key}”的映射没有说明“{value}”，有 {count} 行使用它。",
    "Add it to the map; null empties the rows of a choice.",
    "请补充到映射中；对选项，null 表示清空。",
)
MAP_TARGET = Message(
    "decision.map_target",
    "“{value}” is nothing that rows of “{key}” may have.",
    "“{value}”不是“{key}”允许的值。",
    "Map to one of: {allowed}.",
    "请映射到：{allowed}。",
)
COUNT_GROWN = Message(
    "plan.count_grown",
    "More rows are touched now than the plan says: {now} instead of {then}. {line}",
    "涉及的行数已多于计划：现为 {now}，计划为 {then}。{line}",
    "Plan again.",
    "请重新生成计划。",
)
NEEDED = Message(
    "plan.decision_needed",
    "This needs a decision: {line}",
    "需要作出决定：{line}",
    "Answer “{key}” with one of: {answers}.",
    "请用以下之一答复“{key}”：{answers}。",
)
KEYS: Final = frozenset({"answer", "rows", "value", "map"})
MAX_DECISIONS: Final = 10_000
MAX_TEXT: Final = 4_000


class DecisionJson(TypedDict):
    """The answer to one line of a plan, as it is given and shown."""

    answer: str
    rows: NotRequired[int]
    value: NotRequired[str]
    map: NotRequired[dict[str, str | None]]


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer to one line; `rows` is the count that the admin saw."""

    answer: str
    rows: int | None = None
    value: str | None = None
    map: Mapping[str, str | None] = field(default_factory=lambda: MappingProxyType({}))

    def render(self) -> DecisionJson:
        """Return the JSON form, as it is given."""
        shown: DecisionJson = {"answer": self.answer}
        if self.rows is not None:
            shown["rows"] = self.rows
        if self.value is not None:
            shown["value"] = self.value
        if self.map:
            shown["map"] = dict(self.map)
        return shown


@dataclass(frozen=True, slots=True)
class Decisions:
    """All answers by the keys of their lines, and what is wrong with how they are written."""

    by_key: Mapping[str, Decision] = field(default_factory=lambda: MappingProxyType({}))
    problems: tuple[Problem, ...] = ()

    def get(self, key: str) -> Decision | None:
        """Return the answer to a line."""
        return self.by_key.get(key)

    def without(self, prefix: str, asked: Collection[str]) -> Decisions:
        """Return the answers but for those whose keys begin so and are not among those asked."""
        kept = {
            key: one
            for key, one in self.by_key.items()
            if key in asked or not key.startswith(prefix)
        }
        return Decisions(MappingProxyType(kept), self.problems)

    def render(self) -> dict[str, DecisionJson]:
        """Return the JSON form, in order of the keys."""
        return {key: self.by_key[key].render() for key in sorted(self.by_key)}


NO_DECISIONS: Final = Decisions()


def read_decisions(data: Any, place: str = "/decisions") -> Decisions:
    """Read what a file or a request says; problems stand below `place`."""
    if data is None:
        return NO_DECISIONS
    if not isinstance(data, Mapping) or len(data) > MAX_DECISIONS:
        return Decisions(problems=(BAD_FORM.at(place),))
    read: dict[str, Decision] = {}
    problems: list[Problem] = []
    for key, given in data.items():
        wrong = tuple(_wrong(given))
        problems.extend(BAD_FORM.at(place + pointer(key, *part)) for part in wrong)
        if not wrong:
            read[key] = Decision(
                given["answer"],
                given.get("rows"),
                given.get("value"),
                MappingProxyType(dict(given.get("map", {}))),
            )
    return Decisions(MappingProxyType(read), tuple(problems))


def _wrong(given: Any) -> Iterator[tuple[str, ...]]:
    """Yield the parts of a decision that have a wrong form."""
    if not isinstance(given, Mapping) or not set(given) <= KEYS:
        yield ()
        return
    if not _is_text(given.get("answer")):
        yield ("answer",)
    rows = given.get("rows", 0)
    if isinstance(rows, bool) or not isinstance(rows, int) or rows < 0:
        yield ("rows",)
    if "value" in given and not _is_text(given["value"]):
        yield ("value",)
    mapped = given.get("map", {})
    if not isinstance(mapped, Mapping) or not all(
        _is_text(old) and _is_text(new, none=True) for old, new in mapped.items()
    ):
        yield ("map",)


def _is_text(value: Any, *, none: bool = False) -> bool:
    return (none and value is None) or (isinstance(value, str) and len(value) <= MAX_TEXT)

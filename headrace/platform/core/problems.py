"""One shape of finding for every door: command line, API and screens.

A `Message` is the constant that stands beside the code that raises it; `Message.at` makes a
`Problem` of it. Texts are kept in both languages until the edge picks the caller's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal, TypedDict

Language = Literal["en", "zh"]
Severity = Literal["error", "warning"]

LANGUAGES: tuple[Language, ...] = ("en", "zh")


@dataclass(frozen=True, slots=True)
class Text:
    """A text in both languages; a missing one falls back to the other."""

    en: str = ""
    zh: str = ""

    def within(self, language: str) -> str:
        """Return the text in `language`, or in the other one where it is missing."""
        if language == "zh":
            return self.zh or self.en
        return self.en or self.zh

    def as_dict(self) -> dict[str, str]:
        """Return the languages that are present."""
        return {key: text for key, text in (("en", self.en), ("zh", self.zh)) if text}

    def __bool__(self) -> bool:
        return bool(self.en or self.zh)


@dataclass(frozen=True, slots=True)
class Named:
    """A definition, or a part of one, in a text: its kind, and the names that lead to it.

    It is spelled as its own name, a `field` (and what else an object has) behind that of its object.
    """

    kind: str
    names: tuple[str, ...]

    def __str__(self) -> str:
        return ".".join(self.names) if self.kind in _BEHIND_OBJECTS else self.names[-1]


_BEHIND_OBJECTS: Final = frozenset({"field", "rule", "relation"})


def named(kind: str, *names: str) -> Named:
    """Return a name that a text holds, such as `named("field", "claim", "fee")`."""
    return Named(kind, names)


Call = Callable[[Named], Text | None]
"""Returns what people call a definition, with its quotes; None where nobody knows."""


@dataclass(frozen=True, slots=True)
class Said(Text):
    """A text that still knows which of its words are names, so that they can be told by labels.

    As a `Text` it has the names as they are.
    """

    words: Text = Text()
    values: Mapping[str, object] = field(default_factory=dict)

    def called(self, call: Call) -> Text:
        """Return the text with what people call its names."""
        values = {key: _called(value, call) for key, value in self.values.items()}
        return _filled(self.words, values)


def said(en: str, zh: str, **values: object) -> Said:
    """Return a text whose `{places}` are filled: with names, texts, texts with names, or numbers."""
    plain = _filled(Text(en, zh), values)
    return Said(plain.en, plain.zh, Text(en, zh), values)


def _filled(words: Text, values: Mapping[str, object]) -> Text:
    def within(language: str) -> dict[str, str]:
        return {key: _spelled(value, language) for key, value in values.items()}

    return Text(words.en.format(**within("en")), words.zh.format(**within("zh")))


def _spelled(value: object, language: str) -> str:
    if isinstance(value, tuple):
        return ", ".join(_spelled(one, language) for one in value)
    return value.within(language) if isinstance(value, Text) else str(value)


def _called(value: object, call: Call) -> object:
    if isinstance(value, tuple):
        return tuple(_called(one, call) for one in value)
    if isinstance(value, Said):
        return value.called(call)
    if isinstance(value, Named):
        return call(value) or value
    return value


class ProblemJson(TypedDict):
    """A problem in one language."""

    severity: Severity
    code: str
    path: str
    message: str
    hint: str


@dataclass(frozen=True, slots=True)
class Problem:
    """A finding about a document or a request.

    `code` is dotted words, `path` a JSON Pointer into what was sent ("" is the whole).
    """

    code: str
    path: str
    message: Text
    hint: Text = Text()
    severity: Severity = "error"
    made_of: tuple[Message, Mapping[str, object]] | None = field(
        default=None, compare=False, repr=False
    )
    """The message and the values that the texts were made of."""

    def calling(self, called: Callable[[str, str], Text | None]) -> Problem:
        """Return the same problem with other words for its values.

        `called` gets the key and the text of a value and returns what it is called; None keeps it.
        A text that was changed after it was made stays as it is.
        """
        if self.made_of is None:
            return self
        message, values = self.made_of
        others = {
            key: (called(key, value) or value) if isinstance(value, str) else value
            for key, value in values.items()
        }
        old, new = message.at(self.path, **values), message.at(self.path, **others)
        return replace(
            self,
            message=new.message if self.message == old.message else self.message,
            hint=new.hint if self.hint == old.hint else self.hint,
        )

    def below(self, prefix: str) -> Problem:
        """Return the same problem seen from an enclosing document."""
        return replace(self, path=prefix + self.path)

    def render(self, language: str) -> ProblemJson:
        """Return the JSON form in one language."""
        return {
            "severity": self.severity,
            "code": self.code,
            "path": self.path,
            "message": self.message.within(language),
            "hint": self.hint.within(language),
        }


@dataclass(frozen=True, slots=True)
class Message:
    """The text of one problem code; `{name}` stands for a value given to `at`."""

    code: str
    en: str
    zh: str
    hint_en: str = ""
    hint_zh: str = ""
    severity: Severity = "error"

    def at(self, path: str = "", /, **values: object) -> Problem:
        """Make the problem at `path`; a value that is a `Text` is put in per language."""
        return Problem(
            code=self.code,
            path=path,
            message=Text(_fill(self.en, values, "en"), _fill(self.zh, values, "zh")),
            hint=Text(_fill(self.hint_en, values, "en"), _fill(self.hint_zh, values, "zh")),
            severity=self.severity,
            made_of=(self, values),
        )


def _fill(template: str, values: Mapping[str, object], language: Language) -> str:
    shown = {
        key: value.within(language) if isinstance(value, Text) else _excerpt(value)
        for key, value in values.items()
    }
    for key, value in shown.items():
        template = template.replace("{" + key + "}", value)
    return template


def _excerpt(value: Any, limit: int = 200) -> str:
    text = str(value)
    return text if len(text) <= limit else text[: limit - 1] + "…"


def errors(problems: Iterable[Problem]) -> list[Problem]:
    """Return the problems that refuse, without the warnings."""
    return [problem for problem in problems if problem.severity == "error"]


def pointer(*parts: str | int) -> str:
    """Join `parts` to a JSON Pointer (RFC 6901)."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in parts)

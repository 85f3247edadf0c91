"""Names in documents as people know them: labels of objects, fields, roles, states; formulas with labels."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, Final

from headrace.platform.core.errors import RefusedError
from headrace.platform.core.problems import Text
from headrace.platform.formulas.lexer import Token, tokens
from headrace.platform.metadata.documents import Document, renamed_modules
from headrace.platform.metadata.wording import text_of, titled

Json = Mapping[str, Any]

GROUPED_FROM: Final = 10_000
"""Whole numbers from here on are shown with separators."""

CONSTANT: Final = "$C"
"""What the names of constants begin with."""

WORDS: Final = frozenset(
    "AND OR NOT IN IS NULL TRUE FALSE CASE WHEN THEN ELSE END WHERE ORDER BY DESC ASC".split()  # noqa: SIM905 - reads as a line of keywords
)


class Labels:
    """Looks up what is called how, in the newer documents first."""

    def __init__(self, new: Sequence[Document], old: Sequence[Document]) -> None:
        self._sides = (new, old)

    @cached_property
    def renamed_modules(self) -> Mapping[str, str]:
        """Which modules are called otherwise: old name to new name."""
        return renamed_modules(self._sides[1], self._sides[0])

    @cached_property
    def _kinds(self) -> dict[str, dict[str, Document]]:
        return {}

    def _document(self, kind: str, name: str) -> Document | None:
        if kind not in self._kinds:
            older, newer = reversed(self._sides)
            self._kinds[kind] = {
                one.name: one for one in itertools.chain(older, newer) if one.kind == kind
            }
        return self._kinds[kind].get(name)

    @cached_property
    def _extensions(self) -> dict[tuple[str, str], list[Document]]:
        found: dict[tuple[str, str], list[Document]] = {}
        for side in self._sides:
            for one in side:
                if one.kind == "extends":
                    found.setdefault((str(one.content.get("of")), one.name), []).append(one)
        return found

    def definition(self, kind: str, name: str) -> Json | None:
        """Return a document's content."""
        document = self._document(kind, name)
        return document.content if document else None

    def label(self, kind: str, name: str) -> Text:
        """Return the label of a definition, empty where it has none."""
        document = self._document(kind, name)
        return text_of(document.content.get("label")) if document else Text()

    def shown(self, kind: str, name: str) -> Text:
        """Return the label of a definition in quotes, its name where it has none."""
        return quoted(self.label(kind, name), name)

    def parts(self, kind: str, name: str, key: str) -> Iterator[Json]:
        """Yield the parts of a definition under `key`, those that extensions add too."""
        document = self._document(kind, name)
        for one in (document, *self._extensions.get((kind, name), ())):
            if one is not None:
                yield from objects_in(one.content.get(key))

    def part(self, kind: str, name: str, key: str, part: str) -> Json | None:
        """Return a named part of a definition; as it was before, where it is gone."""
        before = (one for one in self._sides[1] if (one.kind, one.name) == (kind, name))
        gone = (part for one in before for part in objects_in(one.content.get(key)))
        parts = itertools.chain(self.parts(kind, name, key), gone)
        return next((one for one in parts if one.get("name") == part), None)

    def part_shown(self, kind: str, name: str, key: str, part: str) -> Text:
        """Return the label of a part in quotes, its name where it has none."""
        found = self.part(kind, name, key, part)
        return quoted(text_of(found.get("label")) if found else Text(), part)

    def path(self, object_name: str, path: str) -> Text:
        """Return the labels of the fields of a path in quotes; names stand for what is unknown."""
        return quoted(self.path_label(object_name, path), path)

    def path_label(self, object_name: str, path: str) -> Text:
        """Return the labels of the fields of a path; names stand for what is unknown."""
        found, names = [], path.split(".")
        current: str | None = object_name
        for name in names:
            field = self.part("object", current, "fields", name) if current else None
            found.append((text_of(field.get("label")) if field else Text()) or Text(name, name))
            current = _target(field, current)
        arrow = " → "
        return Text(
            arrow.join(one.within("en") for one in found),
            arrow.join(one.within("zh") for one in found),
        )

    def field(self, object_name: str, path: str) -> Json | None:
        """Return the field at the end of a path."""
        current: str | None = object_name
        field: Json | None = None
        for name in path.split("."):
            field = self.part("object", current, "fields", name) if current else None
            current = _target(field, current)
        return field

    def value(self, field: Json | None, value: str) -> Text | None:
        """Return the label of a choice or state of a field; None where the value is neither."""
        if field is None:
            return None
        shared = self.parts("choice_set", str(field.get("choice_set")), "choices")
        for choice in itertools.chain(objects_in(field.get("choices")), shared):
            if choice.get("value") == value:
                return quoted(text_of(choice.get("label")), value)
        if field.get("type") == "state":
            state = self.part("workflow", str(field.get("workflow")), "states", value)
            return quoted(text_of(state.get("label")), value) if state else None
        return None

    def formula(self, source: str, object_name: str | None) -> Text:
        """Return a formula with labels for names and separators in long numbers."""
        return Text(
            self._formula(source, object_name, "en"), self._formula(source, object_name, "zh")
        )

    def _formula(self, source: str, object_name: str | None, language: str) -> str:
        try:
            found = tokens(source)
        except RefusedError:
            return source
        shown: list[str] = []
        position = 0
        about: Json | None = None
        for start, end, names in _pieces(found):
            shown.append(source[position:start])
            piece = source[start:end]
            if names is None:
                piece = self._literal(piece, about, language)
            elif names[0] == CONSTANT:
                piece = self._constant(piece, names[-1]).within(language)
            else:
                field = self.field(object_name, ".".join(names)) if object_name else None
                if field is not None and object_name:
                    about = field
                    piece = self.path(object_name, ".".join(names)).within(language)
            shown.append(piece)
            position = end
        shown.append(source[position:])
        return "".join(shown)

    def _constant(self, piece: str, name: str) -> Text:
        """Return the label of a constant; how it is written where it has none."""
        for side in self._sides:
            for document in side:
                if document.kind == "module":
                    for one in objects_in(document.content.get("constants")):
                        if one.get("name") == name and one.get("label"):
                            return quoted(text_of(one["label"]), name)
        return Text(piece, piece)

    def _literal(self, piece: str, about: Json | None, language: str) -> str:
        if piece.startswith("'"):
            label = self.value(about, piece[1:-1].replace("''", "'"))
            return label.within(language) if label else piece
        whole, point, rest = piece.partition(".")
        return (f"{int(whole):,}" if int(whole) >= GROUPED_FROM else whole) + point + rest


def quoted(label: Text, name: str) -> Text:
    """Return a label in quotes, or the name where it is empty."""
    return titled(label, "") if label else titled(Text(name, name), "")


def listed(value: Any) -> list[Any]:
    """Return a JSON list; an empty one for anything else, as drafts may have."""
    return value if isinstance(value, list) else []


def objects_in(value: Any) -> Iterator[Json]:
    """Yield the objects of a JSON list."""
    return (one for one in listed(value) if isinstance(one, Mapping))


def joined(texts: Iterable[Text]) -> Text:
    """Return texts as a list in words."""
    found = list(texts)
    return Text(
        ", ".join(one.within("en") for one in found), "、".join(one.within("zh") for one in found)
    )


def _target(field: Json | None, current: str | None) -> str | None:
    if field is None:
        return None
    if field.get("type") == "tree":
        return current
    return str(field["to"]) if "to" in field else None


def _pieces(found: Sequence[Token]) -> Iterator[tuple[int, int, tuple[str, ...] | None]]:
    """Yield places of names (with their parts) and of literals (with None)."""
    index = 0
    while index < len(found):
        token = found[index]
        if token.kind in {"number", "string"}:
            yield token.start, token.end, None
        elif token.kind == "name" and token.word not in WORDS:
            parts, index = _dotted(found, index)
            after = found[index + 1].value if index + 1 < len(found) else ""
            before = found[index - 2 * len(parts) + 1].value if index >= 2 * len(parts) - 1 else ""
            if before == "$":
                yield token.start - 1, found[index].end, (CONSTANT, *parts[1:])
            elif after != "(":
                yield token.start, found[index].end, parts
        index += 1


def _dotted(found: Sequence[Token], index: int) -> tuple[tuple[str, ...], int]:
    """Return the parts of a dotted name, and the place of its last token."""
    parts = [found[index].value]
    while found[index + 1].value == "." and found[index + 2].kind == "name":
        parts.append(found[index + 2].value)
        index += 2
    return tuple(parts), index

"""What comparing answers with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, NotRequired, TypedDict

from headrace.platform.core.problems import Text

Action = Literal["add", "change", "remove", "rename", "move"]


class DifferencePartJson(TypedDict):
    """A part of a document."""

    kind: str
    id: str
    name: str


class DifferenceJson(TypedDict):
    """One difference between two sets of documents, and what that is in words."""

    action: Action
    kind: str
    id: str
    name: str
    module: str
    path: str
    before: Any
    after: Any
    text: str
    part: NotRequired[DifferencePartJson]


@dataclass(frozen=True, slots=True)
class Part:
    """The innermost part of a document that has a name of its own: a field, a state, a step."""

    kind: str
    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Change:
    """One difference between two sets of documents.

    `id`, `kind` and `name` are those of the document (the name it has after the change, where it has
    one). `path` is a JSON Pointer into the document after the change, for `remove` into the one before.
    `before` and `after` are JSON values, None where there is nothing.
    """

    action: Action
    kind: str
    id: str
    name: str
    module: str
    path: str
    before: Any
    after: Any
    sentence: Text
    part: Part | None = None

    def render(self, language: str) -> DifferenceJson:
        """Return the JSON form in one language."""
        shown: DifferenceJson = {
            "action": self.action,
            "kind": self.kind,
            "id": self.id,
            "name": self.name,
            "module": self.module,
            "path": self.path,
            "before": self.before,
            "after": self.after,
            "text": self.sentence.within(language),
        }
        if self.part is not None:
            shown["part"] = {
                "kind": self.part.kind,
                "id": self.part.id,
                "name": self.part.name,
            }
        return shown

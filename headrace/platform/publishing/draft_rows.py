"""Drafts, their documents and changes as values, and how they stand in rows."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal, TypedDict, overload

from headrace.platform.core.canonical import canonical_bytes
from headrace.platform.core.problems import Text
from headrace.platform.metadata.documents import Document
from headrace.platform.metadata.merging import changed

State = Literal["open", "published", "discarded"]
Action = Literal["create", "put", "delete", "undo", "rebase", "publish", "discard"]

STATES: Final[Mapping[State, Text]] = {
    "open": Text("open", "未完成"),
    "published": Text("published", "已发布"),
    "discarded": Text("discarded", "已放弃"),
}


class DocumentJson(TypedDict):
    """A definition with the module that it belongs to."""

    module: str
    content: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Draft:
    """A draft; `version` is the number of its last change, `base` the version it stands on."""

    id: str
    name: str
    state: State
    base: int
    version: int
    by_user: str | None
    created_at: datetime
    changed_at: datetime
    published: int | None

    @property
    def is_open(self) -> bool:
        """Whether it can still be changed."""
        return self.state == "open"


@dataclass(frozen=True, slots=True)
class DraftDocument:
    """A definition as a draft has it.

    `version` is the number of the change that made it so, 0 where the draft has not touched it;
    `document` is None where the draft deletes it.
    """

    id: str
    version: int
    document: Document | None
    before: Document | None = None
    """As it is in the version that the draft stands on."""

    @property
    def is_changed(self) -> bool:
        """Whether publishing the draft would change it."""
        if self.document is None or self.before is None:
            return self.document is not self.before
        return changed(self.before, self.document)


@dataclass(frozen=True, slots=True)
class DraftChange:
    """One change of a draft: who, when, what, before and after (None where there was nothing)."""

    number: int
    at: datetime
    by_user: str | None
    by_name: str | None
    action: Action
    definition_id: str | None
    before: Document | None
    after: Document | None


def draft_of(row: Any) -> Draft:
    """Return the draft of a row."""
    return Draft(
        row.id,
        row.name,
        row.state,
        row.base,
        row.version,
        row.by_user,
        row.created_at,
        row.changed_at,
        row.published,
    )


def change_of(row: Any) -> DraftChange:
    """Return the change of a row with the name of its user."""
    return DraftChange(
        row.number,
        row.at,
        row.by_user,
        row.by_name,
        row.action,
        row.definition_id,
        document_of(row.before),
        document_of(row.after),
    )


def held_document(row: Any) -> Document | None:
    """Return what a draft holds of a definition; None where it deletes it."""
    return None if row.deleted else Document(row.module, json.loads(row.content))


@overload
def document_json(document: Document) -> DocumentJson: ...
@overload
def document_json(document: Document | None) -> DocumentJson | None: ...
def document_json(document: Document | None) -> DocumentJson | None:
    """Return a document with its module as JSON."""
    if document is None:
        return None
    return {"module": document.module, "content": dict(document.content)}


def document_text(document: Document | None) -> str | None:
    """Return a document with its module as text, as changes keep it."""
    return None if document is None else canonical_bytes(document_json(document)).decode()


def document_of(text: str | None) -> Document | None:
    """Return the document of such a text."""
    if text is None:
        return None
    kept = json.loads(text)
    return Document(kept["module"], kept["content"])

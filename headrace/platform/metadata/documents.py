"""A metadata document: validated JSON with the place it came from."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar, cast

from headrace.platform.core.canonical import combined_hash, content_hash

T = TypeVar("T")
KINDS: tuple[str, ...] = (
    "module",
    "role",
    "object",
    "extends",
    "workflow",
    "approval",
    "permission",
    "form",
    "view",
    "report",
)
FOLDERS: Mapping[str, str] = {
    "role": "roles",
    "object": "objects",
    "extends": "extends/object",
    "workflow": "workflows",
    "approval": "approvals",
    "permission": "permissions",
    "form": "forms",
    "view": "views",
    "report": "reports",
}


@dataclass(frozen=True)
class Document:
    """One definition as JSON, with its module; what follows from the content is worked out once."""

    module: str
    content: Mapping[str, Any]

    @classmethod
    def stored(cls, module: str, content: Mapping[str, Any], stored_hash: str) -> Document:
        """Make the document that was stored under its hash."""
        document = cls(module, content)
        document.__dict__["hash"] = stored_hash
        return document

    @cached_property
    def kind(self) -> str:
        """Kind of the definition."""
        return str(self.content["kind"])

    @cached_property
    def name(self) -> str:
        """API name of the definition."""
        return str(self.content["name"])

    @cached_property
    def file(self) -> str:
        """Path of its file, from the folder that holds the modules."""
        if self.kind == "module":
            return f"{self.module}/module.json"
        return f"{self.module}/{FOLDERS[self.kind]}/{self.name}.json"

    @cached_property
    def hash(self) -> str:
        """Hash of the content."""
        return content_hash([self.module, self.content])

    @cached_property
    def _worked_out(self) -> dict[Hashable, Any]:
        return {}

    def worked_out(self, key: Hashable, make: Callable[[], T]) -> T:
        """Return what `make` gives, worked out once: it must follow from this document alone."""
        known = self._worked_out
        if key not in known:
            known[key] = make()
        return cast("T", known[key])


def fingerprint(documents: Iterable[Document]) -> str:
    """Return the fingerprint of a set of documents."""
    return combined_hash(document.hash for document in documents)

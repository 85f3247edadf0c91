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
    "choice_set",
    "object",
    "extends",
    "workflow",
    "approval",
    "automation",
    "permission",
    "form",
    "view",
    "report",
    "dashboard",
    "scenario",
)
FOLDERS: Mapping[str, str] = {
    "role": "roles",
    "choice_set": "choice_sets",
    "object": "objects",
    "workflow": "workflows",
    "approval": "approvals",
    "automation": "automations",
    "permission": "permissions",
    "form": "forms",
    "view": "views",
    "report": "reports",
    "dashboard": "dashboards",
    "scenario": "scenarios",
}
EXTENDABLE: tuple[str, ...] = (
    "module",
    "choice_set",
    "object",
    "workflow",
    "approval",
    "permission",
    "form",
    "view",
    "report",
    "dashboard",
)
"""Kinds of definitions that other modules can add to."""
EXTENSION_FOLDERS: Mapping[str, str] = {of: f"extends/{of}" for of in EXTENDABLE}
"""Folders of extension files by the kind of what is extended."""


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
    def of(self) -> str:
        """Kind of the definition that an extension adds to; "" for other documents."""
        return str(self.content.get("of", "")) if self.kind == "extends" else ""

    @cached_property
    def alone(self) -> tuple[Document, ...]:
        """The document and no other, the same value each time."""
        return (self,)

    @cached_property
    def place(self) -> str:
        """Kind and name of the definition that it is, or adds to."""
        return f"{self.of or self.kind} {self.name}"

    @property
    def space(self) -> str:
        """Within what the name is unique: the kind; for extensions the module and `of` too."""
        return f"extends:{self.module}:{self.of}" if self.kind == "extends" else self.kind

    @cached_property
    def file(self) -> str:
        """Path of its file, from the folder that holds the modules."""
        if self.kind == "module":
            return f"{self.module}/module.json"
        if self.kind == "extends":
            return f"{self.module}/extends/{self.of}/{self.name}.json"
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


def renamed_modules(old: Iterable[Document], new: Iterable[Document]) -> dict[str, str]:
    """Return which modules are called otherwise: old name to new name."""
    now = {one.content.get("id"): one.name for one in new if one.kind == "module"}
    return {
        one.name: now[one.content.get("id")]
        for one in old
        if one.kind == "module" and now.get(one.content.get("id"), one.name) != one.name
    }

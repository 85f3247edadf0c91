"""What a check is: a function from the catalog and its places to problems."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from headrace.platform.core.problems import Problem, pointer
from headrace.platform.metadata.catalog import Catalog
from headrace.platform.metadata.documents import Document


@dataclass(frozen=True)
class Subject:
    """The catalog under check, and where each definition stands in the files."""

    catalog: Catalog

    @cached_property
    def _documents(self) -> dict[tuple[str, str], Document]:
        return {(one.kind, one.name): one for one in reversed(self.catalog.documents)}

    @cached_property
    def _field_places(self) -> dict[tuple[str, str], str]:
        places: dict[tuple[str, str], str] = {}
        for document in self.catalog.documents:
            if document.kind in {"object", "extends"}:
                for position, field in enumerate(document.content.get("fields", ())):
                    place = f"/{document.file}/fields/{position}"
                    places.setdefault((document.name, field["name"]), place)
        return places

    def at(self, kind: str, name: str, *parts: str | int) -> str:
        """Return the place of a definition's part: file and JSON Pointer."""
        document = self._documents.get((kind, name))
        return ("/" + document.file if document else "") + pointer(*parts)

    def field(self, object_name: str, field_name: str, *parts: str | int) -> str:
        """Return the place of a field's part."""
        return self._field_places.get((object_name, field_name), "") + pointer(*parts)

    def content(self, kind: str, name: str) -> dict[str, Any]:
        """Return the JSON of a definition."""
        document = self._documents.get((kind, name))
        return dict(document.content) if document else {}


Check = Callable[[Subject], Iterable[Problem]]

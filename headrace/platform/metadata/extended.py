"""A definition with what extensions add to it, and where each part of it stands in the files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from headrace.platform.core.problems import Problem, pointer
from headrace.platform.metadata.documents import Document

Way = tuple[str | int, ...]
"""Keys and positions from the top of a document to a place in it."""


@dataclass(frozen=True, slots=True)
class Extended:
    """The content of a definition as it works.

    `places` says for each list that was added to, by its way in the content, where each item of it
    stands: file and JSON Pointer.
    """

    document: Document
    extensions: tuple[Document, ...]
    content: Mapping[str, Any]
    places: Mapping[Way, tuple[str, ...]]

    def place(self, *way: str | int) -> str:
        """Return where a part of the content stands: file and JSON Pointer."""
        for length in range(len(way), 1, -1):
            items = self.places.get(way[: length - 1])
            position = way[length - 1]
            if items is not None and isinstance(position, int) and position < len(items):
                return items[position] + pointer(*way[length:])
        return f"/{self.document.file}" + pointer(*way)

    def place_of_list(self, *way: str | int) -> str:
        """Return where a list stands: that of the last extension that adds to it."""
        own = f"/{self.document.file}/"
        added = [one for one in self.places.get(way, ()) if not one.startswith(own)]
        return max(added).rpartition("/")[0] if added else self.place(*way)

    def placed(self, problem: Problem) -> Problem:
        """Return a problem of the content as one of the file in which its cause stands."""
        way = way_of(problem.path, self.content)
        found: Any = self.content
        for step in way:
            found = found[step]
        place = self.place_of_list(*way) if isinstance(found, list) else self.place(*way)
        return Problem(problem.code, place, problem.message, problem.hint, problem.severity)


def way_of(path: str, content: Any) -> Way:
    """Return the way that a JSON Pointer goes as far as there is something in `content`."""
    way: list[str | int] = []
    for part in path.split("/")[1:]:
        key = part.replace("~1", "/").replace("~0", "~")
        if isinstance(content, list) and key.isdigit() and int(key) < len(content):
            way.append(int(key))
        elif isinstance(content, Mapping) and key in content:
            way.append(key)
        else:
            break
        content = content[way[-1]]
    return tuple(way)

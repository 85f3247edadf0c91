"""Texts moved from documents into the tree of a help file."""

from __future__ import annotations

from typing import Any

from tests.support.publishing import Contents


def take_texts(contents: Contents, language: str) -> dict[str, Any]:
    """Take the texts in `language` out of the documents; return them as a help file has them."""
    tree: dict[str, Any] = {}
    for (kind, name), content in contents.items():
        texts = _taken(content, language)
        if texts:
            tree.setdefault(kind, {})[name] = texts
    return tree


def _taken(part: dict[str, Any], language: str) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for key, value in list(part.items()):
        if isinstance(value, dict) and value and set(value) <= {"en", "zh"}:
            if language in value:
                tree[key] = value.pop(language)
                if len(value) == 0:
                    del part[key]
        elif isinstance(value, list):
            found = {
                str(one.get("name", one.get("value", position))): texts
                for position, one in enumerate(value)
                if isinstance(one, dict) and (texts := _taken(one, language))
            }
            if found:
                tree[key] = found
    return tree

"""Texts that are JSON themselves: texts to everybody inside, their content to who asks the API."""

from __future__ import annotations

from typing import Any

import orjson


class JsonText(str):
    """The text of a JSON value, as it is stored."""

    __slots__ = ()


def json_text(value: str | None) -> JsonText | None:
    """Return a stored text as one that is JSON; None stays None."""
    return None if value is None else JsonText(value)


def json_bytes(value: Any) -> bytes:
    """Return the JSON of `value`; of a text that is JSON, its content."""
    return orjson.dumps(value, _content, orjson.OPT_PASSTHROUGH_SUBCLASS)


def _content(value: Any) -> Any:
    if isinstance(value, JsonText):
        return orjson.Fragment(str(value))
    if isinstance(value, dict):
        return dict(value)
    if isinstance(value, str):
        return str(value)
    raise TypeError(type(value).__name__)

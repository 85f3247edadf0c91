"""Texts that are JSON themselves: texts to everybody inside, their content to who asks the API."""

from __future__ import annotations

from typing import Any, Final

import orjson

PLAIN: Final[tuple[type[Any], ...]] = (dict, list, str, int)


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
    """Return what orjson leaves to us: every subclass of a built-in type as that type itself."""
    if isinstance(value, JsonText):
        return orjson.Fragment(str(value))
    for plain in PLAIN:
        if isinstance(value, plain):
            return plain(value)
    raise TypeError(type(value).__name__)

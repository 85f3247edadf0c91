"""Masked texts: what of a value is shown to whoever has not asked to see all of it."""

from __future__ import annotations

from typing import Any, Final

from headrace.platform.metadata.catalog import FieldModel
from headrace.platform.metadata.definitions.objects import MaskDef

STARS: Final = "****"
"""What stands for the hidden part, however long it is."""


def masked_text(text: str, mask: MaskDef) -> str:
    """Return the text with its middle hidden; all of it where its ends would be all there is."""
    if len(text) <= mask.start + mask.end:
        return STARS
    return text[: mask.start] + STARS + text[len(text) - mask.end :]


def masked_value(field: FieldModel, value: Any) -> Any:
    """Return a value of a field as it is shown; other values than texts are never masked."""
    mask = field.definition.masked
    return masked_text(value, mask) if mask is not None and isinstance(value, str) else value


def looks_masked(value: Any) -> bool:
    """Say whether somebody sends back what was shown to them."""
    return isinstance(value, str) and STARS in value

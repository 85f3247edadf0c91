"""Words for the keys of definitions where people design, beside the English help of the keys themselves.

A new key of a definition or of a field type's options gets its line here, at its place in the options
panel; a test names the keys that have none.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from headrace.platform.metadata.key_texts import (
    automations,
    field_types,
    modules,
    objects,
    scenarios,
    screens,
    workflows,
)
from headrace.platform.metadata.key_texts.base import KeyText

KEY_TEXTS: Final[Mapping[str, KeyText]] = {
    **objects.TEXTS,
    **field_types.TEXTS,
    **screens.TEXTS,
    **workflows.TEXTS,
    **automations.TEXTS,
    **scenarios.TEXTS,
    **modules.TEXTS,
}
"""Words by class and attribute, or by the attribute alone where it means the same everywhere."""


def key_text(key: str) -> KeyText | None:
    """Return the words for a key written as `Class.attribute`; None where there are none."""
    return KEY_TEXTS.get(key) or KEY_TEXTS.get(key.rpartition(".")[2])

"""Records of several objects as people write them in cells: the object, a colon, and the record's name."""

from __future__ import annotations

import re
from typing import Final

from headrace.platform.metadata.catalog import Catalog, FieldModel, ObjectModel

_BEHIND: Final = re.compile("[:：]")


def named_record(catalog: Catalog, field: FieldModel, text: str) -> tuple[str, str] | None:
    """Return the object that a text names, by its label or API name, and what names the record.

    None where the text names none of the objects that the polymorphic `field` may refer to. The first colon
    counts that stands behind such a name; letters of either size do.
    """
    for found in _BEHIND.finditer(text):
        named, rest = text[: found.start()].strip().casefold(), text[found.end() :].strip()
        for name in field.targets:
            if rest and named in _names(catalog.objects[name]):
                return name, rest
    return None


def _names(model: ObjectModel) -> frozenset[str]:
    names = (model.name, model.label.en, model.label.zh, model.plural.en, model.plural.zh)
    return frozenset(one.casefold() for one in names if one)

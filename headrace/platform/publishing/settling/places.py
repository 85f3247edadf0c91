"""Where the parts of an object stand in its file."""

from __future__ import annotations

from headrace.platform.metadata.catalog import ObjectModel
from headrace.platform.publishing.failing.findings import place_of


def place_of_field(model: ObjectModel, name: str, *steps: str) -> str:
    """Return where a field of an object stands; the object's place where another file adds it."""
    names = [one.name for one in model.definition.fields]
    return (
        place_of(model, "fields", names.index(name), *steps) if name in names else place_of(model)
    )

"""Choices of which not every value may be chosen always, found once for each object."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from headrace.platform.metadata.catalog import FieldModel


@dataclass(frozen=True, slots=True)
class Limits:
    """What is said of the values of a choice beside their list."""

    field: FieldModel
    inactive: frozenset[str]
    other: FieldModel | None


def limits_of(fields: Mapping[str, FieldModel]) -> tuple[Limits, ...]:
    """Return the choices of an object of which not every value may be chosen always."""
    found = []
    for field in fields.values():
        if not hasattr(field.options, "depends_on"):
            continue
        other = fields.get(field.options.depends_on or "")
        if other is not None or field.options.inactive:
            found.append(Limits(field, field.options.inactive, other))
    return tuple(found)

"""The field types. A new one is a file here with its `TYPES`, and one line in `MODULES`."""

from __future__ import annotations

import functools
from importlib import import_module
from typing import Any, Final

from headrace.platform.core.registry import Registry
from headrace.platform.metadata.field_types.base import FieldType

MODULES: Final = (
    "text",
    "phones",
    "rich_text",
    "json_value",
    "geo_point",
    "numbers",
    "simple",
    "periods",
    "times",
    "choices",
    "files",
    "references",
    "computed",
)
"""The files of this package that bring types, in the order of the designer's palette."""

FieldTypes = Registry[FieldType[Any]]


@functools.cache
def built_in() -> FieldTypes:
    """Return the registry of the types that ship with Headrace."""
    modules = (import_module(f"{__name__}.{name}") for name in MODULES)
    return Registry("field type", (one for module in modules for one in module.TYPES))

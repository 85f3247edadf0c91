"""What a polymorphic reference is, read as a reference to a record of one of its objects."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from headrace.platform.formulas.tree import (
    Binary,
    Branch,
    Call,
    Case,
    Convert,
    FieldRef,
    Literal,
    Node,
)
from headrace.platform.formulas.types import BOOLEAN, TEXT, WHOLE, reference

BETWEEN: Final = ":"
"""Stands between the id of the object and that of the record."""
RECORD_LENGTH: Final = 36


def read_as(field: FieldRef, object_id: str, name: str) -> Node:
    """Return the reference to the record where `field` refers to one of the object; null elsewhere."""
    beginning = object_id + BETWEEN
    length = Literal(Decimal(len(beginning)), WHOLE)
    is_meant = Binary("=", Call("LEFT", (field, length), TEXT), Literal(beginning, TEXT), BOOLEAN)
    type_ = reference(name)
    return Case((Branch(is_meant, Convert(field, type_)),), Literal(None, type_), type_)

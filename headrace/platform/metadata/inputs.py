"""What people enter where they press a button, as formulas speak of it: `input.reason`."""

from __future__ import annotations

from typing import Final

from headrace.platform.formulas.tree import FieldRef, Node, walk

INPUT: Final = "input"
"""The first part of such a name."""
_PREFIX: Final = "$input."


def input_id(name: str) -> str:
    """Return the id by which formulas hold an input; no field has one that begins so."""
    return _PREFIX + name


def is_input(field_id: str) -> bool:
    """Say whether an id in a formula is that of an input."""
    return field_id.startswith(_PREFIX)


def inputs_in(node: Node) -> frozenset[str]:
    """Return the ids of the inputs that a tree reads."""
    found = (one.path[0] for one in walk(node) if isinstance(one, FieldRef))
    return frozenset(one for one in found if is_input(one))

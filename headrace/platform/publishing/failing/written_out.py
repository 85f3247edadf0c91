"""How large a value becomes in a statement when the values that it reads are written out within it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from headrace.platform.formulas.analysis import MAX_NODES, MAX_SQL_DEPTH
from headrace.platform.formulas.parser import MAX_DEPTH
from headrace.platform.formulas.tree import FieldRef, Node, children, is_joined
from headrace.platform.metadata.storage_types import Dialect

DEEPEST: Final[Mapping[Dialect, int]] = {"sqlite": MAX_SQL_DEPTH, "postgresql": MAX_DEPTH}


@dataclass(frozen=True, slots=True)
class Size:
    """Levels and parts of a value."""

    depth: int = 1
    parts: int = 1

    def fits(self, dialect: Dialect) -> bool:
        """Say whether a statement of the dialect may hold a value of this size."""
        return self.depth <= DEEPEST[dialect] and self.parts <= MAX_NODES


COLUMN: Final = Size()


def written_out(tree: Node, read: Mapping[tuple[str, ...], Size]) -> Size:
    """Return the size of a formula; `read` has that of the values that it reads, by path."""
    depth = parts = 0
    pending = [(tree, 1)]
    while pending:
        node, level = pending.pop()
        inner = read.get(node.path, COLUMN) if isinstance(node, FieldRef) else COLUMN
        depth, parts = max(depth, level - 1 + inner.depth), parts + inner.parts
        pending.extend((one, level + (not is_joined(node, one))) for one in children(node))
    return Size(depth, parts)

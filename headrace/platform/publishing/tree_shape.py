"""References that become the parents of a tree: rows that stand below themselves, or too deep."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from headrace.platform.core.problems import Message, Problem
from headrace.platform.metadata.catalog import Catalog, FieldModel, ObjectModel
from headrace.platform.publishing.counting import Counter
from headrace.platform.publishing.filling.tree_paths import IN_CIRCLES

TOO_DEEP: Final = Message(
    "tree.existing_depth",
    "{object} cannot be a tree of {depth} levels: {count} rows stand deeper.",
    "{object} 不能成为 {depth} 级的树：有 {count} 行层级更深。",
    "Allow more levels, or move these rows up first.",
    "请允许更多层级，或先上移这些数据。",
)


@dataclass(frozen=True, slots=True)
class Shape:
    """How many rows of a forest stand on each level from the root, and how many on none."""

    levels: Mapping[int, int]
    circling: int

    def deeper_than(self, depth: int) -> int:
        """Return how many rows stand below a level."""
        return sum(count for level, count in self.levels.items() if level > depth)


def shape_of(parents: Mapping[str, str]) -> Shape:
    """Return the shape of rows by their parents; rows without one are not given."""
    level: dict[str, int] = {}
    for start in parents:
        trail: list[str] = []
        on_trail: set[str] = set()
        current = start
        while current in parents and current not in level and current not in on_trail:
            trail.append(current)
            on_trail.add(current)
            current = parents[current]
        # Level 0 is that of rows which no root is above.
        above = level.get(current, 0 if current in on_trail else 1)
        for one in reversed(trail):
            above = above + 1 if above else 0
            level[one] = above
    counts: dict[int, int] = {}
    for found in level.values():
        counts[found] = counts.get(found, 0) + 1
    return Shape(counts, counts.pop(0, 0))


def tree_problems(old: Catalog, new: Catalog, counter: Counter) -> Iterator[Problem]:
    """Yield a problem for each object whose rows are no tree, or no tree of so few levels."""
    before = {model.id: model for model in old.objects.values()}
    for model in new.objects.values():
        former = before.get(model.id)
        if former is None or former is model or model.tree_field is None:
            continue
        field = model.fields[model.tree_field]
        earlier = next((one for one in former.fields.values() if one.id == field.id), None)
        if earlier is None or not _is_parent(former, earlier) or not _narrower(earlier, field):
            continue
        place = f"/{model.module}/objects/{model.name}.json"
        shape = shape_of(counter.parents(former.id, earlier.name))
        deep = shape.deeper_than(field.options.depth)
        if shape.circling:
            yield IN_CIRCLES.at(place, object=model.name, count=shape.circling)
        elif deep:
            depth = field.options.depth
            yield TOO_DEEP.at(place, object=model.name, depth=depth, count=deep)


def _is_parent(former: ObjectModel, earlier: FieldModel) -> bool:
    return earlier.target == former.name and earlier.stored


def _narrower(earlier: FieldModel, field: FieldModel) -> bool:
    return not earlier.is_tree or bool(field.options.depth < earlier.options.depth)

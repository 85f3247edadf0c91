"""The shape of rows by their parents: levels from the root, and circles."""

from __future__ import annotations

import random

import pytest

from headrace.platform.publishing.tree_shape import shape_of


@pytest.mark.parametrize(
    ("parents", "levels", "circling"),
    [
        ({}, {}, 0),
        ({"b": "a"}, {2: 1}, 0),
        ({"c": "b", "b": "a"}, {2: 1, 3: 1}, 0),
        ({"a": "a"}, {}, 1),
        ({"a": "b", "b": "a", "c": "a", "d": "c", "y": "x"}, {2: 1}, 4),
    ],
)
def test_levels_and_circles_are_counted(parents, levels, circling):
    shape = shape_of(parents)
    assert (dict(shape.levels), shape.circling) == (levels, circling)


def test_a_long_chain_is_walked_once_in_any_order():
    parents = {str(number): str(number - 1) for number in range(1, 50_001)}
    mixed = list(parents.items())
    random.Random(7).shuffle(mixed)
    shape = shape_of(dict(mixed))
    assert shape.circling == 0
    assert shape.deeper_than(49_999) == 2
    assert shape.deeper_than(1) == 50_000

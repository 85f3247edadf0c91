"""JSON with texts that are JSON themselves, and with subclasses of built-in types."""

from __future__ import annotations

from collections import OrderedDict, UserDict
from typing import Any

import orjson
import pytest

from headrace.platform.core.json_text import json_bytes, json_text


class Names(list[Any]):
    pass


class Count(int):
    pass


class Word(str):
    __slots__ = ()


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (Names(["a", Count(2), Names()]), ["a", 2, []]),
        (Count(-7), -7),
        (Word("”中"), "”中"),
        (OrderedDict(b=1, a=Names([None, True])), {"b": 1, "a": [None, True]}),
        ({"deep": (Names([{"x": Count(2**63 - 1)}]),)}, {"deep": [[{"x": 2**63 - 1}]]}),
        (Names([json_text('{"k":[1]}'), "{}"]), [{"k": [1]}, "{}"]),
    ],
)
def test_a_subclass_is_written_as_the_type_that_it_is(value: Any, shown: Any):
    assert orjson.loads(json_bytes(value)) == shown


@pytest.mark.parametrize("value", [UserDict(a=1), object(), {1, 2}, [object()]])
def test_what_is_no_json_is_refused(value: Any):
    with pytest.raises(TypeError):
        json_bytes(value)

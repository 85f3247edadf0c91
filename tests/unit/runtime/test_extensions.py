"""Field types of installed packages join those that ship with Headrace."""

from __future__ import annotations

import sys
from importlib.metadata import EntryPoint
from types import ModuleType

import pytest

from headrace.platform import runtime
from headrace.platform.core.registry import RegistryError
from headrace.platform.metadata.field_types.numbers import IntegerType


class StarsType(IntegerType):
    """A number of stars."""

    key = "stars"


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch):
    def install(*types: object) -> None:
        module = ModuleType("an_extension")
        module.TYPES = types
        monkeypatch.setitem(sys.modules, "an_extension", module)
        point = EntryPoint("stars", "an_extension", runtime.EXTENSIONS)
        monkeypatch.setattr(runtime, "entry_points", lambda group: [point])

    runtime.field_types.cache_clear()
    yield install
    runtime.field_types.cache_clear()


def test_an_installed_type_is_there_beside_the_others(installed):
    installed(StarsType())

    types = runtime.field_types()

    assert "stars" in types
    assert "money" in types


def test_a_type_whose_name_is_taken_stops_the_start_with_the_extensions_name(installed):
    installed(IntegerType())

    with pytest.raises(RegistryError, match="stars"):
        runtime.field_types()


def test_a_module_without_types_stops_the_start(installed, monkeypatch):
    installed()
    monkeypatch.delattr(sys.modules["an_extension"], "TYPES")

    with pytest.raises(RegistryError, match="cannot be used"):
        runtime.field_types()

"""The actions that automations do. A new one is a file here with its `ACTION`, and one line in `MODULES`."""

from __future__ import annotations

import functools
from importlib import import_module
from typing import Final

from headrace.platform.actions.base import Action
from headrace.platform.core.registry import Registry

MODULES: Final = (
    "setting",
    "creating",
    "taking",
    "notifying",
    "sending",
    "converting",
    "repeating",
)
"""The files of this package that bring actions."""


@functools.cache
def built_in() -> Registry[Action]:
    """Return the registry of the actions that ship with Headrace."""
    modules = (import_module(f"{__name__}.{name}") for name in MODULES)
    return Registry("action", (one for module in modules for one in module.ACTIONS))

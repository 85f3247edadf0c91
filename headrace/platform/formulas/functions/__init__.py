"""The functions of the language: one entry each, in small files by family.

A new function is one entry in its family's file; its examples are run on every engine it declares.
"""

from __future__ import annotations

from typing import Final

from headrace.platform.core.registry import Registry
from headrace.platform.formulas.functions import dates, lists, logic, numbers, rows, session, texts
from headrace.platform.formulas.functions.base import Function

FUNCTIONS: Final[Registry[Function]] = Registry(
    "formula function",
    (
        *numbers.BUILT_IN,
        *texts.BUILT_IN,
        *dates.BUILT_IN,
        *logic.BUILT_IN,
        *lists.BUILT_IN,
        *session.BUILT_IN,
        *rows.BUILT_IN,
    ),
)

"""What takes long and needs no lock is done before a unit of work begins."""

from __future__ import annotations

from collections.abc import Callable
from typing import NoReturn, TypeVar

from headrace.platform.core.errors import PlatformError

T = TypeVar("T")


def ahead(make: Callable[[], T]) -> Callable[[], T]:
    """Make something now; return what gives it within a unit of work, or raises what refused it.

    There the refusal comes after the answer of an earlier request with the same key, if there is one.
    """
    try:
        made = make()
    except PlatformError as error:
        refused = error

        def refuse() -> NoReturn:
            raise refused

        return refuse
    return lambda: made

"""A registry of extensions: filled at start, checked, then frozen."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Generic, Protocol, TypeVar


class Keyed(Protocol):
    """Anything that has the name under which it is registered."""

    @property
    def key(self) -> str:
        """The name that metadata uses; never renamed."""
        ...


ItemT = TypeVar("ItemT", bound=Keyed)


class RegistryError(Exception):
    """An extension is incomplete or its name is taken; raised at start, never at use."""


class Registry(Generic[ItemT]):
    """An immutable, ordered set of extensions of one kind."""

    def __init__(self, kind: str, items: Iterable[ItemT]) -> None:
        self.kind = kind
        self._items: dict[str, ItemT] = {}
        for item in items:
            if item.key in self._items:
                message = f"{kind} {item.key!r} is registered twice"
                raise RegistryError(message)
            self._items[item.key] = item

    def get(self, key: str) -> ItemT | None:
        """Return the extension called `key`, or None."""
        return self._items.get(key)

    def __getitem__(self, key: str) -> ItemT:
        return self._items[key]

    def __contains__(self, key: object) -> bool:
        return key in self._items

    def __iter__(self) -> Iterator[ItemT]:
        return iter(self._items.values())

    def __len__(self) -> int:
        return len(self._items)

    def keys(self) -> tuple[str, ...]:
        """Return the names in the order of registration."""
        return tuple(self._items)

    def extended(self, items: Iterable[ItemT]) -> Registry[ItemT]:
        """Return a new registry with `items` added (third-party extensions)."""
        return Registry(self.kind, (*self._items.values(), *items))

"""Which lists of an object are sorted or filtered by something that no index helps with."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from headrace.platform.access.principals import SYSTEM_PRINCIPAL
from headrace.platform.core.problems import Text
from headrace.platform.forms.lists import EVERYTHING, list_for
from headrace.platform.formulas.expression import Expression
from headrace.platform.metadata.by_index import has_order, narrows
from headrace.platform.metadata.catalog import Catalog, ObjectModel


@dataclass(frozen=True, slots=True)
class Slow:
    """A list without an index for its order (`sort` is the key) or for its condition (`filtered`)."""

    view: str
    label: Text
    sort: str | None
    filtered: bool


def slow_lists(catalog: Catalog, model: ObjectModel) -> Iterator[Slow]:
    """Yield the lists of an object that no index helps with, views first."""
    for view in catalog.views.values():
        if view.definition.object == model.name:
            found = unhelped(catalog, model, view.where, view.definition.sort)
            if found.sort or found.filtered:
                yield Slow(view.name, view.label, found.sort, found.filtered)
    tabs = list_for(catalog, SYSTEM_PRINCIPAL, model.name, None).tabs
    for tab in tabs:
        if tab.name == EVERYTHING:
            found = unhelped(catalog, model, tab.where, tab.sort)
            if found.sort or found.filtered:
                yield Slow(tab.name, tab.label, found.sort, found.filtered)


@dataclass(frozen=True, slots=True)
class Unhelped:
    """What of a list has no index."""

    sort: str | None
    filtered: bool


def unhelped(
    catalog: Catalog, model: ObjectModel, where: Expression | None, sort: tuple[str, ...]
) -> Unhelped:
    """Return what of a list has no index: the first key of its order, its condition."""
    key = sort[0] if sort and not has_order(catalog, model, sort[0]) else None
    return Unhelped(key, where is not None and not narrows(catalog, model, where.tree))

"""The menu of a viewer: modules with what they may open."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from headrace.platform.access.policy import can
from headrace.platform.access.principals import Principal
from headrace.platform.core.problems import Text
from headrace.platform.metadata.catalog import Catalog, ReportModel
from headrace.platform.metadata.definitions.modules import MenuItemDef, ModuleDef


@dataclass(frozen=True, slots=True)
class MenuEntry:
    """A list, a report or a dashboard that can be opened."""

    label: Text
    object: str | None = None
    report: str | None = None
    dashboard: str | None = None
    icon: str | None = None


@dataclass(frozen=True, slots=True)
class MenuGroup:
    """The entries of one module."""

    name: str
    label: Text
    entries: tuple[MenuEntry, ...]


def menu_for(
    catalog: Catalog, principal: Principal, dashboards: Collection[str] = ()
) -> tuple[MenuGroup, ...]:
    """Return the modules in their order, without those in which nothing can be opened.

    `dashboards` are those in which the principal may see something.
    """
    groups = (_group(catalog, principal, module, dashboards) for module in _ordered(catalog))
    return tuple(group for group in groups if group.entries)


def may_open_report(catalog: Catalog, principal: Principal, report: ReportModel) -> bool:
    """Say whether `principal` may open a report: by its roles, and by reading its object."""
    roles = set(report.definition.roles)
    if roles and not roles & principal.role_names:
        return False
    return can(catalog, principal, report.definition.object, "read")


def _group(
    catalog: Catalog, principal: Principal, module: ModuleDef, dashboards: Collection[str]
) -> MenuGroup:
    entries = tuple(
        MenuEntry(_label(catalog, item), item.object, item.report, item.dashboard, item.icon)
        for item in module.menu
        if _opens(catalog, principal, item, dashboards)
    )
    label = module.label or Text(module.name, module.name)
    return MenuGroup(module.name, label, entries)


def _opens(
    catalog: Catalog, principal: Principal, item: MenuItemDef, dashboards: Collection[str]
) -> bool:
    if item.object is not None:
        return item.object in catalog.objects and can(catalog, principal, item.object, "read")
    if item.report is None:
        return item.dashboard in dashboards
    report = catalog.reports.get(item.report)
    return report is not None and may_open_report(catalog, principal, report)


def _label(catalog: Catalog, item: MenuItemDef) -> Text:
    if item.label:
        return item.label
    if item.object is not None:
        return catalog.objects[item.object].plural
    if item.report is not None:
        return catalog.reports[item.report].label
    return catalog.dashboards[str(item.dashboard)].title


def _ordered(catalog: Catalog) -> Iterator[ModuleDef]:
    """Modules that say their place come first; of the others those last that others build on.

    People open what they work with every day.
    """
    depths: dict[str, int] = {}

    def depth(name: str) -> int:
        if name not in depths:
            module = catalog.modules.get(name)
            depths[name] = 0
            if module is not None:
                depths[name] = 1 + max((depth(one) for one in module.requires), default=0)
        return depths[name]

    def place(one: ModuleDef) -> tuple[bool, int, int, str]:
        return one.menu_order is None, one.menu_order or 0, -depth(one.name), one.name

    yield from sorted(catalog.modules.values(), key=place)

"""Lists: views as tabs, columns, filters and sort as addresses, and the query they make."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any, Final, Literal
from zoneinfo import ZoneInfo

from headrace.platform.access.policy import can, readable_fields
from headrace.platform.access.principals import Principal
from headrace.platform.core.durations import entered
from headrace.platform.core.problems import Text
from headrace.platform.forms.field_view import (
    WIDE_WIDGETS,
    ChoiceView,
    FieldView,
    field_view,
    path_view,
    without_unreadable,
)
from headrace.platform.formulas.expression import Expression
from headrace.platform.metadata.catalog import (
    Catalog,
    FieldModel,
    FieldPath,
    ObjectModel,
    ViewModel,
)

DEFAULT_COLUMNS: Final = 6
RANGED: Final = frozenset(
    {"date", "datetime", "month", "period", "time", "duration"}
    | {"integer", "decimal", "quantity", "money", "percent"}
)
EXACT: Final = frozenset(
    {"choice", "multi_choice", "state", "boolean", "lookup", "user"}
    | {"multi_lookup", "polymorphic_lookup", "users"}
)
HIDDEN_IN_LISTS: Final = WIDE_WIDGETS
EVERYTHING: Final = "all"
OFFERED_FILTERS: Final = 10
WRITING: Final[tuple[Literal["create", "update"], ...]] = ("create", "update")
STAMPS: Final = frozenset({"created_at", "updated_at"})


@dataclass(frozen=True, slots=True)
class ViewTab:
    """A saved list; `everything` is the tab without a condition."""

    name: str
    label: Text
    columns: tuple[FieldView, ...]
    where: Expression | None
    sort: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ListPage:
    """The list of an object for one viewer, with the tab that is open."""

    object: str
    label: Text
    plural: Text
    help: Text
    tabs: tuple[ViewTab, ...]
    open: ViewTab
    filters: tuple[FieldView, ...]
    title: str
    state: str | None
    searchable: bool
    may_create: bool
    may_import: bool

    @property
    def columns(self) -> tuple[FieldView, ...]:
        """Columns of the open tab, the title first."""
        return self.open.columns

    @property
    def asked_fields(self) -> tuple[str, ...]:
        """What rows are asked for: the columns, and the currencies of amounts."""
        currencies = (one.currency_field for one in self.columns if one.currency_field)
        return tuple(dict.fromkeys(["id", *(one.name for one in self.columns), *currencies]))

    @property
    def card_fields(self) -> tuple[str, ...]:
        """The two columns that matter on a phone: a reference or text, and a number or date."""
        rest = [one for one in self.columns if one.name not in {self.title, self.state}]
        numbers = [one.name for one in rest if one.widget == "money"]
        numbers += [one.name for one in rest if one.numeric or one.widget == "date"]
        second = numbers[0] if numbers else None
        first = next((one.name for one in rest if one.name != second), None)
        return tuple(one for one in (first, second) if one is not None)

    @property
    def offered_filters(self) -> list[FieldView]:
        """The filters that the panel offers: choices first, and what the columns show."""
        shown = {one.name for one in self.columns}
        plain = [one for one in self.filters if one.pointed is None]
        return sorted(
            plain, key=lambda one: (not one.choices, one.name not in shown, one.name in STAMPS)
        )[:OFFERED_FILTERS]

    def filter(self, name: str) -> FieldView | None:
        """Return the field called `name` where it can be filtered by."""
        return next((one for one in self.filters if one.name == name), None)


@dataclass(frozen=True, slots=True)
class Condition:
    """A filter that is set: what the chip says, and the arguments that make it."""

    view: FieldView
    arguments: tuple[str, ...]
    value: str | None = None
    least: str | None = None
    most: str | None = None


def list_for(
    catalog: Catalog, principal: Principal, object_name: str, open_view: str | None
) -> ListPage:
    """Return the list of an object; an unknown `open_view` opens the first tab."""
    model = catalog.objects[object_name]
    reading = _Reading(catalog, principal, model)
    tabs = tuple(reading.tabs())
    if open_view == EVERYTHING:
        opened = next(one for one in tabs if one.where is None)
    else:
        opened = next((one for one in tabs if one.name == open_view), tabs[0])
    return ListPage(
        object=object_name,
        label=model.label,
        plural=model.plural,
        help=model.definition.help,
        tabs=tabs,
        open=opened,
        filters=tuple(reading.filters()),
        title=model.title,
        state=model.state_field if model.state_field in reading.readable else None,
        searchable=bool(set(model.definition.search) & reading.readable),
        may_create=model.master is None and can(catalog, principal, object_name, "create"),
        may_import=any(can(catalog, principal, object_name, one) for one in WRITING),
    )


def view_for(catalog: Catalog, principal: Principal, view: ViewModel) -> ListPage | None:
    """Return the list with a view open, whether or not a menu offers it; None where it may not be read."""
    page = list_for(catalog, principal, view.definition.object, None)
    model = catalog.objects[view.definition.object]
    tab = _Reading(catalog, principal, model).tab(view)
    return None if tab is None else replace(page, open=tab)


@dataclass(frozen=True)
class _Reading:
    catalog: Catalog
    principal: Principal
    model: ObjectModel

    @property
    def readable(self) -> frozenset[str]:
        return readable_fields(self.catalog, self.principal, self.model.name)

    def tabs(self) -> Iterator[ViewTab]:
        """Yield the views; where none shows everything, a tab that does comes last."""
        partial = True
        for view in self._views():
            tab = self.tab(view)
            if tab is not None:
                partial = partial and tab.where is not None
                yield tab
        if partial:
            label = Text("All", "全部")
            yield ViewTab(EVERYTHING, label, self._default(), None, self._default_sort())

    def tab(self, view: ViewModel) -> ViewTab | None:
        """Return a view as the viewer sees it; None where they may not read what it shows."""
        columns = self._columns(path for path in view.columns if self._may_read(path))
        if not columns or not self._holds_readable(view.where):
            return None
        sort = tuple(key for key in view.definition.sort if self._may_sort(key))
        return ViewTab(view.name, view.label, columns, view.where, sort)

    def filters(self) -> Iterator[FieldView]:
        for field in self.model.fields.values():
            if field.name not in self.readable or field.name in {"id", "version", "updated_by"}:
                continue
            view = field_view(self.catalog, field)
            if view.polymorphic:
                view = replace(view, choices=tuple(filter(self._may_choose, view.choices)))
                if not view.choices:
                    continue
            if view.widget in RANGED | EXACT and (field.stored or field.computed is None):
                yield view

    def _may_choose(self, target: ChoiceView) -> bool:
        return can(self.catalog, self.principal, target.value, "read")

    def _views(self) -> list[ViewModel]:
        """The views that a menu entry of the object names, in its order; else all of the object."""
        views = {
            name: one
            for name, one in self.catalog.views.items()
            if one.definition.object == self.model.name
        }
        listed = [
            name
            for module in self.catalog.modules.values()
            for item in module.menu
            if item.object == self.model.name
            for name in item.views
        ]
        return [views[name] for name in dict.fromkeys(listed or views) if name in views]

    def _columns(self, paths: Iterator[FieldPath]) -> tuple[FieldView, ...]:
        views = [without_unreadable(path_view(self.catalog, path), self.readable) for path in paths]
        title = next((one for one in views if one.name == self.model.title), None)
        if title is None and self.model.title in self.readable:
            title = field_view(self.catalog, self.model.fields[self.model.title])
        rest = [one for one in views if title is None or one.name != title.name]
        return tuple([title, *rest] if title else rest)

    def _default(self) -> tuple[FieldView, ...]:
        fields = [
            (one,)
            for one in self.model.fields.values()
            if one.name in self.readable
            and not one.system
            and one.type.widget not in HIDDEN_IN_LISTS
        ]
        chosen = fields[:DEFAULT_COLUMNS]
        state = self.model.state_field
        if state in self.readable and all(path[0].name != state for path in chosen):
            chosen.append((self.model.fields[str(state)],))
        return self._columns(iter(chosen))

    def _default_sort(self) -> tuple[str, ...]:
        return ("-created_at",) if self.model.state_field else (self.model.title,)

    def _may_read(self, path: FieldPath) -> bool:
        return all(
            field.name in readable_fields(self.catalog, self.principal, field.object)
            for field in path
        )

    def _may_sort(self, key: str) -> bool:
        path = self.catalog.path(self.model.name, key.removeprefix("-"))
        return path is not None and self._may_read(path)

    def _holds_readable(self, where: Expression | None) -> bool:
        """Whether the viewer may read every field of a condition; else the tab is not theirs."""
        if where is None:
            return True
        return all(self._readable_ids(ids) for ids in where.references())

    def _readable_ids(self, ids: Sequence[str]) -> bool:
        current: ObjectModel | None = self.model
        for field_id in ids:
            field: FieldModel | None = next(
                (one for one in current.fields.values() if one.id == field_id)
                if current
                else iter(()),
                None,
            )
            if field is None or not self._may_read((field,)):
                return False
            current = self.catalog.object(field.target) if field.target else None
        return True


def conditions(page: ListPage, arguments: Mapping[str, str]) -> tuple[Condition, ...]:
    """Read the filters from the arguments of an address: `f.name`, `f.name.from`, `f.name.to`."""
    found = []
    for view in page.filters:
        key = f"f.{view.name}"
        if view.widget in EXACT and arguments.get(key):
            found.append(Condition(view, (key,), value=arguments[key]))
        least, most = arguments.get(f"{key}.from") or None, arguments.get(f"{key}.to") or None
        if view.widget in RANGED and (least or most):
            found.append(Condition(view, (f"{key}.from", f"{key}.to"), least=least, most=most))
    return tuple(found)


def filter_json(found: Sequence[Condition], zone: ZoneInfo) -> dict[str, Any] | None:
    """Return the conditions as the filter tree of a query; days of instants are those of `zone`."""
    parts = [part for one in found for part in _parts(one, zone)]
    return {"and": parts} if parts else None


def _parts(condition: Condition, zone: ZoneInfo) -> Iterator[dict[str, Any]]:
    name, widget = condition.view.name, condition.view.widget
    if condition.value is not None:
        value: Any = condition.value == "true" if widget == "boolean" else condition.value
        if condition.view.polymorphic and condition.view.choice(value) is not None:
            yield {"field": name, "op": "refers_to", "value": [value]}
        elif condition.view.many:
            yield {"field": name, "op": "contains_any", "value": [value]}
        else:
            yield {"field": name, "op": "=", "value": value}
    if condition.least is not None:
        yield {"field": name, "op": ">=", "value": _bound(widget, condition.least, zone, 0)}
    if condition.most is not None and widget == "datetime":
        yield {"field": name, "op": "<", "value": _bound(widget, condition.most, zone, 1)}
    elif condition.most is not None:
        yield {"field": name, "op": "<=", "value": _bound(widget, condition.most, zone, 0)}


def _bound(widget: str, text: str, zone: ZoneInfo, days: int) -> Any:
    """The first instant of a day, or of the day after it; other values as they are."""
    if widget == "duration":
        return entered(text)
    if widget != "datetime":
        return text
    try:
        day = date.fromisoformat(text) + timedelta(days=days)
    except (ValueError, OverflowError):
        return text
    return datetime.combine(day, time(), zone).isoformat()


def value_at(record: Mapping[str, Any], path: str) -> Any:
    """Return what a record holds at a dotted path; None where the way ends."""
    current: Any = record
    for name in path.split("."):
        if not isinstance(current, Mapping):
            return None
        current = current.get(name)
    return current

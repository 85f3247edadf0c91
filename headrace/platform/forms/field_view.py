"""A field as a screen needs it: label, widget, choices, and whether it can be changed here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from dataclasses import field as dataclass_field
from types import MappingProxyType
from typing import Any, Final

from headrace.platform.core.problems import Text
from headrace.platform.metadata.catalog import Catalog, FieldModel, FieldPath, WorkflowModel
from headrace.platform.metadata.field_types.base import NO_HINTS, Hints, files_of
from headrace.platform.metadata.field_types.files import kinds_shown, megabytes
from headrace.platform.metadata.file_kinds import IMAGES, KINDS
from headrace.platform.metadata.storage_types import HOLDS_FILES

COMPUTED: Final = "locked.computed"
NUMBERED: Final = "locked.number"
STATE: Final = "locked.state"
SYSTEM: Final = "locked.system"
NOT_ALLOWED: Final = "locked.rights"
POSTED: Final = "locked.ledger"
_BY_COMPUTATION: Final[Mapping[str | None, str]] = {
    "formula": COMPUTED,
    "rollup": COMPUTED,
    "number": NUMBERED,
    "workflow": STATE,
}
NOTHING: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType({})
NUMERIC_WIDGETS: Final = frozenset(
    {"integer", "decimal", "quantity", "money", "percent", "duration"}
)
"""Widgets whose values are aligned at the right."""
UNBROKEN_WIDGETS: Final = frozenset({"date", "datetime", "month", "period", "time"})
WIDE_WIDGETS: Final = frozenset({"long_text", "rich_text", "json"})
"""Widgets of values that may be long."""


@dataclass(frozen=True, slots=True)
class ChoiceView:
    """One value of a choice or one state."""

    value: str
    label: Text
    colour: str = "grey"
    active: bool = True


@dataclass(frozen=True, slots=True)
class FilesView:
    """Which files a field takes: `accept` as browsers want it, `largest` in bytes, `kinds` in words.

    `several` says that there may be more than one; `images`, that all are images.
    """

    accept: str
    kinds: Text
    largest: int
    most: int
    several: bool
    images: bool

    @property
    def largest_shown(self) -> str:
        """The size as people read it."""
        return f"{megabytes(self.largest)} MB"


@dataclass(frozen=True, slots=True)
class FieldView:
    """A field on a screen.

    `name` may be a path with dots (lists only). `widget` is how the value is shown and entered; for
    a computed field it is that of its result. `target` is what one reference points to, `links` what a
    list of references points to; the `choices` of a `polymorphic` one are the objects that it may point to. `locked` is the reason, a key of the translations,
    why the viewer cannot change it here; None where they can. `hints` help to enter a value. An amount is in
    `currency`, or in that which `currency_field` of its record names.
    """

    name: str
    id: str
    object: str
    label: Text
    help: Text
    widget: str
    required: bool
    locked: str | None
    scale: int
    target: str | None = None
    links: str | None = None
    choices: tuple[ChoiceView, ...] = ()
    depends_on: str | None = None
    allowed: Mapping[str, tuple[str, ...]] = dataclass_field(default_factory=lambda: NOTHING)
    many: bool = False
    length: int | None = None
    computed: bool = False
    sortable: bool = False
    operators: frozenset[str] = frozenset()
    hints: Hints = NO_HINTS
    currency: str | None = None
    currency_field: str | None = None
    files: FilesView | None = None
    polymorphic: bool = False
    follows: bool = False
    """Whether its default is made of other values of the record."""

    @property
    def editable(self) -> bool:
        """Whether the viewer can change the value here."""
        return self.locked is None

    @property
    def pointed(self) -> str | None:
        """The object that a reference, or each of a list of references, points to."""
        return self.target or self.links

    @property
    def numeric(self) -> bool:
        """Whether values stand at the right."""
        return self.widget in NUMERIC_WIDGETS

    @property
    def unbroken(self) -> bool:
        """Whether a value stays on one line, whatever the width: half a date is another one."""
        return self.widget in UNBROKEN_WIDGETS

    @property
    def wide(self) -> bool:
        """Whether the field takes the whole width of a form."""
        return self.widget in WIDE_WIDGETS

    def choice(self, value: str) -> ChoiceView | None:
        """Return the declared choice or state with this value."""
        return next((one for one in self.choices if one.value == value), None)


def field_view(
    catalog: Catalog, field: FieldModel, *, editable: frozenset[str] = frozenset()
) -> FieldView:
    """Describe `field`; it can be changed where `editable` holds its name."""
    return FieldView(
        name=field.name,
        id=field.id,
        object=field.object,
        label=field.label,
        help=field.definition.help,
        widget=_widget(catalog, field),
        required=field.definition.required,
        locked=locked_reason(field, editable),
        scale=field.value_type.scale,
        target=field.target,
        links=field.links,
        polymorphic=bool(field.targets),
        choices=_choices(catalog, field),
        depends_on=getattr(field.options, "depends_on", None),
        allowed=getattr(field.options, "allowed", NOTHING),
        many=field.storage.many,
        length=getattr(field.options, "length", None),
        computed=field.computed is not None,
        sortable=_is_sortable(field),
        operators=frozenset(field.type.operators),
        hints=field.type.hints(field.options),
        currency=getattr(field.options, "currency", None),
        currency_field=getattr(field.options, "currency_field", None),
        files=_files(field),
        follows=field.default is not None and bool(field.default.references()),
    )


def _files(field: FieldModel) -> FilesView | None:
    """Return which files a field takes, None where it holds none."""
    holding = files_of(field.type)
    if holding is None:
        return None
    limits = holding.file_limits(field.options)
    kinds = [one for one in KINDS.values() if one.key in limits.kinds]
    accept = dict.fromkeys(
        part for one in kinds for part in (one.media_type, *(f".{name}" for name in one.extensions))
    )
    return FilesView(
        accept=",".join(accept),
        kinds=kinds_shown(limits),
        largest=limits.largest,
        most=limits.most,
        several=holding.several,
        images=limits.kinds <= frozenset(IMAGES),
    )


def _is_sortable(field: FieldModel) -> bool:
    single = not field.storage.many and not field.targets
    return field.stored and single and field.storage.kind not in HOLDS_FILES


def without_unreadable(view: FieldView, readable: frozenset[str]) -> FieldView:
    """Return the view without what a field says that the viewer may not read."""
    if view.currency_field is not None and view.currency_field not in readable:
        view = replace(view, currency_field=None)
    if view.depends_on is None or view.depends_on in readable:
        return view
    return replace(view, depends_on=None, allowed=NOTHING)


def path_view(catalog: Catalog, path: FieldPath) -> FieldView:
    """Describe the field at the end of `path` for a list: named by the path, never editable."""
    last = field_view(catalog, path[-1])
    if len(path) == 1:
        return last
    label = Text(
        " › ".join(one.label.within("en") for one in path[-2:]),
        " › ".join(one.label.within("zh") for one in path[-2:]),
    )
    name = ".".join(one.name for one in path)
    return replace(
        last, name=name, label=label, sortable=False, locked=NOT_ALLOWED, currency_field=None
    )


def locked_reason(field: FieldModel, editable: frozenset[str]) -> str | None:
    """Return why the field cannot be changed, None where it can."""
    if field.computed is not None:
        return _BY_COMPUTATION[field.computed]
    if field.system or field.definition.written_by == "system":
        return SYSTEM
    return None if field.name in editable else NOT_ALLOWED


def _widget(catalog: Catalog, field: FieldModel) -> str:
    """Return how values look; a computed value looks like what it is computed from."""
    if field.computed == "formula":
        return str(field.options.returns)
    if field.computed == "rollup":
        of = shown_like(catalog, field)
        if of is None:
            return "decimal" if field.value_type.scale else "integer"
        return _widget(catalog, of)
    return field.type.widget_of(field.options)


def shown_like(catalog: Catalog, field: FieldModel) -> FieldModel | None:
    """Return the field that a roll-up is made of where its values look like that one's."""
    source, _, name = field.options.of.partition(".")
    model = catalog.object(source)
    of = model.fields.get(name) if model else None
    alike = field.options.op != "count" and of is not None and of.value_type == field.value_type
    return of if alike else None


def _choices(catalog: Catalog, field: FieldModel) -> tuple[ChoiceView, ...]:
    declared: Any = getattr(field.options, "choices", None)
    if declared:
        return tuple(
            ChoiceView(one.value, one.label or Text(one.value, one.value), one.colour, one.active)
            for one in declared
        )
    if field.targets:
        models = (catalog.objects.get(name) for name in field.targets)
        return tuple(ChoiceView(one.name, one.label) for one in models if one is not None)
    if field.computed == "rollup":
        of = shown_like(catalog, field)
        return () if of is None else _choices(catalog, of)
    if field.computed == "workflow":
        return state_choices(catalog.workflows.get(field.options.workflow))
    return ()


def state_choices(workflow: WorkflowModel | None) -> tuple[ChoiceView, ...]:
    """Return the states of a workflow in their declared order."""
    if workflow is None:
        return ()
    return tuple(
        ChoiceView(state.name, state.label or Text(state.name, state.name), state.colour)
        for state in workflow.states.values()
    )

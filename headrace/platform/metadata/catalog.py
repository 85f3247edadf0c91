"""What the catalog is made of: definitions with every name resolved and every formula typed.

All values are frozen. Names are API names; ids are the stable ids that survive renames.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal, TypeVar, cast

from headrace.platform.core.problems import Text
from headrace.platform.formulas.expression import Expression
from headrace.platform.formulas.scope import NamedExpression
from headrace.platform.formulas.types import Type
from headrace.platform.metadata.definitions.access import Action, RoleDef
from headrace.platform.metadata.definitions.automations import (
    AutomationDef,
    RowActionDef,
    TriggerDef,
)
from headrace.platform.metadata.definitions.choices import ChoiceSetDef
from headrace.platform.metadata.definitions.dashboards import DashboardDef
from headrace.platform.metadata.definitions.modules import ModuleDef
from headrace.platform.metadata.definitions.objects import (
    ChildDef,
    FieldDef,
    FieldRuleDef,
    LedgerDef,
    NoOverlapDef,
    ObjectDef,
    RuleDef,
)
from headrace.platform.metadata.definitions.scenarios import ScenarioDef
from headrace.platform.metadata.definitions.screens import FormDef, ReportDef, ViewDef
from headrace.platform.metadata.definitions.workflows import (
    ApprovalDef,
    BranchDef,
    ChosenDef,
    StateDef,
    StepDef,
    TimeLimitDef,
    TransitionDef,
    WorkflowDef,
)
from headrace.platform.metadata.extended import Extended
from headrace.platform.metadata.field_types.base import FieldType, value_schema
from headrace.platform.metadata.field_types.computed import RollupOp
from headrace.platform.metadata.storage_types import Storage, typed_parts

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class FieldModel:
    """A field with its type bound to its options.

    `stored` says whether a column holds the value (a formula across lookups has none);
    `computed` is how the platform makes it, None where people write it. `target` is the object that
    one reference points to, `links` the one that a list of references points to, `targets` are the
    objects one of whose records a polymorphic reference points to.
    """

    id: str
    name: str
    object: str
    definition: FieldDef
    type: FieldType[Any]
    options: Any
    storage: Storage
    value_type: Type
    label: Text
    stored: bool = True
    system: bool = False
    computed: Literal["formula", "rollup", "number", "workflow"] | None = None
    target: str | None = None
    links: str | None = None
    targets: tuple[str, ...] = ()
    expression: Expression | None = None
    default: Expression | None = None
    lookup_filter: Expression | None = None
    key_of: str | None = None
    """The field that this one is the key of: to be found or ordered by, kept by the platform, shown to nobody."""
    search_key: str | None = None
    """The name of the field by which this one is found too: by pinyin."""
    sort_key: str | None = None
    """The name of the field by which rows are ordered where this one is asked for: by pinyin."""
    words_key: str | None = None
    """The name of the field in which the words of this one are looked for: without its markup."""

    @property
    def built_in(self) -> bool:
        """Whether every object has it, in a column of its own name."""
        return self.system and self.key_of is None

    @property
    def internal(self) -> bool:
        """Whether partner roles never get it."""
        return self.definition.audience == "internal"

    @property
    def pointed(self) -> str | None:
        """The object that a reference, or each of a list of references, points to."""
        return self.target or self.links

    @property
    def refers_to(self) -> tuple[str, ...]:
        """The objects whose records the field may refer to, in whichever way."""
        return self.targets if self.pointed is None else (self.pointed,)

    @property
    def holds_value(self) -> bool:
        """Whether a column of its own holds a value of the record's: not the platform's, nor its state."""
        return self.stored and not self.system and self.computed != "workflow"

    @property
    def is_written(self) -> bool:
        """Whether people write it."""
        by_system = self.definition.written_by == "system"
        return self.stored and not self.system and self.computed is None and not by_system

    @property
    def is_tree(self) -> bool:
        """Whether a path of ids is kept beside the reference."""
        return self.type.key == "tree"

    @property
    def of_its_own(self) -> bool:
        """Whether each record has a value of its own, which is not given to another or to several."""
        return self.unique or self.definition.masked is not None

    @property
    def unique(self) -> bool:
        """Whether live records differ in it."""
        return self.definition.unique or self.definition.external_id or self.computed == "number"

    def json_schema(self) -> dict[str, Any]:
        """Return the JSON Schema of sent values, null allowed."""
        own = self.type.json_schema(self.options)
        # What a roll-up is depends on what it is made of, which its options do not say.
        sent = value_schema(self.storage) if self.computed == "rollup" else own
        return {"anyOf": [sent, {"type": "null"}]}


def target_name(field: str, target: str) -> str:
    """Return the name of the field that is `field`, read as a reference to a `target`."""
    return f"{field}.{target}"


FieldPath = tuple[FieldModel, ...]
"""Fields from an object along lookups; the last is the one meant."""


@dataclass(frozen=True, slots=True)
class RuleModel:
    """A rule with its typed formulas."""

    definition: RuleDef
    unless: Expression
    when: Expression | None

    @property
    def name(self) -> str:
        """The API name."""
        return self.definition.name


@dataclass(frozen=True, slots=True)
class FieldRuleModel:
    """A field rule with its typed condition."""

    definition: FieldRuleDef
    when: Expression

    @property
    def name(self) -> str:
        """The API name."""
        return self.definition.name


@dataclass(frozen=True, slots=True)
class RollupModel:
    """A roll-up seen from both sides.

    `field` stands on `owner`. Of the rows of `source` those belong to an owner whose `via`, a path
    along lookups (of one step where `by` is declared), points to it; or, where `on` is declared, that
    have the same values as the owner in these fields of both. `scale` counts the digits of an average.
    """

    owner: str
    field: str
    source: str
    via: FieldPath
    on: tuple[str, ...]
    op: RollupOp
    of: str | None
    last_by: str | None
    scale: int
    where: Expression | None
    stored: bool

    @property
    def by(self) -> str | None:
        """The reference of the source that points to the owner; None where there is no single one."""
        return self.via[0].name if len(self.via) == 1 else None

    @property
    def keys(self) -> tuple[str, ...]:
        """The fields of the source whose values say to whom a row belongs; none on longer paths."""
        return self.on or tuple(field.name for field in self.via[:1] if len(self.via) == 1)

    @property
    def reads(self) -> tuple[str, ...]:
        """The fields of the source that a roll-up is made of, its condition aside."""
        others = (one for one in (self.of, self.last_by) if one is not None)
        return (*self.keys, *others)


@dataclass(frozen=True, slots=True)
class Assignment:
    """A field that is set to the value of a formula."""

    field: str
    value: Expression


@dataclass(frozen=True, slots=True)
class LedgerModel:
    """How the entries of an object make up accounts.

    `fixed` are the fields of an entry that never change; `kept` those that the writer alone fills.
    `assignments` are what a reversal gets otherwise than its entry.
    """

    definition: LedgerDef
    floor: Decimal | None
    fixed: frozenset[str]
    kept: frozenset[str]
    assignments: tuple[Assignment, ...] = ()

    @property
    def posted(self) -> frozenset[str]:
        """The fields that an entry gets when it is posted, and never otherwise."""
        return frozenset((self.definition.balance, self.definition.position))

    @property
    def key(self) -> tuple[str, ...]:
        """The fields that tell all entries apart: the account and the position in it."""
        return (*self.definition.partition, self.definition.position)


@dataclass(frozen=True, slots=True)
class OverlapBan:
    """A ban on overlaps; `condition` names the field that is true in the records that it compares."""

    definition: NoOverlapDef
    condition: str | None = None

    @property
    def reads(self) -> tuple[str, ...]:
        """The fields by which it finds overlaps."""
        one = self.definition
        condition = () if self.condition is None else (self.condition,)
        return (*condition, *one.keys, one.from_, one.to)


@dataclass(frozen=True, slots=True)
class ObjectModel:
    """An object with its fields, relations, rules and order of computing."""

    id: str
    name: str
    module: str
    definition: ObjectDef
    fields: Mapping[str, FieldModel]
    title: str
    master: str | None = None
    children: tuple[ChildDef, ...] = ()
    rules: tuple[RuleModel, ...] = ()
    field_rules: tuple[FieldRuleModel, ...] = ()
    computed_order: tuple[str, ...] = ()
    rollups: tuple[RollupModel, ...] = ()
    feeds: tuple[RollupModel, ...] = ()
    workflow: str | None = None
    state_field: str | None = None
    tree_field: str | None = None
    external_ids: tuple[str, ...] = ()
    scope_paths: Mapping[str, FieldPath] = None  # type: ignore[assignment]  # always given
    uniques: tuple[tuple[str, ...], ...] = ()
    bans: tuple[OverlapBan, ...] = ()
    ledger: LedgerModel | None = None
    system: bool = False

    @property
    def label(self) -> Text:
        """Name of the object in both languages."""
        return self.definition.label or Text(self.name, self.name)

    @property
    def plural(self) -> Text:
        """Name of many records."""
        return self.definition.plural or self.label

    @property
    def acts_as(self) -> Literal["organisation", "territory"] | None:
        """Whether rows are the workspace's organisations or territories."""
        return self.definition.acts_as

    def filter_of(self, field: FieldModel, target: str) -> Expression | None:
        """Return the condition of the records of `target` that a reference may be given."""
        if not field.targets:
            return field.lookup_filter
        reached = self.fields.get(target_name(field.name, target))
        return None if reached is None else reached.lookup_filter

    @property
    def hideable(self) -> frozenset[str]:
        """The fields that a field rule hides in some records."""
        return frozenset(
            name
            for rule in self.field_rules
            if rule.definition.effect == "show"
            for name in rule.definition.about
        )

    @property
    def stored_rollups(self) -> tuple[RollupModel, ...]:
        """The roll-ups that are kept in a column."""
        return tuple(one for one in self.rollups if one.stored)

    def ban(self, name: str) -> OverlapBan:
        """Return the ban on overlaps called `name`."""
        return next(one for one in self.bans if one.definition.name == name)

    def rollup(self, field: str) -> RollupModel:
        """Return how the roll-up field called `field` is made."""
        return next(one for one in self.rollups if one.field == field)

    def child(self, name: str) -> ChildDef | None:
        """Return the child relation called `name`."""
        return next((child for child in self.children if child.name == name), None)


@dataclass(frozen=True, slots=True)
class OutcomeModel:
    """Where an outcome leads; `undo` takes back what was changed since the record last left that state."""

    to: str
    when: Expression | None
    assignments: tuple[Assignment, ...]
    undo: bool = False


@dataclass(frozen=True, slots=True)
class TransitionModel:
    """A transition with typed guard and assignments."""

    definition: TransitionDef
    when: Expression | None
    assignments: tuple[Assignment, ...]
    without_approval: OutcomeModel | None
    approved: OutcomeModel | None
    rejected: OutcomeModel | None
    withdrawn: OutcomeModel | None
    returned: OutcomeModel | None

    @property
    def name(self) -> str:
        """The API name."""
        return self.definition.name

    @property
    def outcomes(self) -> dict[str, OutcomeModel]:
        """The ways it leads on, by their keys in the definition."""
        ways = {
            "without_approval": self.without_approval,
            "approved": self.approved,
            "rejected": self.rejected,
            "withdrawn": self.withdrawn,
            "returned": self.returned,
        }
        return {key: way for key, way in ways.items() if way is not None}

    @property
    def all_assignments(self) -> tuple[Assignment, ...]:
        """What it and its ways set."""
        more = (one for way in self.outcomes.values() for one in way.assignments)
        return (*self.assignments, *more)

    @property
    def label(self) -> Text:
        """Text of the button."""
        return self.definition.label or Text(self.name, self.name)


@dataclass(frozen=True, slots=True)
class ApproverModel:
    """One source of approvers, resolved: a path to a user field, or a role (within a territory)."""

    field: FieldPath | None = None
    role: str | None = None
    within: FieldPath | None = None
    veto: bool = False
    user: str | None = None
    managers: int | None = None
    of: FieldPath | None = None
    until: str | None = None
    formula: Expression | None = None
    chosen: ChosenDef | None = None


@dataclass(frozen=True, slots=True)
class TimeLimitModel:
    """A time limit, resolved; `calendar` is in the form in which formulas hold it, None without one."""

    definition: TimeLimitDef
    calendar: str | None
    escalate_to: tuple[ApproverModel, ...]


@dataclass(frozen=True, slots=True)
class CopyModel:
    """Who gets a copy, resolved, and when."""

    at: Literal["start", "end"]
    to: tuple[ApproverModel, ...]


@dataclass(frozen=True, slots=True)
class StepModel:
    """A step that asks people, with its typed condition.

    `way` leads to it in the approval's document; `block` is the step whose `branch` it is in.
    """

    definition: StepDef
    when: Expression | None
    approvers: tuple[ApproverModel, ...]
    time: TimeLimitModel | None = None
    copies: tuple[CopyModel, ...] = ()
    way: tuple[str | int, ...] = ()
    block: StepDef | None = None
    branch: BranchDef | None = None
    depends_on: tuple[tuple[str, ...], ...] = ()
    """Ids of fields; a relation of detail rows by its name, a field of theirs by that and its id."""

    @property
    def name(self) -> str:
        """The API name."""
        return self.definition.name

    @property
    def label(self) -> Text:
        """Name shown."""
        return self.definition.label or Text(self.name, self.name)


@dataclass(frozen=True, slots=True)
class ApprovalModel:
    """An approval with its typed condition and its steps, those in branches too, in their order."""

    definition: ApprovalDef
    when: Expression | None
    steps: tuple[StepModel, ...]
    time: TimeLimitModel | None = None
    copies: tuple[CopyModel, ...] = ()

    def limits(self) -> Iterator[TimeLimitModel]:
        """Yield the time limits of the steps and of the whole."""
        found = (*(step.time for step in self.steps), self.time)
        yield from (one for one in found if one is not None)

    def approvers(self) -> Iterator[ApproverModel]:
        """Yield all sources of people: who is asked, also in escalations, and who gets copies."""
        for step in self.steps:
            yield from step.approvers
        for limit in self.limits():
            yield from limit.escalate_to
        for copy in (*self.copies, *(one for step in self.steps for one in step.copies)):
            yield from copy.to

    @property
    def name(self) -> str:
        """The API name."""
        return self.definition.name

    @property
    def label(self) -> Text:
        """Name shown; also the tag."""
        return self.definition.label or Text(self.name, self.name)


@dataclass(frozen=True, slots=True)
class WorkflowModel:
    """A state machine, resolved."""

    id: str
    name: str
    object: str
    field: str
    definition: WorkflowDef
    states: Mapping[str, StateDef]
    initial: str
    transitions: Mapping[str, TransitionModel]
    approvals: Mapping[str, tuple[ApprovalModel, ...]]
    """Approvals of each transition, highest priority first."""


@dataclass(frozen=True, slots=True)
class RecipientModel:
    """Who is told something: those of a path to a user field, of a role, or behind an endpoint.

    `of` leads to the organisation of which those of the role are.
    """

    field: FieldPath | None = None
    role: str | None = None
    endpoint: str | None = None
    of: FieldPath | None = None


@dataclass(frozen=True, slots=True)
class ActionModel:
    """An action of an automation, resolved.

    `kind` is the key that says what it does. `object` is whose records it makes or goes through;
    `rows` says which of them, and `actions` what is done with each. Where records are made for people,
    `rows` are the organisations that they are of. Of one that converts, `rows` says what is left of a row, and
    `each` what is set in the row that is made of it.
    """

    kind: str
    definition: RowActionDef
    when: Expression | None = None
    object: str | None = None
    assignments: tuple[Assignment, ...] = ()
    recipients: tuple[RecipientModel, ...] = ()
    paths: tuple[FieldPath, ...] = ()
    rows: Expression | None = None
    actions: tuple[ActionModel, ...] = ()
    each: tuple[Assignment, ...] = ()

    def formulas(self) -> Iterator[Expression]:
        """Yield the formulas of the action, without those of actions within it."""
        yield from (one for one in (self.when, self.rows) if one is not None)
        yield from (one.value for one in (*self.assignments, *self.each))


@dataclass(frozen=True, slots=True)
class AutomationModel:
    """An automation with its typed condition and actions."""

    id: str
    name: str
    object: str
    definition: AutomationDef
    when: Expression | None
    actions: tuple[ActionModel, ...]
    moments: tuple[Expression | None, ...] = ()
    """Of each trigger when it fires for a record, where it is a timer."""
    inputs: Mapping[str, FieldModel] = field(default_factory=dict)
    """What its button asks, by name."""

    @property
    def label(self) -> Text:
        """Name shown to admins."""
        return self.definition.label or Text(self.name, self.name)

    @property
    def triggers(self) -> tuple[TriggerDef, ...]:
        """What starts it."""
        return self.definition.on

    @property
    def button(self) -> TriggerDef | None:
        """The trigger that is a button, where there is one."""
        return next((one for one in self.definition.on if one.event == "button"), None)


@dataclass(frozen=True, slots=True)
class ScopeModel:
    """Which rows a grant covers, resolved."""

    name: str
    path: FieldPath = ()
    criteria: Expression | None = None


@dataclass(frozen=True, slots=True)
class GrantModel:
    """One grant, resolved; `read`/`edit` None means all that the audience allows."""

    role: str
    actions: frozenset[Action]
    scope: ScopeModel
    when: Expression | None
    read: frozenset[str] | None
    edit: frozenset[str] | None
    transitions: frozenset[str]
    unmask: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class ViewModel:
    """A saved list with its typed condition and resolved columns."""

    definition: ViewDef
    where: Expression | None
    columns: tuple[FieldPath, ...]

    @property
    def name(self) -> str:
        """The API name."""
        return self.definition.name

    @property
    def label(self) -> Text:
        """Name of the tab."""
        return self.definition.label or Text(self.name, self.name)


@dataclass(frozen=True, slots=True)
class ReportModel:
    """A report with its typed condition; paths are resolved by the report compiler."""

    definition: ReportDef
    where: Expression | None

    @property
    def name(self) -> str:
        """The API name."""
        return self.definition.name

    @property
    def label(self) -> Text:
        """The title."""
        return self.definition.label or Text(self.name, self.name)


@dataclass(frozen=True, slots=True)
class ConstantModel:
    """A constant with its literal value in Python form."""

    name: str
    type: Type
    value: Decimal | str | bool | Any
    label: Text


@dataclass(frozen=True, slots=True)
class CalendarModel:
    """A working calendar; `text` is the form in which formulas hold it."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Catalog:
    """Everything published, immutable; a request, job or import works on one from start to end.

    `version` 0 is the empty workspace. `fingerprint` is a hash of the content: compiled parts
    are cached by it.
    """

    version: int
    fingerprint: str
    modules: Mapping[str, ModuleDef]
    objects: Mapping[str, ObjectModel]
    system_objects: Mapping[str, ObjectModel]
    workflows: Mapping[str, WorkflowModel]
    permissions: Mapping[str, tuple[GrantModel, ...]]
    """Grants by object name; an object without grants is closed to everybody but the system."""
    roles: Mapping[str, RoleDef]
    forms: Mapping[str, FormDef]
    views: Mapping[str, ViewModel]
    reports: Mapping[str, ReportModel]
    constants: Mapping[str, ConstantModel]
    automations: Mapping[str, AutomationModel] = field(default_factory=dict)
    dashboards: Mapping[str, DashboardDef] = field(default_factory=dict)
    choice_sets: Mapping[str, ChoiceSetDef] = field(default_factory=dict)
    expressions: Mapping[str, NamedExpression] = field(default_factory=dict)
    calendars: Mapping[str, CalendarModel] = field(default_factory=dict)
    scenarios: Mapping[str, ScenarioDef] = field(default_factory=dict)
    extended: Mapping[tuple[str, str], Extended] = field(default_factory=dict)
    """By kind and name, the definitions that extensions add to."""
    documents: tuple[Any, ...] = ()
    memory: Any = field(default=None, compare=False, repr=False)
    """What the building of the next catalog takes over (`building.parts.Memory`)."""
    _derived: dict[Hashable, Any] = field(
        default_factory=dict, init=False, compare=False, repr=False
    )

    def once(self, key: Hashable, make: Callable[[], T]) -> T:
        """Return what `make` gives, worked out once: it must follow from this catalog alone."""
        if key not in self._derived:
            self._derived[key] = make()
        return cast("T", self._derived[key])

    def object(self, name: str) -> ObjectModel | None:
        """Return the object called `name`, the platform's own ones included."""
        return self.objects.get(name) or self.system_objects.get(name)

    def tree_of(self, field: FieldModel) -> ObjectModel | None:
        """Return the object that a reference, or a list of them, points to where its rows are a tree."""
        found = self.object(field.pointed or "")
        return None if found is None or found.tree_field is None else found

    def typed(self, field: FieldModel, text: str) -> tuple[str, str] | None:
        """Return the name of the object and the id of the record that a typed id speaks of.

        None where the object is none of those that the field may refer to.
        """
        object_id, record_id = typed_parts(text)
        for name in field.targets:
            model = self.objects.get(name)
            if model is not None and model.id == object_id:
                return name, record_id
        return None

    def acting_as(self, part: Literal["organisation", "territory"]) -> ObjectModel | None:
        """Return the object whose rows are the organisations or territories."""
        return next((one for one in self.objects.values() if one.acts_as == part), None)

    def path(self, object_name: str, names: str) -> FieldPath | None:
        """Resolve API names joined by dots from `object_name`; None where one is unknown."""
        found: list[FieldModel] = []
        current = self.object(object_name)
        for name in names.split("."):
            field = current.fields.get(name) if current else None
            if field is None:
                return None
            found.append(field)
            current = self.object(field.target) if field.target else None
        return tuple(found)

    def children_of(self, object_name: str) -> tuple[ObjectModel, ...]:
        """Return the detail objects whose master is `object_name`."""
        return tuple(
            one
            for one in self.objects.values()
            if one.master and one.fields[one.master].target == object_name
        )

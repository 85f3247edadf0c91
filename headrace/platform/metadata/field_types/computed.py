"""Types whose values the platform makes: numbers, formulas, roll-ups and states."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from marshmallow import fields

from headrace.platform.core.problems import Message, Problem, Text
from headrace.platform.formulas.types import BOOLEAN as BOOLEAN_TYPE
from headrace.platform.formulas.types import DATE as DATE_TYPE
from headrace.platform.formulas.types import DATETIME as DATETIME_TYPE
from headrace.platform.formulas.types import TEXT as TEXT_TYPE
from headrace.platform.formulas.types import Type, number
from headrace.platform.metadata.definitions.keys import Formula, Name, Path, key
from headrace.platform.metadata.field_types.base import (
    EQUALITY,
    NUMBER_AGGREGATES,
    ORDER,
    TEXTUAL,
    Example,
    FieldType,
)
from headrace.platform.metadata.field_types.values import NeverField
from headrace.platform.metadata.storage_types import (
    BOOLEAN,
    DATE,
    INSTANT,
    INTEGER,
    TEXT,
    Storage,
    decimal_storage,
)

Returns = Literal[
    "text", "integer", "decimal", "quantity", "money", "percent", "boolean", "date", "datetime"
]
RETURNS: dict[Returns, tuple[Storage, Type]] = {
    "text": (TEXT, TEXT_TYPE),
    "integer": (INTEGER, number(0)),
    "decimal": (decimal_storage(6), number(6)),
    "quantity": (decimal_storage(3), number(3)),
    "money": (decimal_storage(2), number(2)),
    "percent": (decimal_storage(4), number(4)),
    "boolean": (BOOLEAN, BOOLEAN_TYPE),
    "date": (DATE, DATE_TYPE),
    "datetime": (INSTANT, DATETIME_TYPE),
}


@dataclass(frozen=True, slots=True)
class AutoNumberOptions:
    """Options of numbers."""

    pattern: str = key(
        "Text with {YYYY}, {MM}, {DD} (workspace calendar) and one counter such as {0000}; "
        "the counter starts again when the date part changes.",
        minLength=3,
        maxLength=60,
        pattern=r"^[^{}]*(\{(YYYY|YY|MM|DD|YYYYMM|YYYYMMDD)\}[^{}]*)*\{0{1,9}\}[^{}]*$",
    )


class AutoNumberType(FieldType[AutoNumberOptions]):
    """A number given once, when the record is saved: unique, counting on without gaps.

    What was refused takes none; the number of a deleted record is not given again.
    """

    key = "auto_number"
    label = Text("Number", "编号")
    widget = "text"
    options_type = AutoNumberOptions
    operators = TEXTUAL
    computed: ClassVar[str] = "number"

    def storage(self, options: AutoNumberOptions) -> Storage:
        return TEXT

    def value_type(self, options: AutoNumberOptions) -> Type:
        return TEXT_TYPE

    def value_field(self, options: AutoNumberOptions) -> fields.Field[Any]:
        return NeverField()

    def examples(self) -> Sequence[Example]:
        return (Example({"pattern": "T-{0000}"}, "T-0001", refused="field.read_only"),)


@dataclass(frozen=True, slots=True)
class FormulaOptions:
    """Options of a formula field."""

    returns: Returns = key("Type of the result.")
    formula: Formula = key("The formula over this record, along lookups too.")


class FormulaType(FieldType[FormulaOptions]):
    """A value computed from others: stored when it speaks of its own row only, else on read."""

    key = "formula"
    label = Text("Formula", "公式")
    widget = "computed"
    options_type = FormulaOptions
    operators = TEXTUAL
    aggregates = NUMBER_AGGREGATES
    computed: ClassVar[str] = "formula"

    def storage(self, options: FormulaOptions) -> Storage:
        return RETURNS[options.returns][0]

    def value_type(self, options: FormulaOptions) -> Type:
        return RETURNS[options.returns][1]

    def value_field(self, options: FormulaOptions) -> fields.Field[Any]:
        return NeverField()

    def examples(self) -> Sequence[Example]:
        return (
            Example({"returns": "money", "formula": "1.005 * 2"}, "1", refused="field.read_only"),
        )


ROLLUP_WAY = Message(
    "rollup.belonging",
    "A roll-up needs one of `by`, `on` and `via` to say which rows belong to a record.",
    "汇总需要且只能用 `by`、`on`、`via` 之一说明哪些行属于本记录。",
    "Keep one of the three.",
    "请只保留其中之一。",
)
ROLLUP_LAST_BY = Message(
    "rollup.last_by",
    "“last” needs `last_by` to say which row is last; nothing else does.",
    "“last”需要用 `last_by` 指明哪一行最后，其他方式不需要。",
    "Add `last_by`, or remove it.",
    "请填写或删除 `last_by`。",
)
ROLLUP_SCALE = Message(
    "rollup.scale",
    "Only “avg” is rounded, so only it has a `scale`.",
    "只有“avg”需要取整，因此只有它可以指定 `scale`。",
    "Remove `scale`.",
    "请删除 `scale`。",
)

RollupOp = Literal["sum", "count", "avg", "min", "max", "last"]


@dataclass(frozen=True, slots=True)
class RollupOptions:
    """Options of a roll-up."""

    op: RollupOp = key(
        "How the rows are put together: `sum`, `count`, `avg` (rounded half up), `min`, `max`, or "
        "`last`, the value in the row with the greatest `last_by`."
    )
    of: str = key(
        "`object.field` to put together, or the object to count.",
        pattern=r"^[a-z][a-z0-9_]{0,39}(\.[a-z][a-z0-9_]{0,39})?$",
    )
    by: Name | None = key("The field of that object that points here.", None)
    on: tuple[Name, ...] = key(
        "Instead of `by`: fields of both objects; rows belong together where all are equal.",
        (),
        minItems=1,
        maxItems=4,
        uniqueItems=True,
    )
    via: Path | None = key(
        "Instead of `by`: a path along lookups of that object that ends here; computed on read.",
        None,
    )
    last_by: Name | None = key(
        "For `last`: the number, date or time that says which row is last; of equal ones the "
        "row made last. Rows without it do not count.",
        None,
    )
    scale: int | None = key(
        "For `avg`: digits after the point; as many as the field has, but at least two.",
        None,
        minimum=0,
        maximum=6,
    )
    where: Formula | None = key(
        "Only rows where this is true. With today, now, constants or paths along lookups the "
        "roll-up is computed on read instead of stored.",
        None,
    )


class RollupType(FieldType[RollupOptions]):
    """A figure over rows that belong to this one; kept right in the same transaction."""

    key = "rollup"
    label = Text("Roll-up", "汇总")
    widget = "computed"
    options_type = RollupOptions
    operators = ORDER
    aggregates = NUMBER_AGGREGATES
    computed: ClassVar[str] = "rollup"

    def storage(self, options: RollupOptions) -> Storage:
        """Return the form of counts; others take that of their field (the catalog says)."""
        return INTEGER

    def value_type(self, options: RollupOptions) -> Type:
        return number(0)

    def value_field(self, options: RollupOptions) -> fields.Field[Any]:
        return NeverField()

    def check_options(self, options: RollupOptions) -> Sequence[Problem]:
        ways = [options.by is not None, bool(options.on), options.via is not None]
        problems = [] if sum(ways) == 1 else [ROLLUP_WAY.at()]
        if (options.op == "last") != (options.last_by is not None):
            problems.append(ROLLUP_LAST_BY.at("/last_by" if options.last_by else "/op"))
        if options.scale is not None and options.op != "avg":
            problems.append(ROLLUP_SCALE.at("/scale"))
        return problems

    def examples(self) -> Sequence[Example]:
        return ()


@dataclass(frozen=True, slots=True)
class StateOptions:
    """Options of a state field."""

    workflow: Name = key("The workflow that alone changes it.")


class StateType(FieldType[StateOptions]):
    """The state of a record in its workflow."""

    key = "state"
    label = Text("State", "状态")
    widget = "state"
    options_type = StateOptions
    operators = EQUALITY
    computed: ClassVar[str] = "workflow"

    def storage(self, options: StateOptions) -> Storage:
        return TEXT

    def value_type(self, options: StateOptions) -> Type:
        return TEXT_TYPE

    def value_field(self, options: StateOptions) -> fields.Field[Any]:
        return NeverField()

    def examples(self) -> Sequence[Example]:
        return ()


TYPES = (AutoNumberType(), FormulaType(), RollupType(), StateType())

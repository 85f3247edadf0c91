"""The cost of an object as JSON: what `telling` says, for the OpenAPI document and the front end."""

from __future__ import annotations

from typing import Annotated, TypeAlias, TypedDict

from headrace.platform.core.shapes import Keyword, Moment
from headrace.platform.database.physical import Purpose
from headrace.platform.publishing.costing.indexes import IndexState
from headrace.platform.publishing.costing.saving import StepKind
from headrace.platform.publishing.costing.timing import Reason, TimeState

Count: TypeAlias = Annotated[int, Keyword("minimum", 0)]
InTime: TypeAlias = Annotated[Count | None, "Null where they could not be counted in time."]


class RowsCostJson(TypedDict):
    """The rows of the table."""

    live: InTime
    deleted: Count
    exact: Annotated[bool, "False: about as many, as the database believes."]
    text: str


class ChildCostJson(TypedDict):
    """The rows of a child table."""

    relation: str
    object: str
    rows: InTime
    average: Annotated[str | None, "Rows of each record on average, with one digit."]
    text: str


class IndexJson(TypedDict):
    """An index, and what it is for."""

    name: str
    fields: Annotated[list[str], "`-` in front for falling order."]
    label: str
    unique: bool
    state: IndexState
    purposes: list[Purpose]
    text: str


class SlowListJson(TypedDict):
    """A list that no index helps with."""

    view: str
    label: str
    sort: Annotated[str | None, "The key of the order that no index holds."]
    filtered: Annotated[bool, "No index leads to the rows of its condition."]
    text: str


class AskedJson(TypedDict):
    """Records that a save asks for."""

    object: str
    by_index: bool


class SaveStepJson(TypedDict):
    """Something that a save does."""

    kind: StepKind
    object: str
    names: list[str]
    anew: Annotated[bool, "A roll-up that is read from its rows each time."]
    asks: list[AskedJson]
    text: str


class SaveJson(TypedDict):
    """What making a record sets off."""

    statements: Annotated[int, "About how many making a record takes.", Keyword("minimum", 0)]
    text: str
    steps: list[SaveStepJson]


class LimitsJson(TypedDict):
    """Seconds for one role and for all together, and how many roles are run at most."""

    one: float
    together: float
    roles: Count


class RoleTimeJson(TypedDict):
    """How long the list, or the report, took for a role."""

    role: str
    label: str
    state: TimeState
    people: Count
    milliseconds: Annotated[float | None, "Null where it was not measured."]
    rows: Annotated[
        int | str | None, "Rows that the role sees; `10000+` for more. Null for reports."
    ]
    reasons: list[Reason]
    text: str


class TimesJson(TypedDict):
    """How long it took for each role, the slowest first, and when that was measured."""

    as_of: Moment
    slowest: Annotated[str | None, "Null where it was run for nobody."]
    text: str
    limits: LimitsJson
    roles: list[RoleTimeJson]


class AskingJson(TypedDict):
    """What the question itself took."""

    milliseconds: Count
    text: str


class CostJson(TypedDict):
    """What an object costs on the rows that are live."""

    object: str
    label: str
    as_of: Moment
    version: Annotated[int, "The live version whose rows were counted.", Keyword("minimum", 0)]
    summary: Annotated[str, "All of it in one line."]
    notes: list[str]
    rows: Annotated[RowsCostJson | None, "Null where there is no table yet."]
    children: list[ChildCostJson]
    indexes: list[IndexJson]
    lists: list[SlowListJson]
    save: SaveJson
    time: Annotated[
        TimesJson | None, "Null where it was not asked for, or there is nothing to read yet."
    ]
    asking: AskingJson

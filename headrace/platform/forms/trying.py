"""A formula that is being written, computed for a record under definitions that are not live.

Records are read live with the rights of who asks; nothing is written.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Final, Literal, TypeAlias, TypedDict

from headrace.platform.core.errors import NotFoundError
from headrace.platform.core.problems import Problem, ProblemJson, Text
from headrace.platform.core.shapes import Keyword
from headrace.platform.forms.ahead import Ahead, AheadRow, Surroundings
from headrace.platform.forms.questions import UnknowableError
from headrace.platform.forms.samples import Sample, SampleJson
from headrace.platform.forms.sampling import of_inputs, of_parameters
from headrace.platform.formulas.analysis import analyse, analyse_named
from headrace.platform.formulas.expression import Expression
from headrace.platform.formulas.functions import FUNCTIONS
from headrace.platform.formulas.messages import (
    UNKNOWN_FIELD,
    UNKNOWN_FUNCTION,
    FormulaError,
    FormulaValueError,
)
from headrace.platform.formulas.python import compile_python
from headrace.platform.formulas.tree import ConstantRef, FieldRef, Node, Query, Value, children
from headrace.platform.formulas.types import BOOLEAN, Type
from headrace.platform.metadata.building import object_scope
from headrace.platform.metadata.building.scope import CatalogScope
from headrace.platform.metadata.catalog import ObjectModel
from headrace.platform.metadata.inputs import INPUT
from headrace.platform.metadata.storage_types import instant_text
from headrace.platform.metadata.wording import sentence

OutcomeState: TypeAlias = Literal["value", "refused", "unknown"]

NO_REASON: Final = Text()
SAMPLE: Final = Text("{label} (a sample)", "{label}（示例）")
"""What stands behind the label of something that is entered before a button is pressed."""
_INPUT_READ: Final = re.compile(rf"\b{INPUT}\.(\w+)")
MOST_SHOWN: Final = 20
"""How many items of a list are told, and how many values a formula was computed from."""


@dataclass(frozen=True, slots=True)
class Tried:
    """A formula over an object: of which record, whether it is a condition, what `this.` is in it.

    `record_id` None is the newest record that who asks may read, or a blank one where there is none.
    `object_name` None is that of a named expression, which speaks of no record. `given` are samples as
    somebody wrote them, by name.
    """

    object_name: str | None
    formula: str
    record_id: str | None = None
    outer_name: str | None = None
    is_condition: bool = False
    automation: str | None = None
    """The automation whose buttons ask for what the formula reads behind `input.`: samples stand for it."""
    expression: str | None = None
    """The named expression whose formula it is: samples stand for its parameters."""
    given: Mapping[str, str] = field(default_factory=dict)


Span: TypeAlias = Annotated[list[int], Keyword("minItems", 2), Keyword("maxItems", 2)]


class FormulaPartJson(TypedDict):
    """A value that a formula was computed from."""

    text: str
    label: str
    value: Any


class MistakeJson(ProblemJson):
    """What is wrong with a formula: from which character to which, and what may have been meant."""

    span: Span | None
    instead: str | None


class SeenRecordJson(TypedDict):
    """The record that a formula was computed for; a blank one has neither id nor title."""

    id: str | None
    title: str | None


class FormulaJson(TypedDict):
    """What a formula gives, or why it gives nothing."""

    state: OutcomeState
    type: str | None
    value: Any
    parts: list[FormulaPartJson]
    problems: list[MistakeJson]
    reason: str
    record: SeenRecordJson | None
    samples: list[SampleJson]


@dataclass(frozen=True, slots=True)
class Part:
    """A value that the result was computed from: as it is written, its label, what it is."""

    text: str
    label: Text
    value: Any

    def render(self, language: str) -> FormulaPartJson:
        """Return the JSON form in one language."""
        return {"text": self.text, "label": self.label.within(language), "value": self.value}


@dataclass(frozen=True, slots=True)
class Mistake:
    """What is wrong with a formula: from which character to which, and what may have been meant."""

    problem: Problem
    span: tuple[int, int] | None
    instead: str | None

    def render(self, language: str) -> MistakeJson:
        """Return the JSON form in one language."""
        span = list(self.span) if self.span else None
        return {**self.problem.render(language), "span": span, "instead": self.instead}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came out: a value, or why there is none."""

    state: OutcomeState
    type: Type | None = None
    value: Any = None
    parts: tuple[Part, ...] = ()
    mistakes: tuple[Mistake, ...] = ()
    reason: Text = NO_REASON
    record: SeenRecordJson | None = None
    samples: tuple[Sample, ...] = ()

    def render(self, language: str) -> FormulaJson:
        """Return the JSON form in one language."""
        return {
            "state": self.state,
            "type": str(self.type.kind) if self.type else None,
            "value": self.value,
            "parts": [one.render(language) for one in self.parts],
            "problems": [one.render(language) for one in self.mistakes],
            "reason": self.reason.within(language),
            "record": self.record,
            "samples": [one.render(language) for one in self.samples],
        }


def try_formula(ahead: Ahead, tried: Tried) -> Outcome:
    """Return what a formula gives for a record, or for samples of what it is handed over.

    Raise NotFoundError where the definitions have no such object or named expression, or the record is
    not to be seen.
    """
    if tried.object_name is None:
        return _try_named(ahead, tried)
    model = _model(ahead, tried.object_name)
    scope = object_scope(ahead.catalog, model.name)
    automation = ahead.catalog.automations.get(tried.automation or "")
    samples: tuple[Sample, ...] = ()
    if automation is not None and automation.inputs:
        scope = replace(scope, inputs=automation.inputs)
        # What the formula does not read is not asked for: most formulas of a button read no input.
        read = set(_INPUT_READ.findall(tried.formula))
        inputs = (one for one in automation.inputs.values() if one.name in read)
        samples = of_inputs(ahead, inputs, tried.given)
    ahead.samples = {one.id: one for one in samples}
    outer = _model(ahead, tried.outer_name) if tried.outer_name else None
    try:
        expression = analyse(
            tried.formula,
            scope,
            expected=BOOLEAN if tried.is_condition else None,
            queries=outer is None,
            outer=object_scope(ahead.catalog, outer.name) if outer else None,
        )
    except FormulaError as error:
        mistakes = tuple(_mistakes(error, tried.formula, scope))
        return Outcome("refused", mistakes=mistakes, samples=samples)
    row = _row(ahead, model, tried.record_id)
    if outer is not None:
        row.enclosing = _row(ahead, outer, None)
    found = _computed(_Telling(ahead, row, tried.formula), row, expression)
    return replace(found, record={"id": row.id, "title": row.title()}, samples=samples)


def _try_named(ahead: Ahead, tried: Tried) -> Outcome:
    """Return what the formula of a named expression gives for samples of its parameters."""
    named = ahead.catalog.expressions.get(tried.expression or "")
    if named is None:
        raise NotFoundError
    named = replace(named, source=tried.formula)
    scope = object_scope(ahead.catalog, "")
    samples = of_parameters(ahead, named, tried.given)
    ahead.samples = {one.id: one for one in samples}
    try:
        expression = analyse_named(named, scope)
    except FormulaError as error:
        known = [one.name for one in samples]
        mistakes = tuple(_mistakes(error, tried.formula, scope, known))
        return Outcome("refused", mistakes=mistakes, samples=samples)
    row = Surroundings(ahead)
    found = _computed(_Telling(ahead, row, tried.formula), row, expression)
    return replace(found, samples=samples)


def _computed(telling: _Telling, row: Surroundings, expression: Expression) -> Outcome:
    """Return what an analysed formula gives."""
    try:
        value = compile_python(expression.tree)(row)
    except UnknowableError as error:
        parts = tuple(telling.parts(expression))
        return Outcome("unknown", expression.type, parts=parts, reason=error.reason)
    except FormulaValueError as error:
        parts = tuple(telling.parts(expression))
        mistakes = tuple(Mistake(one, None, None) for one in error.problems)
        return Outcome("refused", expression.type, None, parts, mistakes)
    shown = telling.shown(value, expression.type)
    return Outcome("value", expression.type, shown, tuple(telling.parts(expression)))


def _model(ahead: Ahead, name: str) -> ObjectModel:
    found = ahead.catalog.object(name)
    if found is None:
        raise NotFoundError
    return found


def _row(ahead: Ahead, model: ObjectModel, record_id: str | None) -> AheadRow:
    asked = record_id or ahead.newest(model)
    return ahead.record(model, asked) if asked else ahead.blank(model)


def _mistakes(
    error: FormulaError, formula: str, scope: CatalogScope, known: Iterable[str] = ()
) -> Iterator[Mistake]:
    """Yield what is wrong; `known` are names besides those of the object."""
    spans: Sequence[tuple[int, int] | None] = error.spans or [None] * len(error.problems)
    names = [*known, *scope.suggestions()]
    for problem, span in zip(error.problems, spans, strict=True):
        yield Mistake(problem, span, _instead(problem, span, formula, names))


def _instead(
    problem: Problem, span: tuple[int, int] | None, formula: str, names: Sequence[str]
) -> str | None:
    """Return what can stand in place of a name that there is not."""
    if span is None:
        return None
    written = formula[span[0] : span[1]]
    if problem.code == UNKNOWN_FUNCTION.code:
        name, bracket, rest = written.partition("(")
        close = difflib.get_close_matches(name.strip().upper(), list(FUNCTIONS.keys()), n=1)
        return close[0] + bracket + rest if close else None
    if problem.code == UNKNOWN_FIELD.code:
        close = difflib.get_close_matches(written, names, n=1)
        return close[0] if close else None
    return None


class _Telling:
    """Says values as they are told to people, and which a formula was computed from."""

    def __init__(self, ahead: Ahead, row: Surroundings, source: str) -> None:
        self._ahead = ahead
        self._row = row
        self._source = source

    def parts(self, expression: Expression) -> Iterator[Part]:
        """Yield the values that a formula reads, each once, in the order of the source."""
        told: set[str] = set()
        for node in _read(expression.tree):
            text = self._text(node)
            if text in told or len(told) == MOST_SHOWN:
                continue
            told.add(text)
            try:
                value = compile_python(node)(self._row)
            except (UnknowableError, FormulaValueError):
                continue
            yield Part(text, self._label(node), self.shown(value, node.type))

    def shown(self, value: Value, type_: Type) -> Any:
        """Return a value as JSON, a reference by its title."""
        if isinstance(value, tuple):
            return [self.shown(one, type_) for one in value[:MOST_SHOWN]]
        if isinstance(value, datetime):
            return instant_text(value)
        if isinstance(value, date):
            return value.isoformat()
        if isinstance(value, Decimal):
            return format(value, "f")
        if isinstance(value, str) and type_.target is not None:
            row = self._ahead.row_of(type_.target, value)
            return value if row is None else row.title() or value
        return value

    def _text(self, node: Node) -> str:
        if isinstance(node, FieldRef):
            return ("this." if node.outer else "") + ".".join(node.names)
        if isinstance(node, ConstantRef):
            return f"$C.{node.name}"
        return self._source[node.span[0] : node.span[1]]

    def _label(self, node: Node) -> Text:
        if isinstance(node, ConstantRef):
            return self._ahead.catalog.constants[node.name].label
        if not isinstance(node, FieldRef):
            return Text()
        labels: list[Text] = []
        sample = self._ahead.samples.get(node.path[0])
        if sample is not None:
            labels.append(sentence(SAMPLE, label=sample.label))
            model = self._ahead.catalog.object(sample.type.target or "")
        else:
            model = self._model(node)
        for one in node.path[len(labels) :]:
            fields = model.fields.values() if model else ()
            field = next((each for each in fields if each.id == one), None)
            if field is None:
                return Text()
            labels.append(field.label or Text(field.name, field.name))
            model = self._ahead.catalog.object(field.target) if field.target else None
        return Text(
            " › ".join(one.within("en") for one in labels),
            " › ".join(one.within("zh") for one in labels),
        )

    def _model(self, node: FieldRef) -> ObjectModel | None:
        """Return the object whose field a reference begins with."""
        if not isinstance(self._row, AheadRow):
            return None
        row = self._row.enclosing if node.outer and self._row.enclosing else self._row
        return row.model


def _read(node: Node, *, asked: bool = False) -> Iterator[Node]:
    """Yield what a formula reads: its fields and constants, and its questions as a whole."""
    if isinstance(node, FieldRef):
        if node.outer or not asked:
            yield node
        return
    if isinstance(node, ConstantRef | Query):
        yield node
    for child in children(node):
        yield from _read(child, asked=asked or isinstance(node, Query))

"""Fields that allow less than before: which rows hold what is no longer allowed, what becomes of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType

from headrace.platform.core.problems import Message, Problem, named, said
from headrace.platform.database.names import PhysicalName
from headrace.platform.metadata.definitions.choices import renamed_values
from headrace.platform.publishing.answering import Question
from headrace.platform.publishing.decisions import Decision, Decisions
from headrace.platform.publishing.failing import (
    Found,
    Having,
    NotAllowed,
    RowFinder,
    Unconvertible,
)
from headrace.platform.publishing.plan import Failing, PlanLine
from headrace.platform.publishing.retyping import Retype, only_options_differ
from headrace.platform.publishing.row_work import ConvertValues
from headrace.platform.publishing.settling.mapping import listed, map_problems
from headrace.platform.publishing.settling.messages import (
    EXISTING_VALUES,
    OPTION_IN_USE,
    VALUES_CUT,
)
from headrace.platform.publishing.settling.places import place_of_field

NO_VALUES: Mapping[str, str | None] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Narrowing:
    """A field with other values than before: its lines, and how its rows follow.

    With `moves` the values go to another column, and the old ones are kept; `values` are put in the
    place of some of them; with `whole` no other value may be lost. `kept` is the column that held them in the version that comes back.
    """

    change: Retype
    questions: tuple[Question, ...] = ()
    problems: tuple[Problem, ...] = ()
    moves: bool = False
    values: Mapping[str, str | None] = field(default_factory=lambda: NO_VALUES)
    line: str = ""
    kept: PhysicalName | None = None
    whole: bool = False

    def work(self) -> ConvertValues:
        """Return what the rows get."""
        return ConvertValues(
            self.change.model.id,
            self.change.field.id,
            restored=self.kept is not None,
            rows_at=None if self.kept is None else self.kept.rows_at,
            line=self.line,
            values=self.values,
            whole=self.whole,
            kept="" if self.kept is None else self.kept.physical,
        )


def value_changes(finder: RowFinder, moved: AbstractSet[str]) -> Iterator[Retype]:
    """Yield the fields that people write and whose options changed; `moved` are told elsewhere."""
    for model in finder.rows.catalog.objects.values():
        former = finder.rows.former.get(model.id)
        if former is None or former is model:
            continue
        for one in model.fields.values():
            earlier = finder.rows.former_field(model, one)
            if earlier is not None and one.id not in moved and only_options_differ(earlier, one):
                yield Retype(former, model, earlier, one)


def narrowing(
    finder: RowFinder, decisions: Decisions, change: Retype, kept: PhysicalName | None
) -> Narrowing:
    """Return which values of a field are no longer allowed, and what becomes of them.

    Rows that were not changed since its column was kept get what that holds.
    """
    model, one = change.model, change.field
    quiet = Narrowing(change, moves=kept is not None, kept=kept)
    if one.type.declared(one.options) is not None:
        return _choices(finder, decisions, change, kept)
    if not one.type.narrows(change.earlier.options, one.options):
        return quiet
    found = finder.find(NotAllowed(model.id, one.id, None if kept is None else kept.rows_at))
    if not found.count:
        return quiet
    refused = finder.find(Unconvertible(model.id, one.id)).count
    message = EXISTING_VALUES if refused else VALUES_CUT
    line = _line(change, found, message, ("clear" if refused else "accept", "leave"))
    place = place_of_field(model, one.name)
    problem = message.at(place, object=model.name, field=one.name, count=found.count)
    answer = _answer(line, decisions)
    moves = kept is not None or (answer is not None and answer.answer != "leave")
    return Narrowing(change, (Question(line, problem),), moves=moves, line=line.key, kept=kept)


def _choices(
    finder: RowFinder, decisions: Decisions, change: Retype, kept: PhysicalName | None
) -> Narrowing:
    model, earlier, one = change.model, change.earlier, change.field
    since = None if kept is None else kept.rows_at
    allowed = one.type.declared(one.options) or ()
    renamed = renamed_values(earlier.options.choices, one.options.choices)
    taken = set(renamed.values())
    # A value that stays, while another one gets its name, would become that one.
    gone = {
        value: finder.find(Having(model.id, earlier.id, (value,), since)).count
        for value in earlier.type.declared(earlier.options) or ()
        if value not in renamed and (value not in allowed or value in taken)
    }
    values: dict[str, str | None] = dict(renamed)
    asked = [_renames(finder, change, renamed, since)] if renamed else []
    quiet = Narrowing(
        change,
        tuple(asked),
        moves=kept is not None or bool(renamed),
        values=values,
        kept=kept,
        whole=bool(renamed),
    )
    if not any(gone.values()):
        return quiet
    found = finder.find(Having(model.id, earlier.id, tuple(gone), since))
    line = _line(change, found, OPTION_IN_USE, ("map",))
    problem = OPTION_IN_USE.at(
        place_of_field(model, one.name),
        object=model.name,
        field=one.name,
        count=found.count,
        values=listed([value for value, count in gone.items() if count]),
    )
    questions = (*asked, Question(line, problem))
    answer = _answer(line, decisions)
    if answer is None:
        return Narrowing(change, questions, moves=kept is not None, line=line.key, kept=kept)
    wrong = tuple(map_problems(line.key, answer, gone, allowed, may_be_empty=True))
    values |= answer.map
    return Narrowing(change, questions, wrong, not wrong, values, line.key, kept, whole=True)


def _renames(
    finder: RowFinder, change: Retype, renamed: Mapping[str, str], since: datetime | None
) -> Question:
    """Return the line that tells which values are called otherwise; it needs no answer."""
    name = f"{change.model.name}.{change.field.name}"
    count = finder.find(Having(change.model.id, change.earlier.id, tuple(renamed), since)).count
    text = said(
        "Rename values of {name} ({renamed}); {count} rows hold them",
        "{name} 的选项值更名（{renamed}）；有 {count} 行使用这些值",
        name=named("field", change.model.name, change.field.name),
        renamed=", ".join(f"{old} → {new}" for old, new in renamed.items()),
        count=count,
    )
    return Question(PlanLine(f"choice.rename:{name}", "choice.rename", text, rows=count))


def _answer(line: PlanLine, decisions: Decisions) -> Decision | None:
    """Return the decision on a line where it is one that the line takes."""
    decision = decisions.get(line.key)
    return decision if decision is not None and decision.answer in line.answers else None


def _line(change: Retype, found: Found, message: Message, answers: tuple[str, ...]) -> PlanLine:
    name = f"{change.model.name}.{change.field.name}"
    text = said(
        "Narrow {name}; {count} rows hold values that it no longer allows",
        "收窄 {name}；有 {count} 行的值不再允许",
        name=named("field", change.model.name, change.field.name),
        count=found.count,
    )
    failing = Failing(found.count, found.first, message.code)
    return PlanLine(
        f"field.narrow:{name}",
        "field.narrow",
        text,
        destructive=True,
        failing=failing,
        answers=answers,
        needs_answer=True,
    )

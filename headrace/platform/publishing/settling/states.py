"""States that go or are renamed, and where the rows that are in them go."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from headrace.platform.core.problems import Problem, named, said
from headrace.platform.database.names import PhysicalName
from headrace.platform.metadata.catalog import WorkflowModel
from headrace.platform.publishing.answering import Question
from headrace.platform.publishing.decisions import Decisions
from headrace.platform.publishing.failing import Found, Having, RowFinder
from headrace.platform.publishing.plan import Failing, PlanLine
from headrace.platform.publishing.retyping import Retype
from headrace.platform.publishing.settling.mapping import map_problems
from headrace.platform.publishing.settling.messages import STATE_IN_USE
from headrace.platform.publishing.settling.narrowing import Narrowing
from headrace.platform.publishing.settling.places import place_of_field


def state_changes(finder: RowFinder, held: Collection[str]) -> Iterator[Retype]:
    """Yield the state fields whose states are others than before, and those that get back a column.

    `held` are ids of fields whose columns come back.
    """
    old, new = finder.rows.live.catalog, finder.rows.catalog
    for model in new.objects.values():
        former = finder.rows.former.get(model.id)
        if former is None or model.state_field is None:
            continue
        one = model.fields[model.state_field]
        earlier = finder.rows.former_field(model, one)
        if earlier is None or earlier.computed != "workflow":
            continue
        before = old.workflows[earlier.options.workflow]
        if one.id in held or _names(before) != _names(new.workflows[one.options.workflow]):
            yield Retype(former, model, earlier, one)


def state_narrowing(
    finder: RowFinder, decisions: Decisions, change: Retype, kept: PhysicalName | None
) -> Narrowing:
    """Return which rows are in states that go or are renamed, and where they go.

    Rows that were not changed since the column was kept get the state that it holds.
    """
    old, new = finder.rows.live.catalog, finder.rows.catalog
    before = old.workflows[change.earlier.options.workflow]
    after = new.workflows[change.field.options.workflow]
    return _StateField(finder, decisions, change, _Flows(before, after), kept).narrowing()


def _names(workflow: WorkflowModel) -> list[tuple[str | None, str]]:
    return [(state.id, state.name) for state in workflow.states.values()]


@dataclass(frozen=True, slots=True)
class _Flows:
    """A workflow before and after; states are matched by id, without ids by name."""

    before: WorkflowModel
    after: WorkflowModel

    def renamed(self) -> Mapping[str, str]:
        """Return the states with another name: old name to new name."""
        now = {state.id: state.name for state in self.after.states.values() if state.id}
        return {
            state.name: now[state.id]
            for state in self.before.states.values()
            if state.id in now and now[state.id] != state.name
        }

    def dropped(self) -> list[str]:
        """Return the names of states that go."""
        ids = {state.id for state in self.after.states.values() if state.id}
        known = {state.name for state in self.after.states.values() if not state.id}
        return [
            state.name
            for state in self.before.states.values()
            if state.id not in ids and (state.id or state.name not in known)
        ]


@dataclass(frozen=True, slots=True)
class _StateField:
    finder: RowFinder
    decisions: Decisions
    change: Retype
    flows: _Flows
    kept: PhysicalName | None

    def narrowing(self) -> Narrowing:
        questions: list[Question] = []
        problems: list[Problem] = []
        values: dict[str, str | None] = dict(self.flows.renamed())
        questions.extend(self._renames(self.flows.renamed()))
        answered = True
        for state in self.flows.dropped():
            question = self._drop(state, self._rows_in(state))
            line = question.line
            questions.append(question)
            decision = self.decisions.get(line.key)
            if decision is not None and decision.answer in line.answers:
                gone = {state: line.count}
                allowed = list(self.flows.after.states)
                problems.extend(map_problems(line.key, decision, gone, allowed, may_be_empty=False))
                values |= decision.map
            elif line.needs_answer:
                answered = False
        moves = answered and not problems and (self.kept is not None or self._is_held(values))
        return Narrowing(
            self.change,
            tuple(questions),
            tuple(problems),
            moves,
            values,
            kept=self.kept,
            whole=True,
        )

    def _rows_in(self, state: str) -> Found:
        since = None if self.kept is None else self.kept.rows_at
        wanted = Having(self.change.model.id, self.change.earlier.id, (state,), since)
        return self.finder.find(wanted)

    def _renames(self, renamed: Mapping[str, str]) -> Iterator[Question]:
        flow = self.flows.before.name
        for old, new in renamed.items():
            count = self._rows_in(old).count
            text = said(
                "Rename the state {old} of {flow} to {new}; {count} rows are in it",
                "工作流 {flow} 的状态 {old} 更名为 {new}；有 {count} 行处于该状态",
                flow=named("workflow", flow),
                old=old,
                new=new,
                count=count,
            )
            yield Question(PlanLine(f"state.rename:{flow}.{old}", "state.rename", text, rows=count))

    def _drop(self, state: str, found: Found) -> Question:
        flow, model = self.flows.before.name, self.change.model
        count = found.count
        line = PlanLine(
            f"state.drop:{flow}.{state}",
            "state.drop",
            said(
                "Remove the state {state} of {flow}",
                "移除工作流 {flow} 的状态 {state}",
                flow=named("workflow", flow),
                state=named("state", flow, state),
            ),
            destructive=bool(count),
            rows=count,
            failing=Failing(count, found.first, STATE_IN_USE.code) if count else None,
            answers=("map",) if count else (),
            needs_answer=bool(count),
        )
        place = place_of_field(model, self.change.field.name)
        return Question(
            line,
            STATE_IN_USE.at(place, state=state, object=model.name, count=count) if count else None,
        )

    def _is_held(self, values: Mapping[str, str | None]) -> bool:
        """Say whether any row, deleted ones included, holds a value that becomes another."""
        if not values:
            return False
        rows = self.finder.rows
        table = rows.live.tables.of(rows.former[self.change.model.id].name)
        column = table.columns[self.change.earlier.name]
        held = sa.select(sa.literal(1)).where(column.in_(list(values))).limit(1)
        return rows.connection.execute(held).first() is not None

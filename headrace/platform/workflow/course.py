"""The course of a run: from step to step, through branches side by side, to an end, and back to a step.

Outside of blocks one step is open at a time; in a block at most one in each branch, and none outside.
So a block is complete when no step of the run is open: nothing else is kept about it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any, Final, Literal

from headrace.platform.access.principals import SYSTEM_PRINCIPAL, SYSTEM_USER_ID
from headrace.platform.core.errors import ConflictError, RefusedError
from headrace.platform.metadata.storage_types import HOLDS_FILES
from headrace.platform.workflow import messages
from headrace.platform.workflow.asking import hold_what_is_asked
from headrace.platform.workflow.branching import Point, approvers_before, points_beside
from headrace.platform.workflow.cases import Case
from headrace.platform.workflow.clocks import start_clock
from headrace.platform.workflow.depending import Changed
from headrace.platform.workflow.machine import Branch, GuardError, NoWayError, move
from headrace.platform.workflow.people import Asked, Person, keep_active, may_act_with
from headrace.platform.workflow.pinned import Step
from headrace.platform.workflow.resubmitting import UNDONE, left_with
from headrace.platform.workflow.runs import (
    Row,
    node_of,
    open_step,
    open_tasks_of_step,
    step_by_id,
    tasks_of_step,
)
from headrace.platform.workflow.staging import take_changes_back
from headrace.platform.workflow.subjects import Subject, snapshot
from headrace.platform.workflow.usual import step_key
from headrace.platform.workflow.voting import moot, next_turns, result_of

Ending = Literal["approved", "rejected", "withdrawn", "returned"]
COPIED: Final = frozenset({"approved", "rejected"})
SENT_BACK: Final = frozenset({"rejected", "returned"})

Added = Mapping[str, str]
"""Who was added to a step: the `user`, `by` whom, `to` whose task and in which `place`."""


def settle(
    case: Case,
    step_row: Row,
    action: str,
    comment: str | None,
    *,
    changed: Sequence[Changed] = (),
) -> None:
    """Draw from the tasks of an open step what follows: it goes on waiting, or ends.

    `action` and `comment` are what the history says of the cause, `changed` what that changed of the
    record.
    """
    step = case.step_of(step_row)
    tasks = tasks_of_step(case.work.connection, step_row.id)
    match result_of(step, tasks):
        case "rejected":
            case.rows.end_step(step_row.id, "rejected")
            case.copy("end", step)
            end(case, "rejected", action, comment, changed=changed)
        case "approved":
            case.rows.end_step(step_row.id, "approved")
            case.copy("end", step)
            if not follow(case, step_row, action, comment):
                case.line(action, comment)
        case _:
            let_wait(case, step_row)
            case.line(action, comment)


def let_wait(case: Case, step_row: Row) -> None:
    """Close what an open step no longer needs, and open the tasks in it whose turn it is."""
    step = case.step_of(step_row)
    tasks = tasks_of_step(case.work.connection, step_row.id)
    superfluous = moot(step, tasks)
    if superfluous:
        case.rows.close_tasks(superfluous)
        tasks = tasks_of_step(case.work.connection, step_row.id)
    give_turns(case, step, tasks)


def give_turns(case: Case, step: Step, tasks: list[Row]) -> None:
    """Open the waiting tasks of a step whose turn it is."""
    turns = set(next_turns(step, tasks))
    people = {row.user: row.id for row in tasks if row.id in turns}
    if people:
        keep_active(case.work.connection, list(people))
        case.rows.open_tasks(list(people.values()))
        case.tell(step, people, case.subject())


def set_out(case: Case, action: str, comment: str | None) -> bool:
    """Take the steps from the first on until people are waited for; say whether nobody is.

    Then the run is approved, with a history line of `action` and `comment`.
    """
    return _onward(case, 0, action, comment)


def follow(case: Case, row: Row, action: str, comment: str | None) -> bool:
    """Take what follows a step that has ended; say whether the run ends, as `set_out` does."""
    return _after(case, node_of(row), row.then_node, action, comment)


def go_to(
    case: Case,
    node: int,
    action: str,
    comment: str | None,
    *,
    asks: bool = True,
    then_node: int | None = None,
    beside: Iterable[Point] = (),
) -> bool:
    """Take a step out of its turn, and what follows; say whether the run ends, as `set_out` does.

    One step beyond the last is the end. With `asks` its people are asked even if they have just approved; `then_node` follows it. The other
    branches of its block go on at the points `beside`.
    """
    for point in beside:
        _resume(case, point)
    if node == len(case.pinned.steps):
        return _onward(case, node, action, comment)
    if _take(case, node, asks=asks, then_node=then_node):
        return False
    return _after(case, node, then_node, action, comment)


def _onward(case: Case, node: int, action: str, comment: str | None) -> bool:
    """Take the steps and blocks from `node` on, where no branch is open."""
    while node < len(case.pinned.steps):
        block = case.pinned.block_of(node)
        if block is None:
            if _take(case, node):
                return False
            node += 1
        else:
            # All of them begin, whatever becomes of the first.
            waiting = [_waits(case, branch) for branch in block.branches]
            if any(waiting):
                return False
            node = block.nodes.stop
    end(case, "approved", action, comment)
    return True


def _after(case: Case, node: int, then_node: int | None, action: str, comment: str | None) -> bool:
    """Take what follows a step: the rest of its branch, and what is behind once no branch is open."""
    block = case.pinned.block_of(node)
    following = node + 1
    if block is not None:
        branch = block.branch_of(node)
        rest = range(node + 1 if then_node is None else then_node, branch.stop)
        if then_node is None or then_node in branch:
            if _waits(case, rest):
                return False
            then_node = None
        if open_step(case.work.connection, case.run.id) is not None:
            return False
        following = block.nodes.stop
    if then_node is None:
        return _onward(case, following, action, comment)
    if case.pinned.block_of(then_node) is None:
        return _onward(case, then_node, action, comment)
    beside = points_beside(case, then_node)
    return go_to(case, then_node, action, comment, asks=False, beside=beside)


def _waits(case: Case, nodes: range) -> bool:
    """Take the steps of a branch, one after the other; say whether one waits for people."""
    return any(_take(case, node) for node in nodes)


def _resume(case: Case, point: Point) -> None:
    """Let a branch go on where it was left."""
    if not _take(case, point.node, asks=point.asks, then_node=point.then_node):
        following = point.node + 1 if point.then_node is None else point.then_node
        _waits(case, range(following, point.branch.stop))


def _take(
    case: Case,
    node: int,
    *,
    asks: bool = False,
    then_node: int | None = None,
) -> bool:
    """Take one step; say whether it waits for people."""
    step = case.pinned.steps[node]
    found = case.subject()
    if not found.holds(step.when):
        case.rows.add_step(case.run.id, node, "skipped")
        return False
    entry = (case.run.standing or {}).get(step.name, {})
    stands, added = frozenset(entry.get("people", ())), entry.get("added", ())
    opinions = entry.get("opinions", ())
    if entry.get("whole") and not stands & set(case.run.excluded):
        step_id = case.rows.add_step(case.run.id, node, "kept")
        for user in sorted(stands):
            case.add_decision("keep", None, found.version, step=step_id, user=user)
        return False
    asked = case.people().resolve(step, found.environment, case.run.excluded)
    asked = _taken_over(case, asked, entry.get("given", {}))
    passer = None if asks or added or opinions else _passer(case, node, asked)
    if passer is None:
        key = step_key(case.pinned, step)
        step_id = case.rows.add_step(
            case.run.id, node, "open", fallback=asked.fallback, then_node=then_node, key=key
        )
        _tell_failed(case, asked, step_id, found)
        start_clock(case, step.time, step_id)
        # Whose decision stands is not told that they are asked; who that is shows at the end.
        told = not (stands or added)
        if step.mode == "sequence":
            case.ask(step, step_id, asked.people[:1], found, told=told)
            case.ask(step, step_id, asked.people[1:], found, state="waiting")
        else:
            case.ask(step, step_id, asked.people, found, told=told)
        case.copy("start", step)
        _add_again(case, step, step_id, found, added)
        if not told and _carried(case, step, step_id, found, stands):
            return False
        _ask_opinions_again(case, step_id, found, opinions)
        return True
    step_id = case.rows.add_step(case.run.id, node, "passed", fallback=asked.fallback)
    _tell_failed(case, asked, step_id, found)
    case.add_decision("auto_approve", None, found.version, step=step_id, user=passer.id)
    case.copy("end", step)
    return False


def _tell_failed(case: Case, asked: Asked, step_id: str, found: Subject) -> None:
    """Say on the timeline which formulas found nobody because they could not be worked out."""
    for formula in asked.failed:
        version = found.version
        case.add_decision("unresolved", formula, version, step=step_id, user=SYSTEM_USER_ID)


def _taken_over(case: Case, asked: Asked, given: Mapping[str, str]) -> Asked:
    """Return who is asked, with those who took tasks of the step over in the place of who gave them away."""
    people: dict[str, Person] = {}
    for person in asked.people:
        to = given.get(person.id)
        if (
            to is not None
            and to not in case.run.excluded
            and may_act_with(case.work.connection, to, person.id)
        ):
            people.setdefault(to, Person(to, "", None, person.veto))
        else:
            people.setdefault(person.id, person)
    return replace(asked, people=tuple(people.values()))


def _add_again(
    case: Case, step: Step, step_id: str, found: Subject, added: Sequence[Added]
) -> None:
    """Ask those too whom approvers had added to a step before it was interrupted.

    Not who has left since, or is asked anyway. Where who added them is not asked any more, they decide
    beside the others.
    """
    connection = case.work.connection
    for one in added:
        tasks = {task.user: task for task in tasks_of_step(connection, step_id)}
        user, by = one["user"], one["by"]
        if user in tasks or user in case.run.excluded or not may_act_with(connection, user, by):
            continue
        asker, place = tasks.get(one["to"]), one["place"]
        if asker is None and place == "before":
            place = "beside"
        more: dict[str, Any] = {
            "added_by": by,
            "added_to": asker.id if asker else None,
            "place": place,
        }
        state = "waiting" if place == "after" else "open"
        person = Person(user, "", None)
        case.ask(step, step_id, (person,), found, state=state, told=False, **more)
        if asker is not None and place == "before":
            case.rows.pause_tasks((asker.id,))


def _ask_opinions_again(
    case: Case, step_id: str, found: Subject, opinions: Sequence[Mapping[str, Any]]
) -> None:
    """Ask for the opinions again that were waited for in a step when it was interrupted.

    Not those of who has left since, or has to decide by now.
    """
    connection = case.work.connection
    tasks = {task.user: task for task in tasks_of_step(connection, step_id)}
    for one in opinions:
        user, by, question = one["user"], one["by"], one["question"]
        if user in tasks or user in case.run.excluded or not may_act_with(connection, user, by):
            continue
        asker = tasks.get(one["to"])
        said = {"step": step_id, "user": by, "given_to": user}
        case.add_decision("ask_opinion", question, found.version, task=asker, **said)
        to = None if asker is None else asker.id
        case.ask_opinion(step_id, Person(user, "", None), question, found, by=by, to=to)


def _carried(case: Case, step: Step, step_id: str, found: Subject, people: frozenset[str]) -> bool:
    """Let stand what people approved of a step before it was interrupted; say whether that decides it.

    Where it does not, those who are left to decide are told.
    """
    connection = case.work.connection
    for task in tasks_of_step(connection, step_id):
        if task.user in people and case.rows.approve_task(task.id):
            case.add_decision("keep", None, found.version, task=task, user=task.user)
    if people and result_of(step, tasks_of_step(connection, step_id)) == "approved":
        case.rows.end_step(step_id, "approved")
        case.copy("end", step)
        return True
    asked = {task.id for task in open_tasks_of_step(connection, step_id)}
    if people:
        # Those whose turn comes by that are told of it.
        let_wait(case, step_by_id(connection, step_id))
    left = (task for task in open_tasks_of_step(connection, step_id) if task.id in asked)
    case.tell(step, {task.user: task.id for task in left}, found)
    return False


def _passer(case: Case, node: int, asked: Asked) -> Person | None:
    """Return who has just approved and would be asked again; never where all or edits count."""
    step = case.pinned.steps[node]
    if step.asks_each or step.editable:
        return None
    before = approvers_before(case, node)
    return next((person for person in asked.people if person.id in before), None)


def end(
    case: Case,
    ending: Ending,
    action: str,
    comment: str | None,
    *,
    run_state: str | None = None,
    changed: Sequence[Changed] = (),
) -> None:
    """Lead the record where the outcome says and end the run, in `run_state` where that is another.

    A rejection first takes back what approvers changed in the fields that their steps opened; `changed`
    is what it changed itself. An outcome that says so takes back everything since the record last left the
    state where it leads; raise RefusedError where that cannot be any more.
    """
    undone = _undo_edits(case, changed) if ending == "rejected" else frozenset[str]()
    found = case.subject()
    outcome = case.pinned.outcomes.get(ending)
    if outcome is None:
        raise ConflictError(messages.DEFINITION_GONE.at(name=f"on.{ending}"))
    target = _target(case, found, ending)
    if outcome.undo:
        undone |= take_changes_back(case, target)
        found = case.subject()
    values = found.assigned(outcome.assignments)
    run_state = run_state or ending
    if not case.rows.end_run(case.run.id, run_state):
        raise ConflictError(messages.RUN_ENDED.at(state=messages.STATE_TEXTS["cancelled"]))
    case.store.apply_system(
        case.context,
        case.work,
        case.model.name,
        case.run.record_id,
        {found.state_field: target, **values},
        action=action,
        comment=comment,
        outcome=ending,
    )
    if ending in SENT_BACK:
        held = left_with(case.context, case.work, case.subject())
        case.rows.keep(case.run.id, {**held, UNDONE: sorted(undone)})
    tell_end(case, run_state)
    if ending in COPIED:
        case.copy("end")


def _undo_edits(case: Case, changed: Sequence[Changed]) -> frozenset[str]:
    """Give the fields that steps open the values that were submitted.

    Return what is not as those knew it who approved before: fields by id and relations by name. They have
    not seen what was `changed` with the rejection. Files stay as they are. Where the values can no longer
    be, because of rules or of records that are gone, the record is rejected as it is: a rejection must
    not fail for them.
    """
    dialect = case.context.database.dialect
    now = snapshot(case.model, case.subject().row, dialect)
    opened = {field_id for step in case.pinned.steps for field_id in step.editable}
    submitted = case.run.snapshot
    values = {
        field.name: submitted[field.id]
        for field in case.model.fields.values()
        if field.id in opened
        and field.storage.kind not in HOLDS_FILES
        and field.id in submitted
        and submitted[field.id] != now.get(field.id)
    }
    system = replace(case.context, principal=SYSTEM_PRINCIPAL)
    model, record_id, names = case.model.name, case.run.record_id, frozenset(values)
    if values:
        with suppress(RefusedError):
            case.store.update_granted(
                system, case.work, model, record_id, values, names, action="undone"
            )
    after = snapshot(case.model, case.subject().row, dialect)
    known = now | {one.key[0]: one.before for one in changed if one.row is None}
    return frozenset(
        {key for key, value in after.items() if known.get(key) != value}
        | {one.key[0] for one in changed if one.row is not None}
    )


def _target(case: Case, found: Subject, ending: Branch) -> str:
    outcome = case.pinned.outcomes[ending]
    label = case.pinned.transition_label
    hold_what_is_asked(found, (outcome.when,))
    try:
        target = move(
            case.pinned.plan,
            found.state,
            case.pinned.transition,
            ending,
            lambda: found.holds(outcome.when),
        )
    except NoWayError as error:
        raise ConflictError(found.wrong_state(label)) from error
    except GuardError as error:
        raise RefusedError(found.guarded(label, outcome.when)) from error
    if target not in found.workflow.states:
        raise ConflictError(messages.DEFINITION_GONE.at(name=target))
    return target


def tell_end(case: Case, ending: str) -> None:
    """Tell the submitter how the run ended, unless they ended it."""
    actor = case.context.principal
    if case.run.submitter == actor.user_id:
        return
    problem = messages.ENDED.at(
        title=case.run.title, state=messages.STATE_TEXTS[ending], name=actor.name
    )
    case.notify((case.run.submitter,), "approval.ended", problem)

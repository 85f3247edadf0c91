"""Bulk changes as jobs: one act on all records that a query finds, block by block, and its undoing.

Like an import, a change is followed, cancelled and taken up again behind what it has done for good.
Each block runs with the rights that who asked has then; a record is done once, because what became
of it is kept in the transaction that did it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Protocol, cast

import sqlalchemy as sa

from headrace.platform.access.policy import can
from headrace.platform.core.errors import (
    NOT_FOUND,
    ConflictError,
    ForbiddenError,
    NotFoundError,
    PlatformError,
    RefusedError,
    UnauthenticatedError,
)
from headrace.platform.core.ids import IdSource, is_record_id
from headrace.platform.core.problems import Message, Problem, Text
from headrace.platform.database.engine import Database
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.exchange.batches import in_both_languages
from headrace.platform.exchange.bulk_changes import (
    BulkChange,
    BulkCounts,
    BulkOutcome,
    BulkRecord,
    add_change,
    advance_change,
    all_records,
    changes_of,
    end_change,
    forget_outcomes,
    keep_chosen,
    keep_outcomes,
    read_change,
    records_of_change,
    update_change,
)
from headrace.platform.exchange.bulk_previews import FIRST, effects, seen_now
from headrace.platform.exchange.bulk_requests import BulkRequest
from headrace.platform.exchange.bulk_undoing import (
    NOTHING_BEFORE,
    Before,
    Undoing,
    check_relations,
    values_before,
)
from headrace.platform.exchange.importing import UNFOLLOWED, Doors, Following
from headrace.platform.jobs.long_jobs import Course
from headrace.platform.jobs.outbox import Job, Outbox
from headrace.platform.records import reader
from headrace.platform.records.bulk import Item, Outcome, write_many
from headrace.platform.records.context import Context
from headrace.platform.records.query import Query, parse_query
from headrace.platform.records.store import RecordStore

BULK_CHANGE: Final = "bulk"
"""The kind of these jobs."""
BLOCK: Final = 200
"""Records that are changed together."""
MOST_AT_ONCE: Final = 10_000
"""Records of a change that is all or nothing, and so keeps other writers waiting."""
PAGE: Final = 1000

UNDER_WAY: Final = Message(
    "bulk.under_way",
    "This bulk change is under way, or over.",
    "该批量操作正在进行或已结束。",
    "Look at its state; ask for it anew to do it again.",
    "请查看其状态；如需再次执行，请重新发起。",
)
TOO_MANY: Final = Message(
    "bulk.too_many_found",
    "More than {limit} records fit.",
    "符合条件的记录超过 {limit} 条。",
    "Narrow the filter.",
    "请缩小筛选范围。",
)
TOO_MANY_AT_ONCE: Final = Message(
    "bulk.too_many_at_once",
    "At most {limit} records can be changed all or none; {count} fit.",
    "“全部成功或全部不改”方式最多 {limit} 条记录，符合条件的有 {count} 条。",
    "Change those that can be changed (partial), or narrow the filter.",
    "请改用“仅处理可以处理的记录”，或缩小筛选范围。",
)
NOTHING_FOUND: Final = Message(
    "bulk.nothing_found",
    "No record fits.",
    "没有符合条件的记录。",
    "Look at the filter.",
    "请检查筛选条件。",
)
VIEW_GONE: Final = Message(
    "bulk.view_gone",
    "The list “{name}” is no longer there.",
    "列表“{name}”已不存在。",
    "Open the list again and choose the records there.",
    "请重新打开列表并选择记录。",
)
NOT_UNDONE: Final = Message(
    "bulk.cannot_be_undone",
    "This bulk change cannot be undone: only one that has set values or deleted, within 30 days.",
    "该批量操作无法撤销：只有修改过字段值或删除过记录、且未超过 30 天的批量操作可以撤销。",
    "Change the records again, or lead each back on its history page.",
    "请再次修改这些记录，或在各记录的历史页面中恢复。",
)
CHANGING: Final = Text("Changing", "正在处理")
CHECKING: Final = Text("Checking", "正在检查")


class Fire(Protocol):
    """How transitions are taken: by the workflow engine, of which nothing more is known here."""

    def __call__(
        self,
        context: Context,
        work: UnitOfWork,
        object_name: str,
        transition: str,
        records: Sequence[Any],
        *,
        partial: bool,
    ) -> list[Item]:
        """Take a transition of records, each by itself."""
        ...


class Pressing(Protocol):
    """How buttons are pressed: by automations, of which nothing more is known here."""

    def check(self, context: Context, object_name: str, name: str, inputs: Any) -> None:
        """Raise where the caller cannot press a button for several records."""
        ...

    def sets(self, context: Context, object_name: str, name: str) -> tuple[str, ...]:
        """Return the fields that a button sets, where that is all it does."""
        ...

    def leaves_runs(self, context: Context, object_name: str, name: str) -> bool:
        """Say whether what a button does otherwise can be taken back by its runs."""
        ...

    def take_back(
        self, context: Context, work: UnitOfWork, run_id: str
    ) -> tuple[bool, Sequence[Problem]]:
        """Take back what a press did; say whether anything was, and why what is left has to stay."""
        ...

    def press_many(
        self,
        context: Context,
        work: UnitOfWork,
        object_name: str,
        name: str,
        records: Sequence[Any],
        *,
        inputs: Any,
        partial: bool,
    ) -> list[Item]:
        """Press a button at records, each by itself."""
        ...


class _UndoneError(Exception):
    """Takes back what was only tried."""


class _OvertakenError(Exception):
    """Another worker took the change over; what this one tried last is taken back."""


@dataclass(frozen=True, slots=True)
class BulkChanges:
    """Keeps what was asked, asks for its job and carries it out."""

    database: Database
    store: RecordStore
    fire: Fire
    pressing: Pressing
    outbox: Outbox
    ids: IdSource
    most_records: int = 100_000

    # -- asking -------------------------------------------------------------------------------

    def ask(self, context: Context, work: UnitOfWork, request: BulkRequest) -> tuple[str, str]:
        """Ask for a change of all that a query finds; return the ids of the change and of its job.

        Raise RefusedError or NotFoundError where the caller may not ask the query at all.
        """
        query_of(context, request)
        request = self.checked(context, request)
        model = context.catalog.objects[request.object]
        change_id = self.ids.record_id()
        add_change(work, change_id, model.id, request, context.principal.user_id)
        return change_id, self._put(work, change_id, context.principal.user_id)

    def checked(self, context: Context, request: BulkRequest) -> BulkRequest:
        """Return a request with how what its button does can be taken back, where it presses one.

        Raise where the caller cannot press it for several records.
        """
        if request.act != "button":
            return request
        about = (context, request.object, str(request.button))
        self.pressing.check(*about, request.values)
        sets = self.pressing.sets(*about)
        by_run = not sets and self.pressing.leaves_runs(*about)
        return replace(request, sets=sets, by_run=by_run)

    def carry_out(self, context: Context, work: UnitOfWork, change_id: str) -> str:
        """Ask for what was checked to be done, with the records as they were chosen then.

        Return the id of the job; raise NotFoundError for somebody else's, ConflictError where it is
        not checked.
        """
        change = self.mine(context, work.connection, change_id)
        if change.state != "checked":
            raise ConflictError(UNDER_WAY.at())
        forget_outcomes(work, change_id)
        update_change(
            work,
            change_id,
            request=replace(change.request, dry_run=False).render(),
            state="waiting",
            done=0,
            counts=BulkCounts(change.counts.records).render(),
            problems=[],
        )
        return self._put(work, change_id, change.by_user)

    def ask_to_undo(
        self,
        context: Context,
        work: UnitOfWork,
        change_id: str,
        *,
        dry_run: bool = False,
        partial: bool = True,
    ) -> tuple[str, str]:
        """Ask for records to be led back to what they were before a change of the caller.

        Return the ids of the new change and of its job. Records that were changed since are refused
        each by itself. Raise ConflictError where there is nothing to undo.
        """
        change = self.mine(context, work.connection, change_id)
        if not change.can_be_undone:
            raise ConflictError(NOT_UNDONE.at())
        check_relations(context, change.request)
        request = BulkRequest(
            change.request.object,
            "undo",
            undoes=change_id,
            by_run=change.request.by_run,
            dry_run=dry_run,
            partial=partial,
        )
        undo_id = self.ids.record_id()
        add_change(work, undo_id, change.object_id, request, change.by_user)
        return undo_id, self._put(work, undo_id, change.by_user)

    def keep_done(
        self,
        context: Context,
        work: UnitOfWork,
        request: BulkRequest,
        records: Sequence[tuple[str, int]],
        items: Sequence[Item],
        before: Before,
    ) -> str:
        """Keep a change that was made here and now, so that it can be undone; return its id.

        `before` are the `values_before` it.
        """
        outcomes = [
            BulkOutcome.of(record_id, item, before.get(record_id))
            for (record_id, _), item in zip(records, items, strict=True)
        ]
        counts = BulkCounts(len(records)).plus(outcomes)
        model = context.catalog.objects[request.object]
        change_id = self.ids.record_id()
        add_change(
            work,
            change_id,
            model.id,
            request,
            context.principal.user_id,
            state="done",
            counts=counts,
            finished=work.now,
        )
        keep_chosen(work, change_id, records)
        keep_outcomes(work, change_id, outcomes)
        return change_id

    def mine(self, context: Context, connection: sa.Connection, change_id: str) -> BulkChange:
        """Return a change of the caller by the present name of its object, else raise NotFoundError."""
        change = read_change(connection, change_id) if is_record_id(change_id) else None
        if change is None or change.by_user != context.principal.user_id:
            raise NotFoundError(NOT_FOUND.at())
        models = context.catalog.objects.values()
        name = next((one.name for one in models if one.id == change.object_id), None)
        if name is None:
            raise NotFoundError(NOT_FOUND.at())
        return replace(change, request=replace(change.request, object=name))

    def past(
        self,
        context: Context,
        connection: sa.Connection,
        *,
        object_name: str | None = None,
        before: str | None = None,
        limit: int,
    ) -> list[BulkChange]:
        """Return changes of the caller, the latest first, of objects that they may read (still)."""
        names = {
            one.id: one.name
            for one in context.catalog.objects.values()
            if object_name in {None, one.name}
            and can(context.catalog, context.principal, one.name, "read")
        }
        found = changes_of(connection, context.principal.user_id, names, before=before, limit=limit)
        return [
            replace(one, request=replace(one.request, object=names[one.object_id])) for one in found
        ]

    def _put(self, work: UnitOfWork, change_id: str, by_user: str | None) -> str:
        job = self.outbox.put(
            work, BULK_CHANGE, {"bulk": change_id}, key=f"bulk:{change_id}", by_user=by_user
        )
        if job is None:
            raise ConflictError(UNDER_WAY.at())
        update_change(work, change_id, job=job)
        return job

    # -- the job ------------------------------------------------------------------------------

    def run(self, job: Job, course: Course, doors: Doors) -> None:
        """Carry out a job; an interrupted one goes on behind what it has done for good."""
        with self.database.reading() as reading:
            change = read_change(reading.connection, str(job.payload["bulk"]))
        if change is None or not change.is_under_way:
            with self.database.writing(None) as work:
                course.close(work, "cancelled")
            return
        self.go(doors, change, self._following(course, change))

    def go(self, doors: Doors, change: BulkChange, following: Following = UNFOLLOWED) -> None:
        """Carry out a kept change to its end; what makes it impossible is kept, never raised."""
        run = _Run(self, doors, change, following, change.counts)
        try:
            run.go()
        except (
            RefusedError,
            ForbiddenError,
            NotFoundError,
            ConflictError,
            UnauthenticatedError,
        ) as error:
            run.refuse(error)
        except _OvertakenError:
            return

    def _following(self, course: Course, change: BulkChange) -> Following:
        def report(done: int, total: int, text: Text) -> None:
            if not change.request.partial and self.database.capabilities.one_writer:
                return  # the change itself holds the only place to write
            course.report({"text": text.as_dict(), "rows": done, "total": total})

        def ended(work: UnitOfWork, state: str, result: Mapping[str, Any]) -> None:
            states = {"checked": "done"}
            course.close(work, states.get(state, state), result)

        return Following(report, course.cancelled, ended)


def query_of(context: Context, request: BulkRequest) -> Query:
    """Return the query that finds the records; raise where the caller may not ask it."""
    reader.readable_object(context, request.object)
    where = []
    if request.view is not None:
        view = context.catalog.views.get(request.view)
        if view is None or view.definition.object != request.object:
            raise RefusedError(VIEW_GONE.at("/view", name=request.view))
        where = [] if view.where is None else [view.where]
    data = {**request.query, "fields": "id,version"}
    return replace(parse_query(context, request.object, data, where), limit=PAGE)


@dataclass(slots=True)
class _Run:
    """One run of one bulk change."""

    changes: BulkChanges
    doors: Doors
    change: BulkChange
    following: Following
    counts: BulkCounts
    done: int = field(init=False)

    def __post_init__(self) -> None:
        self.done = self.change.done

    @property
    def request(self) -> BulkRequest:
        """What was asked."""
        return self.change.request

    def go(self) -> None:
        """Run to the end."""
        if self.change.state == "waiting":
            self._begin()
        if self.counts.records == 0:
            raise RefusedError(NOTHING_FOUND.at())
        if self.request.partial:
            self._partly()
            return
        if self.counts.records > MOST_AT_ONCE:
            problem = TOO_MANY_AT_ONCE.at(limit=MOST_AT_ONCE, count=self.counts.records)
            raise RefusedError(problem)
        self._at_once()

    def refuse(self, error: PlatformError) -> None:
        """End the change by what makes it impossible."""
        self._finish("refused", error.problems)

    # -- which records -------------------------------------------------------------------------

    def _begin(self) -> None:
        """Keep which records are meant, unless a dry run did: in one transaction, or not at all."""
        chosen = None
        if self.counts.records == 0:
            undone = self.request.undoes
            chosen = self._found() if undone is None else self._changed_by(undone)
            self.counts = BulkCounts(len(chosen))

        def begin(_: Context, work: UnitOfWork) -> None:
            if chosen is not None:
                keep_chosen(work, self.change.id, chosen)
            counts = self.counts.render()
            update_change(work, self.change.id, state="running", counts=counts)

        self.doors.write_as(None, begin)

    def _found(self) -> list[tuple[str, int]]:
        most = self.changes.most_records

        def find(context: Context) -> list[tuple[str, int]]:
            query = query_of(context, self.request)
            chosen: list[tuple[str, int]] = []
            with context.database.snapshot() as reading:
                while True:
                    page = reader.find_in(context, reading, self.request.object, query)
                    chosen += [(one["id"], one["version"]) for one in page.items]
                    if len(chosen) > most:
                        raise RefusedError(TOO_MANY.at(limit=most))
                    if page.next is None:
                        return chosen
                    query = replace(query, cursor=page.next)

        return self.doors.read_as(self.change.by_user, find)

    def _changed_by(self, change_id: str) -> list[tuple[str, int]]:
        """Return the records that a change has changed, at the versions that it left, the last first.

        What was deleted after what refers to it must be back before it.
        """
        with self.changes.database.reading() as reading:
            changed = [
                (one.id, one.new_version)
                for page in all_records(reading.connection, change_id, PAGE)
                for one in page
                if one.status in {"updated", "deleted", "undeleted"} and one.new_version is not None
            ]
        return changed[::-1]

    # -- what can be done ----------------------------------------------------------------------

    def _partly(self) -> None:
        """Go block by block, each in a transaction with how far the change is."""
        while self.done < self.counts.records:
            if self.following.cancelled():
                self._finish("cancelled")
                return
            self._block()
            self._tell(self.done)
        self._finish("checked" if self.request.dry_run else "done")

    def _block(self) -> None:
        before = self.done

        def action(context: Context, work: UnitOfWork) -> tuple[int, BulkCounts]:
            records = records_of_change(
                work.connection, self.change.id, after=before - 1, limit=BLOCK
            )
            after = before + len(records)
            # First of all: whoever comes second waits here, and finds that it is no longer due.
            if not records or not advance_change(work, self.change.id, after, before):
                raise _OvertakenError
            if self.request.dry_run:
                with work.rehearsal():
                    outcomes = self._act(context, work, records)
            else:
                outcomes = self._act(context, work, records)
            keep_outcomes(work, self.change.id, outcomes)
            counts = self.counts.plus(outcomes)
            update_change(work, self.change.id, counts=counts.render())
            return after, counts

        self.done, self.counts = self.doors.write_as(self.change.by_user, action)

    # -- all or none ---------------------------------------------------------------------------

    def _at_once(self) -> None:
        """Change all in one transaction; take it back where one was refused or it was only tried."""
        tried: list[BulkOutcome] = []
        total = BulkCounts(self.counts.records)

        def action(context: Context, work: UnitOfWork) -> None:
            tried.clear()
            for records in all_records(work.connection, self.change.id, BLOCK):
                tried.extend(self._act(context, work, records))
                self._tell(len(tried))
            self.counts = total.plus(tried)
            if self.counts.refused or self.request.dry_run:
                raise _UndoneError
            keep_outcomes(work, self.change.id, tried)
            self._end(work, "done", ())

        try:
            self.doors.write_as(self.change.by_user, action)
        except _UndoneError:
            if not self.request.dry_run:
                tried = [one for one in tried if one.status == "refused"]
                self.counts = total.plus(tried)
            self._finish("checked" if self.request.dry_run else "refused", outcomes=tried)

    # -- a block of records --------------------------------------------------------------------

    def _act(
        self, context: Context, work: UnitOfWork, records: Sequence[BulkRecord]
    ) -> list[BulkOutcome]:
        """Do it to some records; of the first ones a dry run looks what would become of them."""
        first = [one.id for one in records if one.number < FIRST]
        if not self.request.dry_run or not first or self.request.act == "delete":
            return self._done_to(context, work, records)[0]
        name = self.request.object
        before = seen_now(context, work, name, first)
        outcomes, items = self._done_to(context, work, records)
        after = seen_now(context, work, name, first)
        shown = effects(context, name, before, after, items)
        return [
            replace(one, shown=shown[one.record_id].as_json()) if one.record_id in shown else one
            for one in outcomes
        ]

    def _done_to(
        self, context: Context, work: UnitOfWork, records: Sequence[BulkRecord]
    ) -> tuple[list[BulkOutcome], Sequence[Item]]:
        name, store = self.request.object, self.changes.store
        sent: list[dict[str, Any]] = [{"id": one.id, "version": one.version} for one in records]
        match self.request.act:
            case "undo":
                back = self.changes.pressing.take_back
                undoing = Undoing(context, work, store, name, str(self.request.undoes), back)
                undone = undoing.undo(records)
                return undone, [_as_item(one) for one in undone]
            case "delete":
                items = write_many(store, context, work, name, "delete", sent, partial=True)
            case "update":
                before = values_before(context, work, self.request, [one.id for one in records])
                sent = [{**self.request.values, **one} for one in sent]
                items = write_many(store, context, work, name, "update", sent, partial=True)
                return outcomes_of(records, items, before), items
            case "button":
                button, inputs = str(self.request.button), self.request.values
                before = values_before(context, work, self.request, [one.id for one in records])
                items = self.changes.pressing.press_many(
                    context, work, name, button, sent, inputs=inputs, partial=True
                )
                return outcomes_of(records, items, before), items
            case _:
                sent = [{**one, "comment": self.request.comment} for one in sent]
                transition = str(self.request.transition)
                items = self.changes.fire(context, work, name, transition, sent, partial=True)
        return outcomes_of(records, items), items

    # -- telling -------------------------------------------------------------------------------

    def _tell(self, done: int) -> None:
        text = CHECKING if self.request.dry_run else CHANGING
        self.following.report(done, self.counts.records, text)

    def _finish(
        self,
        state: str,
        problems: Sequence[Problem] = (),
        outcomes: Sequence[BulkOutcome] = (),
    ) -> None:
        def end(_: Context, work: UnitOfWork) -> None:
            keep_outcomes(work, self.change.id, outcomes)
            self._end(work, state, problems)

        self.doors.write_as(None, end)

    def _end(self, work: UnitOfWork, state: str, problems: Sequence[Problem]) -> None:
        end_change(work, self.change.id, state, self.counts, problems)
        result: dict[str, Any] = {"bulk": self.change.id, **self.counts.render()}
        if problems:
            result["problems"] = [in_both_languages(one) for one in problems]
        self.following.ended(work, state, result)


def _as_item(outcome: BulkOutcome) -> Item:
    """Return what became of a record that was led back, as the store would tell it."""
    status = cast("Outcome", outcome.status)
    return Item(0, status, outcome.record_id, outcome.version)


def outcomes_of(
    records: Sequence[BulkRecord], items: Sequence[Item], before: Before = NOTHING_BEFORE
) -> list[BulkOutcome]:
    """Return what the store tells of records, with the values of before that only it keeps."""
    return [
        BulkOutcome.of(one.id, item, before.get(one.id))
        for one, item in zip(records, items, strict=True)
    ]

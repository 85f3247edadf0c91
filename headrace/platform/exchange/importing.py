"""The import of a file: opened, laid out, gathered, written block by block or all at once."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Protocol, TypeVar

from headrace.platform.core.errors import (
    ConflictError,
    ForbiddenError,
    NotFoundError,
    PlatformError,
    RefusedError,
    UnauthenticatedError,
)
from headrace.platform.core.problems import Message, Problem, Text
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.exchange.batches import (
    BadRow,
    Counts,
    ImportBatch,
    advance_batch,
    change_batch,
    end_batch,
    forget_findings,
    in_both_languages,
    keep_findings,
    keep_written,
    next_finding,
)
from headrace.platform.exchange.groups import (
    PARENT_MISSING,
    ChildRow,
    Gatherer,
    Group,
    RowError,
    child_groups,
)
from headrace.platform.exchange.mapping import (
    HEADER_ROWS,
    NO_KEY,
    Column,
    Layout,
    Targets,
    find_header,
    lay_out,
    match_key,
    normal,
)
from headrace.platform.exchange.opening import open_file
from headrace.platform.exchange.requests import ImportRequest
from headrace.platform.exchange.sheets import SheetRow, Sheets
from headrace.platform.exchange.writing import BlockWriter, Plan, Written
from headrace.platform.metadata.catalog import ObjectModel
from headrace.platform.metadata.field_types.cells import EMPTY
from headrace.platform.records.context import Context
from headrace.platform.records.migration import require_migrator
from headrace.platform.records.store import RecordStore

T = TypeVar("T")
BLOCK: Final = 200
"""Records that are written together."""
MOST_AT_ONCE: Final = 10_000
"""Records of an import that is all or nothing, and so keeps other writers waiting."""
SHOWN_ROWS: Final = 5

TOO_MANY_ROWS: Final = Message(
    "import.too_many_rows",
    "The file has more than {limit} rows.",
    "文件超过 {limit} 行。",
    "Split it into several files.",
    "请拆分为多个文件。",
)
TOO_MANY_AT_ONCE: Final = Message(
    "import.too_many_at_once",
    "At most {limit} records can be imported all or none; the file has more.",
    "“全部成功或全部不导入”方式最多 {limit} 条记录，文件超出了此限制。",
    "Import what is right (partial), or split the file.",
    "请改用“仅导入正确的行”，或拆分文件。",
)
UNKNOWN_SHEET: Final = Message(
    "import.unknown_sheet",
    "The workbook has no visible sheet “{name}”.",
    "工作簿中没有可见的工作表“{name}”。",
    "Sheets: {known}.",
    "工作表：{known}。",
)
NO_ROWS: Final = Message(
    "import.no_rows",
    "Below the names of the columns there are no rows.",
    "表头下没有数据行。",
    "Fill in the rows.",
    "请填写数据。",
)
WRITING: Final = Text("Importing", "正在导入")
CHECKING: Final = Text("Checking", "正在检查")


class Doors(Protocol):
    """How an import gets its transactions: in the name of a user, or of the platform itself."""

    def read_as(self, user_id: str | None, action: Callable[[Context], T]) -> T:
        """Run a reading use case with the rights of a user."""
        ...

    def write_as(self, user_id: str | None, action: Callable[[Context, UnitOfWork], T]) -> T:
        """Run a writing use case with the rights of a user, in one unit of work."""
        ...


def _nobody(_: int, __: int, ___: Text) -> None:
    """Tell nobody how far an import is."""


@dataclass(frozen=True, slots=True)
class Following:
    """Who follows an import: told rows done and rows in all, asked whether it shall end, told the end."""

    report: Callable[[int, int, Text], None] = _nobody
    cancelled: Callable[[], bool] = lambda: False
    ended: Callable[[UnitOfWork, str, Mapping[str, Any]], None] = lambda _work, _state, _result: (
        None
    )


UNFOLLOWED: Final = Following()


@dataclass(slots=True)
class _Children:
    """The child rows of other sheets by relation and key; `orphans` belong to no record."""

    rows: dict[str, Mapping[str, list[ChildRow]]] = field(default_factory=dict)
    orphans: list[ChildRow] = field(default_factory=list)
    headers: dict[str, Sequence[str]] = field(default_factory=dict)

    @property
    def errors(self) -> list[RowError]:
        """What is wrong with the orphans."""
        return [error for one in self.orphans for error in one.errors]

    @property
    def bad(self) -> list[BadRow]:
        """The orphans as they were given."""
        return [(one.sheet, one.row) for one in self.orphans]


@dataclass(frozen=True, slots=True)
class Prepared:
    """A file laid out for one catalog and one caller."""

    version: int
    plan: Plan
    layout: Layout
    sheet: str
    gatherer: Gatherer
    children: _Children

    def groups(self, sheets: Sheets) -> Iterator[Group]:
        """Yield the records of the file, with the child rows of other sheets."""
        for group in self.gatherer.groups(sheets.rows(self.sheet)):
            for relation, by_key in self.children.rows.items():
                for child in by_key.get(group.key, ()) if group.key else ():
                    group.add_child(relation, child)
            yield group


@dataclass(frozen=True, slots=True)
class Preview:
    """What a file looks like before it is imported: names, first rows, proposed fields."""

    sheets: tuple[str, ...]
    sheet: str
    headers: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    proposed: Mapping[str, str]
    targets: tuple[tuple[str, Text], ...]
    keys: tuple[tuple[str, Text], ...]
    problems: tuple[Problem, ...]


class _UndoneError(Exception):
    """Takes back what was only tried."""


class _OvertakenError(Exception):
    """Another worker took the import over; what this one tried last is taken back."""


class _ReplanError(Exception):
    """The catalog is newer than the one that the file was laid out for."""


@dataclass(frozen=True, slots=True)
class Importer:
    """Imports files; holds nothing of any of them."""

    store: RecordStore
    most_rows: int = 100_000

    # -- before -------------------------------------------------------------------------------

    def preview(self, context: Context, request: ImportRequest, data: bytes) -> Preview:
        """Return what a file holds and where its columns would go; raise where it cannot be read."""
        sheets = open_file(request.file_name, data)
        targets = Targets(context, request)
        sheet = _main_sheet(targets, sheets)
        top = _top(sheets, sheet)
        problems: tuple[Problem, ...] = ()
        proposed: dict[str, str] = {}
        try:
            layout = lay_out(targets, top)
            proposed = {one.header: one.path for one in layout.columns}
            header_row, headers = layout.header_row, layout.headers
        except RefusedError as error:
            problems = error.problems
            header = find_header(targets, top)
            header_row, headers = header.number, tuple(cell.text for cell in header.cells)
            for name in headers:
                found = [one for one in targets.by_header(name) if one.refused is None]
                if len(found) == 1:
                    proposed[name] = found[0].path
        shown = [row for row in top if row.number > header_row][:SHOWN_ROWS]
        rows = tuple(
            tuple(row.cell(place).shown() for place in range(len(headers))) for row in shown
        )
        offered = tuple((one.path, targets.label_of(one)) for one in targets.offered())
        names = targets.keys()
        keys = tuple((name, targets.model.fields[name].label) for name in names)
        return Preview(tuple(sheets.names), sheet, headers, rows, proposed, offered, keys, problems)

    def prepare(self, context: Context, request: ImportRequest, sheets: Sheets) -> Prepared:
        """Lay a file out; raise RefusedError with what is wrong with its columns or options."""
        if request.migrate:
            require_migrator(context)
        targets = Targets(context, request)
        sheet = _main_sheet(targets, sheets)
        top = _top(sheets, sheet)
        layout = lay_out(targets, top)
        key = match_key(targets, layout)
        zone = context.principal.zone if not context.principal.is_system else context.zone
        clearing = request.empty == "clear"
        gatherer = Gatherer(context.catalog, layout, key, zone, clearing=clearing)
        headers = {(one.relation, one.field.name): one.header for one in layout.columns}
        plan = Plan(request, targets.model, key, headers)
        children = _child_sheets(context, targets, sheets, sheet, plan)
        return Prepared(context.catalog.version, plan, layout, sheet, gatherer, children)

    # -- the import ---------------------------------------------------------------------------

    def run(
        self, doors: Doors, batch: ImportBatch, data: bytes, following: Following = UNFOLLOWED
    ) -> Counts:
        """Import a kept file to its end, whatever that is, and return what became of its records.

        What is wrong with the file or its rows is kept with the batch, never raised.
        """
        run = _Run(self, doors, batch, following)
        try:
            return run.go(open_file(batch.request.file_name, data))
        except (RefusedError, ForbiddenError, NotFoundError, ConflictError) as error:
            return run.refuse(error)
        except UnauthenticatedError as error:
            return run.refuse(error)


@dataclass(slots=True)
class _Run:
    """One run of one import."""

    importer: Importer
    doors: Doors
    batch: ImportBatch
    following: Following
    counts: Counts = field(default_factory=Counts)
    findings: int = 0
    total: int = 0

    @property
    def request(self) -> ImportRequest:
        """The options."""
        return self.batch.request

    def go(self, sheets: Sheets) -> Counts:
        """Run to the end."""
        prepared = self._prepared(sheets)
        self._count(prepared, sheets)
        if self.request.partial and not self.request.dry_run:
            return self._partly(prepared, sheets)
        if self.total > MOST_AT_ONCE and not self.request.dry_run:
            raise RefusedError(TOO_MANY_AT_ONCE.at(limit=MOST_AT_ONCE))
        return self._at_once(sheets)

    def refuse(self, error: PlatformError) -> Counts:
        """End the import by what makes it impossible."""

        def end(_: Context, work: UnitOfWork) -> None:
            self._end(work, "refused", error.problems)

        self.doors.write_as(None, end)
        return self.counts

    def _prepared(self, sheets: Sheets) -> Prepared:
        def prepare(context: Context) -> Prepared:
            return self.importer.prepare(context, self.request, sheets)

        prepared = self.doors.read_as(self.batch.by_user, prepare)

        def begin(_: Context, work: UnitOfWork) -> int:
            if self.batch.done_row == 0:
                forget_findings(work, self.batch.id)
            headers = {"": prepared.layout.headers, **prepared.children.headers}
            change_batch(work, self.batch.id, state="running", headers=headers)
            return next_finding(work.connection, self.batch.id)

        self.findings = self.doors.write_as(None, begin)
        return prepared

    def _count(self, prepared: Prepared, sheets: Sheets) -> None:
        """Count the rows before anything is written, so that a damaged end is met first."""
        most = self.importer.most_rows
        for row in sheets.rows(prepared.sheet):
            if row.number > prepared.layout.header_row:
                self.total += 1
                if self.total > most:
                    raise RefusedError(TOO_MANY_ROWS.at(limit=most))
        if self.total == 0:
            raise RefusedError(NO_ROWS.at())

    # -- all or none ---------------------------------------------------------------------------

    def _at_once(self, sheets: Sheets) -> Counts:
        """Write all in one transaction; take it back where a row was refused or it was only tried.

        The file is read before: others wait only while its records are written.
        """
        staged = self._staged(sheets)
        tried: list[Written] = []
        found: list[RowError] = []
        bad: list[BadRow] = []

        def action(context: Context, work: UnitOfWork) -> None:
            tried.clear()
            # Writing leaves its marks in what was read: another attempt, or one by a newer version, reads anew.
            ready = staged.pop() if staged else None
            if ready is None or ready[0].version != context.catalog.version:
                prepared = self.importer.prepare(context, self.request, sheets)
                ready = prepared, _blocks(prepared.groups(sheets))
            prepared, blocks = ready
            found[:] = prepared.children.errors
            bad[:] = prepared.children.bad
            for block in blocks:
                written = BlockWriter(self.importer.store, context, work, prepared.plan).write(
                    block
                )
                keep_written(work, self.batch.id, self.batch.object_id, written)
                tried.extend(_slim(one) for one in written)
                self._tell(len(tried))
            found.extend(error for one in tried for error in one.errors)
            bad.extend(row for one in tried if one.errors for row in one.group.all_rows())
            told = [warning for one in tried for warning in one.group.warnings]
            self.counts = Counts().plus(tried)
            if found or self.request.dry_run:
                found.extend(told)
                raise _UndoneError
            keep_findings(work, self.batch.id, told, (), self.findings)
            self._end(work, "done", prepared.layout.warnings)

        try:
            self.doors.write_as(self.batch.by_user, action)
        except _UndoneError:
            self._end_tried(found, bad, sheets)
        return self.counts

    def _staged(self, sheets: Sheets) -> list[tuple[Prepared, Iterable[list[Group]]]]:
        """Return the records of the file, read and checked cell by cell; none where they are too many to keep."""
        if self.total > MOST_AT_ONCE:
            return []

        def read(context: Context) -> tuple[Prepared, Iterable[list[Group]]]:
            prepared = self.importer.prepare(context, self.request, sheets)
            return prepared, list(_blocks(prepared.groups(sheets)))

        return [self.doors.read_as(self.batch.by_user, read)]

    def _end_tried(self, found: Sequence[RowError], bad: Sequence[BadRow], sheets: Sheets) -> None:
        warnings = self.doors.read_as(
            self.batch.by_user,
            lambda context: self.importer.prepare(context, self.request, sheets).layout.warnings,
        )

        def end(_: Context, work: UnitOfWork) -> None:
            self.findings = keep_findings(work, self.batch.id, found, bad, self.findings)
            if not self.request.dry_run:
                self.counts = replace(self.counts, created=0, updated=0)
            self._end(work, "checked" if self.request.dry_run else "refused", warnings)

        self.doors.write_as(None, end)

    # -- what is right -------------------------------------------------------------------------

    def _partly(self, prepared: Prepared, sheets: Sheets) -> Counts:
        """Write block by block, each in a transaction with how far the import is."""
        self.counts = self.batch.counts if self.batch.done_row else Counts()
        done_row = self.batch.done_row
        orphans = _Children() if done_row else prepared.children
        while True:
            try:
                for block in _blocks(_behind(prepared, sheets, done_row)):
                    if self.following.cancelled():
                        return self._finish("cancelled", prepared)
                    self._block(prepared, block, orphans, done_row)
                    done_row, orphans = block[-1].last, _Children()
                    self._tell(self.counts.rows)
            except _ReplanError:
                prepared = self._again(sheets)
                continue
            except _OvertakenError:
                return self.counts
            return self._finish("done", prepared)

    def _again(self, sheets: Sheets) -> Prepared:
        return self.doors.read_as(
            self.batch.by_user,
            lambda context: self.importer.prepare(context, self.request, sheets),
        )

    def _block(
        self, prepared: Prepared, block: Sequence[Group], orphans: _Children, done_row: int
    ) -> None:
        def action(context: Context, work: UnitOfWork) -> tuple[Counts, int]:
            if context.catalog.version != prepared.version:
                raise _ReplanError
            written = BlockWriter(self.importer.store, context, work, prepared.plan).write(block)
            keep_written(work, self.batch.id, self.batch.object_id, written)
            refused = [one.group for one in written if one.errors]
            told = [warning for one in written for warning in one.group.warnings]
            errors = [*orphans.errors, *told]
            errors += [error for group in refused for error in group.errors]
            bad = [*orphans.bad, *(row for group in refused for row in group.all_rows())]
            findings = keep_findings(work, self.batch.id, errors, bad, self.findings)
            counts = self.counts.plus(written)
            if not advance_batch(work, self.batch.id, counts, block[-1].last, done_row):
                raise _OvertakenError
            return counts, findings

        self.counts, self.findings = self.doors.write_as(self.batch.by_user, action)

    def _finish(self, state: str, prepared: Prepared) -> Counts:
        def end(_: Context, work: UnitOfWork) -> None:
            self._end(work, state, prepared.layout.warnings)

        self.doors.write_as(None, end)
        return self.counts

    # -- telling -------------------------------------------------------------------------------

    def _tell(self, done: int) -> None:
        text = CHECKING if self.request.dry_run else WRITING
        self.following.report(done, self.total, text)

    def _end(self, work: UnitOfWork, state: str, problems: Sequence[Problem]) -> None:
        end_batch(work, self.batch.id, state, self.counts, problems)
        result: dict[str, Any] = {"import": self.batch.id, **self.counts.render()}
        if problems:
            result["problems"] = [in_both_languages(one) for one in problems]
        self.following.ended(work, state, result)


def _slim(one: Written) -> Written:
    """Return what is needed of a written group later on: its rows only where they were refused."""
    if not one.errors:
        one.group.values.clear()
        one.group.children.clear()
    return one


def _blocks(groups: Iterable[Group]) -> Iterator[list[Group]]:
    iterator = iter(groups)
    while block := list(itertools.islice(iterator, BLOCK)):
        yield block


def _behind(prepared: Prepared, sheets: Sheets, done_row: int) -> Iterator[Group]:
    """Yield the groups that are not written yet; keys of those before count as seen."""
    for group in prepared.groups(sheets):
        if group.last > done_row:
            yield group
        elif group.key:
            prepared.plan.keys_seen.setdefault(group.key, group.number)


# -- sheets --------------------------------------------------------------------------------------


def _main_sheet(targets: Targets, sheets: Sheets) -> str:
    names = list(sheets.names)
    wanted = targets.request.sheet
    if wanted is not None:
        if wanted not in names:
            raise RefusedError(
                UNKNOWN_SHEET.at("/sheet", name=wanted, known=", ".join(names) or "-")
            )
        return wanted
    return names[0]


def _top(sheets: Sheets, sheet: str) -> list[SheetRow]:
    top = list(itertools.islice(sheets.rows(sheet), HEADER_ROWS))
    if not top:
        raise RefusedError(NO_ROWS.at())
    return top


def _child_sheets(
    context: Context, targets: Targets, sheets: Sheets, main: str, plan: Plan
) -> _Children:
    """Return the child rows of other sheets."""
    children = _Children()
    for name in sheets.names:
        relation = None if name == main else _relation_of(context, targets.model, name)
        if relation is None:
            continue
        if plan.key is None:
            label = targets.model.label
            raise RefusedError(NO_KEY.at("/key", object=label, key="-", known="-"))
        layout, key = _child_layout(targets, relation, plan.key, _top(sheets, name))
        zone = context.principal.zone if not context.principal.is_system else context.zone
        gatherer = Gatherer(context.catalog, layout, key, zone, sheet=name)
        rows = child_groups(gatherer, sheets.rows(name), relation, layout.header_row)
        children.rows[relation] = rows
        children.headers[name] = [key.header if one == "" else one for one in layout.headers]
        keys = set(_keys_of_main(sheets, main, plan.key))
        for text, members in rows.items():
            for one in members if text not in keys else ():
                problem = PARENT_MISSING.at(key=text)
                one.errors.append(RowError(one.row.number, key.header, problem, name))
                children.orphans.append(one)
        own = {(one.relation, one.field.name): one.header for one in layout.columns}
        plan.headers = {**plan.headers, **own}
    return children


def _keys_of_main(sheets: Sheets, main: str, key: Column) -> Iterator[str]:
    for row in sheets.rows(main):
        yield row.cell(key.index).text


def _relation_of(context: Context, model: ObjectModel, sheet: str) -> str | None:
    wanted = normal(sheet)
    for child in model.children:
        detail = context.catalog.objects.get(child.object)
        labels = [str(child.name), child.label.en, child.label.zh]
        if detail is not None:
            labels += [detail.name, detail.label.en, detail.label.zh, detail.plural.en]
        if wanted in {normal(one) for one in labels if one}:
            return str(child.name)
    return None


def _child_layout(
    targets: Targets, relation: str, parent: Column, top: Sequence[SheetRow]
) -> tuple[Layout, Column]:
    """Lay out a sheet of children: the parent's key and fields of the child by their own names."""
    inner = targets.inner(relation)
    parents = {
        normal(one)
        for one in (
            parent.header,
            parent.field.name,
            parent.field.label.en,
            parent.field.label.zh,
            targets.model.name,
            targets.model.label.en,
            targets.model.label.zh,
        )
        if one
    }
    header = find_header(inner, top)
    place = next(
        (n for n, cell in enumerate(header.cells) if cell.text and normal(cell.text) in parents),
        None,
    )
    if place is None:
        label = targets.model.label
        known = parent.header
        raise RefusedError(NO_KEY.at("/key", object=label, key=parent.field.name, known=known))
    key = replace(parent, index=place, header=header.cells[place].text)
    names = [EMPTY if n == place else cell for n, cell in enumerate(header.cells)]
    below = [row for row in top if row.number > header.number]
    return lay_out(inner, [SheetRow(header.number, names), *below]), key

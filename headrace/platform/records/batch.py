"""Rows that are written together in one transaction, and what is read on the way, each row once."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import Any, Protocol

import sqlalchemy as sa

from headrace.platform.core.errors import RefusedError
from headrace.platform.core.problems import Problem
from headrace.platform.database.prepared import Prepared, prepare
from headrace.platform.formulas.environment import Environment
from headrace.platform.formulas.tree import Query, Value
from headrace.platform.records.context import Context
from headrace.platform.records.drafts import Draft, Kind, Row
from headrace.platform.records.environment import RowEnvironment, as_value
from headrace.platform.records.queries import CompiledQuery, compile_query
from headrace.platform.records.shapes import ObjectShape, shapes_of

Key = tuple[str, str]
"""Object name and record id."""


class Rows(Protocol):
    """A unit of work, or a connection that only reads."""

    def rows(self, prepared: Prepared, parameters: Any, /) -> list[Any]:
        """Run a prepared statement and return its rows."""
        ...


class Batch:
    """The drafts of one write with a cache of the rows read for them.

    Rows are cached for the life of the batch only: it lives within one transaction and holds locks
    on what it changes. `migrating` lets more be given, `moving` ids too, `unchecked` asks no rights, `retracting` lets the last entries of ledgers go, without `locking`
    nothing is held (to preview), `granted` holds
    the fields that a task opens in a row, `rights` what could be touched before the change,
    `warnings` what is told of a record, none of which refuses.
    """

    def __init__(self, context: Context, work: Rows) -> None:
        self.context = context
        self.work = work
        self.shapes = shapes_of(context)
        self.problems: list[Problem] = []
        self.warnings: list[tuple[Draft, Problem]] = []
        self.migrating = False
        self.moving = False
        self.unchecked = False
        self.retracting = False
        self.locking = True
        self.granted: dict[str, frozenset[str]] = {}
        self.rights: dict[str, frozenset[str] | None] = {}
        self._drafts: dict[Key, Draft] = {}
        self._rows: dict[Key, Row | None] = {}
        self._environments: dict[Key, RowEnvironment] = {}
        self._paths: dict[Key, str | None] = {}
        self._moves: dict[str, dict[str, str]] = {}
        self._answers: dict[tuple[Any, ...], Value] = {}

    @functools.cached_property
    def now(self) -> datetime:
        """The workspace's instant, the same for all rows of the batch."""
        return self.context.now()

    @functools.cached_property
    def today(self) -> date:
        """The workspace's day, the same for all rows of the batch."""
        return self.now.astimezone(self.context.zone).date()

    # -- drafts ---------------------------------------------------------------------------

    def add(self, draft: Draft) -> Draft:
        """Take a draft into the batch."""
        self._drafts[draft.shape.name, draft.id] = draft
        draft.environment = RowEnvironment(self, draft.shape, draft.new, draft.old)
        return draft

    def forget(self, draft: Draft) -> None:
        """Let go of a draft, with those below it, that turned out not to belong here."""
        self._drafts.pop((draft.shape.name, draft.id), None)
        for child in (one for rows in draft.children.values() for one in rows):
            self.forget(child)

    def draft(self, object_name: str, record_id: str) -> Draft | None:
        """Return the draft of a row, if it is part of the batch."""
        return self._drafts.get((object_name, record_id))

    def drafts(self) -> Iterator[Draft]:
        """Yield the drafts in the order in which they were taken in."""
        return iter(tuple(self._drafts.values()))

    def loaded(self, shape: ObjectShape, values: tuple[Any, ...], kind: Kind) -> Draft:
        """Take in a stored row that one of the shape's selects gave."""
        old = shape.row(values)
        known = self._drafts.get((shape.name, old["id"]))
        if known is not None:
            return known
        draft = Draft(shape, old["id"], kind, old, dict(old), path=shape.path_of(values))
        return self.add(draft)

    def refuse(self, problems: Iterable[Problem] = ()) -> None:
        """Raise all problems found so far, if there are any."""
        self.problems.extend(problems)
        if self.problems:
            raise RefusedError.of(self.problems)

    def warnings_of(self, draft: Draft) -> tuple[Problem, ...]:
        """Return what is told of a record that was sent, and of the rows below it."""
        root = draft.root()
        return tuple(problem for about, problem in self.warnings if about is root)

    # -- rows read ------------------------------------------------------------------------

    def remember(self, shape: ObjectShape, values: tuple[Any, ...]) -> Row:
        """Keep a row that one of the shape's selects gave, for formulas that look it up."""
        row = shape.row(values)
        key = (shape.name, row["id"])
        self._rows[key] = row
        if shape.table.path is not None:
            self._paths[key] = shape.path_of(values)
        return row

    def row(self, object_name: str, record_id: str) -> Row | None:
        """Return the present values of a live row: as drafted, else as stored."""
        draft = self._drafts.get((object_name, record_id))
        if draft is not None:
            return None if draft.kind == "delete" else draft.new
        key = (object_name, record_id)
        if key not in self._rows:
            shape = self.shapes.of(object_name)
            found = self.work.rows(shape.select_live, {"id": record_id})
            if found:
                self.remember(shape, found[0])
            else:
                self._rows[key] = None
        return self._rows[key]

    def environment_of(self, object_name: str, record_id: str) -> RowEnvironment | None:
        """Return a live row as formulas see it; None where there is none."""
        draft = self._drafts.get((object_name, record_id))
        if draft is not None:
            return None if draft.kind == "delete" else draft.environment
        row = self.row(object_name, record_id)
        if row is None:
            return None
        key = (object_name, record_id)
        found = self._environments.get(key)
        if found is None:
            found = RowEnvironment(self, self.shapes.of(object_name), row, row)
            self._environments[key] = found
        return found

    def rows_by_ids(self, ids: Sequence[str], one: Prepared, many: Prepared) -> Iterator[Any]:
        """Run `one` for a single id, which needs no list in its text, else `many` in parts."""
        if len(ids) == 1:
            yield from self.work.rows(one, {"id": ids[0]})
            return
        for start in range(0, len(ids), CHUNK):
            yield from self.work.rows(many, {"ids": ids[start : start + CHUNK]})

    def fetch(self, shape: ObjectShape, ids: Iterable[str]) -> None:
        """Read rows that will be asked for soon, in one statement."""
        wanted = sorted({one for one in ids if (shape.name, one) not in self._rows})
        wanted = [one for one in wanted if (shape.name, one) not in self._drafts]
        for values in self.rows_by_ids(wanted, shape.select_live, shape.select_many):
            self.remember(shape, values)

    def figure_on_read(self, shape: ObjectShape, name: str, row: RowEnvironment) -> Value:
        """Return a roll-up that no column holds, as a formula over the row that has it sees it."""
        # Figures are read in batches themselves.
        from headrace.platform.records.totals import figure_on_read  # noqa: PLC0415 - see above

        return as_value(figure_on_read(self, shape.model.rollup(name), row))

    # -- what formulas ask ----------------------------------------------------------------

    def run_query(self, asking: ObjectShape, query: Query, row: Environment) -> Value:
        """Answer a query of a formula over `asking`."""
        compiled = self._compiled(asking, query)
        parameters = compiled.bound(row)
        # Nothing is written before everything is computed, so equal questions have equal answers.
        key = (id(compiled), *parameters.values())
        if key not in self._answers:
            self._answers[key] = compiled.read(self.work.rows(compiled.prepared, parameters))
        return self._answers[key]

    def _compiled(self, asking: ObjectShape, query: Query) -> CompiledQuery:
        parts = self.shapes.parts
        known: CompiledQuery | None = parts.get(("query", asking.name, id(query)))
        if known is not None:
            return known
        # Equal trees are one query; only the first is found by its id, which its part keeps alive.
        key = ("query", asking.name, query)
        compiled: CompiledQuery | None = parts.get(key)
        if compiled is None:
            compiled = compile_query(self.shapes, asking, query, self.context.zone.key)
            parts[key] = parts["query", asking.name, id(query)] = compiled
        return compiled

    def in_subtree(self, node: str, root: str) -> bool:
        """Say whether `node` is `root` or below it in whichever tree holds them."""
        if node == root:
            return True
        return any(f"/{root}/" in (self.path(shape, node) or "") for shape in self.shapes.trees)

    def path(self, shape: ObjectShape, record_id: str) -> str | None:
        """Return the tree path of a live row; None where the tree does not hold it."""
        draft = self._drafts.get((shape.name, record_id))
        if draft is not None:
            return draft.path
        key = (shape.name, record_id)
        if key not in self._paths:
            found = self.work.rows(_select_path(shape), {"id": record_id})
            self._paths[key] = found[0][0] if found else None
        return self._moved(shape, self._paths[key])

    def fetch_paths(self, shape: ObjectShape, ids: Iterable[str]) -> None:
        """Read tree paths that will be asked for soon, in one statement."""
        wanted = sorted({one for one in ids if (shape.name, one) not in self._paths})
        wanted = [one for one in wanted if (shape.name, one) not in self._drafts]
        self._paths.update(dict.fromkeys((shape.name, one) for one in wanted))
        for start in range(0, len(wanted), CHUNK):
            asked = {"ids": wanted[start : start + CHUNK]}
            for record_id, path in self.work.rows(_select_paths(shape), asked):
                self._paths[shape.name, str(record_id)] = path

    def move_paths(self, shape: ObjectShape, old: str, new: str) -> None:
        """Note that what stands below a path will stand below another one."""
        self._moves.setdefault(shape.name, {})[old] = new

    def _moved(self, shape: ObjectShape, path: str | None) -> str | None:
        """Return the path that a stored row will have."""
        moves = self._moves.get(shape.name)
        if moves is None or path is None:
            return path
        old = max((one for one in moves if path.startswith(one)), key=len, default="")
        return moves[old] + path.removeprefix(old) if old else path

    def forget_paths(self) -> None:
        """Read tree paths anew: a lock on the tree was taken since."""
        self._paths.clear()


CHUNK = 500
"""Most ids in one statement."""


def _select_path(shape: ObjectShape) -> Prepared:
    def make() -> Prepared:
        path = shape.table.path
        assert path is not None  # noqa: S101 - asked for trees only
        record_id = sa.bindparam("id", type_=shape.table.id.type)
        statement = sa.select(path).where(shape.table.id == record_id, shape.live())
        return prepare(statement, shape.shapes.dialect)

    prepared: Prepared = shape.shapes.part(("path", shape.name), make)
    return prepared


def _select_paths(shape: ObjectShape) -> Prepared:
    def make() -> Prepared:
        path = shape.table.path
        assert path is not None  # noqa: S101 - asked for trees only
        ids = sa.bindparam("ids", expanding=True, type_=shape.table.id.type)
        statement = sa.select(shape.table.id, path).where(shape.table.id.in_(ids), shape.live())
        return prepare(statement, shape.shapes.dialect)

    prepared: Prepared = shape.shapes.part(("paths", shape.name), make)
    return prepared

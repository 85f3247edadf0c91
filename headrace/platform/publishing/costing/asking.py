"""The cost of what one document of a draft is about, asked while it is drawn."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from headrace.platform.access.identity import Identity
from headrace.platform.core.errors import NOT_FOUND, NotFoundError, RefusedError
from headrace.platform.core.problems import Message, Text
from headrace.platform.database.engine import Database
from headrace.platform.database.names import load_names
from headrace.platform.database.tables import Tables
from headrace.platform.metadata.catalog import Catalog, ObjectModel
from headrace.platform.publishing.costing.counting import RowCount, rows_of
from headrace.platform.publishing.costing.indexes import (
    Index,
    live_indexes,
    present_indexes,
    with_draft,
)
from headrace.platform.publishing.costing.lists import Slow, slow_lists
from headrace.platform.publishing.costing.saving import Saving, saving_of
from headrace.platform.publishing.costing.timing import Limits, Timed, Times, Timing
from headrace.platform.publishing.draft_publishing import DraftPublisher
from headrace.platform.publishing.draft_rows import Draft
from headrace.platform.publishing.drafts import Drafts, refuse_closed
from headrace.platform.records.context import Context

NO_OBJECT: Final = Message(
    "cost.no_object",
    "There is no object “{name}” in this draft.",
    "草稿中没有对象“{name}”。",
    "Choose the object that it is about.",
    "请选择所属的对象。",
)
ABOUT_OBJECTS: Final = frozenset({"view", "report", "permission"})
"""Kinds of documents that name the object that they are about."""
MOST_TABLES: Final = 8
"""How many other tables are counted: those of child rows, and those that a save goes through."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What an object costs as a draft has it, over the live rows as of `as_of`.

    `rows` is None where there is no table yet; `others` are the rows of the tables of its child rows and
    of those that a save goes through. `unread` says why the draft could not be read: then all is told of
    what is live. `times` are None where they were not asked for, or there is nothing to read yet.
    `milliseconds` are what the question itself took.
    """

    catalog: Catalog
    model: ObjectModel
    as_of: datetime
    version: int
    rows: RowCount | None
    others: Mapping[str, RowCount]
    indexes: tuple[Index, ...]
    lists: tuple[Slow, ...]
    saving: Saving
    times: Times | None
    report: bool
    milliseconds: float
    unread: Text | None = None


class Costs:
    """Answers what an object of a draft costs; reads only, within limits of time."""

    def __init__(
        self,
        database: Database,
        drafts: Drafts,
        publisher: DraftPublisher,
        identity: Identity,
        limits: Limits | None = None,
    ) -> None:
        self._database = database
        self._drafts = drafts
        self._publisher = publisher
        self._timing = Timing(database, identity, limits or Limits())

    def of(self, context: Context, draft: Draft, document: str, *, timed: bool) -> Cost:
        """Return the cost of the object that a document of a draft is about.

        Raise NotFoundError for a document that is not about objects, ConflictError for a closed draft,
        RefusedError where it cannot be told: there is no such object, or it is new and the draft cannot be
        read. Lists are run for the roles that may read them only where that is wanted (`timed`).
        """
        begun = time.perf_counter()
        refuse_closed(draft)
        content = self._content(draft, document)
        name = _object_of(content)
        catalog, refusal = self._catalog(context, draft)
        model = catalog.objects.get(name)
        if model is None:
            raise refusal or RefusedError(NO_OBJECT.at(name=name))
        live = _live(context, model)
        saving = saving_of(catalog, model)
        rows = None if live is None else rows_of(self._database, context.tables.of(live.name))
        times = None
        if timed and live is not None and refusal is None:
            times = self._timing.take(context, _timed(catalog, model, content))
        return Cost(
            catalog=catalog,
            model=model,
            as_of=context.real_clock.now(),
            version=context.catalog.version,
            rows=rows,
            others={} if live is None else dict(self._others(context, catalog, model, saving)),
            indexes=self._indexes(context, catalog, model, live),
            lists=tuple(slow_lists(catalog, model)),
            saving=saving,
            times=times,
            report=content.get("kind") == "report",
            milliseconds=(time.perf_counter() - begun) * 1000,
            unread=refusal.problems[0].message if refusal else None,
        )

    def _content(self, draft: Draft, document: str) -> Mapping[str, Any]:
        held = self._drafts.document(draft, document).document
        if held is None:
            raise NotFoundError(NOT_FOUND.at())
        return held.content

    def _catalog(self, context: Context, draft: Draft) -> tuple[Catalog, RefusedError | None]:
        """Return what the draft defines, unchecked; what is live where it cannot be built, and why."""
        try:
            return self._publisher.catalog_around(draft, lambda one: one), None
        except RefusedError as error:
            return context.catalog, error

    def _others(
        self, context: Context, catalog: Catalog, model: ObjectModel, saving: Saving
    ) -> Iterator[tuple[str, RowCount]]:
        names = [one.object for one in model.children]
        names += [
            asked.object for step in saving.steps for asked in step.asks if not asked.by_index
        ]
        for name in list(dict.fromkeys(names))[:MOST_TABLES]:
            other = catalog.objects.get(name)
            live = _live(context, other) if other is not None else None
            if live is not None:
                yield name, rows_of(self._database, context.tables.of(live.name))

    def _indexes(
        self, context: Context, catalog: Catalog, model: ObjectModel, live: ObjectModel | None
    ) -> tuple[Index, ...]:
        tables: Tables = context.tables
        with self._database.reading() as reading:
            names = load_names(reading.connection, tables.names)
            if live is None:
                return with_draft((), catalog, model, names, context.catalog)
            spec = tables.specs[live.id]
            present = present_indexes(reading.connection, spec)
        found = tuple(live_indexes(context.catalog, live, spec, tables.names, present))
        return (
            found
            if catalog is context.catalog
            else with_draft(found, catalog, model, names, context.catalog)
        )


def _object_of(content: Mapping[str, Any]) -> str:
    """Return the name of the object that a document is about; raise NotFoundError for other kinds."""
    kind = content.get("kind")
    if kind == "object" or (kind == "extends" and content.get("of") == "object"):
        return str(content.get("name", ""))
    if kind not in ABOUT_OBJECTS:
        raise NotFoundError(NOT_FOUND.at())
    return str(content.get("object", ""))


def _live(context: Context, model: ObjectModel) -> ObjectModel | None:
    """Return the live version of an object."""
    spec = context.tables.specs.models.get(model.id)
    return None if spec is None else context.catalog.objects.get(spec.name)


def _timed(catalog: Catalog, model: ObjectModel, content: Mapping[str, Any]) -> Timed:
    kind = content.get("kind")
    if kind == "report":
        return Timed(catalog, model, report=content)
    return Timed(catalog, model, view=str(content["name"]) if kind == "view" else None)

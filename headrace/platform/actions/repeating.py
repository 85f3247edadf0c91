"""`for_each`: do actions for each of some rows, a number of them in one transaction."""

from __future__ import annotations

from typing import Final

from headrace.platform.actions.base import Acting, Action, Progress
from headrace.platform.metadata.catalog import ActionModel
from headrace.platform.metadata.storage_types import values_in
from headrace.platform.records.batch import Batch
from headrace.platform.records.environment import RowEnvironment

CHUNK: Final = 100
"""Rows that are done in one transaction."""


class ForEach:
    """Goes through the rows that its formula found when it began."""

    key = "for_each"

    def run(
        self, acting: Acting, action: ActionModel, progress: Progress | None
    ) -> Progress | None:
        """Do the next rows; a row that is gone by now is left out."""
        if progress is None:
            assert action.rows is not None  # noqa: S101 - the key says so
            found = acting.value(action.rows)
            ids = [str(one) for one in found] if isinstance(found, tuple) else values_in(found)
            progress = {"ids": list(ids or ()), "done": 0}
        ids, done = progress["ids"], progress["done"]
        for row_id in ids[done : done + CHUNK]:
            self._row(acting, action, row_id)
        done += CHUNK
        return {"ids": ids, "done": done} if done < len(ids) else None

    def _row(self, acting: Acting, action: ActionModel, row_id: str) -> None:
        for one in action.actions:
            # What is done to a row before is seen by the next action.
            batch = Batch(acting.context, acting.work)
            row = batch.row(str(action.object), row_id)
            if row is None:
                return
            shape = batch.shapes.of(str(action.object))
            environment = RowEnvironment(batch, shape, row, row, acting.environment)
            inner = acting.on(environment, row_id)
            if inner.holds(one.when):
                acting.actions[one.kind].run(inner, one, None)


ACTIONS: Final[tuple[Action, ...]] = (ForEach(),)

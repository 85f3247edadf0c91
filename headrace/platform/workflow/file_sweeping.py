"""Files that came with decisions on records that are gone: nobody can see them any more, so they go."""

from __future__ import annotations

import sqlalchemy as sa

from headrace.platform.database.engine import Database
from headrace.platform.database.names import load_names
from headrace.platform.files.store import remove_files
from headrace.platform.files.tables import FILE, OF_DECISIONS
from headrace.platform.records.file_sweeping import tables_of
from headrace.platform.workflow.tables import DECISION, RUN


def sweep_decision_files(database: Database) -> int:
    """Remove the files of decisions whose records are gone; return how many went.

    The decisions stay. For each object with such files it is asked once which records are gone.
    """
    of_decisions = FILE.c.object_id == OF_DECISIONS
    said = DECISION.join(RUN, RUN.c.id == DECISION.c.run)
    held = said.join(FILE, FILE.c.record_id == DECISION.c.id)
    objects = sa.select(RUN.c.object_id).select_from(held).where(of_decisions).distinct()
    gone = 0
    with database.writing(None) as work:
        names = load_names(work.connection)
        for object_id in work.connection.execute(objects).scalars().all():
            there = [
                sa.select(one.c.id).where(one.c.id == RUN.c.record_id).exists()
                for one in tables_of(names, object_id)
            ]
            lost = (
                sa.select(DECISION.c.id)
                .select_from(said)
                .where(DECISION.c.id == FILE.c.record_id, RUN.c.object_id == object_id)
                .where(*(~one for one in there))
            )
            gone += remove_files(work.connection, sa.and_(of_decisions, lost.exists()))
    return gone

"""The system tables of bulk changes: what was asked of which records, and what became of each."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa

from headrace.platform.database.system_tables import (
    SYSTEM,
    id_type,
    instant_type,
    json_type,
    text_type,
)

BULK: Final = sa.Table(
    "sys_bulk",
    SYSTEM,
    sa.Column("id", id_type(), primary_key=True),
    sa.Column("object_id", text_type(), nullable=False),
    sa.Column("request", json_type(), nullable=False),
    sa.Column("state", text_type(), nullable=False),
    sa.Column("by_user", id_type()),
    sa.Column("created", instant_type(), nullable=False),
    sa.Column("finished", instant_type()),
    sa.Column("job", id_type()),
    sa.Column("counts", json_type(), nullable=False),
    sa.Column("problems", json_type(), nullable=False),
    sa.Column("done", sa.BigInteger(), nullable=False),
    sa.Index("ix_sys_bulk_user", "by_user", "id"),
    sa.Index("ix_sys_bulk_finished", "state", "finished"),
)
"""One row a bulk change. States: `waiting`, `running`, `checked` (a dry run is
over), `done`, `refused`, `cancelled`.

`done` is the number of records that were gone through for good, so that an interrupted change goes on
behind them.
"""

BULK_RECORD: Final = sa.Table(
    "sys_bulk_record",
    SYSTEM,
    sa.Column("bulk_id", id_type(), primary_key=True),
    sa.Column("record_id", id_type(), primary_key=True),
    sa.Column("number", sa.BigInteger(), nullable=False),
    sa.Column("version", sa.BigInteger(), nullable=False),
    sa.Column("status", text_type()),
    sa.Column("new_version", sa.BigInteger()),
    sa.Column("problems", json_type()),
    sa.Column("before", json_type()),
    sa.Column("shown", json_type()),
    sa.Column("run", id_type()),
    sa.Index("ix_sys_bulk_record_number", "bulk_id", "number"),
)
"""The records of a bulk change in their order, each at the version that it was chosen at.

What became of a record is written in the transaction that did it: `status` null is one still to do,
`new_version` the version that the change left, by which it can be undone. `before` holds values of before
by field id, where the history does not keep them. `shown` is what a dry run saw of the first records:
which fields would change, and what would be made. `run` is the run of an automation that takes back what
pressing a button did.
"""

"""The system tables of imports: what was imported, by whom, from which file, into which records."""

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

IMPORT: Final = sa.Table(
    "sys_import",
    SYSTEM,
    sa.Column("id", id_type(), primary_key=True),
    sa.Column("object_id", text_type(), nullable=False),
    sa.Column("file_name", text_type(), nullable=False),
    sa.Column("request", json_type(), nullable=False),
    sa.Column("state", text_type(), nullable=False),
    sa.Column("by_user", id_type()),
    sa.Column("created", instant_type(), nullable=False),
    sa.Column("finished", instant_type()),
    sa.Column("job", id_type()),
    sa.Column("counts", json_type(), nullable=False),
    sa.Column("problems", json_type(), nullable=False),
    sa.Column("headers", json_type(), nullable=False),
    sa.Column("done_row", sa.BigInteger(), nullable=False),
    sa.Column("content", sa.LargeBinary()),
    sa.Index("ix_sys_import_user", "by_user", "id"),
    sa.Index("ix_sys_import_object", "object_id", "id"),
    sa.Index("ix_sys_import_finished", "state", "finished"),
)
"""One row an import. States: `uploaded` (nothing asked for yet), `waiting`, `running`, `checked` (a dry
run is over), `done`, `refused`, `cancelled`.

`content` is the file until the import is done; `done_row` the last row of it that is written for good,
so that an interrupted import goes on behind it. `by_user` is None for the command line. `headers` are the
names of the columns by sheet, "" for the main one.
"""

IMPORT_RECORD: Final = sa.Table(
    "sys_import_record",
    SYSTEM,
    sa.Column("import_id", id_type(), primary_key=True),
    sa.Column("record_id", id_type(), primary_key=True),
    sa.Column("object_id", text_type(), nullable=False),
    sa.Column("row", sa.BigInteger(), nullable=False),
    sa.Column("action", text_type(), nullable=False),
    sa.Index("ix_sys_import_record_record", "object_id", "record_id"),
)
"""Which import made or changed a record, written in the transaction that did it."""

IMPORT_ERROR: Final = sa.Table(
    "sys_import_error",
    SYSTEM,
    sa.Column("import_id", id_type(), primary_key=True),
    sa.Column("number", sa.BigInteger(), primary_key=True, autoincrement=False),
    sa.Column("row", sa.BigInteger(), nullable=False),
    sa.Column("sheet", text_type(), nullable=False),
    sa.Column("column", text_type()),
    sa.Column("problem", json_type(), nullable=False),
)
"""What was wrong with rows; `problem` is in both languages."""

IMPORT_BAD_ROW: Final = sa.Table(
    "sys_import_bad_row",
    SYSTEM,
    sa.Column("import_id", id_type(), primary_key=True),
    sa.Column("number", sa.BigInteger(), primary_key=True, autoincrement=False),
    sa.Column("row", sa.BigInteger(), nullable=False),
    sa.Column("sheet", text_type(), nullable=False),
    sa.Column("cells", json_type(), nullable=False),
)
"""The rows that were not taken, as they were given, for the error file."""

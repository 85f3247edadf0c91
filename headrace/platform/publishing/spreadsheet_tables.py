"""The system table of spreadsheets that modules are made of."""

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

SPREADSHEET: Final = sa.Table(
    "sys_spreadsheet",
    SYSTEM,
    sa.Column("id", id_type(), primary_key=True),
    sa.Column("file_name", text_type(), nullable=False),
    sa.Column("content", sa.LargeBinary(), nullable=False),
    sa.Column("by_user", id_type(), nullable=False),
    sa.Column("created", instant_type(), nullable=False),
    sa.Column("draft_id", id_type()),
    sa.Column("made", json_type()),
    sa.Column("import_id", id_type()),
    sa.Column("left_out", json_type()),
    sa.Index("ix_sys_spreadsheet_user", "by_user", "id"),
    sa.Index("ix_sys_spreadsheet_created", "created"),
)
"""One row an uploaded file, kept for some weeks. `made` says what went into the draft: the ids of the
object and of the field of each column, the sheet and the row with the names; `left_out` are the rows
that the import was not given, each with why.
"""

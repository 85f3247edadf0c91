"""The system tables of publishing: which rows came from reference and sample files."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa

from headrace.platform.database.system_tables import SYSTEM, id_type, text_type

REFERENCE: Final = sa.Table(
    "sys_reference",
    SYSTEM,
    sa.Column("object_id", text_type(), primary_key=True),
    sa.Column("key", text_type(), primary_key=True),
    sa.Column("record_id", id_type(), nullable=False),
    sa.Column("record_version", sa.BigInteger(), nullable=False),
    sa.Column("row_hash", text_type(), nullable=False),
)
"""Reference rows by external id, as publishing left them: another version means somebody changed it."""

SAMPLE: Final = sa.Table(
    "sys_sample",
    SYSTEM,
    sa.Column("number", sa.BigInteger(), primary_key=True, autoincrement=False),
    sa.Column("module", text_type(), nullable=False, index=True),
    sa.Column("object_id", text_type(), nullable=False),
    sa.Column("record_id", id_type(), nullable=False),
)
"""Rows that came from samples, in the order in which they were made."""

"""The system tables of records: history, counters, and answers kept for repeated requests."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa

from headrace.platform.database.system_tables import (
    SYSTEM,
    boolean_type,
    id_type,
    instant_type,
    json_type,
    text_type,
)

HISTORY: Final = sa.Table(
    "sys_history",
    SYSTEM,
    sa.Column("id", id_type(), primary_key=True),
    sa.Column("object_id", text_type(), nullable=False),
    sa.Column("record_id", id_type(), nullable=False),
    sa.Column("version", sa.BigInteger(), nullable=False),
    sa.Column("at", instant_type(), nullable=False),
    sa.Column("user", id_type(), nullable=False),
    sa.Column("acted_for", id_type()),
    sa.Column("action", text_type(), nullable=False),
    sa.Column("changes", json_type(), nullable=False),
    sa.Column("comment", text_type()),
    sa.Column("metadata_version", sa.BigInteger(), nullable=False),
    sa.Column("through", text_type()),
    sa.Column("saved_with", id_type()),
    sa.Index("ix_sys_history_record", "record_id", "version", "id"),
)
"""One line for each change of a record; never updated.

`changes` maps field ids to `[old, new]` as JSON values; `at` is the workspace's clock; `acted_for`
is the user in whose place `user` decided. `through` is the door by which the change came (null: not
known); lines that were written by one save, of a record and its child rows, share `saved_with`.
"""

UNMASKED: Final = "unmasked"
"""The action of a line that says who saw masked fields whole; its comment holds their ids."""

COUNTER: Final = sa.Table(
    "sys_counter",
    SYSTEM,
    sa.Column("field_id", text_type(), primary_key=True),
    sa.Column("period", text_type(), primary_key=True),
    sa.Column("value", sa.BigInteger(), nullable=False),
)
"""The last number given for each field and date part."""

PERIOD: Final = sa.Table(
    "sys_period",
    SYSTEM,
    sa.Column("object_id", text_type(), primary_key=True),
    sa.Column("month", text_type(), primary_key=True),
    sa.Column("closed", boolean_type(), nullable=False),
    sa.Column("at", instant_type(), nullable=False),
    sa.Column("by_user", id_type()),
    sa.Column("reason", text_type()),
)
"""Months of objects (`2025-06`) that somebody closed or reopened last; `at` is the machine's clock."""

IDEMPOTENCY: Final = sa.Table(
    "sys_idempotency",
    SYSTEM,
    sa.Column("principal", id_type(), primary_key=True),
    sa.Column("key", text_type(), primary_key=True),
    sa.Column("route", text_type(), nullable=False),
    sa.Column("request_hash", text_type(), nullable=False),
    sa.Column("status", sa.Integer(), nullable=False),
    sa.Column("body", text_type(), nullable=False),
    sa.Column("created", instant_type(), nullable=False, index=True),
)
"""Answers to requests that carried a key, written with their effect; `created` is the real clock."""

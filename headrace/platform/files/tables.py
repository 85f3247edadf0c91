"""The system tables of files: what is known of each, and its content in parts."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa

from headrace.platform.database.system_tables import SYSTEM, id_type, instant_type, text_type

OF_DECISIONS: Final = "sys_decision"
"""What holds the files that came with a decision, in the place of the id of an object."""

FILE: Final = sa.Table(
    "sys_file",
    SYSTEM,
    sa.Column("id", id_type(), primary_key=True),
    sa.Column("name", text_type(), nullable=False),
    sa.Column("type", text_type(), nullable=False),
    sa.Column("size", sa.BigInteger(), nullable=False),
    sa.Column("sha256", text_type(), nullable=False),
    sa.Column("uploaded_by", id_type(), nullable=False),
    sa.Column("uploaded_at", instant_type(), nullable=False),
    sa.Column("object_id", text_type()),
    sa.Column("record_id", id_type()),
    sa.Column("field_id", text_type()),
    sa.Column("claimed_at", instant_type()),
    sa.Column("released_at", instant_type()),
    sa.Column("captured", text_type()),
    sa.Index("ix_sys_file_waiting", "uploaded_by", "object_id"),
    sa.Index("ix_sys_file_holder", "object_id", "field_id", "record_id"),
    sa.Index("ix_sys_file_released", "released_at"),
)
"""One row a file; name, type, size, hash and what its camera noted (`captured`, JSON) never change. Times are the machine's.

`id` is random in all its 128 bits. A file waits until a record takes it (`claimed_at`): from then on
it belongs to this field of this record alone, or to the decision of an approval that it came with
(`object_id` is `OF_DECISIONS` then, `record_id` the decision's). `released_at` is when the record let go of it where no
history holds it either.
"""

PART: Final = sa.Table(
    "sys_file_part",
    SYSTEM,
    sa.Column("file_id", id_type(), primary_key=True),
    sa.Column("number", sa.Integer(), primary_key=True, autoincrement=False),
    sa.Column("content", sa.LargeBinary(), nullable=False),
)
"""The content of files in parts of `store.PART_BYTES`, the last one shorter; part -1 is a small image."""

"""The system tables of drafts: what is being worked on, and each change that was made to it, who is in it."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa

from headrace.platform.database.system_tables import (
    SYSTEM,
    boolean_type,
    id_type,
    instant_type,
    text_type,
)

DRAFT: Final = sa.Table(
    "sys_draft",
    SYSTEM,
    sa.Column("id", id_type(), primary_key=True),
    sa.Column("name", text_type(), nullable=False),
    sa.Column("state", text_type(), nullable=False, index=True),
    sa.Column("base", sa.BigInteger(), nullable=False),
    sa.Column("version", sa.BigInteger(), nullable=False),
    sa.Column("by_user", id_type()),
    sa.Column("created_at", instant_type(), nullable=False),
    sa.Column("changed_at", instant_type(), nullable=False),
    sa.Column("published", sa.BigInteger()),
)
"""Drafts on top of a published version (`base`); `version` is the number of the last change."""

DRAFT_DOCUMENT: Final = sa.Table(
    "sys_draft_document",
    SYSTEM,
    sa.Column("draft_id", id_type(), sa.ForeignKey(DRAFT.c.id), primary_key=True),
    sa.Column("definition_id", text_type(), primary_key=True),
    sa.Column("module", text_type(), nullable=False),
    sa.Column("content", text_type(), nullable=False),
    sa.Column("deleted", boolean_type(), nullable=False),
)
"""The documents that a draft changes, whole, and those that it deletes (as they were)."""

DRAFT_CHANGE: Final = sa.Table(
    "sys_draft_change",
    SYSTEM,
    sa.Column("draft_id", id_type(), sa.ForeignKey(DRAFT.c.id), primary_key=True),
    sa.Column("number", sa.BigInteger(), primary_key=True, autoincrement=False),
    sa.Column("at", instant_type(), nullable=False),
    sa.Column("by_user", id_type()),
    sa.Column("action", text_type(), nullable=False),
    sa.Column("definition_id", text_type(), index=True),
    sa.Column("before", text_type()),
    sa.Column("after", text_type()),
)
"""Every change of a draft in order, never changed: a document (as JSON with its module) before and after."""

DRAFT_PRESENCE: Final = sa.Table(
    "sys_draft_presence",
    SYSTEM,
    sa.Column("draft_id", id_type(), sa.ForeignKey(DRAFT.c.id), primary_key=True),
    sa.Column("user_id", id_type(), primary_key=True),
    sa.Column("document", text_type()),
    sa.Column("seen_at", instant_type(), nullable=False),
)
"""Who had a draft open a moment ago, and the id of the document that they looked at."""

"""The system tables of users, sessions and tokens.

Secrets are never stored: passwords as argon2id, session and token secrets as SHA-256 of 256
random bits. Instants are the real clock's.
"""

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

USER: Final = sa.Table(
    "sys_user",
    SYSTEM,
    sa.Column("id", id_type(), primary_key=True),
    sa.Column("login", text_type(), nullable=False, unique=True),
    sa.Column("name", text_type(), nullable=False),
    sa.Column("email", text_type()),
    sa.Column("language", text_type(), nullable=False),
    sa.Column("time_zone", text_type(), nullable=False),
    sa.Column("active", boolean_type(), nullable=False),
    sa.Column("organisation", id_type()),
    sa.Column("password_hash", text_type()),
    sa.Column("stamp", sa.BigInteger(), nullable=False),
    sa.Column("created_at", instant_type(), nullable=False),
    sa.Column("nameSearch", text_type()),
    sa.Column("nameSort", text_type()),
    sa.Column("manager", id_type(), sa.ForeignKey("sys_user.id")),
)
"""Everybody who may act. `nameSearch` and `nameSort` are the keys of the name (`formulas.pinyin`). `stamp` grows with each change of what the user may do.

`organisation` is the id of a row of the object that acts as organisation: no foreign key, because
that object is the workspace's and may be replaced. `manager` is who they report to.
"""

USER_ROLE: Final = sa.Table(
    "sys_user_role",
    SYSTEM,
    sa.Column("id", id_type(), primary_key=True),
    sa.Column("user", id_type(), sa.ForeignKey(USER.c.id), nullable=False, index=True),
    sa.Column("role", text_type(), nullable=False, index=True),
    sa.Column("territory", id_type()),
)
"""Roles by name; one that the live version does not know gives no right."""

SESSION: Final = sa.Table(
    "sys_session",
    SYSTEM,
    sa.Column("id", id_type(), primary_key=True),
    sa.Column("user", id_type(), sa.ForeignKey(USER.c.id), nullable=False, index=True),
    sa.Column("secret_hash", text_type(), nullable=False, unique=True),
    sa.Column("csrf", text_type(), nullable=False),
    sa.Column("created", instant_type(), nullable=False),
    sa.Column("seen", instant_type(), nullable=False),
    sa.Column("expires", instant_type(), nullable=False, index=True),
)

TOKEN: Final = sa.Table(
    "sys_token",
    SYSTEM,
    sa.Column("id", id_type(), primary_key=True),
    sa.Column("user", id_type(), sa.ForeignKey(USER.c.id), nullable=False, index=True),
    sa.Column("name", text_type(), nullable=False),
    sa.Column("hash", text_type(), nullable=False, unique=True),
    sa.Column("created", instant_type(), nullable=False),
    sa.Column("expires", instant_type()),
    sa.Column("revoked", instant_type()),
)

SIGN_IN_ATTEMPT: Final = sa.Table(
    "sys_sign_in_attempt",
    SYSTEM,
    sa.Column("subject", text_type(), primary_key=True),
    sa.Column("attempts", sa.BigInteger(), nullable=False),
    sa.Column("first_at", instant_type(), nullable=False, index=True),
)
"""Tries to sign in since `first_at`, by a hash of who tries from where; a success clears them."""

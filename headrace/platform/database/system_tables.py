"""The tables of the platform itself, and the column types that they are made of.

Each package declares its own tables on `SYSTEM`; here are those of the database package.
"""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine

from headrace.platform.core.canonical import canonical_text
from headrace.platform.metadata.storage_types import instant_of, instant_text

RETIRED_INDEXES: Final = "headrace.retired_indexes"
"""Key in the `info` of a table: names of indexes that earlier programs made and that are dropped."""

SYSTEM: Final = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)
"""All system tables; their names begin with `sys_`."""


class InstantColumn(TypeDecorator[datetime]):
    """An aware instant in UTC, both ways; fixed-width text on SQLite."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "sqlite":
            return sa.String(27)
        return sa.DateTime(timezone=True)

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        return instant_text(value) if dialect.name == "sqlite" else value

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        return instant_of(value) if isinstance(value, str) else value


class DayColumn(TypeDecorator[date]):
    """A calendar day, both ways; text on SQLite."""

    impl = sa.Date()
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return sa.String(10) if dialect.name == "sqlite" else sa.Date()

    def process_bind_param(self, value: date | None, dialect: Dialect) -> Any:
        return value.isoformat() if value is not None and dialect.name == "sqlite" else value

    def process_result_value(self, value: Any, dialect: Dialect) -> date | None:
        return date.fromisoformat(value) if isinstance(value, str) else value


class JsonColumn(TypeDecorator[Any]):
    """A JSON value: canonical text on SQLite, JSONB on PostgreSQL."""

    impl = sa.Text()
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return sa.Text() if dialect.name == "sqlite" else JSONB(none_as_null=True)

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        if value is None or dialect.name != "sqlite":
            return value
        return canonical_text(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        return json.loads(value) if isinstance(value, str) and dialect.name == "sqlite" else value


def id_type() -> TypeEngine[str]:
    """Return the type of record ids: 36 characters, or the database's own UUID."""
    return sa.String(36).with_variant(sa.Uuid(as_uuid=False), "postgresql")


def text_type() -> TypeEngine[str]:
    """Return the type of text that is compared by code point."""
    return sa.String().with_variant(sa.String(collation="C"), "postgresql")


def instant_type() -> TypeEngine[datetime]:
    """Return the type of aware instants."""
    return InstantColumn()


def day_type() -> TypeEngine[date]:
    """Return the type of calendar days."""
    return DayColumn()


def json_type() -> TypeEngine[Any]:
    """Return the type of JSON values."""
    return JsonColumn()


def boolean_type() -> TypeEngine[bool]:
    """Return the type of truth values."""
    return sa.Boolean()


VERSION: Final = sa.Table(
    "sys_version",
    SYSTEM,
    sa.Column("number", sa.BigInteger(), primary_key=True, autoincrement=False),
    sa.Column("at", instant_type(), nullable=False),
    sa.Column("by_user", id_type()),
    sa.Column("message", text_type(), nullable=False),
    sa.Column("fingerprint", text_type(), nullable=False),
    sa.Column("documents", json_type(), nullable=False),
)
"""Every published version: the hashes of its documents."""

DOCUMENT: Final = sa.Table(
    "sys_document",
    SYSTEM,
    sa.Column("hash", text_type(), primary_key=True),
    sa.Column("module", text_type(), nullable=False),
    sa.Column("kind", text_type(), nullable=False),
    sa.Column("name", text_type(), nullable=False),
    sa.Column("content", text_type(), nullable=False),
)
"""Documents by hash of their content; never changed, shared between versions."""

LIVE: Final = sa.Table(
    "sys_live",
    SYSTEM,
    sa.Column("id", sa.Integer(), primary_key=True, autoincrement=False),
    sa.Column("version", sa.BigInteger(), nullable=False),
    sa.Column("names_revision", sa.BigInteger()),
    sa.Column("names_forgotten", sa.BigInteger()),
)
"""One row: the number of the live version (0 is the empty workspace).

`names_revision` grows whenever rows of `sys_name` are written, `names_forgotten` is the revision in
which some were last removed.
"""

NAME: Final = sa.Table(
    "sys_name",
    SYSTEM,
    sa.Column("number", sa.BigInteger(), primary_key=True, autoincrement=False),
    sa.Column("definition_id", text_type(), nullable=False, index=True),
    sa.Column("kind", text_type(), nullable=False),
    sa.Column("physical", text_type(), nullable=False),
    sa.Column("object_id", text_type()),
    sa.Column("dropped_at_version", sa.BigInteger()),
    sa.Column("storage", text_type()),
    sa.Column("dropped_at", instant_type()),
    sa.Column("rows_at", instant_type()),
    sa.Column("preparing", boolean_type()),
    sa.Column("revision", sa.BigInteger()),
    sa.Column("going", boolean_type()),
    sa.Column("since_version", sa.BigInteger()),
    sa.Column("spans", text_type()),
)
"""Which table or column holds which definition; `number` is the physical name's suffix.

`revision` is the one in which the row was written last. Only `names.py` writes this table.
"""

SETTING: Final = sa.Table(
    "sys_setting",
    SYSTEM,
    sa.Column("key", text_type(), primary_key=True),
    sa.Column("value", json_type()),
)
"""Settings of the workspace that are kept in the database: zone, business clock, fall-back role."""

LIVE_VERSION: Final = sa.select(LIVE.c.version).scalar_subquery()
"""The live version as a scalar: what each statement that reads business rows carries."""

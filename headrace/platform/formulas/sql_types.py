"""How values stand in SQL: which column type has which form, on each dialect.

Numbers are NUMERIC on PostgreSQL and counts of the smallest unit in BIGINT columns on SQLite; days and
instants are DATE and TIMESTAMPTZ, or on SQLite text that sorts alike.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final, Literal, Protocol, TypeAlias

import sqlalchemy as sa

from headrace.platform.formulas import tree
from headrace.platform.formulas.decimals import from_count, to_count
from headrace.platform.formulas.types import PRECISION, Kind, Type

Dialect: TypeAlias = Literal["sqlite", "postgresql"]
Column: TypeAlias = sa.ColumnElement[Any]

_SQLITE: Final[dict[Kind, sa.types.TypeEngine[Any]]] = {
    Kind.TEXT: sa.Text(),
    Kind.NUMBER: sa.BigInteger(),
    Kind.BOOLEAN: sa.Boolean(),
    Kind.DATE: sa.Text(),
    Kind.DATETIME: sa.Text(),
    Kind.REFERENCE: sa.Text(),
    Kind.FILE: sa.Text(),
    Kind.REFERENCES: sa.Text(),
    Kind.POLYMORPHIC: sa.Text(),
    Kind.ROWS: sa.Text(),
    Kind.NULL: sa.Text(),
}
_POSTGRESQL: Final[dict[Kind, sa.types.TypeEngine[Any]]] = {
    Kind.TEXT: sa.Text(),
    Kind.NUMBER: sa.Numeric(),
    Kind.BOOLEAN: sa.Boolean(),
    Kind.DATE: sa.Date(),
    Kind.DATETIME: sa.DateTime(timezone=True),
    Kind.REFERENCE: sa.Uuid(as_uuid=False),
    Kind.FILE: sa.Text(),
    Kind.REFERENCES: sa.Text(),
    Kind.POLYMORPHIC: sa.Text(),
    Kind.ROWS: sa.Text(),
    Kind.NULL: sa.Text(),
}


class SqlBinder(Protocol):
    """Where the SQL of a formula gets its columns and session values from, in storage form."""

    @property
    def dialect(self) -> Dialect:
        """The dialect to compile for."""
        ...

    @property
    def zone(self) -> str:
        """The name of the workspace's time zone."""
        ...

    def column(self, path: tuple[str, ...], /) -> Column:
        """Return the column of a field of the record, or of one reached over lookups."""
        ...

    def outer(self, path: tuple[str, ...], /) -> Column:
        """Return a field of the record that a query is asked for, as column or parameter."""
        ...

    def constant(self, name: str, /) -> Column:
        """Return a workspace constant."""
        ...

    def today(self) -> Column:
        """Return the workspace's present day."""
        ...

    def now(self) -> Column:
        """Return the workspace's present instant."""
        ...

    def user(self) -> Column:
        """Return the id of the user who acts."""
        ...

    def organisation(self) -> Column:
        """Return the id of the user's organisation."""
        ...

    def has_role(self, name: str, /) -> Column:
        """Return whether the user holds a role."""
        ...

    def in_subtree(self, node: Column, root: Column, /) -> Column:
        """Return whether `node` is `root` or below it."""
        ...


def storage_type(kind: Kind, dialect: Dialect) -> sa.types.TypeEngine[Any]:
    """Return the SQL type in which expressions of `kind` are computed."""
    return (_SQLITE if dialect == "sqlite" else _POSTGRESQL)[kind]


def fixed_numeric(scale: int) -> sa.Numeric[Any]:
    """Return PostgreSQL's type for numbers of `scale`: a cast to it rounds and checks."""
    return sa.Numeric(PRECISION, scale)


def storage_value(value: tree.Value, type_: Type, dialect: Dialect) -> Any:
    """Return a Python value in the form in which the dialect stores it."""
    if value is None or dialect == "postgresql":
        return value
    match value:
        case Decimal():
            return to_count(value, type_.scale)
        case datetime():
            return tree.instant_text(value)
        case date():
            return value.isoformat()
        case _:
            return value


def python_value(stored: Any, type_: Type, dialect: Dialect) -> tree.Value:
    """Return what the database gave for an expression of `type_` as a Python value."""
    if stored is None:
        return None
    if type_.kind is Kind.NUMBER:
        if dialect == "sqlite":
            return from_count(stored, type_.scale)
        return Decimal(stored).quantize(Decimal(1).scaleb(-type_.scale))
    if dialect == "sqlite" and type_.kind in (Kind.DATE, Kind.DATETIME):
        return tree.value_from_json(stored, type_.kind)
    return bool(stored) if type_.kind is Kind.BOOLEAN else stored


def bound(value: tree.Value, type_: Type, dialect: Dialect) -> Column:
    """Return `value` as a bind parameter in storage form; None as a typed null."""
    storage = storage_type(type_.kind, dialect)
    if value is None:
        return sa.cast(sa.null(), storage) if dialect == "postgresql" else sa.null()
    return sa.literal(storage_value(value, type_, dialect), storage)

"""A formula as a value that the database can compute for a row of its table, where that is possible."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from headrace.platform.database.tables import ObjectTable
from headrace.platform.formulas.expression import Expression
from headrace.platform.formulas.functions.base import SQL_ENGINES
from headrace.platform.formulas.sql import UnsupportedInSqlError, compile_sql
from headrace.platform.formulas.types import Kind
from headrace.platform.metadata.catalog import FieldModel, ObjectModel
from headrace.platform.metadata.storage_types import Dialect
from headrace.platform.publishing.filling.recomputing import RowBinder


def sql_value(
    expression: Expression,
    model: ObjectModel,
    table: ObjectTable,
    field: FieldModel,
    dialect: Dialect,
    zone: str,
) -> sa.ColumnElement[Any] | None:
    """Return the formula as a value of the field's column; None where Python must evaluate it."""
    if not _reads_own_columns_only(expression, model):
        return None
    try:
        value = compile_sql(expression.tree, RowBinder(model, table, dialect, zone))
    except (UnsupportedInSqlError, TypeError):
        return None
    if expression.type.kind is Kind.NUMBER:
        return _scaled(value, expression.type.scale, field, dialect)
    return value


def _reads_own_columns_only(expression: Expression, model: ObjectModel) -> bool:
    stored = {field.id for field in model.fields.values() if field.stored}
    return (
        expression.engines() >= SQL_ENGINES
        and all(len(path) == 1 and path[0] in stored for path in expression.references())
        and not expression.constants()
        and not (expression.uses_clock or expression.uses_user or expression.uses_old)
    )


def _scaled(
    value: sa.ColumnElement[Any], scale: int, field: FieldModel, dialect: Dialect
) -> sa.ColumnElement[Any] | None:
    """Return a number as the column stores it; None where digits would have to go."""
    missing = field.storage.scale - scale
    if missing < 0 or field.storage.kind not in {"integer", "decimal"}:
        return None
    return value * 10**missing if dialect == "sqlite" and missing else value

"""Parameters that a compiled statement gets when it runs: who asks, where, when.

Statements are compiled once and run for everybody with the same rights, so whatever differs from
person to person or from day to day is a parameter with a name from here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import orjson
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from headrace.platform.metadata.storage_types import DATE, ID, INSTANT, SEPARATOR, Dialect, Storage

Column = sa.ColumnElement[Any]
Condition = sa.ColumnElement[bool]

USER: Final = "p_user"
ORGANISATION: Final = "p_organisation"
TODAY: Final = "p_today"
NOW: Final = "p_now"
CREDENTIAL: Final = "p_credential"
REAL_NOW: Final = "p_real_now"
TERRITORIES: Final = "p_territories_"
"""Followed by the name of a role: the territories within which the user holds it."""


def parameter(name: str, storage: Storage, dialect: Dialect) -> Column:
    """Return the late parameter `name`, which takes one driver value of `storage`."""
    return sa.bindparam(name, type_=storage.column_type(dialect), required=True)


def user_parameter(dialect: Dialect) -> Column:
    """Return the id of the user who asks."""
    return parameter(USER, ID, dialect)


def organisation_parameter(dialect: Dialect) -> Column:
    """Return the id of the organisation of the user, null for none."""
    return parameter(ORGANISATION, ID, dialect)


def today_parameter(dialect: Dialect) -> Column:
    """Return the workspace's present calendar day."""
    return parameter(TODAY, DATE, dialect)


def now_parameter(dialect: Dialect) -> Column:
    """Return the workspace's present instant."""
    return parameter(NOW, INSTANT, dialect)


def is_one_of(column: Column, name: str, storage: Storage, dialect: Dialect) -> Condition:
    """Return whether `column` is in the list that the late parameter `name` takes.

    The text of the statement does not depend on the length of the list.
    """
    if dialect == "postgresql":
        items = ARRAY(storage.column_type(dialect))
        return column == sa.any_(sa.bindparam(name, type_=items, required=True))
    listed = sa.func.json_each(sa.bindparam(name, type_=sa.String(), required=True))
    return column.in_(sa.select(listed.table_valued("value").c.value))


def holds_values(column: Column, name: str, *, every: bool, dialect: Dialect) -> Condition:
    """Return whether a column of several values holds `every`, or any, of those in a parameter.

    Null where the column is null, as other comparisons are.
    """
    if dialect == "postgresql":
        texts = ARRAY(sa.Text())
        held = sa.func.string_to_array(column, SEPARATOR, type_=texts)
        asked = sa.bindparam(name, type_=texts, required=True)
        return held.contains(asked) if every else held.overlap(asked)
    listed = sa.func.json_each(sa.bindparam(name, type_=sa.String(), required=True))
    value = listed.table_valued("value").c.value
    whole = sa.literal(SEPARATOR, sa.String()).concat(column).concat(SEPARATOR)
    part = sa.literal(SEPARATOR, sa.String()).concat(value).concat(SEPARATOR)
    place = sa.func.instr(whole, part, type_=sa.Integer())
    found = ~sa.exists().where(place == 0) if every else sa.exists().where(place > 0)
    return sa.case((column.is_not(None), found), else_=sa.null())


def list_value(items: Sequence[Any], dialect: Dialect) -> Any:
    """Return `items`, which are driver values, in the form that `is_one_of` takes."""
    return list(items) if dialect == "postgresql" else orjson.dumps(list(items)).decode()

"""Tables of links: which row refers to which, for columns that hold several ids.

The column of the row says what is referred to and in which order; the table of links says the same
so that it can be joined and asked from both sides, and keeps what is referred to from going. It is
an index in all but name: made from the column, dropped without loss, made anew when a kept column
is used again. Only `records.links` changes its rows.
"""

from __future__ import annotations

from typing import Any, Final

import sqlalchemy as sa

from headrace.platform.core.canonical import content_hash
from headrace.platform.database.dialects import CAPABILITIES
from headrace.platform.database.physical import MAX_NAME, IndexSpec
from headrace.platform.metadata.storage_types import ID, IDS, SEPARATOR, Dialect

RECORD: Final = "record"
LINKED: Final = "linked"
PLACE: Final = "place"


def links_table(name: str, dialect: Dialect, metadata: sa.MetaData | None = None) -> sa.Table:
    """Return a table of links: `record` stands for the row, `linked` for what it refers to.

    `place` counts from 0 in the order in which the ids stand.
    """
    kind = ID.column_type(dialect)
    return sa.Table(
        name,
        metadata or sa.MetaData(),
        sa.Column(RECORD, kind, nullable=False),
        sa.Column(LINKED, kind, nullable=False),
        sa.Column(PLACE, sa.Integer(), nullable=False),
        sqlite_with_rowid=False,
    )


def create_links(connection: sa.Connection, dialect: Dialect, spec: IndexSpec) -> None:
    """Make a table of links with keys to both sides, and fill it from the column.

    Ids of rows that are gone get no link. Takes one pass over the rows that have ids; where keys can
    be added later they are, because they are made faster over rows that are there.
    """
    alters = CAPABILITIES[dialect].alters_constraints
    metadata = sa.MetaData()
    for name in dict.fromkeys((spec.table, str(spec.links))):
        sa.Table(name, metadata, sa.Column("id", ID.column_type(dialect), primary_key=True))
    table = links_table(spec.name, dialect, metadata)
    keys: list[sa.schema.Constraint] = [
        sa.PrimaryKeyConstraint(RECORD, LINKED, name=_named("pk", spec))
    ]
    for column, target, action in (
        (RECORD, spec.table, "CASCADE"),
        (LINKED, str(spec.links), "RESTRICT"),
    ):
        name = _named(f"fk_{column}", spec)
        keys.append(sa.ForeignKeyConstraint([column], [f"{target}.id"], name=name, ondelete=action))
    if not alters:
        _constrain(table, keys)
    connection.execute(sa.schema.CreateTable(table))
    connection.execute(_filled(dialect, spec, table))
    if alters:
        _constrain(table, keys)
        for key in keys:
            connection.execute(sa.schema.AddConstraint(key))
    index = sa.Index(_named("ix", spec), table.c[LINKED], table.c[RECORD])
    connection.execute(sa.schema.CreateIndex(index))


def _constrain(table: sa.Table, keys: list[sa.schema.Constraint]) -> None:
    for key in keys:
        table.append_constraint(key)


def _named(prefix: str, spec: IndexSpec) -> str:
    name = f"{prefix}_{spec.name}"
    return name if len(name) <= MAX_NAME else f"{prefix}_{content_hash(spec.name)[:20]}"


def _filled(dialect: Dialect, spec: IndexSpec, table: sa.Table) -> sa.Insert:
    (column,) = spec.columns
    rows = sa.table(
        spec.table,
        sa.column("id", ID.column_type(dialect)),
        sa.column(column, IDS.column_type(dialect)),
    )
    targets = sa.table(str(spec.links), sa.column("id", ID.column_type(dialect))).alias("linked")
    parts, value, place = _parts(dialect, rows.c[column])
    chosen = (
        sa.select(rows.c.id, targets.c.id, place)
        .select_from(rows.join(parts, sa.true()).join(targets, targets.c.id == value))
        .where(rows.c[column].is_not(None))
        .order_by(rows.c.id)
    )
    return sa.insert(table).from_select([RECORD, LINKED, PLACE], chosen)


def _parts(
    dialect: Dialect, column: sa.ColumnElement[Any]
) -> tuple[sa.FromClause, sa.ColumnElement[Any], sa.ColumnElement[Any]]:
    """Return the ids of a column as rows, with the column of the id and that of its place."""
    if dialect == "postgresql":
        texts = sa.func.string_to_array(column, SEPARATOR)
        parts = sa.func.unnest(texts).table_valued("value", with_ordinality="place")
        lateral = parts.render_derived().lateral()
        value = sa.cast(lateral.c.value, ID.column_type(dialect))
        return lateral, value, sa.cast(lateral.c.place - 1, sa.Integer())
    quoted = sa.func.replace(column, SEPARATOR, '","', type_=sa.String())
    text = sa.literal('["', sa.String()).concat(quoted).concat('"]')
    listed = sa.func.json_each(text).table_valued("key", "value")
    return listed, listed.c.value, listed.c.key

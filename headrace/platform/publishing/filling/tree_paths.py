"""Makes the paths of an object that became a tree, from the roots down."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa

from headrace.platform.core.errors import RefusedError
from headrace.platform.core.problems import Message
from headrace.platform.database.tables import ObjectTable
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.publishing.filling.rows import Filled, Rows

IN_CIRCLES: Final = Message(
    "tree.existing_circle",
    "{object} cannot be a tree: {count} rows stand below themselves.",
    "{object} 不能成为树：有 {count} 行位于自身之下。",
    "Change what these rows refer to first.",
    "请先修改这些行的引用。",
)


def fill_paths(work: UnitOfWork, table: ObjectTable, parent: sa.Column[str], rows: Rows) -> Filled:
    """Write the path of each row; raise RefusedError where rows stand below themselves."""
    if table.path is None:
        return Filled()
    text = sa.cast(table.id, sa.String())
    tree = (
        sa.select(table.id.label("id"), (sa.literal("/") + text + sa.literal("/")).label("path"))
        .where(parent.is_(None))
        .cte("tree", recursive=True)
    )
    below = table.table.alias("below")
    own = tree.c.path + sa.cast(below.c["id"], sa.String()) + sa.literal("/")
    tree = tree.union_all(sa.select(below.c["id"], own).where(below.c[parent.name] == tree.c.id))
    found = sa.select(tree.c.path).where(tree.c.id == table.id).scalar_subquery()
    if rows.ids is None and rows.until is None:
        # Paths of another parent go first: a row that none is found for must be seen to have none.
        former = sa.update(table.table).where(table.path.is_not(None))
        work.connection.execute(former.values({table.path.name: sa.null()}))
        # Over all rows the tree is walked once and joined, not looked up row by row.
        change = sa.update(table.table).where(table.id == tree.c.id)
        count = work.connection.execute(change.values({table.path.name: tree.c.path})).rowcount
    else:
        change = sa.update(table.table).where(rows.where(table.id))
        count = work.connection.execute(change.values({table.path.name: found})).rowcount
    lost = sa.select(sa.func.count()).where(rows.where(table.id), table.path.is_(None))
    circling: int = work.connection.execute(lost).scalar_one()
    if circling:
        raise RefusedError(IN_CIRCLES.at(object=table.name, count=circling))
    return Filled(count)


def fill_root_paths(work: UnitOfWork, table: ObjectTable, rows: Rows) -> Filled:
    """Let rows whose parent is empty be roots."""
    if table.path is None:
        return Filled()
    own = sa.literal("/") + sa.cast(table.id, sa.String()) + sa.literal("/")
    change = sa.update(table.table).where(rows.where(table.id))
    return Filled(work.connection.execute(change.values({table.path.name: own})).rowcount)

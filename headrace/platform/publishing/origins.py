"""What a module was like as its vendor made it: kept at its first install and at each upgrade."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from typing import Final

import sqlalchemy as sa

from headrace.platform.core.canonical import canonical_bytes
from headrace.platform.database.system_tables import SYSTEM, instant_type, text_type
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.metadata.documents import Document, renamed_modules
from headrace.platform.publishing.catalogs import Content
from headrace.platform.publishing.rows import RowsFile

ORIGIN: Final = sa.Table(
    "sys_origin",
    SYSTEM,
    sa.Column("module", text_type(), primary_key=True),
    sa.Column("at", instant_type(), nullable=False),
    sa.Column("documents", text_type(), nullable=False),
    sa.Column("rows", text_type(), nullable=False),
)
"""By module: its documents and rows as they were delivered, before anybody here changed them."""


def remember(work: UnitOfWork, content: Content, modules: Iterable[str]) -> None:
    """Keep what `content` has of `modules` as delivered, in place of what was kept before."""
    for name in modules:
        documents = [dict(one.content) for one in content.documents if one.module == name]
        rows = [[one.set, one.object, one.text] for one in content.rows if one.module == name]
        work.connection.execute(sa.delete(ORIGIN).where(ORIGIN.c.module == name))
        kept = {
            "module": name,
            "at": work.now,
            "documents": canonical_bytes(documents).decode(),
            "rows": canonical_bytes(rows).decode(),
        }
        work.connection.execute(sa.insert(ORIGIN), kept)


def remember_new(work: UnitOfWork, content: Content, before: Iterable[Document]) -> None:
    """Keep the modules that come with this publish; forget those that are gone.

    `before` are the documents that were live; what a module with another name was is kept with it.
    """
    former = tuple(before)
    renamed = renamed_modules(former, content.documents)
    for old, new in renamed.items():
        change = sa.update(ORIGIN).where(ORIGIN.c.module == old)
        work.connection.execute(change.values(module=new))
    known = {renamed.get(one.module, one.module) for one in former}
    present = {one.module for one in content.documents}
    gone = known - present
    if gone:
        work.connection.execute(sa.delete(ORIGIN).where(ORIGIN.c.module.in_(gone)))
    remember(work, content, sorted(present - known))


def origins(connection: sa.Connection, modules: Collection[str]) -> Mapping[str, Content]:
    """Return the modules as they were delivered; those that are not known are left out."""
    query = sa.select(ORIGIN).where(ORIGIN.c.module.in_(modules))
    return {
        row.module: Content(
            tuple(Document(row.module, one) for one in json.loads(row.documents)),
            tuple(RowsFile(row.module, *one) for one in json.loads(row.rows)),
        )
        for row in connection.execute(query)
    }

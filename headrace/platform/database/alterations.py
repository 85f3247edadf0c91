"""Alembic's operations over a connection; a process that changes no table does without the library."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

if TYPE_CHECKING:
    from alembic.operations import Operations


def alterations(connection: sa.Connection) -> Operations:
    """Return what changes tables in the transaction of a connection."""
    from alembic.migration import MigrationContext  # noqa: PLC0415 - see above
    from alembic.operations import Operations  # noqa: PLC0415 - see above

    return Operations(MigrationContext.configure(connection))

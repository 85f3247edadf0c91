"""The audit trail of configuration: who changed which definition, from what to what. Rows are only added."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

import sqlalchemy as sa

from headrace.platform.core.problems import Text
from headrace.platform.database.engine import Database
from headrace.platform.database.system_tables import (
    SYSTEM,
    id_type,
    instant_type,
    json_type,
    text_type,
)
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.metadata.comparing import Change
from headrace.platform.metadata.storage_types import instant_text

Through = Literal["cli", "api", "screen", "system"]
PAGE: Final = 100

AUDIT: Final = sa.Table(
    "sys_audit",
    SYSTEM,
    sa.Column(
        "number",
        sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
        primary_key=True,
        autoincrement=True,
    ),
    sa.Column("at", instant_type(), nullable=False),
    sa.Column("by_user", id_type()),
    sa.Column("through", text_type(), nullable=False),
    sa.Column("action", text_type(), nullable=False),
    sa.Column("kind", text_type(), nullable=False, index=True),
    sa.Column("definition_id", text_type()),
    sa.Column("name", text_type(), nullable=False),
    sa.Column("module", text_type()),
    sa.Column("before", json_type()),
    sa.Column("after", json_type()),
    sa.Column("said", json_type()),
    sa.Column("version", sa.BigInteger()),
)
"""One row for each definition or account that was changed; the database refuses to change rows."""

_REFUSED: Final = "sys_audit is append-only"
for _event in ("UPDATE", "DELETE"):
    sa.event.listen(
        AUDIT,
        "after_create",
        sa.DDL(  # type: ignore[no-untyped-call]  # SQLAlchemy
            f"CREATE TRIGGER sys_audit_no_{_event.lower()} BEFORE {_event} ON sys_audit "
            f"BEGIN SELECT RAISE(ABORT, '{_REFUSED}'); END"
        ).execute_if(dialect="sqlite"),
    )
sa.event.listen(
    AUDIT,
    "after_create",
    sa.DDL(  # type: ignore[no-untyped-call]  # SQLAlchemy
        "CREATE OR REPLACE FUNCTION sys_audit_refuse() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{_REFUSED}'; END $$"
    ).execute_if(dialect="postgresql"),
)
sa.event.listen(
    AUDIT,
    "after_create",
    sa.DDL(  # type: ignore[no-untyped-call]  # SQLAlchemy
        "CREATE TRIGGER sys_audit_append_only BEFORE UPDATE OR DELETE ON sys_audit "
        "FOR EACH ROW EXECUTE FUNCTION sys_audit_refuse()"
    ).execute_if(dialect="postgresql"),
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One change of configuration; never holds a secret."""

    action: str
    kind: str
    name: str
    definition_id: str | None = None
    module: str | None = None
    before: Any = None
    after: Any = None
    said: tuple[Mapping[str, str], ...] = ()
    version: int | None = None


def record(
    work: UnitOfWork, entries: Iterable[Entry], by_user: str | None, through: Through = "system"
) -> None:
    """Add entries in the transaction of the change that they tell of."""
    rows = [
        {
            "at": work.now,
            "by_user": by_user,
            "through": through,
            "action": one.action,
            "kind": one.kind,
            "definition_id": one.definition_id,
            "name": one.name,
            "module": one.module,
            "before": one.before,
            "after": one.after,
            "said": list(one.said),
            "version": one.version,
        }
        for one in entries
    ]
    if rows:
        work.connection.execute(sa.insert(AUDIT), rows)


def record_publish(
    work: UnitOfWork, changes: Iterable[Change], version: int, by_user: str | None
) -> None:
    """Add one entry for each definition that a publish changed."""
    by_definition: dict[tuple[str, str, str], list[Change]] = {}
    for one in changes:
        by_definition.setdefault((one.kind, one.id, one.name), []).append(one)
    through: Through = "cli" if by_user is None else "api"
    record(work, (_entry(many, version) for many in by_definition.values()), by_user, through)


def _entry(changes: list[Change], version: int) -> Entry:
    """Return the entry of one definition: what stood at each place, and what stands there now."""
    first = changes[0]
    whole = first.action if first.path == "" and first.action in {"add", "remove"} else "change"
    return Entry(
        action=whole,
        kind=first.kind,
        name=first.name,
        definition_id=first.id or None,
        module=first.module,
        before=[{"path": one.path, "value": one.before} for one in changes],
        after=[{"path": one.path, "value": one.after} for one in changes],
        said=tuple(one.sentence.as_dict() for one in changes),
        version=version,
    )


def read_audit(
    database: Database,
    *,
    since: datetime | None = None,
    kind: str | None = None,
    name: str | None = None,
    before_number: int | None = None,
    limit: int = PAGE,
) -> list[dict[str, Any]]:
    """Return entries, the newest first; `before_number` goes on behind a page."""
    query = sa.select(AUDIT).order_by(AUDIT.c.number.desc()).limit(limit)
    if since is not None:
        query = query.where(AUDIT.c.at >= since)
    if kind is not None:
        query = query.where(AUDIT.c.kind == kind)
    if name is not None:
        query = query.where(AUDIT.c.name == name)
    if before_number is not None:
        query = query.where(AUDIT.c.number < before_number)
    with database.reading() as reading:
        return [dict(row) for row in reading.connection.execute(query).mappings()]


def shown_entry(
    entry: Mapping[str, Any], logins: Mapping[str, str], language: str
) -> dict[str, Any]:
    """Return the JSON form of an entry in one language, with the login of who did it."""
    said = [Text(one.get("en", ""), one.get("zh", "")) for one in entry["said"] or ()]
    return {
        "number": entry["number"],
        "at": instant_text(entry["at"]),
        "by": logins.get(entry["by_user"] or ""),
        "through": entry["through"],
        "action": entry["action"],
        "kind": entry["kind"],
        "id": entry["definition_id"],
        "name": entry["name"],
        "module": entry["module"],
        "version": entry["version"],
        "before": entry["before"],
        "after": entry["after"],
        "changes": [one.within(language) for one in said],
    }

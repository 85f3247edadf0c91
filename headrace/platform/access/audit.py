"""The audit trail of configuration: who changed what, from what to what. Rows are only added.

A row holds the parts that changed, not the whole; a value that is long stands there as its size, its hash and
its beginning, a whole definition as the hash under which versions keep it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import sqlalchemy as sa

from headrace.platform.core.canonical import canonical_bytes, content_hash
from headrace.platform.core.problems import Text
from headrace.platform.database.system_tables import (
    SYSTEM,
    id_type,
    instant_type,
    json_type,
    text_type,
)
from headrace.platform.database.unit_of_work import COMMAND_LINE, Actor, UnitOfWork
from headrace.platform.metadata.comparing import Change

EntryAction = Literal[
    "add",
    "change",
    "remove",
    "load",
    "unload",
    "uninstall",
    "upgrade",
    "rollback",
    "discard",
    "publish",
    "close",
    "reopen",
    "retry",
    "cancel",
]
MOST_PIECES: Final = 200
LONGEST_VALUE: Final = 2_000
"""Bytes of JSON that an entry holds of one value."""
EXCERPT: Final = 200
AND_MORE: Final = Text("and {count} more changes", "以及另外 {count} 处修改")

AUDIT: Final = sa.Table(
    "sys_audit",
    SYSTEM,
    sa.Column(
        "number",
        sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
        primary_key=True,
        autoincrement=True,
    ),
    sa.Column("at", instant_type(), nullable=False, index=True),
    sa.Column("by_user", id_type(), index=True),
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
"""One row for each definition, account, token, setting or draft that was changed, and for each module
that was loaded or taken away; the database refuses to change rows."""

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
class Piece:
    """One change in an entry: where, from what to what, and that as a sentence."""

    path: str
    before: Any
    after: Any
    said: Text


@dataclass(frozen=True, slots=True)
class Entry:
    """One change of configuration; never holds a secret."""

    action: EntryAction
    kind: str
    name: str
    definition_id: str | None = None
    module: str | None = None
    pieces: Sequence[Piece] = ()
    version: int | None = None


def record(work: UnitOfWork, entries: Iterable[Entry], actor: Actor | None = None) -> None:
    """Add entries in the transaction of the change that they tell of; its actor did it."""
    who = actor or work.actor
    rows = [
        {
            "at": work.now,
            "by_user": who.user_id,
            "through": who.through,
            "action": one.action,
            "kind": one.kind,
            "definition_id": one.definition_id,
            "name": one.name,
            "module": one.module,
            "before": [_kept(one, piece.path, piece.before) for piece in _told(one)],
            "after": [_kept(one, piece.path, piece.after) for piece in _told(one)],
            "said": _said(one),
            "version": one.version,
        }
        for one in entries
    ]
    if rows:
        work.connection.execute(sa.insert(AUDIT), rows)


def actor_of(by_user: str | None) -> Actor:
    """Return who a use case says it acts for: a user of the API, nobody on the command line."""
    return COMMAND_LINE if by_user is None else Actor(by_user, "api")


def record_publish(
    work: UnitOfWork, changes: Iterable[Change], version: int, by_user: str | None
) -> None:
    """Add one entry for each definition that a publish changed."""
    record(work, entries_of(changes, version), actor_of(by_user))


def entries_of(changes: Iterable[Change], version: int | None = None) -> list[Entry]:
    """Return one entry for each definition: what stood at each place, and what stands there now."""
    by_definition: dict[tuple[str, str, str], list[Change]] = {}
    for one in changes:
        by_definition.setdefault((one.kind, one.id, one.name), []).append(one)
    return [_entry(many, version) for many in by_definition.values()]


def pieces_of(changes: Iterable[Change]) -> list[Piece]:
    """Return differences of documents as pieces of an entry."""
    return [Piece(one.path, one.before, one.after, one.sentence) for one in changes]


def _entry(changes: list[Change], version: int | None) -> Entry:
    first = changes[0]
    whole = first.path == "" and first.action in {"add", "remove"}
    return Entry(
        action="change" if not whole else "add" if first.action == "add" else "remove",
        kind=first.kind,
        name=first.name,
        definition_id=first.id or None,
        module=first.module,
        pieces=pieces_of(changes),
        version=version,
    )


def _told(entry: Entry) -> Sequence[Piece]:
    return entry.pieces[:MOST_PIECES]


def _said(entry: Entry) -> list[dict[str, str]]:
    told = [piece.said for piece in _told(entry)]
    more = len(entry.pieces) - len(told)
    if more:
        told.append(Text(*(one.format(count=more) for one in (AND_MORE.en, AND_MORE.zh))))
    return [one.as_dict() for one in told]


def _kept(entry: Entry, path: str, value: Any) -> dict[str, Any]:
    """Return a value with its place; of a long one what tells it from others and where it stands."""
    written = canonical_bytes(value)
    if len(written) <= LONGEST_VALUE:
        return {"path": path, "value": value}
    if isinstance(value, Mapping) and "kind" in value and entry.version is not None:
        # Versions keep the definition under this hash for good.
        return {
            "path": path,
            "document": content_hash([entry.module, value]),
            "bytes": len(written),
        }
    return {
        "path": path,
        "hash": content_hash(value),
        "bytes": len(written),
        "excerpt": written.decode()[:EXCERPT],
    }

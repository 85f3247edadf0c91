"""The system tables of jobs and notifications.

`due` and `at` of a notification are the workspace's clock; everything else is the real clock's.
"""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa

from headrace.platform.database.system_tables import (
    SYSTEM,
    id_type,
    instant_type,
    json_type,
    text_type,
)

JOB: Final = sa.Table(
    "sys_job",
    SYSTEM,
    sa.Column("id", id_type(), primary_key=True),
    sa.Column("kind", text_type(), nullable=False),
    sa.Column("payload", json_type(), nullable=False),
    sa.Column("key", text_type()),
    sa.Column("state", text_type(), nullable=False),
    sa.Column("due", instant_type(), nullable=False),
    sa.Column("attempts", sa.Integer(), nullable=False),
    sa.Column("leased_until", instant_type()),
    sa.Column("leased_by", text_type()),
    sa.Column("error", text_type()),
    sa.Column("created", instant_type(), nullable=False),
    sa.Column("finished", instant_type()),
    sa.Column("by_user", id_type()),
    sa.Column("progress", json_type()),
    sa.Column("result", json_type()),
    sa.Column("cancel", sa.Boolean()),
    sa.Column("handed_until", instant_type()),
)
"""Work to do after the commit that asked for it.

States: `waiting` (for its due time), `started` (leased until an instant; after it anybody may try
again, so a lease is also how a failed job waits), `done`, `dead` (gave up), `cancelled`, `refused` (a long
job that cannot be done; `result` holds the problems). `leased_by` is empty while a
job waits in that way. `by_user` may ask how far a long job is
(`progress`) and have it cancelled (`cancel` asks for it while it runs). `handed_until`: a broker was
told of it; who was told has until then to take it, after that others are told too.
"""

sa.Index(
    "uq_sys_job_key",
    JOB.c.key,
    unique=True,
    sqlite_where=JOB.c.state == "waiting",
    postgresql_where=JOB.c.state == "waiting",
)
sa.Index(
    "ix_sys_job_waiting",
    JOB.c.due,
    JOB.c.id,
    sqlite_where=JOB.c.state == "waiting",
    postgresql_where=JOB.c.state == "waiting",
)
sa.Index(
    "ix_sys_job_started",
    JOB.c.leased_until,
    sqlite_where=JOB.c.state == "started",
    postgresql_where=JOB.c.state == "started",
)
sa.Index("ix_sys_job_finished", JOB.c.state, JOB.c.finished)

NOTIFICATION: Final = sa.Table(
    "sys_notification",
    SYSTEM,
    sa.Column("id", id_type(), primary_key=True),
    sa.Column("user", id_type(), nullable=False),
    sa.Column("kind", text_type(), nullable=False),
    sa.Column("text", json_type(), nullable=False),
    sa.Column("object_id", text_type()),
    sa.Column("record_id", id_type()),
    sa.Column("task", id_type()),
    sa.Column("at", instant_type(), nullable=False),
    sa.Column("read_at", instant_type()),
    sa.Column("digest", text_type()),
)
"""What a user is told inside the product; `text` is in both languages.

`digest` is `waiting` while the next daily mail is to name it, `sent` once one did.
"""

sa.Index("ix_sys_notification_user", NOTIFICATION.c.user, NOTIFICATION.c.id)
sa.Index(
    "ix_sys_notification_unread",
    NOTIFICATION.c.user,
    sqlite_where=NOTIFICATION.c.read_at.is_(None),
    postgresql_where=NOTIFICATION.c.read_at.is_(None),
)
sa.Index(
    "ix_sys_notification_digest",
    NOTIFICATION.c.user,
    sqlite_where=NOTIFICATION.c.digest == "waiting",
    postgresql_where=NOTIFICATION.c.digest == "waiting",
)

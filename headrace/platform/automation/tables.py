"""The system tables of automations: runs and their actions.

`at`, `started_at` and `ended_at` are the workspace's clock, `created` is the machine's. `object_id`
and `record_id` name the record: no foreign key, because its table is the workspace's.
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

AUTOMATION_RUN: Final = sa.Table(
    "sys_automation_run",
    SYSTEM,
    sa.Column("id", id_type(), primary_key=True),
    sa.Column("automation", text_type(), nullable=False),
    sa.Column("name", text_type(), nullable=False),
    sa.Column("object_id", text_type(), nullable=False),
    sa.Column("record_id", id_type()),
    sa.Column("event", text_type(), nullable=False),
    sa.Column("mode", text_type(), nullable=False),
    sa.Column("user", id_type()),
    sa.Column("started_by", id_type()),
    sa.Column("state", text_type(), nullable=False),
    sa.Column("position", sa.Integer(), nullable=False),
    sa.Column("progress", json_type()),
    sa.Column("chain", json_type(), nullable=False),
    sa.Column("definition", text_type(), nullable=False),
    sa.Column("metadata_version", sa.BigInteger(), nullable=False),
    sa.Column("problems", json_type()),
    sa.Column("at", instant_type(), nullable=False),
    sa.Column("ended_at", instant_type()),
    sa.Column("created", instant_type(), nullable=False),
)
"""One automation that was started by one record. States: `waiting`, `done`, `failed`, `skipped` (the
record was gone).

`mode` is `after` (in the transaction of its cause) or `job`. `user` is in whose name it runs, None
for the system; `started_by` whose write was its cause. `position` is the action that comes next,
`progress` how far that one is. `chain` names the automations that led to it, with their records.
`definition` is the hash of the actions when it was started: a run goes on only with the same.
"""

sa.Index("ix_sys_automation_run_state", AUTOMATION_RUN.c.state, AUTOMATION_RUN.c.id)
sa.Index("ix_sys_automation_run_record", AUTOMATION_RUN.c.record_id, AUTOMATION_RUN.c.id)
sa.Index("ix_sys_automation_run_automation", AUTOMATION_RUN.c.automation, AUTOMATION_RUN.c.id)

AUTOMATION_ACTION: Final = sa.Table(
    "sys_automation_action",
    SYSTEM,
    sa.Column("id", id_type(), primary_key=True),
    sa.Column("run", id_type(), sa.ForeignKey(AUTOMATION_RUN.c.id), nullable=False, index=True),
    sa.Column("position", sa.Integer(), nullable=False),
    sa.Column("kind", text_type(), nullable=False),
    sa.Column("state", text_type(), nullable=False),
    sa.Column("did", json_type(), nullable=False),
    sa.Column("problems", json_type()),
    sa.Column("ended_at", instant_type(), nullable=False),
)
"""What an action of a run did, one row for each transaction. States: `done`, `skipped` (its condition
did not hold), `failed`."""

"""The system tables of automations: runs and their actions.

`at`, `started_at` and `ended_at` are the workspace's clock, `created` is the machine's. `object_id`
and `record_id` name the record: no foreign key, because its table is the workspace's.
"""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa

from headrace.platform.database.system_tables import (
    RETIRED_INDEXES,
    SYSTEM,
    boolean_type,
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
    sa.Column("inputs", json_type()),
    sa.Column("undoes", id_type()),
)
"""One automation that was started by one record. States: `waiting`, `done`, `failed`, `skipped` (the
record was gone).

`mode` is `after` (in the transaction of its cause) or `job`. `user` is in whose name it runs, None
for the system; `started_by` whose write was its cause. `position` is the action that comes next,
`progress` how far that one is. `chain` names the automations that led to it, with their records.
`definition` is the hash of the actions when it was started: a run goes on only with the same.
`inputs` is what was entered by who pressed the button, as the API takes it. A run that `undoes`
another takes back what that one did.
"""

sa.Index("ix_sys_automation_run_state", AUTOMATION_RUN.c.state, AUTOMATION_RUN.c.id)
sa.Index("ix_sys_automation_run_record", AUTOMATION_RUN.c.record_id, AUTOMATION_RUN.c.id)
sa.Index("ix_sys_automation_run_undoes", AUTOMATION_RUN.c.undoes)
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
"""What an action of a run did, one row for each transaction; `did` names the records, and of what was
set the values before and after by the id of the field, as the API sends them. States: `done`, `skipped` (its condition
did not hold), `failed`."""

WEBHOOK_ENDPOINT: Final = sa.Table(
    "sys_webhook_endpoint",
    SYSTEM,
    sa.Column("id", id_type(), primary_key=True),
    sa.Column("name", text_type(), nullable=False, unique=True),
    sa.Column("address", text_type(), nullable=False),
    sa.Column("secret", text_type(), nullable=False),
    sa.Column("active", boolean_type(), nullable=False),
    sa.Column("failures", sa.Integer(), nullable=False),
    sa.Column("paused_until", instant_type()),
    sa.Column("leased_until", instant_type()),
    sa.Column("created", instant_type(), nullable=False),
    sa.Column("form", text_type()),
    sa.Column("language", text_type()),
)
"""A receiver of webhooks, known to metadata by its name. Address and secret are this installation's own:
they stand in no document and are never exported. `form` is one of `robots.FORMS` (empty: `event`);
`language` is that of a robot's group.

`failures` counts attempts in a row that the receiver did not answer as it should; until `paused_until`
it is left alone. `leased_until`: one worker at a time sends to it. Instants are the machine's clock.
"""

WEBHOOK_DELIVERY: Final = sa.Table(
    "sys_webhook_delivery",
    SYSTEM,
    sa.Column("id", id_type(), primary_key=True),
    sa.Column("endpoint", id_type(), sa.ForeignKey(WEBHOOK_ENDPOINT.c.id), nullable=False),
    sa.Column("event", text_type(), nullable=False),
    sa.Column("object_id", text_type(), nullable=False),
    sa.Column("record_id", id_type(), nullable=False),
    sa.Column("body", text_type(), nullable=False),
    sa.Column("state", text_type(), nullable=False),
    sa.Column("attempts", sa.Integer(), nullable=False),
    sa.Column("due", instant_type(), nullable=False),
    sa.Column("status", sa.Integer()),
    sa.Column("error", text_type()),
    sa.Column("created", instant_type(), nullable=False),
    sa.Column("ended", instant_type()),
)
"""An event on its way to an endpoint; its id is the event's. States: `waiting`, `done`, `dead` (given up)."""

sa.Index(
    "ix_sys_webhook_delivery_due",
    WEBHOOK_DELIVERY.c.endpoint,
    WEBHOOK_DELIVERY.c.due,
    WEBHOOK_DELIVERY.c.id,
    sqlite_where=WEBHOOK_DELIVERY.c.state == "waiting",
    postgresql_where=WEBHOOK_DELIVERY.c.state == "waiting",
)
"""The event that is due first, however many wait for a receiver that does not answer."""
sa.Index(
    "ix_sys_webhook_delivery_record",
    WEBHOOK_DELIVERY.c.endpoint,
    WEBHOOK_DELIVERY.c.record_id,
    WEBHOOK_DELIVERY.c.id,
    WEBHOOK_DELIVERY.c.state,
)
"""The events of one record for a receiver, in their order."""
sa.Index("ix_sys_webhook_delivery_state", WEBHOOK_DELIVERY.c.state, WEBHOOK_DELIVERY.c.id)
WEBHOOK_DELIVERY.info[RETIRED_INDEXES] = ("ix_sys_webhook_delivery_waiting",)

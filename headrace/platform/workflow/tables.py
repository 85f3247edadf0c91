"""The system tables of approvals: runs, their steps, tasks and decisions.

Instants are the workspace's clock. `object_id` and `record_id` name the record: no foreign key,
because its table is the workspace's and may be replaced.
"""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa

from headrace.platform.access.tables import USER
from headrace.platform.database.system_tables import (
    RETIRED_INDEXES,
    SYSTEM,
    boolean_type,
    day_type,
    id_type,
    instant_type,
    json_type,
    text_type,
)

DECIDING: Final = ("approve", "reject", "return")
"""The actions by which people decide a task."""

TALK: Final = ("comment", "ask_opinion", "opinion", "copy")
"""What colleagues say to each other: partners see only what they said themselves."""

DEFINITION: Final = sa.Table(
    "sys_approval_definition",
    SYSTEM,
    sa.Column("hash", text_type(), primary_key=True),
    sa.Column("content", json_type(), nullable=False),
)
"""What runs are pinned to: the approval and its transition as they were published, by hash."""

RUN: Final = sa.Table(
    "sys_approval_run",
    SYSTEM,
    sa.Column("id", id_type(), primary_key=True),
    sa.Column("object_id", text_type(), nullable=False),
    sa.Column("record_id", id_type(), nullable=False),
    sa.Column("definition", text_type(), sa.ForeignKey(DEFINITION.c.hash), nullable=False),
    sa.Column("metadata_version", sa.BigInteger(), nullable=False),
    sa.Column("fingerprint", text_type(), nullable=False),
    sa.Column("state", text_type(), nullable=False),
    sa.Column("submission", sa.Integer(), nullable=False),
    sa.Column("from_state", text_type(), nullable=False),
    sa.Column("base_version", sa.BigInteger()),
    sa.Column("submitter", id_type(), sa.ForeignKey(USER.c.id), nullable=False),
    sa.Column("excluded", json_type(), nullable=False),
    sa.Column("comment", text_type()),
    sa.Column("title", text_type(), nullable=False),
    sa.Column("summary", json_type(), nullable=False),
    sa.Column("tags", json_type(), nullable=False),
    sa.Column("snapshot", json_type(), nullable=False),
    sa.Column("left_with", json_type()),
    sa.Column("choices", json_type()),
    sa.Column("standing", json_type()),
    sa.Column("started_at", instant_type(), nullable=False),
    sa.Column("ended_at", instant_type()),
    sa.Column("spent_seconds", sa.BigInteger()),
    sa.Column("due_at", instant_type()),
    sa.Column("organisation", id_type()),
)
"""One approval of one record. States: `open`, `approved`, `rejected`, `returned` (to its submitter),
`withdrawn`, `cancelled`.

`submission` counts the runs of the record from 1. `base_version` is the version of the record before
anything was written with its submission. `excluded` are the people who may not decide: who
submitted, and who last changed the record before. `snapshot` are the values as submitted, by field
id; `left_with` is what the record held when it was sent back: `fields` by id, `rows` as hashes by
relation; `choices` whom the submitter chose, ids of users by the name of the step; `standing` whose approvals stand although an edit let an earlier
step be decided again, by the name of the step: `people`, whether they approved it as a `whole`, who was `added` to it, to whom tasks of it were `given`, and which `opinions` are waited for; `summary` is the sum shown in lists. `due_at` is when the time of the whole approval is up,
`spent_seconds` what of it had gone by in submissions before, by the clock of the limit.
`organisation` is that of the submitter when it was submitted.
"""

sa.Index(
    "uq_sys_approval_run_open",
    RUN.c.object_id,
    RUN.c.record_id,
    unique=True,
    sqlite_where=RUN.c.state == "open",
    postgresql_where=RUN.c.state == "open",
)
sa.Index("ix_sys_approval_run_record", RUN.c.record_id, RUN.c.object_id)
sa.Index("ix_sys_approval_run_submitter", RUN.c.submitter, RUN.c.id)

STEP: Final = sa.Table(
    "sys_step",
    SYSTEM,
    sa.Column("id", id_type(), primary_key=True),
    sa.Column("run", id_type(), sa.ForeignKey(RUN.c.id), nullable=False),
    sa.Column("position", sa.Integer(), nullable=False),
    sa.Column("node", sa.Integer()),
    sa.Column("then_node", sa.Integer()),
    sa.Column("definition", text_type()),
    sa.Column("state", text_type(), nullable=False),
    sa.Column("fallback", boolean_type(), nullable=False),
    sa.Column("opened_at", instant_type(), nullable=False),
    sa.Column("ended_at", instant_type()),
    sa.Column("due_at", instant_type()),
    sa.Column("key", text_type()),
    sa.Column("organisation", id_type()),
    sa.UniqueConstraint("run", "position"),
)
"""A step that was reached. States: `open`, `approved`, `rejected`, `returned` (to an earlier step or the
submitter), `skipped` (its condition did not hold), `passed` (its approver had just approved), `kept`
(approved before the record was sent back, and nothing that matters has changed), `closed` (the run
ended, or went back, before).

`position` is the order in which steps were reached, `node` the step of the definition (where it is
null, the same): one that was returned to is reached twice. After it `then_node` follows, where set.
In branches a run has several open steps, at most one in each; a block is complete when none is open.
`definition` is set where the run was pinned to another one since: then `node` is a step of that.

`key` names the step through the versions of its approval, where people were asked; `organisation` is that
of the run.
`fallback`: nobody was found where the definition looks, so the fall-back was asked. `due_at` is when
its time is up; the timer of its next reminder waits under the key that `timing.timer_key` gives.
"""

sa.Index("ix_sys_step_key", STEP.c.key, STEP.c.ended_at)
sa.Index("ix_sys_step_key_own", STEP.c.key, STEP.c.organisation, STEP.c.ended_at)

NODE: Final = sa.func.coalesce(STEP.c.node, STEP.c.position).label("node_of_step")
"""The step of the definition that a row of STEP is about."""

FIRST_OPEN: Final = (
    sa.select(STEP.c.run, sa.func.min(NODE).label("node"))
    .where(STEP.c.state == "open")
    .group_by(STEP.c.run)
    .subquery("first_open")
)
"""The first step of the definition that each run waits in: in branches it waits in several."""

STEP_DEFINITION: Final = sa.func.coalesce(STEP.c.definition, RUN.c.definition).label(
    "definition_of_step"
)
"""The hash of the definition in which it is that."""

TASK: Final = sa.Table(
    "sys_task",
    SYSTEM,
    sa.Column("id", id_type(), primary_key=True),
    sa.Column("run", id_type(), sa.ForeignKey(RUN.c.id), nullable=False, index=True),
    sa.Column("step", id_type(), sa.ForeignKey(STEP.c.id), nullable=False),
    sa.Column("user", id_type(), sa.ForeignKey(USER.c.id), nullable=False),
    sa.Column("role", text_type()),
    sa.Column("object_id", text_type(), nullable=False),
    sa.Column("record_id", id_type(), nullable=False),
    sa.Column("state", text_type(), nullable=False),
    sa.Column("version", sa.BigInteger(), nullable=False),
    sa.Column("record_version", sa.BigInteger(), nullable=False),
    sa.Column("opened_at", instant_type(), nullable=False),
    sa.Column("ended_at", instant_type()),
    sa.Column("round", sa.Integer()),
    sa.Column("kind", text_type()),
    sa.Column("veto", boolean_type()),
    sa.Column("added_by", id_type()),
    sa.Column("added_to", id_type()),
    sa.Column("place", text_type()),
    sa.UniqueConstraint("step", "user"),
)
"""What one person is asked. States: `open`, `waiting` (for somebody who comes before), `approved`,
`rejected`, `returned`, `answered` (an opinion), `closed` (no longer needed), `released` (the person left;
somebody else is asked), `transferred` (they gave it to somebody else).

`role` is the role for which the person was chosen; `version` grows when the record changes, `round`
when a decision is taken back. `kind` is `opinion` where only an opinion is asked, else null. `added_by`
is who added the person, from their task `added_to`, to decide `before`, `beside` or `after` them (`place`); `escalated` are those who were
asked because the time was up.
"""

sa.Index(
    "ix_sys_task_open",
    TASK.c.user,
    TASK.c.record_id,
    sqlite_where=TASK.c.state == "open",
    postgresql_where=TASK.c.state == "open",
)
sa.Index("ix_sys_task_user", TASK.c.user, TASK.c.state, TASK.c.id)

DECISION: Final = sa.Table(
    "sys_decision",
    SYSTEM,
    sa.Column("id", id_type(), primary_key=True),
    sa.Column("run", id_type(), sa.ForeignKey(RUN.c.id), nullable=False, index=True),
    sa.Column("step", id_type(), sa.ForeignKey(STEP.c.id)),
    sa.Column("task", id_type(), sa.ForeignKey(TASK.c.id)),
    sa.Column("user", id_type(), sa.ForeignKey(USER.c.id), nullable=False),
    sa.Column("action", text_type(), nullable=False),
    sa.Column("comment", text_type()),
    sa.Column("at", instant_type(), nullable=False),
    sa.Column("record_version", sa.BigInteger(), nullable=False),
    sa.Column("metadata_version", sa.BigInteger(), nullable=False),
    sa.Column("acted_for", id_type(), sa.ForeignKey(USER.c.id)),
    sa.Column("given_to", id_type(), sa.ForeignKey(USER.c.id)),
    sa.Column("to_step", text_type()),
    sa.Column("to_version", sa.BigInteger()),
    sa.Column("batch", text_type(), index=True),
    sa.Column("round", sa.Integer()),
    sa.Column("worked_seconds", sa.BigInteger()),
    sa.Column("through", text_type()),
    sa.Column("seen", text_type()),
    sa.Column("changes", json_type()),
    sa.Column("files", text_type()),
)
"""What people said: `approve`, `reject`, `return`, `take_back`, `comment`, `transfer`, `add_before`,
`add_beside`, `add_after`, `ask_opinion`, `opinion`, `withdraw`; and what the platform noted: `auto_approve`,
`keep` (an approval of before stands), `release`, `cancel`, `remind`, `escalate`, and where the time was up
`timeout_approve` or `timeout_reject`, `reopen`, `unresolved` (a formula of the approvers failed); and what administrators did: `skip`, `jump`, `reassign`, `restart`, `move`,
`undo`. Rows are added, never changed.

`acted_for` is who was asked, where a delegate of theirs decided; `given_to` who a task was
transferred to, or who was added or asked when the time was up; `worked_seconds` the working time from
asking to deciding; `to_step` the step returned to (null: the submitter), or jumped to; `to_version`
the version of definitions that the run was pinned to, before it was moved; `batch` marks what was done
together; `through` is `mail` where it was done by a link in mail. `seen` is the fingerprint of the record as it was shown to who decided. `reopen` says that an
edit lets a step be decided again: by `user`, with `changes`, each a `key` (the id of a field; a relation
of detail rows and the id of a field of theirs), the `row`, and what was `before` and is `after`.
`files` is what came with the comment, written as a field of a record holds files.
"""

sa.Index(
    "uq_sys_decision_round",
    DECISION.c.task,
    DECISION.c.round,
    unique=True,
    sqlite_where=DECISION.c.action.in_(DECIDING),
    postgresql_where=DECISION.c.action.in_(DECIDING),
)
"""A task is decided once, and once more after each time that the decision was taken back."""

DECISION.info[RETIRED_INDEXES] = ("uq_sys_decision_task",)

sa.Index("ix_sys_decision_user", DECISION.c.user, DECISION.c.id)

sa.Index(
    "ix_sys_decision_delegate",
    DECISION.c.user,
    sqlite_where=DECISION.c.acted_for.is_not(None),
    postgresql_where=DECISION.c.acted_for.is_not(None),
)

DELEGATION: Final = sa.Table(
    "sys_delegation",
    SYSTEM,
    sa.Column("id", id_type(), primary_key=True),
    sa.Column("user", id_type(), sa.ForeignKey(USER.c.id), nullable=False, index=True),
    sa.Column("delegate", id_type(), sa.ForeignKey(USER.c.id), nullable=False),
    sa.Column("first_day", day_type(), nullable=False),
    sa.Column("last_day", day_type(), nullable=False),
    sa.Column("reason", text_type()),
    sa.Column("created_at", instant_type(), nullable=False),
    sa.Column("ended_at", instant_type()),
)
"""Who decides for whom, from the first day to the last, both included, in the workspace's zone.

`ended_at` is when it was ended before its time. Rows are kept: they say who could have decided.
"""

sa.Index("ix_sys_delegation_delegate", DELEGATION.c.delegate, DELEGATION.c.last_day)

COPY: Final = sa.Table(
    "sys_copy",
    SYSTEM,
    sa.Column("id", id_type(), primary_key=True),
    sa.Column("run", id_type(), sa.ForeignKey(RUN.c.id), nullable=False, index=True),
    sa.Column("user", id_type(), sa.ForeignKey(USER.c.id), nullable=False),
    sa.Column("object_id", text_type(), nullable=False),
    sa.Column("record_id", id_type(), nullable=False),
    sa.Column("organisation", id_type()),
    sa.Column("by", id_type(), sa.ForeignKey(USER.c.id)),
    sa.Column("at", instant_type(), nullable=False),
    sa.Column("read_at", instant_type()),
)
"""A copy of an approval: its receiver may read the record, also afterwards, and decides nothing.

`organisation` is the receiver's when it was sent: who has moved to another one reads no more.
`by` is the approver who sent it by hand.
"""

sa.Index("ix_sys_copy_user", COPY.c.user, COPY.c.id)
sa.Index("ix_sys_copy_record", COPY.c.user, COPY.c.record_id)
sa.Index(
    "ix_sys_copy_unread",
    COPY.c.user,
    sqlite_where=COPY.c.read_at.is_(None),
    postgresql_where=COPY.c.read_at.is_(None),
)

"""The system table of what people chose about their notifications."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa

from headrace.platform.database.system_tables import SYSTEM, id_type, text_type

NOTIFICATION_CHOICE: Final = sa.Table(
    "sys_notification_choice",
    SYSTEM,
    sa.Column("user", id_type(), primary_key=True),
    sa.Column("topic", text_type(), primary_key=True),
    sa.Column("way", text_type(), nullable=False),
)
"""How a user is told of a topic; without a row, as the topic says."""

"""The stamp of a credential: read in the statement of the rows, so that revoking needs no wait.

Each change of what a user may do raises the stamp of the user; an ended session or token and an
inactive user have none. A principal kept from before then no longer fits.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

import sqlalchemy as sa

from headrace.platform.access.parameters import CREDENTIAL, REAL_NOW
from headrace.platform.access.principals import CredentialKind, Principal
from headrace.platform.access.tables import SESSION, TOKEN, USER
from headrace.platform.database.engine import StampQuery
from headrace.platform.database.system_tables import id_type, instant_type

_CREDENTIAL: Final = sa.bindparam(CREDENTIAL, type_=id_type(), required=True)
_NOW: Final = sa.bindparam(REAL_NOW, type_=instant_type(), required=True)

STAMPS: Final[Mapping[CredentialKind, sa.Select[Any]]] = MappingProxyType(
    {
        "session": sa.select(USER.c.stamp)
        .join_from(SESSION, USER, USER.c.id == SESSION.c.user)
        .where(SESSION.c.id == _CREDENTIAL, SESSION.c.expires > _NOW, USER.c.active),
        "token": sa.select(USER.c.stamp)
        .join_from(TOKEN, USER, USER.c.id == TOKEN.c.user)
        .where(
            TOKEN.c.id == _CREDENTIAL,
            TOKEN.c.revoked.is_(None),
            sa.or_(TOKEN.c.expires.is_(None), TOKEN.c.expires > _NOW),
            USER.c.active,
        ),
        # The instant is asked for though nothing hangs on it: all kinds take the same parameters.
        "user": sa.select(USER.c.stamp).where(
            USER.c.id == _CREDENTIAL, USER.c.active, _NOW.is_not(None)
        ),
    }
)
"""How the stamp of each kind of credential is read; the system's needs no check."""


def stamp_query(principal: Principal, real_now: datetime) -> StampQuery | None:
    """Return what a writer checks under its lock; None for the platform itself."""
    select = STAMPS.get(principal.credential.kind)
    if select is None:
        return None
    parameters = {CREDENTIAL: principal.credential.id, REAL_NOW: real_now}
    return StampQuery(select, parameters, principal.stamp)

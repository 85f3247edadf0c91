"""What one use case works with: passed down explicitly, never global.

A context holds one catalog from start to end (architecture D1). It is cheap to make: everything
in it is shared but the principal.
"""

from __future__ import annotations

import contextlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any, Final, TypeVar, cast
from zoneinfo import ZoneInfo

from headrace.platform.access.principals import SYSTEM_PRINCIPAL, Principal
from headrace.platform.access.rows import Surroundings, TaskAccess
from headrace.platform.core.clock import Clock, RealClock, today
from headrace.platform.core.ids import IdSource
from headrace.platform.core.problems import Language
from headrace.platform.database.engine import Database
from headrace.platform.database.tables import Tables
from headrace.platform.metadata.catalog import Catalog

PartT = TypeVar("PartT")
COMPILED_LIMIT: Final = 5_000
COMPILED_CATALOGS: Final = 3
"""A publish, and a request that began before it, use two at a time."""


Parts = OrderedDict[Hashable, Any]


class CompiledParts:
    """Statements, writers and schemas made once for each catalog; the least used go first.

    Only the parts of the catalogs used last are kept: what was compiled for one holds much of it, and
    nobody asks for an old one for long. Shared by all threads of a process; a part may be made
    twice at the same moment, which is harmless because parts are values.
    """

    def __init__(self, limit: int = COMPILED_LIMIT) -> None:
        self._limit = limit
        self._catalogs: OrderedDict[tuple[int, str], Parts] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, catalog: Catalog, key: Hashable, make: Callable[[], PartT]) -> PartT:
        """Return the part called `key` of `catalog`, made by `make` the first time."""
        parts = self._catalogs.get((catalog.version, catalog.fingerprint))
        if parts is None:
            parts = self._new_catalog(catalog)
        part = parts.get(key)
        if part is None:
            part = make()
            with self._lock:
                parts[key] = part
                while len(parts) > self._limit:
                    parts.popitem(last=False)
        else:
            with contextlib.suppress(KeyError):  # another thread may just have dropped it
                parts.move_to_end(key)
        return cast(PartT, part)

    def __len__(self) -> int:
        return sum(map(len, self._catalogs.values()))

    def _new_catalog(self, catalog: Catalog) -> Parts:
        """Make room for the parts of another catalog; those used longest ago go."""
        with self._lock:
            parts = self._catalogs.setdefault((catalog.version, catalog.fingerprint), Parts())
            while len(self._catalogs) > COMPILED_CATALOGS:
                self._catalogs.popitem(last=False)
            return parts


@dataclass(frozen=True, slots=True)
class Context:
    """One use case: the catalog, the tables, who asks and what time it is.

    `clock` is the business clock of the workspace, `real_clock` the machine's (leases, sessions,
    idempotency). `zone` is the workspace's zone, in which calendar days are counted. `language` is
    the one to answer in.
    """

    database: Database
    catalog: Catalog
    tables: Tables
    principal: Principal
    clock: Clock
    zone: ZoneInfo
    language: Language
    ids: IdSource
    compiled: CompiledParts
    real_clock: Clock = field(default_factory=RealClock)
    task_access: TaskAccess | None = None

    def now(self) -> datetime:
        """Return the workspace's present instant, in UTC."""
        return self.clock.now()

    def today(self) -> date:
        """Return the workspace's present calendar day."""
        return today(self.clock, self.zone)

    def surroundings(self) -> Surroundings:
        """Return what statements of this use case are compiled for."""
        return Surroundings(
            self.catalog,
            self.tables,
            self.database.dialect,
            self.zone.key,
            self.principal.rights,
            self.task_access,
        )

    def as_system(self) -> Context:
        """Return the same context for the platform itself: every row, every field."""
        return self if self.principal.is_system else replace(self, principal=SYSTEM_PRINCIPAL)

    def as_principal(self, principal: Principal) -> Context:
        """Return the same context for somebody else."""
        return replace(self, principal=principal)

"""Users among sample rows: accounts without passwords, with roles and, at last, organisations."""

from __future__ import annotations

from collections.abc import Iterator

from headrace.platform.access.identity import Identity
from headrace.platform.access.principals import RoleHolding
from headrace.platform.core.errors import RefusedError
from headrace.platform.core.problems import Message, Problem, pointer
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.metadata.catalog import ObjectModel
from headrace.platform.publishing.keys import ids_by_key
from headrace.platform.publishing.rows import RowsFile
from headrace.platform.records.context import Context

UNKNOWN_KEY = Message(
    "sample.unknown_key",
    "Line {line}: there is no “{key}”.",
    "第 {line} 行：没有“{key}”。",
    "Load the samples of the module that has it first.",
    "请先加载包含它的模块的示例数据。",
)
UNKNOWN_ROLE = Message(
    "sample.unknown_role",
    "Line {line}: there is no role “{role}”.",
    "第 {line} 行：没有角色“{role}”。",
    "Correct the role.",
    "请更正角色。",
)


class SampleUsers:
    """Makes the users of sample files; one that an earlier unload left inactive comes back."""

    def __init__(self, identity: Identity, context: Context, work: UnitOfWork) -> None:
        self._identity = identity
        self._context = context
        self._work = work
        self._made: list[tuple[RowsFile, int, dict[str, str], str]] = []

    def create(self, file: RowsFile) -> Iterator[str]:
        """Make the users of a file; organisations follow when their rows are there."""
        territories = self._ids_by_key(self._context.catalog.acting_as("territory"))
        present = {user.login: user for user in self._identity.users()}
        for line, row in enumerate(file.rows(), start=2):
            roles = self._roles(file, line, row.get("roles", ""), territories)
            former = present.get(row["login"])
            if former is not None and not former.active:
                self._identity.update_user(self._work, former.id, active=True)
                self._identity.set_roles(self._work, former.id, roles)
                user_id = former.id
            else:
                user_id = self._identity.create_user(
                    self._work,
                    login=row["login"],
                    name=row["name"],
                    email=row.get("email"),
                    language=row.get("language", "zh"),
                    time_zone=row.get("time_zone", self._context.zone.key),
                    roles=roles,
                )
            self._made.append((file, line, row, user_id))
            yield user_id

    def place(self) -> None:
        """Give the users their organisations and managers, which may be sample rows themselves."""
        organisations = self._ids_by_key(self._context.catalog.acting_as("organisation"))
        logins = self._logins() if any("manager" in row for _, _, row, _ in self._made) else {}
        for file, line, row, user_id in self._made:
            changes: dict[str, object] = {}
            key = row.get("organisation")
            if key is not None:
                if key not in organisations:
                    raise RefusedError(UNKNOWN_KEY.at(_place(file, line), line=line, key=key))
                changes["organisation"] = organisations[key]
            manager = row.get("manager")
            if manager is not None:
                if manager not in logins:
                    raise RefusedError(UNKNOWN_KEY.at(_place(file, line), line=line, key=manager))
                changes["manager"] = logins[manager]
            if row.get("active") == "false":
                changes["active"] = False
            if changes:
                self._identity.update_user(self._work, user_id, **changes)

    def _roles(
        self, file: RowsFile, line: int, text: str, territories: dict[str, str]
    ) -> tuple[RoleHolding, ...]:
        """Read `role` or `role@territory`, several joined by semicolons."""
        found: list[RoleHolding] = []
        problems: list[Problem] = []
        for part in filter(None, (one.strip() for one in text.split(";"))):
            role, _, territory = part.partition("@")
            if role not in self._context.catalog.roles:
                problems.append(UNKNOWN_ROLE.at(_place(file, line), line=line, role=role))
            elif territory and territory not in territories:
                problems.append(UNKNOWN_KEY.at(_place(file, line), line=line, key=territory))
            else:
                found.append(RoleHolding(role, territories.get(territory)))
        if problems:
            raise RefusedError.of(problems)
        return tuple(found)

    def _logins(self) -> dict[str, str]:
        made = {row["login"]: user_id for _, _, row, user_id in self._made}
        return {**{user.login: user.id for user in self._identity.users()}, **made}

    def _ids_by_key(self, model: ObjectModel | None) -> dict[str, str]:
        return ids_by_key(self._work.connection, self._context.tables, model)


def _place(file: RowsFile, line: int) -> str:
    return "/" + file.file + pointer(line)

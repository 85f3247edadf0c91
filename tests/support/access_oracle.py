"""Who should see what in the access world, said a second time in plain Python over the rows."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from headrace.platform.access.principals import Principal
from tests.support.access_world import World

SYSTEM = frozenset({"id", "version", "created_at", "created_by", "updated_at", "updated_by"})
INTERNAL = {"deal": {"margin"}, "firm": {"rating"}, "deal_line": {"cost"}}
CLERK_FIELDS = frozenset({"number", "firm", "contact", "stage", "due", "remark", "owner"})
TITLES = {"deal": "number", "firm": "name", "contact": "name", "area": "name", "deal_line": "item"}


class Oracle:
    """What one principal may see."""

    def __init__(self, world: World, principal: Principal) -> None:
        self.world = world
        self.principal = principal
        self._all = {
            name: frozenset(
                one.name
                for one in world.catalog.object(name).fields.values()
                if one.key_of is None  # nobody reads what texts are found and ordered by
            )
            for name in ("deal", "firm", "contact", "area", "deal_line")
        }

    def visible(self, object_name: str) -> dict[str, frozenset[str]]:
        """The ids of live rows that may be seen, with the fields that may."""
        found = {}
        for record_id, row in self.world.rows[object_name].items():
            names = None if row.get("deleted_at") else self.names(object_name, row)
            if names is not None:
                found[record_id] = names
        return found

    def names(self, object_name: str, row: dict[str, Any]) -> frozenset[str] | None:
        parts = [
            part
            for role in self.principal.role_names
            for part in getattr(self, "_" + object_name)(role, row)
        ]
        if not parts:
            return None
        names = frozenset().union(*parts) | SYSTEM
        if self.principal.audience == "partner":
            names -= INTERNAL.get(object_name, set())
        return names

    def title(self, object_name: str, record_id: str | None) -> str | None:
        """The title of a reference, null where it may not be seen."""
        if record_id is None:
            return None
        if object_name == "user":
            return next(n.title() for n, one in self.world.users.items() if one == record_id)
        names = self.visible(object_name).get(record_id, frozenset())
        title = TITLES[object_name]
        return self.world.rows[object_name][record_id][title] if title in names else None

    # -- per object: the field sets that a role gives for a row --------------------------------

    def _deal(self, role: str, row: dict[str, Any]) -> list[frozenset[str]]:
        everything = self._all["deal"]
        firm = self.world.rows["firm"].get(row["firm"])
        me = self.principal
        match role:
            case "admin":
                return [everything]
            case "keeper":
                return [everything] if me.user_id in {row["owner"], row["created_by"]} else []
            case "guide":
                return [everything] if firm and firm["manager"] == me.user_id else []
            case "regional":
                return [everything] if firm and self._in_areas(role, firm["area"]) else []
            case "reviewer":
                rich = row["amount"] is not None and row["amount"] > Decimal(600)
                return [everything] if rich and firm and firm["grade"] == "a" else []
            case "clerk":
                if row["firm"] is None or row["firm"] != me.organisation:
                    return []
                return [CLERK_FIELDS] + ([everything] if row["stage"] == "won" else [])
            case "chief":
                return [everything] if self._below(row["firm"]) else []
            case "watcher":
                below = self._below(row["firm"]) and row["firm"] != me.organisation
                return [everything] if below else []
        return []

    def _deal_line(self, role: str, row: dict[str, Any]) -> list[frozenset[str]]:
        deal = self.world.rows["deal"][row["deal"]]
        reached = [part for part in self._deal(role, deal) if part != CLERK_FIELDS]
        return [self._all["deal_line"]] if reached else []

    def _firm(self, role: str, row: dict[str, Any]) -> list[frozenset[str]]:
        everything = self._all["firm"]
        me = self.principal
        visible = {
            "admin": True,
            "guide": row["manager"] == me.user_id,
            "regional": self._in_areas(role, row["area"]),
            "clerk": row["id"] == me.organisation,
            "chief": self._below(row["id"]),
            "watcher": self._below(row["id"]) and row["id"] != me.organisation,
        }
        return [everything] if visible.get(role) else []

    def _contact(self, role: str, row: dict[str, Any]) -> list[frozenset[str]]:
        visible = {
            "admin": True,
            "clerk": row["firm"] == self.principal.organisation,
            "chief": self._below(row["firm"]),
        }
        return [self._all["contact"]] if visible.get(role) else []

    def _area(self, role: str, row: dict[str, Any]) -> list[frozenset[str]]:
        visible = {"admin": True, "regional": self._in_areas(role, row["id"])}
        return [self._all["area"]] if visible.get(role) else []

    def _below(self, firm: str | None) -> bool:
        own = self.principal.organisation
        return bool(firm and own and own in self.world.rows["firm"][firm]["path"].split("/"))

    def _in_areas(self, role: str, area: str | None) -> bool:
        if area is None:
            return False
        path = self.world.rows["area"][area]["path"].split("/")
        return any(one in path for one in self.principal.territories_of(role))

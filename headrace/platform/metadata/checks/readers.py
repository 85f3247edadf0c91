"""Which roles could read what, as far as grants say it without looking at any row."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from functools import partial
from typing import Final, Protocol

from headrace.platform.metadata.building import SYSTEM_FIELD_NAMES
from headrace.platform.metadata.catalog import Catalog, FieldPath, GrantModel, ObjectModel
from headrace.platform.metadata.field_types.references import USER_OBJECT

_OF_USERS: Final = frozenset({"id", "name"})
"""What partners see of users."""

Rights = Mapping[str, frozenset[str]]
"""By role, the names of fields and child relations."""


class Once(Protocol):
    """Gives what was worked out before under a key, or works it out."""

    def __call__(self, key: Hashable, make: Callable[[], Rights]) -> Rights: ...


class Readers:
    """The read grants of a catalog by object and role."""

    def __init__(self, catalog: Catalog, once: Once) -> None:
        self.catalog = catalog
        self._once = once
        self._open: set[str] = set()

    def rights(self, object_name: str) -> Rights:
        """Return, by role, what could be read of an object in some row."""
        if object_name in self._open:
            return {}  # an object that is its own master is told elsewhere
        self._open.add(object_name)
        try:
            return self._once(("readers", object_name), partial(self._rights, object_name))
        finally:
            self._open.discard(object_name)

    def who(self, object_name: str) -> frozenset[str]:
        """Return the roles that could read some row of an object."""
        return frozenset(self.rights(object_name))

    def who_reads(self, path: FieldPath, roles: Iterable[str] | None = None) -> frozenset[str]:
        """Return the roles, of those given or of all, that could read each field of a path."""
        chosen = frozenset(self.catalog.roles) if roles is None else frozenset(roles)
        for field in path:
            rights = self.rights(field.object)
            chosen = frozenset(role for role in chosen if field.name in rights.get(role, ()))
        return chosen

    def _rights(self, object_name: str) -> Rights:
        catalog = self.catalog
        if object_name == USER_OBJECT:
            fields = catalog.system_objects[USER_OBJECT].fields.values()
            every = frozenset(field.name for field in fields if field.key_of is None)
            return {
                name: every if role.audience == "internal" else _OF_USERS
                for name, role in catalog.roles.items()
            }
        model = catalog.objects[object_name]
        found: dict[str, frozenset[str]] = {}
        for grant in catalog.permissions.get(object_name, ()):
            if "read" in grant.actions and grant.role in catalog.roles:
                names = self._names(model, grant)
                found[grant.role] = found.get(grant.role, frozenset()) | names
        if model.master is None:
            return found
        inherited = self._of_details(model)
        if object_name not in catalog.permissions:
            return inherited
        return {role: names & found[role] for role, names in inherited.items() if role in found}

    def _names(self, model: ObjectModel, grant: GrantModel) -> frozenset[str]:
        allowed = self._of_audience(model, grant.role)
        return (allowed if grant.read is None else allowed & grant.read) | SYSTEM_FIELD_NAMES

    def _of_audience(self, model: ObjectModel, role: str) -> frozenset[str]:
        internal = self.catalog.roles[role].audience == "internal"
        fields = (
            one.name
            for one in model.fields.values()
            if one.key_of is None and (internal or not one.internal)
        )
        return frozenset((*fields, *(child.name for child in model.children)))

    def _of_details(self, model: ObjectModel) -> Rights:
        master = self.catalog.objects[str(model.fields[str(model.master)].target)]
        relations = {
            child.name
            for child in master.children
            if child.object == model.name and child.by == model.master
        }
        own = {one.name for one in master.fields.values() if not one.system and not one.internal}
        return {
            role: self._of_audience(model, role)
            for role, names in self.rights(master.name).items()
            if (relations & names if relations else own <= names)
        }

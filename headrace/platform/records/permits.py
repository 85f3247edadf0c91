"""Grants over a row in hand: what the writer checks before and after a change, without a statement.

The reading side compiles the same grants to SQL predicates (`access.policy`); a test holds the two
together. Deny by default: a row that no grant covers cannot be written.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from headrace.platform.access.principals import Principal
from headrace.platform.formulas.environment import Evaluator
from headrace.platform.formulas.python import compile_python, holds
from headrace.platform.metadata.building import SYSTEM_FIELD_NAMES
from headrace.platform.metadata.catalog import Catalog, FieldPath, GrantModel, ObjectModel
from headrace.platform.metadata.definitions.access import Action
from headrace.platform.metadata.storage_types import values_in

if TYPE_CHECKING:
    from headrace.platform.records.environment import RowEnvironment
    from headrace.platform.records.shapes import ObjectShape


@dataclass(frozen=True, slots=True)
class Permit:
    """A grant that can be asked about a row; `read` and `edit` are the fields that it covers."""

    role: str
    actions: frozenset[Action]
    scope: str
    paths: tuple[tuple[str, ...], ...]
    criteria: Evaluator | None
    when: Evaluator | None
    read: frozenset[str]
    edit: frozenset[str]
    internal: frozenset[str]

    def names(self, action: Action, principal: Principal) -> frozenset[str]:
        """Return the fields and relations that count in the rows covered."""
        names = self.read if action == "read" else self.edit
        return names if principal.audience == "internal" else names - self.internal

    def covers(self, row: RowEnvironment, principal: Principal) -> bool:
        """Say whether the row is within the grant's scope and its condition holds."""
        if self.when is not None and not holds(self.when(row)):
            return False
        if self.scope == "all":
            return True
        if self.scope == "criteria":
            return self.criteria is not None and holds(self.criteria(row))
        for path in self.paths:
            value = row.value(path)
            if value is not None and self._reaches(str(value), row, principal):
                return True
        return False

    def _reaches(self, value: str, row: RowEnvironment, principal: Principal) -> bool:
        if self.scope in {"own", "assigned"}:
            return principal.user_id in (values_in(value) or ())
        if self.scope == "territory_tree":
            return any(row.in_subtree(value, root) for root in principal.territories_of(self.role))
        own = principal.organisation
        if own is None:
            return False
        if self.scope == "organisation":
            return value == own
        if self.scope == "organisation_below":
            return value != own and row.in_subtree(value, own)
        return row.in_subtree(value, own)


def permits_of(catalog: Catalog, model: ObjectModel) -> tuple[Permit, ...]:
    """Compile the grants on an object."""
    return tuple(
        _permit(catalog, model, grant) for grant in catalog.permissions.get(model.name, ())
    )


def _permit(catalog: Catalog, model: ObjectModel, grant: GrantModel) -> Permit:
    internal = frozenset(field.name for field in model.fields.values() if field.internal)
    fields = (field.name for field in model.fields.values() if field.key_of is None)
    names = frozenset((*fields, *(child.name for child in model.children)))
    role = catalog.roles.get(grant.role)
    if role is None or role.audience != "internal":
        names -= internal
    read = names if grant.read is None else names & grant.read
    edit = names if grant.edit is None else names & grant.edit
    return Permit(
        role=grant.role,
        actions=grant.actions,
        scope=grant.scope.name,
        paths=tuple(tuple(field.id for field in path) for path in _scope_paths(model, grant)),
        criteria=compile_python(grant.scope.criteria.tree) if grant.scope.criteria else None,
        when=compile_python(grant.when.tree) if grant.when else None,
        read=read | SYSTEM_FIELD_NAMES,
        edit=edit - SYSTEM_FIELD_NAMES,
        internal=internal,
    )


def _scope_paths(model: ObjectModel, grant: GrantModel) -> tuple[FieldPath, ...]:
    """Return the paths of which one must lead to what the scope speaks of."""
    scope = grant.scope.name
    if scope == "assigned":
        return (grant.scope.path,)
    if scope == "own":
        creator: FieldPath = (model.fields["created_by"],)
        owner = model.scope_paths.get("owner", creator)
        return (owner,) if owner == creator else (owner, creator)
    part: Literal["organisation", "territory"] = (
        "territory" if scope == "territory_tree" else "organisation"
    )
    if part not in model.scope_paths:
        return ((model.fields["id"],),) if model.acts_as == part else ()
    return (model.scope_paths[part],)


MASTER_ACTION: Final[Mapping[Action, Action]] = {
    "create": "create",
    "read": "read",
    "update": "update",
    "delete": "update",
    "migrate": "migrate",
    "reverse": "reverse",
    "close": "close",
    "reopen": "reopen",
}
"""What must be allowed on the master for an action on its details."""


def names_in_row(
    row: RowEnvironment, principal: Principal, action: Action
) -> frozenset[str] | None:
    """Return the fields and relations that `principal` may touch in a row; None where not the row.

    For a detail the master is asked, and grants on the detail itself narrow.
    """
    shape = row.shape
    if principal.is_system:
        return shape.all_names
    if shape.model.master is None:
        return _united(shape.permits, row, principal, action)
    master_row = row.master()
    if master_row is None:
        return None
    from_master = names_in_row(master_row, principal, MASTER_ACTION[action])
    if from_master is None or not shape.reached_by(from_master):
        return None
    inherited = shape.names_for(principal, action)
    if not shape.has_own_grants:
        return inherited
    own = _united(shape.permits, row, principal, action)
    return None if own is None else own & inherited


def static_names(shape: ObjectShape, principal: Principal, action: Action) -> frozenset[str]:
    """Return the fields and relations that `principal` may touch in some row."""
    key = ("names", shape.name, principal.rights, action)
    names: frozenset[str] = shape.shapes.part(key, lambda: _static_names(shape, principal, action))
    return names


def _static_names(shape: ObjectShape, principal: Principal, action: Action) -> frozenset[str]:
    if principal.is_system:
        return shape.all_names
    own = frozenset(
        name
        for permit in held(shape.permits, principal, action)
        for name in permit.names(action, principal)
    )
    if shape.model.master is None:
        return own
    master = shape.shapes.of(shape.master_name)
    if not shape.reached_by(static_names(master, principal, MASTER_ACTION[action])):
        return frozenset()
    inherited = shape.names_for(principal, action)
    return own & inherited if shape.has_own_grants else inherited


def _united(
    permits: Iterable[Permit], row: RowEnvironment, principal: Principal, action: Action
) -> frozenset[str] | None:
    covering = [one for one in held(permits, principal, action) if one.covers(row, principal)]
    if not covering:
        return None
    if len(covering) == 1:
        return covering[0].names(action, principal)
    return frozenset().union(*(one.names(action, principal) for one in covering))


def held(permits: Iterable[Permit], principal: Principal, action: Action) -> list[Permit]:
    """Return the permits for `action` of roles that the caller holds."""
    return [one for one in permits if action in one.actions and principal.holds(one.role)]

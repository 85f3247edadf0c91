"""Access as pairs of a predicate and a field set (architecture D8); deny by default.

For rights, an object and an action there is a list of pairs. A row may be touched where one of the
predicates holds; a field of it only where a pair that contains the field holds. The pairs are
values without SQL; `RowAccess` compiles them for one occurrence of the object in a statement.

Decisions taken here:
* id, version and the four stamps of making and changing can be read wherever the row can.
* A reference to a user always shows the user's name. The login, and users of other organisations as
  rows, are for internal people only.
* Whoever holds a partner role is a partner throughout: no internal field by any grant.
* Rows of a detail have no predicate of their own: that of the master is asked through the join.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, Literal

import sqlalchemy as sa

from headrace.platform.access.parameters import (
    TERRITORIES,
    Column,
    Condition,
    is_one_of,
    organisation_parameter,
    today_parameter,
    user_parameter,
)
from headrace.platform.access.principals import Principal, Rights
from headrace.platform.access.rows import Rows, column_of, subtree_end
from headrace.platform.access.tables import USER
from headrace.platform.database.links import LINKED, RECORD
from headrace.platform.metadata.building import SYSTEM_FIELD_NAMES
from headrace.platform.metadata.catalog import (
    Catalog,
    FieldModel,
    FieldPath,
    GrantModel,
    ObjectModel,
    ScopeModel,
)
from headrace.platform.metadata.field_types.references import USER_OBJECT
from headrace.platform.metadata.storage_types import ID

Wanted = Literal[
    "create",
    "read",
    "update",
    "delete",
    "migrate",
    "reverse",
    "close",
    "reopen",
    "transition",
    "unmask",
]
Truth = Condition | bool
"""A predicate; a bool where it does not depend on the row."""

Predicate = Callable[[Rows], Truth]

MASTER_ACTION: Final[dict[Wanted, Wanted]] = {
    "create": "create",
    "read": "read",
    "update": "update",
    "delete": "update",
    "migrate": "migrate",
    "reverse": "reverse",
    "close": "close",
    "reopen": "reopen",
    "transition": "transition",
    "unmask": "read",
}
"""What must be allowed on the master for an action on its details.

`create` is for details that are made together with their master; one that is added to a master
which is there already is an `update` of it.
"""


@dataclass(frozen=True, slots=True)
class Pair:
    """Rows where `holds` is true, and the fields (and child relations) that count in them.

    For the action `transition` the names are those of transitions; for `unmask` they are masked fields. `origin` is what gave the pair; `by_task`
    says that it was an open task, not a grant.
    """

    holds: Predicate
    names: frozenset[str]
    origin: str
    by_task: bool = False


# -- pairs ---------------------------------------------------------------------------------------


def grants_for(
    catalog: Catalog, principal: Principal, object_name: str, action: Wanted
) -> tuple[Pair, ...]:
    """Return the pairs that let `principal` do `action` on rows of an object."""
    return pairs_for(catalog, principal.rights, object_name, action)


def pairs_for(
    catalog: Catalog,
    rights: Rights,
    object_name: str,
    action: Wanted,
    *,
    by_task: bool = False,
) -> tuple[Pair, ...]:
    """Return the pairs that let holders of `rights` do `action` on rows of an object.

    `by_task` adds the right to read a record, with its details, while a task of the user is open.
    """
    model = catalog.object(object_name)
    if model is None:
        return ()
    if rights.is_system:
        return (Pair(_everywhere, _all_names(catalog, model, action), "system"),)
    if model.name == USER_OBJECT:
        return _user_pairs(model, rights) if action == "read" else ()
    own = tuple(
        _pair(catalog, rights, model, number, action)
        for number, grant in enumerate(catalog.permissions.get(object_name, ()))
        if grant.role in rights.roles and _covers(grant, action)
    )
    if model.master is None:
        return (*own, _task_pair(catalog, model, rights)) if by_task and action == "read" else own
    inherited = _master_pairs(catalog, rights, model, action, by_task=by_task)
    if object_name not in catalog.permissions:
        return inherited if action != "unmask" else ()
    return tuple(_both(first, second) for first in inherited for second in own)


def can(catalog: Catalog, principal: Principal, object_name: str, action: Wanted) -> bool:
    """Say whether `principal` may do `action` on some rows of an object."""
    return bool(grants_for(catalog, principal, object_name, action))


def readable_fields(catalog: Catalog, principal: Principal, object_name: str) -> frozenset[str]:
    """Return the names of fields and child relations that can be read in some row."""
    return names_of(grants_for(catalog, principal, object_name, "read"))


def editable_fields(
    catalog: Catalog,
    principal: Principal,
    object_name: str,
    action: Literal["create", "update"],
) -> frozenset[str]:
    """Return the names of fields and child relations that can be written in some row."""
    return names_of(grants_for(catalog, principal, object_name, action))


def names_of(pairs: Iterable[Pair]) -> frozenset[str]:
    """Return the names in any of the pairs."""
    return frozenset(name for pair in pairs for name in pair.names)


def _covers(grant: GrantModel, action: Wanted) -> bool:
    if action == "unmask":
        return bool(grant.unmask)
    return bool(grant.transitions) if action == "transition" else action in grant.actions


def _pair(
    catalog: Catalog, rights: Rights, model: ObjectModel, number: int, action: Wanted
) -> Pair:
    """Return the pair of a grant; it depends on the audience only, so it is made once for each."""

    def make() -> Pair:
        return _pair_of(catalog, rights, model, catalog.permissions[model.name][number], action)

    return catalog.once((_pair, model.name, number, action, rights.audience), make)


def _pair_of(
    catalog: Catalog, rights: Rights, model: ObjectModel, grant: GrantModel, action: Wanted
) -> Pair:
    predicates = [_scope(grant, grant.scope)]
    if grant.when is not None:
        condition = grant.when
        predicates.append(lambda rows: rows.holds(condition))
    names = _names(catalog, rights, model, grant, action)
    return Pair(_all(predicates), names, f"{grant.role}: {grant.scope.name}")


def _names(
    catalog: Catalog, rights: Rights, model: ObjectModel, grant: GrantModel, action: Wanted
) -> frozenset[str]:
    if action == "transition":
        return grant.transitions
    if action == "unmask":
        return grant.unmask & _names(catalog, rights, model, grant, "read")
    listed = grant.read if action == "read" else grant.edit
    role = catalog.roles.get(grant.role)
    internal = rights.audience == "internal" and role is not None and role.audience == "internal"
    allowed = _audience_names(catalog, model, internal=internal)
    names = allowed if listed is None else allowed & listed
    return names | SYSTEM_FIELD_NAMES if action == "read" else names - SYSTEM_FIELD_NAMES


def _audience_names(catalog: Catalog, model: ObjectModel, *, internal: bool) -> frozenset[str]:
    def make() -> frozenset[str]:
        fields = (
            field.name
            for field in model.fields.values()
            if field.key_of is None and (internal or not field.internal)
        )
        return frozenset((*fields, *(child.name for child in model.children)))

    return catalog.once((_audience_names, model.name, internal), make)


def _all_names(catalog: Catalog, model: ObjectModel, action: Wanted) -> frozenset[str]:
    if action != "transition":
        return _audience_names(catalog, model, internal=True)
    workflow = catalog.workflows.get(model.workflow or "")
    return frozenset(workflow.transitions if workflow else ())


def _user_pairs(model: ObjectModel, rights: Rights) -> tuple[Pair, ...]:
    if rights.audience == "internal":
        names = (field.name for field in model.fields.values() if field.key_of is None)
        return (Pair(_everywhere, frozenset(names), "users"),)
    return (Pair(_of_same_organisation, frozenset({"id", model.title}), "users"),)


def _of_same_organisation(rows: Rows) -> Truth:
    own = organisation_parameter(rows.surroundings.dialect)
    return rows.id.in_(sa.select(USER.c.id).where(USER.c.organisation == own))


def _task_pair(catalog: Catalog, model: ObjectModel, rights: Rights) -> Pair:
    names = _audience_names(catalog, model, internal=rights.audience == "internal")
    return Pair(_has_open_task, names, "task", by_task=True)


def _has_open_task(rows: Rows) -> Truth:
    surroundings = rows.surroundings
    if surroundings.task_access is None:
        return False
    user = user_parameter(surroundings.dialect)
    today = today_parameter(surroundings.dialect)
    found = surroundings.task_access(rows.model.id, rows.id, user, today)
    return False if found is None else found


def _master_pairs(
    catalog: Catalog, rights: Rights, model: ObjectModel, action: Wanted, *, by_task: bool
) -> tuple[Pair, ...]:
    reference = model.fields[str(model.master)]
    master = catalog.object(str(reference.target))
    if master is None:
        return ()
    relations = frozenset(
        child.name
        for child in master.children
        if child.object == model.name and child.by == reference.name
    )
    pairs = []
    for pair in pairs_for(catalog, rights, master.name, MASTER_ACTION[action], by_task=by_task):
        if not _reaches_details(pair, master, relations, action):
            continue
        internal = rights.audience == "internal"
        names = _audience_names(catalog, model, internal=internal)
        if action != "read":
            names -= SYSTEM_FIELD_NAMES
        holds = _on_master(reference, pair.holds)
        pairs.append(Pair(holds, names, pair.origin, pair.by_task))
    return tuple(pairs)


def _reaches_details(
    pair: Pair, master: ObjectModel, relations: frozenset[str], action: Wanted
) -> bool:
    """Whether the master's pair speaks of the relation, or of all fields where there is none."""
    if action == "transition":
        return False
    if relations:
        return bool(relations & pair.names)
    own = {field.name for field in master.fields.values() if not field.system}
    return all(name in pair.names for name in own if not master.fields[name].internal)


def _on_master(reference: FieldModel, holds: Predicate) -> Predicate:
    return lambda rows: holds(rows.follow(reference))


def _both(first: Pair, second: Pair) -> Pair:
    return Pair(
        _all([first.holds, second.holds]),
        first.names & second.names,
        f"{first.origin}; {second.origin}",
        first.by_task,
    )


# -- predicates ----------------------------------------------------------------------------------


def _everywhere(_: Rows) -> Truth:
    return True


def _nowhere(_: Rows) -> Truth:
    return False


def _all(predicates: list[Predicate]) -> Predicate:
    return (
        predicates[0] if len(predicates) == 1 else lambda rows: all_of(p(rows) for p in predicates)
    )


def _scope(grant: GrantModel, scope: ScopeModel) -> Predicate:
    if scope.criteria is not None:
        condition = scope.criteria
        return lambda rows: rows.holds(condition)
    if scope.name == "assigned":
        return lambda rows: _is_user(rows, scope.path)
    if scope.name == "territory_tree":
        return lambda rows: _in_territories(rows, grant.role)
    return _SCOPES.get(scope.name, _nowhere)


def _is_user(rows: Rows, path: FieldPath) -> Condition:
    if path[-1].links is not None:
        owner = rows.at(path)
        links = owner.table.links[path[-1].name].alias()
        named = sa.select(sa.literal(1)).where(
            links.c[RECORD] == owner.id,
            links.c[LINKED] == user_parameter(rows.surroundings.dialect),
        )
        return sa.exists(named.correlate(owner.alias))
    return rows.path_column(path) == user_parameter(rows.surroundings.dialect)


def _is_own(rows: Rows) -> Truth:
    """Rows that the user made, and those whose declared owner the user is."""
    creator: FieldPath = (rows.model.fields["created_by"],)
    owner = rows.model.scope_paths.get("owner", creator)
    return any_of(_is_user(rows, path) for path in {owner, creator})


def _organisation_path(rows: Rows) -> FieldPath | None:
    path = rows.model.scope_paths.get("organisation")
    if path is None and rows.model.acts_as == "organisation":
        return (rows.model.fields["id"],)
    return path


def _is_organisation(rows: Rows) -> Truth:
    path = _organisation_path(rows)
    if path is None:
        return False
    return rows.path_column(path) == organisation_parameter(rows.surroundings.dialect)


def _in_organisation_tree(rows: Rows) -> Truth:
    path = _organisation_path(rows)
    return False if path is None else _in_subtree_of_organisation(rows, path)


def _below_organisation(rows: Rows) -> Truth:
    path = _organisation_path(rows)
    if path is None:
        return False
    inside = _in_subtree_of_organisation(rows, path)
    own = organisation_parameter(rows.surroundings.dialect)
    return all_of((inside, rows.path_column(path) != own))


def _in_subtree_of_organisation(rows: Rows, path: FieldPath) -> Truth:
    surroundings = rows.surroundings
    own = organisation_parameter(surroundings.dialect)
    organisation = surroundings.catalog.acting_as("organisation")
    if organisation is None:
        return False
    table = surroundings.tables.of(organisation.name)
    if table.path is None:
        return rows.path_column(path) == own
    root = table.table.alias()
    root_path = (
        sa.select(column_of(root, table.path))
        .where(column_of(root, table.id) == own)
        .scalar_subquery()
    )
    if path[-1].name == "id":
        # The rows are organisations themselves: their own path says it, by a range of the index.
        own_path = rows.at(path).path
        if own_path is not None:
            return _is_within(own_path, root_path)
    below = table.table.alias()
    inside = sa.select(column_of(below, table.id)).where(
        _is_within(column_of(below, table.path), root_path)
    )
    return rows.path_column(path).in_(inside)


def _in_territories(rows: Rows, role: str) -> Truth:
    path = rows.model.scope_paths.get("territory")
    if path is None and rows.model.acts_as == "territory":
        path = (rows.model.fields["id"],)
    territory = rows.surroundings.catalog.acting_as("territory")
    if path is None or territory is None:
        return False
    dialect = rows.surroundings.dialect
    table = rows.surroundings.tables.of(territory.name)
    column = rows.path_column(path)
    if table.path is None:
        return is_one_of(column, TERRITORIES + role, ID, dialect)
    held = table.table.alias()
    below = table.table.alias()
    inside = sa.select(column_of(below, table.id)).where(
        is_one_of(column_of(held, table.id), TERRITORIES + role, ID, dialect),
        _is_within(column_of(below, table.path), column_of(held, table.path)),
    )
    return column.in_(inside)


def _is_within(path: Column, root_path: Column) -> Condition:
    return sa.and_(path >= root_path, path < subtree_end(root_path))


_SCOPES: Final[dict[str, Predicate]] = {
    "all": _everywhere,
    "own": _is_own,
    "organisation": _is_organisation,
    "organisation_tree": _in_organisation_tree,
    "organisation_below": _below_organisation,
}


# -- compiled for rows ---------------------------------------------------------------------------


def any_of(truths: Iterable[Truth]) -> Truth:
    """Return whether one of `truths` holds."""
    conditions = []
    for truth in truths:
        if truth is True:
            return True
        if not isinstance(truth, bool):
            conditions.append(truth)
    return sa.or_(*conditions) if conditions else False


def all_of(truths: Iterable[Truth]) -> Truth:
    """Return whether all of `truths` hold."""
    conditions = []
    for truth in truths:
        if truth is False:
            return False
        if not isinstance(truth, bool):
            conditions.append(truth)
    return sa.and_(*conditions) if conditions else True


def as_condition(truth: Truth) -> Condition:
    """Return a truth as SQL."""
    if isinstance(truth, bool):
        return sa.true() if truth else sa.false()
    return truth


class RowAccess:
    """The pairs of one action, compiled for one occurrence of the object."""

    def __init__(self, rows: Rows, pairs: Iterable[Pair]) -> None:
        grouped: dict[frozenset[str], list[Truth]] = {}
        for pair in pairs:
            grouped.setdefault(pair.names, []).append(pair.holds(rows))
        self._pairs = [(any_of(truths), names) for names, truths in grouped.items()]

    def row(self) -> Truth:
        """Return whether the row may be touched at all."""
        return any_of(truth for truth, _ in self._pairs)

    def name(self, name: str) -> Truth:
        """Return whether a field (or relation, or transition) counts in the row, given any row."""
        return any_of(truth for truth, names in self._pairs if name in names)

    def name_where_row(self, name: str) -> Truth:
        """Return the same for rows that `row` let through: true where every pair has the name."""
        if self._pairs and all(name in names for _, names in self._pairs):
            return True
        return self.name(name)

    def pairs(self) -> list[tuple[Truth, frozenset[str]]]:
        """Return what must hold for which names."""
        return list(self._pairs)


def guarded(column: Column, allowed: Truth) -> Column:
    """Return `column` where `allowed` holds, else null."""
    if allowed is True:
        return column
    if allowed is False:
        return sa.cast(sa.null(), column.type)
    return sa.case((allowed, column), else_=None)

"""What decides which rows a role sees, and whether an index leads to them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from headrace.platform.access.policy import pairs_for
from headrace.platform.access.principals import Rights
from headrace.platform.metadata.by_index import narrows
from headrace.platform.metadata.catalog import Catalog, FieldModel, GrantModel, ObjectModel


@dataclass(frozen=True, slots=True)
class Scope:
    """A field by which a role's rows are chosen; None is a condition that no index helps with."""

    role: str
    field: str | None
    indexed: bool


def readers(catalog: Catalog, model: ObjectModel) -> tuple[str, ...]:
    """Return the roles that may read rows of an object, in the order of the catalog."""
    return tuple(
        one.name
        for one in catalog.roles.values()
        if pairs_for(catalog, rights_of(catalog, one.name), model.name, "read")
    )


def rights_of(catalog: Catalog, role: str) -> Rights:
    """Return the rights of somebody who holds one role alone."""
    return Rights(catalog.roles[role].audience, frozenset((role,)))


def scopes(catalog: Catalog, model: ObjectModel, roles: Iterable[str]) -> Iterator[Scope]:
    """Yield by what the rows of an object are chosen for these roles; all rows need nothing."""
    wanted = frozenset(roles)
    for grant in catalog.permissions.get(model.name, ()):
        if grant.role in wanted and "read" in grant.actions:
            yield from _of_grant(catalog, model, grant)
    if model.master is not None:
        for role in wanted:
            # What of the master may be seen is asked through the reference to it.
            yield Scope(role, model.master, indexed=True)


def scope_fields(found: Iterable[Scope]) -> Mapping[str, tuple[str, ...]]:
    """Return the roles whose rows are chosen by a field, by the field."""
    by_field: dict[str, list[str]] = {}
    for one in found:
        if one.field is not None and one.role not in by_field.setdefault(one.field, []):
            by_field[one.field].append(one.role)
    return {name: tuple(roles) for name, roles in by_field.items()}


def _of_grant(catalog: Catalog, model: ObjectModel, grant: GrantModel) -> Iterator[Scope]:
    narrowed = grant.when is not None and narrows(catalog, model, grant.when.tree)
    for field in _chosen_by(model, grant):
        yield Scope(grant.role, field.name, _is_indexed(field) or narrowed)
    criteria = grant.scope.criteria
    if criteria is not None:
        yield Scope(grant.role, None, narrows(catalog, model, criteria.tree) or narrowed)
    elif grant.when is not None and grant.scope.name == "all":
        yield Scope(grant.role, None, narrowed)


def _chosen_by(model: ObjectModel, grant: GrantModel) -> Iterator[FieldModel]:
    """Yield the own fields by which the scope of a grant chooses rows."""
    name = grant.scope.name
    if name == "assigned":
        yield grant.scope.path[0]
    elif name == "own":
        creator = model.fields["created_by"]
        owner = model.scope_paths.get("owner", (creator,))[0]
        yield from {one.name: one for one in (owner, creator)}.values()
    elif name.startswith(("organisation", "territory")):
        part = "territory" if name.startswith("territory") else "organisation"
        if part in model.scope_paths:
            yield model.scope_paths[part][0]
        elif model.acts_as == part:
            yield model.fields["id"]


def _is_indexed(field: FieldModel) -> bool:
    """Say whether an index leads to the rows with a value: those of references, unique fields, the id."""
    if field.name in {"id", "created_at"} or field.unique or field.links is not None:
        return True
    return not field.system and (field.target is not None or bool(field.targets))

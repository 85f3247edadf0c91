"""Who designs: the right that a role gives."""

from __future__ import annotations

from headrace.platform.core.errors import NOT_FOUND, NotFoundError
from headrace.platform.records import reader
from headrace.platform.records.context import Context


def design_roles(context: Context) -> list[str]:
    """Return the names of the caller's roles that have the design right."""
    roles = context.catalog.roles
    return [one for one in context.principal.role_names if one in roles and roles[one].design]


def may_design(context: Context) -> bool:
    """Say whether the caller holds a role with the design right."""
    return bool(design_roles(context))


def only_designers(context: Context) -> None:
    """Raise NotFoundError for everybody else: the page is not there for them."""
    reader.check_current(context)
    if not may_design(context):
        raise NotFoundError(NOT_FOUND.at())

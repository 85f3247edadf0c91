"""Loading of seed and old records: what only the platform sets otherwise may be given."""

from __future__ import annotations

from typing import Any, Final

from marshmallow import fields

from headrace.platform.core.errors import ForbiddenError
from headrace.platform.core.problems import Message
from headrace.platform.metadata.catalog import Catalog, FieldModel
from headrace.platform.metadata.field_types.values import (
    ChoiceField,
    InstantField,
    ReferenceField,
    TextField,
)
from headrace.platform.records.context import Context

NOT_A_MIGRATOR: Final = Message(
    "migration.forbidden",
    "You may not load records with state, number and times set.",
    "您无权以迁移方式导入带有状态、编号和时间的记录。",
    "Ask an administrator for a role with the right to migrate.",
    "请向管理员申请具有迁移权限的角色。",
)
LONGEST_NUMBER: Final = 120
_SYSTEM_FIELDS: Final[dict[str, fields.Field[Any]]] = {
    "created_at": InstantField(),
    "created_by": ReferenceField(),
    "updated_at": InstantField(),
    "updated_by": ReferenceField(),
}


def require_migrator(context: Context) -> None:
    """Raise ForbiddenError unless the caller holds a role that may migrate."""
    principal = context.principal
    roles = context.catalog.roles
    if principal.is_system:
        return
    if not any(name in roles and roles[name].migrate for name in principal.role_names):
        raise ForbiddenError(NOT_A_MIGRATOR.at())


def migrated_field(catalog: Catalog, field: FieldModel) -> fields.Field[Any] | None:
    """Return the parser of a field that only migration sets; None for all others."""
    if field.system:
        return _SYSTEM_FIELDS.get(field.name)
    if field.computed == "workflow":
        workflow = catalog.workflows.get(field.options.workflow)
        return ChoiceField(tuple(workflow.states)) if workflow else None
    if field.computed == "number":
        return TextField(LONGEST_NUMBER)
    if field.computed is None and field.definition.written_by == "system":
        return field.type.value_field(field.options)
    return None

"""Making a record where it is about to be chosen: whether that is offered, and what the lookup demands of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, Literal

from headrace.platform.access.policy import can, names_of, pairs_for
from headrace.platform.core.ids import is_record_id
from headrace.platform.forms.posted import sent_form
from headrace.platform.formulas.tree import Binary, FieldRef, Node, Unary
from headrace.platform.formulas.tree import Literal as Constant
from headrace.platform.metadata.catalog import FieldModel, ObjectModel
from headrace.platform.records.context import Context
from headrace.platform.records.history import json_value


def made_for(
    context: Context,
    object_name: str,
    field_name: str,
    around: Mapping[str, Any],
    named: str | None = None,
) -> ObjectModel | None:
    """Return the object of which a lookup may get a new record from the caller; None where it may not.

    `around` are the values of the form, `named` the object that a polymorphic lookup is asked for. A detail is made where the filter says of which master it is,
    and a lookup that wants another state than new records have is not offered what it would refuse.
    """
    model = context.catalog.objects.get(object_name)
    field = model.fields.get(field_name) if model is not None else None
    if field is None or (field.targets and named not in field.targets):
        return None
    target = context.catalog.objects.get(str(named if field.targets else field.pointed))
    if target is None:
        return None
    principal = context.principal
    making = making_right(target)
    if not all(can(context.catalog, principal, target.name, one) for one in (making, "read")):
        return None
    if target.master is not None:
        master = demanded(context, object_name, field_name, around, named).get(target.master)
        if not is_record_id(master):
            return None
    return None if _wants_another_state(context, field, target) else target


def demanded(
    context: Context,
    object_name: str,
    field_name: str,
    around: Mapping[str, Any],
    named: str | None = None,
) -> dict[str, Any]:
    """Return what the filter of a lookup demands of a new record by equality, as JSON values.

    `around` are the values of the form, `named` the object that a polymorphic lookup is asked for. Only fields that the caller may give a new record are named.
    """
    own = context.catalog.objects[object_name]
    field = own.fields[field_name]
    target = context.catalog.objects[str(named if field.targets else field.pointed)]
    rights = context.principal.rights
    pairs = pairs_for(context.catalog, rights, target.name, making_right(target))
    allowed = names_of(pairs)
    found = {}
    for name, value in _equalities(own, target, field, around):
        writable = target.fields[name].computed is None and not target.fields[name].system
        if name in allowed and writable and value is not None:
            found[name] = value
    return found


def making_right(target: ObjectModel) -> Literal["create", "update"]:
    """Return the right that makes a record: a detail is added to a stored master by changing that."""
    return "create" if target.master is None else "update"


def _wants_another_state(context: Context, field: FieldModel, target: ObjectModel) -> bool:
    workflow = context.catalog.workflows.get(target.workflow or "")
    if workflow is None:
        return False
    wanted = dict(_equalities(context.catalog.objects[field.object], target, field, {}))
    state = wanted.get(str(target.state_field))
    return state is not None and state != workflow.initial


def _equalities(
    own: ObjectModel, target: ObjectModel, field: FieldModel, around: Mapping[str, Any]
) -> Iterator[tuple[str, Any]]:
    """Yield the fields of the target that a filter compares with a value, and the value."""
    condition = own.filter_of(field, target.name)
    if condition is None:
        return
    names = {one.id: one.name for one in target.fields.values()}
    outer = {one.id: one.name for one in own.fields.values()}
    for part in _conjuncts(condition.tree):
        match part:
            case FieldRef(path=(field_id,), outer=False) if field_id in names:
                yield names[field_id], True
            case Unary(operator="NOT", operand=FieldRef(path=(field_id,), outer=False)):
                yield names[field_id], False
            case Binary(operator="=", left=left, right=right):
                for one, other in ((left, right), (right, left)):
                    if isinstance(one, FieldRef) and not one.outer and len(one.path) == 1:
                        value = _given(other, outer, around)
                        if value is not None:
                            yield names[one.path[0]], value


def _conjuncts(node: Node) -> Iterator[Node]:
    if isinstance(node, Binary) and node.operator == "AND":
        yield from _conjuncts(node.left)
        yield from _conjuncts(node.right)
    else:
        yield node


def _given(node: Node, outer: Mapping[str, str], around: Mapping[str, Any]) -> Any:
    """Return a literal, or what the form holds, as a JSON value; None where it is neither."""
    if isinstance(node, Constant):
        value = node.value
        return json_value(value) if not isinstance(value, Decimal) else f"{value:f}"
    if isinstance(node, FieldRef) and node.outer and len(node.path) == 1:
        # A reference that the server filled in stands there with its title.
        return sent_form(around.get(outer.get(node.path[0], "")))
    return None

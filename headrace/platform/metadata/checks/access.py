"""Checks of permissions: scopes that can work, transitions and fields that exist, no lock-out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Final

from headrace.platform.core.problems import Message, Problem, Text
from headrace.platform.metadata.catalog import FieldModel, GrantModel, ObjectModel
from headrace.platform.metadata.checks.base import Subject
from headrace.platform.metadata.field_types.references import USER_OBJECT
from headrace.platform.metadata.key_texts.values import WORDS

SCOPE_PATH = Message(
    "scope.path_missing",
    "The scope “{scope}” needs to know how a record of “{object}” leads to its {part}.",
    "范围“{scope}”需要知道“{object}”的记录如何找到所属的{part}。",
    "Say under “Whose records” of the object which field leads there.",
    "请在该对象的“归属路径”中指明经由哪个字段到达。",
)
SCOPE_TREE = Message(
    "scope.not_a_tree",
    "The scope “{scope}” needs a tree, but “{object}” has no tree field.",
    "范围“{scope}”需要树形结构，但“{object}”没有上级字段。",
    "Add a tree field to it, or use another scope.",
    "请为其增加上级字段，或改用其他范围。",
)
ASSIGNED = Message(
    "scope.not_a_user",
    "The path of “assigned” does not lead to a user.",
    "“assigned”的路径未指向用户。",
    "Choose a path whose last field is a user.",
    "请选择末端为用户字段的路径。",
)
UNKNOWN_TRANSITION = Message(
    "perm.unknown",
    "“{object}” has no transition “{name}”.",
    "“{object}”没有转换“{name}”。",
    "The transitions are: {known}.",
    "可用转换：{known}。",
)
INTERNAL_FIELD = Message(
    "perm.internal_field",
    "“{field}” is internal; the partner role “{role}” can never get it.",
    "“{field}”仅限内部，伙伴角色“{role}”无法获得。",
    "Take it from the list, or change its audience.",
    "请从列表移除，或修改其可见范围。",
)
EMPTY_GRANT = Message(
    "perm.empty",
    "This grant allows nothing.",
    "此授权没有任何内容。",
    "Name actions or transitions.",
    "请填写操作或转换。",
)
LOCKOUT = Message(
    "perm.lockout",
    "No role may design: nobody could change the definitions any more.",
    "没有任何角色具有设计权限：将无人能再修改定义。",
    "Give one role the design right.",
    "请为某个角色授予设计权限。",
)
NOT_WRITABLE = Message(
    "perm.not_writable",
    "“{field}” is made by the platform; nobody can edit it.",
    "“{field}”由系统生成，无法编辑。",
    "Take it from the list.",
    "请从列表中移除。",
)


INERT_PART = Message(
    "perm.inert_key",
    "The fields to {part} have no effect: the grant does not allow it.",
    "“{part}”的字段列表无效：该授权没有对应的操作。",
    "Add the action, or remove the list.",
    "请增加相应操作，或删除该列表。",
)
NO_FIELDS = Message(
    "perm.covers_nothing",
    "The grant allows to {part}, but no field.",
    "该授权允许“{part}”，却没有任何字段。",
    "Name fields, or take the action away.",
    "请填写字段，或移除该操作。",
)
NOT_BY = Message(
    "perm.transition_not_by",
    "“{role}” is not among the roles that “{transition}” names under “Roles”.",
    "“{role}”不在转换“{transition}”的“可执行的角色”之中。",
    "Add the role there, or take the transition from the grant.",
    "请在该处加入此角色，或将转换从授权移除。",
    severity="warning",
)
MIGRATE = Message(
    "perm.covers_nothing",
    "“{role}” has no right to migrate, so it cannot load records.",
    "角色“{role}”没有迁移权限，无法载入记录。",
    'Give the role "migrate", or take the action away.',
    "请为该角色设置“migrate”，或移除该操作。",
)
MASTER_MISSING = Message(
    "perm.covers_nothing",
    "“{role}” has no grant on “{master}”: rows of “{object}” follow those of their master.",
    "“{role}”在“{master}”上没有授权，而“{object}”的行跟随其主记录。",
    "Grant the master first; a grant on the details can only narrow it.",
    "请先授权主对象；明细的授权只能收窄。",
    severity="warning",
)
UNUSED_ROLE = Message(
    "role.unused",
    "Nothing is granted to the role “{role}”, and no step asks it.",
    "角色“{role}”没有任何授权，也没有审批步骤使用它。",
    "Grant it something, or remove it.",
    "请授权，或删除该角色。",
    severity="warning",
)
CLOSED = Message(
    "object.closed",
    "No role may do anything with “{object}”.",
    "没有角色可以使用“{object}”。",
    "Add a permission document for it.",
    "请为其增加权限文档。",
    severity="warning",
)
NO_CREATION = Message(
    "perm.create_missing",
    "“{role}” may create “{object}” but not give “{field}”, which is required and has no default.",
    "“{role}”可以新建“{object}”，却不能填写必填且无默认值的“{field}”。",
    "Add the field to what the role may edit, or give it a default.",
    "请将该字段加入可编辑列表，或设置默认值。",
    severity="warning",
)


def check_access(subject: Subject) -> Iterator[Problem]:
    """Find grants that cannot work as written, and roles and objects without any.

    Reads the grants of one object with its fields and workflow; roles, over all grants.
    """
    catalog = subject.catalog
    yield from subject.each("grants", "objects", partial(_grants, subject))
    yield from _unused_roles(subject)
    yield from subject.each("closed", "objects", partial(_closed, subject))
    if catalog.roles and not any(role.design for role in catalog.roles.values()):
        first = next(iter(catalog.roles))
        problem = LOCKOUT.at(subject.at("role", first, "design"))
        # A module that is checked by itself may count on the roles of others (version 0).
        yield problem if catalog.version else replace(problem, severity="warning")


def _grants(subject: Subject, model: ObjectModel) -> Iterator[Problem]:
    for grant, place in subject.grants_of(model):
        yield from _grant(subject, model, grant, place)


def _grant(
    subject: Subject, model: ObjectModel, grant: GrantModel, place: str
) -> Iterator[Problem]:
    if not grant.actions and not grant.transitions:
        yield EMPTY_GRANT.at(place)
    yield from _scope(subject, model, grant, place + "/scope")
    workflow = subject.catalog.workflows.get(model.workflow or "")
    known = tuple(workflow.transitions) if workflow else ()
    for name in sorted(grant.transitions - set(known)):
        yield UNKNOWN_TRANSITION.at(
            place + "/transitions", object=model.name, name=name, known=", ".join(known)
        )
    for name in sorted(grant.transitions & set(known)):
        by = workflow.transitions[name].definition.by if workflow else ()
        if by and grant.role not in by:
            yield NOT_BY.at(place + "/transitions", role=grant.role, transition=name)
    yield from _effect(subject, model, grant, place)
    role = subject.catalog.roles.get(grant.role)
    for part, names in (("read", grant.read), ("edit", grant.edit)):
        for name in sorted(names or ()):
            field = model.fields.get(name)
            if field is None:
                continue
            if field.internal and role is not None and role.audience == "partner":
                yield INTERNAL_FIELD.at(f"{place}/fields/{part}", field=name, role=grant.role)
            if part == "edit" and _is_made(field, grant):
                yield NOT_WRITABLE.at(f"{place}/fields/edit", field=name)


def _is_made(field: FieldModel, grant: GrantModel) -> bool:
    """Whether nobody with the grant can write the field; loading may write what the system does."""
    by_system = field.definition.written_by == "system" and "migrate" not in grant.actions
    return bool(field.computed) or field.system or by_system


def _effect(
    subject: Subject, model: ObjectModel, grant: GrantModel, place: str
) -> Iterator[Problem]:
    """Find parts of a grant that allow nothing."""
    allows = {"read": {"read"}, "edit": {"create", "update", "migrate"}}
    for part, names in (("read", grant.read), ("edit", grant.edit)):
        allowed = bool(grant.actions & allows[part])
        if names is not None and not allowed:
            yield INERT_PART.at(f"{place}/fields/{part}", part=part)
        elif names is not None and not names and part == "edit":
            yield NO_FIELDS.at(f"{place}/fields/{part}", part=part)
    role = subject.catalog.roles.get(grant.role)
    if "migrate" in grant.actions and role is not None and not role.migrate:
        yield MIGRATE.at(place + "/actions", role=grant.role)
    if model.master is not None:
        master = str(model.fields[model.master].target)
        roles = {one.role for one in subject.catalog.permissions.get(master, ())}
        if grant.role not in roles and subject.catalog.objects[master].master is None:
            yield MASTER_MISSING.at(
                place + "/role", role=grant.role, master=master, object=model.name
            )


def _unused_roles(subject: Subject) -> Iterator[Problem]:
    catalog = subject.catalog
    used = {grant.role for grants in catalog.permissions.values() for grant in grants}
    used |= {
        str(role)
        for workflow in catalog.workflows.values()
        for approvals in workflow.approvals.values()
        for approval in approvals
        for approver in approval.approvers()
        for role in (approver.role, approver.until)
    }
    for name, role in catalog.roles.items():
        if name not in used and not role.design and not role.migrate:
            yield UNUSED_ROLE.at(subject.at("role", name), role=name)


def _closed(subject: Subject, model: ObjectModel) -> Iterator[Problem]:
    catalog = subject.catalog
    if not catalog.permissions:
        return
    if model.master is None and not catalog.permissions.get(model.name):
        yield CLOSED.at(subject.at("object", model.name), object=model.name)
    yield from _creation(subject, model)


def _creation(subject: Subject, model: ObjectModel) -> Iterator[Problem]:
    """Find roles that may create records but could never fill one."""
    editable: dict[str, set[str]] = {}
    for grant in subject.catalog.permissions.get(model.name, ()):
        if "create" in grant.actions and grant.role in subject.catalog.roles:
            internal = subject.catalog.roles[grant.role].audience == "internal"
            names = {
                one.name
                for one in model.fields.values()
                if (internal or not one.internal) and (grant.edit is None or one.name in grant.edit)
            }
            editable.setdefault(grant.role, set()).update(names)
    for field in model.fields.values():
        needed = field.definition.required and field.default is None and not field.computed
        needed = needed and field.name not in model.hideable
        if not needed or field.definition.written_by == "system" or field.name == model.master:
            continue
        for role, names in editable.items():
            if field.name not in names:
                place = subject.field(model.name, field.name, "required")
                yield NO_CREATION.at(place, role=role, object=model.name, field=field.name)


_LED_TO: Final[Mapping[str, Text]] = {
    "owner": Text("owner", "负责人"),
    "organisation": Text("organisation", "组织"),
    "territory": Text("territory", "区域"),
}


def _scope(
    subject: Subject, model: ObjectModel, grant: GrantModel, place: str
) -> Iterator[Problem]:
    name = grant.scope.name
    owner = model
    needs = {
        "own": "owner",
        "organisation": "organisation",
        "organisation_tree": "organisation",
        "organisation_below": "organisation",
        "territory_tree": "territory",
    }.get(name)
    if needs == "owner" and "owner" not in owner.scope_paths:
        return  # created_by stands in
    if needs is not None and needs == owner.acts_as and needs not in owner.scope_paths:
        return  # the row itself stands in
    if needs is not None and needs not in owner.scope_paths:
        scope = WORDS["ScopeDef.name"][name]
        yield SCOPE_PATH.at(place, scope=scope, part=_LED_TO[needs], object=owner.name)
    elif name in {"organisation_tree", "organisation_below", "territory_tree"} and needs:
        target = subject.catalog.objects.get(owner.scope_paths[needs][-1].target or "")
        if target is not None and target.tree_field is None:
            yield SCOPE_TREE.at(place, scope=name, object=target.name)
    if name == "assigned" and grant.scope.path and grant.scope.path[-1].pointed != USER_OBJECT:
        yield ASSIGNED.at(place + "/assigned")

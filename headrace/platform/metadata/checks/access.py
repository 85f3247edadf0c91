"""Checks of permissions: scopes that can work, transitions and fields that exist, no lock-out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from headrace.platform.core.problems import Message, Problem
from headrace.platform.metadata.catalog import GrantModel, ObjectModel
from headrace.platform.metadata.checks.base import Subject
from headrace.platform.metadata.field_types.references import USER_OBJECT

SCOPE_PATH = Message(
    "scope.path_missing",
    "The scope “{scope}” needs a {part} path on “{object}”.",
    "范围“{scope}”需要“{object}”具有 {part} 路径。",
    "Add it to scope_paths of the object.",
    "请在该对象的 scope_paths 中补充。",
)
SCOPE_TREE = Message(
    "scope.not_a_tree",
    "The scope “{scope}” needs a tree, but “{object}” has no tree field.",
    "范围“{scope}”需要树形结构,但“{object}”没有上级字段。",
    "Add a tree field to it, or use another scope.",
    "请为其增加上级字段,或改用其他范围。",
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
    "可用转换:{known}。",
)
INTERNAL_FIELD = Message(
    "perm.internal_field",
    "“{field}” is internal; the partner role “{role}” can never get it.",
    "“{field}”仅限内部,伙伴角色“{role}”无法获得。",
    "Take it from the list, or change its audience.",
    "请从列表移除,或修改其可见范围。",
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
    "没有任何角色具有设计权限:将无人能再修改定义。",
    "Give one role the design right.",
    "请为某个角色授予设计权限。",
)
NOT_WRITABLE = Message(
    "perm.not_writable",
    "“{field}” is made by the platform; nobody can edit it.",
    "“{field}”由系统生成,无法编辑。",
    "Take it from the list.",
    "请从列表中移除。",
)


def check_access(subject: Subject) -> Iterator[Problem]:
    """Find grants that cannot work as written."""
    catalog = subject.catalog
    for document in catalog.documents:
        if document.kind != "permission":
            continue
        model = catalog.objects[str(document.content["object"])]
        grants = catalog.permissions[model.name]
        names = [one.name for one in catalog.documents if _is_permission(one, model.name)]
        offset = sum(
            len(subject.content("permission", name)["grants"])
            for name in names[: names.index(document.name)]
        )
        for position in range(len(document.content["grants"])):
            place = subject.at("permission", document.name, "grants", position)
            yield from _grant(subject, model, grants[offset + position], place)
    if catalog.roles and not any(role.design for role in catalog.roles.values()):
        first = next(iter(catalog.roles))
        problem = LOCKOUT.at(subject.at("role", first, "design"))
        # A module that is checked by itself may count on the roles of others (version 0).
        yield problem if catalog.version else replace(problem, severity="warning")


def _is_permission(document: object, object_name: str) -> bool:
    kind, content = getattr(document, "kind", ""), getattr(document, "content", {})
    return kind == "permission" and content["object"] == object_name


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
    role = subject.catalog.roles.get(grant.role)
    for part, names in (("read", grant.read), ("edit", grant.edit)):
        for name in sorted(names or ()):
            field = model.fields.get(name)
            if field is None:
                continue
            if field.internal and role is not None and role.audience == "partner":
                yield INTERNAL_FIELD.at(f"{place}/fields/{part}", field=name, role=grant.role)
            if part == "edit" and (field.computed or field.system):
                yield NOT_WRITABLE.at(f"{place}/fields/edit", field=name)


def _scope(
    subject: Subject, model: ObjectModel, grant: GrantModel, place: str
) -> Iterator[Problem]:
    name = grant.scope.name
    owner = _master(subject, model)
    needs = {
        "own": "owner",
        "organisation": "organisation",
        "organisation_tree": "organisation",
        "organisation_below": "organisation",
        "territory_tree": "territory",
    }.get(name)
    if needs == "owner" and "owner" not in owner.scope_paths:
        return  # created_by stands in
    if needs is not None and needs not in owner.scope_paths:
        yield SCOPE_PATH.at(place, scope=name, part=needs, object=owner.name)
    elif name in {"organisation_tree", "organisation_below", "territory_tree"} and needs:
        target = subject.catalog.objects.get(owner.scope_paths[needs][-1].target or "")
        if target is not None and target.tree_field is None:
            yield SCOPE_TREE.at(place, scope=name, object=target.name)
    if name == "assigned" and grant.scope.path and grant.scope.path[-1].target != USER_OBJECT:
        yield ASSIGNED.at(place + "/assigned")


def _master(subject: Subject, model: ObjectModel) -> ObjectModel:
    """Return the object whose rows decide the scope: the topmost master."""
    seen: set[str] = set()
    while model.master and not model.scope_paths and model.name not in seen:
        seen.add(model.name)
        model = subject.catalog.objects[str(model.fields[model.master].target)]
    return model

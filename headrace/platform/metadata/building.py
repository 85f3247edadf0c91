"""From documents to the catalog: resolve every name, type every formula, order the computing.

What cannot be resolved is collected as problems with the document's file in front of the path
(`/ordering/objects/x.json` + the JSON Pointer); a catalog is made only when there is no error.
Further findings, which need the whole catalog, are the business of `checks/`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from headrace.platform.core.errors import RefusedError
from headrace.platform.core.problems import Message, Problem, Text, errors, pointer
from headrace.platform.formulas.analysis import analyse
from headrace.platform.formulas.expression import Expression
from headrace.platform.formulas.functions.base import SQL_ENGINES, Engine
from headrace.platform.formulas.scope import ResolvedField
from headrace.platform.formulas.types import BOOLEAN, DATE, Kind, Type, number
from headrace.platform.formulas.types import TEXT as TEXT_TYPE
from headrace.platform.metadata.catalog import (
    ApprovalModel,
    ApproverModel,
    Assignment,
    Catalog,
    ConstantModel,
    FieldModel,
    FieldPath,
    GrantModel,
    ObjectModel,
    OutcomeModel,
    ReportModel,
    RollupModel,
    RuleModel,
    ScopeModel,
    StepModel,
    TransitionModel,
    ViewModel,
    WorkflowModel,
)
from headrace.platform.metadata.definitions.access import GrantDef
from headrace.platform.metadata.definitions.modules import ConstantDef
from headrace.platform.metadata.definitions.objects import ExtendsDef, FieldDef, ObjectDef
from headrace.platform.metadata.definitions.workflows import (
    ApprovalDef,
    ApproverDef,
    OutcomeDef,
    StepDef,
    TransitionDef,
    WorkflowDef,
)
from headrace.platform.metadata.documents import Document, fingerprint
from headrace.platform.metadata.field_types import FieldTypes
from headrace.platform.metadata.field_types.base import Computed, RefersTo
from headrace.platform.metadata.field_types.references import USER_OBJECT
from headrace.platform.metadata.schemas import load_definition, load_field
from headrace.platform.metadata.storage_types import Storage

UNKNOWN_OBJECT = Message(
    "ref.unknown_object",
    "There is no object “{name}”.",
    "没有名为“{name}”的对象。",
    "Check the name, or install the module that brings it.",
    "请检查名称,或先安装提供它的模块。",
)
UNKNOWN_FIELD = Message(
    "ref.unknown_field",
    "“{object}” has no field “{name}”.",
    "“{object}”没有字段“{name}”。",
    "Did you mean {suggestion}?",
    "您是否指 {suggestion}?",
)
UNKNOWN_REFERENCE = Message(
    "ref.unknown",
    "There is no {kind} “{name}”.",
    "没有名为“{name}”的 {kind}。",
    "Check the name.",
    "请检查名称。",
)
DUPLICATE_NAME = Message(
    "name.duplicate",
    "The name “{name}” is used twice.",
    "名称“{name}”重复。",
    "Give one of them another name.",
    "请改用其他名称。",
)
FORMULA_CYCLE = Message(
    "formula.cycle",
    "The formulas depend on each other: {cycle}.",
    "公式相互依赖:{cycle}。",
    "Break the circle.",
    "请打破循环。",
)
BAD_CONSTANT = Message(
    "constant.invalid",
    "“{value}” is not a {type}.",
    "“{value}”不是 {type}。",
    "Write the value in the form of its type.",
    "请按类型的形式填写。",
)

PYTHON: frozenset[Engine] = frozenset(("python",))
"""Where defaults, guards and assignments are computed: they may ask queries."""

SYSTEM_FIELDS: tuple[dict[str, Any], ...] = (
    {"name": "id", "type": "text", "label": {"en": "Id", "zh": "标识"}},
    {"name": "version", "type": "integer", "label": {"en": "Version", "zh": "版本"}},
    {"name": "created_at", "type": "datetime", "label": {"en": "Created at", "zh": "创建时间"}},
    {"name": "created_by", "type": "user", "label": {"en": "Created by", "zh": "创建人"}},
    {"name": "updated_at", "type": "datetime", "label": {"en": "Changed at", "zh": "修改时间"}},
    {"name": "updated_by", "type": "user", "label": {"en": "Changed by", "zh": "修改人"}},
)
SYSTEM_FIELD_NAMES = frozenset(one["name"] for one in SYSTEM_FIELDS)
USER_FIELDS: tuple[dict[str, Any], ...] = (
    {"name": "id", "type": "text", "label": {"en": "Id", "zh": "标识"}},
    {"name": "login", "type": "text", "label": {"en": "Login", "zh": "登录名"}},
    {"name": "name", "type": "text", "label": {"en": "Name", "zh": "姓名"}},
)


@dataclass(frozen=True, slots=True)
class Built:
    """What `build_catalog` gives: the catalog where there is no error, and all findings."""

    catalog: Catalog | None
    problems: tuple[Problem, ...]


def build_catalog(documents: Sequence[Document], types: FieldTypes, version: int = 0) -> Built:
    """Build the catalog of `documents`, each of which fits its schema."""
    builder = _Builder(documents, types)
    catalog = builder.build(version)
    return Built(None if errors(builder.problems) else catalog, tuple(builder.problems))


def object_scope(catalog: Catalog, object_name: str) -> CatalogScope:
    """Return the scope in which formulas over `object_name` are analysed."""
    return CatalogScope(
        {**catalog.system_objects, **catalog.objects},
        {name: constant.type for name, constant in catalog.constants.items()},
        object_name,
    )


@dataclass(frozen=True, slots=True)
class CatalogScope:
    """The names that a formula over an object may use (the `Scope` of the formula language)."""

    objects: dict[str, ObjectModel]
    constants: dict[str, Type]
    object_name: str

    @property
    def object_id(self) -> str:
        """Return the id of the object."""
        return self.objects[self.object_name].id

    def resolve(self, names: tuple[str, ...]) -> ResolvedField | None:
        """Resolve API names along lookups to ids and the type of the last."""
        current: ObjectModel | None = self.objects.get(self.object_name)
        ids: list[str] = []
        found: FieldModel | None = None
        for name in names:
            found = current.fields.get(name) if current else None
            if found is None:
                return None
            ids.append(found.id)
            current = self.objects.get(found.target) if found.target else None
        return ResolvedField(tuple(ids), found.value_type) if found else None

    def constant(self, name: str) -> Type | None:
        """Return the type of a constant."""
        return self.constants.get(name)

    def query_scope(self, object_name: str) -> CatalogScope | None:
        """Return the scope of a query over `object_name`."""
        if object_name not in self.objects:
            return None
        return CatalogScope(self.objects, self.constants, object_name)

    def suggestions(self) -> Iterable[str]:
        """Return the names that could have been meant."""
        current = self.objects.get(self.object_name)
        return (*(current.fields if current else ()), *self.constants)


class _Builder:
    """Works once over the documents; every stage sees what the earlier ones resolved."""

    def __init__(self, documents: Sequence[Document], types: FieldTypes) -> None:
        self.documents = tuple(sorted(documents, key=lambda d: (d.module, d.kind, d.name)))
        self.types = types
        self.problems: list[Problem] = []
        self.files: dict[int, str] = {}
        self.definitions: dict[str, dict[str, Any]] = {}
        self.modules_of: dict[tuple[str, str], str] = {}
        self.objects: dict[str, ObjectModel] = {}
        self.system_objects: dict[str, ObjectModel] = {}
        self.constants: dict[str, ConstantModel] = {}
        self.field_files: dict[tuple[str, str], str] = {}

    # -- stages ---------------------------------------------------------------------------

    def build(self, version: int) -> Catalog:
        """Run all stages and return the catalog (of use only when there is no error)."""
        self._load()
        self._constants()
        self._bare_objects()
        self._formulas()
        self._rollups_and_order()
        workflows = self._workflows()
        return Catalog(
            version=version,
            fingerprint=fingerprint(self.documents),
            modules=self.definitions.get("module", {}),
            objects=self.objects,
            system_objects=self.system_objects,
            workflows=workflows,
            permissions=self._permissions(),
            roles=self.definitions.get("role", {}),
            forms=self._named("form"),
            views=self._views(),
            reports=self._reports(),
            constants=self.constants,
            documents=self.documents,
        )

    def report(self, problem: Problem, definition: Any, *parts: str | int) -> None:
        """Keep `problem`, placed at `parts` of the definition's file."""
        file = self.files.get(id(definition), "")
        self.problems.append(problem.below(pointer(*parts)).below(file))

    def _load(self) -> None:
        for document in self.documents:
            definition = load_definition(document.content, self.types)
            self.files[id(definition)] = "/" + document.file
            named = self.definitions.setdefault(document.kind, {})
            slot = document.name
            if document.kind == "extends":
                slot = f"{document.module}:{document.name}"
            if slot in named:
                self.report(DUPLICATE_NAME.at("/name", name=document.name), definition)
                continue
            named[slot] = definition
            self.modules_of[document.kind, slot] = document.module

    def _named(self, kind: str) -> dict[str, Any]:
        named = self.definitions.get(kind, {})
        for definition in named.values():
            if definition.object not in self.objects:
                self._unknown_object(definition, definition.object)
        return named

    def _constants(self) -> None:
        for module in self.definitions.get("module", {}).values():
            for position, constant in enumerate(module.constants):
                model = _constant(constant)
                place = ("constants", position)
                if model is None:
                    problem = BAD_CONSTANT.at("/value", value=constant.value, type=constant.type)
                    self.report(problem, module, *place)
                elif constant.name in self.constants:
                    self.report(DUPLICATE_NAME.at("/name", name=constant.name), module, *place)
                else:
                    self.constants[constant.name] = model

    def _bare_objects(self) -> None:
        self.system_objects[USER_OBJECT] = self._user_object()
        extensions: dict[str, list[ExtendsDef]] = {}
        for extension in self.definitions.get("extends", {}).values():
            if extension.name not in self.definitions.get("object", {}):
                self._unknown_object(extension, extension.name, "name")
            extensions.setdefault(extension.name, []).append(extension)
        for name, definition in self.definitions.get("object", {}).items():
            merged = self._merge(definition, extensions.get(name, []))
            self.objects[name] = self._bare_object(merged, definition)
        for name, model in self.objects.items():
            self.objects[name] = self._with_targets(model)

    def _merge(self, definition: ObjectDef, extensions: Sequence[ExtendsDef]) -> ObjectDef:
        for position, field in enumerate(definition.fields):
            self._place_field(definition.name, field, definition, position)
        for extension in extensions:
            for position, field in enumerate(extension.fields):
                self._place_field(definition.name, field, extension, position)
        return dataclasses.replace(
            definition,
            fields=(*definition.fields, *(f for e in extensions for f in e.fields)),
            rules=(*definition.rules, *(r for e in extensions for r in e.rules)),
            children=(*definition.children, *(c for e in extensions for c in e.children)),
            unique=(*definition.unique, *(u for e in extensions for u in e.unique)),
        )

    def _place_field(self, object_name: str, field: FieldDef, owner: Any, position: int) -> None:
        place = self.files.get(id(owner), "") + pointer("fields", position)
        if (object_name, field.name) in self.field_files or field.name in SYSTEM_FIELD_NAMES:
            self.problems.append(DUPLICATE_NAME.at("/name", name=field.name).below(place))
        self.field_files.setdefault((object_name, field.name), place)

    def _bare_object(self, definition: ObjectDef, source: ObjectDef) -> ObjectModel:
        self.files[id(definition)] = self.files.get(id(source), "")
        fields = {one["name"]: self._system_field(definition.name, one) for one in SYSTEM_FIELDS}
        for field in definition.fields:
            fields.setdefault(field.name, self._field(definition.name, field))
        own = [one for one in fields.values() if not one.system]
        masters = [one.name for one in own if one.type.key == "master_detail"]
        states = [one for one in own if one.computed == "workflow"]
        return ObjectModel(
            id=definition.id or definition.name,
            name=definition.name,
            module=self.modules_of.get(("object", definition.name), ""),
            definition=definition,
            fields=fields,
            title=_title(definition, own),
            master=masters[0] if masters else None,
            children=definition.children,
            workflow=states[0].options.workflow if states else None,
            state_field=states[0].name if states else None,
            tree_field=next((one.name for one in own if one.is_tree), None),
            external_ids=tuple(one.name for one in own if one.definition.external_id),
            scope_paths={},
            uniques=tuple(one.fields for one in definition.unique),
        )

    def _field(self, object_name: str, definition: FieldDef) -> FieldModel:
        kind = self.types[definition.type]
        options = definition.options
        for problem in kind.check_options(options):
            self.problems.append(problem.below(self.field_files[object_name, definition.name]))
        target = kind.target(options) if isinstance(kind, RefersTo) else None
        value_type = kind.value_type(options)
        if isinstance(kind, RefersTo) and target is None:
            target = object_name
            value_type = dataclasses.replace(value_type, target=object_name)
        return FieldModel(
            id=definition.id or f"{object_name}.{definition.name}",
            name=definition.name,
            object=object_name,
            definition=definition,
            type=kind,
            options=options,
            storage=kind.storage(options),
            value_type=value_type,
            label=definition.label or Text(definition.name, definition.name),
            computed=kind.computed if isinstance(kind, Computed) else None,
            target=target,
        )

    def _system_field(self, object_name: str, content: dict[str, Any]) -> FieldModel:
        definition = dataclasses.replace(
            load_field(content, self.types), id="system." + content["name"]
        )
        self.field_files.setdefault((object_name, definition.name), "")
        model = self._field(object_name, definition)
        if definition.name == "id":
            storage = Storage("id")
            value_type = Type(Kind.REFERENCE, target=object_name)
            return dataclasses.replace(
                model, system=True, storage=storage, value_type=value_type, target=object_name
            )
        return dataclasses.replace(model, system=True)

    def _user_object(self) -> ObjectModel:
        label = Text("User", "用户")
        definition = ObjectDef(kind="object", name=USER_OBJECT, fields=(), label=label)
        fields = {one["name"]: self._system_field(USER_OBJECT, one) for one in USER_FIELDS}
        return ObjectModel(
            id="system.user",
            name=USER_OBJECT,
            module="",
            definition=definition,
            fields=fields,
            title="name",
            external_ids=("login",),
            scope_paths={},
            system=True,
        )

    def _with_targets(self, model: ObjectModel) -> ObjectModel:
        for field in model.fields.values():
            known = field.target is None or field.target in self.objects
            if not known and field.target not in self.system_objects:
                place = self.field_files[model.name, field.name]
                self.problems.append(UNKNOWN_OBJECT.at("/to", name=field.target).below(place))
        definition = model.definition
        for position, child in enumerate(definition.children):
            detail = self.objects.get(child.object)
            if detail is None:
                self._unknown_object(definition, child.object, "children", position, "object")
            elif child.by not in detail.fields:
                self._unknown_field(definition, detail, child.by, "children", position, "by")
        for position, unique in enumerate(definition.unique):
            for name in unique.fields:
                if name not in model.fields:
                    self._unknown_field(definition, model, name, "unique", position, "fields")
        named = [("search", name) for name in definition.search]
        for key_name, name in [("title", definition.title or "id"), *named]:
            if name not in model.fields:
                self._unknown_field(definition, model, name, key_name)
        paths = {
            part: self._path(definition, model.name, path, "scope_paths", part)
            for part in ("organisation", "territory", "owner")
            if (path := getattr(definition.scope_paths, part)) is not None
        }
        return dataclasses.replace(
            model, scope_paths={part: path for part, path in paths.items() if path}
        )

    # -- formulas -------------------------------------------------------------------------

    def scope(self, object_name: str) -> CatalogScope:
        """Return the scope of formulas over an object."""
        return CatalogScope(
            {**self.system_objects, **self.objects},
            {name: constant.type for name, constant in self.constants.items()},
            object_name,
        )

    def expression(
        self,
        text: str | None,
        object_name: str,
        place: str,
        *,
        expected: Type | None = BOOLEAN,
        queries: bool = False,
        outer: str | None = None,
        engines: frozenset[Engine] = SQL_ENGINES,
    ) -> Expression | None:
        """Analyse a formula; its problems are kept at `place`."""
        if text is None or object_name not in {*self.objects, *self.system_objects}:
            return None
        try:
            return analyse(
                text,
                self.scope(object_name),
                expected=expected,
                queries=queries,
                outer=self.scope(outer) if outer else None,
                engines=PYTHON if queries else engines,
            )
        except RefusedError as refusal:
            self.problems.extend(problem.below(place) for problem in refusal.problems)
            return None

    def _formulas(self) -> None:
        self._sum_types()
        for name, model in self.objects.items():
            fields = {field.name: self._field_formulas(field) for field in model.fields.values()}
            self.objects[name] = dataclasses.replace(model, fields=fields)
        for name, model in self.objects.items():
            self.objects[name] = dataclasses.replace(model, rules=self._rules(model))

    def _sum_types(self) -> None:
        """Give each sum the type of what it sums, before any formula reads it."""
        for model in self.objects.values():
            for field in model.fields.values():
                if field.computed == "rollup" and field.options.op == "sum":
                    source, _, of = field.options.of.partition(".")
                    summed = self.objects[source].fields.get(of) if source in self.objects else None
                    if summed is not None:
                        changed = dataclasses.replace(
                            field, storage=summed.storage, value_type=summed.value_type
                        )
                        model.fields[field.name] = changed  # type: ignore[index]  # still being built

    def _field_formulas(self, field: FieldModel) -> FieldModel:
        place = self.field_files[field.object, field.name]
        definition = field.definition
        default = self.expression(
            definition.default,
            field.object,
            place + "/default",
            expected=field.value_type,
            queries=True,
        )
        changed = dataclasses.replace(field, default=default)
        if field.computed == "formula":
            formula = self._formula(field, place + "/formula")
            stored = formula is not None and _is_same_row(formula)
            return dataclasses.replace(changed, expression=formula, stored=stored)
        condition = getattr(field.options, "filter", None)
        if condition is not None and field.target is not None:
            lookup_filter = self.expression(
                condition, field.target, place + "/filter", outer=field.object
            )
            return dataclasses.replace(changed, lookup_filter=lookup_filter)
        return changed

    def _formula(self, field: FieldModel, place: str) -> Expression | None:
        """Analyse a formula field; one that is computed on read must be known to SQL."""
        text, wanted = field.options.formula, field.value_type
        found = self.expression(text, field.object, place, expected=wanted, engines=PYTHON)
        if found is None or _is_same_row(found):
            return found
        return self.expression(text, field.object, place, expected=wanted)

    def _rules(self, model: ObjectModel) -> tuple[RuleModel, ...]:
        result = []
        definition = model.definition
        for position, rule in enumerate(definition.rules):
            place = self.files.get(id(definition), "") + pointer("rules", position)
            unless = self.expression(rule.unless, model.name, place + "/unless", engines=PYTHON)
            when = self.expression(rule.when, model.name, place + "/when", engines=PYTHON)
            if rule.field is not None and rule.field not in model.fields:
                self._unknown_field(definition, model, rule.field, "rules", position, "field")
            if unless is not None:
                result.append(RuleModel(rule, unless, when))
        return tuple(result)

    def _rollups_and_order(self) -> None:
        rollups: list[RollupModel] = []
        for model in self.objects.values():
            for field in model.fields.values():
                if field.computed == "rollup":
                    rollup = self._rollup(model, field)
                    if rollup is not None:
                        rollups.append(rollup)
        for name, model in self.objects.items():
            self.objects[name] = dataclasses.replace(
                model,
                rollups=tuple(one for one in rollups if one.owner == name),
                feeds=tuple(one for one in rollups if one.source == name),
                computed_order=self._order(model),
            )

    def _rollup(self, model: ObjectModel, field: FieldModel) -> RollupModel | None:
        place = self.field_files[model.name, field.name]
        source_name, _, of = field.options.of.partition(".")
        source = self.objects.get(source_name)
        if source is None:
            self.problems.append(UNKNOWN_OBJECT.at("/of", name=source_name).below(place))
            return None
        names = (field.options.by, of) if of else (field.options.by,)
        for name, key_name in zip(names, ("by", "of"), strict=False):
            if name not in source.fields:
                problem = _unknown_field(source, name).below("/" + key_name).below(place)
                self.problems.append(problem)
                return None
        where = self.expression(field.options.where, source_name, place + "/where")
        return RollupModel(
            owner=model.name,
            field=field.name,
            source=source_name,
            by=field.options.by,
            op=field.options.op,
            of=of or None,
            where=where,
        )

    def _order(self, model: ObjectModel) -> tuple[str, ...]:
        """Return the formula fields so that each comes after those it reads."""
        formulas = {
            field.id: field for field in model.fields.values() if field.expression is not None
        }
        order: list[str] = []
        state: dict[str, int] = {}

        def visit(field: FieldModel, trail: tuple[str, ...]) -> None:
            if state.get(field.id) == 2:  # noqa: PLR2004 - 1 is being visited, 2 is done
                return
            if state.get(field.id) == 1:
                cycle = " → ".join((*trail[trail.index(field.name) :], field.name))
                place = self.field_files[model.name, field.name]
                self.problems.append(FORMULA_CYCLE.at("/formula", cycle=cycle).below(place))
                return
            state[field.id] = 1
            for path in sorted(field.expression.references()):  # type: ignore[union-attr]  # chosen above
                if path[0] in formulas:
                    visit(formulas[path[0]], (*trail, field.name))
            state[field.id] = 2
            order.append(field.name)

        for field in formulas.values():
            visit(field, ())
        return tuple(order)

    # -- the rest -------------------------------------------------------------------------

    def _workflows(self) -> dict[str, WorkflowModel]:
        result: dict[str, WorkflowModel] = {}
        for definition in self.definitions.get("workflow", {}).values():
            model = self.objects.get(definition.object)
            if model is None:
                self._unknown_object(definition, definition.object)
            elif definition.field not in model.fields:
                self._unknown_field(definition, model, definition.field, "field")
            else:
                result[definition.name] = self._workflow(definition, model)
        for model in self.objects.values():
            if model.workflow is not None and model.workflow not in result:
                place = self.field_files[model.name, str(model.state_field)]
                problem = UNKNOWN_REFERENCE.at("/workflow", kind="workflow", name=model.workflow)
                self.problems.append(problem.below(place))
        return result

    def _workflow(self, definition: WorkflowDef, model: ObjectModel) -> WorkflowModel:
        states = {state.name: state for state in definition.states}
        initial = next((state.name for state in definition.states if state.initial), "")
        transitions = {
            one.name: self._transition(definition, model, one, position)
            for position, one in enumerate(definition.transitions)
        }
        approvals: dict[str, list[ApprovalModel]] = {}
        for approval in self.definitions.get("approval", {}).values():
            if approval.workflow == definition.name:
                if approval.transition not in transitions:
                    problem = UNKNOWN_REFERENCE.at(
                        "/transition", kind="transition", name=approval.transition
                    )
                    self.report(problem, approval)
                approvals.setdefault(approval.transition, []).append(
                    self._approval(approval, model)
                )
            elif approval.workflow not in self.definitions.get("workflow", {}):
                problem = UNKNOWN_REFERENCE.at("/workflow", kind="workflow", name=approval.workflow)
                self.report(problem, approval)
        return WorkflowModel(
            id=definition.id or definition.name,
            name=definition.name,
            object=definition.object,
            field=definition.field,
            definition=definition,
            states=states,
            initial=initial,
            transitions=transitions,
            approvals={
                name: tuple(sorted(many, key=lambda a: (-a.definition.priority, a.name)))
                for name, many in approvals.items()
            },
        )

    def _transition(
        self, workflow: WorkflowDef, model: ObjectModel, definition: TransitionDef, position: int
    ) -> TransitionModel:
        place = self.files[id(workflow)] + pointer("transitions", position)
        for index, role in enumerate(definition.by):
            self._role(role, f"{place}/by/{index}")
        outcomes = definition.on
        return TransitionModel(
            definition=definition,
            when=self.expression(definition.when, model.name, place + "/when", queries=True),
            assignments=self._assignments(model, definition.set, place + "/set"),
            without_approval=self._outcome(
                model, definition.without_approval, place + "/without_approval"
            ),
            approved=self._outcome(
                model, outcomes.approved if outcomes else None, place + "/on/approved"
            ),
            rejected=self._outcome(
                model, outcomes.rejected if outcomes else None, place + "/on/rejected"
            ),
            withdrawn=self._outcome(
                model, outcomes.withdrawn if outcomes else None, place + "/on/withdrawn"
            ),
        )

    def _outcome(
        self, model: ObjectModel, definition: OutcomeDef | None, place: str
    ) -> OutcomeModel | None:
        if definition is None:
            return None
        return OutcomeModel(
            to=definition.to,
            when=self.expression(definition.when, model.name, place + "/when", queries=True),
            assignments=self._assignments(model, definition.set, place + "/set"),
        )

    def _assignments(
        self, model: ObjectModel, values: dict[str, Any], place: str
    ) -> tuple[Assignment, ...]:
        result = []
        for name, text in values.items():
            field = model.fields.get(name)
            where = place + pointer(name)
            if field is None:
                self.problems.append(_unknown_field(model, name).below(where))
                continue
            value = self.expression(
                text, model.name, where, expected=field.value_type, queries=True
            )
            if value is not None:
                result.append(Assignment(name, value))
        return tuple(result)

    def _approval(self, definition: ApprovalDef, model: ObjectModel) -> ApprovalModel:
        place = self.files[id(definition)]
        steps = tuple(
            self._step(step, model, f"{place}/steps/{position}")
            for position, step in enumerate(definition.steps)
        )
        when = self.expression(definition.when, model.name, place + "/when", queries=True)
        return ApprovalModel(definition, when, steps)

    def _step(self, definition: StepDef, model: ObjectModel, place: str) -> StepModel:
        for index, name in enumerate(definition.editable):
            if name not in model.fields:
                problem = _unknown_field(model, name).below(f"{place}/editable/{index}")
                self.problems.append(problem)
        approvers = tuple(
            self._approver(one, model, f"{place}/approvers/{index}")
            for index, one in enumerate(definition.approvers)
        )
        when = self.expression(definition.when, model.name, place + "/when", queries=True)
        return StepModel(definition, when, approvers)

    def _approver(self, definition: ApproverDef, model: ObjectModel, place: str) -> ApproverModel:
        if definition.role is not None:
            self._role(definition.role, place + "/role")
        return ApproverModel(
            field=self._path_at(place + "/field", model.name, definition.field),
            role=definition.role,
            within=self._path_at(place + "/within", model.name, definition.within),
        )

    def _permissions(self) -> dict[str, tuple[GrantModel, ...]]:
        result: dict[str, tuple[GrantModel, ...]] = {}
        for definition in self.definitions.get("permission", {}).values():
            model = self.objects.get(definition.object)
            if model is None:
                self._unknown_object(definition, definition.object)
                continue
            grants = tuple(
                self._grant(grant, model, f"{self.files[id(definition)]}/grants/{position}")
                for position, grant in enumerate(definition.grants)
            )
            result[model.name] = (*result.get(model.name, ()), *grants)
        return result

    def _grant(self, definition: GrantDef, model: ObjectModel, place: str) -> GrantModel:
        self._role(definition.role, place + "/role")
        rights = definition.fields
        known = {*model.fields, *(child.name for child in model.children)}
        for part in ("read", "edit"):
            names = getattr(rights, part) if rights else None
            for index, name in enumerate(names or ()):
                if name not in known:
                    problem = _unknown_field(model, name)
                    self.problems.append(problem.below(f"{place}/fields/{part}/{index}"))
        scope = ScopeModel(
            definition.scope.name,
            self._path_at(place + "/scope/assigned", model.name, definition.scope.path) or (),
            self.expression(definition.scope.formula, model.name, place + "/scope/criteria"),
        )
        return GrantModel(
            role=definition.role,
            actions=frozenset(definition.actions),
            scope=scope,
            when=self.expression(definition.when, model.name, place + "/when"),
            read=frozenset(rights.read) if rights and rights.read is not None else None,
            edit=frozenset(rights.edit) if rights and rights.edit is not None else None,
            transitions=frozenset(definition.transitions),
        )

    def _views(self) -> dict[str, ViewModel]:
        result = {}
        for name, definition in self._named("view").items():
            place = self.files[id(definition)]
            paths = [
                self._path_at(f"{place}/columns/{index}", definition.object, path)
                for index, path in enumerate(definition.columns)
            ]
            result[name] = ViewModel(
                definition,
                self.expression(definition.where, definition.object, place + "/where"),
                tuple(path for path in paths if path),
            )
        return result

    def _reports(self) -> dict[str, ReportModel]:
        result = {}
        for name, definition in self._named("report").items():
            place = self.files[id(definition)]
            for index, role in enumerate(definition.roles):
                self._role(role, f"{place}/roles/{index}")
            result[name] = ReportModel(
                definition, self.expression(definition.where, definition.object, place + "/where")
            )
        return result

    # -- names ----------------------------------------------------------------------------

    def _role(self, name: str, place: str) -> None:
        if name not in self.definitions.get("role", {}):
            self.problems.append(UNKNOWN_REFERENCE.at(place, kind="role", name=name))

    def _path(
        self, definition: Any, object_name: str, path: str, *parts: str | int
    ) -> FieldPath | None:
        return self._path_at(
            self.files.get(id(definition), "") + pointer(*parts), object_name, path
        )

    def _path_at(self, place: str, object_name: str, path: str | None) -> FieldPath | None:
        """Resolve a dotted path; an unknown name is a problem at `place`."""
        if path is None:
            return None
        found: list[FieldModel] = []
        current = self.objects.get(object_name)
        for name in path.split("."):
            if current is None:
                self.problems.append(UNKNOWN_OBJECT.at(place, name=object_name))
                return None
            field = current.fields.get(name)
            if field is None:
                self.problems.append(_unknown_field(current, name).below(place))
                return None
            found.append(field)
            target = field.target
            current = (
                self.objects.get(target) or self.system_objects.get(target) if target else None
            )
            if current is None:
                current = _NOTHING
        return tuple(found)

    def _unknown_object(self, definition: Any, name: str, *parts: str | int) -> None:
        self.report(UNKNOWN_OBJECT.at(name=name), definition, *(parts or ("object",)))

    def _unknown_field(
        self, definition: Any, model: ObjectModel, name: str, *parts: str | int
    ) -> None:
        self.report(_unknown_field(model, name), definition, *parts)


_NOTHING = ObjectModel(
    id="",
    name="",
    module="",
    definition=ObjectDef(kind="object", name="nothing", fields=()),
    fields={},
    title="id",
    scope_paths={},
)


def _unknown_field(model: ObjectModel, name: str) -> Problem:
    return UNKNOWN_FIELD.at(object=model.name, name=name, suggestion=closest(name, model.fields))


def closest(name: str, known: Iterable[str]) -> str:
    """Return the known name most like `name`, or a few of them."""
    import difflib  # noqa: PLC0415 - only on the way to an error

    names = list(known)
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    return near[0] if near else ", ".join(names[:8])


def _title(definition: ObjectDef, own: Sequence[FieldModel]) -> str:
    """Return the title field: the declared one, else a name or number, else the id."""
    if definition.title is not None:
        return definition.title
    textual = [one.name for one in own if one.type.key in {"text", "auto_number"}]
    preferred = [name for name in textual if name in {"name", "title", "code"}]
    return (preferred or textual or ["id"])[0]


def _is_same_row(expression: Expression) -> bool:
    """Whether a formula reads its own row only and never today: then it is stored."""
    own = all(len(path) == 1 for path in expression.references())
    return own and not expression.uses_clock and not expression.constants()


def _constant(definition: ConstantDef) -> ConstantModel | None:
    kinds: dict[str, tuple[Type, Any]] = {
        "integer": (number(0), Decimal),
        "decimal": (number(6), Decimal),
        "money": (number(2), Decimal),
        "percent": (number(4), Decimal),
        "text": (TEXT_TYPE, str),
        "boolean": (BOOLEAN, {"true": True, "false": False}.__getitem__),
        "date": (DATE, date.fromisoformat),
    }
    kind, parse = kinds[definition.type]
    try:
        value = parse(definition.value)
    except (ValueError, ArithmeticError, KeyError):
        return None
    return ConstantModel(definition.name, kind, value, definition.label)

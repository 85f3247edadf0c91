"""Objects without their formulas: fields bound to types, extensions merged, targets and paths found."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from headrace.platform.core.problems import Text
from headrace.platform.formulas.parser import RESERVED_WORDS
from headrace.platform.formulas.types import Kind, Type
from headrace.platform.metadata.building.choice_sets import bound_options
from headrace.platform.metadata.building.formulas import with_formulas
from headrace.platform.metadata.building.key_conditions import with_conditions
from headrace.platform.metadata.building.ledgers import with_ledger
from headrace.platform.metadata.building.messages import (
    DUPLICATE_NAME,
    RESERVED,
    SYSTEM_RESERVED,
    UNKNOWN_OBJECT,
    USER_OBJECT_NAME,
)
from headrace.platform.metadata.building.parts import ITSELF
from headrace.platform.metadata.building.rollups import (
    give_rollup_types,
    is_rollup,
    with_feeds,
    with_rollups,
)
from headrace.platform.metadata.building.search_keys import with_keys
from headrace.platform.metadata.building.system_fields import (
    SYSTEM_FIELD_NAMES,
    SYSTEM_FIELDS,
    USER_FIELDS,
    USER_SEARCH_KEY,
    USER_SORT_KEY,
)
from headrace.platform.metadata.building.target_fields import target_fields
from headrace.platform.metadata.building.workbench import Workbench, with_former_fields
from headrace.platform.metadata.catalog import FieldModel, ObjectModel
from headrace.platform.metadata.definitions.objects import FieldDef, ObjectDef
from headrace.platform.metadata.field_types.base import (
    computed_of,
    links_of,
    polymorphic_of,
    reference_of,
)
from headrace.platform.metadata.field_types.references import USER_OBJECT
from headrace.platform.metadata.record_types import RECORD_TYPE
from headrace.platform.metadata.schemas import load_field
from headrace.platform.metadata.storage_types import Storage


def build_objects(work: Workbench) -> None:
    """Make all objects: fields first, then what needs those of other objects."""
    work.system_objects[USER_OBJECT] = work.part(
        "user", USER_OBJECT, (), lambda: _user_object(work)
    )
    rollups: dict[str, tuple[str, ...]] = {}
    defined = work.definitions.get("object", {})
    work.note_other_objects()
    for name in work.stale("bare", "object"):
        definition = work.know("object", name)
        if name in work.system_objects:
            work.report(USER_OBJECT_NAME.at("/name", name=name), definition)
        _bare(work, definition)
    for name, bare in work.results("bare", defined).items():
        work.objects[name] = bare.model
        if bare.rollups:
            rollups[name] = bare.rollups
    for name in work.before.objects.keys() - defined.keys():
        work.note_object(name, work.before.objects[name], None)
    give_rollup_types(work, rollups)
    for name in work.stale("object", "object"):
        work.place_with(work.objects[name].definition, work.know("object", name))
        _finished(work, work.objects[name])
    finished = work.results("object", defined)
    work.objects.update(with_feeds(work, finished))


@dataclass(frozen=True, slots=True)
class _Bare:
    """An object made from its own definitions alone, and the places of its fields."""

    model: ObjectModel
    places: dict[str, str]
    rollups: tuple[str, ...]


def _bare(work: Workbench, definition: ObjectDef) -> None:
    name = definition.name
    former: _Bare | None = work.former("bare", name)
    known = former.model if former else None
    targets = _targets(work, definition)

    def make() -> _Bare:
        work.field_files[name] = {}
        for position, field in enumerate(definition.fields):
            _place_field(work, name, field, work.place(definition, "fields", position))
        model = _bare_object(work, definition)
        reached = target_fields(work, model.fields.values(), targets)
        work.reads.update((target, ITSELF) for target in targets)
        model = dataclasses.replace(model, fields={**model.fields, **reached})
        rollups = tuple(one.name for one in model.fields.values() if is_rollup(one))
        return _Bare(with_former_fields(model, known), work.field_files[name], rollups)

    bare = work.part("bare", name, (definition,), make)
    work.field_files[name] = bare.places
    work.place_with(bare.model.definition, definition)
    work.note_object(name, known, bare.model)


def _targets(work: Workbench, definition: ObjectDef) -> dict[str, ObjectDef]:
    """Return the objects to whose records polymorphic references of an object lead."""
    kinds = ((one, polymorphic_of(work.types[one.type])) for one in definition.fields)
    names = {name for one, kind in kinds if kind for name in kind.targets(one.options)}
    defined = work.definitions.get("object", {})
    return {name: work.know("object", name) for name in sorted(names) if name in defined}


def _finished(work: Workbench, model: ObjectModel) -> None:
    """Add what needs other objects: scope paths, formulas, rules, roll-ups."""
    name = model.name
    known: ObjectModel | None = work.former("object", name)

    def make() -> ObjectModel:
        result = with_keys(work, with_formulas(work, _with_targets(work, model)))
        result = with_conditions(work, result)
        return with_former_fields(with_ledger(work, with_rollups(work, result)), known)

    finished = work.part("object", name, (), make, about=name)
    work.note_object(name, known, finished)


def _place_field(work: Workbench, object_name: str, field: FieldDef, place: str) -> None:
    if field.name in SYSTEM_FIELD_NAMES:
        work.problems.append(SYSTEM_RESERVED.at("/name", name=field.name).below(place))
    elif field.name.upper() in RESERVED_WORDS:
        work.problems.append(RESERVED.at("/name", name=field.name).below(place))
    elif field.name in work.field_files[object_name]:
        work.problems.append(DUPLICATE_NAME.at("/name", name=field.name).below(place))
    work.field_files[object_name].setdefault(field.name, place)


def _bare_object(work: Workbench, definition: ObjectDef) -> ObjectModel:
    fields = {one["name"]: _system_field(work, definition.name, one) for one in SYSTEM_FIELDS}
    for position, field in enumerate(definition.fields):
        for problem in work.types[field.type].check_options(field.options):
            steps: list[str | int] = ["fields", position, *_steps(problem.path)]
            if field.name == RECORD_TYPE and definition.record_types:
                steps = ["record_types", *_steps(problem.path)[1:-1], "name"]
            place = work.place(definition, *steps)
            work.problems.append(dataclasses.replace(problem, path=place))
        place = work.field_place(definition.name, field.name)
        fields.setdefault(field.name, field_model(work, definition.name, field, place))
    own = [one for one in fields.values() if not one.system]
    masters = [one.name for one in own if one.type.key == "master_detail"]
    states = [one for one in own if one.computed == "workflow"]
    return ObjectModel(
        id=definition.id or definition.name,
        name=definition.name,
        module=work.module_of("object", definition.name),
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


def _steps(path: str) -> list[str | int]:
    """Return the steps of a pointer within a field: what extensions add stands in other files."""
    return [int(one) if one.isdigit() else one for one in path.split("/")[1:]]


def field_model(work: Workbench, object_name: str, definition: FieldDef, place: str) -> FieldModel:
    """Bind a field that stands at `place` to its type, and to the choice set that it names."""
    kind = work.types[definition.type]
    options = bound_options(work, definition, place)
    reference, several, any_of = reference_of(kind), links_of(kind), polymorphic_of(kind)
    target = reference.target(options) if reference else None
    value_type = kind.value_type(options)
    if reference is not None and target is None:
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
        computed=computed_of(kind),
        target=target,
        links=several.linked(options) if several else None,
        targets=any_of.targets(options) if any_of else (),
    )


def _system_field(work: Workbench, object_name: str, content: dict[str, Any]) -> FieldModel:
    definition = dataclasses.replace(
        load_field(content, work.types), id="system." + content["name"]
    )
    model = field_model(work, object_name, definition, "")
    if definition.name == "id":
        storage = Storage("id")
        value_type = Type(Kind.REFERENCE, target=object_name)
        return dataclasses.replace(
            model, system=True, storage=storage, value_type=value_type, target=object_name
        )
    return dataclasses.replace(model, system=True)


def _user_object(work: Workbench) -> ObjectModel:
    label = Text("User", "用户")
    definition = ObjectDef(kind="object", name=USER_OBJECT, fields=(), label=label)
    fields = {one["name"]: _system_field(work, USER_OBJECT, one) for one in USER_FIELDS}
    name = fields["name"]
    for key in (USER_SEARCH_KEY, USER_SORT_KEY):
        field_id = f"system.{key}"
        fields[key] = dataclasses.replace(name, name=key, id=field_id, key_of="name")
    fields["name"] = dataclasses.replace(name, search_key=USER_SEARCH_KEY, sort_key=USER_SORT_KEY)
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


def _with_targets(work: Workbench, model: ObjectModel) -> ObjectModel:
    _report_unknown_objects(work, model)
    definition = model.definition
    for position, child in enumerate(definition.children):
        detail = work.objects.get(child.object)
        if detail is None:
            at = ("children", position, "object")
            work.report_unknown_object(definition, child.object, *at)
        elif work.find(child.object, child.by) is None:
            work.report_unknown_field(definition, detail, child.by, "children", position, "by")
    for position, unique in enumerate(definition.unique):
        for name in unique.fields:
            if name not in model.fields:
                work.report_unknown_field(definition, model, name, "unique", position, "fields")
    _report_unknown_ranges(work, model)
    named: list[tuple[tuple[str | int, ...], str]] = [(("title",), definition.title or "id")]
    named.append((("period_date",), definition.period_date or "id"))
    named += [(("search", position), name) for position, name in enumerate(definition.search)]
    for where, name in named:
        if name not in model.fields:
            work.report_unknown_field(definition, model, name, *where)
    paths = {
        part: work.path(definition, model.name, path, "scope_paths", part)
        for part in ("organisation", "territory", "owner")
        if (path := getattr(definition.scope_paths, part)) is not None
    }
    return dataclasses.replace(
        model, scope_paths={part: path for part, path in paths.items() if path}
    )


def _report_unknown_objects(work: Workbench, model: ObjectModel) -> None:
    for field in model.fields.values():
        if field.pointed is not None and not work.knows(field.pointed):
            place = work.field_place(model.name, field.name)
            work.problems.append(UNKNOWN_OBJECT.at("/to", name=field.pointed).below(place))
        for index, name in enumerate(field.targets):
            if not work.knows(name):
                problem = UNKNOWN_OBJECT.at(f"/targets/{index}", name=name)
                place = work.field_place(model.name, field.name)
                work.problems.append(problem.below(place))


def _report_unknown_ranges(work: Workbench, model: ObjectModel) -> None:
    definition = model.definition
    for position, ranges in enumerate(definition.no_overlap):
        for key, names in (
            ("from", (ranges.from_,)),
            ("to", (ranges.to,)),
            ("fields", ranges.keys),
        ):
            for name in names:
                if name not in model.fields:
                    work.report_unknown_field(definition, model, name, "no_overlap", position, key)
    best = definition.best_match
    if best is not None:
        named = (("priority", best.priority), ("from", best.from_), ("to", best.to))
        found = [("keys", name) for name in best.keys]
        found += [(key, name) for key, name in named if name is not None]
        for key, name in found:
            if name not in model.fields:
                work.report_unknown_field(definition, model, name, "best_match", key)


def _title(definition: ObjectDef, own: Sequence[FieldModel]) -> str:
    """Return the title field: the declared one, else a name or number, else the id."""
    if definition.title is not None:
        return definition.title
    textual = [one.name for one in own if one.type.key in {"text", "auto_number"}]
    preferred = [name for name in textual if name in {"name", "title", "code"}]
    return (preferred or textual or ["id"])[0]

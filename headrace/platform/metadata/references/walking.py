"""Goes through a document with the table of rules and tells what each key uses."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, get_args, get_origin

from headrace.platform.core.problems import Text, pointer
from headrace.platform.metadata.catalog import Catalog, FieldModel, ObjectModel, WorkflowModel
from headrace.platform.metadata.definitions.automations import (
    BeginDef,
    ConvertDef,
    CreateDef,
    ForEachDef,
    InputDef,
    PeopleDef,
)
from headrace.platform.metadata.definitions.dashboards import TileDef
from headrace.platform.metadata.definitions.keys import Formula, Path, hints, json_name
from headrace.platform.metadata.definitions.modules import ExpressionDef
from headrace.platform.metadata.definitions.objects import ChildDef, FieldDef, FieldRuleDef
from headrace.platform.metadata.definitions.scenarios import (
    DecisionDef,
    EditDef,
    ExpectedDef,
    GivenRecordDef,
    MoveDef,
    NewRecordDef,
    PressDef,
)
from headrace.platform.metadata.definitions.screens import FormItemDef
from headrace.platform.metadata.documents import Document
from headrace.platform.metadata.field_types.references import TargetFilterDef
from headrace.platform.metadata.inputs import INPUT
from headrace.platform.metadata.record_types import RECORD_TYPE
from headrace.platform.metadata.references.declaring import (
    Declared,
    declared,
    local_id,
    whole,
)
from headrace.platform.metadata.references.formulas import THIS, Mention, mentions, results
from headrace.platform.metadata.references.rules import (
    FORMULA,
    JSON_KEYS,
    KEYS,
    LINE_FORMULA,
    PARTS,
    RULES,
    SHORT_FORMS,
    Rule,
)
from headrace.platform.metadata.references.values import Crumb, Use, Used, Word
from headrace.platform.metadata.schemas import definition_of
from headrace.platform.metadata.templates import holes
from headrace.platform.metadata.wording import extension_of, text_of

ASSIGNED: Final[Mapping[str, str]] = {
    "assignments": "model",
    "row assignments": "rows",
    "target assignments": "target",
    "line assignments": "rows",
}
"""Of which object in scope the fields are that a key sets."""
OF_RECORD: Final = frozenset({EditDef, MoveDef, DecisionDef, PressDef, ExpectedDef})
"""Parts of scenarios that speak of a record by its local name."""
NAMED: Final = "named"
"""The key by which a value of a scenario is one of its records or people."""
EXTENDED: Final = "extended "
"""Stands before a kind where what extensions add to it is looked up."""


def look_up(catalog: Catalog, kind: str, name: str) -> Any:
    """Return what the catalog has under a name that a document uses; None where there is nothing."""
    if kind == "object":
        return catalog.object(name)
    if kind.startswith(EXTENDED):
        return catalog.extended.get((kind.removeprefix(EXTENDED), name))
    part = _PARTS_OF_CATALOG.get(kind)
    return getattr(catalog, part).get(name) if part else None


_PARTS_OF_CATALOG: Final[Mapping[str, str]] = {
    "workflow": "workflows",
    "role": "roles",
    "view": "views",
    "report": "reports",
    "dashboard": "dashboards",
    "scenario": "scenarios",
    "form": "forms",
    "choice_set": "choice_sets",
    "module": "modules",
    "constant": "constants",
    "expression": "expressions",
    "calendar": "calendars",
    "automation": "automations",
}
"""Where the catalog keeps definitions of a kind by name."""


@dataclass(frozen=True, slots=True)
class _Scope:
    """What names mean at a place: the object at hand, the rows that a part speaks of, the workflow."""

    crumbs: tuple[Crumb, ...]
    model: ObjectModel | None = None
    rows: ObjectModel | None = None
    workflow: WorkflowModel | None = None
    given: tuple[tuple[str, str | None], ...] = ()
    """The parameters of a named expression, each with the object that it refers to."""
    expression: str = ""
    """The named expression that the parameters are of."""
    limited: tuple[str, ...] = ()
    """Names of the fields whose values a part speaks of."""
    this: ObjectModel | None = None
    """The object that `this.` speaks of, where it is not the one at hand."""
    target: ObjectModel | None = None
    """The object of the document that a record is converted to; `rows` are those of its grid."""
    lines: ObjectModel | None = None
    """The object of the rows that are converted."""
    pressed: str = ""
    """The automation whose button a part of a scenario presses."""


class DocumentWalk:
    """Collects the uses of one document, and everything that it looked at to resolve names."""

    def __init__(self, catalog: Catalog, document: Document) -> None:
        self.catalog = catalog
        self.document = document
        self.visited: dict[tuple[str, str], Any] = {}
        self._local = objects_of(document.content) if document.kind == "scenario" else {}

    def uses(self) -> tuple[Use, ...]:
        """Return the uses in the order of the document, each once."""
        return tuple(dict.fromkeys(self.places()))

    def places(self) -> Iterator[Use]:
        """Yield the uses each time that a name stands there."""
        content = self.document.content
        kind = self.document.kind
        of = str(content.get("of", kind))
        label = text_of(content.get("label"))
        name, about = self.document.name, None
        crumb = Crumb(kind, label, name)
        if kind == "extends":
            about = self._find(EXTENDED + of, name)
            label = text_of(about.content.get("label")) if about else Text()
            words = extension_of(of, label, name, self.document.module)
            crumb = Crumb(kind, label, name, words)
        scope = self._document_scope(about.content if about else content, of, _Scope((crumb,)))
        yield from self._definition(definition_of(content), content, "", scope)

    # -- what names mean --------------------------------------------------------------------------

    def _document_scope(self, content: Mapping[str, Any], kind: str, scope: _Scope) -> _Scope:
        match kind:
            case "object":
                return self._with_object(scope, str(content["name"]))
            case "workflow":
                workflow = self._find("workflow", str(content["name"]))
            case "approval":
                workflow = self._find("workflow", str(content.get("workflow", "")))
            case _:
                return self._with_object(scope, str(content.get("object", "")))
        about = str(content.get("object", "")) or (workflow.object if workflow else "")
        return replace(self._with_object(scope, about), workflow=workflow)

    def _with_object(self, scope: _Scope, name: str) -> _Scope:
        model = self._find("object", name) if name else None
        workflow = self._find("workflow", model.workflow) if model and model.workflow else None
        return replace(scope, model=model, workflow=workflow)

    def _find(self, kind: str, name: str) -> Any:
        key = (kind, name)
        if key not in self.visited:
            self.visited[key] = look_up(self.catalog, kind, name)
        return self.visited[key]

    def _inside(self, definition: type, content: Mapping[str, Any], scope: _Scope) -> _Scope:
        """Return the scope within a part of the document."""
        kind = PARTS.get(definition)
        if kind is not None:
            scope = replace(scope, crumbs=(*scope.crumbs, self._crumb(kind, content)))
        if definition is ExpressionDef:
            given = ((one.get("name"), one.get("to")) for one in content.get("parameters", ()))
            scope = replace(scope, given=tuple(given), expression=str(content.get("name", "")))
        if definition is FieldRuleDef:
            scope = replace(scope, limited=tuple(map(str, content.get("about", ()))))
        if definition is ForEachDef:
            inner = self._with_object(scope, str(content.get("object", "")))
            return replace(inner, this=scope.model)
        if definition is TileDef:
            report = self._find("report", str(content.get("report", "")))
            return self._with_object(scope, report.definition.object if report else "")
        if definition in OF_RECORD:
            about = self._local.get(str(content.get("record", "")), "")
            inner = self._with_object(scope, about)
            pressed = str(content.get("button", ""))
            return replace(inner, rows=inner.model, pressed=pressed)
        made = scope.target or scope.rows
        if definition is BeginDef and made is not None:
            return self._with_object(scope, made.name)
        if definition is ConvertDef:
            return self._converted(content, scope)
        return replace(scope, rows=self._rows(definition, content, scope))

    def _converted(self, content: Mapping[str, Any], scope: _Scope) -> _Scope:
        target = self._find("object", str(content.get("object", "")))
        of = ((target, "into"), (scope.model, "lines"))
        children = (model.child(str(content.get(key, ""))) if model else None for model, key in of)
        rows, lines = (self._find("object", one.object) if one else None for one in children)
        return replace(scope, rows=rows, target=target, lines=lines)

    def _crumb(self, kind: str, content: Mapping[str, Any]) -> Crumb:
        """Return what a part is called; a grant by its role, a unique key by its fields."""
        if kind == "grant":
            role = self._find("role", str(content.get("role", "")))
            return Crumb(kind, role.label if role else Text(), str(content.get("role", "")))
        if kind == "unique":
            return Crumb(kind, Text(), ", ".join(content.get("fields", ())))
        return Crumb(kind, text_of(content.get("label")), str(content.get("name", "")))

    def _rows(
        self, definition: type, content: Mapping[str, Any], scope: _Scope
    ) -> ObjectModel | None:
        """Return the object of the rows that a part speaks of."""
        name: Any = None
        if definition in {ChildDef, CreateDef, GivenRecordDef, NewRecordDef, TargetFilterDef}:
            name = content.get("object")
        elif definition is PeopleDef:
            return scope.rows
        elif definition is FormItemDef and scope.model is not None:
            child = scope.model.child(str(content.get("children", "")))
            name = child.object if child else None
        elif definition is FieldDef:
            name = str(content.get("of") or content.get("to") or "").partition(".")[0]
        found: ObjectModel | None = self._find("object", str(name)) if name else None
        return found

    # -- going through the JSON -------------------------------------------------------------------

    def _definition(
        self, definition: type, content: Mapping[str, Any], place: str, scope: _Scope
    ) -> Iterator[Use]:
        for (owner, attribute), annotation in self._keys(definition, content, scope):
            key = JSON_KEYS.get((owner, attribute), json_name(attribute))
            value = content.get(key)
            if value is None:
                continue
            where = place + pointer(key)
            names = KEYS.get((owner, attribute))
            if names is not None:
                for name in value:
                    yield from self._name(names, name, where + pointer(name), scope, in_key=True)
            rule = RULES.get((owner, attribute)) or _by_annotation(owner, definition, annotation)
            if rule is None:
                yield from self._nested(annotation, value, where, scope)
            elif rule.target == "allowed":
                yield from self._allowed(content, value, where, scope)
            else:
                yield from self._apply(rule, value, where, scope)
            if (owner, attribute) == (FieldDef, "default"):
                own = (Word(str(content.get("name", ""))),)
                yield from self._given(scope.model, own, value, where, scope)

    def _keys(
        self, definition: type, content: Mapping[str, Any], scope: _Scope
    ) -> Iterator[tuple[tuple[type, str], Any]]:
        for attribute, annotation in hints(definition).items():
            yield (definition, attribute), annotation
        if definition is FieldDef and scope.model is not None:
            field = scope.model.fields.get(str(content.get("name")))
            if field is not None:
                options = field.type.options_type
                for attribute, annotation in hints(options).items():
                    yield (options, attribute), annotation
        if definition is InputDef:
            automation = self._find("automation", self.document.name)
            entered = automation.inputs.get(str(content.get("name"))) if automation else None
            if entered is not None:
                options = entered.type.options_type
                for attribute, annotation in hints(options).items():
                    yield (options, attribute), annotation

    def _nested(self, annotation: Any, value: Any, place: str, scope: _Scope) -> Iterator[Use]:
        definition = _definition_in(annotation)
        if definition is None:
            return
        if isinstance(value, list):
            for position, one in enumerate(value):
                yield from self._part(definition, one, place + pointer(position), scope)
        elif get_origin(annotation) is dict:
            for name, one in value.items():
                values = get_args(annotation)[1]
                yield from self._nested(values, one, place + pointer(name), scope)
        else:
            yield from self._part(definition, value, place, scope)

    def _part(self, definition: type, value: Any, place: str, scope: _Scope) -> Iterator[Use]:
        if isinstance(value, Mapping):
            yield from self._definition(
                definition, value, place, self._inside(definition, value, scope)
            )
        elif definition in SHORT_FORMS:
            rule = RULES.get((definition, SHORT_FORMS[definition]))
            if rule is not None:
                yield from self._apply(rule, value, place, scope)

    # -- rules ------------------------------------------------------------------------------------

    def _apply(self, rule: Rule, value: Any, place: str, scope: _Scope) -> Iterator[Use]:
        if rule.target in ASSIGNED:
            about: ObjectModel | None = getattr(scope, ASSIGNED[rule.target])
            formulas = LINE_FORMULA if rule.target == "line assignments" else FORMULA
            for name, formula in value.items():
                where = place + pointer(name)
                yield from self._fields(about, _words(name, in_key=True), rule.how, where, scope)
                yield from self._apply(formulas, formula, where, scope)
                yield from self._given(about, _words(name), formula, where, scope)
        elif rule.target == "inputs":
            yield from self._local_keys(rule, value, place, scope)
        elif rule.target == "row values":
            yield from self._values(scope.rows, value, rule.how, place, scope)
        elif isinstance(value, list):
            for position, one in enumerate(value):
                yield from self._apply(rule, one, place + pointer(position), scope)
        elif isinstance(value, Mapping):
            for name, one in value.items():
                where = place + pointer(name)
                if rule.target == "sibling":
                    yield from self._name(rule, name, where, scope, in_key=True)
                yield from self._apply(rule, one, where, scope)
        else:
            yield from self._name(rule, str(value), place, scope)

    def _values(
        self,
        model: ObjectModel | None,
        values: Mapping[str, Any],
        how: str,
        place: str,
        scope: _Scope,
    ) -> Iterator[Use]:
        """Yield the fields, child grids and choices of a record that is given with its rows."""
        for name, one in values.items():
            where = place + pointer(name)
            child = model.child(name) if model else None
            if self.document.kind == "scenario" and child is None:
                yield from self._named(one, where, scope)
            if child is None:
                names = _words(name, in_key=True)
                yield from self._fields(model, names, how, where, scope)
                yield from self._value(model, names, _word(str(one)), where, scope, how)
                continue
            inner = replace(scope, model=model)
            yield from self._member(_words(name, in_key=True), how, where, inner)
            rows = self._find("object", child.object)
            for position, row in enumerate(one if isinstance(one, list) else ()):
                if isinstance(row, Mapping):
                    yield from self._values(rows, row, how, where + pointer(position), scope)

    def _name(
        self, rule: Rule, value: str, place: str, scope: _Scope, *, in_key: bool = False
    ) -> Iterator[Use]:
        how, word = rule.how, _word(value, in_key=in_key)
        match rule.target:
            case "formula" | "row formula" | "line formula":
                yield from self._formula_of(rule.target, value, place, scope)
            case "field" | "path" | "sort" | "shared field" | "row field" | "row path" | "template":
                for names, model in _meant(rule, value, scope):
                    yield from self._fields(model, names, how, place, scope)
            case "measure":
                op, _, path = value.partition("_")
                yield from self._fields(scope.model, _words(path, len(op) + 1), how, place, scope)
            case "roll-up":
                source, *field = _words(value)
                yield from self._definition_named("object", source, how, place, scope)
                yield from self._fields(scope.rows, field, how, place, scope)
            case "member" | "child" | "target child":
                about = scope.target if rule.target == "target child" else scope.model
                yield from self._member(_words(value), how, place, replace(scope, model=about))
            case "state" | "transition" | "choice" | "record type":
                yield from self._of_workflow(rule.target, word, how, place, scope)
            case "extended":
                found = self._find(EXTENDED + self.document.of, value)
                if found is not None:
                    used = str(found.content.get("id") or value)
                    yield self._use(Used(self.document.of, used, value), how, place, scope, word)
            case "sibling":
                yield from self._sibling(value, how, place, scope, in_key=in_key)
            case "local":
                yield from self._local_name(word, how, place, scope)
            case kind:
                yield from self._definition_named(kind, word, how, place, scope)

    def _use(self, used: Used, how: str, place: str, scope: _Scope, word: Word) -> Use:
        document = self.document
        return Use(
            used=used,
            kind=document.kind,
            id=str(document.content.get("id") or document.name),
            name=document.name,
            module=document.module,
            path=place,
            how=how,
            crumbs=scope.crumbs,
            word=word,
        )

    def _definition_named(
        self, kind: str, name: Word, how: str, place: str, scope: _Scope
    ) -> Iterator[Use]:
        found = self._find(kind, name.text)
        if found is not None:
            yield self._use(Used(kind, id_of(found), name.text), how, place, scope, name)

    def _member(self, words: Sequence[Word], how: str, place: str, scope: _Scope) -> Iterator[Use]:
        model = scope.model
        first, *names = words
        child = model.child(first.text) if model else None
        if model is not None and child is not None:
            used = Used("child", f"{model.id}.{first.text}", f"{model.name}.{first.text}")
            yield self._use(used, how, place, scope, first)
            if names:
                rows = self._find("object", str(child.object))
                yield from self._fields(rows, names, how, place, scope)
        else:
            yield from self._fields(model, (first,), how, place, scope)

    def _sibling(
        self, value: str, how: str, place: str, scope: _Scope, *, in_key: bool
    ) -> Iterator[Use]:
        """Yield what something of an extension stands behind, or what is put there, by name."""
        words = _words(value, in_key=in_key)
        known: tuple[str, ...] = ()
        match self.document.of:
            case "object" | "form":
                yield from self._member(words, how, place, scope)
                known = ("field", "child")
            case "view" | "report":
                yield from self._fields(scope.model, words, how, place, scope)
            case "workflow":
                for part in ("state", "transition"):
                    yield from self._of_workflow(part, words[0], how, place, scope)
                known = ("state", "transition")
        for one in self._siblings():
            if one.name == value and one.path and one.kind not in known:
                named = Used(one.kind, one.id, f"{self.document.name}.{value}")
                yield self._use(named, how, place, scope, _word(value, in_key=in_key))

    def _siblings(self) -> Iterator[Declared]:
        """Yield the parts of the definition that is extended, and of what is added to it."""
        if self._find(EXTENDED + self.document.of, self.document.name) is not None:
            for one in whole(self.catalog, self.document):
                yield from declared(self.catalog, one)

    def _local_name(self, word: Word, how: str, place: str, scope: _Scope) -> Iterator[Use]:
        """Yield a person or a record of the scenario at hand by local name."""
        kind = "given record" if word.text in self._local else "given person"
        own = str(self.document.content.get("id") or self.document.name)
        id_ = local_id(own, "given person", word.text)
        used = Used(kind, id_, f"{self.document.name}.{word.text}")
        yield self._use(used, how, place, scope, word)

    def _local_keys(
        self, rule: Rule, values: Mapping[str, Any], place: str, scope: _Scope
    ) -> Iterator[Use]:
        """Yield the inputs of a button that a scenario presses, and the records that it gives for them."""
        for name, one in values.items():
            where = place + pointer(name)
            if scope.pressed:
                yield self._input(scope.pressed, _word(name, in_key=True), rule.how, where, scope)
            yield from self._named(one, where, scope)

    def _named(self, value: Any, place: str, scope: _Scope) -> Iterator[Use]:
        """Yield a record or person that a value names by local name."""
        if isinstance(value, Mapping) and set(value) == {NAMED}:
            word = _word(str(value[NAMED]))
            yield from self._local_name(word, "tried with", place + pointer(NAMED), scope)
        for position, one in enumerate(value if isinstance(value, list) else ()):
            yield from self._named(one, place + pointer(position), scope)

    def _input(self, automation: str, word: Word, how: str, place: str, scope: _Scope) -> Use:
        found = self._find("automation", automation)
        id_ = local_id(id_of(found) if found else automation, "input", word.text)
        return self._use(Used("input", id_, f"{automation}.{word.text}"), how, place, scope, word)

    def _given(
        self,
        model: ObjectModel | None,
        names: Sequence[Word],
        formula: Any,
        place: str,
        scope: _Scope,
    ) -> Iterator[Use]:
        """Yield the choices that a formula may give to a field."""
        for word in results(formula) if isinstance(formula, str) else ():
            yield from self._value(model, names, word, place, scope, "set")

    def _allowed(
        self, content: Mapping[str, Any], allowed: Any, place: str, scope: _Scope
    ) -> Iterator[Use]:
        """Yield which values of a field may be chosen, by which of the field that decides."""
        own, by = (Word(str(content.get(key, ""))) for key in ("name", "depends_on"))
        for value, several in allowed.items() if isinstance(allowed, Mapping) else ():
            where, deciding = place + pointer(value), _word(value, in_key=True)
            yield from self._value(scope.model, (by,), deciding, where, scope, "depends on")
            for position, one in enumerate(several):
                item, word = where + pointer(position), _word(str(one))
                yield from self._value(scope.model, (own,), word, item, scope, "depends on")

    def _of_workflow(
        self, part: str, name: Word, how: str, place: str, scope: _Scope
    ) -> Iterator[Use]:
        if part in {"choice", "record type"}:
            for field in scope.limited if part == "choice" else (RECORD_TYPE,):
                yield from self._value(scope.model, (Word(field),), name, place, scope, how)
            return
        workflow = scope.workflow
        if workflow is None:
            return
        found: Any = workflow.states if part == "state" else workflow.transitions
        if name.text in found:
            yield self._use(part_of(workflow, part, name.text), how, place, scope, name)

    def _fields(
        self,
        model: ObjectModel | None,
        names: Sequence[Word],
        how: str,
        place: str,
        scope: _Scope,
    ) -> Iterator[Use]:
        """Yield the fields of a path, those on the way as such."""
        field: FieldModel | None = None
        for position, name in enumerate(names):
            if field is not None and name.text in field.targets:
                yield from self._definition_named("object", name, "path", place, scope)
                model, field = self._find("object", name.text), None
                continue
            field = model.fields.get(name.text) if model else None
            if model is None or field is None:
                return
            last = position == len(names) - 1
            used = Used("field", field.id, f"{model.name}.{name.text}")
            yield self._use(used, how if last else "path", place, scope, name)
            model = self._find("object", field.target) if field.target else None

    def _formula_of(self, target: str, value: str, place: str, scope: _Scope) -> Iterator[Use]:
        """Yield what a formula over the record, over its rows, or over those that are converted uses."""
        if target == "line formula":
            inner = replace(scope, this=scope.model)
            yield from self._formula(value, scope.lines, place, inner)
        else:
            about = scope.rows if target == "row formula" else scope.model
            yield from self._formula(value, about, place, scope)

    # -- formulas ---------------------------------------------------------------------------------

    def _formula(
        self, source: str, model: ObjectModel | None, place: str, scope: _Scope
    ) -> Iterator[Use]:
        for mention in mentions(source):
            yield from self._mention(mention, model, place, scope)

    def _mention(
        self, mention: Mention, model: ObjectModel | None, place: str, scope: _Scope
    ) -> Iterator[Use]:
        first = mention.words[0]
        if mention.what == "constant":
            yield from self._definition_named("constant", first, "formula", place, scope)
            return
        if mention.what == "calendar":
            if self._find("calendar", first.text) is not None:
                used = Used("calendar", first.text, first.text)
                yield self._use(used, "formula", place, scope, first)
            return
        if mention.what == "expression":
            yield from self._definition_named("expression", first, "called", place, scope)
            return
        if mention.what == "object":
            yield from self._definition_named("object", first, "query", place, scope)
            return
        if mention.what == "pair":
            return
        if mention.what == "argument":
            yield from self._argument(mention, place, scope)
            return
        if self.document.kind == "automation" and first.text == INPUT and mention.words[1:]:
            automation = self._find("automation", self.document.name)
            if automation is not None and mention.words[1].text in automation.inputs:
                word = mention.words[1]
                yield self._input(self.document.name, word, "formula", place, scope)
                return
        yield from self._parameter(mention, place, scope)
        about, names = self._about(mention, model, scope)
        if mention.what == "value":
            yield from self._value(about, names, mention.compared, place, scope)
            return
        own = first.text == THIS or first.text in dict(scope.given)
        disclosed = mention.query is not None and not own
        how = "disclosed formula" if disclosed else "formula"
        found = list(self._fields(about, names, how, place, scope))
        if not found and len(names) == 1:
            found = list(self._definition_named("constant", first, "formula", place, scope))
        yield from found

    def _argument(self, mention: Mention, place: str, scope: _Scope) -> Iterator[Use]:
        """Yield the choice that a named expression is given, where it compares a field with it."""
        expression = self._find("expression", mention.words[0].text)
        parameters = expression.parameters if expression is not None else ()
        if mention.position >= len(parameters):
            return
        inner = replace(scope, given=tuple((one.name, one.type.target) for one in parameters))
        for pair in mentions(expression.source):
            if pair.parts_of_other == (parameters[mention.position].name,):
                about, names = self._about(pair, None, inner)
                yield from self._value(about, names, mention.compared, place, scope)

    def _parameter(self, mention: Mention, place: str, scope: _Scope) -> Iterator[Use]:
        """Yield the parameter of the named expression at hand that a name begins with."""
        word = next((one for one in mention.words if one.text != THIS), Word(""))
        if word.text in dict(scope.given):
            used = Used("parameter", f"{scope.expression}.{word.text}", word.text)
            yield self._use(used, "formula", place, scope, word)

    def _about(
        self, mention: Mention, model: ObjectModel | None, scope: _Scope
    ) -> tuple[ObjectModel | None, tuple[Word, ...]]:
        """Return the object that a name in a formula speaks of, and the rest of the name."""
        inner = self._find("object", mention.query) if mention.query else model
        words = mention.words
        first = words[0].text
        names = words[1:] if first == THIS else words
        for name, target in scope.given:
            if names and names[0].text == name:
                return (self._find("object", target) if target else None), names[1:]
        if first == THIS and not (inner and THIS in inner.fields):
            return scope.this or scope.model, words[1:] or (Word("id"),)
        return inner, words

    def _value(
        self,
        model: ObjectModel | None,
        names: Sequence[Word],
        value: Word,
        place: str,
        scope: _Scope,
        how: str = "compared",
    ) -> Iterator[Use]:
        """Yield the state or choice that a field is compared with."""
        owner, field = self._last(model, names)
        if owner is None or field is None:
            return
        if field.computed == "workflow":
            workflow = self._find("workflow", field.options.workflow)
            if workflow is not None and value.text in workflow.states:
                yield self._use(part_of(workflow, "state", value.text), how, place, scope, value)
        elif value.text in {getattr(one, "value", None) for one in choices_of(field.options)}:
            name = f"{owner.name}.{field.name}.{value.text}"
            used = Used("choice", f"{field.id}.{value.text}", name)
            yield self._use(used, how, place, scope, value)
            yield from self._shared(field, value, place, scope, how)

    def _shared(
        self, field: FieldModel, value: Word, place: str, scope: _Scope, how: str
    ) -> Iterator[Use]:
        """Yield the value of the choice set that a field takes its values from."""
        shared = getattr(field.options, "choice_set", None)
        found = self._find("choice_set", shared) if shared else None
        if found is not None:
            used = Used("choice", f"{id_of(found)}.{value.text}", f"{found.name}.{value.text}")
            yield self._use(used, how, place, scope, value)

    def _last(
        self, model: ObjectModel | None, names: Sequence[Word]
    ) -> tuple[ObjectModel | None, FieldModel | None]:
        """Return the field at the end of a path, and its object."""
        owner, field = model, None
        for position, name in enumerate(names):
            if field is not None and name.text in field.targets:
                owner, field = self._find("object", name.text), None
                continue
            if position and field is not None:
                owner = self._find("object", field.target) if field.target else None
            field = owner.fields.get(name.text) if owner else None
        return owner, field


def objects_of(scenario: Mapping[str, Any]) -> dict[str, str]:
    """Return the objects of the records of a scenario, which need not fit, by their local names."""
    given = scenario.get("given")
    records = given.get("records") if isinstance(given, Mapping) else None
    steps = scenario.get("when")
    found = [
        *(records if isinstance(records, list) else ()),
        *(
            one.get("create")
            for one in (steps if isinstance(steps, list) else ())
            if isinstance(one, Mapping)
        ),
    ]
    parts = [one for one in found if isinstance(one, Mapping)]
    return {str(one.get("name")): str(one.get("object")) for one in parts}


def choices_of(options: Any) -> Sequence[Any]:
    """Return the declared values of a field's options, where it has them."""
    found = getattr(options, "choices", ())
    return found if isinstance(found, tuple) else ()


def id_of(model: Any) -> str:
    """Return the stable id of a model or definition, its name where it has none."""
    definition = getattr(model, "definition", None)
    found = getattr(model, "id", None) or getattr(definition, "id", None)
    return str(found or model.name)


def part_of(workflow: WorkflowModel, part: str, name: str) -> Used:
    """Return a state or transition as something used."""
    found: Any = workflow.states[name] if part == "state" else workflow.transitions[name].definition
    full = f"{workflow.name}.{name}"
    return Used(part, str(found.id or full), full)


def _definition_in(annotation: Any) -> type | None:
    """Return the definition class that an annotation holds, alone, in a list or in a dictionary."""
    if isinstance(annotation, type) and dataclasses.is_dataclass(annotation):
        return annotation if annotation is not Text else None
    for part in get_args(annotation):
        found = _definition_in(part)
        if found is not None:
            return found
    return None


def _by_annotation(owner: type, definition: type, annotation: Any) -> Rule | None:
    """Return the rule of an option that an extension's field type brings, from what it says it is."""
    if definition is not FieldDef or owner is FieldDef:
        return None
    parts = {annotation, *get_args(annotation)}
    if Formula in parts:
        return FORMULA
    if Path in parts:
        return Rule("path", "reference")
    return None


def _meant(
    rule: Rule, value: str, scope: _Scope
) -> Iterator[tuple[tuple[Word, ...], ObjectModel | None]]:
    """Yield the paths that a value names, one or those in a template, with the objects they are of."""
    if rule.target == "template":
        found = tuple(_words(path, start) for path, start in holes(value))
    else:
        path = value.removeprefix("-")
        found = (_words(path, len(value) - len(path)),)
    for words in found:
        for model in _models(rule, scope):
            yield words, model


def _word(text: str, *, in_key: bool = False) -> Word:
    """Return a name that is a whole text, or a whole key."""
    return Word(text, 0, len(text), in_key)


def _words(path: str, start: int = 0, *, in_key: bool = False) -> tuple[Word, ...]:
    """Return the names of a path that begins at `start`."""
    found = []
    for name in path.split("."):
        found.append(Word(name, start, start + len(name), in_key))
        start += len(name) + 1
    return tuple(found)


def _models(rule: Rule, scope: _Scope) -> tuple[ObjectModel | None, ...]:
    """Return the objects that a field or path is named of."""
    match rule.target:
        case "row field" | "row path":
            return (scope.rows,)
        case "shared field":
            return (scope.rows, scope.model)
        case _:
            return (scope.model,)

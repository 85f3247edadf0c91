"""What the stages of building share: the documents, what earlier stages resolved, problems found."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from types import MappingProxyType
from typing import Any, TypeVar, cast

from headrace.platform.core.errors import RefusedError
from headrace.platform.core.problems import Message, Problem, pointer
from headrace.platform.formulas.analysis import analyse
from headrace.platform.formulas.expression import Expression
from headrace.platform.formulas.functions.base import SQL_ENGINES, Engine
from headrace.platform.formulas.scope import NamedExpression
from headrace.platform.formulas.types import BOOLEAN, Type
from headrace.platform.metadata.building.messages import (
    DUPLICATE_NAME,
    UNKNOWN_FIELD,
    UNKNOWN_OBJECT,
    UNKNOWN_REFERENCE,
)
from headrace.platform.metadata.building.parts import (
    ANY,
    ITSELF,
    NOTHING,
    PLACE,
    ROLES,
    Delta,
    Memory,
    Part,
    PartName,
    PartReaders,
    Read,
    delta_between,
)
from headrace.platform.metadata.building.scope import CatalogScope
from headrace.platform.metadata.catalog import (
    CalendarModel,
    ConstantModel,
    FieldModel,
    FieldPath,
    ObjectModel,
)
from headrace.platform.metadata.definitions.objects import ObjectDef
from headrace.platform.metadata.documents import Document
from headrace.platform.metadata.extended import Extended
from headrace.platform.metadata.field_types import FieldTypes
from headrace.platform.metadata.schemas import load_definition

PartT = TypeVar("PartT")
PYTHON: frozenset[Engine] = frozenset(("python",))
"""Where defaults, guards and assignments are computed: they may ask queries."""


_SAME: Mapping[str, Message] = MappingProxyType({})
_NO_INPUTS: Mapping[str, FieldModel] = MappingProxyType({})


class Workbench:
    """The documents under work; every stage sees what the earlier ones resolved."""

    def __init__(
        self, documents: Sequence[Document], types: FieldTypes, memory: Memory = NOTHING
    ) -> None:
        self.types = types
        self.before = memory if memory.types is types else NOTHING
        self.delta = delta_between(self.before, documents)
        self.documents = self.delta.documents if self.delta else tuple(sorted(documents, key=PLACE))
        self.problems: list[Problem] = []
        self.files: dict[int, str] = {}
        self.sources: dict[int, tuple[Document, ...]] = {}
        self.extended: dict[tuple[str, str], Extended] = {}
        self._extended: dict[int, Extended] = {}
        self.definitions: dict[str, dict[str, Any]] = {}
        self.objects: dict[str, ObjectModel] = {}
        self.system_objects: dict[str, ObjectModel] = {}
        self.constants: dict[str, ConstantModel] = {}
        self.expressions: dict[str, NamedExpression] = {}
        self.calendars: dict[str, CalendarModel] = {}
        self.field_files: dict[str, dict[str, str]] = {}
        self.parts: dict[str, dict[str, Part]] = {}
        self.readers = self.before.readers if self.delta else PartReaders()
        self.made: list[PartName] = []
        self.changed: set[Read] = set()
        self.reads: set[Read] = set()
        self._loaded: dict[str, Any] = {}
        self._named: dict[str, dict[str, Any]] = {}
        self._documents: dict[PartName, Document] = {}
        self._touched: set[PartName] = set()

    def load(self) -> None:
        """Turn the documents into definitions, one of each kind and name."""
        if self.delta is None:
            self._load_all()
        else:
            self._load_delta(self.delta)
        self._named = dict(self.definitions)
        if self.before.roles != frozenset(self.definitions.get("role", ())):
            self.changed.add((ROLES, ANY))

    def _load_all(self) -> None:
        known = self.before.definitions
        for document in self.documents:
            definition = known.get(document.hash)
            if definition is None:
                definition = load_definition(document.content, self.types)
            self._loaded[document.hash] = definition
            self.files[id(definition)] = "/" + document.file
            self.sources[id(definition)] = (document,)
            named = self.definitions.setdefault(document.kind, {})
            slot = document.name
            if document.kind == "extends":
                slot = f"{document.module}:{document.of}:{document.name}"
            if slot in named:
                self.report(DUPLICATE_NAME.at("/name", name=document.name), definition)
                continue
            named[slot] = definition
            self._documents[document.kind, slot] = document

    def _load_delta(self, delta: Delta) -> None:
        before = self.before
        self._loaded = dict(before.definitions)
        self._documents = dict(before.sources)
        self.definitions = {kind: dict(named) for kind, named in before.named.items()}
        self.field_files = dict(before.places)
        self.parts = {step: dict(parts) for step, parts in before.parts.items()}
        for one in delta.gone:
            self._loaded.pop(one.hash, None)
            self._touch(one.kind, one.name)
        come = {(one.kind, one.name) for one in delta.come}
        for one in delta.gone:
            if (one.kind, one.name) not in come:
                del self.definitions[one.kind][one.name]
                del self._documents[one.kind, one.name]
        for one in delta.come:
            definition = before.definitions.get(one.hash) or load_definition(
                one.content, self.types
            )
            self._loaded[one.hash] = definition
            self._documents[one.kind, one.name] = one
            self.definitions.setdefault(one.kind, {})[one.name] = definition
            self._touch(one.kind, one.name)
        for kind in delta.reordered:
            named = self.definitions[kind]
            self.definitions[kind] = {
                one.name: named[one.name] for one in delta.documents if one.kind == kind
            }

    def _touch(self, kind: str, name: str) -> None:
        """Keep note that a definition may be another one, and what it is a source of."""
        self._touched.add((kind, name))
        definition = self.definitions.get(kind, {}).get(name)
        if kind == "approval" and definition is not None:
            self._touched.add(("workflow", definition.workflow))

    def know(self, kind: str, name: str) -> Any:
        """Return a definition by its name, with its place and its document known."""
        definition = self.definitions[kind][name]
        if id(definition) not in self.files:
            document = self._documents[kind, name]
            self.files[id(definition)] = "/" + document.file
            self.sources[id(definition)] = (document,)
        return definition

    def module_of(self, kind: str, name: str) -> str:
        """Return the module of a definition; "" where there is none."""
        document = self._documents.get((kind, name))
        return document.module if document else ""

    # -- parts ----------------------------------------------------------------------------

    def stale(self, step: str, kind: str, named: Iterable[str] | None = None) -> list[str]:
        """Return the definitions of a kind, or those `named`, whose part of a step may be another one.

        What is wrong with the others is taken over.
        """
        names = dict.fromkeys(self.definitions.get(kind, ()) if named is None else named)
        if self.delta is None:
            return list(names)
        parts = self.parts.setdefault(step, {})
        for name in parts.keys() - names.keys():
            del parts[name]
        stale = names.keys() - parts.keys()
        stale |= {name for of, name in self._touched if of == kind}
        stale |= self.before.readers.of(step, self.changed)
        for noisy_step, name in self.before.noisy:
            if noisy_step == step and name in parts and name not in stale:
                self.problems.extend(parts[name].problems)
        return [name for name in names if name in stale]

    def each(
        self, step: str, kind: str, make: Callable[[Any], PartT], about: Callable[[Any], str]
    ) -> dict[str, PartT]:
        """Return what `make` gives for each definition of a kind, by name."""
        for name in self.stale(step, kind):
            definition = self.know(kind, name)
            self.part(step, name, (definition,), partial(make, definition), about(definition))
        return self.results(step, self.definitions.get(kind, ()))

    def results(self, step: str, names: Iterable[str]) -> dict[str, Any]:
        """Return what a step made, by name."""
        parts = self.parts.get(step, {})
        return {name: parts[name].result for name in names}

    def part(
        self,
        step: str,
        name: str,
        definitions: Sequence[Any],
        make: Callable[[], PartT],
        about: str | None = None,
    ) -> PartT:
        """Return what `make` gives for the definitions, or what it gave in the build before.

        `make` may look at the definitions, at roles, at the object that it is `about`, and at whatever else it asks
        the workbench for by `find`, `path_at` or `expression`: those keep note of what was read.
        """
        sources = tuple(source for one in definitions for source in self.sources[id(one)])
        part = self.before.parts.get(step, {}).get(name)
        if part is None or not part.still_holds(sources, self.changed):
            self.reads = {(ROLES, ANY)} if about is None else {(ROLES, ANY), (about, ANY)}
            found = len(self.problems)
            result = make()
            problems = tuple(self.problems[found:])
            part = Part(sources, frozenset(self.reads), result, problems)
            self.made.append((step, name))
            self.readers.note(step, name, part.reads)
        else:
            self.problems.extend(part.problems)
            if self.delta is None:
                self.readers.note(step, name, part.reads)
        self.parts.setdefault(step, {})[name] = part
        return cast(PartT, part.result)

    def former(self, step: str, name: str) -> Any:
        """Return what the build before made in a step; None where it made nothing."""
        part = self.before.parts.get(step, {}).get(name)
        return part.result if part else None

    def note_other_objects(self) -> None:
        """Keep note of the objects that are not those that were called so in the build before."""
        before, now = self.before.named.get("object", {}), self.definitions.get("object", {})
        touched = [name for kind, name in self._touched if kind == "object"]
        for name in {**before, **now} if self.delta is None else touched:
            old, new = before.get(name), now.get(name)
            if old is None or new is None or old.id != new.id:
                self.changed.add((name, ITSELF))

    def note_object(self, name: str, old: ObjectModel | None, new: ObjectModel | None) -> None:
        """Keep note of how an object differs from the one of the build before."""
        if old is new:
            return
        self.changed.add((name, ANY))
        if old is None or new is None or old.id != new.id:
            self.changed.add((name, ITSELF))
        fields_before = old.fields if old else {}
        fields_now = new.fields if new else {}
        for field_name in {**fields_before, **fields_now}:
            if fields_before.get(field_name) is not fields_now.get(field_name):
                self.changed.add((name, field_name))

    def memory(self) -> Memory:
        """Return what this build leaves to the next."""
        noisy = dict.fromkeys(
            (step, name)
            for step, name in (*self.before.noisy, *self.made)
            if (part := self.parts.get(step, {}).get(name)) is not None and part.problems
        )
        return Memory(
            types=self.types,
            definitions=self._loaded,
            named=self._named,
            sources=self._documents,
            parts=self.parts,
            noisy=tuple(noisy),
            objects=self.objects,
            constants=self.constants,
            expressions=self.expressions,
            calendars=self.calendars,
            places=self.field_files,
            roles=frozenset(self.definitions.get("role", ())),
            made=tuple(self.made),
            documents=self.documents,
            document_ids=frozenset(map(id, self.documents)),
            readers=self.readers,
        )

    def place_with(self, definition: Any, other: Any) -> None:
        """Let what is wrong with a definition stand in the file of another one."""
        self.files[id(definition)] = self.files[id(other)]
        self.sources[id(definition)] = self.sources[id(other)]
        if id(other) in self._extended:
            self._extended[id(definition)] = self._extended[id(other)]

    # -- extensions -----------------------------------------------------------------------

    def document(self, definition: Any) -> Document:
        """Return the document of a definition as it stands in its file."""
        return self.sources[id(definition)][0]

    def put_extended(self, kind: str, name: str, extended: Extended, definition: Any) -> None:
        """Let `definition` stand for what it is made of: a definition and its extensions."""
        self.definitions[kind] = {**self.definitions[kind], name: definition}
        self.extended[kind, name] = extended
        self._extended[id(definition)] = extended
        self.files[id(definition)] = "/" + extended.document.file
        self.sources[id(definition)] = (extended.document, *extended.extensions)

    def name_now(self, kind: str, name: str) -> str | None:
        """Return how a definition is called that the build before had as `name`."""
        former = (one for one in self.before.documents if (one.kind, one.name) == (kind, name))
        ids = {one.content.get("id") for one in former} - {None}
        return next((one.name for one in self.documents if one.content.get("id") in ids), None)

    # -- problems -------------------------------------------------------------------------

    def place(self, definition: Any, *parts: str | int) -> str:
        """Return where a part of a definition stands, which may be an extension's file."""
        extended = self._extended.get(id(definition))
        if extended is not None:
            return extended.place(*parts)
        return self.files.get(id(definition), "") + pointer(*parts)

    def report(self, problem: Problem, definition: Any, *parts: str | int) -> None:
        """Keep `problem`, placed at `parts` of the definition."""
        self.problems.append(problem.below(self.place(definition, *parts)))

    def report_unknown_object(self, definition: Any, name: str, *parts: str | int) -> None:
        """Keep that there is no object `name`, named at `parts` (`object`) of the definition."""
        self.report(UNKNOWN_OBJECT.at(name=name), definition, *(parts or ("object",)))

    def report_unknown_field(
        self, definition: Any, model: ObjectModel, name: str, *parts: str | int
    ) -> None:
        """Keep that `model` has no field `name`, named at `parts` of the definition."""
        self.report(unknown_field(model, name), definition, *parts)

    # -- names ----------------------------------------------------------------------------

    def role(self, name: str, place: str) -> None:
        """Look a role up; an unknown one is a problem at `place`."""
        if name not in self.definitions.get("role", {}):
            self.problems.append(UNKNOWN_REFERENCE.at(place, kind="role", name=name))

    def find(self, object_name: str, field_name: str) -> FieldModel | None:
        """Return a field of any object by its names."""
        self.reads.add((object_name, ITSELF))
        self.reads.add((object_name, field_name))
        model = self.objects.get(object_name)
        return model.fields.get(field_name) if model else None

    def knows(self, object_name: str) -> bool:
        """Say whether there is an object of this name, the platform's own ones included."""
        self.reads.add((object_name, ITSELF))
        return object_name in self.objects or object_name in self.system_objects

    def field_place(self, object_name: str, field_name: str) -> str:
        """Return where a field is defined: file and JSON Pointer; "" for system fields."""
        return self.field_files.get(object_name, {}).get(field_name, "")

    def path(
        self, definition: Any, object_name: str, path: str, *parts: str | int
    ) -> FieldPath | None:
        """Resolve a dotted path; an unknown name is a problem at `parts` of the definition."""
        return self.path_at(self.place(definition, *parts), object_name, path)

    def path_at(self, place: str, object_name: str, path: str | None) -> FieldPath | None:
        """Resolve a dotted path; an unknown name is a problem at `place`."""
        if path is None:
            return None
        found: list[FieldModel] = []
        current = self.objects.get(object_name)
        self.reads.add((object_name, ITSELF))
        for name in path.split("."):
            if current is None:
                self.problems.append(UNKNOWN_OBJECT.at(place, name=object_name))
                return None
            self.reads.add((current.name, name))
            field = current.fields.get(name)
            if field is None:
                self.problems.append(unknown_field(current, name).below(place))
                return None
            found.append(field)
            target = field.target
            self.reads.add((target or "", ITSELF))
            current = (
                self.objects.get(target) or self.system_objects.get(target) if target else None
            )
            if current is None:
                current = _NOTHING
        return tuple(found)

    # -- formulas -------------------------------------------------------------------------

    def scope(
        self, object_name: str, inputs: Mapping[str, FieldModel] = _NO_INPUTS
    ) -> CatalogScope:
        """Return the scope of formulas over an object, with what a button asks."""
        return CatalogScope(
            ChainMap(self.objects, self.system_objects),
            self.constants,
            object_name,
            self.reads,
            self.expressions,
            self.calendars,
            inputs,
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
        recode: Mapping[str, Message] = _SAME,
        inputs: Mapping[str, FieldModel] = _NO_INPUTS,
    ) -> Expression | None:
        """Analyse a formula; its problems are kept at `place`.

        `recode` says which codes of the formula language have a code of their own here.
        """
        if text is None or not self.knows(object_name):
            return None
        try:
            return analyse(
                text,
                self.scope(object_name, inputs),
                expected=expected,
                queries=queries,
                outer=self.scope(outer, inputs) if outer else None,
                engines=PYTHON if queries else engines,
            )
        except RefusedError as refusal:
            self.problems.extend(
                _recoded(problem, recode).below(place) for problem in refusal.problems
            )
            return None


def with_former_fields(model: ObjectModel, former: ObjectModel | None) -> ObjectModel:
    """Return the model of the build before if it is equal, else one with its equal fields."""
    if former is None:
        return model
    fields = {
        name: known if (known := former.fields.get(name)) == field else field
        for name, field in model.fields.items()
    }
    changed = replace(model, fields=fields)
    return former if changed == former else changed


_NOTHING = ObjectModel(
    id="",
    name="",
    module="",
    definition=ObjectDef(kind="object", name="nothing", fields=()),
    fields={},
    title="id",
    scope_paths={},
)


def _recoded(problem: Problem, recode: Mapping[str, Message]) -> Problem:
    message = recode.get(problem.code)
    return problem if message is None else replace(problem, code=message.code)


def unknown_field(model: ObjectModel, name: str) -> Problem:
    """Make the problem that `model` has no field `name`."""
    return UNKNOWN_FIELD.at(object=model.name, name=name, suggestion=closest(name, _shown(model)))


def _shown(model: ObjectModel) -> Iterable[str]:
    return (one.name for one in model.fields.values() if one.key_of is None)


def closest(name: str, known: Iterable[str]) -> str:
    """Return the known name most like `name`, or a few of them."""
    import difflib  # noqa: PLC0415 - only on the way to an error

    names = list(known)
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    return near[0] if near else ", ".join(names[:8])

"""What the stages of building share: the documents, what earlier stages resolved, problems found."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from headrace.platform.core.errors import RefusedError
from headrace.platform.core.problems import Message, Problem, pointer
from headrace.platform.formulas.analysis import analyse
from headrace.platform.formulas.expression import Expression
from headrace.platform.formulas.functions.base import SQL_ENGINES, Engine
from headrace.platform.formulas.types import BOOLEAN, Type
from headrace.platform.metadata.building.messages import (
    DUPLICATE_NAME,
    UNKNOWN_FIELD,
    UNKNOWN_OBJECT,
    UNKNOWN_REFERENCE,
)
from headrace.platform.metadata.building.scope import CatalogScope
from headrace.platform.metadata.catalog import ConstantModel, FieldModel, FieldPath, ObjectModel
from headrace.platform.metadata.definitions.objects import ObjectDef
from headrace.platform.metadata.documents import Document
from headrace.platform.metadata.field_types import FieldTypes
from headrace.platform.metadata.schemas import load_definition

PYTHON: frozenset[Engine] = frozenset(("python",))
"""Where defaults, guards and assignments are computed: they may ask queries."""


_SAME: Mapping[str, Message] = MappingProxyType({})


class Workbench:
    """The documents under work; every stage sees what the earlier ones resolved."""

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

    def load(self) -> None:
        """Turn the documents into definitions, one of each kind and name."""
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

    # -- problems -------------------------------------------------------------------------

    def report(self, problem: Problem, definition: Any, *parts: str | int) -> None:
        """Keep `problem`, placed at `parts` of the definition's file."""
        file = self.files.get(id(definition), "")
        self.problems.append(problem.below(pointer(*parts)).below(file))

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

    def path(
        self, definition: Any, object_name: str, path: str, *parts: str | int
    ) -> FieldPath | None:
        """Resolve a dotted path; an unknown name is a problem at `parts` of the definition."""
        place = self.files.get(id(definition), "") + pointer(*parts)
        return self.path_at(place, object_name, path)

    def path_at(self, place: str, object_name: str, path: str | None) -> FieldPath | None:
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
                self.problems.append(unknown_field(current, name).below(place))
                return None
            found.append(field)
            target = field.target
            current = (
                self.objects.get(target) or self.system_objects.get(target) if target else None
            )
            if current is None:
                current = _NOTHING
        return tuple(found)

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
        recode: Mapping[str, Message] = _SAME,
    ) -> Expression | None:
        """Analyse a formula; its problems are kept at `place`.

        `recode` says which codes of the formula language have a code of their own here.
        """
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
            self.problems.extend(
                _recoded(problem, recode).below(place) for problem in refusal.problems
            )
            return None


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
    return UNKNOWN_FIELD.at(object=model.name, name=name, suggestion=closest(name, model.fields))


def closest(name: str, known: Iterable[str]) -> str:
    """Return the known name most like `name`, or a few of them."""
    import difflib  # noqa: PLC0415 - only on the way to an error

    names = list(known)
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    return near[0] if near else ", ".join(names[:8])

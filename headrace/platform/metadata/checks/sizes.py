"""Checks of what a statement would become: formulas within formulas, references along references.

A formula that is computed when it is read is written out wherever it is read, so that those which
build on each other grow; a database takes a statement of limited depth, with so many tables.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Final, TypeVar

from headrace.platform.core.problems import Message, Problem, Text
from headrace.platform.formulas.analysis import MAX_NODES, MAX_SQL_DEPTH
from headrace.platform.formulas.expression import Expression
from headrace.platform.formulas.messages import TOO_COMPLEX
from headrace.platform.formulas.tree import FieldRef, Node, children, is_joined, walk
from headrace.platform.metadata.catalog import (
    FieldModel,
    FieldPath,
    ObjectModel,
    ReportModel,
    ViewModel,
)
from headrace.platform.metadata.checks.base import Subject

MAX_REFERENCES: Final = 40
"""How many records beside its own a record is read with; SQLite joins 64 tables at most."""

TOO_MANY_REFERENCES = Message(
    "object.too_many_references",
    "Reading “{object}” follows {count} references, its formulas' included; at most {most} can be.",
    "读取“{object}”需跟随 {count} 个引用（含公式中的引用），最多 {most} 个。",
    "Move some fields to a detail object, or store what the formulas read.",
    "请将部分字段移到明细对象，或将公式所读的值存储下来。",
)
WRITTEN_OUT: Final = Text("nesting with the formulas it reads", "连同所引用公式的嵌套层数")
PARTS: Final = Text("number of parts with the formulas it reads", "连同所引用公式的组成部分数")

Ids = tuple[str, ...]
T = TypeVar("T")


class Sizes:
    """Depth, parts and references of formulas as they are written out, each worked out once."""

    def __init__(self, subject: Subject) -> None:
        self.subject = subject
        self._open: set[tuple[str, str]] = set()

    def _read(self, reference: FieldRef) -> FieldModel | None:
        """Return the formula that a reference is written out as; None for what is stored."""
        found = self.subject.fields_by_id.get(reference.path[-1])
        return found if found is not None and not found.stored and found.expression else None

    def depth(self, tree: Node) -> int:
        """Return the levels of a tree with those of the formulas in it; AND in AND is one level."""
        deepest = 0
        pending = [(tree, 1)]
        while pending:
            node, level = pending.pop()
            inner = self._read(node) if isinstance(node, FieldRef) else None
            deepest = max(deepest, level - 1 + self._depth_of(inner) if inner else level)
            pending.extend((one, level + (not is_joined(node, one))) for one in children(node))
        return deepest

    def _depth_of(self, one: FieldModel) -> int:
        return self._once(
            "depth", one, 1, lambda: self.depth(one.expression.tree) if one.expression else 1
        )

    def _once(self, what: str, one: FieldModel, within: T, make: Callable[[], T]) -> T:
        """Work something out for a field; a circle, which is told elsewhere, gets `within`."""
        key = (what, one.id)
        if key in self._open:
            return within
        self._open.add(key)
        try:
            return self.subject.once(key, make)
        finally:
            self._open.discard(key)

    def parts(self, tree: Node) -> int:
        """Return how many parts a tree has with those of the formulas in it."""
        count = 0
        for node in walk(tree):
            inner = self._read(node) if isinstance(node, FieldRef) else None
            count += self._parts_of(inner) if inner else 1
        return count

    def _parts_of(self, one: FieldModel) -> int:
        return self._once(
            "parts", one, 1, lambda: self.parts(one.expression.tree) if one.expression else 1
        )

    def along(self, path: FieldPath) -> frozenset[Ids]:
        """Return the references that reading a path follows."""
        ids = tuple(one.id for one in path)
        found = {ids[: length + 1] for length in range(len(ids) - 1)}
        return frozenset(found) | {(*ids[:-1], *one) for one in self.of_field(path[-1])}

    def of_field(self, one: FieldModel) -> frozenset[Ids]:
        """Return the references that reading a field follows, from its own record."""
        if one.system:
            return self._references_of(one)
        nothing: frozenset[Ids] = frozenset()
        return self._once("references", one, nothing, lambda: self._references_of(one))

    def _references_of(self, one: FieldModel) -> frozenset[Ids]:
        found: set[Ids] = set()
        if one.target is not None and one.name != "id":
            found.add((one.id,))
            target = self.subject.catalog.object(one.target)
            title = target.fields.get(target.title) if target else None
            if title is not None and title.name != "id":
                found |= {(one.id, *inner) for inner in self.of_field(title)}
        elif one.expression is not None and not one.stored:
            found |= self.of_expression(one.expression)
        return frozenset(found)

    def of_expression(self, expression: Expression) -> frozenset[Ids]:
        """Return the references that a condition or formula follows."""
        found: set[Ids] = set()
        for ids in expression.references():
            found |= {ids[: length + 1] for length in range(len(ids) - 1)}
            last = self.subject.fields_by_id.get(ids[-1])
            if last is not None and last.expression is not None and not last.stored:
                found |= {(*ids[:-1], *inner) for inner in self.of_field(last)}
        return frozenset(found)


def check_sizes(subject: Subject) -> Iterator[Problem]:
    """Find formulas, conditions and objects that grow too large for a statement.

    Reads one object at a time with those that its formulas reach; grants, views and reports.
    """
    sizes = Sizes(subject)
    yield from subject.each("sizes", "objects", partial(_of_object, subject, sizes))
    for kind in ("objects", "views", "reports"):
        yield from subject.each("asked", kind, partial(_asked, subject, sizes))


def _of_object(subject: Subject, sizes: Sizes, model: ObjectModel) -> Iterator[Problem]:
    for one in model.fields.values():
        if one.expression is not None and not one.stored:
            place = subject.field(model.name, one.key_of or one.name, "formula")
            yield from _fits(sizes, one.expression, place)
        if one.lookup_filter is not None:
            place = subject.filter_place(one)
            yield from _fits(sizes, one.lookup_filter, place)
    yield from _references(subject, sizes, model)


def _fits(sizes: Sizes, expression: Expression, place: str) -> Iterator[Problem]:
    depth, parts = sizes.depth(expression.tree), sizes.parts(expression.tree)
    if depth > MAX_SQL_DEPTH:
        yield TOO_COMPLEX.at(place, measure=WRITTEN_OUT, met=depth, limit=MAX_SQL_DEPTH)
    elif parts > MAX_NODES:
        yield TOO_COMPLEX.at(place, measure=PARTS, met=parts, limit=MAX_NODES)


def _references(subject: Subject, sizes: Sizes, model: ObjectModel) -> Iterator[Problem]:
    found: set[Ids] = set()
    for one in model.fields.values():
        found |= sizes.of_field(one)
    for path in model.scope_paths.values():
        found |= sizes.along(path[:-1]) if len(path) > 1 else set()
    if len(found) > MAX_REFERENCES:
        place = subject.at_list("object", model.name, "fields")
        yield TOO_MANY_REFERENCES.at(
            place, object=model.name, count=len(found), most=MAX_REFERENCES
        )


def _asked(
    subject: Subject, sizes: Sizes, one: ObjectModel | ViewModel | ReportModel
) -> Iterator[Problem]:
    """Look at the conditions of an object's grants, of a view or of a report."""
    found: list[tuple[Expression | None, str]] = []
    if isinstance(one, ObjectModel):
        for grant, place in subject.grants_of(one):
            found.append((grant.when, place + "/when"))
            found.append((grant.scope.criteria, place + "/scope/criteria"))
    else:
        kind = "view" if isinstance(one, ViewModel) else "report"
        found.append((one.where, subject.at(kind, one.name, "where")))
    for condition, place in found:
        if condition is not None:
            yield from _fits(sizes, condition, place)

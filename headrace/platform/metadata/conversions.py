"""What becomes of a field's values when the field gets another type or other options; pure.

Python values in, Python values out. A value that has no meaning in the new field cannot be
converted; one that does not come back as it was is converted with a loss.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, tzinfo
from types import MappingProxyType
from typing import Any, Final

from marshmallow import ValidationError

from headrace.platform.core.problems import Message, Problem
from headrace.platform.metadata.catalog import Catalog, FieldModel, ObjectModel
from headrace.platform.metadata.field_types.base import FieldType
from headrace.platform.metadata.field_types.converting import (
    Values,
    Way,
    same,
    unchecked,
    writer,
)
from headrace.platform.metadata.field_types.text import TextOptions, TextType
from headrace.platform.metadata.field_types.values import TOO_MANY
from headrace.platform.metadata.storage_types import TEXT, typed_id, typed_parts, values_in

NO_VALUE_FOR = Message(
    "value.no_counterpart",
    "“{value}” is the key of no record of {object}.",
    "“{value}”不是 {object} 中任何记录的标识。",
    "Make such a record, or decide what the rows get instead.",
    "请先建立该记录，或决定用什么值代替。",
)
OTHER_OBJECT = Message(
    "value.other_object",
    "It refers to a record of an object that the field may no longer refer to.",
    "它引用的记录所属的对象已不在该字段可引用的范围内。",
    "Keep the object among the `targets`, or decide to empty these rows.",
    "请在 targets 中保留该对象，或决定清空这些行的值。",
)
MADE_ONCE: Final = frozenset({"number", "workflow"})
"""How values come about that stand in a row like those that people write."""


class NotConvertibleError(Exception):
    """A value that the new field cannot have; the problem says why."""

    def __init__(self, problem: Problem | None = None) -> None:
        super().__init__(problem.code if problem else "no way")
        self.problem = problem


@dataclass(frozen=True, slots=True)
class Converted:
    """A value of the new field; `lossy` where converting back would not give the old one."""

    value: Any
    lossy: bool = False


@dataclass(frozen=True, slots=True)
class Keys:
    """Which keys stand for records: the old side's records, the new side's, None where it has texts.

    `source` and `target` are (object id, field id of its external id); users go by their login.
    """

    source: tuple[str, str] | None
    target: tuple[str, str] | None


NOTHING: Final[Mapping[str, str]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Conversion:
    """The way of a field's values from its old definition to its new one.

    With `identical` every value stays as it is. With `keys` values are ids of records or become
    ids: give `convert` the keys of the source's records (id to key) and the target's (key to id).
    """

    step: Callable[[Any], Converted]
    identical: bool = False
    keys: Keys | None = None

    def convert(
        self, value: Any, key_of: Mapping[str, str] = NOTHING, id_of: Mapping[str, str] = NOTHING
    ) -> Converted:
        """Return what `value` becomes; raise NotConvertibleError where it becomes nothing."""
        if value is None:
            return Converted(None)
        if self.keys is not None and self.keys.source is not None:
            value = _found(value, key_of)
        converted = self.step(value)
        if self.keys is not None and self.keys.target is not None:
            return Converted(_found(converted.value, id_of), converted.lossy)
        return converted


def _found(value: Any, known: Mapping[str, str]) -> str:
    found = known.get(value)
    if found is None:
        raise NotConvertibleError(NO_VALUE_FOR.at(value=value, object=""))
    return found


def conversion(
    old: FieldModel,
    new: FieldModel,
    *,
    zone: tzinfo = UTC,
    catalogs: tuple[Catalog, Catalog] | None = None,
) -> Conversion | None:
    """Return how values of `old` become values of `new`; None where there is no way.

    Then the values have to be emptied. `zone` is the workspace's, in which a day begins;
    `catalogs` those of the two fields, needed for references and states.
    """
    if new.computed not in {None, *MADE_ONCE}:
        return None
    if old.targets or new.targets:
        return _of_polymorphic(old, new, catalogs)
    if old.links is not None or new.links is not None:
        return _of_lists(old, new, catalogs)
    if old.target is not None or new.target is not None:
        return _of_references(old, new, catalogs)
    if _form(old) == _form(new) and (new.computed != "workflow" or _states(old, new, catalogs)):
        return Conversion(Converted, identical=True)
    return _of_values(old, new, zone, catalogs)


def _form(one: FieldModel) -> tuple[Any, ...]:
    """Return what decides which values a field has."""
    return one.type.key, one.options, one.storage


def _states(old: FieldModel, new: FieldModel, catalogs: tuple[Catalog, Catalog] | None) -> bool:
    """Say whether all states of the old field are states of the new one."""
    if catalogs is None:
        return True
    before, after = (
        set(catalog.workflows[one.options.workflow].states)
        for catalog, one in zip(catalogs, (old, new), strict=True)
    )
    return before <= after


def _of_values(
    old: FieldModel, new: FieldModel, zone: tzinfo, catalogs: tuple[Catalog, Catalog] | None
) -> Conversion | None:
    source, target = _values(old, 0, zone, catalogs), _values(new, 1, zone, catalogs)
    there = between(old, new, source, target)
    if there is None:
        return None
    return Conversion(_step(there, _back(old, new, source, target), source, target))


def between(old: FieldModel, new: FieldModel, source: Values, target: Values) -> Way | None:
    """Return the way that one of the two types knows; the old one is asked first."""
    return old.type.converts_to(source, target) or new.type.converts_from(source, target)


def _back(old: FieldModel, new: FieldModel, source: Values, target: Values) -> Way | None:
    """Return the way by which a converted value is compared with what it was."""
    own = type(old.type).converts_from is not FieldType.converts_from
    if own or type(new.type).converts_to is not FieldType.converts_to:
        return between(new, old, target, source)
    return writer(target.kind) if source.kind == "text" else unchecked(target, source)


def _step(
    there: Way, back: Way | None, source: Values, target: Values
) -> Callable[[Any], Converted]:
    def returns(value: Any, made: Any) -> bool:
        try:
            return back is not None and same(value, back(made), source, target)
        except ValidationError:
            return False

    def step(value: Any) -> Converted:
        try:
            made = there(value)
        except ValidationError as refused:
            raise NotConvertibleError(_problem_of(refused)) from None
        if made is None:
            return Converted(None, lossy=True)
        return Converted(made, lossy=not returns(value, made))

    return step


# -- references ------------------------------------------------------------------------------------


def _of_references(
    old: FieldModel, new: FieldModel, catalogs: tuple[Catalog, Catalog] | None
) -> Conversion | None:
    before = _target(old, catalogs, 0)
    after = _target(new, catalogs, 1)
    if before is not None and after is not None and before.id == after.id:
        # A parent in a tree is more than a reference: rows must not be their own ancestors.
        same_kind = old.type.key == new.type.key or new.type.key != "tree"
        return Conversion(Converted, identical=True) if same_kind else None
    source, target = _key(before), _key(after)
    if (before is not None and source is None) or (after is not None and target is None):
        return None
    if new.type.key == "tree":
        return None
    keys = Keys(source, target)
    if after is not None:
        write = str if before is not None else writer(old.storage.kind)
        return None if write is None else Conversion(_written(write), keys=keys)
    way = _of_values(_as_text(old), new, UTC, catalogs)
    return None if way is None else Conversion(way.step, keys=keys)


def _of_lists(
    old: FieldModel, new: FieldModel, catalogs: tuple[Catalog, Catalog] | None
) -> Conversion | None:
    """Return the way between lists of references, and single ones, to the same object."""
    before = _target(old, catalogs, 0)
    after = _target(new, catalogs, 1)
    if before is None or after is None or before.id != after.id:
        return None
    if old.links is not None and new.links is not None:
        return Conversion(Converted, identical=True)
    if old.links is None:
        return Conversion(Converted)
    return Conversion(_the_one) if new.type.key == "lookup" else None


def _of_polymorphic(
    old: FieldModel, new: FieldModel, catalogs: tuple[Catalog, Catalog] | None
) -> Conversion | None:
    """Return the way between references to several objects, and to or from a lookup of one of them."""
    if catalogs is None:
        return None
    before, after = (
        _ids_of(one, catalog) for one, catalog in zip((old, new), catalogs, strict=True)
    )
    if old.targets and new.targets:
        return Conversion(_among(after), identical=before <= after)
    if old.target is not None and before <= after:
        (object_id,) = before
        return Conversion(lambda value: Converted(typed_id(object_id, value)))
    if new.type.key == "lookup" and after <= before:
        kept = _among(after)
        return Conversion(lambda value: Converted(typed_parts(kept(value).value)[1]))
    return None


def _ids_of(one: FieldModel, catalog: Catalog) -> frozenset[str]:
    """Return the ids of the objects that a field may refer to."""
    models = (catalog.object(name) for name in one.refers_to)
    return frozenset(model.id for model in models if model is not None)


def _among(objects: frozenset[str]) -> Callable[[str], Converted]:
    """Return the step that lets references to some objects through."""

    def step(value: str) -> Converted:
        if typed_parts(value)[0] not in objects:
            raise NotConvertibleError(OTHER_OBJECT.at())
        return Converted(value)

    return step


def _the_one(value: str) -> Converted:
    """Return the only id of a list; what holds several cannot be one."""
    ids = values_in(value) or []
    if len(ids) > 1:
        raise NotConvertibleError(TOO_MANY.at(limit=1, count=len(ids)))
    return Converted(value)


def _written(write: Callable[[Any], str]) -> Callable[[Any], Converted]:
    return lambda value: Converted(write(value))


def _as_text(old: FieldModel) -> FieldModel:
    """Return the reference as if it held the keys of its records."""
    return dataclasses.replace(
        old, type=TextType(), options=TextOptions(400), storage=TEXT, target=None, computed=None
    )


def _target(
    one: FieldModel, catalogs: tuple[Catalog, Catalog] | None, side: int
) -> ObjectModel | None:
    if one.pointed is None or catalogs is None:
        return None
    return catalogs[side].object(one.pointed)


def _key(target: ObjectModel | None) -> tuple[str, str] | None:
    """Return the object and the field by which other systems know its records."""
    if target is None or not target.external_ids:
        return None
    return target.id, target.fields[target.external_ids[0]].id


def _values(
    one: FieldModel, side: int, zone: tzinfo, catalogs: tuple[Catalog, Catalog] | None
) -> Values:
    allowed: frozenset[str] | None = None
    if one.computed == "workflow" and catalogs is not None:
        allowed = frozenset(catalogs[side].workflows[one.options.workflow].states)
    return Values(one.type, one.options, one.storage, zone, allowed)


def _problem_of(refused: ValidationError) -> Problem | None:
    found = refused.messages if isinstance(refused.messages, list) else []
    return next((one for one in found if isinstance(one, Problem)), None)

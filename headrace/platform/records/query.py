"""What a list is asked for: a typed tree made of JSON or of query arguments, refused early.

Every name is resolved against the caller's rights before any SQL exists, so a field that is unknown
and one that may not be read give the same answer. Comparisons follow SQL's three-valued logic: a
row without a value fits neither `=` nor `!=`; `is_null` asks for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Final, Literal, TypeAlias

import orjson
from marshmallow import ValidationError, fields

from headrace.platform.access.policy import names_of
from headrace.platform.access.rows import Surroundings
from headrace.platform.core.errors import RefusedError
from headrace.platform.core.problems import Message, Problem, Text, pointer
from headrace.platform.formulas.expression import Expression
from headrace.platform.metadata.catalog import FieldModel, FieldPath, ObjectModel
from headrace.platform.metadata.field_types.base import (
    EQUALITY,
    HOLDING,
    ORDER,
    REFERRING,
    SEVERAL,
    TEXTUAL,
    Operator,
)
from headrace.platform.metadata.field_types.references import USER_OBJECT
from headrace.platform.metadata.field_types.values import (
    ARRAY,
    NULL,
    OTHER_OBJECT,
    OTHER_VALUE,
    WRONG_TYPE,
    BooleanField,
    DateField,
    DecimalField,
    InstantField,
    IntegerField,
    KeyReference,
    ReferenceField,
    TextField,
    TypedReference,
    type_name,
)
from headrace.platform.metadata.storage_types import HOLDS_FILES, MAX_DIGITS, typed_id, values_in
from headrace.platform.records.context import Context
from headrace.platform.records.source import kept_names, read_pairs, resolve, unknown_field

DEFAULT_LIMIT: Final = 50
MAX_LIMIT: Final = 200
MAX_DEPTH: Final = 10
MAX_NODES: Final = 200
MAX_ITEMS: Final = 500
MAX_SORT: Final = 5
MAX_NAMES: Final = 300
MAX_LEVELS: Final = 4
MAX_TEXT: Final = 400
IN_STATEMENT: Final = frozenset({"is_null", "refers_to"})
"""Operators whose values stand in the SQL: there are few of them, and they decide what is read."""
ME: Final = "me"
"""Stands for the user who asks, where a field with users is compared."""
MAX_INTEGER: Final = 2**63 - 1

BAD_FILTER = Message(
    "filter.invalid",
    "A condition is {expected}.",
    "条件应为 {expected}。",
    'Write it like {"field": "status", "op": "=", "value": "open"}.',
    '请写成 {"field": "status", "op": "=", "value": "open"} 这样的形式。',
)
BAD_OPERATOR = Message(
    "filter.operator",
    "“{field}” cannot be compared by “{op}”.",
    "“{field}”不支持运算符“{op}”。",
    "Use one of {operators}.",
    "请使用：{operators}。",
)
TOO_COMPLEX = Message(
    "query.too_complex",
    "The request asks for too much: {limit}.",
    "请求过于复杂：{limit}。",
    "Ask for less at a time.",
    "请减少一次请求的内容。",
)
BAD_PARAMETER = Message(
    "query.invalid",
    "“{name}” must be {expected}.",
    "“{name}”必须是 {expected}。",
    "Correct the value.",
    "请修正该值。",
)
UNKNOWN_PARAMETER = Message(
    "query.unknown_parameter",
    "There is no parameter “{name}”.",
    "没有名为“{name}”的参数。",
    "Known parameters: {known}.",
    "可用参数：{known}。",
)
NO_ORDER = Message(
    "sort.no_order",
    "“{name}” holds files, which have no order.",
    "“{name}”保存文件，无法排序。",
    "Sort by another field.",
    "请按其他字段排序。",
)
NOT_A_REFERENCE = Message(
    "query.not_a_reference",
    "“{name}” cannot be expanded: it is neither a reference nor a child relation.",
    "“{name}”既不是引用也不是子表，无法展开。",
    "Expand references and child relations only.",
    "只能展开引用字段和子表。",
)


NO_COMMON_ORDER = Message(
    "sort.no_common_order",
    "“{name}” refers to records of several objects, which have no common order.",
    "“{name}”可引用多个对象的记录，没有统一的顺序，无法排序。",
    "Sort by another field.",
    "请按其他字段排序。",
)
NOT_SORTABLE = Message(
    "query.not_sortable",
    "Nothing can be sorted by “{name}”: it has several values.",
    "“{name}”含多个值，不能用于排序。",
    "Sort by a field with one value.",
    "请按单值字段排序。",
)


@dataclass(frozen=True, slots=True)
class ByKey:
    """A record named by an external id; of which object, where the field leaves it open."""

    by: str
    value: Any
    object: str = ""


@dataclass(frozen=True, slots=True)
class Compare:
    """A field against a value; `in` and `not_in` take a tuple."""

    path: FieldPath
    op: Operator
    value: Any


@dataclass(frozen=True, slots=True)
class Group:
    """Conditions that must all hold, or one of them."""

    op: Literal["and", "or"]
    parts: tuple[Filter, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite of a condition; unknown stays unknown."""

    part: Filter


Filter: TypeAlias = Compare | Group | Not


@dataclass(frozen=True, slots=True)
class SortKey:
    """One key to sort by; missing values come last either way."""

    path: FieldPath
    descending: bool = False

    @property
    def name(self) -> str:
        """The key as it is written in a request."""
        return ("-" if self.descending else "") + ".".join(one.name for one in self.path)


@dataclass(frozen=True, slots=True)
class Shape:
    """What is put out of each record: field names with what is inside references and relations."""

    object: str
    fields: tuple[tuple[str, Shape | None], ...]
    relations: tuple[tuple[str, Shape], ...] = ()


@dataclass(frozen=True, slots=True)
class Query:
    """A page of a list; `conditions` are formulas of views, held against the rights too.

    `deleted` asks for records that were deleted and that the caller may bring back.
    """

    shape: Shape
    filter: Filter | None = None
    sort: tuple[SortKey, ...] = ()
    limit: int = DEFAULT_LIMIT
    cursor: str | None = None
    count: bool = False
    text: str | None = None
    conditions: tuple[Expression, ...] = field(default=())
    deleted: bool = False

    def and_filter(self, more: Filter | None) -> Query:
        """Return the same query with one more condition."""
        if more is None:
            return self
        both = more if self.filter is None else Group("and", (self.filter, more))
        return replace(self, filter=both)


_FITTING: Final[Mapping[str, frozenset[Operator]]] = MappingProxyType(
    {
        "id": EQUALITY | {"under"},
        "ids": HOLDING,
        "typed_id": REFERRING,
        "boolean": EQUALITY,
        "text": TEXTUAL | SEVERAL,
    }
)
PARAMETERS: Final = (
    "filter",
    "sort",
    "fields",
    "expand",
    "limit",
    "cursor",
    "count",
    "q",
    "deleted",
)


def parse_query(
    context: Context,
    object_name: str,
    data: Mapping[str, Any],
    conditions: Sequence[Expression] = (),
) -> Query:
    """Read a query from a JSON body or from arguments (whose lists are texts with commas).

    Raise RefusedError with all that is wrong; paths of problems point into `data`.
    """
    names = _Names(context)
    problems = _Problems()
    known = ", ".join(PARAMETERS)
    for name in data:
        if name not in PARAMETERS:
            problems.add(UNKNOWN_PARAMETER.at(pointer(name), name=name, known=known))
    reader = _FilterReader(names, object_name, problems)
    query = Query(
        shape=problems.collect(lambda: _shape(context, object_name, data))
        or Shape(object_name, ()),
        filter=reader.read(data.get("filter")),
        sort=problems.collect(lambda: _sort(names, object_name, data.get("sort"))) or (),
        limit=problems.collect(lambda: _limit(data.get("limit"))) or DEFAULT_LIMIT,
        cursor=problems.collect(lambda: _text("cursor", data.get("cursor"), 8_000)),
        count=problems.collect(lambda: _count(data.get("count"))) or False,
        text=problems.collect(lambda: _text("q", data.get("q"), MAX_TEXT)),
        conditions=tuple(conditions),
        deleted=problems.collect(lambda: _deleted(data.get("deleted"))) or False,
    )
    problems.raise_all()
    return query


class _Names:
    """The names that the caller's rights contain."""

    def __init__(self, context: Context) -> None:
        self._surroundings = context.surroundings()
        self._me = context.principal.user_id
        self.readable = kept_names(context)

    def object(self, name: str) -> ObjectModel:
        """Return an object that is known to exist."""
        return self._surroundings.object(name)

    def with_me(self, given: Any) -> Any:
        """Return a value, or a list of values, in which `me` stands for the user who asks."""
        if isinstance(given, list):
            return [self.with_me(one) for one in given]
        return self._me if given == ME else given

    def resolve(self, object_name: str, names: str, place: str) -> FieldPath:
        """Return the fields of a dotted path, or refuse it."""
        return resolve(self._surroundings, object_name, names, place, readable_names=self.readable)


class _Problems:
    """Collects what several parts of a request refuse."""

    def __init__(self) -> None:
        self._found: list[Problem] = []

    def add(self, problem: Problem) -> None:
        self._found.append(problem)

    def collect(self, part: Callable[[], Any]) -> Any:
        try:
            return part()
        except RefusedError as error:
            self._found.extend(error.problems)
            return None

    def raise_all(self) -> None:
        if self._found:
            raise RefusedError(*self._found)


# -- shape -----------------------------------------------------------------------------------------


def shape_of(
    context: Context,
    object_name: str,
    names: Sequence[str] | None = None,
    expand: Sequence[str] = (),
    *,
    by_task: bool = False,
) -> Shape:
    """Return what is put out: the named fields (by default all readable ones) and the expanded."""
    wanted = None if names is None else tuple(names)
    key = ("shape", context.principal.rights, object_name, wanted, tuple(expand), by_task)
    return context.compiled.get(
        context.catalog,
        key,
        lambda: _ShapeReader(context.surroundings(), by_task=by_task).read(
            object_name, wanted, tuple(expand), 0
        ),
    )


def _shape(context: Context, object_name: str, data: Mapping[str, Any]) -> Shape:
    names = _names("fields", data.get("fields"))
    return shape_of(context, object_name, names or None, _names("expand", data.get("expand")))


class _ShapeReader:
    def __init__(self, surroundings: Surroundings, *, by_task: bool) -> None:
        self._surroundings = surroundings
        self._by_task = by_task

    def read(
        self, object_name: str, names: tuple[str, ...] | None, expand: tuple[str, ...], level: int
    ) -> Shape:
        model = self._surroundings.catalog.object(object_name)
        if model is None or level > MAX_LEVELS:
            raise RefusedError(TOO_COMPLEX.at("/expand", limit=f"{MAX_LEVELS} levels"))
        pairs = read_pairs(self._surroundings, object_name, by_task=self._by_task)
        readable = names_of(pairs)
        inner = _by_head(expand)
        chosen = _by_head(names or ())
        for name in (*chosen, *inner):
            place = "/fields" if name in chosen else "/expand"
            if name not in readable or not (name in model.fields or model.child(name)):
                raise RefusedError(unknown_field(model.name, name, readable, place))
        shown = [
            name
            for name in model.fields
            if name in readable and self._shows(name, names, chosen, inner)
        ]
        return Shape(
            object_name,
            tuple((name, self._reference(model, name, chosen, inner, level)) for name in shown),
            tuple(self._relations(model, chosen, inner, level)),
        )

    @staticmethod
    def _shows(
        name: str,
        names: tuple[str, ...] | None,
        chosen: Mapping[str, tuple[str, ...]],
        inner: Mapping[str, tuple[str, ...]],
    ) -> bool:
        return names is None or name in chosen or name in inner or name in {"id", "version"}

    def _reference(
        self,
        model: ObjectModel,
        name: str,
        chosen: Mapping[str, tuple[str, ...]],
        inner: Mapping[str, tuple[str, ...]],
        level: int,
    ) -> Shape | None:
        target = model.fields[name].target if name != "id" else None
        if model.fields[name].links is not None:
            return None  # with what is inside, it is read like a relation
        deeper, expanded = chosen.get(name, ()), name in inner
        if target is None:
            if deeper or expanded:
                raise RefusedError(
                    NOT_A_REFERENCE.at("/expand" if expanded else "/fields", name=name)
                )
            return None
        if not deeper and not expanded:
            return None
        return self.read(target, None if expanded else deeper, inner.get(name, ()), level + 1)

    def _relations(
        self,
        model: ObjectModel,
        chosen: Mapping[str, tuple[str, ...]],
        inner: Mapping[str, tuple[str, ...]],
        level: int,
    ) -> Iterable[tuple[str, Shape]]:
        for child in model.children:
            if child.name not in chosen and child.name not in inner:
                continue
            if level:
                raise RefusedError(NOT_A_REFERENCE.at("/expand", name=child.name))
            names = chosen.get(child.name) or None
            shape = self.read(child.object, names, inner.get(child.name, ()), level + 1)
            yield child.name, shape
        for one in model.fields.values():
            if one.links is None or not (chosen.get(one.name) or one.name in inner):
                continue
            if level:
                place = "/expand" if one.name in inner else "/fields"
                raise RefusedError(NOT_A_REFERENCE.at(place, name=one.name))
            names = None if one.name in inner else chosen[one.name]
            shape = self.read(one.links, names, inner.get(one.name, ()), level + 1)
            yield one.name, shape


def _by_head(paths: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Group dotted paths by their first name."""
    grouped: dict[str, list[str]] = {}
    for path in paths:
        head, _, rest = path.partition(".")
        grouped.setdefault(head, [])
        if rest:
            grouped[head].append(rest)
    return {head: tuple(rests) for head, rests in grouped.items()}


# -- simple parameters -----------------------------------------------------------------------------


def _names(name: str, given: Any) -> tuple[str, ...]:
    if given is None or given == "":
        return ()
    parts = given.split(",") if isinstance(given, str) else given
    if not isinstance(parts, (list, tuple)) or not all(isinstance(one, str) for one in parts):
        raise RefusedError(
            BAD_PARAMETER.at(pointer(name), name=name, expected=Text("a list of names", "名称列表"))
        )
    if len(parts) > MAX_NAMES:
        raise RefusedError(TOO_COMPLEX.at(pointer(name), limit=f"{MAX_NAMES} names"))
    return tuple(one.strip() for one in parts)


def _sort(names: _Names, object_name: str, given: Any) -> tuple[SortKey, ...]:
    asked = _names("sort", given)
    if len(asked) > MAX_SORT:
        raise RefusedError(TOO_COMPLEX.at("/sort", limit=f"{MAX_SORT} sort keys"))
    keys = []
    for name in asked:
        path = names.resolve(object_name, name.removeprefix("-"), "/sort")
        _check_levels(path, "/sort")
        if path[-1].storage.kind in HOLDS_FILES:
            raise RefusedError(NO_ORDER.at("/sort", name=name.removeprefix("-")))
        keys.append(SortKey(_sorted_by(names, path), name.startswith("-")))
    return tuple(keys)


def _sorted_by(names: _Names, path: FieldPath) -> FieldPath:
    """References sort by the title that people see, where the rights contain it."""
    last = path[-1]
    if last.targets:
        raise RefusedError(NO_COMMON_ORDER.at("/sort", name=last.name))
    if last.links is not None:
        raise RefusedError(NOT_SORTABLE.at("/sort", name=last.name))
    if last.target is None or last.name == "id":
        return path
    target = names.object(last.target)
    readable = names.readable(target.name)
    return (*path, target.fields[target.title]) if target.title in readable else path


def _check_levels(path: FieldPath, place: str) -> None:
    if len(path) > MAX_LEVELS:
        raise RefusedError(TOO_COMPLEX.at(place, limit=f"{MAX_LEVELS} levels"))


def _limit(given: Any) -> int:
    if given is None:
        return DEFAULT_LIMIT
    text = str(given) if isinstance(given, (int, str)) and not isinstance(given, bool) else ""
    if not (
        text.isascii() and text.isdigit() and len(text) < MAX_DEPTH and 1 <= int(text) <= MAX_LIMIT
    ):
        expected = f"1 … {MAX_LIMIT}"
        raise RefusedError(BAD_PARAMETER.at("/limit", name="limit", expected=expected))
    return int(text)


def _count(given: Any) -> bool:
    if given not in (None, "exact", "none"):
        raise RefusedError(BAD_PARAMETER.at("/count", name="count", expected="exact | none"))
    return bool(given == "exact")


def _deleted(given: Any) -> bool:
    if given not in (None, "only"):
        raise RefusedError(BAD_PARAMETER.at("/deleted", name="deleted", expected="only"))
    return bool(given == "only")


def _text(name: str, given: Any, limit: int) -> str | None:
    if given is None:
        return None
    return _checked(lambda: TextField(limit).deserialize(given), pointer(name)) or None


# -- filter ----------------------------------------------------------------------------------------


class _FilterReader:
    def __init__(self, names: _Names, object_name: str, problems: _Problems) -> None:
        self._names = names
        self._object = object_name
        self._problems = problems
        self._nodes = 0

    def read(self, given: Any) -> Filter | None:
        if given is None or given in ("", {}):
            return None
        if isinstance(given, str):
            try:
                given = orjson.loads(given)
            except orjson.JSONDecodeError:
                self._problems.add(BAD_FILTER.at("/filter", expected="JSON"))
                return None
        found: Filter | None = self._problems.collect(lambda: self._node(given, "/filter", 1))
        return found

    def _node(self, given: Any, place: str, depth: int) -> Filter:
        self._nodes += 1
        if depth > MAX_DEPTH or self._nodes > MAX_NODES:
            limit = f"{MAX_DEPTH} levels, {MAX_NODES} conditions"
            raise RefusedError(TOO_COMPLEX.at(place, limit=limit))
        if not isinstance(given, Mapping):
            raise RefusedError(BAD_FILTER.at(place, expected=Text("an object", "对象")))
        for op in ("and", "or"):
            if op in given:
                return self._group(op, given, place, depth)
        if "not" in given:
            _only(given, {"not"}, place)
            return Not(self._node(given["not"], place + "/not", depth + 1))
        return self._compare(given, place)

    def _group(
        self, op: Literal["and", "or"], given: Mapping[str, Any], place: str, depth: int
    ) -> Filter:
        _only(given, {op}, place)
        parts = given[op]
        if not isinstance(parts, list) or not parts:
            raise RefusedError(
                BAD_FILTER.at(f"{place}/{op}", expected=Text("a list of conditions", "条件列表"))
            )
        return Group(
            op,
            tuple(
                self._node(part, f"{place}/{op}/{index}", depth + 1)
                for index, part in enumerate(parts)
            ),
        )

    def _compare(self, given: Mapping[str, Any], place: str) -> Filter:
        _only(given, {"field", "op", "value"}, place)
        name, op = given.get("field"), given.get("op", "=")
        if not isinstance(name, str) or not isinstance(op, str):
            raise RefusedError(
                BAD_FILTER.at(place, expected=Text("field, op and value", "field、op 和 value"))
            )
        path = self._names.resolve(self._object, name, place + "/field")
        _check_levels(path, place + "/field")
        return _comparison(self._names, path, op, given.get("value"), place)


def comparison(context: Context, path: FieldPath, op: str, given: Any, place: str = "") -> Compare:
    """Return the comparison of a readable field with a JSON value, as the field's type allows."""
    return _comparison(_Names(context), path, op, given, place)


def _comparison(names: _Names, path: FieldPath, op: str, given: Any, place: str) -> Compare:
    field_ = path[-1]
    operators = operators_of(field_)
    known = next((one for one in operators if one == op), None)
    if known is None:
        shown = ", ".join(sorted(operators))
        raise RefusedError(
            BAD_OPERATOR.at(place + "/op", field=field_.name, op=op, operators=shown)
        )
    place += "/value"
    if known == "is_null":
        flag = True if given is None else given
        return Compare(path, known, _checked(lambda: BooleanField().deserialize(flag), place))
    if known in {"contains", "starts_with"}:
        text = _checked(lambda: TextField(MAX_TEXT, lines=True).deserialize(given), place)
        return Compare(path, known, field_.type.as_stored(text or "", field_.options))
    if known == "refers_to":
        return Compare(path, known, _objects(names, field_, given, place))
    if field_.pointed == USER_OBJECT:
        given = names.with_me(given)
    if known in {"contains_any", "contains_all"}:
        return Compare(path, known, _parts(names, field_, given, place))
    if known in {"in", "not_in"}:
        return Compare(path, known, _items(names, field_, given, place))
    return Compare(path, known, _value(names, field_, given, place))


def _parts(names: _Names, field_: FieldModel, given: Any, place: str) -> Any:
    """Return the values that a field with several values is asked for."""
    if not isinstance(given, list):
        raise RefusedError(WRONG_TYPE.at(place, expected=ARRAY, given=type_name(given)))
    if len(given) > MAX_ITEMS:
        raise RefusedError(TOO_COMPLEX.at(place, limit=f"{MAX_ITEMS} values"))
    if field_.links is not None:
        return _linked_parts(names, field_, given, place)
    return tuple(values_in(_checked(lambda: value_field(field_).deserialize(given), place)) or ())


def _linked_parts(names: _Names, field_: FieldModel, given: list[Any], place: str) -> Any:
    """Return the ids that a list of references is asked for, or what names them by one key."""
    value = _checked(lambda: value_field(field_).deserialize(given), place)
    if value is None or isinstance(value, str):
        return tuple(values_in(value) or ())
    target = names.object(str(field_.links))
    items = [
        _by_key(names, target, one, f"{place}/{index}") if isinstance(one, KeyReference) else one
        for index, one in enumerate(value)
    ]
    return _of_one_kind(items, place)


def _objects(names: _Names, field_: FieldModel, given: Any, place: str) -> tuple[str, ...]:
    """Return the ids of the objects to whose records a polymorphic reference may lead."""
    if not isinstance(given, list):
        raise RefusedError(WRONG_TYPE.at(place, expected=ARRAY, given=type_name(given)))
    for index, name in enumerate(given):
        if name not in field_.targets or not names.readable(name):
            raise RefusedError(OTHER_OBJECT.at(f"{place}/{index}", name=str(name)))
    return tuple(sorted({names.object(name).id for name in given}))


def operators_of(field_: FieldModel) -> frozenset[Operator]:
    """Return the operators by which a field can be compared: those of its type that fit its values.

    The type of a computed field declares them for all kinds of results.
    """
    return field_.type.operators & _FITTING.get(field_.storage.kind, ORDER)


def _items(names: _Names, field_: FieldModel, given: Any, place: str) -> Any:
    if not isinstance(given, list):
        raise RefusedError(WRONG_TYPE.at(place, expected=ARRAY, given=type_name(given)))
    if len(given) > MAX_ITEMS:
        raise RefusedError(TOO_COMPLEX.at(place, limit=f"{MAX_ITEMS} values"))
    items = [_value(names, field_, one, f"{place}/{index}") for index, one in enumerate(given)]
    return _of_one_kind(items, place)


def _of_one_kind(items: Sequence[Any], place: str) -> Any:
    """Return values as a tuple, or as what names records where all are named by one key."""
    keys = {(one.by, one.object) for one in items if isinstance(one, ByKey)}
    if not keys:
        return tuple(items)
    if len(keys) > 1 or not all(isinstance(one, ByKey) for one in items):
        raise RefusedError(
            BAD_FILTER.at(
                place,
                expected=Text(
                    "a list of ids, or of keys of one kind", "标识列表，或同一种键的列表"
                ),
            )
        )
    by, named = keys.pop()
    return ByKey(by, tuple(one.value for one in items), named)


def _value(names: _Names, field_: FieldModel, given: Any, place: str) -> Any:
    if given is None:
        raise RefusedError(WRONG_TYPE.at(place, expected=field_.type.key, given=NULL))
    value = _checked(lambda: value_field(field_).deserialize(given), place)
    if isinstance(value, TypedReference):
        target = names.object(value.object)
        if not names.readable(target.name):
            raise RefusedError(OTHER_OBJECT.at(place, name=target.name))
        if isinstance(value.record, KeyReference):
            return replace(_by_key(names, target, value.record, place), object=target.name)
        return typed_id(target.id, value.record)
    if not isinstance(value, KeyReference):
        return value
    return _by_key(names, names.object(str(field_.target)), value, place)


def _by_key(names: _Names, target: ObjectModel, value: KeyReference, place: str) -> ByKey:
    name = value.by or next(iter(target.external_ids), "")
    if name not in target.external_ids:
        raise RefusedError(unknown_field(target.name, name or "key", target.external_ids, place))
    (key,) = names.resolve(target.name, name, place)
    return ByKey(name, _checked(lambda: value_field(key).deserialize(value.key), place))


def value_field(field_: FieldModel) -> fields.Field[Any]:
    """Return what parses a value to compare with; computed fields take that of their storage."""
    if field_.storage.kind == "id":
        return ReferenceField()
    if field_.computed is None and not field_.system:
        return field_.type.compared_field(field_.options)
    match field_.storage.kind:
        case "integer":
            return IntegerField(-MAX_INTEGER, MAX_INTEGER)
        case "decimal":
            most = _largest(field_.storage.scale)
            return DecimalField(field_.storage.scale, -most, most)
        case "boolean":
            return BooleanField()
        case "date":
            return DateField()
        case "instant":
            return InstantField()
        case _:
            return TextField(MAX_TEXT)


def _largest(scale: int) -> Decimal:
    return (Decimal(10) ** MAX_DIGITS - 1).scaleb(-scale)


def _only(given: Mapping[str, Any], allowed: set[str], place: str) -> None:
    if not set(given) <= allowed:
        raise RefusedError(BAD_FILTER.at(place, expected=", ".join(sorted(allowed))))


def _checked(parse: Callable[[], Any], place: str) -> Any:
    """Run a parser; its problems are placed."""
    try:
        return parse()
    except ValidationError as error:
        found = error.messages if isinstance(error.messages, list) else []
        problems = [one.below(place) for one in found if isinstance(one, Problem)]
        fallback = WRONG_TYPE.at(place, expected=OTHER_VALUE, given=Text("this", "该值"))
        raise RefusedError(*(problems or [fallback])) from None


# -- shape of the statement ------------------------------------------------------------------------


def filter_key(node: Filter | None) -> tuple[Any, ...]:
    """Return what the SQL of a filter depends on: names and operators, but no values of records."""
    match node:
        case None:
            return ()
        case Group():
            return (node.op, *map(filter_key, node.parts))
        case Not():
            return ("not", filter_key(node.part))
        case Compare():
            names = tuple(one.name for one in node.path)
            if node.op in IN_STATEMENT:
                return (*names, node.op, node.value)
            key = node.value
            asked = (key.by, key.object) if isinstance(key, ByKey) else ""
            return (*names, node.op, asked)


def filter_values(node: Filter | None) -> list[Any]:
    """Return the values of a filter, in the order in which its SQL takes them."""
    match node:
        case None:
            return []
        case Group():
            return [value for part in node.parts for value in filter_values(part)]
        case Not():
            return filter_values(node.part)
        case Compare():
            if node.op in IN_STATEMENT:
                return []
            return [node.value.value if isinstance(node.value, ByKey) else node.value]

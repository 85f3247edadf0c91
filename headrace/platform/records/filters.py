"""Filters, text search and page positions as SQL over a source; values are parameters."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final

import orjson
import sqlalchemy as sa

from headrace.platform.access.parameters import (
    Column,
    Condition,
    holds_values,
    is_one_of,
    list_value,
    parameter,
)
from headrace.platform.access.policy import as_condition, guarded, names_of
from headrace.platform.access.rows import subtree_end
from headrace.platform.core.errors import RefusedError
from headrace.platform.core.ids import is_record_id
from headrace.platform.core.problems import Message
from headrace.platform.formulas.pinyin import searched_pinyin
from headrace.platform.metadata.catalog import FieldModel, ObjectModel
from headrace.platform.metadata.storage_types import TEXT, Dialect, Storage
from headrace.platform.records.polymorphic import typed_column
from headrace.platform.records.query import ByKey, Compare, Filter, Group, Not, SortKey
from headrace.platform.records.source import Source, read_pairs

Convert = Callable[[Any], Any]

BAD_CURSOR = Message(
    "query.cursor_invalid",
    "The page position does not belong to this list.",
    "分页位置与此列表不符。",
    "Start again from the first page; keep sort and object the same while paging.",
    "请从第一页重新开始；翻页时请保持对象和排序不变。",
)
ESCAPE: Final = "\\"
SEARCH: Final = "search"
SEARCH_PINYIN: Final = "search_pinyin"


class FilterSql:
    """A filter as a condition, with what turns its values into parameters."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._dialect: Dialect = source.surroundings.dialect
        self._converts: list[Convert] = []
        self._within_not = 0

    def compile(self, node: Filter) -> Condition:
        """Return the condition of a filter."""
        match node:
            case Group():
                parts = [self.compile(part) for part in node.parts]
                return sa.and_(*parts) if node.op == "and" else sa.or_(*parts)
            case Not():
                self._within_not += 1
                part = self.compile(node.part)
                self._within_not -= 1
                return sa.not_(part)
            case Compare():
                return self._compare(node)

    def parameters(self) -> Callable[[Sequence[Any]], dict[str, Any]]:
        """Return what turns the values of `filter_values` into parameters."""
        slots = [(f"v{index}", convert) for index, convert in enumerate(self._converts)]
        return lambda values: {
            name: convert(value) for (name, convert), value in zip(slots, values, strict=True)
        }

    def _compare(self, node: Compare) -> Condition:
        field = node.path[-1]
        if field.links is not None:
            return self._of_list(node, field)
        if field.targets:
            return self._of_polymorphic(node)
        source = self._source
        column = (source.words_column if node.op == "contains" else source.column)(node.path)
        if node.op == "is_null":
            return column.is_(None) if node.value else column.is_not(None)
        if isinstance(node.value, ByKey):
            return self._by_key(column, str(field.target), node.op, node.value)
        if node.op == "under":
            return self._under(column, field)
        return self._plain(column, field.storage, node.op)

    def _of_list(self, node: Compare, field: FieldModel) -> Condition:
        """Ask a list of references: an empty one holds nothing, so nothing of it is unknown."""
        linked, allowed = self._source.links(node.path)
        if node.op == "is_null":
            found = sa.and_(as_condition(allowed), linked.exists())
            return sa.not_(found) if node.value else found
        every, dialect = node.op == "contains_all", self._dialect
        if isinstance(node.value, ByKey):
            target = Source(
                self._source.surroundings, str(field.links), prefix=f"k{len(self._converts)}_"
            )
            storage = target.model.fields[node.value.by].storage
            convert = storage.to_driver(dialect)
            name = self._name(lambda items: list_value([convert(one) for one in items], dialect))
            named = is_one_of(target.column(node.value.by), name, storage, dialect)
            found = linked.holds_found(
                target.select([target.rows.id], where=[named]), name, storage, every=every
            )
        else:
            name = self._name(lambda items: list_value(items, dialect))
            found = linked.holds(name, every=every)
        return sa.and_(as_condition(allowed), found)

    def _of_polymorphic(self, node: Compare) -> Condition:
        """Ask a reference to any of several objects: one that may not be seen is none.

        Where a condition can only let rows through, the index is asked and then whether they are seen; within
        a negation that would tell of what may not be seen, so there the guarded value is compared.
        """
        asked, allowed = self._source.polymorphic(node.path)
        value = guarded(asked.value(), allowed)
        if node.op == "is_null":
            return value.is_(None) if node.value else value.is_not(None)
        if node.op == "refers_to":
            found = sa.and_(as_condition(allowed), asked.is_seen(node.value))
            return sa.case((value.is_not(None), found)) if self._within_not else found
        by_index = node.op in {"=", "in"} and not self._within_not
        column = asked.stored if by_index else value
        if isinstance(node.value, ByKey):
            found = self._by_key(column, node.value.object, node.op, node.value, typed=True)
        else:
            found = self._plain(column, node.path[-1].storage, node.op)
        return sa.and_(found, as_condition(allowed), asked.is_seen()) if by_index else found

    def _plain(self, column: Column, storage: Storage, op: str) -> Condition:
        if op in {"contains", "starts_with"}:
            before = "%" if op == "contains" else ""
            return like(
                column, self._slot(TEXT, lambda text: before + escaped(text) + "%"), self._dialect
            )
        if op in {"contains_any", "contains_all"}:
            dialect = self._dialect
            name = self._name(lambda items: list_value(items, dialect))
            return holds_values(column, name, every=op == "contains_all", dialect=dialect)
        convert = storage.to_driver(self._dialect)
        if op in {"in", "not_in"}:
            dialect = self._dialect
            name = self._name(lambda items: list_value([convert(one) for one in items], dialect))
            found = is_one_of(column, name, storage, dialect)
            return found if op == "in" else sa.not_(found)
        value = self._slot(storage, convert)
        return _COMPARE[op](column, value)

    def _by_key(
        self, column: Column, object_name: str, op: str, key: ByKey, *, typed: bool = False
    ) -> Condition:
        """Compare with a record named by its external id: one that the caller may see."""
        target = Source(self._source.surroundings, object_name, prefix=f"k{len(self._converts)}_")
        named = target.model.fields[key.by]
        several = op in {"in", "not_in"}
        condition = self._plain(target.column(key.by), named.storage, "in" if several else "=")
        found = typed_column(target.rows) if typed else target.rows.id
        ids = target.select([found], where=[condition])
        return column.not_in(ids) if op in {"!=", "not_in"} else column.in_(ids)

    def _under(self, column: Column, field: FieldModel) -> Condition:
        """Rows below a record in the tree; the record must be one that the caller may see."""
        surroundings = self._source.surroundings
        root = Source(surroundings, str(field.target), prefix=f"u{len(self._converts)}_")
        below = Source(surroundings, str(field.target), prefix=f"b{len(self._converts)}_")
        root_path, path = root.rows.path, below.rows.path
        value = self._slot(field.storage, field.storage.to_driver(self._dialect))
        if root_path is None or path is None:
            return column == value
        found = root.select([root_path], where=[root.rows.id == value]).scalar_subquery()
        inside = sa.and_(path >= found, path < subtree_end(found))
        return column.in_(below.select([below.rows.id], where=[inside]))

    def _slot(self, storage: Storage, convert: Convert) -> Column:
        return parameter(self._name(convert), storage, self._dialect)

    def _name(self, convert: Convert) -> str:
        self._converts.append(convert)
        return f"v{len(self._converts) - 1}"


def like(column: Column, pattern: Column, dialect: Dialect) -> Condition:
    """Return whether a text fits a pattern; letters of ASCII fold, on both databases alike."""
    if dialect == "postgresql":
        return column.ilike(pattern, escape=ESCAPE)
    return column.like(pattern, escape=ESCAPE)


def escaped(text: str) -> str:
    """Return `text` so that it stands for itself in a pattern."""
    for special in (ESCAPE, "%", "_"):
        text = text.replace(special, ESCAPE + special)
    return text


def search_condition(source: Source) -> Condition:
    """Return whether one of the object's search fields that may be read contains the text.

    Letters are looked for in the pinyin of such a field too, from the beginning of a syllable on.
    """
    surroundings = source.surroundings
    model, dialect = source.model, surroundings.dialect
    readable = names_of(read_pairs(surroundings, model.name))
    names = [name for name in search_fields(source) if name in readable]
    pattern = parameter(SEARCH, TEXT, dialect)
    pinyin = parameter(SEARCH_PINYIN, TEXT, dialect)
    found = [like(source.words_column(name), pattern, dialect) for name in names]
    for name in names:
        key = source.search_key(name)
        if key is not None:
            found.append(key.op("~" if dialect == "postgresql" else "GLOB")(pinyin))
    return sa.or_(*found) if found else sa.false()


def search_fields(source: Source) -> tuple[str, ...]:
    """Return the names of text fields that a search looks in: the declared, title, external ids."""
    model = source.model
    return tuple(
        name
        for name in dict.fromkeys((*model.definition.search, model.title, *model.external_ids))
        if name in model.fields and model.fields[name].storage.kind == "text"
    )


def search_values(text: str, dialect: Dialect) -> dict[str, Any]:
    """Return the parameters of `search_condition`; what is no pinyin is looked for as it is only."""
    return {SEARCH: f"%{escaped(text)}%", SEARCH_PINYIN: _pinyin_pattern(text, dialect)}


def _pinyin_pattern(text: str, dialect: Dialect) -> str | None:
    """Return the pattern of a search key: the first letter begins a syllable, others may.

    It holds nothing but letters, digits and classes of two letters: nothing in it takes long.
    """
    letters = searched_pinyin(text)
    if letters is None:
        return None
    rest = "".join(f"[{one.upper()}{one}]" if one.isalpha() else one for one in letters[1:])
    found = letters[0].upper() + rest
    return found if dialect == "postgresql" else f"*{found}*"


_COMPARE: Final[Mapping[str, Callable[[Column, Column], Condition]]] = {
    "=": lambda left, right: left == right,
    "!=": lambda left, right: left != right,
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
}


# -- order and position ----------------------------------------------------------------------------

NEVER_NULL: Final = frozenset({"id", "version", "created_at", "updated_at"})


class Order:
    """The order of a list: its keys with the id as the last, and the position after a row."""

    def __init__(self, source: Source, keys: Sequence[SortKey]) -> None:
        surroundings = source.surroundings
        self._dialect: Dialect = surroundings.dialect
        self._keys = complete(source.model, keys)
        self.columns = [source.sort_column(key.path) for key in self._keys]

    def clauses(self, columns: Sequence[Column] | None = None) -> list[Column]:
        """Return what to order by, missing values last; `columns` stand for those of the keys."""
        return self._clauses(columns or self.columns, first_known=False)

    def _clauses(self, columns: Sequence[Column], *, first_known: bool) -> list[Column]:
        known = [first_known, *(False for _ in self._keys[1:])]
        pairs = zip(self._keys, columns, known, strict=True)
        return [
            self._clause(key, column, known=one or _never_null(key)) for key, column, one in pairs
        ]

    def parts(self, nulls: tuple[bool, ...]) -> list[tuple[Condition, list[Column]]]:
        """Return which rows come after the position in the parameters `k0` to `kn`, and their order.

        `nulls` says which values of the position are missing. Rows without a value of the first key
        are a part of their own, behind the others: an index leads to each part, however deep it is.
        """
        found = [(self._after(nulls), self._clauses(self.columns, first_known=True))]
        if not _never_null(self._keys[0]) and not nulls[0]:
            found.append((self.columns[0].is_(None), self.clauses()))
        return found

    def _after(self, nulls: tuple[bool, ...]) -> Condition:
        """Return whether a row comes after the position, of those whose first key is missing if it is there."""
        known = [True, *map(_never_null, self._keys[1:])]
        if len({key.descending for key in self._keys}) == 1 and all(known) and not nulls[0]:
            return self._after_tuple()
        alternatives = []
        for index in range(len(self._keys)):
            equal = [self._equals(before, missing=nulls[before]) for before in range(index)]
            if not nulls[index]:
                alternatives.append(sa.and_(*equal, self._behind(index, known=known[index])))
        found = sa.or_(*alternatives)
        if nulls[0]:
            return found
        # Says nothing new, but lets an index start where the page starts.
        column, value = self.columns[0], self._value(0)
        return sa.and_(column <= value if self._keys[0].descending else column >= value, found)

    def _after_tuple(self) -> Condition:
        """All keys in one direction, never missing: an index gives the position directly."""
        columns = sa.tuple_(*self.columns)
        values = sa.tuple_(*(self._value(index) for index in range(len(self._keys))))
        return columns < values if self._keys[0].descending else columns > values

    def _clause(self, key: SortKey, column: Column, *, known: bool) -> Column:
        """Return one key as the indexes are declared, so that they can be used."""
        clause = column.desc() if key.descending else column.asc()
        if self._dialect == "postgresql":
            return clause.nulls_last()
        # SQLite sorts missing values last by itself when falling.
        return clause if key.descending or known else clause.nulls_last()

    def _equals(self, index: int, *, missing: bool) -> Condition:
        column = self.columns[index]
        return column.is_(None) if missing else column == self._value(index)

    def _behind(self, index: int, *, known: bool) -> Condition:
        key, column = self._keys[index], self.columns[index]
        value = self._value(index)
        behind = column < value if key.descending else column > value
        return behind if known else sa.or_(behind, column.is_(None))

    def _value(self, index: int) -> Column:
        return parameter(f"k{index}", self._keys[index].path[-1].storage, self._dialect)


def complete(model: ObjectModel, keys: Sequence[SortKey]) -> tuple[SortKey, ...]:
    """Return the keys with the id as the last, in the direction of the key before it.

    Without keys the newest come first.
    """
    fields = model.fields
    if not keys:
        newest = "created_at" if "created_at" in fields else model.title
        descending = newest == "created_at"
        keys = (SortKey((fields[newest],), descending),)
    if any(len(key.path) == 1 and key.path[0].name == "id" for key in keys):
        return tuple(keys)
    return (*keys, SortKey((fields["id"],), keys[-1].descending))


def _never_null(key: SortKey) -> bool:
    return len(key.path) == 1 and key.path[0].system and key.path[0].name in NEVER_NULL


class Position:
    """Writes and reads the opaque text that says where the next page starts.

    It holds the sort values of the last row, which the caller has seen; a forged one is no more
    than another condition over fields that the caller may read.
    """

    def __init__(self, object_name: str, keys: Sequence[SortKey], dialect: Dialect) -> None:
        spec = orjson.dumps([object_name, *(key.name for key in keys)])
        self._digest = hashlib.sha256(spec).hexdigest()[:16]
        storages = [key.path[-1].storage for key in keys]
        self._required = [_never_null(key) for key in keys]
        self._writes = [storage.to_json(dialect) or _same for storage in storages]
        self._reads = [_reader(storage, dialect) for storage in storages]

    def write(self, values: Sequence[Any]) -> str:
        """Return the position after a row with these driver values of the sort keys."""
        shown = [write(value) for write, value in zip(self._writes, values, strict=True)]
        return base64.urlsafe_b64encode(orjson.dumps([self._digest, *shown])).decode().rstrip("=")

    def read(self, text: str) -> list[Any]:
        """Return the driver values of the sort keys; raise `query.cursor_invalid`."""
        try:
            padded = text + "=" * (-len(text) % 4)
            found = orjson.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        except (ValueError, binascii.Error):
            raise RefusedError(BAD_CURSOR.at("/cursor")) from None
        if not isinstance(found, list) or len(found) != len(self._reads) + 1:
            raise RefusedError(BAD_CURSOR.at("/cursor"))
        if found[0] != self._digest:
            raise RefusedError(BAD_CURSOR.at("/cursor"))
        try:
            return [
                None if value is None and not required else read(value)
                for read, value, required in zip(
                    self._reads, found[1:], self._required, strict=True
                )
            ]
        except (ValueError, TypeError, ArithmeticError, InvalidOperation):
            raise RefusedError(BAD_CURSOR.at("/cursor")) from None


def _same(value: Any) -> Any:
    return value


def _reader(storage: Storage, dialect: Dialect) -> Convert:
    parse = _PARSERS[storage.kind]
    convert = storage.to_driver(dialect)
    return lambda value: convert(parse(value))


def _parse_text(value: Any) -> str:
    if not isinstance(value, str) or "\x00" in value:
        raise TypeError
    value.encode()
    return value


def _parse_integer(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError
    return value


def _parse_decimal(value: Any) -> Decimal:
    number = Decimal(_parse_text(value))
    if not number.is_finite() or abs(number) >= Decimal(10) ** 18:
        raise ValueError
    return number


def _parse_boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError
    return value


def _parse_instant(value: Any) -> datetime:
    instant = datetime.fromisoformat(_parse_text(value))
    if instant.tzinfo is None:
        raise ValueError
    return instant


def _parse_id(value: Any) -> str:
    if not is_record_id(value):
        raise ValueError
    return str(value)


_PARSERS: Final[Mapping[str, Convert]] = {
    "text": _parse_text,
    "integer": _parse_integer,
    "decimal": _parse_decimal,
    "boolean": _parse_boolean,
    "date": lambda value: date.fromisoformat(_parse_text(value)),
    "instant": _parse_instant,
    "id": _parse_id,
}

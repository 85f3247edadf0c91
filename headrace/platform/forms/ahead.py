"""Records as they would stand under definitions that are not live: read as live ones, matched by id.

Nothing is written and no statement knows the new definitions: values come from the live tables, as far
as who asks may read them there. What is new has its default, what is computed anew is computed from
them; where that asks other records, those that who asks may read answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, tzinfo
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from headrace.platform.access.policy import names_of, pairs_for, readable_fields
from headrace.platform.access.principals import Principal, RoleHolding
from headrace.platform.core.errors import (
    ForbiddenError,
    NotFoundError,
    PlatformError,
    RefusedError,
)
from headrace.platform.core.ids import is_record_id
from headrace.platform.forms.questions import (
    TOO_MANY,
    UnknowableError,
    answer,
    best,
    bound,
    counts_at,
)
from headrace.platform.forms.samples import Sample
from headrace.platform.formulas.environment import Environment
from headrace.platform.formulas.expression import Expression
from headrace.platform.formulas.messages import FormulaValueError
from headrace.platform.formulas.python import compile_python, holds
from headrace.platform.formulas.tree import Binary, Node, Query, Value
from headrace.platform.metadata.catalog import (
    Catalog,
    FieldModel,
    ObjectModel,
    TransitionModel,
)
from headrace.platform.metadata.storage_types import instant_of, instant_text, joined, listed
from headrace.platform.records import reader
from headrace.platform.records.batch import Batch
from headrace.platform.records.context import Context
from headrace.platform.records.field_rules import Behaviours, behaviours_under
from headrace.platform.records.queries import MAX_LIST, key_of
from headrace.platform.records.query import Query as ListQuery
from headrace.platform.records.query import parse_query
from headrace.platform.records.shapes import compiled_field_rules

Record = dict[str, Any]
MOST_STEPS: Final = 400
"""How many formulas one page computes at most, those within others included."""
MOST_ASKED: Final = 20_000
"""How many rows all questions of one page read at most together; more cannot be told here."""
MOST_DEEP: Final = 50
"""How deep a tree is followed."""
MOST_QUESTIONS: Final = 60
"""How many questions the formulas of one page ask at most."""
PAGE: Final = 200


def seen_as(principal: Principal, catalog: Catalog, roles: Iterable[str]) -> Principal:
    """Return somebody with the roles of a catalog, for forms and lists to be made for.

    It never reads: its territories and its organisation are nobody's. Raise NotFoundError where the
    catalog has no such role.
    """
    held = [catalog.roles.get(one) for one in roles]
    if None in held:
        raise NotFoundError
    known = [one for one in held if one is not None]
    partner = bool(known) and all(one.audience == "partner" for one in known)
    return replace(
        principal,
        roles=frozenset(RoleHolding(one.name) for one in known),
        audience="partner" if partner else "internal",
    )


@dataclass(frozen=True, slots=True)
class Listed:
    """Rows of a list ahead; `filtered` says whether its condition could be asked of live rows."""

    rows: list[Record]
    count: int | str
    filtered: bool


class Ahead:
    """Reads live records as a catalog that is not live describes them."""

    def __init__(self, live: Context, catalog: Catalog, seen: Principal) -> None:
        self.live = live
        self.catalog = catalog
        self.seen = seen
        self.steps = 0
        self.questions = 0
        self.rows_read = 0
        self.samples: Mapping[str, Sample] = {}
        self._objects = {one.id: one for one in live.catalog.objects.values()}
        self._rows: dict[tuple[str, str], AheadRow | None] = {}

    def live_object(self, model: ObjectModel) -> ObjectModel | None:
        """Return the live object that `model` is a version of."""
        system = self.live.catalog.system_objects.get(model.name)
        return self._objects.get(model.id) or system

    def newest(self, model: ObjectModel) -> str | None:
        """Return the id of the newest record that the asker sees; None where there is none."""
        live = self.live_object(model)
        if live is None:
            return None
        try:
            query = parse_query(self.live, live.name, {"sort": "-created_at", "limit": 1})
            found = reader.find(self.live, live.name, query).items
        except (NotFoundError, ForbiddenError, RefusedError):
            return None
        return str(found[0]["id"]) if found else None

    def record(self, model: ObjectModel, record_id: str) -> AheadRow:
        """Return a live record with its child rows; raise NotFoundError where there is none to see."""
        live = self.live_object(model)
        if live is None or not is_record_id(record_id):
            raise NotFoundError
        readable = self._read_live(live)
        expand = tuple(one.name for one in live.children if one.name in readable)
        found = reader.get(self.live, live.name, record_id, expand=expand)
        row = AheadRow(self, model, live, found)
        for child in model.children:
            self._take_rows(row, child.name, child.object, live, found)
        return row

    def blank(self, model: ObjectModel) -> AheadRow:
        """Return a record that is yet to be made: its defaults and what they give."""
        return AheadRow(self, model, None, {})

    def row_of(self, object_name: str, record_id: str) -> AheadRow | None:
        """Return the record that a reference leads to; None where it is not seen."""
        key = (object_name, record_id)
        if key not in self._rows:
            self._rows[key] = self._row_of(object_name, record_id)
        return self._rows[key]

    def rows(
        self,
        model: ObjectModel,
        paths: Sequence[str],
        where: Expression | None,
        sort: Sequence[str],
        limit: int,
    ) -> Listed:
        """Return the first rows of a list with the columns that are live already."""
        live = self.live_object(model)
        if live is None:
            return Listed([], 0, filtered=True)
        known = {path: self._live_path(model, path) for path in paths}
        filtered = where is None or self.is_known(model, where)
        try:
            query = self.live_query(model, paths, where, sort, limit)
            page = reader.find(self.live, live.name, query)
        except (NotFoundError, ForbiddenError, RefusedError):
            return Listed([], 0, filtered=True)
        rows = [self._listed(model, live, known, one) for one in page.items]
        return Listed(rows, page.count if page.count is not None else len(rows), filtered)

    def live_query(
        self,
        model: ObjectModel,
        paths: Sequence[str],
        where: Expression | None,
        sort: Sequence[str],
        limit: int,
    ) -> ListQuery:
        """Return what a list asks of the live rows of an object that is live: what is new is left out.

        Raise NotFoundError, ForbiddenError or RefusedError where the asker may not ask it.
        """
        live = self.live_object(model)
        if live is None:
            raise NotFoundError
        known = [self._live_path(model, path) for path in paths]
        keys = [self._live_path(model, one.lstrip("-")) for one in sort]
        ordered = [
            ("-" if one.startswith("-") else "") + key
            for one, key in zip(sort, keys, strict=True)
            if key is not None
        ]
        read = (*known, *self._read_by(model, paths))
        asked = dict.fromkeys(("id", "version", *(one for one in read if one)))
        data: dict[str, Any] = {"fields": ",".join(asked), "limit": limit, "count": "exact"}
        if ordered:
            data["sort"] = ",".join(ordered)
        filtered = where is not None and self.is_known(model, where)
        conditions = (where,) if where is not None and filtered else ()
        return parse_query(self.live, live.name, data, conditions)

    def ask(self, query: Query, asking: Environment) -> Value:
        """Return what the records that the asker may read answer; raise UnknowableError else."""
        self.questions += 1
        model = self.catalog.object(query.name)
        if model is None or self.questions > MOST_QUESTIONS:
            raise UnknowableError
        where = None if query.where is None else bound(query.where, asking)
        condition = None if where is None else Expression("", where)
        filtered = condition is None or self.is_known(model, condition)
        keys = [(self._live_path(model, ".".join(one.field.names)), one) for one in query.order_by]
        sort = ["-" * one.descending + name for name, one in keys if name is not None]
        conditions = (condition,) if condition is not None and filtered else ()
        if filtered and query.function == "COUNT":
            return self._count(model, conditions)
        first = filtered and (
            query.function == "EXISTS" or (query.function == "FIRST" and len(sort) == len(keys))
        )
        many = MAX_LIST if query.function == "LIST" else MOST_ASKED
        rows = self._asked(model, conditions, sort, most=1 if first else many)
        if query.function == "BEST":
            asked = None if filtered else where
            return best(query, model, self._fitting(query, model, rows, asking, asked), self.depth)
        return answer(query, rows, None if filtered else where)

    def _fitting(
        self,
        query: Query,
        model: ObjectModel,
        rows: Iterable[AheadRow],
        asking: Environment,
        where: Node | None,
    ) -> Iterator[AheadRow]:
        """Yield the rows that BEST chooses from: those whose keys are empty or fit what is given."""
        definition = model.definition.best_match
        if definition is None:
            raise UnknowableError
        given = {key_of(model, one): bound(one, asking) for one in query.matches}
        at = None if query.at is None else compile_python(bound(query.at, asking))
        test = None if where is None else compile_python(where)
        for row in rows:
            if test is not None and not holds(test(row)):
                continue
            if all(self._fits(row, name, given.get(name)) for name in definition.keys) and (
                at is None or counts_at(row, definition, at(row))
            ):
                yield row

    def _fits(self, row: AheadRow, name: str, match: Node | None) -> bool:
        """Say whether a key of a row is empty, what is given, or in a tree above it."""
        field = row.model.fields[name]
        key = row.value((field.id,))
        if key is None or match is None:
            return key is None
        target = self.catalog.object(field.target) if field.target else None
        if target is None or target.tree_field is None or not isinstance(match, Binary):
            return holds(compile_python(match)(row))
        node = compile_python(match.right)(row)
        return node is not None and row.in_subtree(str(node), str(key))

    def depth(self, object_name: str, node: str) -> int:
        """Return how deep a record stands in its tree, from 1 at the top; 0 where there is no tree."""
        model = self.catalog.object(object_name)
        parent = model.fields.get(model.tree_field or "") if model else None
        found = 0 if parent is None else 1
        while parent is not None and found < MOST_DEEP:
            row = self.row_of(object_name, node)
            above = None if row is None else row.value((parent.id,))
            if above is None:
                break
            node, found = str(above), found + 1
        return found

    def is_below(self, node: str, root: str) -> bool:
        """Say whether a node of a live tree is another one, or below it."""
        with self.live.database.reading() as reading:
            return Batch(self.live, reading).in_subtree(node, root)

    # -- parts ------------------------------------------------------------------------------

    def _count(self, model: ObjectModel, conditions: tuple[Expression, ...]) -> Value:
        page = self._page(model, {"limit": 1, "count": "exact"}, conditions)
        if page is None:
            return Decimal(0)
        if not isinstance(page.count, int):
            raise UnknowableError(TOO_MANY)
        return Decimal(page.count)

    def _asked(
        self, model: ObjectModel, conditions: tuple[Expression, ...], sort: Sequence[str], most: int
    ) -> Iterator[AheadRow]:
        """Yield the rows that fit live conditions; raise UnknowableError where there are too many."""
        live = self.live_object(model)
        data: dict[str, Any] = {"limit": min(most, PAGE)}
        if sort:
            data["sort"] = ",".join(sort)
        for _ in range(0, most, PAGE):
            self.rows_read += min(most, PAGE)
            if self.rows_read > MOST_ASKED:
                break
            page = self._page(model, data, conditions)
            if page is None or live is None:
                return
            for found in page.items:
                yield AheadRow(self, model, live, found)
            if page.next is None or most == 1:
                return
            data["cursor"] = page.next
        raise UnknowableError(TOO_MANY)

    def _page(
        self, model: ObjectModel, data: Mapping[str, Any], conditions: tuple[Expression, ...]
    ) -> reader.Page | None:
        """Return a page of live rows; None where the asker sees none of the object."""
        live = self.live_object(model)
        if live is None:
            return None
        try:
            query = parse_query(self.live, live.name, data, conditions)
            return reader.find(self.live, live.name, query)
        except (NotFoundError, ForbiddenError):
            return None
        except RefusedError as refusal:
            raise UnknowableError from refusal

    def _take_rows(
        self, row: AheadRow, relation: str, object_name: str, live: ObjectModel, found: Record
    ) -> None:
        model = self.catalog.objects[object_name]
        of = self.live_object(model)
        child = next((one for one in live.children if of and one.object == of.name), None)
        given = found.get(child.name) if child else None
        rows = given if isinstance(given, list) else []
        row.rows[relation] = [AheadRow(self, model, of, one, row) for one in rows]

    def _row_of(self, object_name: str, record_id: str) -> AheadRow | None:
        model = self.catalog.object(object_name)
        live = self.live_object(model) if model else None
        if model is None or live is None:
            return None
        try:
            found = reader.get(self.live, live.name, record_id)
        except PlatformError:
            return None
        return AheadRow(self, model, live, found)

    def _live_path(self, model: ObjectModel, path: str) -> str | None:
        """Return what a path is called live; None where a part of it is not there, or another type."""
        names = []
        about: ObjectModel | None = model
        for name in path.split("."):
            field = about.fields.get(name) if about else None
            live = self.live_object(about) if about else None
            known = live_field(live, field) if live and field else None
            if field is None or known is None:
                return None
            names.append(known.name)
            about = self.catalog.object(field.target) if field.target else None
        return ".".join(names)

    def is_known(self, model: ObjectModel, where: Expression) -> bool:
        """Say whether live rows can be asked a condition.

        It reads nothing that is new, and nothing that the asker may not: which rows it lets through
        would tell.
        """
        here = self.catalog.constants
        there = self.live.catalog.constants
        same = all(
            name in there and there[name].value == here[name].value for name in where.constants()
        )
        return (
            same
            and not where.queries
            and all(self._is_readable(model, path) for path in where.references())
        )

    def _is_readable(self, model: ObjectModel, path: Sequence[str]) -> bool:
        """Say whether a path of field ids is live, and each of its fields one that the asker reads."""
        about: ObjectModel | None = model
        for field_id in path:
            fields = about.fields.values() if about else ()
            field = next((one for one in fields if one.id == field_id), None)
            live = self.live_object(about) if about else None
            known = live_field(live, field) if live and field else None
            if live is None or field is None or known is None or known.id != field_id:
                return False
            if source_of(known) != source_of(field):
                return False
            if known.name not in self._read_live(live):
                return False
            about = self.catalog.object(field.target) if field.target else None
        return True

    def _read_live(self, live: ObjectModel) -> frozenset[str]:
        """Return the fields and relations of a live object that the asker may read in some row."""
        return readable_fields(self.live.catalog, self.live.principal, live.name)

    def _listed(
        self,
        model: ObjectModel,
        live: ObjectModel,
        known: Mapping[str, str | None],
        found: Record,
    ) -> Record:
        whole = AheadRow(self, model, live, found)
        row: Record = {"id": whole.id, "version": whole.version}
        own = [path for path in known if "." not in path]
        row |= whole.as_json(own)
        for path, name in known.items():
            if path not in own and name is not None:
                _put(row, path.split("."), _at(found, name.split(".")))
        return row

    def _read_by(self, model: ObjectModel, paths: Iterable[str]) -> Iterator[str | None]:
        """Yield what live rows must hold for columns that are computed anew."""
        names = {one.id: one.name for one in model.fields.values()}
        for path in paths:
            field = model.fields.get(path)
            if field is not None and field.expression is not None:
                for reference in field.expression.references():
                    name = names.get(reference[0])
                    yield self._live_path(model, name) if name else None


class Surroundings:
    """What formulas that are not live are evaluated in: samples and who asks, and no record."""

    def __init__(self, ahead: Ahead) -> None:
        self.ahead = ahead

    @property
    def today(self) -> date:
        """The workspace's day."""
        return self.ahead.live.today()

    @property
    def now(self) -> datetime:
        """The workspace's instant."""
        return self.ahead.live.now()

    @property
    def zone(self) -> tzinfo:
        """The workspace's zone."""
        return self.ahead.live.zone

    @property
    def user(self) -> str | None:
        """The id of who asks."""
        return self.ahead.seen.user_id

    @property
    def organisation(self) -> str | None:
        """The organisation of who asks."""
        return self.ahead.seen.organisation

    def value(self, path: tuple[str, ...], /) -> Value:
        """Return a sample, or a field of the record that it refers to; None where the way ends."""
        sample = self.ahead.samples.get(path[0])
        if sample is None:
            raise UnknowableError
        return self._behind(sample.value, sample.type.target, path)

    def outer(self, path: tuple[str, ...], /) -> Value:
        """Return the same: nothing encloses it."""
        return self.value(path)

    def old(self, path: tuple[str, ...], /) -> Value:
        """Return the value before a change: nothing is changed here."""
        return self.value(path)

    def constant(self, name: str, /) -> Value:
        """Return a constant of the catalog."""
        return self.ahead.catalog.constants[name].value

    def has_role(self, name: str, /) -> bool:
        """Say whether the role that is tried is a certain one."""
        return self.ahead.seen.holds(name)

    def in_subtree(self, node: str, root: str, /) -> bool:
        """Say whether a node is another one, or below it; trees are asked as they are live."""
        return node == root or self.ahead.is_below(node, root)

    def run_query(self, query: Query, environment: Environment, /) -> Value:
        """Ask other records, as far as who asks may read them."""
        return self.ahead.ask(query, environment)

    def _behind(self, found: Value, target: str | None, path: tuple[str, ...]) -> Value:
        """Return what a path leads to whose first part has been found."""
        if len(path) == 1 or found is None:
            return found
        following = self.ahead.row_of(target, str(found)) if target else None
        return None if following is None else following.value(path[1:])


class AheadRow(Surroundings):
    """A live record, or one yet to be made, as the `Environment` of formulas that are not live."""

    def __init__(
        self,
        ahead: Ahead,
        model: ObjectModel,
        live: ObjectModel | None,
        found: Mapping[str, Any],
        enclosing: AheadRow | None = None,
    ) -> None:
        super().__init__(ahead)
        self.model = model
        self.enclosing = enclosing
        self.rows: dict[str, list[AheadRow]] = {}
        self._by_id = {one.id: one for one in model.fields.values()}
        self._found: Record = {}
        self._new: dict[str, Expression] = {}
        self._made: dict[str, Value] = {}
        self._is_blank = not found
        for field in model.fields.values():
            known = live_field(live, field) if live else None
            expression = field.expression or (field.default if self._is_blank else None)
            if field.expression and (known is None or source_of(known) != source_of(field)):
                self._new[field.name] = field.expression
            elif known is not None and known.name in found:
                self._found[field.name] = found[known.name]
            elif expression is not None:
                self._new[field.name] = expression
        self.id = str(found["id"]) if "id" in found else None
        self.version = found.get("version")

    def as_json(self, names: Iterable[str] | None = None) -> Record:
        """Return the values of the fields, or of some, and the rows as the API would send them."""
        wanted = self.model.fields.keys() if names is None else names
        shown: Record = {
            name: self._json(self.model.fields[name], self._value(name))
            if name in self._new
            else self._found.get(name)
            for name in wanted
            if name in self.model.fields
        }
        for relation, rows in self.rows.items():
            shown[relation] = [one.as_json() for one in rows]
        return {**shown, "id": self.id, "version": self.version}

    def title(self) -> str | None:
        """Return what the record is called; None where that is not to be seen."""
        found = self.as_json([self.model.title]).get(self.model.title)
        return None if found is None else str(found)

    def behaviours(self) -> Behaviours:
        """Return how the fields behave under the field rules of the catalog."""
        try:
            return behaviours_under(compiled_field_rules(self.model), self)
        except UnknowableError:
            return {}

    def is_met(self, condition: Expression | None) -> bool:
        """Say whether a condition holds, as far as it can be told; none holds always."""
        if condition is None:
            return True
        try:
            return holds(compile_python(condition.tree)(self))
        except (UnknowableError, FormulaValueError):
            return False

    # -- what formulas ask ----------------------------------------------------------------------

    def value(self, path: tuple[str, ...], /) -> Value:
        """Return a field, or one reached over lookups; None where the way ends."""
        field = self._by_id.get(path[0])
        if field is None:
            return super().value(path)
        return self._behind(self._value(field.name), field.target, path)

    def outer(self, path: tuple[str, ...], /) -> Value:
        """Return a field of the record that encloses this one."""
        return (self.enclosing or self).value(path)

    def old(self, path: tuple[str, ...], /) -> Value:
        """Return the value before a change: nothing is changed here."""
        return None if self._is_blank else self.value(path)

    # -- values ---------------------------------------------------------------------------------

    def _value(self, name: str) -> Value:
        if name not in self._made:
            self._made[name] = None
            self._made[name] = self._made_of(name)
        return self._made[name]

    def _made_of(self, name: str) -> Value:
        expression = self._new.get(name)
        if expression is None:
            return _python(self.model.fields[name], self._found.get(name))
        self.ahead.steps += 1
        if self.ahead.steps > MOST_STEPS:
            return None
        try:
            return compile_python(expression.tree)(self)
        except (UnknowableError, FormulaValueError):
            return None

    def _json(self, field: FieldModel, value: Value) -> Any:
        if value is None:
            return None
        if field.target is not None:
            row = self.ahead.row_of(field.target, str(value))
            return {"id": str(value), "title": row.title() if row else None}
        if isinstance(value, datetime):
            return instant_text(value)
        if isinstance(value, date):
            return value.isoformat()
        if isinstance(value, Decimal):
            return int(value) if field.storage.kind == "integer" else format(value, "f")
        return value if isinstance(value, bool) else str(value)


def live_field(live: ObjectModel, field: FieldModel) -> FieldModel | None:
    """Return the live field whose values one ahead has: the same id and type."""
    same = (
        one
        for one in live.fields.values()
        if one.id == field.id or (field.system and one.system and one.name == field.name)
    )
    return next((one for one in same if one.type.key == field.type.key), None)


def source_of(field: FieldModel) -> str | None:
    """Return the text of a field's formula; None where it has none."""
    return field.expression.source if field.expression else None


def takes(
    catalog: Catalog, seen: Principal, model: ObjectModel, state: str
) -> list[TransitionModel]:
    """Return the transitions that leave a state and that the roles of somebody may take."""
    workflow = catalog.workflows.get(model.workflow or "")
    if workflow is None:
        return []
    granted = names_of(pairs_for(catalog, seen.rights, model.name, "transition"))
    return [
        one
        for one in workflow.transitions.values()
        if one.name in granted
        and state in one.definition.from_
        and (not one.definition.by or seen.role_names & set(one.definition.by))
    ]


def _python(field: FieldModel, raw: Any) -> Value:
    """Return a value of the API as formulas reckon with it; None where it cannot be one (masked)."""
    if raw is None:
        return None
    if isinstance(raw, Mapping):
        return str(raw.get("id"))
    if isinstance(raw, list):
        ids = [str(one.get("id")) if isinstance(one, Mapping) else str(one) for one in raw]
        return listed(ids) if field.links is not None else joined(ids)
    try:
        match field.storage.kind:
            case "integer" | "decimal":
                return Decimal(str(raw))
            case "date":
                return date.fromisoformat(str(raw))
            case "instant":
                return instant_of(str(raw))
            case "boolean":
                return bool(raw)
            case _:
                return str(raw)
    except (ValueError, InvalidOperation):
        return None


def _at(found: Any, names: Sequence[str]) -> Any:
    for name in names:
        if not isinstance(found, Mapping):
            return None
        found = found.get(name)
    return found


def _put(row: Record, names: Sequence[str], value: Any) -> None:
    for name in names[:-1]:
        inner = row.get(name)
        if not isinstance(inner, dict):
            inner = row[name] = {}
        row = inner
    row[names[-1]] = value

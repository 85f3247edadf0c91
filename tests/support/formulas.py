"""A small world for formulas: one object with a field of each type, rows, and every engine behind one door."""

from __future__ import annotations

import json
import random
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from headrace.platform.formulas.calendars import WorkingCalendar
from headrace.platform.formulas.environment import Environment
from headrace.platform.formulas.functions import FUNCTIONS
from headrace.platform.formulas.messages import FormulaOverflowError
from headrace.platform.formulas.python import compile_python
from headrace.platform.formulas.scope import NamedExpression, ResolvedField
from headrace.platform.formulas.sql import compile_sql, is_overflow, python_value, storage_value
from headrace.platform.formulas.sql_types import bound, storage_type
from headrace.platform.formulas.sqlite_functions import register
from headrace.platform.formulas.tree import Node, Query, Value, to_json, value_to_json
from headrace.platform.formulas.types import (
    BOOLEAN,
    DATE,
    DATETIME,
    TEXT,
    WHOLE,
    Kind,
    Type,
    number,
    polymorphic,
    reference,
)

ZONE = "Asia/Shanghai"
TODAY = date(2025, 6, 10)
NOW = datetime(2025, 6, 9, 17, 30, 15, 123456, tzinfo=UTC)
USER = "0197c6a0-0000-7000-8000-000000000001"
ORGANISATION = "0197c6a0-0000-7000-8000-00000000000a"
OVERFLOW = "overflow"

FIELDS: dict[str, Type] = {
    "amount": number(2),
    "discount": number(2),
    "qty": number(3),
    "rate": number(4),
    "ratio": number(6),
    "days": WHOLE,
    "pieces": WHOLE,
    "code": TEXT,
    "名称": TEXT,
    "active": BOOLEAN,
    "urgent": BOOLEAN,
    "start_date": DATE,
    "end_date": DATE,
    "created_at": DATETIME,
    "sent_at": DATETIME,
    "partner": reference("partner"),
    "payer": reference("partner"),
    "order": reference("order"),
    "about": polymorphic(("order", "partner")),
    "id": reference("line"),
}
STANDARD = WorkingCalendar((((540, 1080),),) * 5 + ((),) * 2)
CONSTANTS: dict[str, tuple[Type, Value]] = {
    "vat_rate": (number(4), Decimal("13.0000")),
    "bonus": (number(2), Decimal("0.07")),
    "max_days": (WHOLE, Decimal(30)),
}


@dataclass(frozen=True)
class SampleScope:
    """Names resolve to `f_<name>`; `order.x`, `partner.x` reach the same fields over a lookup."""

    object_id: str = "line_id"
    fields: Mapping[str, Type] = field(default_factory=lambda: FIELDS)
    others: tuple[str, ...] = ("price", "line", "partner")
    expressions: Mapping[str, NamedExpression] = field(default_factory=dict)

    def resolve(self, names: tuple[str, ...]) -> ResolvedField | None:
        type_ = self.fields.get(names[-1])
        lookups_known = all(
            self.fields.get(name, TEXT).kind is Kind.REFERENCE for name in names[:-1]
        )
        if type_ is None or not lookups_known:
            return None
        return ResolvedField(tuple(f"f_{name}" for name in names), type_)

    def constant(self, name: str) -> Type | None:
        return CONSTANTS[name][0] if name in CONSTANTS else None

    def query_scope(self, object_name: str) -> SampleScope | None:
        return replace(self, object_id=f"{object_name}_id") if object_name in self.others else None

    def calendar(self, name: str) -> str | None:
        return STANDARD.to_text() if name == "standard" else None

    def named(self, name: str) -> NamedExpression | None:
        return self.expressions.get(name)

    def named_expressions(self) -> Iterable[str]:
        return self.expressions

    def suggestions(self) -> Iterable[str]:
        return self.fields


@dataclass(frozen=True)
class SampleEnvironment:
    """A row as the environment of Python's evaluator."""

    row: Mapping[str, Value]
    before: Mapping[str, Value] = field(default_factory=dict)
    roles: frozenset[str] = frozenset()
    answers: Mapping[str, Value] = field(default_factory=dict)
    today: date = TODAY
    now: datetime = NOW
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo(ZONE))
    user: str | None = USER
    organisation: str | None = ORGANISATION

    def value(self, path: tuple[str, ...]) -> Value:
        return self.row[path[-1].removeprefix("f_")]

    def outer(self, path: tuple[str, ...]) -> Value:
        return self.value(path)

    def old(self, path: tuple[str, ...]) -> Value:
        return self.before.get(path[-1].removeprefix("f_"))

    def constant(self, name: str) -> Value:
        return CONSTANTS[name][1]

    def has_role(self, name: str) -> bool:
        return name in self.roles

    def in_subtree(self, node: str, root: str) -> bool:
        return node == root

    def run_query(self, query: Query, environment: Environment) -> Value:
        return self.answers[query.function]


# --- rows --------------------------------------------------------------------------------------------

_AMOUNTS = (
    "0",
    "0.01",
    "-0.01",
    "1",
    "2.345",
    "-2.345",
    "0.005",
    "-0.015",
    "72927.36",
    "99999999.99",
)
_TEXTS = (
    "",
    "draft",
    "Draft",
    "订单",
    " AB 1 ",
    "SO-1",
    "é",
    "z",
    "Z",
    "\U0001f600",
    "\uff5ea",
    "a''b",
)


def sample_rows(seed: int = 7, count: int = 24) -> list[dict[str, Value]]:
    """Return rows with nulls, edges and the extremes of each type among ordinary values."""
    rng = random.Random(seed)
    rows = [{name: _sample(rng, type_) for name, type_ in FIELDS.items()} for _ in range(count)]
    for index, row in enumerate(rows):
        row["id"] = f"0197c6a0-0000-7000-8000-{index:012d}"
        for name in FIELDS:
            if name != "id" and rng.random() < 0.08:
                row[name] = None
    rows[0].update(amount=Decimal("9999999999999999.99"), qty=Decimal("999999999999999.999"))
    rows[1].update(amount=Decimal("-9999999999999999.99"), days=Decimal(999_999_999_999_999_999))
    rows[2].update(start_date=date.min, end_date=date.max, ratio=Decimal("-999999999999.999999"))
    return rows


def _sample(rng: random.Random, type_: Type) -> Value:
    match type_.kind:
        case Kind.NUMBER:
            return _sample_number(rng, type_.scale)
        case Kind.TEXT:
            return rng.choice(_TEXTS).replace("''", "'")
        case Kind.BOOLEAN:
            return rng.random() < 0.5
        case Kind.DATE:
            return date(2023, 1, 1) + timedelta(days=rng.randrange(1400))
        case Kind.DATETIME:
            return datetime(2024, 1, 1, tzinfo=UTC) + timedelta(microseconds=rng.randrange(10**14))
        case Kind.POLYMORPHIC:
            return f"{rng.choice(('order_id', 'partner_id'))}:{_record(rng)}"
        case _:
            return _record(rng)


def _record(rng: random.Random) -> str:
    return f"0197c6a0-0000-7000-8000-0000000000{rng.randrange(4):02x}"


def _sample_number(rng: random.Random, scale: int) -> Decimal:
    unit = Decimal(1).scaleb(-scale)
    if rng.random() < 0.4:
        return Decimal(rng.choice(_AMOUNTS)).quantize(unit) + 0
    digits = rng.choice((1, 2, 3, 5, 8))
    return (Decimal(rng.randrange(-(10**digits), 10**digits)) * unit).quantize(unit) + 0


# --- engines -----------------------------------------------------------------------------------------


def shown(value: Value, type_: Type) -> Any:
    """Return a result as all engines can state it: JSON, numbers with the digits of their type."""
    if isinstance(value, Decimal):
        value = value.quantize(Decimal(1).scaleb(-type_.scale))
    return value_to_json(value)


@dataclass
class PythonEngine:
    functions: Any = FUNCTIONS
    name: str = "python"

    def results(
        self, trees: Sequence[Node], rows: Sequence[Mapping[str, Value]]
    ) -> list[list[Any]]:
        environments = [SampleEnvironment(row) for row in rows]
        return [[self._one(tree, env) for env in environments] for tree in trees]

    def _one(self, tree: Node, environment: SampleEnvironment) -> Any:
        try:
            value = compile_python(tree, self.functions)(environment)
        except FormulaOverflowError:
            return OVERFLOW
        return shown(value, tree.type)


@dataclass
class SampleBinder:
    table: sa.Table
    dialect: Any
    zone: str = ZONE

    def column(self, path: tuple[str, ...]) -> sa.ColumnElement[Any]:
        return self.table.c[path[-1]]

    def outer(self, path: tuple[str, ...]) -> sa.ColumnElement[Any]:
        return self.column(path)

    def constant(self, name: str) -> sa.ColumnElement[Any]:
        type_, value = CONSTANTS[name]
        return bound(value, type_, self.dialect)

    def today(self) -> sa.ColumnElement[Any]:
        return bound(TODAY, DATE, self.dialect)

    def now(self) -> sa.ColumnElement[Any]:
        return bound(NOW, DATETIME, self.dialect)

    def user(self) -> sa.ColumnElement[Any]:
        return bound(USER, reference("user"), self.dialect)

    def organisation(self) -> sa.ColumnElement[Any]:
        return bound(ORGANISATION, reference(None), self.dialect)

    def has_role(self, name: str) -> sa.ColumnElement[Any]:
        return sa.false()

    def in_subtree(
        self, node: sa.ColumnElement[Any], root: sa.ColumnElement[Any]
    ) -> sa.ColumnElement[Any]:
        return node == root


class SqlEngine:
    """Rows in a real table of the dialect, formulas selected from it."""

    def __init__(self, url: str, functions: Any = FUNCTIONS, sqlite: Any = None) -> None:
        self.engine = sa.create_engine(url)
        self.name = self.dialect = self.engine.dialect.name
        self.functions = functions
        if self.dialect == "sqlite":
            sa.event.listen(
                self.engine, "connect", lambda connection, _record: register(connection, sqlite)
            )
        self.table = sa.Table(
            "formula_sample",
            sa.MetaData(),
            sa.Column("position", sa.Integer, primary_key=True),
            *(sa.Column(f"f_{name}", self._type(type_)) for name, type_ in FIELDS.items()),
        )

    def _type(self, type_: Type) -> Any:
        if type_.kind is Kind.NUMBER and self.dialect == "postgresql":
            return sa.Numeric(18, type_.scale)
        if type_.kind is Kind.TEXT and self.dialect == "postgresql":
            return sa.Text(collation="C")
        return storage_type(type_.kind, self.dialect)  # type: ignore[arg-type]

    def results(
        self, trees: Sequence[Node], rows: Sequence[Mapping[str, Value]]
    ) -> list[list[Any]]:
        with self.engine.connect() as connection:
            self.table.drop(connection, checkfirst=True)
            self.table.create(connection)
            connection.execute(
                self.table.insert(),
                [
                    {"position": index}
                    | {
                        f"f_{name}": storage_value(row[name], type_, self.dialect)  # type: ignore[arg-type]
                        for name, type_ in FIELDS.items()
                    }
                    for index, row in enumerate(rows)
                ],
            )
            connection.commit()
            try:
                return [self._all(connection, tree, len(rows)) for tree in trees]
            finally:
                connection.rollback()
                self.table.drop(connection)
                connection.commit()

    def close(self) -> None:
        self.engine.dispose()

    def _all(self, connection: sa.Connection, tree: Node, count: int) -> list[Any]:
        column = compile_sql(tree, SampleBinder(self.table, self.dialect), self.functions)
        statement = sa.select(column).select_from(self.table).order_by(self.table.c.position)
        try:
            return self._fetch(connection, statement, tree.type)
        except sa.exc.DBAPIError as error:
            if not is_overflow(error):
                raise
            connection.rollback()
        return [self._one(connection, statement, tree.type, index) for index in range(count)]

    def _one(self, connection: sa.Connection, statement: Any, type_: Type, index: int) -> Any:
        try:
            return self._fetch(connection, statement.where(self.table.c.position == index), type_)[
                0
            ]
        except sa.exc.DBAPIError as error:
            if not is_overflow(error):
                raise
            connection.rollback()
            return OVERFLOW

    def _fetch(self, connection: sa.Connection, statement: Any, type_: Type) -> list[Any]:
        found = connection.execute(statement).scalars()
        return [shown(python_value(raw, type_, self.dialect), type_) for raw in found]  # type: ignore[arg-type]


@dataclass
class NodeEngine:
    """The browser's evaluator, run by node over a file of trees and rows."""

    script: Path
    arguments: tuple[str, ...] = ()
    name: str = "node"

    def results(
        self, trees: Sequence[Node], rows: Sequence[Mapping[str, Value]]
    ) -> list[list[Any]]:
        surroundings = {
            "today": TODAY.isoformat(),
            "now": value_to_json(NOW),
            "zone": ZONE,
            "user": USER,
            "organisation": ORGANISATION,
            "roles": [],
            "constants": {name: value_to_json(value) for name, (_, value) in CONSTANTS.items()},
        }
        lines = [json.dumps(surroundings)]
        lines.append(
            json.dumps([{f"f_{name}": value_to_json(row[name]) for name in FIELDS} for row in rows])
        )
        lines += [json.dumps(to_json(tree)) for tree in trees]
        done = subprocess.run(
            ["node", str(self.script), *self.arguments],
            input="\n".join(lines),
            capture_output=True,
            encoding="utf-8",
            check=False,
            timeout=600,
        )
        assert done.returncode == 0, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]

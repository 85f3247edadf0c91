"""One language, four engines: Python, SQLite, PostgreSQL and the browser's evaluator agree."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import replace
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from headrace.platform.core.registry import Registry
from headrace.platform.formulas.analysis import analyse
from headrace.platform.formulas.decimals import checked_count
from headrace.platform.formulas.expression import Expression
from headrace.platform.formulas.functions import FUNCTIONS
from headrace.platform.formulas.functions.base import EVERYWHERE, Function, strict_in_first
from headrace.platform.formulas.functions.numbers import ROUND
from headrace.platform.formulas.messages import FormulaError, FormulaOverflowError
from headrace.platform.formulas.python import compile_python
from headrace.platform.formulas.sql import compile_sql
from headrace.platform.formulas.sqlite_functions import FUNCTIONS as SQLITE_FUNCTIONS
from headrace.platform.formulas.tree import (
    ARITHMETIC,
    COMPARISONS,
    NODE_NAMES,
    Binary,
    Call,
    FieldRef,
    In,
    Literal,
    Node,
    Query,
    Unary,
    value_from_json,
    walk,
)
from headrace.platform.formulas.types import Kind
from tests.support.formula_generator import random_formulas, through_about
from tests.support.formulas import (
    FIELDS,
    OVERFLOW,
    NodeEngine,
    PythonEngine,
    SampleBinder,
    SampleEnvironment,
    SampleScope,
    SqlEngine,
    sample_rows,
)

DESIGNER = Path(__file__).parents[2] / "designer"
DEEP, PLAIN, PLANTED = 20_000, 400, 100
ENGINE_OF = {"node": "typescript"}


# --- the engines -------------------------------------------------------------------------------------


def build_for_node(entry: str, target: Path) -> Path:
    """Bundle an entry of the front end so that node can run it."""
    vite = DESIGNER / "node_modules" / ".bin" / "vite"
    command = [str(vite), "build", "--ssr", entry, "--outDir", str(target), "--emptyOutDir"]
    done = subprocess.run(command, cwd=DESIGNER, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return target / f"{Path(entry).stem}.js"


@pytest.fixture(scope="session")
def node_script(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_for_node("src/formula/cli.ts", tmp_path_factory.mktemp("node"))


@pytest.fixture(scope="session")
def broken_script(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_for_node("test/formula/broken_cli.ts", tmp_path_factory.mktemp("broken"))


@pytest.fixture
def engines(postgresql_url: str, node_script: Path) -> Iterator[dict[str, Any]]:
    sql = [SqlEngine("sqlite://"), SqlEngine(postgresql_url)]
    found = [PythonEngine(), *sql, NodeEngine(node_script)]
    yield {engine.name: engine for engine in found}
    for engine in sql:
        engine.close()


def disagreements(
    formulas: list[Expression], engines: dict[str, Any]
) -> tuple[list[str], dict[str, int]]:
    """Return the formulas and rows on which engines differ, and how often which outcome came."""
    rows = sample_rows()
    trees = [formula.tree for formula in formulas]
    results = {name: engine.results(trees, rows) for name, engine in engines.items()}
    found: list[str] = []
    outcomes = {"value": 0, "null": 0, OVERFLOW: 0}
    for index, formula in enumerate(formulas):
        for row in range(len(rows)):
            seen = {name: result[index][row] for name, result in results.items()}
            outcomes[_outcome(seen["python"])] += 1
            if not _agree(formula.tree, list(seen.values())):
                found.append(f"{formula.source} in row {row}: {seen}")
    return found, outcomes


def _outcome(value: Any) -> str:
    return "null" if value is None else OVERFLOW if value == OVERFLOW else "value"


def _agree(tree: Node, values: list[Any]) -> bool:
    """Say whether engines agree, an overflow apart that not all of them meet.

    Which side of AND, OR and IN is computed first is open; and where one operand is null whatever the row is,
    PostgreSQL knows the result before it looks at the other one.
    """
    seen = {(type(value), value) for value in values}
    if len(seen) > 1 and (_may_skip_a_side(tree) or any(map(_is_always_null, walk(tree)))):
        seen -= {(str, OVERFLOW)}
    return len(seen) <= 1


def _is_always_null(node: Node) -> bool:
    """Say whether an operand is null, or a divisor 0, without a look at any row."""
    match node:
        case Binary(operator="/" | "%", right=divisor):
            return _constant(divisor) in (None, 0)
        case Call(function="PORTION", args=(_, _, whole, *_)):
            return _constant(whole) in (None, 0)
        case Literal():
            return False
        case _:
            return _constant(node) is None


def _constant(node: Node) -> Any:
    """Return the value of a node that reads no field; of others one that is not null."""
    if any(isinstance(one, FieldRef) for one in walk(node)):
        return "?"
    try:
        return compile_python(node)(SampleEnvironment({}))
    except FormulaOverflowError:
        return OVERFLOW


def _may_skip_a_side(tree: Node) -> bool:
    return any(
        isinstance(node, In) or (isinstance(node, Binary) and node.operator in ("AND", "OR"))
        for node in walk(tree)
    )


# --- agreement ---------------------------------------------------------------------------------------


def test_random_formulas_agree_on_all_engines(deep: bool, engines: dict[str, Any]) -> None:
    formulas = list(map(through_about, random_formulas(seed=20251, count=DEEP if deep else PLAIN)))
    found, outcomes = disagreements(formulas, engines)
    assert found == []
    total = sum(outcomes.values())
    assert outcomes["value"] / total > 0.7, outcomes
    assert outcomes[OVERFLOW] > 0


def test_functions_that_no_database_computes_agree_in_python_and_the_browser(
    engines: dict[str, Any],
) -> None:
    numbers = ("amount", "rate * 1000", "days", "pieces", "ABS(ratio)", "ROUND(qty, 1)")
    trees = [analyse(f"CN_CAPITAL({one})", SampleScope()).tree for one in numbers]
    rows = sample_rows(count=200)
    assert engines["python"].results(trees, rows) == engines["node"].results(trees, rows)


def test_random_formulas_have_every_function_and_operator() -> None:
    """What the comparison of the engines has not seen is not proved."""
    nodes = [
        node for one in random_formulas(seed=20251, count=PLAIN * 3) for node in walk(one.tree)
    ]
    called = {node.function for node in nodes if isinstance(node, Call)}
    declared = {one.key for one in FUNCTIONS if one.engines == EVERYWHERE}
    assert declared - called == set()
    operators = {node.operator for node in nodes if isinstance(node, Binary | Unary)}
    assert operators == {*COMPARISONS, *ARITHMETIC, "AND", "OR", "NOT", "IS NULL", "IS NOT NULL"}
    assert {type(node) for node in nodes} == {*NODE_NAMES} - {Query}


def test_every_example_of_every_function_holds_on_every_engine(engines: dict[str, Any]) -> None:
    rows = sample_rows(count=3)
    for function in FUNCTIONS:
        for example in function.examples:
            tree = analyse(example.formula, SampleScope()).tree
            for name, engine in engines.items():
                if ENGINE_OF.get(name, name) in function.engines:
                    [results] = engine.results([tree], rows[:1])
                    assert _as_text(results[0]) == example.result, (name, example)


def _as_text(value: Any) -> str | None:
    return str(value).lower() if isinstance(value, bool) else value


def test_the_browser_computes_what_the_registry_says(node_script: Path) -> None:
    done = subprocess.run(
        ["node", str(node_script), "--functions"], capture_output=True, text=True, check=True
    )
    declared = {function.key for function in FUNCTIONS if function.typescript}
    assert set(done.stdout.split()) == declared


EDGES = [
    ("amount + 0.01", {"amount": "9999999999999999.98"}, "9999999999999999.99"),
    ("amount + 0.01", {"amount": "9999999999999999.99"}, OVERFLOW),
    ("amount - 0.01", {"amount": "-9999999999999999.99"}, OVERFLOW),
    ("ROUND(amount * 13 / (100 + 13), 2)", {"amount": "52927.36"}, "6088.99"),
    ("amount - ROUND(amount * 13 / (100 + 13), 2)", {"amount": "52927.36"}, "46838.37"),
    ("amount * 10", {"amount": "999999999999999.99"}, "9999999999999999.90"),
    ("amount * 10", {"amount": "1000000000000000.00"}, OVERFLOW),
    ("ratio * ratio", {"ratio": "0.000707"}, "0.000000"),
    ("ratio * ratio", {"ratio": "0.000708"}, "0.000001"),
    ("ratio * ratio", {"ratio": "999999.999999"}, "999999999998.000000"),
    ("days / 3", {"days": "999999999999"}, "333333333333.000000"),
    ("days / 1", {"days": "1000000000000"}, OVERFLOW),
    ("amount / amount", {"amount": "0.00"}, None),
    ("days / ratio", {"days": "1", "ratio": "0.000001"}, "1000000.000000"),
    ("1 / ratio", {"ratio": "-0.000003"}, "-333333.333333"),
    ("-days % 7", {"days": "9"}, "-2"),
    ("amount % qty", {"amount": "7.25", "qty": "-0.500"}, "0.250"),
    ("ROUND(ratio, 5)", {"ratio": "-0.000005"}, "-0.00001"),
    ("ROUND(days, 1)", {"days": "100000000000000000"}, OVERFLOW),
    ("FLOOR(days, 3)", {"days": "999999999999999998"}, "999999999999999996"),
    ("CEIL(days, 1000)", {"days": "999999999999999999"}, OVERFLOW),
    ("FLOOR(ratio, 0.3)", {"ratio": "-0.000001"}, "-0.3"),
    ("days > 0.5", {"days": "999999999999999999"}, True),
    ("days = 999999999999999999", {"days": "999999999999999999"}, True),
    ("days < ratio", {"days": "-999999999999999999", "ratio": "-0.000001"}, True),
    ("amount = ratio", {"amount": "9999999999999999.99", "ratio": "0.000001"}, False),
    ("MIN(days, pieces)", {"days": "1", "pieces": None}, None),
    ("LEN(code)", {"code": "\U0001f600渠"}, "2"),
    ("LEFT(code, 1)", {"code": "\U0001f600渠"}, "\U0001f600"),
    ("code < 名称", {"code": "\uff5e", "名称": "\U0001f600"}, True),
    ("code > 'Z'", {"code": "a"}, True),
    (
        "code = '''; DROP TABLE formula_sample --'",
        {"code": "'; DROP TABLE formula_sample --"},
        True,
    ),
    ("CONTAINS(code, '%')", {"code": "a_b"}, False),
    ("UPPER(code)", {"code": "straße ı"}, "STRAßE ı"),
    ("REGEX(code, '(a?){200}a{200}')", {"code": "a" * 300}, True),
    ("REGEX(code, '((a{0,19}|[^b]{3}){0,5})*')", {"code": "a" * 300 + "b"}, False),
    ("REGEX(code, '[\\]^\\-\\\\]+')", {"code": "^-]\\"}, True),
    ("REGEX(code, '.\n[^a]')", {"code": "\U0001f600\n\n"}, True),
    ("REGEX(code, '[😀-😂]{2}')", {"code": "😁😂"}, True),
    ("REGEX(code, '.')", {"code": "\n"}, False),
    ("REGEX(code, '(?:\\p{Han}|[[{]){2,}')", {"code": "订{〇["}, True),
    ("HAS(code, 'a;b')", {"code": None}, None),
    ("HAS(code, 'a;b')", {"code": "a;b"}, False),
    ("HAS(code, 名称)", {"code": "a;b", "名称": "b"}, True),
    ("REGEX(code, '')", {"code": ""}, True),
    ("REGEX(code, 'a{0}|b{2,}')", {"code": "b"}, False),
    (
        "PORTION(amount, qty, ratio, 0)",
        {"amount": "0.01", "qty": "0.005", "ratio": "0.000100"},
        "1",
    ),
    ("PORTION(days, days, days)", {"days": "9999999999999999"}, "9999999999999999.00"),
    ("PORTION(amount, 2, 0.000001, 6)", {"amount": "999999.99"}, OVERFLOW),
    ("NORM(code)", {"code": "\u3000\uff41b\u00a0"}, "AB"),
    ("DATEADD(start_date, days, 'day')", {"start_date": "9999-12-31", "days": "1"}, None),
    ("DATEADD(start_date, days, 'day')", {"start_date": "0001-01-01", "days": "-1"}, None),
    (
        "DATEADD(start_date, days, 'month')",
        {"start_date": "2024-03-31", "days": "-1"},
        "2024-02-29",
    ),
    ("DATEADD(start_date, days, 'year')", {"start_date": "2024-02-29", "days": "1"}, "2025-02-28"),
    (
        "DATEADD(start_date, days, 'year')",
        {"start_date": "2024-02-29", "days": "999999999999"},
        None,
    ),
    ("DATEADD(start_date, days, 'week')", {"start_date": "0001-01-01", "days": "-208000"}, None),
    (
        "DATEADD(created_at, days, 'second')",
        {"created_at": "2025-06-10T00:00:00.000001+00:00", "days": "-1"},
        "2025-06-09T23:59:59.000001Z",
    ),
    ("DATE(created_at)", {"created_at": "2025-06-09T15:59:59.999999+00:00"}, "2025-06-09"),
    ("DATE(created_at)", {"created_at": "2025-06-09T16:00:00+00:00"}, "2025-06-10"),
    (
        "created_at > start_date",
        {"created_at": "2025-06-09T16:00:00+00:00", "start_date": "2025-06-09"},
        True,
    ),
]


@pytest.mark.parametrize(("formula", "given", "expected"), EDGES)
def test_edges_are_alike(
    formula: str, given: dict[str, Any], expected: Any, engines: dict[str, Any]
) -> None:
    tree = analyse(formula, SampleScope()).tree
    row: dict[str, Any] = dict.fromkeys(FIELDS)
    for name, text in given.items():
        row[name] = _given(FIELDS[name].kind, text)
    assert {name: engine.results([tree], [row])[0][0] for name, engine in engines.items()} == (
        dict.fromkeys(engines, expected)
    )


def _given(kind: str, text: Any) -> Any:
    return value_from_json(text, Kind(kind))


@pytest.mark.parametrize(
    ("step", "leaf"),
    [
        ("(0.01 + {})", "amount"),
        ("ROUND({}, 2)", "amount"),
        ("IF(active, {}, 2.5)", "amount"),
        ("CASE WHEN {} THEN active ELSE urgent END", "active"),
        ("CONCAT('a', {})", "code"),
        ("DATEADD({}, 1, 'month')", "start_date"),
        ("DATEDIFF(start_date, DATEADD(end_date, {}, 'day'), 'month')", "1"),
        ("({} IN (active, urgent))", "active"),
        ("MIN({}, amount)", "qty"),
    ],
)
def test_the_deepest_formulas_are_computed_quickly(
    step: str, leaf: str, engines: dict[str, Any]
) -> None:
    """Below filters and joins, too: SQLite's parser has a small stack."""
    formula = leaf
    while (deeper := _accepted(step.format(formula))) is not None:
        formula = deeper.source
    tree = analyse(formula, SampleScope()).tree
    rows = sample_rows(count=3)
    results = {name: engine.results([tree], rows)[0] for name, engine in engines.items()}
    assert len({str(result) for result in results.values()}) == 1
    sqlite = engines["sqlite"]
    column = compile_sql(tree, SampleBinder(sqlite.table, "sqlite")).label("x")
    inner = sa.select(column).subquery()
    middle = sa.select(sa.case((sa.exists(sa.select(inner.c.x)), 1), else_=0).label("y")).subquery()
    assert str(sa.select(middle.c.y).compile(sqlite.engine))
    with sqlite.engine.connect() as connection:
        sqlite.table.create(connection)
        connection.execute(sa.select(middle.c.y))


def _accepted(text: str) -> Expression | None:
    try:
        return analyse(text, SampleScope(), engines=EVERYWHERE)
    except FormulaError:
        return None


# --- planted bugs ------------------------------------------------------------------------------------


def with_broken_round(**changes: Any) -> Registry[Function]:
    return Registry(
        "formula function",
        (replace(function, **changes) if function is ROUND else function for function in FUNCTIONS),
    )


def bankers_rounding(call: Any) -> Any:
    unit = Decimal(1).scaleb(-call.type.scale)
    return lambda value: value.quantize(unit, rounding=ROUND_HALF_EVEN)


def cut_off(call: Any) -> Any:
    return sa.func.trunc(call.args[0], call.node.type.scale, type_=sa.Numeric())


def cut_division(left: int, right: int, factor: int) -> int | None:
    return checked_count(left * factor // right) if right else None


def test_a_planted_bug_in_python_is_found(engines: dict[str, Any]) -> None:
    engines["python"] = PythonEngine(with_broken_round(python=strict_in_first(bankers_rounding)))
    tree = analyse("ROUND(rate * 0.5, 0)", SampleScope())
    found, _ = disagreements([*random_formulas(seed=20251, count=PLANTED), tree], engines)
    assert found


def test_a_planted_bug_in_sqlite_is_found(engines: dict[str, Any]) -> None:
    engines["sqlite"] = SqlEngine("sqlite://", sqlite={**SQLITE_FUNCTIONS, "fx_div": cut_division})
    found, _ = disagreements(random_formulas(seed=20251, count=PLANTED), engines)
    engines["sqlite"].close()
    assert found


def test_a_planted_bug_in_postgresql_is_found(engines: dict[str, Any], postgresql_url: str) -> None:
    engines["postgresql"] = SqlEngine(postgresql_url, with_broken_round(postgresql=cut_off))
    found, _ = disagreements(random_formulas(seed=20251, count=PLANTED), engines)
    engines["postgresql"].close()
    assert found


def test_a_planted_bug_in_the_browser_is_found(
    engines: dict[str, Any], broken_script: Path
) -> None:
    engines["node"] = NodeEngine(broken_script)
    found, _ = disagreements(random_formulas(seed=20251, count=PLANTED), engines)
    assert found

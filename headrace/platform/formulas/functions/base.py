"""The contract of a function: signature, result type and one implementation per engine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

from headrace.platform.core.problems import Text
from headrace.platform.formulas.environment import Environment, Evaluator
from headrace.platform.formulas.sql_types import Column, Dialect, SqlBinder
from headrace.platform.formulas.tree import Call, Node, Value
from headrace.platform.formulas.types import Kind, Type

Engine: TypeAlias = Literal["python", "sqlite", "postgresql", "typescript"]
EVERYWHERE: Final[frozenset[Engine]] = frozenset(("python", "sqlite", "postgresql", "typescript"))
SQL_ENGINES: Final[frozenset[Engine]] = frozenset(("sqlite", "postgresql"))

PythonCompiler: TypeAlias = Callable[[Call, tuple[Evaluator, ...]], Evaluator]
ResultRule: TypeAlias = Callable[[tuple[Node, ...]], Type]

ANY: Final = frozenset(Kind) - {Kind.NULL, Kind.ROWS, Kind.REFERENCES, Kind.POLYMORPHIC}
HELD: Final = ANY | {Kind.REFERENCES, Kind.POLYMORPHIC}
"""What a field can hold: it can be asked whether it is there and whether it changed."""
NUMBERS: Final = frozenset((Kind.NUMBER,))
TEXTS: Final = frozenset((Kind.TEXT,))
DAYS: Final = frozenset((Kind.DATE,))
MOMENTS: Final = frozenset((Kind.DATE, Kind.DATETIME))
REFERENCES: Final = frozenset((Kind.REFERENCE,))
LISTS: Final = frozenset((Kind.REFERENCES,))
ROWS_IN: Final = frozenset((Kind.ROWS,))
BOOLEANS: Final = frozenset((Kind.BOOLEAN,))


@dataclass(frozen=True, slots=True)
class Parameter:
    """One argument of a function.

    `literal`: written out in the formula, so that it is known before any row is (a scale, a unit);
    `simple`: a literal, field or constant; `own_field`: a field of the record itself. `default` is the text of
    a literal that is used when the argument is left out. `fault` says what is wrong with a text written out;
    `calendar`: the name of a working calendar, in whose place the calendar itself is put.
    A text literal becomes a date where one is needed.
    """

    name: str
    kinds: frozenset[Kind]
    literal: bool = False
    choices: tuple[str, ...] = ()
    limits: tuple[int, int] | None = None
    whole: bool = False
    simple: bool = False
    own_field: bool = False
    default: str | None = None
    repeated: bool = False
    fault: Callable[[str], Text | None] | None = None
    calendar: bool = False


@dataclass(frozen=True, slots=True)
class SqlCall:
    """A call whose arguments are compiled already."""

    node: Call
    args: tuple[Column, ...]
    binder: SqlBinder

    @property
    def dialect(self) -> Dialect:
        """The dialect to compile for."""
        return self.binder.dialect

    def literal(self, index: int) -> Any:
        """Return the value of an argument that must be written out."""
        return literal_value(self.node, index)


SqlCompiler: TypeAlias = Callable[[SqlCall], Column]


@dataclass(frozen=True, slots=True)
class Example:
    """A formula over literals and its result as text; the conformance suite runs it on every engine."""

    formula: str
    result: str | None


@dataclass(frozen=True, slots=True)
class Function:
    """A function of the language.

    `unified`: all arguments are brought to one type first (numbers to the largest scale). `shape` says for
    the arguments at hand which kinds they are brought to, or why they do not fit together. A missing
    implementation means that the function is not offered on that engine.
    """

    key: str
    parameters: tuple[Parameter, ...]
    result: ResultRule
    python: PythonCompiler
    summary: Text
    examples: tuple[Example, ...]
    sqlite: SqlCompiler | None = None
    postgresql: SqlCompiler | None = None
    typescript: bool = True
    unified: bool = False
    shape: Callable[[tuple[Node, ...]], tuple[Kind, ...] | Text] | None = None
    uses: frozenset[Literal["clock", "user", "old", "zone"]] = frozenset()

    @property
    def engines(self) -> frozenset[Engine]:
        """Where the function can be computed."""
        found: set[Engine] = {"python"}
        if self.sqlite:
            found.add("sqlite")
        if self.postgresql:
            found.add("postgresql")
        if self.typescript:
            found.add("typescript")
        return frozenset(found)

    @property
    def signature(self) -> str:
        """The call as people write it: `ROUND(number, [digits])`."""
        shown = []
        for parameter in self.parameters:
            name = f"{parameter.name}, …" if parameter.repeated else parameter.name
            shown.append(f"[{name}]" if parameter.default is not None else name)
        return f"{self.key}({', '.join(shown)})"

    def compiler(self, dialect: Dialect) -> SqlCompiler | None:
        """Return the implementation for `dialect`."""
        return self.sqlite if dialect == "sqlite" else self.postgresql


def literal_value(call: Call, index: int) -> Any:
    """Return the value of an argument that the analysis has proved to be written out."""
    return call.args[index].value  # type: ignore[union-attr]  # proved by the analysis


def always(type_: Type) -> ResultRule:
    """Return the rule of functions whose result type is fixed."""
    return lambda _args: type_


def like_first(args: tuple[Node, ...]) -> Type:
    """Give the result the type of the first argument."""
    return args[0].type


def strict(function: Callable[..., Value]) -> PythonCompiler:
    """Compile a plain function that is null as soon as one argument is."""

    def compiler(_call: Call, args: tuple[Evaluator, ...]) -> Evaluator:
        if len(args) == 1:
            return _strict_of_one(function, args[0])
        return _strict_of_many(function, args)

    return compiler


def _strict_of_one(function: Callable[..., Value], argument: Evaluator) -> Evaluator:
    def evaluate(environment: Environment) -> Value:
        value = argument(environment)
        return None if value is None else function(value)

    return evaluate


def _strict_of_many(function: Callable[..., Value], args: tuple[Evaluator, ...]) -> Evaluator:
    def evaluate(environment: Environment) -> Value:
        values = [argument(environment) for argument in args]
        return None if None in values else function(*values)

    return evaluate


def strict_in_first(make: Callable[[Call], Callable[[Any], Value]]) -> PythonCompiler:
    """Compile a function of its first argument alone; `make` reads the literal ones from the call."""

    def compiler(call: Call, args: tuple[Evaluator, ...]) -> Evaluator:
        return _strict_of_one(make(call), args[0])

    return compiler

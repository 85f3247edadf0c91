"""Statements compiled once and run many times through the driver's cursor.

SQLAlchemy writes the SQL; at run time only the parameters are put in order. Values of parameters
are driver values (`Storage.to_driver`), but for columns of system tables, whose types convert.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import itemgetter
from types import MappingProxyType
from typing import Any, Final, TypeAlias

import sqlalchemy as sa
from sqlalchemy.sql.compiler import SQLCompiler

from headrace.platform.database.dialects import COMPILERS
from headrace.platform.metadata.storage_types import Dialect

Parameters: TypeAlias = Mapping[str, Any]
NO_PARAMETERS: Final[Parameters] = MappingProxyType({})
Statement: TypeAlias = sa.SelectBase | sa.Insert | sa.Update | sa.Delete


class Prepared:
    """Driver SQL with the order of its parameters; immutable, shared between threads."""

    __slots__ = ("_compiled", "_defaults", "_expands", "_order", "_processors", "names", "sql")

    def __init__(self, compiled: SQLCompiler) -> None:
        self._compiled = compiled
        self.sql: str = compiled.string
        self._expands = bool(compiled.post_compile_params)
        self.names: tuple[str, ...] = tuple(compiled.positiontup or ())
        self._defaults = {
            name: bind.effective_value
            for bind, name in compiled.bind_names.items()
            if not bind.required
        }
        self._processors: dict[str, Callable[[Any], Any]] = {
            name: process
            for name, process in compiled._bind_processors.items()  # noqa: SLF001 - SQLAlchemy has no public name
            if callable(process)
        }
        self._order = _ordering(self.names)

    def arguments(self, parameters: Parameters = NO_PARAMETERS) -> Sequence[Any]:
        """Return the parameters in the order in which the driver takes them."""
        if self._defaults:
            parameters = {**self._defaults, **parameters}
        if self._processors:
            processed = {
                name: process(parameters[name])
                for name, process in self._processors.items()
                if name in parameters
            }
            parameters = {**parameters, **processed}
        return self._order(parameters)

    def run(self, cursor: Any, parameters: Parameters = NO_PARAMETERS) -> Any:
        """Run the statement on a driver's cursor and return the cursor."""
        if self._expands:
            return self._run_expanded(cursor, parameters)
        cursor.execute(self.sql, self.arguments(parameters))
        return cursor

    def run_many(self, cursor: Any, many: Iterable[Parameters]) -> Any:
        """Run the statement once for each set of parameters."""
        cursor.executemany(self.sql, [self.arguments(parameters) for parameters in many])
        return cursor

    def _run_expanded(self, cursor: Any, parameters: Parameters) -> Any:
        """Run a statement with lists: their lengths are known only now."""
        state = self._compiled.construct_expanded_state({**self._defaults, **parameters})
        values = dict(state.parameters)
        for name, process in state.processors.items():
            if name in values:
                values[name] = _apply(process, values[name])
        cursor.execute(state.statement, [values[name] for name in state.positiontup or ()])
        return cursor


def prepare(statement: Statement, dialect: Dialect) -> Prepared:
    """Compile `statement` for `dialect`; parameters without a value must be given at each run."""
    return Prepared(statement.compile(dialect=COMPILERS[dialect]))


def _apply(process: Any, value: Any) -> Any:
    """Convert a value; the processors of a tuple stand in a sequence of their own."""
    return process(value) if callable(process) else value


def _ordering(names: Sequence[str]) -> Callable[[Parameters], Sequence[Any]]:
    if not names:
        return lambda _: ()
    if len(names) == 1:
        only = names[0]
        return lambda parameters: (parameters[only],)
    return itemgetter(*names)

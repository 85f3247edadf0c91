"""Untyped tree → typed tree: names to ids, types and scales, and everything that can be refused beforehand."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Final, cast

from headrace.platform.core.problems import Message, Problem, Text
from headrace.platform.core.registry import Registry
from headrace.platform.formulas.arguments import argument_fault
from headrace.platform.formulas.decimals import rescaled
from headrace.platform.formulas.environment import Environment
from headrace.platform.formulas.expression import Expression
from headrace.platform.formulas.functions import FUNCTIONS
from headrace.platform.formulas.functions.base import SQL_ENGINES, Engine, Function, Parameter
from headrace.platform.formulas.messages import (
    AMBIGUOUS,
    ARGUMENTS,
    CONSTANT_ERROR,
    FUNCTION_ENGINE,
    NAMED_CYCLE,
    NAMED_REFUSED,
    QUERY_NOT_ALLOWED,
    TOO_COMPLEX,
    TYPE,
    UNKNOWN_CALENDAR,
    UNKNOWN_FIELD,
    UNKNOWN_FUNCTION,
    UNKNOWN_OBJECT,
    FormulaError,
    FormulaOverflowError,
    FormulaRowsError,
)
from headrace.platform.formulas.named import BodyScope, at, placeholders, seen_from_query
from headrace.platform.formulas.parser import MAX_DEPTH, QUERY_FUNCTIONS, parse
from headrace.platform.formulas.python import compile_python
from headrace.platform.formulas.scope import NamedExpression, Scope
from headrace.platform.formulas.syntax import (
    Application,
    Choice,
    Constant,
    ConstantName,
    Infix,
    Membership,
    Name,
    Prefix,
    Question,
    Syntax,
)
from headrace.platform.formulas.tree import (
    ARITHMETIC,
    COMPARISONS,
    Binary,
    BinaryOperator,
    Branch,
    Call,
    Case,
    ConstantRef,
    Convert,
    FieldRef,
    In,
    Literal,
    Node,
    Order,
    Query,
    Span,
    Unary,
    Value,
    children,
    depth,
    walk,
)
from headrace.platform.formulas.types import (
    BOOLEAN,
    DATE,
    DATETIME,
    KIND_NAMES,
    MAX_SCALE,
    NULL,
    REFERENCE,
    ROWS,
    TEXT,
    WHOLE,
    Kind,
    Type,
    number,
    reference,
)

MAX_NODES: Final = 2_000
MAX_SQL_DEPTH: Final = 12
"""SQLite's parser holds 100 open symbols; a level of nesting takes up to five, the statement around it some."""
MAX_ARGUMENTS: Final = 50
MAX_CALLS: Final = 100
"""Calls of named expressions in one formula, those within their bodies included."""
_ORDERED: Final = frozenset((Kind.NUMBER, Kind.TEXT, Kind.DATE, Kind.DATETIME))
_PYTHON_ONLY: Final[frozenset[Engine]] = frozenset(("python",))

_USE_CONCAT: Final = Text("Join texts with CONCAT.", "连接文本请用 CONCAT。")
_OTHER_TYPE: Final = Text(
    "Use a value of that type, or convert it.", "请使用该类型的值，或先转换。"
)
_USE_IS_NULL: Final = Text(
    "Nothing equals null: write IS NULL or IS NOT NULL.",
    "空值不等于任何值：请写 IS NULL 或 IS NOT NULL。",
)
_USE_INCLUDES: Final = Text(
    "Ask a field with several references with INCLUDES, SIZE or ISBLANK.",
    "对多条引用字段请使用 INCLUDES、SIZE 或 ISBLANK。",
)
_REFERRING: Final = frozenset((Kind.REFERENCE, Kind.REFERENCES, Kind.POLYMORPHIC))
_USE_ISBLANK: Final = Text(
    "Say which of its objects is meant: about.order.total, about.order = this.order, ISBLANK(about.order).",
    "请指明是哪个对象：about.order.total、about.order = this.order、ISBLANK(about.order)。",
)
_USE_DATEADD: Final = Text(
    "Move dates with DATEADD, compare them with DATEDIFF.", "日期加减请用 DATEADD、DATEDIFF。"
)
_USE_OFFSET: Final = Text(
    "Write dates as '2025-06-10', instants as '2025-06-10T08:00:00+08:00'.",
    "日期写作 '2025-06-10',时刻写作 '2025-06-10T08:00:00+08:00'。",
)
_FOLLOWED: Final = Text(
    "The expression reads a field of the record that it is given: give it a lookup field.",
    "该表达式要读取所给记录的字段：请传入查找字段。",
)
_TOLD_AS_THEY_ARE: Final = frozenset(("formula.cycle", "formula.too_complex"))
"""What is wrong with the formula as a whole, whichever body it shows in."""
_API_NAMES: Final = Text("Use the API names of the object's fields.", "请使用对象字段的 API 名称。")


def analyse(
    text: str,
    scope: Scope,
    *,
    expected: Type | None = None,
    queries: bool = False,
    outer: Scope | None = None,
    engines: frozenset[Engine] = _PYTHON_ONLY,
    functions: Registry[Function] = FUNCTIONS,
) -> Expression:
    """Return the analysed formula.

    With `expected` the result is brought to that type (a number rounded to its scale). `queries` allows
    questions to other objects; `outer` is what `this.` speaks of in a lookup's filter; `engines` says
    where the formula must be computable.
    Raises FormulaError with every problem found.
    """
    analyser = _Analyser(text, scope, functions, outer, queries=queries)
    return Expression(text, analyser.tree(expected, engines), frozenset(analyser.calls.names))


def analyse_named(
    expression: NamedExpression, scope: Scope, functions: Registry[Function] = FUNCTIONS
) -> Expression:
    """Return the body of a named expression, its parameters as fields, to see whether it can be used at all.

    Raises FormulaError with every problem found.
    """
    given = placeholders(expression)
    analyser = _Analyser(expression.source, BodyScope(scope, given), functions, None, queries=True)
    analyser.given = given
    analyser.calls.open = (expression.name,)
    return Expression(
        expression.source, analyser.tree(None, _PYTHON_ONLY), frozenset(analyser.calls.names)
    )


@dataclass
class _Calls:
    """The named expressions that a formula calls, shared by the analysis of all their bodies."""

    names: set[str] = field(default_factory=set)
    open: tuple[str, ...] = ()
    count: int = 0


class _Broken(Exception):  # noqa: N818 - control flow within this module, never seen outside
    """A part was refused; its problem is recorded already."""


class _Analyser:
    def __init__(
        self,
        source: str,
        scope: Scope,
        functions: Registry[Function],
        outer: Scope | None,
        *,
        queries: bool,
    ) -> None:
        self.source = source
        self.scope = scope
        self.outer = outer
        self.functions = functions
        self.queries = queries
        self.asked_name = ""
        self.problems: list[tuple[Problem, Span]] = []
        self.calls = _Calls()
        self.given: Mapping[str, Node] | None = None
        """The arguments, where this is the body of a named expression."""
        self.constants: dict[int, Node] = {}
        """The nodes made of literals alone, by identity."""

    def tree(self, expected: Type | None, engines: frozenset[Engine]) -> Node:
        syntax = parse(self.source)
        result: Node | None = None
        try:
            result = self.node(syntax, lists=True)
            if expected is not None:
                result = self.fitted(result, expected)
        except _Broken:
            pass
        if result is not None:
            self.check_size(result, engines)
            self.check_engines(result, engines)
        if self.problems or result is None:
            problems, spans = zip(*self.problems, strict=True)
            raise FormulaError(*problems, spans=spans)
        return result

    # --- problems ----------------------------------------------------------------------------------

    def note(self, message: Message, span: Span, **values: object) -> None:
        self.problems.append((message.at("", position=span[0] + 1, **values), span))

    def refuse(self, message: Message, span: Span, **values: object) -> _Broken:
        self.note(message, span, **values)
        return _Broken()

    def refuse_type(self, node: Node, wanted: Text, hint: Text | None = None) -> _Broken:
        return self.refuse(
            TYPE,
            node.span,
            part=self.part(node.span),
            met=node.type.shown(),
            wanted=wanted,
            hint=hint or _OTHER_TYPE,
        )

    def part(self, span: Span) -> str:
        return self.source[span[0] : span[1]]

    def check_size(self, tree: Node, engines: frozenset[Engine]) -> None:
        for count, _ in enumerate(walk(tree), 1):
            if count > MAX_NODES:
                self.note(
                    TOO_COMPLEX,
                    tree.span,
                    measure=Text("number of parts", "组成部分数"),
                    met=f"> {MAX_NODES}",
                    limit=MAX_NODES,
                )
                return
        self.check_depth(tree, MAX_SQL_DEPTH if engines & SQL_ENGINES else MAX_DEPTH)
        for node in walk(tree):
            if isinstance(node, Query):
                self.check_depth(node, MAX_SQL_DEPTH)

    def check_depth(self, tree: Node, limit: int) -> None:
        levels = depth(tree)
        if levels > limit:
            measure = Text("nesting", "嵌套层数")
            self.note(TOO_COMPLEX, tree.span, measure=measure, met=levels, limit=limit)

    def check_engines(self, tree: Node, engines: frozenset[Engine]) -> None:
        if self.problems:
            return
        pending = [(tree, engines)]
        while pending:
            node, needed = pending.pop()
            if isinstance(node, Query):
                self.check_engine(node.function, frozenset(("python",)), needed, node.span)
                below: frozenset[Engine] = SQL_ENGINES
            else:
                below = needed
            if isinstance(node, Call):
                offered = self.functions[node.function].engines
                self.check_engine(node.function, offered, needed, node.span)
            pending.extend((child, below) for child in children(node))

    def check_engine(
        self, name: str, offered: frozenset[Engine], needed: frozenset[Engine], span: Span
    ) -> None:
        missing = needed - offered
        if missing:
            place = (
                Text("by the database", "由数据库")
                if missing & SQL_ENGINES
                else Text("in the browser", "在浏览器中")
            )
            self.note(FUNCTION_ENGINE, span, name=name, engine=place)

    # --- dispatch ----------------------------------------------------------------------------------

    def node(self, syntax: Syntax, *, lists: bool = False) -> Node:
        if isinstance(syntax, Question):
            return self.question(syntax, lists=lists)
        handler = cast("Callable[[_Analyser, Syntax], Node]", _HANDLERS[type(syntax)])
        return handler(self, syntax)

    def arguments(self, function: Function, parts: Sequence[Syntax]) -> list[Node]:
        """Analyse arguments; a parameter for rows takes a LIST."""
        takes = {at for at, one in enumerate(function.parameters) if Kind.ROWS in one.kinds}
        return self.nodes(parts, lists=takes)

    def nodes(self, parts: Iterable[Syntax], lists: Collection[int] = ()) -> list[Node]:
        """Analyse all parts, so that the problems of each are told, before giving up."""
        found: list[Node] = []
        broken: _Broken | None = None
        for position, part in enumerate(parts):
            try:
                found.append(self.node(part, lists=position in lists))
            except _Broken as refusal:
                broken = refusal
        if broken is not None:
            raise broken
        return found

    # --- leaves ------------------------------------------------------------------------------------

    def constant(self, syntax: Constant) -> Node:
        value, span = syntax.value, syntax.span
        if value is None:
            return Literal(None, NULL, span)
        if isinstance(value, bool):
            return Literal(value, BOOLEAN, span)
        if not syntax.is_number:
            return Literal(value, TEXT, span)
        scale = len(value.partition(".")[2])
        if scale > MAX_SCALE:
            reason = Text("at most 6 digits after the point", "小数位最多 6 位")
            raise self.refuse(CONSTANT_ERROR, span, part=value, reason=reason)
        return self.number_literal(Decimal(value), scale, span)

    def number_literal(self, value: Value, scale: int, span: Span) -> Literal:
        if value is None:
            return Literal(None, number(scale), span)
        try:
            return Literal(rescaled(cast("Decimal", value), scale), number(scale), span)
        except FormulaOverflowError:
            raise self.refuse_overflow(span) from None

    def refuse_overflow(self, span: Span) -> _Broken:
        reason = Text("more than 18 digits", "超过 18 位")
        return self.refuse(CONSTANT_ERROR, span, part=self.part(span), reason=reason)

    def name(self, syntax: Name) -> Node:
        if syntax.parts[0] == "this" and self.scope.resolve(("this",)) is None:
            return self.this(syntax)
        found = self.scope.resolve(syntax.parts)
        if self.given is not None and syntax.parts[0] in self.given:
            if self.outer is not None and self.scope.resolve(syntax.parts[:1]) is not None:
                name = syntax.parts[0]
                raise self.refuse(AMBIGUOUS, syntax.span, name=name, object=self.asked_name)
            return self.argument_path(syntax.parts, syntax.span)
        if found is not None:
            return FieldRef(found.path, syntax.parts, found.type, span=syntax.span)
        if len(syntax.parts) == 1:
            type_ = self.scope.constant(syntax.parts[0])
            if type_ is not None:
                return ConstantRef(syntax.parts[0], type_, syntax.span)
        raise self.refuse_name(".".join(syntax.parts), syntax.span, self.scope)

    def this(self, syntax: Name) -> Node:
        names = syntax.parts[1:] or ("id",)
        scope = self.outer or self.scope
        if self.given is not None and names[0] in self.given:
            return self.argument_path(names, syntax.span)
        found = scope.resolve(names)
        if found is None:
            raise self.refuse_name(".".join(names), syntax.span, scope)
        outer = self.outer is not None
        return FieldRef(found.path, names, found.type, outer=outer, span=syntax.span)

    def refuse_name(self, name: str, span: Span, scope: Scope) -> _Broken:
        if self.outer is not None and scope is self.scope:
            parts = tuple(name.split("."))
            if self.outer.resolve(parts) is not None:
                return self.refuse(
                    UNKNOWN_FIELD, span, name=name, suggestion=_did_you_mean([f"this.{name}"])
                )
        passed = name.rpartition(".")[0].split(".")
        for length in range(1, len(passed) + 1):
            found = scope.resolve(tuple(passed[:length]))
            if found is not None and found.type.kind is Kind.POLYMORPHIC:
                return self.refuse(
                    TYPE,
                    span,
                    part=".".join(passed[:length]),
                    met=found.type.shown(),
                    wanted=KIND_NAMES[Kind.REFERENCE],
                    hint=_USE_ISBLANK,
                )
        close = difflib.get_close_matches(name, list(scope.suggestions()), n=1)
        return self.refuse(UNKNOWN_FIELD, span, name=name, suggestion=_did_you_mean(close))

    def constant_name(self, syntax: ConstantName) -> Node:
        type_ = self.scope.constant(syntax.name)
        if type_ is None:
            raise self.refuse_name(syntax.name, syntax.span, self.scope)
        return ConstantRef(syntax.name, type_, syntax.span)

    # --- operators ---------------------------------------------------------------------------------

    def prefix(self, syntax: Prefix) -> Node:
        operand = self.node(syntax.operand)
        if syntax.operator in ("IS NULL", "IS NOT NULL"):
            return Unary(syntax.operator, operand, BOOLEAN, syntax.span)
        if syntax.operator == "NOT":
            return Unary("NOT", self.truth(operand), BOOLEAN, syntax.span)
        operand = self.quantity(operand)
        if isinstance(operand, Literal) and isinstance(operand.value, Decimal):
            return Literal(-operand.value, operand.type, syntax.span)
        return self.folded(Unary("-", operand, operand.type, syntax.span), operand)

    def infix(self, syntax: Infix) -> Node:
        left, right = self.nodes((syntax.left, syntax.right))
        if syntax.operator in COMPARISONS:
            return self.comparison(syntax.operator, left, right, syntax.span)
        if syntax.operator in ARITHMETIC:
            return self.arithmetic(syntax.operator, left, right, syntax.span)
        return Binary(syntax.operator, self.truth(left), self.truth(right), BOOLEAN, syntax.span)

    def comparison(self, operator: BinaryOperator, left: Node, right: Node, span: Span) -> Binary:
        for side in (left, right):
            if side.type.kind is Kind.NULL:
                raise self.refuse_type(side, Text("a value", "具体的值"), _USE_IS_NULL)
        common = self.common_type((left, right))
        if operator not in ("=", "!=") and common.kind not in _ORDERED:
            raise self.refuse_type(left, Text("something that has an order", "可比较大小的值"))
        if common.kind is Kind.NUMBER:
            left, right = _same_scale_literal(left, right), _same_scale_literal(right, left)
        else:
            left, right = self.converted(left, common), self.converted(right, common)
        return Binary(operator, left, right, BOOLEAN, span)

    def arithmetic(self, operator: BinaryOperator, left: Node, right: Node, span: Span) -> Node:
        left, right = self.quantity(left), self.quantity(right)
        scale = _SCALES[operator](left.type.scale, right.type.scale)
        if operator in ("/", "%") and self.constant_value(right) == 0:
            reason = Text("division by zero", "除数为零")
            raise self.refuse(CONSTANT_ERROR, span, part=self.part(span), reason=reason)
        return self.folded(Binary(operator, left, right, number(scale), span), left, right)

    def membership(self, syntax: Membership) -> Node:
        operand = self.node(syntax.operand)
        if isinstance(syntax.items[0], Question):
            items: list[Node] = [self.question(syntax.items[0], lists=True)]
        else:
            items = self.nodes(syntax.items)
        for part in (operand, *items):
            if part.type.kind is Kind.NULL:
                raise self.refuse_type(part, Text("a value", "具体的值"), _USE_IS_NULL)
        common = self.common_type((operand, *items))
        if not isinstance(items[0], Query):
            operand = self.converted(operand, common)
            items = [self.converted(item, common) for item in items]
        return In(operand, tuple(items), syntax.negated, BOOLEAN, syntax.span)

    def choice(self, syntax: Choice) -> Node:
        subject = None if syntax.subject is None else self.node(syntax.subject)
        conditions, results = zip(*syntax.branches, strict=True)
        tests = [
            self.truth(test) if subject is None else self.comparison("=", subject, test, test.span)
            for test in self.nodes(conditions)
        ]
        found = self.nodes(results)
        if syntax.otherwise is None:
            found.append(Literal(None, NULL, (syntax.span[1], syntax.span[1])))
        else:
            found.append(self.node(syntax.otherwise))
        return self.case(tests, found, syntax.span)

    def case(self, tests: Sequence[Node], results: Sequence[Node], span: Span) -> Case:
        common = self.common_type(results)
        *found, otherwise = (self.converted(result, common) for result in results)
        branches = tuple(Branch(test, result) for test, result in zip(tests, found, strict=True))
        return Case(branches, otherwise, common, span)

    # --- functions ---------------------------------------------------------------------------------

    def application(self, syntax: Application) -> Node:
        if syntax.name == "IF":
            return self.conditional(syntax)
        function = self.functions.get(syntax.name)
        if function is None:
            named = self.scope.named(syntax.name.lower())
            if named is not None:
                return self.expanded(named, syntax)
            names = (name.upper() for name in self.scope.named_expressions())
            known = [*self.functions.keys(), "IF", "CASE", *sorted(QUERY_FUNCTIONS), *names]
            close = difflib.get_close_matches(syntax.name, known, n=1)
            raise self.refuse(
                UNKNOWN_FUNCTION, syntax.span, name=syntax.name, suggestion=_did_you_mean(close)
            )
        args = self.arguments(function, syntax.args)
        return self.call(function, args, syntax.span)

    def conditional(self, syntax: Application) -> Node:
        if len(syntax.args) not in (2, 3):
            reason = Text("it takes two or three arguments", "需要两个或三个参数")
            signature = "IF(condition, result, [otherwise])"
            raise self.refuse(ARGUMENTS, syntax.span, name="IF", signature=signature, reason=reason)
        test, *results = self.nodes(syntax.args)
        if len(results) == 1:
            results.append(Literal(None, NULL, (syntax.span[1], syntax.span[1])))
        return self.case([self.truth(test)], results, syntax.span)

    def call(self, function: Function, args: list[Node], span: Span) -> Node:
        parameters = self.paired(function, args, span)
        defaults = [
            self.constant(Constant(p.default, p.kinds == {Kind.NUMBER}, (span[1], span[1])))
            for p in function.parameters[len(args) :]
            if p.default is not None
        ]
        args = [
            self.argument(function, parameter, argument, span)
            for parameter, argument in zip(parameters, [*args, *defaults], strict=True)
        ]
        args = self.shaped(function, args, span)
        if function.unified:
            common = self.common_type(args)
            args = [self.converted(argument, common) for argument in args]
        node = Call(function.key, tuple(args), function.result(tuple(args)), span)
        return node if function.uses or not args else self.folded(node, *args)

    def shaped(self, function: Function, args: list[Node], span: Span) -> list[Node]:
        if function.shape is None:
            return args
        wanted = function.shape(tuple(args))
        if isinstance(wanted, Text):
            raise self.refuse_arguments(function, span, wanted)
        return [
            self.of_kinds(argument, frozenset((kind,)))
            for argument, kind in zip(args, wanted, strict=True)
        ]

    def paired(self, function: Function, args: list[Node], span: Span) -> list[Parameter]:
        """Return the parameter of each argument, those left out included."""
        parameters = list(function.parameters)
        if parameters and parameters[-1].repeated:
            parameters += [parameters[-1]] * (len(args) - len(parameters))
        needed = sum(1 for p in function.parameters if p.default is None)
        if not needed <= len(args) <= len(parameters) or len(args) > MAX_ARGUMENTS:
            reason = Text(f"{len(args)} arguments were given", f"给出了 {len(args)} 个参数")
            raise self.refuse_arguments(function, span, reason)
        return parameters

    def refuse_arguments(self, function: Function, span: Span, reason: Text) -> _Broken:
        return self.refuse(
            ARGUMENTS, span, name=function.key, signature=function.signature, reason=reason
        )

    def argument(
        self, function: Function, parameter: Parameter, argument: Node, span: Span
    ) -> Node:
        argument = self.of_kinds(argument, parameter.kinds)
        fault = argument_fault(parameter, argument)
        if fault is not None:
            where = argument.span if argument.span != (span[1], span[1]) else span
            raise self.refuse_arguments(function, where, fault)
        return self.calendar(argument) if parameter.calendar else argument

    def calendar(self, argument: Node) -> Literal:
        """Return the calendar that a name written out stands for."""
        name = str(cast("Literal", argument).value)
        found = self.scope.calendar(name)
        if found is None:
            raise self.refuse(UNKNOWN_CALENDAR, argument.span, name=name)
        return Literal(found, TEXT, argument.span)

    def of_kinds(self, node: Node, kinds: frozenset[Kind]) -> Node:
        """Return `node`, converted where that is harmless, as one of `kinds`."""
        kind = node.type.kind
        if kind in kinds:
            return node
        if kind is Kind.NULL:
            wanted = Type(min(kinds)) if len(kinds) == 1 else NULL
            return self.converted(node, wanted)
        if kind is Kind.DATETIME and Kind.DATE in kinds:
            return self.converted(node, DATE)
        if kind is Kind.TEXT and isinstance(node, Literal) and Kind.DATE in kinds:
            return self.moment(node, DATETIME if Kind.DATETIME in kinds else DATE)
        raise self.refuse_type(node, _any_of(kinds))

    # --- named expressions -------------------------------------------------------------------------

    def expanded(self, named: NamedExpression, syntax: Application) -> Node:
        """Return what a call of a named expression stands for."""
        args = self.nodes(syntax.args)
        if len(args) != len(named.parameters):
            reason = Text(f"{len(args)} arguments were given", f"给出了 {len(args)} 个参数")
            signature = named.signature
            raise self.refuse(
                ARGUMENTS, syntax.span, name=named.name, signature=signature, reason=reason
            )
        given = {
            parameter.name: self.fitted(argument, parameter.type)
            for parameter, argument in zip(named.parameters, args, strict=True)
        }
        self.note_call(named, syntax.span)
        body = _Analyser(
            named.source,
            BodyScope(self.scope, given),
            self.functions,
            None,
            queries=self.queries and self.outer is None,
        )
        body.given, body.calls = given, self.calls
        return self.body_of(named, body, syntax.span)

    def note_call(self, named: NamedExpression, span: Span) -> None:
        calls = self.calls
        if named.name in calls.open:
            circle = (*calls.open[calls.open.index(named.name) :], named.name)
            raise self.refuse(NAMED_CYCLE, span, cycle=" → ".join(circle))
        calls.names.add(named.name)
        calls.count += 1
        if calls.count > MAX_CALLS:
            measure = Text("calls of named expressions", "命名表达式调用次数")
            met = f"> {MAX_CALLS}"
            raise self.refuse(TOO_COMPLEX, span, measure=measure, met=met, limit=MAX_CALLS)

    def body_of(self, named: NamedExpression, body: _Analyser, span: Span) -> Node:
        calls = self.calls
        calls.open = (*calls.open, named.name)
        try:
            return at(body.node(parse(named.source)), span)
        except (_Broken, FormulaError) as refusal:
            found = refusal.problems if isinstance(refusal, FormulaError) else body.told()
            if any(one.code == QUERY_NOT_ALLOWED.code for one in found):
                raise self.refuse(QUERY_NOT_ALLOWED, span, name=named.name) from None
            known = [one for one in found if one.code in _TOLD_AS_THEY_ARE]
            if known:
                self.problems.append((known[0], span))
                raise _Broken from None
            reason = Text(found[0].message.en, found[0].message.zh)
            raise self.refuse(NAMED_REFUSED, span, name=named.name, reason=reason) from None
        finally:
            calls.open = calls.open[:-1]

    def told(self) -> list[Problem]:
        return [problem for problem, _ in self.problems]

    def argument_path(self, names: tuple[str, ...], span: Span) -> Node:
        """Return an argument, or a field that is reached over it."""
        given = cast("Mapping[str, Node]", self.given)
        argument = given[names[0]]
        if len(names) > 1:
            argument = self.followed(argument, names, span)
        if self.outer is None:
            return argument
        if any(isinstance(one, Query) for one in walk(argument)):
            raise self.refuse(QUERY_NOT_ALLOWED, span, name=names[0])
        return seen_from_query(argument)

    def followed(self, argument: Node, names: tuple[str, ...], span: Span) -> FieldRef:
        target = argument.type.target if argument.type.kind is Kind.REFERENCE else None
        if not isinstance(argument, FieldRef) or target is None:
            wanted = Text("a lookup field", "查找字段")
            raise self.refuse(
                TYPE,
                span,
                part=names[0],
                met=argument.type.shown(),
                wanted=wanted,
                hint=_FOLLOWED,
            )
        scope = (self.outer or self.scope).query_scope(target)
        found = scope.resolve(names[1:]) if scope else None
        if scope is None or found is None:
            raise self.refuse_name(".".join(names[1:]), span, scope or self.scope)
        path, shown = (*argument.path, *found.path), (*argument.names, *names[1:])
        return FieldRef(path, shown, found.type, argument.outer, span)

    # --- queries -----------------------------------------------------------------------------------

    def question(self, syntax: Question, *, lists: bool) -> Node:
        if not self.queries or self.outer is not None or (syntax.function == "LIST" and not lists):
            raise self.refuse(QUERY_NOT_ALLOWED, syntax.span, name=syntax.function)
        inner = self.scope.query_scope(syntax.object)
        if inner is None:
            raise self.refuse(UNKNOWN_OBJECT, syntax.span, name=syntax.object)
        self.check_question(syntax)
        self.asked_name = syntax.object
        self.scope, self.outer = inner, self.scope
        try:
            return self.asked(syntax, inner)
        finally:
            self.scope, self.outer = self.outer, None

    def check_question(self, syntax: Question) -> None:
        needs_field = syntax.function in ("FIRST", "BEST", "SUM")
        refuses_field = syntax.function in ("EXISTS", "COUNT")
        may_sort = syntax.function in ("FIRST", "LIST")
        wrong = (
            (needs_field and syntax.field is None)
            or (refuses_field and syntax.field is not None)
            or (syntax.order_by and not may_sort)
            or (syntax.more and syntax.function != "LIST")
        )
        if wrong:
            field = ".field" if needs_field else "[.field]" if may_sort else ""
            field += "[, field …]" if syntax.function == "LIST" else ""
            order = " ORDER BY …" if may_sort else ""
            given = " FOR … AT …" if syntax.function == "BEST" else ""
            raise self.refuse(
                ARGUMENTS,
                syntax.span,
                name=syntax.function,
                signature=f"{syntax.function}(object{field}{given} WHERE …{order})",
                reason=Text("it is written differently", "写法不同"),
            )

    def asked(self, syntax: Question, inner: Scope) -> Query:
        field = None if syntax.field is None else self.row_field(syntax.field)
        matches = tuple(self.node(one) for one in syntax.matches)
        at = None if syntax.at is None else self.node(syntax.at)
        where = None if syntax.where is None else self.truth(self.node(syntax.where))
        order_by = tuple(Order(self.row_field(name), down) for name, down in syntax.order_by)
        return Query(
            syntax.function,
            inner.object_id,
            syntax.object,
            field,
            where,
            order_by,
            self.answer_type(syntax, field, inner),
            syntax.span,
            tuple(self.row_field(name) for name in syntax.more),
            matches,
            at,
        )

    def answer_type(self, syntax: Question, field: FieldRef | None, inner: Scope) -> Type:
        if syntax.function == "COUNT":
            return WHOLE
        if syntax.function == "EXISTS":
            return BOOLEAN
        if syntax.more:
            return ROWS
        if field is None:
            own = inner.resolve(("id",))
            return own.type if own else REFERENCE
        if syntax.function == "SUM" and field.type.kind is not Kind.NUMBER:
            raise self.refuse_type(field, KIND_NAMES[Kind.NUMBER])
        return field.type

    def row_field(self, syntax: Name) -> FieldRef:
        found = self.scope.resolve(syntax.parts)
        if found is None:
            raise self.refuse_name(".".join(syntax.parts), syntax.span, self.scope)
        return FieldRef(found.path, syntax.parts, found.type, span=syntax.span)

    # --- types -------------------------------------------------------------------------------------

    def truth(self, node: Node) -> Node:
        if node.type.kind is Kind.NULL:
            return self.converted(node, BOOLEAN)
        if node.type.kind is not Kind.BOOLEAN:
            raise self.refuse_type(node, KIND_NAMES[Kind.BOOLEAN])
        return node

    def quantity(self, node: Node) -> Node:
        if node.type.kind is Kind.NULL:
            return self.converted(node, WHOLE)
        if node.type.kind is Kind.NUMBER:
            return node
        hints = {Kind.TEXT: _USE_CONCAT, Kind.DATE: _USE_DATEADD, Kind.DATETIME: _USE_DATEADD}
        raise self.refuse_type(node, KIND_NAMES[Kind.NUMBER], hints.get(node.type.kind))

    def common_type(self, parts: Sequence[Node]) -> Type:
        """Return the type that all parts can be brought to without a surprise."""
        typed = [part for part in parts if part.type.kind is not Kind.NULL]
        if not typed:
            return NULL
        kinds = {part.type.kind for part in typed}
        if kinds == {Kind.NUMBER}:
            return number(max(part.type.scale for part in typed))
        if kinds == {Kind.REFERENCE}:
            return self.common_target(typed)
        if Kind.REFERENCES in kinds:
            listing = next(part for part in typed if part.type.kind is Kind.REFERENCES)
            raise self.refuse_type(listing, Text("one value", "单个值"), _USE_INCLUDES)
        if Kind.POLYMORPHIC in kinds:
            several = next(part for part in typed if part.type.kind is Kind.POLYMORPHIC)
            raise self.refuse_type(several, Text("one value", "单个值"), _USE_ISBLANK)
        if len(kinds) == 1:
            return typed[0].type
        return self.common_moment(typed)

    def common_target(self, typed: Sequence[Node]) -> Type:
        known = [part for part in typed if part.type.target is not None]
        for part in known[1:]:
            if part.type.target != known[0].type.target:
                name = known[0].type.target
                raise self.refuse_type(part, Text(f"a reference to {name}", f"对{name}的引用"))
        return known[0].type if known else typed[0].type

    def common_moment(self, typed: Sequence[Node]) -> Type:
        """Days and instants meet as days; a text written out becomes what stands beside it."""
        written = [p for p in typed if isinstance(p, Literal) and p.type.kind is Kind.TEXT]
        others = [part for part in typed if part not in written]
        kinds = {part.type.kind for part in others}
        if not kinds <= {Kind.DATE, Kind.DATETIME}:
            first = next(p for p in (*others, *written) if p.type.kind is not typed[0].type.kind)
            raise self.refuse_type(first, typed[0].type.shown())
        if kinds == {Kind.DATETIME}:
            moments = [self.moment(part, DATETIME) for part in written]
            if all(part.type.kind is Kind.DATETIME for part in moments):
                return DATETIME
        return DATE

    def moment(self, node: Literal, wanted: Type) -> Literal:
        """Read a text literal as an instant or, failing that or where one is wanted, as a day."""
        text = str(node.value)
        if wanted.kind is Kind.DATETIME:
            instant = _instant(text)
            if instant is not None:
                return Literal(instant, DATETIME, node.span)
        day = _day(text)
        if day is None:
            raise self.refuse_type(node, wanted.shown(), _USE_OFFSET)
        return Literal(day, DATE, node.span)

    def fitted(self, node: Node, expected: Type) -> Node:
        """Return the whole formula as `expected`."""
        kind = node.type.kind
        if isinstance(node, Query) and node.function == "LIST" and kind is expected.kind:
            return node
        if kind is Kind.TEXT and expected.kind in (Kind.DATE, Kind.DATETIME):
            if not isinstance(node, Literal):
                raise self.refuse_type(node, expected.shown())
            node = self.moment(node, expected)
            kind = node.type.kind
        if kind is Kind.REFERENCE and expected.kind is Kind.REFERENCES:
            # One reference is a list of one.
            self.common_target((node, Literal(None, reference(expected.target), node.span)))
            return node
        harmless = kind is Kind.NULL or kind is expected.kind
        if not harmless and (kind, expected.kind) != (Kind.DATETIME, Kind.DATE):
            raise self.refuse_type(node, expected.shown())
        if kind is expected.kind and kind in _REFERRING:
            self.common_target((node, Literal(None, expected, node.span)))
            return node
        return self.converted(node, expected)

    def converted(self, node: Node, wanted: Type) -> Node:
        """Return `node` as `wanted`, which it is known to fit."""
        if node.type == wanted:
            return node
        if node.type.kind is Kind.NULL:
            return _retyped(node, wanted)
        if node.type.kind is Kind.TEXT and isinstance(node, Literal):
            return self.converted(self.moment(node, wanted), wanted)
        if wanted.kind is Kind.NUMBER:
            if isinstance(node, Literal):
                return self.number_literal(node.value, wanted.scale, node.span)
            return self.folded(Convert(node, wanted, node.span), node)
        if wanted.kind is Kind.DATE and node.type.kind is Kind.DATETIME:
            return Convert(node, wanted, node.span)
        return node

    # --- what is known beforehand ------------------------------------------------------------------

    def folded(self, node: Node, *operands: Node) -> Node:
        """Remember a node made of literals alone, and refuse it if it can only overflow."""
        if all(self.is_constant(operand) for operand in operands):
            self.constants[id(node)] = node
            self.constant_value(node)
        return node

    def is_constant(self, node: Node) -> bool:
        return isinstance(node, Literal) or id(node) in self.constants

    def constant_value(self, node: Node) -> Value:
        """Return what a constant node evaluates to; None for any other."""
        if not self.is_constant(node):
            return None
        try:
            return compile_python(node, self.functions)(cast("Environment", None))
        except FormulaOverflowError:
            raise self.refuse_overflow(node.span) from None
        except FormulaRowsError as error:
            part = self.part(node.span)
            raise self.refuse(CONSTANT_ERROR, node.span, part=part, reason=error.reason) from None


_SCALES: Final[dict[str, Callable[[int, int], int]]] = {
    "+": max,
    "-": max,
    "*": lambda left, right: min(left + right, MAX_SCALE),
    "/": lambda _left, _right: MAX_SCALE,
    "%": max,
}

_HANDLERS: Final = {
    Constant: _Analyser.constant,
    Name: _Analyser.name,
    ConstantName: _Analyser.constant_name,
    Prefix: _Analyser.prefix,
    Infix: _Analyser.infix,
    Membership: _Analyser.membership,
    Choice: _Analyser.choice,
    Application: _Analyser.application,
}


def _same_scale_literal(node: Node, other: Node) -> Node:
    """Write a literal with the digits of the other side, which lets a database use its index."""
    if not isinstance(node, Literal) or node.type.scale >= other.type.scale:
        return node
    try:
        value = (
            None if node.value is None else rescaled(cast("Decimal", node.value), other.type.scale)
        )
    except FormulaOverflowError:
        return node
    return replace(node, value=value, type=other.type)


def _retyped(node: Node, wanted: Type) -> Node:
    """Give a node that can only be null the type that its place asks for."""
    match node:
        case Case():
            branches = tuple(Branch(b.condition, _retyped(b.result, wanted)) for b in node.branches)
            return Case(branches, _retyped(node.otherwise, wanted), wanted, node.span)
        case Call():
            return Call(
                node.function, tuple(_retyped(arg, wanted) for arg in node.args), wanted, node.span
            )
        case Literal():
            return Literal(None, wanted, node.span)
        case _:
            return node


def _did_you_mean(close: Sequence[str]) -> Text:
    if not close:
        return _API_NAMES
    return Text(f"Did you mean “{close[0]}”?", f"是否想写“{close[0]}”？")


def _any_of(kinds: frozenset[Kind]) -> Text:
    names = [KIND_NAMES[kind] for kind in Kind if kind in kinds]
    return Text(" or ".join(name.en for name in names), "或".join(name.zh for name in names))


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if len(text) == len("2025-06-10") else None
    except ValueError:
        return None


def _instant(text: str) -> datetime | None:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        return None
    return None if instant.tzinfo is None else instant

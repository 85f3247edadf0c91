"""Tokens → untyped tree, by operator precedence (Pratt).

Only AND OR NOT IN IS NULL TRUE FALSE CASE are reserved; words such as WHEN, WHERE and ORDER are keywords only
where an operator could stand, so fields may have these names.
"""

from __future__ import annotations

from typing import Final, NoReturn, cast

from headrace.platform.core.problems import Text
from headrace.platform.formulas.lexer import Token, refuse, tokens
from headrace.platform.formulas.messages import TOO_COMPLEX, FormulaError
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
from headrace.platform.formulas.tree import BinaryOperator, QueryFunction

MAX_DEPTH: Final = 50

QUERY_FUNCTIONS: Final = frozenset(("FIRST", "BEST", "EXISTS", "COUNT", "SUM", "LIST"))
_RESERVED: Final = frozenset(("AND", "OR", "NOT", "IN", "IS", "NULL", "TRUE", "FALSE"))
RESERVED_WORDS: Final = _RESERVED | {"CASE"}
"""What no field can be called: it would never be read as a name."""

_OR, _AND, _NOT, _COMPARISON, _SUM, _PRODUCT, _SIGN = range(1, 8)
_POWERS: Final = {
    "OR": _OR,
    "AND": _AND,
    **dict.fromkeys(("=", "!=", "<", "<=", ">", ">=", "IN", "IS", "NOT"), _COMPARISON),
    **dict.fromkeys("+-", _SUM),
    **dict.fromkeys("*/%", _PRODUCT),
}
_WORDS: Final = {"TRUE": True, "FALSE": False, "NULL": None}

_OPERAND: Final = Text("a field, value or function", "字段、值或函数")
_END: Final = Text("an operator or the end", "运算符或公式结尾")


def parse(source: str) -> Syntax:
    """Return the untyped tree of `source`.

    Raises FormulaError with `formula.syntax` or `formula.too_complex`.
    """
    return _Parser(tokens(source)).formula()


class _Parser:
    def __init__(self, found: list[Token]) -> None:
        self.tokens = found
        self.position = 0
        self.depth = 0

    def formula(self) -> Syntax:
        result = self.expression(0)
        if self.token.kind != "end":
            self.expected(_END)
        return result

    # --- the token in hand -------------------------------------------------------------------------

    @property
    def token(self) -> Token:
        return self.tokens[self.position]

    @property
    def behind(self) -> int:
        """The end of the token read last."""
        return self.tokens[self.position - 1].end

    def advance(self) -> Token:
        token = self.tokens[self.position]
        self.position += 1
        return token

    def at_mark(self, mark: str) -> bool:
        token = self.tokens[self.position]
        return token.kind == "mark" and token.value == mark

    def at_word(self, word: str) -> bool:
        return self.tokens[self.position].word == word

    def skip_mark(self, mark: str) -> bool:
        if self.at_mark(mark):
            self.position += 1
            return True
        return False

    def skip_word(self, word: str) -> bool:
        if self.at_word(word):
            self.position += 1
            return True
        return False

    def need_mark(self, mark: str) -> None:
        if not self.skip_mark(mark):
            self.expected(Text(f"“{mark}”", f"“{mark}”"))

    def need_word(self, word: str) -> None:
        if not self.skip_word(word):
            self.expected(Text(word, word))

    def need_name(self, what: Text) -> Token:
        if self.token.kind != "name":
            self.expected(what)
        return self.advance()

    def expected(self, what: Text) -> NoReturn:
        token = self.token
        if token.kind == "end":
            refuse(token.start, token.end, what, Text("the end", "公式结尾"))
        refuse(token.start, token.end, what, token.value)

    # --- expressions -------------------------------------------------------------------------------

    def expression(self, power: int) -> Syntax:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise FormulaError(
                TOO_COMPLEX.at(
                    measure=Text("nesting", "嵌套层数"), met=self.depth, limit=MAX_DEPTH
                ),
                spans=((self.token.start, self.token.end),),
            )
        result = self.operand()
        while True:
            operator = self.operator()
            binding = _POWERS.get(operator, 0)
            if binding <= power:
                break
            result = self.continued(result, operator, binding)
        self.depth -= 1
        return result

    def operator(self) -> str:
        token = self.tokens[self.position]
        if token.kind == "mark":
            return token.value
        return token.word if token.kind == "name" else ""

    def continued(self, left: Syntax, operator: str, binding: int) -> Syntax:
        if binding <= _AND:
            return self.connected(left, cast("BinaryOperator", operator), binding)
        result: Syntax
        if operator in ("IN", "NOT"):
            result = self.membership(left)
        elif operator == "IS":
            result = self.null_test(left)
        else:
            self.position += 1
            right = self.expression(binding)
            span = (left.span[0], right.span[1])
            result = Infix(cast("BinaryOperator", operator), left, right, span)
        if binding == _COMPARISON and _POWERS.get(self.operator()) == _COMPARISON:
            self.expected(Text("AND or OR between two comparisons", "两个比较之间的 AND 或 OR"))
        return result

    def connected(self, first: Syntax, operator: BinaryOperator, binding: int) -> Syntax:
        operands = [first]
        while self.operator() == operator:
            self.position += 1
            operands.append(self.expression(binding))
        return _balanced(operands, operator)

    def membership(self, left: Syntax) -> Membership:
        negated = self.skip_word("NOT")
        self.need_word("IN")
        if self.token.word == "LIST":
            items: tuple[Syntax, ...] = (self.operand(),)
        else:
            self.need_mark("(")
            items = self.listed()
        return Membership(left, items, negated, (left.span[0], self.behind))

    def listed(self) -> tuple[Syntax, ...]:
        """Read one or more expressions and the closing bracket."""
        items = [self.expression(0)]
        while self.skip_mark(","):
            items.append(self.expression(0))
        if not self.skip_mark(")"):
            self.expected(Text("“,” or “)”", "“,”或“)”"))
        return tuple(items)

    def null_test(self, left: Syntax) -> Prefix:
        self.position += 1
        negated = self.skip_word("NOT")
        self.need_word("NULL")
        span = (left.span[0], self.behind)
        return Prefix("IS NOT NULL" if negated else "IS NULL", left, span)

    # --- operands ----------------------------------------------------------------------------------

    def operand(self) -> Syntax:
        token = self.token
        if token.kind == "name":
            return self.word(token)
        if token.kind == "number":
            self.position += 1
            return Constant(token.value, is_number=True, span=(token.start, token.end))
        if token.kind == "string":
            self.position += 1
            return Constant(token.value, is_number=False, span=(token.start, token.end))
        return self.marked(token)

    def marked(self, token: Token) -> Syntax:
        if self.skip_mark("("):
            inner = self.expression(0)
            if not self.skip_mark(")"):
                self.expected(Text("“)” or an operator", "“)”或运算符"))
            return inner._replace(span=(token.start, self.behind))
        if self.skip_mark("-"):
            inner = self.expression(_SIGN)
            return Prefix("-", inner, (token.start, self.behind))
        if self.skip_mark("+"):
            return self.expression(_SIGN)
        if self.skip_mark("$"):
            if self.advance().value != "C":
                self.position -= 1
                self.expected(Text("C, as in $C.name", "C，如 $C.name"))
            self.need_mark(".")
            name = self.need_name(Text("the name of a constant", "常量名"))
            return ConstantName(name.value, (token.start, name.end))
        return self.expected(_OPERAND)

    def word(self, token: Token) -> Syntax:
        word = token.word
        if word == "NOT":
            self.position += 1
            inner = self.expression(_NOT)
            return Prefix("NOT", inner, (token.start, self.behind))
        if word in _WORDS:
            self.position += 1
            return Constant(_WORDS[word], is_number=False, span=(token.start, token.end))
        if word in _RESERVED:
            self.expected(_OPERAND)
        self.position += 1
        if self.at_mark("("):
            self.position += 1
            return self.application(token)
        if word == "CASE":
            return self.case(token)
        return self.dotted(token)

    def dotted(self, first: Token) -> Name:
        parts = [first.value]
        while self.skip_mark("."):
            parts.append(self.need_name(Text("the name of a field", "字段名")).value)
        return Name(tuple(parts), (first.start, self.behind))

    def application(self, name: Token) -> Syntax:
        if name.word in QUERY_FUNCTIONS:
            return self.question(name)
        args = () if self.skip_mark(")") else self.listed()
        span = (name.start, self.behind)
        if name.word == "CASE":
            return self.switch(args, span)
        return Application(name.word, args, span)

    def switch(self, args: tuple[Syntax, ...], span: tuple[int, int]) -> Choice:
        """Make the choice of `CASE(x, value, result, …, otherwise)`."""
        if len(args) < 3:  # noqa: PLR2004 - a subject, a value and its result
            token = self.tokens[self.position - 1]
            refuse(
                token.start,
                token.end,
                Text("CASE(x, value, result, …, otherwise)", "CASE(x, 值, 结果, …, 其他)"),
                token.value,
            )
        rest = args[1:]
        branches = tuple(zip(rest[0::2], rest[1::2], strict=False))
        return Choice(args[0], branches, rest[-1] if len(rest) % 2 else None, span)

    def case(self, start: Token) -> Choice:
        subject = None if self.at_word("WHEN") else self.expression(0)
        branches: list[tuple[Syntax, Syntax]] = []
        self.need_word("WHEN")
        while True:
            condition = self.expression(0)
            self.need_word("THEN")
            branches.append((condition, self.expression(0)))
            if not self.skip_word("WHEN"):
                break
        otherwise = self.expression(0) if self.skip_word("ELSE") else None
        if not self.skip_word("END"):
            self.expected(Text("WHEN, ELSE or END", "WHEN、ELSE 或 END"))
        return Choice(subject, tuple(branches), otherwise, (start.start, self.behind))

    # --- queries -----------------------------------------------------------------------------------

    def question(self, name: Token) -> Question:
        target = self.need_name(Text("the name of an object", "对象名"))
        field = None
        if self.skip_mark("."):
            field = self.dotted(self.need_name(Text("the name of a field", "字段名")))
        more: list[Name] = []
        while field is not None and self.skip_mark(","):
            more.append(self.dotted(self.need_name(Text("the name of a field", "字段名"))))
        best = name.word == "BEST"
        matches = self.matched() if best and self.skip_word("FOR") else ()
        at = self.expression(0) if best and self.skip_word("AT") else None
        where = self.expression(0) if self.skip_word("WHERE") else None
        order_by = self.order_keys() if self.at_word("ORDER") else ()
        if not self.skip_mark(")"):
            self.expected(
                Text("FOR, AT, WHERE or “)”", "FOR、AT、WHERE 或“)”")
                if best
                else Text("WHERE, ORDER BY or “)”", "WHERE、ORDER BY 或“)”")
            )
        function = cast("QueryFunction", name.word)
        span = (name.start, self.behind)
        rows = tuple(more)
        return Question(function, target.value, field, where, order_by, span, rows, matches, at)

    def matched(self) -> tuple[Infix, ...]:
        """Read what the rows of BEST are to have: `field = value, …`."""
        found = [self.match()]
        while self.skip_mark(","):
            found.append(self.match())
        return tuple(found)

    def match(self) -> Infix:
        name = self.need_name(Text("the name of a field", "字段名"))
        self.need_mark("=")
        value = self.expression(_COMPARISON)
        left = Name((name.value,), (name.start, name.end))
        return Infix("=", left, value, (name.start, self.behind))

    def order_keys(self) -> tuple[tuple[Name, bool], ...]:
        self.need_word("ORDER")
        self.need_word("BY")
        keys = [self.order_key()]
        while self.skip_mark(","):
            keys.append(self.order_key())
        return tuple(keys)

    def order_key(self) -> tuple[Name, bool]:
        name = self.dotted(self.need_name(Text("the name of a field", "字段名")))
        descending = self.skip_word("DESC")
        if not descending:
            self.skip_word("ASC")
        return name, descending


def _balanced(operands: list[Syntax], operator: BinaryOperator) -> Syntax:
    """Join many operands of AND or OR into a shallow tree; the order of evaluation stays."""
    if len(operands) == 1:
        return operands[0]
    middle = len(operands) // 2
    left = _balanced(operands[:middle], operator)
    right = _balanced(operands[middle:], operator)
    return Infix(operator, left, right, (left.span[0], right.span[1]))

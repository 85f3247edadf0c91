"""Random formulas that the analysis accepts; the same seed gives the same formulas."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import replace

from headrace.platform.formulas.analysis import analyse
from headrace.platform.formulas.expression import Expression
from headrace.platform.formulas.functions.base import EVERYWHERE
from headrace.platform.formulas.messages import FormulaError
from headrace.platform.formulas.referring import read_as
from headrace.platform.formulas.scope import NamedExpression, NamedParameter
from headrace.platform.formulas.tree import FieldRef, Node, rebuilt
from headrace.platform.formulas.types import DATE, Kind, number
from tests.support.formulas import CONSTANTS, FIELDS, SampleScope

EXPECTED = frozenset(("formula.constant_error", "formula.too_complex"))
SCOPE = SampleScope(
    expressions={
        one.name: one
        for one in (
            NamedExpression(
                "with_vat",
                (NamedParameter("net", number(2)),),
                "PORTION(net, 100 + $C.vat_rate, 100)",
            ),
            NamedExpression(
                "larger_of",
                (NamedParameter("one", number(4)), NamedParameter("other", number(6))),
                "CASE WHEN one >= other THEN one WHEN one < other THEN other END",
            ),
            NamedExpression(
                "is_between",
                tuple(NamedParameter(name, DATE) for name in ("day", "first", "last")),
                "first <= day AND day <= last",
            ),
        )
    }
)
KINDS = ("number", "text", "boolean", "date", "datetime")


def random_formulas(seed: int, count: int) -> list[Expression]:
    """Return `count` formulas that are computed on every engine."""
    found: list[Expression] = []
    for text in _texts(random.Random(seed)):
        try:
            found.append(analyse(text, SCOPE, engines=EVERYWHERE))
        except FormulaError as error:
            if not {problem.code for problem in error.problems} <= EXPECTED:
                raise
        if len(found) == count:
            break
    return found


def through_about(formula: Expression) -> Expression:
    """Let `payer` be the partner that `about` refers to, as formulas read `about.partner`."""
    about = FieldRef(("f_about",), ("about",), FIELDS["about"])
    payer = read_as(about, "partner_id", "partner")

    def read(node: Node) -> Node:
        return payer if isinstance(node, FieldRef) and node.names == ("payer",) else node

    return replace(formula, tree=rebuilt(formula.tree, read))


def _texts(rng: random.Random) -> Iterator[str]:
    while True:
        kind = rng.choices(KINDS, (6, 2, 3, 2, 1))[0]
        yield Generator(rng).of(kind, rng.choice((1, 2, 2, 3, 3, 4)))


class Generator:
    """A grammar by type; `depth` bounds the nesting."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng

    def of(self, kind: str, depth: int) -> str:
        if depth <= 0 or self.rng.random() < 0.15:
            return self.leaf(kind)
        makers: dict[str, tuple[Callable[[int], str], ...]] = {
            "number": (
                self.arithmetic,
                self.arithmetic,
                self.arithmetic,
                self.rounded,
                self.number_function,
                self.number_function,
            ),
            "text": (self.text_function,),
            "boolean": (self.comparison, self.comparison, self.logic, self.test),
            "date": (self.date_function,),
            "datetime": (self.instant_function,),
        }
        if self.rng.random() < 0.12:
            return self.choice(kind, depth - 1)
        return self.rng.choice(makers[kind])(depth - 1)

    # --- leaves ------------------------------------------------------------------------------------

    def leaf(self, kind: str) -> str:
        names = [name for name, type_ in FIELDS.items() if type_.kind == kind]
        if kind == "number":
            roll = self.rng.random()
            if roll < 0.35:
                return self.number()
            if roll < 0.42:
                return self.rng.choice([*CONSTANTS, "$C.bonus"])
        if kind == "text" and self.rng.random() < 0.4:
            return self.rng.choice(
                ("'draft'", "'订单'", "'a''b'", "''", "' SO '", "'Z'", "'\uff21b'")
            )
        if kind == "boolean" and self.rng.random() < 0.1:
            return self.rng.choice(("TRUE", "false"))
        if kind == "date" and self.rng.random() < 0.2:
            return "TODAY()"
        if kind == "datetime" and self.rng.random() < 0.2:
            return "NOW()"
        return self.rng.choice(names)

    def number(self) -> str:
        scale = self.rng.choice((0, 0, 1, 2, 3))
        return f"{self.rng.choice((0, 1, 2, 7, 12, 100, 4999)) + self.rng.random():.{scale}f}"

    def whole(self) -> str:
        return self.rng.choice(("days", "pieces", "7", "-3", "30", "max_days", "5000", "LEN(code)"))

    # --- numbers -----------------------------------------------------------------------------------

    def arithmetic(self, depth: int) -> str:
        operator = self.rng.choices("+-*/%", (4, 4, 4, 3, 1))[0]
        left, right = self.of("number", depth), self.of("number", depth)
        return f"({left} {operator} {right})"

    def rounded(self, depth: int) -> str:
        inner = self.of("number", depth)
        step = self.rng.choice(("0.5", "12", "3", "0.025", "pieces", "qty", "rate", "1", "7.5"))
        return self.rng.choice(
            (
                f"ROUND({inner}, {self.rng.randrange(5)})",
                f"ROUND({inner})",
                f"FLOOR({inner}, {step})",
                f"CEIL({inner}, {step})",
                f"FLOOR({inner})",
                f"CEIL({inner})",
            )
        )

    def number_function(self, depth: int) -> str:
        one, two = self.of("number", depth), self.of("number", depth)
        day = self.of("date", depth)
        other = self.of("date", depth)
        moment, later = self.of("datetime", depth), self.of("datetime", depth)
        day_unit = self.rng.choice(("day", "week", "month", "quarter", "year"))
        time_unit = self.rng.choice(("second", "minute", "hour"))
        part = self.rng.choice(("YEAR", "MONTH", "DAY", "QUARTER", "DAYS_IN"))
        return self.rng.choice(
            (
                f"ABS({one})",
                f"-{one}",
                f"PORTION({one}, {self.leaf('number')}, {two}, {self.rng.randrange(5)})",
                f"PORTION({one}, 13, 113)",
                f"MIN({one}, {two})",
                f"MAX({one}, {two}, 0)",
                f"COALESCE({one}, {two}, 0)",
                f"with_vat({one})",
                f"larger_of({one}, {self.leaf('number')})",
                f"LEN({self.of('text', depth)})",
                f"{part}({self.rng.choice((day, moment))})",
                f"DATEDIFF({day}, {self.rng.choice((other, moment))}, '{day_unit}')",
                f"DATEDIFF({moment}, {later}, '{time_unit}')",
                f"DATEDIFF({moment}, {later}, '{day_unit}')",
            )
        )

    # --- text --------------------------------------------------------------------------------------

    def text_function(self, depth: int) -> str:
        one, two = self.of("text", depth), self.of("text", depth)
        count = self.rng.randrange(1, 5)
        period = self.rng.choice(("month", "quarter", "year"))
        return self.rng.choice(
            (
                f"CONCAT({one}, {two})",
                f"CONCAT({one}, '-', {two})",
                f"LEFT({one}, {count})",
                f"RIGHT({one}, {count})",
                f"LOWER({one})",
                f"UPPER({one})",
                f"TRIM({one})",
                f"NORM({one})",
                f"COALESCE({one}, {two})",
                f"PERIOD({self.of('date', depth)}, '{period}')",
            )
        )

    # --- truth -------------------------------------------------------------------------------------

    def comparison(self, depth: int) -> str:
        operator = self.rng.choice(("=", "!=", "<", "<=", ">", ">="))
        kind = self.rng.choices(("number", "text", "date", "datetime"), (5, 2, 2, 1))[0]
        left, right = self.of(kind, depth), self.of(kind, depth)
        if kind == "date" and self.rng.random() < 0.3:
            right = self.rng.choice(("'2025-01-31'", self.of("datetime", depth)))
        if kind == "datetime" and self.rng.random() < 0.3:
            right = self.rng.choice(("'2025-01-31T08:00:00+08:00'", "'2024-06-01'"))
        return f"({left} {operator} {right})"

    def logic(self, depth: int) -> str:
        left, right = self.of("boolean", depth), self.of("boolean", depth)
        return self.rng.choice(
            (f"({left} AND {right})", f"({left} OR {right})", f"NOT {left}", f"({left} = {right})")
        )

    def test(self, depth: int) -> str:
        text, number = self.of("text", depth), self.of("number", depth)
        negation = self.rng.choice(("", "NOT "))
        found = self.rng.choice(
            (
                f"{text} {negation}IN ('draft', 'Z', '订单')",
                f"{number} {negation}IN (1, 2.50, {self.leaf('number')}, 0.125)",
                f"{self.of('date', depth)} {negation}IN ('2025-01-31', TODAY())",
                f"ISBLANK({self.rng.choice((text, number))})",
                f"{number} IS {negation}NULL",
                f"CONTAINS({text}, {self.of('text', depth)})",
                f"STARTS_WITH({text}, {self.of('text', depth)})",
                f"HAS({text}, {self.of('text', depth)})",
                f"REGEX({text}, '{self.pattern(2)}')",
                "partner = payer",
                f"partner {negation}IN (payer, partner)",
                "USER_HAS('clerk')",
                "USER() IS NOT NULL",
                "MY_ORGANISATION() = partner",
                f"is_between({self.of('date', depth)}, start_date, end_date)",
                "IN_SUBTREE(partner, payer)",
            )
        )
        return f"({found})"

    def pattern(self, depth: int) -> str:
        """Return a random pattern, nested repeats and empty options included."""
        if depth == 0 or self.rng.random() < 0.3:
            return self.rng.choice(
                (
                    "a",
                    "b",
                    ".",
                    "订",
                    "[a-zA-Z]",
                    "[^0-9-]",
                    r"\d",
                    r"\w",
                    r"\p{Han}",
                    r"\.",
                    "SO",
                    " ",
                    "-",
                )
            )
        inner, other = self.pattern(depth - 1), self.pattern(depth - 1)
        repeat = self.rng.choice(("?", "*", "+", "{2}", "{0,3}", "{1,}", "{0}"))
        return self.rng.choice(
            (
                f"{inner}{other}",
                f"({inner}|{other})",
                f"({inner}){repeat}",
                f"({inner}|){repeat}",
                ".*",
            )
        )

    # --- dates -------------------------------------------------------------------------------------

    def date_function(self, depth: int) -> str:
        day = self.of("date", depth)
        unit = self.rng.choice(("day", "week", "month", "quarter", "year"))
        period = self.rng.choice(("month", "quarter", "year"))
        return self.rng.choice(
            (
                f"DATEADD({day}, {self.whole()}, '{unit}')",
                f"DATEADD({day}, {self.whole()}, '{unit}')",
                f"PERIOD_START({day}, '{period}')",
                f"PERIOD_END({day}, '{period}')",
                f"FIRST_DAY({self.period(day, period)})",
                f"DATE({self.of('datetime', depth)})",
                f"MIN({day}, {self.of('date', depth)})",
                f"MAX({day}, '2024-02-29')",
                f"COALESCE({day}, {self.of('date', depth)})",
            )
        )

    def period(self, day: str, unit: str) -> str:
        """Return a text that is often a period."""
        return self.rng.choice(
            (f"PERIOD({day}, '{unit}')", f"LEFT('2025-Q40', {self.rng.randint(1, 8)})", "code")
        )

    def instant_function(self, depth: int) -> str:
        moment = self.of("datetime", depth)
        unit = self.rng.choice(("second", "minute", "hour", "day", "week"))
        return self.rng.choice(
            (
                f"DATEADD({moment}, {self.whole()}, '{unit}')",
                f"MIN({moment}, {self.of('datetime', depth)})",
                f"COALESCE({moment}, NOW())",
            )
        )

    # --- choice ------------------------------------------------------------------------------------

    def choice(self, kind: str, depth: int) -> str:
        test, then, otherwise = (
            self.of("boolean", depth),
            self.of(kind, depth),
            self.of(kind, depth),
        )
        return self.rng.choice(
            (
                f"IF({test}, {then}, {otherwise})",
                f"CASE WHEN {test} THEN {then} ELSE {otherwise} END",
                f"CASE code WHEN 'draft' THEN {then} WHEN '订单' THEN NULL ELSE {otherwise} END",
                f"CASE(pieces, 1, {then}, 0, {otherwise}, {then})",
            )
        )


assert set(KINDS) <= {str(kind) for kind in Kind}

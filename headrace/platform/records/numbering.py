"""Auto-numbers: a counter for each field and date part, raised in the transaction of the record.

The counter's row is locked until the commit, so numbers are distinct; one of a transaction that was
rolled back is given again. Dates are those of the workspace's calendar.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from headrace.platform.database.prepared import Prepared, prepare
from headrace.platform.metadata.catalog import FieldModel
from headrace.platform.metadata.storage_types import Dialect
from headrace.platform.records.batch import Batch
from headrace.platform.records.drafts import Draft
from headrace.platform.records.tables import COUNTER

_PARTS: Final = re.compile(r"\{([A-Z]+|0+)\}")
_DATE_FORMATS: Final = {
    "YYYY": "%Y",
    "YY": "%y",
    "MM": "%m",
    "DD": "%d",
    "YYYYMM": "%Y%m",
    "YYYYMMDD": "%Y%m%d",
}


@dataclass(frozen=True, slots=True)
class NumberPattern:
    """A pattern taken apart; `before` and `after` stand on both sides of the counter."""

    before: str
    width: int
    after: str

    def filled(self, day: date) -> tuple[str, str]:
        """Return both sides with the date put in; together they name the counter's period."""
        return _dated(self.before, day), _dated(self.after, day)


@functools.lru_cache(maxsize=1000)
def number_pattern(text: str) -> NumberPattern:
    """Take a pattern such as `SO-{YYYY}-{0000}` apart."""
    counter = next(part for part in _PARTS.finditer(text) if part[1].startswith("0"))
    return NumberPattern(text[: counter.start()], len(counter[1]), text[counter.end() :])


def _dated(text: str, day: date) -> str:
    return _PARTS.sub(lambda part: day.strftime(_DATE_FORMATS[part[1]]), text)


def assign_numbers(batch: Batch) -> None:
    """Give each new row its numbers; those that a migration brings raise the counters."""
    for field, drafts in _numbered(batch.drafts()):
        missing = [draft for draft in drafts if draft.given.get(field.name) is None]
        given = [draft for draft in drafts if draft.given.get(field.name) is not None]
        if given:
            raise_counters(batch, field, [str(draft.given[field.name]) for draft in given])
        if missing:
            numbers = next_numbers(batch, field, batch.today, len(missing))
            for number, draft in zip(numbers, missing, strict=True):
                draft.given.pop(field.name, None)
                draft.new[field.name] = number


def next_numbers(batch: Batch, field: FieldModel, day: date, count: int) -> list[str]:
    """Take the next numbers of the counter of a day."""
    pattern = number_pattern(field.options.pattern)
    before, after = pattern.filled(day)
    last = _advance(batch, field, before + after, count)
    return [
        f"{before}{number:0{pattern.width}d}{after}" for number in range(last - count + 1, last + 1)
    ]


def _numbered(drafts: Iterable[Draft]) -> Iterable[tuple[FieldModel, list[Draft]]]:
    groups: dict[str, tuple[FieldModel, list[Draft]]] = {}
    for draft in drafts:
        if draft.kind == "create":
            for field in draft.shape.numbers:
                groups.setdefault(field.id, (field, []))[1].append(draft)
    return groups.values()


def _advance(batch: Batch, field: FieldModel, period: str, count: int) -> int:
    """Raise a counter by `count` and return its new value."""
    prepared: Prepared = batch.shapes.part(
        "counter", lambda: prepare(_advancing(batch.shapes.dialect), batch.shapes.dialect)
    )
    parameters = {"field_id": field.id, "period": period, "count": count}
    value: int = batch.work.rows(prepared, parameters)[0][0]
    return value


def raise_counters(batch: Batch, field: FieldModel, numbers: list[str]) -> None:
    """See to it that numbers which rows have already are not given again."""
    highest: dict[str, int] = {}
    for number in numbers:
        found = _period_of(field.options.pattern, number)
        if found is not None:
            period, value = found
            highest[period] = max(highest.get(period, 0), value)
    prepared: Prepared = batch.shapes.part(
        "counter_at_least", lambda: prepare(_at_least(batch.shapes.dialect), batch.shapes.dialect)
    )
    for period, value in sorted(highest.items()):
        batch.work.rows(prepared, {"field_id": field.id, "period": period, "count": value})


def _period_of(text: str, number: str) -> tuple[str, int] | None:
    """Return the period and the value of a number that fits the pattern."""
    pattern = number_pattern(text)
    expression = _digits(pattern.before) + r"(\d+)" + _digits(pattern.after)
    found = re.fullmatch(expression, number)
    if found is None or len(found[1]) > 15:  # noqa: PLR2004 - larger ones do not fit the counter
        return None
    return number[: found.start(1)] + number[found.end(1) :], int(found[1])


def _digits(text: str) -> str:
    """Return a pattern of one side in which each date part is its number of digits."""
    parts = _PARTS.split(text)
    return "".join(
        rf"\d{{{len(part)}}}" if position % 2 else re.escape(part)
        for position, part in enumerate(parts)
    )


def _insert(dialect: Dialect) -> Any:
    insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
    return insert(COUNTER).values(
        field_id=sa.bindparam("field_id", type_=COUNTER.c.field_id.type),
        period=sa.bindparam("period", type_=COUNTER.c.period.type),
        value=sa.bindparam("count", type_=COUNTER.c.value.type),
    )


def _advancing(dialect: Dialect) -> Any:
    statement = _insert(dialect)
    raised = COUNTER.c.value + statement.excluded.value
    return statement.on_conflict_do_update(
        index_elements=[COUNTER.c.field_id, COUNTER.c.period], set_={"value": raised}
    ).returning(COUNTER.c.value)


def _at_least(dialect: Dialect) -> Any:
    statement = _insert(dialect)
    given = statement.excluded.value
    higher = sa.case((given > COUNTER.c.value, given), else_=COUNTER.c.value)
    return statement.on_conflict_do_update(
        index_elements=[COUNTER.c.field_id, COUNTER.c.period], set_={"value": higher}
    ).returning(COUNTER.c.value)

"""What narrows the lists of the inbox: words, object, submitter, sum, how long it waits."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from headrace.platform.core.errors import RefusedError
from headrace.platform.core.ids import is_record_id
from headrace.platform.core.problems import Text, pointer
from headrace.platform.records.context import Context
from headrace.platform.records.query import BAD_PARAMETER
from headrace.platform.workflow.tables import RUN

LONGEST_TEXT: Final = 200
NUMBER: Final = re.compile(r"[0-9]{1,12}(\.[0-9]{1,6})?", re.ASCII)
WHOLE: Final = re.compile(r"[0-9]{1,4}", re.ASCII)
EXPECTED: Final = {"least": Text("an amount", "金额"), "days": Text("a number of days", "天数")}
COUNTED: Final = 1_000
"""Up to how many lines a list counts; who has decided more is told that there are more."""


@dataclass(frozen=True, slots=True)
class InboxFilter:
    """Which lines are wanted; what is None or empty wants all.

    `text` is part of the record's title, `object` a name, `submitter` a user's id, `least` the least
    sum, `days` for how many days at least it has been submitted.
    """

    text: str = ""
    object: str | None = None
    submitter: str | None = None
    least: Decimal | None = None
    days: int | None = None

    @property
    def is_empty(self) -> bool:
        """Whether all lines are wanted."""
        return self == EVERYTHING

    def conditions(self, context: Context) -> list[sa.ColumnElement[bool]]:
        """Return the conditions over runs."""
        found: list[sa.ColumnElement[bool]] = []
        if self.text:
            found.append(RUN.c.title.icontains(self.text, autoescape=True))
        if self.object is not None:
            model = context.catalog.object(self.object)
            found.append(RUN.c.object_id == (model.id if model is not None else ""))
        if self.submitter is not None:
            known = is_record_id(self.submitter)
            found.append(RUN.c.submitter == self.submitter if known else sa.false())
        if self.least is not None:
            found.append(_sum() >= float(self.least))
        if self.days is not None:
            found.append(RUN.c.started_at <= context.now() - timedelta(days=self.days))
        return found


EVERYTHING: Final = InboxFilter()


def inbox_filter(given: Mapping[str, str]) -> InboxFilter:
    """Read `q`, `object`, `submitter`, `least` and `days`; raise RefusedError at one that is none."""
    return InboxFilter(
        text=given.get("q", "").strip()[:LONGEST_TEXT],
        object=given.get("object") or None,
        submitter=given.get("submitter") or None,
        least=_number(given, "least", NUMBER),
        days=int(days) if (days := _number(given, "days", WHOLE)) is not None else None,
    )


def _number(given: Mapping[str, str], name: str, form: re.Pattern[str]) -> Decimal | None:
    text = given.get(name, "").strip().replace(",", "")
    if not text:
        return None
    if not form.fullmatch(text):
        raise RefusedError(BAD_PARAMETER.at(pointer(name), name=name, expected=EXPECTED[name]))
    return Decimal(text)


def _sum() -> sa.ColumnElement[Any]:
    """Return the sum of a run as a number."""
    summary = sa.type_coerce(RUN.c.summary, sa.JSON().with_variant(JSONB(), "postgresql"))
    return sa.cast(summary["value"].as_string(), sa.Float())


def capped_count(connection: sa.Connection, parts: Sequence[sa.Select[Any]]) -> tuple[int, bool]:
    """Return how many lines the parts of a list have, at most `COUNTED`, and whether there are more."""
    some = [one.limit(COUNTED + 1).subquery() for one in parts]
    lines = sa.union_all(*(sa.select(one.c.id) for one in some)).subquery()
    count = connection.execute(sa.select(sa.func.count()).select_from(lines)).scalar_one()
    return min(count, COUNTED), count > COUNTED

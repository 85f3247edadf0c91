"""Tables that a publish would make wider than the database takes: said before, with the way out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from headrace.platform.core.problems import Message, Problem
from headrace.platform.database.budget import columns_added, columns_used, most_columns
from headrace.platform.database.operations import Operation
from headrace.platform.metadata.catalog import Catalog
from headrace.platform.publishing.counting import Counter

OVER_BUDGET: Final = Message(
    "object.column_budget",
    "The table of {object} would have {count} columns, kept and dropped ones included; the database"
    " takes {most}.",
    "{object} 的数据表将有 {count} 列（含已保留与已删除的列），数据库最多 {most} 列。",
    "Publish a new object with these fields (copy the definition without its ids), export the rows"
    " and import them there.",
    "请发布一个包含这些字段的新对象（复制定义并去掉标识），再导出数据并导入到新对象。",
)


def budget_problems(
    operations: Sequence[Operation], new: Catalog, counter: Counter
) -> Iterator[Problem]:
    """Yield a problem for each object whose table has no room for the columns that it would get."""
    connection, dialect = counter.connection, counter.dialect
    names = {getattr(one, "table", None): one.object for one in operations}
    for table, added in columns_added(connection, dialect, operations).items():
        most = most_columns(connection, dialect)
        count = columns_used(connection, dialect, table) + added
        if count > most:
            model = new.objects[names[table]]
            place = f"/{model.module}/objects/{model.name}.json/fields"
            yield OVER_BUDGET.at(place, object=model.name, count=count, most=most)

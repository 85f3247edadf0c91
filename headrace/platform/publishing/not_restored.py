"""What going back cannot bring back: values and rows that are gone for good."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from headrace.platform.core.problems import Text
from headrace.platform.database.operations import AddColumn, CreateTable, Operation
from headrace.platform.metadata.catalog import Catalog
from headrace.platform.metadata.wording import sentence
from headrace.platform.publishing.counting import Counter
from headrace.platform.publishing.plan import PlanLine

NO_VALUES: Final = Text(
    "The former values of {object}.{field} are gone for good; it starts without them",
    "{object}.{field} 原有的值已彻底删除，该字段将不含这些值",
)
NO_ROWS: Final = Text(
    "The former rows of {object} are gone for good; it starts empty",
    "{object} 原有的记录已彻底删除，该对象将为空",
)


def lost_lines(
    operations: Iterable[Operation], catalog: Catalog, counter: Counter
) -> Iterator[PlanLine]:
    """Yield a line for each object and field that a rollback has to make anew.

    What is kept comes back into its own table or column; what is made is what nothing is kept of.
    """
    for one in operations:
        match one:
            case CreateTable():
                text = sentence(NO_ROWS, object=one.object)
                yield PlanLine(f"object.not_restored:{one.object}", "object.not_restored", text)
            case AddColumn() if _typed_in(catalog, one):
                key = f"field.not_restored:{one.object}.{one.field}"
                text = sentence(NO_VALUES, object=one.object, field=one.field)
                yield PlanLine(key, "field.not_restored", text, rows=counter.rows_of(one))


def _typed_in(catalog: Catalog, operation: AddColumn) -> bool:
    """Say whether people give the values; what is computed is made again."""
    found = catalog.objects[operation.object].fields.get(operation.field)
    return found is not None and found.computed is None

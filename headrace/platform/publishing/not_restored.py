"""What going back cannot bring back: values and rows that are gone for good."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from headrace.platform.core.problems import named, said
from headrace.platform.database.operations import AddColumn, CreateTable, Operation
from headrace.platform.metadata.catalog import Catalog
from headrace.platform.publishing.counting import Counter
from headrace.platform.publishing.plan import PlanLine


def lost_lines(
    operations: Iterable[Operation], catalog: Catalog, counter: Counter
) -> Iterator[PlanLine]:
    """Yield a line for each object and field that a rollback has to make anew.

    What is kept comes back into its own table or column; what is made is what nothing is kept of.
    """
    for one in operations:
        match one:
            case CreateTable():
                text = said(
                    "The former rows of {object} are gone for good; it starts empty",
                    "{object} 原有的记录已彻底删除，该对象将为空",
                    object=named("object", one.object),
                )
                yield PlanLine(f"object.not_restored:{one.object}", "object.not_restored", text)
            case AddColumn() if _typed_in(catalog, one):
                key = f"field.not_restored:{one.object}.{one.field}"
                text = said(
                    "The former values of {field} are gone for good; it starts without them",
                    "{field} 原有的值已彻底删除，该字段将不含这些值",
                    field=named("field", one.object, one.field),
                )
                yield PlanLine(key, "field.not_restored", text, rows=counter.rows_of(one))


def _typed_in(catalog: Catalog, operation: AddColumn) -> bool:
    """Say whether people give the values; what is computed is made again."""
    found = catalog.objects[operation.object].fields.get(operation.field)
    return found is not None and found.computed is None

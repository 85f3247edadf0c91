"""What became of each record of a bulk change, as a file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from tempfile import SpooledTemporaryFile
from typing import IO, Any, Final, cast

from headrace.platform.core.problems import Text
from headrace.platform.database.engine import Reading
from headrace.platform.exchange.batches import within
from headrace.platform.exchange.bulk_changes import BulkChange, BulkRecord, all_records
from headrace.platform.exchange.exporting import KEPT_IN_MEMORY, Format, write_rows
from headrace.platform.exchange.mapping import PROBLEM_COLUMN
from headrace.platform.records.context import Context
from headrace.platform.records.history_reader import titles_of

PAGE: Final = 500
ID_COLUMN: Final = Text("ID", "标识")
TITLE_COLUMN: Final = Text("Record", "记录")
RESULT_COLUMN: Final = Text("Result", "结果")
DRY_COLUMN: Final = Text("Would be", "预计结果")
STATUSES: Final[Mapping[str | None, Text]] = {
    None: Text("not done", "未处理"),
    "updated": Text("done", "已完成"),
    "deleted": Text("deleted", "已删除"),
    "undeleted": Text("brought back", "已恢复"),
    "unchanged": Text("unchanged", "无变化"),
    "refused": Text("refused", "被拒绝"),
}


def write_result_file(
    context: Context, reading: Reading, change: BulkChange, kind: Format
) -> IO[bytes]:
    """Return the file, at its start: a row for each record; titles only of those that the caller sees."""
    file = cast("IO[bytes]", SpooledTemporaryFile(KEPT_IN_MEMORY))  # noqa: SIM115 - the caller closes it
    result = DRY_COLUMN if change.request.dry_run else RESULT_COLUMN
    columns = (ID_COLUMN, TITLE_COLUMN, result, PROBLEM_COLUMN)
    titles = [one.within(context.language) for one in columns]
    label = context.catalog.objects[change.request.object].plural.within(context.language)
    write_rows(file, kind, label, titles, _rows(context, reading, change))
    file.seek(0)
    return file


def titles_of_change(
    context: Context, reading: Reading, change: BulkChange, records: Sequence[BulkRecord]
) -> Mapping[str, Any]:
    """Return the titles of the records that the caller sees, by id."""
    return titles_of(context, reading, change.request.object, [one.id for one in records])


def _rows(context: Context, reading: Reading, change: BulkChange) -> Iterator[list[Any]]:
    for records in all_records(reading.connection, change.id, PAGE):
        titles = titles_of_change(context, reading, change, records)
        for one in records:
            problems = [within(it, context.language) for it in one.problems]
            told = "; ".join(" ".join(filter(None, (p["message"], p["hint"]))) for p in problems)
            status = STATUSES[one.status].within(context.language)
            yield [one.id, titles.get(one.id), status, told]

"""Finding stored figures that are not what their rows give, and mending them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import click

from headrace.commands.shell import json_option, open_shell
from headrace.platform.core.errors import NotFoundError
from headrace.platform.core.problems import Message, Text
from headrace.platform.database.unit_of_work import COMMAND_LINE
from headrace.platform.metadata.wording import sentence
from headrace.platform.records.context import Context
from headrace.platform.records.recounting import Recount, Recounted, computed_objects

NO_OBJECT: Final = Message(
    "object.unknown",
    "There is no object “{name}” with stored computed fields.",
    "没有名为“{name}”且含已存储计算字段的对象。",
    "Such objects are: {known}.",
    "此类对象有：{known}。",
)
RIGHT: Final = Text("{object}: {rows} rows, all right", "{object}:{rows} 行，全部正确")
WRONG: Final = Text(
    "{object}: {rows} rows, {count} wrong values", "{object}:{rows} 行，{count} 个值有误"
)
MENDED: Final = Text(
    "{object}: {rows} rows, {count} wrong values mended", "{object}:{rows} 行，已修正 {count} 个值"
)
VALUE: Final = Text(
    "  {field} of {record}: {stored} instead of {expected}",
    "  {record} 的 {field}：为 {stored}，应为 {expected}",
)
SHOWN: Final = 20
"""Wrong values of an object that are listed for people; all of them are in the JSON."""


def add_to(main: click.Group) -> None:
    """Add the commands of this area."""
    main.add_command(recount)


@click.command()
@click.argument("objects", nargs=-1, metavar="[OBJECT]...")
@click.option(
    "--check", "only_check", is_flag=True, help="Only find what is wrong; change nothing."
)
@json_option
def recount(objects: Sequence[str], only_check: bool, as_json: bool) -> None:  # noqa: FBT001 - click
    """Compute stored roll-ups and formulas again and mend what is wrong.

    People go on working meanwhile: rows are looked at in chunks, and only those that look wrong are
    locked. Without OBJECT all objects are gone through, details before their masters. With --check
    the exit code is 1 where something is wrong.
    """
    shell = open_shell(as_json=as_json)

    def run(context: Context) -> list[Recounted]:
        known = computed_objects(context.catalog)
        for name in objects:
            if name not in known:
                raise NotFoundError(NO_OBJECT.at(name=name, known=", ".join(known) or "-"))
        chosen = [name for name in known if not objects or name in objects]
        work = Recount(
            context,
            platform.store,
            lambda action: platform.write_as_system(action, COMMAND_LINE),
            mends=not only_check,
        )
        return [work.of(name) for name in chosen]

    with shell.platform() as platform:
        found = platform.perform_as_system(run)
    lines = [line for one in found for line in _lines(one, shell.language, mended=not only_check)]
    shell.data([_shown(one) for one in found], lines)
    if only_check and any(one.drifts for one in found):
        raise SystemExit(1)


def _lines(one: Recounted, language: str, *, mended: bool) -> list[str]:
    template = (MENDED if mended else WRONG) if one.drifts else RIGHT
    head = sentence(template, object=one.object, rows=one.rows, count=len(one.drifts))
    values = [
        sentence(
            VALUE,
            field=drift.field,
            record=drift.record_id,
            stored=drift.stored,
            expected=drift.expected,
        )
        for drift in one.drifts[:SHOWN]
    ]
    return [text.within(language) for text in (head, *values)]


def _shown(one: Recounted) -> dict[str, Any]:
    return {
        "object": one.object,
        "rows": one.rows,
        "wrong": [
            {
                "id": drift.record_id,
                "field": drift.field,
                "stored": drift.stored,
                "expected": drift.expected,
            }
            for drift in one.drifts
        ],
    }

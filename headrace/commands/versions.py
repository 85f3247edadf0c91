"""The versions that were published: their list, differences, going back, where things are used."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC
from pathlib import Path
from typing import Any, Final

import click

from headrace.commands.plans import decisions_option, plan_lines, read_answers, telling
from headrace.commands.shell import json_option, open_shell
from headrace.platform.access.audit_trail import Wanted, read_audit, read_entry, shown_entry
from headrace.platform.core.problems import Text
from headrace.platform.publishing.rolling_back import noting_rollback

LARGEST: Final = 2**63 - 1

NO_DIFFERENCE = Text("Nothing differs.", "没有差异。")
NOT_USED = Text("Nothing uses it.", "没有任何定义使用它。")


def add_to(main: click.Group) -> None:
    """Add the commands of this area."""
    for command in (versions, diff, rollback, where_used, audit):
        main.add_command(command)


@click.command()
@json_option
def versions(as_json: bool) -> None:  # noqa: FBT001 - click
    """List the published versions, the newest first."""
    shell = open_shell(as_json=as_json)
    with shell.platform() as platform:
        shown = platform.versions.all()
    shell.data(
        shown,
        [
            f"{'*' if one['live'] else ' '} {one['version']:>4}  {one['at']}"
            f"  {one['by'] or '-':<12} {one['message']}"
            for one in shown
        ],
    )


@click.command()
@click.argument("old", type=int)
@click.argument("new", type=int)
@json_option
def diff(old: int, new: int, as_json: bool) -> None:  # noqa: FBT001 - click
    """Say what leads from version OLD to version NEW."""
    shell = open_shell(as_json=as_json)
    with shell.platform() as platform:
        changes = platform.versions.differences(old, new)
    shell.data(
        [one.render(shell.language) for one in changes],
        [one.sentence.within(shell.language) for one in changes]
        or [NO_DIFFERENCE.within(shell.language)],
    )


@click.command()
@click.argument("version", type=int)
@decisions_option
@click.option("-m", "--message", default="", help="Why.")
@click.option("--plan", "only_plan", is_flag=True, help="Only say what it would do.")
@json_option
def rollback(
    version: int,
    decisions: Path | None,
    message: str,
    only_plan: bool,  # noqa: FBT001 - click
    as_json: bool,  # noqa: FBT001 - click
) -> None:
    """Publish the content of VERSION again, as a new version; kept values come back."""
    shell = open_shell(as_json=as_json)
    with shell.platform() as platform:
        made = platform.publisher.plan_rollback(version, read_answers(decisions))
        shown = made.render(shell.language)
        if made.refused or only_plan:
            shell.data(shown, plan_lines(made, shell.language))
            raise SystemExit(1 if made.refused else 0)
        noting = noting_rollback(version, None)
        number = platform.publisher.publish(
            made, message or f"rollback to {version}", None, noting, telling(shell)
        ).version
    done = Text(
        f"Version {number} is live, with the content of {version}.",
        f"版本 {number} 已生效，内容与版本 {version} 相同。",
    )
    lines = [*plan_lines(made, shell.language), done.within(shell.language)]
    shell.data({**shown, "version": number}, lines)


@click.command("where-used")
@click.argument("kind")
@click.argument("name")
@json_option
def where_used(kind: str, name: str, as_json: bool) -> None:  # noqa: FBT001 - click
    """List what uses the definition NAME of KIND; a field is written object.field."""
    shell = open_shell(as_json=as_json)
    with shell.platform() as platform:
        found = platform.versions.where_used(kind, name)
    shell.data(
        [one.render(shell.language) for one in found],
        [
            f"{one.module}/{one.kind} {one.name}{one.path}\n"
            f"    {one.sentence.within(shell.language)}"
            for one in found
        ]
        or [NOT_USED.within(shell.language)],
    )


instant = click.DateTime()
entry_number = click.IntRange(1, LARGEST)


@click.command()
@click.argument("number", type=entry_number, required=False)
@click.option("--since", type=instant, help="Only what happened since (UTC).")
@click.option("--until", type=instant, help="Only what happened before (UTC).")
@click.option("--by", metavar="LOGIN", help="Only what this user did.")
@click.option("--kind", help="Only what concerns this kind: object, user, token, draft …")
@click.option("--name", help="Only what concerns this name.")
@click.option("--before", "below", type=entry_number, help="Go on behind the entry of this number.")
@json_option
def audit(
    number: int | None,
    as_json: bool,  # noqa: FBT001 - click
    **wanted: Any,
) -> None:
    """List who changed what, from what to what, the newest 100; or show the entry NUMBER whole."""
    shell = open_shell(as_json=as_json)
    for name in ("since", "until"):
        wanted[name] = wanted[name].replace(tzinfo=UTC) if wanted[name] else None
    with shell.platform() as platform:
        if number is not None:
            entry = shown_entry(read_entry(platform.database, number), shell.language)
            shell.data(entry, _entry_lines(entry))
            return
        found = read_audit(platform.database, Wanted(**wanted))
    shown = [shown_entry(one, shell.language) for one in found]
    shell.data(
        shown,
        [
            f"{one['number']:>6}  {one['at']}  {one['by'] or one['through']:<12} {text}"
            for one in shown
            for text in one["changes"] or [f"{one['action']} {one['kind']} {one['name']}"]
        ],
    )


def _entry_lines(entry: dict[str, Any]) -> Iterator[str]:
    """Yield an entry for a terminal: who and what, then each place before and after."""
    who, what = entry["by"] or entry["through"], f"{entry['kind']} {entry['name']}"
    yield f"{entry['number']}  {entry['at']}  {who}  {entry['action']} {what}"
    yield from entry["changes"]
    for before, after in zip(entry["before"], entry["after"], strict=True):
        for mark, piece in (("-", before), ("+", after)):
            yield f"{mark} {piece['path'] or '/'}  {json.dumps(piece, ensure_ascii=False)}"

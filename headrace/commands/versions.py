"""The versions that were published: their list, differences, going back, where things are used."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from headrace.commands.plans import decisions_option, plan_lines, read_answers
from headrace.commands.shell import json_option, open_shell
from headrace.platform.access.audit import read_audit, shown_entry
from headrace.platform.core.problems import Text

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
        number = platform.publisher.publish(made, message or f"rollback to {version}", None).version
    done = Text(
        f"Version {number} is live, with the content of {version}.",
        f"版本 {number} 已生效,内容与版本 {version} 相同。",
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


@click.command()
@click.option("--since", type=click.DateTime(), help="Only what happened since (UTC).")
@click.option("--kind", help="Only definitions of this kind.")
@click.option("--name", help="Only definitions of this name.")
@json_option
def audit(since: datetime | None, kind: str | None, name: str | None, as_json: bool) -> None:  # noqa: FBT001 - click
    """List who changed which definition, from what to what; the newest 100."""
    shell = open_shell(as_json=as_json)
    start = since.replace(tzinfo=UTC) if since else None
    with shell.platform() as platform:
        found = read_audit(platform.database, since=start, kind=kind, name=name)
        logins = {one.id: one.login for one in platform.identity.users()}
    shown = [shown_entry(one, logins, shell.language) for one in found]
    shell.data(
        shown,
        [
            f"{one['at']}  {one['by'] or one['through']:<12} {text}"
            for one in shown
            for text in one["changes"] or [f"{one['action']} {one['kind']} {one['name']}"]
        ],
    )

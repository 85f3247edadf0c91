"""Work on drafts of definitions, and see what was changed in modules since they were delivered."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from headrace.commands.plans import decisions_option, plan_lines, read_answers, telling
from headrace.commands.shell import json_option, open_shell, problem_line
from headrace.platform.core.errors import RefusedError
from headrace.platform.core.ids import RandomIds
from headrace.platform.core.problems import Text, errors
from headrace.platform.publishing.draft_rows import Draft
from headrace.platform.publishing.folders import read_modules
from headrace.platform.publishing.identities import assign_ids
from headrace.platform.publishing.resolutions import is_resolution, read_resolutions
from headrace.platform.runtime import Platform

ALL_FINE = Text("No problems found.", "未发现问题。")
draft_argument = click.argument("name", metavar="DRAFT")


def add_to(main: click.Group) -> None:
    """Add the commands of this area."""
    main.add_command(draft)
    main.add_command(local_changes)


@click.group()
def draft() -> None:
    """Drafts of definitions, by name or id."""


@draft.command("list")
@click.option("--all", "closed", is_flag=True, help="Also those published or discarded.")
@json_option
def draft_list(closed: bool, as_json: bool) -> None:  # noqa: FBT001 - click
    """List the drafts, the last changed first."""
    shell = open_shell(as_json=as_json)
    with shell.platform() as platform:
        found = platform.drafts.all(closed=closed)
    shown = [_data(one) for one in found]
    shell.data(shown, [f"{one.name}  {one.state}  v{one.base}  {one.id}" for one in found])


@draft.command("create")
@draft_argument
@json_option
def draft_create(name: str, as_json: bool) -> None:  # noqa: FBT001 - click
    """Make a draft on top of the live version."""
    shell = open_shell(as_json=as_json)
    with shell.platform() as platform:
        made = platform.write_as_system(lambda _, work: platform.drafts.create(work, name, None))
    shell.data(_data(made), [made.id])


@draft.command("show")
@draft_argument
@json_option
def draft_show(name: str, as_json: bool) -> None:  # noqa: FBT001 - click
    """Show which definitions a draft changes."""
    shell = open_shell(as_json=as_json)
    with shell.platform() as platform:
        held = platform.drafts.find(name)
        changed = [one for one in platform.drafts.documents(held) if one.is_changed]
    known = [(one, one.document or one.before) for one in changed]
    lines = [
        f"{'-' if one.document is None else '*' if one.before else '+'} {shown.file}"
        for one, shown in known
        if shown is not None
    ]
    shell.data({**_data(held), "documents": lines}, lines)


@draft.command("put")
@draft_argument
@click.argument("path", type=click.Path(path_type=Path))
def draft_put(name: str, path: Path) -> None:
    """Let the modules in PATH stand in the draft exactly as they are there."""
    shell = open_shell()
    with shell.platform() as platform:
        held = platform.drafts.find(name)
        modules = read_modules(path, platform.publisher.types)
        if errors(modules.problems):
            raise RefusedError.of(errors(modules.problems))
        present = platform.drafts.content(held)
        assigned, found = assign_ids(modules.documents, present, RandomIds())
        if errors(found):
            raise RefusedError.of(errors(found))
        rest = [one for one in present if one.module not in modules.names]
        made = platform.write_as_system(
            lambda _, work: platform.drafts.replace(work, held, [*rest, *assigned], "put", None)
        )
    count = made.version - held.version
    shell.say(Text(f"{count} definitions changed.", f"已修改 {count} 个定义。"))


@draft.command("check")
@draft_argument
@json_option
def draft_check(name: str, as_json: bool) -> None:  # noqa: FBT001 - click
    """Say what is wrong with a draft."""
    shell = open_shell(as_json=as_json)
    with shell.platform() as platform:
        found = platform.draft_publisher.check(platform.drafts.find(name))
    fine = [] if found else [ALL_FINE.within(shell.language)]
    lines = [problem_line(one, shell.language) for one in found]
    shell.data([one.render(shell.language) for one in found], [*lines, *fine])
    if errors(found):
        raise SystemExit(1)


@draft.command("plan")
@draft_argument
@decisions_option
@json_option
def draft_plan(name: str, decisions: Path | None, as_json: bool) -> None:  # noqa: FBT001 - click
    """Show what publishing a draft, merged with what is live, would do."""
    shell = open_shell(as_json=as_json)
    answers = read_answers(decisions) or {}
    lines, resolutions = _split(answers)
    with shell.platform() as platform:
        held = platform.drafts.find(name)
        made = platform.draft_publisher.plan(held, lines, read_resolutions(resolutions))
    shell.data(made.render(shell.language), plan_lines(made, shell.language))
    if made.refused:
        raise SystemExit(1)


@draft.command("rebase")
@draft_argument
@decisions_option
def draft_rebase(name: str, decisions: Path | None) -> None:
    """Put a draft on top of the live version."""
    shell = open_shell()
    _, resolutions = _split(read_answers(decisions) or {})
    with shell.platform() as platform:
        made = platform.write_as_system(
            lambda _, work: platform.draft_publisher.rebase(
                work, platform.drafts.find(name), None, read_resolutions(resolutions), None
            )
        )
    shell.say(Text(f"It stands on version {made.base}.", f"现基于版本 {made.base}。"))


@draft.command("publish")
@draft_argument
@decisions_option
@click.option("--merge", is_flag=True, help="Merge with what went live since the draft was made.")
@click.option("-m", "--message", default="", help="What the change is for.")
@json_option
def draft_publish(
    name: str,
    decisions: Path | None,
    merge: bool,  # noqa: FBT001 - click
    message: str,
    as_json: bool,  # noqa: FBT001 - click
) -> None:
    """Publish a draft."""
    shell = open_shell(as_json=as_json)
    lines, resolutions = _split(read_answers(decisions) or {})
    with shell.platform() as platform:
        held = platform.drafts.find(name)
        done = platform.draft_publisher.publish(
            held,
            held.version,
            message,
            None,
            decisions=lines,
            resolutions=read_resolutions(resolutions),
            merging=merge,
            following=telling(shell),
        )
    live = Text(f"Version {done.version} is live.", f"版本 {done.version} 已生效。")
    said = [*plan_lines(done.plan, shell.language), live.within(shell.language)]
    shell.data({**done.plan.render(shell.language), "version": done.version}, said)


@draft.command("discard")
@draft_argument
def draft_discard(name: str) -> None:
    """Give a draft up; its changes stay on record."""
    shell = open_shell()
    with shell.platform() as platform:
        _discard(platform, platform.drafts.find(name))
    shell.say(Text("Discarded.", "已放弃。"))


@click.command("local-changes")
@click.argument("modules", nargs=-1, metavar="[MODULE]...")
@json_option
def local_changes(modules: Sequence[str], as_json: bool) -> None:  # noqa: FBT001 - click
    """Say what was changed here in modules since they were delivered."""
    shell = open_shell(as_json=as_json)
    with shell.platform() as platform:
        found = platform.upgrader.local_changes(modules)
    language = shell.language
    lines = [one.sentence.within(language) for one in found]
    shell.data([one.render(language) for one in found], lines)


def _discard(platform: Platform, held: Draft) -> None:
    platform.write_as_system(lambda _, work: platform.drafts.discard(work, held, None, None))


def _split(answers: dict[str, object]) -> tuple[dict[str, object] | None, dict[str, object]]:
    """Return decisions on lines of a plan, and resolutions of conflicts."""
    resolutions = {key: one for key, one in answers.items() if is_resolution(one)}
    lines = {key: one for key, one in answers.items() if key not in resolutions}
    return lines or None, resolutions


def _data(one: Draft) -> dict[str, object]:
    return {
        "id": one.id,
        "name": one.name,
        "state": one.state,
        "base": one.base,
        "version": one.version,
        "published": one.published,
    }

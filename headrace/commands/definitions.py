"""Check, plan and publish module folders."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import click

from headrace.commands.moving import load_records, moved_records
from headrace.commands.plan_rows import list_rows, out_option, rows_option
from headrace.commands.plans import decisions_option, plan_lines, read_answers, telling
from headrace.commands.shell import (
    json_option,
    open_shell,
    path_argument,
    problem_line,
    with_option,
)
from headrace.commands.trying import plan_replays, summary_line
from headrace.platform import runtime
from headrace.platform.core.problems import Text, errors
from headrace.platform.publishing.overtaken import refuse_overtaken
from headrace.platform.publishing.packages import verify_package
from headrace.platform.publishing.planning import check_folders
from headrace.platform.publishing.sources import open_source

ALL_FINE: Final = Text("No problems found.", "未发现问题。")

upgrade_option = click.option(
    "--upgrade", is_flag=True, help="Keep local changes of the modules, or list what contradicts."
)


def add_to(main: click.Group) -> None:
    """Add the commands of this area."""
    for command in (check, plan, publish):
        main.add_command(command)


@click.command()
@path_argument
@with_option
@click.option("--verify", is_flag=True, help="Also compare the files with package.json.")
@json_option
def check(path: Path, others: Sequence[Path], verify: bool, as_json: bool) -> None:  # noqa: FBT001 - click
    """Check a module folder, a folder of modules, a zip package or a kit, without a database."""
    shell = open_shell(as_json=as_json)
    edited = verify_package(open_source(path)) if verify else ()
    problems = (*edited, *check_folders(path, others, runtime.field_types()))
    shown = [problem.render(shell.language) for problem in problems]
    fine = [] if problems else [ALL_FINE.within(shell.language)]
    shell.data(shown, [*(problem_line(one, shell.language) for one in problems), *fine])
    if errors(problems):
        raise SystemExit(1)


@click.command()
@path_argument
@with_option
@decisions_option
@rows_option
@out_option
@upgrade_option
@json_option
def plan(
    path: Path,
    others: Sequence[Path],
    decisions: Path | None,
    key: str | None,
    out: Path | None,
    upgrade: bool,  # noqa: FBT001 - click
    as_json: bool,  # noqa: FBT001 - click
) -> None:
    """Show what publishing PATH would do to this database; changes nothing."""
    shell = open_shell(as_json=as_json)
    with shell.platform() as platform:
        answers = read_answers(decisions)
        if upgrade:
            made = platform.upgrader.plan(path, others, answers).plan
        else:
            made = platform.publisher.plan(path, others, answers)
            made = replace(made, problems=(*made.problems, *platform.upgrader.overwritten(made)))
        if key is not None:
            list_rows(platform, made, key, out, shell)
            return
        replays = plan_replays(platform, made)
    language = shell.language
    shown = made.render(language) | (
        {"replays": [one.render(language) for one in replays]} if replays else {}
    )
    told = (summary_line(one).within(language) for one in replays)
    shell.data(shown, [*plan_lines(made, language), *told])
    if made.refused:
        raise SystemExit(1)


@click.command()
@path_argument
@with_option
@decisions_option
@click.option("-m", "--message", default="", help="What the change is for.")
@click.option("--on", "base", type=int, help="Refuse where another version than this is live.")
@click.option("--records", is_flag=True, help="Also load the records that travel with PATH.")
@upgrade_option
@json_option
def publish(
    path: Path,
    others: Sequence[Path],
    decisions: Path | None,
    message: str,
    base: int | None,
    records: bool,  # noqa: FBT001 - click
    upgrade: bool,  # noqa: FBT001 - click
    as_json: bool,  # noqa: FBT001 - click
) -> None:
    """Check, plan and publish the modules in PATH; the others stay as they are."""
    shell = open_shell(as_json=as_json)
    moved = moved_records(path) if records else None
    with shell.platform() as platform:
        answers = read_answers(decisions)
        newer = platform.upgrader.plan(path, others, answers) if upgrade else None
        made = newer.plan if newer else platform.publisher.plan(path, others, answers)
        if made.refused:
            shell.data(made.render(shell.language), plan_lines(made, shell.language))
            raise SystemExit(1)
        refuse_overtaken(platform.catalogs, made, base)
        if newer:
            number = platform.upgrader.publish(newer, message, None, telling(shell)).version
        else:
            number = platform.publisher.publish(
                made, message, None, following=telling(shell)
            ).version
        loaded = [] if moved is None else load_records(platform, moved)
    done = Text(f"Version {number} is live.", f"版本 {number} 已生效。")
    shown = {**made.render(shell.language), "version": number}
    lines = [*plan_lines(made, shell.language), done.within(shell.language)]
    shell.data(shown, [*lines, *(one.within(shell.language) for one in loaded)])

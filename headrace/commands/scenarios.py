"""Run scenarios: those of what is live, of a draft or a version, or of module folders."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from headrace.commands.plans import scenario_lines
from headrace.commands.shell import json_option, open_shell, problem_line, with_option
from headrace.commands.trying import draft_option, version_option
from headrace.platform.core.errors import RefusedError
from headrace.platform.core.problems import Text
from headrace.platform.metadata.catalog import Catalog
from headrace.platform.publishing.catalogs import Content
from headrace.platform.runtime import Platform

NONE = Text("There are no scenarios.", "没有业务场景。")


def add_to(main: click.Group) -> None:
    """Add the commands of this area."""
    main.add_command(scenario)


@click.group()
def scenario() -> None:
    """Scenarios: what must come out when people do something."""


@scenario.command()
@click.argument("path", type=click.Path(path_type=Path), required=False)
@with_option
@draft_option
@version_option
@click.option("--name", "names", multiple=True, help="Only the scenario of this name; repeatable.")
@json_option
def run(
    path: Path | None,
    others: Sequence[Path],
    draft: str | None,
    version: int | None,
    names: Sequence[str],
    as_json: bool,  # noqa: FBT001 - click
) -> None:
    """Run the scenarios of what is live, of a draft or a version, or as if PATH were published.

    Each runs in a scratch database; nothing live is touched and nothing is sent. Exit code 1 where
    one is red.
    """
    shell = open_shell(as_json=as_json)
    with shell.platform() as platform:
        if path is not None:
            catalog, content = _of_folder(platform, path, others)
        else:
            catalog = (
                platform.trials.definitions(draft, version) or platform.catalogs.refresh().catalog
            )
            content = Content(catalog.documents, platform.catalogs.content_of(version).rows)
        results = platform.scenarios.run(catalog, content, names or None)
    language = shell.language
    told = list(scenario_lines(results, language)) or [NONE.within(language)]
    red = [one.problem for one in results if one.problem is not None]
    shown = [one.render(language) for one in results]
    shell.data(shown, [*told, *(problem_line(one, language) for one in red)])
    if red:
        raise SystemExit(1)


def _of_folder(platform: Platform, path: Path, others: Sequence[Path]) -> tuple[Catalog, Content]:
    made = platform.publisher.plan(path, others)
    if made.catalog is None:
        raise RefusedError.of(made.refused)
    return made.catalog, made.content

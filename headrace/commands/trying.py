"""Try approvals: with a record as it might be, and with the runs that are over."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import click

from headrace.commands.shell import json_option, open_shell
from headrace.platform.core.problems import Text
from headrace.platform.metadata.storage_types import instant_text
from headrace.platform.metadata.strict_json import parse_json
from headrace.platform.publishing.plan import Plan
from headrace.platform.publishing.trying import replays_of
from headrace.platform.records.context import Context
from headrace.platform.runtime import Platform
from headrace.platform.workflow.access import checked_snapshot
from headrace.platform.workflow.pinned import joined
from headrace.platform.workflow.replaying import MOST_RUNS, USUAL, replay
from headrace.platform.workflow.replays import Replay, Replayed, Way
from headrace.platform.workflow.simulating import JudgedView, Simulation, Trial

STATES = {
    "asked": Text("asks", "审批"),
    "skipped": Text("is skipped", "跳过"),
    "passed": Text("passes, the same person just approved", "同一人刚批准，自动通过"),
    "kept": Text("stays approved", "沿用已有批准"),
    "nobody": Text("finds nobody", "找不到审批人"),
    "unknown": Text("cannot be told", "无法判断"),
    "runs": Text("runs", "执行"),
    "tag": Text("applies too, shown as a tag", "也适用，显示为标签"),
    "no": Text("does not apply", "不适用"),
}
VERDICTS = {
    "same": Text("same", "相同"),
    "different": Text("different", "不同"),
    "unknown": Text("unknown", "未知"),
}

draft_option = click.option("--draft", help="Name or id of a draft, in place of the live version.")
version_option = click.option("--version", type=int, help="Number of a version, in its place.")


def add_to(main: click.Group) -> None:
    """Add the commands of this area."""
    main.add_command(simulate)
    main.add_command(replay_command)


@click.command()
@click.argument("object_name", metavar="OBJECT")
@click.argument("transition")
@click.option("--record", help="Id of a record; without, one with the values of --set alone.")
@click.option("--set", "values", multiple=True, metavar="FIELD=VALUE", help="A value to try.")
@click.option("--submitter", help="Login of who would submit.")
@draft_option
@version_option
@json_option
def simulate(
    object_name: str,
    transition: str,
    record: str | None,
    values: Sequence[str],
    submitter: str | None,
    draft: str | None,
    version: int | None,
    as_json: bool,  # noqa: FBT001 - click
) -> None:
    """Show what TRANSITION would ask of a record of OBJECT; nothing is written.

    A value is text, or JSON where it can be read as such: --set fee=10 --set 'items=[{"price": 5}]'.
    """
    shell = open_shell(as_json=as_json)

    def run(context: Context) -> Simulation:
        trials = platform.trials
        trial = Trial(
            object_name,
            record,
            transition,
            dict(_value(one) for one in values),
            trials.definitions(draft, version),
            trials.submitter(context, submitter) if submitter else None,
        )
        return platform.workflow.try_out(context, trial)

    with shell.platform() as platform:
        found = platform.perform_as_system(run)
    shell.data(found.render(shell.language), list(_simulated(found, shell.language)))


def _value(text: str) -> tuple[str, object]:
    name, _, value = text.partition("=")
    if value[:1] in {"[", "{"}:
        parsed = parse_json(value.encode())
        if not parsed.problems:
            return name, parsed.value
    return name, value or None


def _simulated(found: Simulation, language: str) -> Iterator[str]:
    yield f"{found.transition}: {found.from_state} → {found.to}"
    for one in found.candidates:
        name = one.label.within(language)
        yield f"  {name}: {STATES[one.state].within(language)}{_condition(one.condition)}"
    for position, step in enumerate(found.steps, start=1):
        label = step.label if step.branch is None else joined(step.branch, step.label)
        name = label.within(language)
        people = ", ".join(step.people)
        state = STATES[step.state].within(language)
        due = instant_text(step.due_at) if step.due_at else ""
        yield f"  {position}. {name}: {state} {people}{_condition(step.condition)} {due}".rstrip()
        for source in step.sources:
            left_out = ", ".join(source.left_out)
            why = source.left_out_reason.within(language) if source.left_out_reason else ""
            rest = f" (- {left_out}: {why})" if left_out else ""
            yield f"       {source.reason.within(language)}: {', '.join(source.people)}{rest}"


def _condition(found: JudgedView | None) -> str:
    if found is None:
        return ""
    values = ", ".join(f"{name} = {value}" for name, value in found.values)
    return f"  [{found.source}: {found.truth}; {values}]"


@click.command("replay")
@click.argument("workflow")
@draft_option
@version_option
@click.option("--last", type=click.IntRange(1, MOST_RUNS), default=USUAL, help="How many runs.")
@json_option
def replay_command(
    workflow: str,
    draft: str | None,
    version: int | None,
    last: int,
    as_json: bool,  # noqa: FBT001 - click
) -> None:
    """Take the last runs of WORKFLOW that are over through a draft, a version or what is live."""
    shell = open_shell(as_json=as_json)

    def run(context: Context) -> Replay:
        definitions = platform.trials.definitions(draft, version)
        with checked_snapshot(context) as reading:
            return replay(context, reading, workflow, definitions, last, platform.trials.earlier)

    with shell.platform() as platform:
        found = platform.perform_as_system(run)
    shell.data(found.render(shell.language), list(replay_lines(found, shell.language)))


def replay_lines(found: Replay, language: str) -> Iterator[str]:
    """Write a replay for a terminal: the summary, then the runs that go another way."""
    yield summary_line(found).within(language)
    for name in found.never:
        yield Text(f"  never taken: {name}", f"  从未经过：{name}").within(language)
    for user, (then, now) in sorted(found.tasks().items(), key=lambda one: -one[1][1]):
        if then != now:
            name = found.names.get(user, user)
            yield Text(
                f"  {name}: {then} tasks, now {now}", f"  {name}：任务 {then} → {now}"
            ).within(language)
    for one in found.runs:
        if one.verdict != "same":
            yield from _run(found, one, language)


def summary_line(found: Replay) -> Text:
    """Return what a replay found in one sentence."""
    different, unknown = found.count("different"), found.count("unknown")
    return Text(
        f"{found.workflow}: of the last {len(found.runs)} runs {different} would go another way, "
        f"{unknown} cannot be told",
        f"{found.workflow}：最近 {len(found.runs)} 次审批中，{different} 次将走不同路径，{unknown} 次无法判断",
    )


def plan_replays(platform: Platform, plan: Plan) -> list[Replay]:
    """Return what becomes of the last runs of the workflows that a plan changes."""
    return platform.perform_as_system(
        lambda context: list(replays_of(context, plan, platform.trials))
    )


def _run(found: Replay, one: Replayed, language: str) -> Iterator[str]:
    title = one.title or one.record_id
    yield f"  {VERDICTS[one.verdict].within(language)}: {title} ({one.state})"
    yield f"      {_way(found, one.recorded, language)}"
    yield f"    → {_way(found, one.now, language)}"


def _way(found: Replay, way: Way, language: str) -> str:
    steps = [
        f"{step.name} {STATES[step.state].within(language)} "
        + ", ".join(sorted(found.names.get(user, user) for user in step.people))
        for step in way.steps
    ]
    return f"{way.approval or '–'}: {'; '.join(one.strip() for one in steps)}"

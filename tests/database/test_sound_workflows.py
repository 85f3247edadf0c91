"""Random approvals in which nothing is found wrong run to an end on the platform, whatever comes."""

from __future__ import annotations

from random import Random
from typing import Any

from headrace.platform.core.problems import errors
from headrace.platform.metadata.checks import run_checks
from tests.support.approval_world import World, approval_world, catalog_of
from tests.support.documents import workspace

APPROVERS = ({"field": "company.manager"}, {"role": "finance"}, {"role": "boss"})
BORDERS = (150, 250, 1000)
FEES = ("0", "0.01", "50", "100", "850.01")


def band(random: Random) -> str | None:
    border = random.choice(BORDERS)
    return random.choice(
        (
            None,
            f"payable > {border}",
            f"payable >= {border}",
            f"payable <= {border}",
            f"payable < {border}",
            f"payable > {border} AND kind = 'damage'",
            "kind = 'loss'",
            "kind IN ('damage', 'loss')",
            "kind IS NULL",
        )
    )


def some_workspace(random: Random) -> dict[tuple[str, str], dict[str, Any]]:
    """Draw approvals of the claims' transition at random."""
    contents = workspace()
    first = contents.pop(("approval", "claim_by_amount"))
    contents["object", "claim"]["rules"] = []
    if random.random() < 0.5:
        del contents["workflow", "claim_flow"]["transitions"][0]["without_approval"]
    for number in range(random.randint(1, 4)):
        steps = []
        for position in range(random.randint(1, 3)):
            step: dict[str, Any] = {
                "name": f"s{position}",
                "label": first["steps"][0]["label"],
                "mode": random.choice(("one", "any", "all")),
                "approvers": random.sample(APPROVERS, random.randint(1, 2)),
            }
            condition = band(random)
            steps.append(step if condition is None else {**step, "when": condition})
        if len(steps) > 1 and random.random() < 0.4:
            cut = random.randint(1, len(steps) - 1)
            halves = (steps[:cut], steps[cut:])
            branches = [{"name": f"b{n}", "steps": half} for n, half in enumerate(halves)]
            steps = [{"name": "block", "label": first["label"], "branches": branches}]
        made = {
            **first,
            "name": f"way_{number}",
            "priority": random.choice((10, 20, 30)),
            "steps": steps,
        }
        condition = band(random)
        made.pop("when")
        contents["approval", f"way_{number}"] = (
            made if condition is None else {**made, "when": condition}
        )
    return contents


def run_to_the_end(world: World, random: Random, fee: str, kind: str | None) -> bool:
    """Submit a claim and decide until nobody is asked any more; say whether anybody was."""
    claim = world.claim(amount="150", fee=fee, kind=kind)
    run_id = world.fire("dora", claim, "submit").run_id
    asked = False
    while run_id is not None and (tasks := world.open_tasks(run_id)):
        asked = True
        login = random.choice(sorted(tasks))
        rejected = random.random() < 0.1
        world.decide(login, run_id, "reject" if rejected else "approve", comment="it is so")
    if run_id is not None:
        assert asked, "an approval passed without asking anybody"
        assert world.run(run_id).state in {"approved", "rejected"}
    assert world.state(claim) in {"paid", "rejected"}
    return asked


def test_what_is_found_sound_runs_to_an_end(database_url: str, deep: bool):
    sound = refused = asked = 0
    with approval_world(database_url) as world:
        seed = 0
        while sound < (200 if deep else 6):
            random = Random(seed)
            seed += 1
            contents = some_workspace(random)
            if errors(run_checks(catalog_of(contents, world.catalog.version + 1))):
                refused += 1
                continue
            sound += 1
            world.publish(contents)
            fees = FEES if deep else random.sample(FEES, 2)
            for fee in fees:
                kind = random.choice(("damage", "loss", None))
                asked += run_to_the_end(world, random, fee, kind)
    assert refused > 0
    assert asked > 0

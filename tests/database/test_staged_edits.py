"""Changes that are taken back where they are not approved: fields and rows, as they were in the state before."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

from headrace.platform.core.errors import RefusedError
from headrace.platform.records import reader
from tests.support.approval_world import World, approval_world
from tests.support.documents import workspace

WHY = "Not so"
BACK = {"to": "draft", "undo": True}


def staged(**outcomes: Any) -> dict[tuple[str, str], dict[str, Any]]:
    """Return the workspace with other outcomes of submitting."""
    contents = deepcopy(workspace())
    contents["workflow", "claim_flow"]["transitions"][0]["on"].update(outcomes)
    return contents


def record_of(world: World, record_id: str) -> dict[str, Any]:
    return dict(reader.get(world.context("dora"), "claim", record_id, expand=("items",)))


def seen(world: World, record_id: str) -> dict[str, Any]:
    """Return what people see of a claim: its subject, its sum and its items."""
    record = record_of(world, record_id)
    items = sorted((one["what"], one["price"]) for one in record["items"])
    return {"subject": record["subject"], "payable": record["payable"], "items": items}


def rejected(world: World, run: str) -> None:
    world.decide("mia", run, "reject", comment=WHY)


def withdrawn(world: World, run: str) -> None:
    world.does("dora", lambda c, w: world.engine.withdraw(c, w, run))


@pytest.mark.parametrize("ended", [rejected, withdrawn])
def test_what_was_written_with_the_submission_is_taken_back(
    database_url: str, ended: Callable[[World, str], None]
) -> None:
    with approval_world(database_url, staged(rejected=BACK, withdrawn=BACK)) as world:
        record_id = world.claim(subject="As agreed")
        before = seen(world, record_id)
        (item,) = record_of(world, record_id)["items"]
        rows = {"delete": [item["id"]], "create": [{"what": "Gold", "price": "190"}]}
        run = world.submit(record_id, values={"subject": "More", "items": rows})
        asked = seen(world, record_id)
        assert (asked["subject"], asked["items"]) == ("More", [("Gold", "190.00")])
        ended(world, run)
        assert world.state(record_id) == "draft"
        assert seen(world, record_id) == before
        assert "undone" in world.history(record_id)
        # What is approved stays.
        world.decide("mia", world.submit(record_id, values={"subject": "Again"}))
        assert seen(world, record_id)["subject"] == "Again"


def test_what_was_edited_since_the_record_left_its_settled_state_is_taken_back(
    database_url: str,
) -> None:
    contents = staged(rejected={"to": "paid", "undo": True})
    flow = contents["workflow", "claim_flow"]
    del flow["states"][2]["final"]
    change = {"name": "change", "from": ["paid"], "to": "draft", "by": ["dealer"]}
    flow["transitions"].append({**change, "label": {"en": "Change", "zh": "变更"}})
    dealer = contents["permission", "claim"]["grants"][1]
    dealer["transitions"] = [*dealer["transitions"], "change"]
    with approval_world(database_url, contents) as world:
        record_id = world.claim(subject="As agreed")
        world.decide("mia", world.submit(record_id))
        before = seen(world, record_id)
        world.fire("dora", record_id, "change")
        for subject in ("First", "Second"):
            version, data = world.version(record_id), {"subject": subject}
            world.does(
                "dora",
                lambda c, w, v=version, d=data: world.store.update(c, w, "claim", record_id, d, v),
            )
        run = world.submit(record_id, values={"subject": "Third"})
        world.decide("mia", run, "return", comment=WHY)
        run = world.submit(record_id, values={"subject": "Fourth"})
        rejected(world, run)
        assert world.state(record_id) == "paid"
        assert seen(world, record_id) == before


def test_several_submissions_are_taken_back_to_before_the_first(database_url: str) -> None:
    contents = staged(rejected=BACK, returned="rejected")
    flow = contents["workflow", "claim_flow"]
    flow["transitions"][0]["from"] = ["draft", "rejected"]
    with approval_world(database_url, contents) as world:
        record_id = world.claim(subject="As agreed")
        before = seen(world, record_id)
        run = world.submit(record_id, values={"subject": "First"})
        world.decide("mia", run, "return", comment=WHY)
        assert seen(world, record_id)["subject"] == "First"
        rejected(world, world.submit(record_id))
        assert world.state(record_id) == "draft"
        assert seen(world, record_id) == before


def test_a_rejection_is_refused_where_the_record_cannot_be_as_it_was(database_url: str) -> None:
    contents = staged(rejected=BACK)
    contents["object", "claim"]["unique"] = [{"fields": ["subject"]}]
    with approval_world(database_url, contents) as world:
        record_id = world.claim(subject="As agreed")
        run = world.submit(record_id, values={"subject": "More"})
        world.claim(subject="As agreed")
        with pytest.raises(RefusedError) as error:
            rejected(world, run)
        assert error.value.problems[0].path == "/subject"
        assert world.state(record_id) == "in_approval"
        assert seen(world, record_id)["subject"] == "More"
        assert list(world.open_tasks(run)) == ["mia"]

"""S09: a channel type gets an approval of its own by publishing JSON; rolled back, the former one runs."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa

from headrace.platform.core.problems import errors
from headrace.platform.records.context import Context
from headrace.platform.workflow.simulating import Simulation, Trial
from headrace.platform.workflow.tables import DEFINITION, RUN
from tests.demo.test_behaviour import create, line
from tests.demo.test_flow import approved_by, asked, decide, fire, state
from tests.demo.world import World, make_world

WEEK = ("monday", "tuesday", "wednesday", "thursday", "friday")
CALENDAR = {
    "name": "standard",
    "label": {"en": "Working days", "zh": "工作日"},
    "shifts": [
        {"days": [*WEEK], "opens": "09:00", "closes": "12:00"},
        {"days": [*WEEK], "opens": "13:00", "closes": "18:00"},
    ],
}


def step(name: str, zh: str, *approvers: dict[str, str], **keys: Any) -> dict[str, Any]:
    return {"name": name, "label": {"en": zh, "zh": zh}, "approvers": list(approvers), **keys}


APPROVAL: dict[str, Any] = {
    "kind": "approval",
    "name": "order_engineering",
    "label": {"en": "Three levels for engineering", "zh": "工程渠道三级审批"},
    "workflow": "order_flow",
    "transition": "submit",
    "priority": 30,
    "when": "partner.channel_type.code = 'engineering'",
    "steps": [
        step(
            "manager",
            "渠道经理",
            {"field": "partner.channel_manager"},
            time={"limit": "4", "unit": "working_hours"},
        ),
        step(
            "region",
            "大区经理",
            {"role": "regional_manager", "within": "partner.territory"},
            time={"limit": "8", "unit": "working_hours"},
        ),
        step("director", "渠道总监", {"role": "channel_director"}, when="payable_amount < 300000"),
        step(
            "countersign",
            "会签",
            {"role": "channel_director"},
            {"role": "finance_manager"},
            mode="all",
            when="payable_amount >= 300000",
        ),
    ],
}


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    """A demo of its own: the story publishes."""
    made = make_world(database_url)
    yield made
    made.platform.close()


def order(world: World, login: str, payable: str) -> str:
    """Create an order of exactly `payable`: goods, and the freight that is left."""
    saved = create(world, login, {"lines": [line(100)]})
    gross = Decimal(state(world, "sales_order", saved.id)["gross_amount"])
    quantity = int(Decimal(payable) / (gross / 100))
    saved = create(world, login, {"lines": [line(quantity)]})
    net = Decimal(state(world, "sales_order", saved.id)["net_amount"])
    store = world.platform.store
    world.platform.write_as_system(
        lambda context, work: store.update(
            context,
            work,
            "sales_order",
            saved.id,
            {"freight": str(Decimal(payable) - net)},
            saved.version,
        )
    )
    assert state(world, "sales_order", saved.id)["payable_amount"] == Decimal(payable)
    return saved.id


def give_credit(world: World) -> None:
    """Raise every limit: this story is about amounts, not about credit."""
    store = world.platform.store
    table = world.platform.catalogs.current().tables.of("credit_profile")
    for row in world.rows(sa.select(table.id)):
        found = world.stored("credit_profile", "id", row[0])[0]
        world.platform.write_as_system(
            lambda context, work, found=found: store.update(
                context,
                work,
                "credit_profile",
                found["id"],
                {"credit_limit": "9000000"},
                found["version"],
            )
        )


def submitted(world: World, login: str, order_id: str) -> str:
    run_id = fire(world, login, "sales_order", order_id, "submit").run_id
    assert run_id is not None
    return run_id


def logged(world: World, run_id: str) -> tuple[str, int]:
    """Return the process and the version that the approval log shows of a run."""
    query = (
        sa.select(DEFINITION.c.content, RUN.c.metadata_version)
        .join_from(RUN, DEFINITION, RUN.c.definition == DEFINITION.c.hash)
        .where(RUN.c.id == run_id)
    )
    [row] = world.rows(query)
    return str(row.content["name"]), int(row.metadata_version)


def publish_the_flow(world: World, order_id: str) -> int:
    """Draft the approval, try it with an order, publish; return the version."""
    here = world.platform
    user = world.user_id("linzhixia")
    draft = here.write_as_system(lambda _, work: here.drafts.create(work, "工程渠道", user))
    here.write_as_system(
        lambda _, work: here.drafts.add(work, here.drafts.get(draft.id), "ordering", APPROVAL, user)
    )
    module = next(
        one
        for one in here.drafts.documents(here.drafts.get(draft.id))
        if one.document and (one.document.kind, one.document.name) == ("module", "ordering")
    )
    if not any(here.catalogs.current().catalog.calendars):
        assert module.document is not None
        content = {**module.document.content, "calendars": [CALENDAR]}
        here.write_as_system(
            lambda _, work: here.drafts.put(
                work,
                here.drafts.get(draft.id),
                module.id,
                "ordering",
                content,
                module.version,
                user,
            )
        )
    held = here.drafts.get(draft.id)
    found = errors(here.draft_publisher.check(held))
    assert not found, found

    def tried(context: Context) -> Simulation:
        definitions = here.trials.definitions(draft.id, None)
        submitter = here.trials.submitter(context, "shizhu")
        trial = Trial("sales_order", order_id, "submit", {}, definitions, submitter)
        return here.workflow.try_out(context, trial)

    simulated = here.read_as(user, tried)
    people = [one.people for one in simulated.steps if one.state == "asked"]
    assert simulated.approval == "order_engineering"
    assert people == [("徐皖",), ("陈屿",), ("周牧之",)]
    assert simulated.steps[0].due_at is not None
    return here.draft_publisher.publish(held, held.version, "工程渠道三级审批", user).version


def test_a_channel_type_gets_an_approval_of_its_own(world: World) -> None:
    here = world.platform
    first = here.catalogs.refresh().version
    give_credit(world)
    order_a = order(world, "shizhu", "260000.00")
    run_a = submitted(world, "shizhu", order_a)
    assert set(asked(world, run_a)) == {"xuwan"}

    second = publish_the_flow(world, order_a)

    run_b = submitted(world, "shizhu", order(world, "shizhu", "260000.00"))
    run_c = submitted(world, "shizhu", order(world, "shizhu", "320000.00"))
    untouched = submitted(world, "xumiao", order(world, "xumiao", "160000.00"))
    assert logged(world, untouched) == ("order_by_amount", second)
    assert approved_by(world, run_a) == ["xuwan", "chenyu"], "A goes on as it began"
    decide(world, "xuwan", run_b)
    for login in ("xuwan", "chenyu"):
        decide(world, login, run_c)
    assert set(asked(world, run_c)) == {"zhoumuzhi", "sunmin"}
    decide(world, "sunmin", run_c)
    assert set(asked(world, run_c)) == {"zhoumuzhi"}, "both must approve"

    plan = here.publisher.plan_rollback(first)
    third = here.publisher.publish(plan, "back", None).version
    run_d = submitted(world, "shizhu", order(world, "shizhu", "260000.00"))
    assert approved_by(world, run_d) == ["xuwan", "chenyu"]
    assert approved_by(world, run_b) == ["chenyu", "zhoumuzhi"]
    assert approved_by(world, run_c) == ["zhoumuzhi"]

    assert [logged(world, one) for one in (run_a, run_b, run_c, run_d)] == [
        ("order_by_amount", first),
        ("order_engineering", second),
        ("order_engineering", second),
        ("order_by_amount", third),
    ]

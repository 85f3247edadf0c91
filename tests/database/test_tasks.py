"""The inbox and single tasks: what people see, and that a task opens its record and no more."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
import sqlalchemy as sa

from headrace.platform.access.principals import Credential
from headrace.platform.access.tables import TOKEN
from headrace.platform.core.errors import (
    NewerCatalogError,
    NotFoundError,
    RefusedError,
    StalePrincipalError,
)
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.jobs.tables import JOB
from headrace.platform.records import reader
from headrace.platform.records.context import Context
from headrace.platform.records.query import parse_query
from headrace.platform.workflow.tasks import ACTIONS
from tests.support.approval_world import START, World, approval_world
from tests.support.documents import workspace


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    with approval_world(database_url) as made:
        yield made


def test_the_inbox_tells_what_is_asked(world: World):
    claim = world.claim(amount="2000")
    run_id = world.submit(claim)
    inbox = world.tasks.inbox(world.context("mia"))
    assert inbox.count == 1
    assert inbox.next is None
    item = inbox.items[0]
    assert item.title == world.row(claim)["claim_no"]
    assert item.summary is not None
    assert (item.summary.field, item.summary.value) == ("payable", "2000.00")
    assert item.submitter.name == "Dora"
    assert (item.object, item.record_id, item.run_id) == ("claim", claim, run_id)
    assert item.step_label.en == "Manager"
    assert item.submission == 1
    assert world.tasks.open_count(world.context("mia")) == 1
    assert world.tasks.open_count(world.context("fred")) == 0
    assert inbox.render("zh")["items"][0]["step"] == "经理"


def test_the_lists_of_open_done_and_started(world: World):
    first, second = world.submit(world.claim()), world.submit(world.claim())
    world.decide("mia", first)
    mia, dora = world.context("mia"), world.context("dora")
    assert [one.run_id for one in world.tasks.inbox(mia, "open").items] == [second]
    done = world.tasks.inbox(mia, "done").items
    assert [(one.run_id, one.state) for one in done] == [(first, "approved")]
    started = world.tasks.inbox(dora, "started").items
    assert [(one.run_id, one.state) for one in started] == [(second, "open"), (first, "approved")]
    assert started[0].id is None
    assert world.tasks.inbox(dora, "open").items == ()


def test_the_inbox_is_paged(world: World):
    run_ids = [world.submit(world.claim()) for _ in range(5)]
    context = world.context("mia")
    seen: list[str] = []
    before = None
    while True:
        page = world.tasks.inbox(context, limit=2, before=before)
        assert page.count == 5
        seen += [one.run_id for one in page.items]
        before = page.next
        if before is None:
            break
    assert seen == run_ids[::-1]


def test_a_task_shows_its_record_what_changed_and_who_decided(database_url: str):
    contents = workspace()
    contents["approval", "claim_by_amount"]["steps"][0]["editable"] = ["fee"]
    with approval_world(database_url, contents) as world:
        claim = world.claim(amount="2000")
        run_id = world.submit(claim)
        first = world.tasks.get(world.context("mia"), world.open_tasks(run_id)["mia"].id)
        assert first.changed == {}
        assert first.editable == ("fee",)
        assert first.actions == ACTIONS
        world.decide("mia", run_id, values={"fee": "20"}, comment="with a fee")
        shown = world.tasks.inbox(world.context("bob")).items[0].summary
        assert shown is not None
        assert shown.value == "2020.00", "the sum in lists follows"
        task = world.tasks.get(world.context("bob"), world.open_tasks(run_id)["bob"].id)
        assert task.changed == {"fee": ["0.00", "20.00"], "payable": ["2000.00", "2020.00"]}
        assert task.record is not None
        assert task.record["payable"] == "2020.00"
        assert [line["what"] for line in task.record["items"]] == ["Pump"]
        assert [step.state for step in task.run.steps] == ["approved", "open"]
        assert task.run.steps[0].decisions[0].comment == "with a fee"
        assert task.render("en")["run"]["steps"][0]["tasks"][0]["person"]["name"] == "Mia"


def test_an_open_task_gives_read_on_its_record_only(world: World):
    claim, other = world.claim(), world.claim()
    context = world.context("mia")
    with pytest.raises(NotFoundError):
        reader.get(context, "claim", claim, by_task=True)
    run_id = world.submit(claim)
    record = reader.get(context, "claim", claim, by_task=True, expand=["items"])
    assert record["items"][0]["what"] == "Pump"
    assert "reserve" in record
    with pytest.raises(NotFoundError):
        reader.get(context, "claim", other, by_task=True)
    with pytest.raises(NotFoundError):
        reader.get(world.context("fred"), "company", world.ids.record_id(), by_task=True)
    world.decide("mia", run_id)
    with pytest.raises(NotFoundError):
        reader.get(context, "claim", claim, by_task=True)


def test_a_task_that_is_over_no_longer_shows_the_record(world: World):
    run_id = world.submit(world.claim())
    task_id = world.open_tasks(run_id)["mia"].id
    world.decide("mia", run_id)
    task = world.tasks.get(world.context("mia"), task_id)
    assert task.item.state == "approved"
    assert task.record is None
    assert task.changed == {}
    assert task.actions == ()


def test_somebody_elses_task_is_not_found(world: World):
    task_id = world.open_tasks(world.submit(world.claim()))["mia"].id
    for login in ("fred", "dora", "ann"):
        with pytest.raises(NotFoundError):
            world.tasks.get(world.context(login), task_id)
    for unknown in (world.ids.record_id(), "no-id", ""):
        with pytest.raises(NotFoundError):
            world.tasks.get(world.context("mia"), unknown)


def test_a_partner_approver_sees_no_internal_field(database_url: str):
    contents = workspace()
    contents["approval", "claim_by_amount"]["steps"] = [
        {"name": "edit", "editable": ["reserve"], "approvers": [{"role": "finance"}]},
        {"name": "peer", "approvers": [{"role": "dealer"}]},
    ]
    with approval_world(database_url, contents) as world:
        run_id = world.submit(world.claim())
        world.decide("fred", run_id, values={"reserve": "3"})
        task = world.tasks.get(world.context("olaf"), world.open_tasks(run_id)["olaf"].id)
        assert task.record is not None
        assert "reserve" not in task.record
        assert task.changed == {}
        internal = world.tasks.get(world.context("fred"), _done(world, "fred"))
        assert internal.changed == {"reserve": [None, "3.00"]}


def _done(world: World, login: str) -> str:
    task_id = world.tasks.inbox(world.context(login), "done").items[0].id
    assert task_id is not None
    return task_id


def test_unknown_actions_are_not_there_and_comments_need_text(world: World):
    run_id = world.submit(world.claim())
    for action in ("shelve", "urge", ""):
        with pytest.raises(NotFoundError):
            world.decide("mia", run_id, action)
    with pytest.raises(RefusedError):
        world.decide("mia", run_id, "comment", comment=" ")
    assert world.decide("mia", run_id, "comment", comment="looking into it") is None
    assert set(world.open_tasks(run_id)) == {"mia"}


def test_people_are_told(world: World):
    claim = world.claim()
    run_id = world.submit(claim)
    assert world.notifications.unread_count(world.users["mia"]) == 0, "not before a worker ran"
    world.worker.drain()
    mia = world.users["mia"]
    note = world.notifications.latest(mia)[0]
    assert (note.kind, note.record_id, note.read) == ("task.asked", claim, False)
    assert note.task_id == world.open_tasks(run_id)["mia"].id
    assert "Dora" in note.text.en
    assert "经理" in note.text.zh
    world.does("mia", lambda c, w: world.notifications.mark_read(w, mia))
    assert world.notifications.unread_count(mia) == 0
    world.decide("mia", run_id, "reject", comment="not this time")
    world.worker.drain()
    assert world.notifications.latest(world.users["dora"])[0].kind == "approval.ended"


def test_a_refused_submission_leaves_no_job(world: World):
    claim = world.claim()

    def submit_and_fail(context: Context, work: UnitOfWork) -> None:
        world.engine.fire(context, work, "claim", claim, "submit", version=1)
        raise RuntimeError

    with pytest.raises(RuntimeError):
        world.does("dora", submit_and_fail)
    assert world.rows(sa.select(JOB.c.id)) == []
    assert world.state(claim) == "draft"
    assert world.tasks.open_count(world.context("mia")) == 0


def test_lists_do_not_show_records_by_task(world: World):
    """A task opens its record, not the list: what a list counts depends on grants alone."""
    world.set_roles("mia", ("boss", "root"))
    world.records["away"] = _company_without_region(world)
    shown, hidden = world.claim(), world.claim("system", company=world.records["away"])
    run_id = world.submit(hidden, "system")
    assert set(world.open_tasks(run_id)) == {"mia"}
    context = world.context("mia")
    found = reader.find(context, "claim", parse_query(context, "claim", {}))
    assert [one["id"] for one in found.items] == [shown]
    assert reader.get(context, "claim", hidden, by_task=True)["id"] == hidden


def _company_without_region(world: World) -> str:
    data = {"code": "away", "name": "Away", "manager": world.users["mia"]}
    return world.does("system", lambda c, w: world.store.create(c, w, "company", data)).id


def test_what_is_read_belongs_to_the_live_version_and_to_present_rights(world: World):
    claim = world.claim()
    run_id = world.submit(claim)
    task_id = world.open_tasks(run_id)["mia"].id
    behind = world.context("mia")
    token = with_token(world, behind, stamp=1)
    reads = [
        world.tasks.inbox,
        world.tasks.open_count,
        lambda c: world.tasks.get(c, task_id),
        lambda c: world.engine.available(c, "claim", claim),
        lambda c: world.engine.simulate(c, "claim", claim, "submit"),
        lambda c: world.engine.approvals(c, "claim", claim),
    ]
    for read in reads:
        read(token)
    world.set_user("mia", stamp=2)
    for read in reads:
        with pytest.raises(StalePrincipalError):
            read(token)
    world.publish(workspace())
    for read in reads:
        with pytest.raises(NewerCatalogError):
            read(behind)


def with_token(world: World, context: Context, stamp: int) -> Context:
    token_id = world.ids.record_id()
    user_id = context.principal.user_id
    row = {"id": token_id, "user": user_id, "name": "t", "hash": token_id, "created": START}
    with world.database.writing(None) as work:
        work.connection.execute(sa.insert(TOKEN).values(**row))
    credential = Credential("token", token_id)
    return context.as_principal(replace(context.principal, credential=credential, stamp=stamp))

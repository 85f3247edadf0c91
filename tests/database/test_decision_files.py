"""Files that go with what people say in approvals: taken with it or not at all, for who may hear it."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import date
from functools import partial
from itertools import count
from typing import Any

import pytest
import sqlalchemy as sa

from headrace.platform.access.tables import USER
from headrace.platform.core.errors import NotFoundError, PlatformError, RefusedError
from headrace.platform.files.store import FileStore, Upload, find_files, forget_waiting
from headrace.platform.files.tables import FILE, OF_DECISIONS
from headrace.platform.records.file_sweeping import FileSweeper
from headrace.platform.workflow.delegations import Delegations
from headrace.platform.workflow.file_reading import readable_file
from headrace.platform.workflow.file_sweeping import sweep_decision_files
from headrace.platform.workflow.tables import DECISION
from tests.database.test_ways_back import BOSS, FINANCE, MANAGER, REASON, steps
from tests.database.test_workflow_races import in_threads
from tests.support.approval_world import ZONE, World, approval_world
from tests.support.files import PDF, png
from tests.support.kill_points import Points, in_child

ABSENT = "5f0c2b1e-9d64-4c1b-a1d7-3e8f0b6a2c94"
DAY = date(2025, 6, 30)


@pytest.fixture(scope="module")
def world(shared_database_url: str) -> Iterator[World]:
    with approval_world(shared_database_url, steps(MANAGER, BOSS, FINANCE)) as found:
        yield found


def upload(world: World, login: str, content: bytes = PDF, name: str = "a.pdf") -> str:
    store = FileStore(world.database, ZONE)
    sent = Upload(name, io.BytesIO(content))
    return world.does(login, lambda _, w: store.keep(w, world.users[login], sent)).id


def holders(world: World, *ids: str) -> list[tuple[str, str, str] | None]:
    with world.database.reading() as reading:
        found = find_files(reading, world.database.dialect, ids)
    return [found[one].holder for one in ids]


def said(world: World, run: str, action: str) -> Any:
    (row,) = world.rows(
        sa.select(DECISION).where(DECISION.c.run == run, DECISION.c.action == action)
    )
    return row


def problem_of(world: World, login: str, file_id: str) -> list[str] | None:
    """What somebody who asks for a file is told; None where they get it."""
    try:
        assert readable_file(world.context(login), file_id).id == file_id
    except NotFoundError as error:
        return [one.code for one in error.problems]
    return None


def readers(world: World, file_id: str) -> set[str]:
    people = sorted(world.users.keys() - {"system"})
    told = {login: problem_of(world, login, file_id) for login in people}
    unknown = {login: problem_of(world, login, ABSENT) for login in people}
    assert all(told[login] in (None, unknown[login]) for login in people)
    return {login for login in people if told[login] is None}


def problems(error: pytest.ExceptionInfo[RefusedError]) -> list[tuple[str, str]]:
    return [(one.code, one.path) for one in error.value.problems]


# -- taking ----------------------------------------------------------------------------------------


def test_each_act_takes_its_files_in_their_order(world):
    run = world.submit(world.claim())
    fred = {"to": world.users["fred"]}
    acts: list[tuple[str, str, dict[str, Any]]] = [
        ("mia", "comment", {"comment": "So far good"}),
        ("mia", "ask_opinion", {"to": world.users["rita"], "comment": "Usual?"}),
        ("rita", "comment", {"comment": "Quite usual"}),
        ("mia", "add_approver", {**fred, "place": "after"}),
        ("mia", "approve", {}),
        ("fred", "transfer", {"to": world.users["ann"]}),
        ("ann", "return", {"comment": REASON}),
    ]
    named = ["comment", "ask_opinion", "opinion", "add_after", "approve", "transfer", "return"]
    for (login, act, more), name in zip(acts, named, strict=True):
        files = [upload(world, login, name=f"{one}.pdf") for one in "ba"]
        world.decide(login, run, act, files=files, **more)
        row = said(world, run, name)
        assert holders(world, *files) == [(OF_DECISIONS, row.id, "files")] * 2
        view = world.engine.approvals(world.context("ann"), "claim", world.run(run).record_id)[0]
        (shown,) = (
            one.render("en")["files"]
            for step in view.steps
            for one in step.decisions
            if one.action == name
        )
        assert [(one["id"], one["name"]) for one in shown] == list(
            zip(files, ("b.pdf", "a.pdf"), strict=True)
        )
    assert "files" not in world.engine.approvals(
        world.context("ann"), "claim", world.run(run).record_id
    )[0].render("en")


def test_what_is_taken_back_and_withdrawn_has_files_too(world):
    run = world.submit(world.claim())
    world.decide("mia", run)
    task = world.rows(sa.select(DECISION).where(DECISION.c.run == run))[0].task
    files = [upload(world, "mia")]
    world.does(
        "mia", lambda c, w: world.tasks.decide(c, w, task, "take_back", version=2, files=files)
    )
    assert holders(world, *files) == [(OF_DECISIONS, said(world, run, "take_back").id, "files")]
    run = world.submit(world.claim())
    files = [upload(world, "dora")]
    world.does("dora", lambda c, w: world.engine.withdraw(c, w, run, files=files))
    assert holders(world, *files) == [(OF_DECISIONS, said(world, run, "withdraw").id, "files")]


def test_only_what_waits_and_is_ones_own_is_taken_and_nothing_else_happens(world):
    run = world.submit(world.claim())
    own, theirs, used = upload(world, "mia"), upload(world, "bob"), upload(world, "mia")
    world.decide("mia", run, "comment", comment="x", files=[used])
    for wrong in (theirs, used, ABSENT, "x", "", "'; --", "é" * 36):
        with pytest.raises(RefusedError) as error:
            world.decide("mia", run, "reject", comment=REASON, files=[own, wrong])
        assert problems(error) == [("file.unknown", "/files/1")]
        problem = error.value.problems[0]
        assert problem.message.within("zh") == "意见的第 2 个文件不存在或不可用于此处。"
        assert "Upload the file again" in problem.hint.within("en")
    for wrong, refused in (
        ([own, own, theirs], [("files.twice", "/files/1")]),
        ([own] * 11, [("files.too_many", "/files")]),
    ):
        with pytest.raises(RefusedError) as error:
            world.decide("mia", run, "approve", files=wrong)
        assert problems(error) == refused
    # What is refused for another reason takes nothing either.
    with pytest.raises(RefusedError):
        world.decide("mia", run, files=[own], copy_to=["x"])
    assert holders(world, own, theirs) == [None, None]
    assert world.decisions(run) == [("mia", "comment")]
    world.decide("mia", run, files=[own])


def test_two_decisions_with_the_same_files_at_one_moment_one_gets_them(world):
    for _ in range(4):
        runs = [world.submit(world.claim()) for _ in range(2)]
        files = [upload(world, "mia") for _ in range(3)]
        tasks = [world.open_tasks(run)["mia"] for run in runs]
        refused: list[PlatformError] = []

        def decide(index: int) -> None:
            task, order = tasks[index], files[:: 1 if index else -1]  # noqa: B023 - run at once
            try:
                world.does(
                    "mia",
                    lambda c, w: world.tasks.decide(
                        c, w, task.id, "approve", version=task.version, files=order
                    ),
                )
            except RefusedError as error:
                refused.append(error)  # noqa: B023 - run at once

        in_threads(2, decide)
        assert [one.problems[0].code for one in refused] == ["file.unknown"]
        (won,) = (run for run in runs if world.decisions(run))
        assert (
            holders(world, *files) == [(OF_DECISIONS, said(world, won, "approve").id, "files")] * 3
        )


def test_a_kill_leaves_both_or_neither(world):
    """kill -9 at moments of a decision: a file is held exactly where the decision is there."""
    ends = []
    for deadly in count(20, 9):
        run, file_id = world.submit(world.claim()), upload(world, "mia")
        decide = partial(world.decide, "mia", run, files=[file_id])
        world.database.dispose()
        ends.append(in_child(partial(Points(deadly).during, decide)))
        decided = world.decisions(run) != []
        assert (holders(world, file_id)[0] is not None) == decided
        if ends[-1] == 0:
            break
    assert decided
    assert len(ends) > 3


# -- reading ---------------------------------------------------------------------------------------


def test_a_file_is_for_whoever_is_told_of_its_comment(world):
    run = world.submit(world.claim())
    waiting = upload(world, "mia", png(), "photo.png")
    assert readers(world, waiting) == {"mia"}
    talk = upload(world, "mia")
    world.decide("mia", run, "comment", comment="Not for them", files=[talk])
    # Bob and Rita have the record within their regions, Ann and finance all of them.
    internal = {"ann", "fred", "faye", "bob", "rita"}
    assert readers(world, talk) == internal | {"mia"}
    world.decide("mia", run, "reject", comment=REASON, files=[waiting])
    # A partner is told why, and so are their colleagues; another partner is not.
    assert readers(world, waiting) == internal | {"mia", "dora", "dave"}
    assert readers(world, talk) == internal | {"mia"}


@pytest.fixture
def gia(world: World) -> Iterator[str]:
    """A colleague whose role reaches claims of another region only."""
    world.users["gia"] = world.ids.record_id()
    region = {"code": world.ids.record_id()[-9:], "name": "Far"}
    create = lambda c, w: world.store.create(c, w, "region", region)  # noqa: E731
    world.records["far"] = world.does("system", create).id
    with world.database.writing(None) as work:
        like = sa.select(USER).where(USER.c.id == world.users["mia"])
        row = dict(work.connection.execute(like).mappings().one())
        row |= {"id": world.users["gia"], "login": world.users["gia"], "name": "Gia"}
        work.connection.execute(sa.insert(USER), [row])
    world.set_roles("gia", ("boss", "far"))
    yield "gia"
    del world.users["gia"]


def test_who_got_a_copy_has_it_too(world, gia):
    run = world.submit(world.claim())
    first, second = upload(world, "mia"), upload(world, "mia")
    world.decide("mia", run, "comment", comment="See", files=[first])
    assert gia not in readers(world, first)
    world.decide("mia", run, files=[second], copy_to=[world.users[gia]])
    assert {gia} <= readers(world, first) & readers(world, second)


def test_who_stands_in_has_it_while_they_do_and_after_they_decided(world, gia):
    run, other = world.submit(world.claim()), world.submit(world.claim())
    mine, theirs = upload(world, "mia"), upload(world, "mia")
    for one, file_id in ((run, mine), (other, theirs)):
        world.decide("mia", one, files=[file_id])
    delegations = Delegations(world.notifications)
    make = lambda c, w: delegations.create(c, w, world.users[gia], DAY, DAY)  # noqa: E731
    made = world.does("bob", make)
    assert gia in readers(world, mine) & readers(world, theirs)
    task = world.open_tasks(run)["bob"]
    world.does(gia, lambda c, w: world.tasks.decide(c, w, task.id, "approve", version=task.version))
    world.does("bob", lambda c, w: delegations.end(c, w, made.id))
    assert gia in readers(world, mine)
    assert gia not in readers(world, theirs)


# -- keeping ---------------------------------------------------------------------------------------


def test_files_stay_with_their_decisions_and_go_with_the_record(world):
    run = world.submit(world.claim())
    waiting, held = upload(world, "mia"), upload(world, "mia")
    world.decide("mia", run, "comment", comment="See", files=[held])
    old = FILE.c.id.in_((waiting, held))
    with world.database.writing(None) as work:
        work.connection.execute(sa.update(FILE).where(old).values(uploaded_at=work.now))
        work.now = work.now.replace(year=work.now.year + 1)
        forget_waiting(work)
    FileSweeper(world.database).sweep()
    sweep_decision_files(world.database)
    assert holders(world, held) == [(OF_DECISIONS, said(world, run, "comment").id, "files")]
    with pytest.raises(KeyError):
        holders(world, waiting)
    record, claims, items = (
        world.run(run).record_id,
        world.tables.of("claim"),
        world.tables.of("claim_item"),
    )
    with world.database.writing(None) as work:
        work.connection.execute(sa.delete(items.table).where(items.columns["claim"] == record))
        work.connection.execute(sa.delete(claims.table).where(claims.id == record))
    assert sweep_decision_files(world.database) == 1
    with pytest.raises(KeyError):
        holders(world, held)

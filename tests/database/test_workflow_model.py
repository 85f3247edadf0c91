"""Random approvals and random commands against a reference model that knows no database."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headrace.platform.core.errors import PlatformError
from headrace.platform.workflow.returning import COURSES
from headrace.platform.workflow.tables import TASK
from headrace.platform.workflow.voting import PLACES
from tests.support.approval_world import World, approval_world
from tests.support.documents import workspace

SOURCES: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {
    "manager": ({"field": "company.manager"}, ("mia",)),
    "finance": ({"role": "finance"}, ("faye", "fred")),
    "boss": ({"role": "boss", "within": "company.region"}, ("bob",)),
}
CONDITIONS = {None: lambda *_: True, "fee > 10": lambda fee, _: fee > 10}
CONDITIONS["payable > 250"] = lambda _, payable: payable > 250
APPROVERS = ("mia", "faye", "fred", "bob")
COLLEAGUES = ("ann", "bob", "faye", "fred", "rita")
RATIO = 60
EACH = ("all", "sequence", "ratio")
UNDECIDED = ("open", "waiting")


@dataclass(frozen=True)
class ModelStep:
    mode: str
    sources: tuple[str, ...]
    when: str | None
    editable: bool

    def document(self, name: str) -> dict[str, Any]:
        document: dict[str, Any] = {
            "name": name,
            "mode": self.mode,
            "approvers": [SOURCES[one][0] for one in self.sources],
        }
        if self.mode == "ratio":
            document["ratio"] = RATIO
        if self.when:
            document["when"] = self.when
        if self.editable:
            document["editable"] = ["fee"]
        return document

    def asked(self) -> list[str]:
        people = list(dict.fromkeys(p for one in self.sources for p in SOURCES[one][1]))
        return people[:1] if self.mode == "one" else people


@dataclass
class Asked:
    """Somebody in a step; the order of a step's dictionary is the order in which they were asked."""

    state: str
    place: str | None = None
    by: str | None = None


@dataclass
class Reached:
    """A step that was reached."""

    node: int
    state: str
    people: dict[str, Asked] = field(default_factory=dict)
    approvers: list[str] = field(default_factory=list)
    then: int | None = None

    def own(self) -> list[Asked]:
        return [one for one in self.people.values() if one.place is None and one.state != "closed"]

    def added(self) -> list[Asked]:
        return [one for one in self.people.values() if one.place and one.state != "closed"]


@dataclass
class Model:
    """One claim and its current run, as the documents describe them."""

    steps: tuple[ModelStep, ...]
    amount: Decimal
    fee: Decimal = Decimal(0)
    submitted_fee: Decimal = Decimal(0)
    state: str = "draft"
    runs: int = 0
    run_state: str = "none"
    reached: list[Reached] = field(default_factory=list)
    sent_back: dict[int, list[str]] = field(default_factory=dict)

    # -- questions

    @property
    def now(self) -> Reached:
        return next(one for one in self.reached if one.state == "open")

    def waiting(self) -> list[str]:
        people = self.now.people if self.run_state == "open" else {}
        return [login for login, one in people.items() if one.state == "open"]

    def latest(self, login: str) -> tuple[Reached, Asked] | None:
        found = [one for one in self.reached if login in one.people]
        return (found[-1], found[-1].people[login]) if found else None

    def is_decided(self) -> bool:
        states = {one.state for entry in self.reached for one in entry.people.values()}
        return bool(states & {"approved", "rejected", "returned"})

    def refusal(self, login: str) -> str | None:
        """Return why a login may not act on its latest task."""
        latest = self.latest(login)
        if latest is None:
            return "no task"
        if latest[1].state == "waiting":
            return "task.waits"
        if latest[1].state != "open":
            done = self.is_decided() or self.run_state == "withdrawn"
            return "task.already_decided" if done else "task.closed"
        return None

    # -- commands

    def submit(self) -> str | None:
        if self.state != "draft":
            return "workflow.wrong_state"
        kept, self.sent_back = self.sent_back, {}
        self.runs, self.reached = self.runs + 1, []
        self.state, self.submitted_fee = "in_approval", self.fee
        self.run_state = "open"
        self.advance(0, kept=kept)
        return None

    def edit(self) -> str | None:
        if self.state != "draft":
            return "refused"
        self.sent_back = {}
        return None

    def advance(
        self,
        node: int,
        kept: dict[int, list[str]] | None = None,
        forced: bool = False,
        then: int | None = None,
    ) -> None:
        first = node
        while node < len(self.steps):
            step, after = self.steps[node], (then if node == first else None)
            if not CONDITIONS[step.when](self.fee, self.amount + self.fee):
                self.reached.append(Reached(node, "skipped"))
            elif kept and node in kept:
                self.reached.append(Reached(node, "kept", approvers=kept[node]))
            else:
                again = [one for one in step.asked() if one in self.approved_last()]
                asks = forced and node == first
                if not again or asks or step.mode in EACH or step.editable:
                    people = {one: Asked("open") for one in step.asked()}
                    if step.mode == "sequence":
                        for login in step.asked()[1:]:
                            people[login].state = "waiting"
                    self.reached.append(Reached(node, "open", people, then=after))
                    return
                self.reached.append(Reached(node, "passed", approvers=again[:1]))
            node = node + 1 if after is None else after
        self.finish("approved", "paid")

    def approved_last(self) -> list[str]:
        taken = [one for one in self.reached if one.state in {"approved", "passed", "kept"}]
        return self.approvers(taken[-1]) if taken else []

    @staticmethod
    def approvers(entry: Reached) -> list[str]:
        said = [login for login, one in entry.people.items() if one.state == "approved"]
        return said or entry.approvers

    def finish(self, run_state: str, state: str) -> None:
        if any(one.state == "open" for one in self.reached):
            self.end_step("rejected" if run_state == "rejected" else "closed")
        self.run_state, self.state = run_state, state
        if run_state == "rejected":
            self.fee = self.submitted_fee
        if run_state in {"rejected", "returned"}:
            newest = {one.node: one for one in self.reached}
            self.sent_back = {
                node: self.approvers(one)
                for node, one in newest.items()
                if one.state in {"approved", "passed", "kept"}
            }

    def end_step(self, state: str) -> None:
        now = self.now
        now.state = state
        for one in now.people.values():
            one.state = "closed" if one.state in UNDECIDED else one.state

    def decide(self, login: str, action: str, fee: Decimal | None) -> str | None:
        refused = self.refusal(login)
        if refused:
            return refused
        now = self.now
        if fee is not None and not self.steps[now.node].editable:
            return "approval.not_editable"
        self.fee = self.fee if fee is None else fee
        now.people[login].state = "rejected" if action == "reject" else "approved"
        self.settle()
        return None

    def own_result(self, now: Reached) -> str:
        states = [one.state for one in now.own()]
        yes, no, mode = (
            states.count("approved"),
            states.count("rejected"),
            self.steps[now.node].mode,
        )
        if mode == "ratio":
            if 100 * yes >= RATIO * len(states):
                return "approved"
            return "rejected" if 100 * (len(states) - no) < RATIO * len(states) else "open"
        if no:
            return "rejected"
        if mode in EACH:
            return "approved" if yes == len(states) else "open"
        return "approved" if yes else "open"

    def settle(self) -> None:
        now = self.now
        own = self.own_result(now)
        if own == "rejected" or any(one.state == "rejected" for one in now.added()):
            self.finish("rejected", "rejected")
            return
        if own == "approved":
            for one in now.own():
                one.state = "closed" if one.state in UNDECIDED else one.state
        for one in now.added():
            # Who was to decide before somebody that need not decide any more.
            if one.place == "before" and one.state in UNDECIDED:
                asker = now.people[str(one.by)]
                one.state = "closed" if asker.state not in UNDECIDED else one.state
        if own == "approved" and not any(one.state in UNDECIDED for one in now.added()):
            following = now.node + 1 if now.then is None else now.then
            self.end_step("approved")
            self.advance(following)
            return
        self.turns(now)

    def turns(self, now: Reached) -> None:
        blocked = {
            o.by for o in now.people.values() if o.place == "before" and o.state in UNDECIDED
        }
        added_open = any(one.state == "open" for one in now.added())
        own = self.own_result(now)
        busy = any(one.state == "open" for one in now.own())
        first = True
        turns = []
        for login, one in now.people.items():
            if one.state != "waiting":
                continue
            if one.place is None and self.steps[now.node].mode == "sequence":
                turn, first = first and not busy and login not in blocked, False
            elif one.place == "after":
                turn = own == "approved" and not added_open and login not in blocked
            else:
                turn = login not in blocked
            if turn:
                turns.append(one)
        for one in turns:
            one.state = "open"

    def add(self, login: str, to: str, place: str) -> str | None:
        refused = self.refusal(login)
        if refused:
            return refused
        now = self.now
        if to in now.people:
            return "task.wrong_receiver"
        now.people[to] = Asked("waiting" if place == "after" else "open", place, login)
        if place == "before":
            now.people[login].state = "waiting"
        return None

    def give_back(self, login: str, to: int | None, course: str) -> str | None:
        refused = self.refusal(login)
        if refused:
            return refused
        now = self.now
        newest = {one.node: one.state for one in self.reached}
        taken = to is not None and to < now.node
        if to is not None and not (taken and newest.get(to) in {"approved", "passed", "kept"}):
            return "task.wrong_step"
        now.people[login].state = "returned"
        self.end_step("returned")
        if to is None:
            self.finish("returned", "draft")
        else:
            self.advance(to, forced=True, then=now.node if course == "on" else None)
        return None

    def take_back(self, login: str) -> str | None:
        latest = self.latest(login)
        if latest is None:
            return "no task"
        entry, one = latest
        if one.state not in {"approved", "rejected", "returned"}:
            return "task.not_decided"
        place = next(n for n, other in enumerate(self.reached) if other is entry)
        later = self.reached[place + 1 :]
        said = {o.state for other in later for o in other.people.values()}
        late = bool(said & {"approved", "rejected", "returned"})
        mode = self.steps[entry.node].mode
        others = list(entry.people)
        behind = others[others.index(login) + 1 :] if mode == "sequence" else []
        asker = entry.people[str(one.by)] if one.place == "before" else None
        late = late or (asker is not None and asker.state in {"approved", "rejected"})
        late = late or any(
            entry.people[o].place is None and entry.people[o].state in {"approved", "rejected"}
            for o in behind
        )
        if self.run_state != "open" or entry.state not in {"open", "approved"} or late:
            return "task.not_taken_back"
        for other in later:
            other.state = "closed"
            for o in other.people.values():
                o.state = "closed" if o.state in UNDECIDED else o.state
        entry.state, one.state = "open", "open"
        if mode == "sequence":
            for o in behind:
                if entry.people[o].place is None and entry.people[o].state == "open":
                    entry.people[o].state = "waiting"
        for o in entry.people.values():
            if o.state == "closed" and o.place != "before":
                o.state = "open"
        if asker is not None and asker.state == "open":
            asker.state = "waiting"
        self.turns(entry)
        return None

    def withdraw(self) -> str | None:
        if not self.runs:
            return "no run"
        if self.run_state != "open":
            return "approval.ended"
        if self.is_decided():
            return "approval.decided"
        self.finish("withdrawn", "draft")
        self.sent_back = {}
        return None

    def move(self, source: tuple[str, ...], target: str) -> str | None:
        if self.state not in source:
            return "workflow.wrong_state"
        self.state = target
        return None


STEPS = st.builds(
    ModelStep,
    st.sampled_from(["one", "any", "all", "sequence", "ratio"]),
    st.lists(st.sampled_from(sorted(SOURCES)), min_size=1, max_size=3, unique=True).map(tuple),
    st.sampled_from([None, None, *CONDITIONS]),
    st.booleans(),
)
FEES = st.sampled_from([None, None, None, Decimal(5), Decimal(20), Decimal(120)])
SOMEBODY = st.sampled_from(APPROVERS)
COMMANDS = st.one_of(
    st.tuples(st.sampled_from(["submit", "withdraw", "revise", "cancel", "edit"])),
    st.tuples(st.just("approve"), SOMEBODY, FEES),
    st.tuples(st.just("next"), FEES),
    st.tuples(st.just("next"), FEES),
    st.tuples(st.just("next"), FEES),
    st.tuples(st.just("reject"), SOMEBODY, st.none()),
    st.tuples(
        st.just("add"), st.integers(0, 3), st.sampled_from(COLLEAGUES), st.sampled_from(PLACES)
    ),
    st.tuples(st.just("return"), st.integers(0, 3), st.integers(-1, 3), st.sampled_from(COURSES)),
    st.tuples(st.just("take_back"), st.sampled_from(COLLEAGUES)),
)


class Real:
    """The same commands on the platform; each returns the code of its refusal, or None."""

    def __init__(self, world: World, amount: Decimal) -> None:
        self.world = world
        self.claim = world.claim(amount=str(amount))
        self.run_id: str | None = None

    def fire(self, transition: str, comment: str | None = None) -> str | None:
        def fire() -> None:
            fired = self.world.fire("dora", self.claim, transition, comment=comment)
            self.run_id = fired.run_id or self.run_id

        return refused(fire)

    def edit(self) -> str | None:
        change = {"subject": self.world.ids.record_id()}
        version = self.world.version(self.claim)
        code = refused(
            lambda: self.world.does(
                "dora",
                lambda c, w: self.world.store.update(c, w, "claim", self.claim, change, version),
            )
        )
        return "refused" if code else None

    def withdraw(self) -> str | None:
        run_id = self.run_id
        if run_id is None:
            return "no run"
        return refused(
            lambda: self.world.does("dora", lambda c, w: self.world.engine.withdraw(c, w, run_id))
        )

    def act(self, login: str, action: str, **more: Any) -> str | None:
        task = self.latest_task(login)
        if task is None:
            return "no task"
        more = {"version": task.version, "comment": "so be it", **more}
        return refused(
            lambda: self.world.does(
                login, lambda c, w: self.world.tasks.decide(c, w, task.id, action, **more)
            )
        )

    def latest_task(self, login: str) -> Any:
        user = self.world.users[login]
        wanted = sa.select(TASK).where(TASK.c.run == (self.run_id or ""), TASK.c.user == user)
        found = self.world.rows(wanted.order_by(TASK.c.id.desc()).limit(1))
        return found[0] if found else None

    def waiting(self) -> dict[str, Any]:
        return self.world.open_tasks(self.run_id) if self.run_id else {}


def refused(action: Callable[[], Any]) -> str | None:
    try:
        action()
    except PlatformError as error:
        return error.problems[0].code
    return None


def apply(model: Model, real: Real, command: tuple[Any, ...]) -> tuple[str | None, str | None]:
    name, *given = command
    match name:
        case "next" | "approve" | "reject":
            login = (*model.waiting(), "mia")[0] if name == "next" else given[0]
            action, fee = ("reject" if name == "reject" else "approve"), given[-1]
            values = None if fee is None else {"fee": str(fee)}
            return model.decide(login, action, fee), real.act(login, action, values=values)
        case "add":
            index, to, place = given
            login = nth(model.waiting(), index)
            told = {"to": real.world.users[to], "place": place}
            return model.add(login, to, place), real.act(login, "add_approver", **told)
        case "return":
            index, to, course = given
            login = nth(model.waiting(), index)
            step = None if to < 0 else f"s{to}"
            node = None if to < 0 else to
            expected = model.give_back(login, node, course)
            return expected, real.act(login, "return", to=step, course=course)
        case "take_back":
            return model.take_back(given[0]), real.act(given[0], "take_back")
        case "submit":
            return model.submit(), real.fire("submit")
        case "withdraw":
            return model.withdraw(), real.withdraw()
        case "edit":
            return model.edit(), real.edit()
        case "revise":
            return model.move(("rejected",), "draft"), real.fire("revise")
    return model.move(("draft", "rejected"), "cancelled"), real.fire("cancel", "no longer")


def nth(logins: list[str], index: int) -> str:
    return logins[index % len(logins)] if logins else "mia"


def check(model: Model, real: Real) -> None:
    world = real.world
    row = world.row(real.claim)
    assert row["status"] == model.state
    assert row["fee"] == model.fee
    assert row["payable"] == model.amount + model.fee
    assert set(real.waiting()) == set(model.waiting())
    if real.run_id is not None:
        run = world.run(real.run_id)
        steps = world.rows_of_step(real.run_id)
        assert [(one.node, one.state) for one in steps] == [
            (one.node, one.state) for one in model.reached
        ]
        assert run.state == model.run_state
        assert (run.state == "open") == (model.state == "in_approval")
        assert run.state != "open" or real.waiting(), "an open run waits for somebody"


EDGES = {
    (None, "draft"),
    ("draft", "in_approval"),
    ("draft", "paid"),
    ("in_approval", "paid"),
    ("in_approval", "rejected"),
    ("in_approval", "draft"),
    ("rejected", "draft"),
    ("draft", "cancelled"),
    ("rejected", "cancelled"),
}


def test_random_approvals_do_what_the_model_says(database_url: str, deep: bool):
    with approval_world(database_url) as world:
        count = 0

        @settings(
            max_examples=10_000 if deep else 50,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        )
        @given(
            st.lists(STEPS, min_size=1, max_size=4),
            st.sampled_from([Decimal(150), Decimal(300)]),
            st.lists(COMMANDS, min_size=8, max_size=24),
        )
        def follow(
            steps: list[ModelStep], amount: Decimal, commands: list[tuple[Any, ...]]
        ) -> None:
            nonlocal count
            contents = workspace()
            approval = contents["approval", "claim_by_amount"]
            approval["steps"] = [one.document(f"s{place}") for place, one in enumerate(steps)]
            world.publish(contents)
            model, real = Model(tuple(steps), amount), Real(world, amount)
            for command in (("submit",), *commands):
                expected, found = apply(model, real, command)
                assert found == expected, command
                check(model, real)
                count += 1
            changes = [tuple(one) for one in world.state_changes(real.claim)]
            assert set(changes) <= EDGES
            assert [new for _, new in changes[:-1]] == [old for old, _ in changes[1:]]

        follow()
        print(f"{count} steps of the model without a difference")

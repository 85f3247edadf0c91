"""Random approvals and random commands against a reference model that knows no database."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headrace.platform.core.errors import PlatformError
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
        if self.when:
            document["when"] = self.when
        if self.editable:
            document["editable"] = ["fee"]
        return document

    def asked(self) -> list[str]:
        people = list(dict.fromkeys(p for one in self.sources for p in SOURCES[one][1]))
        return people[:1] if self.mode == "one" else people


@dataclass
class Model:
    """One claim and its current run, as the contract describes them."""

    steps: tuple[ModelStep, ...]
    amount: Decimal
    fee: Decimal = Decimal(0)
    state: str = "draft"
    reached: list[str] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)
    asked_ever: set[str] = field(default_factory=set)
    approved_last: list[str] = field(default_factory=list)
    decided: bool = False

    def submit(self) -> str | None:
        if self.state != "draft":
            return "workflow.wrong_state"
        self.reached, self.waiting, self.approved_last = [], [], []
        self.asked_ever, self.decided = set(), False
        self.state = "in_approval"
        self._advance()
        return None

    def _advance(self) -> None:
        while len(self.reached) < len(self.steps):
            step = self.steps[len(self.reached)]
            if not CONDITIONS[step.when](self.fee, self.amount + self.fee):
                self.reached.append("skipped")
                continue
            people = step.asked()
            again = [one for one in people if one in self.approved_last]
            if again and step.mode != "all" and not step.editable:
                self.reached.append("passed")
                self.approved_last = again[:1]
                continue
            self.reached.append("open")
            self.waiting, self.approved_last = list(people), []
            self.asked_ever |= set(people)
            return
        self.state = "paid"

    def decide(self, login: str, action: str, fee: Decimal | None) -> str | None:
        if login not in self.asked_ever:
            return "no task"
        if login not in self.waiting:
            return "task.already_decided"
        step = self.steps[len(self.reached) - 1]
        if fee is not None and not step.editable:
            return "approval.not_editable"
        self.fee = self.fee if fee is None else fee
        self.decided = True
        if action == "reject":
            self.reached[-1], self.waiting, self.state = "rejected", [], "rejected"
            return None
        self.waiting.remove(login)
        self.approved_last.append(login)
        if step.mode != "all" or not self.waiting:
            self.waiting = []
            self.reached[-1] = "approved"
            self._advance()
        return None

    def withdraw(self) -> str | None:
        if self.state == "draft" and not self.reached:
            return "no run"
        if self.state != "in_approval":
            return "approval.ended"
        if self.decided:
            return "approval.decided"
        self.reached = ["closed" if one == "open" else one for one in self.reached]
        self.waiting, self.state = [], "draft"
        return None

    def move(self, source: tuple[str, ...], target: str) -> str | None:
        if self.state not in source:
            return "workflow.wrong_state"
        self.state = target
        return None


STEPS = st.builds(
    ModelStep,
    st.sampled_from(["one", "any", "all"]),
    st.lists(st.sampled_from(sorted(SOURCES)), min_size=1, max_size=2, unique=True).map(tuple),
    st.sampled_from(list(CONDITIONS)),
    st.booleans(),
)
FEES = st.sampled_from([None, None, Decimal(5), Decimal(20), Decimal(120)])
COMMANDS = st.one_of(
    st.tuples(st.just("submit")),
    st.tuples(st.just("withdraw")),
    st.tuples(st.just("revise")),
    st.tuples(st.just("cancel")),
    st.tuples(st.just("approve"), st.sampled_from(APPROVERS), FEES),
    st.tuples(st.just("approve"), st.sampled_from(APPROVERS), FEES),
    st.tuples(st.just("next"), FEES),
    st.tuples(st.just("next"), FEES),
    st.tuples(st.just("reject"), st.sampled_from(APPROVERS), st.none()),
)


class Real:
    """The same commands on the platform; each returns the code of its refusal, or None."""

    def __init__(self, world: World, amount: Decimal) -> None:
        self.world = world
        self.claim = world.claim(amount=str(amount))
        self.run_id: str | None = None
        self.tasks: dict[str, str] = {}

    def fire(self, transition: str, comment: str | None = None) -> str | None:
        try:
            fired = self.world.fire("dora", self.claim, transition, comment=comment)
        except PlatformError as error:
            return error.problems[0].code
        if fired.run_id:
            self.run_id, self.tasks = fired.run_id, {}
        return None

    def withdraw(self) -> str | None:
        if self.run_id is None:
            return "no run"
        run_id = self.run_id
        try:
            self.world.does("dora", lambda c, w: self.world.engine.withdraw(c, w, run_id))
        except PlatformError as error:
            return error.problems[0].code
        return None

    def decide(self, login: str, action: str, fee: Decimal | None) -> str | None:
        opened = self.waiting()
        self.tasks.update({one: task.id for one, task in opened.items()})
        if login not in self.tasks:
            return "no task"
        task_id = self.tasks[login]
        version = opened[login].version if login in opened else 1
        values = None if fee is None else {"fee": str(fee)}
        try:
            self.world.does(
                login,
                lambda c, w: self.world.tasks.decide(
                    c, w, task_id, action, version=version, comment="so be it", values=values
                ),
            )
        except PlatformError as error:
            return error.problems[0].code
        finally:
            self.tasks.update({one: task.id for one, task in self.waiting().items()})
        return None

    def waiting(self) -> dict[str, Any]:
        return self.world.open_tasks(self.run_id) if self.run_id else {}


def apply(model: Model, real: Real, command: tuple[Any, ...]) -> tuple[str | None, str | None]:
    name, *arguments = command
    if name == "next":
        login = model.waiting[0] if model.waiting else "mia"
        name, arguments = "approve", [login, arguments[0]]
    if name in {"approve", "reject"}:
        login, fee = arguments
        return model.decide(login, name, fee), real.decide(login, name, fee)
    if name == "submit":
        expected = model.submit()
        found = real.fire("submit")
        real.tasks.update({one: task.id for one, task in real.waiting().items()})
        return expected, found
    if name == "withdraw":
        return model.withdraw(), real.withdraw()
    if name == "revise":
        return model.move(("rejected",), "draft"), real.fire("revise")
    return model.move(("draft", "rejected"), "cancelled"), real.fire("cancel", "no longer")


def check(model: Model, real: Real) -> None:
    world = real.world
    row = world.row(real.claim)
    assert row["status"] == model.state
    assert row["fee"] == model.fee
    assert row["payable"] == model.amount + model.fee
    assert set(real.waiting()) == set(model.waiting)
    if real.run_id is not None:
        assert world.steps(real.run_id) == model.reached
        assert (world.run(real.run_id).state == "open") == (model.state == "in_approval")


EDGES = {
    (None, "draft"),
    ("draft", "in_approval"),
    ("in_approval", "paid"),
    ("in_approval", "rejected"),
    ("in_approval", "draft"),
    ("rejected", "draft"),
    ("draft", "cancelled"),
    ("rejected", "cancelled"),
}


def test_random_approvals_do_what_the_model_says(database_url: str, deep: bool):
    with approval_world(database_url) as world:

        @settings(
            max_examples=1000 if deep else 60,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        )
        @given(
            st.lists(STEPS, min_size=1, max_size=4),
            st.sampled_from([Decimal(150), Decimal(300)]),
            st.lists(COMMANDS, max_size=14),
        )
        def follow(
            steps: list[ModelStep], amount: Decimal, commands: list[tuple[Any, ...]]
        ) -> None:
            contents = workspace()
            approval = contents["approval", "claim_by_amount"]
            approval["steps"] = [one.document(f"s{place}") for place, one in enumerate(steps)]
            world.publish(contents)
            model, real = Model(tuple(steps), amount), Real(world, amount)
            for command in (("submit",), *commands):
                expected, found = apply(model, real, command)
                assert found == expected, command
                check(model, real)
            changes = [tuple(one) for one in world.state_changes(real.claim)]
            assert set(changes) <= EDGES
            assert [new for _, new in changes[:-1]] == [old for old, _ in changes[1:]]

        follow()

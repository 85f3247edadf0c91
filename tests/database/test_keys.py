"""Keys over formulas: normal forms, and records that matter only sometimes; nobody else is told of."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from headrace.platform.core.errors import PlatformError, RefusedError
from tests.support.documents import field, label
from tests.support.publishing import MODULE, Publishing, platform_at
from tests.support.rollup_world import Depots, refused

KEYS = [
    field("code_key", "formula", returns="text", formula="NORM(code)", unique=True),
    field("main_key", "formula", returns="text", formula="IF(main = TRUE, 'main', NULL)"),
]


@pytest.fixture
def world(database_url: str, tmp_path: Path) -> Iterator[Depots]:
    with platform_at(database_url) as platform:
        work = Publishing(platform, tmp_path / "modules")
        work.contents = {
            ("module", MODULE): {
                "kind": "module",
                "name": MODULE,
                "version": "1.0.0",
                "label": label("Keys", "键"),
            },
            ("object", "firm"): {
                "kind": "object",
                "name": "firm",
                "label": label("Firm", "公司"),
                "fields": [field("name", "text", length=40)],
            },
            ("object", "address"): {
                "kind": "object",
                "name": "address",
                "label": label("Address", "地址"),
                "fields": [
                    field("firm", "lookup", to="firm"),
                    field("code", "text", length=40),
                    field("main", "boolean", default="FALSE"),
                ],
            },
        }
        work.publish()
        yield Depots(work)


def with_keys(world: Depots) -> None:
    address = world.work.contents["object", "address"]
    address["fields"] = [*address["fields"], *KEYS]
    address["unique"] = [{"fields": ["firm", "main_key"]}]


def test_case_blanks_and_width_make_no_difference(world: Depots) -> None:
    with_keys(world)
    world.work.publish()
    world.create("address", code="ab 12")
    for code in ("AB 12", "  ab 12 ", "ａｂ　１２"):
        with pytest.raises(RefusedError) as error:
            world.create("address", code=code)
        assert [(one.code, one.path) for one in error.value.problems] == [
            ("value.not_unique", "/code")
        ]
    other = world.create("address", code="ab 13")
    assert refused(lambda: world.update("address", other, code="Ab 12")) == "value.not_unique"
    world.create("address")
    world.create("address")


def test_a_key_for_some_records_only(world: Depots) -> None:
    with_keys(world)
    world.work.publish()
    firm, other = (world.create("firm", name=name) for name in ("x", "y"))
    first = world.create("address", firm=firm, main=True)
    second = world.create("address", firm=firm)
    world.create("address", firm=firm)
    world.create("address", firm=other, main=True)
    with pytest.raises(RefusedError) as error:
        world.update("address", second, main=True)
    assert [(one.code, one.path) for one in error.value.problems] == [("value.not_unique", "/main")]
    world.update("address", first, main=False)
    world.update("address", second, main=True)
    world.delete("address", second)
    world.update("address", first, main=True)


def test_one_of_many_writers_gets_it(world: Depots, deep: bool) -> None:
    with_keys(world)
    world.work.publish()
    for turn in range(30 if deep else 3):
        firm = world.create("firm", name=str(turn))
        said: list[str] = []

        def write(number: int, firm: str = firm, turn: int = turn, said: list[str] = said) -> None:
            code = f"{'c' if number % 2 else 'Ｃ'}{turn}"
            try:
                world.create("address", firm=firm, main=True, code=code)
            except PlatformError as error:
                said.append(error.problems[0].code)
            else:
                said.append("saved")

        threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
        for one in threads:
            one.start()
        for one in threads:
            one.join()
        assert sorted(said) == ["saved", *["value.not_unique"] * 7]


def test_a_plan_counts_the_rows_that_share_a_new_key(world: Depots) -> None:
    firm = world.create("firm", name="x")
    for code in ("ab", "AB ", "ａｂ", "cd"):
        world.create("address", firm=firm, code=code, main=code != "cd")
    with_keys(world)
    counts = {line.key: line.failing.count for line in world.work.plan().lines if line.failing}
    assert counts == {"key.add:address.code_key": 3, "key.add:address.firm+main_key": 3}

"""kill -9 while fields get other types, keys and targets: the old version or the new one, no third."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from headrace.platform.publishing.plan import Plan
from tests.database.test_publish_crash import attempt, chosen
from tests.support.database_state import state_of
from tests.support.documents import field, label
from tests.support.kill_points import count_in_child
from tests.support.publishing import MODULE, Publishing, platform_at, published_at
from tests.support.retypes import values

RECORD_ID = re.compile(r"01[0-9a-f]{6}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}")
NAMES = ("01", "2", "three")


@contextmanager
def prepared(url: str, folder: Path) -> Iterator[Publishing]:
    contents = {
        ("module", MODULE): {
            "kind": "module",
            "name": MODULE,
            "version": "1.0.0",
            "label": label("Orders", "订单"),
        }
    }
    key = field("code", "text", length=20, external_id=True)
    buyer = field("buyer", "lookup", to="shop")
    size = field("size", "text", length=20)
    double = field("long", "formula", returns="integer", formula="LEN(size)")
    far = field("far", "formula", returns="text", formula="CONCAT(buyer.code, '!')")
    above = field("above", "lookup", to="order")
    for name, fields in (
        ("shop", [key]),
        ("firm", [key]),
        ("order", [key, buyer, size, double, far, above]),
    ):
        content = {"kind": "object", "name": name, "label": label(name, name)}
        contents["object", name] = {**content, "fields": [dict(one) for one in fields]}
    with published_at(url, folder, contents) as work:
        for name in NAMES:
            shop = work.create("shop", code=name)
            if name != "three":
                work.create("firm", code=name)
            work.create("order", code=str(len(name)) + name[-1], buyer=shop, size=name)
        yield work


def change_types(work: Publishing) -> None:
    """One of every kind of change of a type."""

    def become(name: str, kind: str, **options: object) -> None:
        chosen = work.field("order", name)
        kept = {key: chosen[key] for key in ("name", "label", "external_id") if key in chosen}
        chosen.clear()
        chosen.update({**kept, "type": kind, **options})

    become("size", "integer")
    become("buyer", "lookup", to="firm")
    become("code", "text", length=30)
    become("long", "text", length=9)
    become("far", "text", length=30)
    become("above", "tree")
    work.contents["object", "order"]["unique"] = [{"fields": ["size", "buyer"]}]
    work.field("firm", "code").update(
        type="choice", choices=[{"value": one} for one in ("01", "2")]
    )
    work.field("firm", "code").pop("length")
    work.field("shop", "code").update(type="auto_number", pattern="{0}")
    work.field("shop", "code").pop("length")
    numbers = field("nr", "auto_number", pattern="O-{000}")
    work.contents["object", "order"]["fields"].append(numbers)


def everything_in(url: str) -> Any:
    """Everything that is in a database but ids and times; a kept reference holds an id too."""
    return {
        name: (*rest, sorted(RECORD_ID.sub("<id>", row) for row in rows))
        for name, (*rest, rows) in state_of(url).items()
    }


def answered(work: Publishing) -> Plan:
    change_types(work)
    plan = work.plan()
    answers = {one.key: {"answer": one.answers[0]} for one in plan.lines if one.needs_answer}
    plan = work.plan(answers)
    assert plan.refused == ()
    assert {one.code for one in plan.lines} >= {"field.retype", "numbers.give"}
    return plan


def test_a_killed_change_of_types_leaves_the_old_version_or_the_new_one(
    database_url, deep, fresh_database, backend, tmp_path, capsys
):
    twin_url = fresh_database(backend)
    with prepared(twin_url, tmp_path / "twin") as twin:
        twin_plan = answered(twin)
        twin.platform.close()
        old = everything_in(twin_url)
        count = count_in_child(lambda: twin.platform.publisher.publish(twin_plan, "m", None))
        new = everything_in(twin_url)
    with prepared(database_url, tmp_path / "modules") as work:
        plan = answered(work)
        work.platform.close()
        assert everything_in(database_url) == old != new
        points = chosen(count, all_of_them=deep)
        seen = []
        for deadly in points:
            assert attempt(work, plan, deadly) < 0
            state = everything_in(database_url)
            assert state in (old, new), f"between the versions at moment {deadly}"
            seen.append("new" if state == new else "old")
            if state == new:
                break
        assert seen[-1] == "new", "no kill came after the commit"
    with capsys.disabled():
        print(f"\n{backend}: {count} moments, {len(points)} chosen, {len(seen) - 1} left the old")
    check_goes_on(database_url, work)


def check_goes_on(url: str, work: Publishing) -> None:
    """The next start needs no hand work: the values are there, and writing goes on."""
    with platform_at(url) as platform:
        again = Publishing(platform, work.folder)
        again.contents = work.contents
        assert again.plan().is_empty
        made = again.create("order", code="NEW", size=7)
        assert values(again, [made], "nr", "order") == ["O-004"]

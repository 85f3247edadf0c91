"""kill -9 before and after every statement of a publish: the old version or the new one, no third."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa

from headrace.platform.database.system_tables import LIVE, VERSION
from headrace.platform.publishing.plan import Plan
from tests.support.database_state import state_of
from tests.support.documents import field, label, workspace
from tests.support.kill_points import Points, count_in_child, in_child
from tests.support.publishing import Publishing, published_at, rename_state

SHARE = 30
"""Moments tried in a plain run, spread over all of them."""


@contextmanager
def prepared(url: str, folder: Path) -> Iterator[Publishing]:
    contents = workspace()
    contents["object", "company"]["fields"].append(field("size", "text", length=9))
    with published_at(url, folder, contents) as work:
        region = work.create("region", code="N", name="North")
        for number in range(3):
            values = {"region": region, "note": "n", "size": f"0{number}"}
            owner = work.create("company", code=f"C{number}", name="x", **values)
            items = [{"what": "Pump", "qty": "2", "price": "10.00"}]
            work.create("claim", company=owner, subject="Broken", items=items, status="rejected")
        yield work


@pytest.fixture
def publishing(database_url: str, tmp_path: Path) -> Iterator[Publishing]:
    with prepared(database_url, tmp_path / "modules") as work:
        yield work


def change_some(work: Publishing) -> None:
    """Changes that need no look at the rows: that takes savepoints, which need a transaction."""
    fields = work.contents["object", "company"]["fields"]
    work.field("company", "note").update(name="remark", was="note")
    fields += [
        field("claimed", "rollup", op="sum", of="claim.payable", by="company"),
        field("branch", "lookup", to="branch"),
    ]
    work.field("claim", "payable")["formula"] = "total + fee * 2"
    work.contents["object", "claim_item"]["fields"].append(field("place", "lookup", to="branch"))
    work.contents["object", "branch"] = {
        "kind": "object",
        "name": "branch",
        "label": label("Branch", "网点"),
        "fields": [
            field("code", "text", length=9, external_id=True),
            field("above", "tree"),
            field("company", "lookup", to="company"),
        ],
    }
    work.rows["reference/branch.csv"] = "code,above\nB1,\nB2,B1\n"


def change_much(work: Publishing) -> None:
    """One of everything that a publish can do."""
    change_some(work)
    fields = work.contents["object", "company"]["fields"]
    work.contents["object", "company"]["unique"] = [{"fields": ["code", "region"]}]
    fields += [
        field("motto", "text", required=True, default="CONCAT('we are ', code)"),
        field("slogan", "text", required=True),
    ]
    size = work.field("company", "size")
    size.pop("length")
    size["type"] = "integer"
    broken = {"value": "broken", "label": label("Broken", "破损")}
    work.field("claim", "kind").update(choices=[broken], default="'broken'")
    rename_state(work, "rejected", "refused")


ANSWERS = {
    "field.require:company.slogan": {"answer": "fill", "value": "CONCAT(name, code)"},
    "field.narrow:claim.kind": {"answer": "map", "map": {"damage": "broken"}},
    "field.retype:company.size": {"answer": "accept"},
}


def attempt(work: Publishing, plan: Plan, deadly: int | None) -> int:
    """Publish in a process of its own that dies at the moment `deadly`."""
    work.platform.close()
    return in_child(
        lambda: Points(deadly).during(lambda: work.platform.publisher.publish(plan, "m", None))
    )


def chosen(count: int, *, all_of_them: bool) -> list[int]:
    if all_of_them or count <= SHARE:
        return list(range(1, count + 1))
    middle = {1 + round(step * (count - 1) / (SHARE - 13)) for step in range(SHARE - 12)}
    return sorted(middle | set(range(count - 11, count + 1)))


def test_a_killed_publish_leaves_the_old_version_or_the_new_one(
    publishing, database_url, deep, fresh_database, backend, tmp_path, capsys
):
    change_much(publishing)
    plan = publishing.plan(ANSWERS)
    publishing.platform.close()
    old = state_of(database_url)
    twin_url = fresh_database(backend)
    with prepared(twin_url, tmp_path / "twin") as twin:
        change_much(twin)
        twin_plan = twin.plan(ANSWERS)
        twin.platform.close()
        assert state_of(twin_url) == old
        count = count_in_child(lambda: twin.platform.publisher.publish(twin_plan, "m", None))
        new = state_of(twin_url)
    assert old != new
    seen = {"old": 0, "new": 0}
    points = chosen(count, all_of_them=deep)
    for deadly in points:
        assert attempt(publishing, plan, deadly) < 0
        state = state_of(database_url)
        assert state in (old, new), f"between the versions at moment {deadly}"
        if state == new:
            seen["new"] += 1
            break
        seen["old"] += 1
    assert seen["new"], "no kill came after the commit"
    with capsys.disabled():
        print(f"\n{backend}: {count} moments, {len(points)} chosen, states {seen}")
    check_goes_on(publishing)


def test_a_broken_transaction_is_found(publishing, database_url, monkeypatch):
    change_some(publishing)
    plan = publishing.plan()
    publishing.platform.close()
    old = state_of(database_url)
    broken = dataclasses.replace(publishing.platform.database.capabilities, begin_publish="")
    monkeypatch.setattr(publishing.platform.database, "capabilities", broken)
    assert attempt(publishing, plan, 60) < 0
    between = state_of(database_url)
    assert between != old
    assert between["sys_live"] == old["sys_live"]


def check_goes_on(work: Publishing) -> None:
    """The next start needs no hand work: publishing and writing go on."""
    contents = workspace()
    contents, rows = work.contents, work.rows
    with published_at(
        work.platform.settings.database_url, work.folder, contents, rows=rows
    ) as again:
        platform = again.platform
        assert again.plan().is_empty
        assert again.create("company", code="NEW", name="x", slogan="y")
        with platform.database.reading() as reading:
            live = reading.connection.execute(sa.select(LIVE.c.version)).scalar()
            newest = reading.connection.execute(sa.select(sa.func.max(VERSION.c.number))).scalar()
        assert live == newest == 2

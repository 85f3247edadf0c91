"""References that point to another object, become texts, or are made of them: matched by keys."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from headrace.platform.access.tables import USER
from headrace.platform.core.errors import RefusedError
from tests.support.documents import field, label, workspace
from tests.support.publishing import MODULE, Publishing, published_at
from tests.support.retypes import back_to, line_of, listed, planned, published, values, version

KEY = "field.retype:order.buyer"


def thing(name: str, *fields: dict[str, Any]) -> dict[str, Any]:
    return {"kind": "object", "name": name, "label": label(name, name), "fields": list(fields)}


@pytest.fixture
def work(database_url: str, tmp_path: Path) -> Iterator[Publishing]:
    contents = workspace()
    code = field("code", "text", length=20, external_id=True)
    contents = {
        ("module", MODULE): {
            "kind": "module",
            "name": MODULE,
            "version": "1.0.0",
            "label": label("Orders", "订单"),
        },
        ("object", "shop"): thing("shop", code),
        ("object", "firm"): thing("firm", field("number", "integer", external_id=True)),
        ("object", "order"): thing(
            "order",
            field("no", "text", length=20, external_id=True),
            field("buyer", "lookup", to="shop"),
            field("note", "text", length=40),
        ),
    }
    with published_at(database_url, tmp_path / "modules", contents) as made:
        yield made


def shops(work: Publishing, *codes: str) -> dict[str, str]:
    return {code: work.create("shop", code=code) for code in codes}


def orders(work: Publishing, *buyers: Any, name: str = "buyer") -> list[str]:
    return [
        work.create("order", no=f"o{position}", **({} if one is None else {name: one}))
        for position, one in enumerate(buyers)
    ]


def buyer(work: Publishing, kind: str, **options: Any) -> None:
    chosen = work.field("order", "buyer")
    kept = {key: chosen[key] for key in ("name", "label")}
    chosen.clear()
    chosen.update({**kept, "type": kind, **options})


def point_to(work: Publishing, row_id: str) -> None:
    table = work.platform.catalogs.refresh().tables.of("order")
    with work.platform.database.writing(None) as unit:
        change = sa.update(table.table).values({table.columns["buyer"].name: row_id})
        unit.connection.execute(change)


def test_a_reference_to_another_object_keeps_what_has_the_same_key(work):
    known = shops(work, "7", "8", "x")
    firms = {number: work.create("firm", number=number) for number in (7, 9)}
    ids = orders(work, known["7"], known["8"], None, known["x"])
    before = version(work)
    buyer(work, "lookup", to="firm")
    plan = planned(work)
    assert [one.code for one in plan.refused] == ["type.rows_not_convertible"]
    line = line_of(plan)
    assert (line.rows, line.failing.count, line.answers) == (3, 2, ("clear",))
    assert line.text.en == "Change order.buyer from lookup (shop) to lookup (firm)"
    assert [row[0] for row in listed(work, plan, KEY)[1:]] == [ids[1], ids[3]]
    assert [row[3] for row in listed(work, plan, KEY)] == ["becomes", "", ""]
    published(work)
    assert values(work, ids, "buyer", "order") == [firms[7], None, None, None]
    with pytest.raises(sa.exc.IntegrityError):
        point_to(work, known["8"])
    back_to(work, before)
    assert values(work, ids, "buyer", "order") == [known["7"], known["8"], None, known["x"]]


def test_a_reference_may_point_elsewhere_while_its_object_goes(work):
    known = shops(work, "7")
    firm = work.create("firm", number=7)
    ids = orders(work, known["7"])
    before = version(work)
    buyer(work, "lookup", to="firm")
    del work.contents["object", "shop"]
    published(work)
    assert values(work, ids, "buyer", "order") == [firm]
    back_to(work, before)
    assert values(work, ids, "buyer", "order") == [known["7"]]


def test_a_reference_becomes_the_key_as_text_and_a_text_becomes_a_reference(work):
    known = shops(work, "A-1", "B-2")
    ids = orders(work, known["A-1"], known["B-2"], None)
    start = version(work)
    buyer(work, "text", length=20)
    plan = published(work)
    assert line_of(plan).failing is None
    assert values(work, ids, "buyer", "order") == ["A-1", "B-2", None]
    texts = version(work)
    ids += [work.create("order", no="other", buyer="nobody")]
    buyer(work, "lookup", to="shop")
    plan = planned(work)
    assert line_of(plan).failing.count == 1
    published(work)
    assert values(work, ids, "buyer", "order") == [known["A-1"], known["B-2"], None, None]
    back_to(work, texts)
    assert values(work, ids, "buyer", "order") == ["A-1", "B-2", None, "nobody"]
    back_to(work, start)
    assert values(work, ids[:3], "buyer", "order") == [known["A-1"], known["B-2"], None]


def test_a_key_that_is_a_number_is_matched_by_its_text(work):
    firm = work.create("firm", number=12)
    ids = orders(work, "12", "twelve", "012", name="note")
    chosen = work.field("order", "note")
    chosen.pop("length")
    chosen |= {"type": "lookup", "to": "firm"}
    plan = planned(work)
    assert line_of(plan).failing.count == 2
    published(work)
    assert values(work, ids, "note", "order") == [firm, None, None]


def test_users_are_matched_by_their_login(work):
    user_id = "01900000-0000-7000-8000-000000000001"
    with work.platform.database.writing(None) as unit:
        values_of = {"id": user_id, "login": "ann", "name": "Ann", "language": "en"}
        values_of |= {"active": True, "stamp": 1, "created_at": unit.now, "time_zone": "UTC"}
        unit.connection.execute(sa.insert(USER).values(values_of))
    known = shops(work, "ann", "bob")
    ids = orders(work, known["ann"], known["bob"])
    buyer(work, "user")
    published(work)
    assert values(work, ids, "buyer", "order") == [user_id, None]
    buyer(work, "text", length=40)
    published(work)
    assert values(work, ids, "buyer", "order") == ["ann", None]


def test_an_object_without_a_key_gives_nothing_to_match(work):
    known = shops(work, "7")
    work.contents["object", "plain"] = thing("plain", field("name", "text", length=20))
    published(work)
    ids = orders(work, known["7"])
    buyer(work, "lookup", to="plain")
    assert line_of(planned(work)).failing.count == 1
    before = version(work)
    published(work)
    assert values(work, ids, "buyer", "order") == [None]
    back_to(work, before)
    assert values(work, ids, "buyer", "order") == [known["7"]]


def test_a_unique_reference_stays_unique(work):
    work.field("order", "buyer")["unique"] = True
    published(work)
    known = shops(work, "7", "8")
    firms = [work.create("firm", number=number) for number in (7, 8)]
    ids = orders(work, known["7"], known["8"])
    buyer(work, "lookup", to="firm", unique=True)
    published(work)
    assert values(work, ids, "buyer", "order") == firms
    with pytest.raises(RefusedError):
        work.create("order", no="third", buyer=firms[0])


def test_masters_and_lookups_change_places_in_their_column(work):
    known = shops(work, "7")
    ids = orders(work, known["7"], None)
    buyer(work, "master_detail", to="shop")
    plan = published(work)
    assert "field.retype" not in [one.code for one in plan.lines]
    buyer(work, "lookup", to="shop")
    published(work)
    assert values(work, ids, "buyer", "order") == [known["7"], None]

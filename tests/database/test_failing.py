"""Which rows a publish would meet: the same rows that saving them afterwards would refuse."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from headrace.platform.core.errors import RefusedError
from headrace.platform.publishing.failing import (
    AllRows,
    Breaking,
    Duplicates,
    Emptied,
    Having,
    NotAllowed,
    OutsideFilter,
    WrongNumber,
    find_all,
)
from headrace.platform.publishing.row_work import FillEmpty, MapValues
from tests.support.documents import field, label
from tests.support.plan_world import finder_of
from tests.support.publishing import Publishing, published_at


@pytest.fixture
def work(database_url: str, tmp_path: Path) -> Iterator[Publishing]:
    with published_at(database_url, tmp_path / "modules") as publishing:
        yield publishing


def company(work: Publishing, code: str, **values: object) -> str:
    return work.create("company", code=code, name=values.pop("name", code), **values)


def claim(work: Publishing, owner: str, subject: str, **values: Any) -> str:
    items = values.pop("items", [{"what": "Pump", "qty": "2", "price": "10.00"}])
    return work.create("claim", company=owner, subject=subject, items=items, **values)


def rule(work: Publishing, object_name: str, unless: str, **keys: Any) -> None:
    rules = work.contents["object", object_name].setdefault("rules", [])
    rules.append(
        {"name": "fresh", "unless": unless, "message": label("No", "不行"), **keys},
    )


def ids_of(work: Publishing, object_name: str) -> dict[str, str]:
    model = work.platform.catalogs.current().catalog.objects[object_name]
    return {field.name: field.id for field in model.fields.values()} | {"": model.id}


def test_rows_that_break_a_new_rule_are_counted_and_listed(work):
    owner = company(work, "C1")
    kept = claim(work, owner, "Small", fee="10")
    broken = [claim(work, owner, f"Large {number}", fee="300") for number in range(25)]
    rule(work, "claim", "fee <= 100", when="subject != 'Large 3'")
    del broken[3]
    with finder_of(work) as finder:
        row_set = Breaking(ids_of(work, "claim")[""], "fresh")
        found = finder.find(row_set)
        assert found.count == 24
        assert found.first == tuple(sorted(broken)[:20])
        assert list(finder.ids(row_set)) == sorted(broken)
        assert kept not in broken


def refused(work: Publishing, object_name: str) -> set[str]:
    """Publish, save each row as it is, and return the ids of those that are refused."""
    work.publish()
    platform = work.platform
    table = platform.catalogs.refresh().tables.of(object_name)
    with platform.database.reading() as reading:
        query = sa.select(table.id).where(table.deleted_at.is_(None))
        ids = [str(one) for one in reading.connection.execute(query).scalars()]
    found = set()
    for row_id in ids:
        try:
            platform.write_as_system(
                lambda context, unit, row_id=row_id: platform.store.apply_system(
                    context, unit, object_name, row_id, {}, action="saved"
                )
            )
        except RefusedError as error:
            if all(problem.code == "rule.broken" for problem in error.problems):
                found.add(row_id)
    return found


@pytest.mark.parametrize(
    ("object_name", "unless", "count"),
    [
        ("claim", "company.name != 'C2'", 1),
        ("claim", "total < 100", 1),
        ("claim", "payable < 400", 2),
        ("claim", "fee <= $C.claim_limit - 600", 2),
        ("claim", "region_name IS NOT NULL", 3),
        ("company", "claim_count < 2", 1),
        ("claim_item", "claim.company.code = 'C1'", 2),
        ("claim", "OLD(fee) = fee + 1", 3),
        ("claim", "fee * 1000000000000000 = 0", 2),
        ("claim", "claimed_on > TODAY()", 3),
    ],
)
def test_what_breaks_a_rule_is_what_saving_refuses(work, object_name, unless, count):
    first, second = company(work, "C1"), company(work, "C2")
    claim(work, first, "One", fee="450")
    claim(work, first, "Two", fee="450", items=[{"what": "Pump", "qty": "1", "price": "1"}])
    claim(work, second, "Three", items=[{"what": "Pump", "qty": "10", "price": "9.50"}] * 2)
    rule(work, object_name, unless)
    with finder_of(work) as finder:
        found = list(finder.ids(Breaking(ids_of(work, object_name)[""], "fresh")))
        assert len(found) == count
        assert finder.find(Breaking(ids_of(work, object_name)[""], "fresh")).count == count
    assert set(found) == refused(work, object_name)


def field_of(work: Publishing, object_name: str, name: str) -> tuple[str, str]:
    ids = ids_of(work, object_name)
    return ids[""], ids[name]


def test_values_that_are_filled_in_sql_and_in_python_are_the_same(work):
    owner = company(work, "C1")
    rows = [claim(work, owner, str(number), fee=str(number)) for number in range(4)]
    fields = work.contents["object", "claim"]["fields"]
    fields.append(field("share", "money", id="f-share", required=True, default="fee * 2"))
    fields.append(
        field("double_share", "formula", id="f-double", returns="money", formula="share * 2")
    )
    fields.append(
        field("asked", "integer", id="f-asked", default="COUNT(claim WHERE company = this.company)")
    )
    work.contents["object", "company"]["fields"].append(
        field("shares", "rollup", id="f-shares", op="sum", of="claim.share", by="company")
    )
    rule(work, "claim", "double_share <= 8")
    rules = work.contents["object", "claim"]["rules"]
    rules.append({"name": "few", "unless": "asked < 4 OR fee < 2", "message": label("a", "b")})
    rule(work, "company", "shares != 12")
    with finder_of(work) as finder:
        model = finder.rows.catalog.objects["claim"]
        holder = finder.rows.catalog.objects["company"].id
        fills = [
            FillEmpty(model.id, model.fields[name].id, model.fields[name].default)
            for name in ("share", "asked")
        ]
    with finder_of(work, fills) as finder:
        assert list(finder.ids(Breaking(model.id, "fresh"))) == [rows[3]]
        assert list(finder.ids(Breaking(model.id, "few"))) == rows[2:]
        assert finder.find(Breaking(holder, "fresh")).first == (owner,)
        assert list(finder._ids_in_python(Breaking(holder, "fresh"))) == [owner]
        assert list(finder._ids_in_python(Breaking(model.id, "fresh"))) == [rows[3]]
        assert finder.find(Emptied(model.id, "f-share")).count == 0


def test_empty_values_duplicates_and_values_no_longer_allowed(work):
    rows = [company(work, f"C{number}", name=name) for number, name in enumerate("aabbbc")]
    company(work, "C9", name="a long name", note="hidden")
    deleted = company(work, "C10", name="c")
    work.platform.write_as_system(
        lambda context, unit: work.platform.store.delete(context, unit, "company", deleted, 1)
    )
    work.field("company", "name")["length"] = 5
    with finder_of(work) as finder:
        object_id, name = field_of(work, "company", "name")
        note = field_of(work, "company", "note")[1]
        shared = finder.find(Duplicates(object_id, (name,)))
        assert (shared.count, shared.groups, shared.first) == (5, 2, tuple(rows[:5]))
        assert list(finder.ids(Duplicates(object_id, (name,)))) == rows[:5]
        assert finder.find(Duplicates(object_id, (name, note))).count == 0
        assert finder.find(Emptied(object_id, note)).count == 6
        assert finder.find(NotAllowed(object_id, name)).count == 1
        assert finder.find(AllRows(object_id)).count == 7
        assert finder.find(Having(object_id, note)).count == 1
        assert finder.find(Having(object_id, name, ("a", "c"))).count == 3
        in_python = finder._count_in_python(Duplicates(object_id, (name,)))
        assert (in_python.count, in_python.groups, in_python.first) == (5, 2, tuple(rows[:5]))


def test_references_outside_a_filter_and_wrong_numbers_of_children(work):
    first, second = company(work, "C1"), company(work, "C2")
    one = claim(work, first, "One")
    two = claim(work, second, "Two", items=[{"what": "Pump", "price": "1"}] * 3)
    work.field("claim", "company")["filter"] = "code = 'C1' OR name = this.subject"
    work.contents["object", "claim"]["children"][0] |= {"min": 2, "max": 5}
    with finder_of(work) as finder:
        object_id, field_id = field_of(work, "claim", "company")
        outside = OutsideFilter(object_id, field_id)
        assert list(finder.ids(outside)) == [two] == list(finder._ids_in_python(outside))
        assert list(finder.ids(WrongNumber(object_id, "items"))) == [one]
        found = {one.key: one for one in find_all(finder)}
    assert set(found) == {"filter.change:claim.company", "children.change:claim.items"}
    assert found["filter.change:claim.company"].problem is None
    assert found["children.change:claim.items"].problem.code == "children.existing_rows"


def test_only_rules_whose_meaning_changed_are_lines(work):
    owner = company(work, "C1")
    claim(work, owner, "One", fee="450")
    work.contents["object", "claim"]["rules"][0]["unless"] = "fee   <= 500.00"
    fee = work.field("claim", "fee")
    fee["was"], fee["name"] = "fee", "cost"
    work.contents["object", "claim"]["rules"][0] |= {"unless": "cost <= 500", "field": "cost"}
    work.field("claim", "payable")["formula"] = "total + cost"
    for grant in work.contents["permission", "claim"]["grants"]:
        if "fields" in grant:
            grant["fields"]["edit"] = ["subject", "kind", "cost", "claimed_on", "items"]
    items = work.contents["form", "claim_entry"]["sections"][0]["items"]
    items[items.index("fee")] = "cost"
    with finder_of(work) as finder:
        assert [one.key for one in find_all(finder)] == []
    work.contents["object", "claim"]["rules"][0]["unless"] = "cost <= $C.claim_limit - 600"
    with finder_of(work) as finder:
        assert [(one.key, one.found.count) for one in find_all(finder)] == [
            ("rule.change:claim.fee_cap", 1)
        ]


def test_a_changed_constant_or_map_reaches_rules_that_did_not_change(work):
    owner = company(work, "C1")
    claim(work, owner, "One", fee="400", kind="loss")
    work.contents["object", "claim"]["rules"][0]["unless"] = "fee <= $C.claim_limit - 500"
    rule(work, "claim", "kind != 'damage' OR fee < 100")
    work.publish()
    work.contents["module", "claims"]["constants"][0]["value"] = "800.00"
    with finder_of(work) as finder:
        assert [(one.key, one.found.count) for one in find_all(finder)] == [
            ("rule.change:claim.fee_cap", 1)
        ]
    work.contents["module", "claims"]["constants"][0]["value"] = "1000.00"
    object_id, kind = field_of(work, "claim", "kind")
    with finder_of(work, [MapValues(object_id, kind, {"loss": "damage"})]) as finder:
        assert [(one.key, one.found.count) for one in find_all(finder)] == [
            ("rule.affect:claim.fresh", 1)
        ]


def test_rules_that_depend_on_who_saves_are_not_counted(work):
    claim(work, company(work, "C1"), "One", fee="400")
    rule(work, "claim", "fee < 100 OR USER_HAS('boss')")
    with finder_of(work) as finder:
        (found,) = find_all(finder)
    assert (found.key, found.found, found.problem) == ("rule.add:claim.fresh", None, None)
    assert "depends on who saves" in found.text.en


def test_a_warning_is_counted_and_stands_in_nobodys_way(work):
    claim(work, company(work, "C1"), "One", fee="400")
    rule(work, "claim", "fee < 100")
    work.contents["object", "claim"]["rules"][-1]["severity"] = "warning"
    with finder_of(work) as finder:
        (found,) = find_all(finder)
    assert (found.key, found.found.count, found.problem) == ("rule.add:claim.fresh", 1, None)


@pytest.mark.parametrize("when", ["fee > 100", "OLD(fee) > 100"])
def test_rows_that_lack_what_a_field_rule_requires_are_counted(work, when):
    owner = company(work, "C1")
    claim(work, owner, "One", fee="400")
    claim(work, owner, "Two", fee="400", reserve="5")
    claim(work, owner, "Three", fee="50")
    work.contents["object", "claim"]["field_rules"] = [
        {"name": "backed", "about": ["reserve"], "effect": "require", "when": when}
    ]
    with finder_of(work) as finder:
        (found,) = find_all(finder)
    assert (found.key, found.found.count) == ("field_rule.add:claim.backed", 1)
    assert found.problem.code == "field_rule.existing_rows"


def test_what_is_hidden_is_not_lacking(work):
    claim(work, company(work, "C1"), "One", fee="400")
    work.contents["object", "claim"]["field_rules"] = [
        {"name": "backed", "about": ["reserve"], "effect": "require", "when": "fee > 100"},
        {"name": "small", "about": ["reserve"], "effect": "show", "when": "fee < 300"},
    ]
    with finder_of(work) as finder:
        (found,) = find_all(finder)
    assert found.found.count == 0


def test_what_python_looks_at_has_a_limit_that_is_said(work):
    owner = company(work, "C1")
    for number in range(4):
        claim(work, owner, str(number), fee="450")
    rule(work, "claim", "OLD(fee) < 100")
    with finder_of(work, limit=3) as finder:
        (found,) = find_all(finder)
    assert (found.found.count, found.found.complete) == (3, False)
    assert "only the first rows" in found.text.en

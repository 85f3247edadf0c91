"""Every scope against an oracle: the same rows, fields and titles, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from headrace.platform.access.policy import can, readable_fields
from headrace.platform.core.errors import NotFoundError, RefusedError
from headrace.platform.records import reader
from headrace.platform.records.query import parse_query
from headrace.platform.records.source import explain, row_rights
from tests.support.access_cases import OBJECTS, principals
from tests.support.access_oracle import Oracle
from tests.support.access_world import World, make_world, uuid_of


@pytest.fixture(scope="module")
def world(backend: str, request: pytest.FixtureRequest, tmp_path_factory) -> Iterator[World]:
    if backend == "sqlite":
        made = make_world(f"sqlite:///{tmp_path_factory.mktemp('world') / 'world.sqlite'}")
        yield made
        made.database.dispose()
        return
    server = request.getfixturevalue("postgres_server")
    with server.database() as url:
        made = make_world(url)
        yield made
        made.database.dispose()


NAMES = [
    "admin",
    "keeper",
    "guide",
    "guide of nothing",
    "regional of all",
    "regional of a part",
    "regional of two",
    "regional of nothing",
    "reviewer",
    "clerk",
    "clerk without firm",
    "chief",
    "chief in the middle",
    "chief of a leaf",
    "chief without firm",
    "watcher",
    "idle",
    "two roles",
    "clerk and chief",
    "admin who is a partner",
    "regional and keeper",
]


def test_every_principal_is_tried(world):
    assert list(principals(world)) == NAMES


def listed(world: World, principal: Any, object_name: str, **data: Any) -> list[dict[str, Any]]:
    """All pages of a list."""
    context = world.context(principal)
    items: list[dict[str, Any]] = []
    cursor = None
    while True:
        query = parse_query(
            context, object_name, {**data, "limit": 7} | ({"cursor": cursor} if cursor else {})
        )
        page = reader.find(context, object_name, query)
        items += page.items
        cursor = page.next
        if cursor is None:
            return items


def expected_value(oracle: Oracle, object_name: str, row: dict[str, Any], name: str) -> Any:
    world = oracle.world
    field = world.catalog.object(object_name).fields[name]
    if name in {"firm_grade", "overdue"}:
        if name == "overdue":
            return None if row["due"] is None else row["due"].isoformat() < "2025-06-30"
        firm = world.rows["firm"].get(row["firm"])
        return firm["grade"] if firm else None
    value = row[name]
    if field.target is not None and name != "id" and value is not None:
        return {"id": value, "title": oracle.title(field.target, value)}
    if value is None or field.storage.kind in {"text", "integer", "boolean", "id"}:
        return value
    if field.storage.kind == "decimal":
        return f"{value:.{field.storage.scale}f}"
    if field.storage.kind == "date":
        return value.isoformat()
    return value.isoformat(timespec="microseconds").replace("+00:00", "Z")


def check_list(world: World, name: str, object_name: str) -> None:
    principal = principals(world)[name]
    oracle = Oracle(world, principal)
    expected = oracle.visible(object_name)
    if not expected and not can(world.catalog, principal, object_name, "read"):
        with pytest.raises(NotFoundError):
            listed(world, principal, object_name)
        return
    items = listed(world, principal, object_name)
    assert [one["id"] for one in items] == sorted(
        expected,
        key=lambda one: (world.rows[object_name][one]["created_at"], one),
        reverse=True,
    )
    known = readable_fields(world.catalog, principal, object_name)
    for item in items:
        row = world.rows[object_name][item["id"]]
        names = expected[item["id"]]
        assert set(item) == known - {"lines"}
        for field, value in item.items():
            wanted = expected_value(oracle, object_name, row, field) if field in names else None
            assert value == wanted, (field, item["id"])


@pytest.mark.parametrize("object_name", OBJECTS)
@pytest.mark.parametrize("name", NAMES)
def test_a_list_holds_what_may_be_seen(world, name, object_name):
    check_list(world, name, object_name)


@pytest.mark.parametrize("name", ["admin", "clerk", "chief in the middle", "keeper", "reviewer"])
def test_one_record_is_found_when_it_is_in_the_list_and_only_then(world, name):
    principal = principals(world)[name]
    context = world.context(principal)
    items = {one["id"]: one for one in listed(world, principal, "deal")}
    for record_id in [*world.rows["deal"], uuid_of(9, 9), "nonsense", "", "' OR 1=1"]:
        if record_id in items:
            assert reader.get(context, "deal", record_id) == items[record_id]
        else:
            with pytest.raises(NotFoundError) as refused:
                reader.get(context, "deal", record_id)
            assert refused.value.problems[0].path == ""


@pytest.mark.parametrize("name", ["admin", "clerk", "chief in the middle", "reviewer"])
def test_the_count_is_of_what_may_be_seen(world, name):
    principal = principals(world)[name]
    context = world.context(principal)
    query = parse_query(context, "deal", {"count": "exact", "limit": 1})
    assert reader.find(context, "deal", query).count == len(
        Oracle(world, principal).visible("deal")
    )


def test_an_object_without_grants_is_closed_to_everybody(world):
    for name, principal in principals(world).items():
        context = world.context(principal)
        record_id = next(iter(world.rows["vault"]))
        with pytest.raises(NotFoundError):
            reader.get(context, "vault", record_id)
        with pytest.raises(NotFoundError):
            listed(world, principal, "vault")
        assert not can(world.catalog, principal, "vault", "read"), name


def test_the_platform_itself_sees_all(world):
    context = world.context(principals(world)["idle"]).as_system()
    found = reader.find(context, "vault", parse_query(context, "vault", {}))
    assert len(found.items) == 3
    found = reader.find(context, "deal", parse_query(context, "deal", {"count": "exact"}))
    assert found.count == sum(1 for one in world.rows["deal"].values() if "deleted_at" not in one)


HIDDEN = [
    ("clerk", "deal", "margin"),
    ("clerk", "deal", "firm.rating"),
    ("clerk", "deal", "owner.login"),
    ("clerk", "deal", "firm.manager.login"),
    ("chief", "deal", "contact.firm.rating"),
    ("chief", "deal_line", "cost"),
    ("chief", "deal_line", "deal.margin"),
    ("admin who is a partner", "deal", "margin"),
    ("clerk", "firm", "area.name"),
    ("reviewer", "deal", "firm.name"),
    ("clerk", "deal", "lines.cost"),
]
UNKNOWN = [("clerk", "deal", "nothing"), ("clerk", "deal", "firm.nothing"), ("clerk", "deal", "")]


@pytest.mark.parametrize(("name", "object_name", "path"), HIDDEN + UNKNOWN)
def test_unreadable_and_unknown_fields_are_refused_alike_before_any_sql(
    world, name, object_name, path, monkeypatch
):
    context = world.context(principals(world)[name])
    places = {
        "filter": {"field": path, "op": "is_null", "value": True},
        "sort": "-" + path if path else ["-"],
        "fields": [path],
        "expand": [path],
    }
    monkeypatch.setattr(type(context.database), "reading", None)
    for key, value in places.items():
        with pytest.raises(RefusedError) as refused:
            parse_query(context, object_name, {key: value})
        assert {one.code for one in refused.value.problems} == {"field.unknown"}, key
        hidden = path.rpartition(".")[2]
        for one in refused.value.problems:
            assert not hidden or hidden not in one.hint.en


def test_the_problem_says_where(world):
    context = world.context(principals(world)["clerk"])
    deep = {"and": [{"field": "stage", "op": "=", "value": "won"}, {"not": {"field": "margin"}}]}
    with pytest.raises(RefusedError) as refused:
        parse_query(context, "deal", {"filter": deep})
    assert [one.path for one in refused.value.problems] == ["/filter/and/1/not/field"]


def test_a_hidden_value_is_no_value_to_filters_and_sorting(world):
    """`amount` of a deal that is not won does not exist for the clerk, whatever is asked."""
    principal = principals(world)["clerk"]
    oracle = Oracle(world, principal)
    visible = oracle.visible("deal")
    rows = world.rows["deal"]
    shown = {one for one, names in visible.items() if "amount" in names and rows[one]["amount"]}
    hidden = {one for one, names in visible.items() if "amount" not in names}
    assert any(rows[one]["amount"] is not None for one in hidden)
    some = {"field": "amount", "op": ">=", "value": "0"}
    none = {"field": "amount", "op": "is_null", "value": True}
    assert shown <= {one["id"] for one in listed(world, principal, "deal", filter=some)}
    assert not hidden & {one["id"] for one in listed(world, principal, "deal", filter=some)}
    assert hidden <= {one["id"] for one in listed(world, principal, "deal", filter=none)}
    order = [one["id"] for one in listed(world, principal, "deal", sort="-amount")]
    places = {one: order.index(one) for one in visible}
    last_known = max(places[one] for one in shown)
    assert all(places[one] > last_known for one in hidden)


@pytest.mark.parametrize("name", NAMES)
def test_rights_to_a_row_agree_with_what_is_read(world, name):
    principal = principals(world)[name]
    context = world.context(principal)
    oracle = Oracle(world, principal)
    with world.database.reading() as reading:
        for object_name in ("deal", "deal_line"):
            visible = oracle.visible(object_name)
            for record_id in list(world.rows[object_name])[:20]:
                names = row_rights(context, reading, object_name, record_id, "read")
                if record_id not in visible:
                    assert names is None
                else:
                    assert names is not None
                    assert names - {"lines"} == visible[record_id]


def test_update_rights_follow_state_field_list_and_master(world):
    context = world.context(principals(world)["clerk"])
    own = context.principal.organisation
    with world.database.reading() as reading:
        for record_id, row in world.rows["deal"].items():
            names = row_rights(context, reading, "deal", record_id, "update")
            may = row["firm"] == own and row["stage"] == "open" and "deleted_at" not in row
            assert names == ({"remark", "lines"} if may else None)
        for line_id, line in world.rows["deal_line"].items():
            deal = world.rows["deal"][line["deal"]]
            may = deal["firm"] == own and deal["stage"] == "open" and "deleted_at" not in deal
            names = row_rights(context, reading, "deal_line", line_id, "update")
            assert names == ({"deal", "item", "qty"} if may else None)
            assert row_rights(context, reading, "deal_line", line_id, "create") is None


def test_explain_names_the_grants_that_hold(world):
    context = world.context(principals(world)["clerk and chief"])
    own = context.principal.organisation
    won = next(
        one
        for one, row in world.rows["deal"].items()
        if row["firm"] == own and row["stage"] == "won" and "deleted_at" not in row
    )
    assert sorted(one.origin for one in explain(context, "deal", won)) == [
        "chief: organisation_tree",
        "clerk: organisation",
        "clerk: organisation",
    ]
    assert explain(context, "vault", next(iter(world.rows["vault"]))) == ()


def test_people_are_listed_by_name_to_their_own_company_only(world):
    partner = world.context(principals(world)["clerk"])
    assert reader.find(partner, "user", parse_query(partner, "user", {})).items == []
    with pytest.raises(RefusedError):
        parse_query(partner, "user", {"fields": "login"})
    inside = world.context(principals(world)["keeper"])
    found = reader.find(inside, "user", parse_query(inside, "user", {"fields": "login"}))
    assert {one["login"] for one in found.items} == set(world.users)


def test_lines_of_a_relation_that_a_grant_leaves_out_stay_hidden(world):
    principal = principals(world)["clerk"]
    oracle = Oracle(world, principal)
    seen = oracle.visible("deal_line")
    for item in listed(world, principal, "deal", expand="lines"):
        wanted = {
            one
            for one, line in world.rows["deal_line"].items()
            if line["deal"] == item["id"] and one in seen
        }
        assert {one["id"] for one in item["lines"]} == wanted
        assert all("cost" not in one for one in item["lines"])

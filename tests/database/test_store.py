"""Creating, changing and deleting records through the one store, on both databases."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from headrace.platform.core.errors import (
    ForbiddenError,
    NotFoundError,
    PlatformError,
    RefusedError,
    StaleError,
)
from headrace.platform.records.bulk import write_many
from tests.support.shop_world import NOW, Shop, open_shop, person, user_id_of


@pytest.fixture(scope="module")
def still_shop(
    backend: str, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Shop]:
    """A shop for tests that leave it as it was."""
    with ExitStack() as databases:
        url = f"sqlite:///{tmp_path_factory.mktemp('still') / 'shop.sqlite'}"
        if backend != "sqlite":
            server = request.getfixturevalue("postgres_server")
            url = databases.enter_context(server.database())
        world = open_shop(url)
        yield world
        world.database.dispose()


@pytest.fixture
def shop(backend: str, fresh_database: Callable[[str], str]) -> Iterator[Shop]:
    world = open_shop(fresh_database(backend))
    yield world
    world.database.dispose()


def refused(shop: Shop, act: Callable[[], Any]) -> dict[str, str]:
    """Return the problems of a refused act by path, and see to it that nothing was changed."""
    before = shop.content()
    with pytest.raises(PlatformError) as caught:
        act()
    assert shop.content() == before
    for problem in caught.value.problems:
        assert problem.message.en
        assert problem.message.zh
    return {problem.path: problem.code for problem in caught.value.problems}


def line(shop: Shop, product: str = "pump", qty: str = "1", **more: Any) -> dict[str, Any]:
    return {"product": shop.ids[product], "qty": qty, **more}


def purchase(shop: Shop, who: str = "ann", **data: Any) -> Any:
    return shop.create(who, "purchase", {"lines": [line(shop)], **data})


# -- create ---------------------------------------------------------------------------------------


def test_a_record_is_made_with_children_defaults_formulas_rollups_and_number(shop: Shop) -> None:
    saved = purchase(
        shop, lines=[line(shop, qty="2"), line(shop, "valve", "1.5"), line(shop, kind="gift")]
    )
    row = shop.row("purchase", saved.id)
    assert saved.version == row["version"] == 1
    assert row["number"] == "P-202507-001"
    assert row["company"] == shop.ids["north"]
    assert row["day"] == date(2025, 7, 1)
    assert (row["priority"], row["urgency"]) == (3, 4)
    assert (row["rows"], row["total"], row["payable"]) == (3, Decimal("254.99"), Decimal("254.99"))
    assert row["status"] == "draft"
    assert row["created_at"] == row["updated_at"] == NOW
    assert row["created_by"] == user_id_of("ann")
    prices = [one["price"] for one in shop.details(saved.id)]
    assert prices == [Decimal("120.00"), Decimal("9.99"), Decimal("120.00")]


def test_defaults_of_children_see_their_unsaved_parent(shop: Shop) -> None:
    saved = purchase(shop, day="2025-08-15")
    assert [one["price"] for one in shop.details(saved.id)] == [Decimal("150.00")]


def test_a_default_is_not_used_where_a_value_was_sent(shop: Shop) -> None:
    saved = purchase(shop, discount=None, lines=[line(shop, price="7")])
    assert shop.row("purchase", saved.id)["discount"] is None
    assert shop.details(saved.id)[0]["amount"] == Decimal("7.00")


def test_a_reference_may_be_sent_by_key(shop: Shop) -> None:
    saved = purchase(shop, lines=[{"product": {"key": "pump"}, "qty": 1}])
    assert shop.details(saved.id)[0]["product"] == shop.ids["pump"]
    number = shop.row("purchase", saved.id)["number"]
    assert number
    by = {"key": "pump", "by": "code"}
    assert purchase(shop, lines=[{"product": by, "qty": 1}])


@pytest.mark.parametrize(
    ("data", "path", "code"),
    [
        ({"nonsense": 1}, "/nonsense", "field.unknown"),
        ({"margin": "1"}, "/margin", "field.unknown"),
        ({"number": "P-1"}, "/number", "field.read_only"),
        ({"payable": "1"}, "/payable", "field.read_only"),
        ({"total": "1"}, "/total", "field.read_only"),
        ({"submitted_at": "2025-01-01T00:00:00Z"}, "/submitted_at", "field.read_only"),
        ({"status": "sent"}, "/status", "field.workflow_controlled"),
        ({"id": "0197a1b2-0000-7000-8000-000000000000"}, "/id", "field.read_only"),
        ({"version": 5}, "/version", "field.read_only"),
        ({"created_by": "x"}, "/created_by", "field.read_only"),
        ({"created_at": "2025-01-01T00:00:00Z"}, "/created_at", "field.read_only"),
        ({"discount": "-1"}, "/discount", "value.out_of_range"),
        ({"discount": 0.5}, "/discount", "value.wrong_type"),
        ({"day": None}, "/day", "value.required"),
        ({"company": None}, "/company", "value.required"),
        ({"lines": []}, "/lines", "children.too_few"),
        ({"lines": {}}, "/lines", "value.wrong_type"),
        ({"lines": ["x"]}, "/lines/0", "value.wrong_type"),
        ({"lines": [{"qty": "1"}]}, "/lines/0/product", "value.required"),
        (
            {"lines": [{"product": {"key": "none"}, "qty": "1"}]},
            "/lines/0/product",
            "reference.not_found",
        ),
        (
            {"lines": [{"product": {"key": "pump", "by": "name"}, "qty": "1"}]},
            "/lines/0/product",
            "reference.unknown_key",
        ),
        (
            {"lines": [{"product": {"key": "relic"}, "qty": "1"}]},
            "/lines/0/product",
            "reference.not_found",
        ),
        ({"lines": [{"product": {"key": "pump"}, "qty": "0"}]}, "/lines/0/qty", "rule.broken"),
        (
            {"lines": [{"product": {"key": "pump"}, "qty": "1", "amount": "1"}]},
            "/lines/0/amount",
            "field.read_only",
        ),
        (
            {"lines": [{"product": {"key": "pump"}, "qty": "1", "x": 1}]},
            "/lines/0/x",
            "field.unknown",
        ),
        ({"discount": "36.01"}, "/discount", "rule.broken"),
        ({"external_no": "x" * 41}, "/external_no", "value.too_long"),
        (
            {
                "lines": [
                    {
                        "product": {"key": "pump"},
                        "qty": "999999999999999",
                        "price": "9999999999999999",
                    }
                ]
            },
            "/lines/0/amount",
            "formula.overflow",
        ),
    ],
)
def test_a_bad_record_is_refused_and_changes_nothing(
    still_shop: Shop, data: dict[str, Any], path: str, code: str
) -> None:
    found = refused(still_shop, lambda: purchase(still_shop, **data))
    assert found.get(path) == code, found


def test_a_rule_at_its_limit_holds(shop: Shop) -> None:
    assert purchase(shop, discount="36.00").version == 1


def test_all_problems_are_told_at_once(shop: Shop) -> None:
    data = {"x": 1, "day": "no", "lines": [{"qty": "a"}, {"product": {"key": "none"}}]}
    found = refused(shop, lambda: shop.create("ann", "purchase", data))
    assert set(found) == {
        "/x",
        "/day",
        "/lines/0/qty",
        "/lines/0/product",
        "/lines/1/product",
        "/lines/1/qty",
    }


def test_more_children_than_allowed_are_refused(shop: Shop) -> None:
    found = refused(shop, lambda: purchase(shop, lines=[line(shop)] * 6))
    assert found == {"/lines": "children.too_many"}


def test_the_message_of_a_rule_is_its_own(shop: Shop) -> None:
    with pytest.raises(RefusedError) as caught:
        purchase(shop, discount="40")
    assert caught.value.problems[0].message.within("zh") == "不超过 30%"


# -- unique ---------------------------------------------------------------------------------------


def test_a_unique_value_is_taken_once_among_live_records(shop: Shop) -> None:
    data = {"code": "pump", "name": "x"}
    found = refused(shop, lambda: shop.create("boss", "product", data))
    assert found == {"/code": "value.not_unique"}
    other = shop.create("boss", "product", {"code": "spare"})
    shop.delete("boss", "product", other.id, other.version)
    assert shop.create("boss", "product", {"code": "spare"})


def test_unique_together_is_per_company_and_ignores_missing_values(shop: Shop) -> None:
    purchase(shop, external_no="A")
    assert purchase(shop, "bob", external_no="A")
    assert purchase(shop)
    assert purchase(shop)
    found = refused(shop, lambda: purchase(shop, external_no="A"))
    assert found == {"/external_no": "value.not_unique"}


def test_a_change_to_a_taken_value_is_refused(shop: Shop) -> None:
    purchase(shop, external_no="A")
    other = purchase(shop, external_no="B")
    change = {"external_no": "A"}
    found = refused(shop, lambda: shop.update("ann", "purchase", other.id, change, 1))
    assert found == {"/external_no": "value.not_unique"}


# -- access ---------------------------------------------------------------------------------------


def test_whoever_has_no_grant_cannot_create(shop: Shop) -> None:
    assert refused(shop, lambda: purchase(shop, "guest")) == {"": "access.forbidden"}
    with pytest.raises(ForbiddenError):
        shop.create("ann", "product", {"code": "x"})


def test_an_unknown_object_is_not_found(shop: Shop) -> None:
    with pytest.raises(NotFoundError):
        shop.create("boss", "nothing", {})


def test_a_record_of_another_company_cannot_be_made_or_referred_to(shop: Shop) -> None:
    found = refused(shop, lambda: purchase(shop, company=shop.ids["south"]))
    assert found == {"/company": "reference.not_found"}


def test_a_record_outside_of_the_scope_as_it_would_become_is_refused(shop: Shop) -> None:
    found = refused(shop, lambda: purchase(shop, company=shop.ids["below"]))
    assert found == {"": "access.outside_scope"}
    saved = purchase(shop)
    change = {"company": shop.ids["below"]}
    found = refused(shop, lambda: shop.update("ann", "purchase", saved.id, change, 1))
    assert found == {"": "access.outside_scope"}


def test_a_record_is_owned_by_who_makes_it(shop: Shop) -> None:
    own = shop.create("keeper", "ticket", {"subject": "mine"})
    other = shop.create("boss", "ticket", {"subject": "theirs"})
    assert shop.update("keeper", "ticket", own.id, {"subject": "still mine"}, 1).version == 2
    with pytest.raises(NotFoundError):
        shop.update("keeper", "ticket", other.id, {"subject": "mine"}, 1)


def test_records_of_others_do_not_exist_for_a_clerk(shop: Shop) -> None:
    saved = purchase(shop, "bob")
    for act in (
        lambda: shop.update("ann", "purchase", saved.id, {"discount": "1"}, 1),
        lambda: shop.delete("ann", "purchase", saved.id, 1),
        lambda: shop.update("ann", "purchase", user_id_of("nobody"), {}, 1),
        lambda: shop.update("ann", "purchase", "no id", {}, 1),
    ):
        assert refused(shop, act) == {"": "not_found"}


def test_only_listed_fields_can_be_changed(shop: Shop) -> None:
    saved = purchase(shop)
    change = {"day": "2025-07-02"}
    found = refused(shop, lambda: shop.update("ann", "purchase", saved.id, change, 1))
    assert found == {"/day": "field.not_editable"}
    assert shop.update("boss", "purchase", saved.id, change, 1).version == 2


def test_a_grant_ends_where_its_condition_does(shop: Shop) -> None:
    saved = purchase(shop)
    with shop.work() as work:
        context = shop.as_("ann")
        shop.store.apply_system(
            context, work, "purchase", saved.id, {"status": "sent"}, action="send"
        )
    change = {"discount": "1"}
    found = refused(shop, lambda: shop.update("ann", "purchase", saved.id, change, 2))
    assert found == {"": "access.forbidden"}
    assert shop.update("boss", "purchase", saved.id, change, 2).version == 3


def test_a_territory_reaches_what_is_below_it(shop: Shop) -> None:
    north, south = purchase(shop), purchase(shop, "bob")
    assert shop.update("rita", "purchase", north.id, {"discount": "1"}, 1)
    with pytest.raises(NotFoundError):
        shop.update("rita", "purchase", south.id, {"discount": "1"}, 1)
    lines = {"lines": {"create": [line(shop)]}}
    found = refused(shop, lambda: shop.update("rita", "purchase", north.id, lines, 2))
    assert found == {"/lines": "field.not_editable"}


def test_fields_hidden_from_the_caller_keep_their_values(shop: Shop) -> None:
    saved = purchase(shop)
    shop.update("boss", "purchase", saved.id, {"margin": "77"}, 1)
    shop.update("ann", "purchase", saved.id, {"discount": "1"}, 2)
    assert shop.row("purchase", saved.id)["margin"] == Decimal("77.00")


# -- update ---------------------------------------------------------------------------------------


def test_children_are_created_changed_and_deleted_with_their_master(shop: Shop) -> None:
    saved = purchase(shop, lines=[line(shop), line(shop, "valve", "10")])
    first, second = shop.details(saved.id)
    change = {
        "lines": {
            "create": [line(shop, qty="3")],
            "update": [{"id": first["id"], "version": 1, "qty": "2"}],
            "delete": [second["id"]],
        }
    }
    assert shop.update("ann", "purchase", saved.id, change, 1).version == 2
    row = shop.row("purchase", saved.id)
    assert (row["rows"], row["total"]) == (2, Decimal("600.00"))
    details = shop.details(saved.id)
    assert [one["qty"] for one in details] == [Decimal("2.000"), Decimal("3.000")]
    assert [one["version"] for one in details] == [2, 1]
    assert shop.row("company", shop.ids["north"])["spent"] == Decimal("600.00")
    assert shop.row("product", shop.ids["pump"])["sold"] == Decimal("5.000")
    assert shop.row("product", shop.ids["valve"])["sold"] == Decimal("0.000")


@pytest.mark.parametrize(
    ("change", "path", "code"),
    [
        ({"lines": {"delete": ["FIRST"]}}, "/lines", "children.too_few"),
        (
            {"lines": {"delete": ["0197a1b2-0000-7000-8000-000000000000"]}},
            "/lines/delete/0/id",
            "child.not_found",
        ),
        (
            {"lines": {"update": [{"id": "OTHER", "qty": "2"}]}},
            "/lines/update/0/id",
            "child.not_found",
        ),
        (
            {"lines": {"update": [{"id": "FIRST", "qty": "2"}, {"id": "FIRST"}]}},
            "/lines/update/1",
            "child.named_twice",
        ),
        ({"lines": {"remove": []}}, "/lines", "value.wrong_type"),
        (
            {"lines": {"update": [{"id": "FIRST", "qty": None}]}},
            "/lines/update/0/qty",
            "value.required",
        ),
        (
            {"lines": {"update": [{"id": "FIRST", "qty": "-1"}]}},
            "/lines/update/0/qty",
            "rule.broken",
        ),
        ({"discount": "36.01"}, "/discount", "rule.broken"),
        ({"status": "sent"}, "/status", "field.workflow_controlled"),
        ({"submitted_at": None}, "/submitted_at", "field.read_only"),
        ({"margin": "1"}, "/margin", "field.unknown"),
    ],
)
def test_a_bad_change_is_refused_and_changes_nothing(
    still_shop: Shop, change: dict[str, Any], path: str, code: str
) -> None:
    shop = still_shop
    saved, other = purchase(shop), purchase(shop, "bob")
    ids = {"FIRST": shop.details(saved.id)[0]["id"], "OTHER": shop.details(other.id)[0]["id"]}
    change = _with_ids(change, ids)
    found = refused(shop, lambda: shop.update("ann", "purchase", saved.id, change, 1))
    assert found.get(path) == code, found


def _with_ids(value: Any, ids: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _with_ids(one, ids) for key, one in value.items()}
    if isinstance(value, list):
        return [_with_ids(one, ids) for one in value]
    return ids.get(value, value) if isinstance(value, str) else value


def test_a_rule_sees_what_the_value_was(shop: Shop) -> None:
    saved = purchase(shop)
    change = {"day": "2025-06-01"}
    found = refused(shop, lambda: shop.update("boss", "purchase", saved.id, change, 1))
    assert found == {"/day": "rule.broken"}
    assert purchase(shop, day="2025-02-01")


def test_a_stale_version_is_refused_with_the_differences(shop: Shop) -> None:
    saved = purchase(shop)
    shop.update("ann", "purchase", saved.id, {"discount": "5"}, 1)
    before = shop.content()
    with pytest.raises(StaleError) as caught:
        shop.update("ann", "purchase", saved.id, {"discount": "7"}, 1)
    assert caught.value.differences == {
        "version": 2,
        "discount": {"yours": "7.00", "stored": "5.00", "was": "0.00"},
    }
    assert shop.content() == before


def test_a_stale_child_is_refused(shop: Shop) -> None:
    saved = purchase(shop)
    first = shop.details(saved.id)[0]["id"]
    change = {"lines": {"update": [{"id": first, "version": 9, "qty": "2"}]}}
    assert refused(shop, lambda: shop.update("ann", "purchase", saved.id, change, 1)) == {
        "/lines/update/0": "record.stale"
    }


def test_a_row_of_a_detail_is_written_as_a_change_of_its_master(shop: Shop) -> None:
    saved = purchase(shop)
    made = shop.create("ann", "purchase_line", line(shop, qty="4", purchase=saved.id))
    row = shop.row("purchase", saved.id)
    assert (row["version"], row["total"]) == (2, Decimal("600.00"))
    shop.update("ann", "purchase_line", made.id, {"qty": "1"}, 1)
    assert shop.row("purchase", saved.id)["total"] == Decimal("240.00")
    shop.delete("ann", "purchase_line", made.id, 2)
    row = shop.row("purchase", saved.id)
    assert (row["version"], row["total"], row["rows"]) == (4, Decimal("120.00"), 1)


def test_a_row_of_a_detail_keeps_the_rules_and_rights_of_its_master(shop: Shop) -> None:
    saved, other = purchase(shop), purchase(shop, "bob")
    only = shop.details(saved.id)[0]["id"]
    assert refused(shop, lambda: shop.delete("ann", "purchase_line", only, 1)) == {
        "/lines": "children.too_few"
    }
    data = line(shop, purchase=other.id)
    assert refused(shop, lambda: shop.create("ann", "purchase_line", data)) == {
        "/purchase": "reference.not_found"
    }
    found = refused(shop, lambda: shop.create("ann", "purchase_line", line(shop)))
    assert found["/purchase"] == "value.required"
    theirs = shop.details(other.id)[0]["id"]
    with pytest.raises(NotFoundError):
        shop.update("ann", "purchase_line", theirs, {"qty": "9"}, 1)
    with pytest.raises(ForbiddenError):
        shop.create("rita", "purchase_line", line(shop, purchase=saved.id))


def test_a_default_of_a_system_field_follows_what_it_reads(shop: Shop) -> None:
    saved = purchase(shop)
    first = shop.details(saved.id)[0]
    assert first["list_price"] == Decimal("120.00")
    change = {"lines": {"update": [{"id": first["id"], "qty": "2"}]}}
    shop.update("ann", "purchase", saved.id, change, 1)
    change = {"lines": {"update": [{"id": first["id"], "product": shop.ids["valve"]}]}}
    shop.update("ann", "purchase", saved.id, change, 2)
    first = shop.details(saved.id)[0]
    assert (first["list_price"], first["price"]) == (Decimal("9.99"), Decimal("120.00"))
    change = {"lines": {"update": [{"id": first["id"], "list_price": "1"}]}}
    found = refused(shop, lambda: shop.update("boss", "purchase", saved.id, change, 3))
    assert found == {"/lines/update/0/list_price": "field.read_only"}


def test_a_default_of_a_detail_follows_its_master(shop: Shop) -> None:
    saved = purchase(shop)
    before = shop.details(saved.id)[0]
    shop.update("boss", "purchase", saved.id, {"day": "2025-08-15"}, 1)
    after = shop.details(saved.id)[0]
    assert (after["list_price"], after["price"]) == (Decimal("150.00"), Decimal("120.00"))
    assert after["version"] == before["version"] + 1
    shop.update("boss", "purchase", saved.id, {"discount": "1"}, 2)
    assert shop.details(saved.id)[0]["version"] == after["version"]


# -- delete ---------------------------------------------------------------------------------------


def test_deleting_takes_the_children_along_and_gives_back_what_was_rolled_up(shop: Shop) -> None:
    saved = purchase(shop, lines=[line(shop), line(shop)])
    shop.delete("ann", "purchase", saved.id, 1)
    with pytest.raises(NotFoundError):
        shop.row("purchase", saved.id)
    assert shop.details(saved.id) == []
    company = shop.row("company", shop.ids["north"])
    assert (company["purchases"], company["spent"]) == (0, Decimal("0.00"))
    assert shop.row("product", shop.ids["pump"])["sold"] == Decimal("0.000")


def test_a_record_that_is_referred_to_stays(shop: Shop) -> None:
    saved = purchase(shop)
    found = refused(shop, lambda: shop.delete("boss", "product", shop.ids["pump"], 1))
    assert found == {"": "record.in_use"}
    shop.delete("ann", "purchase", saved.id, 1)
    product = shop.create("boss", "product", {"code": "fresh"})
    assert shop.delete("boss", "product", product.id, 1).version == 2


def test_only_what_the_caller_may_see_is_counted(shop: Shop) -> None:
    shop.create("boss", "ticket", {"subject": "x", "product": shop.ids["pump"]})

    def told(who: str) -> str:
        with pytest.raises(RefusedError) as caught:
            shop.delete(who, "product", shop.ids["pump"], 1)
        return caught.value.problems[0].message.en

    assert "price: 3" in told("boss")
    assert told("keeper") == "The record is still used by other records."


def test_a_company_with_active_users_stays(shop: Shop) -> None:
    found = refused(shop, lambda: shop.delete("boss", "company", shop.ids["south"], 1))
    assert found == {"": "record.has_people"}
    fresh = shop.create("boss", "company", {"code": "new", "name": "New"})
    assert shop.delete("boss", "company", fresh.id, 1).version == 2


def test_a_default_that_points_to_nothing_is_refused(shop: Shop) -> None:
    lost = person("ann", "partner", ["clerk"], user_id_of("nobody"))

    def create() -> Any:
        data = {"lines": [line(shop)]}
        with shop.work() as work:
            return shop.store.create(shop.context.as_principal(lost), work, "purchase", data)

    assert refused(shop, create) == {"": "reference.dangling"}


def test_deleting_a_stale_record_is_refused(shop: Shop) -> None:
    saved = purchase(shop)
    with pytest.raises(StaleError):
        shop.delete("ann", "purchase", saved.id, 7)


# -- roll-ups and rules of others ----------------------------------------------------------------


def test_roll_ups_chain_over_three_objects(shop: Shop) -> None:
    before = shop.row("region", shop.ids["river"])["available"]
    purchase(shop, lines=[line(shop, qty="10")])
    assert shop.row("company", shop.ids["north"])["available"] == Decimal("98800.00")
    assert shop.row("region", shop.ids["river"])["available"] == before - Decimal("1200.00")


def test_a_row_that_moves_takes_its_part_along(shop: Shop) -> None:
    saved = purchase(shop)
    shop.update("boss", "purchase", saved.id, {"company": shop.ids["south"]}, 1)
    assert shop.row("company", shop.ids["north"])["spent"] == Decimal("0.00")
    assert shop.row("company", shop.ids["south"])["spent"] == Decimal("120.00")


def test_a_condition_of_a_roll_up_follows_the_state(shop: Shop) -> None:
    saved = purchase(shop)
    with shop.work() as work:
        shop.store.apply_system(
            shop.as_("ann"), work, "purchase", saved.id, {"status": "cancelled"}, action="cancel"
        )
    company = shop.row("company", shop.ids["north"])
    assert (company["purchases"], company["spent"]) == (1, Decimal("0.00"))


def test_a_write_cannot_break_a_rule_of_an_owner(shop: Shop) -> None:
    lines = [line(shop, qty="900")]
    found = refused(shop, lambda: purchase(shop, lines=lines))
    assert found == {"": "rule.broken"}


def test_a_rule_that_was_broken_before_does_not_block_others(shop: Shop) -> None:
    purchase(shop, lines=[line(shop, qty="100")])
    table = shop.context.tables.of("company")
    with shop.work() as work:
        from sqlalchemy import update

        to_driver = (
            shop.context.catalog.objects["company"]
            .fields["available"]
            .storage.to_driver(shop.database.dialect)
        )
        work.connection.execute(
            update(table.table)
            .where(table.id == shop.ids["north"])
            .values({table.columns["available"].name: to_driver(Decimal(-5))})
        )
    assert purchase(shop)


# -- trees ----------------------------------------------------------------------------------------


def test_moving_in_a_tree_brings_those_below_along(shop: Shop) -> None:
    ids = shop.ids
    shop.update("boss", "region", ids["east"], {"parent": ids["west"]}, 1)
    with shop.work() as work:
        table = shop.context.tables.of("region")
        import sqlalchemy as sa

        paths = dict(map(tuple, work.connection.execute(sa.select(table.id, table.path))))
    assert paths[ids["river"]] == f"/{ids['west']}/{ids['east']}/{ids['river']}/"
    assert paths[ids["east"]] == f"/{ids['west']}/{ids['east']}/"


def test_a_tree_has_no_circles_and_no_more_levels_than_it_says(shop: Shop) -> None:
    ids = shop.ids
    change = {"parent": ids["river"]}
    assert refused(shop, lambda: shop.update("boss", "region", ids["east"], change, 1)) == {
        "/parent": "tree.cycle"
    }
    change = {"parent": ids["east"]}
    assert refused(shop, lambda: shop.update("boss", "region", ids["east"], change, 1)) == {
        "/parent": "tree.cycle"
    }
    third = shop.create("boss", "region", {"code": "c3", "parent": ids["river"]})
    data = {"code": "c4", "parent": third.id}
    assert refused(shop, lambda: shop.create("boss", "region", data)) == {
        "/parent": "tree.too_deep"
    }
    change = {"parent": ids["west"]}
    assert refused(shop, lambda: shop.update("boss", "region", ids["east"], change, 1)) == {
        "/parent": "tree.too_deep"
    }
    assert shop.update("boss", "region", ids["east"], {"parent": None}, 1)


# -- the platform's own writes --------------------------------------------------------------------


def test_a_transition_sets_state_and_system_fields_and_leaves_a_line(shop: Shop) -> None:
    saved = purchase(shop)
    with shop.work() as work:
        context = shop.as_("ann")
        row = shop.store.lock(context, work, "purchase", saved.id)
        environment = shop.store.environment(context, work, "purchase", row)
        transition = context.catalog.workflows["purchase_flow"].transitions["send"]
        values = {
            one.field: shop.store.evaluate(one.value, environment) for one in transition.assignments
        }
        done = shop.store.apply_system(
            context,
            work,
            "purchase",
            saved.id,
            {"status": "sent", **values},
            action="send",
            comment="please",
        )
    assert done.version == 2
    row = shop.row("purchase", saved.id)
    assert (row["status"], row["submitted_at"]) == ("sent", NOW)
    last = shop.history(saved.id)[-1]
    assert (last.action, last.comment, last.version) == ("send", "please", 2)
    assert last.changes["purchase.status"] == ["draft", "sent"]


def test_a_task_opens_fields_that_the_approver_could_not_change(shop: Shop) -> None:
    saved = purchase(shop)

    def change(data: dict[str, Any]) -> Any:
        with shop.work() as work:
            return shop.store.update_granted(
                shop.as_("guest"), work, "purchase", saved.id, data, frozenset({"margin"})
            )

    found = refused(shop, lambda: change({"discount": "1"}))
    assert found == {"/discount": "field.unknown"}
    assert change({"margin": "5"}).version == 2
    assert shop.row("purchase", saved.id)["margin"] == Decimal("5.00")


def test_history_has_a_line_for_each_change_of_what_is_kept(shop: Shop) -> None:
    saved = purchase(shop)
    shop.update("ann", "purchase", saved.id, {"discount": "5"}, 1)
    shop.delete("ann", "purchase", saved.id, 2)
    lines = shop.history(saved.id)
    assert [(one.action, one.version) for one in lines] == [
        ("created", 1),
        ("updated", 2),
        ("deleted", 3),
    ]
    assert lines[1].changes == {
        "purchase.discount": ["0.00", "5.00"],
        "purchase.payable": ["120.00", "115.00"],
    }
    assert {one.metadata_version for one in lines} == {1}
    assert {one.user for one in lines} == {user_id_of("ann")}
    assert shop.history(shop.ids["pump"]) == []


def test_hooks_are_told_and_may_refuse(shop: Shop) -> None:
    told: list[tuple[str, str, str]] = []
    shop.store.after_save.plug(
        lambda _context, _work, change: told.append((change.object, change.action, change.id))
    )
    saved = purchase(shop)
    assert ("purchase", "created", saved.id) in told
    assert ("company", "computed", shop.ids["north"]) in told

    def veto(_context: Any, _work: Any, change: Any) -> None:
        raise ForbiddenError

    shop.store.before_save.plug(veto)
    assert refused(shop, lambda: purchase(shop)) == {}


# -- migration ------------------------------------------------------------------------------------


def test_migration_sets_what_only_the_platform_sets(shop: Shop) -> None:
    data = {
        "number": "P-202506-041",
        "status": "sent",
        "company": {"key": "south"},
        "day": "2025-06-03",
        "submitted_at": "2025-06-04T00:00:00Z",
        "created_at": "2025-06-03T01:00:00Z",
        "created_by": {"key": "bob"},
        "lines": [line(shop, qty="3")],
    }
    saved = shop.create("loader", "purchase", data, mode="migration")
    row = shop.row("purchase", saved.id)
    assert (row["number"], row["status"]) == ("P-202506-041", "sent")
    assert row["created_by"] == user_id_of("bob")
    assert row["created_at"].isoformat() == "2025-06-03T01:00:00+00:00"
    assert row["total"] == Decimal("300.00")
    assert [one.action for one in shop.history(saved.id)] == ["migrated"]
    assert shop.row("company", shop.ids["south"])["spent"] == Decimal("300.00")
    with pytest.raises(ForbiddenError):
        shop.create("boss", "purchase", data, mode="migration")
    bad = {**data, "number": "x", "status": "nowhere"}
    found = refused(shop, lambda: shop.create("loader", "purchase", bad, mode="migration"))
    assert found == {"/status": "value.not_a_choice"}


class _TakenBackError(Exception):
    """Ends a unit of work without leaving anything."""


def test_what_is_refused_leaves_no_gap_in_the_numbers(shop: Shop) -> None:
    def made(count: int) -> list[str]:
        return [f"T-{number:04d}" for number in range(1, count + 1)]

    for refused in ({"subject": "x" * 500}, {"subject": "x", "nothing": 1}):
        with pytest.raises(RefusedError):
            shop.create("boss", "ticket", refused)
    records = [{"subject": "s"} if number % 3 else {"subject": None} for number in range(30)]
    with shop.work() as work:
        items = write_many(
            shop.store, shop.as_("boss"), work, "ticket", "create", records, partial=True
        )
    saved = [one.id for one in items if one.status == "created"]
    assert len(saved) == 20
    assert [shop.row("ticket", one)["number"] for one in saved] == made(20)
    with suppress(_TakenBackError), shop.work() as work:
        shop.store.create(shop.as_("boss"), work, "ticket", {"subject": "s"})
        raise _TakenBackError
    assert (
        shop.row("ticket", shop.create("boss", "ticket", {"subject": "s"}).id)["number"]
        == (made(21)[-1])
    )


def test_numbers_that_a_migration_brings_are_not_given_again(shop: Shop) -> None:
    data = {"number": "P-202507-009", "company": shop.ids["north"], "lines": [line(shop)]}
    shop.create("loader", "purchase", data, mode="migration")
    saved = purchase(shop)
    assert shop.row("purchase", saved.id)["number"] == "P-202507-010"
    data["number"] = None
    saved = shop.create("loader", "purchase", data, mode="migration")
    assert shop.row("purchase", saved.id)["number"] == "P-202507-011"

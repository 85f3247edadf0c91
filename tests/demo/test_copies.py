"""Copies of every shipped module, and what the templates hold, in one draft: published at once, and at work."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pytest

from headrace.platform.core.problems import errors
from headrace.platform.publishing.draft_publishing import Outcome
from headrace.platform.publishing.draft_rows import Draft
from headrace.platform.publishing.starting import Beginning
from tests.demo.world import World, make_world

LOADED = ("foundation", "partner_master", "product_catalog", "price_policy")
"""Modules whose rows an order needs."""


@pytest.fixture(scope="module")
def world(shared_database_url: str) -> Iterator[World]:
    made = make_world(shared_database_url, modules=LOADED)
    yield made
    made.platform.close()


@pytest.fixture(scope="module")
def published(world: World) -> tuple[Outcome, dict[str, list[str]]]:
    """All copies and all templates in one draft, published; and what was told to be left out."""
    here, drafts = world.platform.beginnings, world.platform.drafts
    draft: Draft = world.platform.write_as_system(
        lambda _, work: drafts.create(work, "Everything twice", None)
    )
    left: dict[str, list[str]] = {}
    sources = [("module", one) for one in sorted(world.catalog.modules)]
    for kind, source in (*sources, *(("template", one.name) for one in here.templates())):
        name = f"new_{source}"[:40]
        objects = {"sales_order": "showroom_order"} if source == "ordering" else {}
        asked = Beginning(kind, source, name, {"en": source, "zh": source}, objects, {})
        made = here.made(here.ground(drafts.get(draft.id)), asked)
        left[source] = [one.code for one in made.told]
        world.platform.write_as_system(lambda _, work, made=made: here.put(work, draft, made, None))
    draft = drafts.get(draft.id)
    assert not errors(world.platform.draft_publisher.check(draft))
    return world.platform.draft_publisher.publish(draft, None, "Copies", None), left


def test_copies_stand_beside_their_originals_with_ids_of_their_own(world: World, published) -> None:
    outcome, left = published
    new = [one for one in world.catalog.documents if one.module.startswith("new_")]
    old = [one for one in world.catalog.documents if not one.module.startswith("new_")]
    assert outcome.version == world.catalog.version == 2
    assert len(new) > 150
    assert not {one.content["id"] for one in new} & {one.content["id"] for one in old}
    assert left["ordering"] == ["copy.rows"]
    assert left["accounts_core"] == ["copy.extension", "copy.rows"]
    assert left["partner_master"] == ["copy.extension", "copy.acts_as", "copy.rows"]
    assert left["notices"] == ["copy.extension", "copy.extension", "copy.rows"]
    assert left["simple_list"] == []


def test_a_copy_speaks_of_itself_and_of_others_as_its_original_does(
    world: World, published
) -> None:
    order = world.catalog.objects["showroom_order"]
    assert order.child("lines").object == "new_ordering_sales_order_line"
    assert order.fields["partner"].target == "partner"
    assert order.workflow == "new_ordering_order_flow"
    assert world.catalog.views["new_ordering_my_orders"].definition.object == "showroom_order"
    menu = world.catalog.modules["new_ordering"].menu
    assert {one.object for one in menu if one.object} >= {"showroom_order", "new_ordering_shipment"}
    copy = world.catalog.objects["new_partner_master_partner"]
    assert copy.definition.scope_paths.organisation == "partner"
    assert copy.fields["partner"].target == "partner"


def test_an_order_of_a_copy_reckons_as_one_of_the_original(world: World, published) -> None:
    store = world.platform.store

    def make(object_name: str) -> str:
        data = {"lines": [{"sku": {"key": "CL-WP-RO800-WH"}, "qty": "20"}]}
        return world.does(
            "xumiao", lambda context, work: store.create(context, work, object_name, data)
        ).id

    found = [world.stored(name, "id", make(name))[0] for name in ("sales_order", "showroom_order")]
    told = ("gross_amount", "payable_amount", "status", "unpriced_lines", "partner")
    assert [found[1][one] for one in told] == [found[0][one] for one in told]
    assert found[1]["gross_amount"] == 20 * Decimal("1949.00")

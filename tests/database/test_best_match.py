"""The best match: empty keys fit all, the order is that of the declaration, both databases agree with a plain one."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from headrace.platform.access.identity import RoleHolding
from headrace.platform.core.errors import NotFoundError, RefusedError
from headrace.platform.forms.ahead import Ahead
from headrace.platform.forms.trying import Tried, try_formula
from headrace.platform.records.match_explaining import explain_match
from headrace.platform.records.tracing import trace
from tests.support.documents import field, label
from tests.support.publishing import MODULE, Contents, published_at
from tests.support.rollup_world import Depots

KEYS = ("firm", "area", "kind")
DAY = date(2025, 6, 15)
GIVEN = "firm = this.firm, area = this.area, kind = this.kind AT this.day"


def contents() -> Contents:
    kinds = [{"value": one, "label": label(one, one)} for one in ("a", "b")]
    return {
        ("module", MODULE): {
            "kind": "module",
            "name": MODULE,
            "version": "1.0.0",
            "label": label("Prices", "价格"),
        },
        **{
            ("object", name): {
                "kind": "object",
                "name": name,
                "label": label(name, name),
                "fields": [field("code", "text", length=20, external_id=True), *more],
            }
            for name, more in (("firm", []), ("area", [field("above", "tree")]))
        },
        ("object", "price"): {
            "kind": "object",
            "name": "price",
            "label": label("Price", "价格"),
            "fields": [
                field("amount", "money"),
                field("firm", "lookup", to="firm"),
                field("area", "lookup", to="area"),
                field("kind", "choice", choices=kinds),
                field("rank", "integer"),
                field("starts", "date"),
                field("ends", "date"),
                field("live", "boolean", default="TRUE"),
            ],
            "best_match": {
                "keys": list(KEYS),
                "priority": "rank",
                "from": "starts",
                "to": "ends",
            },
        },
        ("object", "sale"): {
            "kind": "object",
            "name": "sale",
            "label": label("Sale", "销售"),
            "fields": [
                field("firm", "lookup", to="firm"),
                field("area", "lookup", to="area"),
                field("kind", "choice", choices=kinds),
                field("day", "date", required=True, default="TODAY()"),
                field(
                    "amount",
                    "money",
                    written_by="system",
                    default=f"BEST(price.amount FOR {GIVEN} WHERE live = TRUE)",
                ),
                field(
                    "price",
                    "lookup",
                    to="price",
                    written_by="system",
                    default=f"BEST(price.id FOR {GIVEN} WHERE live = TRUE)",
                ),
                field(
                    "for_all",
                    "lookup",
                    to="price",
                    written_by="system",
                    default="BEST(price.id AT this.day)",
                ),
            ],
        },
    }


@pytest.fixture
def world(database_url: str, tmp_path: Path) -> Iterator[Depots]:
    with published_at(database_url, tmp_path / "modules", contents()) as work:
        yield Depots(work)


def tried(world: Depots, formula: str, sale: str | None) -> Decimal | None:
    """Return what a formula over a sale gives while it is written."""
    platform = world.work.platform
    context = platform.context_of(platform.catalogs.current())
    ahead = Ahead(context, context.catalog, context.principal)
    out = try_formula(ahead, Tried("sale", formula, sale))
    assert out.state == "value", (out.reason, out.mistakes)
    return None if out.value is None else Decimal(out.value)


def best(world: Depots, asked: dict[str, Any], given: tuple[str, ...] = KEYS) -> str | None:
    """Reckon by hand which price fits best."""
    areas = world.rows("area")

    def way(area: str | None) -> list[str]:
        found: list[str] = []
        while area is not None:
            found.append(area)
            area = areas[area]["above"]
        return found

    def fits(row: dict[str, Any]) -> bool:
        for name in KEYS:
            value = row[name]
            if value is None:
                continue
            if name not in given or asked.get(name) is None:
                return False
            if name == "area":
                if value not in way(asked["area"]):
                    return False
            elif value != asked[name]:
                return False
        day = asked["day"]
        starts, ends = row["starts"], row["ends"]
        return (starts is None or starts <= day) and (ends is None or ends >= day)

    def order(row: dict[str, Any]) -> tuple[Any, ...]:
        rank, starts = row["rank"], row["starts"]
        return (
            rank is None,
            -(rank or 0),
            -sum(row[name] is not None for name in KEYS),
            -len(way(row["area"])),
            starts is None,
            -(starts or date.min).toordinal(),
            row["id"],
        )

    rows = [row for row in world.rows("price").values() if fits(row)]
    if given:
        rows = [row for row in rows if row["live"]]
    return min(rows, key=order)["id"] if rows else None


def test_the_order_is_priority_keys_depth_beginning_and_id(world: Depots) -> None:
    firm = world.create("firm", code="f")
    land = world.create("area", code="land")
    town = world.create("area", code="town", above=land)
    asked = {"firm": firm, "area": town, "kind": "a", "day": "2025-06-15"}

    def won() -> Any:
        sale = world.create("sale", **asked)
        return world.rows("sale")[sale]["price"]

    assert won() is None
    everything = world.create("price", amount="1")
    assert won() == everything
    world.create("price", amount="2", firm=world.create("firm", code="other"))
    later = world.create("price", amount="3", starts="2025-06-01")
    assert won() == later
    world.create("price", amount="4", starts="2025-06-01")
    assert won() == later
    above = world.create("price", amount="5", area=land)
    assert won() == above
    deeper = world.create("price", amount="6", area=town)
    assert won() == deeper
    two = world.create("price", amount="7", area=land, kind="a")
    assert won() == two
    first = world.create("price", amount="8", rank=1)
    assert won() == first
    world.create("price", amount="9", rank=2, ends="2025-06-14")
    world.create("price", amount="9", rank=2, starts="2025-06-16")
    assert won() == first
    last_day = world.create("price", amount="9", rank=2, starts="2025-06-15", ends="2025-06-15")
    assert won() == last_day
    world.update("price", last_day, live=False)
    assert won() == first
    unused = world.create("price", amount="1", rank=9)
    world.delete("price", unused)
    assert won() == first
    world.update("price", first, live=False)
    assert won() == two


def test_random_prices_are_found_as_a_plain_search_finds_them(world: Depots, deep: bool) -> None:
    chance = random.Random(7)
    firms = [world.create("firm", code=str(number)) for number in range(3)]
    areas: list[str] = []
    for number in range(7):
        above = chance.choice([None, *areas])
        areas.append(world.create("area", code=str(number), above=above))

    def some(values: list[Any]) -> Any:
        return chance.choice([None, *values])

    def day() -> str:
        return str(DAY + timedelta(days=chance.randint(-3, 3)))

    for turn in range(20 if deep else 3):
        rows = [
            {
                "amount": str(number),
                "firm": some(firms),
                "area": some(areas),
                "kind": some(["a", "b"]),
                "rank": some([1, 2]) if turn % 2 else None,
                "starts": some([day()]),
                "ends": some([day()]),
                "live": chance.random() < 0.9,
            }
            for number in range(15)
        ]
        world.create_many("price", rows)
        for _ in range(20):
            asked = {
                "firm": some(firms),
                "area": some(areas),
                "kind": some(["a", "b"]),
                "day": day(),
            }
            made = world.create("sale", **asked)
            sale = world.rows("sale")[made]
            plain = {**asked, "day": date.fromisoformat(asked["day"])}
            assert sale["price"] == best(world, plain), asked
            assert sale["for_all"] == best(world, plain, ())
            if sale["price"] is not None:
                assert sale["amount"] == world.rows("price")[sale["price"]]["amount"]
            # The formula that is being written is answered as the one that is live.
            told = tried(world, f"BEST(price.amount FOR {GIVEN} WHERE live = TRUE)", made)
            assert told == sale["amount"], asked
    everything = tried(world, "BEST(price.amount AT this.day)", made)
    assert everything == (
        world.rows("price")[sale["for_all"]]["amount"] if sale["for_all"] else None
    )


def test_a_formula_that_is_written_asks_more_than_a_thousand_rows(world: Depots) -> None:
    world.create_many("price", [{"amount": "2", "live": True} for _ in range(1_150)])
    assert tried(world, "SUM(price.amount WHERE live = TRUE)", None) == 2_300
    assert tried(world, "COUNT(price WHERE amount = 2)", None) == 1_150


def test_the_explanation_names_the_winner_and_why(world: Depots) -> None:
    firm = world.create("firm", code="f")
    plain = world.create("price", amount="1")
    mine = world.create("price", amount="2", firm=firm)
    both = world.create("price", amount="3", firm=firm, kind="a", starts="2025-06-01")
    first = world.create("price", amount="4", rank=5, ends="2025-06-30")
    world.create("price", amount="4", kind="b")

    def explained(**data: Any) -> Any:
        return world.platform.perform_as_system(
            lambda context: explain_match(context, "price", data)
        )

    given = {"firm": firm, "kind": "a", "area": None}
    found = explained(**{"for": given, "at": "2025-06-15"})
    assert found == {
        "items": [
            {"id": first, "matched": [], "because": "a higher priority"},
            {"id": both, "matched": ["firm", "kind"], "because": "more keys that fit"},
            {"id": mine, "matched": ["firm"], "because": "more keys that fit"},
            {"id": plain, "matched": [], "because": None},
        ],
        "cut": False,
    }
    asked = {"firm": firm, "kind": "a", "day": "2025-06-15"}
    sale = world.create("sale", **asked)
    assert world.rows("sale")[sale]["price"] == first
    only = {"field": "amount", "op": "<", "value": "4"}
    assert explained(**{"for": given, "at": "2025-06-15", "filter": only})["items"][0]["id"] == both
    assert [one["id"] for one in explained(at="2025-07-01")["items"]] == [plain]
    for data in (
        {"for": {"nothing": "x"}},
        {"for": {"kind": "z"}},
        {"for": {"firm": "x"}},
        {"for": []},
        {"at": "x"},
        {"filter": {"field": "nothing", "op": "=", "value": 1}},
    ):
        with pytest.raises(RefusedError):
            explained(**data)
    with pytest.raises(NotFoundError):
        world.platform.perform_as_system(lambda context: explain_match(context, "sale", {}))


def test_what_is_written_by_a_match_follows_a_change_and_a_rename(world: Depots) -> None:
    cheap = world.create("price", amount="1")
    dear = world.create("price", amount="2", kind="b")
    sale = world.create("sale", day="2025-06-15")
    assert world.rows("sale")[sale]["price"] == cheap
    world.update("sale", sale, kind="b")
    assert world.rows("sale")[sale]["price"] == dear
    price = world.work.contents["object", "price"]
    renamed = next(one for one in price["fields"] if one["name"] == "kind")
    renamed |= {"name": "sort", "was": "kind"}
    price["best_match"]["keys"] = ["firm", "area", "sort"]
    for one in world.work.contents["object", "sale"]["fields"]:
        if "FOR" in one.get("default", ""):
            one["default"] = one["default"].replace("kind = this", "sort = this")
    world.work.publish()
    other = world.create("sale", day="2025-06-15", kind="b")
    assert world.rows("sale")[other]["price"] == dear


# -- in the rule trace -------------------------------------------------------------------------------


def _with_rights(documents: Contents) -> Contents:
    """Let sellers read sales and cheap prices, and clerks prices without their rank."""
    for role in ("seller", "clerk", "chief"):
        documents["role", role] = {
            "kind": "role",
            "name": role,
            "label": label(role, role),
            "design": role == "chief",
        }
    price = [one["name"] for one in documents["object", "price"]["fields"]]
    grants = {
        "firm": {},
        "area": {"seller": None},
        "price": {
            "seller": {"when": "amount < 100"},
            "clerk": {"fields": {"read": [one for one in price if one != "rank"]}},
        },
        "sale": {},
    }
    for name, special in grants.items():
        documents["permission", name] = {
            "kind": "permission",
            "name": name,
            "object": name,
            "grants": [
                {"role": role, "actions": ["read"], "scope": "all", **(special.get(role) or {})}
                for role in ("seller", "clerk", "chief")
                if special.get(role, {}) is not None
            ],
        }
    return documents


@pytest.fixture
def people(database_url: str, tmp_path: Path) -> Iterator[Depots]:
    with published_at(database_url, tmp_path / "modules", _with_rights(contents())) as work:
        yield Depots(work)


def _user(world: Depots, role: str) -> str:
    identity = world.platform.identity
    user: str = world.platform.write_as_system(
        lambda _, work: identity.create_user(work, login=role, name=role, roles=[RoleHolding(role)])
    )
    return user


def _matches(world: Depots, sale: str, user: str | None, language: str = "en") -> Any:
    def read(context: Any) -> Any:
        with context.database.snapshot() as reading:
            traced = trace(context, reading, "sale", {}, record_id=sale)
        return {
            one.field: [match.render(language) for match in one.matches]
            for one in traced.fields
            if one.matches
        }

    return world.platform.read_as(user, read)


def test_the_trace_names_the_winner_with_its_keys_in_both_languages(people: Depots) -> None:
    firm = people.create("firm", code="F1")
    price = people.create("price", amount="3", firm=firm, kind="a")
    sale = people.create("sale", firm=firm, kind="a", day="2025-06-15")
    found = _matches(people, sale, None)
    (match,) = found["amount"]
    assert match["record"]["id"] == price
    assert match["keys"] == {"firm": firm, "kind": "a"}
    assert (match["for_all"], match["at"]) == (["area"], "2025-06-15")
    assert "fits most closely at 2025-06-15, by" in match["text"].replace(" by", ", by", 1)
    for part in ("F1", "a", "area: for all"):
        assert part in match["text"]
    assert found["for_all"][0]["text"] == "no Price fits at 2025-06-15"
    chinese = _matches(people, sale, None, "zh")
    assert "最匹配的价格是" in chinese["amount"][0]["text"]
    assert chinese["for_all"][0]["text"] == "没有匹配的价格（日期 2025-06-15）"
    assert _matches(people, sale, _user(people, "chief")) == found


def test_the_trace_tells_nothing_of_what_the_asker_may_not_read(people: Depots) -> None:
    firm = people.create("firm", code="F1")
    people.create("price", amount="3")
    dear = people.create("price", amount="300", firm=firm)
    sale = people.create("sale", firm=firm, day="2025-06-15")
    seller, clerk, chief = (_user(people, role) for role in ("seller", "clerk", "chief"))
    assert _matches(people, sale, chief)["amount"][0]["record"]["id"] == dear
    assert "amount" not in _matches(people, sale, clerk), "the rank may have decided"
    told = _matches(people, sale, seller)
    assert "amount" not in told, "not even that another one would fit next"
    assert told["for_all"][0]["record"]["id"] != dear

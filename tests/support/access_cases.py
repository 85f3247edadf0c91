"""Principals of the access world, and requests made at random."""

from __future__ import annotations

import contextlib
import random
from typing import Any

from headrace.platform.access.principals import Principal
from headrace.platform.core.errors import RefusedError
from headrace.platform.records.query import operators_of
from headrace.platform.records.source import resolve
from tests.support.access_world import GRADES, STAGES, World

OBJECTS = ("deal", "firm", "contact", "area", "deal_line")


def principals(world: World) -> dict[str, Principal]:
    """One principal for each way to see something, and some that see nothing."""
    firms, areas = list(world.rows["firm"]), list(world.rows["area"])
    make = world.principal
    return {
        "admin": make("ann", "admin"),
        "keeper": make("bob", "keeper"),
        "guide": make("cat", "guide"),
        "guide of nothing": make("fay", "guide"),
        "regional of all": make("dan", "regional", areas=(areas[0],)),
        "regional of a part": make("dan", "regional", areas=(areas[1],)),
        "regional of two": make("dan", "regional", areas=(areas[2], areas[3])),
        "regional of nothing": make("dan", "regional"),
        "reviewer": make("eve", "reviewer"),
        "clerk": make("eve", "clerk", firm=firms[1]),
        "clerk without firm": make("eve", "clerk"),
        "chief": make("fay", "chief", firm=firms[0]),
        "chief in the middle": make("fay", "chief", firm=firms[1]),
        "chief of a leaf": make("fay", "chief", firm=firms[2]),
        "chief without firm": make("fay", "chief"),
        "watcher": make("fay", "watcher", firm=firms[0]),
        "idle": make("fay", "idle", firm=firms[0]),
        "two roles": make("bob", "keeper", "reviewer"),
        "clerk and chief": make("eve", "clerk", "chief", firm=firms[1]),
        "admin who is a partner": make("eve", "admin", "idle", firm=firms[1]),
        "regional and keeper": make("bob", "regional", "keeper", areas=(areas[3],)),
    }


TEXTS = ("a", "D-00", "100%", "_", "%", "blue", "BLUE", "天", "\\", "'; --", "Contact", "")
PATHS = {
    "deal": [
        "number",
        "firm",
        "contact",
        "owner",
        "amount",
        "remark",
        "stage",
        "due",
        "hot",
        "firm_grade",
        "overdue",
        "created_at",
        "id",
        "version",
        "firm.name",
        "firm.grade",
        "firm.area",
        "contact.name",
        "firm.parent.name",
        "owner.name",
        "created_by",
        "firm.manager",
        "margin",
        "firm.rating",
        "firm.area.name",
    ],
    "firm": [
        "code",
        "name",
        "parent",
        "area",
        "manager",
        "grade",
        "created_at",
        "id",
        "area.name",
        "parent.name",
        "rating",
    ],
    "contact": ["name", "firm", "firm.name", "firm.grade", "id"],
    "area": ["name", "parent", "id"],
    "deal_line": [
        "item",
        "qty",
        "deal",
        "deal.number",
        "deal.amount",
        "deal.firm.name",
        "id",
        "cost",
        "deal.stage",
    ],
}
EXPANDS = {
    "deal": ("firm", "contact", "lines", "firm.area", "owner", "lines.deal"),
    "firm": ("parent", "area", "manager"),
    "contact": ("firm", "firm.parent"),
    "area": ("parent",),
    "deal_line": ("deal", "deal.firm"),
}


def known_paths(world: World, principal: Principal, object_name: str) -> list[str]:
    """The paths that the caller may name."""
    surroundings = world.context(principal).surroundings()
    known = []
    for path in PATHS[object_name]:
        with contextlib.suppress(RefusedError):
            resolve(surroundings, object_name, path)
            known.append(path)
    return known


def request(
    chance: random.Random, world: World, object_name: str, paths: list[str] | None = None
) -> dict[str, Any]:
    """A request for a list, over `paths` or else over many that the caller may not name."""
    data: dict[str, Any] = {"limit": chance.choice([1, 3, 50, 200])}
    paths = paths or PATHS[object_name]
    if chance.random() < 0.5:
        data["sort"] = ",".join(
            chance.choice(["", "-"]) + chance.choice(paths) for _ in range(chance.randrange(1, 4))
        )
    if chance.random() < 0.4:
        data["fields"] = ",".join(chance.sample(paths, chance.randrange(1, len(paths) + 1)))
    if chance.random() < 0.4:
        data["expand"] = ",".join(chance.sample(EXPANDS[object_name], 1))
    if chance.random() < 0.5:
        data["count"] = "exact"
    if chance.random() < 0.25:
        data["q"] = chance.choice(TEXTS)
    if chance.random() < 0.7:
        data["filter"] = condition(chance, world, object_name, paths, 0)
    return data


def condition(
    chance: random.Random, world: World, object_name: str, paths: list[str], level: int
) -> dict[str, Any]:
    kind = chance.random()
    if level < 3 and kind < 0.3:
        parts = [condition(chance, world, object_name, paths, level + 1) for _ in range(2)]
        return {chance.choice(["and", "or"]): parts}
    if level < 3 and kind < 0.4:
        return {"not": condition(chance, world, object_name, paths, level + 1)}
    name = chance.choice(paths)
    path = world.catalog.path(object_name, name)
    field = path[-1]
    op = chance.choice(sorted(operators_of(field)))
    if op == "is_null":
        return {"field": name, "op": op, "value": chance.choice([True, False])}
    if op in {"in", "not_in"}:
        value = [value_for(chance, world, field) for _ in range(chance.randrange(4))]
    elif op in {"contains", "starts_with"}:
        value = chance.choice(TEXTS)
    else:
        value = value_for(chance, world, field)
    return {"field": name, "op": op, "value": value}


def value_for(chance: random.Random, world: World, field: Any) -> Any:
    if field.target is not None:
        target = "user" if field.target == "user" else field.target
        pool = list(world.users.values()) if target == "user" else list(world.rows[target])
        return chance.choice(pool)
    match field.storage.kind:
        case "decimal":
            return f"{chance.randrange(10_000)}.5"
        case "integer":
            return chance.randrange(5)
        case "boolean":
            return chance.choice([True, False])
        case "date":
            return f"2025-0{chance.choice([6, 7])}-{chance.randrange(1, 30):02d}"
        case "instant":
            return "2025-05-21T10:05:00Z"
        case _:
            pool = {"grade": GRADES, "firm_grade": GRADES, "stage": STAGES}.get(field.name, TEXTS)
            return chance.choice([one for one in pool if one])

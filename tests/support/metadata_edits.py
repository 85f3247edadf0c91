"""Random edits of a workspace's documents: mostly sound ones, so that the next builds on them."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable
from typing import Any

from tests.support.documents import field, label

Contents = dict[tuple[str, str], dict[str, Any]]
EXTRA = "extra"
"""The module that extends the other one."""
Edit = Callable[[Contents, random.Random], None]


def random_edit(contents: Contents, chosen: random.Random) -> None:
    """Change `contents` in place, in one way chosen by chance."""
    chosen.choice(EDITS)(contents, chosen)


def _objects(contents: Contents) -> list[dict[str, Any]]:
    return [one for (kind, _), one in contents.items() if kind == "object"]


def _an_object(contents: Contents, chosen: random.Random) -> dict[str, Any]:
    return chosen.choice([one for one in _objects(contents) if one["fields"]])


def _a_path(contents: Contents, chosen: random.Random, start: dict[str, Any]) -> str:
    """Return names along lookups from an object, sometimes wrong."""
    names = []
    current: dict[str, Any] | None = start
    while current is not None:
        one = chosen.choice([*current["fields"], {"name": "id", "type": "text"}])
        names.append(one["name"])
        target = one.get("to") or (current["name"] if one["type"] == "tree" else None)
        follows = target is not None and len(names) < 3 and chosen.random() < 0.8
        current = contents.get(("object", target)) if follows and target else None
    return ".".join(names)


def add_field(contents: Contents, chosen: random.Random) -> None:
    one = _an_object(contents, chosen)
    kind, keys = chosen.choice(
        [
            ("text", {"length": chosen.choice((10, 50))}),
            ("money", {}),
            ("date", {"default": "TODAY()"}),
            ("integer", {"default": "1"}),
            ("lookup", {"to": _an_object(contents, chosen)["name"]}),
        ]
    )
    name = f"extra_{chosen.randrange(8)}"
    one["fields"].insert(chosen.randrange(len(one["fields"]) + 1), field(name, kind, **keys))


def add_formula(contents: Contents, chosen: random.Random) -> None:
    one = _an_object(contents, chosen)
    path = _a_path(contents, chosen, one)
    formula = chosen.choice(
        (
            f"{path} IS NULL",
            f"COUNT({_an_object(contents, chosen)['name']} WHERE id = this.id) > 0",
            f"IF({path} IS NULL, $C.claim_limit > 1, TRUE)",
        )
    )
    name = f"known_{chosen.randrange(6)}"
    one["fields"].append(field(name, "formula", returns="boolean", formula=formula))


def add_rule(contents: Contents, chosen: random.Random) -> None:
    one = _an_object(contents, chosen)
    path = _a_path(contents, chosen, one)
    rule = {
        "name": f"rule_{chosen.randrange(6)}",
        "unless": f"{path} IS NOT NULL",
        "message": label("Not empty", "不能为空"),
    }
    one.setdefault("rules", []).append(rule)


def add_rollup(contents: Contents, chosen: random.Random) -> None:
    owner, source = _an_object(contents, chosen), _an_object(contents, chosen)
    references = [one["name"] for one in source["fields"] if one.get("to") == owner["name"]]
    numbers = [
        one["name"]
        for one in source["fields"]
        if one["type"] in {"money", "quantity", "integer", "rollup"}
    ]
    if not references:
        return
    name = f"sum_{chosen.randrange(6)}"
    by = chosen.choice(references)
    if numbers and chosen.random() < 0.7:
        of = f"{source['name']}.{chosen.choice(numbers)}"
        owner["fields"].append(field(name, "rollup", op="sum", of=of, by=by))
    else:
        owner["fields"].append(field(name, "rollup", op="count", of=source["name"], by=by))


def drop_field(contents: Contents, chosen: random.Random) -> None:
    one = _an_object(contents, chosen)
    extra = [
        field for field in one["fields"] if "_" in field["name"] and field["name"][-1].isdigit()
    ]
    if extra and chosen.random() < 0.9:
        one["fields"].remove(chosen.choice(extra))
    elif one["fields"]:
        one["fields"].remove(chosen.choice(one["fields"]))


def change_field(contents: Contents, chosen: random.Random) -> None:
    one = chosen.choice(_an_object(contents, chosen)["fields"])
    key, value = chosen.choice(
        [
            ("required", chosen.random() < 0.5),
            ("audience", chosen.choice(("all", "internal"))),
            ("length", chosen.choice((20, 60))),
            ("default", chosen.choice(("1", "'x'", "NULL", "TODAY()"))),
            ("help", label("Help", "帮助")),
            ("id", f"id-{chosen.randrange(1000)}"),
            ("history", chosen.random() < 0.5),
        ]
    )
    one[key] = value


def change_type(contents: Contents, chosen: random.Random) -> None:
    numbers = [
        field
        for one in _objects(contents)
        for field in one["fields"]
        if field["type"] in {"money", "quantity", "integer"} or field.get("returns") == "money"
    ]
    if numbers:
        one = chosen.choice(numbers)
        one.pop("least", None)
        key = "returns" if "returns" in one else "type"
        one[key] = chosen.choice(("money", "integer", "quantity"))


def rename_field(contents: Contents, chosen: random.Random) -> None:
    one = chosen.choice(_an_object(contents, chosen)["fields"])
    one["name"] = f"renamed_{chosen.randrange(9)}"


def shuffle_fields(contents: Contents, chosen: random.Random) -> None:
    chosen.shuffle(_an_object(contents, chosen)["fields"])


def change_object(contents: Contents, chosen: random.Random) -> None:
    one = _an_object(contents, chosen)
    key, value = chosen.choice(
        [
            ("label", label("Other", "其他")),
            ("id", f"object-{chosen.randrange(1000)}"),
            ("title", chosen.choice(one["fields"])["name"]),
            ("search", [chosen.choice(one["fields"])["name"]]),
            ("scope_paths", {"owner": _a_path(contents, chosen, one)}),
            ("unique", [{"fields": [chosen.choice(one["fields"])["name"]]}]),
        ]
    )
    one[key] = value


def add_object(contents: Contents, chosen: random.Random) -> None:
    name = f"thing_{chosen.randrange(4)}"
    target = _an_object(contents, chosen)["name"]
    contents["object", name] = {
        "kind": "object",
        "name": name,
        "label": label(name, name),
        "fields": [field("title", "text", length=20), field("about", "lookup", to=target)],
    }


def drop_definition(contents: Contents, chosen: random.Random) -> None:
    extra = [key for key in contents if key[1][-1].isdigit()]
    key = chosen.choice(extra if extra and chosen.random() < 0.8 else list(contents))
    if key[0] != "module":
        del contents[key]


def extend(contents: Contents, chosen: random.Random) -> None:
    """Let the module `extra` add to a definition of any kind that has something to add to."""
    manifest = {"kind": "module", "name": EXTRA, "version": "1.0.0", "requires": ["claims"]}
    contents.setdefault(("module", EXTRA), manifest)
    of, name = chosen.choice([key for key in contents if key[0] in ADDITIONS])
    extended = contents[of, name]
    about = contents.get(("object", extended.get("object", name))) or _an_object(contents, chosen)
    keys = ADDITIONS[of](contents, chosen, about, extended)
    contents["extends", f"{of} {name}"] = {"kind": "extends", "of": of, "name": name, **keys}


def _fields_more(contents: Contents, chosen: random.Random, about: Any, _: Any) -> Any:
    name = f"own_{chosen.randrange(4)}"
    after = {name: chosen.choice(about["fields"])["name"]} if chosen.random() < 0.5 else {}
    return {"fields": [field(name, "text", length=10)], "after": after}


def _columns_more(contents: Contents, chosen: random.Random, about: Any, view: Any) -> Any:
    path = _a_path(contents, chosen, about)
    after = {path: chosen.choice(("", *view["columns"]))} if chosen.random() < 0.5 else {}
    return {"columns": [path], "after": after}


def _grants_more(contents: Contents, chosen: random.Random, about: Any, _: Any) -> Any:
    when = f"{_a_path(contents, chosen, about)} IS NOT NULL"
    return {"grants": [{"role": "boss", "actions": ["read"], "scope": "all", "when": when}]}


def _states_more(contents: Contents, chosen: random.Random, about: Any, flow: Any) -> Any:
    state = f"state_{chosen.randrange(3)}"
    start = chosen.choice(flow["states"])["name"]
    way = {"name": f"to_{state}", "from": [start], "to": state, "by": ["boss"]}
    return {"states": [{"name": state, "final": True}], "transitions": [way]}


def _groups_more(contents: Contents, chosen: random.Random, about: Any, _: Any) -> Any:
    return {"group_rows": [_a_path(contents, chosen, about)]}


def _tiles_more(contents: Contents, chosen: random.Random, _: Any, dashboard: Any) -> Any:
    name = f"tile_{chosen.randrange(3)}"
    after = {name: chosen.choice(dashboard["tiles"])["name"]} if chosen.random() < 0.5 else {}
    return {
        "tiles": [{"name": name, "report": "claims_by_month", "kind": "number"}],
        "after": after,
    }


ADDITIONS: dict[str, Callable[[Contents, random.Random, Any, Any], Any]] = {
    "object": _fields_more,
    "view": _columns_more,
    "permission": _grants_more,
    "workflow": _states_more,
    "report": _groups_more,
    "dashboard": _tiles_more,
}


def change_workflow(contents: Contents, chosen: random.Random) -> None:
    flow = contents.get(("workflow", "claim_flow"))
    if flow is None:
        return
    transition = chosen.choice(flow["transitions"])
    claim = contents.get(("object", "claim"))
    path = _a_path(contents, chosen, claim) if claim else "id"
    key, value = chosen.choice(
        [
            ("when", f"{path} IS NOT NULL"),
            ("label", label("Go", "执行")),
            ("by", [chosen.choice(("dealer", "boss", "nobody"))]),
        ]
    )
    transition[key] = value


def change_view(contents: Contents, chosen: random.Random) -> None:
    views = [one for (kind, _), one in contents.items() if kind == "view"]
    if views:
        view = chosen.choice(views)
        start = contents.get(("object", view["object"]))
        if start:
            view["columns"] = [_a_path(contents, chosen, start) for _ in range(3)]


def add_view(contents: Contents, chosen: random.Random) -> None:
    one = _an_object(contents, chosen)
    name = f"view_{chosen.randrange(5)}"
    contents["view", name] = {
        "kind": "view",
        "name": name,
        "object": one["name"],
        "type": "table",
        "label": label(name, name),
        "columns": [_a_path(contents, chosen, one)],
        "where": f"{_a_path(contents, chosen, one)} IS NOT NULL",
    }


def change_grants(contents: Contents, chosen: random.Random) -> None:
    permissions = [one for (kind, _), one in contents.items() if kind == "permission"]
    if not permissions:
        return
    permission = chosen.choice(permissions)
    start = contents.get(("object", permission["object"]))
    if start is None:
        return
    grant = chosen.choice(permission["grants"])
    if chosen.random() < 0.5:
        grant["when"] = f"{_a_path(contents, chosen, start)} IS NOT NULL"
    else:
        grant["fields"] = {"read": [chosen.choice(start["fields"])["name"]]}


def change_roles(contents: Contents, chosen: random.Random) -> None:
    name = chosen.choice(("guest_1", "guest_2", "boss"))
    audience = chosen.choice(("internal", "partner"))
    contents["role", name] = {
        "kind": "role",
        "name": name,
        "label": label(name, name),
        "audience": audience,
    }


def change_constants(contents: Contents, chosen: random.Random) -> None:
    module = contents["module", "claims"]
    kind, value = chosen.choice((("money", "5.00"), ("integer", "7"), ("text", "x")))
    constants = [{"name": "claim_limit", "type": kind, "value": value}]
    if chosen.random() < 0.3:
        constants.append({"name": f"more_{chosen.randrange(3)}", "type": kind, "value": value})
    module["constants"] = constants


def same_again(contents: Contents, chosen: random.Random) -> None:
    key = chosen.choice(list(contents))
    contents[key] = copy.deepcopy(contents[key])


EDITS: tuple[Edit, ...] = (
    add_field,
    add_field,
    add_formula,
    add_formula,
    add_rule,
    add_rollup,
    add_rollup,
    drop_field,
    drop_field,
    change_field,
    change_field,
    change_type,
    change_type,
    rename_field,
    shuffle_fields,
    change_object,
    add_object,
    drop_definition,
    extend,
    extend,
    change_workflow,
    change_view,
    add_view,
    change_grants,
    change_roles,
    change_constants,
    same_again,
)

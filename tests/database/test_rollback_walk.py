"""Walks of publishes and rollbacks: the shape comes back, and no value is lost that no plan named."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headrace.platform.publishing.plan import Plan
from headrace.platform.runtime import Platform
from tests.database.test_publish_walk import drift
from tests.support.documents import field, label
from tests.support.publishing import MODULE, Contents, platform_at, write_module
from tests.support.schema_shape import Values, all_values, schema_hash

VALUES: dict[str, Callable[[random.Random], Any]] = {
    "text": lambda chance: chance.choice(["", "7", "007", "12.50", "2025-06-30", "文字", "x" * 30]),
    "integer": lambda chance: chance.randint(-50, 50),
    "money": lambda chance: f"{chance.randint(-9999, 9999) / 100:.2f}",
    "decimal": lambda chance: f"{chance.randint(-99999, 99999) / 10000:.4f}",
    "boolean": lambda chance: chance.random() < 0.5,
    "date": lambda chance: f"2025-0{chance.randint(1, 9)}-1{chance.randint(0, 9)}",
    "datetime": lambda chance: f"2025-0{chance.randint(1, 9)}-1{chance.randint(0, 9)}T10:00:00Z",
    "choice": lambda chance: chance.choice(["a", "b", "c"]),
}
OPTIONS: dict[str, dict[str, Any]] = {
    "text": {"length": 40},
    "decimal": {"scale": 4},
    "choice": {"choices": [{"value": one, "label": label(one, one)} for one in "abc"]},
}


class Walk:
    """A designer who changes a module, publishes, and goes back; `chance` decides."""

    def __init__(self, platform: Platform, folder: Path, chance: random.Random) -> None:
        self.platform = platform
        self.folder = folder
        self.chance = chance
        self.made = 0
        self.contents: Contents = {
            ("module", MODULE): {
                "kind": "module",
                "name": MODULE,
                "version": "1.0.0",
                "label": label("Walk", "漫步"),
            }
        }
        self.publish()
        for _ in range(2):
            self.add_object()
        self.publish()

    # -- changes ----------------------------------------------------------------------------

    def name(self, prefix: str) -> str:
        self.made += 1
        return f"{prefix}_{self.made}"

    def objects(self) -> list[dict[str, Any]]:
        return [content for (kind, _), content in self.contents.items() if kind == "object"]

    def object(self) -> dict[str, Any]:
        return self.chance.choice(self.objects())

    def own_fields(self, content: dict[str, Any]) -> list[dict[str, Any]]:
        return [one for one in content["fields"] if one["type"] in VALUES and one["name"] != "code"]

    def new_field(self) -> dict[str, Any]:
        kind = self.chance.choice(sorted(VALUES))
        return field(self.name("field"), kind, **copy.deepcopy(OPTIONS.get(kind, {})))

    def add_object(self) -> None:
        name = self.name("thing")
        fields = [field("code", "text", length=20, external_id=True)]
        fields += [self.new_field() for _ in range(3)]
        if self.objects():
            fields.append(field("near", "lookup", to=self.object()["name"]))
        self.contents["object", name] = {
            "kind": "object",
            "name": name,
            "label": label(name, name),
            "fields": fields,
        }

    def drop_object(self) -> None:
        name = self.object()["name"]
        used = any(one.get("to") == name for other in self.objects() for one in other["fields"])
        if not used and len(self.objects()) > 1:
            del self.contents["object", name]

    def add_field(self) -> None:
        self.object()["fields"].append(self.new_field())

    def drop_field(self) -> None:
        content = self.object()
        if own := self.own_fields(content):
            content["fields"].remove(self.chance.choice(own))

    def rename_field(self) -> None:
        if own := self.own_fields(self.object()):
            self.chance.choice(own)["name"] = self.name("renamed")

    def rename_object(self) -> None:
        content = self.object()
        old, new = content["name"], self.name("other")
        self.contents["object", new] = self.contents.pop(("object", old))
        content["name"] = new
        for other in self.objects():
            for one in other["fields"]:
                if one.get("to") == old:
                    one["to"] = new

    def retype(self) -> None:
        content = self.object()
        own = self.own_fields(content)
        if not own:
            return
        kind = self.chance.choice(sorted(VALUES))
        self.become(self.chance.choice(own), kind, **copy.deepcopy(OPTIONS.get(kind, {})))

    def become(self, chosen: dict[str, Any], kind: str, **options: Any) -> None:
        """Give a field another type; what it keeps is its identity."""
        kept = {key: chosen[key] for key in ("name", "label", "id") if key in chosen}
        chosen.clear()
        chosen.update({**kept, "type": kind, **options})

    def of_type(self, *kinds: str) -> dict[str, Any] | None:
        """Return a field of one of these types, if there is one."""
        fields = (one for content in self.objects() for one in content["fields"])
        found = [one for one in fields if one["type"] in kinds and one["name"] != "code"]
        return self.chance.choice(found) if found else None

    def retarget(self) -> None:
        if chosen := self.of_type("lookup", "text"):
            if chosen["type"] == "lookup" and self.chance.random() < 0.4:
                self.become(chosen, "text", length=40)
            else:
                self.become(chosen, "lookup", to=self.object()["name"])

    def compute(self) -> None:
        """Let a typed field be computed, stored or when it is read, or a computed one typed."""
        if chosen := self.of_type("formula", *VALUES):
            if chosen["type"] == "formula":
                kind = self.chance.choice(["text", "integer"])
                self.become(chosen, kind, **copy.deepcopy(OPTIONS.get(kind, {})))
            else:
                formula = self.chance.choice(["LEN(code)", "LEN(code) * 2"])
                self.become(chosen, "formula", returns="integer", formula=formula)

    def number(self) -> None:
        """Give rows numbers, let texts be numbers, or numbers be texts."""
        chosen = self.of_type("auto_number", "text")
        if chosen is None or self.chance.random() < 0.3:
            made = field(self.name("number"), "auto_number", pattern="N-{000}")
            self.object()["fields"].append(made)
        elif chosen["type"] == "text":
            self.become(chosen, "auto_number", pattern="N-{000}")
        else:
            self.become(chosen, "text", length=40)

    def narrow(self) -> None:
        own = self.own_fields(self.object())
        chosen = self.chance.choice(own) if own else {"type": ""}
        if chosen["type"] == "text":
            chosen["length"] = self.chance.choice([3, 20, 40])
        elif chosen["type"] == "decimal":
            chosen["scale"] = self.chance.choice([2, 4, 6])
        elif chosen["type"] == "integer":
            chosen["min"] = self.chance.choice([-100, 0])

    def toggle_key(self) -> None:
        own = self.own_fields(self.object())
        chosen = self.chance.choice(own) if own else {"type": ""}
        if chosen["type"] in {"text", "integer", "money", "date"}:
            chosen["unique"] = not chosen.get("unique", False)

    def toggle_required(self) -> None:
        if own := self.own_fields(self.object()):
            chosen = self.chance.choice(own)
            chosen["required"] = not chosen.get("required", False)

    def change(self) -> None:
        changes = [self.add_field, self.add_field, self.drop_field, self.rename_field, self.retype]
        changes += [self.retype, self.narrow, self.toggle_key, self.toggle_required]
        changes += [self.add_object, self.drop_object, self.rename_object]
        changes += [self.retarget, self.compute, self.number]
        for _ in range(self.chance.randint(1, 3)):
            self.chance.choice(changes)()

    # -- rows -------------------------------------------------------------------------------

    def add_rows(self) -> None:
        """Make some rows of each object; rows of different objects share their codes."""
        codes: dict[str, int] = {}
        for content in self.objects():
            codes[content["name"]] = self.chance.randint(0, 4)
            for number in range(codes[content["name"]]):
                values = {
                    one["name"]: VALUES[one["type"]](self.chance)
                    for one in self.own_fields(content)
                    if one.get("required") or self.chance.random() < 0.7
                }
                for one in content["fields"]:
                    if one["type"] == "lookup" and codes.get(one["to"]):
                        values[one["name"]] = {"key": f"c{self.chance.randrange(codes[one['to']])}"}
                self.create(content["name"], {**values, "code": f"c{number}"})

    def create(self, name: str, values: dict[str, Any]) -> None:
        """Make a record; values that the model refuses (too long, taken) are no concern here."""
        from headrace.platform.core.errors import PlatformError

        try:
            self.platform.write_as_system(
                lambda context, work: self.platform.store.create(
                    context, work, name, values, mode="migration"
                )
            )
        except PlatformError:
            return

    # -- publishing -------------------------------------------------------------------------

    def publish(self) -> bool:
        """Publish the contents, every question answered; False where it cannot be published."""
        path = write_module(self.folder, self.contents)
        publisher = self.platform.publisher
        plan = publisher.plan(path)
        plan = publisher.plan(path, decisions=answers_to(plan))
        if plan.refused:
            return False
        publisher.publish(plan, "walk", None)
        self.take_ids()
        return True

    def take_ids(self) -> None:
        """Write the minted ids into the contents, as an export would; in an order that chance repeats."""
        content = self.platform.catalogs.content_of()
        own = (one for one in content.documents if one.module == MODULE)
        self.contents = {
            (one.kind, one.name): copy.deepcopy(dict(one.content))
            for one in sorted(own, key=lambda one: (one.kind, one.name))
        }

    def roll_back(self, number: int) -> bool:
        publisher = self.platform.publisher
        plan = publisher.plan_rollback(number)
        plan = publisher.plan_rollback(number, decisions=answers_to(plan))
        if plan.refused:
            return False
        publisher.publish(plan, f"back to {number}", None)
        self.take_ids()
        return True

    def version(self) -> int:
        return self.platform.catalogs.refresh().version


PREFERRED = ("accept", "clear", "leave", "keep")


def answers_to(plan: Plan) -> dict[str, dict[str, Any]]:
    """Answer each question of a plan by the first answer that it takes."""
    answers: dict[str, dict[str, Any]] = {}
    for line in plan.lines:
        taken = next((one for one in PREFERRED if one in line.answers), None)
        if line.needs_answer and taken:
            answers[line.key] = {"answer": taken}
    return answers


def differences(before: Values, after: Values) -> list[str]:
    return [
        f"{object_id}.{field_id} of {row_id}: {value!r} is {after[object_id][row_id][field_id]!r}"
        for object_id, rows in before.items()
        for row_id, values in rows.items()
        for field_id, value in values.items()
        if after[object_id][row_id][field_id] != value
    ]


def test_rolling_back_gives_shape_and_values_back(database_url, tmp_path, deep, backend):
    walks = 500 if deep else 10
    seen = {"walks": 0, "published": 0, "rolled_back": 0, "refused": 0}
    with platform_at(database_url) as platform:

        @settings(
            max_examples=walks,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        )
        @given(chance=st.randoms(use_true_random=False))
        def walk_and_return(chance: random.Random) -> None:
            walk = Walk(platform, tmp_path / "modules", chance)
            walk.add_rows()
            stations = []
            for _ in range(chance.randint(1, 4)):
                stations.append((walk.version(), schema_hash(platform), all_values(platform)))
                kept = copy.deepcopy(walk.contents)
                walk.change()
                if walk.publish():
                    seen["published"] += 1
                    assert drift_of(platform) == []
                else:
                    walk.contents = kept
                    seen["refused"] += 1
            number, shape, values = chance.choice(stations)
            assert walk.roll_back(number)
            assert schema_hash(platform) == shape
            assert differences(values, all_values(platform)) == []
            assert drift_of(platform) == []
            seen["walks"] += 1
            seen["rolled_back"] += 1

        walk_and_return()
    print(f"{backend}: {seen}")


def drift_of(platform: Platform) -> list[str]:
    class Seen:
        def __init__(self) -> None:
            self.platform = platform

    return drift(Seen())  # type: ignore[arg-type]

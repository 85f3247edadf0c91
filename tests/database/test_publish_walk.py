"""Random walks of publishes: the tables always are those of the metadata, and no value is lost."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from headrace.doctor import _missing_columns
from headrace.platform.database.names import load_names
from headrace.platform.database.physical import table_specs
from tests.support.documents import field, label
from tests.support.publishing import Publishing, platform_at

TYPES: tuple[tuple[str, dict[str, Any], Any], ...] = (
    ("text", {"length": 30}, "文字"),
    ("integer", {}, 7),
    ("money", {}, "12.30"),
    ("boolean", {}, True),
    ("date", {}, "2025-06-30"),
    ("datetime", {}, "2025-06-30T10:00:00Z"),
)


@pytest.fixture
def work(database_url: str, tmp_path: Path) -> Iterator[Publishing]:
    with platform_at(database_url) as platform:
        yield Publishing(platform, tmp_path / "modules")


class Walk:
    """A random designer with a model of what must be there."""

    def __init__(self, work: Publishing, seed: int) -> None:
        self.work = work
        self.random = random.Random(seed)
        self.made = 0
        self.rows: dict[str, tuple[str, dict[str, Any]]] = {}
        """By object name: one row's id, and the values of its fields."""

    def name(self, prefix: str) -> str:
        self.made += 1
        return f"{prefix}{self.made}"

    def step(self) -> None:
        choices = [self.add_field, self.add_field, self.rename_field, self.drop_field]
        choices += [self.rename_object, self.drop_object, self.toggle_key, self.set_value]
        action = self.random.choice(choices if self.rows else [self.add_object])
        if len(self.rows) < 3 and self.random.random() < 0.3:
            action = self.add_object
        action()

    def object(self) -> str:
        return self.random.choice(sorted(self.rows))

    def fields(self, name: str) -> list[dict[str, Any]]:
        return self.work.contents["object", name]["fields"]

    def add_object(self) -> None:
        name = self.name("thing")
        fields = [field("code", "text", length=20, external_id=True)]
        if self.rows:
            fields.append(field("near", "lookup", to=self.object()))
        self.work.contents["object", name] = {
            "kind": "object",
            "name": name,
            "label": label(name, name),
            "fields": fields,
        }
        self.work.publish()
        self.rows[name] = (self.work.create(name, code=name), {"code": name})

    def add_field(self) -> None:
        name = self.object()
        kind, options, value = self.random.choice(TYPES)
        added = field(self.name("field"), kind, **options)
        self.fields(name).append(added)
        self.work.publish()
        self.set(name, added["name"], value)

    def set_value(self) -> None:
        name = self.object()
        own = [one for one in self.fields(name) if one["type"] == "text" and one["name"] != "code"]
        if own:
            self.set(name, self.random.choice(own)["name"], self.name("value"))

    def set(self, name: str, field_name: str, value: Any) -> None:
        record_id, values = self.rows[name]
        version = self.work.value(name, record_id, "version")
        store = self.work.platform.store
        self.work.platform.write_as_system(
            lambda context, unit: store.update(
                context, unit, name, record_id, {field_name: value}, version
            )
        )
        values[field_name] = self.work.value(name, record_id, field_name)

    def rename_field(self) -> None:
        name = self.object()
        chosen = self.random.choice(self.fields(name))
        if chosen["name"] in {"code", "near"}:
            return
        chosen["was"], chosen["name"] = chosen["name"], self.name("field")
        values = self.rows[name][1]
        values[chosen["name"]] = values.pop(chosen["was"])
        self.work.publish()
        del chosen["was"]

    def drop_field(self) -> None:
        name = self.object()
        chosen = self.random.choice(self.fields(name))
        if chosen["name"] == "code":
            return
        self.fields(name).remove(chosen)
        self.rows[name][1].pop(chosen["name"], None)
        self.work.publish()

    def rename_object(self) -> None:
        old = self.object()
        new = self.name("thing")
        content = self.work.contents.pop(("object", old))
        self.work.contents["object", new] = {**content, "name": new, "was": old}
        for (kind, _), other in self.work.contents.items():
            for one in other["fields"] if kind == "object" else ():
                if one.get("to") == old:
                    one["to"] = new
        self.rows[new] = self.rows.pop(old)
        self.work.publish()
        del self.work.contents["object", new]["was"]

    def drop_object(self) -> None:
        name = self.object()
        used = any(
            one.get("to") == name
            for (kind, _), other in self.work.contents.items()
            if kind == "object"
            for one in other["fields"]
        )
        if used:
            return
        del self.work.contents["object", name]
        del self.rows[name]
        self.work.publish()

    def toggle_key(self) -> None:
        chosen = self.random.choice(self.fields(self.object()))
        if chosen["name"] != "code" and chosen["type"] == "text":
            chosen["unique"] = not chosen.get("unique", False)
            self.work.publish()

    def check(self) -> None:
        for name, (record_id, values) in self.rows.items():
            for field_name, value in values.items():
                assert self.work.value(name, record_id, field_name) == value


def drift(work: Publishing) -> list[str]:
    """What the live tables lack or have too much of: columns, keys, indexes, foreign keys."""
    platform = work.platform
    catalog = platform.catalogs.refresh().catalog
    found = list(_missing_columns(platform))
    with platform.database.reading() as reading:
        inspector = sa.inspect(reading.connection)
        specs = table_specs(catalog, load_names(reading.connection)).specs
        for spec in specs.values():
            wanted = {(one.name, one.unique, one.columns) for one in spec.indexes}
            present = {
                (one["name"], bool(one["unique"]), tuple(one["column_names"]))
                for one in inspector.get_indexes(spec.name)
            }
            found += [f"index {one}" for one in wanted ^ present]
            references = {(one.name, one.references) for one in spec.columns if one.references}
            live = {
                (one["constrained_columns"][0], one["referred_table"])
                for one in inspector.get_foreign_keys(spec.name)
            }
            known = {one.name for one in spec.columns}
            found += [f"key {one}" for one in references ^ {one for one in live if one[0] in known}]
    return found


@pytest.mark.parametrize("seed", range(2))
def test_tables_follow_the_metadata_and_values_stay(work, deep, seed):
    for kind, name in list(work.contents):
        if kind not in {"module", "role"}:
            del work.contents[kind, name]
    work.contents["module", "claims"].pop("menu")
    work.contents["module", "claims"].pop("constants")
    walk = Walk(work, seed)
    for _ in range(250 if deep else 15):
        walk.step()
        assert drift(work) == []
        walk.check()

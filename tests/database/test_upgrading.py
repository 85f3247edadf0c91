"""A vendor's newer module over local changes: all are kept, or the contradictions are listed."""

from __future__ import annotations

import copy
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from headrace.platform.access.audit_trail import Wanted, read_audit
from tests.support.documents import field, label
from tests.support.publishing import Contents, Publishing, platform_at, write_module


class Vendor:
    """A module that a vendor delivers and that this workspace changes."""

    def __init__(self, work: Publishing, folder: Path) -> None:
        self.work = work
        self.platform = work.platform
        self.folder = folder
        work.publish()
        self.newer: Contents = copy.deepcopy(work.contents)
        self.newer["module", "claims"]["version"] = "2.0.0"

    def upgrade(self, answers: dict[str, Any] | None = None) -> Any:
        path = write_module(self.folder, self.newer)
        return self.platform.upgrader.plan(path, (), answers)

    def publish(self, answers: dict[str, Any] | None = None) -> int:
        upgrade = self.upgrade(answers)
        assert upgrade.plan.refused == ()
        return self.platform.upgrader.publish(upgrade, "upgrade", None).version

    def live(self, kind: str, name: str) -> Any:
        documents = self.platform.catalogs.content_of().documents
        return next(one.content for one in documents if (one.kind, one.name) == (kind, name))


@pytest.fixture
def vendor(database_url: str, tmp_path: Path) -> Iterator[Vendor]:
    with platform_at(database_url) as platform:
        yield Vendor(Publishing(platform, tmp_path / "modules"), tmp_path / "newer")


def named(content: Any, name: str) -> Any:
    return next(one for one in content["fields"] if one["name"] == name)


def codes(problems: Any) -> list[str]:
    return [one.code for one in problems]


def test_local_changes_survive_an_upgrade_and_the_next_one(vendor):
    record = vendor.work.create("region", code="N", name="North")
    vendor.work.contents["object", "region"]["fields"].append(field("ours", "text", length=20))
    vendor.work.contents["role", "boss"]["label"] = label("Chief", "主管")
    vendor.work.publish()
    vendor.newer["object", "region"]["fields"].append(field("theirs", "integer"))
    vendor.newer["role", "dealer"]["label"] = label("Partner", "伙伴")
    vendor.publish()
    names = [one["name"] for one in vendor.live("object", "region")["fields"]]
    assert names == ["code", "name", "parent", "ours", "theirs"]
    assert vendor.live("role", "boss")["label"]["en"] == "Chief"
    assert vendor.live("role", "dealer")["label"]["en"] == "Partner"
    assert vendor.live("module", "claims")["version"] == "2.0.0"
    assert vendor.work.value("region", record, "name") == "North"
    told = " ".join(one.sentence.en for one in vendor.platform.upgrader.local_changes(["claims"]))
    assert "Chief" in told
    assert "theirs" not in told
    vendor.newer["module", "claims"]["version"] = "3.0.0"
    vendor.newer["object", "region"]["fields"].pop()
    upgrade = vendor.upgrade()
    assert [one.code for one in upgrade.plan.refused] == []
    vendor.platform.upgrader.publish(upgrade, "upgrade", None)
    names = [one["name"] for one in vendor.live("object", "region")["fields"]]
    assert names == ["code", "name", "parent", "ours"]


def test_contradictions_are_listed_and_settled_by_decisions(vendor):
    vendor.work.contents["role", "boss"]["label"]["en"] = "Chief"
    vendor.work.publish()
    vendor.newer["role", "boss"]["label"]["en"] = "Head"
    upgrade = vendor.upgrade()
    assert codes(upgrade.plan.refused) == ["upgrade.conflict"]
    (conflict,) = upgrade.merged.conflicts
    assert conflict.key == "role/boss/label/en"
    unknown = vendor.upgrade({conflict.key: {"answer": "ours"}, "role/x": {"answer": "ours"}})
    assert codes(unknown.plan.refused) == ["merge.unknown_conflict"]
    vendor.publish({conflict.key: {"answer": "theirs"}})
    assert vendor.live("role", "boss")["label"]["en"] == "Head"


def test_publishing_over_local_changes_tells_what_is_lost(vendor):
    original = copy.deepcopy(vendor.work.contents)
    vendor.work.contents["role", "boss"]["label"] = label("Chief", "主管")
    vendor.work.publish()
    vendor.work.contents = original
    plan = vendor.work.plan()
    found = vendor.platform.upgrader.overwritten(plan)
    assert set(codes(found)) == {"module.local_changes"}
    assert any("Chief" in one.message.en for one in found)
    assert not any(one.severity == "error" for one in found)


def test_an_older_version_is_a_warning(vendor):
    vendor.newer["module", "claims"]["version"] = "0.9.0"
    assert codes(vendor.upgrade().plan.problems) == ["upgrade.older"]


def test_a_module_that_was_never_changed_becomes_what_is_delivered(vendor):
    vendor.newer["object", "region"]["fields"].append(field("theirs", "integer"))
    vendor.publish()
    assert vendor.platform.upgrader.local_changes() == ()


def relabel(contents: Contents, chance: random.Random, mark: str) -> set[tuple[str, str]]:
    """Change labels and add fields at random; return which documents were touched."""
    touched = set()
    for _ in range(chance.randrange(1, 6)):
        kind, name = chance.choice([key for key in sorted(contents) if key[0] != "module"])
        content = contents[kind, name]
        if kind == "object" and chance.random() < 0.5:
            content["fields"].append(field(f"{mark}{chance.randrange(10**6)}", "integer"))
        elif "label" in content:
            content["label"] = label(f"{mark}{chance.randrange(99)}", mark)
        else:
            continue
        touched.add((kind, name))
    return touched


@pytest.mark.parametrize("seed", range(3))
def test_random_changes_on_both_sides_lose_nothing(vendor, deep, seed):
    if not deep and seed:
        pytest.skip("one walk is enough without --deep")
    chance = random.Random(seed)
    changed: set[tuple[str, str]] = set()
    for turn in range(20 if deep else 3):
        vendor.work.contents = {key: dict(vendor.live(*key)) for key in vendor.work.contents}
        local = copy.deepcopy(vendor.work.contents)
        ours = relabel(local, chance, "o")
        changed |= ours
        vendor.work.contents = copy.deepcopy(local)
        vendor.work.publish()
        theirs = relabel(vendor.newer, chance, "t")
        vendor.newer["module", "claims"]["version"] = f"2.{turn}.0"
        upgrade = vendor.upgrade()
        answers = {one.key: {"answer": "ours"} for one in upgrade.merged.conflicts}
        vendor.publish(answers)
        conflicting = {(one.kind, one.name) for one in upgrade.merged.conflicts}
        for key in theirs - conflicting:
            wanted, found = vendor.newer[key], vendor.live(*key)
            if "fields" in wanted:
                names = {one["name"] for one in found["fields"]}
                assert {one["name"] for one in wanted["fields"]} <= names
            if key not in changed:
                assert found.get("label") == wanted.get("label")
        for key in changed:
            names = {one["name"] for one in vendor.live(*key).get("fields", ())}
            assert {one["name"] for one in local[key].get("fields", ())} <= names


def test_an_upgrade_is_on_record(vendor):
    version = vendor.publish()
    entry = read_audit(vendor.platform.database, Wanted("module", "claims"))[0]
    assert (entry["action"], entry["version"]) == ("upgrade", version)
    assert (entry["before"][0]["value"], entry["after"][0]["value"]) == ("1.0.0", "2.0.0")

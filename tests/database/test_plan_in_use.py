"""Dropping what others still use: one problem that lists the places."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.publishing import Publishing, published_at


@pytest.fixture
def work(database_url: str, tmp_path: Path) -> Iterator[Publishing]:
    with published_at(database_url, tmp_path / "modules") as made:
        yield made


def drop_field(work: Publishing, object_name: str, name: str) -> None:
    work.contents["object", object_name]["fields"].remove(work.field(object_name, name))


def test_a_dropped_field_that_is_used_is_told_with_every_place(work):
    drop_field(work, "claim", "fee")
    found = [one for one in work.plan().refused if one.code == "ref.in_use"]
    assert len(found) == 1
    assert "claim.fee" in found[0].message.en
    assert "rule" in found[0].message.en
    assert found[0].path.startswith("/claims/")


def test_a_dropped_object_that_is_used_is_told(work):
    del work.contents["object", "company"]
    assert "ref.in_use" in work.codes()


def test_a_dropped_role_that_is_used_is_told(work):
    del work.contents["role", "dealer"]
    assert "ref.in_use" in work.codes()


def test_a_rename_is_no_drop(work):
    work.field("claim", "fee").update({"name": "charge", "was": "fee"})
    assert "ref.in_use" not in work.codes()


def test_what_is_taken_out_everywhere_may_go(work):
    work.contents["object", "company"]["fields"].remove(work.field("company", "note"))
    for (kind, _), content in work.contents.items():
        if kind == "permission" and content["object"] == "company":
            for grant in content["grants"]:
                grant.pop("fields", None)
    assert "ref.in_use" not in work.codes()

"""The audit trail: each published change is in it, and nothing takes it out again."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from headrace.platform.access.audit import AUDIT, read_audit
from tests.support.publishing import Publishing, platform_at


def test_a_publish_says_who_what_before_and_after(database_url: str, tmp_path: Path):
    with platform_at(database_url) as platform:
        publishing = Publishing(platform, tmp_path)
        publishing.publish()
        first = read_audit(platform.database)
        assert {one["action"] for one in first} == {"add"}
        assert {one["version"] for one in first} == {1}
        publishing.field("company", "name")["help"] = {"en": "As registered", "zh": "注册名称"}
        publishing.publish()
        (entry,) = [one for one in read_audit(platform.database) if one["version"] == 2]
        assert (entry["kind"], entry["name"], entry["action"]) == ("object", "company", "change")
        assert entry["after"][0]["value"] == "As registered"
        assert entry["before"][0]["value"] is None
        assert "As registered" in entry["said"][0]["en"]
        assert read_audit(platform.database, kind="object", name="company")[0] == entry
        assert read_audit(platform.database, before_number=entry["number"]) == first


def test_a_refused_publish_leaves_no_trace(database_url: str, tmp_path: Path):
    with platform_at(database_url) as platform:
        publishing = Publishing(platform, tmp_path)
        publishing.field("company", "name")["type"] = "nonsense"
        assert publishing.plan().refused
        assert read_audit(platform.database) == []


@pytest.mark.parametrize("statement", [sa.update(AUDIT).values(name="x"), sa.delete(AUDIT)])
def test_the_database_refuses_to_change_it(
    database_url: str, tmp_path: Path, statement: sa.Executable
):
    with platform_at(database_url) as platform:
        Publishing(platform, tmp_path).publish()
        with (
            pytest.raises(sa.exc.DBAPIError, match="append-only"),
            platform.database.writing(None) as work,
        ):
            work.connection.execute(statement)
        assert read_audit(platform.database)

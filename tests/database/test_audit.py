"""The audit trail: each published change is in it, and nothing takes it out again."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from headrace.platform.access.audit import AUDIT, MOST_PIECES
from headrace.platform.access.audit_trail import Wanted, read_audit, read_entry, shown_entry
from headrace.platform.core.canonical import canonical_bytes
from headrace.platform.database.unit_of_work import COMMAND_LINE
from tests.support.documents import field
from tests.support.publishing import MODULE, Publishing, platform_at, published_at

LONG = {"en": "word " * 500, "zh": "词" * 1000}


def test_a_publish_says_who_what_before_and_after(database_url: str, tmp_path: Path):
    with platform_at(database_url) as platform:
        publishing = Publishing(platform, tmp_path)
        (zone,) = read_audit(platform.database)
        publishing.publish()
        first = read_audit(platform.database, Wanted(limit=100))[:-1]
        assert (zone["kind"], zone["name"]) == ("setting", "time_zone")
        assert {one["action"] for one in first} == {"add"}
        assert {one["version"] for one in first} == {1}
        publishing.field("company", "name")["help"] = {"en": "As registered", "zh": "注册名称"}
        publishing.publish()
        (entry,) = [one for one in read_audit(platform.database) if one["version"] == 2]
        assert (entry["kind"], entry["name"], entry["action"]) == ("object", "company", "change")
        assert entry["after"][0]["value"] == "As registered"
        assert entry["before"][0]["value"] is None
        assert "As registered" in entry["said"][0]["en"]
        assert read_audit(platform.database, Wanted("object", "company"))[0] == entry
        assert read_audit(platform.database, Wanted(below=entry["number"])) == [*first, zone]


def test_a_refused_publish_leaves_no_trace(database_url: str, tmp_path: Path):
    with platform_at(database_url) as platform:
        publishing = Publishing(platform, tmp_path)
        publishing.field("company", "name")["type"] = "nonsense"
        before = read_audit(platform.database)
        assert publishing.plan().refused
        assert read_audit(platform.database) == before


@pytest.mark.parametrize("statement", [sa.update(AUDIT).values(name="x"), sa.delete(AUDIT)])
def test_the_database_refuses_to_change_it(
    database_url: str, tmp_path: Path, statement: sa.Executable
):
    with published_at(database_url, tmp_path) as made:
        platform = made.platform
        with (
            pytest.raises(sa.exc.DBAPIError, match="append-only"),
            platform.database.writing(None) as work,
        ):
            work.connection.execute(statement)
        assert read_audit(platform.database)


def test_a_long_definition_is_kept_once_and_read_whole_from_its_version(
    database_url: str, tmp_path: Path
):
    with published_at(database_url, tmp_path) as made:
        platform = made.platform
        (listed,) = read_audit(platform.database, Wanted("object", "claim"))
        assert set(listed["after"][0]) == {"path", "document", "bytes"}

        whole = read_entry(platform.database, listed["number"])

        claim = platform.catalogs.content_of().documents
        (expected,) = [
            dict(one.content) for one in claim if (one.kind, one.name) == ("object", "claim")
        ]
        assert whole["after"] == [{"path": "", "value": expected}]
        assert whole["before"] == [{"path": "", "value": None}]


def test_what_an_entry_holds_is_bounded(database_url: str, tmp_path: Path):
    with published_at(database_url, tmp_path) as work:
        platform = work.platform
        fields = work.contents["object", "company"]["fields"]
        fields += [field(f"more_{number}", "text", help=LONG) for number in range(300)]
        work.publish()

        entry = read_audit(platform.database, Wanted("object", "company"))[0]

        assert len(entry["after"]) == MOST_PIECES
        assert entry["said"][-1] == {"en": "and 100 more changes", "zh": "以及另外 100 处修改"}
        assert set(entry["after"][0]) == {"path", "hash", "bytes", "excerpt"}
        assert len(canonical_bytes(entry["after"])) < 200_000


def test_going_back_samples_and_modules_that_go_are_on_record(database_url: str, tmp_path: Path):
    rows = {"sample/region.csv": "code,name\nN,North\nS,South\n"}
    with published_at(database_url, tmp_path, rows=rows) as work:
        platform = work.platform
        rows = platform.catalogs.refresh().rows
        samples = platform.samples
        platform.write_as_system(
            lambda context, unit: samples.load(context, unit, rows, MODULE), COMMAND_LINE
        )
        platform.write_as_system(lambda context, unit: samples.unload(context, unit, MODULE))
        loaded, unloaded = reversed(read_audit(platform.database, Wanted("sample")))
        assert loaded["after"] == unloaded["before"] == [{"path": "", "value": {"rows": 2}}]
        assert (loaded["through"], unloaded["through"]) == ("cli", "system")

        plan = platform.uninstaller.plan(MODULE)
        platform.uninstaller.uninstall(plan, MODULE, "drop", "", None)
        gone = read_audit(platform.database, Wanted("module", MODULE))[0]
        assert (gone["action"], gone["version"]) == ("uninstall", 2)
        assert "with its data" in shown_entry(gone, "en")["changes"][0]


def test_a_draft_is_on_record_from_the_first_change_to_the_last(database_url: str, tmp_path: Path):
    with published_at(database_url, tmp_path) as made:
        platform = made.platform
        drafts = platform.drafts
        draft = platform.write_as_system(lambda _, unit: drafts.create(unit, "Spring", None))
        role = {"kind": "role", "name": "auditor", "label": {"en": "Auditor", "zh": "审计"}}
        platform.write_as_system(lambda _, unit: drafts.add(unit, draft, MODULE, role, None))
        platform.write_as_system(lambda _, unit: drafts.discard(unit, draft, None, None))

        begun, added, given_up = reversed(read_audit(platform.database, Wanted("draft", "Spring")))

        assert [one["action"] for one in (begun, added, given_up)] == ["add", "change", "discard"]
        assert added["after"][0]["value"]["name"] == "auditor"
        assert added["after"][0]["path"] == f"/{MODULE}/role/auditor"
        assert {one["definition_id"] for one in (begun, added, given_up)} == {draft.id}
        assert "审计" in shown_entry(added, "zh")["changes"][0]

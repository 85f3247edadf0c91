"""Rows that travel with modules: reference rows at publish, samples on demand, all in the export."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from headrace.platform.access.tables import USER
from headrace.platform.core.errors import ConflictError, RefusedError, UnauthenticatedError
from headrace.platform.publishing.export import export_files, write_export
from headrace.platform.runtime import Platform
from tests.support.publishing import MODULE, Publishing, platform_at, published_at

REGIONS = "code,name,parent\nN,North,\nN1,North one,N\n"
COMPANIES = "code,name,region,manager,parent\nC1,One,N1,boss,\nC2,Two,N,,C1\n"
CLAIMS = (
    "claim_no,company,subject,claimed_on,fee,status,created_at,created_by\n"
    "CL-202501-0001,C1,Broken,2025-01-05,5.00,paid,2025-01-05T10:00:00+08:00,clerk\n"
)
ITEMS = "claim,what,qty,price\nCL-202501-0001,Pump,2,10.00\nCL-202501-0001,Hose,1,3.50\n"
USERS = (
    "login,name,language,roles,organisation,active,password\n"
    "clerk,Clerk,zh,dealer,C1,true,a-secret-of-the-demo\n"
    "boss,Boss,en,boss@N;finance,,true,a-secret-of-the-demo\n"
    "gone,Gone,en,finance,,false,\n"
)
ROWS = {
    "reference/region.csv": REGIONS,
    "sample/company.csv": COMPANIES,
    "sample/claim.csv": CLAIMS,
    "sample/claim_item.csv": ITEMS,
    "sample/user.csv": USERS,
}


@pytest.fixture
def work(database_url: str, tmp_path: Path) -> Iterator[Publishing]:
    rows = dict(ROWS)
    with published_at(database_url, tmp_path / "modules", rows=rows) as publishing:
        yield publishing


def live(platform: Platform, object_name: str, *fields: str) -> list[tuple[Any, ...]]:
    table = platform.catalogs.refresh().tables.of(object_name)
    query = (
        sa.select(*(table.columns[name] for name in fields))
        .where(table.table.c.deleted_at.is_(None))
        .order_by(table.columns[fields[0]])
    )
    with platform.database.reading() as reading:
        return [tuple(row) for row in reading.connection.execute(query)]


def load(platform: Platform) -> int:
    rows = platform.catalogs.refresh().rows
    return platform.write_as_system(
        lambda context, unit: platform.samples.load(context, unit, rows, MODULE)
    )


def unload(platform: Platform) -> int:
    return platform.write_as_system(
        lambda context, unit: platform.samples.unload(context, unit, MODULE)
    )


def change(work: Publishing, object_name: str, key: str, **values: Any) -> None:
    record_id, version = next(
        row[1:]
        for row in live(work.platform, object_name, "code", "id", "version")
        if row[0] == key
    )
    work.platform.write_as_system(
        lambda context, unit: work.platform.store.update(
            context, unit, object_name, record_id, values, version
        )
    )


def test_reference_rows_are_there_after_the_publish(work):
    assert live(work.platform, "region", "code", "name") == [("N", "North"), ("N1", "North one")]


def test_a_changed_reference_row_follows_unless_somebody_changed_it(work):
    change(work, "region", "N", name="Our north")
    work.rows["reference/region.csv"] = "code,name,parent\nN,Nord,\nN1,Nord eins,N\nS,South,\n"
    plan = work.publish()
    assert [(line.code, line.rows) for line in plan.lines] == [("rows.reference", 3)]
    found = live(work.platform, "region", "code", "name")
    assert found == [("N", "Our north"), ("N1", "Nord eins"), ("S", "South")]


def test_a_row_that_somebody_deleted_does_not_come_back(work):
    record_id, version = live(work.platform, "region", "code", "id", "version")[1][1:]
    work.platform.write_as_system(
        lambda context, unit: work.platform.store.delete(
            context, unit, "region", record_id, version
        )
    )
    work.rows["reference/region.csv"] = "code,name,parent\nN,North,\nN1,Nord eins,N\n"
    work.publish()
    assert live(work.platform, "region", "code") == [("N",)]


def test_reference_rows_that_cannot_be_saved_refuse_the_publish_as_a_whole(work):
    work.contents["object", "company"]["fields"].append({"name": "rank", "type": "integer"})
    work.rows["reference/region.csv"] = "code,name,parent\nX,,\n"
    with pytest.raises(RefusedError) as refused:
        work.publish()
    assert [problem.code for problem in refused.value.problems] == ["value.required"]
    assert work.platform.catalogs.refresh().version == 1
    assert "rank" not in work.platform.catalogs.current().catalog.objects["company"].fields


def test_a_column_that_is_no_field_is_named(work):
    work.rows["reference/region.csv"] = "code,name,colour\nN,North,red\n"
    with pytest.raises(RefusedError) as refused:
        work.publish()
    [problem] = refused.value.problems
    assert problem.code == "rows.unknown_column"
    assert "colour" in problem.message.en
    assert problem.path.endswith("records/reference/region.csv")


def test_samples_load_with_state_number_times_and_computed_values(work):
    assert load(work.platform) == 6
    [(number, state, total, count)] = live(
        work.platform, "claim", "claim_no", "status", "payable", "version"
    )
    assert (number, state, count) == ("CL-202501-0001", "paid", 1)
    claim = live(work.platform, "claim", "id")[0][0]
    assert str(work.value("claim", claim, "payable")) == "28.50"
    assert work.value("claim", claim, "created_at").isoformat() == "2025-01-05T02:00:00+00:00"
    del total


def test_sample_users_hold_roles_in_places_and_have_no_password(work):
    load(work.platform)
    users = {user.login: user for user in work.platform.identity.users()}
    north = live(work.platform, "region", "code", "id")[0][1]
    assert {(held.role, held.territory_id) for held in users["boss"].roles} == {
        ("boss", north),
        ("finance", None),
    }
    assert users["clerk"].organisation == live(work.platform, "company", "code", "id")[0][1]
    assert not users["gone"].active
    with pytest.raises(UnauthenticatedError):
        work.platform.identity.sign_in("clerk", "a-secret-of-the-demo", "127.0.0.1")


def test_samples_load_once_and_are_taken_away_exactly(work):
    mine = work.create("company", code="MINE", name="Mine")
    load(work.platform)
    with pytest.raises(ConflictError):
        load(work.platform)
    assert unload(work.platform) == 6
    assert live(work.platform, "company", "id") == [(mine,)]
    assert live(work.platform, "claim", "id") == []
    assert live(work.platform, "claim_item", "id") == []
    assert [user.active for user in work.platform.identity.users()] == [False, False, False]
    assert live(work.platform, "region", "code") == [("N",), ("N1",)]
    assert load(work.platform) == 6
    assert [user.active for user in work.platform.identity.users()].count(True) == 2


def test_an_export_into_an_empty_database_exports_the_same_bytes(
    work, fresh_database, backend, tmp_path
):
    load(work.platform)
    work.contents["object", "company"]["fields"].append({"name": "rank", "type": "integer"})
    work.publish()
    first = dict(export_files(work.platform.catalogs.content_of()))
    write_export(tmp_path / "out", first.items())
    with platform_at(fresh_database(backend)) as empty:
        plan = empty.publisher.plan(tmp_path / "out")
        assert plan.refused == ()
        empty.publisher.publish(plan, "again", None)
        second = dict(export_files(empty.catalogs.content_of()))
        assert empty.catalogs.current().catalog.fingerprint == (
            work.platform.catalogs.current().catalog.fingerprint
        )
    assert second == first
    assert f"{MODULE}/records/sample/user.csv" in first


def test_no_password_is_kept_or_exported(work):
    load(work.platform)
    exported = b"".join(data for _, data in export_files(work.platform.catalogs.content_of()))
    assert b"a-secret-of-the-demo" not in exported
    with work.platform.database.reading() as reading:
        hashes = reading.connection.execute(sa.select(USER.c.password_hash)).scalars().all()
        documents = sa.table("sys_document", sa.column("content"))
        kept = reading.connection.execute(sa.select(documents.c.content)).scalars().all()
    assert set(hashes) == {None}
    assert not any("a-secret-of-the-demo" in text for text in kept)


def test_an_old_version_can_be_exported(work):
    before = dict(export_files(work.platform.catalogs.content_of(1)))
    work.contents["object", "company"]["fields"].append({"name": "rank", "type": "integer"})
    work.publish()
    assert dict(export_files(work.platform.catalogs.content_of(1))) == before
    assert dict(export_files(work.platform.catalogs.content_of())) != before


def test_an_export_does_not_mix_with_other_files(work, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "stranger.txt").write_text("x")
    files = export_files(work.platform.catalogs.content_of())
    with pytest.raises(RefusedError) as refused:
        write_export(tmp_path / "out", files)
    assert refused.value.problems[0].code == "export.not_empty"

"""A module goes and comes again: the schema is the same, and kept rows are back."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import count
from typing import Any

import pytest
import sqlalchemy as sa

from headrace.platform.core.errors import NotFoundError, RefusedError
from headrace.platform.database.names import load_names
from headrace.platform.metadata.documents import Document
from headrace.platform.publishing.catalogs import Content
from headrace.platform.publishing.rows import RowsFile
from headrace.platform.publishing.uninstalling import Data
from headrace.platform.runtime import Platform
from tests.support.documents import field, workspace
from tests.support.kill_points import Points, count_in_child, in_child
from tests.support.publishing import accepted, platform_at
from tests.support.schema_shape import all_values, schema_hash

ADDED = {
    "kind": "object",
    "name": "visit",
    "label": {"en": "Visit", "zh": "拜访"},
    "fields": [
        field("code", "text", length=20, external_id=True),
        field("place", "text", length=40),
        field("company", "lookup", to="company"),
        field("earlier", "lookup", to="visit"),
    ],
}
EXTENSION = {
    "kind": "extends",
    "of": "object",
    "name": "company",
    "fields": [
        field("last_visit", "lookup", to="visit"),
        field("visits", "integer"),
    ],
}


def module_of(name: str, *contents: dict[str, Any], requires: tuple[str, ...] = ()) -> Any:
    manifest = {"kind": "module", "name": name, "version": "0.1.0", "requires": [*requires]}
    return tuple(Document(name, one) for one in (manifest, *contents))


@pytest.fixture
def platform(database_url: str) -> Iterator[Platform]:
    with platform_at(database_url) as platform:
        publish(platform, Content(whole(), ()))
        yield platform


def whole() -> tuple[Document, ...]:
    base = tuple(Document("claims", one) for one in workspace().values())
    return (*base, *module_of("visits", ADDED, EXTENSION, requires=("claims",)))


def publish(platform: Platform, content: Content) -> None:
    plan = platform.publisher.plan_content(content)
    plan = platform.publisher.plan_content(content, accepted(plan))
    platform.publisher.publish(plan, "test", None)


def create(platform: Platform, object_name: str, **values: Any) -> str:
    return platform.write_as_system(
        lambda context, work: (
            platform.store.create(context, work, object_name, values, mode="migration").id
        )
    )


def fill(platform: Platform) -> None:
    region = create(platform, "region", code="e", name="East")
    company = create(platform, "company", code="c1", name="One", region=region)
    first = create(platform, "visit", code="v1", place="here", company=company)
    visit = create(platform, "visit", code="v2", place="there", company=company, earlier=first)
    create(platform, "company", code="c2", name="Two", region=region, last_visit=visit, visits=2)


def uninstall(platform: Platform, data: Data) -> Any:
    plan = platform.uninstaller.plan("visits")
    assert plan.refused == ()
    return platform.uninstaller.uninstall(plan, "visits", data, "gone", None)


def tables(platform: Platform) -> set[str]:
    with platform.database.reading() as reading:
        return set(sa.inspect(reading.connection).get_table_names())


@pytest.mark.parametrize("data", ["keep", "drop"])
def test_installed_again_the_schema_is_the_same_and_kept_rows_are_back(
    platform: Platform, data: Data
) -> None:
    fill(platform)
    whole = platform.catalogs.content_of()
    schema, values, before = schema_hash(platform), all_values(platform), tables(platform)

    done = uninstall(platform, data)

    catalog = platform.catalogs.refresh().catalog
    assert done.version == catalog.version
    assert "visit" not in catalog.objects
    assert "visits" not in catalog.modules
    assert "last_visit" not in catalog.objects["company"].fields
    create(platform, "company", code="c3", name="Three")
    if data == "keep":
        assert tables(platform) == before

    publish(platform, whole)

    assert schema_hash(platform) == schema
    visit = platform.catalogs.refresh().catalog.objects["visit"].id
    company = platform.catalogs.refresh().catalog.objects["company"].id
    found = all_values(platform)
    assert len(found[company]) == 3
    if data == "keep":
        kept = {key: row for key, row in found[company].items() if key in values[company]}
        assert {**found, company: kept} == values
    else:
        assert found[visit] == {}
    create(platform, "visit", code="v9", place="again")


def test_dropped_data_leave_no_rows_behind(platform: Platform) -> None:
    fill(platform)
    with platform.database.reading() as reading:
        names = load_names(reading.connection)
    model = platform.catalogs.refresh().catalog.objects["visit"]
    table = names.physical(model.id)
    visits = names.physical(
        platform.catalogs.refresh().catalog.objects["company"].fields["visits"].id
    )
    uninstall(platform, "drop")
    with platform.database.reading() as reading:
        inspector = sa.inspect(reading.connection)
        if inspector.has_table(table):
            assert platform.database.dialect == "sqlite"
            count = sa.select(sa.func.count()).select_from(sa.table(table))
            assert reading.connection.execute(count).scalar_one() == 0
        left = {
            column["name"]
            for one in inspector.get_table_names()
            for column in inspector.get_columns(one)
        }
        assert visits not in left


def test_what_others_require_or_nobody_has_cannot_go(platform: Platform) -> None:
    with pytest.raises(RefusedError) as refused:
        platform.uninstaller.plan("claims")
    [problem] = refused.value.problems
    assert problem.code == "module.required_by"
    assert "visits" in problem.message.en
    with pytest.raises(NotFoundError):
        platform.uninstaller.plan("nothing")


def test_what_others_name_without_requiring_it_is_told_with_its_places(platform: Platform) -> None:
    trip = {
        "kind": "object",
        "name": "trip",
        "label": {"en": "Trip", "zh": "行程"},
        "fields": [
            field("code", "text", length=20, external_id=True),
            field("visit", "lookup", to="visit"),
        ],
    }
    live = platform.catalogs.content_of().documents
    publish(platform, Content((*live, *module_of("trips", trip)), ()))

    plan = platform.uninstaller.plan("visits")

    problems = {one.code: one for one in plan.refused}
    assert problems["ref.in_use"].path.startswith("/trips/objects/trip.json/fields/1")


def with_guest(content: Content) -> Content:
    users = RowsFile("visits", "sample", "user", "login,name,roles\nguest,Guest,finance\n")
    return Content(content.documents, (*content.rows, users))


def load_samples(platform: Platform) -> None:
    rows = platform.catalogs.refresh().rows
    platform.write_as_system(
        lambda context, work: platform.samples.load_once(context, work, rows, "visits")
    )


def active(platform: Platform, login: str) -> bool:
    [user] = [one for one in platform.identity.users() if one.login == login]
    return user.active


def test_sample_users_end_with_their_module_though_its_process_dies(database_url: str) -> None:
    def attempt() -> None:
        with platform_at(database_url) as platform:
            uninstall(platform, "keep")

    def installed() -> int:
        with platform_at(database_url) as platform:
            publish(platform, with_guest(Content(whole(), ())))
            load_samples(platform)
            assert active(platform, "guest")
            return platform.catalogs.refresh().version

    installed()
    moments = count_in_child(attempt)
    half_way, gone = 0, True
    for back in count(step=4):
        before = installed()
        in_child(partial(Points(moments - back).during, attempt))
        with platform_at(database_url) as platform:
            gone = platform.catalogs.refresh().version != before
            half_way += gone and active(platform, "guest")
            platform.uninstaller.retire_users()
            assert active(platform, "guest") is not gone
            assert platform.uninstaller.retire_users() == 0
        if not gone:
            break

    assert half_way > 0, "no kill came between the commit and the end of the accounts"

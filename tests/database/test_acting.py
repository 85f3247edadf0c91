"""An object that people belong to goes on as what it is to them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from headrace.platform.access.tables import USER, USER_ROLE
from tests.support.documents import field, label
from tests.support.publishing import MODULE, Publishing, published_at
from tests.support.retypes import planned, published

ANN = "01900000-0000-7000-8000-000000000001"


def place(name: str, **keys: Any) -> dict[str, Any]:
    fields = [field("code", "text", length=20, external_id=True)]
    return {"kind": "object", "name": name, "label": label(name, name), "fields": fields, **keys}


@pytest.fixture
def work(database_url: str, tmp_path: Path) -> Iterator[Publishing]:
    contents = {
        ("module", MODULE): {
            "kind": "module",
            "name": MODULE,
            "version": "1.0.0",
            "label": label("Places", "地点"),
        },
        ("role", "keeper"): {
            "kind": "role",
            "name": "keeper",
            "label": label("Keeper", "管理员"),
            "design": True,
            "audience": "internal",
        },
        ("object", "firm"): place("firm", acts_as="organisation"),
        ("object", "area"): place("area", acts_as="territory"),
        ("object", "other"): place("other"),
    }
    with published_at(database_url, tmp_path / "modules", contents) as made:
        yield made


def belong(work: Publishing, *, organisation: str | None, territory: str | None) -> None:
    person = {"id": ANN, "login": "ann", "name": "Ann", "language": "en", "active": True}
    with work.platform.database.writing(None) as unit:
        more = {"stamp": 1, "created_at": unit.now, "time_zone": "UTC"}
        user = sa.insert(USER).values(**person, **more, organisation=organisation)
        unit.connection.execute(user)
        if territory is not None:
            held = {"id": ANN, "user": ANN, "role": "keeper", "territory": territory}
            unit.connection.execute(sa.insert(USER_ROLE).values(held))


@pytest.mark.parametrize(
    ("part", "name"), [("organisation", "firm"), ("territory", "area")], ids=str
)
@pytest.mark.parametrize("moves", [True, False], ids=["to another", "to none"])
def test_what_people_belong_to_goes_on(work, part, name, moves):
    row = work.create(name, code="a")
    belong(
        work,
        organisation=row if part == "organisation" else None,
        territory=row if part == "territory" else None,
    )
    del work.contents["object", name]["acts_as"]
    if moves:
        work.contents["object", "other"]["acts_as"] = part
    [problem] = planned(work).refused
    assert problem.code == "object.acts_as_in_use"
    assert problem.path == f"/{MODULE}/objects/{name}.json/acts_as"
    assert "1 people" in problem.message.en


def test_what_nobody_belongs_to_may_change(work):
    work.create("firm", code="a")
    belong(work, organisation=None, territory=None)
    del work.contents["object", "firm"]["acts_as"]
    work.contents["object", "other"]["acts_as"] = "organisation"
    published(work)
    assert work.platform.catalogs.refresh().catalog.acting_as("organisation").name == "other"

"""Every record that people of the demo find opens for them, with its history, rules and neighbours."""

from __future__ import annotations

import pytest

from headrace.app import create_app
from headrace.platform.access.policy import can
from headrace.platform.records import reader
from headrace.platform.records.query import parse_query
from tests.demo.world import World
from tests.support.live import PASSWORD, Live
from tests.support.surfing import Surfer

PEOPLE = ("xumiao", "fangchen", "shaohui", "lixiaoqu", "chenyu", "sunmin", "hecang", "zhoumuzhi")
EACH, DEEP = 1, 3
"""Records of each object that one person opens; others open others."""


@pytest.fixture(scope="module")
def live(busy_demo: World) -> Live:
    """The demo behind its screens, with a password for everybody."""
    platform = busy_demo.platform
    ids = [busy_demo.user_id(login) for login in PEOPLE]
    with platform.database.writing(None) as work:
        platform.identity.set_public_passwords(work, dict.fromkeys(ids, PASSWORD))
    return Live(platform, create_app(platform))


@pytest.mark.parametrize("login", PEOPLE)
def test_what_is_found_opens(busy_demo: World, live: Live, login: str, deep: bool) -> None:
    context = busy_demo.acting(login)
    person = Surfer(live, login, "zh")
    opened = 0
    for name in context.catalog.objects:
        if not can(context.catalog, context.principal, name, "read"):
            continue
        asked = parse_query(context, name, {"limit": 200})
        found = [str(row["id"]) for row in reader.find(context, name, asked).items]
        step = max(1, len(found) // (DEEP if deep else EACH))
        for one in found[PEOPLE.index(login) % step :: step]:
            for part in ("", "/history", "/rules"):
                page = person.get(f"/o/{name}/{one}{part}")
                assert page.status == 200, (name, part, page.text)
                opened += 1

    assert opened > 0

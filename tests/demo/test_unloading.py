"""Sample rows come and go: unloading leaves the reference rows only and asks nobody any more."""

from __future__ import annotations

import sqlalchemy as sa

from headrace.platform.workflow.tables import TASK
from tests.demo.world import MODULES, make_world


def test_unloading_takes_away_exactly_the_samples(database_url: str) -> None:
    world = make_world(database_url)
    tables = world.platform.catalogs.current().tables

    def live() -> dict[str, int]:
        counts = {}
        for name in world.catalog.objects:
            table = tables.of(name)
            query = sa.select(sa.func.count()).where(table.deleted_at.is_(None))
            counts[name] = world.rows(query.select_from(table.table))[0][0]
        return {name: count for name, count in counts.items() if count}

    open_tasks = sa.select(sa.func.count()).select_from(TASK).where(TASK.c.state == "open")
    before = live()
    assert world.rows(open_tasks)[0][0] == 8
    for module in reversed(MODULES[1:]):
        world.platform.write_as_system(
            lambda context, work, name=module: world.platform.samples.unload(context, work, name)
        )
    assert live() == {"territory": 96, "channel_type": 6, "partner_tier": 4}
    assert world.rows(open_tasks)[0][0] == 0
    files = world.platform.catalogs.current().rows
    for module in MODULES[1:]:
        world.platform.write_as_system(
            lambda context, work, name=module: world.platform.samples.load(
                context, work, files, name
            )
        )
    assert live() == before
    assert world.rows(open_tasks)[0][0] == 8
    world.platform.close()

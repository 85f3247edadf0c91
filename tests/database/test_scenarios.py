"""Scenarios: run at every plan in a database of their own; a red one refuses the publish."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.publishing import Publishing, platform_at
from tests.support.scenarios import signed_off


@pytest.fixture(scope="module")
def claims(
    shared_database_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Publishing]:
    with platform_at(shared_database_url) as platform:
        work = Publishing(platform, tmp_path_factory.mktemp("modules"))
        work.contents["scenario", "signed_off"] = signed_off()
        work.publish()
        yield work


def test_a_scenario_that_is_green(claims):
    plan = claims.plan()
    print(plan.problems, plan.scenarios)
    results = claims.platform.scenarios.run(
        claims.platform.catalogs.current().catalog, claims.platform.catalogs.content_of()
    )
    assert [(one.name, one.difference) for one in results] == [("signed_off", None)]

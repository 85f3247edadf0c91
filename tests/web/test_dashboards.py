"""Dashboards: tiles by themselves, what a viewer may not read left out, the same numbers as the reports."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.support.documents import label
from tests.support.live import PASSWORD, Live, open_live
from tests.support.surfing import Surfer

COUNT = {"op": "count", "label": label("Count", "单数")}
LINES = 12


def _with_dashboards(contents: dict[Any, Any]) -> None:
    claims = contents["report", "claims_by_month"]
    contents["report", "reserves"] = {
        **claims,
        "name": "reserves",
        "label": label("Reserves", "准备金"),
        "measures": [{"op": "sum", "field": "reserve"}],
    }
    contents["report", "subjects"] = {
        **claims,
        "name": "subjects",
        "label": label("Subjects", "事由"),
        "help": label("What claims are about", "理赔事由"),
        "group_rows": ["subject"],
        "group_columns": [],
        "measures": [COUNT],
    }
    reserve = {"name": "reserve", "report": "reserves", "kind": "number"}
    contents["dashboard", "claims_overview"]["tiles"] += [
        reserve,
        {"name": "subjects", "report": "subjects", "kind": "table", "width": 2},
    ]
    for name, roles in (("reserves", []), ("bosses", ["boss"])):
        contents["dashboard", name] = {
            "kind": "dashboard",
            "name": name,
            "label": label(name.title(), name),
            "roles": roles,
            "tiles": [reserve],
        }
    contents["module", "claims"]["menu"] += [
        {"label": label("At a glance", "一览"), "dashboard": "claims_overview"},
        {"label": label("Put aside", "预留"), "dashboard": "reserves"},
    ]


@pytest.fixture(scope="module")
def live(shared_database_url: str) -> Iterator[Live]:
    found = open_live(shared_database_url, _with_dashboards)
    for number in range(LINES):
        data = {"company": found.ids["acme"], "claimed_on": "2025-05-03", "kind": "damage"}
        subject = f"Subject {number:02}"
        found.create("claim", {**data, "subject": subject, "fee": "10", "reserve": "7"})
    data = {"company": found.ids["rival"], "claimed_on": "2025-06-03", "kind": "damage"}
    found.create("claim", {**data, "subject": "Of the rival", "fee": "1", "reserve": "100"})
    with found.platform.database.writing(None) as work:
        for login in ("ann", "boss"):
            found.platform.identity.set_password(work, found.ids[login], PASSWORD)
    for login in ("ann", "boss"):
        found.renewed_client(login)
    yield found
    found.platform.close()


def tile(who: Surfer, name: str, dashboard: str = "claims_overview") -> str:
    answer = who.get(f"/dashboards/{dashboard}/tiles/{name}")
    assert answer.status == 200
    return str(answer.response.text)


def test_the_page_asks_for_each_tile_by_itself(live: Live, surfer: Callable[..., Surfer]):
    page = surfer("boss").get("/dashboards/claims_overview").response.text
    asked = re.findall(r'hx-get="/dashboards/claims_overview/tiles/(\w+)"', page)
    assert asked == ["cost", "claims", "course", "months", "reserve", "subjects"]
    assert "wide-4" in page
    assert "What claims cost" in page
    assert "2025-05" not in page  # no report was run for it
    chinese = surfer("boss", "zh").get("/dashboards/claims_overview").response.text
    assert "理赔看板" in chinese
    assert "加载中" in chinese


def test_tiles_show_what_the_report_has(live: Live, surfer: Callable[..., Surfer]):
    boss = surfer("boss")
    report = live.client("boss").get("/api/v1/reports/claims_by_month").json
    amount, count = report["total"]
    assert count == 13
    assert f'<span class="amount">{count}</span>' in tile(boss, "claims")
    cost = tile(boss, "cost")
    assert f'<span class="amount">{float(amount):,.2f}</span>' in cost
    assert 'href="/reports/claims_by_month/rows' in cost
    assert "As of" in cost
    chart = tile(boss, "course")
    assert 'data-chart="chart-claims_overview-course"' in chart
    assert "vega-lite" in chart
    assert "<table" in tile(boss, "months")
    assert "<html" not in cost


def test_a_table_shows_its_first_lines_and_the_way_to_the_rest(surfer: Callable[..., Surfer]):
    shown = tile(surfer("ann"), "subjects")
    assert "What claims are about" in shown
    assert "Subject 09" in shown
    assert "Subject 10" not in shown
    assert "10 of 12 lines" in shown
    assert 'href="/reports/subjects"' in shown


def test_what_a_viewer_may_not_read_is_left_out(live: Live, surfer: Callable[..., Surfer]):
    ann = surfer("ann")
    page = ann.get("/dashboards/claims_overview").response.text
    assert "/tiles/cost" in page
    assert "/tiles/reserve" not in page
    assert "Reserves" not in page
    assert ann.get("/dashboards/claims_overview/tiles/reserve").status == 404
    assert f'<span class="amount">{LINES}</span>' in tile(ann, "claims")  # not the rival's
    for name in ("reserves", "bosses", "nothing"):
        assert ann.get(f"/dashboards/{name}").status == 404
        assert live.client("ann").get(f"/api/v1/dashboards/{name}").status_code == 404


def test_menu_and_home_lead_to_the_dashboards_of_the_viewer(surfer: Callable[..., Surfer]):
    home = surfer("ann").get("/").response.text
    assert home.count('href="/dashboards/claims_overview"') == 3  # shell, home, its module
    assert "At a glance" in home
    assert "Put aside" not in home
    assert "Put aside" in surfer("boss").get("/").response.text
    listed = surfer("boss").get("/dashboards/").response.text
    found = re.findall(r'href="/dashboards/(\w+)" data-row-link', listed)
    assert found == ["bosses", "claims_overview", "reserves"]


def test_the_api_gives_dashboards_with_what_their_tiles_show(live: Live):
    ann, boss = live.client("ann"), live.client("boss")
    items = ann.get("/api/v1/dashboards").json["items"]
    assert [one["name"] for one in items] == ["claims_overview"]
    assert [one["name"] for one in items[0]["tiles"]][-1] == "subjects"
    report = boss.get("/api/v1/reports/claims_by_month").json
    board = boss.get("/api/v1/dashboards/claims_overview").json
    tiles = {one["name"]: one for one in board["tiles"]}
    assert tiles["cost"]["value"] == report["total"][0]
    assert tiles["claims"]["value"] == report["total"][1]
    assert tiles["claims"]["measure"]["name"] == "count_all"
    assert tiles["reserve"]["value"] == "184.00"
    assert tiles["months"]["result"]["rows"] == report["rows"]
    assert (tiles["months"]["width"], tiles["months"]["kind"]) == (4, "table")
    assert "result" not in tiles["cost"]
    assert ann.get("/api/v1/dashboards?x=1").status_code == 422


def test_openapi_has_the_dashboards_of_the_caller(live: Live):
    paths = live.client("ann").get("/api/v1/openapi.json").json["paths"]
    assert "/dashboards" in paths
    assert "/dashboards/claims_overview" in paths
    assert "/dashboards/reserves" not in paths

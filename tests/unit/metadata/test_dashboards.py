"""Dashboards as documents: what is wrong with one, what uses what, and how a change of one is told."""

from __future__ import annotations

import copy
from typing import Any

from headrace.platform.metadata.building import build_catalog
from headrace.platform.metadata.checks import run_checks
from headrace.platform.metadata.comparing import compare
from headrace.platform.metadata.field_types import built_in
from headrace.platform.metadata.references import uses
from tests.support.documents import documents, label, workspace

NAME = ("dashboard", "claims_overview")


def found(contents: dict[tuple[str, str], dict[str, Any]]) -> list[tuple[str, str, str]]:
    """Return code, place below the module's folder and severity of every finding."""
    result = build_catalog(documents(contents), built_in(), 1)
    assert result.catalog is not None, result.problems
    return [
        (one.code, one.path.removeprefix("/claims/"), one.severity)
        for one in run_checks(result.catalog)
    ]


def with_tile(index: int = 0, **keys: Any) -> list[tuple[str, str, str]]:
    contents = workspace()
    contents[NAME]["tiles"][index].update(keys)
    return found(contents)


AT = "dashboards/claims_overview.json"


def test_a_sound_dashboard_has_no_findings():
    assert found(workspace()) == []


def test_what_a_tile_shows_must_be_there():
    assert with_tile(report="nothing") == [("ref.unknown", f"{AT}/tiles/0/report", "error")]
    assert with_tile(measure="sum_fee") == [("dashboard.measure", f"{AT}/tiles/0/measure", "error")]
    contents = workspace()
    del contents["report", "claims_by_month"]["chart"]
    contents["report", "claims_by_month"]["group_rows"] = []
    assert found(contents) == [
        ("dashboard.nothing_to_show", f"{AT}/tiles/2/kind", "error"),
        ("dashboard.nothing_to_show", f"{AT}/tiles/3/kind", "error"),
    ]


def test_a_measure_is_for_numbers():
    place = f"{AT}/tiles/3/measure"
    assert with_tile(3, measure="count_all") == [("dashboard.measure_unused", place, "error")]


def test_tiles_are_told_apart():
    assert with_tile(1, name="cost") == [("name.duplicate", f"{AT}/tiles/1/name", "error")]
    contents = workspace()
    del contents[NAME]["tiles"][1]["measure"]
    assert found(contents) == [("dashboard.tile_twice", f"{AT}/tiles/1", "warning")]


def test_whom_a_tile_is_shown_to():
    contents = workspace()
    contents["report", "claims_by_month"]["roles"] = ["boss"]
    contents[NAME]["roles"] = ["boss", "dealer"]
    codes = {code for code, _, _ in found(contents)}
    assert codes == {"dashboard.tile_left_out"}
    contents[NAME]["roles"] = ["dealer"]
    assert {code for code, _, _ in found(contents)} == {"dashboard.tile_nobody"}
    contents[NAME]["roles"] = ["stranger"]
    assert ("ref.unknown", f"{AT}/roles/0", "error") in found(contents)


def test_a_field_that_a_role_may_not_read_keeps_the_tile_from_it():
    contents = workspace()
    contents["report", "claims_by_month"]["measures"][0]["field"] = "reserve"
    contents[NAME]["tiles"][0]["measure"] = "sum_reserve"
    contents[NAME]["roles"] = ["boss", "dealer"]
    assert {code for code, _, _ in found(contents)} == {"dashboard.tile_left_out"}


def test_a_menu_entry_opens_one_thing_that_is_there():
    contents = workspace()
    menu = contents["module", "claims"]["menu"]
    menu[0]["dashboard"] = menu[1]["dashboard"] = "claims_overview"
    menu.append({"label": label("Overview", "概览"), "dashboard": "nothing"})
    assert found(contents) == [
        ("menu.both", "module.json/menu/0/dashboard", "error"),
        ("menu.both", "module.json/menu/1/dashboard", "error"),
        ("ref.unknown", "module.json/menu/2/dashboard", "error"),
    ]
    del menu[0]["dashboard"], menu[1]["dashboard"]
    menu[2]["dashboard"] = "claims_overview"
    assert found(contents) == []
    contents["report", "claims_by_month"]["roles"] = ["boss"]
    contents[NAME]["roles"] = ["dealer"]
    assert ("menu.nobody", "module.json/menu/2", "warning") in found(contents)


def test_where_reports_roles_and_dashboards_are_used():
    contents = workspace()
    contents[NAME]["roles"] = ["boss"]
    entry = {"label": label("Overview", "概览"), "dashboard": "claims_overview"}
    contents["module", "claims"]["menu"].append(entry)
    catalog = build_catalog(documents(contents), built_in(), 1).catalog
    assert catalog is not None
    used = uses(catalog)
    tiles = [one for one in used.of("report", "claims_by_month") if one.kind == "dashboard"]
    assert [one.path for one in tiles] == [f"/tiles/{number}/report" for number in range(4)]
    assert {one.how for one in tiles} == {"tile"}
    assert [one.how for one in used.of("role", "boss") if one.kind == "dashboard"] == [
        "dashboard for"
    ]
    assert [one.path for one in used.of("dashboard", "claims_overview")] == ["/menu/2/dashboard"]


def test_a_change_is_told_in_words():
    contents = workspace()
    before = documents(contents)
    changed = copy.deepcopy(contents)
    board = changed[NAME]
    board["roles"] = ["boss"]
    board["help"] = label("What claims bring", "理赔情况")
    number, _, chart, table = board["tiles"]
    number["measure"] = "count_all"
    chart["width"] = 3
    table["kind"] = "chart"
    board["tiles"] = [number, table, chart]
    told = compare(before, documents(changed), built_in())
    assert [one.sentence.en for one in told] == [
        "Dashboard “Claims overview” no longer has the tile “Claims”",
        "Tile “cost” of dashboard “Claims overview”: the measure is now “count_all”",
        "Tile “months” of dashboard “Claims overview”: the kind is now the chart (was the table)",
        "Tile “course” of dashboard “Claims overview”: the width is now 3 (was 2)",
        "Tile “months” of dashboard “Claims overview” now stands behind tile “cost”",
        (
            "Dashboard “Claims overview”: the help text in English is now “What claims bring”"
            " (was “What claims cost”)"
        ),
        "Dashboard “Claims overview”: the help text in Chinese is now “理赔情况” (was “理赔费用”)",
        "Dashboard “Claims overview” may now be opened by “Boss”",
    ]
    board_zh = "看板“理赔看板”（claims_overview）"
    assert [one.sentence.zh for one in told][:4] == [
        f"{board_zh}删除图块“理赔单”（claims）",
        f"{board_zh}的图块“cost”：度量设为“count_all”",
        f"{board_zh}的图块“months”：展示方式由表格改为图表",
        f"{board_zh}的图块“course”：宽度由2改为3",
    ]

"""Imports on both databases: columns, keys, lookups, children, all or nothing, rights, what is left behind."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import openpyxl
import pytest

from headrace.platform.core.errors import (
    ConflictError,
    ForbiddenError,
    NotFoundError,
    RefusedError,
)
from headrace.platform.exchange import batches, importing
from headrace.platform.exchange.batches import forget_old_imports, list_batches, records_of
from headrace.platform.exchange.importing import Following
from headrace.platform.exchange.requests import read_request
from headrace.platform.exchange.tables import IMPORT, IMPORT_ERROR
from headrace.platform.jobs.tables import JOB
from headrace.platform.metadata.documents import Document
from headrace.platform.publishing.folders import Modules
from tests.support.exchange_world import (
    DOCUMENTS,
    Exchange,
    as_csv,
    as_workbook,
    open_exchange,
    read_csv,
)


@pytest.fixture
def world(exchange: Exchange) -> Exchange:
    """The workspace as it was at first, for tests that change rows only."""
    exchange.sweep()
    return exchange


@pytest.fixture
def own_world(backend: str, fresh_database: Callable[[str], str]) -> Iterator[Exchange]:
    """A workspace for a test that changes more than rows."""
    found = open_exchange(fresh_database(backend))
    yield found
    found.platform.close()


HEAD = ["code", "name", "firm", "kind", "price"]


# -- columns --------------------------------------------------------------------------------------


def test_columns_are_known_by_name_and_by_label_in_either_language(world):
    batch = world.load(
        "good", as_csv(["编码", "Name", "公司", "类别", "price"], ["a", "A", "acme", "原料", "1"])
    )
    assert (batch.state, batch.counts.created) == ("done", 1)
    row = world.row("good", "a")
    assert (row["name"], row["firm"]["title"], row["kind"], row["price"]) == (
        "A",
        "Firm acme",
        "raw",
        "1.00",
    )


def test_a_map_goes_before_names_and_leaves_columns_out(world):
    data = as_csv(["No.", "code", "what"], ["a", "ignored", "A"])
    batch = world.load("good", data, map={"No.": "code", "code": None, "what": "name"})
    assert batch.state == "done"
    assert world.row("good", "a")["name"] == "A"


def test_titles_above_the_names_are_passed_over(world):
    data = as_workbook(["货品清单", None, None], [None], ["编码", "名称", "价格"], ["a", "A", 1])
    assert world.load("good", data, "f.xlsx").counts.created == 1


def test_what_is_wrong_with_columns_is_said_at_once(world):
    data = as_csv(["code", "编码", "x"], ["a", "b", "c"])
    batch = world.load("good", data, map={"x": "nothing", "y": "name"})
    codes = {one["code"] for one in batch.problems}
    assert batch.state == "refused"
    assert codes == {"field.unknown", "import.unknown_column", "import.field_twice"}
    assert world.rows("good") == []


def test_columns_that_nobody_fills_are_named_in_warnings(world):
    batch = world.load("good", as_csv(["code", "id", "created_at", "beside"], ["a", "1", "2", "3"]))
    assert batch.state == "done"
    assert [one["code"] for one in batch.problems] == ["import.column_ignored"] * 3


def test_a_file_without_any_known_column_is_refused_with_the_known_ones(world):
    batch = world.load("good", as_csv(["x", "y"], ["1", "2"]))
    assert batch.problems[0]["code"] == "import.no_columns"
    assert "price" in batch.problems[0]["hint"]["en"]


# -- states and rights ------------------------------------------------------------------------------


def test_a_status_cannot_be_imported(world):
    for options in ({}, {"map": {"status": "status"}}):
        batch = world.load("slip", as_csv(["code", "status"], ["s", "closed"]), **options)
        assert [one["code"] for one in batch.problems] == ["field.workflow_controlled"]
    assert world.rows("slip") == []


def test_a_migration_sets_states_for_those_who_may(world):
    world.load("good", as_csv(["code"], ["g"]))
    head = ["code", "状态", "created_at", "lines.good", "lines.qty"]
    data = as_csv(head, ["s", "已关闭", "2020-01-02 03:04", "g", "1"])
    refused = world.load("slip", data, migrate=True)
    assert [one["code"] for one in refused.problems] == ["migration.forbidden"]
    batch = world.load("slip", data, who="lou", migrate=True)
    assert batch.state == "done", batch.problems
    row = world.row("slip", "s")
    assert (row["status"], row["created_at"]) == ("closed", "2020-01-01T19:04:00.000000Z")


def test_a_partner_imports_for_its_own_firm_only(world):
    data = as_csv(["code", "firm"], ["mine", "acme"], ["theirs", "rival"], ["none", ""])
    batch = world.load("good", data, who="ann", partial=True)
    assert (batch.counts.created, batch.counts.refused) == (2, 1)
    assert world.codes(batch) == [(3, "firm", "reference.not_found")]
    assert {one["firm"]["title"] for one in world.rows("good")} == {"Firm acme"}


def test_internal_fields_and_unknown_ones_look_the_same_to_partners(world):
    for name in ("cost", "nonsense"):
        batch = world.load("good", as_csv(["code", "x"], ["a", "1"]), who="ann", map={"x": name})
        assert [one["code"] for one in batch.problems] == ["field.unknown"]
        batch = world.load("good", as_csv(["code", name], [name, "1"]), who="ann")
        reason = batch.problems[0]["message"]["en"].replace(name, "")
        assert reason == "The column “” is not imported: no field has this name."


def test_rows_of_others_are_neither_changed_nor_told_of(world):
    world.load("good", as_csv(["code", "firm", "name"], ["r1", "rival", "secret"]))
    batch = world.load(
        "good", as_csv(["code", "name"], ["r1", "x"]), who="ann", mode="update", partial=True
    )
    assert world.codes(batch) == [(2, "code", "import.nothing_to_update")]
    batch = world.load(
        "good", as_csv(["code", "name"], ["zz", "x"]), who="ann", mode="update", partial=True
    )
    assert world.codes(batch) == [(2, "code", "import.nothing_to_update")]
    assert world.row("good", "r1")["name"] == "secret"


def test_objects_out_of_reach_are_not_there(world):
    with pytest.raises(NotFoundError):
        world.load("nothing", as_csv(["code"], ["a"]), who="ann")
    with pytest.raises(ForbiddenError):
        world.load("firm", as_csv(["code", "name"], ["x", "X"]), who="ann")


# -- modes and keys ---------------------------------------------------------------------------------


def test_update_changes_what_the_file_says_and_nothing_else(world):
    world.load("good", as_csv(HEAD, ["a", "A", "acme", "raw", "1"], ["b", "B", "acme", "raw", "2"]))
    batch = world.load(
        "good",
        as_csv(["code", "price", "kind"], ["a", "9", ""], ["c", "1", ""]),
        mode="update",
        partial=True,
    )
    assert (batch.counts.updated, batch.counts.refused) == (1, 1)
    row = world.row("good", "a")
    assert (row["price"], row["name"], row["kind"]) == ("9.00", "A", "raw")


def test_an_empty_cell_clears_where_that_is_asked_for(world):
    world.load("good", as_csv(HEAD, ["a", "A", "acme", "raw", "1"]))
    world.load(
        "good", as_csv(["code", "kind", "price"], ["a", "", "3"]), mode="update", empty="clear"
    )
    row = world.row("good", "a")
    assert (row["kind"], row["price"], row["name"]) == (None, "3.00", "A")


def test_upsert_makes_and_changes_by_the_chosen_key(world):
    world.load("good", as_csv(HEAD, ["a", "A", "acme", "raw", "1"]))
    batch = world.load(
        "good", as_csv(["code", "name"], ["a", "AA"], ["b", "BB"]), mode="upsert", key="code"
    )
    assert (batch.counts.created, batch.counts.updated) == (1, 1)
    ids = world.row("good", "b")["id"]
    batch = world.load(
        "good", as_csv(["id", "code", "name"], [ids, "b2", "B2"]), mode="update", key="id"
    )
    assert batch.counts.updated == 1
    assert world.row("good", "b2")["name"] == "B2"


def test_a_key_must_be_unique_and_in_the_file(world):
    for key in ("name", "nothing", "cost"):
        batch = world.load("good", as_csv(["code", "name"], ["a", "A"]), mode="upsert", key=key)
        assert [one["code"] for one in batch.problems] == ["import.no_key"]
    batch = world.load("good", as_csv(["name"], ["A"]), mode="update")
    assert [one["code"] for one in batch.problems] == ["import.no_key"]


def test_a_key_stands_once_in_a_file(world):
    data = as_csv(["code", "name"], ["a", "A"], ["", "B"], ["a", "C"])
    batch = world.load("good", data, mode="upsert", partial=True)
    assert world.codes(batch) == [
        (3, "code", "import.key_missing"),
        (4, "code", "import.key_twice"),
    ]


# -- all or nothing ---------------------------------------------------------------------------------


BAD = as_csv(
    HEAD,
    ["a", "A", "acme", "raw", "1"],
    ["b", "B", "zz", "other", "x"],
    ["", "C", "acme", "raw", "1"],
)
FOUND = [
    (3, "firm", "reference.not_found"),
    (3, "kind", "value.not_a_choice"),
    (3, "price", "value.invalid"),
    (4, "code", "value.required"),
]


def test_all_errors_of_all_rows_are_found_before_anything_is_written(world):
    batch = world.load("good", BAD)
    assert batch.state == "refused"
    assert sorted(world.codes(batch)) == FOUND
    assert (batch.counts.created, batch.counts.refused) == (0, 2)
    assert world.rows("good") == []
    with world.platform.database.reading() as reading:
        assert records_of(reading.connection, batch.id) == []


def test_a_dry_run_says_what_would_happen_and_changes_nothing(world):
    batch = world.load("good", BAD, dry_run=True)
    assert (batch.state, batch.counts.created, batch.counts.refused) == ("checked", 1, 2)
    assert world.rows("good") == []
    assert world.load("good", as_csv(["code"], ["a"]), dry_run=True).counts.created == 1
    assert world.rows("good") == []


def test_a_partial_import_keeps_what_is_right(world):
    batch = world.load("good", BAD, partial=True)
    assert (batch.state, batch.counts.created, batch.counts.refused) == ("done", 1, 2)
    assert [one["code"] for one in world.rows("good")] == ["a"]


def test_errors_are_told_in_both_languages(world):
    batch = world.load("good", as_csv(["code", "价格"], ["a", "x"]))
    error = world.errors(batch)[0]
    assert error.render("zh") == {
        "row": 2,
        "column": "价格",
        "severity": "error",
        "code": "value.invalid",
        "message": "“x”不是小数。",
        "hint": "请写成 1234.50 这样的形式。",
    }


def test_the_error_file_can_be_mended_and_imported_again(world):
    batch = world.load("good", BAD, partial=True)
    table = read_csv(world.error_file(batch))
    assert table[0] == [*HEAD, "What is wrong"]
    assert [row[:5] for row in table[1:]] == [
        ["b", "B", "zz", "other", "x"],
        ["", "C", "acme", "raw", "1"],
    ]
    assert "price: “x” is not a decimal number." in table[1][5]
    table[1][2:5], table[2][0] = ["acme", "raw", "2"], "c"
    again = world.load("good", as_csv(*table))
    assert (again.state, again.counts.created) == ("done", 2)


def test_the_error_file_of_a_workbook_is_one_with_the_child_rows(world):
    world.load("good", as_csv(["code"], ["g"]))
    data = as_workbook(
        ["code", "day"],
        ["s1", "x"],
        ["s2", "2025-01-01"],
        more={
            "Lines": [["Slip", "Good", "Quantity"], ["s1", "g", 1], ["s1", "g", 2], ["s2", "g", 3]]
        },
    )
    batch = world.load("slip", data, "a.xlsx", partial=True)
    assert (batch.counts.created, batch.counts.refused) == (1, 1)
    book = openpyxl.load_workbook(io.BytesIO(world.error_file(batch, "zh")))
    rows = [[list(row) for row in sheet.iter_rows(values_only=True)] for sheet in book]
    assert rows[0][0] == ["code", "day", "导入问题"]
    assert rows[0][1][:2] == ["s1", "x"]
    assert [row[:3] for row in rows[1]] == [
        ["Slip", "Good", "Quantity"],
        ["s1", "g", "1"],
        ["s1", "g", "2"],
    ]
    book.worksheets[0]["B2"] = "2025-02-02"
    out = io.BytesIO()
    book.save(out)
    again = world.load("slip", out.getvalue(), "a.xlsx")
    assert again.state == "done", (again.problems, world.codes(again))
    assert world.row("slip", "s1")["total"] == "3.000"


# -- lookups ----------------------------------------------------------------------------------------


def test_a_reference_is_found_by_code_then_by_title(world):
    data = as_csv(["code", "firm", "keeper"], ["a", "acme", "kim"], ["b", "Firm acme", "Kim"])
    batch = world.load("good", data)
    assert batch.state == "done", world.codes(batch)
    assert {one["firm"]["id"] for one in world.rows("good")} == {world.ids["acme"]}


def test_a_title_of_several_records_is_refused_with_their_keys(world):
    world.create("firm", {"code": "acme2", "name": "Firm acme"})
    batch = world.load("good", as_csv(["code", "firm"], ["a", "Firm acme"]))
    assert world.codes(batch) == [(2, "firm", "reference.ambiguous")]
    assert "acme, acme2" in world.errors(batch)[0].problem["message"]["en"]
    assert (
        world.load("good", as_csv(["code", "firm"], ["a", "Firm acme"]), who="ann").state == "done"
    )


def test_the_field_that_a_reference_is_looked_up_by_can_be_chosen(world):
    data = as_csv(["code", "firm.name"], ["a", "Firm acme"], ["b", "acme"])
    batch = world.load("good", data, partial=True)
    assert world.codes(batch) == [(3, "firm.name", "reference.not_found")]
    batch = world.load("good", as_csv(["code", "公司/编码"], ["c", "acme"]))
    assert batch.state == "done"


def test_a_tree_is_imported_with_its_parents_in_the_same_file(world):
    data = as_csv(["code", "name", "上级"], ["x", "X", ""], ["y", "Y", "x"], ["z", "Z", "y"])
    batch = world.load("firm", data)
    assert batch.state == "done", world.codes(batch)
    assert world.row("firm", "z")["parent"]["title"] == "Y"


def test_many_bearers_of_one_name_are_still_refused(world):
    rows = [["t", "T", ""], *([f"n{n}", "Same", ""] for n in range(450))]
    assert world.load("firm", as_csv(["code", "name", "parent"], *rows)).state == "done"
    batch = world.load(
        "firm",
        as_csv(["code", "name", "parent"], ["q", "Q", "Same"], ["r", "R", "T"]),
        partial=True,
    )
    assert world.codes(batch) == [(2, "parent", "reference.ambiguous")]


# -- children ---------------------------------------------------------------------------------------


LINES = ["code", "day", "lines.good", "明细/数量"]


@pytest.fixture
def stocked(world):
    world.load("good", as_csv(["code"], ["g"], ["h"]))
    return world


def test_rows_of_one_key_are_one_record_with_children(stocked):
    data = as_csv(
        LINES,
        ["s", "2025-01-01", "g", "1"],
        ["s", "", "h", "2"],
        ["", "", "g", "4"],
        ["t", "", "g", "1"],
    )
    batch = stocked.load("slip", data)
    assert (batch.state, batch.counts.created, batch.counts.rows) == ("done", 2, 4), stocked.codes(
        batch
    )
    assert stocked.row("slip", "s")["total"] == "7.000"


def test_a_wrong_child_row_is_named_by_its_own_number(stocked):
    data = as_csv(
        LINES, ["s", "", "g", "1"], ["s", "", "zz", "2"], ["s", "", "g", "-1"], ["t", "", "g", "0"]
    )
    batch = stocked.load("slip", data, partial=True)
    assert stocked.codes(batch) == [
        (3, "lines.good", "reference.not_found"),
        (4, "明细/数量", "value.out_of_range"),
        (5, "明细/数量", "value.out_of_range"),
    ]
    data = as_csv(LINES, ["s", "", "g", "1"], ["s", "", "g", "-1"])
    assert stocked.codes(stocked.load("slip", data)) == [(3, "明细/数量", "value.out_of_range")]


def test_a_record_says_one_thing_in_all_its_rows(stocked):
    data = as_csv(LINES, ["s", "2025-01-01", "g", "1"], ["s", "2025-01-02", "g", "1"])
    assert stocked.codes(stocked.load("slip", data)) == [(3, "day", "import.parent_differs")]
    data = as_csv(LINES, ["", "", "g", "1"])
    assert stocked.codes(stocked.load("slip", data))[0][2] == "import.no_parent"


def test_children_of_an_update_replace_those_that_are_there(stocked):
    stocked.load("slip", as_csv(LINES, ["s", "", "g", "1"], ["s", "", "h", "2"]))
    batch = stocked.load(
        "slip", as_csv(LINES, ["s", "", "h", "5"], ["u", "", "g", "1"]), mode="upsert"
    )
    assert (batch.counts.created, batch.counts.updated) == (1, 1)
    row = stocked.row("slip", "s", expand="lines")
    assert [(one["good"]["title"], one["qty"]) for one in row["lines"]] in (
        [(None, "5.000")],
        [("h", "5.000")],
    )
    assert (
        stocked.load("slip", as_csv(["code", "day"], ["s", "2025-01-01"]), mode="update").state
        == "done"
    )
    assert stocked.row("slip", "s")["total"] == "5.000"


def test_a_second_sheet_holds_children(stocked):
    data = as_workbook(
        ["编号", "日期"],
        ["s", "2025-01-01"],
        ["t", None],
        more={
            "明细": [
                ["单据", "货品", "数量"],
                ["s", "g", 1],
                ["t", "h", 2],
                ["s", "h", 4],
                ["x", "g", 1],
            ]
        },
    )
    batch = stocked.load("slip", data, "f.xlsx", partial=True)
    assert batch.counts.created == 2, (batch.problems, stocked.codes(batch))
    assert stocked.row("slip", "s")["total"] == "5.000"
    assert stocked.codes(batch) == [(5, "单据", "import.parent_missing")]
    assert stocked.errors(batch)[0].sheet == "明细"


# -- what is left behind ------------------------------------------------------------------------------


def test_each_imported_record_says_which_import_it_came_from(world):
    batch = world.load("good", as_csv(["code"], ["a"], ["b"]), "货品.csv")
    second = world.load("good", as_csv(["code", "name"], ["a", "A"]), mode="update")
    record, catalog = world.row("good", "a")["id"], world.platform.catalogs.current().catalog
    object_id = catalog.objects["good"].id
    with world.platform.database.reading() as reading:
        found = list_batches(
            reading.connection, by_user=None, object_id=object_id, record_id=record
        )
        assert [one.id for one in found] == [second.id, batch.id]
        assert (found[1].by_user, found[1].request.file_name) == (world.ids["kim"], "货品.csv")
        assert [one[:2] for one in records_of(reading.connection, batch.id)] == [
            (2, "created"),
            (3, "created"),
        ]


def test_files_and_findings_go_after_their_time(world, monkeypatch):
    batch = world.load("good", BAD)
    monkeypatch.setattr(batches, "KEPT_ERRORS", timedelta(seconds=-1))
    with world.platform.database.writing(None) as work:
        assert forget_old_imports(work) > 0
        left = work.connection.execute(IMPORT_ERROR.select()).all()
        kept = work.connection.execute(IMPORT.select()).all()
    assert left == []
    assert [row.content for row in kept if str(row.id) == batch.id] == [None]


# -- long ones ----------------------------------------------------------------------------------------


def numbered(count: int) -> bytes:
    return as_csv(["code", "price"], *([f"n{n:05}", str(n)] for n in range(count)))


def asked(world: Exchange, data: bytes, **options) -> tuple[str, str]:
    request = read_request("good", "f.csv", options)

    def action(context, work):
        imports = world.platform.imports
        batch_id = imports.upload(context, work, request, data)
        return batch_id, imports.start(context, work, request, batch_id)

    return world.platform.write_as(world.ids["kim"], action)


def test_a_job_imports_and_tells_the_result(world):
    batch_id, job = asked(world, numbered(450), partial=True)
    assert world.platform.worker().drain() == 1
    shown = world.client("kim").get(f"/api/v1/jobs/{job}").json
    assert (shown["state"], shown["result"]["created"]) == ("done", 450)
    assert world.platform.imports.batch(batch_id).state == "done"
    assert world.client("ann").get(f"/api/v1/jobs/{job}").status_code == 404


def test_an_all_or_nothing_job_ends_in_the_transaction_of_its_rows(world):
    _, job = asked(world, numbered(450))
    world.platform.worker().drain()
    shown = world.client("kim").get(f"/api/v1/jobs/{job}").json
    assert (shown["state"], shown["result"]["created"]) == ("done", 450)
    _, job = asked(world, numbered(3))
    world.platform.worker().drain()
    shown = world.client("kim").get(f"/api/v1/jobs/{job}").json
    assert (shown["state"], shown["result"]["refused"]) == ("refused", 3)


def test_others_do_not_wait_while_the_file_of_an_all_or_nothing_import_is_read(world, monkeypatch):
    writing, read_while_writing = [], []

    class Watched:
        """The doors of the platform; they tell while a transaction that writes is open."""

        read_as = staticmethod(world.platform.read_as)

        @staticmethod
        def write_as(user: Any, action: Any) -> Any:
            def watched(context: Any, work: Any) -> Any:
                writing.append(work)
                try:
                    return action(context, work)
                finally:
                    writing.pop()

            return world.platform.write_as(user, watched)

    gather = importing.Gatherer.groups

    def watched_groups(self: Any, rows: Any) -> Any:
        for group in gather(self, rows):
            read_while_writing.append(bool(writing))
            yield group

    monkeypatch.setattr(importing.Gatherer, "groups", watched_groups)
    request = read_request("good", "f.csv", {})
    batch = world.platform.imports.import_now(Watched(), world.ids["kim"], request, numbered(450))
    assert (batch.state, batch.counts.created) == ("done", 450)
    assert len(read_while_writing) >= 450
    assert not any(read_while_writing)


def test_a_cancelled_import_keeps_the_blocks_that_are_written(world):
    request = read_request("good", "f.csv", {"partial": True})
    done: list[int] = []
    following = Following(
        report=lambda rows, total, text: done.append(rows), cancelled=lambda: bool(done)
    )
    batch = world.platform.imports.import_now(
        world.platform, world.ids["kim"], request, numbered(450), following
    )
    assert (batch.state, batch.counts.created) == ("cancelled", importing.BLOCK)


def test_an_import_that_was_interrupted_goes_on_behind_what_is_written(world, monkeypatch):
    batch_id, _ = asked(world, numbered(450), partial=True)
    worker = world.platform.worker()
    original, calls = importing.BlockWriter.write, []

    def failing(self, block):
        calls.append(block)
        if len(calls) == 2:
            raise OSError("the machine stopped")
        return original(self, block)

    monkeypatch.setattr(importing.BlockWriter, "write", failing)
    worker.drain()
    assert world.platform.imports.batch(batch_id).done_row == importing.BLOCK + 1
    with world.platform.database.writing(None) as work:
        work.connection.execute(JOB.update().values(leased_until=work.now))
    worker.drain()
    batch = world.platform.imports.batch(batch_id)
    assert (batch.state, batch.counts.created, batch.counts.refused) == ("done", 450, 0)


def test_a_worker_that_was_overtaken_writes_nothing_twice(world):
    request = read_request("good", "f.csv", {"partial": True})
    user, data = world.ids["kim"], numbered(450)
    again: list[int] = []

    def report(rows, total, text):
        if not again:
            again.append(rows)
            batch = world.platform.imports.batch(batch_id)
            world.platform.imports.importer.run(world.platform, batch, data)

    batch_id = world.platform.write_as(
        user, lambda context, work: world.platform.imports.upload(context, work, request, data)
    )
    first = world.platform.imports.batch(batch_id)
    world.platform.imports.importer.run(world.platform, first, data, Following(report=report))
    batch = world.platform.imports.batch(batch_id)
    assert (batch.state, batch.counts.created, batch.counts.refused) == ("done", 450, 0)


def test_an_import_goes_on_under_a_version_published_meanwhile(own_world):
    request = read_request("good", "f.csv", {"partial": True})
    published: list[int] = []

    def report(rows, total, text):
        if not published:
            changed = [dict(one) for one in DOCUMENTS]
            good = next(one for one in changed if one["name"] == "good" and one["kind"] == "object")
            good["fields"] = [*good["fields"], {"name": "extra", "type": "text"}]
            documents = tuple(Document("exchange_world", one) for one in changed)
            plan = own_world.platform.publisher.plan_modules(
                Modules(("exchange_world",), documents, (), ())
            )
            published.append(own_world.platform.publisher.publish(plan, "m", None).version)

    batch = own_world.platform.imports.import_now(
        own_world.platform, own_world.ids["kim"], request, numbered(450), Following(report=report)
    )
    assert published == [2]
    assert (batch.state, batch.counts.created) == ("done", 450)


def test_an_import_is_asked_for_once(world):
    batch_id, _ = asked(world, numbered(3))
    request = read_request("good", "f.csv", {})
    with pytest.raises(ConflictError):
        world.platform.write_as(
            world.ids["kim"],
            lambda context, work: world.platform.imports.start(context, work, request, batch_id),
        )
    with pytest.raises(NotFoundError):
        world.platform.write_as(
            world.ids["ann"],
            lambda context, work: world.platform.imports.start(context, work, request, batch_id),
        )


def test_somebody_who_may_no_more_imports_nothing(own_world):
    batch_id, _ = asked(own_world, numbered(3))
    with own_world.platform.database.writing(None) as work:
        own_world.platform.identity.update_user(work, own_world.ids["kim"], active=False)
    own_world.platform.worker().drain()
    batch = own_world.platform.imports.batch(batch_id)
    assert (batch.state, batch.counts.created) == ("refused", 0)


def test_the_number_of_rows_is_limited_before_anything_is_written(world):
    batch = small_run(world, importing.Importer(world.platform.store, 10), numbered(11))
    assert [one["code"] for one in batch.problems] == ["import.too_many_rows"]
    assert world.rows("good") == []


def small_run(world, importer, data):
    request = read_request("good", "f.csv", {"partial": True})
    user = world.ids["kim"]
    batch_id = world.platform.write_as(
        user, lambda context, work: world.platform.imports.upload(context, work, request, data)
    )
    importer.run(world.platform, world.platform.imports.batch(batch_id), data)
    return world.platform.imports.batch(batch_id)


def test_what_cannot_be_read_is_refused_before_it_is_kept(world):
    with pytest.raises(RefusedError):
        world.load("good", b"")
    with world.platform.database.reading() as reading:
        assert reading.connection.execute(IMPORT.select()).all() == []

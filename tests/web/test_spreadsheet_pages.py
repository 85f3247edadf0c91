"""A module from a spreadsheet on the screen, as somebody without script uses it."""

from __future__ import annotations

import io
from typing import Any

import pytest

from tests.support.live import Live
from tests.support.spreadsheets import as_text, customers
from tests.support.surfing import Seen, Surfer

HERE = "/design/spreadsheet"


def choose(surfer: Surfer, name: str, data: bytes) -> Any:
    form = surfer.get(HERE).form(HERE)
    return surfer.client.post(form.action, data={**form.values, "file": (io.BytesIO(data), name)})


def uploaded(surfer: Surfer, name: str, data: bytes) -> str:
    sent = choose(surfer, name, data)
    assert sent.status_code == 303, sent.text
    return str(sent.headers["Location"])


def publish(live: Live, address: str) -> None:
    """Publish the draft that a spreadsheet is in."""
    spreadsheet = address.rpartition("/")[2]
    found = live.platform.read_as(
        live.ids["admin"],
        lambda context: _mine(live, context, spreadsheet),
    )
    draft = live.platform.drafts.get(found.draft)
    plan = live.platform.draft_publisher.plan(draft, None, {})
    live.platform.draft_publisher.publish(
        draft, draft.version, "test", None, merging=True, planned=plan
    )


def _mine(live: Live, context: Any, spreadsheet: str) -> Any:
    with context.database.reading() as reading:
        return live.platform.spreadsheets.mine(context, reading.connection, spreadsheet)


def review(page: Seen, address: str) -> Any:
    return next(one for one in page.forms if one.method == "post" and one.action == address)


def test_a_file_becomes_a_module_and_its_rows_records(surfer: Any, live: Live):
    admin = surfer("admin")
    sheet = customers()
    address = uploaded(admin, sheet.name, sheet.data)
    page = admin.get(address)
    assert "9 of 10 values are dates; not in row 8." in page.text
    assert "Row 14: It begins with “合计”: a row of totals." in page.text
    form = review(page, address)
    assert form.values["f.3.type"] == "money"
    assert form.values["f.0.key"] == "yes"
    done = admin.send_values(
        form,
        {
            "module.name": "customer_list",
            "object.name": "customer",
            "object.label_en": "Customer",
            "f.7.keep": None,
            "f.1.label_en": "Name",
            "f.1.name": "name",
        },
    )
    assert (done.status, done.address) == (303, address)
    drafted = admin.get(address)
    assert any(one.startswith("/design/") and one.count("/") == 2 for one in drafted.links)
    publish(live, address)
    ready = admin.get(address)
    assert "Import 10 rows" in ready.text
    started = admin.send(ready.form("/import"))
    assert started.status == 303
    assert started.address.startswith("/imports/")
    live.platform.worker().drain()
    after = admin.get(started.address)
    assert "10 rows: 9 new, 0 changed, 1 not taken." in after.text
    told = admin.get(address)
    assert "Rows that are left out (2)" in told.text
    assert started.address in told.links
    assert "Customer" in admin.get("/o/customer").text
    assert "杭州暖通设备有限公司" in admin.get("/o/customer").text
    again = admin.client.post(
        f"{address}/import", data={**ready.form("/import").values, "key": "another"}
    )
    assert again.status_code == 409
    assert "imported already" in again.text


def test_a_form_sent_twice_does_its_work_once(surfer: Any, live: Live):
    admin = surfer("admin")
    form = admin.get(HERE).form(HERE)

    def send(data: bytes) -> str:
        values = {**form.values, "file": (io.BytesIO(data), "twice.csv")}
        return str(admin.client.post(form.action, data=values).headers["Location"])

    one = as_text([["code", "name"], ["t1", "x"], ["t2", "y"]])
    other = as_text([["code", "name"], ["t1", "x"], ["t3", "y"]])
    address = send(one)
    assert send(one) == address != send(other)

    reviewed = review(admin.get(address), address)
    values = {"module.name": "twice_rows", "object.name": "twice_row"}
    before = len(live.platform.drafts.all())
    assert [admin.send_values(reviewed, values).status for _ in range(2)] == [303, 303]
    assert len(live.platform.drafts.all()) == before + 1

    publish(live, address)
    ready = admin.get(address).form("/import")
    assert admin.send(ready).address == admin.send(ready).address


def test_what_was_typed_stays_where_something_is_wrong(surfer: Any):
    admin = surfer("admin", "zh")
    address = uploaded(admin, "审阅.csv", as_text([["编号", "名称"], ["a1", "甲"], ["a2", "乙"]]))
    form = review(admin.get(address), address)
    sent = admin.send_values(
        form, {"object.name": "claim", "f.1.label_zh": "新名称", "f.1.type": "choice"}
    )
    assert sent.status == 422
    assert "名称“claim”已被占用" in sent.text
    again = review(sent, address).values
    assert again["object.name"] == "claim"
    assert again["f.1.label_zh"] == "新名称"
    assert again["f.1.type"] == "choice"
    assert again["f.0.key"] == "yes"


def test_the_table_can_be_looked_for_elsewhere(surfer: Any):
    admin = surfer("admin")
    address = uploaded(admin, "plain.csv", as_text([["a1", "x"], ["a2", "y"], ["a3", "z"]]))
    bare = admin.get(f"{address}?header=0")
    assert "3 rows, no row with names" in bare.text
    assert review(bare, address).values["header"] == "0"
    wrong = admin.get(f"{address}?header=77")
    assert wrong.status == 422
    assert "Row 77" in wrong.text
    assert admin.send(review(bare, address), **{"module.name": "plain_rows"}).status == 303


@pytest.mark.parametrize(
    ("name", "data", "text"),
    [
        ("a.csv", b" ", "it is empty"),
        ("a.xlsx", b"a,b\n1,2\n", "is named like"),
        ("a.csv", b"a,b\n", "There is no table"),
    ],
)
def test_a_file_that_is_no_table_is_said_to_be_so(surfer: Any, name: str, data: bytes, text: str):
    sent = choose(surfer("admin"), name, data)
    assert sent.status_code == 422
    assert text in sent.text


def test_the_pages_are_for_designers_and_spreadsheets_ones_own(surfer: Any):
    admin, ann = surfer("admin"), surfer("ann")
    address = uploaded(admin, "own.csv", as_text([["n", "m"], ["a1", "x"]]))
    form = review(admin.get(address), address)
    assert ann.get(HERE).status == 404
    assert ann.get(address).status == 404
    token = next(one.values["csrf"] for one in ann.get("/").forms if "csrf" in one.values)
    for path in (address, f"{address}/import", HERE):
        assert ann.client.post(path, data={**form.values, "csrf": token}).status_code == 404

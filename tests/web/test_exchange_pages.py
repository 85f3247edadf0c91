"""Import and export on the screen, as somebody without script uses them."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.exchange_world import Exchange, as_csv, as_workbook, open_exchange, read_csv
from tests.support.live import PASSWORD
from tests.support.surfing import Surfer


@pytest.fixture(scope="module")
def shared(shared_database_url: str) -> Iterator[Exchange]:
    found = open_exchange(shared_database_url)
    with found.platform.database.writing(None) as work:
        for login in ("kim", "ann", "bob"):
            identity, user = found.platform.identity, found.ids[login]
            identity.set_password(work, user, PASSWORD)
            found.tokens[login] = identity.create_token(work, user, "again")
    yield found
    found.platform.close()


@pytest.fixture
def world(shared: Exchange) -> Exchange:
    shared.sweep()
    return shared


class Importer:
    """Somebody at the import pages."""

    def __init__(self, world: Exchange, login: str, language: Any = "en") -> None:
        self.world = world
        self.surfer = Surfer(world, login, language)

    def choose(self, data: bytes, name: str = "f.csv", object_name: str = "good") -> Any:
        form = self.surfer.get(f"/o/{object_name}/import").form("/import")
        sent = {**form.values, "file": (io.BytesIO(data), name)}
        return self.surfer.client.post(form.action, data=sent)

    def page(self, address: str) -> Any:
        return self.surfer.get(address)

    def send(self, address: str, **changed: str) -> Any:
        form = next(one for one in self.page(address).forms if "column.0" in one.values)
        return self.surfer.client.post(form.action, data={**form.values, **changed})


def test_a_file_is_chosen_looked_at_checked_mended_and_imported(world):
    kim = Importer(world, "kim")
    address = kim.choose(as_csv(["编码", "价格", "别的"], ["a", "1"], ["b", "x"])).headers[
        "Location"
    ]
    page = kim.page(address)
    form = next(one for one in page.forms if "column.0" in one.values)
    assert (form.values["column.0"], form.values["column.1"], form.values["column.2"]) == (
        "code",
        "price",
        "",
    )
    assert kim.send(address, **{"do": "check", "column.2": "name"}).status_code == 303
    assert "Checking" in kim.page(address).text
    assert kim.surfer.client.get(address).headers["Refresh"] == "1"
    world.platform.worker().drain()
    checked = kim.page(address).text
    assert "Checked, nothing was changed." in checked
    assert "2 rows: 1 new, 0 changed, 1 not taken." in checked
    assert "“x” is not a decimal number." in checked
    form = next(one for one in kim.page(address).forms if "column.0" in one.values)
    assert form.values["column.2"] == "name"
    assert world.rows("good") == []
    kim.send(address, do="import", partial="true")
    world.platform.worker().drain()
    done = kim.page(address).text
    assert "Imported." in done
    errors = kim.surfer.client.get(f"{address}/file")
    assert read_csv(errors.data)[1][:2] == ["b", "x"]
    assert [one["code"] for one in world.rows("good")] == ["a"]


def test_the_pages_are_chinese_too(world):
    kim = Importer(world, "kim", "zh")
    address = kim.choose(as_csv(["code", "状态"], ["a", "x"])).headers["Location"]
    kim.send(address, do="check")
    world.platform.worker().drain()
    page = kim.page(address)
    assert "检查完毕，未做任何更改。" in page.text
    assert not re.search(r"\bimport\.[a-z_]+\b", page.text)


def test_a_status_column_is_left_out_unless_it_is_asked_for(world):
    kim = Importer(world, "kim")
    address = kim.choose(as_csv(["code", "status"], ["s", "closed"]), object_name="slip").headers[
        "Location"
    ]
    page = kim.page(address)
    form = next(one for one in page.forms if "column.0" in one.values)
    assert form.values["column.1"] == ""
    assert "changes only through its workflow" in page.text


def test_a_broken_file_is_said_to_be_so_on_the_page(world):
    kim = Importer(world, "kim")
    for data, name in ((b"PK\x03\x04", "a.xlsx"), (b"", "a.csv"), (b"a\x00", "a.csv")):
        answer = kim.choose(data, name)
        assert answer.status_code == 422
        assert "cannot be read" in answer.text
    assert kim.surfer.client.post("/o/good/import", data={}).status_code == 403


def test_pages_of_imports_are_ones_own(world):
    address = Importer(world, "kim").choose(as_csv(["code"], ["a"])).headers["Location"]
    ann = Importer(world, "ann")
    for path in (address, f"{address}/file", "/imports/x", "/o/firm/import", "/o/nothing/import"):
        assert ann.surfer.client.get(path).status_code == 404
    assert ann.surfer.client.get("/o/good/import").status_code == 200


def test_an_import_under_way_can_be_stopped(world):
    kim = Importer(world, "kim")
    address = kim.choose(as_csv(["code"], ["a"])).headers["Location"]
    kim.send(address, do="import")
    form = next(one for one in kim.page(address).forms if one.action.endswith("/cancel"))
    assert kim.surfer.client.post(form.action, data=form.values).status_code == 303
    assert "Stopped." in kim.page(address).text
    world.platform.worker().drain()
    assert world.rows("good") == []


def test_a_form_sent_twice_imports_once(world):
    kim = Importer(world, "kim")
    address = kim.choose(as_csv(["code"], ["a"])).headers["Location"]
    form = next(one for one in kim.page(address).forms if "column.0" in one.values)
    for _ in range(2):
        answer = kim.surfer.client.post(form.action, data={**form.values, "do": "import"})
        assert answer.status_code == 303
    world.platform.worker().drain()
    assert len(world.rows("good")) == 1


def test_a_list_exports_what_it_shows(world):
    data = as_csv(
        ["code", "name", "kind", "stock"], ["a", "甲", "raw", "1"], ["b", "乙", "made", "2"]
    )
    world.load("good", data)
    kim = Importer(world, "kim")
    page = kim.page("/o/good?f.kind=raw&sort=-code")
    links = [one for one in page.links if "/export" in one]
    assert len(links) == 2
    csv = kim.surfer.client.get(
        next(one for one in links if "format=csv" in one).replace("&amp;", "&")
    )
    table = read_csv(csv.data)
    assert "Raw material" in table[1]
    assert [row[0] for row in table[1:]] == ["甲"]
    workbook = kim.surfer.client.get(
        next(one for one in links if "format=xlsx" in one).replace("&amp;", "&")
    )
    assert workbook.data.startswith(b"PK")
    assert "filename*=UTF-8''Goods%20" in workbook.headers["Content-Disposition"]
    assert kim.surfer.client.get("/o/good/export?format=pdf").status_code == 404
    mine = Importer(world, "ann").surfer.client.get("/o/good/export?format=csv")
    assert len(read_csv(mine.data)) == 1


def test_a_workbook_with_several_sheets_is_imported_from_the_screen(world):
    world.create("good", {"code": "g"})
    data = as_workbook(
        ["code", "day"],
        ["s", "2025-01-01"],
        more={"Lines": [["Slip", "Good", "Quantity"], ["s", "g", 2]]},
    )
    kim = Importer(world, "kim")
    address = kim.choose(data, "s.xlsx", "slip").headers["Location"]
    kim.send(address, do="import")
    world.platform.worker().drain()
    assert "Imported." in kim.page(address).text
    assert world.row("slip", "s")["total"] == "2.000"

"""Import and export by the API: options, jobs, error files, who may look at what."""

from __future__ import annotations

import io
from typing import Any
from urllib.parse import unquote

import pytest

from tests.support.exchange_world import Exchange, as_csv, as_workbook, read_csv


@pytest.fixture
def world(exchange: Exchange) -> Exchange:
    exchange.sweep()
    return exchange


def send(
    world: Exchange, data: bytes, name: str = "f.csv", who: str = "kim", once: str = "", **form: Any
) -> Any:
    headers = {"Idempotency-Key": once} if once else {}
    return world.client(who).post(
        "/api/v1/records/good/import",
        data={**form, "file": (io.BytesIO(data), name)},
        headers=headers,
    )


def get(world: Exchange, path: str, who: str = "kim") -> Any:
    found = world.client(who).get(f"/api/v1/{path}")
    assert found.data is not None  # a file is closed once it is read
    return found


GOOD = as_csv(["编码", "价格"], ["a", "1"], ["b", "x"])


def test_an_import_is_a_job_with_an_error_file(world):
    asked = send(world, GOOD, "货品 一.csv", partial="true")
    assert asked.status_code == 202
    assert asked.headers["Location"] == f"/api/v1/jobs/{asked.json['job']}"
    assert get(world, f"jobs/{asked.json['job']}").json["state"] == "waiting"
    world.platform.worker().drain()
    path = f"imports/{asked.json['import']}"
    assert get(world, f"jobs/{asked.json['job']}").json["result"] == {
        "import": asked.json["import"],
        "rows": 2,
        "created": 1,
        "updated": 0,
        "refused": 1,
    }
    shown = get(world, path).json
    assert (shown["state"], shown["file"], shown["by"]) == ("done", "货品 一.csv", world.ids["kim"])
    assert get(world, f"{path}/errors").json["items"] == [
        {
            "row": 3,
            "column": "价格",
            "severity": "error",
            "code": "value.invalid",
            "message": "“x” is not a decimal number.",
            "hint": "Write it like 1234.50.",
        }
    ]
    assert [one["row"] for one in get(world, f"{path}/records").json["items"]] == [2]
    file = get(world, f"{path}/file")
    assert (
        unquote(file.headers["Content-Disposition"].partition("UTF-8''")[2]) == "货品 一-errors.csv"
    )
    assert read_csv(file.data)[1][:2] == ["b", "x"]


def test_imports_are_ones_own(world):
    mine = send(world, GOOD, partial="true", who="ann").json["import"]
    world.platform.worker().drain()
    for who, expected in (("ann", 200), ("kim", 200), ("bob", 404)):
        assert get(world, f"imports/{mine}", who).status_code == expected
        assert get(world, f"imports/{mine}/records", who).status_code == expected
    for who, expected in (("ann", 200), ("kim", 404), ("bob", 404)):
        assert get(world, f"imports/{mine}/errors", who).status_code == expected
        assert get(world, f"imports/{mine}/file", who).status_code == expected
    assert [one["id"] for one in get(world, "imports", "ann").json["items"]] == [mine]
    assert [one["id"] for one in get(world, "imports?object=good").json["items"]] == [mine]
    assert get(world, "imports", "bob").json == {"items": [], "next": None}
    record = world.rows("good")[0]["id"]
    assert len(get(world, f"imports?object=good&record={record}").json["items"]) == 1
    assert get(world, "imports/x").status_code == 404
    assert get(world, "imports?object=nothing").status_code == 404
    assert get(world, "imports?record=x").status_code == 422


def test_lists_of_imports_and_errors_have_pages(world):
    ids = [send(world, GOOD).json["import"] for _ in range(3)]
    first = get(world, "imports?limit=2").json
    assert [one["id"] for one in first["items"]] == ids[:0:-1]
    rest = get(world, f"imports?limit=2&cursor={first['next']}").json
    assert ([one["id"] for one in rest["items"]], rest["next"]) == (ids[:1], None)
    bad = send(world, as_csv(["code", "price"], *([f"n{n}", "x"] for n in range(5)))).json["import"]
    world.platform.worker().drain()
    page = get(world, f"imports/{bad}/errors?limit=3").json
    more = get(world, f"imports/{bad}/errors?limit=3&cursor={page['next']}").json
    assert [one["row"] for one in (*page["items"], *more["items"])] == [2, 3, 4, 5, 6]
    assert more["next"] is None


def test_the_same_request_imports_once(world):
    first = send(world, GOOD, once="k1", partial="true")
    again = send(world, GOOD, once="k1", partial="true")
    assert first.json == again.json
    assert send(world, GOOD + b"c,3\n", once="k1", partial="true").status_code == 422


@pytest.mark.parametrize(
    ("form", "path"),
    [
        ({"mode": "delete"}, "/mode"),
        ({"map": "{"}, "/map"),
        ({"map": '{"a": 1}'}, "/map"),
        ({"partial": "maybe"}, "/partial"),
        ({"nonsense": "1"}, "/nonsense"),
        ({"empty": "x"}, "/empty"),
        ({"migrate": "true", "mode": "upsert"}, "/mode"),
        ({"sheet": "nothing"}, "/sheet"),
        ({"key": "a\0b"}, "/key"),
        ({"map": '{"a": "\\u0000"}'}, "/map"),
    ],
)
def test_wrong_options_are_refused_with_their_place(world, form, path):
    answer = send(world, GOOD, **form)
    assert answer.status_code == 422
    assert answer.json["problems"][0]["path"].startswith(path)


def test_a_request_without_a_file_or_with_a_broken_one_is_refused(world):
    client = world.client("kim")
    assert (
        client.post("/api/v1/records/good/import", data={"mode": "create"}).json["code"]
        == "import.file_needed"
    )
    assert (
        client.post("/api/v1/records/good/import", json={"file": "x"}).json["code"]
        == "import.file_needed"
    )
    assert send(world, b"PK\x03\x04", "a.xlsx").json["code"] == "import.unreadable"
    assert send(world, GOOD, "a.xlsx").json["code"] == "import.wrong_extension"
    sent = {"data": b"x" * 9_000_000, "content_type": "multipart/form-data; boundary=x"}
    assert client.post("/api/v1/records/good/import", **sent).status_code == 413
    assert (
        client.post(
            "/api/v1/records/nothing/import", data={"file": (io.BytesIO(GOOD), "f.csv")}
        ).status_code
        == 404
    )
    assert (
        world.client("ann")
        .post("/api/v1/records/firm/import", data={"file": (io.BytesIO(GOOD), "f.csv")})
        .status_code
        == 403
    )
    assert world.client().post("/api/v1/records/good/import", data={}).status_code in {401, 422}


def test_a_waiting_import_is_cancelled(world):
    asked = send(world, GOOD).json
    assert world.client("kim").delete(f"/api/v1/jobs/{asked['job']}").status_code == 202
    world.platform.worker().drain()
    assert world.rows("good") == []
    assert get(world, f"imports/{asked['import']}").json["state"] == "cancelled"


def test_a_refused_job_says_why(world):
    asked = send(world, as_csv(["x"], ["1"])).json
    world.platform.worker().drain()
    shown = get(world, f"jobs/{asked['job']}").json
    assert shown["state"] == "refused"
    assert shown["problems"][0]["code"] == "import.no_columns"
    assert isinstance(shown["problems"][0]["message"], str)


def test_a_workbook_goes_through_too(world):
    asked = send(world, as_workbook(["code", "价格"], ["w", 1.5]), "w.xlsx").json
    world.platform.worker().drain()
    assert get(world, f"imports/{asked['import']}").json["created"] == 1


# -- export --------------------------------------------------------------------------------------------


def test_a_list_is_a_file(world):
    world.create("good", {"code": "a", "name": "甲", "stock": 3})
    answer = get(
        world,
        'records/good?format=csv&fields=code,name&filter={"field":"stock","op":"=","value":3}',
    )
    assert answer.data == "\ufeffcode,name\r\na,甲\r\n".encode()
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    client = world.client("kim")
    with world.platform.database.writing(None) as work:
        world.platform.identity.update_user(work, world.ids["kim"], language="zh")
    try:
        named = client.get("/api/v1/records/good?format=xlsx&labels=true")
        assert named.data.startswith(b"PK")
    finally:
        with world.platform.database.writing(None) as work:
            world.platform.identity.update_user(work, world.ids["kim"], language="en")
    assert unquote(named.headers["Content-Disposition"].partition("UTF-8''")[2]) == "货品.xlsx"


@pytest.mark.parametrize(
    "query",
    [
        "format=pdf",
        "format=csv&limit=3",
        "format=csv&expand=firm",
        "format=csv&labels=x",
        "format=csv&fields=nothing",
        "format=csv&filter=x",
    ],
)
def test_what_makes_no_file_is_refused(world, query):
    assert get(world, f"records/good?{query}").status_code == 422


def test_what_is_out_of_reach_is_not_there(world):
    assert get(world, "records/nothing?format=csv").status_code == 404
    assert get(world, "records/slip_line?format=csv", "bob").status_code in {200, 404}


def test_the_description_tells_of_files(world):
    paths = get(world, "openapi.json").json["paths"]
    assert "multipart/form-data" in paths["/records/good/import"]["post"]["requestBody"]["content"]
    assert {"/imports", "/imports/{id}/file", "/jobs/{id}"} <= set(paths)
    assert "/records/firm/import" not in get(world, "openapi.json", "ann").json["paths"]

"""A module from a spreadsheet by the API: ten files become objects, every row a record or a reason."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.support.live import Live, open_live
from tests.support.spreadsheets import ALL, Sheet, as_text

SHEETS = "/api/v1/metadata/spreadsheets"
DRAFTS = "/api/v1/metadata/drafts"


@pytest.fixture(scope="module")
def live(shared_database_url: str) -> Iterator[Live]:
    found = open_live(shared_database_url)
    yield found
    found.platform.close()


def upload(client: Any, name: str, data: bytes) -> Any:
    """Send a file in a body of our own: the test client leaves files open for large ones."""
    head = f'--edge\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
    body = head.encode() + data + b"\r\n--edge--\r\n"
    return client.post(SHEETS, data=body, content_type="multipart/form-data; boundary=edge")


def publish(client: Any, draft: str) -> Any:
    version = client.get(f"{DRAFTS}/{draft}").json["version"]
    return client.post(
        f"{DRAFTS}/{draft}/publish", json={"merge": True}, headers={"If-Match": f'"{version}"'}
    )


def rows_of(client: Any, object_name: str) -> list[dict[str, Any]]:
    return client.get(f"/api/v1/records/{object_name}?limit=100").json["items"]


@pytest.fixture(scope="module")
def made(live: Live) -> dict[str, dict[str, Any]]:
    """All ten in one draft, published, their rows imported."""
    client = live.client("admin")
    draft = client.post(DRAFTS, json={"name": "Ten spreadsheets"}).json["id"]
    found: dict[str, dict[str, Any]] = {}
    for make in ALL:
        sheet = make()
        kept = upload(client, sheet.name, sheet.data)
        assert kept.status_code == 201, kept.json
        sent = {"draft": draft, "proposal": kept.json["proposal"]}
        put = client.post(f"{SHEETS}/{kept.json['id']}/draft", json=sent)
        assert put.status_code == 201, put.json
        found[make.__name__] = {"sheet": sheet, **kept.json}
    check = client.post(f"{DRAFTS}/{draft}/check", json={}).json["problems"]
    assert check == []
    assert publish(client, draft).status_code == 200
    for one in found.values():
        asked = client.post(f"{SHEETS}/{one['id']}/import")
        assert asked.status_code == 202, asked.json
        one["asked"] = asked.json
    live.platform.worker().drain()
    return found


@pytest.mark.parametrize("name", [one.__name__ for one in ALL])
def test_a_spreadsheet_becomes_an_object_with_every_row_or_its_reason(
    live: Live, made: dict[str, dict[str, Any]], name: str
):
    client, one = live.client("admin"), made[name]
    sheet: Sheet = one["sheet"]
    fields = one["proposal"]["fields"]
    assert {field["name"]: field["type"] for field in fields if field["keep"]} == sheet.types
    assert tuple(field["name"] for field in fields if not field["keep"]) == sheet.dropped
    assert [field["name"] for field in fields if field["key"]] == ([sheet.key] if sheet.key else [])
    batch = client.get(f"/api/v1/imports/{one['asked']['import']}").json
    errors = client.get(f"/api/v1/imports/{batch['id']}/errors").json["items"]
    records = client.get(f"/api/v1/imports/{batch['id']}/records?limit=100").json["items"]
    left_out = [row["row"] for row in one["asked"]["left_out"]]
    assert sorted({row["row"] for row in errors}) == list(sheet.refused), errors
    assert left_out == list(sheet.left_out)
    assert all(row["message"] for row in (*errors, *one["asked"]["left_out"]))
    assert len(records) == sheet.records == batch["created"]
    assert batch["refused"] == len(sheet.refused)
    every = {row["row"] for row in records} | set(sheet.refused) | set(left_out)
    header = one["proposal"]["header"]
    filled = {size["name"]: size["rows"] for size in one["proposal"]["sheets"]}
    assert len(every) == filled[one["proposal"]["sheet"]] - 1
    assert header not in every


def test_values_are_those_of_the_file(live: Live, made: dict[str, dict[str, Any]]):
    client = live.client("admin")
    first = rows_of(client, made["customers"]["proposal"]["object"]["name"])
    by_key = {one["ke_hu_bian_hao"]: one for one in first}
    assert by_key["C001"]["qian_yue_ri_qi"] == "2025-06-01"
    assert by_key["C001"]["xin_yong_e_du"] == "10000.50"
    assert by_key["C004"]["xin_yong_e_du"] == "1234.00"
    assert by_key["C001"]["zhe_kou_lv"] == "1.0000"
    assert by_key["C001"]["shi_fou_qi_yong"] is True
    assert {one["di_qu"] for one in first} == {"hua_dong", "hua_nan"}
    stock = {
        one["huo_hao"]: one for one in rows_of(client, made["stock"]["proposal"]["object"]["name"])
    }
    assert stock["00005"]["pan_dian_ri_qi"] == "2025-06-01"
    assert stock["00002"]["sun_hao_lv"] == "2.0000"
    assert stock["00001"]["dan_jia"] == "20.90"
    bare = {
        one["ke_mu"]: one for one in rows_of(client, made["bare"]["proposal"]["object"]["name"])
    }
    assert bare["差旅"]["fei_yong"] == "-1200.00"
    shops = rows_of(client, made["branches"]["proposal"]["object"]["name"])
    assert {one["suo_shu_da_qu"]["title"] for one in shops} == {"Land", "East"}


def test_rows_are_imported_once(live: Live, made: dict[str, dict[str, Any]]):
    client = live.client("admin")
    again = client.post(f"{SHEETS}/{made['orders']['id']}/import")
    assert (again.status_code, again.json["code"]) == (409, "spreadsheet.imported")
    shown = client.get(f"{SHEETS}/{made['customers']['id']}").json
    assert shown["state"] == "imported"
    assert [one["row"] for one in shown["left_out"]] == [1, 14]
    listed = client.get(SHEETS).json["items"]
    assert {one["id"] for one in listed} >= {one["id"] for one in made.values()}


SMALL = as_text([["编号", "名称"], ["a1", "甲"], ["a2", "乙"]])


def test_headings_as_they_are_copied_from_pages_can_be_taken_as_proposed(live: Live):
    client = live.client("admin")
    family = "\U0001f468\u200d\U0001f467"
    headings = ["\u200b编号", family, "\u200b", "很长" * 150, "很长" * 150, "\u202a金额\u202c"]
    rows = [headings, *([f"{row}{at}" for at in range(6)] for row in ("甲", "乙"))]
    kept = upload(client, "copied.csv", as_text(rows))
    assert kept.status_code == 201, kept.json
    sent = {"proposal": kept.json["proposal"]}
    put = client.post(f"{SHEETS}/{kept.json['id']}/draft", json=sent)
    assert put.status_code == 201, put.json
    labels = [one["label"]["zh"] for one in kept.json["proposal"]["fields"]]
    cut = "很长" * 99
    assert labels[:2] == ["编号", "\U0001f468\U0001f467"]
    assert labels[3:] == [f"{cut}很…", f"{cut[:-1]}… 2", "金额"]
    assert labels[2] == kept.json["proposal"]["fields"][2]["name"]


def test_a_review_changes_what_is_made(live: Live):
    client = live.client("admin")
    kept = upload(client, "评审.csv", SMALL).json
    proposal = kept["proposal"]
    proposal["module"] = {"name": "reviewed", "label": {"en": "Reviewed", "zh": "评审"}}
    proposal["object"] = {"name": "reviewed_thing", "label": {"en": "Thing"}}
    proposal["fields"][0].update(name="code", key=False, required=False, label={"en": "Code"})
    proposal["fields"][1].update(type="choice")
    answer = client.post(f"{SHEETS}/{kept['id']}/draft", json={"proposal": proposal})
    assert answer.status_code == 201, answer.json
    kinds = [(one["kind"], one["name"]) for one in answer.json["documents"]]
    assert kinds == [
        ("module", "reviewed"),
        ("object", "reviewed_thing"),
        ("permission", "reviewed_thing"),
        ("form", "reviewed_thing_form"),
        ("view", "all_reviewed_thing"),
    ]
    held = answer.json["draft"]["id"]
    object_ = client.get(f"{DRAFTS}/{held}/documents/{answer.json['documents'][1]['id']}").json
    fields = object_["document"]["content"]["fields"]
    assert fields[0]["name"] == "code"
    assert "external_id" not in fields[0]
    assert "required" not in fields[0]
    assert [one["label"] for one in fields[1]["choices"]] == [
        {"en": "甲", "zh": "甲"},
        {"en": "乙", "zh": "乙"},
    ]
    again = client.post(f"{SHEETS}/{kept['id']}/draft", json={"proposal": proposal})
    assert (again.status_code, again.json["code"]) == (409, "spreadsheet.in_draft")
    early = client.post(f"{SHEETS}/{kept['id']}/import")
    assert (early.status_code, early.json["code"]) == (409, "spreadsheet.not_live")


def test_what_is_wrong_with_a_review_is_said_all_at_once(live: Live):
    client = live.client("admin")
    kept = upload(client, "wrong.csv", SMALL).json
    proposal = kept["proposal"]
    proposal["module"]["name"] = "claims"
    proposal["object"]["name"] = "claim"
    proposal["fields"][0].update(name="id", type="lookup", options={"to": "nothing"})
    proposal["fields"][1].update(name="Not a name", type="tree", colour="red")
    proposal["title"] = "gone"
    proposal["object"]["label"] = {"en": "", "zh": "长" * 201}
    answer = client.post(f"{SHEETS}/{kept['id']}/draft", json={"proposal": proposal})
    assert answer.status_code == 422
    assert {(one["code"], one["path"]) for one in answer.json["problems"]} == {
        ("spreadsheet.name_taken", "/module/name"),
        ("spreadsheet.name_taken", "/object/name"),
        ("spreadsheet.name_taken", "/fields/0/name"),
        ("spreadsheet.unknown_object", "/fields/0/options/to"),
        ("name.illegal_char", "/fields/1/name"),
        ("spreadsheet.unknown_type", "/fields/1/type"),
        ("spreadsheet.invalid_review", "/fields/1/colour"),
        ("spreadsheet.title", "/title"),
        ("spreadsheet.no_label", "/object/label"),
    }


def test_a_field_renamed_in_the_draft_still_gets_its_column(live: Live):
    client = live.client("admin")
    kept = upload(client, "改名.csv", SMALL).json
    sent = {"proposal": kept["proposal"]}
    answer = client.post(f"{SHEETS}/{kept['id']}/draft", json=sent).json
    draft = answer["draft"]["id"]
    place = f"{DRAFTS}/{draft}/documents/{answer['documents'][1]['id']}"
    held = client.get(place).json
    content = held["document"]["content"]
    content["fields"][1]["name"] = "title_of_it"
    content["title"] = "title_of_it"
    content["search"] = []
    changed = client.put(
        place, json={"content": content}, headers={"If-Match": f'"{held["version"]}"'}
    )
    assert changed.status_code == 200
    for document in answer["documents"][3:]:
        at = f"{DRAFTS}/{draft}/documents/{document['id']}"
        held = client.get(at).json
        text = str(held["document"]["content"]).replace("ming_cheng", "title_of_it")
        client.put(
            at,
            json={"content": eval(text)},  # noqa: S307 - the test's own document
            headers={"If-Match": f'"{held["version"]}"'},
        )
    done = publish(client, draft)
    assert done.status_code == 200, done.json
    assert client.post(f"{SHEETS}/{kept['id']}/import").status_code == 202
    live.platform.worker().drain()
    found = rows_of(client, kept["proposal"]["object"]["name"])
    assert {one["title_of_it"] for one in found} == {"甲", "乙"}


def test_spreadsheets_are_for_designers_and_ones_own(live: Live, made: dict[str, dict[str, Any]]):
    live.add_user("other_admin", "admin")
    one = made["orders"]["id"]
    ann, other = live.client("ann"), live.client("other_admin")
    assert upload(ann, "x.csv", SMALL).status_code == 403
    for path in ("", f"/{one}"):
        assert ann.get(SHEETS + path).status_code == 403
    assert other.get(f"{SHEETS}/{one}").status_code == 404
    assert other.post(f"{SHEETS}/{one}/draft", json={"proposal": {}}).status_code == 404
    assert other.post(f"{SHEETS}/{one}/import").status_code == 404
    assert other.get(SHEETS).json["items"] == []


@pytest.mark.parametrize(
    ("name", "data", "code"),
    [
        ("a.csv", b"", "import.unreadable"),
        ("a.xlsx", SMALL, "import.wrong_extension"),
        ("a.csv", "编号\n".encode(), "spreadsheet.no_table"),
        ("a.csv", b"x" * (6 * 1024 * 1024 + 1), "spreadsheet.file_too_large"),
        ("a.csv", b"a,b\n" + b"1,2\n" * 20_020, "spreadsheet.too_many_rows"),
        (
            "a.csv",
            (",".join(f"c{n}" for n in range(101)) + "\n1\n").encode(),
            "spreadsheet.too_many_columns",
        ),
        ("a.csv", b"a,b\n" + b"\n" * 200_000 + b"1,2\n", "spreadsheet.row_too_far"),
    ],
)
def test_a_file_that_is_no_table_or_too_large_is_refused(
    live: Live, name: str, data: bytes, code: str
):
    answer = upload(live.client("admin"), name, data)
    assert (answer.status_code, answer.json["problems"][0]["code"]) == (422, code)


def test_another_sheet_or_row_of_names_can_be_said(live: Live):
    client = live.client("admin")
    stock = next(make for make in ALL if make.__name__ == "stock")()
    kept = upload(client, stock.name, stock.data).json
    assert [one["name"] for one in kept["proposal"]["sheets"]] == ["封面", "盘点"]
    none = client.get(f"{SHEETS}/{kept['id']}?sheet=盘点&header=0").json["proposal"]
    assert (none["header"], none["rows"], none["fields"][0]["header"]) == (0, 10, "A")
    wrong = client.get(f"{SHEETS}/{kept['id']}?sheet=nothing")
    assert wrong.json["problems"][0]["code"] == "spreadsheet.unknown_sheet"
    wrong = client.get(f"{SHEETS}/{kept['id']}?header=99")
    assert wrong.json["problems"][0]["code"] == "spreadsheet.header_row"


def test_of_two_who_go_on_at_once_one_does(live: Live):
    client = live.client("admin")
    data = as_text([["code", "name"], ["r1", "x"], ["r2", "y"]])
    kept = upload(client, "raced.csv", data).json

    def put(_: int) -> int:
        sent = {"proposal": kept["proposal"]}
        answer = live.client("admin").post(f"{SHEETS}/{kept['id']}/draft", json=sent)
        return int(answer.status_code)

    with ThreadPoolExecutor(4) as pool:
        codes = sorted(pool.map(put, range(4)))

    assert codes == [201, 409, 409, 409]

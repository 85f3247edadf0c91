"""Files by the API: uploaded, taken by a record, given out to whoever may read the field."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

import pytest

from tests.support.files import (
    HTML,
    PDF,
    SVG,
    TRIAL,
    as_form,
    open_live_with_files,
    packed,
    png,
    send_file,
    uploaded,
)
from tests.support.live import Live

API = "/api/v1"
ABSENT = "5f0c2b1e-9d64-4c1b-a1d7-3e8f0b6a2c94"
COUNT = iter(range(1_000_000))


@pytest.fixture(scope="module")
def live(shared_database_url: str) -> Iterator[Live]:
    found = open_live_with_files(shared_database_url)
    yield found
    found.platform.close()


def create(live: Live, who: str, **values: Any) -> Any:
    data = {"subject": f"claim {next(COUNT)}", **values}
    if who == "admin":
        data["company"] = live.ids["acme"]
    return live.client(who).post(f"{API}/records/claim", json=data)


def change(live: Live, who: str, record: Any, **values: Any) -> Any:
    headers = {"If-Match": f'"{record["version"]}"'}
    return live.client(who).patch(
        f"{API}/records/claim/{record['id']}", json=values, headers=headers
    )


def codes(answer: Any) -> list[tuple[str, str]]:
    return [(one["code"], one["path"]) for one in answer.json["problems"]]


def fetch(live: Live, who: str, file_id: str, **headers: str) -> Any:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return live.client(who).get(f"{API}/files/{file_id}", headers=sent)


def test_a_file_is_uploaded_taken_and_given_out(live):
    answer = send_file(live, "ann", PDF, "合同 第一版.pdf")
    sent = answer.json
    assert answer.status_code == 201
    assert answer.headers["Location"] == sent["url"] == f"{API}/files/{sent['id']}"
    assert sent == {
        "id": sent["id"],
        "name": "合同 第一版.pdf",
        "size": len(PDF),
        "type": "application/pdf",
        "url": sent["url"],
    }

    made = create(live, "ann", papers=[sent["id"]])
    assert made.status_code == 201, made.text
    assert made.json["papers"] == [sent]
    found = live.client("ann").get(f"{API}/records/claim/{made.json['id']}").json
    assert (found["papers"], found["photo"]) == ([sent], None)

    given = fetch(live, "ann", sent["id"])
    assert (given.status_code, given.data) == (200, PDF)
    headers = given.headers
    assert headers["Content-Type"] == "application/pdf"
    assert headers["Content-Disposition"].startswith("attachment; ")
    assert unquote(headers["Content-Disposition"].partition("UTF-8''")[2]) == "合同 第一版.pdf"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert headers["Cache-Control"] == "private, no-cache"
    assert headers["ETag"] == f'"{hashlib.sha256(PDF).hexdigest()}"'


def test_what_is_known_already_is_not_sent_again_and_ranges_are(live):
    content = bytes(range(256)) * 4096  # four parts
    whole = b"%PDF-" + content
    file_id = uploaded(live, "ann", whole[:1_000_000], "long.pdf")
    whole = whole[:1_000_000]

    first = fetch(live, "ann", file_id)
    assert (first.data == whole, first.headers["Accept-Ranges"]) == (True, "bytes")
    again = fetch(live, "ann", file_id, If_None_Match=first.headers["ETag"])
    assert (again.status_code, again.data) == (304, b"")
    for start, end in ((0, 9), (262_140, 262_150), (999_990, 999_999), (300_000, 900_000)):
        part = fetch(live, "ann", file_id, Range=f"bytes={start}-{end}")
        assert part.status_code == 206
        assert part.headers["Content-Range"] == f"bytes {start}-{end}/1000000"
        assert part.data == whole[start : end + 1]
    assert fetch(live, "ann", file_id, Range="bytes=2000000-").status_code == 416
    assert live.client("ann").head(f"{API}/files/{file_id}").content_length == 1_000_000


def test_access_follows_the_record_now(live):
    waiting = uploaded(live, "ann")
    for who, expected in (("ann", 200), ("bob", 404), ("admin", 404), ("boss", 404)):
        assert fetch(live, who, waiting).status_code == expected, who

    record = create(live, "ann", papers=[waiting]).json
    for who, expected in (("ann", 200), ("admin", 200), ("boss", 200), ("bob", 404)):
        assert fetch(live, who, waiting).status_code == expected, who
    unknown = fetch(live, "bob", ABSENT).json
    theirs = fetch(live, "bob", waiting).json
    assert {**unknown, "instance": ""} == {**theirs, "instance": ""}
    assert fetch(live, "bob", "x").status_code == 404
    assert live.client().get(f"{API}/files/{waiting}").status_code == 401

    version = live.client("admin").get(f"{API}/records/claim/{record['id']}").json["version"]
    moved = change(live, "admin", {**record, "version": version}, company=live.ids["rival"])
    assert moved.status_code == 200, moved.text
    for who, expected in (("ann", 404), ("bob", 200), ("admin", 200)):
        assert fetch(live, who, waiting).status_code == expected, who

    gone = change(live, "admin", moved.json, papers=None).json
    assert gone["papers"] is None
    for who in ("ann", "bob", "admin"):
        assert fetch(live, who, waiting).status_code == 404, who


def test_a_field_for_the_house_keeps_its_files_from_dealers(live):
    slip = uploaded(live, "admin")
    record = create(live, "admin", slip=slip).json
    assert record["slip"]["id"] == slip
    assert fetch(live, "admin", slip).status_code == 200
    assert fetch(live, "ann", slip).status_code == 404
    assert "slip" not in live.client("ann").get(f"{API}/records/claim/{record['id']}").json
    assert codes(create(live, "ann", slip=uploaded(live, "ann"))) == [("field.unknown", "/slip")]


def test_a_deleted_record_gives_no_file(live):
    file_id = uploaded(live, "admin")
    record = create(live, "admin", papers=[file_id]).json
    path = f"{API}/records/claim/{record['id']}"
    deleted = live.client("admin").delete(path, headers={"If-Match": f'"{record["version"]}"'})
    assert deleted.status_code < 300
    assert fetch(live, "admin", file_id).status_code == 404


def test_a_file_belongs_to_who_took_it_and_nobody_learns_of_others(live):
    taken = uploaded(live, "ann")
    record = create(live, "ann", papers=[taken]).json
    own, theirs = uploaded(live, "ann"), uploaded(live, "bob")
    for file_id in (taken, theirs, ABSENT):
        refused = create(live, "ann", papers=[own, file_id])
        assert refused.status_code == 422
        assert codes(refused) == [("file.unknown", "/papers")]
        assert "Papers" in refused.json["problems"][0]["message"]
    for who in ("admin", "bob"):
        assert codes(create(live, who, papers=[taken])) == [("file.unknown", "/papers")]
    # Refused requests took nothing.
    assert create(live, "ann", papers=[own]).status_code == 201
    # Nor does another field of the same record.
    assert codes(change(live, "ann", record, photo=taken)) == [("file.unknown", "/photo")]
    both = uploaded(live, "ann", png(), "p.png")
    twice = create(live, "ann", photo=both, items=[{"what": "x", "picture": both}])
    assert codes(twice) == [("file.unknown", "/items/0/picture")]


def test_files_keep_their_order_and_come_back_as_they_were_sent_out(live):
    ids = [uploaded(live, "ann", PDF, f"{one}.pdf") for one in "cab"]
    record = create(live, "ann", papers=ids).json
    assert [one["name"] for one in record["papers"]] == ["c.pdf", "a.pdf", "b.pdf"]
    turned = change(live, "ann", record, papers=list(reversed(record["papers"]))).json
    assert [one["name"] for one in turned["papers"]] == ["b.pdf", "a.pdf", "c.pdf"]
    fewer = change(live, "ann", turned, papers=[ids[0], ids[0]]).json
    assert [one["name"] for one in fewer["papers"]] == ["c.pdf"]
    # What was removed can be put back: it is still this field's own.
    back = change(live, "ann", fewer, papers=ids).json
    assert [one["name"] for one in back["papers"]] == ["c.pdf", "a.pdf", "b.pdf"]


@pytest.mark.parametrize(
    ("field", "content", "name", "code"),
    [
        ("papers", b"", "a.pdf", "file.empty"),
        ("papers", png(), "a.pdf", "file.kind"),
        ("papers", HTML, "a.txt", "file.kind"),
        ("papers", PDF + b"x" * 1024 * 1024, "a.pdf", "file.too_large"),
        ("photo", PDF, "a.png", "file.kind"),
        ("photo", SVG, "a.svg", "file.kind"),
        ("photo", SVG, "a.png", "file.kind"),
        ("signed", PDF, "s.png", "file.kind"),
        ("signed", png() + b"\0" * 1024 * 1024, "s.png", "file.too_large"),
        ("papers", TRIAL, "a.txt", "file.infected"),
    ],
)
def test_what_a_field_does_not_take_is_refused_when_it_is_sent(live, field, content, name, code):
    refused = send_file(live, "ann", content, name, meant_for=f"claim.{field}")
    assert refused.status_code == 422
    assert codes(refused) == [(code, "/file")]
    assert name.partition(".")[0] in refused.json["problems"][0]["message"]
    assert refused.json["problems"][0]["hint"]


def test_what_a_field_does_not_take_is_refused_when_a_record_names_it(live):
    picture = uploaded(live, "ann", png(), "a.png")
    refused = create(live, "ann", papers=[picture])
    assert codes(refused) == [("file.kind", "/papers")]
    assert "PDF, text" in refused.json["problems"][0]["message"]
    large = uploaded(live, "ann", PDF + b"x" * 1024 * 1024, "b.pdf")
    assert codes(create(live, "ann", papers=[large])) == [("file.too_large", "/papers")]
    many = [uploaded(live, "ann") for _ in range(4)]
    assert codes(create(live, "ann", papers=many)) == [("files.too_many", "/papers")]
    headers = {"Accept-Language": "zh"}
    said = live.client().post(f"{API}/files", headers=headers)
    assert said.status_code in {401, 422}


def test_names_are_cleaned_and_extensions_are_those_of_the_content(live):
    names = {
        "../../etc/passwd.pdf": "passwd.pdf",
        "..\\..\\boot.pdf": "boot.pdf",
        "CON.pdf": "_CON.pdf",
        "invoice.exe": "invoice.exe.pdf",
        "photo.png": "photo.pdf",
        "gnp.\u202efdp.pdf": "gnp.fdp.pdf",
        "a\tb\x7f.pdf": "ab.pdf",
        '<img src=x>".pdf': "_img src=x__.pdf",
        "文" * 300 + ".pdf": "文" * 116 + ".pdf",
        "=cmd|calc.pdf": "=cmd_calc.pdf",
        " . ": "file.pdf",
    }
    for given, kept in names.items():
        assert send_file(live, "ann", PDF, given).json["name"] == kept, given


def test_what_could_run_is_never_shown_in_a_page(live):
    for content, name in ((HTML, "page.html"), (SVG, "logo.svg"), (b"<x/>", "data.xml")):
        given = fetch(live, "ann", uploaded(live, "ann", content, name))
        assert given.headers["Content-Type"] == "application/octet-stream"
        assert given.headers["Content-Disposition"].startswith("attachment; ")
        assert "sandbox" in given.headers["Content-Security-Policy"]
    image = fetch(live, "ann", uploaded(live, "ann", png(), "a.png"))
    assert image.headers["Content-Type"] == "image/png"
    assert image.headers["Content-Disposition"].startswith("inline; ")


def test_kinds_are_told_by_content(live):
    found = {
        name: send_file(live, "ann", content, name).json["type"].rpartition(".")[2]
        for name, content in {
            "a.docx": packed("[Content_Types].xml", "word/document.xml"),
            "a.xlsx": packed("xl/workbook.xml"),
            "发票.ofd": packed("OFD.xml"),
            "b.zip": packed("x.txt"),
            "中文.txt": "经销商".encode("gb18030"),
            "c.csv": b"a,b\n1,2\n",
            "d.bin": b"\x01\x02\x00" * 9,
            "e.doc": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 99,
        }.items()
    }
    assert found == {
        "a.docx": "document",
        "a.xlsx": "sheet",
        "发票.ofd": "application/ofd",
        "b.zip": "application/zip",
        "中文.txt": "text/plain",
        "c.csv": "text/csv",
        "d.bin": "application/octet-stream",
        "e.doc": "application/msword",
    }


def test_bad_uploads_say_what_is_wrong(live):
    client = live.client("ann")
    for data, code in (
        ({}, "file.needed"),
        ({"other": (io.BytesIO(PDF), "a.pdf")}, "file.needed"),
        ({"file": "text"}, "file.needed"),
        ({"file": [(io.BytesIO(PDF), "a.pdf"), (io.BytesIO(PDF), "b.pdf")]}, "file.one_at_a_time"),
    ):
        refused = client.post(f"{API}/files", data=data, content_type="multipart/form-data")
        assert (refused.status_code, codes(refused)) == (422, [(code, "/file")])
    for meant in (
        "claim.nothing",
        "claim.slip",
        "claim.subject",
        "nothing.photo",
        "claim",
        "a.b.c",
    ):
        refused = send_file(live, "ann", PDF, "a.pdf", meant_for=meant)
        assert codes(refused) == [("field.unknown", "/for")], meant
    assert client.post(f"{API}/files?size=3").status_code == 422
    size = {"CONTENT_LENGTH": str(104 * 1024 * 1024), "CONTENT_TYPE": "multipart/form-data"}
    refused = client.post(f"{API}/files", environ_overrides=size)
    assert (refused.status_code, codes(refused)) == (413, [("file.too_large_request", "/file")])


def test_nobody_can_send_much(live):
    answer = live.client().post(f"{API}/files", data=as_form(PDF * 200_000, "a.pdf"))
    assert answer.status_code == 401


def test_the_same_upload_under_one_key_is_one_file(live):
    first = send_file(live, "ann", PDF, "a.pdf", once="key-of-upload")
    again = send_file(live, "ann", PDF, "a.pdf", once="key-of-upload")
    assert first.json == again.json
    other = send_file(live, "ann", PDF + b"x", "a.pdf", once="key-of-upload")
    assert codes(other) == [("idempotency.mismatch", "")]


def test_filters_ask_whether_there_is_a_file(live):
    with_one = create(live, "ann", photo=uploaded(live, "ann", png(), "a.png")).json["id"]
    without = create(live, "ann").json["id"]

    def found(condition: Any) -> set[str]:
        answer = live.client("ann").post(
            f"{API}/records/claim/query", json={"filter": condition, "limit": 200}
        )
        return {one["id"] for one in answer.json["items"]}

    some = found({"field": "photo", "op": "is_null", "value": False})
    none = found({"field": "photo", "op": "is_null", "value": True})
    assert with_one in some - none
    assert without in none - some
    for query in ({"filter": {"field": "photo", "op": "=", "value": ABSENT}}, {"sort": "photo"}):
        refused = live.client("ann").post(f"{API}/records/claim/query", json=query)
        assert refused.status_code == 422


def test_history_says_names_and_an_earlier_state_brings_files_back(live):
    first, second = uploaded(live, "admin", PDF, "one.pdf"), uploaded(live, "admin", PDF, "two.pdf")
    record = create(live, "admin", papers=[first]).json
    changed = change(live, "admin", record, papers=[second]).json
    path = f"{API}/records/claim/{record['id']}"
    lines = live.client("admin").get(f"{path}/history").json["items"]
    newest = next(one for one in lines if one["action"] == "updated")
    assert "one.pdf" in str(newest)
    assert "two.pdf" in str(newest)
    restored = live.client("admin").post(
        f"{path}/restore",
        json={"before": newest["id"]},
        headers={"If-Match": f'"{changed["version"]}"'},
    )
    assert restored.status_code == 200, restored.text
    found = live.client("admin").get(path).json
    assert [one["name"] for one in found["papers"]] == ["one.pdf"]
    assert fetch(live, "admin", first).status_code == 200


def test_a_stale_change_shows_both_files(live):
    record = create(live, "ann", photo=uploaded(live, "ann", png(), "a.png")).json
    change(live, "ann", record, photo=uploaded(live, "ann", png(), "b.png"))
    stale = change(live, "ann", record, photo=uploaded(live, "ann", png(), "c.png"))
    assert stale.status_code == 409
    shown = stale.json["differences"]["photo"]
    assert (shown["yours"]["name"], shown["stored"]["name"]) == ("c.png", "b.png")


def exported(live: Live, shown: str, record_id: str) -> dict[str, str]:
    query = {
        "format": "csv",
        "labels": shown,
        "fields": "id,papers,photo",
        "filter": json.dumps({"field": "id", "op": "=", "value": record_id}),
    }
    answer = live.client("admin").get(f"{API}/records/claim", query_string=query)
    assert answer.status_code == 200, answer.data.decode()
    head, row = csv.reader(io.StringIO(answer.data.decode("utf-8-sig")))
    return dict(zip(head, row, strict=True))


def test_exports_have_names_for_people_and_ids_for_programs(live):
    ids = [uploaded(live, "admin", PDF, name) for name in ("一.pdf", "two.pdf")]
    record = create(live, "admin", papers=ids).json
    shown, plain = exported(live, "true", record["id"]), exported(live, "false", record["id"])
    assert "一.pdf;two.pdf" in shown.values()
    assert ";".join(ids) in plain.values()
    assert "" in plain.values()  # no photo


def test_a_cell_takes_ids_of_files_and_nothing_else(live):
    file_id = uploaded(live, "admin", PDF, "in.pdf")
    lines = [
        "company,subject,papers",
        f"acme,imported {next(COUNT)},{file_id}",
        f"acme,imported {next(COUNT)},in.pdf",
        f"acme,imported {next(COUNT)},{ABSENT}",
    ]
    asked = live.client("admin").post(
        f"{API}/records/claim/import",
        data={"file": (io.BytesIO("\n".join(lines).encode()), "in.csv"), "partial": "true"},
    )
    assert asked.status_code == 202, asked.text
    live.platform.worker().drain()
    path = f"{API}/imports/{asked.json['import']}"
    errors = live.client("admin").get(f"{path}/errors").json["items"]
    assert [(one["row"], one["code"]) for one in errors] == [
        (3, "file.not_in_cells"),
        (4, "file.unknown"),
    ]
    (made,) = live.client("admin").get(f"{path}/records").json["items"]
    record = live.client("admin").get(f"{API}/records/claim/{made['id']}").json
    assert [one["name"] for one in record["papers"]] == ["in.pdf"]


def test_a_row_gives_its_file_to_who_may_read_the_row(live):
    picture = uploaded(live, "ann", png(), "door.png")
    made = create(live, "ann", items=[{"what": "door", "picture": picture}])
    assert made.status_code == 201, made.text
    for who, expected in (("ann", 200), ("boss", 200), ("admin", 200), ("bob", 404)):
        assert fetch(live, who, picture).status_code == expected, who


def test_an_open_task_gives_the_files_of_its_record(live):
    file_id = uploaded(live, "ann", png(), "proof.png")
    items = [{"what": "x", "qty": "1", "price": "150"}]
    record = create(live, "ann", photo=file_id, items=items).json
    assert fetch(live, "manager", file_id).status_code == 404
    path = f"{API}/records/claim/{record['id']}/transitions/submit"
    done = live.client("ann").post(path, json={}, headers={"If-Match": f'"{record["version"]}"'})
    assert done.status_code == 200, done.text
    assert fetch(live, "manager", file_id).status_code == 200


def test_many_records_take_their_files_at_once_or_none_does(live):
    first, second = (uploaded(live, "admin", PDF) for _ in range(2))

    def records(*files: str) -> Any:
        data = [
            {"subject": f"bulk {next(COUNT)}", "company": live.ids["acme"], "papers": [one]}
            for one in files
        ]
        body = {"mode": "create", "records": data}
        return live.client("admin").post(f"{API}/records/claim/bulk", json=body)

    refused = records(first, first)
    assert "file.unknown" in refused.text
    taken = records(first, second)
    assert [one["status"] for one in taken.json["items"]] == ["created", "created"]


def test_openapi_tells_files_in_and_out(live):
    schema = live.client("ann").get(f"{API}/openapi.json").json
    assert set(schema["paths"]["/files"]) == {"post"}
    assert "/files/{id}" in schema["paths"]
    parts = schema["components"]["schemas"]
    out = parts["claim"]["properties"]["papers"]["anyOf"][0]
    assert set(out["items"]["required"]) == {"id", "name", "size", "type", "url"}
    sent = parts["claim.create"]["properties"]["papers"]["allOf"][0]["anyOf"][0]
    assert (sent["maxItems"], sent["items"]["format"]) == (3, "uuid")
    assert "PDF, text; at most 1 MB" in sent["items"]["description"]

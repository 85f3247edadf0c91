"""What check finds wrong with fields that hold files, and kinds and names of files."""

from __future__ import annotations

from typing import Any

import pytest

from headrace.platform.metadata.building import build_catalog
from headrace.platform.metadata.checks import run_checks
from headrace.platform.metadata.documents import Document
from headrace.platform.metadata.field_types import built_in
from headrace.platform.metadata.file_kinds import KINDS, kind_of, safe_name
from tests.support.documents import field, label, workspace
from tests.support.files import HTML, PDF, SVG, packed, png, with_files

CLAIM = "/claims/objects/claim.json"


def found(change: Any) -> set[tuple[str, str]]:
    contents = workspace()
    with_files(contents)
    change(contents)
    made = [Document("claims", one) for one in contents.values()]
    built = build_catalog(made, built_in(), 1)
    checked = run_checks(built.catalog) if built.catalog else ()
    return {(one.code, one.path) for one in (*built.problems, *checked) if one.hint.zh}


def photo(**keys: Any) -> Any:
    def change(contents: Any) -> None:
        fields = contents["object", "claim"]["fields"]
        next(one for one in fields if one["name"] == "photo").update(keys)

    return change


def add(*fields: Any) -> Any:
    return lambda contents: contents["object", "claim"]["fields"].extend(fields)


def put(key: tuple[str, str], **keys: Any) -> Any:
    return lambda contents: contents[key].update(keys)


PLACE = f"{CLAIM}/fields/12"


@pytest.mark.parametrize(
    ("change", "code", "place"),
    [
        (photo(default="slip"), "field.inert_key", f"{PLACE}/default"),
        (photo(default="'x'"), "default.invalid", f"{PLACE}/default"),
        (photo(unique=True), "field.inert_key", f"{PLACE}/unique"),
        (photo(masked={"start": 1}), "field.masked_type", f"{PLACE}/masked"),
        (
            photo(type="images", min=9, max=3),
            "files.count_range",
            f"{PLACE}/min",
        ),
        (put(("object", "claim"), title="photo"), "object.title", f"{CLAIM}/title"),
        (
            put(("object", "claim"), unique=[{"fields": ["company", "photo"]}]),
            "object.row_size",
            f"{CLAIM}/unique/0",
        ),
        (
            put(("view", "open_claims"), sort=["photo"]),
            "view.sort",
            "/claims/views/open_claims.json/sort/0",
        ),
        (
            put(("report", "claims_by_month"), group_columns=[{"field": "photo"}]),
            "report.group_files",
            "/claims/reports/claims_by_month.json/group_columns/0",
        ),
        (
            lambda contents: contents["workflow", "claim_flow"]["transitions"][2].update(
                set={"photo": "slip"}
            ),
            "workflow.not_settable",
            "/claims/workflows/claim_flow.json/transitions/2/set/photo",
        ),
        (
            add(field("f", "formula", returns="text", formula="photo")),
            "formula.type",
            f"{CLAIM}/fields/16/formula",
        ),
        (
            add(field("f", "formula", returns="boolean", formula="photo < slip")),
            "formula.type",
            f"{CLAIM}/fields/16/formula",
        ),
        (
            lambda contents: contents["object", "company"]["fields"].append(
                field("newest", "rollup", op="last", of="claim.photo", by="company", last_by="claimed_on")
            ),
            "rollup.value",
            "/claims/objects/company.json/fields/7/of",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_done_with_files_is_told(change, code, place):
    told = found(change)
    assert code in {one for one, _ in told}, told
    assert (code, place) in told


def test_formulas_see_whether_there_is_a_file():
    rule = {
        "name": "proof", "field": "photo", "message": label("A photo is needed", "需要照片"),
        "unless": "fee <= 100 OR NOT ISBLANK(photo)",
    }  # fmt: skip
    told = found(lambda contents: contents["object", "claim"]["rules"].append(rule))
    assert not {one for one in told if one[0].startswith(("formula", "rule"))}


@pytest.mark.parametrize(
    ("content", "name", "kind"),
    [
        (PDF, "a.exe", "pdf"),
        (png(), "a.pdf", "png"),
        (b"\xff\xd8\xff\xe0", "a", "jpeg"),
        (b"GIF89a", "a.gif", "gif"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "a.webp", "webp"),
        (b"\0\0\0\x18ftypheic", "a.heic", "heic"),
        (b"\0\0\0\x18ftypisom", "a.mp4", "mp4"),
        (b"ID3\x04", "a.mp3", "mp3"),
        (b"Rar!\x1a\x07\x01\0", "a.rar", "rar"),
        (b"7z\xbc\xaf\x27\x1c", "a.7z", "7z"),
        (packed("ppt/presentation.xml"), "a.zip", "pptx"),
        (packed("a.txt"), "a.docx", "zip"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "a.wps", "doc"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "a.msi", "other"),
        (b"plain", "a.csv", "csv"),
        (b"plain", "a.exe", "txt"),
        ("文" * 30_000, "a.txt", "txt"),
        (b"\xff\xfea\0b\0", "a.txt", "txt"),
        (b"\xff\xfe" + "<script>".encode("utf-16-le"), "a.txt", "html"),
        (b"\xef\xbb\xbf  <!DOCTYPE HTML><p>", "a.txt", "html"),
        (b"text with a <ScRiPt> within", "a.txt", "html"),
        (HTML, "a.png", "html"),
        (SVG, "a.png", "html"),
        (b"<svg xmlns='x'/>", "a.png", "svg"),
        (b"<?xml version='1.0'?><x/>", "a.txt", "xml"),
        (b"MZ\x90\0\x03", "a.pdf", "other"),
        (b"\x7fELF\x02", "a.txt", "other"),
        (b"#!/bin/sh\n", "a.sh", "txt"),
    ],
)
def test_a_kind_is_told_by_what_is_in_a_file(content, name, kind):
    data = content.encode() if isinstance(content, str) else content
    assert kind_of(data[:65_536], data[-65_536:], name).key == kind


def test_every_kind_has_a_media_type_of_its_own():
    assert len({one.media_type for one in KINDS.values()}) == len(KINDS)
    assert {one.key for one in KINDS.values() if one.inline} == {"jpeg", "png", "gif", "webp"}


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("a.pdf", "a.pdf"),
        ("A.PDF", "A.PDF"),
        ("../../a.pdf", "a.pdf"),
        ("C:\\x\\nul.pdf", "_nul.pdf"),
        ("com1", "_com1.pdf"),
        ("\u202efdp.exe", "fdp.exe.pdf"),
        ("", "file.pdf"),
        ("....", "file.pdf"),
        (".pdf", "pdf.pdf"),
        ("a.b.c", "a.b.c.pdf"),
        ("x" * 400, "x" * 116 + ".pdf"),
        ("e\u0301.pdf", "\u00e9.pdf"),
    ],
)
def test_a_name_is_one_that_every_system_takes(sent, kept):
    assert safe_name(sent, KINDS["pdf"]) == kept

"""What cameras note in photographs: read when they are sent, shown with them, asked for by fields."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import ExifTags, Image

from headrace.platform.files.captures import Noted, noted_in
from headrace.platform.files.thumbnails import thumbnail
from headrace.platform.metadata.documents import Document
from headrace.platform.publishing.folders import Modules
from tests.support.documents import field, label, workspace
from tests.support.files import (
    HEIC,
    open_live_with_files,
    photo,
    png,
    send_file,
    uploaded,
    with_files,
)
from tests.support.live import PASSWORD, Live
from tests.support.surfing import Surfer

API = "/api/v1"
TAKEN = {"at": "2025-06-10T06:03:20.000000Z", "latitude": "30.274167", "longitude": "120.155100"}


def with_proofs(contents: dict[Any, Any]) -> None:
    """Give claims photographs that say when they were taken, lately, and where."""
    rules = {"recent": {"within": 24}, "placed": {"position": True}, "timed": {}}
    fields = [
        field(name, "images", captured=asked, label=label(name, name))
        for name, asked in rules.items()
    ]
    contents["object", "claim"]["fields"] += fields
    contents["form", "claim_entry"]["sections"][0]["items"] += list(rules)
    for grant in contents["permission", "claim"]["grants"]:
        if grant.get("fields"):
            grant["fields"]["edit"] += list(rules)
            if "read" in grant["fields"]:
                grant["fields"]["read"] += list(rules)


@pytest.fixture
def live(database_url: str) -> Iterator[Live]:
    found = open_live_with_files(database_url, with_proofs)
    found.add_user("cho", "dealer", organisation=found.ids["acme"], password=PASSWORD)
    yield found
    found.platform.close()


def ago(**time: int) -> str:
    """Return a time as a camera of the workspace's zone notes it."""
    return f"{datetime.now(UTC) + timedelta(hours=8) - timedelta(**time):%Y:%m:%d %H:%M:%S}"


def claim(live: Live, **values: Any) -> Any:
    subject = f"photos {uuid4().hex[:6]}"
    return live.client("ann").post(f"{API}/records/claim", json={"subject": subject, **values})


def test_a_photograph_says_when_and_where_it_was_taken(live: Live) -> None:
    sent = send_file(live, "ann", HEIC, "shop.heic")
    assert sent.status_code == 201
    assert (sent.json["type"], sent.json["captured"]) == ("image/heic", TAKEN)
    made = claim(live, photo=sent.json)
    assert made.status_code == 201, made.text
    address = f"{API}/records/claim/{made.json['id']}"
    record = live.client("ann").get(address).json
    assert record["photo"]["captured"] == TAKEN
    again = live.client("ann").patch(
        address,
        json={"photo": record["photo"]},
        headers={"If-Match": f'"{record["version"]}"'},
    )
    assert again.status_code == 200, again.json
    small = live.client("ann").get(f"{record['photo']['url']}?size=small")
    assert small.content_type == "image/webp"
    assert Image.open(io.BytesIO(small.data)).size == (320, 240)
    plain = send_file(live, "ann", png(), "a.png").json
    assert "captured" not in plain


@pytest.mark.parametrize(
    ("offset", "hour"), [("+08:00", 6), ("-05:00", 19), (None, 6), ("nonsense", 6)]
)
def test_times_without_a_zone_are_those_of_the_workspace(
    live: Live, offset: Any, hour: int
) -> None:
    sent = send_file(live, "ann", photo("2025:06:10 14:03:20", offset), "a.jpg").json
    assert sent["captured"] == {"at": f"2025-06-10T{hour:02}:03:20.000000Z"}


@pytest.mark.parametrize("language", ["en", "zh"])
def test_what_a_field_asks_for_is_refused_when_it_lacks(live: Live, language: str) -> None:
    here = (30.2, 120.1)
    for name, content, code in (
        ("recent", photo(), "file.no_capture_time"),
        ("recent", photo(ago(hours=25)), "file.captured_earlier"),
        ("recent", photo(ago(hours=-1)), "file.captured_later"),
        ("placed", photo(ago(days=900)), "file.no_position"),
        ("placed", photo(None, None, here), "file.no_capture_time"),
        ("timed", png(), "file.no_capture_time"),
    ):
        answer = send_file(
            live, "ann", content, "a.jpg", meant_for=f"claim.{name}", language=language
        )
        assert answer.status_code == 422, (name, code)
        (problem,) = answer.json["problems"]
        assert (problem["code"], problem["path"]) == (code, "/file")
        assert ("拍摄" in problem["message"]) is (language == "zh")
        loose = uploaded(live, "ann", content, "a.jpg")
        refused = claim(live, **{name: [loose]})
        assert [(one["code"], one["path"]) for one in refused.json["problems"]] == [
            (code, f"/{name}")
        ]
    taken = {
        "recent": photo(ago(minutes=3)),
        "placed": photo("2001:01:01 00:00:00", None, here),
        "timed": HEIC,
    }
    ids = {name: [uploaded(live, "ann", one, f"{name}.x")] for name, one in taken.items()}
    assert claim(live, **ids).status_code == 201


def test_pages_and_forms_tell_it_in_the_zone_of_who_reads(live: Live) -> None:
    file_id = uploaded(live, "ann", HEIC, "shop.heic")
    answer = claim(live, timed=[file_id])
    assert answer.status_code == 201, answer.text
    record = answer.json["id"]
    for language, word in (("en", "taken 2025-06-10 14:03"), ("zh", "拍摄于 2025-06-10 14:03")):
        cho = Surfer(live, "cho", language)
        for address in (f"/o/claim/{record}", f"/o/claim/{record}/edit"):
            text = cho.get(address).text
            assert word in text, address
            assert "30.27417, 120.15510" in text
    form = cho.get("/o/claim/new").form("/new")
    for captured in (
        TAKEN,
        {"at": "x"},
        {"at": 7},
        [1],
        "x",
        {"latitude": "1"},
        {"latitude": "x", "longitude": "1"},
    ):
        told = json.dumps({"name": "a.jpg", "size": 1, "type": "image/jpeg", "captured": captured})
        refused = cho.send_values(form, {"f.subject": "", f"f.timed:={file_id}": told})
        assert refused.status == 422
        assert (word in refused.text) is (captured == TAKEN)


def test_a_plan_counts_photographs_that_say_too_little(live: Live) -> None:
    known = claim(live, photo=uploaded(live, "ann", HEIC, "a.heic")).json["id"]
    lacking = claim(live, photo=uploaded(live, "ann", png(), "a.png")).json["id"]

    contents = workspace()
    with_files(contents)
    with_proofs(contents)
    fields = contents["object", "claim"]["fields"]
    next(one for one in fields if one["name"] == "photo")["captured"] = {"within": 24}
    documents = tuple(Document("claims", one) for one in contents.values())
    plan = live.platform.publisher.plan_modules(Modules(("claims",), documents, (), ()))

    (line,) = [one for one in plan.lines if one.failing is not None]
    assert line.failing is not None
    assert line.failing.first == (lacking,)
    assert known not in line.failing.first


# -- what cameras note -------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_notes_are_read_in_each_kind_of_image(kind: str) -> None:
    found = noted_in(io.BytesIO(photo("2025:06:10 14:03:20", "Z", (-33.5, -70.25), kind)))
    assert found == Noted(
        datetime(2025, 6, 10, 14, 3, 20, tzinfo=UTC), (Decimal("-33.5"), Decimal("-70.25"))
    )


@pytest.mark.parametrize(
    "taken", ["0000:00:00 00:00:00", "    :  :     :  :  ", "2025:13:01 00:00:00", "x", "", "2025"]
)
def test_times_that_are_none_count_for_nothing(taken: str) -> None:
    assert noted_in(io.BytesIO(photo(taken))).time is None


@pytest.mark.parametrize("place", [(91.0, 1.0), (1.0, 181.0), (float("nan"), 1.0)])
def test_places_that_are_none_count_for_nothing(place: tuple[float, float]) -> None:
    assert noted_in(io.BytesIO(_noting(place))).position is None


def _noting(place: tuple[float, float]) -> bytes:
    image, noted = Image.new("RGB", (4, 4)), Image.Exif()
    gps = noted.get_ifd(ExifTags.IFD.GPSInfo)
    gps[ExifTags.GPS.GPSLatitudeRef], gps[ExifTags.GPS.GPSLongitudeRef] = "N", "E"
    for key, value in zip(
        (ExifTags.GPS.GPSLatitude, ExifTags.GPS.GPSLongitude), place, strict=True
    ):
        gps[key] = (value, 0.0, 0.0) if value == value else (0.0, 0.0)  # noqa: PLR0124 - not a number
    out = io.BytesIO()
    image.save(out, "JPEG", exif=noted.tobytes())
    return out.getvalue()


@given(st.data())
def test_broken_photographs_raise_nothing(data: Any) -> None:
    whole = data.draw(st.sampled_from([HEIC, photo("2025:06:10 14:03:20", "Z", (1.0, 2.0))]))
    spoilt = bytearray(whole[: data.draw(st.integers(0, len(whole)))])
    for place in data.draw(st.lists(st.integers(0, max(0, len(spoilt) - 1)), max_size=6)):
        if spoilt:
            spoilt[place] = data.draw(st.integers(0, 255))
    attempts: tuple[Callable[[Any], Any], ...] = (noted_in, thumbnail)
    for attempt in attempts:
        attempt(io.BytesIO(bytes(spoilt)))

"""Small images of large ones: made when a file comes in, given out to who may have the file."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from headrace.platform.files.thumbnails import MOST_PIXELS, SIDE, thumbnail
from tests.support.files import PDF, open_live_with_files, png, uploaded
from tests.support.live import Live

API = "/api/v1"
ORIENTATION, MAKER = 0x0112, 0x010F


@pytest.fixture
def live(database_url: str) -> Iterator[Live]:
    found = open_live_with_files(database_url)
    yield found
    found.platform.close()


def photograph(width: int, height: int) -> bytes:
    """Return a JPEG that lies on its side, with a word of the camera."""
    image = Image.new("RGB", (width, height), "navy")
    noted = Image.Exif()
    noted[ORIENTATION] = 6
    noted[MAKER] = "a-secret-camera"
    out = io.BytesIO()
    image.save(out, "JPEG", exif=noted)
    return out.getvalue()


def small(live: Live, who: str, file_id: str, **headers: str) -> Any:
    return live.client(who).get(f"{API}/files/{file_id}?size=small", headers=headers)


def test_a_photograph_has_a_small_image_upright_and_without_notes(live: Live, tmp_path: Path):
    sent = photograph(4000, 3000)
    file_id = uploaded(live, "ann", sent, "shop.jpg")

    answer = small(live, "ann", file_id)

    assert (answer.status_code, answer.content_type) == (200, "image/webp")
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert b"a-secret-camera" in sent
    assert b"a-secret-camera" not in answer.data
    assert Image.open(io.BytesIO(answer.data)).size == (SIDE * 3 // 4, SIDE)
    again = small(live, "ann", file_id, **{"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304
    assert live.client("ann").get(f"{API}/files/{file_id}").data == sent


def test_a_small_image_follows_the_file(live: Live):
    file_id = uploaded(live, "ann", png(900, 900), "a.png")
    assert small(live, "ann", file_id).status_code == 200
    assert small(live, "bob", file_id).status_code == 404
    assert small(live, "admin", file_id).status_code == 404

    made = live.client("ann").post(
        f"{API}/records/claim", json={"subject": "with a photo", "photo": file_id}
    )
    assert made.status_code == 201, made.text
    assert small(live, "admin", file_id).status_code == 200
    assert small(live, "bob", file_id).status_code == 404


def test_what_has_no_small_image_is_given_out_as_it_is(live: Live):
    file_id = uploaded(live, "ann", PDF, "a.pdf")
    assert small(live, "ann", file_id).data == PDF
    wrong = live.client("ann").get(f"{API}/files/{file_id}?size=huge")
    assert [one["code"] for one in wrong.json["problems"]] == ["file.unknown_size"]


@pytest.mark.parametrize(
    "content",
    [
        png(9000, MOST_PIXELS // 9000 + 1),
        png(800, 800)[:-40],
        b"\xff\xd8\xff\xe0" + b"\0" * 400,
        b"GIF89a" + b"\xff" * 60,
    ],
    ids=["too large to decode", "cut short", "no photograph", "no image"],
)
def test_what_cannot_be_decoded_has_none(content: bytes):
    assert thumbnail(io.BytesIO(content)) is None


def test_transparent_and_moving_images_have_one():
    out = io.BytesIO()
    frames = [Image.new("RGBA", (700, 500), (0, 90, 0, share)) for share in (0, 255)]
    frames[0].save(out, "GIF", save_all=True, append_images=frames[1:])
    found = thumbnail(out)
    assert found is not None
    assert Image.open(io.BytesIO(found)).size == (SIDE, round(SIDE * 5 / 7))

"""Files as tests send them, and the claims workspace with fields that hold some."""

from __future__ import annotations

import base64
import copy
import io
import struct
import zipfile
import zlib
from collections.abc import Callable
from typing import Any

from PIL import ExifTags, Image

from tests.support.documents import field, label
from tests.support.live import Live, open_live

PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
HTML = b"<!doctype html><script>document.title='taken over'</script>"
SVG = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script>1</script></svg>'
TRIAL = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}" + b"$" + b"-".join(
    (b"EICAR", b"STANDARD", b"ANTIVIRUS", b"TEST", b"FILE!")
) + b"$H+H*"  # fmt: skip
"""The text for trying out scanners, put together here so that no file of ours holds it."""


def png(width: int = 8, height: int = 8, colour: int = 0x66AA22) -> bytes:
    """Return an image of one colour."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        whole = kind + data
        return struct.pack(">I", len(data)) + whole + struct.pack(">I", zlib.crc32(whole))

    row = b"\0" + colour.to_bytes(3, "big") * width
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = (
        chunk(b"IHDR", header),
        chunk(b"IDAT", zlib.compress(row * height)),
        chunk(b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


HEIC = zlib.decompress(
    base64.b64decode(
        # An image of one colour, 400 × 300, taken 2025-06-10 14:03:20 +08:00 at 30.274167, 120.1551.
        "eNpjYGCQSSupLMhIzUxmAILczDRDEDs3MzGNgYFxRm5qSSIDBChmpOQUQdkMBZnJJQxowCQzJx9siIsDAxMDI4jF"
        "uAdCA0EQUAwImPjgIheA2CIzMy8NzAPJigI5qWBlQDUZZcmGDEiCjCAlrhWZYOV8BZkluQxQlQzXMwuKCoD0jsyC"
        "5HwgXQnU68zIDBKaAFZk84Hhz98fPxgY+JkTgDokHBh5GP//BylgBqlgBiGbXUwOiUBJHSdGRjSZBTwdLMfvRa9U"
        "WbZzB0eGgQJQkBlEMCgmATWwuzAeLNqQ5AC0Rzg5P6coLzmnAijMy8DWABQSySwuSIV4mBFoIKMOkCFQkFmRCRJh"
        "5uDgAFLimQW5sGBmZGBkaWRiZgEypTKLUtOgwnzJKcXJ4GAFephRKzclERT+fhqM67m9YlZqNvw6dvD6/y8P3t9b"
        "yK49ectpkZD2TU4cASs1+jNW5B911JJ8CvT35clcTh4gZ7PItEO9xrkDygAiRlugiWyQEPb1ZdAC8jgYmNozGVig"
        "wazWoQpnJ0AibQIzOOJEQLE+QRDMZgfiCJCkkYGRqZWBmZWhgYKhiZWBsZWRAYO2gYWVgQFQkgUSnwxMfpDIZ2UA"
        "u4JhGgPERCZXBrAqmPg6aDjIQe0XgNLSULoCSnNCaMbTQFoSAJYXc2Q="
    )
)


def photo(
    taken: str | None = None,
    offset: str | None = None,
    position: tuple[Any, Any] | None = None,
    kind: str = "JPEG",
) -> bytes:
    """Return a photograph with what its camera noted: the time, its zone, degrees north and east."""
    image, noted = Image.new("RGB", (640, 480), "teal"), Image.Exif()
    times, place = noted.get_ifd(ExifTags.IFD.Exif), noted.get_ifd(ExifTags.IFD.GPSInfo)
    if taken is not None:
        times[ExifTags.Base.DateTimeOriginal] = taken
    if offset is not None:
        times[ExifTags.Base.OffsetTimeOriginal] = offset
    if position is not None:
        north, east = position
        place[ExifTags.GPS.GPSLatitudeRef] = "S" if north < 0 else "N"
        place[ExifTags.GPS.GPSLatitude] = (abs(north), 0.0, 0.0)
        place[ExifTags.GPS.GPSLongitudeRef] = "W" if east < 0 else "E"
        place[ExifTags.GPS.GPSLongitude] = (abs(east), 0.0, 0.0)
    out = io.BytesIO()
    image.save(out, kind, exif=noted.tobytes())
    return out.getvalue()


def packed(*names: str) -> bytes:
    """Return a ZIP archive with files of these names."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        for name in names:
            archive.writestr(name, "<x/>")
    return written.getvalue()


FIELDS = [
    field("photo", "image", label=label("Photo", "照片")),
    field("papers", "files", kinds=["pdf", "txt"], largest=1, max=3, label=label("Papers", "资料")),
    field("slip", "file", audience="internal", label=label("Slip", "内部凭证")),
    field("signed", "signature", label=label("Signature", "签名")),
]  # fmt: skip


def with_files(contents: dict[Any, Any]) -> None:
    """Give claims and their items fields that hold files, and dealers the right to write them."""
    contents["object", "claim"]["fields"] += copy.deepcopy(FIELDS)
    contents["object", "claim_item"]["fields"].append(
        field("picture", "image", label=label("Picture", "图片"))
    )
    for grant in contents["permission", "claim"]["grants"]:
        if grant.get("fields"):
            grant["fields"]["edit"] += ["photo", "papers", "signed"]
    sections = contents["form", "claim_entry"]["sections"]
    sections[0]["items"] += ["photo", "papers", "signed"]
    sections[1]["items"][0]["columns"].append("picture")
    contents["view", "open_claims"]["columns"] += ["papers"]


def open_live_with_files(
    url: str, change: Callable[[dict[Any, Any]], object] | None = None, **settings: str
) -> Live:
    """Open the claims workspace with files; `change` changes it further before it is published."""

    def both(contents: dict[Any, Any]) -> None:
        with_files(contents)
        if change is not None:
            change(contents)

    return open_live(url, both, **settings)


def send_file(
    live: Live,
    who: str | None,
    content: bytes,
    name: str,
    *,
    meant_for: str = "",
    once: str = "",
    language: str = "en",
) -> Any:
    """Upload a file by the API; return the answer."""
    headers = {"Accept-Language": language, **({"Idempotency-Key": once} if once else {})}
    return live.client(who).post(
        "/api/v1/files",
        query_string={"for": meant_for} if meant_for else {},
        data=as_form(content, name),
        headers={"Content-Type": f"multipart/form-data; boundary={EDGE}", **headers},
    )


EDGE = "an-edge-of-parts"


def as_form(content: bytes, name: str) -> bytes:
    """Return a form with one file; the client of the framework would leave its own file open."""
    quoted = name.replace("\\", "\\\\").replace('"', '\\"')
    kind = f'Content-Disposition: form-data; name="file"; filename="{quoted}"'
    head = f"--{EDGE}\r\n{kind}\r\nContent-Type: application/x-anything\r\n\r\n".encode()
    return head + content + f"\r\n--{EDGE}--\r\n".encode()


def uploaded(live: Live, who: str, content: bytes = PDF, name: str = "a.pdf") -> str:
    """Upload a file by the API; return its id."""
    answer = send_file(live, who, content, name)
    assert answer.status_code == 201, answer.text
    return str(answer.json["id"])

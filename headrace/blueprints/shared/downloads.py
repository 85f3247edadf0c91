"""Files that are sent: streamed from where they were written, under a name in any script."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import IO, Final
from urllib.parse import quote

from flask import Response

PIECE: Final = 64 * 1024
UNSAFE: Final = re.compile(r'[\x00-\x1f\x7f/\\:*?"<>|]+')
NOT_ASCII: Final = re.compile(r"[^A-Za-z0-9._-]+")


def download(file: IO[bytes], name: str, content_type: str) -> Response:
    """Return an answer that sends `file` and closes it; `name` goes as RFC 6266 wants it."""
    clean = UNSAFE.sub(" ", name).strip(" .") or "file"
    plain = ascii_name(clean)
    response = Response(_pieces(file), content_type=content_type)
    response.call_on_close(file.close)
    disposition = f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(clean, safe='')}"
    response.headers["Content-Disposition"] = disposition
    response.headers["Cache-Control"] = "private, no-store"
    return response


def ascii_name(name: str) -> str:
    """Return a name for programs that know no other letters."""
    plain = NOT_ASCII.sub("_", name).strip("_")
    return "file" + plain if not plain or plain.startswith(".") else plain


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while piece := file.read(PIECE):
            yield piece

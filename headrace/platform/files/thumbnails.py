"""Small images of large ones, so that a list on a phone does not load photographs whole."""

from __future__ import annotations

import io
from typing import BinaryIO, Final

from PIL import ImageOps

from headrace.platform.files.images import SPOILT, open_image

SIDE: Final = 320
"""Pixels of the longer side: sharp at 44 to 160 px on every screen."""
QUALITY: Final = 80
MOST_PIXELS: Final = 16_000_000
"""What is decoded whole: 64 MB of memory at most, whatever the file says of itself."""
MOST_OF_PHOTOGRAPHS: Final = 80_000_000
"""JPEG is decoded at an eighth of its size, so photographs of every camera have a small image."""
MOST_OF_PHONES: Final = 26_000_000
"""HEIC is decoded whole, at three bytes a pixel: what phones make has a small image."""
MEDIA_TYPE: Final = "image/webp"


def thumbnail(stream: BinaryIO) -> bytes | None:
    """Return a small image as WebP, upright and without what the camera noted (time, place).

    None where the file is too large to decode, or no image after all; it is kept as it is then.
    Costs some 10 to 100 ms.
    """
    try:
        return _small(stream)
    except SPOILT:
        return None


def _small(stream: BinaryIO) -> bytes | None:
    with open_image(stream) as opened:
        most = {"JPEG": MOST_OF_PHOTOGRAPHS, "HEIF": MOST_OF_PHONES}.get(
            str(opened.format), MOST_PIXELS
        )
        if opened.width * opened.height > most:
            return None
        opened.draft("RGB", (2 * SIDE, 2 * SIDE))
        if opened.format == "JPEG" and opened.width * opened.height > MOST_PIXELS:
            return None
        opened.load()
        image = ImageOps.exif_transpose(opened)
        image = image.convert("RGBA" if image.has_transparency_data else "RGB")
        image.thumbnail((SIDE, SIDE))
        out = io.BytesIO()
        image.save(out, "WEBP", quality=QUALITY)
        return out.getvalue()

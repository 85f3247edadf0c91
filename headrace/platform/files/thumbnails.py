"""Small images of large ones, so that a list on a phone does not load photographs whole."""

from __future__ import annotations

import io
import struct
from typing import BinaryIO, Final

from PIL import Image, ImageOps

SIDE: Final = 320
"""Pixels of the longer side: sharp at 44 to 160 px on every screen."""
QUALITY: Final = 80
FORMATS: Final = ("JPEG", "PNG", "GIF", "WEBP")
MOST_PIXELS: Final = 16_000_000
"""What is decoded whole: 64 MB of memory at most, whatever the file says of itself."""
MOST_OF_PHOTOGRAPHS: Final = 80_000_000
"""JPEG is decoded at an eighth of its size, so photographs of every camera have a small image."""
MEDIA_TYPE: Final = "image/webp"
_SPOILT: Final = (
    *(OSError, ValueError, SyntaxError, TypeError, IndexError, KeyError, struct.error),
    Image.DecompressionBombError,
)
"""What the decoders raise over files that are broken, or larger than they should be."""


def thumbnail(stream: BinaryIO) -> bytes | None:
    """Return a small image as WebP, upright and without what the camera noted (time, place).

    None where the file is too large to decode, or no image after all; it is kept as it is then.
    Costs some 10 to 100 ms.
    """
    stream.seek(0)
    try:
        return _small(stream)
    except _SPOILT:
        return None


def _small(stream: BinaryIO) -> bytes | None:
    with Image.open(stream, formats=FORMATS) as opened:
        photograph = opened.format == "JPEG"
        pixels = opened.width * opened.height
        if pixels > (MOST_OF_PHOTOGRAPHS if photograph else MOST_PIXELS):
            return None
        opened.draft("RGB", (2 * SIDE, 2 * SIDE))
        if opened.width * opened.height > MOST_PIXELS:
            return None
        opened.load()
        image = ImageOps.exif_transpose(opened)
        image = image.convert("RGBA" if image.has_transparency_data else "RGB")
        image.thumbnail((SIDE, SIDE))
        out = io.BytesIO()
        image.save(out, "WEBP", quality=QUALITY)
        return out.getvalue()

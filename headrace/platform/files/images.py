"""Opens images that were sent: which formats are decoded, and what decoders raise over broken ones."""

from __future__ import annotations

import struct
import warnings
from typing import BinaryIO, Final

import pi_heif
from PIL import Image

FORMATS: Final = ("JPEG", "PNG", "GIF", "WEBP", "HEIF")
SPOILT: Final = (
    *(OSError, ValueError, SyntaxError, TypeError, IndexError, KeyError, struct.error),
    *(RuntimeError, EOFError, ZeroDivisionError, OverflowError, UserWarning),
    Image.DecompressionBombError,
)
"""What the decoders raise over files that are broken, or larger than they should be."""

warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")
"""Broken notes of cameras are no news for whoever runs the server."""
pi_heif.register_heif_opener(thumbnails=False)


def open_image(stream: BinaryIO) -> Image.Image:
    """Open an image from the beginning of a stream; nothing is decoded yet. Raise one of SPOILT."""
    stream.seek(0)
    return Image.open(stream, formats=FORMATS)

"""When and where a photograph was taken: what its camera noted (Exif), read when it is sent.

A camera notes the time on its clock, and newer ones the offset of its zone; without one it is taken for the
time in the workspace's zone. Anybody can write such notes: they help who is honest, and prove nothing.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from decimal import Decimal
from typing import Any, BinaryIO, Final

from PIL import ExifTags

from headrace.platform.files.images import SPOILT, open_image
from headrace.platform.metadata.storage_types import Capture

MOST_DEGREES: Final = 180
PLACES: Final = Decimal("0.000001")
"""The digits of a degree that are kept: a tenth of a metre."""


@dataclass(frozen=True, slots=True)
class Noted:
    """What a camera noted: the time on its clock, with a zone where it said one, and its place."""

    time: datetime | None = None
    position: tuple[Decimal, Decimal] | None = None

    def capture(self, zone: tzinfo) -> Capture:
        """Return when and where that was; `zone` is that of clocks which say none."""
        at = None
        if self.time is not None:
            placed = self.time if self.time.tzinfo else self.time.replace(tzinfo=zone)
            at = placed.astimezone(UTC)
        return Capture(at, *(self.position or ()))


def noted_in(stream: BinaryIO) -> Noted:
    """Return what a camera noted in an image; nothing where it is none, or its notes are broken."""
    try:
        with open_image(stream) as image:
            exif = image.getexif()
            times, place = exif.get_ifd(ExifTags.IFD.Exif), exif.get_ifd(ExifTags.IFD.GPSInfo)
    except SPOILT:
        return Noted()
    return Noted(_time(times), _position(place))


def _time(noted: Mapping[int, Any]) -> datetime | None:
    text = _text(noted.get(ExifTags.Base.DateTimeOriginal))
    offset = _text(noted.get(ExifTags.Base.OffsetTimeOriginal))
    for known, form in ((text + offset, "%Y:%m:%d %H:%M:%S%z"), (text, "%Y:%m:%d %H:%M:%S")):
        try:
            found = datetime.strptime(known, form)  # noqa: DTZ007 - the second form has no zone
            _ = found.astimezone(UTC)
        except (ValueError, OverflowError):
            continue
        return found
    return None


def _text(value: Any) -> str:
    found = value.decode("ascii", "replace") if isinstance(value, bytes) else value
    return found.strip("\0 ") if isinstance(found, str) else ""


def _position(noted: Mapping[int, Any]) -> tuple[Decimal, Decimal] | None:
    latitude = _degrees(noted, ExifTags.GPS.GPSLatitude, ExifTags.GPS.GPSLatitudeRef, "NS")
    longitude = _degrees(noted, ExifTags.GPS.GPSLongitude, ExifTags.GPS.GPSLongitudeRef, "EW")
    if latitude is None or longitude is None or abs(latitude) > MOST_DEGREES / 2:
        return None
    return latitude, longitude


def _degrees(noted: Mapping[int, Any], key: int, side: int, sides: str) -> Decimal | None:
    """Return degrees, minutes and seconds as degrees; those of the second side are negative."""
    parts, named = noted.get(key), _text(noted.get(side)).upper()
    if not isinstance(parts, Sequence) or len(parts) != len("dms") or named not in tuple(sides):
        return None
    try:
        degrees, minutes, seconds = map(float, parts)
    except (TypeError, ValueError, ZeroDivisionError):
        return None
    found = degrees + minutes / 60 + seconds / 3600
    if not math.isfinite(found) or not 0 <= found <= MOST_DEGREES:
        return None
    return Decimal(-found if named == sides[1] else found).quantize(PLACES)

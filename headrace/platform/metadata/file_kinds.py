"""The kinds of files that are told apart: by what is in them, never by what their sender says.

Where several kinds look alike inside (old office files, plain texts) the name's extension chooses
among those that look so.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from types import MappingProxyType
from typing import Final, Literal, get_args

from headrace.platform.core.problems import Text

ImageKind = Literal["jpeg", "png", "gif", "webp", "heic"]
FileKindName = Literal[
    "pdf",
    "ofd",
    "docx",
    "xlsx",
    "pptx",
    "doc",
    "xls",
    "ppt",
    "txt",
    "csv",
    "jpeg",
    "png",
    "gif",
    "webp",
    "heic",
    "mp4",
    "mp3",
    "zip",
    "rar",
    "7z",
    "xml",
    "html",
    "svg",
    "other",
]
IMAGES: Final[tuple[FileKindName, ...]] = get_args(ImageKind)
ONLY_BY_NAME: Final = frozenset({"xml", "html", "svg", "other"})
"""Kinds that a field takes only where it names them: they can hold programs."""

LOOKED_AT: Final = 65_536
"""Bytes at the beginning and at the end that say of which kind a file is."""
MOST_NAME: Final = 120
"""Characters of a file's name, its extension included."""

_OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_MARKUP: Final = re.compile(rb"\s*<[a-zA-Z!?]")
_HTML: Final = re.compile(rb"<(!doctype\s+html|html|head|body|script|iframe)\b", re.IGNORECASE)
_SVG: Final = re.compile(rb"<([a-z]+:)?svg\b", re.IGNORECASE)
_HEIC_BRANDS: Final = frozenset({b"heic", b"heix", b"hevc", b"hevx", b"mif1", b"msf1"})
_CONTROL: Final = bytes(one for one in range(32) if one not in b"\t\n\r\f\x1b")
_RESERVED: Final = frozenset(
    {"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10))}
)
"""Names that mean a device on some systems, whatever the extension."""


@dataclass(frozen=True, slots=True)
class FileKind:
    """One kind: its media type, the extensions that its files may have, the first of them usual.

    `inline` says that browsers may show it in a page without any danger.
    """

    key: FileKindName
    media_type: str
    extensions: tuple[str, ...]
    label: Text
    inline: bool = False


KINDS: Final[Mapping[str, FileKind]] = MappingProxyType(
    {
        one.key: one
        for one in (
            FileKind("pdf", "application/pdf", ("pdf",), Text("PDF", "PDF")),
            FileKind("ofd", "application/ofd", ("ofd",), Text("OFD", "OFD")),
            FileKind(
                "docx",
                "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
                ("docx",),
                Text("Word", "Word"),
            ),
            FileKind(
                "xlsx",
                "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
                ("xlsx",),
                Text("Excel", "Excel"),
            ),
            FileKind(
                "pptx",
                "application/vnd.openxmlformats-officedocument.presentationml.presentation",
                ("pptx",),
                Text("PowerPoint", "PowerPoint"),
            ),
            FileKind("doc", "application/msword", ("doc", "wps"), Text("Word 97", "Word 97")),
            FileKind(
                "xls", "application/vnd.ms-excel", ("xls", "et"), Text("Excel 97", "Excel 97")
            ),
            FileKind(
                "ppt",
                "application/vnd.ms-powerpoint",
                ("ppt", "dps"),
                Text("PowerPoint 97", "PowerPoint 97"),
            ),
            FileKind("txt", "text/plain", ("txt", "log", "md"), Text("text", "文本")),
            FileKind("csv", "text/csv", ("csv",), Text("CSV", "CSV")),
            FileKind("jpeg", "image/jpeg", ("jpg", "jpeg"), Text("JPEG", "JPEG"), inline=True),
            FileKind("png", "image/png", ("png",), Text("PNG", "PNG"), inline=True),
            FileKind("gif", "image/gif", ("gif",), Text("GIF", "GIF"), inline=True),
            FileKind("webp", "image/webp", ("webp",), Text("WebP", "WebP"), inline=True),
            FileKind("heic", "image/heic", ("heic", "heif"), Text("HEIC", "HEIC")),
            FileKind("mp4", "video/mp4", ("mp4", "mov", "m4v"), Text("MP4 video", "MP4 视频")),
            FileKind("mp3", "audio/mpeg", ("mp3",), Text("MP3 sound", "MP3 音频")),
            FileKind("zip", "application/zip", ("zip",), Text("ZIP", "ZIP")),
            FileKind("rar", "application/vnd.rar", ("rar",), Text("RAR", "RAR")),
            FileKind("7z", "application/x-7z-compressed", ("7z",), Text("7-Zip", "7-Zip")),
            FileKind("xml", "application/xml", ("xml",), Text("XML", "XML")),
            FileKind("html", "text/html", ("html", "htm"), Text("HTML", "HTML")),
            FileKind("svg", "image/svg+xml", ("svg",), Text("SVG", "SVG")),
            FileKind("other", "application/octet-stream", (), Text("unknown", "未知")),
        )
    }
)
"""The kinds by their key, in the order in which they are named to people."""

BY_MEDIA_TYPE: Final[Mapping[str, FileKind]] = MappingProxyType(
    {one.media_type: one for one in KINDS.values()}
)
USUAL: Final[frozenset[str]] = frozenset(KINDS) - ONLY_BY_NAME
"""What a field takes that names no kinds."""

_BY_EXTENSION: Final[Mapping[str, FileKind]] = MappingProxyType(
    {extension: one for one in KINDS.values() for extension in one.extensions}
)


def kind_of(head: bytes, tail: bytes, name: str) -> FileKind:
    """Return of which kind a file is; `head` and `tail` are its first and last `LOOKED_AT` bytes."""
    found = next((key for key, fits in _SIGNS if fits(head)), None)
    if found is not None:
        return KINDS[found]
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return KINDS[_packed(head, tail)]
    if head.startswith(_OLE):
        return _among(("doc", "xls", "ppt"), name, "other")
    if _is_text(head):
        return _text(head, name)
    return KINDS["other"]


def _among(keys: Iterable[str], name: str, otherwise: str) -> FileKind:
    known = _BY_EXTENSION.get(extension_of(name))
    return known if known is not None and known.key in keys else KINDS[otherwise]


def _packed(head: bytes, tail: bytes) -> FileKindName:
    """Tell what a ZIP archive is by the names in it; its directory stands at the end."""
    marks: tuple[tuple[bytes, FileKindName], ...] = (
        (b"word/document.xml", "docx"),
        (b"xl/workbook.xml", "xlsx"),
        (b"ppt/presentation.xml", "pptx"),
        (b"OFD.xml", "ofd"),
    )
    return next((key for mark, key in marks if mark in tail or mark in head), "zip")


def _is_text(head: bytes) -> bool:
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return True
    if head.translate(None, _CONTROL) != head:
        return False
    for encoding in ("utf-8", "gb18030"):
        for cut in range(4):
            # The last character may be cut in two.
            try:
                head[: len(head) - cut].decode(encoding)
            except UnicodeDecodeError:
                continue
            return True
    return False


def _text(head: bytes, name: str) -> FileKind:
    plain = head.removeprefix(b"\xef\xbb\xbf").replace(b"\0", b"").lstrip(b"\xff\xfe")
    if _HTML.search(plain):
        return KINDS["html"]
    if _MARKUP.match(plain):
        return KINDS["svg" if _SVG.search(plain) else "xml"]
    return _among(("txt", "csv"), name, "txt")


def _brand(head: bytes) -> bytes:
    return head[8:12] if head[4:8] == b"ftyp" else b""


_SIGNS: Final[tuple[tuple[FileKindName, Callable[[bytes], bool]], ...]] = (
    ("pdf", lambda head: head.startswith(b"%PDF-")),
    ("png", lambda head: head.startswith(b"\x89PNG\r\n\x1a\n")),
    ("jpeg", lambda head: head.startswith(b"\xff\xd8\xff")),
    ("gif", lambda head: head.startswith((b"GIF87a", b"GIF89a"))),
    ("webp", lambda head: head.startswith(b"RIFF") and head[8:12] == b"WEBP"),
    ("heic", lambda head: _brand(head) in _HEIC_BRANDS),
    ("mp4", lambda head: bool(_brand(head))),
    ("mp3", lambda head: head.startswith((b"ID3", b"\xff\xfb", b"\xff\xf3", b"\xff\xf2"))),
    ("rar", lambda head: head.startswith(b"Rar!\x1a\x07")),
    ("7z", lambda head: head.startswith(b"7z\xbc\xaf\x27\x1c")),
)


# -- names ---------------------------------------------------------------------------------------


def extension_of(name: str) -> str:
    """Return what stands behind the last dot, in lower case."""
    return PurePosixPath(name).suffix[1:].lower()


def safe_name(sent: str, kind: FileKind) -> str:
    """Return the name under which a file is kept and given out.

    Folders, control characters and characters that turn the direction of writing are left out, and
    the extension is one that the file's kind has.
    """
    last = re.split(r"[/\\]", sent)[-1]
    kept = "".join(one for one in last if unicodedata.category(one)[0] != "C")
    kept = re.sub(r'[<>:"|?*]', "_", unicodedata.normalize("NFC", kept)).strip(" .")
    stem, dot, extension = kept.rpartition(".")
    if not dot:
        stem, extension = kept, ""
    known = extension.lower()
    if kind.extensions and known not in kind.extensions:
        stem = stem if known in _BY_EXTENSION else kept
        extension = kind.extensions[0]
    stem = stem.strip(" .") or "file"
    if stem.partition(".")[0].strip().lower() in _RESERVED:
        stem = f"_{stem}"
    if not extension:
        return stem[:MOST_NAME]
    extension = extension[:20]
    return f"{stem[: MOST_NAME - len(extension) - 1].rstrip(' .')}.{extension}"

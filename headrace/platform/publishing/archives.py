"""Zip packages: written so that the same files give the same bytes, read without trusting them."""

from __future__ import annotations

import io
import stat
import zipfile
import zlib
from collections.abc import Iterable
from typing import Final

from headrace.platform.core.problems import Message, Problem, pointer

MAX_FILES: Final = 20_000
MAX_BYTES: Final = 512 * 1024 * 1024
MAX_PATH: Final = 300
FIRST_DAY: Final = (1980, 1, 1, 0, 0, 0)
"""The earliest time that a zip can say: files of a package have none of their own."""
UNIX: Final = 3
ENCRYPTED: Final = 0x1
METHODS: Final = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})

NOT_ZIP = Message(
    "package.unreadable",
    "The package is not a zip file, or it is damaged.",
    "包文件不是 zip 文件，或已损坏。",
    "Export it again.",
    "请重新导出。",
)
UNSAFE = Message(
    "package.unsafe_path",
    "“{path}” in the package is not a plain file below it.",
    "包中的“{path}”不是包内的普通文件。",
    "Export it again; links, absolute paths and “..” are not taken.",
    "请重新导出；不接受链接、绝对路径和“..”。",
)
TWICE = Message(
    "package.duplicate",
    "“{path}” is in the package twice.",
    "包中存在重复的“{path}”。",
    "Export it again.",
    "请重新导出。",
)
TOO_LARGE = Message(
    "package.too_large",
    "The package has more than {files} files or more than {size} MB.",
    "包中的文件超过 {files} 个，或总大小超过 {size} MB。",
    "Move fewer modules at a time.",
    "请减少每次迁移的模块。",
)


def write_archive(files: Iterable[tuple[str, bytes]]) -> bytes:
    """Return a zip file of `files`.

    They are stored, not packed: packers differ in what they make of the same content.
    """
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for path, data in sorted(files):
            entry = zipfile.ZipInfo(path, FIRST_DAY)
            entry.create_system = UNIX
            entry.external_attr = (stat.S_IFREG | 0o644) << 16
            archive.writestr(entry, data)
    return out.getvalue()


def read_archive(data: bytes) -> tuple[dict[str, bytes], tuple[Problem, ...]]:
    """Return the files of a zip file by path; nothing where something is wrong with it."""
    too_large = TOO_LARGE.at(files=MAX_FILES, size=MAX_BYTES // 1024 // 1024)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = [one for one in archive.infolist() if not one.is_dir()]
            if len(archive.infolist()) > MAX_FILES:
                return {}, (too_large,)
            problems = _entry_problems(entries)
            if problems:
                return {}, problems
            files: dict[str, bytes] = {}
            left = MAX_BYTES
            for entry in entries:
                with archive.open(entry) as packed:
                    # What the entry says about its size may be a lie.
                    files[entry.filename] = content = packed.read(left + 1)
                left -= len(content)
                if left < 0:
                    return {}, (too_large,)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, OSError, EOFError, ValueError):
        return {}, (NOT_ZIP.at(),)
    except RuntimeError:  # what the module raises for encrypted entries
        return {}, (NOT_ZIP.at(),)
    return _without_prefix(files), ()


def _entry_problems(entries: Iterable[zipfile.ZipInfo]) -> tuple[Problem, ...]:
    problems = []
    seen: set[str] = set()
    for entry in entries:
        path = entry.filename
        place = pointer(*path.split("/"))
        if not _is_plain(entry):
            problems.append(UNSAFE.at(place, path=path))
        elif path.casefold() in seen:
            problems.append(TWICE.at(place, path=path))
        seen.add(path.casefold())
    return tuple(problems)


def _is_plain(entry: zipfile.ZipInfo) -> bool:
    path = entry.filename
    mode = entry.external_attr >> 16
    parts = path.split("/")
    return (
        len(path) <= MAX_PATH
        and path.isprintable()
        and not any(part in {"", ".", ".."} for part in parts)
        and not {"\\", ":"} & set(path)
        and (stat.S_IFMT(mode) in {0, stat.S_IFREG} or entry.create_system != UNIX)
        and not entry.flag_bits & ENCRYPTED
        and entry.compress_type in METHODS
    )


def _without_prefix(files: dict[str, bytes]) -> dict[str, bytes]:
    """Take away a folder around the modules, which packing by hand often adds."""
    if any(path.count("/") == 1 and path.endswith("/module.json") for path in files):
        return files
    folders = {path.partition("/")[0] for path in files}
    if len(folders) != 1:
        return files
    return {path.partition("/")[2]: content for path, content in files.items() if "/" in path}

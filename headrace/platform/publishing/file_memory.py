"""Reading files that were read before: one that has not changed is not opened again.

A file counts as unchanged where device, inode, size and both times are as they were, and the last
change was long enough before the former reading that no later one can have the same time.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Final

from headrace.platform.core.newest import Newest

KEPT_BYTES: Final = 32 * 1024 * 1024
SETTLED_NANOSECONDS: Final = 2_000_000_000

Stamp = tuple[int, int, int, int, int]

_FILES: Final[Newest[bytes]] = Newest(KEPT_BYTES)


def files_below(folder: Path) -> Iterator[tuple[str, Callable[[], bytes]]]:
    """Yield the files below `folder` in order, each by its path within and with what reads it.

    Names that start with a dot or two underscores are left out, with all that is below them.
    """
    yield from _files(os.path.abspath(folder), "")  # noqa: PTH100 - links stay as they are


def _files(folder: str, prefix: str) -> Iterator[tuple[str, Callable[[], bytes]]]:
    with os.scandir(folder) as entries:
        shown = [one for one in entries if not one.name.startswith((".", "__"))]
    for entry in sorted(shown, key=lambda one: one.name):
        if entry.is_dir(follow_symlinks=False):
            yield from _files(entry.path, f"{prefix}{entry.name}/")
        elif entry.is_file():
            yield prefix + entry.name, partial(_read, entry)


def _read(entry: os.DirEntry[str]) -> bytes:
    path = entry.path
    stamp = _stamp(entry.stat())
    known = _FILES.known(path, stamp)
    if known is not None:
        return known
    now = time.time_ns()
    data = Path(path).read_bytes()
    if max(stamp[3:]) < now - SETTLED_NANOSECONDS:
        _FILES.put(path, stamp, data, len(data))
    return data


def _stamp(status: os.stat_result) -> Stamp:
    return (
        status.st_dev,
        status.st_ino,
        status.st_size,
        status.st_mtime_ns,
        status.st_ctime_ns,
    )

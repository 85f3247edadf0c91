"""Looking into what is uploaded, before it is kept: the place for a virus scanner.

A scanner is a function that is plugged into `FileStore.before_keep`; it reads the upload and raises
`infected(...)` where it finds something. The one here finds the text that the makers of scanners
agreed on for trying them out, and nothing else: it shows that refused files go nowhere.
"""

from __future__ import annotations

from typing import Final

from headrace.platform.core.errors import RefusedError
from headrace.platform.core.problems import Message
from headrace.platform.files.store import Upload

INFECTED: Final = Message(
    "file.infected",
    "“{name}” was not taken: the scan found {found}.",
    "“{name}”未被接收:扫描发现 {found}。",
    "Check the computer that it comes from, and send a clean file.",
    "请检查文件来源的电脑,并上传安全的文件。",
)
_PIECES: Final = (b"EICAR", b"STANDARD", b"ANTIVIRUS", b"TEST", b"FILE!")
TRIAL_TEXT: Final = b"$" + b"-".join(_PIECES) + b"$"
"""The part of the agreed text that no other file has; put together here so that no scanner of
somebody's disk takes this file for it."""


def infected(upload: Upload, found: str) -> RefusedError:
    """Return the error of a file in which a scanner found something."""
    return RefusedError(INFECTED.at("/file", name=upload.name, found=found))


def refuse_trial_text(upload: Upload) -> None:
    """Refuse a file that holds the text for trying out scanners."""
    before = b""
    for part in upload.parts():
        if TRIAL_TEXT in before + part:
            raise infected(upload, "EICAR")
        before = part[-len(TRIAL_TEXT) :]

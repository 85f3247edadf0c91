"""What the audit trail says of going back to an earlier version."""

from __future__ import annotations

from typing import Final

from headrace.platform.access.audit import Entry, Piece, actor_of, record
from headrace.platform.core.problems import Text
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.metadata.wording import sentence
from headrace.platform.publishing.switching import Within

WENT_BACK: Final = Text(
    "the workspace went back to the content of version {number}", "工作区恢复为版本 {number} 的内容"
)


def noting_rollback(number: int, by_user: str | None) -> Within:
    """Return what adds the entry to the transaction that makes the old content live again."""

    def note(work: UnitOfWork, version: int) -> None:
        said = sentence(WENT_BACK, number=number)
        piece = Piece("", {"version": version - 1}, {"content_of": number}, said)
        entry = Entry("rollback", "version", str(version), pieces=[piece], version=version)
        record(work, [entry], actor_of(by_user))

    return note

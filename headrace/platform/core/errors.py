"""The small tree of errors that cross a layer; HTTP statuses are given to them at the edge only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from headrace.platform.core.problems import Message, Problem


class PlatformError(Exception):
    """A refusal that the caller can understand; nothing was changed."""

    code: ClassVar[str] = "platform.error"

    def __init__(self, *problems: Problem) -> None:
        super().__init__("; ".join(f"{p.code} {p.path}: {p.message.en}" for p in problems))
        self.problems: tuple[Problem, ...] = problems


class RefusedError(PlatformError):
    """The content is wrong; each problem names the place and the remedy."""

    code = "request.refused"

    @classmethod
    def of(cls, problems: Iterable[Problem]) -> RefusedError:
        """Make the error of all `problems`."""
        return cls(*problems)


class UnauthenticatedError(PlatformError):
    """Nobody is signed in, or the token or session is no longer valid."""

    code = "auth.required"


class ForbiddenError(PlatformError):
    """The action is known to the caller and not allowed."""

    code = "access.forbidden"


class NotFoundError(PlatformError):
    """What was asked for does not exist, or the caller may not see it (never said which)."""

    code = "not_found"


class ConflictError(PlatformError):
    """The request contradicts the present state."""

    code = "conflict"


class StaleError(ConflictError):
    """The record was changed since the caller read it."""

    code = "record.stale"

    def __init__(self, *problems: Problem, differences: Mapping[str, Any] | None = None) -> None:
        super().__init__(*problems)
        self.differences: Mapping[str, Any] = differences or {}


class PreconditionRequiredError(PlatformError):
    """The request must say which version it changes."""

    code = "precondition.required"


class TooLargeError(PlatformError):
    """More was sent than is taken at once."""

    code = "request.too_large"


class TooManyRequestsError(PlatformError):
    """The caller must wait; `retry_after` is in seconds."""

    code = "rate.limited"

    def __init__(self, *problems: Problem, retry_after: int = 1) -> None:
        super().__init__(*problems)
        self.retry_after = retry_after


class UnavailableError(PlatformError):
    """The platform cannot answer now; `retry_after` is in seconds."""

    code = "service.unavailable"

    def __init__(self, *problems: Problem, retry_after: int = 1) -> None:
        super().__init__(*problems)
        self.retry_after = retry_after


class DeadlockError(UnavailableError):
    """Two writers waited for each other and this one had to give way: it can simply begin again."""


class NewerCatalogError(Exception):
    """The database is at a newer version than the catalog in hand: load it, start again."""


class StalePrincipalError(Exception):
    """The rights of the caller changed, or the credential ended: load the principal again."""


NOT_FOUND = Message(
    "not_found",
    "There is nothing here, or you may not see it.",
    "这里没有内容，或者您无权查看。",
    "Check the address, or ask an administrator for access.",
    "请检查地址，或向管理员申请权限。",
)

"""Errors of the platform as HTTP: the one place where statuses are given, and the problem document."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from headrace.platform.core.errors import (
    ConflictError,
    ForbiddenError,
    NotFoundError,
    PlatformError,
    PreconditionRequiredError,
    RefusedError,
    StaleError,
    TooLargeError,
    TooManyRequestsError,
    UnauthenticatedError,
    UnavailableError,
)
from headrace.platform.core.problems import Text

STATUSES: Final[Mapping[type[PlatformError], int]] = {
    RefusedError: 422,
    UnauthenticatedError: 401,
    ForbiddenError: 403,
    NotFoundError: 404,
    ConflictError: 409,
    TooLargeError: 413,
    PreconditionRequiredError: 428,
    TooManyRequestsError: 429,
    UnavailableError: 503,
}
TITLES: Final[Mapping[int, Text]] = {
    400: Text("The request cannot be understood", "请求无法理解"),
    401: Text("Sign in first", "请先登录"),
    403: Text("Not allowed", "没有权限"),
    404: Text("Nothing here", "这里没有内容"),
    405: Text("This address does not do that", "此地址不支持该操作"),
    409: Text("Something else happened first", "情况已发生变化"),
    413: Text("Too large", "内容过大"),
    415: Text("Send JSON", "请发送 JSON"),
    422: Text("Please correct what you sent", "请修正提交的内容"),
    428: Text("Say which version you mean", "请说明所基于的版本"),
    429: Text("Too many requests", "请求过于频繁"),
    500: Text("Something went wrong on our side", "系统出现错误"),
    503: Text("Not available right now", "暂时无法使用"),
}
HINTS: Final[Mapping[int, Text]] = {
    400: Text(
        "See /api/v1/openapi.json for what can be sent.",
        "请查看 /api/v1/openapi.json 了解可发送的内容。",
    ),
    405: Text(
        "See /api/v1/openapi.json for the methods of an address.",
        "请查看 /api/v1/openapi.json 了解该地址支持的方法。",
    ),
    413: Text(
        "Send less at once, for example in several requests.", "请分多次提交，减少单次内容。"
    ),
}
"""What to do about a request that the framework refuses."""


def status_of(error: PlatformError) -> int:
    """Return the HTTP status of an error; a subclass has that of its nearest ancestor."""
    return next(STATUSES[kind] for kind in type(error).__mro__ if kind in STATUSES)


def problem_document(error: PlatformError, language: str, reference: str) -> dict[str, Any]:
    """Return the RFC 9457 document of an error.

    `code` is that of the first problem, so that clients can tell cases apart; `reference` is what
    the caller can give to support.
    """
    status = status_of(error)
    problems = [problem.render(language) for problem in error.problems]
    document: dict[str, Any] = {
        "type": "about:blank",
        "title": TITLES[status].within(language),
        "status": status,
        "code": problems[0]["code"] if problems else error.code,
        "detail": problems[0]["message"] if problems else TITLES[status].within(language),
        "instance": reference,
        "problems": problems,
    }
    if isinstance(error, StaleError) and error.differences:
        document["differences"] = dict(error.differences)
    return document


def retry_after(error: PlatformError) -> int | None:
    """Return the seconds to wait, where the error says so."""
    if isinstance(error, (TooManyRequestsError, UnavailableError)):
        return error.retry_after
    return None

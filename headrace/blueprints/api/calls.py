"""What every API call shares: who calls, what they sent, how it is run and answered."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, TypeVar, cast

import orjson
from flask import Response, current_app, request
from werkzeug.datastructures import Headers

from headrace.blueprints.shared import session
from headrace.platform.core.errors import (
    PreconditionRequiredError,
    RefusedError,
    UnauthenticatedError,
)
from headrace.platform.core.json_text import json_bytes
from headrace.platform.core.problems import Language, Message, Problem, pointer
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.metadata.strict_json import parse_json
from headrace.platform.records import idempotency
from headrace.platform.records.context import Context
from headrace.platform.records.query import (
    BAD_PARAMETER,
    DEFAULT_LIMIT,
    MAX_LIMIT,
    UNKNOWN_PARAMETER,
)
from headrace.platform.runtime import Platform

T = TypeVar("T")
NUMBER_DIGITS: Final = 12
"""The longest number in an address."""

TOKEN_NEEDED = Message(
    "auth.required",
    "This call needs a valid API token.",
    "此调用需要有效的 API 令牌。",
    "Send the header “Authorization: Bearer …”.",
    "请发送请求头“Authorization: Bearer …”。",
)
VERSION_NEEDED = Message(
    "precondition.required",
    "Say which version you change.",
    "请说明您所修改的版本。",
    'Send the header If-Match with the version in quotes, such as "3".',
    '请发送 If-Match 请求头，版本号加引号，例如 "3"。',
)
BAD_VALUE: Final = Message(
    "request.value",
    "“{name}” is missing or has a value that it cannot have.",
    "“{name}”缺失或取值不正确。",
    "See /api/v1/openapi.json for what can be sent.",
    "请查看 /api/v1/openapi.json 了解可发送的内容。",
)
BAD_VERSION = Message(
    "precondition.invalid",
    "If-Match “{given}” is not a version.",
    "If-Match“{given}”不是版本号。",
    'Send one version in quotes, such as "3".',
    '请发送一个带引号的版本号，例如 "3"。',
)
OBJECT_NEEDED = Message(
    "request.object_needed",
    "The body must be a JSON object.",
    "请求体必须是 JSON 对象。",
    "Send a JSON object with Content-Type application/json.",
    "请以 application/json 发送 JSON 对象。",
)
UNKNOWN_KEY = Message(
    "request.unknown_key",
    "The key “{name}” is not known here.",
    "此处没有键“{name}”。",
    "Known keys: {known}.",
    "可用的键：{known}。",
)


def platform() -> Platform:
    """Return the platform that the application was made with."""
    return cast(Platform, current_app.extensions["headrace"])


def bearer() -> str:
    """Return the token of the request; raise UnauthenticatedError where there is none."""
    kind, _, secret = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "bearer" or not secret:
        raise UnauthenticatedError(TOKEN_NEEDED.at())
    return secret


def from_page() -> bool:
    """Say whether one of our own pages calls, for who is signed in there.

    Such a call has no token but the header of forms, which no other site can send: raise ForbiddenError
    where that is wrong. Without it a cookie means nothing here.
    """
    if "Authorization" in request.headers or session.CSRF_HEADER not in request.headers:
        return False
    session.check_csrf()
    return True


def read(action: Callable[[Context], T]) -> T:
    """Run a reading use case for the caller."""
    if from_page():
        return session.read(action)
    return platform().perform_for_token(bearer(), action)


def write(action: Callable[[Context, UnitOfWork], T]) -> T:
    """Run a writing use case for the caller in one unit of work."""
    if from_page():
        return session.write(action)
    return platform().write_for_token(bearer(), action)


def write_once(action: Callable[[Context, UnitOfWork], tuple[int, Any]], data: Any) -> Response:
    """Run a writing use case; with an Idempotency-Key the first answer is kept and repeated."""
    keyed = keyed_request(data)

    def once(context: Context, work: UnitOfWork) -> Response:
        kept = idempotency.replay(context, work, keyed) if keyed else None
        if kept is None:
            status, result = action(context, work)
            body = b"" if result is None else json_bytes(result)
            if keyed is not None:
                answered = idempotency.Answer(status, body.decode())
                idempotency.keep(context, work, keyed, answered)
        else:
            status, body = kept.status, kept.body.encode()
            result = orjson.loads(body) if body else None
        response = answer_bytes(context, body)
        response.status_code = status
        version = result.get("version") if isinstance(result, dict) else None
        if version is not None:
            response.set_etag(str(version))
        return response

    return write(once)


def keyed_request(data: Any) -> idempotency.KeyedRequest | None:
    """Return the request with its Idempotency-Key; None where it has none."""
    key = request.headers.get("Idempotency-Key")
    if key is None or request.method != "POST":
        return None
    route = f"{request.method} {request.path}"
    content = orjson.dumps([request.args.to_dict(), data, request.headers.get("If-Match")])
    return idempotency.KeyedRequest(key, route, content)


def body_object() -> dict[str, Any]:
    """Return the JSON object of the request, read strictly."""
    parsed = parse_json(request.get_data(cache=False))
    if parsed.problems:
        raise RefusedError(*parsed.problems)
    if not isinstance(parsed.value, dict):
        raise RefusedError(OBJECT_NEEDED.at())
    return parsed.value


def known_arguments(*known: str) -> None:
    """Refuse arguments of the address that the call does not know: a misspelt one does nothing."""
    for name in request.args:
        if name not in known:
            shown = ", ".join(known) or "-"
            raise RefusedError(UNKNOWN_PARAMETER.at(pointer(name), name=name, known=shown))


def number_argument(name: str, default: int) -> int:
    """Return an argument of the address that is a whole number; refuse another one."""
    text = request.args.get(name)
    if text is None:
        return default
    if not text.isascii() or not text.isdigit() or len(text) > NUMBER_DIGITS:
        raise RefusedError(BAD_PARAMETER.at(pointer(name), name=name, expected="0, 1, 2, …"))
    return int(text)


def limit_argument() -> int:
    """Return how many items a page shall have."""
    return max(1, min(number_argument("limit", DEFAULT_LIMIT), MAX_LIMIT))


def optional_body(*known: str) -> dict[str, Any]:
    """Return the JSON object of the request, empty where there is none; other keys are refused."""
    if not request.content_length:
        return {}
    data = body_object()
    for name in data:
        if name not in known:
            raise RefusedError(UNKNOWN_KEY.at(pointer(name), name=name, known=", ".join(known)))
    return data


def value_of(data: Mapping[str, Any], name: str, kind: type) -> Any:
    """Return a value of a body, None where it is missing; raise RefusedError for another kind.

    A yes or no is no number.
    """
    value = data.get(name)
    if value is not None and (not isinstance(value, kind) or isinstance(value, bool)):
        raise RefusedError(BAD_VALUE.at(pointer(name), name=name))
    return value


def text_of(data: Mapping[str, Any], name: str) -> str:
    """Return a text of a body; raise RefusedError where it is missing, empty or none."""
    found: str | None = value_of(data, name, str)
    if not found:
        raise RefusedError(BAD_VALUE.at(pointer(name), name=name))
    return found


def expected_version() -> int:
    """Return the version of If-Match; raise where it is missing or none."""
    given = request.headers.get("If-Match")
    if given is None:
        raise PreconditionRequiredError(VERSION_NEEDED.at())
    text = given.removeprefix("W/").strip('"')
    if not text.isascii() or not text.isdigit() or len(text) > 18:  # noqa: PLR2004 - 64 bits
        raise RefusedError(BAD_VERSION.at(given=given))
    return int(text)


def answer(context: Context, data: Any, *, version: object = None) -> Response:
    """Return `data` as JSON; `version` becomes the ETag."""
    response = answer_bytes(context, json_bytes(data))
    if version is not None:
        response.set_etag(str(version))
    return response


def answer_bytes(context: Context, body: bytes) -> Response:
    """Return JSON text with the headers of every answer."""
    headers = Headers(
        (
            ("Content-Type", "application/json"),
            ("Headrace-Metadata-Version", str(context.catalog.version)),
            ("Cache-Control", "private, no-cache"),
            ("Vary", "Authorization, Accept-Language"),
        )
    )
    return Response(body, headers=headers)


def entity_tag(context: Context, name: str) -> str:
    """Return a tag that covers version, rights and language."""
    parts = [name, context.catalog.fingerprint, repr(context.principal.rights), context.language]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]


WARNINGS: Final = "_warnings"
"""The key of a record's warnings; no field has a name that begins so."""


def with_warnings(
    context: Context, record: dict[str, Any], warnings: Iterable[Problem]
) -> dict[str, Any]:
    """Return a written record with what rules tell of it, where they do."""
    told = [one.render(context.language) for one in warnings]
    return {**record, WARNINGS: told} if told else record


def language_of(context: Context) -> Language:
    """Return the language to answer in."""
    return context.language

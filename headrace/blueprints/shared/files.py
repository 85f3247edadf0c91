"""Files at both doors: how they come in, and under which headers they go out."""

from __future__ import annotations

from typing import BinaryIO, Final, cast
from urllib.parse import quote

from flask import after_this_request, request
from werkzeug.datastructures import FileStorage
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.wrappers import Response
from werkzeug.wsgi import wrap_file

from headrace.blueprints.shared.downloads import ascii_name
from headrace.platform.access.policy import editable_fields, readable_fields
from headrace.platform.core.errors import RefusedError, TooLargeError
from headrace.platform.core.problems import Message
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.files.store import LARGEST, KnownFile, Upload
from headrace.platform.files.thumbnails import MEDIA_TYPE
from headrace.platform.metadata.field_types.base import FileLimits, files_of
from headrace.platform.metadata.field_types.files import MOST_MEGABYTES
from headrace.platform.metadata.file_kinds import BY_MEDIA_TYPE, ONLY_BY_NAME
from headrace.platform.metadata.storage_types import StoredFile
from headrace.platform.records.context import Context
from headrace.platform.records.source import unknown_field
from headrace.platform.runtime import Platform

AROUND: Final = 64 * 1024
"""Bytes of a request that has one file, besides that file."""
LARGEST_UPLOAD: Final = LARGEST + AROUND
MOST_DRAINED: Final = 4 * LARGEST
OF_A_FILE: Final = "default-src 'none'; sandbox"
"""What a file may do that is opened in a browser: nothing."""

FILE_NEEDED: Final = Message(
    "file.needed",
    "The request has no file.",
    "请求中没有文件。",
    "Send multipart/form-data with the part “file”.",
    "请以 multipart/form-data 发送，并包含“file”部分。",
)
ONE_FILE: Final = Message(
    "file.one_at_a_time",
    "The request has {count} files.",
    "请求中有 {count} 个文件。",
    "Send one file a request.",
    "每个请求请只发送一个文件。",
)
TOO_LARGE_REQUEST: Final = Message(
    "file.too_large_request",
    "The request is larger than any file may be: {most} MB.",
    "请求超过了文件的最大大小：{most} MB。",
    "Make the file smaller, or split it; a field may take less than that.",
    "请压缩或拆分文件；具体字段的上限可能更小。",
)

UNKNOWN_SIZE: Final = Message(
    "file.unknown_size",
    "There is no size “{size}” of a file.",
    "文件没有“{size}”这种尺寸。",
    "Ask for `small`, or leave it out for the file itself.",
    "请使用 small，或省略以取得文件本身。",
)


def allow_large() -> None:
    """Let this request hold a file; one that is larger than any may be is refused with 413.

    Call it before anything reads the body.
    """
    request.max_content_length = LARGEST_UPLOAD
    after_this_request(_let_go)
    sent = request.content_length
    if sent is not None and sent > LARGEST_UPLOAD:
        drain()
        raise TooLargeError(TOO_LARGE_REQUEST.at("/file", most=MOST_MEGABYTES))
    try:
        # An answer before the body is read would break the connection of who sends it.
        _ = request.files
    except RequestEntityTooLarge:
        raise TooLargeError(TOO_LARGE_REQUEST.at("/file", most=MOST_MEGABYTES)) from None


def _let_go(response: Response) -> Response:
    """Close what the parts of the form were spooled to."""
    request.close()
    return response


def drain() -> None:
    """Read what is sent and let it go, so that the answer arrives; a sender of very much is cut off."""
    left, stream = min(request.content_length or 0, MOST_DRAINED), request.environ["wsgi.input"]
    while left > 0 and (part := stream.read(min(left, AROUND))):
        left -= len(part)


def sent_upload(platform: Platform) -> Upload:
    """Return the file of the request; raise RefusedError where there is none, or several."""
    files = [one for one in request.files.values() if one.filename]
    every = request.files.getlist("file")
    if len(every) > 1:
        raise RefusedError(ONE_FILE.at("/file", count=len(every)))
    if "file" not in request.files or not files:
        raise RefusedError(FILE_NEEDED.at("/file"))
    return upload_of(platform, request.files["file"])


def upload_of(platform: Platform, file: FileStorage) -> Upload:
    """Return a part of a form as an upload that scanners looked into; raise RefusedError for others."""
    upload = Upload(file.filename or "file", cast("BinaryIO", file.stream))
    upload.read_through()
    platform.files.look_into(upload)
    return upload


def keep_upload(
    platform: Platform, context: Context, work: UnitOfWork, upload: Upload, *, meant_for: str
) -> StoredFile:
    """Keep an upload of the caller; `meant_for` is `object.field`, or empty where it is not said."""
    limits = limits_of(context, meant_for) if meant_for else None
    return platform.files.keep(work, context.principal.user_id, upload, limits)


def limits_of(context: Context, meant_for: str) -> FileLimits:
    """Return what a field takes that the caller may read or write; raise RefusedError for any other."""
    object_name, _, name = meant_for.partition(".")
    model = context.catalog.objects.get(object_name)
    names: frozenset[str] = frozenset()
    if model is not None:
        catalog, principal = context.catalog, context.principal
        names = readable_fields(catalog, principal, object_name)
        for action in ("create", "update"):
            names |= editable_fields(catalog, principal, object_name, action)
    fields = [] if model is None else [model.fields[one] for one in names if one in model.fields]
    known = {one.name: one for one in fields if files_of(one.type) is not None}
    kind = files_of(known[name].type) if name in known else None
    if kind is None:
        raise RefusedError(unknown_field(object_name, name, known, "/for"))
    return kind.file_limits(known[name].options)


def asked_small() -> bool:
    """Whether the small image of a file is asked for; raise RefusedError for other sizes."""
    size = request.args.get("size")
    if size not in {None, "small"}:
        raise RefusedError(UNKNOWN_SIZE.at("/size", size=size))
    return size is not None


def file_answer(platform: Platform, file: KnownFile, *, small: bool = False) -> Response:
    """Return the answer that gives a file out, whole or a range of it, if it is not known already.

    With `small` it is the small image, where the file has one.
    """
    stored = file.stored
    kind = BY_MEDIA_TYPE[stored.type]
    image = platform.files.small(file) if small else None
    if image is not None:
        response = Response(image, content_type=MEDIA_TYPE)
    else:
        content = wrap_file(request.environ, platform.files.content(file), AROUND)
        response = Response(content, direct_passthrough=True)
        plain = kind.key not in ONLY_BY_NAME
        response.content_type = stored.type if plain else "application/octet-stream"
        response.content_length = stored.size
    response.headers["Content-Disposition"] = (
        f"{'inline' if kind.inline or image is not None else 'attachment'}; "
        f"filename=\"{ascii_name(stored.name)}\"; filename*=UTF-8''{quote(stored.name, safe='')}"
    )
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = OF_A_FILE
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    # Kept by the browser, asked for anew each time: rights may have changed.
    response.headers["Cache-Control"] = "private, no-cache"
    response.set_etag(file.sha256 if image is None else f"{file.sha256}-small")
    length = stored.size if image is None else len(image)
    response.make_conditional(request, accept_ranges=True, complete_length=length)
    return response

"""Holds what the API really takes and answers to the shapes that it is described by."""

from __future__ import annotations

import functools
import re

import jsonschema_rs
from flask import Flask, Response, request

from headrace.blueprints.api.shapes import CALLS
from headrace.platform.core.shapes import schema_of

PREFIX = "/api/v1"
JSON_OR_NOTHING = frozenset({"application/json", ""})
REQUESTS = "DESCRIBED_REQUESTS"
"""The setting of an application that may be asked what no description says; its answers are held to theirs."""
_BY_PLACE = {(method, re.sub(r"{\w+}", "{}", path)): path for method, path in CALLS}


def hold_to_shapes(app: Flask) -> None:
    """Fail every request of `app` that succeeds although it, or its answer, is not as described."""

    def check(response: Response) -> Response:
        call = described_call()
        if call is None or not response.is_json or response.status_code >= 300:
            return response
        answer = response.get_json()
        if response.status_code == 202 and set(answer) == {"job"}:
            return response
        answered, asked = _validators(call)
        answered.validate(answer)
        checked = app.config.get(REQUESTS, True) and asked is not None
        if checked and request.mimetype in JSON_OR_NOTHING:
            # Some calls also take a package, with what a body would say in the address.
            asked.validate(request.get_json(silent=True) or {})
        return response

    app.after_request(check)


def described_call() -> tuple[str, str] | None:
    """Return which of the described calls the present request is."""
    rule = "" if request.url_rule is None else request.url_rule.rule
    if not rule.startswith(PREFIX):
        return None
    method = request.method.lower()
    path = _BY_PLACE.get((method, re.sub(r"<[^>]+>", "{}", rule.removeprefix(PREFIX))))
    return None if path is None else (method, path)


@functools.cache
def _validators(
    call: tuple[str, str],
) -> tuple[jsonschema_rs.Draft202012Validator, jsonschema_rs.Draft202012Validator | None]:
    answer, asked = CALLS[call]
    made = jsonschema_rs.Draft202012Validator
    return made(schema_of(answer)), None if asked is None else made(schema_of(asked))

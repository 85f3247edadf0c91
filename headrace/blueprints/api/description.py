"""Who am I, and what may I use: /me and the OpenAPI document."""

from __future__ import annotations

from typing import Any

import orjson
from flask import Blueprint, Response, request

from headrace.blueprints.api.calls import answer, answer_bytes, entity_tag, platform, read
from headrace.blueprints.api.openapi import openapi_document
from headrace.platform.records import reader
from headrace.platform.records.context import Context

blueprint = Blueprint("api_description", __name__, url_prefix="/api/v1")


@blueprint.get("/me")
def me() -> Response:
    """The caller: name, language, roles, organisation."""

    def action(context: Context) -> Response:
        reader.check_current(context)
        return answer(context, _me(context))

    return read(action)


def _me(context: Context) -> dict[str, Any]:
    principal = context.principal
    organisation = context.catalog.acting_as("organisation")
    company = None
    if organisation is not None and principal.organisation is not None:
        title = reader.title(context, organisation.name, principal.organisation)
        company = {"id": principal.organisation, "title": title}
    return {
        "id": principal.user_id,
        "login": principal.login,
        "name": principal.name,
        "language": principal.language,
        "time_zone": principal.zone.key,
        "audience": principal.audience,
        "roles": sorted(principal.role_names),
        "organisation": company,
    }


@blueprint.get("/openapi.json")
def openapi() -> Response:
    """OpenAPI 3.1 for what this caller may use; its ETag covers version, rights and language."""

    def action(context: Context) -> Response:
        reader.check_current(context)
        tag = entity_tag(context, "openapi")
        if request.if_none_match.contains_weak(tag):
            response = answer_bytes(context, b"")
            response.status_code = 304
        else:
            document = context.compiled.get(
                context.catalog,
                ("openapi", context.principal.rights, context.language),
                lambda: orjson.dumps(
                    openapi_document(context, platform().settings.base_url),
                    option=orjson.OPT_INDENT_2,
                ),
            )
            response = answer_bytes(context, document)
        response.set_etag(tag, weak=True)
        return response

    return read(action)

"""Search over everything that the caller may see."""

from __future__ import annotations

from typing import Final

from flask import Blueprint, Response, request

from headrace.blueprints.api.calls import answer, known_arguments, read
from headrace.platform.core.errors import RefusedError
from headrace.platform.core.problems import Text
from headrace.platform.forms.search import LONGEST_TEXT, search
from headrace.platform.records.context import Context
from headrace.platform.records.query import BAD_PARAMETER

DEFAULT_LIMIT: Final = 5
MOST: Final = 20
TEXT: Final = Text(f"a text of 1 to {LONGEST_TEXT} characters", f"1 至 {LONGEST_TEXT} 个字符的文本")

blueprint = Blueprint("api_search", __name__, url_prefix="/api/v1/search")


@blueprint.get("")
def everywhere() -> Response:
    """Records that hold `q`, at most `limit` of each object, those named exactly first."""
    known_arguments("q", "limit", "objects")
    text = request.args.get("q", "").strip()
    if not 1 <= len(text) <= LONGEST_TEXT:
        raise RefusedError(BAD_PARAMETER.at("/q", name="q", expected=TEXT))
    limit = _limit(request.args.get("limit"))
    given = request.args.get("objects")
    objects = None if given is None else [name for name in given.split(",") if name]

    def action(context: Context) -> Response:
        groups = search(context, text, limit, objects)
        items = [
            {
                "object": group.object,
                "id": record["id"],
                "title": record.get(context.catalog.objects[group.object].title),
            }
            for group in groups
            for record in group.records
        ]
        more = [group.object for group in groups if group.more]
        return answer(context, {"items": items, "more": more})

    return read(action)


def _limit(given: str | None) -> int:
    if given is None:
        return DEFAULT_LIMIT
    if not (given.isascii() and given.isdigit() and len(given) < 4 and 1 <= int(given) <= MOST):  # noqa: PLR2004 - no longer number can be within the limit
        raise RefusedError(BAD_PARAMETER.at("/limit", name="limit", expected=f"1 … {MOST}"))
    return int(given)

"""Why a record stands as it does: which rule decided what, over which values."""

from __future__ import annotations

from flask import url_for

from headrace.blueprints.shared.pages import render
from headrace.blueprints.shared.session import read
from headrace.blueprints.workspace.blueprint import blueprint, known_object
from headrace.blueprints.workspace.rows import title_of
from headrace.platform.records import reader
from headrace.platform.records.context import Context
from headrace.platform.records.tracing import trace


@blueprint.get("/o/<object_name>/<record_id>/rules")
def rules(object_name: str, record_id: str) -> str:
    """The rules of a record as far as its viewer may read them."""
    return read(lambda context: _page(context, object_name, record_id))


def _page(context: Context, object_name: str, record_id: str) -> str:
    model = known_object(context, object_name)
    found = reader.get(context, object_name, record_id)
    with context.database.snapshot() as reading:
        traced = trace(context, reading, object_name, {}, record_id=record_id)
    return render(
        context,
        "workspace/rules.html",
        f"object:{object_name}",
        model=model,
        title=title_of(context, object_name, found),
        fields=[one for one in traced.fields if one.because],
        rules=traced.rules,
        problems=traced.problems,
        back=url_for("workspace.record", object_name=object_name, record_id=record_id),
    )

"""The JSON Schema of the cost of an object, for the OpenAPI document."""

from __future__ import annotations

from typing import Any, Final, get_args

from headrace.platform.publishing.costing.indexes import IndexState
from headrace.platform.publishing.costing.saving import StepKind
from headrace.platform.publishing.costing.timing import Reason, TimeState

Json = dict[str, Any]

_TEXT: Final[Json] = {"type": "string"}
_TEXTS: Final[Json] = {"type": "array", "items": _TEXT}
_WHOLE: Final[Json] = {"type": "integer", "minimum": 0}
_MOMENT: Final[Json] = {"type": "string", "format": "date-time"}
_YES: Final[Json] = {"type": "boolean"}


def _object(**properties: Json) -> Json:
    return {
        "type": "object",
        "required": list(properties),
        "properties": properties,
        "additionalProperties": False,
    }


def _several(**properties: Json) -> Json:
    return {"type": "array", "items": _object(**properties)}


def _maybe(schema: Json, why: str) -> Json:
    return {"anyOf": [schema, {"type": "null"}], "description": why}


def _one_of(names: Any) -> Json:
    return {"enum": list(get_args(names))}


COST_ASKED: Final[Json] = {
    "type": "object",
    "required": ["document"],
    "properties": {
        "document": {
            "type": "string",
            "description": "Id of an object of the draft, or of what is about one: a list, a report, a "
            "permission, an extension of an object.",
        },
        "time": {
            "type": "boolean",
            "description": "Run the list, or the report, for the roles that may read it.",
        },
    },
    "additionalProperties": False,
}
_COST: Final[Json] = _object(
    object=_TEXT,
    label=_TEXT,
    as_of=_MOMENT,
    version={**_WHOLE, "description": "The live version whose rows were counted."},
    summary={**_TEXT, "description": "All of it in one line."},
    notes=_TEXTS,
    rows=_maybe(
        _object(
            live=_maybe(_WHOLE, "Null where they could not be counted in time."),
            deleted=_WHOLE,
            exact={**_YES, "description": "False: about as many, as the database believes."},
            text=_TEXT,
        ),
        "Null where there is no table yet.",
    ),
    children=_several(
        relation=_TEXT,
        object=_TEXT,
        rows=_maybe(_WHOLE, "Null where they could not be counted in time."),
        average=_maybe(_TEXT, "Rows of each record on average, with one digit."),
        text=_TEXT,
    ),
    indexes=_several(
        name=_TEXT,
        fields={**_TEXTS, "description": "`-` in front for falling order."},
        label=_TEXT,
        unique=_YES,
        state=_one_of(IndexState),
        purposes=_TEXTS,
        text=_TEXT,
    ),
    lists=_several(
        view=_TEXT,
        label=_TEXT,
        sort=_maybe(_TEXT, "The key of the order that no index holds."),
        filtered={**_YES, "description": "No index leads to the rows of its condition."},
        text=_TEXT,
    ),
    save=_object(
        statements={**_WHOLE, "description": "About how many making a record takes."},
        text=_TEXT,
        steps=_several(
            kind=_one_of(StepKind),
            object=_TEXT,
            names=_TEXTS,
            anew={**_YES, "description": "A roll-up that is read from its rows each time."},
            asks=_several(object=_TEXT, by_index=_YES),
            text=_TEXT,
        ),
    ),
    time=_maybe(
        _object(
            as_of=_MOMENT,
            slowest=_maybe(_TEXT, "Null where it was run for nobody."),
            text=_TEXT,
            limits=_object(one={"type": "number"}, together={"type": "number"}, roles=_WHOLE),
            roles=_several(
                role=_TEXT,
                label=_TEXT,
                state=_one_of(TimeState),
                people=_WHOLE,
                milliseconds=_maybe({"type": "number"}, "Null where it was not measured."),
                rows=_maybe(
                    {"type": ["integer", "string"]},
                    "Rows that the role sees; `10000+` for more. Null for reports.",
                ),
                reasons={"type": "array", "items": _one_of(Reason)},
                text=_TEXT,
            ),
        ),
        "Null where it was not asked for, or there is nothing to read yet.",
    ),
    asking=_object(milliseconds=_WHOLE, text=_TEXT),
)
COST: Final[Json] = {
    "anyOf": [
        _COST,
        _object(
            untold={**_TEXT, "description": "Why it cannot be told: the draft cannot be read."}
        ),
    ]
}

"""What the designer's calls take and answer, as JSON Schemas: the OpenAPI document has them, and the front end's types."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from headrace.platform.formulas.types import Kind

Json = dict[str, Any]

_TEXT: Final[Json] = {"type": "string"}
_TEXTS: Final[Json] = {"type": "array", "items": _TEXT}
_TEXTS_BY_NAME: Final[Json] = {"type": "object", "additionalProperties": _TEXT}
_ANY_OBJECT: Final[Json] = {"type": "object"}


def _closed(properties: Mapping[str, Json], *optional: str) -> Json:
    """Return an object with these keys and no others; all but the `optional` ones are there."""
    return {
        "type": "object",
        "properties": dict(properties),
        "required": [one for one in properties if one not in optional],
        "additionalProperties": False,
    }


PROBLEM: Final = _closed(
    {
        "severity": {"enum": ["error", "warning"]},
        **dict.fromkeys(("code", "path", "message", "hint"), _TEXT),
    }
)
RENAME_ASKED: Final = _closed(
    {
        "document": {**_TEXT, "description": "Id of the definition."},
        "path": {**_TEXT, "description": "Place of the part in it; empty for the whole."},
        "name": {**_TEXT, "description": "The other name."},
    }
)
RENAME_ANSWER: Final = _closed(
    {
        "problems": {"type": "array", "items": PROBLEM},
        "count": {"type": "integer"},
        "places": _TEXTS,
        "along": _TEXTS,
        "documents": {
            "type": "array",
            "items": _closed(
                {"id": _TEXT, "document": _closed({"module": _TEXT, "content": _ANY_OBJECT})}
            ),
        },
    }
)
MODULE_ASKED: Final = _closed(
    {
        **dict.fromkeys(("module", "template", "name"), _TEXT),
        **dict.fromkeys(("label", "objects", "roles"), _TEXTS_BY_NAME),
    },
    *("module", "template", "objects", "roles"),
)
MODULE_ANSWER: Final = _closed(
    {"id": _TEXT, "documents": {"type": "integer"}, "told": {"type": "array", "items": PROBLEM}}
)
FORMULA_ASKED: Final = _closed(
    {
        "object": {**_TEXT, "description": "Whose fields it reads; none for a named expression."},
        "formula": _TEXT,
        "condition": {"type": "boolean"},
        "document": {**_TEXT, "description": "Id of the definition in which it stands."},
        "path": {"type": "array", "items": {"type": ["string", "integer"]}},
        "this": {**_TEXT, "description": "The object that `this.` speaks of."},
        "record": _TEXT,
        "given": {
            **_TEXTS_BY_NAME,
            "description": "Samples, as they are written, of parameters or of what a button asks for.",
        },
    },
    *("object", "condition", "document", "path", "this", "record", "given"),
)
FORMULA_ANSWER: Final = _closed(
    {
        "state": {"enum": ["value", "refused", "unknown"]},
        "type": {"type": ["string", "null"]},
        "value": {},
        "parts": {
            "type": "array",
            "items": _closed({"text": _TEXT, "label": _TEXT, "value": {}}),
        },
        "problems": {
            "type": "array",
            "items": _closed(
                {
                    **PROBLEM["properties"],
                    "span": {
                        "type": ["array", "null"],
                        "items": {"type": "integer"},
                        "minItems": 2,
                        "maxItems": 2,
                    },
                    "instead": {"type": ["string", "null"]},
                }
            ),
        },
        "reason": _TEXT,
        "record": {
            **_closed({key: {"type": ["string", "null"]} for key in ("id", "title")}),
            "type": ["object", "null"],
        },
        "samples": {
            "type": "array",
            "items": _closed(
                {
                    **dict.fromkeys(("name", "label", "value"), _TEXT),
                    "kind": {"enum": sorted(Kind)},
                    "object": {"type": ["string", "null"]},
                    "whole": {"type": "boolean"},
                    "choices": {
                        "type": "array",
                        "items": _closed({"value": _TEXT, "label": _TEXT}),
                    },
                    "title": {"type": ["string", "null"]},
                    "problem": {"type": ["string", "null"]},
                }
            ),
        },
    }
)
NAME_ANSWER: Final = _closed({"name": _TEXT})
SHAPES: Final[Mapping[tuple[str, str], tuple[Json, Json]]] = {
    ("/{draft}/rename", "post"): (RENAME_ASKED, RENAME_ANSWER),
    ("/{draft}/modules", "post"): (MODULE_ASKED, MODULE_ANSWER),
    ("/{draft}/formula", "post"): (FORMULA_ASKED, FORMULA_ANSWER),
}
"""By path below the drafts and method: what a call takes, and what it answers."""
NAMED: Final[Mapping[str, Json]] = {
    "Problem": PROBLEM,
    "RenameAsked": RENAME_ASKED,
    "RenameAnswer": RENAME_ANSWER,
    "ModuleAsked": MODULE_ASKED,
    "ModuleAnswer": MODULE_ANSWER,
    "FormulaAsked": FORMULA_ASKED,
    "FormulaAnswer": FORMULA_ANSWER,
    "NameAnswer": NAME_ANSWER,
}
"""The shapes by the names of their types in the front end."""

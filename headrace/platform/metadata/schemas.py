"""The closed JSON Schemas (draft 2020-12) of every kind, composed from the registries."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from headrace.platform.metadata.definitions.access import PermissionDef, RoleDef
from headrace.platform.metadata.definitions.keys import load_object, schema_of
from headrace.platform.metadata.definitions.modules import ModuleDef
from headrace.platform.metadata.definitions.objects import ExtendsDef, FieldDef, ObjectDef
from headrace.platform.metadata.definitions.screens import FormDef, ReportDef, ViewDef
from headrace.platform.metadata.definitions.workflows import ApprovalDef, WorkflowDef
from headrace.platform.metadata.field_types import FieldTypes

DEFINITIONS: Mapping[str, type] = {
    "module": ModuleDef,
    "role": RoleDef,
    "object": ObjectDef,
    "extends": ExtendsDef,
    "workflow": WorkflowDef,
    "approval": ApprovalDef,
    "permission": PermissionDef,
    "form": FormDef,
    "view": ViewDef,
    "report": ReportDef,
}
DRAFT = "https://json-schema.org/draft/2020-12/schema"


def field_schema(types: FieldTypes) -> dict[str, Any]:
    """Return the schema of a field: common keys, and per type the keys of its options."""
    common = schema_of(FieldDef)
    common["properties"]["type"] = {"enum": list(types.keys()), "description": "Field type."}
    branches = []
    for one in types:
        options = schema_of(one.options_type)
        branches.append(
            {
                "if": {"properties": {"type": {"const": one.key}}, "required": ["type"]},
                "then": {
                    "title": one.key,
                    "properties": {**common["properties"], **options["properties"]},
                    "required": options.get("required", []),
                    "additionalProperties": False,
                },
            }
        )
    return {
        "type": "object",
        "properties": {"type": common["properties"]["type"]},
        "required": common["required"],
        "allOf": branches,
    }


def schemas(types: FieldTypes) -> dict[str, dict[str, Any]]:
    """Return the schema of every kind of document."""
    result = {}
    for kind, definition in DEFINITIONS.items():
        schema = schema_of(definition)
        if kind in {"object", "extends"}:
            schema["properties"]["fields"]["items"] = field_schema(types)
        result[kind] = {"$schema": DRAFT, "title": kind, **schema}
    return result


def load_definition(content: Mapping[str, Any], types: FieldTypes) -> Any:
    """Turn a document that fits its schema into its definition value."""
    definition = load_object(DEFINITIONS[str(content["kind"])], dict(content))
    if isinstance(definition, (ObjectDef, ExtendsDef)):
        fields = tuple(load_field(one, types) for one in content.get("fields", ()))
        object.__setattr__(definition, "fields", fields)
    return definition


def load_field(content: Mapping[str, Any], types: FieldTypes) -> FieldDef:
    """Turn a field's JSON into its definition, options bound by its type."""
    options_type = types[content["type"]].options_type
    definition: FieldDef = load_object(FieldDef, dict(content))
    object.__setattr__(definition, "options", load_object(options_type, dict(content)))
    return definition

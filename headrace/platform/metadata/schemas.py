"""The closed JSON Schemas (draft 2020-12) of every kind, composed from the registries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from headrace.platform.metadata.definitions.access import PermissionDef, RoleDef
from headrace.platform.metadata.definitions.automations import AutomationDef, InputDef
from headrace.platform.metadata.definitions.choices import ChoiceSetDef
from headrace.platform.metadata.definitions.dashboards import DashboardDef
from headrace.platform.metadata.definitions.extensions import (
    ExtendsApprovalDef,
    ExtendsChoiceSetDef,
    ExtendsDashboardDef,
    ExtendsDef,
    ExtendsFormDef,
    ExtendsModuleDef,
    ExtendsObjectDef,
    ExtendsPermissionDef,
    ExtendsReportDef,
    ExtendsViewDef,
    ExtendsWorkflowDef,
)
from headrace.platform.metadata.definitions.keys import (
    SCHEMA_KEY,
    load_object,
    schema_key,
    schema_of,
)
from headrace.platform.metadata.definitions.modules import ModuleDef
from headrace.platform.metadata.definitions.objects import FieldDef, ObjectDef
from headrace.platform.metadata.definitions.scenarios import ScenarioDef
from headrace.platform.metadata.definitions.screens import FormDef, ReportDef, ViewDef
from headrace.platform.metadata.definitions.workflows import ApprovalDef, WorkflowDef
from headrace.platform.metadata.field_types import FieldTypes
from headrace.platform.metadata.field_types.base import (
    FieldType,
    computed_of,
    files_of,
    links_of,
    polymorphic_of,
    reference_of,
)
from headrace.platform.metadata.record_types import add_record_types

DEFINITIONS: Mapping[str, type] = {
    "module": ModuleDef,
    "role": RoleDef,
    "choice_set": ChoiceSetDef,
    "object": ObjectDef,
    "extends": ExtendsDef,
    "workflow": WorkflowDef,
    "approval": ApprovalDef,
    "automation": AutomationDef,
    "permission": PermissionDef,
    "form": FormDef,
    "view": ViewDef,
    "report": ReportDef,
    "dashboard": DashboardDef,
    "scenario": ScenarioDef,
}
EXTENSIONS: Mapping[str, type] = {
    "module": ExtendsModuleDef,
    "choice_set": ExtendsChoiceSetDef,
    "object": ExtendsObjectDef,
    "workflow": ExtendsWorkflowDef,
    "approval": ExtendsApprovalDef,
    "permission": ExtendsPermissionDef,
    "form": ExtendsFormDef,
    "view": ExtendsViewDef,
    "report": ExtendsReportDef,
    "dashboard": ExtendsDashboardDef,
}
"""Classes of extension files by the kind of what is extended."""
DRAFT = "https://json-schema.org/draft/2020-12/schema"


def field_schema(types: FieldTypes) -> dict[str, Any]:
    """Return the schema of a field: common keys, and per type the keys of its options."""
    return _typed_schema(FieldDef, list(types))


def _typed_schema(definition: type, types: Sequence[FieldType[Any]]) -> dict[str, Any]:
    common = schema_of(definition)
    known = [one.key for one in types]
    common["properties"]["type"] = {
        "enum": known,
        "description": "Field type.",
        SCHEMA_KEY: schema_key(definition, "type"),
    }
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


def definition_of(content: Mapping[str, Any]) -> type:
    """Return the class of a document, which need not fit it; of an extension, that of its kind."""
    kind = str(content["kind"])
    if kind == "extends":
        return EXTENSIONS.get(str(content.get("of")), ExtendsDef)
    return DEFINITIONS[kind]


def schemas(types: FieldTypes) -> dict[str, dict[str, Any]]:
    """Return the schema of every kind of document."""
    fields = field_schema(types)
    result = {}
    for kind, definition in DEFINITIONS.items():
        if kind == "extends":
            schema = _extends_schema(fields)
        else:
            schema = _with_fields(schema_of(definition), fields)
        if kind == "automation":
            trigger = schema["properties"]["on"]["items"]["properties"]
            enterable = [one for one in types if can_be_entered(one)]
            trigger["inputs"]["items"] = _typed_schema(InputDef, enterable)
        result[kind] = {"$schema": DRAFT, "title": kind, **schema}
    return result


def _extends_schema(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the schema of extension files: a closed one for each kind of what is extended."""
    common = schema_of(ExtendsDef)
    common["properties"]["of"] = {
        "enum": list(EXTENSIONS),
        "description": "Kind of the definition that is extended.",
        SCHEMA_KEY: schema_key(ExtendsDef, "of"),
    }
    branches = [
        {
            "if": {"properties": {"of": {"const": of}}, "required": ["of"]},
            "then": {"title": of, **_with_fields(schema_of(definition), fields)},
        }
        for of, definition in EXTENSIONS.items()
    ]
    return {
        "type": "object",
        "properties": common["properties"],
        "required": common["required"],
        "allOf": branches,
    }


def _with_fields(schema: dict[str, Any], fields: Mapping[str, Any]) -> dict[str, Any]:
    if schema["properties"].get("fields", {}).get("type") == "array":
        schema["properties"]["fields"]["items"] = fields
    return schema


def load_definition(content: Mapping[str, Any], types: FieldTypes) -> Any:
    """Turn a document that fits its schema into its definition value."""
    definition = load_object(definition_of(content), content)
    if isinstance(definition, (ObjectDef, ExtendsObjectDef)):
        fields = tuple(load_field(one, types) for one in content.get("fields", ()))
        object.__setattr__(definition, "fields", fields)
    if isinstance(definition, ObjectDef):
        add_record_types(definition, types)
    if isinstance(definition, AutomationDef):
        for trigger, one in zip(definition.on, content["on"], strict=True):
            for entered, sent in zip(trigger.inputs, one.get("inputs", ()), strict=True):
                options = load_object(types[sent["type"]].options_type, sent)
                object.__setattr__(entered, "options", options)
    return definition


def can_be_entered(kind: FieldType[Any]) -> bool:
    """Say whether a button can ask for a value of a type: one value, which refers to nothing."""
    parts = (computed_of, files_of, links_of, reference_of, polymorphic_of)
    return not any(one(kind) for one in parts) and kind.key not in _OF_SEVERAL


_OF_SEVERAL: Final = frozenset({"multi_choice"})
"""Types whose values are several, and so nothing that formulas of actions take."""


def load_field(content: Mapping[str, Any], types: FieldTypes) -> FieldDef:
    """Turn a field's JSON into its definition, options bound by its type."""
    options_type = types[content["type"]].options_type
    definition: FieldDef = load_object(FieldDef, content)
    object.__setattr__(definition, "options", load_object(options_type, content))
    return definition

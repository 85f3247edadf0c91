"""The OpenAPI 3.1 document of what one caller may use, made from the catalog and the rights.

What the rights do not contain is not in it: objects, fields, relations, transitions, reports.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal

from headrace.blueprints.api.calls import WARNINGS
from headrace.blueprints.api.shapes import CALLS
from headrace.blueprints.api.shapes.publishing import PlanRowsAsked
from headrace.platform.access.policy import (
    can,
    editable_fields,
    grants_for,
    names_of,
    pairs_for,
    readable_fields,
)
from headrace.platform.automation.buttons import buttons, may_press, of_several
from headrace.platform.automation.robots import FORMS
from headrace.platform.automation.views import STATES
from headrace.platform.automation.webhooks import STATES as EVENT_STATES
from headrace.platform.core.problems import LANGUAGES, Text
from headrace.platform.core.shapes import schema_of
from headrace.platform.jobs.queue import STATES as JOB_STATES
from headrace.platform.mailing.topics import TOPICS, WAYS
from headrace.platform.metadata.catalog import FieldModel, ObjectModel
from headrace.platform.metadata.field_types.base import files_of
from headrace.platform.metadata.field_types.files import CAPTURED, kinds_shown, megabytes
from headrace.platform.records.context import Context
from headrace.platform.records.periods import may_see_periods
from headrace.platform.reports import dashboards
from headrace.platform.reports.results import ReportJson
from headrace.platform.reports.running import available
from headrace.platform.workflow.attaching import MOST_FILES
from headrace.platform.workflow.repairing import ACTS, GROUP_ACTS
from headrace.platform.workflow.shapes import ChainAheadJson, InboxJson, RunsJson, TaskPageJson

CHOICES: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {one.name: {"enum": list(WAYS)} for one in TOPICS},
    "additionalProperties": False,
}
ENDPOINT: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {
        "address": {"type": "string", "description": "May be left out of one that is there."},
        "active": {"type": "boolean"},
        "form": {"enum": list(FORMS), "description": "Without it `event`: signed events."},
        "language": {"enum": ["en", "zh"], "description": "Of a robot's group."},
        "secret": {"type": "string", "description": "Of a DingTalk robot."},
    },
    "additionalProperties": False,
}
PROBLEM: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string", "description": "Stable code of the first problem."},
        "detail": {"type": "string"},
        "instance": {"type": "string"},
        "problems": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "severity": {"enum": ["error", "warning"]},
                    "code": {"type": "string"},
                    "path": {"type": "string", "description": "JSON Pointer into the request."},
                    "message": {"type": "string"},
                    "hint": {"type": "string"},
                },
                "required": ["severity", "code", "path", "message", "hint"],
            },
        },
        "differences": {"type": "object"},
    },
    "required": ["type", "title", "status", "code", "problems"],
}
TRACE: Final[dict[str, Any]] = {
    "type": "object",
    "description": "Which rules decide what of a record, as far as the caller may read.",
    "properties": {
        name: {"type": kind}
        for name, kind in (
            ("fields", "array"),
            ("rules", "array"),
            ("rows", "object"),
            ("problems", "array"),
        )
    },
    "required": ["fields", "rules", "rows", "problems"],
}
REFERENCE_IN: Final[dict[str, Any]] = {
    "oneOf": [
        {"type": "string", "format": "uuid"},
        {
            "type": "object",
            "properties": {"id": {"type": "string"}, "title": {"type": ["string", "null"]}},
            "required": ["id"],
            "additionalProperties": False,
        },
        {
            "type": "object",
            "properties": {"key": {"type": "string"}, "by": {"type": "string"}},
            "required": ["key"],
            "additionalProperties": False,
        },
        {"type": "null"},
    ]
}
Json = dict[str, Any]


def openapi_document(context: Context, base_url: str) -> Json:
    """Return the document for the principal of `context`, texts in its language."""
    writer = _Writer(context)
    for model in context.catalog.objects.values():
        writer.add_object(model)
    writer.add_tasks()
    writer.add_imports()
    writer.add_bulk_changes()
    writer.add_files()
    for report in available(context):
        writer.add_report(report.name, report.label)
    boards = dashboards.available(context)
    if boards:
        writer.add_dashboards()
    for board in boards:
        writer.add_dashboard(board.name, board.label)
    if any(_designs(context, role) for role in context.principal.role_names):
        writer.add_metadata()
        writer.add_shapes()
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Headrace API",
            "version": f"v1, metadata {context.catalog.version}",
            "description": writer.text(
                Text(
                    "Records, workflows, tasks and reports that you may use.",
                    "您有权使用的记录、流程、任务和报表。",
                )
            ),
        },
        "servers": [{"url": base_url.rstrip("/") + "/api/v1"}],
        "security": [{"token": []}],
        "paths": writer.paths,
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": {"problem": PROBLEM, "reference": REFERENCE_IN, **writer.schemas},
            "parameters": PARAMETERS,
            "responses": {
                "problem": {
                    "description": "Refused; nothing was changed.",
                    "content": {
                        "application/problem+json": {
                            "schema": {"$ref": "#/components/schemas/problem"}
                        }
                    },
                }
            },
        },
    }


def _designs(context: Context, role: str) -> bool:
    definition = context.catalog.roles.get(role)
    return definition is not None and definition.design


def _query(name: str, schema: Json, description: str) -> Json:
    return {"name": name, "in": "query", "schema": schema, "description": description}


PARAMETERS: Final[Json] = {
    "id": {
        "name": "id",
        "in": "path",
        "required": True,
        "schema": {"type": "string", "format": "uuid"},
    },
    "if_match": {
        "name": "If-Match",
        "in": "header",
        "required": True,
        "schema": {"type": "string"},
        "description": 'The version that is meant, in quotes: "3".',
    },
    "idempotency_key": {
        "name": "Idempotency-Key",
        "in": "header",
        "schema": {"type": "string", "maxLength": 200},
        "description": "Repeating the same request with the same key does nothing twice.",
    },
    "mode": _query(
        "mode",
        {"enum": ["normal", "migration"]},
        "`migration` lets state, number and times be given, for loading old records.",
    ),
    "filter": _query("filter", {"type": "string"}, "JSON: a condition, or and/or of conditions."),
    "on": _query("on", {"type": "string", "format": "date"}, "The day; today without it."),
    "sort": _query("sort", {"type": "string"}, "Fields with commas; - in front for falling."),
    "fields": _query("fields", {"type": "string"}, "Fields with commas, along lookups by dots."),
    "expand": _query("expand", {"type": "string"}, "References and child relations to include."),
    "limit": _query("limit", {"type": "integer", "minimum": 1, "maximum": 200}, "Page size."),
    "cursor": _query("cursor", {"type": "string"}, "`next` of the page before."),
    "count": _query("count", {"enum": ["exact", "none"]}, "Whether to count, up to 10,000."),
    "q": _query("q", {"type": "string"}, "Text to search for."),
    "deleted": _query(
        "deleted", {"enum": ["only"]}, "Deleted records that the caller may bring back."
    ),
    "format": _query(
        "format", {"enum": ["csv", "xlsx"]}, "All rows as a file; paging and expand are left out."
    ),
    "labels": _query(
        "labels", {"enum": ["true", "false"]}, "In a file, labels and titles, not names and keys."
    ),
}
FILES: Final[Json] = {
    "text/csv": {"schema": {"type": "string"}},
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": {
        "schema": {"type": "string", "contentMediaType": "application/octet-stream"}
    },
}
IMPORTED: Final[Json] = {
    "required": True,
    "content": {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "properties": {
                    "file": {"type": "string", "contentMediaType": "application/octet-stream"},
                    "map": {
                        "type": "string",
                        "description": 'JSON: {"column": "field", "other column": null}.',
                    },
                    "mode": {"enum": ["create", "update", "upsert"]},
                    "key": {"type": "string", "description": "Field that records are matched by."},
                    "sheet": {"type": "string"},
                    "empty": {"enum": ["keep", "clear"]},
                    "partial": {"enum": ["true", "false"]},
                    "dry_run": {"enum": ["true", "false"]},
                    "migrate": {"enum": ["true", "false"]},
                },
                "required": ["file"],
            }
        }
    },
}
LIST_PARAMETERS: Final = (
    *("filter", "sort", "fields", "expand", "limit", "cursor", "count", "q"),
    "deleted",
)
REFUSALS: Final = ("401", "403", "404", "409", "422", "428", "429", "503")


class _Writer:
    """Collects paths and schemas."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.paths: Json = {}
        self.schemas: Json = {}

    def text(self, text: Text) -> str:
        """Return a text in the caller's language."""
        return text.within(self.context.language)

    def _add_unmask(self, model: ObjectModel, title: str) -> None:
        """Add the call that shows masked fields whole, where the rights contain some."""
        context = self.context
        pairs = pairs_for(context.catalog, context.principal.rights, model.name, "unmask")
        names = sorted(names_of(pairs))
        if not names:
            return
        values = {"type": "object", "properties": {"values": {"type": "object"}}}
        call = self._call(title, model.name, "unmask", values, [_parameter("id")])
        call["requestBody"] = _body(
            {
                "type": "object",
                "properties": {"fields": {"type": "array", "items": {"enum": names}}},
                "required": ["fields"],
            }
        )
        self.paths[f"/records/{model.name}/{{id}}/unmask"] = {"post": call}

    def _add_ledger(self, model: ObjectModel, title: str) -> None:
        """Add the balances of a ledger, and how an entry is taken back."""
        ledger, name = model.ledger, model.name
        if ledger is None:
            return
        asked = [_parameter("on"), _parameter("filter")]
        self.paths[f"/records/{name}/balances"] = {
            "get": self._call(title, name, "balances", BALANCES, asked)
        }
        reversible = ledger.definition.reversal_of is not None
        if reversible and can(self.context.catalog, self.context.principal, name, "reverse"):
            way = [_parameter("id"), _parameter("idempotency_key")]
            call = self._call(title, name, "reverse", _ref(name), way, "201")
            call["requestBody"] = REVERSE
            self.paths[f"/records/{name}/{{id}}/reverse"] = {"post": call}

    def _add_periods(self, model: ObjectModel, title: str) -> None:
        """Add the months of an object, and closing and reopening them."""
        if not may_see_periods(self.context, model.name):
            return
        path = f"/records/{model.name}/periods"
        listed = {"type": "object", "properties": {"items": {"type": "array", "items": PERIOD}}}
        self.paths[path] = {"get": self._call(title, model.name, "periods", listed, [])}
        acts: tuple[tuple[Literal["close", "reopen"], Json | None], ...]
        acts = (("close", None), ("reopen", REOPEN))
        for act, body in acts:
            if not can(self.context.catalog, self.context.principal, model.name, act):
                continue
            way = [MONTH, _parameter("idempotency_key")]
            call = self._call(title, model.name, act, {"type": "object"}, way)
            if body is not None:
                call["requestBody"] = body
            self.paths[f"{path}/{{month}}/{act}"] = {"post": call}

    def _add_trace(self, model: ObjectModel, title: str) -> None:
        """Add the questions which rule decides what, and what accounts come to."""
        name = model.name
        self._add_ledger(model, title)
        self._add_periods(model, title)
        if model.definition.best_match is not None:
            call = self._call(title, name, "best", BEST_ANSWER, [])
            call["requestBody"] = BEST
            self.paths[f"/records/{name}/best"] = {"post": call}
        stored = self._call(title, name, "rules", TRACE, [_parameter("id")])
        self.paths[f"/records/{name}/{{id}}/rules"] = {"get": stored}
        unsaved = self._call(title, name, "rules_of_values", TRACE, [])
        unsaved["requestBody"] = _body({"type": "object"})
        self.paths[f"/records/{name}/rules"] = {"post": unsaved}

    def add_object(self, model: ObjectModel) -> None:
        """Add the paths and schemas of an object, as far as the rights reach."""
        context, name = self.context, model.name
        allowed = {
            action: can(context.catalog, context.principal, name, action)
            for action in ("read", "create", "update", "delete")
        }
        if not any(allowed.values()):
            return
        self.schemas[name] = self._read_schema(model)
        collection: Json = {}
        single: Json = {}
        title = self.text(model.label)
        if allowed["read"]:
            page = {"type": "object", "properties": _page(_ref(name)), "required": ["items"]}
            as_file = [_parameter("format"), _parameter("labels")]
            listed = self._call(title, name, "list", page, [*_list_parameters(), *as_file])
            listed["responses"]["200"]["content"] |= FILES
            collection["get"] = listed
            query = self._call(title, name, "query", page, [])
            query["requestBody"] = _body({"type": "object"})
            self.paths[f"/records/{name}/query"] = {"post": query}
            single["get"] = self._call(title, name, "get", _ref(name), [_parameter("id")])
            self._add_history(name, title)
            self._add_unmask(model, title)
            self._add_trace(model, title)
        if allowed["create"] and model.master is None:
            self.schemas[f"{name}.create"] = self._write_schema(model, "create")
            create = self._call(
                title, name, "create", _ref(name), [_parameter("idempotency_key")], status="201"
            )
            create["requestBody"] = _body(_ref(f"{name}.create"))
            roles = (context.catalog.roles.get(one) for one in context.principal.role_names)
            if any(role is not None and role.migrate for role in roles):
                create["parameters"].append(_parameter("mode"))
            collection["post"] = create
        if allowed["update"]:
            self.schemas[f"{name}.update"] = self._write_schema(model, "update")
            single["patch"] = self._call(
                title, name, "update", _ref(name), [_parameter("id"), _parameter("if_match")]
            )
            single["patch"]["requestBody"] = _body(_ref(f"{name}.update"))
        if allowed["delete"]:
            single["delete"] = self._call(
                title, name, "delete", None, [_parameter("id"), _parameter("if_match")], "204"
            )
        self._add_acts(model, allowed)
        self._add_many(name, title, allowed)
        if collection:
            self.paths[f"/records/{name}"] = collection
        if single:
            self.paths[f"/records/{name}/{{id}}"] = single
        self._add_transitions(model)
        if allowed["read"]:
            self._add_buttons(model)

    def _add_buttons(self, model: ObjectModel) -> None:
        """Add the buttons that the caller may press."""
        known = buttons(self.context.catalog).get(model.name, {}).values()
        mine = [one for one in known if may_press(self.context, one)]
        for one in mine:
            inputs = {
                name: {
                    **entered.type.json_schema(entered.options),
                    "title": self.text(entered.label),
                }
                for name, entered in one.automation.inputs.items()
            }
            call = self._call(
                f"{self.text(model.label)}: {self.text(one.label)}",
                model.name,
                f"button_{one.name}",
                PRESSED,
                [_parameter("id"), _parameter("if_match"), _parameter("idempotency_key")],
            )
            parts: Json = {"inputs": {"type": "object", "properties": inputs}}
            if one.converts is not None:
                parts["quantities"] = QUANTITIES
            body = {"type": "object", "properties": parts, "additionalProperties": False}
            call["requestBody"] = {**_body(body), "required": False}
            self.paths[f"/records/{model.name}/{{id}}/buttons/{one.name}"] = {"post": call}
        if mine:
            title = self.text(model.label)
            call = self._call(title, model.name, "buttons", {"type": "object"}, [_parameter("id")])
            self.paths[f"/records/{model.name}/{{id}}/buttons"] = {"get": call}

    def _add_many(self, name: str, title: str, allowed: dict[str, bool]) -> None:
        """Add what makes and changes many records."""
        several = allowed["read"] and of_several(self.context, name)
        if allowed["create"] or allowed["update"] or allowed["delete"] or several:
            bulk = self._call(title, name, "bulk", {"type": "object"}, [])
            bulk["requestBody"] = _body(BULK)
            bulk["responses"]["202"] = ACCEPTED
            self.paths[f"/records/{name}/bulk"] = {"post": bulk}
        if allowed["create"] or allowed["update"]:
            taken = self._call(title, name, "import", None, [_parameter("idempotency_key")], "202")
            taken["responses"]["202"] = ACCEPTED
            taken["requestBody"] = IMPORTED
            self.paths[f"/records/{name}/import"] = {"post": taken}

    def _add_history(self, name: str, title: str) -> None:
        history = {"type": "object", "properties": {"items": {"type": "array", "items": {}}}}
        way = [_parameter("id"), _parameter("expand")]
        call = self._call(title, name, "history", history, way)
        self.paths[f"/records/{name}/{{id}}/history"] = {"get": call}

    def _add_acts(self, model: ObjectModel, allowed: dict[str, bool]) -> None:
        """Add what leads one record back, at a known version."""
        for right, act, body in (("update", "restore", RESTORE), ("delete", "undelete", UNDELETE)):
            if not allowed[right]:
                continue
            way = [_parameter("id"), _parameter("if_match"), _parameter("idempotency_key")]
            call = self._call(self.text(model.label), model.name, act, _ref(model.name), way)
            call["requestBody"] = body
            self.paths[f"/records/{model.name}/{{id}}/{act}"] = {"post": call}

    def _add_transitions(self, model: ObjectModel) -> None:
        context = self.context
        grants = grants_for(context.catalog, context.principal, model.name, "transition")
        names = names_of(grants)
        workflow = context.catalog.workflows.get(model.workflow or "")
        if workflow is None or not names:
            return
        for name in sorted(names):
            label = self.text(workflow.transitions[name].label)
            call = self._call(
                f"{self.text(model.label)}: {label}",
                model.name,
                f"transition_{name}",
                _ref(model.name),
                [_parameter("id"), _parameter("if_match"), _parameter("idempotency_key")],
            )
            call["requestBody"] = {**_body(TAKEN), "required": False}
            ahead = self._call(
                f"{self.text(model.label)}: {label}",
                model.name,
                f"ahead_{name}",
                _ref("approval.ahead"),
                [_parameter("id")],
            )
            path = f"/records/{model.name}/{{id}}/transitions/{name}"
            self.paths[path] = {"get": ahead, "post": call}
        # No object has a point in its name.
        self.schemas["approval.ahead"] = schema_of(ChainAheadJson)
        self.schemas["approval.runs"] = schema_of(RunsJson)
        approvals = self._call(
            self.text(model.label),
            model.name,
            "approvals",
            _ref("approval.runs"),
            [_parameter("id")],
        )
        self.paths[f"/records/{model.name}/{{id}}/approvals"] = {"get": approvals}

    def add_tasks(self) -> None:
        """Add inbox and decisions."""
        state = _query("state", {"enum": ["open", "done", "started", "copied"]}, "Which tasks.")
        anything: Json = {"type": "object"}
        searched = [
            _parameter("q"),
            _query("limit", {"type": "integer", "minimum": 1, "maximum": 20}, "Of each object."),
            _query("objects", {"type": "string"}, "Names of objects with commas; all without it."),
        ]
        self.paths["/search"] = {
            "get": self._call("Search everything", "search", "everywhere", FOUND, searched)
        }
        self.paths["/me"] = {"get": self._call("Me", "me", "get", anything, [])}
        narrowed = [
            state,
            _parameter("q"),
            _query("object", {"type": "string"}, "Of this object."),
            _query("submitter", {"type": "string", "format": "uuid"}, "Submitted by this user."),
            _query("least", {"type": "string"}, "With at least this sum."),
            _query("days", {"type": "integer", "minimum": 0}, "Submitted this many days ago."),
        ]
        self.paths["/tasks"] = {
            "get": self._call("Tasks", "task", "list", schema_of(InboxJson), narrowed)
        }
        self.paths["/tasks/{id}"] = {
            "get": self._call("Task", "task", "get", schema_of(TaskPageJson), [_parameter("id")])
        }
        for action in ("approve", "reject", "comment"):
            call = self._call(
                f"Task: {action}",
                "task",
                action,
                anything,
                [_parameter("id"), _parameter("if_match"), _parameter("idempotency_key")],
            )
            body = COMMENT if action == "comment" else DECISION
            call["requestBody"] = {**_body(body), "required": False}
            self.paths[f"/tasks/{{id}}/{action}"] = {"post": call}
        for action, body in TASK_BODIES.items():
            call = self._call(
                f"Task: {action}",
                "task",
                action,
                anything,
                [_parameter("id"), _parameter("if_match"), _parameter("idempotency_key")],
            )
            call["requestBody"] = _body(body)
            self.paths[f"/tasks/{{id}}/{action}"] = {"post": call}
        opened = self._call("Mark a copy as read", "task", "read", anything, [_parameter("id")])
        self.paths["/tasks/{id}/read"] = {"post": opened}
        urged = self._call(
            "Remind who is asked",
            "task",
            "urge",
            anything,
            [_parameter("id"), _parameter("if_match")],
        )
        self.paths["/tasks/{id}/urge"] = {"post": urged}
        several = self._call(
            "Decide several tasks", "task", "bulk", anything, [_parameter("idempotency_key")]
        )
        several["requestBody"] = _body(DECISIONS)
        self.paths["/tasks/bulk"] = {"post": several}
        withdraw = self._call("Withdraw", "approval", "withdraw", anything, [_parameter("id")])
        withdraw["requestBody"] = {**_body(WITHDRAWAL), "required": False}
        self.paths["/approvals/{id}/withdraw"] = {"post": withdraw}
        self._add_delegations()
        anything = {"type": "object"}
        listed = self._call("How I am told", "notification", "choices", anything, [])
        chosen = self._call("Choose how I am told", "notification", "choose", anything, [])
        chosen["requestBody"] = _body(CHOICES)
        self.paths["/me/notification-choices"] = {"get": listed, "put": chosen}

    def _add_delegations(self) -> None:
        """Add who decides in whose place."""
        items = {
            "type": "object",
            "properties": {
                "items": {"type": "array", "items": DELEGATION},
                "candidates": {"type": "array", "items": PERSON},
            },
        }
        listed = self._call("Who decides for whom", "delegation", "list", items, [])
        keyed = [_parameter("idempotency_key")]
        given = self._call("Delegate", "delegation", "create", DELEGATION, keyed, "201")
        given["requestBody"] = _body(DELEGATE)
        ended = self._call("End now", "delegation", "end", {"type": "object"}, [_parameter("id")])
        self.paths["/delegations"] = {"get": listed, "post": given}
        self.paths["/delegations/{id}/end"] = {"post": ended}

    def add_imports(self) -> None:
        """Add jobs, and what became of imports."""
        one = {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}
        cancelled = self._call("Cancel a job", "jobs", "cancel_job", JOB, [one])
        cancelled["responses"]["202"] = cancelled["responses"].pop("200")
        self.paths["/jobs/{id}"] = {
            "get": self._call("How far a job is", "jobs", "job", JOB, [one]),
            "delete": cancelled,
        }
        anything: Json = {"type": "object"}
        paging = [_parameter("limit"), _parameter("cursor")]
        narrowed = [
            _query("object", {"type": "string"}, "Imports into this object."),
            _query("record", {"type": "string"}, "Imports that made or changed this record."),
        ]
        for path, title, action, parameters in (
            ("", "Imports", "list", [*narrowed, *paging]),
            ("/{id}", "An import", "get", [one]),
            ("/{id}/errors", "What was wrong with its rows", "errors", [one, *paging]),
            ("/{id}/records", "Records of an import", "records", [one, *paging]),
            ("/{id}/file", "Rows that were not taken", "file", [one]),
        ):
            call = self._call(title, "imports", action, anything, parameters)
            self.paths[f"/imports{path}"] = {"get": call}
        self.paths["/imports/{id}/file"]["get"]["responses"]["200"]["content"] = FILES

    def add_bulk_changes(self) -> None:
        """Add past bulk changes, what became of them, and their undoing."""
        one = {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}
        paging = [_parameter("limit"), _parameter("cursor")]
        status = _query(
            "status",
            {"enum": ["updated", "deleted", "undeleted", "unchanged", "refused"]},
            "Only these.",
        )
        kind = _query("format", {"enum": ["csv", "xlsx"]}, "The kind of file.")
        anything: Json = {"type": "object"}
        for path, title, action, parameters in (
            ("", "A bulk change", "get", [one]),
            ("/records", "What became of its records", "records", [one, status, *paging]),
            ("/file", "What became of its records, as a file", "file", [one, kind]),
        ):
            call = self._call(title, "bulk", action, anything, parameters)
            self.paths[f"/bulk/{{id}}{path}"] = {"get": call}
        of = _query("object", {"type": "string"}, "Only changes of this object.")
        past = self._call("My bulk changes", "bulk", "past", anything, [of, *paging])
        self.paths["/bulk"] = {"get": past}
        self.paths["/bulk/{id}/file"]["get"]["responses"]["200"]["content"] = FILES
        for action, title in (("start", "Do what was checked"), ("undo", "Undo a bulk change")):
            call = self._call(
                title, "bulk", action, None, [one, _parameter("idempotency_key")], "202"
            )
            call["responses"]["202"] = ACCEPTED
            self.paths[f"/bulk/{{id}}/{action}"] = {"post": call}
        undo = self.paths["/bulk/{id}/undo"]["post"]
        undo["requestBody"] = {**_body(UNDO), "required": False}

    def add_files(self) -> None:
        """Add the way in and out of files."""
        sent = {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "properties": {"file": {"type": "string", "format": "binary"}},
                    "required": ["file"],
                }
            }
        }
        meant = _query("for", {"type": "string"}, "The field that it must fit: `object.field`.")
        keyed = _parameter("idempotency_key")
        upload = self._call("Upload a file", "files", "upload", FILE_OUT, [meant, keyed])
        upload["requestBody"] = {"required": True, "content": sent}
        upload["responses"]["201"] = upload["responses"].pop("200")
        upload["description"] = self.text(
            Text(
                "The file waits a day: send its id as the value of a field of a record, or in `files`"
                " with a comment on a task.",
                "文件等待一天：请将返回的标识作为记录中文件字段的值提交，或在处理任务时随意见填入 files。",
            )
        )
        self.paths["/files"] = {"post": upload}
        one = {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}
        small = _query("size", {"enum": ["small"]}, "A small image (WebP) where there is one.")
        fetch = self._call("Content of a file", "files", "content", FILE_OUT, [one, small])
        fetch["responses"]["200"]["content"] = {
            "*/*": {"schema": {"type": "string", "format": "binary"}}
        }
        self.paths["/files/{id}"] = {"get": fetch}

    def add_report(self, name: str, label: Text) -> None:
        """Add a report and its rows."""
        form = _query("format", {"enum": ["json", "csv"]}, "Form of the answer.")
        cell = _query("cell", {"type": "string"}, 'JSON: {"rows": […], "columns": […]}.')
        anything: Json = {"type": "object"}
        self.paths[f"/reports/{name}"] = {
            "get": self._call(self.text(label), name, "run", REPORT, [form])
        }
        page = [cell, *(_parameter(one) for one in ("sort", "fields", "limit", "cursor", "count"))]
        self.paths[f"/reports/{name}/rows"] = {
            "get": self._call(self.text(label), name, "rows", anything, page)
        }

    def add_dashboards(self) -> None:
        """Add the list of dashboards."""
        items = {"type": "object", "properties": {"items": {"type": "array", "items": DASHBOARD}}}
        self.paths["/dashboards"] = {
            "get": self._call("Dashboards", "dashboards", "list", items, [])
        }

    def add_dashboard(self, name: str, label: Text) -> None:
        """Add a dashboard with what its tiles show."""
        call = self._call(self.text(label), name, "open", SHOWN_DASHBOARD, [])
        self.paths[f"/dashboards/{name}"] = {"get": call}

    def add_metadata(self) -> None:
        """Add what designers use."""
        anything: Json = {"type": "object"}
        kind = {"name": "kind", "in": "path", "required": True, "schema": {"type": "string"}}
        name = {"name": "name", "in": "path", "required": True, "schema": {"type": "string"}}
        text: Json = {"type": "string"}
        chosen: list[Json] = [
            {"name": one, "in": "query", "schema": text} for one in ("of", "module")
        ]
        whole: Json = {"name": "extended", "in": "query", "schema": {"type": "boolean"}}
        self.paths["/metadata/{kind}"] = {
            "get": self._call("Definitions", "metadata", "list", anything, [kind, *chosen])
        }
        way = [kind, name, *chosen, whole]
        self.paths["/metadata/{kind}/{name}"] = {
            "get": self._call("Definition", "metadata", "get", anything, way)
        }
        for action in ("check", "plan", "publish", "upgrade/plan", "upgrade"):
            called = action.replace("/", "_")
            call = self._call(f"Definitions: {action}", "metadata", called, anything, PACKAGED)
            call["requestBody"] = {"required": True, "content": {**PACKAGE}}
            self.paths[f"/metadata/{action}"] = {"post": call}
            if action in {"publish", "upgrade"}:
                call["responses"]["202"] = ACCEPTED
        module = _query("module", {"type": "string"}, "Name of a module; all without it.")
        changed = self._call("Local changes", "metadata", "local_changes", anything, [module])
        self.paths["/metadata/local-changes"] = {"get": changed}
        listed = self._call("Rows of a line of a plan", "metadata", "plan_rows", None, [])
        listed["requestBody"] = _body(schema_of(PlanRowsAsked))
        listed["responses"]["200"]["content"] = {"text/csv": {"schema": {"type": "string"}}}
        self.paths["/metadata/plan/rows"] = {"post": listed}
        self._add_versions()
        export = self._call("Definitions as a package", "metadata", "export", None, EXPORT)
        export["responses"]["200"]["content"] = PACKAGE
        self.paths["/metadata/export"] = {"get": export}
        gone = self._call("Take a module away", "metadata", "uninstall", anything, [])
        gone["responses"]["202"] = ACCEPTED
        self.paths["/metadata/uninstall"] = {"post": gone}
        for action, title in (
            ("simulate", "Try an approval"),
            ("replay", "Take past runs through other definitions"),
            ("scenarios/run", "Run scenarios"),
            ("scenarios/record", "Make a scenario of what was done with a record"),
        ):
            tried = self._call(title, "metadata", action, anything, [])
            self.paths[f"/metadata/{action}"] = {"post": tried}

    def add_shapes(self) -> None:
        """Say of the calls of those who may design what they take and answer."""
        for (method, path), call in CALLS.items():
            described = self.paths[path][method]
            answered = next(one for code, one in described["responses"].items() if code < "3")
            answered["content"] |= _json(schema_of(call.answer))
            if call.asked is not None:
                asked = schema_of(call.asked)
                body: Json = {"required": bool(asked["required"]), "content": {}}
                described.setdefault("requestBody", body)["content"] |= _json(asked)

    def _add_versions(self) -> None:
        anything: Json = {"type": "object"}
        number = {"name": "number", "in": "path", "required": True, "schema": {"type": "integer"}}
        between = [
            _query("from", {"type": "integer"}, "Version before."),
            _query("to", {"type": "integer"}, "Version after."),
        ]
        asked = [
            _query("kind", {"type": "string"}, "Kind of the definition."),
            _query("name", {"type": "string"}, "Its name or id; a field is `object.field`."),
            _query("draft", {"type": "string"}, "Id of a draft; the live version without."),
        ]
        languages: Json = {"enum": list(LANGUAGES)}
        words = [
            _query("language", languages, "Language of labels and help; the caller's without.")
        ]
        instant: Json = {"type": "string", "format": "date-time"}
        whose = [
            _query("kind", {"type": "string"}, "What it concerns: object, user, token, draft …"),
            _query("name", {"type": "string"}, "Its name; the login of a user."),
            _query("by", {"type": "string"}, "Login of who did it."),
            _query("since", instant, "Not before this instant."),
            _query("until", instant, "Before this instant."),
            _query("before", {"type": "integer"}, "Number of the entry to go on behind."),
            _query("limit", {"type": "integer", "maximum": 100}, "Entries on a page."),
        ]
        for path, title, action, parameters in (
            ("schemas", "What documents may say, with words", "schemas", words),
            ("palette", "Field types and functions, with words", "palette", words),
            ("versions", "Published versions", "versions", []),
            ("versions/{number}", "Published version", "version", [number]),
            ("diff", "What two versions differ in", "diff", between),
            ("where-used", "What uses a definition", "where_used", asked),
            ("audit", "Who changed what", "audit", whose),
            ("audit/{number}", "One change with its values", "audit_entry", [number]),
        ):
            call = self._call(title, "metadata", action, anything, parameters)
            self.paths[f"/metadata/{path}"] = {"get": call}
        self._add_automation_runs()
        self._add_queue()
        self._add_repairs()
        self._add_drafts()
        self._add_spreadsheets()
        self._add_beginnings()
        back = self._call("Go back to a version", "metadata", "rollback", anything, [])
        self.paths["/metadata/rollback"] = {"post": back}

    def _add_repairs(self) -> None:
        """Add running approvals and what administrators do with them."""
        anything: Json = {"type": "object"}
        keyed = _parameter("idempotency_key")
        asked = [
            _query("definition", {"type": "string"}, "Of a group."),
            _query("step", {"type": "string"}, "Of a group."),
        ]
        groups = self._call("Running approvals", "approval", "running", anything, [])
        members = self._call("Runs of a group", "approval", "runs", anything, asked)
        self.paths["/approvals/running"] = {"get": groups}
        self.paths["/approvals/running/runs"] = {"get": members}
        held = self._call(
            "What needs somebody", "approval", "leaving", anything, [_parameter("id")]
        )
        self.paths["/approvals/leaving/{id}"] = {"get": held}
        acts = {
            "/approvals/{id}/repair": ("repair", REPAIR, [_parameter("id"), keyed]),
            "/approvals/running/repair": ("repair_group", REPAIR_GROUP, []),
            "/approvals/batches/{id}/undo": ("undo", REASON, [_parameter("id")]),
        }
        for path, (name, body, parameters) in acts.items():
            call = self._call(f"Approvals: {name}", "approval", name, anything, parameters)
            call["requestBody"] = _body(body)
            self.paths[path] = {"post": call}
        gone = self._call(
            "Let somebody go", "approval", "let_go", anything, [_parameter("id"), keyed]
        )
        gone["requestBody"] = _body(LET_GO)
        self.paths["/approvals/leaving/{id}"]["post"] = gone

    def _add_automation_runs(self) -> None:
        """Add what automations did, and letting a failed run go on."""
        anything: Json = {"type": "object"}
        one = {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}
        asked = [
            _query("state", {"enum": list(STATES)}, "Only runs in this state."),
            _query("automation", {"type": "string"}, "Only runs of this automation."),
            _query("cursor", {"type": "string"}, "What the page before gave as `next`."),
        ]
        listed = self._call("Runs of automations", "automation", "runs", anything, asked)
        shown = self._call("One run with its actions", "automation", "run", anything, [one])
        resumed = self._call("Go on with a failed run", "automation", "resume", anything, [one])
        resumed["responses"]["202"] = resumed["responses"].pop("200")
        undone = self._call("Undo what a run did", "automation", "undo", anything, [one])
        undone["responses"]["202"] = undone["responses"].pop("200")
        name = {"name": "name", "in": "path", "required": True, "schema": {"type": "string"}}
        given = [
            _query("state", {"enum": list(EVENT_STATES)}, "Only events in this state."),
            _query("cursor", {"type": "string"}, "What the page before gave as `next`."),
        ]
        put = self._call("Add or change a receiver", "webhook", "put", anything, [name])
        put["requestBody"] = _body(ENDPOINT)
        receivers = self._call("Receivers of webhooks", "webhook", "endpoints", anything, [])
        renewed = self._call("Another secret", "webhook", "renew", anything, [name])
        events = self._call("Events of webhooks", "webhook", "events", anything, given)
        replayed = self._call("Send again", "webhook", "replay", anything, [one])
        replayed["responses"]["202"] = replayed["responses"].pop("200")
        self.paths["/webhook-endpoints"] = {"get": receivers}
        self.paths["/webhook-endpoints/{name}"] = {"put": put}
        self.paths["/webhook-endpoints/{name}/secret"] = {"post": renewed}
        self.paths["/webhook-events"] = {"get": events}
        self.paths["/webhook-events/{id}/replay"] = {"post": replayed}
        self.paths["/automation-runs"] = {"get": listed}
        self.paths["/automation-runs/{id}"] = {"get": shown}
        self.paths["/automation-runs/{id}/resume"] = {"post": resumed}
        self.paths["/automation-runs/{id}/undo"] = {"post": undone}
        timed = self._call("Automations on a schedule", "automation", "schedules", anything, [])
        tried = self._call("What one would do now", "automation", "try", anything, [name])
        run = self._call("Run one at once", "automation", "run_now", anything, [name])
        run["responses"]["202"] = run["responses"].pop("200")
        self.paths["/automation-schedules"] = {"get": timed}
        self.paths["/automation-schedules/{name}/try"] = {"post": tried}
        self.paths["/automation-schedules/{name}/run"] = {"post": run}

    def _add_queue(self) -> None:
        """Add the queue of jobs: counts, jobs, trying again, cancelling."""
        anything: Json = {"type": "object"}
        one = {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}
        asked = [
            _query("state", {"enum": list(JOB_STATES)}, "Only jobs in this state."),
            _query("kind", {"type": "string"}, "Only jobs of this kind."),
            _query("cursor", {"type": "string"}, "What the page before gave as `next`."),
        ]
        counts = self._call("Jobs by kind and state", "queue", "counts", anything, [])
        jobs = self._call("Jobs that are not done", "queue", "jobs", anything, asked)
        retried = self._call("Try a job again", "queue", "retry", anything, [one])
        all_again = self._call("Try all of a kind again", "queue", "retry_kind", anything, [])
        all_again["requestBody"] = _body(
            {"type": "object", "required": ["kind"], "properties": {"kind": {"type": "string"}}}
        )
        for call in (retried, all_again):
            call["responses"]["202"] = call["responses"].pop("200")
        cancelled = self._call("Cancel a job", "queue", "cancel", anything, [one])
        self.paths["/queue"] = {"get": counts}
        self.paths["/queue/jobs"] = {"get": jobs}
        self.paths["/queue/jobs/{id}/retry"] = {"post": retried}
        self.paths["/queue/jobs/{id}/cancel"] = {"post": cancelled}
        self.paths["/queue/retry"] = {"post": all_again}

    def _add_drafts(self) -> None:
        anything: Json = {"type": "object"}
        draft = {"name": "draft", "in": "path", "required": True, "schema": {"type": "string"}}
        one = {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}
        name = {**one, "name": "name"}
        run = self._call("Run a drafted report", "drafts", "run_report", anything, [draft, name])
        self.paths["/metadata/drafts/{draft}/reports/{name}/run"] = {"post": run}
        cost = self._call("What an object costs", "drafts", "cost", anything, [draft])
        self.paths["/metadata/drafts/{draft}/cost"] = {"post": cost}
        for path, methods in DRAFT_CALLS.items():
            parameters = [draft] if "{draft}" in path else []
            parameters += [one] if "{id}" in path else []
            self.paths[f"/metadata/drafts{path}"] = {
                method: self._call(
                    title, "drafts", f"{method}{path.strip('/')}", anything, parameters
                )
                for method, title in methods.items()
            }

    def _add_beginnings(self) -> None:
        """Add what a module can be begun with, and names for it."""
        anything: Json = {"type": "object"}
        asked = [
            _query("label", {"type": "string"}, "What people call it."),
            _query("otherwise", {"type": "string"}, "The name where nothing can be spelled."),
        ]
        templates = self._call("Templates of modules", "templates", "list", anything, [])
        name = self._call("A technical name", "names", "propose", anything, asked)
        self.paths["/metadata/templates"] = {"get": templates}
        self.paths["/metadata/names"] = {"get": name}

    def _add_spreadsheets(self) -> None:
        """Add what makes a module of a spreadsheet."""
        anything: Json = {"type": "object"}
        one = {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}
        where = [
            _query("sheet", {"type": "string"}, "The sheet with the table."),
            _query("header", {"type": "integer"}, "The row with the names; 0 for none."),
        ]
        listed = self._call("Spreadsheets", "spreadsheets", "list", anything, [])
        kept = self._call("Keep a file", "spreadsheets", "upload", anything, [], "201")
        kept["requestBody"] = {"required": True, "content": {"multipart/form-data": A_FILE}}
        shown = self._call("What is proposed", "spreadsheets", "get", anything, [one, *where])
        drafted = self._call(
            "Put a module into a draft", "spreadsheets", "draft", anything, [one], "201"
        )
        asked = self._call("Import the rows", "spreadsheets", "import", anything, [one], "202")
        self.paths["/metadata/spreadsheets"] = {"get": listed, "post": kept}
        self.paths["/metadata/spreadsheets/{id}"] = {"get": shown}
        self.paths["/metadata/spreadsheets/{id}/draft"] = {"post": drafted}
        self.paths["/metadata/spreadsheets/{id}/import"] = {"post": asked}

    def _call(
        self,
        title: str,
        name: str,
        action: str,
        schema: Json | None,
        parameters: list[Json],
        status: str = "200",
    ) -> Json:
        answer: Json = {"description": title}
        if schema is not None:
            answer["content"] = {"application/json": {"schema": schema}}
        responses: Json = {status: answer}
        for code in REFUSALS:
            responses[code] = {"$ref": "#/components/responses/problem"}
        return {
            "operationId": f"{action}.{name}",
            "summary": title,
            "tags": [name],
            "parameters": parameters,
            "responses": responses,
        }

    def _read_schema(self, model: ObjectModel) -> Json:
        context = self.context
        readable = readable_fields(context.catalog, context.principal, model.name)
        properties: Json = {}
        for field in model.fields.values():
            if field.name in readable:
                schema = self._polymorphic(field) if field.targets else field.json_schema()
                properties[field.name] = {**schema, "title": self.text(field.label)}
        for child in model.children:
            if child.name in readable:
                properties[child.name] = {"type": "array", "items": _ref(child.object)}
        about = [model, *(context.catalog.objects[child.object] for child in model.children)]
        if any(rule.definition.severity == "warning" for one in about for rule in one.rules):
            properties[WARNINGS] = {"type": "array", "items": {"type": "object"}}
        return {"type": "object", "title": self.text(model.label), "properties": properties}

    def _write_schema(self, model: ObjectModel, action: Literal["create", "update"]) -> Json:
        context = self.context
        writable = editable_fields(context.catalog, context.principal, model.name, action)
        properties: Json = {}
        required = []
        for field in model.fields.values():
            system = field.system or field.computed or field.definition.written_by == "system"
            if system or field.name not in writable:
                continue
            schema = self._written(field)
            properties[field.name] = {"allOf": [schema], "title": self.text(field.label)}
            needed = field.definition.required and field.default is None
            if action == "create" and needed and field.name not in model.hideable:
                required.append(field.name)
        for child in model.children:
            if child.name in writable:
                properties[child.name] = self._child_schema(child.object, action)
        result: Json = {
            "type": "object",
            "properties": properties,
            "additionalProperties": False,
        }
        return {**result, "required": required} if required else result

    def _polymorphic(self, field: FieldModel, *, sent: bool = False) -> Json:
        """Return the schema of polymorphic references, to objects that the caller may read."""
        catalog, principal = self.context.catalog, self.context.principal
        names = [one for one in field.targets if can(catalog, principal, one, "read")]
        if not names:
            return {"type": "null"}
        id_schema: Json = {"type": "string", "format": "uuid"}
        properties: Json = {"object": {"enum": names}, "id": id_schema}
        properties["title"] = {"type": ["string", "null"]}
        needed = ["object"] if sent else ["object", "id", "title"]
        if sent:
            properties |= {"key": {"type": "string"}, "by": {"type": "string"}}
        one: Json = {"type": "object", "properties": properties, "required": needed}
        return {"anyOf": [one, {"type": "null"}]}

    def _written(self, field: FieldModel) -> Json:
        """Return the schema of the values of a field as they are sent."""
        if field.targets:
            return self._polymorphic(field, sent=True)
        if field.target:
            return _ref("reference")
        if field.links:
            return {"type": ["array", "null"], "items": _ref("reference")}
        holding = files_of(field.type)
        if holding is None:
            return field.json_schema()
        limits = holding.file_limits(field.options)
        one: Json = {
            "type": "string",
            "format": "uuid",
            "description": f"Id of an uploaded file: {kinds_shown(limits).en}; "
            f"at most {megabytes(limits.largest)} MB.",
        }
        many: Json = {"type": "array", "items": one, "maxItems": limits.most}
        return {"anyOf": [many if holding.several else one, {"type": "null"}]}

    def _child_schema(self, name: str, action: Literal["create", "update"]) -> Json:
        key = f"{name}.line"
        if key not in self.schemas:
            model = self.context.catalog.objects[name]
            self.schemas[key] = {"type": "object"}
            line = self._write_schema(model, "create")
            line["properties"].pop(str(model.master), None)
            line["required"] = [one for one in line.get("required", []) if one != model.master]
            self.schemas[key] = line
        rows = {"type": "array", "items": _ref(key)}
        if action == "create":
            return rows
        changed = {"type": "array", "items": {"type": "object", "required": ["id"]}}
        return {
            "type": "object",
            "properties": {
                "create": rows,
                "update": changed,
                "delete": {"type": "array", "items": {"type": "string", "format": "uuid"}},
            },
            "additionalProperties": False,
        }


FILE_OUT: Final[Json] = {
    "type": "object",
    "properties": {
        "id": {"type": "string", "format": "uuid"},
        "name": {"type": "string"},
        "size": {"type": "integer", "description": "Bytes."},
        "type": {"type": "string", "description": "Media type, told by the content."},
        "url": {"type": "string", "format": "uri-reference"},
        "captured": CAPTURED,
    },
    "required": ["id", "name", "size", "type", "url"],
}
SAID: Final[Json] = {
    "comment": {"type": "string"},
    "files": {
        "type": "array",
        "items": {"type": "string", "format": "uuid"},
        "maxItems": MOST_FILES,
        "uniqueItems": True,
        "description": "Ids of uploaded files that go with the comment.",
    },
}
WITHDRAWAL: Final[Json] = {"type": "object", "properties": SAID, "additionalProperties": False}
COMMENT: Final[Json] = {
    **WITHDRAWAL,
    "properties": {**SAID, "values": {"type": "object"}},
}
TAKEN: Final[Json] = {
    "type": "object",
    "properties": {
        "comment": {"type": "string"},
        "values": {"type": "object"},
        "approvers": {
            "type": "object",
            "description": "Whom the caller chooses: ids of users by the name of the step.",
            "additionalProperties": {"type": "array", "items": {"type": "string"}},
        },
    },
    "additionalProperties": False,
}
DECISION: Final[Json] = {
    **COMMENT,
    "properties": {
        **COMMENT["properties"],
        "copy_to": {"type": "array", "items": {"type": "string", "format": "uuid"}, "maxItems": 50},
    },
}
TRANSFER: Final[Json] = {
    "type": "object",
    "properties": {**SAID, "to": {"type": "string", "format": "uuid"}},
    "required": ["to"],
    "additionalProperties": False,
}
DECISIONS: Final[Json] = {
    "type": "object",
    "properties": {
        "action": {"enum": ["approve", "reject"]},
        "comment": {"type": "string"},
        "items": {
            "type": "array",
            "minItems": 1,
            "maxItems": 200,
            "items": {
                "type": "object",
                "properties": {
                    "id": {"type": "string", "format": "uuid"},
                    "version": {"type": "integer"},
                },
                "required": ["id", "version"],
                "additionalProperties": False,
            },
        },
    },
    "required": ["action", "items"],
    "additionalProperties": False,
}
TASK_BODIES: Final[Mapping[str, Json]] = {
    "return": {
        "type": "object",
        "properties": {
            **SAID,
            "to": {"type": ["string", "null"], "description": "A step; null: the submitter."},
            "course": {"enum": ["again", "on"]},
        },
        "required": ["comment"],
        "additionalProperties": False,
    },
    "transfer": TRANSFER,
    "add_approver": {
        "type": "object",
        "properties": {
            **SAID,
            "to": {"type": "string", "format": "uuid"},
            "place": {"enum": ["before", "beside", "after"]},
        },
        "required": ["to", "place"],
        "additionalProperties": False,
    },
    "ask_opinion": TRANSFER,
    "take_back": {"type": "object", "properties": SAID, "additionalProperties": False},
}
"""What is sent with the actions on a task that say more than a comment."""

REASON: Final[Json] = {
    "type": "object",
    "properties": {"reason": {"type": "string", "minLength": 5}},
    "required": ["reason"],
    "additionalProperties": False,
}
REPAIR: Final[Json] = {
    "type": "object",
    "properties": {
        "act": {"enum": list(ACTS)},
        "reason": {"type": "string", "minLength": 5},
        "step": {
            "type": "string",
            "description": "The step to jump to; of several that wait in branches the one to skip.",
        },
        "task": {"type": "string", "format": "uuid"},
        "to": {"type": "string", "format": "uuid"},
    },
    "required": ["act", "reason"],
    "additionalProperties": False,
}
REPAIR_GROUP: Final[Json] = {
    "type": "object",
    "properties": {
        "act": {"enum": list(GROUP_ACTS)},
        "reason": {"type": "string", "minLength": 5},
        "definition": {"type": "string"},
        "step": {"type": "string"},
        "cursor": {"type": "string", "format": "uuid"},
    },
    "required": ["act", "reason", "definition", "step"],
    "additionalProperties": False,
}
LET_GO: Final[Json] = {
    "type": "object",
    "properties": {
        "role": {"type": ["string", "null"]},
        "heirs": {
            "type": "object",
            "additionalProperties": {"type": "string", "format": "uuid"},
        },
        "tasks_to": {"type": ["string", "null"], "format": "uuid"},
        "reason": {"type": "string", "minLength": 5},
    },
    "required": ["reason"],
    "additionalProperties": False,
}
PERSON: Final[Json] = {
    "type": "object",
    "properties": {"id": {"type": "string", "format": "uuid"}, "name": {"type": "string"}},
}
DELEGATE: Final[Json] = {
    "type": "object",
    "properties": {
        "delegate": {"type": "string", "format": "uuid"},
        "first_day": {"type": "string", "format": "date"},
        "last_day": {"type": "string", "format": "date"},
        "reason": {"type": ["string", "null"], "maxLength": 200},
    },
    "required": ["delegate", "first_day", "last_day"],
    "additionalProperties": False,
}
DELEGATION: Final[Json] = {
    "type": "object",
    "properties": {
        "id": {"type": "string", "format": "uuid"},
        "person": PERSON,
        "delegate": PERSON,
        "first_day": {"type": "string", "format": "date"},
        "last_day": {"type": "string", "format": "date"},
        "reason": {"type": ["string", "null"]},
        "state": {"enum": ["planned", "active", "over"]},
        "created_at": {"type": "string", "format": "date-time"},
        "ended_at": {"type": ["string", "null"], "format": "date-time"},
    },
}
BULK: Final[Json] = {
    "type": "object",
    "properties": {
        "mode": {"enum": ["create", "update", "upsert", "delete", "transition", "button"]},
        "key": {"type": "string"},
        "partial": {"type": "boolean"},
        "dry_run": {
            "type": "boolean",
            "description": "Undo everything at the end: the items say what would become of each.",
        },
        "transition": {"type": "string"},
        "records": {"type": "array", "items": {"type": "object"}, "maxItems": 1000},
        "undoable": {
            "type": "boolean",
            "description": "Keep what an update or a deletion did; the answer's `bulk` names it for undoing.",
        },
        "query": {
            "type": "object",
            "description": "All records that it finds, in place of `records`: a job (202).",
            "properties": {
                "filter": {"type": "object"},
                "q": {"type": "string"},
                "sort": {"type": "string"},
            },
            "additionalProperties": False,
        },
        "values": {"type": "object", "description": "What an update of a query sets."},
        "comment": {"type": "string", "description": "That of a transition of a query."},
        "button": {"type": "string", "description": "The button that is pressed."},
        "inputs": {"type": "object", "description": "What is entered for the button."},
    },
    "required": ["mode"],
    "oneOf": [{"required": ["records"]}, {"required": ["query"]}],
    "additionalProperties": False,
}
QUANTITIES: Final[Json] = {
    "type": "object",
    "description": "How much of which rows is converted, by their ids; all that is left without it.",
    "additionalProperties": {"type": "string"},
}
PRESSED: Final[Json] = {
    "type": "object",
    "properties": {
        "button": {"type": "string"},
        "run": {"type": "string", "format": "uuid"},
        "state": {"enum": ["done", "waiting"], "description": "`waiting`: a job does it (202)."},
        "message": {"type": ["string", "null"]},
        "made": {"type": "array", "items": {"type": "object"}},
        WARNINGS: {"type": "array", "items": {"type": "object"}},
    },
}
UNDO: Final[Json] = {
    "type": "object",
    "properties": {
        "dry_run": {"type": "boolean", "description": "Only say what would become of each record."},
        "partial": {"type": "boolean", "description": "False: all records or none."},
    },
    "additionalProperties": False,
}
REPORT: Final = schema_of(ReportJson)
_TILE: Final[Json] = {
    "name": {"type": "string"},
    "label": {"type": "string"},
    "kind": {"enum": ["number", "chart", "table"]},
    "width": {"type": "integer", "minimum": 1, "maximum": 4},
    "report": {"type": "string", "description": "Name of the report that it shows."},
}
_DASHBOARD: Final[Json] = {
    "name": {"type": "string"},
    "label": {"type": "string"},
    "help": {"type": "string"},
}
DASHBOARD: Final[Json] = {
    "type": "object",
    "properties": {
        **_DASHBOARD,
        "tiles": {"type": "array", "items": {"type": "object", "properties": _TILE}},
    },
}
SHOWN_DASHBOARD: Final[Json] = {
    "type": "object",
    "properties": {
        **_DASHBOARD,
        "tiles": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    **_TILE,
                    "as_of": {"type": "string", "format": "date-time"},
                    "record_count": {"type": "integer"},
                    "measure": {
                        **REPORT["properties"]["measures"]["items"],
                        "description": "Of a number.",
                    },
                    "value": {"description": "Total of the measure, of a number."},
                    "result": {**REPORT, "description": "The report, of a chart or table."},
                },
            },
        },
    },
}
A_FILE: Final[Json] = {
    "schema": {
        "type": "object",
        "required": ["file"],
        "properties": {"file": {"type": "string", "format": "binary"}},
    }
}
DRAFT_CALLS: Final[Mapping[str, Mapping[str, str]]] = {
    "": {"get": "Drafts", "post": "Make a draft"},
    "/{draft}": {"get": "Draft", "delete": "Give a draft up"},
    "/{draft}/documents": {"get": "Definitions in a draft", "post": "Take a definition in"},
    "/{draft}/documents/{id}": {
        "get": "Definition in a draft",
        "put": "Replace a definition in a draft",
        "delete": "Delete a definition in a draft",
    },
    "/{draft}/changes": {"get": "Changes of a draft, and who else is in it"},
    "/{draft}/presence": {"post": "Say that somebody works in a draft"},
    "/{draft}/undo": {"post": "Take back a change of a draft"},
    "/{draft}/check": {"post": "Check a draft"},
    "/{draft}/rename": {"post": "What another name changes in a draft"},
    "/{draft}/modules": {"post": "Put a copy of a module, or a template, into a draft"},
    "/{draft}/formula": {"post": "Compute a formula for a record"},
    "/{draft}/plan": {"post": "Plan a draft"},
    "/{draft}/rebase": {"post": "Put a draft on top of the live version"},
    "/{draft}/publish": {"post": "Publish a draft"},
}

ACCEPTED: Final[Json] = {
    "description": "A job does it; Location says where it can be followed.",
    "content": {
        "application/json": {
            "schema": {
                "type": "object",
                "properties": {"job": {"type": "string", "format": "uuid"}},
                "required": ["job"],
            }
        }
    },
}
JOB: Final[Json] = {
    "type": "object",
    "properties": {
        "id": {"type": "string", "format": "uuid"},
        "kind": {"type": "string"},
        "state": {"enum": ["waiting", "running", "done", "refused", "failed", "cancelled"]},
        "created_at": {"type": "string", "format": "date-time"},
        "finished_at": {"type": ["string", "null"], "format": "date-time"},
        "cancelling": {"type": "boolean", "description": "It was asked to end and has not yet."},
        "progress": {
            "type": "object",
            "properties": {
                "text": {"type": "string"},
                **{name: {"type": "integer"} for name in ("step", "steps", "rows", "total")},
            },
        },
        "result": {"type": "object", "description": "What it led to: the version that is live."},
        "problems": {"type": "array", "items": {"type": "object"}},
    },
    "required": ["id", "kind", "state", "created_at"],
}
PACKAGE: Final[Json] = {"application/zip": {"schema": {"type": "string", "format": "binary"}}}
PACKAGED: Final[list[Json]] = [
    _query("message", {"type": "string"}, "Beside a package: what the change is for."),
    _query("base", {"type": "integer"}, "Beside a package: version that the plan was made on."),
    _query("decisions", {"type": "string"}, "Beside a package: the decisions, as JSON."),
]
EXPORT: Final[list[Json]] = [
    _query("module", {"type": "array", "items": {"type": "string"}}, "Modules; all without it."),
    _query("closure", {"type": "boolean"}, "Also the modules that those require."),
    _query("version", {"type": "integer"}, "The version to export; the live one without it."),
]


def _ref(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}


def _parameter(name: str) -> Json:
    return {"$ref": f"#/components/parameters/{name}"}


def _list_parameters() -> list[Json]:
    return [_parameter(name) for name in LIST_PARAMETERS]


def _page(item: Json) -> Json:
    return {
        "items": {"type": "array", "items": item},
        "next": {"type": ["string", "null"]},
        "count": {"type": ["integer", "string", "null"]},
    }


def _json(schema: Json) -> Json:
    return {"application/json": {"schema": schema}}


def _body(schema: Json) -> Json:
    return {"required": True, "content": _json(schema)}


REVERSE: Final[Json] = _body(
    {
        "type": "object",
        "properties": {
            "reason": {"type": "string"},
            "date": {"type": "string", "description": "What the reversal counts for; today."},
        },
        "required": ["reason"],
        "additionalProperties": False,
    }
)
PERIOD: Final[Json] = {
    "type": "object",
    "properties": {
        "month": {"type": "string"},
        "closed": {"type": "boolean"},
        "at": {"type": ["string", "null"], "description": "When somebody said so of this month."},
        "by": {"type": ["string", "null"]},
        "reason": {"type": ["string", "null"]},
    },
    "required": ["month", "closed", "at", "by", "reason"],
}
BEST: Final[Json] = _body(
    {
        "type": "object",
        "properties": {
            "for": {
                "type": "object",
                "description": "Values of the keys; none fits only empty ones.",
            },
            "at": {"type": "string", "description": "The day or instant; now without it."},
            "filter": {"type": "object", "description": "Further conditions, as in a list."},
        },
        "additionalProperties": False,
    }
)
BEST_ANSWER: Final[Json] = {
    "type": "object",
    "properties": {
        "items": {
            "type": "array",
            "description": "The best first.",
            "items": {
                "type": "object",
                "properties": {
                    "id": {"type": "string", "format": "uuid"},
                    "matched": {"type": "array", "items": {"type": "string"}},
                    "because": {"type": ["string", "null"], "description": "Why before the next."},
                },
                "required": ["id", "matched", "because"],
            },
        },
        "cut": {"type": "boolean", "description": "There may be more."},
    },
    "required": ["items", "cut"],
}
MONTH: Final[Json] = {
    "name": "month",
    "in": "path",
    "required": True,
    "schema": {"type": "string"},
    "description": "A month such as 2025-06.",
}
REOPEN: Final[Json] = _body(
    {
        "type": "object",
        "properties": {"reason": {"type": "string", "maxLength": 500}},
        "required": ["reason"],
        "additionalProperties": False,
    }
)
BALANCES: Final[Json] = {
    "type": "object",
    "properties": {
        "on": {"type": "string", "format": "date"},
        "items": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"balance": {}, "entries": {"type": "integer"}},
                "description": "The fields of the account beside its balance.",
                "required": ["balance", "entries"],
            },
        },
        "cut": {"type": "boolean", "description": "There are more accounts."},
    },
    "required": ["on", "items", "cut"],
}
RESTORE: Final[Json] = _body(
    {
        "type": "object",
        "properties": {
            "before": {"type": "string", "format": "uuid", "description": "A line of the history."},
            "after": {"type": "string", "format": "uuid", "description": "A line of the history."},
            "fields": {
                "type": "array",
                "items": {"type": "string"},
                "description": "Fields, relations, or rows as relation.id; all without it.",
            },
        },
        "oneOf": [{"required": ["before"]}, {"required": ["after"]}],
        "additionalProperties": False,
    }
)
UNDELETE: Final[Json] = {
    **_body(
        {
            "type": "object",
            "properties": {
                "values": {
                    "type": "object",
                    "description": "Other values for fields, where others have taken the old ones.",
                }
            },
            "additionalProperties": False,
        }
    ),
    "required": False,
}
FOUND: Final[Json] = {
    "type": "object",
    "properties": {
        "items": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "object": {"type": "string"},
                    "id": {"type": "string", "format": "uuid"},
                    "title": {"description": "As in the record; null where it may not be read."},
                },
                "required": ["object", "id", "title"],
            },
        },
        "more": {"type": "array", "items": {"type": "string"}, "description": "Objects."},
    },
    "required": ["items", "more"],
}

"""Bad requests to the API: what is sent, the status and code that must come, and where it points.

`<name>` in an address, a body or a header stands for an id of the prepared records.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

NOWHERE = "0197a1b2-0000-7000-8000-000000000000"
CLAIMS = "/api/v1/records/claim"
DRAFT = f"{CLAIMS}/<draft>"
SUBMIT = f"{DRAFT}/transitions/submit"
CANCEL = f"{DRAFT}/transitions/cancel"
BULK = f"{CLAIMS}/bulk"
TASK = "/api/v1/tasks/<task>"
DROP = 'claim"; DROP TABLE claim; --'
QUOTED = "subject' OR '1'='1"
IF_1 = {"If-Match": '"1"'}


@dataclass(frozen=True)
class BadRequest:
    name: str
    status: int
    code: str
    place: str
    """The JSON Pointer of the problem."""
    method: str
    address: str
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    login: str | None = "ann"
    says: str = ""
    """What message or remedy must name."""


def listed(name: str, code: str, place: str, says: str = "", **arguments: Any) -> BadRequest:
    return BadRequest(name, 422, code, place, "GET", f"{CLAIMS}?{urlencode(arguments)}", says=says)


def filtered(name: str, code: str, place: str, condition: Any, says: str = "") -> BadRequest:
    body = {"filter": condition}
    return BadRequest(name, 422, code, place, "POST", f"{CLAIMS}/query", body, says=says)


def created(name: str, code: str, place: str, says: str = "", **values: Any) -> BadRequest:
    body = {"subject": "Never stored", **values}
    return BadRequest(name, 422, code, place, "POST", CLAIMS, body, says=says)


def sent(name: str, code: str, body: bytes, place: str = "", says: str = "") -> BadRequest:
    return BadRequest(name, 422, code, place, "POST", CLAIMS, body, says=says)


def patched(name: str, code: str, place: str, says: str = "", **values: Any) -> BadRequest:
    return BadRequest(name, 422, code, place, "PATCH", DRAFT, values, IF_1, says=says)


def bulk(name: str, code: str, place: str, body: Any, says: str = "") -> BadRequest:
    return BadRequest(name, 422, code, place, "POST", BULK, body, says=says)


def condition(field_name: Any, op: Any, value: Any) -> dict[str, Any]:
    return {"field": field_name, "op": op, "value": value}


def nested(levels: int) -> Any:
    tree: Any = condition("fee", "=", "1")
    for _ in range(levels):
        tree = {"and": [tree]}
    return tree


BAD_REQUESTS = (
    # bytes that are no request
    sent("not JSON", "json.syntax", b'{"subject": '),
    sent("a form", "json.syntax", b"subject=Dented+door"),
    sent("nothing", "json.syntax", b""),
    sent("duplicate key", "json.duplicate_key", b'{"fee": "1", "fee": "2"}', "/fee", "fee"),
    sent("NaN", "json.non_finite", b'{"subject": "x", "fee": NaN}', "/fee", "NaN"),
    sent("infinite", "json.non_finite", b'{"subject": "x", "fee": 1e999}', "/fee", "1e999"),
    sent("not UTF-8", "json.encoding", b'{"subject": "\xff"}'),
    sent("lone surrogate", "text.illegal_char", b'{"subject": "\\ud800"}', "/subject"),
    sent("too deep", "json.too_deep", b"[" * 500 + b"]" * 500, "/0/0/0"),
    sent("a list", "request.object_needed", b"[]"),
    sent("huge number", "json.number_range", b'{"fee": ' + b"9" * 5000 + b"}", "/fee"),
    BadRequest("10 MB", 413, "http.413", "", "POST", CLAIMS, b'"' + b"a" * 10_000_000 + b'"'),
    # who asks
    BadRequest("no token", 401, "auth.required", "", "GET", CLAIMS, login=None),
    BadRequest(
        "a wrong token", 401, "auth.required", "", "GET", CLAIMS, None,
        {"Authorization": "Bearer hr_0000000000000000"}, None,
    ),
    BadRequest(
        "a password", 401, "auth.required", "", "GET", CLAIMS, None,
        {"Authorization": "Basic YW5uOnNlY3JldA=="}, None,
    ),
    # names that do not exist, or look like SQL
    BadRequest("unknown object", 404, "not_found", "", "GET", "/api/v1/records/claims"),
    BadRequest("SQL as object", 404, "not_found", "", "GET", f"/api/v1/records/{DROP}"),
    BadRequest("SQL as id", 404, "not_found", "", "GET", f"{CLAIMS}/' OR 1=1 --"),
    BadRequest("SQL as report", 404, "not_found", "", "GET", f"/api/v1/reports/{DROP}"),
    BadRequest(
        "SQL as transition", 404, "workflow.unknown_transition", "", "POST",
        f"{DRAFT}/transitions/{QUOTED}", {}, IF_1, says=QUOTED,
    ),
    BadRequest("a foreign record", 404, "not_found", "", "GET", f"{CLAIMS}/<foreign>"),
    BadRequest("method", 404, "not_found", "", "PUT", DRAFT, {}),
    listed("unknown parameter", "query.unknown_parameter", "/page", "page", page="2"),
    listed("unknown sort", "field.unknown", "/sort", "colour", sort="colour"),
    listed("SQL as sort", "field.unknown", "/sort", QUOTED, sort=QUOTED),
    listed("SQL as field", "field.unknown", "/fields", "DROP TABLE", fields=DROP),
    listed("hidden field", "field.unknown", "/fields", "reserve", fields="reserve"),
    listed("a field of no reference", "query.not_a_reference", "/fields", "fee", fields="fee.name"),
    listed("expand a number", "query.not_a_reference", "/expand", "fee", expand="fee"),
    listed("SQL as expand", "field.unknown", "/expand", "DROP", expand=DROP),
    listed("limit 0", "query.invalid", "/limit", "limit", limit="0"),
    listed("limit in words", "query.invalid", "/limit", "limit", limit="many"),
    listed("limit too large", "query.invalid", "/limit", "limit", limit="100000"),
    listed("wrong count", "query.invalid", "/count", "count", count="maybe"),
    listed("SQL as cursor", "query.cursor_invalid", "/cursor", cursor=QUOTED),
    listed("broken filter", "filter.invalid", "/filter", filter="["),
    filtered("filter is a text", "filter.invalid", "/filter", "fee = 1"),
    filtered("SQL as filter field", "field.unknown", "/filter/field", condition(QUOTED, "=", 1), QUOTED),
    filtered("SQL as operator", "filter.operator", "/filter/op", condition("fee", "= 1 OR 1", 1), "fee"),
    filtered("operator of another type", "filter.operator", "/filter/op", condition("fee", "contains", "1"), "fee"),
    filtered("a float for money", "schema.wrong_type", "/filter/value", condition("fee", "=", 1.5)),
    filtered("a number for a text", "value.wrong_type", "/filter/value", condition("subject", "=", 1)),
    filtered("filter far too deep", "json.too_deep", "/filter/and/0", nested(60)),
    filtered("filter too deep", "query.too_complex", "/filter" + "/and/0" * 10, nested(12)),
    filtered("hidden filter field", "field.unknown", "/filter/field", condition("reserve", ">", "0"), "reserve"),
    # values
    created("unknown field", "field.unknown", "/colour", "colour", colour="red"),
    created("SQL as field of a record", "field.unknown", f"/{QUOTED}", QUOTED, **{QUOTED: 1}),
    created("required", "value.required", "/subject", subject=None),
    created("wrong type", "value.wrong_type", "/subject", subject=["x"]),
    created("a float", "schema.wrong_type", "/fee", fee=1.5),
    created("too precise", "value.too_precise", "/fee", fee="1.234"),
    created("too long", "value.too_long", "/subject", subject="x" * 101),
    created("control character", "value.illegal_character", "/subject", subject="a\u0007b"),
    created("no such day", "value.invalid", "/claimed_on", "2025-02-30", claimed_on="2025-02-30"),
    created("no such choice", "value.not_a_choice", "/kind", "theft", kind="theft"),
    created("out of range", "value.out_of_range", "/fee", fee="9" * 30),
    created("rule", "rule.broken", "/fee", fee="900"),
    created("not unique", "value.not_unique", "/subject", subject="Draft"),
    created("state", "field.workflow_controlled", "/status", "status", status="paid"),
    created("written by the system", "field.read_only", "/decided_at", decided_at="2025-01-01T00:00:00Z"),
    created("number", "field.read_only", "/claim_no", "claim_no", claim_no="CL-1"),
    created("computed", "field.read_only", "/payable", "payable", payable="0"),
    created("id", "field.read_only", "/id", id=NOWHERE),
    created("an id of nothing", "reference.not_found", "/company", company=NOWHERE),
    created("a foreign company", "reference.not_found", "/company", company="<rival>"),
    created("no id", "value.invalid", "/company", company="acme'; --"),
    created("an unknown key", "reference.not_found", "/company", company={"key": "nobody"}),
    created("a reference of two ways", "value.wrong_type", "/company", company={"id": NOWHERE, "key": "acme"}),
    created("wrong type in a row", "value.wrong_type", "/items/1/qty", items=[{"what": "a"}, {"what": "b", "qty": []}]),
    created("below the least in a row", "value.out_of_range", "/items/1/qty", items=[{"what": "a"}, {"what": "b", "qty": "0"}]),
    created("unknown field in a row", "field.unknown", "/items/0/colour", "colour", items=[{"what": "a", "colour": "b"}]),
    created("rows are a text", "value.wrong_type", "/items", items="three"),
    created("too many rows", "children.too_many", "/items", items=[{"what": "a"}] * 51),
    # changes
    BadRequest("without a version", 428, "precondition.required", "", "PATCH", DRAFT, {"fee": "1"}),
    BadRequest(
        "a wrong version", 422, "precondition.invalid", "", "PATCH", DRAFT, {"fee": "1"},
        {"If-Match": '"one"'}, says="one",
    ),
    BadRequest(
        "a stale version", 409, "record.stale", "", "PATCH", f"{CLAIMS}/<changed>", {"fee": "1"}, IF_1,
    ),
    BadRequest("delete without a right", 403, "access.forbidden", "", "DELETE", DRAFT, None, IF_1),
    patched("not editable", "field.not_editable", "/company", "company", company="<acme>"),
    patched("state changed", "field.workflow_controlled", "/status", "status", status="paid"),
    patched("foreign row", "child.not_found", "/items/update/0/id", "items", items={"update": [{"id": NOWHERE, "qty": "1"}]}),
    patched("row deleted twice", "child.named_twice", "/items/delete/1", items={"delete": ["<row>", "<row>"]}),
    patched("unknown change of rows", "value.wrong_type", "/items", "update", items={"replace": []}),
    # many at once
    bulk("unknown mode", "bulk.invalid", "/mode", {"mode": "drop", "records": []}, "mode"),
    bulk("no records", "bulk.invalid", "/records", {"mode": "create"}, "records"),
    bulk("second of two", "rule.broken", "/records/1/fee", {"mode": "create", "records": [{"subject": "a"}, {"subject": "b", "fee": "900"}]}),
    BadRequest(
        "update of many without a version", 428, "precondition.required", "/records/0/version", "POST",
        BULK, {"mode": "update", "records": [{"id": "<draft>", "fee": "1"}]},
    ),
    bulk("too many", "bulk.too_many", "/records", {"mode": "create", "records": [{}] * 2001}),
    bulk("SQL as key", "reference.unknown_key", "/key", {"mode": "upsert", "key": QUOTED, "records": [{"subject": "a"}]}, QUOTED),
    # transitions and tasks
    BadRequest("unversioned transition", 428, "precondition.required", "", "POST", SUBMIT, {}),
    BadRequest("comment missing", 422, "workflow.comment_needed", "/comment", "POST", CANCEL, {}, IF_1),
    BadRequest(
        "wrong state", 409, "workflow.wrong_state", "", "POST",
        f"{DRAFT}/transitions/revise", {}, IF_1, says="Revise",
    ),
    BadRequest(
        "guard", 422, "workflow.guard", "", "POST",
        f"{CLAIMS}/<empty>/transitions/submit", {}, IF_1, says="Submit",
    ),
    BadRequest("unknown key", 422, "request.unknown_key", "/coment", "POST", SUBMIT, {"coment": "x"}, IF_1, says="coment"),
    BadRequest("somebody else's task", 404, "not_found", "", "GET", TASK),
    BadRequest(
        "decided twice", 409, "task.already_decided", "", "POST", "/api/v1/tasks/<decided>/approve",
        {}, IF_1, "manager", "Manager",
    ),
    BadRequest("reason missing", 422, "approval.reason_needed", "/comment", "POST", f"{TASK}/reject", {}, IF_1, "manager"),
    BadRequest(
        "field of no step", 422, "approval.not_editable", "/values/subject", "POST",
        f"{TASK}/approve", {"values": {"subject": "x"}}, IF_1, "manager",
    ),
    BadRequest(
        "withdraw what another submitted", 404, "not_found", "", "POST",
        "/api/v1/approvals/<run>/withdraw", {}, {}, "bob",
    ),
    BadRequest("unknown inbox", 422, "query.invalid", "/state", "GET", "/api/v1/tasks?state=all", says="state"),
    BadRequest("unknown form of a report", 422, "query.invalid", "/format", "GET", "/api/v1/reports/claims_by_month?format=exe"),
    BadRequest("a broken cell", 422, "query.invalid", "/cell", "GET", "/api/v1/reports/claims_by_month/rows?cell=["),
    # keys
    BadRequest("key used for another", 422, "idempotency.mismatch", "", "POST", CLAIMS, {"subject": "b"}, {"Idempotency-Key": "used"}),
    BadRequest("no key", 422, "idempotency.key", "", "POST", CLAIMS, {"subject": "b"}, {"Idempotency-Key": "x" * 300}),
    # definitions
    BadRequest("design without a right", 403, "access.design", "", "POST", "/api/v1/metadata/publish", {"modules": {}}),
    BadRequest(
        "a bad document", 422, "document.unknown_kind", "/modules/claims/0/kind", "POST", "/api/v1/metadata/publish",
        {"modules": {"claims": [{"kind": "table", "name": "x"}]}}, {}, "admin", "table",
    ),
    BadRequest("upgrade without a right", 403, "access.design", "", "POST", "/api/v1/metadata/upgrade", {"modules": {}}),
    BadRequest(
        "an upgrade to a bad document", 422, "document.unknown_kind", "/modules/claims/0/kind", "POST", "/api/v1/metadata/upgrade",
        {"modules": {"claims": [{"kind": "table", "name": "x"}]}}, {}, "admin", "table",
    ),
    BadRequest(
        "an upgrade with an unknown key", 422, "request.modules", "/modules", "POST", "/api/v1/metadata/upgrade/plan",
        {"modules": {}, "force": True}, {}, "admin",
    ),
    BadRequest(
        "an answer to no conflict", 422, "merge.unknown_conflict", "/decisions", "POST", "/api/v1/metadata/upgrade",
        {"modules": {"other": [{"kind": "module", "name": "other", "version": "1.0.0"}]}, "decisions": {"no/such": {"answer": "ours"}}},
        {}, "admin", "no/such",
    ),
    BadRequest(
        "local changes of no module", 404, "module.unknown", "", "GET", "/api/v1/metadata/local-changes?module=ghost",
        None, {}, "admin", "ghost",
    ),
    BadRequest("a question to the audit trail", 422, "request.audit", "/limit", "GET", "/api/v1/metadata/audit?limit=0", None, {}, "admin"),
)  # fmt: skip

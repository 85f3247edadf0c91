"""The table of bad definitions (BAD-01 to BAD-60): what is sent, which code comes, and where.

`raw` rows are bytes of a file; the others are changes to a right workspace. Rows that need records
to count are with what counts them: 21, 33 and 36 to 41 and 55 with plans and rows, 34 and 35 with
identities, 59 with packages, 60 with drafts. What the runtime does not have cannot be written: a
key for it is `schema.unknown_field` (45 patterns, 53 quorums and splits, 54 timers).
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.contract.bad_documents import (
    APPROVAL,
    CLAIM,
    COMPANY,
    FLOW,
    FORM,
    GRANTS,
    ITEM,
    REPORT,
    Contents,
)
from tests.support.documents import field, label

Change = Callable[[Contents], object]


@dataclass(frozen=True)
class Row:
    """A case: the code that must come at a place that ends with `place`."""

    id: str
    name: str
    code: str
    place: str
    change: Change | None = None
    raw: bytes | None = None
    severity: str = "error"
    live_code: str | None = None
    """Where a workspace is live, ids are matched first: the code that comes then."""
    alone: str | None = None
    """How severe it is in modules checked by themselves, which may count on others."""


def _field(c: Contents, name: str, key: tuple[str, str] = CLAIM) -> dict[str, Any]:
    return next(one for one in c[key]["fields"] if one["name"] == name)


def _with(name: str, key: tuple[str, str] = CLAIM, **keys: Any) -> Change:
    return lambda c: _field(c, name, key).update(keys)


def _more(*fields: dict[str, Any], key: tuple[str, str] = CLAIM) -> Change:
    return lambda c: c[key]["fields"].extend(copy.deepcopy(fields))


def _named(name: str) -> Change:
    return _more({"name": name, "type": "text", "label": label("x", "x")})


def _first(c: Contents) -> dict[str, Any]:
    transition: dict[str, Any] = c[FLOW]["transitions"][0]
    return transition


def _step(c: Contents, position: int = 0) -> dict[str, Any]:
    step: dict[str, Any] = c[APPROVAL]["steps"][position]
    return step


def _twin(priority: int = 10, **keys: Any) -> Change:
    def change(c: Contents) -> None:
        twin = {**copy.deepcopy(c[APPROVAL]), "name": "twin", "priority": priority, **keys}
        c["approval", "twin"] = twin

    return change


def _required_circle(c: Contents) -> None:
    del _field(c, "company")["default"]
    _more(field("first_claim", "lookup", to="claim", required=True), key=COMPANY)(c)


def _rollup_circle(c: Contents) -> None:
    _more(field("share", "formula", returns="money", formula="qty * price"), key=ITEM)(c)
    _more(field("parts", "rollup", op="sum", of="claim.parts", by="company"), key=CLAIM)(c)
    _more(field("parts", "rollup", op="sum", of="claim.worth", by="company"), key=COMPANY)(c)
    _more(
        field("worth", "rollup", op="sum", of="company.parts", by="parent"),
    )(c)
    _field(c, "parts").update(op="sum", of="claim.parts", by="parent_claim")
    _more(field("parent_claim", "tree"))(c)


def _loop(c: Contents) -> None:
    c[FLOW]["states"] += [{"name": one, "label": label(one, one)} for one in ("waiting", "asked")]
    c[FLOW]["transitions"] += [
        {"name": "wait", "label": label("a", "a"), "from": ["draft"], "to": "waiting"},
        {"name": "ask", "label": label("a", "a"), "from": ["waiting"], "to": "asked"},
        {"name": "back", "label": label("a", "a"), "from": ["asked"], "to": "waiting"},
    ]


def _many_joins(c: Contents) -> None:
    names = [f"place{n}" for n in range(25)]
    _more(*(field(one, "lookup", to="region") for one in names))(c)
    c[REPORT]["group_rows"] = [f"{one}.name" for one in names[:5]]
    c[REPORT]["measures"] += [{"op": "max", "field": f"{one}.name"} for one in names[5:22]]


def _deep(levels: int) -> str:
    return "(" * levels + "fee" + ")" * levels


HEAD = b'{"kind": "role", "name": "extra"'
TABLE = (
    Row("BAD-01", "cut short", "json.syntax", "", raw=b'{\n"kind": "role",\n"name": }'),
    Row(
        "BAD-02",
        "key twice",
        "json.duplicate_key",
        "/fields/0/type",
        raw=b'{"kind": "object", "fields": [{"type": "integer", "type": "text"}]}',
    ),
    Row("BAD-03", "NaN", "json.non_finite", "/x", raw=HEAD + b', "x": NaN}'),
    Row("BAD-03", "Infinity", "json.non_finite", "/x", raw=HEAD + b', "x": Infinity}'),
    Row("BAD-03", "1e999", "json.non_finite", "/x", raw=HEAD + b', "x": 1e999}'),
    Row("BAD-04", "100,000 levels", "json.too_deep", "", raw=b"[" * 100_000 + b"]" * 100_000),
    Row("BAD-05", "6 MB", "json.too_large", "", raw=HEAD + b', "x": "' + b"a" * 6_000_000 + b'"}'),
    Row(
        "BAD-06",
        "5,000 digits",
        "json.number_range",
        "/x",
        raw=HEAD + b', "x": ' + b"9" * 5000 + b"}",
    ),
    Row("BAD-07", "NUL", "text.illegal_char", "/en", raw=HEAD + b', "label": {"en": "a\\u0000"}}'),
    Row(
        "BAD-07",
        "half a pair",
        "text.illegal_char",
        "/en",
        raw=HEAD + b', "label": {"en": "\\ud800"}}',
    ),
    Row("BAD-08", "a list", "schema.wrong_type", "", raw=b"[]"),
    Row("BAD-08", "null", "schema.wrong_type", "", raw=b"null"),
    Row(
        "BAD-09",
        "text for yes",
        "schema.wrong_type",
        "/required",
        _with("subject", required="true"),
    ),
    Row(
        "BAD-09", "text for a number", "schema.wrong_type", "/length", _with("subject", length="20")
    ),
    Row(
        "BAD-09", "yes for a number", "schema.wrong_type", "/length", _with("subject", length=True)
    ),
    Row("BAD-09", "20.0", "schema.wrong_type", "/x", raw=HEAD + b', "x": 20.0}'),
    Row(
        "BAD-10", "unknown key", "schema.unknown_field", "/requird", _with("subject", requird=True)
    ),
    Row(
        "BAD-11",
        "no type",
        "schema.missing_field",
        "/fields/2",
        lambda c: _field(c, "subject").pop("type"),
    ),
    Row("BAD-12", "unknown type", "field.unknown_type", "/type", _with("fee", type="moneyy")),
    *(
        Row("BAD-14", one, "name.system_reserved", "/name", _named(one))
        for one in ("id", "version", "created_at")
    ),
    Row("BAD-15", "upper case twin", "name.collision", "/name", _named("Fee")),
    Row(
        "BAD-15",
        "sharp s",
        "name.collision",
        "/1/name",
        lambda c: c[ITEM]["fields"].__setitem__(
            slice(1, 3), [field("straße", "text"), field("strasse", "text")]
        ),
    ),
    Row("BAD-16", "Cyrillic", "name.confusable", "/name", _named("\u0430mount")),
    Row("BAD-16", "Kelvin", "name.confusable", "/name", _named("\u212aelvin")),
    Row("BAD-16", "full width", "name.confusable", "/name", _named("\uff41mount")),
    Row("BAD-17", "zero width", "name.illegal_char", "/name", _named("fe\u200be")),
    Row("BAD-17", "blank", "name.illegal_char", "/name", _named(" fee2")),
    Row("BAD-18", "70 letters", "name.too_long", "/name", _named("a" * 70)),
    Row("BAD-18", "40 Chinese", "name.too_long", "/name", _named("名" * 40)),
    *(
        Row("BAD-19", one or "empty", "name.pattern", "/name", _named(one))
        for one in ("1abc", "", "__proto__", "a;drop", 'a"b', "a.b")
    ),
    Row(
        "BAD-20",
        "10,000 fields",
        "object.too_many_fields",
        "/fields",
        _more(*({"name": f"f{n}", "type": "boolean"} for n in range(10_000))),
    ),
    Row(
        "BAD-22",
        "wide row",
        "object.row_size",
        "/fields",
        _more(*(field(f"t{n}", "text", length=400) for n in range(400))),
    ),
    Row(
        "BAD-22",
        "wide key",
        "object.row_size",
        "/unique",
        _more(field("essay", "long_text", unique=True)),
    ),
    Row("BAD-23", "missing object", "ref.unknown_object", "/to", _with("company", to="compani")),
    Row("BAD-24", "required circle", "ref.required_cycle", "", _required_circle),
    Row("BAD-25", "own master", "ref.ownership_cycle", "", _with("claim", ITEM, to="claim_item")),
    Row(
        "BAD-26",
        "formula reads itself",
        "formula.cycle",
        "/formula",
        _with("payable", formula="payable + 1"),
    ),
    Row(
        "BAD-26",
        "over a reference",
        "formula.cycle",
        "/formula",
        _more(
            field("level", "formula", returns="integer", formula="parent.level + 1"), key=COMPANY
        ),
    ),
    Row("BAD-27", "roll-ups", "rollup.cycle", "", _rollup_circle),
    Row(
        "BAD-28",
        "deep formula",
        "formula.too_complex",
        "/formula",
        _with("payable", formula=_deep(1000)),
    ),
    Row(
        "BAD-28",
        "long formula",
        "formula.too_complex",
        "/formula",
        _with("payable", formula="fee+" * 250_000 + "1"),
    ),
    Row(
        "BAD-29",
        "missing field",
        "formula.unknown_field",
        "/formula",
        _with("payable", formula="totl"),
    ),
    Row(
        "BAD-29",
        "money and text",
        "formula.type",
        "/formula",
        _with("payable", formula="fee + subject"),
    ),
    Row(
        "BAD-30",
        "by zero",
        "formula.constant_error",
        "/formula",
        _with("payable", formula="fee / 0"),
    ),
    Row(
        "BAD-30",
        "too large",
        "formula.constant_error",
        "/formula",
        _with("payable", formula="fee + 999999999999999999 * 10"),
    ),
    Row(
        "BAD-31",
        "leak",
        "formula.leaks_restricted_field",
        "/formula",
        _with("payable", formula="reserve"),
    ),
    Row(
        "BAD-42",
        "option twice",
        "option.duplicate",
        "/value",
        lambda c: _field(c, "kind")["choices"][1].update(value="DAMAGE"),
    ),
    Row("BAD-43", "text for money", "default.invalid", "/default", _with("fee", default="'none'")),
    Row("BAD-43", "no option", "default.invalid", "/default", _with("kind", default="'theft'")),
    Row(
        "BAD-43",
        "too long",
        "default.invalid",
        "/default",
        _with("subject", default=f"'{'x' * 101}'"),
    ),
    Row(
        "BAD-43", "above the most", "default.invalid", "/default", _with("qty", ITEM, default="-5")
    ),
    Row(
        "BAD-44",
        "least above most",
        "field.range",
        "/least",
        _with("qty", ITEM, least="5", most="1"),
    ),
    Row(
        "BAD-44",
        "scale above precision",
        "field.range",
        "/scale",
        _more(field("d", "decimal", precision=2, scale=4)),
    ),
    Row("BAD-44", "negative length", "field.range", "/length", _with("subject", length=-1)),
    Row("BAD-44", "huge length", "field.range", "/length", _with("subject", length=10**9)),
    # Patterns that run for ever elsewhere, such as (a+)+$, are matched in linear time here.
    Row("BAD-45", "an open set", "pattern.syntax", "/pattern", _with("subject", pattern="[")),
    Row(
        "BAD-45",
        "looking behind",
        "pattern.syntax",
        "/pattern",
        _with("subject", pattern="(?<=a)b"),
    ),
    Row(
        "BAD-45",
        "a reference back",
        "pattern.syntax",
        "/pattern",
        _with("subject", pattern=r"(a+)+\1$"),
    ),
    Row(
        "BAD-46",
        "no start",
        "workflow.start_state",
        "/states",
        lambda c: c[FLOW]["states"][0].update(initial=False),
    ),
    Row(
        "BAD-46",
        "two starts",
        "workflow.start_state",
        "/states",
        lambda c: c[FLOW]["states"][1].update(initial=True),
    ),
    Row(
        "BAD-47",
        "unreachable",
        "workflow.unreachable_state",
        "/states/5",
        lambda c: c[FLOW]["states"].append({"name": "lost", "final": True}),
    ),
    Row(
        "BAD-48",
        "dead end",
        "workflow.dead_end",
        "/states/2",
        lambda c: c[FLOW]["states"][2].update(final=False),
    ),
    Row("BAD-48", "loop", "workflow.dead_end", "/states/5", _loop),
    Row(
        "BAD-49",
        "unknown state",
        "workflow.unknown_state",
        "/to",
        lambda c: _first(c).update(to="nowhere"),
    ),
    Row(
        "BAD-49",
        "transition twice",
        "workflow.ambiguous",
        "/transitions/3",
        lambda c: c[FLOW]["transitions"].append(dict(c[FLOW]["transitions"][1])),
        live_code="id.duplicate",
    ),
    Row(
        "BAD-50",
        "no approver",
        "workflow.no_approver",
        "/approvers",
        lambda c: _step(c).update(approvers=[]),
    ),
    Row(
        "BAD-51",
        "guard over nothing",
        "guard.unknown_field",
        "/when",
        lambda c: _first(c).update(when="fees > 0"),
    ),
    Row(
        "BAD-51",
        "never",
        "guard.never",
        "/when",
        lambda c: _first(c).update(when="payable > 5 AND payable < 3"),
    ),
    Row("BAD-51", "overlap", "guard.overlap", "/priority", _twin(when="payable > 50")),
    Row(
        "BAD-52",
        "approves oneself",
        "workflow.self_approval_possible",
        "/field",
        lambda c: _step(c).update(approvers=[{"field": "created_by"}]),
        severity="warning",
    ),
    Row("BAD-53", "quorum", "schema.unknown_field", "/quorum", lambda c: _step(c).update(quorum=5)),
    Row(
        "BAD-53",
        "parallel split",
        "schema.unknown_field",
        "/split",
        lambda c: _step(c).update(split=["a", "b"]),
    ),
    Row(
        "BAD-54",
        "timer",
        "schema.unknown_field",
        "/timer",
        lambda c: _step(c).update(timer="-1 day"),
    ),
    Row(
        "BAD-51",
        "a rule whose parts exclude each other",
        "rule.constant",
        "/unless",
        lambda c: c[CLAIM]["rules"][0].update(when="fee > 500", unless="fee > 100"),
    ),
    Row(
        "BAD-51",
        "a step that the approval excludes",
        "guard.never",
        "/steps/1/when",
        lambda c: (
            c[APPROVAL].update(when="payable > 100"),
            c[APPROVAL]["steps"][1].pop("editable"),
            c[APPROVAL]["steps"][1].update(when="payable < 50"),
        ),
    ),
    Row(
        "BAD-57",
        "a grant whose conditions exclude each other",
        "condition.never",
        "/grants/0/when",
        lambda c: c[GRANTS]["grants"][0].update(scope={"criteria": "fee > 500"}, when="fee < 100"),
    ),
    Row(
        "BAD-57",
        "a grant within another",
        "perm.covered",
        "/grants/0",
        lambda c: (
            c[GRANTS]["grants"].insert(
                0, {"role": c[GRANTS]["grants"][0]["role"], "actions": ["read"], "scope": "all"}
            )
            or c[GRANTS]["grants"].append(
                {
                    "role": c[GRANTS]["grants"][0]["role"],
                    "actions": ["read", "create"],
                    "scope": "all",
                }
            )
        ),
        severity="warning",
    ),
    Row(
        "BAD-56",
        "not readable",
        "report.field_not_readable",
        "/field",
        lambda c: (
            c[REPORT]["measures"][0].update(field="reserve"),
            c[REPORT].update(roles=["dealer"]),
        ),
    ),
    Row(
        "BAD-56",
        "by a long text",
        "report.too_complex",
        "/group_rows/0",
        lambda c: (_more(field("essay", "long_text"))(c), c[REPORT].update(group_rows=["essay"])),
    ),
    Row("BAD-56", "many joins", "report.too_complex", "", _many_joins),
    Row(
        "BAD-56",
        "missing field",
        "ref.unknown_field",
        "/0",
        lambda c: c[REPORT].update(group_columns=["nam"]),
    ),
    Row(
        "BAD-57",
        "missing role",
        "perm.unknown",
        "/role",
        lambda c: c[GRANTS]["grants"][0].update(role="x"),
    ),
    Row(
        "BAD-57",
        "missing field",
        "perm.unknown",
        "/edit/0",
        lambda c: c[GRANTS]["grants"][2]["fields"].update(edit=["x"]),
    ),
    Row(
        "BAD-57",
        "nobody designs",
        "perm.lockout",
        "/design",
        lambda c: c["role", "admin"].update(design=False),
        alone="warning",
    ),
    Row(
        "BAD-58",
        "field twice",
        "form.duplicate_field",
        "/items/6",
        lambda c: c[FORM]["sections"][0]["items"].append("fee"),
    ),
    Row(
        "BAD-58",
        "required missing",
        "form.required_missing",
        "/sections",
        lambda c: c[FORM]["sections"][0]["items"].remove("subject"),
    ),
)

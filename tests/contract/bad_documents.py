"""Bad workspaces: a change to the good one, the code that must come, and where it must point."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.support.documents import field, label

Contents = dict[tuple[str, str], dict[str, Any]]
CLAIM = ("object", "claim")
ITEM = ("object", "claim_item")
COMPANY = ("object", "company")
FLOW = ("workflow", "claim_flow")
APPROVAL = ("approval", "claim_by_amount")
GRANTS = ("permission", "claim")
FORM = ("form", "claim_entry")
VIEW = ("view", "open_claims")
REPORT = ("report", "claims_by_month")
MODULE = ("module", "claims")


@dataclass(frozen=True)
class Bad:
    name: str
    code: str
    place: str
    change: Callable[[Contents], object]


def _field(contents: Contents, key: tuple[str, str], name: str) -> dict[str, Any]:
    return next(one for one in contents[key]["fields"] if one["name"] == name)


def _set(key: tuple[str, str], *path: Any) -> Callable[[Contents], object]:
    """Return a change that sets what `path` but its last part leads to; lists by position."""

    def change(contents: Contents) -> None:
        *way, last, value = path
        target: Any = contents[key]
        for step in way:
            target = target[step]
        target[last] = value

    return change


def _with(name: str, /, **keys: Any) -> Callable[[Contents], object]:
    return lambda contents: _field(contents, CLAIM, name).update(keys)


def _add(key: tuple[str, str], part: str, *items: Any) -> Callable[[Contents], object]:
    return lambda contents: contents[key].setdefault(part, []).extend(items)


def _field_rule(**keys: Any) -> Callable[[Contents], object]:
    rule = {"name": "fresh", "about": ["reserve"], "effect": "require", "when": "fee > 10", **keys}
    return lambda contents: contents[CLAIM].update(field_rules=[rule])


def _total(**keys: Any) -> Callable[[Contents], object]:
    """Return a change of how the total of claims is made; None takes a key away."""

    def change(contents: Contents) -> None:
        total = _field(contents, CLAIM, "total")
        total.update(keys)
        for key in [key for key, value in total.items() if value is None]:
            del total[key]

    return change


def _ledger(**keys: Any) -> Callable[[Contents], object]:
    """Return a change that makes claims a ledger, all of it right but for `keys`."""
    fields = (
        {"name": "posted", "type": "money", "required": True},
        {"name": "after", "type": "money", "written_by": "system"},
        {"name": "after_qty", "type": "quantity", "written_by": "system"},
        {"name": "entered", "type": "money"},
        {"name": "place", "type": "integer", "written_by": "system"},
        {"name": "memo", "type": "text", "length": 40},
        {"name": "reverses", "type": "lookup", "to": "claim", "unique": True}
        | {"written_by": "system"},
    )
    ledger = {
        "amount": "posted",
        "balance": "after",
        "position": "place",
        "date": "claimed_on",
        "partition": ["company"],
        **keys,
    }

    def change(contents: Contents) -> None:
        contents[CLAIM]["fields"] += [
            {"label": label(one["name"], one["name"]), **one} for one in fields
        ]
        contents[CLAIM]["ledger"] = ledger

    return change


def _drop(key: tuple[str, str], part: str) -> Callable[[Contents], object]:
    return lambda contents: contents[key].pop(part)


def _two(*changes: Callable[[Contents], object]) -> Callable[[Contents], object]:
    return lambda contents: [change(contents) for change in changes]


STATE = {"name": "lost", "label": label("Lost", "丢失"), "final": True}
BAD = (
    # closed schemas
    Bad("unknown key", "schema.unknown_field", "/fields/2/requird", _with("subject", requird=True)),
    Bad("wrong type", "schema.wrong_type", "/fields/2/required", _with("subject", required="true")),
    Bad("number as text", "schema.wrong_type", "/fields/2/length", _with("subject", length="20")),
    Bad("missing key", "schema.missing_field", "claim.json", _drop(CLAIM, "fields")),
    Bad("unknown field type", "field.unknown_type", "/fields/5/type", _with("fee", type="moneyy")),
    Bad("key of another type", "schema.unknown_field", "/fields/5/length", _with("fee", length=5)),
    Bad("upper case name", "name.pattern", "/fields/2/name", _with("subject", name="Subject")),
    Bad("quote in a name", "name.pattern", "/fields/2/name", _with("subject", name='a"b')),
    Bad("long name", "name.too_long", "/fields/2/name", _with("subject", name="a" * 41)),
    Bad(
        "pattern with a hole",
        "pattern.syntax",
        "/fields/2/pattern",
        _with("subject", pattern=r"(a+)+\1"),
    ),
    Bad(
        "pattern that is explained only",
        "field.pattern_missing",
        "/fields/2/pattern_help",
        _with("subject", pattern_help=label("Letters", "字母")),
    ),
    Bad(
        "format longer than the text",
        "field.format_length",
        "/fields/2/length",
        _with("subject", format="cn_uscc", length=10),
    ),
    Bad("text left empty", "schema.empty", "/fields/2/format", _with("subject", format="")),
    Bad("unknown format", "schema.not_allowed", "/fields/2/format", _with("subject", format="vat")),
    Bad(
        "mask of a number", "field.masked_type", "/fields/5/masked", _with("fee", masked={"end": 2})
    ),
    Bad(
        "mask of the title",
        "field.masked_key",
        "/fields/2/masked",
        _two(_with("subject", masked={}), _set(CLAIM, "title", "subject")),
    ),
    Bad(
        "formula that shows a masked field",
        "field.masked_shown",
        "/formula",
        _two(
            _with("subject", masked={}),
            _add(
                CLAIM,
                "fields",
                field("loud", "formula", returns="text", formula="UPPER(subject)"),
            ),
        ),
    ),
    Bad(
        "default that shows a masked field",
        "field.masked_shown",
        "/default",
        _two(
            _with("subject", masked={}),
            _add(CLAIM, "fields", field("copy", "text", default="subject")),
        ),
    ),
    Bad(
        "question that shows a masked field",
        "field.masked_shown",
        "/default",
        _two(
            _with("subject", masked={}),
            _add(COMPANY, "fields", field("copy", "text", default="FIRST(claim.subject)")),
        ),
    ),
    Bad(
        "roll-up that shows a masked field",
        "field.masked_shown",
        "/of",
        _two(
            _with("subject", masked={}),
            _add(
                COMPANY,
                "fields",
                field("newest", "rollup", op="max", of="claim.subject", by="company"),
            ),
        ),
    ),
    Bad(
        "unmask of what is not masked",
        "perm.unknown",
        "/grants/0/fields/unmask/0",
        lambda c: c[GRANTS]["grants"][0].update(fields={"unmask": ["subject"]}),
    ),
    Bad("length out of range", "field.range", "/fields/2/length", _with("subject", length=10**9)),
    Bad(
        "unknown scope",
        "schema.not_allowed",
        "/grants/0/scope",
        _set(GRANTS, "grants", 0, "scope", "everybody"),
    ),
    Bad(
        "unknown action",
        "schema.not_allowed",
        "/grants/0/actions/0",
        _set(GRANTS, "grants", 0, "actions", 0, "peek"),
    ),
    # names
    Bad("field twice", "name.duplicate", "/fields/", _add(CLAIM, "fields", field("fee", "text"))),
    Bad(
        "system field",
        "name.system_reserved",
        "/fields/",
        _add(CLAIM, "fields", field("version", "integer")),
    ),
    Bad(
        "constant twice",
        "name.duplicate",
        "/constants/1",
        _add(MODULE, "constants", {"name": "claim_limit", "type": "money", "value": "1"}),
    ),
    Bad(
        "bad constant",
        "constant.invalid",
        "/constants/0/value",
        _set(MODULE, "constants", 0, "value", "a lot"),
    ),
    # references
    Bad("unknown object", "ref.unknown_object", "/fields/1/to", _with("company", to="compani")),
    Bad(
        "unknown child object",
        "ref.unknown_object",
        "/children/0/object",
        _set(CLAIM, "children", 0, "object", "itemm"),
    ),
    Bad(
        "child by a text",
        "child.not_master_detail",
        "/children/0/by",
        _set(CLAIM, "children", 0, "by", "what"),
    ),
    Bad(
        "own master",
        "ref.ownership_cycle",
        "/fields/0",
        lambda c: _field(c, ITEM, "claim").update(to="claim_item"),
    ),
    Bad(
        "required circle",
        "ref.required_cycle",
        "/fields/",
        _two(
            lambda c: (_field(c, CLAIM, "company").pop("default"), None),
            _add(COMPANY, "fields", field("first_claim", "lookup", to="claim", required=True)),
        ),
    ),
    Bad(
        "scope to nowhere",
        "ref.unknown_field",
        "/scope_paths/territory",
        _set(CLAIM, "scope_paths", "territory", "company.area"),
    ),
    Bad(
        "scope to the wrong object",
        "scope.wrong_target",
        "/scope_paths/organisation",
        _set(CLAIM, "scope_paths", "organisation", "company.region"),
    ),
    Bad(
        "two organisations",
        "object.acts_as_twice",
        "/acts_as",
        _set(CLAIM, "acts_as", "organisation"),
    ),
    Bad("title that is a lookup", "object.title", "/title", _set(CLAIM, "title", "company")),
    # options
    Bad(
        "choice twice",
        "option.duplicate",
        "/choices/1/value",
        lambda c: _field(c, CLAIM, "kind")["choices"][1].update(value="DAMAGE"),
    ),
    Bad("default not a choice", "default.invalid", "/default", _with("kind", default="'theft'")),
    Bad(
        "least above most",
        "field.range",
        "/least",
        lambda c: _field(c, ITEM, "qty").update(least="5", most="1"),
    ),
    # formulas
    Bad("syntax", "formula.syntax", "/formula", _with("payable", formula="total + ")),
    Bad(
        "unknown field in a formula",
        "formula.unknown_field",
        "/formula",
        _with("payable", formula="totl + fee"),
    ),
    Bad("text plus number", "formula.type", "/formula", _with("payable", formula="subject + fee")),
    Bad(
        "unknown function",
        "formula.unknown_function",
        "/formula",
        _with("payable", formula="SUMM(fee)"),
    ),
    Bad("arguments", "formula.arguments", "/formula", _with("payable", formula="ROUND()")),
    Bad(
        "division by zero",
        "formula.constant_error",
        "/formula",
        _with("payable", formula="fee / 0"),
    ),
    Bad(
        "too deep",
        "formula.too_complex",
        "/formula",
        _with("payable", formula="(" * 60 + "fee" + ")" * 60),
    ),
    Bad(
        "formula circle",
        "formula.cycle",
        "/formula",
        _two(
            _with("payable", formula="extra + 1"),
            _add(
                CLAIM, "fields", field("extra", "formula", returns="money", formula="payable + 1")
            ),
        ),
    ),
    Bad(
        "query in a formula field",
        "formula.query_not_allowed",
        "/formula",
        _with("payable", formula="SUM(claim_item.amount)"),
    ),
    Bad(
        "leak",
        "formula.leaks_restricted_field",
        "/formula",
        _with("payable", formula="total + reserve"),
    ),
    Bad("wrong type of a default", "default.invalid", "/default", _with("fee", default="'none'")),
    Bad(
        "rule over an unknown field",
        "formula.unknown_field",
        "/rules/0/unless",
        _set(CLAIM, "rules", 0, "unless", "fees <= 500"),
    ),
    Bad(
        "rule that reads nothing",
        "rule.constant",
        "/rules/0/unless",
        _set(CLAIM, "rules", 0, "unless", "1 < 2"),
    ),
    # field rules
    *(
        Bad(name, code, place, _field_rule(**rule))
        for name, code, place, rule in (
            (
                "field rule over an unknown field",
                "ref.unknown_field",
                "/field_rules/0/about/0",
                {"about": ["none"]},
            ),
            (
                "field rule with an unknown name in its condition",
                "formula.unknown_field",
                "/field_rules/0/when",
                {"when": "fees > 1"},
            ),
            (
                "condition of a field rule that never holds",
                "condition.never",
                "/field_rules/0/when",
                {"when": "fee > 5 AND fee < 1"},
            ),
            (
                "computed field that is required",
                "field_rule.no_effect",
                "/field_rules/0/about/0",
                {"about": ["payable"]},
            ),
            (
                "field that always needs a value",
                "field_rule.no_effect",
                "/field_rules/0/about/0",
                {"about": ["subject"]},
            ),
            (
                "locked field that people never write",
                "field_rule.no_effect",
                "/field_rules/0/about/0",
                {"about": ["decided_at"], "effect": "lock"},
            ),
            (
                "limit of a field without values",
                "field_rule.no_effect",
                "/field_rules/0/about/0",
                {"about": ["fee"], "effect": "limit", "allowed": ["1"]},
            ),
            (
                "limit that allows everything",
                "field_rule.no_effect",
                "/field_rules/0/about/0",
                {"about": ["kind"], "effect": "limit", "allowed": ["damage", "loss"]},
            ),
            (
                "limit without values",
                "field_rule.allowed",
                "/field_rules/0/allowed",
                {"about": ["kind"], "effect": "limit"},
            ),
            (
                "limit to what is no choice",
                "formula.unknown_choice",
                "/field_rules/0/allowed/0",
                {"about": ["kind"], "effect": "limit", "allowed": ["theft"]},
            ),
            (
                "field that is shown only by its own value",
                "field_rule.reads_itself",
                "/field_rules/0/when",
                {"about": ["reserve"], "effect": "show", "when": "reserve > 0"},
            ),
        )
    ),
    Bad(
        "field that is required where it is hidden",
        "field_rule.never",
        "/field_rules/1/when",
        _add(
            CLAIM,
            "field_rules",
            {"name": "one", "about": ["reserve"], "effect": "show", "when": "fee > 10"},
            {"name": "two", "about": ["reserve"], "effect": "require", "when": "fee < 5"},
        ),
    ),
    # record types
    Bad(
        "record type for an unknown role",
        "ref.unknown_role",
        "/record_types/0/roles/0",
        _add(CLAIM, "record_types", {"name": "one", "roles": ["nobody"]}, {"name": "two"}),
    ),
    Bad(
        "record type under an unknown condition",
        "formula.unknown_field",
        "/record_types/0/when",
        _add(CLAIM, "record_types", {"name": "one", "when": "none > 1"}, {"name": "two"}),
    ),
    Bad(
        "two record types of one name",
        "option.duplicate",
        "/record_types/1/name",
        _add(CLAIM, "record_types", {"name": "one"}, {"name": "one"}),
    ),
    Bad(
        "field that is called like that of record types",
        "name.duplicate",
        "/name",
        lambda contents: (
            contents[CLAIM]["fields"].append(field("record_type", "text")),
            contents[CLAIM].update(record_types=[{"name": "one"}]),
        ),
    ),
    Bad(
        "form for an unknown record type",
        "ref.unknown",
        "/for",
        _set(FORM, "for", {"record_types": ["one"]}),
    ),
    Bad(
        "required in an unknown state",
        "workflow.unknown_state",
        "/required_in/0",
        _with("reserve", required_in=["nowhere"]),
    ),
    Bad(
        "computed field that is required in a state",
        "field.required_in",
        "/required_in",
        _with("payable", required_in=["open"]),
    ),
    # roll-ups
    Bad(
        "sum of a text",
        "rollup.not_a_number",
        "/of",
        _add(CLAIM, "fields", field("words", "rollup", op="sum", of="claim_item.what", by="claim")),
    ),
    Bad("roll-up by a text", "rollup.by", "/by", _with("total", by="what")),
    Bad(
        "roll-up over a formula on read",
        "rollup.not_stored",
        "/of",
        _two(
            _add(ITEM, "fields", field("due", "formula", returns="date", formula="TODAY()")),
            _add(
                CLAIM, "fields", field("late", "rollup", op="max", of="claim_item.due", by="claim")
            ),
        ),
    ),
    Bad(
        "condition over a formula on read",
        "rollup.where",
        "/where",
        _two(
            _add(ITEM, "fields", field("due", "formula", returns="date", formula="TODAY()")),
            _total(where="due IS NOT NULL"),
        ),
    ),
    Bad("who asks", "rollup.where_session", "/where", _total(where="claim.created_by = USER()")),
    Bad("average of a text", "rollup.not_a_number", "/of", _total(op="avg", of="claim_item.what")),
    Bad(
        "least text",
        "rollup.value",
        "/of",
        _add(CLAIM, "fields", field("least", "rollup", op="min", of="claim_item.what", by="claim")),
    ),
    Bad("count of a field", "rollup.of", "/of", _total(op="count")),
    Bad("sum of nothing", "rollup.of", "/of", _total(of="claim_item")),
    Bad("last without an order", "rollup.last_by", "/op", _total(op="last")),
    Bad("sum with an order", "rollup.last_by", "/last_by", _total(last_by="qty")),
    Bad("last by a text", "rollup.value", "/last_by", _total(op="last", last_by="what")),
    Bad("sum with a scale", "rollup.scale", "/scale", _total(scale=3)),
    Bad("by and on", "rollup.belonging", "/fields/7", _total(on=["claim"])),
    Bad("neither by nor on", "rollup.belonging", "/fields/7", _total(by=None)),
    Bad("path that leads elsewhere", "rollup.via", "/via", _total(by=None, via="claim.company")),
    Bad("path of one step", "rollup.via", "/via", _total(by=None, via="claim")),
    Bad("path that is none", "ref.unknown_field", "/via", _total(by=None, via="claim.nothing")),
    Bad("shared field that is none", "ref.unknown_field", "/on/0", _total(by=None, on=["what"])),
    Bad(
        "shared fields of two kinds",
        "rollup.on",
        "/on/0",
        _two(
            _add(CLAIM, "fields", field("what", "date")),
            _total(by=None, on=["what"]),
        ),
    ),
    Bad(
        "roll-up on read over another",
        "rollup.nested",
        "/of",
        _two(
            _total(where="claim.fee > 0"),
            _add(
                COMPANY,
                "fields",
                field(
                    "all",
                    "rollup",
                    op="sum",
                    of="claim.total",
                    by="company",
                    where="company.name != 'x'",
                ),
            ),
        ),
    ),
    # ranges
    Bad(
        "range of two kinds",
        "range.ends",
        "/no_overlap/0/to",
        _set(CLAIM, "no_overlap", [{"name": "x", "from": "claimed_on", "to": "fee"}]),
    ),
    Bad(
        "range of one field",
        "range.ends",
        "/no_overlap/0/to",
        _set(CLAIM, "no_overlap", [{"name": "x", "from": "fee", "to": "fee"}]),
    ),
    Bad(
        "range of unknown fields",
        "ref.unknown_field",
        "/no_overlap/0/fields",
        _set(
            CLAIM,
            "no_overlap",
            [{"name": "x", "from": "fee", "to": "reserve", "fields": ["nothing"]}],
        ),
    ),
    Bad(
        "range of what is computed on read",
        "key.not_stored",
        "/no_overlap/0/fields",
        _set(
            CLAIM,
            "no_overlap",
            [{"name": "x", "from": "fee", "to": "reserve", "fields": ["region_name"]}],
        ),
    ),
    *(
        Bad(
            f"range by {name}",
            code,
            f"/no_overlap/0/{place}",
            _set(
                CLAIM,
                "no_overlap",
                [{"name": "x", "from": "fee", "to": "reserve", "fields": ["kind"], **keys}],
            ),
        )
        for name, code, place, keys in (
            (
                "a field named twice",
                "range.duplicate_field",
                "fields/1",
                {"fields": ["company", {"field": "company", "match": "subtree"}]},
            ),
            ("its id", "range.by_id", "fields/0", {"fields": ["id"]}),
            (
                "the subtree of what is no tree",
                "range.no_tree",
                "fields/0",
                {"fields": [{"field": "kind", "match": "subtree"}]},
            ),
            (
                "another match",
                "schema.not_allowed",
                "fields/0/match",
                {"fields": [{"field": "company", "match": "below"}]},
            ),
            ("nothing", "schema.missing_field", "fields/0", {"fields": [{"match": "equal"}]}),
            ("a lookup's field", "key.condition", "where", {"where": "company.code = 'x'"}),
            ("what never holds", "condition.never", "where", {"where": "fee = 1 AND fee = 2"}),
        )
    ),
    Bad(
        "two bans of one name",
        "range.duplicate_name",
        "/no_overlap/1/name",
        _set(CLAIM, "no_overlap", [{"name": "x", "from": "fee", "to": "reserve"}] * 2),
    ),
    *(
        Bad(f"ledger with {name}", code, f"/ledger/{key}", _ledger(**keys))
        for name, code, key, keys in (
            ("a text for an amount", "ledger.wrong_field", "amount", {"amount": "subject"}),
            ("an optional amount", "ledger.wrong_field", "amount", {"amount": "fee"}),
            ("a roll-up for an amount", "ledger.wrong_field", "amount", {"amount": "total"}),
            ("an unknown amount", "ref.unknown_field", "amount", {"amount": "nothing"}),
            ("other digits", "ledger.wrong_field", "balance", {"balance": "after_qty"}),
            ("a balance of people", "ledger.wrong_field", "balance", {"balance": "entered"}),
            ("a text for a place", "ledger.wrong_field", "position", {"position": "subject"}),
            ("a text for a date", "ledger.wrong_field", "date", {"date": "subject"}),
            ("an optional account", "ledger.wrong_field", "partition", {"partition": ["fee"]}),
            ("an unknown account", "ref.unknown_field", "partition", {"partition": ["nothing"]}),
            ("one field twice", "ledger.wrong_field", "position", {"position": "after"}),
            ("a floor of a thousandth", "ledger.floor_digits", "floor", {"floor": "0.001"}),
            ("a floor in words", "schema.pattern", "floor", {"floor": "none"}),
            ("a reason for nothing", "ledger.inert_key", "reason", {"reason": "memo"}),
            ("values for nothing", "ledger.inert_key", "set", {"set": {"memo": "'x'"}}),
            (
                "no reason",
                "ledger.inert_key",
                "reversal_of",
                {"reversal_of": "reverses"},
            ),
            (
                "a reversal that is not unique",
                "ledger.wrong_field",
                "reversal_of",
                {"reversal_of": "company", "reason": "memo"},
            ),
            (
                "a number for a reason",
                "ledger.wrong_field",
                "reason",
                {"reversal_of": "reverses", "reason": "fee"},
            ),
            (
                "an amount that is set",
                "ledger.wrong_field",
                "set",
                {"reversal_of": "reverses", "reason": "memo", "set": {"posted": "1"}},
            ),
        )
    ),
    *(
        Bad(f"best match with {name}", code, f"/best_match/{key}", _set(CLAIM, "best_match", best))
        for name, code, key, best in (
            ("a required key", "best_match.wrong_field", "keys", {"keys": ["subject"]}),
            ("a computed key", "best_match.wrong_field", "keys", {"keys": ["region_name"]}),
            ("an unknown key", "ref.unknown_field", "keys", {"keys": ["nothing"]}),
            (
                "a text for a priority",
                "best_match.wrong_field",
                "priority",
                {"keys": ["kind"], "priority": "subject"},
            ),
            (
                "a number for a beginning",
                "best_match.wrong_field",
                "from",
                {"keys": ["kind"], "from": "fee"},
            ),
            (
                "an end of another type",
                "best_match.wrong_field",
                "to",
                {"keys": ["kind"], "from": "claimed_on", "to": "decided_at"},
            ),
        )
    ),
    *(
        Bad(
            f"best match asked {name}",
            code,
            "/default",
            _two(
                _set(CLAIM, "best_match", {"keys": ["kind"], "from": "claimed_on"}),
                _with("reserve", default=asked),
            ),
        )
        for name, code, asked in (
            (
                "of what has none",
                "best_match.not_declared",
                "BEST(company.claim_count FOR name = 'x')",
            ),
            ("by what is no key", "best_match.no_key", "BEST(claim.fee FOR fee = 1 AT TODAY())"),
            (
                "by a key twice",
                "best_match.key_twice",
                "BEST(claim.fee FOR kind = 'loss', kind = 'damage' AT TODAY())",
            ),
            ("without a day", "best_match.day", "BEST(claim.fee FOR kind = 'loss')"),
            ("at a time", "best_match.day", "BEST(claim.fee FOR kind = 'loss' AT NOW())"),
            ("in an order", "formula.arguments", "BEST(claim.fee AT TODAY() ORDER BY fee)"),
            ("without a field", "formula.arguments", "BEST(claim FOR kind = 'loss')"),
            ("with half a key", "formula.syntax", "BEST(claim.fee FOR kind AT TODAY())"),
        )
    ),
    Bad(
        "a best match at a day for what has no validity",
        "best_match.day",
        "/default",
        _two(
            _set(CLAIM, "best_match", {"keys": ["kind"]}),
            _with("reserve", default="BEST(claim.fee FOR kind = 'loss' AT TODAY())"),
        ),
    ),
    *(
        Bad(
            f"key with a condition {name}",
            code,
            "/unique/0/where",
            _set(CLAIM, "unique", [{"fields": ["company"], "where": where}]),
        )
        for name, code, where in (
            ("over a lookup", "key.condition", "company.code = 'x'"),
            ("over today", "key.condition", "claimed_on > TODAY()"),
            ("over what is computed on reading", "key.condition", "region_name = 'x'"),
            ("that is no condition", "formula.type", "fee + 1"),
            ("over an unknown field", "formula.unknown_field", "nothing = 1"),
            ("that asks", "formula.query_not_allowed", "EXISTS(claim)"),
            ("that never holds", "condition.never", "fee = 1 AND fee = 2"),
        )
    ),
    Bad(
        "months closed by a text",
        "period.wrong_field",
        "/period_date",
        _set(CLAIM, "period_date", "subject"),
    ),
    Bad(
        "months closed by an optional time",
        "period.wrong_field",
        "/period_date",
        _set(CLAIM, "period_date", "decided_at"),
    ),
    Bad(
        "months closed by an unknown field",
        "ref.unknown_field",
        "/period_date",
        _set(CLAIM, "period_date", "nothing"),
    ),
    Bad(
        "a grant to close what has no months",
        "perm.nothing_to_close",
        "/grants/0/actions",
        lambda c: c[GRANTS]["grants"][0]["actions"].append("close"),
    ),
    Bad(
        "a grant to close months of some records",
        "perm.part_of_rows",
        "/scope",
        _two(
            _set(CLAIM, "period_date", "claimed_on"),
            _add(
                GRANTS,
                "grants",
                {"role": "boss", "actions": ["close"], "when": "fee > 1"},
            ),
        ),
    ),
    Bad(
        "a grant to reverse what is no ledger",
        "perm.nothing_to_reverse",
        "/grants/0/actions",
        lambda c: c[GRANTS]["grants"][0]["actions"].append("reverse"),
    ),
    # workflows
    Bad(
        "no initial state",
        "workflow.start_state",
        "/states",
        _set(FLOW, "states", 0, "initial", False),
    ),
    Bad(
        "unreachable state", "workflow.unreachable_state", "/states/5", _add(FLOW, "states", STATE)
    ),
    Bad("dead end", "workflow.dead_end", "/states/2", _set(FLOW, "states", 2, "final", False)),
    Bad(
        "final state left",
        "workflow.final_left",
        "/from/0",
        _set(FLOW, "transitions", 1, "from", ["paid"]),
    ),
    Bad(
        "unknown state",
        "workflow.unknown_state",
        "/to",
        _set(FLOW, "transitions", 1, "to", "nowhere"),
    ),
    Bad(
        "transition twice",
        "workflow.ambiguous",
        "/transitions/",
        lambda c: c[FLOW]["transitions"].append(dict(c[FLOW]["transitions"][1])),
    ),
    Bad(
        "guard that never holds",
        "guard.never",
        "/transitions/0/when",
        _set(FLOW, "transitions", 0, "when", "FALSE"),
    ),
    Bad(
        "guard over an unknown field",
        "guard.unknown_field",
        "/transitions/0/when",
        _set(FLOW, "transitions", 0, "when", "amount > 0"),
    ),
    Bad(
        "approval without an outcome",
        "workflow.no_outcome",
        "/on",
        lambda c: c[FLOW]["transitions"][0]["on"].pop("rejected"),
    ),
    Bad(
        "set of an unknown field",
        "ref.unknown_field",
        "/set/decided",
        _set(FLOW, "transitions", 0, "set", {"decided": "NOW()"}),
    ),
    Bad(
        "workflow of another field",
        "workflow.wrong_field",
        "/field",
        _set(FLOW, "field", "subject"),
    ),
    Bad("missing workflow", "ref.unknown", "/workflow", _with("status", workflow="claim_flaw")),
    # approvals
    Bad(
        "approver of both kinds",
        "approval.approver",
        "/approvers/0",
        lambda c: c[APPROVAL]["steps"][0]["approvers"][0].update(role="boss"),
    ),
    Bad(
        "approver who is no user",
        "approval.approver_target",
        "/field",
        lambda c: c[APPROVAL]["steps"][0]["approvers"][0].update(field="company.name"),
    ),
    Bad(
        "approver of an unknown role",
        "ref.unknown",
        "/role",
        lambda c: c[APPROVAL]["steps"][1]["approvers"][0].update(role="chef"),
    ),
    Bad(
        "editable formula",
        "approval.not_editable",
        "/editable/0",
        _set(APPROVAL, "steps", 1, "editable", ["payable"]),
    ),
    Bad(
        "needed to approve, but not opened",
        "approval.not_opened",
        "/required/0",
        _set(APPROVAL, "steps", 1, "required", ["fee"]),
    ),
    Bad("unknown transition", "ref.unknown", "/transition", _set(APPROVAL, "transition", "sumbit")),
    # permissions
    Bad(
        "grant to an unknown role",
        "perm.unknown",
        "/grants/0/role",
        _set(GRANTS, "grants", 0, "role", "wizard"),
    ),
    Bad(
        "grant of an unknown field",
        "perm.unknown",
        "/fields/edit/0",
        _set(GRANTS, "grants", 2, "fields", "edit", 0, "subjct"),
    ),
    Bad(
        "internal field for partners",
        "perm.internal_field",
        "/fields/edit",
        _set(GRANTS, "grants", 2, "fields", "edit", ["reserve"]),
    ),
    Bad(
        "editable number",
        "perm.not_writable",
        "/fields/edit",
        _set(GRANTS, "grants", 2, "fields", "edit", ["claim_no"]),
    ),
    Bad(
        "unknown transition in a grant",
        "perm.unknown",
        "/transitions",
        _set(GRANTS, "grants", 1, "transitions", ["fly"]),
    ),
    Bad(
        "empty grant",
        "perm.empty",
        "/grants/0",
        _set(GRANTS, "grants", 0, {"role": "admin", "scope": "all"}),
    ),
    Bad(
        "scope without a path",
        "scope.path_missing",
        "/scope",
        _set(CLAIM, "scope_paths", {"organisation": "company"}),
    ),
    Bad(
        "assigned to a text",
        "scope.not_a_user",
        "/scope/assigned",
        _set(GRANTS, "grants", 0, "scope", {"assigned": "subject"}),
    ),
    Bad("nobody designs", "perm.lockout", "/design", _set(("role", "admin"), "design", False)),
    # screens
    Bad(
        "field twice on a form",
        "form.duplicate_field",
        "/items/",
        lambda c: c[FORM]["sections"][0]["items"].append("fee"),
    ),
    Bad(
        "required field missing",
        "form.required_missing",
        "/sections",
        lambda c: c[FORM]["sections"][0]["items"].remove("subject"),
    ),
    Bad(
        "form with an unknown field",
        "ref.unknown_field",
        "/items/0",
        _set(FORM, "sections", 0, "items", 0, "compny"),
    ),
    Bad(
        "grid with an unknown column",
        "ref.unknown_field",
        "/columns/0",
        lambda c: c[FORM]["sections"][1]["items"][0]["columns"].__setitem__(0, "wat"),
    ),
    Bad("view column", "ref.unknown_field", "/columns/1", _set(VIEW, "columns", 1, "company.nam")),
    Bad("view sort", "ref.unknown_field", "/sort/0", _set(VIEW, "sort", ["-claimed"])),
    Bad(
        "menu to an unknown view",
        "ref.unknown",
        "/menu/0/views/0",
        _set(MODULE, "menu", 0, "views", ["opn"]),
    ),
    Bad(
        "menu that opens nothing",
        "menu.empty",
        "/menu/0",
        _set(MODULE, "menu", 0, {"label": label("x", "x")}),
    ),
    Bad(
        "report sums a text",
        "report.aggregate",
        "/measures/0/op",
        _set(REPORT, "measures", 0, "field", "subject"),
    ),
    Bad(
        "report bucket of a text",
        "report.bucket",
        "/group_rows/0/bucket",
        _set(REPORT, "group_rows", 0, "field", "subject"),
    ),
    Bad(
        "report over an unknown field",
        "ref.unknown_field",
        "/group_columns/0",
        _set(REPORT, "group_columns", ["company.nam"]),
    ),
    Bad("chart without groups", "report.chart", "/chart", _set(REPORT, "group_rows", [])),
    Bad(
        "count of a field",
        "report.measure",
        "/measures/1",
        _set(REPORT, "measures", 1, "field", "fee"),
    ),
)

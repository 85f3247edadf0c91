"""Bad automations: a change to a good one, the code that must come, and where it must point."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.support.documents import field, label

Json = dict[str, Any]


@dataclass(frozen=True)
class Bad:
    """`keys` are put into the good automation of claims, which sets the fee when one is made."""

    name: str
    code: str
    place: str
    keys: Json
    severity: str = "error"
    change: Callable[[dict[tuple[str, str], Json]], object] = lambda _: None


def good() -> Json:
    return {
        "kind": "automation",
        "name": "fees",
        "label": label("Fees", "费用"),
        "object": "claim",
        "on": [{"event": "create"}],
        "actions": [{"set": {"fee": "1"}}],
    }


def _button(trigger: Json | None = None, **keys: Any) -> Json:
    return {"on": [{"event": "button", **(trigger or {})}], "run": "after", **keys}


def _convert(**keys: Any) -> Json:
    """Turn claims into claims, by rows that sum up what was taken of them."""
    good: Json = {
        "object": "claim",
        "set": {"subject": "'more'"},
        "lines": "items",
        "remaining": "qty - taken",
        "into": "items",
        "quantity": "qty",
        "source": "source",
        "each": {"what": "what"},
    }
    return {"run": "after", "actions": [{"convert": good | keys}]}


def _with_taken(contents: dict[tuple[str, str], Json]) -> None:
    contents["object", "claim_item"]["fields"] += [
        field("source", "lookup", to="claim_item"),
        field("taken", "rollup", op="sum", of="claim_item.qty", by="source"),
    ]


def _actions(*actions: Json, **keys: Any) -> Json:
    return {"actions": list(actions), **keys}


def _on(**trigger: Any) -> Json:
    return {"on": [trigger]}


def _made(**values: str) -> Json:
    return {"create": {"object": "company", "set": {"code": "'x'", "name": "'x'"} | values}}


def _each(**keys: Any) -> Json:
    made = _made()
    return {"create": {**made["create"], "each": {"person": "manager", "roles": ["boss"]} | keys}}


def _without_approvals(contents: dict[tuple[str, str], Json]) -> None:
    del contents["approval", "claim_by_amount"]
    del contents["workflow", "claim_flow"]["transitions"][0]["on"]
    contents["workflow", "claim_flow"]["transitions"][0]["to"] = "paid"


def _ledger(contents: dict[tuple[str, str], Json]) -> None:
    contents["object", "entry"] = {
        "kind": "object",
        "name": "entry",
        "label": label("Entry", "流水"),
        "fields": [
            field("account", "text", length=20, required=True),
            field("posted", "money", required=True),
            field("after", "money", written_by="system"),
            field("place", "integer", written_by="system"),
            field("day", "date", required=True),
            field("takes_back", "lookup", to="entry", written_by="system"),
        ],
        "ledger": {
            "partition": ["account"],
            "amount": "posted",
            "balance": "after",
            "position": "place",
            "date": "day",
            "reversal_of": "takes_back",
        },
    }


MADE_BY_SYSTEM = {
    "runs_as": "system",
    "rights": [{"object": "company", "actions": ["create"]}],
}
SYSTEM = {"runs_as": "system", "rights": [{"object": "claim", "actions": ["update"]}]}
NOTIFY = {"to": [{"role": "finance"}], "text": label("x", "x")}
BAD: tuple[Bad, ...] = (
    Bad("unknown object", "ref.unknown_object", "/object", {"object": "clam"}),
    Bad("unknown event", "schema.", "/on/0/event", _on(event="saved")),
    Bad("no action", "schema.", "/actions", {"actions": []}),
    Bad("an unknown key", "schema.", "/actions/0", _actions({"run": "rm"})),
    Bad(
        "two things at once",
        "automation.one_action",
        "/actions/0",
        _actions({"set": {"fee": "1"}, "notify": NOTIFY}),
    ),
    Bad("nothing at all", "automation.one_action", "/actions/0", _actions({"when": "fee > 1"})),
    Bad(
        "unknown field set",
        "ref.unknown_field",
        "/actions/0/set/fe",
        _actions({"set": {"fe": "1"}}),
    ),
    Bad("a text for money", "formula.", "/actions/0/set/fee", _actions({"set": {"fee": "'x'"}})),
    Bad(
        "unknown changed field",
        "ref.unknown_field",
        "/on/0/changed/0",
        _on(event="update", changed=["fe"]),
    ),
    Bad(
        "changed of a create",
        "automation.trigger_key",
        "/on/0/changed",
        _on(event="create", changed=["fee"]),
    ),
    Bad(
        "results of an update",
        "automation.trigger_key",
        "/on/0/results",
        _on(event="update", results=["approved"]),
    ),
    Bad("child event without a grid", "automation.key_needed", "/on/0", _on(event="child")),
    Bad("unknown grid", "ref.unknown", "/on/0/child", _on(event="child", child="rows")),
    Bad(
        "a field that is never stored",
        "automation.never_fires",
        "/on/0/changed/0",
        _on(event="update", changed=["region_name"]),
    ),
    Bad(
        "transition without a workflow",
        "automation.never_fires",
        "/on/0/event",
        {"object": "company", "actions": [{"set": {"name": "'x'"}}], **_on(event="transition")},
    ),
    Bad(
        "approval that nobody decides",
        "automation.never_fires",
        "/on/0/event",
        _on(event="approval"),
        change=_without_approvals,
    ),
    Bad(
        "unknown transition",
        "automation.unknown_transition",
        "/on/0/transitions/0",
        _on(event="transition", transitions=["pay"]),
    ),
    Bad(
        "a ledger is never changed",
        "automation.never_fires",
        "/on/0/event",
        {"object": "entry", "actions": [{"notify": NOTIFY}], **_on(event="update")},
        change=_ledger,
    ),
    Bad(
        "a condition that never holds",
        "condition.never",
        "/when",
        {"when": "kind = 'loss' AND kind = 'damage'"},
    ),
    Bad("a choice that is none", "formula.unknown_choice", "/when", {"when": "kind = 'lost'"}),
    Bad(
        "create before the write",
        "automation.not_before",
        "/actions/0/create",
        _actions(_made(), run="before"),
    ),
    Bad(
        "refuse after the write",
        "automation.only_before",
        "/actions/0/refuse",
        _actions({"refuse": {"message": label("x", "x")}}, run="after"),
    ),
    Bad(
        "refusal at an unknown field",
        "ref.unknown_field",
        "/actions/0/refuse/field",
        _actions({"refuse": {"message": label("x", "x"), "field": "fe"}}, run="before"),
    ),
    Bad(
        "a job for a deleted record",
        "automation.delete_as_job",
        "/run",
        {**_on(event="delete"), **_actions(_made())},
    ),
    Bad(
        "set in a deleted record",
        "automation.nothing_left",
        "/actions/0/set",
        {**_on(event="delete"), "run": "after"},
    ),
    Bad(
        "a state by set",
        "automation.state_set",
        "/actions/0/set/status",
        _actions({"set": {"status": "'paid'"}}),
    ),
    Bad(
        "a roll-up by set",
        "workflow.not_settable",
        "/actions/0/set/total",
        _actions({"set": {"total": "1"}}),
    ),
    Bad(
        "a system field as the actor",
        "automation.actor_cannot",
        "/actions/0/set/decided_at",
        _actions({"set": {"decided_at": "NOW()"}}),
    ),
    Bad(
        "a tree before the write",
        "automation.placed_before",
        "/actions/0/set/parent",
        {"object": "region", "run": "before", **_actions({"set": {"parent": "NULL"}})},
    ),
    Bad(
        "an entry that is created",
        "automation.ledger_created",
        "/actions/0/create/object",
        _actions(
            {
                "create": {
                    "object": "entry",
                    "set": {"account": "'x'", "posted": "fee", "day": "TODAY()"},
                }
            }
        ),
        change=_ledger,
    ),
    Bad(
        "a record that is posted",
        "automation.no_ledger",
        "/actions/0/post/object",
        _actions({"post": _made()["create"]}),
    ),
    Bad(
        "a required field left out",
        "automation.required_missing",
        "/actions/0/create",
        _actions({"create": {"object": "company", "set": {"code": "'x'"}}}),
    ),
    Bad(
        "for people of no role",
        "ref.unknown",
        "/actions/0/create/each/roles/0",
        _actions(_each(roles=["nobody"])),
    ),
    Bad(
        "for people put into no user",
        "approval.approver_target",
        "/actions/0/create/each/person",
        _actions(_each(person="code")),
    ),
    Bad(
        "for people put into no field",
        "ref.unknown_field",
        "/actions/0/create/each/person",
        _actions(_each(person="nothing")),
    ),
    Bad(
        "for people of what is no organisation",
        "approval.approver_target",
        "/actions/0/create/each/organisation",
        _actions(_each(organisation="region")),
    ),
    Bad(
        "for people of roles that no choice names",
        "automation.not_roles",
        "/actions/0/create/each/among",
        _actions(_each(among="subject")),
    ),
    Bad(
        "for people within what are no organisations",
        "formula.type",
        "/actions/0/create/each/within",
        _actions(_each(within="LIST(region.id)")),
    ),
    Bad(
        "for people before the record is there",
        "automation.not_before",
        "/actions/0/create",
        _actions(_each(), run="before"),
    ),
    Bad(
        "create of nothing",
        "ref.unknown_object",
        "/actions/0/create/object",
        _actions({"create": {"object": "compny"}}),
    ),
    Bad(
        "take what is not there",
        "automation.unknown_transition",
        "/actions/0/take/transition",
        _actions({"take": {"transition": "pay"}}),
    ),
    Bad(
        "take without its comment",
        "automation.comment_missing",
        "/actions/0/take",
        _actions({"take": {"transition": "cancel"}}),
    ),
    Bad(
        "tell nobody",
        "automation.recipient",
        "/actions/0/notify/to/0",
        _actions({"notify": {**NOTIFY, "to": [{}]}}),
    ),
    Bad(
        "tell an unknown role",
        "ref.unknown",
        "/actions/0/notify/to/0/role",
        _actions({"notify": {**NOTIFY, "to": [{"role": "nobody"}]}}),
    ),
    Bad(
        "tell those of an organisation without a role",
        "automation.recipient",
        "/actions/0/notify/to/0",
        _actions({"notify": {**NOTIFY, "to": [{"field": "company.manager", "of": "company"}]}}),
    ),
    Bad(
        "tell those of a role in what is no organisation",
        "approval.approver_target",
        "/actions/0/notify/to/0/of",
        _actions({"notify": {**NOTIFY, "to": [{"role": "finance", "of": "created_by"}]}}),
    ),
    Bad(
        "tell a company",
        "approval.approver_target",
        "/actions/0/notify/to/0/field",
        _actions({"notify": {**NOTIFY, "to": [{"field": "company"}]}}),
    ),
    Bad(
        "an unknown field in a text",
        "ref.unknown_field",
        "/actions/0/notify/text/en",
        _actions({"notify": {**NOTIFY, "text": label("{{ company.nam }}", "x")}}),
    ),
    Bad(
        "logic in a text",
        "ref.unknown_field",
        "/actions/0/notify/text/en",
        _actions({"notify": {**NOTIFY, "text": label("{{ 7*7 }}", "x")}}),
    ),
    Bad(
        "rows of another object",
        "formula.",
        "/actions/0/for_each/rows",
        _actions(
            {
                "for_each": {
                    "object": "company",
                    "rows": "LIST(region.id)",
                    "actions": [{"set": {"name": "'x'"}}],
                }
            }
        ),
    ),
    Bad(
        "rows that are a number",
        "formula.",
        "/actions/0/for_each/rows",
        _actions(
            {"for_each": {"object": "company", "rows": "7", "actions": [{"set": {"name": "'x'"}}]}}
        ),
    ),
    Bad(
        "for each in for each",
        "schema.",
        "/actions/0/for_each/actions/0",
        _actions(
            {
                "for_each": {
                    "object": "company",
                    "rows": "LIST(company.id)",
                    "actions": [{"for_each": {}}],
                }
            }
        ),
    ),
    Bad(
        "a state of a row by set",
        "automation.state_set",
        "/for_each/actions/0/set/status",
        _actions(
            {
                "for_each": {
                    "object": "claim",
                    "rows": "LIST(claim.id WHERE company = this.company)",
                    "actions": [{"set": {"status": "'paid'"}}],
                }
            }
        ),
    ),
    Bad(
        "old values in a job",
        "automation.old_in_job",
        "/actions/0/set",
        _actions({"set": {"fee": "OLD(fee)"}}),
    ),
    Bad("an endless update", "automation.triggers_itself", "/on/0", _on(event="update")),
    Bad(
        "an endless update of what starts it",
        "automation.triggers_itself",
        "/on/0",
        _on(event="update", changed=["fee"]),
    ),
    Bad(
        "an endless create",
        "automation.triggers_itself",
        "/on/0",
        {"object": "company", **_actions(_made())},
    ),
    Bad(
        "the system without a right",
        "automation.right_missing",
        "/actions/0/set",
        {"runs_as": "system"},
    ),
    Bad(
        "a right too many",
        "automation.right_unused",
        "/rights/0/actions/1",
        {"runs_as": "system", "rights": [{"object": "claim", "actions": ["update", "create"]}]},
        severity="warning",
    ),
    Bad("rights of an actor", "automation.rights_idle", "/rights", {"rights": SYSTEM["rights"]}),
    Bad(
        "the system before the write",
        "automation.rights_idle",
        "/runs_as",
        {"run": "before", **SYSTEM},
    ),
    Bad(
        "a schedule without a time",
        "automation.key_needed",
        "/on/0",
        {**_actions(_made()), **_on(event="schedule"), **MADE_BY_SYSTEM},
    ),
    Bad(
        "a time that never comes",
        "automation.cron",
        "/on/0/cron",
        {**_actions(_made()), **_on(event="schedule", cron="0 0 31 2 *"), **MADE_BY_SYSTEM},
    ),
    Bad(
        "a schedule of an actor",
        "automation.no_actor",
        "/runs_as",
        {**_actions(_made()), **_on(event="schedule", cron="0 8 * * *")},
    ),
    Bad(
        "a schedule before a write",
        "automation.not_a_job",
        "/run",
        {**_on(event="schedule", cron="0 8 * * *"), "run": "after", **SYSTEM},
    ),
    Bad(
        "a schedule that sets a record",
        "automation.no_record",
        "/actions/0/set",
        {**_on(event="schedule", cron="0 8 * * *"), **SYSTEM},
    ),
    Bad(
        "a schedule that speaks of a record",
        "automation.no_record",
        "/when",
        {
            **_actions(_made()),
            **_on(event="schedule", cron="0 8 * * *"),
            **MADE_BY_SYSTEM,
            "when": "fee > 1",
        },
    ),
    Bad(
        "catching up of a timer",
        "automation.trigger_key",
        "/on/0/catch_up",
        {**_on(event="timer", at="claimed_on", catch_up="each"), **SYSTEM},
    ),
    Bad(
        "a timer without a moment",
        "automation.key_needed",
        "/on/0",
        {**_on(event="timer"), **SYSTEM},
    ),
    Bad(
        "a moment that is a sum",
        "automation.moment",
        "/on/0/at",
        {**_on(event="timer", at="fee"), **SYSTEM},
    ),
    Bad(
        "a moment of another record",
        "automation.moment_reads",
        "/on/0/at",
        {**_on(event="timer", at="company.created_at"), **SYSTEM},
    ),
    Bad(
        "a moment of the clock",
        "automation.moment_reads",
        "/on/0/at",
        {**_on(event="timer", at="TODAY()"), **SYSTEM},
    ),
    Bad(
        "old values of a timer",
        "automation.old_in_job",
        "/when",
        {**_on(event="timer", at="claimed_on"), **SYSTEM, "when": "CHANGED(fee)"},
    ),
    Bad(
        "rights on nothing",
        "ref.unknown_object",
        "/rights/0/object",
        {"runs_as": "system", "rights": [{"object": "clam", "actions": ["update"]}]},
    ),
    Bad(
        "a button beside another trigger",
        "automation.button_alone",
        "/on",
        {"on": [{"event": "button"}, {"event": "create"}], "run": "after"},
    ),
    Bad("a button before a write", "automation.button_before", "/run", _button(run="before")),
    Bad(
        "a button as the system for everybody",
        "automation.button_roles",
        "/on/0",
        _button(**SYSTEM),
    ),
    Bad(
        "a button in a state that is none",
        "automation.unknown_state",
        "/on/0/states/0",
        _button({"states": ["closed"]}),
    ),
    Bad(
        "a button for a role that is none",
        "ref.unknown",
        "/on/0/roles/0",
        _button({"roles": ["nobody"]}),
    ),
    Bad(
        "what was before a button",
        "automation.nothing_changed",
        "/actions/0",
        _button(actions=[{"set": {"fee": "OLD(fee)"}}]),
    ),
    Bad(
        "a condition over what was before a button",
        "automation.nothing_changed",
        "/when",
        _button(when="CHANGED(fee)"),
    ),
    Bad(
        "roles without a button",
        "automation.trigger_key",
        "/on/0/roles",
        {"on": [{"event": "create", "roles": ["dealer"]}]},
    ),
    Bad(
        "an input that nothing uses",
        "automation.input_unused",
        "/on/0/inputs/0",
        _button({"inputs": [field("why", "text")]}),
    ),
    Bad(
        "two inputs of one name",
        "name.duplicate",
        "/on/0/inputs/1/name",
        _button({"inputs": [field("fee", "money")] * 2}, actions=[{"set": {"fee": "input.fee"}}]),
    ),
    Bad(
        "an input that is not asked",
        "formula.unknown_field",
        "/actions/0/set/fee",
        _button({"inputs": [field("fee", "money")]}, actions=[{"set": {"fee": "input.fees"}}]),
    ),
    Bad(
        "an input of another type",
        "formula.type",
        "/actions/0/set/fee",
        _button({"inputs": [field("fee", "text")]}, actions=[{"set": {"fee": "input.fee"}}]),
    ),
    Bad(
        "an input in the condition",
        "formula.unknown_field",
        "/when",
        _button(
            {"inputs": [field("fee", "money")]},
            when="input.fee > 1",
            actions=[{"set": {"fee": "input.fee"}}],
        ),
    ),
    Bad(
        "an input within a question",
        "automation.input_in_query",
        "/actions/0",
        _button(
            {"inputs": [field("code", "text")]},
            actions=[{"set": {"fee": "COUNT(company WHERE code = this.input.code)"}}],
        ),
    ),
    Bad(
        "an input that depends on a field",
        "automation.input_option",
        "/on/0/inputs/0/currency_field",
        _button(
            {"inputs": [field("fee", "money", currency_field="kind")]},
            actions=[{"set": {"fee": "input.fee"}}],
        ),
    ),
    Bad(
        "an input that is a reference",
        "schema.",
        "/on/0/inputs/0",
        _button({"inputs": [field("fee", "lookup", to="company")]}),
    ),
    Bad(
        "an input beside a field of the same name",
        "automation.input_name",
        "/on/0/inputs",
        _button({"inputs": [field("fee", "money")]}, actions=[{"set": {"fee": "input.fee"}}]),
        change=lambda contents: contents["object", "claim"]["fields"].append(
            field("input", "text")
        ),
    ),
    Bad(
        "a conversion of no grid",
        "ref.unknown",
        "/actions/0/convert/lines",
        _convert(lines="nothing"),
        change=_with_taken,
    ),
    Bad(
        "a conversion into no grid",
        "ref.unknown",
        "/actions/0/convert/into",
        _convert(into="nothing"),
        change=_with_taken,
    ),
    Bad(
        "a conversion of what is no number",
        "automation.convert_quantity",
        "/actions/0/convert/quantity",
        _convert(remaining="what"),
        change=_with_taken,
    ),
    Bad(
        "a conversion into a field that is computed",
        "automation.convert_quantity",
        "/actions/0/convert/quantity",
        _convert(quantity="amount"),
        change=_with_taken,
    ),
    Bad(
        "a conversion that points to nothing",
        "automation.convert_source",
        "/actions/0/convert/source",
        _convert(source="claim"),
        change=_with_taken,
    ),
    Bad(
        "a conversion after which as much is left",
        "automation.convert_remaining",
        "/actions/0/convert/remaining",
        _convert(remaining="qty"),
        change=_with_taken,
    ),
    Bad(
        "a conversion that nothing guards",
        "automation.convert_unguarded",
        "/actions/0/convert",
        _convert(),
        severity="warning",
        change=_with_taken,
    ),
    Bad(
        "a conversion that sets what is computed",
        "workflow.not_settable",
        "/actions/0/convert/each/amount",
        _convert(each={"amount": "1"}),
        change=_with_taken,
    ),
    Bad(
        "a conversion without a right to make the document",
        "automation.right_missing",
        "/actions/0/convert",
        {**_convert(), **SYSTEM},
        change=_with_taken,
    ),
    Bad(
        "an approval of a transition that none decides",
        "automation.no_approval",
        "/actions/0/begin/transition",
        _actions({"begin": {"transition": "revise"}}),
    ),
    Bad(
        "an approval of a transition that is none",
        "automation.unknown_transition",
        "/actions/0/begin/transition",
        _actions({"begin": {"transition": "send"}}),
    ),
    Bad(
        "an approval of a record that is made without a workflow",
        "automation.unknown_transition",
        "/actions/0/create/begin/transition",
        _actions(
            {
                "create": {
                    "object": "company",
                    "set": {"code": "subject", "name": "subject"},
                    "begin": {"transition": "submit"},
                }
            }
        ),
    ),
    Bad(
        "an approval as the system without the right",
        "automation.right_missing",
        "/actions/0/begin",
        _actions({"begin": {"transition": "submit"}}, runs_as="system"),
    ),
)

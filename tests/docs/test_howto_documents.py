"""What the how-to pages show is accepted: their documents pass the checks, their commands run."""

from __future__ import annotations

import dataclasses
import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest

from headrace.platform.core.problems import errors
from headrace.platform.metadata.building import build_catalog
from headrace.platform.metadata.checks import run_checks
from headrace.platform.metadata.definitions.keys import json_name
from headrace.platform.metadata.field_types import built_in
from headrace.platform.metadata.loading import load_documents
from headrace.platform.metadata.schemas import EXTENSIONS
from tests.support.documents import field, label, workspace
from tests.support.extensions import base
from tests.support.servers import ROOT, headrace

HOWTO = ROOT / "docs" / "howto"


def blocks(page: str) -> list[Any]:
    text = (HOWTO / page).read_text(encoding="utf-8")
    return [json.loads(one) for one in re.findall(r"```json\n(.*?)```", text, re.DOTALL)]


def assert_accepted(contents: dict[tuple[str, str], dict[str, Any]]) -> None:
    files = [
        ("claims", f"claims/{kind}/{name}.json", json.dumps(content).encode())
        for (kind, name), content in contents.items()
    ]
    loaded = load_documents(files, built_in())
    found = [one for one in loaded.problems if one.code != "document.wrong_folder"]
    assert errors(found) == []
    built = build_catalog(loaded.documents, built_in(), version=1)
    assert errors(built.problems) == []
    assert built.catalog is not None
    assert errors(run_checks(built.catalog)) == []


def test_the_grants_of_the_page_are_accepted() -> None:
    (permission,) = blocks("give-access.md")
    contents = workspace()
    contents["permission", "claim"] = permission
    # Approvers of the workspace's other documents need what the page's short example leaves out.
    for key in [("report", "claims_by_month"), ("dashboard", "claims_overview")]:
        contents.pop(key)
    contents["module", "claims"]["menu"] = contents["module", "claims"]["menu"][:1]

    assert_accepted(contents)


def test_the_object_of_the_page_about_texts_is_accepted() -> None:
    (thing,) = blocks("check-texts.md")
    contents = workspace()
    contents["object", thing["name"]] = thing


def test_the_choice_set_of_the_page_is_accepted() -> None:
    severity, fields = blocks("share-choices.md")
    contents = workspace()
    contents["choice_set", "severity"] = severity
    contents["object", "claim"]["fields"] += fields

    assert_accepted(contents)


def test_the_calendar_of_the_page_is_accepted() -> None:
    (module,) = blocks("count-working-hours.md")
    contents = workspace()
    contents["module", "claims"] |= module
    asked = {"name": "took", "type": "decimal", "default": "WORKHOURS(created_at, NOW())"}
    contents["object", "claim"]["fields"].append(asked)

    assert_accepted(contents)


def test_the_named_expressions_of_the_page_are_accepted() -> None:
    (module,) = blocks("name-expressions.md")
    contents = workspace()
    contents["module", "claims"] |= module
    fields = contents["object", "claim"]["fields"]
    calls = re.findall(
        r"`(is_trusted\([^`]*\))`", (HOWTO / "name-expressions.md").read_text("utf-8")
    )
    fields.append({"name": "trusted", "type": "boolean", "default": calls[0]})

    assert_accepted(contents)


def test_the_questions_and_ladders_of_the_page_are_accepted() -> None:
    contents = workspace()
    for thing in blocks("ask-other-records.md"):
        contents["object", thing["name"]] = thing
    text = (HOWTO / "ask-other-records.md").read_text("utf-8")
    asked = re.findall(r"^\| `(\w+\(claim[ .].*\))` \|", text, re.MULTILINE)
    types = {"EXISTS": "boolean", "COUNT": "integer", "SUM": "money"}
    for question in asked:
        kind = types.get(question.partition("(")[0])
        if kind is not None:
            fields = contents["object", "claim"]["fields"]
            fields.append({"name": f"asked_{len(fields)}", "type": kind, "default": question})

    assert len(asked) == 4
    assert_accepted(contents)


def test_the_object_and_the_grants_of_the_page_about_masks_are_accepted() -> None:
    contents = workspace()
    for one in blocks("mask-fields.md"):
        contents[one["kind"], one["name"]] = one

    assert_accepted(contents)


def test_the_approval_of_the_page_is_accepted() -> None:
    transition, staged, approval, branched = blocks("write-an-approval.md")
    contents = workspace()
    approval["steps"].append(branched)
    role = {
        "kind": "role",
        "name": "legal",
        "label": label("Legal", "法务"),
        "audience": "internal",
    }
    contents["role", "legal"] = role
    contents["approval", "claim_by_amount"] = approval
    transitions = contents["workflow", "claim_flow"]["transitions"]
    assert transitions[0]["name"] == transition["name"]
    transitions[0] = transition

    assert_accepted(contents)
    transitions[0] = staged
    assert_accepted(contents)


def test_the_record_types_of_the_page_are_accepted() -> None:
    types, form, field_rules = blocks("use-record-types.md")
    contents = workspace()
    claim = contents["object", "claim"]
    claim["record_types"], claim["field_rules"] = types, field_rules
    contents["form", form["name"]] = form

    assert_accepted(contents)


def test_the_rules_of_the_page_are_accepted() -> None:
    rules, field_rules, field = blocks("write-rules.md")
    contents = workspace()
    claim = contents["object", "claim"]
    claim["rules"], claim["field_rules"] = rules, field_rules
    place = next(at for at, one in enumerate(claim["fields"]) if one["name"] == field["name"])
    claim["fields"][place] = {**claim["fields"][place], **field}

    assert_accepted(contents)


def test_the_roll_ups_of_the_page_are_accepted() -> None:
    total, last_item, dear_items, items = blocks("roll-up-rows.md")
    contents = workspace()
    fields = contents["object", "claim"]["fields"]
    fields[[one["name"] for one in fields].index("total")] = total
    fields += [last_item, dear_items]
    contents["object", "company"]["fields"].append(items)

    assert_accepted(contents)


def test_the_keys_of_the_page_are_accepted() -> None:
    together, subject_key, for_some, ranges, in_line = blocks("keep-values-different.md")
    contents = workspace()
    claim = contents["object", "claim"]
    claim["fields"] += [subject_key]
    claim["unique"] = [*together, *for_some]
    claim["fields"] += [
        {"name": "what", "type": "text", "length": 20},
        {"name": "valid_from", "type": "date"},
        {"name": "valid_to", "type": "date"},
    ]
    claim["fields"] += [
        {"name": "region", "type": "lookup", "to": "region"},
        {"name": "exclusive", "type": "boolean"},
    ]
    claim["no_overlap"] = [*ranges, *in_line]

    assert_accepted(contents)


def test_the_ledger_and_the_grants_of_the_page_are_accepted() -> None:
    contents = workspace()
    for one in blocks("keep-accounts.md"):
        contents[one["kind"], one["name"]] = one

    assert_accepted(contents)


def test_the_best_match_of_the_page_is_accepted() -> None:
    discount, rate = blocks("find-the-best-match.md")
    contents = workspace()
    contents["object", discount["name"]] = discount
    contents["object", "claim"]["fields"].append(rate)

    assert_accepted(contents)


def test_the_months_of_the_page_are_accepted() -> None:
    contents = workspace()
    for one in blocks("close-months.md"):
        contents[one["kind"], one["name"]] = one

    assert_accepted(contents)


def test_the_extensions_of_the_page_are_accepted() -> None:
    contents = blocks("extend-a-module.md")
    files = [
        ("transport", f"transport/{position}.json", json.dumps(content).encode())
        for position, content in enumerate(contents)
    ]
    loaded = load_documents(files, built_in())
    assert loaded.problems == ()

    built = build_catalog([*base(), *loaded.documents], built_in(), version=1)

    assert built.problems == ()
    assert built.catalog is not None
    assert errors(run_checks(built.catalog)) == []
    assert len(built.catalog.extended) == len(contents) - 1


def test_the_table_of_the_page_says_what_every_kind_takes() -> None:
    text = (HOWTO / "extend-a-module.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `(\w+)` \| (.*) \|$", text, re.MULTILINE))
    told = {of: set(re.findall(r"`(\w+)`", row)) for of, row in rows.items()}
    keys = {
        of: {json_name(one.name) for one in dataclasses.fields(definition)}
        - {"kind", "of", "name", "id", "after"}
        for of, definition in EXTENSIONS.items()
    }

    assert told == keys


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The seed modules with their partners."""
    url = f"sqlite:///{tmp_path_factory.mktemp('howto') / 'howto.sqlite'}"
    headrace(url, "init", "--login", "admin", "--role", "brand_admin")
    headrace(url, "publish", "headrace/seed_schemas", "-m", "First version")
    headrace(url, "sample", "load", "partner_master")
    headrace(url, "sample", "unload", "partner_master")
    headrace(url, "sample", "load", "partner_master")
    return url


def test_the_commands_on_people_run(url: str) -> None:
    text = (HOWTO / "give-access.md").read_text(encoding="utf-8")
    (made,) = re.findall(r"^    headrace (user create .*)$", text, re.MULTILINE)
    headrace(url, *shlex.split(made))
    options = re.findall(r"`(--\w+ [\w@-]+)`", text)
    assert len(options) == 2
    headrace(url, "user", "create", "els", "--name", "Els", *shlex.split(" ".join(options)))
    for command in re.findall(r"`headrace (user \w+(?: [\w ]+)?)[`:]", text):
        headrace(url, *command.split())


def test_the_token_of_the_page_on_the_api_is_made(url: str) -> None:
    text = (HOWTO / "use-the-api.md").read_text(encoding="utf-8")
    (command,) = re.findall(r"^    headrace (token .*)$", text, re.MULTILINE)

    assert headrace(url, *shlex.split(command)).stdout.strip()


@pytest.mark.parametrize("page", sorted(HOWTO.glob("*.md")), ids=lambda page: page.stem)
def test_every_command_of_a_page_is_there(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    reference = (ROOT / "docs" / "reference" / "cli.md").read_text(encoding="utf-8")
    known = set(re.findall(r"^## `headrace ((?:[a-z-]+ ?)+?)(?: \[|`)", reference, re.MULTILINE))
    named = re.findall(r"(?:^ +|`)headrace ([a-z-]+(?: [a-z]+)?)", text, re.MULTILINE)

    assert [one for one in named if one not in known and one.split()[0] not in known] == []


def test_the_automations_of_the_page_are_accepted() -> None:
    contents = workspace()
    for one in (*blocks("write-an-automation.md"), *blocks("send-webhooks.md")):
        contents[one["kind"], one["name"]] = one

    assert_accepted(contents)


def test_the_conversion_of_the_page_is_accepted() -> None:
    contents = workspace()
    for one in blocks("convert-documents.md"):
        contents[one["kind"], one["name"]] = one
    contents["role", "logistics"] = {
        "kind": "role",
        "name": "logistics",
        "label": label("Logistics", "物流"),
    }
    lines = {"name": "lines", "by": "order", "label": label("Lines", "明细")}
    order, shipment = (
        {
            "kind": "object",
            "name": name,
            "label": label(name, name),
            "fields": [field("no", "text", length=20)],
            "children": [{**lines, "object": f"{name}_line", "by": name}],
        }
        for name in ("order", "shipment")
    )
    shipment["fields"] += [
        field("order", "lookup", to="order", required=True),
        field("status", "state", workflow="shipment_flow"),
    ]
    contents["object", "order"], contents["object", "shipment"] = order, shipment
    contents["workflow", "shipment_flow"] = {
        "kind": "workflow",
        "name": "shipment_flow",
        "object": "shipment",
        "field": "status",
        "label": label("Shipping", "发货"),
        "states": [
            {"name": "draft", "label": label("Draft", "草稿"), "initial": True},
            {"name": "cancelled", "label": label("Cancelled", "已取消"), "final": True},
        ],
        "transitions": [
            {
                "name": "cancel",
                "label": label("Cancel", "取消"),
                "from": ["draft"],
                "to": "cancelled",
            }
        ],
    }
    actions = ["create", "read", "update"]
    grant = {"role": "logistics", "actions": actions, "scope": "all"}
    for name in ("order", "shipment"):
        taken = {"transitions": ["cancel"]} if name == "shipment" else {}
        contents["permission", name] = {
            "kind": "permission",
            "name": name,
            "object": name,
            "grants": [grant | taken],
        }

    assert_accepted(contents)

"""What something else covers is told: grants, approvals, rules, constants."""

from __future__ import annotations

import copy
from typing import Any

from headrace.platform.metadata.building import build_catalog
from headrace.platform.metadata.checks import run_checks
from headrace.platform.metadata.documents import Document
from headrace.platform.metadata.field_types import built_in
from tests.support.documents import workspace
from tests.support.publishing import Contents

CODES = {"perm.covered", "approval.never_runs", "rule.repeated", "constant.unused"}
GRANTS = ("permission", "claim")


def found(contents: Contents, version: int = 1) -> list[tuple[str, str]]:
    documents = [Document("claims", one) for one in contents.values()]
    built = build_catalog(documents, built_in(), version)
    assert built.catalog is not None, built.problems
    problems = [one for one in run_checks(built.catalog) if one.code in CODES]
    assert all(one.severity == "warning" and one.hint.en and one.hint.zh for one in problems)
    return [(one.code, one.path) for one in problems]


def grants(contents: Contents) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = contents[GRANTS]["grants"]
    return listed


def test_the_workspace_of_the_tests_has_nothing_of_it():
    assert found(workspace()) == []


def test_of_equal_grants_the_later_one_is_told():
    contents = workspace()
    grants(contents).append(copy.deepcopy(grants(contents)[0]))
    last = len(grants(contents)) - 1
    assert found(contents) == [("perm.covered", f"/claims/permissions/claim.json/grants/{last}")]


def test_a_grant_within_a_wider_one_is_told_wherever_it_stands():
    contents = workspace()
    wide = {"role": "finance", "actions": ["read", "create"], "scope": "all"}
    narrow = {"role": "finance", "actions": ["read"], "scope": "own", "fields": {"read": ["fee"]}}
    contents[GRANTS]["grants"] = [
        *(one for one in grants(contents) if one["role"] != "finance"),
        narrow,
        wide,
    ]
    place = len(grants(contents)) - 2
    assert found(contents) == [("perm.covered", f"/claims/permissions/claim.json/grants/{place}")]


def test_grants_that_add_something_are_not_told():
    contents = workspace()
    contents[GRANTS]["grants"] = [
        *(one for one in grants(contents) if one["role"] != "finance"),
        {"role": "finance", "actions": ["read"], "scope": "own"},
        {"role": "finance", "actions": ["read"], "scope": "all", "when": "fee > 100"},
        {"role": "finance", "actions": ["read"], "scope": "all", "fields": {"read": ["subject"]}},
    ]
    assert found(contents) == []


def approval_of(contents: Contents) -> dict[str, Any]:
    return next(one for (kind, _), one in contents.items() if kind == "approval")


def test_an_approval_behind_one_that_always_holds_is_told():
    contents = workspace()
    first = approval_of(contents)
    second = copy.deepcopy(first)
    for part in (second, *second["steps"]):
        part.pop("id", None)
    second.update(name="never", priority=1, when="fee > 100")
    first.update(priority=9)
    first.pop("when", None)
    contents["approval", "never"] = second
    assert found(contents) == [("approval.never_runs", "/claims/approvals/never.json/priority")]

    first["when"] = "fee > 5000"
    assert found(contents) == []


def test_a_rule_that_asks_the_same_is_told():
    contents = workspace()
    rules = contents["object", "claim"]["rules"]
    rules.append({**copy.deepcopy(rules[0]), "name": "again"})
    last = len(rules) - 1
    assert found(contents) == [("rule.repeated", f"/claims/objects/claim.json/rules/{last}")]


def test_a_constant_that_no_formula_uses_is_told_where_all_modules_are_there():
    contents = workspace()
    module = contents["module", "claims"]
    module["constants"] = [
        *module.get("constants", ()),
        {"name": "idle", "type": "integer", "value": "3"},
    ]
    place = f"/claims/module.json/constants/{len(module['constants']) - 1}"
    assert found(contents) == [("constant.unused", place)]
    assert found(contents, version=0) == []

    contents["object", "claim"]["rules"][0]["when"] = "fee > idle"
    assert found(contents) == []

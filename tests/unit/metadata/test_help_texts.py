"""Help files: texts beside the documents, addressed by kind and names."""

from __future__ import annotations

import copy
import json
import re
from pathlib import Path
from typing import Any

import pytest

from headrace.platform.core.problems import Language, Problem
from headrace.platform.metadata.field_types import built_in
from headrace.platform.metadata.help_texts import HelpFile, add_help_texts
from headrace.platform.metadata.loading import Parsed
from tests.support.documents import workspace
from tests.support.help_texts import take_texts
from tests.support.publishing import Contents

HOWTO = Path(__file__).parents[3] / "docs" / "howto" / "translate-a-module.md"


def merged(
    contents: Contents, *trees: tuple[Language, Any]
) -> tuple[Contents, tuple[Problem, ...]]:
    parsed = [Parsed("claims", f"{kind}/{name}", one) for (kind, name), one in contents.items()]
    files = [HelpFile(one, f"claims/help/{one}.json", tree) for one, tree in trees]
    result, problems = add_help_texts(parsed, files, built_in())
    return dict(zip(contents, (one.content for one in result), strict=True)), problems


@pytest.mark.parametrize("languages", [("zh",), ("en",), ("en", "zh"), ("zh", "en")], ids="-".join)
def test_texts_that_moved_to_help_files_come_back_in_their_places(languages):
    contents = workspace()
    trees = [(language, take_texts(contents, language)) for language in languages]
    assert contents != workspace()

    assert merged(contents, *trees) == (workspace(), ())


def test_what_is_added_to_other_modules_is_addressed_by_kind_and_name():
    added = {"kind": "extends", "of": "object", "name": "claim", "fields": [{"name": "waybill"}]}
    added["choices"] = {"kind": [{"value": "delay"}]}
    steps = [{"name": "inspection", "approvers": []}]
    asked = {"kind": "extends", "of": "approval", "name": "claim", "steps": steps}
    contents = {("extends", "object"): added, ("extends", "approval"): asked}
    tree = {
        "extends": {
            "object": {
                "claim": {
                    "fields": {"waybill": {"label": "运单号"}},
                    "choices": {"kind": {"delay": {"label": "延误"}}},
                }
            },
            "approval": {"claim": {"steps": {"inspection": {"label": "检查"}}}},
        }
    }

    result, problems = merged(contents, ("zh", tree))

    assert problems == ()
    assert result["extends", "object"]["fields"][0]["label"] == {"zh": "运单号"}
    assert result["extends", "object"]["choices"]["kind"][0]["label"] == {"zh": "延误"}
    assert result["extends", "approval"]["steps"][0]["label"] == {"zh": "检查"}


def test_parts_are_addressed_by_name_value_or_position():
    contents = workspace()
    tree = {
        "module": {
            "claims": {
                "constants": {"claim_limit": {"label": "Limit"}},
                "menu": {"1": {"label": "By month"}},
            }
        },
        "object": {
            "claim": {
                "help": "What a dealer asks for",
                "fields": {
                    "kind": {"help": "Of harm", "choices": {"loss": {"label": "Loss"}}},
                },
                "children": {"items": {"label": "Items"}},
                "rules": {"fee_cap": {"message": "The fee is at most 500"}},
            }
        },
    }

    result, problems = merged(contents, ("en", tree))

    assert problems == ()
    claim = result["object", "claim"]
    kind = next(one for one in claim["fields"] if one["name"] == "kind")
    assert claim["help"] == {"en": "What a dealer asks for"}
    assert kind["help"] == {"en": "Of harm"}
    assert result["module", "claims"]["constants"][0]["label"] == {"en": "Limit"}


def test_the_documents_given_are_left_alone():
    contents = workspace()
    tree = take_texts(contents, "zh")
    before = copy.deepcopy(contents)

    merged(contents, ("zh", tree))

    assert contents == before


def test_a_text_not_yet_translated_is_none():
    tree = {"role": {"boss": {"label": ""}}}

    assert merged(workspace(), ("en", tree)) == (workspace(), ())


@pytest.mark.parametrize(
    ("tree", "code", "place", "hint"),
    [
        ({"objekt": {}}, "help.unknown", "/objekt", "object"),
        ({"permission": {}}, "help.unknown", "/permission", "Known are"),
        ({"object": {"klaim": {}}}, "help.unknown", "/object/klaim", "claim"),
        ({"role": {"boss": {"labl": "x"}}}, "help.unknown", "/role/boss/labl", "label"),
        ({"role": {"boss": {"audience": "x"}}}, "help.unknown", "/role/boss/audience", "label"),
        (
            {"object": {"claim": {"fields": {"fe": {"label": "x"}}}}},
            "help.unknown",
            "/object/claim/fields/fe",
            "fee",
        ),
        (
            {"object": {"claim": {"fields": {"fee": {"choices": {}}}}}},
            "help.unknown",
            "/object/claim/fields/fee/choices",
            "help",
        ),
        ({"module": {"claims": {"menu": {"2": {}}}}}, "help.unknown", "/module/claims/menu/2", "0"),
        ({"object": {"claim": {"a/b": "x"}}}, "help.unknown", "/object/claim/a~1b", "fields"),
        ({"role": {"boss": {"label": "Other"}}}, "help.conflict", "/role/boss/label", "one"),
        ({"role": {"boss": {"label": {"en": "Boss"}}}}, "schema.wrong_type", "/label", "value"),
        ({"role": {"boss": "Boss"}}, "schema.wrong_type", "/role/boss", "value"),
        ({"object": {"claim": {"fields": []}}}, "schema.wrong_type", "/claim/fields", "value"),
        ([], "schema.wrong_type", "/en.json", "value"),
        ({"object": {"claim": {"help": "x" * 4001}}}, "schema.range", "/claim/help", "4000"),
    ],
)
def test_what_does_not_fit_is_refused_with_its_place_in_the_help_file(tree, code, place, hint):
    contents, problems = merged(workspace(), ("en", tree))

    [problem] = problems
    assert problem.code == code
    assert problem.path.startswith("/claims/help/en.json")
    assert problem.path.endswith(place)
    assert hint in problem.hint.en
    for language in ("en", "zh"):
        rendered = problem.render(language)
        assert rendered["message"]
        assert rendered["hint"]
        assert "{" not in rendered["message"] + rendered["hint"]
    assert problem.severity == "error"
    assert contents == workspace()


def test_the_same_text_in_both_places_is_no_conflict():
    tree = {"role": {"boss": {"label": "Boss"}}}

    assert merged(workspace(), ("en", tree)) == (workspace(), ())


def test_two_places_that_differ_are_a_conflict_in_their_language_only():
    _, problems = merged(workspace(), ("zh", {"role": {"boss": {"label": "老板"}}}))

    [problem] = problems
    assert "主管" in problem.message.zh
    assert "老板" in problem.message.en


@pytest.mark.parametrize(
    "content",
    [
        None,
        [],
        {"kind": ["object"], "name": "a"},
        {"kind": "object", "name": 3},
        {"kind": "object", "name": "a", "label": "A", "fields": {"b": 1}},
        {
            "kind": "object",
            "name": "a",
            "label": [],
            "fields": [None, {"type": ["x"]}, {"name": 1}],
        },
    ],
)
def test_documents_that_are_malformed_are_left_to_their_schema(content):
    tree = {"object": {"a": {"label": "A"}}}

    result, problems = merged({("object", "a"): content}, ("en", tree))

    assert result == {("object", "a"): content}
    assert {one.code for one in problems} <= {"help.unknown"}


def test_the_example_of_the_guide_fits():
    [example] = re.findall(r"```json\n(.*?)```", HOWTO.read_text(encoding="utf-8"), re.DOTALL)
    contents = workspace()
    take_texts(contents, "zh")

    result, problems = merged(contents, ("zh", json.loads(example)))

    assert problems == ()
    assert result["form", "claim_entry"]["sections"][0]["label"]["zh"] == "基本信息"

"""Comparing: every difference is told, in words, at a place that holds what is said."""

from __future__ import annotations

import copy
import random
import re
from collections.abc import Mapping
from typing import Any

import pytest

from headrace.platform.core.ids import RandomIds
from headrace.platform.core.problems import Text
from headrace.platform.metadata.comparing import Change, compare, compare_rows
from headrace.platform.metadata.comparing.labels import Labels
from headrace.platform.metadata.comparing.phrases import (
    ITEMS,
    SWITCHES,
    VALUES,
    phrase_key,
)
from headrace.platform.metadata.comparing.words import NOUNS
from headrace.platform.metadata.definitions.access import ScopeDef
from headrace.platform.metadata.definitions.keys import json_name
from headrace.platform.metadata.documents import Document
from headrace.platform.metadata.field_types import built_in
from headrace.platform.metadata.references.rules import SHORT_FORMS
from headrace.platform.publishing.identities import assign_ids
from headrace.platform.publishing.rows import RowsFile
from tests.support.documents import documents as workspace_documents
from tests.support.editing import Editor, seed_documents
from tests.support.metadata_keys import keys

SEEDS = assign_ids(seed_documents(), (), RandomIds())[0]


class Bench:
    """The seed documents, to be changed and compared."""

    def __init__(self) -> None:
        self.contents = {
            # Two modules may extend the same object.
            (one.kind, f"{one.module}.{one.name}" if one.kind == "extends" else one.name): (
                one.module,
                copy.deepcopy(dict(one.content)),
            )
            for one in SEEDS
        }

    def __getitem__(self, key: tuple[str, str]) -> dict[str, Any]:
        return self.contents[key][1]

    def part(self, kind: str, name: str, key: str, part: str) -> dict[str, Any]:
        return next(one for one in self[kind, name][key] if one["name"] == part)

    def documents(self) -> list[Document]:
        return [Document(module, content) for module, content in self.contents.values()]

    def changes(self) -> tuple[Change, ...]:
        return compare(SEEDS, self.documents(), built_in())

    def sentences(self, language: str = "en") -> list[str]:
        return [one.sentence.within(language) for one in self.changes()]


def test_nothing_differs_from_itself():
    assert compare(SEEDS, SEEDS) == ()
    assert compare([], []) == ()


def test_every_key_has_words():
    missing = [
        f"{definition.__name__}.{attribute}"
        for definition, attribute, _ in keys()
        if definition is not ScopeDef  # told as a whole
        and json_name(attribute) not in {"kind", "id", "was", "name"}
        and not any(
            phrase_key(definition.__name__, attribute, table)
            for table in (SWITCHES, VALUES, ITEMS, NOUNS)
        )
    ]
    assert missing == []


# -- sentences ---------------------------------------------------------------------------------------


def test_a_field_that_becomes_required():
    bench = Bench()
    bench.part("object", "partner", "fields", "legal_person")["required"] = True
    assert bench.sentences() == ["Field “Legal person” of object “Partner” is now required"]
    assert bench.sentences("zh") == [
        "对象“渠道伙伴”（partner）的字段“法定代表人”（legal_person）改为必填"
    ]


def test_a_threshold_of_a_step():
    bench = Bench()
    step = bench.part("approval", "order_by_amount", "steps", "region")
    step["when"] = "payable_amount > 200000"
    (text,) = bench.sentences()
    assert text == (
        "Step “Regional manager” (region) of approval “Above the auto-confirm limit” (order_by_amount) "
        "is now asked when “Payable” > 200,000 (was: when “Payable” > “Orders above this go to the regional manager”)"
    )


def test_a_choice_among_approvers():
    bench = Bench()
    step = bench.part("approval", "order_by_amount", "steps", "region")
    step["approvers"] = [{"role": "channel_director", "chosen": {"max": 2, "names": True}}]
    told, told_zh = bench.sentences(), bench.sentences("zh")
    chosen = "1–2 chosen by who submits, by name, among role"
    assert any(f"now asks {chosen}" in one for one in told), told
    assert any("由提交人按姓名从角色" in one and "选择的 1–2 人" in one for one in told_zh)


def test_branches_and_the_steps_in_them():
    bench = Bench()
    steps = bench["approval", "order_by_amount"]["steps"]
    made = [
        {"name": name, "id": name * 4, "label": {"en": name.title(), "zh": name}, "steps": [one]}
        for name, one in zip(("money", "law"), steps[:2], strict=True)
    ]
    block = {"name": "checks", "id": "checks-id", "label": {"en": "Checks", "zh": "并行"}}
    before = [{**block, "branches": made}, *steps[2:]]
    after = copy.deepcopy(before)
    after[0]["branches"][0]["steps"][0]["when"] = "amount > 5"
    after[0]["branches"].append(
        {**made[0], "name": "tax", "id": "tax", "label": {"en": "Tax", "zh": "税务"}}
    )
    bench["approval", "order_by_amount"]["steps"] = after
    old = [one for one in SEEDS if one.name != "order_by_amount"]
    content = {**bench["approval", "order_by_amount"], "steps": before}
    told = compare([*old, Document("ordering", content)], bench.documents(), built_in())
    name = steps[0]["label"]["en"]
    sentences = [one.sentence.within("en") for one in told]
    assert sentences[0].startswith(f"Step “{name}”")
    assert "of branch “Money” of step “Checks” of approval" in sentences[0]
    assert "is now asked" in sentences[0]
    assert any("has a new branch “Tax”" in one or "branch “Tax”" in one for one in sentences[1:])


def test_what_a_step_depends_on():
    bench = Bench()
    step = bench.part("approval", "order_by_amount", "steps", "region")
    step["depends_on"] = ["payable_amount", "lines.qty"]
    told, told_zh = bench.sentences(), bench.sentences("zh")
    assert any("is now decided again when “Payable”" in one for one in told), told
    assert any("” of “Lines” changes" in one for one in told), told
    assert all(one.endswith("变化后重新审批") for one in told_zh), told_zh


def test_a_rename_is_one_change():
    bench = Bench()
    bench.part("object", "partner", "fields", "uscc")["name"] = "credit_code"
    (change,) = bench.changes()
    assert change.action == "rename"
    assert (change.before, change.after) == ("uscc", "credit_code")
    assert change.part is not None
    assert change.part.kind == "field"
    assert "has the API name credit_code (was uscc)" in change.sentence.en


def test_a_grant_that_loses_an_action():
    bench = Bench()
    grant = next(
        one for one in bench["permission", "sales_order"]["grants"] if "update" in one["actions"]
    )
    grant["actions"].remove("update")
    (text,) = bench.sentences()
    assert re.fullmatch(r"Role “.+” in “Sales order” \(.+\) may no longer change records", text)


def test_a_form_that_shows_another_field():
    bench = Bench()
    bench["form", "order_entry"]["sections"][0]["items"].pop(0)
    assert bench.sentences() == [
        "Section “Order” of form “Order” (order_entry) no longer shows “Order no.”"
    ]


def test_labels_are_told_by_language():
    bench = Bench()
    bench["role", "legal"]["label"]["zh"] = "法务部"
    (change,) = bench.changes()
    assert change.path == "/label/zh"
    assert change.sentence.zh.endswith("中文名称由“法务”改为“法务部”")


def test_a_moved_field_is_one_move():
    bench = Bench()
    fields = bench["object", "partner"]["fields"]
    fields.append(fields.pop(0))
    (change,) = bench.changes()
    assert (change.action, change.before, change.after) == ("move", 0, len(fields) - 1)


def test_definitions_come_and_go():
    bench = Bench()
    del bench.contents["report", "order_sources"]
    bench.contents["role", "auditor"] = (
        "foundation",
        {"kind": "role", "id": "r1", "name": "auditor", "label": {"en": "Auditor", "zh": "审计"}},
    )
    assert bench.sentences() == ["New role “Auditor”", "Report “Order sources” was removed"]


def test_a_definition_that_is_made_again_is_another_one():
    bench = Bench()
    bench["view", "to_ship"]["id"] = "another"
    assert [one.action for one in bench.changes()] == ["add", "remove"]


def test_a_definition_that_moves_to_another_module():
    bench = Bench()
    module, content = bench.contents["view", "to_ship"]
    bench.contents["view", "to_ship"] = ("partner_master", content)
    (change,) = bench.changes()
    assert (change.action, change.before, change.after) == ("move", module, "partner_master")


def test_another_way_of_writing_the_same_is_told_as_such():
    bench = Bench()
    form = bench["form", "order_entry"]
    form["sections"][0]["items"][0] = {"field": form["sections"][0]["items"][0]}
    (change,) = bench.changes()
    assert change.sentence.en.endswith("is written differently and means the same")


def test_a_definition_without_ids_is_found_by_name():
    plain = [Document(one.module, _without_ids(one.content)) for one in SEEDS]
    assert {one.sentence.en.split("is written")[-1] for one in compare(SEEDS, plain)} <= {
        " differently and means the same"
    }


def _without_ids(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _without_ids(one) for key, one in value.items() if key != "id"}
    return [_without_ids(one) for one in value] if isinstance(value, list) else value


# -- rows --------------------------------------------------------------------------------------------


def test_reference_rows_are_told_one_by_one():
    old = RowsFile("foundation", "reference", "partner_tier", "code,name\na,Gold\nb,Silver\n")
    new = RowsFile("foundation", "reference", "partner_tier", "code,name\na,Platinum\nc,Bronze\n")
    changes = compare_rows([old], [new], Labels(SEEDS, SEEDS))
    texts = [one.sentence.en for one in changes]
    assert texts[0].endswith("1 new, 1 changed, 1 gone")
    assert "“a” changed in “Name”" in texts[2]
    assert [one.action for one in changes] == ["change", "add", "change", "remove"]
    assert compare_rows([old], [old], Labels(SEEDS, SEEDS)) == ()


def test_sample_rows_are_told_by_number():
    old = RowsFile("ordering", "sample", "sales_order", "order_no\n1\n")
    (change,) = compare_rows([], [old], Labels(SEEDS, SEEDS))
    assert change.sentence.en == "New sample rows of “Sales order”: 1"


# -- properties --------------------------------------------------------------------------------------


def at(content: Any, path: str) -> Any:
    """What a JSON Pointer points to; None where there is nothing."""
    for part in path.split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        if isinstance(content, list):
            content = content[int(name)]
        elif isinstance(content, Mapping):
            content = content.get(name)
        else:
            return None
    return content


def same_value(value: Any, said: Any) -> bool:
    """Whether a place holds what is said, be it in the short or the long form, or as a default."""
    shorts = [{key: value} for key in SHORT_FORMS.values()]
    return (
        said == value or said in shorts or (value is None and said in (False, 0, [], {}, "", "all"))
    )


@pytest.mark.parametrize("seed", range(12))
def test_random_edits_are_told_where_they_stand(seed: int, deep: bool):
    for turn in range(200 if deep else 4):
        chance = random.Random(seed * 1000 + turn)
        edited = Editor(SEEDS, chance, "mine").edit(chance.randint(1, 12))
        edited = list(assign_ids(edited, SEEDS, RandomIds())[0])
        changes = compare(SEEDS, edited)
        before = {one.content["id"]: one for one in SEEDS}
        after = {one.content["id"]: one for one in edited}
        differ = {
            key
            for key in before.keys() | after.keys()
            if key not in before or key not in after or before[key].hash != after[key].hash
        }
        assert {one.id for one in changes} == differ
        for change in changes:
            _check(change, before, after)


def _check(change: Change, before: Mapping[str, Document], after: Mapping[str, Document]) -> None:
    for language in ("en", "zh"):
        shown = change.render(language)
        assert shown["text"]
        assert not re.search(r"\{(subject|before|after|value|noun|part|language)\}", shown["text"])
        assert "None" not in shown["text"]
    if change.action == "move":
        return
    side = before if change.action == "remove" else after
    document = side[change.id]
    said = change.before if change.action == "remove" else change.after
    assert same_value(at(document.content, change.path), said), change


def test_texts_are_taken_as_they_are():
    bench = Bench()
    bench["role", "legal"]["label"]["en"] = "{subject} {before} %s <b>"
    (change,) = bench.changes()
    assert "“{subject} {before} %s <b>”" in change.sentence.en
    assert isinstance(change.sentence, Text)


# -- automations -------------------------------------------------------------------------------------


def button(**trigger: Any) -> Document:
    content = {
        "kind": "automation",
        "name": "charge",
        "object": "claim",
        "label": {"en": "Charge", "zh": "收费"},
        "on": [{"event": "button", **trigger}],
        "actions": [{"set": {"fee": "input.fee"}}],
    }
    return Document("claims", content)


def test_what_changes_in_a_button():
    others = workspace_documents()
    fee = {"name": "fee", "type": "money", "label": {"en": "Fee", "zh": "费用"}}
    before = [*others, button(roles=["dealer"], inputs=[fee])]
    after = [
        *others,
        button(
            roles=["finance"],
            states=["draft"],
            several=True,
            told={"en": "Charged.", "zh": "已收费。"},
            inputs=[{**fee, "required": True, "least": "1"}],
        ),
    ]
    found = compare(before, after, built_in())
    assert [one.sentence.en for one in found] == [
        "Automation “Charge” may no longer be pressed by “Dealer”",
        "Automation “Charge” may now be pressed by “Finance”",
        "Automation “Charge” is now there in “Draft”",
        "Input “Fee” of automation “Charge” is now required",
        "Input “Fee” of automation “Charge”: the least value is now “1”",
        "Automation “Charge”: the text told afterwards in English is now “Charged.”",
        "Automation “Charge”: the text told afterwards in Chinese is now “已收费。”",
        "Automation “Charge” is now offered for several records",
    ]
    assert found[-1].sentence.zh == "自动化“收费”（charge）可用于多条记录"

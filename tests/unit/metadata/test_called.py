"""Findings of the designer call things by their labels; technical names stay where they are the matter."""

from __future__ import annotations

from dataclasses import replace

import pytest

from headrace.platform.core.problems import Problem, Text, named, said
from headrace.platform.metadata.building.messages import UNKNOWN_OBJECT
from headrace.platform.metadata.called import called, plainly
from headrace.platform.metadata.checks.access import NO_CREATION, SCOPE_PATH
from headrace.platform.metadata.checks.labels import LANGUAGE_MISSING
from headrace.platform.metadata.checks.workflows import UNREACHABLE
from headrace.platform.metadata.comparing.labels import Labels
from headrace.platform.metadata.documents import Document
from headrace.platform.metadata.naming import name_problem


def label(zh: str) -> dict[str, str]:
    return {"zh": zh}


DOCUMENTS = (
    Document(
        "visits",
        {
            "kind": "object",
            "name": "visit",
            "label": label("巡检单"),
            "fields": [
                {
                    "name": "result",
                    "label": label("巡检结果"),
                    "type": "choice",
                    "choices": [{"value": "bad", "label": label("不合格")}],
                },
                {"name": "status", "type": "state", "workflow": "visit_flow"},
            ],
        },
    ),
    Document(
        "visits",
        {
            "kind": "workflow",
            "name": "visit_flow",
            "object": "visit",
            "label": label("巡检流程"),
            "states": [{"name": "in_approval", "label": label("审批中")}],
        },
    ),
    Document(
        "visits",
        {"kind": "role", "name": "inspector", "label": label("巡检员")},
    ),
)
OBJECT, FLOW = "/visits/objects/visit.json", "/visits/workflows/visit_flow.json"


@pytest.mark.parametrize(
    ("problem", "said"),
    [
        (UNREACHABLE.at(FLOW + "/states/0", state="in_approval"), "审批中"),
        (
            NO_CREATION.at(OBJECT, role="inspector", object="visit", field="result"),
            "“巡检员”可以新建“巡检单”，却不能填写必填且无默认值的“巡检结果”",
        ),
        (LANGUAGE_MISSING.at(OBJECT + "/label", name="visit", language="en"), "“巡检单”缺少"),
        (
            LANGUAGE_MISSING.at(OBJECT + "/fields/0/choices/0/label", name="bad", language="en"),
            "“不合格”缺少",
        ),
        (name_problem("巡检", (), OBJECT + "/name"), "巡检"),
        (SCOPE_PATH.at("", scope="x", part="y", object="visit"), "巡检单"),
        (UNKNOWN_OBJECT.at(OBJECT + "/fields/0/to", name="nothing"), "nothing"),
    ],
)
def test_names_are_said_by_their_labels(problem: Problem, said: str) -> None:
    (found,) = called([problem], DOCUMENTS)

    assert said in found.message.zh
    assert (found.code, found.path) == (problem.code, problem.path)


def test_a_text_that_was_changed_later_stays() -> None:
    problem = UNREACHABLE.at(FLOW + "/states/0", state="in_approval")
    (found,) = called([replace(problem, hint=Text("Wait.", "请等。"))], DOCUMENTS)

    assert "审批中" in found.message.zh
    assert found.hint == Text("Wait.", "请等。")


def test_lines_of_plans_are_said_by_labels_those_of_what_is_gone_too() -> None:
    labels = Labels(DOCUMENTS[1:], DOCUMENTS)
    field = named("field", "visit", "result")

    removed = said("Remove {field}; kept", "移除字段 {field}；其数据保留", field=field)
    assert removed.en == "Remove visit.result; kept"
    assert removed.zh == "移除字段 visit.result；其数据保留"
    assert plainly(removed, labels) == Text(
        "Remove “巡检单 › 巡检结果”; kept", "移除字段“巡检单 › 巡检结果”；其数据保留"
    )
    created = said("Create {object}", "新建对象 {object}", object=named("object", "visit"))
    assert plainly(created, labels) == Text("Create “巡检单”", "新建对象“巡检单”")


def test_names_in_lines_are_told_at_any_depth_and_unknown_ones_as_they_are() -> None:
    labels = Labels(DOCUMENTS, ())
    over = (named("own_field", "visit", "result"), named("own_field", "visit", "gone"))
    inner = said("a key: {over}", "唯一约束：{over}", over=over)
    line = said(
        "Change {inner} of the {kind} {name} to {type} in {state}",
        "将 {kind} {name} 的{inner}改为 {type}，状态 {state}",
        inner=inner,
        kind=named("kind", "approval"),
        name=named("approval", "nowhere"),
        type=named("type", "money"),
        state=named("state", "visit_flow", "nowhere"),
    )
    assert line.en == "Change a key: result, gone of the approval nowhere to money in nowhere"
    told = plainly(line, labels)
    assert told.en == ("Change a key: “巡检结果”, gone of the approval nowhere to Money in nowhere")
    assert told.zh == "将 审批 nowhere 的唯一约束：“巡检结果”, gone改为 金额，状态 nowhere"


def test_words_that_look_like_names_stay() -> None:
    labels = Labels(DOCUMENTS, ())
    assert plainly(Text("visit.result", "visit 不是名称"), labels) == Text(
        "visit.result", "visit 不是名称"
    )

"""Words for what definitions are made of, in both languages; one place for plans, comparing, where-used."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from headrace.platform.core.problems import Text

KIND_WORDS: Final[Mapping[str, Text]] = {
    "module": Text("module", "模块"),
    "role": Text("role", "角色"),
    "choice_set": Text("choice set", "选项集"),
    "object": Text("object", "对象"),
    "extends": Text("extension of", "扩展"),
    "workflow": Text("workflow", "工作流"),
    "approval": Text("approval", "审批"),
    "automation": Text("automation", "自动化"),
    "permission": Text("permission", "权限"),
    "form": Text("form", "表单"),
    "view": Text("view", "列表"),
    "report": Text("report", "报表"),
    "dashboard": Text("dashboard", "看板"),
    "tile": Text("tile", "图块"),
    "scenario": Text("scenario", "业务场景"),
    "field": Text("field", "字段"),
    "rule": Text("rule", "规则"),
    "field rule": Text("field rule", "字段规则"),
    "no overlap": Text("ban on overlaps", "不重叠约束"),
    "record type": Text("record type", "记录类型"),
    "child": Text("child grid", "明细"),
    "unique": Text("unique key", "唯一键"),
    "choice": Text("choice", "选项"),
    "state": Text("state", "状态"),
    "transition": Text("transition", "转换"),
    "step": Text("step", "步骤"),
    "branch": Text("branch", "分支"),
    "approver": Text("approver", "审批人"),
    "grant": Text("grant", "授权"),
    "section": Text("section", "分组"),
    "item": Text("item", "项"),
    "measure": Text("measure", "度量"),
    "group": Text("group", "分组字段"),
    "constant": Text("constant", "常量"),
    "expression": Text("named expression", "命名表达式"),
    "parameter": Text("parameter", "参数"),
    "input": Text("input", "输入项"),
    "calendar": Text("working calendar", "工作日历"),
    "shift": Text("shift", "班次"),
    "menu": Text("menu entry", "菜单项"),
    "rows": Text("rows", "行数据"),
    "given person": Text("person", "人员"),
    "given record": Text("record", "记录"),
}
"""Kinds of documents and of the parts in them."""


def kind_word(kind: str) -> Text:
    """Return the word for a kind of definition or part; the kind itself where none is known."""
    return KIND_WORDS.get(kind) or Text(kind.replace("_", " "), kind)


def text_of(value: Any) -> Text:
    """Return a JSON label as a text; an empty one where it is not one."""
    if not isinstance(value, Mapping):
        return Text()
    return Text(str(value.get("en") or ""), str(value.get("zh") or ""))


def titled(label: Text, name: str) -> Text:
    """Return a label in quotes with the API name behind it where that says something else."""
    shown = label or Text(name, name)

    def one(language: str) -> str:
        text = shown.within(language)
        same = text.casefold().replace(" ", "_") == name.casefold()
        open_, close = ("（", "）") if language == "zh" else (" (", ")")
        return f"“{text}”" if same or not name else f"“{text}”{open_}{name}{close}"

    return Text(one("en"), one("zh"))


def called(kind: str, label: Text, name: str) -> Text:
    """Return the word for `kind` and the label: `field “Credit limit” (credit_limit)`."""
    word, shown = kind_word(kind), titled(label, name)
    return Text(f"{word.en} {shown.en}", f"{word.zh}{shown.zh}")


def extension_of(of: str, label: Text, name: str, module: str) -> Text:
    """Return the words for what `module` adds to a definition: `extension of object “…” by “…”`."""
    title, by = called(of, label, name), titled(Text(), module)
    return Text(f"extension of {title.en} by {by.en}", f"{by.zh}对{title.zh}的扩展")


def within(parts: Iterable[Text]) -> Text:
    """Join parts from the outermost to the innermost: `step … of approval …`, `审批…的步骤…`."""
    listed = list(parts)
    return Text(
        " of ".join(one.en for one in reversed(listed)), "的".join(one.zh for one in listed)
    )


def sentence(template: Text, **values: Any) -> Text:
    """Fill a template in both languages; the English one starts with a capital letter."""

    def fill(text: str, language: str) -> str:
        def value(match: re.Match[str]) -> str:
            found = values.get(match[1], match[0])
            return found.within(language) if isinstance(found, Text) else str(found)

        return re.sub(r"\{(\w+)\}", value, text)

    english = fill(template.en, "en")
    return Text(english[:1].upper() + english[1:], fill(template.zh, "zh"))

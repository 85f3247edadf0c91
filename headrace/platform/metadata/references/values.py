"""What where-used answers with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple, TypedDict

from headrace.platform.core.problems import Text
from headrace.platform.metadata.wording import called, kind_word, sentence, within

HOW: Final[Mapping[str, Text]] = {
    "formula": Text("{by} reads it in the formula", "{by}在公式中读取它"),
    "path": Text("{by} goes through it to another record", "{by}经由它到达其他记录"),
    "compared": Text("{by} compares with it in the formula", "{by}在公式中与它比较"),
    "query": Text(
        "{by} asks for it in a query that runs as the system: disclosed",
        "{by}以系统身份查询它（已声明披露）",
    ),
    "disclosed formula": Text(
        "{by} reads it in a query that runs as the system: disclosed",
        "{by}在以系统身份运行的查询中读取它（已声明披露）",
    ),
    "object": Text("{by} is about it", "{by}以它为对象"),
    "extends": Text("{by} adds to it", "{by}对它进行扩展"),
    "added to": Text("{by} adds to it", "{by}对它进行扩展"),
    "after": Text("{by} puts something behind it", "{by}将新增项排在它之后"),
    "called": Text("{by} calls it in the formula", "{by}在公式中调用它"),
    "parameter": Text("{by} is given one of its records", "{by}以它的记录为参数"),
    "lookup": Text("{by} refers to its records", "{by}引用它的记录"),
    "user choice": Text("{by} may be given who holds it", "{by}可选择拥有它的用户"),
    "master": Text("{by} makes its records part of it", "{by}以它为主记录"),
    "child": Text("{by} shows its records in a grid", "{by}以明细显示它的记录"),
    "child by": Text("{by} finds its rows by it", "{by}通过它找到明细行"),
    "roll-up": Text("{by} sums it or counts it up", "{by}汇总它"),
    "roll-up by": Text("{by} finds the rows it sums by it", "{by}通过它找到被汇总的行"),
    "state field": Text("{by} keeps its state in it", "{by}将状态存于此字段"),
    "workflow": Text("{by} belongs to it", "{by}属于它"),
    "title": Text("{by} names its records by it", "{by}以它作为记录标题"),
    "search": Text("{by} searches in it", "{by}按它搜索"),
    "scope": Text("{by} finds out by it whose records they are", "{by}据此判断记录归属"),
    "unique": Text("{by} contains it", "{by}包含它"),
    "record type for": Text("{by} may be chosen by it", "该角色可选择{by}"),
    "field rule": Text("{by} says how it behaves", "{by}规定其行为"),
    "required in": Text("{by} needs a value there", "{by}在该状态下必填"),
    "period date": Text("{by} closes months by it", "{by}据此按月关账"),
    "best match": Text("{by} finds the best match by it", "{by}据此择优匹配"),
    "ledger": Text("{by} keeps its accounts by it", "{by}以它记账"),
    "no overlap": Text("{by} compares ranges by it", "{by}据此比较区间"),
    "rule": Text("{by} shows its message at it", "{by}在此字段处提示"),
    "from": Text("{by} leaves it", "{by}从它出发"),
    "to": Text("{by} leads to it", "{by}到达它"),
    "by": Text("{by} may be taken by it", "{by}可由它执行"),
    "set": Text("{by} sets it", "{by}设置它"),
    "approval": Text("{by} decides about it", "{by}对它进行审批"),
    "approver": Text("{by} finds its approver by it", "{by}由它确定审批人"),
    "approver within": Text(
        "{by} finds its approver's territory by it", "{by}由它确定审批人所在区域"
    ),
    "time limit": Text("{by} counts its time in it", "{by}按它计时"),
    "editable": Text("{by} lets the approver change it", "{by}允许审批人修改它"),
    "needed to approve": Text("{by} is approved with its value only", "{by}同意时必填"),
    "decided by": Text("{by} is decided again when it changes", "{by}在它变化后重新审批"),
    "key field": Text("{by} starts again when it changes", "{by}在它变化后从头审批"),
    "trigger": Text("{by} is started by it", "{by}由它触发"),
    "button for": Text("{by} may be pressed by it", "{by}可由它使用"),
    "button in": Text("{by} is there in it", "{by}在该状态下可用"),
    "tried with": Text("{by} is tried with it", "{by}用它试运行"),
    "acts in": Text("{by} acts in it", "{by}以它的身份操作"),
    "presses": Text("{by} presses it", "{by}按下它的按钮"),
    "expects": Text("{by} says what comes out of it", "{by}规定它的预期结果"),
    "creates": Text("{by} makes its records", "{by}新建它的记录"),
    "converts": Text("{by} converts its rows", "{by}转换它的行"),
    "begins": Text("{by} begins its approval", "{by}发起它的审批"),
    "takes": Text("{by} takes it", "{by}执行它"),
    "told": Text("{by} finds whom to tell by it", "{by}由它确定通知对象"),
    "shown in": Text("{by} shows it in a text", "{by}在文本中显示它"),
    "sent": Text("{by} sends it to another system", "{by}将它发送给其他系统"),
    "goes through": Text("{by} goes through its records", "{by}逐条处理它的记录"),
    "has rights": Text("{by} has rights on it", "{by}对它拥有权限"),
    "grant": Text("{by} gives it rights", "{by}授予它权限"),
    "grant assigned": Text("{by} finds the assigned person by it", "{by}由它确定被指派人"),
    "grant read": Text("{by} lets it be read", "{by}允许读取它"),
    "grant unmask": Text("{by} lets it be seen whole", "{by}允许查看其原值"),
    "grant edit": Text("{by} lets it be changed", "{by}允许修改它"),
    "grant transition": Text("{by} lets it be taken", "{by}允许执行它"),
    "form item": Text("{by} shows it", "{by}显示它"),
    "form for": Text("{by} is made for it", "{by}供它使用"),
    "column": Text("{by} shows it in a column", "{by}以列显示它"),
    "sort": Text("{by} sorts by it", "{by}按它排序"),
    "group": Text("{by} groups by it", "{by}按它分组"),
    "measure": Text("{by} aggregates it", "{by}统计它"),
    "report for": Text("{by} may be opened by it", "{by}可由它打开"),
    "tile": Text("{by} shows it", "{by}显示它"),
    "dashboard for": Text("{by} may be opened by it", "{by}可由它打开"),
    "menu": Text("{by} opens it", "{by}打开它"),
    "choice set": Text("{by} takes its values from it", "{by}使用它的选项值"),
    "depends on": Text("{by} allows values by it", "{by}的可选值取决于它"),
    "currency": Text("{by} is in the currency that it names", "{by}的币种由它指明"),
    "requires": Text("{by} needs it", "{by}依赖它"),
    "optional": Text("{by} adds to it when it is there", "{by}在它存在时对其扩展"),
    "reference": Text("{by} names it", "{by}引用它"),
}
"""How a definition can use another, as a sentence; `{by}` is who uses."""


class Word(NamedTuple):
    """A name as it stands within a text, or within the key of an object where `in_key`.

    What is used without being written, as by default, has no place: it ends where it begins.
    """

    text: str
    start: int = 0
    end: int = 0
    in_key: bool = False


class UsedJson(TypedDict):
    """A definition, or a part of one, that is used."""

    kind: str
    id: str
    name: str


class UseJson(TypedDict):
    """One place that names a definition, and what that is in words."""

    used: UsedJson
    kind: str
    id: str
    name: str
    module: str
    path: str
    how: str
    disclosed: bool
    text: str


@dataclass(frozen=True, slots=True)
class Used:
    """A definition or a part of one that others can use.

    The name of a part stands behind that of what holds it: `partner.tax_no`, `order_flow.draft`.
    """

    kind: str
    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Crumb:
    """One stop on the way from a document to the place in it."""

    kind: str
    label: Text
    name: str
    words: Text = Text()
    """What is said instead of kind, label and name."""


@dataclass(frozen=True, slots=True)
class Use:
    """One place that names `used`: the document, the JSON Pointer in it, and how it uses it."""

    used: Used
    kind: str
    id: str
    name: str
    module: str
    path: str
    how: str
    crumbs: tuple[Crumb, ...] = ()
    word: Word = field(default=Word(""), compare=False)
    """Where the name stands in the text at `path`; several uses that differ in nothing else are one."""

    @property
    def disclosed(self) -> bool:
        """Whether it is read as the system, whoever asks."""
        return self.how in {"query", "disclosed formula"}

    @property
    def by(self) -> Text:
        """Who uses it, in words: `rule “…” of object “…”`."""
        return within(_crumb_text(crumb) for crumb in self.crumbs)

    @property
    def sentence(self) -> Text:
        """The use in words."""
        return sentence(HOW.get(self.how) or HOW["reference"], by=self.by)

    def render(self, language: str) -> UseJson:
        """Return the JSON form in one language."""
        return {
            "used": {"kind": self.used.kind, "id": self.used.id, "name": self.used.name},
            "kind": self.kind,
            "id": self.id,
            "name": self.name,
            "module": self.module,
            "path": self.path,
            "how": self.how,
            "disclosed": self.disclosed,
            "text": self.sentence.within(language),
        }


def _crumb_text(crumb: Crumb) -> Text:
    if crumb.words:
        return crumb.words
    if crumb.name or crumb.label:
        return called(crumb.kind, crumb.label, crumb.name)
    return kind_word(crumb.kind)

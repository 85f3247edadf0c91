"""The cost of an object in sentences, as JSON in one language."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final

from headrace.platform.core.problems import Text
from headrace.platform.database.physical import Purpose
from headrace.platform.metadata.catalog import ObjectModel
from headrace.platform.metadata.storage_types import instant_text
from headrace.platform.publishing.costing.asking import Cost
from headrace.platform.publishing.costing.counting import RowCount
from headrace.platform.publishing.costing.indexes import Index
from headrace.platform.publishing.costing.lists import Slow
from headrace.platform.publishing.costing.saving import Step
from headrace.platform.publishing.costing.shapes import (
    ChildCostJson,
    CostJson,
    IndexJson,
    RoleTimeJson,
    RowsCostJson,
    SaveStepJson,
    SlowListJson,
    TimesJson,
)
from headrace.platform.publishing.costing.timing import Limits, Reason, RoleTime, Times

NEW: Final = Text(
    "There is no table yet: nothing is counted or measured. After publishing it begins empty.",
    "尚未建表，无法统计或测量；发布后从空表开始。",
)
PURPOSES: Final[dict[Purpose, Text]] = {
    "recent": Text("newest records first", "最新记录在前"),
    "unique": Text("no two records alike", "保证取值不重复"),
    "reference": Text("finds the records that refer to another", "按引用查找记录"),
    "title": Text("records in the order of their names", "记录按名称排序"),
    "sort": Text("order of a list", "列表排序"),
    "key": Text("no two records alike in these together", "保证组合不重复"),
    "ledger": Text("order of the entries of an account", "账户内分录的顺序"),
    "rollup": Text("finds the rows of roll-ups", "查找参与汇总的行"),
    "overlap": Text("finds records that overlap", "查找有重叠的记录"),
    "state": Text("records in a state", "按状态查找记录"),
    "tree": Text("branches of the tree", "查找树的分支"),
    "links": Text("which records a value of several stands in", "按多值引用查找记录"),
}
STATES: Final = {
    "missing": Text(
        "not in the database: the list of doctor's findings says more", "数据库中缺失，请运行检查"
    ),
    "other": Text("made in the database by somebody else", "由他人在数据库中创建"),
}


def told(cost: Cost, language: str) -> CostJson:
    """Return what a cost says, with the sentence that sums it up."""
    teller = _Teller(cost, language)
    return {
        "object": cost.model.name,
        "label": cost.model.plural.within(language),
        "as_of": instant_text(cost.as_of),
        "version": cost.version,
        "summary": teller.summary(),
        "notes": list(teller.notes()),
        "rows": None if cost.rows is None else teller.rows(cost.rows),
        "children": list(teller.children()),
        "indexes": [teller.index(one) for one in cost.indexes],
        "lists": [teller.slow(one) for one in cost.lists],
        "save": {
            "statements": cost.saving.statements,
            "text": teller.saving(),
            "steps": [teller.step(one) for one in cost.saving.steps],
        },
        "time": None if cost.times is None else teller.times(cost.times),
        "asking": {"milliseconds": round(cost.milliseconds), "text": teller.asking()},
    }


class _Teller:
    def __init__(self, cost: Cost, language: str) -> None:
        self._cost = cost
        self._language = language

    def say(self, en: str, zh: str, **values: Any) -> str:
        """Return a sentence with its values; numbers are written with separators of thousands."""
        text = Text(en, zh).within(self._language)
        for name, value in values.items():
            shown = f"{value:,}" if isinstance(value, int) else str(value)
            text = text.replace("{" + name + "}", shown)
        return text

    # -- the whole ----------------------------------------------------------------------------------

    def summary(self) -> str:
        """Return one line: rows, indexes, and the slowest role where it was measured."""
        parts = [self._rows_in_short(), self._indexes_in_short()]
        if self._cost.rows is None:
            parts.append(
                self.say(
                    "a save takes about {n} statements",
                    "保存约需 {n} 条语句",
                    n=self._cost.saving.statements,
                )
            )
        elif self._cost.times is not None:
            parts.append(self._slowest(self._cost.times))
        return " · ".join(one for one in parts if one)

    def notes(self) -> Iterator[str]:
        """Yield what to know before the numbers."""
        cost = self._cost
        if cost.unread is not None:
            yield self.say(
                "The draft cannot be read as it stands, so this is told of what is live: {why}",
                "草稿目前无法解析，以下为当前版本的情况：{why}",
                why=cost.unread.within(self._language),
            )
        if cost.rows is None:
            yield NEW.within(self._language)

    def asking(self) -> str:
        """Return what the question itself took, and by what it is limited."""
        limits = Limits() if self._cost.times is None else self._cost.times.limits
        return self.say(
            "Asking took {ms} ms. It only reads, and stops a count or a list after {one} s.",
            "本次查询用时 {ms} 毫秒；只读取数据，每次统计或列表最多 {one} 秒。",
            ms=round(self._cost.milliseconds),
            one=limits.one,
        )

    # -- rows ---------------------------------------------------------------------------------------

    def rows(self, count: RowCount) -> RowsCostJson:
        """Return the rows of the table."""
        return {
            "live": count.live,
            "deleted": count.deleted,
            "exact": count.exact,
            "text": self._count(count),
        }

    def _rows_in_short(self) -> str:
        count = self._cost.rows
        if count is None:
            return self.say("no table yet", "尚未建表")
        return self._count(count)

    def _count(self, count: RowCount) -> str:
        if count.live is None:
            return self.say("too many rows to count in time", "行数过多，未能及时统计")
        if not count.exact:
            return self.say("about {n} rows", "约 {n} 行", n=count.live)
        return self.say("{n} row" if count.live == 1 else "{n} rows", "{n} 行", n=count.live)

    def children(self) -> Iterator[ChildCostJson]:
        """Yield the child rows, and how many of them a record has on average."""
        for relation in self._cost.model.children:
            count = self._cost.others.get(relation.object)
            if count is None:
                continue
            label = relation.label.within(self._language) or self._object(relation.object)
            average = _average(count, self._cost.rows)
            text = self.say(
                "{label}: {rows}", "{label}:{rows}", label=label, rows=self._count(count)
            )
            if average is not None:
                text += self.say(
                    ", {n} for each record on average", "，平均每条记录 {n} 行", n=average
                )
            yield {
                "relation": relation.name,
                "object": relation.object,
                "rows": count.live,
                "average": average,
                "text": text,
            }

    # -- indexes ------------------------------------------------------------------------------------

    def _indexes_in_short(self) -> str:
        found = self._cost.indexes
        there = sum(one.state in {"there", "dropped", "other"} for one in found)
        added = sum(one.state == "added" for one in found)
        dropped = sum(one.state == "dropped" for one in found)
        if self._cost.rows is None:
            many = "{n} indexes to come" if added > 1 else "{n} index to come"
            return self.say(many, "将建 {n} 个索引", n=added)
        many = "{n} indexes" if there != 1 else "{n} index"
        parts = [self.say(many, "{n} 个索引", n=there)]
        if added:
            parts.append(self.say("{n} more with this draft", "本草稿新增 {n} 个", n=added))
        if dropped:
            parts.append(self.say("{n} fewer with this draft", "本草稿删除 {n} 个", n=dropped))
        return self.say(", ", "、").join(parts)

    def index(self, one: Index) -> IndexJson:
        """Return an index, of what it is and what it is for."""
        purposes = [
            PURPOSES[each].within(self._language) for each in one.purposes if each != "sort"
        ]
        if "sort" in one.purposes or one.views:
            views = self.say(", ", "、").join(
                self.say("“{name}”", "“{name}”", name=each.within(self._language))
                for each in one.views
            )
            purposes.append(
                self.say("order of the list {views}", "列表{views}的排序", views=views)
                if views
                else PURPOSES["sort"].within(self._language)
            )
        if one.roles:
            purposes.append(
                self.say("what {roles} may see", "{roles}的可见范围", roles=self._roles(one.roles))
            )
        if one.state in STATES:
            purposes.append(STATES[one.state].within(self._language))
        labels = [self._field(self._cost.model, each) for each in one.fields if each != "id"]
        return {
            "name": one.name,
            "fields": list(one.fields),
            "label": " + ".join(labels) or one.name,
            "unique": one.unique,
            "state": one.state,
            "purposes": list(one.purposes),
            "text": self.say("; ", ";").join(purposes),
        }

    # -- lists --------------------------------------------------------------------------------------

    def slow(self, one: Slow) -> SlowListJson:
        """Return a list that no index helps with, and why."""
        whys = []
        if one.sort is not None:
            whys.append(self._reason("sort", one.sort))
        if one.filtered:
            whys.append(self._reason("filter", ""))
        return {
            "view": one.view,
            "label": one.label.within(self._language),
            "sort": one.sort,
            "filtered": one.filtered,
            "text": self.say("; ", ";").join(whys),
        }

    def _reason(self, reason: Reason, about: str) -> str:
        match reason:
            case "sort":
                return self.say(
                    "no index holds the order by {field}",
                    "没有按{field}排序的索引",
                    field=self._path(about),
                )
            case "filter":
                return self.say(
                    "no index leads to the rows of its condition", "筛选条件没有可用的索引"
                )
            case "scope":
                return self.say(
                    "no index leads to the rows that the role may see (by {field})",
                    "按{field}限定的可见范围没有可用的索引",
                    field=self._path(about),
                )
            case "condition":
                return self.say(
                    "no index leads to the rows that the condition of its grant lets through",
                    "授权条件没有可用的索引",
                )

    # -- a save -------------------------------------------------------------------------------------

    def saving(self) -> str:
        """Return how much a save is."""
        return self.say(
            "Making a record takes about {n} statements; what follows from it is computed with it:"
            if self._cost.saving.steps
            else "Making a record takes about {n} statements; nothing is computed with it.",
            "新建一条记录约需 {n} 条语句，并同时计算："
            if self._cost.saving.steps
            else "新建一条记录约需 {n} 条语句，无需其他计算。",
            n=self._cost.saving.statements,
        )

    def step(self, one: Step) -> SaveStepJson:
        """Return something that a save does."""
        text = self._step(one)
        for asked in one.asks:
            plural = self._object(asked.object)
            count = self._cost.others.get(asked.object)
            if asked.by_index:
                text += self.say(
                    "; asks {plural} by an index", "；按索引查询{plural}", plural=plural
                )
            elif count is None or count.live is None:
                text += self.say(
                    "; goes through all {plural} each time", "；每次扫描全部{plural}", plural=plural
                )
            else:
                text += self.say(
                    "; goes through all {plural} each time: {rows}",
                    "；每次扫描全部{plural}：{rows}",
                    plural=plural,
                    rows=self._count(count),
                )
        return {
            "kind": one.kind,
            "object": one.object,
            "names": list(one.names),
            "anew": one.anew,
            "asks": [{"object": each.object, "by_index": each.by_index} for each in one.asks],
            "text": text,
        }

    def _step(self, one: Step) -> str:
        model = self._cost.catalog.objects[one.object]
        if one.kind == "transition":
            workflow = self._cost.catalog.workflows[str(model.workflow)]
            label = workflow.transitions[one.names[0]].label.within(self._language)
            return self.say("transition “{name}”", "转换“{name}”", name=label)
        fields = self.say(", ", "、").join(self._field(model, each) for each in one.names)
        where = model.label.within(self._language)
        match one.kind:
            case "default":
                return self.say("first value of {fields}", "{fields}的默认值", fields=fields)
            case "rollup" if one.anew:
                return self.say(
                    "{where}: {fields}, read anew from its rows",
                    "{where}：{fields}，需重新读取相关行",
                    where=where,
                    fields=fields,
                )
            case "rollup":
                return self.say(
                    "{where}: {fields}, changed by the difference",
                    "{where}：{fields}，按差额更新",
                    where=where,
                    fields=fields,
                )
            case _:
                return self.say(
                    "{where}: formulas {fields}",
                    "{where}：公式 {fields}",
                    where=where,
                    fields=fields,
                )

    # -- times --------------------------------------------------------------------------------------

    def times(self, times: Times) -> TimesJson:
        """Return the times of the roles, with the slowest."""
        measured = times.measured
        return {
            "as_of": instant_text(times.as_of),
            "slowest": measured[0].role if measured else None,
            "text": self._slowest(times),
            "limits": {
                "one": times.limits.one,
                "together": times.limits.together,
                "roles": times.limits.roles,
            },
            "roles": [self._role(one, times) for one in times.roles],
        }

    def _slowest(self, times: Times) -> str:
        if times.refused is not None:
            return self.say(
                "not run for others: {why}",
                "未替其他角色运行：{why}",
                why=times.refused.within(self._language),
            )
        what = self.say("report", "报表") if self._cost.report else self.say("list", "列表")
        measured = times.measured
        if not measured:
            busy = any(one.state == "busy" for one in times.roles)
            return (
                self.say(
                    "{what} not measured: another measurement runs",
                    "{what}未测量：正有其他测量",
                    what=what,
                )
                if busy
                else self.say(
                    "{what} not measured: nobody reads it yet",
                    "{what}未测量：暂无人可读取",
                    what=what,
                )
            )
        first = measured[0]
        taken, role = self._taken(first, times), self._roles((first.role,))
        if len(measured) == 1:
            return self.say(
                "{what} {taken} for {role}",
                "{role}打开{what}用时{taken}",
                what=what,
                taken=taken,
                role=role,
            )
        text = self.say(
            "{what} {taken} for {role}, the slowest of {n} roles",
            "{role}打开{what}用时{taken}，是 {n} 个角色中最慢的",
            what=what,
            taken=taken,
            role=role,
            n=len(measured),
        )
        left = sum(one.state == "left_out" for one in times.roles)
        if left:
            text += self.say(" measured; {n} are not", "；另有 {n} 个角色未测量", n=left)
        return text

    def _taken(self, one: RoleTime, times: Times) -> str:
        if one.milliseconds is None:
            return self.say("over {s} s", "超过 {s} 秒", s=times.limits.one)
        return self.say("{ms} ms", " {ms} 毫秒", ms=max(1, round(one.milliseconds)))

    def _role(self, one: RoleTime, times: Times) -> RoleTimeJson:
        taken = one.milliseconds
        return {
            "role": one.role,
            "label": self._roles((one.role,)),
            "state": one.state,
            "people": one.people,
            "milliseconds": None if taken is None else round(taken, 1),
            "rows": one.rows,
            "reasons": [reason for reason, _ in one.reasons],
            "text": self._role_text(one, times),
        }

    def _role_text(self, one: RoleTime, times: Times) -> str:
        match one.state:
            case "nobody":
                return self.say("nobody holds the role", "没有人担任该角色")
            case "closed":
                return self.say(
                    "may not read it before this draft is published", "本草稿发布前无权读取"
                )
            case "busy":
                return self.say("not measured: the database is busy", "未测量：数据库繁忙")
            case "left_out":
                return self.say(
                    "not measured: the others took the time there is", "未测量：已达到测量上限"
                )
        parts = [self._taken(one, times).strip()]
        if isinstance(one.rows, int):
            count = RowCount(one.rows)
            parts.append(self.say("sees {rows}", "可见 {rows}", rows=self._count(count)))
        elif one.rows is not None:
            parts.append(
                self.say(
                    "sees more than {n} rows", "可见超过 {n} 行", n=int(str(one.rows).rstrip("+"))
                )
            )
        if not one.whole:
            parts.append(self.say("without its condition", "未计入筛选条件"))
        parts += [self._reason(reason, about) for reason, about in one.reasons]
        return " · ".join(parts)

    # -- names --------------------------------------------------------------------------------------

    def _object(self, name: str) -> str:
        model = self._cost.catalog.object(name)
        return name if model is None else model.plural.within(self._language) or name

    def _roles(self, names: tuple[str, ...]) -> str:
        roles = self._cost.catalog.roles
        labels = (roles[one].label.within(self._language) or one for one in names)
        return self.say(", ", "、").join(labels)

    def _field(self, model: ObjectModel, name: str) -> str:
        field = model.fields.get(name.removeprefix("-"))
        label = name if field is None else field.label.within(self._language) or field.name
        if not name.startswith("-"):
            return label
        return self.say("{label} (falling)", "{label}（降序）", label=label)

    def _path(self, names: str) -> str:
        """Return the labels along a path of names, `-` in front for falling order."""
        path = self._cost.catalog.path(self._cost.model.name, names.removeprefix("-"))
        if path is None:
            return names
        return " › ".join(one.label.within(self._language) or one.name for one in path)


def _average(count: RowCount, of: RowCount | None) -> str | None:
    if of is None or not of.live or count.live is None or not (of.exact and count.exact):
        return None
    return format((Decimal(count.live) / of.live).quantize(Decimal("0.1")).normalize(), "f")

"""Checks of ledgers and of months that are closed: fields that can hold what their part asks, and parts that do something."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from functools import partial
from typing import Final

from headrace.platform.core.problems import Message, Problem, Text
from headrace.platform.formulas.decimals import LIMITS
from headrace.platform.metadata.catalog import FieldModel, LedgerModel, ObjectModel
from headrace.platform.metadata.checks.base import Subject

WRONG_FIELD = Message(
    "ledger.wrong_field",
    "“{field}” cannot be the {part} of the ledger: {why}.",
    "“{field}”不能作为账簿的{part}：{why}。",
    "Choose another field, or change this one.",
    "请选择其他字段，或修改该字段。",
)
INERT = Message(
    "ledger.inert_key",
    "“{key}” does nothing here: {why}.",
    "“{key}”在此不起作用：{why}。",
    "Add what is missing, or remove the key.",
    "请补充缺少的内容，或删除该键。",
)
FLOOR = Message(
    "ledger.floor_digits",
    "“{floor}” has more digits than “{field}” holds.",
    "“{floor}”的位数超出“{field}”可容纳的范围。",
    "Give a number with at most {scale} digits after the point.",
    "请填写小数位不超过 {scale} 位的数值。",
)
NOTHING_TO_REVERSE = Message(
    "perm.nothing_to_reverse",
    "“{object}” has no entries that could be reversed.",
    "“{object}”没有可冲销的流水。",
    "Give its ledger “reversal_of”, or take the action away.",
    "请在账簿中设置“reversal_of”，或移除该操作。",
)
PERIOD_FIELD = Message(
    "period.wrong_field",
    "Months cannot be closed by “{field}”: {why}.",
    "不能以“{field}”关账：{why}。",
    "Choose a required date or time that is stored.",
    "请选择已存储的必填日期或时间字段。",
)
NOTHING_TO_CLOSE = Message(
    "perm.nothing_to_close",
    "“{object}” has no months that could be closed.",
    "“{object}”没有可关账的月份。",
    "Give it “period_date”, or take the action away.",
    "请设置“period_date”，或移除该操作。",
)
PART_OF_ROWS = Message(
    "perm.part_of_rows",
    "Months are closed for all records of “{object}”, not for some.",
    "关账针对“{object}”的全部记录，不能只针对部分记录。",
    "Give the action in a grant with the scope “all” and without “when”.",
    "请在范围为“all”且没有“when”的授权中给予该操作。",
)
PART_WORDS: Final = {
    "amount": Text("amount", "金额"),
    "balance": Text("balance", "余额"),
    "position": Text("position", "序号"),
    "date": Text("date", "日期"),
    "partition": Text("partition", "账户划分"),
    "reversal_of": Text("reversal", "冲销"),
    "reason": Text("reason", "原因"),
    "set": Text("values of a reversal", "冲销设置"),
}
NOT_A_NUMBER = Text("it holds no number", "它不是数值")
NOT_STORED = Text("it is computed when it is read", "它在读取时计算")
FROM_ROWS = Text("it rests on roll-ups, which change later", "它依赖汇总字段，之后会变化")
NOT_REQUIRED = Text("it is not required", "它不是必填字段")
OTHER_DIGITS = Text("it has other digits than the amount", "它的位数与金额不同")
NOT_BY_SYSTEM = Text(
    'people write it ("written_by" must be "system")', "它由用户填写（应设为系统填写）"
)
HAS_DEFAULT = Text("it has a default", "它有默认值")
NOT_INTEGER = Text("it is no integer", "它不是整数")
NOT_A_DAY = Text("it holds neither a date nor a time", "它不是日期或时间")
COMPUTED = Text("the platform computes it", "它由系统计算")
TWICE = Text("it is another part already", "它已用于其他部分")
NOT_ITSELF = Text("it is no lookup to the same object", "它不是指向同一对象的引用")
NOT_UNIQUE = Text("it is not unique", "它不是唯一字段")
NOT_TEXT = Text("it holds no text", "它不是文本")
NEVER_CHANGES = Text("a reversal gets it from the ledger", "冲销时由账簿填写")
NO_REVERSAL = Text("there is no “reversal_of”", "没有设置“reversal_of”")
NO_REASON = Text("there is no “reason”", "没有设置“reason”")


CLOSING: Final = frozenset({"close", "reopen"})


def check_ledgers(subject: Subject) -> Iterator[Problem]:
    """Find ledgers that cannot be kept; reads an object, its grants and its details."""
    yield from subject.each("ledgers", "objects", partial(_of_object, subject))
    yield from subject.each("reversers", "objects", partial(_grants, subject))


def _of_object(subject: Subject, model: ObjectModel) -> Iterator[Problem]:
    yield from _period(subject, model)
    ledger = model.ledger
    if ledger is None:
        return
    for key, name, why in _wrong(model, ledger):
        place = subject.at("object", model.name, "ledger", key)
        yield WRONG_FIELD.at(place, field=name, part=PART_WORDS[key], why=why)
    definition = ledger.definition
    here = subject.at("object", model.name, "ledger")
    if definition.reversal_of is None:
        for key in ("reason", "set"):
            if getattr(definition, key):
                yield INERT.at(f"{here}/{key}", key=key, why=NO_REVERSAL)
    elif definition.reason is None:
        yield INERT.at(f"{here}/reversal_of", key="reversal_of", why=NO_REASON)
    yield from _floor(model, ledger, here)


def _period(subject: Subject, model: ObjectModel) -> Iterator[Problem]:
    name = model.definition.period_date
    if name is None:
        return
    for why in _of_date(model.fields[name]):
        place = subject.at("object", model.name, "period_date")
        yield PERIOD_FIELD.at(place, field=name, why=why)


def _floor(model: ObjectModel, ledger: LedgerModel, here: str) -> Iterator[Problem]:
    storage = model.fields[ledger.definition.amount].storage
    if ledger.floor is None or storage.kind not in {"integer", "decimal"}:
        return
    scale = storage.scale if storage.kind == "decimal" else 0
    exact = ledger.floor == ledger.floor.quantize(Decimal(1).scaleb(-scale))
    if not exact or abs(ledger.floor) >= LIMITS[scale]:
        floor, name = str(ledger.definition.floor), ledger.definition.amount
        yield FLOOR.at(here + "/floor", floor=floor, field=name, scale=scale)


def _wrong(model: ObjectModel, ledger: LedgerModel) -> Iterator[tuple[str, str, Text]]:
    """Yield key, field and what is wrong with it."""
    definition, fields = ledger.definition, model.fields
    amount = fields[definition.amount]
    parts: list[tuple[str, str, Iterator[Text]]] = [
        ("amount", amount.name, _of_amount(model, amount)),
        ("balance", definition.balance, _of_balance(fields[definition.balance], amount)),
        ("position", definition.position, _of_position(fields[definition.position])),
        ("date", definition.date, _of_date(fields[definition.date])),
    ]
    parts += [("partition", name, _given(fields[name])) for name in definition.partition]
    if definition.reversal_of is not None:
        back = fields[definition.reversal_of]
        parts.append(("reversal_of", back.name, _of_reversal(model, back)))
    if definition.reason is not None:
        parts.append(("reason", definition.reason, _of_reason(fields[definition.reason])))
    parts += [
        ("set", one.field, _of_assignment(ledger, fields[one.field])) for one in ledger.assignments
    ]
    for key, name, found in parts:
        yield from ((key, name, why) for why in found)
    yield from _repeated(ledger)


def _of_balance(balance: FieldModel, amount: FieldModel) -> Iterator[Text]:
    if balance.storage != amount.storage:
        yield OTHER_DIGITS
    yield from _filled(balance)


def _of_position(position: FieldModel) -> Iterator[Text]:
    if position.storage.kind != "integer":
        yield NOT_INTEGER
    yield from _filled(position)


def _of_date(day: FieldModel) -> Iterator[Text]:
    if day.storage.kind not in {"date", "instant"}:
        yield NOT_A_DAY
    yield from _given(day)


def _of_reversal(model: ObjectModel, back: FieldModel) -> Iterator[Text]:
    if back.type.key != "lookup" or back.target != model.name:
        yield NOT_ITSELF
    if not back.unique:
        yield NOT_UNIQUE
    yield from _filled(back)


def _of_reason(reason: FieldModel) -> Iterator[Text]:
    if reason.storage.kind != "text" or reason.storage.many or reason.target is not None:
        yield NOT_TEXT
    if reason.computed is not None or reason.system:
        yield COMPUTED


def _of_assignment(ledger: LedgerModel, field: FieldModel) -> Iterator[Text]:
    if field.computed is not None or field.system:
        yield COMPUTED
    elif field.name in ledger.fixed or field.name == ledger.definition.reason:
        yield NEVER_CHANGES


def _of_amount(model: ObjectModel, amount: FieldModel) -> Iterator[Text]:
    if amount.storage.kind not in {"integer", "decimal"}:
        yield NOT_A_NUMBER
    if not amount.stored:
        yield NOT_STORED
    elif amount.computed == "formula":
        ledger = model.ledger
        names = ledger.fixed if ledger else ()
        if any(model.fields[name].computed == "rollup" for name in names):
            yield FROM_ROWS
    elif amount.computed is not None:
        yield FROM_ROWS
    elif not amount.definition.required:
        yield NOT_REQUIRED


def _filled(field: FieldModel) -> Iterator[Text]:
    """Yield what keeps the platform from filling a field."""
    if field.computed is not None or field.system:
        yield COMPUTED
    elif field.definition.written_by != "system":
        yield NOT_BY_SYSTEM
    elif field.default is not None:
        yield HAS_DEFAULT


def _given(field: FieldModel) -> Iterator[Text]:
    if not field.stored:
        yield NOT_STORED
    elif field.computed is not None or field.system:
        yield COMPUTED
    elif not field.definition.required:
        yield NOT_REQUIRED


def _repeated(ledger: LedgerModel) -> Iterator[tuple[str, str, Text]]:
    definition = ledger.definition
    named = [
        (key, getattr(definition, key)) for key in PART_WORDS if key not in {"partition", "set"}
    ]
    named += [("partition", one) for one in definition.partition]
    seen: set[str] = set()
    for key, name in named:
        if name in seen:
            yield key, name, TWICE
        if name is not None:
            seen.add(name)


def _grants(subject: Subject, model: ObjectModel) -> Iterator[Problem]:
    """Find grants to reverse or close what is not there, in the object and its details."""
    for grant, place in subject.grants_of(model):
        if not grant.actions & CLOSING:
            continue
        if not _closes(subject, model):
            yield NOTHING_TO_CLOSE.at(place + "/actions", object=model.name)
        elif grant.scope.name != "all" or grant.when is not None:
            yield PART_OF_ROWS.at(place + "/scope", object=model.name)
    granted = [place for grant, place in subject.grants_of(model) if "reverse" in grant.actions]
    if granted and not _reverses(subject, model):
        for place in granted:
            yield NOTHING_TO_REVERSE.at(place + "/actions", object=model.name)


def _closes(subject: Subject, model: ObjectModel) -> bool:
    if model.definition.period_date is not None:
        return True
    return any(_closes(subject, one) for one in subject.catalog.children_of(model.name))


def _reverses(subject: Subject, model: ObjectModel) -> bool:
    if model.ledger is not None and model.ledger.definition.reversal_of is not None:
        return True
    return any(_reverses(subject, one) for one in subject.catalog.children_of(model.name))

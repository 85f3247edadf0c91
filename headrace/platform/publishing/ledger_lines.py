"""Lines of a plan about objects that become ledgers, keep other accounts, or are ledgers no more."""

from __future__ import annotations

from collections.abc import Iterator

from headrace.platform.core.problems import named, said
from headrace.platform.metadata.catalog import Catalog, ObjectModel
from headrace.platform.publishing.answering import Question
from headrace.platform.publishing.counting import Counter
from headrace.platform.publishing.plan import PlanLine


def ledger_questions(old: Catalog, new: Catalog, counter: Counter) -> Iterator[Question]:
    """Yield a line, with the number of entries, for each object whose accounts are made or given up."""
    before = {model.id: model for model in old.objects.values()}
    for model in new.objects.values():
        former = before.get(model.id)
        if former is None or former is model:
            continue
        if accounts_of(former) != accounts_of(model):
            yield Question(_line(former, model, counter.live_rows(former.id)))


def accounts_of(model: ObjectModel) -> tuple[object, ...]:
    """Return what balances rest on: where entries stand, to which account they belong, what they add."""
    ledger = model.ledger
    if ledger is None:
        return ()
    definition, fields = ledger.definition, model.fields
    amount, balance = fields[definition.amount], fields[definition.balance]
    return (
        fields[definition.position].id,
        frozenset(fields[name].id for name in definition.partition),
        *((one.id, one.storage) for one in (amount, balance)),
        None if amount.expression is None else amount.expression.tree,
    )


def _line(former: ObjectModel, model: ObjectModel, rows: int) -> PlanLine:
    name = model.name
    if model.ledger is None:
        words = said(
            "{name} is no ledger any more: its records can be changed and deleted",
            "{name} 不再是账簿：其记录可以修改和删除",
            name=named("object", name),
        )
        return PlanLine(f"ledger.remove:{name}", "ledger.remove", words, rows=rows)
    if former.ledger is None:
        words = said(
            "Make {name} a ledger: its records get positions and balances, and stay",
            "将 {name} 设为账簿：为其记录计算序号与余额，此后不可修改",
            name=named("object", name),
        )
        return PlanLine(f"ledger.add:{name}", "ledger.add", words, rows=rows)
    words = said(
        "Make the accounts of {name} anew", "重新计算 {name} 的账户", name=named("object", name)
    )
    return PlanLine(f"ledger.change:{name}", "ledger.change", words, rows=rows)

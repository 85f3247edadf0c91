"""Accounts and their entries: a ledger by lookup, one by master, and what rests on them."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

from headrace.platform.core.problems import Problem
from headrace.platform.records.drafts import Saved
from headrace.platform.records.reversing import Reversing
from tests.support.documents import field, label
from tests.support.publishing import MODULE, Contents, Publishing
from tests.support.rollup_world import Depots, rollup

LEDGER: dict[str, Any] = {
    "amount": "amount",
    "balance": "balance",
    "position": "place",
    "date": "day",
    "partition": ["account"],
    "reversal_of": "reverses",
    "reason": "memo",
    "set": {"kind": "'back'"},
}


def choices(*values: str) -> list[dict[str, Any]]:
    return [{"value": one, "label": label(one, one)} for one in values]


def ledger_contents() -> Contents:
    """Return fresh documents: `entry` refers to accounts, `turn` belongs to them."""
    return {
        ("module", MODULE): {
            "kind": "module",
            "name": MODULE,
            "version": "1.0.0",
            "label": label("Books", "账簿"),
        },
        ("object", "account"): {
            "kind": "object",
            "name": "account",
            "label": label("Account", "账户"),
            "fields": [
                field("code", "text", length=20, external_id=True),
                rollup("total", "sum", "entry.amount", by="account"),
                rollup("last_balance", "last", "entry.balance", by="account", last_by="place"),
                rollup("turned", "sum", "turn.value", by="account"),
            ],
        },
        ("object", "entry"): {
            "kind": "object",
            "name": "entry",
            "label": label("Entry", "流水"),
            "history": True,
            "fields": [
                field("account", "lookup", to="account", required=True),
                field("no", "auto_number", pattern="E-{000000}"),
                field("day", "date", required=True, default="TODAY()"),
                field("kind", "choice", choices=choices("in", "out", "back"), default="'in'"),
                field("amount", "money", required=True),
                field("balance", "money", written_by="system"),
                field("place", "integer", written_by="system"),
                field("reverses", "lookup", to="entry", unique=True, written_by="system"),
                field("document", "text", length=20, external_id=True),
                field("memo", "text", length=40),
                field("low", "formula", returns="boolean", formula="balance < 0"),
            ],
            "ledger": dict(LEDGER),
            "period_date": "day",
        },
        ("object", "visit"): {
            "kind": "object",
            "name": "visit",
            "label": label("Visit", "拜访"),
            "fields": [
                field("at", "datetime", required=True),
                field("what", "text", length=40),
                rollup("minutes", "sum", "topic.minutes", by="visit"),
                rollup("cited", "count", "note", by="visit"),
            ],
            "period_date": "at",
        },
        ("object", "topic"): {
            "kind": "object",
            "name": "topic",
            "label": label("Topic", "议题"),
            "fields": [
                field("visit", "master_detail", to="visit", required=True),
                field("minutes", "integer"),
            ],
        },
        ("object", "note"): {
            "kind": "object",
            "name": "note",
            "label": label("Note", "备注"),
            "fields": [field("visit", "lookup", to="visit")],
        },
        ("object", "turn"): {
            "kind": "object",
            "name": "turn",
            "label": label("Turn", "变动"),
            "fields": [
                field("account", "master_detail", to="account", required=True),
                field("day", "date", required=True, default="TODAY()"),
                field("qty", "quantity", required=True),
                field("price", "money", required=True, default="1"),
                field("value", "formula", returns="money", formula="qty * price"),
                field("after", "money", written_by="system"),
                field("place", "integer", written_by="system"),
            ],
            "ledger": {
                "amount": "value",
                "balance": "after",
                "position": "place",
                "date": "day",
                "partition": ["account"],
                "floor": "0",
            },
        },
    }


class Books(Depots):
    """The world with what only ledgers do."""

    def post(self, account: str, amount: str, **values: Any) -> str:
        """Post an entry."""
        return self.create("entry", account=account, amount=amount, **values)

    def reverse(self, entry: str, reason: Any = "typed wrongly", day: Any = None) -> Saved:
        """Reverse an entry."""
        asked = Reversing(reason, day)
        return self.platform.write_as_system(
            lambda context, unit: self.platform.store.reverse(context, unit, "entry", entry, asked)
        )

    def check(self) -> None:
        """Compare all balances with sums that are reckoned by hand."""
        accounts = self.rows("account")
        for name, amount, balance in (("entry", "amount", "balance"), ("turn", "value", "after")):
            by_account: dict[str, list[dict[str, Any]]] = {}
            for row in self.rows(name).values():
                by_account.setdefault(row["account"], []).append(row)
            for account, entries in by_account.items():
                total = Decimal(0)
                entries.sort(key=lambda one: one["place"])
                assert [one["place"] for one in entries] == [*range(1, len(entries) + 1)]
                for one in entries:
                    total += one[amount]
                    assert one[balance] == total, (name, one)
                assert accounts[account]["total" if name == "entry" else "turned"] == total
                if name == "entry":
                    assert accounts[account]["last_balance"] == total
        assert self.recount() == []


def books(platform: Any, folder: Path) -> Books:
    """Publish the world."""
    work = Publishing(platform, folder)
    work.contents = ledger_contents()
    work.publish()
    return Books(work)


def codes(problems: tuple[Problem, ...]) -> list[tuple[str, str]]:
    return [(one.code, one.path) for one in problems]

"""What is told where another version went live after a plan was made: which changes came between."""

from __future__ import annotations

from typing import Final

from headrace.platform.core.errors import StaleError
from headrace.platform.core.problems import Message
from headrace.platform.metadata.comparing import compare
from headrace.platform.publishing.catalogs import CatalogStore
from headrace.platform.publishing.plan import Plan

CONFLICT: Final = Message(
    "publish.conflict",
    "The plan was made on version {base}; version {live} is live now.",
    "该计划基于版本 {base}，而当前版本是 {live}。",
    "Plan again and look at what changed.",
    "请重新生成计划并查看变化。",
)
SINCE: Final = Message(
    "publish.changed_since",
    "Changed since version {base}: {sentence}",
    "版本 {base} 之后的变化：{sentence}",
    "Take the change into your definitions, then plan again.",
    "请将该变化合入您的定义，然后重新生成计划。",
    severity="warning",
)
TOLD: Final = 50
"""How many differences a refusal tells in sentences; the count says how many there are."""


def overtaken(catalogs: CatalogStore, base: int, live: int) -> StaleError:
    """Return the refusal of a publish that was thought through on `base` where `live` is live."""
    before, now = catalogs.content_of(base).documents, catalogs.content_of(live).documents
    since = compare(before, now, catalogs.types)
    return StaleError(
        CONFLICT.at(base=base, live=live),
        *(SINCE.at(f"/{one.module}", base=base, sentence=one.sentence) for one in since[:TOLD]),
        differences={"base": base, "live": live, "changes": len(since)},
    )


def refuse_overtaken(catalogs: CatalogStore, plan: Plan, base: int | None) -> None:
    """Raise StaleError where the caller looked at version `base` and `plan` stands on another."""
    if base is not None and plan.base != base:
        raise overtaken(catalogs, base, plan.base)

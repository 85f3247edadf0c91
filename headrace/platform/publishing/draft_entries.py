"""What the audit trail says of drafts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from headrace.platform.access.audit import Entry, EntryAction, Piece, pieces_of
from headrace.platform.core.problems import Text, pointer
from headrace.platform.metadata.comparing import compare
from headrace.platform.metadata.documents import Document
from headrace.platform.metadata.field_types import FieldTypes
from headrace.platform.metadata.wording import sentence
from headrace.platform.publishing.draft_rows import Action, Draft

ACTIONS: Final[Mapping[Action, EntryAction]] = {
    "create": "add",
    "discard": "discard",
    "publish": "publish",
}
"""What is not here changes the draft."""
SAID: Final[Mapping[EntryAction, Text]] = {
    "add": Text("new draft “{name}” on version {base}", "新建草稿“{name}”（基于版本 {base}）"),
    "change": Text("the draft “{name}” stands on version {base}", "草稿“{name}”现基于版本 {base}"),
    "discard": Text("the draft “{name}” was given up", "草稿“{name}”已放弃"),
    "publish": Text("the draft “{name}” went live", "草稿“{name}”已发布"),
}


def draft_entry(
    draft: Draft,
    action: Action,
    before: Document | None,
    after: Document | None,
    types: FieldTypes,
) -> Entry:
    """Return the entry of one change of a draft; its number is the version of the draft."""
    done = ACTIONS.get(action, "change")
    known = after or before
    if known is None:
        shown = {"state": draft.state, "base": draft.base, "version": draft.published}
        said = sentence(SAID[done], name=draft.name, base=draft.base)
        pieces = [Piece("", None, shown, said)]
    else:
        old, new = ([one] if one else [] for one in (before, after))
        changes = compare(old, new, types)
        place = pointer(known.module, known.kind, known.name)
        pieces = [replace(one, path=place + one.path) for one in pieces_of(changes)]
    module = known.module if known else None
    return Entry(done, "draft", draft.name, draft.id, module, pieces)

"""What a step of a scenario does, in words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from headrace.platform.core.problems import Text
from headrace.platform.metadata.wording import sentence

ACTS: Final[Mapping[str, Text]] = {
    "create": Text("“{by}” makes “{name}” ({what})", "“{by}”新建“{name}”（{what}）"),
    "update": Text("“{by}” changes “{name}”", "“{by}”修改“{name}”"),
    "move": Text("“{by}” takes “{what}” of “{name}”", "“{by}”对“{name}”执行“{what}”"),
    "approve": Text("“{by}” approves “{name}”", "“{by}”同意“{name}”"),
    "reject": Text("“{by}” rejects “{name}”", "“{by}”驳回“{name}”"),
    "return": Text("“{by}” returns “{name}”", "“{by}”退回“{name}”"),
    "press": Text("“{by}” presses “{what}” at “{name}”", "“{by}”对“{name}”按下“{what}”"),
}
REFUSED: Final = Text("{act}, which must be refused ({code})", "{act}（须被拒绝：{code}）")
NOTHING: Final = Text("“{by}” does nothing", "“{by}”未做任何操作")
KINDS: Final = ("create", "update", "move", "decide", "press")
"""Keys of a step that say what is done."""


def act_words(act: Mapping[str, Any], called: Callable[[str, str, str], Text]) -> Text:
    """Return what a step does; people and records by local names. The JSON need not fit its schema.

    `called` gives the label of a definition or a transition for its kind, its name, and the local name
    of the record.
    """
    by = str(act.get("by", ""))
    kind = next((one for one in KINDS if isinstance(act.get(one), Mapping)), None)
    if kind is None:
        return sentence(NOTHING, by=by)
    part = act[kind]
    template = ACTS.get(str(part.get("action")) if kind == "decide" else kind, ACTS["update"])
    name = str(part.get("name") or part.get("record") or "")
    named = ((key, part.get(key)) for key in ("transition", "button", "object"))
    what = next((called(key, one, name) for key, one in named if isinstance(one, str)), Text())
    said = sentence(template, by=by, name=name, what=what)
    code = act.get("refused")
    return sentence(REFUSED, act=said, code=code) if code else said

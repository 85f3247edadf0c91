"""Forms of endpoints: our own signed events, and the robots of WeCom (企业微信) and DingTalk (钉钉) groups.

A robot takes a text for a group of people. Its address holds its key, so no list shows the address's
end; both robots answer 200 whatever came of it, and say the rest in `errcode`.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from typing import Any, Final, Literal, get_args
from urllib.parse import quote_plus, urlsplit

import orjson

from headrace.platform.automation.egress import Answer
from headrace.platform.core.errors import RefusedError
from headrace.platform.core.problems import Message, Text

Form = Literal["event", "wecom", "dingtalk"]

FORMS: Final[tuple[Form, ...]] = get_args(Form)
ROBOTS: Final[frozenset[str]] = frozenset({"wecom", "dingtalk"})
LABELS: Final[Mapping[str, Text]] = {
    "event": Text("Signed events", "签名事件"),
    "wecom": Text("WeCom robot", "企业微信群机器人"),
    "dingtalk": Text("DingTalk robot", "钉钉群机器人"),
}
LONGEST_TEXT: Final[Mapping[str, int]] = {"wecom": 2_048, "dingtalk": 18_000}
"""Bytes of a text that a robot takes; what is longer is cut."""
MOST_SECRET: Final = 200
TOO_OFTEN: Final = frozenset({45009, 45033, 130101, 410100, -1})
"""What robots say when they are asked too often, or are busy: later is meant, not never."""
HIDDEN: Final = "…"

BAD_FORM: Final = Message(
    "webhook.form",
    "“{form}” is no form of an endpoint.",
    "“{form}”不是端点类型。",
    "Use one of {known}.",
    "可用的类型：{known}。",
)
BAD_SECRET: Final = Message(
    "webhook.robot_secret",
    "Only a DingTalk robot brings a secret of its own, of at most 200 plain characters.",
    "只有钉钉机器人带有自己的密钥，最多 200 个普通字符。",
    "Leave it empty, or copy it from the robot's security settings.",
    "请留空，或从机器人的安全设置中复制。",
)
NEEDS_TEXT: Final = Message(
    "webhook.robot",
    "“{name}” is a robot of a group: it takes texts, not fields.",
    "“{name}”是群机器人，只接收文本，不接收字段。",
    "Use the action “notify” with this endpoint among its recipients.",
    "请使用“notify”动作，并将此端点列为通知对象。",
)


def check_form(form: str, secret: str | None) -> None:
    """Raise RefusedError for what is no form, or a secret where the form has none."""
    if form not in FORMS:
        raise RefusedError(BAD_FORM.at("/form", form=form, known=", ".join(FORMS)))
    if not secret:
        return
    plain = secret.isascii() and secret.isprintable() and len(secret) <= MOST_SECRET
    if form != "dingtalk" or not plain:
        raise RefusedError(BAD_SECRET.at("/secret"))


def robot_body(form: str, text: str, address: str = "") -> str:
    """Return the JSON that a robot takes for a text, cut to what it takes; `address` stays whole."""
    behind = f"\n{address}" if address else ""
    said = _cut(text, LONGEST_TEXT[form] - len(behind.encode())) + behind
    return orjson.dumps({"msgtype": "text", "text": {"content": said}}).decode()


def _cut(text: str, most: int) -> str:
    raw = text.encode()
    if len(raw) <= most:
        return text
    return raw[: most - len(HIDDEN.encode())].decode(errors="ignore") + HIDDEN


def signed_address(form: str, address: str, secret: str, milliseconds: int) -> str:
    """Return the address of an attempt: that of a DingTalk robot with a secret carries a signature."""
    if form != "dingtalk" or not secret:
        return address
    said = f"{milliseconds}\n{secret}".encode()
    digest = hmac.new(secret.encode(), said, hashlib.sha256).digest()
    sign = quote_plus(base64.b64encode(digest))
    joint = "&" if urlsplit(address).query else "?"
    return f"{address}{joint}timestamp={milliseconds}&sign={sign}"


def shown_address(form: str, address: str) -> str:
    """Return an address as lists show it: what follows a robot's `?` is its key."""
    before, mark, _ = address.partition("?")
    return f"{before}{mark}{HIDDEN}" if form in ROBOTS and mark else address


def robot_code(answer: Answer) -> int | None:
    """Return what a robot said about a text, 0 for taken; None where it is no answer of a robot."""
    try:
        told: Any = orjson.loads(answer.text)
    except orjson.JSONDecodeError:
        return None
    code = told.get("errcode") if isinstance(told, dict) else None
    return code if isinstance(code, int) and not isinstance(code, bool) else None

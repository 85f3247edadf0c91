"""Letters as the mail standard has them: one person, plain text and HTML, no header but ours.

Whatever people wrote is text: in headers it stands on one line, in HTML it is escaped.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from html import escape
from typing import Final

from headrace.platform.core.problems import Language, Text

SUBJECT_LENGTH: Final = 150
NAME_LENGTH: Final = 80
ADDRESS: Final = re.compile(
    r"(?=[^@]{1,64}@.{1,252}\Z)"
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*"
)
"""Addresses that mail is sent to: none needs quoting, none holds anything but one address."""

GREETING: Final = Text("Hello {name},", "{name}，您好：")
OPEN: Final = Text("Open", "打开")
ACT: Final = Text("See what is asked and decide", "查看并处理")
DIGEST: Final = Text("{count} new notifications", "{count} 条新消息")
WHY: Final = Text(
    "You get this mail because of your notification settings:",
    "您收到此邮件是因为您的消息设置：",
)
NOT_SHARED: Final = Text(
    "The link is for you alone; do not forward this mail.", "链接仅供您本人使用，请勿转发此邮件。"
)


@dataclass(frozen=True, slots=True)
class Item:
    """Something that the letter tells, with the address where it is seen.

    `acts` where the address lets its reader decide without signing in.
    """

    text: Text
    address: str
    acts: bool = False


@dataclass(frozen=True, slots=True)
class Reader:
    """Whom a letter goes to."""

    name: str
    address: str
    language: Language


def can_be_reached(address: str | None) -> bool:
    """Say whether an account's mail address is one that mail is sent to."""
    return bool(address) and ADDRESS.fullmatch(str(address)) is not None


def letter(
    reader: Reader,
    items: Sequence[Item],
    *,
    sender: str,
    message_id: str,
    at: datetime,
    settings_address: str,
) -> EmailMessage:
    """Return the letter that tells a reader of `items`; the same arguments give the same letter."""
    language = reader.language
    first = items[0].text.within(language)
    several = len(items) > 1
    subject = DIGEST.within(language).format(count=len(items)) if several else first
    made = EmailMessage(policy=SMTP)
    made["Subject"] = one_line(subject, SUBJECT_LENGTH)
    made["From"] = Address("Headrace", addr_spec=sender)
    made["To"] = Address(one_line(reader.name, NAME_LENGTH), addr_spec=reader.address)
    made["Message-ID"] = message_id
    made["Date"] = format_datetime(at)
    made["Auto-Submitted"] = "auto-generated"
    made["X-Auto-Response-Suppress"] = "All"
    made.set_content(_plain(reader, items, settings_address))
    made.add_alternative(_html(reader, items, settings_address), subtype="html")
    return made


def one_line(text: str, limit: int) -> str:
    """Return a text without anything that could end a line or hide, cut where it is too long."""
    clean = "".join(one if one.isprintable() else " " for one in text)
    line = " ".join(clean.split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def _plain(reader: Reader, items: Sequence[Item], settings_address: str) -> str:
    language = reader.language
    lines = [GREETING.within(language).format(name=one_line(reader.name, NAME_LENGTH)), ""]
    for item in items:
        label = (ACT if item.acts else OPEN).within(language)
        lines += [item.text.within(language), f"{label}: {item.address}", ""]
    if any(item.acts for item in items):
        lines += [NOT_SHARED.within(language), ""]
    lines += ["-- ", WHY.within(language), settings_address, ""]
    return "\n".join(lines)


def _html(reader: Reader, items: Sequence[Item], settings_address: str) -> str:
    language = reader.language
    greeting = GREETING.within(language).format(name=one_line(reader.name, NAME_LENGTH))
    parts = [f"<p>{escape(greeting)}</p>"]
    for item in items:
        label = escape((ACT if item.acts else OPEN).within(language))
        text = escape(item.text.within(language)).replace("\n", "<br>")
        parts.append(f'<p>{text}<br><a href="{escape(item.address)}">{label}</a></p>')
    if any(item.acts for item in items):
        parts.append(f"<p><small>{escape(NOT_SHARED.within(language))}</small></p>")
    why, address = escape(WHY.within(language)), escape(settings_address)
    parts.append(f'<hr><p><small>{why} <a href="{address}">{address}</a></small></p>')
    tongue = "zh-CN" if language == "zh" else "en"
    body = "\n".join(parts)
    return (
        f'<!doctype html>\n<html lang="{tongue}"><head><meta charset="utf-8">'
        f'<meta name="referrer" content="no-referrer"></head>\n<body>\n{body}\n</body></html>\n'
    )


def language_of(value: str) -> Language:
    """Return the language of an account."""
    return "zh" if value == "zh" else "en"

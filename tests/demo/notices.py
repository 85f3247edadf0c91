"""Notices that partners got, with what each of their people did with them."""

from __future__ import annotations

from dataclasses import dataclass

from tests.demo.people import PARTNER_USERS, PARTNERS
from tests.demo.tables import Row, Table

FOLDER = "notices/records/sample"
SETTLED = "3"
"""Reminders that were sent of a receipt that is still open: no more are."""


@dataclass(frozen=True, slots=True)
class Notice:
    """A notice of the demo; `read` and `confirmed` are who did so, and at what time of that day."""

    number: str
    title: str
    kind: str
    body: str
    asks: str
    status: str
    at: str
    roles: tuple[str, ...] = ("partner_admin", "partner_finance", "partner_clerk")
    tiers: tuple[str, ...] = ()
    read: tuple[str, ...] = ()
    confirmed: tuple[str, ...] = ()

    def is_for(self, role: str, number: int) -> bool:
        """Say whether somebody of a partner gets it."""
        partner = next(one for one in PARTNERS if one.number == number)
        return role in self.roles and (not self.tiers or partner.tier in self.tiers)


NOTICES = (
    Notice(
        "GG-2025-0001",
        "六月净水器满减政策",
        "policy",
        "<p>六月净水器满30000元减1500元，每单一次，详见<b>促销政策</b>。</p>",
        "confirm",
        "published",
        "2025-05-30T09:00:00+08:00",
        roles=("partner_admin", "partner_finance"),
        tiers=("gold", "diamond"),
        read=("fangchen", "shaohui"),
        confirmed=("fangchen",),
    ),
    Notice(
        "GG-2025-0002",
        "T9 烟机上市资料",
        "product",
        "<p>T9 烟机的卖点与安装要求已更新。</p>",
        "read",
        "published",
        "2025-06-16T10:00:00+08:00",
        read=("fangchen", "xumiao", "gurun", "shizhu", "liangyue"),
    ),
    Notice(
        "GG-2025-0003",
        "七月厨电促销预告",
        "event",
        "<p>七月厨电满50000元减3000元，审批通过后发布。</p>",
        "read",
        "draft",
        "2025-07-01T09:00:00+08:00",
    ),
)


def notices() -> tuple[Table, ...]:
    """Return the notices and the receipts of those that were published."""
    heads = [_head(one) for one in NOTICES]
    receipts = [
        _receipt(one, login, number)
        for one in NOTICES
        if one.status == "published"
        for login, _, role, number in PARTNER_USERS
        if one.is_for(role, number)
    ]
    return (
        Table(f"{FOLDER}/notice.csv", heads),
        Table(f"{FOLDER}/notice_receipt.csv", receipts),
    )


def _head(one: Notice) -> Row:
    return {
        "notice_no": one.number,
        "title": one.title,
        "notice_type": one.kind,
        "body": one.body,
        "tiers": ";".join(one.tiers),
        "receiver_roles": ";".join(one.roles),
        "ack_mode": one.asks,
        "publish_at": one.at,
        "status": one.status,
        "created_by": "tangke",
    }


def _receipt(one: Notice, login: str, number: int) -> Row:
    confirmed, read = login in one.confirmed, login in one.read
    day, hour = one.at[:10], int(one.at[11:13])
    return {
        "notice": one.number,
        "person": login,
        "partner": f"PTN-{number:05d}",
        "title": one.title,
        "notice_type": one.kind,
        "body": one.body,
        "ack_mode": one.asks,
        "delivered_at": one.at,
        "read_at": f"{day}T{hour + 2}:10:00+08:00" if read else "",
        "confirmed_at": f"{day}T{hour + 2}:30:00+08:00" if confirmed else "",
        "reminded": "0" if confirmed or (read and one.asks == "read") else SETTLED,
        "status": "confirmed" if confirmed else "read" if read else "unread",
    }

"""What the audit trail says of accounts and their tokens.

Of passwords and tokens it says that they were set, never what they are. Names and addresses of people are
left out too: nobody could take them out again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

from headrace.platform.access.audit import Entry, EntryAction, Piece
from headrace.platform.access.principals import RoleHolding
from headrace.platform.core.problems import Text
from headrace.platform.metadata.storage_types import instant_text
from headrace.platform.metadata.wording import sentence

USER: Final = "user"
TOKEN: Final = "token"  # noqa: S105 - a kind of entry
PERSONAL: Final = frozenset({"name", "email"})
"""What is said to have changed without its values."""

MADE: Final = Text("new account “{login}”", "新建账号“{login}”")
CHANGED: Final = Text(
    "{part} of account “{login}”: {before} → {after}", "账号“{login}”的{part}：{before} → {after}"
)
PERSON: Final = Text("{part} of account “{login}” changed", "账号“{login}”的{part}已修改")
SWITCHED_ON: Final = Text("account “{login}” is active", "账号“{login}”已启用")
SWITCHED_OFF: Final = Text("account “{login}” was ended", "账号“{login}”已停用")
PASSWORD: Final = Text("a password was set for account “{login}”", "已为账号“{login}”设置密码")
GRANTED: Final = Text("account “{login}” was given the role {role}", "账号“{login}”获得角色 {role}")
TAKEN: Final = Text(
    "the role {role} was taken from account “{login}”", "账号“{login}”失去角色 {role}"
)
ISSUED: Final = Text("new token “{name}” of account “{login}”", "账号“{login}”的新令牌“{name}”")
REVOKED: Final = Text(
    "token “{name}” of account “{login}” was revoked", "账号“{login}”的令牌“{name}”已撤销"
)
WITHIN: Final = Text("{role} in territory {territory}", "{role}（区域 {territory}）")
NOTHING: Final = Text("nothing", "空")
PARTS: Final[Mapping[str, Text]] = {
    "login": Text("login", "登录名"),
    "name": Text("name", "姓名"),
    "email": Text("e-mail address", "邮箱"),
    "language": Text("language", "语言"),
    "time_zone": Text("time zone", "时区"),
    "organisation": Text("organisation", "组织"),
    "manager": Text("manager", "上级"),
}


def user_made(
    user_id: str, login: str, values: Mapping[str, Any], roles: Iterable[RoleHolding]
) -> Entry:
    """Return the entry of a new account."""
    kept = {key: value for key, value in values.items() if key not in PERSONAL}
    made = {"login": login, **kept, "roles": [_holding(one) for one in _ordered(roles)]}
    piece = Piece("", None, made, sentence(MADE, login=login))
    return Entry("add", USER, login, user_id, pieces=[piece])


def user_changed(user_id: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Entry | None:
    """Return the entry of a changed account; None where nothing changed."""
    login = str(after.get("login", before["login"]))
    pieces = [
        _part(login, name, before[name], after[name])
        for name in sorted(after)
        if before[name] != after[name]
    ]
    return Entry("change", USER, login, user_id, pieces=pieces) if pieces else None


def password_set(user_id: str, login: str) -> Entry:
    """Return the entry of a password."""
    piece = Piece("/password", None, None, sentence(PASSWORD, login=login))
    return Entry("change", USER, login, user_id, pieces=[piece])


def roles_changed(
    user_id: str, login: str, before: Iterable[RoleHolding], after: Iterable[RoleHolding]
) -> Entry | None:
    """Return the entry of roles that were given or taken; None where none was."""
    old, new = frozenset(before), frozenset(after)
    pieces = [
        *(_role(TAKEN, login, one, _holding(one), None) for one in _ordered(old - new)),
        *(_role(GRANTED, login, one, None, _holding(one)) for one in _ordered(new - old)),
    ]
    return Entry("change", USER, login, user_id, pieces=pieces) if pieces else None


def token_made(token_id: str, name: str, login: str, expires: datetime | None) -> Entry:
    """Return the entry of a new token."""
    shown = {"user": login, "expires": instant_text(expires)}
    return _token(
        "add", token_id, name, Piece("", None, shown, sentence(ISSUED, name=name, login=login))
    )


def token_revoked(token_id: str, name: str, login: str) -> Entry:
    """Return the entry of a token that is worth nothing any more."""
    piece = Piece("", {"user": login}, None, sentence(REVOKED, name=name, login=login))
    return _token("remove", token_id, name, piece)


def _token(action: EntryAction, token_id: str, name: str, piece: Piece) -> Entry:
    return Entry(action, TOKEN, name, token_id, pieces=[piece])


def _part(login: str, name: str, before: Any, after: Any) -> Piece:
    if name in PERSONAL:
        return Piece(f"/{name}", None, None, sentence(PERSON, part=PARTS[name], login=login))
    if name == "active":
        said = sentence(SWITCHED_ON if after else SWITCHED_OFF, login=login)
        return Piece("/active", before, after, said)
    shown = {"before": before or NOTHING, "after": after or NOTHING}
    return Piece(
        f"/{name}", before, after, sentence(CHANGED, part=PARTS[name], login=login, **shown)
    )


def _role(template: Text, login: str, one: RoleHolding, before: Any, after: Any) -> Piece:
    held = Text(one.role, one.role)
    if one.territory_id is not None:
        held = Text(
            *(
                text.format(role=one.role, territory=one.territory_id)
                for text in (WITHIN.en, WITHIN.zh)
            )
        )
    return Piece("/roles", before, after, sentence(template, login=login, role=held))


def _ordered(holdings: Iterable[RoleHolding]) -> list[RoleHolding]:
    return sorted(holdings, key=lambda one: (one.role, one.territory_id or ""))


def _holding(one: RoleHolding) -> dict[str, str | None]:
    return {"role": one.role, "territory": one.territory_id}

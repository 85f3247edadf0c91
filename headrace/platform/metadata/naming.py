"""What is wrong with a name, said as exactly as can be: not only that it does not match."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable
from typing import Final

from headrace.platform.core.problems import Message, Problem
from headrace.platform.metadata.definitions.keys import NAME_PATTERN

MAX_BYTES: Final = 40

PATTERN = Message(
    "name.pattern",
    "“{value}” cannot be a name.",
    "“{value}”不能作为名称。",
    "Names have lower-case letters, digits and underscores, start with a letter and have at most"
    " 40 characters.",
    "名称由小写字母、数字和下划线组成，以字母开头，最多 40 个字符。",
)
TOO_LONG = Message(
    "name.too_long",
    "The name “{value}” has {length} characters.",
    "名称“{value}”有 {length} 个字符。",
    "Names have at most 40 of a-z, 0-9 and _; what people read stands in the label.",
    "名称最多 40 个字符（a-z、0-9 和 _）；显示给用户的文字请写在 label 中。",
)
ILLEGAL_CHARACTER = Message(
    "name.illegal_char",
    "The name “{value}” has an invisible character or a blank: U+{code}.",
    "名称“{value}”含有不可见字符或空白：U+{code}。",
    "Type the name again, without it.",
    "请重新输入名称，去掉该字符。",
)
CONFUSABLE = Message(
    "name.confusable",
    "“{value}” only looks like “{plain}”: it has letters of another script.",
    "“{value}”只是看起来像“{plain}”：其中含有其他文字的字母。",
    "Type it with the letters a-z.",
    "请使用 a-z 字母重新输入。",
)
COLLISION = Message(
    "name.collision",
    "“{value}” and “{other}” differ in upper and lower case only.",
    "“{value}”与“{other}”仅大小写不同。",
    "Give one of them another name; names are written in lower case.",
    "请为其中一个改名；名称一律小写。",
)

_SHAPE: Final = re.compile(NAME_PATTERN)
_ENDLESS: Final = re.compile(r"[a-z][a-z0-9_]*")
_INVISIBLE: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zs", "Zl", "Zp"})
_LOOKALIKES: Final = str.maketrans(
    "аеорсухіјѕԁһԛԝгАВЕКМНОРСТУХІЈЅαονρτυικχηεβΑΒΕΖΗΙΚΜΝΟΡΤΥΧɡıℓոսօց",
    "aeopcyxijsdhqwrabekmhopctyxijsaovptuikxnebabezhikmnoptyxgilnuog",
)
"""Cyrillic, Greek, Armenian and other letters that look like one of a-z."""


def is_name(text: str) -> bool:
    """Say whether `text` may be a name."""
    return _SHAPE.search(text) is not None


def numbered(name: str, is_free: Callable[[str], bool]) -> str:
    """Return a name, with the first number behind it that makes it free where it is taken."""
    if is_free(name):
        return name
    number = 2
    while True:
        tail = f"_{number}"
        candidate = name[: MAX_BYTES - len(tail)].rstrip("_") + tail
        if is_free(candidate):
            return candidate
        number += 1


def name_problem(value: str, others: Iterable[str], place: str) -> Problem:
    """Return what is wrong with `value`, which is no name; `others` stand in the same list."""
    odd = next((one for one in value if unicodedata.category(one) in _INVISIBLE), None)
    if odd is not None:
        shown = "".join("·" if one == odd else one for one in value[:MAX_BYTES])
        return ILLEGAL_CHARACTER.at(place, value=shown, code=f"{ord(odd):04X}")
    plain = _skeleton(value)
    if not value.isascii() and is_name(plain):
        return CONFUSABLE.at(place, value=value, plain=plain)
    folded = value.casefold()
    twin = next((one for one in others if one.casefold() == folded), None)
    if twin is not None:
        return COLLISION.at(place, value=value, other=twin)
    if _is_too_long(value):
        return TOO_LONG.at(place, value=value[:MAX_BYTES] + "…", length=len(value))
    return PATTERN.at(place, value=value)


def _skeleton(value: str) -> str:
    """Return what a reader takes the name for."""
    if len(value) > 2 * MAX_BYTES:
        return value
    return unicodedata.normalize("NFKC", value).translate(_LOOKALIKES).lower()


def _is_too_long(value: str) -> bool:
    if value.isascii():
        return len(value) > MAX_BYTES and _ENDLESS.fullmatch(value) is not None
    return value.isidentifier() and len(value.encode()) > MAX_BYTES

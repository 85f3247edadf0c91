"""Formats that a text can be asked to have: a pattern, and a check character where there is one.

A format is one entry of `FORMATS`. Before a text is checked it is *cleaned*: full-width letters and
digits become plain ones, spaces and hyphens between them go, letters become upper-case. The cleaned
text is what is stored, so that what is written in two ways is found and unique as one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Final

from headrace.platform.core.problems import Text

Check = Callable[[str], bool]

_FULL_WIDTH: Final = {0x3000: 0x20, **{code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}}
_BETWEEN: Final = re.compile(r"[\s\u00b7\u2010-\u2015-]+")
_TRUNK: Final = re.compile(r"(\+|00)?86(?=1[3-9]\d{9}$)")
_CREDIT_CODE: Final = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_ID_CHECKS: Final = "10X98765432"
_PROVINCES: Final = frozenset(
    {11, 12, 13, 14, 15, 21, 22, 23, 31, 32, 33, 34, 35, 36, 37, 41, 42, 43, 44, 45, 46}
    | {50, 51, 52, 53, 54, 61, 62, 63, 64, 65, 71, 81, 82}
)


@dataclass(frozen=True, slots=True)
class TextFormat:
    """A form that texts of a field must have.

    `label` completes “… is not …”; `example` is right and `wrong` has another check
    character; `least` counts the characters of the shortest; `check` is given a text that fits `pattern`
    (a pattern of Python, linear) and says whether its check character fits the others.
    """

    key: str
    label: Text
    pattern: str
    example: str
    least: int
    check: Check | None = None
    wrong: str = ""
    clean: Callable[[str], str] | None = None
    digits: bool = False

    def cleaned(self, text: str) -> str:
        """Return the one way to write `text` that is stored."""
        plain = _BETWEEN.sub("", half_width(text)).upper()
        return self.clean(plain) if self.clean else plain

    def fits(self, text: str) -> bool:
        """Say whether a cleaned text has the form, whatever its check character."""
        return re.fullmatch(self.pattern, text, re.ASCII) is not None


def half_width(text: str) -> str:
    """Return `text` with full-width letters, digits and signs as plain ones."""
    return text.translate(_FULL_WIDTH)


def luhn(text: str) -> bool:
    """Check digits by ISO/IEC 7812-1, annex B: every second digit from the right counts twice."""
    total = 0
    for position, digit in enumerate(reversed(text)):
        value = int(digit) * (1 + position % 2)
        total += value - 9 if value > 9 else value  # noqa: PLR2004 - the sum of its two digits
    return total % 10 == 0


def gtin(text: str) -> bool:
    """Check digits of an article number by GS1: weights 1 and 3 in turn from the right."""
    weighed = (int(digit) * (1 + 2 * (at % 2)) for at, digit in enumerate(reversed(text)))
    return sum(weighed) % 10 == 0


def credit_code(text: str) -> bool:
    """Check a unified social credit code by GB 32100: powers of 3 modulo 31."""
    total = sum(
        _CREDIT_CODE.index(sign) * pow(3, position, 31) for position, sign in enumerate(text[:17])
    )
    return _CREDIT_CODE[-total % 31] == text[17]


def identity_number(text: str) -> bool:
    """Check an identity number by GB 11643: a day of birth that exists, and ISO 7064 mod 11-2."""
    try:
        date.fromisoformat(f"{text[6:10]}-{text[10:12]}-{text[12:14]}")
    except ValueError:
        return False
    total = sum(int(digit) * pow(2, 17 - at, 11) for at, digit in enumerate(text[:17]))
    return region(text[:6]) and _ID_CHECKS[total % 11] == text[17]


def region(text: str) -> bool:
    """Check that an administrative code by GB/T 2260 begins with a province and skips no level."""
    return int(text[:2]) in _PROVINCES and not (text[2:4] == "00" and text[4:] != "00")


def account_number(text: str) -> bool:
    """Check an international account number by ISO 13616: mod 97."""
    moved = text[4:] + text[:4]
    return int("".join(str(int(sign, 36)) for sign in moved)) % 97 == 1


FORMATS: Final[Sequence[TextFormat]] = (
    TextFormat(
        "cn_uscc",
        Text("a unified social credit code", "统一社会信用代码"),
        r"[0-9A-HJ-NPQRTUWXY]{2}\d{6}[0-9A-HJ-NPQRTUWXY]{10}",
        "91350100M000100Y43",
        least=18,
        check=credit_code,
        wrong="91350100M000100Y44",
    ),
    TextFormat(
        "cn_mobile",
        Text("a mobile number of China", "中国大陆手机号"),
        r"1[3-9]\d{9}",
        "13800138000",
        least=11,
        clean=lambda text: _TRUNK.sub("", text),
        digits=True,
    ),
    TextFormat(
        "cn_id_card",
        Text("an identity card number", "居民身份证号"),
        r"\d{17}[0-9X]",
        "11010519491231002X",
        least=18,
        check=identity_number,
        wrong="110105194912310020",
    ),
    TextFormat(
        "cn_region",
        Text("an administrative code of China", "行政区划代码"),
        r"\d{6}",
        "330106",
        least=6,
        check=region,
        wrong="990106",
        digits=True,
    ),
    TextFormat(
        "postcode_cn",
        Text("a postcode of China", "邮政编码"),
        r"\d{6}",
        "310012",
        least=6,
        digits=True,
    ),
    TextFormat(
        "bank_card",
        Text("a bank card number", "银行卡号"),
        r"\d{12,19}",
        "6222020000000000000",
        least=12,
        check=luhn,
        wrong="6222020000000000001",
        digits=True,
    ),
    TextFormat(
        "iban",
        Text("an international account number", "国际银行账号"),
        r"[A-Z]{2}\d{2}[A-Z0-9]{11,30}",
        "DE89370400440532013000",
        least=15,
        check=account_number,
        wrong="DE89370400440532013001",
    ),
    TextFormat(
        "ean13",
        Text("an EAN-13 bar code", "EAN-13 条码"),
        r"\d{13}",
        "6901234567892",
        least=13,
        check=gtin,
        wrong="6901234567893",
        digits=True,
    ),
    TextFormat(
        "ean8",
        Text("an EAN-8 bar code", "EAN-8 条码"),
        r"\d{8}",
        "96385074",
        least=8,
        check=gtin,
        wrong="96385075",
        digits=True,
    ),
    TextFormat(
        "upc_a",
        Text("a UPC-A bar code", "UPC-A 条码"),
        r"\d{12}",
        "036000291452",
        least=12,
        check=gtin,
        wrong="036000291453",
        digits=True,
    ),
    TextFormat(
        "gtin14",
        Text("a GTIN-14 case code", "GTIN-14 箱码"),
        r"\d{14}",
        "16901234567899",
        least=14,
        check=gtin,
        wrong="16901234567898",
        digits=True,
    ),
    TextFormat(
        "imei",
        Text("an IMEI of a device", "IMEI 设备串号"),
        r"\d{15}",
        "490154203237518",
        least=15,
        check=luhn,
        wrong="490154203237519",
        digits=True,
    ),
)
"""The formats, in the order of the reference page."""

BY_KEY: Final = MappingProxyType({one.key: one for one in FORMATS})

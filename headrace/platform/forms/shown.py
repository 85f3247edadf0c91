"""Values as people read them, in their language and zone; exact digits, never a float."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any, Final
from urllib.parse import quote
from zoneinfo import ZoneInfo

from markupsafe import Markup

from headrace.platform.core.currencies import DIGITS
from headrace.platform.core.durations import clock_text
from headrace.platform.core.phones import dialled, readable_number
from headrace.platform.core.rich_text import plain_text, sanitised
from headrace.platform.forms.field_view import FieldView
from headrace.platform.metadata.file_kinds import BY_MEDIA_TYPE, IMAGES, extension_of
from headrace.platform.metadata.masking import looks_masked
from headrace.platform.metadata.storage_types import Capture
from headrace.platform.metadata.strict_json import parse_json

NOTHING: Final = "–"
PREFORMATTED: Final = Markup("<pre>{}</pre>")
PAIRS: Final = Markup('<table class="pairs"><tbody>{}</tbody></table>')
PAIR: Final = Markup('<tr><th scope="row">{}</th><td>{}</td></tr>')
MONEY_DIGITS: Final = 2
YES: Final = "✓"
KILOBYTE: Final = 1024


@dataclass(frozen=True, slots=True)
class ShownFile:
    """A file as people read it: `image` says that browsers can show it in a page.

    What is `drawn` is wide and needs to be seen whole.
    """

    id: str
    name: str
    size: str
    image: bool
    drawn: bool = False
    taken: str = ""
    position: str = ""

    @property
    def extension(self) -> str:
        """What stands in the place of a picture."""
        return extension_of(self.name).upper()[:4]


@dataclass(frozen=True, slots=True)
class Shown:
    """A value ready to be written out.

    `colour` makes it a badge; `object` and `id` make it a link to a record; `exact` is the tooltip, of a polymorphic reference its object;
    `href` makes it a link elsewhere: an address, a mail, a call; `markup` is safe HTML for where there is room for it, `text` says the same in words;
    `files` are links to their contents.
    `several` are the parts of a list of references, each a link of its own.
    """

    text: str
    colour: str | None = None
    object: str | None = None
    id: str | None = None
    exact: str | None = None
    href: str | None = None
    markup: Markup | None = None
    files: tuple[ShownFile, ...] = ()
    several: tuple[Shown, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether there is no value."""
        return self.text == NOTHING


@dataclass(frozen=True, slots=True)
class Display:
    """How one viewer reads values."""

    language: str
    zone: ZoneInfo

    def of(self, view: FieldView, value: Any, record: Mapping[str, Any] | None = None) -> Shown:
        """Return `value` of the field as its viewer reads it; `record` is what it stands in."""
        if value is None or value == "":
            return Shown(NOTHING)
        if view.files is not None:
            return self._files(view, value if isinstance(value, list) else [value])
        if isinstance(value, Mapping):
            return self._reference(view, value)
        if isinstance(value, list):
            if view.links is not None:
                return self._references(view, value)
            return self._several(view, value)
        choice = view.choice(str(value)) if view.choices else None
        if choice is not None:
            return Shown(choice.label.within(self.language), colour=choice.colour)
        if view.widget == "datetime":
            return self.instant(str(value))
        if view.widget == "rich_text":
            return Shown(plain_text(str(value)) or NOTHING)
        if view.widget == "money":
            return Shown(_amount(view, value, record or {}))
        if looks_masked(value):
            return Shown(value)
        link = _LINKS.get(view.widget)
        return Shown(text_of(view.widget, value), href=None if link is None else link(str(value)))

    def whole(self, view: FieldView, value: Any, record: Mapping[str, Any] | None = None) -> Shown:
        """Return `value` as on the page of its record: with its markup, where it has some."""
        make = _MARKUP.get(view.widget)
        shown = self.of(view, value, record)
        if make is None or shown.is_empty:
            return shown
        return replace(shown, markup=make(str(value)))

    def instant(self, value: str | datetime) -> Shown:
        """Return an instant to the minute, in the viewer's zone."""
        moment = datetime.fromisoformat(value) if isinstance(value, str) else value
        local = moment.astimezone(self.zone)
        return Shown(f"{local:%Y-%m-%d %H:%M}", exact=f"{local:%Y-%m-%d %H:%M:%S %Z}")

    def _files(self, view: FieldView, values: list[Any]) -> Shown:
        """Return files by name; what a form remembers of them by a piece of the id alone."""
        known = [one for one in values if isinstance(one, Mapping)]
        names = [str(one["name"] if isinstance(one, Mapping) else one[:8]) for one in values]
        text = ("、" if self.language == "zh" else ", ").join(names) or NOTHING
        drawn = view.widget == "signature"
        return Shown(text, files=tuple(self.file(one, drawn=drawn) for one in known))

    def file(self, file: Mapping[str, Any], *, drawn: bool = False) -> ShownFile:
        """Return a file of the API as people read it."""
        kind = BY_MEDIA_TYPE.get(str(file.get("type")))
        captured = Capture.of(file.get("captured") or {})
        return ShownFile(
            str(file["id"]),
            str(file["name"]),
            bytes_shown(int(file["size"])),
            kind is not None and kind.key in IMAGES,
            drawn,
            "" if captured.at is None else self.instant(captured.at).text,
            position_shown(captured),
        )

    def _several(self, view: FieldView, values: list[Any]) -> Shown:
        """Return several values in their declared order, then those that are declared no more."""
        labels = [one.label.within(self.language) for one in view.choices if one.value in values]
        labels += [str(one) for one in values if view.choice(str(one)) is None]
        return Shown(("、" if self.language == "zh" else ", ").join(labels) or NOTHING)

    def _references(self, view: FieldView, values: list[Any]) -> Shown:
        """Return a list of references, each by its title."""
        parts = tuple(
            Shown(str(one.get("title") or NOTHING), object=view.links, id=one.get("id"))
            for one in values
            if isinstance(one, Mapping)
        )
        text = ("、" if self.language == "zh" else ", ").join(one.text for one in parts)
        return Shown(text or NOTHING, several=parts)

    def _reference(self, view: FieldView, value: Mapping[str, Any]) -> Shown:
        title = value.get("title")
        if title is None:
            return Shown(NOTHING)
        named = value.get("object")
        choice = view.choice(str(named)) if named else None
        kind = choice.label.within(self.language) if choice else None
        return Shown(str(title), object=named or view.target, id=value.get("id"), exact=kind)


def _amount(view: FieldView, value: Any, record: Mapping[str, Any]) -> str:
    currency = view.currency
    if currency is None and view.currency_field is not None:
        named = record.get(view.currency_field)
        currency = str(named).upper() if named else None
    return amount_text(value, currency)


def amount_text(value: Any, currency: str | None) -> str:
    """Return an amount of money with its currency, in the digits that this has."""
    if currency is None:
        return grouped(str(value), MONEY_DIGITS)
    digits = DIGITS.get(currency, MONEY_DIGITS)
    # A space that does not break: a code alone at the end of a line would be read with the next one.
    return f"{currency}\u00a0{grouped(trimmed(str(value)), digits)}"


def rich_markup(text: str) -> Markup:
    """Return a rich text as HTML; it is sanitised once more, wherever it came from."""
    return Markup(sanitised(text))  # noqa: S704 - made safe in this line


def json_markup(text: str) -> Markup:
    """Return a text of JSON as HTML: names with plain values as a small table, the rest as it is."""
    parsed = parse_json(text.encode("utf-8", "surrogatepass"))
    value = None if parsed.problems else parsed.value
    if isinstance(value, dict) and value and not any(_is_nested(one) for one in value.values()):
        rows = Markup("").join(PAIR.format(name, _scalar(one)) for name, one in value.items())
        return PAIRS.format(rows)
    return PREFORMATTED.format(indented(text))


def _is_nested(value: Any) -> bool:
    return isinstance(value, (dict, list))


def _scalar(value: Any) -> str:
    if value is None or value == "":
        return NOTHING
    return value if isinstance(value, str) else json.dumps(value)


def indented(text: str) -> str:
    """Return a text of JSON as people read it, a line for each value; what is no JSON as it is."""
    parsed = parse_json(text.encode("utf-8", "surrogatepass"))
    return text if parsed.problems else json.dumps(parsed.value, ensure_ascii=False, indent=2)


def position_shown(captured: Capture) -> str:
    """Return where a photograph was taken: degrees north and east, to about a metre."""
    if captured.latitude is None or captured.longitude is None:
        return ""
    return f"{captured.latitude:.5f}, {captured.longitude:.5f}"


def bytes_shown(size: int) -> str:
    """Return a number of bytes in the unit in which it is short."""
    if size < KILOBYTE:
        return f"{size} B"
    if size < KILOBYTE * KILOBYTE:
        return f"{-(-size // KILOBYTE)} KB"
    return f"{size / KILOBYTE / KILOBYTE:.1f} MB"


def text_of(widget: str, value: Any) -> str:
    """Return a plain value as text by its widget: numbers grouped, decimals without idle zeros."""
    if isinstance(value, bool):
        return YES if value else NOTHING
    text = str(value)
    if widget == "money":
        return grouped(text, MONEY_DIGITS)
    if widget == "integer":
        return grouped(text)
    if widget in {"decimal", "quantity"}:
        return grouped(trimmed(text))
    if widget == "percent":
        return trimmed(text) + "%"
    if widget == "duration":
        return lasting(text)
    if widget == "phone":
        return readable_number(text)
    return text


def grouped(text: str, digits: int = 0) -> str:
    """Group the digits before the point by three and keep at least `digits` behind it."""
    try:
        number = Decimal(text)
    except InvalidOperation:
        return text
    behind = max(digits, -int(number.as_tuple().exponent))
    return f"{number:,.{behind}f}"


def lasting(text: str) -> str:
    """Return seconds as hours and minutes, rounded half up; what is no number stays."""
    try:
        return clock_text(int(Decimal(text).quantize(Decimal(1), ROUND_HALF_UP)))
    except InvalidOperation:
        return text


def trimmed(text: str) -> str:
    """Remove zeros that stand idle behind the point."""
    return text.rstrip("0").rstrip(".") if "." in text else text


_LINKS: Final[Mapping[str, Callable[[str], str]]] = {
    "email": lambda text: "mailto:" + quote(text, safe="@+"),
    "phone": lambda text: "tel:" + dialled(text),
    "url": lambda text: text,
    "geo_point": lambda text: "geo:" + text,
}
"""Where the values of some widgets lead."""
_MARKUP: Final[Mapping[str, Callable[[str], Markup]]] = {
    "rich_text": rich_markup,
    "json": json_markup,
}
"""How the values of some widgets are shown where there is room for them."""

"""Rendering: what every template finds, in the viewer's language and zone."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, cast

from flask import current_app, render_template, request, url_for
from markupsafe import Markup, escape

from headrace.blueprints.shared.assets import Assets
from headrace.blueprints.shared.designing import may_design
from headrace.blueprints.shared.session import csrf_token, platform
from headrace.blueprints.shared.words import Words
from headrace.platform.access.policy import can
from headrace.platform.core.durations import clock_text
from headrace.platform.core.problems import Language, Text
from headrace.platform.forms.field_view import FieldView
from headrace.platform.forms.menu import MenuEntry, menu_for
from headrace.platform.forms.posted import told_of
from headrace.platform.forms.shown import Display, Shown, indented
from headrace.platform.records import reader
from headrace.platform.records.context import Context
from headrace.platform.reports import dashboards
from headrace.platform.reports.running import available

BRAND: Final = "Headrace"
HTML_LANGUAGES: Final[Mapping[str, str]] = {"en": "en", "zh": "zh-CN"}
PHONE_ENTRIES: Final = 1
FILE: Final = "workspace.file"
NOWHERE: Final = "#"
DAYS_SAID: Final = 14
"""Up to how many days ago people count; what is older has a date."""
SHORTCUTS: Final = (
    (("/",), "keys.search"),
    (("j", "k"), "keys.rows"),
    (("x",), "keys.select"),
    (("n",), "keys.new"),
    (("e",), "keys.edit"),
    (("a",), "keys.approve"),
    (("r",), "keys.reject"),
    (("g", "h"), "keys.home"),
    (("g", "t"), "keys.tasks"),
    (("g", "r"), "keys.reports"),
    (("Esc",), "keys.leave"),
    (("?",), "keys.help"),
)


@dataclass(frozen=True, slots=True)
class Counts:
    """What waits for the viewer."""

    tasks: int
    notifications: int


@dataclass(frozen=True, slots=True)
class Flash:
    """A line above the page that says what was done; `kind` is good, bad or warn."""

    kind: str
    text: str


def words() -> Words:
    """Return the catalogue of the interface's words."""
    return cast(Words, current_app.extensions["headrace.words"])


def word(language: str, key: str, /, **values: object) -> str:
    """Return a word of the interface."""
    return words().text(language, key, **values)


def render(context: Context, template: str, here: str, /, **values: Any) -> str:
    """Render a page inside the shell; `here` says which entry of the menu it belongs to."""
    # Not every page reads rows; each must be that of the live version and of rights that last.
    reader.check_current(context)
    parts = platform()
    principal = context.principal
    boards = dashboards.available(context)
    menu = menu_for(context.catalog, principal, [one.name for one in boards])
    entries = [entry for group in menu for entry in group.entries if entry.object]
    language = context.language
    return _render(
        template,
        language,
        viewer=principal,
        menu=menu,
        main_entries=entries[:PHONE_ENTRIES],
        has_reports=bool(available(context)),
        boards=boards,
        designs=may_design(context),
        counts=Counts(
            parts.tasks.open_count(context),
            parts.notifications.unread_count(principal.user_id),
        ),
        here=here,
        here_address=request.full_path.rstrip("?") if request.method == "GET" else "/",
        page_words=words().for_browser(language),
        shortcuts=SHORTCUTS,
        flashes=_flashes(language),
        may_open=lambda name: (
            name in context.catalog.objects and can(context.catalog, principal, name, "read")
        ),
        entry_address=_entry_address,
        entry_place=_entry_place,
        **{**_reading(context), **values},
    )


def render_part(context: Context, template: str, /, **values: Any) -> str:
    """Render a part that is put into a page which is there already: no shell, no counts."""
    reader.check_current(context)
    display = Display(context.language, context.principal.zone)
    return _render(template, context.language, when=lambda one: _when(display, one), **values)


def render_still(context: Context, template: str, frame: str, /, **values: Any) -> str:
    """Render a page to look at only: inside the template `frame`, without script; it leads nowhere.

    What is read was read by the live version; `context` says the language and the zone to show it in.
    """
    still = {
        "layout": frame,
        "csrf_token": "",
        "csrf_field": lambda: "",
        "url_for": _still_address,
        "may_open": lambda _: False,
    }
    return _render(template, context.language, **{**_reading(context), **values, **still})


def _still_address(endpoint: str, **values: Any) -> str:
    """Return where a link of a page to look at leads: to files, else nowhere."""
    return url_for(endpoint, **values) if endpoint == FILE else NOWHERE


def _reading(context: Context) -> dict[str, Any]:
    """Return what templates show values with."""
    language = context.language
    display = Display(language, context.principal.zone)
    return {
        "display": display,
        "shown": display.of,
        "shown_whole": display.whole,
        "shown_file": display.file,
        "told_of": told_of,
        "when": lambda moment: _when(display, moment),
        "ago": lambda moment: _ago(language, display, context.now(), moment),
        "local_time": lambda value: local_time(context, value),
        "indented": lambda value: indented(str(value)),
        "lasting": lambda value: clock_text(value) if isinstance(value, int) else value,
        "choice_labels": lambda view: choice_labels(view, language),
    }


def render_alone(template: str, language: Language, /, **values: Any) -> str:
    """Render a page without the shell."""
    return _render(template, language, **values)


def render_alone_for(context: Context, template: str, /, **values: Any) -> str:
    """Render a page without the shell that shows values to the caller of a use case."""
    return _render(template, context.language, **{**_reading(context), **values})


def _render(template: str, language: str, /, **values: Any) -> str:
    assets: Assets = current_app.extensions["headrace.assets"]
    common: dict[str, Any] = {
        "t": lambda key, **filled: _worded(language, key, filled),
        "language": language,
        "html_lang": HTML_LANGUAGES[language],
        "brand": BRAND,
        "csrf_token": csrf_token(),
        "csrf_field": _csrf_field,
        "asset_styles": assets.styles(),
        "asset_script": assets.script,
    }
    return render_template(template, **{**common, **values})


def _worded(language: str, key: str, values: Mapping[str, Any]) -> str:
    """Return a word with its places filled; a value that is markup stays so, all else is text."""
    if not any(isinstance(value, Markup) for value in values.values()):
        return word(language, key, **values)
    text = escape(word(language, key))
    for name, value in values.items():
        text = text.replace("{" + name + "}", escape(value))
    return text


def text_filter(language: str, text: Any) -> str:
    """Return a text of metadata in the page's language."""
    return text.within(language) if isinstance(text, Text) else str(text or "")


def local_time(context: Context, value: Any) -> str:
    """Return an instant as the input for local times takes it, to a thousandth of a second."""
    if not value:
        return ""
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        return str(value)
    local = moment.astimezone(context.principal.zone) if moment.tzinfo else moment
    unit = "milliseconds" if local.microsecond else "seconds" if local.second else "minutes"
    return local.replace(tzinfo=None).isoformat(timespec=unit)


def choice_labels(view: FieldView, language: str) -> str:
    """Return the labels of a field's choices as JSON by value."""
    labels = {one.value: one.label.within(language) for one in view.choices}
    return json.dumps(labels, ensure_ascii=False)


def _when(display: Display, moment: Any) -> Markup:
    shown: Shown = display.instant(moment)
    return Markup('<time title="{}">{}</time>').format(shown.exact, shown.text)


def _ago(language: str, display: Display, now: datetime, moment: datetime) -> Markup:
    """Return how long ago something was, as people say it, with the exact time beside it."""
    minutes = int((now - moment).total_seconds()) // 60
    exact = _when(display, moment)
    if not 0 <= minutes < DAYS_SAID * 60 * 24:
        return exact
    for unit, size in (("day", 60 * 24), ("hour", 60), ("minute", 1)):
        if minutes >= size:
            said = word(language, f"ago.{unit}", count=minutes // size)
            break
    else:
        said = word(language, "ago.now")
    return Markup("{} · {}").format(said, exact)


def _csrf_field() -> Markup:
    return Markup('<input type="hidden" name="csrf" value="{}">').format(escape(csrf_token()))


def _entry_address(entry: MenuEntry) -> str:
    if entry.object:
        return url_for("workspace.records", object_name=entry.object)
    if entry.report:
        return url_for("reports.report", name=entry.report)
    return url_for("dashboards.dashboard", name=entry.dashboard)


def _entry_place(entry: MenuEntry) -> str:
    if entry.object:
        return f"object:{entry.object}"
    return f"report:{entry.report}" if entry.report else f"dashboard:{entry.dashboard}"


FLASHES: Final = frozenset(
    {
        "created",
        "saved",
        "deleted",
        "done",
        "approved",
        "rejected",
        "withdrawn",
        "transferred",
        "returned",
        "added",
        "asked",
        "taken_back",
        "answered",
        "restored",
        "undeleted",
        "reversed",
        "urged",
        "urged_before",
        "published",
        "gone_back",
        "discarded",
    }
)
"""What a page may say that it was just done: it stands in the address, so only these."""


def _flashes(language: str) -> list[Flash]:
    done = request.args.get("done", "")
    return [Flash("good", word(language, f"flash.{done}"))] if done in FLASHES else []

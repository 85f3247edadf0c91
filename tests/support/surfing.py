"""A browser without script: forms are read from the page and sent as they stand."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from headrace.platform.records import reader
from tests.support.live import PASSWORD, Live


@dataclass
class Form:
    """A form of a page: where it goes and what its inputs hold."""

    action: str
    method: str
    values: dict[str, str]
    labels: set[str]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.links: list[str] = []
        self.words: list[str] = []
        self._select = ""
        self._area = ""
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "template":
            self._hidden += 1
        if self._hidden:
            return
        if tag == "form":
            action, method = given.get("action", ""), given.get("method", "get").lower()
            self.forms.append(Form(action, method, {}, set()))
        elif tag == "a" and given.get("href", "").startswith("/"):
            self.links.append(given["href"])
        elif self.forms and tag in {"input", "select", "textarea", "option"}:
            self._take(tag, given)

    def _take(self, tag: str, given: dict[str, str]) -> None:
        values = self.forms[-1].values
        name = given.get("name", "")
        if "disabled" in given:
            return
        if tag == "option" and "selected" in given:
            values[self._select] = given.get("value", "")
        elif tag == "select":
            self._select = name
            values.setdefault(name, "")
        elif tag == "textarea":
            self._area = name
            values[name] = ""
        elif name and (given.get("type") not in {"checkbox", "radio"} or "checked" in given):
            values[name] = given.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "template":
            self._hidden -= 1
        elif tag == "textarea":
            self._area = ""

    def handle_data(self, data: str) -> None:
        if self._area and self.forms:
            self.forms[-1].values[self._area] += data
        if data.strip():
            self.words.append(data.strip())


@dataclass
class Seen:
    """An answer with its page taken apart."""

    response: TestResponse
    forms: list[Form]
    links: list[str]
    text: str

    @property
    def status(self) -> int:
        return self.response.status_code

    @property
    def address(self) -> str:
        return self.response.headers.get("Location", "")

    def form(self, ending: str) -> Form:
        """The form that goes to an address with this ending."""
        return next(
            one for one in self.forms if one.method == "post" and one.action.endswith(ending)
        )


class Surfer:
    """Somebody who signed in through the sign-in page."""

    def __init__(self, live: Live, login: str, language: str = "en") -> None:
        self.client: FlaskClient = live.app.test_client()
        self.live = live
        page = self.get(f"/sign-in?language={language}")
        form = page.form("/sign-in")
        sent = self.send(form, login=login, password=PASSWORD)
        assert sent.status == 303, sent.text
        if (
            f'<html lang="{"zh-CN" if language == "zh" else "en"}"'
            not in self.get("/").response.text
        ):
            self.send(self.get("/").form("/language"), language=language)

    def get(self, address: str, **headers: str) -> Seen:
        return seen(self.client.get(address, headers=headers))

    def send(self, form: Form, **changes: Any) -> Seen:
        data = {**form.values, **{name: str(value) for name, value in changes.items()}}
        return seen(self.client.post(form.action, data=data))

    def send_values(self, form: Form, changes: dict[str, str | None]) -> Seen:
        data = {**form.values, **changes}
        return seen(
            self.client.post(
                form.action, data={name: one for name, one in data.items() if one is not None}
            )
        )

    def ask(self, address: str, body: Any) -> TestResponse:
        token = re.search(r'name="csrf-token" content="([^"]+)"', self.get("/").response.text)
        assert token is not None
        return self.client.post(address, json=body, headers={"X-CSRF-Token": token[1]})

    def task_about(self, record_id: str, object_name: str = "claim") -> str:
        """Return the address of the open task about a record."""
        title = self.live.platform.perform_as_system(
            lambda context: reader.title(context, object_name, record_id)
        )
        links = [one for one in self.get("/inbox").links if one.startswith("/inbox/")]
        return next(one for one in links if "#" not in one and str(title) in self.get(one).text)

    def crawl(self, limit_each: int = 3) -> dict[str, Seen]:
        """Follow every link from the home page; a few of each kind."""
        todo, found, kinds = ["/"], {}, {}
        while todo:
            address = todo.pop(0)
            if address in found or address.startswith("/static"):
                continue
            kind = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "*", address.partition("?")[0])
            kinds[kind] = kinds.get(kind, 0) + 1
            if kinds[kind] > limit_each:
                continue
            page = self.get(address)
            if "attachment" in page.response.headers.get("Content-Disposition", ""):
                continue
            found[address] = page
            todo += [link.partition("#")[0] for link in page.links]
        return found


def seen(response: TestResponse) -> Seen:
    reader = _Reader()
    if response.mimetype == "text/html":
        reader.feed(response.text)
    return Seen(response, reader.forms, reader.links, " ".join(reader.words))

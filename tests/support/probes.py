"""Probes for every address of the application: what somebody asks who wants to know too much.

`PROBES` has one entry for each route and method; `requests_for` goes through the application's own
map of addresses and fails where an entry is missing. A probe speaks of somebody else's records (the
mark) by id, by value and by name, through every door that its address has.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol
from urllib.parse import urlencode

from flask import Flask
from flask.testing import FlaskClient

from headrace.platform.metadata.catalog import Catalog, FieldModel
from headrace.platform.records.query import operators_of
from tests.support.servers import SECRET, Answer, Client

API = "/api/v1"
ABSENT = "01900000-0000-7000-8000-00000000dead"
FORM = "application/x-www-form-urlencoded"
DAYS = {"first_day": "2099-01-01", "last_day": "2099-01-02"}
Json = dict[str, Any]


@dataclass(frozen=True)
class Mark:
    """Whose records a probe is after, and what the prober has to ask with.

    `values` are the mark's values by field of a claim; `own` and `ids` are ids by object.
    """

    catalog: Catalog
    word: str
    values: Json
    ids: dict[str, list[str]]
    own: dict[str, list[str]]
    tasks: list[str]
    runs: list[str]
    cursors: list[str]
    files: list[str]
    thorough: bool = False

    def some(self, items: Sequence[Any], turn: int, count: int = 2) -> Sequence[Any]:
        """Return all items where the probes are thorough, else `count`, others each turn."""
        if self.thorough or len(items) <= count:
            return items
        return [items[(turn + step * 3) % len(items)] for step in range(count)]

    def all_ids(self, object_name: str) -> list[str]:
        return [*self.ids.get(object_name, [])[:2], *self.own.get(object_name, [])[:1], ABSENT]

    @property
    def objects(self) -> list[str]:
        return [*self.catalog.objects, "user", "nothing_like_it"]


@dataclass(frozen=True)
class Ask:
    """One request; `path` is within the application, with its query."""

    endpoint: str
    method: str
    path: str
    body: bytes | None = None
    content_type: str | None = None
    headers: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        body = "" if self.body is None else " " + self.body.decode(errors="replace")[:200]
        return f"{self.method} {self.path}{body}"


@dataclass(frozen=True)
class Caller:
    """With what somebody calls: a token for the API, a session for the pages; or nothing."""

    token: str | None = None
    cookie: str | None = None

    def headers(self, ask: Ask) -> dict[str, str]:
        sent = dict(ask.headers)
        if ask.content_type:
            sent["Content-Type"] = ask.content_type
        if self.token and ask.path.startswith("/api/"):
            sent["Authorization"] = f"Bearer {self.token}"
        elif self.cookie:
            sent["Cookie"] = f"headrace-session={self.cookie}"
            sent.setdefault("X-CSRF-Token", self.csrf())
        return sent

    def csrf(self) -> str:
        content = b"csrf\0" + str(self.cookie).encode()
        return hmac.new(SECRET.encode(), content, hashlib.sha256).hexdigest()


class Door(Protocol):
    """Where a request is answered: a server, or an application in this process."""

    def answer(self, caller: Caller, ask: Ask) -> Answer: ...


class AppDoor:
    """An application in this process."""

    def __init__(self, app: Flask) -> None:
        self._client: FlaskClient = app.test_client(use_cookies=False)

    def answer(self, caller: Caller, ask: Ask) -> Answer:
        response = self._client.open(
            ask.path, method=ask.method, data=ask.body, headers=caller.headers(ask)
        )
        headers = {name.lower(): value for name, value in response.headers}
        return Answer(response.status_code, headers, response.get_data())


class ServerDoor:
    """A server process."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def answer(self, caller: Caller, ask: Ask) -> Answer:
        sent = {name.replace("-", "_"): value for name, value in caller.headers(ask).items()}
        try:
            return self._client.call(ask.method, ask.path, ask.body, **sent)
        finally:
            if ask.body is not None:
                # A server that answers without reading a body closes the connection after it.
                self._client.close()


# -- comparing -------------------------------------------------------------------------------------

UUID = re.compile(rb"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
CURSOR = re.compile(rb"(?<![\w-])Wy[\w-]{20,}")
"""Where the next page starts: a list in JSON, with an id at its end."""

NEW_EACH_TIME = (
    (re.compile(rb'(name="key" value=)"[^"]*"'), rb"\1"),
    (re.compile(rb"(?<![0-9A-F])[0-9A-F]{8}(?![0-9A-F])"), b"<reference>"),
    (re.compile(rb'("milliseconds":)[0-9]+'), rb"\1"),
)
NOT_COMPARED = frozenset({"date", "server", "content-length", "connection", "set-cookie", "allow"})


def comparable(answer: Answer, known_ids: frozenset[bytes]) -> tuple[int, Json, bytes]:
    """Return an answer without what is new each time: references for support, keys of forms, ids
    of what was made just now."""

    def without_new(text: bytes) -> bytes:
        text = CURSOR.sub(lambda one: base64.urlsafe_b64decode(one[0] + b"==="), text)
        text = UUID.sub(lambda one: one[0] if one[0] in known_ids else b"<new id>", text)
        for pattern, instead in NEW_EACH_TIME:
            text = pattern.sub(instead, text)
        return text

    headers = {
        name: without_new(value.encode())
        for name, value in sorted(answer.headers.items())
        if name not in NOT_COMPARED
    }
    return answer.status, headers, without_new(answer.body)


# -- the probes ------------------------------------------------------------------------------------

Probe = Callable[[Mark], Iterator[Ask]]
PROBES: dict[tuple[str, str], Probe] = {}


def probe(endpoint: str, *methods: str) -> Callable[[Probe], Probe]:
    """Let a function make the requests of a route."""

    def keep(made: Probe) -> Probe:
        for method in methods or ("GET",):
            PROBES[method, endpoint] = made
        return made

    return keep


class MissingProbeError(AssertionError):
    """A route that nobody probes."""


def routes(app: Flask) -> list[tuple[str, str]]:
    """Return every method and endpoint of the application."""
    return sorted(
        {
            (method, rule.endpoint)
            for rule in app.url_map.iter_rules()
            for method in rule.methods or ()
        }
    )


def missing(app: Flask) -> list[tuple[str, str]]:
    """Return the routes without a probe; HEAD and OPTIONS are asked where GET and others are."""
    return [one for one in routes(app) if one[0] not in {"HEAD", "OPTIONS"} and one not in PROBES]


def requests_for(app: Flask, mark: Mark) -> Iterator[Ask]:
    """Yield the requests of all probes, for every route and method of the application.

    HEAD and OPTIONS say nothing that the other methods do not: a few addresses of each route are enough
    where the probes are not thorough.
    """
    if missing(app):
        raise MissingProbeError(f"no probe for {missing(app)}")
    asked: dict[str, dict[str, Ask]] = {}
    for method, endpoint in routes(app):
        if method in {"HEAD", "OPTIONS"}:
            continue
        for ask in PROBES[method, endpoint](mark):
            one = replace(ask, endpoint=endpoint, method=method)
            asked.setdefault(endpoint, {}).setdefault(ask.path.partition("?")[0], one)
            yield one
    for turn, (method, endpoint) in enumerate(routes(app)):
        if method in {"HEAD", "OPTIONS"}:
            for path in mark.some([*asked[endpoint]], turn, 3):
                yield Ask(endpoint, method, path)


def get(path: str, /, **query: Any) -> Ask:
    return Ask("", "", path + ("?" + urlencode(query) if query else ""))


def send(path: str, data: Any, **headers: str) -> Ask:
    sent = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return Ask("", "", path, json.dumps(data).encode(), "application/json", sent)


def post_form(path: str, **data: Any) -> Ask:
    return Ask("", "", path, urlencode(data).encode(), FORM)


def send_file(path: str, name: str, text: str, /, **data: str) -> Ask:
    """Send a file with other parts of a form."""
    edge = "an-edge-of-parts"
    kind = f'Content-Disposition: form-data; name="file"; filename="{name}"'
    parts = [f"--{edge}\r\n{kind}\r\nContent-Type: text/csv\r\n\r\n{text}\r\n"]
    parts += [
        f'--{edge}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'
        for key, value in data.items()
    ]
    body = "".join((*parts, f"--{edge}--\r\n")).encode()
    return Ask("", "", path, body, f"multipart/form-data; boundary={edge}")


# records of the API


def paths_of(mark: Mark) -> list[tuple[str, tuple[FieldModel, ...]]]:
    """Return dotted paths over claims: each field, and fields behind its references."""
    catalog = mark.catalog
    names = [*catalog.object("claim").fields]
    names += [f"company.{name}" for name in ("id", "code", "name", "note", "region", "manager")]
    names += ["company.claim_count", "company.region.name", "company.parent.name", "handler.name"]
    names += ["earlier.subject", "earlier.grade", "earlier.reserve", "earlier.company.name"]
    names += ["created_by.name", "handler.login", "earlier.earlier.story"]
    return [(name, path) for name in names if (path := catalog.path("claim", name)) is not None]


def value_for(mark: Mark, path: tuple[FieldModel, ...]) -> Any:
    """Return the mark's own value of a field, so that a filter would hit."""
    last = path[-1]
    if last.pointed is not None:
        return (mark.ids.get(last.pointed) or [ABSENT])[0]
    if len(path) == 1 and mark.values.get(last.name) is not None:
        return mark.values[last.name]
    return {"integer": 1, "decimal": "1.5", "boolean": True, "date": "1987-03-14"}.get(
        last.storage.kind, mark.word
    )


def filters(mark: Mark) -> Iterator[Json]:
    for turn, (name, path) in enumerate(paths_of(mark)):
        value = value_for(mark, path)
        for op in mark.some(sorted(operators_of(path[-1])), turn):
            given: Any = value
            if op == "is_null":
                given = False
            elif op in {"in", "not_in", "contains_any", "contains_all"}:
                given = [value]
            elif op in {"contains", "starts_with"}:
                given = str(value)[:4]
            yield {"field": name, "op": op, "value": given}
    yield {"field": "items.what", "op": "=", "value": mark.word}
    by_key = [{"key": mark.values["serial"], "by": "serial"}]
    both = [mark.ids["claim"][0], mark.own["claim"][1]]
    for op in ("contains_any", "contains_all"):
        yield {"field": "related", "op": op, "value": by_key}
        yield {"field": "related", "op": op, "value": both}
        yield {"field": "insiders", "op": op, "value": ["me"]}
    yield {"or": [{"field": "id", "op": "=", "value": one} for one in mark.ids["claim"]]}
    yield {"not": {"field": "id", "op": "=", "value": ABSENT}}


@probe("api.api_records.find")
def lists(mark: Mark) -> Iterator[Ask]:
    for name in mark.objects:
        yield get(f"{API}/records/{name}", count="exact", limit=200)
    path = f"{API}/records/claim"
    for condition in filters(mark):
        yield get(path, filter=json.dumps(condition), count="exact")
    for turn, (name, _) in enumerate(paths_of(mark)):
        for sign in mark.some(("", "-"), turn, 1):
            yield get(path, sort=sign + name, limit=1)
        yield get(path, fields=name)
    for text in (mark.word, mark.word.lower()[:5], "739157", mark.values["serial"], "%", "_"):
        yield get(path, q=text, count="exact")
        yield get(f"{API}/records/company", q=text, count="exact")
    for text in ("company", "items", "earlier", "earlier.items", "company.region", "handler", "x"):
        yield get(path, expand=text)
    for text in ("related", "shops", "related,shops", "related.related", "insiders"):
        yield get(path, expand=text)
        yield get(f"{API}/records/fund_entry", expand=text)
    for text in ("related.subject", "related.grade", "shops.note", "insiders.name"):
        yield get(path, fields=text)
    yield get(f"{API}/records/fund_entry", expand="about", sort="-balance", count="exact")
    for text in mark.cursors:
        yield get(path, cursor=text)
        yield get(path, cursor=text, sort="-fee", count="exact")
    yield get(f"{API}/records/company", fields="name,claim_count,note", sort="-claim_count")
    yield get(f"{API}/records/claim_item", sort="-price", count="exact", expand="claim")
    yield get(path, view="open_claims", filter="{", limit="all")


@probe("api.api_records.query", "POST")
def queries(mark: Mark) -> Iterator[Ask]:
    for name in mark.objects:
        yield send(f"{API}/records/{name}/query", {"count": "exact"})
    for condition in list(filters(mark))[::7]:
        yield send(f"{API}/records/claim/query", {"filter": condition, "count": "exact"})


@probe("api.api_records.get")
def records(mark: Mark) -> Iterator[Ask]:
    for name in mark.objects:
        for one in (*mark.all_ids(name), *mark.ids["claim"][:1], "x"):
            yield get(f"{API}/records/{name}/{one}")
    for one in mark.all_ids("claim"):
        yield get(f"{API}/records/claim/{one}", expand="items,company,earlier")
        yield get(f"{API}/records/claim/{one}", fields="subject,grade")
        yield get(f"{API}/records/claim/{one}", fields="company.note,verdict,earlier.subject")


@probe("api.api_records.create", "POST")
def creates(mark: Mark) -> Iterator[Ask]:
    path = f"{API}/records/claim"
    other, own = mark.ids["company"][0], mark.own["company"][0]
    subject = mark.values["subject"]
    yield send(path, {"subject": subject, "company": other})
    yield send(path, {"subject": subject, "company": own, "fee": "9999"})
    yield send(path, {"subject": "x", "company": {"key": mark.values["claim_no"]}})
    yield send(path, {"subject": "x", "company": {"key": f"{mark.word}-C", "by": "code"}})
    yield send(path, {"subject": "x", "earlier": mark.ids["claim"][0]})
    for sent in (mark.ids["claim"][0], {"key": mark.values["serial"], "by": "serial"}, ABSENT):
        yield send(path, {"subject": "x", "related": [mark.own["claim"][0], sent]})
    yield send(path, {"subject": "x", "shops": [other]})
    yield send(path, {"subject": "x", "insiders": mark.ids["user"]})
    entry = {"company": own, "entry_date": "2025-06-30", "amount": "1.00"}
    for about in ([], mark.ids["claim"][:1], [ABSENT]):
        yield send(f"{API}/records/fund_entry", {**entry, "about": about})
    yield send(f"{API}/records/fund_entry", {**entry, "company": other})
    yield send(path, {"subject": "x", "earlier": {"key": mark.values["claim_no"]}})
    yield send(path, {"subject": "x", "earlier": {"key": mark.values["serial"], "by": "serial"}})
    yield send(path, {"subject": "x", "id": mark.ids["claim"][0]})
    yield send(path, {"subject": "x", "claim_no": mark.values["claim_no"]})
    yield send(path, {"subject": "x", "items": [{"id": mark.ids["claim_item"][0], "what": "y"}]})
    for one in (*mark.files, ABSENT):
        yield send(path, {"subject": "x", "evidence": [one]})
    yield send(path, {"subject": "x", "assessment": mark.files[0]})
    yield send(path, {"subject": "y", "fee": "9999"})
    yield send(f"{API}/records/claim_item", {"claim": mark.ids["claim"][0], "what": "y"})
    yield send(f"{API}/records/company", {"code": f"{mark.word}-C", "name": "y"})
    yield send(f"{path}?mode=migration", {"subject": "y", "company": other})


@probe("api.api_files.upload", "POST")
def file_uploads(mark: Mark) -> Iterator[Ask]:
    path = f"{API}/files"
    yield send_file(path, f"{mark.word}.txt", f"{mark.word} evidence 1")
    for meant in ("claim.evidence", "claim.assessment", "claim.grade", "nothing.evidence"):
        yield send_file(f"{path}?for={meant}", "a.txt", "x")
    yield post_form(path, file=mark.files[0])


@probe("api.api_files.content")
def file_contents(mark: Mark) -> Iterator[Ask]:
    for one in (*mark.files, ABSENT, "x"):
        yield get(f"{API}/files/{one}")
        yield get(f"{API}/files/{one}?size=small")
        yield replace(get(f"{API}/files/{one}"), headers=(("Range", "bytes=0-3"),))


@probe("workspace.send_file", "POST")
def file_upload_forms(mark: Mark) -> Iterator[Ask]:
    yield send_file("/files", f"{mark.word}.txt", f"{mark.word} evidence 1")
    yield send_file("/files?for=claim.assessment", "a.txt", "x")


@probe("workspace.file")
def file_pages(mark: Mark) -> Iterator[Ask]:
    for one in (*mark.files, ABSENT, "x"):
        yield get(f"/files/{one}")


@probe("api.api_records.change_many", "POST")
def bulks(mark: Mark) -> Iterator[Ask]:
    path = f"{API}/records/claim/bulk"
    theirs = [{"id": one, "version": 1} for one in (*mark.ids["claim"], ABSENT)]
    changes = [{**one, "subject": "taken"} for one in theirs]
    keyed = [{"claim_no": mark.values["claim_no"], "subject": "taken"}]
    # Refused at once: the ids of jobs differ each time.
    asked = {"filter": {"field": "nothing", "op": "=", "value": mark.values["claim_no"]}}
    yield send(path, {"mode": "update", "query": asked, "values": {"subject": "taken"}})
    for partial in (False, True):
        yield send(path, {"mode": "update", "records": changes, "partial": partial})
        yield send(path, {"mode": "delete", "records": theirs, "partial": partial})
        yield send(path, {"mode": "button", "button": "ask", "records": theirs})
        yield send(
            path,
            {"mode": "transition", "transition": "cancel", "records": theirs, "partial": partial},
        )
        for key in ("claim_no", "serial"):
            yield send(path, {"mode": "upsert", "key": key, "records": keyed, "partial": partial})


@probe("api.api_records.update", "PATCH")
def updates(mark: Mark) -> Iterator[Ask]:
    for one in mark.all_ids("claim"):
        path = f"{API}/records/claim/{one}"
        for version in ("1", "2", "9"):
            yield send(path, {"earlier": mark.ids["claim"][0]}, If_Match=f'"{version}"')
            yield send(path, {"grade": "x"}, If_Match=f'"{version}"')
        theirs = {"items": {"update": [{"id": mark.ids["claim_item"][0], "what": "x"}]}}
        yield send(path, theirs, If_Match='"2"')
        yield send(path, {"subject": mark.values["subject"]})
        for version in ("2", "3"):
            for some in (mark.ids["claim"][:1], mark.own["claim"][1:2], []):
                yield send(path, {"related": some}, If_Match=f'"{version}"')
            yield send(path, {"insiders": []}, If_Match=f'"{version}"')
    for name in ("company", "claim_item", "region", "user"):
        for one in mark.all_ids(name):
            yield send(f"{API}/records/{name}/{one}", {"name": "x"}, If_Match='"1"')


@probe("api.api_records.delete", "DELETE")
def deletes(mark: Mark) -> Iterator[Ask]:
    for name in ("claim", "claim_item", "company", "region"):
        for one in (*mark.ids[name][:2], ABSENT):
            yield get(f"{API}/records/{name}/{one}")
            for version in ("1", "2", "9"):
                path = f"{API}/records/{name}/{one}"
                yield replace(get(path), headers=(("If-Match", f'"{version}"'),))


@probe("api.api_records.record_history")
def histories(mark: Mark) -> Iterator[Ask]:
    for name in mark.objects:
        for one in mark.all_ids(name):
            yield get(f"{API}/records/{name}/{one}/history")
            yield get(f"{API}/records/{name}/{one}/history", expand="items")
        yield get(f"{API}/records/{name}", deleted="only")
        yield get(f"{API}/records/{name}", deleted="only", q=mark.word, count="exact")


@probe("api.api_records.record_rules")
def record_rules(mark: Mark) -> Iterator[Ask]:
    for name in mark.objects:
        for one in mark.all_ids(name):
            yield get(f"{API}/records/{name}/{one}/rules")


@probe("api.api_records.rules_of_values", "POST")
def rules_of_values(mark: Mark) -> Iterator[Ask]:
    for name in mark.objects:
        yield send(f"{API}/records/{name}/rules", {})
    for one in mark.all_ids("claim"):
        path = f"{API}/records/claim/rules"
        yield send(path, {"id": one})
        yield send(path, {"id": one, "values": {"fee": "9999"}})
        yield send(path, {"values": {"company": mark.ids["company"][0], "fee": "9999"}})
        yield send(path, {"values": {"earlier": {"key": mark.values["claim_no"]}}})


@probe("api.api_records.show_whole", "POST")
def unmasked(mark: Mark) -> Iterator[Ask]:
    for name in ("claim", "company", "region"):
        for one in mark.all_ids(name):
            for field in ("serial", "note", "code", "nothing"):
                yield send(f"{API}/records/{name}/{one}/unmask", {"fields": [field]})


@probe("api.api_imports.start", "POST")
def imports(mark: Mark) -> Iterator[Ask]:
    """Files that are refused at once: how far a job is differs each time.

    What imports say of records of others is the business of `tests/database/test_importing.py`.
    """
    text = f"claim_no,subject\n{mark.values['claim_no']},taken\n"
    for name in mark.objects:
        for mode in ("take", "update"):
            path = f"{API}/records/{name}/import"
            yield send_file(path, "rows.csv", text, mode=mode, key="nothing_like_it", then="x")


@probe("api.api_imports.find")
def found_imports(mark: Mark) -> Iterator[Ask]:
    yield get(f"{API}/imports")
    for name in mark.objects:
        yield get(f"{API}/imports", object=name)
    for one in mark.all_ids("claim"):
        yield get(f"{API}/imports", object="claim", record=one)
        yield get(f"{API}/imports", cursor=one)


def of_imports(mark: Mark, path: str) -> Iterator[Ask]:
    """Ask for a part of imports, by ids of others and by what is no id."""
    for one in (*mark.all_ids("claim"), "x"):
        yield get(path.format(one))


@probe("api.api_imports.get")
def one_import(mark: Mark) -> Iterator[Ask]:
    yield from of_imports(mark, API + "/imports/{}")


@probe("api.api_imports.errors")
def errors_of_imports(mark: Mark) -> Iterator[Ask]:
    yield from of_imports(mark, API + "/imports/{}/errors")


@probe("api.api_imports.records")
def records_of_imports(mark: Mark) -> Iterator[Ask]:
    yield from of_imports(mark, API + "/imports/{}/records")


@probe("api.api_imports.file")
def files_of_imports(mark: Mark) -> Iterator[Ask]:
    yield from of_imports(mark, API + "/imports/{}/file")


@probe("api.api_bulk_changes.past")
def past_bulk_changes(mark: Mark) -> Iterator[Ask]:
    yield get(API + "/bulk")
    for name in ("claim", "company", "nothing"):
        yield get(f"{API}/bulk?object={name}&limit=1")
    for one in (*mark.all_ids("claim"), "x"):
        yield get(f"{API}/bulk?cursor={one}")


@probe("api.api_bulk_changes.get")
def one_bulk_change(mark: Mark) -> Iterator[Ask]:
    yield from of_imports(mark, API + "/bulk/{}")


@probe("api.api_bulk_changes.records")
def records_of_bulk_changes(mark: Mark) -> Iterator[Ask]:
    yield from of_imports(mark, API + "/bulk/{}/records")


@probe("api.api_bulk_changes.file")
def files_of_bulk_changes(mark: Mark) -> Iterator[Ask]:
    yield from of_imports(mark, API + "/bulk/{}/file")


@probe("api.api_bulk_changes.start", "POST")
def started_bulk_changes(mark: Mark) -> Iterator[Ask]:
    for one in (*mark.all_ids("claim"), "x"):
        yield send(f"{API}/bulk/{one}/start", {})


@probe("api.api_bulk_changes.undo", "POST")
def undone_bulk_changes(mark: Mark) -> Iterator[Ask]:
    for one in (*mark.all_ids("claim"), "x"):
        yield send(f"{API}/bulk/{one}/undo", {"dry_run": True})


@probe("api.api_records.restore", "POST")
def restores(mark: Mark) -> Iterator[Ask]:
    for one in mark.all_ids("claim"):
        for line in (mark.ids["claim"][0], ABSENT):
            path = f"{API}/records/claim/{one}/restore"
            yield send(path, {"before": line}, If_Match='"2"')
            body = {"after": line, "fields": [f"items.{mark.ids['claim_item'][0]}"]}
            yield send(path, body, If_Match='"1"')


@probe("api.api_records.reverse", "POST")
def reversals(mark: Mark) -> Iterator[Ask]:
    for name in mark.objects:
        for one in mark.all_ids(name):
            yield send(f"{API}/records/{name}/{one}/reverse", {"reason": "probed"})


@probe("api.api_records.account_balances")
def account_balances(mark: Mark) -> Iterator[Ask]:
    for name in mark.objects:
        yield get(f"{API}/records/{name}/balances", on="2025-06-30")


@probe("api.api_records.best_match", "POST")
def best_matches(mark: Mark) -> Iterator[Ask]:
    for name in mark.objects:
        yield send(f"{API}/records/{name}/best", {"for": {"company": mark.ids["company"][0]}})


@probe("api.api_records.months")
def api_months(mark: Mark) -> Iterator[Ask]:
    for name in mark.objects:
        yield get(f"{API}/records/{name}/periods")


@probe("api.api_records.close_month", "POST")
def closed_months(mark: Mark) -> Iterator[Ask]:
    for name in mark.objects:
        yield send(f"{API}/records/{name}/periods/2025-01/close", {})


@probe("api.api_records.reopen_month", "POST")
def reopened_months(mark: Mark) -> Iterator[Ask]:
    for name in mark.objects:
        yield send(f"{API}/records/{name}/periods/2025-01/reopen", {"reason": "probed"})


@probe("api.api_records.undelete", "POST")
def undeletes(mark: Mark) -> Iterator[Ask]:
    for name in ("claim", "claim_item", "company", "region"):
        for one in (*mark.ids[name][:2], ABSENT):
            for version in ("1", "2", "9"):
                path = f"{API}/records/{name}/{one}/undelete"
                yield send(path, {}, If_Match=f'"{version}"')


@probe("api.api_records.transition", "POST")
def transitions(mark: Mark) -> Iterator[Ask]:
    for one in (*mark.ids["claim"], ABSENT):
        for name in ("submit", "cancel", "nothing"):
            path = f"{API}/records/claim/{one}/transitions/{name}"
            yield send(path, {"comment": "mine now"}, If_Match='"1"')
            yield send(path, {"values": {"grade": "x"}}, If_Match='"2"')
            yield send(path, {})


@probe("api.api_records.transition_ahead")
def chains_ahead(mark: Mark) -> Iterator[Ask]:
    for one in (*mark.ids["claim"], ABSENT):
        for name in ("submit", "cancel", "nothing"):
            yield get(f"{API}/records/claim/{one}/transitions/{name}")


@probe("api.api_records.buttons")
def buttons_at_records(mark: Mark) -> Iterator[Ask]:
    for name in mark.objects:
        for one in mark.all_ids(name):
            yield get(f"{API}/records/{name}/{one}/buttons")


@probe("api.api_records.press", "POST")
def buttons_pressed(mark: Mark) -> Iterator[Ask]:
    for one in (*mark.ids["claim"], ABSENT):
        for name in ("ask", "nothing"):
            path = f"{API}/records/claim/{one}/buttons/{name}"
            yield send(path, {"inputs": {"grade": "x"}}, If_Match='"1"')
            yield send(path, {})


@probe("workspace.button_page")
def button_pages(mark: Mark) -> Iterator[Ask]:
    for one in mark.all_ids("claim"):
        yield get(f"/o/claim/{one}/buttons/ask")


@probe("workspace.press_button", "POST")
def button_forms(mark: Mark) -> Iterator[Ask]:
    for one in (*mark.ids["claim"], ABSENT):
        for version in ("1", "2"):
            yield post_form(f"/o/claim/{one}/buttons/ask", version=version, **{"f.grade": "x"})


@probe("api.api_records.approvals")
def approvals(mark: Mark) -> Iterator[Ask]:
    for name in mark.objects:
        for one in mark.all_ids(name):
            yield get(f"{API}/records/{name}/{one}/approvals")


@probe("api._nothing", "GET", "POST", "PUT", "PATCH", "DELETE")
def elsewhere(mark: Mark) -> Iterator[Ask]:
    for path in (f"records/claim/{mark.ids['claim'][0]}/items", "v2/records/claim", "files/x"):
        yield get(f"/api/{path}")
    yield get(f"{API}/jobs/{ABSENT}")


# tasks, reports, definitions of the API


@probe("api.api_tasks.inbox")
def inboxes(mark: Mark) -> Iterator[Ask]:
    for state in ("open", "done", "started", "copied", "all"):
        yield get(f"{API}/tasks", state=state)
        yield get(f"{API}/tasks", state=state, cursor=mark.tasks[-1])


@probe("api.api_tasks.get")
def tasks(mark: Mark) -> Iterator[Ask]:
    for one in (*mark.tasks, ABSENT, "x"):
        yield get(f"{API}/tasks/{one}")


@probe("api.api_tasks.decide", "POST")
def decisions(mark: Mark) -> Iterator[Ask]:
    for one in (*mark.tasks, ABSENT):
        for name in ("approve", "reject", "comment"):
            data = {"comment": "let me see", "values": {"reserve": "1"}}
            yield send(f"{API}/tasks/{one}/{name}", data, If_Match='"1"')
        for name in ("transfer", "ask_opinion"):
            yield send(f"{API}/tasks/{one}/{name}", {"to": ABSENT}, If_Match='"1"')
        for file_id in (*mark.files, ABSENT):
            said = {"comment": "let me see", "files": [file_id]}
            yield send(f"{API}/tasks/{one}/comment", said, If_Match='"1"')
        added = {"to": ABSENT, "place": "before"}
        yield send(f"{API}/tasks/{one}/add_approver", added, If_Match='"1"')
        back = {"comment": "let me see", "course": "on"}
        yield send(f"{API}/tasks/{one}/return", back, If_Match='"1"')
        yield send(f"{API}/tasks/{one}/take_back", {}, If_Match='"1"')


@probe("api.api_tasks.decide_several", "POST")
def bulk_decisions(mark: Mark) -> Iterator[Ask]:
    items = [{"id": one, "version": 1} for one in (*mark.tasks, ABSENT, "x")]
    for action in ("approve", "reject"):
        yield send(f"{API}/tasks/bulk", {"action": action, "comment": "let me", "items": items})


@probe("api.api_tasks.read_copy", "POST")
def copies(mark: Mark) -> Iterator[Ask]:
    for one in (*mark.tasks, *mark.runs, ABSENT, "x"):
        yield send(f"{API}/tasks/{one}/read", {})


@probe("api.api_tasks.urge", "POST")
def reminders(mark: Mark) -> Iterator[Ask]:
    for one in (*mark.tasks, ABSENT, "x"):
        yield send(f"{API}/tasks/{one}/urge", {}, If_Match='"1"')


@probe("api.api_tasks.withdraw", "POST")
def withdrawals(mark: Mark) -> Iterator[Ask]:
    for one in (*mark.runs, ABSENT, "x"):
        yield send(f"{API}/approvals/{one}/withdraw", {}, If_Match='"1"')


@probe("api.api_delegations.listed")
def delegations(mark: Mark) -> Iterator[Ask]:
    yield get(f"{API}/delegations")


@probe("api.api_delegations.create", "POST")
def delegating(mark: Mark) -> Iterator[Ask]:
    for one in (*mark.ids["company"][:1], ABSENT, "x"):
        yield send(f"{API}/delegations", {"delegate": one, **DAYS})


@probe("api.api_delegations.end", "POST")
def ended_delegations(mark: Mark) -> Iterator[Ask]:
    for one in (*mark.runs, ABSENT, "x"):
        yield send(f"{API}/delegations/{one}/end", {})


def cells(mark: Mark) -> Iterator[str]:
    other, own = mark.ids["company"][0], mark.own["company"][0]
    for rows in (None, [f"{mark.values['claimed_on'][:7]}-01"], ["2025-06-01"]):
        for columns in (None, [other], [own], [None]):
            cell = {"rows": rows, "columns": columns}
            yield json.dumps({name: one for name, one in cell.items() if one is not None})
    yield json.dumps({"rows": [mark.values["kind"], mark.values["subject"]]})
    yield json.dumps({"rows": [f"{mark.word} grade"]})
    yield json.dumps({"rows": [None]})


REPORTS = ("claims_by_month", "claims_by_kind", "grades", "nothing_like_it")


@probe("api.api_reports.run")
def reports(mark: Mark) -> Iterator[Ask]:
    for name in REPORTS:
        for form in ("json", "csv"):
            yield get(f"{API}/reports/{name}", format=form)


@probe("api.api_reports.rows")
def report_rows(mark: Mark) -> Iterator[Ask]:
    for name in REPORTS:
        for cell in cells(mark):
            yield get(f"{API}/reports/{name}/rows", cell=cell, count="exact", limit=200)
        more = {"fields": "subject,grade", "sort": "-grade"}
        yield get(f"{API}/reports/{name}/rows", cell="{}", **more)
        for text in mark.cursors:
            yield get(f"{API}/reports/{name}/rows", cell="{}", cursor=text)


DASHBOARDS = ("claims_overview", "grades_only", "nothing_like_it")
TILES = ("cost", "claims", "course", "months", "kinds", "grades", "nothing_like_it")


@probe("api.api_dashboards.listed")
def dashboards(mark: Mark) -> Iterator[Ask]:
    yield get(f"{API}/dashboards")


@probe("api.api_dashboards.opened")
def opened_dashboards(mark: Mark) -> Iterator[Ask]:
    for name in DASHBOARDS:
        yield get(f"{API}/dashboards/{name}")


@probe("api.api_metadata.find")
def definitions(mark: Mark) -> Iterator[Ask]:
    for kind in ("objects", "object", "permissions", "roles", "workflows", "nothing"):
        yield get(f"{API}/metadata/{kind}")


@probe("api.api_schemas.schemas")
@probe("api.api_schemas.tiles")
def described(mark: Mark) -> Iterator[Ask]:
    for name in ("schemas", "palette"):
        for language in ("zh", "en", "tlh"):
            yield get(f"{API}/metadata/{name}", language=language)


@probe("design_preview.form")
@probe("design_preview.record")
@probe("design_preview.rows")
def draft_previews(mark: Mark) -> Iterator[Ask]:
    for place in ("form", "record", "list"):
        yield get(f"/design/nothing_like_it/preview/claim/{place}", role="dealer")
        for text in mark.cursors:
            yield get(f"/design/{text}/preview/claim/{place}", record=text)


@probe("api.api_moving.export")
def exported(mark: Mark) -> Iterator[Ask]:
    yield get(f"{API}/metadata/export")
    yield get(f"{API}/metadata/export", module="claims", closure="true", version="1")
    yield get(f"{API}/metadata/export", module="nothing_like_it")


@probe("api.api_versions.find")
@probe("api.api_versions.get")
@probe("api.api_versions.differences")
@probe("api.api_versions.where_used")
@probe("api.api_audit.find")
@probe("api.api_audit.get")
@probe("api.api_versions.roll_back", "POST")
def versions(mark: Mark) -> Iterator[Ask]:
    yield get(f"{API}/metadata/versions")
    yield get(f"{API}/metadata/versions/1")
    yield get(f"{API}/metadata/diff", **{"from": "0", "to": "1"})
    yield get(f"{API}/metadata/where-used", kind="field", name="claim.subject")
    yield get(f"{API}/metadata/audit", kind="object", name="claim")
    yield get(f"{API}/metadata/audit", kind="user", by="admin", since="2020-01-01T00:00:00Z")
    yield get(f"{API}/metadata/audit/1")
    yield send(f"{API}/metadata/rollback", {"version": 1, "plan": True})


@probe("api.api_automations.listed")
def automation_runs(mark: Mark) -> Iterator[Ask]:
    yield get(f"{API}/automation-runs")
    yield get(f"{API}/automation-runs", state="failed", automation="x")


@probe("api.api_automations.get")
def automation_run(mark: Mark) -> Iterator[Ask]:
    for one in (*mark.ids["claim"][:1], ABSENT, "x"):
        yield get(f"{API}/automation-runs/{one}")


@probe("api.api_automations.resume", "POST")
def resumed_automation_run(mark: Mark) -> Iterator[Ask]:
    for one in (*mark.ids["claim"][:1], ABSENT, "x"):
        yield send(f"{API}/automation-runs/{one}/resume", {})


@probe("api.api_automations.undo", "POST")
def undone_automation_run(mark: Mark) -> Iterator[Ask]:
    for one in (*mark.ids["claim"][:1], ABSENT, "x"):
        yield send(f"{API}/automation-runs/{one}/undo", {})


@probe("api.api_schedules.listed")
def automation_schedules(mark: Mark) -> Iterator[Ask]:
    yield get(f"{API}/automation-schedules")


@probe("api.api_schedules.tried", "POST")
def tried_automation(mark: Mark) -> Iterator[Ask]:
    yield send(f"{API}/automation-schedules/x/try", {})


@probe("api.api_schedules.run", "POST")
def automation_run_now(mark: Mark) -> Iterator[Ask]:
    yield send(f"{API}/automation-schedules/x/run", {})


@probe("automations.undo", "POST")
def undone_automation_run_page(mark: Mark) -> Iterator[Ask]:
    for one in (*mark.ids["claim"][:1], ABSENT, "x"):
        yield post_form(f"/automations/runs/{one}/undo")


@probe("automations.scheduled")
def automation_schedules_page(mark: Mark) -> Iterator[Ask]:
    yield get("/automations/schedules")


@probe("automations.tried", "POST")
def tried_automation_page(mark: Mark) -> Iterator[Ask]:
    yield post_form("/automations/schedules/x/try")


@probe("automations.run_now", "POST")
def automation_run_now_page(mark: Mark) -> Iterator[Ask]:
    yield post_form("/automations/schedules/x/run")


@probe("automations.listed")
def automation_runs_page(mark: Mark) -> Iterator[Ask]:
    yield get("/automations/runs", state="failed")


@probe("automations.shown")
def automation_run_page(mark: Mark) -> Iterator[Ask]:
    for one in (*mark.ids["claim"][:1], ABSENT, "x"):
        yield get(f"/automations/runs/{one}")


@probe("automations.resume", "POST")
def resumed_automation_run_page(mark: Mark) -> Iterator[Ask]:
    for one in (*mark.ids["claim"][:1], ABSENT, "x"):
        yield post_form(f"/automations/runs/{one}/resume")


@probe("api.api_webhooks.listed")
def webhook_endpoints(mark: Mark) -> Iterator[Ask]:
    yield get(f"{API}/webhook-endpoints")


@probe("api.api_webhooks.put", "PUT")
def put_webhook_endpoint(mark: Mark) -> Iterator[Ask]:
    yield send(f"{API}/webhook-endpoints/x", {"address": "https://example.com/"})


@probe("api.api_webhooks.renew", "POST")
def renewed_webhook_secret(mark: Mark) -> Iterator[Ask]:
    yield send(f"{API}/webhook-endpoints/x/secret", {})


@probe("api.api_webhooks.events")
def webhook_events(mark: Mark) -> Iterator[Ask]:
    yield get(f"{API}/webhook-events", state="dead")


@probe("api.api_webhooks.replay", "POST")
def replayed_webhook_event(mark: Mark) -> Iterator[Ask]:
    for one in (*mark.ids["claim"][:1], ABSENT, "x"):
        yield send(f"{API}/webhook-events/{one}/replay", {})


@probe("api.api_notifications.listed")
@probe("api.api_notifications.put", "PUT")
def notification_choices(mark: Mark) -> Iterator[Ask]:
    yield get(f"{API}/me/notification-choices")
    yield send(f"{API}/me/notification-choices", {"tasks": "digest"})


@probe("workspace.open_notification")
def opened_notification(mark: Mark) -> Iterator[Ask]:
    for one in (*mark.ids["claim"][:1], ABSENT, "x"):
        yield get(f"/notifications/{one}")


@probe("task_links.shown")
@probe("task_links.decide", "POST")
def task_links(mark: Mark) -> Iterator[Ask]:
    for token in (*mark.ids["claim"][:1], "x.y", ABSENT):
        yield get(f"/task-link/{token}")
        yield post_form(f"/task-link/{token}", action="approve", version="1")


@probe("workspace.notification_settings")
def notification_settings(mark: Mark) -> Iterator[Ask]:
    yield get("/notifications/settings")


@probe("workspace.choose_notifications", "POST")
def chosen_notifications(mark: Mark) -> Iterator[Ask]:
    yield post_form("/notifications/settings", tasks="digest")


@probe("automations.webhooks")
def webhooks_page(mark: Mark) -> Iterator[Ask]:
    yield get("/automations/webhooks")


@probe("automations.put_endpoint", "POST")
def put_webhook_endpoint_page(mark: Mark) -> Iterator[Ask]:
    yield post_form("/automations/webhooks", name="x", address="https://example.com/")


@probe("automations.replay", "POST")
def replayed_webhook_event_page(mark: Mark) -> Iterator[Ask]:
    for one in (*mark.ids["claim"][:1], ABSENT, "x"):
        yield post_form(f"/automations/webhooks/{one}/replay")


@probe("api.api_queue.counts")
def queue_counts(mark: Mark) -> Iterator[Ask]:
    yield get(f"{API}/queue")


@probe("api.api_queue.listed")
def queue_jobs(mark: Mark) -> Iterator[Ask]:
    yield get(f"{API}/queue/jobs", state="due", kind="notify")


@probe("api.api_queue.retry", "POST")
def retried_job(mark: Mark) -> Iterator[Ask]:
    for one in (ABSENT, "x"):
        yield send(f"{API}/queue/jobs/{one}/retry", {})


@probe("api.api_queue.cancel", "POST")
def cancelled_queue_job(mark: Mark) -> Iterator[Ask]:
    for one in (ABSENT, "x"):
        yield send(f"{API}/queue/jobs/{one}/cancel", {})


@probe("api.api_queue.retry_kind", "POST")
def retried_kind(mark: Mark) -> Iterator[Ask]:
    yield send(f"{API}/queue/retry", {"kind": "notify"})


@probe("design.drafts")
def drafts_page(mark: Mark) -> Iterator[Ask]:
    yield get("/design")


@probe("design.create", "POST")
def begun_draft(mark: Mark) -> Iterator[Ask]:
    yield post_form("/design", name="")


@probe("design.studio")
def studio_page(mark: Mark) -> Iterator[Ask]:
    for one in (ABSENT, "x"):
        yield get(f"/design/{one}")


@probe("queue.listed")
def queue_page(mark: Mark) -> Iterator[Ask]:
    yield get("/jobs", state="due", only="notify")


@probe("queue.retry", "POST")
def retried_job_page(mark: Mark) -> Iterator[Ask]:
    for one in (ABSENT, "x"):
        yield post_form(f"/jobs/{one}/retry")


@probe("queue.cancel", "POST")
def cancelled_job_page(mark: Mark) -> Iterator[Ask]:
    for one in (ABSENT, "x"):
        yield post_form(f"/jobs/{one}/cancel")


@probe("queue.retry_kind", "POST")
def retried_kind_page(mark: Mark) -> Iterator[Ask]:
    yield post_form("/jobs/retry", kind="notify")


@probe("metrics")
def metrics(mark: Mark) -> Iterator[Ask]:
    yield get("/metrics")


@probe("api.api_jobs.get")
@probe("api.api_jobs.cancel", "DELETE")
def jobs(mark: Mark) -> Iterator[Ask]:
    for job in (ABSENT, "nothing-like-it"):
        yield get(f"{API}/jobs/{job}")
        yield send(f"{API}/jobs/{job}", {})


@probe("api.api_uninstalling.uninstall", "POST")
def uninstalled(mark: Mark) -> Iterator[Ask]:
    for module in ("claims", "nothing_like_it"):
        yield send(f"{API}/metadata/uninstall", {"module": module, "data": "drop", "plan": True})


@probe("api.api_trying.simulate", "POST")
@probe("api.api_trying.replay_runs", "POST")
def tried(mark: Mark) -> Iterator[Ask]:
    for record in mark.all_ids("claim"):
        data = {"object": "claim", "record": record, "transition": "submit"}
        yield send(f"{API}/metadata/simulate", data)
    yield send(f"{API}/metadata/replay", {"workflow": "claim_flow"})


@probe("api.api_spreadsheets.find")
@probe("api.api_spreadsheets.upload", "POST")
@probe("api.api_spreadsheets.get")
@probe("api.api_spreadsheets.put_into_draft", "POST")
@probe("api.api_spreadsheets.start_import", "POST")
def spreadsheets(mark: Mark) -> Iterator[Ask]:
    here = f"{API}/metadata/spreadsheets"
    names = "\n".join(map(str, mark.values.values()))
    yield get(here)
    yield send_file(here, "rows.csv", f"claim\n{names}\n")
    for one in mark.all_ids("claim"):
        yield get(f"{here}/{one}")
        yield send(f"{here}/{one}/draft", {"proposal": {}})
        yield send(f"{here}/{one}/import", {})


@probe("api.api_scenarios.run", "POST")
@probe("api.api_scenarios.record", "POST")
def scenarios_run(mark: Mark) -> Iterator[Ask]:
    yield send(f"{API}/metadata/scenarios/run", {})
    yield send(f"{API}/metadata/scenarios/run", {"names": ["nothing_like_it"], "version": 1})
    for record in mark.all_ids("claim"):
        yield send(f"{API}/metadata/scenarios/record", {"object": "claim", "record": record})


@probe("spreadsheets.listed")
@probe("spreadsheets.shown")
def spreadsheet_pages(mark: Mark) -> Iterator[Ask]:
    yield get("/design/spreadsheet")
    for one in mark.all_ids("claim"):
        yield get(f"/design/spreadsheet/{one}")


@probe("spreadsheets.upload", "POST")
@probe("spreadsheets.put_into_draft", "POST")
@probe("spreadsheets.start_import", "POST")
def spreadsheet_forms(mark: Mark) -> Iterator[Ask]:
    here = "/design/spreadsheet"
    yield send_file(here, "rows.csv", f"claim\n{mark.word}\n")
    for one in mark.all_ids("claim"):
        yield post_form(f"{here}/{one}", sheet="")
        yield post_form(f"{here}/{one}/import")


@probe("api.api_drafted_reports.run", "POST")
def drafted_reports(mark: Mark) -> Iterator[Ask]:
    for draft in (ABSENT, "mine"):
        yield send(f"{API}/metadata/drafts/{draft}/reports/claims_by_company/run", {})


@probe("api.api_starting.templates")
@probe("api.api_starting.names")
@probe("api.api_starting.begin", "POST")
@probe("api.api_starting.other_name", "POST")
def beginnings(mark: Mark) -> Iterator[Ask]:
    here = f"{API}/metadata"
    yield get(f"{here}/templates")
    yield get(f"{here}/names", label=mark.word, otherwise="field")
    for draft in (ABSENT, "mine"):
        copy = {"module": "claims", "name": "copied", "label": {"en": "Copied"}}
        yield send(f"{here}/drafts/{draft}/modules", copy)
        other = {"document": ABSENT, "path": "", "name": "other"}
        yield send(f"{here}/drafts/{draft}/rename", other)


@probe("starting.listed")
@probe("starting.form")
def beginning_pages(mark: Mark) -> Iterator[Ask]:
    yield get("/design/start")
    for kind, source in (("module", "claims"), ("template", "simple_list"), ("other", mark.word)):
        yield get(f"/design/start/{kind}/{source}")
        yield get(f"/design/start/{kind}/{source}", draft=ABSENT)


@probe("starting.begin", "POST")
def beginning_forms(mark: Mark) -> Iterator[Ask]:
    for kind, source in (("module", "claims"), ("template", "simple_list"), ("other", mark.word)):
        yield post_form(f"/design/start/{kind}/{source}", name="copied", label_en="Copied")


@probe("api.api_formulas.try_out", "POST")
def formulas_tried(mark: Mark) -> Iterator[Ask]:
    for record in mark.all_ids("claim"):
        data = {"object": "claim", "formula": "fee", "record": record}
        yield send(f"{API}/metadata/drafts/mine/formula", data)
    data = {"object": "claim", "formula": "COUNT(claim)"}
    yield send(f"{API}/metadata/drafts/mine/formula", data)
    named = {"formula": "1", "document": ABSENT, "path": ["expressions", 0, "formula"]}
    yield send(f"{API}/metadata/drafts/mine/formula", {**named, "given": {"c": mark.word}})


@probe("api.api_costs.cost", "POST")
def costs(mark: Mark) -> Iterator[Ask]:
    for draft in (ABSENT, "mine"):
        for document in (ABSENT, *mark.all_ids("claim")):
            data = {"document": document, "time": True}
            yield send(f"{API}/metadata/drafts/{draft}/cost", data)


@probe("api.api_drafts.find")
@probe("api.api_drafts.create", "POST")
@probe("api.api_drafts.get")
@probe("api.api_drafts.documents")
@probe("api.api_drafts.get_document")
@probe("api.api_drafts.add", "POST")
@probe("api.api_drafts.put_document", "PUT")
@probe("api.api_drafts.delete_document", "DELETE")
@probe("api.api_drafts.changes")
@probe("api.api_drafts.presence", "POST")
@probe("api.api_drafts.undo", "POST")
@probe("api.api_drafts.check", "POST")
@probe("api.api_drafts.plan", "POST")
@probe("api.api_drafts.rebase", "POST")
@probe("api.api_drafts.publish", "POST")
@probe("api.api_drafts.discard", "DELETE")
def drafts(mark: Mark) -> Iterator[Ask]:
    here = f"{API}/metadata/drafts"
    yield get(here)
    yield send(here, {"name": "mine"})
    yield get(f"{here}/mine")
    yield get(f"{here}/mine/documents", content="true")
    yield get(f"{here}/mine/changes")
    yield get(f"{here}/mine/documents")
    yield get(f"{here}/mine/documents/x")
    for action in ("check", "plan", "rebase", "publish", "undo", "documents", "presence"):
        yield send(f"{here}/mine/{action}", {})


@probe("publishing.page")
def publish_pages(mark: Mark) -> Iterator[Ask]:
    for draft in (ABSENT, "mine"):
        yield get(f"/design/{draft}/publish")


@probe("publishing.plan", "POST")
@probe("publishing.rows", "POST")
@probe("publishing.publish", "POST")
@probe("publishing.discard", "POST")
def publish_forms(mark: Mark) -> Iterator[Ask]:
    lines = {"k.0": "field.drop:claim.subject", "a.0": "accept", "list": "field.drop:claim.subject"}
    for draft in (ABSENT, "mine"):
        for action in ("plan", "rows", "publish", "discard"):
            yield post_form(f"/design/{draft}/{action}", version="1", **lines)


@probe("publishing.progress")
def publish_jobs(mark: Mark) -> Iterator[Ask]:
    for job in (ABSENT, "mine"):
        yield get(f"/design/jobs/{job}", draft=ABSENT)


@probe("publishing.cancel", "POST")
def stopped_publish(mark: Mark) -> Iterator[Ask]:
    for job in (ABSENT, "mine"):
        yield post_form(f"/design/jobs/{job}/cancel")


@probe("history.listed")
@probe("history.compare")
@probe("history.version")
@probe("history.back")
def version_pages(mark: Mark) -> Iterator[Ask]:
    yield get("/design/history")
    yield get("/design/history/compare", **{"from": "1", "to": "2"})
    for number in (1, 2, 99):
        yield get(f"/design/history/{number}")
        yield get(f"/design/history/{number}/back")


@probe("history.back_plan", "POST")
@probe("history.back_rows", "POST")
@probe("history.go_back", "POST")
def version_forms(mark: Mark) -> Iterator[Ask]:
    for number in (1, 2, 99):
        for action in ("back", "back/plan", "back/rows"):
            yield post_form(f"/design/history/{number}/{action}", list="field.drop:claim.subject")


@probe("modules.export")
def module_package(mark: Mark) -> Iterator[Ask]:
    yield get("/design/modules/export", module="claims", closure="yes")


@probe("modules.take_in", "POST")
def taken_module(mark: Mark) -> Iterator[Ask]:
    yield send_file("/design/modules/import", "modules.zip", mark.word, name="mine")


@probe("api.api_metadata.get")
def definition(mark: Mark) -> Iterator[Ask]:
    for name in ("claim", "company", "nothing"):
        yield get(f"{API}/metadata/object/{name}")


@probe("api.api_plan_rows.rows", "POST")
def plan_rows(mark: Mark) -> Iterator[Ask]:
    for key in ("object.drop:claim", "field.drop:claim.subject"):
        body = {"modules": {"claims": []}, "key": key, "format": "json"}
        yield send(f"{API}/metadata/plan/rows", body)


@probe("api.api_metadata.check", "POST")
@probe("api.api_metadata.make_plan", "POST")
@probe("api.api_metadata.publish", "POST")
@probe("api.api_upgrading.plan", "POST")
@probe("api.api_upgrading.upgrade", "POST")
def changes(mark: Mark) -> Iterator[Ask]:
    for name in ("check", "plan", "publish", "upgrade/plan", "upgrade"):
        yield send(f"{API}/metadata/{name}", {"modules": {"mine": []}})
        yield send(f"{API}/metadata/{name}", {"modules": {"claims": [{"kind": "module"}]}})


@probe("api.api_upgrading.local_changes")
def local_changes(mark: Mark) -> Iterator[Ask]:
    yield get(f"{API}/metadata/local-changes")
    yield get(f"{API}/metadata/local-changes", module="claims")


@probe("api.api_description.me")
def me(mark: Mark) -> Iterator[Ask]:
    yield get(f"{API}/me")


@probe("api.api_description.openapi")
def openapi(mark: Mark) -> Iterator[Ask]:
    yield get(f"{API}/openapi.json")


# pages


@probe("workspace.home")
def home(mark: Mark) -> Iterator[Ask]:
    yield get("/")


@probe("workspace.search")
def search(mark: Mark) -> Iterator[Ask]:
    for text in (mark.word, mark.word.lower(), "739157", mark.ids["claim"][0], ""):
        yield get("/search", q=text)


@probe("workspace.suggestions")
def suggestions(mark: Mark) -> Iterator[Ask]:
    for text in (mark.word, mark.word[:2], mark.values["serial"], mark.values["claim_no"], ""):
        yield get("/search/suggestions", q=text)


@probe("api.api_search.everywhere")
def search_api(mark: Mark) -> Iterator[Ask]:
    for text in (
        mark.word,
        mark.word[:2],
        mark.values["serial"],
        mark.values["claim_no"],
        "739157",
    ):
        yield get(f"{API}/search", q=text)
        yield get(f"{API}/search", q=text, limit="20", objects="claim,company")
    for name in mark.objects:
        yield get(f"{API}/search", q=mark.word, objects=name)


@probe("workspace.notifications", "GET")
def notifications(mark: Mark) -> Iterator[Ask]:
    yield get("/notifications")


@probe("workspace.read_notifications", "POST")
def read_notifications(mark: Mark) -> Iterator[Ask]:
    yield post_form("/notifications")


@probe("workspace.records")
def list_pages(mark: Mark) -> Iterator[Ask]:
    for name in mark.objects:
        yield get(f"/o/{name}")
        yield get(f"/o/{name}", view="all")
    for turn, (name, path) in enumerate(paths_of(mark)):
        value = str(value_for(mark, path))
        for part in mark.some(("", ".from", ".to"), turn, 1):
            yield get("/o/claim", **{f"f.{name}{part}": value, "view": "all"})
        yield get("/o/claim", view="all", sort=f"-{name}")
    for text in (mark.word, "739157", mark.values["serial"]):
        yield get("/o/claim", q=text, view="all")
    for text in mark.cursors:
        yield get("/o/claim", cursor=text, view="all")
    yield replace(get("/o/claim", view="all"), headers=(("HX-Request", "true"),))


@probe("workspace.record")
def record_pages(mark: Mark) -> Iterator[Ask]:
    for name in mark.objects:
        for one in (*mark.all_ids(name), "x"):
            yield get(f"/o/{name}/{one}")


@probe("workspace.new")
def new_pages(mark: Mark) -> Iterator[Ask]:
    for name in mark.objects:
        yield get(f"/o/{name}/new")
    yield get("/o/claim/new", earlier=mark.ids["claim"][0])


@probe("workspace.create", "POST")
def new_forms(mark: Mark) -> Iterator[Ask]:
    for one in (mark.ids["claim"][0], ABSENT):
        yield post_form("/o/claim/new", **{"f.subject": "z", "f.earlier": one})
        yield post_form("/o/claim/new", **{"f.subject": "z", "f.earlier": one, "add": "items"})
    for one in (mark.ids["company"][0], ABSENT):
        yield post_form("/o/claim/new", **{"f.subject": "z", "f.company": one})
    yield post_form("/o/company/new", **{"f.code": f"{mark.word}-C", "f.name": "z"})


@probe("workspace.edit")
def edit_pages(mark: Mark) -> Iterator[Ask]:
    for name in mark.objects:
        for one in mark.all_ids(name):
            yield get(f"/o/{name}/{one}/edit")


@probe("workspace.update", "POST")
def edit_forms(mark: Mark) -> Iterator[Ask]:
    for one in mark.all_ids("claim"):
        for version in ("1", "2", "9"):
            data = {"f.subject": "z", "f.earlier": mark.ids["claim"][0], "version": version}
            yield post_form(f"/o/claim/{one}/edit", **data)
        yield post_form(f"/o/claim/{one}/edit", **{"f.subject": "z", "add": "items"})
        row = {"c.items.0.id": mark.ids["claim_item"][0], "c.items.0.what": "z"}
        yield post_form(f"/o/claim/{one}/edit", **row, **{"grid.items": "1", "version": "2"})


@probe("workspace.delete_page", "GET", "POST")
def delete_pages(mark: Mark) -> Iterator[Ask]:
    for name in ("claim", "company", "claim_item"):
        for one in (*mark.ids[name][:2], ABSENT):
            yield post_form(f"/o/{name}/{one}/delete", version="2")


@probe("workspace.history_page")
def history_pages(mark: Mark) -> Iterator[Ask]:
    for name in ("claim", "company", "claim_item"):
        for one in mark.all_ids(name):
            yield get(f"/o/{name}/{one}/history")


@probe("workspace.try_approvals")
def tried_pages(mark: Mark) -> Iterator[Ask]:
    for name in ("claim", "company"):
        for one in mark.all_ids(name):
            yield get(f"/o/{name}/{one}/try", transition="submit", submitter="admin", replay="1")


@probe("workspace.rules")
def rule_pages(mark: Mark) -> Iterator[Ask]:
    for name in ("claim", "company", "claim_item"):
        for one in mark.all_ids(name):
            yield get(f"/o/{name}/{one}/rules")


@probe("workspace.show_whole", "POST")
def unmask_forms(mark: Mark) -> Iterator[Ask]:
    for one in mark.all_ids("claim"):
        for field in ("serial", "subject", "nothing"):
            yield post_form(f"/o/claim/{one}/unmask", field=field)


@probe("workspace.export")
def exported_lists(mark: Mark) -> Iterator[Ask]:
    for name in mark.objects:
        yield get(f"/o/{name}/export", format="csv")
        yield get(f"/o/{name}/export", format="csv", q=mark.word)


@probe("workspace.import_file")
def import_pages(mark: Mark) -> Iterator[Ask]:
    for name in mark.objects:
        yield get(f"/o/{name}/import")


@probe("workspace.upload", "POST")
def uploads(mark: Mark) -> Iterator[Ask]:
    for name in mark.objects:
        yield post_form(f"/o/{name}/import", file="no file")


@probe("workspace.import_batch")
def import_batches(mark: Mark) -> Iterator[Ask]:
    yield from of_imports(mark, "/imports/{}")


@probe("workspace.import_errors")
def import_error_files(mark: Mark) -> Iterator[Ask]:
    yield from of_imports(mark, "/imports/{}/file")


@probe("workspace.start_import", "POST")
def started_imports(mark: Mark) -> Iterator[Ask]:
    for one in (*mark.all_ids("claim"), "x"):
        yield post_form(f"/imports/{one}", do="import", mode="upsert", match="claim_no")


@probe("workspace.cancel_import", "POST")
def cancelled_imports(mark: Mark) -> Iterator[Ask]:
    for one in (*mark.all_ids("claim"), "x"):
        yield post_form(f"/imports/{one}/cancel")


@probe("workspace.reverse_page")
def reverse_pages(mark: Mark) -> Iterator[Ask]:
    for one in mark.all_ids("claim"):
        yield get(f"/o/claim/{one}/reverse")


@probe("workspace.reverse", "POST")
def reverse_forms(mark: Mark) -> Iterator[Ask]:
    for one in mark.all_ids("claim"):
        yield post_form(f"/o/claim/{one}/reverse", reason="probed")


@probe("workspace.balances_page")
def balances_pages(mark: Mark) -> Iterator[Ask]:
    for name in mark.objects:
        yield get(f"/o/{name}/balances")
        yield get(f"/o/{name}/balances", on="x")


@probe("workspace.periods_page")
def period_pages(mark: Mark) -> Iterator[Ask]:
    for name in mark.objects:
        yield get(f"/o/{name}/periods")


@probe("workspace.change_period", "POST")
def period_forms(mark: Mark) -> Iterator[Ask]:
    for name in mark.objects:
        for act in ("close", "reopen"):
            yield post_form(f"/o/{name}/periods/2025-01", act=act, reason="probed")


@probe("workspace.restore_page")
def restore_pages(mark: Mark) -> Iterator[Ask]:
    for one in mark.all_ids("claim"):
        yield get(f"/o/claim/{one}/restore", line=mark.ids["claim"][0], side="before")


@probe("workspace.restore", "POST")
def restore_forms(mark: Mark) -> Iterator[Ask]:
    for one in mark.all_ids("claim"):
        data = {"line": mark.ids["claim"][0], "side": "after", "take": "subject", "version": "2"}
        yield post_form(f"/o/claim/{one}/restore", **data)


@probe("workspace.deleted_records")
def deleted_pages(mark: Mark) -> Iterator[Ask]:
    for name in mark.objects:
        yield get(f"/o/{name}/deleted")
        yield get(f"/o/{name}/deleted", q=mark.word)


@probe("workspace.undelete_page", "GET", "POST")
def undelete_pages(mark: Mark) -> Iterator[Ask]:
    for name in ("claim", "company", "claim_item"):
        for one in (*mark.ids[name][:2], ABSENT):
            yield get(f"/o/{name}/{one}/undelete")
            yield post_form(f"/o/{name}/{one}/undelete", version="2")


@probe("workspace.bulk", "POST")
def bulk_pages(mark: Mark) -> Iterator[Ask]:
    for name in ("claim", "company"):
        rows = " ".join(f"{one}.{version}" for one in mark.all_ids(name) for version in (1, 2))
        for act in ("edit", "delete", "transition:submit", "transition:cancel", "nothing"):
            for step in ("", "preview", "apply"):
                more = {"f.subject": "mine now", "set.subject": "1", "comment": "mine now"}
                path = f"/o/{name}/bulk"
                yield post_form(path, act=act, step=step, rows=rows, **more)
                query = urlencode({"q": mark.word})
                yield post_form(path, act=act, step="preview", all="1", list=query, **more)


@probe("workspace.past_bulk_changes")
def past_bulk_change_pages(mark: Mark) -> Iterator[Ask]:
    yield get("/bulk")
    for name in ("claim", "company", "nothing"):
        yield get(f"/bulk?object={name}")
    for one in (*mark.all_ids("claim"), "x"):
        yield get(f"/bulk?before={one}")


@probe("workspace.bulk_change")
def bulk_change_pages(mark: Mark) -> Iterator[Ask]:
    yield from of_imports(mark, "/bulk/{}")


@probe("workspace.bulk_change_file")
def bulk_change_files(mark: Mark) -> Iterator[Ask]:
    yield from of_imports(mark, "/bulk/{}/file")


@probe("workspace.start_bulk_change", "POST")
def bulk_change_starts(mark: Mark) -> Iterator[Ask]:
    for one in (*mark.all_ids("claim"), "x"):
        yield post_form(f"/bulk/{one}/start")


@probe("workspace.cancel_bulk_change", "POST")
def bulk_change_ends(mark: Mark) -> Iterator[Ask]:
    for one in (*mark.all_ids("claim"), "x"):
        yield post_form(f"/bulk/{one}/cancel")


@probe("workspace.undo_bulk_change", "POST")
def bulk_change_undoings(mark: Mark) -> Iterator[Ask]:
    for one in (*mark.all_ids("claim"), "x"):
        yield post_form(f"/bulk/{one}/undo")


@probe("workspace.transition_page")
def transition_pages(mark: Mark) -> Iterator[Ask]:
    for one in mark.all_ids("claim"):
        for name in ("submit", "cancel", "nothing"):
            yield get(f"/o/claim/{one}/transitions/{name}")


@probe("workspace.transition", "POST")
def transition_forms(mark: Mark) -> Iterator[Ask]:
    for one in (*mark.ids["claim"], ABSENT):
        for name in ("submit", "cancel"):
            for version in ("1", "2"):
                path = f"/o/claim/{one}/transitions/{name}"
                yield post_form(path, version=version, comment="mine now")


@probe("workspace.choices", "POST")
def choices(mark: Mark) -> Iterator[Ask]:
    values = {"company": mark.ids["company"][0], "earlier": mark.ids["claim"][0]}
    names = {
        "claim": (
            *("company", "earlier", "handler", "created_by", "subject", "grade", "nothing"),
            *("related", "shops", "insiders"),
        ),
        "fund_entry": ("company", "about"),
        "company": ("parent", "region", "manager"),
        "claim_item": ("claim",),
    }
    for object_name, fields in names.items():
        for name in fields:
            for text in ("", mark.word, mark.word[:3].lower(), "own", mark.values["claim_no"]):
                data = {"text": text, "values": values}
                yield send(f"/o/{object_name}/choices/{name}", data)


@probe("workspace.quick_form", "POST")
def quick_forms(mark: Mark) -> Iterator[Ask]:
    for around in (
        {"company": mark.ids["company"][0], "earlier": mark.ids["claim"][0]},
        {"company": mark.own["company"][0]},
    ):
        for name in ("company", "earlier", "handler", "related", "shops", "nothing"):
            yield send(f"/o/claim/choices/{name}/new", {"text": "own", "values": around})


@probe("workspace.quick_create", "POST")
def quick_creates(mark: Mark) -> Iterator[Ask]:
    theirs = mark.ids["company"][0]
    for name in ("company", "earlier", "nothing"):
        for company in (theirs, mark.own["company"][0]):
            # What the caller types into a record of their own is told to them again.
            values = {"f.company": company, "f.subject": "own", "c.items.0.what": "own"}
            around = json.dumps({"company": theirs, "earlier": mark.ids["claim"][0]})
            path = f"/o/claim/choices/{name}/create"
            yield post_form(path, around=around, **values)


@probe("workspace.paste", "POST")
def pastes(mark: Mark) -> Iterator[Ask]:
    for relation in ("items", "nothing"):
        for text in (mark.word, f"{mark.word}-C", mark.values["claim_no"]):
            data = {"relation": relation, "columns": ["what", "qty"], "rows": [[text, "1"]]}
            yield send("/o/claim/paste", data)


@probe("workspace.preview", "POST")
def previews(mark: Mark) -> Iterator[Ask]:
    theirs = {"id": mark.ids["claim_item"][0]}
    for values in (
        {},
        {"company": mark.ids["company"][0]},
        {"company": {"key": f"{mark.word}-C"}},
        {"earlier": mark.ids["claim"][0]},
        {"company": ABSENT},
    ):
        for one in (None, *mark.ids["claim"][:2], mark.own["claim"][0], ABSENT):
            data = {"values": values, "children": {"items": [theirs]}, "id": one}
            yield send("/o/claim/preview", data)
    for name in ("company", "claim_item", "region"):
        one = mark.ids[name][0]
        yield send(f"/o/{name}/preview", {"values": {}, "children": {}, "id": one})


@probe("approvals.inbox")
def inbox_pages(mark: Mark) -> Iterator[Ask]:
    for state in ("open", "done", "started", "copied", "all"):
        yield get("/inbox", state=state)


@probe("approvals.copied")
def copy_pages(mark: Mark) -> Iterator[Ask]:
    for one in (*mark.tasks, *mark.runs, ABSENT, "x"):
        yield get(f"/inbox/copies/{one}")


@probe("approvals.task")
def task_pages(mark: Mark) -> Iterator[Ask]:
    for one in (*mark.tasks, ABSENT, "x"):
        yield get(f"/inbox/{one}")


@probe("approvals.decide", "POST")
def decision_forms(mark: Mark) -> Iterator[Ask]:
    for one in (*mark.tasks, ABSENT):
        for name in ("approve", "reject"):
            yield post_form(f"/inbox/{one}/{name}", version="1", comment="let me see")
        yield post_form(f"/inbox/{one}/transfer", version="1", to=ABSENT)


@probe("approvals.decide_several", "POST")
def bulk_decision_forms(mark: Mark) -> Iterator[Ask]:
    for one in (*mark.tasks, ABSENT):
        for act in ("approve", "reject"):
            yield post_form("/inbox/bulk", row=f"{one}.1", act=act, comment="let me see")


@probe("approvals.urge", "POST")
def reminder_forms(mark: Mark) -> Iterator[Ask]:
    for one in (*mark.runs, ABSENT, "x"):
        yield post_form(f"/runs/{one}/urge", object="claim", record=mark.ids["claim"][0])


@probe("approvals.withdraw", "POST")
def withdrawal_forms(mark: Mark) -> Iterator[Ask]:
    for one in (*mark.runs, ABSENT, "x"):
        yield post_form(f"/runs/{one}/withdraw", object="claim", record=mark.ids["claim"][0])


@probe("approvals.delegations")
def delegation_page(mark: Mark) -> Iterator[Ask]:
    yield get("/delegations")


@probe("approvals.delegate", "POST")
def delegation_forms(mark: Mark) -> Iterator[Ask]:
    for one in (*mark.ids["company"][:1], ABSENT, "x"):
        yield post_form("/delegations", delegate=one, **DAYS)


@probe("approvals.end_delegation", "POST")
def ended_delegation_forms(mark: Mark) -> Iterator[Ask]:
    for one in (*mark.runs, ABSENT, "x"):
        yield post_form(f"/delegations/{one}/end")


@probe("reports.index")
def report_index(mark: Mark) -> Iterator[Ask]:
    yield get("/reports/")


@probe("reports.report")
def report_pages(mark: Mark) -> Iterator[Ask]:
    for name in REPORTS:
        yield get(f"/reports/{name}")


@probe("reports.rows")
def report_row_pages(mark: Mark) -> Iterator[Ask]:
    for name in REPORTS:
        for cell in cells(mark):
            yield get(f"/reports/{name}/rows", cell=cell)
        for text in mark.cursors:
            yield get(f"/reports/{name}/rows", cell="{}", cursor=text)


@probe("dashboards.index")
def dashboard_index(mark: Mark) -> Iterator[Ask]:
    yield get("/dashboards/")


@probe("dashboards.dashboard")
def dashboard_pages(mark: Mark) -> Iterator[Ask]:
    for name in DASHBOARDS:
        yield get(f"/dashboards/{name}")


@probe("dashboards.tile")
def tiles(mark: Mark) -> Iterator[Ask]:
    for name in DASHBOARDS:
        for one in TILES:
            yield get(f"/dashboards/{name}/tiles/{one}")


# who is who, and the rest


@probe("auth.sign_in", "GET", "POST")
def sign_in(mark: Mark) -> Iterator[Ask]:
    yield post_form("/sign-in", login=f"{mark.word}-rolf", password="guessed", next="/o/claim")


@probe("auth.language", "POST")
def language(mark: Mark) -> Iterator[Ask]:
    yield post_form("/language", language="en", next=f"/o/claim/{mark.ids['claim'][0]}")


@probe("auth.profile")
def profile(mark: Mark) -> Iterator[Ask]:
    yield get("/profile")


@probe("auth.sign_out", "POST")
def sign_out(mark: Mark) -> Iterator[Ask]:
    """Not with the page's own token: that would end the session that the others need."""
    yield replace(post_form("/sign-out"), headers=(("X-CSRF-Token", "wrong"),))


@probe("csp_report", "POST")
def csp_report(mark: Mark) -> Iterator[Ask]:
    yield send("/csp-report", {"csp-report": {"document-uri": mark.word}})


@probe("health")
def health(mark: Mark) -> Iterator[Ask]:
    yield get("/healthz")


@probe("api.api_repairs.running")
def running_approvals(mark: Mark) -> Iterator[Ask]:
    yield get(f"{API}/approvals/running")


@probe("api.api_repairs.members")
def running_members(mark: Mark) -> Iterator[Ask]:
    yield get(f"{API}/approvals/running/runs", definition="x", step="manager")


@probe("api.api_repairs.repair", "POST")
def repaired_run(mark: Mark) -> Iterator[Ask]:
    for one in (*mark.runs, ABSENT):
        yield send(f"{API}/approvals/{one}/repair", {"act": "skip", "reason": "let me see"})


@probe("api.api_repairs.repair_group", "POST")
def repaired_group(mark: Mark) -> Iterator[Ask]:
    data = {"act": "cancel", "reason": "let me see", "definition": "x", "step": "manager"}
    yield send(f"{API}/approvals/running/repair", data)


@probe("api.api_repairs.undo", "POST")
def undone_batch(mark: Mark) -> Iterator[Ask]:
    yield send(f"{API}/approvals/batches/x/undo", {"reason": "let me see"})


@probe("api.api_repairs.leaving")
def leaving_of(mark: Mark) -> Iterator[Ask]:
    yield get(f"{API}/approvals/leaving/{ABSENT}")


@probe("api.api_repairs.let_go", "POST")
def let_somebody_go(mark: Mark) -> Iterator[Ask]:
    yield send(f"{API}/approvals/leaving/{ABSENT}", {"reason": "let me see"})


@probe("approvals.leaving")
def leaving_page(mark: Mark) -> Iterator[Ask]:
    yield get("/approvals/leaving", user=ABSENT)


@probe("approvals.let_go", "POST")
def let_somebody_go_page(mark: Mark) -> Iterator[Ask]:
    yield post_form("/approvals/leaving", user=ABSENT, reason="let me see")


@probe("approvals.running")
def running_page(mark: Mark) -> Iterator[Ask]:
    yield get("/approvals/running")


@probe("approvals.repair_group", "POST")
def repaired_group_page(mark: Mark) -> Iterator[Ask]:
    yield post_form(
        "/approvals/running", act="cancel", reason="let me see", definition="x", step="y"
    )


@probe("approvals.undo_group", "POST")
def undone_group_page(mark: Mark) -> Iterator[Ask]:
    yield post_form("/approvals/running/undo", batch="x", reason="let me see")


@probe("approvals.runs")
def running_runs_page(mark: Mark) -> Iterator[Ask]:
    yield get("/approvals/running/x/manager")


@probe("approvals.repair", "POST")
def repaired_run_page(mark: Mark) -> Iterator[Ask]:
    for one in (*mark.runs, ABSENT, "x"):
        yield post_form(f"/approvals/running/x/manager/{one}", act="skip", reason="let me see")

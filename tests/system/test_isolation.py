"""A dealer learns nothing of another: probes from the application's own map of addresses.

Two databases differ only in what the dealer may not see: in the one there is a rival with records, and
hidden fields of the dealer's own records hold something else. Every probe is put to both; the answers
must be the same bytes, and no mark of the rival may stand in them (H01, LEAK-01 to LEAK-10).
"""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import chain, islice, zip_longest
from typing import Any
from urllib.parse import unquote_plus

import pytest
import sqlalchemy as sa
from flask import Flask

from headrace.app import create_app
from headrace.platform.access import policy
from headrace.platform.forms import form_page
from headrace.platform.metadata.catalog import Catalog, FieldModel
from headrace.platform.records import (
    balances,
    conflicts,
    linked,
    permits,
    reader,
    rights,
    source,
)
from headrace.platform.records.context import CompiledParts
from headrace.platform.records.query import operators_of
from headrace.platform.records.source import Source
from headrace.platform.reports import running
from headrace.platform.runtime import Platform
from tests.support.content import ASIDE, content_hashes
from tests.support.dealers import (
    AMOUNTS,
    DATES,
    HIDDEN,
    NUMBERS,
    RIVAL,
    SUB,
    Dealers,
    add_rival,
    change_hidden,
    make_dealers,
    marks_in,
    open_platform,
)
from tests.support.probes import (
    ABSENT,
    API,
    AppDoor,
    Ask,
    Caller,
    Door,
    Mark,
    MissingProbeError,
    ServerDoor,
    comparable,
    missing,
    requests_for,
    routes,
    send,
)
from tests.support.servers import Answer, Client, server

BASE_URL = "http://localhost:8000"
VALUES: dict[str, Any] = {
    "claim_no": f"{RIVAL}-1",
    "subject": f"{RIVAL} subject 1",
    "claimed_on": DATES[RIVAL],
    "kind": "loss",
    "fee": "12.34",
    "reserve": AMOUNTS[RIVAL],
    "story": f"{RIVAL} story 1",
    "mail": f"{RIVAL.lower()}1@example.com",
    "phone": f"+49 {NUMBERS[RIVAL]}",
    "link": f"https://example.com/{RIVAL}/1",
    "pieces": NUMBERS[RIVAL],
    "weight": AMOUNTS[RIVAL],
    "volume": AMOUNTS[RIVAL],
    "total": AMOUNTS[RIVAL],
    "payable": str(Decimal(AMOUNTS[RIVAL]) + Decimal("12.34")),
    "share": "12.5",
    "seen_at": f"{DATES[RIVAL]}T10:00:00Z",
    "serial": f"{RIVAL}-serial-1",
    "grade": f"{RIVAL} grade",
    "verdict": f"{RIVAL} verdict",
    "status": "in_approval",
}


@dataclass
class Worlds:
    """Two databases: with the rival, and without; and another with, for what changes one alone."""

    urls: tuple[str, str]
    spare: str
    made: Dealers
    catalog: Catalog
    cursors: list[str]
    known: frozenset[bytes]

    def caller(self, login: str) -> Caller:
        return Caller(self.made.tokens[login], self.made.cookies.get(login))

    def mark(self, company: str = "rival", *, thorough: bool = False) -> Mark:
        made = self.made
        ids = {"claim": made.claims, "claim_item": made.items, "fund_entry": made.entries}

        def of(name: str) -> dict[str, list[str]]:
            found = {kind: list(by_company[name]) for kind, by_company in ids.items()}
            return {**found, "company": [made.companies[name]], "region": [ABSENT], "user": []}

        theirs = of(company)
        theirs["user"] = [made.users["rolf"]]
        return Mark(
            catalog=self.catalog,
            word=RIVAL,
            values=VALUES,
            ids=theirs,
            own=of("own"),
            tasks=made.tasks[company],
            runs=made.runs[company],
            cursors=self.cursors,
            files=[*made.files[company], *made.hidden_files],
            thorough=thorough,
        )


@pytest.fixture(scope="module")
def worlds(make_database: Callable[..., str], tmp_path_factory: pytest.TempPathFactory) -> Worlds:
    first = make_database()
    with open_platform(first) as platform:
        made = make_dealers(platform, tmp_path_factory.mktemp("module"))
    second = make_database(first)
    with open_platform(second) as platform:
        change_hidden(platform, made, "Otherwise", "1.00")
    with open_platform(first) as platform:
        add_rival(platform, made)
        catalog = platform.catalogs.current().catalog
        door = AppDoor(create_app(platform))
        cursors = [cursor_of(door, made.tokens["vera"], sort) for sort in ("claimed_on", "-fee")]
    ids = [
        ABSENT,
        *made.users.values(),
        *(one for company in made.companies for one in made.ids_of(company)),
        *made.hidden_files,
    ]
    known = frozenset(one.encode() for one in ids)
    return Worlds((first, second), make_database(first), made, catalog, ["x", *cursors], known)


def cursor_of(door: Door, token: str, sort: str) -> str:
    """A place in the list of somebody who sees the rival, right behind a record of the rival."""
    ask = Ask("", "GET", f"{API}/records/claim?limit=1&sort={sort}")
    return str(door.answer(Caller(token), ask).json["next"])


@contextmanager
def an_app(url: str) -> Iterator[tuple[Platform, Flask]]:
    """Open an application over a database, in this process."""
    with open_platform(url) as platform:
        yield platform, create_app(platform)


@contextmanager
def new_apps(worlds: Worlds) -> Iterator[list[tuple[Platform, Flask]]]:
    """Open an application over each world: statements are compiled anew."""
    with ExitStack() as stack:
        yield [stack.enter_context(an_app(url)) for url in worlds.urls]


@pytest.fixture(scope="module")
def apps(worlds: Worlds) -> Iterator[list[tuple[Platform, Flask]]]:
    """The applications over each world of all tests that change no code."""
    with new_apps(worlds) as opened:
        yield opened


Apps = list[tuple[Platform, Flask]]


def leaks(
    worlds: Worlds,
    asks: Iterator[Ask],
    doors: tuple[Door, Door],
    caller: Caller,
    words: tuple[str, ...],
    told: Counter[str] | None = None,
) -> Iterator[str]:
    """Put every request to both databases; yield what tells them apart, or shows a mark."""
    for ask in asks:
        answers = [door.answer(caller, ask) for door in doors]
        if told is not None:
            told[f"{answers[0].status // 100}xx"] += 1
        first, second = (comparable(one, worlds.known) for one in answers)
        if first != second:
            yield f"{ask}\n{difference(first, second)}"
        sent = unquote_plus(str(ask)).encode()
        # How long an answer is may look like a year; it is the same where bodies are the same.
        headers = {**answers[0].headers, "content-length": ""}
        shown = json.dumps(headers).encode() + answers[0].body
        seen = set(marks_in(shown, *words)) - set(marks_in(sent, *words))
        if seen:
            yield f"{ask} shows {sorted(seen)}"
        if answers[0].status >= 500:
            yield f"{ask} answered {answers[0].status}"


def by_turns(asks: Iterator[Ask], most: int | None = None) -> Iterator[Ask]:
    """Yield the first request of each route, then the second of each, at most `most` of each."""
    by_route: dict[tuple[str, str], list[Ask]] = {}
    for ask in asks:
        by_route.setdefault((ask.method, ask.endpoint), []).append(ask)
    for turn in islice(zip_longest(*by_route.values()), most):
        yield from (ask for ask in turn if ask is not None)


def difference(first: Any, second: Any) -> str:
    """Show where two answers part."""
    texts = [repr(one) for one in (first, second)]
    pairs = enumerate(zip(*texts, strict=False))
    start = next((place for place, (one, other) in pairs if one != other), 0)
    shown = [text[max(0, start - 80) : start + 160] for text in texts]
    return f"  with the rival:    {shown[0]}\n  without the rival: {shown[1]}"


# -- routes ----------------------------------------------------------------------------------------


def test_every_route_has_a_probe(worlds: Worlds) -> None:
    with an_app(worlds.urls[0]) as (_, app):
        assert missing(app) == []
        print(f"{len(routes(app))} routes and methods, all probed")
        app.add_url_rule("/api/v1/new-and-forgotten", "forgotten", lambda: "")
        with pytest.raises(MissingProbeError, match="forgotten"):
            next(requests_for(app, worlds.mark()))


# -- one dealer and another ------------------------------------------------------------------------


ALL_WORDS = (RIVAL, SUB, HIDDEN)


def check_no_leak(
    worlds: Worlds,
    asks: Iterator[Ask],
    doors: tuple[Door, Door],
    login: str,
    words: tuple[str, ...],
) -> None:
    told: Counter[str] = Counter()
    found = list(leaks(worlds, asks, doors, worlds.caller(login), words, told))
    print(f"{told.total()} requests of {login} in each world, {dict(told)}, {len(found)} leaks")
    assert found == []
    assert min(told["2xx"], told["4xx"]) > 60


def test_a_dealer_learns_nothing_of_a_rival_from_the_servers(
    worlds: Worlds, apps: Apps, deep: bool
) -> None:
    """Over HTTP: every request in deep runs, else the first few of each route."""
    variables = {"HEADRACE_BASE_URL": BASE_URL}
    with ExitStack() as stack:
        ports = [stack.enter_context(server(url, variables=variables)) for url in worlds.urls]
        first, second = (ServerDoor(stack.enter_context(Client(port))) for port in ports)
        asks = by_turns(requests_for(apps[0][1], worlds.mark(thorough=deep)), None if deep else 4)
        check_no_leak(worlds, asks, (first, second), "dora", ALL_WORDS)


@pytest.mark.parametrize(("login", "words"), [("dora", ALL_WORDS), ("dirk", (RIVAL, HIDDEN))])
def test_a_partner_learns_nothing_of_a_rival(
    worlds: Worlds, apps: Apps, login: str, words: tuple[str, ...], deep: bool
) -> None:
    (_, first), (_, second) = apps
    asks = requests_for(first, worlds.mark(thorough=deep))
    check_no_leak(worlds, asks, (AppDoor(first), AppDoor(second)), login, words)


OF_MANY = ("claim", "claim", "claim", "fund_entry", "fund_entry", "company")
HELD = ("related", "shops", "concerns", "evidence", "about", "place", "balance", "items", "company")
"""Fields that hold several references, one to any of several objects, files, places in a ledger."""


def random_lists(worlds: Worlds, seed: int, number: int) -> Iterator[Ask]:
    """Yield lists with random conditions, orders and pages: of lists of references, files and ledgers."""
    chance = random.Random(seed)
    made = worlds.made
    ids = [*made.companies.values(), *chain(*made.claims.values(), *made.entries.values())]
    objects = {"company": made.companies.values(), "claim": list(chain(*made.claims.values()))}

    def value(field: FieldModel) -> Any:
        if field.targets:
            name = chance.choice(field.targets)
            return f"{name}:{chance.choice(list(objects.get(name, ids)))}"
        if field.pointed is not None:
            return chance.choice(ids)
        kinds = {"decimal": AMOUNTS[RIVAL], "integer": chance.randrange(4), "boolean": True}
        return kinds.get(field.storage.kind, chance.choice([f"{RIVAL}-1", DATES[RIVAL], "Own"]))

    def condition(fields: Mapping[str, FieldModel], level: int = 0) -> dict[str, Any]:
        if level < 2 and chance.random() < 0.4:
            parts = [condition(fields, level + 1) for _ in range(2)]
            return {"not": parts[0]} if chance.random() < 0.3 else {"or": parts}
        held = [name for name in HELD if name in fields] or sorted(fields)
        field = fields[chance.choice(held if chance.random() < 0.7 else sorted(fields))]
        op = chance.choice(sorted(operators_of(field)))
        if op == "is_null":
            given: Any = chance.choice([True, False])
        elif op == "refers_to":
            given = [chance.choice(field.targets or ("claim",))]
        elif op in {"in", "not_in"} or op.startswith("has_"):
            given = [value(field) for _ in range(chance.randrange(1, 4))]
        else:
            given = value(field)
        return {"field": field.name, "op": op, "value": given}

    for _ in range(number):
        name = chance.choice(OF_MANY)
        fields = {
            one.name: one
            for one in worlds.catalog.objects[name].fields.values()
            if one.key_of is None and not one.definition.masked
        }
        query: dict[str, Any] = {"filter": condition(fields), "count": "exact", "limit": 2}
        if chance.random() < 0.5:
            query["sort"] = chance.choice(["", "-"]) + chance.choice(sorted(fields))
        if chance.random() < 0.2:
            query["q"] = chance.choice([RIVAL, "Own", HIDDEN])
        yield replace(send(f"{API}/records/{name}/query", query), method="POST")


def test_random_lists_tell_nothing_of_what_is_not_seen(
    worlds: Worlds, apps: Apps, deep: bool
) -> None:
    """Whatever is asked of lists of references, files and ledgers: the rival's rows change no byte."""
    (_, first), (_, second) = apps
    for login in ("dora", "dirk"):
        asks = random_lists(worlds, 20251, 5_000 if deep else 250)
        check_no_leak(worlds, asks, (AppDoor(first), AppDoor(second)), login, ())


def test_the_probes_see_the_rival_where_somebody_may(worlds: Worlds, apps: Apps) -> None:
    (_, first), (_, second) = apps
    doors = (AppDoor(first), AppDoor(second))
    every = by_turns(requests_for(first, worlds.mark()), 12)
    asks = [one for one in every if one.method == "GET"]
    found = list(leaks(worlds, iter(asks), doors, worlds.caller("vera"), (RIVAL,)))
    telling = {one.split("?")[0].split("\n")[0].split(" shows")[0] for one in found}
    print(f"{len(found)} of the {len(asks)} probes tell an internal user of the rival")
    for path in ("/api/v1/records/claim", "/o/claim", "/reports/claims_by_month", "/search"):
        assert f"GET {path}" in telling, path


def test_a_distributor_sees_its_sub_dealers_and_a_dealer_does_not(
    worlds: Worlds, apps: Apps
) -> None:
    made = worlds.made
    door = AppDoor(apps[0][1])

    def ids(login: str, object_name: str) -> set[str]:
        ask = Ask("", "GET", f"{API}/records/{object_name}?limit=200&count=exact")
        page = door.answer(worlds.caller(login), ask).json
        assert page["count"] == len(page["items"])
        return {one["id"] for one in page["items"]}

    own, sub, rival = (set(made.claims[name]) for name in ("own", "sub", "rival"))
    assert ids("dora", "claim") & (own | sub | rival) == own
    assert ids("susi", "claim") == sub
    assert ids("dirk", "claim") & (own | sub | rival) == own | sub
    assert ids("vera", "claim") >= own | sub | rival
    companies = made.companies
    assert ids("dora", "company") == {companies["own"]}
    assert ids("dirk", "company") == {companies["own"], companies["sub"]}
    one = Ask("", "GET", f"{API}/records/claim/{made.claims['sub'][0]}?expand=items")
    assert SUB in door.answer(worlds.caller("dirk"), one).body.decode()
    assert door.answer(worlds.caller("dora"), one).status == 404


def test_totals_are_those_of_the_visible_records(worlds: Worlds, apps: Apps) -> None:
    door = AppDoor(apps[0][1])
    for login in ("dora", "susi", "dirk", "vera"):
        caller = worlds.caller(login)
        listed = door.answer(
            caller, Ask("", "GET", f"{API}/records/claim?fields=payable,status&limit=200")
        ).json["items"]
        visible = [one for one in listed if one["status"] != "cancelled"]
        report = door.answer(caller, Ask("", "GET", f"{API}/reports/claims_by_month")).json
        rows = door.answer(
            caller, Ask("", "GET", f"{API}/reports/claims_by_month/rows?limit=200&count=exact")
        ).json
        assert Decimal(report["total"][0]) == sum(Decimal(one["payable"]) for one in visible)
        assert report["total"][1] == len(visible) == rows["count"]


# -- planted leaks ---------------------------------------------------------------------------------


def everything_visible(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Source, "is_visible", lambda self: self.rows.is_live)


def without_predicate(patch: pytest.MonkeyPatch, module: Any, name: str) -> None:
    """Let one function compile its statement without the access predicate."""
    compiled = getattr(module, name)

    def leaking(*given: Any, **keys: Any) -> Any:
        with pytest.MonkeyPatch.context() as inner:
            everything_visible(inner)
            return compiled(*given, **keys)

    patch.setattr(module, name, leaking)


def leak_drill_down(patch: pytest.MonkeyPatch) -> None:
    find = running.find

    def leaking(context: Any, *given: Any) -> Any:
        with pytest.MonkeyPatch.context() as inner:
            everything_visible(inner)
            # The report's own condition reads guarded columns: it would still keep the rows out.
            inner.setattr(source, "guarded", lambda column, allowed: column)
            return find(replace(context, compiled=CompiledParts()), *given)

    patch.setattr(running, "find", leaking)


def leak_field(patch: pytest.MonkeyPatch) -> None:
    names = policy._names

    def leaking(catalog: Any, rights: Any, model: Any, grant: Any, action: Any) -> Any:
        found = names(catalog, rights, model, grant, action)
        more = {"grade"} if model.name == "claim" and action == "read" else set()
        return found | more

    patch.setattr(policy, "_names", leaking)


def leak_balances(patch: pytest.MonkeyPatch) -> None:
    made = balances.source

    def leaking(*given: Any, **keys: Any) -> Source:
        found = made(*given, **keys)
        patch.setattr(found, "is_visible", lambda: found.rows.is_live)
        return found

    patch.setattr(balances, "source", leaking)
    patch.setattr(source, "guarded", lambda column, allowed: column)


WHERE_SAVED = "lists told whole to who saves them"
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
PLANTED: dict[str, Callable[[pytest.MonkeyPatch], None]] = {
    "predicate dropped on the list": lambda patch: without_predicate(patch, reader, "_list_plan"),
    "predicate dropped on the count": lambda patch: without_predicate(patch, reader, "_count"),
    "predicate dropped on choices": lambda patch: without_predicate(patch, reader, "_choice_plan"),
    "field set ignored for one field": leak_field,
    "drill-down without predicate": leak_drill_down,
    "lists of references told whole": lambda patch: patch.setattr(
        linked, "as_condition", lambda _found: sa.true()
    ),
    WHERE_SAVED: lambda patch: patch.setattr(
        conflicts, "seen_of", lambda _batch, _field, ids: list(ids)
    ),
    "predicate dropped on balances": leak_balances,
}


@pytest.mark.parametrize("leak", PLANTED)
def test_a_planted_leak_is_found(
    worlds: Worlds, leak: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with new_apps(worlds) as ((_, first), (_, second)):
        asks = by_turns(requests_for(first, worlds.mark()))
        if leak == WHERE_SAVED:
            # Only a change tells of it, and thousands of questions would come before.
            asks = (ask for ask in asks if ask.method not in SAFE)
        PLANTED[leak](monkeypatch)
        caller, words = worlds.caller("dora"), (RIVAL, HIDDEN)
        found = next(leaks(worlds, asks, (AppDoor(first), AppDoor(second)), caller, words), None)
    assert found is not None, leak
    print(f"{leak}: found by {found.splitlines()[0][:160]}")


# -- a policy that grants nothing ------------------------------------------------------------------

WITHOUT_DATA = {
    "auth.sign_in": "for everybody",
    "auth.sign_out": "ends the caller's own session",
    "auth.language": "the caller's own language",
    "auth.profile": "the caller's own name and roles",
    "workspace.home": "the shell; the menu has what may be opened",
    "workspace.search": "searches what may be read",
    "workspace.suggestions": "searches what may be read",
    "api.api_search.everywhere": "searches what may be read",
    "api.api_imports.find": "the caller's own imports",
    "api.api_bulk_changes.past": "the caller's own bulk changes",
    "workspace.past_bulk_changes": "the caller's own bulk changes",
    "api.api_files.upload": "takes a file that only its sender gets back",
    "workspace.send_file": "takes a file that only its sender gets back",
    "api.api_imports.start": "looks at the form of the request first",
    "workspace.notifications": "the caller's own",
    "workspace.read_notifications": "the caller's own",
    "workspace.notification_settings": "the caller's own choices",
    "workspace.choose_notifications": "the caller's own choices",
    "api.api_notifications.listed": "the caller's own choices",
    "api.api_notifications.put": "the caller's own choices",
    "approvals.inbox": "the caller's own tasks",
    "approvals.decide_several": "says of each task whether it is the caller's",
    "approvals.delegations": "the caller's own, and names of their own organisation",
    "approvals.delegate": "looks at the form of the request first; names nobody else",
    "api.api_delegations.listed": "the caller's own, and names of their own organisation",
    "api.api_delegations.create": "looks at the form of the request first; names nobody else",
    "reports.index": "lists what may be opened",
    "dashboards.index": "lists what may be opened",
    "api.api_dashboards.listed": "lists what may be opened",
    "api.api_tasks.inbox": "the caller's own tasks",
    "api.api_description.me": "the caller's own name and roles",
    "api.api_description.openapi": "describes what may be used",
    "csp_report": "takes reports of browsers",
    "health": "for load balancers",
}
"""Routes that may answer whoever has no right to anything, and why."""


def is_closed(ask: Ask, answer: Answer) -> bool:
    """Whether an answer gives nothing: not there, not allowed, or no version said (asked first)."""
    if ask.method == "OPTIONS":
        return True
    is_bulk = ask.method == "POST" and ask.path.startswith(API) and ask.path.endswith("/bulk")
    if answer.status == 200 and is_bulk:
        closed = {"refused", "not_found"}
        return all(one["status"] in closed for one in answer.json["items"])
    return answer.status in {401, 403, 404, 428}


@pytest.mark.parametrize("login", ["vera", "dora"])
def test_a_policy_that_grants_nothing_closes_every_route(
    worlds: Worlds, login: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = policy.pairs_for

    def nothing(catalog: Any, of_caller: Any, *more: Any, **keys: Any) -> Any:
        return given(catalog, of_caller, *more, **keys) if of_caller.is_system else ()

    for module in (policy, source, reader, form_page):
        monkeypatch.setattr(module, "pairs_for", nothing)
    for module in (permits, rights):
        monkeypatch.setattr(module, "held", lambda *given: [])
    told: Counter[int] = Counter()
    found = []
    # What the caller may still do, such as reading its own notifications, must not make the worlds
    # differ for the tests that compare them.
    with an_app(worlds.spare) as (_, app):
        door = AppDoor(app)
        for ask in requests_for(app, worlds.mark()):
            answer = door.answer(worlds.caller(login), ask)
            told[answer.status] += 1
            if not is_closed(ask, answer) and ask.endpoint not in WITHOUT_DATA:
                found.append(f"{ask} answered {answer.status}")
            sent = unquote_plus(str(ask)).encode()
            seen = set(marks_in(answer.body, RIVAL, SUB, HIDDEN)) - set(marks_in(sent, RIVAL))
            if seen:
                found.append(f"{ask} shows {sorted(seen)}")
    print(f"{told.total()} requests of {login}, who may nothing: {dict(told)}")
    assert found == []


def test_nobody_is_let_in_without_a_credential(worlds: Worlds, apps: Apps) -> None:
    told: Counter[int] = Counter()
    public = {"auth.sign_in", "csp_report", "health"}
    app = apps[0][1]
    door = AppDoor(app)
    for caller in (Caller(), Caller("hr_wrong", "wrong")):
        for ask in requests_for(app, worlds.mark()):
            if ask.endpoint in public or ask.method == "OPTIONS":
                continue
            answer = door.answer(caller, ask)
            told[answer.status] += 1
            to = answer.headers.get("location") or answer.headers.get("hx-redirect", "")
            to_sign_in = to.startswith("/sign-in") and answer.status in {204, 303}
            # The form of a request (its JSON, its version) is looked at before its credential.
            refused = answer.status in {401, 403, 404, 422, 428}
            assert refused or to_sign_in, (str(ask), answer)
            assert not marks_in(answer.body, SUB, HIDDEN)
    print(f"{told.total()} requests without a credential: {dict(told)}")


# -- asking changes nothing ------------------------------------------------------------------------


@pytest.mark.parametrize("login", ["dora", "vera", "ann", None])
def test_asking_changes_nothing(
    worlds: Worlds, apps: Apps, login: str | None, backend: str, deep: bool
) -> None:
    """GET, HEAD and OPTIONS of every route; aside are `content.ASIDE` and nothing else."""
    platform, app = apps[0]
    door = AppDoor(app)
    caller = worlds.caller(login) if login else Caller()
    before = content_hashes(platform.database)
    every = by_turns(requests_for(app, worlds.mark()), None if deep else 8)
    asks = [one for one in every if one.method in SAFE]
    for ask in asks:
        door.answer(caller, ask)
    after = content_hashes(platform.database)
    changed = [name for name, one in after.items() if before[name] != one]
    print(
        f"{backend}: {len(asks)} safe requests of {login}, {len(after)} tables, aside {set(ASIDE)}"
    )
    assert changed == []


# -- rights that ended -----------------------------------------------------------------------------


def test_a_token_that_was_revoked_elsewhere_opens_nothing(worlds: Worlds, apps: Apps) -> None:
    """The process that answers has the principal in hand; another process revokes the token."""
    app = apps[0][1]
    with open_platform(worlds.urls[0]) as other:
        door = AppDoor(app)
        for login in ("ann", "susi"):
            with other.database.writing(None) as work:
                token = other.identity.create_token(work, worlds.made.users[login], "short-lived")
            caller = Caller(token)
            assert door.answer(caller, Ask("", "GET", f"{API}/records/claim")).status == 200
            row = max(other.identity.tokens(worlds.made.users[login]), key=lambda one: one.id)
            with other.database.writing(None) as work:
                other.identity.revoke_token(work, row.id)
            safe = [
                one
                for one in requests_for(app, worlds.mark())
                if one.path.startswith("/api/v1") and one.method == "GET"
            ]
            open_still = {ask.endpoint for ask in safe if door.answer(caller, ask).status < 400}
            assert open_still == set()

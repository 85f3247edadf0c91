"""The doors of the designer take anything: what makes no sense is refused with what is wrong, never an accident."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.described import REQUESTS
from tests.support.live import Live, open_live
from tests.support.scenarios import signed_off
from tests.support.spreadsheets import as_text

META = "/api/v1/metadata"
DRAFTS = f"{META}/drafts"
NESTED: Any = []
for _ in range(70):
    NESTED = [NESTED]
HOSTILE: tuple[Any, ...] = (
    None,
    True,
    -1,
    10**17,
    "",
    "a\u0000b",
    "x" * 5000,
    [],
    [None],
    {},
    NESTED,
)
Place = tuple[str | int, ...]


@pytest.fixture(scope="module")
def live(shared_database_url: str) -> Iterator[Live]:
    def add(contents: dict[Any, Any]) -> None:
        contents["scenario", "signed_off"] = signed_off()

    found = open_live(shared_database_url, add)
    found.app.config[REQUESTS] = False
    yield found
    found.platform.close()


@pytest.fixture(scope="module")
def admin(live: Live) -> Any:
    return live.client("admin")


@pytest.fixture(scope="module")
def draft(admin: Any) -> str:
    return str(admin.post(DRAFTS, json={"name": "Hostile"}).json["id"])


@pytest.fixture(scope="module")
def closed(admin: Any) -> str:
    made = admin.post(DRAFTS, json={"name": "Closed"}).json
    admin.delete(f"{DRAFTS}/{made['id']}", headers={"If-Match": f'"{made["version"]}"'})
    return str(made["id"])


@pytest.fixture(scope="module")
def sheet(admin: Any) -> dict[str, Any]:
    """A kept spreadsheet with its proposal."""
    data = as_text([["code", "size"], ["a1", "1"], ["a2", "2"]])
    head = b'--edge\r\nContent-Disposition: form-data; name="file"; filename="s.csv"\r\n\r\n'
    kept = admin.post(
        f"{META}/spreadsheets",
        data=head + data + b"\r\n--edge--\r\n",
        content_type="multipart/form-data; boundary=edge",
    )
    return dict(kept.json)


def places(value: Any, at: Place = ()) -> Iterator[Place]:
    yield at
    inner: Iterable[tuple[Any, Any]] = ()
    if isinstance(value, dict):
        inner = value.items()
    elif isinstance(value, list):
        inner = enumerate(value)
    for key, one in inner:
        yield from places(one, (*at, key))


def changed(value: Any, at: Place, new: Any) -> Any:
    if not at:
        return new
    copied = copy.copy(value)
    copied[at[0]] = changed(value[at[0]], at[1:], new)
    return copied


def refused_or_done(response: Any) -> None:
    """Fail where a refusal does not say what is wrong, where and what to do."""
    assert response.status_code < 500
    if response.status_code >= 400:
        assert response.json["problems"]
        for one in response.json["problems"]:
            assert one["code"], one
            assert one["message"], one
            assert one["hint"], one
            assert "path" in one


BODIES: dict[str, dict[str, Any]] = {
    "drafts": {"name": "n"},
    "drafts/{draft}/documents": {"module": "claims", "content": {"kind": "role", "name": "r"}},
    "drafts/{draft}/undo": {"number": 1},
    "drafts/{draft}/plan": {"decisions": {"k": {"answer": "map", "map": {"a": "b"}}}},
    "drafts/{draft}/rebase": {"resolutions": {"k": {"answer": "value", "value": 1}}},
    "drafts/{draft}/reports/claims_by_month/run": {},
    "drafts/{closed}/plan": {},
    "drafts/{closed}/reports/claims_by_month/run": {},
    "drafts/{closed}/publish": {"message": "m", "merge": True},
    "simulate": {"object": "claim", "transition": "submit", "values": {"fee": "1"}, "draft": "d"},
    "replay": {"workflow": "claim_flow", "version": 1, "last": 3},
    "scenarios/run": {"version": 1, "names": ["other"]},
    "scenarios/record": {"object": "claim", "record": "r", "name": "n"},
    "plan": {"modules": {"claims": [{"kind": "module", "name": "claims"}]}, "base": 1},
}


@pytest.mark.parametrize("address", BODIES)
def test_values_of_no_sense_are_refused_wherever_they_stand(
    admin: Any, draft: str, closed: str, address: str
):
    body, target = BODIES[address], f"{META}/{address.format(draft=draft, closed=closed)}"

    for at in places(body):
        for value in HOSTILE:
            sent = changed(body, at, value)
            refused_or_done(admin.post(target, json=sent, headers={"If-Match": '"0"'}))


RAW: tuple[tuple[bytes, str], ...] = (
    (b"", ""),
    (b"\xff\xfe", "application/json"),
    (b"{", "application/json"),
    (b"[" * 100_000, "application/json"),
    (b'{"a": 1, "a": NaN}', "application/json"),
    (b"PK\x05\x06", "application/zip"),
    (b"--x\r\n", "multipart/form-data; boundary=x"),
)


@pytest.mark.parametrize("address", ["drafts", "simulate", "plan", "scenarios/run", "spreadsheets"])
def test_bodies_that_are_none_are_refused(admin: Any, address: str):
    for data, kind in RAW:
        refused_or_done(admin.post(f"{META}/{address}", data=data, content_type=kind))


@pytest.mark.parametrize(
    "address",
    [
        "drafts/%00",
        "drafts/{draft}/documents/%ED%A0%80",
        "drafts/{draft}/changes?after=99999999999999999999",
        "versions/0",
        f"versions/{'9' * 40}",
        f"versions/{2**62}",
        "schemas?language=%00",
        "palette?language=xx",
        "spreadsheets/%00?header=-5",
        "export?module=%00",
    ],
)
def test_addresses_of_no_sense_are_refused(admin: Any, draft: str, address: str):
    response = admin.get(f"{META}/{address.format(draft=draft)}")

    assert 400 <= response.status_code < 500
    refused_or_done(response)


def test_a_review_of_a_spreadsheet_is_refused_wherever_it_makes_no_sense(
    admin: Any, sheet: dict[str, Any]
):
    target, proposal = f"{META}/spreadsheets/{sheet['id']}/draft", sheet["proposal"]
    kept = ("module", "object", "title", "sheet", "header")
    field = {key: proposal["fields"][0][key] for key in ("index", "keep", "name", "label", "type")}

    for at in places({**{key: proposal[key] for key in kept}, "fields": [field]}):
        for value in ([], {}):
            response = admin.post(target, json={"proposal": changed(proposal, at, value)})
            refused_or_done(response)
            if response.status_code == 201:
                # What may be left out made a draft: it is given up, and the spreadsheet is free again.
                made = response.json["draft"]
                version = admin.get(f"{DRAFTS}/{made['id']}").json["version"]
                admin.delete(f"{DRAFTS}/{made['id']}", headers={"If-Match": f'"{version}"'})


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**17), 10**17) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=6,
)


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data())
def test_a_draft_takes_any_change_and_explains_what_is_wrong(
    live: Live, admin: Any, draft: str, data: st.DataObject
):
    held = live.platform.drafts.get(draft)
    seed = data.draw(st.sampled_from(live.platform.catalogs.content_of(held.base).documents))
    one = live.platform.drafts.document(held, seed.content["id"])
    content: Any = dict(seed.content)
    for _ in range(data.draw(st.integers(1, 3))):
        everywhere = [*places(content)]
        at = data.draw(st.sampled_from(everywhere[1:]))
        moved = data.draw(st.none() | st.sampled_from(everywhere))
        content = changed(content, at, data.draw(JSON) if moved is None else _part(content, moved))

    put = admin.put(
        f"{DRAFTS}/{draft}/documents/{one.id}",
        json={"content": content},
        headers={"If-Match": f'"{one.version}"'},
    )

    refused_or_done(put)
    for problem in live.platform.draft_publisher.check(held):
        assert problem.code
        assert problem.path.startswith("/"), problem
        for text in (problem.message, problem.hint):
            assert text.en, problem
            assert text.zh, problem


def _part(value: Any, at: Place) -> Any:
    for step in at:
        value = value[step]
    return value

"""Whatever is sent to the API or by a form: a 4xx that says what to do, and nothing is changed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from tests.contract.bad_documents import BAD
from tests.contract.bad_requests import BAD_REQUESTS, BadRequest
from tests.contract.test_bad_documents import RAW
from tests.support.content import content_hashes
from tests.support.live import PASSWORD, Live, open_live
from tests.support.surfing import Form, Seen, Surfer

CHINESE = tuple(chr(one) for one in (0x4E00, 0x9FFF))
ITEMS = [{"what": "door", "qty": "1", "price": "20.00"}]


@pytest.fixture(scope="module")
def live(shared_database_url: str) -> Iterator[Live]:
    """A platform with records in every state that a bad request may meet."""
    found = open_live(shared_database_url)
    found.app.testing = False
    identity = found.platform.identity
    with found.platform.database.writing(None) as work:
        for login in ("ann", "bob", "manager"):
            identity.set_password(work, found.ids[login], PASSWORD)
            found.tokens[login] = identity.create_token(work, found.ids[login], "test")
    _prepare(found)
    yield found
    found.platform.close()


def _prepare(live: Live) -> None:
    ids = live.ids
    draft = _call(live, "ann", "POST", "/records/claim", {"subject": "Draft", "items": ITEMS})
    ids["draft"], ids["row"] = draft["id"], draft["items"][0]["id"]
    ids["empty"] = _call(live, "ann", "POST", "/records/claim", {"subject": "Empty"})["id"]
    ids["foreign"] = _call(live, "bob", "POST", "/records/claim", {"subject": "Foreign"})["id"]
    ids["changed"] = _call(live, "ann", "POST", "/records/claim", {"subject": "Changed"})["id"]
    _call(
        live, "ann", "PATCH", f"/records/claim/{ids['changed']}", {"fee": "2"}, {"If-Match": '"1"'}
    )
    key = {"Idempotency-Key": "used"}
    _call(live, "ann", "POST", "/records/claim", {"subject": "Keyed"}, key)
    for name in ("decided", "task"):
        big = {"subject": name, "items": [{"what": "car", "price": "500"}]}
        claim = _call(live, "ann", "POST", "/records/claim", big)["id"]
        path = f"/records/claim/{claim}"
        _call(live, "ann", "POST", f"{path}/transitions/submit", {}, {"If-Match": '"1"'})
        task = _call(live, "manager", "GET", "/tasks")["items"][0]
        ids[name], ids[f"{name}_record"] = task["id"], claim
        ids["run"] = _call(live, "ann", "GET", f"{path}/approvals")["items"][0]["id"]
        if name == "decided":
            version = {"If-Match": f'"{task["version"]}"'}
            _call(live, "manager", "POST", f"/tasks/{task['id']}/approve", {}, version)


def _call(
    live: Live, login: str, method: str, path: str, body: Any = None, headers: Any = None
) -> Any:
    answer = live.client(login).open(f"/api/v1{path}", method=method, json=body, headers=headers)
    assert answer.status_code < 300, answer.json
    return answer.json


def _filled(live: Live, value: Any) -> Any:
    """Put the ids of the prepared records in."""
    text = json.dumps(value)
    for name, record_id in live.ids.items():
        text = text.replace(f"<{name}>", record_id)
    return json.loads(text)


def _send(live: Live, bad: BadRequest, language: str) -> Any:
    headers = {"Accept-Language": language, **bad.headers}
    if isinstance(bad.body, bytes):
        content = {"data": bad.body, "content_type": "application/json"}
    else:
        content = {} if bad.body is None else {"json": _filled(live, bad.body)}
    address = _filled(live, bad.address)
    return live.client(bad.login).open(address, method=bad.method, headers=headers, **content)


@pytest.mark.parametrize("bad", BAD_REQUESTS, ids=lambda bad: bad.name)
def test_a_bad_request_is_refused_with_code_place_and_remedy(live: Live, bad: BadRequest) -> None:
    before = content_hashes(live.platform.database)

    for language in ("en", "zh"):
        answer = _send(live, bad, language)
        assert answer.status_code == bad.status, answer.text
        assert answer.content_type == "application/problem+json"
        found = [one for one in answer.json["problems"] if one["code"] == bad.code]
        assert found, answer.json
        assert answer.json["code"] == answer.json["problems"][0]["code"]
        assert bad.place in {one["path"] for one in found}, found
        _assert_readable(found, language)
        assert bad.says in found[0]["message"] + found[0]["hint"] or language == "zh"

    assert content_hashes(live.platform.database) == before


def _assert_readable(problems: list[dict[str, str]], language: str) -> None:
    for one in problems:
        for text in (one["message"], one["hint"]):
            assert text, one
            assert "Traceback" not in text
            assert "sqlite" not in text.lower()
            if language == "zh":
                assert any(CHINESE[0] <= letter <= CHINESE[1] for letter in text), one


# -- forms -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class BadPost:
    """A form as the page gave it, with something changed before it is sent."""

    name: str
    status: int
    says: tuple[str, str]
    page: str
    changes: Mapping[str, str | None]
    action: str = ""
    login: str = "ann"
    code: str = ""
    place: str = ""
    """The element that the summary leads to."""


NEW = "/o/claim/new"
EDIT = "/o/claim/<draft>/edit"
CANCEL = "/o/claim/<draft>/transitions/cancel"
TASK = "/inbox/<task>"
OLD_PAGE = ("too old", "过期")
VERSION = ("version", "版本")
ROW = {"grid.items": "1", "c.items.0.what": "Glass", "c.items.0.qty": "1"}

BAD_POSTS = (
    BadPost("no CSRF token", 403, OLD_PAGE, NEW, {"csrf": None}, code="csrf.invalid"),
    BadPost("a made-up CSRF token", 403, OLD_PAGE, NEW, {"csrf": "0" * 64}, code="csrf.invalid"),
    BadPost("a foreign CSRF token", 403, OLD_PAGE, NEW, {"csrf": "<bob>"}, code="csrf.invalid"),
    BadPost("required", 422, ("subject", "subject"), NEW, {"f.subject": ""}, place="f-subject", code="value.required"),
    BadPost("rule", 422, ("at most 500", "不超过 500"), NEW, {"f.subject": "a", "f.fee": "900"}, place="f-fee", code="rule.broken"),
    BadPost("no number", 422, ("decimal number", "小数"), NEW, {"f.subject": "a", "f.fee": "ten"}, place="f-fee", code="value.invalid"),
    BadPost("no day", 422, ("2025-02-30", "2025-02-30"), NEW, {"f.subject": "a", "f.claimed_on": "2025-02-30"}, place="f-claimed_on", code="value.invalid"),
    BadPost("not unique", 422, ("same", "相同"), NEW, {"f.subject": "Draft"}, place="f-subject", code="value.not_unique"),
    BadPost("too long", 422, ("100", "100"), NEW, {"f.subject": "x" * 101}, place="f-subject", code="value.too_long"),
    BadPost("no choice", 422, ("theft", "theft"), NEW, {"f.subject": "a", "f.kind": "theft"}, place="f-kind", code="value.not_a_choice"),
    BadPost("control character", 422, ("U+0007", "U+0007"), NEW, {"f.subject": "a\u0007b"}, place="f-subject", code="value.illegal_character"),
    BadPost("a foreign company", 422, ("company", "company"), NEW, {"f.subject": "a", "f.company": "<rival>"}, place="f-company", code="reference.not_found"),
    BadPost("a row of nothing", 422, ("qty", "qty"), NEW, {"f.subject": "a", **ROW, "c.items.0.qty": "0"}, place="c-items-0-qty", code="value.out_of_range"),
    BadPost("edited without a version", 428, VERSION, EDIT, {"version": None, "f.fee": "3"}, code="precondition.required"),
    BadPost("a version of no digits", 428, VERSION, EDIT, {"version": "²", "f.fee": "3"}, code="precondition.required"),
    BadPost("a version of many digits", 428, VERSION, EDIT, {"version": "9" * 40, "f.fee": "3"}, code="precondition.required"),
    BadPost("a stale version", 409, ("Changed", "Changed"), "/o/claim/<changed>/edit", {"version": "1", "f.subject": "Mine"}, code="record.stale"),
    BadPost("a comment missing", 422, ("needs a comment", "需要填写意见"), CANCEL, {"comment": ""}, code="workflow.comment_needed"),
    BadPost("an unknown transition", 404, ("Nothing here", "没有内容"), CANCEL, {"comment": "x"}, "/o/claim/<draft>/transitions/' OR 1", code="not_found"),
    BadPost("a foreign record", 404, ("can no longer be changed", "已无法修改"), EDIT, {"f.fee": "3"}, "/o/claim/<foreign>/edit", code="not_found"),
    BadPost("an unknown object", 404, ("Nothing here", "没有内容"), NEW, {"f.subject": "a"}, "/o/claims/new", code="not_found"),
    BadPost("no right to make", 403, ("Region", "大区"), NEW, {"f.code": "a"}, "/o/region/new", code="access.forbidden"),
    BadPost("rejected without a reason", 422, ("reason", "理由"), TASK, {"comment": ""}, f"{TASK}/reject", "manager", "approval.reason_needed"),
    BadPost("decided twice", 409, ("already decided", "已于"), TASK, {"comment": ""}, "/inbox/<decided>/approve", "manager", "task.already_decided"),
    BadPost("a decision without a version", 428, VERSION, TASK, {"version": None}, f"{TASK}/approve", "manager", "precondition.required"),
    BadPost("another's task", 404, ("Nothing here", "没有内容"), NEW, {"version": "1"}, f"{TASK}/approve", code="not_found"),
    BadPost("another's run", 404, ("Nothing here", "没有内容"), NEW, {}, "/runs/<run>/withdraw", "bob", "not_found"),
    BadPost("a wrong password", 401, ("wrong", "错误"), "/sign-in", {"login": "ann", "password": "wrong"}, login="", code="auth.wrong_password"),
)  # fmt: skip


@pytest.mark.parametrize("bad", BAD_POSTS, ids=lambda bad: bad.name)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_bad_form_is_refused_with_place_and_remedy(
    live: Live, bad: BadPost, language: str
) -> None:
    surfer = _surfer(live, bad.login, language)
    form = _form(surfer, _filled(live, bad.page))
    form.action = _filled(live, bad.action) or form.action
    changes = {name: _filled(live, value) for name, value in bad.changes.items()}
    if bad.changes.get("csrf") == "<bob>":
        changes["csrf"] = _form(Surfer(live, "bob"), NEW).values["csrf"]
    before = content_hashes(live.platform.database)

    page = surfer.send_values(form, changes)

    assert page.status == bad.status, page.text
    assert bad.says[language == "zh"] in page.text
    _assert_remedy(page, language)
    if bad.place:
        assert f'href="#{bad.place}"' in page.response.text
        assert f'id="{bad.place}"' in page.response.text
    assert content_hashes(live.platform.database) == before


def _surfer(live: Live, login: str, language: str) -> Surfer:
    if login:
        return Surfer(live, login, language)
    visitor = object.__new__(Surfer)
    visitor.client, visitor.live = live.app.test_client(), live
    visitor.get(f"/sign-in?language={language}")
    return visitor


def _form(surfer: Surfer, address: str) -> Form:
    """The form of a page that changes something, the language switch and the sign-out aside."""
    forms = surfer.get(address).forms
    return next(
        one
        for one in forms
        if one.method == "post" and not one.action.endswith(("/language", "/sign-out"))
    )


def _assert_remedy(page: Seen, language: str) -> None:
    assert 'lang="zh-CN"' in page.response.text or language == "en"
    assert "Traceback" not in page.text
    assert "sqlite" not in page.text.lower()
    if page.status != 409:
        assert 'class="quiet"' in page.response.text, "what to do is said"


def test_codes_over_documents_requests_and_forms_are_many() -> None:
    codes = {bad.code for bad in BAD} | {code for _, _, code in RAW}
    asked = {bad.code for bad in BAD_REQUESTS}
    posted = {bad.code for bad in BAD_POSTS}

    assert len(BAD) + len(RAW) >= 30
    assert len(BAD_REQUESTS) >= 20
    assert len(BAD_POSTS) >= 10
    assert len(asked | posted) >= 40
    assert len(codes | asked | posted) >= 90

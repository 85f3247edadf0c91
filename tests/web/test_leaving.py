"""Somebody is let go, or loses a role, by the screen that hands over what approvals need of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.support.live import Live
from tests.support.surfing import Surfer

Surfers = Callable[..., Surfer]
REASON = "Moves to another house"


@pytest.fixture(autouse=True)
def back(live: Live) -> Iterator[None]:
    """Give everybody back what they had, for the other tests."""
    identity = live.platform.identity
    before = {one.id: one for one in identity.users()}
    yield
    with live.platform.database.writing(None) as work:
        for one in identity.users():
            was = before[one.id]
            if one.active != was.active:
                identity.update_user(work, one.id, active=was.active)
            if one.roles != was.roles:
                identity.set_roles(work, one.id, was.roles)


def roles(live: Live, login: str) -> set[str]:
    found = live.platform.identity.user_by_login(login)
    assert found is not None
    return {one.role for one in found.roles}


def test_an_account_ends_once_somebody_takes_over_its_role_and_its_tasks(
    live: Live, submitted: tuple[Surfer, str], surfer: Surfers
) -> None:
    _, record_id = submitted
    admin, manager = surfer("admin"), surfer("manager")
    manager.task_about(record_id)
    ids = live.ids
    page = admin.get(f"/approvals/leaving?user={ids['manager']}")
    assert "Tasks that wait for them" in page.text
    [named] = (
        live.renewed_client("admin")
        .get(f"/api/v1/approvals/leaving/{ids['manager']}")
        .json["records"]
    )
    assert (named["object"], named["field"]) == ("company", "manager")
    assert f"{named['object_label']}, {named['label']}: {named['count']}" in page.text
    there = admin.get(f"/o/company?view=all&f.manager={ids['manager']}")
    assert str(there.response.data).count("/o/company/") >= named["count"]
    form = page.form("/leaving")
    sent = admin.send(form, reason=REASON, tasks_to=ids["fin"])
    assert sent.status == 303, sent.text
    assert not next(one for one in live.platform.identity.users() if one.login == "manager").active
    fin = surfer("fin")
    assert fin.task_about(record_id)
    assert REASON in fin.get(fin.task_about(record_id)).text


def test_the_last_of_a_role_goes_only_with_an_heir(live: Live, surfer: Surfers) -> None:
    admin, ids = surfer("admin"), live.ids
    page = admin.get(f"/approvals/leaving?user={ids['fin']}")
    assert "Who takes over" in page.text
    refused = admin.send(page.form("/leaving"), reason=REASON)
    assert refused.status == 409
    assert "Nobody else holds the role" in refused.text
    assert "finance" in roles(live, "fin")
    client = live.renewed_client("admin")
    address = f"/api/v1/approvals/leaving/{ids['fin']}"
    held = client.get(address).json
    assert [one["name"] for one in held["roles"] if one["needed"]] == ["finance"]
    assert ids["manager"] in {one["id"] for one in held["heirs"]}
    for wrong, code, place in (
        ({"heirs": {"finance": ids["ann"]}}, "leaving.wrong_person", "/heirs/finance"),
        ({"heirs": {"finance": 5}}, "request.value", "/heirs/finance"),
        ({"heirs": [ids["manager"]]}, "request.value", "/heirs"),
        ({"tasks_to": ids["fin"]}, "leaving.wrong_person", "/tasks_to"),
        ({"tasks_to": {"fin": ids["fin"]}}, "request.value", "/tasks_to"),
        ({"role": "boss"}, "leaving.wrong_role", "/role"),
        ({"role": ["boss"]}, "request.value", "/role"),
        ({"reason": "no"}, "approval.reason_needed", "/comment"),
        ({"reason": 5}, "request.value", "/reason"),
    ):
        answer = client.post(address, json={"reason": REASON, **wrong})
        assert (answer.status_code, answer.json["code"]) == (422, code)
        assert answer.json["problems"][0]["path"] == place
    data = {"reason": REASON, "role": "finance", "heirs": {"finance": ids["manager"]}}
    assert client.post(address, json=data).json == {"tasks": 0}
    assert "finance" in roles(live, "manager")
    assert "finance" not in roles(live, "fin")
    assert next(one for one in live.platform.identity.users() if one.login == "fin").active


def test_only_those_who_design_let_their_colleagues_go(live: Live, surfer: Surfers) -> None:
    ids = live.ids
    assert surfer("manager").get(f"/approvals/leaving?user={ids['fin']}").status == 404
    other = live.renewed_client("manager")
    assert other.get(f"/api/v1/approvals/leaving/{ids['fin']}").status_code == 403
    sent = other.post(f"/api/v1/approvals/leaving/{ids['fin']}", json={"reason": REASON})
    assert sent.status_code == 403
    admin = live.renewed_client("admin")
    for stranger in ("ann", "admin"):
        assert admin.get(f"/api/v1/approvals/leaving/{ids[stranger]}").status_code == 404

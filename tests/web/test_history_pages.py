"""The history on screen, earlier states to choose from, and deleted records that come back."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest

from headrace.platform.records import reader
from tests.support.live import Live
from tests.support.surfing import Seen, Surfer


@pytest.fixture
def admin(live: Live) -> Surfer:
    return Surfer(live, "admin")


def _made(live: Live, **more: Any) -> str:
    data = {
        "subject": f"History {uuid4().hex[:8]}",
        "company": live.ids["acme"],
        "fee": "1",
        "items": [{"what": "Glass", "qty": "3", "price": "12.50"}, {"what": "Wood"}],
        **more,
    }
    return live.create("claim", data)


def _record(live: Live, record_id: str) -> dict[str, Any]:
    return live.platform.perform_as_system(
        lambda context: reader.get(context, "claim", record_id, expand=("items",))
    )


def _edit(who: Surfer, record_id: str, changes: dict[str, str | None]) -> None:
    form = who.get(f"/o/claim/{record_id}/edit").form("/edit")
    assert who.send_values(form, changes).status == 303


def _delete(who: Surfer, record_id: str) -> Seen:
    address = f"/o/claim/{record_id}/delete"
    form = next(one for one in who.get(address).forms if not one.action)
    return who.send(replace(form, action=address))


def _links(page: Any, side: str) -> list[str]:
    found = re.findall(r'href="([^"]*/restore\?[^"]*)"', page.response.text)
    return [one.replace("&amp;", "&") for one in found if f"side={side}" in one]


def test_the_history_tells_fields_rows_and_doors(live: Live, admin: Surfer) -> None:
    record_id = _made(live)
    _edit(admin, record_id, {"f.fee": "2", "c.items.0.qty": "4", "c.items.1.removed": "1"})
    page = admin.get(f"/o/claim/{record_id}/history")
    assert page.status == 200
    for text in ("1.00", "2.00", "Items · Glass", "Items · Wood", "removed", "on screen"):
        assert text in page.text, text
    assert "by the platform" in page.text, "the first save was the platform's"
    assert f"/o/claim/{record_id}/history" in admin.get(f"/o/claim/{record_id}").links


def test_a_state_is_restored_after_a_look_at_what_changes(live: Live, admin: Surfer) -> None:
    record_id = _made(live)
    _edit(admin, record_id, {"f.fee": "2", "c.items.0.qty": "4", "c.items.1.removed": "1"})
    (link,) = _links(admin.get(f"/o/claim/{record_id}/history"), "after")
    page = admin.get(link)
    for text in ("2.00", "1.00", "Glass", "change back", "Wood", "bring back"):
        assert text in page.text, text
    form = page.form("/restore")
    glass = _record(live, record_id)["items"][0]["id"]
    sent = admin.client.post(form.action, data={**form.values, "take": ["fee", f"items.{glass}"]})
    assert sent.status_code == 303
    record = _record(live, record_id)
    assert record["fee"] == "1.00"
    assert [(row["what"], row["qty"]) for row in record["items"]] == [("Glass", "3.000")]


def test_one_value_is_restored_from_its_line(live: Live, admin: Surfer) -> None:
    record_id = _made(live)
    _edit(admin, record_id, {"f.fee": "2", "f.kind": "loss"})
    links = _links(admin.get(f"/o/claim/{record_id}/history"), "before")
    fee = next(one for one in links if one.endswith("only=fee"))
    form = admin.get(fee).form("/restore")
    assert form.values["take"] == "fee", "only the value that was pressed is ticked"
    assert admin.send(form).status == 303
    record = _record(live, record_id)
    assert (record["fee"], record["kind"]) == ("1.00", "loss")


def test_nothing_chosen_and_stale_pages_are_told(live: Live, admin: Surfer) -> None:
    record_id = _made(live)
    _edit(admin, record_id, {"f.fee": "2"})
    (link,) = _links(admin.get(f"/o/claim/{record_id}/history"), "after")
    form = admin.get(link).form("/restore")
    nothing = admin.send_values(form, {"take": None})
    assert nothing.status == 422
    _edit(admin, record_id, {"f.fee": "3"})
    stale = admin.send(form)
    assert stale.status == 409
    assert "3.00" in stale.text, "the page compares with what is stored now"
    assert admin.get(f"/o/claim/{record_id}/restore?side=before&line=x").status == 404
    assert admin.get(f"/o/claim/{record_id}/restore?side=beside&line=x").status == 404


def test_who_may_not_change_a_record_reads_its_history_only(
    live: Live, surfer: Callable[..., Surfer]
) -> None:
    record_id = _made(live)
    admin, fin, bob = surfer("admin"), surfer("fin"), surfer("bob")
    _edit(admin, record_id, {"f.fee": "2"})
    (link,) = _links(admin.get(f"/o/claim/{record_id}/history"), "after")
    page = fin.get(f"/o/claim/{record_id}/history")
    assert page.status == 200
    assert not _links(page, "after")
    assert fin.get(link).status == 403
    for address in (f"/o/claim/{record_id}/history", link):
        assert bob.get(address).status == 404


def test_a_partner_reads_nothing_internal_in_the_history(
    live: Live, surfer: Callable[..., Surfer]
) -> None:
    record_id = _made(live)
    _edit(surfer("admin"), record_id, {"f.reserve": "77", "f.fee": "2"})
    _edit(surfer("admin"), record_id, {"f.reserve": "78"})
    ann, admin = surfer("ann"), surfer("admin")
    assert "78.00" in admin.get(f"/o/claim/{record_id}/history").text
    page = ann.get(f"/o/claim/{record_id}/history").text
    assert "2.00" in page
    assert "77.00" not in page
    assert "78.00" not in page
    assert page.count("changed") == 1, "a save of which nothing may be seen is not there"


def test_a_deleted_record_is_undone_at_once_or_found_again(live: Live, admin: Surfer) -> None:
    record_id = _made(live)
    subject = _record(live, record_id)["subject"]
    sent = _delete(admin, record_id)
    assert sent.status == 303
    after = admin.get(sent.address)
    assert f"/o/claim/{record_id}/undelete" in after.links
    assert "/o/claim/deleted" in after.links
    listed = admin.get(f"/o/claim/deleted?q={subject[-8:]}")
    assert f"/o/claim/{record_id}/undelete" in listed.links
    page = admin.get(f"/o/claim/{record_id}/undelete")
    assert subject in page.text
    assert admin.send(page.form("/undelete")).status == 303
    assert len(_record(live, record_id)["items"]) == 2
    assert admin.get(f"/o/claim/{record_id}/undelete").status == 404


def test_a_taken_value_is_replaced_while_undeleting(live: Live, admin: Surfer) -> None:
    record_id = _made(live)
    subject = _record(live, record_id)["subject"]
    _delete(admin, record_id)
    _made(live, subject=subject)
    page = admin.send(admin.get(f"/o/claim/{record_id}/undelete").form("/undelete"))
    assert page.status == 422
    form = page.form("/undelete")
    assert form.values["f.subject"] == subject
    assert admin.send_values(form, {"f.subject": f"{subject} 2"}).status == 303
    assert _record(live, record_id)["subject"] == f"{subject} 2"


def test_deleted_records_are_for_those_who_may_delete(
    live: Live, surfer: Callable[..., Surfer]
) -> None:
    record_id = _made(live)
    admin = surfer("admin")
    _delete(admin, record_id)
    for login in ("ann", "fin"):
        who = surfer(login)
        assert "/o/claim/deleted" not in who.get("/o/claim").links
        assert who.get("/o/claim/deleted").status == 404
        assert who.get(f"/o/claim/{record_id}/undelete").status == 404

"""From submitting to deciding, through the pages."""

from __future__ import annotations

from collections.abc import Callable

from tests.support.live import Live
from tests.support.surfing import Surfer


def test_submitted_record_waits_and_says_for_whom(submitted: tuple[Surfer, str]) -> None:
    ann, record_id = submitted
    page = ann.get(f"/o/claim/{record_id}")
    assert "Waits for Manager" in page.text
    assert "By amount" in page.text
    assert f"/o/claim/{record_id}/edit" not in page.links


def test_approver_decides_in_the_inbox(
    submitted: tuple[Surfer, str], surfer: Callable[..., Surfer]
) -> None:
    ann, record_id = submitted
    manager = surfer("manager")
    assert "By amount" in manager.get("/inbox").text
    task = manager.task_about(record_id)
    page = manager.get(task)
    assert "300.00" in page.text
    sent = manager.send(page.form("/approve"), comment="good")
    assert sent.status == 303
    after = ann.get(f"/o/claim/{record_id}")
    assert "Paid" in after.text
    assert "good" in after.text
    again = manager.send(page.form("/approve"), key="another")
    assert again.status == 409


def test_rejection_needs_a_reason(
    submitted: tuple[Surfer, str], surfer: Callable[..., Surfer]
) -> None:
    ann, record_id = submitted
    manager = surfer("manager")
    page = manager.get(manager.task_about(record_id))
    form = page.form("/approve")
    form.action = form.action.replace("/approve", "/reject")
    refused = manager.send(form, comment="no")
    assert refused.status == 422
    assert manager.send(form, comment="not enough papers", key="second").status == 303
    assert "not enough papers" in ann.get(f"/o/claim/{record_id}").text


def test_submitter_takes_it_back(submitted: tuple[Surfer, str]) -> None:
    ann, record_id = submitted
    page = ann.get(f"/o/claim/{record_id}")
    assert ann.send(page.form("/withdraw")).status == 303
    assert f"/o/claim/{record_id}/edit" in ann.get(f"/o/claim/{record_id}").links


def test_nobody_else_sees_the_task(
    submitted: tuple[Surfer, str], surfer: Callable[..., Surfer]
) -> None:
    _, record_id = submitted
    manager = surfer("manager")
    task = manager.task_about(record_id)
    assert surfer("fin").get(task).status == 404
    assert surfer("bob").get(task).status == 404


def test_transition_that_needs_a_comment_asks_for_it(live: Live) -> None:
    ann = Surfer(live, "ann")
    values: dict[str, str | None] = {"f.subject": "To cancel"}
    sent = ann.send_values(ann.get("/o/claim/new").form("/new"), values)
    record_id = sent.address.split("/")[3].split("?")[0]
    page = ann.get(f"/o/claim/{record_id}/transitions/cancel")
    form = page.form("/transitions/cancel")
    assert ann.send(form, comment="").status == 422
    assert ann.send(form, comment="not needed any more", key="again").status == 303
    assert "Cancelled" in ann.get(f"/o/claim/{record_id}").text


def test_report_leads_to_the_rows_that_add_up(
    live: Live, surfer: Callable[..., Surfer], submitted: tuple[Surfer, str]
) -> None:
    fin = surfer("fin")
    page = fin.get("/reports/claims_by_month")
    assert page.status == 200
    cells = [link for link in page.links if "/rows?" in link]
    assert cells
    assert all(fin.get(link).status == 200 for link in cells)
    assert fin.get("/reports/claims_by_month/rows?cell=[1]").status == 422

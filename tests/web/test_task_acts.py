"""What approvers do besides approving, and administrators with running approvals, on pages and API."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.support.live import Live
from tests.support.surfing import Seen, Surfer

Surfers = Callable[..., Surfer]
REASON = "Please look again"


def decides(page: Seen) -> bool:
    return any(form.action.endswith("/approve") for form in page.forms)


def test_a_record_comes_back_to_its_submitter_with_the_reason(
    submitted: tuple[Surfer, str], surfer: Surfers
) -> None:
    ann, record_id = submitted
    manager = surfer("manager")
    page = manager.get(manager.task_about(record_id))
    short = manager.send(page.form("/return"), comment="no")
    assert short.status == 422
    assert "at least 5" in short.text
    sent = manager.send(page.form("/return"), comment=REASON, key="returned")
    assert sent.status == 303
    assert "Returned." in manager.get(sent.address).text
    record = ann.get(f"/o/claim/{record_id}").text
    assert REASON in record
    assert "returned it to: the submitter" in record


def test_a_colleague_is_asked_too_and_one_for_an_opinion(
    live: Live, submitted: tuple[Surfer, str], surfer: Surfers
) -> None:
    ann, record_id = submitted
    manager, fin, admin = surfer("manager"), surfer("fin"), surfer("admin")
    task = manager.task_about(record_id)
    asked = manager.send(
        manager.get(task).form("/ask_opinion"), to=live.ids["admin"], comment="Usual?"
    )
    assert asked.status == 303
    opened = admin.get(admin.task_about(record_id))
    assert "Who asked you decides" in opened.text
    assert not decides(opened)
    assert admin.send(opened.form("/comment"), comment="Quite usual").status == 303
    added = manager.send(
        manager.get(task).form("/add_approver"), to=live.ids["fin"], place="before"
    )
    assert added.status == 303
    waiting = manager.get(task).text
    assert "Quite usual" in waiting
    assert "added by Manager" in waiting
    # What colleagues say to each other is not for the dealer.
    assert "Quite usual" not in ann.get(f"/o/claim/{record_id}").text
    late = live.renewed_client("manager").post(
        f"/api/v1/tasks/{task.rpartition('/')[2]}/approve", headers={"If-Match": '"3"'}
    )
    assert (late.status_code, late.json["problems"][0]["code"]) == (409, "task.waits")
    assert fin.send(fin.get(fin.task_about(record_id)).form("/approve")).status == 303
    assert decides(manager.get(task))


def test_a_decision_is_taken_back_on_its_page(
    submitted: tuple[Surfer, str], surfer: Surfers, live: Live
) -> None:
    manager = surfer("manager")
    task = manager.task_about(submitted[1])
    manager.send(manager.get(task).form("/add_approver"), to=live.ids["fin"], place="after")
    assert manager.send(manager.get(task).form("/approve"), key="taken-back").status == 303
    back = manager.send(manager.get(task).form("/take_back"))
    assert back.status == 303
    assert "Taken back." in manager.get(back.address).text
    assert decides(manager.get(task))


def groups(live: Live) -> list[dict[str, Any]]:
    return list(live.renewed_client("admin").get("/api/v1/approvals/running").json["items"])


def test_administrators_repair_a_run_on_the_page(
    live: Live, submitted: tuple[Surfer, str], surfer: Surfers
) -> None:
    _, record_id = submitted
    admin = surfer("admin")
    page = admin.get("/approvals/running")
    assert "Running approvals" in page.text
    group = next(one for one in groups(live) if one["step"] == "manager")
    listed = admin.get(f"/approvals/running/{group['definition']}/manager")
    run = next(
        one["id"]
        for one in live.renewed_client("admin")
        .get(
            "/api/v1/approvals/running/runs",
            query_string={"definition": group["definition"], "step": "manager"},
        )
        .json["items"]
        if one["record"] == record_id
    )
    form = listed.form(f"/{run}")
    refused = admin.send(form, act="skip", reason="no")
    assert refused.status == 422
    assert admin.send(form, act="skip", reason="The manager is ill", key="skipped").status == 303
    shown = admin.get(f"/o/claim/{record_id}").text
    assert "skipped the step" in shown
    assert "The manager is ill" in shown


def test_groups_are_repaired_and_undone_by_the_api(
    live: Live, submitted: tuple[Surfer, str]
) -> None:
    client = live.renewed_client("admin")
    group = next(one for one in groups(live) if one["step"] == "manager")
    data = {"definition": group["definition"], "step": "manager", "reason": "A new version"}
    nothing = client.post("/api/v1/approvals/running/repair", json={**data, "act": "move"})
    assert nothing.status_code == 200
    codes = {one["problems"][0]["code"] for one in nothing.json["items"]}
    assert codes == {"repair.already_moved"}
    again = client.post("/api/v1/approvals/running/repair", json={**data, "act": "restart"})
    assert all(one["problems"] == [] for one in again.json["items"])
    batch = again.json["batch"]
    undone = client.post(f"/api/v1/approvals/batches/{batch}/undo", json={"reason": "By mistake"})
    assert [one["problems"] for one in undone.json["items"]] == [[]] * group["count"]
    wrong = client.post("/api/v1/approvals/running/repair", json={**data, "act": "skip"})
    assert (wrong.status_code, wrong.json["problems"][0]["code"]) == (422, "repair.wrong_act")
    for login in ("manager", "ann"):
        other = live.renewed_client(login)
        assert other.get("/api/v1/approvals/running").status_code == 403
        sent = other.post("/api/v1/approvals/running/repair", json={**data, "act": "cancel"})
        assert sent.status_code == 403

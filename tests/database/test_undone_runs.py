"""Schedules tried before their time, and runs that are taken back: record by record, whatever came since."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, get_args

import pytest
import sqlalchemy as sa

import headrace
from headrace.platform.actions import built_in
from headrace.platform.automation.undoing import CHUNK
from headrace.platform.jobs.tables import JOB, NOTIFICATION
from headrace.platform.metadata.definitions.automations import Event
from tests.support.automation_world import GRANTS, MEMO, action_rows, automation, run_rows
from tests.support.documents import label
from tests.support.live import PASSWORD, Live, open_live
from tests.support.surfing import Surfer

TRANSLATIONS = Path(headrace.__file__).parent / "translations"
ROWS = "LIST(memo.id WHERE marker = 'row')"
NIGHT: dict[str, Any] = {
    **automation(
        "night",
        "",
        on={"event": "schedule", "cron": "0 2 * * *"},
        runs_as="system",
        rights=[{"object": "memo", "actions": ["create", "update"]}],
        actions=[
            {
                "for_each": {
                    "object": "memo",
                    "rows": ROWS,
                    "actions": [
                        {"set": {"n": "n + 1", "note": "'by night'"}},
                        {"set": {"n": "n * 10"}},
                        {"create": {"object": "memo", "set": {"title": "title", "marker": "'c'"}}},
                    ],
                }
            },
            {
                "for_each": {
                    "object": "memo",
                    "rows": ROWS,
                    "actions": [
                        {"notify": {"to": [{"role": "admin"}], "text": label("See", "请看")}}
                    ],
                }
            },
        ],
    )
}
del NIGHT["when"]
PRESSED = automation(
    "pressed",
    "",
    on={"event": "button", "roles": ["dealer"]},
    run="after",
    actions=[{"set": {"n": "n + 1"}}, {"create": {"object": "memo", "set": {"title": "title"}}}],
)
del PRESSED["when"]


@pytest.fixture(scope="module")
def live(shared_databases: Callable[[], str]) -> Iterator[Live]:
    documents = {(one["kind"], one["name"]): one for one in (MEMO, GRANTS, NIGHT, PRESSED)}
    live = open_live(shared_databases(), lambda contents: contents.update(documents))
    yield live
    live.platform.close()


@pytest.fixture(autouse=True)
def clear(live: Live) -> None:
    """Begin without rows that the automation goes through, or has made."""
    sweep(live)


def sweep(live: Live) -> None:
    for one in titled(live, marker="row") + titled(live, marker="c"):
        address = f"/api/v1/records/memo/{one['id']}"
        live.client("admin").delete(address, headers={"If-Match": f'"{one["version"]}"'})


def titled(live: Live, **values: Any) -> list[dict[str, Any]]:
    [(name, value)] = values.items()
    body = {"filter": {"field": name, "op": "=", "value": value}, "sort": ["title"]}
    body |= {"limit": 200}
    return live.client("admin").post("/api/v1/records/memo/query", json=body).json["items"]


def rows(live: Live, *titles: str) -> list[str]:
    store = live.platform.store
    return [
        live.platform.write_as_system(
            lambda context, work, title=title: (
                store.create(context, work, "memo", {"title": title, "marker": "row", "n": "4"}).id
            )
        )
        for title in titles
    ]


def run_night(live: Live) -> str:
    answer = live.client("admin").post("/api/v1/automation-schedules/night/run", json={})
    assert answer.status_code == 202, answer.json
    live.platform.worker().drain()
    return answer.json["id"]


def take_back(live: Live, run_id: str, login: str = "admin") -> dict[str, Any]:
    answer = live.client(login).post(f"/api/v1/automation-runs/{run_id}/undo", json={})
    assert answer.status_code == 202, answer.json
    live.platform.worker().drain()
    return shown(live, answer.json["id"])


def shown(live: Live, run_id: str) -> dict[str, Any]:
    return live.client("admin").get(f"/api/v1/automation-runs/{run_id}").json


def outcomes(run: Mapping[str, Any]) -> list[tuple[str, str]]:
    did = [one for action in run["actions"] for one in action["did"]]
    return [(one["did"], one.get("problem", {}).get("code", "")) for one in did]


def values(live: Live) -> list[tuple[str, str, str | None]]:
    return [(one["title"], one["n"], one["note"]) for one in titled(live, marker="row")]


def test_a_schedule_is_tried_and_nothing_is_left_of_it(live: Live):
    rows(live, "a", "b")
    told = sa.select(sa.func.count()).select_from(NOTIFICATION)
    jobs = sa.select(sa.func.count()).select_from(JOB)

    def counted() -> list[int]:
        with live.platform.database.reading() as reading:
            found = [reading.connection.execute(one).scalar_one() for one in (told, jobs)]
        return [*found, len(run_rows(live))]

    before = counted()
    answer = live.client("admin").post("/api/v1/automation-schedules/night/try", json={})
    assert answer.status_code == 200, answer.json
    assert answer.json["problems"] == []
    assert answer.json["count"] == 8
    did = [one["did"] for one in answer.json["did"]]
    assert did == ["set", "set", "create"] * 2 + ["notify"] * 2
    assert answer.json["did"][0]["fields"] == ["n", "note"]
    assert values(live) == [("a", "4.000", None), ("b", "4.000", None)]
    assert titled(live, marker="c") == []
    assert counted() == before


def test_schedules_are_listed_with_their_next_time_for_designers_only(live: Live):
    address = "/api/v1/automation-schedules"
    [one] = live.client("admin").get(address).json["items"]
    assert (one["name"], one["cron"]) == ("night", "0 2 * * *")
    assert one["next"].endswith("Z")
    assert live.client("ann").get(address).status_code == 403
    for act in ("try", "run"):
        assert live.client("ann").post(f"{address}/night/{act}", json={}).status_code == 403
        gone = live.client("admin").post(f"{address}/pressed/{act}", json={})
        assert (gone.status_code, gone.json["problems"][0]["code"]) == (
            404,
            "automation.no_schedule",
        )


def test_what_a_run_set_and_made_is_taken_back_and_told(live: Live):
    rows(live, "a", "b")
    run_id = run_night(live)
    assert values(live) == [("a", "50.000", "by night"), ("b", "50.000", "by night")]
    assert len(titled(live, marker="c")) == 2
    assert shown(live, run_id)["can_be_undone"] is True

    undoing = take_back(live, run_id)
    assert (undoing["event"], undoing["undoes"], undoing["state"]) == ("undo", run_id, "done")
    assert (
        outcomes(undoing)
        == [("left", "automation.stays")] * 2
        + [
            ("removed", ""),
            ("led_back", ""),
            ("led_back", ""),
        ]
        * 2
    )
    assert values(live) == [("a", "4.000", None), ("b", "4.000", None)]
    assert titled(live, marker="c") == []
    found = shown(live, run_id)
    assert (found["undone_by"], found["can_be_undone"]) == (undoing["id"], False)
    assert shown(live, undoing["id"])["can_be_undone"] is False

    again = live.client("admin").post(f"/api/v1/automation-runs/{run_id}/undo", json={})
    assert (again.status_code, again.json["problems"][0]["code"]) == (409, "automation.undone")


def test_what_somebody_changed_or_deleted_since_stays_and_is_told(live: Live):
    changed, gone, _ = rows(live, "a", "b", "c")
    run_id = run_night(live)
    admin = live.client("admin")
    address = f"/api/v1/records/memo/{changed}"
    version = admin.get(address).json["version"]
    admin.patch(address, json={"n": "7"}, headers={"If-Match": f'"{version}"'})
    address = f"/api/v1/records/memo/{gone}"
    version = admin.get(address).json["version"]
    admin.delete(address, headers={"If-Match": f'"{version}"'})

    found = outcomes(take_back(live, run_id))[3:]
    assert found == [
        *[("removed", ""), ("led_back", ""), ("led_back", "")],
        *[("removed", ""), ("left", "automation.gone_since"), ("left", "automation.gone_since")],
        *[("removed", ""), ("left", "automation.set_since"), ("left", "automation.set_since")],
    ]
    assert values(live) == [("a", "7.000", "by night"), ("c", "4.000", None)]


def test_a_long_run_is_taken_back_part_by_part(live: Live):
    count = CHUNK // 2
    rows(live, *(f"{number:03}" for number in range(count)))
    run_id = run_night(live)
    undoing = take_back(live, run_id)
    assert [len(one.did) for one in action_rows(live, undoing["id"])] == [CHUNK, CHUNK]
    assert {one[1:] for one in values(live)} == {("4.000", None)}
    assert titled(live, marker="c") == []


def test_what_a_person_started_is_taken_back_with_the_rights_of_who_asks(live: Live):
    answer = live.client("ann").post("/api/v1/records/memo", json={"title": "own", "n": "1"})
    record = answer.json["id"]
    pressed = live.client("ann").post(
        f"/api/v1/records/memo/{record}/buttons/pressed", json={}, headers={"If-Match": '"1"'}
    )
    assert pressed.status_code == 200, pressed.json
    run_id = str(run_rows(live, "pressed")[-1].id)
    assert len(titled(live, title="own")) == 2
    undoing = take_back(live, run_id)
    assert undoing["runs_as"] == "Admin"
    assert outcomes(undoing) == [("removed", ""), ("led_back", "")]
    assert [one["n"] for one in titled(live, title="own")] == ["1.000"]


def test_only_designers_take_back_and_only_what_is_there(live: Live):
    rows(live, "a")
    run_id = run_night(live)
    address = f"/api/v1/automation-runs/{run_id}/undo"
    assert live.client("ann").post(address, json={}).status_code == 403
    assert live.client("admin").post(address.replace(run_id, "x"), json={}).status_code == 404
    admin = live.client("admin")
    waiting = admin.post("/api/v1/automation-schedules/night/run", json={}).json["id"]
    early = admin.post(f"/api/v1/automation-runs/{waiting}/undo", json={})
    assert (early.status_code, early.json["problems"][0]["code"]) == (409, "automation.under_way")
    live.platform.worker().drain()
    take_back(live, waiting)
    take_back(live, run_id)
    assert values(live) == [("a", "4.000", None)]
    sweep(live)
    nothing = run_night(live)
    refused = admin.post(f"/api/v1/automation-runs/{nothing}/undo", json={})
    assert refused.json["problems"][0]["code"] == "automation.nothing_to_undo"


def test_everything_that_starts_or_is_done_has_words_in_both_languages():
    kinds = set(built_in().keys())
    needed = {f"automation.event_{event}" for event in (*get_args(Event), "undo")}
    needed |= {f"automation.kind_{kind}" for kind in (*kinds, "undo")}
    deeds = (*(kinds - {"for_each"}), "led_back", "removed", "left")
    needed |= {f"automation.did_{kind}" for kind in deeds}
    for language in ("en", "zh"):
        texts = json.loads((TRANSLATIONS / f"{language}.json").read_text(encoding="utf-8"))
        assert needed - texts.keys() == set()


# -- the same on the screen --------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_designer_tries_runs_and_undoes_on_the_screen(live: Live, language: str):
    rows(live, "a")
    login = f"designer-{language}"
    live.add_user(login, "admin", password=PASSWORD)
    surfer = Surfer(live, login, language)
    page = surfer.get("/automations/schedules")
    tried = surfer.send(page.form("/automations/schedules/night/try#night"))
    assert tried.status == 200
    assert ("Changed Memo × 2" if language == "en" else "已修改 便签 × 2") in tried.text
    assert values(live) == [("a", "4.000", None)]

    begun = surfer.send(page.form("/automations/schedules/night/run"))
    live.platform.worker().drain()
    assert values(live) == [("a", "50.000", "by night")]
    shown = surfer.get(begun.address)
    undoing = surfer.send(shown.form("/undo"))
    live.platform.worker().drain()
    assert values(live) == [("a", "4.000", None)]
    words = ("Led back", "Stays") if language == "en" else ("已恢复", "保持不变")
    ended = surfer.get(undoing.address)
    assert all(word in ended.text for word in words), ended.text
    again = surfer.send(shown.form("/undo"))
    assert again.status == 409
    assert ("was undone before" if language == "en" else "此前已被撤销") in again.text

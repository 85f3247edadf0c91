"""Documents are made of what is left of others: in parts, by several at once, given back, never too much."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.convert_world import open_conversions, purchase
from tests.support.live import Live
from tests.support.surfing import Surfer


@pytest.fixture(scope="module")
def live(shared_databases: Callable[[], str]) -> Iterator[Live]:
    made = open_conversions(shared_databases())
    yield made
    made.platform.close()


def get(live: Live, name: str, record_id: str, login: str = "admin") -> dict[str, Any]:
    return live.client(login).get(f"/api/v1/records/{name}/{record_id}?expand=lines").json


def press(
    live: Live,
    record_id: str,
    button: str = "ship",
    name: str = "purchase",
    login: str = "ann",
    **sent: Any,
) -> Any:
    version = get(live, name, record_id)["version"]
    address = f"/api/v1/records/{name}/{record_id}/buttons/{button}"
    return live.client(login).post(address, json=sent, headers={"If-Match": f'"{version}"'})


def shipped(answer: Any) -> str:
    assert answer.status_code == 200, answer.json
    [made] = answer.json["made"]
    return made["id"]


def cancel(live: Live, record_id: str, name: str = "shipment", login: str = "ann") -> Any:
    version = get(live, name, record_id)["version"]
    address = f"/api/v1/records/{name}/{record_id}/transitions/cancel"
    return live.client(login).post(address, json={}, headers={"If-Match": f'"{version}"'})


def left(live: Live, record_id: str) -> list[str]:
    return [one["open"] for one in get(live, "purchase", record_id)["lines"]]


def codes(answer: Any) -> set[tuple[str, str]]:
    return {(one["code"], one["path"]) for one in answer.json["problems"]}


def test_all_that_is_left_is_converted_where_nothing_else_is_said(live: Live):
    order, rows = purchase(live, "all of it", "10", "2.5")
    made = shipped(press(live, order, inputs={"note": "first"}))
    found = get(live, "shipment", made, "ann")
    assert (found["purchase"]["id"], found["note"]) == (order, "first")
    lines = [(one["source"]["id"], one["sku"], one["qty"]) for one in found["lines"]]
    assert lines == [(rows[0], "S0", "10.000"), (rows[1], "S1", "2.500")]
    assert left(live, order) == ["0.000", "0.000"]
    again = press(live, order)
    assert (again.status_code, again.json["code"]) == (409, "convert.nothing_left")


def test_parts_are_converted_one_after_the_other(live: Live):
    order, rows = purchase(live, "in parts", "10", "2")
    shown = live.client("ann").get(f"/api/v1/records/purchase/{order}/buttons").json["items"]
    assert shown[0]["rows"] == [{"id": rows[0], "left": "10.000"}, {"id": rows[1], "left": "2.000"}]
    first = shipped(press(live, order, quantities={rows[0]: "4"}))
    assert [one["qty"] for one in get(live, "shipment", first)["lines"]] == ["4.000"]
    assert left(live, order) == ["6.000", "2.000"]
    wrong = press(live, order, quantities={rows[0]: "6.001", rows[1]: "2"})
    assert codes(wrong) == {("convert.too_much", f"/quantities/{rows[0]}")}
    assert codes(press(live, order, quantities={order: "1"})) == {
        ("convert.no_row", f"/quantities/{order}")
    }
    assert codes(press(live, order, quantities={rows[0]: "0"})) == {
        ("convert.nothing_chosen", "/quantities")
    }
    assert press(live, order, quantities={rows[0]: "-1"}).status_code == 422
    assert press(live, order, quantities=[1]).status_code == 422
    second = shipped(press(live, order))
    assert [one["qty"] for one in get(live, "shipment", second)["lines"]] == ["6.000", "2.000"]


def test_a_row_that_is_no_row_is_refused_in_words(live: Live):
    order, rows = purchase(live, "made-up rows", "10")
    ann = Surfer(live, "ann")
    form = ann.get(f"/o/purchase/{order}/buttons/ship").form("/buttons/ship")
    for name in ("q.\0", "q.x", f"q.{order}"):
        answer = ann.send_values(form, {name: "1"})
        assert answer.status == 422, name
        assert "no such row" in answer.text
    assert codes(press(live, order, quantities={rows[0].upper(): "1"})) == {
        ("convert.no_row", f"/quantities/{rows[0].upper()}")
    }
    assert left(live, order) == ["10.000"]


def test_what_is_cancelled_deleted_or_made_less_can_be_converted_again(live: Live):
    order, rows = purchase(live, "given back", "10")
    first, second = (shipped(press(live, order, quantities={rows[0]: "5"})) for _ in range(2))
    assert left(live, order) == ["0.000"]
    assert cancel(live, first).status_code == 200
    assert left(live, order) == ["5.000"]
    found = get(live, "shipment", second)
    address = f"/api/v1/records/shipment/{second}"
    less = {"lines": {"update": [{"id": found["lines"][0]["id"], "qty": "3"}]}}
    answer = live.client("ann").patch(address, json=less, headers={"If-Match": '"1"'})
    assert answer.status_code == 200, answer.json
    assert left(live, order) == ["7.000"]
    more = {"lines": {"update": [{"id": found["lines"][0]["id"], "qty": "10.001"}]}}
    answer = live.client("ann").patch(address, json=more, headers={"If-Match": '"2"'})
    assert codes(answer) == {("rule.broken", "/lines/update/0")}
    assert live.client("ann").delete(address, headers={"If-Match": '"2"'}).status_code == 204
    assert left(live, order) == ["10.000"]


def test_what_was_converted_is_converted_on(live: Live):
    order, rows = purchase(live, "chain", "10")
    shipment = shipped(press(live, order, quantities={rows[0]: "6"}))
    line = get(live, "shipment", shipment)["lines"][0]["id"]
    answer = press(live, shipment, "invoice", "shipment", quantities={line: "4"})
    assert (answer.status_code, answer.json["made"]) == (200, []), "dealers read no bills"
    assert get(live, "shipment", shipment)["lines"][0]["open"] == "2.000"
    assert press(live, shipment, "invoice", "shipment").status_code == 200
    assert press(live, shipment, "invoice", "shipment").status_code == 409


def test_several_orders_are_converted_each_with_a_result(live: Live):
    first, second = purchase(live, "several one", "1")[0], purchase(live, "several two", "2")[0]
    shipped(press(live, second))
    records = [{"id": first, "version": 1}, {"id": second, "version": 1}]
    sent = {"mode": "button", "button": "ship", "records": records, "partial": True}
    answer = live.client("ann").post("/api/v1/records/purchase/bulk", json=sent)
    assert [one["status"] for one in answer.json["items"]] == ["updated", "refused"]
    assert answer.json["items"][1]["problems"][0]["code"] == "convert.nothing_left"


def test_several_at_once_never_take_more_than_there_is(live: Live):
    order, rows = purchase(live, "race", "10")
    sent, headers = {"quantities": {rows[0]: "3"}}, {"If-Match": '"1"'}
    address = f"/api/v1/records/purchase/{order}/buttons/ship"
    token = live.tokens["ann"]

    def take(_: int) -> int:
        client = live.client()
        client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
        return client.post(address, json=sent, headers=headers).status_code

    def directly(_: int) -> int:
        client = live.client()
        client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
        line = {"source": rows[0], "qty": "3"}
        data = {"purchase": order, "lines": [line]}
        return client.post("/api/v1/records/shipment", json=data).status_code

    with ThreadPoolExecutor(6) as pool:
        answers = [pool.submit(one, 0) for one in (take, directly) * 3]
        found = sorted(one.result() for one in answers)
    assert found.count(200) + found.count(201) == 3, found
    assert set(found) <= {200, 201, 422}
    assert left(live, order) == ["1.000"]


Step = tuple[str, int, int, int]
STEPS = st.lists(
    st.tuples(
        st.sampled_from(("some", "all", "cancel", "race")),
        st.integers(0, 7),
        st.integers(0, 4),
        st.integers(0, 4),
    ),
    min_size=3,
    max_size=8,
)


@settings(
    max_examples=6,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(ordered=st.tuples(st.integers(1, 6), st.integers(1, 6)), steps=STEPS)
def test_parts_cancels_and_races_add_up(live: Live, ordered: tuple[int, int], steps: list[Step]):
    """A model beside it: what is held by documents that are not cancelled, and what is left."""
    order, rows = purchase(live, "model", *map(str, ordered))
    held: dict[str, list[Decimal]] = {}
    for kind, which, first, second in steps:
        free = [Decimal(ordered[at]) - sum(one[at] for one in held.values()) for at in (0, 1)]
        asked = [Decimal(first), Decimal(second)]
        if kind == "cancel":
            if held:
                chosen = sorted(held)[which % len(held)]
                assert cancel(live, chosen).status_code == 200
                del held[chosen]
        elif kind == "race":
            _race(live, order, rows, held)
        elif kind == "all":
            answer = press(live, order)
            if any(free):
                held[shipped(answer)] = free
            else:
                assert answer.json["code"] == "convert.nothing_left"
        else:
            sent = dict(zip(rows, map(str, asked), strict=True))
            answer = press(live, order, quantities=sent)
            fits = all(one <= left for one, left in zip(asked, free, strict=True))
            assert (answer.status_code == 200) is (fits and any(asked)), answer.json
            if answer.status_code == 200:
                held[shipped(answer)] = asked
        lines = get(live, "purchase", order)["lines"]
        for at in (0, 1):
            taken = sum((one[at] for one in held.values()), Decimal(0))
            assert Decimal(lines[at]["taken"]) == taken <= ordered[at]


def _race(live: Live, order: str, rows: list[str], held: dict[str, list[Decimal]]) -> None:
    """Let two take all that is left at once: one of them gets it, the other nothing."""
    version = get(live, "purchase", order)["version"]
    address = f"/api/v1/records/purchase/{order}/buttons/ship"
    token = live.tokens["ann"]

    def take() -> Any:
        client = live.client()
        client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
        return client.post(address, json={}, headers={"If-Match": f'"{version}"'})

    with ThreadPoolExecutor(2) as pool:
        for answer in [one.result() for one in [pool.submit(take) for _ in range(2)]]:
            if answer.status_code == 200:
                made = shipped(answer)
                found = {
                    one["source"]["id"]: one["qty"] for one in get(live, "shipment", made)["lines"]
                }
                held[made] = [Decimal(found.get(one, "0")) for one in rows]
            else:
                assert answer.status_code == 409, answer.json


def test_the_page_shows_what_is_left_and_takes_what_is_entered(live: Live):
    order, rows = purchase(live, "on the page", "10", "3")
    shipped(press(live, order, quantities={rows[1]: "3"}))
    ann = Surfer(live, "ann")
    page = ann.get(f"/o/purchase/{order}/buttons/ship")
    form = page.form("/buttons/ship")
    assert form.values[f"q.{rows[0]}"] == "10"
    assert f"q.{rows[1]}" not in form.values, "nothing is left of it"
    wrong = ann.send_values(form, {f"q.{rows[0]}": "11", "f.note": "kept"})
    assert wrong.status == 422
    assert "Only 10.000 is left of this row." in wrong.text
    assert wrong.form("/buttons/ship").values["f.note"] == "kept"
    sent = ann.send_values(form, {f"q.{rows[0]}": "7", "f.note": "seven"})
    assert sent.status == 303
    assert "seven" in ann.get(sent.address).text
    assert left(live, order) == ["3.000", "0.000"]

"""Fields that hold users: who may be chosen, who is seen, who is asked and who may read by them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from headrace.platform.access.identity import fill_keys_of_names
from headrace.platform.access.tables import USER
from headrace.platform.records import reader
from tests.support.documents import field, workspace
from tests.support.live import Live, open_live


def _workspace() -> dict[Any, Any]:
    contents = workspace()
    contents["object", "claim"]["fields"] += [
        field("watchers", "users", people="internal", max=3, default="USER()"),
        field("handler", "user", roles=["finance", "boss"]),
        field("contacts", "users", people="partner"),
        field("anybody", "users"),
    ]
    grants = contents["permission", "claim"]["grants"]
    own = next(one for one in grants if one["role"] == "dealer" and "update" in one["actions"])
    own["fields"]["edit"] += ["watchers", "contacts", "anybody", "handler"]
    finance = next(one for one in grants if one["role"] == "finance")
    finance["scope"] = {"assigned": "watchers"}
    steps = contents["approval", "claim_by_amount"]["steps"]
    steps[0] |= {"mode": "all", "approvers": [{"field": "watchers"}]}
    steps.pop()
    return contents


@pytest.fixture(scope="module")
def world(shared_database_url: str) -> Iterator[Live]:
    found = open_live(shared_database_url)
    found.publish(_workspace())
    yield found
    found.platform.close()


COUNT = iter(range(1_000_000))


def made(world: Live, login: str = "admin", **values: Any) -> Any:
    data = {"company": world.ids["acme"], "subject": f"s{next(COUNT)}", **values}
    return world.client(login).post("/api/v1/records/claim", json=data)


def get(world: Live, login: str, record_id: str, **query: Any) -> Any:
    return world.client(login).get(f"/api/v1/records/claim/{record_id}", query_string=query)


def people(world: Live, record: Any, name: str) -> list[str]:
    logins = {record_id: login for login, record_id in world.ids.items()}
    return [logins[one["id"]] for one in record[name] or ()]


def codes(answer: Any) -> list[tuple[str, str]]:
    return [(one["code"], one["path"]) for one in answer.json.get("problems", ())]


def choices(world: Live, login: str, name: str) -> set[str]:
    user = world.ids[login]
    found = world.platform.read_as(user, lambda context: reader.choices(context, "claim", name))
    return {one["title"] for one in found}


def test_users_are_kept_in_order_and_named_by_id_or_login(world: Live) -> None:
    answer = made(world, watchers=[{"key": "fin"}, world.ids["boss"]], anybody=[world.ids["ann"]])
    assert answer.status_code == 201, answer.json
    record = get(world, "admin", answer.json["id"]).json
    assert people(world, record, "watchers") == ["fin", "boss"]
    assert record["anybody"][0]["title"] == "Ann"
    assert people(world, get(world, "admin", made(world).json["id"]).json, "watchers") == ["admin"]


@pytest.mark.parametrize(
    ("name", "given", "fits"),
    [
        ("watchers", ["boss", "manager"], True),
        ("watchers", ["boss", "ann"], False),
        ("watchers", ["boss", "manager", "fin", "admin"], None),
        ("contacts", ["ann", "bob"], True),
        ("contacts", ["boss"], False),
        ("handler", "fin", True),
        ("handler", "admin", False),
        ("handler", "ann", False),
    ],
)
def test_only_those_whom_a_field_is_for_are_taken(
    world: Live, name: str, given: Any, fits: bool | None
) -> None:
    ids = [world.ids[one] for one in given] if isinstance(given, list) else world.ids[given]
    answer = made(world, **{name: ids})
    if fits:
        assert answer.status_code == 201, answer.json
        return
    code = "value.too_many" if fits is None else "reference.not_found"
    assert codes(answer) == [(code, f"/{name}")]


def test_forms_offer_whom_the_store_takes(world: Live) -> None:
    assert choices(world, "admin", "watchers") >= {"Boss", "Fin", "Manager", "Admin"}
    assert not choices(world, "admin", "watchers") & {"Ann", "Bob"}
    assert choices(world, "admin", "contacts") == {"Ann", "Bob"}
    assert choices(world, "admin", "handler") == {"Boss", "Fin", "Manager"}
    assert choices(world, "ann", "anybody") == {"Ann"}
    assert choices(world, "ann", "watchers") == set()


def test_a_partner_names_colleagues_and_keeps_whom_the_house_named(world: Live) -> None:
    record_id = made(world, anybody=[world.ids["boss"]]).json["id"]
    shown = get(world, "ann", record_id).json
    assert [one["title"] for one in shown["anybody"]] == ["Boss"]
    patch = lambda ids, version: world.client("ann").patch(  # noqa: E731 - asked three times
        f"/api/v1/records/claim/{record_id}",
        json={"anybody": ids},
        headers={"If-Match": f'"{version}"'},
    )
    assert patch([world.ids["boss"], world.ids["ann"]], 1).status_code == 200
    refused = [
        codes(patch([world.ids["boss"], one], 2))
        for one in (world.ids["bob"], world.ids["fin"], "01900000-0000-7000-8000-00000000dead")
    ]
    assert refused == [[("reference.not_found", "/anybody/1")]] * 3
    shown = get(world, "ann", record_id, expand="anybody").json
    assert shown["anybody"][0].keys() == {"id", "title"}


def test_who_left_stays_in_records_and_is_chosen_no_more(world: Live) -> None:
    leaver = world.add_user(f"leaver{next(COUNT)}", "finance")
    record_id = made(world, watchers=[leaver], handler=leaver).json["id"]
    with world.platform.database.writing(None) as work:
        world.platform.identity.update_user(work, leaver, active=False)
    changed = world.client("admin").patch(
        f"/api/v1/records/claim/{record_id}",
        json={"watchers": [leaver, world.ids["boss"]], "handler": leaver, "fee": "1"},
        headers={"If-Match": '"1"'},
    )
    assert changed.status_code == 200, changed.json
    assert [one["id"] for one in changed.json["watchers"]] == [leaver, world.ids["boss"]]
    assert codes(made(world, watchers=[leaver])) == [("reference.not_found", "/watchers")]
    assert codes(made(world, handler=leaver)) == [("reference.not_found", "/handler")]


def test_a_list_of_users_gives_rights(world: Live) -> None:
    seen = made(world, watchers=[world.ids["boss"], world.ids["fin"]]).json["id"]
    unseen = made(world, watchers=[world.ids["boss"]]).json["id"]
    assert get(world, "fin", seen).status_code == 200
    assert get(world, "fin", unseen).status_code == 404
    listed = world.client("fin").get("/api/v1/records/claim", query_string={"limit": 200}).json
    ids = {one["id"] for one in listed["items"]}
    assert seen in ids
    assert unseen not in ids


@pytest.mark.parametrize("value", ["me", ["me"]])
def test_me_stands_for_who_asks(world: Live, value: Any) -> None:
    mine = made(world, watchers=[world.ids["admin"]], handler=world.ids["boss"]).json["id"]
    other = made(world, watchers=[world.ids["boss"]]).json["id"]
    several = isinstance(value, list)
    name, op = ("watchers", "contains_any") if several else ("created_by", "=")
    body = {"filter": {"field": name, "op": op, "value": value}, "limit": 200}
    found = world.client("admin").post("/api/v1/records/claim/query", json=body).json["items"]
    ids = {one["id"] for one in found}
    assert mine in ids
    assert (other in ids) is not several


def test_everybody_in_a_list_is_asked(world: Live) -> None:
    items = [{"what": "x", "qty": "20", "price": "10"}]
    record_id = made(world, "ann", watchers=None, items=items).json["id"]
    world.client("admin").patch(
        f"/api/v1/records/claim/{record_id}",
        json={"watchers": [world.ids["fin"], world.ids["boss"]]},
        headers={"If-Match": '"1"'},
    )
    version = get(world, "ann", record_id).json["version"]
    sent = world.client("ann").post(
        f"/api/v1/records/claim/{record_id}/transitions/submit",
        json={},
        headers={"If-Match": f'"{version}"'},
    )
    assert sent.status_code == 200, sent.json
    for login in ("fin", "boss"):
        tasks = world.client(login).get("/api/v1/tasks?state=open").json["items"]
        assert record_id in str(tasks), tasks


@pytest.mark.parametrize(
    ("keys", "code"),
    [
        ({"roles": ["nobody"]}, "ref.unknown_role"),
        ({"roles": ["dealer"], "people": "internal"}, "user.other_people"),
        ({"min": 4, "max": 2}, "option.min_above_max"),
    ],
)
def test_bad_options_are_refused(world: Live, keys: dict[str, Any], code: str) -> None:
    contents = _workspace()
    contents["object", "claim"]["fields"].append(field("more", "users", **keys))
    with pytest.raises(Exception, match=code.split(".", maxsplit=1)[0]) as refusal:
        world.publish(contents)
    problems = getattr(refusal.value, "problems", ())
    assert code in [one.code for one in problems], problems


@pytest.fixture
def newcomers(world: Live) -> Iterator[Callable[[str, str], str]]:
    """Adds users by login and name who are gone for the other tests."""
    added: list[str] = []

    def add(login: str, name: str) -> str:
        added.append(world.add_user(login, "boss"))
        with world.platform.database.writing(None) as work:
            world.platform.identity.update_user(work, added[-1], name=name)
        return added[-1]

    yield add
    with world.platform.database.writing(None) as work:
        for user_id in added:
            world.platform.identity.update_user(work, user_id, active=False)


def test_people_are_found_and_ordered_by_pinyin(world: Live, newcomers: Any):
    names = {"zhou": "周牧之", "chen": "陈屿", "ou": "欧阳娜娜"}
    for login, name in names.items():
        newcomers(login, name)

    def chosen(text: str, field_name: str = "anybody", login: str = "admin") -> list[str]:
        def ask(context: Any) -> list[str]:
            found = reader.choices(context, "claim", field_name, text)
            return [one["title"] for one in found]

        return world.platform.read_as(world.ids[login], ask)

    assert chosen("cy") == ["陈屿"]
    assert chosen("zhoumu") == ["周牧之"]
    assert chosen("oynn", "handler") == ["欧阳娜娜"]
    assert chosen("uyang") == []
    shown = [one for one in chosen("") if one in names.values()]
    assert shown == ["陈屿", "欧阳娜娜", "周牧之"]
    assert chosen("cy", login="ann") == [], "a partner sees colleagues only"
    claims = [made(world, handler=world.ids[login]) for login in ("zhou", "chen", "ou")]
    assert {one.status_code for one in claims} == {201}, claims[0].json
    ids = [one.json["id"] for one in claims]
    listed = world.client("admin").get(
        "/api/v1/records/claim",
        query_string={
            "sort": "handler",
            "fields": "handler",
            "filter": json.dumps({"field": "id", "op": "in", "value": ids}),
        },
    )
    assert [one["handler"]["title"] for one in listed.json["items"]] == shown


def test_users_of_an_earlier_program_get_the_keys_of_their_names(world: Live, newcomers: Any):
    newcomers("old", "老用户")
    database = world.platform.database
    with database.writing(None) as work:
        work.connection.execute(sa.update(USER).values(nameSearch=None, nameSort=None))
    assert fill_keys_of_names(database) > 1
    assert fill_keys_of_names(database) == 0
    with database.reading() as reading:
        old = sa.select(USER).where(USER.c.id == world.ids["old"])
        found = reading.connection.execute(old).one()
    assert (found.nameSearch, found.nameSort) == ("LYH LaoYongHu", "{lao3老{yong4用{hu4户")


def test_the_keys_of_names_are_shown_to_nobody(world: Live):
    for name in ("handler.nameSearch", "handler.nameSort"):
        answer = world.client("admin").get("/api/v1/records/claim", query_string={"fields": name})
        assert answer.status_code == 422
        condition = json.dumps({"field": name, "op": "=", "value": "x"})
        answer = world.client("admin").get(
            "/api/v1/records/claim", query_string={"filter": condition}
        )
        assert answer.status_code == 422

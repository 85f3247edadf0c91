"""What a draft would make, shown with real records to who designs it, and to nobody else."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.support.documents import field, label
from tests.support.live import PASSWORD, Live, open_live
from tests.support.surfing import Seen, Surfer

Edit = Callable[[dict[str, Any]], object]
PLACES = ("form", "record", "list")
HOSTILE = ("'", "%00", "..%2f..", "<script>alert(1)</script>", "x" * 3000, "claim;drop")


class World:
    """Drafts of the claims workspace, and Ada who designs and sees one company's claims only."""

    def __init__(self, live: Live) -> None:
        self.live = live
        ids = live.ids
        live.add_user("near", "architect", "dealer", organisation=ids["acme"])
        with live.platform.database.writing(None) as work:
            for login in ("admin", "near", "ann"):
                live.platform.identity.set_password(work, ids[login], PASSWORD)
        rows = [
            {"what": "Glass", "qty": "3", "price": "10"},
            {"what": "Frame", "qty": "1", "price": "5"},
        ]
        claim = {"company": ids["acme"], "subject": "Broken <b>glass</b>", "fee": "20"}
        self.claim = live.create("claim", {**claim, "reserve": "77.00", "items": rows})
        other = {"company": ids["rival"], "subject": "Rival secret", "reserve": "66.00"}
        self.other = live.create("claim", other)
        self.surfer, self.near, self.ann = (Surfer(live, one) for one in ("admin", "near", "ann"))

    def draft(self, name: str, **edits: Edit) -> str:
        """Make a draft in which some documents, named `kind__name`, are edited; return its id."""
        drafts = self.live.platform.drafts
        user = self.live.ids["admin"]
        made = self.live.platform.write_as_system(lambda _, work: drafts.create(work, name, user))
        for key, edit in edits.items():
            kind, _, called = key.partition("__")
            held = next(
                one
                for one in drafts.documents(made)
                if one.document is not None
                and (one.document.kind, one.document.name) == (kind, called)
            )
            content = copy.deepcopy(dict(held.document.content))
            edit(content)
            self.put(made.id, held.id, content, held.version)
        return str(made.id)

    def put(self, draft: str, definition: str, content: dict[str, Any], version: int) -> None:
        client = self.live.renewed_client("admin")
        place = f"/api/v1/metadata/drafts/{draft}/documents/{definition}"
        done = client.put(place, json={"content": content}, headers={"If-Match": f'"{version}"'})
        assert done.status_code == 200, done.text

    def see(self, draft: str, place: str, object_name: str = "claim", **query: str) -> Seen:
        asked = "&".join(f"{name}={value}" for name, value in query.items())
        return self.surfer.get(f"/design/{draft}/preview/{object_name}/{place}?{asked}")


def with_architect(contents: dict[Any, Any]) -> None:
    """Add a role that designs and reads nothing."""
    contents["role", "architect"] = {
        "kind": "role",
        "name": "architect",
        "label": label("Architect", "架构师"),
        "design": True,
    }


@pytest.fixture(scope="module")
def world(shared_database_url: str) -> Iterator[World]:
    live = open_live(shared_database_url, with_architect)
    yield World(live)
    live.platform.close()


@pytest.fixture(scope="module")
def draft(world: World) -> str:
    """A draft with a new field, a new formula, a changed one, a rule for fields and a renamed field."""

    def claim(content: dict[str, Any]) -> None:
        fields = content["fields"]
        named = {one["name"]: one for one in fields}
        named["payable"]["formula"] = "total + fee + 1000"
        named["subject"] |= {"name": "topic", "was": "subject", "label": label("Topic", "主题")}
        content["search"] = ["claim_no", "topic"]
        content["unique"] = [{"fields": ["company", "topic"]}]
        fields.append(field("colour", "text", length=20, default="'teal'"))
        fields.append(field("twice", "formula", returns="money", formula="fee * 2"))
        fields.append(field("place", "formula", returns="text", formula="company.region.name"))
        content["field_rules"] = [
            {"name": "no_kind", "about": ["kind"], "effect": "show", "when": "fee > 100"}
        ]

    def form(content: dict[str, Any]) -> None:
        items = content["sections"][0]["items"]
        items[items.index("subject")] = "topic"
        items += ["colour", "twice", "place"]

    def view(content: dict[str, Any]) -> None:
        content["columns"] += ["topic", "twice", "company.region.name"]

    def permission(content: dict[str, Any]) -> None:
        edit = content["grants"][2]["fields"]["edit"]
        edit[edit.index("subject")] = "topic"

    return world.draft(
        "Colours",
        object__claim=claim,
        form__claim_entry=form,
        view__open_claims=view,
        permission__claim=permission,
    )


def test_a_form_has_what_is_new_with_its_default(world: World, draft: str) -> None:
    page = world.see(draft, "form", role="dealer")

    assert page.status == 200
    assert 'value="teal"' in page.response.text
    assert "Topic" in page.text


def test_a_form_of_a_record_has_its_values_under_their_new_names(world: World, draft: str) -> None:
    page = world.see(draft, "form", role="dealer", record=world.claim)

    assert 'name="f.topic"' in page.response.text
    assert "Broken &lt;b&gt;glass&lt;/b&gt;" in page.response.text
    assert 'value="20.00"' in page.response.text
    assert "Glass" in page.response.text


def test_formulas_are_computed_as_the_draft_has_them(world: World, draft: str) -> None:
    page = world.see(draft, "record", role="dealer", record=world.claim)

    # 3 × 10 and 5 in the rows, a fee of 20, and the 1000 that the draft adds.
    assert "1,055.00" in page.text
    assert "40.00" in page.text
    assert "East" in page.text


def test_nothing_of_the_draft_is_live(world: World, draft: str) -> None:
    live = world.surfer.get(f"/o/claim/{world.claim}")

    assert "Topic" not in live.text
    assert "1,055.00" not in live.text


def test_a_role_sees_its_own_form_and_not_what_it_may_not_read(world: World, draft: str) -> None:
    dealer = world.see(draft, "record", role="dealer", record=world.claim)
    boss = world.see(draft, "record", role="boss", record=world.claim)

    assert "77.00" not in dealer.text
    assert "reserve" not in dealer.text
    assert "77.00" in boss.text


def test_a_form_can_be_named_whomever_it_is_for(world: World, draft: str) -> None:
    assert "region_name" in world.see(draft, "form", role="boss", record=world.claim).text
    named = world.see(draft, "form", role="boss", record=world.claim, form="claim_entry")

    assert "region_name" not in named.text


def test_field_rules_of_the_draft_hold(world: World, draft: str) -> None:
    page = world.see(draft, "record", role="dealer", record=world.claim)

    assert "Damage" not in page.text


def test_transitions_are_those_of_the_role_from_the_state(world: World, draft: str) -> None:
    dealer = world.see(draft, "record", role="dealer", record=world.claim)
    boss = world.see(draft, "record", role="boss", record=world.claim)

    assert "Submit" in dealer.text
    assert "Submit" not in boss.text


def test_a_list_has_the_columns_of_the_draft(world: World, draft: str) -> None:
    page = world.see(draft, "list", role="admin", view="open_claims")

    assert "Broken &lt;b&gt;glass&lt;/b&gt;" in page.response.text
    assert "40.00" in page.text
    assert "East" in page.text


def test_a_condition_over_what_is_new_is_told(world: World) -> None:
    def claim(content: dict[str, Any]) -> None:
        content["fields"].append(field("hot", "boolean"))

    def view(content: dict[str, Any]) -> None:
        content["where"] = "hot"

    made = world.draft("Hot", object__claim=claim, view__open_claims=view)
    page = world.see(made, "list", view="open_claims")

    assert "all records are shown" in page.text
    assert page.text.count("CL-") == 2


def test_a_condition_over_what_is_live_filters(world: World) -> None:
    def view(content: dict[str, Any]) -> None:
        content["columns"] = ["subject"]
        content["where"] = "fee = 20"

    made = world.draft("Twenty", view__open_claims=view)
    page = world.see(made, "list", view="open_claims")

    assert "Broken" in page.text
    assert "Rival secret" not in page.text


def test_a_condition_tells_nothing_of_what_the_designer_may_not_read(world: World) -> None:
    def view(content: dict[str, Any]) -> None:
        content["columns"] = ["subject"]
        content["where"] = "reserve > 1000"

    made = world.draft("Peeping", view__open_claims=view)
    here = f"/design/{made}/preview/claim/list?role=admin&view=open_claims"

    assert "Broken" not in world.surfer.get(here).text
    assert "Broken" in world.near.get(here).text
    assert "all records are shown" in world.near.get(here).text


def test_the_language_is_the_one_asked_for(world: World, draft: str) -> None:
    page = world.see(draft, "form", role="dealer", language="zh")

    assert '<html lang="zh-CN"' in page.response.text
    assert "主题" in page.text
    assert "预览" in page.text


@pytest.mark.parametrize("place", PLACES)
def test_a_page_is_to_be_looked_at_only(world: World, draft: str, place: str) -> None:
    page = world.see(draft, place, role="dealer")
    text = page.response.text

    assert "<fieldset disabled>" in text
    assert "<script" not in text.replace('<script type="application/json"', "")
    assert 'name="csrf"' not in text
    assert {one for one in page.links if not one.startswith("#")} == set()
    assert {one.action for one in page.forms} <= {"#"}


@pytest.mark.parametrize("place", PLACES)
def test_a_page_may_stand_in_a_frame_of_our_own(world: World, draft: str, place: str) -> None:
    headers = world.see(draft, place).response.headers

    assert headers["X-Frame-Options"] == "SAMEORIGIN"
    assert "frame-ancestors 'self'" in headers["Content-Security-Policy"]
    assert "form-action 'none'" in headers["Content-Security-Policy"]


def test_other_pages_may_not(world: World) -> None:
    headers = world.surfer.get("/o/claim").response.headers

    assert headers["X-Frame-Options"] == "DENY"
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]


@pytest.mark.parametrize("place", PLACES)
def test_nothing_is_posted(world: World, draft: str, place: str) -> None:
    address = f"/design/{draft}/preview/claim/{place}"

    assert world.surfer.client.post(address).status_code in {400, 403, 405}


@pytest.mark.parametrize("place", PLACES)
def test_it_is_not_there_for_others(world: World, draft: str, place: str) -> None:
    assert world.ann.get(f"/design/{draft}/preview/claim/{place}").status == 404
    assert world.live.client().get(f"/design/{draft}/preview/claim/{place}").status_code == 303


@pytest.mark.parametrize("place", PLACES)
def test_a_designer_sees_only_records_that_are_theirs(world: World, draft: str, place: str) -> None:
    near = world.near
    here = f"/design/{draft}/preview/claim/{place}"
    own = near.get(f"{here}?role=admin&record={world.claim}")
    whole = near.get(f"{here}?role=admin")

    assert own.status == 200
    for page in (own, whole):
        assert "Rival secret" not in page.text
        assert "77.00" not in page.text
        assert "66.00" not in page.text
    if place != "list":
        assert near.get(f"{here}?role=admin&record={world.other}").status == 404


def test_what_is_wrong_elsewhere_is_left_out_and_told(world: World) -> None:
    def claim(content: dict[str, Any]) -> None:
        content["fields"].append(field("colour", "text", length=20, default="'teal'"))

    def region(content: dict[str, Any]) -> None:
        content["fields"].append(field("double", "formula", returns="money", formula="nothing * 2"))

    def report(content: dict[str, Any]) -> None:
        content["measures"][0]["field"] = "nothing"

    def form(content: dict[str, Any]) -> None:
        content["sections"][0]["items"] = ["nothing"]

    def permission(content: dict[str, Any]) -> None:
        content["grants"].append({"role": "nobody", "actions": ["read"], "scope": "all"})

    made = world.draft(
        "Half done",
        object__claim=claim,
        object__region=region,
        report__claims_by_month=report,
        form__claim_entry=form,
        permission__claim=permission,
    )
    page = world.see(made, "record", role="boss")

    assert page.status == 200
    assert "colour" in page.text
    assert "As they are live, because something is wrong with them in the draft: " in page.text
    assert "object “Region”" in page.text
    assert "Left out, because something is wrong with them: permission" in page.text
    # What is asked for by name is the thing itself.
    asked = world.see(made, "form", form="claim_entry")
    assert asked.status == 422
    assert any(link.startswith(f"/design/{made}#") for link in asked.links)
    assert world.see(made, "form", "region").status == 422
    assert world.see(made, "list").status == 200


def test_what_an_object_cannot_do_without_is_named_where_it_is_broken(world: World) -> None:
    def claim(content: dict[str, Any]) -> None:
        content["fields"].append(field("extra", "formula", returns="text", formula="region.motto"))
        content["fields"].append(field("region", "lookup", to="region"))

    def region(content: dict[str, Any]) -> None:
        content["fields"].append(field("motto", "formula", returns="text", formula="nothing"))

    made = world.draft("Motto", object__claim=claim, object__region=region)
    page = world.see(made, "form")

    assert page.status == 422
    assert "nothing" in page.text
    assert world.see(made, "form", "company").status == 200


def test_a_broken_draft_answers_what_is_wrong(world: World) -> None:
    def claim(content: dict[str, Any]) -> None:
        content["fields"].append(
            field("bad", "formula", returns="money", formula="no_such_field + 1")
        )

    broken = world.draft("Broken", object__claim=claim)
    page = world.see(broken, "form")

    assert page.status == 422
    assert any(link.startswith(f"/design/{broken}#") for link in page.links)
    assert "no_such_field" in page.text
    assert page.response.headers["X-Frame-Options"] == "SAMEORIGIN"


def test_a_draft_that_contradicts_what_is_live_answers_so(world: World) -> None:
    def named(words: str) -> Edit:
        return lambda content: content.update(label=label(words, words))

    made = world.draft("Contradicting", role__finance=named("Money people"))
    other = world.draft("First", role__finance=named("Counters"))
    client = world.live.renewed_client("admin")
    place = f"/api/v1/metadata/drafts/{other}"
    version = client.get(place).json["version"]
    done = client.post(f"{place}/publish", json={}, headers={"If-Match": f'"{version}"'})
    assert done.status_code == 200

    assert world.see(made, "form").status == 422
    closed = world.see(other, "form")
    assert closed.status == 409
    assert "is published" in closed.text


def test_an_object_that_is_new_has_no_records(world: World) -> None:
    made = world.draft("New object")
    content = {
        "kind": "object",
        "name": "truck",
        "label": label("Truck", "货车"),
        "title": "plate",
        "fields": [field("plate", "text", length=20, default="'B-1'")],
    }
    rights = {
        "kind": "permission",
        "name": "truck",
        "object": "truck",
        "grants": [{"role": "admin", "actions": ["create", "read"], "scope": "all"}],
    }
    client = world.live.renewed_client("admin")
    for one in (content, rights):
        place = f"/api/v1/metadata/drafts/{made}/documents"
        done = client.post(place, json={"module": "claims", "content": one})
        assert done.status_code in {200, 201}, done.text

    assert 'value="B-1"' in world.see(made, "form", "truck").response.text
    assert "There is no record" in world.see(made, "record", "truck").text
    assert world.see(made, "list", "truck").status == 200


@pytest.mark.parametrize("place", PLACES)
def test_what_makes_no_sense_is_no_accident(world: World, draft: str, place: str) -> None:
    keys = ("role", "record_type", "record", "form", "view", "language")
    for key, value in zip(keys, HOSTILE, strict=True):
        for asked in ({key: value}, dict.fromkeys(keys, value)):
            page = world.see(draft, place, **asked)
            assert page.status in {200, 404}, (place, asked)
            assert "<script>alert" not in page.response.text


def test_what_is_not_there_is_not_found(world: World, draft: str) -> None:
    assert world.see(draft, "form", "nothing").status == 404
    assert world.see("nothing", "form").status == 404
    assert world.see(draft, "form", role="nobody").status == 404
    assert world.see(draft, "form", form="nothing").status == 404


# -- formulas while they are written ---------------------------------------------------------------


def tried(world: World, draft: str, login: str = "admin", **asked: Any) -> dict[str, Any]:
    """Ask what a formula over claims gives; `login` says for whom."""
    client = world.live.renewed_client(login)
    body = {"object": "claim", "record": world.claim, **asked}
    done = client.post(f"/api/v1/metadata/drafts/{draft}/formula", json=body)
    assert done.status_code == 200, done.text
    return dict(done.json)


def test_a_formula_is_computed_with_what_only_the_draft_has(world: World, draft: str) -> None:
    found = tried(world, draft, formula="twice + 1")

    assert (found["state"], found["type"], found["value"]) == ("value", "number", "41.00")
    assert found["parts"] == [{"text": "twice", "label": "twice", "value": "40.00"}]
    assert found["record"]["id"] == world.claim


def test_a_mistake_is_told_at_its_place_with_what_was_meant(world: World, draft: str) -> None:
    field_name = tried(world, draft, formula="1 + feee")["problems"][0]
    function = tried(world, draft, formula="ROUDN(fee, 1)")["problems"][0]

    assert (field_name["span"], field_name["instead"]) == ([4, 8], "fee")
    assert (function["span"], function["instead"]) == ([0, 13], "ROUND(fee, 1)")
    assert tried(world, draft, formula="1 +")["state"] == "refused"


def test_a_condition_has_to_be_one(world: World, draft: str) -> None:
    assert tried(world, draft, formula="fee > 10", condition=True)["value"] is True
    assert tried(world, draft, formula="fee", condition=True)["state"] == "refused"


def test_a_formula_asks_the_records_that_the_designer_may_read(world: World, draft: str) -> None:
    everybody = tried(world, draft, formula="COUNT(claim)")
    near = tried(world, draft, "near", formula="COUNT(claim)")

    assert everybody["value"] == "2"
    assert near["value"] == "1"
    hidden = tried(world, draft, "near", formula="EXISTS(claim WHERE reserve > 1)")
    assert hidden["value"] is False


@pytest.mark.parametrize(
    ("formula", "value"),
    [
        ("COUNT(claim WHERE company = this.company)", "1"),
        ("EXISTS(claim WHERE topic = 'Rival secret')", True),
        ("SUM(claim.twice WHERE twice = this.twice)", "40.00"),
        ("FIRST(claim.topic ORDER BY topic DESC)", "Rival secret"),
        ("FIRST(claim.topic WHERE colour IS NULL ORDER BY topic)", "Broken <b>glass</b>"),
    ],
)
def test_questions_are_answered_by_the_draft(
    world: World, draft: str, formula: str, value: Any
) -> None:
    assert tried(world, draft, formula=formula)["value"] == value


def test_a_formula_that_is_kept_and_wrong_does_not_stand_in_the_way(world: World) -> None:
    def claim(content: dict[str, Any]) -> None:
        named = {one["name"]: one for one in content["fields"]}
        named["payable"]["formula"] = "no_such_field + 1"

    made = world.draft("Half written", object__claim=claim)
    held = world.live.renewed_client("admin").get(
        f"/api/v1/metadata/drafts/{made}/documents?content=true"
    )
    content = next(
        one["document"]["content"]
        for one in held.json["items"]
        if one["document"]["content"]["name"] == "claim"
        and one["document"]["content"]["kind"] == "object"
    )
    place = [one["name"] for one in content["fields"]].index("payable")
    path = ["fields", place, "formula"]

    found = tried(world, made, formula="fee * 3", document=content["id"], path=path)
    assert found["value"] == "60.00"


def test_a_preview_shows_what_a_new_question_gives(world: World) -> None:
    def claim(content: dict[str, Any]) -> None:
        content["fields"].append(field("of_all", "integer", default="COUNT(claim) + 40"))

    def form(content: dict[str, Any]) -> None:
        content["sections"][0]["items"].append("of_all")

    made = world.draft("Asking", object__claim=claim, form__claim_entry=form)

    assert 'value="42"' in world.see(made, "form", role="dealer").response.text


def test_what_is_wrong_elsewhere_in_the_draft_leaves_a_formula_without_a_value(
    world: World,
) -> None:
    def claim(content: dict[str, Any]) -> None:
        content["fields"].append(
            field("bad", "formula", returns="money", formula="no_such_field + 1")
        )

    made = world.draft("Broken elsewhere", object__claim=claim)

    found = tried(world, made, formula="fee * 3")
    assert (found["state"], found["value"]) == ("unknown", None)
    assert "no_such_field" in found["reason"]


def test_what_a_button_asks_for_is_a_sample_where_a_formula_reads_it(world: World) -> None:
    made = world.draft("A button")
    client = world.live.renewed_client("admin")
    automation = {
        "kind": "automation",
        "name": "raise_fee",
        "object": "claim",
        "label": label("Raise the fee", "提高费用"),
        "on": [
            {
                "event": "button",
                "inputs": [
                    {"name": "times", "type": "integer", "label": label("Times", "倍数")},
                    {
                        "name": "ground",
                        "type": "choice",
                        "choices": [{"value": "late", "label": label("Late", "迟到")}],
                    },
                    {"name": "why", "type": "text"},
                    {"name": "at", "type": "datetime"},
                ],
            }
        ],
        "actions": [{"set": {"fee": "fee + input.times"}}],
    }
    place = f"/api/v1/metadata/drafts/{made}/documents"
    added = client.post(place, json={"module": "claims", "content": automation})
    assert added.status_code == 201, added.text
    here = {"document": added.json["id"], "path": ["actions", 0, "set", "fee"]}

    found = tried(world, made, formula="fee + input.times * 2", **here)
    assert (found["state"], found["value"]) == ("value", "22.00"), found["reason"]
    told = {one["text"]: (one["label"], one["value"]) for one in found["parts"]}
    assert told["input.times"] == ("Times (a sample)", "1")
    assert tried(world, made, formula="input.ground = 'late'", **here)["value"] is True
    assert tried(world, made, formula="input.why = 'why'", **here)["value"] is True
    wrong = tried(world, made, formula="input.tims", **here)
    assert wrong["problems"][0]["instead"] == "input.times"
    # Other samples are written as they are entered; those that are wrong are told and have no value.
    other = tried(world, made, formula="fee + input.times * 2", given={"times": "7"}, **here)
    assert other["value"] == "34.00"
    wrong = tried(world, made, formula="input.times", given={"times": "many"}, **here)
    assert (wrong["value"], wrong["samples"][0]["value"]) == (None, "many")
    assert "many" in wrong["samples"][0]["problem"] or "integer" in wrong["samples"][0]["problem"]
    ground = tried(world, made, formula="input.ground = 'late'", **here)["samples"]
    assert [(one["name"], one["choices"]) for one in ground] == [
        ("ground", [{"value": "late", "label": "Late"}])
    ]
    at = tried(world, made, formula="DATE(input.at)", given={"at": "2025-06-10T00:30"}, **here)
    assert at["value"] == "2025-06-10", at
    # Elsewhere nothing is entered.
    assert tried(world, made, formula="input.times")["state"] == "refused"


@pytest.fixture(scope="module")
def named(world: World) -> tuple[str, str]:
    """A draft with named expressions, one of which a rule calls; and the id of their module."""
    found = ""

    def module(content: dict[str, Any]) -> None:
        nonlocal found
        found = content["id"]
        reference = {"name": "c", "type": "reference", "to": "company"}
        amount = {"name": "asked", "type": "money"}
        content["expressions"] = [
            {"name": "fair", "parameters": [reference, amount], "formula": "asked < 100"},
            {
                "name": "moments",
                "parameters": [
                    {"name": "day", "type": "date"},
                    {"name": "at", "type": "datetime"},
                    {"name": "many", "type": "integer"},
                    {"name": "sure", "type": "boolean"},
                    {"name": "word", "type": "text"},
                ],
                "formula": "IF(sure, DATEADD(day, many, 'day'), DATE(at))",
            },
        ]

    def claim(content: dict[str, Any]) -> None:
        content["fields"].append(
            field("is_fair", "formula", returns="boolean", formula="fair(company, fee)")
        )

    return world.draft("Named", module__claims=module, object__claim=claim), found


def named_tried(
    world: World, named: tuple[str, str], formula: str, place: int = 0, **asked: Any
) -> dict[str, Any]:
    draft, module = named
    path = ["expressions", place, "formula"]
    body = {"document": module, "path": path, "formula": formula, **asked}
    client = world.live.renewed_client(asked.pop("login", "admin"))
    body.pop("login", None)
    done = client.post(f"/api/v1/metadata/drafts/{draft}/formula", json=body)
    assert done.status_code == 200, done.text
    return dict(done.json)


def test_a_named_expression_is_tried_alone_with_samples_of_its_parameters(
    world: World, named: tuple[str, str]
) -> None:
    ids = world.live.ids
    asks = "COUNT(claim WHERE company = c) * asked"
    usual = named_tried(world, named, asks)
    assert [(one["name"], one["kind"], one["object"]) for one in usual["samples"]] == [
        ("c", "reference", "company"),
        ("asked", "number", None),
    ]
    assert usual["samples"][1]["value"] == "1.00"
    assert usual["record"] is None

    given = {"c": ids["acme"], "asked": "2.5"}
    found = named_tried(world, named, asks, given=given)
    assert (found["state"], found["value"]) == ("value", "2.50"), found
    assert found["samples"][0]["title"] == "Company acme"
    followed = named_tried(world, named, "c.region.name = 'x' OR asked > 2", given=given)
    assert followed["value"] is True
    assert "asked" in {one["text"] for one in followed["parts"]}

    moments = "IF(sure, DATEADD(day, many, 'day'), DATE(at))"
    given = {"day": "2025-06-10", "many": "3", "sure": "true", "at": "2025-07-01T00:30"}
    assert named_tried(world, named, moments, 1, given=given)["value"] == "2025-06-13"
    given["sure"] = "false"
    assert named_tried(world, named, moments, 1, given=given)["value"] == "2025-07-01"
    assert named_tried(world, named, "word + ''", 1, given={"word": ""})["value"] in (None, "")


def test_what_is_wrong_with_a_named_expression_or_a_sample_is_told_at_its_place(
    world: World, named: tuple[str, str]
) -> None:
    wrong = named_tried(world, named, "1 < askd")
    assert wrong["state"] == "refused"
    assert (wrong["problems"][0]["span"], wrong["problems"][0]["instead"]) == ([4, 8], "asked")
    assert len(wrong["samples"]) == 2
    for name, text in (("asked", "1.005"), ("asked", "many"), ("c", "nobody"), ("c", "x" * 9000)):
        found = named_tried(world, named, "asked > 2", given={name: text})
        told = {one["name"]: one["problem"] for one in found["samples"]}
        assert told[name], (name, text)
    circle = named_tried(world, named, "fair(c, asked)")
    assert circle["problems"][0]["code"] == "formula.cycle"
    divided = named_tried(world, named, "1 / asked", given={"asked": "0"})
    assert (divided["state"], divided["value"]) == ("value", None)


def test_samples_are_records_that_the_designer_may_read(
    world: World, named: tuple[str, str]
) -> None:
    given = {"c": world.live.ids["rival"]}
    near = named_tried(world, named, "c.name", given=given, login="near")
    assert near["value"] is None
    assert near["samples"][0]["problem"]
    address = f"/api/v1/metadata/drafts/{named[0]}/formula"
    client = world.live.renewed_client("admin")
    for body in (
        {"formula": "1"},
        {"formula": "1", "document": named[1], "path": ["expressions", 9, "formula"]},
        {"formula": "1", "document": named[1], "path": ["expressions", [], "formula"]},
        {"formula": "1", "document": "nothing", "path": ["expressions", 0, "formula"]},
    ):
        assert client.post(address, json=body).status_code == 404, body
    bad = client.post(address, json={"object": "claim", "formula": "1", "given": {"c": 1}})
    assert (bad.status_code, bad.json["problems"][0]["path"]) == (422, "/given/c")


def test_formulas_are_tried_by_designers_only(world: World, draft: str) -> None:
    address = f"/api/v1/metadata/drafts/{draft}/formula"
    body = {"object": "claim", "formula": "fee"}

    assert world.live.renewed_client("ann").post(address, json=body).status_code == 403
    near = world.live.renewed_client("near")
    assert near.post(address, json={**body, "record": world.other}).status_code == 404
    assert near.post(address, json={"object": "claim"}).status_code == 422

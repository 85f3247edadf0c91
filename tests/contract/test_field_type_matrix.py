"""Every field type through every door, on both databases: what a type's examples promise holds there.

A new type is in here by its examples alone: form, API, operators, order and pages, search, groups of
a report, and what its values become in every other type and back.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from headrace.platform.core.json_text import json_bytes, json_text
from headrace.platform.core.rich_text import words
from headrace.platform.metadata.building import build_catalog
from headrace.platform.metadata.catalog import Catalog, FieldModel
from headrace.platform.metadata.conversions import Conversion, NotConvertibleError, conversion
from headrace.platform.metadata.documents import Document
from headrace.platform.metadata.field_types import built_in
from headrace.platform.metadata.field_types.base import Example
from headrace.platform.metadata.field_types.converting import sent
from headrace.platform.reports import running
from tests.support.live import Live
from tests.support.surfing import Surfer
from tests.support.type_cases import CASES, Case, contents, found, open_types

ZONE = ZoneInfo("Asia/Shanghai")
EACH = pytest.mark.parametrize("case", CASES, ids=lambda one: one.id)
ORDERED = [one for one in CASES if "<" in one.type.operators]
GROUPED = [one for one in CASES if "=" in one.type.operators]


@pytest.fixture(scope="module")
def live(shared_database_url: str) -> Iterator[Live]:
    opened = open_types(shared_database_url)
    yield opened
    opened.platform.close()


@pytest.fixture(scope="module")
def admin(live: Live) -> Surfer:
    return Surfer(live, "admin")


def make(live: Live, case: Case, name: str) -> dict[str, Any]:
    """Make a record of each stored value, and one without; return the values by id."""
    values = [*case.stored, None]
    return {live.create(case.object, {"name": name, "value": one}): one for one in values}


def of(live: Live, case: Case, name: str, **query: Any) -> list[dict[str, Any]]:
    """Return what is found among the records called `name`."""
    named = {"field": "name", "op": "=", "value": name}
    parts = [named, *([query.pop("filter")] if "filter" in query else [])]
    return found(live, case.object, filter={"and": parts}, **query)


def order(case: Case, value: Any) -> Any:
    """Return what JSON values are ordered by."""
    kind = case.type.storage(_options(case)).kind
    return Decimal(value) if kind == "decimal" else value


def _sent(case: Case, example: Example) -> Any:
    """Return what the API sends: the content of a text that is JSON."""
    nested = case.type.storage(_options(case)).nested
    return json_text(example.stored) if nested else example.stored


def _options(case: Case) -> Any:
    return catalog().objects[case.object].fields["value"].options


_CATALOG: list[Catalog] = []


def catalog() -> Catalog:
    if not _CATALOG:
        documents = [Document("claims", one) for one in contents().values()]
        built = build_catalog(documents, built_in(), 1)
        assert built.catalog is not None, built.problems
        _CATALOG.append(built.catalog)
    return _CATALOG[0]


@EACH
def test_the_api_gives_back_what_was_stored_and_takes_it_again(live: Live, case: Case):
    client = live.client("admin")
    for example in case.accepted:
        stored = json.loads(json_bytes(_sent(case, example)))
        made = client.post(f"/api/v1/records/{case.object}", json={"value": example.given})
        assert made.status_code == 201, made.json
        address = f"/api/v1/records/{case.object}/{made.json['id']}"
        record = client.get(address).json
        assert record["value"] == stored

        changes = {"If-Match": f'"{record["version"]}"'}
        again = client.patch(address, json={"value": record["value"]}, headers=changes)

        assert again.status_code == 200, again.json
        assert client.get(address).json["value"] == stored


@EACH
def test_every_operator_finds_what_it_says(live: Live, case: Case):
    values = make(live, case, "operators")
    kept = {record_id: one for record_id, one in values.items() if one is not None}
    compare = {
        "=": lambda left, right: left == right,
        "!=": lambda left, right: left != right,
        "<": lambda left, right: left < right,
        "<=": lambda left, right: left <= right,
        ">": lambda left, right: left > right,
        ">=": lambda left, right: left >= right,
        "in": lambda left, right: left == right,
        "not_in": lambda left, right: left != right,
        "contains": lambda left, right: str(right).casefold() in str(left).casefold(),
        "starts_with": lambda left, right: str(left).casefold().startswith(str(right).casefold()),
    }
    for operator in case.type.operators & compare.keys():
        for asked in kept.values():
            holds = compare[operator]
            told = words_of if operator == "contains" else order
            wanted = {
                record_id
                for record_id, value in kept.items()
                if holds(told(case, value), order(case, asked))
            }
            value = [asked] if operator in {"in", "not_in"} else asked
            condition = {"field": "value", "op": operator, "value": value}
            ids = {one["id"] for one in of(live, case, "operators", filter=condition)}
            assert ids == wanted, (operator, asked)
    empty = {"field": "value", "op": "is_null", "value": True}
    ids = {one["id"] for one in of(live, case, "operators", filter=empty)}
    assert ids == set(values) - set(kept)


def words_of(case: Case, value: Any) -> Any:
    """Return what a part is looked for in: rich text is found by its words, not by its markup."""
    return words(value) if case.type.key == "rich_text" else order(case, value)


@pytest.mark.parametrize(
    "case", [one for one in CASES if "contains" in one.type.operators], ids=lambda one: one.id
)
def test_a_part_of_one_or_two_characters_is_found_at_every_place(live: Live, case: Case):
    values = make(live, case, "parts")
    for stored in case.stored:
        text = words_of(case, stored)
        for start in range(len(text)):
            for length in (1, 2):
                part = text[start : start + length]
                if part != part.strip():
                    continue
                condition = {"field": "value", "op": "contains", "value": part}
                ids = {one["id"] for one in of(live, case, "parts", filter=condition)}
                assert {one for one, value in values.items() if value == stored} <= ids, part


@pytest.mark.parametrize("case", ORDERED, ids=lambda one: one.id)
@pytest.mark.parametrize("falling", [False, True], ids=["rising", "falling"])
def test_values_stand_in_order_on_pages_of_one_nulls_last(live: Live, case: Case, falling: bool):
    name = f"order {falling}"
    make(live, case, name)
    key = "-value" if falling else "value"
    stored = sorted(case.stored, key=lambda one: order(case, one), reverse=falling)

    items = of(live, case, name, sort=[key], limit=1)

    assert [one["value"] for one in items] == [*stored, None]


@pytest.mark.parametrize("case", GROUPED, ids=lambda one: one.id)
def test_a_report_groups_and_sums_up(live: Live, case: Case):
    for one in found(live, case.object):
        live.platform.write_as_system(
            lambda context, work, one=one: live.platform.store.delete(
                context, work, case.object, one["id"], one["version"]
            )
        )
    make(live, case, "report")
    result = live.platform.perform_as_system(lambda context: running.run(context, case.report))

    def key(value: Any) -> str:
        return json.dumps(value)

    assert sorted(key(line.keys[0].value) for line in result.lines) == sorted(
        map(key, [*case.stored, None])
    )
    assert result.record_count == len(case.stored) + 1


def typeable(value: Any) -> Any:
    """Return a value as an input can hold it: instants to a thousandth of a second."""
    return re.sub(r"(:\d\d\.\d{3})\d{3}Z$", r"\1Z", value) if isinstance(value, str) else value


@EACH
def test_what_an_edit_form_shows_makes_the_same_value_in_a_new_one(
    live: Live, admin: Surfer, case: Case
):
    for value in case.stored:
        record_id = live.create(case.object, {"name": "shown", "value": value})
        shown = admin.get(f"/o/{case.object}/{record_id}/edit").form("/edit")

        typed = {
            name: text for name, text in shown.values.items() if name.startswith("f.value")
        } or {"f.value": None}
        form = admin.get(f"/o/{case.object}/new").form("/new")
        sent_form = admin.send_values(form, {**typed, "f.name": "typed"})

        assert sent_form.status == 303, sent_form.text
        made = sent_form.address.split("/")[3].split("?")[0]
        record = next(one for one in found(live, case.object) if one["id"] == made)
        assert typeable(record["value"]) == typeable(value)


@EACH
def test_an_edit_form_that_is_sent_as_it_came_changes_nothing(
    live: Live, admin: Surfer, case: Case
):
    for value in [*case.stored, None]:
        record_id = live.create(case.object, {"name": "kept", "value": value})
        form = admin.get(f"/o/{case.object}/{record_id}/edit").form("/edit")

        answer = admin.send(form)

        assert answer.status == 303, answer.text
        record = next(one for one in found(live, case.object) if one["id"] == record_id)
        assert (record["value"], record["version"]) == (value, 1)


@EACH
@pytest.mark.parametrize("language", ["en", "zh"])
def test_list_and_record_are_shown(live: Live, case: Case, language: str):
    surfer = Surfer(live, "admin", language)
    record_id = next(iter(make(live, case, "pages")))

    assert surfer.get(f"/o/{case.object}").status == 200
    assert surfer.get(f"/o/{case.object}/{record_id}").status == 200


# -- what values become ----------------------------------------------------------------------------


def model_of(case: Case) -> FieldModel:
    return catalog().objects[case.object].fields["value"]


def converted(way: Conversion, value: Any) -> Any:
    """Return what a value becomes; None where it becomes nothing."""
    try:
        return way.convert(value)
    except NotConvertibleError:
        return None


@EACH
def test_values_become_those_of_every_other_type_or_are_refused(case: Case):
    """What becomes a value is one that the type takes, and comes back where nothing is lost."""
    old = model_of(case)
    parser = old.type.value_field(old.options)
    values = [parser.deserialize(one) for one in case.stored]
    for other in CASES:
        new = model_of(other)
        way = conversion(old, new, zone=ZONE)
        back = conversion(new, old, zone=ZONE)
        for value in values if way is not None else []:
            made = converted(way, value)
            if made is None or made.value is None:
                continue
            checked = new.type.value_field(new.options).deserialize(sent(made.value))
            assert checked == made.value, other.id
            returned = None if made.lossy or back is None else converted(back, made.value)
            if returned is not None:
                assert converted(way, returned.value).value == made.value, other.id

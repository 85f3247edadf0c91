"""What values become when a field gets another type: kept, converted, lost, impossible."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.platform.metadata.building import build_catalog
from headrace.platform.metadata.catalog import FieldModel
from headrace.platform.metadata.conversions import NotConvertibleError, conversion
from headrace.platform.metadata.field_types import built_in
from tests.support.documents import documents, field, label, workspace

ZONE = ZoneInfo("Asia/Shanghai")
TIERS = [
    {"value": "a", "label": label("Gold", "金牌")},
    {"value": "b", "label": label("Silver", "银牌")},
]


def model(kind: str, **options: Any) -> FieldModel:
    contents = workspace()
    contents["object", "company"]["fields"].append(field("probe", kind, **options))
    built = build_catalog(documents(contents), built_in(), 1)
    assert built.catalog is not None, built.problems
    return built.catalog.objects["company"].fields["probe"]


MODELS: dict[str, FieldModel] = {
    "text": model("text", length=20),
    "short": model("text", length=3),
    "long": model("long_text"),
    "email": model("email"),
    "phone": model("phone"),
    "url": model("url"),
    "integer": model("integer"),
    "few": model("integer", least=0, most=9),
    "money": model("money"),
    "tenth": model("decimal", precision=5, scale=1),
    "percent": model("percent"),
    "boolean": model("boolean"),
    "date": model("date"),
    "instant": model("datetime"),
    "tier": model("choice", choices=TIERS),
    "rest": model("choice", choices=TIERS[1:]),
}
NOON = datetime(2025, 6, 10, 4, 0, tzinfo=UTC)
MIDNIGHT = datetime(2025, 6, 9, 16, 0, tzinfo=UTC)


def convert(old: str, new: str, value: Any) -> tuple[Any, bool] | str:
    way = conversion(MODELS[old], MODELS[new], zone=ZONE)
    if way is None:
        return "clear"
    try:
        converted = way.convert(value)
    except NotConvertibleError as refused:
        return refused.problem.code if refused.problem else "none"
    return converted.value, converted.lossy


@pytest.mark.parametrize(
    ("old", "new", "value", "result"),
    [
        ("text", "integer", "42", (42, False)),
        ("text", "integer", "007", (7, True)),
        ("text", "integer", "1,200", (1200, True)),
        ("text", "integer", "4.4", (4, True)),
        ("text", "integer", "many", "value.invalid"),
        ("text", "few", "12", "value.out_of_range"),
        ("text", "money", "12.5", (Decimal("12.50"), False)),
        ("text", "money", "12.505", (Decimal("12.51"), True)),
        ("text", "money", "9" * 30, "value.out_of_range"),
        ("text", "date", "2025-06-10", (date(2025, 6, 10), False)),
        ("text", "date", "2025/6/10", (date(2025, 6, 10), True)),
        ("text", "date", "2025-02-30", "value.invalid"),
        ("text", "instant", "2025-06-10T12:00:00+08:00", (NOON, False)),
        ("text", "instant", "soon", "value.invalid"),
        ("text", "boolean", "true", (True, False)),
        ("text", "boolean", "是", (True, True)),
        ("text", "boolean", "maybe", "value.invalid"),
        ("text", "tier", "a", ("a", False)),
        ("text", "tier", "金牌", ("a", True)),
        ("text", "tier", "bronze", "value.not_a_choice"),
        ("text", "email", "a@b.example", ("a@b.example", False)),
        ("text", "email", "nobody", "value.invalid"),
        ("text", "short", "abcdef", ("abc", True)),
        ("text", "short", "ab", ("ab", False)),
        ("long", "text", "one\ntwo", ("one two", True)),
        ("integer", "text", 42, ("42", False)),
        ("integer", "short", 12345, ("123", True)),
        ("integer", "money", 5, (Decimal("5.00"), False)),
        ("integer", "few", 12, "value.out_of_range"),
        ("money", "integer", Decimal("5.00"), (5, False)),
        ("money", "integer", Decimal("5.50"), (6, True)),
        ("money", "tenth", Decimal("1.25"), (Decimal("1.3"), True)),
        ("money", "tenth", Decimal("100000.00"), "value.out_of_range"),
        ("money", "text", Decimal("-3.10"), ("-3.10", False)),
        ("integer", "boolean", 1, (True, False)),
        ("integer", "boolean", 2, "value.invalid"),
        ("boolean", "money", True, (Decimal("1.00"), False)),
        ("boolean", "text", False, ("false", False)),
        ("date", "instant", date(2025, 6, 10), (MIDNIGHT, False)),
        ("instant", "date", MIDNIGHT, (date(2025, 6, 10), False)),
        ("instant", "date", NOON, (date(2025, 6, 10), True)),
        ("date", "text", date(2025, 6, 10), ("2025-06-10", False)),
        ("instant", "long", NOON, ("2025-06-10T04:00:00.000000Z", False)),
        ("tier", "text", "a", ("a", False)),
        ("tier", "rest", "a", "value.not_a_choice"),
        ("tier", "rest", "b", ("b", False)),
        ("date", "integer", date(2025, 6, 10), "clear"),
        ("boolean", "date", True, "clear"),
    ],
)
def test_a_value_is_kept_converted_or_refused(old, new, value, result):
    assert convert(old, new, value) == result


@pytest.mark.parametrize("name", sorted(MODELS))
def test_a_field_that_stays_as_it_is_keeps_every_value(name):
    way = conversion(MODELS[name], MODELS[name])
    assert way is not None
    assert way.identical


def test_nothing_stays_nothing():
    for old in MODELS.values():
        for new in MODELS.values():
            way = conversion(old, new)
            if way is not None:
                assert way.convert(None).value is None


VALUES: dict[str, st.SearchStrategy[Any]] = {
    "text": st.text("0123456789.-abc 金牌是true", min_size=1, max_size=20).map(str.strip),
    "integer": st.integers(-(10**15), 10**15),
    "few": st.integers(0, 9),
    "money": st.decimals(-(10**9), 10**9, places=2),
    "tenth": st.decimals(-9999, 9999, places=1),
    "boolean": st.booleans(),
    "date": st.dates(date(2, 1, 1), date(9998, 12, 31)),
    "instant": st.integers(-(10**10), 10**11).map(lambda one: datetime.fromtimestamp(one, UTC)),
    "tier": st.sampled_from(["a", "b"]),
}


@given(
    st.sampled_from(sorted(VALUES)).flatmap(lambda one: st.tuples(st.just(one), VALUES[one])),
    st.sampled_from(sorted(MODELS)),
)
def test_what_is_not_lost_comes_back(given_value, new):
    """A conversion without loss is undone by the one back; every result is one the field may have."""
    old, value = given_value
    if value in {"", None}:
        return
    result = convert(old, new, value)
    if isinstance(result, str):
        return
    made, lossy = result
    target = MODELS[new]
    if not lossy and not (old == "text" and new in {"money", "tenth", "percent", "instant"}):
        assert convert(new, old, made)[0] == value
    assert conversion(target, target) is not None
    again = conversion(MODELS["text"], target)
    assert again is not None
    if isinstance(made, str):
        assert again.convert(made).value == made


def test_keys_lead_from_records_to_texts_and_to_other_records():
    before, after = workspace(), workspace()
    before["object", "company"]["fields"].append(field("near", "lookup", to="region"))
    after["object", "company"]["fields"].append(field("near", "text", length=20))
    one, two = (
        build_catalog(documents(contents), built_in(), 1).catalog for contents in (before, after)
    )
    assert one is not None
    assert two is not None
    old, new = (catalog.objects["company"].fields["near"] for catalog in (one, two))
    there = conversion(old, new, catalogs=(one, two))
    assert there is not None
    assert there.keys is not None
    assert there.keys.target is None
    assert there.convert("id-1", {"id-1": "N"}).value == "N"
    with pytest.raises(NotConvertibleError):
        there.convert("id-2", {"id-1": "N"})
    back = conversion(new, old, catalogs=(two, one))
    assert back is not None
    assert back.convert("N", id_of={"N": "id-1"}).value == "id-1"
    with pytest.raises(NotConvertibleError):
        back.convert("S", id_of={"N": "id-1"})

"""What check finds wrong with choices and choice sets."""

from __future__ import annotations

from typing import Any

import pytest

from headrace.platform.metadata.building import build_catalog
from headrace.platform.metadata.checks import Checker, run_checks
from headrace.platform.metadata.documents import Document
from headrace.platform.metadata.field_types import built_in
from tests.support.documents import field, label


def choices(*names: str, **keys: Any) -> list[dict[str, Any]]:
    return [{"value": one, "label": label(one, one), **keys} for one in names]


SET = {"kind": "choice_set", "name": "sizes", "label": label("Sizes", "尺寸")}


def documents(*fields: Any, sizes: list[Any] | None = None) -> list[Document]:
    thing = {"kind": "object", "name": "thing", "label": label("Thing", "物")}
    made: list[dict[str, Any]] = [{**thing, "fields": list(fields)}]
    if sizes is not None:
        made.append({**SET, "choices": sizes})
    return [Document("m", one) for one in made]


def found(made: list[Document]) -> set[tuple[str, str]]:
    built = build_catalog(made, built_in(), 1)
    checked = run_checks(built.catalog) if built.catalog else ()
    told = [
        one for one in (*built.problems, *checked) if one.code.startswith(("choice", "default"))
    ]
    told += [
        one for one in (*built.problems, *checked) if one.code.startswith(("option", "ref.unknown"))
    ]
    return {(one.code, one.path) for one in told}


AT = "/m/objects/thing.json/fields"
SIDE = field("side", "choice", choices=choices("left", "right"))


def city(**keys: Any) -> dict[str, Any]:
    return field("city", "choice", choices=choices("a", "b"), **keys)


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (documents(SIDE, sizes=choices("s")), ("choice_set.unused", "sizes.json/name")),
        (documents(SIDE, sizes=choices("s", "S")), ("option.duplicate", "/choices/0/value")),
        (documents(SIDE, sizes=choices("s", active=False)), ("choice.none_active", "/choices")),
        (
            documents(field("x", "choice", choices=choices("s", active=False))),
            ("choice.none_active", "/0/choices"),
        ),
        (documents(SIDE, city(depends_on="side")), ("choice.depends_half", "/1/depends_on")),
        (documents(SIDE, city(allowed={"left": ["a"]})), ("choice.depends_half", "/1/allowed")),
        (
            documents(SIDE, city(depends_on="sides", allowed={"left": ["a", "b"]})),
            ("ref.unknown_field", "/1/depends_on"),
        ),
        (
            documents(SIDE, city(depends_on="city", allowed={"a": ["a", "b"]})),
            ("choice.cannot_depend", "/1/depends_on"),
        ),
        (
            documents(field("n", "integer"), city(depends_on="n", allowed={"1": ["a", "b"]})),
            ("choice.cannot_depend", "/1/depends_on"),
        ),
        (
            documents(SIDE, city(depends_on="side", allowed={"up": ["a", "b"]})),
            ("choice.unknown_value", "/1/allowed/up"),
        ),
        (
            documents(SIDE, city(depends_on="side", allowed={"left": ["a", "c", "b"]})),
            ("choice.unknown_value", "/1/allowed/left/1"),
        ),
        (
            documents(SIDE, city(depends_on="side", allowed={"left": ["a"]})),
            ("choice.never_allowed", "/1/allowed"),
        ),
        (
            documents(
                city(depends_on="town", allowed={"a": ["a", "b"]}),
                {**city(depends_on="city", allowed={"a": ["a", "b"]}), "name": "town"},
            ),
            ("choice.depends_circle", "/0/depends_on"),
        ),
        (
            documents(
                field(
                    "x",
                    "choice",
                    default="'a'",
                    choices=[*choices("a", active=False), *choices("b")],
                )
            ),
            ("default.invalid", "/0/default"),
        ),
    ],
)
def test_what_is_wrong_is_told_where_it_stands(
    made: list[Document], expected: tuple[str, str]
) -> None:
    code, end = expected
    assert any(one == code and path.endswith(end) for one, path in found(made)), found(made)


def test_a_boolean_may_decide() -> None:
    fresh = field("fresh", "boolean")
    table = {"true": ["a"], "false": ["a", "b"]}
    assert found(documents(fresh, city(depends_on="fresh", allowed=table))) == set()


def test_a_build_that_takes_over_the_last_one_follows_its_sets() -> None:
    fields = field("size", "choice", choice_set="sizes"), SIDE
    before = build_catalog(documents(*fields, sizes=choices("s", "m")), built_in(), 1).catalog
    assert before is not None
    after = build_catalog(documents(*fields, sizes=choices("s", "l")), built_in(), 2, before)
    assert after.catalog is not None
    assert after.catalog.objects["thing"].fields["size"].type.declared(
        after.catalog.objects["thing"].fields["size"].options
    ) == ("s", "l")
    gone = build_catalog(documents(*fields), built_in(), 3, after.catalog)
    assert {one.code for one in gone.problems} == {"ref.unknown"}
    kept, checker = before.objects["thing"].fields["side"], Checker()
    assert after.catalog.objects["thing"].fields["side"] is kept
    assert checker.run(before) == run_checks(before)
    assert checker.run(after.catalog) == run_checks(after.catalog)


def test_several_values_name_no_record_and_keep_none_apart() -> None:
    several = field("tags", "multi_choice", choices=choices("a", "b"), unique=True)
    made = documents(SIDE, several)
    made[0] = Document("m", {**made[0].content, "title": "tags"})
    built = build_catalog(made, built_in(), 1)
    assert built.catalog is not None
    told = {(one.code, one.path) for one in run_checks(built.catalog)}
    assert ("object.title", "/m/objects/thing.json/title") in told
    assert ("field.inert_key", f"{AT}/1/unique") in told

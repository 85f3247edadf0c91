"""Merging: changes of both sides are kept, or listed as conflicts; nothing untouched is lost."""

from __future__ import annotations

import copy
import random
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from headrace.platform.core.canonical import canonical_bytes, document_text
from headrace.platform.metadata.aligning import MISSING, NAMES
from headrace.platform.metadata.documents import Document
from headrace.platform.metadata.merging import Merged, Resolution, merge
from tests.support.documents import workspace
from tests.support.editing import Editor, facts, seed_documents

SEEDS = seed_documents()


def document(content: dict[str, Any], module: str = "m") -> Document:
    return Document(module, content)


def view(**keys: Any) -> dict[str, Any]:
    return {"kind": "view", "id": "v1", "name": "open", "object": "claim", "type": "table", **keys}


def merged(base: Any, ours: Any, theirs: Any, **resolutions: Resolution) -> Merged:
    """Merge one document."""
    sides = [[] if one is None else [document(copy.deepcopy(one))] for one in (base, ours, theirs)]
    answers = {key.replace("__", "/"): value for key, value in resolutions.items()}
    return merge(*sides, answers)


def content(result: Merged) -> dict[str, Any]:
    assert result.conflicts == ()
    return dict(result.documents[0].content)


# -- examples --------------------------------------------------------------------------------------


def test_changes_of_different_keys_are_both_taken():
    base = view(columns=["a"], label={"en": "Open", "zh": "未结"})
    ours = view(columns=["a"], label={"en": "Unpaid", "zh": "未结"}, where="x > 1")
    theirs = view(columns=["a"], label={"en": "Open", "zh": "待办"})
    assert content(merged(base, ours, theirs)) == view(
        columns=["a"], label={"en": "Unpaid", "zh": "待办"}, where="x > 1"
    )


def test_the_same_change_on_both_sides_is_one_change():
    result = merged(view(columns=["a"]), view(columns=["a", "b"]), view(columns=["a", "b"]))
    assert content(result)["columns"] == ["a", "b"]


def test_different_changes_of_one_key_are_a_conflict_and_ours_stands_until_it_is_settled():
    sides = view(where="a"), view(where="b"), view(where="c")
    result = merged(*sides)
    (conflict,) = result.conflicts
    assert (conflict.key, conflict.path) == ("view/open/where", "/where")
    assert (conflict.base, conflict.ours, conflict.theirs) == ("a", "b", "c")
    assert conflict.sentence.en == (
        "where of view “open”: “b” in here, “c” in the other side; it was “a”."
    )
    assert "where" in conflict.sentence.zh
    assert result.documents[0].content["where"] == "b"
    assert content(merged(*sides, view__open__where=Resolution("theirs")))["where"] == "c"
    assert content(merged(*sides, view__open__where=Resolution("ours")))["where"] == "b"
    assert content(merged(*sides, view__open__where=Resolution(value="d")))["where"] == "d"
    assert "where" not in content(merged(*sides, view__open__where=Resolution(value=MISSING)))


def test_a_resolution_that_settles_nothing_is_told():
    result = merged(view(), view(where="b"), view(), view__open__where=Resolution("theirs"))
    assert result.unused == ("view/open/where",)
    assert content(result)["where"] == "b"


def test_a_document_deleted_here_and_changed_there_is_a_conflict():
    result = merged(view(where="a"), None, view(where="b"))
    (conflict,) = result.conflicts
    assert (conflict.key, conflict.ours) == ("view/open", MISSING)
    assert "ours" not in conflict.render("en")
    assert result.documents == ()
    kept = merged(view(where="a"), None, view(where="b"), view__open=Resolution("theirs"))
    assert content(kept)["where"] == "b"


def test_a_document_deleted_here_and_untouched_there_is_gone():
    assert merged(view(), None, view()) == Merged(())


def test_items_are_matched_by_id_so_a_rename_and_a_change_meet():
    def of(*fields: dict[str, Any]) -> dict[str, Any]:
        return {"kind": "object", "id": "o", "name": "claim", "fields": list(fields)}

    amount = {"id": "f1", "name": "amount", "type": "money"}
    note = {"id": "f2", "name": "note", "type": "text"}
    base = of(amount, note)
    ours = of({**amount, "name": "total"}, note, {"id": "f3", "name": "ours", "type": "date"})
    theirs = of(note, {**amount, "required": True}, {"id": "f4", "name": "theirs", "type": "date"})
    fields = content(merged(base, ours, theirs))["fields"]
    assert [one["name"] for one in fields] == ["note", "ours", "total", "theirs"]
    assert fields[2] == {**amount, "name": "total", "required": True}


def test_a_field_that_was_made_again_is_another_field():
    def of(*fields: dict[str, Any]) -> dict[str, Any]:
        return {"kind": "object", "id": "o", "name": "claim", "fields": list(fields)}

    old = {"id": "f1", "name": "amount", "type": "money"}
    result = merged(of(old), of({**old, "id": "f9"}), of({**old, "required": True}))
    assert [one.key for one in result.conflicts] == ["object/claim/fields/amount"]
    assert result.documents[0].content["fields"] == [{**old, "id": "f9"}]


def test_both_sides_adding_a_thing_of_one_name_is_a_conflict():
    def of(*fields: dict[str, Any]) -> dict[str, Any]:
        return {"kind": "object", "id": "o", "name": "claim", "fields": list(fields)}

    one = {"id": "f1", "name": "note", "type": "text"}
    other = {"id": "f2", "name": "note", "type": "text"}
    result = merged(of(), of(one), of(other))
    assert [one.key for one in result.conflicts] == ["object/claim/fields/note"]
    assert content(merged(of(), of(one), of(one)))["fields"] == [one]


def test_adds_and_removes_of_texts_are_all_kept_in_order():
    result = merged(
        view(columns=["a", "b", "c", "d"]),
        view(columns=["a", "x", "c", "d"]),
        view(columns=["a", "b", "c", "y", "d", "z"]),
    )
    assert content(result)["columns"] == ["a", "x", "c", "y", "d", "z"]


def test_a_move_here_and_an_addition_there_are_both_kept():
    result = merged(
        view(columns=["a", "b", "c"]),
        view(columns=["c", "a", "b"]),
        view(columns=["a", "b", "c", "x"]),
    )
    assert content(result)["columns"] == ["c", "x", "a", "b"]


def test_different_moves_are_a_conflict():
    sides = (
        view(columns=["a", "b", "c"]),
        view(columns=["c", "a", "b"]),
        view(columns=["b", "a", "c"]),
    )
    result = merged(*sides)
    (conflict,) = result.conflicts
    assert (conflict.key, conflict.path) == ("view/open/columns#order", "/columns")
    assert conflict.theirs == ["b", "a", "c"]
    assert result.documents[0].content["columns"] == ["c", "a", "b"]
    answer = {"view/open/columns#order": Resolution("theirs")}
    settled = merge(*([document(one)] for one in sides), answer)
    assert content(settled)["columns"] == ["b", "a", "c"]


def grants(*some: dict[str, Any]) -> dict[str, Any]:
    return {
        "kind": "permission",
        "id": "p",
        "name": "claim",
        "object": "claim",
        "grants": list(some),
    }


def test_a_grant_that_both_sides_narrow_is_narrowed_twice_and_never_doubled():
    everything = {"role": "clerk", "actions": ["read", "update"], "scope": "all"}
    ours = grants({**everything, "when": "status = 'draft'"})
    theirs = grants({**everything, "scope": "own"})
    result = merged(grants(everything), ours, theirs)
    assert content(result)["grants"] == [{**everything, "scope": "own", "when": "status = 'draft'"}]


def test_scopes_are_never_mixed():
    one = {"role": "clerk", "actions": ["read"], "scope": {"assigned": "owner"}}
    result = merged(
        grants(one),
        grants({**one, "scope": {"assigned": "boss"}}),
        grants({**one, "scope": {"criteria": "a > 1"}}),
    )
    assert [one.key for one in result.conflicts] == ["permission/claim/grants/clerk/scope"]


def test_a_list_that_both_sides_add_where_none_means_all_is_a_conflict():
    result = merged(view(), view(roles=["a"]), view(roles=["b"]))
    assert [one.key for one in result.conflicts] == ["view/open/roles"]


def test_a_type_and_its_options_are_one_value():
    def of(**keys: Any) -> dict[str, Any]:
        one = {"id": "f", "name": "amount", "label": {"en": "Amount"}, **keys}
        return {"kind": "object", "id": "o", "name": "claim", "fields": [one]}

    base = of(type="text", length=20)
    ours = of(type="money")
    assert content(merged(base, ours, of(type="text", length=20, help={"en": "Net"}))) == of(
        type="money", help={"en": "Net"}
    )
    result = merged(base, ours, of(type="text", length=40))
    (conflict,) = result.conflicts
    assert conflict.key == "object/claim/fields/amount/type"
    assert conflict.path == "/fields/0/type"
    key = "object/claim/fields/amount/type"
    settled = merge(
        [document(base)],
        [document(ours)],
        [document(of(type="text", length=40))],
        {key: Resolution("theirs")},
    )
    assert content(settled) == of(type="text", length=40)


def test_true_is_not_one():
    result = merged(view(max=1), view(max=True), view(max=1))
    assert content(result)["max"] is True


def test_a_definition_that_one_side_moved_to_another_module_keeps_the_other_sides_change():
    base = document(view())
    result = merge([base], [document(view(), "other")], [document(view(where="a"))])
    assert result.documents == (document(view(where="a"), "other"),)


def test_documents_without_ids_are_matched_by_name():
    base = {"kind": "role", "name": "clerk"}
    result = merged(base, {**base, "id": "r1"}, {**base, "design": True})
    assert content(result) == {**base, "id": "r1", "design": True}


def test_a_whole_document_is_settled_by_a_document_only():
    sides = view(where="a"), None, view(where="b")
    nonsense = merged(*sides, view__open=Resolution(value="nonsense"))
    assert nonsense.conflicts
    assert nonsense.unused == ("view/open",)
    assert content(merged(*sides, view__open=Resolution(value=view(where="c")))) == view(where="c")


def test_extensions_of_one_name_but_of_different_kinds_are_different_documents():
    both = [
        {"kind": "extends", "of": "object", "name": "claim", "search": ["a"]},
        {"kind": "extends", "of": "permission", "name": "claim", "grants": []},
    ]
    documents = [document(one) for one in both]
    changed = [document({**both[0], "search": ["a", "b"]}), documents[1]]

    assert merge(documents, changed, documents).documents == tuple(changed)


def test_what_both_sides_add_to_an_extension_is_kept():
    base = {"kind": "extends", "id": "e", "of": "form", "name": "entry", "items": {"top": ["a"]}}
    ours = {**base, "items": {"top": ["a", "b"]}, "after": {"b": "x"}}
    theirs = {**base, "items": {"top": ["a"], "end": ["c"]}, "after": {"c": ""}}
    assert content(merged(base, ours, theirs)) == {
        **base,
        "items": {"end": ["c"], "top": ["a", "b"]},
        "after": {"b": "x", "c": ""},
    }


def test_a_conflict_in_an_extension_is_named_after_module_and_kind():
    base = {"kind": "extends", "id": "e", "of": "view", "name": "open", "after": {"a": "b"}}
    result = merged(base, {**base, "after": {"a": "c"}}, {**base, "after": {"a": "d"}})
    assert [one.key for one in result.conflicts] == ["extends:m:view/open/after/a"]
    assert result.conflicts[0].sentence.en.startswith("a of after of extends view “open”")


# -- properties ------------------------------------------------------------------------------------


@pytest.fixture(scope="module", params=["seeds", "workspace"])
def base(request: pytest.FixtureRequest) -> list[Document]:
    if request.param == "seeds":
        return SEEDS
    return [Document("claims", one) for one in workspace().values()]


def edited(base: list[Document], seed: int, mark: str, times: int) -> list[Document]:
    return Editor(base, random.Random(f"{seed}{mark}"), mark).edit(times)


def plain(documents: Any) -> list[str]:
    return sorted(one.module + document_text(dict(one.content)) for one in documents)


def in_items_without_names(place: str) -> str:
    """The list that holds a fact about an item without a name; such items change as a whole."""
    return place.split("/=", maxsplit=1)[0]


def covered(place: str, conflicts: Any) -> bool:
    """Whether a conflict is about a place, or about something in it or around it."""
    for one in conflicts:
        key = one.key.removesuffix("#order")
        list_key = in_items_without_names(key)
        if place == key or place.startswith(key + "/") or key.startswith(place + "/"):
            return True
        if one.key.endswith("/type") and place.startswith(key.removesuffix("type")):
            return True
        if place.startswith(list_key + "/="):
            return True
    return False


def check_nothing_lost(base: list[Document], ours: list[Document], theirs: list[Document]) -> None:
    result = merge(base, ours, theirs)
    before = facts(base, base)
    sides = facts(ours, base), facts(theirs, base)
    after = facts(result.documents, base)
    touched = [
        {place for place in before.keys() | side.keys() if before.get(place) != side.get(place)}
        for side in sides
    ]
    lists = [{in_items_without_names(place) for place in one if "/=" in place} for one in touched]
    for place in before.keys() | sides[0].keys() | sides[1].keys() | after.keys():
        wanted = {
            side.get(place) for side, its in zip(sides, touched, strict=True) if place in its
        } or {before.get(place)}
        if after.get(place) in wanted and (len(wanted) == 1 or covered(place, result.conflicts)):
            continue
        if covered(place, result.conflicts):
            continue
        # items without a name are known by their content, so a copy on one side and a change on the
        # other are merged within the list that holds them
        assert "/=" in place, (place, before.get(place), wanted, after.get(place))
        inside = in_items_without_names(place)
        assert any(inside in its for its in lists), place


@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 2**32))
def test_a_change_on_one_side_is_the_result(base, seed):
    changed = edited(base, seed, "x", 12)
    for result in (merge(base, changed, base), merge(base, base, changed)):
        assert result.conflicts == ()
        assert plain(result.documents) == plain(changed)
    assert plain(merge(base, changed, changed).documents) == plain(changed)


@settings(deadline=None, max_examples=40)
@given(seed=st.integers(0, 2**32), times=st.integers(1, 40))
def test_nothing_untouched_is_lost_and_every_edit_is_there_or_in_conflict(base, seed, times):
    check_nothing_lost(base, edited(base, seed, "x", times), edited(base, seed, "y", times))


@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 2**32), times=st.integers(1, 30))
def test_it_does_not_matter_who_is_ours_but_in_conflicts(base, seed, times):
    ours, theirs = edited(base, seed, "x", times), edited(base, seed, "y", times)
    one, other = merge(base, ours, theirs), merge(base, theirs, ours)
    keys = sorted(conflict.key for conflict in one.conflicts)
    assert keys == sorted(conflict.key for conflict in other.conflicts)
    everything = {key: Resolution("ours") for key in keys}
    turned = {key: Resolution("theirs") for key in keys}
    settled = merge(base, ours, theirs, everything)
    assert settled.conflicts == ()
    assert settled.unused == ()
    assert plain(settled.documents) == plain(one.documents)
    assert plain(settled.documents) == plain(merge(base, theirs, ours, turned).documents)


def has_twins(value: Any) -> bool:
    """Whether a list in it has items without a name or an id that are equal."""
    if isinstance(value, Mapping):
        return any(map(has_twins, value.values()))
    if not isinstance(value, list):
        return False
    nameless = [
        canonical_bytes(one)
        for one in value
        if isinstance(one, dict) and {"id", *NAMES}.isdisjoint(one)
    ]
    return len(set(nameless)) < len(nameless) or any(map(has_twins, value))


@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 2**32), times=st.integers(1, 30))
def test_merging_again_changes_nothing(base, seed, times):
    ours, theirs = edited(base, seed, "x", times), edited(base, seed, "y", times)
    # Of two grants that say the same nobody can tell which one the other side changed.
    assume(not any(has_twins(one.content) for one in (*ours, *theirs)))
    once = merge(base, ours, theirs)
    again = merge(base, once.documents, theirs)
    assert plain(again.documents) == plain(once.documents)


@settings(deadline=None, max_examples=15)
@given(seed=st.integers(0, 2**32))
def test_the_result_is_canonical(base, seed):
    result = merge(base, edited(base, seed, "x", 9), edited(base, seed, "y", 9))
    for one in result.documents:
        shuffled = dict(reversed(one.content.items()))
        assert document_text(dict(one.content)) == document_text(shuffled)
    files = [one.file for one in result.documents]
    assert files == sorted(files)


def test_many_random_merges(deep):
    for seed in range(2_000 if deep else 60):
        base = SEEDS if seed % 2 else [Document("claims", one) for one in workspace().values()]
        times = seed % 37 + 1
        check_nothing_lost(base, edited(base, seed, "x", times), edited(base, seed, "y", times))

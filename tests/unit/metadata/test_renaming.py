"""Another name for anything: whatever names it follows, it means the same, and the way back gives the same bytes."""

from __future__ import annotations

import functools
import random
from collections.abc import Sequence

import pytest

from headrace.platform.core.canonical import canonical_bytes
from headrace.platform.core.errors import NotFoundError, RefusedError
from headrace.platform.metadata.building import build_catalog
from headrace.platform.metadata.catalog import Catalog
from headrace.platform.metadata.checks import run_checks
from headrace.platform.metadata.definitions.choices import ChoiceDef, renamed_values
from headrace.platform.metadata.documents import Document
from headrace.platform.metadata.field_types import built_in
from headrace.platform.metadata.references.declaring import Declared, declared
from headrace.platform.metadata.references.rewriting import Names, rewritten
from headrace.platform.publishing.renaming import rename
from tests.support.documents import label
from tests.unit.metadata.test_references import catalog_of, seeds, small

KEPT = frozenset({"calendar"})
"""The calendar of the seeds is the one that is used where none is named."""


@functools.cache
def seeded() -> Catalog:
    return catalog_of(seeds())


@functools.cache
def smaller() -> Catalog:
    return catalog_of(small())


def everything(
    catalog: Catalog, documents: Sequence[Document] = ()
) -> list[tuple[Document, Declared]]:
    return [
        (one, part) for one in documents or catalog.documents for part in declared(catalog, one)
    ]


def _with(catalog: Catalog, documents: Sequence[Document], names: Names) -> list[Document]:
    after = {id(before): made for before, made, _ in rewritten(catalog, documents, names)}
    return [after.get(id(one), one) for one in documents]


def _bytes(documents: Sequence[Document]) -> list[bytes]:
    return [canonical_bytes(one.content) for one in documents]


def test_everything_renamed_at_once_has_no_problem_and_comes_back_to_the_same_bytes():
    catalog = seeded()
    old = everything(catalog)
    # Fields that a place names together get the same name: numbered by what they are called.
    numbers = {name: position for position, name in enumerate({part.name for _, part in old})}
    names = {
        (one.kind, one.id): f"other_{numbers[one.name]}" for _, one in old if one.kind not in KEPT
    }
    documents = _with(catalog, catalog.documents, names)
    new = catalog_of(documents)
    assert run_checks(new) == run_checks(catalog)
    renamed = everything(new, documents)
    assert len(renamed) == len(old) > 500
    back = {
        (now.kind, now.id): before.name
        for (_, now), (_, before) in zip(renamed, old, strict=True)
        if before.kind not in KEPT
    }
    assert _bytes(_with(new, documents, back)) == _bytes(catalog.documents)


def _there_and_back(catalog: Catalog, document: Document, part: Declared) -> None:
    made = rename(catalog, document, part.path, "gone_elsewhere", built_in())
    after = {before.content["id"]: one for before, one in made.documents}
    wanted = [after.get(one.content["id"], one) for one in catalog.documents]
    built = build_catalog(wanted, built_in(), 1, catalog)
    assert built.catalog is not None
    again = next(one for one in wanted if one.content["id"] == document.content["id"])
    back = rename(built.catalog, again, part.path, part.name, built_in())
    returned = {one.content["id"]: done for one, done in back.documents}
    finally_there = [returned.get(one.content["id"], one) for one in wanted]
    assert _bytes(finally_there) == _bytes(catalog.documents), part
    assert len(back.places) == len(made.places)


def test_one_thing_renamed_there_and_back_gives_the_same_bytes(deep: bool):
    catalog = seeded()
    parts = [one for one in everything(catalog) if one[1].kind not in KEPT]
    for document, part in parts if deep else random.Random(11).sample(parts, 5):
        _there_and_back(catalog, document, part)


def _find(catalog: Catalog, kind: str, name: str, within: str = "") -> tuple[Document, str]:
    return next(
        (document, part.path)
        for document, part in everything(catalog)
        if (part.kind, part.name) == (kind, name) and within in {"", document.name}
    )


def test_fields_that_a_place_names_by_one_word_go_together():
    catalog = seeded()
    document, path = _find(catalog, "field", "order_line", "stock_reservation")
    made = rename(catalog, document, path, "line_of_order", built_in())
    assert made.along == ("order_line",)
    assert {after.name for _, after in made.documents} >= {"stock_reservation", "shipment_line"}


def test_what_a_dashboard_measures_follows_its_field():
    catalog = seeded()
    document, path = _find(catalog, "field", "payable_amount", "sales_order")
    made = rename(catalog, document, path, "to_pay", built_in())
    (board,) = [after for _, after in made.documents if after.kind == "dashboard"]
    assert "sum_to_pay" in {one.get("measure") for one in board.content["tiles"]}


def test_a_name_that_something_else_has_is_refused():
    catalog = smaller()
    document, path = _find(catalog, "field", "name", "company")
    for name, code in (("region", "rename.taken"), ("Name", "name."), ("and", "")):
        with pytest.raises(RefusedError) as refused:
            rename(catalog, document, path, name, built_in())
        assert refused.value.problems[0].code.startswith(code)


def test_a_name_that_would_be_read_as_something_else_is_refused():
    catalog = seeded()
    document, path = _find(catalog, "calendar", "standard")
    with pytest.raises(RefusedError):
        rename(catalog, document, path, "usual_hours", built_in())


def test_places_without_a_name_of_their_own_cannot_be_renamed():
    catalog = smaller()
    for kind, path in (("object", "/title"), ("object", "/fields/99")):
        document = next(one for one in catalog.documents if one.kind == kind)
        with pytest.raises(NotFoundError):
            rename(catalog, document, path, "other", built_in())


@pytest.mark.parametrize("seed", range(6))
def test_records_find_their_choices_whatever_these_were_called_between_two_publishes(seed: int):
    """Each choice is known by its label: renamed, swapped, added and given up in drafts by chance."""
    chosen = random.Random(seed)
    first = [{"value": one, "label": label(one, one)} for one in "abc"]
    content = {"kind": "choice_set", "name": "s", "label": label("S", "集"), "choices": first}
    module = {"kind": "module", "name": "m", "version": "1.0.0", "label": label("M", "模")}
    versions = [catalog_of([Document("m", module), Document("m", content)])]
    for number in range(25):
        draft, act = versions[-1], chosen.choice(("add", "drop"))
        for step in range(chosen.randrange(1, 6)):
            draft = _edited(draft, versions[-1], chosen, act, f"n{number}-{step}")
        versions.append(draft)
        for before, after in ((versions[-2], draft), (draft, versions[-2])):
            then, now = (one.choice_sets["s"].choices for one in (before, after))
            labels = {one.label.en: one.value for one in now}
            stay = {one.value: labels[one.label.en] for one in then if one.label.en in labels}
            wanted = {old: new for old, new in stay.items() if old != new}
            assert renamed_values(then, now) == wanted, (_told(then), _told(now))


def _edited(
    catalog: Catalog, live: Catalog, chosen: random.Random, act: str, added: str
) -> Catalog:
    (document,) = [one for one in catalog.documents if one.kind == "choice_set"]
    choices = list(document.content["choices"])
    free = [one for one in "abcdef" if one not in {one["value"] for one in choices}]
    if chosen.random() < 0.7:
        path = f"/choices/{chosen.randrange(len(choices))}"
        made = rename(catalog, document, path, chosen.choice(free), built_in(), live)
        changed = {id(before): after for before, after in made.documents}
        return catalog_of([changed.get(id(one), one) for one in catalog.documents])
    if act == "add" and len(choices) < 4:
        choices.insert(chosen.randrange(3), {"value": added, "label": label(added, added)})
    elif act == "drop" and len(choices) > 2:
        choices.pop(chosen.randrange(len(choices)))
    other = Document("m", {**document.content, "choices": choices})
    return catalog_of([other if one is document else one for one in catalog.documents])


def _told(choices: Sequence[ChoiceDef]) -> list[tuple[str, str, tuple[str, ...]]]:
    return [(one.label.en, one.value, one.was) for one in choices]

"""Where-used: the table is closed, and what the build misses when something goes is what was found."""

from __future__ import annotations

import copy
import dataclasses
import functools
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any, get_args

import pytest

import headrace
from headrace.platform.core.ids import RandomIds
from headrace.platform.metadata.building import build_catalog
from headrace.platform.metadata.catalog import Catalog
from headrace.platform.metadata.checks import run_checks
from headrace.platform.metadata.definitions.keys import Formula, Name
from headrace.platform.metadata.definitions.keys import Path as FieldPath
from headrace.platform.metadata.documents import Document
from headrace.platform.metadata.field_types import built_in
from headrace.platform.metadata.references import HOW, Use, find, parts, uses
from headrace.platform.metadata.references.rules import INSIDE, OWN_NAMES, PLAIN, RULES
from headrace.platform.publishing.folders import read_modules
from headrace.platform.publishing.identities import assign_ids
from tests.support.documents import workspace
from tests.support.metadata_keys import keys

SEEDS = Path(headrace.__file__).parent / "seed_schemas"


@functools.cache
def seeds() -> tuple[Document, ...]:
    modules = read_modules(SEEDS, built_in())
    documents, _ = assign_ids(modules.documents, (), RandomIds())
    return documents


def catalog_of(documents: Sequence[Document]) -> Catalog:
    built = build_catalog(documents, built_in(), 1)
    assert built.catalog is not None, built.problems
    return built.catalog


def small() -> tuple[Document, ...]:
    documents = [Document("claims", one) for one in workspace().values()]
    return assign_ids(documents, (), RandomIds())[0]


def places(found: Sequence[Use]) -> set[tuple[str, str, str]]:
    return {(use.name, use.path, use.how) for use in found}


# -- the table ---------------------------------------------------------------------------------------


def _names(annotation: Any) -> bool:
    """Whether a key holds a name, path, formula or plain text, alone or in a list."""
    if annotation in (Name, FieldPath, Formula, str):
        return True
    return any(_names(part) for part in get_args(annotation) if part is not type(None))


def test_every_key_that_could_name_something_is_in_the_table():
    known = {*RULES, *INSIDE, *OWN_NAMES, *PLAIN}
    missing = [
        f"{definition.__name__}.{attribute}"
        for definition, attribute, annotation in keys()
        if attribute != "id" and _names(annotation) and (definition, attribute) not in known
    ]
    assert missing == []


def test_every_way_of_using_has_words():
    assert {rule.how for rule in RULES.values()} <= set(HOW)
    for text in HOW.values():
        assert "{by}" in text.en
        assert "{by}" in text.zh


# -- what is found -----------------------------------------------------------------------------------


def test_a_field_is_found_in_everything_that_names_it():
    found = uses(catalog_of(seeds())).of("field", "partner.territory")
    by = {(use.kind, use.how) for use in found}
    assert {
        ("approval", "approver within"),
        ("object", "formula"),
        ("object", "scope"),
        ("report", "group"),
    } <= by
    assert all(use.path.startswith("/") and use.sentence.en and use.sentence.zh for use in found)


def test_states_are_found_in_transitions_outcomes_and_comparisons():
    found = uses(catalog_of(seeds())).of("state", "order_flow.draft")
    assert {"from", "to", "compared"} <= {use.how for use in found}


def test_queries_are_listed_as_disclosed():
    found = uses(catalog_of(seeds())).of("object", "price_book_entry")
    asked = [use for use in found if use.disclosed]
    assert asked
    assert "disclosed" in asked[0].sentence.en


def test_ids_and_names_find_the_same():
    references = uses(catalog_of(seeds()))
    used = find(references.catalog, "field", "partner.tier")
    assert used is not None
    assert references.of("field", used.id) == references.of("field", "partner.tier") != ()


def test_names_in_other_objects_are_not_taken_for_the_field():
    references = uses(catalog_of(small()))
    for use in references.of("field", "company.name"):
        assert (use.kind, use.name) != ("object", "region")


def test_nothing_is_called_so():
    references = uses(catalog_of(small()))
    for kind in ("field", "object", "state", "choice", "role", "approval", "nonsense"):
        assert references.of(kind, "no.such") == ()


def test_uses_of_an_object_can_take_in_those_of_its_fields():
    references = uses(catalog_of(small()))
    inside = references.of_parts("object", "claim")
    assert {use.used.kind for use in inside} >= {"object", "field"}
    assert not [use for use in inside if (use.kind, use.name) == ("object", "claim")]


# -- the build as the judge --------------------------------------------------------------------------


GONE = "gone_by_the_test"


def _without(documents: Sequence[Document], kind: str, name: str) -> tuple[Document, ...]:
    """Call a definition, or a part of one, otherwise, so that nobody finds it under its name."""
    owner, _, part = name.partition(".")
    lists = {
        "field": ("fields", {"object", "extends"}, owner),
        "state": ("states", {"workflow"}, owner),
        "transition": ("transitions", {"workflow"}, owner),
        "constant": ("constants", {"module"}, None),
    }
    result = []
    for document in documents:
        content = copy.deepcopy(dict(document.content))
        if (document.kind, document.name) == (kind, name):
            content["name"] = GONE
        if kind in lists:
            key, kinds, holder = lists[kind]
            if document.kind in kinds and holder in {None, document.name}:
                for one in content.get(key, ()):
                    if one["name"] == (part or name):
                        one["name"] = GONE
        result.append(Document(document.module, content))
    return tuple(result)


def _targets(catalog: Catalog) -> list[tuple[str, str]]:
    targets = [("role", name) for name in catalog.roles]
    targets += [("constant", name) for name in catalog.constants]
    for model in catalog.objects.values():
        targets.append(("object", model.name))
        for one in model.fields.values():
            if not one.system:
                targets.append(("field", f"{model.name}.{one.name}"))
    for workflow in catalog.workflows.values():
        targets.append(("workflow", workflow.name))
        targets += [("state", f"{workflow.name}.{name}") for name in workflow.states]
        targets += [("transition", f"{workflow.name}.{name}") for name in workflow.transitions]
    return targets


MISSING = ("ref.", "formula.unknown", "workflow.unknown", "approval.unknown")
"""Codes of problems that say that a name means nothing."""


def _found_missing(documents: Sequence[Document]) -> set[str]:
    built = build_catalog(documents, built_in(), 1)
    found = [*built.problems, *(run_checks(built.catalog) if built.catalog else ())]
    return {one.path for one in found if one.code.startswith(MISSING) and one.path}


def _same_place(place: str, uses_there: set[str]) -> bool:
    """Whether a use stands at the place of a problem, below it or above it."""
    return any(one == place or one.startswith(place + "/") for one in uses_there) or any(
        place.startswith(one + "/") for one in uses_there
    )


def test_what_the_build_misses_was_found_as_a_use(deep: bool):
    """Take each definition away: every problem of a missing name stands at a use that was told."""
    documents = seeds()
    catalog = catalog_of(documents)
    references = uses(catalog)
    targets = _targets(catalog)
    if not deep:
        targets = random.Random(7).sample(targets, 40)
    for kind, name in targets:
        used = find(catalog, kind, name)
        assert used is not None, (kind, name)
        inside = {(one.kind, one.id) for one in parts(catalog, used)}
        files = {(one.module, one.kind, one.name): one.file for one in documents}
        told = {
            "/" + files[use.module, use.kind, use.name] + use.path
            for use in references
            if (use.used.kind, use.used.id) in inside
        }
        for missing in _found_missing(_without(documents, kind, name)):
            if f"/{GONE}.json" in missing or (kind == "field" and missing.endswith("/workflow")):
                continue  # what follows in the renamed thing itself
            assert _same_place(missing, told), (kind, name, missing)


# -- keeping -----------------------------------------------------------------------------------------


def test_what_is_kept_from_one_catalog_to_the_next_is_right():
    documents = list(small())
    first = catalog_of(documents)
    assert uses(first) is uses(first)
    content = copy.deepcopy(dict(documents[-1].content))
    content["label"] = {"en": "Other", "zh": "其他"}
    documents[-1] = Document(documents[-1].module, content)
    second = catalog_of(documents)
    mixed = dataclasses.replace(second, objects=first.objects, workflows=first.workflows)
    kept = uses(dataclasses.replace(mixed, fingerprint="mixed"))
    assert [use.render("en") for use in kept] == [
        use.render("en") for use in uses(dataclasses.replace(second, fingerprint="fresh"))
    ]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_sentences_have_no_holes(language: str):
    for use in uses(catalog_of(seeds())):
        shown = use.render(language)
        assert shown["text"]
        assert "{" not in shown["text"]
        assert shown["used"]["name"]
        assert shown["path"].startswith("/")

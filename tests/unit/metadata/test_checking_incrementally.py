"""Checks that look only at what has changed find what checks from nothing find."""

from __future__ import annotations

import copy
import random
from typing import Any

import pytest

from benchmarks.wide import CHANGING, HUB, wide_documents, with_fields
from headrace.platform.core.ids import RandomIds
from headrace.platform.core.problems import Problem, errors
from headrace.platform.metadata.building import build_catalog
from headrace.platform.metadata.catalog import Catalog
from headrace.platform.metadata.checks import BUILT_IN, Checker, run_checks
from headrace.platform.metadata.checks.base import Subject
from headrace.platform.metadata.checks.memory import Memory
from headrace.platform.metadata.documents import Document
from headrace.platform.metadata.field_types import built_in
from headrace.platform.publishing.draft_content import form_problem, with_ids
from headrace.platform.publishing.draft_publishing import problems_of
from headrace.platform.publishing.identities import assign_ids
from tests.support.documents import field, workspace
from tests.support.judging import bases
from tests.support.metadata_edits import random_edit
from tests.support.mutations import Mutator

Contents = dict[tuple[str, str], dict[str, Any]]


def as_documents(contents: Contents) -> list[Document]:
    return [Document("claims", copy.deepcopy(one)) for one in contents.values()]


def build(documents, previous: Catalog | None = None) -> Catalog | None:
    return build_catalog(documents, built_in(), 1, previous).catalog


def looked_at(before: Catalog, after: Catalog) -> set[tuple[str, ...]]:
    """What a second run works out anew: check, kind and name."""
    memory = Memory()
    for check in BUILT_IN:
        list(check(Subject(before, memory)))
    former = dict(memory.facts)
    for check in BUILT_IN:
        list(check(Subject(after, memory)))
    return {
        key
        for key, fact in memory.facts.items()
        if isinstance(key, tuple) and fact is not former.get(key)
    }


def test_nothing_is_looked_at_again_where_nothing_changed():
    documents = wide_documents(8, 14)
    before = build(documents)

    assert looked_at(before, build(documents, before)) == set()


def test_a_field_more_is_looked_at_with_what_speaks_of_its_object():
    documents = wide_documents(8, 14)
    before = build(documents)

    parts = looked_at(before, build(with_fields(documents, 1), before))

    assert ("fields", "objects", CHANGING) in parts
    assert ("screens", "views", f"{CHANGING}_recent") in parts
    assert {key[2] for key in parts if len(key) == 3} == {
        CHANGING,
        f"object {CHANGING}",  # its document
        f"{CHANGING}_recent",
        f"{CHANGING}_form",
        "changing",  # the module, whose menu leads to it
    }


def test_what_a_role_may_no_longer_read_is_found_in_the_views_of_other_objects():
    contents = workspace()
    contents["view", "claims_by_company"] = {
        "kind": "view",
        "name": "claims_by_company",
        "object": "claim",
        "type": "table",
        "columns": ["company.region"],
    }
    before = build(as_documents(contents))
    checker = Checker()
    told = checker.run(before)
    for grant in contents["permission", "company"]["grants"]:
        grant["fields"] = {"read": ["name"]}
    after = build(as_documents(contents), before)

    found = checker.run(after)

    assert found == run_checks(after)
    assert {one.path for one in found} - {one.path for one in told} >= {
        "/claims/views/claims_by_company.json/columns/0"
    }


def test_a_change_of_the_hub_is_looked_at_everywhere():
    documents = wide_documents(8, 14)
    before = build(documents)
    more = field("remark", "text", length=20, audience="internal")
    changed = [
        Document(one.module, {**one.content, "fields": [*one.content["fields"], more]})
        if (one.kind, one.name) == ("object", HUB)
        else one
        for one in documents
    ]

    parts = looked_at(before, build(changed, before))

    assert ("computed", "objects", "thing_3") in parts
    assert ("keys", "objects", "thing_3") not in parts


@pytest.mark.parametrize("seed", range(12))
def test_random_edits_give_what_checks_from_nothing_give(seed: int):
    chosen = random.Random(seed)
    contents = workspace()
    checker = Checker()
    previous = build(as_documents(contents))
    assert previous is not None
    checker.run(previous)
    checked = 0
    for _ in range(40):
        edited = copy.deepcopy(contents)
        for _ in range(chosen.choice((1, 1, 1, 2, 3))):
            random_edit(edited, chosen)
        catalog = build(as_documents(edited), previous)
        if catalog is None:
            continue

        assert checker.run(catalog) == run_checks(catalog)

        checked += 1
        previous, contents = catalog, edited
    assert checked > 5


@pytest.mark.parametrize("base", ["claims", "extensions", "seeds"])
def test_drafts_of_whole_workspaces_are_told_what_checks_from_nothing_tell(base: str, deep: bool):
    """Drafts go on from what is live, sound or not; now and then one is published."""
    edits = 300 if deep else {"claims": 25, "extensions": 25, "seeds": 2}[base]
    chosen, checker, types = random.Random(4), Checker(), built_in()
    live, _ = assign_ids(tuple(bases()[base]), (), RandomIds())
    catalog = build(live)
    assert catalog is not None
    checker.run(catalog)
    present, checked = live, 0
    while checked < edits:
        mutated = Mutator(chosen, list(present)).mutated()
        if any(form_problem(one.content) for one in mutated):
            continue
        edited = known([*map(as_in_a_draft, mutated)], (*live, *present))
        told = problems_of(live, edited, types)
        if any(one.code.startswith("schema.") for one in told):
            continue

        # Who knows what is live knows the new name of what is gone; nothing else may differ.
        assert plain(problems_of(live, edited, types, catalog, checker.run)) == plain(told)

        checked += 1
        if not errors(told):
            present = edited
            if chosen.random() < 0.4:
                live, catalog = edited, build(edited, catalog)
                assert catalog == build(edited)
        elif chosen.random() < 0.3:
            present = edited if present is live else live


def plain(problems: tuple[Problem, ...]) -> list[Problem | str]:
    return [one.path if one.code in {"ref.renamed", "ref.unknown"} else one for one in problems]


def as_in_a_draft(document: Document) -> Document:
    """Return a document with ids in all its parts, as a draft keeps it."""
    content = with_ids(document.content, document.content, RandomIds())
    return document if content == document.content else Document(document.module, content)


def known(documents: list[Document], before: tuple[Document, ...]) -> tuple[Document, ...]:
    """What is as before is the very same document, as in a draft."""
    former = {(one.module, one.hash): one for one in before}
    return tuple(former.get((one.module, one.hash), one) for one in documents)

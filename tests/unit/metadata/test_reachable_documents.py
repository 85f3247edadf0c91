"""Whatever the designer's commands can make of documents, the check accepts or explains: at random, by its own model."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from headrace.platform.core.ids import RandomIds
from headrace.platform.core.problems import LANGUAGES, Problem
from headrace.platform.metadata.documents import Document
from headrace.platform.metadata.field_types import built_in
from headrace.platform.publishing.draft_content import form_problem, with_ids
from headrace.platform.publishing.draft_publishing import problems_of
from headrace.platform.publishing.identities import assign_ids
from tests.database.test_formula_engines import build_for_node
from tests.support.extensions import extended

EDITS, DEEP_EDITS, EVERY = 480, 10_000, 4
WITHOUT_DOCUMENT = frozenset({"module.no_manifest", "module.required"})


@pytest.fixture(scope="module")
def wanderer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_for_node("test/design/wandering_cli.ts", tmp_path_factory.mktemp("wandering"))


def _wander(program: Path, seed: int, edits: int, documents: list[Document]) -> Iterator[Any]:
    given = [
        {"id": one.content["id"], "module": one.module, "content": one.content} for one in documents
    ]
    asked = {"seed": seed, "edits": edits, "every": EVERY, "documents": given}
    done = subprocess.run(
        ["node", str(program)], input=json.dumps(asked), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    yield from map(json.loads, done.stdout.splitlines())


def test_every_reachable_document_is_accepted_or_explained(wanderer: Path, deep: bool) -> None:
    first, _ = assign_ids(extended(), (), RandomIds())
    draft = {str(one.content["id"]): one for one in first}
    edits = DEEP_EDITS if deep else EDITS
    states = list(_wander(wanderer, 20_261, edits, list(first)))
    assert len(states) == edits // EVERY
    codes: set[str] = set()
    accepted = 0
    for state in states:
        for gone in state["gone"]:
            draft.pop(gone, None)
        for one in state["changed"]:
            # The draft keeps what it has where the server would not even keep what came.
            refused = form_problem(one["content"])
            if refused is not None:
                codes.add(refused.code)
                _is_explained(refused, {"": one["content"]})
            else:
                former = draft.get(one["id"])
                content = with_ids(one["content"], former.content if former else None, RandomIds())
                draft[one["id"]] = Document(one["module"], content)
        documents = tuple(draft.values())
        found = problems_of(first, documents, built_in())
        accepted += not found
        codes |= {one.code for one in found}
        files = {"/" + one.file: one.content for one in documents}
        for one in found:
            _is_explained(one, files)
    # It is seen to happen: much is refused, for many different reasons.
    assert len(codes) > 10, sorted(codes)


def _is_explained(problem: Problem, files: Mapping[str, Any]) -> None:
    """Raise AssertionError where a problem has no words, or stands at a place that there is not.

    Only the last step of its path may be one that is missing: what has to be put there.
    """
    assert problem.code
    for language in LANGUAGES:
        assert problem.message.within(language).strip(), problem
        assert problem.hint.within(language).strip(), problem
    if "" in files:
        file, pointer = "", problem.path
    else:
        name, dot, pointer = problem.path.partition(".json")
        file = name + dot
        if not dot:
            # A module without its manifest has no document in which that could stand.
            assert problem.code in WITHOUT_DOCUMENT, problem
            return
    assert file in files, problem
    value = files[file]
    steps = [one.replace("~1", "/").replace("~0", "~") for one in pointer.split("/")[1:]]
    for left, key in zip(range(len(steps) - 1, -1, -1), steps, strict=True):
        if isinstance(value, list) and key.isdigit() and int(key) < len(value):
            value = value[int(key)]
        elif isinstance(value, Mapping) and key in value:
            value = value[key]
        else:
            assert left == 0, (problem, value)
            assert isinstance(value, Mapping), (problem, value)
            return

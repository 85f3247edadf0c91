"""Every bad document is refused with its code, its place, and a remedy in both languages."""

from __future__ import annotations

import json

import pytest

from headrace.platform.core.problems import Problem, errors
from headrace.platform.metadata.building import build_catalog
from headrace.platform.metadata.checks import run_checks
from headrace.platform.metadata.documents import Document
from headrace.platform.metadata.field_types import built_in
from headrace.platform.metadata.loading import load_documents
from tests.contract.bad_documents import BAD, Bad
from tests.support.documents import workspace

RAW = (
    ("not JSON", b'{"kind": "role",', "json.syntax"),
    ("duplicate key", b'{"kind": "role", "name": "a", "name": "b"}', "json.duplicate_key"),
    ("NaN", b'{"kind": "report", "x": NaN}', "json.non_finite"),
    ("1e999", b'{"kind": "report", "x": 1e999}', "json.non_finite"),
    ("deep", b"[" * 200 + b"]" * 200, "json.too_deep"),
    ("huge number", b'{"kind": "role", "x": ' + b"9" * 5000 + b"}", "json.number_range"),
    ("NUL", b'{"kind": "role", "name": "a\\u0000"}', "text.illegal_char"),
    ("lone surrogate", b'{"kind": "role", "name": "a\\ud800"}', "text.illegal_char"),
    ("a list", b"[]", "schema.wrong_type"),
    ("too large", b'{"kind": "' + b"a" * 6_000_000 + b'"}', "json.too_large"),
    ("unknown kind", b'{"kind": "rolle", "name": "a"}', "document.unknown_kind"),
)


def problems_of(contents) -> tuple[Problem, ...]:
    """Check a workspace as the command line does: bytes, schemas, building, checks."""
    files = []
    for content in contents.values():
        document = Document("claims", content)
        files.append(("claims", "/" + document.file, json.dumps(content).encode()))
    loaded = load_documents(files, built_in())
    if errors(loaded.problems):
        return tuple(loaded.problems)
    built = build_catalog(loaded.documents, built_in(), version=1)
    if built.catalog is None:
        return built.problems
    return (*built.problems, *run_checks(built.catalog))


def test_the_unchanged_workspace_has_no_problem():
    assert problems_of(workspace()) == ()


@pytest.mark.parametrize("bad", BAD, ids=lambda bad: bad.name)
def test_a_bad_document_is_refused_with_code_place_and_remedy(bad: Bad):
    contents = workspace()
    bad.change(contents)

    problems = problems_of(contents)

    found = [one for one in problems if one.code == bad.code and bad.place in one.path]
    assert found, [(one.code, one.path) for one in problems]
    for language in ("en", "zh"):
        rendered = found[0].render(language)
        assert rendered["message"]
        assert rendered["hint"]
        assert "{" not in rendered["message"] + rendered["hint"]
    assert found[0].severity == "error"


@pytest.mark.parametrize(("name", "data", "code"), RAW, ids=[name for name, _, _ in RAW])
def test_bytes_that_are_no_document_are_refused(name: str, data: bytes, code: str):
    loaded = load_documents([("claims", "/claims/roles/a.json", data)], built_in())

    assert code in {one.code for one in loaded.problems}
    assert all(one.message.en and one.message.zh for one in loaded.problems)


def test_the_cases_cover_many_codes():
    assert len({bad.code for bad in BAD} | {code for _, _, code in RAW}) >= 60

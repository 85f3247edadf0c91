"""Strict JSON: everything that the standard parser lets through, and the place where it stands."""

from __future__ import annotations

import pytest

from headrace.platform.metadata.field_types import built_in
from headrace.platform.metadata.loading import check_document, load_documents
from headrace.platform.metadata.strict_json import parse_json

BAD = (
    ("cut short", b'{"a": [1, ', "json.syntax", ""),
    ("trailing comma", b'{"a": 1,}', "json.syntax", ""),
    ("nothing", b"", "json.syntax", ""),
    ("latin-1", '{"a": "\u00e9"}'.encode("latin-1"), "json.encoding", ""),
    ("byte order mark", b'\xef\xbb\xbf{"a": 1}', "json.encoding", ""),
    (
        "key twice",
        b'{"fields": [{"type": "a", "type": "b"}]}',
        "json.duplicate_key",
        "/fields/0/type",
    ),
    ("key twice in other letters", b'{"a": 1, "\\u0061": 2}', "json.duplicate_key", "/a"),
    ("not a number", b'{"a": NaN}', "json.non_finite", "/a"),
    ("infinite", b'{"a": [-Infinity]}', "json.non_finite", "/a/0"),
    ("too large for a float", b'{"a": 1e999}', "json.non_finite", "/a"),
    ("float", b'{"length": 20.0}', "schema.wrong_type", "/length"),
    ("5,000 digits", b'{"a": ' + b"9" * 5000 + b"}", "json.number_range", "/a"),
    ("just too many digits", b'{"a": -1234567890123456789}', "json.number_range", "/a"),
    ("NUL", b'{"label": {"en": "a\\u0000b"}}', "text.illegal_char", "/label/en"),
    ("half a pair", b'{"a": "\\ud800"}', "text.illegal_char", "/a"),
    ("NUL in a key", b'{"a": {"b\\u0000": 1}}', "text.illegal_char", "/a"),
    ("33 levels", b'{"a": ' + b"[" * 40 + b"]" * 40 + b"}", "json.too_deep", "/a/0/0"),
    ("100,000 levels", b"[" * 100_000, "json.too_deep", ""),
    ("6 MB", b'"' + b"a" * (6 * 1024 * 1024) + b'"', "json.too_large", ""),
)


@pytest.mark.parametrize(
    ("data", "code", "path"), [one[1:] for one in BAD], ids=[one[0] for one in BAD]
)
def test_bad_json_is_refused_with_code_and_place(data, code, path):
    problems = parse_json(data).problems
    assert [(problem.code, problem.path) for problem in problems] == [(code, path)]
    [problem] = problems
    assert problem.message.zh
    assert problem.hint.zh
    assert len(problem.message.en) < 300


def test_good_json_comes_as_it_is():
    text = '{"a": [1, -20, "二\\n\U0001f600", true, null, {}], "b/c~d": ""}'
    parsed = parse_json(text.encode())
    assert parsed.problems == ()
    assert parsed.value == {"a": [1, -20, "二\n\U0001f600", True, None, {}], "b/c~d": ""}


def test_pointers_are_escaped():
    [problem] = parse_json(b'{"b/c~d": NaN}').problems
    assert problem.path == "/b~1c~0d"


@pytest.mark.parametrize("root", [[], "text", None, 5, True])
def test_a_document_is_an_object(root):
    [problem] = check_document(root, built_in())
    assert (problem.code, problem.path) == ("schema.wrong_type", "")


def test_all_findings_come_at_once_with_what_could_be_meant():
    content = {
        "kind": "object",
        "name": "Bad Name",
        "feilds": [],
        "fields": [
            {"name": "a", "type": "text", "requird": True, "length": "20"},
            {"name": "b"},
            {"name": "c", "type": "moneyy"},
        ],
        "history": 1,
    }
    found = {(problem.code, problem.path) for problem in check_document(content, built_in())}
    assert {
        ("name.illegal_char", "/name"),
        ("schema.unknown_field", "/feilds"),
        ("schema.unknown_field", "/fields/0/requird"),
        ("schema.wrong_type", "/fields/0/length"),
        ("schema.missing_field", "/fields/1"),
        ("field.unknown_type", "/fields/2/type"),
        ("schema.wrong_type", "/history"),
    } <= found
    hints = {problem.path: problem.hint for problem in check_document(content, built_in())}
    assert hints["/feilds"].en == "Did you mean fields?"
    assert "fields" in hints["/feilds"].zh


def test_unknown_and_missing_kinds_are_named():
    [unknown] = check_document({"kind": "dashboardd", "name": "x"}, built_in())
    assert (unknown.code, unknown.path) == ("document.unknown_kind", "/kind")
    [missing] = check_document({"name": "x"}, built_in())
    assert missing.code == "schema.missing_field"
    [odd] = check_document({"kind": ["object"]}, built_in())
    assert odd.code == "document.unknown_kind"


def test_a_flood_of_findings_is_cut():
    content = {"kind": "object", "name": "x", "fields": [{"name": "A", "type": "b"}] * 400}
    assert len(check_document(content, built_in())) <= 100


FIELD = b'{"name": "a", "type": "text", "length": "5", "x": 1},'
HOSTILE = {
    "bad fields": b'{"kind": "object", "name": "x", "fields": [' + FIELD * 90_000 + b"{}]}",
    "numbers for fields": b'{"kind": "object", "name": "x", "fields": [' + b"1," * 2_400_000 + b"1]}",
    "keys": b'{"kind": "object", "name": "x", "fields": [], "a": {'
    + b",".join(b'"k%d": 1' % n for n in range(300_000))
    + b"}}",
    "the same key": b'{"kind": "role"' + b', "a": 1' * 600_000 + b"}",
    "long digits": b'{"kind": "role", "a": ' + b"9" * 5_000_000 + b"}",
    "long fraction": b'{"kind": "role", "a": 0.' + b"9" * 5_000_000 + b"}",
    "a long key": b'{"kind": "role", "' + b"a" * 5_000_000 + b'": [NaN, NaN]}',
    "a long name": b'{"kind": "role", "name": "' + b"a" * 5_000_000 + b'"}',
    "a long name of two scripts": b'{"kind": "role", "name": "' + "\u0430a".encode() * 1_700_000 + b'"}',
    "a long type": b'{"kind": "object", "name": "x", "fields": [{"name": "a", "type": "'
    + b"a" * 5_000_000
    + b'"}]}',
    "brackets": b"[" * 5_000_000,
    "small lists": b'{"kind": "role", "a": [' + b"[]," * 1_600_000 + b"[]]}",
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_five_hostile_megabytes_are_refused_at_once(name: str):
    loaded = load_documents([("m", "m/x.json", HOSTILE[name])], built_in())

    assert loaded.problems
    assert len(loaded.problems) <= 101
    assert all(len(one.path) < 1000 and len(one.message.en) < 1000 for one in loaded.problems)

"""Modules whose texts stand in help files: published, exported and checked like any other."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from headrace.platform.metadata.field_types import built_in
from headrace.platform.publishing.export import export_files, write_export
from headrace.platform.publishing.planning import check_folders
from headrace.platform.runtime import Platform
from tests.support.documents import workspace
from tests.support.help_texts import take_texts
from tests.support.publishing import MODULE, Contents, platform_at, write_module


@pytest.fixture
def platform(database_url: str) -> Iterator[Platform]:
    with platform_at(database_url) as one:
        yield one


def write_with_help(folder: Path, contents: Contents, **trees: Any) -> Path:
    module = write_module(folder, contents)
    (module / "help").mkdir(exist_ok=True)
    for language, tree in trees.items():
        text = tree if isinstance(tree, str) else json.dumps(tree, ensure_ascii=False)
        (module / "help" / f"{language}.json").write_text(text, encoding="utf-8")
    return module


def publish(platform: Platform, folder: Path) -> None:
    plan = platform.publisher.plan(folder)
    assert plan.refused == ()
    platform.publisher.publish(plan, "test", None)


def test_chinese_texts_of_a_help_file_are_live_and_travel_in_the_documents(
    platform, fresh_database, backend, tmp_path
):
    contents = workspace()
    texts = take_texts(contents, "zh")
    assert "理赔单" not in json.dumps(list(contents.values()), ensure_ascii=False)

    publish(platform, write_with_help(tmp_path / "modules", contents, zh=texts))

    claim = platform.catalogs.current().catalog.objects["claim"]
    assert claim.label.within("zh") == "理赔单"
    assert claim.label.within("en") == "Claim"
    first = dict(export_files(platform.catalogs.content_of()))
    assert not [name for name in first if "/help/" in name]
    exported = json.loads(first[f"{MODULE}/objects/claim.json"])
    assert exported["label"] == {"en": "Claim", "zh": "理赔单"}
    write_export(tmp_path / "out", first.items())
    with platform_at(fresh_database(backend)) as empty:
        publish(empty, tmp_path / "out")
        assert dict(export_files(empty.catalogs.content_of())) == first


def test_moving_the_texts_to_a_help_file_changes_nothing(platform, tmp_path):
    publish(platform, write_module(tmp_path / "modules", workspace()))
    contents = workspace()
    texts = take_texts(contents, "zh")

    plan = platform.publisher.plan(write_with_help(tmp_path / "modules", contents, zh=texts))

    assert plan.refused == ()
    assert plan.is_empty


def problems_of(folder: Path) -> list[tuple[str, str]]:
    return [(one.code, one.path) for one in check_folders(folder, (), built_in())]


def test_check_finds_nothing_where_help_files_have_every_text(tmp_path):
    contents = workspace()
    trees = {language: take_texts(contents, language) for language in ("en", "zh")}

    assert problems_of(write_with_help(tmp_path, contents, **trees)) == []


def test_check_warns_where_a_language_is_missing(tmp_path):
    contents = workspace()
    texts = take_texts(contents, "zh")
    del texts["object"]["region"]["label"]
    texts["role"]["boss"]["label"] = ""

    folder = write_with_help(tmp_path, contents, zh=texts)

    assert sorted(problems_of(folder)) == [
        ("label.language_missing", "/claims/objects/region.json/label"),
        ("label.language_missing", "/claims/roles/boss.json/label"),
    ]
    hints = {one.hint.en for one in check_folders(folder, (), built_in())}
    assert hints == {"Add it there, or among the translations of the module."}


@pytest.mark.parametrize(
    ("language", "text", "problem"),
    [
        ("zh", '{"role": {"bos": {}}}', ("help.unknown", "/claims/help/zh.json/role/bos")),
        (
            "en",
            '{"role": {"boss": {"label": "Chief"}}}',
            ("help.conflict", "/claims/help/en.json/role/boss/label"),
        ),
        ("zh", '{"role": ', ("json.syntax", "/claims/help/zh.json")),
        ("zh", '{"role": {}, "role": {}}', ("json.duplicate_key", "/claims/help/zh.json/role")),
        ("fr", "{}", ("module.unknown_file", "/claims/help/fr.json")),
    ],
)
def test_a_bad_help_file_is_refused(tmp_path, language, text, problem):
    assert problems_of(write_with_help(tmp_path, workspace(), **{language: text})) == [problem]


def test_a_broken_document_is_told_without_its_texts(tmp_path):
    contents = workspace()
    folder = write_with_help(tmp_path, contents, zh=take_texts(contents, "zh"))
    (folder / "roles" / "boss.json").write_text("{", encoding="utf-8")

    found = problems_of(folder)

    assert ("json.syntax", "/claims/roles/boss.json") in found
    assert not [code for code, _ in found if code.startswith("help.")]

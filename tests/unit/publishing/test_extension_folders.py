"""Extension files on disk: where they belong, and what they are checked against."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from headrace.platform.core.canonical import document_text
from headrace.platform.metadata.documents import Document
from headrace.platform.metadata.field_types import built_in
from headrace.platform.publishing.planning import check_folders
from tests.support.extensions import EXTENSIONS, MANIFEST, base, extension

COLUMN = extension("view", "open_claims", columns=["subject"])
WRONG = extension("view", "open_claims", columns=["nonsense"])


def write(folder: Path, documents: Iterable[Document]) -> None:
    for one in documents:
        path = folder / one.file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(document_text(dict(one.content)), encoding="utf-8")


def optional(*extensions: dict[str, object]) -> list[Document]:
    manifest = {**MANIFEST, "requires": [], "optional": ["claims"]}
    return [Document("transport", one) for one in (manifest, *extensions)]


def found(folder: Path) -> list[tuple[str, str]]:
    problems = check_folders(folder / "transport", (), built_in())
    return [(one.code, one.path) for one in problems]


def test_an_extension_of_an_optional_module_is_checked_where_that_stands_beside(tmp_path: Path):
    write(tmp_path, [*base(), *optional(WRONG)])

    assert ("ref.unknown_field", "/transport/extends/view/open_claims.json/columns/0") in found(
        tmp_path
    )


def test_an_extension_of_an_optional_module_that_is_not_there_is_a_warning(tmp_path: Path):
    write(tmp_path, optional(COLUMN))

    assert found(tmp_path) == [
        ("extends.left_out", "/transport/extends/view/open_claims.json/name")
    ]


def test_a_file_in_the_folder_of_another_kind_is_told_where_it_belongs(tmp_path: Path):
    write(tmp_path, [*base(), *optional(COLUMN)])
    folder = tmp_path / "transport" / "extends"
    (folder / "view").rename(folder / "form")

    problems = check_folders(tmp_path / "transport", (), built_in())

    assert [(one.code, one.path) for one in problems] == [
        ("document.wrong_folder", "/transport/extends/form/open_claims.json")
    ]
    assert "transport/extends/view/open_claims.json" in problems[0].message.en


def test_a_folder_of_a_kind_that_cannot_be_extended_is_unknown(tmp_path: Path):
    write(tmp_path, [*base(), *optional(COLUMN)])
    folder = tmp_path / "transport" / "extends"
    (folder / "role").mkdir()
    (folder / "role" / "admin.json").write_text("{}")

    assert found(tmp_path) == [("module.unknown_file", "/transport/extends/role/admin.json")]


def test_every_kind_that_can_be_extended_has_a_folder():
    folders = {Document("transport", one).file.split("/")[2] for one in EXTENSIONS}

    assert folders == {one["of"] for one in EXTENSIONS}

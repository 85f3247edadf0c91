"""Links lead somewhere, words are the glossary's, decisions are numbered without gaps."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("changes/*.md")])
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
CODE = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)
FRAGMENT = re.compile(r"(Added|Changed|Fixed|Removed|Security): \S.*[.]\n", re.DOTALL)


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_of_a_page_lead_to_files(page: Path) -> None:
    targets = LINK.findall(CODE.sub("", page.read_text(encoding="utf-8")))
    inner = [target for target in targets if "://" not in target]

    assert [target for target in inner if not (page.parent / target).exists()] == []


def test_the_index_names_every_page() -> None:
    index = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
    pages = [page for page in PAGES if page.is_relative_to(ROOT / "docs")]
    linked = {(ROOT / "docs" / target).resolve() for target in LINK.findall(index)}

    left_out = [name_of(page) for page in pages if page.name != "index.md" and page not in linked]

    assert left_out == []


def words_to_avoid() -> dict[str, str]:
    """Return the glossary's words to avoid, each with the word to use."""
    glossary = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| \*\*(.+?)\*\* \|.*\| (.*?) \|$", glossary, re.MULTILINE)
    return {
        avoided.strip(): word for word, column in rows for avoided in column.split(",") if avoided
    }


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_a_page_uses_the_words_of_the_glossary(page: Path) -> None:
    if page.name == "glossary.md":
        pytest.skip("it names the words to avoid")
    text = CODE.sub("", page.read_text(encoding="utf-8")).lower()

    used = {bad: good for bad, good in words_to_avoid().items() if re.search(rf"\b{bad}\b", text)}

    assert used == {}


def test_the_glossary_has_words_to_avoid() -> None:
    assert len(words_to_avoid()) > 10


def test_decisions_are_numbered_without_gaps() -> None:
    numbers = [int(page.name[:4]) for page in sorted((ROOT / "docs/decisions").glob("0*.md"))]

    assert numbers == list(range(1, len(numbers) + 1))


FRAGMENTS = [page for page in (ROOT / "changes").glob("*.md") if page.name != "README.md"]


@pytest.mark.parametrize("page", FRAGMENTS, ids=name_of)
def test_a_change_fragment_is_a_sentence_of_a_kind(page: Path) -> None:
    assert FRAGMENT.fullmatch(page.read_text(encoding="utf-8"))

"""The reference pages are what the code says now; whoever runs the generator keeps them so."""

from __future__ import annotations

import re
import string
from pathlib import Path

import pytest

from headrace.platform.core.problems import Message
from headrace.platform.metadata.field_types import built_in
from headrace.settings import SETTINGS
from tools.write_reference import (
    NOTICES,
    PAGES,
    REFERENCE,
    commands,
    error_families,
    field_type_section,
    messages,
    modules,
)

ROOT = Path(__file__).parents[2]
# A new field type is one file, one line and a fragment: its section may follow.
FOLLOWING = {"field-types.md"}
CODE = re.compile(r"^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*$")
CHINESE = re.compile(r"[\u4e00-\u9fff]")
ALL_MESSAGES = [message for group in messages().values() for message in group]


def read(name: str) -> str:
    return (REFERENCE / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", sorted(PAGES.keys() - FOLLOWING))
def test_a_reference_page_is_current(name: str) -> None:
    assert read(name) == PAGES[name](), "run: .venv/bin/python -m tools.write_reference"


def test_what_the_page_says_of_a_field_type_is_current() -> None:
    sections = re.split(r"\n\n(?=## )", read("field-types.md").strip())[1:]

    assert set(sections) <= {field_type_section(one) for one in built_in()}


def test_every_setting_is_documented() -> None:
    source = (ROOT / "headrace" / "settings.py").read_text(encoding="utf-8")
    named = {one.variable for one in SETTINGS} | set(re.findall(r"\bHEADRACE_[A-Z_]+\b", source))

    assert all(f"`{name}`" in read("settings.md") for name in named)


def test_every_variable_that_code_names_is_a_setting() -> None:
    known = {one.variable for one in SETTINGS}
    named = {
        name
        for path in (ROOT / "headrace").rglob("*.py")
        for name in re.findall(r"\bHEADRACE_[A-Z_]+\b", path.read_text(encoding="utf-8"))
    }

    assert named <= known


def test_every_command_is_documented() -> None:
    from headrace.cli import main

    names = [name for name, _ in commands(main, "headrace")]

    assert names
    assert [name for name in names if f"## `{name}" not in read("cli.md")] == []


@pytest.mark.parametrize("message", ALL_MESSAGES, ids=lambda message: message.code)
def test_a_message_is_complete_in_both_languages(message: Message) -> None:
    texts = (message.en, message.zh, message.hint_en, message.hint_zh)
    needed = texts[:2] if message.code in NOTICES else texts

    assert CODE.match(message.code)
    assert all(needed), "message and hint in English and in Chinese"
    assert placeholders(message.en) == placeholders(message.zh)
    assert placeholders(message.hint_en) == placeholders(message.hint_zh)
    assert not CHINESE.search(message.en + message.hint_en)
    assert all(CHINESE.search(text) or is_filled_in(text) for text in needed[1::2])


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def is_filled_in(text: str) -> bool:
    """Whether a text is nothing but a placeholder."""
    return re.fullmatch(r"\{\w+\}", text) is not None


def test_every_family_of_errors_is_documented() -> None:
    assert all(f"`{family.code}`" in read("problems.md") for family in error_families())


def test_every_module_can_be_imported_by_itself() -> None:
    assert len(list(modules())) > 50

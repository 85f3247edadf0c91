"""Every word of the interface is there in both languages."""

from __future__ import annotations

import re
from pathlib import Path

from headrace.blueprints.shared.pages import FLASHES
from headrace.blueprints.shared.words import Words

ROOT = Path(__file__).parents[2]
USED = re.compile(
    r"""\b(?:t|word)\(\s*(?:[a-z_.]+language,\s*|language,\s*)?["']([a-z_]+\.[a-z_0-9]*[a-z0-9])["']"""
)
FAMILY = re.compile(r"""\bt\(["']([a-z_]+\.(?:[a-z]+_)?)["']\s*~""")
FORBIDDEN = re.compile(r"metadata|元数据|catalog version|schema", re.IGNORECASE)


def _sources() -> list[str]:
    files = [
        *(ROOT / "headrace" / "templates").rglob("*.html"),
        *(ROOT / "headrace" / "blueprints").rglob("*.py"),
        *(ROOT / "designer" / "src").rglob("*.ts"),
    ]
    return [path.read_text(encoding="utf-8") for path in files]


def test_both_languages_have_the_same_keys() -> None:
    words = Words.load()
    assert words.keys("en") == words.keys("zh")
    assert len(words.keys("en")) > 150


def test_every_key_in_use_is_there() -> None:
    words, used = Words.load(), set()
    for text in _sources():
        used.update(USED.findall(text))
    assert len(used) > 100
    assert used <= words.keys("en"), sorted(used - words.keys("en"))


def test_every_word_of_the_designer_is_there() -> None:
    folder = ROOT / "designer" / "src" / "design"
    texts = [path.read_text(encoding="utf-8") for path in folder.rglob("*.ts*")]
    used = {one for text in texts for one in re.findall(r"""\bw\(\s*"([a-z_0-9]+)\"""", text)}
    done = {one for text in texts for one in re.findall(r'"design\.(did_[a-z_]+)"', text)}
    assert len(used) > 40
    missing = {f"design.{one}" for one in used | done} - Words.load().keys("en")
    assert not missing, sorted(missing)


def test_every_family_in_use_has_members() -> None:
    keys = Words.load().keys("en")
    families = {one for text in _sources() for one in FAMILY.findall(text)}
    assert families
    assert all(any(key.startswith(family) for key in keys) for family in families), families


def test_what_is_flashed_has_words() -> None:
    assert {f"flash.{one}" for one in FLASHES} <= Words.load().keys("zh")


def test_states_of_tasks_and_decisions_have_words() -> None:
    keys = Words.load().keys("en")
    states = {"open", "approved", "rejected", "skipped", "passed", "closed", "pending"}
    assert {f"step.{one}" for one in states} <= keys


def test_places_to_fill_are_the_same_in_both() -> None:
    words = Words.load()
    for key in words.keys("en"):
        places = [set(re.findall(r"\{(\w+)\}", words.text(one, key))) for one in ("en", "zh")]
        assert places[0] == places[1], key


def test_pages_speak_of_business_not_of_our_insides() -> None:
    words = Words.load()
    for language in ("en", "zh"):
        for key in words.keys(language):
            assert not FORBIDDEN.search(words.text(language, key)), key

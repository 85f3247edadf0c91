"""Keys of Chinese texts: readings, order, what is looked for in them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.platform.formulas.pinyin import (
    LONGEST_KEY,
    LONGEST_SEARCHED,
    search_key,
    searched_pinyin,
    sort_key,
)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("晨屿", {"CY", "ChenYu"}),
        ("重庆", {"CQ", "ZQ", "ChongQing", "ZhongQing"}),
        ("行长", {"HZ", "XZ", "HC", "HangZhang", "XingZhang", "HangChang"}),
        ("单县", {"DX", "SX", "DanXian", "ShanXian"}),
        ("A3晨屿 Café", {"A3CYCAFE", "A3ChenYuCAFE"}),
        ("ＡＢ晨屿", {"ABCY", "ABChenYu"}),
        ("晨屿（华东）", {"CYHD", "ChenYuHuaDong"}),
    ],
)
def test_a_search_key_holds_initials_and_syllables_of_common_readings(text: str, parts: set[str]):
    assert parts <= set(search_key(text).split(" "))


@pytest.mark.parametrize("text", ["", "SO-2025-0001", "Café", "Ünal", "123"])
def test_a_text_without_chinese_needs_no_search_key(text: str):
    assert search_key(text) == ""


def test_many_readings_are_kept_around_what_differs_and_a_key_has_an_end():
    name = "重庆行长单重行长单曾重庆行长都银行" * 20
    key = search_key(name)
    assert len(key) <= LONGEST_KEY
    assert len(set(key.split(" "))) > 5
    whole = search_key("重行长单重行长单晨屿")
    assert "ChenYu" in whole
    assert any("Zhang" in one for one in whole.split(" "))
    assert any("Chang" in one for one in whole.split(" "))


def test_texts_stand_in_the_order_of_digits_letters_and_pinyin():
    names = ["重庆", "é", "晨b", "b", "辰a", "北京", "Z", "a晨", "1", "安徽", "ab", "长沙", "2"]
    assert sorted(names, key=sort_key) == [
        "1", "2", "ab", "a晨", "b", "é", "Z", "安徽", "北京", "长沙", "晨b", "辰a", "重庆",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "letters"),
    [
        ("cy", "cy"),
        (" C Y ", "cy"),
        ("xi'an", "xian"),
        ("ＣＹ３", "cy3"),
        ("晨y", None),
        ("%", None),
        ("c_y", None),
        ("[a-z]", None),
        ("", None),
        ("\x00", None),
    ],
)
def test_only_letters_and_digits_are_looked_for_in_keys(text: str, letters: str | None):
    assert searched_pinyin(text) == letters


MOST_KEY_BYTES = 2_600
"""What PostgreSQL takes into an index."""


@given(st.text(max_size=3 * LONGEST_SEARCHED))
def test_any_text_has_keys_that_are_the_same_each_time(text: str):
    key = search_key(text)
    assert key == search_key(text)
    assert len(key) <= LONGEST_KEY
    assert all(one.isascii() and (one.isalnum() or one == " ") for one in key)
    assert sort_key(text) == sort_key(text)
    assert len(sort_key(text).encode()) <= MOST_KEY_BYTES

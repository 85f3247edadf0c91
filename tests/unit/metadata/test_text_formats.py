"""Formats clean what is written in several ways, and find every single wrong digit."""

from __future__ import annotations

import pytest

from headrace.platform.metadata.field_types.formats import BY_KEY, FORMATS, TextFormat

CHECKED = [one for one in FORMATS if one.check is not None and one.key != "cn_region"]


@pytest.mark.parametrize("form", FORMATS, ids=lambda one: one.key)
def test_a_format_has_a_right_example_in_both_languages(form: TextFormat):
    assert form.cleaned(form.example) == form.example
    assert form.fits(form.example)
    assert form.label.en
    assert form.label.zh
    assert form.least <= len(form.example)


@pytest.mark.parametrize("form", FORMATS, ids=lambda one: one.key)
def test_full_width_spaced_and_lower_case_texts_are_the_same(form: TextFormat):
    wide = "".join(chr(ord(sign) + 0xFEE0) for sign in form.example.lower())

    assert form.cleaned(" " + "\u3000".join((wide[:3], wide[3:])) + "-") == form.example


@pytest.mark.parametrize("form", CHECKED, ids=lambda one: one.key)
def test_every_single_wrong_digit_is_found(form: TextFormat):
    for position, sign in enumerate(form.example):
        if not sign.isdigit():
            continue
        for other in set("0123456789") - {sign}:
            text = form.example[:position] + other + form.example[position + 1 :]
            assert not (form.fits(text) and form.check(text)), text


@pytest.mark.parametrize(
    ("key", "given", "stored"),
    [
        ("cn_mobile", "+86 138 0013 8000", "13800138000"),
        ("cn_mobile", "0086-138-0013-8000", "13800138000"),
        ("cn_mobile", "86130 0013 8000", "13000138000"),
        ("cn_id_card", "11010519491231002x", "11010519491231002X"),
        ("ean13", "690-1234-56789-2", "6901234567892"),
    ],
)
def test_known_ways_to_write_one_value(key: str, given: str, stored: str):
    assert BY_KEY[key].cleaned(given) == stored


@pytest.mark.parametrize("text", ["110105194913310028", "110105190002290021"])
def test_an_identity_number_has_a_day_of_birth_that_exists(text: str):
    assert not BY_KEY["cn_id_card"].check(text)

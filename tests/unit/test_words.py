"""Words of the interface: filled places, and the word that fits a number."""

from __future__ import annotations

import pytest

from headrace.blueprints.shared.words import Words

WORDS = Words(
    {
        "en": {"rows": "{count} {count:row|rows} of {name}", "plain": "a|b {name}"},
        "zh": {"rows": "{name}的 {count} 行"},
    }
)


@pytest.mark.parametrize(
    ("count", "expected"),
    [(1, "1 row of x"), ("1", "1 row of x"), (0, "0 rows of x"), ("1,000", "1,000 rows of x")],
)
def test_the_word_that_fits_a_number_stays(count: object, expected: str) -> None:
    assert WORDS.text("en", "rows", count=count, name="x") == expected
    assert WORDS.text("zh", "rows", count=count, name="x") == f"x的 {count} 行"


def test_what_is_no_choice_of_words_stays_as_it_is() -> None:
    assert WORDS.text("en", "plain", name="{count:row|rows}") == "a|b {count:row|rows}"
    assert WORDS.text("en", "unknown") == "unknown"

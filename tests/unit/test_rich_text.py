"""Rich text: only the closed part of HTML is kept, and doing it twice changes nothing."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.platform.core.rich_text import as_rich_text, plain_text, sanitised

PIECES = st.sampled_from(
    [
        "<p>", "</p>", "<b>", "</b>", "<a href='javascript:x'>", "<a href=https://example.com>",
        "</a>", "<svg>", "<math>", "<style>", "</style>", "<script>", "</script>", "<!--", "-->",
        "<table><td>", "<noscript>", "<template>", "<img src=x onerror=y>", "&lt;", "&#60;script&#62;",
        "<ul>", "<li>", "</li>", "<pre>", "<br>", "<mglyph>", "<p title='</p><script>'>", "&amp;lt;",
        "一", "x", " ", "\n", '"', "'",
    ]
)  # fmt: skip


@given(st.lists(PIECES, max_size=30).map("".join))
def test_what_is_kept_is_kept_again_and_holds_only_known_elements(text: str):
    kept = sanitised(text)

    assert sanitised(kept) == kept
    lower = kept.lower()
    for bad in ("<script", "<style", "<img", "<svg", "<math", "<!--"):
        assert bad not in lower
    assert not re.search(r"<[^>]*(onerror|javascript:|title)", lower)


@pytest.mark.parametrize(
    "text",
    [
        "<p>Less &lt; more &amp; so on</p>",
        '<h3 >Title</h3><p>a<br>b</p><ol start="3"><li><p>x</p></li></ol><hr><pre><code>y</code></pre>',
        '<p><a href="tel:+8657188001234" rel="noopener noreferrer nofollow">call</a></p>',
    ],
)
def test_what_the_editor_writes_stays(text: str):
    assert sanitised(text) == text.replace(" >", ">")


@pytest.mark.parametrize("text", ["", "<p></p>", "<p>&nbsp;<br></p>", "<script>alert(1)</script>"])
def test_markup_without_words_is_nothing(text: str):
    assert sanitised(text) == ""


def test_words_go_to_rich_text_and_back():
    words = "一 < 二 & 三\nnext line\n\nnext paragraph"

    assert plain_text(as_rich_text(words)) == words.replace("\n\n", "\n")
    assert sanitised(as_rich_text(words)) == as_rich_text(words)


def test_hostile_depth_costs_little():
    assert plain_text(sanitised("<blockquote>" * 50_000 + "x")) == "x"

"""Rich text: a small closed part of HTML that cannot run, load or imitate anything.

What is kept is what the editor of the form can write, so that opening and saving a text changes
nothing of it. No styles, classes, ids, images or tables; links go to the web, to mail and to phones.
"""

from __future__ import annotations

import html
import re
from typing import Final

import nh3

TAGS: Final = frozenset(
    "p br strong b em i u s h2 h3 h4 ul ol li blockquote code pre hr a".split()  # noqa: SIM905 - reads better
)
_ATTRIBUTES: Final[dict[str, set[str]]] = {"*": set(), "a": {"href"}, "ol": {"start"}}
_SCHEMES: Final = {"http", "https", "mailto", "tel"}
_REL: Final = "noopener noreferrer nofollow"
_ENDS: Final = re.compile(r"<br>|</(?:p|h[2-4]|li|blockquote|pre)>|<hr>")
_MOST_ROUNDS: Final = 4
_MOST_DEPTH: Final = 400
"""Nobody writes so; reading it costs the square of the depth. Only the words are kept then."""
_TAG: Final = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9]*)[^>]*>")
_VOID: Final = frozenset({"br", "hr", "img", "input", "link", "meta", "wbr", "col"})
_SEVERAL: Final = re.compile(r"\n{3,}")


def sanitised(text: str) -> str:
    """Return the allowed part of a text of HTML; nothing is left of what is only markup.

    Scripts and styles go with their content, other foreign elements leave theirs. Doing it twice
    changes nothing more.
    """
    if _depth(text) > _MOST_DEPTH:
        return as_rich_text(html.unescape(_TAG.sub("", text)))
    kept = _cleaned(text)
    # A browser reads what was written a little otherwise (a line end that opens `pre` goes).
    for _ in range(_MOST_ROUNDS):
        again = _cleaned(kept)
        if again == kept:
            break
        kept = again
    else:
        kept = as_rich_text(plain_text(kept))
    return kept if "<hr>" in kept or plain_text(kept) else ""


def _depth(text: str) -> int:
    """Return how deep elements are at most within each other, those that are never closed included."""
    depth = deepest = 0
    for found in _TAG.finditer(text):
        name = found[2].lower()
        if name not in _VOID:
            depth = max(depth - 1, 0) if found[1] else depth + 1
            deepest = max(deepest, depth)
    return deepest


def _cleaned(text: str) -> str:
    return nh3.clean(
        text, tags=set(TAGS), attributes=_ATTRIBUTES, url_schemes=_SCHEMES, link_rel=_REL
    ).strip()


def plain_text(text: str) -> str:
    """Return what a rich text says without its markup; a line for each paragraph."""
    lined = _ENDS.sub(lambda found: found.group() + "\n", text)
    words = html.unescape(nh3.clean(lined, tags=set())).replace("\u00a0", " ")
    return _SEVERAL.sub("\n\n", words).strip()


def words(text: str) -> str:
    """Return what a rich text says in one line: its words with single spaces between them."""
    return " ".join(plain_text(text).split())


def as_rich_text(text: str) -> str:
    """Return a plain text as rich text: a paragraph for each block of lines."""
    blocks = re.split(r"\n{2,}", text.strip())
    return "".join(
        f"<p>{html.escape(block, quote=False).replace(chr(10), '<br>')}</p>"
        for block in blocks
        if block
    )

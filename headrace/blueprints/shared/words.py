"""The words of the interface in both languages; labels of business objects are not here."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from headrace.platform.core.problems import LANGUAGES

FOLDER: Final = Path(__file__).parents[2] / "translations"
BROWSER_PREFIX: Final = "js."
"""Words with it are sent along with each page."""
_COUNTED: Final = re.compile(r"\{(\w+):([^|}]*)\|([^}]*)\}")


class Words:
    """The catalogue of one process."""

    def __init__(self, texts: Mapping[str, Mapping[str, str]]) -> None:
        self._texts = texts

    @classmethod
    def load(cls, folder: Path = FOLDER) -> Words:
        """Read one JSON file a language."""
        return cls(
            {
                language: json.loads((folder / f"{language}.json").read_text(encoding="utf-8"))
                for language in LANGUAGES
            }
        )

    def text(self, language: str, key: str, /, **values: object) -> str:
        """Return a text with its `{name}` places filled; the key itself where it is unknown.

        Of `{count:row|rows}` the word stays that fits the number.
        """
        text = self._texts[language].get(key, key)
        if "|" in text:
            text = _COUNTED.sub(
                lambda found: found[2 if str(values.get(found[1])) == "1" else 3], text
            )
        for name, value in values.items():
            text = text.replace("{" + name + "}", str(value))
        return text

    def keys(self, language: str) -> frozenset[str]:
        """Return the keys of a language."""
        return frozenset(self._texts[language])

    def for_browser(self, language: str, prefix: str = BROWSER_PREFIX) -> dict[str, str]:
        """Return the words that the scripts of every page use, or those with another prefix."""
        return {key: text for key, text in self._texts[language].items() if key.startswith(prefix)}

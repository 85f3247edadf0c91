"""The built front end: which hashed file stands for which source."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

BUILD: Final = Path(__file__).parents[2] / "static" / "build"
PREFIX: Final = "/static/"
STYLE: Final = "src/app.css"
MANIFEST: Final = Path(".vite") / "manifest.json"


@dataclass(frozen=True, slots=True)
class Assets:
    """The manifest that the build left; addresses are below `PREFIX`."""

    manifest: dict[str, dict[str, Any]]

    @classmethod
    def load(cls, folder: Path = BUILD) -> Assets:
        """Read the manifest; raise FileNotFoundError where the front end was not built."""
        return cls(json.loads((folder / MANIFEST).read_text(encoding="utf-8")))

    def script(self, source: str) -> str:
        """Return the address of the script built from `source`."""
        return PREFIX + str(self.manifest[source]["file"])

    def styles(self, source: str = STYLE) -> list[str]:
        """Return the addresses of the style sheets that every page has, and of `source`."""
        sources = dict.fromkeys((STYLE, source))
        return [PREFIX + str(self.manifest[one]["file"]) for one in sources]

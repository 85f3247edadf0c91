"""Mint missing ids in module folders and write each document in its canonical file form.

    python tools/mint_ids.py headrace/seed_schemas/ordering …   rewrites what differs
    python tools/mint_ids.py --check headrace/seed_schemas      names what would change; exit code 1

A document, and each part of it whose definition class has an `id` key, gets a random id once.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args, get_origin

from headrace.platform.core.canonical import document_text
from headrace.platform.core.ids import IdSource, RandomIds
from headrace.platform.metadata.definitions.keys import hints, json_name
from headrace.platform.metadata.schemas import DEFINITIONS
from headrace.platform.publishing.kits import KITS
from headrace.platform.publishing.sources import PACKAGE

NO_DOCUMENTS = frozenset({"records", "help", KITS})


def identified_parts(definition: type, content: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the document and its parts, at any depth, whose classes have an `id` key."""
    names = {field.name for field in dataclasses.fields(definition)}
    if "id" in names:
        yield content
    for attribute in names:
        part_type = hints(definition)[attribute]
        parts = content.get(json_name(attribute))
        if get_origin(part_type) is tuple and isinstance(parts, list):
            element = get_args(part_type)[0]
            if dataclasses.is_dataclass(element) and isinstance(element, type):
                for part in parts:
                    if isinstance(part, dict):
                        yield from identified_parts(element, part)


def with_ids(content: dict[str, Any], ids: IdSource) -> dict[str, Any]:
    """Return `content` with an id wherever one is allowed and missing."""
    copied: dict[str, Any] = json.loads(json.dumps(content))
    for part in identified_parts(DEFINITIONS[copied["kind"]], copied):
        if "id" not in part:
            part["id"] = ids.definition_id()
    return copied


def canonical_file(path: Path, ids: IdSource) -> str:
    """Return the text that the document at `path` should have."""
    return document_text(with_ids(json.loads(path.read_text(encoding="utf-8")), ids))


def documents(folders: list[Path]) -> Iterator[Path]:
    """Yield the documents below `folders`; records, help files, kits and manifests are none."""
    for folder in folders:
        for path in sorted(folder.rglob("*.json")):
            if path.name != PACKAGE and NO_DOCUMENTS.isdisjoint(path.parts):
                yield path


def main(arguments: list[str]) -> int:
    """Run the command; return its exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--check", action="store_true", help="change nothing")
    options = parser.parse_args(arguments)
    ids = RandomIds()
    changed = 0
    for path in documents(options.folders):
        text = canonical_file(path, ids)
        if text != path.read_text(encoding="utf-8"):
            changed += 1
            print(path)
            if not options.check:
                path.write_text(text, encoding="utf-8", newline="\n")
    return 1 if options.check and changed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""What checking says of documents in memory, and whether what it says can be understood."""

from __future__ import annotations

import functools
import importlib
import json
import pkgutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from headrace.platform.core.ids import RandomIds
from headrace.platform.core.problems import Message, Problem, errors
from headrace.platform.metadata.building import build_catalog
from headrace.platform.metadata.catalog import Catalog
from headrace.platform.metadata.checks import most_telling, run_checks
from headrace.platform.metadata.documents import KINDS, Document
from headrace.platform.metadata.field_types import built_in
from headrace.platform.metadata.loading import load_documents
from headrace.platform.publishing import identities
from headrace.platform.publishing.identities import assign_ids, check_ids
from tests.support.documents import documents as claims_documents
from tests.support.extensions import extended

ROOT = Path(__file__).resolve().parents[2]
SEED = ROOT / "headrace" / "seed_schemas"


@dataclass(frozen=True)
class Judgement:
    """What checking found; the catalog where it accepted."""

    problems: tuple[Problem, ...]
    catalog: Catalog | None
    files: dict[str, list[Any]]

    @property
    def accepted(self) -> bool:
        return self.catalog is not None and not errors(self.problems)


@functools.cache
def seed_documents() -> tuple[Document, ...]:
    """The documents of all modules that are shipped."""
    found = []
    for manifest in sorted(SEED.glob("*/module.json")):
        folder = manifest.parent
        paths = [
            manifest,
            *sorted(folder.glob("[!rh]*/**/*.json")),
            *sorted(folder.glob("roles/*.json")),
            *sorted(folder.glob("reports/*.json")),
        ]
        for path in paths:
            content = json.loads(path.read_text(encoding="utf-8"))
            if content.get("kind") in KINDS:
                found.append(Document(folder.name, content))
    return tuple(found)


def bases() -> dict[str, list[Document]]:
    """The right workspaces that tests start from."""
    return {
        "claims": claims_documents(),
        "extensions": extended(),
        "seeds": list(seed_documents()),
    }


def judge(documents: Sequence[Document]) -> Judgement:
    """Check documents as the doors do: bytes, schemas, names and types, checks."""
    files = []
    by_file: dict[str, list[Any]] = {}
    for position, one in enumerate(documents):
        file = file_of(one, position)
        files.append((one.module, file, json.dumps(one.content).encode()))
        by_file.setdefault("/" + file, []).append(one.content)
    loaded = load_documents(files, built_in())
    if errors(loaded.problems):
        return Judgement(most_telling(loaded.problems), None, by_file)
    identified, _ = assign_ids(loaded.documents, (), RandomIds())
    ids = check_ids(identified)
    built = build_catalog(identified, built_in(), version=1)
    if built.catalog is None:
        return Judgement(most_telling((*ids, *built.problems)), None, by_file)
    problems = most_telling((*ids, *built.problems, *run_checks(built.catalog)))
    return Judgement(problems, built.catalog, by_file)


def file_of(document: Document, position: int) -> str:
    """Return where a document would stand, if that can be said."""
    kind, name = document.content.get("kind"), document.content.get("name")
    if kind in KINDS and isinstance(name, str) and isinstance(kind, str):
        try:
            return document.file
        except (KeyError, TypeError):
            pass
    return f"{document.module}/{position}.json"


def unclear(judgement: Judgement, known: Iterable[str]) -> list[str]:
    """Return what cannot be understood in the findings: unknown codes, places that are nowhere."""
    codes = frozenset(known)
    wrong = []
    for problem in judgement.problems:
        if problem.code not in codes:
            wrong.append(f"unknown code {problem.code}")
        if not _resolves(problem.path, judgement.files):
            wrong.append(f"{problem.code} points nowhere: {problem.path}")
        for language in ("en", "zh"):
            shown = problem.render(language)
            if not shown["message"] or not shown["hint"]:
                wrong.append(f"{problem.code} says nothing in {language}")
    if len(judgement.problems) > 100:
        wrong.append("more than 100 findings")
    return wrong


def _resolves(path: str, files: dict[str, list[Any]]) -> bool:
    """Whether a place, or what it is a part of, is in one of the files."""
    file = next((one for one in sorted(files, key=len, reverse=True) if _is_in(path, one)), None)
    if file is None:
        return False
    steps = [
        step.replace("~1", "/").replace("~0", "~") for step in path[len(file) :].split("/")[1:]
    ]
    return any(_leads(steps, content) for content in files[file])


def _leads(steps: list[str], content: Any) -> bool:
    for position, step in enumerate(steps):
        if isinstance(content, dict) and step in content:
            content = content[step]
        elif isinstance(content, list) and step.isdigit() and int(step) < len(content):
            content = content[int(step)]
        else:
            return position == len(steps) - 1
    return True


def _is_in(path: str, file: str) -> bool:
    return path == file or path.startswith(file + "/")


def known_codes() -> frozenset[str]:
    """Return the codes that checking documents can give."""
    found = set()
    for name in ("headrace.platform.metadata", "headrace.platform.formulas"):
        package = importlib.import_module(name)
        for module in pkgutil.walk_packages(package.__path__, name + "."):
            members = vars(importlib.import_module(module.name)).values()
            found |= {member.code for member in members if isinstance(member, Message)}
    # Ids are looked at where a draft is read.
    found |= {one.code for one in vars(identities).values() if isinstance(one, Message)}
    return frozenset(found)

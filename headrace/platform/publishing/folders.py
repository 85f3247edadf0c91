"""Module folders as they stand on disk: which files belong to a module, and what does not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from headrace.platform.core.newest import Newest
from headrace.platform.core.problems import LANGUAGES, Message, Problem, errors, pointer
from headrace.platform.metadata.definitions.modules import ModuleDef
from headrace.platform.metadata.documents import EXTENSION_FOLDERS, FOLDERS, Document
from headrace.platform.metadata.field_types import FieldTypes
from headrace.platform.metadata.help_texts import HelpFile, add_help_texts
from headrace.platform.metadata.loading import Parsed, check_documents, parse_files
from headrace.platform.metadata.schemas import load_definition
from headrace.platform.metadata.strict_json import parse_json
from headrace.platform.publishing.packages import check_package, missing_dependencies, needs_of
from headrace.platform.publishing.rows import ROW_FORMATS, ROW_SETS, RowsFile, load_rows_file
from headrace.platform.publishing.sources import (
    MANIFEST,
    ModuleFiles,
    Source,
    find_module,
    open_source,
    places_beside,
)

KEPT_BYTES: Final = 32 * 1024 * 1024
HELP_FILES: Final = {f"{language}.json": language for language in LANGUAGES}
DEFINITION_FOLDERS: Final = frozenset((*FOLDERS.values(), *EXTENSION_FOLDERS.values()))
KNOWN_FOLDERS: Final = ", ".join(sorted({*DEFINITION_FOLDERS, "help", "records"}))

MISSING_MODULE = Message(
    "module.missing",
    "The module “{name}” is required and was not found.",
    "缺少所依赖的模块“{name}”。",
    "Put its folder beside this one, or name the place with --with.",
    "请将其文件夹放在旁边，或用 --with 指定位置。",
)
MODULE_CYCLE = Message(
    "module.cycle",
    "Modules require each other: {cycle}.",
    "模块相互依赖：{cycle}。",
    "Break the circle; use “optional” on one side.",
    "请打破循环；可在一侧使用“optional”。",
)
WRONG_FOLDER = Message(
    "document.wrong_folder",
    "A document of kind “{kind}” called “{name}” belongs into {expected}.",
    "类型为“{kind}”、名称为“{name}”的文档应放在 {expected}。",
    "Move or rename the file, or correct kind and name.",
    "请移动或重命名文件，或更正类型与名称。",
)
UNKNOWN_FILE = Message(
    "module.unknown_file",
    "This file has no meaning in a module.",
    "模块中不应有此文件。",
    "Remove it; known folders are {known}.",
    "请删除；可用的文件夹有 {known}。",
)


@dataclass(frozen=True, slots=True)
class Modules:
    """What was read: documents and rows of the modules, and everything that is wrong with them.

    With `keeps_rows` the files of rows that are live stay: only the definitions were sent. `needs`
    are the modules outside, with versions, that the manifest of a package names.
    """

    names: tuple[str, ...]
    documents: tuple[Document, ...]
    rows: tuple[RowsFile, ...]
    problems: tuple[Problem, ...]
    keeps_rows: bool = False
    needs: tuple[tuple[str, str], ...] = ()

    def joined(self, other: Modules) -> Modules:
        """Return both together."""
        return Modules(
            (*self.names, *other.names),
            (*self.documents, *other.documents),
            (*self.rows, *other.rows),
            (*self.problems, *other.problems),
            needs=(*self.needs, *other.needs),
        )


NOTHING: Final = Modules((), (), (), ())
_MODULES: Final[Newest[Modules]] = Newest(KEPT_BYTES)


def read_modules(path: Path, types: FieldTypes) -> Modules:
    """Read what is at `path`: a module, a folder of modules, a zip package or a kit."""
    return read_source(open_source(path), types)


def read_source(source: Source, types: FieldTypes) -> Modules:
    """Read all modules of a source; one that is no sound package gives its problems only."""
    problems = (*source.problems, *check_package(source))
    if errors(problems):
        return Modules((), (), (), problems)
    result = Modules((), (), (), problems, needs=needs_of(source))
    for module in source.modules:
        result = result.joined(_read_module(module, types))
    return result


def with_required(
    modules: Modules,
    path: Path,
    others: Sequence[Path],
    known: Iterable[str],
    types: FieldTypes,
    keys: tuple[str, ...] = ("requires",),
) -> Modules:
    """Add the modules that are required and not `known`: from beside `path`, then from `others`.

    `keys` are those of the manifests under which modules are named.
    """
    present = {*known}
    complete = modules
    waiting = [name for name, _ in _required(modules, keys)]
    places = (*places_beside(path), *others)
    while waiting:
        name = waiting.pop()
        if name in present or name in complete.names:
            continue
        present.add(name)
        files = find_module(name, places)
        if files is None:
            continue
        found = _read_module(files, types)
        complete = complete.joined(found)
        waiting.extend(required for required, _ in _required(found, keys))
    return complete


def missing_modules(modules: Modules, known: Mapping[str, ModuleDef]) -> tuple[Problem, ...]:
    """Return a problem for each required module that is neither here nor `known`, or too old."""
    present = {*known, *modules.names}
    missing = (
        MISSING_MODULE.at(place, name=name)
        for name, place in _required(modules)
        if name not in present
    )
    installed = {name: module.version for name, module in known.items()}
    return (*missing, *missing_dependencies(modules.needs, modules.names, installed))


def in_order(modules: Iterable[ModuleDef]) -> tuple[str, ...]:
    """Return the names of modules so that each comes after those it requires."""
    definitions = {one.name: one for one in modules}
    order: list[str] = []
    seen: set[str] = set()

    def visit(name: str) -> None:
        if name in seen or name not in definitions:
            return
        seen.add(name)
        for needed in (*definitions[name].requires, *definitions[name].optional):
            visit(needed)
        order.append(name)

    for name in sorted(definitions):
        visit(name)
    return tuple(order)


def _required(modules: Modules, keys: tuple[str, ...] = ("requires",)) -> Iterator[tuple[str, str]]:
    for document in modules.documents:
        if document.kind == "module":
            for key in keys:
                for index, name in enumerate(document.content.get(key, ())):
                    yield name, "/" + document.file + pointer(key, index)


def _read_module(module: ModuleFiles, types: FieldTypes) -> Modules:
    """Read a module; the very documents of the last reading where its files are the same."""
    files = [(path, read()) for path, read in module.files.items() if _has_meaning(path)]
    make = partial(_load_module, module.name, files, types)
    weight = sum(len(data) for _, data in files)
    return _MODULES.get((module.name, types), files, make, weight)


def _has_meaning(path: str) -> bool:
    return path.endswith((".json", ".csv"))


def _load_module(name: str, files: Sequence[tuple[str, bytes]], types: FieldTypes) -> Modules:
    problems: list[Problem] = []
    definitions: list[tuple[str, str, bytes]] = []
    texts: list[tuple[str, bytes]] = []
    rows: list[RowsFile] = []
    for path, data in files:
        parts = tuple(path.split("/"))
        place = f"{name}/{path}"
        if _is_definition(parts):
            definitions.append((name, place, data))
        elif _is_help(parts):
            texts.append((place, data))
        elif _is_rows(parts):
            loaded_rows, found = load_rows_file(name, parts[1], parts[2], data)
            problems.extend(problem.below("/" + place) for problem in found)
            rows.extend(loaded_rows)
        else:
            problems.append(UNKNOWN_FILE.at("/" + place, known=KNOWN_FOLDERS))
    parsed, found = parse_files(definitions)
    problems.extend(found)
    if not found:  # what a broken file defines is unknown, and so are the texts that it may have
        parsed, found = _with_help(parsed, texts, types)
        problems.extend(found)
    loaded = check_documents(parsed, types)
    problems.extend(loaded.problems)
    problems.extend(
        WRONG_FOLDER.at("/" + path, kind=one.kind, name=one.name, expected=one.file)
        for one, path in zip(loaded.documents, loaded.paths, strict=True)
        if one.file != path
    )
    return Modules((name,), loaded.documents, tuple(rows), tuple(problems))


def _with_help(
    parsed: tuple[Parsed, ...], texts: Sequence[tuple[str, bytes]], types: FieldTypes
) -> tuple[tuple[Parsed, ...], tuple[Problem, ...]]:
    """Put the texts of help files, given as (path, bytes), into the documents of their module."""
    if not texts:
        return parsed, ()
    problems: list[Problem] = []
    files: list[HelpFile] = []
    for path, data in texts:
        read = parse_json(data, shown=True)
        problems.extend(problem.below("/" + path) for problem in read.problems)
        if not read.problems:
            files.append(HelpFile(HELP_FILES[Path(path).name], path, read.value))
    merged, found = add_help_texts(parsed, files, types)
    return merged, (*problems, *found)


def _is_definition(parts: tuple[str, ...]) -> bool:
    if parts == (MANIFEST,):
        return True
    return "/".join(parts[:-1]) in DEFINITION_FOLDERS and parts[-1].endswith(".json")


def _is_help(parts: tuple[str, ...]) -> bool:
    return parts[:-1] == ("help",) and parts[-1] in HELP_FILES


def _is_rows(parts: tuple[str, ...]) -> bool:
    return (
        len(parts) == 3  # noqa: PLR2004 - records/sample/file.csv
        and parts[0] == "records"
        and parts[1] in ROW_SETS
        and Path(parts[2]).suffix in ROW_FORMATS
    )


def manifest_of(document: Document, types: FieldTypes) -> ModuleDef:
    """Return the definition of a module's manifest."""
    definition: ModuleDef = load_definition(document.content, types)
    return definition

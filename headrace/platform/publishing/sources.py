"""Where modules come from: a folder, a folder of modules, a zip package, a kit; all as files by path."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from headrace.platform.core.problems import Message, Problem
from headrace.platform.metadata.definitions.packages import Kit
from headrace.platform.publishing.archives import read_archive
from headrace.platform.publishing.file_memory import files_below
from headrace.platform.publishing.kits import KITS, load_kit

MANIFEST: Final = "module.json"
PACKAGE: Final = "package.json"
USERS: Final = "users.jsonl"
ARCHIVE: Final = ".zip"

NOT_A_MODULE = Message(
    "module.not_found",
    "“{path}” is neither a module folder nor a folder of modules.",
    "“{path}”既不是模块文件夹，也不是存放模块的文件夹。",
    "Give the folder that holds module.json, or the one above it.",
    "请指定 module.json 所在的文件夹，或其上一级文件夹。",
)
UNKNOWN_IN_KIT = Message(
    "kit.unknown_module",
    "The kit “{kit}” names the module “{name}”, which is not there.",
    "方案“{kit}”包含模块“{name}”，但该模块不存在。",
    "Put its folder beside the folder of kits, or take it out of the kit.",
    "请将其文件夹放在 kits 文件夹旁边，或从方案中移除。",
)

Reader = Callable[[], bytes]


@dataclass(frozen=True, slots=True)
class ModuleFiles:
    """A module's files by their path within its folder; `read` them when they are needed."""

    name: str
    files: Mapping[str, Reader]


@dataclass(frozen=True, slots=True)
class Source:
    """Modules by name with what stands beside them, and what is wrong with the whole.

    `package` are the bytes of the package's own manifest, `users` those of the users that travel with
    records; `sealed` says that nobody edits the files of it: a zip package, not a folder.
    """

    modules: tuple[ModuleFiles, ...]
    problems: tuple[Problem, ...] = ()
    package: bytes | None = None
    sealed: bool = False
    kits: tuple[Kit, ...] = ()
    users: bytes | None = None


def open_source(path: Path) -> Source:
    """Return what is at `path`: a module, a folder of modules, a zip package, or a kit."""
    if is_kit(path):
        return _kit_source(path)
    if path.is_file() and path.suffix == ARCHIVE:
        return archive_source(path.read_bytes(), path.name)
    folders = module_folders(path)
    if not folders:
        return Source((), (NOT_A_MODULE.at(path=path.name or str(path)),))
    alone = len(folders) == 1 and folders[0] == path
    kits, problems = ((), ()) if alone else _kits_in(path, {one.name for one in folders})
    return Source(
        tuple(_folder_files(folder) for folder in folders),
        problems,
        package=None if alone else _read(path / PACKAGE),
        kits=kits,
        users=None if alone else _read(path / USERS),
    )


def archive_source(data: bytes, name: str = "") -> Source:
    """Return the modules of a zip package; nothing of it touches the disk."""
    files, problems = read_archive(data)
    if problems:
        return Source((), problems, sealed=True)
    folders = sorted({path.partition("/")[0] for path in files if path.endswith("/" + MANIFEST)})
    folders = [one for one in folders if f"{one}/{MANIFEST}" in files]
    if not folders:
        return Source((), (NOT_A_MODULE.at(path=name or "zip"),), sealed=True)
    modules = tuple(
        ModuleFiles(
            folder,
            {
                path.partition("/")[2]: _reader(content)
                for path, content in sorted(files.items())
                if path.startswith(folder + "/") and _is_shown(path.split("/"))
            },
        )
        for folder in folders
    )
    return Source(modules, package=files.get(PACKAGE), sealed=True, users=files.get(USERS))


def find_module(name: str, places: Iterable[Path]) -> ModuleFiles | None:
    """Return the first module called `name` in or at `places`, zip packages among them."""
    for place in places:
        if place.is_file() and place.suffix == ARCHIVE:
            inside = archive_source(place.read_bytes(), place.name)
            for module in inside.modules:
                if module.name == name:
                    return module
        for candidate in (place / name, place):
            if (candidate / MANIFEST).is_file() and candidate.name == name:
                return _folder_files(candidate)
    return None


def places_beside(path: Path) -> tuple[Path, ...]:
    """Return where modules that those at `path` require are looked for first."""
    place = path.resolve()
    if is_kit(place):
        return (place.parent.parent,)
    return (place.parent,) if len(module_folders(path)) == 1 else (place, place.parent)


def module_folders(path: Path) -> tuple[Path, ...]:
    """Return `path` if it is a module, else the modules in it, by name."""
    if (path / MANIFEST).is_file():
        return (path,)
    if not path.is_dir():
        return ()
    return tuple(sorted(one for one in path.iterdir() if (one / MANIFEST).is_file()))


def is_kit(path: Path) -> bool:
    """Say whether `path` is a kit: a JSON file in a folder `kits` beside modules."""
    return path.is_file() and path.suffix == ".json" and path.resolve().parent.name == KITS


def _kit_source(path: Path) -> Source:
    place = f"/{KITS}/{path.name}"
    kit, problems = load_kit(path.name, path.read_bytes())
    if kit is None:
        return Source((), tuple(problem.below(place) for problem in problems))
    folders = {one.name: one for one in module_folders(path.resolve().parent.parent)}
    unknown = _unknown(kit, folders, place)
    chosen = [folders[name] for name in kit.modules if name in folders]
    return Source(tuple(_folder_files(one) for one in sorted(chosen)), unknown, kits=(kit,))


def _kits_in(path: Path, known: set[str]) -> tuple[tuple[Kit, ...], tuple[Problem, ...]]:
    kits: list[Kit] = []
    problems: list[Problem] = []
    for file in sorted((path / KITS).glob("*.json")):
        place = f"/{KITS}/{file.name}"
        kit, found = load_kit(file.name, file.read_bytes())
        problems.extend(problem.below(place) for problem in found)
        if kit is not None:
            kits.append(kit)
            problems.extend(_unknown(kit, known, place))
    return tuple(kits), tuple(problems)


def _unknown(kit: Kit, known: Iterable[str], place: str) -> tuple[Problem, ...]:
    present = {*known}
    return tuple(
        UNKNOWN_IN_KIT.at(f"{place}/modules/{position}", kit=kit.name, name=name)
        for position, name in enumerate(kit.modules)
        if name not in present
    )


def _folder_files(folder: Path) -> ModuleFiles:
    return ModuleFiles(folder.name, dict(files_below(folder)))


def _read(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None


def _is_shown(parts: Iterable[str]) -> bool:
    return not any(part.startswith((".", "__")) for part in parts)


def _reader(content: bytes) -> Reader:
    return lambda: content

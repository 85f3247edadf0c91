"""Packages: modules on their way to another database, with a manifest that says what is inside.

`package.json` stands beside the modules. A zip package is *sealed*: what the manifest says must be
what is there. A folder is there to be edited, so its checksums count only where somebody asks.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from headrace.platform.core.canonical import content_hash, document_text
from headrace.platform.core.problems import Message, Problem, pointer
from headrace.platform.metadata.definitions.keys import load_object
from headrace.platform.metadata.definitions.packages import Manifest
from headrace.platform.metadata.loading import check_content
from headrace.platform.metadata.strict_json import parse_json
from headrace.platform.publishing.sources import PACKAGE, ModuleFiles, Source

FORMAT: Final = 1

NEWER_FORMAT = Message(
    "package.version",
    "The package has format {found}; this program reads format {known}.",
    "包的格式为 {found}，本程序支持的格式为 {known}。",
    "Publish it with a newer Headrace, or export it again with this one.",
    "请使用更新版本的 Headrace 发布，或用本版本重新导出。",
)
OTHER_VERSION = Message(
    "package.version",
    "The manifest says that “{name}” is {said}; its module.json says {found}.",
    "清单中“{name}”的版本为 {said}，而 module.json 中为 {found}。",
    "Export the package again.",
    "请重新导出该包。",
)
DEPENDENCY = Message(
    "package.dependency",
    "The package was made for “{name}” {needed}, which is neither inside nor installed.",
    "该包依赖“{name}” {needed}，但包内没有，也未安装。",
    "Publish that module first, or export with --closure.",
    "请先发布该模块，或使用 --closure 导出。",
)
OLDER_DEPENDENCY = Message(
    "package.dependency",
    "The package was made for “{name}” {needed}; {found} is installed.",
    "该包依赖“{name}” {needed}，当前安装的是 {found}。",
    "Publish the newer version of that module first.",
    "请先发布该模块的新版本。",
)
NOT_LISTED = Message(
    "package.dependency",
    "The manifest and the folders differ: “{name}” is in one of them only.",
    "清单与文件夹不一致：“{name}”只出现在其中一处。",
    "Export the package again.",
    "请重新导出该包。",
)
DUPLICATE = Message(
    "package.duplicate",
    "The {kind} “{name}” is in the package twice: {first} and here.",
    "包中 {kind}“{name}”重复：{first} 与此处。",
    "Leave one of them out.",
    "请保留其中一个。",
)
CHECKSUM = Message(
    "package.checksum",
    "The files of “{name}” are not those that were exported.",
    "“{name}”的文件与导出时不一致。",
    "Get the package again; whoever edits one exports it anew.",
    "请重新获取该包；修改后须重新导出。",
)
NO_MANIFEST = Message(
    "package.checksum",
    "There is no package.json with the checksums of the modules.",
    "没有包含模块校验和的 package.json。",
    "Export the modules; the export writes it.",
    "请导出模块，导出时会生成该文件。",
)
SECRET = Message(
    "package.secret",
    "This looks like a {what}.",
    "此处疑似包含 {what}。",
    "Take it out: definitions and their rows are no place for secrets.",
    "请移除；定义及其数据中不应包含机密信息。",
)
FOREIGN_ID = Message(
    "package.foreign_id",
    "“{id}” is the id of a record or user of another database.",
    "“{id}”是其他数据库中的记录或用户标识。",
    "Refer to records by their external id, to users by a role or a field.",
    "请用外部标识引用记录，用角色或字段引用用户。",
)

SECRETS: Final[Mapping[str, str]] = {
    "hash": r"\$argon2(?:id|i|d)\$|\$2[aby]\$\d\d\$[./A-Za-z0-9]{53}|scrypt:\d+:\d+:\d+\$"
    r"|pbkdf2[:_]sha\d+",
    "key": r"-----BEGIN [A-Z ]*PRIVATE KEY-----",
    "token": r"\bhr_[A-Za-z0-9_-]{43}(?![A-Za-z0-9_-])"
    r"|\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}"
    r"|\bAKIA[0-9A-Z]{16}\b|\bgh[pousr]_[A-Za-z0-9]{36,}|\bsk_live_[A-Za-z0-9]{16,}"
    r"|\bxox[abprs]-[A-Za-z0-9-]{10,}",
}
"""What secrets look like: password hashes, private keys, tokens."""
ANY_SECRET: Final = re.compile("|".join(f"(?P<{one}>{form})" for one, form in SECRETS.items()))
SECRET_COLUMNS: Final = frozenset({"password", "password_hash", "secret", "token", "api_key"})
ANY_ID: Final = re.compile(
    r"(?<![0-9A-Za-z-])[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}(?![0-9A-Za-z-])"
)


def manifest_text(
    modules: Mapping[str, Iterable[tuple[str, bytes]]], installed: Mapping[str, Mapping[str, Any]]
) -> bytes:
    """Return the manifest of `modules`, given as files by path in the module.

    `installed` are the documents of all modules of the workspace, by name.
    """
    content: dict[str, Any] = {
        "format": FORMAT,
        "modules": {
            name: {"version": installed[name]["version"], "checksum": checksum(files)}
            for name, files in modules.items()
        },
    }
    outside = {
        needed: {"version": installed[needed]["version"]}
        for name in modules
        for needed in installed[name].get("requires", ())
        if needed not in modules and needed in installed
    }
    if outside:
        content["requires"] = outside
    return document_text(content).encode()


def checksum(files: Iterable[tuple[str, bytes]]) -> str:
    """Return the SHA-256 over paths and contents of a module's files."""
    return content_hash(sorted([path, hashlib.sha256(data).hexdigest()] for path, data in files))


def check_package(source: Source) -> tuple[Problem, ...]:
    """Return what is wrong with a package as such; a folder without manifest is none."""
    if source.package is None and not source.sealed:
        return ()
    problems = [*_same_twice(source.modules)]
    for module in source.modules:
        problems.extend(_inside(module))
    manifest, found = read_manifest(source)
    problems.extend(found)
    if manifest is not None and source.sealed:
        problems.extend(_differences(source, manifest))
    return tuple(problems)


def read_manifest(source: Source) -> tuple[Manifest | None, tuple[Problem, ...]]:
    """Read the manifest; None where there is none or it cannot be read."""
    if source.package is None:
        return None, ()
    parsed = parse_json(source.package)
    problems = parsed.problems
    content = parsed.value
    given = content.get("format") if isinstance(content, dict) else None
    if not problems and isinstance(given, int) and given > FORMAT:
        newer = NEWER_FORMAT.at("/format", found=given, known=FORMAT)
        return None, (newer.below("/" + PACKAGE),)
    problems = problems or check_content(content, Manifest)
    if problems:
        return None, tuple(problem.below("/" + PACKAGE) for problem in problems)
    manifest: Manifest = load_object(Manifest, content)
    return manifest, ()


def verify_package(source: Source) -> tuple[Problem, ...]:
    """Return what differs from the manifest in a folder that nobody should have edited."""
    manifest, problems = read_manifest(source)
    if source.package is None:
        return (NO_MANIFEST.at("/" + PACKAGE),)
    return problems if manifest is None else tuple(_differences(source, manifest))


def needs_of(source: Source) -> tuple[tuple[str, str], ...]:
    """Return the modules outside, with versions, that the manifest names."""
    manifest, _ = read_manifest(source)
    return tuple((name, one.version) for name, one in manifest.requires.items()) if manifest else ()


def missing_dependencies(
    needs: Iterable[tuple[str, str]], inside: Iterable[str], installed: Mapping[str, str]
) -> tuple[Problem, ...]:
    """Return a problem for each module that a package needs and that is missing or older.

    `inside` come along, `installed` maps the modules of the target to their versions.
    """
    present = frozenset(inside)
    problems = []
    for name, needed in needs:
        place = f"/{PACKAGE}/requires/{name}"
        found = installed.get(name)
        if name in present:
            continue
        if found is None:
            problems.append(DEPENDENCY.at(place, name=name, needed=needed))
        elif _numbers(found) < _numbers(needed):
            problems.append(OLDER_DEPENDENCY.at(place, name=name, needed=needed, found=found))
    return tuple(problems)


def forbidden_inside(file: str, data: bytes) -> Iterator[Problem]:
    """Yield a problem for each secret and each foreign id in a file of a package."""
    text = data.decode("utf-8", "replace")
    for line, content in _places(file, text):
        found = ANY_SECRET.search(content)
        if found is not None:
            yield SECRET.at(line, what=found.lastgroup)
        foreign = ANY_ID.search(content)
        if foreign is not None:
            yield FOREIGN_ID.at(line, id=foreign[0])
    if file.endswith(".csv"):
        yield from _secret_columns(file, text)


def _places(file: str, text: str) -> Iterator[tuple[str, str]]:
    """Yield places and texts of a file: strings of JSON, lines of everything else."""
    if not (ANY_SECRET.search(text) or ANY_ID.search(text)):
        return
    if file.endswith(".json"):
        try:
            yield from _strings(json.loads(text), "/" + file)
        except ValueError:
            yield "/" + file, text
    else:
        for number, line in enumerate(text.splitlines(), start=1):
            yield f"/{file}/{number}", line


def _strings(value: Any, place: str) -> Iterator[tuple[str, str]]:
    match value:
        case str():
            yield place, value
        case list():
            for position, part in enumerate(value):
                yield from _strings(part, f"{place}/{position}")
        case dict():
            for name, part in value.items():
                yield place + pointer(name), name
                yield from _strings(part, place + pointer(name))


def _secret_columns(file: str, text: str) -> Iterator[Problem]:
    header, _, rest = text.lstrip("\ufeff").partition("\n")
    for name in SECRET_COLUMNS.intersection(header.strip().split(",")):
        if rest.strip():
            yield SECRET.at(f"/{file}/1", what=name)


def _inside(module: ModuleFiles) -> Iterator[Problem]:
    for path, read in module.files.items():
        if path.endswith((".json", ".csv")):
            yield from forbidden_inside(f"{module.name}/{path}", read())


def _same_twice(modules: Sequence[ModuleFiles]) -> Iterator[Problem]:
    """Yield a problem for each definition that two modules of the package bring."""
    seen: dict[tuple[str, str], str] = {}
    for module in modules:
        for path in module.files:
            folder, _, name = path.rpartition("/")
            if not path.endswith(".json") or folder.startswith(("extends", "records", "help")):
                continue
            slot = (folder or "module", name if folder else module.name)
            place = f"/{module.name}/{path}"
            if slot in seen:
                shown = name.removesuffix(".json")
                yield DUPLICATE.at(place, kind=folder.rstrip("s"), name=shown, first=seen[slot])
            seen.setdefault(slot, place)


def _differences(source: Source, manifest: Manifest) -> Iterator[Problem]:
    """Yield where modules, versions and files are not those of the manifest."""
    names = {one.name for one in source.modules}
    for name in sorted(names ^ set(manifest.modules)):
        yield NOT_LISTED.at(f"/{PACKAGE}/modules/{name}", name=name)
    for module in source.modules:
        entry = manifest.modules.get(module.name)
        if entry is None:
            continue
        place = f"/{PACKAGE}/modules/{module.name}"
        parsed = parse_json(module.files["module.json"]())
        found = parsed.value.get("version") if isinstance(parsed.value, dict) else None
        if isinstance(found, str) and found != entry.version:
            said = entry.version
            yield OTHER_VERSION.at(f"{place}/version", name=module.name, said=said, found=found)
        files = ((path, read()) for path, read in module.files.items())
        if entry.checksum != checksum(files):
            yield CHECKSUM.at(f"{place}/checksum", name=module.name)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))

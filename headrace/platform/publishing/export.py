"""The way out: the live definitions as module folders, in canonical form, with ids."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from headrace.platform.core.canonical import document_text
from headrace.platform.core.errors import RefusedError
from headrace.platform.core.problems import Message
from headrace.platform.publishing.catalogs import Content
from headrace.platform.publishing.packages import forbidden_inside, manifest_text
from headrace.platform.publishing.sources import PACKAGE

UNKNOWN_MODULE = Message(
    "module.unknown",
    "There is no module “{name}” here.",
    "没有模块“{name}”。",
    "`headrace versions` and the menu show what is installed.",
    "请查看已安装的模块。",
)
NOT_EMPTY = Message(
    "export.not_empty",
    "“{path}” holds files that are not part of this export.",
    "“{path}”中存在不属于本次导出的文件。",
    "Choose an empty folder.",
    "请选择空文件夹。",
)


def export_files(
    content: Content,
    modules: Sequence[str] = (),
    *,
    closure: bool = False,
    records: Iterable[tuple[str, bytes]] = (),
) -> Iterator[tuple[str, bytes]]:
    """Yield path and bytes of each file, by path; the same content gives the same bytes.

    `modules` are exported, all without them; with `closure` also what they require. `records` are
    further files of theirs. Raise RefusedError where a secret or the id of a record is inside.
    """
    chosen = chosen_modules(content, modules, closure=closure)
    files = {
        one.file: document_text(dict(one.content)).encode()
        for one in content.documents
        if one.module in chosen
    }
    files |= {one.file: one.text.encode() for one in content.rows if one.module in chosen}
    problems = [one for path, data in files.items() for one in forbidden_inside(path, data)]
    if problems:
        raise RefusedError.of(problems)
    files |= dict(records)
    by_module: dict[str, list[tuple[str, bytes]]] = {name: [] for name in chosen}
    for path, data in files.items():
        module, _, rest = path.partition("/")
        if rest:
            by_module[module].append((rest, data))
    files[PACKAGE] = manifest_text(by_module, _installed(content))
    yield from sorted(files.items())


def chosen_modules(
    content: Content, modules: Sequence[str], *, closure: bool = False
) -> tuple[str, ...]:
    """Return the names of the modules that are meant; raise RefusedError for unknown ones."""
    installed = _installed(content)
    unknown = [name for name in modules if name not in installed]
    if unknown:
        raise RefusedError.of(UNKNOWN_MODULE.at(name=name) for name in unknown)
    chosen = dict.fromkeys(modules or installed)
    waiting = list(chosen) if closure else []
    while waiting:
        for name in installed[waiting.pop()].get("requires", ()):
            if name in installed and name not in chosen:
                chosen[name] = None
                waiting.append(name)
    return tuple(sorted(chosen))


def _installed(content: Content) -> dict[str, Mapping[str, Any]]:
    return {one.name: one.content for one in content.documents if one.kind == "module"}


def write_export(folder: Path, files: Iterable[tuple[str, bytes]]) -> int:
    """Write files below `folder`; refuse one that holds others, so that nothing old is left over."""
    contents = dict(files)
    if folder.exists():
        strangers = [
            path
            for path in folder.rglob("*")
            if path.is_file() and path.relative_to(folder).as_posix() not in contents
        ]
        if strangers:
            raise RefusedError(NOT_EMPTY.at(path=folder.name))
    for name, data in contents.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return len(contents)

"""The way out: the live definitions as module folders, in canonical form, with ids."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from headrace.platform.core.canonical import document_text
from headrace.platform.core.errors import RefusedError
from headrace.platform.core.problems import Message
from headrace.platform.publishing.catalogs import Content
from headrace.platform.publishing.rows import RowsFile

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


def export_files(content: Content, modules: Sequence[str] = ()) -> Iterator[tuple[str, bytes]]:
    """Yield path and bytes of each file, by path; the same content gives the same bytes."""
    present = {document.module for document in content.documents}
    unknown = [name for name in modules if name not in present]
    if unknown:
        raise RefusedError.of(UNKNOWN_MODULE.at(name=name) for name in unknown)
    chosen = set(modules) or present
    documents = {
        one.file: document_text(dict(one.content)).encode()
        for one in content.documents
        if one.module in chosen
    }
    rows = {one.file: _rows_bytes(one) for one in content.rows if one.module in chosen}
    yield from sorted({**documents, **rows}.items())


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


def _rows_bytes(file: RowsFile) -> bytes:
    return file.text.encode()

"""In which order files of rows are loaded, and which rows belong inside others."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from headrace.platform.core.errors import RefusedError
from headrace.platform.core.problems import Message
from headrace.platform.metadata.catalog import Catalog, ObjectModel
from headrace.platform.publishing.rows import USER_FILE, RowsFile, to_input

UNKNOWN_OBJECT = Message(
    "rows.unknown_object",
    "There are rows for “{object}”, and no such object.",
    "存在“{object}”的数据，但没有该对象。",
    "Name the file after an object.",
    "请以对象名命名文件。",
)
UNKNOWN_COLUMN = Message(
    "rows.unknown_column",
    "“{object}” has no field “{column}”.",
    "“{object}”没有字段“{column}”。",
    "Correct the header of the file.",
    "请更正文件的表头。",
)


@dataclass(frozen=True, slots=True)
class ObjectRows:
    """Rows of one object as the record store takes them, details inside their masters."""

    model: ObjectModel
    rows: tuple[dict[str, Any], ...]


def check_rows(catalog: Catalog, files: Iterable[RowsFile]) -> None:
    """Raise RefusedError with every file and column that the catalog does not know."""
    problems = []
    for file in files:
        if file.object == USER_FILE:
            continue
        model = catalog.objects.get(file.object)
        if model is None:
            problems.append(UNKNOWN_OBJECT.at("/" + file.file, object=file.object))
            continue
        problems.extend(
            UNKNOWN_COLUMN.at("/" + file.file, object=file.object, column=name)
            for name in file.header()
            if name not in model.fields
        )
    if problems:
        raise RefusedError.of(problems)


def in_loading_order(catalog: Catalog, files: Sequence[RowsFile]) -> Iterator[ObjectRows]:
    """Yield the rows of `files` so that what is referred to comes first.

    Rows of a detail object stand inside their masters where these are loaded too.
    """
    by_object = {file.object: file for file in files if file.object != USER_FILE}
    models = {name: catalog.objects[name] for name in by_object}
    inside = {
        name
        for name, model in models.items()
        if model.master is not None and _relation(catalog, model, by_object) is not None
    }
    for name in referred_first(catalog, models, inside):
        rows = [to_input(models[name], row) for row in by_object[name].rows()]
        for detail in (one for one in models.values() if one.name in inside):
            relation = _relation(catalog, detail, by_object)
            if relation is not None and relation[0] == name:
                _nest(models[name], rows, relation[1], detail, by_object[detail.name])
        yield ObjectRows(models[name], tuple(_parents_first(models[name], rows)))


def _relation(
    catalog: Catalog, detail: ObjectModel, files: dict[str, RowsFile]
) -> tuple[str, str] | None:
    """Return the master's name and the relation's, where the master is loaded and has a key."""
    if detail.master is None:
        return None
    master = catalog.objects[str(detail.fields[detail.master].target)]
    if master.name not in files or not master.external_ids:
        return None
    for child in master.children:
        if child.object == detail.name:
            return master.name, child.name
    return None


def _nest(
    master: ObjectModel,
    rows: list[dict[str, Any]],
    relation: str,
    detail: ObjectModel,
    file: RowsFile,
) -> None:
    by_key: dict[str, list[dict[str, Any]]] = defaultdict(list)
    reference = str(detail.master)
    for cells in file.rows():
        key = cells.pop(reference, "")
        by_key[key].append(to_input(detail, cells))
    for row in rows:
        inner = by_key.get(str(row.get(master.external_ids[0])))
        if inner:
            row[relation] = inner


def referred_first(
    catalog: Catalog, models: dict[str, ObjectModel], inside: set[str]
) -> Iterator[str]:
    """Yield the names of `models` so that what is referred to comes first; not those `inside` others."""
    seen: set[str] = set()

    def targets(model: ObjectModel) -> Iterator[str]:
        for field in model.fields.values():
            yield from field.refers_to
        for child in model.children:
            if child.object in inside:
                yield from targets(catalog.objects[child.object])

    def visit(name: str) -> Iterator[str]:
        if name in seen or name not in models or name in inside:
            return
        seen.add(name)
        for target in targets(models[name]):
            yield from visit(target)
        yield name

    for name in sorted(models):
        yield from visit(name)


def _parents_first(model: ObjectModel, rows: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Order the rows of a tree so that each comes after its parent."""
    if model.tree_field is None or not model.external_ids:
        yield from rows
        return
    key, parent = model.external_ids[0], model.tree_field
    by_key = {row.get(key): row for row in rows}
    seen: set[Any] = set()

    def visit(row: dict[str, Any]) -> Iterator[dict[str, Any]]:
        if row.get(key) in seen:
            return
        seen.add(row.get(key))
        above = by_key.get(row.get(parent, {}).get("key"))
        if above is not None:
            yield from visit(above)
        yield row

    for row in rows:
        yield from visit(row)


def waiting_states(catalog: Catalog, model: ObjectModel) -> frozenset[str]:
    """Return the states in which records wait for an approval."""
    workflow = catalog.workflows.get(model.workflow or "")
    if workflow is None:
        return frozenset()
    return frozenset(
        one.definition.to
        for one in workflow.transitions.values()
        if workflow.approvals.get(one.name)
    )

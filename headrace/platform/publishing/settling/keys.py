"""Keys: rows that will have equal values where all must differ."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from headrace.platform.core.problems import named, said
from headrace.platform.database.operations import CreateIndex, Operation
from headrace.platform.metadata.catalog import ObjectModel
from headrace.platform.publishing.answering import Question
from headrace.platform.publishing.failing import Duplicates, Found, RowFinder
from headrace.platform.publishing.failing.findings import place_of
from headrace.platform.publishing.plan import Failing, PlanLine
from headrace.platform.publishing.settling.messages import EXISTING_DUPLICATES


def new_keys(finder: RowFinder, operations: Sequence[Operation]) -> Mapping[str, Found]:
    """Return the keys that are made and that rows do not keep, by the keys of their operations."""
    found: dict[str, Found] = {}
    for one in operations:
        if isinstance(one, CreateIndex) and one.index.unique:
            model = finder.rows.catalog.objects[one.object]
            if model.ledger is not None and set(one.fields) == set(model.ledger.key):
                continue  # its rows get the values by which they differ
            shared = _found(finder, model, one.fields)
            if shared.count:
                found[one.key] = shared
    return found


def refused_key(model: ObjectModel, line: PlanLine, found: Found) -> Question:
    """Return a line as one that no answer settles: the values have to be made different."""
    failing = Failing(found.count, found.first, EXISTING_DUPLICATES.code, found.groups)
    problem = EXISTING_DUPLICATES.at(
        place_of(model), object=model.name, count=found.groups or 0, key=line.key
    )
    return Question(replace(line, failing=failing, needs_answer=True), problem)


def affected_keys(finder: RowFinder, operations: Sequence[Operation]) -> Iterator[Question]:
    """Yield a line for each key that stays and that rows no longer keep by what they get."""
    made = {one.key for one in operations if isinstance(one, CreateIndex) and one.index.unique}
    for model in finder.rows.catalog.objects.values():
        if model.id not in finder.rows.former or model.id not in finder.rows.worked:
            continue
        for names in _keys(model):
            changed = any((model.id, model.fields[one].id) in finder.rows.work for one in names)
            part = "+".join(names)
            if not changed or f"key.add:{model.name}.{part}" in made:
                continue
            found = _found(finder, model, names)
            if found.count:
                text = said(
                    "Rows get equal values in the key {part} of {object}",
                    "更新后 {object} 的唯一键 {part} 出现重复值",
                    object=named("object", model.name),
                    part=part,
                )
                key = f"key.affect:{model.name}.{part}"
                yield refused_key(model, PlanLine(key, "key.affect", text), found)


def _keys(model: ObjectModel) -> Iterator[tuple[str, ...]]:
    for one in model.fields.values():
        if one.unique and one.stored and not one.system:
            yield (one.name,)
    yield from (tuple(names) for names in model.uniques)


def _found(finder: RowFinder, model: ObjectModel, names: Sequence[str]) -> Found:
    return finder.find(Duplicates(model.id, tuple(model.fields[one].id for one in names)))

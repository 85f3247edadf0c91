"""Which fields of large objects get another column, because their values would change in place.

Users of the old version must not see values of the new one, nor be refused by keys of it, so
whatever a publish does to the values of a large table happens in columns that nobody sees yet.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from headrace.platform.metadata.catalog import Catalog, FieldModel, ObjectModel
from headrace.platform.publishing.counting import Counter
from headrace.platform.publishing.plan import Backfill
from headrace.platform.publishing.row_work import RowWork

Changes = Callable[[ObjectModel, FieldModel], bool]
"""Says whether a stored field will hold other values than its column does now."""


@dataclass(frozen=True, slots=True)
class Relocation:
    """What is looked at: both catalogs, large objects by id with their rows, what rows get.

    `moved` are fields that get another column anyway. `references` says whether a reference may
    leave its column cheaply, `keys` whether a key can be made beside its users.
    """

    old: Catalog
    new: Catalog
    large: Mapping[str, int]
    work: tuple[RowWork, ...]
    moved: frozenset[str]
    changes: Changes
    references: bool
    keys: bool

    def fields(self) -> frozenset[str]:
        """Return the ids of the fields that get another column."""
        found: set[str] = set()
        before = {model.id: model for model in self.old.objects.values()}
        for model in self.new.objects.values():
            former = before.get(model.id)
            if former is None or model.id not in self.large:
                continue
            found.update(self._with_other_values(former, model))
            if self.keys:
                found.update(self._in_new_keys(former, model, found))
        return frozenset(found - self.moved)

    def _with_other_values(self, former: ObjectModel, model: ObjectModel) -> Iterator[str]:
        worked = {getattr(one, "field_id", "") for one in self.work if one.object_id == model.id}
        for field, earlier in self._same(former, model):
            computed = field.computed in {"formula", "rollup"}
            other = field.id in worked or (computed and self.changes(model, field))
            if other and earlier.storage == field.storage:
                yield field.id

    def _in_new_keys(
        self, former: ObjectModel, model: ObjectModel, others: AbstractSet[str]
    ) -> AbstractSet[str]:
        """Return the fields of keys that are new, or that stand on a column that is.

        A key over a column in use and a prepared one would refuse rows that the old version takes.
        """
        found = set(others) | self.moved
        same = {field.id for field, _ in self._same(former, model)}
        known = {frozenset(key) for key in keys_of(former)}
        keys = [frozenset(key) for key in keys_of(model)]
        size = -1
        while size != len(found):
            size = len(found)
            for key in keys:
                if key not in known or key & found:
                    found |= key & same
        return found - self.moved

    def _same(
        self, former: ObjectModel, model: ObjectModel
    ) -> Iterable[tuple[FieldModel, FieldModel]]:
        """Yield the fields that both versions store and that may leave their column, with the earlier ones."""
        known = {one.id: one for one in former.fields.values() if one.stored and not one.system}
        for field in model.fields.values():
            earlier = known.get(field.id)
            if earlier is None or not field.stored or field.system:
                continue
            if self.references or field.target is None:
                yield field, earlier


def keys_of(model: ObjectModel) -> Iterator[tuple[str, ...]]:
    """Yield the ids of the fields of each key of an object."""
    for field in model.fields.values():
        if field.unique and field.stored:
            yield (field.id,)
    for names in model.uniques:
        yield tuple(model.fields[name].id for name in names)


def large_objects(
    old: Catalog, new: Catalog, backfill: Backfill, counter: Counter, least: int
) -> Mapping[str, int]:
    """Return the objects that change or whose details do, and have `least` rows: id -> rows.

    A roll-up over many details takes as long as they are many, however few the owners are.
    """
    before = {model.id: model for model in old.objects.values()}
    computed = frozenset(backfill.computed)
    found: dict[str, int] = {}
    for model in new.objects.values():
        former = before.get(model.id)
        if former is None or (former is model and model.id not in computed):
            continue
        sizes = [counter.all_rows(model.id)]
        if model.id in computed:
            sources = (new.objects[one.source].id for one in model.stored_rollups)
            sizes.extend(counter.all_rows(one) for one in sources if one in before)
        if max(sizes) >= least:
            found[model.id] = sizes[0]
    return found

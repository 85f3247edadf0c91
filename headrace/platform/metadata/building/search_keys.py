"""Keys of texts: what they are found and ordered by beside themselves, each a stored formula of its own.

A field that lists and lookups search by has a search key, the title and what an object declares as searched
a sort key too, rich text a key of its words: who may read the field may search and order by its keys.
What is masked has none, nor has what is computed on reading.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterator, Mapping
from typing import Final, Literal

from headrace.platform.metadata.building.key_fields import key_field
from headrace.platform.metadata.building.workbench import PYTHON, Workbench
from headrace.platform.metadata.catalog import FieldModel, ObjectModel
from headrace.platform.metadata.field_types.computed import FormulaOptions
from headrace.platform.metadata.storage_types import TEXT

Purpose = Literal["search", "sort", "words"]
PROSE: Final = frozenset({"text", "long_text", "formula"})
"""Types of which texts may be Chinese."""
MARKUP: Final = frozenset({"rich_text"})
"""Types of which texts hold more than words."""
FORMULAS: Final[Mapping[Purpose, str]] = {
    "search": "SEARCH_KEY",
    "sort": "SORT_KEY",
    "words": "WORDS",
}


def with_keys(work: Workbench, model: ObjectModel) -> ObjectModel:
    """Give an object with formulas the keys of its texts; names with a capital are nobody else's."""
    made = dict(model.fields)
    found = set(searched(model))
    ordered = {model.title, *model.definition.search} - {*model.external_ids} | {model.title}
    for name, field in model.fields.items():
        search = sort = words = None
        if name in found and _holds(field, PROSE):
            search = _key(work, field, "search")
            sort = _key(work, field, "sort") if name in ordered else None
        elif _holds(field, MARKUP):
            words = _key(work, field, "words")
        keys = tuple(one for one in (search, sort, words) if one is not None)
        if keys:
            made[name] = dataclasses.replace(
                field,
                search_key=search.name if search else None,
                sort_key=sort.name if sort else None,
                words_key=words.name if words else None,
            )
            made.update((one.name, one) for one in keys)
    return dataclasses.replace(model, fields=made)


def without_keys(model: ObjectModel, names: Collection[str]) -> ObjectModel:
    """Return the object without some of its keys."""
    fields = {
        name: dataclasses.replace(
            field,
            search_key=None if field.search_key in names else field.search_key,
            sort_key=None if field.sort_key in names else field.sort_key,
            words_key=None if field.words_key in names else field.words_key,
        )
        for name, field in model.fields.items()
        if name not in names
    }
    order = tuple(name for name in model.computed_order if name not in names)
    return dataclasses.replace(model, fields=fields, computed_order=order)


def searched(model: ObjectModel) -> Iterator[str]:
    """Yield the names of the fields that a search looks in: the declared, title, external ids."""
    names = dict.fromkeys((*model.definition.search, model.title, *model.external_ids))
    return (name for name in names if name in model.fields)


def _holds(field: FieldModel, types: Collection[str]) -> bool:
    """Say whether a field of one of these types holds texts in a column, as people may read them."""
    plain = field.computed in {None, "formula"} and field.stored and not field.system
    return plain and field.type.key in types and field.storage == TEXT and not _is_masked(field)


def _is_masked(field: FieldModel) -> bool:
    return field.definition.masked is not None


def _key(work: Workbench, field: FieldModel, purpose: Purpose) -> FieldModel | None:
    name = f"{field.name}{purpose.capitalize()}"
    options = FormulaOptions(returns="text", formula=f"{FORMULAS[purpose]}({field.name})")
    expression = work.expression(
        options.formula,
        field.object,
        work.field_place(field.object, field.name),
        expected=work.types["formula"].value_type(options),
        engines=PYTHON,
    )
    if expression is None:
        return None
    field_id = f"{field.id}.{purpose}"
    return key_field(work, field, options, expression, name=name, field_id=field_id)

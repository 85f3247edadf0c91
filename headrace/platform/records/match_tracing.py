"""Which record a best match found for a field, and by which keys, for what the asker may read.

Nothing is told of a match that was asked with, or decided by, anything that the asker may not read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, cast

from headrace.platform.core.problems import Text
from headrace.platform.formulas.environment import Environment
from headrace.platform.formulas.messages import FormulaOverflowError
from headrace.platform.formulas.python import compile_python
from headrace.platform.formulas.tree import FieldRef, Node, Query, Value, walk
from headrace.platform.formulas.types import reference
from headrace.platform.metadata.catalog import FieldModel, ObjectModel
from headrace.platform.records.batch import Batch
from headrace.platform.records.environment import RowEnvironment
from headrace.platform.records.history import json_value
from headrace.platform.records.history_reader import titles_of
from headrace.platform.records.permits import names_in_row
from headrace.platform.records.source import read_pairs

ValueOf = Callable[[RowEnvironment, Iterable[str], tuple[str, ...]], tuple[str, Any] | None]
"""Gives name and value at the end of a path as the asker may read it; None where they may not."""

UNTITLED: Final = "–"
NOTHING_FITS: Final = Text("no {object} fits{at}", "没有匹配的{object}{at}")
FOUND: Final = Text("{object} “{title}” fits most closely{at}", "最匹配的{object}是“{title}”{at}")
AT: Final = Text(" at {at}", "（日期 {at}）")
BY: Final = Text(" by {keys}", "，依据：{keys}")
FOR_ALL: Final = Text("; {keys}: for all", "；{keys}：不限")


@dataclass(frozen=True, slots=True)
class TracedMatch:
    """A best match that a field was worked out by: the record, None where none fits.

    `keys` holds the keys that the record has, `open_keys` those that it leaves empty: it fits all there.
    """

    object: str
    record: Mapping[str, Any] | None
    keys: Mapping[str, Any]
    open_keys: tuple[str, ...]
    at: Any
    text: Text

    def render(self, language: str) -> dict[str, Any]:
        """Return the JSON form in one language."""
        return {
            "object": self.object,
            "record": self.record,
            "keys": dict(self.keys),
            "for_all": list(self.open_keys),
            "at": self.at,
            "text": self.text.within(language),
        }


def traced_matches(
    batch: Batch, row: RowEnvironment, seen: Iterable[str], field: FieldModel, value_of: ValueOf
) -> Iterator[TracedMatch]:
    """Yield the matches that the default or formula of a field asks for, as the row stands now."""
    expression = field.expression or field.default
    if expression is None or not any(_is_best(one) for one in walk(expression.tree)):
        return
    asked = _Asked(row)
    try:
        compile_python(expression.tree)(cast(Environment, asked))
    except FormulaOverflowError:
        return
    reading = _Reading(batch, row, frozenset(seen), value_of)
    for query in dict.fromkeys(asked.queries):
        found = reading.match(query)
        if found is not None:
            yield found


def _is_best(node: Node) -> bool:
    return isinstance(node, Query) and node.function == "BEST"


class _Asked:
    """What a formula sees of a row, and notes for which best matches it really asks."""

    def __init__(self, row: RowEnvironment) -> None:
        self._row = row
        self.queries: list[Query] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._row, name)

    def run_query(self, query: Query, environment: Environment, /) -> Value:
        """Answer a query as the row does."""
        if _is_best(query):
            self.queries.append(query)
        return self._row.run_query(query, environment)


@dataclass(frozen=True, slots=True)
class _Reading:
    batch: Batch
    row: RowEnvironment
    seen: frozenset[str]
    value_of: ValueOf

    def match(self, query: Query) -> TracedMatch | None:
        """Return a match; None where the asker may not read all that it rests on."""
        refs = [one for one in walk(query) if isinstance(one, FieldRef)]
        asking = [one.path for one in refs if one.outer]
        surroundings = self.batch.context.surroundings()
        if not read_pairs(surroundings, query.name) or any(
            self.value_of(self.row, self.seen, path) is None for path in asking
        ):
            return None
        model = self.batch.shapes.of(query.name).model
        at = None if query.at is None else json_value(compile_python(query.at)(self.row))
        bare = replace(query, field=None, more=(), type=reference(query.name))
        found = self.row.run_query(bare, self.row)
        if found is None:
            return TracedMatch(query.name, None, {}, (), at, _text(NOTHING_FITS, model, at))
        return self._of_record(query, model, str(found), at, [one for one in refs if not one.outer])

    def _of_record(
        self, query: Query, model: ObjectModel, record_id: str, at: Any, refs: Iterable[FieldRef]
    ) -> TracedMatch | None:
        other = self.batch.environment_of(query.name, record_id)
        definition = model.definition.best_match
        if other is None or definition is None:
            return None
        readable = names_in_row(other, self.batch.context.principal, "read") or frozenset()
        ranked = {definition.priority, definition.from_, definition.to} - {None}
        decided = {model.title, *definition.keys, *ranked}
        if not decided <= readable or any(
            self.value_of(other, readable, one.path) is None for one in refs
        ):
            return None
        values = {name: other.value((model.fields[name].id,)) for name in decided if name}
        keys = {name: values[name] for name in definition.keys if values[name] is not None}
        open_keys = tuple(name for name in definition.keys if name not in keys)
        title = str(values[model.title] or UNTITLED)
        told = [self._told(model.fields[name], value) for name, value in keys.items()]
        text = _text(FOUND, model, at, title=Text(title, title))
        if told:
            text = _joined(text, BY, [_pair(label, value) for label, value in told])
        if open_keys:
            text = _joined(text, FOR_ALL, [_label(model.fields[name]) for name in open_keys])
        shown = {name: json_value(value) for name, value in keys.items()}
        record = {"id": record_id, "title": title}
        return TracedMatch(query.name, record, shown, open_keys, at, text)

    def _told(self, field: FieldModel, value: Any) -> tuple[Text, Text]:
        """Return label and value of a key for people: references by titles that the asker may read."""
        if field.target is not None:
            context = self.batch.context
            titles = titles_of(context, self.batch.work, field.target, [str(value)])
            title = str(titles.get(str(value)) or UNTITLED)
            return _label(field), Text(title, title)
        sent = json_value(value)
        shown = (str(field.type.shown(sent, field.options, code)) for code in ("en", "zh"))
        return _label(field), Text(*shown)


def _label(field: FieldModel) -> Text:
    return field.label or Text(field.name, field.name)


def _pair(label: Text, value: Text) -> Text:
    return Text(
        f"{label.within('en')} {value.within('en')}", f"{label.within('zh')} {value.within('zh')}"
    )


def _text(template: Text, model: ObjectModel, at: Any, title: Text | None = None) -> Text:
    def filled(code: str) -> str:
        day = "" if at is None else AT.within(code).replace("{at}", str(at))
        name = model.label.within(code) or model.name
        text = template.within(code).replace("{object}", name).replace("{at}", day)
        return text.replace("{title}", title.within(code) if title else "")

    return Text(filled("en"), filled("zh"))


def _joined(text: Text, template: Text, parts: Iterable[Text]) -> Text:
    listed = list(parts)

    def filled(code: str, comma: str) -> str:
        keys = comma.join(one.within(code) for one in listed)
        return text.within(code) + template.within(code).replace("{keys}", keys)

    return Text(filled("en", ", "), filled("zh", "、"))

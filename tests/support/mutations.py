"""Random changes to modules that are right: what builders' mistakes, bad tools and attackers send.

`Mutator(random, documents).mutated()` gives a changed copy; the same random numbers give the same.
"""

from __future__ import annotations

import copy
import functools
import re
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

from headrace.platform.metadata.documents import Document
from headrace.platform.metadata.field_types import built_in
from headrace.platform.metadata.schemas import schemas

Way = tuple[Any, ...]
FORMULA_KEYS = {"formula", "when", "where", "unless", "default", "filter", "criteria"}
TOKENS = re.compile(r"'(?:[^']|'')*'|\w+|<=|>=|!=|\S")
NUMBERS = (0, 1, -1, 2, 3, 5, 12, 40, 41, 200, 400, 401, 500, 501, 1000, 10**6, 10**15, 10**18 - 1)
NUMERALS = ("0", "1", "-1", "0.01", "999999999999999999", "-0.000001", "12345678901234567.8", "1.")
NASTY = (
    "",
    " ",
    "0",
    "ünïcödé 中文 🙂",
    "<script>alert(1)</script>",
    "{{ 7 * 7 }} ${7} %s {0}",
    "'; DROP TABLE x; --",
    '"quoted" \\ back',
    "x" * 5000,
    "\u202eevil",
    "a\u0000b",
    "line\nbreak",
)
NAMES = (
    "select",
    "order",
    "table",
    "null",
    "id",
    "x",
    "a" * 40,
    "a" * 41,
    "Amount",
    "аmount",
    "_x",
)
PIECES = (
    "AND", "OR", "NOT", "NULL", "TRUE", "FALSE", "IS", "IN", "+", "-", "*", "/", "%", "=", "!=", "<",
    "<=", ">", ">=", "(", ")", ",", "0", "1", "0.5", "999999999999999999", "'x'", "''", "'2025-06-10'",
    "ROUND", "IF", "CASE", "COALESCE", "CONCAT", "TODAY()", "NOW()", "USER()", "LEN", "ABS", "MAX", "MIN",
    "DATEADD", "DATEDIFF", "UPPER", "LEFT", "$C", ".", "this", "id", "created_at", "created_by", "EXISTS",
    "COUNT", "SUM", "FIRST", "WHERE", "1 = 1", "(1 + 1)", "status = 'draft'",
)  # fmt: skip


@functools.cache
def _schemas() -> dict[str, dict[str, Any]]:
    return schemas(built_in())


class Mutator:
    """Changes copies of some documents."""

    def __init__(self, random: Random, documents: list[Document]) -> None:
        self.random = random
        self.base = documents
        self.schemas = _schemas()
        self.names = sorted({one for d in documents for one in _names(d.content)})
        self.fields = sorted(
            {
                one["name"]
                for d in documents
                if d.kind in {"object", "extends"}
                for one in d.content.get("fields", ())
            }
        )
        self.actions: tuple[Callable[[dict[str, Any]], object], ...] = (
            self.drop_key,
            self.drop_item,
            self.repeat_item,
            self.rename_key,
            self.swap_values,
            self.change_name,
            self.change_name,
            self.change_formula,
            self.change_formula,
            self.change_formula,
            self.change_number,
            self.change_number,
            self.change_text,
            self.change_choice,
            self.change_choice,
            self.change_choice,
            self.change_type,
            self.add_key,
            self.add_key,
            self.add_key,
            self.add_key,
            self.shuffle_list,
            self.borrow_part,
        )

    def mutated(self) -> list[Document]:
        """Return changed documents; mostly one change, sometimes several."""
        contents = [(one.module, copy.deepcopy(dict(one.content))) for one in self.base]
        for _ in range(self.random.choice((1, 1, 1, 2, 2, 3, 5))):
            if self.random.random() < 0.02:
                contents.pop(self.random.randrange(len(contents)))
                continue
            self.others = [content for _, content in contents]
            _, content = self.random.choice(contents)
            for _attempt in range(5):
                if self.random.choice(self.actions)(content):
                    break
        return [Document(module, content) for module, content in contents]

    # -- where ----------------------------------------------------------------------------------

    def _places(self, content: Any, fits: Callable[[Any, Any], bool]) -> list[tuple[Any, Any]]:
        return [(parent, key) for parent, key in _walk(content) if fits(key, parent[key])]

    def _pick(self, content: Any, fits: Callable[[Any, Any], bool]) -> tuple[Any, Any] | None:
        places = self._places(content, fits)
        return self.random.choice(places) if places else None

    # -- the changes ----------------------------------------------------------------------------

    def drop_key(self, content: dict[str, Any]) -> bool:
        found = self._pick(content, lambda key, _: isinstance(key, str))
        if found:
            del found[0][found[1]]
        return bool(found)

    def drop_item(self, content: dict[str, Any]) -> bool:
        found = self._pick(content, lambda key, _: isinstance(key, int))
        if found:
            del found[0][found[1]]
        return bool(found)

    def repeat_item(self, content: dict[str, Any]) -> bool:
        found = self._pick(content, lambda key, _: isinstance(key, int))
        if found:
            again = copy.deepcopy(found[0][found[1]])
            if isinstance(again, dict) and "name" in again and self.random.random() < 0.7:
                again["name"] = self.random.choice((*self.names, "another", "one_more"))
                again.pop("id", None)
            found[0].insert(self.random.randint(0, len(found[0])), again)
        return bool(found)

    def rename_key(self, content: dict[str, Any]) -> bool:
        found = self._pick(content, lambda key, _: isinstance(key, str))
        if found:
            parent, key = found
            parent[self.random.choice((key + "s", key[1:], key.upper(), "name"))] = parent.pop(key)
        return bool(found)

    def swap_values(self, content: dict[str, Any]) -> bool:
        alike = self.random.random() < 0.7
        first = self._pick(content, lambda *_: True)
        if first is None:
            return False
        kind = type(first[0][first[1]])
        second = self._pick(
            self.random.choice(self.others), lambda _, v: not alike or type(v) is kind
        )
        if second is None:
            return False
        one, two = first[0][first[1]], second[0][second[1]]
        first[0][first[1]], second[0][second[1]] = copy.deepcopy(two), copy.deepcopy(one)
        return True

    def change_name(self, content: dict[str, Any]) -> bool:
        found = self._pick(content, lambda _, value: isinstance(value, str) and value in self.names)
        if found:
            pool = self.fields if found[0][found[1]] in self.fields else self.names
            odd = self.random.random() < 0.15
            found[0][found[1]] = self.random.choice(NAMES if odd else pool)
        return bool(found)

    def change_formula(self, content: dict[str, Any]) -> bool:
        found = self._pick(
            content, lambda key, value: key in FORMULA_KEYS and isinstance(value, str) and value
        )
        if found:
            found[0][found[1]] = self._formula(found[0][found[1]])
        return bool(found)

    def _formula(self, text: str) -> str:
        tokens = TOKENS.findall(text)
        for _ in range(self.random.choice((1, 1, 2, 3))):
            position = self.random.randrange(len(tokens) + 1)
            piece = self.random.choice((*PIECES, *self.fields))
            match self.random.randrange(4):
                case 0:
                    tokens.insert(position, piece)
                case 1 if tokens:
                    tokens.pop(position % len(tokens))
                case 2 if tokens:
                    place = position % len(tokens)
                    tokens[place:place] = tokens[max(0, place - 3) : place + 1]
                case _ if tokens:
                    tokens[position % len(tokens)] = piece
        text = " ".join(tokens).replace(" . ", ".").replace("$ ", "$")
        return text * 400 if self.random.random() < 0.005 else text

    def change_number(self, content: dict[str, Any]) -> bool:
        numeral = re.compile(r"-?\d+(\.\d+)?")
        found = self._pick(
            content,
            lambda _, v: (
                (isinstance(v, int) and not isinstance(v, bool))
                or (isinstance(v, str) and bool(numeral.fullmatch(v)))
            ),
        )
        if found:
            whole = isinstance(found[0][found[1]], int)
            found[0][found[1]] = self.random.choice(NUMBERS if whole else NUMERALS)
        return bool(found)

    def change_text(self, content: dict[str, Any]) -> bool:
        found = self._pick(content, lambda _, value: isinstance(value, str))
        if found:
            found[0][found[1]] = self.random.choice(NASTY)
        return bool(found)

    def change_choice(self, content: dict[str, Any]) -> bool:
        """Take another of the values that the schema lists, or turn a boolean."""
        places = [
            (parent, key, schema)
            for parent, key, schema in self._described(content)
            if "enum" in schema or schema.get("type") == "boolean"
        ]
        if not places:
            return False
        parent, key, schema = self.random.choice(places)
        parent[key] = self.random.choice(schema.get("enum", (True, False)))
        return True

    def change_type(self, content: dict[str, Any]) -> bool:
        """Make a field of another type, with keys that suit it."""
        fields = content.get("fields")
        if not isinstance(fields, list) or not fields:
            return False
        field = self.random.choice(fields)
        if not isinstance(field, dict):
            return False
        kept = {key: field[key] for key in ("name", "label", "id") if key in field}
        kind = self.random.choice(list(built_in().keys()))
        field.clear()
        field.update(kept, type=kind, **self._options(kind))
        return True

    def _options(self, kind: str) -> dict[str, Any]:
        random = self.random
        objects = [one["name"] for one in self.others if one.get("kind") == "object"] or ["x"]
        target = random.choice(objects)
        options: dict[str, Callable[[], dict[str, Any]]] = {
            "choice": lambda: {"choices": [{"value": "a"}, {"value": "b"}, {"value": "c"}]},
            "auto_number": lambda: {"pattern": random.choice(("N-{0000}", "{YYYY}{MM}-{000}"))},
            "formula": lambda: {
                "returns": random.choice(("text", "integer", "money", "boolean", "date")),
                "formula": self._formula(random.choice((*self.fields, "1", "'a'", "TODAY()"))),
            },
            "rollup": lambda: {
                "op": random.choice(("sum", "count")),
                "of": random.choice((target, f"{target}.{random.choice(self.fields)}")),
                "by": random.choice(self.fields),
            },
            "state": lambda: {"workflow": random.choice(self.names)},
            "lookup": lambda: {"to": target},
            "master_detail": lambda: {"to": target},
            "integer": lambda: random.choice(({}, {"least": 0, "most": random.choice(NUMBERS)})),
            "decimal": lambda: {"precision": random.randint(1, 18), "scale": random.randint(0, 6)},
            "text": lambda: {"length": random.choice((1, 5, 100, 400))},
            "long_text": lambda: {"length": random.choice((1, 5000, 100_000))},
        }
        return options.get(kind, dict)()

    def add_key(self, content: dict[str, Any]) -> bool:
        """Give a part a key that its schema knows and that it does not have, with some value."""
        candidates: list[tuple[dict[str, Any], str, dict[str, Any]]] = []
        for value, schema in self._parts(content, self.schemas.get(str(content.get("kind")), {})):
            if isinstance(value, dict):
                for key, described in _properties(schema, value).items():
                    if key not in value and key not in {"id", "was"}:
                        candidates.append((value, key, described))
        if not candidates:
            return False
        part, key, described = self.random.choice(candidates)
        part[key] = self._value(described)
        return True

    def _value(self, schema: dict[str, Any]) -> Any:
        random = self.random
        if "enum" in schema:
            return random.choice(schema["enum"])
        if schema.get("format") == "formula":
            return self._formula(random.choice((*self.fields, "1 = 1", "TODAY()", "'x'", "0")))
        if schema.get("format") in {"name", "path"}:
            return random.choice(self.names)
        if schema.get("format") == "label":
            return {"en": random.choice(NASTY[2:8]), "zh": "标签"}
        kind = schema.get("type")
        if isinstance(kind, list):
            kind = random.choice(kind)
        match kind:
            case "boolean":
                return True
            case "integer":
                most = schema.get("maximum", 10)
                return random.choice((schema.get("minimum", 0), most, *NUMBERS))
            case "array":
                items = schema.get("items", {})
                return [self._value(items) for _ in range(random.choice((0, 1, 1, 2)))]
            case "object" if isinstance(schema.get("additionalProperties"), dict):
                chosen = random.choices(self.names, k=random.choice((1, 1, 2)))
                return {name: self._value(schema["additionalProperties"]) for name in chosen}
            case "object":
                properties = schema.get("properties", {})
                required = schema.get("required", [])
                chosen = [k for k in properties if k in required or random.random() < 0.3]
                return {key: self._value(properties[key]) for key in chosen if key != "id"}
            case _:
                return random.choice((*NUMERALS, *self.names))

    def shuffle_list(self, content: dict[str, Any]) -> bool:
        found = self._pick(content, lambda _, value: isinstance(value, list) and len(value) > 1)
        if found:
            self.random.shuffle(found[0][found[1]])
        return bool(found)

    def borrow_part(self, content: dict[str, Any]) -> bool:
        """Take a part of a list of the same name from another document."""
        found = self._pick(content, lambda _, value: isinstance(value, list))
        if not found:
            return False
        key = found[1]
        donor = self.random.choice(self.others)
        other = self._pick(donor, lambda name, v: name == key and isinstance(v, list) and bool(v))
        if other is None:
            return False
        part = copy.deepcopy(self.random.choice(other[0][other[1]]))
        if isinstance(part, dict):
            part.pop("id", None)
        found[0][key].append(part)
        return True

    # -- schemas --------------------------------------------------------------------------------

    def _described(self, content: dict[str, Any]) -> Iterator[tuple[Any, Any, dict[str, Any]]]:
        for value, schema in self._parts(content, self.schemas.get(str(content.get("kind")), {})):
            if isinstance(value, dict):
                for key, described in _properties(schema, value).items():
                    if key in value and key not in {"kind", "type"}:
                        yield value, key, described
            elif isinstance(value, list):
                for position in range(len(value)):
                    yield value, position, schema.get("items", {})

    def _parts(self, value: Any, schema: dict[str, Any]) -> Iterator[tuple[Any, dict[str, Any]]]:
        yield value, schema
        if isinstance(value, dict):
            for key, described in _properties(schema, value).items():
                if key in value:
                    yield from self._parts(value[key], described)
        elif isinstance(value, list):
            for one in value:
                yield from self._parts(one, schema.get("items", {}))


def _properties(schema: dict[str, Any], value: dict[str, Any]) -> dict[str, Any]:
    """Return the schemas of the keys that a value may have, and of those that it has by name."""
    for branch in schema.get("allOf", ()):
        ((key, wanted),) = branch["if"]["properties"].items()
        if wanted["const"] == value.get(key):
            return dict(branch["then"]["properties"])
    by_name = schema.get("additionalProperties")
    if isinstance(by_name, dict):
        return dict.fromkeys(value, by_name)
    return dict(schema.get("properties", {}))


def _walk(content: Any) -> Iterator[tuple[Any, Any]]:
    keys = list(content) if isinstance(content, dict) else range(len(content))
    for key in keys:
        yield content, key
        if isinstance(content[key], (dict, list)):
            yield from _walk(content[key])


def _names(content: Any) -> Iterator[str]:
    for parent, key in _walk(content):
        if key in {"name", "value"} and isinstance(parent[key], str):
            yield parent[key]

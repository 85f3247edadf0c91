"""The JSON Schemas as a designer shows them: labels, help, order and what each key refers to.

Beside the keywords of JSON Schema a property has `x-order` and `x-group` (its place in the options
panel), `x-labels` (words for the values of an enum), `x-refers-to` (what its value names, each of them in
a list), `x-names-refer-to` (what the names in an object stand for) and, for formulas, `x-formula` with
`x-formula-context`. `x-short` names the key that a plain text stands for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, TypedDict

from headrace.platform.core.problems import Language, Text
from headrace.platform.formulas.functions import FUNCTIONS
from headrace.platform.formulas.functions.base import Parameter
from headrace.platform.metadata.comparing.words import LANGUAGES
from headrace.platform.metadata.definitions.keys import SCHEMA_KEY
from headrace.platform.metadata.field_types import FieldTypes
from headrace.platform.metadata.field_types.base import FieldType, computed_of
from headrace.platform.metadata.field_types.formats import BY_KEY
from headrace.platform.metadata.file_kinds import KINDS
from headrace.platform.metadata.key_texts import KEY_TEXTS, key_text
from headrace.platform.metadata.key_texts.palette import GROUPS, OF_EXTENSIONS, TILES
from headrace.platform.metadata.key_texts.values import NAMED, WORDS
from headrace.platform.metadata.references.rules import KEYS, RULES, SHORT_FORMS, Rule
from headrace.platform.metadata.schemas import schemas
from headrace.platform.metadata.wording import kind_word

Json = dict[str, Any]

_RULES: Final[Mapping[str, Rule]] = {
    f"{owner.__name__}.{attribute}": rule for (owner, attribute), rule in RULES.items()
} | {
    "_ScopeObject.assigned": Rule("path", "grant assigned"),
    "_ScopeObject.criteria": Rule("formula", "formula"),
}
_NAMES: Final = {f"{owner.__name__}.{name}": rule.target for (owner, name), rule in KEYS.items()}
_SHORT: Final = {owner.__name__: key for owner, key in SHORT_FORMS.items()}
_PLACES: Final = {key: place for place, key in enumerate(KEY_TEXTS)}

OVER: Final[Mapping[str, str]] = {
    "formula": "record",
    "row formula": "row",
    "line formula": "source row",
    "assignments": "record",
    "row assignments": "record",
    "target assignments": "record",
    "line assignments": "source row",
}
"""Whose fields a formula reads by their bare names."""
ASSIGNED: Final[Mapping[str, str]] = {
    "assignments": "field",
    "row assignments": "row field",
    "target assignments": "target field",
    "line assignments": "row field",
}
"""What the names stand for that formulas are given to."""
_CONDITIONS: Final = frozenset({"when", "where", "unless", "filter", "criteria"})
_RESULTS: Final[Mapping[str, str]] = {
    "ApproverDef.formula": "users",
    "ForEachDef.rows": "list",
    "PeopleDef.within": "list",
    "TriggerDef.at": "moment",
    "ConvertDef.remaining": "number",
    "FieldDef.default": "field",
    "FormulaOptions.formula": "field",
}


def described_schemas(types: FieldTypes, language: Language) -> dict[str, Json]:
    """Return the schema of every kind with the words of a language."""
    describe = _Describer(types, language).schema
    return {
        kind: {**describe(schema), "title": kind_word(kind).within(language), "x-kind": kind}
        for kind, schema in schemas(types).items()
    }


class _Describer:
    """Puts words into schemas."""

    def __init__(self, types: FieldTypes, language: Language) -> None:
        self._types = types
        self._language = language

    def schema(self, given: Json, key: str | None = None) -> Json:
        """Return a schema with words; `key` is that of the property it belongs to."""
        key = given.get(SCHEMA_KEY, key)
        result = {name: self._part(name, value, key) for name, value in given.items()}
        if result.pop(SCHEMA_KEY, None):
            result |= self._words(str(key), given)
        if "enum" in given and key is not None:
            result |= self._labels(key, given["enum"])
        if given.get("format") == "label":
            self._in_languages(result)
        elif given.get("type") == ["string", "object"]:
            result |= _short(given)
        return result

    def _part(self, name: str, value: Any, key: str | None) -> Any:
        if name == "properties":
            places = _in_order(value)
            return {one: self.schema(schema) | _place(places, one) for one, schema in value.items()}
        if name in {"items", "additionalProperties", "then"} and isinstance(value, dict):
            return self.schema(value, key)
        if name in {"anyOf", "allOf"}:
            return [self.schema(one, key) for one in value]
        return value

    def _words(self, key: str, given: Json) -> Json:
        text = key_text(key)
        attribute = key.rpartition(".")[2].rstrip("_")
        help_en = str(given.get("description", ""))
        said = Text(help_en, text.help_zh if text else "")
        return {
            "title": (text.title if text else Text(attribute)).within(self._language),
            "description": said.within(self._language),
            "x-group": text.group if text else "more",
            **_meaning(key, given),
        }

    def _labels(self, key: str, values: list[Any]) -> Json:
        if key in NAMED:
            return {"x-names": NAMED[key]}
        labels = {}
        for value in values:
            word = self._word(key, str(value))
            if word is not None:
                labels[value] = word.within(self._language)
        return {"x-labels": labels}

    def _word(self, key: str, value: str) -> Text | None:
        owner, _, attribute = key.rpartition(".")
        if key in {"FieldDef.type", "InputDef.type"}:
            found = self._types.get(value)
            return found.label if found else None
        if attribute in {"kind", "of"} and owner.endswith("Def"):
            return kind_word(value)
        if attribute == "kinds" and value in KINDS:
            return KINDS[value].label
        if key == "TextOptions.format":
            return BY_KEY[value].label
        words = WORDS.get(key) or WORDS.get(attribute) or {}
        return words.get(value)

    def _in_languages(self, schema: Json) -> None:
        """Name the languages of a label."""
        for place, (language, word) in enumerate(LANGUAGES.items()):
            said = Text(f"The text in {word.en}.", f"{word.zh}的文字。").within(self._language)
            words = {"title": word.within(self._language), "description": said}
            known = schema["properties"][language]
            schema["properties"][language] = {
                **known,
                **words,
                "x-group": "daily",
                "x-order": place,
            }


def _meaning(key: str, given: Json) -> Json:
    """Return what a key refers to, and of formulas what they read."""
    rule = _RULES.get(key)
    result: Json = {"x-names-refer-to": _NAMES[key]} if key in _NAMES else {}
    target = rule.target if rule else "formula" if given.get("format") == "formula" else None
    if target is None:
        return result
    if target == "template":
        return {"x-template": True}
    if target in OVER:
        result |= {"x-formula": True, "x-formula-context": _context(key, target)}
        if target in ASSIGNED:
            result["x-names-refer-to"] = ASSIGNED[target]
        return result
    return {**result, "x-refers-to": target}


def _context(key: str, target: str) -> Json:
    """Return whose fields a formula reads, and what it should give."""
    attribute = key.rpartition(".")[2]
    over = "parameters" if key == "ExpressionDef.formula" else OVER[target]
    result = "boolean" if attribute in _CONDITIONS else _RESULTS.get(key, "any")
    return {"over": over, "result": "field" if target in ASSIGNED else result}


def _short(given: Json) -> Json:
    """Return which key a plain text stands for, in a schema of both forms."""
    for schema in given.get("properties", {}).values():
        short = _SHORT.get(str(schema.get(SCHEMA_KEY, "")).partition(".")[0])
        return {"x-short": short} if short else {}
    return {}


def _in_order(properties: Mapping[str, Json]) -> list[str]:
    """Return the names of properties as the options panel shows them.

    The daily ones first; the options of a field's type stand behind the type.
    """
    types = [key for key in _keys(properties) if key in {"FieldDef.type", "InputDef.type"}]
    behind = _PLACES[types[0]] if types else None

    def place(name: str) -> tuple[bool, int, int]:
        key = str(properties[name].get(SCHEMA_KEY, ""))
        text = key_text(key)
        own = _PLACES.get(key, _PLACES.get(key.rpartition(".")[2], len(_PLACES)))
        is_option = key.partition(".")[0].endswith("Options")
        anchor = behind if is_option and behind is not None else own
        return (text is None or text.group == "more", anchor, own)

    return sorted(properties, key=place)


def _keys(properties: Mapping[str, Json]) -> Iterator[str]:
    return (str(one[SCHEMA_KEY]) for one in properties.values() if SCHEMA_KEY in one)


def _place(places: list[str], name: str) -> Json:
    return {"x-order": places.index(name)}


class GroupJson(TypedDict):
    """A group of field types."""

    name: str
    label: str


class TileJson(TypedDict):
    """A field type as a designer shows it."""

    type: str
    label: str
    help: str
    icon: str
    group: str
    computed: bool


class ParameterJson(TypedDict):
    """A parameter of a function of formulas."""

    name: str
    kinds: list[str]
    optional: bool
    repeated: bool
    choices: list[str]


class FunctionJson(TypedDict):
    """A function of formulas, with examples."""

    name: str
    signature: str
    parameters: list[ParameterJson]
    help: str
    examples: list[str]
    engines: list[str]


class PaletteJson(TypedDict):
    """What formulas and fields are made of."""

    groups: list[GroupJson]
    field_types: list[TileJson]
    functions: list[FunctionJson]


def palette(types: FieldTypes, language: Language) -> PaletteJson:
    """Return what formulas and fields are made of: the field types in groups, the functions."""
    return {
        "groups": [{"name": one, "label": text.within(language)} for one, text in GROUPS.items()],
        "field_types": [
            _tile(one, language) for one in sorted(types, key=lambda one: _tile_place(one.key))
        ],
        "functions": [
            {
                "name": one.key,
                "signature": one.signature,
                "parameters": [_parameter(each) for each in one.parameters],
                "help": one.summary.within(language),
                "examples": [each.formula for each in one.examples],
                "engines": sorted(one.engines),
            }
            for one in sorted(FUNCTIONS, key=lambda one: one.key)
        ],
    }


def _tile(kind: FieldType[Any], language: Language) -> TileJson:
    tile = TILES.get(kind.key, OF_EXTENSIONS)
    return {
        "type": kind.key,
        "label": kind.label.within(language),
        "help": tile.help.within(language),
        "icon": tile.icon,
        "group": tile.group,
        "computed": computed_of(kind) is not None,
    }


def _tile_place(key: str) -> int:
    return list(TILES).index(key) if key in TILES else len(TILES)


def _parameter(given: Parameter) -> ParameterJson:
    return {
        "name": given.name,
        "kinds": sorted(given.kinds),
        "optional": given.default is not None,
        "repeated": given.repeated,
        "choices": list(given.choices),
    }

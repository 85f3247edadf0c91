"""Values of keys in words: names by their labels, formulas with labels, parts by what they are about."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from headrace.platform.core.canonical import canonical_bytes
from headrace.platform.core.problems import Text
from headrace.platform.metadata.comparing.labels import Json, Labels, joined, listed, quoted
from headrace.platform.metadata.comparing.phrases import ALL_FIELDS, NOTHING, phrase_key
from headrace.platform.metadata.comparing.words import NOUNS, SCOPES, VALUE_WORDS
from headrace.platform.metadata.definitions.scenarios import GivenRecordDef, NewRecordDef
from headrace.platform.metadata.field_types import FieldTypes
from headrace.platform.metadata.references.rules import RULES
from headrace.platform.metadata.references.walking import ASSIGNED, OF_RECORD, objects_of
from headrace.platform.metadata.scenario_words import act_words
from headrace.platform.metadata.wording import called, kind_word, sentence, text_of

MAKING: Final = frozenset({GivenRecordDef, NewRecordDef})
"""Parts of scenarios that say their object themselves."""
FORMULAS: Final = frozenset({"formula", "line formula", *ASSIGNED})
MAX_SHOWN: Final = 300
"""Characters of a value in a sentence; the whole value stands in the data."""


@dataclass(frozen=True, slots=True)
class About:
    """What the names at a place speak of."""

    object: str | None = None
    workflow: str | None = None
    rows: str | None = None
    records: Mapping[str, str] = field(default_factory=dict)
    """In a scenario: of which object a record is, by its local name."""


def about_document(content: Json, labels: Labels) -> About:
    """Return what the names in a document speak of."""
    kind = str(content.get("of", content["kind"]))
    name = str(content["name"])
    match kind:
        case "object":
            return About(name, _workflow_of(name, labels))
        case "workflow":
            workflow = labels.definition("workflow", name) or content
            return About(_text(content.get("object") or workflow.get("object")), name)
        case "approval":
            approval = labels.definition("approval", name) or content
            workflow_name = _text(content.get("workflow") or approval.get("workflow"))
            found = labels.definition("workflow", workflow_name or "")
            return About(_text(found.get("object")) if found else None, workflow_name)
        case "scenario":
            return About(records=objects_of(content))
        case _:
            extended = labels.definition(kind, name) if "of" in content else None
            about = _text((extended or content).get("object"))
            return About(about, _workflow_of(about, labels) if about else None)


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _workflow_of(object_name: str, labels: Labels) -> str | None:
    for one in labels.parts("object", object_name, "fields"):
        if one.get("type") == "state":
            return _text(one.get("workflow"))
    return None


def rows_of(definition: str, content: Json, about: About, labels: Labels) -> str | None:
    """Return the object of the rows that a part speaks of."""
    match definition:
        case "ChildDef":
            return _text(content.get("object"))
        case "FormItemDef":
            relation = _text(content.get("children"))
            child = (
                labels.part("object", about.object, "children", relation)
                if about.object and relation
                else None
            )
            return _text(child.get("object")) if child else None
        case "FieldDef":
            return str(content.get("of") or content.get("to") or "").partition(".")[0] or None
        case _:
            return None


def about_local(
    definition: type, content: Json, document: Json, about: About, labels: Labels
) -> About:
    """Return what the names in a part of a scenario speak of; `about` in other documents."""
    if document.get("kind") != "scenario":
        return about
    name: Any = None
    if definition in OF_RECORD:
        name = objects_of(document).get(str(content.get("record")))
    elif definition in MAKING:
        name = content.get("object")
    if not isinstance(name, str):
        return about
    return replace(about, object=name, workflow=_workflow_of(name, labels))


class Shower:
    """Says values in words."""

    def __init__(self, labels: Labels, types: FieldTypes) -> None:
        self.labels = labels
        self.types = types

    def value(self, definition: type, attribute: str, value: Any, about: About) -> Text:
        """Return the value of a key in words."""
        if value is None:
            return ALL_FIELDS if definition.__name__ == "FieldRightsDef" else NOTHING
        if isinstance(value, list):
            return _short(joined(self.value(definition, attribute, one, about) for one in value))
        name = definition.__name__
        if name == "GrantDef" and attribute == "scope":
            return self.scope(value, about)
        if isinstance(value, Mapping):
            return _short(self.item(name, value, about))
        word = self._word(name, attribute, value)
        return word or _short(self._named(definition, attribute, value, about))

    def _word(self, owner: str, attribute: str, value: Any) -> Text | None:
        if owner in {"FieldDef", "InputDef"} and attribute == "type":
            found = self.types.get(str(value))
            return quoted(found.label, str(value)) if found else quoted(Text(), str(value))
        key = phrase_key(owner, attribute, VALUE_WORDS)
        words = VALUE_WORDS[key] if key else {}
        return words.get(value) if isinstance(value, str) else None

    def _named(self, definition: type, attribute: str, value: Any, about: About) -> Text:
        rule = RULES.get((definition, attribute))
        if isinstance(value, bool):
            return Text("yes", "是") if value else Text("no", "否")
        if not isinstance(value, str):
            return Text(str(value), str(value))
        if rule is None or rule.target == "template":
            return Text(f"“{value}”", f"“{value}”")
        match rule.target:
            case target if target in FORMULAS:
                return self.labels.formula(value, about.object)
            case "row formula":
                return self.labels.formula(value, about.rows)
            case "sort":
                path = self.path(about.object, value.removeprefix("-"))
                falling = Text(f"{path.en}, falling", f"{path.zh}降序")
                return falling if value.startswith("-") else path
            case "field" | "path":
                return self.path(about.object, value)
            case "row field" | "row path" | "shared field":
                return self.path(about.rows, value)
            case "member" | "child":
                return self._member(about, value)
            case "roll-up":
                source, _, field = value.partition(".")
                return self.path(source, field) if field else self.labels.shown("object", source)
            case "state" | "transition":
                return self._of_workflow(about, rule.target, value)
            case kind:
                return self.labels.shown(kind, value)

    def path(self, object_name: str | None, path: str) -> Text:
        """Return a path of fields in words."""
        return self.labels.path(object_name, path) if object_name else quoted(Text(), path)

    def _member(self, about: About, member: str) -> Text:
        if about.object is None:
            return quoted(Text(), member)
        name, _, field = member.partition(".")
        child = self.labels.part("object", about.object, "children", name)
        if child is None:
            return self.labels.path(about.object, name)
        rows = quoted(text_of(child.get("label")), name)
        if not field:
            return rows
        of_row = self.labels.path(str(child.get("object")), field)
        return Text(f"{of_row.en} of {rows.en}", f"{rows.zh}的{of_row.zh}")

    def _of_workflow(self, about: About, part: str, name: str) -> Text:
        if about.workflow is None:
            return quoted(Text(), name)
        return self.labels.part_shown("workflow", about.workflow, part + "s", name)

    def scope(self, value: Any, about: About) -> Text:
        """Return the scope of a grant in words."""
        if isinstance(value, str):
            return SCOPES.get(value) or quoted(Text(), value)
        if not isinstance(value, Mapping):
            return quoted(Text(), str(value))
        if "assigned" in value:
            return sentence_part(
                SCOPES["assigned"], path=self.path(about.object, str(value["assigned"]))
            )
        formula = self.labels.formula(str(value.get("criteria", "")), about.object)
        return sentence_part(SCOPES["criteria"], formula=formula)

    # -- parts ------------------------------------------------------------------------------------

    def item(self, definition: str, item: Any, about: About) -> Text:
        """Return a part of a document in words; a draft may hold anything in its place."""
        if not isinstance(item, Mapping):
            return quoted(Text(), str(item))
        special: Mapping[str, Callable[[Json, About], Text]] = {
            "FormItemDef": self._form_item,
            "ApproverDef": self._approver,
            "MeasureDef": self._measure,
            "GroupDef": self._group,
            "OutcomeDef": self._outcome,
            "ChartDef": self._chart,
            "UniqueDef": self._unique,
            "OverlapKeyDef": self._overlap_key,
            "ChoiceDef": self._choice,
            "FieldDef": self._field,
            "ActDef": self._act,
            "ExpectedDef": self._expected,
        }
        if definition in special:
            return special[definition](item, about)
        label = text_of(item.get("label"))
        name = item.get("name")
        if label or isinstance(name, str):
            return quoted(label, str(name or ""))
        if set(item) <= {"en", "zh"}:
            return quoted(text_of(item), "")
        plain = canonical_bytes(item).decode()
        return Text(plain, plain)

    def _form_item(self, item: Json, about: About) -> Text:
        if "children" in item:
            grid = self._member(about, str(item["children"]))
            return Text(f"{kind_word('child').en} {grid.en}", f"{kind_word('child').zh}{grid.zh}")
        return self.path(about.object, str(item.get("field", "")))

    def _approver(self, item: Json, about: About) -> Text:
        source = self._source(item, about)
        chosen = item.get("chosen")
        if not isinstance(chosen, Mapping):
            return source
        fewest, most = chosen.get("min", 1), chosen.get("max", 1)
        count = f"{fewest}" if fewest == most else f"{fewest}–{most}"
        names = chosen.get("names", False)
        return Text(
            f"{count} chosen by who submits{', by name,' if names else ''} among {source.en}",
            f"由提交人{'按姓名' if names else ''}从{source.zh}中选择的 {count} 人",
        )

    def _source(self, item: Json, about: About) -> Text:
        if "role" in item:
            role = self.labels.shown("role", str(item["role"]))
            if "within" not in item:
                return Text(f"role {role.en}", f"角色{role.zh}")
            within = self.path(about.object, str(item["within"]))
            return Text(f"role {role.en} within {within.en}", f"{within.zh}内的角色{role.zh}")
        if "user" in item:
            return Text(f"the user {item['user']}", f"用户 {item['user']}")
        if "managers" in item:
            return self._managers(item, about)
        if "formula" in item:
            formula = self.labels.formula(str(item["formula"]), about.object)
            return Text(f"the people that {formula.en} gives", f"{formula.zh} 给出的人员")
        path = self.path(about.object, str(item.get("field", "")))
        return Text(f"the person in {path.en}", f"{path.zh}中的人员")

    def _managers(self, item: Json, about: About) -> Text:
        of = Text("who submits", "提交人")
        if "of" in item:
            path = self.path(about.object, str(item["of"]))
            of = Text(f"the person in {path.en}", f"{path.zh}中的人员")
        levels = item["managers"]
        shown = Text(f"{levels} levels of managers of {of.en}", f"{of.zh}的 {levels} 级上级")
        if "until" not in item:
            return shown
        role = self.labels.shown("role", str(item["until"]))
        return Text(f"{shown.en} up to the role {role.en}", f"{shown.zh}，直到角色{role.zh}")

    def _measure(self, item: Json, about: About) -> Text:
        label = text_of(item.get("label"))
        if label:
            return quoted(label, "")
        operation = str(item.get("op", ""))
        word = VALUE_WORDS["op"].get(operation) or Text(operation, operation)
        if "field" not in item:
            return word
        path = self.path(about.object, str(item["field"]))
        return Text(f"{word.en} of {path.en}", f"{path.zh}的{word.zh}")

    def _group(self, item: Json, about: About) -> Text:
        path = self.path(about.object, str(item.get("field", "")))
        bucket = VALUE_WORDS["bucket"].get(str(item.get("bucket")))
        return Text(f"{path.en} by {bucket.en}", f"{path.zh}（按{bucket.zh}）") if bucket else path

    def _outcome(self, item: Json, about: About) -> Text:
        return self._of_workflow(about, "state", str(item.get("to", "")))

    def _chart(self, item: Json, about: About) -> Text:
        mark = str(item.get("mark", ""))
        return VALUE_WORDS["mark"].get(mark) or Text(mark, mark)

    def _unique(self, item: Json, about: About) -> Text:
        over = joined(self.path(about.object, str(one)) for one in listed(item.get("fields")))
        if "where" not in item:
            return over
        formula = self.labels.formula(str(item["where"]), about.object)
        return Text(f"{over.en} where {formula.en}", f"{over.zh}（条件：{formula.zh}）")

    def _overlap_key(self, item: Json, about: About) -> Text:
        path = self.path(about.object, str(item.get("field", "")))
        if item.get("match") != "subtree":
            return path
        return Text(f"{path.en} by subtree", f"{path.zh}（按子树）")

    def _choice(self, item: Json, about: About) -> Text:
        value = str(item.get("value", ""))
        shown = quoted(text_of(item.get("label")), value)
        return Text(f"{shown.en} ({value})", f"{shown.zh}（{value}）")

    def _field(self, item: Json, about: About) -> Text:
        kind = self._word("FieldDef", "type", item.get("type")) or Text()
        title = called("field", text_of(item.get("label")), str(item.get("name", "")))
        return Text(f"{title.en} of the type {kind.en}", f"{title.zh}（类型{kind.zh}）")

    def _act(self, item: Json, about: About) -> Text:
        def called(kind: str, name: str, record: str) -> Text:
            if kind != "transition":
                kind = "automation" if kind == "button" else kind
                return self.labels.label(kind, name) or Text(name, name)
            flow = _workflow_of(about.records.get(record, ""), self.labels)
            found = self.labels.part("workflow", flow, "transitions", name) if flow else None
            return (text_of(found.get("label")) if found else Text()) or Text(name, name)

        return act_words(item, called)

    def _expected(self, item: Json, about: About) -> Text:
        return quoted(Text(), str(item.get("record", "")))

    def grant(self, item: Json, about: About, *, added: bool) -> Text:
        """Return a grant that comes or goes as a sentence."""
        role = self.labels.shown("role", str(item.get("role", "")))
        rights = [
            VALUE_WORDS["GrantDef.actions"].get(str(one)) for one in listed(item.get("actions"))
        ]
        taken = [
            self._of_workflow(about, "transition", str(one))
            for one in listed(item.get("transitions"))
        ]
        words = [one for one in rights if one]
        words += [Text(f"take {one.en}", f"执行{one.zh}") for one in taken]
        values = {
            "role": role,
            "rights": joined(words) if words else NOTHING,
            "object": self.labels.shown("object", about.object or ""),
            "scope": self.scope(item.get("scope", "all"), about),
            "when": self._condition(item, about),
        }
        if added:
            template = Text(
                "role {role} may now {rights} in {object}: {scope}{when}",
                "角色{role}在{object}中可以{rights}：{scope}{when}",
            )
        else:
            template = Text(
                "role {role} loses a grant to {rights} in {object}: {scope}{when}",
                "角色{role}失去在{object}中{rights}的授权：{scope}{when}",
            )
        return sentence(template, **values)

    def _condition(self, item: Json, about: About) -> Text:
        if "when" not in item:
            return Text()
        formula = self.labels.formula(str(item["when"]), about.object)
        return Text(f" where {formula.en}", f"（条件：{formula.zh}）")

    def noun(self, owner: str, attribute: str) -> Text:
        """Return the noun of a key; the key itself where an extension brought it."""
        key = phrase_key(owner, attribute, NOUNS)
        plain = attribute.rstrip("_").replace("_", " ")
        return NOUNS[key] if key else Text(plain, attribute)


def sentence_part(template: Text, **values: Text) -> Text:
    """Fill a template that stands within a sentence."""
    made = sentence(template, **values)
    return Text(made.en[:1].lower() + made.en[1:], made.zh)


def _short(text: Text) -> Text:
    def cut(part: str) -> str:
        return part if len(part) <= MAX_SHOWN else part[: MAX_SHOWN - 1] + "…"

    return Text(cut(text.en), cut(text.zh))

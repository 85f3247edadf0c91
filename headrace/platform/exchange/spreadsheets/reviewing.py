"""A proposal as somebody reviewed it: sent back with what was changed, checked, completed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from headrace.platform.core.errors import RefusedError
from headrace.platform.core.problems import Message, Problem, Text, pointer
from headrace.platform.exchange.spreadsheets.columns import Column
from headrace.platform.exchange.spreadsheets.judging import (
    MOST_DECLARED,
    TYPES,
    Judgement,
    as_type,
)
from headrace.platform.exchange.spreadsheets.proposals import (
    TITLES,
    FieldProposal,
    Opened,
    Proposal,
    is_field_name,
    object_name,
    title_of,
)
from headrace.platform.exchange.spreadsheets.spelling import LONGEST_LABEL
from headrace.platform.metadata.catalog import Catalog
from headrace.platform.metadata.naming import is_name, name_problem

BAD_VALUE: Final = Message(
    "spreadsheet.invalid_review",
    "“{name}” is missing or has a value that it cannot have.",
    "“{name}”缺失或取值不正确。",
    "Send the proposal back as it came, with your changes in it.",
    "请在原提议的基础上修改后发回。",
)
NO_LABEL: Final = Message(
    "spreadsheet.no_label",
    "The label of “{name}” is missing or too long.",
    "“{name}”的名称缺失或过长。",
    "Give it a label of at most {limit} characters, in Chinese, English or both.",
    "请填写中文或英文名称，最多 {limit} 个字符。",
)
NAME_TAKEN: Final = Message(
    "spreadsheet.name_taken",
    "The name “{name}” is taken, or means something of its own.",
    "名称“{name}”已被占用，或另有特定含义。",
    "Choose another name.",
    "请换一个名称。",
)
UNKNOWN_TYPE: Final = Message(
    "spreadsheet.unknown_type",
    "A column cannot become a field of type “{type}” here.",
    "此处不能将列设为“{type}”类型的字段。",
    "Types: {known}.",
    "可选类型：{known}。",
)
NO_FIELDS: Final = Message(
    "spreadsheet.no_fields",
    "No column is kept.",
    "没有保留任何列。",
    "Keep at least one.",
    "请至少保留一列。",
)
NO_OBJECT: Final = Message(
    "spreadsheet.unknown_object",
    "There is no object “{name}” to refer to.",
    "没有可引用的对象“{name}”。",
    "Choose an object that is live.",
    "请选择已发布的对象。",
)
TOO_MANY_CHOICES: Final = Message(
    "spreadsheet.too_many_choices",
    "“{field}” has {count} different values; a choice has at most {limit}.",
    "“{field}”有 {count} 种不同取值，单选最多 {limit} 个选项。",
    "Choose text for it.",
    "请改选文本。",
)
TITLE_UNFIT: Final = Message(
    "spreadsheet.title",
    "“{name}” is no text that is kept, so it cannot name a record.",
    "“{name}”不是保留的文本字段，不能作为记录标题。",
    "Choose another field, or none.",
    "请选择其他字段，或不设标题。",
)
_KNOWN: Final = frozenset({"index", "keep", "name", "label", "type", "options", "required", "key"})
_TOLD: Final = frozenset(
    {"header", "samples", "filled", "distinct", "reasons", "unread", "unread_count"}
)
"""What a proposal only tells: it may be sent back as it came."""


def reviewed(given: Any, opened: Opened, proposal: Proposal, catalog: Catalog) -> Proposal:
    """Return `proposal` with what somebody changed in it; raise RefusedError with all that is wrong."""
    if not isinstance(given, Mapping):
        raise RefusedError(BAD_VALUE.at("", name="proposal"))
    problems: list[Problem] = []
    module, module_label = _named(given, "module", problems)
    object_, object_label = _named(given, "object", problems)
    fields = _fields(given.get("fields"), opened.columns, proposal, catalog, problems)
    if module and any(one.kind == "module" and one.name == module for one in catalog.documents):
        problems.append(NAME_TAKEN.at("/module/name", name=module))
    if object_ and is_name(object_) and object_name(object_, catalog) != object_:
        problems.append(NAME_TAKEN.at("/object/name", name=object_))
    title = _title(given, opened.columns, fields, proposal.title, problems)
    if not any(one.keep for one in fields):
        problems.append(NO_FIELDS.at("/fields"))
    if problems:
        raise RefusedError.of(problems)
    return replace(
        proposal,
        module=module,
        module_label=module_label,
        object=object_,
        object_label=object_label,
        title=title,
        fields=tuple(fields),
    )


def _named(given: Mapping[str, Any], part: str, problems: list[Problem]) -> tuple[str, Text]:
    found = given.get(part)
    if not isinstance(found, Mapping):
        problems.append(BAD_VALUE.at(pointer(part), name=part))
        return "", Text()
    name = found.get("name")
    label = _label(found.get("label"))
    if not isinstance(name, str) or not is_name(name):
        problems.append(name_problem(str(name or ""), (), pointer(part, "name")))
        name = ""
    if label is None:
        problems.append(NO_LABEL.at(pointer(part, "label"), name=name, limit=LONGEST_LABEL))
    return name, label or Text()


def _label(given: Any) -> Text | None:
    if not isinstance(given, Mapping) or not set(given) <= {"en", "zh"}:
        return None
    texts = {key: value for key, value in given.items() if value is not None}
    if not all(isinstance(one, str) and len(one) <= LONGEST_LABEL for one in texts.values()):
        return None
    cleaned = {key: " ".join(value.split()) for key, value in texts.items()}
    found = Text(cleaned.get("en", ""), cleaned.get("zh", ""))
    return found if found and found.within("en").isprintable() else None


def _fields(
    given: Any,
    columns: Sequence[Column],
    proposal: Proposal,
    catalog: Catalog,
    problems: list[Problem],
) -> list[FieldProposal]:
    if not isinstance(given, list) or not all(isinstance(one, Mapping) for one in given):
        problems.append(BAD_VALUE.at("/fields", name="fields"))
        return []
    by_index: dict[Any, tuple[int, Mapping[str, Any]]] = {}
    known = {one.index for one in columns}
    for place, one in enumerate(given):
        index = one.get("index")
        if type(index) is not int or index not in known or index in by_index:
            problems.append(BAD_VALUE.at(pointer("fields", place, "index"), name="index"))
            continue
        by_index[index] = (place, one)
    found: list[FieldProposal] = []
    taken: set[str] = set()
    for column, before in zip(columns, proposal.fields, strict=True):
        place, sent = by_index.get(column.index, (before.index, {}))
        field = _field(sent, column, before, catalog, pointer("fields", place), problems)
        if field.keep:
            if is_name(field.name) and not is_field_name(field.name, taken):
                where = pointer("fields", place, "name")
                problems.append(NAME_TAKEN.at(where, name=field.name))
            taken.add(field.name)
        found.append(field)
    return found


def _field(
    given: Mapping[str, Any],
    column: Column,
    before: FieldProposal,
    catalog: Catalog,
    place: str,
    problems: list[Problem],
) -> FieldProposal:
    """Return a field as it was reviewed; what is not said stays as it was proposed."""
    unknown = [key for key in given if key not in _KNOWN and key not in _TOLD]
    problems += [BAD_VALUE.at(place + pointer(key), name=key) for key in unknown]
    flags: dict[str, bool] = {}
    for key in ("keep", "required", "key"):
        value = given.get(key, getattr(before, key))
        if not isinstance(value, bool):
            problems.append(BAD_VALUE.at(place + pointer(key), name=key))
        flags[key] = value is True
    name = given.get("name", before.name)
    if flags["keep"] and (not isinstance(name, str) or not is_name(name)):
        problems.append(name_problem(str(name or ""), (), place + "/name"))
    label = _label(given.get("label", before.label.as_dict()))
    if label is None and flags["keep"]:
        problems.append(NO_LABEL.at(place + "/label", name=column.header, limit=LONGEST_LABEL))
    judgement = _judgement(given, column, before, catalog, place, problems)
    return replace(
        before,
        keep=flags["keep"],
        required=flags["required"],
        key=flags["key"],
        name=str(name),
        label=label or before.label,
        type=judgement.type,
        options=judgement.options,
        reasons=judgement.reasons,
        unread=judgement.unread,
    )


def _judgement(
    given: Mapping[str, Any],
    column: Column,
    before: FieldProposal,
    catalog: Catalog,
    place: str,
    problems: list[Problem],
) -> Judgement:
    type_, options = given.get("type", before.type), given.get("options", {})
    as_before = Judgement(before.type, before.options, before.reasons, before.unread)
    if not isinstance(options, Mapping):
        problems.append(BAD_VALUE.at(place + "/options", name="options"))
        return as_before
    if not isinstance(type_, str) or type_ not in TYPES:
        known = ", ".join(TYPES)
        problems.append(UNKNOWN_TYPE.at(place + "/type", type=type_, known=known))
        return as_before
    if type_ == "lookup":
        target = options.get("to")
        if not isinstance(target, str) or target not in catalog.objects:
            problems.append(NO_OBJECT.at(place + "/options/to", name=target or "-"))
        return Judgement("lookup", {"to": target})
    if type_ == before.type:
        return replace(as_before, options=options or before.options)
    if type_ == "choice" and len(column.texts) > MOST_DECLARED:
        told = {"field": column.header, "count": len(column.texts), "limit": MOST_DECLARED}
        problems.append(TOO_MANY_CHOICES.at(place + "/type", **told))
        return as_before
    return as_type(column, type_)


def _title(
    given: Mapping[str, Any],
    columns: Sequence[Column],
    fields: Sequence[FieldProposal],
    proposed: str | None,
    problems: list[Problem],
) -> str | None:
    """Return the title; what was proposed gives way where its field is renamed or of another type."""
    able = {one.name for one in fields if one.keep and one.type in TITLES}
    title = given.get("title", proposed)
    if title == proposed and proposed not in able:
        return title_of(columns, fields) if len(fields) == len(columns) else None
    if title is None or (isinstance(title, str) and title in able):
        return title
    problems.append(TITLE_UNFIT.at("/title", name=title))
    return None

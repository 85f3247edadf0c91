"""What a draft makes of the version it stands on: pure functions over documents."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from headrace.platform.core.canonical import ordered
from headrace.platform.core.ids import IdSource
from headrace.platform.core.problems import Message, Problem
from headrace.platform.metadata.documents import KINDS, Document
from headrace.platform.metadata.loading import UNKNOWN_KIND
from headrace.platform.metadata.merging import changed
from headrace.platform.metadata.naming import is_name, name_problem
from headrace.platform.metadata.schema_problems import MISSING_FIELD, unless_type
from headrace.platform.publishing.identities import NESTED

Entries = Mapping[str, Document | None]
"""What a draft holds, by definition id: a document, or None for one that it deletes."""

OTHER_KIND: Final = Message(
    "draft.other_kind",
    "This definition is of kind “{kind}” and stays so.",
    "该定义的类型为“{kind}”，不能更改。",
    "Delete it and make a new one.",
    "请删除后新建。",
)
OTHER_ID: Final = Message(
    "draft.other_id",
    "The document says another id than the address.",
    "文档中的标识与地址中的不一致。",
    "Leave the id out or send the one of the address.",
    "请删除标识，或使用地址中的标识。",
)


def applied(base: Iterable[Document], entries: Entries) -> tuple[Document, ...]:
    """Return the documents of `base` as a draft would have them."""
    left = dict(entries)
    documents: list[Document] = []
    for one in base:
        definition_id = id_of(one)
        if definition_id not in left:
            documents.append(one)
            continue
        changed_to = left.pop(definition_id)
        if changed_to is not None:
            documents.append(changed_to)
    documents.extend(one for one in left.values() if one is not None)
    return tuple(documents)


def entries_between(
    base: Iterable[Document], wanted: Iterable[Document]
) -> dict[str, Document | None]:
    """Return what a draft on `base` must hold so that it comes out as `wanted`."""
    before = {id_of(one): one for one in base}
    after = {id_of(one): one for one in wanted}
    entries: dict[str, Document | None] = {
        key: one for key, one in after.items() if key not in before or changed(before[key], one)
    }
    entries.update({key: None for key in before if key not in after})
    return entries


def id_of(document: Document) -> str:
    """Return the id of a document that has one."""
    return str(document.content["id"])


def form_problem(content: Any) -> Problem | None:
    """Return why JSON cannot even be kept as a document; a draft may hold wrong ones."""
    wrong = unless_type("object", content)
    if wrong is not None:
        return wrong
    for key in ("kind", "name", *(("of",) if content.get("kind") == "extends" else ())):
        if key not in content:
            return MISSING_FIELD.at(key=key)
        wrong = unless_type("string", content[key], f"/{key}")
        if wrong is not None:
            return wrong
    if content["kind"] not in KINDS:
        return UNKNOWN_KIND.at("/kind", kind=content["kind"], known=", ".join(KINDS))
    for key in ("name", "of") if content["kind"] == "extends" else ("name",):
        if not is_name(content[key]):
            return name_problem(content[key], (), f"/{key}")
    return None


def with_ids(content: Mapping[str, Any], former: Any, ids: IdSource) -> dict[str, Any]:
    """Return a document with ids in it and its parts: those of `former`, or new ones.

    Parts are matched by id, by name, or by the name that they say they had. Takes wrong documents
    too: what has no form of a part gets no id.
    """
    known = former if isinstance(former, dict) else {}
    result = {key: value for key, value in content.items() if key != "was"}
    if not isinstance(result.get("id"), str):
        result["id"] = known.get("id") or ids.definition_id()
    for part in NESTED:
        if isinstance(result.get(part), list):
            result[part] = _parts_with_ids(result[part], known.get(part), ids)
    return dict(ordered(result))


def _parts_with_ids(items: list[Any], former: Any, ids: IdSource) -> list[Any]:
    known = [one for one in former if _is_part(one)] if isinstance(former, list) else []
    taken = {one["id"] for one in items if isinstance(one, dict) and _has_id(one)}
    by_id = {one["id"]: one for one in known if _has_id(one)}
    by_name = {one["name"]: one for one in known if not _has_id(one) or one["id"] not in taken}
    result = []
    for one in items:
        if not _is_part(one):
            result.append(one)
            continue
        named = by_name.pop(one["name"], None)
        if named is None and isinstance(one.get("was"), str):
            named = by_name.pop(one["was"], None)
        result.append(with_ids(one, by_id.get(one["id"]) if _has_id(one) else named, ids))
    return result


def _is_part(one: Any) -> bool:
    """Say whether something has the form of a part, which a wrong document need not have."""
    return isinstance(one, dict) and isinstance(one.get("name"), str)


def _has_id(one: Mapping[str, Any]) -> bool:
    return isinstance(one.get("id"), str)

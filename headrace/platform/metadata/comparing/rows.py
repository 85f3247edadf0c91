"""Files of rows compared: reference rows one by one by their key, sample rows by number."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, Protocol

from headrace.platform.core.problems import Text
from headrace.platform.metadata.comparing.labels import Labels, joined, quoted
from headrace.platform.metadata.comparing.values import Action, Change, Part
from headrace.platform.metadata.wording import sentence

TOLD: Final = 100
"""Rows of a file that are told one by one; of more only the numbers are told."""

SETS: Final[Mapping[str, Text]] = {
    "reference": Text("reference rows", "参考数据"),
    "sample": Text("sample rows", "示例数据"),
}
NEW_FILE = Text("New {set} of {object}: {count}", "新增{object}的{set}：{count} 行")
NO_FILE = Text("The {set} of {object} were removed: {count}", "移除{object}的{set}：{count} 行")
CHANGED_FILE = Text(
    "{set} of {object}: {added} new, {changed} changed, {removed} gone",
    "{object}的{set}：新增 {added} 行，修改 {changed} 行，移除 {removed} 行",
)
NEW_ROW = Text("{set} of {object}: {key} is new", "{object}的{set}：新增{key}")
NO_ROW = Text("{set} of {object}: {key} is gone", "{object}的{set}：移除{key}")
CHANGED_ROW = Text(
    "{set} of {object}: {key} changed in {fields}", "{object}的{set}：{key}修改了{fields}"
)


class RowsLike(Protocol):
    """A file of rows, as publishing keeps it."""

    @property
    def module(self) -> str:
        """The module that it belongs to."""
        ...

    @property
    def set(self) -> str:
        """`reference` or `sample`."""
        ...

    @property
    def object(self) -> str:
        """The object whose rows they are."""
        ...

    @property
    def file(self) -> str:
        """Its path from the folder that holds the modules."""
        ...

    @property
    def text(self) -> str:
        """Its content."""
        ...

    def rows(self) -> list[dict[str, str]]:
        """Return the rows."""
        ...


def compare_rows(
    old: Iterable[RowsLike],
    new: Iterable[RowsLike],
    labels: Labels,
    renamed: Mapping[str, str] = MappingProxyType({}),
) -> tuple[Change, ...]:
    """Return how files of rows differ; `renamed` are modules with another name by their old one."""
    before = {(renamed.get(one.module, one.module), one.set, one.object): one for one in old}
    after = {(one.module, one.set, one.object): one for one in new}
    changes: list[Change] = []
    for path in sorted(before.keys() | after.keys()):
        former, file = before.get(path), after.get(path)
        if former is None and file is not None:
            changes.append(_whole("add", file, NEW_FILE, labels))
        elif file is None and former is not None:
            changes.append(_whole("remove", former, NO_FILE, labels))
        elif former is not None and file is not None and former.text != file.text:
            changes.extend(_changed(former, file, labels))
    return tuple(changes)


def _whole(action: Action, file: RowsLike, template: Text, labels: Labels) -> Change:
    count = {"rows": len(file.rows())}
    text = sentence(template, **_words(file, labels), count=count["rows"])
    before, after = (None, count) if action == "add" else (count, None)
    return _change(file, action, "", before, after, text)


def _changed(former: RowsLike, file: RowsLike, labels: Labels) -> Iterator[Change]:
    key = _key(file, labels)
    old, new = _by_key(former.rows(), key), _by_key(file.rows(), key)
    differ = [one for one in new if one in old and old[one] != new[one]]
    gone, added = [one for one in old if one not in new], [one for one in new if one not in old]
    numbers = {"added": len(added), "changed": len(differ), "removed": len(gone)}
    words = _words(file, labels)
    counts = {"rows": len(old)}, {"rows": len(new)}
    text = sentence(CHANGED_FILE, **words, **numbers)
    yield _change(file, "change", "", *counts, text)
    if file.set != "reference" or sum(numbers.values()) > TOLD:
        return
    for name in added:
        text = sentence(NEW_ROW, **words, key=quoted(Text(), name))
        yield _change(file, "add", name, None, new[name], text)
    for name in differ:
        columns = [
            one for one in {**old[name], **new[name]} if old[name].get(one) != new[name].get(one)
        ]
        fields = joined(labels.path(file.object, one) for one in columns)
        text = sentence(CHANGED_ROW, **words, key=quoted(Text(), name), fields=fields)
        yield _change(file, "change", name, old[name], new[name], text)
    for name in gone:
        text = sentence(NO_ROW, **words, key=quoted(Text(), name))
        yield _change(file, "remove", name, old[name], None, text)


def _key(file: RowsLike, labels: Labels) -> str | None:
    """Return the column that tells rows apart: the object's external id."""
    if file.object == "user":
        return "login"
    for field in labels.parts("object", file.object, "fields"):
        if field.get("external_id"):
            return str(field["name"])
    return None


def _by_key(rows: Sequence[dict[str, str]], key: str | None) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for position, row in enumerate(rows, start=1):
        name = row.get(key) if key else None
        found[name or f"#{position}"] = row
    return found


def _words(file: RowsLike, labels: Labels) -> dict[str, Text]:
    return {"set": SETS[file.set], "object": labels.shown("object", file.object)}


def _change(
    file: RowsLike, action: Action, key: str, before: Any, after: Any, text: Text
) -> Change:
    return Change(
        action=action,
        kind="rows",
        id="",
        name=f"{file.set}/{file.object}",
        module=file.module,
        path=f"/{key}" if key else "",
        before=before,
        after=after,
        sentence=text,
        part=Part("row", "", key) if key else None,
    )

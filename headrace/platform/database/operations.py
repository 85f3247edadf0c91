"""Changes of the schema as values: they say what they do and how they are undone, and do nothing.

Deciding is `diff.py`, running is `applying.py`. No operation throws data away.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace

from headrace.platform.core.problems import Text
from headrace.platform.database.physical import ColumnSpec, IndexSpec, TableSpec


@dataclass(frozen=True, slots=True)
class Operation(ABC):
    """A change; `object` and `field` are the API names that people know, for describing it."""

    object: str

    @property
    @abstractmethod
    def code(self) -> str:
        """The dotted code of the plan's line."""

    @property
    def key(self) -> str:
        """What decisions call the change: its code and what it is done to, in names of today."""
        field: str | None = getattr(self, "field", None)
        return f"{self.code}:{self.object}" + (f".{field}" if field else "")

    @abstractmethod
    def describe(self) -> Text:
        """Say what happens, in both languages."""

    @abstractmethod
    def reverse(self) -> Operation:
        """Return the operation that undoes this one."""

    @property
    def is_destructive(self) -> bool:
        """Whether something that people see disappears (the data are kept)."""
        return False


@dataclass(frozen=True, slots=True)
class CreateTable(Operation):
    """Make the table of a new object."""

    table: TableSpec

    @property
    def code(self) -> str:
        return "object.create"

    def describe(self) -> Text:
        return Text(f"Create the object {self.object}", f"新建对象 {self.object}")

    def reverse(self) -> Operation:
        return KeepTable(self.object, self.table)


@dataclass(frozen=True, slots=True)
class KeepTable(Operation):
    """Take an object away; its table and rows stay, unseen."""

    table: TableSpec

    @property
    def code(self) -> str:
        return "object.drop"

    @property
    def is_destructive(self) -> bool:
        return True

    def describe(self) -> Text:
        return Text(
            f"Remove the object {self.object}; its rows are kept for 30 days",
            f"移除对象 {self.object}；其数据保留 30 天",
        )

    def reverse(self) -> Operation:
        return CreateTable(self.object, self.table)


@dataclass(frozen=True, slots=True)
class AddColumn(Operation):
    """Add the column of a new field."""

    field: str
    table: str
    column: ColumnSpec

    @property
    def code(self) -> str:
        return "field.add"

    def describe(self) -> Text:
        return Text(
            f"Add the field {self.object}.{self.field}", f"新增字段 {self.object}.{self.field}"
        )

    def reverse(self) -> Operation:
        return KeepColumn(self.object, self.field, self.table, self.column)


@dataclass(frozen=True, slots=True)
class KeepColumn(Operation):
    """Take a field away; its column stays, nullable and without constraints.

    With `goes_on` people still have the field (it is computed when it is read), or never saw the
    column (the path of a tree).
    """

    field: str
    table: str
    column: ColumnSpec
    goes_on: bool = False

    @property
    def code(self) -> str:
        return "field.drop"

    @property
    def is_destructive(self) -> bool:
        return not self.goes_on

    def describe(self) -> Text:
        return Text(
            f"Remove the field {self.object}.{self.field}; its values are kept for 30 days",
            f"移除字段 {self.object}.{self.field}；其数据保留 30 天",
        )

    def reverse(self) -> Operation:
        return AddColumn(self.object, self.field, self.table, self.column)


@dataclass(frozen=True, slots=True)
class RenameDefinition(Operation):
    """Call an object or a field by another name; the database does not notice."""

    field: str | None
    old: str
    new: str

    @property
    def code(self) -> str:
        return "object.rename" if self.field is None else "field.rename"

    def describe(self) -> Text:
        if self.field is None:
            return Text(
                f"Rename the object {self.old} to {self.new}", f"对象 {self.old} 更名为 {self.new}"
            )
        return Text(
            f"Rename the field {self.object}.{self.old} to {self.new}",
            f"字段 {self.object}.{self.old} 更名为 {self.new}",
        )

    def reverse(self) -> Operation:
        return replace(self, old=self.new, new=self.old)


def _shown(fields: tuple[str, ...]) -> list[str]:
    """Return the fields of a key that people know; one that says when it holds is the platform's."""
    return [one for one in fields if one.islower()]


@dataclass(frozen=True, slots=True)
class CreateIndex(Operation):
    """Make an index; a unique one fails where live rows have equal values.

    With `anew` it takes the place of one over the same fields, which are held otherwise now.
    """

    index: IndexSpec
    fields: tuple[str, ...] = ()
    anew: bool = False

    @property
    def code(self) -> str:
        return "key.add" if self.index.unique else "index.add"

    @property
    def key(self) -> str:
        return f"{self.code}:{self.object}." + "+".join(self.fields)

    def describe(self) -> Text:
        if self.index.unique:
            over = ", ".join(_shown(self.fields))
            en, zh = ("Make a key anew of", "重建") if self.anew else ("Add a key to", "新增")
            return Text(
                f"{en} {self.object}" + (f": {over}" if over else ""),
                f"为 {self.object} {zh}唯一约束" + (f":{over}" if over else ""),
            )
        if self.index.links is not None:
            field = f"{self.object}.{', '.join(self.fields)}"
            return Text(f"Add the links of {field}", f"新增 {field} 的关联表")
        return Text(f"Add an index to {self.object}", f"为 {self.object} 新增索引")

    def reverse(self) -> Operation:
        return DropIndex(self.object, self.index, self.fields, self.anew)


@dataclass(frozen=True, slots=True)
class DropIndex(Operation):
    """Drop an index that nothing asks for any more; with `anew` another one takes its place."""

    index: IndexSpec
    fields: tuple[str, ...] = ()
    anew: bool = False

    @property
    def code(self) -> str:
        return "key.drop" if self.index.unique else "index.drop"

    @property
    def key(self) -> str:
        return f"{self.code}:{self.object}." + "+".join(self.fields)

    def describe(self) -> Text:
        if self.index.unique:
            over = ", ".join(_shown(self.fields))
            return Text(
                f"Remove a key of {self.object}" + (f": {over}" if over else ""),
                f"移除 {self.object} 的唯一约束" + (f":{over}" if over else ""),
            )
        if self.index.links is not None:
            field = f"{self.object}.{', '.join(self.fields)}"
            return Text(f"Remove the links of {field}", f"移除 {field} 的关联表")
        return Text(f"Remove an index of {self.object}", f"移除 {self.object} 的索引")

    def reverse(self) -> Operation:
        return CreateIndex(self.object, self.index, self.fields, self.anew)


@dataclass(frozen=True, slots=True)
class RestoreTable(Operation):
    """Use the kept table of an object again, with the rows that it had."""

    table: TableSpec

    @property
    def code(self) -> str:
        return "object.restore"

    def describe(self) -> Text:
        return Text(
            f"Bring the object {self.object} back with its rows",
            f"恢复对象 {self.object} 及其数据",
        )

    def reverse(self) -> Operation:
        return KeepTable(self.object, self.table)


@dataclass(frozen=True, slots=True)
class RestoreColumn(Operation):
    """Use the kept column of a field again, with the values that it had."""

    field: str
    table: str
    column: ColumnSpec

    @property
    def code(self) -> str:
        return "field.restore"

    def describe(self) -> Text:
        return Text(
            f"Bring the field {self.object}.{self.field} back with its values",
            f"恢复字段 {self.object}.{self.field} 及其数据",
        )

    def reverse(self) -> Operation:
        return KeepColumn(self.object, self.field, self.table, self.column)


@dataclass(frozen=True, slots=True)
class ReplaceColumn(Operation):
    """Let another column hold a field: a column never changes its type, and live values stay put.

    `new` is added, or with `restored` a kept column that is used again; `old` is kept.
    """

    field: str
    table: str
    old: ColumnSpec
    new: ColumnSpec
    restored: bool = False

    @property
    def code(self) -> str:
        return "field.replace"

    def describe(self) -> Text:
        return Text(
            f"Move the values of {self.object}.{self.field} to a new column",
            f"将 {self.object}.{self.field} 的数据迁移到新列",
        )

    def reverse(self) -> Operation:
        return replace(self, old=self.new, new=self.old, restored=True)

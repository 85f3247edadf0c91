"""Changes of the schema as values: they say what they do and how they are undone, and do nothing.

Deciding is `diff.py`, running is `applying.py`. No operation throws data away.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace

from headrace.platform.core.problems import Named, Text, named, said
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

    @property
    def _object(self) -> Named:
        return named("object", self.object)

    def _named(self, field: str) -> Named:
        return named("field", self.object, field)

    def _about_key(self, en: str, zh: str, fields: tuple[str, ...]) -> Text:
        """Say something of a key, with the fields that people know of it."""
        over = tuple(named("own_field", self.object, one) for one in _shown(fields))
        if not over:
            return said(en, zh, object=self._object)
        return said(f"{en}: {{over}}", f"{zh}：{{over}}", object=self._object, over=over)


@dataclass(frozen=True, slots=True)
class CreateTable(Operation):
    """Make the table of a new object."""

    table: TableSpec

    @property
    def code(self) -> str:
        return "object.create"

    def describe(self) -> Text:
        return said("Create the object {object}", "新建对象 {object}", object=self._object)

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
        return said(
            "Remove the object {object}; its rows are kept for 30 days",
            "移除对象 {object}；其数据保留 30 天",
            object=self._object,
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
        return said("Add the field {field}", "新增字段 {field}", field=self._named(self.field))

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
        return said(
            "Remove the field {field}; its values are kept for 30 days",
            "移除字段 {field}；其数据保留 30 天",
            field=self._named(self.field),
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
            return said(
                "Rename the object {old} to {new}",
                "对象 {old} 更名为 {new}",
                old=self.old,
                new=self.new,
            )
        return said(
            "Rename the field {object}.{old} to {new}",
            "字段 {object}.{old} 更名为 {new}",
            object=self._object,
            old=self.old,
            new=self.new,
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
            en, zh = ("Make a key anew of", "重建") if self.anew else ("Add a key to", "新增")
            return self._about_key(f"{en} {{object}}", f"为 {{object}} {zh}唯一约束", self.fields)
        if self.index.links is not None:
            field = self._named(", ".join(self.fields))
            return said("Add the links of {field}", "新增 {field} 的关联表", field=field)
        return said("Add an index to {object}", "为 {object} 新增索引", object=self._object)

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
            return self._about_key(
                "Remove a key of {object}", "移除 {object} 的唯一约束", self.fields
            )
        if self.index.links is not None:
            field = self._named(", ".join(self.fields))
            return said("Remove the links of {field}", "移除 {field} 的关联表", field=field)
        return said("Remove an index of {object}", "移除 {object} 的索引", object=self._object)

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
        return said(
            "Bring the object {object} back with its rows",
            "恢复对象 {object} 及其数据",
            object=self._object,
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
        return said(
            "Bring the field {field} back with its values",
            "恢复字段 {field} 及其数据",
            field=self._named(self.field),
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
        return said(
            "Move the values of {field} to a new column",
            "将 {field} 的数据迁移到新列",
            field=self._named(self.field),
        )

    def reverse(self) -> Operation:
        return replace(self, old=self.new, new=self.old, restored=True)

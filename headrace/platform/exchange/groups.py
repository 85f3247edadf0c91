"""Rows of a file gathered into records: a record with its child rows, and what was wrong with each."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import Any, Final

from marshmallow import ValidationError, fields

from headrace.platform.core.problems import Message, Problem
from headrace.platform.exchange.mapping import Column, Layout
from headrace.platform.exchange.sheets import SheetRow
from headrace.platform.metadata.catalog import Catalog, FieldModel
from headrace.platform.metadata.field_types.cells import Cell, cell_text

_BETWEEN: Final = re.compile("[;；]")
PARENT_DIFFERS: Final = Message(
    "import.parent_differs",
    "Row {row} belongs to the record of row {first}, but says something else here.",
    "第 {row} 行与第 {first} 行属于同一条记录，但此处内容不同。",
    "Give the record's own values once, or the same in each of its rows.",
    "请只填写一次主记录的值，或在每一行中填写相同的值。",
)
NO_PARENT: Final = Message(
    "import.no_parent",
    "Row {row} has child values but no record that they belong to.",
    "第 {row} 行有明细内容，但没有所属的主记录。",
    "Write the record's key in the row.",
    "请在该行填写主记录的键。",
)
PARENT_MISSING: Final = Message(
    "import.parent_missing",
    "No row of the main sheet has the key “{key}”.",
    "主表中没有键为“{key}”的行。",
    "Add the record to the main sheet, or correct the key.",
    "请在主表中补充该记录，或更正键值。",
)


@dataclass(frozen=True, slots=True)
class RowError:
    """A finding about a row: where it stands, the column's name in the file, what is wrong."""

    row: int
    column: str | None
    problem: Problem
    sheet: str = ""


@dataclass(frozen=True, slots=True)
class Reference:
    """A reference as a file names it; `by` is the field that was named, None to try the usual ones."""

    text: str
    by: str | None


@dataclass(slots=True)
class ChildRow:
    """A child row with the row of the file that it came from."""

    row: SheetRow
    values: dict[str, Any]
    sheet: str = ""
    errors: list[RowError] = field(default_factory=list)


@dataclass(slots=True)
class Group:
    """One record of the file. `key` is what it is matched by, as the file writes it."""

    rows: list[SheetRow]
    key: str
    values: dict[str, Any] = field(default_factory=dict)
    children: dict[str, list[ChildRow]] = field(default_factory=dict)
    errors: list[RowError] = field(default_factory=list)
    warnings: list[RowError] = field(default_factory=list)
    """What rules tell of it though it was written."""

    @property
    def number(self) -> int:
        """The number of its first row."""
        return self.rows[0].number

    @property
    def last(self) -> int:
        """The number of its last row."""
        return self.rows[-1].number

    def add_child(self, relation: str, child: ChildRow) -> None:
        """Take in a child row with what is wrong with it."""
        self.children.setdefault(relation, []).append(child)
        self.errors.extend(child.errors)

    def all_rows(self) -> Iterator[tuple[str, SheetRow]]:
        """Yield its rows with their sheets, those of children in other sheets last."""
        for row in self.rows:
            yield "", row
        for rows in self.children.values():
            for child in rows:
                if child.sheet:
                    yield child.sheet, child.row


class Gatherer:
    """Makes groups of the rows below a header."""

    def __init__(
        self,
        catalog: Catalog,
        layout: Layout,
        key: Column | None,
        zone: tzinfo,
        *,
        clearing: bool = False,
        sheet: str = "",
    ) -> None:
        self._catalog = catalog
        self._layout = layout
        self._key = key
        self._zone = zone
        self._clearing = clearing
        self._own = layout.own()
        self._relations = layout.relations()
        self._sheet = sheet
        self._parsers: dict[int, fields.Field[Any]] = {}

    def groups(self, rows: Iterable[SheetRow]) -> Iterator[Group]:
        """Yield a group for each record, in the order of the file."""
        current: Group | None = None
        for row in rows:
            if row.number <= self._layout.header_row:
                continue
            key = self.key_of(row)
            if current is not None and self._continues(current, row, key):
                self._add_row(current, row)
                continue
            if current is not None:
                yield current
            current = self._new(row, key)
        if current is not None:
            yield current

    def key_of(self, row: SheetRow) -> str:
        """Return what a row says its record is matched by."""
        return "" if self._key is None else row.cell(self._key.index).text

    def child(self, row: SheetRow, relation: str) -> ChildRow | None:
        """Return the child row of a relation; None where its columns are empty."""
        columns = [one for one in self._layout.columns if one.relation == relation]
        if all(row.cell(one.index).is_empty for one in columns):
            return None
        found = ChildRow(row, {}, self._sheet)
        found.values = self._values(row, columns, found.errors, clearing=False)
        return found

    def _continues(self, current: Group, row: SheetRow, key: str) -> bool:
        if not self._relations:
            return False
        if all(row.cell(one.index).is_empty for one in self._own):
            return True
        return key != "" and key == current.key

    def _new(self, row: SheetRow, key: str) -> Group:
        group = Group([row], key)
        if self._relations and all(row.cell(one.index).is_empty for one in self._own):
            problem = NO_PARENT.at(row=row.number)
            group.errors.append(RowError(row.number, None, problem, self._sheet))
        group.values = self._values(row, self._own, group.errors, clearing=self._clearing)
        self._add_children(group, row)
        return group

    def _add_row(self, group: Group, row: SheetRow) -> None:
        first = group.rows[0]
        group.rows.append(row)
        for column in self._own:
            cell = row.cell(column.index)
            if not cell.is_empty and cell.text != first.cell(column.index).text:
                problem = PARENT_DIFFERS.at(row=row.number, first=first.number)
                group.errors.append(RowError(row.number, column.header, problem, self._sheet))
        self._add_children(group, row)

    def _add_children(self, group: Group, row: SheetRow) -> None:
        for relation in self._relations:
            child = self.child(row, relation)
            if child is not None:
                group.add_child(relation, child)

    def _values(
        self,
        row: SheetRow,
        columns: Sequence[Column],
        errors: list[RowError],
        *,
        clearing: bool,
    ) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for column in columns:
            cell = row.cell(column.index)
            if cell.is_empty:
                if clearing:
                    values[column.field.name] = None
                continue
            try:
                values[column.field.name] = self._value(column, cell)
            except ValidationError as refusal:
                messages: Any = refusal.messages
                errors.extend(
                    RowError(row.number, column.header, one, self._sheet) for one in messages
                )
        return values

    def _value(self, column: Column, cell: Cell) -> Any:
        field_ = column.field
        if field_.name == "id":
            return cell_text(cell)
        if field_.target is not None or field_.targets:
            return Reference(cell_text(cell), column.by)
        if field_.links is not None:
            parts = (one.strip() for one in _BETWEEN.split(cell_text(cell)))
            return [Reference(one, column.by) for one in dict.fromkeys(parts) if one]
        if field_.computed == "workflow":
            return self._state(field_, cell_text(cell))
        value = field_.type.from_cell(cell, field_.options, self._zone)
        parser = self._parsers.get(column.index)
        if parser is None:
            parser = self._parsers[column.index] = field_.type.value_field(field_.options)
        masked = field_.definition.masked is not None  # may come back as it was shown
        if field_.computed is None and value is not None and not masked:
            # The store does it again; here all that is wrong with a row's cells is found at once.
            parser.deserialize(value, field_.name, None)
        return value

    def _state(self, field_: FieldModel, text: str) -> str:
        """Return the state that a label means; only a migration comes here."""
        workflow = self._catalog.workflows.get(field_.options.workflow)
        states = workflow.states if workflow else {}
        for name, state in states.items():
            if text in {name, state.label.en, state.label.zh}:
                return name
        return text


def child_groups(
    gatherer: Gatherer, rows: Iterable[SheetRow], relation: str, header_row: int
) -> Mapping[str, list[ChildRow]]:
    """Return the rows of a sheet of children by the key of the record that they belong to."""
    found: dict[str, list[ChildRow]] = {}
    for row in rows:
        if row.number <= header_row:
            continue
        child = gatherer.child(row, relation)
        if child is not None:
            found.setdefault(gatherer.key_of(row), []).append(child)
    return found

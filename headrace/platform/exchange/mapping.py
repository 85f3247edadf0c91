"""Which column of a file goes to which field: by API name, by label in either language, or as told."""

from __future__ import annotations

import copy
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from headrace.platform.access.policy import editable_fields, readable_fields
from headrace.platform.core.errors import NOT_FOUND, ForbiddenError, NotFoundError, RefusedError
from headrace.platform.core.problems import Message, Problem, Text, pointer
from headrace.platform.exchange.requests import ImportRequest
from headrace.platform.exchange.sheets import SheetRow
from headrace.platform.metadata.catalog import FieldModel, ObjectModel
from headrace.platform.metadata.field_types.references import USER_OBJECT
from headrace.platform.records.context import Context
from headrace.platform.records.migration import migrated_field
from headrace.platform.records.parsing import READ_ONLY, WORKFLOW_CONTROLLED
from headrace.platform.records.rights import FORBIDDEN, NOT_EDITABLE

HEADER_ROWS: Final = 20
"""Rows from the top among which the one with the names of the columns is looked for."""
PROBLEM_COLUMN: Final = Text("What is wrong", "导入问题")
"""The column that an error file has more than the file itself; ignored when it comes back."""
SEPARATORS: Final = ("/", "／", ".", "->", "→")

NO_COLUMNS: Final = Message(
    "import.no_columns",
    "No column of the file has the name of a field of “{object}”.",
    "文件中没有与“{object}”字段对应的列。",
    "Name the columns like the fields, or say with “map” which column is which field: {known}.",
    "请将列名改为字段名，或用“map”指定列与字段的对应：{known}。",
)
UNKNOWN_COLUMN: Final = Message(
    "import.unknown_column",
    "The file has no column “{name}”.",
    "文件中没有“{name}”列。",
    "Columns of the file: {known}.",
    "文件中的列：{known}。",
)
UNKNOWN_FIELD: Final = Message(
    "field.unknown",
    "“{object}” has no field “{name}” that you can use.",
    "“{object}”没有您可用的字段“{name}”。",
    "Fields: {known}.",
    "可用字段：{known}。",
)
AMBIGUOUS_COLUMN: Final = Message(
    "import.ambiguous_column",
    "“{name}” is the name of several fields: {fields}.",
    "“{name}”对应多个字段：{fields}。",
    "Use the API name, or say with “map” which one is meant.",
    "请改用 API 名称，或用“map”指定。",
)
TWO_COLUMNS: Final = Message(
    "import.field_twice",
    "The columns “{first}” and “{second}” both go to “{name}”.",
    "“{first}”列与“{second}”列都对应“{name}”。",
    "Leave one out: map it to null.",
    "请将其中一列映射为 null 以忽略。",
)
IGNORED: Final = Message(
    "import.column_ignored",
    "The column “{name}” is not imported: {reason}.",
    "“{name}”列不会导入：{reason}。",
    "Map it to a field, or to null.",
    "请将其映射到字段，或映射为 null。",
    severity="warning",
)
NO_KEY: Final = Message(
    "import.no_key",
    "Records of “{object}” cannot be matched by “{key}”.",
    "无法按“{key}”匹配“{object}”的记录。",
    "Choose a field that is unique and stands in the file: {known}.",
    "请选择文件中存在的唯一字段：{known}。",
)
NO_RIGHT: Final = Text("you may not change it", "您无权修改该字段")
COMPUTED: Final = Text("the system works it out", "该字段由系统计算")
NO_FIELD: Final = Text("no field has this name", "没有同名字段")


@dataclass(frozen=True, slots=True)
class Column:
    """A column that is imported: into a field of the object, or of its child rows."""

    index: int
    header: str
    field: FieldModel
    relation: str | None = None
    by: str | None = None

    @property
    def path(self) -> str:
        """The target as it is written in a map."""
        parts = (self.relation, self.field.name, self.by)
        return ".".join(part for part in parts if part)


@dataclass(frozen=True, slots=True)
class Layout:
    """How a sheet is read: the row with the names, and the columns below it."""

    header_row: int
    headers: tuple[str, ...]
    columns: tuple[Column, ...]
    warnings: tuple[Problem, ...]

    def own(self) -> tuple[Column, ...]:
        """Return the columns of the record itself."""
        return tuple(one for one in self.columns if one.relation is None)

    def relations(self) -> tuple[str, ...]:
        """Return the relations that have columns."""
        return tuple(dict.fromkeys(one.relation for one in self.columns if one.relation))


@dataclass(frozen=True, slots=True)
class Target:
    """A field that a column may go to, with all that it is called."""

    path: str
    field: FieldModel
    names: frozenset[str]
    relation: str | None = None
    by: str | None = None
    refused: Problem | None = None
    """Why nobody, or not this caller, may give it."""


def normal(text: str) -> str:
    """Return a name as names are compared: width, case, spaces and a star for “required” aside."""
    plain = unicodedata.normalize("NFKC", text).strip().rstrip("*").strip()
    return " ".join(plain.casefold().split())


def called(field: FieldModel) -> frozenset[str]:
    """Return the names of a field as names are compared."""
    return frozenset(map(normal, (field.name, field.label.en, field.label.zh))) - {""}


def is_problem_column(header: str) -> bool:
    """Say whether a column is the one that an error file adds."""
    return normal(header) in {normal(PROBLEM_COLUMN.en), normal(PROBLEM_COLUMN.zh)}


# -- targets -------------------------------------------------------------------------------------


class Targets:
    """All that columns may go to, as far as the caller can know of it."""

    def __init__(self, context: Context, request: ImportRequest) -> None:
        self.context = context
        self.request = request
        model = context.catalog.objects.get(request.object)
        if model is None or not self._known(model):
            raise NotFoundError(NOT_FOUND.at())
        self.model = model
        if not context.principal.is_system and not self._may(model):
            raise ForbiddenError(FORBIDDEN.at(object=model.label))
        self._take(self._all())

    def inner(self, relation: str) -> Targets:
        """Return the targets for a sheet of the child rows of a relation: fields by their own names."""
        found = copy.copy(self)
        found.request = replace(self.request, map={}, key=None)
        child = self.model.child(relation)
        detail = self.context.catalog.objects[child.object] if child else self.model
        found._take(  # noqa: SLF001 - own class
            one if one.by is not None else replace(one, names=called(one.field))
            for one in self._of(detail, relation, frozenset())
        )
        return found

    def _take(self, targets: Iterable[Target]) -> None:
        self.targets = tuple(targets)
        self._by_path = {one.path: one for one in self.targets}

    def _known(self, model: ObjectModel) -> bool:
        return bool(self._readable(model) | self._editable(model))

    def _may(self, model: ObjectModel) -> bool:
        catalog, principal = self.context.catalog, self.context.principal
        actions: dict[str, tuple[Literal["create", "update"], ...]] = {
            "create": ("create",),
            "update": ("update",),
            "upsert": ("create", "update"),
        }
        action = actions[self.request.mode]
        if model.master is not None:
            action = ("create", "update")
        return any(editable_fields(catalog, principal, model.name, one) for one in action)

    def _readable(self, model: ObjectModel) -> frozenset[str]:
        return readable_fields(self.context.catalog, self.context.principal, model.name)

    def _editable(self, model: ObjectModel) -> frozenset[str]:
        catalog, principal = self.context.catalog, self.context.principal
        return editable_fields(catalog, principal, model.name, "create") | editable_fields(
            catalog, principal, model.name, "update"
        )

    def _all(self) -> Iterator[Target]:
        yield from self._of(self.model, None, frozenset())
        known = self._readable(self.model) | self._editable(self.model)
        for child in self.model.children:
            detail = self.context.catalog.objects.get(child.object)
            if detail is not None and child.name in known:
                label = child.label or detail.label
                names = frozenset(map(normal, (child.name, label.en, label.zh))) - {""}
                yield from self._of(detail, str(child.name), names)

    def _of(
        self, model: ObjectModel, relation: str | None, prefixes: frozenset[str]
    ) -> Iterator[Target]:
        known = self._readable(model) | self._editable(model)
        for field in model.fields.values():
            if field.name not in known or (relation and field.name == model.master):
                continue
            names = called(field)
            whole = _joined(prefixes, names) if relation else names
            path = f"{relation}.{field.name}" if relation else field.name
            refused = self._refused(model, field)
            yield Target(path, field, whole, relation, None, refused)
            if field.pointed is not None and field.name != "id":
                yield from self._by_fields(field, path, whole, relation, refused)

    def _by_fields(
        self,
        field: FieldModel,
        path: str,
        names: frozenset[str],
        relation: str | None,
        refused: Problem | None,
    ) -> Iterator[Target]:
        target = self.context.catalog.object(str(field.pointed))
        if target is None:
            return
        readable = self._readable(target)
        for name in dict.fromkeys((*target.external_ids, target.title, *_logins(target))):
            if name in readable and name in target.fields:
                both = _joined(names or called(field), called(target.fields[name]))
                yield Target(f"{path}.{name}", field, both, relation, name, refused)

    def _refused(self, model: ObjectModel, field: FieldModel) -> Problem | None:
        if self.request.migrate and migrated_field(self.context.catalog, field) is not None:
            return None
        if field.computed == "workflow":
            return WORKFLOW_CONTROLLED.at(name=field.label)
        by_system = field.definition.written_by == "system"
        if field.system or field.computed is not None or by_system:
            return READ_ONLY.at(name=field.label)
        if field.name not in self._editable(model):
            return NOT_EDITABLE.at(name=field.label)
        return None

    # -- finding ------------------------------------------------------------------------------

    def by_path(self, path: str) -> Target | None:
        """Return the target of a map."""
        return self._by_path.get(path)

    def by_header(self, header: str) -> list[Target]:
        """Return the targets that a column's own name may mean."""
        exact = self._by_path.get(header.strip())
        if exact is not None:
            return [exact]
        wanted = normal(header)
        return [one for one in self.targets if wanted in one.names]

    def offered(self) -> Iterator[Target]:
        """Yield what can be given, and what only says which record is meant."""
        keys = set(self.keys())
        for one in self.targets:
            if one.refused is None or (one.relation is None and one.path in keys):
                yield one

    def keys(self) -> list[str]:
        """Return the fields by which the caller may match records."""
        return keys_of(self.model, self._readable(self.model))

    def label_of(self, target: Target) -> Text:
        """Return what people read of a target: relation, field, and the field it is looked up by."""
        parts = [target.field.label]
        child = self.model.child(target.relation) if target.relation else None
        if child is not None:
            parts.insert(0, child.label or Text(child.name, child.name))
        inner = self.context.catalog.object(str(target.field.pointed)) if target.by else None
        if inner is not None and target.by is not None:
            parts.append(inner.fields[target.by].label)
        return Text(
            " / ".join(part.within("en") or target.path for part in parts),
            " / ".join(part.within("zh") or target.path for part in parts),
        )

    def known(self) -> str:
        """Name the fields that can be given."""
        paths = [one.path for one in self.targets if one.refused is None and one.by is None]
        return ", ".join(paths[:60])


def _joined(heads: Iterable[str], tails: Iterable[str]) -> frozenset[str]:
    return frozenset(
        normal(f"{head}{space}{separator}{space}{tail}")
        for head in heads
        for tail in tails
        for separator in SEPARATORS
        for space in ("", " ")
    )


def _logins(target: ObjectModel) -> tuple[str, ...]:
    return ("login",) if target.name == USER_OBJECT else ()


# -- layouts -------------------------------------------------------------------------------------


def find_header(targets: Targets, rows: Sequence[SheetRow]) -> SheetRow:
    """Return the row with the names of the columns: the one of which most are known.

    Titles and notes above it, merged or not, are passed over.
    """
    mapped = {name.strip() for name in targets.request.map}

    def known(row: SheetRow) -> int:
        return sum(
            1
            for cell in row.cells
            if not cell.is_empty and (cell.text in mapped or targets.by_header(cell.text))
        )

    best = max(rows, key=lambda row: (known(row), -row.number))
    if known(best):
        return best
    return max(rows, key=lambda row: (sum(not one.is_empty for one in row.cells), -row.number))


def lay_out(targets: Targets, rows: Sequence[SheetRow]) -> Layout:
    """Say which column goes where; raise RefusedError with all that is wrong with the columns."""
    header = find_header(targets, rows)
    headers = tuple(cell.text for cell in header.cells)
    problems: list[Problem] = []
    warnings: list[Problem] = []
    columns: list[Column] = []
    for index, name in enumerate(headers):
        if name == "" or is_problem_column(name):
            continue
        found = _column(targets, index, name, problems, warnings)
        if found is not None:
            columns.append(found)
    problems += _unknown_columns(targets, headers)
    problems += _twice(columns)
    if not columns and not problems:
        known = targets.known()
        problems.append(NO_COLUMNS.at("/map", object=targets.model.label, known=known))
    if problems:
        raise RefusedError.of(problems)
    return Layout(header.number, headers, tuple(columns), tuple(warnings))


def _column(
    targets: Targets, index: int, name: str, problems: list[Problem], warnings: list[Problem]
) -> Column | None:
    given = {key.strip(): path for key, path in targets.request.map.items()}
    if name in given:
        path = given[name]
        return None if not path else _mapped(targets, index, name, path, problems)
    found = targets.by_header(name)
    if len(found) > 1:
        # What stands on the object itself is nearer than what is behind a reference or in child rows.
        nearest = min((one.relation is not None, one.by is not None) for one in found)
        found = [one for one in found if (one.relation is not None, one.by is not None) == nearest]
    if len(found) > 1:
        fields = ", ".join(one.path for one in found)
        problems.append(AMBIGUOUS_COLUMN.at(_place(name), name=name, fields=fields))
        return None
    if not found:
        warnings.append(IGNORED.at(_place(name), name=name, reason=NO_FIELD))
        return None
    target = found[0]
    if _is_key(targets, target):
        return Column(index, name, target.field)
    if target.refused is not None:
        if target.field.computed == "workflow":
            problems.append(target.refused.below(_place(name)))
            return None
        computed = target.refused.code == READ_ONLY.code
        reason = COMPUTED if computed else NO_RIGHT
        warnings.append(IGNORED.at(_place(name), name=name, reason=reason))
        return None
    return Column(index, name, target.field, target.relation, target.by)


def _mapped(
    targets: Targets, index: int, name: str, path: str, problems: list[Problem]
) -> Column | None:
    target = targets.by_path(path.strip())
    if target is None:
        label = targets.model.label
        problem = UNKNOWN_FIELD.at(_place(name), object=label, name=path, known=targets.known())
        problems.append(problem)
        return None
    if target.refused is not None and not _is_key(targets, target):
        problems.append(target.refused.below(_place(name)))
        return None
    return Column(index, name, target.field, target.relation, target.by)


def _is_key(targets: Targets, target: Target) -> bool:
    """Say whether a column only says which record is meant."""
    return (
        target.relation is None
        and targets.request.key is not None
        and target.path == targets.request.key
    )


def _unknown_columns(targets: Targets, headers: Sequence[str]) -> Iterator[Problem]:
    known = ", ".join(name for name in headers if name)
    for name in targets.request.map:
        if name.strip() not in headers:
            yield UNKNOWN_COLUMN.at(_place(name), name=name, known=known)


def _twice(columns: Iterable[Column]) -> Iterator[Problem]:
    seen: dict[tuple[str | None, str], Column] = {}
    for column in columns:
        key = (column.relation, column.field.name)
        other = seen.setdefault(key, column)
        if other is not column:
            yield TWO_COLUMNS.at(
                _place(column.header),
                first=other.header,
                second=column.header,
                name=column.field.label,
            )


def _place(header: str) -> str:
    return pointer("map", header)


# -- keys ----------------------------------------------------------------------------------------


def keys_of(model: ObjectModel, readable: frozenset[str]) -> list[str]:
    """Return the fields by which records can be matched, external ids first."""
    names = [*model.external_ids]
    names += [field.name for field in model.fields.values() if field.unique and not field.system]
    return [name for name in dict.fromkeys([*names, "id"]) if name in readable]


def match_key(targets: Targets, layout: Layout) -> Column | None:
    """Return the column by which records are matched; None where rows only make new ones.

    Raise RefusedError where a mode or child rows need one and there is none.
    """
    request, model = targets.request, targets.model
    known = targets.keys()
    present = {one.field.name: one for one in layout.own() if one.by is None}
    if request.key is not None:
        if request.key in known and request.key in present:
            return present[request.key]
    else:
        for name in known:
            if name in present:
                return present[name]
        if request.mode == "create":
            return None
    shown = ", ".join(name for name in known if name in present) or ", ".join(known)
    key = request.key or "-"
    raise RefusedError(NO_KEY.at("/key", object=model.label, key=key, known=shown or "-"))

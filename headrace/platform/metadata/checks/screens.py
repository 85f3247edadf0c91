"""Checks of forms, views, reports and menus: nothing that could never show anything."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Final

from headrace.platform.core.problems import Message, Problem, Text
from headrace.platform.formulas.types import Kind
from headrace.platform.metadata.building import closest
from headrace.platform.metadata.catalog import FieldModel, ObjectModel
from headrace.platform.metadata.checks.base import Subject
from headrace.platform.metadata.checks.dashboards import openers as openers_of
from headrace.platform.metadata.checks.sizes import Sizes
from headrace.platform.metadata.definitions.modules import MenuItemDef, ModuleDef
from headrace.platform.metadata.definitions.screens import FormDef, ReportDef, ViewDef
from headrace.platform.metadata.storage_types import HOLDS_FILES
from headrace.platform.metadata.wording import kind_word

UNKNOWN_FIELD = Message(
    "ref.unknown_field",
    "“{object}” has no field “{name}”.",
    "“{object}”没有字段“{name}”。",
    "Did you mean {suggestion}?",
    "您是否指 {suggestion}？",
)
DUPLICATE = Message(
    "form.duplicate_field",
    "“{field}” stands on the form twice.",
    "“{field}”在表单中出现两次。",
    "Remove one.",
    "请删除其一。",
)
REQUIRED_MISSING = Message(
    "form.required_missing",
    "“{field}” is required, has no default and is not on the form: nothing could be created.",
    "“{field}”为必填且无默认值，却不在表单上：将无法创建记录。",
    "Add it to a section.",
    "请将其加入某个区段。",
)
UNKNOWN_VIEW = Message(
    "ref.unknown",
    "There is no {kind} “{name}”.",
    "没有名为“{name}”的 {kind}。",
    "Check the name.",
    "请检查名称。",
)
WRONG_OBJECT = Message(
    "menu.wrong_object",
    "The view “{view}” is not one of “{object}”.",
    "列表“{view}”不属于“{object}”。",
    "Choose a view of the object.",
    "请选择该对象的列表。",
)
EMPTY_MENU = Message(
    "menu.empty",
    "The menu entry opens nothing.",
    "此菜单项不会打开任何内容。",
    "Give it an object, a report or a dashboard.",
    "请指定对象、报表或看板。",
)
AGGREGATE = Message(
    "report.aggregate",
    "“{field}” cannot be put together by “{op}”.",
    "“{field}”不支持“{op}”汇总。",
    "It can: {known}.",
    "可用：{known}。",
)
MEASURE_FIELD = Message(
    "report.measure",
    "“{op}” needs a field; “count” has none.",
    "“{op}”需要字段；“count”不需要。",
    "Add or remove the field.",
    "请补充或删除字段。",
)
BUCKET = Message(
    "report.bucket",
    "“{field}” is not a date, so it has no {bucket}.",
    "“{field}”不是日期，不能按 {bucket} 分组。",
    "Remove the bucket, or group by a date.",
    "请去掉分组粒度，或改用日期字段。",
)
CHART = Message(
    "report.chart",
    "The chart has nothing to draw along: the report has no groups.",
    "报表没有分组，图表无从绘制。",
    "Add a row group.",
    "请增加行分组。",
)
NOT_READABLE = Message(
    "report.field_not_readable",
    "No role of this report may read “{field}”.",
    "此报表的任何角色都无权读取“{field}”。",
    "Grant it, or take it from the report.",
    "请授权，或从报表中移除。",
)


TOO_COMPLEX = Message(
    "report.too_complex",
    "The report goes along {count} different references; at most {most} can be followed.",
    "报表涉及 {count} 个不同的引用，最多可跟随 {most} 个。",
    "Take some fields out, or copy what you need into formula fields of the object.",
    "请减少字段，或在对象上用公式字段保存所需的值。",
)
VIEW_TOO_COMPLEX = Message(
    "view.too_complex",
    "The columns go along {count} different references; at most {most} can be followed.",
    "列涉及 {count} 个不同的引用，最多可跟随 {most} 个。",
    "Take some columns out.",
    "请减少列。",
)
LONG_GROUP = Message(
    "report.too_complex",
    "“{field}” is a long text, by which nothing can be grouped.",
    "“{field}”是长文本，不能用于分组。",
    "Group by a short text, a choice, a date or a reference.",
    "请按短文本、选项、日期或引用分组。",
)
LIST_GROUP = Message(
    "report.group_of_lists",
    "“{field}” has several references, by which nothing can be grouped.",
    "“{field}”含多条引用，不能用于分组。",
    "Group by a single reference, or report over a detail object with one reference a row.",
    "请按单条引用分组，或对每行一条引用的明细对象做报表。",
)
PATH_TOO_LONG = Message(
    "view.too_complex",
    "“{path}” goes along {levels} references; at most {most} can be followed.",
    "“{path}”跨越 {levels} 层引用，最多 {most} 层。",
    "Shorten the path.",
    "请缩短路径。",
)
FILE_GROUP = Message(
    "report.group_files",
    "“{field}” holds files, of which no two records have the same.",
    "“{field}”保存文件，不同记录的文件互不相同。",
    "Group by another field, or by a formula such as ISBLANK({field}).",
    "请按其他字段分组，或使用 ISBLANK({field}) 等公式。",
)
NOT_SORTABLE = Message(
    "view.sort",
    "“{field}” has no order to sort by.",
    "“{field}”没有可用于排序的顺序。",
    "Sort by a short text, a number, a date or a choice.",
    "请按短文本、数值、日期或选项排序。",
)
GROUP_TWICE = Message(
    "report.group_twice",
    "The report is grouped by “{field}” already.",
    "报表已按“{field}”分组。",
    "Remove one.",
    "请删除其一。",
)
CHART_NUMBER = Message(
    "report.chart",
    "The chart has no number to draw: the first measure gives a {kind}.",
    "图表没有可绘制的数值：第一个度量的结果是{kind}。",
    "Put a measure that counts or sums first.",
    "请将计数或求和的度量放在首位。",
)
CHART_STACK = Message(
    "report.chart",
    "There is nothing to stack: {reason}.",
    "没有可堆叠的内容：{reason}。",
    "Remove “stack”, or add a column group to bars, lines or areas.",
    "请去掉“stack”，或为柱、线、面积图增加列分组。",
)
FORM_ITEM = Message(
    "form.item",
    "An item is either a field or a child grid; columns go with a grid.",
    "一个表单项只能是字段或明细；“columns”只用于明细。",
    "Give exactly one of “field” and “children”.",
    "请只填写“field”或“children”之一。",
)
FORM_ROLE = Message(
    "form.role_cannot_read",
    "“{role}” may not read “{object}”, so it never sees this form.",
    "“{role}”无权读取“{object}”，因此不会看到此表单。",
    "Grant it, or take the role from the form.",
    "请授权，或将该角色从表单移除。",
    severity="warning",
)
FORM_SHADOWED = Message(
    "form.shadowed",
    "Nobody gets this form: “{other}” comes first for the same people.",
    "没有人会看到此表单：“{other}”优先用于相同的人。",
    "Make it for other roles, or remove one of the two.",
    "请改为其他角色，或删除其中之一。",
)
VIEW_FIELD = Message(
    "view.field_not_readable",
    "No role may read “{field}”, so it is never shown.",
    "没有角色可以读取“{field}”，因此不会显示。",
    "Grant it, or take it from the view.",
    "请授权，或从列表中移除。",
)
REPORT_NOBODY = Message(
    "report.nobody",
    "Nobody can open the report: none of its roles may read “{object}”.",
    "没有人可以打开此报表：其角色均无权读取“{object}”。",
    "Grant reading, or name other roles.",
    "请授予读取权限，或改用其他角色。",
    severity="warning",
)
MENU_NOBODY = Message(
    "menu.nobody",
    "Nobody can open this menu entry.",
    "没有人可以打开此菜单项。",
    "Grant reading what it opens, or remove it.",
    "请授予读取权限，或删除此项。",
    severity="warning",
)
MENU_BOTH = Message(
    "menu.both",
    "The entry opens the list of “{object}”; its {part} is never looked at.",
    "此菜单项打开“{object}”的列表，其{part}不起作用。",
    "Make two entries of it.",
    "请拆分为两个菜单项。",
)
MENU_REPORT = Message(
    "menu.both",
    "The entry opens the report “{report}”; its dashboard is never looked at.",
    "此菜单项打开报表“{report}”，其看板不起作用。",
    "Make two entries of it.",
    "请拆分为两个菜单项。",
)
MENU_VIEWS = Message(
    "menu.empty",
    "Views are tabs of an object's list; this entry has no object.",
    "列表是对象的页签，而此菜单项没有对象。",
    "Add the object, or remove the views.",
    "请补充对象，或删除列表。",
)
MAX_JOINS: Final = 20
MAX_LEVELS: Final = 4
"""How far a list follows references (records/query.py refuses more)."""


def check_screens(subject: Subject) -> Iterator[Problem]:
    """Find forms, views, reports and menus that could not do anything.

    Reads one form, view, report or menu with its objects, their grants, and the forms before it.
    """
    whose = partial(_whose, subject)
    yield from subject.over_all("form variants", "forms", whose, partial(_variants, subject))
    yield from subject.each("screens", "forms", partial(_form, subject))
    yield from subject.each("screens", "views", lambda one: _view(subject, one.definition))
    yield from subject.each("screens", "reports", lambda one: check_report(subject, one.definition))
    yield from subject.each("screens", "modules", partial(_menu, subject))


def _unknown(subject: Subject, object_name: str, path: str, place: str) -> Iterator[Problem]:
    if subject.catalog.path(object_name, path) is None:
        model = subject.catalog.objects[object_name]
        suggestion = closest(path, model.fields)
        yield UNKNOWN_FIELD.at(place, object=object_name, name=path, suggestion=suggestion)


def _form(subject: Subject, form: FormDef) -> Iterator[Problem]:
    model = subject.catalog.objects[form.object]
    seen: set[str] = set()
    for index, section in enumerate(form.sections):
        for position, item in enumerate(section.items):
            place = subject.at("form", form.name, "sections", index, "items", position)
            name = item.field or item.children or ""
            if bool(item.field) == bool(item.children) or (item.field and item.columns):
                yield FORM_ITEM.at(place)
                continue
            if name in seen:
                yield DUPLICATE.at(place, field=name)
            seen.add(name)
            if item.children:
                yield from _grid(subject, model, item.children, item.columns, place)
            elif name not in model.fields:
                yield from _unknown(subject, model.name, name, place)
    yield from _readers(subject, form, model)
    for field in model.fields.values():
        needed = field.definition.required and field.default is None and not field.computed
        needed = needed and field.name not in model.hideable
        if needed and not field.system and field.name not in seen and field.name != model.master:
            yield REQUIRED_MISSING.at(subject.at("form", form.name, "sections"), field=field.name)


def _readers(subject: Subject, form: FormDef, model: ObjectModel) -> Iterator[Problem]:
    """Find roles and record types that a form is for and that are not there."""
    place = subject.at("form", form.name, "for")
    for role in form.for_.roles:
        if role not in subject.catalog.roles:
            yield UNKNOWN_VIEW.at(place, kind="role", name=role)
    known = {one.name for one in model.definition.record_types}
    for one in form.for_.record_types:
        if one not in known:
            yield UNKNOWN_VIEW.at(place, kind="record type", name=one)


def _grid(
    subject: Subject, model: ObjectModel, name: str, columns: tuple[str, ...], place: str
) -> Iterator[Problem]:
    child = model.child(name)
    if child is None:
        known = [one.name for one in model.children]
        suggestion = closest(name, known)
        yield UNKNOWN_FIELD.at(place, object=model.name, name=name, suggestion=suggestion)
        return
    for index, column in enumerate(columns):
        yield from _unknown(subject, child.object, column, f"{place}/columns/{index}")


Whose = tuple[str, tuple[str, ...], tuple[int, ...]]
"""The object of a form, the roles that get it, and which of them may not read the object."""


def _whose(subject: Subject, form: FormDef) -> Whose:
    readers, roles = subject.readers.who(form.object), tuple(form.for_.roles)
    blind = (
        index
        for index, role in enumerate(roles)
        if role in subject.catalog.roles and role not in readers
    )
    return form.object, roles, tuple(blind)


def _variants(subject: Subject, forms: Mapping[str, Whose]) -> Iterator[Problem]:
    """Find forms that nobody gets: each of their roles gets one that comes before."""
    first: dict[tuple[str, str], str] = {}
    for name, (object_name, roles, blind) in forms.items():
        taken = [first.get((object_name, role)) for role in roles or ("",)]
        for index in blind:
            place = subject.at("form", name, "for")
            yield FORM_ROLE.at(f"{place}/roles/{index}", role=roles[index], object=object_name)
        for role in roles or ("",):
            first.setdefault((object_name, role), name)
        if taken and all(taken):
            yield FORM_SHADOWED.at(subject.at("form", name, "for"), other=taken[0])


def _view(subject: Subject, view: ViewDef) -> Iterator[Problem]:
    catalog = subject.catalog
    paths = [(path, "columns", index) for index, path in enumerate(view.columns)]
    paths += [(path.removeprefix("-"), "sort", index) for index, path in enumerate(view.sort)]
    joins: set[tuple[str, ...]] = set()
    sizes = Sizes(subject)
    for name, key, index in paths:
        place = subject.at("view", view.name, key, index)
        path = catalog.path(view.object, name)
        if path is None:
            yield from _unknown(subject, view.object, name, place)
            continue
        joins |= sizes.along(path)
        if len(path) > MAX_LEVELS:
            yield PATH_TOO_LONG.at(place, path=name, levels=len(path) - 1, most=MAX_LEVELS - 1)
        if key == "sort" and not _is_ordered(path[-1]):
            yield NOT_SORTABLE.at(place, field=name)
        if catalog.permissions and not subject.readers.who_reads(path):
            yield VIEW_FIELD.at(place, field=name)
    if len(joins) > MAX_JOINS:
        place = subject.at_list("view", view.name, "columns")
        yield VIEW_TOO_COMPLEX.at(place, count=len(joins), most=MAX_JOINS)


def _is_ordered(field: FieldModel) -> bool:
    if field.links is not None or field.targets or field.storage.kind in HOLDS_FILES:
        return False
    if field.target is not None or field.computed is not None or field.system:
        return True
    return field.value_type.kind is not Kind.TEXT or "<" in field.type.operators


def check_report(subject: Subject, report: ReportDef) -> Iterator[Problem]:
    """Find what a report of an object that is there cannot count, group or draw."""
    catalog = subject.catalog
    yield from _complexity(subject, report)
    openers = set(report.roles or catalog.roles) & subject.readers.who(report.object)
    if catalog.permissions and not openers:
        yield REPORT_NOBODY.at(subject.at("report", report.name), object=report.object)
    for index, measure in enumerate(report.measures):
        place = subject.at("report", report.name, "measures", index)
        if (measure.field is None) != (measure.op == "count"):
            yield MEASURE_FIELD.at(place, op=measure.op)
            continue
        if measure.field is None:
            continue
        path = catalog.path(report.object, measure.field)
        if path is None:
            yield from _unknown(subject, report.object, measure.field, place + "/field")
        elif not _can(path[-1].value_type.kind, measure.op):
            known = ", ".join(sorted(path[-1].type.aggregates))
            yield AGGREGATE.at(place + "/op", field=measure.field, op=measure.op, known=known)
        else:
            yield from _readable(subject, report, measure.field, place + "/field")
    for key in ("group_rows", "group_columns"):
        for index, group in enumerate(getattr(report, key)):
            place = subject.at("report", report.name, key, index)
            path = catalog.path(report.object, group.field)
            if path is None:
                yield from _unknown(subject, report.object, group.field, place)
            elif group.bucket and path[-1].value_type.kind not in {Kind.DATE, Kind.DATETIME}:
                yield BUCKET.at(place + "/bucket", field=group.field, bucket=group.bucket)
            else:
                yield from _readable(subject, report, group.field, place)
    yield from _chart(subject, report)


def _complexity(subject: Subject, report: ReportDef) -> Iterator[Problem]:
    catalog = subject.catalog
    groups = [("group_rows", i, one) for i, one in enumerate(report.group_rows)]
    groups += [("group_columns", i, one) for i, one in enumerate(report.group_columns)]
    joins: set[tuple[str, ...]] = set()
    sizes = Sizes(subject)
    seen: set[tuple[str, str | None]] = set()
    for key, index, group in groups:
        place = subject.at("report", report.name, key, index)
        if (group.field, group.bucket) in seen:
            yield GROUP_TWICE.at(place, field=group.field)
        seen.add((group.field, group.bucket))
        path = catalog.path(report.object, group.field)
        if path is None:
            continue
        joins |= sizes.along(path)
        if path[-1].storage.kind in HOLDS_FILES:
            yield FILE_GROUP.at(place, field=group.field)
        elif path[-1].links is not None:
            yield LIST_GROUP.at(place, field=group.field)
        elif not (_is_ordered(path[-1]) or path[-1].storage.many or path[-1].targets):
            yield LONG_GROUP.at(place, field=group.field)
    for measure in report.measures:
        path = catalog.path(report.object, measure.field) if measure.field else None
        joins |= sizes.along(path) if path else set()
    if len(joins) > MAX_JOINS:
        place = subject.at("report", report.name)
        yield TOO_COMPLEX.at(place, count=len(joins), most=MAX_JOINS)


def _chart(subject: Subject, report: ReportDef) -> Iterator[Problem]:
    if report.chart is None:
        return
    place = subject.at("report", report.name, "chart")
    if not report.group_rows:
        yield CHART.at(place)
    if report.chart.stack and report.chart.mark == "arc":
        yield CHART_STACK.at(place + "/stack", reason=Text("an arc is one circle", "饼图只有一圈"))
    elif report.chart.stack and not report.group_columns:
        reason = Text("there are no column groups", "没有列分组")
        yield CHART_STACK.at(place + "/stack", reason=reason)
    first = report.measures[0]
    path = subject.catalog.path(report.object, first.field) if first.field else None
    if path is not None and path[-1].value_type.kind is not Kind.NUMBER:
        yield CHART_NUMBER.at(place, kind=path[-1].value_type.shown())


def _can(kind: Kind, op: str) -> bool:
    if op in {"sum", "avg"}:
        return kind is Kind.NUMBER
    return kind in {Kind.NUMBER, Kind.DATE, Kind.DATETIME, Kind.TEXT}


def _readable(subject: Subject, report: ReportDef, path: str, place: str) -> Iterator[Problem]:
    """Some role that may open the report must be able to read each field of the path."""
    catalog = subject.catalog
    found = catalog.path(report.object, path)
    if found is None or not catalog.permissions:
        return
    if not subject.readers.who_reads(found, report.roles or None):
        yield NOT_READABLE.at(place, field=path)


def _menu(subject: Subject, module: ModuleDef) -> Iterator[Problem]:
    catalog = subject.catalog
    for index, item in enumerate(module.menu):
        place = subject.at("module", module.name, "menu", index)
        yield from _one_thing(item, place)
        if item.object is None and item.views:
            yield MENU_VIEWS.at(place + "/views")
            continue
        yield from _opened(subject, item, place)
        if item.object is not None and item.object not in catalog.objects:
            yield UNKNOWN_VIEW.at(place + "/object", kind="object", name=item.object)
        if item.report is not None and item.report not in catalog.reports:
            yield UNKNOWN_VIEW.at(place + "/report", kind="report", name=item.report)
        if item.dashboard is not None and item.dashboard not in catalog.dashboards:
            yield UNKNOWN_VIEW.at(place + "/dashboard", kind="dashboard", name=item.dashboard)
        for position, name in enumerate(item.views):
            where = subject.at("module", module.name, "menu", index, "views", position)
            view = catalog.views.get(name)
            if view is None:
                yield UNKNOWN_VIEW.at(where, kind="view", name=name)
            elif view.definition.object != item.object:
                yield WRONG_OBJECT.at(where, view=name, object=item.object)


def _one_thing(item: MenuItemDef, place: str) -> Iterator[Problem]:
    """Find entries that open nothing, or that name more than the one thing that opens."""
    if item.object is None and item.report is None and item.dashboard is None:
        yield EMPTY_MENU.at(place)
    if item.object is not None:
        for part, named in (("report", item.report), ("dashboard", item.dashboard)):
            if named is not None:
                word = kind_word(part)
                yield MENU_BOTH.at(f"{place}/{part}", object=item.object, part=word)
    elif item.report is not None and item.dashboard is not None:
        yield MENU_REPORT.at(place + "/dashboard", report=item.report)


def _opened(subject: Subject, item: MenuItemDef, place: str) -> Iterator[Problem]:
    catalog = subject.catalog
    report = catalog.reports.get(item.report or "")
    dashboard = catalog.dashboards.get(item.dashboard or "")
    if not catalog.permissions:
        return
    if item.object in catalog.objects:
        openers = subject.readers.who(str(item.object))
    elif item.object is None and report is not None:
        named = report.definition.roles or catalog.roles
        openers = subject.readers.who(report.definition.object) & set(named)
    elif item.object is None and item.report is None and dashboard is not None:
        openers = openers_of(subject, dashboard)
    else:
        return
    if not openers:
        yield MENU_NOBODY.at(place)

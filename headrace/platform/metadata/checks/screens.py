"""Checks of forms, views, reports and menus: nothing that could never show anything."""

from __future__ import annotations

from collections.abc import Iterator

from headrace.platform.core.problems import Message, Problem
from headrace.platform.formulas.types import Kind
from headrace.platform.metadata.building import closest
from headrace.platform.metadata.catalog import ObjectModel
from headrace.platform.metadata.checks.base import Subject
from headrace.platform.metadata.definitions.screens import FormDef, ReportDef, ViewDef

UNKNOWN_FIELD = Message(
    "ref.unknown_field",
    "“{object}” has no field “{name}”.",
    "“{object}”没有字段“{name}”。",
    "Did you mean {suggestion}?",
    "您是否指 {suggestion}?",
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
    "“{field}”为必填且无默认值,却不在表单上:将无法创建记录。",
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
    "视图“{view}”不属于“{object}”。",
    "Choose a view of the object.",
    "请选择该对象的视图。",
)
EMPTY_MENU = Message(
    "menu.empty",
    "The menu entry opens nothing.",
    "此菜单项不会打开任何内容。",
    "Give it an object or a report.",
    "请指定对象或报表。",
)
AGGREGATE = Message(
    "report.aggregate",
    "“{field}” cannot be put together by “{op}”.",
    "“{field}”不支持“{op}”汇总。",
    "It can: {known}.",
    "可用:{known}。",
)
MEASURE_FIELD = Message(
    "report.measure",
    "“{op}” needs a field; “count” has none.",
    "“{op}”需要字段;“count”不需要。",
    "Add or remove the field.",
    "请补充或删除字段。",
)
BUCKET = Message(
    "report.bucket",
    "“{field}” is not a date, so it has no {bucket}.",
    "“{field}”不是日期,不能按 {bucket} 分组。",
    "Remove the bucket, or group by a date.",
    "请去掉分组粒度,或改用日期字段。",
)
CHART = Message(
    "report.chart",
    "The chart has nothing to draw along: the report has no groups.",
    "报表没有分组,图表无从绘制。",
    "Add a row group.",
    "请增加行分组。",
)
NOT_READABLE = Message(
    "report.field_not_readable",
    "No role of this report may read “{field}”.",
    "此报表的任何角色都无权读取“{field}”。",
    "Grant it, or take it from the report.",
    "请授权,或从报表中移除。",
)


def check_screens(subject: Subject) -> Iterator[Problem]:
    """Find forms, views, reports and menus that could not do anything."""
    catalog = subject.catalog
    for form in catalog.forms.values():
        yield from _form(subject, form, catalog.objects[form.object])
    for view in catalog.views.values():
        yield from _view(subject, view.definition)
    for report in catalog.reports.values():
        yield from _report(subject, report.definition)
    yield from _menus(subject)


def _unknown(subject: Subject, object_name: str, path: str, place: str) -> Iterator[Problem]:
    if subject.catalog.path(object_name, path) is None:
        model = subject.catalog.objects[object_name]
        suggestion = closest(path, model.fields)
        yield UNKNOWN_FIELD.at(place, object=object_name, name=path, suggestion=suggestion)


def _form(subject: Subject, form: FormDef, model: ObjectModel) -> Iterator[Problem]:
    seen: set[str] = set()
    for index, section in enumerate(form.sections):
        for position, item in enumerate(section.items):
            place = subject.at("form", form.name, "sections", index, "items", position)
            name = item.field or item.children or ""
            if name in seen:
                yield DUPLICATE.at(place, field=name)
            seen.add(name)
            if item.children:
                yield from _grid(subject, model, item.children, item.columns, place)
            elif name not in model.fields:
                yield from _unknown(subject, model.name, name, place)
    for role in form.for_.roles:
        if role not in subject.catalog.roles:
            yield UNKNOWN_VIEW.at(subject.at("form", form.name, "for"), kind="role", name=role)
    for field in model.fields.values():
        needed = field.definition.required and field.default is None and not field.computed
        if needed and not field.system and field.name not in seen and field.name != model.master:
            yield REQUIRED_MISSING.at(subject.at("form", form.name, "sections"), field=field.name)


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


def _view(subject: Subject, view: ViewDef) -> Iterator[Problem]:
    for index, path in enumerate(view.sort):
        place = subject.at("view", view.name, "sort", index)
        yield from _unknown(subject, view.object, path.lstrip("-"), place)


def _report(subject: Subject, report: ReportDef) -> Iterator[Problem]:
    catalog = subject.catalog
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
    if report.chart is not None and not report.group_rows:
        yield CHART.at(subject.at("report", report.name, "chart"))


def _can(kind: Kind, op: str) -> bool:
    if op in {"sum", "avg"}:
        return kind is Kind.NUMBER
    return kind in {Kind.NUMBER, Kind.DATE, Kind.DATETIME, Kind.TEXT}


def _readable(subject: Subject, report: ReportDef, path: str, place: str) -> Iterator[Problem]:
    """Some role that may open the report must be able to read the first field of the path."""
    catalog = subject.catalog
    first = path.split(".", maxsplit=1)[0]
    field = catalog.objects[report.object].fields[first]
    grants = [
        grant
        for grant in catalog.permissions.get(report.object, ())
        if "read" in grant.actions and (not report.roles or grant.role in report.roles)
    ]
    for grant in grants:
        internal = catalog.roles[grant.role].audience == "internal"
        if (grant.read is None or first in grant.read) and (internal or not field.internal):
            return
    if grants or catalog.permissions:
        yield NOT_READABLE.at(place, field=path)


def _menus(subject: Subject) -> Iterator[Problem]:
    catalog = subject.catalog
    for module in catalog.modules.values():
        for index, item in enumerate(module.menu):
            place = subject.at("module", module.name, "menu", index)
            if item.object is None and item.report is None:
                yield EMPTY_MENU.at(place)
            if item.object is not None and item.object not in catalog.objects:
                yield UNKNOWN_VIEW.at(place + "/object", kind="object", name=item.object)
            if item.report is not None and item.report not in catalog.reports:
                yield UNKNOWN_VIEW.at(place + "/report", kind="report", name=item.report)
            for position, name in enumerate(item.views):
                where = f"{place}/views/{position}"
                view = catalog.views.get(name)
                if view is None:
                    yield UNKNOWN_VIEW.at(where, kind="view", name=name)
                elif view.definition.object != item.object:
                    yield WRONG_OBJECT.at(where, view=name, object=item.object)

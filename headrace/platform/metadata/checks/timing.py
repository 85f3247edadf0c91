"""Checks of time limits: each can be reached, reminds before its end, and decides only what it may."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from functools import partial
from itertools import chain, pairwise
from typing import Final

from headrace.platform.core.problems import Message, Problem
from headrace.platform.formulas.calendars import calendar_of
from headrace.platform.metadata.building.workflows import WORKING
from headrace.platform.metadata.catalog import (
    ApprovalModel,
    ObjectModel,
    StepModel,
    TimeLimitModel,
    WorkflowModel,
)
from headrace.platform.metadata.checks.base import Subject
from headrace.platform.metadata.checks.workflows import CHOICE_IDLE, approver_problems

MOST_DAYS: Final = 366
"""What a limit may be at most, in days of 24 hours; a working calendar's weeks are counted."""

DAYS: Final = frozenset({"days", "working_days"})
_WEEKS: Final = 52
_MINUTES: Final = 60

RANGE: Final = Message(
    "timer.range",
    "A limit of {limit} is not possible here: it is above 0 and at most {most}.",
    "此处不能设置时限 {limit}：须大于 0 且不超过 {most}。",
    "Write a time that ends within a year.",
    "请填写一年以内的时限。",
)
WHOLE_DAYS: Final = Message(
    "timer.whole_days",
    "A limit in days is a whole number, not {limit}.",
    "以天计的时限须为整数，不能是 {limit}。",
    "Write whole days, or count in hours.",
    "请填写整数天，或改以小时计时。",
)
NOT_RISING: Final = Message(
    "timer.remind_order",
    "The reminder at {percent} % does not come after the one at {before} %.",
    "{percent}% 处的提醒不在 {before}% 的提醒之后。",
    "Write the percents rising, each once.",
    "请按从小到大填写百分比，且不重复。",
)
IDLE_CALENDAR: Final = Message(
    "timer.idle_calendar",
    "The unit “{unit}” is not counted in a calendar, so “{calendar}” is never used.",
    "单位“{unit}”不按日历计算，日历“{calendar}”不会被使用。",
    "Take the calendar away, or count in working hours or working days.",
    "请移除日历，或改以工作小时、工作日计时。",
)
NO_RECEIVERS: Final = Message(
    "timer.no_receivers",
    "The time limit escalates, but nobody is named who is asked then.",
    "时限到期后升级，但未指定升级给谁。",
    "Add `escalate_to`.",
    "请补充 escalate_to。",
)
IDLE_RECEIVERS: Final = Message(
    "timer.idle_receivers",
    "These people are never asked: the time limit does not escalate.",
    "这些人员不会被请求审批：该时限到期后不升级。",
    'Write "then": "escalate", or take them away.',
    '请设置 "then": "escalate",或移除他们。',
)
SAME_RECEIVER: Final = Message(
    "timer.same_receiver",
    "Who is asked when the time is up is asked in this step already.",
    "到期后升级的对象已是本步骤的审批人。",
    "Name somebody else, or let it remind only.",
    "请指定其他人，或仅提醒。",
)
UNFILLED: Final = Message(
    "timer.required_fields",
    "The step is approved by itself when its time is up, but its approver must fill “{field}”.",
    "步骤到期后自动同意，但“{field}”须由审批人填写。",
    "Let it remind, escalate or reject instead, or take the field from the list.",
    "请改为提醒、升级或驳回，或从可编辑字段中移除它。",
)
TOTAL_APPROVES: Final = Message(
    "timer.total_approves",
    "The time of a whole approval cannot end in an approval: steps that nobody took would pass.",
    "整个审批超时不能自动同意：否则未经审批的步骤将直接通过。",
    "Let it remind, escalate or reject, and say at a step where it may approve.",
    "请改为提醒、升级或驳回；如需自动同意，请在具体步骤中设置。",
)
TOTAL_TOO_SHORT: Final = Message(
    "timer.total_too_short",
    "The whole approval has {total} {unit}, no more than its step “{step}” alone.",
    "整个审批的时限为 {total} {unit}，不长于步骤“{step}”自身的时限。",
    "Give the approval more time than each of its steps.",
    "整个审批的时限应长于其任一步骤。",
    severity="warning",
)


def check_timing(subject: Subject) -> Iterator[Problem]:
    """Find time limits that cannot work as written; reads one workflow with its object."""
    yield from subject.each("timing", "workflows", partial(_of_workflow, subject))


def _of_workflow(subject: Subject, workflow: WorkflowModel) -> Iterator[Problem]:
    model = subject.catalog.objects[workflow.object]
    for approval in chain.from_iterable(workflow.approvals.values()):
        for step in approval.steps:
            if step.time is not None:
                place = subject.at("approval", approval.name, *step.way, "time")
                yield from _limit(subject, step.time, place)
                yield from _of_step(model, step, step.time, place)
        if approval.time is not None:
            place = subject.at("approval", approval.name, "time")
            yield from _limit(subject, approval.time, place)
            yield from _total(approval, approval.time, place)


def _limit(subject: Subject, time: TimeLimitModel, place: str) -> Iterator[Problem]:
    definition = time.definition
    limit, most = Decimal(definition.limit), longest(time)
    if not 0 < limit <= most:
        yield RANGE.at(place + "/limit", limit=definition.limit, most=most)
    if definition.unit in DAYS and limit != int(limit):
        yield WHOLE_DAYS.at(place + "/limit", limit=definition.limit)
    for index, (before, percent) in enumerate(pairwise(definition.remind)):
        if percent <= before:
            yield NOT_RISING.at(f"{place}/remind/{index + 1}", percent=percent, before=before)
    if definition.unit not in WORKING and definition.calendar is not None:
        yield IDLE_CALENDAR.at(
            place + "/calendar", unit=definition.unit, calendar=definition.calendar
        )
    if definition.then == "escalate" and not definition.escalate_to:
        yield NO_RECEIVERS.at(place + "/then")
    if definition.then != "escalate" and definition.escalate_to:
        yield IDLE_RECEIVERS.at(place + "/escalate_to")
    for index, (approver, declared) in enumerate(
        zip(time.escalate_to, definition.escalate_to, strict=True)
    ):
        where = f"{place}/escalate_to/{index}"
        yield from approver_problems(subject, approver, declared, where)
        if declared.chosen is not None:
            yield CHOICE_IDLE.at(where + "/chosen")


def longest(time: TimeLimitModel) -> int:
    """Return what a limit may be at most, in its unit: what a year of it has."""
    if time.definition.unit == "hours":
        return MOST_DAYS * 24
    if time.definition.unit == "days" or time.calendar is None:
        return MOST_DAYS
    week = calendar_of(time.calendar).week
    if time.definition.unit == "working_days":
        return sum(bool(shifts) for shifts in week) * _WEEKS
    minutes = sum(closes - opens for shifts in week for opens, closes in shifts)
    return max(1, minutes * _WEEKS // _MINUTES)


def _of_step(
    model: ObjectModel, step: StepModel, time: TimeLimitModel, place: str
) -> Iterator[Problem]:
    declared = step.definition.approvers
    for index, one in enumerate(time.definition.escalate_to):
        if one in declared:
            yield SAME_RECEIVER.at(f"{place}/escalate_to/{index}")
    if time.definition.then == "approve":
        for name in step.definition.editable:
            field = model.fields.get(name)
            if field is not None and (field.definition.required or field.definition.required_in):
                yield UNFILLED.at(place + "/then", field=name)


def _total(approval: ApprovalModel, time: TimeLimitModel, place: str) -> Iterator[Problem]:
    if time.definition.then == "approve":
        yield TOTAL_APPROVES.at(place + "/then")
    for step in approval.steps:
        own = step.time.definition if step.time else None
        same = own is not None and (own.unit, own.calendar) == (
            time.definition.unit,
            time.definition.calendar,
        )
        if same and own is not None and Decimal(own.limit) >= Decimal(time.definition.limit):
            yield TOTAL_TOO_SHORT.at(
                place + "/limit", total=time.definition.limit, unit=own.unit, step=step.name
            )

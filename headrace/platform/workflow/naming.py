"""Where approvals find somebody by name: definitions that say their login, records that name them in a field."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from headrace.platform.access.identity import normalised_login
from headrace.platform.access.policy import readable_fields
from headrace.platform.core.problems import Text
from headrace.platform.metadata.catalog import ApproverModel, Catalog
from headrace.platform.records import reader
from headrace.platform.records.context import Context
from headrace.platform.records.query import parse_query


@dataclass(frozen=True, slots=True)
class Naming:
    """Records of an object that name somebody in a field; `count` is a number, or "10000+"."""

    object: str
    object_label: Text
    field: str
    label: Text
    count: int | str

    def render(self, language: str) -> dict[str, Any]:
        """Return it as the API shows it."""
        return {
            "object": self.object,
            "object_label": self.object_label.within(language),
            "field": self.field,
            "label": self.label.within(language),
            "count": self.count,
        }


def approvals_naming(catalog: Catalog, login: str) -> list[Text]:
    """Return the labels of the live approvals that say a login: to ask, to escalate to, to send a copy."""
    found = (
        label
        for label, _, approver in _approvers(catalog)
        if approver.user is not None and normalised_login(approver.user) == login
    )
    return list(dict.fromkeys(found))


def records_naming(context: Context, user_id: str) -> tuple[Naming, ...]:
    """Return where live approvals find a user by a field of records, of those that the caller may read.

    Costs one counted list for each such field.
    """
    fields = dict.fromkeys(_fields(context.catalog))
    return tuple(one for name in fields if (one := _naming(context, *name, user_id)) is not None)


def _naming(context: Context, object_name: str, field_name: str, user_id: str) -> Naming | None:
    if field_name not in readable_fields(context.catalog, context.principal, object_name):
        return None
    asked = {
        "filter": {"field": field_name, "op": "=", "value": user_id},
        "count": "exact",
        "limit": 1,
        "fields": "id",
    }
    count = reader.find(context, object_name, parse_query(context, object_name, asked)).count
    if not count:
        return None
    model = context.catalog.objects[object_name]
    field = model.fields[field_name]
    label = field.label or Text(field_name, field_name)
    return Naming(object_name, model.plural, field_name, label, count)


def _fields(catalog: Catalog) -> Iterator[tuple[str, str]]:
    """Yield the fields that name approvers, by object; not the stamps that nobody can change."""
    for _, object_name, approver in _approvers(catalog):
        if approver.field:
            *way, last = approver.field
            of = way[-1].target if way else object_name
            if of is not None and not last.system:
                yield of, last.name


def _approvers(catalog: Catalog) -> Iterator[tuple[Text, str, ApproverModel]]:
    """Yield all sources of people with the label of their approval, and the object that it is of."""
    for workflow in catalog.workflows.values():
        for approvals in workflow.approvals.values():
            for approval in approvals:
                for approver in approval.approvers():
                    yield approval.label, workflow.object, approver

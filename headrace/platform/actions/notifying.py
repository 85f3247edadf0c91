"""`notify`: tell people, each what they may see of the record, and groups behind endpoints."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import sqlalchemy as sa

from headrace.platform.access.principals import SYSTEM_PRINCIPAL, SYSTEM_USER_ID
from headrace.platform.access.tables import USER, USER_ROLE
from headrace.platform.actions.base import Acting, Action, Progress
from headrace.platform.core.errors import NotFoundError, RefusedError
from headrace.platform.core.problems import Text
from headrace.platform.metadata.catalog import ActionModel, Catalog, FieldModel
from headrace.platform.metadata.storage_types import instant_of, values_in
from headrace.platform.metadata.templates import Template
from headrace.platform.records.context import Context
from headrace.platform.records.reader import get_in

TOLD: Final = "automation.told"
"""The kind of these notifications."""
NOTHING: Final = "–"


class Notify:
    """Tells people; who may not read the record is left out, and what they may not read is a dash."""

    key = "notify"

    def run(self, acting: Acting, action: ActionModel, progress: Progress | None) -> None:
        """Write one notification for each who is told."""
        told = action.definition.notify
        assert told is not None  # noqa: S101 - the key says so
        users = sorted({user for one in self._named(acting, action) for user in one})
        users = _active(acting, users)
        reached = 0
        for user in users:
            text = _read_by(acting, user, told.text)
            if text is None:
                continue
            reached += 1
            acting.services.notifications.send(
                acting.work,
                (user,),
                TOLD,
                text,
                object_id=acting.model.id,
                record_id=acting.record_id,
            )
        left_out = len(users) - reached
        acting.note("notify", acting.model, acting.record_id, people=reached, left_out=left_out)
        for one in action.recipients:
            if one.endpoint is not None:
                self._tell(acting, one.endpoint, told.text)

    def _tell(self, acting: Acting, endpoint: str, text: Text) -> None:
        """Write the text for a group; what it shows is read as the system, like a webhook's fields."""
        about = (acting.model.name, acting.model.id, acting.record_id)
        event = acting.services.webhooks.tell(
            acting.context,
            acting.work,
            endpoint,
            acting.automation,
            about,
            _filled(acting.context.as_principal(SYSTEM_PRINCIPAL), acting, text),
        )
        acting.note("webhook", acting.model, acting.record_id, endpoint=endpoint, event=event)

    def _named(self, acting: Acting, action: ActionModel) -> Iterator[Iterable[str]]:
        for one in action.recipients:
            if one.role is not None:
                holders = sa.select(USER_ROLE.c.user).where(USER_ROLE.c.role == one.role)
                if one.of is not None:
                    company = acting.environment.value(tuple(field.id for field in one.of))
                    own = sa.exists().where(
                        USER.c.id == USER_ROLE.c.user, USER.c.organisation == str(company)
                    )
                    holders = holders.where(own)
                yield map(str, acting.work.connection.execute(holders).scalars())
            elif one.field is not None:
                found = acting.environment.value(tuple(field.id for field in one.field))
                yield values_in(str(found)) or () if found else ()


def _active(acting: Acting, users: list[str]) -> list[str]:
    query = sa.select(USER.c.id).where(
        USER.c.id.in_(users), USER.c.active, USER.c.id != SYSTEM_USER_ID
    )
    return sorted(map(str, acting.work.connection.execute(query).scalars())) if users else []


def _read_by(acting: Acting, user: str, text: Text) -> Text | None:
    """Return a text as a user may read it; None for who may not read the record at all."""
    principal = acting.services.principal_of(user, acting.context.catalog)
    context = acting.context.as_principal(principal)
    try:
        get_in(context, acting.work, acting.model.name, acting.record_id, fields=("id",))
    except NotFoundError:
        return None
    return _filled(context, acting, text)


def _filled(context: Context, acting: Acting, text: Text) -> Text:
    """Return a text with what the context's principal may read of the record."""
    templates = {language: Template.of(one) for language, one in text.as_dict().items()}
    paths = sorted({path for one in templates.values() for path in one.paths})
    values = {path: _readable(context, acting, path) for path in paths}

    def filled(language: str) -> str:
        if language not in templates:
            return ""
        return templates[language].filled(lambda path: values[path].within(language))

    return Text(filled("en"), filled("zh"))


def _readable(context: Context, acting: Acting, path: str) -> Text:
    """Return a value as a reader may see it, in words; a dash where they may not."""
    name = acting.model.name
    try:
        found: Any = get_in(context, acting.work, name, acting.record_id, fields=(path,))
    except (NotFoundError, RefusedError):
        return Text(NOTHING, NOTHING)
    for part in path.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    field = (context.catalog.path(name, path) or (None,))[-1]
    return in_words(context, field, found) if field is not None else Text(NOTHING, NOTHING)


def in_words(context: Context, field: FieldModel, value: Any) -> Text:
    """Return the JSON value of a field in words, for texts in both languages."""
    if value is None or value == "":
        return Text(NOTHING, NOTHING)
    if isinstance(value, bool):
        return Text("yes", "是") if value else Text("no", "否")
    if isinstance(value, Mapping):
        title = str(value.get("title") or value.get("name") or NOTHING)
        return Text(title, title)
    if isinstance(value, list):
        several = [in_words(context, field, one) for one in value]
        return Text(", ".join(one.en for one in several), "、".join(one.zh for one in several))
    if field.storage.kind == "instant":
        instant = instant_of(str(value))
        if instant is not None:
            local = instant.astimezone(context.zone).strftime("%Y-%m-%d %H:%M")
            return Text(local, local)
    label = _label(context.catalog, field, str(value))
    return label or Text(str(value), str(value))


def _label(catalog: Catalog, field: FieldModel, value: str) -> Text | None:
    """Return what people call a choice or state."""
    if field.computed == "workflow":
        workflow = catalog.workflows.get(field.options.workflow)
        state = workflow.states.get(value) if workflow else None
        return state.label if state is not None and state.label else None
    for one in getattr(field.options, "choices", None) or ():
        if getattr(one, "value", None) == value:
            return one.label or None
    return None


ACTIONS: Final[tuple[Action, ...]] = (Notify(),)

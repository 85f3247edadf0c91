"""`create` and `post`: make a record, or an entry of a ledger."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from headrace.platform.access.principals import SYSTEM_USER_ID
from headrace.platform.access.tables import USER, USER_ROLE
from headrace.platform.actions.base import Acting, Action, Progress
from headrace.platform.actions.repeating import CHUNK
from headrace.platform.actions.taking import begin
from headrace.platform.metadata.catalog import ActionModel
from headrace.platform.metadata.definitions.automations import PeopleDef
from headrace.platform.metadata.storage_types import values_in


@dataclass(frozen=True, slots=True)
class Create:
    """Makes a record of the object that the action names."""

    key: str

    def run(
        self, acting: Acting, action: ActionModel, progress: Progress | None
    ) -> Progress | None:
        """Make it as a request would: defaults, numbers, rules and rights count."""
        target = str(action.object)
        data = acting.as_json(target, acting.assigned(target, action.assignments))
        definition = action.definition.create
        if definition is not None and definition.each is not None:
            return self._for_people(acting, action, definition.each, data, progress)
        self._make(acting, action, data)
        return None

    def _for_people(
        self,
        acting: Acting,
        action: ActionModel,
        each: PeopleDef,
        data: Mapping[str, Any],
        progress: Progress | None,
    ) -> Progress | None:
        """Make one for each of the next people, of those who were found when it began."""
        people = progress["people"] if progress is not None else _found(acting, action, each)
        done = progress["done"] if progress is not None else 0
        for user_id, organisation in people[done : done + CHUNK]:
            own = {**data, each.person: user_id}
            if each.organisation is not None and organisation is not None:
                own[each.organisation] = organisation
            self._make(acting, action, own)
        done += CHUNK
        return {"people": people, "done": done} if done < len(people) else None

    def _make(self, acting: Acting, action: ActionModel, data: Mapping[str, Any]) -> None:
        target = str(action.object)
        saved = acting.services.store.create(acting.context, acting.work, target, data)
        acting.warn(saved.warnings, of_another=True)
        model = acting.context.catalog.objects[target]
        acting.note(self.key, model, saved.id, version=saved.version)
        made = action.definition.create or action.definition.post
        if made is not None and made.begin is not None:
            begin(acting, target, saved.id, made.begin)


def _found(acting: Acting, action: ActionModel, each: PeopleDef) -> list[list[str | None]]:
    """Return the people for whom records are made, each with their organisation."""
    roles = set(each.roles)
    if each.among is not None:
        field = acting.model.fields[each.among]
        value = acting.environment.value((field.id,))
        chosen = value if isinstance(value, tuple) else values_in(str(value)) if value else ()
        roles &= set(chosen or ())
    holds = sa.exists().where(USER_ROLE.c.user == USER.c.id, USER_ROLE.c.role.in_(roles))
    query = (
        sa.select(USER.c.id, USER.c.organisation)
        .where(USER.c.active, USER.c.id != SYSTEM_USER_ID, holds)
        .order_by(USER.c.id)
    )
    if each.within is not None and action.rows is not None:
        given = acting.value(action.rows)
        ids = [str(one) for one in given] if isinstance(given, tuple) else values_in(given) or ()
        query = query.where(USER.c.organisation.in_(list(ids)))
    return [
        [str(row.id), None if row.organisation is None else str(row.organisation)]
        for row in acting.work.connection.execute(query)
    ]


ACTIONS: Final[tuple[Action, ...]] = (Create("create"), Create("post"))

"""One scenario in its scratch database: who and what there is by local names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from headrace.platform.access.principals import RoleHolding
from headrace.platform.access.tables import USER
from headrace.platform.core.errors import PlatformError
from headrace.platform.core.problems import Text
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.metadata.catalog import ObjectModel
from headrace.platform.metadata.checks.scenarios import NAMED
from headrace.platform.metadata.definitions.scenarios import (
    GivenRecordDef,
    GivenUserDef,
    ScenarioDef,
)
from headrace.platform.metadata.wording import sentence
from headrace.platform.publishing.keys import ids_by_key
from headrace.platform.publishing.row_order import waiting_states
from headrace.platform.records.context import Context
from headrace.platform.scenarios import messages
from headrace.platform.scenarios.limits import Deadline
from headrace.platform.scenarios.scratch import Scratch


class DifferenceError(Exception):
    """Something came out otherwise than the scenario says; it ends with the first."""

    def __init__(self, difference: Text, place: str, step: int | None = None) -> None:
        super().__init__(difference.en)
        self.difference = difference
        self.place = place
        self.step = step


class Progress:
    """Where in its document a scenario is, and by when it must be done."""

    def __init__(self, deadline: Deadline) -> None:
        self.deadline = deadline
        self.place = ""
        self.step: int | None = None

    def at(self, place: str, step: int | None = None) -> None:
        """Go on to a place; raise OutOfTimeError where the time is over."""
        self.place, self.step = place, step
        self.deadline.check()


class Stage:
    """The people and records of a scenario as they are in the scratch database."""

    def __init__(self, platform: Scratch, scenario: ScenarioDef, progress: Progress) -> None:
        self.platform = platform
        self.scenario = scenario
        self.progress = progress
        self.people: dict[str, str] = {}
        self.records: dict[str, tuple[ObjectModel, str]] = {}

    def prepare(self) -> None:
        """Make who and what is given; raise DifferenceError where that cannot be."""
        given = self.scenario.given
        self.progress.at("/given/users")
        self.platform.write_as(None, lambda c, w: self._come(c, w, given.users))
        for position, record in enumerate(given.records):
            self.progress.at(f"/given/records/{position}")
            self._given(record, self.progress.place)
        self.progress.at("/given/users")
        self.platform.write_as(None, lambda _, work: self._settle(work, given.users))
        for position, record in enumerate(given.records):
            self.progress.at(f"/given/records/{position}")
            model, record_id = self.records[record.name]
            state = record.values.get(str(model.state_field))
            if state in waiting_states(self.platform.catalogs.current().catalog, model):
                self._adopt(model, record_id)

    def resolved(self, value: Any) -> Any:
        """Return a value with ids in place of local names; a name that is not there gives None."""
        if isinstance(value, list):
            return [self.resolved(one) for one in value]
        if not isinstance(value, Mapping):
            return value
        if set(value) == {NAMED}:
            name = str(value[NAMED])
            return self.people.get(name) or self.records.get(name, (None, None))[1]
        return {key: self.resolved(one) for key, one in value.items()}

    # -- parts --------------------------------------------------------------------------------

    def _come(self, context: Context, work: UnitOfWork, users: tuple[GivenUserDef, ...]) -> None:
        for user in users:
            self.people[user.name] = self.platform.identity.create_user(
                work,
                login=user.name,
                name=user.name,
                language="en",
                time_zone=context.zone.key,
            )

    def _settle(self, work: UnitOfWork, users: tuple[GivenUserDef, ...]) -> None:
        """Give people their roles, organisations and managers, which may be given records."""
        identity = self.platform.identity
        for user in users:
            user_id = self.people[user.name]
            territory = self._id_of(user.territory)
            identity.set_roles(work, user_id, [RoleHolding(one, territory) for one in user.roles])
            changes = {"organisation": self._id_of(user.organisation)}
            changes["manager"] = self.people.get(user.manager or "")
            known = {name: one for name, one in changes.items() if one is not None}
            if known:
                identity.update_user(work, user_id, **known)

    def _id_of(self, name: str | None) -> str | None:
        return self.records[name][1] if name is not None else None

    def _given(self, record: GivenRecordDef, place: str) -> None:
        catalog = self.platform.catalogs.current().catalog
        model = catalog.objects[record.object]
        if record.key is not None:
            self.records[record.name] = (model, self._found(model, record, place))
            return
        values = self.resolved(record.values)
        store = self.platform.store
        try:
            saved = self.platform.write_as(
                None, lambda c, w: store.create(c, w, model.name, values, mode="migration")
            )
        except PlatformError as error:
            said = messages.said_by(error)
            difference = sentence(messages.GIVEN, name=record.name, message=said)
            where = error.problems[0].path if error.problems else ""
            raise DifferenceError(difference, f"{place}/values{where}") from error
        self.records[record.name] = (model, saved.id)

    def _found(self, model: ObjectModel, record: GivenRecordDef, place: str) -> str:
        published = self.platform.catalogs.current()
        with self.platform.database.reading() as reading:
            found = ids_by_key(reading.connection, published.tables, model)
        if record.key not in found:
            values = {"name": record.name, "object": model.label, "key": record.key}
            raise DifferenceError(sentence(messages.NOT_FOUND, **values), place + "/key")
        return found[record.key]

    def _adopt(self, model: ObjectModel, record_id: str) -> None:
        workflow = self.platform.workflow
        self.platform.write_as(None, lambda c, w: workflow.adopt(c, w, model.name, record_id))

    def names_of(self, user_ids: list[str]) -> Text:
        """Return the local names of people, or the names of those who have none."""
        names = {user_id: name for name, user_id in self.people.items()}
        query = sa.select(USER.c.id, USER.c.name).where(USER.c.id.in_(user_ids))
        with self.platform.database.reading() as reading:
            known = dict(reading.connection.execute(query).tuples().all())
        shown = sorted(names.get(one) or str(known.get(one, one)) for one in user_ids)
        if not shown:
            return messages.NOBODY
        return Text(", ".join(f"“{one}”" for one in shown), "、".join(f"“{one}”" for one in shown))

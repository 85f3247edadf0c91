"""Makes a scenario of what was done with a record: its history and its approvals, people as roles."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from headrace.platform.access.identity import Identity
from headrace.platform.access.policy import editable_fields
from headrace.platform.core.errors import NOT_FOUND, NotFoundError, RefusedError
from headrace.platform.core.problems import Message, Text
from headrace.platform.formulas.types import Kind
from headrace.platform.metadata.catalog import FieldModel, ObjectModel
from headrace.platform.metadata.wording import sentence
from headrace.platform.publishing.catalogs import Content
from headrace.platform.records import reader
from headrace.platform.records.context import Context
from headrace.platform.records.history_reader import history
from headrace.platform.scenarios import messages
from headrace.platform.scenarios.gathering import Gathering, Json, has_form, is_given
from headrace.platform.workflow.engine import WorkflowEngine
from headrace.platform.workflow.tables import DECISION, RUN, TASK

NO_BEGINNING: Final = Message(
    "scenario.no_beginning",
    "The history of the record does not tell how it was made.",
    "该记录的历史中没有新建的过程。",
    "Make a new record of an object with “Keep history”, do with it what the scenario is to show, and record that.",
    "请在“保留历史”的对象中新建一条记录，完成要记录的操作后再录制。",
)
DECIDED: Final = frozenset({"approve", "reject", "return"})
SILENT: Final = frozenset({"comment", "read", "urge", "ask_opinion", "give_opinion"})
"""What changes nothing of an approval."""
CHANGED: Final = frozenset({"updated", "restored"})
COMMENT: Final = "…"
"""Stands for what somebody wrote: a scenario names nobody."""

Step = tuple[str, Json]
"""A step with the id of the line that tells of it, by which steps are ordered."""


class Recorder:
    """Records scenarios."""

    def __init__(self, identity: Identity, workflow: WorkflowEngine) -> None:
        self._identity = identity
        self._workflow = workflow

    def record(
        self, context: Context, content: Content, object_name: str, record_id: str, name: str
    ) -> tuple[Json, tuple[Text, ...]]:
        """Return the document of a scenario called `name`, and what of the record is not in it.

        Everything is read with the rights of the caller. Raise NotFoundError for a record that they
        may not read, RefusedError where its history does not tell how it was made.
        """
        model = context.catalog.objects.get(object_name)
        if model is None:
            raise NotFoundError(NOT_FOUND.at("/object"))
        expand = tuple(str(one.name) for one in model.children)
        data = reader.get(context, object_name, record_id, expand=expand)
        lines = list(reversed(history(context, object_name, record_id)))
        if not lines or lines[0]["action"] != "created" or lines[0]["user"] is None:
            raise RefusedError(NO_BEGINNING.at("/record"))
        gathering = Gathering(context, self._identity.users(), content.rows)
        if not gathering.is_person(lines[0]["user"]["id"]):
            raise RefusedError(NO_BEGINNING.at("/record"))
        take = _Take(context, self._identity, gathering, model, data)
        steps = [*take.steps(lines), *self._decisions(context, gathering, take, record_id)]
        when = [act for _, act in sorted(steps, key=lambda one: one[0])]
        expected = take.expected(record_id)
        gathering.take_related(model)
        shown = model.label or Text(model.name, model.name)
        at = datetime.fromisoformat(lines[0]["at"]).astimezone(context.zone)
        document: Json = {
            "kind": "scenario",
            "name": name,
            "label": {
                "en": f"Recorded: {shown.within('en')}",
                "zh": f"录制：{shown.within('zh')}",
            },
            "at": at.strftime("%Y-%m-%dT%H:%M"),
            "given": {"users": gathering.users, "records": gathering.records},
            "when": when,
            "then": [expected],
        }
        return document, tuple(gathering.left_out)

    def _decisions(
        self, context: Context, gathering: Gathering, take: _Take, record_id: str
    ) -> Iterator[Step]:
        """Yield what was decided, by whom it was asked of."""
        self._workflow.approvals(context, take.model.name, record_id)
        query = (
            sa.select(DECISION.c.id, DECISION.c.user, DECISION.c.acted_for, DECISION.c.action)
            .add_columns(DECISION.c.comment)
            .join_from(DECISION, RUN, RUN.c.id == DECISION.c.run)
            .where(RUN.c.record_id == record_id, RUN.c.object_id == take.model.id)
        )
        with context.database.reading() as reading:
            rows = reading.connection.execute(query).all()
        for row in rows:
            by = row.acted_for or row.user
            if row.action in DECIDED and gathering.is_person(by):
                decision = {"record": take.name, "action": row.action}
                if row.comment:
                    decision["comment"] = COMMENT
                yield row.id, {"by": gathering.person(by), "decide": decision}
            elif row.action not in SILENT:
                gathering.left_out[sentence(messages.NOT_RECORDED, action=row.action)] = None


class _Take:
    """One record on its way into a scenario."""

    def __init__(
        self,
        context: Context,
        identity: Identity,
        gathering: Gathering,
        model: ObjectModel,
        data: Mapping[str, Any],
    ) -> None:
        self._context = context
        self._identity = identity
        self._gathering = gathering
        self.model = model
        self._data = data
        self.name = gathering.name(model.name)
        gathering.stands_for(model.name, str(data["id"]), self.name)

    def steps(self, lines: Sequence[Mapping[str, Any]]) -> Iterator[Step]:
        """Yield what people did themselves; what the platform did comes by itself."""
        workflow = self._context.catalog.workflows.get(self.model.workflow or "")
        transitions: Collection[str] = workflow.transitions if workflow else ()
        for line in lines:
            user_id = line["user"]["id"] if line["user"] else ""
            if not self._gathering.is_person(user_id):
                continue
            act = self._act(line, user_id, transitions)
            if act is not None:
                yield line["id"], {"by": self._gathering.person(user_id), **act}

    def _act(
        self, line: Mapping[str, Any], user_id: str, transitions: Collection[str]
    ) -> Json | None:
        action = line["action"]
        if action == "created":
            values = self._changed(line, user_id, "create")
            values |= self._rows(user_id)
            return {"create": {"name": self.name, "object": self.model.name, "values": values}}
        if action in transitions:
            comment = {"comment": COMMENT} if line["comment"] else {}
            return {"move": {"record": self.name, "transition": action, **comment}}
        if action in CHANGED:
            values = self._changed(line, user_id, "update")
            return {"update": {"record": self.name, "values": values}} if values else None
        if action not in DECIDED:
            self._gathering.left_out[sentence(messages.NOT_RECORDED, action=action)] = None
        return None

    def _changed(self, line: Mapping[str, Any], user_id: str, action: Any) -> Json:
        """Return what somebody entered, of what a line of the history tells."""
        names = self._editable(user_id, self.model, action)
        values: Json = {}
        for change in line["changes"]:
            field = self.model.fields[change["field"]]
            if field.name in names and (change["new"] is not None or action == "update"):
                values[field.name] = self._value(field, change["new"])
        return {key: one for key, one in values.items() if one is not None or action == "update"}

    def _value(self, field: FieldModel, value: Any) -> Any:
        return None if value is None else self._gathering.value(field, value)

    def _rows(self, user_id: str) -> Json:
        """Return the child rows as they are now: what became of each is not told one by one."""
        found: Json = {}
        for child in self.model.children:
            rows = self._data.get(str(child.name))
            model = self._context.catalog.objects.get(str(child.object))
            if not isinstance(rows, list) or not rows or model is None:
                continue
            names = self._editable(user_id, model, "create") - {str(child.by)}
            found[str(child.name)] = [self._row(model, row, names) for row in rows]
        return found

    def _row(self, model: ObjectModel, row: Mapping[str, Any], names: Collection[str]) -> Json:
        values = {
            one.name: self._value(one, row.get(one.name))
            for one in model.fields.values()
            if one.name in names and row.get(one.name) is not None
        }
        return {key: one for key, one in values.items() if one is not None}

    def _editable(self, user_id: str, model: ObjectModel, action: Any) -> set[str]:
        """Return the fields that somebody could enter."""
        found = {
            one.name
            for one in model.fields.values()
            if is_given(one)
            and one.computed is None
            and one.definition.written_by == "user"
            and (one.definition.masked is None or has_form(one))
        }
        catalog = self._context.catalog
        try:
            principal = self._identity.principal_of_user(user_id, catalog)
        except NotFoundError:
            return found
        allowed = editable_fields(catalog, principal, model.name, action)
        return found & allowed if allowed else found

    def expected(self, record_id: str) -> Json:
        """Return what became of the record: its state, what was computed, who is asked now.

        Computed texts may hold names, which other texts stand for in what is given.
        """
        found: Json = {"record": self.name}
        if self.model.state_field is not None and self._data.get(self.model.state_field):
            found["state"] = self._data[self.model.state_field]
            query = sa.select(TASK.c.user).where(
                TASK.c.record_id == record_id,
                TASK.c.object_id == self.model.id,
                TASK.c.state == "open",
            )
            with self._context.database.reading() as reading:
                asked = reading.connection.execute(query).scalars().all()
            people = (one for one in dict.fromkeys(asked) if self._gathering.is_person(one))
            found["tasks"] = [self._gathering.person(one) for one in people]
        values = {
            one.name: self._data[one.name]
            for one in self.model.fields.values()
            if one.computed in {"formula", "rollup"}
            and one.key_of is None
            and one.pointed is None
            and one.value_type.kind is not Kind.TEXT
            and isinstance(self._data.get(one.name), (str, int, float, bool))
        }
        if values:
            found["values"] = values
        return found

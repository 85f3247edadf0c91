"""Which users a field may be given: active ones who hold one of its roles, of its kind of people.

Who stands in a record already stays there: only a change is judged.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa

from headrace.platform.access.principals import SYSTEM_USER_ID
from headrace.platform.access.tables import USER, USER_ROLE
from headrace.platform.database.prepared import Prepared, prepare
from headrace.platform.metadata.catalog import Catalog, FieldModel
from headrace.platform.records.batch import CHUNK, Batch


def choosable(catalog: Catalog, field: FieldModel) -> sa.Select[Any]:
    """Return the select of the ids of users that a field may be given.

    A partner is who holds a partner role or, without any role, belongs to a partner company.
    """
    select = sa.select(USER.c.id).where(USER.c.active, USER.c.id != SYSTEM_USER_ID)
    roles = getattr(field.options, "roles", ())
    people = getattr(field.options, "people", "all")
    if roles:
        select = select.where(_holds(roles))
    if people != "all":
        partner_roles = [one.name for one in catalog.roles.values() if one.audience == "partner"]
        outside = sa.and_(USER.c.organisation.is_not(None), sa.not_(_holds(catalog.roles)))
        partner = sa.or_(_holds(partner_roles), outside)
        select = select.where(partner if people == "partner" else sa.not_(partner))
    return select


def _holds(roles: Iterable[str]) -> sa.ColumnElement[bool]:
    held = sa.select(USER_ROLE.c.user).where(USER_ROLE.c.role.in_(sorted(roles)))
    return USER.c.id.in_(held)


def not_choosable(batch: Batch, field: FieldModel, ids: Iterable[str]) -> frozenset[str]:
    """Return those of the users that the field may not be given; one statement for up to 500."""
    wanted = sorted(set(ids))

    def make() -> Prepared:
        given = sa.bindparam("ids", expanding=True, type_=USER.c.id.type)
        select = choosable(batch.context.catalog, field).where(USER.c.id.in_(given))
        return prepare(select, batch.shapes.dialect)

    prepared: Prepared = batch.shapes.part(("choosable", field.object, field.name), make)
    found = {
        str(one)
        for start in range(0, len(wanted), CHUNK)
        for (one,) in batch.work.rows(prepared, {"ids": wanted[start : start + CHUNK]})
    }
    return frozenset(wanted) - found

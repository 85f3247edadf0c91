"""Objects that no longer act as organisation or territory while people belong to their rows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, Literal

import sqlalchemy as sa

from headrace.platform.access.tables import USER, USER_ROLE
from headrace.platform.core.problems import Message, Problem, Text
from headrace.platform.metadata.catalog import Catalog

PEOPLE_BELONG: Final = Message(
    "object.acts_as_in_use",
    "{object} must go on as {part}: {count} people belong to its rows.",
    "{object} 须继续充当{part}：有 {count} 人归属于其数据。",
    "Give these people another role or account first; what they may see hangs on it.",
    "请先调整这些人员的角色或账号；他们的可见范围依赖于此。",
)
PARTS: Final[dict[Literal["organisation", "territory"], tuple[Text, Any]]] = {
    "organisation": (Text("organisation", "组织"), (USER.c.id, USER.c.organisation)),
    "territory": (Text("territory", "区域"), (USER_ROLE.c.user, USER_ROLE.c.territory)),
}


def acting_problems(connection: sa.Connection, old: Catalog, new: Catalog) -> Iterator[Problem]:
    """Yield a problem for each part that another object plays from now on, while people hang on it.

    An object that goes altogether is the business of who drops it.
    """
    going_on = {model.id: model for model in new.objects.values()}
    for part, (words, (person, place)) in PARTS.items():
        former = old.acting_as(part)
        if former is None or former.id not in going_on:
            continue
        model = going_on[former.id]
        if model.acts_as == part:
            continue
        people = sa.select(sa.func.count(sa.distinct(person))).where(place.is_not(None))
        count = connection.execute(people).scalar_one()
        if count:
            at = f"/{model.module}/objects/{model.name}.json/acts_as"
            yield PEOPLE_BELONG.at(at, object=model.name, part=words, count=count)

"""The fields that every object has, and those of users: made by the platform, not by modules."""

from __future__ import annotations

from typing import Any

SYSTEM_FIELDS: tuple[dict[str, Any], ...] = (
    {"name": "id", "type": "text", "label": {"en": "Id", "zh": "标识"}},
    {"name": "version", "type": "integer", "label": {"en": "Version", "zh": "版本"}},
    {"name": "created_at", "type": "datetime", "label": {"en": "Created at", "zh": "创建时间"}},
    {"name": "created_by", "type": "user", "label": {"en": "Created by", "zh": "创建人"}},
    {"name": "updated_at", "type": "datetime", "label": {"en": "Changed at", "zh": "修改时间"}},
    {"name": "updated_by", "type": "user", "label": {"en": "Changed by", "zh": "修改人"}},
)


SYSTEM_FIELD_NAMES = frozenset(one["name"] for one in SYSTEM_FIELDS)


USER_FIELDS: tuple[dict[str, Any], ...] = (
    {"name": "id", "type": "text", "label": {"en": "Id", "zh": "标识"}},
    {"name": "login", "type": "text", "label": {"en": "Login", "zh": "登录名"}},
    {"name": "name", "type": "text", "label": {"en": "Name", "zh": "姓名"}},
)
USER_SEARCH_KEY, USER_SORT_KEY = "nameSearch", "nameSort"
"""The keys of a user's name, kept with it by who writes users: they have columns of these names."""

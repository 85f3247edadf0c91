"""Warnings in forms: the first save shows them, and what was shown can be saved on purpose.

A confirmation is worth something only for what was sent, the version and the warnings that were
shown; errors refuse whatever was confirmed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from flask import request

from headrace.platform.core.canonical import content_hash
from headrace.platform.core.errors import RefusedError
from headrace.platform.core.problems import Problem

CONFIRMED: Final = "confirmed"


class UnconfirmedError(RefusedError):
    """Rules warn of what was sent, and whoever sent it has not seen that; nothing was changed."""

    def __init__(self, token: str, *problems: Problem) -> None:
        super().__init__(*problems)
        self.token = token


def need_confirmation(warnings: Sequence[Problem], content: Any) -> None:
    """Raise UnconfirmedError, which undoes the write, where these warnings were not confirmed.

    `content` is what is written, as JSON, with what it is written to.
    """
    if not warnings:
        return
    told = [[one.code, one.path, one.message.as_dict()] for one in warnings]
    token = content_hash({"content": content, "told": told})
    if request.form.get(CONFIRMED) != token:
        raise UnconfirmedError(token, *warnings)


def token_of(error: RefusedError) -> str | None:
    """Return what confirms the warnings of a refusal; None where there are errors."""
    return error.token if isinstance(error, UnconfirmedError) else None

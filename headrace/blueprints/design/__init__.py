"""The visual designer, for those who may design."""

from __future__ import annotations

from typing import Final

from flask import Blueprint

from headrace.blueprints.design import (
    history,
    moving,
    preview,
    publishing,
    spreadsheet,
    starting,
    views,
)

BLUEPRINTS: Final[tuple[Blueprint, ...]] = (
    views.blueprint,
    spreadsheet.blueprint,
    preview.blueprint,
    publishing.blueprint,
    history.blueprint,
    moving.blueprint,
    starting.blueprint,
)

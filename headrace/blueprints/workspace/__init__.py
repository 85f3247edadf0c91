"""Home, lists, records, forms, search, notifications."""

from headrace.blueprints.workspace import (
    asking,
    bulk,
    bulk_changes,
    buttons,
    exchange,
    files,
    forms,
    history,
    home,
    ledgers,
    lists,
    periods,
    quick,
    records,
    transitions,
    trying,
    why,
)
from headrace.blueprints.workspace.blueprint import blueprint as blueprint

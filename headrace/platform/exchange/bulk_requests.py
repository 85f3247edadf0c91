"""What a bulk change is asked to do, and of which records."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Act = Literal["update", "delete", "transition", "button", "undo"]


@dataclass(frozen=True, slots=True)
class BulkRequest:
    """What is done to all records that a query finds.

    `query` is that of a list (`filter`, `q`, `sort`), `view` the list whose condition they fit too. `values`
    are what an update sets, or what was entered for the `button` that is pressed, `transition` and
    `comment` what a transition takes, `undoes` is the bulk change that is undone. `sets` are the fields that a button sets, where that is all it does; with `by_run` it does more, and what
    each press did is taken back by its run. Not `partial`: all records or none.
    """

    object: str
    act: Act
    query: Mapping[str, Any] = field(default_factory=dict)
    view: str | None = None
    values: Mapping[str, Any] = field(default_factory=dict)
    transition: str | None = None
    comment: str | None = None
    button: str | None = None
    sets: Sequence[str] = ()
    by_run: bool = False
    undoes: str | None = None
    partial: bool = True
    dry_run: bool = False

    @property
    def fields(self) -> Sequence[str]:
        """The fields and child grids that are set."""
        return self.sets if self.act == "button" else tuple(self.values)

    def render(self) -> dict[str, Any]:
        """Return the JSON form."""
        return dataclasses.asdict(self)

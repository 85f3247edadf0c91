"""What an object costs while it is drawn: rows, indexes, what a save sets off, the time of its list.

`saving`, `lists` and `scopes` are worked out from a catalog alone; `indexes` holds the indexes of the
database against those of a draft; `counting` and `timing` read live rows within limits of time;
`asking` puts it together for a document of a draft, `telling` says it in sentences.
"""

from __future__ import annotations

from headrace.platform.publishing.costing.asking import Cost, Costs
from headrace.platform.publishing.costing.telling import told
from headrace.platform.publishing.costing.timing import Limits

__all__ = ["Cost", "Costs", "Limits", "told"]

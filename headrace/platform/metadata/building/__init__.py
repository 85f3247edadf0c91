"""From documents to the catalog: resolve every name, type every formula, order the computing.

What cannot be resolved is collected as problems with the document's file in front of the path
(`/ordering/objects/x.json` + the JSON Pointer); a catalog is made only when there is no error.
Further findings, which need the whole catalog, are the business of `checks/`.

Each kind of definition has a module of its own here; `workbench.py` is what they share.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter

from headrace.platform.core.problems import Problem, errors
from headrace.platform.metadata.building.automations import build_automations
from headrace.platform.metadata.building.calendars import build_calendars
from headrace.platform.metadata.building.choice_sets import build_choice_sets
from headrace.platform.metadata.building.constants import build_constants
from headrace.platform.metadata.building.expressions import (
    build_expressions,
    check_expressions,
)
from headrace.platform.metadata.building.extending import put_extensions_in
from headrace.platform.metadata.building.objects import build_objects
from headrace.platform.metadata.building.parts import NOTHING
from headrace.platform.metadata.building.permissions import build_permissions
from headrace.platform.metadata.building.scope import CatalogScope, object_scope
from headrace.platform.metadata.building.screens import build_reports, build_views, definitions_of
from headrace.platform.metadata.building.system_fields import SYSTEM_FIELD_NAMES
from headrace.platform.metadata.building.workbench import Workbench, closest
from headrace.platform.metadata.building.workflows import build_workflows
from headrace.platform.metadata.catalog import Catalog
from headrace.platform.metadata.documents import Document, fingerprint
from headrace.platform.metadata.field_types import FieldTypes

__all__ = (
    "SYSTEM_FIELD_NAMES",
    "Built",
    "CatalogScope",
    "build_catalog",
    "closest",
    "object_scope",
)


@dataclass(frozen=True, slots=True)
class Built:
    """What `build_catalog` gives: the catalog where there is no error, and all findings."""

    catalog: Catalog | None
    problems: tuple[Problem, ...]


def build_catalog(
    documents: Sequence[Document],
    types: FieldTypes,
    version: int = 0,
    previous: Catalog | None = None,
) -> Built:
    """Build the catalog of `documents`, each of which fits its schema.

    Whatever is as it was in `previous` is taken over from it; the result is the same without.
    """
    work = Workbench(documents, types, previous.memory if previous else NOTHING)
    catalog = _build(work, version)
    problems = tuple(sorted(work.problems, key=attrgetter("path")))
    return Built(None if errors(problems) else catalog, problems)


def _build(work: Workbench, version: int) -> Catalog:
    """Run all stages and return the catalog (of use only when there is no error)."""
    work.load()
    put_extensions_in(work)
    build_constants(work)
    choice_sets = build_choice_sets(work)
    build_expressions(work)
    build_calendars(work)
    build_objects(work)
    check_expressions(work)
    workflows = build_workflows(work)
    return Catalog(
        version=version,
        fingerprint=fingerprint(work.documents),
        modules=work.definitions.get("module", {}),
        objects=work.objects,
        system_objects=work.system_objects,
        workflows=workflows,
        permissions=build_permissions(work),
        roles=work.definitions.get("role", {}),
        forms=definitions_of(work, "form"),
        views=build_views(work),
        reports=build_reports(work),
        dashboards=work.definitions.get("dashboard", {}),
        constants=work.constants,
        automations=build_automations(work),
        choice_sets=choice_sets,
        expressions=work.expressions,
        calendars=work.calendars,
        scenarios=work.definitions.get("scenario", {}),
        extended=work.extended,
        documents=work.documents,
        memory=work.memory(),
    )

"""What was published when and by whom, what two versions differ in, and where definitions are used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypedDict

from headrace.platform.access.identity import Identity
from headrace.platform.core.errors import NotFoundError
from headrace.platform.core.problems import Message
from headrace.platform.core.shapes import Moment
from headrace.platform.metadata.catalog import Catalog
from headrace.platform.metadata.comparing import Change, compare_content
from headrace.platform.metadata.references import KINDS, Use, find, uses
from headrace.platform.metadata.storage_types import instant_text
from headrace.platform.publishing.catalogs import UNKNOWN_VERSION, CatalogStore, Version

NOT_DEFINED = Message(
    "definition.unknown",
    "There is no {kind} “{name}” in the live version.",
    "当前版本中没有 {kind}“{name}”。",
    "Kinds are {kinds}; a field is written object.field, a state workflow.state.",
    "可用的类型有 {kinds}；字段写作 对象.字段，状态写作 流程.状态。",
)


class VersionJson(TypedDict):
    """A published version; `by` is the login of its author."""

    version: int
    live: bool
    at: Moment
    by: str | None
    message: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Versions:
    """Answers questions about published versions; changes nothing."""

    catalogs: CatalogStore
    identity: Identity

    def all(self) -> list[VersionJson]:
        """Return every version, the newest first, with the login of its author."""
        live = self.catalogs.refresh().version
        logins = {one.id: one.login for one in self.identity.users()}
        return [_shown(one, live, logins) for one in self.catalogs.versions()]

    def get(self, number: int) -> VersionJson:
        """Return one version; raise NotFoundError where there is none."""
        found = next((one for one in self.all() if one["version"] == number), None)
        if found is None:
            raise NotFoundError(UNKNOWN_VERSION.at(number=number))
        return found

    def differences(self, old: int, new: int) -> tuple[Change, ...]:
        """Return what leads from one version to another; raise NotFoundError for unknown ones."""
        before, after = self.catalogs.content_of(old), self.catalogs.content_of(new)
        return compare_content(
            (before.documents, before.rows), (after.documents, after.rows), self.catalogs.types
        )

    def where_used(self, kind: str, name: str, catalog: Catalog | None = None) -> tuple[Use, ...]:
        """Return what names a definition, by API name or id, in the live version or in `catalog`."""
        catalog = catalog or self.catalogs.refresh().catalog
        if kind not in KINDS or find(catalog, kind, name) is None:
            raise NotFoundError(NOT_DEFINED.at(kind=kind, name=name, kinds=", ".join(KINDS)))
        return uses(catalog).of(kind, name)


def _shown(one: Version, live: int, logins: Mapping[str, str]) -> VersionJson:
    return {
        "version": one.number,
        "live": one.number == live,
        "at": instant_text(one.at),
        "by": logins.get(one.by_user or ""),
        "message": one.message,
        "fingerprint": one.fingerprint,
    }

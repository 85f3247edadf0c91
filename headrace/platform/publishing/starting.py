"""Modules to begin with: copies of others, and templates; both are documents of a draft under other names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Final

import headrace
from headrace.platform.core.errors import ConflictError, NotFoundError, RefusedError
from headrace.platform.core.ids import IdSource, RandomIds
from headrace.platform.core.problems import Message, Problem, Text, errors
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.metadata.building import build_catalog
from headrace.platform.metadata.catalog import Catalog
from headrace.platform.metadata.documents import Document
from headrace.platform.metadata.field_types import FieldTypes
from headrace.platform.metadata.merging import slot_of
from headrace.platform.metadata.naming import is_name, name_problem
from headrace.platform.metadata.references.copying import Copied, Wanted, copied, proposed
from headrace.platform.publishing.catalogs import CatalogStore
from headrace.platform.publishing.draft_content import with_ids
from headrace.platform.publishing.draft_publishing import DraftPublisher
from headrace.platform.publishing.draft_rows import Draft
from headrace.platform.publishing.drafts import TAKEN, Drafts
from headrace.platform.publishing.folders import read_modules
from headrace.platform.publishing.identities import assign_ids
from headrace.platform.publishing.rows import RowsFile

TEMPLATES: Final = Path(headrace.__file__).parent / "module_templates"
LONGEST_LABEL: Final = 200

UNKNOWN_SOURCE: Final = Message(
    "start.unknown",
    "There is no {kind} “{name}” to begin with.",
    "没有可供起步的{kind}“{name}”。",
    "Choose one of the list.",
    "请从列表中选择。",
)
MODULE_TAKEN: Final = Message(
    "start.module_taken",
    "There is a module “{name}” already.",
    "已有模块“{name}”。",
    "Choose another name.",
    "请换一个名称。",
)
OBJECT_TAKEN: Final = Message(
    "start.object_taken",
    "There is an object “{name}” already.",
    "已有对象“{name}”。",
    "Choose another name for the copy of “{of}”.",
    "请为“{of}”的副本换一个名称。",
)
NO_LABEL: Final = Message(
    "start.label",
    "A module has a label of 1 to {limit} characters.",
    "模块须有 1 至 {limit} 个字符的显示名。",
    "Say in a few words what it is for.",
    "请用几个字说明其用途。",
)
NEEDS_ACTING: Final = Message(
    "start.needs_acting",
    "This template needs an object whose records are the organisations of the workspace.",
    "此模板需要一个以工作区组织为数据的对象。",
    "Publish or draw one first; or choose another template.",
    "请先发布或绘制这样的对象，或选择其他模板。",
)
ROWS_LEFT: Final = Message(
    "copy.rows",
    "The records that “{module}” brings along are not copied.",
    "“{module}”自带的数据不会复制。",
    "Import them into the copy once it is live.",
    "副本发布后可自行导入。",
    severity="warning",
)
_KIND_WORDS: Final = {
    "module": Text("module", "模块"),
    "template": Text("template", "模板"),
}


@dataclass(frozen=True, slots=True)
class Template:
    """A module that others begin with."""

    name: str
    catalog: Catalog

    @property
    def label(self) -> Text:
        """What it is called."""
        return self.catalog.modules[self.name].label

    @property
    def roles(self) -> Mapping[str, Text]:
        """The roles in it, each of which may be one that is there."""
        return {one.name: one.label for one in self.catalog.roles.values()}

    @property
    def objects(self) -> Mapping[str, Text]:
        """The objects that come of it."""
        found = self.catalog.objects.values()
        return {one.name: one.label for one in found if one.acts_as is None}

    @property
    def contents(self) -> Mapping[str, int]:
        """How many documents of each kind come of it, without roles and the module itself."""
        acting = {one.name for one in self.catalog.objects.values() if one.acts_as is not None}
        return Counter(
            one.kind
            for one in self.catalog.documents
            if one.kind not in {"module", "role"}
            and not (one.kind == "object" and one.name in acting)
        )


@dataclass(frozen=True, slots=True)
class Beginning:
    """What somebody asked for: where the module comes from, and what it is to be called.

    `roles` says of roles of a template which one that is there stands in for it.
    """

    kind: str
    source: str
    name: str
    label: Mapping[str, str]
    objects: Mapping[str, str]
    roles: Mapping[str, str]


class Beginnings:
    """Makes modules of other modules and of templates, in drafts."""

    def __init__(
        self,
        catalogs: CatalogStore,
        drafts: Drafts,
        publisher: DraftPublisher,
        ids: IdSource,
    ) -> None:
        self._catalogs = catalogs
        self._drafts = drafts
        self._publisher = publisher
        self._ids = ids

    def templates(self) -> tuple[Template, ...]:
        """Return the templates, the simplest first."""
        found = _templates(self._catalogs.types)
        return tuple(sorted(found, key=lambda one: (len(one.catalog.documents), one.name)))

    def template(self, name: str) -> Template:
        """Return a template by name; raise NotFoundError."""
        for one in self.templates():
            if one.name == name:
                return one
        raise NotFoundError(UNKNOWN_SOURCE.at("/template", kind=_KIND_WORDS["template"], name=name))

    def ground(self, draft: Draft | None) -> Catalog:
        """Return what a module would be put beside: a draft as it stands, or what is live.

        Raise RefusedError where the draft cannot be read.
        """
        if draft is None:
            return self._catalogs.refresh().catalog
        return self._publisher.catalog(draft)

    def names(self, ground: Catalog, kind: str, source: str, name: str) -> Mapping[str, str]:
        """Return what the objects would be called in a module `name`."""
        within = self.template(source).catalog if kind == "template" else ground
        self._known(within, kind, source)
        found = proposed(within, source, name, ground.documents)
        acting = {one.name for one in within.objects.values() if one.acts_as and kind == "template"}
        return {key: value for key, value in found.items() if key not in acting}

    def made(self, ground: Catalog, asked: Beginning) -> Copied:
        """Return the documents of a module as asked for, and what was left out.

        Raise RefusedError for names that cannot be or are taken, NotFoundError for what is not there.
        """
        within = self.template(asked.source).catalog if asked.kind == "template" else ground
        self._known(within, asked.kind, asked.source)
        _check_names(ground, asked)
        label = {key: text.strip() for key, text in asked.label.items() if text.strip()}
        if not label or any(len(text) > LONGEST_LABEL for text in label.values()):
            raise RefusedError(NO_LABEL.at("/label", limit=LONGEST_LABEL))
        instead = _instead(ground, within, asked) if asked.kind == "template" else {}
        stand_ins = {(kind, name) for (kind, _), name in instead.items()}
        needs = {one.module for one in ground.documents if (one.kind, one.name) in stand_ins}
        wanted = Wanted(asked.name, label, asked.objects, instead, tuple(sorted(needs)))
        found = copied(within, asked.source, wanted, ground.documents)
        if asked.kind == "template":
            return replace(found, told=())
        rows = self._catalogs.content_of(ground.version).rows if ground.version else ()
        said = ground.modules[asked.source].label or Text(asked.source, asked.source)
        left = (ROWS_LEFT.at(module=said),) if _has_rows(rows, asked.source) else ()
        return replace(found, told=(*found.told, *left))

    def put(self, work: UnitOfWork, draft: Draft, made: Copied, by_user: str | None) -> str:
        """Take the documents into a draft; return the id of the module.

        Raise ConflictError where the draft has something of that name by now.
        """
        draft = self._drafts.locked(work, draft.id)
        documents = [
            Document(one.module, with_ids(one.content, None, self._ids)) for one in made.documents
        ]
        present = self._drafts.content(draft)
        slots = {slot_of(one) for one in present}
        for one in documents:
            if slot_of(one) in slots:
                raise ConflictError(TAKEN.at("/name", kind=one.kind, name=one.name))
        self._drafts.replace(work, draft, (*present, *documents), "put", by_user)
        return next(str(one.content["id"]) for one in documents if one.kind == "module")

    @staticmethod
    def _known(within: Catalog, kind: str, source: str) -> None:
        if source not in within.modules:
            raise NotFoundError(UNKNOWN_SOURCE.at("/module", kind=_KIND_WORDS[kind], name=source))


def _has_rows(rows: Iterable[RowsFile], module: str) -> bool:
    return any(one.module == module for one in rows)


def _check_names(ground: Catalog, asked: Beginning) -> None:
    problems: list[Problem] = []
    given = [("/name", asked.name), *((f"/objects/{of}", one) for of, one in asked.objects.items())]
    for place, name in given:
        if not is_name(name):
            problems.append(name_problem(name, (), place))
    if asked.name in ground.modules:
        problems.append(MODULE_TAKEN.at("/name", name=asked.name))
    for of, name in asked.objects.items():
        twice = list(asked.objects.values()).count(name) > 1
        if twice or ground.object(name) is not None:
            problems.append(OBJECT_TAKEN.at(f"/objects/{of}", name=name, of=of))
    if problems:
        raise RefusedError.of(problems)


def _instead(ground: Catalog, within: Catalog, asked: Beginning) -> Mapping[tuple[str, str], str]:
    """Return what of the workspace stands in for roles of a template, and for what acts in it."""
    instead: dict[tuple[str, str], str] = {}
    for role, name in asked.roles.items():
        if name not in ground.roles:
            raise NotFoundError(
                UNKNOWN_SOURCE.at(f"/roles/{role}", kind=Text("role", "角色"), name=name)
            )
        instead["role", role] = name
    for one in within.objects.values():
        if one.acts_as is None:
            continue
        acting = ground.acting_as(one.acts_as)
        if acting is None:
            raise RefusedError(NEEDS_ACTING.at("/template"))
        instead["object", one.name] = acting.name
    return instead


@cache
def _templates(types: FieldTypes) -> tuple[Template, ...]:
    """Read the templates once; they come with the program, so nothing is wrong with them."""
    found = []
    for folder in sorted(one for one in TEMPLATES.iterdir() if one.is_dir()):
        read = read_modules(folder, types)
        documents, _ = assign_ids(read.documents, (), RandomIds())
        built = build_catalog(documents, types)
        if built.catalog is None:
            raise RefusedError.of(errors((*read.problems, *built.problems)))
        found.append(Template(folder.name, built.catalog))
    return tuple(found)

"""What the calls of drafts take and answer."""

from __future__ import annotations

from typing import Annotated, Any, Literal, NotRequired, TypeAlias, TypedDict

from headrace.blueprints.api.shapes.publishing import AnswersJson
from headrace.platform.core.problems import ProblemJson
from headrace.platform.core.shapes import Moment
from headrace.platform.publishing.draft_rows import Action, DocumentJson, State
from headrace.platform.publishing.plan import PlanJson

Content: TypeAlias = Annotated[dict[str, Any], "The definition, as it would stand in its file."]


class NothingJson(TypedDict):
    """An object without keys."""


class DraftJson(TypedDict):
    """A draft; `version` is the number of its last change, `base` the version it stands on."""

    id: str
    name: str
    state: State
    base: int
    version: int
    by: Annotated[str | None, "Id of who made it."]
    created_at: Moment
    changed_at: Moment
    published: Annotated[int | None, "The version that it became."]


class DraftLineJson(TypedDict):
    """A definition of a draft, without its content; `version` is 0 where the draft did not touch it."""

    id: str
    version: int
    kind: str | None
    of: NotRequired[Annotated[str, "Of an extension: the kind that it adds to."]]
    name: str | None
    module: str | None
    change: Annotated[Literal["add", "change", "delete"] | None, "Null where it changes nothing."]


class DraftDocumentJson(DraftLineJson):
    """A definition of a draft; `document` is null where the draft deletes it."""

    document: DocumentJson | None


class DraftsAnswer(TypedDict):
    """Drafts."""

    items: list[DraftJson]


class DraftAsked(TypedDict):
    """A draft to make."""

    name: str


class DraftAnswer(DraftJson):
    """A draft with what it changes."""

    documents: list[DraftLineJson]


class LinesAnswer(TypedDict):
    """Everything as it would be, without its content."""

    items: list[DraftLineJson]


class DocumentsAnswer(TypedDict):
    """Everything as it would be."""

    items: list[DraftDocumentJson]


class DocumentAsked(TypedDict):
    """A definition to take in."""

    module: str
    content: Content


class ReplacementAsked(TypedDict):
    """A definition in place of another; in its module where none is named."""

    module: NotRequired[str | None]
    content: Content


class DocumentAnswer(DraftDocumentJson):
    """A definition with what it is in the version that the draft stands on."""

    before: DocumentJson | None


class AuthorJson(TypedDict):
    """Who made a change."""

    id: str
    title: str | None


class DraftChangeJson(TypedDict):
    """One change of a draft; before and after are null where there was nothing."""

    number: int
    at: Moment
    by: AuthorJson | None
    action: Action
    id: str | None
    before: DocumentJson | None
    after: DocumentJson | None


class PresentJson(TypedDict):
    """Somebody else who has the draft open, and the definition that they look at."""

    id: str
    title: str
    document: str | None


class ChangesAnswer(TypedDict):
    """Changes of a draft, the oldest first, and who else is in it."""

    items: list[DraftChangeJson]
    version: int
    present: list[PresentJson]


class PresenceAsked(TypedDict):
    """On which definition the caller works."""

    document: NotRequired[str | None]


class UndoAsked(TypedDict):
    """The change to take back."""

    number: int


class ProblemsAnswer(TypedDict):
    """What is wrong."""

    problems: list[ProblemJson]


class ResolutionJson(TypedDict):
    """What settles a conflict: a side, a value, or that it goes."""

    answer: Literal["ours", "theirs", "value", "delete"]
    value: NotRequired[Any]


ResolutionsJson: TypeAlias = Annotated[
    dict[str, Literal["ours", "theirs", "delete"] | ResolutionJson],
    "Answers to conflicts, by their keys.",
]


class DraftPlanAsked(TypedDict):
    """Answers with which a draft is planned."""

    decisions: NotRequired[AnswersJson]
    resolutions: NotRequired[ResolutionsJson]


class DraftPlanAnswer(PlanJson):
    """What publishing a draft would do."""

    draft: DraftJson


class RebaseAsked(TypedDict):
    """Answers to conflicts with what is live."""

    resolutions: NotRequired[ResolutionsJson]


class DraftPublishAsked(DraftPlanAsked):
    """A draft to publish."""

    message: NotRequired[str]
    merge: NotRequired[Annotated[bool, "Also where another version went live, if it merges."]]


class DraftPublishedAnswer(TypedDict):
    """The version that a draft became."""

    version: int
    draft: DraftJson

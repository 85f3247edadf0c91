"""Text with headings, lists and links: a closed part of HTML."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from marshmallow import fields

from headrace.platform.core.problems import Text
from headrace.platform.core.rich_text import as_rich_text, plain_text, sanitised
from headrace.platform.formulas.types import TEXT as TEXT_TYPE
from headrace.platform.formulas.types import Type
from headrace.platform.metadata.definitions.keys import key
from headrace.platform.metadata.field_types.base import Example, FieldType
from headrace.platform.metadata.field_types.converting import Values, Way, fitting
from headrace.platform.metadata.field_types.values import TOO_LONG, TextField, refuse
from headrace.platform.metadata.storage_types import TEXT, Storage

_MOST_SENT = 4
"""How many times the longest text may be sent: what is pasted carries markup that is taken out."""


class RichTextField(TextField):
    """A text of HTML; what is not allowed is taken out, as a paste from elsewhere brings it."""

    def __init__(self, limit: int) -> None:
        super().__init__(limit * _MOST_SENT, lines=True)
        self.most = limit

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str | None:
        text = super()._deserialize(value, attr, data, **kwargs)
        if text is None:
            return None
        kept = sanitised(text)
        if len(kept) > self.most:
            raise refuse(TOO_LONG.at(limit=self.most, length=len(kept)))
        return kept or None


@dataclass(frozen=True, slots=True)
class RichTextOptions:
    """Options of rich text."""

    length: int = key("Most characters, markup included.", 20_000, minimum=100, maximum=100_000)


class RichTextType(FieldType[RichTextOptions]):
    """Text with headings, lists, emphasis and links, kept as a safe part of HTML."""

    key = "rich_text"
    label = Text("Rich text", "富文本")
    widget = "rich_text"
    options_type = RichTextOptions
    operators = frozenset({"is_null", "contains"})

    def storage(self, options: RichTextOptions) -> Storage:
        return TEXT

    def value_type(self, options: RichTextOptions) -> Type:
        return TEXT_TYPE

    def value_field(self, options: RichTextOptions) -> fields.Field[Any]:
        return RichTextField(options.length)

    def as_stored(self, value: Any, options: RichTextOptions) -> Any:
        """Return what is looked for among the words, which have single spaces between them."""
        return " ".join(value.split()) if isinstance(value, str) else value

    def from_text(self, text: str, options: RichTextOptions) -> str:
        """Make paragraphs of the lines."""
        return as_rich_text(text)

    def converts_to(self, own: Values, target: Values) -> Way | None:
        """Give other texts the words without the markup."""
        if target.kind != "text" or isinstance(target.type, RichTextType):
            return None
        fits = fitting(target)
        return lambda value: fits(target.type.from_text(plain_text(value), target.options))

    def converts_from(self, source: Values, own: Values) -> Way | None:
        """Take rich text as it is; make paragraphs of other texts."""
        if isinstance(source.type, RichTextType):
            return fitting(own)
        return FieldType.converts_from(self, source, own)

    def narrows(self, old: RichTextOptions, new: RichTextOptions) -> bool:
        return new.length < old.length

    def json_schema(self, options: RichTextOptions) -> dict[str, Any]:
        return {"type": "string", "maxLength": options.length, "contentMediaType": "text/html"}

    def examples(self) -> Sequence[Example]:
        shown = '<p>一 &amp; <strong>二</strong></p><ul><li>三 <a href="https://example.com/?a=1&amp;b=2" rel="noopener noreferrer nofollow">four</a></li></ul>'
        return (
            Example({}, shown, shown),
            Example({}, "plain < words", "plain &lt; words"),
            Example({}, "<p>🚀 مرحبا</p>", "<p>🚀 مرحبا</p>"),
            Example({}, '<p onclick="x()" style="y">a<script>alert(1)</script></p>', "<p>a</p>"),
            Example(
                {},
                '<p><a href="javascript:alert(1)">a</a></p>',
                '<p><a rel="noopener noreferrer nofollow">a</a></p>',
            ),
            Example({}, "<p> <br></p><p></p>", None),
            Example({"length": 100}, "x" * 101, refused="value.too_long"),
            Example({}, "a\u202eb", refused="value.illegal_character"),
            Example({}, ["a"], refused="value.wrong_type"),
        )


TYPES = (RichTextType(),)

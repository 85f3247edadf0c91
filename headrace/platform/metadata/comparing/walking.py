"""Goes through two documents key by key and tells each difference."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, get_args, get_origin

from headrace.platform.core.problems import Text, pointer
from headrace.platform.metadata.aligning import same
from headrace.platform.metadata.comparing import phrases
from headrace.platform.metadata.comparing.labels import Json
from headrace.platform.metadata.comparing.showing import (
    About,
    Shower,
    about_document,
    about_local,
    rows_of,
    sentence_part,
)
from headrace.platform.metadata.comparing.structure import (
    attributes,
    bare,
    default_of,
    definition_in,
    fits,
    is_list,
    is_ordered,
    is_unit,
    long_form,
    longest_rising,
    paired,
    part_of,
)
from headrace.platform.metadata.comparing.values import Action, Change, Part
from headrace.platform.metadata.comparing.words import LANGUAGES, LISTS
from headrace.platform.metadata.definitions.access import ScopeDef
from headrace.platform.metadata.definitions.keys import After
from headrace.platform.metadata.definitions.objects import FieldDef
from headrace.platform.metadata.documents import Document
from headrace.platform.metadata.references.rules import INSIDE, PARTS
from headrace.platform.metadata.schemas import definition_of
from headrace.platform.metadata.wording import (
    called,
    extension_of,
    sentence,
    text_of,
    titled,
    within,
)

OWN: Final = frozenset({"kind", "id", "was", "name"})
"""Keys that say which definition it is; a part of one may have a `kind` that says something about it."""


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a difference stands, in words and as data."""

    document: Document
    about: About
    subject: tuple[Text, ...]
    path: str = ""
    part: Part | None = None

    @property
    def words(self) -> Text:
        return within(self.subject)

    def below(self, *parts: str | int) -> _Place:
        return replace(self, path=self.path + pointer(*parts))


class Walk:
    """Compares documents of one pair of versions."""

    def __init__(self, shower: Shower) -> None:
        self.shower = shower
        self.labels = shower.labels

    # -- documents --------------------------------------------------------------------------------

    def added(self, document: Document) -> Change:
        """Return that a document is new."""
        return self._whole("add", document, None, document.content)

    def removed(self, document: Document) -> Change:
        """Return that a document is gone."""
        return self._whole("remove", document, document.content, None)

    def _whole(self, action: Action, document: Document, before: Any, after: Any) -> Change:
        place = self._place(document)
        template = phrases.DOCUMENT.added if action == "add" else phrases.DOCUMENT.removed
        text = sentence(template, definition=place.words)
        return self._change(place, action, before, after, text)

    def changed(self, old: Document, new: Document) -> list[Change]:
        """Return how `new` differs from `old`, at least one change where their hashes differ.

        None where only its module is called otherwise, which is told of the module.
        """
        place = self._place(new)
        found: list[Change] = []
        along = self.labels.renamed_modules.get(old.module) == new.module
        if old.module != new.module and not along:
            text = sentence(
                phrases.OTHER_MODULE,
                subject=place.words,
                before=self.labels.shown("module", old.module),
                after=self.labels.shown("module", new.module),
            )
            found.append(self._change(place, "move", old.module, new.module, text))
        if old.name != new.name:
            found.append(self._renamed(place.below("name"), old.name, new.name))
        definition = definition_of(new.content)
        found.extend(self._keys(definition, old.content, new.content, place))
        if not found and not same(bare(old.content), bare(new.content)):
            text = sentence(phrases.REWRITTEN, subject=place.words)
            found.append(self._change(place, "change", old.content, new.content, text))
        return found

    def _place(self, document: Document) -> _Place:
        content = document.content
        if document.kind == "extends":
            label = self.labels.label(document.of, document.name)
            subject = extension_of(document.of, label, document.name, document.module)
        elif document.kind == "permission":
            about = self.labels.shown("object", str(content.get("object", "")))
            subject = Text(f"permissions on {about.en}", f"{about.zh}的权限")
        else:
            subject = called(document.kind, text_of(content.get("label")), document.name)
        return _Place(document, about_document(content, self.labels), (subject,))

    # -- keys -------------------------------------------------------------------------------------

    def _keys(self, definition: type, before: Json, after: Json, place: _Place) -> Iterator[Change]:
        """Yield the differences of two JSON objects."""
        known = attributes(definition, before, after, self.shower.types)
        for key in dict.fromkeys((*known, *before, *after)):
            if key in OWN and not (key == "kind" and definition in PARTS):
                continue
            owner, attribute, annotation = known.get(key, (definition, key, Any))
            default = default_of(owner, attribute)
            was, now = before.get(key, default), after.get(key, default)
            if same(was, now):
                continue
            yield from self._key(owner, attribute, annotation, was, now, place.below(key))

    def _key(
        self, owner: type, attribute: str, annotation: Any, was: Any, now: Any, place: _Place
    ) -> Iterator[Change]:
        inner = definition_in(annotation)
        if not fits(annotation, was) or not fits(annotation, now):
            yield self._valued(owner, attribute, was, now, place)
        elif isinstance(was, bool) or isinstance(now, bool):
            yield self._switched(owner, attribute, was, now, place)
        elif annotation is Text:
            yield from self._text(owner, attribute, was or {}, now or {}, place)
        elif isinstance(was, list) and isinstance(now, list):
            if inner is not None:
                yield from self._parts(owner, attribute, inner, was, now, place)
            else:
                yield from self._scalars(owner, attribute, was, now, place)
        elif get_origin(annotation) is dict:
            yield from self._by_name(owner, attribute, annotation, was or {}, now or {}, place)
        elif inner is not None and inner is not ScopeDef and not is_list(annotation):
            yield from self._nested(owner, attribute, inner, was, now, place)
        else:
            yield self._valued(owner, attribute, was, now, place)

    def _switched(self, owner: type, attribute: str, was: Any, now: Any, place: _Place) -> Change:
        key = phrases.phrase_key(owner.__name__, attribute, phrases.SWITCHES)
        if key is None:
            return self._valued(owner, attribute, was, now, place)
        switch = phrases.SWITCHES[key]
        text = sentence(switch.on if now else switch.off, subject=place.words)
        return self._change(place, "change", was, now, text)

    def _valued(self, owner: type, attribute: str, was: Any, now: Any, place: _Place) -> Change:
        key = phrases.phrase_key(owner.__name__, attribute, phrases.VALUES)
        value = phrases.VALUES[key] if key else phrases.NOUN
        default = default_of(owner, attribute)
        template = value.changed
        if now is None or (now == default and key and default is not None):
            template = value.unset if now is None else value.changed
        elif was is None:
            template = value.set
        text = sentence(
            template,
            subject=place.words,
            noun=self.shower.noun(owner.__name__, attribute),
            before=self.shower.value(owner, attribute, was, place.about),
            after=self.shower.value(owner, attribute, now, place.about),
        )
        return self._change(place, "change", was, now, text)

    def _text(
        self, owner: type, attribute: str, was: Json, now: Json, place: _Place
    ) -> Iterator[Change]:
        """Yield what changed in each language."""
        for language, word in LANGUAGES.items():
            before, after = was.get(language), now.get(language)
            if before == after:
                continue
            template = (
                phrases.TEXT.unset
                if not after
                else phrases.TEXT.changed
                if before
                else phrases.TEXT.set
            )
            text = sentence(
                template,
                subject=place.words,
                noun=self.shower.noun(owner.__name__, attribute),
                language=word,
                before=Text(f"“{before}”", f"“{before}”"),
                after=Text(f"“{after}”", f"“{after}”"),
            )
            yield self._change(place.below(language), "change", before, after, text)

    def _by_name(
        self, owner: type, attribute: str, annotation: Any, was: Json, now: Json, place: _Place
    ) -> Iterator[Change]:
        """Yield what changed in values that stand by name."""
        values = get_args(annotation)[1]
        if is_list(values):
            for name in dict.fromkeys((*was, *now)):
                before, after = was.get(name, []), now.get(name, [])
                if not same(before, after):
                    part = self._extended_part(owner, attribute, name, place)
                    here = replace(place.below(name), subject=(*place.subject, part))
                    yield from self._key(owner, attribute, values, before, after, here)
        elif values == After:
            yield from self._placed(was, now, place)
        else:
            yield from self._dictionary(owner, attribute, was, now, place)

    def _extended_part(self, owner: type, attribute: str, name: str, place: _Place) -> Text:
        """Return what the part of the extended definition is called to which something is added."""
        kind = INSIDE.get((owner, attribute))
        if kind is None:
            return titled(Text(), name)
        if kind == "menu":
            return called(kind, self.labels.label("object", name), "")
        document = place.document
        found = self.labels.part(document.of, document.name, kind + "s", name)
        return called(kind, text_of(found.get("label")) if found else Text(), name)

    def _placed(self, was: Json, now: Json, place: _Place) -> Iterator[Change]:
        """Yield what of an extension stands elsewhere now."""
        for name in dict.fromkeys((*was, *now)):
            before, after = was.get(name), now.get(name)
            if before == after:
                continue
            where = phrases.FIRST
            if after is None:
                where = phrases.LAST
            elif after:
                shown = titled(Text(), str(after))
                where = sentence_part(phrases.BEHIND, other=shown)
            subject = within((*place.subject, titled(Text(), name)))
            text = sentence(phrases.MOVED, subject=subject, place=where)
            yield self._change(place.below(name), "move", before, after, text)

    def _dictionary(
        self, owner: type, attribute: str, was: Json, now: Json, place: _Place
    ) -> Iterator[Change]:
        """Yield what changed in fields that are set."""
        for name in dict.fromkeys((*was, *now)):
            before, after = was.get(name), now.get(name)
            if before == after:
                continue
            field = self.shower.path(place.about.object, name)
            shown = [
                self.shower.value(owner, attribute, one, place.about) for one in (before, after)
            ]
            here = place.below(name)
            if before is not None and after is not None:
                text = sentence(
                    phrases.SETS_TO,
                    subject=place.words,
                    value=field,
                    before=shown[0],
                    after=shown[1],
                )
                yield self._change(here, "change", before, after, text)
                continue
            formula = shown[1] if before is None else shown[0]
            value = Text(f"{field.en} to {formula.en}", f"{field.zh}为 {formula.zh}")
            yield self._came_or_went(owner, attribute, before, after, value, here)

    def _nested(
        self, owner: type, attribute: str, inner: type, was: Any, now: Any, place: _Place
    ) -> Iterator[Change]:
        before, after = long_form(inner, was), long_form(inner, now)
        if (before is None or after is None) and is_unit(inner):
            yield self._unit(owner, attribute, inner, before, after, place)
            return
        if inner.__name__ == "OutcomeDef":
            noun = self.shower.noun(owner.__name__, attribute)
            place = replace(place, subject=(*place.subject, noun))
        content = place.document.content
        place = replace(
            place,
            about=about_local(inner, after or before or {}, content, place.about, self.labels),
        )
        yield from self._keys(inner, before or {}, after or {}, place)

    def _unit(
        self, owner: type, attribute: str, inner: type, before: Any, after: Any, place: _Place
    ) -> Change:
        template = phrases.NOUN.set if before is None else phrases.NOUN.unset
        text = sentence(
            template,
            subject=place.words,
            noun=self.shower.noun(owner.__name__, attribute),
            before=self.shower.item(inner.__name__, before, place.about) if before else Text(),
            after=self.shower.item(inner.__name__, after, place.about) if after else Text(),
        )
        return self._change(place, "change", before, after, text)

    # -- lists ------------------------------------------------------------------------------------

    def _scalars(
        self, owner: type, attribute: str, was: Sequence[Any], now: Sequence[Any], place: _Place
    ) -> Iterator[Change]:
        for position, one in enumerate(was):
            if one not in now:
                value = self.shower.value(owner, attribute, one, place.about)
                here = place.below(position)
                yield self._came_or_went(owner, attribute, one, None, value, here)
        for position, one in enumerate(now):
            if one not in was:
                value = self.shower.value(owner, attribute, one, place.about)
                here = place.below(position)
                yield self._came_or_went(owner, attribute, None, one, value, here)
        stayed = [one for one in was if one in now]
        if is_ordered(owner, attribute) and stayed != [one for one in now if one in was]:
            yield self._reordered(owner, attribute, was, now, place)

    def _reordered(self, owner: type, attribute: str, was: Any, now: Any, place: _Place) -> Change:
        noun = LISTS.get(attribute) or self.shower.noun(owner.__name__, attribute)
        text = sentence(
            phrases.REORDERED,
            subject=place.words,
            noun=noun,
            after=self.shower.value(owner, attribute, now, place.about),
        )
        return self._change(place, "move", was, now, text)

    def _parts(
        self,
        owner: type,
        attribute: str,
        inner: type,
        was: Sequence[Any],
        now: Sequence[Any],
        place: _Place,
    ) -> Iterator[Change]:
        old = [long_form(inner, one) for one in was]
        new = [long_form(inner, one) for one in now]
        pairs = paired(inner, old, new)
        taken = set(pairs.values())
        for position, one in enumerate(old):
            if position not in taken:
                yield self._part(owner, attribute, inner, "remove", one, place.below(position))
        for position, one in enumerate(new):
            here = place.below(position)
            if position not in pairs:
                yield self._part(owner, attribute, inner, "add", one, here)
            else:
                yield from self._part_changed(inner, old[pairs[position]], one, here)
        if is_ordered(owner, attribute):
            yield from self._moved(inner, new, pairs, place)

    def _part(
        self, owner: type, attribute: str, inner: type, action: Action, item: Json, place: _Place
    ) -> Change:
        """Return that a part came or went."""
        before, after = (item, None) if action == "remove" else (None, item)
        here = replace(place, part=part_of(inner, item))
        if inner.__name__ == "GrantDef":
            text = self.shower.grant(item, place.about, added=action == "add")
            return self._change(here, action, before, after, text)
        if here.part is not None and inner in PARTS:
            title = (
                self.shower.item("FieldDef", item, place.about)
                if inner is FieldDef and action == "add"
                else called(PARTS[inner], text_of(item.get("label")), here.part.name)
            )
            template = phrases.PART.added if action == "add" else phrases.PART.removed
            text = sentence(template, subject=place.words, part=title)
            return self._change(here, action, before, after, text)
        value = self.shower.item(inner.__name__, item, place.about)
        return self._came_or_went(owner, attribute, before, after, value, here)

    def _came_or_went(
        self, owner: type, attribute: str, before: Any, after: Any, value: Text, place: _Place
    ) -> Change:
        key = phrases.phrase_key(owner.__name__, attribute, phrases.ITEMS)
        items = phrases.ITEMS[key] if key else phrases.ITEM
        text = sentence(
            items.added if before is None else items.removed,
            subject=place.words,
            noun=self.shower.noun(owner.__name__, attribute),
            value=value,
        )
        return self._change(place, "add" if before is None else "remove", before, after, text)

    def _part_changed(
        self, inner: type, before: Json, after: Json, place: _Place
    ) -> Iterator[Change]:
        here = self._inside(inner, after, place)
        if "name" in after and before.get("name", after["name"]) != after["name"]:
            yield self._renamed(here.below("name"), str(before["name"]), str(after["name"]))
        yield from self._keys(inner, before, after, here)

    def _inside(self, inner: type, after: Json, place: _Place) -> _Place:
        """Return the place within a part."""
        rows = rows_of(inner.__name__, after, place.about, self.labels)
        about = replace(place.about, rows=rows)
        about = about_local(inner, after, place.document.content, about, self.labels)
        part = part_of(inner, after) or place.part
        subject = self._subject(inner, after, place)
        return replace(place, about=about, part=part, subject=subject)

    def _subject(self, inner: type, item: Json, place: _Place) -> tuple[Text, ...]:
        label = text_of(item.get("label"))
        match inner.__name__:
            case "GrantDef":
                return (self._grant_subject(item, place),)
            case "FormItemDef" | "MeasureDef" | "GroupDef" | "OverlapKeyDef":
                return (*place.subject, self.shower.item(inner.__name__, item, place.about))
            case "UniqueDef":
                fields = self.shower.item(inner.__name__, item, place.about)
                return (
                    *place.subject,
                    Text(f"unique key of {fields.en}", f"唯一键（{fields.zh}）"),
                )
            case "ChoiceDef":
                return (*place.subject, called("choice", label, str(item.get("value", ""))))
            case "SectionDef" | "MenuItemDef":
                kind = "section" if inner.__name__ == "SectionDef" else "menu"
                tail = place.path.rpartition("/")[2]
                if kind == "section" and not label and tail.isdecimal():
                    untitled = int(tail) + 1
                    return (
                        *place.subject,
                        Text(f"section {untitled}", f"第 {untitled} 个分组"),
                    )
                return (*place.subject, called(kind, label, str(item.get("name", ""))))
            case "ActDef":
                number = int(place.path.rpartition("/")[2]) + 1
                return (*place.subject, Text(f"step {number}", f"第 {number} 步"))
            case "ExpectedDef":
                name = self.shower.item(inner.__name__, item, place.about)
                return (*place.subject, Text(f"what is expected of {name.en}", f"{name.zh}的预期"))
            case _:
                if inner not in PARTS:
                    return place.subject
                title = called(PARTS[inner], label, str(item.get("name", "")))
                return (*place.subject, title)

    def _grant_subject(self, item: Json, place: _Place) -> Text:
        role = self.labels.shown("role", str(item.get("role", "")))
        about = self.labels.shown("object", place.about.object or "")
        scope = self.shower.scope(item.get("scope", "all"), place.about)
        return Text(
            f"role {role.en} in {about.en} ({scope.en})",
            f"角色{role.zh}在{about.zh}中（{scope.zh}）",
        )

    def _moved(
        self, inner: type, new: Sequence[Json], pairs: Mapping[int, int], place: _Place
    ) -> Iterator[Change]:
        """Yield the parts that stand elsewhere now: as few as explain the order."""
        order = sorted(pairs)
        kept = set(longest_rising([pairs[one] for one in order]))
        for index, position in enumerate(order):
            if pairs[position] in kept:
                continue
            subject = within((*place.subject, self._title(inner, new[position], place)))
            where = phrases.FIRST
            if index:
                other = self._title(inner, new[order[index - 1]], place)
                where = sentence_part(phrases.BEHIND, other=other)
            text = sentence(phrases.MOVED, subject=subject, place=where)
            here = replace(place.below(position), part=part_of(inner, new[position]))
            yield self._change(here, "move", pairs[position], position, text)

    def _title(self, inner: type, item: Json, place: _Place) -> Text:
        if inner in PARTS and "name" in item:
            return called(PARTS[inner], text_of(item.get("label")), str(item["name"]))
        return self.shower.item(inner.__name__, item, place.about)

    # -- making changes ---------------------------------------------------------------------------

    def _renamed(self, place: _Place, before: str, after: str) -> Change:
        text = sentence(
            phrases.RENAMED,
            subject=place.words,
            before=Text(before, before),
            after=Text(after, after),
        )
        return self._change(place, "rename", before, after, text)

    def _change(self, place: _Place, action: Action, before: Any, after: Any, text: Text) -> Change:
        document = place.document
        return Change(
            action=action,
            kind=document.kind,
            id=str(document.content.get("id") or ""),
            name=document.name,
            module=document.module,
            path=place.path,
            before=before,
            after=after,
            sentence=text,
            part=place.part,
        )

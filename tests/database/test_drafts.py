"""Drafts on the server: documents with versions, changes on record, several admins at once."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from headrace.platform.core.errors import (
    ConflictError,
    NotFoundError,
    PlatformError,
    RefusedError,
    StaleError,
)
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.metadata.documents import Document
from headrace.platform.publishing.drafts import Draft, DraftDocument
from tests.support.documents import field, label
from tests.support.publishing import Publishing, published_at


class Drafting:
    """A published workspace with drafts on top."""

    def __init__(self, work: Publishing) -> None:
        self.work = work
        self.platform = work.platform
        self.drafts = work.platform.drafts

    def write(self, action: Callable[[UnitOfWork], Any]) -> Any:
        return self.platform.write_as_system(lambda _, work: action(work))

    def create(self, name: str = "Spring") -> Draft:
        return self.write(lambda work: self.drafts.create(work, name, None))

    def held(self, draft: Draft, kind: str, name: str) -> DraftDocument:
        draft = self.drafts.get(draft.id)
        return next(
            one
            for one in self.drafts.documents(draft)
            if one.document and (one.document.kind, one.document.name) == (kind, name)
        )

    def content(self, draft: Draft, kind: str, name: str) -> dict[str, Any]:
        held = self.held(draft, kind, name)
        assert held.document is not None
        return copy.deepcopy(dict(held.document.content))

    def put(
        self, draft: Draft, content: dict[str, Any], expected: int | None = None
    ) -> DraftDocument:
        held = self.drafts.document(draft, content["id"])
        version = held.version if expected is None else expected
        return self.write(
            lambda work: self.drafts.put(work, draft, held.id, None, content, version, None)
        )

    def relabel(self, draft: Draft, kind: str, name: str, text: str) -> DraftDocument:
        content = self.content(draft, kind, name)
        content["label"] = label(text, text)
        return self.put(draft, content)


@pytest.fixture
def drafting(database_url: str, tmp_path: Path) -> Iterator[Drafting]:
    with published_at(database_url, tmp_path / "modules") as work:
        yield Drafting(work)


def code(error: pytest.ExceptionInfo[PlatformError]) -> str:
    return error.value.problems[0].code


def test_a_draft_holds_only_what_it_changes(drafting):
    draft = drafting.create()
    assert (draft.base, draft.state, draft.version) == (1, "open", 1)
    before = drafting.drafts.documents(draft)
    assert len(before) == len(drafting.work.contents)
    assert not any(one.is_changed or one.version for one in before)
    drafting.relabel(draft, "role", "boss", "Chief")
    changed = [one for one in drafting.drafts.documents(draft) if one.is_changed]
    assert [(one.document.name, one.version) for one in changed] == [("boss", 2)]
    assert drafting.drafts.get(draft.id).version == 2
    assert drafting.platform.catalogs.refresh().version == 1


def test_a_stale_change_is_refused_with_what_is_there_and_what_was_read(drafting):
    draft = drafting.create()
    mine = drafting.content(draft, "role", "boss")
    drafting.relabel(draft, "role", "boss", "Chief")
    with pytest.raises(StaleError) as error:
        drafting.put(draft, mine, expected=0)
    assert code(error) == "draft.stale"
    differences = error.value.differences
    assert differences["version"] == 2
    assert differences["document"]["content"]["label"]["en"] == "Chief"
    assert differences["read"]["content"]["label"]["en"] == "Boss"
    drafting.put(draft, mine, expected=2)
    assert drafting.content(draft, "role", "boss") == mine
    assert not drafting.held(draft, "role", "boss").is_changed


def test_two_admins_change_different_documents_of_one_draft(drafting):
    draft = drafting.create()
    one, other = (drafting.content(draft, "role", name) for name in ("boss", "dealer"))
    one["label"], other["label"] = label("Chief", "主管"), label("Partner", "伙伴")
    drafting.put(draft, one, expected=0)
    drafting.put(draft, other, expected=0)
    changes = drafting.drafts.changes(draft)
    assert [(one.number, one.action) for one in changes] == [(1, "create"), (2, "put"), (3, "put")]
    assert changes[1].before.content["label"]["en"] == "Boss"
    assert changes[1].after.content["label"]["en"] == "Chief"
    assert drafting.drafts.changes(draft, after=2) == changes[2:]


def test_ids_are_made_when_a_definition_enters_so_that_a_rename_is_one(drafting):
    draft = drafting.create()
    role = {"kind": "role", "name": "auditor", "label": label("Auditor", "审计")}
    made = drafting.write(lambda work: drafting.drafts.add(work, draft, "claims", role, None))
    assert made.document.content["id"] == made.id
    content = drafting.content(draft, "object", "region")
    content["fields"].append(field("size", "integer"))
    drafting.put(draft, content)
    content = drafting.content(draft, "object", "region")
    (added,) = [one for one in content["fields"] if one["name"] == "size"]
    known = added["id"]
    added.update(name="area", was="size")
    drafting.put(draft, content)
    (renamed,) = [
        one
        for one in drafting.content(draft, "object", "region")["fields"]
        if one["name"] == "area"
    ]
    assert renamed["id"] == known
    assert "was" not in renamed


def test_a_part_without_an_id_is_the_live_one_of_its_name(drafting):
    draft = drafting.create()
    content = drafting.content(draft, "object", "region")
    ids = [one.pop("id") for one in content["fields"]]
    content["fields"][0]["label"] = label("Code", "代码")
    drafting.put(draft, content)
    assert [one["id"] for one in drafting.content(draft, "object", "region")["fields"]] == ids


def test_a_copied_part_gets_an_id_of_its_own_name(drafting):
    draft = drafting.create()
    content = drafting.content(draft, "object", "region")
    copied = {key: value for key, value in content["fields"][1].items() if key != "id"}
    content["fields"].append({**copied, "name": "other"})
    drafting.put(draft, content)
    ids = [one["id"] for one in drafting.content(draft, "object", "region")["fields"]]
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ([], "schema.wrong_type"),
        ({"kind": "role"}, "schema.missing_field"),
        ({"kind": "rolle", "name": "x"}, "document.unknown_kind"),
        ({"kind": "role", "name": "Not a name"}, "name.pattern"),
        ({"kind": "role", "name": 7}, "schema.wrong_type"),
        ({"kind": "extends", "name": "region"}, "schema.missing_field"),
    ],
)
def test_what_is_no_document_at_all_is_refused(drafting, content, expected):
    draft = drafting.create()
    with pytest.raises(RefusedError) as error:
        drafting.write(lambda work: drafting.drafts.add(work, draft, "claims", content, None))
    assert code(error).startswith(expected.partition(".")[0])
    assert drafting.drafts.get(draft.id).version == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"fields": [{"type": "nothing"}, 7, {"name": 3}, {"name": "x"}]},
        {"fields": "none", "rules": [[]], "unknown": True},
        {"fields": [{"name": "a", "id": 7}, {"name": "a"}]},
    ],
)
def test_a_draft_may_be_wrong(drafting, wrong):
    draft = drafting.create()
    content = {"kind": "object", "name": "thing", **copy.deepcopy(wrong)}
    drafting.write(lambda work: drafting.drafts.add(work, draft, "claims", content, None))
    kept = drafting.content(draft, "object", "thing")
    drafting.put(draft, kept)
    assert drafting.content(draft, "object", "thing") == kept


def test_names_are_not_taken_twice_within_a_kind(drafting):
    draft = drafting.create()
    role = {"kind": "role", "name": "boss"}
    with pytest.raises(ConflictError) as error:
        drafting.write(lambda work: drafting.drafts.add(work, draft, "claims", role, None))
    assert code(error) == "draft.document_exists"


def test_kind_and_id_of_a_document_stay(drafting):
    draft = drafting.create()
    content = drafting.content(draft, "role", "boss")
    with pytest.raises(RefusedError) as error:
        drafting.put(draft, {**content, "kind": "form"})
    assert code(error) == "draft.other_kind"
    held = drafting.held(draft, "role", "boss")
    with pytest.raises(RefusedError) as error:
        drafting.write(
            lambda work: drafting.drafts.put(
                work, draft, held.id, None, {**content, "id": "else"}, 0, None
            )
        )
    assert code(error) == "draft.other_id"


def test_deleting_and_undoing(drafting):
    draft = drafting.create()
    held = drafting.held(draft, "view", "open_claims")
    gone = drafting.write(lambda work: drafting.drafts.delete(work, draft, held.id, 0, None))
    assert gone.document is None
    shown = [one for one in drafting.drafts.documents(draft) if one.id == held.id]
    assert [(one.document, one.version) for one in shown] == [(None, 2)]
    with pytest.raises(NotFoundError):
        drafting.write(lambda work: drafting.drafts.delete(work, draft, held.id, 2, None))
    back = drafting.write(lambda work: drafting.drafts.undo(work, draft, 2, None))
    assert back.document == held.document
    assert not any(one.is_changed for one in drafting.drafts.documents(draft))
    again = drafting.write(lambda work: drafting.drafts.undo(work, draft, 3, None))
    assert again.document is None
    with pytest.raises(StaleError):
        drafting.write(lambda work: drafting.drafts.undo(work, draft, 2, None))
    with pytest.raises(NotFoundError):
        drafting.write(lambda work: drafting.drafts.undo(work, draft, 1, None))


def test_a_new_definition_comes_and_goes_and_comes_back(drafting):
    draft = drafting.create()
    role = {"kind": "role", "name": "auditor"}
    made = drafting.write(lambda work: drafting.drafts.add(work, draft, "claims", role, None))
    drafting.write(lambda work: drafting.drafts.undo(work, draft, made.version, None))
    names = [one.document.name for one in drafting.drafts.documents(draft) if one.document]
    assert "auditor" not in names
    back = drafting.write(lambda work: drafting.drafts.undo(work, draft, made.version + 1, None))
    assert back.document == made.document


def test_drafts_are_found_by_name_and_names_are_free_again_afterwards(drafting):
    draft = drafting.create("Spring")
    with pytest.raises(RefusedError) as error:
        drafting.create(" Spring ")
    assert code(error) == "draft.name_taken"
    assert drafting.drafts.find("Spring").id == draft.id == drafting.drafts.find(draft.id).id
    drafting.write(lambda work: drafting.drafts.discard(work, draft, 1, None))
    with pytest.raises(NotFoundError):
        drafting.drafts.find("Spring")
    other = drafting.create("Spring")
    assert [one.id for one in drafting.drafts.all()] == [other.id]
    assert {one.id for one in drafting.drafts.all(closed=True)} == {draft.id, other.id}
    with pytest.raises(ConflictError) as closed:
        drafting.relabel(draft, "role", "boss", "Chief")
    assert code(closed) == "draft.closed"


@pytest.mark.parametrize("name", ["", "  ", "x" * 101, "a\nb"])
def test_names_of_drafts(drafting, name):
    with pytest.raises(RefusedError) as error:
        drafting.create(name)
    assert code(error) == "draft.name"


def test_a_definition_that_nobody_knows_is_not_found(drafting):
    draft = drafting.create()
    for wrong in ("nothing", draft.id):
        with pytest.raises(NotFoundError):
            drafting.drafts.document(draft, wrong)
    with pytest.raises(NotFoundError):
        drafting.drafts.get("nothing")


def test_a_draft_stays_on_its_base_while_others_publish(drafting):
    draft = drafting.create()
    drafting.work.contents["role", "boss"]["label"] = label("Chief", "主管")
    drafting.work.publish()
    assert drafting.content(draft, "role", "boss")["label"]["en"] == "Boss"
    assert drafting.drafts.get(draft.id).base == 1
    assert isinstance(drafting.drafts.content(draft)[0], Document)

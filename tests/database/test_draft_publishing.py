"""Publishing drafts: of two from one base the second is refused or merged, and nothing is lost."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from headrace.platform.core.errors import ConflictError, RefusedError, StaleError
from headrace.platform.metadata.merging import Resolution
from headrace.platform.publishing.draft_rows import Draft
from tests.database.test_drafts import Drafting
from tests.support.documents import field
from tests.support.publishing import published_at


@pytest.fixture
def drafting(database_url: str, tmp_path: Path) -> Iterator[Drafting]:
    with published_at(database_url, tmp_path / "modules") as work:
        yield Drafting(work)


def publish(drafting: Drafting, draft: Draft, **keys):
    draft = drafting.drafts.get(draft.id)
    return drafting.platform.draft_publisher.publish(draft, draft.version, "test", None, **keys)


def live(drafting: Drafting, kind: str, name: str):
    documents = drafting.platform.catalogs.content_of().documents
    return next(one.content for one in documents if (one.kind, one.name) == (kind, name))


def codes(problems) -> list[str]:
    return [one.code for one in problems]


def test_a_draft_is_checked_planned_and_published(drafting):
    draft = drafting.create()
    content = drafting.content(draft, "object", "region")
    content["fields"].append(field("size", "integer"))
    drafting.put(draft, content)
    publisher = drafting.platform.draft_publisher
    draft = drafting.drafts.get(draft.id)
    assert publisher.check(draft) == ()
    plan = publisher.plan(draft)
    assert "field.add" in codes(plan.lines)
    outcome = publish(drafting, draft)
    assert outcome.version == 2
    assert (outcome.draft.state, outcome.draft.published) == ("published", 2)
    assert drafting.drafts.get(draft.id) == outcome.draft
    assert any(one["name"] == "size" for one in live(drafting, "object", "region")["fields"])
    with pytest.raises(ConflictError) as error:
        publish(drafting, draft)
    assert codes(error.value.problems) == ["draft.closed"]


def test_a_wrong_draft_is_saved_and_neither_planned_nor_published(drafting):
    draft = drafting.create()
    content = drafting.content(draft, "object", "region")
    content["fields"][0]["type"] = "nothing"
    content["titel"] = "name"
    drafting.put(draft, content)
    publisher = drafting.platform.draft_publisher
    found = publisher.check(draft)
    assert set(codes(found)) == {"field.unknown_type", "schema.unknown_field"}
    assert found[0].path.startswith("/claims/objects/region.json/")
    assert set(codes(publisher.plan(draft).refused)) == set(codes(found))
    with pytest.raises(RefusedError):
        publish(drafting, draft)
    assert drafting.platform.catalogs.refresh().version == 1
    assert drafting.drafts.get(draft.id).is_open


def test_a_definition_in_a_module_without_a_manifest_is_told(drafting):
    draft = drafting.create()
    role = {"kind": "role", "name": "auditor"}
    drafting.write(lambda work: drafting.drafts.add(work, draft, "audits", role, None))
    assert "module.no_manifest" in codes(drafting.platform.draft_publisher.check(draft))
    manifest = {"kind": "module", "name": "audits", "version": "1.0.0"}
    drafting.write(lambda work: drafting.drafts.add(work, draft, "audits", manifest, None))
    assert "module.no_manifest" not in codes(drafting.platform.draft_publisher.check(draft))


def test_the_second_of_two_drafts_is_refused_with_what_changed(drafting):
    one, other = drafting.create("one"), drafting.create("other")
    drafting.relabel(one, "role", "boss", "Chief")
    drafting.relabel(other, "role", "dealer", "Partner")
    publish(drafting, one)
    with pytest.raises(StaleError) as error:
        publish(drafting, other)
    assert codes(error.value.problems)[0] == "publish.conflict"
    assert "publish.changed_since" in codes(error.value.problems)
    assert any("Chief" in problem.message.en for problem in error.value.problems)
    assert error.value.differences["conflicts"] == []
    assert (error.value.differences["base"], error.value.differences["live"]) == (1, 2)
    assert drafting.drafts.get(other.id).is_open
    assert live(drafting, "role", "dealer")["label"]["en"] == "Dealer"


def test_the_second_of_two_drafts_is_merged_where_that_is_asked_for(drafting):
    one, other = drafting.create("one"), drafting.create("other")
    drafting.relabel(one, "role", "boss", "Chief")
    drafting.relabel(other, "role", "dealer", "Partner")
    publish(drafting, one)
    plan = drafting.platform.draft_publisher.plan(other)
    assert "draft.behind" in codes(plan.problems)
    assert len(plan.lines) == 1
    outcome = publish(drafting, other, merging=True)
    assert outcome.version == 3
    assert live(drafting, "role", "boss")["label"]["en"] == "Chief"
    assert live(drafting, "role", "dealer")["label"]["en"] == "Partner"
    assert outcome.draft.base == 2


def test_contradictions_are_listed_and_settled(drafting):
    one, other = drafting.create("one"), drafting.create("other")
    drafting.relabel(one, "role", "boss", "Chief")
    drafting.relabel(other, "role", "boss", "Head")
    publish(drafting, one)
    with pytest.raises(StaleError) as error:
        publish(drafting, other, merging=True)
    conflicts = error.value.differences["conflicts"]
    keys = ["role/boss/label/en", "role/boss/label/zh"]
    assert [conflict["key"] for conflict in conflicts] == keys
    assert conflicts[0]["ours"] == "Head"
    assert conflicts[0]["theirs"] == "Chief"
    assert codes(error.value.problems)[:3] == [
        "publish.conflict",
        "merge.conflict",
        "merge.conflict",
    ]
    plan = drafting.platform.draft_publisher.plan(other)
    assert set(codes(plan.refused)) == {"merge.conflict"}
    with pytest.raises(RefusedError) as unknown:
        publish(drafting, other, merging=True, resolutions={"role/none": Resolution("ours")})
    assert "merge.unknown_conflict" in codes(unknown.value.problems)
    answers = {keys[0]: Resolution("ours"), keys[1]: Resolution(value="头")}
    publish(drafting, other, merging=True, resolutions=answers)
    assert live(drafting, "role", "boss")["label"] == {"en": "Head", "zh": "头"}


def test_a_rebased_draft_shows_what_is_live_with_its_changes_on_top(drafting):
    one, other = drafting.create("one"), drafting.create("other")
    drafting.relabel(one, "role", "boss", "Chief")
    drafting.relabel(other, "role", "boss", "Head")
    drafting.relabel(other, "role", "dealer", "Partner")
    publish(drafting, one)
    publisher = drafting.platform.draft_publisher

    def rebase(resolutions=None):
        version = drafting.drafts.get(other.id).version
        return drafting.write(
            lambda work: publisher.rebase(work, other, version, resolutions, None)
        )

    with pytest.raises(StaleError):
        rebase()
    assert drafting.drafts.get(other.id).base == 1
    keys = ("role/boss/label/en", "role/boss/label/zh")
    rebased = rebase({key: Resolution("theirs") for key in keys})
    assert rebased.base == 2
    assert drafting.content(other, "role", "boss")["label"]["en"] == "Chief"
    assert drafting.content(other, "role", "dealer")["label"]["en"] == "Partner"
    changed = [one.document.name for one in drafting.drafts.documents(rebased) if one.is_changed]
    assert changed == ["dealer"]
    actions = [one.action for one in drafting.drafts.changes(other)]
    assert actions == ["create", "put", "put", "rebase", "rebase"]
    assert rebase().version == rebased.version
    publish(drafting, other)
    assert live(drafting, "role", "dealer")["label"]["en"] == "Partner"


def test_a_draft_that_was_changed_meanwhile_is_not_published(drafting):
    draft = drafting.create()
    drafting.relabel(draft, "role", "boss", "Chief")
    planned = drafting.drafts.get(draft.id)
    drafting.relabel(draft, "role", "dealer", "Partner")
    with pytest.raises(StaleError) as error:
        drafting.platform.draft_publisher.publish(planned, planned.version, "test", None)
    assert codes(error.value.problems) == ["draft.stale"]


def test_a_change_that_arrives_while_publishing_stops_it(drafting, monkeypatch):
    draft = drafting.create()
    drafting.relabel(draft, "role", "boss", "Chief")
    publisher = drafting.platform.publisher
    publish_plan = publisher.publish

    def with_a_change_before(plan, *arguments, **keys):
        drafting.relabel(draft, "role", "dealer", "Partner")
        return publish_plan(plan, *arguments, **keys)

    monkeypatch.setattr(publisher, "publish", with_a_change_before)
    with pytest.raises(StaleError):
        publish(drafting, draft)
    assert drafting.platform.catalogs.refresh().version == 1
    assert drafting.drafts.get(draft.id).is_open


def test_a_version_that_arrives_while_merging_is_merged_too(drafting, monkeypatch):
    one, other = drafting.create("one"), drafting.create("other")
    drafting.relabel(one, "role", "boss", "Chief")
    drafting.relabel(other, "role", "dealer", "Partner")
    publisher = drafting.platform.publisher
    publish_plan = publisher.publish

    def with_another_before(plan, *arguments, **keys):
        monkeypatch.setattr(publisher, "publish", publish_plan)
        publish(drafting, one)
        return publish_plan(plan, *arguments, **keys)

    monkeypatch.setattr(publisher, "publish", with_another_before)
    publish(drafting, other, merging=True)
    assert live(drafting, "role", "boss")["label"]["en"] == "Chief"
    assert live(drafting, "role", "dealer")["label"]["en"] == "Partner"


def test_a_rename_in_a_draft_keeps_the_values(drafting):
    record = drafting.work.create("region", code="N", name="North")
    draft = drafting.create()
    content = drafting.content(draft, "object", "region")
    content["fields"].append(field("note", "text", length=30))
    drafting.put(draft, content)
    publish(drafting, draft)
    drafting.platform.write_as_system(
        lambda context, work: drafting.platform.store.update(
            context, work, "region", record, {"note": "kept"}, 1
        )
    )
    draft = drafting.create()
    content = drafting.content(draft, "object", "region")
    renamed = next(one for one in content["fields"] if one["name"] == "note")
    renamed["name"] = "remark"
    drafting.put(draft, content)
    publish(drafting, draft)
    assert drafting.work.value("region", record, "remark") == "kept"


def test_an_empty_draft_is_published_without_a_version(drafting):
    draft = drafting.create()
    outcome = publish(drafting, draft)
    assert (outcome.version, outcome.draft.state) == (1, "published")


def test_two_drafts_change_one_object_and_the_rows_keep_their_values(drafting):
    record = drafting.work.create("region", code="N", name="North")
    one, other = drafting.create("one"), drafting.create("other")
    for draft, name in ((one, "size"), (other, "colour")):
        content = drafting.content(draft, "object", "region")
        content["fields"].append(field(name, "text", length=20))
        drafting.put(draft, content)
    publish(drafting, one)
    publish(drafting, other, merging=True)
    names = [field["name"] for field in live(drafting, "object", "region")["fields"]]
    assert names == ["code", "name", "parent", "colour", "size"]
    assert drafting.work.value("region", record, "name") == "North"

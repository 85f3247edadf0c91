"""Record types that another module adds."""

from __future__ import annotations

from headrace.platform.core.problems import errors
from headrace.platform.metadata.building import build_catalog
from headrace.platform.metadata.checks import run_checks
from headrace.platform.metadata.documents import Document
from headrace.platform.metadata.field_types import built_in
from tests.support.rules_world import contents


def test_an_extension_adds_types_and_field_rules() -> None:
    base = contents()
    parcel = next(one for one in base if one["name"] == "parcel" and one["kind"] == "object")
    parcel["record_types"] = [{"name": "plain"}]
    documents = [Document("post", one) for one in base]
    more = {
        "kind": "extends",
        "of": "object",
        "name": "parcel",
        "record_types": [{"name": "cold", "roles": ["boss"]}],
        "field_rules": [
            {"name": "iced", "about": ["note"], "effect": "require", "when": "record_type = 'cold'"}
        ],
    }
    module = {"kind": "module", "name": "ice", "version": "1.0.0", "requires": ["post"]}
    documents += [Document("ice", module), Document("ice", more)]

    built = build_catalog(documents, built_in(), 1)

    assert built.problems == ()
    assert built.catalog is not None
    model = built.catalog.objects["parcel"]
    assert [one.value for one in model.fields["record_type"].options.choices] == ["plain", "cold"]
    names = [one.name for one in model.field_rules]
    assert names[-2:] == ["iced", "record_type_cold"]
    assert errors(run_checks(built.catalog)) == []

"""The catalog: names resolved, formulas typed, computing ordered."""

from __future__ import annotations

from headrace.platform.metadata.building import build_catalog
from headrace.platform.metadata.checks import run_checks
from headrace.platform.metadata.documents import Document
from headrace.platform.metadata.field_types import built_in
from tests.support.documents import documents, field, workspace


def built(contents=None):
    result = build_catalog(documents(contents), built_in())
    assert result.problems == ()
    assert result.catalog is not None
    return result.catalog


def test_the_workspace_builds_and_passes_all_checks():
    assert run_checks(built()) == ()


def test_a_sum_takes_the_type_of_what_it_sums():
    total = built().objects["claim"].fields["total"]

    assert total.storage.scale == 2
    assert total.value_type.scale == 2


def test_a_formula_over_its_own_row_is_stored_and_one_along_a_lookup_is_not():
    fields = built().objects["claim"].fields

    assert fields["payable"].stored
    assert not fields["region_name"].stored


def test_a_formula_over_a_constant_or_today_is_not_stored():
    contents = workspace()
    contents["object", "claim"]["fields"] += [
        field("over", "formula", returns="money", formula="total - $C.claim_limit"),
        field("age", "formula", returns="integer", formula="DATEDIFF(claimed_on, TODAY(), 'day')"),
    ]

    fields = built(contents).objects["claim"].fields

    assert not fields["over"].stored
    assert not fields["age"].stored


def test_formulas_are_computed_after_what_they_read():
    contents = workspace()
    contents["object", "claim"]["fields"][0:0] = [
        field("third", "formula", returns="money", formula="second * 2"),
        field("second", "formula", returns="money", formula="payable * 2"),
    ]

    order = built(contents).objects["claim"].computed_order

    assert order.index("payable") < order.index("second") < order.index("third")


def test_a_tree_refers_to_its_own_object():
    parent = built().objects["region"].fields["parent"]

    assert parent.target == "region"
    assert parent.is_tree


def test_approvals_stand_at_their_transition_by_falling_priority():
    contents = workspace()
    urgent = dict(contents["approval", "claim_by_amount"], name="urgent", priority=90)
    contents["approval", "urgent"] = urgent

    approvals = built(contents).workflows["claim_flow"].approvals["submit"]

    assert [one.name for one in approvals] == ["urgent", "claim_by_amount"]


def test_an_extension_adds_fields_to_another_module_s_object():
    extension = {
        "kind": "extends",
        "of": "object",
        "name": "company",
        "fields": [field("rating", "integer")],
    }

    manifest = {"kind": "module", "name": "extra", "version": "1.0.0", "requires": ["claims"]}
    extra = [Document("extra", one) for one in (manifest, extension)]

    result = build_catalog([*documents(), *extra], built_in())

    assert result.catalog is not None
    assert "rating" in result.catalog.objects["company"].fields


def test_the_fingerprint_depends_on_the_content_alone():
    first = built()
    again = build_catalog(list(reversed(documents())), built_in()).catalog
    contents = workspace()
    contents["object", "claim"]["history"] = False

    assert again is not None
    assert first.fingerprint == again.fingerprint
    assert first.fingerprint != built(contents).fingerprint


def test_a_formula_over_one_that_is_computed_on_read_is_not_stored_either():
    contents = workspace()
    contents["object", "claim"]["fields"] += [
        field("twice", "formula", returns="integer", formula="once * 2"),
        field("once", "formula", returns="integer", formula="age + 1"),
        field("age", "formula", returns="integer", formula="DATEDIFF(claimed_on, TODAY(), 'day')"),
    ]

    fields = built(contents).objects["claim"].fields

    assert not any(fields[name].stored for name in ("age", "once", "twice"))

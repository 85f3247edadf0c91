"""Choices in forms without script: what is offered, what is refused and where it is told."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.documents import field, label, workspace
from tests.support.live import Live
from tests.support.surfing import Surfer


def _choices(*names: str, **keys: object) -> list[dict[str, object]]:
    return [{"value": one, "label": label(one.title(), one), **keys} for one in names]


def _workspace() -> dict[Any, Any]:
    """Return the workspace with the fields of all tests here: one database serves them in any order."""
    contents = workspace()
    contents["object", "claim"]["fields"] += [
        field("harm", "choice", choices=[*_choices("small"), *_choices("old", active=False)]),
        field(
            "cure",
            "choice",
            choices=_choices("glue", "paint"),
            depends_on="kind",
            allowed={"damage": ["glue"], "loss": ["paint"]},
        ),
        field(
            "causes",
            "multi_choice",
            choices=_choices("water", "heat", "shock", "sent"),
            required=True,
        ),
    ]
    contents["form", "claim_entry"]["sections"][0]["items"] += ["harm", "cure", "causes"]
    return contents


@pytest.fixture
def ann(live: Live) -> Surfer:
    live.publish(_workspace())
    return Surfer(live, "ann")


def test_a_form_offers_active_values_and_says_what_depends_on_what(ann: Surfer) -> None:
    page = ann.get("/o/claim/new")
    html = page.response.get_data(as_text=True)
    assert 'value="small"' in html
    assert 'value="old"' not in html
    assert 'data-depends-on="kind"' in html
    assert "&#34;damage&#34;: [&#34;glue&#34;]" in html
    sent = ann.send_values(
        page.form("/new"), {"f.subject": "Choices", "f.harm": "old", "f.cure": "paint"}
    )
    assert sent.status == 422
    assert "“Old” may no longer be chosen" in sent.text
    assert "“Paint” cannot be chosen" in sent.text


def test_several_values_go_through_a_form_and_its_list(live: Live, ann: Surfer) -> None:
    form = ann.get("/o/claim/new").form("/new")
    refused = ann.send_values(form, {"f.subject": "Several"})
    assert refused.status == 422
    assert "“causes” needs a value" in refused.text
    again = refused.form("/new")
    made = ann.send_values(again, {"f.causes:=water": "1", "f.causes:=heat": "1"})
    assert made.status == 303, made.text
    address = made.address.split("?")[0]
    assert "Water, Heat" in ann.get(address).text
    admin = Surfer(live, "admin")
    edit = admin.get(f"{address}/edit").form("/edit")
    assert {name for name in edit.values if name.startswith("f.causes:")} == {
        "f.causes:sent",
        "f.causes:=water",
        "f.causes:=heat",
    }
    changed = admin.send_values(edit, {"f.causes:=water": None, "f.causes:=shock": "1"})
    assert changed.status == 303, changed.text
    zh = Surfer(live, "ann", "zh")
    assert "heat、shock" in zh.get(address).text
    assert "Several" in ann.get("/o/claim?view=all&f.causes=shock").text
    assert "Several" not in ann.get("/o/claim?view=all&f.causes=water").text
    again = admin.get(f"{address}/edit").form("/edit")
    assert admin.send_values(again, {"f.causes:=sent": "1"}).status == 303
    assert "Heat, Shock, Sent" in admin.get(address).text
    gone = admin.get(f"{address}/edit").form("/edit")
    refused = admin.send_values(gone, {"f.causes:=fire": "1"})
    assert (refused.status, "fire" in refused.text) == (422, True)

"""Choices in forms without script: what is offered, what is refused and where it is told."""

from __future__ import annotations

from tests.support.documents import field, label, workspace
from tests.support.live import Live
from tests.support.surfing import Surfer


def _choices(*names: str, **keys: object) -> list[dict[str, object]]:
    return [{"value": one, "label": label(one.title(), one), **keys} for one in names]


def test_a_form_offers_active_values_and_says_what_depends_on_what(live: Live) -> None:
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
    ]
    contents["form", "claim_entry"]["sections"][0]["items"] += ["harm", "cure"]
    live.publish(contents)
    ann = Surfer(live, "ann")
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

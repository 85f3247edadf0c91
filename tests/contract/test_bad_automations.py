"""Every bad automation is refused with its code, its node, and a remedy in both languages."""

from __future__ import annotations

import pytest

from tests.contract.bad_automations import BAD, Bad, good
from tests.contract.test_bad_documents import problems_of
from tests.support.documents import workspace


def test_the_good_automation_has_no_problem():
    contents = workspace()
    contents["automation", "fees"] = good()

    assert problems_of(contents) == ()


@pytest.mark.parametrize("bad", BAD, ids=lambda bad: bad.name)
def test_a_bad_automation_is_refused_with_code_place_and_remedy(bad: Bad):
    contents = workspace()
    bad.change(contents)
    contents["automation", "fees"] = good() | bad.keys

    problems = problems_of(contents)

    found = [
        one
        for one in problems
        if one.code.startswith(bad.code)
        and "/claims/automations/fees.json" in one.path
        and bad.place in one.path
    ]
    assert found, [(one.code, one.path) for one in problems]
    assert found[0].severity == bad.severity
    for language in ("en", "zh"):
        rendered = found[0].render(language)
        assert rendered["message"]
        assert rendered["hint"]

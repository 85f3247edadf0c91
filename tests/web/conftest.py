"""The web application over a small published workspace, on each database."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.support.live import PASSWORD, Live, open_live
from tests.support.surfing import Surfer

PEOPLE = ("ann", "bob", "boss", "manager", "fin", "admin")


@pytest.fixture(scope="module")
def live(shared_database_url: str) -> Iterator[Live]:
    """A platform whose people can sign in; shared by the tests of a file."""
    found = open_live(shared_database_url)
    with found.platform.database.writing(None) as work:
        for login in PEOPLE:
            found.platform.identity.set_password(work, found.ids[login], PASSWORD)
    yield found
    found.platform.close()


@pytest.fixture
def surfer(live: Live) -> Callable[..., Surfer]:
    """Sign somebody in: `surfer("ann")`, `surfer("ann", "zh")`."""
    return lambda login, language="en": Surfer(live, login, language)


@pytest.fixture
def submitted(live: Live) -> tuple[Surfer, str]:
    """Ann, and the id of a claim that she submitted: it waits for the manager."""
    ann = Surfer(live, "ann")
    subject = f"Claim {live.platform.ids.record_id()}"
    values: dict[str, str | None] = {
        "f.subject": subject,
        "grid.items": "1",
        "c.items.0.what": "Glass",
        "c.items.0.qty": "30",
        "c.items.0.price": "10",
    }
    sent = ann.send_values(ann.get("/o/claim/new").form("/new"), values)
    record_id = sent.address.split("/")[3].split("?")[0]
    page = ann.get(f"/o/claim/{record_id}")
    assert ann.send(page.form("/transitions/submit")).status == 303
    return ann, record_id

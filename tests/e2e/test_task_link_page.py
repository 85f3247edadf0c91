"""The page behind a link in mail, on a phone that nobody is signed in on; how people choose to be told."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser, expect

from headrace.platform import runtime
from headrace.platform.access.tables import USER
from headrace.platform.workflow.tables import TASK
from headrace.settings import load_settings
from tests.e2e.conftest import SECRET, serving
from tests.support.browsing import Person, sit_down

pytestmark = pytest.mark.e2e


@dataclass
class Served:
    """A demo being served, with a link to a task that waits for somebody, and who that is."""

    address: str
    path: str
    login: str


@pytest.fixture
def served(front_end: None, demo_folder: Path, tmp_path: Path) -> Iterator[Served]:
    folder = tmp_path / "demo"
    shutil.copytree(demo_folder, folder)
    url = f"sqlite:///{folder / 'var' / 'headrace.sqlite'}"
    variables = {"HEADRACE_DATABASE_URL": url, "HEADRACE_SECRET_KEY": SECRET}
    platform = runtime.build(load_settings(variables, folder))
    waiting = sa.select(TASK, USER.c.login).join(USER, USER.c.id == TASK.c.user)
    with platform.database.reading() as reading:
        task = reading.connection.execute(waiting.where(TASK.c.state == "open")).first()
        assert task is not None
        token = platform.task_links.token(reading.connection, task.user, task)
    platform.close()
    with serving(folder) as address:
        yield Served(address, f"/task-link/{token}", task.login)


def test_a_task_is_decided_from_a_mail_on_a_phone(
    served: Served, browser: Browser, shots: Path
) -> None:
    context = browser.new_context(viewport={"width": 375, "height": 812}, locale="zh-CN")
    page = context.new_page()
    nobody = Person(context, page, served.address, "zh", 375, shots, "link")
    nobody.go(served.path)
    nobody.look("asked")
    expect(page.locator(".chain").first).to_be_in_viewport()
    expect(page.locator("button[value=approve]")).to_be_in_viewport()
    page.locator("#comment").fill("邮件中同意")
    page.locator("button[value=approve]").click()
    expect(page.locator("h1")).to_be_visible()
    expect(page.locator("main")).to_contain_text("您已同意")
    nobody.look("decided")
    nobody.go(served.path)
    expect(page.locator("main")).to_contain_text("该任务已处理")
    nobody.go("/inbox")
    expect(page.locator("#password")).to_be_visible()
    context.close()


def test_somebody_chooses_how_to_be_told(served: Served, browser: Browser, shots: Path) -> None:
    person = sit_down(browser, served.address, served.login, "en", 375, shots)
    person.go("/notifications/settings")
    person.look("settings")
    person.page.locator("input[name=copies][value=mail]").check()
    person.page.locator("form.decide button.main").click()
    expect(person.page.locator("input[name=copies][value=mail]")).to_be_checked()
    assert not person.faults, person.faults
    person.context.close()

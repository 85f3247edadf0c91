"""Story S02 on a phone: a re-order with three promotions, rebate and credit, confirmed by nobody, then received.

The lines are typed, and the order is copied to a next one. All amounts of what follows are
tested in `tests/demo/test_story_s02.py`.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser, expect

from headrace.platform.database.opening import open_database
from headrace.platform.publishing.workspace import stop_clock
from tests.e2e.conftest import serving
from tests.support.browsing import Person, sit_down
from tests.support.files import png

pytestmark = pytest.mark.e2e

SUBMITTED = datetime(2025, 6, 10, 10, 4, tzinfo=ZoneInfo("Asia/Shanghai"))
LINES = (
    ("CL-WP-RO800-WH", "20", "1949.00", "38980.00"),
    ("CL-RH-T9-GY", "8", "2339.00", "18712.00"),
    ("CL-GS-D5-BK", "8", "1089.00", "8712.00"),
    ("CL-FC-RO-01", "40", "219.00", "8760.00"),
)
GROSS, NET, CAP = Decimal("75164.00"), Decimal("72927.36"), Decimal("21878.21")
REDUCTION, INCENTIVE = Decimal("1500.00"), Decimal("736.64")
PAYABLE = Decimal("52927.36")
CREDIT = "/o/credit_profile"


@pytest.fixture
def server(
    front_end: None, demo_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The demo at 10:04 on the day of the story."""
    folder = tmp_path_factory.mktemp("s02") / "demo"
    shutil.copytree(demo_folder, folder)
    database = open_database(f"sqlite:///{folder / 'var' / 'headrace.sqlite'}")
    with database.writing(None) as work:
        stop_clock(work, SUBMITTED)
    database.dispose()
    with serving(folder) as address:
        yield address


def test_a_clean_order_is_priced_capped_and_confirmed_without_a_human(
    server: str, browser: Browser, shots: Path
) -> None:
    clerk = sit_down(browser, server, "xumiao", "zh", 375, shots)
    finance = sit_down(browser, server, "sunmin", "zh", 1280, shots)
    before = _available(finance)
    _fill(clerk)
    page = clerk.page
    rebate = page.locator("[name='f.rebate_requested']")
    rebate.fill("22000")
    rebate.press("Tab")
    page.locator(".bar button.main").click()
    expect(page.locator(".message.bad, .error:not(:empty)").first).to_be_visible()
    assert page.url.endswith("/new"), "more than the cap is refused"
    assert [one for one in clerk.faults if "422" not in one] == []
    clerk.faults.clear()
    rebate.fill("20000")
    rebate.press("Tab")
    expect(page.locator("form[data-asking]")).to_have_count(0)
    assert clerk.amount(".bar [data-output=payable_amount]") == PAYABLE
    page.locator(".bar button.main").click()
    expect(page.locator(".message.good")).to_be_visible()
    assert clerk.text("h1").startswith("SO-20250610-")
    clerk.look("order saved")
    page.locator(".page-head form .button.main").click()
    expect(page.locator(".state-line")).to_contain_text("已确认")
    text = page.locator("main").inner_text()
    amounts = ("75,164.00", "1,500.00", "736.64", "72,927.36", "21,878.21", "20,000.00")
    for shown in (*amounts, "52,927.36", "6,088.99"):
        assert shown in text, shown
    for promotion in ("六月净水器满30000减1500", "试点伙伴线上下单优惠1%", "RO复合滤芯"):
        assert promotion in text, promotion
    assert text.count("2025-06-10 10:04") >= 2, "submitted and confirmed in the same minute"
    clerk.look("order confirmed")
    assert before - _available(finance) == PAYABLE
    order = urlsplit(page.url).path
    _once_more(clerk)
    warehouse = sit_down(browser, server, "hecang", "zh", 1280, shots)
    _ship(warehouse, order)
    _receive(clerk)
    for person in (clerk, finance, warehouse):
        assert not person.faults, person.faults
        person.context.close()


def _fill(clerk: Person) -> None:
    page = clerk.page
    clerk.go("/o/sales_order/new")
    expect(page.locator("form[data-ready=yes]")).to_be_visible()
    for position, (code, quantity, price, amount) in enumerate(LINES):
        if position:
            page.locator("button[data-add]").click()
        row = page.locator("tr[data-row]").nth(position)
        lookup = row.locator("[data-column=sku] input[role=combobox]")
        lookup.click()
        lookup.fill(code)
        choice = page.locator(".choices:not([hidden]) li[data-index]").first
        expect(choice).to_contain_text(code)
        choice.click()
        row.locator("[data-column=qty] input[type=text]").fill(quantity)
        row.locator("[data-column=qty] input[type=text]").press("Tab")
        expect(row.locator("[data-output=price]")).not_to_have_text("–")
        expect(page.locator("form[data-asking]")).to_have_count(0)
        assert clerk.amount(row.locator("[data-output=price]")) == Decimal(price), code
        assert clerk.amount(row.locator("[data-output=line_amount]")) == Decimal(amount), code
    assert clerk.amount("[data-output=gross_amount]") == GROSS
    assert clerk.amount("[data-output=full_reduction]") == REDUCTION
    assert clerk.amount("[data-output=online_incentive]") == INCENTIVE
    assert clerk.amount("[data-output=net_amount]") == NET
    assert clerk.amount("[data-output=rebate_cap]") == CAP


def _once_more(clerk: Person) -> None:
    """The next order begins with the lines that were typed; its gift follows by itself again."""
    page = clerk.page
    page.locator(".actions details.menu summary").click()
    page.locator(".menu-panel a", has_text="复制新建").click()
    expect(page.locator("form[data-ready=yes]")).to_be_visible()
    expect(page.locator("tr[data-row]")).to_have_count(len(LINES))
    expect(page.locator("form[data-asking]")).to_have_count(0)
    assert clerk.amount("[data-output=gross_amount]") == GROSS
    clerk.look("order copied")


def _ship(warehouse: Person, order: str) -> None:
    page = warehouse.page
    warehouse.go(order)
    page.locator(".page-head .actions a", has_text="开发货单").click()
    page.locator("main select").first.select_option("sf")
    page.locator("main form button.main").click()
    expect(page.locator(".message.good")).to_contain_text("FH-20250610-0001")


def _receive(clerk: Person) -> None:
    """One of twenty is broken: a photo is asked for, and the return is there as a draft."""
    page = clerk.page
    clerk.go("/o/shipment")
    page.locator("a[href^='/o/shipment/0']").first.click()
    page.locator(".page-head .actions a", has_text="签收到货").click()
    page.locator("main form button.main").click()
    page.locator(".message.good a").first.click()
    expect(page.locator("h1")).to_contain_text("QS-20250610-0001")
    clerk.look("receipt drafted")
    receipt = urlsplit(page.url).path
    clerk.go(f"{receipt}/edit")
    expect(page.locator("form[data-ready=yes]")).to_be_visible()
    expect(page.locator("[data-add]")).to_have_count(
        0
    )  # what was shipped says which rows there are
    row = page.locator("tr[data-row]", has_text="RO800")
    for column, value in (("accepted_qty", "19"), ("damaged_qty", "1")):
        row.locator(f"[data-column={column}] input[type=text]").fill(value)
        row.locator(f"[data-column={column}] input[type=text]").press("Tab")
    page.fill("[name='f.signed_by']", "许苗")
    expect(page.locator("form[data-asking]")).to_have_count(0)
    page.locator(".bar button.main").click()
    expect(page.locator(".message.good")).to_be_visible()
    page.locator(".page-head form .button.main").click()
    expect(page.locator(".message.bad")).to_contain_text("有差异时请上传照片")
    assert [one for one in clerk.faults if "422" not in one] == []
    clerk.faults.clear()
    clerk.go(f"{receipt}/edit")
    photo = {"name": "damage.png", "mimeType": "image/png", "buffer": png(32, 32)}
    page.locator("#f-photos .file-choose input").set_input_files([photo])
    expect(page.locator("#f-photos img.thumb")).to_be_visible()
    page.locator(".bar button.main").click()
    page.locator(".page-head form .button.main").click()
    expect(page.locator(".state-line")).to_contain_text("已确认")
    clerk.look("receipt confirmed")
    clerk.go("/o/return_order")
    page.locator("a[href^='/o/return_order/0']").first.click()
    text = page.locator("main").inner_text()
    for shown in ("TH-20250610-0001", "运输破损", "1,346.46", "草稿"):
        assert shown in text, shown
    clerk.look("return drafted")


def _available(finance: Person) -> Decimal:
    """Return the credit that the partner has left, as finance sees it."""
    finance.go(f"{CREDIT}?view=all_credit&q=XY-00001")
    finance.page.locator(f"a[href^='{CREDIT}/0']").first.click()
    line = finance.page.locator("dt", has_text="可用额度").first.locator("xpath=..")
    return finance.amount(line.locator("dd"))

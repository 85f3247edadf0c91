"""The page on which those who may design try the approvals of a record."""

from __future__ import annotations

from collections.abc import Callable

from tests.support.surfing import Surfer


def test_a_designer_tries_values_and_replays(
    submitted: tuple[Surfer, str], surfer: Callable[..., Surfer]
) -> None:
    ann, record_id = submitted
    assert ann.send(ann.get(f"/o/claim/{record_id}").form("/withdraw")).status == 303
    admin = surfer("admin")
    assert f"/o/claim/{record_id}/try" in admin.get(f"/o/claim/{record_id}").links

    page = admin.get(f"/o/claim/{record_id}/try?submitter=ann&v.fee=7&replay=1")

    assert page.status == 200
    assert "payable = 307.00" in page.text
    assert "Manager by the field company.manager" in page.text
    assert "0 would go another way" in page.text
    wrong = admin.get(f"/o/claim/{record_id}/try?submitter=nobody&v.fee=7")
    assert (wrong.status, "There is no active user “nobody”." in wrong.text) == (200, True)
    chinese = surfer("admin", "zh").get(f"/o/claim/{record_id}/try?v.fee=many")
    assert "“fee”不能以此值试算" in chinese.text


def test_the_page_is_not_there_for_others(
    submitted: tuple[Surfer, str], surfer: Callable[..., Surfer]
) -> None:
    ann, record_id = submitted
    assert ann.get(f"/o/claim/{record_id}/try").status == 404
    assert f"/o/claim/{record_id}/try" not in ann.get(f"/o/claim/{record_id}").links
    assert surfer("manager").get(f"/o/claim/{record_id}/try").status == 404
    assert surfer("admin").get("/o/company/00000000000000000000000000/try").status == 404

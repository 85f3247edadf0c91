"""The page where each person chooses how to be told, and the address that mail leads to."""

from __future__ import annotations

from collections.abc import Callable

from tests.support.live import Live
from tests.support.surfing import Surfer

ADDRESS = "/notifications/settings"


def test_somebody_chooses_and_finds_the_choice_again(
    live: Live, surfer: Callable[..., Surfer]
) -> None:
    ann = surfer("ann", "zh")
    page = ann.get(ADDRESS)
    assert "我的消息设置" in page.text
    assert "未启用邮件" in page.text, "this installation has no server"
    sent = ann.send(page.form(ADDRESS), copies="mail", tasks="inside")
    assert (sent.status, sent.address) == (303, f"{ADDRESS}?done=saved")
    told = live.renewed_client("ann").get("/api/v1/me/notification-choices").json
    assert told["mail"] is False
    assert (told["choices"]["copies"], told["choices"]["tasks"]) == ("mail", "inside")
    ann = surfer("ann")
    again = ann.get(ADDRESS).form(ADDRESS)
    assert ("copies", "mail") in again.values.items()
    assert ann.send(again, copies="fax").status == 422
    assert surfer("bob").get(ADDRESS).form(ADDRESS).values["copies"] == "digest", "hers alone"


def test_mail_leads_only_its_reader_to_what_it_is_about(
    live: Live, submitted: tuple[Surfer, str], surfer: Callable[..., Surfer]
) -> None:
    _, record_id = submitted
    live.platform.worker().drain()
    news = live.platform.notifications.latest(live.ids["manager"])
    one = next(one for one in news if one.record_id == record_id)
    address = f"/notifications/{one.id}"
    manager = surfer("manager")
    led = manager.get(address)
    assert (led.status, led.address) == (303, f"/inbox/{one.task_id}")
    unread = next(
        other
        for other in live.platform.notifications.latest(live.ids["manager"])
        if other.id == one.id
    )
    assert not unread.read, "opening a link changes nothing"
    assert surfer("bob").get(address).status == 404
    assert manager.get("/notifications/x").status == 404
    gone = live.app.test_client().get(address)
    assert gone.status_code == 303
    assert "sign-in" in gone.headers["Location"]

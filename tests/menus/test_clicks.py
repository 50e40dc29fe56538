"""Clicks: added up once, by day and by the version that was live."""

from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.inbox import InboxMessage
from handlers import menu_jobs
from kernel.clock import business_day
from loyalty.tags import Tag
from menus import clicks, publications
from menus.clicks import EntryClicks, MenuClick
from menus.conditional import Face, Rule, Variant
from menus.targets import Target, click, view
from menus.tree import Entry, Hall, Menu
from menus.wechat_tags import WechatTagging
from tests.menus.house import BASE, MARKETER, House, menu

APP = Target("miniprogram", "/site/", "wx0123456789abcdef", "pages/home?from=menu")
WIDE = Menu(
    (
        Hall("一", (Entry("资费", click("prices")), Entry("也是", click("prices")))),
        Hall("二", (Entry("券", view("/site/coupons?from=menu")), Entry("小程序", APP))),
        Hall("三", target=Target("media_id", "M")),
    )
)


def tap(house: House, key: str | None, openid: str = "oAnna", kind: str = "click") -> None:
    """A row of the inbox, as the webhook leaves it."""
    when = house.clock.now()

    def put(db: object) -> None:
        count = len(db.scalars(select(InboxMessage.id)).all())  # type: ignore[attr-defined]
        row = InboxMessage(
            key=f"{count:064d}",
            kind=f"event.{kind}",
            openid=openid,
            event_key=key,
            sent_at=when,
            received_at=when,
        )
        db.add(row)  # type: ignore[attr-defined]

    house.do(put)


def rows(house: House) -> dict[tuple[date, int, str], int]:
    found = house.database.read(lambda db: db.scalars(select(MenuClick)).all())
    return {(row.day, row.version_id, row.target): row.count for row in found}


def test_taps_are_added_up_once(house: House) -> None:
    number = house.publish(WIDE)
    day = business_day(house.clock.now())
    house.clock.move(minutes=1)
    for _ in range(3):
        tap(house, "prices")
    tap(house, f"{BASE}/site/coupons", kind="view")
    tap(house, "pages/home", kind="view_miniprogram")
    tap(house, None, kind="subscribe")
    menu_jobs.count_clicks(house.tools)
    assert rows(house) == {}  # the minute is not closed yet
    house.clock.move(minutes=5)
    menu_jobs.count_clicks(house.tools)
    menu_jobs.count_clicks(house.tools)
    expected = {"prices": 3, f"{BASE}/site/coupons": 1, "pages/home": 1}
    assert rows(house) == {(day, number, key): count for key, count in expected.items()}
    tap(house, "prices")
    house.clock.move(minutes=5)
    menu_jobs.count_clicks(house.tools)
    found = house.database.read(lambda db: clicks.clicks(db, number, day))
    assert found[0]["prices"] == 4
    assert clicks.by_entry(WIDE, found[0], BASE) == [
        EntryClicks((0, 0), "资费", 4, True),
        EntryClicks((0, 1), "也是", 4, True),
        EntryClicks((1, 0), "券", 1, False),
        EntryClicks((1, 1), "小程序", 1, False),
    ]
    assert house.database.read(lambda db: clicks.clicks(db, number, day + timedelta(1))) == {}


def test_a_tap_belongs_to_the_version_and_the_day_of_its_moment(house: House) -> None:
    tap(house, "prices")  # nothing was live
    house.clock.move(minutes=1)
    first = house.publish(menu("资费"))
    house.clock.instant = datetime.fromisoformat("2026-11-20T15:59:59+00:00")  # 23:59:59
    tap(house, "prices")
    house.clock.move(seconds=1)
    tap(house, "prices")
    house.clock.move(minutes=1)
    second = house.publish(menu("网点"))
    tap(house, "prices")
    house.clock.move(hours=30)
    for _ in range(3):
        menu_jobs.count_clicks(house.tools)
    assert rows(house) == {
        (date(2026, 11, 20), first, "prices"): 1,
        (date(2026, 11, 21), first, "prices"): 1,
        (date(2026, 11, 21), second, "prices"): 1,
    }


def wear(house: House, openid: str, code: str) -> None:
    """WeChat has that tag on a follower."""

    def put(db: Session) -> None:
        tag_id = db.scalars(select(Tag.id).where(Tag.code == code)).one()
        row = {"tag_id": tag_id, "openid": openid, "wanted": True, "state": "done"}
        db.add(WechatTagging(**row, changed_at=house.clock.now()))

    house.do(put)


def counted(house: House) -> dict[tuple[int, int], dict[str, int]]:
    """The taps by version and variant."""
    house.clock.move(minutes=5)
    menu_jobs.count_clicks(house.tools)
    found: dict[tuple[int, int], dict[str, int]] = {}
    for row in house.database.read(lambda db: db.scalars(select(MenuClick)).all()):
        found.setdefault((row.version_id, row.variant), {})[row.target] = row.count
    return found


def one(key: str) -> Menu:
    return Menu((Hall("一", (Entry("项", click(key)),)),))


def test_a_tap_counts_on_the_menu_that_its_follower_sees(house: House) -> None:
    for code in ("vip", "new", "trial"):
        house.tag(code, code)
    ios = Variant("苹果", Rule(platform="1"), one("points"))
    face = Face(one("prices"), (Variant("贵宾", Rule("vip"), one("prices")), ios))
    number = house.publish(face)
    wear(house, "oVip", "vip")
    house.clock.move(minutes=1)
    for openid in ("oVip", "oVip", "oAnna", "oNobody"):
        tap(house, "prices", openid)
    tap(house, "points")  # nobody says which phone it was, but only this menu has it
    tap(house, "gone", "oVip")  # a phone that showed an older menu
    assert counted(house) == {
        (number, 1): {"gone": 1, "prices": 2},
        (number, 0): {"prices": 2},
        (number, 2): {"points": 1},
    }


def test_a_tap_on_a_trial_counts_for_the_version_on_trial(quick_house: House) -> None:
    house = quick_house
    house.tag("trial", "试用")
    first, second = house.publish(one("prices")), house.approved(one("prices"))
    wear(house, "oVip", "trial")
    house.do(lambda db: publications.try_out(db, second, house.hand(MARKETER)))
    house.send()
    house.clock.move(minutes=1)
    tap(house, "prices", "oVip")
    tap(house, "prices", "oAnna")
    house.clock.move(minutes=1)
    house.do(lambda db: publications.end_trial(db, house.hand(MARKETER)))
    house.send()
    house.clock.move(minutes=1)
    tap(house, "prices", "oVip")
    assert counted(house) == {(second, 0): {"prices": 1}, (first, 0): {"prices": 2}}


@pytest.mark.parametrize(
    ("key", "counted"),
    [("k", "k"), (f"{BASE}/a?b=1#c", f"{BASE}/a"), ("x" * 300, "x" * 200), ("", "")],
)
def test_what_a_tap_is_counted_under(key: str, counted: str) -> None:
    assert clicks.countable(key) == counted

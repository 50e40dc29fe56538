"""Mid-Autumn: planned, tried, approved; on the day three kinds of phones show what they should."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
import requests
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from content.reviews import Hand
from kernel.clock import SHANGHAI
from kernel.db import Database
from kernel.engine import make_engine
from loyalty.members import Member
from pushes import drafts, pushes
from pushes.deliveries import Delivery
from pushes.holidays_occasions import days_of
from pushes.pushes import Push
from tests.browser import find_chromium
from tests.journey.hands import Phone, at_console, visit
from tests.journey.product import Product, running
from tests.journey.watch import Watch, inspect

TITLE, TEXT = "中秋祝福", "铁通掌上营业厅祝您中秋安康，月圆人团圆。"
FULL, LEFT, TRIED = "李建国", "陈静", "营业员小王"

pytestmark = [
    pytest.mark.browser,
    pytest.mark.xdist_group("journey"),
    pytest.mark.timeout(240),
    pytest.mark.skipif(find_chromium() is None, reason="no Chromium on this machine"),
]


@pytest.fixture(scope="module")
def product() -> Iterator[Product]:
    """A product of its own: nobody else's may travel to another year."""
    with running() as started:
        yield started


def test_mid_autumn(
    browser: Browser, product: Product, watch: Watch, new_phone: Callable[[], Phone]
) -> None:
    database = Database(make_engine(f"sqlite:///{folder(product)}/weiting.sqlite3"))
    morning = datetime.combine(mid_autumn(), time(10), SHANGHAI)
    use_quota(database, FULL, morning)
    left = phone_of(new_phone, LEFT)
    left.unfollow()
    tried = phone_of(new_phone, TRIED)
    with at_console(browser, product, "marketer") as page:
        watch.over(page.context)
        plan(page, morning)
        try_on(page)
    expect(tried.screen.get_by_text(TEXT)).to_be_visible()
    with at_console(browser, product, "approver") as page:
        watch.over(page.context)
        approve(page)
        travel(product, morning)
        wait_for_the_end(page)
        inspect(page)
        add_up(page, database)
    got = shown(product)
    states = {name: state for name, state, _ in rows(database)}
    reached = {name for name, state in states.items() if state == "sent"}
    assert reached
    assert "held" in states.values()
    # The colleague saw it when it was tried, and only then.
    assert {name: count for name, count in got.items() if count} == dict.fromkeys(
        [*reached, TRIED], 1
    )
    reasons = {name: reason for name, _, reason in rows(database)}
    assert (reasons[FULL], reasons[LEFT]) == ("quota_used", "unfollowed")
    assert phone_of(new_phone, FULL).screen.get_by_text(TEXT).count() == 0


def folder(product: Product) -> Path:
    """Where the product keeps its data."""
    return Path(product.environment["WEITING_VAR"])


def mid_autumn() -> date:
    """The next one that is at least a month away."""
    soon = datetime.now(SHANGHAI).date() + timedelta(days=31)
    near = (days_of(year)["mid-autumn"] for year in (soon.year, soon.year + 1))
    return next(day for day in near if day > soon)


def phone_of(new_phone: Callable[[], Phone], nickname: str) -> Phone:
    """Somebody's phone."""
    phone = new_phone()
    phone.follow()
    phone.hand_to(nickname)
    return phone


def use_quota(database: Database, name: str, at: datetime) -> None:
    """Four mass messages reached him earlier in that month."""

    def send(session: Session) -> None:
        member = session.scalars(select(Member).where(Member.name == name)).one()
        for number in range(4):
            hand = Hand(1, at - timedelta(days=10, hours=number))
            few = {"kind": "trigger", "trigger": "birthday", "on": f"{hand.at:%Y-%m-%d}"}
            form = replace(drafts.text_form(f"九月第 {number} 条", "您好"), audience=few)
            push = drafts.write(session, form, hand)
            pushes.move(session, push.id, "draft", "finished", started_at=hand.at)
            row = {
                "push_id": push.id, "member_id": member.id, "openid": member.openid,
                "channel": "mass", "variant": 0, "state": "sent", "attempts": 1, "claim_no": 1,
            }  # fmt: skip
            session.execute(insert(Delivery), row)

    database.transaction(send)


def plan(page: Page, at: datetime) -> None:
    """Write the greeting for the day, look ahead, ask for approval."""
    visit(page, "推送日历")
    visit(page, "推送")
    page.get_by_role("link", name="新建推送").first.click()
    page.locator("#title").fill(TITLE)
    page.locator("[name='a.mass.text']").fill(TEXT)
    page.get_by_label("对照组").fill("40")
    page.get_by_label("时间", exact=True).select_option("later")
    page.get_by_label("发送时间（北京时间）").fill(f"{at:%Y-%m-%dT%H:%M}")
    inspect(page)
    page.get_by_role("button", name="保存草稿").click()
    flight = page.get_by_role("region", name="预检")
    expect(flight.get_by_text("已取消关注")).to_be_visible()
    expect(flight.get_by_text("对照组（不发）")).to_be_visible()
    inspect(page)


def try_on(page: Page) -> None:
    """Send it to a colleague's phone, then ask for approval."""
    page.get_by_role("region", name="试发给同事").get_by_role("checkbox").first.check()
    page.get_by_role("button", name="试发").click()
    expect(page.locator("#tried")).to_contain_text("群发")
    page.get_by_role("button", name="提交审核").click()
    expect(page.get_by_text("需由另一位同事审核").first).to_be_visible()


def approve(page: Page) -> None:
    """A colleague looks at it and lets it go."""
    page.get_by_role("link", name=TITLE).first.click()
    expect(page.get_by_role("button", name="批准", exact=True)).to_be_visible()
    inspect(page)
    page.get_by_role("button", name="批准", exact=True).click()
    expect(page.get_by_role("button", name="现在发")).to_be_visible()


def travel(product: Product, to: datetime) -> None:
    """Move the clock of WeChat in the box, and with it the hall's."""
    seconds = (to - datetime.now(SHANGHAI)).total_seconds()
    body = {"offset_seconds": seconds + 1}
    requests.post(f"{product.phone}/control/clock", json=body, timeout=10).raise_for_status()


def wait_for_the_end(page: Page) -> None:
    """Open the page again until the push has begun; from there it moves by itself."""
    far = page.locator(".wt-progress-head")
    until = monotonic() + 60
    while not far.is_visible() and monotonic() < until:
        page.reload()
        page.wait_for_timeout(1_000)
    # The hall catches up with the nights of many months at the same time.
    expect(far).to_contain_text("100%", timeout=90_000)
    expect(page.locator("#progress").get_by_text("已完成").first).to_be_visible()


def add_up(page: Page, database: Database) -> None:
    """The page's figures are those of the rows."""
    page.reload()
    counts = [
        int(text) for text in page.locator(".wt-counts").first.locator("dd").all_inner_texts()
    ]
    assert sum(counts) == len(rows(database)) >= 12
    page.get_by_role("link", name="看全部收件人").click()
    inspect(page)
    assert page.get_by_role("table").get_by_role("row").count() - 1 == len(rows(database))


def rows(database: Database) -> list[tuple[str, str, str | None]]:
    """(name, state, reason) of everybody whom the push means."""

    def look(session: Session) -> list[Any]:
        push_id = session.scalars(select(Push.id).where(Push.title == TITLE)).one()
        query = select(Member.name, Delivery.state, Delivery.reason)
        query = query.join(Member, Member.id == Delivery.member_id)
        return list(session.execute(query.where(Delivery.push_id == push_id)).all())

    return [(row[0], row[1], row[2]) for row in database.read(look)]


def shown(product: Product) -> dict[str, int]:
    """How often each phone shows the greeting."""
    users = requests.get(f"{product.phone}/control/users", timeout=10).json()["users"]
    found = {}
    for user in users:
        chat = requests.get(
            f"{product.phone}/control/transcript", params={"openid": user["openid"]}, timeout=10
        ).json()
        found[user["nickname"]] = sum(TEXT in item["text"] for item in chat)
    return found

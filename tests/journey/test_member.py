"""A member walks through what the programme offers, on the phone."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser import find_chromium
from tests.journey import steps
from tests.journey.hands import Phone

pytestmark = [
    pytest.mark.browser,
    # One product for all: each test process would start its own.
    pytest.mark.xdist_group("journey"),
    pytest.mark.timeout(240),
    pytest.mark.skipif(find_chromium() is None, reason="no Chromium on this machine"),
]

NUMBER = "13600136555"
# Every page that the list "我的" leads to, with what its heading says.
PAGES = {
    "积分商城": "可用积分",
    "我的兑换": "我的兑换",
    "我的积分": "我的积分",
    "会员等级": "普通会员",
    "邀请好友": "邀请好友成为会员",
    "我的消息": "我的消息",
    "更换手机号": "更换手机号",
    "我的数据": "我的数据",
}


def test_a_member_walks_through_the_programme(new_phone: Callable[[], Phone]) -> None:
    phone = new_phone()
    phone.follow()
    steps.register(phone, "周小满", NUMBER)
    phone.close()
    phone.say("签到")
    phone.day_later()
    phone.day_later()
    buy_the_missed_day(phone)
    see_why_not(phone)
    open_every_page(phone)
    tell_and_agree(phone)
    leave(phone)
    assert "还不是会员" in phone.say("签到")


def buy_the_missed_day(phone: Phone) -> None:
    """A question comes first; a no costs nothing."""
    phone.say("补签")
    phone.replies.last.get_by_role("link").click()
    view = phone.view
    missed = view.get_by_role("button", name=re.compile("^补签"))
    expect(view.get_by_role("heading", name="签到规则")).to_be_visible()
    if not missed.is_visible():  # on the first of a month
        view.get_by_role("link", name="上个月").click()
    missed.click()
    phone.look()
    view.get_by_role("button", name="取消").click()
    missed.click()
    view.get_by_role("button", name="确定").click()
    expect(view.get_by_text("已补签")).to_be_visible()
    expect(view.locator(".streak__days")).to_have_text("2 天")
    phone.close()


def see_why_not(phone: Phone) -> None:
    """A reward and a coupon that are out of reach say why."""
    phone.say("商城")
    phone.replies.last.get_by_role("link").click()
    view = phone.view
    view.get_by_role("link", name=re.compile("路由器")).click()
    expect(view.get_by_role("heading", name="为什么不能兑换")).to_be_visible()
    expect(view.get_by_text("未满足：银卡会员及以上")).to_be_visible()
    phone.look()
    phone.close()
    phone.tap("优惠活动", "领优惠券")
    view.get_by_role("link", name="为什么").first.click()
    expect(view.get_by_role("heading", name="为什么不能领")).to_be_visible()
    phone.look()
    phone.close()


def open_every_page(phone: Phone) -> None:
    """Each entry of the list leads to its page and back."""
    phone.tap("优惠活动", "会员中心")
    view = phone.view
    tabs = view.get_by_role("navigation", name="主导航")
    for entry, heading in PAGES.items():
        tabs.get_by_role("link", name="我的").click()
        view.get_by_role("link", name=re.compile(f"^{entry}")).first.click()
        expect(view.get_by_role("heading", name=heading).first).to_be_visible()
        phone.look()
    tabs.get_by_role("link", name="我的").click()


def tell_and_agree(phone: Phone) -> None:
    """The profile is filled in; marketing is agreed to and taken back."""
    view = phone.view
    view.get_by_role("link", name="个人资料").click()
    view.get_by_label("小区").fill("滨河花园")
    view.get_by_role("button", name="保存").click()
    expect(view.get_by_text("资料已保存")).to_be_visible()
    view.get_by_role("navigation", name="主导航").get_by_role("link", name="我的").click()
    view.get_by_role("link", name="授权管理").click()
    view.get_by_role("button", name="同意营销信息").click()
    view.get_by_role("button", name="收回营销信息").click()
    expect(view.get_by_role("button", name="同意营销信息")).to_be_visible()
    phone.look()


def leave(phone: Phone) -> None:
    """Only the right word closes the account."""
    view = phone.view
    view.get_by_role("link", name="如需收回，请注销会员").click()
    view.get_by_role("button", name="确认注销").click()
    expect(view.get_by_text("请输入“注销”两个字以确认")).to_be_visible()
    phone.look()
    view.get_by_label("确认").fill("注销")
    view.get_by_role("button", name="确认注销").click()
    expect(view.get_by_role("heading", name="会员已注销")).to_be_visible()
    phone.look()
    phone.close()

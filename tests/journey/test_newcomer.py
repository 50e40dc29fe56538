"""What a newcomer does on the phone, from following to applying; what staff do with the coupon."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser import find_chromium
from tests.journey import steps
from tests.journey.hands import Phone
from tests.journey.watch import inspect

NUMBER = "13800138001"

pytestmark = [
    pytest.mark.browser,
    # One product for all: each test process would start its own.
    pytest.mark.xdist_group("journey"),
    pytest.mark.timeout(240),
    pytest.mark.skipif(find_chromium() is None, reason="no Chromium on this machine"),
]


def test_a_stranger_sees_every_room(new_phone: Callable[[], Phone]) -> None:
    phone = new_phone()
    inspect(phone.page)
    assert "欢迎关注" in phone.follow()
    assert "还不是会员" in phone.say("签到")
    lost = phone.say("明天会下雨吗")
    assert "暂时没有找到" in lost
    assert "人工：转接人工客服" in lost

    read = {entry: phone.tap_and_read(hall, entry) for hall, entry in phone.entries()}

    assert len(read) == 14
    assert "三百兆宽带包月" in read["宽带套餐"]
    assert "元/月" in read["宽带套餐"]
    assert "电话：" in read["营业厅查询"]
    assert "新会员有礼" in read["最新活动"]
    assert "百兆宽带包月" in read["宽带新装"]
    assert "客服" in read["人工客服"]
    for entry in ("每日签到", "我的积分"):
        assert "还不是会员" in read[entry]
    for entry in ("领优惠券", "会员中心", "办理进度"):
        assert "注册会员" in read[entry]
    inspect(phone.page)


def test_a_newcomer_becomes_a_member(new_phone: Callable[[], Phone]) -> None:
    phone = new_phone()
    phone.follow()
    steps.register(phone, "陈小雨", NUMBER)
    phone.look()
    phone.close()
    check_in_on_two_days(phone)

    code = steps.claim(phone)
    phone.close()
    assert "可用优惠券" in phone.tap_and_read("优惠活动", "会员中心")
    redeem(new_phone(), code)
    phone.tap("优惠活动", "领优惠券")
    phone.view.get_by_role("link", name="我的优惠券").first.click()
    phone.view.get_by_role("link", name="已使用").click()
    expect(phone.view.get_by_text("新会员话费券")).to_be_visible()
    phone.close()

    phone.unfollow()
    assert "欢迎陈小雨回来" in phone.follow()
    assert "61 积分" in phone.say("积分")  # 50 of them for registering


def check_in_on_two_days(phone: Phone) -> None:
    """By chat, by chat again, and a day later by page."""
    assert "已连续签到 1 天，本次获得 5 积分" in phone.say("签到")
    assert "今天已签到过了" in phone.say("签到")
    phone.day_later()
    phone.tap("优惠活动", "会员中心")
    phone.view.get_by_role("button", name="签到领积分").click()
    expect(phone.view.get_by_text("签到成功，获得 6 积分")).to_be_visible()
    phone.look()
    phone.close()
    assert "已连续签到 2 天" in phone.say("签到")


def redeem(phone: Phone, code: str) -> None:
    """Staff type the code and take the coupon with two taps; a spent code is refused."""
    phone.follow()
    phone.hand_to("营业员小王")
    phone.say("核销")
    for _ in range(2):
        phone.screen.get_by_role("link", name="打开核销页").click()
        phone.view.get_by_label("客户二维码下方的数字").fill(code)
        phone.view.get_by_role("button", name="查询").click()
        confirm = phone.view.get_by_role("button", name="确认核销")
        refused = phone.view.get_by_text("券码无效")
        expect(confirm.or_(refused)).to_be_visible()
        phone.look()
        if refused.is_visible():
            break
        confirm.click()
        expect(phone.view.get_by_role("heading", name="核销成功")).to_be_visible()
        phone.close()
    expect(refused).to_be_visible()


def test_back_goes_page_by_page_and_then_to_the_chat(new_phone: Callable[[], Phone]) -> None:
    phone = new_phone()
    phone.follow()
    phone.tap("产品申办", "全部产品")
    phone.view.get_by_role("link", name="千兆宽带包月").click()
    expect(phone.screen.locator("#webview-title")).to_have_text("千兆宽带包月")
    back = phone.screen.get_by_role("button", name="上一页")
    back.click()
    expect(phone.view.get_by_role("heading", name="产品申办")).to_be_visible()
    back.click()
    expect(phone.page.locator("#webview")).to_be_hidden()

"""Stretches of the way that the tests and the screenshots walk alike."""

import re

from playwright.sync_api import expect

from tests.journey.hands import Phone

ADDRESS = "滨河花园 3 栋 2 单元 501"


def register(phone: Phone, name: str, number: str) -> None:
    """Type 注册, prove the number by the code of the SMS, end in the member centre."""
    phone.say("注册")
    phone.replies.last.get_by_role("link").click()
    view = phone.view
    view.get_by_label("姓名").fill(name)
    view.get_by_label("手机号").fill(number)
    view.get_by_role("button", name="获取验证码").click()
    expect(view.get_by_role("button", name="秒后重发")).to_be_disabled()
    view.get_by_label("验证码").fill(phone.sms_code(number))
    view.get_by_label("我已阅读并同意").check()
    view.get_by_role("button", name="注册", exact=True).click()
    expect(view.get_by_role("heading", name=name)).to_be_visible()


def claim(phone: Phone) -> str:
    """Claim the first coupon and open it; returns the code that staff would type."""
    phone.tap("优惠活动", "领优惠券")
    phone.view.get_by_role("button", name="领取").first.click()
    expect(phone.view.get_by_text("领取成功")).to_be_visible()
    phone.view.get_by_role("link", name="我的优惠券").first.click()
    phone.view.get_by_role("link", name="去使用").first.click()
    digits = phone.view.locator(".code__digits")
    expect(digits).to_be_visible()
    phone.look()
    return digits.inner_text()


def apply(phone: Phone) -> str:
    """Apply for a broadband product; returns the application's number."""
    phone.tap("产品申办", "宽带新装")
    phone.view.get_by_role("link", name="三百兆宽带包月").click()
    phone.view.get_by_role("link", name="立即申办").click()
    view = phone.view
    view.get_by_label("安装地址").fill(ADDRESS)
    day = view.get_by_label("上门日期")
    day.fill(day.get_attribute("min") or "")
    view.get_by_role("button", name="提交申请").click()
    expect(view.get_by_text("请选择所在区域")).to_be_visible()
    phone.look()
    view.get_by_label("所在区域").select_option(index=1)
    view.get_by_role("radio", name="上午").check()
    view.get_by_role("button", name="提交申请").click()
    number = view.locator(".facts dd").first
    expect(number).to_have_text(re.compile(r"^\d{14}$"))
    return number.inner_text()

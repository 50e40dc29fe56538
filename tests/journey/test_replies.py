"""A rule from the marketer's draft to a customer's phone; a question that staff answer."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import find_chromium
from tests.journey.hands import Phone, at_console, visit
from tests.journey.product import Product
from tests.journey.watch import Watch, inspect

ANSWER = "请先重启光猫，五分钟后再试。"
HELP = "非常抱歉，师傅今天下午上门。"

pytestmark = [
    pytest.mark.browser,
    pytest.mark.xdist_group("journey"),
    pytest.mark.timeout(240),
    pytest.mark.skipif(find_chromium() is None, reason="no Chromium on this machine"),
]


def test_a_rule_goes_from_a_draft_to_a_phone(
    browser: Browser, product: Product, watch: Watch, new_phone: Callable[[], Phone]
) -> None:
    phone = new_phone()
    phone.follow()
    assert ANSWER not in phone.say("我家断网啦")
    with at_console(browser, product, "marketer") as page:
        watch.over(page.context)
        write_rule(page)
        page.get_by_label("给审核人的说明").fill("报修高峰用")
        page.get_by_role("button", name="提交审核").click()
        expect(page.get_by_text("需由另一位同事审核")).to_be_visible()
    assert ANSWER not in phone.say("我家断网啦")
    with at_console(browser, product, "approver") as page:
        watch.over(page.context)
        visit(page, "审核")
        page.get_by_role("link", name="断网自查", exact=True).click()
        inspect(page)
        page.get_by_label("说明（退回时必填）").or_(page.get_by_label("通过的理由")).fill("可以")
        page.get_by_role("button", name="通过").click()
        expect(page.get_by_text("已通过，马上按新的规则回复客户")).to_be_visible()
        ask_the_box(page)
    assert ANSWER in phone.say("我家断网啦")


def write_rule(page: Page) -> None:
    """Fill the form as a person does, with its live preview."""
    visit(page, "回复规则")
    page.get_by_role("link", name="新建规则").first.click()
    page.get_by_label("名称").fill("断网自查")
    page.get_by_label("第 1 个关键词", exact=True).fill("断网")
    page.get_by_role("button", name="加一个关键词").click()
    page.get_by_label("第 2 个关键词的方式").select_option(label="正则")
    page.get_by_label("第 2 个关键词", exact=True).fill("(没网")
    page.get_by_label("第 1 条回复的文字").fill(ANSWER)
    expect(page.locator("#preview")).to_contain_text("还不能保存：第 2 个关键词")
    page.get_by_label("第 2 个关键词", exact=True).fill("没.*网")
    expect(page.locator("#preview")).to_contain_text(ANSWER)
    expect(page.locator("#preview")).to_contain_text("可以保存")
    inspect(page)
    page.get_by_role("button", name="保存草稿").click()
    expect(page.get_by_text("已存为草稿")).to_be_visible()
    inspect(page)


def ask_the_box(page: Page) -> None:
    """The test box names the rule that wins."""
    page.get_by_role("link", name="试一试").click()
    page.get_by_label("客户说").fill("怎么又断网了")
    page.get_by_role("button", name="试一试").click()
    expect(page.locator(".wt-winner")).to_contain_text("断网自查")
    expect(page.get_by_label("微信里的样子")).to_contain_text(ANSWER)
    inspect(page)


def test_staff_answer_a_customer(
    browser: Browser, product: Product, watch: Watch, new_phone: Callable[[], Phone]
) -> None:
    phone = new_phone()
    phone.follow()
    phone.hand_to("王秀英")
    phone.say("人工")
    # During working hours nothing answers at once: somebody will read it.
    phone.screen.get_by_label("输入消息").fill("光猫一直闪红灯怎么也修不好呀")
    phone.screen.get_by_role("button", name="发送", exact=True).click()
    with at_console(browser, product, "owner") as page:
        watch.over(page.context)
        visit(page, "客服收件箱")
        page.get_by_role("link", name="王秀英").first.click()
        expect(page.get_by_text("光猫一直闪红灯")).to_be_visible()
        before = left(page)
        inspect(page)
        page.get_by_label("回复", exact=False).first.fill(HELP)
        page.get_by_role("button", name="发送").click()
        expect(phone.screen.get_by_text(HELP)).to_be_visible()
        expect(page.locator("#talk-now")).to_contain_text("已发送")
        assert left(page) == before - 1
        hear_more(page, phone)


def left(page: Page) -> int:
    """How many answers WeChat still takes."""
    return int(page.locator("#allowance b").inner_text())


def hear_more(page: Page, phone: Phone) -> None:
    """What comes meanwhile appears, and what is being typed stays."""
    page.locator("#text").fill("正在打的字")
    phone.screen.get_by_label("输入消息").fill("好的谢谢师傅辛苦了")
    phone.screen.get_by_role("button", name="发送", exact=True).click()
    expect(page.get_by_text("好的谢谢师傅辛苦了")).to_be_visible()
    expect(page.locator("#text")).to_have_value("正在打的字")
    expect(page.locator("#text")).to_be_focused()
    page.get_by_role("button", name="结束对话").click()
    expect(page.get_by_text("对话已结束，机器人会继续回复这位客户")).to_be_visible()

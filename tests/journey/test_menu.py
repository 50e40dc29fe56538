"""Two people bring a menu to the phones, take it back, and try another out on a few."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import find_chromium
from tests.journey.hands import Phone, at_console, visit
from tests.journey.product import Product
from tests.journey.watch import Watch, inspect

FIRST = "第 1 个菜单第 1 项的名称"
TAG_SECONDS = 90

pytestmark = [
    pytest.mark.browser,
    # One product for all: each test process would start its own.
    pytest.mark.xdist_group("journey"),
    pytest.mark.timeout(300),
    pytest.mark.skipif(find_chromium() is None, reason="no Chromium on this machine"),
]


def begin(page: Page, name: str) -> str:
    """A draft of the live menu whose first entry is renamed; the address of its page."""
    visit(page, "自定义菜单")
    page.get_by_role("button", name="新建草稿").click()
    expect(page.get_by_role("heading", level=2, name="手机上的样子")).to_be_visible()
    inspect(page)
    page.get_by_label(FIRST).fill(name)
    expect(page.locator("#menu-preview")).to_contain_text(name)
    return page.url.removesuffix("/edit")


def ask(page: Page) -> None:
    """Save, go to the version's page, send it to review."""
    page.get_by_role("button", name="保存并去送审").click()
    expect(page.get_by_role("heading", level=2, name="审核")).to_be_visible()
    inspect(page)
    page.get_by_role("button", name="提交审核").click()
    expect(page.get_by_text("需由另一位同事审核")).to_be_visible()


def decide(page: Page, reason: str, button: str) -> None:
    """Open what waits and decide it."""
    visit(page, "审核")
    page.get_by_role("link", name="去审核").first.click()
    inspect(page)
    page.get_by_label("说明（退回时必填）").or_(page.get_by_label("通过的理由")).fill(reason)
    page.get_by_role("button", name=button, exact=True).click()
    expect(page.get_by_text(reason)).to_be_visible()


def publish(page: Page, address: str) -> None:
    """Publish for everybody, and wait until WeChat has it."""
    page.goto(address)
    page.get_by_role("button", name="发布", exact=True).click()
    expect(page.get_by_text("已交给后台发送")).to_be_visible()
    wait_until_live(page, address)


def wait_until_live(page: Page, address: str) -> None:
    """Until the version's page says that it is in use."""
    for _ in range(40):
        page.goto(address)
        if page.get_by_text("这一版正在微信上使用").is_visible():
            inspect(page)
            return
        page.wait_for_timeout(500)
    raise AssertionError(page.locator("main").inner_text())


def test_two_people_bring_a_menu_to_the_phones_and_back(
    browser: Browser, product: Product, watch: Watch, new_phone: Callable[[], Phone]
) -> None:
    phone = new_phone()
    phone.follow()
    before = phone.entries()
    with at_console(browser, product, "marketer") as page:
        watch.over(page.context)
        address = begin(page, "好")
        type_too_much(page)
        ask(page)
    with at_console(browser, product, "approver") as page:
        watch.over(page.context)
        decide(page, "请把营业厅放到最前面", "退回修改")
    with at_console(browser, product, "marketer") as page:
        watch.over(page.context)
        mend(page, address)
    with at_console(browser, product, "approver") as page:
        watch.over(page.context)
        decide(page, "可以上线", "通过")
    with at_console(browser, product, "marketer") as page:
        watch.over(page.context)
        publish(page, address)
        expect(phone.screen.locator("#halls")).to_contain_text("宽带新套餐")
        now = [entry for hall, entry in phone.entries() if hall == "业务介绍"]
        assert now[:2] == ["营业厅查询", "宽带新套餐"]
        compare_and_look_around(page)
        visit(page, "自定义菜单")
        page.get_by_role("button", name="回退到").click()
        expect(phone.screen.locator("#halls")).not_to_contain_text("宽带新套餐")
        assert phone.entries() == before


def type_too_much(page: Page) -> None:
    """Bytes are counted and refused while typing."""
    page.get_by_label(FIRST).fill("好" * 21)
    expect(page.locator("#faults-0-0")).to_contain_text("名称不能超过 60 字节")
    counter = page.locator("[data-count=name-0-0]")
    expect(counter).to_have_text("63/60")
    page.get_by_label(FIRST).fill("宽带新套餐")
    expect(counter).to_have_text("15/60")
    expect(page.locator("#faults-0-0")).to_be_empty()


def mend(page: Page, address: str) -> None:
    """Read why, bring the branches to the front by keys alone, ask again."""
    page.goto(address)
    expect(page.get_by_text("请把营业厅放到最前面")).to_be_visible()
    page.get_by_role("link", name="编辑").click()
    page.get_by_role("button", name="第 1 个菜单第 4 项上移").focus()
    for here in ("up:0.2", "up:0.1", "down:0.0"):
        page.keyboard.press("Enter")
        expect(page.locator(f"button[value='{here}']")).to_be_focused()
    expect(page.get_by_label(FIRST)).to_have_value("营业厅查询")
    ask(page)


def compare_and_look_around(page: Page) -> None:
    """The pages beside: two phones, who sees what, taps."""
    visit(page, "自定义菜单")
    page.get_by_role("link", name="版本对比").click()
    inspect(page)
    page.get_by_label("左边").select_option("1")
    page.get_by_role("button", name="对比").click()
    expect(page.get_by_text("改名：宽带新套餐（宽带套餐 → 宽带新套餐）")).to_be_visible()
    visit(page, "自定义菜单")
    page.get_by_role("link", name="谁看到什么").click()
    page.get_by_label("姓名、会员号").fill("李建国")
    page.get_by_role("button", name="查找").click()
    page.get_by_role("link", name="李建国").click()
    page.get_by_role("button", name="向微信核对").click()
    expect(page.get_by_text("和这里推算的一致")).to_be_visible()
    inspect(page)


def test_a_trial_is_seen_by_the_trial_tag_only(
    browser: Browser, product: Product, watch: Watch, new_phone: Callable[[], Phone]
) -> None:
    tester, other = new_phone(), new_phone()
    for phone, name in ((tester, "孙悦"), (other, "徐磊")):
        phone.follow()
        phone.hand_to(name)
    with at_console(browser, product, "marketer") as page:
        watch.over(page.context)
        wear_the_tag(page, "孙悦")
        address = begin(page, "试用的宽带")
        ask(page)
    with at_console(browser, product, "approver") as page:
        watch.over(page.context)
        decide(page, "先试试", "通过")
    with at_console(browser, product, "marketer") as page:
        watch.over(page.context)
        page.goto(address)
        page.get_by_role("button", name="试用发布").click()
        halls = tester.screen.locator("#halls")
        expect(halls).to_contain_text("试用的宽带", timeout=TAG_SECONDS * 1000)
        assert "试用的宽带" not in other.screen.locator("#halls").inner_text()
        visit(page, "自定义菜单")
        expect(page.get_by_text("版试用中").first).to_be_visible()
        page.get_by_role("button", name="收回试用").click()
        expect(halls).not_to_contain_text("试用的宽带")


def wear_the_tag(page: Page, name: str) -> None:
    """Put the trial tag on a member."""
    visit(page, "会员")
    page.get_by_role("link", name=name).click()
    page.get_by_role("combobox", name="标签").select_option(label="体验用户")
    page.get_by_role("button", name="打标签").click()
    expect(page.get_by_text("已打上标签")).to_be_visible()

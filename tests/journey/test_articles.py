"""Two people bring an article to the phones: written, sent back, mended, approved, published."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import find_chromium
from tests.journey.hands import Phone, at_console, visit
from tests.journey.product import Product
from tests.journey.watch import Watch, inspect

TITLE = "冬季宽带服务安排"
SAID = "冬季照常受理报修"

pytestmark = [
    pytest.mark.browser,
    # One product for all: each test process would start its own.
    pytest.mark.xdist_group("journey"),
    pytest.mark.timeout(240),
    pytest.mark.skipif(find_chromium() is None, reason="no Chromium on this machine"),
]


def test_two_people_publish_an_article(
    browser: Browser, product: Product, watch: Watch, new_phone: Callable[[], Phone]
) -> None:
    for login, deed in (
        ("marketer", first_draft),
        ("approver", send_back),
        ("marketer", mend),
        ("approver", approve),
        ("marketer", publish),
    ):
        with at_console(browser, product, login) as page:
            watch.over(page.context)
            deed(page)
    read(new_phone(), product)


def first_draft(page: Page) -> None:
    """Propose, write, ask for approval; whoever asks may not approve."""
    propose(page)
    write(page)
    page.get_by_role("button", name="提交审核").click()
    expect(page.get_by_text("需由另一位同事审核")).to_be_visible()
    inspect(page)


def send_back(page: Page) -> None:
    """Say what is missing."""
    visit(page, "审核")
    page.get_by_role("link", name=TITLE, exact=True).click()
    page.get_by_label("说明（退回时必填）").fill("请补上产品价格")
    page.get_by_role("button", name="退回修改").click()
    expect(page.get_by_text("请补上产品价格")).to_be_visible()


def approve(page: Page) -> None:
    """All is well now."""
    visit(page, "审核")
    page.get_by_role("link", name=TITLE, exact=True).click()
    page.get_by_role("button", name="通过", exact=True).click()
    expect(page.get_by_text("已通过，可以发布了。")).to_be_visible()


def publish(page: Page) -> None:
    """To everybody, now."""
    visit(page, "图文")
    page.get_by_role("link", name=TITLE).click()
    page.get_by_role("button", name="马上发布").click()
    expect(page.get_by_text("已发布，客户现在可以看到。")).to_be_visible()
    inspect(page)


def read(phone: Phone, product: Product) -> None:
    """A customer opens it."""
    phone.page.goto(f"{product.web}/site/articles/winter-service")
    expect(phone.page.get_by_role("heading", name=TITLE)).to_be_visible()
    expect(phone.page.locator("article")).to_contain_text(SAID)
    expect(phone.page.locator("article .inset__worth")).to_contain_text("元/月")
    inspect(phone.page)


def propose(page: Page) -> None:
    """A topic for oneself."""
    visit(page, "图文")
    page.get_by_role("link", name="新选题").first.click()
    inspect(page)
    page.get_by_label("标题").fill(TITLE)
    page.get_by_label("地址").fill("winter-service")
    page.get_by_label("截止日期").fill("2030-01-15")
    page.get_by_role("button", name="建立选题").click()
    expect(page.get_by_text("选题已建立")).to_be_visible()


def write(page: Page) -> None:
    """Two blocks, the second moved to the top; the preview follows while one types."""
    page.get_by_role("link", name="开始写").click()
    page.get_by_label("聊天文字").fill("冬季照常受理报修，随时找我们。")
    page.get_by_role("button", name="＋ 段落").click()
    rows = page.locator(".wt-block")
    expect(rows).to_have_count(1)
    rows.last.get_by_role("textbox").fill(f"**{SAID}**，详见[产品目录](/site/products)。")
    expect(page.locator("#pane-phone strong")).to_have_text(SAID)
    page.get_by_role("button", name="＋ 小标题").click()
    expect(rows).to_have_count(2)
    rows.last.get_by_label("小标题").fill("怎么报修")
    rows.last.get_by_role("button", name="上移").click()
    expect(page.get_by_text("草稿已保存。")).to_be_visible()
    expect(rows.first.get_by_label("小标题")).to_have_value("怎么报修")
    inspect(page)
    page.get_by_role("button", name="保存并返回").click()
    expect(page.get_by_role("heading", name="怎么报修")).to_be_visible()


def mend(page: Page) -> None:
    """Add what the approver missed, and ask again."""
    visit(page, "图文")
    page.get_by_role("link", name=TITLE).click()
    expect(page.get_by_text("请补上产品价格")).to_be_visible()
    page.get_by_role("link", name="继续写").click()
    page.get_by_role("button", name="＋ 产品卡片").click()
    page.locator(".wt-block").last.get_by_label("产品").select_option(index=1)
    page.get_by_role("button", name="保存并返回").click()
    page.get_by_label("给审核人的说明").fill("已补上")
    page.get_by_role("button", name="提交审核").click()
    expect(page.get_by_text("已提交审核。")).to_be_visible()

"""Hands on a phone and on the console's keyboard."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, FrameLocator, Locator, Page, ViewportSize, expect

from tests.journey.product import Product
from tests.journey.watch import inspect

PHONE_SIZE = ViewportSize(width=390, height=844)
CONSOLE_SIZE = ViewportSize(width=1440, height=900)


class Phone:
    """A person at the phone page."""

    def __init__(self, page: Page, product: Product) -> None:
        self.page = page
        self.base = product.phone
        page.goto(f"{self.base}/")
        self.screen = page.locator("#phone")
        self.replies = self.screen.locator("[data-from=account]")
        self.view: FrameLocator = page.frame_locator("iframe[data-webview]")

    def follow(self) -> str:
        """Follow the account; returns the greeting."""
        self.screen.get_by_role("button", name="关注公众号").click()
        return self._reply_after(0)

    def unfollow(self) -> None:
        """Stop following, on the account's card."""
        self.screen.get_by_label("公众号资料").click()
        inspect(self.page)
        self.screen.get_by_role("button", name="不再关注").click()
        expect(self.screen.get_by_role("button", name="关注公众号")).to_be_visible()

    def say(self, text: str) -> str:
        """Type a text; returns the answer."""
        field = self.screen.get_by_label("输入消息")
        if not field.is_visible():
            self.screen.get_by_role("button", name="切换到键盘").click()
        before = self.replies.count()
        field.fill(text)
        self.screen.get_by_role("button", name="发送", exact=True).click()
        return self._reply_after(before)

    def _reply_after(self, count: int) -> str:
        expect(self.replies).to_have_count(count + 1)
        return self.replies.last.inner_text()

    def entries(self) -> list[tuple[str, str]]:
        """Every hall with every entry of its menu."""
        self._show_menu()
        found = []
        for hall in self.screen.locator("#halls .hall").all():
            name = hall.get_by_role("button").first.inner_text()
            found += [(name, line) for line in hall.locator(".lines button").all_text_contents()]
        return found

    def tap(self, hall: str, entry: str) -> None:
        """Tap an entry of the menu."""
        self._show_menu()
        self.screen.get_by_role("button", name=hall).click()
        self.screen.get_by_role("menuitem", name=entry, exact=True).click()

    def tap_and_read(self, hall: str, entry: str) -> str:
        """Tap an entry; returns the answer in the chat, or what the page says."""
        before = self.replies.count()
        self.tap(hall, entry)
        answered = self.replies.nth(before).or_(self.page.locator("#webview"))
        expect(answered.first).to_be_visible()
        if not self.page.locator("#webview").is_visible():
            return self.replies.last.inner_text()
        expect(self.view.locator("main")).to_contain_text(re.compile(r"\S"))
        words = self.view.locator("main").inner_text()
        self.look()
        self.close()
        return words

    def _show_menu(self) -> None:
        menu = self.screen.get_by_role("button", name="切换到菜单")
        if menu.is_visible():
            menu.click()

    def look(self) -> None:
        """Inspect the page that is open in the web view."""
        inspect(self.view.locator("html"))

    def close(self) -> None:
        """Close the web view."""
        self.screen.get_by_role("button", name="关闭").click()

    def panel(self) -> Locator:
        """Open the emulator's panel."""
        panel = self.page.locator("#panel")
        self.screen.get_by_role("button", name="模拟器面板").click()
        expect(panel.get_by_role("button", name="收起面板")).to_be_visible()
        return panel

    def day_later(self) -> None:
        """Move the clock on by a day."""
        panel = self.panel()
        panel.get_by_role("button", name="+1 天").click()
        expect(panel.locator("#clock")).to_contain_text("天）")
        expect(panel.get_by_role("button", name="+1 天")).to_be_enabled()
        panel.get_by_role("button", name="收起面板").click()

    def hand_to(self, nickname: str) -> None:
        """Give the phone to somebody else."""
        panel = self.panel()
        with self.page.expect_navigation():
            panel.get_by_label("换个用户").select_option(label=nickname)
        expect(self.screen.get_by_label("公众号资料")).to_be_visible()

    def hand_to_newcomer(self, nickname: str) -> None:
        """Give the phone to somebody new."""
        panel = self.panel()
        panel.get_by_label("新用户昵称").fill(nickname)
        with self.page.expect_navigation():
            panel.get_by_role("button", name="新建用户").click()
        expect(self.screen.get_by_role("button", name="关注公众号")).to_be_visible()

    def sms_code(self, number: str) -> str:
        """The code in the newest short message to a number, read in the inbox."""
        inbox = self.page.context.new_page()
        inbox.goto(f"{self.base}/sms")
        message = inbox.locator(f"[data-phone='{number}']").first
        expect(message).to_be_visible()
        inspect(inbox)
        found = re.search(r"验证码 (\d{6})", message.inner_text())
        inbox.close()
        assert found
        return found[1]


@contextmanager
def at_console(browser: Browser, product: Product, login: str) -> Iterator[Page]:
    """A page on which an operator has signed in."""
    context = browser.new_context(viewport=CONSOLE_SIZE, locale="zh-CN")
    page = context.new_page()
    page.on("dialog", lambda dialog: dialog.accept())
    page.goto(f"{product.web}/console")
    inspect(page)
    page.get_by_label("登录名").fill(login)
    page.get_by_label("密码").fill(product.logins[login])
    page.get_by_role("button", name="登录").click()
    expect(page.get_by_role("button", name="退出")).to_be_visible()
    yield page
    context.close()


def visit(page: Page, name: str) -> None:
    """Open a place of the console by its entry in the navigation, and inspect it."""
    page.get_by_role("navigation", name="主导航").get_by_role(
        "link", name=name, exact=True
    ).click()
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    inspect(page)

"""The pictures of README: `python -m tests.shots` takes them into var/shots and docs/images."""

import shutil
import sys
from pathlib import Path

import requests
from playwright.sync_api import Browser, expect, sync_playwright

from tests.browser import ARGUMENTS, find_chromium
from tests.journey import steps
from tests.journey.hands import PHONE_SIZE, Phone, at_console
from tests.journey.product import Product, running

_ROOT = Path(__file__).parents[1]
_SHOTS = _ROOT / "var" / "shots"
_IN_README = ("phone.png", "console.png")
_MOST_BYTES = 300_000


def take_phone(browser: Browser, product: Product) -> None:
    """A chat after a few exchanges, and pages of the mini-site."""
    context = browser.new_context(
        viewport=PHONE_SIZE,
        locale="zh-CN",
        device_scale_factor=2,
    )
    phone = Phone(context.new_page(), product)
    phone.hand_to_newcomer("小雨")
    phone.follow()
    steps.register(phone, "陈小雨", "13800138001")
    phone.page.screenshot(path=_SHOTS / "member-centre.png")
    phone.close()
    steps.claim(phone)
    phone.page.screenshot(path=_SHOTS / "coupon.png")
    phone.close()
    steps.apply(phone)
    phone.page.screenshot(path=_SHOTS / "application.png")
    phone.close()
    phone.unfollow()
    phone.follow()
    phone.say("签到")
    phone.say("积分")
    phone.screen.get_by_role("button", name="切换到菜单").click()
    phone.screen.get_by_role("button", name="优惠活动").click()
    phone.page.wait_for_timeout(400)
    phone.page.screenshot(path=_SHOTS / "phone.png")
    phone.page.set_viewport_size({"width": 1280, "height": 860})
    phone.page.screenshot(path=_SHOTS / "desk.png")
    context.close()


def live_a_little(product: Product) -> None:
    """Let the demo people check in, so that the console has something to tell."""
    with requests.Session() as session:
        session.trust_env = False
        users = session.get(f"{product.phone}/control/users", timeout=10).json()["users"]
        for user in users[2:11]:
            said = {"openid": user["openid"], "text": "签到"}
            session.post(f"{product.phone}/control/say", json=said, timeout=10)


def take_console(browser: Browser, product: Product) -> None:
    """A push that waits, and the home page of whoever may approve it."""
    with at_console(browser, product, "marketer") as page:
        page.get_by_role("link", name="新建推送").click()
        page.locator("#title").fill("春节祝福")
        page.locator("[name='a.mass.text']").fill("铁通掌上营业厅祝您新春快乐，阖家幸福！")
        page.wait_for_timeout(1_000)
        page.screenshot(path=_SHOTS / "push.png")
        page.get_by_role("button", name="保存草稿").click()
        page.get_by_role("button", name="提交审核").click()
        expect(page.get_by_text("需由另一位同事审核").first).to_be_visible()
    with at_console(browser, product, "owner") as page:
        page.wait_for_timeout(300)
        page.screenshot(path=_SHOTS / "console.png")


def main() -> None:
    """Take all pictures and put README's beside the documents."""
    chromium = find_chromium()
    if chromium is None:
        sys.exit("no Chromium on this machine, no pictures")
    _SHOTS.mkdir(parents=True, exist_ok=True)
    with running() as product, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        take_phone(browser, product)
        live_a_little(product)
        take_console(browser, product)
        browser.close()
    for name in _IN_README:
        size = (_SHOTS / name).stat().st_size
        assert size <= _MOST_BYTES, f"{name} has {size} bytes"
        shutil.copy(_SHOTS / name, _ROOT / "docs" / "images" / name)


if __name__ == "__main__":
    main()

"""The phone page in a real browser: what a person sees and taps."""

import json
import shutil
from collections.abc import Iterator

import pytest
import requests
from playwright.sync_api import Page, expect, sync_playwright

from emulator.server import run_in_thread
from emulator.settings import Settings
from tests.emulator.stubs import Callback, Received, reply_text

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync"]
SNEAKY = '<img src=x onerror="document.title=1"><a href="javascript:alert(1)">坏</a>'

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine"),
]


@pytest.fixture
def base(callback: Callback) -> Iterator[str]:
    """A running emulator that posts to the callback."""
    settings = Settings(port=0, mode="plain", callback_url=callback.url, long_poll_seconds=2)
    with run_in_thread(settings) as base:
        yield base


@pytest.fixture
def page() -> Iterator[Page]:
    """A page of a phone's size that must not complain in its console."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        page = browser.new_page(viewport={"width": 390, "height": 844})
        complaints: list[str] = []
        page.on("pageerror", lambda error: complaints.append(str(error)))
        yield page
        browser.close()
        assert complaints == []


def answer(received: Received) -> bytes:
    """Something tricky for texts, a login link for clicks."""
    if received.xml.get("Event") == "CLICK":
        return reply_text(received, '点<a href="http://127.0.0.1:9/x">这里</a>')
    if received.xml["MsgType"] == "text":
        return reply_text(received, SNEAKY)
    return b"success"


def test_follow_talk_and_tap(base: str, page: Page, callback: Callback) -> None:
    callback.answer = answer
    page.goto(f"{base}/?scene=hall-01")
    phone = page.locator("#phone")
    phone.get_by_text("关注公众号").click()
    phone.get_by_label("输入消息").fill("<b>你好</b>")
    phone.get_by_role("button", name="发送").click()
    expect(phone.locator("[data-from=user]")).to_have_text("李<b>你好</b>")
    reply = phone.locator("[data-from=account]")
    expect(reply).to_contain_text("<img src=x onerror=")
    assert reply.locator("img, a").count() == 0
    assert callback.received[0].xml["EventKey"] == "qrscene_hall-01"


def test_messages_and_menu_arrive_by_themselves(base: str, page: Page, callback: Callback) -> None:
    callback.answer = answer
    page.goto(base)
    phone = page.locator("#phone")
    phone.get_by_text("关注公众号").click()
    expect(phone.get_by_label("输入消息")).to_be_visible()
    token = call(base, "stable_token", **login())["access_token"]
    buttons = [{"name": "会员中心", "sub_button": [{"type": "click", "name": "签到", "key": "C"}]}]
    call(base, f"menu/create?access_token={token}", button=buttons)
    phone.get_by_role("button", name="会员中心").click()
    phone.get_by_role("menuitem", name="签到").click()
    phone.get_by_role("link", name="这里").click()
    expect(page.locator("iframe[data-webview]")).to_have_attribute("src", "http://127.0.0.1:9/x")
    phone.get_by_label("关闭").click()
    openid = page.locator("#openid").text_content()
    text = {"touser": openid, "msgtype": "text", "text": {"content": "客服消息"}}
    call(base, f"message/custom/send?access_token={token}", **text)
    expect(phone.get_by_text("客服消息")).to_be_visible(timeout=1000)


def login() -> dict[str, str]:
    """What a token is asked for with."""
    return {
        "grant_type": "client_credential",
        "appid": Settings.app_id,
        "secret": Settings.app_secret,
    }


def call(base: str, path: str, **body: object) -> dict[str, str]:
    """POST to an API."""
    with requests.Session() as session:
        session.trust_env = False
        # requests escapes non-ASCII in JSON, which menus refuse.
        content = json.dumps(body, ensure_ascii=False).encode()
        answer = session.post(f"{base}/cgi-bin/{path}", data=content, timeout=5)
        told: dict[str, str] = answer.json()
        return told

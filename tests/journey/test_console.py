"""Two people send a holiday greeting from the console; an application is moved on."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import find_chromium
from tests.journey import steps
from tests.journey.hands import Phone, at_console, visit
from tests.journey.product import Product
from tests.journey.watch import Watch, inspect

GREETING = "铁通掌上营业厅祝您新春快乐，阖家幸福！"

pytestmark = [
    pytest.mark.browser,
    # One product for all: each test process would start its own.
    pytest.mark.xdist_group("journey"),
    pytest.mark.timeout(240),
    pytest.mark.skipif(find_chromium() is None, reason="no Chromium on this machine"),
]


def test_two_people_send_a_greeting(
    browser: Browser, product: Product, watch: Watch, new_phone: Callable[[], Phone]
) -> None:
    with at_console(browser, product, "marketer") as page:
        watch.over(page.context)
        inspect(page)
        expect(page.get_by_text("会员总数")).to_be_visible()
        visit(page, "会员")
        write_push(page)
    phone = new_phone()
    phone.follow()
    phone.hand_to("王秀英")
    with at_console(browser, product, "approver") as page:
        watch.over(page.context)
        page.get_by_role("link", name="春节祝福").first.click()
        inspect(page)
        expect(page.get_by_role("button", name="批准并马上发送")).to_be_visible()
        reason = page.get_by_label("通过的理由")
        if reason.count():  # at night a push disturbs people
            reason.fill("测试环境")
        page.get_by_role("button", name="批准并马上发送").click()
        expect(phone.screen.get_by_text(GREETING)).to_be_visible()
        expect(page.locator(".wt-progress-head")).to_contain_text("100%")
        inspect(page)
        terms = page.locator(".wt-counts").first.locator("dd").all_text_contents()
        counts = [int(text) for text in terms]
        look_up(page, "王秀英")
        rows = page.get_by_role("table").get_by_role("row").count() - 1
        assert counts[0] == sum(counts) == rows >= 12
    assert phone.screen.get_by_text(GREETING).count() == 1


def look_up(page: Page, name: str) -> None:
    """Did she get it? And on to everybody."""
    page.get_by_label("会员号、姓名、手机号或 OpenID").fill(name)
    page.get_by_role("button", name="查", exact=True).click()
    expect(page.get_by_text("已通过群发送出")).to_be_visible()
    page.get_by_role("link", name="看全部收件人").click()
    inspect(page)


def write_push(page: Page) -> None:
    """Write a greeting; its author may not approve it."""
    visit(page, "推送")
    page.get_by_role("link", name="新建推送").first.click()
    inspect(page)
    page.locator("#title").fill("春节祝福")
    page.locator("[name='a.mass.text']").fill(GREETING)
    expect(page.locator(".wt-bubble")).to_have_text(GREETING)
    page.get_by_label("对照组").fill("0")
    page.get_by_role("button", name="保存草稿").click()
    expect(page.get_by_text("名单共")).to_be_visible()
    inspect(page)
    page.get_by_role("button", name="提交审核").click()
    expect(page.get_by_text("需由另一位同事审核").first).to_be_visible()
    expect(page.get_by_role("button", name="批准并马上发送")).to_have_count(0)
    inspect(page)


def test_an_application_moves_on(
    browser: Browser, product: Product, watch: Watch, new_phone: Callable[[], Phone]
) -> None:
    phone = new_phone()
    phone.follow()
    phone.hand_to("李建国")
    number = steps.apply(phone)
    phone.look()
    phone.close()
    with at_console(browser, product, "owner") as page:
        watch.over(page.context)
        for place in ("自定义菜单", "操作记录", "产品申办"):
            visit(page, place)
        page.get_by_role("link", name=number).click()
        inspect(page)
        page.get_by_label("说明").fill("已电话联系")
        page.get_by_role("button", name="受理").click()
        expect(page.get_by_text("已电话联系")).to_be_visible()
        page.get_by_role("link", name="李建国").click()
        expect(page.get_by_role("heading", name="积分流水")).to_be_visible()
        inspect(page)
    phone.tap("产品申办", "办理进度")
    phone.view.get_by_role("link", name=number).click()
    expect(phone.view.get_by_text("已电话联系")).to_be_visible()


def test_members_are_exported(product: Product, tmp_path: Path) -> None:
    out = tmp_path / "members.csv"
    flask = str(Path(sys.executable).parent / "flask")
    done = subprocess.run(
        [flask, "reports", "export", "members", "--out", str(out)],
        cwd=Path(__file__).parents[2],
        env=product.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    content = out.read_text("utf-8-sig")
    assert "王秀英" in content
    assert "19900000000" not in content

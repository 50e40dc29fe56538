"""The overview of the menu, what is on its way, import, and the pages beside it."""

from datetime import timedelta
from functools import partial

import pytest

from content.articles import Article
from menus.clicks import MenuClick
from menus.conditional import Rule, Variant
from menus.targets import Target, click, view
from menus.tree import Entry, Hall, Menu
from tests.console import seeds
from tests.console.acts import acts
from tests.console.house import NOON, House
from tests.console.menu_desk import Desk, entry, hall, save
from tests.console.test_pages import cost
from web.console.menu_links import PAGES
from web.site import register_site


@pytest.fixture
def desk(house: House) -> Desk:
    return Desk(house)


def test_nothing_at_all_says_how_to_begin(desk: Desk) -> None:
    page = desk.enter("marketer").text("/console/menu")

    assert "还没有菜单" in page
    assert "导入公众号现有菜单" in page
    assert "新建草稿" in page
    reader = desk.enter("auditor").text("/console/menu")
    assert "导入公众号现有菜单" not in reader


def test_the_live_menu_is_on_the_phone_with_how_it_got_there(desk: Desk) -> None:
    desk.first()

    page = desk.enter("marketer").text("/console/menu")

    assert "微信正在使用" in page
    assert "宽带套餐" in page
    assert "已生效" in page
    assert "第 1 版" in page


def test_a_failed_publication_says_why_in_words(desk: Desk) -> None:
    desk.first()
    version_id = desk.draft(Hall("新", (Entry("一", click("prices")),)))
    desk.approve(version_id)
    desk.wechat.fail("create", "refused", "40054")
    marketer = desk.enter("marketer")

    marketer.post(f"/console/menu/{version_id}/publications")
    waiting = marketer.text("/console/menu/status")
    desk.work()

    assert "等待发送" in waiting
    page = marketer.text("/console/menu")
    assert "失败" in page
    assert "二级菜单的链接不被接受" in page
    assert desk.live() == 1


def test_what_is_sent_is_looked_at_again_by_itself(desk: Desk) -> None:
    desk.first()
    marketer = desk.enter("marketer")
    marketer.post("/console/menu/repairs")

    def claim() -> None:
        desk.house.database.transaction(seeds.claim_menu)

    assert "hx-get" not in marketer.text("/console/menu/status").split("<section")[0]
    claim()
    assert 'hx-trigger="every 2s"' in marketer.text("/console/menu/status")


def test_drift_is_told_with_the_ways_out(desk: Desk) -> None:
    desk.first()
    desk.wechat.buttons = [{"name": "别人的<b>", "type": "view", "url": "https://a.test/"}]
    marketer = desk.enter("marketer")

    marketer.post("/console/menu/checks")
    assert ("check_menu", 0) in desk.house.nudged
    desk.check()
    page = marketer.text("/console/menu")
    assert "微信上的菜单和这里的不一样" in page
    for way in ("对比", "重新发布", "采纳为新版本"):
        assert way in page
    drift = marketer.text("/console/menu/drift")
    assert "别人的&lt;b&gt;" in drift
    assert "默认菜单与这里的不同" in drift

    marketer.post("/console/menu/repairs")
    desk.work()
    assert desk.wechat.names == ["宽带套餐"]
    desk.check()
    assert "不一样" not in marketer.text("/console/menu")


def test_wechat_that_does_not_answer_is_said_and_nothing_breaks(desk: Desk) -> None:
    desk.first()
    marketer = desk.enter("marketer")
    for path, post in (("drift", False), ("imports", True)):
        desk.wechat.fail("read", "again", "Unreachable")
        answer = (marketer.post if post else marketer.get)(f"/console/menu/{path}")
        assert answer.status_code in {302, 303}
        assert "连不上微信" in marketer.text("/console/menu")


def test_an_import_is_a_draft_that_says_what_was_left(desk: Desk) -> None:
    desk.wechat.buttons = [
        {"name": "旧", "sub_button": [{"name": "文字", "type": "text", "value": "你好<script>"}]}
    ]
    marketer = desk.enter("marketer")

    answer = marketer.post("/console/menu/imports")

    page = marketer.text(answer.location)
    assert "导入时没能照搬的" in page
    assert "你好&lt;script&gt;" in page
    assert "无法照搬" in page
    edit = marketer.text("/console/menu/1/edit")
    assert "（无法照搬，请重新选择）" in edit
    assert "微信会拒绝 1 处" in edit
    assert "create" not in desk.wechat.calls


def test_an_account_without_a_menu_has_nothing_to_import(desk: Desk) -> None:
    marketer = desk.enter("marketer")
    answer = marketer.post("/console/menu/imports")
    assert answer.location == "/console/menu"
    assert "nothing_to_import" in marketer.text("/console/menu")


def test_a_draft_begins_from_any_version(desk: Desk) -> None:
    first = desk.first()
    marketer = desk.enter("marketer")

    answer = marketer.post("/console/menu/drafts", base=str(first), note="春节")

    assert answer.location == "/console/menu/2/edit"
    assert desk.menu(2) == desk.menu(first)
    assert desk.version(2).note == "春节"
    assert marketer.post("/console/menu/drafts", base="99").status_code == 404
    assert marketer.post("/console/menu/drafts", base="x").location == "/console/menu"
    long = marketer.post("/console/menu/drafts", note="长" * 101)
    assert long.location == "/console/menu"
    assert "最多 100 字" in marketer.text("/console/menu")


def add_clicks(house: House, version_id: int) -> None:
    def work(db: object) -> None:
        for days, count in ((0, 5), (3, 2), (20, 40)):
            day = (NOON - timedelta(days=days)).date()
            row = MenuClick(day=day, version_id=version_id, target="prices", count=count)
            db.add(row)  # type: ignore[attr-defined]

    house.database.transaction(work)


def test_taps_by_entry_for_seven_and_thirty_days(desk: Desk) -> None:
    first = desk.first()
    marketer = desk.enter("marketer")
    assert "这段时间没有点击" in marketer.text(f"/console/menu/{first}/clicks")
    add_clicks(desk.house, first)

    week = marketer.text(f"/console/menu/{first}/clicks")
    month = marketer.text(f"/console/menu/{first}/clicks?days=30")
    odd = marketer.text(f"/console/menu/{first}/clicks?days=9999")

    assert '<b class="wt-digits">7</b>' in week
    assert 'width="7"' in week
    assert '<b class="wt-digits">47</b>' in month
    assert '<b class="wt-digits">7</b>' in odd
    assert 'aria-label="第 1 版点击 7 次"' in marketer.text("/console/menu")


def test_two_versions_on_two_phones(desk: Desk) -> None:
    desk.first()
    marketer = desk.enter("marketer")
    assert "完全相同" in marketer.text("/console/menu/compare")
    variant = Variant("老用户", Rule("vip"), Menu((Hall("厅", target=view("/site/")),)))
    desk.draft(
        Hall("业务介绍", (Entry("新<i>增", click("points")), Entry("宽带资费", click("prices")))),
        variants=[variant],
    )

    page = marketer.text("/console/menu/compare?old=1&new=2")

    assert "新增：新&lt;i&gt;增（在聊天里回复：我的积分）" in page
    assert "改名：宽带资费（宽带套餐 → 宽带资费）" in page
    assert "个性化菜单「老用户」" in page
    assert "整套新增" in page
    assert 'class="wt-diff wt-diff-added"' in page
    back = marketer.text("/console/menu/compare?old=2&new=1")
    assert "删除：新&lt;i&gt;增" in back
    assert "整套删除" in back
    assert marketer.get("/console/menu/compare?old=1&new=77").status_code == 404
    assert "还没有可以对比" not in page


def test_no_versions_nothing_to_compare(desk: Desk) -> None:
    page = desk.enter("marketer").text("/console/menu/compare?old=x&new=-3")
    assert "还没有可以对比的版本" in page


def test_every_own_page_is_there(desk: Desk) -> None:
    app = desk.house.app
    register_site(app)
    adapter = app.url_map.bind("hall.test")
    for path, name in PAGES:
        endpoint, arguments = adapter.match(path, "GET")
        assert endpoint.startswith("site."), path
        assert not arguments, path
        assert name
    assert len({path for path, _ in PAGES}) == len({name for _, name in PAGES}) == len(PAGES)


def test_the_pages_cost_the_same_however_many_versions_there_are(desk: Desk) -> None:
    desk.first()
    target = Target("miniprogram", "/site/", "wx0123456789abcdef", "pages/a")
    desk.draft(Hall("一", (Entry("小", target),)))
    owner = desk.enter("owner")
    pages = {"menu": 17, "menu/1": 22, "menu/2": 24, "menu/2/edit": 14, "menu/compare": 16}
    few = {page: cost(desk.house, partial(owner.text, f"/console/{page}")) for page in pages}
    for number in range(5):
        variants = [Variant(f"套 {n}", Rule("vip"), Menu(())) for n in range(number)]
        desk.draft(Hall("一", (Entry("二", click("prices")),)), variants=variants)
    for page, most in pages.items():
        many = cost(desk.house, partial(owner.text, f"/console/{page}"))
        assert few[page] == many <= most, (page, few[page], many)


def test_articles_of_a_hostile_title_are_picked_as_text(desk: Desk) -> None:
    title = '</option><script>alert(1)</script>"\u202e'
    desk.house.database.transaction(
        lambda db: db.add(Article(code="x", title=title, chat="-", state="published"))
    )
    version_id = desk.draft(Hall("一", (Entry("文章", click("article.x")),)))

    page = desk.enter("marketer").text(f"/console/menu/{version_id}/edit")

    assert "<script>alert" not in page
    assert '<option value="article.x" selected>' in page


def test_older_versions_are_on_the_next_page(desk: Desk) -> None:
    desk.first()
    for _ in range(22):
        desk.draft(Hall("一", (Entry("二", click("prices")),)))
    marketer = desk.enter("marketer")

    first = marketer.text("/console/menu")
    second = marketer.text("/console/menu?before=4")

    assert "下一页" in first
    assert "<b>第 23 版</b>" in first
    assert "<b>第 3 版</b>" not in first
    assert "<b>第 3 版</b>" in second


def test_saving_is_in_the_audit_log_with_what_changed(desk: Desk) -> None:
    version_id = desk.draft(Hall("一", (Entry("二", click("prices")),)))
    save(desk.enter("marketer"), version_id, "0 0.0", **hall("0", "一"), **entry("0.0", "三"))

    edited = acts(desk.house)[-1]

    assert (edited.action, edited.subject, edited.login) == ("menu.edited", "menu:1", "marketer")
    assert edited.details
    assert edited.details["changes"]["菜单"] == ["", "改名：三（二 → 三）"]
    assert edited.details["changes"]["说明"] == ["草稿", "改了一点"]

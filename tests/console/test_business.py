"""Products, branches, announcements, brandings, facts: two people, stale forms, hostile text."""

import re
from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from content import announcements, branches, changes
from products import catalogue
from tests.console import content_seeds, seeds
from tests.console.acts import acts
from tests.console.house import NOON, Browser, House

SCRIPT = '"><script>alert(1)</script>'
PRODUCT = {
    "code": "b500",
    "family": "broadband",
    "name": "500M 宽带",
    "speed": "500M",
    "price": "99.50",
    "period": "月",
    "summary": "全家够用",
    "terms": "合约 12 个月",
}
BRANCH = {
    "code": "xinghai",
    "name": "星海营业厅",
    "district": "沙河口区",
    "address": "星海路 1 号",
    "phone": "0411-84800000",
    "latitude": "38.88",
    "longitude": "121.58",
    **{f"week-{n}": "8:30-12:00 13:00–17:30" for n in range(5)},
    "days": "2027-02-06 休息\n2027-02-07 9:00-12:00",
    "services": "缴费\n报修\n",
}
NOTICE = {
    "title": "线路检修",
    "text": "今晚检修",
    "starts_at": "2026-11-21T08:00",
    "ends_at": "2026-11-23T08:00",
    "in_chat": "yes",
}


@pytest.fixture
def sold(house: House) -> House:
    """A house that sells one product and has one branch, both told of in an article."""

    def work(db: Session) -> None:
        member = seeds.add_member(db, house.vault, 1)
        seeds.add_application(db, house.vault, member)
        seeds.add_branch(db)
        body = ({"type": "paragraph", "spans": "每月 {{price:b300}}"}, {"type": "divider"})
        content_seeds.add_written(db, blocks=body)

    house.database.transaction(work)
    return house


def filled(browser: Browser, path: str) -> dict[str, str]:
    """The form as the page shows it."""
    page = browser.text(path)
    found = re.findall(r'<input[^>]* name="([\w-]+)"[^>]* value="([^"]*)"', page)
    found += re.findall(r'<textarea[^>]* name="([\w-]+)"[^>]*>([^<]*)</textarea>', page)
    return {name: value for name, value in found if name != "csrf_token"}


def test_a_product_is_made_by_two(sold: House) -> None:
    marketer, approver = sold.enter("marketer"), sold.enter("approver")

    asked = marketer.post("/console/products", **PRODUCT)
    assert asked.location == "/console/changes/1"
    assert "等待审核" in marketer.text("/console/products")
    assert marketer.post("/console/changes/1/approve").status_code == 403
    assert "b500" not in [one.code for one in sold.database.read(catalogue.every)]
    page = approver.text("/console/changes/1")
    assert "99.50 元" in page
    approver.post("/console/changes/1/approve", reason="核对过")
    made = sold.database.read(lambda db: catalogue.get(db, "b500"))
    assert (made.price_fen, made.price) == (9950, "99.5 元/月")
    assert [act.action for act in acts(sold)][-1].startswith("product.change_")
    again = marketer.post("/console/products", **PRODUCT)
    assert again.status_code == 409


def test_a_product_is_changed_refused_and_changed_again(sold: House) -> None:
    marketer, approver = sold.enter("marketer"), sold.enter("approver")
    form = filled(marketer, "/console/products/b300")
    assert form["price"] == "79.00"
    assert "春节服务安排" in marketer.text("/console/products/b300")

    assert "没有改动" in marketer.post("/console/products/b300", **form).text
    asked = marketer.post("/console/products/b300", **{**form, "price": "69"})
    assert asked.location == "/console/changes/1"
    assert marketer.post("/console/products/b300", **{**form, "price": "59"}).status_code == 409
    approver.post("/console/changes/1/refuse", reason="价格不对")
    assert "价格不对" in marketer.text("/console/changes/1")
    marketer.post("/console/products/b300", **{**form, "price": "59"})
    approver.post("/console/changes/2/approve", reason="好")
    assert sold.database.read(lambda db: catalogue.get(db, "b300").price_fen) == 5900
    late = marketer.post("/console/products/b300", **{**form, "name": "旧表单"})
    assert late.status_code == 409
    assert "同事刚保存过" in late.text
    assert "旧表单" in late.text


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("price", "abc", "请填写金额"),
        ("price", "", "请填写价格"),
        ("price", "1.234", "请填写金额"),
        ("price", "9999999999", "1,000,000"),
        ("name", "", "请填写名称"),
        ("name", "字" * 41, "最多 40 字"),
        ("code", "../x", "小写字母"),
        ("family", "宽带", "小写字母"),
        ("note", "字" * 501, "最多 500 字"),
    ],
)
def test_a_product_that_is_wrong(sold: House, field: str, value: str, said: str) -> None:
    answer = sold.enter("marketer").post("/console/products", **{**PRODUCT, field: value})

    assert answer.status_code == 422
    assert said in answer.text
    assert "全家够用" in answer.text


def test_a_product_is_retired_by_two(sold: House) -> None:
    owner, approver = sold.enter("owner"), sold.enter("approver")

    owner.post("/console/products/b300/retirements", note="停售")
    owner.post("/console/changes/1/approve", reason="我自己")
    assert "refused: own_work" in owner.text("/console/changes/1")
    approver.post("/console/changes/1/approve", reason="好")
    page = owner.text("/console/products")
    assert "已停售的 1 个" in page
    assert "提交审核" not in owner.text("/console/products/b300")
    assert owner.get("/console/products/none").status_code == 404


def test_a_branch_is_made_by_two(sold: House) -> None:
    marketer, approver = sold.enter("marketer"), sold.enter("approver")

    assert marketer.post("/console/branches", **BRANCH).location == "/console/changes/1"
    page = approver.text("/console/changes/1")
    assert "周一至周五 8:30–12:00、13:00–17:30" in page
    assert "2027-02-06 休息" in page
    approver.post("/console/changes/1/approve", reason="好")
    made = sold.database.read(lambda db: branches.get(db, "xinghai"))
    assert made.services == ["缴费", "报修"]
    assert made.days["2027-02-06"] == []
    form = filled(marketer, "/console/branches/xinghai")
    assert form["week-0"] == "08:30-12:00 13:00-17:30"
    assert form["week-6"] == ""
    assert "没有改动" in marketer.post("/console/branches/xinghai", **form).text
    assert "营业中" in marketer.text("/console/branches") or "休息中" in marketer.text(
        "/console/branches"
    )


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("latitude", "nan", "请填写度数"),
        ("latitude", "91", "纬度要在"),
        ("week-0", "九点", "看不懂"),
        ("week-1", "18:00-9:00", "时间不对"),
        ("days", "2027-02-31 休息", "日期“2027-02-31”不对"),
        ("phone", "abc", "数字和连字符"),
        ("name", SCRIPT + "x" * 30, "最多 40 字"),
    ],
)
def test_a_branch_that_is_wrong(sold: House, field: str, value: str, said: str) -> None:
    answer = sold.enter("marketer").post("/console/branches", **{**BRANCH, field: value})

    assert answer.status_code == 422
    assert said in answer.text
    assert "<script>alert" not in answer.text


def test_a_change_is_withdrawn_and_talked_about(sold: House) -> None:
    marketer, auditor = sold.enter("marketer"), sold.enter("auditor")
    marketer.post("/console/branches/zhongshan/retirements")

    auditor.post("/console/changes/1/comments", body=SCRIPT)
    page = auditor.text("/console/changes/1")
    assert "&lt;script&gt;" in page
    assert "<script>alert" not in page
    marketer.post("/console/changes/1/withdraw")
    assert sold.database.read(lambda db: changes.get(db, 1).state) == "withdrawn"
    marketer.post("/console/changes/1/withdraw")
    assert "refused: review_closed" in marketer.text("/console/changes/1")


def test_an_announcement_is_made_by_two(house: House) -> None:
    marketer, approver = house.enter("marketer"), house.enter("approver")
    assert "还没有公告" in marketer.text("/console/announcements")

    assert marketer.post("/console/announcements", **NOTICE).location == "/console/announcements/1"
    marketer.post("/console/announcements/1/review", note="请看")
    assert marketer.post("/console/announcements/1", **NOTICE, version="1").status_code == 409
    approver.post("/console/announcements/1/refuse", reason="写明时间")
    assert "写明时间" in marketer.text("/console/announcements/1")
    changed = {**NOTICE, "text": "今晚 23 点检修", "version": "1"}
    assert marketer.post("/console/announcements/1", **changed).status_code == 303
    late = marketer.post("/console/announcements/1", **{**changed, "title": "迟了"})
    assert late.status_code == 409
    assert "迟了" in late.text
    assert "同事刚改过" in late.text
    marketer.post("/console/announcements/1/review")
    approver.post("/console/announcements/1/approve", reason="好")
    assert "显示中" in marketer.text("/console/announcements")
    assert house.database.read(lambda db: len(announcements.live(db, NOON, "chat"))) == 1
    marketer.post("/console/announcements/1/withdrawals")
    assert house.database.read(lambda db: announcements.live(db, NOON, "chat")) == []


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("title", "字" * 41, "1 至 40"),
        ("text", "", "1 至 500"),
        ("link", "javascript:alert(1)", "https://"),
        ("link", "//evil.example", "https://"),
        ("ends_at", "2026-11-20T08:00", "结束须晚于开始"),
        ("starts_at", "soon", "请选择日期和时间"),
        ("in_chat", "", "至少选择一处"),
    ],
)
def test_an_announcement_that_is_wrong(house: House, field: str, value: str, said: str) -> None:
    answer = house.enter("marketer").post("/console/announcements", **{**NOTICE, field: value})

    assert answer.status_code == 422
    assert said in answer.text


def test_scripts_stay_words(house: House) -> None:
    house.database.transaction(content_seeds.add_branding)
    marketer = house.enter("marketer")
    marketer.post("/console/announcements", **{**NOTICE, "title": SCRIPT, "text": SCRIPT})
    texts = {"name": SCRIPT, "summary": SCRIPT, "terms": SCRIPT, "speed": "<script>x"}
    marketer.post("/console/products", **{**PRODUCT, **texts, "note": SCRIPT})
    wrong = marketer.post("/console/products", **{**PRODUCT, **texts, "price": SCRIPT})
    marketer.post("/console/branding/facts/company", value=SCRIPT, version="1")
    rows = {"b1.kind": "paragraph", "b1.text": SCRIPT, "block": "b1"}
    marketer.post("/console/branding/company", name=SCRIPT, version="1", act="save", **rows)

    pages = ["announcements", "announcements/1", "announcements/1/edit", "changes/1", "products"]
    pages += ["branding", "branding/company", "reviews"]
    for page in [wrong.text, *(marketer.text(f"/console/{path}") for path in pages)]:
        assert "<script>alert" not in page
    assert "&lt;script&gt;" in "".join(marketer.text(f"/console/changes/{n}") for n in (2, 3))


def test_an_announcement_shows_within_its_window(house: House) -> None:
    house.database.transaction(content_seeds.add_announcement)
    marketer, approver = house.enter("marketer"), house.enter("approver")
    marketer.post("/console/announcements/1/review")
    approver.post("/console/announcements/1/approve", reason="好")

    house.clock.at = NOON + timedelta(days=3)

    # The sessions are over by then as well.
    assert "已结束" in house.enter("auditor").text("/console/announcements")
